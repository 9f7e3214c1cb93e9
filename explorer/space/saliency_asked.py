"""The saliency of background variables by what was asked: the same from the command line and in the app."""

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.engine import Report, parts_of
from explorer.errors import UserError
from explorer.space.divergence import Divergences, divergences, subgroups
from explorer.space.label_tests import PERMUTATIONS
from explorer.space.saliency import Saliency, saliency_of
from explorer.space.task_values import units_of
from explorer.study.embeddings import Embedding
from explorer.study.study import Study


@dataclass(frozen=True)
class Asked:
    """What the command ``saliency`` takes, with its defaults; ``variables`` None: all background variables."""

    embedding: str
    variables: tuple[str, ...] | None = None
    permutations: int = PERMUTATIONS
    seed: int = 0

    def words(self) -> list[str]:
        """As options of the command."""
        named = [] if self.variables is None else ["--variables", *self.variables]
        return [
            f"--embedding={self.embedding}",
            f"--permutations={self.permutations}",
            f"--seed={self.seed}",
            *named,
        ]


@dataclass(frozen=True, eq=False)
class Background:
    """What was found: ``saliency``, and how far subgroups lie apart, of each task and of each variable looked at."""

    asked: Asked
    saliency: Saliency
    divergences: dict[str, Divergences]


def background_of(study: Study, asked: Asked, report: Report | None = None) -> Background:
    """Find it. Raises UserError as ``saliency_of`` does, and for an embedding that is not there."""
    embedding = study.embedding(asked.embedding)
    main, last = parts_of(report, [19, 1])
    found = saliency_of(
        study,
        embedding,
        variables=asked.variables,
        permutations=asked.permutations,
        seed=asked.seed,
        report=main,
    )
    names = dict.fromkeys([*study.tasks, *(one.name for one in found.variables)])
    apart = divergences_of(study, embedding, list(names), asked.seed, last)
    if report:
        report(1.0, "done")
    return Background(asked, found, apart)


def divergences_of(
    study: Study, embedding: Embedding, names: Sequence[str], seed: int = 0, report: Report | None = None
) -> dict[str, Divergences]:
    """Between the subgroups of each variable of ``names`` that can be read and has two with enough animals."""
    out = {}
    units = units_of(study)
    for place, name in enumerate(names):
        if report:
            report(place / len(names), "comparing subgroups")
        try:
            groups = subgroups(study.values(name), study.variable(name))
        except UserError:
            continue
        found = divergences(name, groups, embedding.vectors, units, seed)
        if found is not None:
            out[name] = found
    return out
