"""What a view shows of a study: which observations have a place, pass the filters, are selected."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.space.parts import part_of
from explorer.space.projections import NAMES, Projection, cache_path, project, quick, settled
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.view import Group, MapChoice, Selection, Stroke, VariableFilter, View

Mask = npt.NDArray[np.bool_]
_Maps = dict[tuple[str, MapChoice, Group | None], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Shown:
    """Masks over all observations, bool (n,): with a place on the map, passing the filters, selected.

    A selected observation passes the filters too; ``hidden`` counts those of the selection that do not. ``total`` is
    n. ``unresolved`` is a sentence when the selection was drawn on a map that is not at hand, else None.
    ``unknown_ids`` counts selected ids that the study does not have.
    """

    placed: Mask
    filtered: Mask
    selected: Mask
    unresolved: str | None = None
    unknown_ids: int = 0
    hidden: int = 0

    @property
    def visible(self) -> Mask:
        """With a place, and passing the filters."""
        return self.placed & self.filtered

    @property
    def total(self) -> int:
        """Number of observations in the study."""
        return len(self.placed)


def inside_polygon(points: npt.NDArray[np.floating], polygon: npt.NDArray[np.floating]) -> Mask:
    """Which of ``points`` (n, 2) lie inside ``polygon`` (m, 2), by the even-odd rule; NaN lies nowhere.

    Vectorised over the points; the loop is over the polygon's edges.
    """
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    x, y = points[near, 0].astype(np.float64), points[near, 1].astype(np.float64)
    crossings = np.zeros(len(near), dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y1 != y2:
            straddles = (y1 > y) != (y2 > y)
            crossings ^= straddles & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    out = np.zeros(len(points), dtype=bool)
    out[near[crossings]] = True
    return out


def filter_mask(study: Study, filters: tuple[VariableFilter, ...]) -> Mask:
    """Which observations pass every filter; bool (n,). Raises UserError for a filter that does not fit its variable."""
    mask = np.ones(len(study), dtype=bool)
    for chosen in filters:
        values = study.values(chosen.variable)
        known = values.notna().to_numpy()
        passes = known.copy()
        if chosen.values is not None:
            if not isinstance(values.dtype, pd.CategoricalDtype):
                raise UserError(f"{chosen.variable} is a number, so it is filtered by a range")
            # By category, not by row; the last place is that of the code -1, a missing value.
            among = np.append(np.isin([str(label) for label in values.cat.categories], chosen.values), False)
            passes &= among[values.cat.codes.to_numpy()]
        elif chosen.low is not None or chosen.high is not None:
            if isinstance(values.dtype, pd.CategoricalDtype):
                raise UserError(f"{chosen.variable} has categories, so it is filtered by naming them")
            passes &= _in_range(values.to_numpy(), chosen, cyclic=study.variable(chosen.variable).kind == "cyclic")
        mask &= passes | (~known & chosen.missing)
    return mask


def _in_range(values: npt.NDArray[np.float64], chosen: VariableFilter, *, cyclic: bool) -> Mask:
    low = -np.inf if chosen.low is None else chosen.low
    high = np.inf if chosen.high is None else chosen.high
    if low > high and not cyclic:
        raise UserError(f"the range of {chosen.variable} begins at {low:g}, above its end at {high:g}")
    if low > high:  # across the end of the cycle: from November to February
        return np.asarray((values >= low) | (values <= high))
    return np.asarray((values >= low) & (values <= high))


def row_numbers(study: Study, ids: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Rows (from 0) of the observations with these ids; ids that are not in the study have none."""
    if not ids:
        return np.empty(0, dtype=np.int64)
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.is_in(study.ids, value_set=pa.array(list(ids), type=study.ids.type))
    return np.flatnonzero(found.to_numpy(zero_copy_only=False))


def part(study: Study, embedding: Embedding, within: Group | None) -> Embedding:
    """``embedding``, or its part ``within``. Raises UserError when that part cannot be told, or has no vectors."""
    if within is None:
        return embedding
    missing = missing_map(study, Selection(strokes=within.strokes))
    if missing:
        raise UserError(f"the part that the map is made of cannot be told: {missing}", how="Go back to all")
    return part_of(embedding, group_mask(study, within), within.name or "the part")


def group_mask(study: Study, group: Group) -> Mask:
    """Which observations the group holds, bool (n,); its maps must be at hand."""
    return _group(study, group, {})


def missing_map(study: Study, selection: Selection) -> str | None:
    """A sentence when a map that the selection was drawn on is not at hand; None when it can be resolved."""
    # In this order, a map's part can be told before the map itself is looked for.
    return next((missing for stroke in selection.outlines if (missing := _missing(study, stroke))), None)


def _missing(study: Study, stroke: Stroke) -> str | None:
    if stroke.embedding is None or stroke.embedding not in study.embedding_names or stroke.on.dims != 2:
        return "The selection was drawn on a map that this study does not have."
    if quick(stroke.on):
        return None
    if cache_path(study, part(study, study.embedding(stroke.embedding), stroke.within), stroke.on).exists():
        return None
    return (
        f"The selection was drawn on a {NAMES[stroke.on.method]} map of {stroke.embedding} that has not been computed "
        "here yet; open that map to see it."
    )


def selection_mask(study: Study, selection: Selection) -> tuple[Mask, str | None]:
    """Which observations the selection holds, and a sentence when a map it was drawn on is not at hand.

    Strokes count in their order; a polygon takes all observations inside it on its own map, drawn or not. Half of a
    selection would be another one: when it cannot be resolved, none is held.
    """
    missing = missing_map(study, selection)
    if missing:
        return np.zeros(len(study), dtype=bool), missing
    return _after(study, selection.strokes, {}), None


def _after(study: Study, strokes: tuple[Stroke, ...], places: _Maps) -> Mask:
    """What ``strokes`` leave, one after another; the places of maps are kept between them."""
    mask = np.zeros(len(study), dtype=bool)
    for stroke in strokes:
        if stroke.group is not None:
            held = _group(study, stroke.group, places)
        elif stroke.polygon is not None and stroke.embedding is not None:
            key = (stroke.embedding, settled(stroke.on), stroke.within)
            if key not in places:
                embedding = study.embedding(stroke.embedding)
                if stroke.within is not None:
                    embedding = part_of(embedding, _group(study, stroke.within, places), stroke.within.name or "")
                places[key] = project(study, embedding, stroke.on).coordinates
            held = inside_polygon(places[key], np.asarray(stroke.polygon))
        else:
            held = np.zeros(len(study), dtype=bool)
            held[row_numbers(study, stroke.ids)] = True
        if stroke.how == "add":
            mask |= held
        elif stroke.how == "remove":
            mask &= ~held
        else:
            mask &= held
    return mask


def _group(study: Study, group: Group, places: _Maps) -> Mask:
    return _after(study, group.strokes, places) & filter_mask(study, group.filters)


def _unknown_ids(study: Study, selection: Selection) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = selection.ids
    known = pc.is_in(pa.array(list(ids), type=study.ids.type), value_set=study.ids) if ids else None
    return 0 if known is None else len(ids) - int(pc.sum(known).as_py())


def shown(study: Study, view: View, projection: Projection | None) -> Shown:
    """What ``view`` shows of ``study`` on the map ``projection``; without a map nothing has a place.

    A view of a part filters out all that is not in it.
    """
    filtered = filter_mask(study, view.filters)
    if view.within is not None:
        filtered &= group_mask(study, view.within)
    selected, unresolved = selection_mask(study, view.selection)
    placed = np.zeros(len(study), dtype=bool) if projection is None else projection.placed
    unknown = _unknown_ids(study, view.selection)
    return Shown(placed, filtered, selected & filtered, unresolved, unknown, int((selected & ~filtered).sum()))
