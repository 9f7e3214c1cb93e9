"""Writing the study's tables, and the truth beside it. The same herd gives the same bytes."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.study.schema import FILE_NAME, StudyFile, study_file_text
from explorer.study.simulating.animals import NEVER, START, Animals, Visits, parity_at
from explorer.study.simulating.cameras import CAMERAS
from explorer.study.simulating.coats import BREEDS, IDENTITY
from explorer.study.simulating.dynamics import Days
from explorer.study.simulating.events import Event
from explorer.study.simulating.health import Episode
from explorer.study.simulating.measuring import Measured
from explorer.study.simulating.scoring import OBSERVERS, SCALES, Scores
from explorer.study.simulating.vectors import NAMES

ROWS = 1024
"""Rows of a group: a gallery reads one group to show a few pictures."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def write_study(
    folder: Path,
    spec: StudyFile,
    animals: Animals,
    visits: Visits,
    measured: Measured,
    scores: Scores,
    events: list[Event],
    *,
    pictures: Sequence[bytes] | None,
    vectors: npt.NDArray[np.float32] | None,
) -> None:
    """Write ``study.toml`` and the four tables into ``folder``, which is there already."""
    (folder / FILE_NAME).write_text(study_file_text(spec), encoding="utf-8", newline="\n")
    columns: dict[str, Any] = {
        "observation_id": pa.array(observation_ids(animals, visits)),
        "animal_id": _names(animals, visits.animal),
        "captured_at": pa.array(_moments(visits)),
        "camera": pa.array([camera.name for camera in CAMERAS]).take(pa.array(visits.camera)),
        "parity": pa.array(parity_at(animals, visits.animal, visits.day).astype(np.int16)),
        "weight_kg": _numbers(measured.weight),
        "milk_kg": _numbers(measured.milk),
        "activity": _numbers(measured.activity),
    }
    if vectors is not None:
        columns |= {name: pa.array(vectors[:, place]) for place, name in enumerate(NAMES)}
    if pictures is not None:
        columns["image"] = pa.array(pictures, pa.binary())
    _write(columns, folder / "observations.parquet")
    _write(
        {
            "animal": _names(animals, scores.animal),
            "time": _dates(scores.day),
            "task": pa.array([scale.task for scale in SCALES]).take(pa.array(scores.task)),
            "value": _numbers(scores.value),
            "observer": pa.array(OBSERVERS).take(pa.array(scores.observer)),
        },
        folder / "scores.parquet",
    )
    _write(
        {
            "animal": _names(animals, np.array([event.animal for event in events], dtype=np.int64)),
            "time": _dates(np.array([event.day for event in events], dtype=np.int64)),
            "kind": pa.array([event.kind for event in events], pa.string()),
            "detail": pa.array([event.detail for event in events], pa.string()),
        },
        folder / "events.parquet",
    )
    _write(
        {
            "animal": pa.array(animals.names),
            "birth": _dates(animals.birth),
            "sex": pa.array(["female"] * len(animals)),
            "breed": pa.array([BREEDS[code].name for code in animals.breed]),
            "entry": _dates(animals.entry),
            "exit": _dates(animals.exit),
        },
        folder / "animals.parquet",
    )


def write_truth(
    folder: Path, settings: dict[str, Any], animals: Animals, visits: Visits, days: Days, episodes: list[Episode]
) -> None:
    """Write what no product module may read: episodes, the truth of each observation, and identities.

    ``observations.parquet`` has one row per observation of the study, in its order; ``animals.parquet`` the
    identity of each animal, standard normal numbers ``identity_01`` and on; ``episodes.json`` the episodes with
    their days as dates; ``herd.json`` the settings and the observers' biases and spreads in points.
    """
    here = visits.animal, visits.day
    truth = {name: pa.array(getattr(days, name)[here], from_pandas=True) for name in _TRUE}
    known = {"observation_id": pa.array(observation_ids(animals, visits)), "animal": _names(animals, visits.animal)}
    _write(known | truth, folder / "observations.parquet")
    identity = {f"identity_{place + 1:02d}": pa.array(animals.identity[:, place]) for place in range(IDENTITY)}
    _write({"animal": pa.array(animals.names)} | identity, folder / "animals.parquet")
    _write_json([_told(episode, animals) for episode in episodes], folder / "episodes.json")
    observers = {
        scale.task: {
            observer: {"bias": scale.bias[place], "spread": scale.spread[place]}
            for place, observer in enumerate(OBSERVERS)
        }
        for scale in SCALES
    }
    _write_json(settings | {"observers": observers}, folder / "herd.json")


_TRUE = ("condition", "locomotion", "milk", "weight", "activity", "frame")


def observation_ids(animals: Animals, visits: Visits) -> list[str]:
    """An id for each visit: the animal and the week of the study."""
    return [
        f"{animals.names[animal]}-w{week + 1:02d}"
        for animal, week in zip(visits.animal.tolist(), visits.week.tolist(), strict=True)
    ]


def _told(episode: Episode, animals: Animals) -> dict[str, Any]:
    def date(day: int | None) -> str | None:
        return None if day is None else str(START + day)

    dates = {"onset": date(episode.onset), "treated": date(episode.treated)}
    return asdict(episode) | {"animal": animals.names[episode.animal]} | dates


def _names(animals: Animals, of: Ints) -> pa.Array:
    return pa.array(animals.names, pa.string()).take(pa.array(of))


def _numbers(values: Floats) -> pa.Array:
    return pa.array(values, from_pandas=True)  # NaN becomes an empty cell


def _dates(days: Ints) -> pa.Array:
    dates = START + days
    dates[days >= NEVER] = np.datetime64("NaT")
    return pa.array(dates.astype("datetime64[D]"), pa.date32())


def _moments(visits: Visits) -> npt.NDArray[np.datetime64]:
    moments: npt.NDArray[np.datetime64] = (START + visits.day).astype("datetime64[ms]")
    return moments + (visits.minute * 60_000).astype("timedelta64[ms]")


def _write(columns: dict[str, Any], path: Path) -> None:
    table = pa.table(columns)
    pictures = [field.name for field in table.schema if pa.types.is_binary(field.type)]
    plain = [name for name in table.column_names if name not in pictures]
    pq.write_table(
        table,
        path,
        row_group_size=ROWS,
        # Pictures are packed already: packing or counting them again only makes the file larger.
        compression={name: "none" if name in pictures else "zstd" for name in table.column_names},
        use_dictionary=plain,
        write_statistics=plain,
    )


def _write_json(content: Any, path: Path) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
