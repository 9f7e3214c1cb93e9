"""Named selections: observations picked out, kept under a name together with how they were picked."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from explorer.decisions import named
from explorer.decisions.chain import Event
from explorer.decisions.events import Log
from explorer.decisions.named import Family
from explorer.decisions.place import store_of
from explorer.errors import UserError
from explorer.view import Selection, View

if TYPE_CHECKING:
    from explorer.study.study import Study

SELECTIONS = Family("selection", "named selection")


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    selection: Selection
    count: Annotated[int, Field(ge=0)]
    made_on: View


@dataclass(frozen=True)
class NamedSelection:
    """A selection kept under a name; ``who`` named it, ``when`` (UTC), by event number ``seq``.

    ``count`` is the number of observations it held, ``view`` what was looked at when it was made. The three parts
    are None when they cannot be read; ``trouble`` is the sentence that says why.
    """

    name: str
    selection: Selection | None
    count: int | None
    view: View | None
    who: str
    when: datetime
    seq: int
    trouble: str | None = None


def name_selection(
    study: "Study", name: str, selection: Selection, *, count: int, made_on: View, who: str | None = None
) -> Event:
    """Keep ``selection`` (of ``count`` observations, made in the view ``made_on``) under ``name``.

    A selection of that name is replaced. ``who`` is by default the user of this computer. Raises UserError for a
    name that cannot be one, and when nothing can be written.
    """
    payload = _Payload(selection=selection, count=count, made_on=made_on)
    return named.save(study, SELECTIONS, name, payload.model_dump(mode="json"), who)


def rename_selection(study: "Study", name: str, to: str, *, who: str | None = None) -> Event:
    """Give a named selection another name. Raises UserError when there is none of it, or when ``to`` is taken."""
    return named.rename(study, SELECTIONS, name, to, who)


def remove_selection(study: "Study", name: str, *, who: str | None = None) -> Event:
    """Remove a named selection; undoing brings it back. Raises UserError when there is none of that name."""
    return named.remove(study, SELECTIONS, name, who)


def named_selections(study: "Study", as_of: int | None = None) -> list[NamedSelection]:
    """The named selections, the one saved last at the end; as they were after event number ``as_of`` (default: now).

    Raises UserError for an ``as_of`` that has not been, and when the store cannot be read.
    """
    with store_of(study).reading() as log:
        return [_read(log, name, event) for name, event in named.kept(log, SELECTIONS, as_of).items()]


def named_at(study: "Study", as_of: int | None = None) -> tuple[int, dict[str, View]]:
    """The named selections as they were after event ``as_of`` (default: the last), and the number of that event.

    Each as the view that selects it: its selection, and the filters under which it was made, which took part in it.
    Raises UserError when one of them cannot be read, so that none is left out unnoticed.
    """
    with store_of(study).reading() as log:
        number = log.head if as_of is None else as_of
    found = {}
    for one in named_selections(study, number) if number else ():
        if one.selection is None or one.view is None:
            raise UserError(str(one.trouble), how="--decisions 0 leaves named selections out")
        found[one.name] = one.view.but(selection=one.selection)
    return number, found


def _read(log: Log, name: str, event: Event) -> NamedSelection:
    found, trouble = named.held(log, SELECTIONS, name, event, _Payload.model_validate, "name the selection again")
    if found is None:
        return NamedSelection(name, None, None, None, event.who, event.when, event.seq, trouble)
    return NamedSelection(name, found.selection, found.count, found.made_on, event.who, event.when, event.seq)
