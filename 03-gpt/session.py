"""One model's training as it lies on disk: made, saved and loaded, in a run's folder.

`model.safetensors` there has the weights with the best dev loss so far, `last.safetensors` the
state from which the run can go on. The training itself is in `train.py`.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from gpt.bpe import BPE
from gpt.corpus import RANKS, Corpus, beginning, describe
from gpt.data import train_and_dev
from gpt.generate import generate
from gpt.models import Model
from gpt.optimizers import optimizers_for
from gpt.recipes import Recipe
from processes import Process
from shared import checkpoints, cli, runs, schedules

LESSON = "gpt"


@dataclass
class State:
    """How far a run has come; with the weights and the optimisers' memory, the whole of it."""

    step: int = 0
    seconds: float = 0.0  # in training steps
    best_step: int = 0
    best_dev: float = math.inf
    losses: float = 0.0  # sum of the batches' losses since the last evaluation
    batches: int = 0  # how many they are
    evaluations: int = 0


class Session:
    """A model, what it learns from, its optimisers, and how far it has come.

    Every process has one; the files are written by the first alone.
    """

    run: runs.Run
    best_path: Path
    last_path: Path

    def __init__(
        self,
        name: str,
        model: Model,
        recipe: Recipe,
        seed: int,
        corpus: Corpus,
        process: Process,
        dtype: torch.dtype,
    ) -> None:
        self.name, self.recipe, self.seed = name, recipe, seed
        self.corpus, self.process, self.dtype = corpus, process, dtype
        parts = process.world * self.portions()
        allowed = f"a multiple of {parts}: processes, times portions in each"
        cli.require(recipe.batch_size % parts == 0, "--batch-size", recipe.batch_size, allowed)
        with cli.users_mistakes():
            self.train, self.dev = train_and_dev(corpus.stream, recipe.block_size)
        self.model = model.to(process.device)
        self.optimizers = optimizers_for(self.model, recipe)
        self.state = State()
        self.about = {
            "lesson": LESSON,
            "model": name,
            "sizes": model.sizes,
            "context": recipe.block_size,
            "vocab_size": corpus.vocab_size,
            "vocabulary": describe(corpus.vocabulary),
        }

    def n_parameters(self) -> int:
        """Numbers that the model learns; those that it uses twice count once."""
        return sum(p.numel() for p in self.model.parameters())

    def put_in(self, run: runs.Run) -> None:
        """Keep everything in the folder of `run`."""
        self.run = run
        self.best_path = run.path / "model.safetensors"
        self.last_path = run.path / "last.safetensors"
        if not self.process.first:
            return
        (run.path / "samples").mkdir(exist_ok=True)
        vocabulary = self.corpus.vocabulary
        if isinstance(vocabulary, BPE) and vocabulary.ranks is not None:
            with run.writing(RANKS) as path:
                path.write_bytes(vocabulary.ranks)

    def save_best(self) -> None:
        """Keep these weights as the best."""
        if self.process.first:
            checkpoints.save(self.best_path, {"model": self.model.state_dict()}, self.about)

    def load_best(self) -> None:
        """Put the best weights into the model; raises `UserError` for those of another model."""
        checkpoint = self._load(self.best_path)
        self.model.load_state_dict(checkpoint.part("model"))

    def save_last(self) -> None:
        """Keep the whole state."""
        if not self.process.first:
            return
        parts = {
            "model": self.model.state_dict(),
            "optimizer": checkpoints.optimizer_state(self.optimizers),
        }
        checkpoints.save(self.last_path, parts, {**self.about, "state": asdict(self.state)})

    def load_last(self) -> None:
        """Go back to the state that was kept; raises `UserError` for that of another model."""
        checkpoint = self._load(self.last_path)
        self.model.load_state_dict(checkpoint.part("model"))
        checkpoints.restore_optimizers(self.optimizers, checkpoint.part("optimizer"))
        self.state = State(**checkpoint.about["state"])
        if self.process.first:
            self.run.rewind(self.state.step)

    def _load(self, path: Path) -> checkpoints.Checkpoint:
        checkpoint = checkpoints.load(path)
        about = dict(checkpoint.about)
        state = about.pop("state", None)
        if about != self.about or (state is None) == (path == self.last_path):
            raise cli.UserError(f"{path} is of another model than the run's config.json")
        return checkpoint

    def done(self) -> float:
        """The share of the run that is done, in steps or in time."""
        if self.recipe.minutes:
            return min(1.0, self.state.seconds / (60 * self.recipe.minutes))
        return self.state.step / self.recipe.steps

    def lr_factor(self) -> float:
        """What the next step's learning rates are of the highest ones."""
        recipe, step = self.recipe, self.state.step
        settings = recipe.warm_up, recipe.decay, recipe.final
        return schedules.rise_and_fall(step, self.done(), *settings)

    def portions(self) -> int:
        """In how many portions a process computes its part of a batch."""
        return max(1, self.recipe.accumulate // self.process.world)

    def write(self, count: int, seed: int) -> str:
        """A text of `count` tokens by the model as it is now; it goes on from a line's end."""
        vocabulary = self.corpus.vocabulary
        training = self.model.training
        self.model.eval()
        ids = list(generate(self.model, beginning(vocabulary), count, seed=seed))
        self.model.train(training)
        return vocabulary.decode(ids)
