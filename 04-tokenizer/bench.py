"""How fast training and encoding are, beside tiktoken, Hugging Face's tokenizers and rustbpe.

    nox -s bench        # from the repository's root

Contenders take turns in one process, so that whatever else the machine does falls on all of them;
printed are medians, and the median of the ratios of each turn. What they made is compared: merges
with rustbpe's and the plain trainer's, tokens with Hugging Face's, ids with tiktoken's. Needs the
lecture's Shakespeare and GPT-2's ranks, which are downloaded if they are not at hand.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tokenizer import FastTokenizer, GPT2Tokenizer, RegexTokenizer
from tokenizer.huggingface import of_oniguruma
from tokenizer.split import GPT4_PATTERN

COPIES = 40  # of Shakespeare make a large corpus, 44 MB

Work = Callable[[], Any]


def take_turns(works: dict[str, Work], turns: int) -> dict[str, list[float]]:
    """Seconds of each work in every turn."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(turns):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def print_rows(title: str, seconds: dict[str, list[float]]) -> None:
    """A row for every peer; ours is the first of `seconds`."""
    mine, *peers = seconds.items()
    for name, theirs in peers:
        ratio = median(b / a for a, b in zip(mine[1], theirs))
        row = title, f"{median(mine[1]):.3f} s", name, f"{median(theirs):.3f} s", f"{ratio:.2f}"
        print(f"| {' | '.join(row)} |", flush=True)


def same(what: str, ours: object, theirs: object) -> None:
    """End with a message unless the two are equal."""
    if ours != theirs:
        raise SystemExit(f"{what} differ, so times mean nothing")


# Training


def ours_on(texts: list[str], vocab_size: int) -> FastTokenizer:
    """Our tokenizer, trained on the texts."""
    tokenizer = FastTokenizer()
    tokenizer.train_from_iterator(texts, vocab_size)
    return tokenizer


def rustbpe_on(texts: list[str], vocab_size: int) -> list[bytes]:
    """The tokens that rustbpe learns, in order."""
    import rustbpe

    peer = rustbpe.Tokenizer()
    peer.train_from_iterator(iter(texts), vocab_size, pattern=GPT4_PATTERN)
    return [bytes(token) for token, _ in peer.get_mergeable_ranks()]


def hugging_face_on(texts: list[str], vocab_size: int) -> int:
    """How many tokens Hugging Face's trainer learns."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    peer = Tokenizer(models.BPE())
    peer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(of_oniguruma(GPT4_PATTERN)), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    peer.train_from_iterator(texts, trainer)
    return int(peer.get_vocab_size())


def compare_training(text: str) -> None:
    """Print the time of training for ours and all trainers."""
    plain = RegexTokenizer()
    plain_seconds = take_turns({"plain": lambda: plain.train(text, 512)}, 1)["plain"]
    seconds = take_turns({"ours": lambda: ours_on([text], 512)}, 5)["ours"]
    same("merges", list(ours_on([text], 512).merges.items()), list(plain.merges.items()))
    ours = {"ours": [median(seconds)], "our plain trainer": plain_seconds}
    print_rows("train on Shakespeare, 512 tokens", ours)
    for title, texts, turns in (
        ("train on Shakespeare, 4096 tokens", [text], 11),
        (f"train on {COPIES} Shakespeares, 4096 tokens", [text] * COPIES, 3),
    ):
        works: dict[str, Work] = {
            "ours": partial(ours_on, texts, 4096),
            "Hugging Face": partial(hugging_face_on, texts, 4096),
            "rustbpe": partial(rustbpe_on, texts, 4096),
        }
        same("tokens", list(ours_on(texts, 4096).ranks), rustbpe_on(texts, 4096))
        same("numbers of tokens", 4096, hugging_face_on(texts, 4096))
        print_rows(title, take_turns(works, turns))


# Encoding


def compare_encoding(text: str) -> None:
    """Print the time of encoding for ours, knowing more and less of the text, and tiktoken."""
    warm = GPT2Tokenizer()
    theirs = warm.to_tiktoken()
    same("ids", warm.encode(text), theirs.encode(text))

    works: dict[str, Work] = {
        "ours": partial(warm.encode, text),
        "tiktoken": partial(theirs.encode, text),
    }
    print_rows("encode Shakespeare, seen before", take_turns(works, 21))

    half = len(text) // 2
    first, second = text[:half], text[half:]
    seconds: dict[str, dict[str, list[float]]] = {"half": {}, "cold": {}}
    for _ in range(11):
        tokenizer = GPT2Tokenizer()
        tokenizer.encode(first)
        cold = GPT2Tokenizer()
        for name, knowing, unseen in (("half", tokenizer, second), ("cold", cold, text)):
            turn = take_turns(
                {
                    "ours": partial(knowing.encode, unseen),
                    "tiktoken": partial(theirs.encode, unseen),
                },
                1,
            )
            for who, times in turn.items():
                seconds[name].setdefault(who, []).extend(times)
    print_rows("encode its second half, having seen the first", seconds["half"])
    print_rows("encode Shakespeare, fresh", seconds["cold"])

    texts = [text] * COPIES
    works = {
        "ours": lambda: warm.encode_batch(texts, num_workers=2),
        "tiktoken": lambda: theirs.encode_batch(texts, num_threads=2),
    }
    print_rows(f"encode_batch, {COPIES} documents of it, two workers", take_turns(works, 5))


def print_hostile() -> None:
    """Print the time for texts that are one long chunk, or a million short ones."""
    draw = random.Random(1337)
    texts = {
        "one letter": "a" * 1_000_000,
        "spaces": " " * 1_000_000,
        "apostrophes": "'" * 1_000_000,
        "one emoji": "🙂" * 250_000,
        "random bytes": draw.randbytes(1_000_000).decode("latin-1"),
        "random letters": "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=1_000_000)),
    }
    tokenizer = GPT2Tokenizer()
    theirs = tokenizer.to_tiktoken()
    print("\n| a text of 1 MB of | seconds to encode |\n|---|--:|")
    for name, text in texts.items():
        began = time.perf_counter()
        ids = tokenizer.encode(text)
        print(f"| {name} | {time.perf_counter() - began:.2f} |", flush=True)
        if name != "random letters":  # of which tiktoken's time grows with the square
            same("ids", ids, theirs.encode(text))


# Memory

TRAIN_A_FILE = """\
import resource, sys, time
from tokenizer import FastTokenizer
if __name__ == "__main__":
    began = time.perf_counter()
    FastTokenizer().train_from_files([sys.argv[1]], 4096, num_workers=int(sys.argv[2]))
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    own, workers = (resource.getrusage(kind).ru_maxrss for kind in kinds)
    print(time.perf_counter() - began, own / 1024, workers / 1024)
"""


def print_memory(text: str) -> None:
    """Print the peak memory of training on files of growing size, 4,096 tokens."""
    print("\n| file | processes | seconds | peak MiB | of each worker |\n|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        program, file = Path(folder) / "train_a_file.py", Path(folder) / "corpus.txt"
        program.write_text(TRAIN_A_FILE)
        for copies in (1, COPIES, 10 * COPIES):
            with file.open("w", encoding="utf-8", newline="") as corpus:
                for _ in range(copies):
                    corpus.write(text)
            for workers in (1, 2):
                command = [sys.executable, str(program), str(file), str(workers)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                seconds, own, each = map(float, done.stdout.split())
                size = f"{file.stat().st_size / 1e6:.1f} MB"
                of_workers = f"{each:.0f}" if workers > 1 else "-"
                print(
                    f"| {size} | {workers} | {seconds:.1f} | {own:.0f} | {of_workers} |", flush=True
                )


def main() -> None:
    """Print all tables."""
    from shared import datasets

    dataset = datasets.load("shakespeare")
    print(f"data: {dataset}; {os.cpu_count()} cores")
    print_memory(dataset.text)  # first: a child's peak begins with what its parent had
    print("\n| work | ours | peer | its time | times as fast |\n|---|--:|---|--:|--:|")
    compare_training(dataset.text)
    compare_encoding(dataset.text)
    print_hostile()


if __name__ == "__main__":
    sys.exit(__doc__) if sys.argv[1:] else main()
