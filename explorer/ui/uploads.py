"""Files that a browser sends: kept in a folder of this session until a study is made of them."""

import re
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.places import user_cache

TYPES = ["csv", "tsv", "txt", "gz", "parquet", "npy", "npz", "h5", "hdf5"]
"""Endings that are offered; what a file really holds is found out when it is read."""

_KEPT_SECONDS = 24 * 3600


def _root() -> Path:
    return user_cache() / "uploads"


def _folder() -> Path:
    if "upload_folder" not in st.session_state:
        _sweep()
        folder = _root() / secrets.token_hex(8)
        folder.mkdir(parents=True, mode=0o700)
        st.session_state["upload_folder"] = folder
    found: Path = st.session_state["upload_folder"]
    return found


def _sweep() -> None:
    """Remove what earlier sessions left for more than a day."""
    for folder in _root().glob("*"):
        if folder.is_dir() and time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def saved(upload: Any) -> Path:
    """The path of an uploaded file, written once. Only the last part of its name is kept, of harmless characters."""
    name = re.sub(r"[^\w.-]", "_", Path(str(upload.name).replace("\\", "/")).name).lstrip(".") or "upload"
    path = _folder() / f"{upload.file_id[:8]}" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(upload.getbuffer())
    return path
