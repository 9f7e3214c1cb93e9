"""One map over partitions and one killable worker: how everything slow is run."""

from explorer.engine.job import Job, State
from explorer.engine.partitions import map_partitions
from explorer.engine.progress import Cancelled, Clock, Progress, Report, SnapshotReport

__all__ = [
    "Cancelled",
    "Clock",
    "Job",
    "Progress",
    "Report",
    "SnapshotReport",
    "State",
    "map_partitions",
]
