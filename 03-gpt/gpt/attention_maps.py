"""What every head of every block looks at while the model reads a text."""

import torch
from torch import Tensor

from gpt.attention import attend_by_hand, attention_weights
from gpt.model import GPT
from gpt.modern import Modern


@torch.inference_mode()
def attention_maps(model: GPT | Modern, ids: Tensor) -> Tensor:
    """The weights (layer, head, time, time) that the model's heads give, for `ids` (time,).

    Row t of a map says how much the head takes from each token up to t, when it is at t.
    """
    maps: list[Tensor] = []

    def attend(query: Tensor, key: Tensor, value: Tensor, dropout: float = 0.0) -> Tensor:
        maps.append(attention_weights(query, key)[0])
        return attend_by_hand(query, key, value)

    attentions = [block.attention for block in model.blocks]
    before = [attention.attend for attention in attentions]
    try:
        for attention in attentions:
            attention.attend = attend
        model(ids[None])
    finally:
        for attention, usual in zip(attentions, before):
            attention.attend = usual
    return torch.stack(maps)  # (L, H, T, T)
