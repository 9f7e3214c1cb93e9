"""A tau that is dragged: what it comes to is counted in the page, and right, also under the keyboard."""

from dataclasses import replace

import pytest
from looking import drag, settle, until
from playwright.sync_api import Page, expect

from explorer.places import sample_study
from explorer.recognition.arms import GLOBAL
from explorer.recognition.counting import share_of
from explorer.recognition.kept import asked_last, evidence_path, read_evidence
from explorer.recognition.one_per_animal import weights
from explorer.study.study import open_study


def fit(page: Page, url: str) -> None:
    """Open the page, and fit where nobody has yet."""
    page.goto(f"{url}/threshold")
    expect(page.get_by_role("heading", name="Threshold", exact=True)).to_be_visible()
    settle(page)
    button = page.get_by_role("button", name="Fit and test")
    if button.count():
        button.click()
    page.locator(".tau[data-version]").wait_for(timeout=120_000)
    settle(page)


@pytest.fixture
def found(sample):
    """What the server's study has to say, once the page has asked for it."""

    def read():
        study = open_study(sample_study())
        evidence = read_evidence(evidence_path(study, asked_last(study)))
        assert evidence is not None
        return evidence

    return read


def figures(page: Page) -> dict[str, list[float]]:
    """What the page says of its tau: value, low and high of each share, as shares of 1; NaN for none."""
    script = "box => [box.dataset.value, box.dataset.low, box.dataset.high].map(one => one === '' ? NaN : Number(one))"
    return {name: page.locator(f".{name}").evaluate(script) for name in ("accepts", "misses", "mistaken")}


def tau(page: Page) -> float:
    return float(str(page.locator(".tau").get_attribute("data-tau")))


def expected(evidence, at: float, stratum: int | None) -> dict[str, list[float]]:
    """The same from Python's own counting."""
    seen = evidence.arms[GLOBAL].searches
    inside = slice(None) if stratum is None else evidence.strata == stratum
    searches = replace(
        seen, score=seen.score[inside], animals=seen.animals[inside], known=seen.known[inside], right=seen.right[inside]
    )
    accepted = searches.score < at
    out = {}
    for name, among, hit in (
        ("accepts", ~searches.known, accepted),
        ("misses", searches.known, ~(accepted & searches.right)),
        ("mistaken", searches.known, accepted & ~searches.right),
    ):
        animals = searches.animals[among]
        share = share_of(float(hit[among] @ weights(animals)), len(set(animals.tolist())))
        out[name] = [share.value, share.low, share.high]
    return out


def agree(page: Page, evidence, stratum: int | None = None) -> None:
    shown, wanted = figures(page), expected(evidence, tau(page), stratum)
    for name in wanted:
        assert shown[name] == pytest.approx(wanted[name], abs=1e-7, nan_ok=True), name
    if not page.locator(".accepts dd").inner_text().startswith("–"):
        assert page.locator(".accepts dd").inner_text() == f"{100 * shown['accepts'][0]:.1f} %"


def test_a_dragged_tau_is_counted_at_once_and_right(sample, new_page, found):
    page = new_page()
    asked = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(frame)))
    fit(page, sample.url)
    evidence = found()
    assert tau(page) == pytest.approx(evidence.taus(GLOBAL)["all"])
    agree(page, evidence)
    sent = len(asked)
    before = figures(page)
    drag(page, page.locator(".tau .chart"), (0.4, 0.5), (0.75, 0.5))
    after = figures(page)
    assert after["accepts"][0] > before["accepts"][0] and after["misses"][0] <= before["misses"][0]
    agree(page, evidence)
    drag(page, page.locator(".tau .chart"), (0.75, 0.5), (0.1, 0.5))
    assert figures(page)["misses"][0] > 0.5 and figures(page)["accepts"][0] == 0
    agree(page, evidence)
    page.get_by_role("button", name="Tau for all:").click()
    assert tau(page) == pytest.approx(evidence.taus(GLOBAL)["all"])
    assert len(asked) == sent, "no run of the page"


def test_the_keys_move_it_and_say_where_it_is(sample, new_page, found):
    page = new_page(dark=True, width=800)
    fit(page, sample.url)
    evidence = found()
    slider = page.get_by_role("slider", name="tau")
    slider.focus()
    start = tau(page)
    page.keyboard.press("ArrowRight")
    step = tau(page) - start
    assert step > 0
    page.keyboard.press("Shift+ArrowLeft")
    assert tau(page) == pytest.approx(start - 9 * step)
    agree(page, evidence)
    said = str(slider.get_attribute("aria-valuetext"))
    assert said.startswith("tau 0.") and "False accepts" in said and "Misses" in said
    page.keyboard.press("End")
    assert figures(page)["accepts"][0] == 1
    agree(page, evidence)
    page.keyboard.press("Home")
    assert figures(page)["misses"][0] == 1
    assert float(str(slider.get_attribute("aria-valuenow"))) == tau(page)


def test_a_stratum_has_its_own_curves_and_its_own_tau(sample, new_page, found):
    page = new_page()
    fit(page, sample.url)
    evidence = found()
    for stratum, label in enumerate(evidence.labels):
        page.get_by_label("Stratum").select_option(label=label)
        assert tau(page) == pytest.approx(evidence.taus("stratum")[label])
        agree(page, evidence, stratum)
    page.get_by_label("Measured by").click()
    page.get_by_role("option", name="Distances without the background").click()
    until(lambda: "without" in page.locator(".tau svg").inner_html(), "the scores have not changed")
    assert page.get_by_label("Stratum").input_value() == str(len(evidence.labels) - 1), "the stratum is kept"
    assert tau(page) == pytest.approx(evidence.taus("residualised + stratum")[evidence.labels[-1]])
