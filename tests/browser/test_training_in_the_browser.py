"""A run from its start to its embedding, and one that is stopped and goes on, in a real browser."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from looking import settle, until
from playwright.sync_api import expect

ANIMALS, EACH = 24, 8
LONG = 120  # seconds: torch is loaded, on a machine that may be busy


def herd(folder: Path, animals: int, each: int) -> Path:
    """Animals that their features tell apart, with a score that one of them says."""
    rng = np.random.default_rng(0)
    animal = np.repeat(np.arange(animals), each)
    features = rng.normal(size=(animals, 6))[animal] + rng.normal(scale=0.4, size=(len(animal), 6))
    table = {
        "animal": [f"cow {code}" for code in animal],
        "when": [f"2024-{1 + row % each % 12:02d}-{1 + row % each % 28:02d}" for row in range(len(animal))],
        "bcs": features[:, 0],
        **{f"p_{place}": features[:, place] for place in range(6)},
    }
    folder.mkdir()
    pq.write_table(pa.table(table), folder / "observations.parquet")
    (folder / "study.toml").write_text(
        '[study]\nname = "Herd"\n[columns]\nanimal = "animal"\ntime = "when"\nfeatures = ["p_*"]\n'
        '[variables.bcs]\ncolumn = "bcs"\nkind = "continuous"\nrole = "task"\nunit = "points"\nlabel = "Condition"\n'
    )
    return folder


def start(page, name: str, steps: int) -> None:
    for label, text in (("Steps at most", str(steps)), ("Name", name)):
        field = page.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")
        settle(page)
    page.get_by_role("button", name="Start", exact=True).click()


def looks(run: Path) -> list[dict[str, object]]:
    path = run / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def stands(page, words: str):
    """The badge beside the run's name."""
    return page.locator("p").filter(has_text=re.compile(rf"^\s*{words}\s*$"))


def test_a_run_is_started_seen_to_finish_and_embeds_the_study(serve, new_page, tmp_path):
    study = herd(tmp_path / "herd", ANIMALS, EACH)
    page = new_page(height=2600)
    page.goto(f"{serve(study).url}/training")
    expect(page.get_by_role("heading", name="Training", exact=True)).to_be_visible()
    settle(page)
    start(page, "mine", 200)
    expect(page.get_by_text("Kept: the encoder of step")).to_be_visible(timeout=1_000 * LONG)
    expect(stands(page, "finished")).to_be_visible()
    assert [look["step"] for look in looks(study / "encoders" / "mine")] == [100, 200]
    drawn = page.locator(".js-plotly-plot")
    expect(drawn).to_have_count(3)
    points = drawn.last.locator(".point")
    assert points.count() == 4 * EACH  # of the validation animals
    before = points.first.get_attribute("transform")
    thumb = page.get_by_role("slider", name="Look at step")
    thumb.focus()
    thumb.press("ArrowLeft")
    until(lambda: points.first.get_attribute("transform") != before, "the map has not moved")
    page.get_by_role("button", name="Embed this study with it").click()
    expect(page.get_by_text("The embedding is ready")).to_be_visible(timeout=1_000 * LONG)
    assert np.load(study / "embeddings" / "mine.npy").shape[0] == ANIMALS * EACH


def test_a_run_is_cancelled_and_goes_on_where_it_was(serve, new_page, tmp_path):
    study = herd(tmp_path / "herd", 400, 36)  # so many that it does not end by itself meanwhile
    run = study / "encoders" / "long"
    page = new_page(height=2600)
    page.goto(f"{serve(study).url}/training")
    settle(page)
    page.get_by_role("combobox", name="Say by a dimension").click()
    page.get_by_role("option", name="Condition").click()
    page.keyboard.press("Escape")
    settle(page)
    start(page, "long", 900_000)
    expect(stands(page, "learning now")).to_be_visible(timeout=1_000 * LONG)
    until(lambda: looks(run), "it has not looked", LONG)
    page.get_by_role("button", name="Cancel").click()
    expect(stands(page, "stopped")).to_be_visible()
    expect(page.get_by_text("error of Condition (points)")).to_be_visible()
    seen = looks(run)
    time.sleep(0.5)
    assert looks(run) == seen and not (run / "model.safetensors").exists()
    expect(page.get_by_text("a random 2,000 of the 2,160 observations of 60 validation animals")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    told = page.get_by_text(re.compile(r"step [\d,]+ of [\d,]+:"))

    def further() -> bool:
        steps = [re.search(r"of ([\d,]+):", one) for one in told.all_inner_texts()]
        return any(one is not None and int(one[1].replace(",", "")) > 100 * len(seen) for one in steps)

    until(further, "no further look is drawn by itself: nobody touched the page", LONG)
    assert looks(run)[: len(seen)] == seen
