"""The card of an encoder right after training: what is known of it then. An evaluation adds its figures."""

from typing import TYPE_CHECKING

from explorer.learning.recipe import AGREE, Recipe
from explorer.learning.splits import Split

if TYPE_CHECKING:
    from explorer.learning.train import Trained


def first_card(trained: "Trained", split: Split) -> str:
    """What is known of an encoder right after training; an evaluation adds its figures."""
    info, best, recipe = trained.model.info, trained.best, trained.recipe
    studies = "; ".join(one.study for one in info.trained_on)
    kind = "across dates" if trained.across_dates else "within dates (no animal was seen on two)"
    size = sum(parameter.numel() for parameter in trained.model.encoder.parameters())
    figures = f"recall@1 {kind} {best.recall:.1%}, mAP@R {best.precision:.1%}"
    if best.alike is not None:
        figures += f", nearest observation alike {best.alike:.1%}"
    lines = [
        f"# {info.name}",
        "",
        f"An encoder ({info.config.architecture}, {size:,} parameters, input {info.config.input_size}) that turns an "
        f"observation into a unit vector of {info.config.dims} dimensions. {learnt(recipe)}",
        "",
        f"- Learnt from: {studies}; {len(split.train)} animals to learn from, {len(split.validation)} to choose the "
        f"best moment, {len(split.test)} never used.",
        f"- Training data hash: `{info.training_data}`; seed {info.seed}; made by latent-explorer {info.version}.",
        f"- {trained.looks[-1].step:,} steps in {trained.seconds / 60:.1f} minutes on {trained.device}; best at step "
        f"{best.step:,}: {figures} on the validation animals (this chose the encoder, so it flatters).",
        *(f"- {remark}." for remark in trained.remarks),
    ]
    if info.task_dimensions:
        lines += [
            "",
            "| task | dimension | unit | mean absolute error, validation animals | in spreads |",
            "|---|---|---|---|---|",
        ]
        for task, place in info.task_dimensions.items():
            scale, error = info.task_scales[task], best.errors.get(task)
            told = "no labels | no labels" if error is None else f"{error * trained.spreads[task]:.3g} | {error:.2f}"
            lines.append(f"| {task} | {place} | {scale.unit or ''} | {told} |")
        lines += [
            "",
            "A spread is the standard deviation of the training animals' labels. To say the mean of labels that are "
            "normally distributed is wrong by 0.80 spreads. How a dimension is read in its unit was calibrated on the "
            "same validation animals, so these errors flatter.",
        ]
    return "\n".join(lines) + "\n"


def learnt(recipe: Recipe) -> str:
    """In one or more sentences, what an encoder trained by ``recipe`` has learnt, and what it has not."""
    parts = []
    if recipe.identity > 0:
        parts.append("to tell one animal from another")
    if recipe.tasks:
        if recipe.min_matches is not None:
            enough = f"at least {recipe.min_matches}"
        else:
            enough = f"at least {AGREE if recipe.min_fraction is None else recipe.min_fraction:.0%}"
        parts.append(f"to place observations alike of which {enough} of {', '.join(recipe.tasks)} agree")
    if recipe.read_dimensions:
        parts.append(f"to say {', '.join(recipe.read_dimensions)} by a dimension each")
    elif recipe.regress:
        parts.append(f"what a linear layer, since removed, needs to say {', '.join(recipe.regress)}")
    said = f"It has learnt {' and '.join(parts)}"
    if recipe.read_dimensions:
        return said + "."
    if parts == ["to tell one animal from another"]:
        return said + ", and nothing else: no dimension stands for a health score."
    return said + ". No dimension stands for a health score."
