"""The table that a view exports: what is selected (or shown), with its places and values, and how it was made."""

import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from explorer.errors import UserError
from explorer.space.projections import NAMES, Projection, project
from explorer.space.shown import Shown, shown
from explorer.study.export import csv_bytes, manifest
from explorer.study.study import Study
from explorer.view import View, to_query

AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Export:
    """A CSV file and the manifest that makes it again."""

    content: bytes
    facts: dict[str, Any]
    rows: int


def view_frame(study: Study, view: View, projection: Projection, seen: Shown) -> pd.DataFrame:
    """One row per exported observation, in the table's order.

    Exported is the selection; without one, everything that passes the filters, also what has no place on the map.
    Columns: observation_id, animal_id, time, x, y[, z], then each variable; a variable filled from scores is
    followed by ``NAME_observed`` and ``NAME_age`` (days since that score, or the time's own unit; negative when
    the score came later). What the study does not have is left out.
    """
    rows = np.flatnonzero(seen.filtered if view.selection.is_empty else seen.selected)
    columns: dict[str, Any] = {"observation_id": study.ids.take(rows).to_pandas()}
    if study.animal is not None:
        columns["animal_id"] = study.animal.iloc[rows].astype(object).reset_index(drop=True)
    if study.time is not None:
        columns["time"] = _times(study.time[rows])
    for axis, place in zip(AXES, projection.coordinates.T, strict=False):
        columns[axis] = place[rows]
    for name, variable in study.variables.items():
        columns[_free(name, columns)] = study.values(name).iloc[rows].reset_index(drop=True)
        if variable.score is not None:
            filled = study.filled(name)
            columns[f"{name}_observed"] = filled.observed[rows]
            columns[f"{name}_age"] = filled.age[rows]
    return pd.DataFrame(columns)


def export_view(study: Study, view: View, *, file: str, projection: Projection | None = None) -> Export:
    """The CSV of what ``view`` selects (or shows) with its manifest.

    ``view`` must name its embedding. Raises UserError when its selection cannot be told, or when nothing is left.
    """
    if view.embedding is None:
        raise UserError("the view names no embedding", how="Add embedding=NAME to it")
    embedding = study.embedding(view.embedding)
    projection = projection or project(study, embedding, view.map)
    seen = shown(study, view, projection)
    if seen.unresolved:
        raise UserError(seen.unresolved)
    frame = view_frame(study, view, projection, seen)
    content = csv_bytes(frame)
    query = urlencode({key: value for key, value in to_query(view).items() if key != "study"})
    command = shlex.join(["latent-explorer", "export", str(study.path), "--view", query, "--out", file])
    facts = manifest(
        file=file,
        content=content,
        rows=len(frame),
        command=command,
        study={"name": study.name, "simulated": study.spec.study.simulated, "data_sha256": study.data_hash},
        embedding={
            "name": embedding.name,
            "encoder": embedding.note.encoder,
            "encoder_hash": embedding.note.encoder_hash,
            "fingerprint": embedding.fingerprint,
            "remarks": list(embedding.remarks),
        },
        projection={
            "method": NAMES[projection.choice.method],
            **projection.choice.model_dump(exclude={"method"}),
            "remarks": list(projection.remarks),
        },
        filters=[chosen.model_dump(exclude_defaults=True) for chosen in view.filters],
        selection=view.selection.model_dump(exclude_defaults=True),
        counts={
            "observations": seen.total,
            "with_a_place": int(seen.placed.sum()),
            "passing_the_filters": int(seen.filtered.sum()),
            "selected": int(seen.selected.sum()),
        },
    )
    return Export(content, facts, len(frame))


def _times(times: Any) -> pd.Series:
    series = pd.Series(times)
    if series.dtype.kind != "M":
        return series
    whole_days = (series.dropna() == series.dropna().dt.normalize()).all()
    return series.dt.strftime("%Y-%m-%d" if whole_days else "%Y-%m-%dT%H:%M:%S")


def _free(name: str, taken: dict[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name
