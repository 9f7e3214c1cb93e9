"""The herd round in a browser: a click on an animal opens it, Back comes back, the round comes on paper."""

import re

from looking import query_of, settle
from playwright.sync_api import Locator, Page, expect

HEADER, ROW = 36, 98  # pixels of the table's head and of a row


def open_round(page: Page, url: str, query: str = "") -> None:
    page.goto(f"{url}/herd?{query}")
    expect(page.get_by_role("heading", name="Herd round", exact=True)).to_be_visible()
    rows(page).wait_for(timeout=120_000)
    settle(page)


def rows(page: Page) -> Locator:
    """The table of the round; another one, of the observers, may stand below it."""
    return page.get_by_test_id("stDataFrame").first


def click_row(page: Page, row: int, *, left: float) -> None:
    """Click ``left`` pixels from the left edge of a row of the table."""
    table = rows(page)
    table.scroll_into_view_if_needed()
    table.click(position={"x": left, "y": HEADER + ROW * (row + 0.5)})


def test_a_click_on_a_row_opens_its_animal_and_back_leads_to_the_round(sample, new_page):
    page = new_page()
    open_round(page, sample.url)
    for left in (18, 85):  # the mark of the row, the name in it
        cells = rows(page).locator("[role=row][aria-rowindex='3'] [role=gridcell]")
        said = [one.strip() for one in cells.all_inner_texts()]
        (second,) = [one for one in said if one.startswith("cow-")]
        click_row(page, 1, left=left)
        expect(page.get_by_role("heading", name=second, exact=True)).to_be_visible()
        settle(page)
        assert query_of(page.url)["animal"] == second and "/animal" in page.url
        page.get_by_role("link", name="Herd round").first.click()
        expect(page.get_by_role("heading", name="Herd round", exact=True)).to_be_visible()
        rows(page).wait_for()
        settle(page)


def test_the_round_is_saved_as_a_pdf_and_narrowed_in_the_address(sample, new_page):
    page = new_page(dark=True)
    open_round(page, sample.url)
    page.get_by_role("radio", name="With an alert").or_(page.get_by_role("button", name="With an alert")).first.click()
    settle(page)
    assert "only" in query_of(page.url)["round"]
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile("The round")).click()
    path = waiting.value.path()
    assert path.read_bytes().startswith(b"%PDF-") and waiting.value.suggested_filename.endswith("-round.pdf")
