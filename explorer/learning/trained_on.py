"""What an encoder's description says of the studies that it has learnt from, and which animals are new to it."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from explorer.study.study import Study


class TrainedOn(BaseModel):
    """One study an encoder has learnt from, and which of its animals played which part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    data_hash: str
    ids_hash: str
    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


def unseen(study: Study, trained_on: Iterable[TrainedOn]) -> tuple[str, ...]:
    """The animals of ``study`` that were neither learnt from nor used to choose, sorted.

    A study is recognised by its data or by its ordered observation ids, so that an edited copy does not pass for new.
    """
    seen: set[str] = set()
    for one in trained_on:
        if one.ids_hash == study.ids_hash or one.data_hash == study.data_hash:
            seen |= {*one.train, *one.validation}
    names = [] if study.animal is None else study.animal.cat.categories.tolist()
    return tuple(sorted(name for name in names if name not in seen))
