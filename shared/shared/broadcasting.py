"""Broadcasting: how numpy and PyTorch combine arrays of different shapes, step by step.

The rules that the makemore lecture walks through (youtube.com/watch?v=PaCmpygFfXo): write the
shapes one under the other, aligned to the right; a missing dimension counts as 1; from right to
left, two sizes fit when they are equal or one of them is 1, and the result has the other one.

    python -m shared.broadcasting 4,3,2 3,2
"""

import re
from dataclasses import dataclass
from typing import Annotated

import tyro

from shared import cli

Shape = tuple[int, ...]


def broadcast_shapes(a: Shape, b: Shape) -> Shape:
    """The shape of `a + b`, for arrays of shapes `a` and `b`.

    Raises `ValueError`, naming the pair that does not fit, when there is none.
    """
    result = []
    for x, y in zip(*_aligned(a, b)):
        if x != y and 1 not in (x, y):
            raise ValueError(f"{_text(a)} and {_text(b)}: {x} and {y} differ and neither is 1")
        result.append(y if x == 1 else x)
    return tuple(result)


def explain(a: Shape, b: Shape) -> str:
    """The rules applied to two shapes, in words, a line a step."""
    left, right = _aligned(a, b)
    lines = [
        "1. Align the shapes to the right; a missing dimension counts as 1.",
        *(f"     {_text(shape):<13} ->  {_columns(row)}" for shape, row in ((a, left), (b, right))),
        "2. Compare the sizes from right to left: equal, or one of them 1.",
    ]
    for position, (x, y) in enumerate(zip(reversed(left), reversed(right)), start=1):
        fits, verdict = _compare(x, y)
        lines.append(f"     dimension -{position}:  {x} and {y}  ->  {verdict}")
        if not fits:
            return "\n".join([*lines, f"3. {_text(a)} and {_text(b)} cannot be broadcast."])
    if not left:
        lines.append("     no dimensions: both are single numbers")
    return "\n".join([*lines, f"3. The result has shape {_text(broadcast_shapes(a, b))}."])


def parse_shape(text: str) -> Shape:
    """`4,3,2` or `(4, 3, 2)` as a shape; `()` is that of a single number.

    Raises `UserError` for anything that is not a list of whole numbers from 0 up.
    """
    sizes = r"\d+(\s*,\s*\d+)*\s*,?"
    if not re.fullmatch(rf"\s*({sizes}|\(\s*({sizes})?\s*\))\s*", text):
        usage = "write it like 4,3,2, or () for a single number"
        raise cli.UserError(f"{text!r} is not a shape; {usage}")
    return tuple(int(size) for size in re.findall(r"\d+", text))


def _aligned(a: Shape, b: Shape) -> tuple[Shape, Shape]:
    """Both shapes with ones in front, so that they have the same number of dimensions."""
    n = max(len(a), len(b))
    return (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b


def _compare(x: int, y: int) -> tuple[bool, str]:
    if x == y:
        return True, f"{x}, they are equal"
    if x == 1 or y == 1:
        return True, f"{y if x == 1 else x}, the 1 is stretched"
    return False, "these differ and neither is 1"


def _columns(row: Shape) -> str:
    return " ".join(f"{size:>4}" for size in row)


def _text(shape: Shape) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({','.join(map(str, shape))})"


@dataclass
class Shapes:
    """Explain whether arrays of two shapes can be combined, and what shape comes out."""

    a: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SHAPE")]
    """A shape, such as 4,3,2. A single number has the shape ()."""
    b: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SHAPE")]
    """The other shape."""


def main(shapes: Shapes) -> None:
    """Print the explanation."""
    print(explain(parse_shape(shapes.a), parse_shape(shapes.b)))


if __name__ == "__main__":
    cli.run(main, Shapes)
