import os
import random
import signal
import subprocess
import sys
import time

import pytest

from explorer.errors import UserError
from explorer.study.atomic import atomic_file, atomic_folder, write_text


def left_over(folder):
    return [path.name for path in folder.rglob("*") if path.name.endswith(".partial")]


def test_the_new_text_is_there_byte_for_byte(tmp_path):
    path = tmp_path / "new" / "notes.txt"
    write_text(path, "Kühe\r\nund Kälber\n")
    assert path.read_bytes() == "Kühe\r\nund Kälber\n".encode()
    assert left_over(tmp_path) == []


def test_who_reads_the_old_file_goes_on_reading_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with path.open() as reader:
        write_text(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("mistake", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_passes_on(tmp_path, mistake):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(mistake), atomic_file(path) as temporary:
        temporary.write_text("half of the n")
        raise mistake
    assert path.read_text() == "old"
    assert left_over(tmp_path) == []


def full(*_):
    raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"a\.csv: could not be written: No space left.*nothing was changed"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert left_over(tmp_path) == []


def test_a_full_disk_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(UserError, match="No space left"),
        atomic_folder(tmp_path / "study") as temporary,
    ):
        (temporary / "a").write_text("a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file/under.csv", "x" * 250, "folder"])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, name):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="could not be written"):
        write_text(tmp_path / name, "new")
    assert left_over(tmp_path) == []


def test_the_dot_is_no_file_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="could not be written"), atomic_file(type(tmp_path)(".")) as temporary:
        temporary.write_text("x")
    with pytest.raises(UserError, match="could not be written"), atomic_file(type(tmp_path)("/")) as temporary:
        pass


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "study"
    target.mkdir()  # an empty one may be filled
    with atomic_folder(target) as temporary:
        (temporary / "images").mkdir()
        (temporary / "images" / "1").write_text("one")
        assert list(target.iterdir()) == []
    assert (target / "images" / "1").read_text() == "one"
    with pytest.raises(ValueError), atomic_folder(tmp_path / "other") as temporary:
        (temporary / "a").write_text("a")
        raise ValueError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study"]


@pytest.mark.parametrize("occupied", ["folder", "file"])
def test_a_folder_is_never_overwritten(tmp_path, occupied):
    target = tmp_path / "study"
    if occupied == "folder":
        target.mkdir()
        (target / "work").write_text("mine")
    else:
        target.write_text("mine")
    with pytest.raises(UserError, match="exists already"), atomic_folder(target):
        raise AssertionError("never entered")
    assert (target / "work" if occupied == "folder" else target).read_text() == "mine"


def killed_at_random(code, folder, moments):
    """Run ``code`` (which prints a line once it has begun) and kill it after each of the moments; seconds."""
    for moment in moments:
        worker = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE)
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(moment)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
        yield


FILES = """
import sys, pathlib
from explorer.study.atomic import write_text
path = pathlib.Path(sys.argv[1]) / "a.txt"
write_text(path, "0" * 400_000)
print("begun", flush=True)
while True:
    for digit in "0123456789":
        write_text(path, digit * 400_000)
"""


@pytest.mark.slow
def test_a_kill_while_writing_leaves_the_old_file_or_the_new_one(tmp_path):
    rng = random.Random(0)
    for _ in killed_at_random(FILES, tmp_path, [rng.uniform(0, 0.05) for _ in range(15)]):
        text = (tmp_path / "a.txt").read_text()
        assert len(text) == 400_000
        assert len(set(text)) == 1


FOLDERS = """
import sys, pathlib, itertools
from explorer.study.atomic import atomic_folder
base = pathlib.Path(sys.argv[1])
print("begun", flush=True)
for number in itertools.count():
    with atomic_folder(base / f"study-{number}-{__import__('os').getpid()}") as folder:
        for part in range(20):
            (folder / str(part)).write_text("x" * 10_000)
"""


@pytest.mark.slow
def test_a_kill_while_writing_a_folder_leaves_whole_folders(tmp_path):
    rng = random.Random(1)
    for _ in killed_at_random(FOLDERS, tmp_path, [rng.uniform(0.01, 0.1) for _ in range(15)]):
        pass
    whole = [path for path in tmp_path.iterdir() if path.name.startswith("study-")]
    assert whole
    for folder in whole:
        assert sorted(int(part.name) for part in folder.iterdir()) == list(range(20))
        assert all(part.stat().st_size == 10_000 for part in folder.iterdir())
