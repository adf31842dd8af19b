# /// script
# [tool.marimo.display]
# theme = "system"  # dark where the reader's is
# [tool.marimo.lint]
# ignore = ["MR001"]  # "self-import": the setup below sees to it
# ///
"""Lecture 7, live: from pairs of characters to a Transformer, with models that you train.

    marimo run lectures/gpt.py     # as a page, in the browser
    python lectures/gpt.py         # from beginning to end, checking the figures

Follows "Let's build GPT: from scratch, in code, spelled out" (Andrej Karpathy,
youtube.com/watch?v=kCc8FmEb1nY), minute by minute.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lecture 7: let's build GPT")

with app.setup:
    import math
    import sys
    from dataclasses import replace
    from functools import partial
    from html import escape
    from pathlib import Path

    LESSON = Path(__file__).resolve().parent.parent
    # This file has the package's name, so Python must look for the package elsewhere first.
    sys.path = [str(LESSON), *(p for p in sys.path if Path(p).resolve() != LESSON / "lectures")]

    import marimo as mo
    import torch
    import torch.nn.functional as F
    from torch import nn

    from gpt.attention import attention_weights
    from gpt.attention_maps import attention_maps
    from gpt.bigram import Bigram
    from gpt.chars import Chars
    from gpt.exercises import LADDER
    from gpt.generate import distribution, nucleus, sampling_probabilities, stream
    from gpt.gpt2 import GPT2
    from gpt.lecture import Embeddings, FeedForward, Head
    from gpt.load import load
    from gpt.modern import Modern
    from gpt.stages import RECIPES, estimate_loss, get_batch, make_model
    from shared import datasets, notebook

    VIDEO = "kCc8FmEb1nY"
    at = partial(notebook.minute, VIDEO)
    torch.set_num_threads(1)  # the models are too small for more


@app.function(hide_code=True)
def shaded(tokens, amounts, titles):
    """Tokens side by side; the larger the amount, from 0 to 1, the stronger the color."""
    spans = [
        f'<span title="{title}" style="background: rgba(255, 127, 14, {amount:.2f})">'
        f"{escape(token)}</span>{'<br>' if token == '⏎' else ''}"
        for token, amount, title in zip(tokens, amounts, titles, strict=True)
    ]
    style = "font-family: monospace; white-space: pre-wrap; overflow-wrap: anywhere"
    return mo.Html(f'<div style="{style}">{"".join(spans)}</div>')


@app.function(hide_code=True)
def grid(matrix, labels=(), digits=2, shade=True):
    """A matrix as a table; the larger a number, from 0 to 1, the stronger the color."""
    padding = "padding: 1px 6px" if digits is not None else "padding: 0 2px"
    cells = [[f"<td>{escape(label)}" for label in ("", *labels)]] if labels else []
    for index, numbers in enumerate(matrix.tolist()):
        cells.append([f"<td>{escape(label)}" for label in labels[index : index + 1]])
        for number in numbers:
            alpha = 0.8 * min(max(number, 0), 1) if shade else 0
            text = "&nbsp;" if digits is None else f"{number:.{digits}f}"
            style = f"{padding}; background: rgba(255, 127, 14, {alpha:.2f})"
            cells[-1].append(f'<td style="{style}">{text}')
    lines = "".join(f"<tr>{''.join(line)}" for line in cells)
    return notebook.wide(f'<table style="font: 12px monospace; text-align: center">{lines}</table>')


@app.function(hide_code=True)
def encoded(vocabulary, text):
    """The ids of a text (time,), or a message in place of the cell's output."""
    try:
        ids = vocabulary.encode(text)
    except ValueError as error:
        mo.stop(True, mo.callout(mo.md(f"This cannot be read: {error}."), "warn"))
    mo.stop(not ids, mo.md("Type a text."))
    return torch.tensor(ids)


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    # Lecture 7, live: let's build GPT

    This page goes through [the lecture](https://www.youtube.com/watch?v={VIDEO}) from its first
    minute to its last. Each heading opens the video where it comes to that point. Everything here
    is computed while you read, by the code of this lesson: type a text, move a slider, or train a
    model and look into it.

    ## {at("0:07:52")} The data

    A language model continues a text, one piece at a time. Ours will write like Shakespeare, and
    its pieces are characters.
    """)
    return


@app.cell
def _():
    dataset = datasets.load("shakespeare")
    text = dataset.text
    of_lecture = dataset.sha256 == datasets.SOURCES["shakespeare"].sha256
    if of_lecture:
        assert (len(text), len(set(text))) == (1_115_394, 65)
    _size = mo.md(f"{len(text):,} characters, {len(set(text))} different ones. It begins:")
    _stand_in = mo.md("""
    The lecture's text could not be downloaded. This is a play that comes with the repository, so
    the figures below differ from the video's.
    """)
    mo.vstack([_size, mo.plain_text(text[:148]), mo.md("") if of_lecture else _stand_in])
    return of_lecture, text


@app.cell
def _(text):
    chars = Chars.of(text)
    _data = torch.tensor(chars.encode(text))
    _n = int(0.9 * len(_data))
    train_data, dev_data = _data[:_n], _data[_n:]
    hello_text = mo.ui.text("hii there", label="A text to encode", debounce=200)
    mo.md(f"""
    ## {at("0:09:28")} Tokens, and a split

    The characters, sorted, are the vocabulary. The place of a character in it is its *token*, an
    integer. Lecture 8 is about tokens of several characters.

    {hello_text}
    """)
    return chars, dev_data, hello_text, train_data


@app.cell(hide_code=True)
def _(chars, dev_data, hello_text, of_lecture, train_data):
    _ids = encoded(chars, hello_text.value).tolist()
    if of_lecture and hello_text.value == "hii there":
        assert _ids == [46, 47, 47, 1, 58, 46, 43, 56, 43]
    mo.md(
        f"`{_ids}`, and back again: `{chars.decode(_ids)}`\n\n"
        f"The first 90% of the tokens, {len(train_data):,}, are for training. The rest, "
        f"{len(dev_data):,}, the *dev split*, tells whether the model has learned the language, "
        "or only learned the text by heart."
    )
    return


@app.cell
def _(train_data):
    place_slider = mo.ui.slider(0, len(train_data) - 9, label="place", full_width=True)
    mo.md(f"""
    ## {at("0:14:27")} Batches of windows

    The model learns from short windows. A window of eight tokens holds eight examples, with
    contexts of one to eight tokens, so the model gets used to all of these lengths. Move the
    window through the text.

    {place_slider}
    """)
    return (place_slider,)


@app.cell
def _(chars, place_slider, train_data):
    _window = chars.decode(train_data[place_slider.value :][:9].tolist())
    _lines = [f"| `{_window[:t]!r}` | `{_window[t]!r}` |" for t in range(1, 9)]
    mo.md("\n".join(["| context | target |", "|---|---|", *_lines]))
    return


@app.cell(hide_code=True)
def _(of_lecture, train_data):
    torch.manual_seed(1337)
    xb, yb = get_batch(train_data, batch_size=4, block_size=8)
    if of_lecture:
        assert xb[0].tolist() == [24, 43, 58, 5, 57, 1, 46, 43]
        assert yb[3].tolist() == [17, 27, 10, 0, 21, 1, 54, 39]
    batch_form = notebook.exercise(LADDER, "batch")
    _text = mo.md("""
    A *batch* is several windows from random places, one in each row: here are the inputs and their
    targets. With the lecture's text and its seed, you get the lecture's batch.
    """)
    _batch = notebook.row(grid(xb, digits=0, shade=False), grid(yb, digits=0, shade=False))
    mo.vstack([_text, _batch, batch_form])
    return batch_form, xb, yb


@app.cell(hide_code=True)
def _(batch_form):
    notebook.answer(LADDER, "batch", batch_form.value)
    return


@app.cell(hide_code=True)
def _(chars):
    seed_slider = mo.ui.slider(1330, 1350, value=1337, label="seed", show_value=True)
    _text = mo.md(f"""
    ## {at("0:22:11")} The bigram model

    The simplest model looks at one token only. It is a table, with a row of *logits* for each
    token: a score for every token that may come next.
    """)
    _loss = mo.md(f"""
    The loss is the mean of $-\\log p$, where $p$ is the probability of the right token. A model
    that finds all {len(chars)} tokens equally likely has a loss of {math.log(len(chars)):.4f}, the
    logarithm of their number. With random logits, the loss is higher: the model is confident, and
    wrong.

    To generate, draw a token, append it, and repeat.

    {seed_slider}
    """)
    mo.vstack([_text, notebook.code(Bigram.__init__, Bigram.forward), _loss])
    return (seed_slider,)


@app.cell
def _(chars, of_lecture, seed_slider, xb, yb):
    torch.manual_seed(seed_slider.value)
    _model = Bigram(len(chars), block_size=8)
    _, _loss = _model(xb, yb)
    _ids = _model.generate(torch.zeros((1, 1), dtype=torch.long), max_new_tokens=150)
    _written = chars.decode(_ids[0].tolist())
    if of_lecture and seed_slider.value == 1337:
        assert f"{_loss.item():.4f}" == "4.8786"
        assert _written.startswith("\nSKIcLT;")
    _text = mo.md("""
    In the video, the text begins with `Sr?qP-QW`. With the same seed, today's PyTorch draws
    `SKIcLT;A`. If you get that, too, you made no mistake.
    """)
    _says = mo.md(f"An untrained model, with a loss of **{_loss.item():.4f}**, writes:")
    mo.vstack([_says, mo.plain_text(_written), _text])
    return


@app.cell
def _():
    generate_form = notebook.exercise(LADDER, "generate")
    generate_form
    return (generate_form,)


@app.cell(hide_code=True)
def _(generate_form):
    notebook.answer(LADDER, "generate", generate_form.value)
    return


@app.function
def train(model, data, steps, lr):
    """Yields the loss of each step."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    for _ in range(steps):
        xb, yb = get_batch(data, batch_size=32, block_size=model.block_size)
        _, loss = model(xb, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


@app.function(hide_code=True)
def draw_losses(losses_of):
    """A curve for each name; a point is the mean over a twentieth of the steps."""
    axes = notebook.plot(2.8, xlabel="step", ylabel="loss")
    for name, losses in losses_of.items():
        size = max(1, len(losses) // 20)
        means = torch.tensor(losses).split(size)
        axes.plot(
            [size * (i + 1) for i in range(len(means))], [m.mean() for m in means], label=name
        )
    axes.legend()
    return notebook.show(axes)


@app.function(hide_code=True)
def train_stage(recipe, vocab_size, train_data, dev_data, set_trained):
    """Train a stage of the lecture's model; yields what there is to see."""
    torch.manual_seed(1337)
    stage, model = recipe.stage, make_model(recipe, vocab_size)
    training = train(model, train_data, recipe.steps, recipe.lr)
    losses = yield from notebook.loss_curves(training, recipe.steps)
    dev_loss = estimate_loss(model, dev_data)
    model.eval()
    yield mo.md(f"Trained: {len(losses):,} steps, dev loss {dev_loss:.4f}.")
    result = model, losses, dev_loss
    set_trained(lambda old: {s: old[s] for s in old if s != stage} | {stage: result})


@app.cell
def _():
    trained, set_trained = mo.state({})
    bigram_button = mo.ui.run_button(label="Train for 2,000 steps")
    _text = mo.md(f"""
    ## {at("0:34:53")} Training it

    A batch, the loss, its gradients, a step, and again. This loop trains every model on this
    page.
    """)
    mo.vstack([_text, notebook.code(train), bigram_button])
    return bigram_button, set_trained, trained


@app.cell
def _(bigram_button, chars, dev_data, set_trained, train_data):
    notebook.wait_for(bigram_button, "It takes a few seconds.")
    _recipe = replace(RECIPES[0], steps=2000)
    notebook.play(train_stage(_recipe, len(chars), train_data, dev_data, set_trained))
    return


@app.cell(hide_code=True)
def _(chars, dev_data, of_lecture, train_data, trained):
    counted = Bigram(len(chars), block_size=8).eval()
    counted.count(train_data)
    _floor = estimate_loss(counted, dev_data)
    _says = f"Counting all pairs makes such a table at once. Its dev loss is **{_floor:.4f}**."
    if "bigram" in trained():
        _model, _, _loss = trained()["bigram"]
        assert not (of_lecture and notebook.in_script()) or round(_loss, 1) == 2.5
        _ids = _model.generate(torch.zeros((1, 1), dtype=torch.long), 150)
        _says += " The trained one writes a text that looks a little like words:"
        _says += f"\n\n```\n{chars.decode(_ids[0].tolist())}\n```"
    mo.md(_says)
    return (counted,)


@app.function
def average_by_loop(x):
    means = torch.zeros_like(x)
    for b in range(x.shape[0]):
        for t in range(x.shape[1]):
            means[b, t] = x[b, : t + 1].mean(0)
    return means


@app.cell
def _():
    torch.manual_seed(1337)
    points = torch.randn(4, 8, 2)  # (batch, time, channel)
    time_slider = mo.ui.slider(0, 7, value=3, label="token", show_value=True)
    _text = mo.md(f"""
    ## {at("0:38:00")} As a script

    The loss of one batch is noisy. So the lecture averages over many batches of each split, without
    gradients, and after `model.eval()`, which switches dropout off. This lesson averages over the
    whole dev split. In a terminal, `python train.py --model lecture --stage bigram` does all of
    this.

    ## {at("0:42:13")} Averaging the past, by a loop

    Now the tokens should talk to each other, but none may see the future. The simplest way to look
    back is to average: each token becomes the mean of itself and those before it.
    """)
    _points = mo.md("""
    Here are eight tokens with two channels, as points. Move the slider: the cross is the mean so
    far.
    """)
    mo.vstack([_text, notebook.code(average_by_loop), _points, time_slider])
    return points, time_slider


@app.cell(hide_code=True)
def _(points, time_slider):
    _axes = notebook.plot(2.6)
    for _t, _point in enumerate(points[0].tolist()):
        _axes.scatter(*_point, color="C0", alpha=1 if _t <= time_slider.value else 0.2)
        _axes.annotate(f" {_t}", _point, color="#888888")
    _mean = average_by_loop(points)[0, time_slider.value].tolist()
    _axes.scatter(*_mean, color="C1", marker="x", s=90)
    notebook.show(_axes)
    return


@app.function
def average_by_product(x):
    wei = torch.tril(torch.ones(x.shape[1], x.shape[1]))
    wei = wei / wei.sum(1, keepdim=True)
    return wei @ x  # (T, T) @ (B, T, C) -> (B, T, C)


@app.cell
def _():
    _ones = torch.ones(3, 3)
    _tril = torch.tril(_ones)
    _average = _tril / _tril.sum(1, keepdim=True)
    torch.manual_seed(42)
    b = torch.randint(0, 10, (3, 2)).float()
    assert (b.tolist(), (_average @ b)[1].tolist()) == ([[2, 7], [6, 4], [6, 5]], [4, 5.5])
    a_radio = mo.ui.radio(
        {"ones": _ones, "a triangle": _tril, "divided by its rows' sums": _average},
        value="ones",
        inline=True,
    )
    mo.md(f"""
    ## {at("0:47:11")} The trick: a matrix product

    The same without a loop. In `a @ b`, a row of `a` says how much to take of each row of
    `b`. Ones add up all rows; a triangle of ones adds up the past; divided by the sums of
    its rows, it averages the past.

    {a_radio}
    """)
    return a_radio, b


@app.cell(hide_code=True)
def _(a_radio, b):
    _a = a_radio.value
    notebook.row(grid(_a), "@", grid(b, digits=0, shade=False), "=", grid(_a @ b, shade=False))
    return


@app.function
def average_by_softmax(x, scores=0.0):
    past = torch.tril(torch.ones(x.shape[1], x.shape[1]))
    wei = (past * scores).masked_fill(past == 0, float("-inf"))
    return F.softmax(wei, dim=-1) @ x


@app.cell
def _():
    _future = [[column > row for column in range(4)] for row in range(4)]
    scores_matrix = mo.ui.matrix(
        [[0.0] * 4] * 4, min_value=-5, max_value=5, step=0.5, disabled=_future, label="scores"
    )
    _version2 = mo.md(f"""
    ## {at("0:51:54")} Version 2

    So, for x of the shape (B, T, C), the weights `wei` are a matrix (T, T):
    """)
    _version3 = mo.md(f"""
    ## {at("0:54:42")} Version 3: softmax

    Start with scores of 0. Those of the future become $-\\infty$, and a softmax turns each row of
    scores into weights.
    """)
    _drag = mo.md("""
    All three versions give the same averages. But now the scores may differ. Drag one of them
    sideways, and its token counts more, or less. Where such scores come from is what attention is
    about.
    """)
    _code2, _code3 = notebook.code(average_by_product), notebook.code(average_by_softmax)
    mo.vstack([_version2, _code2, _version3, _code3, _drag, scores_matrix])
    return (scores_matrix,)


@app.cell(hide_code=True)
def _(points, scores_matrix):
    for _version in (average_by_product, average_by_softmax):
        torch.testing.assert_close(_version(points), average_by_loop(points))
    grid(average_by_softmax(torch.eye(4)[None], torch.tensor(scores_matrix.value))[0])
    return


@app.cell
def _():
    word_text = mo.ui.text("stream", label="A word", debounce=200, max_length=32)
    positions_switch = mo.ui.switch(label="with positions")
    _text = mo.md(f"""
    ## {at("1:00:18")} Positions

    A token becomes a vector, its *embedding*. So does its position in the window, and the two are
    added. Without positions, attention does not see the order of the tokens: reverse all but the
    last one, and the last one gathers the same numbers. Switch the positions on.
    """)
    mo.vstack([_text, notebook.code(Embeddings.forward), notebook.row(word_text, positions_switch)])
    return positions_switch, word_text


@app.cell(hide_code=True)
def _(chars, positions_switch, word_text):
    torch.manual_seed(1337)
    _embeddings, _head = Embeddings(len(chars), 32, n_embd=32), Head(32, 4, 32)
    _embed = _embeddings if positions_switch.value else _embeddings.token_embedding_table
    _ids = encoded(chars, word_text.value)
    _lines = ["| read | gathered by the last token |", "|---|---|"]
    for _order in (_ids, torch.cat([_ids[:-1].flip(0), _ids[-1:]])):
        _numbers = ", ".join(f"{_n:.3f}" for _n in _head(_embed(_order[None]))[0, -1])
        _lines.append(f"| `{chars.decode(_order.tolist())}` | {_numbers} |")
    mo.md("\n".join(_lines))
    return


@app.function
def attend(x, key, query, value, mask=True, scale=True):
    """What the tokens x (B, T, C) gather from each other, and the weights (B, T, T)."""
    k, q, v = key(x), query(x), value(x)  # (B, T, head_size)
    wei = q @ k.transpose(-2, -1)  # (B, T, hs) @ (B, hs, T) -> (B, T, T)
    if scale:
        wei = wei * k.shape[-1] ** -0.5
    if mask:
        past = torch.tril(torch.ones(x.shape[1], x.shape[1]))
        wei = wei.masked_fill(past == 0, float("-inf"))
    wei = F.softmax(wei, dim=-1)
    return wei @ v, wei


@app.cell
def _():
    switches = mo.ui.dictionary(
        {"mask": mo.ui.switch(True, label="mask"), "scale": mo.ui.switch(label="scale")}
    )
    example_slider = mo.ui.slider(0, 3, label="row of the batch", show_value=True)
    _text = mo.md(f"""
    ## {at("1:02:00")} Self-attention

    Each token sends out three vectors: a *query*, what it looks for; a *key*, what it contains; a
    *value*, what it passes on. A token's score for another one is the dot product of its own
    query and the other's key.
    """)
    _weights = mo.md("""
    These are the weights for the lecture's random numbers. Each row belongs to a token, and shows
    how much it takes from each token. Without the mask, it sees the future.
    """)
    _controls = notebook.row(*switches.elements.values(), example_slider)
    mo.vstack([_text, notebook.code(attend), _weights, _controls])
    return example_slider, switches


@app.cell(hide_code=True)
def _(example_slider, switches):
    torch.manual_seed(1337)
    _x = torch.randn(4, 8, 32)
    _layers = [nn.Linear(32, 16, bias=False) for _ in range(3)]
    _, _wei = attend(_x, *_layers, **switches.value)
    if switches.value == {"mask": True, "scale": False}:  # as the lecture prints them
        assert [f"{_w:.4f}" for _w in _wei[0, 1, :2]] == ["0.1574", "0.8426"]
    grid(_wei[example_slider.value])
    return


@app.cell
def _():
    size_slider = mo.ui.slider(
        steps=[2**i for i in range(9)], value=16, label="head size", show_value=True
    )
    mo.md(f"""
    ## {at("1:11:38")} Six notes

    1. Attention is *communication*: nodes gather from the nodes that point to them.
    2. It has no notion of space; hence the positions.
    3. The rows of a batch never talk to each other. Move their slider above: other tokens, other
       weights.
    4. Without the mask it is an *encoder*, which sees the whole text; with it, a *decoder*.
    5. *Self*-attention takes queries, keys and values from the same tokens; *cross*-attention
       takes keys and values from elsewhere.
    6. The scores are divided by the square root of the head's size. A score is a sum of that many
       products: the larger the head, the larger the scores, and the sharper the softmax, until
       each token listens to only one other. The bars are one token's weights.

    {size_slider}
    """)
    return (size_slider,)


@app.cell(hide_code=True)
def _(size_slider):
    assert f"{(torch.tensor([0.1, -0.2, 0.3, -0.2, 0.5]) * 8).softmax(0)[4]:.4f}" == "0.8000"
    torch.manual_seed(1337)
    _q, _k = torch.randn(2, 500, 8, size_slider.value)
    _raw = _q @ _k.transpose(1, 2)  # the scores of 500 heads for 8 tokens
    _axes = notebook.plot(2.6, ylabel="weight", ylim=(0, 1))
    _lines = ["| | variance of scores | mean of largest weights |", "|---|--:|--:|"]
    _scaled = _raw * size_slider.value**-0.5
    for _name, _scores, _shift in (("not scaled", _raw, -0.2), ("scaled", _scaled, 0.2)):
        _wei = _scores.softmax(-1)
        _axes.bar([_i + _shift for _i in range(8)], _wei[0, 0].tolist(), 0.4, label=_name)
        _lines.append(f"| {_name} | {_scores.var():.2f} | {_wei.amax(-1).mean():.2f} |")
    _axes.legend()
    mo.vstack([notebook.show(_axes), mo.md("\n".join(_lines))])
    return


@app.cell
def _():
    head_form = notebook.exercise(LADDER, "head")
    _text = mo.md(f"""
    ## {at("1:19:11")} One head in the network

    The head becomes a module, and from here on, the network grows. Write the head; then train a
    model that has one, and come back for each piece that follows.
    """)
    mo.vstack([_text, head_form])
    return (head_form,)


@app.cell(hide_code=True)
def _(head_form):
    notebook.answer(LADDER, "head", head_form.value)
    return


@app.cell
def _():
    growth = mo.ui.dictionary(
        {
            "stage": mo.ui.dropdown([r.stage for r in RECIPES[1:-1]], value="head", label="stage"),
            "steps": mo.ui.slider(
                steps=[100, 200, 500, 1000, 2000, 5000], value=500, label="steps", show_value=True
            ),
            "block_size": mo.ui.slider(steps=[8, 16, 32, 64], label="context", show_value=True),
        }
    )
    train_button = mo.ui.run_button(label="Train")
    stop_button = mo.ui.run_button(label="Stop")
    again_button = mo.ui.button(label="Look for runs again")
    mo.md(f"""
    ### Grow it, stage by stage

    {notebook.row(*growth.elements.values(), train_button, stop_button)}
    """)
    return again_button, growth, stop_button, train_button


@app.cell
def _(chars, dev_data, growth, set_trained, stop_button, train_button, train_data):
    stop_button  # pressed, it runs this cell again, which ends the training of the time before
    notebook.wait_for(train_button, "With 500 steps, a stage takes two to ten seconds.")
    _recipe = replace(RECIPES[1], lr=5e-3, **growth.value)
    notebook.play(train_stage(_recipe, len(chars), train_data, dev_data, set_trained))
    return


@app.cell(hide_code=True)
def _(trained):
    _lines = ["| stage | lecture | yours |", "|---|--:|---|"]
    for _recipe in RECIPES[:-1]:
        _yours = ""
        if _recipe.stage in trained():
            _model, _losses, _loss = trained()[_recipe.stage]
            _yours = f"**{_loss:.4f}**, {len(_losses):,} steps, context {_model.block_size}"
        _lines.append(f"| `{_recipe.stage}` | {_recipe.lecture} | {_yours} |")
    _text = mo.md("""
    The table has the dev losses. The lecture takes 5,000 steps at a learning rate of 0.001, as
    does `python -m gpt stages`, in a terminal. Here, the rate is 0.005, so fewer steps are enough
    to see a difference.
    """)
    _curves = {_stage: _losses for _stage, (_, _losses, _) in trained().items()}
    mo.vstack([_text, mo.md("\n".join(_lines)), draw_losses(_curves) if _curves else mo.md("")])
    return


@app.cell
def _(again_button):
    again_button
    run_choice = mo.ui.dropdown(notebook.runs(LESSON / "runs"), label="Your own run")
    mo.md(f"""
    ### A model to look into

    Below, *the model* is the run that you choose here. If you choose none, it is the model that
    you trained last on this page, and before that, the table of counted bigrams. `python train.py`,
    in a terminal, makes a run in two minutes, with a far better model than those on this page.

    {notebook.row(run_choice, again_button)}
    """)
    return (run_choice,)


@app.cell(hide_code=True)
def _(chars, counted, run_choice, trained):
    model, vocabulary, model_name = counted, chars, "the bigram, counted"
    if run_choice.value:
        model, vocabulary = load(run_choice.value)
        model_name = f"the run `{run_choice.value.name}`"
    elif trained():
        _stage = [*trained()][-1]
        model, model_name = trained()[_stage][0], f"`{_stage}`, which you trained here"
    _size = sum(_p.numel() for _p in model.parameters())
    mo.md(f"The model is {model_name}: {_size:,} parameters, context {model.block_size}.")
    return model, model_name, vocabulary


@app.cell
def _():
    heads_form = notebook.exercise(LADDER, "heads")
    _text = mo.md(f"""
    ## {at("1:21:59")} Several heads

    One head looks for one thing. Four heads, each a quarter as wide, look for four, and their
    outputs are put side by side.
    """)
    mo.vstack([_text, heads_form])
    return (heads_form,)


@app.cell(hide_code=True)
def _(heads_form):
    notebook.answer(LADDER, "heads", heads_form.value)
    return


@app.function(hide_code=True)
@torch.no_grad()
def maps_of(model, ids):
    """The weights of all heads, (layer, head, time, time), for `ids` (time,)."""
    if isinstance(model, GPT2 | Modern):
        return attention_maps(model, ids)
    maps = []
    heads = [module for module in model.modules() if isinstance(module, Head)]
    mo.stop(not heads, mo.md("The model has no heads. Train `heads` above, or choose a run."))
    hooks = [  # what goes through the dropout of a head are its weights
        head.dropout.register_forward_hook(lambda *passed: maps.append(passed[2][0]))
        for head in heads
    ]
    model(ids[None])
    for hook in hooks:
        hook.remove()
    return torch.stack(maps).unflatten(0, (-1, min(len(heads), model.sizes["n_head"])))


@app.cell
def _():
    heads_text = mo.ui.text(
        "To be, or not to be: that is", label="A text to read", full_width=True, debounce=200
    )
    mo.md(f"""
    ### What does each head see?

    Type a text, and choose the token that looks. The stronger the color, the more the head takes
    from there. A model that you trained here sees 8 tokens, unless you give it a longer context.

    {heads_text}
    """)
    return (heads_text,)


@app.cell
def _(heads_text, model, vocabulary):
    _ids = encoded(vocabulary, heads_text.value)[-min(model.block_size, 40) :]
    maps = maps_of(model, _ids)
    seen = [vocabulary.decode([_i]).replace("\n", "⏎") for _i in _ids.tolist()]
    _last = len(maps) - 1, maps.shape[1] - 1, len(seen) - 1
    look = mo.ui.array(
        [
            mo.ui.slider(0, _end, value=_start, label=_name, show_value=True)
            for _name, _start, _end in zip(("block", "head", "token"), (0, 0, _last[2]), _last)
        ]
    )
    notebook.row(*look)
    return look, maps, seen


@app.cell(hide_code=True)
def _(look, maps, seen):
    _block, _head, _token = look.value
    _lines = []
    for _h, _weights in enumerate(maps[_block, :, _token].tolist()):
        _titles = [f"{_w:.2f}" for _w in _weights]
        _colors = [_w**0.5 for _w in _weights]  # so that small ones can be seen, too
        _lines.append(notebook.row(f"head {_h}", shaded(seen, _colors, _titles)))
    _of = mo.md(f"Token {_token}, `{seen[_token]}`, looks at:")
    _all = mo.md(f"All of head {_head}, a row for each token that looks:")
    _labels = [_character.replace(" ", "·") for _character in seen]
    mo.vstack([_of, *_lines, _all, grid(maps[_block, _head].sqrt(), _labels, digits=None)])
    return


@app.function
def gradients(depth, residual):
    """The size of the gradient before each layer and after the last, where it is 1."""
    torch.manual_seed(1337)
    between = [torch.randn(64, 32, requires_grad=True)]
    for _ in range(depth):
        x = between[-1]
        layer = nn.Sequential(FeedForward(32, 128), nn.Linear(128, 32))
        between.append(x + layer(x) if residual else layer(x))
    found = torch.autograd.grad(between[-1].square().sum(), between)
    return [(grad.norm() / found[-1].norm()).item() for grad in found]


@app.cell
def _():
    depth_slider = mo.ui.slider(1, 24, value=6, label="layers", show_value=True)
    _text = mo.md(f"""
    ## {at("1:24:25")} The feed-forward layer

    The tokens have talked; now each of them thinks about what it has seen, by itself.
    """)
    _residual = mo.md(f"""
    ## {at("1:26:48")} Residual connections

    A *block* is communication, then computation, and blocks are stacked. But each layer weakens
    the gradient in the backward pass, so the first layers of a deep network hardly learn. That is
    why each part only *adds* to its input: an addition passes the gradient on unchanged. Stack
    more layers, and compare the gradients at the left end.
    """)
    mo.vstack([_text, notebook.code(FeedForward), _residual, depth_slider])
    return (depth_slider,)


@app.cell(hide_code=True)
def _(depth_slider):
    _axes = notebook.plot(2.8, xlabel="layer", ylabel="gradient", yscale="log", ylim=(1e-17, 1e3))
    for _name, _residual in (("layer(x)", False), ("x + layer(x)", True)):
        _norms = gradients(depth_slider.value, _residual)
        _axes.plot(range(len(_norms)), _norms, marker=".", label=f"{_name}: {_norms[0]:.2g}")
    _axes.legend(loc="lower right")
    notebook.show(_axes)
    return


@app.cell
def _():
    block_form = notebook.exercise(LADDER, "block")
    block_form
    return (block_form,)


@app.cell(hide_code=True)
def _(block_form):
    notebook.answer(LADDER, "block", block_form.value)
    return


@app.function
def layer_norm(x, gamma=1.0, beta=0.0, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    variance = x.var(-1, keepdim=True, unbiased=False)
    return gamma * (x - mean) / (variance + eps).sqrt() + beta


@app.cell
def _():
    stretch_slider = mo.ui.slider(0.2, 3, 0.1, value=2, label="stretch", show_value=True)
    shift_slider = mo.ui.slider(-3, 3, 0.1, value=1, label="shift", show_value=True)
    _text = mo.md(f"""
    ## {at("1:32:51")} Layer norm

    Before each part, the channels of a token are normalized to mean 0 and standard deviation 1.
    Stretch or shift them as you like: the result is the same. Batch norm, in lecture 4, normalizes
    the columns of a batch; layer norm normalizes its rows, so no example depends on another.
    """)
    mo.vstack([_text, notebook.code(layer_norm), notebook.row(stretch_slider, shift_slider)])
    return shift_slider, stretch_slider


@app.cell(hide_code=True)
def _(shift_slider, stretch_slider):
    torch.manual_seed(1337)
    _x = torch.randn(16) * stretch_slider.value + shift_slider.value
    torch.testing.assert_close(layer_norm(_x), F.layer_norm(_x, (16,)))
    _axes = notebook.plot(2.6, xlabel="channel", ylim=(-8, 8))
    for _name, _row, _moved in (("before", _x, -0.2), ("after", layer_norm(_x), 0.2)):
        _label = f"{_name}: mean {_row.mean():.2f}, std {_row.std(unbiased=False):.2f}"
        _axes.bar([_i + _moved for _i in range(16)], _row.tolist(), 0.4, label=_label)
    _axes.legend()
    notebook.show(_axes)
    return


@app.cell
def _():
    p_slider = mo.ui.slider(0, 0.9, 0.1, value=0.2, label="dropout", show_value=True)
    draw_slider = mo.ui.slider(1, 20, label="draw", show_value=True)
    mo.md(f"""
    ## {at("1:37:49")} Larger, with dropout

    A large model soon learns the text by heart. *Dropout* makes that harder: in each step of
    training, some numbers, drawn at random, become 0, and the others are scaled up, so that the
    mean stays the same. Left, the weights of an average with dropout; right, the mean of 1,000
    draws.

    {notebook.row(p_slider, draw_slider)}
    """)
    return draw_slider, p_slider


@app.cell(hide_code=True)
def _(draw_slider, p_slider):
    _past = torch.tril(torch.ones(6, 6))
    _wei = _past / _past.sum(1, keepdim=True)
    torch.manual_seed(draw_slider.value)
    _draws = F.dropout(_wei.expand(1000, 6, 6), p_slider.value)
    notebook.row(grid(_draws[0]), grid(_draws.mean(0)))
    return


@app.cell
def _(model_name):
    prompt_text = mo.ui.text("The ki", label="A text to continue", full_width=True, debounce=200)
    sampling = mo.ui.dictionary(
        {
            "temperature": mo.ui.slider(0, 2, 0.1, value=1, label="temperature", show_value=True),
            "top_k": mo.ui.slider(1, 60, value=60, label="top-k", show_value=True),
            "top_p": mo.ui.slider(0.05, 1, 0.05, value=1, label="top-p", show_value=True),
        }
    )
    _text = mo.md(f"""
    The lecture ends with 6 blocks of 6 heads, 384 channels and a context of 256: a dev loss of
    **1.48**, after 15 minutes on an A100. `python train.py --model lecture --preset baby` trains
    this model. `python train.py --minutes 10` gets as far on two cores, with a newer model.

    ### What comes next?

    The model is {model_name}. The logits are divided by the *temperature*, so a low one favors the
    likely tokens. *Top-k* keeps the k most likely tokens, *top-p* the fewest whose probabilities
    add up to p. Gray bars are the model's probabilities; tokens are drawn from the blue ones.
    """)
    write_button = mo.ui.run_button(label="Write 200 tokens")
    mo.vstack([_text, prompt_text, notebook.row(*sampling.elements.values())])
    return prompt_text, sampling, write_button


@app.cell(hide_code=True)
def _(model, prompt_text, sampling, vocabulary, write_button):
    prompt = encoded(vocabulary, prompt_text.value)[None]  # (1, T)
    with torch.inference_mode():
        _logits = model(prompt[:, -model.block_size :])[0][:, -1]
    _says, _drawn = _logits.softmax(1)[0], sampling_probabilities(_logits, **sampling.value)[0]
    _best = _says.topk(20).indices.tolist()
    _axes = notebook.plot(2.6, ylabel="probability", ylim=(0, 1))
    _axes.bar(range(20), _drawn[_best].tolist(), color="C0")
    _axes.bar(range(20), _says[_best].tolist(), 0.3, color="#888888")
    _labels = [vocabulary.decode([_i]).replace("\n", "⏎").replace(" ", "␣") for _i in _best]
    _axes.set_xticks(range(20), _labels, parse_math=False)
    mo.vstack([notebook.show(_axes), write_button])
    return (prompt,)


@app.cell
def _(model, prompt, prompt_text, sampling, vocabulary, write_button):
    notebook.wait_for(write_button, "The tokens are drawn as the sliders say.")
    _ids = []
    for _token in stream(model, prompt, 200, **sampling.value):
        _ids.append(_token.item())
        if len(_ids) % 5 == 0:
            mo.output.replace(mo.plain_text(prompt_text.value + vocabulary.decode(_ids)))
    return


@app.cell
def _(text):
    _passage = text[-320:].partition("\n")[2]
    passage_area = mo.ui.text_area(_passage, rows=4, full_width=True, debounce=200)
    _code = mo.accordion({"The code of top-k and top-p": notebook.code(distribution, nucleus)})
    _text = mo.md("""
    ### What surprises it?

    The stronger the color, the less the model expected this token; rest the mouse on it to see its
    loss. Look at the beginnings of words: they are the hardest to guess.
    """)
    mo.vstack([_code, _text, passage_area])
    return (passage_area,)


@app.cell(hide_code=True)
def _(model, model_name, passage_area, vocabulary):
    _ids = encoded(vocabulary, passage_area.value)[:1000]
    mo.stop(len(_ids) < 2, mo.md("Type more."))
    with torch.inference_mode():  # window by window, as the dev loss is measured
        _windows = _ids[:-1].split(model.block_size)
        _logits = torch.cat([model(_window[None])[0][0] for _window in _windows])
        _nats = F.cross_entropy(_logits, _ids[1:], reduction="none").tolist()
    _tokens = [vocabulary.decode([_i]).replace("\n", "⏎") for _i in _ids.tolist()]
    _titles = ["", *(f"{_n:.2f} nats, p = {math.exp(-_n):.3f}" for _n in _nats)]
    _mean = mo.md(f"Read by {model_name}. The mean is **{sum(_nats) / len(_nats):.3f}** nats.")
    mo.vstack([shaded(_tokens, [0, *(min(1, _n / 6) for _n in _nats)], _titles), _mean])
    return


@app.cell(hide_code=True)
def _():
    _text = mo.md(f"""
    ## {at("1:42:39")} Encoder, decoder, both

    Ours is a decoder: it only continues a text. The Transformer of the paper translates. Its
    encoder, without a mask, reads the whole French sentence; its decoder writes the English one,
    and looks at the output of the encoder, by cross-attention.

    ## {at("1:46:22")} nanoGPT: all heads at once

    nanoGPT has the same model, made faster. Its heads do not run one after the other: they are
    one more dimension of the same tensors, as in this lesson's GPT-2:
    """)
    _end = mo.md(f"""
    ## {at("1:48:53")} Back to ChatGPT

    What we did is *pre-training*: the model learns to continue any text. ChatGPT's model is of the
    same kind, but more than ten thousand times as large, and has read a large part of the Internet.
    After pre-training alone, it might answer a question with more questions. *Fine-tuning* makes an
    assistant of it: first on examples of good answers, then on people's ratings of its own.

    ---
    There is more to write yourself: `python -m gpt learn`, in the lesson's folder, goes on to all
    heads at once, the KV cache, and GPT-2.
    """)
    mo.vstack([_text, notebook.code(attention_weights), _end])
    return


if __name__ == "__main__":
    app.run()
