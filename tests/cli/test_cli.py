import ast
import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from mistakes import mistake

from explorer import __version__, cli
from explorer.cli import talking
from explorer.engine import progress
from explorer.study import export
from explorer.study.study import open_study

COMMANDS = (
    *("app", "import", "check", "simulate", "train", "evaluate", "embed", "project", "quality", "compare", "export"),
    "neighbours",
)


STARTUP = {
    name.split(".")[0]
    for name in subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True
    ).stdout.split()
}
"""What any Python of this environment imports (.pth files of editable packages and the like)."""


def run(*arguments):
    """The command line in a process of its own."""
    return subprocess.run([sys.executable, "-m", "explorer.cli", *arguments], capture_output=True, text=True)


# --- help --------------------------------------------------------------------------------------------------


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert re.search(rf"^    {command}\s", text, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(capsys, command):
    with pytest.raises(SystemExit) as left:
        cli.main([command, "--help"])
    assert left.value.code == 0
    assert f"usage: latent-explorer {command}" in capsys.readouterr().out


def test_help_imports_nothing_heavy():
    """That is why it answers at once."""
    code = (
        "import sys\n"
        "from explorer import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name.split('.')[0] for name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    imported = set(ast.literal_eval(ended.stdout.splitlines()[-1])) - set(sys.stdlib_module_names)
    assert imported <= {"explorer", "__main__", "sitecustomize", "usercustomize", *STARTUP}


def test_the_module_and_the_version_answer():
    ended = run("--version")
    assert (ended.returncode, ended.stdout) == (0, f"latent-explorer {__version__}\n")


# --- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["check"], "the following arguments are required: STUDY"),
        (["check", "HERE/none"], "there is no folder"),
        (["check", "HERE"], "is not a study"),
        (["check", "HERE/file"], "cannot be opened"),
        (["check", "STUDY", "--colour"], "--colour"),
        (["app", "HERE/none"], "there is no folder"),
        (["app", "STUDY", "--port", "0"], "not a port"),
        (["app", "STUDY", "--port", "²"], "not a port"),
        (["simulate", "--animals", "0", "--out", "HERE/s"], "not a number of animals (1 to 999999)"),
        (["embed", "STUDY", "--model", "pixels"], "has no pictures"),
        (["embed", "STUDY", "--model", "resnet"], "no folder resnet"),
        (["embed", "STUDY", "--model", "HERE/file"], "latent-explorer: "),
        (["evaluate", "STUDY", "--model", "herd"], "has no pictures"),
        (["train", "STUDY", "--steps", "0", "--out", "HERE/m"], "not a number of steps (1 to 999999)"),
        (["project", "STUDY"], "--out"),
        (["project", "STUDY", "--dims", "4", "--out", "HERE/a.csv"], "--dims"),
        (["project", "STUDY", "--seed", "-1", "--out", "HERE/a.csv"], "--seed"),
        (["project", "STUDY", "--seed", "2147483648", "--out", "HERE/a.csv"], "not a seed"),
        (["project", "STUDY", "--embedding", "../x", "--out", "HERE/a.csv"], "no embedding '../x'"),
        (["project", "STUDY", "--out", "HERE/file/a.csv"], "could not be written"),
        (["project", "STUDY", "--out", "HERE/d.csv"], "could not be written"),
        (["project", "STUDY", "--out", "HERE"], "does not say its format"),
        (["project", "STUDY", "--out", "/"], "does not say its format"),
        (["project", "STUDY", "--out", "HERE/a.xlsx"], "'a.xlsx' does not say its format"),
        (["project", "STUDY", "--method", "umap", "--neighbours", "1", "--out", "HERE/a.csv"], "neighbours (2 to 200)"),
        (
            ["project", "STUDY", "--method", "umap", "--neighbours", "201", "--out", "HERE/a.csv"],
            "neighbours (2 to 200)",
        ),
        (["project", "STUDY", "--neighbours", "9", "--scale", "local", "--out", "HERE/a.csv"], "not allowed with"),
        (["project", "STUDY", "--neighbours", "9", "--out", "HERE/a.csv"], "PCA does not use --neighbours"),
        (["project", "STUDY", "--fast", "--out", "HERE/a.csv"], "PCA does not use --fast. Leave it out; UMAP can"),
        (["project", "STUDY", "--method", "tsne", "--min-dist", "0", "--out", "HERE/a.csv"], "not use --min-dist"),
        (["project", "STUDY", "--method", "umap", "--min-dist", "1.1", "--out", "HERE/a.csv"], "from 0 to 1"),
        (["project", "STUDY", "--method", "umap", "--min-dist", "nan", "--out", "HERE/a.csv"], "from 0 to 1"),
        (["project", "STUDY", "--method", "umap", "--min-dist", "near", "--out", "HERE/a.csv"], "from 0 to 1"),
        (["neighbours", "STUDY"], "--observation"),
        (
            ["neighbours", "STUDY", "--observation", "o-0007"],
            "no observation 'o-0007'. Did you mean 'o-000' or 'o-007'",
        ),
        (["neighbours", "STUDY", "--observation", "zzz"], "no observation 'zzz'. Check the id"),
        (["neighbours", "STUDY", "--observation", "o-001", "--k", "0"], "not a number of neighbours"),
        (["neighbours", "STUDY", "--observation", "o-001", "--embedding", "net"], "no embedding 'net'"),
        (["neighbours", "STUDY", "--observation", "o-001", "--out", "HERE/n.txt"], "does not say its format"),
        (["export", "STUDY", "--view", "", "--out", "HERE/a"], "'a' does not say its format"),
        (["export", "STUDY", "--view", "", "--decisions", "x", "--out", "HERE/a.csv"], "not the number of an event"),
        (["export", "STUDY", "--view", "", "--decisions", "9", "--out", "HERE/a.csv"], "no decision 9"),
        (["export", "STUDY", "--view", "filter=[", "--out", "HERE/a.csv"], "cannot be read at 'filter'"),
        (["export", "STUDY", "--view", "seed=x", "--out", "HERE/a.csv"], "cannot be read at 'seed'"),
        (["export", "STUDY", "--view", "embedding=", "--out", "HERE/a.csv"], "no embedding ''"),
        (["import", "HERE/none.csv", "--out", "HERE/new"], "none.csv"),
        (["import", "HERE/file", "--out", "HERE/new"], "latent-explorer: "),
        (["import", "HERE/t.csv", "--out", "STUDY"], "exists already"),
    ],
)
def test_each_mistake_is_one_line_and_a_two(herd, tmp_path, capsys, arguments, sentence):
    study = herd.save()
    (tmp_path / "file").write_text("x")
    (tmp_path / "d.csv").mkdir()
    (tmp_path / "t.csv").write_text("cow,weight\na,1\nb,2\n")
    before = sorted(path for path in tmp_path.rglob("*") if ".cache" not in path.parts)
    filled = [one.replace("STUDY", str(study)).replace("HERE", str(tmp_path)) for one in arguments]
    assert sentence in mistake(capsys, *filled)
    assert sorted(path for path in tmp_path.rglob("*") if ".cache" not in path.parts) == before


def test_a_study_without_vectors_says_how_to_get_some(herd, tmp_path, capsys):
    herd.spec["columns"]["features"] = []
    assert "has no vectors" in mistake(capsys, "project", herd.save(), "--out", tmp_path / "a.csv")
    assert "has no vectors" in mistake(capsys, "neighbours", herd.save(), "--observation", "o-001")


def test_an_unforeseen_trouble_with_a_file_is_one_line(herd, capsys, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("explorer.study.study.open_study", denied)
    assert "Permission denied" in mistake(capsys, "check", herd.save())


@pytest.mark.slow
def test_a_mistake_ends_the_process_with_a_two(tmp_path):
    ended = run("check", str(tmp_path))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)


# --- what the commands do ----------------------------------------------------------------------------------


def test_check_says_what_is_in_a_study(herd, tmp_path, capsys):
    herd.observations.loc[3, "animal_id"] = None
    assert cli.main(["check", str(herd.save()), "--out", str(tmp_path / "found.csv")]) == 0
    text = capsys.readouterr().out
    assert "Small herd: 40 observations, 10 variables\n8 animals\nembeddings: features\n" in text
    assert "warning observations.parquet, row 4, column animal_id: the animal is missing." in text
    assert text.endswith("no errors\n")
    (found,) = pd.read_csv(tmp_path / "found.csv").to_dict("records")
    assert (found["severity"], found["file"], found["row"], found["column"], found["rows_affected"]) == (
        *("warning", "observations.parquet", 4, "animal_id", 1),
    )
    facts = json.loads((tmp_path / "found.csv.manifest.json").read_text())
    assert facts["rows"] == 1
    assert "check" in facts["command"]


def test_check_of_a_clean_study(herd, tmp_path, capsys):
    assert cli.main(["check", str(herd.save()), "--out", str(tmp_path / "found.csv")]) == 0
    assert capsys.readouterr().out.endswith("nothing to mend\n")
    assert (tmp_path / "found.csv").read_text() == "severity,file,row,column,rows_affected,what,how\n"


def test_check_fails_on_errors(herd, capsys):
    herd.pictured("files").observations.loc[3, "image"] = "../x.png"
    study = str(herd.save())
    assert cli.main(["check", study]) == 0
    capsys.readouterr()
    assert cli.main(["check", study, "--pictures"]) == 2
    told = capsys.readouterr()
    assert "error   observations.parquet, row 4, column image: the path '../x.png'" in told.out
    assert told.err == f"latent-explorer: 1 to mend in {study}\n"


def test_embed_writes_the_baseline(herd, capsys):
    assert cli.main(["embed", str(herd.pictured("bytes").save()), "--model", "pixels"]) == 0
    assert "40 of 40 observations have a vector of" in capsys.readouterr().out
    assert "pixels" in open_study(herd.folder).embedding_names


def test_import_makes_a_study_that_checks_and_projects(herd, tmp_path, capsys):
    herd.observations.to_csv(tmp_path / "herd.csv", index=False)
    made = tmp_path / "made"
    arguments = ["import", str(tmp_path / "herd.csv"), "--out", str(made), "--features", "p_*"]
    assert cli.main([*arguments, "--guess"]) == 0
    assert not made.exists()
    assert "captured_at" in capsys.readouterr().out
    assert cli.main(arguments) == 0
    assert "40 observations written to" in capsys.readouterr().out
    assert cli.main(["check", str(made)]) == 0
    assert cli.main(["project", str(made), "--out", str(tmp_path / "map.csv")]) == 0
    study = open_study(made)
    np.testing.assert_allclose(
        study.embedding("features").vectors, herd.open().embedding("features").vectors, atol=1e-5
    )


# --- interruptions -----------------------------------------------------------------------------------------


def test_ctrl_c_leaves_the_old_file(herd, tmp_path, capsys, monkeypatch):
    out = tmp_path / "map.csv"
    out.write_text("old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    assert cli.main(["project", str(herd.save()), "--out", str(out)]) == 130
    assert capsys.readouterr().err == "latent-explorer: stopped; nothing was half-written\n"
    monkeypatch.undo()
    monkeypatch.setattr(export, "manifest_text", interrupted)
    other = tmp_path / "other.csv"
    assert cli.main(["project", str(herd.folder), "--out", str(other)]) == 130
    assert out.read_text() == "old" and not other.exists()
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.slow
def test_a_reader_that_has_gone_is_no_trouble(herd, unbuffered):
    worker = subprocess.Popen(
        [sys.executable, "-m", "explorer.cli", "check", str(herd.save())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    worker.stdout.close()
    told = worker.stderr.read()
    worker.stderr.close()
    assert (worker.wait(), told) == (0, b"")


def test_progress_is_told_on_a_terminal_only(monkeypatch, capsys):
    assert talking.reporter() is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    report = talking.reporter()
    report(0.5, "moving the points")
    report(1.0, "moving the points")
    told = capsys.readouterr().err
    assert "50 %: moving the points" in told
    assert told.endswith("100 %: moving the points\n")
    assert isinstance(progress.Clock().read().fraction, float)


def test_simulate_makes_a_herd_that_checks(tmp_path, capsys):
    out = tmp_path / "herd"
    assert cli.main(["simulate", "--animals", "4", "--seed", "5", "--no-pictures", "--out", str(out)]) == 0
    assert "4 simulated animals" in capsys.readouterr().out
    study = open_study(out)
    assert study.spec.study.simulated
    assert study.embedding_names == ["features"]
    assert cli.main(["check", str(out)]) == 0
