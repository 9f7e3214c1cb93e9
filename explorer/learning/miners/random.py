"""Triplets by chance alone."""

from torch import Tensor

from explorer.learning.miners.base import Mined, check
from explorer.learning.miners.chance import ChanceMiner
from explorer.learning.miners.matches import Matches
from explorer.learning.tuples import Triplets


class RandomMiner(ChanceMiner):
    """Anchors drawn uniformly and with replacement; for each one of its positives and one of its negatives likewise.

    count: triplets of a batch; None for as many as the batch has observations. Source: O'Mahony et al. 2021,
    section 5.
    """

    def __init__(self, *, count: int | None = None, seed: int = 0) -> None:
        super().__init__(seed=seed)
        if count is not None and count < 1:
            raise ValueError(f"count must be at least 1, not {count}")
        self.count = count

    def __call__(self, embeddings: Tensor, matches: Matches) -> Mined:
        """Triplets in the order they were drawn; the embeddings' values make no difference."""
        check(embeddings, matches)
        usable = matches.anchors
        count = (self.count or len(matches)) if len(usable) else 0
        places = (self._uniform(count, usable.device) * len(usable)).long().clamp_(max=max(0, len(usable) - 1))
        anchors = usable[places]
        positives, negatives = self._draw(matches.positive, anchors), self._draw(matches.negative, anchors)
        return Mined(Triplets(anchors, positives, negatives), matches.anchors_dropped)
