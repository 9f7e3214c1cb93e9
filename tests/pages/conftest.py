"""A home of its own for each test."""

from pathlib import Path

import pytest

from explorer.ui import jobs


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow maps are asked for and never made."""
    monkeypatch.setattr(jobs, "start", lambda *_, **__: None)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What would have been started, instead of starting it."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(jobs, "start", lambda key, function, *args, **more: found.append((function.__name__, *args)))
    return found
