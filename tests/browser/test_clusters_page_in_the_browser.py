"""The Clusters page as a person uses it: made, named, merged, undone, compared, saved, and taken to the map."""

import csv
import json

from looking import drawn, settle, view_of
from playwright.sync_api import expect

from explorer.cli import main
from explorer.places import sample_study


def test_from_the_form_to_the_file_and_the_map(serve, new_page, tmp_path):
    page = new_page()
    page.goto(f"{serve().url}/clusters")
    page.get_by_role("radio", name="k-means").click()
    page.get_by_role("spinbutton", name="Clusters").fill("5")
    page.get_by_role("button", name="Make clusters").click()
    expect(page.get_by_role("heading", name="5 clusters")).to_be_visible()
    page.get_by_role("radio", name="Name it").click()
    page.get_by_label("Its name").fill("mostly sevens")
    page.get_by_role("button", name="Keep this name").click()
    expect(page.get_by_text("mostly sevens").first).to_be_visible()
    page.get_by_role("radio", name="Merge it").click()
    page.get_by_label("Merge it with").click()
    page.get_by_role("option", name="3", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_role("heading", name="4 clusters")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="5 clusters")).to_be_visible()
    settle(page)

    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the clusters").click()
    saved = tmp_path / saving.value.suggested_filename
    saving.value.save_as(saved)
    rows = list(csv.DictReader(saved.open()))
    assert list(rows[0]) == ["observation_id", "animal_id", "stratum", "cluster", "cluster_name", "strength"]
    assert {row["cluster_name"] for row in rows if row["cluster"] == "1"} == {"mostly sevens"}
    with page.expect_download() as saving:
        page.get_by_role("button", name="How it was made").click()
    saving.value.save_as(tmp_path / "how.json")
    facts = json.loads((tmp_path / "how.json").read_text())
    assert "--decisions=3" in facts["command"] and "--k=5" in facts["command"]

    page.get_by_role("button", name="Colour the map by these").click()
    drawn(page)
    settle(page)
    assert view_of(page).colour == "cluster kmeans 5 of features after decision 3"
    expect(page.get_by_text("mostly sevens").first).to_be_visible()


def test_the_command_writes_what_the_page_writes_when_nothing_was_decided(serve, new_page, tmp_path):
    page = new_page()
    page.goto(f"{serve().url}/clusters?clusters=cluster+kmeans+4+of+features&against=cluster+kmeans+3+of+features")
    expect(page.get_by_role("heading", name="4 clusters")).to_be_visible()
    page.get_by_role("radio", name="River").click()
    expect(page.locator(".sankey").first).to_be_visible()
    settle(page)
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the clusters").click()
    saving.value.save_as(tmp_path / "page.csv")
    out = tmp_path / "command.csv"
    study = str(sample_study("digits"))
    assert main(["cluster", study, "--method", "kmeans", "--k", "4", "--decisions", "0", "--out", str(out)]) == 0
    assert out.read_bytes() == (tmp_path / "page.csv").read_bytes()
