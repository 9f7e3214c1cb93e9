"""Whether the decisions are as they were made, and what a person should be told of where they lie."""

from typing import TYPE_CHECKING

from explorer.decisions.events import Store
from explorer.decisions.place import store_of
from explorer.decisions.purging import unfinished
from explorer.study.findings import Finding

if TYPE_CHECKING:
    from explorer.study.study import Study

_HOW = "The other decisions can still be read. Put back a copy of the file, or move it elsewhere to begin anew"


def verify(study: "Study") -> list[Finding]:
    """Compute the whole chain again, and the hash of each payload: one sentence for each thing that is wrong.

    Empty when all is as it was made. Raises UserError when the file is too damaged to be read.
    """
    store = store_of(study)
    with store.reading() as log:
        return [Finding("error", what, str(store.source), how=_HOW) for what in log.breaks()]


def notes(study: "Study") -> list[Finding]:
    """What should be told whenever a study is opened: a quick check, unfinished purges, decisions that lie elsewhere.

    Raises UserError when the file is too damaged to be read.
    """
    store = store_of(study)
    with store.reading() as log:
        found = [Finding("error", what, str(store.source), how=_HOW) for what in log.quick_breaks()]
        found += unfinished(log, str(store.source))
        here = {event.id for event in log.events}
    other = store.begins_with
    if other is not None and other.exists() and store.path.exists():
        with Store(other).reading() as log:
            elsewhere = sum(event.id not in here for event in log.events)
        if elsewhere:
            found.append(
                Finding(
                    "warning",
                    f"{elsewhere:,} decisions about this study lie here and are not shown",
                    str(other),
                    how=f"The file in use is {store.path}; put this one in its place to see them",
                )
            )
    return found
