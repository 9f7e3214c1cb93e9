"""How often an alert is false, in words: what limits are set for, and what that came to where it could be checked."""

from collections.abc import Mapping
from typing import Any

ENOUGH = 120
"""Animals that a population interval needs (CLSI EP28); with fewer it is a guess."""

KEPT = "where it could be checked, 5 % came to 5 to 11 %"
"""Healthy animal-years with a new alert in simulated herds, mice and cows, followed as the app does (measured.md)."""

_FEW = (
    f"this herd's limits are learnt from fewer than {ENOUGH} animals: expect half as many more, twice as many where "
    "animals drift slowly"
)
"""Simulated herds of 40 animals: 7.2 % where 5 % were set, 10.8 % with a drift of its own in each animal."""


def false_alerts(facts: Mapping[str, Any]) -> str:
    """How many healthy animals to expect alerted, a sentence without its full stop; ``facts``: of ``Alerts``."""
    rates = facts["false_alarms"]
    said = (
        f"limits are set for {100 * rates['promised']:g} % of healthy animals with a false alert in a year, about "
        f"{rates['expected_per_month']:.2g} false alerts a month in this herd; {KEPT}"
    )
    few = any(one.get("fitted_on_animals", ENOUGH) < ENOUGH for one in facts["tasks"].values())
    return f"{said}; {_FEW}" if few else said
