# /// script
# [tool.marimo.display]
# theme = "system"  # dark where the reader's is
# ///
"""Lecture 3, live: a network that learns names, trained with sizes and rates of your own.

    marimo run lectures/mlp.py     # as a page, in the browser
    python lectures/mlp.py         # from beginning to end, checking the figures

Follows "Building makemore Part 2: MLP" (Andrej Karpathy, youtube.com/watch?v=TCH_1BHY58I), minute
by minute.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lecture 3: an MLP")

with app.setup:
    import math
    import random
    import time
    from collections import Counter
    from functools import partial
    from pathlib import Path

    import marimo as mo
    import torch
    import torch.nn.functional as F

    from makemore.exercises import LADDER
    from makemore.load import load, open_data
    from makemore.loss import estimate_loss
    from makemore.lr_finder import geometric, sweep
    from makemore.models.mlp import MLP
    from makemore.sampling import next_logits, probabilities, sample
    from makemore.words import END, Alphabet, build_dataset
    from shared import datasets, notebook

    LESSON = Path(__file__).resolve().parent.parent
    VIDEO = "TCH_1BHY58I"
    at = partial(notebook.minute, VIDEO)


@app.function(hide_code=True)
def spell(ids, alphabet):
    """Ids as letters, with a dot for the token before and after every name."""
    return "".join("." if i == END else alphabet.decode([i]) for i in ids)


@app.function(hide_code=True)
def draw_embedding(C, letters, title, marked=None):
    """The characters where their two numbers put them, vowels in another color."""
    axes = notebook.plot(4.2, title=title)
    colors = ["C3" if c == marked else "C1" if c in "aeiou" else "C0" for c in letters]
    axes.scatter(*C.T.tolist(), s=180, c=colors)
    for (x, y), letter in zip(C.tolist(), letters, strict=True):
        axes.text(x, y, letter, ha="center", va="center", color="white")
    return notebook.show(axes)


@app.cell(hide_code=True)
def _():
    data = open_data("names")
    of_lecture = data.words.sha256 == datasets.SOURCES["names"].sha256
    long_train, y_train = build_dataset(data.train, data.alphabet, 10)
    long_dev, y_dev = build_dataset(data.dev, data.alphabet, 10)
    _which = "the lecture's" if of_lecture else "not the lecture's, so the figures differ"
    mo.md(f"""
    # Lecture 3, live: an MLP

    This page goes through [the lecture](https://www.youtube.com/watch?v={VIDEO}) from its first
    minute to its last. Each heading opens the video where it comes to that point. Everything here
    is computed while you read, by the code of this lesson: type your own name, move a slider, or
    train a network. The data: {len(data.words.words):,} names, {_which}.
    """)
    return data, long_dev, long_train, of_lecture, y_dev, y_train


@app.cell(hide_code=True)
def _():
    context_slider = mo.ui.slider(1, 10, value=3, label="Characters of context", show_value=True)
    mo.md(f"""
    ## {at("0:01:48")} Bengio et al., 2003

    The bigram model sees one character. Could a table of counts see more? Each additional character
    makes it 27 times as large, and soon most of the contexts that you look up were never counted.
    Move the slider.

    {context_slider}
    """)
    return (context_slider,)


@app.cell(hide_code=True)
def _(context_slider, long_dev, long_train):
    _k = context_slider.value
    _places = 27 ** torch.arange(_k)  # a context, read as one number
    _seen, _asked = ((_x[:, -_k:] * _places).sum(1) for _x in (long_train, long_dev))
    _new = 1 - torch.isin(_asked, _seen).float().mean().item()
    mo.md(f"""
    The table has **{27**_k:,}** rows. Of the contexts in the dev split, **{_new:.1%}** never occur
    in the train split: their rows are empty.

    The network of [Bengio et al.](https://jmlr.org/papers/v3/bengio03a.html) learns a few numbers
    for every word (here, for every character), its *embedding*. Characters that behave alike get
    similar numbers, so what the network learns from one context also helps with similar contexts
    that it has never seen.
    """)
    return


@app.cell(hide_code=True)
def _():
    name_text = mo.ui.text("emma", label="A name", debounce=200)
    block_slider = mo.ui.slider(1, 8, value=3, label="`block_size`", show_value=True)
    mo.md(f"""
    ## {at("0:09:03")} The data, in windows

    A window slides over each name. The characters in the window are the input, and the character
    after it is the target. Type a name, and change the length of the window, `block_size`.

    {notebook.row(name_text, block_slider)}
    """)
    return block_slider, name_text


@app.cell(hide_code=True)
def _(block_slider, data, name_text):
    try:
        _name = name_text.value.strip().lower()
        _x, _y = build_dataset([_name], data.alphabet, block_slider.value)
    except ValueError as _error:
        mo.stop(True, mo.callout(mo.md(f"This cannot be read: {_error}."), "warn"))
    _windows = "\n".join(
        f"{spell(_window, data.alphabet)}  →  {spell([_target], data.alphabet)}"
        for _window, _target in zip(_x.tolist(), _y.tolist(), strict=True)
    )
    mo.vstack(
        [
            mo.md(f"```text\n{_windows}\n```"),
            mo.md(f"`X.shape` is {tuple(_x.shape)}, `Y.shape` is {tuple(_y.shape)}."),
        ]
    )
    return


@app.cell
def _():
    windows_form = notebook.exercise(LADDER, "windows")
    windows_form
    return (windows_form,)


@app.cell(hide_code=True)
def _(windows_form):
    notebook.answer(LADDER, "windows", windows_form.value)
    return


@app.function
def make_parameters(block_size=3, n_embd=2, n_hidden=100):
    """Random weights, from the lecture's seed."""
    g = torch.Generator().manual_seed(2147483647)
    C = torch.randn((27, n_embd), generator=g)
    W1 = torch.randn((block_size * n_embd, n_hidden), generator=g)
    b1 = torch.randn(n_hidden, generator=g)
    W2 = torch.randn((n_hidden, 27), generator=g)
    b2 = torch.randn(27, generator=g)
    return [C, W1, b1, W2, b2]


@app.function
def look_up(C, ix, X):
    row = C[ix]
    same_row = F.one_hot(torch.tensor(ix), num_classes=27).float() @ C
    rows = C[X]
    return row, same_row, rows


@app.cell(hide_code=True)
def _():
    letters = Alphabet("abcdefghijklmnopqrstuvwxyz")
    X, Y = build_dataset(["emma", "olivia", "ava", "isabella", "sophia"], letters, 3)
    ix_slider = mo.ui.slider(0, 26, value=5, label="`ix`", show_value=True)
    mo.md(f"""
    ## {at("0:12:19")} The embedding table

    `C` has a row of two numbers for each of the 27 characters, random at first. Looking up a row
    gives the same as multiplying a one-hot vector by `C`, only faster. An index may also be a
    tensor: `C[X]` looks up all characters of all windows at once.

    {ix_slider}
    """)
    return X, Y, ix_slider, letters


@app.cell(hide_code=True)
def _(X, ix_slider, letters):
    _C, _ix = make_parameters()[0], ix_slider.value
    _row, _same_row, _rows = look_up(_C, _ix, X)
    assert torch.equal(_row, _same_row) and _rows.shape == (32, 3, 2)
    _spelled = spell(range(27), letters)
    mo.vstack(
        [
            notebook.code(look_up),
            mo.md(
                f"Row {_ix} is that of `{_spelled[_ix]}`: [{_row[0]:.4f}, {_row[1]:.4f}]. The "
                "lecture's first five names have 32 windows of three characters, so `C[X]` has the "
                "shape (32, 3, 2)."
            ),
            draw_embedding(_C, _spelled, "before training", marked=_spelled[_ix]),
        ]
    )
    return


@app.function
def side_by_side(emb):
    """The same tensor in three ways; only the last one copies nothing."""
    three = torch.cat([emb[:, 0, :], emb[:, 1, :], emb[:, 2, :]], 1)
    any_number = torch.cat(torch.unbind(emb, 1), 1)
    view = emb.view(emb.shape[0], -1)
    return three, any_number, view


@app.cell(hide_code=True)
def _():
    _shapes = {str(_s): _s for _s in [(18,), (9, 2), (3, 3, 2), (3, 6), (6, 3), (2, 9)]}
    view_choice = mo.ui.dropdown(
        _shapes, value="(3, 3, 2)", label="`torch.arange(18).view`", allow_select_none=False
    )
    mo.md(f"""
    ## {at("0:18:35")} The hidden layer; storage and views

    The hidden layer needs the embeddings of a window side by side: (32, 3, 2) must become (32, 6).
    `view` does that without copying anything. A tensor is a sequence of numbers in memory, its
    *storage*, and a rule for reading them: for each dimension, the *stride* says how many numbers
    lie between one index and the next. Choose another view: the strides change, the storage does
    not.

    {view_choice}
    """)
    return (view_choice,)


@app.cell(hide_code=True)
def _(X, view_choice):
    _t = torch.arange(18).view(view_choice.value)
    _storage = torch.tensor([], dtype=torch.int64).set_(_t.untyped_storage()).tolist()
    _emb = make_parameters()[0][X]
    _three, _any_number, _view = side_by_side(_emb)
    assert torch.equal(_three, _view) and torch.equal(_any_number, _view)
    assert _view.data_ptr() == _emb.data_ptr() != _any_number.data_ptr()
    mo.vstack(
        [
            mo.md(f"```text\n{_t}\n\nstride   {_t.stride()}\nstorage  {_storage}\n```"),
            mo.md("So of these three ways to put embeddings side by side, `view` is the cheapest:"),
            notebook.code(side_by_side),
        ]
    )
    return


@app.function
def forward(parameters, X):
    C, W1, b1, W2, b2 = parameters
    emb = C[X]  # (32, 3, 2)
    h = torch.tanh(emb.view(len(X), -1) @ W1 + b1)  # (32, 100)
    return h @ W2 + b2  # logits, (32, 27)


@app.function
def loss_by_hand(logits, Y):
    counts = logits.exp()
    prob = counts / counts.sum(1, keepdim=True)
    return -prob[torch.arange(len(Y)), Y].log().mean()


@app.cell(hide_code=True)
def _():
    scale_slider = mo.ui.slider(0, 1, 0.01, value=1, label="The last layer, times", show_value=True)
    mo.md(f"""
    ## {at("0:29:15")} The output layer, and the loss

    After 100 tanh neurons comes a linear layer with an output for each character. The rest is as
    for the bigrams: exp makes the logits positive, each row is divided by its sum, and the loss is
    the mean negative logarithm of the probabilities of the right characters.

    The first loss is 17.7697, as in the video: from its seed, `torch.randn` still draws the same
    weights. But if all characters got the same probability, the loss would be only log 27 = 3.2958.
    The network is confident, and wrong. To fix that is one of the lecture's exercises. Make the
    last layer smaller:

    {scale_slider}
    """)
    return (scale_slider,)


@app.cell(hide_code=True)
def _(X, Y, scale_slider):
    *_first, _W2, _b2 = make_parameters()
    assert f"{loss_by_hand(forward([*_first, _W2, _b2], X), Y):.4f}" == "17.7697"
    assert sum(p.nelement() for p in [*_first, _W2, _b2]) == 3481
    _smaller = [*_first, scale_slider.value * _W2, scale_slider.value * _b2]
    mo.vstack(
        [
            mo.md(f"The first loss is **{loss_by_hand(forward(_smaller, X), Y):.4f}**."),
            notebook.code(make_parameters, forward, loss_by_hand),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    add_slider = mo.ui.slider(-120, 120, 1, value=0, label="Add to all logits", show_value=True)
    mo.md(f"""
    ## {at("0:32:49")} F.cross_entropy, and why

    `F.cross_entropy` does the same as `loss_by_hand`. It is faster, since it creates no
    intermediate tensors and its derivative is a short formula. And it is safer. Add the same number
    to all logits, which should change no probability. When does `loss_by_hand` fail?

    {add_slider}
    """)
    return (add_slider,)


@app.cell(hide_code=True)
def _(add_slider):
    _logits, _y = torch.tensor([[-2.0, -3.0, 0.0, 5.0]]) + add_slider.value, torch.tensor([3])
    _counts = _logits.exp()
    _rows = {"logits": _logits, "counts": _counts, "prob": _counts / _counts.sum(1, keepdim=True)}
    _table = "\n".join(
        f"| `{_name}` | " + " | ".join(f"{_n:.4g}" for _n in _row[0].tolist()) + " |"
        for _name, _row in _rows.items()
    )
    _by_hand, _torchs = loss_by_hand(_logits, _y), F.cross_entropy(_logits, _y)
    _why = "In float32, exp of more than 88.7 is infinite, and exp of less than -104 is 0. "
    _why += "`F.cross_entropy` first subtracts the largest logit, so its largest exp is always 1."
    mo.vstack(
        [
            mo.md("| | | | | |\n|---|--:|--:|--:|--:|\n" + _table),
            mo.md(f"`loss_by_hand` **{_by_hand:.4f}**, `F.cross_entropy` **{_torchs:.4f}**"),
            mo.callout(mo.md(_why), "neutral" if _by_hand.isfinite() else "warn"),
        ]
    )
    return


@app.cell
def _():
    cross_entropy_form = notebook.exercise(LADDER, "cross-entropy")
    cross_entropy_form
    return (cross_entropy_form,)


@app.cell(hide_code=True)
def _(cross_entropy_form):
    notebook.answer(LADDER, "cross-entropy", cross_entropy_form.value)
    return


@app.function
def overfit(X, Y, steps):
    """The loss and the probabilities of all characters, before each step and after the last."""
    parameters = [p.requires_grad_() for p in make_parameters()]
    for _ in range(steps + 1):
        # forward pass
        logits = forward(parameters, X)
        loss = F.cross_entropy(logits, Y)
        yield loss.item(), logits.detach().softmax(1)
        # backward pass
        for p in parameters:
            p.grad = None
        loss.backward()
        # update
        for p in parameters:
            p.data += -0.1 * p.grad


@app.cell(hide_code=True)
def _(X, Y):
    overfitted = [*overfit(X, Y, 1000)]
    assert abs(overfitted[999][0] - 0.2561) < 0.0005  # threads add up in their own order
    overfit_slider = mo.ui.slider(0, 1000, value=20, label="Steps", show_value=True)
    mo.md(f"""
    ## {at("0:37:56")} The training loop, and one batch overfitted

    Forward, backward, update, again and again on the same 32 windows. 3,481 parameters can learn 32
    examples by heart, which is called *overfitting*. Move the slider through the training. Which
    examples can the network not learn?

    {overfit_slider}
    """)
    return overfit_slider, overfitted


@app.cell(hide_code=True)
def _(X, Y, letters, overfit_slider, overfitted):
    _windows, _targets = [spell(_ids, letters) for _ids in X.tolist()], spell(Y.tolist(), letters)
    _pairs = [*zip(_windows, _targets, strict=True)]
    _of_window, _of_pair = Counter(_windows), Counter(_pairs)
    _lowest = sum(math.log(_of_window[_pair[0]] / _of_pair[_pair]) for _pair in _pairs) / len(Y)
    _loss, _probs = overfitted[overfit_slider.value]
    _worst = sorted(zip(_probs[range(32), Y].tolist(), _pairs, strict=True))[:6]
    _axes = notebook.plot(2.4, xlabel="step", ylabel="loss", yscale="log")
    _axes.plot([_l for _l, _ in overfitted])
    _axes.axhline(_lowest, color="#888888", linestyle="--")
    _axes.scatter([overfit_slider.value], [_loss], color="C1", zorder=3)
    mo.vstack(
        [
            notebook.show(_axes),
            mo.md(f"The loss is **{_loss:.4f}**. The targets with the smallest probabilities:"),
            mo.md("\n".join(f"- `{_w}` → `{_t}`: {_p:.2g}" for _p, (_w, _t) in _worst)),
            mo.md(
                "The first letters of the five names are different, and all come after `...`. No "
                "network can give each of them more than 1/5. So the loss never falls below "
                f"{_lowest:.4f}, the dashed line."
            ),
            mo.accordion({"The code that trains it": notebook.code(overfit)}),
        ]
    )
    return


@app.function
def gradient(parameters, X, Y):
    """The gradient of all parameters, as one long vector."""
    loss = F.cross_entropy(forward(parameters, X), Y)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])


@app.function
def train(model, x, y, steps, lr=0.1):
    """Gradient descent, in the second half at a tenth of the rate; yields the losses."""
    for step in range(steps):
        ix = torch.randint(0, len(x), (32,))  # a mini-batch
        _, loss = model(x[ix], y[ix])
        for p in model.parameters():
            p.grad = None
        loss.backward()
        for p in model.parameters():
            p.data += -(lr if step < steps / 2 else lr / 10) * p.grad
        yield loss.item()


@app.cell(hide_code=True)
def _():
    _sizes = [2**_n for _n in range(12)]
    batch_slider = mo.ui.slider(steps=_sizes, value=32, label="Batch size", show_value=True)
    mo.md(f"""
    ## {at("0:41:25")} Mini-batches

    A step on all examples takes a long time. A few examples, drawn at random, give a gradient that
    is only approximate, but they leave time for many more steps. How good is the approximation?
    Look at the *cosine* of the angle between the two gradients: 1 means the same direction, 0 a
    right angle.

    {batch_slider}
    """)
    return (batch_slider,)


@app.cell(hide_code=True)
def _(batch_slider, long_train, y_train):
    _x, _y = long_train[:20_000, -3:], y_train[:20_000]
    _parameters = [_p.requires_grad_() for _p in make_parameters()]

    def _timed(*batch):
        start = time.perf_counter()
        return gradient(_parameters, *batch), 1000 * (time.perf_counter() - start)

    _exact, _ms_of_all = _timed(_x, _y)
    _batches = [torch.randint(0, len(_x), (batch_slider.value,)) for _ in range(10)]
    _gradients, _ms = zip(*(_timed(_x[_ix], _y[_ix]) for _ix in _batches), strict=True)
    _cosine = sum(F.cosine_similarity(_g, _exact, dim=0).item() for _g in _gradients) / 10
    mo.vstack(
        [
            mo.md(
                f"With {batch_slider.value}, the cosine is **{_cosine:.2f}**, and a gradient takes "
                f"{sorted(_ms)[5]:.1f} ms. With {len(_x):,} examples, it takes {_ms_of_all:.1f} ms."
            ),
            mo.md("From here on, this loop trains the lesson's own network:"),
            notebook.code(train),
            mo.accordion({"The network": notebook.code(MLP)}),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    rates_slider = mo.ui.range_slider(
        -4, 1, 0.5, value=(-3, 0), label="10 to the power", show_value=True
    )
    find_button = mo.ui.run_button(label="Find a rate")
    mo.md(f"""
    ## {at("0:45:40")} A good learning rate

    Take 1,000 steps, each with a slightly higher rate than the last, and plot the loss against the
    rate. On the left, the rate is so low that the loss hardly changes; on the right, it is so high
    that the loss rises again. The lecture chooses 0.1.

    {notebook.row(rates_slider, find_button)}
    """)
    return find_button, rates_slider


@app.cell(hide_code=True)
def _(find_button, long_train, rates_slider, y_train):
    notebook.wait_for(find_button, "It takes about a second.")
    torch.manual_seed(42)
    _model = MLP(27, block_size=3, n_embd=2, n_hidden=100, dropout=0.0, init="normal")
    _rates = geometric(*(10.0**_power for _power in rates_slider.value), 1000)
    _sgd = torch.optim.SGD(_model.parameters())
    with mo.status.spinner("Training …"):
        _curve = [*sweep(_model, [_sgd], long_train[:, -3:], y_train, 32, _rates)]
    _lowest, _ = min(_curve, key=lambda point: point[1])
    _axes = notebook.plot(2.8, xlabel="learning rate", ylabel="loss, smoothed", xscale="log")
    _axes.plot(*zip(*_curve, strict=True))
    _axes.axvline(_lowest, color="#888888", linestyle="--")
    mo.vstack(
        [
            notebook.show(_axes),
            mo.md(f"The loss is lowest at **{_lowest:.2g}**. A good rate is a little lower."),
            mo.accordion({"The code of the finder": notebook.code(sweep)}),
        ]
    )
    return


@app.function
def sizes_of_splits(words, runs):
    """The numbers of examples in the splits, after this many runs of the lecture's cell."""
    words = list(words)
    for _ in range(runs):
        random.Random(42).shuffle(words)
    n1, n2 = int(0.8 * len(words)), int(0.9 * len(words))
    splits = words[:n1], words[n1:n2], words[n2:]
    return [sum(len(word) + 1 for word in split) for split in splits]


@app.cell(hide_code=True)
def _(data, of_lecture):
    if of_lecture:
        assert sizes_of_splits(data.words.words, 1) == [182_625, 22_655, 22_866]
        assert sizes_of_splits(data.words.words, 4) == [182_441, 22_902, 22_803]
    runs_slider = mo.ui.slider(1, 6, label="Runs of the cell", show_value=True)
    mo.md(f"""
    ## {at("0:53:20")} Train, dev, test

    A network that is large enough learns its examples by heart, so the loss on them says little.
    Hence three splits: *train*, 80% of the names, for the parameters; *dev*, 10%, for choosing
    sizes and rates; *test*, 10%, to be used once, at the end.

    You get 182,625 training examples, but the video has 182,441? You made no mistake: whenever its
    cell is run, it shuffles the same list once more. How often was it run?

    {runs_slider}
    """)
    return (runs_slider,)


@app.cell(hide_code=True)
def _(data, of_lecture, runs_slider):
    _sizes = ", ".join(f"**{_n:,}**" for _n in sizes_of_splits(data.words.words, runs_slider.value))
    _video = " These are the video's figures." if of_lecture and runs_slider.value == 4 else ""
    mo.vstack([mo.md(f"{_sizes}.{_video}"), notebook.code(sizes_of_splits)])
    return


@app.cell(hide_code=True)
def _():
    sizes_sliders = mo.ui.dictionary(
        {
            _name: mo.ui.slider(steps=_steps, value=_value, label=_name, show_value=True)
            for _name, _steps, _value in [
                ("block_size", range(1, 11), 3),
                ("n_embd", [2, 3, 5, 10, 20, 30], 2),
                ("n_hidden", [10, 30, 100, 200, 300, 500], 100),
                ("steps", [1000, 3000, 10_000, 30_000, 100_000, 200_000], 10_000),
            ]
        }
    )
    experiments, set_experiments = mo.state([])
    train_button = mo.ui.run_button(label="Train")
    stop_button = mo.ui.run_button(label="Stop")
    _widgets = [*sizes_sliders.elements.values(), train_button, stop_button]
    mo.md(f"""
    ## {at("1:00:49")} A larger hidden layer

    In the lecture, train and dev loss are about equal by now: the network is too small to learn
    its examples by heart, which is called *underfitting*. So make the hidden layer larger, and
    train. The initial weights here are smaller than the lecture's, so 10,000 steps are enough to
    see a difference.

    {notebook.row(*_widgets)}
    """)
    return experiments, set_experiments, sizes_sliders, stop_button, train_button


@app.cell(hide_code=True)
def _(data, set_experiments, sizes_sliders, stop_button, train_button):
    def _experiment(steps, **sizes):
        torch.manual_seed(42)
        model = MLP(27, **sizes, dropout=0.0)
        x, y = build_dataset(data.train, data.alphabet, model.block_size)
        losses = yield from notebook.loss_curves(train(model, x, y, steps), steps)
        row = sizes | {"parameters": sum(p.nelement() for p in model.parameters())}
        row |= {"steps": len(losses), "train": round(estimate_loss(model, x, y), 4)}
        x, y = build_dataset(data.dev, data.alphabet, model.block_size)
        row |= {"dev": round(estimate_loss(model, x, y), 4)}
        set_experiments(lambda before: [*before, (row, model)])

    stop_button  # pressed, it runs this cell again, which ends the training of the time before
    notebook.wait_for(train_button, "Press *Train*.")
    _steps = {"steps": 400} if notebook.in_script() else {}
    notebook.play(_experiment(**sizes_sliders.value | _steps))
    return


@app.cell(hide_code=True)
def _():
    map_button = mo.ui.run_button(label="Train, and watch")
    map_stop_button = mo.ui.run_button(label="Stop")
    mo.md(f"""
    ## {at("1:05:27")} Embeddings as a picture

    Two numbers for a character are a point in the plane. Watch how training moves these points:
    characters that behave alike become neighbors. The vowels (orange) come together; the dot and
    `q` end far away from the others.

    {notebook.row(map_button, map_stop_button)}
    """)
    return map_button, map_stop_button


@app.cell(hide_code=True)
def _(data, long_train, map_button, map_stop_button, y_train):
    def _watch(steps):
        torch.manual_seed(42)
        model = MLP(27, block_size=3, n_embd=2, n_hidden=200, dropout=0.0, init="normal")
        for step, _ in enumerate(train(model, long_train[:, -3:], y_train, steps), start=1):
            if step % 250 == 0:
                title = f"after {step:,} of {steps:,} steps"
                spelled = spell(range(27), data.alphabet)
                yield draw_embedding(model.C.detach(), spelled, title)
                if notebook.stopped():
                    return

    map_stop_button
    notebook.wait_for(map_button, "It takes about ten seconds.")
    notebook.play(_watch(250 if notebook.in_script() else 20_000))
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:07:16")} Larger embeddings

    A larger hidden layer helps little, since everything has to pass through two numbers for each
    character. Set `n_embd` to 10, with the slider at 1:00:49, and train again. Then try a longer
    context. Here are the lecture's last network and every one that you train:
    """)
    return


@app.cell(hide_code=True)
def _(experiments):
    _lecture = {"block_size": 3, "n_embd": 10, "n_hidden": 200, "parameters": 11_897}
    _lecture |= {"steps": 200_000, "train": 2.1260, "dev": 2.1701}
    assert sum(p.nelement() for p in make_parameters(3, 10, 200)) == _lecture["parameters"]
    mo.ui.table([_lecture, *(_row for _row, _ in experiments())], selection=None)
    return


@app.cell(hide_code=True)
def _():
    again_button = mo.ui.button(label="Look for runs again")
    mo.md(f"""
    ## {at("1:11:46")} Summary

    Sizes, context, rates, steps: all are chosen by the dev loss, one experiment after the other.
    The lecture ends at 2.17, and asks you to beat it. In a terminal,
    `python train.py --model mlp --preset lecture` trains as the lecture does, in a few minutes, and
    `python train.py --help` lists all options. Each run is saved in `runs/`, and can be opened
    below.

    ## {at("1:13:24")} Sampling

    The model says how likely each character is to come next. Draw one, append it, and repeat, until
    the dot is drawn. Type a beginning to see what the model expects next. A *temperature* below 1
    makes likely characters even more likely.
    """)
    return (again_button,)


@app.cell(hide_code=True)
def _(again_button):
    again_button
    run_choice = mo.ui.dropdown(notebook.runs(LESSON / "runs"), label="Your own run")
    beginning_text = mo.ui.text("ma", label="A beginning", debounce=200)
    temperature_slider = mo.ui.slider(0.1, 2, 0.1, value=1, label="temperature", show_value=True)
    sample_button = mo.ui.button(label="Other names", value=0, on_click=lambda seed: seed + 1)
    notebook.row(run_choice, again_button, beginning_text, temperature_slider, sample_button)
    return beginning_text, run_choice, sample_button, temperature_slider


@app.cell(hide_code=True)
def _(data, experiments, long_train, run_choice, y_train):
    _pictures, model_alphabet = [], data.alphabet
    if _run := run_choice.value:
        model, model_alphabet = load(_run)
        _results = notebook.read_json(_run / "results.json")
        _says = f"The model is your run's, `{_results['model']}`, with "
        _says += f"{_results['parameters']:,} parameters: train loss {_results['train']:.4f}, dev "
        _says += f"loss **{_results['dev'] or math.inf:.4f}**."
        _pictures = sorted(_run.glob("*.svg"))
    elif experiments():
        model, _says = experiments()[-1][1], "The model is the last one that you trained above."
    else:
        torch.manual_seed(42)
        model = MLP(27, block_size=3, n_embd=10, n_hidden=200, dropout=0.0)
        for _ in train(model, long_train[:, -3:], y_train, 3000):
            pass
        _says = "The model was trained for 3,000 steps while this page was opened."
    mo.vstack(
        [
            mo.md(_says),
            *(mo.image(_p, width="100%", style={"max-width": "500px"}) for _p in _pictures),
        ]
    )
    return model, model_alphabet


@app.cell(hide_code=True)
def _(beginning_text, model, model_alphabet, sample_button, temperature_slider):
    try:
        _ids = [END, *model_alphabet.encode(beginning_text.value.strip().lower())]
    except ValueError as _error:
        mo.stop(True, mo.callout(mo.md(f"This cannot be read: {_error}."), "warn"))
    with torch.no_grad():
        _logits = next_logits(model, torch.tensor([_ids]))
    [_probs] = probabilities(_logits, temperature_slider.value).tolist()
    _axes = notebook.plot(2.4, ylabel="probability")
    _axes.bar([*spell(range(len(model_alphabet)), model_alphabet)], _probs)
    _generator = torch.Generator().manual_seed(2147483647 + 10 + sample_button.value)
    _words = sample(model, 12, generator=_generator, temperature=temperature_slider.value)
    mo.vstack(
        [
            notebook.show(_axes),
            mo.md(" ".join(f"`{model_alphabet.decode(_word)}.`" for _word in _words)),
            mo.accordion({"The code that samples": notebook.code(sample)}),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    The video has `carmahela.` `jhovi.` `kimrin.`, and you get other names, even with its seed? The
    lecture draws its batches without a seed, so its weights differ from yours. Besides, this page
    draws twelve names at once.

    ---
    The lecture sets three exercises: beat its dev loss; fix the first loss, as you did at 0:29:15;
    try an idea from the paper. There is more to write yourself: `python -m makemore learn`, in the
    lesson's folder.
    """)
    return


if __name__ == "__main__":
    app.run()
