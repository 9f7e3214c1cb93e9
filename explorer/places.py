"""Where things lie: what ships with the package, and the user's own folders."""

import hashlib
import json
import os
import re
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_APP = "latent-explorer"


def shipped(name: str) -> Path:
    """A file or folder that ships with the package: inside it in a wheel, beside it in a checkout."""
    installed = _PACKAGE / "shipped" / ("config.toml" if name == ".streamlit/config.toml" else name)
    return installed if installed.exists() else _PACKAGE.parent / name


def sample_study(name: str = "herd") -> Path:
    """A study that ships with the package; ``herd`` opens when none is given."""
    return shipped("sample_data") / name


def shipped_encoders() -> dict[str, Path]:
    """Folders of the encoders that ship with the package, by name."""
    return {path.parent.name: path.parent for path in sorted(shipped("pretrained").glob("*/model.json"))}


def user_data() -> Path:
    """The user's own folder for studies made in the app and for what the app remembers."""
    return Path(platformdirs.user_data_dir(_APP))


def user_cache() -> Path:
    """The user's folder for derived files, safe to delete."""
    return Path(platformdirs.user_cache_dir(_APP))


def ours(folder: Path) -> bool:
    """Whether what a user makes may be written into ``folder``: it can be, and it does not ship with the package."""
    return os.access(folder, os.W_OK) and not folder.resolve().is_relative_to(shipped("sample_data").resolve())


def told_by_path(folder: Path) -> str:
    """A name for ``folder`` in the user's own folders that no other folder has."""
    path = folder.resolve()
    name = re.sub(r"\W+", "-", path.name).strip("-") or "study"
    return f"{name[:60]}-{hashlib.sha256(json.dumps(str(path)).encode()).hexdigest()[:16]}"


def made_of(study: Path, kind: str) -> Path:
    """Where what is made of the study in folder ``study`` lies, ``kind`` being "encoders" or "sweeps".

    In the study, or, where that is not ours or a link leads out of it, in the user's own folder.
    """
    inside = study.resolve() / kind
    if ours(study) and inside.resolve() == inside:
        return inside
    return user_data() / kind / told_by_path(study)
