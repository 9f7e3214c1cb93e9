"""What any test may ask for."""

from pathlib import Path

import pytest
from herds import Herd
from hypothesis import HealthCheck, settings


@pytest.fixture
def herd(tmp_path: Path) -> Herd:
    return Herd(tmp_path / "herd")


# A test says what holds, not how fast: on a busy machine a deadline fails by itself, and so does slow drawing.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
