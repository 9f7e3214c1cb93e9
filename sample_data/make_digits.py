"""Makes sample_data/digits, a small study that opens when none is given.

    python sample_data/make_digits.py

The digits are scikit-learn's copy of the UCI "Optical Recognition of Handwritten Digits" test set (Alpaydin and
Kaynak, 1998; CC BY 4.0): 1,797 pictures of 8 x 8 pixels. They are no animals; they show what the app does with
real vectors and real pictures until a study of one's own is opened.
"""

import io
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from sklearn.datasets import load_digits

from explorer.study.schema import About, Columns, StudyFile, Variable, study_file_text

SIDE = 48
HERE = Path(__file__).parent / "digits"


def picture(pixels: np.ndarray) -> bytes:
    """8 x 8 levels (0 to 16) as a WebP that can be seen without glasses."""
    grey = Image.fromarray((255 - pixels * 255 / 16).astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    grey.save(stream, "WEBP", quality=60, method=6)
    return stream.getvalue()


def main() -> None:
    """Write the study anew."""
    digits = load_digits()
    pixels = digits.images
    level = pixels.reshape(len(pixels), 64)
    column = np.arange(8)
    ink = level.sum(axis=1)
    centre = (pixels.sum(axis=1) @ column) / ink
    table = {
        "observation_id": [f"digit-{i:04d}" for i in range(len(pixels))],
        "digit": digits.target.astype(str),
        "ink": (level.mean(axis=1) / 16 * 100).round(2),
        "centre": centre.round(3),
        "picture": [picture(one) for one in pixels],
    }
    # 3 of the 64 pixels are empty in every digit; constant columns say nothing and are not kept.
    table |= {f"pixel_{i:02d}": level[:, i].astype(np.float32) for i in range(64) if level[:, i].any()}
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    pq.write_table(pa.table(table), HERE / "observations.parquet", compression="zstd", row_group_size=1_024)
    spec = StudyFile(
        study=About(
            name="Handwritten digits",
            description=(
                "1,797 handwritten digits as pictures and as 8 x 8 grey levels. No animals: a small real study to try "
                "the tool on before you open your own."
            ),
        ),
        columns=Columns(observation="observation_id", image="picture", features=("pixel_*",)),
        variables={
            "digit": Variable(column="digit", kind="nominal", role="task", source="expert", label="Digit written"),
            "ink": Variable(column="ink", kind="continuous", unit="%", label="Ink"),
            "centre": Variable(column="centre", kind="continuous", unit="pixels", label="Centre, left to right"),
        },
    )
    (HERE / "study.toml").write_text(study_file_text(spec), encoding="utf-8")


if __name__ == "__main__":
    main()
