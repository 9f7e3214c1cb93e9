"""Makes sample_data/herd, the study that opens when none is given, and what is true of it beside it.

    python sample_data/make_herd.py

Simulated with seed 0; embedded by pretrained/herd, which has learnt from herds of other seeds only. The same seed
gives the same bytes of the study; the last bits of the embedding depend on the processor.
"""

import shutil
from pathlib import Path

from explorer.learning.embed import embed_study
from explorer.places import shipped_encoders
from explorer.study.simulating import simulate_herd, truth_of
from explorer.study.study import open_study

HERE = Path(__file__).parent / "herd"


def main() -> None:
    """Write the study anew."""
    shutil.rmtree(HERE, ignore_errors=True)
    shutil.rmtree(truth_of(HERE), ignore_errors=True)
    simulate_herd(HERE, seed=0)
    embed_study(open_study(HERE), shipped_encoders()["herd"], "herd")
    shutil.rmtree(HERE / ".cache", ignore_errors=True)


if __name__ == "__main__":
    main()
