"""What a simulated study says about itself, in ``study.toml``."""

from explorer.study.schema import About, Columns, Derive, Rule, StudyFile, Variable
from explorer.study.simulating.animals import WEEKS
from explorer.study.simulating.scoring import BETWEEN_ROUNDS

MAX_GAP = float(BETWEEN_ROUNDS)
"""Days between an observation and the score it may take: a missed round leaves a gap instead of an old score."""


def describe(name: str, animals: int, seed: int, *, pictures: bool, without: tuple[str, ...]) -> StudyFile:
    """The description of a herd of ``animals``, its columns and all its variables."""
    seen = "photographed weekly from above" if pictures else "with feature vectors in place of pictures"
    left_out = f" Without any effect of {', '.join(without)}." if without else ""
    return StudyFile(
        study=About(
            name=name,
            description=(
                f"Simulated: no real animals. {animals:,} dairy cows over {WEEKS} weeks, {seen}; "
                f"made by a program that knows the truth, from seed {seed}.{left_out}"
            ),
            simulated=True,
        ),
        columns=Columns(
            observation="observation_id",
            animal="animal_id",
            time="captured_at",
            image="image" if pictures else None,
            features=() if pictures else ("f_*",),
        ),
        variables=_background() | _automatic() | _expert(),
    )


def _background() -> dict[str, Variable]:
    return {
        "age": Variable(derive=Derive(source="birth", rule="age"), kind="continuous", unit="years", label="Age"),
        "season": Variable(derive=Derive(source="captured_at", rule="season"), kind="nominal", label="Season"),
        "parity": Variable(column="parity", kind="ordinal", unit="calvings", label="Parity"),
        "breed": Variable(column="breed", table="animals", kind="nominal", label="Breed"),
        "camera": Variable(column="camera", kind="nominal", label="Camera"),
    }


def _automatic() -> dict[str, Variable]:
    def task(label: str, column: str, unit: str, relevant: float) -> Variable:
        return Variable(
            column=column,
            kind="continuous",
            role="task",
            source="automatic",
            unit=unit,
            label=label,
            relevant_change=relevant,
        )

    return {
        "weight": task("Weight", "weight_kg", "kg", 40.0),
        "milk": task("Daily milk", "milk_kg", "kg/day", 5.0),
        "activity": task("Activity", "activity", "steps/h", 20.0),
    }


_WAYS: tuple[tuple[Rule, str, str], ...] = (
    ("forward_gradient", "forward", "change to the next score"),
    ("backward_gradient", "backward", "change since the last score"),
)


def _expert() -> dict[str, Variable]:
    found = {}
    for name, label, relevant in (("body_condition", "Body condition", 0.5), ("locomotion", "Locomotion", 1.0)):
        found[name] = Variable(
            score=name,
            max_gap=MAX_GAP,
            kind="ordinal",
            role="task",
            source="expert",
            unit="points",
            label=label,
            relevant_change=relevant,
        )
    for name, label in (("body_condition", "Body condition"), ("locomotion", "Locomotion")):
        for rule, ending, way in _WAYS:
            found[f"{name}_{ending}"] = Variable(
                derive=Derive(source=name, rule=rule),
                kind="continuous",
                role="task",
                source="derived",
                unit="points/day",
                label=f"{label}, {way}",
            )
    return found
