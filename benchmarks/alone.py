"""One side of a benchmark in a process of its own, so that its memory is its own."""

import subprocess
import sys


def alone(module: str, side: str, rows: int, dims: int, patience: float) -> tuple[float, float, str] | None:
    """Seconds, peak memory in MB and what was found, as ``python -m module side rows`` prints them between tabs.

    None, with a line that says why, when it fails or takes more than ``patience`` seconds.
    """
    try:
        ended = subprocess.run(
            [sys.executable, "-m", module, side, str(rows)], capture_output=True, text=True, timeout=patience
        )
    except subprocess.TimeoutExpired:
        print(f"{rows:,} x {dims}, {side}: not done after {patience:.0f} s")
        return None
    if ended.returncode:
        reason = ended.stderr.strip().splitlines()[-1:] or [f"ended with {ended.returncode}"]
        print(f"{rows:,} x {dims}, {side}: failed ({reason[0][:200]})")
        return None
    seconds, memory, said = ended.stdout.strip().split("\t")
    return float(seconds), float(memory), said
