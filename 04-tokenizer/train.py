"""Train a tokenizer, look at what it has learned, and turn the text into a file of token ids.

    python train.py                          # Shakespeare, 4,096 tokens; pictures in runs/
    python train.py --data my.txt notes/ --vocab-size 8192 --workers 2

The training of "Let's build the GPT Tokenizer" (youtube.com/watch?v=zduSFxRajkE): cut the text into
chunks, merge the most frequent pair again and again, encode. `learn_merges` learns the merges of
`RegexTokenizer.train`, hundreds of times as fast.
"""

import hashlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure

from shared import cli, plots, progress, runs
from tokenizer.counting import count_chunks
from tokenizer.fast import FastTokenizer, warn_if_exhausted
from tokenizer.fast_split import FastSplitter
from tokenizer.gpt import GPT2Tokenizer, GPT4Tokenizer
from tokenizer.load import Corpus, sha256
from tokenizer.model_file import show_merge
from tokenizer.published import is_cached
from tokenizer.split import PATTERNS
from tokenizer.training import MAX_VOCAB, Merge, learn_merges

SHOWN = 10  # merges that are printed
LOG_EVERY = 64  # merges

Size = tuple[int, float]  # of a vocabulary, and how many bytes a token of it stands for


@dataclass
class Config:
    """Train a byte-pair encoding on a text, and encode the text with it."""

    data: tuple[str, ...] = ("shakespeare",)
    """Files, and folders, of which the .txt files are read; or `shakespeare`; or `bundled`."""
    vocab_size: int = 4096
    """Tokens in the vocabulary, 256 of which are the bytes."""
    pattern: Literal["gpt2", "gpt4", "gpt4o"] = "gpt4"
    """Whose pattern cuts the text into chunks."""
    workers: int = 1
    """Processes that count chunks; more than one pays from some tens of megabytes on."""
    name: str = ""
    """Name of the run's folder; by default the date and time."""
    runs: Path = Path("runs")
    """The folder of run folders."""


def train(config: Config) -> None:
    """Learn merges from the text, encode it with them, and leave both in the run's folder."""
    check(config)
    corpus = Corpus(config.data)
    print(f"data: {corpus.about}")
    chunks = count(corpus, FastSplitter(PATTERNS[config.pattern]), config.workers)
    if not chunks:
        raise cli.UserError(f"--data: there is no text in {' '.join(config.data)}; give another")
    print(f"chunks: {sum(chunks.values()):,}, of which {len(chunks):,} are different")
    run = runs.Run.create(config.runs, "tokenizer", config.name)
    run.write_config(asdict(config), data=corpus.about, sha256=corpus.sha256)

    merges: list[Merge] = []
    n_bytes = sum(len(chunk.encode()) * times for chunk, times in chunks.items())
    n_tokens = n_bytes  # every byte is a token at first
    curve = [(256, 1.0)]
    n_merges = config.vocab_size - 256
    with cli.interruptible() as interrupt, progress.bar(n_merges, "merging") as advance:
        for merge in learn_merges(chunks, n_merges):
            merges.append(merge)
            n_tokens -= merge.saved
            bytes_per_token = n_bytes / n_tokens
            curve.append((256 + len(merges), bytes_per_token))
            advance(bytes_per_token=bytes_per_token)
            if len(merges) % LOG_EVERY == 0:
                run.log(vocab_size=256 + len(merges), bytes_per_token=bytes_per_token)
            if interrupt.requested:
                break

    tokenizer = FastTokenizer.from_merges([m.pair for m in merges], PATTERNS[config.pattern])
    print(f"vocabulary: {tokenizer.n_vocab:,} tokens; the first merges:")
    for new_id, merge in enumerate(merges[:SHOWN], start=256):
        print(f"  {show_merge(merge.pair, new_id, tokenizer.vocab, merge.occurrences)}")
    tokenizer.save(run.path / "tokenizer")
    tokenizer.save(run.path / "tokenizer.tiktoken")
    if interrupt.requested:
        print(f"run: {run.path}/ (tokenizer.model, .vocab, .tiktoken)")
        raise KeyboardInterrupt
    warn_if_exhausted(tokenizer.n_vocab, config.vocab_size)
    write_tokens(corpus, tokenizer, run)
    report(corpus, tokenizer, curve, n_bytes, run)
    print(f"run: {run.path}/ (tokenizer.model, .vocab, .tiktoken, tokens.bin, vocabulary.svg)")


def check(config: Config) -> None:
    """Raise `UserError` for settings that cannot be, before any work is done."""
    if not 256 <= config.vocab_size <= MAX_VOCAB:
        known = f"give a number from 256, one for each byte, to {MAX_VOCAB:,}"
        raise cli.UserError(f"--vocab-size is {config.vocab_size}; {known}")
    if config.workers < 1:
        raise cli.UserError(f"--workers is {config.workers}; give at least 1")
    runs.Run.require_free(config.runs, config.name)


def count(corpus: Corpus, split: FastSplitter, workers: int) -> "Counter[str]":
    """How often every chunk occurs in the text, with a progress bar."""
    with progress.bar(corpus.n_blocks, "counting") as advance:
        blocks = advancing(corpus.blocks(split), corpus.n_blocks, advance)
        return count_chunks(blocks, split, workers)


def advancing(blocks: Iterator[str], total: int, advance: Callable[[], None]) -> Iterator[str]:
    """The blocks; `advance` is called for each, `total` times at most."""
    for number, block in enumerate(blocks, start=1):
        yield block
        if number <= total:
            advance()


def write_tokens(corpus: Corpus, tokenizer: FastTokenizer, run: runs.Run) -> None:
    """Encode the text to `tokens.bin`: the ids one after the other, little endian.

    `tokens.json` is written last: without it, `tokens.bin` does not count. It has the width of an
    id, how many there are and of how many kinds, the pattern that cut the text into chunks, and the
    SHA-256 of `tokens.bin` and of `tokenizer.tiktoken`, whose ids they are.
    """
    n_tokens, digest, dtype = 0, hashlib.sha256(), ""
    with run.writing("tokens.bin") as path, path.open("wb") as file:
        for block in corpus.blocks(tokenizer.split):
            ids = tokenizer.encode_to_numpy(block)
            dtype = ids.dtype.name
            content = ids.astype(ids.dtype.newbyteorder("<")).tobytes()
            digest.update(content)
            file.write(content)
            n_tokens += len(ids)
    about = {"dtype": dtype, "byte_order": "little", "vocab_size": tokenizer.n_vocab}
    about["pattern"] = tokenizer.pattern
    about["ranks_sha256"] = sha256([run.path / "tokenizer.tiktoken"])
    run.write_json("tokens.json", {**about, "count": n_tokens, "sha256": digest.hexdigest()})


def report(
    corpus: Corpus, tokenizer: FastTokenizer, curve: list[Size], n_bytes: int, run: runs.Run
) -> None:
    """Print and draw what the vocabulary is worth, beside those of GPT-2 and GPT-4."""
    n_vocab, bytes_per_token = curve[-1]
    sizes = {"this tokenizer": curve[-1]} | compress_with_others(corpus, n_bytes)
    for name, (others_n_vocab, others) in sizes.items():
        print(f"{name}: {others_n_vocab:,} tokens, {others:.3f} bytes per token")
    run.log(vocab_size=n_vocab, bytes_per_token=bytes_per_token)
    results = {"bytes": n_bytes, "vocab_size": n_vocab, "bytes_per_token": bytes_per_token}
    run.write_json("results.json", results)
    with run.writing("vocabulary.svg") as path:
        plots.save(draw(tokenizer, curve, sizes), path)


def compress_with_others(corpus: Corpus, n_bytes: int) -> dict[str, Size]:
    """Vocabulary size and bytes per token of GPT-2 and GPT-4, if tiktoken has their ranks."""
    sizes = {}
    for name, kind in (("GPT-2", GPT2Tokenizer), ("GPT-4", GPT4Tokenizer)):
        if not is_cached(kind.encoding):
            continue
        try:
            other = kind()
        except ConnectionError as error:  # the cached copy was damaged
            warnings.warn(str(error), stacklevel=1)
            continue
        n_tokens = sum(len(other.encode_ordinary(block)) for block in corpus.blocks(other.split))
        sizes[name] = other.n_vocab, n_bytes / n_tokens
    return sizes


def draw(tokenizer: FastTokenizer, curve: list[Size], sizes: dict[str, Size]) -> Figure:
    """Left, how long the tokens are; right, what a larger vocabulary buys."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left = figure.add_subplot(1, 2, 1, xlabel="bytes in a token", ylabel="tokens")
    lengths = Counter(len(token) for token in tokenizer.vocab.values())
    left.bar(list(lengths), list(lengths.values()))
    right = figure.add_subplot(
        1, 2, 2, xlabel="tokens in the vocabulary", ylabel="bytes per token", xscale="log"
    )
    right.plot([n_vocab for n_vocab, _ in curve], [per_token for _, per_token in curve])
    for name, (n_vocab, bytes_per_token) in sizes.items():
        right.plot(n_vocab, bytes_per_token, "o", label=name)
    right.grid(alpha=0.3)
    right.legend()
    return figure


if __name__ == "__main__":
    cli.run(train, Config)
