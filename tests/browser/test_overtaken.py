"""Streamlit ends a call of an element that a newer one overtakes as if the element were gone; ours must not mind."""

from pathlib import Path

import pytest
from looking import open_map

import explorer.ui.histograms
import explorer.ui.map
from explorer.ui.map.component import script

MAP, HISTOGRAMS = (Path(room.__path__[0]) for room in (explorer.ui.map, explorer.ui.histograms))

ELEMENTS = {
    "map": (
        (MAP / "map.html").read_text(),
        script(),
        {"said": {"version": "1", "geometry": {"hash": "not sent"}}},
        ".tools",
    ),
    "histograms": (
        (HISTOGRAMS / "histograms.html").read_text(),
        (HISTOGRAMS / "histograms.js").read_text(),
        {
            "version": "1",
            "selecting": False,
            "plots": [
                {
                    "name": "a",
                    "title": "A",
                    "unit": "",
                    "categories": True,
                    "cyclic": False,
                    "ends": None,
                    "spans": [["x", "x"]],
                    "labels": ["x"],
                    "gap": False,
                    "still": [],
                    "placed": [3],
                    "passing": [3],
                    "selected": [0],
                    "on": [True],
                    "filtered": False,
                    "colours": None,
                }
            ],
        },
        ".plots",
    ),
}

CALLED_TWICE = """async ([html, js, data, built]) => {
  const root = document.createElement("div");
  root.innerHTML = html;
  document.body.replaceChildren(root);
  const { default: run } = await import(URL.createObjectURL(new Blob([js], { type: "text/javascript" })));
  const call = () => run({ data, parentElement: root, setTriggerValue() {} });
  const end = call();
  const before = [...root.querySelectorAll(`${built} > *`)];
  const button = root.querySelector("button");
  button.focus();
  end?.(); // overtaken: the element is still there
  const last = call();
  const after = [...root.querySelectorAll(`${built} > *`)];
  const same = before.length > 0 && before.length === after.length && before.every((one, i) => one === after[i]);
  const focused = document.activeElement === button;
  const gl = root.querySelector("canvas.points")?.getContext("webgl2");
  const drawing = !gl?.isContextLost();
  root.remove();
  last?.(); // gone
  return { same, focused, drawing, freed: !gl || gl.isContextLost() };
}"""


@pytest.mark.parametrize("name", list(ELEMENTS))
def test_a_call_that_is_overtaken_takes_nothing_with_it(digits, new_page, name):
    html, js, data, built = ELEMENTS[name]
    page = new_page()
    open_map(page, f"{digits.url}/map")
    found = page.evaluate(CALLED_TWICE, [html, js, data, built])
    assert found == {"same": True, "focused": True, "drawing": True, "freed": True}
