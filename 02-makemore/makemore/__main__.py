"""What there is to do with a trained model, and around it.

python -m makemore sample --run runs/NAME --count 20 --temperature 0.8
python -m makemore score --run runs/NAME emma xqzt
python -m makemore diagnose          # good and bad initialisation: pictures in runs/
python -m makemore backprop          # gradients by hand beside autograd's
python -m makemore find-lr --model mlp
"""

import math
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

try:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text
    from tyro.conf import Positional, arg

    from shared import checkpoints, cli, datasets, plots, progress, splits
    from shared.runs import Run

    for package in ("matplotlib", "safetensors", "torch"):
        if find_spec(package) is None:  # only looked for: importing them would slow down --help
            raise ImportError(f"No module named {package!r}")
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor, nn

    from makemore.diagnostics import Look
    from makemore.words import Alphabet

LESSON = "makemore"
MANY = 1000  # words whose origin is counted


@dataclass
class Trained:
    """A model from a run folder, and what it takes to use it."""

    model: "nn.Module"
    alphabet: "Alphabet"
    longest: int

    @classmethod
    def load(cls, folder: Path) -> "Trained":
        """The best weights of the run; raises `UserError` for what is no run of this lesson."""
        from makemore.models import build
        from makemore.words import Alphabet

        if Run.open(folder, LESSON).read_config().get("config", {}).get("compare"):
            raise cli.UserError(
                f"{folder} has a run of each model in it; name one, {folder}/lstm say"
            )
        path = folder / "model.safetensors"
        checkpoint = checkpoints.load(path)
        about = checkpoint.about
        if about.get("lesson") != LESSON:
            raise cli.UserError(f"{path} is no model of this lesson; name another run")
        alphabet = Alphabet(about["characters"])
        with cli.users_mistakes():
            model = build(about["model"], len(alphabet), **about["sizes"])
        model.load_state_dict(checkpoint.part("model"))
        return cls(model, alphabet, about["longest"])


@dataclass
class Sample:
    """Make new words, and say of each whether it is in train, in dev, or new."""

    run_folder: Annotated[Path, arg(name="run", metavar="RUN")]
    """The folder of a training run."""
    count: int = 20
    """How many words to print."""
    temperature: float = 1.0
    """Below 1 more of what is likely, above 1 less; 0 always takes the likeliest character."""
    top_k: Annotated[int | None, arg(metavar="INT")] = None
    """Draw from so many likeliest characters only."""
    seed: int = 1337
    """Seed of the draw."""

    def run(self) -> None:
        from makemore.sampling import Origins, sample

        cli.require(1 <= self.count <= 1_000_000, "--count", self.count, "from 1 to 1,000,000")
        cli.require(0 <= self.seed < 2**63, "--seed", self.seed, "from 0 to 2**63 - 1")
        trained = Trained.load(self.run_folder)
        many = max(self.count, MANY)
        with cli.users_mistakes():
            found = sample(
                trained.model, many, trained.longest, self.seed, self.temperature, self.top_k
            )
        words = [trained.alphabet.decode(ids) for ids in found]
        lists = [self.run_folder / f"{split}.txt" for split in ("train", "dev")]
        origins = Origins.of(*(datasets.read_file(path).text.split("\n")[:-1] for path in lists))
        for word in words[: self.count]:
            print(f"{word} ({origins.of_word(word)})")
        print(f"of {many:,} samples: {origins.shares(words)}")


@dataclass
class Score:
    """Print how likely the model finds words: their negative log-likelihood."""

    run_folder: Annotated[Path, arg(name="run", metavar="RUN")]
    """The folder of a training run."""
    words: Positional[tuple[str, ...]]
    """The words."""

    def run(self) -> None:
        from makemore.loss import word_nats
        from makemore.words import rows_of

        cli.require(bool(self.words), "WORDS", "none", "at least one word")
        trained = Trained.load(self.run_folder)
        words = [unicodedata.normalize("NFC", word.strip()) for word in self.words]
        for word in words:
            allowed = f"words of 1 to {trained.longest} characters, the longest of this run"
            cli.require(1 <= len(word) <= trained.longest, "WORDS", repr(word), allowed)
        with cli.users_mistakes():
            rows = rows_of(words, trained.alphabet)
        numbers = ("nats", "nats a character", "bits a character")
        table = Table("word", *(Column(name, justify="right") for name in numbers), box=None)
        for word, nats in zip(words, word_nats(trained.model, rows).tolist()):
            mean = nats / (len(word) + 1)  # the end is one more
            bits = mean / math.log(2)
            table.add_row(Text(word), f"{nats:.3f}", f"{mean:.4f}", f"{bits:.4f}")
        Console().print(table)


@dataclass
class Experiment:
    """Something to try on a list of words, which leaves pictures."""

    data: str = "names"
    """A file with a word a line; or `names`; or `bundled`."""
    steps: int = 1000
    """Training steps."""
    seed: int = 1337
    """Seed of the weights and the batches."""
    name: str = ""
    """Name of the run's folder; by default the date and the time."""
    runs: Path = Path("runs")
    """Where run folders go."""

    def rows(self) -> tuple["Tensor", int]:
        """The words of the train split as ids, and the size of the vocabulary."""
        from makemore.words import Alphabet, WordList, rows_of

        cli.require(2 <= self.steps <= 1_000_000, "--steps", self.steps, "from 2 to 1,000,000")
        cli.require(0 <= self.seed < 2**31, "--seed", self.seed, "from 0 to 2**31 - 1")
        dataset = datasets.load("names", self.data)
        print(f"data: {dataset}")
        with cli.users_mistakes():
            words = WordList.of(dataset.text, max_length=40).words
        alphabet = Alphabet.of(words)
        return rows_of(splits.split(words).train, alphabet), len(alphabet)

    def contexts(self, block_size: int) -> tuple["Tensor", "Tensor", int]:
        """Windows (number, block_size), the id that follows each, and the vocabulary's size."""
        from makemore.models.mlp import windows
        from makemore.words import PADDING, inputs_and_targets

        rows, vocab_size = self.rows()
        x, y = inputs_and_targets(rows)
        return windows(x, block_size)[y != PADDING], y[y != PADDING], vocab_size

    def begin(self) -> Run:
        """A new run folder."""
        run = Run.create(self.runs, LESSON, self.name)
        run.write_config(asdict(self), data=self.data)
        return run

    def save(self, run: Run, **figures: "Figure") -> None:
        """Write the pictures into the run folder."""
        for name, figure in figures.items():
            with run.writing(f"{name}.svg") as path:
                plots.save(figure, path)
        print(f"run: {run.path}/ ({', '.join(f'{name}.svg' for name in figures)})")


@dataclass
class Diagnose(Experiment):
    """Look inside five tanh layers that are begun too small, right, too large, with batch norm."""

    lr: float = 0.1
    """Learning rate of the training that the update ratios are from."""

    def run(self) -> None:
        import torch

        from makemore.diagnostics import STARTS, DeepMLP, look_inside, train

        cli.require(0 < self.lr < math.inf, "--lr", self.lr, "a number above 0")
        x, y, vocab_size = self.contexts(block_size=3)
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
                for step in train(model, x, y, self.steps, 32, self.lr, self.seed):
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
            updates=update_ratios(ratios),
        )


def panels(names: Iterable[str], **labels: str) -> "tuple[Figure, dict[str, Axes]]":
    """Four small plots in a figure, one for each way to begin."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = {
        name: figure.add_subplot(2, 2, i, title=name, **labels)
        for i, name in enumerate(names, start=1)
    }
    return figure, axes


def histograms(layers: dict[str, list["Tensor"]]) -> "Figure":
    """How often each value occurs in each layer: one outline a layer."""
    import torch

    figure, axes = panels(layers, ylabel="density")
    for name, tensors in layers.items():
        largest = max(tensor.abs().max().item() for tensor in tensors)
        for number, tensor in enumerate(tensors, start=1):
            density, edges = torch.histogram(tensor, 60, range=(-largest, largest), density=True)
            axes[name].stairs(density.tolist(), edges.tolist(), label=f"layer {number}")
    axes[next(iter(layers))].legend()
    return figure


def update_ratios(ratios: dict[str, list[list[float]]]) -> "Figure":
    """log10 of update to weight against the step, one line a matrix; dashed, the usual aim."""
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
        from makemore import manual_backprop as by_hand

        x, y, vocab_size = self.contexts(block_size=3)
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
                for loss in by_hand.train(p, x, y, self.steps, seed=self.seed, gradients=gradients):
                    losses.append(loss)
                    advance(loss=loss)
            last = losses[-100:]
            print(f"{name}: after {self.steps:,} steps, loss {sum(last) / len(last):.12f}")
            curves[name] = list(enumerate(losses))
        self.save(run, loss=plots.loss_curve(curves, ylabel="nats per character"))


@dataclass
class FindLr(Experiment):
    """Raise the learning rate from step to step, and plot the loss against it."""

    model: str = "mlp"
    """One of bigram-net, bow, mlp, mlp-bn, rnn, gru, lstm, wavenet, transformer."""
    low: float = 1e-5
    """Learning rate of the first step."""
    high: float = 1.0
    """Learning rate of the last step, if the loss does not blow up before."""

    def run(self) -> None:
        import torch

        from makemore.lr_finder import steepest, sweep
        from makemore.models import MODELS, build
        from makemore.training import RECIPES, Trainer
        from makemore.words import lengths_of

        if self.model not in MODELS or self.model == "bigram":
            known = ", ".join(name for name in MODELS if name != "bigram")
            raise cli.UserError(f"--model must be one of {known}, not {self.model!r}")
        cli.require(0 < self.low < self.high < math.inf, "--low", self.low, "above 0, below --high")
        rows, vocab_size = self.rows()
        run = self.begin()
        longest = int(lengths_of(rows).max())
        sizes = {"block_size": longest} if self.model == "transformer" else {}
        torch.manual_seed(self.seed)
        model = build(self.model, vocab_size, **sizes)
        trainer = Trainer(model, rows, RECIPES[self.model], self.seed)
        curve = []
        with progress.bar(self.steps, self.model) as advance, cli.users_mistakes():
            for lr, loss in sweep(trainer, self.low, self.high, self.steps):
                curve.append((lr, loss))
                advance(lr=lr, loss=loss)
            best = steepest(curve)
        lowest = min(curve, key=lambda point: point[1])
        print(f"{self.model}: the loss falls fastest at {best:.2g}, is lowest at {lowest[0]:.2g}")
        print(f"its recipe has {trainer.recipe.lr:g}")
        figure = plots.loss_curve({self.model: curve}, ylabel="nats per character")
        figure.axes[0].set(xscale="log", xlabel="learning rate")
        self.save(run, **{"find-lr": figure})


VERBS = {
    "sample": Sample,
    "score": Score,
    "diagnose": Diagnose,
    "backprop": Backprop,
    "find-lr": FindLr,
}

if __name__ == "__main__":
    cli.run_verbs(VERBS, "What there is to do with a trained model, and around it.")
