"""Train the plain tokenizers of this lesson, those of the lecture, and encode with them.

`python -m tokenizer learn start` copies this program to mine/train.py. There it runs what you have
written, from the merging of a pair to special tokens.
"""

from tokenizer.basic import BasicTokenizer
from tokenizer.regex_tokenizer import RegexTokenizer

TEXT = """
A tokenizer cuts a text into tokens. It learns them from another text: the pair of tokens that
occurs most often becomes a token of its own, and then the next pair, and so on. So the tokenizer
has a token for what occurs often, and for the rest it has bytes: naïve, café, 안녕하세요.
"""

basic = BasicTokenizer()
basic.train(TEXT, vocab_size=256 + 40)
ids = basic.encode(TEXT)
print(f"{len(TEXT.encode())} bytes became {len(ids)} tokens")
for pair, new_id in [*basic.merges.items()][:10]:
    print(f"{pair} -> {new_id} {basic.vocab[new_id].decode(errors='replace')!r}")
print("|".join(basic.decode([i]) for i in basic.encode("the tokenizer of a café")))
print("the text comes back:", basic.decode(ids) == TEXT)

tokenizer = RegexTokenizer()
tokenizer.train(TEXT, vocab_size=256 + 40)
tokenizer.register_special_tokens({"<|endoftext|>": 296})
print(tokenizer.encode("a token<|endoftext|>", allowed_special="all"))
