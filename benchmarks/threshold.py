"""The whole threshold analysis as the page pays for it: of the sample herd, and of ``scale_dairy_windows``.

Seconds from the study to the result on disk (all arms, the pairs of strata, the evidence) and peak memory, less that of
a process that only opens the study, each in a process of its own. The windows come from the folder that
LATENT_EXPLORER_BENCH_WINDOWS names (``X.npy`` and ``labels.csv.gz``; each number z-scored, windows within 240 days of
each other never compared, for they share a test). Without it, made-up vectors stand in, and that is said: 59,485 x 20,
5,408 animals, four seasons, three parities, 50 herds. Then the tau line of the page is dragged, see ``tau``.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.tau import dragged
from explorer.places import shipped
from explorer.recognition.asked import Asked, as_facts, from_facts
from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.schema import About, Columns, Derive, StudyFile, Variable, study_file_text
from explorer.study.study import open_study

ROWS, ANIMALS, HERDS, DIMS = 59_485, 5_408, 50, 20
SHARED = 240.0
"""Days within which two windows of five monthly tests share one."""
VARIABLE = "LATENT_EXPLORER_BENCH_WINDOWS"


def main() -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        windows, herd = Path(folder) / "windows", Path(folder) / "herd"
        shutil.copytree(shipped("sample_data") / "herd", herd, ignore=shutil.ignore_patterns(".cache"))
        real = os.environ.get(VARIABLE)
        table, vectors = _made_up() if real is None else _read(Path(real))
        _write(windows, table, vectors)
        by = ("season", "parity", "herd")
        whose = f"made-up windows ({VARIABLE} is not set)" if real is None else "real windows"
        for study, name, asked, goal in (
            (herd, "sample herd", Asked("herd", ("season", "camera")), 20),
            (windows, whose, Asked("vectors", by, apart=0.0 if real is None else SHARED), 180),
        ):
            nothing = _measured("open", study, asked)
            ours = _measured("threshold", study, asked)
            print(
                f"{name}, {len(open_study(study)):,} rows, by {', '.join(asked.by)}: {ours[0]:.1f} s (goal {goal} s), "
                f"+{ours[1] - nothing[1]:.0f} MB; {ours[2]}",
                flush=True,
            )
            print(f"{name}: {dragged(study)}", flush=True)


def _measured(what: str, study: Path, asked: Asked) -> tuple[float, float, str]:
    command = [sys.executable, "-m", "benchmarks.threshold", what, str(study), json.dumps(as_facts(asked))]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, memory, said = ended.stdout.strip().split("\t")
    return float(seconds), float(memory), said


def _read(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    labels = pd.read_csv(folder / "labels.csv.gz", parse_dates=["date"])
    vectors = np.load(folder / "X.npy", allow_pickle=False).astype(np.float64)
    table = labels[["animal_id", "date", "parity", "place_herd"]].set_axis(["animal", "when", "parity", "herd"], axis=1)
    return table, (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)


def _made_up() -> tuple[pd.DataFrame, np.ndarray]:
    """Animals that return, each in one herd, with vectors that follow animal, season and herd."""
    rng = np.random.default_rng(0)
    animal = np.sort(rng.integers(0, ANIMALS, ROWS))
    herd = animal % HERDS
    day = rng.integers(0, 1_700, ROWS)
    table = pd.DataFrame(
        {
            "animal": np.char.add("cow ", animal.astype(str)),
            "when": (np.datetime64("2006-05-01") + day).astype("datetime64[us]"),
            "parity": 1 + day // 600,
            "herd": np.char.add("herd ", herd.astype(str)),
        }
    )
    vectors = rng.normal(size=(ANIMALS, DIMS))[animal] + 0.5 * rng.normal(size=(ROWS, DIMS))
    vectors += 0.7 * rng.normal(size=(4, DIMS))[(day // 91) % 4] + 0.5 * rng.normal(size=(HERDS, DIMS))[herd]
    return table, vectors


def _write(folder: Path, table: pd.DataFrame, vectors: np.ndarray) -> None:
    """A study of ``table``, whose rows have the ``vectors`` (n, d)."""
    folder.mkdir(parents=True)
    table.to_parquet(folder / "observations.parquet", index=False)
    spec = StudyFile(
        study=About(name="Windows"),
        columns=Columns(animal="animal", time="when"),
        variables={
            "season": Variable(derive=Derive.model_validate({"from": "when", "as": "season"}), kind="nominal"),
            "parity": Variable(column="parity", kind="ordinal"),
            "herd": Variable(column="herd", kind="nominal"),
        },
    )
    (folder / "study.toml").write_text(study_file_text(spec))
    note = EmbeddingNote(observations=open_study(folder).ids_hash, encoder="none")
    write_embedding(folder, "vectors", vectors, note)


def _run(what: str, path: str, facts: str) -> None:
    from explorer.recognition.kept import evidence_path, read_evidence, threshold_at

    asked = from_facts(json.loads(facts))
    said = "opened"
    start = time.perf_counter()
    study = open_study(path)
    study.embedding(asked.embedding)
    if what == "threshold":
        threshold_at(Path(path), asked, report=lambda _fraction, _note: None)
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()  # not ru_maxrss, which begins with what the parent held
    if what == "threshold":
        kept = read_evidence(evidence_path(study, asked))
        assert kept is not None
        said = kept.facts["verdict"]
    print(f"{seconds}\t{int(status.split('VmHWM:')[1].split()[0]) / 1024}\t{said}")


if __name__ == "__main__":
    _run(*sys.argv[1:])
