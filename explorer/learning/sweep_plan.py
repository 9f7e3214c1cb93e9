"""What a sweep varies and what it keeps. Nothing here needs torch, so that the app may ask."""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from explorer.errors import UserError
from explorer.study.study import Study

Over = Literal["matches", "alpha"]
"""What is varied: how many labels must agree, or the angle in degrees."""

Method = Literal["opml", "opml_mse", "opml_dimensions", "angular", "untrained"]

METHODS: dict[Method, str] = {
    "opml": "OPML",
    "opml_mse": "OPML+MSE",
    "opml_dimensions": "OPML and dimensions",
    "angular": "angular loss",
    "untrained": "untrained",
}
"""How each method is called. The last one is never asked for: it is the control of every sweep."""

CHOICES = tuple(name for name in METHODS if name != "untrained")

REGRESSING = ("opml_mse", "opml_dimensions")
"""Methods that say the tasks as well: through one more layer, or by dimensions of the embedding."""

USUAL_METHODS: dict[Over, tuple[Method, ...]] = {"matches": ("opml",), "alpha": ("opml", "opml_mse", "angular")}
"""As the two tables of O'Mahony et al. 2021 have them."""

USUAL_MATCHES, USUAL_ALPHAS = (2, 3, 4, 5, 6, 7), (35.0, 40.0, 45.0, 50.0, 55.0, 60.0)

_ORDERED = ("continuous", "ordinal")
_Positive = Annotated[int, Field(ge=1, le=1_000_000)]


class Cell(NamedTuple):
    """One training run of a sweep. ``value`` is that of what is varied; None for the untrained control."""

    method: Method
    value: float | None
    seed: int

    @property
    def folder(self) -> str:
        """A name for its folder."""
        return "-".join([self.method, *([] if self.value is None else [f"{self.value:g}"]), "seed", str(self.seed)])


class SweepPlan(BaseModel):
    """Every choice of a sweep but the study's and the network's.

    ``values`` are numbers of labels that must agree (n) where ``over`` is "matches", and degrees where it is "alpha";
    ``matches`` and ``alpha`` are the ones that are kept where they are not varied. Each of ``methods`` is trained with
    each value and each of ``seeds`` seeds, from 0; a seed decides the split of the animals, the first weights, the
    batches and the triplets, so that cells of one seed can be compared in pairs. As in the source, only the labels
    ``tasks`` are learnt, not the animals, from triplets of ``miner``; batches hold observations of ``animals`` animals.
    ``regress`` are the tasks that ``REGRESSING`` methods say as well. Each cell takes all ``steps``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    over: Over
    values: Annotated[tuple[float, ...], Field(min_length=2, max_length=50)]
    methods: Annotated[tuple[Method, ...], Field(min_length=1)]
    seeds: Annotated[int, Field(ge=1, le=100)] = 3
    tasks: Annotated[tuple[str, ...], Field(min_length=1)]
    regress: tuple[str, ...] = ()
    matches: _Positive
    alpha: float = 45.0
    miner: str = "random"
    steps: _Positive = 300
    animals: _Positive = 32

    def cells(self) -> Iterator[Cell]:
        """All runs, those of one seed together, so that a sweep that is stopped can be read for some seeds."""
        for seed in range(self.seeds):
            yield Cell("untrained", None, seed)
            for method in self.methods:
                for value in self.values:
                    yield Cell(method, value, seed)

    def matches_of(self, cell: Cell) -> int:
        """How many labels must agree in ``cell``."""
        return int(cell.value) if self.over == "matches" and cell.value is not None else self.matches

    def alpha_of(self, cell: Cell) -> float:
        """The angle of ``cell`` in degrees."""
        return cell.value if self.over == "alpha" and cell.value is not None else self.alpha

    def told(self, cell: Cell) -> str:
        """``cell`` in words, such as "OPML, n = 3, seed 0"."""
        parts = [METHODS[cell.method], *([] if cell.value is None else [self.value_told(cell.value)])]
        return ", ".join([*parts, f"seed {cell.seed}"])

    def value_told(self, value: float) -> str:
        """``n = 3``, or ``alpha = 45°``."""
        return f"n = {value:g}" if self.over == "matches" else f"alpha = {value:g}°"

    @property
    def options(self) -> list[str]:
        """What to type after ``latent-explorer sweep STUDY`` for this plan."""
        kept = ["--alpha", f"{self.alpha:g}"] if self.over == "matches" else ["--matches", str(self.matches)]
        return [
            *("--over", self.over, "--values", *(f"{value:g}" for value in self.values)),
            *("--methods", *self.methods, *kept, "--tasks", *self.tasks),
            *("--miner", self.miner, "--seeds", str(self.seeds), "--steps", str(self.steps)),
            *("--animals", str(self.animals)),
        ]


def usual_plan(
    study: Study,
    over: Over,
    *,
    values: Sequence[float] | None = None,
    methods: Sequence[str] | None = None,
    seeds: int = 3,
    tasks: Sequence[str] | None = None,
    matches: int | None = None,
    alpha: float | None = None,
    **others: Any,
) -> SweepPlan:
    """The plan of a sweep of ``study``, as O'Mahony et al. 2021 made theirs where nothing else is said.

    The labels are all tasks of the study; where n is not varied, it is 5 of 9 of them, rounded up. others: miner,
    steps, animals and so on, as in ``SweepPlan``. Raises UserError, before anything is computed, for what cannot be
    swept.
    """
    names = tuple(tasks or study.tasks)
    for name in names:
        if name not in study.variables:
            known = ", ".join(study.tasks) or "none"
            raise UserError(f"{study.name} has no task {name!r}", how=f"Its tasks are: {known}")
    if len(names) < 2:
        raise UserError(
            f"{study.name} has {len(names) or 'no'} task{'s' * (len(names) != 1)}, and a sweep needs labels that agree",
            how="Describe at least two variables with role = task, or name more",
        )
    count = len(names)
    if values is None:
        usual = tuple(n for n in USUAL_MATCHES if n <= count)
        values = USUAL_ALPHAS if over == "alpha" else usual if len(usual) > 1 else (1, 2)
    chosen = _methods(over, methods)
    regress = tuple(name for name in names if study.variable(name).kind in _ORDERED)
    if not regress and set(chosen) & set(REGRESSING):
        raise UserError("no task has an order, so none can be regressed", how="Leave out methods with MSE")
    if over == "matches" and matches is not None:
        raise UserError("how many labels must agree is varied, so it cannot be kept", how="Leave out --matches")
    if over == "alpha" and alpha is not None:
        raise UserError("alpha is varied, so it cannot be kept", how="Leave out --alpha")
    return SweepPlan(
        over=over,
        values=_values(values, over, count),
        methods=chosen,
        seeds=seeds,
        tasks=names,
        regress=regress if set(chosen) & set(REGRESSING) else (),
        matches=_matches([matches], count)[0] if matches is not None else math.ceil(5 / 9 * count),
        alpha=_alphas([alpha])[0] if alpha is not None else 45.0,
        **others,
    )


def _methods(over: Over, given: Sequence[str] | None) -> tuple[Method, ...]:
    if given is None:
        return USUAL_METHODS[over]
    found = tuple(method for method in CHOICES if method in given)
    unknown = [name for name in given if name not in CHOICES]
    if unknown or not found:
        what = f"no method {unknown[0]!r}" if unknown else "no method to sweep"
        raise UserError(f"there is {what}", how=f"Choose from: {', '.join(CHOICES)}")
    return found


def _values(given: Sequence[float], over: Over, count: int) -> tuple[float, ...]:
    if len(set(given)) < len(given):
        raise UserError("a value is named twice", how="Name each once")
    if len(given) < 2:
        raise UserError("a sweep compares at least two values", how="Name more of them")
    return tuple(sorted(_matches(given, count) if over == "matches" else _alphas(given)))


def _matches(given: Sequence[float], count: int) -> list[int]:
    for value in given:
        if value != int(value) or not 1 <= value <= count:
            raise UserError(f"{value:g} labels cannot agree where there are {count}", how=f"Ask for 1 to {count}")
    return [int(value) for value in given]


def _alphas(given: Sequence[float]) -> list[float]:
    for value in given:
        if not 0 < value < 90:
            raise UserError(f"an angle of {value:g} degrees cannot be asked for", how="Give angles between 0 and 90")
    return [float(value) for value in given]
