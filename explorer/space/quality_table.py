"""What was measured of a map, or of two embeddings, as a table with its manifest."""

import shlex
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from explorer.engine import parts_of
from explorer.errors import UserError
from explorer.space.compare import compare_of
from explorer.space.projections import Report, project
from explorer.space.quality import LOCAL, NEAREST
from explorer.space.quality_points import OFF, WHOLE
from explorer.space.quality_said import said_of, said_of_comparison, said_of_stability
from explorer.space.quality_study import points_of, quality_of
from explorer.space.stability import SEEDS, stability_of
from explorer.space.view_table import Export, again, option_words, origins
from explorer.study.export import Format, manifest, table_bytes
from explorer.study.study import Study
from explorer.view import MapChoice


def export_quality(
    study: Study,
    name: str,
    choice: MapChoice,
    *,
    file: str,
    k: int = NEAREST,
    sample: int | None = None,
    seeds: int = SEEDS,
    all_points: bool = False,
    format: Format = "csv",
    report: Report | None = None,
) -> Export:
    """How far a map can be believed, observation by observation, and overall as ``remarks``.

    Columns: observation_id, trustworthiness, continuity, knn_overlap (empty where not measured: beyond the sample, or
    without a vector), stability (empty without a vector, or with no ``seeds``). With ``all_points``, the first three
    are of all observations, as far as ``point_errors`` can; the summary is of the sample still. Raises UserError as
    ``project`` and ``quality_of`` do.
    """
    embedding = study.embedding(name)
    parts = iter(parts_of(report, [3, 1, *([3] if all_points else []), *([9] if seeds else [])]))
    projection = project(study, embedding, choice, next(parts))
    quality = quality_of(study, embedding, projection, k=k, sample=sample, report=next(parts))
    columns: dict[str, Any] = {one: np.full(len(study), np.nan) for one in LOCAL}
    sentences = said_of(quality)
    remarks = [*embedding.remarks, *quality.remarks, *sentences.values()]
    facts: dict[str, Any] = {
        "k": quality.k,
        "points": quality.n,
        "points_measured": quality.sample,
        "pairs": quality.pairs,
        "intervals_over": {"animals" if quality.by_animal else "points": quality.units},
        "measures": {one: asdict(found) for one, found in quality.measures.items()},
        "unscaled_stress": quality.unscaled_stress,
    }
    for one in LOCAL:
        columns[one][quality.rows] = quality.points[one]
    if all_points and quality.sample < quality.n:
        found = points_of(study, embedding, projection, k=k, report=next(parts))
        for one in LOCAL if found.whole else LOCAL[2:]:
            columns[one] = getattr(found, one)
        facts["all_points_off_by_at_most"] = found.off
        which = "" if found.whole else f"; trustworthiness and continuity only up to {WHOLE:,}"
        remarks.append(f"the table tells all points, to within {OFF:g}{which}")
    columns["stability"] = np.full(len(study), np.nan)
    if seeds:
        stable = stability_of(study, embedding, projection, seeds=seeds, report=list(parts)[-1])
        columns["stability"] = stable.stability
        facts["stability"] = {"seeds": stable.seeds, "disparity": stable.disparity, **asdict(stable.overall)}
        remarks.append(said_of_stability(stable))
    content = table_bytes(pd.DataFrame({"observation_id": study.ids.to_pandas(), **columns}), format)
    options = [*option_words(projection.choice), f"--k={k}"]
    options += [*([] if sample is None else [f"--sample={sample}"]), f"--seeds={seeds}"]
    options += ["--all-points"] if all_points else []
    command = ["latent-explorer", "quality", str(study.path), f"--embedding={name}", *options, "--out", file]
    described = manifest(
        file=file,
        content=content,
        rows=len(study),
        command=shlex.join(command),
        **origins(study, embedding, projection),
        quality=facts,
        summary=remarks,
        **again([projection.choice]),
    )
    return Export(content, described, len(study), tuple(remarks))


def export_comparison(
    study: Study, a: str, b: str, *, file: str, k: int = NEAREST, format: Format = "csv", report: Report | None = None
) -> Export:
    """Whose neighbours two embeddings share: observation_id, neighbours_kept (empty without a vector in both).

    ``remarks`` are the summary. Raises UserError as ``compare_of`` does, and for an embedding compared with itself.
    """
    if a == b:
        raise UserError(f"{a!r} was given twice", how="Name two embeddings of the study")
    first, second = study.embedding(a), study.embedding(b)
    found = compare_of(study, first, second, k=k, report=report)
    frame = pd.DataFrame({"observation_id": study.ids.to_pandas(), "neighbours_kept": found.neighbours_kept})
    content = table_bytes(frame, format)
    remarks = said_of_comparison(found, a, b)
    command = ["latent-explorer", "compare", str(study.path), f"--a={a}", f"--b={b}", f"--k={k}", "--out", file]
    made_of = origins(study, first, None)
    described = manifest(
        file=file,
        content=content,
        rows=len(study),
        command=shlex.join(command),
        study=made_of["study"],
        a=made_of["embedding"],
        b=origins(study, second, None)["embedding"],
        k=found.k,
        neighbours_kept={**asdict(found.overall), "chance": found.chance},
        rank_correlation_of_distances=asdict(found.distances),
        counts={"in_both": found.n, "only_in_a": found.only_a, "only_in_b": found.only_b},
        summary=remarks,
        **again([]),
    )
    return Export(content, described, len(study), remarks)
