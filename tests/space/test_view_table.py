import io
import json
import shlex

import numpy as np
import pandas as pd
import pytest

from explorer import cli
from explorer.errors import UserError
from explorer.space.nearest import nearest_of
from explorer.space.projections import project
from explorer.space.shown import shown
from explorer.space.view_table import export_nearest, export_projection, export_view, exported_rows, used, view_frame
from explorer.view import MapChoice, Selection, Stroke, VariableFilter, View

ALL = ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))
RIGHT = ((0.0, -1e6), (1e6, -1e6), (1e6, 1e6), (0.0, 1e6))
JERSEY = VariableFilter(variable="breed", values=("Jersey",))


def drawn(polygon, how="add", *, embedding="features", **on):
    return Stroke(how=how, polygon=polygon, embedding=embedding, on=MapChoice(**on))


def selection(*strokes):
    return Selection(strokes=strokes)


def table(export):
    return pd.read_csv(io.BytesIO(export.content))


def parquet(export):
    return pd.read_parquet(io.BytesIO(export.content))


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
    chosen = selection(drawn(RIGHT), Stroke(ids=("o-000",)))
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
        (View(embedding="features", selection=selection(Stroke(ids=("nobody",)))), "no observation is left"),
        (
            View(embedding="features", selection=selection(drawn(RIGHT, embedding="gone"))),
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
        selection=selection(drawn(RIGHT), Stroke(ids=("o-000", "o 'x' & ü?#\""))),
    ),
    "tsne": View(
        study="elsewhere",
        embedding="features",
        map=MapChoice(method="tsne", seed=3, scale="local"),
        selection=selection(drawn(RIGHT, method="tsne", seed=5), drawn(RIGHT, "remove")),
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


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.slow
def test_the_command_in_the_manifest_makes_the_same_file(herd, tmp_path, capsys, name, format):
    herd.observations.loc[4, "observation_id"] = "o 'x' & ü?#\""
    out = tmp_path / f"it's here.{format}"
    export = export_view(herd.open(), VIEWS[name], file=str(out), format=format)
    assert export.facts["reproducible"] is True
    assert again(export.facts["command"], tmp_path / f"b.{format}", herd) == export.content
    facts = json.loads((tmp_path / f"b.{format}.manifest.json").read_text())
    assert facts["sha256"] == export.facts["sha256"]
    assert again(facts["command"], tmp_path / f"c.{format}", herd) == export.content


CHOICES = {
    "pca": MapChoice(dims=3),
    "tsne": MapChoice(method="tsne", seed=2**31 - 1, scale="global"),
    "umap": MapChoice(method="umap", neighbours=7, min_dist=0.25, seed=3),
}


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
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
    assert export.facts["reproducible"] is True
    assert export.remarks[0] == "1 of 40 observations left out: a feature is missing in each of them"
    assert again(export.facts["command"], tmp_path / "b.csv", herd) == export.content


@pytest.mark.parametrize(
    ("choice", "options"),
    [
        (MapChoice(seed=4, neighbours=9, fast=True), "--method=pca --dims=2"),
        (MapChoice(seed=4, keep_places=True), "--method=pca --dims=2 --keep-places"),
        (MapChoice(method="tsne", min_dist=0.5, fast=True), "--method=tsne --dims=2 --scale=balanced --seed=0"),
        (MapChoice(method="tsne", neighbours=9, scale="local"), "--method=tsne --dims=2 --neighbours=9 --seed=0"),
        (
            MapChoice(method="umap", scale="local", fast=True),
            "--method=umap --dims=2 --scale=local --min-dist=0.1 --seed=0 --fast",
        ),
    ],
)
def test_a_manifest_names_only_the_settings_that_the_method_uses(herd, choice, options):
    export = export_projection(herd.open(), "features", choice, file="a.csv")
    assert f"--embedding=features {options} --out a.csv" in export.facts["command"]
    switches = {"--fast", "--keep-places"}
    named = {f"--{key.replace('_', '-')}" for key in used(choice)} - switches
    assert named == {word.split("=")[0] for word in options.split()} - switches
    assert set(used(choice)) < set(export.facts["projection"])


def test_a_fast_map_is_said_not_to_come_out_the_same(herd):
    fast = MapChoice(method="umap", fast=True)
    study = herd.open()
    drawn_in_umap = View(selection=selection(drawn(ALL, **fast.model_dump())))
    for export in (
        export_projection(study, "features", fast, file="a.csv"),
        export_view(study, View(embedding="features", map=fast), file="a.csv"),
        export_view(study, View(selection=selection(drawn(ALL, **fast.model_dump()))), file="a.csv"),
        export_view(study, View(), named={"n": drawn_in_umap}, file="a.csv"),
    ):
        assert export.facts["reproducible"] is False
        assert "fast" in export.facts["why_not"]
    # t-SNE knows no fast way
    tsne = MapChoice(method="tsne", fast=True)
    assert export_projection(study, "features", tsne, file="a.csv").facts["reproducible"] is True


def test_parquet_holds_the_same_table_with_types(herd):
    herd.observations.loc[3, "captured_at"] = pd.NaT
    herd.observations.loc[4, ["breed", "animal_id"]] = None
    herd.observations.loc[[0, 20], "p_0"] = np.nan
    study = herd.open()
    named = {"first": View(selection=selection(Stroke(ids=("o-000", "o-001"))))}
    view = View(embedding="features")
    text = table(export_view(study, view, file="a.csv", named=named))
    export = export_view(study, view, file="a.parquet", format="parquet", named=named)
    typed = parquet(export)
    assert list(typed.columns) == list(text.columns)
    assert typed["time"].dtype.kind == "M"
    assert typed["time"].isna().tolist() == text["time"].isna().tolist()
    assert (typed["time"] == pd.to_datetime(text["time"]))[typed["time"].notna()].all()
    assert (typed["bcs_observed"].dtype, typed["in first"].dtype) == (bool, bool)
    assert (typed["x"].dtype, typed["weight"].dtype) == (np.float32, np.float64)
    for name in ("animal_id", "breed", "season"):
        assert typed[name].astype(object).fillna("").tolist() == text[name].astype(object).fillna("").tolist()
    for name in ("x", "y", "weight", "bcs", "bcs_age", "trend"):
        np.testing.assert_allclose(typed[name], text[name], rtol=1e-7)
    assert export.content == export_view(herd.open(), view, file="a.parquet", format="parquet", named=named).content


def test_a_file_names_no_animal_that_it_has_no_row_of(herd):
    view = View(selection=selection(Stroke(ids=("o-000",))))
    content = export_view(herd.open(), view, file="a.parquet", format="parquet").content
    assert parquet(export_view(herd.open(), view, file="a", format="parquet"))["animal_id"].tolist() == ["cow-0"]
    assert b"cow-0" in content
    assert b"cow-1" not in content


def test_the_first_rows_are_the_head_of_the_table(herd):
    study = herd.open()
    view = View(embedding="features", filters=(JERSEY,), selection=selection(drawn(ALL)))
    projection = project(study, study.embedding("features"), view.map)
    seen = shown(study, view, projection)
    whole = view_frame(study, view, projection, seen)
    assert len(exported_rows(view, seen)) == len(whole) == 20
    for first in (0, 3, 20, 1_000):
        pd.testing.assert_frame_equal(view_frame(study, view, projection, seen, first=first), whole.head(first))


def test_named_selections_are_columns_whatever_is_filtered_or_selected(herd):
    herd.spec["variables"]["in left"] = {"column": "weight", "kind": "continuous"}
    study = herd.open()
    named = {
        "left": View(selection=selection(drawn(ALL), drawn(RIGHT, "remove"))),
        "nobody": View(selection=selection(Stroke(ids=("gone",)))),
        "a few": View(selection=selection(Stroke(ids=("o-000", "o-011", "o-012")))),
    }
    view = View(embedding="features", filters=(JERSEY,))
    export = export_view(study, view, file="a.csv", named=named, decisions=7)
    frame = table(export)
    assert list(frame.columns)[-3:] == ["in left_", "in nobody", "in a few"]
    places = project(study, study.embedding("features"), MapChoice()).coordinates
    jersey = (herd.observations["breed"] == "Jersey").to_numpy()
    assert frame["in left_"].tolist() == (places[jersey, 0] <= 0).tolist()
    assert frame["in nobody"].sum() == 0
    assert frame["observation_id"][frame["in a few"]].tolist() == ["o-000", "o-011", "o-012"]
    left, nobody, few = export.facts["named_selections"]
    assert (left["name"], left["column"], left["observations"]) == ("left", "in left_", int((places[:, 0] <= 0).sum()))
    assert left["rows"] == frame["in left_"].sum() < left["observations"]
    assert Selection.model_validate(left["selection"]) == named["left"].selection
    assert (nobody["observations"], nobody["ids_not_in_the_study"]) == (0, 1)
    assert (few["observations"], few["rows"]) == (3, 3)
    assert "--decisions 7 --out a.csv" in export.facts["command"]


def test_the_filters_under_which_a_selection_was_made_take_part_in_it(herd):
    study = herd.open()
    named = {"Jerseys": View(selection=selection(drawn(ALL)), filters=(JERSEY,))}
    export = export_view(study, View(embedding="features"), file="a.csv", named=named)
    frame = table(export)
    assert frame["in Jerseys"].tolist() == (frame["breed"] == "Jersey").tolist()
    assert export.facts["named_selections"][0]["filters"] == [JERSEY.model_dump(exclude_defaults=True)]


def test_two_names_that_make_one_column_are_told_apart(herd):
    herd.spec["variables"]["in a"] = {"column": "weight", "kind": "continuous"}
    one = View(selection=selection(Stroke(ids=("o-000",))))
    export = export_view(herd.open(), View(), file="a.csv", named={"a": one, "a_": one})
    columns = [each["column"] for each in export.facts["named_selections"]]
    assert columns == ["in a_", "in a__"]
    assert table(export)[columns].sum().tolist() == [1, 1]


def test_the_maps_of_named_selections_are_made_and_one_that_cannot_be_is_told(herd):
    study = herd.open()
    tsne = View(selection=selection(drawn(ALL, method="tsne")))
    pca = project(study, study.embedding("features"), MapChoice())
    view = View(embedding="features")
    with pytest.raises(UserError, match=r"the named selection 'mine' cannot be told: .* not been computed here yet"):
        export_view(study, view, file="a.csv", projection=pca, named={"mine": tsne})
    told = []
    export = export_view(study, view, file="a.csv", named={"mine": tsne}, report=lambda *said: told.append(said[0]))
    assert table(export)["in mine"].all()
    assert told == sorted(told)
    assert told[-1] <= 1
    assert export_view(study, View(), file="a.csv", named={"mine": tsne}).facts["rows"] == 40
    with pytest.raises(UserError, match=r"'gone' cannot be told: .* a map that this study does not have"):
        export_view(study, view, file="a.csv", named={"gone": View(selection=selection(drawn(ALL, embedding="net")))})


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_neighbours_and_their_command_make_the_same_file(herd, tmp_path, capsys, format):
    herd.observations.loc[4, "observation_id"] = "-o 'x' & ü?#\""
    herd.observations.loc[7, "animal_id"] = None
    study = herd.open()
    found = nearest_of(study, study.embedding("features"), "-o 'x' & ü?#\"", 39)
    export = export_nearest(study, "features", found, 39, file=str(tmp_path / f"a.{format}"), format=format)
    assert again(export.facts["command"], tmp_path / f"b.{format}", herd) == export.content
    frame = parquet(export) if format == "parquet" else table(export)
    assert list(frame.columns) == ["rank", "observation_id", "animal_id", "time", "distance", "same_animal"]
    assert export.facts["counts"] == {"others_with_a_vector": 39, "observations_without_a_vector": 0}
    assert export.facts["same_animal_by_chance"] == pytest.approx(4 / 39)
    assert export.rows == 39
    assert frame["same_animal"].isna().sum() == 1


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
    view = View(embedding="features", selection=selection(Stroke(ids=("o-001", "nobody", "nowhere"))))
    export = export_view(herd.open(), view, file="a.csv")
    assert export.rows == 1
    assert export.facts["counts"]["selected_ids_not_in_the_study"] == 2
