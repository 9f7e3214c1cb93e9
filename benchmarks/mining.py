"""Semi-hard mining beside pytorch-metric-learning with the same output; labels that must agree; memory."""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import torch
from pytorch_metric_learning.distances import BaseDistance
from pytorch_metric_learning.miners import TripletMarginMiner
from pytorch_metric_learning.utils import loss_and_miner_utils
from torch import Tensor
from torch.nn import functional

from explorer.learning.miners import MatchRule, SemiHardMiner, class_matches
from explorer.learning.miners.base import distances
from explorer.learning.tuples import Triplets

_ROWS = 1_024
_DIMS = 128
_ROUNDS = 7
_EVERY_MARGIN = 1e9
"""A margin so wide that the peer gives every negative that is farther than the positive."""

_RULE = MatchRule((0.0, 0.0, 0.0, *[1.25] * 6), min_matches=5)
"""Three labels of four categories each and six numbers, five of which must agree: a fifth of the pairs do."""


class _Given(BaseDistance):
    """Distances that were measured before: those our miner compares, so that rounding cannot part the outputs."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__(normalize_embeddings=False)
        self.whole = distances(vectors, class_matches(torch.zeros(len(vectors), dtype=torch.int64)))
        self.rows = slice(None)

    def compute_mat(self, query_emb: Tensor, ref_emb: Tensor) -> Tensor:  # noqa: ARG002 - the peer calls it so
        return self.whole[self.rows]


def main() -> None:
    """Print a small table."""
    torch.manual_seed(0)
    vectors = functional.normalize(torch.randn(_ROWS, _DIMS), dim=1)
    table, given = _labels(_ROWS), _Given(vectors)
    print(f"{_ROWS:,} x {_DIMS}, the nearest farther negative of each pair; {torch.get_num_threads()} threads.")
    print("The distances are given to the peer; ours measures them.\n")
    for each in (4, 8, 32):
        classes = torch.arange(_ROWS) // each
        ours = SemiHardMiner()(vectors, class_matches(classes)).triplets
        ways: dict[str, Callable[[], Triplets]] = {
            "pytorch-metric-learning, all anchors at once": lambda c=classes: _peer(vectors, c, given, _ROWS),
            "pytorch-metric-learning, 32 anchors at a time": lambda c=classes: _peer(vectors, c, given, 32),
            "its inner routine for larger batches, called by hand": lambda c=classes: _inner(c, given),
        }
        mine = _seconds(lambda c=classes: SemiHardMiner()(vectors, class_matches(c)))
        print(f"  {_ROWS // each} classes of {each}, {len(ours.anchors):,} triplets")
        print(f"    {'ours':54} {mine * 1e3:8.1f} ms")
        for name, way in ways.items():
            same = _as_set(way()) == _as_set(ours)
            theirs = _seconds(way, rounds=2)
            print(f"    {name:54} {theirs * 1e3:8.1f} ms, {theirs / mine:.0f} x; {'same' if same else 'OTHER'} output")
    classes = torch.arange(_ROWS) // 4
    plain, nine = [], []
    for _ in range(_ROUNDS):  # in turn, so that a busy machine slows both
        plain.append(_seconds(lambda: SemiHardMiner()(vectors, class_matches(classes)), rounds=3))
        nine.append(_seconds(lambda: SemiHardMiner()(vectors, _RULE(table)), rounds=3))
    ratio = statistics.median(many / one for many, one in zip(nine, plain, strict=True))
    mined = SemiHardMiner()(vectors, _RULE(table)).triplets
    print(f"  5 of 9 labels, {len(mined.anchors):,} triplets")
    print(f"    {'ours':54} {min(nine) * 1e3:8.1f} ms, {ratio:.1f} x the time of classes of 4")
    print("\n  peak memory of 5 of 9 labels above what the inputs take")
    spawn = multiprocessing.get_context("spawn")
    for rows in (1_024, 2_048, 4_096, 8_192):
        with spawn.Pool(1) as pool:
            taken = pool.apply(_peak, (rows,))
        print(f"    {rows:6,} observations {taken / 2**20:8,.0f} MB, {taken / rows**2:4.0f} bytes a pair")


def _labels(rows: int) -> Tensor:
    """Float (rows, 9): three of four categories, six numbers with a standard deviation of 1, a tenth missing."""
    labels = torch.cat([torch.randint(0, 4, (rows, 3)).float(), torch.randn(rows, 6)], dim=1)
    return labels.where(torch.rand(rows, 9) > 0.1, torch.nan)


def _peer(vectors: Tensor, classes: Tensor, given: _Given, at_once: int) -> Triplets:
    miner = TripletMarginMiner(_EVERY_MARGIN, "semihard", distance=given)
    given.rows = slice(None)
    if at_once == len(vectors):
        return _nearest(given, *miner(vectors, classes))
    parts = []
    for start in range(0, len(vectors), at_once):
        given.rows = slice(start, start + at_once)
        a, p, n = miner(vectors[given.rows], classes[given.rows], vectors, classes)
        other = a + start != p  # against a reference, it takes an anchor for its own positive
        parts.append(torch.stack([a[other] + start, p[other], n[other]]))
    return _nearest(given, *torch.cat(parts, dim=1))


def _inner(classes: Tensor, given: _Given) -> Triplets:
    alike, unlike = loss_and_miner_utils.get_matches_and_diffs(classes)
    a, p, n = loss_and_miner_utils.get_all_triplets_indices_loop_method(classes, alike, unlike)
    farther = given.whole[a, n] > given.whole[a, p]
    return _nearest(given, a[farther], p[farther], n[farther])


def _nearest(given: _Given, a: Tensor, p: Tensor, n: Tensor) -> Triplets:
    """Of the triplets of each pair, which stand together, the one with the nearest negative; of equals the first."""
    apart = given.whole[a, n]
    pair = a * len(given.whole) + p
    nearest = torch.full((len(given.whole) ** 2,), torch.inf).scatter_reduce_(0, pair, apart, "amin")
    kept = (apart == nearest[pair]).nonzero().squeeze(1)
    kept = kept[torch.cat([torch.ones(1, dtype=torch.bool), pair[kept].diff() != 0])]
    return Triplets(a[kept], p[kept], n[kept])


def _as_set(triplets: Triplets) -> set[tuple[int, ...]]:
    return set(zip(*(rows.tolist() for rows in triplets), strict=True))


def _peak(rows: int) -> int:
    """Bytes that mining ``rows`` observations takes at most above what stands before; in a process of its own."""
    torch.manual_seed(0)
    vectors, labels = torch.randn(rows, _DIMS), _labels(rows)
    SemiHardMiner()(vectors[:64], _RULE(labels[:64]))  # what is loaded only once
    before = psutil.Process().memory_info().rss
    SemiHardMiner()(vectors, _RULE(labels))
    # Not ru_maxrss, which begins with what the parent held.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1_024 - before


def _seconds(act: Callable[[], object], *, rounds: int = _ROUNDS) -> float:
    """The quickest of some rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
