import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import engine_tasks as tasks
import numpy as np
import psutil
import pytest

from explorer.engine import Cancelled, map_partitions
from explorer.errors import UserError


@pytest.fixture(autouse=True)
def no_process_left():
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


def in_module(partition, rng):
    return partition


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2024])
def test_the_number_of_workers_does_not_change_the_results(seed):
    runs = [map_partitions(tasks.randoms, range(12), seed=seed, workers=n) for n in (0, 1, 2, 3)]
    assert [p for p, _, _ in runs[0]] == list(range(12))
    for run in runs[1:]:
        for (p, numbers, spawned), (q, others, other) in zip(runs[0], run, strict=True):
            assert p == q
            assert np.array_equal(numbers, others)
            assert spawned == other


def test_partition_and_seed_decide_the_random_numbers():
    one, two = (map_partitions(tasks.randoms, range(5), seed=s, workers=0) for s in (1, 2))
    assert len({float(numbers[0]) for _, numbers, _ in one + two}) == 10
    child = np.random.SeedSequence(1).spawn(5)[3]
    assert np.array_equal(one[3][1], np.random.default_rng(child).random(3))


@pytest.mark.slow
def test_the_order_is_that_of_the_partitions():
    assert map_partitions(tasks.slow_first, range(6), seed=0, workers=2) == list(range(6))


def test_workers_are_other_processes_and_take_many_partitions():
    pids = map_partitions(tasks.which_process, range(10), seed=0, workers=2)
    assert os.getpid() not in pids
    assert len(set(pids)) <= 2


def test_workers_none_chooses():
    assert map_partitions(tasks.which_process, [1], seed=0) == [os.getpid()]
    assert map_partitions(tasks.which_process, iter([]), seed=0) == []
    if len(os.sched_getaffinity(0)) > 1:
        assert os.getpid() not in map_partitions(tasks.which_process, iter(range(3)), seed=0)


@pytest.mark.parametrize("workers", [0, 2])
def test_partitions_are_drawn_as_they_are_needed(workers):
    drawn, most = 0, []

    def partitions():
        nonlocal drawn
        for i in range(10):
            drawn += 1
            yield i

    def ahead(_):
        most.append(drawn - len(most) + 1)  # called once at the start, once for each result, once at the end

    assert map_partitions(tasks.double, partitions(), seed=0, workers=workers, progress=ahead) == [
        2 * i for i in range(10)
    ]
    assert max(most[:-1]) <= max(workers, 1) + 1


@pytest.mark.parametrize("workers", [0, 2])
def test_errors_travel_with_type_and_message(workers):
    with pytest.raises(KeyError, match="no animal two") as caught:
        map_partitions(tasks.fail_at_two, range(6), seed=0, workers=workers)
    if workers:
        assert "in fail_at_two" in str(caught.value.__cause__)
    with pytest.raises(UserError) as refused:
        map_partitions(tasks.refuse, range(2), seed=0, workers=workers)
    assert str(refused.value) == "a.csv: the file is empty. choose another."


def test_an_error_that_cannot_travel_is_told_all_the_same():
    with pytest.raises(RuntimeError, match="OddError: ab"):
        map_partitions(tasks.odd_error, range(2), seed=0, workers=2)


def test_a_result_that_cannot_travel_is_told():
    with pytest.raises(TypeError, match=r"result cannot be sent back.*lambda"):
        map_partitions(tasks.unpicklable_result, range(2), seed=0, workers=2)


def test_an_error_while_drawing_the_partitions_ends_the_workers():
    def partitions():
        yield from range(3)
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        map_partitions(tasks.double, partitions(), seed=0, workers=2)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupt_in_this_process_ends_the_workers(error):
    def stop(progress):
        if progress.fraction > 0:
            raise error

    with pytest.raises(error):
        map_partitions(tasks.nap, [0.0, 600.0, 600.0], seed=0, workers=2, progress=stop)


@pytest.mark.slow
def test_a_real_ctrl_c_reaches_the_caller():
    """In a program of its own: the test runner's process has other libraries' event loops in it."""
    program = (
        "import signal\n"
        "import engine_tasks as tasks\n"
        "from explorer.engine import map_partitions\n"
        # Whoever runs the tests in the background has it ignored, and so have all that come of it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "map_partitions(tasks.nap, [600.0] * 2, seed=0, workers=2, progress=lambda _: print('started', flush=True))\n"
    )
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    caller = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )
    try:
        assert caller.stdout.readline() == "started\n"
        time.sleep(0.5)
        workers = psutil.Process(caller.pid).children()
        assert workers
        caller.send_signal(signal.SIGINT)
        _, said = caller.communicate(timeout=tasks.DEADLINE)
    finally:
        caller.kill()
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert not any(worker.is_running() for worker in workers)


@pytest.mark.slow
def test_workers_ignore_ctrl_c():
    def press(progress):
        if progress.fraction > 0:
            for child in psutil.Process().children():
                child.send_signal(signal.SIGINT)

    done = map_partitions(tasks.nap, [0.0, 0.5, 0.5], seed=0, workers=2, progress=press)
    assert len(done) == 3


@pytest.mark.parametrize(("workers", "nap"), [(0, 0.05), (2, 600.0)])
@pytest.mark.slow
def test_cancel_is_prompt(workers, nap):
    cancel = threading.Event()
    set_at = []

    def set_it():
        set_at.append(time.monotonic())
        cancel.set()

    timer = threading.Timer(0.7, set_it)
    timer.start()
    with pytest.raises(Cancelled):
        map_partitions(tasks.nap, (nap for _ in range(1000)), seed=0, workers=workers, cancel=cancel)
    assert time.monotonic() - set_at[0] < tasks.DEADLINE


def test_a_worker_ended_from_outside_is_told():
    with pytest.raises(UserError, match=r"process \d+ was ended from outside \(SIGKILL\).* 1 of end_if"):
        map_partitions(tasks.end_if_one, range(4), seed=0, workers=2)


def test_a_worker_that_leaves_is_told():
    with pytest.raises(UserError, match="ended by itself with exit code 3"):
        map_partitions(tasks.leave, range(4), seed=0, workers=2)


@pytest.mark.slow
def test_an_idle_worker_ended_from_outside_is_told_too():
    """Not waited for without end."""

    def partitions():
        yield from (0.0, 0.0)
        time.sleep(1)
        for child in psutil.Process().children():
            child.kill()
        yield from (0.0, 0.0)

    with pytest.raises(UserError, match="ended from outside"):
        map_partitions(tasks.nap, partitions(), seed=0, workers=2)


@pytest.mark.slow
def test_an_idle_worker_ended_from_outside_is_told_while_another_works():
    def kill(progress):
        if progress.fraction > 0:
            for child in sorted(psutil.Process().children(), key=lambda child: child.pid):
                child.kill()  # the idle one first
                time.sleep(0.3)

    with pytest.raises(UserError, match="ended from outside"):
        map_partitions(tasks.nap, [0.0, 600.0], seed=0, workers=2, progress=kill)


@pytest.mark.parametrize("workers", [0, 2])
def test_progress(workers):
    seen = []
    map_partitions(tasks.double, range(5), seed=0, workers=workers, progress=seen.append)
    assert [p.fraction for p in seen] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert [p.note for p in seen][-2:] == ["4 of 5", "5 of 5"]
    seen.clear()
    map_partitions(tasks.double, iter(x for x in range(3)), seed=0, workers=workers, progress=seen.append)
    assert [p.fraction for p in seen] == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert seen[-1].note == "3 done"
    seen.clear()
    assert map_partitions(tasks.double, [], seed=0, workers=workers, progress=seen.append) == []
    assert seen[-1].fraction == 1.0


def test_a_lambda_is_refused_by_name_before_a_worker_starts(monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *a, **k: pytest.fail("a worker was started"))

    def local(partition, rng):
        return partition

    for function, name in ((lambda p, rng: p, "lambda"), (local, "local")):
        with pytest.raises(UserError, match=f"cannot find .*{name}.*workers=0"):
            map_partitions(function, range(3), seed=0, workers=2)
        assert map_partitions(function, range(3), seed=0, workers=0) == [0, 1, 2]


def test_a_function_of_main_is_refused_even_inside_a_partial(monkeypatch):
    monkeypatch.setattr(tasks.times, "__module__", "__main__")
    with pytest.raises(UserError, match=r"cannot find times .*script or notebook"):
        map_partitions(tasks.times_three, range(3), seed=0, workers=2)


def test_a_partial_and_a_function_of_a_test_module_do():
    assert map_partitions(tasks.times_three, range(3), seed=0, workers=2) == [0, 3, 6]
    assert map_partitions(in_module, range(3), seed=0, workers=2) == [0, 1, 2]


def test_a_partition_that_cannot_be_sent_is_told():
    with pytest.raises(UserError, match="What double is given cannot be sent"):
        map_partitions(tasks.double, [threading.Lock()] * 2, seed=0, workers=2)


def test_prints_and_reads_do_not_disturb_the_pipes(capfd, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # prints are not lost in a buffer either
    done = map_partitions(tasks.noisy, range(4), seed=0, workers=2)
    assert done == [("", i) for i in range(4)]
    err = capfd.readouterr().err
    assert err.count("a print below Python\n") == 4000
    assert err.count("a print\n") == 400


@pytest.mark.slow
def test_arrays_of_every_kind_come_back():
    rng = np.random.default_rng(0)
    arrays = [
        rng.random((2000, 5000)),  # 80 MB
        np.asfortranarray(rng.random((300, 200))),
        rng.random((300, 200))[::2, ::-3],
        np.empty((0, 3)),
        np.float64(2.5),
    ]
    for array, done in zip(arrays, map_partitions(tasks.double, arrays, seed=0, workers=2), strict=True):
        assert np.array_equal(done, array * 2)
    assert map_partitions(in_module, arrays[:2], seed=0, workers=2)[0].flags.writeable


def test_workers_share_the_processors():
    limits = map_partitions(tasks.threads, range(2), seed=0, workers=64)
    assert limits == [{"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}] * 2
