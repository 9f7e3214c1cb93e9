"""Tables of what arms and strata came to: shares with their intervals and how many animals they are of."""

import pandas as pd

from explorer.recognition.arms import GLOBAL
from explorer.recognition.evidence import Evidence
from explorer.recognition.open_set import Rates


def arms_frame(found: Evidence) -> pd.DataFrame:
    """One row for each arm, the global one first; shares as the file has them.

    Columns: arm; tar_at, tar_at_low, tar_at_high (at the promised share of false accepts, for all the same); more,
    more_low, more_high (than one threshold for all, missing for it), beats_shuffled; fpir, fpir_low, fpir_high, tar,
    tar_low, tar_high (at the arm's own thresholds), worst_stratum, worst_fpir, baks, baus; fnir_1, fnir_10 (misses at
    1 % and 10 % of false accepts).
    """
    rows = []
    for arm in found.facts["arms"]:
        seen = found.arms[arm["name"]]
        delta = found.facts["delta"].get(arm["name"], {})
        trade = seen.curve
        rows.append(
            {
                "arm": arm["name"],
                "tar_at": seen.at.value,
                "tar_at_low": seen.at.low,
                "tar_at_high": seen.at.high,
                "more": delta.get("tar"),
                "more_low": delta.get("low"),
                "more_high": delta.get("high"),
                "beats_shuffled": delta.get("beats_shuffled"),
                **{name: arm[name] for name in ("fpir", "fpir_low", "fpir_high", "tar", "tar_low", "tar_high")},
                **{name: arm[name] for name in ("worst_stratum", "worst_fpir", "baks", "baus")},
                "fnir_1": trade.fnir_at(0.01),
                "fnir_10": trade.fnir_at(0.1),
            }
        )
    return pd.DataFrame(rows)


def strata_frame(found: Evidence, arm: str) -> pd.DataFrame:
    """One row for each stratum: its threshold, where that comes from, and what the test came to in it.

    Columns: stratum, calibrated_with (animals), missing (animals that it lacks for a threshold of its own), taken_from
    (empty for one of its own), tau (in plain distances); then, for ``arm`` at its own thresholds: fpir, fpir_low,
    fpir_high, unknown (animals), tar, tar_low, tar_high, known (animals); and fpir_global, of one threshold for all.
    """
    guarantee, taus = found.facts["guarantee"], found.taus("stratum")
    rows = []
    for place, label in enumerate(found.labels):
        inside = found.strata == place
        ours, everyone = found.arms[arm].rates(inside), found.arms[GLOBAL].rates(inside)
        rows.append(
            {
                "stratum": label,
                "calibrated_with": guarantee["animals"][label],
                "missing": guarantee["missing"].get(label, 0),
                "taken_from": guarantee["taken_from"].get(label, ""),
                "tau": taus[label],
                **_shares(ours),
                "fpir_global": everyone.fpir.value,
            }
        )
    return pd.DataFrame(rows)


def _shares(found: Rates) -> dict[str, float]:
    return {
        "fpir": found.fpir.value,
        "fpir_low": found.fpir.low,
        "fpir_high": found.fpir.high,
        "unknown": found.unknown,
        "tar": found.tar.value,
        "tar_low": found.tar.low,
        "tar_high": found.tar.high,
        "known": found.known,
    }
