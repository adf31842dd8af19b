"""Long short-term memory: a state of its own for what has to last.

After Hochreiter and Schmidhuber 1997 (doi.org/10.1162/neco.1997.9.8.1735), used for text as in
"Generating Sequences With Recurrent Neural Networks" (Graves 2013, arxiv.org/abs/1308.0850), but
without peepholes. The cell state c is only ever scaled and added to, so a gradient can flow back
through it for many steps.
"""

from torch import Tensor, nn

from makemore.models.rnn import Recurrent, State, orthogonal


class LSTMCell(nn.Module):
    """The cell of torch.nn.LSTM: c' = σ(f) · c + σ(i) · tanh(g), h' = σ(o) · tanh(c').

    The input gate i, forget gate f, candidate g and output gate o are each W x + U h + b. In
    training, they see h with dropout, while c, which has to last, is left alone. The idea is Gal
    and Ghahramani's (2016, arxiv.org/abs/1512.05287), but each step drops other units.
    """

    n_states = 2

    def __init__(self, n_embd: int, n_hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.from_input = nn.Linear(n_embd, 4 * n_hidden)
        self.from_hidden = orthogonal(n_hidden, n_gates=4)

    def forward(self, x: Tensor, state: State) -> State:
        """The state after a character, whose embedding `x` is (batch, n_embd)."""
        h, c = state
        gates = self.from_input(x) + self.from_hidden(self.dropout(h))  # (B, 4 * n_hidden)
        i, f, g, o = gates.chunk(4, 1)  # (B, n_hidden) each
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, c


class LSTM(Recurrent):
    """A recurrent network with long short-term memory."""

    def __init__(
        self, vocab_size: int, n_embd: int = 64, n_hidden: int = 256, dropout: float = 0.3
    ) -> None:
        cell = LSTMCell(n_embd, n_hidden, dropout)
        super().__init__(cell, vocab_size, n_embd, n_hidden, dropout)
