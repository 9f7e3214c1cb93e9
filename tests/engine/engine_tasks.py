"""What the tests run in workers: a worker finds functions by importing their module, this one."""

import ctypes
import os
import signal
import sys
import time
from functools import partial

import psutil

from explorer.engine import map_partitions
from explorer.errors import UserError

DEADLINE = 60.0  # tells a wait from for ever; no measure of speed


class OddError(Exception):
    """Pickles, but cannot be made again."""

    def __init__(self, a, b):
        super().__init__(f"{a}{b}")


def wait_until(condition, seconds=DEADLINE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still not so after {seconds} s"
        time.sleep(0.02)


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# Functions of map_partitions


def randoms(partition, rng):
    """Takes a while that differs, so that the results are ready in another order."""
    time.sleep(0.002 * (partition * 7 % 5))
    return partition, rng.random(3), rng.spawn(1)[0].integers(0, 10**9)


def slow_first(partition, rng):
    time.sleep(0.5 if partition == 0 else 0.0)
    return partition


def which_process(partition, rng):
    return os.getpid()


def nap(partition, rng):
    time.sleep(partition)
    return os.getpid()


def fail_at_two(partition, rng):
    if partition == 2:
        raise KeyError("no animal two")
    return partition


def refuse(partition, rng):
    raise UserError("the file is empty", where="a.csv", how="choose another")


def odd_error(partition, rng):
    raise OddError("a", "b")


def end_if_one(partition, rng, how=signal.SIGKILL):
    if partition == 1:
        os.kill(os.getpid(), how)
    return partition


def leave(partition, rng):
    os._exit(3)


def unpicklable_result(partition, rng):
    return lambda: None


def double(partition, rng):
    return partition * 2


def noisy(partition, rng):
    print("a print\n" * 100, end="")
    os.write(1, b"a print below Python\n" * 1000)
    return sys.stdin.read(), partition


def threads(partition, rng):
    return {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}


def times(factor, partition, rng):
    return factor * partition


times_three = partial(times, 3)


def sleep_long(mark, rng):
    mark.touch()
    time.sleep(600)


def hold_the_lock(mark, rng):
    """Sleeps in C without giving the interpreter lock back."""
    mark.touch()
    ctypes.PyDLL(None).sleep(600)


# Functions of Job


def add(a, b=0, *, report):
    report(0.5, "adding")
    return a + b


def steps(count, seconds, *, report):
    for i in range(count):
        report(i / count, f"step {i}", snapshot={"step": i})
        time.sleep(seconds)
    return count


def many_reports(count, *, report):
    for i in range(count):
        report(i / count, "counting")


def one_report(*, report):
    time.sleep(0.6)
    report(0.1, "sitting")
    time.sleep(60)


def fail(*, report):
    raise ValueError("no such animal")


def spin(*, report):
    report(0.1, "spinning")
    while True:
        pass


def native_sleep(*, report):
    """Sleeps in C without giving the interpreter lock back."""
    report(0.1, "sleeping")
    ctypes.PyDLL(None).sleep(600)


def nested(function, marks, *, report):
    """Workers of a worker."""
    return map_partitions(function, marks, seed=0, workers=2)


def nested_sum(*, report):
    return sum(map_partitions(double, range(5), seed=0, workers=2))


def echo(value, *, report):
    return value


# Functions of Standby

PREPARED = []


def prepare_at_once():
    PREPARED.append(os.getpid())


def prepare_slowly():
    time.sleep(1)
    prepare_at_once()


def prepare_badly():
    raise RuntimeError("nothing can be prepared")


def prepare_for_ever():
    time.sleep(600)


def prepared(word, *, report, function="a word of the call's own"):
    """What it was given, whether this process is prepared, and how it is ranked."""
    report(0.5, "asking", snapshot={"half": True})
    return word, function, [os.getpid()] == PREPARED, os.getpriority(os.PRIO_PROCESS, 0)
