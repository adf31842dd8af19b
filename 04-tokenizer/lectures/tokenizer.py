# /// script
# [tool.marimo.display]
# theme = "system"  # dark where the reader's is
# [tool.marimo.lint]
# ignore = ["MR001"]  # "self-import": the setup below sees to it
# ///
"""Lecture 8, live: from characters to tokens, with texts of your own.

    marimo run lectures/tokenizer.py     # as a page, in the browser
    python lectures/tokenizer.py         # from beginning to end, checking the figures

Follows "Let's build the GPT Tokenizer" (Andrej Karpathy, youtube.com/watch?v=zduSFxRajkE), minute
by minute.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lecture 8: the tokenizer")

with app.setup:
    import sys
    from functools import partial
    from html import escape
    from itertools import accumulate
    from pathlib import Path

    LESSON = Path(__file__).resolve().parent.parent
    # This file has the package's name, so Python must look for the package elsewhere first.
    sys.path = [str(LESSON), *(p for p in sys.path if Path(p).resolve() != LESSON / "lectures")]

    import marimo as mo

    from shared import datasets, notebook
    from tokenizer import regex_tokenizer
    from tokenizer.basic import build_vocab, count_pairs, merge, most_frequent
    from tokenizer.counting import count_chunks
    from tokenizer.display import COLORS
    from tokenizer.exercises import LADDER
    from tokenizer.fast import FastTokenizer
    from tokenizer.fast_split import FastSplitter
    from tokenizer.gpt import GPT_TOKENIZERS
    from tokenizer.model_file import show_merge, show_token
    from tokenizer.published import is_cached
    from tokenizer.ranks import merge_by_scan
    from tokenizer.split import GPT2_PATTERN, GPT4_PATTERN, GPT4O_PATTERN, PATTERNS, split
    from tokenizer.steps import encoding_steps, training_steps
    from tokenizer.training import learn_merges
    from tokenizer.unicode import well_formed

    VIDEO = "zduSFxRajkE"
    at = partial(notebook.minute, VIDEO)


@app.function(hide_code=True)
def colored(tokens, titles=None, new=None):
    """Tokens side by side, each with a background of its own; `new` ones stand out."""
    spans = []
    for number, token in enumerate(tokens):
        style = f"background: {COLORS[number % len(COLORS)]}; color: white"
        if new is not None and token == new:
            style = "background: #ffd75f; color: black; font-weight: bold"
        title = f' title="{titles[number]}"' if titles else ""
        text = escape(show_token(token)).replace(" ", "&nbsp;")
        spans.append(f'<span{title} style="{style}; padding: 2px 1px">{text}</span><wbr>')
    return f'<span style="font-family: monospace; line-height: 1.9">{"".join(spans)}</span>'


@app.function(hide_code=True)
def colored_by(tokenizers, text):
    """A text in the tokens of each tokenizer; the ids show under the mouse."""
    rows = []
    for name, tokenizer in tokenizers.items():
        ids = tokenizer.encode(text, "none")
        tokens = tokenizer.decode_tokens_bytes(ids)
        rows.append(mo.md(f"**{name}**: {len(ids)} tokens"))
        rows.append(mo.Html(f"<div>{colored(tokens, ids)}</div>"))
    return mo.vstack(rows)


@app.cell(hide_code=True)
def _():
    text_area = mo.ui.text_area(
        "Tokenization is at the heart of much weirdness.\n127 + 677 = 804, 안녕하세요 👋",
        label="A text",
        rows=3,
        full_width=True,
        debounce=200,
    )
    mo.md(f"""
    # Lecture 8, live: the tokenizer

    This page goes through [the lecture](https://www.youtube.com/watch?v={VIDEO}) from its first
    minute to its last. Each heading opens the video where it comes to that point. Everything here
    is computed while you read, by the code of this lesson: type a text, and see what becomes of
    it.

    ## {at("0:05:50")} Tokens, seen in a page

    A language model sees no letters. Its text comes as *tokens*, pieces that a tokenizer has cut,
    each with a number. Type a text, and compare how tokenizers cut it. Rest the mouse on a token
    to see its id.

    {text_area}
    """)
    return (text_area,)


@app.cell
def _():
    again_button = mo.ui.button(label="Look for runs again")
    gpt_button = mo.ui.run_button(label="Open the tokenizers of GPT-2, GPT-4 and GPT-4o")
    return again_button, gpt_button


@app.cell
def _(again_button, gpt_button):
    again_button
    run_choice = mo.ui.dropdown(notebook.runs(LESSON / "runs"), label="Your own run")
    notebook.row(gpt_button, run_choice, again_button)
    return (run_choice,)


@app.cell(hide_code=True)
def _(gpt_button):
    gpts, gpt_problem = {}, ""
    _encodings = {"gpt2": "gpt2", "gpt4": "cl100k_base", "gpt4o": "o200k_base"}
    _in_script = mo.app_meta().mode == "script" and all(map(is_cached, _encodings.values()))
    if gpt_button.value or _in_script:
        try:
            with mo.status.spinner("Opening them takes a few seconds …"):
                _names = {"gpt2": "GPT-2", "gpt4": "GPT-4", "gpt4o": "GPT-4o"}
                gpts = {_names[_name]: _kind() for _name, _kind in GPT_TOKENIZERS.items()}
        except ConnectionError as _error:
            gpt_problem = str(_error)
    mo.callout(
        mo.md(f"GPT's tokenizers could not be opened: {gpt_problem}."), "warn"
    ) if gpt_problem else None
    return (gpts,)


@app.cell(hide_code=True)
def _(gpts, run_choice):
    play = datasets.load("shakespeare", "bundled").text
    own = FastTokenizer()
    if run_choice.value:
        own.load(run_choice.value / "tokenizer.model")
        _about = f"`{run_choice.value.name}` is yours."
    else:
        own.train(play, 1024)
        _about = (
            "The tokenizer called *own* has just learned 768 merges from the play that comes with "
            "this repository. `python train.py`, in a terminal, trains a larger one."
        )
    tokenizers = {"own": own, **gpts}
    mo.md(_about)
    return own, play, tokenizers


@app.cell(hide_code=True)
def _(text_area, tokenizers):
    text = well_formed(text_area.value)
    colored_by(tokenizers, text)
    return (text,)


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:14:56")} Strings are code points

    A Python string is a sequence of Unicode *code points*: numbers, one for each character. `ord`
    gives them. They could be the tokens, but there are about 160,000, and more each year.
    """)
    return


@app.cell(hide_code=True)
def _(text):
    notebook.wide(f"<code>{escape(str([ord(character) for character in text[:40]]))}</code>")
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:18:15")} UTF-8, UTF-16, UTF-32

    An encoding writes code points as bytes. UTF-32 always takes four, most of them zero. UTF-8
    takes one for an English letter, up to four for others, and is what the Internet uses. Its 256
    kinds of byte are where we begin. Here are the six characters of your text with the largest
    code points:
    """)
    return


@app.cell(hide_code=True)
def _(text):
    mo.ui.table(
        [
            {
                "character": _c,
                "code point": ord(_c),
                "UTF-8": str([*_c.encode()]),
                "UTF-16": str([*_c.encode("utf-16-be")]),
                "UTF-32": str([*_c.encode("utf-32-be")]),
            }
            for _c in sorted(dict.fromkeys(text), key=ord, reverse=True)[:6]
        ],
        selection=None,
    )
    return


@app.cell(hide_code=True)
def _():
    merge_text = mo.ui.text("aaabdaaabac", label="A text to merge", full_width=True, debounce=200)
    mo.md(f"""
    ## {at("0:22:47")} Could one do without tokens?

    Bytes alone would work, but they make texts long, and the cost of attention grows with the
    square of the length. There is research on models that read bytes; so far, tokens have won.

    ## {at("0:23:50")} Byte-pair encoding, walked through

    Find the pair of neighbors that occurs most often, put a new token in its place, and do the
    same again. Type a text, and play the merges one at a time. A token that a merge has just made
    is yellow.

    {merge_text}
    """)
    return (merge_text,)


@app.cell
def _(merge_text):
    start = well_formed(merge_text.value).encode()
    merges_played = [*training_steps([start])]
    merge_slider = mo.ui.slider(0, len(merges_played), label="Merges", show_value=True)
    merge_slider
    return merge_slider, merges_played, start


@app.cell(hide_code=True)
def _(merge_slider, merges_played, start):
    _vocab = build_vocab({_step.pair: _step.new_id for _step in merges_played})
    _ids, _new, _says = [*start], None, f"{len(start)} bytes. Move the slider to merge."
    if merge_slider.value:
        _step = merges_played[merge_slider.value - 1]
        _ids, _new = _step.chunks[0], _vocab[_step.new_id]
        _says = f"`{show_merge(_step.pair, _step.new_id, _vocab, _step.occurrences)}`"
    mo.vstack(
        [
            mo.Html(f"<div>{colored([_vocab[_i] for _i in _ids], _ids, _new)}</div>"),
            mo.md(f"{len(_ids)} tokens. {_says}"),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:27:02")} Now in Python

    The text becomes bytes, and the bytes a list of integers: `list(text.encode())`.

    ## {at("0:28:35")} Counting pairs

    Neighbors are what `zip(ids, ids[1:])` gives, or `itertools.pairwise`. Of several pairs that
    occur equally often, this lesson takes the one with the smallest ids. The lecture takes the
    one it met first, which is sometimes another.
    """)
    return


@app.cell(hide_code=True)
def _():
    assert most_frequent(count_pairs([*b"aaabdaaabac"])) == (97, 97)
    notebook.code(count_pairs, most_frequent)
    return


@app.cell
def _(text):
    mo.ui.table(
        [
            {
                "pair": f"{show_token(bytes([_a]))} {show_token(bytes([_b]))}",
                "ids": str((_a, _b)),
                "count": _n,
            }
            for (_a, _b), _n in count_pairs([*text.encode()]).most_common(5)
        ],
        selection=None,
        label="The most frequent pairs of the text at the top",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:30:36")} Merging the most frequent pair

    From left to right: where the pair stands, put the new id; anywhere else, keep the old one.
    """)
    return


@app.cell
def _():
    assert merge([5, 6, 6, 7, 9, 1], (6, 7), 99) == [5, 6, 99, 9, 1]
    merge_form = notebook.exercise(LADDER, "merge")
    merge_form
    return (merge_form,)


@app.cell(hide_code=True)
def _(merge_form):
    notebook.answer(LADDER, "merge", merge_form.value)
    return


@app.cell(hide_code=True)
def _(play):
    learned = [*learn_merges(count_chunks([play], FastSplitter(GPT4_PATTERN)), 2000)]
    n_bytes = len(play.encode())
    lengths = [*accumulate((-_merge.saved for _merge in learned), initial=n_bytes)]
    learned_slider = mo.ui.slider(0, len(learned), value=20, label="Merges", show_value=True)
    mo.md(f"""
    ## {at("0:34:58")} Training, and the compression ratio

    Each merge adds a token to the vocabulary and makes the text shorter. The compression ratio
    says how much: bytes per token. Here, the play that comes with this repository is compressed,
    merge by merge, until no pair is left inside a word.

    {learned_slider}
    """)
    return learned, learned_slider, lengths, n_bytes


@app.cell(hide_code=True)
def _(learned, learned_slider, lengths, n_bytes):
    _k = learned_slider.value
    _vocab = build_vocab({_m.pair: 256 + _i for _i, _m in enumerate(learned[:_k])})
    _last = "No merges yet."
    if _k:
        _m = learned[_k - 1]
        _last = f"Merge {_k}: `{show_merge(_m.pair, 255 + _k, _vocab, _m.occurrences)}`"
    _axes = notebook.plot(2.8, xlabel="tokens in the vocabulary", ylabel="bytes per token")
    _axes.plot(range(256, 257 + len(learned)), [n_bytes / _n for _n in lengths])
    _axes.scatter([256 + _k], [n_bytes / lengths[_k]], color="C1", zorder=3)
    mo.vstack(
        [
            mo.md(
                f"{_last}\n\n{n_bytes:,} bytes are {lengths[_k]:,} tokens: "
                f"**{n_bytes / lengths[_k]:.3f}** bytes per token."
            ),
            notebook.show(_axes),
            mo.Html(
                f"<div>{colored([_vocab[255 + _i] for _i in range(max(1, _k - 30), _k + 1)])}</div>"
            ),
        ]
    )
    return


@app.cell
def _():
    train_form = notebook.exercise(LADDER, "train")
    train_form
    return (train_form,)


@app.cell(hide_code=True)
def _(train_form):
    notebook.answer(LADDER, "train", train_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("0:39:20")} A stage of its own

    The tokenizer is trained before the model, often on other texts, and stays as it is.
    Afterwards it only translates: `encode` from text to ids, `decode` from ids to text.

    ## {at("0:42:47")} Decoding

    Look up the bytes of each id and join them. Only then turn them into text: a character may be
    spread over several tokens. Not every list of ids is valid UTF-8, and what is not becomes
    `\ufffd`, the replacement character.
    """)
    return


@app.cell
def _():
    decode_form = notebook.exercise(LADDER, "decode")
    decode_form
    return (decode_form,)


@app.cell(hide_code=True)
def _(decode_form):
    notebook.answer(LADDER, "decode", decode_form.value)
    return


@app.cell(hide_code=True)
def _(tokenizers):
    word = mo.ui.text("together", label="A word", debounce=200)
    encoder = mo.ui.dropdown([*tokenizers], value=[*tokenizers][-1], label="Tokenizer")
    mo.md(f"""
    ## {at("0:48:21")} Encoding

    Begin with bytes, and replay the merges, in the order in which they were learned: a later
    merge is made of the tokens of earlier ones. Here is a word on its way, one merge a line.

    {notebook.row(word, encoder)}
    """)
    return encoder, word


@app.cell
def _(encoder, tokenizers, word):
    _tokenizer = tokenizers[encoder.value or "own"]
    _vocab = _tokenizer.vocab
    encoded_steps = [*encoding_steps([well_formed(word.value).encode()], _tokenizer.ranks, _vocab)]
    _rows = [
        colored([_vocab[_i] for _i in _step.chunks[0]], _step.chunks[0], _vocab[_step.new_id])
        for _step in encoded_steps
    ]
    mo.Html("".join(f"<div>{_row}</div>" for _row in _rows) or "No merge applies.")
    return


@app.cell
def _():
    encode_form = notebook.exercise(LADDER, "encode")
    encode_form
    return (encode_form,)


@app.cell(hide_code=True)
def _(encode_form):
    notebook.answer(LADDER, "encode", encode_form.value)
    return


@app.cell(hide_code=True)
def _():
    split_text = mo.ui.text(
        "Hello've world1234   HOW'S it?!!  ",
        label="A text to split",
        full_width=True,
        debounce=200,
    )
    mo.md(f"""
    ## {at("0:57:36")} Splitting by a pattern

    Without a pattern, `dog`, `dog!` and `dog?` would become three tokens. GPT-2 cuts the text
    into chunks first, with a regular expression, and merges only inside chunks. Type a text, and
    compare the chunks of three patterns.

    {split_text}
    """)
    return (split_text,)


@app.cell(hide_code=True)
def _(split_text):
    assert split("Hello've world1234", GPT2_PATTERN) == ["Hello", "'ve", " world", "1234"]
    assert split("Hello've world1234", GPT4_PATTERN) == ["Hello", "'ve", " world", "123", "4"]
    assert split("camelCase", GPT4O_PATTERN) == ["camel", "Case"]
    mo.Html(
        "".join(
            f"<div><code>{_name}</code> "
            f"{colored(_c.encode() for _c in split(well_formed(split_text.value), _pattern))}</div>"
            for _name, _pattern in PATTERNS.items()
        )
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:11:38")} tiktoken, and the patterns of GPT-2 and GPT-4

    tiktoken, OpenAI's library, only encodes; it cannot train. Its pattern for GPT-4 keeps
    contractions in capitals together, cuts numbers after three digits, and lets line breaks end
    punctuation. Why, OpenAI never said. The patterns, piece by piece:
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.accordion(
        {
            f"The pattern of {_name}": mo.md(
                "```\n" + _pattern.replace("|\\", "\n|\\").replace("| ", "\n| ") + "\n```"
            )
            for _name, _pattern in PATTERNS.items()
        }
    )
    return


@app.cell(hide_code=True)
def _():
    allowed_choice = mo.ui.radio(["none_raise", "none", "all"], value="all", inline=True)
    mo.md(f"""
    ## {at("1:14:59")} GPT-2's encoder.py

    OpenAI's own code of that time has the same two things under other names: `encoder` is our
    `vocab`, the other way round, and `bpe_merges` our `merges`. It also maps bytes to printable
    characters and back, which changes nothing but the look of its files.

    ## {at("1:18:26")} Special tokens

    `<|endoftext|>` says where a document ends. Special tokens are found in the text before it is
    cut, and no merge makes them. A text from a stranger must not turn into one unnoticed, so it
    is up to the caller to allow them.

    {allowed_choice}
    """)
    return (allowed_choice,)


@app.cell(hide_code=True)
def _(allowed_choice):
    _tokenizer = regex_tokenizer.RegexTokenizer()
    _tokenizer.train("low lower lowest", 256 + 3)
    _tokenizer.register_special_tokens({"<|endoftext|>": 259})
    assert _tokenizer.encode("low<|endoftext|>", "all") == [257, 259]
    try:
        _ids = _tokenizer.encode("low<|endoftext|>", allowed_choice.value)
        _says = mo.md(f"`low<|endoftext|>` becomes `{_ids}`.")
    except ValueError as _error:
        _says = mo.callout(mo.md(f"ValueError: `{_error}`"), "danger")
    _says
    return


@app.cell
def _():
    special_form = notebook.exercise(LADDER, "special-tokens")
    special_form
    return (special_form,)


@app.cell(hide_code=True)
def _(special_form):
    notebook.answer(LADDER, "special-tokens", special_form.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("1:25:28")} The exercise: GPT-4's tokenizer

    OpenAI publishes no merges, but *ranks*: the bytes of each token, and its id. That is enough.
    Ids were given in the order learned, so two neighbors merge if their bytes together are a
    token, and lower ids merge first.
    """)
    return


@app.cell(hide_code=True)
def _(gpts):
    if gpts:
        assert gpts["GPT-4"].encode("hello world") == [15339, 1917]
        assert gpts["GPT-2"].encode(" SolidGoldMagikarp") == [43453]
    notebook.code(merge_by_scan)
    return


@app.cell(hide_code=True)
def _():
    puzzles = {
        "Why can't it spell?": (
            "strawberry or strawberry",
            "It never sees the letters. The same word is several tokens at the start, and one "
            "after a space, and none of them says how many r's it has.",
        ),
        "Why is it worse at Korean?": (
            "안녕하세요, 어떻게 지내세요?",
            "The merges were learned mostly from English, so other languages take more tokens for "
            "the same sentence. GPT-4o's tokenizer was trained on more languages.",
        ),
        "Why is it bad at arithmetic?": (
            "1275 + 6773 = 8048",
            "Digits come in groups that do not line up: anywhere in GPT-2, three at a time from "
            "the left in GPT-4.",
        ),
        "Why was GPT-2 bad at Python?": (
            "def f(x):\n        return x\n",
            "GPT-2 spends a token on every space of an indentation. GPT-4 has tokens for whole "
            "indentations.",
        ),
        "What does a space at the end do?": (
            "Once upon a time ",
            "In the training text, a space belongs to the next word. A space at the end is a token "
            "of its own, which was hardly ever followed by a word.",
        ),
        "Why did SolidGoldMagikarp break it?": (
            " SolidGoldMagikarp",
            "The name of this user was frequent in the tokenizer's training text, so it is one "
            "token in GPT-2. In the model's text it hardly occurred, so the token was not trained.",
        ),
        "Why does the end of a text look strange?": (
            "<|endoftext|>",
            "Here it is ordinary text. Where a program allows special tokens in what a user types, "
            "it becomes one.",
        ),
    }
    puzzle_choice = mo.ui.dropdown([*puzzles], value=next(iter(puzzles)), label="Puzzle")
    mo.md(f"""
    ## {at("1:28:42")} sentencepiece, and Llama 2

    sentencepiece merges code points, not bytes, and falls back on bytes for rare characters. It
    can train as well as encode, and has many options that come from older kinds of text
    processing. This lesson leaves it out.

    ## {at("1:43:27")} How large should the vocabulary be?

    A larger vocabulary makes texts shorter, as the curve above shows, and flattens. But each
    token needs a row in the embedding table and one in the last layer, and is seen less often in
    training. The models of the lecture have from about 30,000 to 100,000 tokens.

    ## {at("1:48:11")} New tokens for a trained model

    Special tokens can be added later: a new row in the embedding table, a new output, and these
    alone may be trained, the rest frozen.

    ## {at("1:49:58")} Other modalities

    Pictures and sound can be cut into tokens, too, and read by the same Transformer.

    ## {at("1:51:41")} The puzzles, explained

    Much that is odd about language models comes from their tokens. Choose a puzzle, look, and
    then try a text of your own at the top. Most of them need GPT's tokenizers: open them at the
    top of the page.

    {puzzle_choice}
    """)
    return puzzles, puzzle_choice


@app.cell(hide_code=True)
def _(puzzles, gpts, puzzle_choice, tokenizers):
    puzzle, explanation = puzzles[puzzle_choice.value or next(iter(puzzles))]
    if gpts:  # the figures in the lesson's README
        _count = {
            (_q[4:12], _n): len(_t.encode(puzzles[_q][0], "none"))
            for _q in puzzles
            for _n, _t in gpts.items()
        }
        assert _count["can't it", "GPT-4"] == 5
        assert _count["is it wo", "GPT-2"] == 37 and _count["is it wo", "GPT-4o"] == 8
        assert _count["was GPT-", "GPT-2"] == 16 and _count["was GPT-", "GPT-4"] == 8
    mo.vstack([mo.md(explanation), colored_by(tokenizers, puzzle)])
    return


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    ## {at("2:10:20")} Advice

    Use tiktoken where you can take GPT's vocabulary as it is. To train your own, `python
    train.py` in this lesson learns 4,096 tokens from Shakespeare in a few seconds, and writes
    files that tiktoken and Hugging Face read.

    ---
    There is more to write yourself: `python -m tokenizer learn`, in the lesson's folder.
    """)
    return


if __name__ == "__main__":
    app.run()
