"""Clusters as variables of a study like any other: a colour, a filter, a column."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.clustering.clusters import Clusters, as_values, named, of_part
from explorer.clustering.conditioned import assign, read_assignment, read_labels
from explorer.clustering.decided import decided
from explorer.engine import Report
from explorer.errors import UserError
from explorer.space.parts import part_of
from explorer.space.projections import project
from explorer.space.shown import part
from explorer.study.schema import Variable
from explorer.study.study import Study, open_study
from explorer.view import Group, Selection, Stroke, VariableFilter, View


def cluster_at(study: Path, wanted: Clusters, members: npt.NDArray[np.bool_] | None = None, *, report: Report) -> None:
    """``assign`` by names, for a worker process: the result is found in the cache afterwards.

    ``members``, bool (n,), are those of the part that ``wanted`` names.
    """
    opened = open_study(study)
    embedding = opened.embedding(wanted.embedding)
    if members is not None:
        embedding = part_of(embedding, members, "the part")
    assign(opened, wanted, report, embedding=embedding)


def with_clusters(study: Study, names: Iterable[str]) -> Study:
    """``study`` with those clusters among ``names`` as variables that are in the cache; the others are left out."""
    for name in sorted(set(names) - set(study.variables)):
        wanted = named(name)
        if wanted is None or wanted.embedding not in study.embedding_names:
            continue
        found = read_assignment(study, wanted)
        if found is not None:
            seen, state = decided(study, found)
            variable = Variable(column=name, kind="nominal", source="derived", label=wanted.label)
            study = study.with_variable(name, variable, as_values(seen.labels, state.called))
    return study


def names_in(view: View) -> set[str]:
    """The names of clusters that ``view`` needs: for its colour, its filters, and those inside its selections."""
    filters = [*view.filters, *_filters(view.selection.strokes)]
    if view.within is not None:
        filters += _of_group(view.within)
    names = {one.variable for one in filters} | ({view.colour} if view.colour else set())
    return {name for name in names if named(name) is not None}


def _filters(strokes: tuple[Stroke, ...]) -> Iterator[VariableFilter]:
    for stroke in strokes:
        for group in (stroke.group, stroke.within):
            if group is not None:
                yield from _of_group(group)


def _of_group(group: Group) -> list[VariableFilter]:
    return [*group.filters, *_filters(group.strokes)]


def made_for(study: Study, views: Iterable[View], report: Report | None = None) -> Study:
    """``study`` with all clusters that ``views`` need, made where they are not in the cache.

    Those of a part are made when it is the one that a view looks into. Raises UserError for others that are not there.
    """
    for view in views:
        for name in sorted(names_in(view) - set(study.variables)):
            wanted = named(name)
            assert wanted is not None
            embedding = study.embedding(wanted.embedding)
            if wanted.part and read_labels(study, wanted) is None and view.within is not None:
                for stroke in Selection(strokes=view.within.strokes).outlines:  # each after those it is drawn within
                    project(study, part(study, study.embedding(str(stroke.embedding)), stroke.within), stroke.on)
                embedding = part(study, embedding, view.within)
            if wanted.part and wanted.part != of_part(embedding) and read_labels(study, wanted) is None:
                raise UserError(
                    f"the clusters {name!r} were made of a part of the study, which is not the one looked at",
                    how="Open that part and colour it by clusters again",
                )
            assign(study, wanted, report, embedding=embedding)
            study = with_clusters(study, [name])
    return study
