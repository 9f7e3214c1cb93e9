"""What is learnt from: the inputs, animals and dates of one or more studies, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from explorer.engine import Report
from explorer.errors import UserError
from explorer.learning.days import dates_of
from explorer.learning.encoders import Encoder, EncoderConfig
from explorer.learning.pictures import read_pictures
from explorer.learning.validation_map import ValidationMap, empty_map
from explorer.study.study import Study

Inputs = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
"""Pictures (n, 3, side, side), or features (n, features) with NaN where missing."""


@dataclass(frozen=True)
class Material:
    """What is learnt from: inputs (uint8 pictures or float features), animals and dates of all studies together.

    ``labels`` name each animal with the number of its study (``0/cow-7``): equal names in two studies are two
    animals. ``codes`` index ``labels``, -1 for rows that are of no use.
    """

    inputs: Inputs
    codes: npt.NDArray[np.int64]
    dates: npt.NDArray[np.float64]
    labels: tuple[str, ...]
    features: tuple[str, ...]
    remarks: tuple[str, ...]

    def map_of(self, rows: npt.NDArray[np.integer], studies: Sequence[Study]) -> ValidationMap:
        """An empty map of ``rows``, int (m,), each of an animal of one of ``studies``, from which this was read."""
        ends = np.cumsum([len(study) for study in studies])
        numbers = np.searchsorted(ends, rows, side="right")
        begins = np.append(0, ends[:-1])
        names = np.array([label.partition("/")[2] for label in self.labels], dtype=np.str_)
        return empty_map(numbers, rows - begins[numbers], names[self.codes[rows]])


def read_material(
    studies: Sequence[Study], config: EncoderConfig, *, report: Report | None = None, workers: int | None = None
) -> Material:
    """All that can be learnt from in ``studies``. Raises UserError when they do not suit ``config`` or each other."""
    inputs: list[Inputs] = []
    codes: list[npt.NDArray[np.int64]] = []
    dates: list[npt.NDArray[np.float64]] = []
    labels: list[str] = []
    remarks: list[str] = []
    features: tuple[str, ...] = ()
    for number, study in enumerate(studies):
        if study.animal is None:
            raise UserError(
                f"{study.name} does not say which animal is which, so there is nothing to learn to know again",
                how="Name the column under [columns] as animal = ...",
            )

        def tell(fraction: float, note: str, number: int = number) -> None:
            if report is not None:
                report((number + fraction) / len(studies), note)

        code = study.animal.cat.codes.to_numpy().astype(np.int64)
        if config.architecture == "small_conv":
            read = read_pictures(study, config.input_size, report=tell, workers=workers)
            inputs.append(read.pixels)
            usable = read.readable
        else:
            columns = tuple(study.feature_columns)
            if len(columns) != config.input_size or (features and columns != features):
                raise UserError(
                    f"{study.name} has {len(columns)} feature columns, not the {config.input_size} to be learnt from",
                    how="Train on studies with the same feature columns",
                )
            features = columns
            values = study.table.numbers(list(columns)).astype(np.float32)
            values[~np.isfinite(values)] = np.nan
            inputs.append(values)
            usable = np.asarray(np.isfinite(values).any(axis=1))
        if not usable.all():
            remarks.append(f"{study.name}: {int((~usable).sum()):,} of {len(usable):,} observations could not be used")
        codes.append(np.where(usable & (code >= 0), code + len(labels), -1))
        labels += [f"{number}/{name}" for name in study.animal.cat.categories]
        dates.append(dates_of(study))
    together: Inputs = np.concatenate(inputs)  # type: ignore[assignment]  # one kind only: config decides
    return Material(together, np.concatenate(codes), np.concatenate(dates), tuple(labels), features, tuple(remarks))


def standardise(encoder: Encoder, inputs: Inputs) -> None:
    """Set the means and spreads that ``encoder`` stores to those of ``inputs``: of each colour, or each feature.

    A feature that is constant or always missing gets the spread 1.
    """
    if inputs.dtype == np.uint8:
        counts = np.stack([np.bincount(inputs[:, colour].ravel(), minlength=256) for colour in range(3)])
        levels = np.arange(256) / 255.0
        mean = counts @ levels / counts.sum(axis=1)
        std = np.sqrt(np.maximum(0.0, counts @ levels**2 / counts.sum(axis=1) - mean**2))
    else:
        values = inputs.astype(np.float64)
        known = np.isfinite(values)
        number = np.maximum(1, known.sum(axis=0))
        mean = np.where(known, values, 0.0).sum(axis=0) / number
        std = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / number)
    std = np.where(std > 1e-9 * np.maximum(1.0, np.abs(mean)), std, 1.0)
    encoder.get_buffer("mean").copy_(torch.from_numpy(mean))
    encoder.get_buffer("std").copy_(torch.from_numpy(std))
