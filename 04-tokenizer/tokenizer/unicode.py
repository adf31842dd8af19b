r"""Unicode as tiktoken sees it, where Python's strings or the `regex` package see something else.

Two things would otherwise give other ids than tiktoken's. A Python string may hold halves of
surrogate pairs, which UTF-8 cannot encode (`well_formed`). And every edition of Unicode turns some
thousand code points into letters, marks or numbers; `regex` and tiktoken each bring an edition of
their own, so \p{L} does not mean the same in both (`as_tiktoken_sees`).

`python tokenizer/unicode.py` prints `VERSIONS` and `DIFFERENCES` for the installed packages.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pprint import pprint

import regex

# Each class in the patterns of `split`, with a character that every edition of Unicode puts there.
STAND_INS = {
    r"\p{Lu}": "Ø",
    r"\p{Ll}": "ø",
    r"\p{Lt}": "\u01c5",
    r"\p{Lm}": "\u02b0",
    r"\p{Lo}": "ん",
    r"\p{M}": "\u0301",
    r"\p{N}": "½",
    r"\s": "\u2003",
    "none": "†",
}

# With these versions, the classes in which tiktoken has the code points that `regex` has in
# another: the first and the last of each range, in hexadecimal.
VERSIONS = {"regex": "2026.11.15", "tiktoken": "0.14.0"}
DIFFERENCES = {
    r"\p{Ll}": "295-295",
    "none": (
        "558-558 58b-58c 5c8-5c9 88f-88f b53-b54 c5c-c5c cdc-cdc 1acf-1af0 208f-208f 209d-209f "
        "a7ce-a7cf a7d2-a7d2 a7d4-a7d4 a7dd-a7dd a7e2-a7e2 a7f1-a7f1 ab6c-ab6d 107bb-107bf "
        "10940-10959 10ec5-10ec7 10ecb-10ecf 10ed9-10eee 10ef0-10efb 11b0a-11b0a 11b60-11b67 "
        "11db0-11ddb 11de0-11de9 11df0-11df1 1246f-1246f 12475-1247f 12550-12686 16ea0-16eb8 "
        "16ebb-16ed3 16ff2-16ff6 187f8-187ff 18cd6-18cda 18d09-18d20 18d80-18df2 18e00-19191 "
        "191a0-191d2 1b123-1b128 1b168-1b168 1d127-1d128 1d250-1d252 1d25b-1d25c 1d25f-1d25f "
        "1d280-1d281 1d6a6-1d6a6 1df1f-1df24 1df2b-1df81 1df90-1df96 1dfcd-1dfff 1e6c0-1e6de "
        "1e6e0-1e6f5 1e6fe-1e6ff 2b73a-2b73f 2b81e-2b81e 2cea2-2cead 323b0-33479 3d000-3fc3f"
    ),
}


def well_formed(text: str) -> str:
    """`text` with the halves of surrogate pairs joined, and U+FFFD for a half without the other.

    Only text that UTF-8 cannot encode is changed, and as tiktoken changes it.
    """
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def as_tiktoken_sees(text: str) -> str:
    """`text` with stand-ins of tiktoken's class for what `regex` has in another class.

    The result is as long as `text`, so that where a pattern cuts the one, tiktoken's cuts the
    other. Nearly every text is returned as it is.
    """
    table, candidates = _differences()
    return text.translate(table) if candidates.search(text) else text


@cache
def _differences() -> tuple[dict[int, str], re.Pattern[str]]:
    """A table for `str.translate`, and a pattern that finds what is in it, and some more."""
    known = all(version(package) == number for package, number in VERSIONS.items())
    table = {
        code_point: STAND_INS[name]
        for name, ranges in (DIFFERENCES if known else find_differences()).items()
        for first, last in [word.split("-") for word in ranges.split()]
        for code_point in range(int(first, 16), int(last, 16) + 1)
    }
    # `re` looks at ranges above U+FFFF one by one for every character, so a few wide ones serve.
    basic = _ranges(i for i in table if i < 0x10000)
    wide = _ranges((i for i in table if i >= 0x10000), gap=0x8000)
    found = "".join(f"{chr(first)}-{chr(last)}" for first, last in basic + wide)
    return table, re.compile(f"[{found}]" if found else "(?!)")


def find_differences() -> dict[str, str]:
    """`DIFFERENCES` for the installed packages, found by asking both about every code point."""
    import tiktoken

    characters = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))  # no surrogates
    each_byte = {bytes([i]): i for i in range(256)}
    seen: dict[str, str] = {}  # by tiktoken
    for name in STAND_INS:
        if name == "none":
            continue
        encoding = tiktoken.Encoding(
            name, pat_str=f"{name}+", mergeable_ranks=each_byte, special_tokens={}
        )  # without merges, so that its ids are the bytes of all characters that it finds
        theirs = set(encoding.decode(encoding.encode_ordinary(characters)))
        ours = set("".join(regex.findall(f"{name}+", characters)))
        seen |= dict.fromkeys(theirs - ours, name)
        seen = dict.fromkeys(ours - theirs, "none") | seen  # unless it has another class in seen
    by_class = defaultdict(list)
    for character, name in seen.items():
        by_class[name].append(ord(character))
    return {
        name: " ".join(f"{first:x}-{last:x}" for first, last in _ranges(code_points))
        for name, code_points in by_class.items()
    }


def _ranges(code_points: Iterable[int], gap: int = 1) -> list[tuple[int, int]]:
    """The first and the last of every run of code points that are at most `gap` apart."""
    ranges: list[tuple[int, int]] = []
    for i in sorted(code_points):
        if ranges and i - ranges[-1][1] <= gap:
            ranges[-1] = ranges[-1][0], i
        else:
            ranges.append((i, i))
    return ranges


if __name__ == "__main__":
    print("VERSIONS =", {package: version(package) for package in VERSIONS})
    print("DIFFERENCES = ", end="")
    pprint(find_differences(), width=100, sort_dicts=False)
