"""The whole threshold analysis, all arms: of the sample herd, and of as many vectors as ``scale_dairy_windows`` has.

Seconds and peak memory (less that of a process that only opens the study), each in a process of its own. The second
study is made up, with the sizes of those windows: 59,485 x 20, 5,408 animals, four seasons, three parities, 50 herds.
Then the tau line of the page is dragged, see ``tau``.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.tau import dragged
from explorer.places import shipped
from explorer.recognition.asked import Asked
from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.schema import About, Columns, Derive, StudyFile, Variable, study_file_text
from explorer.study.study import open_study

ROWS, ANIMALS, HERDS, DIMS = 59_485, 5_408, 50, 20


def main() -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        windows = _make(Path(folder) / "windows")
        herd = Path(folder) / "herd"
        shutil.copytree(shipped("sample_data") / "herd", herd, ignore=shutil.ignore_patterns(".cache"))
        for study, embedding, by, goal in (
            (herd, "herd", "season,camera", 20),
            (windows, "vectors", "season,parity,herd", 180),
        ):
            nothing = _measured("open", study, embedding, by)
            ours = _measured("threshold", study, embedding, by)
            print(
                f"{study.name} by {by}: {ours[0]:.1f} s (goal {goal} s), +{ours[1] - nothing[1]:.0f} MB; {ours[2]}",
                flush=True,
            )
            print(f"{study.name}: {dragged(study, Asked(embedding, tuple(by.split(','))))}", flush=True)


def _measured(what: str, study: Path, embedding: str, by: str) -> tuple[float, float, str]:
    command = [sys.executable, "-m", "benchmarks.threshold", what, str(study), embedding, by]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, memory, said = ended.stdout.strip().split("\t")
    return float(seconds), float(memory), said


def _make(folder: Path) -> Path:
    """Made-up animals that return, each in one herd, with vectors that follow animal, season and herd."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    animal = np.sort(rng.integers(0, ANIMALS, ROWS))
    herd = animal % HERDS
    day = rng.integers(0, 1_700, ROWS)
    table = {
        "observation_id": pa.array(np.char.add("o", np.arange(ROWS).astype(str))),
        "animal": pa.array(np.char.add("cow ", animal.astype(str))),
        "when": pa.array(np.datetime64("2006-05-01") + day),
        "parity": pa.array(1 + day // 600),
        "herd": pa.array(np.char.add("herd ", herd.astype(str))),
    }
    pq.write_table(pa.table(table), folder / "observations.parquet", compression="zstd")
    spec = StudyFile(
        study=About(name="Made-up windows", simulated=True),
        columns=Columns(observation="observation_id", animal="animal", time="when"),
        variables={
            "season": Variable(derive=Derive.model_validate({"from": "when", "as": "season"}), kind="nominal"),
            "parity": Variable(column="parity", kind="ordinal"),
            "herd": Variable(column="herd", kind="nominal"),
        },
    )
    (folder / "study.toml").write_text(study_file_text(spec))
    vectors = rng.normal(size=(ANIMALS, DIMS))[animal] + 0.5 * rng.normal(size=(ROWS, DIMS))
    vectors += 0.7 * rng.normal(size=(4, DIMS))[(day // 91) % 4] + 0.5 * rng.normal(size=(HERDS, DIMS))[herd]
    note = EmbeddingNote(observations=open_study(folder).ids_hash, encoder="made up")
    write_embedding(folder, "vectors", vectors, note)
    return folder


def _run(what: str, path: str, name: str, by: str) -> None:
    from explorer.recognition.analysis import analyse

    study = open_study(path)
    embedding = study.embedding(name)
    said = "opened"
    start = time.perf_counter()
    if what == "threshold":
        said = analyse(study, embedding, by.split(",")).verdict
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()  # not ru_maxrss, which begins with what the parent held
    print(f"{seconds}\t{int(status.split('VmHWM:')[1].split()[0]) / 1024}\t{said}")


if __name__ == "__main__":
    _run(*sys.argv[1:])
