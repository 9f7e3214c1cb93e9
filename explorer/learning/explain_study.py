"""Explaining observations of a study: which picture, which task or which other observation, as a file."""

import io
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.engine import Report
from explorer.errors import UserError
from explorer.learning.explain import Explained, explain, nearness, overlay, task_score
from explorer.learning.explained import Explanation
from explorer.learning.model_files import Model, load_model
from explorer.learning.pictures import letterbox
from explorer.study.export import csv_bytes, manifest
from explorer.study.study import Study


def explain_observation(
    study: Study,
    folder: Path,
    observation: str,
    *,
    task: str | None = None,
    near: str | None = None,
    file: str,
    report: Report | None = None,
) -> Explanation:
    """What moves the ``task`` of an ``observation``, or brings it near the observation ``near``; give one of them.

    Pictures give an overlay as PNG, features a table: feature, value, adds. Raises UserError for observations, tasks
    and endings that do not fit.
    """
    model = load_model(folder)
    ending = ".png" if model.reads_pictures else ".csv"
    if not file.endswith(ending):
        what = "pictures: an overlay is a picture" if model.reads_pictures else "features: they make a table"
        raise UserError(f"{file} does not end in {ending}", how=f"This encoder reads {what}, so name it {ending}")
    given = _input(study, model, observation)
    if near is not None:
        other = _input(study, model, near)
        found = explain(model, given, nearness(model.encode(other[None])[0]), report=report)
        about = f"nearness to {near} (cosine {found.value:.3f}; {found.plain:.3f} for a plain input)"
    else:
        dimensions = model.info.task_dimensions
        if task not in dimensions:
            known = ", ".join(dimensions) or "none, since it has learnt to tell animals apart only"
            raise UserError(f"the encoder {model.info.name} has no task {task!r}", how=f"Its tasks are: {known}")
        found = explain(model, given, task_score(dimensions[task]), report=report)
        about = f"{task} (dimension {dimensions[task]}: {found.value:.3f}; {found.plain:.3f} for a plain input)"
    content = _picture(given, found) if model.reads_pictures else _table(model, given, found)
    option = ["--near", near] if near is not None else ["--task", str(task)]
    command = ["latent-explorer", "explain", str(study.path), "--model", str(folder), "--observation", observation]
    facts = manifest(
        file=file,
        content=content,
        rows=1,
        command=shlex.join([*command, *option, "--out", file]),
        study={"name": study.name, "data_sha256": study.data_hash},
        encoder={"name": model.info.name, "weights_sha256": model.hash},
        method="integrated gradients from the model's mean input",
        value=found.value,
        plain=found.plain,
        missed=found.missed,
        rank_correlation_with_random_weights=found.alike,
    )
    return Explanation(content, facts, (f"what moves {about}", *_checks(found)), found.parts, given)


def _checks(found: Explained) -> tuple[str, ...]:
    """What to make of it: does it sum up, and is it of the encoder rather than of the input?"""
    whole = float(np.abs(found.parts).sum())
    share = f" ({abs(found.missed) / whole:.1%} of all that they add and take)" if whole else ""
    summed = f"the parts sum up to the change but for {abs(found.missed):.2g}{share}"
    verdict = (
        "little alike, as it should be"
        if abs(found.alike) < 0.5
        else "much alike: it shows the input more than what was learnt, so do not read it"
    )
    return summed, f"with random weights, rank correlation {found.alike:.2f}: {verdict}"


def _input(study: Study, model: Model, observation: str) -> npt.NDArray[Any]:
    from explorer.space.shown import row_numbers

    rows = row_numbers(study, (observation,))
    if not len(rows):
        raise UserError(f"the study has no observation {observation!r}", how="Give an id of its observations")
    row = int(rows[0])
    if model.reads_pictures:
        picture = study.picture(row)
        if picture is None:
            raise UserError(f"observation {observation!r} has no picture", how="Choose another")
        return letterbox(picture, model.info.config.input_size)
    columns = list(model.info.features)
    lacking = [column for column in columns if column not in study.table.columns]
    if lacking:
        raise UserError(
            f"{study.name} has no column {lacking[0]!r}, which the encoder {model.info.name} reads",
            how="Choose an encoder that was trained on these columns",
        )
    values = study.table.numbers(columns)[row]
    return np.where(np.isfinite(values), values, np.nan).astype(np.float32)


def _picture(given: npt.NDArray[np.uint8], found: Explained) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(overlay(given, found.parts)).save(stream, "PNG")
    return stream.getvalue()


def _table(model: Model, given: npt.NDArray[np.floating], found: Explained) -> bytes:
    order = np.argsort(-np.abs(found.parts), kind="stable")
    frame = pd.DataFrame({"feature": model.info.features, "value": given.astype(np.float64), "adds": found.parts})
    return csv_bytes(frame.iloc[order].reset_index(drop=True))
