"""What is followed unless somebody says otherwise."""

from change.watched import celled, watched

from explorer.change.series import followable
from explorer.change.usual import usual_variables


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
