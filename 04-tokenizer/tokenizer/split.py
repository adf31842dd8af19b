r"""Where a text is cut into chunks before byte-pair encoding: the patterns of GPT-2, GPT-4, GPT-4o.

Follows "Let's build the GPT Tokenizer" (youtube.com/watch?v=zduSFxRajkE, from 0:57:36 to 1:14:59).
Merges never cross a cut, so `dog`, `dog!` and `dog?` share a token, and no token mixes words with
punctuation. A pattern is a list of alternatives; at every place the first that matches wins.

\p{L} is any letter, \p{N} any number, \s white space. A quantifier followed by another `+` is
possessive: it never gives back what it took. Here that changes no match, only the time it takes.
The patterns are tiktoken's; that of GPT-2 is a faster equal of the one that was published first.
"""

import regex  # Python's own `re` does not know \p{L}

GPT2_PATTERN = "|".join(
    (
        r"'(?:[sdmt]|ll|ve|re)",  # English contractions, in small letters only: 's 'd 'm 't 'll…
        r" ?\p{L}++",  # a word, with the space before it
        r" ?\p{N}++",  # a number of any length, with the space before it
        r" ?[^\s\p{L}\p{N}]++",  # punctuation, with the space before it
        r"\s++$",  # white space at the end of the text
        r"\s+(?!\S)",  # white space except for its last character, which may belong to a word
        r"\s",  # that last character, where it does not
    )
)

GPT4_PATTERN = "|".join(
    (
        r"'(?i:[sdmt]|ll|ve|re)",  # contractions, in capitals too
        r"[^\r\n\p{L}\p{N}]?+\p{L}++",  # a word, with any one character before it but a line break
        r"\p{N}{1,3}+",  # at most three digits, without the space
        r" ?[^\s\p{L}\p{N}]++[\r\n]*+",  # punctuation, with the line breaks after it
        r"\s++$",  # white space at the end of the text
        r"\s*[\r\n]",  # white space up to the last line break in it
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

PATTERNS = {"gpt2": GPT2_PATTERN, "gpt4": GPT4_PATTERN, "gpt4o": GPT4O_PATTERN}


def split(text: str, pattern: str) -> list[str]:
    """The chunks of `text`. Joined, they are the text; a pattern must leave nothing out.

    >>> split("Hello world123 how's it going!!!?", GPT4_PATTERN)
    ['Hello', ' world', '123', ' how', "'s", ' it', ' going', '!!!?']
    """
    # Not `findall`: where the pattern has groups, that returns the groups instead of the matches.
    chunks = [match.group() for match in regex.finditer(pattern, text)]
    if "".join(chunks) != text:
        raise ValueError(f"the split pattern {pattern!r} leaves out part of the text")
    return chunks
