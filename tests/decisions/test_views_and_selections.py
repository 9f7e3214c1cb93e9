import getpass
import json
from datetime import UTC, datetime, timedelta

import pytest

from explorer.decisions.events import Store
from explorer.decisions.history import history
from explorer.decisions.place import store_of
from explorer.decisions.selections import (
    SELECTIONS,
    name_selection,
    named_selections,
    remove_selection,
    rename_selection,
)
from explorer.decisions.undoing import next_redo, next_undo, redo, undo
from explorer.decisions.views import VIEWS, remove_view, rename_view, save_view, saved_views
from explorer.errors import UserError
from explorer.view import MapChoice, Selection, Stroke, VariableFilter, View

DRAWN = Selection(
    strokes=(
        Stroke(polygon=((0.1, 1 / 3), (1e-30, 2.0), (3.4e38, -0.0)), embedding="features", on=MapChoice(method="umap")),
        Stroke(how="remove", ids=("o-001", "Kälbchen ☃")),
    )
)
LOOK = View(embedding="features", colour="breed", filters=(VariableFilter(variable="age", low=0.1, missing=True),))


@pytest.fixture
def study(herd):
    return herd.open()


def names(study, as_of=None):
    return [kept.name for kept in saved_views(study, as_of)]


def test_looking_makes_no_file(study):
    before = sorted(study.path.iterdir())
    assert saved_views(study) == []
    assert named_selections(study) == []
    assert history(study) == []
    assert len(history(study)) == 0
    assert next_undo(study) is next_redo(study) is None
    for mistake in (lambda: undo(study), lambda: redo(study), lambda: remove_view(study, "a")):
        with pytest.raises(UserError):
            mistake()
    assert sorted(study.path.iterdir()) == before


def test_what_was_saved_comes_back_exactly(study):
    save_view(study, " Jersey, young ", LOOK, who="Ann")
    before = datetime.now(UTC)
    name_selection(study, "lame cows", DRAWN, count=212, made_on=LOOK, who="Bob")
    (view,) = saved_views(study)
    (selection,) = named_selections(study)
    assert (view.name, view.view, view.who, view.seq) == ("Jersey, young", LOOK, "Ann", 1)
    assert (selection.name, selection.selection, selection.count) == ("lame cows", DRAWN, 212)
    assert (selection.view, selection.who, selection.seq) == (LOOK, "Bob", 2)
    assert timedelta(0) <= selection.when - before < timedelta(seconds=10)
    assert len(history(study)) == 2


def test_saving_again_replaces_and_the_past_can_still_be_read(study):
    save_view(study, "a", LOOK)
    save_view(study, "b", LOOK)
    save_view(study, "a", View())
    rename_view(study, "b", "c")
    remove_view(study, "a")
    assert names(study) == ["c"]
    assert [names(study, seq) for seq in range(6)] == [[], ["a"], ["a", "b"], ["b", "a"], ["c", "a"], ["c"]]
    assert [kept.view for kept in saved_views(study, 2)] == [LOOK, LOOK]
    assert [kept.view for kept in saved_views(study, 3)] == [LOOK, View()]
    for never in (-1, 6):
        with pytest.raises(UserError, match=f"no decision {never}.*last one is 5"):
            saved_views(study, never)


def test_views_and_selections_have_names_of_their_own(study):
    save_view(study, "a", LOOK)
    name_selection(study, "a", DRAWN, count=1, made_on=LOOK)
    remove_view(study, "a")
    rename_selection(study, "a", "b")
    assert names(study) == []
    assert [kept.name for kept in named_selections(study)] == ["b"]
    remove_selection(study, "b")
    assert named_selections(study) == []


@pytest.mark.parametrize(
    ("name", "match"),
    [("", "has 0 characters.*Use 1 to 80"), ("  \t", "0 char|control"), ("x" * 81, "81"), ("a\nb", "line break")]
    + [(f"a{bad}b", "control") for bad in ("\0", "\x85", "\u2028", "\ud800")],
)
def test_a_name_that_cannot_be_one_is_refused(study, name, match):
    with pytest.raises(UserError, match=match):
        save_view(study, name, LOOK)
    assert len(history(study)) == 0
    save_view(study, "x" * 80, LOOK)
    with pytest.raises(UserError):
        rename_view(study, "x" * 80, name)


def test_what_looks_the_same_is_one_name(study):
    save_view(study, "K\u00fche", LOOK)
    save_view(study, "Ku\u0308he", LOOK)
    assert names(study) == ["K\u00fche"]


def test_renaming_and_removing_say_what_there_is(study):
    save_view(study, "a", LOOK)
    save_view(study, "b", LOOK)
    with pytest.raises(UserError, match=r"no saved view 'c'\. There are: a, b"):
        remove_view(study, "c")
    with pytest.raises(UserError, match="no saved view 'c'"):
        rename_view(study, "c", "d")
    with pytest.raises(UserError, match="a saved view 'b' already"):
        rename_view(study, "a", "b")
    assert len(history(study)) == 2


def test_history_is_told_in_sentences(study):
    name_selection(study, "lame cows", DRAWN, count=1212, made_on=LOOK, who="Ann")
    rename_selection(study, "lame cows", "lame", who="Bob")
    save_view(study, "{young}", LOOK, who="Bob")
    undo(study, who="Ann")
    redo(study, who="Ann")
    undo(study, 1, who="Cy")
    with store_of(study).writing() as log:
        log.append("cluster.{new}", "left", who="Di", payload={"subject": 1})
    assert [entry.sentence for entry in history(study)] == [
        "Ann named the selection 'lame cows' (1,212 observations)",
        "Bob renamed the selection 'lame cows' to 'lame'",
        "Bob saved the view '{young}'",
        "Ann undid decision 3: saved the view '{young}'",
        "Ann redid decision 3: saved the view '{young}'",
        "Cy undid decision 1: named the selection 'lame cows' (1,212 observations)",
        "Di recorded 'cluster.{new}' of 'left'",
    ]
    assert [entry.undone for entry in history(study)] == [True, False, False, True, False, False, False]
    assert names(study) == ["{young}"]
    assert named_selections(study) == []


def test_undo_of_ten_actions_restores_the_first_state_exactly(study):
    save_view(study, "a", LOOK, who="Ann")
    name_selection(study, "s", DRAWN, count=3, made_on=LOOK, who="Ann")
    first = (saved_views(study), named_selections(study))
    for act in (
        lambda: save_view(study, "a", View()),
        lambda: save_view(study, "b", View()),
        lambda: rename_view(study, "a", "c"),
        lambda: remove_view(study, "b"),
        lambda: rename_selection(study, "s", "t"),
        lambda: name_selection(study, "t", Selection(), count=0, made_on=View()),
        lambda: remove_selection(study, "t"),
        lambda: remove_view(study, "c"),
        lambda: save_view(study, "b", LOOK),
        lambda: save_view(study, "a", View(colour="age")),
    ):
        act()
    last = (saved_views(study), named_selections(study))
    for _ in range(10):
        undo(study)
    assert (saved_views(study), named_selections(study)) == first
    for _ in range(10):
        redo(study)
    assert (saved_views(study), named_selections(study)) == last
    with pytest.raises(UserError, match="nothing to redo"):
        redo(study)


def test_what_later_decisions_were_built_on_can_be_undone(study):
    save_view(study, "a", LOOK)
    rename_view(study, "a", "b")
    save_view(study, "c", LOOK)
    undo(study, 1)
    assert names(study) == ["c"]  # the renaming finds nothing to rename
    undo(study, 4)
    assert names(study) == ["b", "c"]
    with pytest.raises(UserError, match="decision 4 is undone already"):
        undo(study, 4)
    with pytest.raises(UserError, match="there is no decision 9"):
        undo(study, 9)


def test_a_new_decision_leaves_nothing_to_redo(study):
    save_view(study, "a", LOOK, who="Ann")
    assert next_undo(study).sentence == "Ann saved the view 'a'"
    undo(study)
    assert next_undo(study) is None
    assert next_redo(study).sentence == "Ann saved the view 'a'"
    save_view(study, "b", LOOK)
    assert next_redo(study) is None
    with pytest.raises(UserError, match="nothing to redo"):
        redo(study)


def test_a_payload_of_another_version_is_reported_by_name_and_hides_no_other(study):
    save_view(study, "a", LOOK)
    with store_of(study).writing() as log:
        later = json.loads(LOOK.model_dump_json()) | {"perspective": 7}
        log.append(VIEWS.kind("save"), "from tomorrow", who="Ann", payload={"view": later})
        log.append(SELECTIONS.kind("save"), "also", who="Ann", payload={"strokes": []})
    save_view(study, "b", LOOK)
    assert [(kept.name, kept.view) for kept in saved_views(study)] == [
        ("a", LOOK),
        ("from tomorrow", None),
        ("b", LOOK),
    ]
    assert "'from tomorrow' cannot be shown: this version" in saved_views(study)[1].trouble
    assert "'also' cannot be shown" in named_selections(study)[0].trouble
    rename_view(study, "from tomorrow", "later")
    assert saved_views(study)[1].name == "later"


def test_who_is_the_user_of_the_computer_or_unknown(study, monkeypatch):
    for answer, expected in (("ann", "ann"), ("a\nb", "unknown"), (KeyError("uid"), "unknown"), (OSError(), "unknown")):

        def user(answer=answer):
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(getpass, "getuser", user)
        save_view(study, "a", LOOK)
        assert history(study)[-1].who == expected
    with pytest.raises(UserError, match="who decides"):
        save_view(study, "a", LOOK, who=" ")


def test_a_mistake_within_a_transaction_leaves_nothing(study):
    save_view(study, "a", LOOK)
    store: Store = store_of(study)
    with pytest.raises(ZeroDivisionError), store.writing() as log:
        log.append("view.save", "b", who="Ann", payload={})
        _ = 1 / 0
    assert len(history(study)) == 1
    assert save_view(study, "b", LOOK).seq == 2
