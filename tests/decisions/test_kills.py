"""What was acknowledged is kept, whatever becomes of the process; and writers do not lose each other's decisions."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from explorer.decisions.events import Store

HERE = Path(__file__).parent
KILLS = int(os.environ.get("DECISIONS_KILLS", "25"))


def program(what, path, *more):
    return subprocess.Popen(
        [sys.executable, str(HERE / "decision_programs.py"), what, str(path), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        text=True,
    )


def finish(running):
    """The rest of the lines it tells, once it has ended."""
    with running:
        return running.stdout.readlines()


def acknowledged(lines):
    """Whole lines only: the last may be cut off."""
    return [(int(seq), id) for seq, id in (line.split() for line in lines if line.endswith("\n") and line != "ready\n")]


@pytest.mark.slow
def test_what_was_acknowledged_outlives_a_kill_at_any_moment(tmp_path):
    """DECISIONS_KILLS sets how many (25). Every tenth meets a store that is not there yet."""
    rng = random.Random(KILLS)
    counts = {"kept": 0, "in flight": 0, "none yet": 0}
    for kill in range(KILLS):
        if kill % 10 == 0:
            path, known = tmp_path / f"{kill}" / "decisions.sqlite", []
        running = program("for_ever", path)
        assert running.stdout.readline() == "ready\n"
        lines = [running.stdout.readline() for _ in range(rng.randrange(6))]
        time.sleep(rng.uniform(0, 0.03))
        running.kill()
        told = acknowledged([*lines, *finish(running)])
        with Store(path).reading() as log:
            found = [(event.seq, event.id) for event in log.events]
            assert log.breaks() == []
        known += told
        assert found[: len(known)] == known
        assert len(found) - len(known) <= 1
        counts["kept"] += len(told)
        counts["in flight"] += len(found) - len(known)
        counts["none yet"] += not found
        known = found
    print(f"{KILLS} kills: {counts}")
    assert counts["kept"] > 0


@pytest.mark.slow
def test_two_who_write_at_once_lose_nothing(tmp_path):
    """They are let go together again and again: how they take turns after that is the machine's affair."""
    path, rounds, number = tmp_path / "decisions.sqlite", 30, 5
    writers = [program("some", path, str(number)) for _ in range(2)]
    told = []
    for _ in range(rounds):  # in the first one both meet a store that is not there yet
        for writer in writers:
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            writer.stdin.write("go\n")
            writer.stdin.flush()
        told += [writer.stdout.readline() for writer in writers for _ in range(number)]
    for writer in writers:
        writer.stdin.close()
        assert finish(writer) == ["ready\n"]
        assert writer.returncode == 0
    assert len(acknowledged(told)) == 2 * rounds * number
    with Store(path).reading() as log:
        assert sorted(acknowledged(told)) == [(event.seq, event.id) for event in log.events]
        assert log.head == 2 * rounds * number
        assert log.breaks() == []
