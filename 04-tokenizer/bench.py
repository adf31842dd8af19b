"""How fast training and encoding are, beside tiktoken, puretiktoken, tokenizers and rustbpe.

    nox -s bench        # from the repository's root

Contenders take turns in one process, so whatever else the machine does slows all of them. Printed
are medians, and the median of the ratios of each turn. Results are compared, too: merges with
rustbpe's and the plain trainer's, tokens with Hugging Face's, ids with tiktoken's. Needs the
lecture's Shakespeare and GPT-2's ranks, which are downloaded if they are not cached.
"""

import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tokenizer import FastTokenizer, GPT2Tokenizer, GPT4Tokenizer, RegexTokenizer
from tokenizer.huggingface import of_oniguruma
from tokenizer.split import GPT4_PATTERN

try:
    import puretiktoken
    import rustbpe
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    from house import benchmarks
    from shared import datasets
except ImportError as missing:
    sys.exit(f"error: {missing}; in the repository's root run `nox -s bench`")

COPIES = 40  # of Shakespeare make a large corpus, 44 MB
COMMAND = "nox -s bench -- 04-tokenizer"

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


def compare(table: benchmarks.Table, work: str, seconds: dict[str, list[float]]) -> None:
    """A row for every peer; ours is the first of `seconds`."""
    mine, *peers = seconds.values()
    for name, theirs in zip(list(seconds)[1:], peers):
        ratio = median(b / a for a, b in zip(mine, theirs))
        times = f"{median(mine):.3f} s", f"{median(theirs):.3f} s"
        table.row(work, name, *times, f"{ratio:.0f}" if ratio > 100 else f"{ratio:.2f}")


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
    peer = rustbpe.Tokenizer()
    peer.train_from_iterator(iter(texts), vocab_size, pattern=GPT4_PATTERN)
    return [bytes(token) for token, _ in peer.get_mergeable_ranks()]


def hugging_face_on(texts: list[str], vocab_size: int) -> int:
    """How many tokens Hugging Face's trainer learns."""
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


def compare_training(table: benchmarks.Table, text: str) -> None:
    """The time of training for ours and all trainers."""
    plain = RegexTokenizer()
    plain_seconds = take_turns({"plain": lambda: plain.train(text, 512)}, 1)["plain"]
    seconds = take_turns({"ours": lambda: ours_on([text], 512)}, 5)["ours"]
    same("merges", list(ours_on([text], 512).merges.items()), list(plain.merges.items()))
    ours = {"ours": [median(seconds)], "our plain trainer": plain_seconds}
    compare(table, "train on Shakespeare, 512 tokens", ours)
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
        compare(table, title, take_turns(works, turns))


# Encoding


def compare_encoding(table: benchmarks.Table, text: str) -> None:
    """The time of encoding for ours, which knows more or less of the text, and for peers."""
    warm = GPT2Tokenizer()
    theirs = warm.to_tiktoken()
    same("ids", warm.encode(text), theirs.encode(text))

    works: dict[str, Work] = {
        "ours": partial(warm.encode, text),
        "tiktoken": partial(theirs.encode, text),
    }
    compare(table, "encode Shakespeare, seen before", take_turns(works, 21))

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
    compare(table, "encode its second half, having seen the first", seconds["half"])
    compare(table, "encode Shakespeare, fresh", seconds["cold"])

    texts = [text] * COPIES
    works = {
        "ours": lambda: warm.encode_batch(texts, num_workers=2),
        "tiktoken": lambda: theirs.encode_batch(texts, num_threads=2),
    }
    compare(table, f"encode_batch, {COPIES} documents of it, two workers", take_turns(works, 5))

    known, pure = GPT4Tokenizer(), puretiktoken.Encoding("cl100k_base")
    same("ids", known.encode(text), pure.encode(text))
    works = {"ours": partial(known.encode, text), "puretiktoken": partial(pure.encode, text)}
    compare(table, "encode Shakespeare, seen before, GPT-4", take_turns(works, 11))
    fresh: dict[str, list[float]] = {}
    for _ in range(5):
        unknowing = GPT4Tokenizer(), puretiktoken.Encoding("cl100k_base")
        works = dict(zip(("ours", "puretiktoken"), (partial(it.encode, text) for it in unknowing)))
        for who, times in take_turns(works, 1).items():
            fresh.setdefault(who, []).extend(times)
    compare(table, "encode Shakespeare, fresh, GPT-4", fresh)


def hostile_texts(report: benchmarks.Report) -> None:
    """The time for texts that are one long chunk, or a million short ones.

    The last column is for all that a tokenizer does, at 300 tokens and again at 4,096: train, save,
    load, encode, decode.
    """
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
    table = report.table(
        "hostile",
        "Texts made to be slow",
        ["a text of 1 MB of"],
        ["seconds to encode with GPT-2's ranks", "to do all, twice"],
    )
    for name, text in texts.items():
        began = time.perf_counter()
        ids = tokenizer.encode(text)
        encoding = time.perf_counter() - began
        began = time.perf_counter()
        for vocab_size in (300, 4096):
            do_all(text, vocab_size)
        table.row(name, f"{encoding:.2f}", f"{time.perf_counter() - began:.1f}")
        if name != "random letters":  # of which tiktoken's time grows with the square
            same("ids", ids, theirs.encode(text))


def do_all(text: str, vocab_size: int) -> None:
    """Train on the text, save, load, encode, decode."""
    tokenizer, loaded = FastTokenizer(), FastTokenizer()
    with warnings.catch_warnings(action="ignore"):  # of too few pairs
        tokenizer.train(text, vocab_size)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(Path(folder) / "tokenizer")
        loaded.load(Path(folder) / "tokenizer.model")
    same("text and decoded ids", text, loaded.decode(loaded.encode(text)))


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


def memory(report: benchmarks.Report, text: str) -> None:
    """The peak memory of training on files of growing size, 4,096 tokens."""
    columns = ["file", "processes", "seconds", "peak MiB", "of each worker"]
    table = report.table("memory", "Training on files of growing size, 4,096 tokens", [], columns)
    with tempfile.TemporaryDirectory() as folder:
        program, file = Path(folder) / "train_a_file.py", Path(folder) / "corpus.txt"
        program.write_text(TRAIN_A_FILE)
        for copies in (1, COPIES, 10 * COPIES):
            with file.open("w", encoding="utf-8", newline="") as corpus:
                for _ in range(copies):
                    corpus.write(text)
            for workers in (1, 2):
                # by way of a shell: a process's peak begins with that of the one that started it
                command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable]
                command += [str(program), str(file), str(workers)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                seconds, own, each = map(float, done.stdout.split())
                size = f"{file.stat().st_size / 1e6:.1f} MB"
                of_workers = f"{each:.0f}" if workers > 1 else "-"
                table.row(size, str(workers), f"{seconds:.1f}", f"{own:.0f}", of_workers)


def main(report: benchmarks.Report) -> None:
    """Fill all tables."""
    dataset = datasets.load("shakespeare")
    print(f"data: {dataset}")
    memory(report, dataset.text)
    columns = ["ours", "its time", "times as fast"]
    title = "Training and encoding, beside other programs"
    table = report.table("speed", title, ["work", "peer"], columns)
    compare_training(table, dataset.text)
    compare_encoding(table, dataset.text)
    hostile_texts(report)
    ids = "ids of Shakespeare with GPT-2's ranks"
    report.result(ids, "tiktoken's", "the same, every one", "nox -s tokenizer")
    for work, peer, ours, theirs, ratio in table.rows:
        report.result(work, f"{peer}: {theirs}", f"{ours}, {ratio} times as fast", COMMAND)


if __name__ == "__main__":
    packages = ["tiktoken", "puretiktoken", "tokenizers", "rustbpe"]
    benchmarks.run("04-tokenizer", main, packages)
