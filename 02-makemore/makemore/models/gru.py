"""The gated recurrent unit: a network that decides what to keep.

After "Learning Phrase Representations using RNN Encoder-Decoder" (Cho et al. 2014,
arxiv.org/abs/1406.1078). Gates are numbers between 0 and 1, made from the character and the state:
one says how much of the old state stays, one how much of it goes into the candidate for the new.
"""

import torch
from torch import Tensor

from makemore.models.recurrent import Recurrent, State


class GRU(Recurrent):
    """The cell of torch.nn.GRU, where the reset gate is applied behind the matrix.

    r = σ(Wr x + Ur h), z = σ(Wz x + Uz h), n = tanh(Wn x + r · Un h), h' = n + z · (h - n); all
    with biases. Un needs one of its own, since the reset gate scales it. In the code r, z and n are
    called reset, keep and new.
    """

    n_gates = 3
    hidden_bias = True

    def __init__(
        self, vocab_size: int, n_embd: int = 32, n_hidden: int = 256, dropout: float = 0.2
    ) -> None:
        super().__init__(vocab_size, n_embd, n_hidden, dropout)

    def step(self, projected: Tensor, state: State) -> State:
        (hidden,) = state
        sizes = [2 * hidden.shape[1], hidden.shape[1]]
        gates_x, new_x = projected.split(sizes, 1)
        gates_h, new_h = self.from_hidden(hidden).split(sizes, 1)
        reset, keep = (gates_x + gates_h).sigmoid().chunk(2, 1)
        new = torch.addcmul(new_x, reset, new_h).tanh()
        return (new.lerp(hidden, keep),)
