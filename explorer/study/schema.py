"""The contract of ``study.toml``: what a study says about itself."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from explorer.errors import UserError

Kind = Literal["continuous", "ordinal", "nominal", "cyclic"]
Role = Literal["background", "task"]
Source = Literal["expert", "automatic", "derived"]
Rule = Literal["season", "month", "hour", "age", "days_since", "forward_gradient", "backward_gradient"]
TimeUnit = Literal["days", "weeks", "months", "years", "visits"]

FILE_NAME = "study.toml"

CYCLE_OF: dict[Rule, float] = {"month": 12.0, "hour": 24.0}
"""The period that a cyclic rule brings with it."""


_PLAIN = {
    "extra_forbidden": "there is no such key",
    "missing": "this key is missing",
    "string_too_short": "this is empty",
    "string_too_long": "this is too long",
    "string_type": "this should be text in quotes",
    "finite_number": "this should be a finite number",
    "greater_than": "this should be more than 0",
}
"""Kinds of mistakes in plain words; the others are plain as they come."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class About(_Strict):
    """The ``[study]`` table."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: str = ""
    simulated: bool = False


class Columns(_Strict):
    """The ``[columns]`` table: which column of the observations plays which part."""

    observation: str | None = None
    animal: str | None = None
    time: str | None = None
    time_unit: TimeUnit | None = None
    image: str | None = None
    features: tuple[str, ...] = ()
    features_missing: Literal["leave_out", "column_median"] = "leave_out"


class Derive(_Strict):
    """How a variable follows from another column, a kind of event, or a scored variable.

    ``season``, ``month``, ``hour`` and ``age`` start from a date column, ``days_since`` from a kind of event,
    the gradients from a variable that is read from the scores.
    """

    source: Annotated[str, Field(alias="from")]
    rule: Annotated[Rule, Field(alias="as")]
    hemisphere: Literal["north", "south"] = "north"


class Variable(_Strict):
    """One ``[variables.NAME]`` table: a background variable or a task.

    Exactly one of ``column``, ``derive`` and ``score`` says where its values come from.
    """

    column: str | None = None
    table: Literal["observations", "animals"] = "observations"
    derive: Derive | None = None
    score: str | None = None
    max_gap: Annotated[float, Field(gt=0)] | None = None
    kind: Kind
    role: Role = "background"
    unit: str | None = None
    source: Source | None = None
    label: str | None = None
    period: Annotated[float, Field(gt=0)] | None = None
    order: tuple[str, ...] = ()
    relevant_change: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "Variable":
        origins = [self.column, self.derive, self.score]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("give exactly one of column, derive and score")
        if self.max_gap is not None and self.score is None:
            raise ValueError("max_gap belongs to a variable that is read from the scores (score = ...)")
        if self.order and self.kind != "ordinal":
            raise ValueError("order belongs to an ordinal variable")
        if self.kind == "cyclic" and self.cycle is None:
            raise ValueError("a cyclic variable needs its period (24 for an hour of the day)")
        return self

    @property
    def cycle(self) -> float | None:
        """The period of a cyclic variable, in its own unit; None for the other kinds."""
        if self.kind != "cyclic":
            return None
        return self.period or (CYCLE_OF.get(self.derive.rule) if self.derive else None)


class StudyFile(_Strict):
    """The whole of ``study.toml``."""

    study: About
    columns: Columns = Columns()
    variables: dict[str, Variable] = {}

    @model_validator(mode="after")
    def _rules_have_sources(self) -> "StudyFile":
        for name, variable in self.variables.items():
            rule = variable.derive
            if rule and rule.rule.endswith("_gradient"):
                origin = self.variables.get(rule.source)
                if origin is None or origin.score is None:
                    raise ValueError(
                        f"variable {name} takes the {rule.rule} of {rule.source!r}, "
                        "which is not a variable read from the scores"
                    )
        return self


def read_study_file(folder: Path) -> StudyFile:
    """Read and check ``study.toml`` in ``folder``.

    Raises UserError with the place of the first mistake.
    """
    path = folder / FILE_NAME
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"{FILE_NAME} is a link that leads out of {folder}", how="Put the file itself into the folder")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(
            f"{folder} is not a study: it holds no {FILE_NAME}",
            how="Give a study's folder, or make one of your table with: latent-explorer import TABLE --out STUDY",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", where=str(path), how="Mend that line") from None
    except OSError as error:
        raise UserError(f"cannot be opened: {error.strerror}", where=str(path)) from None
    try:
        return StudyFile.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = _PLAIN.get(first["type"], str(first["msg"]).removeprefix("Value error, "))
        raise UserError(message, where=f"{path}: {place}" if place else str(path)) from None


def study_file_text(spec: StudyFile) -> str:
    """``spec`` as the text of a ``study.toml``; reading it back gives ``spec``."""
    raw: dict[str, Any] = spec.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    raw.setdefault("study", {})["name"] = spec.study.name
    return tomli_w.dumps(raw)
