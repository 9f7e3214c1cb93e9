"""Miners: which triplets of a batch are learnt from."""

from explorer.learning.miners.adaptive_margin import AdaptiveMarginMiner
from explorer.learning.miners.base import Mined, Miner
from explorer.learning.miners.distance_weighted import DistanceWeightedMiner
from explorer.learning.miners.hard import HardMiner
from explorer.learning.miners.matches import Matches, MatchRule, class_matches
from explorer.learning.miners.random import RandomMiner
from explorer.learning.miners.semi_hard import SemiHardMiner

MINERS: dict[str, type[Miner]] = {
    "random": RandomMiner,
    "hard": HardMiner,
    "semi_hard": SemiHardMiner,
    "distance_weighted": DistanceWeightedMiner,
    "adaptive_margin": AdaptiveMarginMiner,
}
"""All miners by name; each takes its settings as keywords, and all have defaults."""

__all__ = [
    "MINERS",
    "AdaptiveMarginMiner",
    "DistanceWeightedMiner",
    "HardMiner",
    "MatchRule",
    "Matches",
    "Mined",
    "Miner",
    "RandomMiner",
    "SemiHardMiner",
    "class_matches",
]
