"""Reverse-mode automatic differentiation over scalars: all of backpropagation in one class.

Follows "The spelled-out intro to neural networks and backpropagation: building micrograd"
(Andrej Karpathy, youtube.com/watch?v=VMj-3S1tku0), from the first `Value` to `backward()`.

The forward pass builds a graph. Every operation makes a new `Value` that keeps its children and,
worked out on the spot, its local derivative with respect to each of them. So an operation is its
value with the derivatives beside it, and the chain rule is one line in `backward`.

All numbers are floats: inf and nan propagate as in IEEE arithmetic. An operation without a real
result raises an error that shows its operands. Nothing here recurses, so a graph may be a million
operations deep. Left out: tensors, and derivatives of derivatives.
"""

import math
from collections.abc import Callable


class Value:
    """A number, how it was computed, and the derivative of some later result with respect to it.

    `data` is the number; `grad` is d(result)/d(this), filled in by `result.backward()`; `label` is
    a name for pictures. `_prev`, `_op` and `_local` say how it was computed: the children, the
    operation, and the derivative with respect to each child. A leaf has none of them.
    Raises `TypeError` when `data` is not a real number.
    """

    __slots__ = ("_local", "_mark", "_op", "_own_backward", "_prev", "data", "grad", "label")

    def __init__(
        self,
        data: float,
        _children: "tuple[Value, ...]" = (),
        _op: str = "",
        _local: tuple[float, ...] = (),
        label: str = "",
    ) -> None:
        self.data = data if type(data) is float else _real(data)
        self.grad = 0.0
        self.label = label
        self._prev = _children
        self._op = _op
        self._local = _local
        self._own_backward: Callable[[], None] | None = None  # see `_backward`
        self._mark: object = None  # see `_topological_order`

    # The operations: each is its value, its children, and the derivative for each child.

    def __add__(self, other: "Value | float") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), "+", (1.0, 1.0))

    def __sub__(self, other: "Value | float") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data - other.data, (self, other), "-", (1.0, -1.0))

    def __mul__(self, other: "Value | float") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), "*", (other.data, self.data))

    def __truediv__(self, other: "Value | float") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        if other.data == 0:
            raise ZeroDivisionError(f"{self.data} / {other.data}: division by zero")
        quotient = self.data / other.data
        return Value(quotient, (self, other), "/", (1 / other.data, -quotient / other.data))

    def __pow__(self, other: "Value | float") -> "Value":
        exponent = other if isinstance(other, Value) else Value(other)
        x, n = self.data, exponent.data
        power, slope = _power(x, n), _power_slope(x, n)
        if exponent is not other:  # a plain number is part of the operation, as in x**2
            return Value(power, (self,), f"**{other}", (slope,))
        log_x = math.log(x) if x > 0 else 0.0 if x == 0 else math.nan
        return Value(power, (self, exponent), "**", (slope, power * log_x))  # d(x**n)/dn

    def __neg__(self) -> "Value":
        return Value(-self.data, (self,), "neg", (-1.0,))

    def exp(self) -> "Value":
        """e to this power. Raises `OverflowError` above about 709.78."""
        try:
            power = math.exp(self.data)
        except OverflowError:
            raise OverflowError(f"exp({self.data}): too large for a float") from None
        return Value(power, (self,), "exp", (power,))

    def log(self) -> "Value":
        """The natural logarithm. Raises `ValueError` for 0 and below."""
        if self.data <= 0:
            raise ValueError(f"log({self.data}): defined for positive numbers only")
        return Value(math.log(self.data), (self,), "log", (1 / self.data,))

    def relu(self) -> "Value":
        """max(0, x). Its derivative at exactly 0 is 0, as in PyTorch."""
        x = self.data
        return Value(0.0 if x <= 0 else x, (self,), "relu", (0.0 if x <= 0 else 1.0,))

    def tanh(self) -> "Value":
        """The hyperbolic tangent: from -1 to 1, for any input."""
        t = math.tanh(self.data)
        return Value(t, (self,), "tanh", (1 - t * t,))

    def sigmoid(self) -> "Value":
        """1 / (1 + exp(-x)): from 0 to 1, for any input."""
        e = math.exp(-abs(self.data))  # at most 1, so it cannot overflow
        s = 1 / (1 + e) if self.data >= 0 else e / (1 + e)
        return Value(s, (self,), "sigmoid", (e / (1 + e) ** 2,))

    # A plain number on the left.

    def __radd__(self, other: float) -> "Value":
        return self + other

    def __rsub__(self, other: float) -> "Value":
        return Value(other) - self

    def __rmul__(self, other: float) -> "Value":
        return self * other

    def __rtruediv__(self, other: float) -> "Value":
        return Value(other) / self

    def __rpow__(self, other: float) -> "Value":
        return Value(other) ** self

    # Backpropagation.

    def backward(self) -> None:
        """Add d(self)/d(v) to `v.grad`, for every `v` that this value was computed from.

        As in PyTorch, gradients of several calls add up until something sets them to zero.
        """
        order = _topological_order(self)
        earlier = [(node, node.grad) for node in order if node.grad]
        for node, _ in earlier:  # what earlier calls left must not flow down a second time
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            node._backward()
        for node, grad in earlier:
            node.grad += grad

    @property
    def _backward(self) -> Callable[[], None]:
        """The lecture's way to say how a node passes its gradient on; set it to a function.

        `backward` calls it for every node but the leaves, which have nothing to pass on to.
        """
        return self._own_backward or self._chain_rule

    @_backward.setter
    def _backward(self, backward: Callable[[], None]) -> None:
        self._own_backward = backward

    def _chain_rule(self) -> None:
        """Pass this node's gradient on to its children."""
        for child, local in zip(self._prev, self._local):
            child.grad += local * self.grad

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"


def _topological_order(root: Value) -> list[Value]:
    """`root` and the nodes it was computed from, each after its children; leaves left out.

    Depth first, with a stack of our own instead of recursion: a node is met once to put its
    children on top of it, and again when they are done. Each search has marks of its own, so those
    of an earlier search mean nothing.
    """
    entered, done = object(), object()
    order = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node._mark is entered:
            node._mark = done
            order.append(node)
        elif node._mark is not done:  # else another parent came first
            node._mark = entered
            stack.append(node)
            for child in node._prev:
                if child._prev and child._mark is not done:
                    stack.append(child)
    return order


def _real(number: object) -> float:
    """The number as a float; raises `TypeError` for what is not a real number."""
    if isinstance(number, complex) or not hasattr(number, "__float__"):
        raise TypeError(f"a Value holds a real number, not {number!r} ({type(number).__name__})")
    return float(number)


def _power(x: float, n: float) -> float:
    """x**n, or an error that says why there is no such float."""
    try:
        power = x**n
    except ZeroDivisionError:
        raise ZeroDivisionError(f"{x} ** {n}: zero to a negative power") from None
    except OverflowError:
        raise OverflowError(f"{x} ** {n}: too large for a float") from None
    if isinstance(power, complex):
        raise ValueError(f"{x} ** {n}: a negative base needs a whole exponent")
    return float(power)


def _power_slope(x: float, n: float) -> float:
    """d(x**n)/dx = n * x**(n-1), infinite where x**n has a vertical tangent, as in PyTorch."""
    if n == 0:
        return 0.0
    try:
        return float(n * x ** (n - 1))
    except (ZeroDivisionError, OverflowError):
        return n * (math.copysign(math.inf, x) if n % 2 == 0 else math.inf)
