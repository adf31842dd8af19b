"""`python -m tokenizer encode|decode|show|learn`: a tokenizer in the terminal, the exercises."""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Literal

from rich.console import Console
from rich.text import Text
from tyro.conf import Positional, arg

from shared import cli, learn, runs
from tokenizer import display
from tokenizer.exercises import LADDER
from tokenizer.fast import FastTokenizer
from tokenizer.fast_split import FastSplitter
from tokenizer.gpt import GPT_TOKENIZERS
from tokenizer.split import PATTERNS
from tokenizer.training import MAX_VOCAB, learn_merges
from tokenizer.unicode import well_formed


def open_tokenizer(name: str, pattern: str = "gpt4") -> FastTokenizer:
    """One of GPT's by its name, or the one in a file or a run; `pattern` if that has none."""
    if name in GPT_TOKENIZERS:
        return GPT_TOKENIZERS[name]()
    path = Path(name, "tokenizer.model") if Path(name).is_dir() else Path(name)
    if not path.is_file():
        known = ", ".join(GPT_TOKENIZERS)
        raise cli.UserError(f"--tokenizer: there is no file '{path}'; give a file, or {known}")
    tokenizer = FastTokenizer(PATTERNS[pattern])
    try:
        tokenizer.load(path)
    except ValueError as error:
        raise cli.UserError(f"--tokenizer cannot be loaded: {error}") from None
    return tokenizer


def trained_on(text: str, pattern: str) -> FastTokenizer:
    """A tokenizer that is trained on this text alone, until no pair occurs twice."""
    chunks = Counter(FastSplitter(pattern)(text))
    learned = learn_merges(chunks, MAX_VOCAB - 256)
    useful = takewhile(lambda merge: merge.occurrences > 1, learned)
    return FastTokenizer.from_merges([merge.pair for merge in useful], pattern)


def read_stdin(otherwise: str) -> str:
    """All of standard input, unless that is somebody at a keyboard who is waiting."""
    if sys.stdin is None or sys.stdin.isatty():
        raise cli.UserError(f"there is nothing on standard input; {otherwise}")
    return read_utf8(sys.stdin.buffer.read(), "standard input")


def read_utf8(content: bytes, origin: str) -> str:
    """The text, every character of it, a byte-order mark included."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        where = f"position {error.start:,}"
        raise cli.UserError(f"{origin} is not UTF-8 ({where}); convert it to UTF-8") from None


@dataclass
class OfText:
    """What the verbs that read a text have in common."""

    text: Positional[tuple[str, ...]] = ()
    """The text; words are joined with a space. By default, standard input."""
    file: Annotated[Path | None, arg(metavar="FILE")] = None
    """Read the text from this file."""
    pattern: Literal["gpt2", "gpt4", "gpt4o"] = "gpt4"
    """Whose pattern cuts the text, for a tokenizer that has none: a .tiktoken file, or `new`."""

    def read(self) -> str:
        """The text that was given."""
        if self.text and self.file:
            raise cli.UserError("there are two texts, one of them from --file; give one")
        if self.text:
            return well_formed(" ".join(self.text))
        if self.file:
            if not self.file.is_file():
                raise cli.UserError(f"--file: there is no file '{self.file}'; give one that exists")
            return read_utf8(self.file.read_bytes(), str(self.file))
        return read_stdin("give a text or --file")


@dataclass
class Encode(OfText):
    """Print the ids of a text."""

    tokenizer: str = "gpt4"
    """gpt2, gpt4, gpt4o; a .model, .tiktoken or .json file; or the folder of a run."""
    special: Literal["none_raise", "none", "all"] = "none_raise"
    """What a special token in the text becomes: an error, ordinary text, or its id."""

    def run(self) -> None:
        text = self.read()
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
                raise cli.UserError(f"an id is a whole number, not {word[:20]!r}; give only ids")
        tokenizer = open_tokenizer(self.tokenizer)
        try:
            content = tokenizer.decode_bytes(map(int, words))
        except ValueError as error:
            used = f"of {self.tokenizer}; use the --tokenizer that made the ids"
            raise cli.UserError(f"{error} {used}") from None
        sys.stdout.buffer.write(content)
        if sys.stdout.isatty():
            print()


@dataclass
class Show(OfText):
    """Print a text, each token with its own background color, or with bars between tokens."""

    tokenizer: str = "gpt4"
    """gpt2, gpt4, gpt4o; a .model, .tiktoken or .json file; the folder of a run; or `new`, which is
    trained on this text alone."""
    steps: bool = False
    """Show every merge, one at a time: those of encoding, or, with `new`, those of training."""
    out: Annotated[Path | None, arg(metavar="FILE")] = None
    """File for a picture of it, ending in .svg."""

    def run(self) -> None:
        if self.out and self.out.suffix != ".svg":
            raise cli.UserError(f"--out {self.out} is an SVG picture; give a name ending in .svg")
        if self.out and self.out.exists():
            raise cli.UserError(f"--out {self.out} exists; choose another name, or remove it")
        text = self.read()
        console = Console(highlight=False, soft_wrap=True)
        for line in self.lines(text, console.color_system in ("256", "truecolor")):
            console.print(line, end="")
        if self.out:
            with open(os.devnull, "w") as nowhere, runs.atomic(self.out) as path:
                picture = Console(file=nowhere, record=True, width=80, force_terminal=True)
                for line in self.lines(text, colors=True):
                    picture.print(line, end="", highlight=False)
                picture.save_svg(str(path), title=f"tokenizer show --tokenizer {self.tokenizer}")

    def lines(self, text: str, colors: bool) -> Iterator[Text]:
        """What is printed, line by line."""
        new = self.tokenizer == "new"
        if new:
            tokenizer = trained_on(text, PATTERNS[self.pattern])
        else:
            tokenizer = open_tokenizer(self.tokenizer, self.pattern)
        ids = tokenizer.encode_ordinary(text)
        if self.steps:
            yield from display.show_steps(tokenizer, text, training=new, colors=colors)
        else:
            yield display.show_tokens(tokenizer.decode_tokens_bytes(ids), colors)
        sizes = f"{len(ids):,} tokens, {len(text):,} characters, {len(text.encode()):,} bytes"
        yield Text(f"{sizes}\n")


class Learn(learn.Learn):  # noqa: D101 (its help is that of all lessons)
    __doc__ = learn.Learn.__doc__
    ladder = LADDER


if __name__ == "__main__":
    verbs = {"encode": Encode, "decode": Decode, "show": Show, "learn": Learn}
    cli.run_verbs(verbs, "Byte-pair encoding in the terminal, and to write yourself.")
