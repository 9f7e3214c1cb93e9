"""Make the encoders of the sample herd, trained on herds of other seeds.

python pretrained/make_herd.py [OUT] [--beside MODEL ...]   herd: knows animals again, says the herd's nine tasks
python pretrained/make_herd.py --identity [OUT]             herd-identity: knows animals again; herd is compared with it

No animal of the sample herd (seed 0) is trained on or used to choose anything: what the app shows of it is honest.
Under 25 minutes on two cores, half as long without tasks. ``--weight`` trains another point of the trade-off between
animals and tasks, and ``--beside`` puts such models into the card. The last bits of the weights depend on the processor
and on torch's version. A run that was stopped goes on where it stood when the same command is given again.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.learning.augmentation import Augmentation
from explorer.learning.baselines import pixel_baselines
from explorer.learning.embed import encode_study
from explorer.learning.encoders import pictures_config
from explorer.learning.evaluate import evaluate
from explorer.learning.evaluate_tasks import Predictions, evaluate_tasks
from explorer.learning.model_files import RUN, WEIGHTS, Model, load_model, write_card
from explorer.learning.recipe import Recipe
from explorer.learning.run_folders import read_card
from explorer.learning.task_baselines import ridge_predictions
from explorer.learning.task_evaluation import TaskEvaluation
from explorer.learning.train import train
from explorer.space.task_values import ordered_task, units_of
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
    weight=0.3,
)
"""Animals; and the levels of all scores, with the gradients of the experts': the 9 labels of O'Mahony et al. 2021.

The weight is the largest of 0.1, 0.3 and 1 that costs next to nothing of mAP@R.
"""

HERE = Path(__file__).parent
OUT, IDENTITY = HERE / "herd", HERE / "herd-identity"

Vectors = npt.NDArray[np.float32]

OWN, RIDGE, MEDIAN = "task dimension", "identity-only encoder, ridge", "median of the herds learnt from"

GAPS = (28.0, 90.0)
"""Days: the figures are also told for galleries that hold nothing younger of the same animal."""


def herd(folder: Path, seed: int) -> Study:
    """The herd of ``seed``, simulated into ``folder`` unless it is there."""
    path = folder / f"herd-{seed}"
    name = "Sample herd" if seed == SAMPLE_SEED else f"Herd of seed {seed}"
    if not path.exists():
        simulate_herd(path, animals=ANIMALS, seed=seed, name=name)
    return open_study(path)


def make(folder: Path, out: Path, recipe: Recipe, name: str) -> None:
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
    train(studies, pictures_config(), out, name=name, recipe=recipe, report=report, checkpoints=True, resume=again)


def figures(sample: Study, herds: list[Study], model: Model, beside: list[Model]) -> str:
    """The card's section on the sample herd; ``herds`` were learnt from, ``beside`` are more trade-offs."""
    encoder = f"encoder {model.info.name}"
    vectors, _ = encode_study(sample, model)
    methods = {encoder: vectors}
    tasks = ""
    if model.info.task_dimensions:
        plain = load_model(IDENTITY)
        methods[f"encoder {plain.info.name}"] = encode_study(sample, plain)[0]
        tasks = task_figures(sample, herds, model, vectors, plain, beside)
    methods |= pixel_baselines(sample)
    runs = [
        ("Across dates", evaluate(sample, methods, encoder=encoder, baseline="pixels (32 x 32 grey)")),
        *((f"At least {gap:.0f} days apart", evaluate(sample, methods, encoder=encoder, apart=gap)) for gap in GAPS),
        (
            "Across dates, seen by the other camera",
            evaluate(sample, methods, encoder=encoder, places=sample.values("camera")),
        ),
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
    return "\n".join(lines) + f"\n{tasks}"


def task_figures(
    sample: Study, herds: list[Study], model: Model, vectors: Vectors, plain: Model, beside: list[Model]
) -> str:
    """How well the task dimensions say the labels of the sample herd, beside what an encoder of animals alone gives."""
    tasks = tuple(model.info.task_dimensions)
    known = [encode_study(one, plain)[0] for one in herds]
    ridge = _read_by_ridge([*herds, sample], np.vstack([*known, encode_study(sample, plain)[0]]), tasks)
    medians = {task: float(np.nanmedian(np.concatenate([ordered_task(one, task) for one in herds]))) for task in tasks}
    predictions = {
        OWN: model.task_values(vectors),
        RIDGE: ridge,
        MEDIAN: {task: np.full(len(sample), value) for task, value in medians.items()},
    }
    found = _told(sample, predictions)
    lines = [
        "",
        "### Tasks",
        "",
        f"Labels as the herd's experts and sensors give them, of {found.test_animals} animals; mean absolute errors "
        "with 95 % intervals by bootstrap over animals. Beside the task dimensions: a ridge on the vectors of "
        f"{plain.info.name}, fitted on the herds learnt from, and those herds' median said of every animal. Lead: by "
        "how much the ridge is wrong more; an interval that holds 0 is no lead.",
        "",
        f"| task | {OWN} | {RIDGE} | median | lead | Spearman | n |",
        "|---|---|---|---|---|---|---|",
    ]
    for task, by_method in found.scores.items():
        own, other, trivial = (by_method[method] for method in (OWN, RIDGE, MEDIAN))
        assert own.mae_lead is not None
        lead = f"{-own.mae_lead.value:.3g} ({-own.mae_lead.high:.3g} to {-own.mae_lead.low:.3g})"
        name = f"{task} ({found.units[task]})" if found.units[task] else task
        lines.append(
            f"| {name} | {own.mae} | {other.mae} | {trivial.mae.value:.3g} | {lead} | {own.spearman} | "
            f"{own.observations:,} |"
        )
    lines += [
        "",
        "Change: correlation of what is said with the gradient of the experts' scores. One picture hardly shows a "
        "rate, and a high score mostly falls: given the true level, a correlation beyond chance would be change that "
        "was seen. Below 0 it comes from the observers' errors, which level and gradient share.",
        "",
        "| change | by | correlation | given the true level | dates shuffled within each animal |",
        "|---|---|---|---|---|",
    ]
    for task, changes in found.changes.items():
        for method in (OWN, RIDGE):
            one = changes[method]
            lines.append(f"| {task} | {method} | {one.correlation} | {one.given_level} | {one.shuffled} |")
    return "\n".join([*lines, *_trade_off(sample, [plain, *beside, model], ridge)]) + "\n"


def _read_by_ridge(
    studies: list[Study], vectors: npt.NDArray[np.floating], tasks: tuple[str, ...]
) -> dict[str, npt.NDArray[np.float64]]:
    """Tasks of the last of ``studies``, read off the vectors of all by ridges fitted on the others."""
    last = len(studies[-1])
    train = np.arange(len(vectors)) < len(vectors) - last
    herd_of = np.concatenate([np.full(len(one), place) for place, one in enumerate(studies)])
    units = np.unique(
        np.stack([herd_of, np.concatenate([units_of(one) for one in studies])], axis=1), axis=0, return_inverse=True
    )[1].ravel()
    return {
        task: ridge_predictions(
            vectors,
            np.concatenate([ordered_task(one, task) for one in studies]),
            units,
            train,
            ordinal=studies[-1].variable(task).kind == "ordinal",
        )[-last:]
        for task in tasks
    }


def _told(sample: Study, predictions: Predictions) -> TaskEvaluation:
    assert sample.animal is not None
    animals = sample.animal.cat.categories.tolist()
    return evaluate_tasks(sample, predictions, train_animals=(), test_animals=animals, against=list(predictions)[1])


def _trade_off(sample: Study, models: list[Model], ridge: Mapping[str, npt.NDArray[np.floating]]) -> list[str]:
    """What the weight of the tasks costs and gains."""
    lines = [
        "",
        "### The weight of the tasks",
        "",
        f"What it costs to say the tasks, on the sample herd across dates. Weight 0: {RIDGE}.",
        "",
        f"| weight | steps | recall@1 | mAP@R | {' | '.join(LEVELS)} |",
        f"|---|---|---|---|{'---|' * len(LEVELS)}",
    ]
    for one in sorted(models, key=lambda model: model.info.recipe["weight"] if model.info.task_dimensions else 0.0):
        vectors, _ = encode_study(sample, one)
        score = evaluate(sample, {"it": vectors}, encoder=None).scores["it"]
        said = one.task_values(vectors) if one.info.task_dimensions else dict(ridge)
        errors = _told(sample, {"it": {task: said[task] for task in LEVELS}, "itself": said}).scores
        weight = one.info.recipe["weight"] if one.info.task_dimensions else 0
        cells = [
            f"{weight:g}",
            f"{one.info.recipe['steps']:,}",
            f"{score.recall.value:.1%}",
            f"{score.precision.value:.1%}",
        ]
        cells += [f"{errors[task]['it'].mae.value:.3g}" for task in LEVELS]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Train, evaluate, write the card."""
    parser = argparse.ArgumentParser(description="Make the encoders of the sample herd.")
    parser.add_argument("--identity", action="store_true", help="learn animals alone")
    parser.add_argument("--weight", type=float, help="weight of the tasks' errors; needs OUT")
    parser.add_argument(
        "--beside", nargs="+", type=Path, default=[], metavar="MODEL", help="more points of the trade-off"
    )
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT", help=f"folder to make (default: {OUT})")
    options = parser.parse_args()
    if options.weight is not None and (options.identity or options.out is None):
        parser.error("--weight needs OUT, and tasks")
    recipe = RECIPE if options.identity else TASK_RECIPE
    if options.weight is not None:
        recipe = replace(recipe, weight=options.weight)
    out = options.out or (IDENTITY if options.identity else OUT)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if not (out / WEIGHTS).exists():
            make(folder, out, recipe, out.name)
        model = load_model(out)
        herds = [herd(folder, seed) for seed in SEEDS] if model.info.task_dimensions else []
        beside = [load_model(one) for one in options.beside]
        card = read_card(model.folder).split("## On the sample herd")[0].rstrip()
        write_card(out, f"{card}\n\n{figures(herd(folder, SAMPLE_SEED), herds, model, beside)}")


if __name__ == "__main__":
    main()
