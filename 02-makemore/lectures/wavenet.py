# /// script
# [tool.marimo.display]
# theme = "system"  # dark where the reader's is
# ///
"""Lecture 6, live: from an MLP to a WaveNet, layer by layer, with every shape on the way.

    marimo run lectures/wavenet.py     # as a page, in the browser
    python lectures/wavenet.py         # from beginning to end, checking the figures

Follows "Building makemore Part 5: Building a WaveNet" (Andrej Karpathy,
youtube.com/watch?v=t3YJ5hKiMQ0), minute by minute.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lecture 6: WaveNet")

with app.setup:
    import math
    from functools import partial
    from pathlib import Path

    import marimo as mo
    import torch
    from torch import nn

    from makemore.layers import BatchNorm1d, FlattenConsecutive, Sequential
    from makemore.load import load, open_data
    from makemore.loss import estimate_loss
    from makemore.models.mlp_bn import MLPBatchNorm
    from makemore.models.wavenet import WaveNet
    from makemore.models.wavenet_dilated import DilatedWaveNet
    from makemore.sampling import sample
    from makemore.words import END, build_dataset, word_rows
    from shared import datasets, notebook

    LESSON = Path(__file__).resolve().parent.parent
    VIDEO = "t3YJ5hKiMQ0"
    at = partial(notebook.minute, VIDEO)


@app.function(hide_code=True)
def spell(ids, alphabet):
    """Ids as letters, with a dot for the token before and after every name."""
    return "".join("." if i == END else alphabet.decode([i]) for i in ids)


@app.function(hide_code=True)
def count_parameters(model):
    return sum(p.nelement() for p in model.parameters())


@app.cell(hide_code=True)
def _():
    data = open_data("names")
    of_lecture = data.words.sha256 == datasets.SOURCES["names"].sha256
    x_train, y_train = build_dataset(data.train, data.alphabet, 8)
    x_dev, y_dev = build_dataset(data.dev, data.alphabet, 8)
    if of_lecture:
        assert (len(x_train), len(x_dev)) == (182_625, 22_655)
    _which = "the lecture's" if of_lecture else "not the lecture's, so the figures differ"
    mo.md(f"""
    # Lecture 6, live: WaveNet

    This page goes through [the lecture](https://www.youtube.com/watch?v={VIDEO}) from its first
    minute to its last. Each heading opens the video where it comes to that point. Everything here
    is computed while you read, by the code of this lesson. The data: {len(data.words.words):,}
    names, {_which}.

    ## {at("0:01:40")} Starter code

    We begin with the MLP of the last lectures, with batch norm: three characters, ten numbers for
    each, 200 hidden neurons, 12,097 parameters.
    """)
    return data, of_lecture, x_dev, x_train, y_dev, y_train


@app.function
def train(model, x, y, steps):
    """Gradient descent, in the last quarter at a tenth of the rate; yields the losses."""
    for step in range(steps):
        ix = torch.randint(0, len(x), (32,))
        _, loss = model(x[ix], y[ix])
        for p in model.parameters():
            p.grad = None
        loss.backward()
        lr = 0.1 if step < 0.75 * steps else 0.01
        for p in model.parameters():
            p.data += -lr * p.grad
        yield loss.item()


@app.cell(hide_code=True)
def _(x_train, y_train):
    torch.manual_seed(42)
    starter = MLPBatchNorm(27, block_size=3, n_embd=10, n_hidden=200, dropout=0.0)
    assert count_parameters(starter) == 12_097
    lossi = [*train(starter, x_train[:, -3:], y_train, 2000)]
    mo.vstack([notebook.code(MLPBatchNorm), notebook.code(train)])
    return lossi, starter


@app.function
def averaged(lossi, n):
    return torch.tensor(lossi).view(-1, n).mean(1)


@app.cell(hide_code=True)
def _():
    _sizes = [1, 2, 5, 10, 20, 50, 100, 200]
    average_slider = mo.ui.slider(steps=_sizes, value=1, label="`n`", show_value=True)
    mo.md(f"""
    ## {at("0:06:56")} The loss curve, averaged

    While this page was opened, the MLP was trained for 2,000 steps. A batch has only 32 examples,
    so the loss jumps up and down. `view` puts `n` neighbors into a row, and the means of the rows
    make a curve that you can read. In the last quarter, right of the dashed line, the learning
    rate is a tenth. For which `n` can you see it?

    {average_slider}
    """)
    return (average_slider,)


@app.cell(hide_code=True)
def _(average_slider, lossi):
    _n = average_slider.value
    _axes = notebook.plot(2.6, xlabel="step", ylabel="loss")
    _axes.plot(range(0, 2000, _n), averaged(lossi, _n))
    _axes.axvline(1500, color="#888888", linestyle="--")
    mo.vstack([notebook.code(averaged), notebook.show(_axes)])
    return


@app.cell(hide_code=True)
def _(starter):
    layers = [_layer for _layer in starter.layers.layers if not isinstance(_layer, nn.Dropout)]
    layer_slider = mo.ui.slider(1, len(layers), label="Layers", show_value=True)
    mo.md(f"""
    ## {at("0:09:16")} Layers and containers

    Embedding and flattening become layers, too, and a container, `Sequential`, calls one after the
    other. Then the forward pass is one line. Pass a batch of four windows through the layers:

    {layer_slider}
    """)
    return layer_slider, layers


@app.cell(hide_code=True)
def _(layer_slider, layers, x_train):
    _out = x_train[:4, -3:]
    _steps = [f"`{tuple(_out.shape)}`"]
    with torch.no_grad():
        for _layer in layers[: layer_slider.value]:
            _out = _layer.eval()(_out)
            _steps.append(f"{type(_layer).__name__} `{tuple(_out.shape)}`")
    mo.vstack(
        [
            mo.md(" → ".join(_steps)),
            notebook.code(type(_layer)),
            mo.accordion({"The container": notebook.code(Sequential)}),
        ]
    )
    return


@app.function(hide_code=True)
def draw_network(letters, rows, inputs, chosen):
    """Units above letters, with what reaches the chosen one in orange; returns these letters too.

    `rows` has where the units of each layer stand, `inputs(layer, unit)` the two of the layer
    below that are fused into a unit. `chosen` is a layer and a unit.
    """
    reached = {chosen}
    for layer in range(chosen[0], 0, -1):
        now = [unit for at, unit in reached if at == layer]
        reached |= {(layer - 1, below) for unit in now for below in inputs(layer, unit)}
    axes = notebook.plot(3, ylim=(-0.5, 3.3))
    axes.axis("off")
    for layer, row in enumerate(rows):
        for unit, x in enumerate(row):
            color = "C1" if (layer, unit) in reached else "#888888"
            for below in inputs(layer, unit) if layer else ():
                axes.plot([rows[layer - 1][below], x], [layer - 1, layer], color=color, zorder=1)
            axes.scatter([x], [layer], s=80 if layer else 330, color=color, zorder=2)
    for x, letter in enumerate(letters):
        axes.text(x, 0, letter, ha="center", va="center", color="white", size=14)
    return notebook.show(axes), [unit for layer, unit in sorted(reached) if layer == 0]


@app.cell(hide_code=True)
def _():
    name_text = mo.ui.text("diondre", label="A name", debounce=200)
    depth_slider = mo.ui.slider(0, 3, value=2, label="Layer", show_value=True)
    mo.md(f"""
    ## {at("0:17:11")} WaveNet

    The MLP squeezes all characters into one layer at once. The idea of
    [WaveNet](https://arxiv.org/abs/1609.03499) is to fuse them gradually: first pairs of
    characters, then pairs of pairs, then pairs of those. Each layer sees twice as far as the one
    below. Choose a unit, and see which characters reach it.

    {notebook.row(name_text, depth_slider)}
    """)
    return depth_slider, name_text


@app.cell(hide_code=True)
def _(depth_slider):
    unit_slider = mo.ui.slider(0, 2 ** (3 - depth_slider.value) - 1, label="Unit", show_value=True)
    unit_slider
    return (unit_slider,)


@app.function
def influences(model, window, layer, unit):
    """The characters of the window that can change this unit: their gradient is not 0."""
    embedding, *layers = model.eval().layers.layers
    emb = embedding(window).detach().requires_grad_()  # (1, 8, 24)
    out = emb
    for module in layers[: 4 * layer]:  # FlattenConsecutive, Linear, BatchNorm1d, Tanh
        out = module(out)
    out.view(1, -1, out.shape[-1])[0, unit].sum().backward()
    return [i for i, gradient in enumerate(emb.grad[0]) if gradient.any()]


@app.cell(hide_code=True)
def _(data, depth_slider, name_text, unit_slider):
    try:
        x_name, y_name = build_dataset([name_text.value.strip().lower()], data.alphabet, 8)
    except ValueError as _error:
        mo.stop(True, mo.callout(mo.md(f"This cannot be read: {_error}."), "warn"))
    _network = WaveNet(27, block_size=8, n_embd=24, n_hidden=128)
    _letters = spell(x_name[-1].tolist(), data.alphabet)
    _rows = [[2**_l * (_u + 0.5) - 0.5 for _u in range(2 ** (3 - _l))] for _l in range(4)]
    _chosen = depth_slider.value, unit_slider.value
    _picture, _reached = draw_network(_letters, _rows, lambda _, u: (2 * u, 2 * u + 1), _chosen)
    assert influences(_network, x_name[-1:], *_chosen) == _reached
    mo.vstack(
        [
            _picture,
            mo.md(f"`{''.join(_letters[_i] for _i in _reached)}` reaches this unit."),
            mo.accordion({"The same, by a network's gradients": notebook.code(influences)}),
        ]
    )
    return x_name, y_name


@app.cell(hide_code=True)
def _(data, x_name, y_name):
    _windows = "\n".join(
        f"{spell(_window, data.alphabet)}  →  {spell([_target], data.alphabet)}"
        for _window, _target in zip(x_name.tolist(), y_name.tolist(), strict=True)
    )
    _flat = MLPBatchNorm(27, block_size=8, n_embd=10, n_hidden=200)
    assert count_parameters(_flat) == 22_097
    mo.vstack(
        [
            mo.md(f"""
            ## {at("0:19:33")} A context of eight, and the baseline with it

            First, the same MLP sees eight characters instead of three. Only one number in the
            code changes. With its 22,097 parameters, the lecture's dev loss already falls from
            2.105 to 2.027. Your name makes these examples:
            """),
            mo.md(f"```text\n{_windows}\n```"),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    fuse_slider = mo.ui.slider(steps=[1, 2, 4, 8], value=2, label="`n`", show_value=True)
    mo.md(f"""
    ## {at("0:21:36")} Fusing pairs

    A matrix product works on the last dimension only; all others are batch dimensions. So to fuse
    pairs, it is enough to put two neighbors side by side: (4, 8, 10) becomes (4, 4, 20), and the
    same linear layer works on each of the four pairs.

    {fuse_slider}
    """)
    return (fuse_slider,)


@app.cell(hide_code=True)
def _(data, fuse_slider, x_name):
    _n, _emb = fuse_slider.value, torch.randn(4, 8, 10)
    _fused = FlattenConsecutive(_n)(_emb)
    _product = _fused @ torch.randn(10 * _n, 200)
    _pairs = torch.cat([_emb[:, 0::2], _emb[:, 1::2]], 2)  # the even places, and the odd ones
    assert torch.equal(FlattenConsecutive(2)(_emb), _pairs)
    _letters = spell(x_name[-1].tolist(), data.alphabet)
    _groups = " ".join(f"`{_letters[_i : _i + _n]}`" for _i in range(0, 8, _n))
    mo.vstack(
        [
            mo.md(
                f"{_groups} (4, 8, 10) becomes **{tuple(_fused.shape)}**, and times a matrix of "
                f"({10 * _n}, 200) it is **{tuple(_product.shape)}**."
            ),
            notebook.code(FlattenConsecutive),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    shape_sliders = mo.ui.dictionary(
        {
            _name: mo.ui.slider(steps=_steps, value=_value, label=_name, show_value=True)
            for _name, _steps, _value in [
                ("context", [2, 4, 8, 16, 32], 8),
                ("batch", [1, 4, 32, 128], 4),
            ]
        }
    )
    mo.md(f"""
    Here is the whole network, with ten numbers for each character and 68 channels. With 68, it has
    about as many parameters as the MLP. What does a longer context cost?

    {notebook.row(*shape_sliders.elements.values())}
    """)
    return (shape_sliders,)


@app.cell(hide_code=True)
def _(shape_sliders):
    _context, _batch = shape_sliders.value.values()
    _model = WaveNet(27, block_size=_context, n_embd=10, n_hidden=68)
    _out = torch.randint(0, 27, (_batch, _context))
    _table = [{"layer": "the input", "output": str(tuple(_out.shape)), "parameters": 0}]
    for _layer in _model.layers.layers:
        _out = _layer.eval()(_out)
        _row = {"layer": type(_layer).__name__, "output": str(tuple(_out.shape))}
        _table.append(_row | {"parameters": count_parameters(_layer)})
    _total = count_parameters(_model)
    assert _context != 8 or _total == 22_397
    mo.vstack(
        [
            mo.ui.table(_table, selection=None, page_size=20),
            mo.md(
                f"**{_total:,}** parameters. Twice the context takes one more layer, which has "
                "9,384."
            ),
        ]
    )
    return


@app.class_definition
class LectureBatchNorm(BatchNorm1d):
    """The lecture's form: with its bug in three dimensions, and mended."""

    bug = True

    def forward(self, x):
        if self.training:
            over = 0 if self.bug or x.ndim == 2 else (0, 1)
            mean = x.mean(over, keepdim=True)
            var = x.var(over, keepdim=True)
            with torch.no_grad():
                self.running_mean = 0.9 * self.running_mean + 0.1 * mean
                self.running_var = 0.9 * self.running_var + 0.1 * var
        else:
            mean, var = self.running_mean, self.running_var
        return self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta


@app.function(hide_code=True)
def with_lectures_norm(model, bug):
    """The model, with the lecture's batch norm instead of the lesson's."""
    for i, layer in enumerate(model.layers.layers):
        if isinstance(layer, BatchNorm1d):
            model.layers.layers[i] = LectureBatchNorm(len(layer.gamma))
            model.layers.layers[i].bug = bug
    return model


@app.function(hide_code=True)
def make_networks():
    """What the lecture trains, one after the other."""
    sizes = {"block_size": 8, "n_embd": 10}
    return {
        "MLP, 3 characters": MLPBatchNorm(27, block_size=3, n_embd=10, n_hidden=200, dropout=0.0),
        "MLP, 8 characters": MLPBatchNorm(27, **sizes, n_hidden=200, dropout=0.0),
        "pairs, with the bug": with_lectures_norm(WaveNet(27, **sizes, n_hidden=68), bug=True),
        "pairs": WaveNet(27, **sizes, n_hidden=68),
        "pairs, larger": WaveNet(27, block_size=8, n_embd=24, n_hidden=128),
    }


@app.cell(hide_code=True)
def _():
    _names = [*make_networks()]
    network_choice = mo.ui.dropdown(_names, value="pairs, with the bug", label="Network")
    steps_slider = mo.ui.slider(
        steps=[1000, 3000, 10_000, 30_000, 200_000], value=3000, label="steps", show_value=True
    )
    experiments, set_experiments = mo.state([])
    train_button = mo.ui.run_button(label="Train")
    stop_button = mo.ui.run_button(label="Stop")
    _widgets = [network_choice, steps_slider, train_button, stop_button]
    mo.md(f"""
    ## {at("0:37:41")} The first training

    Train one network, then another; the table at 0:46:58 lists them all. 3,000 steps take a few
    seconds, the lecture's 200,000 a few minutes. The lecture's first network that fuses pairs has a
    dev loss of 2.029, no better than the MLP. There is a bug in it.

    {notebook.row(*_widgets)}
    """)
    return experiments, network_choice, set_experiments, steps_slider, stop_button, train_button


@app.cell(hide_code=True)
def _(
    network_choice,
    set_experiments,
    steps_slider,
    stop_button,
    train_button,
    x_dev,
    x_train,
    y_dev,
    y_train,
):
    def _experiment(name, steps):
        torch.manual_seed(42)
        model = make_networks()[name]
        x, x_of_dev = (windows[:, -model.block_size :] for windows in (x_train, x_dev))
        losses = yield from notebook.loss_curves(train(model, x, y_train, steps), steps)
        model.eval()
        row = {"network": name, "parameters": count_parameters(model), "steps": len(losses)}
        row |= {"train": round(estimate_loss(model, x, y_train), 4)}
        row |= {"dev": round(estimate_loss(model, x_of_dev, y_dev), 4)}
        set_experiments(lambda before: [*before, (row, model)])

    stop_button  # pressed, it runs this cell again, which ends the training of the time before
    notebook.wait_for(train_button, "Press *Train*.")
    _steps = 400 if notebook.in_script() else steps_slider.value
    notebook.play(_experiment(network_choice.value, _steps))
    return


@app.cell(hide_code=True)
def _():
    bug_slider = mo.ui.slider(
        steps=[2, 4, 8, 16, 32, 64, 128], value=32, label="Batch size", show_value=True
    )
    mo.md(f"""
    ## {at("0:38:50")} The batch-norm bug in three dimensions

    The lecture's batch norm was written for two dimensions, and takes the mean over dimension 0.
    With an input of (32, 4, 68), it still runs, thanks to broadcasting. But now each of the four
    places has its own means and variances, over 32 numbers instead of 128. They have to be taken
    over dimensions 0 and 1.

    {bug_slider}
    """)
    return (bug_slider,)


@app.cell(hide_code=True)
def _(bug_slider):
    torch.manual_seed(42)
    _batch = bug_slider.value
    _x = torch.randn(_batch, 4, 68)
    _wrong, _mended, _lessons = LectureBatchNorm(68), LectureBatchNorm(68), BatchNorm1d(68)
    _mended.bug = False
    for _norm in (_wrong, _mended, _lessons):
        _norm(_x)
    assert _wrong.running_mean.shape == (1, 4, 68) and _mended.running_mean.shape == (1, 1, 68)
    assert torch.allclose(_mended.running_mean.flatten(), _lessons.running_mean)
    _axes = notebook.plot(2.6, xlabel="channel", ylabel="mean", xlim=(-0.5, 19.5), ylim=(-2, 2))
    for _means in _x.mean(0):
        _axes.scatter(range(20), _means[:20], color="C0", s=20, alpha=0.7)
    _axes.scatter(range(20), _x.mean((0, 1))[:20], color="C1", s=200, marker="_", linewidths=3)
    _axes.set_xticks(range(0, 20, 5))
    mo.vstack(
        [
            notebook.show(_axes),
            mo.md(
                f"- With the bug, blue: `running_mean` is {tuple(_wrong.running_mean.shape)}, so "
                f"{_wrong.running_mean.numel()} means, each of {_batch} numbers.\n"
                f"- Mended, orange: {tuple(_mended.running_mean.shape)}, so "
                f"{_mended.running_mean.numel()} means, each of {4 * _batch} numbers."
            ),
            mo.md(
                "The true mean is 0. Means of four times as many numbers, orange, are closer to it."
            ),
            notebook.code(LectureBatchNorm),
            mo.accordion({"The lesson's batch norm": notebook.code(BatchNorm1d)}),
        ]
    )
    return


@app.cell(hide_code=True)
def _(experiments, of_lecture, x_train, y_train):
    for _norm, _first_loss in (("lecture", "3.3167"), ("lesson", "3.3169")):
        if of_lecture and notebook.in_script():  # elsewhere, other pages may draw in between
            torch.manual_seed(42)
            _model = WaveNet(27, block_size=8, n_embd=24, n_hidden=128)
            if _norm == "lecture":
                _model = with_lectures_norm(_model, bug=False)
            _ix = torch.randint(0, len(x_train), (32,))
            assert f"{_model(x_train[_ix], y_train[_ix])[1]:.4f}" == _first_loss
    _lecture = [
        {"network": _name, "parameters": count_parameters(_model), "steps": 200_000} | _losses
        for (_name, _model), _losses in zip(
            make_networks().items(),
            [
                {"train": 2.058, "dev": 2.105},
                {"train": 1.918, "dev": 2.027},
                {"train": 1.941, "dev": 2.029},
                {"train": 1.912, "dev": 2.022},
                {"train": 1.7690, "dev": 1.9937},
            ],
            strict=True,
        )
    ]
    assert _lecture[-1]["parameters"] == 76_579
    mo.vstack(
        [
            mo.md(f"""
            ## {at("0:45:21")} Trained again

            Choose *pairs*, without the bug, in the menu at 0:37:41, and train again. In the
            lecture, the dev loss improves a little, to 2.022.

            ## {at("0:46:07")} Larger

            24 numbers for each character and 128 channels make 76,579 parameters, and the
            lecture's dev loss falls below 2, to 1.9937. After 3,000 steps, this network already
            leads.

            With the lecture's seed, 42, your first loss is 3.3169, and the video has 3.3167? You
            made no mistake: the lecture divides the variance by n - 1, this lesson and `torch.nn`
            by n.

            ## {at("0:46:58")} An experimental harness

            From here on, it is trial and error, and you need a record of what you have tried. This
            table has the lecture's networks first, then yours:
            """),
            mo.ui.table([*_lecture, *(_row for _row, _ in experiments())], selection=None),
        ]
    )
    return


@app.cell(hide_code=True)
def _(name_text):
    _end = len(name_text.value.strip())
    place_slider = mo.ui.slider(0, _end, value=_end, label="Place", show_value=True)
    mo.md(f"""
    ## {at("0:47:44")} Dilated causal convolutions

    Your name has a window for each of its characters and for its end. These windows overlap, so
    most pairs are fused again and again. A convolution slides each layer over the whole name, and
    every pair is fused only once. *Causal*: no unit sees what is to its right. *Dilated*: the
    layers reach 1, 2 and 4 places back. Move the slider through the name: every window is a tree,
    and the trees share units.

    {place_slider}
    """)
    return (place_slider,)


@app.function
def by_windows(model, windows):
    """The same layers on each window by itself, a tree with half as many units in every layer."""
    hidden, fused = model.embedding(windows), 0  # (N, 8, C)
    for fuse in model.layers:
        hidden = fuse(hidden[:, 0::2], hidden[:, 1::2])
        fused += hidden.shape[0] * hidden.shape[1]
    return model.output(hidden.squeeze(1)), fused


@app.cell(hide_code=True)
def _(data, name_text, place_slider, x_name):
    _name = name_text.value.strip().lower()
    _model = DilatedWaveNet(27, block_size=8).eval()
    with torch.no_grad():
        _slow, _fused = by_windows(_model, x_name)
        _fast = _model(word_rows([_name], data.alphabet)[0])[0][0]
    assert torch.allclose(_slow, _fast, atol=1e-5)
    _length = len(x_name) + 7
    _rows = [[*range(2**_layer - 1, _length)] for _layer in range(4)]
    _letters = spell(x_name[0].tolist(), data.alphabet) + _name
    _picture, _ = draw_network(
        _letters,
        _rows,
        lambda layer, unit: (unit, unit + 2 ** (layer - 1)),
        (3, place_slider.value),
    )
    mo.vstack(
        [
            _picture,
            mo.md(
                f"Window by window: **{_fused}** pairs fused. As a convolution: "
                f"**{sum(map(len, _rows[1:]))}**. The logits are the same; the largest difference "
                f"is {(_slow - _fast).abs().max():.1g}."
            ),
            notebook.code(by_windows),
            notebook.code(DilatedWaveNet.forward),
        ]
    )
    return


@app.function
def in_both(x):
    """Batch norm of x (batch, time, channel), by the lesson and by PyTorch."""
    ours = BatchNorm1d(x.shape[2])
    torchs = nn.BatchNorm1d(x.shape[2])
    return ours(x), torchs(x.transpose(1, 2)).transpose(1, 2)


@app.cell(hide_code=True)
def _():
    assert torch.allclose(*in_both(torch.randn(32, 4, 68)), atol=1e-6)
    mo.vstack(
        [
            mo.md(f"""
            ## {at("0:51:34")} torch.nn

            Apart from `FlattenConsecutive`, these layers are all in `torch.nn`, under the same
            names, and from now on the lectures use those. One difference is easily missed: in
            three dimensions, PyTorch's `BatchNorm1d` wants the channels in the middle.
            """),
            notebook.code(in_both),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    again_button = mo.ui.button(label="Look for runs again")
    mo.md(f"""
    ## {at("0:52:28")} How a network is developed

    Read what a layer expects; try the shapes on a small batch in a notebook, as in the table at
    0:21:36; and when they fit, move the code to a program that trains for longer. In this lesson,
    that is `train.py`.

    ## {at("0:55:26")} Beat it

    The lecture asks for a dev loss below 1.9937. In a terminal,
    `python train.py --model wavenet --preset lecture` trains its network, in about ten minutes;
    `--n-embd`, `--n-hidden` and `--block-size` change its size, and `--model` chooses another
    model. Choose one of your runs to see how far it came.
    """)
    return (again_button,)


@app.cell(hide_code=True)
def _(again_button):
    again_button
    run_choice = mo.ui.dropdown(notebook.runs(LESSON / "runs"), label="Your own run")
    notebook.row(run_choice, again_button)
    return (run_choice,)


@app.cell(hide_code=True)
def _(data, experiments, run_choice, starter):
    _model, _alphabet, _pictures = starter, data.alphabet, []
    _says = "No run is chosen. Here are names by the network that was trained last on this page: "
    if _run := run_choice.value:
        _model, _alphabet = load(_run)
        _results = notebook.read_json(_run / "results.json")
        _says = f"`{_results['model']}`, {_results['parameters']:,} parameters: train loss "
        _says += f"{_results['train']:.4f}, dev loss **{_results['dev'] or math.inf:.4f}**. Names: "
        _pictures = [*_run.glob("loss.svg")]
    elif experiments():
        _, _model = experiments()[-1]
    _names = [_alphabet.decode(_ids) for _ids in sample(_model, 12)]
    mo.vstack(
        [
            mo.md(_says + " ".join(f"`{_name}.`" for _name in _names)),
            *(mo.image(_p, width="100%", style={"max-width": "500px"}) for _p in _pictures),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    The video has `rocklei.` and `astavia.`, and you get other names? Your network has other
    weights, and this page draws twelve names at once.
    ---
    There is more to write yourself: `python -m makemore learn`, in the lesson's folder.
    """)
    return


if __name__ == "__main__":
    app.run()
