"""How good every model gets, the lectures' models beside the lectures' figures, and one speed.

    nox -s bench -- 02-makemore        # from the repository's root; needs the lecture's names

The lectures' models take 200,000 steps each, with three seeds: an hour in all. The speed is that
of the default model, an LSTM, in three forms that take turns in one process, so that whatever else
the machine does falls on all of them.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import torch
from torch import Tensor, nn

from house import benchmarks
from makemore.fast import SharedPrefixes, by_length
from makemore.load import Data, open_data
from makemore.loss import cross_entropy, estimate_loss
from makemore.models import MODELS, examples
from makemore.models.bigram import BigramCounts
from makemore.models.lstm import LSTM, LSTMCell
from makemore.words import PADDING, trim, word_rows

TURNS = 9
STEPS = 16  # in a turn, as many as there are batches in a pool of words
BATCH = 256
SEEDS = (1, 2, 3)
COMMAND = "nox -s bench -- 02-makemore"

# Dev losses at the ends of the lectures, from their notebooks.
LECTURES = {
    "mlp": ("lecture 3", 2.1701),
    "mlp-bn": ("lecture 4", 2.1057),
    "wavenet": ("lecture 6", 1.9937),
}


def quality(report: benchmarks.Report) -> dict[str, str]:
    """The losses of every model with its default settings; returns parameters and dev loss."""
    columns = ["parameters", "train", "dev", "new to train", "test", "bits", "seconds"]
    title = "Nats a character on names.txt, mean and standard deviation over three seeds"
    table = report.table("quality", title, ["model"], columns)
    reached = {}
    for name in MODELS:
        runs = [trained("--model", name, seed=seed) for seed in SEEDS]
        dev = [run["dev"] for run in runs]
        train, new, test = (mean(run[key] for run in runs) for key in ("train", "dev_new", "test"))
        parameters = f"{runs[0]['parameters']:,}"
        table.row(
            f"`{name}`",
            parameters,
            f"{train:.3f}",
            f"{mean(dev):.4f} ± {stdev(dev):.4f}",
            f"{new:.3f}",
            f"{test:.3f}",
            f"{mean(dev) / math.log(2):.3f}",
            f"{min(run['seconds'] for run in runs):.0f}",
        )
        reached[name] = f"{mean(dev):.3f} ({parameters} parameters)"
    return reached


def lectures(report: benchmarks.Report, reached: dict[str, str]) -> None:
    """The lectures' models, trained as in the lectures, beside what `quality` reached."""
    columns = ["the lecture's dev loss", "here", "parameters", "minutes", "our default settings"]
    title = "The lectures' models, trained as in their notebooks, mean over three seeds"
    table = report.table("lectures", title, ["model"], columns)
    for name, (lecture, loss) in LECTURES.items():
        options = ["--model", name, "--preset", "lecture"]
        runs = [trained(*options, seed=seed) for seed in SEEDS]
        dev = [run["dev"] for run in runs]
        here, minutes = f"{mean(dev):.4f}", min(run["seconds"] for run in runs) / 60
        spread, parameters = f"{here} ± {stdev(dev):.4f}", f"{runs[0]['parameters']:,}"
        table.row(f"`{name}`", f"{loss}", spread, parameters, f"{minutes:.0f}", reached[name])
        command = f"python train.py {' '.join(options)}"
        report.result(f"{name}, dev loss", f"{lecture}: {loss}", here, command)


def trained(*options: str, seed: int) -> dict[str, Any]:
    """The results of a run of `train.py`."""
    with tempfile.TemporaryDirectory() as folder:
        where = ["--seed", str(seed), "--test", "--runs", folder, "--name", "a"]
        command = [sys.executable, "train.py", *options, *where]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return dict(json.loads((Path(folder) / "a" / "results.json").read_text()))


class TorchLSTM(nn.Module):
    """`model` with torch.nn.LSTM in place of its loop over time."""

    def __init__(self, model: LSTM) -> None:
        super().__init__()
        assert isinstance(model.cell, LSTMCell)
        self.embedding, self.dropout, self.output = model.embedding, model.dropout, model.output
        self.lstm = nn.LSTM(model.embedding.embedding_dim, model.n_hidden, batch_first=True)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (batch, time, vocab) for what follows each prefix of `x`, and the loss."""
        hidden, _ = self.lstm(self.embedding(x))
        logits = self.output(self.dropout(hidden))
        return logits, cross_entropy(logits, y)


def speed(report: benchmarks.Report, data: Data) -> None:
    """Training of the default LSTM, without its dropout: a loop, the fast form, torch.nn's."""
    models: dict[str, nn.Module] = {
        "a cell in a loop": LSTM(len(data.alphabet), dropout=0.0),
        "shared prefixes": SharedPrefixes(LSTM(len(data.alphabet), dropout=0.0)),
        "torch.nn.LSTM": TorchLSTM(LSTM(len(data.alphabet), dropout=0.0)),
    }
    optimizers = {name: torch.optim.AdamW(m.parameters(), fused=True) for name, m in models.items()}
    x_train, y_train = examples(models["a cell in a loop"], data.train, data.alphabet)
    lengths = (y_train != PADDING).sum(1)
    seconds: dict[str, list[float]] = {name: [] for name in models}
    characters = 0
    for turn in range(TURNS + 1):  # the first on cold caches
        for name, model in models.items():
            characters, began = 0, time.perf_counter()
            for step in range(STEPS):
                ix = by_length(step, lengths, BATCH, seed=turn)
                x, y = trim(x_train[ix], y_train[ix])
                _, loss = model(x, y)
                model.zero_grad()
                loss.backward()
                optimizers[name].step()
                characters += int(lengths[ix].sum())
            if turn > 0:
                seconds[name].append((time.perf_counter() - began) / characters)
    title = f"Training the default LSTM without dropout, batches of {BATCH} words by length"
    table = report.table("speed", title, ["form"], ["characters/s", "ratio"])
    for name, times in seconds.items():
        ratio = median(a / b for a, b in zip(seconds["a cell in a loop"], times))
        table.row(name, f"{1 / median(times):,.0f}", f"{ratio:.2f}")


def main(report: benchmarks.Report) -> None:
    """Fill all tables."""
    data = open_data("names")
    print(f"data: {data.words.description}")
    x, y = word_rows(data.words.words, data.alphabet)
    bigram = BigramCounts(len(data.alphabet), smoothing=0)
    bigram.count(x, y)
    loss = f"{estimate_loss(bigram, x, y):.4f}"
    report.result("counted bigrams, all names", "lecture 2: 2.4541", loss, COMMAND)
    speed(report, data)
    lectures(report, quality(report))


if __name__ == "__main__":
    benchmarks.run("02-makemore", main, packages=["torch"])
