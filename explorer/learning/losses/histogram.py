"""The histogram loss: how likely a dissimilar pair is more similar than a similar one."""

from torch import Tensor

from explorer.learning.losses.base import Given, Loss, takes
from explorer.learning.tuples import Pairs


class HistogramLoss(Loss):
    """``sum_r h-_r sum_(q <= r) h+_q``: histograms h+ and h- of the cosines of similar and of dissimilar pairs.

    ``bins`` nodes on -1..1; a cosine counts for the two nodes around it in shares that fall linearly with the
    distance. The result is a probability: there is nothing to reduce. Pairs are those given, or all of the labels,
    each once; 0 unless there are both. All embeddings are brought to unit length. Equal to pytorch-metric-learning's
    with ``n_bins = bins - 1``, but a cosine of 1 or more, as that of two equal vectors is, has a place here and is an
    IndexError there. Memory: n by n. Source: Ustinova & Lempitsky 2016, section 3.
    """

    takes = takes("labels", "positives negatives")
    hinged = False

    def __init__(self, bins: int = 101) -> None:
        if bins < 2:
            raise ValueError(f"a histogram needs at least 2 bins, not {bins}")
        super().__init__(reduction="sum", normalise=True)
        self.bins = bins

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """The one probability."""
        cosines = (embeddings @ embeddings.mT).clamp(-1, 1)
        similar, others = given.pairs()
        if not len(similar.first) or not len(others.first):
            return ()
        below = self._histogram(cosines, similar).cumsum(dim=0)
        return ((self._histogram(cosines, others) * below).sum()[None],)

    def _histogram(self, cosines: Tensor, pairs: Pairs) -> Tensor:
        places = (cosines[pairs] + 1) * ((self.bins - 1) / 2)
        node = places.detach().floor().clamp(max=self.bins - 2).long()
        share = places - node
        counts = places.new_zeros(self.bins).index_add(0, node, 1 - share).index_add(0, node + 1, share)
        return counts / len(places)
