"""The levels of animals as a table, and as a file with its manifest."""

import shlex
from collections.abc import Sequence

import numpy as np
import pandas as pd

from explorer.change.levels import NOISE, PENALTIES, Amount, levels_of
from explorer.change.retrospective import FEWEST
from explorer.change.series import Series, series_of, vectors_of
from explorer.engine import Report
from explorer.errors import UserError
from explorer.space.bootstrap import UNKNOWN
from explorer.space.view_table import Export
from explorer.study.export import Format, manifest, table_bytes
from explorer.study.study import Study

COLUMNS = (
    "animal_id", "task", "level", "start", "end", "n", "mean", "mean_low", "mean_high", "change", "change_low",
    "change_high", "unit",
)  # fmt: skip


def levels_table(
    listed: Sequence[Series], animals: Sequence[str], amount: Amount = "usual", report: Report | None = None
) -> pd.DataFrame:
    """The levels of ``animals`` in each series, one a row, with ``COLUMNS``.

    ``level``: 1, 2, ...; ``start``, ``end``: its first and last of ``n`` visits; ``change``: from the level before.
    On a logarithm a mean is the geometric one and a change a factor.
    """
    rows: list[tuple[object, ...]] = []
    for done, series in enumerate(listed):
        places = {name: place for place, name in enumerate(series.animals)}
        ends = np.searchsorted(series.animal, np.arange(len(series.animals) + 1))
        for number, animal in enumerate(animals):
            if report is not None:
                report((done + number / len(animals)) / len(listed), f"looking back at {series.name}")
            if animal not in places:
                continue
            start, end = ends[places[animal]], ends[places[animal] + 1]
            for place, level in enumerate(levels_of(series.value[start:end], amount)):
                span = (series.clock.write(float(series.day[start + one])) for one in (level.first, level.last))
                mean, change = level.mean, level.change or UNKNOWN
                figures = np.array([mean.value, mean.low, mean.high, change.value, change.low, change.high])
                rows.append((animal, series.name, place + 1, *span, level.n, *series.shown(figures), series.units))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def export_levels(
    study: Study,
    variables: Sequence[str],
    animals: Sequence[str] = (),
    *,
    amount: Amount = "usual",
    file: str,
    format: Format = "csv",
    report: Report | None = None,
) -> Export:
    """``levels_table`` as the file ``file``, with its manifest. ``animals``: none for all.

    Raises UserError as ``series_of`` does, and for an animal that the study does not have.
    """
    listed = [series_of(study, name) for name in variables]
    known = [] if study.animal is None else [str(name) for name in study.animal.cat.categories]
    for name in animals:
        if name not in known:
            raise UserError(f"there is no animal {name!r} in {study.name}", how="Write it as the study does")
    table = levels_table(listed, animals or known, amount, report)
    content = table_bytes(table, format)
    whom = ["--animal", *animals] if animals else []
    words = ["levels", str(study.path), "--variable", *variables, *whom, "--changes", amount, "--out", file]
    series = int((table["level"] == 1).sum())
    few = sum(len(set(animals or known) & _told(one)) for one in listed) - series
    remarks = [f"{len(table) - series:,} changes in {series:,} series, looking back: what came after is used, no alert"]
    if few:
        remarks.append(f"{few:,} series of fewer than {FEWEST} visits tell nothing of a change")
    facts = manifest(
        file=file,
        content=content,
        rows=len(table),
        command=shlex.join(["latent-explorer", *words]),
        study={"name": study.name, "data_sha256": study.data_hash},
        embeddings=vectors_of(study, variables),
        penalty_in_log_n=PENALTIES[amount],
        of_100_series_without_a_change=dict(zip(("12_visits", "40_visits", "40_alike"), NOISE[amount], strict=True)),
        summary=remarks,
    )
    return Export(content, facts, len(table), tuple(remarks))


def _told(series: Series) -> set[str]:
    """The animals with a value."""
    return {series.animals[place] for place in np.unique(series.animal).tolist()}
