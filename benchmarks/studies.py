"""Made-up studies of any size, for measuring."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.schema import About, Columns, Derive, StudyFile, Variable, study_file_text
from explorer.study.study import open_study


def make(folder: Path, rows: int, dims: int) -> Path:
    """A study of ``rows`` observations of rows / 20 animals with vectors that follow season and age."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    animal = rng.integers(0, max(1, rows // 20), rows)
    day = rng.integers(0, 900, rows)
    age = rng.uniform(1, 12, rows)
    table = {
        "observation_id": pa.array(np.char.add("o", np.arange(rows).astype(str))),
        "animal": pa.array(np.char.add("cow ", animal.astype(str))),
        "when": pa.array(np.datetime64("2022-01-01") + day),
        "age": pa.array(age),
        "breed": pa.array(np.array(["Holstein", "Jersey", "Normande"])[animal % 3]),
    }
    pq.write_table(pa.table(table), folder / "observations.parquet", compression="zstd")
    spec = StudyFile(
        study=About(name=f"Benchmark, {rows:,} rows", simulated=True),
        columns=Columns(observation="observation_id", animal="animal", time="when"),
        variables={
            "age": Variable(column="age", kind="continuous", unit="years"),
            "breed": Variable(column="breed", kind="nominal"),
            "season": Variable(derive=Derive.model_validate({"from": "when", "as": "season"}), kind="nominal"),
        },
    )
    (folder / "study.toml").write_text(study_file_text(spec))
    vectors = np.empty((rows, dims), dtype=np.float32)
    centres = rng.normal(size=(3, dims))
    slope = rng.normal(size=dims)
    for start in range(0, rows, 100_000):
        part = slice(start, start + 100_000)
        noise = rng.standard_normal((len(age[part]), dims), dtype=np.float32)
        vectors[part] = noise + centres[animal[part] % 3] + np.outer(age[part] / 6 - 1, slope)
    note = EmbeddingNote(observations=open_study(folder).ids_hash, encoder="made up")
    write_embedding(folder, "vectors", vectors, note)
    return folder
