"""Clusters asked for on the Map page: a colour, a filter by the legend, and the same in a fresh browser."""

import re

from looking import change, drawn, lasso, open_map, selected, settle, view_of
from playwright.sync_api import expect

from explorer.clustering.variables import made_for
from explorer.places import sample_study
from explorer.space.shown import filter_mask
from explorer.study.study import open_study


def test_clusters_are_a_colour_that_filters_and_travels_by_the_address(serve, new_page):
    server = serve()
    page = new_page()
    open_map(page, f"{server.url}/map?colour=digit")
    page.get_by_role("button", name="Clusters").click()
    page.get_by_role("radio", name="k-means").click()
    many = page.get_by_label("How many clusters")
    many.fill("5")
    many.press("Enter")
    settle(page)
    page.get_by_role("button", name="Colour by clusters").click()
    expect(page.get_by_text("5 clusters by k-means")).to_be_visible()
    page.keyboard.press("Escape")
    drawn(page)
    assert view_of(page).colour == "cluster kmeans 5 of features"
    entries = page.locator(".legend button")
    expect(entries).to_have_count(5)
    with change(page):
        entries.first.click()
    (chosen,) = view_of(page).filters
    assert chosen.values == ("1",)
    said = page.get_by_text(re.compile(r"^[\d,]+ of [\d,]+ shown")).first.inner_text()
    study = made_for(open_study(sample_study("digits")), [view_of(page)])
    assert int(said.split()[0].replace(",", "")) == filter_mask(study, (chosen,)).sum()

    fresh = new_page(dark=True)
    open_map(fresh, page.url)
    assert view_of(fresh) == view_of(page)
    expect(fresh.get_by_text("5 clusters by k-means")).to_be_visible()


def test_of_a_part_its_own_clusters(serve, new_page):
    page = new_page()
    open_map(page, f"{serve().url}/map?colour=digit")
    with change(page):
        page.locator(".legend button").nth(1).click()
    with change(page):
        lasso(page, left=0.01, top=0.01, size=0.98)
    n = selected(page)
    page.get_by_role("button", name="Map of these").click()
    page.get_by_label("What is this part called?").fill("ones")
    with change(page):
        page.get_by_role("button", name="Make the map").click()
    page.get_by_role("button", name="Clusters").click()
    least = page.get_by_label("Observations in a cluster, at least")
    least.fill("8")
    least.press("Enter")
    settle(page)
    page.get_by_role("button", name="Colour by clusters").click()
    note = page.get_by_text(re.compile(r"clusters? by HDBSCAN"))
    expect(note).to_contain_text(f"of {n} observations")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Back to all").click()
    expect(page.get_by_text(re.compile(rf"^{n} of 1,797 shown"))).to_be_visible()
    assert selected(page) == n  # as it was before the part was looked into
