"""Train a small network to separate two moons, with nothing below it but scalars.

    python train.py                      # 100 steps, 100 % accuracy, pictures in runs/
    python train.py --activation tanh --loss bce --noise 0.2

The training loop of the micrograd lecture (youtube.com/watch?v=VMj-3S1tku0, from 2:01:12): forward
pass, loss, zero the gradients, backward pass, update.
"""

import math
import sys
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

try:
    from matplotlib.figure import Figure

    from shared import cli, plots, progress, runs
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

from micrograd.fused import MLP  # as `micrograd.nn` has it, ten times as fast
from micrograd.losses import LOSSES, accuracy, l2
from micrograd.moons import two_moons
from micrograd.optim import SGD, Adam, Momentum, Optimizer, RMSprop, linear_decay


def train(config: "Config", model: MLP, optimizer: Optimizer, run: runs.Run) -> bool:
    """Train `model` on two moons and log every step. Returns whether Ctrl-C stopped it."""
    points, labels = two_moons(config.points, config.noise, config.seed)
    targets = [(y + 1) // 2 for y in labels] if config.loss == "bce" else labels  # 0 and 1, or ±1
    with cli.interruptible() as interrupt, progress.bar(config.steps, "training") as advance:
        for step in range(config.steps + 1):
            scores = [model(point) for point in points]
            loss = LOSSES[config.loss](scores, targets) + l2(model.parameters(), config.l2)
            if not math.isfinite(loss.data):
                raise OverflowError(f"the loss is {loss.data}")
            figures = {"loss": loss.data, "accuracy": accuracy(scores, labels)}
            if step == config.steps or interrupt.requested:  # the trained network's
                run.log(step=step, **figures)
                break

            optimizer.zero_grad()
            loss.backward()
            optimizer.lr = linear_decay(config.first_lr(), step, config.steps)
            optimizer.step()

            run.log(step=step, **figures, lr=optimizer.lr)
            advance(**figures)
    return interrupt.requested


@dataclass
class Config:
    """Train a multi-layer perceptron on two moons, with a scalar autograd engine."""

    steps: int = 100
    """Training steps, each on all points."""
    hidden: tuple[int, ...] = (16, 16)
    """Sizes of the hidden layers; without any, the boundary is a straight line."""
    activation: Literal["relu", "tanh", "sigmoid"] = "relu"
    """Activation function of the hidden layers."""
    loss: Literal["margin", "mse", "bce"] = "margin"
    """Max-margin, mean squared error, or binary cross-entropy."""
    optimizer: Literal["sgd", "rmsprop", "adam"] = "sgd"
    """Gradient descent, RMSprop, or Adam."""
    lr: float | None = None
    """Learning rate of the first step; it falls linearly to a tenth of that. By default 1, but 0.1
    for mse, whose gradient is unbounded, and 0.05 for rmsprop and adam."""
    momentum: float = 0.0
    """Momentum of sgd."""
    l2: float = 1e-4
    """Strength of the L2 regularization."""
    points: int = 100
    """Training points, half of them on each moon."""
    noise: float = 0.1
    """Standard deviation of the points around their moon."""
    seed: int = 1337
    """Seed of the points and of the weights."""
    name: str = ""
    """Name of the run's folder; by default the date and the time."""
    runs: Path = Path("runs")
    """Folder for run folders."""

    def first_lr(self) -> float:
        """The learning rate of the first step."""
        if self.lr is not None:
            return self.lr
        return 0.05 if self.optimizer != "sgd" else 0.1 if self.loss == "mse" else 1.0

    def check(self) -> None:
        """Raise `UserError` for settings that train nothing or would fail with an odd message."""
        for wrong, message in (
            (self.steps < 1, "--steps must be at least 1"),
            (self.points < 2, "--points must be at least 2, one for each moon"),
            (min(self.hidden, default=1) < 1, "--hidden needs at least one neuron in each layer"),
            (self.first_lr() <= 0, "--lr must be above 0"),
            (self.momentum and self.optimizer != "sgd", "--momentum is for --optimizer sgd only"),
            (not 0 <= self.momentum < 1, "--momentum must be at least 0 and below 1"),
            (self.l2 < 0, "--l2 must not be negative, or it would reward large weights"),
            (self.noise < 0, "--noise must not be negative"),
        ):
            if wrong:
                raise cli.UserError(message)


def main(config: Config) -> None:
    """Train as `config` says; leave the figures and two pictures in the run's folder."""
    config.check()
    model = MLP(2, [*config.hidden, 1], config.activation, seed=config.seed + 1)
    run = runs.Run.create(config.runs, "micrograd", config.name)
    run.write_config(asdict(config), data="two moons, drawn by micrograd.moons")
    sizes = " -> ".join(str(size) for size in (2, *config.hidden, 1))
    print(f"data: two moons, {config.points} points, noise {config.noise}, seed {config.seed}")
    print(f"model: MLP {sizes}, {config.activation}, {len(model.parameters())} parameters")
    try:
        interrupted = train(config, model, make_optimizer(config, model), run)
    except OverflowError as error:
        raise cli.UserError(
            f"training diverged: {error}; choose a smaller --lr, --l2 or --noise"
        ) from None

    first, *_, last = curve = run.read_metrics()
    results = {name: last[name] for name in ("loss", "accuracy")}
    results = {"parameters": len(model.parameters()), "steps": last["step"], **results}
    run.write_json("results.json", results)
    with run.writing("loss.svg") as path:
        losses = [(figures["step"], figures["loss"]) for figures in curve]
        plots.save(plots.loss_curve({config.loss: losses}), path)
    with run.writing("boundary.svg") as path:
        points, labels = two_moons(config.points, config.noise, config.seed)
        plots.save(boundary(model, points, labels), path)
    after = f"after {last['step']} step{'s'[: last['step'] != 1]}"
    print(f"{after}: loss {last['loss']:.4g}, accuracy {last['accuracy']:.1%}")
    print(f"run: {run.path}/ (config.json, results.json, metrics.jsonl, loss.svg, boundary.svg)")
    if interrupted:
        raise KeyboardInterrupt
    if last["loss"] > 2 * first["loss"]:
        warnings.warn("the loss has more than doubled; choose a smaller --lr", stacklevel=1)


def make_optimizer(config: Config, model: MLP) -> Optimizer:
    """The optimizer that `config` asks for."""
    if config.optimizer == "sgd":
        if config.momentum:
            return Momentum(model.parameters(), config.first_lr(), config.momentum)
        return SGD(model.parameters(), config.first_lr())
    kind = RMSprop if config.optimizer == "rmsprop" else Adam
    return kind(model.parameters(), config.first_lr())


def boundary(model: MLP, points: list[tuple[float, float]], labels: list[int]) -> Figure:
    """The points, on the network's score for every place around them; black where it is 0."""
    columns, rows = (_ticks(min(values) - 0.5, max(values) + 0.5) for values in zip(*points))
    scores = [[model((x, y)).data for x in columns] for y in rows]
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(aspect="equal")
    levels = [-math.inf, 0, math.inf]
    axes.contourf(columns, rows, scores, levels=levels, colors=["C0", "C3"], alpha=0.25)
    axes.contour(columns, rows, scores, levels=[0], colors="black")
    colors = ["C3" if label > 0 else "C0" for label in labels]
    xs, ys = zip(*points)
    axes.scatter(xs, ys, c=colors, edgecolors="black")
    return figure


def _ticks(low: float, high: float, count: int = 60) -> list[float]:
    return [low + (high - low) * i / (count - 1) for i in range(count)]


if __name__ == "__main__":
    cli.run(main, Config)
