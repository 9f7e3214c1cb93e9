"""What people decide about clusters: names for them, several made one, one taken apart; each a decision to be undone.

The subject of each event is the clustering's name, which says how its clusters are made, and ``of`` what they were made
of: clusters of the same name of other vectors are other clusters. They are told by their numbers, 1, 2, ... What an
edit does to labels is ``clustering/edited.py``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.decisions.chain import Event
from explorer.decisions.names import checked_name, checked_who
from explorer.decisions.place import store_of
from explorer.decisions.state import in_force
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.study.study import Study

Number = Annotated[int, Field(ge=1, le=100_000)]
MOST_PARTS = 20


class _Edit(BaseModel):
    """``of``: a hash of what the clusters were made of; None in edits of a time that did not keep it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    of: Annotated[str, Field(max_length=64)] | None = None


class Name(_Edit):
    """The cluster ``cluster`` is called ``to``; an empty ``to`` takes its name away."""

    act: Literal["name"] = "name"
    cluster: Number
    to: Annotated[str, Field(max_length=80)]


class Merge(_Edit):
    """The ``clusters`` become one."""

    act: Literal["merge"] = "merge"
    clusters: Annotated[tuple[Number, ...], Field(min_length=2)]


class Split(_Edit):
    """``cluster`` is taken apart: into those it was merged of, or, without any, into ``parts`` by k-means."""

    act: Literal["split"] = "split"
    cluster: Number
    parts: Annotated[int, Field(ge=2, le=MOST_PARTS)] | None = None


Edit = Name | Merge | Split

_KINDS: dict[str, type[Name] | type[Merge] | type[Split]] = {
    "cluster.name": Name,
    "cluster.merge": Merge,
    "cluster.split": Split,
}


@dataclass(frozen=True)
class Edits:
    """The edits of one clustering that count, in order, as they were after event ``as_of``; ``troubles``: those that
    could not be read, in sentences.
    """

    as_of: int
    edits: tuple[Edit, ...]
    troubles: tuple[str, ...] = ()


def name_cluster(study: "Study", clustering: str, cluster: int, to: str, *, of: str, who: str | None = None) -> Event:
    """Call a cluster ``to``; an empty name takes the present one away. ``of``: what it is made of (``made_of``).

    Raises UserError for a name that cannot be one, and when nothing can be written.
    """
    to = checked_name(to, "the cluster's name") if to.strip() else ""
    return _append(study, clustering, Name(cluster=cluster, to=to, of=of), who)


def merge_clusters(
    study: "Study", clustering: str, clusters: tuple[int, ...], *, of: str, who: str | None = None
) -> Event:
    """Make two or more clusters one. Raises UserError for fewer."""
    distinct = tuple(sorted(set(clusters)))
    if len(distinct) < 2:
        raise UserError("only one cluster was chosen", how="Choose two or more to merge")
    return _append(study, clustering, Merge(clusters=distinct, of=of), who)


def split_cluster(
    study: "Study", clustering: str, cluster: int, parts: int | None = None, *, of: str, who: str | None = None
) -> Event:
    """Take a cluster apart: into those it was merged of, or into ``parts`` by k-means.

    Raises UserError for fewer than 2 ``parts`` or more than ``MOST_PARTS``.
    """
    if parts is not None and not 2 <= parts <= MOST_PARTS:
        raise UserError(f"a cluster cannot be split into {parts}", how=f"Ask for 2 to {MOST_PARTS} parts")
    return _append(study, clustering, Split(cluster=cluster, parts=parts, of=of), who)


def _append(study: "Study", clustering: str, edit: Edit, who: str | None) -> Event:
    who = checked_who(who)
    payload: dict[str, Any] = edit.model_dump(mode="json", exclude={"act"})
    with store_of(study).writing() as log:
        return log.append(f"cluster.{edit.act}", clustering, who=who, payload=payload)


def edits_of(study: "Study", clustering: str, as_of: int | None = None) -> Edits:
    """What was decided about the clusters of ``clustering``, as it was after event ``as_of`` (default: now).

    Raises UserError for an ``as_of`` that has not been, and when the store cannot be read.
    """
    found: list[Edit] = []
    troubles = []
    with store_of(study).reading() as log:
        number = log.head if as_of is None else as_of
        for event in in_force(log, number):
            if event.subject != clustering or event.kind not in _KINDS:
                continue
            try:
                found.append(_KINDS[event.kind].model_validate(log.payload(event)))
            except (UserError, ValidationError):
                troubles.append(f"decision {event.seq} about these clusters cannot be read and has no effect")
    return Edits(number, tuple(found), tuple(troubles))


def last_edit(study: "Study", clustering: str) -> int:
    """The number of the last event about the clusters of ``clustering``, undos included; 0 when there is none.

    Raises UserError as ``edits_of`` does.
    """
    with store_of(study).reading() as log:
        about = [event.seq for event in log.events if event.subject == clustering]
    return max(about, default=0)


def edited_clusterings(study: "Study", as_of: int | None = None) -> list[str]:
    """The names of the clusterings about which something was decided that counts, the one met first at the front.

    Raises UserError as ``edits_of`` does.
    """
    with store_of(study).reading() as log:
        return list(dict.fromkeys(event.subject for event in in_force(log, as_of) if event.kind in _KINDS))
