"""The file itself: where it lies, older and newer ones, damaged ones, a full disk, a lock."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from explorer import places
from explorer.decisions import connecting, migrations
from explorer.decisions.checking import notes, verify
from explorer.decisions.events import Store
from explorer.decisions.history import history
from explorer.decisions.place import place_of, store_of
from explorer.decisions.purging import purge
from explorer.decisions.views import save_view, saved_views
from explorer.errors import UserError
from explorer.study.study import open_study
from explorer.view import View

LARGE = View(card=tuple("x" * 40_000 for _ in range(10)))


@pytest.fixture
def study(herd):
    return herd.open()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's own folder."""
    monkeypatch.setattr("explorer.decisions.place.user_data", lambda: tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def ships(study, home, monkeypatch):
    """The study ships with the program, so it is not written to."""
    monkeypatch.setattr("explorer.places.shipped", lambda name: study.path.parent)
    return study


def names(study):
    return [kept.name for kept in saved_views(study)]


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- where it lies ---------------------------------------------------------------------------------------


def test_it_lies_in_the_study_as_one_file(study, home):
    before = set(study.path.iterdir())
    save_view(study, "a", View())
    assert set(study.path.iterdir()) - before == {study.path / "decisions.sqlite"}
    assert place_of(study).in_study
    assert str(study.path / "decisions.sqlite") in str(place_of(study))
    assert not home.exists()


def test_a_store_that_another_program_has_just_made_is_not_replaced(study):
    save_view(study, "a", View())
    before = content(study.path)
    migrations.create(study.path / "decisions.sqlite")
    assert content(study.path) == before


def test_it_goes_where_the_study_goes(study, tmp_path):
    save_view(study, "a", View())
    assert names(open_study(shutil.copytree(study.path, tmp_path / "copy"))) == ["a"]


def test_the_sample_keeps_none(home):
    sample = open_study(places.sample_study())
    assert not place_of(sample).in_study
    assert place_of(sample).path.is_relative_to(home / "decisions")
    assert place_of(sample).path.name.startswith("herd-")


def test_a_study_that_ships_is_left_as_it_is(ships, home):
    before = content(ships.path)
    save_view(ships, "a", View())
    assert names(ships) == ["a"]
    assert content(ships.path) == before
    assert len(list((home / "decisions").iterdir())) == 1
    other = replace(ships, path=ships.path.parent / "other" / ships.path.name)
    assert place_of(other).path != place_of(ships).path


def test_a_read_only_folder_is_read_and_the_rest_goes_home(study, home):
    save_view(study, "a", View())
    study.path.chmod(0o500)
    try:
        if os.access(study.path, os.W_OK):
            pytest.skip("RIGHTS OF FOLDERS NOT TESTED: nothing is read-only for this user")
        assert names(study) == ["a"]
        save_view(study, "b", View())
        assert names(study) == ["a", "b"]
        assert not place_of(study).in_study
    finally:
        study.path.chmod(0o700)


def test_decisions_of_the_other_place_are_gone_on_with(study, home, monkeypatch):
    save_view(study, "a", View())
    before = content(study.path)
    monkeypatch.setattr("explorer.places.shipped", lambda name: study.path.parent)
    monkeypatch.setattr(connecting, "in_place", lambda path: not path.is_relative_to(study.path))
    assert names(study) == ["a"]
    assert not home.exists()
    save_view(study, "b", View())
    assert names(study) == ["a", "b"]
    assert verify(study) == notes(study) == []
    assert content(study.path) == before
    (left,) = purge(study, 1)
    assert left.file == str(study.path / "decisions.sqlite")


def test_decisions_of_the_other_place_that_are_not_shown_are_told_of(study, home, monkeypatch):
    save_view(study, "a", View())
    with monkeypatch.context() as patch:
        patch.setattr("explorer.places.shipped", lambda name: study.path.parent)
        save_view(study, "b", View())
        save_view(study, "c", View())
    assert names(study) == ["a"]
    (note,) = notes(study)
    assert note.what.startswith("2 decisions about this study lie here and are not shown")
    assert note.file == str(place_of(study).other)


def test_a_copy_that_cannot_be_written_beside_is_read_with_its_wal(study, monkeypatch):
    store = store_of(study)
    with store.reading() as log:
        assert log.head == 0
    save_view(study, "a", View())
    with store.reading() as log:  # keeps what is written next in the -wal
        assert log.head == 1
        save_view(study, "b", View())
        before = content(study.path)
        monkeypatch.setattr(connecting, "in_place", lambda path: False)
        assert names(study) == ["a", "b"]
        assert content(study.path) == before


def test_a_link_that_leads_out_of_the_study_is_not_followed(study, tmp_path):
    (study.path / "decisions.sqlite").symlink_to(tmp_path / "mine.sqlite")
    for look in (saved_views, lambda s: save_view(s, "a", View())):
        with pytest.raises(UserError, match="leads out"):
            look(study)
    assert not (tmp_path / "mine.sqlite").exists()


# --- versions --------------------------------------------------------------------------------------------

TWO = (
    "ALTER TABLE payloads ADD COLUMN language TEXT NOT NULL DEFAULT 'en'",
    "CREATE TABLE opened (who TEXT)",
)


@pytest.fixture
def of_version_one(study):
    save_view(study, "a", View(colour="breed"), who="Ann")
    save_view(study, "b", View(), who="Bob")
    return study


def version(path):
    with closing(sqlite3.connect(path)) as opened:
        return opened.execute("PRAGMA user_version").fetchone()[0]


def test_the_schema_has_a_version(of_version_one):
    assert version(of_version_one.path / "decisions.sqlite") == len(migrations.MIGRATIONS)


@pytest.mark.parametrize("by", ["reading", "writing"])
def test_an_older_file_is_brought_up_to_date_and_a_copy_kept(of_version_one, monkeypatch, by):
    study, path = of_version_one, of_version_one.path / "decisions.sqlite"
    before = saved_views(study)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS[:1], TWO, ("CREATE TABLE third (a)",)))
    if by == "writing":
        save_view(study, "c", View())
        assert names(study) == ["a", "b", "c"]
    else:
        assert saved_views(study) == before
    assert version(path) == 3
    assert verify(study) == []
    (copy,) = migrations.copies_beside(path)
    monkeypatch.undo()
    assert version(copy) == 1
    shutil.copy(copy, path)
    assert saved_views(study) == before
    assert verify(study) == []


def test_a_migration_that_fails_changes_nothing(of_version_one, monkeypatch):
    study, path = of_version_one, of_version_one.path / "decisions.sqlite"
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS[:1], (*TWO, "no sql")))
        with pytest.raises(UserError, match=r"decisions\.sqlite: could not be"):
            saved_views(study)
    assert version(path) == 1
    assert names(study) == ["a", "b"]
    assert verify(study) == []


def test_a_newer_file_is_refused_and_left_alone(of_version_one):
    path = of_version_one.path / "decisions.sqlite"
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA user_version = 7")
    before = path.read_bytes()
    for look in (saved_views, verify, lambda s: save_view(s, "c", View())):
        with pytest.raises(UserError, match=r"newer version.*its format is 7.*knows 1.*Update Latent Explorer"):
            look(of_version_one)
    assert path.read_bytes() == before


# --- damage ----------------------------------------------------------------------------------------------


def text(path):
    path.write_text("not a database, but long enough to be mistaken for one " * 100)


def empty(path):
    path.write_bytes(b"")


def of_another_program(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("CREATE TABLE events (seq)")


def cut_off(path):
    path.write_bytes(path.read_bytes()[:5000])


def overwritten_inside(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + bytes(range(256)) * ((len(whole) - 4096) // 256))


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [text, empty, of_another_program, cut_off, overwritten_inside, a_folder])
def test_a_damaged_file_is_one_clear_sentence_and_is_left_alone(of_version_one, damage):
    path = of_version_one.path / "decisions.sqlite"
    damage(path)
    before = content(of_version_one.path)
    for look in (saved_views, history, verify, lambda s: save_view(s, "c", View())):
        with pytest.raises(UserError) as told:
            look(of_version_one)
        assert str(path) in str(told.value)
        assert told.value.how
        assert "\n" not in str(told.value)
    after = content(of_version_one.path)
    assert {name: after[name] for name in before} == before


# --- no room, no right, no turn --------------------------------------------------------------------------


def test_a_full_file_system_leaves_the_old_state(of_version_one, monkeypatch):
    study = of_version_one
    with monkeypatch.context() as patch:
        patch.setattr(connecting, "PRAGMAS", (*connecting.PRAGMAS, "max_page_count = 20"))
        with pytest.raises(UserError, match=r"decisions\.sqlite: could not be written: the disk is full.*nothing was"):
            save_view(study, "large", LARGE)
        assert names(study) == ["a", "b"]
        save_view(study, "small", View())
    assert verify(study) == []
    assert names(study) == ["a", "b", "small"]


def _write_with_little_room(path, most):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    store = Store(Path(path))
    try:
        with store.writing() as log:
            log.append("view.save", "large", who="Ann", payload=LARGE.model_dump(mode="json"))
    except UserError as error:
        print(error)
    else:
        print("written")


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.slow
def test_when_writing_stops_half_way_the_old_state_is_there(study, exists):
    path = study.path / "decisions.sqlite"
    if exists:
        save_view(study, "a", View())
    call = f"import test_files; test_files._write_with_little_room({str(path)!r}, {100_000 if exists else 10_000})"
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", call],
        env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{here.parents[1]}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "decisions.sqlite: could not be" in done.stdout
    assert done.stdout.endswith("nothing was changed.\n")
    assert names(study) == (["a"] if exists else [])
    assert verify(study) == []
    save_view(study, "b", View())
    assert names(study)[-1] == "b"


def test_a_folder_that_cannot_be_made_is_one_sentence(ships, home):
    home.write_text("a file where a folder should be")
    with pytest.raises(UserError, match=r"could not be written: .*nothing was changed"):
        save_view(ships, "a", View())
    assert names(ships) == []


def test_who_finds_it_locked_is_told_and_who_holds_it_is_not_disturbed(of_version_one, monkeypatch):
    monkeypatch.setattr(connecting, "BUSY_SECONDS", 0.2)
    store = store_of(of_version_one)
    with store.writing() as log:
        log.append("view.save", "c", who="Ann", payload={"view": {}})
        with pytest.raises(UserError, match=r"another program has been using it for 0\.2 seconds.*Try again"):
            save_view(of_version_one, "d", View())
        assert names(of_version_one) == ["a", "b"]  # who reads does not wait
    assert names(of_version_one) == ["a", "b", "c"]


def test_pages_of_one_program_may_write_at_once(study):
    """Streamlit runs each page in a thread of its own."""
    mistakes = []

    def many(who):
        try:
            for number in range(10):
                save_view(study, f"{who} {number}", View(), who=who)
                saved_views(study)
        except Exception as mistake:
            mistakes.append(mistake)

    threads = [threading.Thread(target=many, args=(who,)) for who in ("Ann", "Bob", "Cy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mistakes == []
    assert len(history(study)) == 30
    assert verify(study) == []


def test_the_program_starts_without_the_database_library():
    code = "import sys, explorer, explorer.cli; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
