"""Opening 1,000,000 x 128: seconds, and peak memory (Linux). Beside it: the same files read by pandas and NumPy."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.studies import make

ROWS, DIMS = 1_000_000, 128

_OURS = """
import sys, time
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
from explorer.study.study import open_study
import numpy, pandas, pyarrow.parquet
open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
base = peak()
start = time.perf_counter()
study = open_study(sys.argv[1])
embedding = study.embedding("vectors")
study.animal, study.time, study.values("age"), study.values("breed")
seconds = time.perf_counter() - start
print(seconds, (peak() - base) / 1024)
"""

_PEER = """
import sys, time
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
import numpy, pandas, pyarrow.parquet
open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
base = peak()
start = time.perf_counter()
frame = pandas.read_parquet(sys.argv[1] + "/observations.parquet")
vectors = numpy.load(sys.argv[1] + "/embeddings/vectors.npy")
seconds = time.perf_counter() - start
print(seconds, (peak() - base) / 1024)
"""


def main() -> None:
    """Print a small table."""
    with tempfile.TemporaryDirectory() as folder:
        study = make(Path(folder) / "study", ROWS, DIMS)
        vectors = ROWS * DIMS * 4 / 2**20
        rows = []
        for name, code in (("open_study, vectors, four columns", _OURS), ("pandas.read_parquet + numpy.load", _PEER)):
            runs = [_run(code, study) for _ in range(3)]
            rows.append((name, min(run[0] for run in runs), min(run[1] for run in runs)))
        first = _run(_OURS, _fresh(study))
        print(f"{ROWS:,} x {DIMS} float32 ({vectors:.0f} MB of vectors); best of three, new processes\n")
        for name, seconds, megabytes in rows:
            print(f"{name:36} {seconds:6.2f} s   peak memory +{megabytes:6.0f} MB")
        print(f"{'open_study, for the first time':36} {first[0]:6.2f} s   peak memory +{first[1]:6.0f} MB")
        print(f"ratio of the first two: {rows[0][1] / rows[1][1]:.2f} in time, {rows[0][2] / rows[1][2]:.2f} in memory")


def _run(code: str, study: Path) -> tuple[float, float]:
    out = subprocess.run([sys.executable, "-c", code, str(study)], check=True, capture_output=True, text=True)
    seconds, megabytes = out.stdout.split()
    return float(seconds), float(megabytes)


def _fresh(study: Path) -> Path:
    """The study as it is when nothing has been remembered of it yet."""
    (study / ".cache" / "hashes.json").unlink(missing_ok=True)
    return study
