"""One map over partitions and one killable worker, which may stand ready: how everything slow is run."""

from explorer.engine.job import Job, State
from explorer.engine.partitions import map_partitions
from explorer.engine.progress import Cancelled, Clock, Progress, Report, SnapshotReport, heard_as, parts_of
from explorer.engine.standby import Standby

__all__ = [
    "Cancelled",
    "Clock",
    "Job",
    "Progress",
    "Report",
    "SnapshotReport",
    "Standby",
    "State",
    "heard_as",
    "map_partitions",
    "parts_of",
]
