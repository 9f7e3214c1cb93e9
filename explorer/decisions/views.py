"""Saved views: what a person looks at, kept under a name."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from explorer.decisions import named
from explorer.decisions.chain import Event
from explorer.decisions.events import Log
from explorer.decisions.named import Family
from explorer.decisions.place import store_of
from explorer.view import View

if TYPE_CHECKING:
    from explorer.study.study import Study

VIEWS = Family("view", "saved view")


@dataclass(frozen=True)
class SavedView:
    """A view kept under a name; ``who`` saved it, ``when`` (UTC), by event number ``seq``.

    ``view`` is None when it cannot be read; ``trouble`` is the sentence that says why.
    """

    name: str
    view: View | None
    who: str
    when: datetime
    seq: int
    trouble: str | None = None


def save_view(study: "Study", name: str, view: View, *, who: str | None = None) -> Event:
    """Keep ``view`` under ``name``; a view of that name is replaced. ``who`` is by default the user of this computer.

    Raises UserError for a name that cannot be one, and when nothing can be written.
    """
    return named.save(study, VIEWS, name, {"view": view.model_dump(mode="json")}, who)


def rename_view(study: "Study", name: str, to: str, *, who: str | None = None) -> Event:
    """Give a saved view another name. Raises UserError when there is none of that name, or when ``to`` is taken."""
    return named.rename(study, VIEWS, name, to, who)


def remove_view(study: "Study", name: str, *, who: str | None = None) -> Event:
    """Remove a saved view; undoing brings it back. Raises UserError when there is none of that name."""
    return named.remove(study, VIEWS, name, who)


def saved_views(study: "Study", as_of: int | None = None) -> list[SavedView]:
    """The saved views, the one saved last at the end; as they were after event number ``as_of`` (default: now).

    Raises UserError for an ``as_of`` that has not been, and when the store cannot be read.
    """
    with store_of(study).reading() as log:
        return [_read(log, name, event) for name, event in named.kept(log, VIEWS, as_of).items()]


def _read(log: Log, name: str, event: Event) -> SavedView:
    view, trouble = named.held(
        log, VIEWS, name, event, lambda payload: View.model_validate(payload.get("view")), "save it again"
    )
    return SavedView(name, view, event.who, event.when, event.seq, trouble)
