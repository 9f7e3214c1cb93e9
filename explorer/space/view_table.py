"""Tables that are exported, and how each was made: a view's observations, a map, an observation's neighbours."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.space.nearest import Nearest, nearest_frame, remarks, same_by_chance
from explorer.space.projections import NAMES, Projection, Report, project, settled
from explorer.space.shown import Mask, Shown, part, shown
from explorer.study.embeddings import Embedding
from explorer.study.export import Format, manifest, table_bytes
from explorer.study.study import Study
from explorer.view import Group, MapChoice, Selection, View, to_query

AXES = ("x", "y", "z")

USED: dict[str, tuple[str, ...]] = {
    "pca": ("method", "dims", "keep_places"),
    "tsne": ("method", "dims", "scale", "neighbours", "seed", "keep_places"),
    "umap": ("method", "dims", "scale", "neighbours", "min_dist", "seed", "fast", "keep_places"),
}
"""The settings of a map that its method uses."""

_DIFFERS = "a map was made in the fast way, which comes out a little different each time it is computed"
_OLDER = "a map keeps places from one made before the study grew, which is needed to make it again"


class Export(NamedTuple):
    """A file's bytes, the manifest that makes it again, and what there is to say of it."""

    content: bytes
    facts: dict[str, Any]
    rows: int
    remarks: tuple[str, ...] = ()


def exported_rows(view: View, seen: Shown) -> npt.NDArray[np.int64]:
    """Rows (from 0) that ``view`` exports: the selection; without one, all that pass the filters, placed or not."""
    return np.flatnonzero(seen.filtered if view.selection.is_empty else seen.selected)


def view_frame(
    study: Study,
    view: View,
    projection: Projection | None,
    seen: Shown,
    *,
    first: int | None = None,
    named: Mapping[str, Mask] = {},
) -> pd.DataFrame:
    """One row per exported observation, in the table's order; only the ``first`` so many where that is given.

    Columns: observation_id, animal_id, time, x, y[, z], then each variable; a variable filled from scores is
    followed by ``NAME_observed`` and ``NAME_age`` (days since that score, or the time's own unit; negative when
    the score came later). Last a bool column ``in NAME`` for each mask (n,) of ``named``. What the study does not
    have is left out; without a projection, so are x and y. A name that is taken gets underscores.
    """
    rows = exported_rows(view, seen)[:first]
    columns: dict[str, Any] = {"observation_id": study.ids.take(rows).to_pandas()}
    if study.animal is not None:
        columns["animal_id"] = study.animal.iloc[rows].reset_index(drop=True)
    if study.time is not None:
        columns["time"] = study.time[rows]
    if projection is not None:
        columns |= {axis: place[rows] for axis, place in zip(AXES, projection.coordinates.T, strict=False)}
    for name, variable in study.variables.items():
        columns[_free(name, columns)] = study.values(name).iloc[rows].reset_index(drop=True)
        if variable.score is not None:
            filled = study.filled(name)
            columns[_free(f"{name}_observed", columns)] = filled.observed[rows]
            columns[_free(f"{name}_age", columns)] = filled.age[rows]
    for name, mask in named.items():
        columns[_free(f"in {name}", columns)] = mask[rows]
    return pd.DataFrame(columns)


def export_view(
    study: Study,
    view: View,
    *,
    file: str,
    format: Format = "csv",
    projection: Projection | None = None,
    named: Mapping[str, View] = {},
    decisions: int = 0,
    report: Report | None = None,
) -> Export:
    """The table of what ``view`` selects (or shows), with its manifest.

    Without a ``projection`` at hand, the view's map and those that its selection and the ``named`` ones were drawn on
    are computed (or read from the cache); a view without an embedding has no map. The manifest names the map whose
    places were written. ``named`` are the named selections as they were after event number ``decisions``, which the
    manifest's command carries: what each view selects among what its filters show. Each becomes a column.
    Raises UserError when nothing is left to write, and when a selection's map is not at hand.
    """
    views = [view, *named.values()]
    parts = [Selection(strokes=one.within.strokes) for one in views if one.within is not None]
    drawn_on = _drawn_on(study, [*parts, *(one.selection for one in views)])
    if projection is not None:
        view = view.but(map=projection.choice)  # PCA may stand in for a map that is still being made
    else:
        own = [] if view.embedding is None else [(view.embedding, settled(view.map), view.within)]
        made = _maps(study, [*drawn_on, *own], report)  # its own at last: the part it is made of may need another
        projection = made[own[0]] if own else None
    embedding = None if view.embedding is None else part(study, study.embedding(view.embedding), view.within)
    seen = shown(study, view, projection)
    if seen.unresolved:
        raise UserError(seen.unresolved)
    members = {name: _members(study, name, one) for name, one in named.items()}
    masks = {name: member.selected for name, member in members.items()}
    frame = view_frame(study, view, projection, seen, named=masks)
    if frame.empty:
        raise UserError("no observation is left to write", how="Loosen the filters, or select others")
    content = table_bytes(frame, format)
    query = urlencode({key: value for key, value in to_query(view).items() if key != "study"})
    command = ["latent-explorer", "export", str(study.path), "--view", query]
    rows = exported_rows(view, seen)
    facts = manifest(
        file=file,
        content=content,
        rows=len(frame),
        command=shlex.join([*command, "--decisions", str(decisions), "--out", file]),
        **origins(study, embedding, projection),
        filters=[chosen.model_dump(exclude_defaults=True) for chosen in view.filters],
        within=None if view.within is None else view.within.model_dump(exclude_defaults=True),
        selection=view.selection.model_dump(exclude_defaults=True),
        named_selections=_named_facts(named, members, rows, list(frame.columns)),
        counts={
            "observations": seen.total,
            "with_a_place": int(seen.placed.sum()),
            "passing_the_filters": int(seen.filtered.sum()),
            "selected": int(seen.selected.sum()),
            "selected_ids_not_in_the_study": seen.unknown_ids,
        },
        **again([*([projection.choice] if projection else []), *(on for _, on, _ in drawn_on)]),
    )
    return Export(content, facts, len(frame))


def _named_facts(
    named: Mapping[str, View], members: Mapping[str, Shown], rows: npt.NDArray[np.int64], columns: list[str]
) -> list[dict[str, Any]]:
    """What the manifest says of each named selection; their columns are the last."""
    return [
        {
            "name": name,
            "column": column,
            "selection": named[name].selection.model_dump(exclude_defaults=True),
            "filters": [chosen.model_dump(exclude_defaults=True) for chosen in named[name].filters],
            "observations": int(found.selected.sum()),
            "rows": int(found.selected[rows].sum()),
            "ids_not_in_the_study": found.unknown_ids,
        }
        for (name, found), column in zip(members.items(), columns[len(columns) - len(named) :], strict=True)
    ]


_Map = tuple[str, MapChoice, Group | None]


def _drawn_on(study: Study, selections: Iterable[Selection]) -> list[_Map]:
    """Embedding, choice and part of each map that polygons were drawn on, as far as the study can have it."""
    strokes = [stroke for selection in selections for stroke in selection.outlines]
    known = [one for one in strokes if one.embedding in study.embedding_names and one.on.dims == 2]
    return [(str(one.embedding), settled(one.on), one.within) for one in known]


def _maps(study: Study, wanted: Iterable[_Map], report: Report | None) -> dict[_Map, Projection]:
    """Each of the maps, computed where it is not in the cache; ``report`` hears one progress of all."""
    todo = list(dict.fromkeys(wanted))
    found: dict[_Map, Projection] = {}
    for place, (name, choice, within) in enumerate(todo):
        embedding = part(study, study.embedding(name), within)
        found[name, choice, within] = project(study, embedding, choice, _part(report, place, len(todo)))
    return found


def _part(report: Report | None, place: int, of: int) -> Report | None:
    if report is None or of == 1:
        return report
    return lambda fraction, note: report((place + fraction) / of, note)


def _members(study: Study, name: str, made: View) -> Shown:
    """The observations of a named selection, whatever the exported view filters out."""
    found = shown(study, View(selection=made.selection, filters=made.filters, within=made.within), None)
    if found.unresolved:
        raise UserError(f"the named selection {name!r} cannot be told: {found.unresolved}")
    return found


def export_projection(
    study: Study, name: str, choice: MapChoice, *, file: str, format: Format = "csv", report: Report | None = None
) -> Export:
    """The coordinates of a map with their manifest: observation_id, x, y[, z]; empty where there is no vector.

    ``remarks`` are those of the embedding and of the map. Raises UserError as ``project`` does.
    """
    embedding = study.embedding(name)
    projection = project(study, embedding, choice, report)
    places = dict(zip(AXES, projection.coordinates.T, strict=False))
    frame = pd.DataFrame({"observation_id": study.ids.to_pandas(), **places})
    content = table_bytes(frame, format)
    options = [f"--embedding={name}", *option_words(projection.choice)]
    command = ["latent-explorer", "project", str(study.path), *options, "--out", file]
    facts = manifest(
        file=file,
        content=content,
        rows=len(frame),
        command=shlex.join(command),
        **origins(study, embedding, projection),
        **again([projection.choice]),
    )
    return Export(content, facts, len(frame), (*embedding.remarks, *projection.remarks))


def export_nearest(study: Study, name: str, found: Nearest, k: int, *, file: str, format: Format = "csv") -> Export:
    """The neighbours ``found`` when ``k`` were asked for, as ``nearest_frame`` lays them out, with their manifest."""
    embedding = study.embedding(name)
    frame = nearest_frame(study, found)
    content = table_bytes(frame, format)
    observation = study.ids[found.row].as_py()
    options = [f"--observation={observation}", f"--k={k}", f"--embedding={name}", "--out", file]
    chance = same_by_chance(study, embedding, found.row)
    facts = manifest(
        file=file,
        content=content,
        rows=len(frame),
        command=shlex.join(["latent-explorer", "neighbours", str(study.path), *options]),
        **origins(study, embedding, None),
        observation=observation,
        distance="Euclidean, between the vectors themselves; exact",
        same_animal_by_chance=chance,
        counts={"others_with_a_vector": found.among, "observations_without_a_vector": found.without},
    )
    return Export(content, facts, len(frame), remarks(study, embedding, found))


def used(choice: MapChoice) -> dict[str, Any]:
    """The settings of ``choice`` that its method uses."""
    given = settled(choice).model_dump()
    unused = "neighbours" if choice.neighbours is None else "scale"
    return {key: given[key] for key in USED[choice.method] if key != unused}


def option_words(choice: MapChoice) -> list[str]:
    """The settings of ``choice`` that its method uses as options of the command line; none for a switch that is off."""
    options = {f"--{key.replace('_', '-')}": value for key, value in used(choice).items() if value is not False}
    return [option if value is True else f"{option}={value}" for option, value in options.items()]


def again(choices: Iterable[MapChoice]) -> dict[str, Any]:
    """Whether the command makes the same file on any machine, and why not."""
    used_ones = [settled(choice) for choice in choices]
    why = [_DIFFERS] if any(choice.fast for choice in used_ones) else []
    why += [_OLDER] if any(choice.keep_places for choice in used_ones) else []
    return {"reproducible": False, "why_not": "; ".join(why)} if why else {"reproducible": True}


def origins(study: Study, embedding: Embedding | None, projection: Projection | None) -> dict[str, Any]:
    """What a manifest says of the data: the study, the embedding and the map, as far as they took part."""
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
            **used(projection.choice),
            "method": NAMES[projection.choice.method],
            "explained_variance": list(projection.explained),
            "remarks": list(projection.remarks),
        }
    return out


def _free(name: str, taken: dict[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name
