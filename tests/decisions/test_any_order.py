"""Whatever is decided in whatever order, the store says what a plain list of decisions would say."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from explorer.decisions.checking import notes, verify
from explorer.decisions.history import history
from explorer.decisions.purging import purge
from explorer.decisions.undoing import next_redo, next_undo, redo, undo
from explorer.decisions.views import remove_view, rename_view, save_view, saved_views
from explorer.errors import UserError
from explorer.study.study import open_study
from explorer.view import View

NAMES = st.sampled_from(["a", "b", "c"])


class Decisions(RuleBasedStateMachine):
    """The model: decisions as (verb, ...) with their number, those that count, what can be redone, what is purged."""

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "study.toml").write_text('[study]\nname = "Two cows"\n')
        (self.folder / "observations.csv").write_text("weight\n500\n510\n")
        self.study = open_study(self.folder)
        self.decisions, self.undone, self.to_redo, self.purged = {}, set(), [], set()
        self.pictures = {0: (set(), set())}
        self.seq = 0

    def teardown(self):
        shutil.rmtree(self.folder)

    def expected(self, as_of):
        """A dictionary of the decisions that counted then, played one after the other."""
        known, undone = self.pictures[as_of]
        state = {}
        for seq in sorted(known - undone - self.purged):
            verb, name, *more = self.decisions[seq]
            if verb == "save":
                state.pop(name, None)
                state[name] = (seq, more[0])
            elif verb == "remove":
                state.pop(name, None)
            elif name in state:
                state[more[0]] = state.pop(name)
        return sorted((seq, name, colour) for name, (seq, colour) in state.items())

    def happened(self, decision=None):
        self.seq += 1
        if decision is not None:
            self.decisions[self.seq] = decision
            self.to_redo = []
        self.pictures[self.seq] = (set(self.decisions), set(self.undone))

    def counting(self):
        return sorted(set(self.decisions) - self.undone - self.purged)

    def names(self):
        return {name for _, name, _ in self.expected(self.seq)}

    @rule(name=NAMES, colour=st.text(max_size=3))
    def save(self, name, colour):
        save_view(self.study, name, View(colour=colour))
        self.happened(("save", name, colour))

    @rule(name=NAMES, to=NAMES)
    def rename(self, name, to):
        if name in self.names() and to not in self.names():
            rename_view(self.study, name, to)
            self.happened(("rename", name, to))
        else:
            with pytest.raises(UserError):
                rename_view(self.study, name, to)

    @rule(name=NAMES)
    def remove(self, name):
        if name in self.names():
            remove_view(self.study, name)
            self.happened(("remove", name))
        else:
            with pytest.raises(UserError):
                remove_view(self.study, name)

    @rule()
    def undo_last(self):
        if not self.counting():
            assert next_undo(self.study) is None
            with pytest.raises(UserError):
                undo(self.study)
            return
        last = self.counting()[-1]
        assert next_undo(self.study).seq == last
        undo(self.study)
        self.undone.add(last)
        self.to_redo.append(last)
        self.happened()

    @precondition(lambda self: self.counting())
    @rule(data=st.data())
    def undo_any(self, data):
        seq = data.draw(st.sampled_from(self.counting()))
        undo(self.study, seq)
        self.undone.add(seq)
        self.to_redo.append(seq)
        self.happened()

    @rule()
    def redo_last(self):
        if not self.to_redo:
            assert next_redo(self.study) is None
            with pytest.raises(UserError):
                redo(self.study)
            return
        last = self.to_redo.pop()
        assert next_redo(self.study).seq == last
        redo(self.study)
        self.undone.discard(last)
        self.happened()

    @rule(data=st.data())
    def purge_any(self, data):
        able = [seq for seq, decision in self.decisions.items() if decision[0] != "remove" and seq not in self.purged]
        if able:
            seq = data.draw(st.sampled_from(able))
            assert purge(self.study, seq) == []
            self.purged.add(seq)
            self.to_redo = [other for other in self.to_redo if other != seq]
            self.happened()

    @rule()
    def open_again(self):
        self.study = open_study(self.study.path)
        assert verify(self.study) == notes(self.study) == []

    @rule(data=st.data())
    def look_back(self, data):
        as_of = data.draw(st.integers(0, self.seq))
        assert self.seen(as_of) == self.expected(as_of)

    def seen(self, as_of=None):
        return [(kept.seq, kept.name, kept.view.colour) for kept in saved_views(self.study, as_of)]

    @invariant()
    def the_state_is_that_of_the_model(self):
        assert len(history(self.study)) == self.seq
        assert self.seen() == self.expected(self.seq)


TestDecisions = pytest.mark.slow(Decisions.TestCase)
TestDecisions.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
