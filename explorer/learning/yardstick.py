"""One yardstick for encoders that were trained on different losses: what they do with animals none of them has seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from explorer.learning.label_table import label_table
from explorer.learning.material import Material
from explorer.learning.miners.matches import MatchRule
from explorer.learning.model_files import Model
from explorer.learning.recipe import AGREE
from explorer.learning.retrieval import retrieve
from explorer.study.study import Study

NEIGHBOURS = 5
"""How many of the nearest are asked what their labels are."""

_AT_ONCE = 256


@dataclass(frozen=True)
class Measured:
    """What an encoder does with its test animals; shares, NaN where there is nothing to measure.

    recall_at_1, map_at_r: of animals, across dates where any was seen on two. labels_alike: of the labels known of
    both, the share that agrees between an observation and one of the ``NEIGHBOURS`` nearest of other animals, in the
    mean; labels_alike_by_chance: and any observation of another animal. How many labels must agree makes no difference
    to it. ``queries`` observations of ``animals`` animals have anything to find again.
    """

    recall_at_1: float
    map_at_r: float
    labels_alike: float
    labels_alike_by_chance: float
    queries: int
    animals: int


class Yardstick:
    """Measures encoders on the test animals of the one study that they have learnt from.

    material: of ``study``. The labels are ``tasks``; when two of them agree is told by the training animals, as in
    training.
    """

    def __init__(self, study: Study, material: Material, tasks: tuple[str, ...]) -> None:
        self._study, self._material, self._tasks = study, material, tasks
        self._held: dict[tuple[str, ...], _Held] = {}

    def __call__(self, model: Model, device: torch.device | None = None) -> Measured:
        """Measure ``model``, which is left on ``device``."""
        (trained_on,) = model.info.trained_on
        if trained_on.test not in self._held:
            self._held[trained_on.test] = self._hold(trained_on.train, trained_on.test)
        held = self._held[trained_on.test]
        vectors = model.encode(self._material.inputs[held.rows], device=device)
        found = retrieve(vectors, held.codes, held.dates)
        some = bool(len(found.first))
        return Measured(
            float(found.first.mean()) if some else np.nan,
            float(found.precision.mean()) if some else np.nan,
            held.alike(vectors),
            held.by_chance,
            len(found.rows),
            len(np.unique(found.animals)),
        )

    def _hold(self, train: tuple[str, ...], test: tuple[str, ...]) -> "_Held":
        place = {label.partition("/")[2]: code for code, label in enumerate(self._material.labels)}
        rows, learnt = (
            np.flatnonzero(np.isin(self._material.codes, [place[name] for name in names])) for names in (test, train)
        )
        table = label_table([self._study], self._tasks, learnt)
        codes, dates = self._material.codes[rows], self._material.dates[rows]
        pairs = np.unique(np.stack([codes, dates], axis=1)[np.isfinite(dates)], axis=0)
        across = len(pairs) > len(np.unique(pairs[:, 0]))
        labels = torch.from_numpy(table.values[rows])
        return _Held(rows, codes, dates if across else None, labels, table.rule(min_fraction=AGREE))


class _Held:
    """Test animals, and how much alike their labels are."""

    def __init__(
        self,
        rows: npt.NDArray[np.intp],
        codes: npt.NDArray[np.int64],
        dates: npt.NDArray[np.float64] | None,
        labels: torch.Tensor,
        rule: MatchRule,
    ) -> None:
        self.rows, self.codes, self.dates = rows, codes, dates
        self._labels, self._rule = labels, rule
        self._animals = torch.from_numpy(codes)
        everyone = torch.arange(len(rows))
        self.by_chance = self._mean(lambda block: self._others(block, everyone.expand(len(block), -1)))

    def alike(self, vectors: npt.NDArray[np.float32]) -> float:
        """The share of labels that agree with the nearest of other animals in ``vectors`` (n, d)."""
        points = torch.from_numpy(vectors)

        def nearest(block: torch.Tensor) -> torch.Tensor:
            apart = torch.cdist(points[block], points)
            apart[self._animals[block, None] == self._animals] = torch.inf
            return self._others(block, apart.topk(min(NEIGHBOURS, len(points)), dim=1, largest=False).indices)

        return self._mean(nearest)

    def _others(self, block: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """The share of labels of ``block`` (b,) that agree with its ``others`` (b, k); NaN for its own animal's."""
        shares = self._rule.share(self._labels[block, None], self._labels[others])
        return shares.masked_fill(self._animals[block, None] == self._animals[others], torch.nan)

    def _mean(self, shares_of: Callable[[torch.Tensor], torch.Tensor]) -> float:
        """The mean over observations of the mean over their others."""
        count = len(self.rows)
        means = [
            shares_of(torch.arange(start, min(count, start + _AT_ONCE))).nanmean(dim=1)
            for start in range(0, count, _AT_ONCE)
        ]
        return float(torch.cat(means).nanmean()) if means else np.nan
