"""Embedding a study: every observation through an encoder."""

import shlex
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from explorer import __version__
from explorer.engine import Report
from explorer.errors import UserError
from explorer.learning.averaging import Views
from explorer.learning.model_files import Model, load_model
from explorer.learning.pictures import encode_pictures
from explorer.study.embeddings import EmbeddingNote, valid_name, write_embedding
from explorer.study.study import Study


def encode_study(
    study: Study,
    model: Model,
    *,
    average: Views | None = None,
    report: Report | None = None,
    workers: int | None = None,
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Unit vectors of all observations, float32 (n, dims), and sentences on what has none.

    Rows without a readable picture, or without any feature, are NaN. average: of each picture the mean of ten or five
    views, at ten or five times the cost (``averaging.averaged_units``). Raises UserError when the study has not what
    the encoder reads, or not one usable observation, and when features are to be averaged.
    """
    if model.reads_pictures:

        def encode(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
            return model.encode(pixels, device=_device(), average=average)

        side = model.info.config.input_size
        return encode_pictures(study, side, encode, encoder=model.info.name, report=report, workers=workers)
    if average:
        raise UserError(
            f"the encoder {model.info.name} reads features, which have no views to average over",
            how="Leave out --average",
        )
    return _encode_features(study, model)


def embed_study(
    study: Study,
    model_folder: str | Path,
    name: str,
    *,
    average: Views | None = None,
    report: Report | None = None,
    workers: int | None = None,
) -> None:
    """Write the embedding ``name`` of a study: unit vectors by the encoder in ``model_folder``.

    Its note says which dimensions express tasks, and how they are read in the tasks' units. average: as for
    ``encode_study``. Observations that cannot be encoded get no vector and are counted in the remarks. A GPU is used
    if there is one. Raises UserError for a bad name, a refused model, and a study without what the encoder reads; an
    old embedding of that name stays until the new one is whole.
    """
    valid_name(name)
    model = load_model(model_folder)
    vectors, remarks = encode_study(study, model, average=average, report=report, workers=workers)
    command = ["latent-explorer", "embed", "STUDY", "--model", Path(model_folder).name, "--as", name]
    note = EmbeddingNote(
        observations=study.ids_hash,
        encoder=model.info.name,
        encoder_hash=model.hash,
        normalised=True,
        task_dimensions=model.info.task_dimensions,
        task_scales=model.info.task_scales,
        averaged=average,
        remarks=remarks,
        data_sha256=study.data_hash,
        made_with={"latent-explorer": __version__, "torch": torch.__version__.split("+")[0]},
        command=shlex.join([*command, *(["--average", average] if average else [])]),
    )
    write_embedding(study.path, name, vectors, note)
    if report is not None:
        report(1.0, f"{int(np.isfinite(vectors[:, 0]).sum()):,} observations embedded")


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _encode_features(study: Study, model: Model) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    columns = list(model.info.features)
    lacking = [column for column in columns if column not in study.table.columns]
    if lacking:
        raise UserError(
            f"{study.name} has no column {lacking[0]!r}, which the encoder {model.info.name} reads"
            + (f" ({len(lacking)} are missing)" if len(lacking) > 1 else ""),
            where=str(study.table.path),
            how="Choose an encoder that was trained on these columns",
        )
    values = study.table.numbers(columns)
    values[~np.isfinite(values)] = np.nan
    out = model.encode(values.astype(np.float32), device=_device())
    empty = int(np.isnan(out[:, 0]).sum())
    if empty == len(out):
        raise UserError(f"no observation of {study.name} has any of the encoder's features")
    gaps = int(np.isnan(values).sum()) - empty * len(columns)
    remarks = []
    if empty:
        remarks.append(f"{empty:,} of {len(out):,} observations have none of the encoder's features")
    if gaps:
        remarks.append(f"{gaps:,} missing values were told to the encoder as missing")
    return out, tuple(remarks)
