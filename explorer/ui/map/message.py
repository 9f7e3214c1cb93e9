"""What Python says to the map on the page: everything small in words and numbers, the points as columns."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from explorer.space.compass import Direction
from explorer.space.path import AnimalPath
from explorer.space.projections import NAMES, Projection
from explorer.space.shown import Shown, filter_mask
from explorer.study.study import Study
from explorer.ui.colouring import Colouring, rgb
from explorer.ui.describe import variable_labels
from explorer.ui.map.columns import Columns, colours, drawing_order, flags, place_in_drawing, places
from explorer.ui.map.legend import painted
from explorer.ui.palette import Palette
from explorer.ui.plain import count
from explorer.ui.scatter import axis_titles
from explorer.view import Point, View

_MOST_RINGS = 300
_MOST_OUTLINES = 40


@dataclass(frozen=True)
class Message:
    """``said`` goes each time; of ``columns`` (geometry, colour, flags) only those that the page does not have yet."""

    said: dict[str, Any]
    columns: dict[str, Columns]


def message(
    study: Study,
    view: View,
    projection: Projection,
    seen: Shown,
    colouring: Colouring | None,
    palette: Palette,
    *,
    geometry: Columns,
    compass: list[Direction],
    path: AnimalPath | None,
    card: str,
    pictures: str,
    foot: list[str],
    height: int,
    placed_as: Callable[[tuple[Point, ...]], list[list[float]]] | None = None,
) -> Message:
    """The map of ``projection`` as ``view`` shows it.

    ``geometry`` are its places (kept by the caller: they cost the most), ``card`` and ``pictures`` the addresses at
    which an observation's values and its picture are found, with ``{row}`` for the number of the drawn point; empty
    where there are none. ``foot`` are lines under the picture when it is saved. ``height`` is in CSS pixels.
    ``placed_as`` turns outlines into the coordinates in which the map is shown, where these are not its own.
    """
    columns = {"geometry": geometry}
    legend, drawn_colours, shapes = None, [rgb(palette.accent)] * 256, [0] * 256
    if colouring is not None:
        others = tuple(one for one in view.filters if one.variable != colouring.name)
        own = next((one for one in view.filters if one.variable == colouring.name), None)
        look = painted(colouring, palette, placed=projection.placed, passing=filter_mask(study, others), chosen=own)
        columns["colour"] = colours(look.codes)
        # By a measure of the map itself nothing can be filtered: it would be another one among what is left.
        legend = {**look.legend, "still": colouring.name not in study.variables}
        drawn_colours, shapes = look.colours, look.shapes
    chosen = not view.selection.is_empty
    if chosen or view.filters:
        columns["flags"] = flags(seen.filtered, seen.selected)
    name = NAMES[projection.choice.method]
    said_colour = f"coloured by {colouring.title}" if colouring else "without colours"
    n_selected = int(seen.selected.sum())
    said: dict[str, Any] = {
        **{kind: {"hash": one.hash} for kind, one in columns.items()},
        "order": f"{study.path} {len(study)}",
        "colours": drawn_colours,
        "shapes": shapes,
        "accent": rgb(palette.accent),
        "grey": rgb(palette.missing),
        "legend": legend,
        "axes": axis_titles(projection) if placed_as is None else [f"{name}, turned to fit the first", ""],
        "height": height,
        "selecting": chosen,
        "outlines": _outlines(view, projection, placed_as),
        "path": _path(study, path),
        "rings": _rings(study, path),
        "compass": _compass(study, compass),
        "card": card,
        "pictures": pictures,
        "alt": f"{name} map of {count(int(projection.placed.sum()), 'observation')}, {said_colour}. "
        "Press the question mark for the keys.",
        "heard": f"{count(n_selected, 'observation')} selected" if chosen else "Nothing selected",
        "picture": {
            "title": f"{study.name}: {name} of {view.embedding}, {said_colour}",
            "foot": foot,
            "file": f"{study.path.name}-{projection.choice.method}.png",
        },
    }
    # Numbers of NumPy's own are none that Streamlit can send.
    plain = orjson.loads(orjson.dumps(said, option=orjson.OPT_SERIALIZE_NUMPY))
    plain["version"] = hashlib.blake2b(orjson.dumps(plain), digest_size=6).hexdigest()
    return Message(plain, columns)


def geometry_of(projection: Projection) -> Columns:
    """The places of ``projection`` as columns."""
    return places(projection.coordinates)


def _outlines(
    view: View, projection: Projection, placed_as: Callable[[tuple[Point, ...]], list[list[float]]] | None
) -> list[dict[str, Any]]:
    """Outlines drawn on this very map; what was drawn on another has no place here."""
    here = [
        stroke
        for stroke in view.selection.outlines
        if (stroke.embedding, stroke.on, stroke.within) == (view.embedding, projection.choice, view.within)
    ]
    put = placed_as or (lambda polygon: [[x, y] for x, y in polygon])
    return [{"points": put(one.polygon), "how": one.how} for one in here[-_MOST_OUTLINES:] if one.polygon]


def _path(study: Study, path: AnimalPath | None) -> dict[str, Any] | None:
    if path is None or not len(path.rows):
        return None
    at = place_in_drawing(len(study))[path.rows]
    kept = at >= 0
    dates = [date for date, drawn in zip(path.dates, kept, strict=True) if drawn]
    return {"animal": path.animal, "indices": at[kept], "dates": dates}


def _rings(study: Study, path: AnimalPath | None) -> list[int]:
    if path is None:
        return []
    at = place_in_drawing(len(study))[path.others[:_MOST_RINGS]]
    return [int(place) for place in at if place >= 0]


def _compass(study: Study, compass: list[Direction]) -> list[dict[str, Any]]:
    said = variable_labels(study)
    return [
        {
            "name": one.name,
            "label": said[one.name],
            "x": one.x,
            "y": one.y,
            "share": min(max(one.share, 0.0), 1.0) if one.holds else None,
            "sentence": (
                f"{said[one.name]} rises this way: the place on this map predicts {one.share:.0%} of its variance for "
                f"unseen animals (95 % interval {one.low:.0%} to {one.high:.0%}; {one.animals:,} animals)."
                if one.holds
                else f"The place on this map says nothing sure about {said[one.name]} (R² {one.share:.2f}, 95 % "
                f"interval {one.low:.2f} to {one.high:.2f}; {one.animals:,} animals)."
            ),
        }
        for one in compass
    ]


def drawn_count(study: Study, projection: Projection) -> int:
    """How many of the observations with a place are drawn."""
    return int(np.count_nonzero(projection.placed[drawing_order(len(study))]))
