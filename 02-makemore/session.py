"""One model's training as it lies on disk: begun, evaluated, saved, stopped, resumed.

What `train.py` does with one model, between reading its options and reporting on it. The steps
themselves are `makemore.training`'s.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from makemore.loss import mean_nats
from makemore.models import build
from makemore.models.bigram import BigramCounts
from makemore.training import DivergedError, Recipe, Trainer
from makemore.words import Alphabet, WordList, inputs_and_targets, rows_of
from shared import checkpoints, cli, datasets, progress, runs, schedules, splits

LESSON = "makemore"
EVALUATIONS = 20  # of the dev split in a run; each time the run is saved
WARM_UP = 100  # steps


@dataclass(frozen=True)
class Data:
    """The words to learn from, in splits."""

    about: str
    sha256: str
    words: WordList
    splits: splits.Splits[str]
    alphabet: Alphabet

    @classmethod
    def of(cls, data: str, max_length: int, lowercase: bool) -> "Data":
        """Read and split the words; raises `ValueError` when they are too few."""
        dataset = datasets.load("names", data)
        words = WordList.of(dataset.text, max_length, lowercase)
        split, alphabet = splits.split(words.words), Alphabet.of(words.words)
        return cls(str(dataset), dataset.sha256, words, split, alphabet)

    def rows(self, words: list[str]) -> Tensor:
        """The words as a tensor of ids."""
        return rows_of(words, self.alphabet)


@dataclass
class State:
    """How far a run has come; with the weights and the optimisers' memory, the whole of it."""

    step: int = 0
    seconds: float = 0.0  # in training steps
    best_step: int = 0
    best_dev: float = math.inf
    failures: int = 0  # evaluations since then
    losses: float = 0.0  # sum of the batches' losses since the last evaluation
    batches: int = 0  # how many they are


class Session:
    """The training of one model in one run folder.

    `model.safetensors` there has the weights with the best dev loss so far, `last.safetensors` the
    state from which the run can go on.
    """

    run: runs.Run
    best_path: Path
    last_path: Path

    def __init__(
        self, name: str, sizes: dict[str, Any], recipe: Recipe, seed: int, data: Data
    ) -> None:
        if name == "transformer":
            sizes = {"block_size": data.words.longest + 1, **sizes}
            needs = data.words.longest + 1
            given = sizes["block_size"]
            cli.require(given >= needs, "--block-size", given, f"at least {needs} for these words")
        torch.manual_seed(seed)
        with cli.users_mistakes():
            self.model = build(name, len(data.alphabet), **sizes)
        self.about = {
            "lesson": LESSON,
            "model": name,
            "sizes": sizes,
            "characters": data.alphabet.characters,
            "longest": data.words.longest,
        }
        self.name, self.recipe, self.data = name, recipe, data
        self.train_rows, self.dev_rows = data.rows(data.splits.train), data.rows(data.splits.dev)
        self.trainer = Trainer(self.model, self.train_rows, recipe, seed)
        self.state = State()

    def put_in(self, run: runs.Run) -> None:
        """Keep everything in the folder of `run`."""
        self.run = run
        self.best_path = run.path / "model.safetensors"
        self.last_path = run.path / "last.safetensors"

    def n_parameters(self) -> int:
        """Numbers that the model has learned; the bigram's are its counts."""
        if isinstance(self.model, BigramCounts):
            return self.model.counts.numel()
        return sum(p.numel() for p in self.model.parameters())

    def save_best(self) -> None:
        """Keep these weights as the best."""
        checkpoints.save(self.best_path, {"model": self.model.state_dict()}, self.about)

    def load_best(self) -> None:
        """Put the best weights into the model; raises `UserError` for those of another model."""
        checkpoint = checkpoints.load(self.best_path)
        if checkpoint.about != self.about:
            raise cli.UserError(f"{self.best_path} is of another model than the run's config.json")
        self.model.load_state_dict(checkpoint.part("model"))

    def save_last(self) -> None:
        """Keep the whole state."""
        parts = {
            "model": self.model.state_dict(),
            "optimizer": checkpoints.optimizer_state(self.trainer.optimizers),
        }
        checkpoints.save(self.last_path, parts, {**self.about, "state": asdict(self.state)})

    def load_last(self) -> None:
        """Go back to the state that was kept; raises `UserError` for that of another model."""
        checkpoint = checkpoints.load(self.last_path)
        about = dict(checkpoint.about)
        state = about.pop("state", None)
        if state is None or about != self.about:
            raise cli.UserError(f"{self.last_path} is of another model than the run's config.json")
        self.model.load_state_dict(checkpoint.part("model"))
        checkpoints.restore_optimizers(self.trainer.optimizers, checkpoint.part("optimizer"))
        self.state = State(**state)
        self.run.rewind(self.state.step)

    def fit(self, clock: Callable[[], float]) -> bool:
        """Train until the end, or until Ctrl-C; whether it was the end. `clock` tells seconds."""
        if isinstance(self.model, BigramCounts):
            if self.state.step == 0:
                self.model.count(*inputs_and_targets(self.train_rows))
                self.state.step = 1
                self.evaluate(mean_nats(self.model, self.train_rows))
            return True
        total = 100 if self.recipe.minutes else self.recipe.steps
        with (
            cli.interruptible() as interrupt,
            progress.bar(total, self.name, done=int(self.done() * total)) as advance,
        ):
            if self.state.step == 0:
                self.save_last()
            while self.done() < 1 and not self.out_of_patience():
                before = self.done()
                loss = self.take_step(clock)
                further = int(self.done() * total) - int(before * total)
                advance(further, loss=loss, dev=self.state.best_dev)
                if int(self.done() * EVALUATIONS) > int(before * EVALUATIONS):
                    self.evaluate(self.state.losses / self.state.batches)
                elif interrupt.requested:
                    self.save_last()
                if interrupt.requested:
                    return False
        return True

    def done(self) -> float:
        """The share of the run that is done, in steps or in time."""
        if self.recipe.minutes:
            return min(1.0, self.state.seconds / (60 * self.recipe.minutes))
        return self.state.step / self.recipe.steps

    def out_of_patience(self) -> bool:
        """Whether it is time to stop early."""
        return self.recipe.patience is not None and self.state.failures >= self.recipe.patience

    def take_step(self, clock: Callable[[], float]) -> float:
        """One training step; returns the batch's loss."""
        began = clock()
        step, decay = self.state.step, schedules.DECAYS[self.recipe.decay]
        try:
            factor = schedules.warm_up(step, WARM_UP) * decay(self.done(), 1.0)
            loss = self.trainer.step(step, factor)
        except DivergedError as error:
            raise self.diverged(str(error)) from None
        self.state.step += 1
        self.state.losses += loss
        self.state.batches += 1
        self.state.seconds += clock() - began
        return loss

    def diverged(self, what: str) -> cli.UserError:
        """What to say when the numbers have left the range of a float."""
        saved = self.best_path if self.best_path.exists() else self.last_path
        mend = "begin again with a smaller --lr"
        return cli.UserError(f"{what}; {mend} (the last good weights: {saved})")

    def evaluate(self, train_loss: float) -> None:
        """Measure the dev loss, log it, keep the weights if they are the best, and the state."""
        state = self.state
        dev = mean_nats(self.model, self.dev_rows)
        if not (math.isfinite(dev) or isinstance(self.model, BigramCounts)):
            lr = f"learning rate at most {self.recipe.lr:g}"
            raise self.diverged(f"after step {state.step} the dev loss is {dev}, at {lr}")
        state.losses, state.batches = 0.0, 0
        if dev < state.best_dev or not self.best_path.exists():
            state.best_step, state.best_dev, state.failures = state.step, dev, 0
            self.save_best()
        else:
            state.failures += 1
        figures = {"seconds": round(state.seconds, 3), "train": train_loss, "dev": dev}
        finite = {name: figure for name, figure in figures.items() if math.isfinite(figure)}
        self.run.log(step=state.step, **finite)
        self.save_last()
