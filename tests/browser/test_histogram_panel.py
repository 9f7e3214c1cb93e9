"""The histograms beside the map: each filters the other, and the numbers agree."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from looking import address, change, drag, drawn, lasso, open_map, query_of, selected, settle, until, view_of
from playwright.sync_api import Locator, Page, expect

from explorer.places import sample_study
from explorer.space.bins import bins_of
from explorer.space.histograms import after_bars
from explorer.space.shown import filter_mask
from explorer.study.study import open_study
from explorer.view import View


@pytest.fixture(scope="module")
def study():
    return open_study(sample_study("digits"))


def plot(page: Page, variable: str) -> Locator:
    return page.locator(f".plot[data-variable='{variable}']")


def bar(page: Page, variable: str, label: str) -> Locator:
    return plot(page, variable).locator(f"g[data-label='{label}']")


def counts(page: Page, variable: str, kind: str = "passing") -> list[int]:
    found = plot(page, variable).locator("g").evaluate_all(f"bars => bars.map((bar) => Number(bar.dataset.{kind}))")
    return [int(one) for one in found]


def heights(page: Page, variable: str, kind: str = "passing") -> list[float]:
    rects = plot(page, variable).locator(f"rect.{kind}")
    return [float(one) for one in rects.evaluate_all("rects => rects.map((rect) => rect.getAttribute('height'))")]


def shown(page: Page) -> int:
    said = page.get_by_text(re.compile(r"^[\d,]+ of [\d,]+ shown")).first.inner_text()
    return int(said.split()[0].replace(",", ""))


def agree(page: Page, study) -> None:
    """The line above the map, the address and all histograms say the same."""
    passing = filter_mask(study, view_of(page).filters)
    assert shown(page) == passing.sum()
    own = {one.variable for one in view_of(page).filters}
    for variable in study.variables:
        bins = bins_of(study, variable)
        expected = np.bincount(bins.codes[passing], minlength=len(bins.bars)).tolist()
        on = plot(page, variable).locator("g").evaluate_all("bars => bars.map((bar) => !bar.classList.contains('off'))")
        found = [count if held else 0 for count, held in zip(counts(page, variable), on, strict=True)]
        assert found == expected
        assert plot(page, variable).get_attribute("data-filtered") == str(variable in own).lower()


def test_a_click_on_a_bar_shows_what_it_counted_on_the_map_and_everywhere(digits, new_page, study):
    page = new_page()
    open_map(page, f"{digits.url}/map?colour=digit")
    agree(page, study)
    before = counts(page, "ink")
    count = counts(page, "digit")[3]
    with change(page):
        bar(page, "digit", "3").click()
    assert shown(page) == count == 183
    agree(page, study)
    assert view_of(page).filters[0].values == ("3",)
    expect(page.locator(".legend button").nth(3)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".legend button").nth(4)).to_have_attribute("aria-pressed", "false")
    assert sum(counts(page, "ink")) == 183
    assert counts(page, "ink", "placed") == before
    assert counts(page, "digit") == counts(page, "digit", "placed")  # its own bars say what a click would show

    with change(page):
        bar(page, "digit", "4").click(modifiers=["Shift"])
    assert set(view_of(page).filters[0].values or ()) == {"3", "4"}
    agree(page, study)
    with change(page):
        bar(page, "ink", "30 to under 32").click()
    assert len(view_of(page).filters) == 2
    agree(page, study)
    with change(page):
        plot(page, "digit").get_by_role("button", name="Show all again").click()
    assert [one.variable for one in view_of(page).filters] == ["ink"]
    agree(page, study)
    with change(page):
        bar(page, "ink", "30 to under 32").click()
    assert "filter" not in query_of(page.url)
    assert shown(page) == 1_797


def test_a_click_on_a_bar_changes_the_table_of_what_is_selected(digits, new_page, study):
    page = new_page()
    open_map(page, f"{digits.url}/map?colour=digit")
    with change(page):
        lasso(page, left=0.01, top=0.01, size=0.98)
    page.get_by_role("radio", name="Table").click()
    table = page.locator("[data-testid=stDataFrame] table[role=grid]")
    expect(table).to_have_attribute("aria-rowcount", str(1 + selected(page)))
    with change(page):
        bar(page, "digit", "3").click()
    agree(page, study)
    assert selected(page) == 183 == shown(page)
    expect(table).to_have_attribute("aria-rowcount", "184")
    assert sum(counts(page, "ink", "selected")) == 183
    assert view_of(page).filters[0].values == ("3",)
    with change(page):
        page.get_by_role("button", name="Undo").click()
    expect(table).to_have_attribute("aria-rowcount", "1798")


def test_the_legend_and_the_lasso_change_the_histograms(digits, new_page, study):
    page = new_page()
    open_map(page, f"{digits.url}/map?colour=digit")
    with change(page):
        page.locator(".legend button").nth(5).click()
    agree(page, study)
    assert sum(counts(page, "ink")) == counts(page, "digit")[5]
    until(lambda: sum(height > 0 for height in heights(page, "ink")) > 3, "the bars of what passes are not drawn")
    with change(page):
        page.locator(".legend button").nth(5).click()
    with change(page):
        lasso(page, left=0.3, top=0.3, size=0.3)
    n = selected(page)
    for variable in study.variables:
        assert sum(counts(page, variable, "selected")) == n
    colour = "element => getComputedStyle(element).fill"
    fills = [plot(page, "digit").locator(f"rect.{kind}").nth(1).evaluate(colour) for kind in ("passing", "selected")]
    legend = page.locator(".legend .mark").nth(1).evaluate("element => getComputedStyle(element).color")
    assert fills[1] == legend != fills[0]  # as on the map: only what is selected keeps its colour


def test_a_pull_over_bars_is_a_range(digits, new_page, study):
    page = new_page()
    open_map(page, f"{digits.url}/map")
    bins = bins_of(study, "ink")
    n = len(bins.bars)
    with change(page):
        drag(page, plot(page, "ink").locator("svg"), ((3 + 0.5) / n, 0.5), ((6 + 0.5) / n, 0.8))
    assert view_of(page).filters == after_bars(study, View(), bins, 3, 6).filters
    assert shown(page) == np.isin(bins.codes, [3, 4, 5, 6]).sum()
    agree(page, study)
    with change(page):
        drag(page, plot(page, "ink").locator("svg"), ((9 + 0.5) / n, 0.5), ((7 + 0.5) / n, 0.2))
    assert view_of(page).filters == after_bars(study, View(), bins, 7, 9).filters
    agree(page, study)


def test_the_same_by_the_keys(digits, new_page, study):
    page = new_page()
    open_map(page, f"{digits.url}/map")
    bins = bins_of(study, "ink")
    ink = plot(page, "ink").locator("svg")
    plot(page, "ink").locator(".title").focus()
    page.keyboard.press("Tab")
    expect(ink).to_be_focused()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    with change(page):
        page.keyboard.press("Enter")
    assert view_of(page).filters == after_bars(study, View(), bins, 4, 6).filters
    agree(page, study)
    expect(ink).to_be_focused()
    active = plot(page, "ink").locator("g[aria-selected=true]")
    expect(active).to_have_count(3)
    assert re.match(r"26 to under 28, [\d,]+ observations", active.first.get_attribute("aria-label") or "")
    with change(page):
        page.keyboard.press("Escape")
    assert view_of(page).filters == ()
    with change(page):
        plot(page, "digit").locator("svg").focus()
        page.keyboard.press("End")
        page.keyboard.press("Enter")
    assert view_of(page).filters[0].values == ("9",)


def test_a_pull_past_the_end_of_a_cycle_goes_round(serve, new_page, tmp_path):
    folder = tmp_path / "herd"
    folder.mkdir()
    rng = np.random.default_rng(0)
    table = {"month": rng.uniform(0, 12, 300), **{f"p_{place}": rng.normal(size=300) for place in range(3)}}
    pq.write_table(pa.table(table), folder / "observations.parquet")
    (folder / "study.toml").write_text(
        '[study]\nname = "Herd"\n[columns]\nfeatures = ["p_*"]\n'
        '[variables.month]\ncolumn = "month"\nkind = "cyclic"\nperiod = 12.0\n'
    )
    page = new_page()
    open_map(page, f"{serve(folder).url}/map")
    month = plot(page, "month").locator("svg")
    month.scroll_into_view_if_needed()
    with change(page):
        drag(page, month, (10.5 / 12, 0.5), (13.5 / 12, 0.5))
    (chosen,) = view_of(page).filters
    assert (chosen.low, chosen.variable) == (10, "month")
    assert chosen.high is not None
    assert chosen.high < 2
    study = open_study(folder)
    codes = bins_of(study, "month").codes
    assert shown(page) == np.isin(codes, [10, 11, 0, 1]).sum() > 0
    expect(plot(page, "month").locator("g[aria-selected=true]")).to_have_count(4)


def test_the_name_of_a_variable_colours_the_map_by_it(digits, new_page):
    page = new_page()
    open_map(page, f"{digits.url}/map?colour=digit")
    expect(plot(page, "digit").locator(".title")).to_have_attribute("aria-pressed", "true")
    with change(page):
        plot(page, "ink").locator(".title").click()
    assert view_of(page).colour == "ink"
    expect(plot(page, "ink").locator(".title")).to_have_attribute("aria-pressed", "true")
    expect(plot(page, "digit").locator(".title")).to_have_attribute("aria-pressed", "false")
    fills = plot(page, "ink").locator("rect.passing").evaluate_all("bars => bars.map((bar) => bar.style.fill)")
    assert len(set(fills)) > 8


def test_a_bar_says_what_it_holds(digits, new_page):
    page = new_page()
    three = address(filter=[{"variable": "digit", "values": ["3"]}])
    open_map(page, f"{digits.url}/map?{three}")
    bar(page, "ink", "30 to under 32").hover()
    tip = page.locator(".tip")
    expect(tip).to_be_visible()
    place = counts(page, "ink").index(max(counts(page, "ink")))
    plot(page, "ink").locator("g").nth(place).hover()
    expect(tip).to_contain_text(f"{counts(page, 'ink')[place]} of {counts(page, 'ink', 'placed')[place]} observations")
    page.locator(".stage").hover()
    expect(tip).to_be_hidden()


def test_the_drawer_closes_and_other_variables_can_be_chosen(digits, new_page):
    page = new_page()
    open_map(page, f"{digits.url}/map")
    expect(page.locator(".plot")).to_have_count(3)
    page.get_by_role("button", name="Variables").click()
    page.get_by_role("button", name="Remove Ink").click()
    expect(page.locator(".plot")).to_have_count(2)
    page.keyboard.press("Escape")
    drawer = page.locator("summary", has_text="Histograms")
    drawer.click()
    expect(page.locator(".plot")).to_have_count(0)
    settle(page)
    drawer.click()
    expect(page.locator(".plot")).to_have_count(2)  # the choice is kept


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [500, 1280])
def test_light_and_dark_narrow_and_wide(digits, new_page, dark, width):
    page = new_page(dark=dark, width=width)
    open_map(page, f"{digits.url}/map?colour=digit&" + address(filter=[{"variable": "ink", "low": 30.0}]))
    drawn(page)
    inside = page.locator(".plots").bounding_box()
    assert inside is not None
    for one in page.locator(".plot").all():
        box = one.bounding_box()
        assert box is not None
        assert box["x"] >= inside["x"] - 1
        assert box["x"] + box["width"] <= inside["x"] + inside["width"] + 1
        assert box["width"] >= 150

    # what passes stands out from the rest, and both from the page
    def colour(selector: str, what: str) -> list[int]:
        found = page.locator(selector).first.evaluate(
            f"""element => {{
                const canvas = new OffscreenCanvas(1, 1).getContext("2d");
                canvas.fillStyle = getComputedStyle(element).{what};
                canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data];
            }}"""
        )
        return [int(part) for part in found[:3]]

    page_colour = colour(".stApp", "backgroundColor")
    pale, strong = (colour(f".plot[data-variable=centre] rect.{kind}", "fill") for kind in ("placed", "passing"))
    assert 15 < abs(sum(pale) - sum(page_colour)) / 3 < 60
    assert abs(sum(strong) - sum(page_colour)) / 3 > 90
