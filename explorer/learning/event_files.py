"""TensorBoard's event files of a run, where TensorBoard is installed and asked for."""

from pathlib import Path
from typing import Any

from explorer.learning.look import Look

FOLDER = "tensorboard"
MISSING = "TensorBoard is not installed, so it gets no event files: pip install 'latent-explorer[tensorboard]'"


class EventFiles:
    """Writes each look as scalars under ``FOLDER`` of the run's folder."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, look: Look) -> None:
        """One look, flushed."""
        scalars = {
            "loss": look.loss,
            "validation/recall_at_1": look.recall,
            "validation/map_at_r": look.precision,
            "validation/score": look.score,
            "mining/triplets": look.triplets,
            "mining/anchors_dropped": look.anchors_dropped,
            "mining/pairs_dropped": look.pairs_dropped,
            **{f"loss/{name}": value for name, value in look.parts.items()},
            **{f"error_in_spreads/{name}": value for name, value in look.errors.items()},
        }
        if look.alike is not None:
            scalars["validation/nearest_alike"] = look.alike
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, global_step=look.step)
        self._writer.flush()

    def close(self) -> None:
        """End the file."""
        self._writer.close()


def open_event_files(run: Path, after: int = 0) -> EventFiles | None:
    """Event files of the run in the folder ``run``; None where TensorBoard is not installed (``MISSING`` says so).

    after: of a resumed run, the step it goes on from: what was logged of later steps is no longer shown.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return EventFiles(SummaryWriter(str(run / FOLDER), purge_step=after + 1 if after else None))
