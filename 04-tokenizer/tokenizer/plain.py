"""The lecture's two tokenizers, with the `save` and `load` that minbpe's quickstart uses.

    tokenizer = BasicTokenizer()
    tokenizer.train(text, 256 + 3)
    tokenizer.save("toy")          # toy.model, and toy.vocab for people to read
    tokenizer.load("toy.model")

`from tokenizer import BasicTokenizer` gives these; the algorithm alone is in `basic` and
`regex_tokenizer`. The interface is that of github.com/karpathy/minbpe.
"""

from pathlib import Path

from tokenizer import basic, files, regex_tokenizer
from tokenizer.model_file import Model

ONE_CHUNK = r"(?s:.+)"  # the pattern that leaves a text whole


class BasicTokenizer(basic.BasicTokenizer):
    """`basic.BasicTokenizer`, which can be kept in a file."""

    def save(self, prefix: Path | str) -> None:
        """Write `prefix.model`, which `load` reads, and `prefix.vocab`, for people to read."""
        ranks = {token: i for i, token in self.vocab.items()}
        files.save(Path(prefix), Model(ONE_CHUNK, ranks, {}, self.merges))

    def load(self, path: Path | str) -> None:
        """Become the tokenizer in a `.model` file; raises `ValueError` if it needs another kind."""
        model = load_model(Path(path))
        if model.pattern != ONE_CHUNK or model.special_tokens:
            raise ValueError(f"{path} has a pattern or special tokens; RegexTokenizer can load it")
        self.merges, self.vocab = model.merges, basic.build_vocab(model.merges)


class RegexTokenizer(regex_tokenizer.RegexTokenizer):
    """`regex_tokenizer.RegexTokenizer`, which can be kept in a file."""

    def save(self, prefix: Path | str) -> None:
        """Write `prefix.model`, which `load` reads, and `prefix.vocab`, for people to read."""
        ranks = {token: i for i, token in self.vocab.items()}
        files.save(Path(prefix), Model(self.pattern, ranks, self.special_tokens, self.merges))

    def load(self, path: Path | str) -> None:
        """Become the tokenizer in a `.model` file; raises `ValueError` if it needs another kind."""
        model = load_model(Path(path))
        self.pattern, self.special_tokens = model.pattern, model.special_tokens
        self.merges, self.vocab = model.merges, basic.build_vocab(model.merges)


def load_model(path: Path) -> Model:
    """The tokenizer in a file; raises `ValueError` if its bytes have other ids than 0 to 255."""
    model = files.load(path, ONE_CHUNK)
    if any(model.ranks[bytes([i])] != i for i in range(256)):
        raise ValueError(f"the ids of the bytes in {path} are not 0 to 255; use FastTokenizer")
    return model
