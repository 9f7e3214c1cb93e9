"""Simulating a herd whose truth is known: pictures, labels, scores and events, with the truth beside them."""

from explorer.study.simulating.effects import VARIABLES
from explorer.study.simulating.herd import simulate_herd, truth_of

__all__ = ["VARIABLES", "simulate_herd", "truth_of"]
