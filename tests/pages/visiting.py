"""Studies to visit in process, and what the page says of them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

import explorer
from explorer.ui.server import STUDY_VARIABLE

APP = Path(explorer.__file__).parent / "app.py"


def make(folder: Path, toml: str, table: dict[str, object]) -> Path:
    folder.mkdir()
    pq.write_table(pa.table(table), folder / "observations.parquet")
    (folder / "study.toml").write_text(toml)
    return folder


def herd(folder: Path, *, n: int = 60) -> Path:
    """Dates, animals, features and one of each kind of variable."""
    rng = np.random.default_rng(0)
    table = {
        "animal": [f"cow {i % 6}" for i in range(n)],
        "when": [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(n)],
        "weight": [None if i % 9 == 0 else float(i) for i in range(n)],
        "sex": ["F" if i % 2 else "M" for i in range(n)],
        "hour": [float(i % 24) for i in range(n)],
        "grade": ["low" if i % 3 else "high" for i in range(n)],
        **{f"p_{j}": rng.normal(size=n) for j in range(4)},
    }
    toml = """
[study]
name = "Herd"
simulated = true
[columns]
animal = "animal"
time = "when"
features = ["p_*"]
[variables.weight]
column = "weight"
kind = "continuous"
role = "task"
unit = "kg"
[variables.sex]
column = "sex"
kind = "nominal"
[variables.hour]
column = "hour"
kind = "cyclic"
period = 24
[variables.grade]
column = "grade"
kind = "ordinal"
order = ["low", "high"]
[variables.season]
kind = "nominal"
derive = { from = "when", as = "season" }
"""
    return make(folder, toml, table)


def run(study: Path | None, monkeypatch: pytest.MonkeyPatch, page: str = "overview", **query: str) -> AppTest:
    if study is not None:
        monkeypatch.setenv(STUDY_VARIABLE, str(study))
    else:
        monkeypatch.delenv(STUDY_VARIABLE, raising=False)
    app = AppTest.from_file(str(APP), default_timeout=300)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    if page != "overview":
        from explorer.places import shipped

        app.switch_page(str(shipped("pages") / f"{page}.py")).run()
    return app


def words(app: AppTest) -> str:
    """All text on the page."""
    elements = [
        *app.markdown,
        *app.caption,
        *app.title,
        *app.subheader,
        *app.info,
        *app.warning,
        *app.error,
        *app.success,
    ]
    return "\n".join(str(element.value) for element in elements)


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    assert "our fault" not in words(app)
    return app


def press(app: AppTest, label: str) -> AppTest:
    """What the page says after a click on the button called ``label``."""
    next(button for button in app.button if button.label == label).click().run()
    return sound(app)
