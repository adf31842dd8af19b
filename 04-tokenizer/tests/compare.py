"""Shakespeare, encoded with ours and with tiktoken: `nox -s tokenizer` ends with this table.

Fails where the ids differ. The seconds are medians of encoding the text several times, in turn.
"""

import os
import sys
import tempfile
import time
from itertools import zip_longest
from pathlib import Path
from statistics import median

import published_files

from shared import datasets
from tokenizer import FastTokenizer
from tokenizer.gpt import GPT_TOKENIZERS

REPEATS = 5


def compare(name: str, ours: FastTokenizer, text: str) -> None:
    """Print a line of the table."""
    theirs = ours.to_tiktoken()
    seconds: dict[str, list[float]] = {"ours": [], "tiktoken": []}
    for _ in range(REPEATS):
        start = time.perf_counter()
        ids = ours.encode_ordinary(text)
        middle = time.perf_counter()
        expected = theirs.encode_ordinary(text)
        seconds["ours"].append(middle - start)
        seconds["tiktoken"].append(time.perf_counter() - middle)
    if ids != expected:
        pairs = enumerate(zip_longest(ids, expected))
        place = next(i for i, (mine, other) in pairs if mine != other)
        here = ids[place : place + 5], expected[place : place + 5]
        sys.exit(f"{name}: the ids differ from number {place} on: {here[0]}, tiktoken's {here[1]}")
    size = len(text.encode())
    speeds = [f"{size / 1e6 / median(times):5.1f} MB/s" for times in seconds.values()]
    print(f"{name:9}{len(ids):9,}{size / len(ids):15.3f}{speeds[0]:>12}{speeds[1]:>12}  same ids")


if __name__ == "__main__":
    dataset = datasets.load("shakespeare")
    print(f"data: {dataset}")
    print("tokenizer   tokens  bytes a token        ours    tiktoken")
    trained = FastTokenizer()
    trained.train(dataset.text, 1024)
    compare("trained", trained, dataset.text)
    with tempfile.TemporaryDirectory() as cache:
        published_files.fill(Path(cache))
        os.environ["TIKTOKEN_CACHE_DIR"] = cache
        for name, kind in GPT_TOKENIZERS.items():
            compare(name, kind(), dataset.text)
