"""What an evaluation of tasks found: as tables to go on with, and as text to read."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from explorer.learning.change_scores import ChangeScore
from explorer.learning.task_scores import TaskScore
from explorer.space.bootstrap import Interval
from explorer.space.task_angles import Angle


@dataclass(frozen=True)
class TaskEvaluation:
    """What ``evaluate_tasks`` found. Print it, or take ``markdown()``, for tables with their protocol.

    ``scores`` and ``changes`` by task and method; ``changes`` only for rates of change, whose levels are named in
    ``levels``. ``angles`` by method. ``units`` by task. ``against`` is the method that others are compared with.
    """

    study: str
    scores: dict[str, dict[str, TaskScore]]
    changes: dict[str, dict[str, ChangeScore]]
    levels: dict[str, str]
    angles: dict[str, list[Angle]]
    units: dict[str, str]
    against: str | None
    train_animals: int
    test_animals: int
    remarks: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """One row per method and task: method, task, unit, and figures, each with its _low and _high.

        mae, spearman, trivial_mae (of the training animals' median), mae_gain (trivial_mae less mae), mae_lead (mae
        less that of the method compared with); for rates of change also level, the task whose rate it is, and
        change_correlation, change_given_level, change_given_levels, change_level_alone, change_dates_shuffled (see
        ``ChangeScore``); NaN where there is none. Then n and animals, and change_n and change_animals.
        """
        rows = []
        for task, by_method in self.scores.items():
            for method, score in by_method.items():
                row: dict[str, object] = {"method": method, "task": task, "unit": self.units[task]}
                _spread(row, "mae", score.mae)
                _spread(row, "spearman", score.spearman)
                _spread(row, "trivial_mae", score.trivial)
                _spread(row, "mae_gain", score.mae_gain)
                _spread(row, "mae_lead", score.mae_lead)
                change = self.changes.get(task, {}).get(method)
                row["level"] = self.levels.get(task)
                _spread(row, "change_correlation", change.correlation if change else None)
                _spread(row, "change_given_level", change.given_level if change else None)
                _spread(row, "change_given_levels", change.given_levels if change else None)
                _spread(row, "change_level_alone", change.level_alone if change else None)
                _spread(row, "change_dates_shuffled", change.shuffled if change else None)
                row |= {"n": score.observations, "animals": score.animals}
                row |= {"change_n": change.observations if change else 0}
                row |= {"change_animals": change.animals if change else 0}
                rows.append(row)
        return pd.DataFrame(rows)

    def markdown(self) -> str:
        """The tables with their protocol, sample sizes and remarks."""
        parts = [
            f"Animals that were not learnt from: {self.test_animals:,}, beside {self.train_animals:,} to learn from; "
            "95 % intervals by bootstrap over animals.",
            "",
            *self._score_lines(),
            *self._change_lines(),
            *self._angle_lines(),
        ]
        if self.remarks:
            parts += ["", *(f"- {remark.rstrip('.')}." for remark in self.remarks)]
        return "\n".join(parts)

    def _score_lines(self) -> list[str]:
        lead = f" less that of {self.against}" if self.against else ""
        heads = [
            "task",
            "method",
            "mean absolute error",
            *([f"error{lead}"] if lead else []),
            "Spearman",
            "n",
            "animals",
        ]
        lines = [_row(heads), _row(["---"] * len(heads))]
        for task, by_method in self.scores.items():
            unit = f" ({self.units[task]})" if self.units[task] else ""
            for method, score in by_method.items():
                own = "" if score.mae_lead is None else str(score.mae_lead)
                told = [task + unit, method, str(score.mae), *([own] if lead else []), str(score.spearman)]
                lines.append(_row([*told, f"{score.observations:,}", f"{score.animals:,}"]))
            first = next(iter(by_method.values()))
            told = [task + unit, "median of the training animals", str(first.trivial), *([""] if lead else []), "–"]
            lines.append(_row([*told, f"{first.observations:,}", f"{first.animals:,}"]))
        return lines

    def _change_lines(self) -> list[str]:
        if not self.changes:
            return []
        heads = ["rate of change", "method", "correlation", "given the level", "given also the predicted level"]
        heads += ["dates shuffled", "n", "animals"]
        lines = ["", "Correlation with the true rate of change:", "", _row(heads), _row(["---"] * len(heads))]
        for task, by_method in self.changes.items():
            for method, score in by_method.items():
                also = "–" if score.given_levels is None else str(score.given_levels)
                told = [task, method, str(score.correlation), str(score.given_level), also, str(score.shuffled)]
                lines.append(_row([*told, f"{score.observations:,}", f"{score.animals:,}"]))
            first = next(iter(by_method.values()))
            told = [task, f"the true {self.levels[task]} alone", str(first.level_alone), "–", "–", "–"]
            lines.append(_row([*told, f"{first.observations:,}", f"{first.animals:,}"]))
        return lines

    def _angle_lines(self) -> list[str]:
        if not any(self.angles.values()):
            return []
        heads = ["embedding", "directions", "angle in degrees", "as fitted", "animals"]
        lines = ["", "Angles between the directions in which tasks rise:", "", _row(heads), _row(["---"] * len(heads))]
        for method, angles in self.angles.items():
            for one in angles:
                told = [method, f"{one.first}, {one.second}", str(one.angle), f"{one.as_fitted:.3g}"]
                lines.append(_row([*told, f"{one.animals:,}"]))
        return lines

    def __str__(self) -> str:
        return f"{self.study}\n{self.markdown()}"


def _spread(row: dict[str, object], name: str, figure: Interval | None) -> None:
    row[name] = figure.value if figure else np.nan
    row[f"{name}_low"] = figure.low if figure else np.nan
    row[f"{name}_high"] = figure.high if figure else np.nan


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
