"""Alerts on disk: written by a worker, read by the pages; no pickle, since a study's folder may come from anybody."""

import importlib
import math
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.change.known_events import Noted
from explorer.change.series import vectors_of
from explorer.decisions.alert_verdicts import Verdicts
from explorer.engine import Report
from explorer.space.quality_cache import keep, read_kept
from explorer.study.fingerprint import hash_json
from explorer.study.study import Study, open_study
from explorer.view import Follow

if TYPE_CHECKING:
    from explorer.change.alerts import Alerts
    from explorer.change.arms import Method

Arrays = dict[str, npt.NDArray[Any]]

_VERSION = 8  # raised when alerts change, so that old ones are not shown as new ones
_MOST_SETTINGS, _MOST_DECIDED = 8, 2
_ROOM = "explorer.change."
_PLAIN = (bool, int, float, str, type(None))


def alerts_at(study: Study, follow: Follow, verdicts: Verdicts, noted: Noted = ()) -> Path:
    """Where the alerts of ``study`` are kept that follow from these settings, ``verdicts`` and events ``noted``.

    Their folder is that of the same settings, whatever was decided and noted.
    """
    vectors = vectors_of(study, follow.variables)
    settings = hash_json([_VERSION, study.data_hash, vectors, follow.model_dump(mode="json")])
    decided = [sorted([*key, verdict] for key, verdict in verdicts.items()), noted]
    return study.cache / "alerts" / settings[:20] / f"{hash_json(decided)[:20]}.npz"


def compute_at(path: Path, follow: Follow, verdicts: Verdicts, out: Path, noted: Noted = (), *, report: Report) -> None:
    """``alerts_of`` by path and the settings of a view, which must name their variables, kept at ``out``; for a worker.
    Raises UserError as it does."""
    from explorer.change.alerts import alerts_of

    found = alerts_of(
        open_study(path),
        follow.variables,
        rate=follow.rate,
        method=cast("Method", follow.method),  # checked there
        memory=None if follow.memory == "all" else follow.memory,
        covariates=follow.covariates,
        unhealthy=follow.unhealthy,
        verdicts=dict(verdicts),
        noted=noted,
        report=report,
    )
    keep_alerts(out, found)
    _forget_old(out)


def _forget_old(newest: Path) -> None:
    """Leave the last of these settings with their last two sets of verdicts: each file may be tens of megabytes."""
    with suppress(OSError):  # somebody else may be at it
        for file in _by_age(newest.parent.glob("*.npz"))[_MOST_DECIDED:]:
            file.unlink()
        for folder in _by_age(newest.parent.parent.iterdir())[_MOST_SETTINGS:]:
            shutil.rmtree(folder)


def _by_age(paths: Iterable[Path]) -> list[Path]:
    """The newest first."""
    return sorted(paths, key=lambda one: one.stat().st_mtime_ns, reverse=True)


def keep_alerts(path: Path, alerts: "Alerts") -> None:
    """Write them, atomically. Raises UserError when the disk or the rights do not allow it.

    Of references that are not the latest, what p values are read from is left out: no visit will ask for one, and it
    is most of the file.
    """
    followed = {
        name: replace(
            one, references=(*(replace(old, chance=np.empty(0)) for old in one.references[:-1]), *one.references[-1:])
        )
        for name, one in alerts.followed.items()
    }
    arrays: Arrays = {}
    keep(path, {"alerts": _packed(replace(alerts, followed=followed), arrays)}, arrays)


def read_alerts(path: Path) -> "Alerts | None":
    """The alerts at ``path``; None when there are none, or they are spoilt."""
    kept = read_kept(path)
    if kept is None:
        return None
    try:
        found = _unpacked(kept[0]["alerts"], kept[1])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ImportError):
        return None
    return found if type(found).__name__ == "Alerts" else None


def _packed(value: Any, arrays: Arrays) -> Any:
    """``value`` as JSON, its arrays put into ``arrays``. Raises TypeError for what is none of ours."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.ndarray) and value.dtype != object:
        arrays[name := f"a{len(arrays)}"] = value
        return {"array": name}
    if isinstance(value, np.ndarray | pd.Index):
        return {"objects": [_packed(one, arrays) for one in value.tolist()]}
    if isinstance(value, pd.Series):
        return {"series": _packed(_column(value), arrays), "name": value.name}
    if isinstance(value, pd.DataFrame):
        return {"frame": [[name, _packed(_column(value[name]), arrays)] for name in value.columns], "rows": len(value)}
    if isinstance(value, tuple | list):
        return {type(value).__name__: [_packed(one, arrays) for one in value]}
    if isinstance(value, Mapping):
        return {"dict": [[_packed(key, arrays), _packed(one, arrays)] for key, one in value.items()]}
    if is_dataclass(value) and type(value).__module__.startswith(_ROOM):
        parts = {one.name: _packed(getattr(value, one.name), arrays) for one in fields(value) if one.init}
        return {"is": [type(value).__module__.removeprefix(_ROOM), type(value).__name__], "parts": parts}
    raise TypeError(f"{type(value).__name__} cannot be kept among alerts")


def _column(values: pd.Series) -> npt.NDArray[Any]:
    """Numbers, truths and dates as they are; text and categories as objects, None where missing."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "biufM":
        return values.to_numpy()
    return values.astype(object).where(values.notna(), None).to_numpy(dtype=object)


def _unpacked(said: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    if isinstance(said, _PLAIN):
        return said
    if "float" in said:
        return float(said["float"])
    if "array" in said:
        return arrays[said["array"]]
    if "objects" in said:
        return np.array([_unpacked(one, arrays) for one in said["objects"]], dtype=object)
    if "series" in said:
        return pd.Series(_unpacked(said["series"], arrays), name=said["name"])
    if "frame" in said:
        columns = {name: _unpacked(column, arrays) for name, column in said["frame"]}
        return pd.DataFrame(columns, index=range(said["rows"]))
    for sequence in (tuple, list):
        if sequence.__name__ in said:
            return sequence(_unpacked(one, arrays) for one in said[sequence.__name__])
    if "dict" in said:
        return {_unpacked(key, arrays): _unpacked(one, arrays) for key, one in said["dict"]}
    module, name = said["is"]
    if not (module.isidentifier() and name.isidentifier()):
        raise ValueError(f"{module}.{name} is none of ours")
    kind: Any = getattr(importlib.import_module(_ROOM + module), name)
    ours = isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == _ROOM + module
    if not ours:
        raise ValueError(f"{module}.{name} is none of ours")
    return kind(**{key: _unpacked(one, arrays) for key, one in said["parts"].items()})
