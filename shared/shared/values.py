"""What code returns: as text, and where two values differ.

Lists, tuples, ranges and iterators count as the same, since a solution may choose.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any


class Value:
    """A value as it is now, though the object may change later."""

    def __init__(self, value: Any) -> None:
        self.leaves: dict[str, Any] = {}  # by place; shapes first, then dtypes, then numbers
        self.text = self._take(value, "")

    def _take(self, value: Any, at: str) -> str:
        """Add what is in a value to the leaves, and return it as Python would print it."""
        if hasattr(value, "tolist"):  # a tensor
            shape, dtype = tuple(value.shape), re.sub(r"torch\.|\d", "", str(value.dtype))
            if not shape:
                return self._take(value.item(), at)
            self.leaves |= {f"{at} shape": shape, f"{at} dtype": dtype}
            return f"a tensor of shape {shape}: {self._take(value.tolist(), at)}"
        if isinstance(value, Mapping):
            items = [f"{k!r}: {self._take(item, f'{at}[{k!r}]')}" for k, item in value.items()]
            return f"{{{', '.join(items)}}}"
        if isinstance(value, Iterable) and not isinstance(value, str | bytes):
            items = list(value)
            self.leaves[f"{at} length"] = len(items)
            texts = [self._take(item, f"{at}[{i}]") for i, item in enumerate(items)]
            return f"[{', '.join(texts)}]"
        if not isinstance(value, int | float | str | bytes | None):
            value = f"<{type(value).__name__} object>"
        self.leaves[at] = value
        return _text(value)

    def difference(self, expected: "Value", tolerance: float) -> str:
        """The first difference in words, or nothing.

        `tolerance` is absolute for numbers below 1, and relative above.
        """
        for at in expected.leaves | self.leaves:
            if at not in self.leaves or at not in expected.leaves:
                return f"{at} is {'missing' if at in expected.leaves else 'too much'}"
            mine, right = self.leaves[at], expected.leaves[at]
            if not _close(mine, right, tolerance):
                return f"{at or 'it'} is {_text(mine)}, expected {_text(right)}".strip()
        return ""


def _text(leaf: Any) -> str:
    return f"{leaf:.6g}" if isinstance(leaf, float) else repr(leaf)


def _close(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) or (a != a and b != b)
    return bool(a == b)
