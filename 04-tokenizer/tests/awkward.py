"""Texts for property tests: all of Unicode, with what tokenizers stumble over made likely."""

from hypothesis import strategies as st

from tokenizer.unicode import as_tiktoken_sees

AWKWARD = [
    *(" ", "  ", "\n", "\r\n", "\t", "\v"),  # white space
    *("\x1c", "\x85", "\xa0", "\u2028", "\u3000"),  # white space, or nearly
    *("'", "\u2019", "/", "_", "!!", "'s", "'LL", "'\u017f", "don't", "THEY'RE"),
    *("aaaa", "A", "camelCase", "é", "e\u0301", "\u01c5", "\u02b0", "日本", "12345", "½"),
    *("\U0003f9f8", "\u088f", "\u0295", "\ua7ce", "\U0001d6a6"),  # see `unicode.DIFFERENCES`
    *("🙂", "👩\u200d👧", "\ufeff", "\0", "\U0010ffff", "<|", "<|endoftext|>", "<|end|>!"),
]
texts = st.lists(st.one_of(st.sampled_from(AWKWARD), st.text(max_size=4)), max_size=40).map("".join)
texts_for_all = texts.map(as_tiktoken_sees)  # the plain tokenizers have the Unicode of `regex`
