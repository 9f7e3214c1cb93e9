"""Make pretrained/herd: the encoder of the sample herd, trained on herds of other seeds.

python pretrained/make_herd.py [OUT]

No animal of the sample herd (seed 0) is trained on or used to choose anything: what the app shows of it is honest.
Takes about ten minutes on two cores. The last bits of the weights depend on the processor and on torch's version.
"""

import sys
import tempfile
import time
from pathlib import Path

from explorer.learning.baselines import pixel_baselines
from explorer.learning.embed import encode_study
from explorer.learning.encoders import pictures_config
from explorer.learning.evaluate import evaluate
from explorer.learning.model_files import Model, load_model, write_card
from explorer.learning.train import Recipe, train_identity
from explorer.study.simulating import simulate_herd
from explorer.study.study import Study, open_study

SEEDS = (1001, 1002, 1003)
SAMPLE_SEED = 0
ANIMALS = 228
RECIPE = Recipe(steps=1_800, shares=(0.85, 0.15, 0.0))  # the test animals are those of the sample herd
OUT = Path(__file__).parent / "herd"

GAPS = (28.0, 90.0)
"""Days: the figures are also told for galleries that hold nothing younger of the same animal."""


def herd(folder: Path, seed: int) -> Study:
    """The herd of ``seed``, simulated into ``folder`` unless it is there."""
    path = folder / f"herd-{seed}"
    name = "Sample herd" if seed == SAMPLE_SEED else f"Herd of seed {seed}"
    if not path.exists():
        simulate_herd(path, animals=ANIMALS, seed=seed, name=name)
    return open_study(path)


def train(folder: Path, out: Path) -> None:
    """Train on the herds of ``SEEDS``."""
    told = time.monotonic()

    def report(fraction: float, note: str) -> None:
        nonlocal told
        if time.monotonic() - told > 10:
            told = time.monotonic()
            sys.stdout.write(f"{fraction:.0%} {note}\n")

    studies = [herd(folder, seed) for seed in SEEDS]
    train_identity(studies, pictures_config(), out, name="herd", recipe=RECIPE, seed=0, report=report)


def figures(study: Study, model: Model) -> str:
    """The card's section on the sample herd."""
    encoder = f"encoder {model.info.name}"
    vectors, _ = encode_study(study, model)
    methods = {encoder: vectors, **pixel_baselines(study)}
    camera = study.values("camera")
    runs = [
        ("Across dates", evaluate(study, methods, encoder=encoder)),
        *((f"At least {gap:.0f} days apart", evaluate(study, methods, encoder=encoder, apart=gap)) for gap in GAPS),
        ("Across dates, seen by the other camera", evaluate(study, methods, encoder=encoder, places=camera)),
    ]
    lines = [
        "## On the sample herd",
        "",
        f"The sample herd is simulated with seed {SAMPLE_SEED}, the herds learnt from with "
        f"{', '.join(map(str, SEEDS))}: none of its animals was trained on. They are drawn by the same program, "
        "though, so this says nothing of real cattle; on your own pictures, evaluate it before you trust it. The "
        "principal components of the pixels are fitted on the sample herd itself.",
    ]
    for title, result in runs:
        lines += ["", f"### {title}", "", result.markdown()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train, evaluate, write the card."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    with tempfile.TemporaryDirectory() as temporary:
        if not out.exists():
            train(Path(temporary), out)
        model = load_model(out)
        card = model.card.split("## On the sample herd")[0].rstrip()
        write_card(out, f"{card}\n\n{figures(herd(Path(temporary), SAMPLE_SEED), model)}")


if __name__ == "__main__":
    main()
