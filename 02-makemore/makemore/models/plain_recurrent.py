"""The recurrent models in makemore.py's plain form: a cell, called once for every character.

The character's embedding and the state are put side by side and go through one matrix. It gives
the same logits as `rnn`, `gru` and `lstm`, which a test proves, and takes longer: the character's
part of that matrix could have been multiplied outside the loop. To read, and for the benchmark.
"""

import torch
from torch import Tensor, nn

from makemore.models.gru import GRU
from makemore.models.lstm import LSTM
from makemore.models.recurrent import Recurrent, State
from makemore.models.rnn import RNN


def joined(model: Recurrent, first: int, last: int) -> nn.Linear:
    """One layer on character and state, side by side, with the model's gates from first to last."""
    n_hidden, n_embd = model.from_hidden.in_features, model.from_input.in_features
    gates = slice(first * n_hidden, last * n_hidden)
    layer = nn.Linear(n_embd + n_hidden, (last - first) * n_hidden)
    with torch.no_grad():
        weights = model.from_input.weight[gates], model.from_hidden.weight[gates]
        layer.weight.copy_(torch.cat(weights, 1))
        layer.bias.copy_(model.from_input.bias[gates])
        if model.hidden_bias:
            layer.bias.add_(model.from_hidden.bias[gates])
    return layer


class RNNCell(nn.Module):
    """One step of `rnn`."""

    def __init__(self, model: RNN) -> None:
        super().__init__()
        self.both_to_hidden = joined(model, 0, 1)

    def forward(self, x: Tensor, state: State) -> State:
        return (self.both_to_hidden(torch.cat([x, state[0]], 1)).tanh(),)


class GRUCell(nn.Module):
    """One step of `gru`. The candidate's halves stay apart: the reset gate acts on only one."""

    def __init__(self, model: GRU) -> None:
        super().__init__()
        self.both_to_reset = joined(model, 0, 1)
        self.both_to_keep = joined(model, 1, 2)
        n_hidden, n_embd = model.from_hidden.in_features, model.from_input.in_features
        self.input_to_new = nn.Linear(n_embd, n_hidden)
        self.hidden_to_new = nn.Linear(n_hidden, n_hidden)
        with torch.no_grad():
            for new, old in (
                (self.input_to_new, model.from_input),
                (self.hidden_to_new, model.from_hidden),
            ):
                new.weight.copy_(old.weight[2 * n_hidden :])
                new.bias.copy_(old.bias[2 * n_hidden :])

    def forward(self, x: Tensor, state: State) -> State:
        (hidden,) = state
        both = torch.cat([x, hidden], 1)
        reset = self.both_to_reset(both).sigmoid()
        keep = self.both_to_keep(both).sigmoid()
        new = (self.input_to_new(x) + reset * self.hidden_to_new(hidden)).tanh()
        return (keep * hidden + (1 - keep) * new,)


class LSTMCell(nn.Module):
    """One step of `lstm`."""

    def __init__(self, model: LSTM) -> None:
        super().__init__()
        self.both_to_write = joined(model, 0, 1)
        self.both_to_forget = joined(model, 1, 2)
        self.both_to_new = joined(model, 2, 3)
        self.both_to_read = joined(model, 3, 4)

    def forward(self, x: Tensor, state: State) -> State:
        hidden, cell = state
        both = torch.cat([x, hidden], 1)
        forget, write = self.both_to_forget(both).sigmoid(), self.both_to_write(both).sigmoid()
        cell = forget * cell + write * self.both_to_new(both).tanh()
        return self.both_to_read(both).sigmoid() * cell.tanh(), cell


class PlainRecurrent(nn.Module):
    """The same function as `model`, with a copy of its weights, computed step by step."""

    def __init__(self, model: RNN | GRU | LSTM) -> None:
        super().__init__()
        self.cell: nn.Module
        match model:
            case RNN():
                self.cell = RNNCell(model)
            case GRU():
                self.cell = GRUCell(model)
            case LSTM():
                self.cell = LSTMCell(model)
        self.n_states, self.n_hidden = model.n_states, model.from_hidden.in_features
        self.embedding = nn.Embedding.from_pretrained(model.embedding.weight.clone(), freeze=False)
        self.dropout = nn.Dropout(model.dropout.p)
        self.output = nn.Linear(self.n_hidden, model.output.out_features)
        self.output.load_state_dict(model.output.state_dict())

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the id that follows each prefix of `x` (batch, time)."""
        embedded = self.embedding(x)  # (B, T, C)
        state: State = (embedded.new_zeros(len(x), self.n_hidden),) * self.n_states
        outputs = []
        for time in range(x.shape[1]):
            state = self.cell(embedded[:, time], state)
            outputs.append(state[0])
        return self.output(self.dropout(torch.stack(outputs, 1)))
