"""What a visitor meets: something to see at once, nothing from outside, sentences instead of failures."""

import re
import urllib.error
import urllib.request
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from looking import DRAWN, open_map, settle
from playwright.sync_api import expect

HOSTILE = ["<img src=x onerror=alert(1)>", "$\\href{javascript:alert(2)}{x}$", "%{x}<b>bold</b>", "=cmd|'/c calc'!A1"]


@pytest.mark.parametrize("dark", [False, True])
def test_first_visit_shows_a_picture_and_asks_nobody_outside(serve, new_page, dark):
    server = serve(None)
    page = new_page(dark=dark)
    outside: list[str] = []
    page.on(
        "request",
        lambda request: (
            outside.append(request.url) if not request.url.startswith((server.url, "data:", "blob:")) else None
        ),
    )
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Sample herd")).to_be_visible()
    expect(page.get_by_text("simulated: no real animals").first).to_be_visible()
    expect(page.locator("[data-testid=stImage] img")).to_be_visible()
    expect(page.get_by_text("7,762 of 7,762 shown")).to_be_visible()
    settle(page)
    page.get_by_role("link", name="Map", exact=True).first.click()
    page.wait_for_selector(DRAWN)
    page.get_by_role("link", name="Data", exact=True).first.click()
    expect(page.get_by_role("heading", name="Data")).to_be_visible()
    settle(page)
    assert [url for url in outside if not url.startswith("ws://127.0.0.1")] == []


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
        expect(page.locator(".legendtext").filter(has_text=text)).to_have_count(1)
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
def test_a_damaged_address_is_told_in_a_sentence(serve, new_page, query):
    server = serve()
    page = new_page()
    page.goto(f"{server.url}/map?{query}")
    settle(page)
    page.wait_for_function(
        "() => document.querySelector('.nsewdrag') || document.querySelector('[data-testid=stAlert]')", timeout=30_000
    )
    body = page.locator("body").inner_text()
    assert "Traceback" not in body
    assert "our fault" not in body
    assert "1,797 of 1,797 shown" in body or "there is no folder" in body or "no variable 'nope'" in body


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
