"""The neuron of `nn` again, many times as fast: a whole weighted sum as one node of the graph.

Written with `*` and `+`, w·x makes two nodes a term, and nearly all of a network's time goes into
making them. But a node may have any number of children: the derivative of w·x with respect to a
weight is its input, with respect to an input its weight.

    from micrograd.fused import MLP

gives the numbers and the gradients of `nn.MLP`, up to rounding.
"""

import math
from collections.abc import Sequence
from operator import mul
from typing import Any

from micrograd import nn
from micrograd.engine import Value


def dot(w: Sequence[Value], x: Sequence[Value]) -> Value:
    """w1*x1 + w2*x2 + …, as one node. Raises `ValueError` unless there are as many of each."""
    if len(w) != len(x):
        raise ValueError(f"a dot product of {len(w)} and {len(x)} numbers")
    ws, xs = [wi.data for wi in w], [xi.data for xi in x]
    return Value(sum(map(mul, ws, xs)), (*w, *x), "dot", (*xs, *ws))


def linear(
    x: Sequence[Value], w: Sequence[Sequence[Value]], b: Sequence[Value] | None = None
) -> list[Value]:
    """w @ x + b: the dot product of `x` with each row of `w`, plus a number, as one node each."""
    xs = [xi.data for xi in x]
    out = []
    for i, row in enumerate(w):
        ws = [wi.data for wi in row]
        if b is None:
            out.append(Value(sum(map(mul, ws, xs)), (*row, *x), "dot", (*xs, *ws)))
        else:
            total = sum(map(mul, ws, xs), b[i].data)
            out.append(Value(total, (*row, *x, b[i]), "dot", (*xs, *ws, 1.0)))
    return out


def neuron(w: Sequence[Value], x: Sequence[Value], b: Value, activation: str = "") -> Value:
    """activation(w·x + b), as one node; `activation` is a method of `Value`, or none.

    Raises `ValueError` when there are not as many inputs as weights.
    """
    if len(w) != len(x):
        raise ValueError(f"{len(x)} inputs for {len(w)} weights")
    ws, xs = [wi.data for wi in w], [xi.data for xi in x]
    total = sum(map(mul, ws, xs), b.data)
    local = (*xs, *ws, 1.0)
    if not activation:
        return Value(total, (*w, *x, b), "dot", local)
    activated = getattr(Value(total), activation)()  # the engine's value and slope
    (slope,) = activated._local
    if slope == 0 and math.isfinite(total):  # then all of local is finite, and 0 times it is 0
        local = (0.0,) * len(local)
    elif slope != 1:
        local = tuple([slope * d for d in local])
    return Value(activated.data, (*w, *x, b), activation, local)


class MLP(nn.MLP):
    """`nn.MLP`, in which each neuron is one node."""

    def __call__(self, x: Sequence[Value | float]) -> Any:
        out = [xi if isinstance(xi, Value) else Value(xi) for xi in x]
        for layer in self.layers:
            out = [neuron(n.w, out, n.b, n.activation if n.nonlin else "") for n in layer.neurons]
        return out[0] if len(out) == 1 else out
