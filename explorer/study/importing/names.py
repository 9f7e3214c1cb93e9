"""What a column's name suggests: the words that herds' tables use."""

import re
from collections.abc import Iterable

ANIMAL_NAMES = (
    "animal_id", "animal", "animalid", "individual_id", "individual", "identity",
    "individual_local_identifier", "subject_id", "subject", "cow_id", "cow", "mouse_id", "mouse", "rat_id",
    "rat", "dog_id", "dog", "cat_id", "cat", "horse_id", "horse", "pig_id", "pig", "sow_id", "sow",
    "sheep_id", "sheep", "ewe_id", "ewe", "goat_id", "goat", "calf_id", "calf", "fish_id", "bird_id",
    "patient_id", "patient", "ear_tag", "eartag", "ear_tag_id", "eartag_id", "rfid", "transponder", "idno",
    "tag", "tag_id", "animal_number", "animal_no", "animal_name", "name", "id",
)  # fmt: skip
"""Whose row it is, the surest first."""

OBSERVATION_NAMES = (
    "observation_id", "observation", "obs_id", "obs", "image_id", "picture_id", "photo_id", "capture_id",
    "record_id", "sample_id", "measurement_id", "row_id", "uuid", "guid", "index", "row", "id",
)  # fmt: skip
"""Which row it is; only when no two rows are the same."""

TIME_NAMES = (
    "captured_at", "observed_at", "measured_at", "recorded_at", "datetime", "date_time", "timestamp",
    "time_stamp", "time", "date", "capture_date", "observation_date", "obs_date", "test_date",
    "sample_date", "sampling_date", "visit_date", "measurement_date", "measured_on", "recording_date",
    "day", "days", "study_day", "week", "weeks", "month", "visit", "visit_number", "session", "timepoint",
    "time_point", "replicate", "t", "age_days",
)  # fmt: skip
"""When; a column of dates before a counted time."""

TIME_UNITS = {
    "day": "days", "days": "days", "study_day": "days", "age_days": "days", "week": "weeks",
    "weeks": "weeks", "month": "months", "months": "months", "visit": "visits", "visit_number": "visits",
    "session": "visits", "timepoint": "visits", "time_point": "visits", "replicate": "visits",
}  # fmt: skip

IMAGE_NAMES = (
    "image", "image_path", "img", "img_path", "picture", "picture_path", "photo", "path", "file",
    "filename", "file_name", "image_file", "image_name", "filepath", "file_path",
)  # fmt: skip

BIRTH_NAMES = ("birth", "birth_date", "birthdate", "date_of_birth", "dob", "born", "birthday")

TASK_WORDS = {
    "weight", "bw", "bodyweight", "liveweight", "bcs", "condition", "locomotion", "lameness", "lame",
    "milk", "fat", "lean", "fluid", "glucose", "lactate", "scc", "score", "length", "height", "girth",
    "yield", "temperature", "protein", "gain", "mass", "mobility", "gait",
}  # fmt: skip

SCORE_WORDS = {
    "score", "grade", "bcs", "condition", "parity", "lactation", "locomotion", "lameness", "stage", "rank",
    "degree",
}  # fmt: skip

GROUP_WORDS = {
    "sex", "gender", "breed", "strain", "species", "herd", "farm", "place", "site", "camera", "cam", "pen",
    "barn", "cage", "batch", "group", "treatment", "trt", "class", "label",
    "target", "cohort", "y", "station", "observer", "genotype", "location", "orientation", "side", "split",
    "colour", "color", "diet", "category", "type", "code",
}  # fmt: skip

END_OF_LIFE_WORDS = {"exit", "death", "died", "lifespan", "survival", "cull", "culled", "slaughter"}

ABOUT_PICTURES = {
    *("frame", "frame_number", "orig_width", "orig_height", "original_width", "original_height"),
    *("image_width", "image_height", "img_width", "img_height", "pixel_width", "pixel_height"),
}

FLAG_WORDS = {"flag", "dup", "duplicate", "exclude", "outlier"}

HASH_WORDS = {"md5", "sha", "sha1", "sha256", "hash", "checksum", "crc"}

CYCLES = {
    "hour": 24.0, "hour_of_day": 24.0, "month": 12.0, "month_of_year": 12.0, "weekday": 7.0,
    "day_of_week": 7.0, "dayofweek": 7.0, "iso_week": 365.2425 / 7, "week_of_year": 365.2425 / 7,
    "day_of_year": 365.2425, "doy": 365.2425, "angle": 360.0, "heading": 360.0, "orientation_deg": 360.0,
}  # fmt: skip
"""Columns that begin again, and after how much."""

_UNITS = {
    "kg": "kg", "g": "g", "mg": "mg", "ug": "µg", "lb": "lb", "lbs": "lb", "mm": "mm", "cm": "cm", "m": "m",
    "km": "km", "px": "px", "pixels": "px", "ml": "mL", "l": "L", "days": "days", "day": "days",
    "weeks": "weeks", "months": "months", "years": "years", "yrs": "years", "yr": "years", "hours": "hours",
    "hrs": "hours", "minutes": "minutes", "min": "minutes", "seconds": "seconds", "sec": "seconds",
    "pct": "%", "percent": "%", "perc": "%", "mg_dl": "mg/dL", "mmol_l": "mmol/L", "g_l": "g/L",
    "g_dl": "g/dL", "umol_l": "µmol/L", "iu_l": "IU/L", "u_l": "U/L", "1000_per_ml": "1000/mL",
    "per_ml": "1/mL", "kg_day": "kg/day", "g_day": "g/day", "kg_d": "kg/day", "celsius": "°C", "degc": "°C",
    "deg_c": "°C", "bpm": "1/min", "hz": "Hz", "pts": "points", "points": "points", "deg": "°",
    "degrees": "°",
}  # fmt: skip


def normal(name: str) -> str:
    """``name`` in lower case with single underscores: ``Body Weight (kg)`` becomes ``body_weight_kg``."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[^0-9a-zµ°%]+", "_", apart.lower()).strip("_")


def words(name: str) -> set[str]:
    """The words of a name."""
    return set(normal(name).split("_"))


def unit_of(name: str) -> str | None:
    """The unit that a name ends in, if any."""
    parts = normal(name).split("_")
    for length in (3, 2, 1):
        if len(parts) > length and (unit := _UNITS.get("_".join(parts[-length:]))):
            return unit
    bracket = re.search(r"[(\[]([^)\]]{1,12})[)\]]\s*$", name)
    return bracket.group(1).strip() if bracket else None


def looks_like_id(name: str) -> bool:
    """Whether a column is named like an identifier."""
    plain = normal(name)
    return (
        plain in ANIMAL_NAMES
        or plain in OBSERVATION_NAMES
        or bool(words(name) & {"id", "tag", "number", "no", "nr", "code"})
    )


def looks_like_date(name: str) -> bool:
    """Whether a column is named like a date."""
    return bool(words(name) & {"date", "datetime", "time", "timestamp", "dob", "birth", "born", "at", "on", "captured"})


def first_named(candidates: Iterable[str], wanted: tuple[str, ...]) -> str | None:
    """The candidate whose name stands first in ``wanted``."""
    rank = {name: place for place, name in reversed(list(enumerate(wanted)))}
    named = [(rank[normal(name)], name) for name in candidates if normal(name) in rank]
    return min(named, key=lambda pair: pair[0])[1] if named else None
