"""What the encoder looks at in one observation: asked for, shown beside the picture, saved."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import urlencode

from looking import open_map
from playwright.sync_api import expect

from explorer.places import sample_study
from explorer.study.study import open_study
from explorer.view import Selection, Stroke, View, to_query


def test_an_overlay_stands_beside_the_picture_and_is_saved_with_its_manifest(serve, new_page, tmp_path):
    folder = tmp_path / "herd"  # a copy that nothing has been explained of
    shutil.copytree(sample_study("herd"), folder, ignore=shutil.ignore_patterns(".cache"))
    one = str(open_study(folder).ids[3])
    query = urlencode(to_query(View(embedding="herd", selection=Selection(strokes=(Stroke(ids=(one,)),)))))
    page = new_page(height=1_800)
    open_map(page, f"{serve(folder).url}/map?{query}")
    page.get_by_role("radio", name="Explain").click()
    page.get_by_role("button", name="Explain").click()
    overlay = page.get_by_alt_text(re.compile("^The same in grey"))
    expect(overlay).to_be_visible(timeout=90_000)
    assert overlay.evaluate("picture => picture.naturalWidth") > 200, "it is loaded"
    expect(page.get_by_text(re.compile("With random weights, rank correlation")).first).to_be_visible()
    beside = page.get_by_alt_text(re.compile("^cow-0001")).first.bounding_box()
    assert abs(beside["y"] - overlay.bounding_box()["y"]) < 2, "beside it, not below"
    with page.expect_download() as picture:
        page.get_by_role("button", name="Save it").click()
    content = Path(picture.value.path()).read_bytes()
    assert content.startswith(b"\x89PNG") and picture.value.suggested_filename.startswith(f"{one}-")
    with page.expect_download() as manifest:
        page.get_by_role("button", name="How it was made").last.click()
    facts = json.loads(Path(manifest.value.path()).read_text())
    assert facts["file"] == picture.value.suggested_filename
    assert f"--observation {one}" in facts["command"]
