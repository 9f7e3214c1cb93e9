import io
import json
import shlex

import numpy as np
import pandas as pd
import pytest

from explorer import cli
from explorer.errors import UserError
from explorer.space.projections import project
from explorer.space.view_table import export_projection, export_view
from explorer.view import MapChoice, Selection, VariableFilter, View

RIGHT = ((0.0, -1e6), (1e6, -1e6), (1e6, 1e6), (0.0, 1e6))
JERSEY = VariableFilter(variable="breed", values=("Jersey",))


def table(export):
    return pd.read_csv(io.BytesIO(export.content))


@pytest.mark.parametrize("dims", [2, 3])
def test_the_columns_are_those_of_the_contract(herd, dims):
    study = herd.open()
    view = View(embedding="features", map=MapChoice(dims=dims))
    frame = table(export_view(study, view, file="a.csv"))
    variables = ["breed", "parity", "weight", "sex", "age", "season", "month", "calved"]
    assert list(frame.columns) == [
        *("observation_id", "animal_id", "time", "x", "y", "z")[: 3 + dims],
        *variables,
        *("bcs", "bcs_observed", "bcs_age", "trend"),
    ]
    assert frame["observation_id"].tolist() == herd.observations["observation_id"].tolist()
    assert frame["animal_id"].tolist() == herd.observations["animal_id"].tolist()
    assert (pd.to_datetime(frame["time"]) == herd.observations["captured_at"]).all()
    places = project(study, study.embedding("features"), view.map).coordinates
    np.testing.assert_array_equal(frame[["x", "y", "z"][:dims]].to_numpy(dtype=np.float32), places)
    for name in ("breed", "season", "sex"):
        assert frame[name].tolist() == study.values(name).tolist()
    for name in ("parity", "weight", "age", "month", "calved", "bcs", "trend"):
        np.testing.assert_allclose(frame[name], study.values(name), rtol=1e-12)
    np.testing.assert_allclose(frame["bcs_age"], study.filled("bcs").age)
    assert frame["bcs_observed"].dtype == bool


def test_whole_days_are_written_as_dates_and_parts_of_a_second_are_kept(herd):
    herd.observations["captured_at"] = herd.observations["captured_at"].dt.normalize()
    herd.observations.loc[1, "captured_at"] = pd.NaT
    view = View(embedding="features")
    times = table(export_view(herd.open(), view, file="a.csv"))["time"]
    assert times[0] == "2024-01-10"
    assert pd.isna(times[1])
    herd.observations.loc[0, "captured_at"] = np.datetime64("2024-01-10T00:00:00.250")
    times = table(export_view(herd.open(), view, file="a.csv"))["time"]
    assert pd.Timestamp(times[0]) == pd.Timestamp("2024-01-10T00:00:00.250")


def test_a_study_without_animals_and_times_leaves_their_columns_out(herd):
    herd.spec["columns"] = {"features": ["p_*"]}
    herd.spec["variables"] = {"x": {"column": "weight", "kind": "continuous"}}
    frame = table(export_view(herd.open(), View(embedding="features"), file="a.csv"))
    assert list(frame.columns) == ["observation_id", "x", "y", "x_"]
    assert frame["observation_id"][0] == "row-1"
    np.testing.assert_allclose(frame["x_"], herd.observations["weight"])


def test_no_variable_is_written_over_another(herd):
    herd.spec["variables"] = {
        "bcs_age": {"column": "weight", "kind": "continuous"},
        "bcs": herd.spec["variables"]["bcs"],
    }
    study = herd.open()
    frame = table(export_view(study, View(embedding="features"), file="a.csv"))
    np.testing.assert_allclose(frame["bcs_age"], herd.observations["weight"])
    np.testing.assert_allclose(frame["bcs_age_"], study.filled("bcs").age)


def test_formulas_in_a_herd_are_defused(herd):
    herd.observations["breed"] = ["=cmd()", "Jersey"] * 20
    herd.observations["animal_id"] = ["@cow", "b"] * 20
    content = export_view(herd.open(), View(embedding="features"), file="a.csv").content.decode()
    assert "'=cmd()" in content
    assert "'@cow" in content
    assert ",=cmd" not in content


def test_a_selection_respects_the_filters_and_the_manifest_counts(herd):
    herd.observations.loc[[0, 20], "p_0"] = np.nan
    study = herd.open()
    chosen = Selection(embedding="features", polygons=(RIGHT,), ids=("o-000",))
    view = View(embedding="features", filters=(JERSEY,), selection=chosen)
    export = export_view(study, view, file="a.csv")
    places = project(study, study.embedding("features"), view.map).coordinates
    jersey = (herd.observations["breed"] == "Jersey").to_numpy()
    expected = jersey & ((places[:, 0] > 0) | (np.arange(40) == 0))
    assert table(export)["observation_id"].tolist() == herd.observations["observation_id"][expected].tolist()
    assert export.rows == export.facts["rows"] == expected.sum()
    assert export.facts["counts"] == {
        "observations": 40,
        "with_a_place": 38,
        "passing_the_filters": 20,
        "selected": int(expected.sum()),
        "selected_ids_not_in_the_study": 0,
    }
    assert export.facts["filters"] == [{"variable": "breed", "values": ("Jersey",)}]


def test_without_a_selection_rows_without_a_place_are_written_too(herd):
    herd.observations.loc[[0, 20], "p_0"] = np.nan
    frame = table(export_view(herd.open(), View(embedding="features", filters=(JERSEY,)), file="a.csv"))
    assert len(frame) == 20
    assert frame["x"].isna().sum() == 2


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        (View(embedding="net"), "no embedding 'net'"),
        (View(embedding="features", filters=(VariableFilter(variable="breed", values=()),)), "no observation is left"),
        (View(embedding="features", selection=Selection(ids=("nobody",))), "no observation is left"),
        (
            View(embedding="features", selection=Selection(embedding="gone", polygons=(RIGHT,))),
            "a map that this study does not have",
        ),
    ],
)
def test_a_view_with_nothing_to_write_is_refused(herd, view, sentence):
    with pytest.raises(UserError, match=sentence):
        export_view(herd.open(), view, file="a.csv")


VIEWS = {
    "plain": View(embedding="features"),
    "pca": View(
        embedding="features",
        colour="breed",
        filters=(JERSEY, VariableFilter(variable="weight", low=450.5, missing=True)),
        selection=Selection(embedding="features", polygons=(RIGHT,), ids=("o-000", "o 'x' & ü?#\"")),
    ),
    "tsne": View(
        study="elsewhere",
        embedding="features",
        map=MapChoice(method="tsne", seed=3, scale="local"),
        selection=Selection(embedding="features", on=MapChoice(method="tsne", seed=5), polygons=(RIGHT,)),
    ),
}


def again(command, out, herd):
    """Run a manifest's command, with an empty cache, into another file; its bytes."""
    words = shlex.split(command)
    assert words[0] == "latent-explorer"
    assert words[-2] == "--out"
    for path in (herd.folder / ".cache").rglob("*.npz"):
        path.unlink()
    assert cli.main([*words[1:-1], str(out)]) == 0
    return out.read_bytes()


@pytest.mark.parametrize("name", VIEWS)
def test_the_command_in_the_manifest_makes_the_same_file(herd, tmp_path, capsys, name):
    herd.observations.loc[4, "observation_id"] = "o 'x' & ü?#\""
    out = tmp_path / "it's here.csv"
    export = export_view(herd.open(), VIEWS[name], file=str(out))
    assert again(export.facts["command"], tmp_path / "b.csv", herd) == export.content
    facts = json.loads((tmp_path / "b.csv.manifest.json").read_text())
    assert facts["sha256"] == export.facts["sha256"]
    assert again(facts["command"], tmp_path / "c.csv", herd) == export.content


@pytest.mark.parametrize(
    "choice", [MapChoice(dims=3), MapChoice(method="tsne", seed=2**31 - 1, scale="global")], ids=["pca", "tsne"]
)
def test_a_projection_and_its_command_make_the_same_file(herd, tmp_path, capsys, choice):
    herd.observations.loc[7, "p_1"] = np.nan
    study = herd.open()
    export = export_projection(study, "features", choice, file=str(tmp_path / "a.csv"))
    frame = table(export)
    assert list(frame.columns) == ["observation_id", "x", "y", "z"][: 1 + choice.dims]
    assert frame["x"].isna().to_numpy().nonzero()[0].tolist() == [7]
    assert export.facts["embedding"]["remarks"] == [
        "1 of 40 observations left out: a feature is missing in each of them"
    ]
    assert len(export.facts["projection"]["explained_variance"]) == (3 if choice.method == "pca" else 0)
    assert again(export.facts["command"], tmp_path / "b.csv", herd) == export.content


def test_a_study_without_vectors_is_exported_without_places(herd):
    export = export_view(herd.open(), View(filters=(JERSEY,)), file="a.csv")
    frame = table(export)
    assert len(frame) == 20
    assert not {"x", "y"} & set(frame.columns)
    assert "projection" not in export.facts


def test_the_manifest_names_the_map_whose_places_were_written(herd):
    """While t-SNE is being made, the PCA map stands in for it; the command must give the PCA places again."""
    study = herd.open()
    view = View(embedding="features", map=MapChoice(method="tsne"))
    pca = project(study, study.embedding("features"), MapChoice())
    export = export_view(study, view, file="a.csv", projection=pca)
    assert "tsne" not in export.facts["command"]
    assert export.facts["projection"]["method"] == "PCA"


def test_selected_ids_that_are_not_in_the_study_are_counted(herd):
    view = View(embedding="features", selection=Selection(ids=("o-001", "nobody", "nowhere")))
    export = export_view(herd.open(), view, file="a.csv")
    assert export.rows == 1
    assert export.facts["counts"]["selected_ids_not_in_the_study"] == 2
