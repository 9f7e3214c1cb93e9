"""What a visitor meets: something to see at once, nothing from outside, sentences instead of failures."""

import re
import urllib.error
import urllib.request
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from looking import DRAWN, box_of, on_screen, open_map, pca, settle, until
from playwright.sync_api import expect

from explorer.study.study import open_study

HOSTILE = ["<img src=x onerror=alert(1)>", "$\\href{javascript:alert(2)}{x}$", "%{x}<b>bold</b>", "=cmd|'/c calc'!A1"]


@pytest.mark.parametrize("dark", [False, True])
def test_first_visit_shows_a_picture_and_asks_nobody_outside(sample, new_page, dark):
    page = new_page(dark=dark)  # which fails after the test when anybody outside was asked
    page.goto(sample.url)
    expect(page.get_by_role("heading", name="Sample herd")).to_be_visible()
    expect(page.get_by_text("simulated: no real animals").first).to_be_visible()
    expect(page.locator("[data-testid=stImage] img")).to_be_visible()
    still = page.locator("[data-testid=stImage] img")
    until(lambda: still.evaluate("image => image.naturalWidth") > 0, "the picture does not load")
    expect(page.get_by_text("7,762 of 7,762 shown")).to_be_visible()
    settle(page)
    page.get_by_role("link", name="Map", exact=True).first.click()
    page.locator(DRAWN).wait_for()
    page.get_by_role("link", name="Data", exact=True).first.click()
    expect(page.get_by_role("heading", name="Data")).to_be_visible()
    settle(page)


def test_another_study_is_opened_by_path_and_a_wrong_path_is_told(serve, new_page, hostile_study):
    server = serve()
    page = new_page()
    page.goto(server.url)
    settle(page)
    page.get_by_role("button", name="Open another study").click()
    page.get_by_role("textbox", name="Folder of a study").fill("/no/such/study")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Open this study").click()
    expect(page.get_by_text("there is no folder /no/such/study")).to_be_visible()
    settle(page)
    if not page.get_by_role("textbox", name="Folder of a study").is_visible():
        page.get_by_role("button", name="Open another study").click()
    page.get_by_role("textbox", name="Folder of a study").fill(str(hostile_study))
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Open this study").click()
    expect(page.get_by_text("24 observations of 4 animals", exact=False).first).to_be_visible()
    assert "study=" in page.url
    page.reload()  # the address brings back the same study
    expect(page.get_by_text("24 observations of 4 animals", exact=False).first).to_be_visible()


@pytest.fixture
def hostile_study(tmp_path: Path) -> Path:
    """A study whose every text tries to be something else than text."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    rows = 24
    table = {
        "who": [HOSTILE[i % 4] for i in range(rows)],
        "group": [HOSTILE[(i // 4) % 4] for i in range(rows)],
        "day": [float(i) for i in range(rows)],
        "p_1": [float(i % 7) for i in range(rows)],
        "p_2": [float(i % 5) for i in range(rows)],
    }
    pq.write_table(pa.table(table), folder / "observations.parquet")
    name = HOSTILE[0].replace("\\", "\\\\")
    (folder / "study.toml").write_text(
        f'[study]\nname = "{name}"\ndescription = "<script>alert(3)</script> [x](javascript:alert(4))"\n'
        '[columns]\nanimal = "who"\ntime = "day"\ntime_unit = "days"\nfeatures = ["p_*"]\n'
        '[variables.group]\ncolumn = "group"\nkind = "nominal"\nlabel = "<img src=x onerror=alert(5)>"\n'
    )
    return folder


def test_text_from_data_is_only_text(serve, new_page, hostile_study):
    server = serve(hostile_study)
    page = new_page()
    ran: list[str] = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.goto(server.url)
    expect(page.get_by_role("heading", name=HOSTILE[0])).to_be_visible()
    settle(page)
    open_map(page, f"{server.url}/map?colour=group")
    for text in HOSTILE[:3]:
        expect(page.locator(".legend button").filter(has_text=text)).to_have_count(1)
    box = box_of(page)
    for row in on_screen(page, pca(open_study(hostile_study)).coordinates):  # nor on the card of any point
        page.mouse.move(box["x"] + row[0], box["y"] + row[1])
        expect(page.locator(".card strong")).to_have_text(re.compile("|".join(re.escape(one) for one in HOSTILE)))
        assert page.locator("img[src=x]").count() == 0
    page.get_by_role("button", name=re.compile("Keys")).click()
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0
    assert ran == []


@pytest.mark.parametrize(
    "query",
    [
        "select=%5B%5B",
        "dims=7",
        "filter=%5B%7B%22variable%22%3A%22nope%22%7D%5D",
        "study=/no/such",
        "colour=nope&embedding=nope",
    ],
)
def test_a_damaged_address_is_told_in_a_sentence(digits, new_page, query):
    page = new_page()
    page.goto(f"{digits.url}/map?{query}")
    settle(page)
    said = re.compile("1,797 of 1,797 shown|there is no folder|no variable 'nope'")
    expect(page.get_by_text(said).first).to_be_visible()
    body = page.locator("body").inner_text()
    assert "Traceback" not in body
    assert "our fault" not in body


def test_only_this_machine_is_answered_and_only_by_its_own_name(serve):
    server = serve()
    request = urllib.request.Request(f"{server.url}/_stcore/host-config", headers={"Host": "evil.example:8501"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert 400 <= refused.value.code < 500
    port = re.search(r":(\d+)$", server.url).group(1)
    listening = (
        [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        if Path("/proc/net/tcp").exists()
        else []
    )
    addresses = {
        row[1].split(":")[0] for row in listening if row[3] == "0A" and int(row[1].split(":")[1], 16) == int(port)
    }
    assert addresses <= {"0100007F"}
