"""Studies that can show a threshold over time, and those that are refused by name."""

from pathlib import Path

import numpy as np
import pytest

from explorer.errors import UserError
from explorer.recognition.analysis import analyse
from explorer.recognition.promise import default_fpir, settle
from explorer.recognition.protocol import changing, refuse_without_return
from explorer.space.conditions import conditions

DATA = Path(__file__).parents[3] / "shared" / "data"


def refused(study, *by):
    with pytest.raises(UserError) as told:
        refuse_without_return(study, conditions(study, by))
    return str(told.value)


def test_a_study_whose_animals_return_has_dates(herd):
    study = herd.open()
    days = refuse_without_return(study, conditions(study, ["season", "breed"]))
    assert len(np.unique(days)) > 4 and not np.isnan(days).any()


def test_animals_seen_on_one_date_only_are_refused_by_name(herd):
    first = herd.observations.groupby("animal_id")["captured_at"].transform("min")
    herd.observations["captured_at"] = first
    said = refused(herd.open(), "season")
    assert said.startswith("none of the 8 animals of Small herd is seen again on another date")


def test_a_background_that_never_changes_is_refused_by_name(herd):
    said = refused(herd.open(), "breed", "sex")
    assert "none of the 8 animals of Small herd is seen again under another background" in said
    assert "breed and sex never change within an animal" in said
    assert "breed never changes within" in refused(herd.open(), "breed")


def test_variables_that_change_within_an_animal_are_offered(herd):
    """Breed, sex and parity never change here; tasks, and a variable without any value, are left out."""
    herd.spec["variables"]["empty"] = {"column": "empty", "kind": "continuous"}
    herd.observations["empty"] = np.nan
    assert changing(herd.open()) == ["weight", "age", "season", "month", "calved"]
    never = {name: herd.spec["variables"][name] for name in ("breed", "sex", "empty", "bcs")}
    herd.spec["variables"] = never
    with pytest.raises(UserError, match="under another background: breed and sex never change within an animal"):
        changing(herd.open())
    herd.spec["variables"] = {"bcs": never["bcs"]}
    with pytest.raises(UserError, match="has no background variable to condition on"):
        changing(herd.open())


def test_without_times_or_animals_it_is_refused(herd):
    del herd.spec["columns"]["time"]
    for name in ("age", "season", "month", "calved", "bcs", "trend"):
        del herd.spec["variables"][name]
    assert "does not say when" in refused(herd.open(), "weight")
    del herd.spec["columns"]["animal"]
    del herd.spec["variables"]["sex"]
    assert "does not say which animal is which" in refused(herd.open(), "weight")


def test_a_herd_of_eight_is_too_small(herd):
    study = herd.open()
    with pytest.raises(UserError, match="too few"):
        analyse(study, study.embedding("features"), ["season"])


def test_an_unknown_column_is_told(herd):
    study = herd.open()
    with pytest.raises(UserError, match="no column 'test_id'"):
        analyse(study, study.embedding("features"), ["season"], not_within=["test_id"])


@pytest.mark.slow
def test_real_studies_without_return_are_refused_by_name(tmp_path):
    if not DATA.is_dir():
        pytest.skip("the real data is not here (../shared/data)")
    from explorer import cli
    from explorer.study.study import open_study

    table = DATA / "fishcam" / "fishcam.csv"
    assert cli.main(["import", str(table), "--images", str(table.parent), "--out", str(tmp_path / "fish")]) == 0
    fish = open_study(tmp_path / "fish")
    by = next(name for name in fish.variables if "season" in name)
    assert "is seen again on another date" in refused(fish, by)
    mice = next((DATA / "mice_protein").glob("*.csv*"))
    assert cli.main(["import", str(mice), "--out", str(tmp_path / "mice")]) == 0
    study = open_study(tmp_path / "mice")
    by = [name for name in study.variables if name.lower() in ("genotype", "treatment", "behavior", "behaviour")]
    assert by and "is seen again under another background" in refused(study, *by)


def test_the_default_promise_follows_from_the_animals():
    assert default_fpir([40, 44], [100, 100]) == 0.10
    assert default_fpir([45, 50, 3], [100, 100, 10]) == 0.05
    assert default_fpir([300, 10], [60, 40]) == 0.01
    assert default_fpir([5], [10]) == 0.10


def test_a_promise_is_kept_or_the_next_milder_one_is_made():
    kept = settle(0.05, 0.9, 0.10, 45)
    assert (kept.fpir, kept.confidence, kept.remarks) == (0.05, 0.9, ())
    milder = settle(0.05, 0.9, 0.10, 44)
    assert (milder.fpir, milder.confidence, milder.least) == (0.10, 0.9, 22)
    assert "1 more is needed" in milder.remarks[0]
    average = settle(0.05, 0.9, 0.10, 20)
    assert (average.fpir, average.confidence) == (0.05, 0.0)
    assert average.remarks[0].endswith("at most 5% of searches for unknown animals are accepted, on average")
    with pytest.raises(UserError, match=r"^8 animals, about a quarter .* too few"):
        settle(None, 0.9, 0.10, 8)
