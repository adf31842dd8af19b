"""Loss functions: one number that says how wrong the outputs are, made of the engine's operations.

The lecture (youtube.com/watch?v=VMj-3S1tku0) uses the mean squared error, and its notebook the
max-margin loss of a support vector machine with L2 regularization. Each loss here is a mean over
the examples; regularization is a term of its own, to be added to any of them:

    loss = max_margin(scores, labels) + l2(model.parameters(), 1e-4)
"""

from collections.abc import Sequence

from micrograd.engine import Value


def max_margin(scores: Sequence[Value], labels: Sequence[float]) -> Value:
    """The mean of max(0, 1 - label * score), for labels -1 and +1: right by a margin costs nothing.

    Also called hinge loss. Raises `ValueError` for another label, or for lists of unequal length.
    """
    return _mean([(1 - y * s).relu() for s, y in _pairs(scores, labels, allowed=(-1, 1))])


def mean_squared_error(outputs: Sequence[Value], targets: Sequence[float]) -> Value:
    """The mean of (output - target)², for any targets.

    Raises `ValueError` for lists of unequal length.
    """
    return _mean([(s - y) ** 2 for s, y in _pairs(outputs, targets)])


def binary_cross_entropy(logits: Sequence[Value], labels: Sequence[float]) -> Value:
    """The mean of -log P(label), in nats, where P(1) = sigmoid(logit), for labels 0 and 1.

    Finite for any finite logit: -log P is log(1 + exp(z)), with z the logit against the label.
    Raises `ValueError` for another label, or for lists of unequal length.
    """
    return _mean(
        [_softplus(s if y == 0 else -s) for s, y in _pairs(logits, labels, allowed=(0, 1))]
    )


def l2(parameters: list[Value], strength: float) -> Value:
    """strength * (the sum of the squares of the parameters): large weights cost."""
    return strength * sum([p * p for p in parameters], Value(0))


def l1(parameters: list[Value], strength: float) -> Value:
    """strength * (the sum of the absolute values of the parameters): each is pulled equally."""
    return strength * sum([p.relu() + (-p).relu() for p in parameters], Value(0))


def accuracy(scores: Sequence[Value], labels: Sequence[float]) -> float:
    """The share of examples, from 0 to 1, whose score has the sign of its label."""
    return sum((s.data > 0) == (y > 0) for s, y in _pairs(scores, labels)) / len(scores)


def _softplus(z: Value) -> Value:
    """log(1 + exp(z)), the larger exponent taken out first so that nothing overflows."""
    top = z.relu()
    return top + ((-top).exp() + (z - top).exp()).log()


def _mean(losses: list[Value]) -> Value:
    return sum(losses, Value(0)) / len(losses)


def _pairs(
    outputs: Sequence[Value], targets: Sequence[float], allowed: tuple[int, ...] = ()
) -> list[tuple[Value, float]]:
    if not outputs or len(outputs) != len(targets):
        raise ValueError(f"{len(outputs)} outputs for {len(targets)} targets")
    for y in targets:
        if allowed and y not in allowed:
            raise ValueError(f"labels are {allowed[0]} or {allowed[1]}, not {y}")
    return list(zip(outputs, targets))


LOSSES = {"margin": max_margin, "mse": mean_squared_error, "bce": binary_cross_entropy}
