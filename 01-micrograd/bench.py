"""How fast the engine is, beside the package it is modelled on and beside PyTorch.

    nox -s bench        # from the repository's root

Every contender is a process of its own that takes the same data and the same weights and reports
the time and the loss of each training step. They take turns, a few steps each, so that whatever
else the machine does falls on all of them; printed are medians, and the median of the ratios of
each turn. The losses have to agree to 1e-9. The peer, micrograd 0.1.0 from the package index, has
the name of our own package, so it gets an environment of its own.
"""

import gc
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
import venv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.benchmarks import Report

HERE = Path(__file__).parent
TURNS = 9
STEPS = 3  # a turn; the first one, on cold caches, is not counted
LEARNING_RATE = 0.1
L2 = 1e-4
SIZES = (10_000, 100_000, 1_000_000)

Step = Callable[[], float]  # takes one training step, returns its loss


@dataclass
class Data:
    """The training set, and the weights that every contender starts from."""

    points: list[tuple[float, float]]
    labels: list[int]
    weights: list[float]


# The contenders. Each imports what it needs itself, since not every environment has everything.


def ours(data: Data) -> Step:
    """The network as a user of this package writes it."""
    from micrograd import losses
    from micrograd.nn import MLP
    from micrograd.optim import SGD

    model: Any = MLP(2, [16, 16, 1])  # a single output, so a Value and not a list
    _set(model.parameters(), data.weights)
    optimizer = SGD(model.parameters(), LEARNING_RATE)

    def step() -> float:
        scores = [model(point) for point in data.points]
        loss = losses.max_margin(scores, data.labels) + losses.l2(model.parameters(), L2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.data

    return step


def peer(data: Data) -> Step:
    """The network as the peer's own notebook writes it."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    model = MLP(2, [16, 16, 1])
    _set(model.parameters(), data.weights)
    return _scalar_step(data, model.parameters(), Value, model)


def scalars(data: Data) -> Step:
    """The same network on our engine with nothing but `*`, `+` and `relu`."""
    from micrograd import Value

    parameters = [Value(weight) for weight in data.weights]
    return _scalar_step(data, parameters, Value, _mlp_of_scalars(parameters))


def torch_scalars(data: Data) -> Step:
    """The same network in PyTorch, a tensor for every number."""
    import torch

    torch.set_num_threads(1)

    def tensor(number: float) -> Any:
        return torch.tensor(number, dtype=torch.float64)

    parameters = [tensor(weight).requires_grad_() for weight in data.weights]
    return _scalar_step(data, parameters, tensor, _mlp_of_scalars(parameters))


def torch_tensors(data: Data) -> Step:
    """The same network in PyTorch as it is meant to be used: all points at once."""
    import torch

    torch.set_num_threads(1)
    points = torch.tensor(data.points, dtype=torch.float64)
    labels = torch.tensor(data.labels, dtype=torch.float64)
    matrices = []
    for layer in _layers(data.weights):
        rows = torch.tensor(layer, dtype=torch.float64)
        matrices.append((rows[:, :-1].T.clone().requires_grad_(), rows[:, -1].clone()))
        matrices[-1][1].requires_grad_()
    parameters = [tensor for pair in matrices for tensor in pair]
    optimizer = torch.optim.SGD(parameters, LEARNING_RATE)

    def step() -> float:
        x = points
        for i, (weight, bias) in enumerate(matrices):
            x = x @ weight + bias  # (100, nin) @ (nin, nout) -> (100, nout)
            x = x.relu() if i < len(matrices) - 1 else x
        loss = (1 - labels * x[:, 0]).relu().mean() + L2 * sum((p**2).sum() for p in parameters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


CONTENDERS = {c.__name__: c for c in (ours, scalars, peer, torch_scalars, torch_tensors)}


def _layers(weights: list[Any]) -> list[list[list[Any]]]:
    """The weights as layers of neurons of nin weights and a bias: 2-16-16-1."""
    each = iter(weights)
    return [
        [[next(each) for _ in range(nin + 1)] for _ in range(nout)]
        for nin, nout in ((2, 16), (16, 16), (16, 1))
    ]


def _mlp_of_scalars(parameters: list[Any]) -> Callable[[list[Any]], Any]:
    layers = _layers(parameters)

    def mlp(x: list[Any]) -> Any:
        for layer in layers:
            x = [sum((wi * xi for wi, xi in zip(w, x)), b) for *w, b in layer]
            x = x if layer is layers[-1] else [v.relu() for v in x]
        return x[0]

    return mlp


def _scalar_step(
    data: Data,
    parameters: list[Any],
    number: Callable[[float], Any],
    model: Callable[[list[Any]], Any],
) -> Step:
    """A training step in scalar operations, which all three scalar engines understand."""

    def step() -> float:
        scores = [model([number(v) for v in point]) for point in data.points]
        margins = [(1 + -y * score).relu() for y, score in zip(data.labels, scores)]
        loss = sum(margins) * (1.0 / len(margins)) + L2 * sum(p * p for p in parameters)
        for p in parameters:
            p.grad = None if hasattr(p, "requires_grad") else 0.0  # PyTorch takes no plain 0
        loss.backward()
        for p in parameters:
            p.data -= LEARNING_RATE * p.grad
        return float(loss.data)

    return step


def _set(parameters: Iterable[Any], weights: list[float]) -> None:
    for p, weight in zip(parameters, weights):
        p.data = weight


# Taking turns.


def work(name: str) -> None:
    """What a contender's process does: read the data, then for every line take a turn."""
    step = CONTENDERS[name](Data(**json.loads(sys.stdin.readline())))
    for _ in sys.stdin:
        turn = []
        for _ in range(STEPS):
            began = time.perf_counter()
            loss = step()
            turn.append((time.perf_counter() - began, loss))
        print(json.dumps(turn), flush=True)


class Contender:
    """A process that takes a turn when asked to."""

    def __init__(self, python: Path, name: str, data: Data) -> None:
        # -I: without this folder or PYTHONPATH, our `micrograd` does not hide the peer's.
        command = [str(python), "-I", __file__, "--work", name]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.losses: list[float] = []
        self.seconds: list[float] = []  # a training step, the median of each turn
        self._send(json.dumps(vars(data)))

    def turn(self) -> None:
        """Take one turn, and keep its losses and the time of a step."""
        self._send("")
        assert self.process.stdout
        turn = json.loads(self.process.stdout.readline())
        self.losses += [loss for _, loss in turn]
        self.seconds.append(median(seconds for seconds, _ in turn[1:]))

    def _send(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        """Let the process end."""
        self.process.communicate()


def peer_python() -> Path:
    """The Python of an environment that has micrograd 0.1.0, made if it is not there yet."""
    home = HERE / ".bench"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists() or subprocess.run([python, "-I", "-c", "import micrograd"]).returncode:
        print("installing the peer, micrograd 0.1.0, in .bench/", file=sys.stderr)
        venv.create(home, with_pip=True, clear=True)
        pins = HERE.parent / "constraints.txt"
        install = ["-m", "pip", "install", "--quiet", "-c", str(pins), "micrograd"]
        subprocess.run([str(python), *install], check=True)
    return python


def compare_steps(report: "Report") -> None:
    """The time of a training step for every contender."""
    from micrograd.moons import two_moons
    from micrograd.nn import MLP

    points, labels = two_moons(100, seed=1337)
    data = Data(points, labels, [p.data for p in MLP(2, [16, 16, 1], seed=1337).parameters()])
    pythons = dict.fromkeys(CONTENDERS, Path(sys.executable)) | {"peer": peer_python()}
    contenders = {name: Contender(python, name, data) for name, python in pythons.items()}
    for _ in range(TURNS):
        for contender in contenders.values():
            contender.turn()
    for name, contender in contenders.items():
        contender.close()
        for k, (loss, theirs) in enumerate(zip(contender.losses, contenders["peer"].losses)):
            if not math.isclose(loss, theirs, rel_tol=1e-9):
                raise SystemExit(f"step {k}: the loss of {name} is {loss}, the peer's {theirs}")

    texts = {
        "ours": "`nn.MLP`",
        "scalars": "the same with scalar `*`, `+`, `relu` only",
        "peer": "micrograd 0.1.0, its `nn.MLP`",
        "torch_scalars": "PyTorch, a tensor for every scalar",
        "torch_tensors": "PyTorch, all points in one tensor",
    }
    title = "One full-batch training step, 100 points, MLP 2-16-16-1, margin loss, float64"
    table = report.table("steps", title, [""], ["ms a step", "times faster than micrograd 0.1.0"])
    for name, text in texts.items():
        seconds = contenders[name].seconds
        ratio = median(a / b for a, b in zip(contenders["peer"].seconds, seconds))
        cells = f"{1000 * median(seconds):.2f}", f"{ratio:.1f}"
        table.row(text, *cells)
        if name in ("ours", "scalars"):
            what = f"a training step, {text}"
            there = f"micrograd 0.1.0: {1000 * median(contenders['peer'].seconds):.0f} ms"
            here = f"{cells[0]} ms, {cells[1]} times as fast"
            report.result(what, there, here, "nox -s bench -- 01-micrograd")
    print(f"\nMedians of {TURNS} turns. All losses of the {TURNS * STEPS} steps agree to 1e-9.")


# Large graphs.


def graph_seconds(n: int) -> float:
    """Seconds to build a graph of n nodes, go backward through it, and release it."""
    from micrograd import Value

    began = time.perf_counter()
    a, b, x = Value(0.999), Value(0.001), Value(1.0)
    for _ in range(n // 2):
        x = x * a + b
    x.backward()
    del x
    return time.perf_counter() - began


def graph_bytes(n: int) -> int:
    """The most memory that the same takes at one time."""
    tracemalloc.start()
    graph_seconds(n)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def compare_sizes(report: "Report") -> None:
    """Time and memory per node for graphs of growing size."""
    nanoseconds: dict[tuple[bool, int], list[float]] = {}
    for _ in range(5):
        for collector in (False, True):
            for n in SIZES:
                if not collector:
                    gc.disable()
                times = [graph_seconds(n) for _ in range(max(1, SIZES[-2] // n))]
                gc.enable()
                gc.collect()
                nanoseconds.setdefault((collector, n), []).append(1e9 * median(times) / n)
    title = "Graphs of growing size: `x = x * a + b`, built, gone backward through, released"
    columns = ["nodes", "ns a node", "ns with the cycle collector on", "bytes a node"]
    table = report.table("graphs", title, [], columns)
    for n in SIZES:
        off, on = (median(nanoseconds[collector, n]) for collector in (False, True))
        table.row(f"{n:,}", f"{off:.0f}", f"{on:.0f}", f"{graph_bytes(n) / n:.0f}")
    for collector, text in ((False, "off"), (True, "on")):
        small, *_, large = (median(nanoseconds[collector, n]) for n in SIZES)
        ratio = large / small
        print(f"\nCollector {text}: a node takes {ratio:.2f} times as long among {SIZES[-1]:,}.")


# Training.


def default_run(report: "Report") -> None:
    """What `python train.py` reaches."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "train.py", "--runs", folder, "--name", "run"]
        began = time.perf_counter()
        subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
        results = json.loads((Path(folder) / "run" / "results.json").read_text())
    what = f"two moons, accuracy after {results['steps']} steps"
    ours = f"{results['accuracy']:.0%}, {seconds:.1f} s"
    report.result(what, "the lecture's notebook: 100%", ours, "python train.py")


def main(report: "Report") -> None:
    """Fill the tables."""
    default_run(report)
    compare_steps(report)
    compare_sizes(report)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2])
    else:
        try:
            import torch  # noqa: F401

            from shared import benchmarks
        except ImportError as missing:
            sys.exit(f"error: {missing}; in the repository's root run `nox -s bench`")
        benchmarks.run("01-micrograd", main, packages=["torch"])
