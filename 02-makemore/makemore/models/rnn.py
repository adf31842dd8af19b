"""The recurrent neural network: a state that goes from character to character.

After "Recurrent neural network based language model" (Mikolov et al. 2010,
isca-archive.org/interspeech_2010/mikolov10_interspeech.html), in the form of makemore.py
(github.com/karpathy/makemore). It has no window that something could fall out of: the state carries
along what the network needs to remember. `RNN`, `GRU` and `LSTM` differ only in the cell, which
makes the new state from the old one and a character.
"""

import torch
from torch import Tensor, nn

from makemore.loss import cross_entropy

State = tuple[Tensor, ...]  # each (batch, n_hidden); the first is what the output layer sees


class RNNCell(nn.Module):
    """h' = tanh(W x + U h + b), as in torch.nn.RNN.

    All of the state is made anew in every step, so what a character left in it fades within a few.
    """

    n_states = 1

    def __init__(self, n_embd: int, n_hidden: int) -> None:
        super().__init__()
        self.from_input = nn.Linear(n_embd, n_hidden)
        self.from_hidden = orthogonal(n_hidden, n_gates=1)

    def forward(self, x: Tensor, state: State) -> State:
        """The state after a character, whose embedding `x` is (batch, n_embd)."""
        (h,) = state
        return (torch.tanh(self.from_input(x) + self.from_hidden(h)),)


class Recurrent(nn.Module):
    """Embeddings, a cell that is called for one character after the other, logits."""

    def __init__(
        self, cell: nn.Module, vocab_size: int, n_embd: int, n_hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.n_hidden = n_hidden
        self.embedding = nn.Embedding(vocab_size, n_embd)
        self.cell = cell
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_hidden, vocab_size)

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) for what follows each prefix of `x`, and the loss."""
        embedded = self.embedding(x)  # (B, T, n_embd)
        state = self.start(len(x))
        outputs = []
        for t in range(x.shape[1]):
            state = self.cell(embedded[:, t], state)
            outputs.append(state[0])
        hidden = torch.stack(outputs, 1)  # (B, T, n_hidden)
        logits = self.output(self.dropout(hidden))  # (B, T, V)
        loss = None if y is None else cross_entropy(logits, y)
        return logits, loss

    def start(self, batch: int) -> State:
        """The state before the first character: zeros."""
        zeros = self.output.weight.new_zeros(batch, self.n_hidden)
        return (zeros,) * self.cell.n_states  # type: ignore[operator]


class RNN(Recurrent):
    """A recurrent network with the plain cell."""

    def __init__(
        self, vocab_size: int, n_embd: int = 32, n_hidden: int = 256, dropout: float = 0.2
    ) -> None:
        super().__init__(RNNCell(n_embd, n_hidden), vocab_size, n_embd, n_hidden, dropout)


def orthogonal(n_hidden: int, n_gates: int, bias: bool = False) -> nn.Linear:
    """A layer from the state to `n_gates` gates, whose matrices keep the state's length at first.

    In a long word the same matrix is applied again and again; otherwise the state could fade or
    explode. A bias would mostly just add to that of the input's layer.
    """
    layer = nn.Linear(n_hidden, n_gates * n_hidden, bias)
    for weight in layer.weight.chunk(n_gates):
        nn.init.orthogonal_(weight)
    return layer
