"""The learning-rate finder: raise the rate at every step, and watch where the loss falls best.

Follows the second part of makemore (youtube.com/watch?v=TCH_1BHY58I), after Smith 2015
(arxiv.org/abs/1506.01186). Too low a rate changes nothing, too high a one blows up; a good one lies
between where the loss falls fastest and where it is lowest.
"""

from collections.abc import Iterator

from makemore.training import DivergedError, Trainer

MEMORY = 0.95  # of the smoothed loss, for what came before
GIVE_UP = 2.0  # times the first loss


def sweep(trainer: Trainer, low: float, high: float, steps: int) -> Iterator[tuple[float, float]]:
    """Train while the rate grows from `low` to `high`; yield rate and smoothed loss.

    Each step multiplies the rate by the same factor. Ends early when the loss is twice the first,
    or no number any more. Raises `ValueError` unless 0 < low < high and there are 2 steps.
    """
    if not (0 < low < high and steps >= 2):
        raise ValueError(f"rates must rise from above 0 in 2 steps or more: {low}, {high}, {steps}")
    first, average, weight = 0.0, 0.0, 0.0
    for step in range(steps):
        lr = low * (high / low) ** (step / (steps - 1))
        try:
            loss = trainer.step(step, lr / trainer.recipe.lr)
        except DivergedError:
            return
        average = MEMORY * average + (1 - MEMORY) * loss
        weight = MEMORY * weight + (1 - MEMORY)  # so that the first losses count in full
        first = first or loss
        if average / weight > GIVE_UP * first:
            return
        yield lr, average / weight


def steepest(curve: list[tuple[float, float]]) -> float:
    """The rate at which the loss falls most for the same factor in the rate.

    Falls are taken over a tenth of the curve, since single steps are mostly noise.
    """
    if len(curve) < 2:
        raise ValueError("the loss blew up at once; begin with a lower rate")
    width = max(1, len(curve) // 10)
    falls = [after - before for (_, before), (_, after) in zip(curve, curve[width:])]
    return curve[falls.index(min(falls)) + (width + 1) // 2][0]
