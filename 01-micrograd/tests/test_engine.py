"""The engine against PyTorch, against the definition of the derivative, and at its edges."""

import gc
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from micrograd import Value, fused, nn
from micrograd.example import example
from micrograd.fused import neuron
from micrograd.gradcheck import gradcheck

# The documented example.


def test_documented_example_has_the_published_value_and_gradients():
    a, b, g = example()
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"


# Random graphs. A program is a list of leaves and a list of steps (operation, i, j): apply the
# operation to the values made so far at i and j. The same program runs on Values and on tensors.

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "positive ** y": lambda a, b: (a * a + 0.5) ** b,
    "number + x": lambda a, b: 1.5 + a,
    "number - x": lambda a, b: 1.5 - a,
    "x - number": lambda a, b: a - 0.5,
    "number * x": lambda a, b: 1.5 * a,
    "number / x": lambda a, b: 1.5 / a,
    "x / number": lambda a, b: a / 1.5,
    "x ** 2": lambda a, b: a**2,
    "x ** -1": lambda a, b: a**-1,
    "number ** x": lambda a, b: 1.5**a,
    "-x": lambda a, b: -a,
}
ACTIVATIONS = ["relu", "tanh", "sigmoid"]
UNARY = ["exp", "log", *ACTIVATIONS]


def apply(step: tuple[str, int, int], values: list[Any]) -> Any:
    op, i, j = step
    a, b = values[-1 - i % len(values)], values[-1 - j % len(values)]
    if op in BINARY:
        return BINARY[op](a, b)
    if op in UNARY:
        return getattr(a, op)()
    activation = op.removeprefix("neuron").strip()
    if isinstance(a, Value):
        return neuron([a, b, a], [b, b, values[0]], values[-1], activation)
    total = a * b + b * b + a * values[0] + values[-1]
    return getattr(torch, activation)(total) if activation else total


def tame(step: tuple[str, int, int], values: list[Value]) -> bool:
    """Whether the step is far enough from every edge for derivatives to be compared."""
    op, i, j = step
    a, b = values[-1 - i % len(values)].data, values[-1 - j % len(values)].data
    if "/" in op or op == "x ** -1":
        divisor = b if op == "/" else a
        if abs(divisor) < 0.1:
            return False
    if op in ("log", "**") and not 0.1 < a < 10:
        return False
    if op in ("**", "positive ** y") and (abs(a) > 10 or abs(b) > 3):
        return False
    if op in ("exp", "number ** x", "tanh", "sigmoid") and abs(a) > 5:
        return False
    if op == "relu" and abs(a) < 1e-3:
        return False
    if op.startswith("neuron"):
        total = apply(("neuron", i, j), values).data
        return 1e-3 < abs(total) < 5
    return abs(apply(step, values).data) < 1e3


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[float], list[tuple[str, int, int]]]:
    number = st.floats(-3, 3).map(lambda x: round(x, 3))
    leaves = draw(st.lists(number, min_size=1, max_size=4))
    ops = st.sampled_from([*BINARY, *UNARY, "neuron", *(f"neuron {name}" for name in ACTIVATIONS)])
    index = st.integers(0, 5)  # from the newest value backwards
    wanted = draw(st.lists(st.tuples(ops, index, index), min_size=1, max_size=25))
    values, steps = [Value(x) for x in leaves], []
    for step in wanted:
        if tame(step, values):
            values.append(apply(step, values))
            steps.append(step)
    assume(steps)
    return leaves, steps


@given(programs())
def test_every_gradient_of_a_random_graph_equals_torch(program):
    leaves, steps = program
    ours: list[Value] = [Value(x) for x in leaves]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in leaves]
    for step in steps:
        ours.append(apply(step, ours))
        theirs.append(apply(step, theirs))
        theirs[-1].retain_grad()
    # Of the sum of all values, so that none of them is out of the reach of backward().
    sum(ours).backward()
    sum(theirs).backward()
    expected = [0.0 if t.grad is None else t.grad.item() for t in theirs]
    rounding = 1e-12 * max(map(abs, expected))  # of a small sum of large terms
    for mine, tensor, grad in zip(ours, theirs, expected, strict=True):
        assert math.isclose(mine.data, tensor.item(), rel_tol=1e-9, abs_tol=1e-9)
        assert math.isclose(mine.grad, grad, rel_tol=1e-9, abs_tol=rounding)


@given(programs())
def test_every_gradient_of_a_random_graph_is_a_slope(program):
    leaves, steps = program

    def f(inputs: list[Value]) -> Value:
        values = list(inputs)
        for step in steps:
            values.append(apply(step, values))
        return sum(value.tanh() for value in values)  # slopes that differences can resolve

    gradcheck(f, leaves, tolerance=1e-4)


# Graphs.


def test_chain_of_a_million_operations_goes_forward_and_backward_and_is_released():
    x = leaf = Value(1.0)
    for _ in range(1_000_000):
        x = x + 1.0
    x.backward()
    assert (x.data, leaf.grad) == (1_000_001.0, 1.0)
    del x  # must not overflow the C stack
    gc.collect()


def test_graph_has_no_reference_cycles():
    gc.collect()
    gc.disable()
    try:
        _, _, g = example()
        g.backward()
        del g, _
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_gradients_accumulate_over_calls_as_in_torch():
    a = Value(2.0)
    b = a * 3
    c = b**2
    t = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    tb = t * 3
    tb.retain_grad()
    tc = tb**2
    for _ in range(3):
        c.backward()
        tc.backward(retain_graph=True)
        assert (a.grad, b.grad) == (t.grad.item(), tb.grad.item())


# What the lecture types.


def test_code_of_the_lecture_runs_unchanged():
    a = Value(2.0, label="a")
    b = Value(-3.0, label="b")
    c = Value(10.0, label="c")
    e = a * b
    e.label = "e"
    d = e + c
    f = Value(-2.0)
    L = d * f  # noqa: N806
    assert L.data == -8.0
    assert set(d._prev) == {e, c}
    assert (d._op, e._op, a._op, (a**2)._op) == ("+", "*", "", "**2")
    L.grad = 1.0
    L._backward()
    d._backward()
    e._backward()
    assert (a.grad, b.grad, c.grad, f.grad) == (6.0, -4.0, -2.0, 4.0)
    assert repr(a) == "Value(data=2.0, grad=6.0)"
    a.data += 0.01 * a.grad
    assert a.data == 2.06


def test_operation_of_ones_own_works_in_the_lectures_way():
    def tanh(x):
        t = (math.exp(2 * x.data) - 1) / (math.exp(2 * x.data) + 1)
        out = Value(t, (x,), "tanh")

        def _backward():
            x.grad += (1 - t**2) * out.grad

        out._backward = _backward
        return out

    def whole(x, tanh):
        return tanh(x * 2 + x) * tanh(x)

    x, y = Value(0.4), Value(0.4)
    whole(x, tanh).backward()
    whole(y, Value.tanh).backward()
    assert math.isclose(x.grad, y.grad)


def test_operation_of_ones_own_works_with_its_derivative_beside_it():
    def cube(x):
        return Value(x.data**3, (x,), "cube", (3 * x.data**2,))

    assert gradcheck(lambda inputs: cube(inputs[0] * inputs[1]) + inputs[0], [1.5, -0.5]) < 1e-6


# Numbers on either side.


@pytest.mark.parametrize("number", [2, 2.0, True, np.float64(2), np.float32(2), np.int64(2)])
def test_plain_and_numpy_numbers_work_on_either_side(number):
    n = float(number)
    x = Value(4.0)
    results = {
        n + 4: (number + x, x + number),
        n * 4: (number * x, x * number),
        n - 4: (number - x, -(x - number)),
        n / 4: (number / x, (x / number) ** -1),
        n**4: (number**x,),
        4**n: (x**number,),
    }
    for expected, values in results.items():
        for value in values:
            assert type(value) is Value
            assert value.data == expected


@pytest.mark.parametrize("wrong", ["3", None, 1j, np.complex128(1), [1.0], b"3"])
def test_what_is_not_a_real_number_is_a_type_error(wrong):
    with pytest.raises(TypeError):
        Value(wrong)
    for operation in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        for operands in ((Value(1.0), wrong), (wrong, Value(1.0))):
            with pytest.raises(TypeError):
                operation(*operands)


# Edges.


@pytest.mark.parametrize(
    ("operation", "error", "words"),
    [
        (lambda: Value(0).log(), ValueError, "log(0.0)"),
        (lambda: Value(3) / 0, ZeroDivisionError, "3.0 / 0.0"),
        (lambda: 3 / Value(0), ZeroDivisionError, "3.0 / 0.0"),
        (lambda: Value(0) ** -1, ZeroDivisionError, "0.0 ** -1.0"),
        (lambda: (-8) ** Value(0.5), ValueError, "-8.0 ** 0.5"),
        (lambda: Value(1e200) ** 2, OverflowError, "1e+200 ** 2"),
        (lambda: Value(1000).exp(), OverflowError, "exp(1000.0)"),
        (lambda: Value(10**400), OverflowError, "too large"),
    ],
)
def test_operation_without_an_answer_names_itself_and_its_operands(operation, error, words):
    with pytest.raises(error) as raised:
        operation()
    assert words in str(raised.value)


def test_relu_at_exactly_zero_passes_no_gradient():
    for zero in (0.0, -0.0):
        x = Value(zero)
        x.relu().backward()
        assert x.grad == 0.0


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize("x", [1000.0, -1000.0, math.inf, -math.inf])
def test_squashing_functions_of_huge_numbers_are_flat(name, x):
    value = Value(x)
    out = getattr(value, name)()
    out.backward()
    limit = 1.0 if x > 0 else {"tanh": -1.0, "sigmoid": 0.0}[name]
    assert (out.data, value.grad) == (limit, 0.0)


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("other", [2.0, -1.0, math.inf, math.nan])
@pytest.mark.parametrize("name", [*BINARY, *UNARY])
def test_nan_and_inf_travel_forward_and_backward_as_in_torch(x, other, name):
    ours = [Value(x), Value(other)]
    theirs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, other)]
    step = (name, 1, 0)
    try:
        result = apply(step, ours)
    except ValueError:
        assert (name, x) == ("log", -math.inf)  # no real answer, so no nan either
        return
    expected = apply(step, theirs)
    assert np.array_equal(result.data, expected.item(), equal_nan=True)
    result.backward()
    expected.backward()
    for mine, tensor in zip(ours, theirs, strict=True):
        grad = 0.0 if tensor.grad is None else tensor.grad.item()
        assert np.array_equal(mine.grad, grad, equal_nan=True)


@pytest.mark.parametrize(
    ("x", "n"),
    [(0.0, 0.5), (0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (-2.0, 3.0), (-1e-200, -1.0), (1e-150, -2.0)],
)
def test_power_has_torch_s_derivatives_at_its_corners(x, n):
    base, exponent = Value(x), Value(n)
    (base**exponent).backward()
    tb = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    te = torch.tensor(n, dtype=torch.float64, requires_grad=True)
    (tb**te).backward()
    assert np.allclose(base.grad, tb.grad.item(), rtol=1e-12, atol=0)
    assert np.allclose(exponent.grad, te.grad.item(), rtol=1e-12, atol=0, equal_nan=True)


# The fused neuron.


def test_linear_adds_the_bias_of_each_row():
    x, w, b = [Value(2.0)], [[Value(3.0)], [Value(-1.0)]], [Value(0.5), Value(7.0)]
    first, second = fused.linear(x, w, b)
    assert (first.data, second.data) == (6.5, 5.0)
    (first * 10 + second).backward()
    assert ([v.grad for v in b], x[0].grad) == ([10.0, 1.0], 10 * 3.0 - 1.0)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.integers(0, 1000))
def test_fused_network_equals_the_plain_one(activation, x, seed):
    plain, fast = (kind(3, [4, 1, 2], activation, seed=seed) for kind in (nn.MLP, fused.MLP))
    for model in (plain, fast):
        first, second = model(x)
        (first * 2 + second).backward()
    for mine, theirs in zip(fast.parameters(), plain.parameters(), strict=True):
        assert mine.data == theirs.data
        assert math.isclose(mine.grad, theirs.grad, rel_tol=1e-9, abs_tol=1e-12)
    for mine, theirs in zip(fast(x), plain(x), strict=True):
        assert math.isclose(mine.data, theirs.data, rel_tol=1e-9, abs_tol=1e-12)


def test_fused_neuron_refuses_unequal_lengths():
    with pytest.raises(ValueError, match="1 inputs for 2 weights"):
        neuron([Value(1), Value(2)], [Value(1)], Value(0))
