"""How far observers agree as a table, and as a file with its manifest."""

import shlex
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from explorer.change.agreement import Agreement, Pair, agreement
from explorer.errors import UserError
from explorer.space.bootstrap import Interval
from explorer.space.view_table import Export
from explorer.study.export import Format, manifest, table_bytes
from explorer.study.study import Study

COLUMNS = (
    "task", "kind", "measure", "value", "low", "high", "observations", "animals", "observers", "sem",
    "smallest_change", "relevant_change",
)  # fmt: skip

ANY = "any two"
"""Stands for the observers where all pairs of different ones count together."""


def scored_tasks(study: Study) -> tuple[str, ...]:
    """The variables of a study that people scored: those read from the scores, of numbers."""
    return tuple(
        name
        for name, one in study.variables.items()
        if one.score is not None and one.kind in ("continuous", "ordinal") and not one.order
    )


def agreements_of(study: Study, tasks: Sequence[str] = (), *, seed: int = 0) -> dict[str, Agreement]:
    """Agreement on each of ``tasks``, by default all that people scored. Raises UserError as ``agreement`` does, and
    where nothing was scored."""
    wanted = tuple(tasks) or scored_tasks(study)
    if not wanted:
        raise UserError(
            "this study has no scores of people",
            where=str(study.path / "study.toml"),
            how="Give a variable its score = ... and the study a table of scores",
        )
    return {task: agreement(study, task, seed=seed) for task in wanted}


def pairs_of(found: Agreement) -> list[tuple[str, Pair]]:
    """All there is: ("inter", any two), each two observers, ("intra", each with themselves)."""
    inter = [one for one in (found.overall, *found.inter) if one is not None]
    return [("inter", one) for one in inter] + [("intra", one) for one in found.intra]


def whom(found: Agreement, pair: Pair) -> str:
    """The observers of ``pair`` in words: "any two", "A and B", or "A"."""
    if pair is found.overall:
        return ANY
    return pair.observers[0] if pair.again else " and ".join(pair.observers)


def agreement_table(study: Study, found: Mapping[str, Agreement]) -> pd.DataFrame:
    """One row for each task, pair of observers and measure, with ``COLUMNS``; what is not known is left empty.

    ``measure``: icc_2_1 (absolute agreement), icc_3_1 (consistency), weighted_kappa (of ordered categories only), bias
    (mean of the second less the first, of two known observers). ``observations``: pairs of scores. ``sem``: standard
    error of one score, like ``smallest_change`` and ``relevant_change`` in the task's unit.
    """
    rows: list[tuple[object, ...]] = []
    for task, one in found.items():
        variable = study.variable(task)
        for kind, pair in pairs_of(one):
            measures: dict[str, Interval] = {"icc_2_1": pair.absolute, "icc_3_1": pair.consistent}
            if variable.kind == "ordinal":
                measures["weighted_kappa"] = pair.kappa
            if kind == "inter" and pair is not one.overall:
                measures["bias"] = pair.bias
            rest = (pair.pairs, pair.animals, whom(one, pair), pair.error.value, pair.smallest_change)
            relevant = np.nan if variable.relevant_change is None else variable.relevant_change
            rows += [
                (task, kind, name, value.value, value.low, value.high, *rest, relevant)
                for name, value in measures.items()
            ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def export_agreement(
    study: Study, tasks: Sequence[str] = (), *, file: str, format: Format = "csv", seed: int = 0
) -> Export:
    """``agreement_table`` as the file ``file``, with its manifest. Raises UserError as ``agreements_of`` does."""
    found = agreements_of(study, tasks, seed=seed)
    table = agreement_table(study, found)
    content = table_bytes(table, format)
    named = ["--task", *tasks] if tasks else []
    words = ["latent-explorer", "agreement", str(study.path), *named, "--seed", str(seed), "--out", file]
    remarks = tuple(remark for one in found.values() for remark in one.remarks)
    facts = manifest(
        file=file,
        content=content,
        rows=len(table),
        command=shlex.join(words),
        study={"name": study.name, "data_sha256": study.data_hash},
        tasks=list(found),
        seed=seed,
        summary=list(remarks),
    )
    return Export(content, facts, len(table), remarks)
