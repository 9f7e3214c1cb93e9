"""HDF5 files of vectors and columns, without following anything that leads out of the file."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from explorer.errors import UserError
from explorer.study.findings import Finding
from explorer.study.importing.arrays import MAX_ARRAY_BYTES, Array, Arrays, sort_arrays
from explorer.study.importing.reading import Reading
from explorer.study.importing.unpack import bomb

_MAX_OBJECTS = 1_000


def read_hdf5(path: Path, *, reading: Reading) -> Arrays:
    """The datasets of an HDF5 file. Raises UserError for links, virtual datasets, objects and what does
    not fit.
    """
    try:
        with h5py.File(path, "r") as file:
            found: dict[str, Any] = {}
            findings: list[Finding] = []
            _walk(file, "", found, findings, set(), path.name)
            for name, dataset in found.items():
                _check(dataset, name, path.name)
            _one_length(found, path.name)
            arrays = {name: _read(dataset, name, path.name) for name, dataset in found.items()}
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        reason = (str(error).splitlines() or ["damaged"])[0][:160]
        raise UserError(f"cannot be read as HDF5: {reason}", where=path.name, how="Write it again") from None
    sorted_ = sort_arrays(arrays, file=path.name, reading=reading)
    return Arrays(sorted_.vectors, sorted_.columns, (*findings, *sorted_.findings))


def _walk(group: Any, prefix: str, found: dict[str, Any], findings: list[Finding], seen: set[Any], file: str) -> None:
    for key in group:
        name = f"{prefix}/{key}" if prefix else key
        link = group.get(key, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise UserError(
                f"{name} leads to another file ({link.filename!r}), which is not followed",
                where=file,
                how="Copy the data into this file",
            )
        if isinstance(link, h5py.SoftLink):
            findings.append(
                Finding("note", f"the link {name} left out; what it leads to is read at its own place", file)
            )
            continue
        item = group[key]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            continue
        seen.add(address)
        if len(seen) > _MAX_OBJECTS:
            raise UserError(
                f"holds more than {_MAX_OBJECTS:,} groups and datasets",
                where=file,
                how="Keep only what is needed",
            )
        if isinstance(item, h5py.Group):
            _walk(item, name, found, findings, seen, file)
        elif isinstance(item, h5py.Dataset):
            found[name] = item


def _check(dataset: Any, name: str, file: str) -> None:
    if dataset.is_virtual or dataset.external:
        raise UserError(
            f"the data of {name} lie in another file, which is not followed",
            where=file,
            how="Copy them into this file",
        )
    if dataset.dtype.hasobject and h5py.check_string_dtype(dataset.dtype) is None:
        raise UserError(
            f"{name} holds objects, not numbers or text", where=file, how="Save it as plain numbers or text"
        )
    if dataset.nbytes > MAX_ARRAY_BYTES or bomb(dataset.nbytes, dataset.id.get_storage_size()):
        raise UserError(
            f"{name} claims to unpack to {dataset.nbytes:,} bytes from {dataset.id.get_storage_size():,}",
            where=file,
            how="Save it without compression, in its true size",
        )


def _one_length(found: dict[str, Any], file: str) -> None:
    """Say which datasets there are when they are not all of one length: which are the vectors is then
    unclear.
    """
    matrices = {name: dataset for name, dataset in found.items() if dataset.ndim == 2}
    if len({len(dataset) for dataset in matrices.values()}) > 1:
        listed = "; ".join(f"{name} {dataset.shape}" for name, dataset in list(found.items())[:12])
        raise UserError(
            f"it is not clear which dataset holds the vectors; there are: {listed}",
            where=file,
            how="Keep one set of rows in the file, or save the wanted dataset as .npy",
        )


def _read(dataset: Any, name: str, file: str) -> Array:
    if h5py.check_string_dtype(dataset.dtype) is not None:
        try:
            values = dataset.asstr()[()]
        except UnicodeDecodeError:
            raise UserError(f"the text in {name} is not UTF-8", where=file, how="Save it again as UTF-8") from None
        return np.asarray(values, dtype=np.str_)
    return np.asarray(dataset[()])
