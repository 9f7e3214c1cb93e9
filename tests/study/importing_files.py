"""Small files for the tests of importing."""

from pathlib import Path

import pytest

from explorer.errors import UserError
from explorer.study.importing import Source, read_source

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def real(*parts: str) -> Path:
    """A file of the real data, or a loud skip."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the real data set {'/'.join(parts)} is not at {DATA}, so this was NOT tested")
    return path


def read_text(folder: Path, text: str | bytes, name: str = "herd.csv", **options: object) -> Source:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_source(path, **options)


def refused(folder: Path, text: str | bytes, name: str = "herd.csv", **options: object) -> str:
    """The one sentence with which it is refused."""
    with pytest.raises(UserError) as caught:
        read_text(folder, text, name, **options)
    return str(caught.value)


def told(source: Source) -> str:
    return "\n".join(str(finding) for finding in source.findings)
