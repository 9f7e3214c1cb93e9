"""The Background page in a real browser: work, bars, and a click on a bar that colours the map."""

import re
import shutil

from looking import drawn, settle
from playwright.sync_api import expect

from explorer.places import sample_study


def at_rest(page, element):
    """Where ``element`` is when the charts around it have taken their places."""
    while True:
        before = element.bounding_box()
        settle(page)
        page.wait_for_timeout(500)
        if element.bounding_box() == before:
            return before


def test_bars_are_shown_and_a_click_on_one_colours_the_map(serve, new_page, tmp_path):
    folder = tmp_path / "herd"  # a copy of which nothing has been found
    shutil.copytree(sample_study("herd"), folder, ignore=shutil.ignore_patterns(".cache"))
    page = new_page(height=2_400)
    server = serve(folder)
    page.goto(f"{server.url}/background")
    page.get_by_role("button", name="Find out").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^Breed explains .* of the space"))).to_be_visible(timeout=120_000)
    bars = page.locator(".st-key-background_shares .barlayer .point path")
    expect(bars).to_have_count(15)  # five variables: alone, beyond the others, shared
    for name in ("probes", "together", "apart"):
        expect(page.locator(f".st-key-background_{name} .main-svg").first).to_be_visible()
    box = at_rest(page, bars.first)
    assert box["width"] > 200 > box["height"], "the first explains most"
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".st-key-background_shares .hovertext")).to_contain_text("of 228 animals")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(re.compile(r"/map\?.*colour=breed"))
    drawn(page)
    expect(page.get_by_role("combobox", name="Colour by")).to_have_value(re.compile("Breed"))
    page.get_by_role("link", name="Background").click()  # it is kept, and the click does not count again
    expect(page.get_by_text(re.compile(r"^Season explains"))).to_be_visible()
    page.get_by_role("button", name="Colour by Season").press("Enter")
    page.wait_for_url(re.compile(r"/map\?.*colour=season"))
    drawn(page)
