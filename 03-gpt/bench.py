"""How good after how long: the modern model beside GPT-2, and both beside transformers.

    nox -s bench        # from the repository's root

Contenders take turns of a few steps in one process, so that whatever else the machine does affects
all of them; evaluations are not timed. Of speeds, medians are printed, and the median of the ratios
of each turn. Needs the lecture's Shakespeare.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from gpt import pretrained
from gpt.data import get_batch, train_and_dev
from gpt.evaluation import estimate_loss
from gpt.generate import stream
from gpt.gpt2 import GPT2
from gpt.load import Corpus, open_corpus
from gpt.models import build
from gpt.optimizers import make_optimizers
from gpt.presets import PRESETS
from house import benchmarks
from shared import datasets, devices
from shared.schedules import rise_and_fall

Options = dict[str, Any]
CPU = torch.device("cpu")
YARDSTICK = PRESETS["cpu"]["gpt2"]
RACER = PRESETS["cpu"]["modern"] | {"block_size": 64, "batch_size": 24}
SPRINTER = RACER | {"batch_size": 20, "steps": 105}  # to the loss that the yardstick ends at
BABY = PRESETS["baby"]["gpt2"] | {"batch_size": 4, "dropout": 0.0}
SEEDS = (1, 2, 3)
TURN = 20  # steps of the yardstick
TOKENS = 1000  # that are sampled with the cache and without
PIECE = 100  # of them in a turn
COMMAND = "nox -s bench -- 03-gpt"


def sizes(options: Options) -> Options:
    """What a Transformer is built with."""
    return {
        name: options[name] for name in ("block_size", "n_layer", "n_head", "n_embd", "dropout")
    }


def optimizers_of(model: nn.Module, options: Options) -> list[torch.optim.Optimizer]:
    """Those that train.py would make."""
    names = ("lr", "muon_lr", "embedding_lr", "weight_decay", "beta2")
    return make_optimizers(model, **{name: options[name] for name in names})


class Racer:
    """A model in training, and the seconds that it has trained for."""

    def __init__(self, name: str, options: Options, seed: int, corpus: Corpus, dtype: str) -> None:
        torch.manual_seed(seed)
        self.options, self.seed, self.dtype = options, seed, devices.find_dtype(dtype, CPU)
        self.model = build(name, len(corpus.vocabulary), **sizes(options))
        self.optimizers = optimizers_of(self.model, options)
        self.groups = [group for o in self.optimizers for group in o.param_groups]
        self.peaks = [group["lr"] for group in self.groups]
        self.split, self.dev_split = train_and_dev(corpus.ids)
        self.steps, self.seconds = 0, 0.0

    def step(self, done: float | None = None) -> None:
        """One training step; `done` says how far the schedule is, by default by steps."""
        options, start = self.options, time.perf_counter()
        size = options["block_size"], options["batch_size"]
        x, y = get_batch(self.split, self.steps, *size, self.seed)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.dtype == "bfloat16"):
            _, loss = self.model(x, y)
        self.model.zero_grad()
        loss.backward()
        if options["clip"] > 0:
            nn.utils.clip_grad_norm_(self.model.parameters(), options["clip"])
        done = self.steps / options["steps"] if done is None else done
        schedule = options["warm_up"], options["decay"], options["final_lr"]
        factor = rise_and_fall(self.steps, done, *schedule)
        for group, peak in zip(self.groups, self.peaks):
            group["lr"] = factor * peak
        for optimizer in self.optimizers:
            optimizer.step()
        self.steps += 1
        self.seconds += time.perf_counter() - start

    def dev(self) -> float:
        """The loss on the whole dev split, in float32."""
        return estimate_loss(self.model, self.dev_split, self.options["block_size"])


def race(report: benchmarks.Report, corpus: Corpus, steps: int) -> None:
    """The yardstick's whole run; meanwhile, sprints to its loss, and a run of equal time.

    nanoGPT computes in float32 on a CPU, and so does the yardstick; beside it runs the same in the
    precision that `train.py` would choose, as all others do.
    """
    yardstick = Racer("gpt2", YARDSTICK | {"steps": steps}, 1, corpus, "float32")
    twin = Racer("gpt2", YARDSTICK | {"steps": steps}, 1, corpus, "auto")
    marathon = Racer("modern", RACER, 1, corpus, "auto")
    sprints = [Racer("modern", SPRINTER, seed, corpus, "auto") for seed in SEEDS]
    for done in range(TURN, steps + 1, TURN):
        for racer in (yardstick, twin):
            for _ in range(TURN):
                racer.step()
        share = done / steps
        while marathon.seconds < yardstick.seconds:
            # its time is the yardstick's run: the learning rate falls with what is left of it
            marathon.step(share * min(1.0, marathon.seconds / yardstick.seconds))
        for sprint in sprints:
            while sprint.steps < share * SPRINTER["steps"]:
                sprint.step()
    title = f"dev loss at context {YARDSTICK['block_size']} after how many seconds of training"
    columns = ["steps", "seconds", "yardstick / its time", "dev loss"]
    table = report.table("race", title, ["model", "computes in"], columns)
    named = {"gpt2 (yardstick)": yardstick, "gpt2": twin}
    named |= {f"modern, seed {seed}": sprint for seed, sprint in zip(SEEDS, sprints)}
    named["modern, equal time"] = marathon
    losses = {name: racer.dev() for name, racer in named.items()}
    for name, racer in named.items():
        times = f"{yardstick.seconds / racer.seconds:.1f}"
        figures = f"{racer.steps:,}", f"{racer.seconds:.1f}", times, f"{losses[name]:.4f}"
        table.row(name, racer.dtype, *figures)
    seconds = median(sprint.seconds for sprint in sprints)
    loss = median(losses[f"modern, seed {seed}"] for seed in SEEDS)
    times, count = f"{yardstick.seconds / seconds:.1f}", str(SPRINTER["steps"])
    figures = count, f"{seconds:.1f}", times, f"{loss:.4f}"
    table.row("modern, median of the seeds", sprints[0].dtype, *figures)
    first = losses["gpt2 (yardstick)"]
    what, command = "GPT-2, dev loss, context 64", "python train.py --model gpt2"
    report.result(what, "nanoGPT on a laptop: 1.88", f"{first:.3f}", f"{command} --dtype float32")
    there, here = (
        f"GPT-2: {yardstick.seconds:.0f} s",
        f"{seconds:.1f} s, {times} times",
    )
    report.result("modern model, until it is as good", there, f"{here} as fast", COMMAND)
    there, here = f"GPT-2: {first:.3f}", f"{losses['modern, equal time']:.3f}"
    report.result("modern model, dev loss in the same time", there, here, COMMAND)


def default_run(report: benchmarks.Report, name: str, *options: str) -> None:
    """What `python train.py` reaches, and in what time from the start of the command to its end."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "train.py", "--runs", folder, "--name", "run", *options]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        results = json.loads((Path(folder) / "run" / "results.json").read_text())
    columns = ["seconds", "of them training", "context", "dev loss", "tokens/s", "MFU"]
    table = report.table(name, f"python train.py {' '.join(options)}", [], columns)
    table.row(
        f"{seconds:.0f}",
        f"{results['seconds']:.0f}",
        str(results["block_size"]),
        f"{results['dev']:.4f}",
        f"{results['tokens_per_second']:,.0f}",
        f"{results['mfu']:.0%}",
    )
    there, here = "the lecture, 15 minutes on an A100: 1.48", f"{results['dev']:.4f}"
    what = f"python train.py, dev loss after {seconds:.0f} s"
    report.result(what, there, here, f"python train.py {' '.join(options)}")


def alternately(
    works: dict[str, Callable[[], None]], turns: int, steps: int
) -> dict[str, list[float]]:
    """Seconds of a step of each work, in every turn."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()  # once on cold caches
    for _ in range(turns):
        for name, work in works.items():
            start = time.perf_counter()
            for _ in range(steps):
                work()
            seconds[name].append((time.perf_counter() - start) / steps)
    return seconds


def throughput(report: benchmarks.Report) -> None:
    """Training steps of `gpt2.py` and of transformers' GPT-2, with the same weights."""
    columns = ["batch", "ours", "transformers", "ours / transformers"]
    table = report.table("training", "Training in float32, tokens a second", ["sizes"], columns)
    for options, turns, steps in ((YARDSTICK, 15, 10), (BABY, 7, 2)):
        ours, theirs = same_models(65, options)
        ids = torch.randint(65, (options["batch_size"], options["block_size"] + 1))
        x, y = ids[:, :-1], ids[:, 1:]
        works = {
            "ours": training(ours, our_loss, x, y, options),
            "theirs": training(theirs, their_loss, x, y, options),
        }
        seconds = alternately(works, turns, steps)
        speeds = [f"{y.numel() / median(seconds[name]):,.0f}" for name in works]
        ratio = median(b / a for a, b in zip(seconds["ours"], seconds["theirs"]))
        shape = f"{options['n_layer']} layers, {options['n_embd']} wide"
        shape += f", context {options['block_size']}"
        table.row(shape, str(options["batch_size"]), *speeds, f"{ratio:.2f}")
        what, there = f"GPT-2, training, {shape}", f"transformers: {speeds[1]} tokens/s"
        report.result(what, there, f"{speeds[0]}, {ratio:.2f} times that", COMMAND)


def training(
    model: nn.Module, loss: Callable[..., Tensor], x: Tensor, y: Tensor, options: Options
) -> Callable[[], None]:
    """A training step of the model, whose loss is `loss(model, x, y)`."""
    (adamw,) = optimizers_of(model, options)

    def step() -> None:
        adamw.zero_grad()
        loss(model, x, y).backward()
        adamw.step()

    return step


def our_loss(model: GPT2, x: Tensor, y: Tensor) -> Tensor:
    """The loss as our model returns it."""
    _, loss = model(x, y)
    return loss


def their_loss(model: GPT2LMHeadModel, x: Tensor, y: Tensor) -> Tensor:
    """The loss of transformers' logits; its own shifts the targets once more."""
    return nn.functional.cross_entropy(model(x).logits.flatten(0, 1), y.flatten())


def same_models(vocab_size: int, options: Options) -> tuple[GPT2, GPT2LMHeadModel]:
    """Our GPT-2 and that of transformers, with the same weights and the same logits."""
    named: Options = {their: options[our] for their, our in pretrained.SIZES.items()}
    named |= {"vocab_size": vocab_size, "use_cache": False, "bos_token_id": 0, "eos_token_id": 0}
    named |= dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    theirs = GPT2LMHeadModel(GPT2Config(**named))
    ours = GPT2(vocab_size, **sizes(options))
    ours.load_state_dict(pretrained.from_theirs(theirs.state_dict()))
    ids = torch.randint(vocab_size, (2, options["block_size"]))
    if not torch.allclose(ours(ids)[0], theirs(ids).logits, atol=1e-4):
        raise SystemExit("the logits differ, so times mean nothing")
    return ours, theirs


def sampling(report: benchmarks.Report) -> None:
    """Sampling with the KV cache and without, by models of the size `baby`."""
    columns = ["cached, ms a token", "its last 100", "uncached", "uncached / cached"]
    title = f"Sampling {TOKENS:,} tokens, context 256"
    table = report.table("writing", title, ["model"], columns)
    start = torch.zeros(1, 1, dtype=torch.long)
    for name in ("gpt2", "modern"):
        model = build(name, 65, **sizes(BABY)).eval()
        streams = {
            use_cache: stream(model, start, TOKENS, use_cache=use_cache)
            for use_cache in (True, False)
        }
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(TOKENS // PIECE):
            for use_cache, tokens in streams.items():
                seconds[use_cache].append(time_of(tokens) / PIECE)
        cached, uncached = seconds[True], seconds[False]
        milliseconds = (1000 * figure for figure in (median(cached), cached[-1], median(uncached)))
        ratio = median(slow / fast for slow, fast in zip(uncached, cached))
        table.row(name, *(f"{figure:.2f}" for figure in milliseconds), f"{ratio:.1f}")


def time_of(tokens: Iterator[Tensor]) -> float:
    """Seconds for the next PIECE tokens."""
    start = time.perf_counter()
    for _ in islice(tokens, PIECE):
        pass
    return time.perf_counter() - start


def main(report: benchmarks.Report) -> None:
    """Fill the tables."""
    corpus = open_corpus("shakespeare")
    if corpus.sha256 != datasets.SOURCES["shakespeare"].sha256:
        raise SystemExit("the figures are about the lecture's Shakespeare, which is missing")
    race(report, corpus, YARDSTICK["steps"])
    default_run(report, "default", "--device", "cpu", "--preset", "cpu")
    throughput(report)
    sampling(report)
    if torch.cuda.is_available():
        default_run(report, "baby", "--preset", "baby")
    else:
        print("\nNo GPU here, so python train.py --preset baby was not run.")


if __name__ == "__main__":
    benchmarks.run("03-gpt", main, packages=["torch", "transformers"])
