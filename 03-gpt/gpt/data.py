"""A text as one long stream of token ids, and the windows of it that a model learns from.

Follows "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 14:27): the first 90 % to train on,
the rest to be judged by; a batch is some windows of the stream from random places. Batch k is a
function of the seed and k, and a process's part of it is a slice, so the run is the same whether it
was interrupted or not, and however many processes share the work.

A stream lies in memory, or in files `NAME.bin` that are mapped into it, each with a `NAME.json`
beside it that says what is in it: `dtype` (uint16 or uint32), `byte_order`, `vocab_size`, `count`,
`sha256`, and perhaps the `pattern` of the tokenizer. The lesson 04-tokenizer writes them.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

Ids = NDArray[numpy.uint16] | NDArray[numpy.uint32]
PIECE = 1 << 24  # ids that are looked at together when a file is checked
DEV_LIMIT = 10_000_000  # tokens; the loss on more takes longer and says no more


class Stream:
    """Token ids one after the other, in one or several arrays (shards)."""

    def __init__(self, shards: Sequence[Ids]) -> None:
        self.shards = shards
        self.ends = [int(end) for end in numpy.cumsum([len(shard) for shard in shards])]

    @classmethod
    def of(cls, ids: Sequence[int]) -> "Stream":
        """A stream in memory."""
        if max(ids, default=0) < 2**16:
            return cls([numpy.array(ids, numpy.uint16)])
        return cls([numpy.array(ids, numpy.uint32)])

    def __len__(self) -> int:
        return self.ends[-1]

    def read(self, start: int, stop: int) -> NDArray[numpy.int64]:
        """The ids from `start` to before `stop`, wherever one shard ends and the next begins."""
        pieces = []
        shard = bisect_right(self.ends, start)
        while start < stop:
            begins = self.ends[shard] - len(self.shards[shard])
            end = min(stop, self.ends[shard])
            pieces.append(self.shards[shard][start - begins : end - begins])
            start, shard = end, shard + 1
        return numpy.concatenate(pieces).astype(numpy.int64)


@dataclass(frozen=True)
class Split:
    """The part of a stream from `start` to before `stop`."""

    stream: Stream
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def windows(self, starts: Sequence[int], block_size: int) -> tuple[Tensor, Tensor]:
        """The ids to see and, one place further, the ids to predict; both (window, block_size).

        `starts` count from the beginning of this split.
        """
        first = self.start
        rows = [self.stream.read(first + s, first + s + block_size + 1) for s in starts]
        ids = torch.from_numpy(numpy.stack(rows))
        return ids[:, :-1], ids[:, 1:]


def train_and_dev(stream: Stream, block_size: int) -> tuple[Split, Split]:
    """The first 90 %, and the rest, or `DEV_LIMIT` tokens if the rest is more.

    Raises `ValueError` when a window of `block_size` and the id after it do not fit into both.
    """
    cut = len(stream) * 9 // 10
    if min(cut, len(stream) - cut) <= block_size:
        needed = f"a context of {block_size} needs at least {10 * block_size + 1:,}"
        raise ValueError(f"the text has {len(stream):,} tokens; {needed}")
    end = min(len(stream), cut + DEV_LIMIT)
    return Split(stream, 0, cut), Split(stream, cut, end)


def seed_of(*numbers: int) -> int:
    """One seed for a generator, out of several numbers from 0 up, each of which matters.

    (PyTorch's generators look at no more than 32 bits of a seed, so they cannot be stacked.)
    """
    return int(numpy.random.SeedSequence(numbers).generate_state(1)[0])


def batch_at(
    step: int,
    train: Split,
    block_size: int,
    batch_size: int,
    seed: int,
    part: int = 0,
    parts: int = 1,
) -> tuple[Tensor, Tensor]:
    """The batch of this step, or part number `part` of it, as two tensors (window, block_size).

    The whole batch is drawn from the seed and the step alone, so its parts together are the same
    windows however many `parts` there are; `batch_size` is a multiple of them.
    """
    draw = numpy.random.default_rng((seed, step))
    starts = draw.integers(0, len(train) - block_size, batch_size).tolist()
    share = batch_size // parts
    return train.windows(starts[part * share : (part + 1) * share], block_size)


def open_files(paths: Sequence[Path]) -> tuple[Stream, list[dict[str, Any]]]:
    """The stream in these files, and what each one's JSON says.

    Every file is read through once: its length, its largest id and its SHA-256 must agree with its
    JSON, and all must have the same vocabulary. Raises `ValueError` when it is not so.
    """
    shards: list[Ids] = []
    abouts: list[dict[str, Any]] = []
    for path in paths:
        about = _description(path)
        shard: Ids = numpy.memmap(path, numpy.dtype(about["dtype"]).newbyteorder("<"), "r")
        digest = hashlib.sha256()
        for start in range(0, len(shard), PIECE):
            piece = shard[start : start + PIECE]
            largest = int(piece.max())
            if largest >= about["vocab_size"]:
                vocabulary = f"a vocabulary of {about['vocab_size']:,}"
                raise ValueError(f"{path} has the id {largest:,} in {vocabulary}; encode it anew")
            digest.update(piece.tobytes())
        if digest.hexdigest() != about["sha256"]:
            raise ValueError(f"{path} is not what its JSON describes (SHA-256); encode it anew")
        shards.append(shard)
        abouts.append(about)
        if any(about.get(key) != abouts[0].get(key) for key in ("vocab_size", "pattern")):
            raise ValueError(f"{path} has another vocabulary than {paths[0]}; give files of one")
    return Stream(shards), abouts


def _description(path: Path) -> dict[str, Any]:
    """The JSON beside a file of ids, as far as it can be checked without reading the ids."""
    beside = path.with_suffix(".json")
    try:
        about = json.loads(beside.read_text(encoding="utf-8"))
        dtype, count, order = about["dtype"], int(about["count"]), about["byte_order"]
        about["vocab_size"], about["sha256"] = int(about["vocab_size"]), str(about["sha256"])
    except FileNotFoundError:
        raise ValueError(f"{path} has no {beside.name} beside it to say what is in it") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{beside} does not describe a file of ids: {error!r}") from None
    if dtype not in ("uint16", "uint32") or order != "little":
        allowed = "uint16 or uint32, little"
        raise ValueError(f"{beside} says {dtype}, {order}; ids are {allowed}")
    size, expected = path.stat().st_size, count * numpy.dtype(dtype).itemsize
    if size == 0:
        raise ValueError(f"{path} is empty; give a file that has ids in it")
    if size != expected:
        raise ValueError(f"{path} has {size:,} bytes, and its JSON says {expected:,}")
    return dict(about)
