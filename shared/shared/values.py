"""What code returns, as JSON, and what is different between two of them, in words.

Lists, tuples, ranges and iterators become the same, since a solution may choose.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

WIDTH = 74  # characters of a value that are shown


def encode(value: Any) -> Any:
    """A value as JSON. Other objects than numbers, texts and collections become their type."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray):
        return {"bytes": value.hex()}
    if hasattr(value, "tolist") and hasattr(value, "dtype"):  # a tensor, an array
        numbers = value.tolist()
        if not isinstance(numbers, list):
            return numbers
        return {"tensor": str(value.dtype), "shape": list(value.shape), "numbers": numbers}
    if isinstance(value, Mapping):
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, Set):
        return {"set": sorted(map(encode, value), key=repr)}
    if isinstance(value, Iterable):
        return [encode(item) for item in value]
    return {"object": type(value).__name__}


def show(value: Any) -> str:
    """An encoded value as Python would print it, cut where it gets long."""
    text = _text(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if not isinstance(value, dict):
        return repr(value)
    if "bytes" in value:
        return repr(bytes.fromhex(value["bytes"]))
    if "tensor" in value:
        return f"a tensor of shape {tuple(value['shape'])}: {_text(value['numbers'])}"
    if "dict" in value:
        items = (f"{_key(key)}: {_text(item)}" for key, item in value["dict"])
        return f"{{{', '.join(items)}}}"
    if "set" in value:
        return f"{{{', '.join(map(_text, value['set']))}}}" if value["set"] else "set()"
    name = value["object"]
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _key(key: Any) -> str:
    """A key of a dict; it was a tuple if it is a list now."""
    return f"({', '.join(map(_text, key))})" if isinstance(key, list) else _text(key)


def difference(yours: Any, expected: Any, tolerance: float, at: str = "") -> str:
    """Where and how two encoded values differ first, in words; nothing if they are the same.

    Shapes come before types, types before numbers. `tolerance` is absolute below 1, relative above.
    """
    here = f"{at} is " if at else ""
    if isinstance(yours, int | float) and isinstance(expected, int | float):
        if _close(yours, expected, tolerance):
            return ""
    elif isinstance(yours, list) and isinstance(expected, list):
        if len(yours) != len(expected):
            return f"{here}of length {len(yours)}, expected {len(expected)}"
        for i, (y, e) in enumerate(zip(yours, expected)):
            if found := difference(y, e, tolerance, f"{at}[{i}]"):
                return found
        return ""
    elif yours == expected:
        return ""
    elif isinstance(yours, dict) and isinstance(expected, dict):
        if "tensor" in yours and "tensor" in expected:
            return _difference_of_tensors(yours, expected, tolerance, at)
        if "dict" in yours and "dict" in expected:
            return _difference_of_dicts(yours["dict"], expected["dict"], tolerance, at)
    return f"{here}{show(yours)}, expected {show(expected)}"


def _difference_of_tensors(yours: Any, expected: Any, tolerance: float, at: str) -> str:
    here = f"{at} is " if at else ""
    if yours["shape"] != expected["shape"]:
        return f"{here}of shape {tuple(yours['shape'])}, expected {tuple(expected['shape'])}"
    for kind in ("float", "int", "bool"):  # whatever the precision
        if (kind in yours["tensor"]) != (kind in expected["tensor"]):
            return f"{here}of dtype {yours['tensor']}, expected {expected['tensor']}"
    return difference(yours["numbers"], expected["numbers"], tolerance, at)


def _difference_of_dicts(yours: Any, expected: Any, tolerance: float, at: str) -> str:
    here = f"{at} is " if at else "it is "
    mine = {_key(key): item for key, item in yours}
    for key, item in expected:
        if _key(key) not in mine:
            return f"{here}without {_key(key)}"
        name = key if isinstance(key, str) and not at else f"{at}[{_key(key)}]"
        if found := difference(mine.pop(_key(key)), item, tolerance, name):
            return found
    return f"{here}with {next(iter(mine))}, which should not be there" if mine else ""


def pattern(yours: Any, expected: Any, tolerance: float) -> str:
    """What the wrong numbers have in common, in a sentence, or nothing."""
    a, b = list(_numbers(yours)), list(_numbers(expected))
    if len(a) != len(b) or not any(b):
        return ""
    if not any(a):
        return "Everything is zero."
    ratio = next(x / y for x, y in zip(a, b) if y)
    if ratio == 1:
        return ""
    plain = ratio and (round(ratio, 9).is_integer() or round(1 / ratio, 9).is_integer())
    if (plain or len(a) > 2) and all(_close(x, ratio * y, tolerance) for x, y in zip(a, b)):
        times = f"It is {ratio:.6g} times what it should be."
        return "The sign is the opposite." if round(ratio, 9) == -1 else times
    if all(_close(x, y, tolerance) for x, y in zip(sorted(a), sorted(b))):
        return "These are the right numbers in the wrong order."
    return ""


def _numbers(value: Any) -> Iterator[float]:
    """All numbers in an encoded value, in order."""
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict):
        yield from _numbers(value.get("numbers"))
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)


def _close(a: float, b: float, tolerance: float) -> bool:
    if math.isfinite(a) and math.isfinite(b):
        return abs(a - b) <= tolerance * max(1.0, abs(b))
    return a == b or (math.isnan(a) and math.isnan(b))
