"""Characters as tokens: the lecture's tokenizer, one integer for each character of the text.

Follows the beginning of "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 7:52). Tokens of
several characters are what the lesson 04-tokenizer is about.
"""

from collections.abc import Sequence


class Chars:
    """A vocabulary of characters; `stoi` and `itos` map a character to its id and back.

    >>> chars = Chars.of("hello")
    >>> chars.encode("hole")
    [1, 3, 2, 0]
    >>> chars.decode([1, 0, 2])
    'hel'
    """

    def __init__(self, characters: str) -> None:
        self.characters = characters
        self.stoi = {character: i for i, character in enumerate(characters)}
        self.itos = dict(enumerate(characters))

    @classmethod
    def of(cls, text: str) -> "Chars":
        """All characters of `text`, sorted; Shakespeare has 65."""
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """The ids of the text's characters; raises `ValueError` if one is not in the vocabulary."""
        try:
            return [self.stoi[character] for character in text]
        except KeyError as error:
            unknown = f"the character {error.args[0]!r} is not one that this model was trained on"
            raise ValueError(f"{unknown}: {self.characters!r}") from None

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self.itos[i] for i in ids)

    def to_bytes(self, ids: Sequence[int]) -> bytes:
        """The text in UTF-8."""
        return self.decode(ids).encode()
