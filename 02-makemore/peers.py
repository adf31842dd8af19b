"""The same models from torch.nn's own layers, with the same weights: what ours are compared with.

The tests compare the logits, `bench.py` the speed.
"""

import torch
from torch import Tensor, nn

from makemore.models.gru import GRU
from makemore.models.lstm import LSTM
from makemore.models.rnn import RNN
from makemore.models.transformer import Block, Transformer


class TorchRecurrent(nn.Module):
    """`model` with torch.nn.RNN, GRU or LSTM in place of our loop over time."""

    def __init__(self, model: RNN | GRU | LSTM) -> None:
        super().__init__()
        n_embd, n_hidden = model.from_input.in_features, model.from_hidden.in_features
        layer = {RNN: nn.RNN, GRU: nn.GRU, LSTM: nn.LSTM}[type(model)]
        self.embedding = nn.Embedding(*model.embedding.weight.shape)
        self.layer: nn.Module = layer(n_embd, n_hidden, batch_first=True)
        self.dropout = nn.Dropout(model.dropout.p)
        self.output = nn.Linear(n_hidden, model.output.out_features)
        self.embedding.load_state_dict(model.embedding.state_dict())
        self.output.load_state_dict(model.output.state_dict())
        weights = {
            "weight_ih_l0": model.from_input.weight,
            "bias_ih_l0": model.from_input.bias,
            "weight_hh_l0": model.from_hidden.weight,
            "bias_hh_l0": torch.zeros_like(model.from_input.bias),
        }
        if model.hidden_bias:
            weights["bias_hh_l0"] = model.from_hidden.bias
        self.layer.load_state_dict(weights)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) from ids (batch, time)."""
        hidden, _ = self.layer(self.embedding(x))
        return self.output(self.dropout(hidden))


class TorchBlock(nn.Module):
    """`block` with torch.nn.MultiheadAttention."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        ours = block.attention
        n_embd = ours.project.in_features
        self.norm1, self.norm2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)
        self.attention = nn.MultiheadAttention(n_embd, ours.n_head, batch_first=True)
        self.mlp = nn.Sequential(
            nn.Linear(n_embd, 4 * n_embd), nn.GELU("tanh"), nn.Linear(4 * n_embd, n_embd)
        )
        self.dropout = nn.Dropout(block.dropout.p)
        weights = {
            "in_proj_weight": ours.query_key_value.weight,
            "in_proj_bias": ours.query_key_value.bias,
            "out_proj.weight": ours.project.weight,
            "out_proj.bias": ours.project.bias,
        }
        self.attention.load_state_dict(weights)
        self.mlp[0].load_state_dict(block.expand.state_dict())
        self.mlp[2].load_state_dict(block.project.state_dict())
        self.norm1.load_state_dict(block.norm1.state_dict())
        self.norm2.load_state_dict(block.norm2.state_dict())

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """`x` and what it returns are (batch, time, n_embd)."""
        seen = self.norm1(x)
        read, _ = self.attention(
            seen, seen, seen, attn_mask=mask, is_causal=True, need_weights=False
        )
        x = x + self.dropout(read)
        return x + self.dropout(self.mlp(self.norm2(x)))


class TorchTransformer(nn.Module):
    """`model` with `TorchBlock` in place of our blocks."""

    def __init__(self, model: Transformer) -> None:
        super().__init__()
        self.tokens = nn.Embedding.from_pretrained(
            model.token_embedding.weight.detach().clone(), freeze=False
        )
        self.positions = nn.Parameter(model.position_embedding.weight.detach().clone())
        self.dropout = nn.Dropout(model.dropout.p)
        self.blocks = nn.ModuleList(TorchBlock(b) for b in model.blocks if isinstance(b, Block))
        self.norm = nn.LayerNorm(self.tokens.embedding_dim)
        self.norm.load_state_dict(model.norm.state_dict())
        self.output = nn.Linear(self.tokens.embedding_dim, model.output.out_features)
        self.output.load_state_dict(model.output.state_dict())

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) from ids (batch, time)."""
        time = x.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(time)
        hidden = self.dropout(self.tokens(x) + self.positions[:time])
        for block in self.blocks:
            hidden = block(hidden, mask)
        return self.output(self.norm(hidden))


def peer_of(model: nn.Module) -> nn.Module:
    """The peer of one of our models; raises `TypeError` for one that has none."""
    match model:
        case RNN() | GRU() | LSTM():
            return TorchRecurrent(model)
        case Transformer():
            return TorchTransformer(model)
    raise TypeError(f"{type(model).__name__} has no peer")


def same_logits(model: nn.Module, peer: nn.Module, x: Tensor) -> bool:
    """Whether both give the same logits, to 1e-5, in evaluation mode."""
    model.eval(), peer.eval()
    with torch.no_grad():
        same = torch.allclose(model(x), peer(x), atol=1e-5)
    model.train(), peer.train()
    return same
