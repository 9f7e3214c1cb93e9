"""What any test may ask for."""

from pathlib import Path

import pytest
from herds import Herd


@pytest.fixture
def herd(tmp_path: Path) -> Herd:
    return Herd(tmp_path / "herd")
