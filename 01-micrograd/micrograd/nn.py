"""A neural-network library on top of the engine: a neuron, a layer of them, a stack of layers.

Follows the second half of the micrograd lecture (youtube.com/watch?v=VMj-3S1tku0), with its
interface and its reprs. Calling a neuron, a layer or an MLP takes one example, a list of numbers
or Values; `forward` is the same for Values alone. Left out: anything that works on a whole batch.
"""

import random
from collections.abc import Sequence

from micrograd.engine import ACTIVATIONS, Value, weighted_sum


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

    `rng` draws the weights: a `random.Random`, or by default Python's shared generator, the one
    that `random.seed` seeds. Raises `ValueError` for an unknown activation or no inputs.
    """

    def __init__(
        self, nin: int, activation: str = "relu", rng: random.Random | None = None
    ) -> None:
        if nin < 1:
            raise ValueError(f"a neuron needs at least 1 input, not {nin}")
        _check_activation(activation)
        uniform = rng.uniform if rng else random.uniform
        self.w = [Value(uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.0)
        self.activation = activation

    def __call__(self, x: Sequence[Value | float]) -> Value:
        return self.forward(_values(x))

    def forward(self, x: list[Value]) -> Value:
        return weighted_sum(self.w, x, self.b, self.activation)

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]

    def __repr__(self) -> str:
        name = "ReLU" if self.activation == "relu" else self.activation.capitalize()
        return f"{name}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons that see the same `nin` inputs."""

    def __init__(
        self, nin: int, nout: int, activation: str = "relu", rng: random.Random | None = None
    ) -> None:
        if nout < 1:
            raise ValueError(f"a layer needs at least 1 neuron, not {nout}")
        self.neurons = [Neuron(nin, activation, rng) for _ in range(nout)]

    def __call__(self, x: Sequence[Value | float]) -> Value | list[Value]:
        """The neurons' outputs; a single one comes by itself, not in a list."""
        return _unwrapped(self.forward(_values(x)))

    def forward(self, x: list[Value]) -> list[Value]:
        return [neuron.forward(x) for neuron in self.neurons]

    def parameters(self) -> list[Value]:
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(str(neuron) for neuron in self.neurons)}]"


class MLP(Module):
    """A multi-layer perceptron: `nin` inputs, then layers of sizes `nouts`, the last one linear.

    `MLP(2, [16, 16, 1], seed=1)` draws the same weights on every machine; without a seed they
    come from Python's shared generator.
    """

    def __init__(
        self, nin: int, nouts: Sequence[int], activation: str = "relu", seed: int | None = None
    ) -> None:
        if not nouts:
            raise ValueError("an MLP needs at least one layer")
        _check_activation(activation)  # also where there is no hidden layer to have it
        rng = None if seed is None else random.Random(seed)
        kinds = [activation] * (len(nouts) - 1) + ["linear"]
        self.layers = [
            Layer(n, nout, kind, rng) for n, nout, kind in zip([nin, *nouts], nouts, kinds)
        ]

    def __call__(self, x: Sequence[Value | float]) -> Value | list[Value]:
        """The last layer's outputs; a single one comes by itself, not in a list."""
        return _unwrapped(self.forward(_values(x)))

    def forward(self, x: list[Value]) -> list[Value]:
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(str(layer) for layer in self.layers)}]"


def _check_activation(activation: str) -> None:
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is one of {', '.join(ACTIVATIONS)}, not {activation!r}")


def _values(x: Sequence[Value | float]) -> list[Value]:
    return [v if isinstance(v, Value) else Value(v) for v in x]


def _unwrapped(out: list[Value]) -> Value | list[Value]:
    return out[0] if len(out) == 1 else out
