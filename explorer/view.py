"""The one serialisable state of what a person is looking at.

It feeds the URL, the command line's ``--view`` and the exports. Pages read it and propose a new one.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from explorer.errors import UserError

Method = Literal["pca", "tsne", "umap"]
Scale = Literal["local", "balanced", "global"]

Text = Annotated[str, Field(min_length=0)]  # a constraint, so that half a character (a lone surrogate) is refused
Coordinate = Annotated[float, Field(ge=-3.4e38, le=3.4e38)]  # maps are float32
Point = tuple[Coordinate, Coordinate]
Polygon = Annotated[tuple[Point, ...], Field(min_length=3, max_length=2_000)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class MapChoice(_Frozen):
    """Which map of the latent space: how it is projected, into how many dimensions, how locally, from which seed.

    ``neighbours`` (UMAP's ``n_neighbors``, t-SNE's perplexity) takes the place of ``scale`` where it is given;
    ``min_dist`` is UMAP's: how closely points may be packed. ``fast`` uses all cores and gives up that the same seed
    gives the same map. ``keep_places``: after the study has grown, the old observations stay where the map made before
    had them, and the new ones are placed among them.
    """

    method: Method = "pca"
    dims: Literal[2, 3] = 2
    scale: Scale = "balanced"
    neighbours: Annotated[int, Field(ge=2, le=200)] | None = None
    min_dist: Annotated[float, Field(ge=0, le=1)] = 0.1
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    fast: bool = False
    keep_places: bool = False


class VariableFilter(_Frozen):
    """Which observations are shown: those whose variable has one of ``values``, or lies in ``low`` .. ``high``.

    Bounds are inclusive; a ``low`` above ``high`` goes across the end of a cyclic variable (November to February).
    ``missing`` says whether observations without a value are shown too.
    """

    variable: Text
    values: tuple[Text, ...] | None = None
    low: float | None = None
    high: float | None = None
    missing: bool = False

    @model_validator(mode="after")
    def _values_or_range(self) -> "VariableFilter":
        if self.values is not None and (self.low is not None or self.high is not None):
            raise ValueError("give values or a range, not both")
        return self


class Stroke(_Frozen):
    """One step of a selection: what lies inside a polygon drawn on a map, single observations by their ids, or a group.

    ``polygon`` is in the coordinates of the map ``on`` of ``embedding`` (of its part ``within``, if any), so that the
    same view selects the same points in any browser. ``how`` says whether the observations join the selection, leave
    it, or are the only ones of it that stay.
    """

    how: Literal["add", "remove", "keep"] = "add"
    polygon: Polygon | None = None
    embedding: Text | None = None
    on: MapChoice = MapChoice()
    within: "Group | None" = None
    ids: tuple[Text, ...] = ()
    group: "Group | None" = None

    @model_validator(mode="after")
    def _one_of_three(self) -> "Stroke":
        if (self.polygon is not None) + bool(self.ids) + (self.group is not None) != 1:
            raise ValueError("give a polygon, ids or a group, one of the three")
        return self


class Group(_Frozen):
    """A selection taken as one: its strokes, among what its filters show; ``name`` is what it was kept under."""

    strokes: Annotated[tuple[Stroke, ...], Field(max_length=200)]
    filters: tuple[VariableFilter, ...] = ()
    name: Text | None = None


class Selection(_Frozen):
    """Observations picked out, stroke by stroke: each changes what the ones before it left."""

    strokes: Annotated[tuple[Stroke, ...], Field(max_length=200)] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is drawn and nothing picked."""
        return not self.strokes

    @property
    def outlines(self) -> tuple[Stroke, ...]:
        """The strokes with a polygon, also those inside groups, and before each one those that its map is made of."""
        return tuple(_outlines(self.strokes))

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all strokes, those inside groups too."""
        return frozenset(_ids(self.strokes))


def _outlines(strokes: tuple[Stroke, ...]) -> Iterator[Stroke]:
    for stroke in strokes:
        if stroke.polygon is not None:
            if stroke.within is not None:
                yield from _outlines(stroke.within.strokes)
            yield stroke
        elif stroke.group is not None:
            yield from _outlines(stroke.group.strokes)


def _ids(strokes: tuple[Stroke, ...]) -> Iterator[str]:
    for stroke in strokes:
        yield from stroke.ids
        for inner in (stroke.group, stroke.within):
            if inner is not None:
                yield from _ids(inner.strokes)


class Beside(_Frozen):
    """A second map next to the first: of the same or another embedding, always in two dimensions."""

    embedding: Text
    map: MapChoice = MapChoice()


class Follow(_Frozen):
    """How animals are followed for alerts.

    ``variables``: what is followed, by the names of ``change.series.followable``; none for the usual ones. ``rate``:
    how likely a healthy animal has a false alert in a year. ``memory``: visits that an animal's baseline remembers, all
    of them, or as many as serve best on held-back animals. ``covariates``: variables that the herd's baseline knows,
    beside age and season. ``unhealthy``: kinds of events around which no visit counts as healthy.
    """

    variables: Annotated[tuple[Text, ...], Field(max_length=12)] = ()
    rate: Annotated[float, Field(gt=0, lt=1)] = 0.05
    method: Text = "two-channel"
    memory: Annotated[int, Field(ge=2, le=1_000)] | Literal["held-back", "all"] = "held-back"
    covariates: Annotated[tuple[Text, ...], Field(max_length=12)] = ()
    unhealthy: Annotated[tuple[Text, ...], Field(max_length=40)] = ()


class Round(_Frozen):
    """What of a herd round is shown: how it was on the day ``as_of`` (days as ``change`` counts them; the last one).

    ``task``: one of those followed, or all. ``only``: all animals, those with an alert, with a new one, or with one
    that nobody has resolved.
    """

    as_of: float | None = None
    task: Text | None = None
    only: Literal["all", "alerts", "new", "open"] = "all"


class View(_Frozen):
    """What a person is looking at."""

    study: Text | None = None
    embedding: Text | None = None
    map: MapChoice = MapChoice()
    colour: Text | None = None
    filters: tuple[VariableFilter, ...] = ()
    selection: Selection = Selection()
    animal: Text | None = None
    within: Group | None = None
    """The observations that the map is made of, where it is not of all."""
    beside: Beside | None = None
    card: Annotated[tuple[Text, ...], Field(max_length=12)] = ()
    """Variables named on the card of the point under the pointer."""
    clusters: Text | None = None
    """The clustering looked at on the Clusters page, by its name."""
    against: Text | None = None
    """The one that it is compared with."""
    follow: Follow = Follow()
    round: Round = Round()

    def but(self, **changes: Any) -> "View":
        """This view with some fields changed; checked like a new one."""
        return View.model_validate({**dict(self), **changes})


NO_COLOUR = "none"
"""The colour of a view that is meant to have none (a view without a colour is given the best one)."""

_PLAIN_PARAMETERS = ("study", "embedding", "colour", "animal", "clusters", "against")

_JSON_PARAMETERS = {
    "filters": "filter",
    "selection": "select",
    "card": "card",
    "within": "within",
    "beside": "beside",
    "follow": "follow",
    "round": "round",
}
"""The view's fields that are one JSON parameter of the address each, with its name there."""

PARAMETERS = (*_PLAIN_PARAMETERS, *MapChoice.model_fields, *_JSON_PARAMETERS.values())
"""All that an address can hold."""

_PLAIN = {
    "int_parsing": "this should be a whole number",
    "float_parsing": "this should be a number",
    "bool_parsing": "this should be true or false",
    "too_short": "too little is given",
    "missing": "something is missing",
    "extra_forbidden": "there is nothing of that name",
}
"""Kinds of mistakes in plain words; the others are plain as they come."""

_PLACE = 80
"""So many characters of the place where an address cannot be read are told."""


def to_query(view: View) -> dict[str, str]:
    """``view`` as URL parameters; what has its default value is left out, so that the URL stays short."""
    query: dict[str, str] = {}
    for name in _PLAIN_PARAMETERS:
        value = getattr(view, name)
        if value is not None:
            query[name] = value
    for name, default in MapChoice().model_dump().items():
        value = getattr(view.map, name)
        if value != default:
            query[name] = str(value)
    for name in ("within", "beside"):
        inner = getattr(view, name)
        if inner is not None:
            query[name] = _compact(inner.model_dump(exclude_defaults=True))
    if view.follow != Follow():
        query["follow"] = _compact(view.follow.model_dump(exclude_defaults=True))
    if view.round != Round():
        query["round"] = _compact(view.round.model_dump(exclude_defaults=True))
    if view.card:
        query["card"] = _compact(view.card)
    if view.filters:
        query["filter"] = _compact([f.model_dump(exclude_defaults=True) for f in view.filters])
    if not view.selection.is_empty:
        query["select"] = _compact(view.selection.model_dump(exclude_defaults=True))
    return query


def from_query(query: Mapping[str, str]) -> View:
    """The view that URL parameters describe; parameters that are not ours are passed over.

    Raises UserError for a parameter that cannot be read.
    """
    raw: dict[str, Any] = {name: query[name] for name in _PLAIN_PARAMETERS if name in query}
    plain = ("method", "scale", "min_dist", "fast", "keep_places")
    choice: dict[str, Any] = {name: query[name] for name in plain if name in query}
    for name in ("dims", "seed", "neighbours"):
        if name in query:
            text = query[name]
            choice[name] = int(text) if text.isdecimal() and len(text) <= 10 else text
    raw["map"] = choice
    for name, key in _JSON_PARAMETERS.items():
        if key in query:
            try:
                raw[name] = json.loads(query[key])
            except (ValueError, RecursionError):
                raise _unreadable(key, "it is cut off or misspelt") from None
    try:
        return View.model_validate(raw)
    except RecursionError:
        raise _unreadable("select", "groups are nested too deeply") from None
    except ValidationError as error:
        first = error.errors()[0]
        field, *rest = [str(part) for part in first["loc"]]
        place = rest if field == "map" else [_JSON_PARAMETERS.get(field, field), *rest]
        reason = _PLAIN.get(first["type"], str(first["msg"]).removeprefix("Value error, "))
        raise _unreadable(".".join(place), reason) from None


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _unreadable(place: str, reason: str) -> UserError:
    if len(place) > _PLACE:  # it may name a key that is as long as the address
        place = f"{place[:_PLACE]}..."
    return UserError(f"the address cannot be read at {place!r}: {reason}", how="Copy the whole address again")
