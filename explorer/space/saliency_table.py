"""The saliency of background variables as a table with its manifest."""

import shlex
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from explorer.space.divergence import Divergences
from explorer.space.divergence_table import expressed
from explorer.space.saliency import Saliency, VariableSaliency
from explorer.space.saliency_asked import Background
from explorer.space.saliency_said import said_of, said_of_pairs
from explorer.space.varying import SHUFFLED, VARIES
from explorer.space.view_table import Export, again, origins
from explorer.study.embeddings import Embedding
from explorer.study.export import Format, manifest, table_bytes
from explorer.study.study import Study


def saliency_frame(saliency: Saliency) -> pd.DataFrame:
    """One row per variable, those that explain most first.

    Columns: variable, n, animals (missing where the study has none), r2, r2_low, r2_high, r2_conditional, r2_shared,
    p, dispersion_p, distance_correlation, probe, probe_null_low, probe_null_high.
    """
    return pd.DataFrame(
        {
            "variable": [one.name for one in saliency.variables],
            "n": [one.n for one in saliency.variables],
            "animals": pd.array([one.animals for one in saliency.variables], dtype="Int64"),
            **{
                column: [_numbers(one)[column] for one in saliency.variables]
                for column in _numbers(saliency.variables[0])
            },
        }
    )


def _numbers(one: VariableSaliency) -> dict[str, float]:
    return {
        "r2": one.r2.value,
        "r2_low": one.r2.low,
        "r2_high": one.r2.high,
        "r2_conditional": one.conditional.value,
        "r2_shared": one.shared,
        "p": one.test.p,
        "dispersion_p": one.test.spread_p,
        "distance_correlation": one.distance_correlation,
        "probe": one.probe.value,
        "probe_null_low": one.probe.low,
        "probe_null_high": one.probe.high,
    }


def export_saliency(study: Study, found: Background, *, file: str, format: Format = "csv") -> Export:
    """The table of ``saliency_frame``; what it comes to as ``remarks``; all else in the manifest.

    That is how each variable varies and was shuffled, the interval of the conditional R squared, how the variables hang
    together, and how far the subgroups of each task lie apart in each dimension.
    """
    asked, saliency = found.asked, found.saliency
    embedding = study.embedding(asked.embedding)
    remarks = (*saliency.remarks, *said_of(saliency), *said_of_pairs(saliency))
    frame = saliency_frame(saliency)
    content = table_bytes(frame, format)
    described = manifest(
        file=file,
        content=content,
        rows=len(frame),
        command=shlex.join(["latent-explorer", "saliency", str(study.path), *asked.words(), "--out", file]),
        **origins(study, embedding, None),
        permutations=asked.permutations,
        seed=asked.seed,
        observations=saliency.observations,
        variables={one.name: _facts(one) for one in saliency.variables},
        association=[asdict(pair) for pair in saliency.association.pairs],
        variance_inflation={
            one: value if np.isfinite(value) else "infinite" for one, value in saliency.association.inflation.items()
        },
        divergences={
            task: _apart(found.divergences[task], embedding) for task in study.tasks if task in found.divergences
        },
        summary=list(remarks),
        **again([]),
    )
    return Export(content, described, len(frame), remarks)


def _facts(one: VariableSaliency) -> dict[str, Any]:
    return {
        "missing": one.missing,
        "varies": VARIES[one.how],
        "shuffled": SHUFFLED[one.how],
        "share_between_animals": one.between,
        "r2_conditional": asdict(one.conditional),
        "r2_shuffled_mean": float(one.test.null.mean()) if len(one.test.null) else None,
        "distance_correlation_of": one.distance_rows,
        "probe_of": one.probe.observations,
    }


def _apart(found: Divergences, embedding: Embedding) -> dict[str, Any]:
    expresses = expressed(embedding)
    return {
        "between": [found.first, found.second],
        "observations": found.observations,
        "animals": found.animals,
        "dimensions": [asdict(one) | {"expresses": expresses.get(one.dimension)} for one in found.widest],
    }
