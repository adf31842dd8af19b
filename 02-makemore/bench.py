"""How fast training is: all models, beside torch.nn's layers, beside the lectures' feeding of data.

    nox -s bench        # from the repository's root

Contenders take turns of a few steps in one process, so that whatever else the machine does falls on
all of them; printed are medians, and the median of the ratios of each turn. Peers begin with the
same weights, see the same batches, and give the same logits. Needs the lecture's names.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

from makemore.loss import nats
from makemore.models import MODELS, build
from makemore.models.plain_recurrent import PlainRecurrent
from makemore.training import RECIPES, Recipe, Trainer, optimizers_for
from makemore.words import Alphabet, WordList, inputs_and_targets, rows_of
from peers import peer_of, same_logits
from shared import datasets, splits

TURNS = 15
STEPS = 16  # a turn, as many as there are lengths of words to take turns in a pool of batches
SMALL = 32  # the lectures' batch size
DEFAULT = "lstm"

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


def row(*cells: str) -> None:
    """Print a row of a Markdown table."""
    print(f"| {' | '.join(cells)} |", flush=True)


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
    """The lectures' data set: a word is made a pair of tensors when it is asked for."""

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


def steps_of_lecture(model: nn.Module, data: OneWord, recipe: Recipe) -> Work:
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


def main() -> None:
    """Print three tables."""
    words = WordList.of(datasets.load("names").text, max_length=40)
    alphabet, train = Alphabet.of(words.words), splits.split(words.words).train
    rows = rows_of(train, alphabet)

    print("Training, words a second\n")
    row("model", "parameters", "batch 32", "default batch", "words/s there")
    row("---", "--:", "--:", "--:", "--:")
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
        row(name, f"{parameters:,}", speed["small"], str(recipe.batch_size), speed["default"])

    print("\nBeside the same model from torch.nn's layers, and a cell called step by step\n")
    row("model", "batch", "ours, words/s", "torch.nn", "ours / torch.nn", "plain", "ours / plain")
    row("---", "--:", "--:", "--:", "--:", "--:", "--:")
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
            row(name, str(batch_size), *cells)

    print(f"\nA default run ({DEFAULT}) beside the lectures' feeding of data\n")
    recipe = RECIPES[DEFAULT]
    data = OneWord(train, alphabet, words.longest)
    works = {
        "train.py": steps_of(made(DEFAULT, alphabet, rows), rows, recipe),
        "one item at a time": steps_of_lecture(made(DEFAULT, alphabet, rows), data, recipe),
    }
    sizes = {"train.py": recipe.batch_size, "one item at a time": SMALL}
    speeds = words_per_second(works, sizes)
    row("way", "batch", "words/s", "ratio")
    row("---", "--:", "--:", "--:")
    for name, speed_of in speeds.items():
        times = ratio(speed_of, speeds["one item at a time"])
        row(name, str(sizes[name]), f"{median(speed_of):,.0f}", f"{times:.2f}")


if __name__ == "__main__":
    main()
