"""What becomes of the workers when the program ends, and of the program that has an odd __main__."""

import os
import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue

import engine_tasks as tasks
import psutil
import pytest

from explorer.engine import wire
from explorer.engine.process import WorkerProcess

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def program(folder, body):
    """A script as a user would start it, with this folder and the repository on its path."""
    script = folder / "program.py"
    script.write_text(
        f"import sys\nsys.path[1:1] = [{str(HERE)!r}, {str(ROOT)!r}]\n"
        "import engine_tasks as tasks\nfrom pathlib import Path\nfrom explorer.engine import Job\n" + body
    )
    return [sys.executable, str(script)]


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs SIGIO from a pipe")


@pytest.mark.slow
@pytest.mark.parametrize("function", ["sleep_long", pytest.param("hold_the_lock", marks=LINUX)])
def test_nothing_survives_a_program_that_is_killed(tmp_path, function):
    """Not even a worker of a worker, nor one whose native code never gives the interpreter lock back."""
    marks = [tmp_path / "a", tmp_path / "b"]
    paths = [str(mark) for mark in marks]
    body = f"Job(tasks.nested, tasks.{function}, [Path(p) for p in {paths}])\ntasks.time.sleep(600)\n"
    running = subprocess.Popen(program(tmp_path, body))
    descendants = []
    try:
        tasks.wait_until(lambda: all(mark.exists() for mark in marks))
        descendants += psutil.Process(running.pid).children(recursive=True)
        _, still = psutil.wait_procs(descendants, 0.5)
        assert len(still) == 3
    finally:
        running.kill()
        running.wait()
    try:
        tasks.wait_until(lambda: not any(tasks.alive(p.pid) for p in descendants))
    finally:
        for process in descendants:
            if process.is_running():
                process.kill()


def test_the_end_of_the_stream_alone_ends_a_worker():
    """Where the kernel does not help (macOS), and in the middle of a call."""
    heard = SimpleQueue()
    worker = WorkerProcess(wire.pack_function(tasks.spin, True, how=""), lambda _, message: heard.put(message))
    worker.send(wire.pack_arguments(tasks.spin, (), {}))
    assert heard.get(timeout=tasks.DEADLINE) == wire.Reported(0.1, "spinning", None)
    worker._stdin.close()
    try:
        assert heard.get(timeout=tasks.DEADLINE) == wire.Gone(0)
    finally:
        worker.kill()
        os.close(worker._lifeline)


@pytest.mark.slow
def test_a_program_that_ends_normally_does_not_hang_and_leaves_nothing(tmp_path):
    body = "job = Job(tasks.spin)\ntasks.wait_until(lambda: job.progress.fraction > 0)\nprint(job.pid)\n"
    done = subprocess.run(program(tmp_path, body), timeout=tasks.DEADLINE, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    tasks.wait_until(lambda: not tasks.alive(int(done.stdout)))


def test_the_main_module_is_never_run_again(tmp_path):
    """Inside a Streamlit server __main__ is the page."""
    trap, mark = tmp_path / "page.py", tmp_path / "was_run"
    trap.write_text(f"open({str(mark)!r}, 'w')\nraise SystemExit('the page was run again')\n")
    body = f"""
import types
from explorer.engine import map_partitions
page = types.ModuleType("__main__")
page.__file__ = {str(trap)!r}
sys.modules["__main__"] = page
assert Job(tasks.add, 1, b=2).result(20) == 3
assert map_partitions(tasks.double, range(4), seed=0, workers=2) == [0, 2, 4, 6]
print("well")
"""
    done = subprocess.run(program(tmp_path, body), timeout=tasks.DEADLINE, check=True, capture_output=True, text=True)
    assert done.stdout == "well\n"
    assert not mark.exists()


def test_modules_in_the_current_folder_are_not_mistaken_for_those_of_the_program(tmp_path):
    for name in ("numpy", "signal", "struct"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    script = tmp_path / "scripts"
    script.mkdir()
    done = subprocess.run(
        program(script, "print(Job(tasks.add, 1).result(20))\n"),
        cwd=tmp_path,
        timeout=tasks.DEADLINE,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "1\n"


def test_a_function_of_the_script_is_refused(tmp_path):
    body = "def mine(report):\n    pass\n\ntry:\n    Job(mine)\nexcept Exception as e:\n    print(e)\n"
    done = subprocess.run(program(tmp_path, body), timeout=tasks.DEADLINE, check=True, capture_output=True, text=True)
    assert "cannot find mine" in done.stdout
