# /// script
# [tool.marimo.display]
# theme = "system"  # dark where the reader's is
# ///
"""Lecture 5, live: the backward pass of a network by hand, every gradient checked by autograd.

    marimo run lectures/backprop.py     # as a page, in the browser
    python lectures/backprop.py         # from beginning to end, checking the figures

Follows "Building makemore Part 4: Becoming a Backprop Ninja" (Andrej Karpathy,
youtube.com/watch?v=q8SA3rM6ckI), minute by minute.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lecture 5: backpropagation by hand")

with app.setup:
    import inspect
    import re
    from functools import partial
    from pathlib import Path

    import marimo as mo
    import torch
    import torch.nn.functional as F

    from makemore import manual_backprop as by_hand
    from makemore.exercises import LADDER
    from makemore.load import load, open_data
    from makemore.words import build_dataset
    from shared import datasets, notebook

    LESSON = Path(__file__).resolve().parent.parent
    VIDEO = "q8SA3rM6ckI"
    at = partial(notebook.minute, VIDEO)
    SEED = 2147483647  # the lecture's


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    # Lecture 5, live: backpropagation by hand

    This page goes through [the lecture](https://www.youtube.com/watch?v={VIDEO}) from its first
    minute to its last. Each heading opens the video where it comes to that point. Everything here
    is computed while you read, by the code of this lesson.

    ## {at("0:00:00")} Why by hand?

    `loss.backward()` is one line, but it does not think for you. It will not tell you that
    saturated units have stopped learning, or that clipping the loss makes a network ignore its
    outliers. Once you have written a backward pass yourself, you notice such things. Until about
    2014, everyone had to write their own.

    ## {at("0:07:26")} The network

    It is that of lecture 4: three characters become embeddings, then a linear layer, batch norm,
    tanh, and another linear layer give the logits of the next character.
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


@app.function
def draw_batch(p, n_examples):
    """32 examples: those that the lecture's generator draws after the weights."""
    g = torch.Generator().manual_seed(SEED)
    for name in ("C", "W1", "b1", "W2", "b2"):
        torch.randn(p[name].shape, generator=g)
    return torch.randint(n_examples, (32,), generator=g)


@app.function(hide_code=True)
def trained_parameters(model):
    """The weights of an `mlp-bn` under the lecture's names."""
    embedding, _, linear, norm, _, _, output = model.layers.layers
    weights = {
        "C": embedding.weight,
        "W1": linear.weight,
        "b1": torch.zeros_like(norm.beta),
        "W2": output.weight,
        "b2": output.bias,
        "bngain": norm.gamma,
        "bnbias": norm.beta,
    }
    return {name: weight.detach() for name, weight in weights.items()}


@app.cell
def _():
    data = open_data("names")
    of_lecture = data.words.sha256 == datasets.SOURCES["names"].sha256
    x_train, y_train = build_dataset(data.train, data.alphabet, 3)
    return data, of_lecture, x_train, y_train


@app.cell(hide_code=True)
def _(data, of_lecture, run_choice, x_train, y_train):
    if run_choice.value is None:
        alphabet, _x, _y = data.alphabet, x_train, y_train
        p = by_hand.parameters(len(alphabet), dtype=torch.float32)
        _whose = (
            "The weights are the lecture's, as they are before training. After "
            "`python train.py --model mlp-bn`, in a terminal, you can choose your own."
        )
        _lecture = (
            " The lecture prints 3.3377, and if you type along, you get yet another loss. It is "
            "not your mistake: the lecture draws the gain and the bias of batch norm without the "
            "seed. All other weights are the same."
            if of_lecture
            else " The lecture's data is missing here, so its figures differ."
        )
    else:
        _model, alphabet = load(run_choice.value)
        p = trained_parameters(_model)
        _words = (run_choice.value / "train.txt").read_text(encoding="utf-8").split("\n")[:-1]
        _x, _y = build_dataset(_words, alphabet, _model.block_size)
        _whose, _lecture = f"The weights are those of `{run_choice.value.name}`.", ""
    _ix = draw_batch(p, len(_x))
    x, y = _x[_ix], _y[_ix]
    t = by_hand.forward(p, x, y)
    _n_parameters = sum(_tensor.numel() for _tensor in p.values())
    untrained = run_choice.value is None
    if of_lecture and untrained:
        assert (len(x_train), _n_parameters, y[0].item()) == (182_625, 4_137, 8)
        assert f"{t['loss']:.4f}" == "3.3360"
    mo.md(
        f"{_whose} {_n_parameters:,} parameters; the loss of a batch of {len(y)} examples is "
        f"**{t['loss']:.4f}**.{_lecture}"
    )
    return alphabet, p, t, untrained, x, y


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:13:01")} Exercise 1: backward through every tensor

    The forward pass is split into steps so small that you know the derivative of each. In the
    backward pass, the same three rules apply again and again:

    - the gradient of a factor is that of the product, times the *other* factor;
    - if a tensor was broadcast, its gradient is *summed* over the copies; if it was summed, every
      term gets the gradient of the sum;
    - if a tensor was used twice, its *two* gradients add up.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.accordion({"The forward pass": notebook.code(by_hand.forward)})
    return


@app.cell(hide_code=True)
def _():
    why = {
        "logprobs": "The loss is minus the mean of one entry of each row, the target's. So "
        "these have the gradient -1/n, and all others 0.",
        "probs": "The derivative of log x is 1/x: the less probable the target, the larger its "
        "gradient.",
        "counts_sum_inv": "It was copied to all columns of its row, so it is summed over them.",
        "counts_sum": "The derivative of 1/x is -1/x².",
        "counts": "Used twice, in `probs` and in `counts_sum`. The sum passes the same gradient to "
        "each of its terms.",
        "norm_logits": "The derivative of exp is exp itself, and that is `counts`.",
        "logit_maxes": "Nearly 0, as it should be: a number that is subtracted from a whole row "
        "changes no probability.",
        "logits": "Used twice: directly, and through the maximum, which passes its gradient to the "
        "largest logit only (`is_largest` is 1 there, else 0).",
        "h": "The gradient of the product, times the other matrix, transposed. Nothing else fits "
        "the shapes.",
        "W2": "The same for the other factor: (n, hidden) transposed, times (n, vocab).",
        "b2": "It was added to every row, so it is summed over the rows.",
        "hpreact": "The derivative of tanh is 1 - tanh². A saturated unit passes nothing on.",
        "bngain": "It was copied to every row, so it is summed over the rows. (The lecture's has "
        "the shape (1, hidden).)",
        "bnbias": "Added to every row: summed over the rows.",
        "bnraw": "The other factor is the gain.",
        "bnvar_inv": "The other factor is `bndiff`, and what was copied is summed.",
        "bnvar": "The derivative of x^(-1/2) is -1/2 · x^(-3/2).",
        "bndiff2": "The variance is a sum over the rows, divided by n - 1. So every row gets the "
        "same gradient.",
        "bndiff": "Used twice: in `bnraw`, and squared, where the derivative is 2 · bndiff.",
        "bnmeani": "It was subtracted from every row: minus the sum over the rows.",
        "hprebn": "Used twice: directly, and in the mean, where each row counts 1/n.",
        "embcat": "A matrix product again, as with `h`.",
        "W1": "And as with `W2`.",
        "b1": "Nearly 0: batch norm subtracts the mean, and `b1` with it. So `b1` never learns.",
        "emb": "The same numbers in another shape.",
        "C": "A character that occurs several times in the batch used the same row of `C` several "
        "times. All its gradients add up there.",
    }
    tensor_choice = mo.ui.dropdown([*why], value="logprobs", label="Tensor, from the loss backward")
    tensor_choice
    return why, tensor_choice


@app.function(hide_code=True)
def lines_of(function):
    """The lines of a pass by the tensor that they make, with the lecture's plain names."""
    lines = {}
    for line in inspect.getsource(function).splitlines():
        if made := re.match(r'\s+[td]\["(\w+)"\]', line):
            plain = re.sub(r'[tp]\["(\w+)"\]', r"\1", line.strip())
            plain = re.sub(r'd\["(\w+)"\]', r"d\1", plain)
            plain = re.sub(r"\b([xy])\b", lambda m: f"{m[1].upper()}b", plain)
            lines.setdefault(made[1], []).append(plain)
    return lines


@app.function(hide_code=True)
def difference(mine, reference):
    """How two gradients of the same shape compare, in words."""
    if torch.equal(mine, reference):
        return "**exact**"
    largest = f"the largest difference is {(mine - reference).abs().max():.1e}"
    right = torch.allclose(mine, reference)
    return f"**approximately right**, {largest}" if right else f"**not right yet**, {largest}"


@app.function(hide_code=True)
def heat_map(gradient):
    """A gradient as a picture, a row for each of its rows."""
    rows = gradient.reshape(len(gradient), -1) if gradient.ndim > 1 else gradient[None]
    largest = rows.abs().max().item()
    axes = notebook.plot(2.6, title=f"from {-largest:.2g} (blue) to {largest:.2g} (red)")
    axes.imshow(rows, cmap="coolwarm", vmin=-largest, vmax=largest, aspect="auto")
    return notebook.show(axes)


@app.cell(hide_code=True)
def _(p, t, tensor_choice, untrained, why, x, y):
    gradients = by_hand.backward_by_autograd(p, t, x, y)
    _manual = by_hand.backward(p, t, x, y)
    tensors = {**p, **t}
    if untrained:
        assert all(
            torch.equal(_manual[_n], gradients[_n]) for _n in [*why][:8]
        )  # down to the logits
        assert all(torch.allclose(_manual[_n], gradients[_n]) for _n in why)
    _name = tensor_choice.value
    _forward = [_line for _lines in lines_of(by_hand.forward).values() for _line in _lines]
    _lines = [_line for _line in _forward if re.search(rf"\b{_name}\b", _line)]
    _backward = lines_of(by_hand.backward)[_name]
    mo.vstack(
        [
            mo.md(f"`{_name}`, shape {tuple(tensors[_name].shape)}, in the forward pass:"),
            mo.md("```python\n" + "\n".join(_lines) + "\n```"),
            mo.md(why[_name]),
            heat_map(gradients[_name]),
            mo.md(f"By hand beside autograd: {difference(_manual[_name], gradients[_name])}."),
            mo.accordion(
                {"The line by hand": mo.md("```python\n" + "\n".join(_backward) + "\n```")}
            ),
        ]
    )
    return gradients, tensors


@app.cell(hide_code=True)
def _():
    yours = mo.ui.code_editor(
        "dlogprobs = torch.zeros_like(logprobs)\n"
        "dlogprobs[range(n), Yb] = -1.0 / n\n"
        "dprobs = dlogprobs / probs\n"
        "dcounts_sum_inv = dprobs * counts\n",
        label="Your gradients",
        debounce=400,
    )
    mo.md(f"""
    **Your turn.** Write the gradient of any tensor, named as in the lecture: `dcounts` is that of
    `counts`. You can use all tensors, `Xb`, `Yb`, `n`, `torch` and `F`, and autograd's gradients of
    all tensors that you leave out. The last line below is not right yet. Correct it.

    {yours}
    """)
    return (yours,)


@app.function(hide_code=True)
def evaluate(text, known, gradients):
    """How the gradients in this text compare with autograd's, a line of Markdown for each."""
    names = [name for name in re.findall(r"^d(\w+) *=", text, re.M) if name in gradients]
    given = {f"d{name}": g for name, g in gradients.items() if name not in names}
    scope = {name: tensor.clone() for name, tensor in {**known, **given}.items()}
    scope.update(n=len(known["Yb"]), torch=torch, F=F, EPSILON=by_hand.EPSILON)
    error = []
    try:
        exec(text, scope)
    except Exception as problem:  # whatever is wrong with it, its author is told
        error = [f"Python says: `{type(problem).__name__}: {problem}`"]
    lines = []
    for name in dict.fromkeys(names):
        mine, shape = scope.get(f"d{name}"), tuple(gradients[name].shape)
        if isinstance(mine, torch.Tensor) and mine.shape == shape:
            lines.append(f"`d{name}`: {difference(mine.float(), gradients[name])}.")
        elif isinstance(mine, torch.Tensor):
            lines.append(
                f"`d{name}`: its shape is {tuple(mine.shape)}, but that of `{name}` is {shape}. "
                "Where a tensor was broadcast, sum its gradient over the copies (`keepdim=True` "
                "keeps a dimension of 1)."
            )
    return lines + error or ["Begin a line with `d`, the name of a tensor, and `=`."]


@app.cell(hide_code=True)
def _(gradients, tensors, untrained, x, y, yours):
    _known = {**tensors, "Xb": x, "Yb": y}
    _all_lines = [_line for _lines in lines_of(by_hand.backward).values() for _line in _lines]
    _is_largest = "is_largest = F.one_hot(logits.argmax(1), logits.shape[1])"
    _says = evaluate("\n".join([_is_largest, *_all_lines]), _known, gradients)
    if untrained:
        assert len(_says) == 26 and not any("not right" in _s for _s in _says)
    mo.md("\n\n".join(evaluate(yours.value, _known, gradients)))
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    From `hpreact` on, the last digits may differ from autograd's: the same formula, rounded in
    another way. *Approximately right* is right.

    ## {at("1:05:17")} Bessel's correction

    Why n - 1 in the variance? The mean of a sample lies closer to its own numbers than the true
    mean does, so the squares come out too small. Here are 20,000 samples of n numbers, whose true
    variance is 1. The smaller the samples, the further their mean variance is below 1, unless it
    is divided by n - 1.
    """)
    return


@app.function
def mean_variances(n):
    """The mean variance of 20,000 samples: divided by n, and by n - 1."""
    x = torch.randn(20_000, n, generator=torch.Generator().manual_seed(n))
    squares = ((x - x.mean(1, keepdim=True)) ** 2).sum(1)
    return (squares / n).mean().item(), (squares / (n - 1)).mean().item()


@app.cell
def _():
    sample_slider = mo.ui.slider(2, 64, value=4, label="$n$", show_value=True)
    sample_slider
    return (sample_slider,)


@app.cell(hide_code=True)
def _(sample_slider):
    _n = sample_slider.value
    _biased, _unbiased = mean_variances(_n)
    assert abs(_unbiased - 1) < 0.03 and abs(_biased - (_n - 1) / _n) < 0.03
    _axes = notebook.plot(2.8, xlabel="n", ylabel="mean variance", xlim=(0, 65), ylim=(0.4, 1.1))
    _axes.plot(range(2, 65), [(_k - 1) / _k for _k in range(2, 65)], color="C0")
    _axes.axhline(1, color="C1")
    _axes.scatter([_n], [_biased], color="C0", label="divided by n", zorder=3)
    _axes.scatter([_n], [_unbiased], color="C1", label="divided by n - 1", zorder=3)
    _axes.legend(loc="lower right")
    mo.vstack(
        [
            notebook.code(mean_variances),
            mo.md(
                f"Divided by n: **{_biased:.3f}**, where {_n - 1}/{_n} = {(_n - 1) / _n:.3f} is "
                f"expected. Divided by n - 1: **{_unbiased:.3f}**."
            ),
            notebook.show(_axes),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    row_slider = mo.ui.slider(0, 31, label="Example of the batch", show_value=True)
    mo.md(f"""
    The paper on batch norm, and PyTorch after it, divide by n in training, but by n - 1 for the
    running variance that is used afterwards. The lecture considers this a small bug, and uses n - 1
    everywhere. So does this page; `BatchNorm1d` in `layers.py` follows PyTorch.

    ## {at("1:26:31")} Exercise 2: cross-entropy at once

    Eight tensors only serve to compute the loss from the logits. On paper, nearly everything in
    their derivatives cancels, and one line is left: the probabilities, minus 1 at the target, all
    divided by n.

    {row_slider}
    """)
    return (row_slider,)


@app.cell(hide_code=True)
def _(alphabet, gradients, row_slider, t, untrained, x, y):
    d_logits = by_hand.cross_entropy_backward(t["logits"], y)
    if untrained:
        assert 0 < (d_logits - gradients["logits"]).abs().max() < 2e-8
    _i = row_slider.value
    _letters = [".", *alphabet.characters]
    _context = "".join(_letters[_id] for _id in x[_i])
    _target = y[_i].item()
    _pull = d_logits[_i] * len(y)
    _axes = notebook.plot(2.6, ylabel="gradient · n", ylim=(-1.05, 1.05))
    _colors = ["C3" if _id == _target else "C0" for _id in range(len(_letters))]
    _axes.bar(range(len(_letters)), _pull, color=_colors)
    _axes.set_xticks(range(len(_letters)), _letters)
    mo.vstack(
        [
            mo.md(
                f"After `{_context}` comes `{_letters[_target]}`, to which the network gives "
                f"{t['probs'][_i, _target]:.1%}."
            ),
            notebook.show(_axes),
            mo.md(
                "A gradient above 0 pushes a logit down, one below 0 pulls it up. The target is "
                "pulled up just as hard as all others together are pushed down: the sum of the row "
                f"is {_pull.sum().abs():.0e}. The better the prediction, the weaker the forces."
            ),
            mo.md(f"Beside autograd: {difference(d_logits, gradients['logits'])} (lecture: 5e-9)."),
            mo.accordion({"The line by hand": notebook.code(by_hand.cross_entropy_backward)}),
        ]
    )
    return


@app.cell
def _():
    cross_entropy_form = notebook.exercise(LADDER, "cross-entropy-backward")
    cross_entropy_form
    return (cross_entropy_form,)


@app.cell(hide_code=True)
def _(cross_entropy_form):
    notebook.answer(LADDER, "cross-entropy-backward", cross_entropy_form.value)
    return


@app.cell(hide_code=True)
def _(p):
    channel_slider = mo.ui.slider(
        0, len(p["bngain"]) - 1, value=2, label="Channel", show_value=True
    )
    mo.md(f"""
    ## {at("1:36:37")} Exercise 3: batch norm at once

    The same for the six tensors of the normalization. Its output does not change if a whole
    channel is shifted or stretched. So the gradient that arrives loses the part that would shift
    the channel, and the part that would stretch it.

    Together, these two parts are a straight line. Each dot is an example: its normalized value, and
    the gradient that arrives there. Batch norm subtracts the line that fits best, and passes on
    only the distances from it (times `bnvar_inv`).

    {channel_slider}
    """)
    return (channel_slider,)


@app.cell(hide_code=True)
def _(channel_slider, gradients, t, untrained):
    d_hprebn = by_hand.batch_norm_backward(gradients["bnraw"], t["bnraw"], t["bnvar_inv"])
    if untrained:
        assert 0 < (d_hprebn - gradients["hprebn"]).abs().max() < 5e-9
    _k = channel_slider.value
    _place, _arrives = t["bnraw"][:, _k], gradients["bnraw"][:, _k]
    _slope = (_arrives * _place).sum() / (len(_place) - 1)
    _line = _arrives.mean() + _slope * _place
    _axes = notebook.plot(3, xlabel="bnraw", title="dbnraw")
    _axes.axline((0, _arrives.mean().item()), slope=_slope.item(), color="#888888")
    _axes.vlines(_place, _line, _arrives, color="C1", label="what is passed on")
    _axes.scatter(_place, _arrives, s=14, label="what arrives", zorder=3)
    _axes.legend()
    mo.vstack(
        [
            notebook.show(_axes),
            mo.md(
                f"Beside autograd: {difference(d_hprebn, gradients['hprebn'])} (lecture: 9e-10)."
            ),
            mo.accordion({"The lines by hand": notebook.code(by_hand.batch_norm_backward)}),
        ]
    )
    return


@app.cell
def _():
    batch_norm_form = notebook.exercise(LADDER, "batch-norm-backward")
    batch_norm_form
    return (batch_norm_form,)


@app.cell(hide_code=True)
def _(batch_norm_form):
    notebook.answer(LADDER, "batch-norm-backward", batch_norm_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:50:02")} Exercise 4: train with it

    Now the whole backward pass is written, without autograd. The network gets the lecture's 200
    hidden units: 12,297 parameters. Train it with these gradients, then with autograd's. The losses
    are the same, since the seed is.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.accordion(
        {
            "The backward pass": notebook.code(by_hand.backward_fused),
            "The training loop": notebook.code(by_hand.train_by_hand),
        }
    )
    return


@app.cell
def _():
    steps_slider = mo.ui.slider(
        steps=[1000, 5000, 20_000, 200_000], value=5000, label="Steps", show_value=True
    )
    gradients_choice = mo.ui.dropdown(
        {
            "by hand": by_hand.backward_fused,
            "by hand, every tensor": by_hand.backward,
            "autograd": by_hand.backward_by_autograd,
        },
        value="by hand",
        label="Gradients",
    )
    train_button = mo.ui.run_button(label="Train")
    stop_button = mo.ui.run_button(label="Stop")
    notebook.row(steps_slider, gradients_choice, train_button, stop_button)
    return gradients_choice, steps_slider, stop_button, train_button


@app.function
def logits_of(p, x, mean, var):
    """Logits with statistics that do not depend on the batch."""
    hprebn = p["C"][x].flatten(1) @ p["W1"] + p["b1"]
    hpreact = p["bngain"] * (hprebn - mean) * (var + by_hand.EPSILON) ** -0.5 + p["bnbias"]
    return torch.tanh(hpreact) @ p["W2"] + p["b2"]


@app.function
def calibrate(p, x):
    """The mean and variance of every channel, after training, over many examples."""
    hprebn = p["C"][x].flatten(1) @ p["W1"] + p["b1"]
    return hprebn.mean(0), hprebn.var(0)


@app.function
def sample_names(p, mean, var, alphabet, count=10):
    g = torch.Generator().manual_seed(SEED + 10)
    names = []
    for _ in range(count):
        ids = [0, 0, 0]
        while len(ids) == 3 or ids[-1] != 0:
            probs = logits_of(p, torch.tensor([ids[-3:]]), mean, var).softmax(1)
            ids.append(torch.multinomial(probs, 1, generator=g).item())
        names.append(alphabet.decode(ids[3:-1]))
    return names


@app.function(hide_code=True)
def training_pictures(data, x, y, steps, gradients):
    """Train; yields the loss curve again and again, at last with names."""
    p = by_hand.parameters(len(data.alphabet), n_hidden=200, dtype=torch.float32)
    training = by_hand.train_by_hand(p, x, y, steps, gradients=gradients)
    losses = yield from notebook.loss_curves(training, steps)
    mean, var = calibrate(p, x[:20_000])
    x_dev, y_dev = build_dataset(data.dev, data.alphabet, 3)
    dev = F.cross_entropy(logits_of(p, x_dev, mean, var), y_dev)
    names = ", ".join(sample_names(p, mean, var, data.alphabet))
    says = f"Trained: {len(losses):,} steps, dev loss **{dev:.4f}**. Sampled: {names}."
    yield mo.vstack([notebook.loss_curve(losses, steps), mo.md(says)])


@app.cell
def _(data, gradients_choice, steps_slider, stop_button, train_button, x_train, y_train):
    stop_button  # pressed, it runs this cell again, which ends the training of the time before
    notebook.wait_for(train_button, "5,000 steps take a few seconds.")
    _steps = 100 if notebook.in_script() else steps_slider.value
    notebook.play(training_pictures(data, x_train, y_train, _steps, gradients_choice.value))
    return


@app.cell(hide_code=True)
def _(data, x_train, y_train):
    if notebook.in_script():
        _losses = []
        for _gradients in (by_hand.backward_fused, by_hand.backward_by_autograd):
            _p = by_hand.parameters(len(data.alphabet), n_hidden=200, dtype=torch.float32)
            _data = _p, x_train, y_train, 300
            _losses.append(torch.tensor([*by_hand.train_by_hand(*_data, gradients=_gradients)]))
        assert len(data.alphabet) != 27 or sum(_w.numel() for _w in _p.values()) == 12_297
        torch.testing.assert_close(*_losses, rtol=0, atol=1e-4)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    200,000 steps take a minute or two, and brought the lecture to a loss of 2.0705 (train) and
    2.1099 (dev). Its first names were carmahzamille, khi, mreigeet, khalaysie. Yours are sampled
    with the same random numbers, from slightly different weights, so they look alike.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.accordion(
        {
            "Batch norm without a batch, and sampling": notebook.code(
                calibrate, logits_of, sample_names
            )
        }
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:54:24")} The end

    You could now write `loss.backward()` yourself: about thirty lines for all tensors, about ten
    with the two formulas. The next lectures use autograd again, and you know what it does.

    ---
    There is more to write yourself: `python -m makemore learn`, in the lesson's folder.
    """)
    return


if __name__ == "__main__":
    app.run()
