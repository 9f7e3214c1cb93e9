"""All that an evaluation found: one long table to go on with, and text to read."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from explorer.learning.evaluate import Evaluation, Figure
from explorer.learning.label_scores import LabelScores
from explorer.learning.task_evaluation import TaskEvaluation
from explorer.space.bootstrap import Interval
from explorer.space.task_angles import Angle
from explorer.space.task_directions import Direction

COLUMNS = ("method", "task", "measure", "value", "low", "high", "observations", "animals")
MEDIAN, COMMONEST = "median of the animals learnt from", "commonest value of the animals learnt from"

Row = tuple[str, str | None, str, float, float, float, int | None, int | None]


@dataclass(frozen=True)
class FullEvaluation:
    """What ``evaluate_fully`` found. Print it, or take ``markdown()``, for tables with their protocol.

    ``retrieval``: None when no animal can be found again; ``tasks``: None without tasks that have an order. ``labels``
    by task without an order. ``directions`` by task, where there are no task dimensions, with the ``angles`` between
    them. ``subject`` is what was evaluated, as tables call it, ``subject_hash`` that of its weights or of its vectors.
    """

    study: str
    subject: str
    subject_hash: str
    protocol: str
    retrieval: Evaluation | None
    tasks: TaskEvaluation | None
    labels: dict[str, LabelScores]
    directions: dict[str, Direction]
    angles: tuple[Angle, ...]
    remarks: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """One row per method, task and measure: ``COLUMNS``; low and high empty where there is no interval.

        Of animals found again (no task): recall_at_1, map_at_r, and recall_at_1_lead, map_at_r_lead, these less the
        first baseline's. Of tasks with an order: mae, spearman, mae_gain (of the median's error less this), mae_lead
        (less the error of ``TaskEvaluation.against``); of rates of change also change_correlation, change_given_level,
        change_given_levels, change_dates_shuffled; angle and angle_as_fitted in degrees, the task being the two. Of
        labels without an order: nearest_alike and nearest_alike_lead. Of directions: direction_explained,
        direction_spearman, direction_chance, direction_between, and within_explained, within_chance.
        """
        rows = [*self._found_again(), *self._of_tasks(), *self._of_labels(), *self._of_directions()]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        return table.astype({"observations": "Int64", "animals": "Int64"})

    def _found_again(self) -> Iterator[Row]:
        if self.retrieval is None:
            return
        for method, score in self.retrieval.scores.items():
            for measure, figure in (
                ("recall_at_1", score.recall),
                ("map_at_r", score.precision),
                ("recall_at_1_lead", score.lead),
                ("map_at_r_lead", score.precision_lead),
            ):
                yield from _row(method, None, measure, figure, self.retrieval.queries, self.retrieval.animals)

    def _of_tasks(self) -> Iterator[Row]:
        if self.tasks is None:
            return
        for task, by_method in self.tasks.scores.items():
            for method, score in by_method.items():
                n, animals = score.observations, score.animals
                for measure, figure in (
                    ("mae", score.mae),
                    ("spearman", score.spearman),
                    ("mae_gain", score.mae_gain),
                    ("mae_lead", score.mae_lead),
                ):
                    yield from _row(method, task, measure, figure, n, animals)
            first = next(iter(by_method.values()))
            yield from _row(MEDIAN, task, "mae", first.trivial, first.observations, first.animals)
        for task, changes in self.tasks.changes.items():
            for method, change in changes.items():
                n, animals = change.observations, change.animals
                for measure, figure in (
                    ("change_correlation", change.correlation),
                    ("change_given_level", change.given_level),
                    ("change_given_levels", change.given_levels),
                    ("change_dates_shuffled", change.shuffled),
                ):
                    yield from _row(method, task, measure, figure, n, animals)
            alone = next(iter(changes.values()))
            told = f"the true {self.tasks.levels[task]} alone"
            yield from _row(told, task, "change_correlation", alone.level_alone, alone.observations, alone.animals)
        for method, angles in self.tasks.angles.items():
            yield from _angle_rows(method, angles)

    def _of_labels(self) -> Iterator[Row]:
        for task, found in self.labels.items():
            for method, score in found.scores.items():
                yield from _row(method, task, "nearest_alike", score.right, score.observations, score.animals)
                yield from _row(method, task, "nearest_alike_lead", score.lead, score.observations, score.animals)
            first = next(iter(found.scores.values()))
            yield from _row(COMMONEST, task, "nearest_alike", found.commonest, first.observations, first.animals)

    def _of_directions(self) -> Iterator[Row]:
        for task, one in self.directions.items():
            for measure, figure in (
                ("direction_explained", one.explained),
                ("direction_spearman", one.spearman),
                ("direction_chance", _alone(one.chance)),
                ("direction_between", _alone(one.between)),
            ):
                yield from _row(self.subject, task, measure, figure, one.observations, one.animals)
            if one.within is not None:
                n, animals = one.within.observations, one.within.animals
                yield from _row(self.subject, task, "within_explained", one.within.explained, n, animals)
                yield from _row(self.subject, task, "within_chance", _alone(one.within.chance), n, animals)
        yield from _angle_rows(self.subject, self.angles)

    def markdown(self) -> str:
        """The tables with their protocol, sample sizes, remarks and warning."""
        parts = [self.protocol] if self.protocol else []
        if self.retrieval is not None:
            parts += ["### The same animal again", self.retrieval.markdown()]
        if self.tasks is not None:
            parts += ["### Tasks", self.tasks.markdown()]
        if self.labels:
            parts += ["### Labels without an order", "\n".join(self._label_lines())]
        if self.directions:
            parts += ["### Directions in which tasks rise", "\n".join(self._direction_lines())]
        if self.remarks:
            parts += ["\n".join(f"- {remark.rstrip('.')}." for remark in self.remarks)]
        return "\n\n".join(parts)

    def _label_lines(self) -> list[str]:
        lines = [
            "How often an observation's nearest among the animals learnt from has the same value (the forest says a "
            f"value outright); the lead is over that of {self.subject}; 95 % intervals by bootstrap over animals.",
            "",
            "| label | method | right | lead | n | animals |",
            "|---|---|---|---|---|---|",
        ]
        for task, found in self.labels.items():
            for method, score in found.scores.items():
                lead = "" if score.lead is None else str(score.lead)
                sizes = f"{score.observations:,} | {score.animals:,}"
                lines.append(f"| {task} | {method} | {score.right} | {lead} | {sizes} |")
            first = next(iter(found.scores.values()))
            sizes = f"{first.observations:,} | {first.animals:,}"
            lines.append(f"| {task} | {COMMONEST} | {found.commonest} | | {sizes} |")
        return lines

    def _direction_lines(self) -> list[str]:
        lines = [
            "Linear directions, cross-validated by animal. Chance: the share of shuffles of labels between animals "
            "that were told as well. Within: of each animal's ups and downs alone.",
            "",
            "| task | R squared | Spearman | chance | within animals | chance | n | animals |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for task, one in self.directions.items():
            within = ("–", "–") if one.within is None else (str(one.within.explained), f"{one.within.chance:.3g}")
            told = [task, str(one.explained), str(one.spearman), f"{one.chance:.3g}", *within]
            lines.append(f"| {' | '.join(told)} | {one.observations:,} | {one.animals:,} |")
        if self.angles:
            lines += ["", "| directions | angle in degrees | as fitted | animals |", "|---|---|---|---|"]
            for angle in self.angles:
                told = [f"{angle.first}, {angle.second}", str(angle.angle), f"{angle.as_fitted:.3g}"]
                lines.append(f"| {' | '.join(told)} | {angle.animals:,} |")
        return lines

    def __str__(self) -> str:
        return f"{self.study}\n{self.markdown()}"


def _alone(value: float) -> Interval:
    """A number that has no interval."""
    return Interval(value, np.nan, np.nan)


def _row(
    method: str, task: str | None, measure: str, figure: Interval | Figure | None, observations: int, animals: int
) -> Iterator[Row]:
    """The row of a figure; none where there is no figure."""
    if figure is not None and np.isfinite(figure.value):
        yield method, task, measure, figure.value, figure.low, figure.high, observations, animals


def _angle_rows(method: str, angles: tuple[Angle, ...] | list[Angle]) -> Iterator[Row]:
    for one in angles:
        both = f"{one.first}, {one.second}"
        for measure, figure in (("angle", one.angle), ("angle_as_fitted", _alone(one.as_fitted))):
            if np.isfinite(figure.value):
                yield method, both, measure, figure.value, figure.low, figure.high, None, one.animals
