"""The real herds, imported, opened and used."""

import numpy as np
import pytest
from importing_files import real

from explorer.study.importing import build_study, derived_variables, guess_roles, read_source, study_spec
from explorer.study.study import open_study

SETS = {
    "fishcam": (("fishcam", "fishcam.csv"), ("animal_id", "datetime", None, "image"), {"length_mm"}, 104),
    "mice": (("mice_protein", "mice_protein.csv"), ("animal_id", "replicate", "visits", None), set(), 72),
    "slam": (
        ("slam_mice", "body_composition.csv"),
        ("animal_id", "date", None, None),
        {"body_weight_g", "fat_g", "lean_g", "fluid_g"},
        2479,
    ),
    "glucose": (
        ("slam_mice", "glucose_lactate.csv"),
        ("animal_id", "date", None, None),
        {"glucose_mg_dl", "lactate_mmol_l"},
        2395,
    ),
    "diggle": (("agridat_livestock", "diggle_cow.csv"), ("animal_id", "day", "days", None), {"weight"}, 26),
    "kenward": (("agridat_livestock", "kenward_cattle.csv"), ("animal_id", "day", "days", None), {"weight"}, 60),
    "dairy": (
        ("dairy_herds", "milk_tests.csv.gz"),
        ("animal_id", "date", None, None),
        {"milk_kg", "fat_pct", "protein_pct", "scc_1000_per_ml"},
        6271,
    ),
    "windows": (("scale_dairy_windows",), ("animal_id", "date", None, None), {"next_scc_1000_per_ml"}, 5408),
}


@pytest.mark.parametrize("name", SETS)
def test_a_real_herd(name, tmp_path):
    parts, columns, tasks, animals = SETS[name]
    source = read_source(real(*parts))
    roles = guess_roles(source)
    assert all(role.why for role in roles)
    study = open_study(build_study(source, study_spec(source, roles), tmp_path / "study"))
    found = study.spec.columns
    assert (found.animal, found.time, found.time_unit, found.image) == columns
    assert set(study.tasks) == tasks
    assert len(study.animal.cat.categories) == animals
    for variable in study.variables:
        assert len(study.values(variable)) == len(study)
    for embedding in study.embedding_names:
        assert study.embedding(embedding).complete.any()
    assert not any(finding.severity == "error" for finding in source.findings)


def test_the_mice_have_77_features(tmp_path):
    source = read_source(real("mice_protein", "mice_protein.csv"))
    spec = study_spec(source, guess_roles(source))
    assert spec.columns.features == ("*_N",)
    assert set(spec.variables) == {"genotype", "treatment", "behavior", "class"}
    study = open_study(build_study(source, spec, tmp_path / "study"))
    assert len(study.feature_columns) == 77


def test_the_dairy_events_and_slam_animals(tmp_path):
    source = read_source(real("dairy_herds", "milk_tests.csv.gz"))
    spec = study_spec(source, guess_roles(source))
    study = open_study(build_study(source, spec, tmp_path / "a", events=real("dairy_herds", "events.csv.gz")))
    assert len(study.events) == 78_750
    assert (study.animal_codes(study.events["animal"]) >= 0).all()
    source = read_source(real("slam_mice", "body_composition.csv"))
    spec = study_spec(source, guess_roles(source))
    study = open_study(build_study(source, spec, tmp_path / "b", animals=real("slam_mice", "animals.csv")))
    assert (study.animal_codes(study.animals["animal"]) >= 0).sum() >= 2_466
    assert {"animal", "birth", "sex", "breed", "exit"} <= set(study.animals.columns)


def test_fishcam_pictures_are_all_there(tmp_path):
    source = read_source(real("fishcam", "fishcam.csv"))
    study = open_study(build_study(source, study_spec(source, guess_roles(source)), tmp_path / "study"))
    assert len(list((study.path / "images").iterdir())) == 1_053
    assert max(study.picture(1_052).size) <= 128
    assert derived_variables(source, guess_roles(source)) == {}  # season and hour are in the table


@pytest.mark.slow
def test_mnist(tmp_path):
    source = read_source(real("scale_mnist", "mnist_784.npz"))
    study = open_study(build_study(source, study_spec(source, guess_roles(source)), tmp_path / "study"))
    assert study.embedding("vectors").vectors.shape == (70_000, 784)
    assert set(study.variables) == {"y", "split"}


def test_the_dairy_table_is_read_whole():
    table = read_source(real("dairy_herds", "milk_tests.csv.gz")).table
    assert (table.num_rows, table.num_columns) == (126_259, 18)
    assert np.isclose(table["milk_kg"].to_numpy()[0], 12.0)
