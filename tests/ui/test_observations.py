"""Single observations over HTTP: what the card says, the picture, and what nobody gets."""

import asyncio
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, unquote

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette

from explorer.ui import observations
from explorer.ui.map.columns import drawing_order, place_in_drawing
from explorer.ui.observations import addresses, routes

NAME = "<img src=x onerror=alert(1)>"


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, messages):
        self.status = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])

    @property
    def json(self):
        return json.loads(self.body)


def get(url, method="GET"):
    """Ask the routes as a browser would; ``url`` as it stands in the address bar."""
    path, _, query = url.partition("?")
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    # In a thread of its own: the browser tests leave an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Starlette(routes=routes())(scope, receive, send)).result()
    return Answer(sent)


@pytest.fixture(autouse=True)
def _none_shown(monkeypatch):
    monkeypatch.setattr(observations, "_shown", type(observations._shown)())


def card_of(study, row, *fields, stamped=()):
    """The card of observation ``row`` of the table."""
    card, _ = addresses(study, stamped, fields)
    return get(card.replace("{row}", str(place_in_drawing(len(study))[row])))


# --- cards -------------------------------------------------------------------------------------------------


def test_a_card_says_what_the_study_says(herd):
    herd.observations.loc[[3, 30], "weight"] = np.nan
    study = herd.open()
    for row in (0, 3, 17, 39):
        answer = card_of(study, row, "weight", "breed", "parity", "season", "bcs")
        assert answer.status == 200
        said = answer.json
        assert said["title"] == study.animal.iloc[row]
        assert said["subtitle"] == f"{study.time[row].astype(str)[:19].replace('T', ' ')} · o-{row:03}"
        fields = dict(said["fields"])
        weight = herd.observations["weight"].iloc[row]
        assert fields["weight"] == ("missing" if np.isnan(weight) else f"{weight:.4g} kg")
        assert fields["breed"] == herd.observations["breed"].iloc[row]
        assert float(fields["parity"]) == herd.observations["parity"].iloc[row]
        assert fields["season"] == study.values("season").iloc[row]
        assert said["picture"] is None


def test_the_number_in_the_address_is_that_of_the_drawn_point(herd):
    study = herd.open()
    card, _ = addresses(study, (), ())
    names = [get(card.replace("{row}", str(drawn))).json["subtitle"].split(" · ")[1] for drawn in range(40)]
    assert names == [f"o-{row:03}" for row in drawing_order(40)]


def test_fields_come_in_the_order_asked_for_and_unknown_ones_are_passed_over(herd):
    said = card_of(herd.open(), 0, "parity", "no such variable", "breed").json
    assert [name for name, _ in said["fields"]] == ["parity", "breed"]


def test_a_variable_that_cannot_be_read_does_not_take_the_card_with_it(herd):
    herd.spec["variables"]["weight"]["column"] = "breed"  # words where numbers should be
    said = card_of(herd.open(), 0, "weight", "breed").json
    assert [name for name, _ in said["fields"]] == ["breed"]


def test_text_from_data_comes_back_as_the_text_it_is(herd):
    herd.observations["animal_id"] = NAME
    herd.observations["breed"] = NAME
    herd.scores = herd.events = herd.animals = None
    herd.spec["variables"] = {"breed": {"column": "breed", "kind": "nominal", "label": NAME}}
    answer = card_of(herd.open(), 0, "breed")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json["title"] == NAME
    assert answer.json["fields"] == [[NAME, NAME]]


def test_studies_without_animals_or_times_have_cards_too(herd):
    herd.observations.loc[0, ["animal_id", "captured_at"]] = None
    said = card_of(herd.open(), 0).json
    assert said["title"] == "unknown animal"
    assert "no date" in said["subtitle"]
    herd.spec["columns"] = {"observation": "observation_id", "features": ["p_*"]}
    herd.spec["variables"] = {}
    herd.scores = herd.events = herd.animals = None
    said = card_of(herd.open(), 0).json
    assert (said["title"], said["subtitle"]) == ("o-000", "")


def test_any_name_of_a_variable_finds_its_way_through_the_address(herd):
    odd = "a&b=c #/?%20+ü"
    herd.spec["variables"] = {odd: {"column": "weight", "kind": "continuous"}}
    (field,) = card_of(herd.open(), 0, odd).json["fields"]
    assert field[0] == odd


# --- pictures ----------------------------------------------------------------------------------------------


def large(side):
    stream = io.BytesIO()
    Image.effect_noise(side, 60).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("how", ["files", "bytes"])
def test_a_picture_is_a_small_webp_of_the_observation(herd, how):
    study = herd.pictured(how).open()
    _, picture = addresses(study, (), ())
    for row in (0, 21, 39):
        answer = get(picture.replace("{row}", str(place_in_drawing(40)[row])))
        assert answer.status == 200
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["x-content-type-options"] == "nosniff"
        with Image.open(io.BytesIO(answer.body)) as opened:
            assert opened.format == "WEBP"
            assert abs(np.asarray(opened.convert("L"), dtype=int).mean() - 5 * row) < 6  # its own grey


@pytest.mark.parametrize("size", [(1_200, 700), (700, 1_200), (320, 320), (40, 30)])
def test_pictures_are_at_most_320_pixels_and_keep_their_shape(herd, size):
    herd.pictured("bytes")
    herd.observations.at[0, "image"] = large(size)
    study = herd.open()
    _, picture = addresses(study, (), ())
    answer = get(picture.replace("{row}", str(place_in_drawing(40)[0])))
    with Image.open(io.BytesIO(answer.body)) as opened:
        assert max(opened.size) == min(320, max(size))
        assert opened.size[0] / opened.size[1] == pytest.approx(size[0] / size[1], rel=0.02)


def test_the_card_says_where_its_picture_is(herd):
    answer = card_of(herd.pictured("files").open(), 5)
    assert get(answer.json["picture"]).headers["content-type"] == "image/webp"


@pytest.mark.parametrize("spoil", ["text", "empty", "gone"])
def test_a_broken_picture_is_told_in_a_sentence_that_names_the_cell(herd, spoil):
    herd.pictured("files")
    file = herd.folder / "images" / "7.png"
    if spoil == "gone":
        file.unlink()
    else:
        file.write_bytes(b"" if spoil == "empty" else b"<svg onload=alert(1)>")
    _, picture = addresses(herd.open(), (), ())
    answer = get(picture.replace("{row}", str(place_in_drawing(40)[7])))
    assert answer.status == 422
    assert answer.headers["content-type"].startswith("text/plain")
    assert b"picture" in answer.body
    assert b"Traceback" not in answer.body
    other = get(picture.replace("{row}", str(place_in_drawing(40)[8])))
    assert other.status == 200


def test_no_picture_is_no_failure(herd):
    study = herd.open()
    card, picture = addresses(study, (), ())
    assert picture == ""
    assert get(card.replace("card?", "picture").replace("{row}", "3")).status == 404
    herd.pictured("files")
    herd.observations.loc[4, "image"] = None
    _, picture = addresses(herd.open(), ("later",), ())
    assert get(picture.replace("{row}", str(place_in_drawing(40)[4]))).status == 404


def test_a_picture_outside_the_study_is_not_shown(herd, tmp_path):
    (tmp_path / "secret.png").write_bytes(large((9, 9)))
    herd.pictured("files")
    herd.observations.loc[4, "image"] = "../secret.png"
    _, picture = addresses(herd.open(), (), ())
    answer = get(picture.replace("{row}", str(place_in_drawing(40)[4])))
    assert answer.status == 422
    assert b"does not lie inside the study" in answer.body


# --- who gets them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["card", "picture"])
@pytest.mark.parametrize("row", ["40", "41", "999999999999999999999", "-1", "1.5", "x", "", "0x1", "%00", "NaN"])
def test_numbers_of_no_point_find_nothing(herd, what, row):
    card, _ = addresses(herd.pictured("files").open(), (), ())
    token = card.split("/")[2]
    assert get(f"/observations/{token}/{row}/{what}").status == 404


@pytest.mark.parametrize(
    "token",
    [
        "wrong",
        "",
        ".",
        "..",
        "%2e%2e",
        "..%2f..%2f",
        "%2fetc%2fpasswd",
        "null",
        "None",
        "*",
        "' or 1=1",
        "%ff",
        "a" * 5_000,
    ],
)
def test_nobody_gets_anything_without_the_token(herd, token):
    addresses(herd.pictured("files").open(), (), ())
    for what in ("card", "picture"):
        assert get(f"/observations/{token}/0/{what}").status == 404


@pytest.mark.parametrize("tail", ["../../study.toml", "..%2f..%2fstudy.toml", "0/picture/../../../study.toml", "0/"])
def test_no_path_leads_to_a_file(herd, tail):
    card, _ = addresses(herd.pictured("files").open(), (), ())
    answer = get(f"/observations/{card.split('/')[2]}/{tail}")
    assert answer.status == 404
    assert b"Small herd" not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_there_is_nothing_to_change(herd, method):
    card, _ = addresses(herd.open(), (), ())
    assert get(card.replace("{row}", "0"), method).status == 405


def test_each_study_has_a_token_of_its_own_that_nobody_can_work_out(herd, tmp_path, monkeypatch):
    study = herd.open()
    herd.folder = tmp_path / "other"
    other = herd.open()

    def token(*about):
        return addresses(*about, ())[0].split("/")[2]

    first, second = token(study, ()), token(other, ())
    assert first != second
    assert token(study, ()) == first  # the page may ask again
    assert token(study, ("changed",)) != first  # the files have changed: another study
    for one in (first, second):
        assert re.fullmatch(r"[\w-]{20,}", one)
    monkeypatch.setattr(observations, "_shown", type(observations._shown)())  # another run of the app
    assert token(study, ()) != first
    assert get(f"/observations/{first}/0/card").status == 404


def test_the_oldest_of_many_studies_are_forgotten_and_the_one_at_hand_is_not(herd):
    study = herd.open()
    first, _ = addresses(study, "first", ())
    for version in range(60):
        addresses(study, version, ())
        if version % 5 == 0:
            assert addresses(study, "first", ())[0] == first
    assert get(first.replace("{row}", "0")).status == 200
    assert len(observations._shown) < 40


def test_an_address_survives_being_written_by_another_page(herd):
    """Field names are quoted; the rest is ours."""
    card, _ = addresses(herd.open(), (), ("weight", "a b&c"))
    assert " " not in card
    assert card.count("?") == 1
    assert get(card.replace("{row}", quote("3"))).status == 200
