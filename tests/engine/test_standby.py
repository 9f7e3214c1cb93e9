import os
import signal
import subprocess
import sys
import threading
import time

import engine_tasks as tasks
import psutil
import pytest

from explorer.engine import Cancelled, Standby
from explorer.engine.worker import NICENESS
from explorer.errors import UserError


@pytest.fixture(autouse=True)
def no_process_left():
    before = set(psutil.Process().children(recursive=True))
    yield
    tasks.wait_until(lambda: set(psutil.Process().children(recursive=True)) <= before)


@pytest.fixture
def standby():
    made = []

    def make(prepare=tasks.prepare_at_once):
        made.append(Standby(prepare))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_job_runs_in_the_process_that_waits_and_another_gets_ready(standby):
    ours = standby()
    before = {child.pid for child in psutil.Process().children()}  # other tests may have left some
    assert ours.pid is None
    ours.start()
    ours.start()  # once is enough
    tasks.wait_until(lambda: ours.ready)
    waiting = ours.pid
    assert {child.pid for child in psutil.Process().children()} - before == {waiting}
    job = ours.job(tasks.prepared, "word", function="mine")
    assert job.pid == waiting
    steps_back = os.getpriority(os.PRIO_PROCESS, 0) + NICENESS
    assert job.result(tasks.DEADLINE) == ("word", "mine", True, steps_back)
    assert job.state == "done"
    assert job.snapshot == {"half": True}
    assert not psutil.pid_exists(waiting)
    tasks.wait_until(lambda: ours.ready)
    assert ours.pid != waiting


@pytest.mark.slow
def test_a_job_may_come_while_it_gets_ready(standby):
    ours = standby(tasks.prepare_slowly)
    ours.start()
    waiting = ours.pid
    job = ours.job(tasks.prepared, "word")
    assert job.pid == waiting
    assert job.state == "running"
    assert job.result(tasks.DEADLINE)[2]


def test_without_a_start_a_job_is_a_job_and_nothing_waits_afterwards(standby):
    ours = standby()
    assert not ours.job(tasks.prepared, "word").result(tasks.DEADLINE)[2]
    time.sleep(0.3)
    assert ours.pid is None


def test_two_jobs_have_two_processes(standby):
    ours = standby()
    ours.start()
    first, second = ours.job(tasks.spin), ours.job(tasks.spin)
    assert first.pid != second.pid
    for job in (first, second):
        tasks.wait_until(lambda job=job: job.progress.fraction == 0.1)
        job.cancel()
        assert job.state == "cancelled"
        assert not psutil.pid_exists(job.pid)


def test_a_process_that_died_is_replaced(standby):
    ours = standby()
    ours.start()
    tasks.wait_until(lambda: ours.ready)
    dead = ours.pid
    os.kill(dead, signal.SIGKILL)
    tasks.wait_until(lambda: not ours.ready)
    assert not ours.job(tasks.prepared, "word").result(tasks.DEADLINE)[2]
    tasks.wait_until(lambda: ours.ready)
    os.kill(ours.pid, signal.SIGKILL)
    tasks.wait_until(lambda: not ours.ready)
    ours.start()
    tasks.wait_until(lambda: ours.ready)


def test_a_job_is_cancelled_also_while_it_waits_for_the_preparing(standby):
    ours = standby(tasks.prepare_for_ever)
    ours.start()
    job = ours.job(tasks.prepared, "word")
    began = time.monotonic()
    job.cancel()
    assert time.monotonic() - began < tasks.DEADLINE
    with pytest.raises(Cancelled):
        job.result()
    assert not psutil.pid_exists(job.pid)


def test_a_job_ended_from_outside_says_so(standby):
    ours = standby()
    ours.start()
    job = ours.job(tasks.spin)
    os.kill(job.pid, signal.SIGKILL)
    with pytest.raises(UserError, match=r"was ended from outside.*during spin"):
        job.result(tasks.DEADLINE)


def test_what_cannot_be_prepared_is_not_in_the_way(standby, capfd):
    ours = standby(tasks.prepare_badly)
    ours.start()
    tasks.wait_until(lambda: ours.ready)
    assert not ours.job(tasks.prepared, "word").result(tasks.DEADLINE)[2]
    with pytest.raises(ValueError, match="no such animal"):
        ours.job(tasks.fail).result(tasks.DEADLINE)
    tasks.wait_until(lambda: "nothing can be prepared" in capfd.readouterr().err)


def test_what_no_worker_can_find_is_refused_at_once(standby):
    with pytest.raises(UserError, match="cannot find"):
        standby(lambda: None).start()
    ours = standby()
    ours.start()
    waiting = ours.pid
    with pytest.raises(UserError, match="cannot find"):
        ours.job(lambda report: None)
    assert ours.pid == waiting


def test_after_the_close_nothing_waits(standby):
    ours = standby(tasks.prepare_for_ever)
    ours.start()
    ours.close()
    assert ours.pid is None
    ours.close()


class ClosesFirst:
    """A lock before which another thread always closes the standby, if the renewal is what asks for it."""

    def __init__(self, ours):
        self.ours, self.lock, self.seen = ours, ours._lock, threading.Event()

    def __enter__(self):
        if threading.current_thread().name.startswith("standby after"):
            self.ours._lock = self.lock
            self.ours.close()
            self.seen.set()
        self.lock.acquire()

    def __exit__(self, *error):
        self.lock.release()


def test_a_close_at_the_moment_of_the_renewal_is_not_undone(standby):
    ours = standby()
    ours.start()
    job = ours.job(tasks.spin)
    ours._lock = closes = ClosesFirst(ours)
    job.cancel()
    assert closes.seen.wait(tasks.DEADLINE)
    time.sleep(0.3)
    assert ours.pid is None


@pytest.mark.slow
def test_a_process_that_waits_ends_with_the_program(tmp_path):
    body = (
        f"import sys\nsys.path[1:1] = {sys.path!r}\nimport engine_tasks as tasks\n"
        "from explorer.engine import Standby\none = Standby(tasks.prepare_at_once)\none.start()\n"
        "tasks.wait_until(lambda: one.ready)\nprint(one.pid, flush=True)\n"
    )
    script = tmp_path / "program.py"
    for end, code in (("", 0), ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", -9)):
        script.write_text(body + end)
        done = subprocess.run([sys.executable, str(script)], timeout=tasks.DEADLINE, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (code, "")
        tasks.wait_until(lambda done=done: not tasks.alive(int(done.stdout)))
