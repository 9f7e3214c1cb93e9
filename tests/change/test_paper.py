"""What is printed: words that fit their width and lose nothing, ticks that are round and within."""

import string

import numpy as np
import pytest
from change.printed import pages_of
from hypothesis import given
from hypothesis import strategies as st

from explorer.change.paper import PAPERS, Box, Sheet, lines_of, shortened, width_of
from explorer.change.report_charts import month_ticks
from explorer.change.ticks import log_ticks, nice_ticks, tick_text

WORDS = st.text(string.ascii_letters + "äčΩж 0123456789", max_size=60)


@given(WORDS, st.floats(30, 200), st.sampled_from([6.5, 8.0, 20.0]), st.booleans())
def test_lines_fit_and_hold_every_letter(words, width, size, bold):
    lines = lines_of(words, width, size, bold=bold)
    assert all(width_of(line, size, bold=bold) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")


@given(WORDS, st.floats(30, 200))
def test_what_is_cut_fits_begins_the_same_and_says_so(words, width):
    cut = shortened(words, width, 8)
    assert width_of(cut, 8) <= width
    whole = " ".join(words.split())
    assert cut == whole or (cut.endswith("…") and whole.startswith(cut[:-1]))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_within(low, width):
    ticks = nice_ticks(low, low + width)
    assert 1 <= len(ticks) <= 6
    assert min(ticks) >= low - 1e-6 * width and max(ticks) <= low + width * (1 + 1e-6)
    steps = np.diff(ticks)
    if len(steps):
        mantissa = steps[0] / 10 ** np.floor(np.log10(steps[0] * (1 + 1e-9)))
        assert np.isclose(mantissa, [1, 2, 2.5, 5, 10], rtol=1e-3).any()


@pytest.mark.parametrize("days", [40, 200, 400, 1_000, 4_000, 20_000])
def test_months_are_firsts_of_months_and_few(days):
    ticks = month_ticks(19_723.0, 19_723.0 + days, 6)
    dates = np.array([day for day, _, _ in ticks]).astype("datetime64[D]")
    assert 1 <= len(ticks) <= 6
    assert (dates == dates.astype("datetime64[M]")).all()
    assert ((dates >= np.datetime64("2024-01-01")) & (dates <= np.datetime64("2024-01-01") + days)).all()


@pytest.mark.parametrize("paper", PAPERS)
def test_the_same_strokes_give_the_same_bytes_on_as_many_pages_as_were_turned(paper):
    def made():
        sheet = Sheet(paper, title="Čáslav", subject="a test")
        sheet.paragraph(sheet.inner, "first ž", size=12)
        sheet.turn()
        sheet.label(100, 100, "NEW")
        sheet.area([(0, 0), (10, 0), (0, 10)], grey=0.5)
        return sheet.content()

    content = made()
    assert content == made()
    assert pages_of(content) == ["first ž", "NEW"]


def test_columns_share_the_width():
    left, right = Box(10, 0, 112, 5).columns([1, 3])
    assert (left.left, left.width, right.left, right.right) == (10, 25, 47, 122)


@pytest.mark.parametrize("seed", range(5))
def test_ticks_of_an_axis_of_factors_are_round_few_and_within(seed):
    rng = np.random.default_rng(seed)
    for low in 10 ** rng.uniform(-6, 6, 50):
        high = low * 10 ** rng.uniform(0.05, 8)
        ticks = log_ticks(low, high)
        assert 1 <= len(ticks) <= 6 and low <= ticks[0] and ticks[-1] <= high * (1 + 1e-9)
        assert all(float(tick_text(one).replace(",", "")) == pytest.approx(one) for one in ticks)
        assert max(len(f"{one:.3g}") for one in ticks) <= 9
    assert log_ticks(8, 1200) == [10.0, 30.0, 100.0, 300.0, 1000.0] and tick_text(1000.0) == "1,000"
    assert log_ticks(560, 640) == [560.0, 580.0, 600.0, 620.0, 640.0] and tick_text(0.002) == "0.002"
