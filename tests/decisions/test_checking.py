"""Nobody changes, removes, moves or puts in a decision unnoticed; what is purged is gone and the chain still holds."""

import json
import re
import sqlite3
from contextlib import closing

import pytest

from explorer.decisions import chain
from explorer.decisions.checking import notes, verify
from explorer.decisions.events import Store
from explorer.decisions.history import history
from explorer.decisions.migrations import copies_beside
from explorer.decisions.purging import purge
from explorer.decisions.selections import name_selection, named_selections
from explorer.decisions.undoing import redo, undo
from explorer.decisions.views import rename_view, save_view, saved_views
from explorer.errors import UserError
from explorer.view import Selection, Stroke, View

SECRET = "zugvogel"
PICKED = Selection(strokes=(Stroke(ids=tuple(f"{SECRET}-{n}" for n in range(2_000))),))


@pytest.fixture
def study(herd):
    return herd.open()


@pytest.fixture
def six(study):
    for number in range(1, 6):
        save_view(study, f"view {number}", View(colour=f"c{number}"), who="Ann")
    undo(study, who="Ann")
    assert verify(study) == []
    return study


def raw(study, *statements, guarded=False):
    """Statements as another program would run them; without ``guarded``, it lifts the guards meanwhile."""
    with closing(sqlite3.connect(study.path / "decisions.sqlite")) as opened:
        guards = opened.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in () if guarded else guards:
            opened.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            opened.execute(*statement) if isinstance(statement, tuple) else opened.execute(statement)
        for _, sql in () if guarded else guards:
            opened.execute(sql)
        opened.commit()


def row(study, seq):
    with closing(sqlite3.connect(study.path / "decisions.sqlite")) as opened:
        opened.row_factory = sqlite3.Row
        return dict(opened.execute("SELECT * FROM events WHERE seq = ?", (seq,)).fetchone())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET who = 'Bob'",
        "DELETE FROM events WHERE seq = 6",
        "INSERT OR REPLACE INTO events SELECT seq, id, time, 'Bob', kind, subject, target, payload_hash, previous, hash"
        " FROM events WHERE seq = 3",
        "INSERT INTO events SELECT 8, 'x', time, who, kind, subject, target, payload_hash, hash, 'y' FROM events"
        " WHERE seq = 6",
        "INSERT INTO events SELECT 7, 'x', time, who, kind, subject, target, payload_hash, 'z', 'y' FROM events"
        " WHERE seq = 6",
        "UPDATE payloads SET content = '{}'",
        "DELETE FROM payloads WHERE event = 3",
        "INSERT OR REPLACE INTO payloads VALUES (3, x'00', '{}')",
    ],
)
def test_the_database_itself_refuses(six, statement):
    with pytest.raises(sqlite3.IntegrityError):
        raw(six, statement, guarded=True)
    assert verify(six) == []


TAMPERED = {
    "who": (["UPDATE events SET who = 'Bob' WHERE seq = 3"], r"decision 3 \('view 3'\) is not as it was written"),
    "time": (["UPDATE events SET time = '2001-01-01T00:00:00+00:00' WHERE seq = 1"], "decision 1 .*not as it was"),
    "subject as bytes": (["UPDATE events SET subject = x'ff' WHERE seq = 2"], "decision 2 .*not as it was written"),
    "target": (["UPDATE events SET target = NULL WHERE seq = 6"], "decision 6 .*not as it was written"),
    "first removed": (["DELETE FROM events WHERE seq = 1"], "decision 1 is missing: .* comes decision 2"),
    "one removed": (
        ["DELETE FROM payloads WHERE event = 3", "DELETE FROM events WHERE seq = 3"],
        "decision 3 is missing",
    ),
    "the last removed": (["DELETE FROM events WHERE seq = 6"], "should be 6 decisions, but there are 5"),
    "all removed": (["DELETE FROM payloads", "DELETE FROM events"], "should be 6 decisions, but there are 0"),
    "one removed and the others moved up": (
        ["DELETE FROM payloads WHERE event = 3", "DELETE FROM events WHERE seq = 3"]
        + [f"UPDATE payloads SET event = {seq - 1} WHERE event = {seq}" for seq in (4, 5)]
        + [f"UPDATE events SET seq = {seq - 1} WHERE seq = {seq}" for seq in (4, 5, 6)],
        "decision 3 .*is not as it was written",
    ),
    "re-ordered": (
        [f"UPDATE events SET seq = {to} WHERE seq = {seq}" for seq, to in ((3, 99), (4, 3), (99, 4))],
        "decision 3 .*changed or moved",
    ),
    "content changed": (["UPDATE payloads SET content = '{}' WHERE event = 4"], r"content of decision 4 \('view 4'\)"),
    "content cut off": (
        ["UPDATE payloads SET content = substr(content, 1, 30) WHERE event = 4"],
        "content of decision 4 .*changed or cut off",
    ),
    "salt changed": (["UPDATE payloads SET salt = x'00' WHERE event = 4"], "content of decision 4"),
    "content removed": (["DELETE FROM payloads WHERE event = 4"], "content of decision 4 .*missing"),
    "content put in": (["INSERT INTO payloads VALUES (6, x'00', '{}')"], "content of decision 6 .*should not be there"),
    "content of nothing": (["INSERT INTO payloads VALUES (9, x'00', '{}')"], "content of decision 9, but no such"),
    "a guard taken away": (["CREATE TRIGGER mine AFTER INSERT ON events BEGIN SELECT 1; END"], "guards"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_told_in_one_sentence(six, how):
    statements, match = TAMPERED[how]
    raw(six, *statements)
    findings = verify(six)
    assert any(re.search(match, finding.what) for finding in findings), findings
    assert all(finding.severity == "error" and "decisions.sqlite" in finding.file for finding in findings)


def test_an_event_put_in_is_noticed_even_with_a_right_hash(six):
    forged = chain.Event(**{**row(six, 3), "who": "Bob"})
    raw(six, ("UPDATE events SET who = 'Bob', hash = ? WHERE seq = 3", (forged.own_hash,)))
    assert "decision 4 ('view 4') does not follow the one before" in verify(six)[0].what


def test_a_broken_end_is_noted_on_opening_and_nothing_is_built_on_it(six):
    assert notes(six) == []
    raw(six, "UPDATE events SET subject = 'view 1' WHERE seq = 6")
    assert len(notes(six)) == 1
    with pytest.raises(UserError, match=r"decision 6 .*Nothing was added"):
        save_view(six, "new", View())
    assert [kept.name for kept in saved_views(six)] == [f"view {number}" for number in range(1, 5)]


def test_a_content_that_was_changed_is_reported_by_name_and_hides_no_other(six):
    raw(six, """UPDATE payloads SET content = '{"view":{}}' WHERE event = 2""")
    views = saved_views(six)
    assert [kept.view and kept.view.colour for kept in views] == ["c1", None, "c3", "c4"]
    assert "'view 2' cannot be shown: the content of decision 2" in views[1].trouble
    save_view(six, "new", View())


def test_a_time_that_was_made_unreadable_hides_nothing(six):
    raw(six, "UPDATE events SET time = 'soon' WHERE seq = 2", "UPDATE events SET time = '2026-01-01' WHERE seq = 3")
    views = saved_views(six)
    assert [kept.name for kept in views] == [f"view {number}" for number in range(1, 5)]
    assert views[1].when.year == 1
    assert all(kept.when.tzinfo for kept in views)
    assert len(history(six)) == 6
    assert "decision 2" in verify(six)[0].what


def test_a_payload_is_covered_by_a_salted_hash(study):
    same = [save_view(study, "a", View()) for _ in range(2)]
    assert same[0].payload_hash != same[1].payload_hash
    assert chain.canonical({"b": 1, "a": ["é", 0.1]}) == '{"a":["\\u00e9",0.1],"b":1}'
    with pytest.raises(ValueError):
        chain.canonical({"a": float("nan")})


# --- purge -----------------------------------------------------------------------------------------------


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and "decisions" in path.name)


@pytest.fixture
def with_secret(study):
    save_view(study, "a", View(), who="Ann")
    name_selection(study, "s", PICKED, count=2_000, made_on=View(), who="Ann")
    save_view(study, "b", View(), who="Ann")
    return study


def test_a_purge_leaves_no_byte_and_a_chain_that_holds(with_secret):
    store = Store(with_secret.path / "decisions.sqlite")
    with store.reading() as log:  # a connection that stays open keeps the -wal in being
        assert log.head == 3
        name_selection(with_secret, "s", PICKED, count=2_000, made_on=View(), who="Ann")
        assert SECRET.encode() in bytes_of(with_secret.path)
        assert (with_secret.path / "decisions.sqlite-wal").stat().st_size
    before = store.path.stat().st_size
    assert purge(with_secret, 2, 4, who="Bob") == []
    assert store.path.stat().st_size < before / 2  # written anew, so that no freed page is left either
    assert SECRET.encode() not in bytes_of(with_secret.path)
    assert verify(with_secret) == notes(with_secret) == []
    assert named_selections(with_secret) == named_selections(with_secret, 2) == []
    assert [kept.name for kept in saved_views(with_secret)] == ["a", "b"]
    told = history(with_secret)
    assert told[1].sentence == "Ann named the selection 's' (purged since)"
    assert told[4].sentence.startswith("Bob purged for good what decision 2 held")
    assert [entry.purged for entry in told] == [False, True, False, True, False, False]


def test_a_purge_that_another_program_holds_up_is_told_and_finished_later(with_secret, monkeypatch):
    monkeypatch.setattr("explorer.decisions.connecting.BUSY_SECONDS", 0.1)
    with Store(with_secret.path / "decisions.sqlite").reading() as log:
        assert log.head == 3
        (left,) = purge(with_secret, 2)
        assert "may still be in the file" in left.what
        assert SECRET.encode() in bytes_of(with_secret.path)
        assert log.payload(log.event(2))["count"] == 2_000  # who reads goes on reading what there was
    assert notes(with_secret) == [left]
    assert named_selections(with_secret) == []
    save_view(with_secret, "c", View())
    assert SECRET.encode() not in bytes_of(with_secret.path)
    assert notes(with_secret) == verify(with_secret) == []


def test_what_can_be_purged(with_secret):
    rename_view(with_secret, "a", "z")
    undo(with_secret)
    with pytest.raises(UserError, match="decision 5 holds nothing"):
        purge(with_secret, 2, 5)
    with pytest.raises(UserError, match="no decision 7"):
        purge(with_secret, 2, 7)
    assert len(named_selections(with_secret)) == 1  # all or none
    purge(with_secret, 4)
    with pytest.raises(UserError, match="decision 4 was purged before"):
        purge(with_secret, 4)
    with pytest.raises(UserError, match="nothing to redo"):
        redo(with_secret)
    with pytest.raises(UserError, match="purged for good"):
        undo(with_secret, 5)
    with pytest.raises(UserError, match="cannot be undone"):
        undo(with_secret, 6)


def test_a_purge_takes_the_copies_of_migrations_with_it(with_secret):
    copy = with_secret.path / "decisions.version-1.20260101T000000.000000.sqlite"
    copy.write_bytes((with_secret.path / "decisions.sqlite").read_bytes())
    assert copies_beside(with_secret.path / "decisions.sqlite") == [copy]
    assert purge(with_secret, 2) == []
    assert SECRET.encode() not in bytes_of(with_secret.path)


def test_a_payload_lies_in_the_file_as_plain_json(with_secret):
    with closing(sqlite3.connect(with_secret.path / "decisions.sqlite")) as opened:
        content = json.loads(opened.execute("SELECT content FROM payloads WHERE event = 2").fetchone()[0])
    assert Selection.model_validate(content["selection"]) == PICKED
