"""No command writes over a part of a study, nor two things into one file."""

import argparse
from pathlib import Path

import pytest
from mistakes import mistake

from explorer import cli
from explorer.cli.parsing import WRITTEN

READ = {"study", "source", "vectors", "images", "scores", "events", "animals", "model"}

NEEDED = {
    "import": ["table.csv"],
    "evaluate": ["--embedding", "net"],
    "explain": ["--model", "herd", "--observation", "o-000", "--task", "bcs"],
    "export": ["--view", ""],
    "neighbours": ["--observation", "o-000"],
    "compare": ["--a", "features", "--b", "net"],
    "threshold": ["--by", "breed"],
    "changes": ["--variable", "weight"],
    "levels": ["--variable", "weight"],
    "report": ["--round"],
    "sweep": ["--over", "matches"],
}
"""What argparse asks for beside the study and where to write."""

PARTS = ["study.toml", "observations.parquet", "observations.CSV", "scores.parquet", "embeddings/net.json"]


def parsers():
    (commands,) = (one for one in cli._parser()._actions if isinstance(one, argparse._SubParsersAction))
    return commands.choices


def writing():
    """Each option that names what a command writes: the command, and the option."""
    for name, parser in parsers().items():
        for option in parser._actions:
            if option.type is Path and option.dest not in READ:
                yield name, option.option_strings[0]


def words(folder, name, option, path):
    study = [folder] if any(one.dest == "study" for one in parsers()[name]._actions) else []
    others = [] if option == "--out" else ["--out", folder.parent / "fine.csv"]
    return [name, *study, *NEEDED.get(name, []), *others, option, path]


@pytest.fixture
def folder(herd):
    return herd.embed("net", herd.observations[["p_0", "p_1"]].to_numpy()).path


def everything(folder):
    return {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name, option", list(writing()))
@pytest.mark.slow
def test_no_command_writes_over_a_part_of_the_study(folder, capsys, name, option):
    before = everything(folder)
    for part in PARTS:
        told = mistake(capsys, *words(folder, name, option, folder / part))
        assert "is a part of the study" in told and part in told
    (folder / "mine.csv").write_text("not yours")
    assert "no export has made it" in mistake(capsys, *words(folder, name, option, folder / "mine.csv"))
    assert everything(folder) == before | {folder / "mine.csv": b"not yours"}


@pytest.mark.parametrize("name, option", [one for one in writing() if one[1] != "--out"])
def test_one_file_cannot_be_two(folder, capsys, name, option):
    twice = folder.parent / "same.csv"
    others = [one for command, one in writing() if command == name and one != option]
    asked = [name, folder, *NEEDED.get(name, []), "--out", folder.parent / "fine.csv", option, twice]
    for other in others:
        told = mistake(capsys, *asked, other, folder.parent / "." / "same.csv")
        assert "name the same file" in told and option in told and other in told
    assert not twice.exists()


def test_every_option_that_is_written_to_is_looked_at():
    assert {option.removeprefix("--").replace("-", "_") for _, option in writing()} == set(WRITTEN)
