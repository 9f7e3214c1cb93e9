"""How far a map can be believed: our measures, beside zadu's on the same map, each in a process of its own.

Seconds and peak memory (less that of a process that only holds the data). zadu takes all points and all pairs; ours
are of all points up to 10,000, else of a sample against all, with intervals and null bands. Above ``THEIRS`` points
zadu is left out: of 70,000 it would sort 2,449,965,000 pairs, 20 GB in float64 for the distances of one space alone.
"""

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.alone import alone

SIZES = (10_000, 20_000, 70_000)
DIMS = 50
THEIRS = 20_000
PATIENCE = 900.0
SIDES = ("nothing", "ours", "ours, every point", "zadu")


def main() -> None:
    """Print what was measured."""
    for rows in SIZES:
        found = {}
        for side in SIDES:
            if side == "zadu" and (rows > THEIRS or find_spec("zadu") is None):
                why = "needs all pairs" if rows > THEIRS else "not installed"
                print(f"{rows:,} x {DIMS}: zadu left out ({why})")
                continue
            found[side] = alone("benchmarks.quality", side, rows, DIMS, PATIENCE)
            if side == "nothing" or found[side] is None:
                continue
            seconds, memory, said = found[side]
            ratio = f", {seconds / found['ours'][0]:.1f} times ours" if side == "zadu" and found["ours"] else ""
            print(
                f"{rows:,} x {DIMS}, {side}: {seconds:.1f} s{ratio}, +{memory - found['nothing'][1]:.0f} MB; {said}",
                flush=True,
            )


def _map(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of ten strong dimensions among fifty, and a map of two of them with noise."""
    rng = np.random.default_rng(0)
    spread = np.where(np.arange(DIMS) < 10, 3, 0.5).astype(np.float32)
    vectors = rng.standard_normal((rows, DIMS), dtype=np.float32) * spread
    return vectors, vectors[:, :2] + 0.5 * rng.standard_normal((rows, 2), dtype=np.float32)


def _run(side: str, rows: int) -> None:
    vectors, places = _map(rows)
    start = time.perf_counter()
    said = {"nothing": _nothing, "ours": _ours, "ours, every point": _every, "zadu": _zadu}[side](vectors, places)
    seconds = time.perf_counter() - start
    # Not ru_maxrss, which begins with what the parent held.
    status = Path("/proc/self/status").read_text()
    memory = int(status.split("VmHWM:")[1].split()[0]) / 1024
    values = ", ".join(f"{name} {value:.4f}" for name, value in said.items())
    print(f"{seconds}\t{memory}\t{values}")


def _nothing(vectors: np.ndarray, places: np.ndarray) -> dict[str, float]:
    from explorer.space import quality, quality_points

    return {"rows": len(vectors) * len(places.T) * bool(quality) * bool(quality_points)}


def _ours(vectors: np.ndarray, places: np.ndarray) -> dict[str, float]:
    from explorer.space.quality import measure_map

    found = measure_map(vectors, places, k=15)
    return {name: one.value for name, one in found.measures.items()}


def _every(vectors: np.ndarray, places: np.ndarray) -> dict[str, float]:
    from explorer.space.neighbours import find
    from explorer.space.quality_points import point_errors

    start = time.perf_counter()
    near = find(vectors, 15, exact=True).indices
    graph = time.perf_counter() - start
    found = point_errors(vectors, places, near)
    return {
        "trustworthiness": found.trustworthiness.mean(),
        "continuity": found.continuity.mean(),
        "knn_overlap": found.knn_overlap.mean(),
        "off by at most": found.off,
        "of which seconds for the graph": graph,
    }


def _zadu(vectors: np.ndarray, places: np.ndarray) -> dict[str, float]:
    from zadu import ZADU

    k = {"k": 15}
    names = ({"id": "tnc", "params": k}, {"id": "lcmc", "params": k}, {"id": "srho"}, {"id": "pr"}, {"id": "sn_stress"})
    found = {name: value for one in ZADU(list(names), vectors).measure(places) for name, value in one.items()}
    return found | {"knn_overlap": found["lcmc"] + 15 / (len(vectors) - 1)}


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]))
