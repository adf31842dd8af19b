"""The recurrent neural network in its simplest form.

After "Recurrent neural network based language model" (Mikolov et al. 2010,
isca-archive.org/interspeech_2010/mikolov10_interspeech.html). The whole state is made new at every
step, so what a character left there fades, or drowns, within a few steps.
"""

import torch
from torch import Tensor

from makemore.models.recurrent import Recurrent, State


class RNN(Recurrent):
    """h' = tanh(W x + U h + b), the cell of torch.nn.RNN."""

    n_gates = 1

    def __init__(
        self, vocab_size: int, n_embd: int = 32, n_hidden: int = 256, dropout: float = 0.2
    ) -> None:
        super().__init__(vocab_size, n_embd, n_hidden, dropout)

    def step(self, projected: Tensor, state: State) -> State:
        (hidden,) = state
        return (torch.addmm(projected, hidden, self.from_hidden.weight.T).tanh(),)
