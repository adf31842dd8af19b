"""How often every chunk of a text occurs, for texts that need not fit into memory.

Training needs nothing else of a text. Files and long texts are read in blocks that end where GPT's
patterns cut whatever follows (`fast_split.last_cut`), so the chunks are those of the whole text.
Several processes can each count some of the blocks. A text with a pattern of the user's own is one
block, since that pattern may cut anywhere.
"""

import codecs
import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tokenizer.fast_split import FastSplitter, last_cut
from tokenizer.unicode import well_formed

BLOCK = 1 << 20  # characters, or bytes of a file


def count_chunks(
    blocks: Iterable[str], split: FastSplitter, num_workers: int = 1
) -> "Counter[str]":
    """How often every chunk occurs in all the blocks.

    More than one worker means so many processes beside this one; as always with processes, the
    program then needs its `if __name__ == "__main__":`.
    """
    total: Counter[str] = Counter()
    if num_workers <= 1:
        for block in blocks:
            for chunks in split.in_parts(block):
                total.update(chunks)
        return total
    waiting: deque[Future[Counter[str]]] = deque()
    with ProcessPoolExecutor(num_workers, get_context("spawn"), ignore_interrupts) as pool:
        for block in blocks:
            waiting.append(pool.submit(_count_block, block, split.pattern))
            if len(waiting) > 2 * num_workers:  # as many blocks in memory as keep all busy
                total.update(waiting.popleft().result())
        for counts in waiting:
            total.update(counts.result())
    return total


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _count_block(block: str, pattern: str) -> "Counter[str]":
    return count_chunks([block], FastSplitter(pattern))


def blocks_of_text(text: str, split: FastSplitter, size: int = BLOCK) -> Iterator[str]:
    """`text` in blocks of about `size` characters."""
    text = well_formed(text)
    if not split.is_gpts:
        return iter([text])
    return cut_safely(text[i : i + size] for i in range(0, len(text), size))


def blocks_of_file(path: Path, split: FastSplitter, size: int = BLOCK) -> Iterator[str]:
    """The text of a file in UTF-8, with or without a byte-order mark, in blocks.

    Raises `ValueError` where it is not UTF-8.
    """
    if not split.is_gpts:
        return iter(["".join(_read(path, size))])
    return cut_safely(_read(path, size))


def cut_safely(parts: Iterable[str]) -> Iterator[str]:
    """A text that comes in parts, in blocks that end where GPT's patterns cut.

    A part with no such place is kept until one comes.
    """
    kept: list[str] = []
    for part in parts:
        cut = last_cut(part)
        if cut:
            yield "".join(kept) + part[:cut]
            kept = []
        kept.append(part[cut:])
    if kept:
        yield "".join(kept)


def _read(path: Path, size: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    position = 0
    with path.open("rb") as file:
        while True:
            content = file.read(size)
            begun = len(decoder.getstate()[0])  # bytes of a character that the last read cut
            try:
                text = decoder.decode(content, final=not content)
            except UnicodeDecodeError as error:
                position += error.start - begun
                byte = f"byte {error.object[error.start]:#04x} at position {position:,}"
                raise ValueError(f"{path} is not UTF-8 text ({byte})") from None
            if not content:
                return
            position += len(content)
            yield text
