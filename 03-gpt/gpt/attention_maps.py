"""What every head of every block looks at while the model reads a text, and a picture of it."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from gpt.attention import attend_by_hand, attention_weights
from gpt.gpt2 import GPT2
from gpt.modern import Modern


@torch.inference_mode()
def attention_maps(model: GPT2 | Modern, ids: Tensor) -> Tensor:
    """The attention weights (layer, head, time, time) of a model for `ids` (time,).

    Row t of a map says how much the head, at token t, takes from each token up to t.
    """
    maps: list[Tensor] = []

    def attend(query: Tensor, key: Tensor, value: Tensor, dropout: float = 0.0) -> Tensor:
        maps.append(attention_weights(query, key)[0])
        return attend_by_hand(query, key, value)

    attentions = [block.attention for block in model.blocks]
    originals = [attention.attend for attention in attentions]
    try:
        for attention in attentions:
            attention.attend = attend
        model(ids[None])
    finally:
        for attention, original in zip(attentions, originals):
            attention.attend = original
    return torch.stack(maps)  # (L, H, T, T)


def draw_maps(maps: Tensor, tokens: Sequence[str]) -> Figure:
    """Maps (layer, head, time, time) in a grid: a row for each block, a column for each head."""
    n_layer, n_head, time, _ = maps.shape
    labels = [token.replace("\n", "⏎").replace(" ", "␣").replace("$", r"\$") for token in tokens]
    side = max(2.0, 0.13 * time)
    figure = Figure(figsize=(side * n_head, side * n_layer), layout="constrained")
    for layer in range(n_layer):
        for head in range(n_head):
            place = layer * n_head + head + 1
            axes = figure.add_subplot(n_layer, n_head, place, title=f"block {layer}, head {head}")
            axes.imshow(maps[layer, head].tolist(), cmap="Blues", vmin=0, vmax=1)
            axes.set_xticks(range(time), labels, fontsize=6, family="monospace")
            axes.set_yticks(range(time), labels, fontsize=6, family="monospace")
            axes.tick_params(length=0)
    return figure
