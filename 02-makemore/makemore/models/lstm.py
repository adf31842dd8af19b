"""Long short-term memory: a state of its own for what has to last.

After Hochreiter and Schmidhuber 1997 (doi.org/10.1162/neco.1997.9.8.1735), used for text, as here,
in "Generating Sequences With Recurrent Neural Networks" (Graves 2013, arxiv.org/abs/1308.0850), but
without peepholes. The cell is only ever scaled and added to, so a gradient can go back through it
for many steps.
"""

import torch
from torch import Tensor

from makemore.models.recurrent import Recurrent, State


class LSTM(Recurrent):
    """The cell of torch.nn.LSTM, with gates i, f, g, o of the character and the hidden state.

    c' = σ(f) · c + σ(i) · tanh(g), h' = σ(o) · tanh(c'); in the code the gates are called write,
    forget, new and read.
    """

    n_gates = 4
    n_states = 2

    def __init__(
        self, vocab_size: int, n_embd: int = 32, n_hidden: int = 256, dropout: float = 0.2
    ) -> None:
        super().__init__(vocab_size, n_embd, n_hidden, dropout)

    def step(self, projected: Tensor, state: State) -> State:
        hidden, cell = state
        gates = torch.addmm(projected, hidden, self.from_hidden.weight.T)  # (B, 4H)
        write, forget, new, read = gates.chunk(4, 1)
        cell = forget.sigmoid() * cell + write.sigmoid() * new.tanh()
        return read.sigmoid() * cell.tanh(), cell
