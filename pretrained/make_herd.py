"""Make pretrained/herd: the encoder of the sample herd, trained on herds of other seeds.

python pretrained/make_herd.py [OUT]            knows animals again: what ships
python pretrained/make_herd.py --tasks OUT      says the herd's nine tasks too, each by a dimension

No animal of the sample herd (seed 0) is trained on or used to choose anything: what the app shows of it is honest.
Takes about ten minutes on two cores, twice as long with tasks. The last bits of the weights depend on the processor and
on torch's version. A run that was stopped goes on where it stood when the same command is given again.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.learning.augmentation import Augmentation
from explorer.learning.baselines import pixel_baselines
from explorer.learning.embed import encode_study
from explorer.learning.encoders import pictures_config
from explorer.learning.evaluate import evaluate
from explorer.learning.evaluate_tasks import evaluate_tasks
from explorer.learning.model_files import RUN, WEIGHTS, Model, load_model, write_card
from explorer.learning.recipe import Recipe
from explorer.learning.train import train
from explorer.space.task_values import ordered_task
from explorer.study.simulating import simulate_herd
from explorer.study.study import Study, open_study

SEEDS = (1001, 1002, 1003)
SAMPLE_SEED = 0
ANIMALS = 228
RECIPE = Recipe(steps=1_800, shares=(0.85, 0.15, 0.0))  # the test animals are those of the sample herd
LEVELS = ("body_condition", "locomotion", "weight", "milk", "activity")
CHANGES = ("body_condition_forward", "body_condition_backward", "locomotion_forward", "locomotion_backward")
TASK_RECIPE = Recipe(
    steps=3_600,
    look_every=200,
    shares=RECIPE.shares,
    augmentation=Augmentation(scale=0.05),  # how large an animal is says its weight
    regress=(*LEVELS, *CHANGES),
    weight=0.1,
)
"""Animals; and the levels of all scores, with the gradients of the experts': the 9 labels of O'Mahony et al. 2021."""

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


def make(folder: Path, out: Path, recipe: Recipe) -> None:
    """Train on the herds of ``SEEDS``; go on with a run that was stopped."""
    told = time.monotonic()

    def report(fraction: float, note: str) -> None:
        nonlocal told
        if time.monotonic() - told > 10:
            told = time.monotonic()
            sys.stdout.write(f"{fraction:.0%} {note}\n")
            sys.stdout.flush()

    studies = [herd(folder, seed) for seed in SEEDS]
    again = (out / RUN).is_file()
    train(studies, pictures_config(), out, name="herd", recipe=recipe, report=report, checkpoints=True, resume=again)


def figures(study: Study, model: Model, medians: dict[str, float]) -> str:
    """The card's section on the sample herd; ``medians`` of the tasks' labels in the herds learnt from."""
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
    if model.info.task_dimensions:
        lines += ["", "### Tasks", "", task_figures(study, model, vectors, medians)]
    return "\n".join(lines) + "\n"


def task_figures(study: Study, model: Model, vectors: npt.NDArray[np.float32], medians: dict[str, float]) -> str:
    """How well the task dimensions say the labels of the sample herd, beside the median of the herds learnt from."""
    own, median = "task dimension", "median of the herds learnt from"
    found = evaluate_tasks(
        study,
        {
            own: model.task_values(vectors),
            median: {task: np.full(len(study), value) for task, value in medians.items()},
        },
        train_animals=(),
        test_animals=study.animal.cat.categories.tolist() if study.animal is not None else (),
        against=median,
    )
    lines = [
        f"Labels as the herd's experts and sensors give them, of {found.test_animals} animals; 95 % intervals by "
        "bootstrap over animals. Error: mean absolute error; gain: by how much it is more for the median of the herds "
        "learnt from, said of every animal.",
        "",
        "| task | error | gain | Spearman | n |",
        "|---|---|---|---|---|",
    ]
    for task, by_method in found.scores.items():
        score, plain = by_method[own], by_method[median]
        lead = score.mae_lead
        gain = (
            "" if lead is None else f"{-lead.value:.3g} ({-lead.high:.3g} to {-lead.low:.3g}) of {plain.mae.value:.3g}"
        )
        name = f"{task} ({found.units[task]})" if found.units[task] else task
        lines.append(f"| {name} | {score.mae} | {gain} | {score.spearman} | {score.observations:,} |")
    lines += [
        "",
        "| change | correlation with the true one | given the true level | dates shuffled within each animal |",
        "|---|---|---|---|",
    ]
    for task, changes in found.changes.items():
        one = changes[own]
        lines.append(f"| {task} | {one.correlation} | {one.given_level} | {one.shuffled} |")
    return "\n".join(lines)


def main() -> None:
    """Train, evaluate, write the card."""
    parser = argparse.ArgumentParser(description="Make the encoder of the sample herd.")
    parser.add_argument("--tasks", action="store_true", help="let dimensions say the herd's tasks; needs OUT")
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT", help=f"folder to make (default: {OUT})")
    options = parser.parse_args()
    if options.tasks and options.out is None:
        parser.error("--tasks needs OUT: what ships knows animals only")
    out = options.out or OUT
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if not (out / WEIGHTS).exists():
            make(folder, out, TASK_RECIPE if options.tasks else RECIPE)
        model = load_model(out)
        herds = [herd(folder, seed) for seed in SEEDS] if model.info.task_dimensions else []
        medians = {
            task: float(np.nanmedian(np.concatenate([ordered_task(one, task) for one in herds])))
            for task in model.info.task_dimensions
        }
        card = model.card.split("## On the sample herd")[0].rstrip()
        write_card(out, f"{card}\n\n{figures(herd(folder, SAMPLE_SEED), model, medians)}")


if __name__ == "__main__":
    main()
