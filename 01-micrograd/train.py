"""Train a small network to separate two moons, with nothing below it but scalars.

    python train.py                      # 100 steps, 100 % accuracy, pictures in runs/
    python train.py --activation tanh --loss bce --noise 0.2

The training loop of the micrograd lecture (youtube.com/watch?v=VMj-3S1tku0): forward pass, loss,
zero the gradients, backward pass, update.
"""

import math
import sys
import warnings
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

try:
    from shared import cli, plots, progress, runs

    if find_spec("matplotlib") is None:  # only looked for: importing it would slow down --help
        raise ImportError("No module named 'matplotlib'")
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

from micrograd import Value, losses
from micrograd.moons import two_moons
from micrograd.nn import MLP
from micrograd.optim import SGD, Adam, Optimizer, RMSprop, linear_decay

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class Config:
    """Train a multi-layer perceptron on two moons, with a scalar autograd engine."""

    steps: int = 100
    """Training steps, each over all points."""
    hidden: tuple[int, ...] = (16, 16)
    """Sizes of the hidden layers; none at all makes a straight line."""
    activation: Literal["relu", "tanh", "linear"] = "relu"
    """What a hidden neuron does with its weighted sum."""
    loss: Literal["margin", "mse", "bce"] = "margin"
    """Max-margin, mean squared error, or binary cross-entropy."""
    optimizer: Literal["sgd", "rmsprop", "adam"] = "sgd"
    """How the gradients change the parameters."""
    lr: float | None = None
    """Learning rate of the first step; it falls in a straight line to a tenth of that. By default
    1, but 0.1 for mse, whose slope has no bound, and 0.05 for rmsprop and adam."""
    momentum: float = 0.0
    """For sgd: share of the last update that goes into the next one."""
    l2: float = 1e-4
    """Strength of the L2 regularisation."""
    points: int = 100
    """Training points, half of them on each moon."""
    noise: float = 0.1
    """Standard deviation of the points around their moon."""
    seed: int = 1337
    """Seed of the points and of the weights."""
    name: str = ""
    """Name of the run's folder; by default the date and the time."""
    runs: Path = Path("runs")
    """Where run folders go."""

    def first_lr(self) -> float:
        """The learning rate of the first step."""
        if self.lr is not None:
            return self.lr
        if self.optimizer != "sgd":
            return 0.05
        return 0.1 if self.loss == "mse" else 1.0

    def check(self) -> None:
        """Raise `UserError` for a value that cannot work."""
        cli.require(self.steps >= 1, "--steps", self.steps, "at least 1")
        widths = all(width >= 1 for width in self.hidden)
        cli.require(widths, "--hidden", " ".join(map(str, self.hidden)), "sizes of at least 1")
        lr = self.first_lr()
        cli.require(0 < lr < math.inf, "--lr", lr, "a number above 0")
        cli.require(0 <= self.momentum < 1, "--momentum", self.momentum, "at least 0 and below 1")
        alone = self.momentum == 0 or self.optimizer == "sgd"
        cli.require(alone, "--momentum", self.momentum, f"left out with {self.optimizer}")
        cli.require(0 <= self.l2 < math.inf, "--l2", self.l2, "a number from 0 up")
        cli.require(self.points >= 2, "--points", self.points, "at least 2")
        cli.require(0 <= self.noise < math.inf, "--noise", self.noise, "a number from 0 up")


def main(config: Config) -> None:
    """Train as `config` says; leave the figures and two pictures in the run's folder."""
    config.check()
    points, labels = two_moons(config.points, config.noise, config.seed)
    model = MLP(2, [*config.hidden, 1], config.activation, seed=config.seed + 1)
    optimizer = optimizer_of(config, model.parameters())
    run = runs.Run.create(config.runs, "micrograd", config.name)
    run.write_config(asdict(config), data="two moons, drawn by micrograd.moons")
    sizes = " -> ".join(str(size) for size in (2, *config.hidden, 1))
    print(f"data: two moons, {config.points} points, noise {config.noise}, seed {config.seed}")
    print(f"model: MLP {sizes}, {config.activation}, {len(model.parameters())} parameters")

    def forward(step: int) -> tuple[Value, float]:
        """Loss and accuracy after `step` steps."""
        try:
            scores = [score(model, point) for point in points]
            loss = loss_of(config.loss, scores, labels) + losses.l2(model.parameters(), config.l2)
        except OverflowError as error:
            raise diverged(step, str(error)) from None
        if not math.isfinite(loss.data):
            raise diverged(step, f"the loss is {loss.data}")
        return loss, losses.accuracy(scores, labels)

    curve = []
    with cli.interruptible() as interrupt:
        with progress.bar(config.steps, "training") as advance:
            for step in range(config.steps):
                optimizer.lr = linear_decay(config.first_lr(), step, config.steps)
                loss, accuracy = forward(step)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                curve.append((step, loss.data))
                run.log(step=step, loss=loss.data, accuracy=accuracy, lr=optimizer.lr)
                advance(loss=loss.data, accuracy=accuracy)
                if interrupt.requested:
                    break
        steps = len(curve)
        loss, accuracy = forward(steps)
        curve.append((steps, loss.data))
        run.log(step=steps, loss=loss.data, accuracy=accuracy)
        size = len(model.parameters())
        run.write_json(
            "results.json",
            {"parameters": size, "steps": steps, "loss": loss.data, "accuracy": accuracy},
        )
        for picture, figure in (
            ("loss.svg", plots.loss_curve({config.loss: curve})),
            ("boundary.svg", boundary(model, points, labels)),
        ):
            with run.writing(picture) as path:
                plots.save(figure, path)

    print(f"after {steps} steps: loss {loss.data:.4g}, accuracy {accuracy:.1%}")
    print(f"run: {run.path}/ (config.json, results.json, metrics.jsonl, loss.svg, boundary.svg)")
    if interrupt.requested:
        raise KeyboardInterrupt
    if loss.data > 2 * curve[0][1]:
        warnings.warn("the loss has more than doubled; choose a smaller --lr", stacklevel=1)


def diverged(step: int, what: str) -> cli.UserError:
    """What to say when the numbers have left the range of a float."""
    mend = "choose a smaller --lr" if step else "choose a smaller --l2 or --noise"
    return cli.UserError(f"after {step} steps, {what}; {mend}")


def score(model: MLP, point: tuple[float, float]) -> Value:
    """The network's one output: above 0 for the upper moon."""
    return model.forward([Value(x) for x in point])[0]


def optimizer_of(config: Config, parameters: list[Value]) -> Optimizer:
    """The optimiser that `config` asks for."""
    if config.optimizer == "rmsprop":
        return RMSprop(parameters, config.first_lr())
    if config.optimizer == "adam":
        return Adam(parameters, config.first_lr())
    return SGD(parameters, config.first_lr(), config.momentum)


def loss_of(name: str, scores: list[Value], labels: list[int]) -> Value:
    """The loss called `name`, for labels -1 and +1."""
    if name == "margin":
        return losses.max_margin(scores, labels)
    if name == "mse":
        return losses.mean_squared_error(scores, labels)
    return losses.binary_cross_entropy(scores, [(y + 1) // 2 for y in labels])


def boundary(model: MLP, points: list[tuple[float, float]], labels: list[int]) -> "Figure":
    """The points, on the network's score for every place around them; black where it is 0."""
    from matplotlib.figure import Figure

    columns, rows = (_ticks(min(values) - 0.5, max(values) + 0.5) for values in zip(*points))
    scores = [[score(model, (x, y)).data for x in columns] for y in rows]
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(aspect="equal")
    axes.contourf(
        columns, rows, scores, levels=[-math.inf, 0, math.inf], colors=["C0", "C3"], alpha=0.25
    )
    axes.contour(columns, rows, scores, levels=[0], colors="black")
    colors = ["C3" if label > 0 else "C0" for label in labels]
    xs, ys = zip(*points)
    axes.scatter(xs, ys, c=colors, edgecolors="black")
    return figure


def _ticks(low: float, high: float, count: int = 60) -> list[float]:
    return [low + (high - low) * i / (count - 1) for i in range(count)]


if __name__ == "__main__":
    cli.run(main, Config)
