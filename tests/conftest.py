"""What any test may ask for."""

from functools import partial
from pathlib import Path

import pytest
from herds import Herd
from hypothesis import HealthCheck, settings

from explorer.change.calibrating import made_healthy


@pytest.fixture
def herd(tmp_path: Path) -> Herd:
    return Herd(tmp_path / "herd")


@pytest.fixture
def quick_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of alerts from a tenth of the made series: for tests that do not ask how well they keep their promise."""
    monkeypatch.setattr("explorer.change.reference.made_healthy", partial(made_healthy, series=400))


# A test says what holds, not how fast: on a busy machine a deadline fails by itself, and so does slow drawing.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
