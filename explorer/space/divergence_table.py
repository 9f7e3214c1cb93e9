"""In which latent dimensions subgroups lie apart, as a table with its manifest."""

import shlex
from collections.abc import Mapping

import pandas as pd

from explorer.space.divergence import Divergences
from explorer.space.saliency_asked import Background
from explorer.space.view_table import Export, again, origins
from explorer.study.embeddings import Embedding
from explorer.study.export import Format, manifest, table_bytes
from explorer.study.study import Study


def expressed(embedding: Embedding) -> dict[int, str]:
    """By dimension of ``embedding`` (from 0) the task that it expresses, for those that express one."""
    return {place: task for task, place in embedding.note.task_dimensions.items()}


def dimension_names(embedding: Embedding) -> dict[int, str]:
    """By dimension of ``embedding`` (from 0) the task that it expresses, or the measured feature that it is."""
    return dict(enumerate(embedding.columns)) | expressed(embedding)


def divergence_frame(found: Mapping[str, Divergences], names: Mapping[int, str]) -> pd.DataFrame:
    """One row for each variable and dimension (from 0), of each variable the dimensions that differ most first.

    Columns: variable; first, second (the subgroups compared); n_first, n_second (observations); animals_first,
    animals_second; dimension, name (of ``names``: its task or feature; missing where it has none); jeffrey,
    jeffrey_low, jeffrey_high; w2, w2_low, w2_high (``Divergence``).
    """
    rows = [
        {
            "variable": one.variable,
            "first": one.first,
            "second": one.second,
            "n_first": one.observations[0],
            "n_second": one.observations[1],
            "animals_first": one.animals[0],
            "animals_second": one.animals[1],
            "dimension": each.dimension,
            "name": names.get(each.dimension),
            "jeffrey": each.jeffrey.value,
            "jeffrey_low": each.jeffrey.low,
            "jeffrey_high": each.jeffrey.high,
            "w2": each.w2.value,
            "w2_low": each.w2.low,
            "w2_high": each.w2.high,
        }
        for one in found.values()
        for each in one.widest
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = [
    *("variable", "first", "second", "n_first", "n_second", "animals_first", "animals_second", "dimension"),
    *("name", "jeffrey", "jeffrey_low", "jeffrey_high", "w2", "w2_low", "w2_high"),
]


def export_divergences(
    study: Study, found: Background, *, file: str, beside: str = "saliency.csv", format: Format = "csv"
) -> Export:
    """The table of ``divergence_frame`` with its manifest, whose command writes the saliency to ``beside`` too."""
    embedding = study.embedding(found.asked.embedding)
    frame = divergence_frame(found.divergences, dimension_names(embedding))
    content = table_bytes(frame, format)
    command = ["latent-explorer", "saliency", str(study.path), *found.asked.words()]
    facts = manifest(
        file=file,
        content=content,
        rows=len(frame),
        command=shlex.join([*command, "--out", beside, "--divergences", file]),
        **origins(study, embedding, None),
        seed=found.asked.seed,
        **again([]),
    )
    return Export(content, facts, len(frame))
