# /// script
# [tool.marimo.display]
# theme = "system"  # dark where the reader's is
# ///
"""Lecture 2, live: bigrams, counted and learned, with a name of your own.

    marimo run lectures/bigrams.py     # as a page, in the browser
    python lectures/bigrams.py         # from beginning to end, checking the figures

Follows "The spelled-out intro to language modeling: building makemore" (Andrej Karpathy,
youtube.com/watch?v=PaCmpygFfXo), minute by minute.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lecture 2: bigrams")

with app.setup:
    import math
    from collections import Counter
    from functools import partial
    from pathlib import Path

    import marimo as mo
    import torch
    import torch.nn.functional as F

    from makemore import load
    from makemore.exercises import LADDER
    from makemore.loss import estimate_loss
    from makemore.models import examples
    from makemore.models.bigram import BigramCounts
    from makemore.models.transformer import Transformer
    from makemore.sampling import sample
    from makemore.words import Alphabet, word_rows
    from shared import datasets, notebook

    VIDEO = "PaCmpygFfXo"
    at = partial(notebook.minute, VIDEO)
    LESSON = Path(__file__).resolve().parent.parent
    SEED = 2147483647  # the lecture's


@app.function(hide_code=True)
def color_map(table, rows, columns, pair=None):
    """A table in colors, stronger for larger numbers; `pair` is the (row, column) to frame.

    The strongest is for a probability of 1, or for the largest count.
    """
    height, width, largest = len(rows), len(columns), max(1.0, float(table.max()))
    parts = [
        f'<rect x="{j}" y="{i}" width="1" height="1" fill-opacity="{(n / largest) ** 0.5:.3f}">'
        f"<title>{a}{b}: {n:.4g}</title></rect>"
        for i, (a, numbers) in enumerate(zip(rows, table.tolist(), strict=True))
        for j, (b, n) in enumerate(zip(columns, numbers, strict=True))
    ]
    labels = [(-0.7, i + 0.75, a) for i, a in enumerate(rows)]
    labels += [(j + 0.5, -0.35, b) for j, b in enumerate(columns)]
    parts += [f'<text x="{x}" y="{y}" fill="currentColor">{a}</text>' for x, y, a in labels]
    if pair:
        i, j = pair
        parts += [
            f'<rect x="{x}" y="{i}" width="{w}" height="1" fill="none" stroke="#e8590c" '
            f'stroke-width="{line}"/>'
            for x, w, line in ((0, width, 0.08), (j, 1, 0.25))
        ]
    return mo.Html(
        f'<svg viewBox="-1.3 -1.2 {width + 1.5} {height + 1.4}" fill="#228be6" font-size="0.8" '
        f'text-anchor="middle" style="width: 100%; max-width: 560px">{"".join(parts)}</svg>'
    )


@app.cell(hide_code=True)
def _():
    dataset = datasets.load("names")
    words = dataset.text.split()
    of_lecture = dataset.sha256 == datasets.SOURCES["names"].sha256
    if of_lecture:
        assert len(words) == 32_033
        assert (min(map(len, words)), max(map(len, words))) == (2, 15)
    part_text = mo.ui.text("mm", label="Letters", debounce=200)
    _stand_in = """The lecture's file is not on this computer and could not be downloaded. This page
    uses names that come with the repository, so its figures differ from the video's."""
    mo.md(f"""
    # Lecture 2, live: bigrams

    This page goes through [the lecture](https://www.youtube.com/watch?v={VIDEO}) from its first
    minute to its last. Each heading opens the video where it comes to that point. Everything here
    is computed while you read: type a name or move a slider, and the numbers below follow.

    ## {at("0:03:03")} The data

    makemore makes more of what you give it. The lecture gives it a list of names, one per line.
    {"" if of_lecture else _stand_in} Which of them contain the letters that you type?

    {part_text}
    """)
    return of_lecture, part_text, words


@app.cell(hide_code=True)
def _(part_text, words):
    _found = [_w for _w in words if part_text.value.lower() in _w]
    mo.md(
        f"{len(words):,} names, with {min(map(len, words))} to {max(map(len, words))} letters; "
        f"**{len(_found):,}** of them contain `{part_text.value}`: "
        f"{', '.join(_found[:12])}{' …' if len(_found) > 12 else ''}"
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:06:24")} Bigrams

    The name `emma` holds five examples of which character comes next: `e` comes first, `m` follows
    `e`, and so on, until the end. A *bigram* model looks at one character to predict the next, and
    ignores everything before it. A dot marks the beginning and the end of a name.
    """)
    return


@app.function
def bigrams_of(word):
    chs = [".", *word, "."]
    return list(zip(chs, chs[1:]))


@app.cell
def _():
    word_text = mo.ui.text("emma", label="A name", debounce=200)
    word_text
    return (word_text,)


@app.cell(hide_code=True)
def _(word_text):
    mo.vstack(
        [
            notebook.code(bigrams_of),
            mo.md(f"`{' '.join(_a + _b for _a, _b in bigrams_of(word_text.value))}`"),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:09:24")} Counting in a dictionary

    How often does each pair occur in all the names? Counting is all the training that this model
    needs. Search the table for `q`: which characters follow it?
    """)
    return


@app.function
def count_in_dict(words):
    b = {}
    for w in words:
        for bigram in bigrams_of(w):
            b[bigram] = b.get(bigram, 0) + 1
    return b


@app.cell
def _(of_lecture, words):
    _pairs = Counter(count_in_dict(words)).most_common()
    if of_lecture:
        assert sum(_n for _, _n in _pairs) == 228_146
        assert " ".join(f"{_a}{_b} {_n}" for (_a, _b), _n in _pairs[:5]) == (
            "n. 6763 a. 6640 an 5438 .a 4410 e. 3983"
        )
    mo.vstack(
        [
            notebook.code(count_in_dict),
            mo.ui.table(
                [{"bigram": _a + _b, "count": _n} for (_a, _b), _n in _pairs],
                selection=None,
                page_size=5,
            ),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:12:45")} Counting in a tensor

    A table of 27 by 27 numbers is more convenient: a row for the first character, a column for the
    second. `stoi` maps each character to its index; that of the dot is 0. The lecture counts in a
    loop:
    """)
    return


@app.function
def count_in_tensor(words, stoi):
    N = torch.zeros((27, 27), dtype=torch.int32)
    for w in words:
        for ch1, ch2 in bigrams_of(w):
            N[stoi[ch1], stoi[ch2]] += 1
    return N


@app.cell
def _(words):
    alphabet = Alphabet.of(words)
    letters = "." + alphabet.characters
    stoi = {".": 0, **alphabet.stoi}
    counted = BigramCounts(len(alphabet), smoothing=0)
    counted.count(*word_rows(words[:100], alphabet))
    assert torch.equal(counted.counts, count_in_tensor(words[:100], stoi))
    counted.count(*word_rows(words[100:], alphabet))
    N = counted.counts
    mo.vstack(
        [
            notebook.code(count_in_tensor),
            mo.md(
                "For all names, the loop takes a second or two. The lesson's own method is faster. "
                "Its arguments are two tensors with a name in each row: `x`, and `y`, which is one "
                "character ahead. Write it; a loop is fine."
            ),
        ]
    )
    return N, alphabet, counted, letters, stoi


@app.cell
def _():
    count_form = notebook.exercise(LADDER, "count")
    count_form
    return (count_form,)


@app.cell(hide_code=True)
def _(count_form):
    notebook.answer(LADDER, "count", count_form.value)
    return


@app.cell(hide_code=True)
def _():
    pair_text = mo.ui.text("qu", label="A pair", debounce=200)
    mo.md(f"""
    ## {at("0:18:19")} The picture

    Here is the whole model: the stronger the color, the more often the column's character follows
    the row's. Type a pair to find it, or move the mouse over the map.

    {pair_text}
    """)
    return (pair_text,)


@app.cell(hide_code=True)
def _(N, letters, pair_text):
    _pair, _says = None, "Type two characters of the map, for example `a.`"
    if len(pair_text.value) == 2 and set(pair_text.value) <= set(letters):
        _pair = _i, _j = [letters.index(_c) for _c in pair_text.value]
        _says = (
            f"`{letters[_j]}` follows `{letters[_i]}` **{N[_i, _j]:,.0f}** times out of "
            f"{N[_i].sum():,.0f}: {N[_i, _j] / N[_i].sum():.1%}. What follows most often is "
            f"`{letters[N[_i].argmax()]}`."
        )
    mo.vstack([mo.md(_says), color_map(N, letters, letters, _pair)])
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:20:54")} One token for the boundary

    The lecture first has two tokens, `<S>` for the start and `<E>` for the end. But nothing
    follows an end, and a start follows nothing: a whole row and a whole column stay empty. One dot
    can serve as both, as it has on this page from the beginning.

    ## {at("0:24:02")} Sampling

    To make up a name, start in the row of the dot. Its counts, divided by their sum, are
    probabilities. Draw a character with these probabilities, go to its row, and draw again, until
    you draw the dot. Move the slider to watch a name grow. Another *seed* gives another name. To
    see what the model has learned, make the counts *all equal*: the names become random letters.
    """)
    return


@app.function
def draw_today(p, g):
    return torch.multinomial(p, num_samples=1, replacement=True, generator=g).item()


@app.function
def draw_in_2022(p, g):
    u = torch.rand(1, dtype=torch.float64, generator=g).float()  # from 0 to 1
    return torch.searchsorted(p.cumsum(0), u).item()  # where u falls in the running sum


@app.function
def draw_name(N, draw, g):
    name = [0]
    while True:
        p = N[name[-1]] / N[name[-1]].sum()
        ix = draw(p, g)
        name.append(ix)
        if ix == 0:
            return name


@app.function(hide_code=True)
def five_names(N, draw, seed, letters):
    g = torch.Generator().manual_seed(seed)
    names = [draw_name(N, draw, g) for _ in range(5)]
    return " ".join("".join(letters[ix] for ix in name[1:]) for name in names)


@app.cell
def _(N):
    seed_number = mo.ui.number(0, SEED, value=SEED, label="Seed")
    table_choice = mo.ui.dropdown(
        {"those of the names": N, "all equal": torch.ones_like(N)},
        value="those of the names",
        label="Counts",
    )
    draw_choice = mo.ui.dropdown(
        {"today": draw_today, "in 2022": draw_in_2022}, value="today", label="`multinomial`"
    )
    notebook.row(seed_number, table_choice, draw_choice)
    return draw_choice, seed_number, table_choice


@app.cell(hide_code=True)
def _(draw_choice, seed_number, table_choice):
    first_name = draw_name(
        table_choice.value, draw_choice.value, torch.Generator().manual_seed(seed_number.value)
    )
    letter_slider = mo.ui.slider(1, len(first_name) - 1, label="Draws", show_value=True)
    letter_slider
    return first_name, letter_slider


@app.cell(hide_code=True)
def _(first_name, letter_slider, letters, table_choice):
    _i, _j = first_name[letter_slider.value - 1 : letter_slider.value + 1]
    _p = (table_choice.value[_i] / table_choice.value[_i].sum()).tolist()
    _axes = notebook.plot(2.2, xlim=(-0.7, len(letters) - 0.3))
    _axes.bar(range(len(letters)), _p, color=["C1" if _k == _j else "C0" for _k in range(len(_p))])
    _axes.set_xticks(range(len(letters)), [*letters])
    mo.vstack(
        [
            mo.md(
                f"After `{letters[_i]}`, **`{letters[_j]}`** was drawn; its probability was "
                f"{_p[_j]:.1%}. The name so far: "
                f"**`{''.join(letters[_k] for _k in first_name[1 : letter_slider.value + 1])}`**"
            ),
            notebook.show(_axes),
        ]
    )
    return


@app.cell(hide_code=True)
def _(N, draw_choice, of_lecture, letters, seed_number, table_choice):
    if of_lecture:
        _lectures = "mor. axx. minaymoryles. kondlaisah. anchshizarie."
        assert five_names(N, draw_in_2022, SEED, letters) == _lectures
        _today = "cexze. momasurailezitynn. konimittain. llayn. ka."
        assert five_names(N, draw_today, SEED, letters) == _today
    _names = five_names(table_choice.value, draw_choice.value, seed_number.value, letters)
    mo.vstack(
        [
            notebook.code(draw_name, draw_today, draw_in_2022),
            mo.md(f"Five names in a row: `{_names}`"),
            mo.callout(
                mo.md(
                    "In the video, this seed gives `mor.` `axx.` `minaymoryles.` `kondlaisah.` "
                    "`anchshizarie.` If you get other names, it is not your mistake: since then, "
                    "PyTorch has changed how `torch.multinomial` draws. Choose *in 2022* above to "
                    "get the video's names."
                )
            ),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    keepdim_switch = mo.ui.switch(True, label="`keepdim=True`")
    mo.md(f"""
    ## {at("0:36:17")} All rows at once, and a trap

    To divide each row by its own sum, the sums must be a column, (27, 1). Without `keepdim=True`,
    their shape is (27,). Broadcasting treats that as a *row*, and divides column *j* by the sum of
    row *j*. You get no error message. Switch it off, and look at the sums of the rows.

    {keepdim_switch}
    """)
    return (keepdim_switch,)


@app.function
def normalize(N, keepdim=True):
    return N / N.sum(1, keepdim=keepdim)


@app.cell(hide_code=True)
def _(N, keepdim_switch, letters):
    _P = normalize(N, keepdim_switch.value)
    _sums = ", ".join(f"`{_a}` **{_P[letters.index(_a)].sum():.4f}**" for _a in ".aenq")
    mo.vstack(
        [
            notebook.code(normalize),
            mo.md(f"Sums of the rows: {_sums}"),
            color_map(_P, letters, letters),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:50:14")} How good is the model?

    A good model gives high probabilities to the bigrams of real names. The product of all these
    probabilities is the *likelihood*, a tiny number. Its logarithm is a sum, which is easier to
    work with. With a minus sign, so that lower is better, it is the *negative log likelihood*; its
    mean over all bigrams is the *loss*. How likely is your name? The sections below use it, too.
    """)
    return


@app.function
def letter_by_letter(name, P, stoi):
    """For each bigram: the characters, the probability, the negative log likelihood."""
    rows = []
    for ch1, ch2 in bigrams_of(name):
        prob = P[stoi[ch1], stoi[ch2]]
        rows.append((ch1 + ch2, prob.item(), -torch.log(prob).item()))
    return rows


@app.cell
def _(N, of_lecture, xs, ys):
    P = normalize(N)
    assert torch.allclose(P.sum(1), torch.ones(27))
    _nlls = -P[xs, ys].log()
    counted_loss = _nlls.mean().item()
    if of_lecture:
        assert f"{counted_loss:.4f}" == "2.4540"
        assert f"{_nlls.numpy().cumsum()[-1] / len(_nlls):.4f}" == "2.4541"  # in float32, in turn
    return P, counted_loss


@app.function(hide_code=True)
def known_letters(text, alphabet):
    return "".join(c for c in text.lower() if c in alphabet.stoi)


@app.cell
def _():
    name_text = mo.ui.text("emma", label="Your name", debounce=200)
    name_text
    return (name_text,)


@app.cell(hide_code=True)
def _(P, alphabet, counted_loss, of_lecture, name_text, stoi):
    name = known_letters(name_text.value, alphabet)
    _others = dict.fromkeys(_c for _c in name_text.value.lower() if _c not in alphabet.stoi)
    _rows = letter_by_letter(name, P, stoi)
    _nll = sum(_row[2] for _row in _rows)
    _lines = "\n".join(f"| `{_pair}` | {_p:.4f} | {_nat:.4f} |" for _pair, _p, _nat in _rows)
    _product = math.prod(_row[1] for _row in _rows)
    mo.vstack(
        [
            mo.md(f"Left out: `{' '.join(_others)}`. It is in none of the names." * bool(_others)),
            mo.md(
                f"| bigram | probability | -log |\n|:--|--:|--:|\n{_lines}\n"
                f"| together | product {_product:.3g} | sum {_nll:.4f} |"
            ),
            mo.md(
                f"The loss of `{name}` is {_nll:.4f} / {len(_rows)} = "
                f"**{_nll / len(_rows):.4f}**; the loss of all names is **{counted_loss:.4f}**."
                + " (The video shows 2.4541: it adds 228,146 numbers one by one, and float32 "
                "rounds after each.)" * of_lecture
            ),
            mo.accordion({"The code": notebook.code(letter_by_letter)}),
        ]
    )
    return (name,)


@app.cell(hide_code=True)
def _():
    rare_text = mo.ui.text("andrejq", label="A rare name", debounce=200)
    fake_slider = mo.ui.slider(
        steps=[0, 0.01, 0.1, 1, 10, 100, 1000, 10_000],
        value=0,
        label="Fake counts",
        show_value=True,
    )
    mo.md(f"""
    ## {at("1:00:50")} Smoothing by fake counts

    A pair that was never seen has probability 0, and the loss of a name with this pair is infinite.
    So add some fake counts to every pair before you divide. The more you add, the more alike all
    probabilities become, and the loss of all names goes up to log 27 = 3.30.

    {notebook.row(rare_text, fake_slider)}
    """)
    return fake_slider, rare_text


@app.cell(hide_code=True)
def _(N, alphabet, fake_slider, letters, rare_text, stoi, xs, ys):
    _name = known_letters(rare_text.value, alphabet)
    _P = normalize(N + fake_slider.value)
    _rows = letter_by_letter(_name, _P, stoi)
    _never = [_a + _b for _a, _b in bigrams_of(_name) if N[stoi[_a], stoi[_b]] == 0]
    mo.vstack(
        [
            mo.md(
                f"Loss of `{_name}`: **{sum(_row[2] for _row in _rows) / len(_rows):.4f}**. "
                + (f"Never seen: `{' '.join(_never)}`. " if _never else "All pairs were seen. ")
                + f"Loss of all names: **{-_P[xs, ys].log().mean():.4f}**."
            ),
            color_map(_P, letters, letters),
        ]
    )
    return


@app.cell
def _():
    probabilities_form = notebook.exercise(LADDER, "probabilities")
    probabilities_form
    return (probabilities_form,)


@app.cell(hide_code=True)
def _(probabilities_form):
    notebook.answer(LADDER, "probabilities", probabilities_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:02:57")} Part 2: a network learns the same

    Now forget the counts. A network begins with random weights, and learns the probabilities by
    reducing the loss, step by step. For bigrams, this is a detour. But for ten characters of
    context, no table is large enough, and a network still works.

    ## {at("1:05:26")} Its data

    Each bigram is an example: the first character is the input, the second the target.

    ## {at("1:10:01")} One-hot vectors

    The index of a character is only a label: that of `z` is 26, but `z` is not 26 times as much as
    `a`. So each input becomes a vector of 27 numbers: 1 at its index, 0 everywhere else. Here is
    your name, with a row for each input:
    """)
    return


@app.function
def inputs_and_targets(words, stoi):
    xs, ys = [], []
    for w in words:
        for ch1, ch2 in bigrams_of(w):
            xs.append(stoi[ch1])
            ys.append(stoi[ch2])
    return torch.tensor(xs), torch.tensor(ys)


@app.function
def one_hot(xs):
    return F.one_hot(xs, num_classes=27).float()


@app.cell
def _(stoi, words):
    xs, ys = inputs_and_targets(words, stoi)
    return xs, ys


@app.cell
def _(letters, name, stoi):
    name_xs, name_ys = inputs_and_targets([name], stoi)
    mo.vstack(
        [
            notebook.code(inputs_and_targets, one_hot),
            mo.md(f"`xs = {name_xs.tolist()}`, `ys = {name_ys.tolist()}`"),
            color_map(one_hot(name_xs), [letters[_x] for _x in name_xs], letters),
        ]
    )
    return name_xs, name_ys


@app.cell(hide_code=True)
def _():
    logit_sliders = mo.ui.array(
        [
            mo.ui.slider(-5, 5, 0.5, value=value, label=f"logit {number}", show_value=True)
            for number, value in enumerate((1.0, 0.0, -2.0), start=1)
        ]
    )
    mo.md(f"""
    ## {at("1:13:53")} One linear layer

    27 neurons without bias or activation are a matrix `W`, 27 by 27. `xenc @ W` gives 27 numbers
    for each input, one for each character that may come next.

    ## {at("1:18:46")} Softmax

    These numbers, the *logits*, may be negative. Read them as logarithms of counts: `exp` turns
    them into counts, and dividing counts by their sum gives probabilities. Move one logit, and
    *all* probabilities change. Then move all three up by 2: which column is the same as before?

    {notebook.row(*logit_sliders.elements)}
    """)
    return (logit_sliders,)


@app.function
def softmax(logits):
    counts = logits.exp()
    return counts / counts.sum(1, keepdim=True)


@app.cell(hide_code=True)
def _(logit_sliders):
    _logits = torch.tensor([logit_sliders.value])
    _lines = "\n".join(
        f"| {_logit:.1f} | {_logit.exp():.3f} | **{_p:.1%}** |"
        for _logit, _p in zip(_logits[0], softmax(_logits)[0], strict=True)
    )
    mo.vstack(
        [
            notebook.code(softmax),
            mo.md(f"| logit | “count” | probability |\n|--:|--:|--:|\n{_lines}"),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:26:17")} So far

    One-hot vectors, a linear layer, softmax: together, they make probabilities for every input.
    With random weights, these are only a guess. But every step is differentiable, so the gradient
    says how to improve the weights.

    ## {at("1:35:49")} The loss, in one line

    `probs[torch.arange(len(ys)), ys]` picks one probability from each row: the target's.
    """)
    return


@app.function
def forward(W, xenc, ys):
    logits = xenc @ W  # (n, 27) @ (27, 27) -> (n, 27)
    probs = softmax(logits)
    return -probs[torch.arange(len(ys)), ys].log().mean()


@app.cell
def _():
    notebook.code(forward)
    return


@app.cell
def _():
    nll_form = notebook.exercise(LADDER, "nll")
    nll_form
    return (nll_form,)


@app.cell(hide_code=True)
def _(nll_form):
    notebook.answer(LADDER, "nll", nll_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:38:36")} Backward and update

    The rest is as in micrograd: reset the gradients, run backward, and move the weights a little
    in the direction that lowers the loss. Here, the network learns from a single name, yours. If
    it is emma, `mm` and `ma` end near 50% each, however long you train. Why?
    """)
    return


@app.function
def random_weights():
    g = torch.Generator().manual_seed(SEED)
    return torch.randn((27, 27), generator=g, requires_grad=True)


@app.function
def train(loss_of, data, W, steps, lr, regularization=0.0):
    """The loss before each step."""
    for _ in range(steps):
        loss = loss_of(W, *data) + regularization * (W**2).mean()
        yield loss.item()

        W.grad = None
        loss.backward()
        W.data += -lr * W.grad


@app.cell
def _():
    name_steps = mo.ui.slider(0, 200, value=50, label="Steps", show_value=True)
    name_lr = mo.ui.slider(
        steps=[0.01, 0.1, 1.0, 10.0, 50.0], value=1.0, label="Learning rate", show_value=True
    )
    notebook.row(name_steps, name_lr)
    return name_lr, name_steps


@app.cell(hide_code=True)
def _(name, name_lr, name_steps, name_xs, name_ys, stoi):
    _xs, _ys = inputs_and_targets(["emma"], stoi)  # the lecture's figures
    _losses = [*train(forward, (one_hot(_xs), _ys), random_weights(), 2, 0.1)]
    assert [f"{_loss:.4f}" for _loss in _losses] == ["3.7693", "3.7492"]

    _W, _data = random_weights(), (one_hot(name_xs), name_ys)
    _losses = [*train(forward, _data, _W, name_steps.value, name_lr.value)]
    _losses.append(forward(_W, *_data).item())
    _rows = letter_by_letter(name, softmax(_W), stoi)
    mo.vstack(
        [
            notebook.code(random_weights, train),
            mo.md(
                f"The loss goes from {_losses[0]:.4f} to **{_losses[-1]:.4f}**. Probabilities: "
                + ", ".join(f"`{_pair}` {_p:.0%}" for _pair, _p, _ in _rows)
            ),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    train_button = mo.ui.run_button(label="Train for 100 steps")
    stop_button = mo.ui.run_button(label="Stop")
    mo.md(f"""
    ## {at("1:42:55")} Everything together

    Now each step uses all examples, with the lecture's learning rate of 50. Press the button, and
    watch noise turn into the map of 0:18:19. With the lecture's names, the first loss is 3.7686, as
    in the video: unlike `torch.multinomial`, `torch.randn` still draws the same numbers.

    {notebook.row(train_button, stop_button)}
    """)
    return stop_button, train_button


@app.cell
def _(counted_loss, of_lecture, letters, stop_button, train_button, xs, ys):
    def training_pictures(steps):
        W = random_weights()
        losses = train(forward, (one_hot(xs), ys), W, steps, 50, 0.01)
        for step, loss in enumerate(losses):
            assert not of_lecture or step or f"{loss:.4f}" == "3.7686"
            says = f"step {step}: loss **{loss:.4f}**; by counting: {counted_loss:.4f}"
            picture = color_map(softmax(W.detach()), letters, letters)
            yield mo.vstack([mo.md(says), picture])
            if notebook.stopped():
                break
        yield mo.vstack([mo.md(f"Finished at {says}"), picture])

    stop_button  # pressed, it runs this cell again, which ends the training of the time before
    notebook.wait_for(train_button, "It takes half a minute.")
    notebook.play(training_pictures(1 if notebook.in_script() else 100))
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:47:49")} A one-hot vector selects a row

    A one-hot vector, times `W`, is a row of `W`. So the row of `a` says what follows `a`: once it
    is trained, `exp` of its numbers gives the counts again, up to a factor. And since there are
    only 27 times 27 different examples, the loss can be computed from their counts. The training
    steps are the same as above, but so fast that you can train by moving a slider.
    """)
    return


@app.function
def forward_on_counts(W, N):
    nlls = -softmax(W).log()  # of each pair, (27, 27)
    return (N * nlls).sum() / N.sum()


@app.cell
def _():
    steps_slider = mo.ui.slider(0, 300, value=300, label="Steps", show_value=True)
    steps_slider
    return (steps_slider,)


@app.cell(hide_code=True)
def _(N, counted_loss, of_lecture, letters, steps_slider):
    _W = random_weights()
    assert torch.equal(one_hot(torch.tensor([3, 1])) @ _W, _W[[3, 1]])
    _losses = [*train(forward_on_counts, (N,), _W, steps_slider.value, 50, 0.01)]
    if of_lecture and steps_slider.value == 300:
        assert [f"{_losses[_i]:.2f}" for _i in (0, 100, 299)] == ["3.77", "2.49", "2.48"]
    W_learned = _W.detach()
    _loss = forward_on_counts(W_learned, N)
    _axes = notebook.plot(2.2, xlabel="step", ylabel="loss", xlim=(0, 300), ylim=(2.3, 3.9))
    _axes.plot(_losses)
    _axes.axhline(counted_loss, color="#888888", linestyle="--")
    mo.vstack(
        [
            notebook.code(forward_on_counts),
            mo.md(
                f"After {steps_slider.value} steps, the loss is **{_loss:.4f}**; by counting "
                f"(dashed), {counted_loss:.4f}. The video prints the loss with regularization, "
                f"which comes next: here, {_loss + 0.01 * (W_learned**2).mean():.4f}."
            ),
            notebook.show(_axes),
            color_map(softmax(W_learned), letters, letters),
        ]
    )
    return (W_learned,)


@app.cell(hide_code=True)
def _():
    regularization_slider = mo.ui.slider(
        steps=[0, 0.001, 0.01, 0.1, 1, 10], value=0.1, label="Regularization", show_value=True
    )
    mo.md(f"""
    ## {at("1:50:18")} Smoothing, the network's way

    If all weights are 0, all characters are equally likely. *Regularization* adds the mean square
    of the weights, times a number that you choose, to the loss, and so pulls the weights toward 0.
    The effect is that of fake counts: the larger the number, the more uniform the map.

    {regularization_slider}
    """)
    return (regularization_slider,)


@app.cell(hide_code=True)
def _(N, letters, regularization_slider):
    _W = random_weights()
    for _ in train(forward_on_counts, (N,), _W, 300, 50, regularization_slider.value):
        pass
    mo.vstack(
        [
            mo.md(
                f"The mean square of the weights is {(_W**2).mean():.3f}. The loss without "
                f"regularization is **{forward_on_counts(_W, N):.4f}**."
            ),
            color_map(softmax(_W.detach()), letters, letters),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    last_seed = mo.ui.number(0, SEED, value=SEED, label="Seed")
    mo.md(f"""
    ## {at("1:54:31")} Sampling from the network

    With the same seed, the network makes nearly the same names as the counts, since its
    probabilities are nearly the same. Choose a seed; or go back to 1:47:49 and train for fewer
    steps, and see how its names change.

    {last_seed}
    """)
    return (last_seed,)


@app.cell(hide_code=True)
def _(N, W_learned, of_lecture, last_seed, letters, steps_slider):
    if of_lecture and steps_slider.value == 300:
        _lectures = "mor. axx. minaymoryles. kondlaisah. anchthizarie."
        assert five_names(W_learned.exp(), draw_in_2022, SEED, letters) == _lectures
    _rows = [
        f"| {_who}, {_when} | `{five_names(_table, _draw, last_seed.value, letters)}` |"
        for _when, _draw in (("today", draw_today), ("as in 2022", draw_in_2022))
        for _who, _table in (("counts", N), ("network", W_learned.exp()))
    ]
    mo.md("| | names |\n|:--|:--|\n" + "\n".join(_rows))
    return


@app.cell(hide_code=True)
def _():
    again_button = mo.ui.button(label="Look for runs again")
    mo.md("""
    ### Your runs

    `python train.py`, in a terminal, saves each model that it trains in `runs/`. Choose one: how
    likely does it find your name, and which names does it make up?
    """)
    return (again_button,)


@app.cell
def _(again_button):
    again_button
    run_choice = mo.ui.dropdown(notebook.runs(LESSON / "runs"), label="Your own run")
    notebook.row(run_choice, again_button)
    return (run_choice,)


@app.cell(hide_code=True)
def _(alphabet, counted, name, run_choice):
    _model, _alphabet = load(run_choice.value) if run_choice.value else (counted, alphabet)
    _longest = _model.block_size - 1 if isinstance(_model, Transformer) else 40
    _g = torch.Generator().manual_seed(SEED)
    _names = [_alphabet.decode(_ids) for _ids in sample(_model, 10, _longest, _g)]
    _says = "No run is chosen, so the model is the table of counts."
    if run_choice.value:
        _results = notebook.read_json(run_choice.value / "results.json")
        _dev = "infinite" if _results["dev"] is None else f"{_results['dev']:.4f}"
        _says = f"{_results['model']}: its dev loss, on names that it has not seen, is {_dev}."
    _name = known_letters(name, _alphabet)[:_longest]
    _loss = estimate_loss(_model, *examples(_model, [_name], _alphabet))
    mo.md(f"{_says} The loss of `{_name}` is **{_loss:.4f}**.\n\n{', '.join(_names)}")
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:56:16")} The end, and what to try next

    Counting and gradient descent have led to the same model. To look at more than one character,
    as the next lectures do, you need the network. The lecture's exercises:

    - Predict the third character from two: the *trigram*. `python train.py --model trigram`
      counts it on the train split; its dev loss on the lecture's names is 2.22.
    - Which smoothing gives the lowest dev loss? The default is `--smoothing 0.1`.
    - Use rows of `W` instead of one-hot vectors, and `F.cross_entropy` instead of softmax, `log`
      and `mean`. The lesson's network is `BigramNet` in `makemore/models/bigram.py`.

    ---
    There is more to write yourself: `python -m makemore learn`, in the lesson's folder, has all
    nine steps.
    """)
    return


if __name__ == "__main__":
    app.run()
