"""Reverse-mode automatic differentiation over scalars: all of backpropagation in one class.

Follows "The spelled-out intro to neural networks and backpropagation: building micrograd"
(Andrej Karpathy, youtube.com/watch?v=VMj-3S1tku0), from the first `Value` to `backward()`.

The forward pass builds a graph. Every operation makes a new `Value` that keeps its children and,
worked out there and then, its local derivative with respect to each of them. So an operation is
its value with the derivatives beside it, and the chain rule is one loop, in `Value._backward`.

All numbers are floats: inf and nan travel as in IEEE arithmetic. An operation with no real answer
raises an error that shows its operands, and so do `exp` and `**` when theirs is too large for a
float. Nothing here recurses, so a graph may be a million operations deep. Left out: tensors, and
derivatives of derivatives.
"""

import math


class Value:
    """A number, how it was computed, and the derivative of some later result with respect to it.

    `data` is the number. `grad` is d(result)/d(this), filled in by `result.backward()`. `label` is
    a name for pictures. `_prev`, `_local` and `_op` say how it was computed: the children, the
    local derivative with respect to each child, and the operation; they are empty for a leaf.
    `_mark` belongs to `_topological_order`.
    Raises `TypeError` when `data` is not a real number.
    """

    __slots__ = ("_local", "_mark", "_op", "_prev", "data", "grad", "label")

    def __init__(self, data: float, label: str = "") -> None:
        if isinstance(data, complex) or not hasattr(data, "__float__"):
            raise TypeError(f"a Value holds a real number, not {data!r} ({type(data).__name__})")
        self.data = float(data)
        self.grad = 0.0
        self.label = label
        self._prev: tuple[Value, ...] = ()
        self._local: tuple[float, ...] = ()
        self._op = ""
        self._mark: object = None

    # The operations: each is its value, its children, and the derivative for each child.

    def __add__(self, other: "Value | float") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        return _node("+", self.data + other.data, (self, other), (1.0, 1.0))

    def __sub__(self, other: "Value | float") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        return _node("-", self.data - other.data, (self, other), (1.0, -1.0))

    def __mul__(self, other: "Value | float") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        return _node("*", self.data * other.data, (self, other), (other.data, self.data))

    def __truediv__(self, other: "Value | float") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        if other.data == 0:
            raise ZeroDivisionError(f"{self.data} / {other.data}: division by zero")
        quotient = self.data / other.data
        return _node("/", quotient, (self, other), (1 / other.data, -quotient / other.data))

    def __pow__(self, other: "Value | float") -> "Value":
        x, n = self.data, (other if isinstance(other, Value) else Value(other)).data
        power = _power(x, n)
        if not isinstance(other, Value):  # a plain exponent is part of the operation, as in x**2
            return _node(f"**{other}", power, (self,), (_power_slope(x, n),))
        log_x = math.log(x) if x > 0 else 0.0 if x == 0 else math.nan
        return _node("**", power, (self, other), (_power_slope(x, n), power * log_x))

    def __neg__(self) -> "Value":
        return _node("neg", -self.data, (self,), (-1.0,))

    def exp(self) -> "Value":
        """e to this power. Raises `OverflowError` above about 709.78."""
        try:
            power = math.exp(self.data)
        except OverflowError:
            raise OverflowError(f"exp({self.data}): too large for a float") from None
        return _node("exp", power, (self,), (power,))

    def log(self) -> "Value":
        """The natural logarithm. Raises `ValueError` for 0 and below."""
        if self.data <= 0:
            raise ValueError(f"log({self.data}): defined for positive numbers only")
        return _node("log", math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> "Value":
        """max(0, x). Its derivative at exactly 0 is 0, as in PyTorch."""
        return self._activate("relu")

    def tanh(self) -> "Value":
        """The hyperbolic tangent: from -1 to 1, for any input."""
        return self._activate("tanh")

    def sigmoid(self) -> "Value":
        """1 / (1 + exp(-x)): from 0 to 1, for any input."""
        return self._activate("sigmoid")

    def _activate(self, name: str) -> "Value":
        y, slope = ACTIVATIONS[name](self.data)
        return _node(name, y, (self,), (slope,))

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

    def _backward(self) -> None:
        """The chain rule: this node's gradient, times each local derivative, goes to that child."""
        grad = self.grad
        for child, local in zip(self._prev, self._local):
            child.grad += local * grad

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

    def zero_grad(self) -> None:
        """Set the gradient of this value, and of all that it was computed from, to zero."""
        for node in _topological_order(self):
            node.grad = 0.0
            for child in node._prev:
                child.grad = 0.0

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"


# The activations: each is a value with its derivative beside it.


def _linear(x: float) -> tuple[float, float]:
    return x, 1.0


def _relu(x: float) -> tuple[float, float]:
    return (0.0, 0.0) if x <= 0 else (x, 1.0)


def _tanh(x: float) -> tuple[float, float]:
    t = math.tanh(x)
    return t, 1 - t * t


def _sigmoid(x: float) -> tuple[float, float]:
    e = math.exp(-abs(x))  # at most 1, so it cannot overflow
    return (1 / (1 + e) if x >= 0 else e / (1 + e)), e / (1 + e) ** 2


ACTIVATIONS = {"linear": _linear, "relu": _relu, "tanh": _tanh, "sigmoid": _sigmoid}


def weighted_sum(
    weights: list[Value], inputs: list[Value], bias: Value, activation: str = "linear"
) -> Value:
    """activation(w1*x1 + w2*x2 + … + bias), a whole neuron, as one node.

    Written with `*`, `+` and `relu` it is the same number and the same gradients, from two nodes a
    term. The derivative of the sum with respect to a weight is its input, with respect to an input
    its weight; the activation's slope multiplies them all.
    Raises `ValueError` when there are not as many inputs as weights.
    """
    if len(weights) != len(inputs):
        raise ValueError(f"{len(inputs)} inputs for {len(weights)} weights")
    w = [weight.data for weight in weights]
    x = [value.data for value in inputs]
    total = sum([wi * xi for wi, xi in zip(w, x)], bias.data)
    y, slope = ACTIVATIONS[activation](total)
    local = (*x, *w, 1.0)
    if slope == 0 and math.isfinite(total):  # then all of w and x are finite, and 0 of each is 0
        local = (0.0,) * len(local)
    elif slope != 1:
        local = tuple([slope * d for d in local])
    return _node(activation, y, (*weights, *inputs, bias), local)


def _node(op: str, data: float, prev: tuple[Value, ...], local: tuple[float, ...]) -> Value:
    """The result of an operation, made without `__init__`, whose check of the input takes time."""
    out = Value.__new__(Value)
    out.data = data
    out.grad = 0.0
    out.label = ""
    out._prev = prev
    out._local = local
    out._op = op
    out._mark = None
    return out


def _topological_order(root: Value) -> list[Value]:
    """`root` and the nodes it was computed from, each after its children; leaves left out.

    Depth first, with a stack of our own instead of recursion: a node is met once to put its
    children on top of it, and again when they are done. The marks are new objects every time, so
    that none of an earlier search is mistaken for one of this.
    """
    entered, done = object(), object()
    order = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node._mark is entered:
            node._mark = done
            order.append(node)
        elif node._mark is not done:  # it is, if another node that uses it was first
            node._mark = entered
            stack.append(node)
            for child in node._prev:
                if child._prev and child._mark is not done:
                    stack.append(child)
    return order


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
