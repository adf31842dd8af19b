# /// script
# [tool.marimo.display]
# theme = "system"  # dark where the reader's is
# [tool.marimo.lint]
# ignore = ["MR001"]  # "self-import": the setup below sees to it
# ///
"""Lecture 1, live: from the slope of a function to a trained network, every number to be moved.

    marimo run lectures/micrograd.py     # as a page, in the browser
    python lectures/micrograd.py         # from beginning to end, checking the figures

Follows "The spelled-out intro to neural networks and backpropagation: building micrograd"
(Andrej Karpathy, youtube.com/watch?v=VMj-3S1tku0), minute by minute.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lecture 1: backpropagation")

with app.setup:
    import math
    import sys
    from functools import partial
    from pathlib import Path

    LESSON = Path(__file__).resolve().parent.parent
    # This file has the package's name, so Python must look for the package elsewhere first.
    sys.path = [str(LESSON), *(p for p in sys.path if Path(p).resolve() != LESSON / "lectures")]

    import marimo as mo

    from micrograd import engine, expressions, fused, picture
    from micrograd.engine import Value
    from micrograd.example import example
    from micrograd.exercises import LADDER
    from micrograd.losses import accuracy, l2, max_margin
    from micrograd.moons import two_moons
    from micrograd.nn import MLP, Neuron
    from micrograd.optim import SGD, linear_decay
    from shared import notebook

    VIDEO = "VMj-3S1tku0"
    at = partial(notebook.minute, VIDEO)


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    # Lecture 1, live: backpropagation

    This page goes through [the lecture](https://www.youtube.com/watch?v={VIDEO}) from its first
    minute to its last. Each heading opens the video where it comes to that point. Everything here
    is computed while you read, by the code of this lesson: move a slider, type another
    expression, and every number below follows.

    ## {at("0:00:25")} What micrograd is

    micrograd finds gradients: for an expression of any size, how much the result would change if
    you nudged each of its inputs. A neural network is such an expression, and training it means
    nudging its numbers in the right direction, again and again.

    Here is the example on micrograd's front page. Its result is $g = 24.7041$, and the gradients
    say: increase $a$ by a little, and $g$ grows 138.8338 times as much.
    """)
    return


@app.cell
def _():
    _a, _b, _g = example()
    _g.backward()
    assert f"{_g.data:.4f} {_a.grad:.4f} {_b.grad:.4f}" == "24.7041 138.8338 645.5773"
    mo.vstack(
        [
            notebook.code(example),
            mo.md(f"`g = {_g.data:.4f}`, `dg/da = {_a.grad:.4f}`, `dg/db = {_b.grad:.4f}`"),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:08:08")} The derivative of a function with one input

    A derivative is a slope. Take a point of the curve, go a little further, by $h$, and see how
    much the function has changed for each unit you went: $(f(x + h) - f(x)) / h$. The line
    through both points is a *secant*. Let $h$ shrink, and watch the secant turn into the tangent.
    """)
    return


@app.function
def f(x):
    return 3 * x**2 - 4 * x + 5


@app.function
def secant_slope(x, h):
    return (f(x + h) - f(x)) / h


@app.cell
def _():
    x_slider = mo.ui.slider(-4, 5, 0.05, value=3, label="$x$", show_value=True)
    h_slider = mo.ui.slider(
        steps=[10.0**n for n in range(0, -17, -1)], value=1.0, label="$h$", show_value=True
    )
    notebook.row(x_slider, h_slider)
    return h_slider, x_slider


@app.cell
def _(h_slider, x_slider):
    x, h = x_slider.value, h_slider.value
    slope = secant_slope(x, h)
    mo.vstack(
        [
            notebook.code(f, secant_slope),
            mo.md(
                f"f({x:g}) = {f(x):g}. The secant has a slope of **{slope:.8g}**, the tangent of "
                f"{6 * x - 4:g}."
            ),
        ]
    )
    return h, slope, x


@app.cell(hide_code=True)
def _(h, slope, x):
    _axes = notebook.plot(3.2, xlabel="x", ylabel="f(x)", xlim=(-4.5, 6.5), ylim=(-20, 110))
    _xs = [i / 10 for i in range(-45, 66)]
    _axes.plot(_xs, [f(_x) for _x in _xs], color="C0", label="f")
    _axes.axline((x, f(x)), slope=6 * x - 4, color="#888888", linestyle="--", label="tangent")
    _axes.axline((x, f(x)), slope=slope, color="C1", label="secant")
    _axes.scatter([x, x + h], [f(x), f(x + h)], color="C1", zorder=3)
    _axes.legend()
    notebook.show(_axes)
    return


@app.cell(hide_code=True)
def _(h):
    assert f(3.0) == 20
    assert round((f(3.0 + 1e-6) - f(3.0)) / 1e-6, 3) == 14
    mo.callout(
        mo.md(
            "A smaller $h$ is better only up to a point. A float has about 16 digits, and the "
            "difference of two nearly equal numbers keeps few of them: below $10^{-8}$ the slope "
            "gets worse again, and with $10^{-16}$, $x + h$ is $x$ itself."
        ),
        "warn" if h < 1e-8 else "neutral",
    )
    return


@app.cell
def _():
    slope_form = notebook.exercise(LADDER, "slope")
    slope_form
    return (slope_form,)


@app.cell(hide_code=True)
def _(slope_form):
    notebook.answer(LADDER, "slope", slope_form.value)
    return


@app.cell(hide_code=True)
def _():
    abc = mo.ui.dictionary(
        {
            name: mo.ui.slider(-10, 10, 0.5, value=value, label=f"${name}$", show_value=True)
            for name, value in {"a": 2, "b": -3, "c": 10}.items()
        }
    )
    mo.md(f"""
    ## {at("0:14:12")} Several inputs

    $d = a \\cdot b + c$ has three inputs, and a slope for each of them: nudge one, leave the
    others as they are. Before you move a slider, guess which slopes will change.

    {notebook.row(*abc.elements.values())}
    """)
    return (abc,)


@app.function
def slopes_by_nudging(a, b, c, h=0.0001):
    d = a * b + c
    return {
        "a": ((a + h) * b + c - d) / h,
        "b": (a * (b + h) + c - d) / h,
        "c": (a * b + (c + h) - d) / h,
    }


@app.cell(hide_code=True)
def _(abc):
    _slopes = slopes_by_nudging(**abc.value)
    mo.vstack(
        [
            notebook.code(slopes_by_nudging),
            mo.md(
                f"The slope with respect to $a$ is **{_slopes['a']:.4g}**, which is $b$; with "
                f"respect to $b$, **{_slopes['b']:.4g}**, which is $a$; with respect to $c$, "
                f"always **{_slopes['c']:.4g}**."
            ),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    typed = mo.ui.text_area(
        "e = a * b\nd = e + c\nL = d * f", rows=4, label="An expression", debounce=300
    )
    mo.md(f"""
    ## {at("0:19:09")} The Value object, and its picture

    A `Value` holds a number and remembers which Values it was computed from, and by which
    operation. So an expression leaves a graph behind. Type your own: a name on the left of `=`
    becomes the label of a box, and names without a value get a slider. There are `+ - * / **` and
    `exp`,
    `log`, `relu`, `sigmoid`, `tanh`.

    {typed}
    """)
    return (typed,)


@app.cell(hide_code=True)
def _(typed):
    try:
        _names = expressions.inputs(typed.value)
    except ValueError as _error:
        mo.stop(True, mo.callout(mo.md(str(_error)), "danger"))
    _known = {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}
    leaves = mo.ui.dictionary(
        {
            _name: mo.ui.slider(
                -10, 10, 0.1, value=_known.get(_name, 1.0), label=f"`{_name}`", show_value=True
            )
            for _name in _names
        }
    )
    notebook.row(*leaves.elements.values())
    return (leaves,)


@app.cell(hide_code=True)
def _(leaves, typed):
    try:
        result = expressions.evaluate(typed.value, leaves.value)
    except ValueError as _error:
        mo.stop(True, mo.callout(mo.md(str(_error)), "danger"))
    result.backward()
    mo.vstack(
        [
            notebook.wide(picture.svg(result)),
            mo.md(
                "Boxes are values, ovals operations. Every box has its gradient, in orange: "
                "how many times as much the result, on the right, would move."
            ),
        ]
    )
    return (result,)


@app.cell(hide_code=True)
def _(result):
    backward_order = [*reversed(engine._topological_order(result))]
    node_slider = mo.ui.slider(
        0, len(backward_order), label="Nodes that have passed their gradient on", show_value=True
    )
    mo.md(f"""
    ## {at("0:32:10")} Backpropagation by hand, one node at a time

    Where do these gradients come from? The result's own is 1. From there it goes back: each node
    passes its gradient on to its children, multiplied by its *local derivative* with respect to
    that child. This is the chain rule. Move the slider, and see each node of your expression do
    it.

    {node_slider}
    """)
    return backward_order, node_slider


@app.cell
def _(backward_order, node_slider, result):
    for _node in backward_order:
        for _child in _node._prev:
            _child.grad = 0.0
    result.grad = 1.0
    for _node in backward_order[: node_slider.value]:
        _node._backward()

    current = backward_order[node_slider.value - 1] if node_slider.value else result
    mo.vstack(
        [
            notebook.wide(picture.svg(result, current)),
            mo.md(passed_on(current) if node_slider.value else "The result's gradient is 1."),
        ]
    )
    return


@app.function(hide_code=True)
def passed_on(node):
    """What a node does in the backward pass, in words."""
    name = f"`{node.label or 'this node'}`"
    lines = [f"{name}, made by `{node._op}`, has the gradient {node.grad:.4g} and passes on:"]
    for child, local in zip(node._prev, node._local, strict=True):
        lines.append(
            f"- to `{child.label or f'{child.data:.4g}'}`: {local:.4g} (the local derivative) "
            f"· {node.grad:.4g} = **{local * node.grad:.4g}**"
        )
    if node._op == "+":
        lines.append("\nA plus passes its gradient on unchanged.")
    if node._op == "*":
        lines.append("\nA product's local derivative is the other factor.")
    return "\n".join(lines)


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:51:10")} One step of optimization, as a preview

    The gradient says which way is up. Move every leaf a little in the direction of its gradient,
    and the result grows. With the lecture's numbers it goes from -8 to -7.286496.
    """)
    return


@app.function
def lecture_expression(a, b, c, f):
    e = a * b
    d = e + c
    return d * f


@app.function
def optimize_once(step):
    leaves = [Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)]
    before = lecture_expression(*leaves)
    before.backward()
    for leaf in leaves:
        leaf.data += step * leaf.grad
    after = lecture_expression(*leaves)
    return before.data, after.data


@app.cell
def _():
    step_slider = mo.ui.slider(-0.1, 0.1, 0.01, value=0.01, label="Step", show_value=True)
    step_slider
    return (step_slider,)


@app.cell
def _(step_slider):
    before, after = optimize_once(step_slider.value)
    if step_slider.value == 0.01:
        assert before == -8.0
        assert round(after, 6) == -7.286496
    mo.vstack(
        [
            notebook.code(lecture_expression, optimize_once),
            mo.md(f"L goes from {before:g} to **{after:.6f}**."),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:52:52")} Backpropagation by hand: a neuron

    A neuron multiplies each input by a weight, adds everything up with a bias, and squashes the
    sum with tanh. Training changes the weights, not the inputs, so it is their gradients that
    matter. In the lecture, $x_2$ is 0, so $w_2$ cannot change anything, and has a gradient of 0.
    Make $b$ larger: tanh saturates, and all gradients fade.
    """)
    return


@app.function
def one_neuron(x1, x2, w1, w2, b):
    x1w1 = x1 * w1
    x2w2 = x2 * w2
    n = x1w1 + x2w2 + b
    o = n.tanh()
    x1w1.label, x2w2.label, n.label, o.label = "x1*w1", "x2*w2", "n", "o"
    return o


@app.cell
def _():
    lecture_neuron = {"x1": 2.0, "x2": 0.0, "w1": -3.0, "w2": 1.0, "b": 6.8813735870195432}
    neuron_sliders = mo.ui.dictionary(
        {
            name: mo.ui.slider(
                steps=sorted({value, *(i / 10 for i in range(-100, 101))}),
                value=value,
                label=f"`{name}`",
                show_value=True,
            )
            for name, value in lecture_neuron.items()
        }
    )
    notebook.row(*neuron_sliders.elements.values())
    return lecture_neuron, neuron_sliders


@app.cell
def _(lecture_neuron, neuron_sliders):
    neuron_leaves = {n: Value(v, label=n) for n, v in neuron_sliders.value.items()}
    o = one_neuron(**neuron_leaves)
    o.backward()
    if neuron_sliders.value == lecture_neuron:  # the lecture's numbers
        assert math.isclose(o.data, 0.7071067811865476)
        _expected = {"x1": -1.5, "x2": 0.5, "w1": 1.0, "w2": 0.0, "b": 0.5}
        assert all(math.isclose(neuron_leaves[n].grad, g) for n, g in _expected.items())
    notebook.wide(picture.svg(o, o))
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:09:02")} A backward function for each operation

    No one wants to do this by hand. So every operation computes its result and, beside it, its
    local derivatives. The lecture gives each result a function `_backward`; this lesson's engine
    keeps the local derivatives themselves, so that the chain rule is written only once.
    """)
    return


@app.cell(hide_code=True)
def _():
    notebook.code(Value.__add__, Value._chain_rule)
    return


@app.cell
def _():
    mul_form = notebook.exercise(LADDER, "mul")
    mul_form
    return (mul_form,)


@app.cell(hide_code=True)
def _(mul_form):
    notebook.answer(LADDER, "mul", mul_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:17:32")} Backward for a whole graph

    A node may pass its gradient on only when all of it has arrived, from everything that was
    computed from it. In *topological order* every node comes after its children; go through it
    backwards, and each node is complete when its turn comes. The lecture does so with a recursive
    function; this engine keeps a stack of its own, so a graph may be a million nodes deep.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.accordion(
        {
            "`_topological_order`": notebook.code(engine._topological_order),
            "`backward`": notebook.code(Value.backward),
        }
    )
    return


@app.cell
def _():
    backward_form = notebook.exercise(LADDER, "backward")
    backward_form
    return (backward_form,)


@app.cell(hide_code=True)
def _(backward_form):
    notebook.answer(LADDER, "backward", backward_form.value)
    return


@app.cell(hide_code=True)
def _():
    with_equals = mo.ui.switch(label="the bug: `=` instead of `+=`")
    mo.md(f"""
    ## {at("1:22:28")} The bug when a node is used twice

    What is the derivative of $b = a + a$? It is 2, one for each time that $a$ is used. An engine
    that *sets* gradients gets 1: the second contribution overwrites the first. Gradients must be
    added up, `+=`. That is also why they have to be set to zero before the next backward pass.

    {with_equals}
    """)
    return (with_equals,)


@app.function
def pass_on_wrongly(node):
    for child, local in zip(node._prev, node._local, strict=True):
        child.grad = local * node.grad


@app.function
def pass_on_rightly(node):
    for child, local in zip(node._prev, node._local, strict=True):
        child.grad += local * node.grad


@app.cell
def _(with_equals):
    twice = Value(3.0, label="a")
    total = twice + twice
    total.label, total.grad = "b", 1.0
    pass_on = pass_on_wrongly if with_equals.value else pass_on_rightly
    pass_on(total)
    assert twice.grad == (1.0 if with_equals.value else 2.0)
    mo.vstack([notebook.code(pass_on), notebook.wide(picture.svg(total, twice))])
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:27:05")} tanh, broken up

    How large an operation is, is up to you. tanh can be one node, or made of exp, minus, plus and
    division: $\\tanh n = (e^{{2n}} - 1) / (e^{{2n}} + 1)$. As long as each piece has the right
    local derivative, the gradients come out the same.
    """)
    return


@app.function
def tanh_in_pieces(n):
    e = (2 * n).exp()
    return (e - 1) / (e + 1)


@app.cell
def _():
    n_slider = mo.ui.slider(-3, 3, 0.1, value=0.9, label="$n$", show_value=True)
    n_slider
    return (n_slider,)


@app.cell
def _(n_slider):
    n1, n2 = Value(n_slider.value, label="n"), Value(n_slider.value, label="n")
    whole, pieces = n1.tanh(), tanh_in_pieces(n2)
    whole.backward()
    pieces.backward()
    assert math.isclose(whole.data, pieces.data, abs_tol=1e-12)
    assert math.isclose(n1.grad, n2.grad, rel_tol=1e-9)
    mo.vstack(
        [
            notebook.code(tanh_in_pieces),
            mo.md(f"`dtanh/dn` is **{n1.grad:.6f}** from one node, **{n2.grad:.6f}** in pieces."),
            notebook.wide(picture.svg(whole)),
            notebook.wide(picture.svg(pieces)),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:39:31")} The same in PyTorch

    PyTorch does the same, with tensors instead of single numbers. The neuron from above, in its
    words:
    """)
    return


@app.function
def neuron_in_pytorch(torch, x1, x2, w1, w2, b):
    x1, x2, w1, w2, b = leaves = [
        torch.tensor(number, dtype=torch.float64, requires_grad=True)
        for number in (x1, x2, w1, w2, b)
    ]
    o = torch.tanh(x1 * w1 + x2 * w2 + b)
    o.backward()
    return o.item(), [leaf.grad.item() for leaf in leaves]


@app.cell
def _():
    torch_button = mo.ui.run_button(label="Run it in PyTorch")
    mo.vstack([notebook.code(one_neuron, neuron_in_pytorch), torch_button])
    return (torch_button,)


@app.cell
def _(lecture_neuron, neuron_sliders, torch_button):
    mo.stop(not torch_button.value, mo.md("PyTorch takes a few seconds to load."))
    try:
        import torch
    except ImportError:
        mo.stop(True, mo.md("PyTorch is not installed here; `make setup` installs it."))
    _o, _grads = neuron_in_pytorch(torch, **neuron_sliders.value)
    mo.md(
        f"`o = {_o:.6f}`; gradients: "
        + ", ".join(f"`{_n}` {_g:.4f}" for _n, _g in zip(lecture_neuron, _grads, strict=True))
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:43:55")} The library: neuron, layer, MLP

    A neuron is a weighted sum and an activation; a layer is several neurons that see the same
    inputs; a multi-layer perceptron is layers one after another.
    """)
    return


@app.cell(hide_code=True)
def _():
    notebook.code(Neuron)
    return


@app.cell
def _():
    neuron_form = notebook.exercise(LADDER, "neuron")
    neuron_form
    return (neuron_form,)


@app.cell(hide_code=True)
def _(neuron_form):
    notebook.answer(LADDER, "neuron", neuron_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:51:04")} A tiny data set, and its loss

    Four examples of three numbers, each with a target of 1 or -1, and a network with 41
    parameters. The loss is one number that says how wrong the network is: here the sum of the
    squared differences, as in the lecture.

    ## {at("1:57:56")} The parameters

    The gradient of the loss says how each of the 41 parameters should move. They are collected
    from the neurons, layer by layer: `model.parameters()`.
    """)
    return


@app.cell
def _():
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    assert len(MLP(3, [4, 4, 1]).parameters()) == 41
    mo.ui.table([{"x": str(x), "target": y} for x, y in zip(xs, ys, strict=True)], selection=None)
    return xs, ys


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("2:01:12")} Gradient descent

    Forward pass, zero the gradients, backward pass, update; again and again. Try it with a large
    learning rate, and without zeroing the gradients, a common bug, which the lecture has, too,
    for a while.
    """)
    return


@app.function
def descend(xs, ys, steps, lr, seed, zero_grad=True):
    """The losses on the way, and the trained network's outputs."""
    model = MLP(3, [4, 4, 1], activation="tanh", seed=seed)
    losses = []
    for _ in range(steps):
        ypred = [model(x) for x in xs]
        loss = sum(((yout - y) ** 2 for y, yout in zip(ys, ypred, strict=True)), Value(0))
        losses.append(loss.data)
        if zero_grad:
            model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data += -lr * p.grad
    return losses, [model(x).data for x in xs]


@app.cell(hide_code=True)
def _():
    notebook.code(descend)
    return


@app.cell
def _():
    lr_slider = mo.ui.slider(
        steps=[0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3],
        value=0.05,
        label="learning rate",
        show_value=True,
    )
    steps_slider = mo.ui.slider(1, 60, value=20, label="steps", show_value=True)
    seed_slider = mo.ui.slider(1, 20, value=1, label="seed of the weights", show_value=True)
    zero_switch = mo.ui.switch(True, label="zero the gradients")
    notebook.row(lr_slider, steps_slider, seed_slider, zero_switch)
    return lr_slider, seed_slider, steps_slider, zero_switch


@app.cell
def _(lr_slider, seed_slider, steps_slider, xs, ys, zero_switch):
    tiny_losses, outputs = descend(
        xs, ys, steps_slider.value, lr_slider.value, seed_slider.value, zero_switch.value
    )
    _pairs = ", ".join(f"{_o:.3f} ({_y:g})" for _o, _y in zip(outputs, ys, strict=True))
    mo.md(
        f"The loss goes from {tiny_losses[0]:.4g} to **{tiny_losses[-1]:.4g}**. Outputs, with "
        f"their targets: {_pairs}."
    )
    return (tiny_losses,)


@app.cell(hide_code=True)
def _(tiny_losses):
    _axes = notebook.plot(
        2.6, xlabel="step", ylabel="loss", ylim=(0, max(8, min(tiny_losses[0], 40)))
    )
    _axes.plot(range(len(tiny_losses)), tiny_losses, marker=".")
    notebook.show(_axes)
    return


@app.cell
def _():
    sgd_form = notebook.exercise(LADDER, "sgd")
    sgd_form
    return (sgd_form,)


@app.cell(hide_code=True)
def _(sgd_form):
    notebook.answer(LADDER, "sgd", sgd_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("2:14:03")} Summary

    A network is an expression of inputs and parameters; the loss says how wrong it is; backward
    finds the gradient of every parameter; a step against the gradients makes the loss smaller. A
    GPT has billions of parameters and another loss, and is trained in just this way.

    ## {at("2:16:46")} micrograd's code, and two moons while it trains

    micrograd's own demonstration separates two half moons with 337 parameters, the max-margin
    loss, a little regularization, and a learning rate that falls. Press the button and watch the
    boundary; it takes a few seconds. Afterwards a slider takes you through the training again.
    """)
    return


@app.function
def train_moons(points, labels, hidden, steps):
    """Train a network on two moons; yields the step, the loss, the accuracy, and the network."""
    model = fused.MLP(2, [*hidden, 1], seed=1338)
    optimizer = SGD(model.parameters(), lr=1.0)
    for step in range(steps + 1):
        scores = [model(point) for point in points]
        loss = max_margin(scores, labels) + l2(model.parameters(), 1e-4)
        yield step, loss.data, accuracy(scores, labels), model

        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = linear_decay(1.0, step, steps)
        optimizer.step()


@app.function(hide_code=True)
def draw_moons(points, labels, model, title):
    """The points, on what the network thinks of every place around them."""
    columns = [-1.6 + 4.2 * i / 39 for i in range(40)]
    rows = [-1.1 + 2.7 * i / 25 for i in range(26)]
    scores = [[model((x, y)).data for x in columns] for y in rows]
    axes = notebook.plot(4.2, aspect="equal", title=title)
    levels = [-math.inf, 0, math.inf]
    axes.contourf(columns, rows, scores, levels=levels, colors=["C0", "C3"], alpha=0.3)
    colors = ["C3" if label > 0 else "C0" for label in labels]
    axes.scatter(*zip(*points, strict=True), c=colors, edgecolors="white", linewidths=0.5)
    return notebook.show(axes)


@app.cell
def _():
    hidden_choice = mo.ui.dropdown(
        {"none: a straight line": [], "2": [2], "8": [8], "16, 16": [16, 16]},
        value="16, 16",
        label="Hidden layers",
    )
    noise_slider = mo.ui.slider(0, 0.4, 0.05, value=0.1, label="noise", show_value=True)
    train_button = mo.ui.run_button(label="Train for 100 steps")
    stop_button = mo.ui.run_button(label="Stop")
    notebook.row(hidden_choice, noise_slider, train_button, stop_button)
    return hidden_choice, noise_slider, stop_button, train_button


@app.cell
def _():
    history, set_history = mo.state([])
    return history, set_history


@app.cell
def _(hidden_choice, noise_slider, set_history, stop_button, train_button):
    def training_pictures(moons, hidden):
        pictures = []
        for step, loss, share, model in train_moons(*moons, hidden, 100):
            if step % 5 == 0:
                title = f"step {step}: loss {loss:.4f}, accuracy {share:.0%}"
                pictures.append(draw_moons(*moons, model, title))
                yield pictures[-1]
            if notebook.stopped():
                break
        if notebook.in_script():
            assert f"{loss:.4g} {share:.1%}" == "0.01866 100.0%"  # as `python train.py` says
        yield mo.md(f"Trained: {title}.")
        set_history(pictures)

    stop_button  # pressed, it runs this cell again, which ends the training of the time before
    notebook.wait_for(train_button, "Press the button to train.")
    _moons = two_moons(100, noise_slider.value, seed=1337)
    notebook.play(training_pictures(_moons, hidden_choice.value))
    return


@app.cell
def _(history):
    mo.stop(not history())
    moment = mo.ui.slider(
        steps=[5 * i for i in range(len(history()))],
        value=5 * len(history()) - 5,
        label="step",
        show_value=True,
    )
    moment
    return (moment,)


@app.cell(hide_code=True)
def _(history, moment):
    history()[moment.value // 5]
    return


@app.cell(hide_code=True)
def _():
    mo.accordion({"The code that trains it": notebook.code(train_moons)})
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ### Your runs

    What `python train.py` has trained stands in `runs/`. Choose one to see how it went.
    """)
    return


@app.cell
def _():
    again_button = mo.ui.button(label="Look for runs again")
    return (again_button,)


@app.cell
def _(again_button):
    again_button
    run_choice = mo.ui.dropdown(notebook.runs(LESSON / "runs"), label="Your own run")
    notebook.row(run_choice, again_button)
    return (run_choice,)


@app.cell(hide_code=True)
def _(run_choice):
    _none = "No run is chosen. `python train.py`, in a terminal, makes one."
    mo.stop(run_choice.value is None, mo.md(_none))
    _results = notebook.read_json(run_choice.value / "results.json")
    mo.vstack(
        [
            mo.md(
                f"{_results['parameters']} parameters, {_results['steps']} steps: loss "
                f"{_results['loss']:.4g}, accuracy {_results['accuracy']:.1%}"
            ),
            *(
                mo.image(run_choice.value / _name, width="100%", style={"max-width": "600px"})
                for _name in ("boundary.svg", "loss.svg")
            ),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("2:21:10")} PyTorch's own backward of tanh

    The lecture ends in PyTorch's source, looking for the backward pass of tanh. Under many layers
    of code for different devices and types of numbers stands the line that you know:
    `a * (1 - b * b)`, the gradient that arrived, times one minus the square of the output. Here it
    is in this engine:
    """)
    return


@app.cell(hide_code=True)
def _():
    notebook.code(Value.tanh)
    return


@app.cell
def _():
    tanh_form = notebook.exercise(LADDER, "tanh")
    tanh_form
    return (tanh_form,)


@app.cell(hide_code=True)
def _(tanh_form):
    notebook.answer(LADDER, "tanh", tanh_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ---
    There is more to write yourself: `python -m micrograd learn`, in the lesson's folder, has all
    nine steps, with a program at the end that trains with what you wrote.
    """)
    return


if __name__ == "__main__":
    app.run()
