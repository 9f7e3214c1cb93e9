"""Charts and tables of the Background page, from made-up numbers."""

import numpy as np
import pytest

from explorer.space.association import Association, Pair
from explorer.space.bootstrap import UNKNOWN, Interval
from explorer.space.divergence import Divergence, Divergences
from explorer.space.label_tests import LabelTest
from explorer.space.probes import Probe
from explorer.space.saliency import VariableSaliency
from explorer.ui.background.charts import apart, probes, shares, together
from explorer.ui.background.tables import dimensions, inflation, numbers, ways
from explorer.ui.palette import _PALETTES

LIGHT, DARK = _PALETTES["light"], _PALETTES["dark"]
NOT_PROBED = Probe(np.nan, np.nan, np.nan, 0)


def one(name, label, value, own, how="animals", probe=NOT_PROBED, animals=30, bounds=True):
    """A variable that explains ``value``, ``own`` of it beyond the others; shuffled labels explain 1 %."""
    spread = 0.01 if bounds else np.nan
    return VariableSaliency(
        name=name,
        label=label,
        n=180,
        missing=3,
        animals=animals,
        r2=Interval(value, value - spread, value + spread),
        conditional=Interval(own, own - spread, own + spread),
        how=how,
        between=0.5,
        test=LabelTest(0.01, 0.2, value, np.full(99, 0.01), 0.1),
        distance_correlation=0.1,
        distance_rows=30,
        probe=probe,
    )


BREED = one("breed", "Breed <b>", 0.30, 0.20, probe=Probe(0.8, -0.1, 0.1, 180))
SEASON = one("season", "Season", 0.05, 0.08, how="visits", bounds=False)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_bars_stand_as_they_are_ranked_with_their_intervals_and_names(colours):
    fig = shares([BREED, SEASON], colours)
    alone, own, shared, chance = fig.data
    assert list(alone.x) == [0.30, 0.05] and list(own.x) == [0.20, 0.08]
    assert list(shared.x) == pytest.approx([0.10, -0.03]), "below 0 where it explains more beside others"
    assert list(alone.customdata) == list(shared.customdata) == ["breed", "season"]
    assert alone.error_x.array[0] == pytest.approx(0.01) and np.isnan(alone.error_x.array[1])
    assert "29.0% to 31.0%" in alone.hovertext[0] and "30 animals" in alone.hovertext[0]
    assert "to" not in alone.hovertext[1].split(";")[0], "no interval, none told"
    assert list(fig.layout.yaxis.ticktext) == ["Breed &lt;b&gt;", "Season"]
    assert fig.layout.yaxis.range[0] > fig.layout.yaxis.range[1], "the first on top"
    assert list(chance.x) == pytest.approx([0.01]), "only where whole labels are exchanged"
    assert len({alone.marker.color, own.marker.color, shared.marker.color}) == 3


def test_bars_of_a_variable_do_not_lie_on_each_other():
    alone, own, shared, _ = shares([BREED, SEASON], LIGHT).data
    ends = sorted((trace.offset, trace.offset + trace.width) for trace in (alone, own, shared))
    assert ends[0][1] <= ends[1][0] and ends[1][1] <= ends[2][0]
    assert ends[0][0] >= -0.5 and ends[2][1] <= 0.5, "nor on those of the next"


def test_one_variable_has_no_others():
    assert [trace.name for trace in shares([BREED], LIGHT).data] == ["alone", "shuffled, on average"]


def test_variables_of_one_label_keep_a_row_each():
    fig = shares([BREED, one("other", "Breed <b>", 0.1, 0.1)], LIGHT)
    assert list(fig.data[0].y) == [0, 1] and len(fig.layout.yaxis.ticktext) == 2


def test_probes_stand_before_their_null_band_and_what_was_not_probed_is_left_out():
    fig = probes([SEASON, BREED], DARK)
    band, dot = fig.data
    assert list(band.x) == [-0.1, 0.1] and list(dot.x) == [0.8]
    assert list(fig.layout.yaxis.ticktext) == ["Breed &lt;b&gt;"]


def test_pairs_are_told_both_ways_with_their_measure():
    pairs = (
        Pair("a", "b", "Cramér's V", 0.4, 0.1, 0.2, 50),
        Pair("a", "c", "", np.nan, np.nan, np.nan, 0),
        Pair("b", "c", "correlation ratio", 0.9, 0.8, 0.95, 40),
    )
    fig = together(Association(pairs, {"a": 1.2, "b": 10.0, "c": np.inf}), {"a": "A", "b": "B", "c": "C"}, LIGHT)
    (heat,) = fig.data
    z = np.array(heat.z, dtype=float)
    assert z[0, 1] == z[1, 0] == 0.4 and np.isnan(np.diag(z)).all() and np.isnan(z[0, 2])
    assert "Cramér's V 0.40" in heat.hovertext[0][1] and "B tells 10% of A, A tells 20% of B" in heat.hovertext[0][1]
    assert "one does not vary" in heat.hovertext[2][0]
    assert (heat.zmin, heat.zmax) == (0, 1)
    frame = inflation(Association(pairs, {"a": 1.25, "b": 10.0, "c": np.inf}), {"a": "A", "b": "B", "c": "C"})
    assert frame["variable"].tolist() == ["C", "B", "A"]
    assert frame["told by all others"].tolist() == pytest.approx([1, 0.9, 0.2])
    assert frame["variance inflation"].tolist() == ["∞", "10.00", "1.25"]


def test_all_numbers_are_in_the_table_with_their_sizes():
    frame = numbers([BREED, one("light", "Light", 0.01, 0.0, animals=None)])
    assert frame["observations"].tolist() == [180, 180] and frame["missing"].tolist() == [3, 3]
    assert frame["animals"].isna().tolist() == [False, True]
    assert frame["varies"].tolist() == ["constant in each animal"] * 2
    assert frame["alone"].tolist() == [0.30, 0.01]


def test_each_way_of_shuffling_is_told_once_with_its_variables():
    told = ways([BREED, SEASON, one("sex", "Sex", 0.1, 0.1)])
    assert [labels for _, labels in told] == [["Breed <b>", "Sex"], ["Season"]]
    assert "constant in each" in told[0][0] and "mirrored" in told[1][0]


def test_dimensions_are_told_by_name_the_widest_first():
    found = Divergences(
        "weight",
        "light",
        "heavy",
        (50, 60),
        (5, 6),
        (
            Divergence(0, Interval(0.1, 0.0, 0.3), Interval(0.2, 0.1, 0.4)),
            Divergence(1, Interval(0.5, 0.4, 0.6), Interval(0.9, 0.5, 1.2)),
            Divergence(2, Interval(0.0, 0.0, 0.0), UNKNOWN),
        ),
    )
    frame = dimensions(found, {1: "Weight"})
    assert frame["dimension"].tolist() == [1, 0, 2] and frame["is"].tolist() == ["Weight", "", ""]
    fig = apart(found.widest, ["1 (Weight)", "dimension 0", "dimension 2"], LIGHT)
    assert list(fig.data[0].x)[:2] == [0.9, 0.2]
    assert list(fig.data[0].error_x.array)[:2] == pytest.approx([0.3, 0.2])
    assert "0.9 (0.5 to 1.2)" in fig.data[0].hovertext[0]
