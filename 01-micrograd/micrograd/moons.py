"""Two moons: points on two interleaved half circles, which no straight line can separate.

The data of the lecture's notebook, which takes it from scikit-learn's `make_moons`; the same shape
here in pure Python.
"""

import math
import random


def two_moons(
    points: int, noise: float = 0.1, seed: int | None = None
) -> tuple[list[tuple[float, float]], list[int]]:
    """`points` pairs (x, y) and their labels: +1 on the upper moon, -1 on the lower, in turn.

    The upper moon is the half circle of radius 1 around (0, 0); the lower, around (1, 0.5), is
    open upwards. Each coordinate is off by a normal deviate of standard deviation `noise`.
    Raises `ValueError` for fewer than 2 points or a negative noise.
    """
    if points < 2:
        raise ValueError(f"points must be at least 2, not {points}")
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise must be at least 0, not {noise}")
    rng = random.Random(seed)
    xs, labels = [], []
    for i in range(points):
        angle = rng.uniform(0, math.pi)
        label = 1 if i % 2 == 0 else -1
        x, y = math.cos(angle), math.sin(angle)
        if label == -1:
            x, y = 1 - x, 0.5 - y
        xs.append((x + rng.gauss(0, noise), y + rng.gauss(0, noise)))
        labels.append(label)
    return xs, labels
