"""How a run stands: learning here, in another process, stopped, finished; and its job."""

from pathlib import Path
from typing import Literal

from explorer.learning.run_folders import RunFolder
from explorer.learning.run_lock import is_held
from explorer.learning.tasks import resume_at
from explorer.study.study import Study
from explorer.ui import jobs

Standing = Literal["finished", "waiting", "learning", "elsewhere", "stopped"]

LANE = "training"

SAID: dict[Standing, str] = {
    "finished": "finished",
    "waiting": "waits its turn",
    "learning": "learning now",
    "elsewhere": "learning in another program",
    "stopped": "stopped",
}


def key_of(folder: Path) -> str:
    """The key of the job that trains into ``folder``."""
    return f"train-{folder}"


def folders_at_work(place: Path) -> list[Path]:
    """The folders in ``place`` for which there is a job, going on or ended."""
    beginning = key_of(place) + "/"
    return [place / key.removeprefix(beginning) for key in jobs.known(beginning)]


def standing(run: RunFolder) -> Standing:
    """How ``run`` stands at this moment."""
    state = jobs.state(key_of(run.folder))
    if state == "running":
        return "learning"
    if run.finished:
        return "finished"
    if state == "waiting":
        return "waiting"
    return "elsewhere" if is_held(run.folder) else "stopped"


def resume(study: Study, folder: Path) -> None:
    """Go on with the run in ``folder`` from its last checkpoint."""
    jobs.start_anew(key_of(folder), resume_at, study.path, folder, lane=LANE)
