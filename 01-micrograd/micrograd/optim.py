"""Optimisers: how the gradients change the parameters.

The lecture's update is `p.data += -lr * p.grad`, with a learning rate that shrinks as training goes
on (youtube.com/watch?v=VMj-3S1tku0). Momentum is Polyak's, in the form that PyTorch's SGD has.
"""

import math
from collections.abc import Sequence

from micrograd.engine import Value


class SGD:
    """Gradient descent with momentum: the step remembers a share `momentum` of the one before it.

    `lr` may be set anew before every step. Raises `ValueError` for a learning rate that is not
    positive or a momentum outside [0, 1).
    """

    def __init__(self, parameters: Sequence[Value], lr: float, momentum: float = 0.0) -> None:
        if not 0 < lr < math.inf:
            raise ValueError(f"lr must be a number above 0, not {lr}")
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be at least 0 and below 1, not {momentum}")
        self.parameters = list(parameters)
        self.lr = lr
        self.momentum = momentum
        self._velocity = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Move every parameter against its gradient."""
        self._velocity = [
            self.momentum * v + p.grad for v, p in zip(self._velocity, self.parameters)
        ]
        for p, v in zip(self.parameters, self._velocity):
            p.data -= self.lr * v

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.grad = 0.0


def linear_decay(lr: float, step: int, steps: int, final: float = 0.1) -> float:
    """The learning rate of a step from 0 to `steps`: from `lr` straight down to `final * lr`.

    Raises `ValueError` for a step outside of that.
    """
    if not 0 <= step <= steps or steps < 1:
        raise ValueError(f"step must be from 0 to {steps}, not {step}")
    return lr * (1 - (1 - final) * step / steps)
