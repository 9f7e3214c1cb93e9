"""Sweeps: a cell each for value, method and seed; gone on with after a stop; what their figures say."""

import itertools
import json
import shutil
import threading
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import torch
from herds import Herd

from explorer.engine import Cancelled
from explorer.errors import UserError
from explorer.learning.encoders import EncoderConfig
from explorer.learning.losses.angular import AngularLoss
from explorer.learning.material import read_material
from explorer.learning.miners.matches import MatchRule
from explorer.learning.model_files import load_model
from explorer.learning.run_folders import read_looks
from explorer.learning.splits import split_animals
from explorer.learning.sweep import SHARES, config_of, recipe_of, run_sweep
from explorer.learning.sweep_folder import CELLS, COLUMNS, SUMMARY, TABLE, find_sweeps, read_sweep
from explorer.learning.sweep_plan import Cell, usual_plan
from explorer.learning.train import train
from explorer.learning.tuples import Triplets
from explorer.learning.yardstick import NEIGHBOURS, Yardstick

CONFIG = EncoderConfig(architecture="multilayer", input_size=4, dims=8, widths=(16,))
TASKS = ("weight", "breed", "parity")


def plan(study, over="alpha", **options):
    given = {"tasks": TASKS, "seeds": 2, "steps": 12, "animals": 4, **options}
    return usual_plan(study, over, **({"values": (40, 50)} if over == "alpha" else {"values": (1, 2)}), **given)


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished sweep of both kinds of loss, with its encoders, and its study."""
    folder = tmp_path_factory.mktemp("done")
    study = Herd(folder / "herd").open()
    told = []
    run_sweep(
        study,
        plan(study),
        folder / "sweeps" / "one",
        config=CONFIG,
        workers=0,
        report=lambda fraction, note: told.append(fraction),
        keep_models=True,
    )
    assert told == sorted(told) and told[-1] == 1
    return study, read_sweep(folder / "sweeps" / "one")


# --- running ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_each_cell_is_trained_by_its_own_recipe_and_measured_on_the_same_animals(done):
    _, found = done
    assert found.finished and list(found.table.columns) == list(COLUMNS) and len(found.table) == 2 * (1 + 3 * 2)
    for (alpha, seed), cells in found.table[found.table["method"] != "untrained"].groupby(["alpha", "seed"]):
        assert set(cells["method"]) == {"opml", "opml_mse", "angular"} and (cells["n"] == 2).all()
        run = json.loads((found.folder / CELLS / f"angular-{alpha:g}-seed-{seed}" / "config.json").read_text())
        recipe = run["recipe"]
        assert recipe["loss_options"] == {"alpha": alpha} and recipe["min_matches"] == 2 and recipe["identity"] == 0
    for _, cells in found.table.groupby("seed"):
        assert cells[["queries", "animals", "labels_alike_by_chance"]].nunique().tolist() == [1, 1, 1]
    by_mse = found.table["method"] == "opml_mse"
    assert found.table["regression_loss"].notna().equals(by_mse)
    opml = found.table[found.table["method"].isin(["opml", "opml_mse"])]
    assert (opml["loss_per_triplet"] >= np.log(2)).all() and (opml["triplets"] == 16).all()
    bare = found.table[found.table["method"] == "untrained"]
    assert bare[["n", "alpha", "loss_per_triplet", "triplets", "anchors_dropped"]].isna().all(axis=None)


def test_a_row_holds_what_the_run_saw(done):
    _, found = done
    row = found.table.set_index(["method", "alpha", "seed"]).loc[("opml", 40, 1)]
    looks = read_looks(found.folder / CELLS / "opml-40-seed-1")
    assert row["loss_per_triplet"] == looks[-1].parts["matching"] and row["triplets"] == looks[-1].triplets
    assert row["loss_summed"] == row["loss_per_triplet"] * row["triplets"]
    anchors = sum(look.anchors for look in looks)
    assert anchors == 12 * 16 and row["anchors_dropped"] == sum(look.anchors_dropped for look in looks) / anchors
    assert row["best_step"] == max(looks, key=lambda look: look.rank).step and looks[-1].step == row["steps"] == 12


@pytest.mark.slow
def test_a_sweep_that_was_stopped_goes_on_to_the_same_tables(herd, tmp_path):
    study = herd.open()
    whole, out = tmp_path / "whole", tmp_path / "out"
    of = plan(study, "matches", seeds=1, methods=("opml_mse",))
    run_sweep(study, of, whole, config=CONFIG, workers=0)
    for moment in ("run 2 of 3 (OPML+MSE, n = 1, seed 0): step 5 ", "run 3 of 3"):
        cancel = threading.Event()

        def report(fraction, note, moment=moment, cancel=cancel):
            if note.startswith(moment):
                cancel.set()

        with pytest.raises(Cancelled):
            run_sweep(study, of, out, config=CONFIG, workers=0, report=report, cancel=cancel)
    assert len(read_sweep(out).table) == 2 and not read_sweep(out).finished
    told = []
    run_sweep(study, of, out, config=CONFIG, workers=0, report=lambda fraction, note: told.append(note))
    assert any(note.startswith("run 3 of 3") for note in told) and not any(note.startswith("run 2") for note in told)
    one, other = files(out), files(whole)
    assert one.keys() == other.keys()
    for name in one:
        if not name.endswith(("cell.json", ".manifest.json")):  # which hold the seconds, and where they lie
            assert one[name] == other[name], name
    assert not any(name.endswith((".safetensors", ".npz")) for name in one)
    again = run_sweep(study, of, out, config=CONFIG, workers=0)
    assert again.finished and files(out) == one


def test_a_cell_killed_after_its_training_is_only_measured(done, tmp_path, monkeypatch):
    study, whole = done
    of, out = plan(study, seeds=1, methods=("angular",)), tmp_path / "sweep"
    with monkeypatch.context() as patched:
        patched.setattr("explorer.learning.sweep.row_of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_sweep(study, of, out, config=CONFIG, workers=0)

    def guarded(studies, config, folder, **options):
        assert folder.name != "untrained-seed-0", "trained twice"
        return train(studies, config, folder, **options)

    monkeypatch.setattr("explorer.learning.sweep.train", guarded)
    found = run_sweep(study, of, out, config=CONFIG, workers=0).table
    same = whole.table[whole.table["method"].isin(["angular", "untrained"]) & (whole.table["seed"] == 0)]
    pd.testing.assert_frame_equal(found, same.reset_index(drop=True))


def test_a_folder_of_something_else_is_refused(done, tmp_path):
    study, whole = done
    out = shutil.copytree(whole.folder, tmp_path / "sweep")

    def refusal(changed, config=CONFIG, study=study, folder=out):
        with pytest.raises(UserError) as caught:
            run_sweep(study, changed, folder, config=config, workers=0)
        return str(caught.value)

    assert "was started with another steps, animals" in refusal(plan(study, steps=13, animals=5))
    assert "was started with another seeds" in refusal(plan(study, seeds=1))
    assert "another network" in refusal(plan(study), CONFIG.model_copy(update={"dims": 9}))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    assert "exists already" in refusal(plan(study), folder=tmp_path / "full")
    assert "no miner 'lucky'" in refusal(plan(study, miner="lucky"), folder=tmp_path / "new")
    assert not (tmp_path / "new").exists()
    changed = Herd(tmp_path / "herd")
    changed.observations["weight"] += 1.0
    assert "another data" in refusal(plan(study), study=changed.open())
    (out / CELLS / "opml-40-seed-0" / "cell.json").write_text("{}")
    with pytest.raises(UserError, match=r"cell.json: cannot be read"):
        read_sweep(out)
    with pytest.raises(UserError, match="there is no sweep"):
        read_sweep(tmp_path)


def test_pictures_of_another_side(coats, tmp_path):
    study = coats.open()
    assert config_of(study, 32).input_size == 32 and config_of(study, None).input_size == 64
    with pytest.raises(UserError, match=r"33 pixels do not suit the network\. Give a multiple of 16"):
        config_of(study, 33)


# --- plans --------------------------------------------------------------------------------------------------


def test_the_usual_plans_are_the_tables_of_the_source(herd):
    study = herd.open()
    names = tuple(study.variables)[:9]
    one = usual_plan(study, "matches", tasks=names)
    assert one.values == (2, 3, 4, 5, 6, 7) and one.methods == ("opml",) and one.alpha == 45
    two = usual_plan(study, "alpha", tasks=names)
    assert two.values == (35, 40, 45, 50, 55, 60) and two.methods == ("opml", "opml_mse", "angular")
    assert two.matches == 5 and len(list(two.cells())) == 3 * (1 + 3 * 6)
    assert usual_plan(study, "matches").values == (1, 2)  # of two tasks
    folders = [cell.folder for cell in two.cells()]
    assert len(set(folders)) == len(folders)


def test_what_the_methods_are(herd):
    study = herd.open()
    of = plan(study, methods=["opml", "opml_mse", "opml_dimensions", "angular"])
    opml, layer, dimensions, angular, bare = (
        recipe_of(of, Cell(method, None if method == "untrained" else 50.0, 0))
        for method in ("opml", "opml_mse", "opml_dimensions", "angular", "untrained")
    )
    assert (opml.loss, opml.regress, angular.loss, angular.regress) == ("opml", (), "angular", ())
    assert layer.regress == dimensions.regress == ("weight", "parity") and layer.weight == dimensions.weight == 0.5
    assert layer.final_layer and not dimensions.final_layer and not opml.final_layer
    assert (bare.rate, bare.steps, bare.loss) == (0.0, 1, "angular")
    assert opml.identity == 0 and opml.loss_options == {"alpha": 50.0}


@pytest.mark.parametrize(
    ("over", "options", "sentence"),
    [
        ("matches", {"values": (2, 4)}, "4 labels cannot agree where there are 3. Ask for 1 to 3"),
        ("matches", {"values": (1.5, 2)}, "1.5 labels cannot agree"),
        ("matches", {"values": (2,)}, "at least two values"),
        ("matches", {"values": (2, 2)}, "named twice"),
        ("matches", {"matches": 2}, "Leave out --matches"),
        ("alpha", {"values": (45, 90)}, "an angle of 90 degrees"),
        ("alpha", {"alpha": 45}, "Leave out --alpha"),
        ("alpha", {"matches": 4}, "4 labels cannot agree"),
        ("alpha", {"methods": ("triplet",)}, "no method 'triplet'. Choose from: opml, "),
        ("alpha", {"methods": ()}, "no method to sweep"),
        ("alpha", {"tasks": ("wool", "bcs")}, "Small herd has no task 'wool'. Its tasks are: bcs, trend"),
        ("alpha", {"tasks": ("bcs",)}, "has 1 task, and a sweep needs labels"),
        ("alpha", {"tasks": ("breed", "sex")}, "no task has an order"),
    ],
)
def test_what_cannot_be_swept_is_one_sentence(herd, over, options, sentence):
    study = herd.open()
    with pytest.raises(UserError) as caught:
        usual_plan(study, over, **{"tasks": TASKS, **options})
    assert sentence in str(caught.value)


# --- the yardstick ------------------------------------------------------------------------------------------


def test_the_share_of_labels_alike_equals_plain_loops():
    rng = np.random.default_rng(0)
    labels = np.round(rng.uniform(0, 3, (12, 4)), 1).astype(np.float32)
    labels[rng.random(labels.shape) < 0.3] = np.nan
    rule = MatchRule((0.5, 0.0, 1.0, 0.5), (None, None, None, 3.0), min_matches=2)
    found = rule.share(torch.from_numpy(labels)[:, None], torch.from_numpy(labels)[None]).numpy()
    for i, j in itertools.product(range(12), repeat=2):
        known = [c for c in range(4) if np.isfinite(labels[i, c]) and np.isfinite(labels[j, c])]
        apart = [abs(labels[i, c] - labels[j, c]) for c in known]
        apart = [min(gap, 3.0 - gap) if c == 3 else gap for c, gap in zip(known, apart, strict=True)]
        agree = [gap <= rule.tolerances[c] for c, gap in zip(known, apart, strict=True)]
        assert np.allclose(found[i, j], np.mean(agree) if known else np.nan, equal_nan=True)


def test_an_encoder_is_measured_on_its_test_animals_alone(done):
    """By plain loops over the test animals of the split that the seed deals."""
    study, found = done
    model = load_model(found.folder / CELLS / "opml-40-seed-0")
    split = split_animals([f"0/cow-{number}" for number in range(8)], seed=0, shares=SHARES)
    held = study.animal.isin([name.removeprefix("0/") for name in split.test]).to_numpy()
    measured = Yardstick(study, read_material([study], CONFIG, workers=0), TASKS)(model)
    row = found.table[(found.table["method"] == "opml") & (found.table["alpha"] == 40)].iloc[0]
    assert all(row[name] == value for name, value in asdict(measured).items())
    assert measured.animals == len(split.test) and measured.queries == held.sum()

    rows = np.flatnonzero(held)
    vectors = model.encode(study.table.numbers(list(study.feature_columns))[rows].astype(np.float32))
    animals = study.animal.to_numpy()[rows]
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    np.fill_diagonal(apart, np.inf)  # each date is another one here
    assert measured.recall_at_1 == np.mean(animals[apart.argmin(axis=1)] == animals)
    learnt = study.animal.isin([name.removeprefix("0/") for name in split.train]).to_numpy()
    weight, breed, parity = (study.values(name).to_numpy() for name in TASKS)
    within = 0.25 * weight[learnt].std()
    alike, chance = [], []
    for i, row in enumerate(rows):
        agree = (abs(weight[rows] - weight[row]) <= within).astype(int)
        agree = agree + (breed[rows] == breed[row]) + (parity[rows] == parity[row])
        others = np.flatnonzero(animals != animals[i])
        nearest = others[np.argsort(apart[i, others])[:NEIGHBOURS]]
        alike.append(agree[nearest].mean() / 3)
        chance.append(agree[others].mean() / 3)
    assert measured.labels_alike == pytest.approx(np.mean(alike), abs=1e-5)
    assert measured.labels_alike_by_chance == pytest.approx(np.mean(chance), abs=1e-5)


def test_vectors_that_are_merely_spread_out_meet_every_angle_of_the_source():
    """Three orthogonal unit vectors stand at exactly 30 degrees, whatever is like what."""
    spread, triplet = torch.eye(3, dtype=torch.float64), Triplets(*torch.arange(3).split(1))
    for alpha in (30.001, 35, 60):
        assert AngularLoss(alpha)(spread, triplets=triplet) == 0
    assert AngularLoss(29.999)(spread, triplets=triplet) > 0


# --- files --------------------------------------------------------------------------------------------------


def test_files_are_the_tables(done):
    _, found = done
    pd.testing.assert_frame_equal(pd.read_csv(found.folder / TABLE).astype(COLUMNS), found.table)
    assert len(pd.read_csv(found.folder / SUMMARY)) == 7 and find_sweeps(found.folder.parent) == [found.folder]
    manifest = json.loads((found.folder / f"{TABLE}.manifest.json").read_text())
    assert manifest["finished"] and manifest["plan"]["values"] == [40, 50]
