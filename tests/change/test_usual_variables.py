"""What is followed unless somebody says otherwise."""

import numpy as np
from change.watched import celled, watched

from explorer.change.clock import clock_of
from explorer.change.series import followable
from explorer.change.usual import left_out, usual_variables


def test_tasks_with_a_relevant_change_are_followed_else_the_first_ones(herd):
    herd = watched(herd)
    study = herd.open()
    assert usual_variables(study, followable(study)) == ("weight", "milk", "bcs")
    for name in ("weight", "milk", "bcs"):
        herd.spec["variables"][name].pop("relevant_change")
    herd.spec["variables"]["milk"]["relevant_change"] = 4.0
    study = herd.open()
    assert usual_variables(study, followable(study)) == ("milk",)


def test_a_task_without_a_value_is_left_out(herd):
    herd = watched(herd)
    herd.scores = herd.scores.iloc[:0]
    herd.observations["milk"] = float("nan")
    study = herd.open()
    assert usual_variables(study, followable(study)) == ("weight",)


def test_a_lopsided_task_is_followed_by_its_logarithm_unless_a_change_of_it_is_known_to_matter(herd):
    herd = celled(herd)
    for task in herd.spec["variables"].values():
        task.pop("relevant_change", None)
    study = herd.open()
    assert "log2:cells" in usual_variables(study, followable(study))
    assert "cells" not in usual_variables(study, followable(study))
    herd.spec["variables"]["cells"]["relevant_change"] = 200.0
    study = herd.open()
    assert usual_variables(study, followable(study)) == ("cells",)


def test_a_task_without_a_value_by_the_day_is_left_out_of_what_is_followed_and_told(herd):
    herd = watched(herd)
    herd.observations.loc[herd.observations["captured_at"] < np.datetime64("2023-01-01"), "milk"] = np.nan
    study = herd.open()
    before, after = (clock_of(study).read(day) for day in ("2022-12-01", "2023-03-01"))
    assert usual_variables(study, followable(study, before), before) == ("weight", "bcs")
    assert usual_variables(study, followable(study, after), after) == ("weight", "milk", "bcs")
    del herd.spec["variables"]["milk"]["relevant_change"]
    study = herd.open()
    assert left_out(study, followable(study), ["weight", "bcs"]).startswith(
        "not followed: milk (the study does not say"
    )
    assert left_out(study, followable(study), ["weight", "milk", "bcs"]) == ""
