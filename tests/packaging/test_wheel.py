"""The wheel, built and installed in a clean virtual environment, works from any folder."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_PAGE = """
import sys
from pathlib import Path
import explorer
from explorer.places import shipped
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(str(Path(explorer.__file__).parent / "app.py"), default_timeout=300).run()
app.switch_page(str(shipped("pages") / f"{sys.argv[1]}.py")).run()
print([error.value for error in (*app.exception, *app.error)] or "fine")
"""


def run(*command: str | Path, cwd: Path, timeout: int = 900) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout
    )


@pytest.mark.slow
def test_a_wheel_in_a_clean_environment_runs_from_any_folder(tmp_path):
    built = run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path / "dist", ROOT, cwd=tmp_path)
    if built.returncode and ("ConnectionError" in built.stderr or "Could not find a version" in built.stderr):
        pytest.skip("the package index cannot be reached, so nothing can be built or installed")
    assert built.returncode == 0, built.stderr[-2000:]
    (wheel,) = (tmp_path / "dist").glob("latent_explorer-*.whl")

    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / "bin" / "python"
    # torch first and exactly: that one may lie on this machine, while a range takes the newest there is.
    for what in (["torch==" + _pinned("torch")], [str(wheel)]):
        installed = run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", *what, cwd=tmp_path)
        assert installed.returncode == 0, installed.stderr[-2000:]

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = tmp_path / "clean" / "bin" / "latent-explorer"
    assert "app" in run(command, "--help", cwd=elsewhere).stdout
    where = run(python, "-c", "import explorer.places as p; print(p.sample_study())", cwd=elsewhere).stdout.strip()
    assert str(tmp_path / "clean") in where
    checked = run(command, "check", where, cwd=elsewhere)
    assert checked.returncode == 0, checked.stderr

    # Streamlit answers before it has run a page; so run each page.
    for name in ("overview", "map", "data"):
        page = run(python, "-c", _PAGE, name, cwd=elsewhere)
        assert page.stdout.strip() == "fine", page.stdout + page.stderr[-2000:]

    server = subprocess.Popen(
        [command, "app", "--no-browser", "--port", str(_free_port())],
        cwd=elsewhere,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
    finally:
        server.terminate()
        server.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _pinned(name: str) -> str:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return next(line.split("==")[1] for line in lines if line.startswith(f"{name}=="))
