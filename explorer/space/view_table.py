"""The table that a view exports: what is selected (or shown), with its places and values, and how it was made."""

import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from explorer.errors import UserError
from explorer.space.projections import NAMES, Projection, Report, project
from explorer.space.shown import Shown, shown
from explorer.study.embeddings import Embedding
from explorer.study.export import csv_bytes, manifest
from explorer.study.study import Study
from explorer.view import MapChoice, View, to_query

AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Export:
    """A CSV file and the manifest that makes it again."""

    content: bytes
    facts: dict[str, Any]
    rows: int


def view_frame(study: Study, view: View, projection: Projection | None, seen: Shown) -> pd.DataFrame:
    """One row per exported observation, in the table's order.

    Exported is the selection; without one, everything that passes the filters, also what has no place on the map.
    Columns: observation_id, animal_id, time, x, y[, z], then each variable; a variable filled from scores is
    followed by ``NAME_observed`` and ``NAME_age`` (days since that score, or the time's own unit; negative when
    the score came later). What the study does not have is left out; without a projection, so are x and y.
    """
    rows = np.flatnonzero(seen.filtered if view.selection.is_empty else seen.selected)
    columns: dict[str, Any] = {"observation_id": study.ids.take(rows).to_pandas()}
    if study.animal is not None:
        columns["animal_id"] = study.animal.iloc[rows].astype(object).reset_index(drop=True)
    if study.time is not None:
        columns["time"] = _times(study.time[rows])
    if projection is not None:
        columns |= {axis: place[rows] for axis, place in zip(AXES, projection.coordinates.T, strict=False)}
    for name, variable in study.variables.items():
        columns[_free(name, columns)] = study.values(name).iloc[rows].reset_index(drop=True)
        if variable.score is not None:
            filled = study.filled(name)
            columns[_free(f"{name}_observed", columns)] = filled.observed[rows]
            columns[_free(f"{name}_age", columns)] = filled.age[rows]
    return pd.DataFrame(columns)


def export_view(
    study: Study, view: View, *, file: str, projection: Projection | None = None, report: Report | None = None
) -> Export:
    """The CSV of what ``view`` selects (or shows) with its manifest.

    Without a ``projection`` at hand, the view's map and the one its selection was drawn on are computed (or read
    from the cache); a view without an embedding has no map. The manifest names the map whose places were written.
    Raises UserError when nothing is left to write.
    """
    embedding = None if view.embedding is None else study.embedding(view.embedding)
    if projection is not None:
        view = view.but(map=projection.choice)  # PCA may stand in for a map that is still being made
    elif embedding is not None:
        for stroke in view.selection.strokes:
            if stroke.polygon is not None and stroke.embedding in study.embedding_names:
                project(study, study.embedding(str(stroke.embedding)), stroke.on, report)
        projection = project(study, embedding, view.map, report)
    seen = shown(study, view, projection)
    if seen.unresolved:
        raise UserError(seen.unresolved)
    frame = view_frame(study, view, projection, seen)
    if frame.empty:
        raise UserError("no observation is left to write", how="Loosen the filters, or select others")
    content = csv_bytes(frame)
    query = urlencode({key: value for key, value in to_query(view).items() if key != "study"})
    command = shlex.join(["latent-explorer", "export", str(study.path), "--view", query, "--out", file])
    facts = manifest(
        file=file,
        content=content,
        rows=len(frame),
        command=command,
        **_origins(study, embedding, projection),
        filters=[chosen.model_dump(exclude_defaults=True) for chosen in view.filters],
        selection=view.selection.model_dump(exclude_defaults=True),
        counts={
            "observations": seen.total,
            "with_a_place": int(seen.placed.sum()),
            "passing_the_filters": int(seen.filtered.sum()),
            "selected": int(seen.selected.sum()),
            "selected_ids_not_in_the_study": seen.unknown_ids,
        },
    )
    return Export(content, facts, len(frame))


def export_projection(study: Study, name: str, choice: MapChoice, *, file: str, report: Report | None = None) -> Export:
    """The coordinates of a map with their manifest: observation_id, x, y[, z]; empty where there is no vector."""
    embedding = study.embedding(name)
    projection = project(study, embedding, choice, report)
    places = dict(zip(AXES, projection.coordinates.T, strict=False))
    frame = pd.DataFrame({"observation_id": study.ids.to_pandas(), **places})
    content = csv_bytes(frame)
    options = [f"--{key}={value}" for key, value in projection.choice.model_dump().items()]
    command = ["latent-explorer", "project", str(study.path), f"--embedding={name}", *options, "--out", file]
    facts = manifest(
        file=file,
        content=content,
        rows=len(frame),
        command=shlex.join(command),
        **_origins(study, embedding, projection),
    )
    return Export(content, facts, len(frame))


def _origins(study: Study, embedding: Embedding | None, projection: Projection | None) -> dict[str, Any]:
    out: dict[str, Any] = {
        "study": {"name": study.name, "simulated": study.spec.study.simulated, "data_sha256": study.data_hash}
    }
    if embedding is not None:
        out["embedding"] = {
            "name": embedding.name,
            "encoder": embedding.note.encoder,
            "encoder_hash": embedding.note.encoder_hash,
            "fingerprint": embedding.fingerprint,
            "remarks": list(embedding.remarks),
        }
    if projection is not None:
        out["projection"] = {
            **projection.choice.model_dump(),
            "method": NAMES[projection.choice.method],
            "explained_variance": list(projection.explained),
            "remarks": list(projection.remarks),
        }
    return out


def _times(times: Any) -> pd.Series:
    series = pd.Series(times)
    if series.dtype.kind != "M":
        return series
    known = series.dropna()
    if (known == known.dt.normalize()).all():
        return series.dt.strftime("%Y-%m-%d")
    whole_seconds = (known.dt.microsecond == 0).all()
    return series.dt.strftime("%Y-%m-%dT%H:%M:%S" if whole_seconds else "%Y-%m-%dT%H:%M:%S.%f")


def _free(name: str, taken: dict[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name
