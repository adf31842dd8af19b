"""Train a tokenizer, look at what it learned, and turn the text into a file of token ids.

    python train.py                          # Shakespeare, 4,096 tokens; pictures in runs/
    python train.py --data my.txt notes/ --vocab-size 8192 --workers 2

The training of the GPT tokenizer lecture (youtube.com/watch?v=zduSFxRajkE): count the chunks of the
text, merge the most frequent pair again and again, encode.
"""

import hashlib
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

try:
    from shared import cli, datasets, plots, progress, runs

    for package in ("matplotlib", "regex", "tiktoken"):
        if find_spec(package) is None:  # only looked for: importing them would slow down --help
            raise ImportError(f"No module named {package!r}")
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

from tokenizer.basic import warn_if_exhausted
from tokenizer.counting import BLOCK, blocks_of_file, blocks_of_text, count_chunks
from tokenizer.fast import FastTokenizer
from tokenizer.fast_split import FastSplitter
from tokenizer.gpt import GPT2Tokenizer, GPT4Tokenizer, at_hand
from tokenizer.learn import MAX_VOCAB, Merge, learn_merges
from tokenizer.model_file import show_token
from tokenizer.split import PATTERNS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10  # merges that are printed
LOG_EVERY = 64  # merges


@dataclass
class Config:
    """Train a byte-pair encoding on a text, and encode the text with it."""

    data: tuple[str, ...] = ("shakespeare",)
    """Files, and folders whose .txt files are meant; or `shakespeare`; or `bundled`."""
    vocab_size: int = 4096
    """Tokens in the vocabulary, 256 of which are the bytes."""
    pattern: Literal["gpt2", "gpt4", "gpt4o"] = "gpt4"
    """Whose pattern cuts the text into chunks."""
    workers: int = 1
    """Processes that count chunks; more pay from some tens of megabytes on."""
    name: str = ""
    """Name of the run's folder; by default the date and the time."""
    runs: Path = Path("runs")
    """Where run folders go."""


class Corpus:
    """The text to train on: one of the lecture's, or files, which need not fit into memory."""

    def __init__(self, data: tuple[str, ...]) -> None:
        self.text: str | None = None
        self.paths: list[Path] = []
        if data in (("shakespeare",), ("bundled",)):
            dataset = datasets.load("shakespeare", data[0])
            self.text, self.sha256, self.about = dataset.text, dataset.sha256, str(dataset)
            self.n_blocks = ceil(len(dataset.text) / BLOCK)
            return
        for name in data:
            path = Path(name)
            if not path.exists():
                known = "give files or folders; or shakespeare or bundled, alone"
                raise cli.UserError(f"--data: there is no file or folder {name!r}; {known}")
            found = sorted(path.rglob("*.txt")) if path.is_dir() else [path]
            found = [file for file in found if file.is_file()]
            if not found:
                raise cli.UserError(f"--data: the folder {name!r} has no .txt files; name files")
            self.paths += found
        sizes = [path.stat().st_size for path in self.paths]
        self.n_blocks = sum(ceil(size / BLOCK) for size in sizes)
        self.sha256 = _sha256(self.paths)
        files = str(self.paths[0]) if len(self.paths) == 1 else f"{len(self.paths)} files"
        self.about = f"{files} ({sum(sizes):,} bytes, SHA-256 {self.sha256[:12]}…)"

    def blocks(self, split: FastSplitter) -> Iterator[str]:
        """The text in blocks that end where the pattern cuts in any case."""
        if self.text is not None:
            yield from blocks_of_text(self.text, split)
        for path in self.paths:
            try:
                yield from blocks_of_file(path, split)
            except ValueError as error:
                raise cli.UserError(f"{error}; convert it to UTF-8") from None


def _sha256(paths: list[Path]) -> str:
    """The hash of all files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while content := file.read(1 << 20):
                digest.update(content)
    return digest.hexdigest()


def main(config: Config) -> None:
    """Train as `config` says; leave the tokenizer, the ids and a picture in the run's folder."""
    allowed = f"from 256 to {MAX_VOCAB:,}"
    cli.require(256 <= config.vocab_size <= MAX_VOCAB, "--vocab-size", config.vocab_size, allowed)
    cli.require(1 <= config.workers <= 64, "--workers", config.workers, "from 1 to 64")
    given = bool(config.data) and all(config.data)
    cli.require(given, "--data", "empty", "a file, a folder, shakespeare or bundled")
    runs.Run.require_free(config.runs, config.name)
    corpus = Corpus(config.data)
    print(f"data: {corpus.about}")
    split = FastSplitter(PATTERNS[config.pattern])
    with progress.bar(corpus.n_blocks, "counting") as advance:
        blocks = _advancing(corpus.blocks(split), corpus.n_blocks, advance)
        chunks = count_chunks(blocks, split, config.workers)
    if not chunks:
        raise cli.UserError(f"--data: there is no text in {' '.join(config.data)}")
    print(f"chunks: {sum(chunks.values()):,}, of which {len(chunks):,} are different")
    n_bytes = sum(len(chunk.encode()) * times for chunk, times in chunks.items())
    run = runs.Run.create(config.runs, "tokenizer", config.name)
    run.write_config(asdict(config), data=corpus.about, sha256=corpus.sha256)

    merges: list[Merge] = []
    curve = [(256, 1.0)]  # vocabulary size, bytes per token
    n_tokens = n_bytes
    with (
        cli.interruptible() as interrupt,
        progress.bar(config.vocab_size - 256, "merging") as advance,
    ):
        for merge in learn_merges(chunks, config.vocab_size - 256):
            merges.append(merge)
            n_tokens -= merge.saved
            curve.append((256 + len(merges), n_bytes / n_tokens))
            advance(bytes_per_token=n_bytes / n_tokens)
            if len(merges) % LOG_EVERY == 0:
                run.log(vocab_size=256 + len(merges), bytes_per_token=n_bytes / n_tokens)
            if interrupt.requested:
                break
    run.log(vocab_size=256 + len(merges), bytes_per_token=n_bytes / n_tokens)
    tokenizer = FastTokenizer.from_merges([merge.pair for merge in merges], split.pattern)
    print_merges(merges[:SHOWN], tokenizer)
    tokenizer.save(run.path / "tokenizer")
    tokenizer.save(run.path / "tokenizer.tiktoken")
    files = "config.json, metrics.jsonl, tokenizer.model, .vocab, .tiktoken"
    if interrupt.requested:
        print(f"run: {run.path}/ ({files})")
        raise KeyboardInterrupt
    warn_if_exhausted(len(merges), config.vocab_size)
    write_tokens(corpus, tokenizer, run)

    sizes = {"this tokenizer": curve[-1]} | compress_with_others(corpus, n_bytes)
    for name, (n_vocab, bytes_per_token) in sizes.items():
        print(f"{name}: {n_vocab:,} tokens, {bytes_per_token:.3f} bytes per token")
    run.write_json(
        "results.json",
        {"bytes": n_bytes, "vocab_size": curve[-1][0], "bytes_per_token": curve[-1][1]},
    )
    with run.writing("vocabulary.svg") as path:
        plots.save(picture(tokenizer, curve, sizes), path)
    print(f"run: {run.path}/ ({files}, tokens.bin, tokens.json, results.json, vocabulary.svg)")


def compress_with_others(corpus: Corpus, n_bytes: int) -> dict[str, tuple[int, float]]:
    """Vocabulary size and bytes per token of GPT-2 and GPT-4, where their ranks are at hand."""
    sizes = {}
    for name, known in (("GPT-2", GPT2Tokenizer), ("GPT-4", GPT4Tokenizer)):
        if not at_hand(known.encoding):
            continue
        try:
            peer = known()
        except ConnectionError as error:  # what is at hand was damaged
            warnings.warn(str(error), stacklevel=1)
            continue
        n_tokens = sum(len(peer.encode_ordinary(block)) for block in corpus.blocks(peer.split))
        sizes[name] = peer.n_vocab, n_bytes / n_tokens
    return sizes


def _advancing(blocks: Iterator[str], total: int, advance: Callable[[], None]) -> Iterator[str]:
    """The blocks; `advance` is called for each but one that is only the rest of the last."""
    for number, block in enumerate(blocks, start=1):
        yield block
        if number <= total:
            advance()


def print_merges(merges: list[Merge], tokenizer: FastTokenizer) -> None:
    """Print the first merges, as the lecture does."""
    print(f"vocabulary: {len(tokenizer.vocab):,} tokens; the first merges:")
    for new_id, merge in enumerate(merges, start=256):
        ids = *merge.pair, new_id
        first, second, made = (f"[{show_token(tokenizer.vocab[i])}]" for i in ids)
        what = f"{first} {second} -> {made}, {merge.occurrences:,} times"
        print(f"  {merge.pair[0]} {merge.pair[1]} -> {new_id}   {what}")


def write_tokens(corpus: Corpus, tokenizer: FastTokenizer, run: runs.Run) -> None:
    """Encode the text to `tokens.bin`: the ids one after the other, little endian.

    `tokens.json` is written last: without it, `tokens.bin` does not count. It has the width of an
    id, how many there are and of how many kinds, the pattern that cut the text into chunks, and the
    SHA-256 of `tokens.bin` and of `tokenizer.tiktoken`, whose ids they are.
    """
    count, digest, dtype = 0, hashlib.sha256(), ""
    with run.writing("tokens.bin") as path, path.open("wb") as file:
        for block in corpus.blocks(tokenizer.split):
            ids = tokenizer.encode_to_numpy(block)
            dtype = ids.dtype.name
            content = ids.astype(ids.dtype.newbyteorder("<")).tobytes()
            digest.update(content)
            file.write(content)
            count += len(ids)
    about = {"dtype": dtype, "byte_order": "little", "vocab_size": tokenizer.n_vocab}
    about["pattern"] = tokenizer.pattern
    about["ranks_sha256"] = _sha256([run.path / "tokenizer.tiktoken"])
    run.write_json("tokens.json", {**about, "count": count, "sha256": digest.hexdigest()})


def picture(
    tokenizer: FastTokenizer,
    curve: list[tuple[int, float]],
    sizes: dict[str, tuple[int, float]],
) -> "Figure":
    """Left, how long the tokens are; right, what a larger vocabulary buys."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    left = figure.add_subplot(1, 2, 1, xlabel="bytes in a token", ylabel="tokens")
    lengths = Counter(len(token) for token in tokenizer.vocab.values())
    left.bar(list(lengths), list(lengths.values()))
    right = figure.add_subplot(
        1, 2, 2, xlabel="tokens in the vocabulary", ylabel="bytes per token", xscale="log"
    )
    right.plot([size for size, _ in curve], [per_token for _, per_token in curve])
    for name, (n_vocab, bytes_per_token) in sizes.items():
        right.plot(n_vocab, bytes_per_token, "o", label=name)
    right.grid(alpha=0.3)
    right.legend()
    return figure


if __name__ == "__main__":
    cli.run(main, Config)
