"""How fast training is: all models, beside torch.nn's layers, beside makemore.py's feeding of data.

    nox -s bench        # from the repository's root

Contenders take turns of a few steps in one process, so that whatever else the machine does falls on
all of them; printed are medians, and the median of the ratios of each turn. Peers begin with the
same weights, see the same batches, and give the same logits. Needs the lecture's names.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

from makemore.loss import mean_nats, nats
from makemore.models import MODELS, build
from makemore.models.bigram import BigramCounts
from makemore.models.plain_recurrent import PlainRecurrent
from makemore.training import RECIPES, Recipe, Trainer, optimizers_for
from makemore.words import Alphabet, WordList, inputs_and_targets, rows_of

try:
    from peers import peer_of, same_logits
    from shared import benchmarks, datasets, splits
except ImportError as missing:
    sys.exit(f"error: {missing}; in the repository's root run `nox -s bench`")

TURNS = 15
STEPS = 16  # a turn, as many as there are lengths of words to take turns in a pool of batches
SMALL = 32  # the lectures' batch size
DEFAULT = "lstm"
SEEDS = (1, 2, 3)
COMMAND = "nox -s bench -- 02-makemore"

# Dev losses at the ends of the lectures, from their notebooks.
LECTURES = {
    "mlp": ("lecture 3", 2.168),
    "mlp-bn": ("lecture 4", 2.105),
    "wavenet": ("lecture 6", 1.993),
}

Work = Callable[[], None]  # STEPS training steps


def words_per_second(works: dict[str, Work], words: dict[str, int]) -> dict[str, list[float]]:
    """Words a second of each work in every turn; `words` are those in a step."""
    speeds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()  # on cold caches
    for _ in range(TURNS):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            speeds[name].append(STEPS * words[name] / (time.perf_counter() - began))
    return speeds


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios of each turn."""
    return median(a / b for a, b in zip(ours, theirs))


def made(name: str, alphabet: Alphabet, rows: Tensor) -> nn.Module:
    """A model, the same one every time."""
    torch.manual_seed(0)
    sizes = {"block_size": rows.shape[1] - 1} if name == "transformer" else {}
    return build(name, len(alphabet), **sizes)


def steps_of(model: nn.Module, rows: Tensor, recipe: Recipe) -> Work:
    """Training steps as `train.py` takes them."""
    trainer = Trainer(model, rows, recipe, seed=0)
    step = 0

    def work() -> None:
        nonlocal step
        for _ in range(STEPS):
            trainer.step(step, 1.0)
            step += 1

    return work


class OneWord(Dataset[tuple[Tensor, Tensor]]):
    """The data set of makemore.py: a word is made a pair of tensors when it is asked for."""

    def __init__(self, words: list[str], alphabet: Alphabet, longest: int) -> None:
        self.words, self.alphabet, self.longest = words, alphabet, longest

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        ids = torch.tensor(self.alphabet.encode(self.words[index]), dtype=torch.long)
        x = torch.zeros(self.longest + 1, dtype=torch.long)
        y = torch.full((self.longest + 1,), -1, dtype=torch.long)
        x[1 : 1 + len(ids)] = ids
        y[: len(ids)] = ids
        y[len(ids)] = 0
        return x, y


def in_makemore_py(model: nn.Module, data: OneWord, recipe: Recipe) -> Work:
    """Training steps on a DataLoader's batches, item by item, all padded to the longest."""
    (optimizer,) = optimizers_for(model, recipe)
    sampler = RandomSampler(data, replacement=True, num_samples=10**9)
    batches: Iterator[list[Tensor]] = iter(DataLoader(data, SMALL, sampler=sampler))

    def work() -> None:
        for _ in range(STEPS):
            x, y = next(batches)
            loss = nats(model(x), y).sum() / (y >= 0).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return work


def quality(report: benchmarks.Report) -> None:
    """How good every model gets with its default settings, over several seeds."""
    columns = ["parameters", "train", "dev", "new to train", "test", "bits", "seconds"]
    title = "Nats a character on names.txt, mean and standard deviation over three seeds"
    table = report.table("quality", title, ["model"], columns)
    for name in MODELS:
        runs = [trained(name, seed) for seed in SEEDS]
        dev = [run["dev"] for run in runs]
        train, new, test = (mean(run[key] for run in runs) for key in ("train", "dev_new", "test"))
        table.row(
            f"`{name}`",
            f"{runs[0]['parameters']:,}",
            f"{train:.3f}",
            f"{mean(dev):.4f} ± {stdev(dev):.4f}",
            f"{new:.3f}",
            f"{test:.3f}",
            f"{mean(dev) / math.log(2):.3f}",
            f"{median(run['seconds'] for run in runs):.0f}",
        )
        if name in LECTURES or name == DEFAULT:
            lecture, loss = LECTURES.get(name, ("", 0.0))
            there = f"{lecture}: {loss:.3f}" if lecture else "no lecture has it"
            command = f"python train.py --model {name}"
            report.result(f"{name}, dev loss", there, f"{mean(dev):.3f}", command)


def trained(name: str, seed: int) -> dict[str, Any]:
    """The results of a run of `train.py`."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--model", name, "--seed", str(seed), "--test", "--runs", folder, "--name", "a"]
        command = [sys.executable, "train.py", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return dict(json.loads((Path(folder) / "a" / "results.json").read_text()))


def speeds(report: benchmarks.Report, rows: Tensor, alphabet: Alphabet) -> None:
    """Words a second of all models."""
    columns = ["parameters", "batch 32", "default batch", "words/s there"]
    table = report.table("speed", "Training, words a second", ["model"], columns)
    for name in MODELS:
        if name == "bigram":
            continue  # counted, not trained
        recipe = RECIPES[name]
        works = {
            "small": steps_of(made(name, alphabet, rows), rows, replace(recipe, batch_size=SMALL)),
            "default": steps_of(made(name, alphabet, rows), rows, recipe),
        }
        sizes = {"small": SMALL, "default": recipe.batch_size}
        speed = {key: f"{median(v):,.0f}" for key, v in words_per_second(works, sizes).items()}
        parameters = sum(p.numel() for p in made(name, alphabet, rows).parameters())
        table.row(name, f"{parameters:,}", speed["small"], str(recipe.batch_size), speed["default"])


def beside_torch(report: benchmarks.Report, rows: Tensor, alphabet: Alphabet) -> None:
    """The same models from torch.nn's layers, and with a cell called step by step."""
    columns = ["batch", "ours, words/s", "torch.nn", "ours / torch.nn", "plain", "ours / plain"]
    title = "Beside the same model from torch.nn's layers, and a cell called step by step"
    table = report.table("peers", title, ["model"], columns)
    for name in ("rnn", "gru", "lstm", "transformer"):
        for batch_size in (SMALL, RECIPES[name].batch_size):
            recipe = replace(RECIPES[name], batch_size=batch_size)
            ours = made(name, alphabet, rows)
            peers = {"torch": peer_of(ours)}
            if name != "transformer":
                peers["plain"] = PlainRecurrent(ours)  # type: ignore[arg-type]
            for peer in peers.values():
                if not same_logits(ours, peer, inputs_and_targets(rows[:100])[0]):
                    raise SystemExit(f"{name}: the logits differ, so times mean nothing")
            contenders = {"ours": ours, **peers}
            works = {who: steps_of(model, rows, recipe) for who, model in contenders.items()}
            speeds = words_per_second(works, dict.fromkeys(works, batch_size))
            cells = [f"{median(speeds['ours']):,.0f}"]
            for who in ("torch", "plain"):
                theirs = speeds.get(who)
                cells += (
                    [f"{median(theirs):,.0f}", f"{ratio(speeds['ours'], theirs):.2f}"]
                    if theirs
                    else ["", ""]
                )
            table.row(name, str(batch_size), *cells)
            if batch_size != SMALL and name != "rnn":
                what = f"{name}, training, batch {batch_size}"
                there, here = f"torch.nn: {cells[1]} words/s", f"{cells[0]}, {cells[2]} times that"
                report.result(what, there, here, COMMAND)


def beside_makemore_py(report: benchmarks.Report, rows: Tensor, data: OneWord) -> None:
    """A default run beside makemore.py's way of feeding data."""
    recipe = RECIPES[DEFAULT]
    works = {
        "train.py": steps_of(made(DEFAULT, data.alphabet, rows), rows, recipe),
        "one item at a time": in_makemore_py(made(DEFAULT, data.alphabet, rows), data, recipe),
    }
    sizes = {"train.py": recipe.batch_size, "one item at a time": SMALL}
    speeds = words_per_second(works, sizes)
    title = f"A default run ({DEFAULT}) beside makemore.py's feeding of data"
    table = report.table("feeding", title, ["way"], ["batch", "words/s", "ratio"])
    for name, speed_of in speeds.items():
        times = ratio(speed_of, speeds["one item at a time"])
        table.row(name, str(sizes[name]), f"{median(speed_of):,.0f}", f"{times:.2f}")


def main(report: benchmarks.Report) -> None:
    """Fill all tables."""
    dataset = datasets.load("names")
    print(f"data: {dataset}")
    words = WordList.of(dataset.text, max_length=40)
    alphabet, train = Alphabet.of(words.words), splits.split(words.words).train
    rows = rows_of(train, alphabet)
    report.result("counted bigrams, all names", "lecture 2: 2.4541", whole(words), COMMAND)
    quality(report)
    speeds(report, rows, alphabet)
    beside_torch(report, rows, alphabet)
    beside_makemore_py(report, rows, OneWord(train, alphabet, words.longest))


def whole(words: WordList) -> str:
    """The loss of counted bigrams on the words that they were counted in."""
    alphabet = Alphabet.of(words.words)
    model = BigramCounts(len(alphabet), smoothing=0)
    rows = rows_of(words.words, alphabet)
    model.count(*inputs_and_targets(rows))
    return f"{mean_nats(model, rows):.4f}"


if __name__ == "__main__":
    benchmarks.run("02-makemore", main, packages=["torch"])
