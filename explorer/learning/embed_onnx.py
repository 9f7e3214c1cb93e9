"""Embedding a study with an encoder from elsewhere: every observation through an ONNX model."""

import importlib.metadata
import shlex
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer import __version__
from explorer.engine import Report
from explorer.errors import UserError
from explorer.learning.onnx_encoder import Numbers, OnnxEncoder, open_onnx
from explorer.learning.onnx_options import OnnxOptions
from explorer.learning.pictures import encode_pictures
from explorer.study.embeddings import EmbeddingNote, valid_name, write_embedding
from explorer.study.study import Study


def embed_onnx(
    study: Study,
    path: Path,
    name: str,
    *,
    options: OnnxOptions | None = None,
    report: Report | None = None,
    workers: int | None = None,
) -> None:
    """Write the embedding ``name`` of a study: vectors by the ONNX model in the file ``path``.

    Pictures are letterboxed to the model's side; a model of vectors is given the study's feature columns, in their
    order and units, and an observation with a missing one gets no vector. What the file leaves open is taken from
    ``options`` and kept in the note, with the file's hash. Raises UserError for a bad name, a file or an option that
    does not fit (``open_onnx``), and a study without what the model reads; an old embedding of that name stays until
    the new one is whole.
    """
    valid_name(name)
    options = options or OnnxOptions()
    encoder = open_onnx(path, options)
    zero = 0

    def encode(inputs: Numbers) -> npt.NDArray[np.float32]:
        nonlocal zero
        found = encoder.encode(inputs)
        zero += int(np.isnan(found[:, 0]).sum())
        return found

    if encoder.asks.pictures:
        vectors, remarks = encode_pictures(
            study, encoder.asks.side, encode, encoder=path.name, report=report, workers=workers
        )
    else:
        values, remarks = _features(study, encoder)
        used = np.isfinite(values).all(axis=1)
        found = encode(values[used])
        vectors = np.full((len(values), found.shape[1]), np.nan, dtype=np.float32)
        vectors[used] = found
    if zero == len(study):
        raise UserError("gives only vectors of length 0, so all observations are the same to it", where=str(path))
    if zero:
        remarks = (*remarks, f"{zero:,} of {len(study):,} observations have a vector of length 0, so none here")
    command = ["latent-explorer", "embed", "STUDY", "--model", path.name, "--as", name, *options.arguments()]
    note = EmbeddingNote(
        observations=study.ids_hash,
        encoder=path.name,
        encoder_hash=encoder.file.hash,
        encoder_options=options.model_dump(mode="json") | {"output": encoder.output},
        normalised=options.normalise,
        remarks=(*remarks, _given(encoder)),
        data_sha256=study.data_hash,
        made_with={"latent-explorer": __version__, "onnxruntime": importlib.metadata.version("onnxruntime")},
        command=shlex.join(command),
    )
    write_embedding(study.path, name, vectors, note)
    if report is not None:
        report(1.0, f"{int(np.isfinite(vectors[:, 0]).sum()):,} observations embedded")


def _features(study: Study, encoder: OnnxEncoder) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """The study's feature columns (n, f), and sentences on rows with gaps."""
    columns, wanted = list(study.feature_columns), encoder.asks.features
    where = str(encoder.file.path)
    if not columns:
        raise UserError(
            f"reads vectors, and {study.name} has no feature columns",
            where=where,
            how="Name them under [columns] as features = [...], or choose a model that reads pictures",
        )
    if wanted not in (None, len(columns)):
        raise UserError(
            f"reads {wanted:,} features, and {study.name} has {len(columns):,} feature columns",
            where=where,
            how="Name just the columns that it was trained on, in their order, under [columns] as features = [...]",
        )
    values = study.table.numbers(columns)
    gaps = int((~np.isfinite(values).all(axis=1)).sum())
    if gaps == len(values):
        raise UserError(f"no observation of {study.name} has all of its {len(columns):,} features")
    if not gaps:
        return values, ()
    return values, (f"{gaps:,} of {len(values):,} observations left out: a feature is missing in each of them",)


def _given(encoder: OnnxEncoder) -> str:
    """What the model was given, and what was taken of it."""
    asks, options = encoder.asks, encoder.options
    if asks.pictures:
        colours = "grey" if asks.channels == 1 else options.colours.upper()
        what = f"pictures of {asks.side} x {asks.side} pixels, {colours} from 0 to {options.range}"
    else:
        what = "features in their own units"
    scaled = "" if options.mean == (0.0,) and options.std == (1.0,) else ", less a mean and over a spread of each"
    length = "brought to length 1" if options.normalise else "as they are"
    return f"the model was given {what}{scaled}; vectors of its output {encoder.output!r}, {length}"
