"""One animal in the browser: the keyboard, what the charts say, an alert resolved, the report, the map and back."""

import re
import shutil
from pathlib import Path

from change.watched import ILL, watched
from herds import Herd
from looking import drawn, settle, view_of
from playwright.sync_api import expect

from explorer.decisions.alert_verdicts import resolutions
from explorer.places import sample_study
from explorer.study.study import open_study


def charts(page, number):
    expect(page.locator("[data-testid=stPlotlyChart] .main-svg >> nth=0")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("figure", name=re.compile("^(Weight|milk|bcs) over"))).to_have_count(number)


def test_an_alert_is_read_resolved_taken_back_and_printed(serve, new_page, tmp_path):
    folder = watched(Herd(tmp_path / "herd")).save()
    page = new_page(height=2_400)
    page.goto(f"{serve(folder).url}/animal?animal={ILL}")
    charts(page, 3)
    expect(page.get_by_text(re.compile("The alerts began on")).first).to_be_visible()
    expect(page.get_by_role("figure", name=re.compile(r"^Weight over 30 visits .* with an alert$"))).to_be_visible()

    page.get_by_role("button", name="Resolve").first.click()
    page.get_by_label("Note").fill("off feed")
    page.get_by_label("Your name").fill("Dr Kelly")
    page.get_by_role("button", name="Confirmed").click()
    said = page.get_by_text(re.compile("confirmed by Dr Kelly"))
    expect(said).to_be_visible()
    assert [one.note for one in resolutions(open_study(folder)).of(ILL)] == ["off feed"]
    expect(page.get_by_text("as they were before the last decision")).to_have_count(0, timeout=120_000)
    expect(page.locator(".js-plotly-plot text", has_text="✓").first).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Report on one page").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    with page.expect_download() as download:
        page.get_by_role("button", name="Alerts as CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0].startswith("animal_id,time,task,channel,value,unit,effect,effect_low,effect_high,")
    assert len(lines) > 1 and all(line.startswith(f"{ILL},") for line in lines[1:])

    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo").first.click()
    expect(said).to_have_count(0)
    assert resolutions(open_study(folder)).of(ILL) == ()


def test_the_arrow_keys_go_from_animal_to_animal_but_not_while_a_slider_has_them(serve, new_page, tmp_path):
    folder = watched(Herd(tmp_path / "herd"), animals=12, visits=8).save()
    page = new_page(width=800, dark=True)
    page.goto(f"{serve(folder).url}/animal?animal=cow-04")
    charts(page, 3)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="cow-05")).to_be_visible()
    assert view_of(page).animal == "cow-05"
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", name="cow-04")).to_be_visible()
    settle(page)
    page.get_by_role("slider", name="Then").focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert view_of(page).animal == "cow-04", "the slider moved, not the page"
    width = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, "nothing is cut off at 800 pixels"


def test_looking_back_is_a_view_of_its_own(serve, new_page, tmp_path):
    folder = watched(Herd(tmp_path / "herd"), animals=12).save()
    page = new_page(width=800, height=2_400)
    page.goto(f"{serve(folder).url}/animal?animal={ILL}")
    charts(page, 3)
    page.get_by_text("Looking back", exact=True).click()
    expect(page.get_by_role("figure", name=re.compile(r"^Weight, looking back, 1 change of level"))).to_be_visible()
    charts(page, 0)
    expect(page.get_by_text("it never raises an alert")).to_be_visible()
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Levels as CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0].startswith("animal_id,task,level,start,end,n,mean,")
    assert [line.split(",")[:3] for line in lines[1:3]] == [[ILL, "weight", "1"], [ILL, "weight", "2"]]


def test_the_map_and_the_animal_lead_to_each_other(serve, new_page, tmp_path):
    folder = tmp_path / "herd"
    shutil.copytree(sample_study("herd"), folder, ignore=shutil.ignore_patterns(".cache"))
    page = new_page(height=1_600)
    page.goto(f"{serve(folder).url}/map?embedding=herd&animal=cow-0003")
    drawn(page)
    page.get_by_role("link", name="Look at this animal over time").click()
    expect(page.get_by_role("heading", name="cow-0003")).to_be_visible()
    expect(page.get_by_alt_text(re.compile("^cow-0003 on")).first).to_be_visible()
    page.get_by_role("button", name="See it on the map").click()
    drawn(page)
    assert view_of(page).animal == "cow-0003"
