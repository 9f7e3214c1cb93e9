"""``report``: a page, a round, the manifest's command, and each mistake as one line."""

import json
import shlex

import numpy as np
import pytest
from change.printed import pages_of
from change.watched import ILL, celled, watched
from mistakes import mistake

from explorer import cli
from explorer.change.series import followable
from explorer.change.usual import usual_variables
from explorer.decisions.alert_verdicts import resolve_alert
from explorer.study.study import open_study

pytestmark = pytest.mark.usefixtures("quick_limits")


def did(capsys, *arguments):
    assert cli.main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("whom", "more"),
    [
        (["--animal", ILL], ["--as-of", "2023-05-01", "--paper", "letter"]),
        (["--animal", ILL], ["--side", "down", "--learning", "7", "--seed", "3"]),
        (["--round"], ["--view", 'round={"only":"alerts"}&filter=[{"variable":"parity","low":2,"high":3}]']),
    ],
)
@pytest.mark.slow
def test_a_report_can_be_made_again_after_somebody_has_decided(herd, tmp_path, capsys, whom, more):
    folder = watched(herd).save()
    out = tmp_path / "report.pdf"
    options = ["--variable", "weight", "milk", "--rate", "0.1", "--memory", "14", "--covariates", "parity"]
    said = did(capsys, "report", folder, *whom, *options, *more, "--out", out)
    assert any("false alerts a month" in line for line in said)
    text = " ".join(pages_of(out.read_bytes()))
    assert ILL in text and "not a diagnosis" in text and "imits are set for 10 %" in text
    facts = json.loads((tmp_path / "report.pdf.manifest.json").read_text())
    resolve_alert(open_study(folder), ILL, [19_400.0], "weight", "watch", who="Ann")
    words = shlex.split(facts["command"])
    did(capsys, *words[1:-1], tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == out.read_bytes()


@pytest.mark.slow
def test_the_tasks_are_followed_unless_told_otherwise(herd, tmp_path, capsys):
    out = tmp_path / "a.pdf"
    said = did(capsys, "report", watched(herd).save(), "--animal", "cow-01", "--out", out)
    (page,) = pages_of(out.read_bytes())
    assert all(f"{label} " in page for label in ("Weight", "milk", "bcs"))
    assert not any("Not followed" in line for line in said)


@pytest.mark.slow
def test_a_task_that_is_left_out_is_told(herd, tmp_path, capsys):
    herd = watched(herd)
    del herd.spec["variables"]["milk"]["relevant_change"]
    said = did(capsys, "report", herd.save(), "--animal", "cow-01", "--out", tmp_path / "a.pdf")
    assert any("Not followed: milk (the study does not say which change" in line for line in said)


@pytest.mark.slow
def test_what_is_followed_on_a_day_does_not_hang_on_what_came_later(herd, tmp_path, capsys):
    """The cells are low and high alike up to the day, and lopsided ever after."""
    herd, day = celled(herd), np.datetime64("2023-03-01", "us")
    rows = herd.observations
    early = (rows["captured_at"] < day).to_numpy()
    rows.loc[early, "cells"] = np.random.default_rng(0).normal(300, 30, early.sum())
    rows.loc[~early, "cells"] *= 20
    herd.spec["variables"] = {"cells": {"column": "cells", "kind": "continuous", "role": "task"}}
    herd.scores = None
    study = herd.open()
    assert usual_variables(study, followable(study)) == ("log2:cells",), "by all there is"
    followed = []
    for observations in (rows, rows[early]):
        herd.observations = observations.reset_index(drop=True)
        options = ["--animal", ILL, "--as-of", "2023-02-28", "--out", tmp_path / "a.pdf"]
        did(capsys, "report", herd.save(), *options)
        followed.append(list(json.loads((tmp_path / "a.pdf.manifest.json").read_text())["tasks"]))
    assert followed == [["cells"], ["cells"]]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--animal", "cow-7", "--out", "a.pdf"], "such as cow-"),
        (["--animal", ILL, "--out", "a.png"], "Let the name end in .pdf"),
        (["--out", "a.pdf"], "one of the arguments --animal --round is required"),
        (["--animal", ILL, "--round", "--out", "a.pdf"], "not allowed with"),
        (["--round", "--view", "round={", "--out", "a.pdf"], "cannot be read at 'round'"),
        (["--round", "--view", "%%%", "--out", "a.pdf"], "'%%%' is no part of a view"),
        (["--animal", ILL, "--view", "%%%", "--out", "a.pdf"], "takes no --view"),
        (["--round", "--as-of", "03/04/2024", "--out", "a.pdf"], "Give a date such as 2024-05-31"),
        (["--round", "--as-of", "tomorrow", "--out", "a.pdf"], "no time of this study"),
        (["--round", "--paper", "A3", "--out", "a.pdf"], "invalid choice"),
        (["--round", "--decisions", "9", "--out", "a.pdf"], "9"),
        (["--round", "--variable", "bcs_next", "--out", "a.pdf"], "lie in the future"),
    ],
)
def test_a_mistake_is_one_line(herd, capsys, options, told):
    assert told in mistake(capsys, "report", watched(herd).save(), *options)
