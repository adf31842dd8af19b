"""Train a decoder-only Transformer on a text, and let it write.

    python train.py                                  # the modern model on Shakespeare; in runs/
    python train.py --model lecture                  # the lecture's, as nanoGPT trains it
    torchrun --nproc_per_node=2 train.py             # by two processes, to the same end
    python train.py --preset gpt2-124m --data tokens/ --compile

The training loop of "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY), as far as "Let's reproduce
GPT-2" (youtube.com/watch?v=l8pRSuU81PU) takes it. This file has the options and the loop; `session`
keeps a run on disk, `ranks` knows of other processes, `report` shows what came out.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

try:
    from tyro.conf import arg

    from shared import cli, datasets, progress, runs

    for package in ("matplotlib", "safetensors", "tiktoken", "torch"):
        if find_spec(package) is None:  # only looked for: importing them would slow down --help
            raise ImportError(f"No module named {package!r}")
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gpt.models import Model
    from gpt.recipes import Recipe
    from ranks import Ranks
    from session import Session

LESSON = "gpt"
EVALUATIONS = 10  # of the dev split in a run; each time the run is saved
STRETCH = 10  # steps that a GPU takes between two looks at the loss
SAMPLE = 100  # tokens that the model writes after each evaluation
SHOWN = 60  # characters of them that are printed
Count = Annotated[int | None, arg(metavar="INT")]
Amount = Annotated[float | None, arg(metavar="FLOAT")]


@dataclass
class Config:
    """Train a decoder-only Transformer on a text, and let it write."""

    model: Literal["modern", "lecture", "bigram"] = "modern"
    """The lecture's model, or what has been learned since, or its first."""
    preset: Annotated[
        Literal["cpu", "baby", "gpt2-124m"] | None, arg(metavar="cpu|baby|gpt2-124m")
    ] = None
    """Sizes and settings; by default cpu, and baby where there is a GPU."""
    data: str = "shakespeare"
    """A text file; or `shakespeare`; or `bundled`; or a file tokens.bin, or a folder of such."""
    init: Annotated[str | None, arg(metavar="GPT2")] = None
    """Begin with a GPT-2's weights: a folder in Hugging Face's layout, or a name on its hub."""
    steps: Count = None
    """Training steps; this and what follows are by default the preset's."""
    minutes: Amount = None
    """Train for so long instead. Such a run is no other machine's twin."""
    batch_size: Count = None
    """Windows of the text in a step, over all processes."""
    accumulate: Count = None
    """Portions in which a process computes its windows' gradients, to save memory."""
    block_size: Count = None
    """Tokens that the model sees: its context."""
    n_layer: Count = None
    """Blocks."""
    n_head: Count = None
    """Attention heads in a block."""
    n_embd: Count = None
    """Numbers in an embedding."""
    dropout: Amount = None
    """Share of the numbers that are left out in training."""
    lr: Amount = None
    """AdamW's learning rate at its highest."""
    muon_lr: Amount = None
    """Muon's, for the matrices of the blocks; 0 leaves them to AdamW."""
    embedding_lr: Amount = None
    """AdamW's for embeddings."""
    weight_decay: Amount = None
    """How strongly matrices are pulled towards zero."""
    warm_up: Count = None
    """Steps in which the learning rates rise."""
    clip: Amount = None
    """Largest norm of all gradients together; 0 for no limit."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """In what to compute; by default bfloat16 where the device is fast with it."""
    compile: bool = False
    """Let torch.compile make the model faster; it takes a minute to begin."""
    seed: int = 1337
    """Seed of the weights, the batches, dropout and the samples."""
    resume: Annotated[Path | None, arg(metavar="RUN")] = None
    """Go on with the run in this folder, with the settings that it was begun with."""
    name: str = ""
    """Name of the run's folder; by default the date and the time."""
    runs: Path = Path("runs")
    """Where run folders go."""

    def check(self) -> None:
        """Raise `UserError` for a value that cannot work; a model checks its own sizes."""
        for option in ("steps", "batch_size", "accumulate", "block_size"):
            count = getattr(self, option)
            cli.require(count is None or count >= 1, _flag(option), count, "at least 1")
        for option in ("minutes", "lr", "embedding_lr"):
            value = getattr(self, option)
            good = value is None or 0 < value < math.inf
            cli.require(good, _flag(option), value, "a number above 0")
        for option in ("muon_lr", "weight_decay", "warm_up", "clip"):
            value = getattr(self, option)
            good = value is None or 0 <= value < math.inf
            cli.require(good, _flag(option), value, "a number from 0 up")
        cli.require(0 <= self.seed < 2**31, "--seed", self.seed, "from 0 to 2**31 - 1")
        if self.steps and self.minutes:
            raise cli.UserError("give --steps or --minutes, not both")
        if self.init and self.model != "lecture":
            raise cli.UserError("--init takes a GPT-2, which is --model lecture")
        if self.init and (self.n_layer or self.n_head or self.n_embd):
            raise cli.UserError("--init brings the sizes along; leave --n-layer and the like out")

    def preset_for(self, gpu: bool) -> str:
        """The preset that was given, or the machine's."""
        return self.preset or ("baby" if gpu else "cpu")

    def recipe(self, gpu: bool) -> "Recipe":
        """How to train: what was given, and for the rest what the preset says."""
        from gpt.recipes import PRESETS

        name = self.preset_for(gpu)
        if self.model not in PRESETS[name]:
            raise cli.UserError(f"--preset {name} has no {self.model}; --preset cpu has one")
        names = "steps minutes batch_size accumulate block_size n_layer n_head n_embd dropout lr"
        names += " muon_lr embedding_lr weight_decay warm_up clip"
        options = {name: getattr(self, name) for name in names.split()}
        given = {name: value for name, value in options.items() if value is not None}
        given |= {name: None for name in ("muon_lr", "clip") if given.get(name) == 0}
        return replace(PRESETS[name][self.model], **given)


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")


def main(config: Config) -> None:
    """Train one model, from the start or from where it was stopped, and report on it."""
    config.check()
    if config.resume:
        free = {"resume", "data", "device", "accumulate"}
        config = runs.Run.open(config.resume, LESSON).begun_with(config, free)
    import ranks  # here, since PyTorch takes a second to import, and --help needs none

    with ranks.started(config.device) as mine:
        train(config, mine)


def train(config: Config, ranks: "Ranks") -> None:
    """What `main` does in one of several processes."""
    import report

    session = begin(config, ranks)
    if not fit(session, config.compile, time.perf_counter):
        best = session.state.best_dev
        dev = f", dev loss {best:.4f}" if math.isfinite(best) else ""
        print(f"stopped after step {session.state.step:,}{dev}")
        print(f"run: {session.run.path}/; to go on: python train.py --resume {session.run.path}")
        raise KeyboardInterrupt
    if ranks.first:
        session.load_best()
        results = report.measure(session)
        report.print_results(results)
        files = report.write_files(session, results)
        print(f"run: {session.run.path}/ ({', '.join(files)})")


def begin(config: Config, ranks: "Ranks") -> "Session":
    """The session that `config` asks for, in a new run folder, or in that of `--resume`."""
    import torch

    from gpt import pretrained
    from gpt.corpus import Corpus
    from gpt.models import build
    from gpt.precision import find_dtype
    from session import Session

    recipe = config.recipe(gpu=ranks.device.type == "cuda")
    torch.manual_seed(config.seed)
    with cli.users_mistakes():
        if config.init:
            folder = pretrained.find(config.init)
            corpus = Corpus.open(config.data, read_text, pretrained.vocabulary(folder))
            model: Model = pretrained.load(folder, recipe.dropout)
            block_size = config.block_size or min(recipe.block_size, model.block_size)
            allowed = f"at most {model.block_size}, the context of {config.init}"
            cli.require(block_size <= model.block_size, "--block-size", block_size, allowed)
            recipe = replace(recipe, block_size=block_size)
        else:
            corpus = Corpus.open(config.data, read_text)
            model = build(config.model, corpus.vocab_size, **recipe.sizes())
    print(f"data: {corpus.about}")
    dtype = find_dtype(config.dtype, ranks.device)
    session = Session(config.model, model, recipe, config.seed, corpus, ranks, dtype)
    if config.resume:
        run = runs.Run.open(config.resume, LESSON)
        if run.read_config()["sha256"] != corpus.sha256:
            mend = "give the same text with --data"
            raise cli.UserError(f"{config.data} is not what {run.path} was begun with; {mend}")
        session.put_in(run)
        session.load_last()
        print(f"resumed at step {session.state.step:,}")
    else:
        if ranks.first:
            run = runs.Run.create(config.runs, LESSON, config.name)
            settings = asdict(config) | {"preset": config.preset_for(ranks.device.type == "cuda")}
            run.write_config(settings, data=corpus.about, sha256=corpus.sha256)
        path = ranks.agree(str(run.path) if ranks.first else "")
        session.put_in(runs.Run(Path(path), LESSON))
    processes = f", {ranks.world} processes" if ranks.world > 1 else ""
    where = f"{ranks.device.type}, {str(dtype).removeprefix('torch.')}{processes}"
    print(f"model: {session.name}, {session.n_parameters():,} parameters; on {where}")
    return session


def read_text(data: str) -> datasets.Dataset:
    """The text that `--data` names."""
    return datasets.load("shakespeare", data)


def fit(session: "Session", compile: bool, clock: Callable[[], float]) -> bool:
    """Train until the end, or until Ctrl-C; whether it was the end. `clock` tells seconds."""
    from gpt.flops import flops_per_token, peak_flops
    from ranks import on_terminate

    recipe, state, ranks = session.recipe, session.state, session.ranks
    model: nn.Module = session.model
    if compile:
        model.compile()
    model = ranks.wrap(model)
    session.flops = flops_per_token(session.model, recipe.block_size)
    session.peak = peak_flops(ranks.device, session.dtype) * ranks.world
    total = 100 if recipe.minutes else recipe.steps
    with (
        cli.interruptible() as interrupt,
        progress.bar(total, session.name, done=int(session.done() * total)) as advance,
    ):
        if ranks.world > 1:
            on_terminate(interrupt)
        if state.step == 0:
            session.save_last()
        try:
            while session.done() < 1:
                before, began, first = session.done(), clock(), state.step
                losses = take_steps(session, model).tolist()  # waits for the device
                *losses, seconds, stop = ranks.mean(
                    *losses, clock() - began, float(interrupt.requested)
                )
                look(session, first, losses, seconds)
                speed = len(losses) * recipe.batch_size * recipe.block_size / seconds  # tokens/s
                mfu = speed * session.flops / session.peak
                figures = {"ktok/s": speed / 1000, "MFU %": 100 * mfu}
                further = int(session.done() * total) - int(before * total)
                advance(further, loss=losses[-1], dev=state.best_dev, **figures)
                if int(session.done() * EVALUATIONS) > int(before * EVALUATIONS):
                    evaluate(session)
                elif stop:
                    session.save_last()
                if stop:
                    return False
        except RuntimeError as error:
            if not ranks.are_lost(error):
                raise
            session.save_last()
            raise ConnectionError(
                f"another process was lost after step {state.step:,}; to go on, with any number of "
                f"processes: torchrun … train.py --resume {session.run.path}"
            ) from None
    return True


def take_steps(session: "Session", model: "nn.Module") -> "Tensor":
    """A few training steps; returns their losses (step,) without waiting for the device."""
    import torch

    recipe, state, ranks = session.recipe, session.state, session.ranks
    losses = []
    for _ in range(1 if ranks.device.type == "cpu" else STRETCH):
        if state.step == recipe.steps and not recipe.minutes:
            break
        losses.append(gradients(session, model))
        if recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(session.model.parameters(), recipe.clip)
        for optimizer in session.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * session.lr_factor()
            optimizer.step()
        state.step += 1
    return torch.stack(losses)


def gradients(session: "Session", model: "nn.Module") -> "Tensor":
    """Compute this process's part of a batch, in portions; returns its mean loss.

    The gradients are then averages over all portions and all processes.
    """
    import torch

    from gpt.data import batch_at, seed_of
    from gpt.evaluation import nats
    from gpt.precision import autocast

    recipe, step, ranks = session.recipe, session.state.step, session.ranks
    portions = recipe.accumulate
    for optimizer in session.optimizers:
        optimizer.zero_grad()
    total = torch.zeros((), device=ranks.device)
    for portion in range(portions):
        part, parts = ranks.rank * portions + portion, ranks.world * portions
        torch.manual_seed(seed_of(session.seed, step, part))  # for dropout
        size = recipe.block_size, recipe.batch_size
        x, y = batch_at(step, session.train, *size, session.seed, part, parts)
        with ranks.averaging(model, portion == portions - 1):
            with autocast(ranks.device, session.dtype):
                logits = model(x.to(ranks.device))
            loss = nats(logits, y.to(ranks.device)) / portions
            loss.backward()
        total += loss.detach()
    return total


def look(session: "Session", first: int, losses: list[float], seconds: float) -> None:
    """Note what the steps from `first` on have cost; raises `UserError` when it is no number."""
    state = session.state
    for step, loss in enumerate(losses, start=first):
        if not math.isfinite(loss):
            saved = session.best_path if session.best_path.exists() else session.last_path
            lr = session.recipe.lr * session.lr_factor()
            mend = f"begin again with a smaller --lr (the last good weights: {saved})"
            raise cli.UserError(f"at step {step} the loss is {loss}, at --lr {lr:.3g}; {mend}")
    state.losses += sum(losses)
    state.batches += len(losses)
    state.seconds += seconds


def evaluate(session: "Session") -> None:
    """Measure the dev loss, log it, keep the weights if they are the best, and the state."""
    from gpt.evaluation import total_nats
    from gpt.precision import autocast

    state, ranks = session.state, session.ranks
    with autocast(ranks.device, session.dtype):
        block_size = session.recipe.block_size
        nats, count = total_nats(session.model, session.dev, block_size, ranks.rank, ranks.world)
    mean_nats, mean_count = ranks.mean(nats, count)
    dev, train = mean_nats / mean_count, state.losses / state.batches
    if not math.isfinite(dev):
        look(session, state.step, [dev], 0.0)
    state.losses, state.batches = 0.0, 0
    if ranks.first:
        session.run.log(step=state.step, seconds=round(state.seconds, 3), train=train, dev=dev)
    if dev < state.best_dev:
        state.best_step, state.best_dev = state.step, dev
        session.save_best()
    session.save_last()
    if ranks.first:
        text = session.write(SAMPLE, session.seed)
        session.run.write_text(f"samples/step-{state.step:05}.txt", text + "\n")
        print(f"step {state.step:,}: train {train:.4f}, dev {dev:.4f}: {text[:SHOWN]!r}")


if __name__ == "__main__":
    cli.run(main, Config)
