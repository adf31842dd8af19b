"""How good after how long: the modern model beside the lecture's, and both beside transformers.

    nox -s bench        # from the repository's root

Contenders take turns of a few steps in one process, so that whatever else the machine does falls on
all of them; evaluations are not timed. Of speeds, medians are printed, and the median of the ratios
of each turn. Needs the lecture's Shakespeare.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from gpt import pretrained
from gpt.corpus import Corpus
from gpt.evaluation import nats, total_nats
from gpt.generate import generate
from gpt.model import GPT
from gpt.models import build
from gpt.modern import Modern
from gpt.optimizers import optimizers_for
from gpt.precision import find_dtype
from gpt.recipes import PRESETS, Recipe

try:
    from transformers import GPT2Config, GPT2LMHeadModel

    from processes import Process
    from session import Session
    from shared import benchmarks, datasets
    from train import take_steps
except ImportError as missing:
    sys.exit(f"error: {missing}; in the repository's root run `nox -s bench`")

CPU = torch.device("cpu")
YARDSTICK = PRESETS["cpu"]["lecture"]
RACER = replace(PRESETS["cpu"]["modern"], block_size=64, batch_size=24)
SPRINTER = replace(RACER, batch_size=20, steps=105)  # to the loss that the yardstick ends at
SEEDS = (1, 2, 3)
TURN = 20  # steps of the yardstick
TOKENS = 1000  # that are written with the cache and without
PIECE = 100  # of them in a turn
COMMAND = "nox -s bench -- 03-gpt"


@dataclass
class Racer:
    """A session, and the seconds that it has trained for."""

    session: Session
    seconds: float = 0.0

    @classmethod
    def of(cls, name: str, recipe: Recipe, seed: int, corpus: Corpus, dtype: str) -> "Racer":
        """A model that has not begun yet."""
        torch.manual_seed(seed)
        model = build(name, corpus.vocab_size, **recipe.sizes())
        process = Process(0, 1, CPU)
        session = Session(name, model, recipe, seed, corpus, process, find_dtype(dtype, CPU))
        return cls(session)

    def step(self) -> None:
        """One training step."""
        began = time.perf_counter()
        take_steps(self.session, self.session.model)[0].tolist()
        self.seconds += time.perf_counter() - began

    def dev(self) -> float:
        """The loss on the whole dev split, in float32."""
        total, count = total_nats(
            self.session.model, self.session.dev, self.session.recipe.block_size
        )
        return total / count


def race(report: benchmarks.Report, corpus: Corpus) -> None:
    """The yardstick's whole run; meanwhile, sprints to its loss, and a run of equal time.

    nanoGPT computes in float32 on a CPU, and so does the yardstick; beside it runs the same in what
    `train.py` would choose, as all others do.
    """
    yardstick = Racer.of("lecture", YARDSTICK, 1, corpus, "float32")
    twin = Racer.of("lecture", YARDSTICK, 1, corpus, "auto")
    marathon = Racer.of("modern", replace(RACER, minutes=1.0), 1, corpus, "auto")
    sprints = [Racer.of("modern", SPRINTER, seed, corpus, "auto") for seed in SEEDS]
    for done in range(TURN, YARDSTICK.steps + 1, TURN):
        for racer in (yardstick, twin):
            for _ in range(TURN):
                racer.step()
        share = done / YARDSTICK.steps
        while marathon.seconds < yardstick.seconds:
            # its minute is the yardstick's run: the learning rate falls with the time that is left
            elapsed = share * min(1.0, marathon.seconds / yardstick.seconds)
            marathon.session.state.seconds = 60 * elapsed
            marathon.step()
        for sprint in sprints:
            while sprint.session.state.step < share * SPRINTER.steps:
                sprint.step()
    title = f"dev loss at context {YARDSTICK.block_size} after how many seconds of training"
    columns = ["steps", "seconds", "yardstick / its time", "dev loss"]
    table = report.table("race", title, ["model", "computes in"], columns)
    named = {"lecture (yardstick)": yardstick, "lecture": twin}
    named |= {f"modern, seed {seed}": sprint for seed, sprint in zip(SEEDS, sprints)}
    named["modern, equal time"] = marathon
    losses = {name: racer.dev() for name, racer in named.items()}
    for name, racer in named.items():
        dtype = str(racer.session.dtype).removeprefix("torch.")
        times = f"{yardstick.seconds / racer.seconds:.1f}"
        steps = f"{racer.session.state.step:,}"
        table.row(name, dtype, steps, f"{racer.seconds:.1f}", times, f"{losses[name]:.4f}")
    seconds = median(sprint.seconds for sprint in sprints)
    loss = median(losses[f"modern, seed {seed}"] for seed in SEEDS)
    times, steps = f"{yardstick.seconds / seconds:.1f}", str(SPRINTER.steps)
    dtype = str(sprints[0].session.dtype).removeprefix("torch.")
    table.row("modern, median of the seeds", dtype, steps, f"{seconds:.1f}", times, f"{loss:.4f}")
    first = losses["lecture (yardstick)"]
    what, command = "the lecture's model, dev loss, context 64", "python train.py --model lecture"
    report.result(what, "nanoGPT on a laptop: 1.88", f"{first:.3f}", f"{command} --dtype float32")
    there, here = (
        f"the lecture's model: {yardstick.seconds:.0f} s",
        f"{seconds:.1f} s, {times} times",
    )
    report.result("modern model, until it is as good", there, f"{here} as fast", COMMAND)
    there, here = f"the lecture's model: {first:.3f}", f"{losses['modern, equal time']:.3f}"
    report.result("modern model, dev loss in the same time", there, here, COMMAND)


def default_run(report: benchmarks.Report, name: str, *options: str) -> None:
    """What `python train.py` reaches, and in what time from the start of the command to its end."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "train.py", "--runs", folder, "--name", "run", *options]
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
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
    there, here = "the lecture, 15 minutes on an A100: 1.4873", f"{results['dev']:.4f}"
    what = f"python train.py, dev loss after {seconds:.0f} s"
    report.result(what, there, here, f"python train.py {' '.join(options)}")


def alternately(
    works: dict[str, Callable[[], None]], turns: int, steps: int
) -> dict[str, list[float]]:
    """Seconds of a step of each work, in every turn."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()  # on cold caches
    for _ in range(turns):
        for name, work in works.items():
            began = time.perf_counter()
            for _ in range(steps):
                work()
            seconds[name].append((time.perf_counter() - began) / steps)
    return seconds


def throughput(report: benchmarks.Report) -> None:
    """Training steps of `model.py` and of transformers' GPT-2, with the same weights."""
    columns = ["batch", "ours", "transformers", "ours / transformers"]
    table = report.table("training", "Training in float32, tokens a second", ["sizes"], columns)
    baby = PRESETS["baby"]["lecture"]
    for recipe, turns in ((YARDSTICK, 15), (replace(baby, batch_size=4, dropout=0.0), 7)):
        ours, theirs = same_models(65, recipe)
        ids = torch.randint(65, (recipe.batch_size, recipe.block_size + 1))
        works = {
            "ours": training(ours, ours, recipe, ids),
            "theirs": training(theirs, logits_of(theirs), recipe, ids),
        }
        seconds = alternately(works, turns, 10 if recipe is YARDSTICK else 2)
        speeds = [f"{ids[:, 1:].numel() / median(seconds[name]):,.0f}" for name in works]
        ratio = median(b / a for a, b in zip(seconds["ours"], seconds["theirs"]))
        sizes = f"{recipe.n_layer} layers, {recipe.n_embd} wide, context {recipe.block_size}"
        table.row(sizes, str(recipe.batch_size), *speeds, f"{ratio:.2f}")
        what, there = f"GPT-2, training, {sizes}", f"transformers: {speeds[1]} tokens/s"
        report.result(what, there, f"{speeds[0]}, {ratio:.2f} times that", COMMAND)


def training(
    model: nn.Module, logits: Callable[[Tensor], Tensor], recipe: Recipe, ids: Tensor
) -> Callable[[], None]:
    """A training step of the model on `ids` (batch, time + 1)."""
    (adamw,) = optimizers_for(model, recipe)
    x, y = ids[:, :-1], ids[:, 1:]

    def step() -> None:
        adamw.zero_grad()
        nats(logits(x), y).backward()
        adamw.step()

    return step


def logits_of(theirs: GPT2LMHeadModel) -> Callable[[Tensor], Tensor]:
    """What transformers' model returns, as ours returns it."""
    return lambda x: theirs(x).logits


def same_models(vocab_size: int, recipe: Recipe) -> tuple[GPT, GPT2LMHeadModel]:
    """Our GPT-2 and that of transformers, with the same weights and the same logits."""
    sizes = {their: getattr(recipe, our) for their, our in pretrained.SIZES.items()}
    options: dict[str, Any] = {"vocab_size": vocab_size, "use_cache": False, **sizes}
    options |= dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    config = GPT2Config(**options, bos_token_id=0, eos_token_id=0)
    theirs = GPT2LMHeadModel(config)
    ours = GPT(vocab_size, **{**recipe.sizes(), "dropout": 0.0})
    ours.load_state_dict(pretrained.from_theirs(theirs.state_dict()))
    ids = torch.randint(vocab_size, (2, recipe.block_size))
    if not torch.allclose(ours(ids), theirs(ids).logits, atol=1e-4):
        raise SystemExit("the logits differ, so times mean nothing")
    return ours, theirs


def sampling(report: benchmarks.Report) -> None:
    """Writing with the KV cache and without, by models of the size `baby`."""
    columns = ["cached, ms a token", "its last 100", "uncached", "uncached / cached"]
    title = f"Writing {TOKENS:,} tokens, context 256"
    table = report.table("writing", title, ["model"], columns)
    sizes = {**PRESETS["baby"]["lecture"].sizes(), "dropout": 0.0}
    for name, kind in (("lecture", GPT), ("modern", Modern)):
        model = kind(65, **sizes).eval()
        writers = {
            use_cache: generate(model, [0], TOKENS, use_cache=use_cache)
            for use_cache in (True, False)
        }
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(TOKENS // PIECE):
            for use_cache, writer in writers.items():
                seconds[use_cache].append(time_of(writer) / PIECE)
        cached, uncached = seconds[True], seconds[False]
        milliseconds = (1000 * figure for figure in (median(cached), cached[-1], median(uncached)))
        ratio = median(slow / fast for slow, fast in zip(uncached, cached))
        table.row(name, *(f"{figure:.2f}" for figure in milliseconds), f"{ratio:.1f}")


def time_of(writer: Iterator[int]) -> float:
    """Seconds for the next PIECE tokens."""
    began = time.perf_counter()
    for _ in range(PIECE):
        next(writer)
    return time.perf_counter() - began


def main(report: benchmarks.Report) -> None:
    """Fill the tables."""
    corpus = Corpus.of_text(datasets.load("shakespeare"))
    if corpus.sha256 != datasets.SOURCES["shakespeare"].sha256:
        raise SystemExit("the figures are about the lecture's Shakespeare, which is not at hand")
    race(report, corpus)
    default_run(report, "default", "--device", "cpu", "--preset", "cpu")
    throughput(report)
    sampling(report)
    if torch.cuda.is_available():
        default_run(report, "baby", "--preset", "baby")
    else:
        print("\nNo GPU here, so python train.py --preset baby was not run.")


if __name__ == "__main__":
    benchmarks.run("03-gpt", main, packages=["torch", "transformers"])
