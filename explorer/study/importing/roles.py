"""A proposal of which column plays which part, each with its reason in plain words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow.compute as pc

from explorer.errors import UserError
from explorer.study.importing.dates import read_dates
from explorer.study.importing.features import feature_groups
from explorer.study.importing.names import (
    ABOUT_PICTURES,
    ANIMAL_NAMES,
    BIRTH_NAMES,
    CYCLES,
    END_OF_LIFE_WORDS,
    FLAG_WORDS,
    GROUP_WORDS,
    HASH_WORDS,
    OBSERVATION_NAMES,
    SCORE_WORDS,
    TASK_WORDS,
    TIME_NAMES,
    TIME_UNITS,
    first_named,
    normal,
    unit_of,
    words,
)
from explorer.study.importing.profile import Profile
from explorer.study.importing.source import Source
from explorer.study.importing.texts import Texts
from explorer.study.importing.wildlife import picture_column
from explorer.study.schema import Kind, Role

Part = Literal["observation", "animal", "time", "image", "feature", "variable", "none"]

MAX_GROUPS = 100
"""More distinct texts than this are no groups to compare."""

MAX_STEPS = 12
"""A score with more distinct values than this is rather a measurement."""

_MAX_STEPS_NAMED = 25  # parity runs higher than any score
_PATH_OR_ADDRESS = re.compile(
    r"(?i)^(https?://|[./~]|[a-z]:\\).*|.*[/\\].*\.\w{2,5}$|.*\.(jpe?g|png|webp|tiff?|bmp|gif|mp4|avi)$"
)
_HASH = re.compile(r"(?i)^[0-9a-f]{16,128}$")
_SPREADSHEET_DAYS = (20_000.0, 60_000.0)


@dataclass(frozen=True)
class ColumnRole:
    """What one column is for. ``kind`` is what it would be as a variable, also while it is none.

    ``unit`` is the variable's unit, or the time's. ``why`` is a short reason for the user.
    """

    column: str
    part: Part
    kind: Kind | None
    role: Role | None
    unit: str | None
    why: str
    period: float | None = None


def guess_roles(source: Source) -> tuple[ColumnRole, ...]:
    """Propose a part for every column of ``source``, in the table's order.

    Names count before content. At most one column each is the observation, the animal, the time and the
    image.
    """
    table = source.table
    profiles = {name: Profile(name, table.column(name)) for name in table.column_names}
    found: dict[str, ColumnRole] = {}
    image = picture_column(table)
    if image is not None and profiles[image].holds == "bytes":
        found[image] = ColumnRole(image, "image", None, None, None, "holds pictures")
    elif image is not None and source.picture_folder is not None:
        found[image] = ColumnRole(image, "image", None, None, None, "names picture files")
    elif image is not None:
        found[image] = ColumnRole(image, "none", None, None, None, "names picture files, but none of them was found")
    found.update(_animal_and_observation(profiles, found))
    animal = next((name for name, role in found.items() if role.part == "animal"), None)
    found.update(_time(profiles, found))
    open_ = [profile for name, profile in profiles.items() if name not in found]
    for name, why in feature_groups(open_, found).items():
        found[name] = ColumnRole(name, "feature", "continuous", None, unit_of(name), why)
    when = next((name for name, role in found.items() if role.part == "time"), None)
    for name, profile in profiles.items():
        if name not in found:
            found[name] = _variable(profile, profiles, animal=animal, time=when, image=image)
    return tuple(found[name] for name in table.column_names)


# --- animal, observation, time ------------------------------------------------------------------------------


def _animal_and_observation(profiles: Mapping[str, Profile], taken: Mapping[str, ColumnRole]) -> dict[str, ColumnRole]:
    labels = [name for name, profile in profiles.items() if name not in taken and _may_be_id(profile)]
    out: dict[str, ColumnRole] = {}
    unique = [name for name in labels if profiles[name].unique]
    repeated = [name for name in labels if not profiles[name].unique]
    # A bare "id" or "tag" that is never repeated names rows; an animal_id always names animals.
    own = [name for name in unique if normal(name) not in ("id", "tag", "name", "idno")]
    animal = first_named(repeated + own, ANIMAL_NAMES)
    if animal is not None:
        out[animal] = ColumnRole(animal, "animal", "nominal", None, None, _animal_reason(profiles[animal]))
    observation = first_named([name for name in unique if name != animal], OBSERVATION_NAMES)
    if observation is not None:
        why = "named like an id, and no two rows have the same"
        out[observation] = ColumnRole(observation, "observation", "nominal", None, None, why)
    return out


def _may_be_id(profile: Profile) -> bool:
    return profile.holds == "text" or (profile.holds == "numbers" and profile.whole)


def _animal_reason(profile: Profile) -> str:
    counts = pc.value_counts(profile.column.drop_null()).field("counts").to_numpy()
    low, high = int(counts.min()), int(counts.max())
    rows = f"{low:,} row{'' if low == 1 else 's'} each" if low == high else f"{low:,} to {high:,} rows each"
    gaps = f"; {profile.rows - profile.known:,} rows without" if profile.known < profile.rows else ""
    animals = f"{profile.distinct:,} animal{'' if profile.distinct == 1 else 's'}"
    return f"named like an animal; {animals}, {rows}{gaps}"


def _time(profiles: Mapping[str, Profile], taken: Mapping[str, ColumnRole]) -> dict[str, ColumnRole]:
    free = [profile for name, profile in profiles.items() if name not in taken]
    dates = [profile.name for profile in free if profile.holds == "dates" and not _of_another_event(profile.name)]
    with_clock = [name for name in dates if profiles[name].has_time_of_day]
    chosen = first_named(with_clock, TIME_NAMES) or first_named(dates, TIME_NAMES)
    if chosen is None and len(dates) == 1:
        chosen = dates[0]
    if chosen is not None:
        why = "dates with time of day" if profiles[chosen].has_time_of_day else "dates"
        return {chosen: ColumnRole(chosen, "time", None, None, None, why)}
    meant = [profile.name for profile in free if profile.holds == "text" and _meant_as_dates(profile)]
    spoiled = first_named(meant, TIME_NAMES)
    if spoiled is not None:
        return {
            spoiled: ColumnRole(spoiled, "time", "nominal", None, None, "named like a time, but not all of it is dates")
        }
    counted = [profile.name for profile in free if profile.holds == "numbers" and _counts_time(profile)]
    counted_name = first_named(counted, TIME_NAMES)
    if counted_name is None:
        return {}
    unit = TIME_UNITS[normal(counted_name)]
    return {
        counted_name: ColumnRole(
            counted_name, "time", "continuous", None, unit, f"named like a time, counted in {unit}"
        )
    }


def _of_another_event(name: str) -> bool:
    plain = normal(name)
    if plain in TIME_NAMES:
        return False
    other = {
        "birth",
        "dob",
        "born",
        "calv",
        "calving",
        "entry",
        "purchase",
        "insemination",
        "weaning",
        "due",
        "updated",
        "created",
    }
    return plain in BIRTH_NAMES or bool(words(name) & (other | END_OF_LIFE_WORDS))


def _meant_as_dates(profile: Profile) -> bool:
    if normal(profile.name) not in TIME_NAMES:
        return False
    try:
        return read_dates(Texts.of(profile.column), file="", column=profile.name) is not None
    except UserError:  # day and month contradict each other: dates they are
        return True


def _counts_time(profile: Profile) -> bool:
    plain = normal(profile.name)
    if plain not in TIME_UNITS or profile.distinct < 2:
        return False
    low, high = profile.range
    # Months of the year and dates as a spreadsheet counts them are not times that pass.
    return not (plain == "month" and low >= 1 and high <= 12)


# --- variables ----------------------------------------------------------------------------------------------


def _variable(
    profile: Profile,
    profiles: Mapping[str, Profile],
    *,
    animal: str | None,
    time: str | None,
    image: str | None,
) -> ColumnRole:
    kind = _kind(profile)
    plain = ColumnRole(profile.name, "none", kind, None, unit_of(profile.name), "")
    reason = _no_use(profile, profiles, animal=animal, time=time, image=image)
    if reason is not None:
        return replace(plain, why=reason)
    named = words(profile.name)
    of_the_picture = (
        image is not None and bool(named & {"width", "height"}) and named <= {"width", "height", "orig", "image", "px"}
    )
    role: Role = (
        "task" if named & TASK_WORDS and kind in ("continuous", "ordinal") and not of_the_picture else "background"
    )
    period = CYCLES.get(normal(profile.name)) if kind == "cyclic" else None
    unit = plain.unit or _usual_unit(profile.name, kind)
    return replace(
        plain,
        part="variable",
        role=role,
        unit=unit,
        period=period,
        why=_kind_reason(profile, kind, role, named),
    )


def _kind(profile: Profile) -> Kind:
    named = words(profile.name)
    if profile.holds in ("text", "yes or no", "nothing", "bytes"):
        return "ordinal" if profile.holds == "text" and named & SCORE_WORDS and _all_numbers(profile) else "nominal"
    if profile.holds == "dates":
        return "nominal"
    if normal(profile.name) in CYCLES and _within_cycle(profile):
        return "cyclic"
    if named & SCORE_WORDS and profile.distinct <= (_MAX_STEPS_NAMED if profile.whole else MAX_STEPS):
        return "ordinal"
    grouping = profile.whole and unit_of(profile.name) is None and profile.distinct <= MAX_GROUPS
    if grouping and (profile.distinct <= 2 or named & GROUP_WORDS):
        return "nominal"
    return "continuous"


def _all_numbers(profile: Profile) -> bool:
    return all(re.fullmatch(r"\d+([.,]\d+)?", value) for value in profile.sample)


def _within_cycle(profile: Profile) -> bool:
    low, high = profile.range
    return low >= -360 and high - low <= CYCLES[normal(profile.name)] + 1


def _no_use(
    profile: Profile, profiles: Mapping[str, Profile], *, animal: str | None, time: str | None, image: str | None
) -> str | None:
    """Why the column is better not a variable; None when it may be one."""
    named, plain = words(profile.name), normal(profile.name)
    if profile.holds == "nothing":
        return "empty"
    if profile.holds == "bytes":
        return "bytes"
    if profile.distinct == 1:
        return "the same in every row" if profile.known == profile.rows else "one value and gaps"
    if profile.holds == "dates":
        if plain in BIRTH_NAMES or named & {"birth", "dob", "born"}:
            return "dates of birth; ages follow from them"
        if time is not None and normal(profile.name) in TIME_NAMES:
            return f"dates, but {time} is the time"
        return "dates of something else than the observation"
    if named & HASH_WORDS or (profile.holds == "text" and all(_HASH.match(value) for value in profile.sample)):
        return "check sums of files"
    sizes = {"width", "height"} <= {normal(name) for name in profiles} and image is not None
    if plain in ABOUT_PICTURES or (sizes and plain in ("width", "height")):
        return "about the picture, not the animal"
    if named & FLAG_WORDS:
        return "marks on the quality of a row"
    if named & END_OF_LIFE_WORDS:
        return "known only at the end of the animal's life"
    if named & {"id", "uuid", "guid", "tag", "idno"} and profile.distinct > 12:
        return f"an id with {profile.distinct:,} distinct values"
    counting = plain in ("index", "row", "unnamed_0") or re.fullmatch(r"column_\d+", plain)
    if counting and profile.unique and profile.holds == "numbers":
        return "row numbers"
    if profile.holds == "text" and _kind(profile) == "nominal":
        return _no_groups(profile, profiles, animal=animal)
    if named & {"date", "datetime"} and profile.holds == "numbers":
        low, high = profile.range
        if low >= _SPREADSHEET_DAYS[0] and high <= _SPREADSHEET_DAYS[1]:
            return "looks like a spreadsheet's day numbers; format that column as dates and save again"
    return None


def _no_groups(profile: Profile, profiles: Mapping[str, Profile], *, animal: str | None) -> str | None:
    if sum(bool(_PATH_OR_ADDRESS.match(value)) for value in profile.sample) > len(profile.sample) / 2:
        return "paths or addresses of files" if profile.distinct > MAX_STEPS else None
    if profile.distinct > MAX_GROUPS:
        return f"{profile.distinct:,} distinct texts, too many for groups"
    if profile.distinct > max(profile.known / 2, 2) and profile.known > 4:
        return "nearly every row has a text of its own"
    if animal is not None and 20 < profiles[animal].distinct <= profile.distinct:
        return "tells animals apart, like the animal itself"
    return None


def _usual_unit(name: str, kind: Kind) -> str | None:
    named = words(name)
    if "bcs" in named or {"body", "condition"} <= named or (named & {"score", "locomotion"} and kind == "ordinal"):
        return "points"
    if normal(name) in ("dim", "days_in_milk"):
        return "days"
    return {"hour": "hours", "hour_of_day": "hours", "month": "months"}.get(normal(name))


def _kind_reason(profile: Profile, kind: Kind, role: Role, named: set[str]) -> str:
    gaps = f", {profile.rows - profile.known:,} missing" if profile.known < profile.rows else ""
    if kind == "nominal":
        what = f"{profile.distinct:,} groups{gaps}"
    elif kind == "ordinal":
        what = f"named like a score; {profile.distinct:,} steps{gaps}"
    elif kind == "cyclic":
        what = f"begins again after {CYCLES[normal(profile.name)]:g}{gaps}"
    else:
        low, high = profile.range
        what = f"numbers from {low:g} to {high:g}{gaps}"
    return (
        f"{what}; named like something to assess ({', '.join(sorted(named & TASK_WORDS))})" if role == "task" else what
    )


def only(roles: Sequence[ColumnRole], part: Part) -> str | None:
    """The column that plays ``part``, if any."""
    return next((role.column for role in roles if role.part == part), None)
