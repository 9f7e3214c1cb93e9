"""Where subgroups lie apart, as a table."""

import json

import numpy as np
import pandas as pd

from explorer.space.divergence import divergences
from explorer.space.divergence_table import divergence_frame, export_divergences
from explorer.space.saliency_asked import Asked, background_of


def test_each_dimension_has_a_row_the_widest_first_and_a_task_is_named():
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(20), 4)
    groups = pd.Categorical(np.where(units % 2 == 0, "a", "b"))
    x = rng.normal(size=(80, 3))
    x[units % 2 == 0, 1] += 3
    x[:, 2] = 1  # says nothing of anybody
    found = divergences("breed", groups, x, units)
    frame = divergence_frame({"breed": found}, {1: "weight"})
    assert frame["dimension"].tolist() == [1, 0, 2]
    assert frame["name"].iloc[0] == "weight" and frame["name"].isna().tolist() == [False, True, True]
    assert frame["jeffrey"].iloc[0] > frame["jeffrey"].iloc[1]
    assert np.isnan(frame["jeffrey"].iloc[2]) and frame["w2"].iloc[2] == 0
    assert frame.loc[0, ["first", "second", "n_first", "n_second", "animals_first"]].tolist() == ["a", "b", 40, 40, 10]
    assert (frame["w2_low"] <= frame["w2"]).all() and (frame["w2"] <= frame["w2_high"]).all()


def test_tasks_come_first_and_those_without_two_groups_of_animals_are_left_out(herd):
    study = herd.open()
    found = background_of(study, Asked("features", ("season", "breed"), permutations=19))
    export = export_divergences(study, found, file="apart.csv", beside="all.csv")
    assert next(iter(found.divergences)) == "bcs"
    assert set(found.divergences) == {"bcs", "trend", "season"}, "of each breed there are four animals"
    assert export.rows == 12
    assert b",p_0," in export.content, "of measured features, which it is"
    assert export.facts["command"].endswith("--variables season breed --out all.csv --divergences apart.csv")
    json.dumps(export.facts)


def test_nothing_to_compare_is_an_empty_table_with_its_columns(herd):
    study = herd.open()
    found = background_of(study, Asked("features", ("breed",), permutations=19))
    frame = divergence_frame({}, {})
    assert frame.empty and list(frame.columns)[:3] == ["variable", "first", "second"]
    assert export_divergences(study, found, file="a.csv").content.startswith(b"variable,first,second,")
