"""Gradient checking: the derivative by its definition, against the one that `backward()` found.

The lecture (youtube.com/watch?v=VMj-3S1tku0) opens with this: nudge an input by a little, see how
far the output moves. Here the nudge goes both ways, since (f(x+h) - f(x-h)) / 2h is off by h² where
the one-sided slope is off by h.
"""

from collections.abc import Callable, Sequence

from micrograd.engine import Value

Function = Callable[[list[Value]], Value]


def slope(f: Callable[[float], float], x: float, h: float = 1e-6) -> float:
    """How steep `f` is at `x`: how far it moves for each unit that its input moves."""
    return (f(x + h) - f(x - h)) / (2 * h)


def analytic_gradients(f: Function, inputs: Sequence[float]) -> list[float]:
    """The derivative of f(inputs) with respect to each input, by backpropagation."""
    values = [Value(x) for x in inputs]
    f(values).backward()
    return [v.grad for v in values]


def numeric_gradients(f: Function, inputs: Sequence[float], h: float = 1e-6) -> list[float]:
    """The same by central differences, with a step of `h` times the size of each input."""
    return [slope(_along(f, inputs, i), x, h * max(1.0, abs(x))) for i, x in enumerate(inputs)]


def gradcheck(
    f: Function, inputs: Sequence[float], h: float = 1e-6, tolerance: float = 1e-6
) -> float:
    """The largest difference between the two, relative to their size (absolute below 1).

    Raises `ValueError`, naming the input and both derivatives, when it is above `tolerance`.
    """
    worst = 0.0
    pairs = zip(analytic_gradients(f, inputs), numeric_gradients(f, inputs, h))
    for i, (analytic, numeric) in enumerate(pairs):
        error = abs(analytic - numeric) / max(1.0, abs(analytic), abs(numeric))
        if not error <= tolerance:
            raise ValueError(
                f"input {i} = {inputs[i]}: backward() says {analytic}, the slope is {numeric}"
            )
        worst = max(worst, error)
    return worst


def _along(f: Function, inputs: Sequence[float], i: int) -> Callable[[float], float]:
    """`f` as a function of input `i` alone."""
    return lambda x: f([Value(x if j == i else v) for j, v in enumerate(inputs)]).data
