"""A small herd on disk, for any test that needs a study."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w
from PIL import Image

from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.study import Study, open_study


def png(grey: int, side: int = 8) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (side, side), grey).save(stream, "PNG")
    return stream.getvalue()


class Herd:
    """The frames and the description of a study; change them, then ``save`` or ``open``.

    Eight animals of two breeds, seen five times each, 40 rows. Tables set to None are not written.
    """

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(0)
        names = [f"cow-{number}" for number in range(8)]
        animal = np.repeat(names, 5)
        first = np.datetime64("2024-01-10T08:00", "us")
        visit = np.tile(np.arange(5), 8)
        n = len(animal)
        self.folder = folder
        self.observations: pd.DataFrame = pd.DataFrame(
            {
                "observation_id": [f"o-{row:03}" for row in range(n)],
                "animal_id": animal,
                "captured_at": first
                + visit * np.timedelta64(61, "D")
                + np.repeat(np.arange(8), 5) * np.timedelta64(35, "m"),
                "breed": np.repeat(["Jersey", "Holstein"] * 4, 5),
                "parity": np.repeat([1, 2, 3, 2, 1, 3, 1, 2], 5).astype(np.int64),
                "weight": 500 + rng.normal(size=n) * 20,
                **{f"p_{place}": rng.normal(size=n) * (place + 1) + 100 * place for place in range(4)},
            }
        )
        days = np.array(["2024-02-01", "2024-06-01", "2024-09-01"], dtype="datetime64[us]")
        self.scores: pd.DataFrame | None = pd.DataFrame(
            {
                "animal": np.repeat(names, 3),
                "time": np.tile(days, 8),
                "task": "bcs",
                "value": np.round(rng.uniform(2, 4, 24) * 4) / 4,
                "observer": np.tile(["Ann", "Bob", "Ann"], 8),
            }
        )
        self.events: pd.DataFrame | None = pd.DataFrame(
            {"animal": names, "time": np.datetime64("2024-03-01", "us"), "kind": "calving"}
        )
        self.animals: pd.DataFrame | None = pd.DataFrame(
            {
                "animal": names[::-1],
                "birth": np.datetime64("2020-01-01", "us") + np.arange(8) * np.timedelta64(30, "D"),
                "sex": ["f", "m"] * 4,
            }
        )
        self.spec: dict[str, Any] = {
            "study": {"name": "Small herd"},
            "columns": {
                "observation": "observation_id",
                "animal": "animal_id",
                "time": "captured_at",
                "features": ["p_*"],
            },
            "variables": {
                "breed": {"column": "breed", "kind": "nominal"},
                "parity": {"column": "parity", "kind": "ordinal"},
                "weight": {"column": "weight", "kind": "continuous", "unit": "kg"},
                "sex": {"column": "sex", "table": "animals", "kind": "nominal"},
                "age": {"derive": {"from": "birth", "as": "age"}, "kind": "continuous", "unit": "years"},
                "season": {"derive": {"from": "captured_at", "as": "season"}, "kind": "nominal"},
                "month": {"derive": {"from": "captured_at", "as": "month"}, "kind": "cyclic"},
                "calved": {"derive": {"from": "calving", "as": "days_since"}, "kind": "continuous"},
                "bcs": {"score": "bcs", "kind": "ordinal", "role": "task", "source": "expert"},
                "trend": {"derive": {"from": "bcs", "as": "backward_gradient"}, "kind": "continuous", "role": "task"},
            },
        }

    def numbered(self) -> "Herd":
        """The same herd with times as days since 2024-01-01."""
        for frame, column in ((self.observations, "captured_at"), (self.scores, "time"), (self.events, "time")):
            if frame is not None:
                frame[column] = (frame[column] - np.datetime64("2024-01-01")) / np.timedelta64(1, "D")
        self.spec["columns"]["time_unit"] = "days"
        for name in ("age", "season", "month"):
            del self.spec["variables"][name]
        return self

    def pictured(self, how: str) -> "Herd":
        """With a grey picture for each row: as ``files`` or as ``bytes``."""
        content = [png(5 * row) for row in range(len(self.observations))]
        if how == "bytes":
            self.observations["image"] = content
        else:
            (self.folder / "images").mkdir(parents=True, exist_ok=True)
            for row, one in enumerate(content):
                (self.folder / "images" / f"{row}.png").write_bytes(one)
            self.observations["image"] = [f"images/{row}.png" for row in range(len(content))]
        self.spec["columns"]["image"] = "image"
        return self

    def save(self, suffix: str = ".parquet") -> Path:
        """Write the study; returns its folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "study.toml").write_text(tomli_w.dumps(self.spec), encoding="utf-8")
        for stem in ("observations", "scores", "events", "animals"):
            frame = getattr(self, stem)
            for old in (".parquet", ".csv"):
                (self.folder / f"{stem}{old}").unlink(missing_ok=True)
            if frame is None:
                continue
            if suffix == ".csv":
                frame.to_csv(self.folder / f"{stem}.csv", index=False)
            else:
                frame.to_parquet(self.folder / f"{stem}.parquet", index=False)
        return self.folder

    def open(self, suffix: str = ".parquet") -> Study:
        """Write the study and open it."""
        return open_study(self.save(suffix))

    def embed(self, name: str, vectors: np.ndarray) -> Study:
        """Write the study with stored vectors, and open it."""
        study = self.open()
        write_embedding(study.path, name, vectors, EmbeddingNote(observations=study.ids_hash, encoder="test"))
        return study
