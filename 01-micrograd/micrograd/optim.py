"""Optimizers: how the gradients change the parameters.

The lecture's update is `p.data += -lr * p.grad`, with a learning rate that shrinks as training goes
on (youtube.com/watch?v=VMj-3S1tku0). Beside it stand three ideas that later lectures take from
PyTorch, in the form that they have there: momentum (Polyak 1964), steps that do not depend on how
large the gradients are (RMSprop, Hinton 2012), and both of them (Adam, Kingma and Ba 2014,
arxiv.org/abs/1412.6980).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

from micrograd.engine import Value

EPSILON = 1e-8  # so that a gradient that was always 0 does not divide by 0


class Optimizer(ABC):
    """Parameters, and the learning rate `lr`, which may be set anew before every step.

    Raises `ValueError` for a learning rate that is not positive.
    """

    def __init__(self, parameters: Sequence[Value], lr: float) -> None:
        if not 0 < lr < math.inf:
            raise ValueError(f"lr must be a number above 0, not {lr}")
        self.parameters = list(parameters)
        self.lr = lr

    @abstractmethod
    def step(self) -> None:
        """Move every parameter against its gradient."""

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.grad = 0.0


class SGD(Optimizer):
    """Gradient descent, as in the lecture: a step is the learning rate times the gradient."""

    def step(self) -> None:
        for p in self.parameters:
            p.data -= self.lr * p.grad


class Momentum(Optimizer):
    """Gradient descent with momentum: the step remembers a share `momentum` of the one before it.

    Raises `ValueError` for a momentum outside [0, 1).
    """

    def __init__(self, parameters: Sequence[Value], lr: float, momentum: float) -> None:
        super().__init__(parameters, lr)
        self.momentum = _check_fraction("momentum", momentum)
        self._velocity = [0.0] * len(self.parameters)

    def step(self) -> None:
        self._velocity = [
            self.momentum * v + p.grad for v, p in zip(self._velocity, self.parameters)
        ]
        for p, v in zip(self.parameters, self._velocity):
            p.data -= self.lr * v


class RMSprop(Optimizer):
    """Every gradient divided by its usual size, the root of a running mean of its squares.

    `alpha` is the share of that mean that stays from step to step. Raises `ValueError` for an
    `alpha` outside [0, 1).
    """

    def __init__(self, parameters: Sequence[Value], lr: float, alpha: float = 0.99) -> None:
        super().__init__(parameters, lr)
        self.alpha = _check_fraction("alpha", alpha)
        self._squares = [0.0] * len(self.parameters)

    def step(self) -> None:
        self._squares = [
            self.alpha * s + (1 - self.alpha) * p.grad**2
            for s, p in zip(self._squares, self.parameters)
        ]
        for p, s in zip(self.parameters, self._squares):
            p.data -= self.lr * p.grad / (math.sqrt(s) + EPSILON)


class Adam(Optimizer):
    """A running mean of the gradient, divided by the root of a running mean of its squares.

    `betas` are the shares of the two means that stay from step to step. Both begin at 0, which
    makes them too small at first; dividing by 1 - beta**steps corrects this.
    Raises `ValueError` for betas outside [0, 1).
    """

    def __init__(
        self, parameters: Sequence[Value], lr: float, betas: tuple[float, float] = (0.9, 0.999)
    ) -> None:
        super().__init__(parameters, lr)
        self.betas = _check_fraction("beta", betas[0]), _check_fraction("beta", betas[1])
        self._means = [0.0] * len(self.parameters)
        self._squares = [0.0] * len(self.parameters)
        self._steps = 0

    def step(self) -> None:
        b1, b2 = self.betas
        c1, c2 = 1 - b1, 1 - b2
        self._steps += 1
        lr, correct2 = self.lr / (1 - b1**self._steps), 1 - b2**self._steps
        means, squares = self._means, self._squares
        for i, p in enumerate(self.parameters):
            grad = p.grad
            means[i] = mean = b1 * means[i] + c1 * grad
            squares[i] = square = b2 * squares[i] + c2 * grad * grad
            p.data -= lr * mean / (math.sqrt(square / correct2) + EPSILON)


def _check_fraction(name: str, value: float) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, not {value}")
    return value


def linear_decay(lr: float, step: int, steps: int, final: float = 0.1) -> float:
    """The learning rate of a step from 0 to `steps`: from `lr` straight down to `final * lr`.

    Raises `ValueError` for a step outside of that.
    """
    if not 0 <= step <= steps or steps < 1:
        raise ValueError(f"step must be from 0 to {steps}, not {step}")
    return lr * (1 - (1 - final) * step / steps)
