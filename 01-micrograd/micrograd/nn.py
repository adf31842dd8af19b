"""A neural-network library on top of the engine: a neuron, a layer of them, a stack of layers.

Follows the second half of the micrograd lecture (youtube.com/watch?v=VMj-3S1tku0, from 1:43:55),
with the interface and the reprs of micrograd's package. Calling a neuron, a layer or an MLP takes
one example, a list of numbers or Values. Left out: anything that works on a whole batch, and speed;
see `fused`.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any

from micrograd.engine import Value


class Module:
    """Anything with parameters: the Values that training changes."""

    def parameters(self) -> list[Value]:
        return []

    def zero_grad(self) -> None:
        """Set every parameter's gradient to zero, since `backward()` adds to what is there."""
        for p in self.parameters():
            p.grad = 0.0


class Neuron(Module):
    """activation(w·x + b), with `nin` weights drawn from -1 to 1 and the bias at 0.

    `activation` is a method of `Value`: relu, tanh, sigmoid. Without `nonlin` there is none.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        activation: str = "relu",
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.w = [Value(uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.0)
        self.nonlin = nonlin
        self.activation = activation

    def __call__(self, x: Sequence[Value | float]) -> Value:
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return getattr(act, self.activation)() if self.nonlin else act

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]

    def __repr__(self) -> str:
        name = "ReLU" if self.activation == "relu" else self.activation.capitalize()
        return f"{name if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons that see the same `nin` inputs; `options` are those of `Neuron`."""

    def __init__(self, nin: int, nout: int, **options: Any) -> None:
        self.neurons = [Neuron(nin, **options) for _ in range(nout)]

    def __call__(self, x: Sequence[Value | float]) -> Any:
        """The neurons' outputs, a list; a single one comes by itself, as a Value."""
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(str(neuron) for neuron in self.neurons)}]"


class MLP(Module):
    """A multi-layer perceptron: `nin` inputs, then layers of sizes `nouts`, the last one linear.

    `MLP(2, [16, 16, 1], seed=1)` draws the same weights on every machine; without a seed they
    come from Python's shared generator, which `random.seed` seeds.
    """

    def __init__(
        self, nin: int, nouts: Sequence[int], activation: str = "relu", seed: int | None = None
    ) -> None:
        uniform = random.uniform if seed is None else random.Random(seed).uniform
        sizes = [nin, *nouts]
        self.layers = [
            Layer(
                sizes[i],
                sizes[i + 1],
                nonlin=i < len(nouts) - 1,
                activation=activation,
                uniform=uniform,
            )
            for i in range(len(nouts))
        ]

    def __call__(self, x: Sequence[Value | float]) -> Any:
        """The last layer's outputs, a list; a single one comes by itself, as a Value."""
        for layer in self.layers:
            x = [neuron(x) for neuron in layer.neurons]  # `layer(x)` would unwrap a single one
        return x[0] if len(x) == 1 else x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(str(layer) for layer in self.layers)}]"
