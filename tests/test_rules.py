"""Rules that no linter knows."""

import ast
import re
import tomllib
from pathlib import Path

import explorer
from explorer.places import shipped
from explorer.ui.server import hardened_config

ROOT = Path(__file__).parents[1]


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_pages_hold_no_computation():
    """They read the state, call the package and draw: no library but Streamlit, no loop, no function of their own."""
    pages = sorted(shipped("pages").glob("*.py"))
    assert len(pages) >= 3
    for page in pages:
        assert {name.split(".")[0] for name in imports_of(page)} <= {"streamlit", "explorer"}, page.name
        kinds = {type(node) for node in ast.walk(ast.parse(page.read_text()))}
        assert not kinds & {ast.FunctionDef, ast.For, ast.While, ast.ListComp, ast.BinOp}, page.name


def test_nothing_in_the_package_names_an_outside_address():
    for path in [*Path(explorer.__file__).parent.rglob("*.py"), *shipped("pages").glob("*.py")]:
        for url in re.findall(r"https?://[^\s\"')\]}]+", path.read_text(encoding="utf-8")):
            assert url.startswith(("http://{ADDRESS", "http://127.0.0.1")), f"{path.name}: {url}"


def test_the_server_is_hardened():
    config = hardened_config()
    assert config["server.address"] == "127.0.0.1"
    assert set(config["server.allowedHosts"]) == {"127.0.0.1", "localhost"}
    assert config["client.showErrorDetails"] == "none"
    assert config["browser.gatherUsageStats"] is False
    assert config["server.enableAgentApi"] is False
    assert config["server.enableXsrfProtection"] is True
    assert config["server.maxUploadSize"] <= 200


def test_floors_of_known_holes_are_declared():
    """Versions below these have published security holes."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    floors = {"streamlit": (1, 54), "starlette": (1, 1, 0), "pillow": (12, 2), "torch": (2, 10)}
    for name, floor in floors.items():
        spec = next(line for line in declared if re.match(rf"{name}\b", line))
        found = tuple(int(part) for part in re.search(r">=([\d.]+)", spec).group(1).split("."))
        assert found >= floor, spec


def test_every_dependency_is_pinned():
    pinned = {
        re.split("==", line)[0].strip().lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    for line in wanted:
        assert re.split(r"[>=<\[ ]", line)[0].lower().replace("_", "-") in pinned, line
