"""What stands around a training loop, so that the loop itself fits on one screen.

    training = Training(run, model, optimizers, metadata, steps=1000)
    for step in training:                  # from the last saved step to the end, or to Ctrl-C
        x, y = get_batch(…)
        logits, loss = model(x, y)
        model.zero_grad()
        loss.backward()
        training.set_lr(…)
        optimizer.step()
        training.log(loss)                 # ends the step
        if training.evaluation_is_due:
            training.log_evaluation(dev=estimate_loss(model, …))
    training.load_best()

The run folder keeps two checkpoints: `model.safetensors` has the weights with the lowest dev loss,
`last.safetensors` everything it takes to continue. On the CPU, a run that was killed and resumed
ends with the same bits as one that was not.
"""

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim import Optimizer

from shared import checkpoints, cli, progress
from shared.runs import Run, checked

SAVE_EVERY = 300.0  # seconds; evaluations save, too
SHOWN = 60  # characters of a sample that are printed


@dataclass
class State:
    """How far a run has come."""

    step: int = 0
    seconds: float = 0.0  # spent in training steps
    best_step: int = 0
    best_dev: float = math.inf
    failures: int = 0  # evaluations since the best one
    losses: float = 0.0  # sum of the training losses since the last evaluation
    batches: int = 0  # how many they are


class Metrics(TypedDict):
    """What is logged at an evaluation; the losses are means, in nats."""

    step: int
    seconds: float
    train: float
    dev: float


class Training:
    """The steps of a run, to iterate over.

    `metadata` describes the model to whoever loads its weights. The run ends after `steps`; or
    after `minutes`, if they are given; or after `patience` evaluations without a better dev loss.
    On a GPU, losses stay unread for `sync_every` steps, so that it never waits for Python. Several
    processes (`torch.distributed`) iterate in step; the first one prints and writes the files.

    If `run` has a `last.safetensors`, training continues from there. Raises `UserError` if that
    file is damaged or belongs to another model.
    """

    def __init__(
        self,
        run: Run,
        model: nn.Module,
        optimizers: Sequence[Optimizer],
        metadata: Mapping[str, Any],
        *,
        steps: int,
        minutes: float | None = None,
        evaluations: int = 20,
        patience: int | None = None,
        seed: int = 1337,
        sync_every: int = 1,
    ) -> None:
        self.run, self.model, self.optimizers = run, model, optimizers
        self.metadata = dict(metadata)
        self.steps, self.minutes = steps, minutes
        self.evaluations, self.patience = evaluations, patience
        self.seed, self.sync_every = seed, sync_every
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.best_path = run.path / "model.safetensors"
        self.last_path = run.path / "last.safetensors"
        self.state = State()
        self._unread: list[Tensor] = []  # losses of the newest steps
        self._interrupted = False
        for group in self._groups():
            group.setdefault("initial_lr", group["lr"])
        if self.rank == 0:
            run.sweep()
        if self.last_path.exists():
            self._resume()
        elif self.best_path.exists():  # which the first evaluation would overwrite
            raise cli.UserError(f"{self.last_path} is missing, so {run.path} cannot continue")
        self._evaluations = self._evaluations_due()

    @property
    def progress(self) -> float:
        """The fraction of the run that is done, in steps or in minutes."""
        if self.minutes is not None:
            return min(1.0, self.state.seconds / (60 * self.minutes))
        return min(1.0, self.state.step / self.steps)

    @property
    def finished(self) -> bool:
        """Whether the run is over, at its end or out of patience."""
        impatient = self.patience is not None and self.state.failures >= self.patience
        return self.progress == 1 or impatient

    @property
    def evaluation_is_due(self) -> bool:
        """Whether `log_evaluation` must be called before the next step."""
        return self._evaluations_due() > self._evaluations

    def __iter__(self) -> Iterator[int]:
        """Yield the number of each step; end after the last one, or raise at Ctrl-C.

        Before each step PyTorch's generator is seeded from the seed, the step and the process, so
        that dropout, or a batch drawn by `torch.randint`, does not depend on what came before.
        """
        total = 100 if self.minutes is not None else self.steps
        label, done = self.metadata.get("model", "training"), int(self.progress * total)
        with (
            cli.interruptible(echo=2.0 if dist.is_initialized() else 0.0) as self._interrupt,
            progress.bar(total, label, done=done) as self._advance,
        ):
            if self.state.step == 0:
                self._save_last()
            self._saved = time.perf_counter()
            while not (self.finished or self._interrupted):
                if not self._unread:
                    self._start = time.perf_counter()
                step = self.state.step
                numbers = f"{self.seed} {step} {self.rank}"
                torch.manual_seed(random.Random(numbers).getrandbits(32))
                yield step
                if self.state.step == step or self.evaluation_is_due:
                    raise RuntimeError(
                        "a step must end with `log`, and `log_evaluation` if that is due"
                    )
                late = time.perf_counter() - self._saved > SAVE_EVERY and not self._unread
                if late or self._interrupted:
                    self._save_last()
        if not self.finished:
            if self.rank == 0:
                best = self.state.best_dev
                dev = f"; best dev loss {best:.4f}" if math.isfinite(best) else ""
                print(f"stopped after step {self.state.step:,}{dev}")
                print(f"to continue: python train.py --resume {self.run.path}")
            raise KeyboardInterrupt

    def set_lr(self, factor: float) -> None:
        """Set each learning rate to `factor` times its peak, with which the optimizer was made."""
        for group in self._groups():
            group["lr"] = factor * group["initial_lr"]

    def log(self, loss: Tensor) -> None:
        """End the step, whose mean loss was `loss`; raises `UserError` if it is NaN or infinite."""
        self.state.step += 1
        self._unread.append(loss.detach())
        if len(self._unread) >= self.sync_every or self.evaluation_is_due:
            self._read_losses()

    def log_evaluation(self, dev: float, sample: str = "") -> None:
        """Log the dev loss, keep the weights if they are the best so far, and save the run.

        `sample`, if there is one, is printed in part and kept in `samples/`. Raises `UserError` if
        the loss or a weight is NaN or infinite; the files are then left as they were.
        """
        state = self.state
        if not math.isfinite(dev):
            raise self._diverged(f"the dev loss is {dev} after step {state.step:,}")
        self._require_finite_weights()
        train = state.losses / max(1, state.batches)
        state.losses, state.batches, state.failures = 0.0, 0, state.failures + 1
        self._evaluations = self._evaluations_due()
        if better := dev < state.best_dev:
            state.best_step, state.best_dev, state.failures = state.step, dev, 0
        if self.rank == 0:
            seconds = round(state.seconds, 3)
            self.run.log(step=state.step, seconds=seconds, train=train, dev=dev)
            if sample:
                (self.run.path / "samples").mkdir(exist_ok=True)
                self.run.write_text(f"samples/step-{state.step:05}.txt", sample + "\n")
            if better:
                checkpoints.save(self.best_path, {"model": self.model.state_dict()}, self.metadata)
            shown = f": {sample[:SHOWN]!r}" if sample else ""
            print(f"step {state.step:,}: train {train:.4f}, dev {dev:.4f}{shown}", flush=True)
        self._save_last()

    def load_best(self) -> None:
        """Put the weights with the lowest dev loss into the model."""
        self.model.load_state_dict(self._load(self.best_path).part("model"))

    def metrics(self) -> list[Metrics]:
        """What was logged at each evaluation; raises `UserError` if the file is damaged."""
        path = self.run.path / "metrics.jsonl"
        return checked(self.run.read_metrics(), list[Metrics], str(path))

    def _evaluations_due(self) -> int:
        """How many evaluations the run should have had by now."""
        if self.minutes is not None:
            return int(self.progress * self.evaluations)
        return min(self.state.step, self.steps) * self.evaluations // self.steps

    def _read_losses(self) -> None:
        """Read the clock and the waiting losses, which are means over all processes."""
        losses = torch.stack(self._unread).tolist()  # waits for the GPU
        seconds, interrupted = time.perf_counter() - self._start, float(self._interrupt.requested)
        device = self._unread[0].device
        *losses, seconds, interrupted = _mean([*losses, seconds, interrupted], device)
        state, before = self.state, self.progress
        for step, loss in enumerate(losses, start=state.step - len(losses)):
            if not math.isfinite(loss):
                raise self._diverged(f"the loss is {loss} in step {step:,}")
            state.losses += loss
        state.batches += len(losses)
        state.seconds += seconds
        self._interrupted = interrupted > 0
        self._unread.clear()
        shown = {"loss": losses[-1], "dev": state.best_dev}
        if self.minutes is None:
            self._advance(len(losses), **shown)
        else:
            self._advance(int(100 * self.progress) - int(100 * before), **shown)

    def _resume(self) -> None:
        """Go back to the state in `last.safetensors`."""
        checkpoint = self._load(self.last_path)
        self.model.load_state_dict(checkpoint.part("model"))
        checkpoints.restore_optimizers(self.optimizers, checkpoint.part("optimizer"))
        self.state = State(**checkpoint.metadata["state"])
        if self.minutes is None and self.state.step > self.steps:
            done = f"{self.run.path} has done {self.state.step:,} steps already"
            raise cli.UserError(f"{done}; give at least as many --steps")
        if self.rank == 0:
            self.metrics()  # is not damaged
            self.run.rewind(self.state.step)
            print(f"resumed at step {self.state.step:,}")

    def _save_last(self) -> None:
        """Save everything it takes to continue."""
        self._require_finite_weights()
        self._saved = time.perf_counter()
        if self.rank == 0:
            model, optimizer = self.model.state_dict(), checkpoints.optimizer_state(self.optimizers)
            metadata = {**self.metadata, "state": asdict(self.state)}
            checkpoints.save(self.last_path, {"model": model, "optimizer": optimizer}, metadata)

    def _load(self, path: Path) -> checkpoints.Checkpoint:
        """One of the two checkpoints; raises `UserError` if it belongs to another model."""
        checkpoint = checkpoints.load(path)
        metadata = {name: value for name, value in checkpoint.metadata.items() if name != "state"}
        if metadata != self.metadata or ("state" in checkpoint.metadata) != (
            path == self.last_path
        ):
            raise cli.UserError(f"{path} belongs to another model than {self.run.path}/config.json")
        return checkpoint

    def _require_finite_weights(self) -> None:
        """Raise `UserError` if a weight is NaN or infinite."""
        for name, weight in self.model.state_dict().items():
            if not weight.isfinite().all():
                raise self._diverged(f"{name} is NaN or infinite after step {self.state.step:,}")

    def _diverged(self, what: str) -> cli.UserError:
        """The error to raise when training has diverged."""
        lr = max(group["lr"] for group in self._groups())
        good = self.best_path if self.best_path.exists() else self.last_path
        return cli.UserError(
            f"{what}, at a learning rate of {lr:.3g}; start again with a smaller one "
            f"(the last good weights are in {good})"
        )

    def _groups(self) -> list[dict[str, Any]]:
        """The parameter groups of all optimizers."""
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]


def _mean(values: list[float], device: torch.device) -> list[float]:
    """The means over all processes, the same in each."""
    if not dist.is_initialized():
        return values
    sums = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(sums)
    return [value / dist.get_world_size() for value in sums.tolist()]
