"""What there is to do with a trained model, and around it.

python -m makemore sample --run runs/NAME --count 20 --temperature 0.8
python -m makemore score --run runs/NAME emma xqzt
python -m makemore diagnose          # good and bad initialization: pictures in runs/
python -m makemore backprop          # gradients by hand beside autograd's
python -m makemore find-lr --model mlp
python -m makemore learn             # write the lesson's code yourself
"""

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from torch import Tensor
from tyro.conf import Positional, arg

from makemore import manual_backprop as by_hand
from makemore.diagnostics import STARTS, DeepMLP, Look, look_inside, update_ratios
from makemore.exercises import LADDER
from makemore.load import LESSON, Data, load, open_data
from makemore.loss import estimate_loss
from makemore.lr_finder import geometric, steepest, sweep
from makemore.models import build, examples
from makemore.models.transformer import Transformer
from makemore.optimizers import make_optimizers
from makemore.presets import PRESETS
from makemore.sampling import Origins, sample
from makemore.words import build_dataset
from shared import cli, datasets, devices, learn, plots, progress
from shared.runs import Run

MANY = 1000  # words whose origin is counted
Trainable = Literal[
    "bigram-net", "bow", "mlp", "mlp-bn", "rnn", "gru", "lstm", "wavenet", "wavenet-dilated"
]


@dataclass
class OfRun:
    """Something to do with one trained model."""

    run_folder: Annotated[Path, arg(name="run", metavar="RUN")]
    """The folder of a training run."""


@dataclass
class Sample(OfRun):
    """Sample new words, and say of each whether it is in train, in dev, or new."""

    count: int = 20
    """How many words to print."""
    max_length: int = 40
    """Cut words after this many characters."""
    temperature: float = 1.0
    """Below 1 favors likely characters, above 1 unlikely ones; 0 takes the most likely one."""
    top_k: Annotated[int | None, arg(metavar="INT")] = None
    """Sample from the k most likely characters only."""
    seed: int = 1337
    """Seed of the draws."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""

    def run(self) -> None:
        if self.temperature < 0:
            raise cli.UserError("--temperature must not be negative")
        if self.top_k is not None and self.top_k < 1:
            raise cli.UserError("--top-k must be at least 1")
        model, alphabet = load(self.run_folder)
        model.to(devices.find_device(self.device))
        many = max(self.count, MANY)
        generator = torch.Generator().manual_seed(self.seed)
        options = generator, self.temperature, self.top_k
        words = [alphabet.decode(ids) for ids in sample(model, many, self.max_length, *options)]
        lists = [self.run_folder / f"{split}.txt" for split in ("train", "dev")]
        origins = Origins.of(*(datasets.read_file(path).text.split("\n")[:-1] for path in lists))
        for word in words[: self.count]:
            print(f"{word} ({origins.of_word(word)})")
        print(f"of {many:,} samples: {origins.shares(words)}")


@dataclass
class Score(OfRun):
    """Print how likely the model finds words: their negative log-likelihood."""

    words: Positional[tuple[str, ...]]
    """The words."""

    def run(self) -> None:
        model, alphabet = load(self.run_folder)
        numbers = ("nats", "nats a character", "bits a character")
        table = Table("word", *(Column(name, justify="right") for name in numbers), box=None)
        for word in (unicodedata.normalize("NFC", word.strip()) for word in self.words):
            if unknown := [character for character in word if character not in alphabet.stoi]:
                known = f"the model knows only {alphabet.characters!r}"
                raise cli.UserError(f"{word!r} has the character {unknown[0]!r}; {known}")
            if isinstance(model, Transformer) and len(word) >= model.block_size:
                longest = f"this transformer reads at most {model.block_size - 1} characters"
                raise cli.UserError(f"{word!r} is too long; {longest}")
            loss = estimate_loss(model, *examples(model, [word], alphabet))
            nats = loss * (len(word) + 1)  # the end is one more
            table.add_row(Text(word), f"{nats:.3f}", f"{loss:.4f}", f"{loss / math.log(2):.4f}")
        Console().print(table)


@dataclass
class Experiment:
    """Something to try on a list of words, which leaves pictures."""

    data: str = "names"
    """A file with a word on each line; `names`; `bundled`."""
    steps: int = 1000
    """Training steps."""
    seed: int = 1337
    """Seed of the weights and the batches."""
    name: str = ""
    """Name of the run's folder; by default the date and time."""
    runs: Path = Path("runs")
    """The folder of run folders."""

    def open_data(self) -> Data:
        """The words, after a look at the options."""
        if self.steps < 2:
            raise cli.UserError("--steps must be at least 2")
        data = open_data(self.data)
        print(f"data: {data.words.description}")
        return data

    def windows(self, block_size: int) -> tuple[Tensor, Tensor, int]:
        """Windows (number, block_size), the id that follows each, and the vocabulary's size."""
        data = self.open_data()
        return *build_dataset(data.train, data.alphabet, block_size), len(data.alphabet)

    def begin(self) -> Run:
        """A new run folder."""
        run = Run.create(self.runs, LESSON, self.name)
        run.write_config(asdict(self), data=self.data)
        return run

    def save(self, run: Run, **figures: Figure) -> None:
        """Write the pictures into the run folder."""
        for name, figure in figures.items():
            with run.writing(f"{name}.svg") as path:
                plots.save(figure, path)
        print(f"run: {run.path}/ ({', '.join(f'{name}.svg' for name in figures)})")


@dataclass
class Diagnose(Experiment):
    """Look inside five tanh layers: weights too small, right, too large, and batch norm."""

    lr: float = 0.1
    """Learning rate of the training from which the update ratios are."""

    def run(self) -> None:
        x, y, vocab_size = self.windows(block_size=3)
        run = self.begin()
        looks: dict[str, list[Look]] = {}
        ratios: dict[str, list[list[float]]] = {}
        columns = ("layer", "std", "saturated", "dead", "gradient std", "log10 update / weight")
        table = Table("start", *(Column(name, justify="right") for name in columns), box=None)
        with progress.bar(len(STARTS) * self.steps, "diagnose") as advance:
            for name, start in STARTS.items():
                torch.manual_seed(self.seed)
                model = DeepMLP(vocab_size, start)
                looks[name] = look_inside(model, x[:1000], y[:1000])
                ratios[name] = []
                for step in update_ratios(model, x, y, self.steps, 32, self.lr, self.seed):
                    ratios[name].append(step)
                    advance()
                for layer, (look, update) in enumerate(zip(looks[name], ratios[name][-1]), start=1):
                    table.add_row(
                        name if layer == 1 else "",
                        str(layer),
                        f"{look.activations.std():.3f}",
                        f"{look.saturation:.1%}",
                        str(look.dead),
                        f"{look.gradients.std():.1e}",
                        f"{update:.2f}",
                    )
        Console().print(table)
        self.save(
            run,
            activations=histograms({k: [a.activations for a in v] for k, v in looks.items()}),
            gradients=histograms({k: [a.gradients for a in v] for k, v in looks.items()}),
            updates=draw_ratios(ratios),
        )


def panels(names: Iterable[str], **labels: str) -> tuple[Figure, dict[str, Axes]]:
    """Four small plots in a figure, one for each way to initialize."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = {
        name: figure.add_subplot(2, 2, i, title=name, **labels)
        for i, name in enumerate(names, start=1)
    }
    return figure, axes


def histograms(layers: dict[str, list[Tensor]]) -> Figure:
    """How often each value occurs in each layer: one outline for each."""
    figure, axes = panels(layers, ylabel="density")
    for name, tensors in layers.items():
        largest = max(tensor.abs().max().item() for tensor in tensors)
        for number, tensor in enumerate(tensors, start=1):
            density, edges = torch.histogram(tensor, 60, range=(-largest, largest), density=True)
            axes[name].stairs(density.tolist(), edges.tolist(), label=f"layer {number}")
    axes[next(iter(layers))].legend()
    return figure


def draw_ratios(ratios: dict[str, list[list[float]]]) -> Figure:
    """log10 of update to weight in each step, a line for each matrix; the usual aim is dashed."""
    figure, axes = panels(ratios, xlabel="step", ylabel="log10 update / weight")
    for name, steps in ratios.items():
        every = max(1, len(steps) // 100)
        for number, line in enumerate(zip(*steps), start=1):
            label = f"layer {number}" if number < len(steps[0]) else "output"
            axes[name].plot(range(0, len(steps), every), line[::every], label=label)
        axes[name].axhline(-3, color="black", linestyle="--")
    axes[next(iter(ratios))].legend()
    return figure


@dataclass
class Backprop(Experiment):
    """Compare gradients made by hand with autograd's, then train with nothing else."""

    def run(self) -> None:
        x, y, vocab_size = self.windows(block_size=3)
        run = self.begin()
        p = by_hand.parameters(vocab_size, seed=self.seed)
        few = x[:32], y[:32]
        t = by_hand.forward(p, *few)
        autograd = by_hand.backward_by_autograd(p, t, *few)
        table = Table("gradient of", "exact", "largest difference", box=None)
        for name, gradient in by_hand.backward(p, t, *few).items():
            difference = (gradient - autograd[name]).abs().max().item()
            table.add_row(name, "yes" if difference == 0 else "no", f"{difference:.1e}")
        for name, gradient in by_hand.backward_fused(p, t, *few).items():
            difference = (gradient - autograd[name]).abs().max().item()
            exact = "yes" if difference == 0 else "no"
            table.add_row(f"{name}, fused formulas", exact, f"{difference:.1e}")
        Console().print(table)
        curves = {}
        for name, gradients in (
            ("by hand", by_hand.backward_fused),
            ("autograd", by_hand.backward_by_autograd),
        ):
            p = by_hand.parameters(vocab_size, seed=self.seed)
            losses = []
            with progress.bar(self.steps, name) as advance:
                for loss in by_hand.train_by_hand(
                    p, x, y, self.steps, seed=self.seed, gradients=gradients
                ):
                    losses.append(loss)
                    advance(loss=loss)
            last = losses[-100:]
            print(f"{name}: after {self.steps:,} steps, loss {sum(last) / len(last):.12f}")
            curves[name] = list(enumerate(losses))
        self.save(run, loss=plots.loss_curve(curves, ylabel="nats per character"))


@dataclass
class FindLr(Experiment):
    """Raise the learning rate from step to step, and plot the loss against it."""

    model: Trainable | Literal["transformer"] = "mlp"
    """The model to train."""
    low: float = 1e-5
    """Learning rate of the first step."""
    high: float = 1.0
    """Learning rate of the last step, unless the loss blows up before."""

    def run(self) -> None:
        if not 0 < self.low < self.high:
            raise cli.UserError("--low must be above 0 and below --high")
        data = self.open_data()
        run = self.begin()
        preset = PRESETS["default"][self.model]
        torch.manual_seed(self.seed)
        positions = {"block_size": data.words.longest + 1} if self.model == "transformer" else {}
        model = build(self.model, len(data.alphabet), **positions)
        optimizers = make_optimizers(model, "adamw", self.low, preset.get("weight_decay", 0.01))
        x, y = examples(model, data.train, data.alphabet)
        rates = geometric(self.low, self.high, self.steps)
        curve = []
        with progress.bar(self.steps, self.model) as advance:
            for lr, loss in sweep(model, optimizers, x, y, preset.get("batch_size", 256), rates):
                curve.append((lr, loss))
                advance(lr=lr, loss=loss)
        if len(curve) < 2:
            raise cli.UserError("the loss blew up at once; start with a smaller --low")
        best = steepest(curve)
        lowest = min(curve, key=lambda point: point[1])
        print(f"{self.model}: the loss falls fastest at {best:.2g}, is lowest at {lowest[0]:.2g}")
        print(f"train.py starts from {preset['lr']:g}")
        figure = plots.loss_curve({self.model: curve}, ylabel="nats per character")
        figure.axes[0].set(xscale="log", xlabel="learning rate")
        self.save(run, **{"find-lr": figure})


class Learn(learn.Learn):  # noqa: D101 (its help is that of all lessons)
    __doc__ = learn.Learn.__doc__
    ladder = LADDER


VERBS = {
    "sample": Sample,
    "score": Score,
    "diagnose": Diagnose,
    "backprop": Backprop,
    "find-lr": FindLr,
    "learn": Learn,
}

if __name__ == "__main__":
    cli.run_verbs(VERBS, "What there is to do with a trained model, and around it.")
