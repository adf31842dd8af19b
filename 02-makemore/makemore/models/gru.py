"""The gated recurrent unit: a network that decides what to keep.

After "Learning Phrase Representations using RNN Encoder-Decoder" (Cho et al. 2014,
arxiv.org/abs/1406.1078). Gates are numbers between 0 and 1, made from the character and the state.
One says how much of the old state stays, the other how much of it is used for the new candidate.
"""

from torch import Tensor, nn

from makemore.models.rnn import Recurrent, State, orthogonal


class GRUCell(nn.Module):
    """The cell of torch.nn.GRU.

    r = σ(Wr x + Ur h), z = σ(Wz x + Uz h), n = tanh(Wn x + r · Un h), h' = (1 - z) · n + z · h,
    all with biases. Un needs a bias of its own, since the reset gate r scales it. In training, Ur,
    Uz and Un see h with dropout, as in `lstm`.
    """

    n_states = 1

    def __init__(self, n_embd: int, n_hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.from_input = nn.Linear(n_embd, 3 * n_hidden)
        self.from_hidden = orthogonal(n_hidden, n_gates=3, bias=True)

    def forward(self, x: Tensor, state: State) -> State:
        """The state after a character, whose embedding `x` is (batch, n_embd)."""
        (h,) = state
        r_x, z_x, n_x = self.from_input(x).chunk(3, 1)  # (B, n_hidden) each
        r_h, z_h, n_h = self.from_hidden(self.dropout(h)).chunk(3, 1)
        r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
        n = (n_x + r * n_h).tanh()
        return ((1 - z) * n + z * h,)


class GRU(Recurrent):
    """A recurrent network of gated recurrent units."""

    def __init__(
        self, vocab_size: int, n_embd: int = 32, n_hidden: int = 256, dropout: float = 0.2
    ) -> None:
        cell = GRUCell(n_embd, n_hidden, dropout)
        super().__init__(cell, vocab_size, n_embd, n_hidden, dropout)
