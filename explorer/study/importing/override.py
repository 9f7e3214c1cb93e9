"""The user's own choice of roles, put over the proposal."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from explorer.errors import UserError
from explorer.study.embeddings import match_features
from explorer.study.importing.names import CYCLES, normal
from explorer.study.importing.roles import ColumnRole, Part
from explorer.study.schema import Kind, TimeUnit

_CHOSEN = "chosen by you"


def override_roles(
    roles: Sequence[ColumnRole],
    *,
    observation: str | None = None,
    animal: str | None = None,
    time: str | None = None,
    time_unit: str | None = None,
    image: str | None = None,
    features: Sequence[str] = (),
    task: Sequence[str] = (),
    background: Sequence[str] = (),
    ignore: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
) -> tuple[ColumnRole, ...]:
    """``roles`` with the user's choices: columns by name, ``features`` also by pattern (``p_*``).

    ``features`` replaces the proposed feature columns. ``kinds`` gives a column's kind; ``cyclic:7`` also
    its period.
    Raises UserError, with the nearest names, for a column that is not there, and for a kind or unit that
    is not known.
    """
    out = {role.column: role for role in roles}
    for name in [*ignore, *task, *background, *(kinds or {})]:
        _known(name, out)
    for name in ignore:
        out[name] = _none(out[name], "left out by you")
    if features:
        _choose_features(out, features)
    parts: tuple[tuple[Part, str | None], ...] = (
        ("observation", observation),
        ("animal", animal),
        ("time", time),
        ("image", image),
    )
    for part, chosen in parts:
        if chosen is not None:
            _choose(out, part, _known(chosen, out))
    for name in task:
        out[name] = replace(out[name], part="variable", role="task", kind=out[name].kind or "nominal", why=_CHOSEN)
    for name in background:
        out[name] = replace(
            out[name], part="variable", role="background", kind=out[name].kind or "nominal", why=_CHOSEN
        )
    for name, text in (kinds or {}).items():
        out[name] = _of_kind(out[name], text)
    if time_unit is not None:
        _count_time(out, time_unit)
    return tuple(out.values())


def _known(name: str, roles: Mapping[str, ColumnRole]) -> str:
    if name in roles:
        return name
    lower = {column.lower(): column for column in roles}
    near = [lower[match] for match in difflib.get_close_matches(name.lower(), list(lower), n=3, cutoff=0.5)]
    how = f"Did you mean {' or '.join(near)}?" if near else f"The columns are: {', '.join(list(roles)[:12])}"
    raise UserError(f"there is no column {name!r}", how=how)


def _none(role: ColumnRole, why: str) -> ColumnRole:
    return replace(role, part="none", role=None, why=why)


def _choose(roles: dict[str, ColumnRole], part: Part, chosen: str) -> None:
    for name, role in roles.items():
        if role.part == part and name != chosen:
            roles[name] = _none(role, f"{chosen} was chosen instead")
    role = roles[chosen]
    if role.part != part:
        roles[chosen] = replace(role, part=part, role=None, unit=None, why=_CHOSEN)


def _choose_features(roles: dict[str, ColumnRole], patterns: Sequence[str]) -> None:
    names = list(roles)
    wanted: dict[str, None] = {}
    for pattern in patterns:
        matched = match_features(names, [pattern]) or ([pattern] if pattern in roles else [])
        if not matched:
            if any(mark in pattern for mark in "*?["):
                raise UserError(f"no column matches {pattern!r}", how=f"The columns are: {', '.join(names[:12])}")
            _known(pattern, roles)
        wanted.update(dict.fromkeys(matched))
    for name, role in roles.items():
        if name in wanted:
            roles[name] = replace(role, part="feature", role=None, why=_CHOSEN)
        elif role.part == "feature":
            roles[name] = _none(role, "not among the features you chose")


def _of_kind(role: ColumnRole, text: str) -> ColumnRole:
    word, _, period_text = text.partition(":")
    kind: Kind | None = next((known for known in get_args(Kind) if known == word), None)
    if kind is None:
        raise UserError(f"{word!r} is no kind of variable", how=f"Use one of: {', '.join(get_args(Kind))}")
    period = CYCLES.get(normal(role.column), role.period) if kind == "cyclic" else None
    if period_text:
        try:
            period = float(period_text)
        except ValueError:
            period = -1.0
    if kind == "cyclic" and (period is None or not 0 < period < float("inf")):
        raise UserError(
            f"{role.column} is to be cyclic, but after how much it begins again is not told",
            how=f"Write it behind the kind: {role.column}=cyclic:24",
        )
    if role.part in ("variable", "none"):
        return replace(role, part="variable", kind=kind, role=role.role or "background", period=period, why=_CHOSEN)
    return replace(role, kind=kind, period=period)


def _count_time(roles: dict[str, ColumnRole], unit: str) -> None:
    if unit not in get_args(TimeUnit):
        raise UserError(f"{unit!r} is no unit of time", how=f"Use one of: {', '.join(get_args(TimeUnit))}")
    column = next((role.column for role in roles.values() if role.part == "time"), None)
    if column is None:
        raise UserError("a unit of time was given, but no column is the time", how="Name it with --time")
    roles[column] = replace(roles[column], unit=unit)
