"""A text as one long stream of token ids, and the batches that a model learns from.

Follows "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 14:27): the first 90 % of the ids
are for training, the rest for evaluation; a batch is a number of windows from random places. Batch
k is a function of the seed and of k alone, so a run that was interrupted sees the same batches, and
so do several processes that share them. How a file becomes ids: see `load`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

DEV_LIMIT = 10_000_000  # tokens; a dev loss over more takes longer and says no more


class Ids(Protocol):
    """Token ids in a numpy array, or in something that is sliced like one."""

    def __len__(self) -> int: ...
    def __getitem__(self, where: slice, /) -> NDArray[numpy.unsignedinteger]: ...


@dataclass(frozen=True)
class Split:
    """The ids from `start` to before `stop`."""

    ids: Ids
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def windows(self, starts: Iterable[int], block_size: int) -> tuple[Tensor, Tensor]:
        """Inputs x and targets y, which are one token further; both (len(starts), block_size)."""
        first, length = self.start, block_size + 1
        rows = [self.ids[first + start : first + start + length] for start in starts]
        ids = torch.from_numpy(numpy.stack(rows).astype(numpy.int64))  # (B, T + 1)
        return ids[:, :-1], ids[:, 1:]


def train_and_dev(ids: Ids) -> tuple[Split, Split]:
    """The first 90 % of the ids, and the rest, of which at most `DEV_LIMIT` are used."""
    n = len(ids) * 9 // 10
    return Split(ids, 0, n), Split(ids, n, min(len(ids), n + DEV_LIMIT))


def get_batch(
    split: Split,
    step: int,
    block_size: int,
    batch_size: int,
    seed: int,
    part: int = 0,
    parts: int = 1,
) -> tuple[Tensor, Tensor]:
    """Inputs and targets of this step, (batch, time) each; or one of `parts` equal parts of them.

    However many parts there are, together they are the same windows.
    """
    generator = numpy.random.default_rng((seed, step))
    starts = generator.integers(0, len(split) - block_size, batch_size).tolist()
    share = batch_size // parts
    return split.windows(starts[part * share : (part + 1) * share], block_size)
