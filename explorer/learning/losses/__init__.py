"""The losses by name, one interface for all: ``LOSSES[name](...)(embeddings, ...)``, see ``base.Loss``."""

from explorer.learning.losses.angular import AngularLoss
from explorer.learning.losses.angular_batch import AngularBatchLoss
from explorer.learning.losses.base import Loss
from explorer.learning.losses.center import CenterLoss
from explorer.learning.losses.contrastive import ContrastiveLoss
from explorer.learning.losses.distance_regression import DistanceRegression
from explorer.learning.losses.histogram import HistogramLoss
from explorer.learning.losses.ladder import LadderLoss
from explorer.learning.losses.lifted_structure import LiftedStructureLoss
from explorer.learning.losses.magnet import MagnetLoss
from explorer.learning.losses.n_pair import NPairLoss
from explorer.learning.losses.opml import OpmlLoss
from explorer.learning.losses.quadruplet import QuadrupletLoss
from explorer.learning.losses.selected_dimensions import SelectedDimensions
from explorer.learning.losses.triplet import TripletLoss
from explorer.learning.losses.triplet_center import TripletCenterLoss

LOSSES: dict[str, type[Loss]] = {
    "angular": AngularLoss,
    "angular_batch": AngularBatchLoss,
    "center": CenterLoss,
    "contrastive": ContrastiveLoss,
    "distance_regression": DistanceRegression,
    "histogram": HistogramLoss,
    "ladder": LadderLoss,
    "lifted_structure": LiftedStructureLoss,
    "magnet": MagnetLoss,
    "n_pair": NPairLoss,
    "opml": OpmlLoss,
    "quadruplet": QuadrupletLoss,
    "selected_dimensions": SelectedDimensions,
    "triplet": TripletLoss,
    "triplet_center": TripletCenterLoss,
}
"""Each class says in ``takes`` what it must be given beside the embeddings."""
