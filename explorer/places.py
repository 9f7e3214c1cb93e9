"""Where things lie: what ships with the package, and the user's own folders."""

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
