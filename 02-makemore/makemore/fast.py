"""The same training in less time: batches of words of equal length, and shared prefixes.

Two ideas that change nothing about a model and are not needed to understand one. `by_length` draws
the words of several batches at once and sorts them by length, so that little work goes into
padding. `SharedPrefixes` runs a recurrent network once for every different prefix in a batch: what
the network has read so far determines its state, so words that begin alike share their states. A
batch of 256 names has a third fewer prefixes than characters. Tests show that both are equal to
the plain form.
"""

import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.loss import cross_entropy
from makemore.models.rnn import Recurrent

POOL = 16  # batches whose words are drawn together


def by_length(step: int, lengths: Tensor, batch_size: int, seed: int) -> Tensor:
    """Which examples form the batch of this step (batch_size,), given the lengths of all.

    Drawn with replacement, as by `torch.randint`; but a batch gets those of its pool that are about
    equally long. It must not be used with batch norm, through which the examples of a batch affect
    each other: a model learns from the batch's mean how long all its words are.
    """
    pool, turn = divmod(step, POOL)
    generator = torch.Generator().manual_seed(random.Random(f"{seed} {pool}").getrandbits(32))
    drawn = torch.randint(len(lengths), (POOL * batch_size,), generator=generator)
    drawn = drawn[lengths[drawn].argsort(stable=True)]
    order = torch.randperm(POOL, generator=generator)  # short and long batches in turn
    return drawn.view(POOL, batch_size)[order[turn]]


class SharedPrefixes(nn.Module):
    """The recurrent `model`, with its own weights and cell, run once for each different prefix.

    The logits and gradients are the model's, but in training, words share the dropout of a prefix.
    """

    def __init__(self, model: Recurrent) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) for what follows each prefix of `x`, and the loss."""
        model = self.model
        parents, ids, places = prefix_tree(x, model.embedding.num_embeddings)
        embedded = model.embedding(torch.cat(ids)).split([len(some) for some in ids])
        state = model.start(1)  # that of the empty prefix
        outputs = []
        for parent, character in zip(parents, embedded):
            state = model.cell(character, tuple(s.index_select(0, parent) for s in state))
            outputs.append(state[0])
        logits = model.output(model.dropout(torch.cat(outputs)))  # (prefixes, V)
        logits = F.embedding(places, logits)  # (B, T, V)
        loss = None if y is None else cross_entropy(logits, y)
        return logits, loss


def prefix_tree(x: Tensor, vocab_size: int) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """The different prefixes of the words `x` (batch, time), length by length.

    For those of each length: which of the next shorter ones each extends, and with which id. Then,
    for every place of `x`, which of all prefixes ends there (batch, time).
    """
    parents, ids, places, total = [], [], [], 0
    row = x.new_zeros(len(x))  # which prefix each word has; at first there is only the empty one
    for column in x.unbind(1):
        prefixes, row = torch.unique(row * vocab_size + column, return_inverse=True)
        parents.append(prefixes // vocab_size)
        ids.append(prefixes % vocab_size)
        places.append(row + total)
        total += len(prefixes)
    return parents, ids, torch.stack(places, 1)
