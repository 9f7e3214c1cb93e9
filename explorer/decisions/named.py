"""What is kept under a name: saved, saved again, renamed, removed. Views and selections are such, more may follow.

A family is one kind of such things and has names of its own; its events are of the kinds "FAMILY.save",
"FAMILY.rename" (payload: ``to``) and "FAMILY.remove".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import ValidationError

from explorer.decisions.chain import Event
from explorer.decisions.events import Log
from explorer.decisions.names import checked_name, checked_who
from explorer.decisions.place import store_of
from explorer.decisions.state import in_force
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.study.study import Study

T = TypeVar("T")
Verb = Literal["save", "rename", "remove"]


@dataclass(frozen=True)
class Family:
    """``key`` begins the kinds of its events; ``one`` is what a person calls one of them."""

    key: str
    one: str

    def kind(self, verb: Verb) -> str:
        """The kind of its events that do ``verb``."""
        return f"{self.key}.{verb}"


def kept(log: Log, family: Family, as_of: int | None = None) -> dict[str, Event]:
    """What the family holds: the event that saved it, by its present name; in the order of saving.

    Raises UserError for an ``as_of`` that has not been.
    """
    found: dict[str, Event] = {}
    for event in in_force(log, as_of):
        if event.kind == family.kind("save"):
            found[event.subject] = event
        elif event.kind == family.kind("remove"):
            found.pop(event.subject, None)
        elif event.kind == family.kind("rename") and event.subject in found:
            found[_new_name(log, event)] = found.pop(event.subject)
    return dict(sorted(found.items(), key=lambda item: item[1].seq))


def _new_name(log: Log, rename: Event) -> str:
    try:
        return str(log.payload(rename)["to"])
    except (UserError, KeyError):  # what was renamed is not hidden; checking.verify tells of the broken payload
        return rename.subject


def held(
    log: Log, family: Family, name: str, event: Event, read: Callable[[dict[str, Any]], T], mend: str
) -> tuple[T | None, str | None]:
    """What ``read`` makes of the event's payload; else a sentence on why it cannot be shown, and how to ``mend`` it."""
    try:
        return read(log.payload(event)), None
    except UserError as error:
        return None, f"The {family.one} {name!r} cannot be shown: {error}"
    except ValidationError:
        return None, (
            f"The {family.one} {name!r} cannot be shown: this version of Latent Explorer cannot read it. "
            f"Open it in the version that saved it, or {mend}."
        )


def save(study: "Study", family: Family, name: str, payload: Mapping[str, Any], who: str | None) -> Event:
    """Keep ``payload`` under ``name``; what had that name is replaced, and stays in the history."""
    name, who = checked_name(name), checked_who(who)
    with store_of(study).writing() as log:
        return log.append(family.kind("save"), name, who=who, payload=payload)


def rename(study: "Study", family: Family, name: str, to: str, who: str | None) -> Event:
    """Give ``name`` the new name ``to``. Raises UserError when there is no ``name``, or when ``to`` is taken."""
    name, to, who = checked_name(name), checked_name(to), checked_who(who)
    with store_of(study).writing(create=False) as log:
        names = kept(log, family)
        _must_be(name, names, family)
        if to in names:
            raise UserError(f"there is a {family.one} {to!r} already", how="Choose another name, or remove that one")
        return log.append(family.kind("rename"), name, who=who, payload={"to": to})


def remove(study: "Study", family: Family, name: str, who: str | None) -> Event:
    """Remove ``name``; it stays in the history. Raises UserError when there is none."""
    name, who = checked_name(name), checked_who(who)
    with store_of(study).writing(create=False) as log:
        _must_be(name, kept(log, family), family)
        return log.append(family.kind("remove"), name, who=who)


def _must_be(name: str, names: Mapping[str, Event], family: Family) -> None:
    if name not in names:
        known = ", ".join(names)
        raise UserError(
            f"there is no {family.one} {name!r}", how=f"There are: {known}" if known else "None has been saved yet"
        )
