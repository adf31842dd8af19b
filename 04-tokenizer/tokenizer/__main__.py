"""`python -m tokenizer encode|decode|compare|show|train`: a tokenizer in the terminal."""

import os
import re
import sys
import time
import warnings
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Annotated, Literal

try:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text
    from tyro.conf import Positional, arg

    from shared import cli, datasets, runs
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

from tokenizer.fast import FastTokenizer
from tokenizer.gpt import GPT_TOKENIZERS
from tokenizer.model_file import show_token
from tokenizer.split import PATTERNS

COLORS = (
    "#5b3a8e",
    "#1f6f50",
    "#8a5a00",
    "#8c2f39",
    "#1d5c85",
)  # white is legible on them
REPEATS = 5
WHO = ("ours", "tiktoken")


def open_tokenizer(name: str, pattern: str = "gpt4") -> FastTokenizer:
    """One of GPT's by its name, or the one in a file or a run; `pattern` if that has none."""
    if name in GPT_TOKENIZERS:
        return GPT_TOKENIZERS[name]()
    path = Path(name, "tokenizer.model") if Path(name).is_dir() else Path(name)
    if not path.is_file():
        known = ", ".join(GPT_TOKENIZERS)
        raise cli.UserError(f"--tokenizer: there is no file '{path}'; give a file, or {known}")
    tokenizer = FastTokenizer(PATTERNS[pattern])
    tokenizer.load(path)
    return tokenizer


def read_stdin(otherwise: str) -> str:
    """All of standard input, unless that is somebody at a keyboard who does not know."""
    if sys.stdin is None or sys.stdin.isatty():
        raise cli.UserError(f"there is nothing on standard input; {otherwise}")
    return read_utf8(sys.stdin.buffer.read(), "standard input")


def read_utf8(content: bytes, origin: str) -> str:
    """The text, every character of it, a byte-order mark included."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise cli.UserError(f"{origin} is not UTF-8 (position {error.start:,})") from None


@dataclass
class OfText:
    """What the verbs that read a text have in common."""

    text: Positional[tuple[str, ...]] = ()
    """The text; words are joined with a space. By default, standard input."""
    file: Annotated[Path | None, arg(metavar="FILE")] = None
    """A file to read it from."""
    pattern: Literal["gpt2", "gpt4", "gpt4o"] = "gpt4"
    """Whose pattern cuts the text, with a .tiktoken file, which has none."""

    def read(self) -> str:
        """The text that was given."""
        if self.text and self.file:
            raise cli.UserError("give a text or --file, not both")
        if self.text:
            return read_utf8(os.fsencode(" ".join(self.text)), "the text")
        if self.file:
            cli.require(self.file.is_file(), "--file", self.file, "a file that exists")
            return read_utf8(self.file.read_bytes(), str(self.file))
        return read_stdin("give a text or --file")


@dataclass
class Encode(OfText):
    """Print the ids of a text."""

    tokenizer: str = "gpt4"
    """gpt2, gpt4, gpt4o; a .model, .tiktoken or .json file; or the folder of a run."""
    special: Literal["none_raise", "none", "all"] = "none_raise"
    """What a special token in the text is: an error, ordinary text, or its id."""

    def run(self) -> None:
        text = self.read()
        with cli.users_mistakes():
            tokenizer = open_tokenizer(self.tokenizer, self.pattern)
        try:
            ids = tokenizer.encode(text, self.special)
        except ValueError as error:
            raise cli.UserError(str(error).replace("allowed_special", "--special")) from None
        print(*ids)


@dataclass
class Decode:
    """Print the text of ids."""

    ids: Positional[tuple[str, ...]] = ()
    """The ids; by default, standard input."""
    tokenizer: str = "gpt4"
    """gpt2, gpt4, gpt4o; a .model, .tiktoken or .json file; or the folder of a run."""

    def run(self) -> None:
        words = " ".join(self.ids).split() or read_stdin("give ids").split()
        for word in words:
            if not re.fullmatch("[0-9]{1,10}", word):
                shown = word if len(word) <= 20 else f"{word[:20]}…"
                raise cli.UserError(f"ids are whole numbers of at most ten digits, not {shown!r}")
        with cli.users_mistakes():
            content = open_tokenizer(self.tokenizer).decode_bytes(map(int, words))
        sys.stdout.buffer.write(content)
        if sys.stdout.isatty():
            print()


@dataclass
class Show(OfText):
    """Print a text with one background color a token, or, without colors, bars between them."""

    tokenizer: str = "gpt4"
    """gpt2, gpt4, gpt4o; a .model, .tiktoken or .json file; or the folder of a run."""
    out: Annotated[Path | None, arg(metavar="FILE")] = None
    """File for a picture of it, ending in .svg."""

    def run(self) -> None:
        if self.out:
            cli.require(self.out.suffix == ".svg", "--out", self.out, "a name ending in .svg")
            require_new(self.out)
        text = self.read()
        with cli.users_mistakes():
            tokenizer = open_tokenizer(self.tokenizer, self.pattern)
            tokens = tokenizer.decode_tokens_bytes(tokenizer.encode_ordinary(text))
        counts = f"{len(tokens):,} tokens, {len(text):,} characters, {len(text.encode()):,} bytes"
        console = Console(highlight=False, soft_wrap=True)
        many_colors = console.color_system in ("256", "truecolor")
        console.print(in_colors(tokens) if many_colors else with_bars(tokens), end="")
        print(counts)
        if self.out:
            with open(os.devnull, "w") as nowhere, runs.atomic(self.out) as path:
                picture = Console(file=nowhere, record=True, width=80, force_terminal=True)
                picture.print(in_colors(tokens), end="")
                picture.print(counts, highlight=False)
                picture.save_svg(str(path), title=f"tokenizer show --tokenizer {self.tokenizer}")


def require_new(path: Path) -> None:
    """Raise `UserError` unless `path` can be written and nothing is there."""
    folder = path.parent.is_dir() and os.access(path.parent, os.W_OK)
    cli.require(folder, "--out", path, "in a folder that exists and can be written to")
    cli.require(not path.exists(), "--out", path, "a file that does not exist yet")


def in_colors(tokens: list[bytes]) -> Text:
    """The tokens, one background color each; a line ends after a token that ends one."""
    text = Text()
    for number, token in enumerate(tokens):
        text.append(show_token(token), f"white on {COLORS[number % len(COLORS)]}")
        if token.endswith(b"\n") or number == len(tokens) - 1:
            text.append("\n")
    return text


def with_bars(tokens: list[bytes]) -> Text:
    """The tokens with bars between them."""
    lines = "|".join([show_token(token) + "\n" * token.endswith(b"\n") for token in tokens])
    return Text(lines if lines.endswith("\n") else lines + "\n")


@dataclass
class Compare(OfText):
    """Encode a text with ours and with tiktoken: whether the ids are the same, and how fast."""

    tokenizer: tuple[str, ...] = tuple(GPT_TOKENIZERS)
    """gpt2, gpt4, gpt4o; a .model, .tiktoken or .json file; or `trained`: on this very text."""
    data: Annotated[
        Literal["shakespeare", "bundled"] | None, arg(metavar="shakespeare|bundled")
    ] = None
    """One of the lecture's texts instead."""

    def run(self) -> None:
        if self.data:
            if self.text or self.file:
                raise cli.UserError("give a text, --file or --data, not two of them")
            dataset = datasets.load("shakespeare", self.data)
            text = dataset.text
            print(f"data: {dataset}")
        else:
            text = self.read()
        numbers = [Column(name, justify="right") for name in ("tokens", "bytes a token", *WHO)]
        table = Table(Column("tokenizer", overflow="fold"), *numbers, "", box=None)
        difference = ""
        with cli.users_mistakes():
            for name in self.tokenizer:
                try:
                    named = name != "trained"
                    ours = open_tokenizer(name, self.pattern) if named else trained_on(text)
                except ConnectionError as error:
                    warnings.warn(str(error), stacklevel=1)
                    continue
                comparison = compare(ours, text)
                table.add_row(name, *comparison.row())
                if comparison.difference:
                    difference = f"{name}: the ids differ. {comparison.difference}"
                    break
        if not table.row_count:
            raise cli.UserError("nothing to compare with; try `--tokenizer trained`")
        Console().print(table)
        if difference:
            sys.exit(difference)


def trained_on(text: str) -> FastTokenizer:
    """A tokenizer of 1,024 tokens, or fewer where the text has not so many pairs."""
    tokenizer = FastTokenizer()
    with warnings.catch_warnings(action="ignore"):
        tokenizer.train(text, 1024)
    return tokenizer


@dataclass
class Comparison:
    """How our tokenizer and tiktoken's encode the same text."""

    n_bytes: int
    n_tokens: int
    seconds: tuple[float, float]
    difference: str

    def row(self) -> list[str]:
        """The cells of the table."""
        per_token = f"{self.n_bytes / self.n_tokens:.3f}" if self.n_tokens else "-"
        speeds = [f"{self.n_bytes / 1e6 / seconds:.1f} MB/s" for seconds in self.seconds]
        verdict = "ids differ" if self.difference else "same ids"
        return [f"{self.n_tokens:,}", per_token, *speeds, verdict]


def compare(ours: FastTokenizer, text: str) -> Comparison:
    """Encode `text` with both, in turn, several times; the seconds are medians.

    Raises `ValueError` for a pattern that tiktoken does not understand.
    """
    theirs = ours.to_tiktoken()
    times: list[tuple[float, float]] = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        ids = ours.encode_ordinary(text)
        middle = time.perf_counter()
        expected = theirs.encode_ordinary(text)
        times.append((middle - start, time.perf_counter() - middle))
    seconds = median(a for a, _ in times), median(b for _, b in times)
    return Comparison(len(text.encode()), len(ids), seconds, first_difference(ours, ids, expected))


def first_difference(tokenizer: FastTokenizer, ids: list[int], expected: list[int]) -> str:
    """Where two lists of ids part, in words; empty when they do not."""
    for position, (mine, other) in enumerate(zip_longest(ids, expected)):
        if mine != other:
            before = show_token(tokenizer.decode_bytes(ids[max(0, position - 5) : position]))
            return f"At position {position}, after {before!r}: ours {mine}, tiktoken's {other}"
    return ""


@dataclass
class Train:
    """Train a tokenizer on files or standard input; write PREFIX.model and PREFIX.vocab."""

    out: Path
    """The prefix; or a name ending in .tiktoken or .json for those formats."""
    files: Positional[tuple[Path, ...]] = ()
    """Texts in UTF-8; by default, standard input."""
    vocab_size: int = 4096
    """Tokens in the vocabulary, 256 of which are the bytes."""
    pattern: Literal["gpt2", "gpt4", "gpt4o"] = "gpt4"
    """Whose pattern cuts the text into chunks."""
    special: tuple[str, ...] = ()
    """Special tokens; they get the ids after the others."""
    verbose: bool = False
    """Print every merge."""

    def run(self) -> None:
        name = self.out.name
        cli.require(name not in ("", ".."), "--out", f"'{self.out}'", "a name, of files to write")
        written = [self.out]
        if self.out.suffix not in (".tiktoken", ".json"):
            prefix = name.removesuffix(".model")
            written = [self.out.with_name(prefix + end) for end in (".model", ".vocab")]
        cli.require(not self.out.is_dir(), "--out", self.out, "a name of files, not of a folder")
        for path in written:
            require_new(path)
        for path in self.files:
            cli.require(path.is_file(), "FILES", path, "files that exist")
        cli.require(all(self.special), "--special", "an empty one", "text")
        if self.special and self.out.suffix == ".tiktoken":
            raise cli.UserError("a .tiktoken file has no place for --special; use .model or .json")
        tokenizer = FastTokenizer(PATTERNS[self.pattern])
        with cli.users_mistakes():
            if self.files:
                tokenizer.train_from_files(self.files, self.vocab_size, verbose=self.verbose)
            else:
                text = read_stdin("give files")
                cli.require(bool(text), "standard input", "empty", "a text")
                tokenizer.train(text, self.vocab_size, self.verbose)
            first = tokenizer.n_vocab
            special = {token: first + i for i, token in enumerate(dict.fromkeys(self.special))}
            tokenizer.register_special_tokens(special)
            tokenizer.save(self.out)
        print(f"{tokenizer.n_vocab:,} tokens: {' and '.join(map(str, written))}")


if __name__ == "__main__":
    verbs = {"encode": Encode, "decode": Decode, "show": Show, "compare": Compare, "train": Train}
    cli.run_verbs(verbs, "Byte-pair encoding in the terminal.")
