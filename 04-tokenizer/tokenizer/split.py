r"""Where a text is cut into chunks before byte-pair encoding: the patterns of GPT-2, GPT-4, GPT-4o.

Follows "Let's build the GPT Tokenizer" (youtube.com/watch?v=zduSFxRajkE) on forced splits. Merges
never cross a cut, so `dog`, `dog!` and `dog?` share a token, and no token mixes words with
punctuation. A pattern is a list of alternatives; at every place the first that matches wins.

In them, \p{L} is any letter, \p{N} any number, \s white space. A quantifier with a further `+` is
possessive, it gives nothing back: the same matches here, found faster. The patterns are those in
tiktoken; that of GPT-2 is its faster equal of the one that was published first.
"""

import regex

from tokenizer.unicode import as_tiktoken_sees

GPT2_PATTERN = "|".join(
    (
        r"'(?:[sdmt]|ll|ve|re)",  # an English contraction's end, if in lower case: 's 'd 'm 't 'll…
        r" ?\p{L}++",  # a word, with the space before it
        r" ?\p{N}++",  # a number of any length, with the space before it
        r" ?[^\s\p{L}\p{N}]++",  # punctuation, with the space before it
        r"\s++$",  # white space at the end of the text
        r"\s+(?!\S)",  # white space, but for its last character, which may belong to a word
        r"\s",  # that last character, where it does not
    )
)

GPT4_PATTERN = "|".join(
    (
        r"'(?i:[sdmt]|ll|ve|re)",  # contractions, in capitals too
        r"[^\r\n\p{L}\p{N}]?+\p{L}++",  # a word, with any one character before it but a line's end
        r"\p{N}{1,3}+",  # at most three digits, without the space
        r" ?[^\s\p{L}\p{N}]++[\r\n]*+",  # punctuation, with the lines' ends after it
        r"\s++$",  # white space at the end of the text
        r"\s*[\r\n]",  # white space up to the last line's end in it
        r"\s+(?!\S)",
        r"\s",
    )
)

_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"  # capitals, and letters and marks without case
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"  # small letters, and those without case
_BEFORE = r"[^\r\n\p{L}\p{N}]?"
_AFTER = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"

GPT4O_PATTERN = "|".join(
    (
        rf"{_BEFORE}{_UPPER}*{_LOWER}+{_AFTER}",  # camelCase is two words; accents stay with theirs
        rf"{_BEFORE}{_UPPER}+{_LOWER}*{_AFTER}",  # a word in capitals
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)

PATIENCE = 2.0  # seconds that any pattern may take, and 10 µs a character more
PATTERNS = {"gpt2": GPT2_PATTERN, "gpt4": GPT4_PATTERN, "gpt4o": GPT4O_PATTERN}


class Splitter:
    """Cuts texts into chunks by a `pattern`.

    Raises `ValueError` when the pattern is no regular expression of the `regex` module.
    """

    def __init__(self, pattern: str) -> None:
        if not pattern:
            raise ValueError("the split pattern is empty")
        try:
            self._compiled = regex.compile(pattern)
        except (regex.error, RecursionError) as error:
            raise ValueError(f"bad split pattern: {error}") from None
        self.pattern = pattern
        self.is_gpts = pattern in PATTERNS.values()

    def __call__(self, text: str) -> list[str]:
        """The chunks of `text`; joined, they are the text.

        Raises `ValueError` when the pattern leaves part of the text out, or takes much longer than
        reading the text once does, as a pattern that backtracks without end would.

        >>> Splitter(GPT4_PATTERN)("Hello world123 how's it going!!!?")
        ['Hello', ' world', '123', ' how', "'s", ' it', ' going', '!!!?']
        """
        seconds = PATIENCE + len(text) / 100_000
        seen = as_tiktoken_sees(text) if self.is_gpts else text
        try:
            matches = self._compiled.finditer(seen, timeout=seconds)
            chunks = [text[match.start() : match.end()] for match in matches if match.group()]
        except TimeoutError:
            raise ValueError(
                f"the split pattern {self.pattern!r} was stopped after {seconds:.1f} s on "
                f"{len(text):,} characters; it backtracks too much"
            ) from None
        if "".join(chunks) != text:
            raise ValueError(f"the split pattern {self.pattern!r} leaves out part of the text")
        return chunks
