"""Studies opened lately, remembered between sessions."""

import json
from pathlib import Path

from explorer.errors import UserError
from explorer.places import user_data
from explorer.study.atomic import write_text

KEPT = 8


def _memory() -> Path:
    return user_data() / "recent.json"


def recent() -> list[str]:
    """Paths of the studies opened lately that are still there, the last one first."""
    try:
        known = json.loads(_memory().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [path for path in known if isinstance(path, str) and (Path(path) / "study.toml").exists()][:KEPT]


def remember(path: str) -> None:
    """Put ``path`` first. A folder that cannot be written to costs the memory, not the session."""
    paths = [path, *(known for known in recent() if known != path)][:KEPT]
    try:
        write_text(_memory(), json.dumps(paths, indent=1))
    except UserError:
        return
