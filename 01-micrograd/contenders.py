"""What the benchmark compares: training steps of the same two models on several engines.

Each contender is a function that prepares a model and returns its step: a call that takes one
training step and returns the loss. All have the same data and the same initial weights.
"""

import importlib.util
import math
import random
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from micrograd import fused, gpt, nn
from micrograd.engine import Value
from micrograd.moons import two_moons
from shared import datasets

PEER, MICROGPT = "micrograd 0.1.0", "microgpt's form of engine"
SHAPE: tuple[int, list[int]] = (2, [16, 16, 1])
BATCH = 32

Step = Callable[[], float]  # takes one training step, returns its loss


def copy_of(module: ModuleType, **replaced: Any) -> Any:
    """A module with other things under some of its names: the same code on another engine."""
    assert module.__file__
    spec = importlib.util.spec_from_file_location("copy", module.__file__)
    assert spec and spec.loader
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    vars(copy).update(replaced)
    return copy


class Micro:
    """The form of engine that microgpt has: children and local gradients in tuples, recursion."""

    __slots__ = ("children", "data", "grad", "local")

    def __init__(self, data: float, children: Any = (), local: Any = ()) -> None:
        self.data, self.grad, self.children, self.local = data, 0.0, children, local

    def __add__(self, other: Any) -> "Micro":
        other = other if isinstance(other, Micro) else Micro(other)
        return Micro(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> "Micro":
        other = other if isinstance(other, Micro) else Micro(other)
        return Micro(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> "Micro":
        return Micro(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self) -> "Micro":
        return Micro(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self) -> "Micro":
        return Micro(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> "Micro":
        return Micro(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self) -> "Micro":
        return self * -1.0

    def __sub__(self, other: Any) -> "Micro":
        return self + -other

    def __truediv__(self, other: Any) -> "Micro":
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        order, seen = [], set()

        def visit(node: Micro) -> None:
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for child, local in zip(node.children, node.local):
                child.grad += local * node.grad


# A multi-layer perceptron on two moons.


def peer() -> Any:
    """`nn` of micrograd 0.1.0 from the package index, which has our own package's name."""
    folder = Path(__file__).parent / ".bench"
    if not (folder / "micrograd").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*pip, str(folder), "micrograd==0.1.0"], check=True)
    ours = {name: sys.modules.pop(name) for name in [*sys.modules] if "micrograd" in name}
    sys.path.insert(0, str(folder))
    theirs = importlib.import_module("micrograd.nn")
    sys.path.pop(0)
    sys.modules.update(ours)
    return theirs


def scalar_step(model: Any, no_gradient: float | None = 0.0) -> Step:
    """A training step in scalar operations, which every engine here understands."""
    points, labels = two_moons(100, seed=1337)
    parameters = model.parameters()

    def step() -> float:
        margins = [(1 + -y * model(point)).relu() for point, y in zip(points, labels)]
        loss = sum(margins) * (1 / len(margins)) + 1e-4 * sum(p * p for p in parameters)
        for p in parameters:
            p.grad = no_gradient
        loss.backward()
        for p in parameters:
            p.data -= 0.1 * p.grad
        return float(loss.data)

    return step


def torch_scalars() -> Step:
    """The same in PyTorch, a tensor for every number."""
    import torch

    torch.set_num_threads(1)

    def number(data: float) -> torch.Tensor:
        return torch.tensor(data, dtype=torch.float64, requires_grad=True)

    return scalar_step(copy_of(nn, Value=number).MLP(*SHAPE, seed=1337), no_gradient=None)


def torch_tensors() -> Step:
    """The same in PyTorch as it is meant to be used: all points in one tensor."""
    import torch

    torch.set_num_threads(1)
    points, labels = (torch.tensor(v, dtype=torch.float64) for v in two_moons(100, seed=1337))
    weights, biases = [], []
    for layer in nn.MLP(*SHAPE, seed=1337).layers:
        weights.append(tensor([neuron.w for neuron in layer.neurons]).requires_grad_())
        biases.append(tensor([neuron.b for neuron in layer.neurons]).requires_grad_())
    optimizer = torch.optim.SGD(parameters := [*weights, *biases], 0.1)

    def step() -> float:
        x = points
        for i, (w, b) in enumerate(zip(weights, biases)):
            x = x @ w.T + b  # (100, nin) @ (nin, nout) -> (100, nout)
            x = x.relu() if i < len(weights) - 1 else x
        loss = (1 - labels * x[:, 0]).relu().mean() + 1e-4 * sum((p**2).sum() for p in parameters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def tensor(values: list[Any]) -> Any:
    """The numbers of a list, or of lists, of Values as a tensor."""
    import torch

    numbers = [[v.data for v in row] if isinstance(row, list) else row.data for row in values]
    return torch.tensor(numbers, dtype=torch.float64)


def seeded_peer() -> Any:
    """The peer's network, with the weights that ours draws from `seed`."""
    random.seed(1337)
    return peer().MLP(*SHAPE)


NETWORKS: dict[str, Callable[[], Step]] = {
    "ours, `fused.MLP`": lambda: scalar_step(fused.MLP(*SHAPE, seed=1337)),
    "ours, `nn.MLP`": lambda: scalar_step(nn.MLP(*SHAPE, seed=1337)),
    PEER: lambda: scalar_step(seeded_peer()),
    MICROGPT: lambda: scalar_step(copy_of(nn, Value=Micro).MLP(*SHAPE, seed=1337)),
    "PyTorch, a tensor for every number": torch_scalars,
    "PyTorch, all points in one tensor": torch_tensors,
}


# A GPT on names: microgpt's sizes and settings.


def documents() -> list[list[int]]:
    """The lecture's names as tokens, in a fixed order."""
    names = datasets.load("names").text.split()
    random.Random(42).shuffle(names)
    letters = sorted(set("".join(names)))
    end = len(letters)
    return [[end, *map(letters.index, name), end] for name in names]


def gpt_step(module: Any) -> Step:
    """A training step of `micrograd.gpt`, or of a copy of it."""
    steps = module.train(module.GPT(27, seed=1), documents(), steps=1000)
    return lambda: float(next(steps))


def on_scalars(engine: type) -> Any:
    """A copy of `micrograd.gpt` on another engine, with a node for every `*` and `+`."""

    def dot(w: list[Any], x: list[Any]) -> Any:
        return sum((wi * xi for wi, xi in zip(w, x)), engine(0.0))

    def linear(x: list[Any], w: list[list[Any]], b: list[Any] | None = None) -> list[Any]:
        out = [dot(row, x) for row in w]
        return out if b is None else [o + bi for o, bi in zip(out, b)]

    def softmax(x: list[Any], temperature: float = 1.0) -> list[Any]:
        largest = max(xi.data for xi in x)
        exps = [((xi - largest) * (1 / temperature)).exp() for xi in x]
        total = sum(exps, engine(0.0))
        return [e / total for e in exps]

    def cross_entropy(logits: list[Any], target: int) -> Any:
        return -softmax(logits)[target].log()

    functions = {"dot": dot, "linear": linear, "softmax": softmax}
    return copy_of(gpt, Value=engine, cross_entropy=cross_entropy, **functions)


def torch_gpt(batch: int) -> Step:
    """The same in PyTorch, `batch` names a step."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(1)
    model = gpt.GPT(27, seed=1)
    (block,) = model.blocks
    attributes = vars(model) | vars(block)
    matrices = {k: v for k, v in attributes.items() if isinstance(v, list) and v != model.blocks}
    weights = {name: tensor(rows).requires_grad_() for name, rows in matrices.items()}
    optimizer = torch.optim.Adam(weights.values(), 0.01, betas=(0.85, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / 1000)
    stream = iter(documents())

    def norm(x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, x.shape[-1:], eps=1e-5)

    def heads(x: torch.Tensor, name: str) -> torch.Tensor:  # (B, T, C) -> (B, H, T, hs)
        return (norm(x) @ weights[name].T).unflatten(2, (-1, block.head_size)).transpose(1, 2)

    def step() -> float:
        tokens = [torch.tensor(name[: model.block_size + 1]) for name in islice(stream, batch)]
        padded = torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True, padding_value=-100)
        x, y = padded[:, :-1].clamp(min=0), padded[:, 1:]  # (B, T)
        x = norm(weights["token_embedding"][x] + weights["position_embedding"][: x.shape[1]])
        q, k, v = (heads(x, name) for name in ("query", "key", "value"))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        x = x + mixed @ weights["project"].T  # (B, T, C)
        x = x + (norm(x) @ weights["expand"].T).relu() @ weights["contract"].T
        loss = F.cross_entropy((x @ weights["lm_head"].T).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        return float(loss.detach())

    return step


BATCHED = f"{BATCH} names at a time"
GPTS: dict[str, Callable[[], Step]] = {
    "ours, `micrograd.gpt`": lambda: gpt_step(gpt),
    "ours, a node for every `*` and `+`": lambda: gpt_step(on_scalars(Value)),
    "microgpt's form, a node for every `*` and `+`": lambda: gpt_step(on_scalars(Micro)),
    "PyTorch, a name at a time": lambda: torch_gpt(1),
    f"PyTorch, {BATCHED}": lambda: torch_gpt(BATCH),
}
