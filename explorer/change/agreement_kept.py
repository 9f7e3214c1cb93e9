"""Agreement of a study's observers on disk: written by a worker, read by the pages."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from explorer.change.agreement import Agreement, Pair
from explorer.change.agreement_table import agreements_of
from explorer.engine import Report
from explorer.space.bootstrap import Interval
from explorer.space.quality_cache import keep, kept_at, read_kept
from explorer.study.study import Study, open_study

_VERSION = 2  # raised when a figure changes, so that old ones are not shown as new ones
_MEASURES = ("absolute", "consistent", "kappa", "bias", "error")


def agreements_at(study: Study) -> Path:
    """Where the agreement on all that people scored in ``study`` is kept."""
    return kept_at(study, "agreement", _VERSION, study.data_hash)


def compute_agreements(path: Path, out: Path, *, report: Report) -> None:
    """``agreements_of`` by path, kept at ``out``; for a worker. Raises UserError as it does."""
    report(0.0, "comparing observers")
    found = agreements_of(open_study(path))
    keep(out, {"agreement": {task: asdict(one) for task, one in found.items()}}, {})
    report(1.0, "done")


def read_agreements(path: Path) -> dict[str, Agreement] | None:
    """The agreement at ``path``, by task; None when there is none, or it is spoilt."""
    kept = read_kept(path)
    if kept is None:
        return None
    try:
        return {str(task): _agreement(one) for task, one in kept[0]["agreement"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _agreement(said: dict[str, Any]) -> Agreement:
    return Agreement(
        task=said["task"],
        unit=said["unit"],
        inter=tuple(_pair(one) for one in said["inter"]),
        intra=tuple(_pair(one) for one in said["intra"]),
        overall=None if said["overall"] is None else _pair(said["overall"]),
        remarks=tuple(said["remarks"]),
    )


def _pair(said: dict[str, Any]) -> Pair:
    measures = {name: Interval(**said[name]) for name in _MEASURES}
    first, second = said["observers"]
    return Pair(observers=(first, second), **measures, pairs=said["pairs"], animals=said["animals"])
