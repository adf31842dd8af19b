"""What all recurrent models share: a state that goes from character to character.

A recurrent network reads one character at a time and carries what it needs to know along, so it
has no window that something could fall out of. `rnn`, `gru` and `lstm` differ in one thing, how
the new state is made of the old one and the character.

Two things are done once instead of many times. What a step adds for the character itself does not
depend on the state, so it is computed before the loop, for every character of the alphabet. And a
state depends on what was read and on nothing else, so words that begin alike share their states
for as long as they do: a batch is a tree of prefixes. `plain_recurrent` is makemore.py's way,
the same function without either.
"""

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State = tuple[Tensor, ...]  # each (batch, n_hidden); the first is what the output layer sees


class Recurrent(nn.Module, ABC):
    """Embeddings, `step` from state to state, logits.

    `n_gates`: how many weighted sums of `n_hidden` numbers a step needs. `hidden_bias`: whether the
    state's matrix has a bias of its own; mostly it would only be added to the input's.
    """

    n_gates: int
    n_states = 1
    hidden_bias = False

    def __init__(self, vocab_size: int, n_embd: int, n_hidden: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, n_embd)
        self.from_input = nn.Linear(n_embd, self.n_gates * n_hidden)
        self.from_hidden = nn.Linear(n_hidden, self.n_gates * n_hidden, self.hidden_bias)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_hidden, vocab_size)
        for weight in self.from_hidden.weight.chunk(self.n_gates):
            nn.init.orthogonal_(weight)  # repeated over and over, it keeps the length of the state

    @abstractmethod
    def step(self, projected: Tensor, state: State) -> State:
        """The next state, from the character's `projected` (batch, n_gates · n_hidden)."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the id that follows each prefix of `x` (batch, time).

        Words with the same prefix have the same dropout there.
        """
        table = self.from_input(self.embedding.weight)  # (V, G·H): for every character there is
        parents, characters, places = prefix_tree(x, len(table))
        projected = F.embedding(torch.cat(characters), table)  # (prefixes, G·H)
        zeros = table.new_zeros(1, self.from_hidden.in_features)
        state: State = (zeros,) * self.n_states  # a row for each prefix, at first the empty one
        outputs = []
        for parent, at_this_time in zip(parents, projected.split([len(ids) for ids in characters])):
            before = tuple(tensor.index_select(0, parent) for tensor in state)
            state = self.step(at_this_time, before)
            outputs.append(state[0])
        logits = self.output(self.dropout(torch.cat(outputs)))  # (prefixes, V)
        return F.embedding(places, logits)  # (B, T, V)


def prefix_tree(x: Tensor, vocab_size: int) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """The different prefixes of the words `x` (batch, time), length by length.

    Of those of each length: which of the next shorter ones each goes on from, and with which id.
    Then, for every place of `x`, which of all prefixes ends there (batch, time).
    """
    parents, characters, places, total = [], [], [], 0
    row = x.new_zeros(len(x))  # which prefix each word has; at first there is only the empty one
    for ids in x.unbind(1):
        prefixes, row = torch.unique(row * vocab_size + ids, return_inverse=True)
        parents.append(prefixes // vocab_size)
        characters.append(prefixes % vocab_size)
        places.append(row + total)
        total += len(prefixes)
    return parents, characters, torch.stack(places, 1)
