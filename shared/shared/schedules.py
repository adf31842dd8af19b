"""Learning-rate schedules: a factor for the learning rate, as a plain function of the step.

A warm-up rises to 1, a decay falls from 1 to `final`; the factor is their product. `step` and
`total` can also be in seconds, for a run that ends after some time.
"""

import math
from collections.abc import Callable
from typing import Literal

Decay = Literal["constant", "step", "linear", "cosine"]


def warm_up(step: float, steps: float) -> float:
    """A straight line from `1 / steps` at step 0 to 1 at the last of `steps`; then 1."""
    return min(1.0, (step + 1) / steps) if steps > 0 else 1.0


def constant(step: float, total: float, final: float = 0.0) -> float:
    """Always 1."""
    return 1.0


def step_decay(step: float, total: float, final: float = 0.1) -> float:
    """1 in the first half and `final` in the second, as in the lectures."""
    return 1.0 if step < total / 2 else final


def linear(step: float, total: float, final: float = 0.0) -> float:
    """A straight line from 1 at step 0 to `final` at `total`; then `final`."""
    return 1.0 - (1.0 - final) * min(step / total, 1.0)


def cosine(step: float, total: float, final: float = 0.0) -> float:
    """Half a wave, from 1 to `final` (Loshchilov and Hutter 2016, arxiv.org/abs/1608.03983)."""
    return final + (1.0 - final) * (1.0 + math.cos(math.pi * min(step / total, 1.0))) / 2


DECAYS: dict[Decay, Callable[..., float]] = {
    "constant": constant,
    "step": step_decay,
    "linear": linear,
    "cosine": cosine,
}


def rise_and_fall(step: int, done: float, steps: float, decay: Decay, final: float = 0.0) -> float:
    """A `warm_up` over `steps` times a decay to `final`; `done` is the fraction of the run."""
    return warm_up(step, steps) * DECAYS[decay](done, 1.0, final)
