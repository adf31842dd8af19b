# /// script
# [tool.marimo.display]
# theme = "system"  # dark where the reader's is
# ///
"""Lecture 4, live: how to initialize a network, what to look at inside it, and batch norm.

    marimo run lectures/activations.py     # as a page, in the browser
    python lectures/activations.py         # from beginning to end, checking the figures

Follows "Building makemore Part 3: Activations & Gradients, BatchNorm" (Andrej Karpathy,
youtube.com/watch?v=P6sfmUTpUmc), minute by minute.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lecture 4: activations, gradients, batch norm")

with app.setup:
    import math
    from copy import deepcopy
    from functools import partial
    from pathlib import Path

    import marimo as mo
    import torch
    import torch.nn.functional as F
    from matplotlib import colormaps

    from makemore.diagnostics import DeepMLP, Start, look_inside, update_ratios
    from makemore.exercises import LADDER
    from makemore.layers import (
        BatchNorm1d,
        Embedding,
        FlattenConsecutive,
        Linear,
        Tanh,
        fold_batch_norm,
    )
    from makemore.load import load, open_data
    from makemore.loss import estimate_loss
    from makemore.models.mlp import MLP
    from makemore.models.mlp_bn import MLPBatchNorm
    from makemore.words import build_dataset
    from shared import datasets, notebook

    LESSON = Path(__file__).resolve().parent.parent
    VIDEO = "P6sfmUTpUmc"
    at = partial(notebook.minute, VIDEO)
    SEED = 2147483647  # the lecture's


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    # Lecture 4, live: activations, gradients, batch norm

    This page goes through [the lecture](https://www.youtube.com/watch?v={VIDEO}) from its first
    minute to its last. Each heading opens the video where it comes to that point. Everything here
    is computed while you read, by the code of this lesson: move a slider, and look inside.

    ## {at("0:01:22")} The network of lecture 3

    The embeddings of three characters pass through a tanh layer and a linear layer, which gives
    the logits of the next character. For now, the lecture changes nothing but the initial weights.
    """)
    return


@app.function
def start(vocab_size, w1=1.0, w2=1.0, b2=1.0):
    """The lecture's weights before training, each scaled, and the generator that drew them."""
    g = torch.Generator().manual_seed(SEED)
    p = {
        "C": torch.randn(vocab_size, 10, generator=g),
        "W1": torch.randn(30, 200, generator=g) * w1,
        "b1": torch.randn(200, generator=g) * w1,
        "W2": torch.randn(200, vocab_size, generator=g) * w2,
        "b2": torch.randn(vocab_size, generator=g) * b2,
    }
    return p, g


@app.function
def forward(p, x):
    """What goes into tanh, what comes out of it, and the logits."""
    hpreact = p["C"][x].flatten(1) @ p["W1"] + p["b1"]
    h = torch.tanh(hpreact)
    return hpreact, h, h @ p["W2"] + p["b2"]


@app.cell
def _():
    data = open_data("names")
    of_lecture = data.words.sha256 == datasets.SOURCES["names"].sha256
    vocab_size = len(data.alphabet)
    x_train, y_train = build_dataset(data.train, data.alphabet, 3)
    x_dev, y_dev = build_dataset(data.dev, data.alphabet, 3)
    if of_lecture:
        assert (len(x_train), len(x_dev)) == (182_625, 22_655)
    p, g = start(vocab_size)
    batch = torch.randint(len(x_train), (32,), generator=g)
    x, y = x_train[batch], y_train[batch]
    mo.vstack(
        [
            mo.md(
                f"{len(x_train):,} training examples, {len(x_dev):,} in the dev split, "
                f"{sum(w.numel() for w in p.values()):,} parameters."
                + ("" if of_lecture else " The lecture's data is missing, so its figures differ.")
            ),
            mo.accordion({"The code": notebook.code(start, forward)}),
        ]
    )
    return data, of_lecture, vocab_size, x, x_dev, x_train, y, y_dev, y_train


@app.cell(hide_code=True)
def _():
    scales = [0, 0.01, 0.03, 0.1, 0.3, 1]
    w2_slider = mo.ui.slider(steps=scales, value=1, label="Scale of $W_2$, $b_2$", show_value=True)
    mo.md(f"""
    ## {at("0:04:19")} The initial loss

    A network that knows nothing should find all 27 characters equally likely, and have a loss of
    -log(1/27) = 3.30. With standard normal weights, the first loss is 27.88: the network is
    confident, and wrong. Scale the last layer down until the loss is what it should be.

    {w2_slider}
    """)
    return (w2_slider,)


@app.cell(hide_code=True)
def _(data, of_lecture, vocab_size, w2_slider, x, y):
    def first_loss(w2, b2):
        _, _, logits = forward(start(vocab_size, w2=w2, b2=b2)[0], x)
        return logits, F.cross_entropy(logits, y).item()

    if of_lecture:
        assert f"{first_loss(1, 1)[1]:.4f} {first_loss(0.01, 0)[1]:.4f}" == "27.8817 3.3221"
    _logits, _loss = first_loss(w2_slider.value, w2_slider.value)
    _says = f"The first loss is **{_loss:.4f}**; log {vocab_size} = {math.log(vocab_size):.4f}."
    _axes = notebook.plot(2.4, ylim=(0, 1), title="probabilities of the first example")
    _axes.bar(range(vocab_size), _logits[0].softmax(0))
    _axes.set_xticks(range(vocab_size), [".", *data.alphabet.characters])
    mo.vstack([mo.md(_says), notebook.show(_axes)])
    return


@app.cell(hide_code=True)
def _():
    sizes = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5]
    w1_slider = mo.ui.slider(steps=sizes, value=1, label="Scale of $W_1$, $b_1$", show_value=True)
    mo.md(f"""
    If the last layer starts too large, the first steps of training only make it smaller: the loss
    curve looks like a hockey stick. With a good start, all steps go into real learning. (A scale of
    exactly 0 looks even better, but see the first exercise at the end.)

    ## {at("0:12:59")} Saturated tanh

    Tanh squashes its input to between -1 and 1. Its derivative is $1 - h^2$, so a unit near -1 or 1
    passes hardly any gradient back. The picture has a column for each of the 200 units and a row
    for each of the 32 examples, and is colored where $|h| > 0.99$. A column that is colored from
    top to bottom is a *dead* unit: no example of the batch can teach it anything. Scale the first
    layer down.

    {w1_slider}
    """)
    return (w1_slider,)


@app.cell(hide_code=True)
def _(vocab_size, w1_slider, x):
    _, _h, _ = forward(start(vocab_size, w1=w1_slider.value)[0], x)
    _saturated = _h.abs() > 0.99
    _colored = notebook.plot(2.2, xlabel="unit", ylabel="example")
    _points = torch.where(_saturated, 1.0, torch.nan)
    _colored.imshow(_points, cmap="autumn", aspect="auto", interpolation="nearest")
    _counts = notebook.plot(2, title="h: how often each value occurs", xlim=(-1.05, 1.05))
    _counts.stairs(*torch.histogram(_h, 60, range=(-1.0, 1.0)), fill=True)
    mo.vstack(
        [
            mo.md(
                f"**{_saturated.float().mean():.1%}** of the values are saturated, "
                f"{_saturated.all(0).sum()} units are dead. On average, tanh passes "
                f"{(1 - _h**2).mean():.0%} of a gradient."
            ),
            notebook.show(_colored),
            notebook.show(_counts),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    The lecture uses a scale of 0.2. A shallow network like this one learns in spite of a bad
    start; one with 50 layers might not learn at all.

    ## {at("0:27:53")} Kaiming initialization

    Nobody tunes such scales by hand. The standard deviation of a sum of $n$ products is $\\sqrt n$
    times that of one product, so weights are divided by $\\sqrt{{n}}$ to keep it the same. But then
    the activation function makes it smaller, and a *gain* must make up for that. Here are ten
    layers of 200 units. For each activation, find the gain that keeps the line flat.
    """)
    return


@app.function
def spread(gain, activation, n_layer=10, n=200):
    """The standard deviation before the first layer and after each."""
    g = torch.Generator().manual_seed(SEED)
    x = torch.randn(1000, n, generator=g)
    stds = [x.std().item()]
    for _ in range(n_layer):
        w = torch.randn(n, n, generator=g) * gain / n**0.5
        x = activation(x @ w)
        stds.append(x.std().item())
    return stds


@app.cell
def _():
    functions = {"none": torch.clone, "ReLU": torch.relu, "tanh": torch.tanh}
    activation_choice = mo.ui.dropdown(functions, value="none", label="Activation")
    gains = [0.5, 0.8, 1.0, 1.2, 1.41, 1.67, 2, 2.5, 3]
    gain_slider = mo.ui.slider(steps=gains, value=0.5, label="gain", show_value=True)
    notebook.row(activation_choice, gain_slider)
    return activation_choice, gain_slider, gains


@app.cell(hide_code=True)
def _(activation_choice, gain_slider):
    _stds = spread(gain_slider.value, activation_choice.value)
    _axes = notebook.plot(2.6, xlabel="layer", ylabel="standard deviation", yscale="log")
    _axes.plot(range(len(_stds)), _stds, marker=".")
    _axes.set_ylim(min(0.01, *_stds), max(10, *_stds))
    mo.vstack(
        [
            mo.md(f"After ten layers, the standard deviation is **{_stds[-1]:.3g}**."),
            notebook.show(_axes),
            mo.accordion({"The code": notebook.code(spread)}),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    assert 0.7 < spread(1.0, torch.clone)[-1] < 1.3
    assert 0.6 < spread(5 / 3, torch.tanh)[-1] < 0.7
    mo.md(f"""
    Without an activation, the right gain is 1. ReLU sets half of its inputs to 0, and needs
    $\\sqrt 2$ (He et al. 2015; the first author is Kaiming He). For tanh, 5/3 works well: in this
    network, $W_1$ then has a standard deviation of 5/3 / $\\sqrt{{30}}$ = 0.30.

    ## {at("0:40:40")} Batch normalization

    If you want the pre-activations to have mean 0 and standard deviation 1, why not just normalize
    them? Ioffe and Szegedy did so in 2015: every channel is normalized over the batch, which is
    differentiable. A gain and a bias, which are learned, let the network choose another mean and
    spread later. Move the slider: however large the weights are, the output has the same spread.
    """)
    return


@app.function
def batch_norm(hpreact, bngain, bnbias):
    mean = hpreact.mean(0, keepdim=True)
    std = hpreact.std(0, keepdim=True)
    return bngain * (hpreact - mean) / std + bnbias


@app.cell(hide_code=True)
def _(vocab_size, w1_slider, x):
    _before, _, _ = forward(start(vocab_size, w1=w1_slider.value)[0], x)
    _after = batch_norm(_before, bngain=1, bnbias=0)
    _axes = notebook.plot(2.4, title="pre-activations", xlim=(-12, 12))
    for _name, _values in {"without batch norm": _before, "with batch norm": _after}.items():
        _label = f"{_name}: {(_values.tanh().abs() > 0.99).float().mean():.1%} saturated"
        _axes.hist(_values.flatten(), 80, range=(-12, 12), histtype="step", label=_label)
    _axes.legend(fontsize=8, loc="upper left")
    _says = (
        f"Standard deviation: {_before.std():.2f} without, **{_after.std():.2f}** with batch norm."
    )
    mo.vstack([notebook.code(batch_norm), w1_slider, mo.md(_says), notebook.show(_axes)])
    return


@app.cell(hide_code=True)
def _():
    powers = [2, 4, 8, 16, 32, 64, 128, 256]
    size_slider = mo.ui.slider(steps=powers, value=32, label="Batch size", show_value=True)
    mo.md(f"""
    It has a price: the examples of a batch now affect each other. Each dot is the output of one
    unit for the same example, in one of 100 batches whose other examples differ. The smaller the
    batch, the more the output varies. This noise does some good: it makes overfitting harder.

    {size_slider}
    """)
    return (size_slider,)


@app.cell(hide_code=True)
def _(size_slider, vocab_size, x, x_train):
    _p, _g = start(vocab_size, w1=0.2)
    _outputs = []
    for _ in range(100):
        _companions = torch.randint(len(x_train), (size_slider.value - 1,), generator=_g)
        _hpreact, _, _ = forward(_p, torch.cat([x[:1], x_train[_companions]]))
        _outputs.append(batch_norm(_hpreact, 1, 0).tanh()[0, 0].item())
    _axes = notebook.plot(1.6, xlim=(-1.05, 1.05), yticks=[])
    _axes.scatter(_outputs, torch.rand(100, generator=_g), s=10)
    notebook.show(_axes)
    return


@app.cell(hide_code=True)
def _(of_lecture, vocab_size):
    if of_lecture:
        _model = MLPBatchNorm(vocab_size, block_size=3, n_embd=10, n_hidden=200)
        assert sum(p.numel() for p in _model.parameters()) == 12_097
    mo.md("""
    And what if there is only one example, as in sampling? Then batch norm uses running averages of
    the means and variances, which it keeps during training. The bias of the layer before has no
    effect, since the mean is subtracted again; without it, and with the gain and bias of batch
    norm, the network has 12,097 parameters. Now write batch norm:
    """)
    return


@app.cell
def _():
    batch_norm_form = notebook.exercise(LADDER, "batch-norm")
    batch_norm_form
    return (batch_norm_form,)


@app.cell(hide_code=True)
def _(batch_norm_form):
    notebook.answer(LADDER, "batch-norm", batch_norm_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:03:07")} Batch norm, in short

    It comes after a linear layer or a convolution, and before the activation. It learns a gain and
    a bias by gradient descent, and keeps a running mean and variance, which are not learned but
    measured. In training it uses the batch's statistics, in evaluation the running ones.

    ## {at("1:04:50")} ResNet-50 as an example

    A residual network for images repeats the same three layers: convolution (a linear layer that is
    applied to each patch of the image), batch norm, ReLU. In PyTorch's code, the convolutions are
    made with `bias=False`. Now you know why.

    ## {at("1:14:10")} Summary so far

    The lecture's losses after 200,000 steps, with one fix after the other:

    | | train | dev |
    |:--|--:|--:|
    | as in lecture 3 | 2.1245 | 2.1682 |
    | a small last layer | 2.07 | 2.13 |
    | tanh not saturated | 2.0356 | 2.1027 |
    | Kaiming initialization | 2.0377 | 2.1070 |
    | batch norm | 2.0668 | 2.1048 |

    The last losses differ little, the first ones a lot. Watch the first 1,000 steps of four:
    """)
    return


@app.function
def train(model, x, y, steps, lr=0.1, g=None):
    """Gradient descent as in the lecture; yields the loss of each step."""
    for _ in range(steps):
        ix = torch.randint(len(x), (32,), generator=g)
        _, loss = model(x[ix], y[ix])
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= lr * p.grad
        yield loss.item()


@app.function(hide_code=True)
def race(x, y, vocab_size, steps):
    """Train from four starts; yields a picture of the losses, again and again."""
    sizes = {"block_size": 3, "n_embd": 10, "n_hidden": 200, "dropout": 0.0}
    torch.manual_seed(SEED)
    models = {
        "as in lecture 3": MLP(vocab_size, **sizes, init="normal"),
        "a small last layer": MLP(vocab_size, **sizes, init="normal"),
        "Kaiming": MLP(vocab_size, **sizes),
        "batch norm": MLPBatchNorm(vocab_size, **sizes),
    }
    models["a small last layer"].W2.data *= 0.01
    models["a small last layer"].b2.data *= 0
    training = {name: train(model, x, y, steps) for name, model in models.items()}
    losses = {name: [next(first)] for name, first in training.items()}
    for end in range(50, steps + 1, 50):
        axes = notebook.plot(3, xlabel="step", xlim=(0, 1.03 * steps), ylim=(2.2, 5), ylabel="loss")
        for name, curve in losses.items():
            curve.extend(next(training[name]) for _ in range(end - len(curve)))
            means = [sum(curve[i : i + 50]) / 50 for i in range(0, end, 50)]
            label = f"{name}: first {curve[0]:.2f}, now {means[-1]:.2f}"
            axes.plot(range(50, end + 1, 50), means, label=label)
        axes.legend()
        yield notebook.show(axes)
        if notebook.stopped():
            return


@app.cell
def _():
    race_button = mo.ui.run_button(label="Train all four")
    stop_button = mo.ui.run_button(label="Stop")
    notebook.row(race_button, stop_button)
    return race_button, stop_button


@app.cell(hide_code=True)
def _(race_button, stop_button, vocab_size, x_train, y_train):
    stop_button  # pressed, it runs this cell again, which ends the training of the time before
    notebook.wait_for(race_button, "It takes a few seconds.")
    notebook.play(race(x_train, y_train, vocab_size, 100 if notebook.in_script() else 1000))
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:18:35")} The code as layers

    To build deeper networks, the same code is split into layers, named as in `torch.nn`. Each layer
    has its own parameters, and is applied to the output of the layer before.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.accordion(
        {
            "Linear, Tanh": notebook.code(Linear, Tanh),
            "BatchNorm1d": notebook.code(BatchNorm1d),
            "A deep network": notebook.code(DeepMLP),
        }
    )
    return


@app.cell(hide_code=True)
def _(gains):
    knobs = mo.ui.dictionary(
        {
            "gain": mo.ui.slider(steps=gains, value=1.67, label="gain", show_value=True),
            "width": mo.ui.slider(10, 200, 10, value=100, label="width", show_value=True),
            "depth": mo.ui.slider(1, 10, value=5, label="depth", show_value=True),
            "batch norm": mo.ui.switch(label="batch norm"),
            "tanh": mo.ui.switch(True, label="tanh"),
        }
    )
    panel = notebook.row(*knobs.elements.values())
    mo.md(f"""
    ## {at("1:26:51")} Activations, layer by layer

    Look inside before you train. In a healthy network, the activations of all layers have about the
    same spread, and few are saturated. Try a gain of 1: the activations shrink from layer to layer.
    At 3, most of them are close to -1 or 1. Then switch batch norm on, and try both again.

    {panel}
    """)
    return knobs, panel


@app.class_definition(hide_code=True)
class WithoutTanh(DeepMLP):
    """The same network, all linear."""

    def activations(self, x):
        hidden = self.embedding(x).flatten(1)
        outputs = []
        for linear, norm in zip(self.linears, self.norms):
            hidden = norm(linear(hidden))
            outputs.append(hidden)
        return outputs


@app.function(hide_code=True)
def deep(vocab_size, knobs):
    """The network as the knobs say, with the same seed every time."""
    torch.manual_seed(SEED)
    kind = DeepMLP if knobs["tanh"] else WithoutTanh
    begin = Start(knobs["gain"], knobs["batch norm"])
    return kind(vocab_size, begin, n_hidden=knobs["width"], n_layer=knobs["depth"])


@app.function(hide_code=True)
def outlines(tensors, title):
    """How often each value occurs in each layer."""
    largest = max(tensor.abs().max().item() for tensor in tensors)
    axes = notebook.plot(2.8, title=title)
    for i, tensor in enumerate(tensors):
        counts, edges = torch.histogram(tensor, 50, range=(-largest, largest), density=True)
        color = colormaps["viridis"](0.3 + 0.6 * i / len(tensors))
        axes.stairs(counts, edges, color=color, label=f"layer {i + 1}")
    axes.legend(fontsize=8)
    return notebook.show(axes)


@app.cell(hide_code=True)
def _(knobs, vocab_size, x_train, y_train):
    model = deep(vocab_size, knobs.value)
    looks = look_inside(model, x_train[:1000], y_train[:1000])
    _rows = [
        f"| {_i} | {_look.activations.std():.3f} | {_look.saturation:.1%} | {_look.dead} | "
        f"{_look.gradients.std():.1e} |"
        for _i, _look in enumerate(looks, start=1)
    ]
    _head = ["| layer | std | saturated | dead units | std of gradients |", "|--:|--:|--:|--:|--:|"]
    mo.vstack(
        [
            outlines([_look.activations for _look in looks], "activations"),
            mo.md("\n".join(_head + _rows)),
        ]
    )
    return looks, model


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:30:54")} Gradients, layer by layer

    The same for the gradients of these activations. They, too, should have about the same size in
    all layers. With a gain of 0.5, they shrink from the last layer to the first; with 3, they grow.
    """)
    return


@app.cell(hide_code=True)
def _(looks, panel):
    mo.vstack([panel, outlines([_look.gradients for _look in looks], "gradients")])
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:32:07")} Without nonlinearities

    Switch tanh off. Now 1 is the right gain, and with 5/3 everything explodes. So why have tanh at
    all? Without it, ten layers are a product of ten matrices, which is again one matrix: a deep
    linear network can represent no more than a single layer.
    """)
    return


@app.cell(hide_code=True)
def _(panel, looks):
    _forward = looks[-1].activations.std() / looks[0].activations.std()
    _back = looks[0].gradients.std() / looks[-1].gradients.std()
    _says = (
        "From the first layer to the last, the standard deviation of the activations becomes "
        f"**{_forward:.2g}** times as large; from the last to the first, that of the gradients "
        f"**{_back:.2g}** times."
    )
    mo.vstack([panel, mo.md(_says)])
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:36:15")} Parameters and their gradients

    Training changes the weights, so look at these, too. A gradient is large or small only in
    relation to the weights that it will change. In the last layer this ratio is by far the
    largest: its weights start small, so at first they change much faster than the others.
    """)
    return


@app.cell(hide_code=True)
def _(model, panel):
    _rows = [
        f"| {' · '.join(map(str, _w.shape))} | {_w.std():.3f} | {_w.grad.std():.1e} | "
        f"{_w.grad.std() / _w.std():.1e} |"
        for _w in [*(_linear.weight for _linear in model.linears), model.output.weight]
    ]
    _head = ["| weights | std | std of gradients | gradient / weight |", "|--:|--:|--:|--:|"]
    mo.vstack([panel, mo.md("\n".join(_head + _rows))])
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:39:55")} The update-to-data ratio

    Better still, compare the update itself, learning rate times gradient, with the weights. The
    plot has the logarithm of their ratio. About -3 is healthy: each step changes the weights by a
    thousandth. Far below, the network learns too slowly; above -2, it is unstable. Train for a
    moment at several learning rates.
    """)
    return


@app.cell
def _(panel):
    rates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1]
    lr_slider = mo.ui.slider(steps=rates, value=0.1, label="learning rate", show_value=True)
    ratio_button = mo.ui.run_button(label="Train for 200 steps")
    ratio_stop = mo.ui.run_button(label="Stop")
    _buttons = notebook.row(lr_slider, ratio_button, ratio_stop)
    mo.vstack([panel, _buttons])
    return lr_slider, ratio_button, ratio_stop


@app.function(hide_code=True)
def ratio_pictures(model, x, y, lr, steps):
    """Train; yields a picture of the update-to-data ratios, again and again."""
    ratios = []
    for step in update_ratios(model, x, y, steps, batch_size=32, lr=lr, seed=SEED):
        ratios.append(step)
        if len(ratios) % 20 == 0:
            axes = notebook.plot(3, xlabel="step", ylabel="log10 of update / data", xlim=(0, steps))
            for i, line in enumerate(zip(*ratios)):
                last = i == len(step) - 1
                color = "C3" if last else colormaps["viridis"](0.3 + 0.6 * i / len(step))
                axes.plot(line, color=color, label="last layer" if last else f"layer {i + 1}")
            axes.axhline(-3, color="#888888", linestyle="--")
            axes.legend(fontsize=8)
            yield notebook.show(axes)
        if notebook.stopped():
            return


@app.cell(hide_code=True)
def _(knobs, lr_slider, ratio_button, ratio_stop, vocab_size, x_train, y_train):
    ratio_stop
    notebook.wait_for(ratio_button, "Press the button to train.")
    _model, _steps = deep(vocab_size, knobs.value), 20 if notebook.in_script() else 200
    notebook.play(ratio_pictures(_model, x_train, y_train, lr_slider.value, _steps))
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:46:04")} With batch norm again

    The lecture's last network has batch norm after every linear layer, the output's included:
    47,024 parameters. Train it for 1,000 steps, and look inside.
    """)
    return


@app.class_definition(hide_code=True)
class LectureBatchNorm(BatchNorm1d):
    """Batch norm in training as in the lecture, whose variance is divided by n - 1."""

    def forward(self, x):
        mean, var = x.mean(0, keepdim=True), x.var(0, keepdim=True)
        return self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta


@app.class_definition(hide_code=True)
class SixLayers(torch.nn.Module):
    """The lecture's deep network, which keeps what comes out of its tanh layers."""

    def __init__(self, vocab_size):
        super().__init__()
        torch.manual_seed(SEED)
        layers = [Embedding(vocab_size, 10), FlattenConsecutive(3)]
        for n_in in (30, 100, 100, 100, 100):
            layers += [Linear(n_in, 100, bias=False), LectureBatchNorm(100), Tanh()]
        layers += [Linear(100, vocab_size, bias=False), LectureBatchNorm(vocab_size)]
        layers[-1].gamma.data *= 0.1  # less sure of itself
        self.layers = torch.nn.ModuleList(layers)

    def forward(self, x, y):
        self.tanh_outputs = []
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, Tanh):
                self.tanh_outputs.append(x.detach())
        return x, F.cross_entropy(x, y)


@app.function(hide_code=True)
def six_pictures(losses, model, x, y, g):
    """Train; yields what there is to see after every 100 steps."""
    for loss in train(model, x, y, 1001, g=g):
        losses.append(loss)
        if len(losses) % 100 == 1:
            stds = ", ".join(f"{out.std():.2f}" for out in model.tanh_outputs)
            shares = [(out.abs() > 0.97).float().mean() for out in model.tanh_outputs]
            says = (
                f"Step {len(losses) - 1:,}; the first loss was **{losses[0]:.4f}**. Standard "
                f"deviations: {stds}. Saturated: {', '.join(f'{share:.1%}' for share in shares)}."
            )
            yield mo.vstack([outlines(model.tanh_outputs, "activations"), mo.md(says)])
        if notebook.stopped():
            return


@app.cell
def _(vocab_size):
    six = SixLayers(vocab_size)
    draws = torch.get_rng_state()  # the batches are drawn by the same generator
    return draws, six


@app.cell
def _():
    six_button = mo.ui.run_button(label="Train for 1,000 steps")
    six_stop = mo.ui.run_button(label="Stop")
    notebook.row(six_button, six_stop)
    return six_button, six_stop


@app.cell(hide_code=True)
def _(draws, of_lecture, six, six_button, six_stop, x_train, y_train):
    six_stop
    notebook.wait_for(six_button, "It takes a few seconds.")
    _model, _losses, _g = deepcopy(six), [], torch.Generator()
    _g.set_state(draws)
    notebook.play(six_pictures(_losses, _model, x_train, y_train, _g))
    if of_lecture and notebook.in_script():
        assert sum(_p.numel() for _p in _model.parameters()) == 47_024
        assert f"{_losses[0]:.4f}" == "3.2870"
        _stds = [f"{_out.std():.2f}" for _out in _model.tanh_outputs]
        assert _stds == ["0.63", "0.64", "0.65", "0.65", "0.65"]
    return


@app.cell(hide_code=True)
def _():
    mo.accordion({"The code": notebook.code(SixLayers.__init__, SixLayers.forward, train)})
    return


@app.cell(hide_code=True)
def _():
    guess = mo.ui.radio(
        ["All of it trains, only more slowly.", "Nothing trains.", "Only a part of it trains."]
    )
    mo.md(f"""
    With the lecture's data, you get its figures: a first loss of 3.2870, standard deviations of
    0.63 to 0.65, and from 2.8% down to 1.7% saturated. All layers look alike, without tuning, and
    the gain of the weights hardly matters any more, as the sliders above show.

    ## {at("1:51:34")} Summary

    Initialize a network so that its first loss is that of a uniform guess, and its activations keep
    their spread. Look at activations, gradients and updates before you train for long. Batch norm
    makes deep networks easier to train, but it couples the examples of a batch, which has caused
    many bugs; layer norm, in lecture 7, does not.

    ### Exercise: all weights zero

    What if all weights and biases start at 0, except the embeddings? Choose an answer, and then see
    what happens.

    {guess}
    """)
    return (guess,)


@app.cell(hide_code=True)
def _(guess, vocab_size, x_train, y_train):
    mo.stop(guess.value is None and not notebook.in_script())
    torch.manual_seed(SEED)
    _model = MLP(vocab_size, block_size=3, n_embd=10, n_hidden=200, dropout=0.0)
    for _p in (_model.W1, _model.b1, _model.W2, _model.b2):
        _p.data.zero_()
    _before = {_name: _p.detach().clone() for _name, _p in _model.named_parameters()}
    for _ in train(_model, x_train, y_train, 200, lr=0.5):
        pass
    _moved = {_n: (_p - _before[_n]).abs().max().item() for _n, _p in _model.named_parameters()}
    assert [_n for _n, _change in _moved.items() if _change > 0] == ["b2"]
    mo.md(
        f"""
        {"Right." if guess.value == "Only a part of it trains." else "Not quite."} The largest
        change in 200 steps: {", ".join(f"`{_n}` {_change:.3g}" for _n, _change in _moved.items())}.

        Only the last bias learns, and it learns how frequent each character is. `h` is 0, so `W2`
        gets no gradient; and `W2` is 0, so no gradient passes through it to the layers before.
        """
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ### Exercise: batch norm, folded away

    After training, batch norm is a fixed scale and shift of every channel. The linear layer before
    it can do that itself, with other weights and a bias. So once a network is trained, batch norm
    costs nothing.
    """)
    return


@app.cell
def _():
    again_button = mo.ui.button(label="Look for runs again")
    return (again_button,)


@app.cell
def _(again_button):
    again_button
    _runs = notebook.runs(LESSON / "runs", model="mlp-bn")
    run_choice = mo.ui.dropdown(_runs, label="Your own run of `mlp-bn`")
    notebook.row(run_choice, again_button)
    return (run_choice,)


@app.cell(hide_code=True)
def _(data, run_choice, vocab_size, x_dev, x_train, y_dev, y_train):
    if run_choice.value is None:
        torch.manual_seed(SEED)
        trained, _x, _y = MLPBatchNorm(vocab_size, 3, 10, 100, dropout=0.0), x_dev, y_dev
        for _ in train(trained, x_train, y_train, 200):
            pass
        _whose = "A network that has just been trained for 200 steps"
    else:
        trained, _alphabet = load(run_choice.value)
        _words = (run_choice.value / "dev.txt").read_text(encoding="utf-8").split("\n")[:-1]
        _x, _y = build_dataset(_words, _alphabet, trained.block_size)
        _whose = f"`{run_choice.value.name}`"
    _with = estimate_loss(trained, _x, _y)
    _layers = trained.layers.layers
    _layers[2] = fold_batch_norm(_layers[2], _layers[3])
    _layers[3] = torch.nn.Identity()
    _without = estimate_loss(trained, _x, _y)
    assert abs(_with - _without) < 1e-5
    mo.vstack(
        [
            notebook.code(fold_batch_norm),
            mo.md(
                f"{_whose} has a dev loss of **{_with:.6f}** with batch norm, and of "
                f"**{_without:.6f}** with batch norm folded away."
            ),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ---
    There is more to write yourself: `python -m makemore learn`, in the lesson's folder. And
    `python -m makemore diagnose` draws the pictures of this page for four ways to initialize.
    """)
    return


if __name__ == "__main__":
    app.run()
