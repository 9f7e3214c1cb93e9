"""What the app offers is what training takes: no more, no less."""

import subprocess
import sys

import pytest

from explorer.errors import UserError
from explorer.learning.choices import LOSSES_SAID, MINERS_SAID, losses_for, takes_miner
from explorer.learning.metric_loss import METRIC_LOSSES, check_metric, mines
from explorer.learning.miners import MINERS
from explorer.learning.recipe import Recipe


@pytest.mark.parametrize("animals", [True, False])
@pytest.mark.parametrize("tasks", [True, False])
def test_a_loss_is_offered_exactly_where_training_accepts_it(animals, tasks):
    offered = losses_for(animals=animals, tasks=tasks)
    for loss in METRIC_LOSSES:
        recipe = Recipe(loss=loss, identity=float(animals), tasks=("bcs",) if tasks else ())
        try:
            check_metric(recipe)
            accepted = recipe.metric
        except UserError:
            accepted = False
        assert (loss in offered) == accepted, loss


def test_all_losses_and_miners_are_described_the_usual_ones_first():
    assert set(LOSSES_SAID) == set(METRIC_LOSSES) and next(iter(LOSSES_SAID)) == Recipe().loss
    assert set(MINERS_SAID) == set(MINERS) and next(iter(MINERS_SAID)) == Recipe().miner
    assert [takes_miner(loss) for loss in LOSSES_SAID] == [mines(loss) for loss in LOSSES_SAID]


@pytest.mark.slow
def test_what_the_app_reads_of_runs_does_not_load_pytorch():
    modules = ["choices", "look", "run_folders", "run_lock", "splits", "tasks", "validation_map"]
    code = "import sys\n" + "\n".join(f"import explorer.learning.{name}" for name in modules)
    ended = subprocess.run([sys.executable, "-c", f"{code}\nsys.exit('torch' in sys.modules)"])
    assert ended.returncode == 0
