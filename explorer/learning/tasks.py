"""What the app asks of this room, by paths, for a worker process.

The app itself must not import torch: that would cost each page seconds and the server its memory.
"""

from pathlib import Path

from explorer.engine import Report


def embed_at(path: Path, model_folder: Path, name: str, *, report: Report) -> None:
    """``embed_study`` by path."""
    from explorer.learning.embed import embed_study
    from explorer.study.study import open_study

    report(0.0, "loading the encoder")
    embed_study(open_study(path), model_folder, name, report=report)
