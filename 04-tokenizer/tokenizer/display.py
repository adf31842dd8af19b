"""Tokens in the terminal: a background color each, or, where there are no colors, bars between."""

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from tokenizer.fast import FastTokenizer
from tokenizer.model_file import show_merge, show_token
from tokenizer.steps import encoding_steps, training_steps

COLORS = ("#5b3a8e", "#1f6f50", "#8a5a00", "#8c2f39", "#1d5c85")  # white is legible on them
NEW = "bold black on #ffd75f"  # what a merge has just made
SHOWN = 200  # bytes of a text that are shown after every merge


def show_tokens(tokens: Sequence[bytes], colors: bool) -> Text:
    """All tokens; a line ends after a token that ends one."""
    text = Text()
    for number, token in enumerate(tokens):
        if colors:
            text.append(show_token(token), f"white on {COLORS[number % len(COLORS)]}")
        else:
            text.append("|" * (number > 0) + show_token(token))
        if token.endswith(b"\n") or number == len(tokens) - 1:
            text.append("\n")
    return text


def show_steps(tokenizer: FastTokenizer, text: str, training: bool, colors: bool) -> Iterator[Text]:
    """The chunks of a text as bytes; then each merge of training or of encoding, and its result."""
    ranks, vocab = tokenizer.ranks, tokenizer.vocab
    chunks = [chunk.encode() for chunk in tokenizer.split(text)]
    kinds = "chunk" if len(chunks) == 1 else "chunks"
    yield Text(f"{len(chunks):,} {kinds}, {sum(map(len, chunks)):,} bytes\n")
    yield _show_chunks(([bytes([byte]) for byte in chunk] for chunk in chunks), None, colors)
    for step in training_steps(chunks) if training else encoding_steps(chunks, ranks, vocab):
        yield Text(show_merge(step.pair, step.new_id, vocab, step.occurrences) + "\n")
        tokens = ([vocab[i] for i in ids] for ids in step.chunks)
        yield _show_chunks(tokens, vocab[step.new_id], colors)


def _show_chunks(chunks: Iterable[Sequence[bytes]], new: bytes | None, colors: bool) -> Text:
    """The first chunks on one line; between them a gap, or two bars. The `new` token stands out.

    The color of the others depends on where they start, so a merge changes hardly any.
    """
    text = Text()
    position, last = 0, ""
    for number, tokens in enumerate(chunks):
        if position >= SHOWN:
            text.append("…")
            break
        if number:
            text.append(" " if colors else "||")
        for i, token in enumerate(tokens):
            color = f"white on {COLORS[position % len(COLORS)]}"
            if color == last:
                color = f"white on {COLORS[(position + 1) % len(COLORS)]}"
            position, last = position + len(token), color
            if colors:
                text.append(show_token(token), NEW if token == new else color)
            else:
                text.append("|" * (i > 0) + show_token(token))
    text.append("\n")
    return text
