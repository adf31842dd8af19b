"""Learning-rate schedules: the factor on the base rate, as a plain function of the step.

A warm-up rises to 1, a decay falls from 1 to `final`; a program multiplies the two. `step` and
`total` may as well be seconds, for a run whose length is set by the clock.
"""

import math
from collections.abc import Callable
from typing import Literal

Decay = Literal["constant", "step", "linear", "cosine"]


def warm_up(step: float, steps: float) -> float:
    """A straight line from nearly 0 at step 0 to 1 at the last of `steps`, and 1 from there on."""
    return min(1.0, (step + 1) / steps) if steps > 0 else 1.0


def constant(step: float, total: float, final: float = 0.0) -> float:
    """1, all the time."""
    return 1.0


def step_decay(step: float, total: float, final: float = 0.1) -> float:
    """1, and `final` for the second half, as in the lectures."""
    return 1.0 if step < total / 2 else final


def linear(step: float, total: float, final: float = 0.0) -> float:
    """A straight line from 1 to `final` at `total`, and `final` from there on."""
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
    """The factor of a `warm_up` over `steps` and a decay to `final`, when `done` of all is done."""
    return warm_up(step, steps) * DECAYS[decay](done, 1.0, final)
