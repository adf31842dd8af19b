"""The KV cache: keys and values of the tokens so far, so that each is computed only once.

Nothing looks into the future, so the keys and values of a token stay what they were when it was
read. With them, the model has to compute only the newest token. Left out: dropping the oldest ones,
which would change what the others have seen; see `generate`.
"""

import torch
from torch import Tensor


class LayerCache:
    """The keys and values of one block, (batch, head, time, head_size) each."""

    def __init__(self, block_size: int) -> None:
        self.block_size = block_size
        self.length = 0
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def extend(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append the newest tokens' keys and values; return all."""
        if self.keys is None or self.values is None:  # room for all, so that nothing moves later
            batch, heads, _, head_size = key.shape
            room = batch, heads, self.block_size, head_size
            self.keys = torch.empty(room, dtype=key.dtype, device=key.device)
            self.values = torch.empty(room, dtype=value.dtype, device=value.device)
        start, self.length = self.length, self.length + key.shape[2]
        self.keys[:, :, start : self.length] = key
        self.values[:, :, start : self.length] = value
        return self.keys[:, :, : self.length], self.values[:, :, : self.length]


class KVCache:
    """What a model keeps of the tokens so far; at most `block_size` of them."""

    def __init__(self, n_layer: int, block_size: int) -> None:
        self.layers = [LayerCache(block_size) for _ in range(n_layer)]
        self.ids: Tensor | None = None  # the newest ids (batch, time), for a model with n-grams

    def __len__(self) -> int:
        """The number of tokens in it."""
        return self.layers[0].length
