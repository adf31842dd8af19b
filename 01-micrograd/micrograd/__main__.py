"""`python -m micrograd draw`, `gpt`, `learn`: a graph, a GPT made of scalars, the exercises."""

import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Annotated

try:
    import graphviz
    from tyro.conf import arg

    from shared import cli, datasets, learn, progress, runs
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

from micrograd import draw, gpt
from micrograd.example import example
from micrograd.exercises import LADDER

SHOWN = 100  # steps between two losses that are printed


@dataclass
class Draw:
    """Draw the graph of the example expression: every value, its gradient, every operation."""

    out: Path | None = None
    """File for the SVG picture, which Graphviz draws. Without it, the DOT text is printed."""

    def run(self) -> None:
        if self.out:
            if self.out.suffix != ".svg":
                raise cli.UserError(f"the picture is an SVG, so --out {self.out} must end in .svg")
            if self.out.exists():
                raise cli.UserError(f"{self.out} exists already; choose another name with --out")
        a, b, g = example()
        g.backward()
        if self.out is None:
            print(draw.graph(g).source, end="")
            return
        try:
            svg = draw.svg(g)
        except graphviz.ExecutableNotFound:
            print(draw.graph(g).source, end="")
            raise cli.UserError(
                "Graphviz's program `dot` is not installed, so no picture; above is the DOT text"
            ) from None
        runs.write_text(self.out, svg)
        print(f"g = {g.data:.4f}, dg/da = {a.grad:.4f}, dg/db = {b.grad:.4f}")
        print(f"picture: {self.out}")


@dataclass
class TrainGPT:
    """Train a GPT made of scalars on names, one name a step, and sample new ones."""

    data: Annotated[str, arg(metavar="names|bundled|FILE")] = "names"
    """The lecture's names, the bundled ones, or a text file with a name on each line."""
    steps: int = 1000
    """Training steps."""
    lr: float = 0.01
    """Learning rate of the first step; it falls linearly to zero."""
    n_layer: int = 1
    """Blocks."""
    n_head: int = 4
    """Attention heads in a block."""
    n_embd: int = 16
    """Embedding dimension."""
    block_size: int = 16
    """Context: the most letters of a sampled name; longer names are cut."""
    samples: int = 20
    """Names to sample after training."""
    temperature: float = 0.5
    """Below 1 the likely letters become likelier, above 1 less likely."""
    seed: int = 42
    """Seed of the order of the names, the weights and the samples."""

    def run(self) -> None:
        counts = "steps", "n_layer", "n_head", "n_embd", "block_size"
        cli.check_numbers(self, at_least_1=counts, above_0=["lr"])
        if self.n_embd % self.n_head:
            raise cli.UserError(
                f"--n-embd must be a multiple of --n-head ({self.n_head}), not {self.n_embd}"
            )
        if self.temperature <= 0:
            raise cli.UserError("--temperature must be above 0; near 0, the likeliest letter wins")
        dataset = datasets.load("names", self.data)
        print(f"data: {dataset}")
        rng = random.Random(self.seed)
        names = [name for line in dataset.text.split("\n") if (name := line.strip())]
        rng.shuffle(names)
        letters, documents = gpt.tokenize(names)
        sizes = self.block_size, self.n_layer, self.n_head, self.n_embd
        model = gpt.GPT(len(letters) + 1, *sizes, self.seed)
        print(f"model: GPT, {len(model.parameters()):,} parameters")
        losses: list[float] = []
        with cli.interruptible() as interrupt, progress.bar(self.steps, "training") as advance:
            for step, loss in enumerate(gpt.train(model, documents, self.steps, self.lr), start=1):
                if not math.isfinite(loss):
                    raise cli.UserError(
                        f"training diverged: the loss is {loss} in step {step}; use a smaller --lr"
                    )
                losses.append(loss)
                advance(loss=loss)
                if step % SHOWN == 0 or step == self.steps or interrupt.requested:
                    recent = losses[-SHOWN:]
                    print(f"step {step:,}: loss {mean(recent):.4f} (mean of {len(recent)} steps)")
                if interrupt.requested:
                    break
        for _ in range(self.samples):
            tokens = model.generate(len(letters), rng, self.temperature)
            print("  " + "".join(letters[token] for token in tokens))
        if interrupt.requested:
            raise KeyboardInterrupt


class Learn(learn.Learn):  # noqa: D101 (its help is that of all lessons)
    __doc__ = learn.Learn.__doc__
    ladder = LADDER


def train_gpt() -> None:
    """`python -m micrograd.gpt`."""
    cli.run(TrainGPT.run, TrainGPT)


if __name__ == "__main__":
    verbs = {"draw": Draw, "gpt": TrainGPT, "learn": Learn}
    about = "Look at the micrograd engine at work, train a GPT on it, and write it yourself."
    cli.run_verbs(verbs, about)
