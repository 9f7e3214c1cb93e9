"""Saliency of background variables: seconds and memory as n grows, beside scikit-bio; then null variables.

Ten variables, 999 restricted permutations, each size in a process of its own; memory is less that of a process that
only holds the data. scikit-bio's ``permanova`` has one factor, permutes rows, and takes the n x n matrix: it is given
one variable, and left out above ``THEIRS`` rows (20,000: 3.2 GB for the matrix alone). Of null variables, the share
called significant at 5 % is told for each kind; it fails when one is above 5 % by a one-sided 1 % binomial test.
"""

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binom

from benchmarks.alone import alone

SIZES = (5_000, 10_000, 20_000, 40_000)
DIMS = 128
VISITS = 30
THEIRS = 5_000
PERMUTATIONS = 999
PATIENCE = 900.0

NULLS = 1_000
_ANIMALS, _SEEN, _NULL_DIMS = 24, 8, 4


def main() -> None:
    """Print what was measured."""
    for rows in SIZES:
        base = alone("benchmarks.saliency", "nothing", rows, DIMS, PATIENCE)
        for side in ("ours", "scikit-bio"):
            if side == "scikit-bio" and (rows > THEIRS or find_spec("skbio") is None):
                why = "needs the n x n matrix" if rows > THEIRS else "not installed"
                print(f"{rows:,} x {DIMS}: scikit-bio left out ({why})")
                continue
            found = alone("benchmarks.saliency", side, rows, DIMS, PATIENCE)
            if found and base:
                seconds, memory, said = found
                print(f"{rows:,} x {DIMS}, {side}: {seconds:.1f} s, +{memory - base[1]:.0f} MB; {said}", flush=True)
    _nulls()


def _herd(rows: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Vectors with strong animals, and ten variables of all kinds that vary in all ways; two of them matter."""
    rng = np.random.default_rng(0)
    m = rows // VISITS + 1
    units = np.arange(rows) // VISITS
    visit = np.arange(rows) % VISITS
    own = {name: rng.normal(size=m)[units] for name in ("a", "b", "c")}
    frame = pd.DataFrame(
        {
            "animal": [f"cow-{one}" for one in units],
            "breed": np.array(list("abcd"))[rng.integers(0, 4, m)[units]],
            "sex": np.array(["f", "m"])[(own["a"] > 0).astype(int)],
            "birth_weight": own["b"],
            "herd": np.array(list("ABCDEF"))[rng.integers(0, 6, m)[units]],
            "age": 3 * own["c"] + visit / 12,
            "parity": np.floor(3 + own["c"] + visit / 20),
            "season": np.array(["winter", "spring", "summer", "autumn"])[visit // 4 % 4],
            "hour": rng.uniform(0, 24, rows),
            "camera": np.array(["left", "right", "top"])[rng.integers(0, 3, rows)],
            "light": rng.exponential(size=rows),
        }
    )
    x = rng.normal(size=(m, DIMS))[units] + rng.normal(size=(rows, DIMS))
    x[:, 0] += 3 * (frame["sex"] == "m")
    x[:, 1] += 2 * (frame["season"] == "summer")
    return x.astype(np.float32), frame


KINDS = {
    **dict.fromkeys(("breed", "sex", "herd", "season", "camera"), "nominal"),
    **dict.fromkeys(("birth_weight", "age", "light"), "continuous"),
    "parity": "ordinal",
    "hour": "cyclic",
}


def _run(side: str, rows: int) -> None:
    import tempfile

    import tomli_w

    from explorer.space.saliency import saliency_of
    from explorer.study.embeddings import EmbeddingNote, write_embedding
    from explorer.study.study import open_study

    vectors, frame = _herd(rows)
    with tempfile.TemporaryDirectory() as folder:
        frame.to_parquet(Path(folder) / "observations.parquet")
        variables = {name: {"column": name, "kind": kind} for name, kind in KINDS.items()}
        variables["hour"]["period"] = 24.0
        spec = {"study": {"name": "made"}, "columns": {"animal": "animal"}, "variables": variables}
        (Path(folder) / "study.toml").write_text(tomli_w.dumps(spec))
        study = open_study(folder)
        write_embedding(study.path, "v", vectors, EmbeddingNote(observations=study.ids_hash, encoder="made"))
        embedding = study.embedding("v")
        start = time.perf_counter()
        said = "-"
        if side == "ours":
            found = saliency_of(study, embedding, permutations=PERMUTATIONS)
            clear = [one.name for one in found.variables if one.test.p <= 1 / (1 + PERMUTATIONS)]
            said = f"{len(found.variables)} variables, least p for {', '.join(clear)}"
        elif side == "scikit-bio":
            from scipy.spatial.distance import pdist, squareform
            from skbio.stats.distance import DistanceMatrix, permanova

            theirs = permanova(
                DistanceMatrix(squareform(pdist(vectors))), frame["sex"].to_numpy(), permutations=PERMUTATIONS
            )
            said = f"1 variable, rows permuted, p = {theirs['p-value']}"
        seconds = time.perf_counter() - start
    # Not ru_maxrss, which begins with what the parent held.
    memory = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(f"{seconds}\t{memory}\t{said}; {time.process_time():.1f} s of processors in all")


def _nulls() -> None:
    """The share of null variables of each kind called significant, on vectors that wander from visit to visit."""
    from explorer.space.designs import design_of
    from explorer.space.group_ridge import one_thread
    from explorer.space.label_tests import label_test
    from explorer.space.varying import VARIES, Varying
    from explorer.study.schema import Variable

    m, v = _ANIMALS, _SEEN
    units = np.repeat(np.arange(m), v)
    makers = {
        ("constant", "nominal"): lambda rng: rng.integers(0, 3, m)[units],
        ("constant", "continuous"): lambda rng: rng.normal(size=m)[units],
        ("constant", "ordinal"): lambda rng: rng.integers(0, 4, m)[units],
        ("constant", "cyclic"): lambda rng: rng.uniform(0, 12, m)[units],
        ("by visit", "nominal"): lambda rng: rng.integers(0, 3, m * v),
        ("by visit", "continuous"): lambda rng: rng.exponential(size=m * v),
        ("by visit", "ordinal"): lambda rng: rng.integers(0, 4, m * v),
        ("by visit", "cyclic"): lambda rng: rng.uniform(0, 12, m * v),
        ("by date", "nominal"): lambda rng: np.tile(rng.permutation(v) % 2, m),
        ("by date", "continuous"): lambda rng: np.tile(np.sort(rng.normal(size=v)), m),
        ("mixed", "continuous"): lambda rng: (rng.uniform(0, 3 * v, (m, 1)) + np.arange(v)).ravel(),
        ("mixed", "ordinal"): lambda rng: (rng.integers(0, 3 * v, (m, 1)) + np.arange(v)).ravel() // v,
    }
    allowed = int(binom.ppf(0.99, NULLS, 0.05))
    print(f"{NULLS:,} null variables of each kind, {m} animals seen {v} times, vectors that wander; 5 % level.")
    print("(Such vectors do scatter more at each date, which the test of the spread finds.)")
    too_many = []
    for (how, kind), make in makers.items():
        rng = np.random.default_rng(0)
        place, spread, ways = 0, 0, set()
        with one_thread():
            for run in range(NULLS):
                steps = rng.normal(size=(m, v, _NULL_DIMS)).cumsum(axis=1) / 2
                x = (1.5 * rng.normal(size=(m, 1, _NULL_DIMS)) + steps).reshape(m * v, -1)
                values = pd.Series(make(rng), dtype=float)
                values = values.astype("category") if kind == "nominal" else values
                variable = Variable(column="v", kind=kind, period=12.0 if kind == "cyclic" else None)
                varying = Varying(design_of("v", values, variable).columns, units)
                found = label_test(varying, x, permutations=199, seed=run)
                ways.add(VARIES[varying.how])
                place += found.p <= 0.05
                spread += found.spread_p <= 0.05
        said = f"{place / NULLS:.1%} significant; spread {spread / NULLS:.1%}"
        print(f"{how}, {kind} ({' or '.join(sorted(ways))}): {said}", flush=True)
        too_many += [f"{how}, {kind}"] if place > allowed else []
    if too_many:
        sys.exit(f"more than the {allowed} of {NULLS:,} allowed at 5 % are significant: {'; '.join(too_many)}")


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]))
