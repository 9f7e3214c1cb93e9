import numpy as np
import pytest

from explorer.errors import UserError
from explorer.space.parts import part_of
from explorer.space.pca import fit_pca
from explorer.space.projections import cache_path, project
from explorer.space.shown import part, selection_mask, shown
from explorer.space.view_table import export_view
from explorer.view import Group, MapChoice, Selection, Stroke, VariableFilter, View

JERSEY = VariableFilter(variable="breed", values=("Jersey",))
ALL = ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))
RIGHT = ((0.0, -1e6), (1e6, -1e6), (1e6, 1e6), (0.0, 1e6))


def drawn(polygon, within=None, **on):
    return Stroke(polygon=polygon, embedding="features", on=MapChoice(**on), within=within)


JERSEYS = Group(strokes=(drawn(ALL),), filters=(JERSEY,), name="Jerseys")


def test_a_map_of_a_part_is_made_of_its_members_alone(herd):
    study = herd.open()
    whole = study.embedding("features")
    members = (herd.observations["breed"] == "Jersey").to_numpy()
    own = part(study, whole, JERSEYS)
    made = project(study, own, MapChoice())
    assert made.placed.tolist() == members.tolist()
    pca = fit_pca(whole.vectors[members], np.ones(members.sum(), dtype=bool), 2)
    np.testing.assert_allclose(made.coordinates[members], pca.transform(whole.vectors[members]), atol=1e-5)
    assert made.remarks == ()  # who is not a member is not missed
    assert whole.complete.all()


def test_each_part_and_the_whole_have_maps_of_their_own(herd):
    study = herd.open()
    whole = study.embedding("features")
    some = np.arange(40) < 20
    parts = [whole, part_of(whole, some, "a"), part_of(whole, ~some, "b")]
    assert len({cache_path(study, one, MapChoice()) for one in parts}) == 3
    assert cache_path(study, part_of(whole, some.copy(), "c"), MapChoice()) == cache_path(study, parts[1], MapChoice())


def test_a_view_of_a_part_shows_and_exports_the_part(herd):
    study = herd.open()
    view = View(embedding="features", within=JERSEYS)
    made = project(study, part(study, study.embedding("features"), JERSEYS), MapChoice())
    seen = shown(study, view, made)
    members = (herd.observations["breed"] == "Jersey").to_numpy()
    assert seen.visible.tolist() == members.tolist()
    export = export_view(study, view, file="a.csv")
    assert export.rows == members.sum()
    assert export.facts["within"]["name"] == "Jerseys"


def test_what_is_drawn_on_the_map_of_a_part_is_found_again_on_it(herd):
    study = herd.open()
    members = (herd.observations["breed"] == "Jersey").to_numpy()
    made = project(study, part(study, study.embedding("features"), JERSEYS), MapChoice())
    mask, missing = selection_mask(study, Selection(strokes=(drawn(RIGHT, within=JERSEYS),)))
    assert missing is None
    assert mask.tolist() == (members & (made.coordinates[:, 0] > 0)).tolist()
    # a part of that part
    inner = Group(strokes=(drawn(RIGHT, within=JERSEYS),), name="right")
    smaller = project(study, part(study, study.embedding("features"), inner), MapChoice())
    assert smaller.placed.tolist() == mask.tolist()


def test_the_maps_that_a_part_needs_are_made_for_an_export(herd):
    study = herd.open()
    within = Group(strokes=(drawn(ALL, method="tsne"),), filters=(JERSEY,))
    with pytest.raises(UserError, match=r"cannot be told: .*t-SNE map of features that has not been computed"):
        part(study, study.embedding("features"), within)
    view = View(embedding="features", within=within, selection=Selection(strokes=(drawn(ALL, within=within),)))
    assert export_view(study, view, file="a.csv").rows == 20


def test_a_part_without_vectors_is_refused(herd):
    herd.observations.loc[:1, "p_0"] = np.nan
    study = herd.open()
    with pytest.raises(UserError, match="no observation of 'nobody' has a vector in 'features'"):
        part_of(study.embedding("features"), np.arange(40) < 2, "nobody")
