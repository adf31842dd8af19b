"""The chunks of `split`, for any text the ones that tiktoken finds, and several times as fast.

Two facts about GPT's patterns help. On ASCII text they mean the same as patterns for Python's own
`re`, which is faster than `regex` but does not know Unicode's classes. And a chunk begins at every
space that follows a character which is not white space: no alternative goes on with a space after
such a character, and none looks ahead from it. So a text can be cut there beforehand: its parts in
ASCII go to `re`, the others to `regex`, and a file can be read in blocks.
"""

import re
from collections.abc import Iterator
from itertools import chain

import regex

from tokenizer.split import PATTERNS, split
from tokenizer.unicode import as_tiktoken_sees

_ASCII = {"L": "A-Za-z", "Lu": "A-Z", "Ll": "a-z", "N": "0-9"}  # no others: \p{Lt}, \p{M}…


def ascii_pattern(pattern: str) -> re.Pattern[str]:
    r"""One of GPT's patterns for ASCII text and `re`: classes like \p{L} become ranges.

    >>> ascii_pattern(r" ?\p{L}++| ?[^\s\p{L}\p{N}]++").pattern
    ' ?[A-Za-z]++| ?[^\\sA-Za-z0-9]++'
    """

    def ranges(found: re.Match[str]) -> str:
        inside = _ASCII.get(found[1], "")
        return f"[{inside}]" if found[2] else inside  # with a quantifier, it stands alone

    return re.compile(re.sub(r"\\p\{(\w+)\}(?=([+{])?)", ranges, pattern), re.ASCII)


class FastSplitter:
    """Cuts texts into chunks, fast for GPT's patterns; for any other, it is `split`."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.is_gpts = pattern in PATTERNS.values()
        self._compiled = regex.compile(pattern)
        if self.is_gpts:
            self._ascii = ascii_pattern(pattern)

    def __call__(self, text: str) -> list[str]:
        return list(chain.from_iterable(self.in_parts(text)))

    def in_parts(self, text: str) -> Iterator[list[str]]:
        """The chunks of one part of the text after the other, which takes little memory."""
        if not self.is_gpts:
            yield split(text, self.pattern)
            return
        for found in _PARTS.finditer(text):
            part = found.group()
            if part.isascii():
                yield self._ascii.findall(part)
            elif (seen := as_tiktoken_sees(part)) is part:
                yield self._compiled.findall(part)
            else:
                matches = self._compiled.finditer(seen)
                yield [part[match.start() : match.end()] for match in matches]


# Up to a space: a long part of ASCII, or else a short one, so that little goes to `regex`.
_PARTS = re.compile(
    r"[\x00-\x7f]{2000}[\x00-\x7f]*?(?<=\S)(?= )|.{100}.*?(?<=\S)(?= )|.+", re.DOTALL
)


def last_cut(text: str) -> int:
    """The last place where GPT's patterns cut, whatever follows the text; 0 if there is none.

    It is before a space that follows a character which is not white space, or after a letter that
    is followed by neither a letter, nor a mark, nor an apostrophe.

    >>> text = "O Romeo, wherefore art"
    >>> text[:last_cut(text)]
    'O Romeo, wherefore'
    """
    found = _LAST_CUT.search(as_tiktoken_sees(text))
    return found.start() if found else 0


_LAST_CUT = regex.compile(r"(?r)(?<=\S) |(?<=\p{L})[^\p{L}\p{M}']")
