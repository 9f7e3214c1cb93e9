import os
import signal
import threading
import time

import engine_tasks as tasks
import numpy as np
import psutil
import pytest

from explorer.engine import Cancelled, Job
from explorer.errors import UserError


@pytest.fixture(autouse=True)
def no_process_left():
    before = set(psutil.Process().children(recursive=True))
    yield
    tasks.wait_until(lambda: set(psutil.Process().children(recursive=True)) <= before)


def test_a_job_returns_and_its_process_is_gone():
    job = Job(tasks.add, 1, b=2)
    assert job.state == "running"
    assert job.result(tasks.DEADLINE) == 3
    assert job.state == "done"
    assert job.progress.fraction == 1
    assert job.progress == job.progress  # stands still
    assert not psutil.pid_exists(job.pid)
    job.cancel()
    assert job.state == "done"
    assert job.result() == 3


def test_a_job_fails_with_what_the_function_raised():
    job = Job(tasks.fail)
    for _ in range(2):
        with pytest.raises(ValueError, match="no such animal") as caught:
            job.result(tasks.DEADLINE)
        assert "in fail" in str(caught.value.__cause__)
    assert job.state == "failed"


@pytest.mark.slow
def test_progress_and_snapshots_come_as_the_job_runs():
    job = Job(tasks.steps, 20, 0.05)
    seen, snapshots = [], []
    while not job.wait(0.01):
        seen.append(job.progress)
        snapshots.append(job.snapshot)
    assert job.result() == 20
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 3
    assert seen[0].note == "starting"
    assert seen[0].seconds_left is None
    assert all(p.seconds_left is None or 0 <= p.seconds_left < 60 for p in seen)
    assert any(p.seconds_left is not None for p in seen)
    assert job.snapshot == {"step": 19}
    assert {"step": 5} in snapshots or len({str(s) for s in snapshots}) > 3


@pytest.mark.slow
def test_the_time_left_counts_down_between_reports():
    job = Job(tasks.one_report)
    tasks.wait_until(lambda: job.progress.seconds_left is not None)
    first = job.progress
    time.sleep(0.3)
    second = job.progress
    job.cancel()
    assert second.fraction == first.fraction == 0.1
    passed = second.seconds_elapsed - first.seconds_elapsed
    assert passed >= 0.3
    assert second.seconds_left == pytest.approx(first.seconds_left - passed)


def test_a_flood_of_reports_is_thinned(monkeypatch):
    heard, hear = [], Job._hear
    monkeypatch.setattr(Job, "_hear", lambda job, *what: (heard.append(what), hear(job, *what)))
    Job(tasks.many_reports, 300_000).result(tasks.DEADLINE)
    assert 1 < len(heard) < 3_000


@pytest.mark.parametrize("function", [tasks.spin, tasks.native_sleep])
def test_cancel_kills_whatever_it_is_doing(function):
    job = Job(function)
    tasks.wait_until(lambda: job.progress.fraction > 0)
    began = time.monotonic()
    job.cancel()
    assert time.monotonic() - began < tasks.DEADLINE
    assert not psutil.pid_exists(job.pid)
    assert job.state == "cancelled"
    assert job.progress.fraction == 0.1
    with pytest.raises(Cancelled):
        job.result()


def test_cancel_at_once_and_from_many_threads():
    job = Job(tasks.spin)
    threads = [threading.Thread(target=job.cancel) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(tasks.DEADLINE)
    assert job.state == "cancelled"


def test_a_waiting_thread_is_told_of_the_cancel():
    job = Job(tasks.spin)
    heard = []

    def wait():
        with pytest.raises(Cancelled):
            job.result(tasks.DEADLINE)
        heard.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    job.cancel()
    thread.join(tasks.DEADLINE)
    assert heard == [True]


def test_the_timeout_of_result():
    job = Job(tasks.spin)
    with pytest.raises(TimeoutError):
        job.result(0.1)
    assert not job.wait(0.05)
    job.cancel()


def test_a_process_ended_from_outside_is_told():
    job = Job(tasks.spin)
    os.kill(job.pid, signal.SIGKILL)
    with pytest.raises(UserError, match=rf"worker process {job.pid} was ended from outside.*spin.*memory"):
        job.result(tasks.DEADLINE)
    assert job.state == "failed"


def test_a_function_that_a_worker_cannot_find_is_refused_at_once(monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *a, **k: pytest.fail("a worker was started"))
    with pytest.raises(UserError, match=r"cannot find .*lambda.*define it in a module"):
        Job(lambda report: None)
    monkeypatch.setattr(tasks.add, "__module__", "__main__")
    with pytest.raises(UserError, match="cannot find add"):
        Job(tasks.add, 1)


def test_arguments_that_cannot_be_sent_are_refused_at_once():
    with pytest.raises(UserError, match="What echo is given"):
        Job(tasks.echo, threading.Lock())


@pytest.mark.slow
def test_a_large_array_goes_and_comes_and_is_copied_at_the_start():
    array = np.random.default_rng(0).random((4000, 5000))  # 160 MB
    job = Job(tasks.echo, array)
    copy = array.copy()
    array[:] = 0
    assert np.array_equal(job.result(tasks.DEADLINE), copy)


def test_a_job_may_start_workers_itself():
    assert Job(tasks.nested_sum).result(tasks.DEADLINE) == 20


def test_killing_a_job_ends_its_workers(tmp_path):
    marks = [tmp_path / "a", tmp_path / "b"]
    job = Job(tasks.nested, tasks.sleep_long, marks)
    tasks.wait_until(lambda: all(mark.exists() for mark in marks))
    pids = [child.pid for child in psutil.Process(job.pid).children()]
    assert len(pids) == 2
    job.cancel()
    tasks.wait_until(lambda: not any(map(tasks.alive, pids)))
