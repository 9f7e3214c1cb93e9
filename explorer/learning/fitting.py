"""The course of training: steps, looks at the validation animals, checkpoints, the best encoder so far."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch

from explorer.engine import Cancelled
from explorer.errors import UserError
from explorer.learning.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from explorer.learning.encoders import Encoder, encoder_of
from explorer.learning.event_files import EventFiles
from explorer.learning.look import Look
from explorer.learning.looks import Lookup
from explorer.learning.metric_loss import Counts
from explorer.learning.objectives import Outcome
from explorer.learning.runs import write_metrics
from explorer.learning.steps import Steps, Tensors, part
from explorer.learning.validation_map import MAP, ValidationMap
from explorer.study.atomic import atomic_file


class Fitting:
    """Steps and looks until the steps or the patience run out, from the start or from a checkpoint."""

    def __init__(self, steps: Steps, lookup: Lookup, empty: ValidationMap, folder: Path | None, run: str) -> None:
        self.steps, self.lookup, self.map = steps, lookup, empty
        self.looks: list[Look] = []
        self.seconds_before = 0.0
        self._folder, self._run = folder, run
        self._best_state: Tensors = {}
        self._start = time.perf_counter()

    @property
    def best(self) -> Look:
        """The look with the highest rank, the first of equals."""
        return max(self.looks, key=lambda look: look.rank)

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        recipe = self.steps.recipe
        if self.steps.taken >= recipe.steps:
            return True
        return bool(self.looks) and self.looks[-1].step - self.best.step >= recipe.patience * recipe.look_every

    def best_encoder(self) -> Encoder:
        """The encoder as it was at the best look, on the CPU."""
        return encoder_of(self.steps.objective.finished(self.steps.encoder).config, self._best_state)

    def run(
        self, tell: Callable[[float, str], None], cancel: threading.Event | None, events: EventFiles | None
    ) -> None:
        """Go on to the end."""
        recipe = self.steps.recipe
        since: list[Outcome] = []
        while not self.over:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            since.append(next(self.steps))
            step, last = self.steps.taken, self.steps.taken >= recipe.steps
            if step % recipe.look_every == 0 or last:
                self._look(since)
                since.clear()
                if events is not None:
                    events.write(self.looks[-1])
            if step % 5 == 0 or last:
                note = f"step {step:,} of {recipe.steps:,}"
                if self.looks:
                    note += f", {self.looks[-1].sentence} on validation animals"
                tell(step / recipe.steps, note)

    def restore(self) -> None:
        """Stand where the folder's checkpoint stood; at the start if it has none."""
        assert self._folder is not None
        found = read_checkpoint(self._folder)
        if found is None:
            return
        try:
            if found.values["run"] != self._run:
                raise ValueError("it is of another run")
            self.steps.restore(found.tensors, found.values["steps"])
            self.looks = [Look(**look) for look in found.values["looks"]]
            self.seconds_before = float(found.values["seconds"])
            self._best_state = part(found.tensors, "best/")
            self.best_encoder()  # the best state fits
            if looks := part(found.tensors, "map/"):  # a run of an older version has none
                self.map = self.map.with_looks({name: tensor.numpy() for name, tensor in looks.items()})
        except (KeyError, RuntimeError, ValueError, TypeError, IndexError) as error:
            raise UserError(
                f"the checkpoint does not fit the run: {str(error).splitlines()[0][:120]}",
                where=str(self._folder),
                how="Start the run again in another folder",
            ) from None
        self._write_looks(self._folder)

    def _write_looks(self, folder: Path) -> None:
        write_metrics(folder, self.looks)
        with atomic_file(folder / MAP) as temporary:
            temporary.write_bytes(self.map.content())

    def _look(self, since: list[Outcome]) -> None:
        seen = self.lookup(self.steps.encoder, self.steps.objective)
        counts = sum((outcome.counts for outcome in since), Counts())
        look = Look(
            step=self.steps.taken,
            loss=float(torch.stack([outcome.loss for outcome in since]).mean()),
            recall=seen.recall,
            precision=seen.precision,
            score=seen.score,
            alike=seen.alike,
            errors=seen.errors,
            spreads={task: self.lookup.spreads[task] for task in seen.errors},
            parts={
                name: float(torch.stack([outcome.parts[name] for outcome in since]).mean()) for name in since[0].parts
            },
            triplets=counts.triplets / len(since),
            anchors=counts.anchors,
            anchors_dropped=counts.anchors_dropped,
            pairs_dropped=counts.pairs_dropped,
        )
        self.looks.append(look)
        self.map = self.map.and_then(look.step, seen.vectors)
        if self.best is look:
            finished = self.steps.objective.finished(self.steps.encoder)
            self._best_state = {
                name: tensor.detach().to("cpu", copy=True) for name, tensor in finished.state_dict().items()
            }
        if self._folder is not None:
            best = {f"best/{name}": tensor.contiguous() for name, tensor in self._best_state.items()}
            values = {
                "run": self._run,
                "steps": self.steps.values(),
                "looks": [one.described() for one in self.looks],
                "seconds": self.seconds_before + time.perf_counter() - self._start,
            }
            places = {f"map/{name}": torch.from_numpy(looks) for name, looks in self.map.looks().items()}
            write_checkpoint(self._folder, Checkpoint(self.steps.tensors() | best | places, values))
            self._write_looks(self._folder)  # after it: from each look that can be seen it can go on
