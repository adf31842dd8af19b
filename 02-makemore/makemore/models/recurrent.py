"""What all recurrent models share: a state that goes from character to character.

A recurrent network reads one character at a time and carries what it needs to know along, so it
has no window that something could fall out of. `rnn`, `gru` and `lstm` differ in one thing, how
the new state is made of the old one and the character.

Two things are done once instead of many times. What a step adds for the character itself does not
depend on the state, so it is computed before the loop, for every character of the alphabet. And a
state depends on what was read and on nothing else, so words that begin alike share their states
for as long as they do: a batch is a tree of prefixes. `plain_recurrent` is the lectures' way, the
same function without either.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State = tuple[Tensor, ...]  # each (batch, n_hidden); the first is what the output layer sees


class Recurrent(nn.Module):
    """Embeddings, `step` from state to state, logits. `n_gates` sums of weights make a step.

    The state's matrix has a bias of its own only where that is not the same as one for both.
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

    def step(self, projected: Tensor, state: State) -> State:
        """The next state, from the character's `projected` (batch, n_gates · n_hidden)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the id that follows each prefix of `x` (batch, time).

        Words with the same prefix have the same dropout there.
        """
        table = self.from_input(self.embedding.weight)  # (V, G·H): for every character there is
        vocab_size = len(table)
        zeros = table.new_zeros(1, self.from_hidden.in_features)
        state: State = (zeros,) * self.n_states  # one row for every prefix, at first the empty one
        row = x.new_zeros(len(x))  # which of them each word has
        outputs, places, total = [], [], 0
        for ids in x.unbind(1):
            prefixes, row = torch.unique(row * vocab_size + ids, return_inverse=True)
            parents, characters = prefixes // vocab_size, prefixes % vocab_size
            before = tuple(tensor.index_select(0, parents) for tensor in state)
            state = self.step(F.embedding(characters, table), before)
            outputs.append(state[0])
            places.append(row + total)
            total += len(prefixes)
        logits = self.output(self.dropout(torch.cat(outputs)))  # (prefixes, V)
        return F.embedding(torch.stack(places, 1), logits)  # (B, T, V)
