"""The expression on micrograd's front page: many operations, and values that are used many times.

g = 24.7041, dg/da = 138.8338 and dg/db = 645.5773 (github.com/karpathy/micrograd).
"""

from micrograd.engine import Value


def example() -> tuple[Value, Value, Value]:
    """a, b and g, before `g.backward()`."""
    a = Value(-4.0, label="a")
    b = Value(2.0, label="b")
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2
    g += 10 / f
    g.label = "g"
    return a, b, g
