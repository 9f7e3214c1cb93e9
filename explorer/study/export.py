"""Exported tables: CSV that a spreadsheet opens safely, and the manifest that makes it again."""

import csv
import hashlib
import importlib.metadata
import json
import platform
import re
from pathlib import Path
from typing import Any

import pandas as pd

from explorer import __version__
from explorer.study.atomic import atomic_file, write_text

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\0")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LIBRARIES = ("numpy", "pandas", "scikit-learn", "openTSNE", "umap-learn", "pynndescent")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """``frame`` as UTF-8 CSV with a header and LF line ends; the same frame gives the same bytes.

    Text that a spreadsheet would run as a formula (it begins with =, +, -, @, tab, CR or NUL) gets a leading
    apostrophe, in cells and in the header; genuine numbers are left alone.
    """
    safe = frame.rename(columns=_defused)
    for place in range(safe.shape[1]):
        column = safe.iloc[:, place]
        if isinstance(column.dtype, pd.CategoricalDtype):
            labels = column.cat.categories
            if labels.dtype.kind not in "iufb":
                safe.isetitem(place, column.astype(object).map(_defused, na_action="ignore"))
        elif column.dtype.kind in "OTU" or pd.api.types.is_string_dtype(column.dtype):
            safe.isetitem(place, column.astype(object).map(_defused, na_action="ignore"))
    text = safe.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # left bare by the csv module, it would begin a new row in a spreadsheet
        text = safe.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text.encode()


def _defused(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(_RISKY) or _NUMBER.fullmatch(value):
        return value
    return "'" + value


def manifest(*, file: str, content: bytes, rows: int, command: str, **facts: Any) -> dict[str, Any]:
    """How ``file`` was made: its hash, the ``facts`` (data hash, parameters, filters, ...) and the command."""
    return {
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "rows": rows,
        **facts,
        "made_with": {
            "latent-explorer": __version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        },
        "command": command,
    }


def manifest_text(facts: dict[str, Any]) -> str:
    """A manifest as the text of its ``.manifest.json``."""
    return json.dumps(facts, indent=2, ensure_ascii=False, default=str) + "\n"


def write_with_manifest(path: Path, content: bytes, facts: dict[str, Any]) -> None:
    """Write an exported file and the ``.manifest.json`` beside it, each atomically."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)
    write_text(path.with_name(path.name + ".manifest.json"), manifest_text(facts))
