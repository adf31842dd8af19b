"""Train a decoder-only Transformer on a text, and let it write.

    python train.py                                  # the modern model on Shakespeare; in runs/
    python train.py --model lecture                  # the lecture's, as nanoGPT trains it
    torchrun --nproc_per_node=2 train.py             # by two processes, to the same end
    python train.py --preset gpt2-124m --data tokens/ --compile

The training loop of "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY), as far as "Let's reproduce
GPT-2" (youtube.com/watch?v=l8pRSuU81PU) takes it. This file has the options and the loop; `session`
keeps a run on disk, `processes` knows of other processes, `report` shows what came out.
"""

import math
import sys
import time
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

try:
    from tyro.conf import arg

    from shared import checkpoints, cli, datasets, progress, runs

    for package in ("matplotlib", "safetensors", "tiktoken", "torch"):
        if find_spec(package) is None:  # only looked for: importing them would slow down --help
            raise ImportError(f"No module named {package!r}")
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gpt.corpus import Vocabulary
    from gpt.models import Model
    from gpt.recipes import Recipe
    from processes import Process
    from session import Session

LESSON = "gpt"
EVALUATIONS = 10  # of the dev split in a run; each time the run is saved
SAVE_EVERY = 300.0  # seconds between two times that the state is kept, at most
FINE_TUNING = 3e-5  # the learning rate for weights that have been trained already
STRETCH = 10  # steps that a GPU takes between two looks at the loss
SAMPLE = 100  # tokens that the model writes after each evaluation
SHOWN = 60  # characters of them that are printed
Count = Annotated[int | None, arg(metavar="INT")]
Amount = Annotated[float | None, arg(metavar="FLOAT")]


@dataclass
class Config:
    """Train a decoder-only Transformer on a text, and let it write."""

    model: Literal["modern", "lecture", "bigram"] = "modern"
    """What has been learned since the lecture; the lecture's own model; its first."""
    preset: Annotated[
        Literal["cpu", "baby", "gpt2-124m"] | None, arg(metavar="cpu|baby|gpt2-124m")
    ] = None
    """Sizes and settings; by default cpu, and baby where there is a CUDA GPU."""
    data: str = "shakespeare"
    """A text file; or `shakespeare`; or `bundled`; or a file tokens.bin, or a folder of such."""
    init: Annotated[str | None, arg(metavar="GPT2")] = None
    """Begin with a GPT-2's weights: a folder in Hugging Face's layout, or a name on its hub."""
    steps: Count = None
    """Training steps; this and what follows are by default the preset's."""
    minutes: Amount = None
    """Train for so long instead. Such a run cannot be repeated bit for bit."""
    batch_size: Count = None
    """Windows of the text in a step, over all processes."""
    accumulate: Count = None
    """Portions in which they pass through the model, to save memory."""
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
    """AdamW's learning rate at its highest; with `--init` by default 3e-5."""
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
        if self.model == "bigram":
            for option in ("n_layer", "n_head", "n_embd", "dropout", "muon_lr"):
                if getattr(self, option) is not None:
                    raise cli.UserError(f"a bigram is only a table; leave {_flag(option)} out")
        if self.init and self.model != "lecture":
            raise cli.UserError("--init takes a GPT-2, which is --model lecture")
        if self.init and (self.n_layer or self.n_head or self.n_embd):
            raise cli.UserError("--init brings the sizes along; leave --n-layer and the like out")

    def preset_for(self, gpu: bool) -> str:
        """The preset that was given, or the machine's."""
        return self.preset or ("baby" if gpu else "cpu")

    def recipe(self, gpu: bool) -> "Recipe":
        """How to train: what was given, and for the rest what the preset says."""
        from gpt.recipes import PRESETS, Recipe

        name = self.preset_for(gpu)
        if self.model not in PRESETS[name]:
            raise cli.UserError(f"--preset {name} has no {self.model}; leave --preset out")
        options = {field.name: getattr(self, field.name, None) for field in fields(Recipe)}
        given = {name: value for name, value in options.items() if value is not None}
        given |= {name: None for name in ("muon_lr", "clip") if given.get(name) == 0}
        if self.init and self.lr is None:
            given["lr"] = FINE_TUNING
        return replace(PRESETS[name][self.model], **given)


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")


def main(config: Config) -> None:
    """Train one model, from the start or from where it was stopped, and report on it."""
    import processes  # here, since PyTorch takes a second to import, and --help needs none

    with processes.started(config.device) as process:
        config.check()
        if config.resume:
            free = {"resume", "data", "device", "accumulate", "compile"}
            config = runs.Run.open(config.resume, LESSON).begun_with(config, free)
        train(config, process)


def train(config: Config, process: "Process") -> None:
    """What `main` does in one of several processes."""
    import report

    session = begin(config, process)
    if not fit(session, config.compile):
        best = session.state.best_dev
        dev = f"; best dev loss {best:.4f}" if math.isfinite(best) else ""
        print(f"stopped after step {session.state.step:,}{dev}")
        print(f"run: {session.run.path}/; to go on: python train.py --resume {session.run.path}")
        raise KeyboardInterrupt
    if process.first:
        session.load_best()
        results = report.measure(session)
        report.print_results(results)
        files = report.write_files(session, results)
        print(f"run: {session.run.path}/ ({', '.join(files)})")


def begin(config: Config, process: "Process") -> "Session":
    """The session that `config` asks for, in a new run folder, or in that of `--resume`."""
    import torch

    from gpt.corpus import Corpus
    from gpt.models import build
    from gpt.precision import find_dtype
    from session import Session

    read = partial(datasets.load, "shakespeare")
    recipe = config.recipe(gpu=process.device.type == "cuda")
    torch.manual_seed(config.seed)
    with cli.users_mistakes():
        if config.init:
            model, vocabulary, context = pretrained_model(config, recipe)
            recipe = replace(recipe, block_size=context)
            corpus = Corpus.open(config.data, read, vocabulary)
        else:
            corpus = Corpus.open(config.data, read)
            model = build(config.model, corpus.vocab_size, **recipe.sizes())
    print(f"data: {corpus.about}")
    dtype = find_dtype(config.dtype, process.device)
    session = Session(config.model, model, recipe, config.seed, corpus, process, dtype)
    if config.resume:
        run = runs.Run.open(config.resume, LESSON)
        if run.read_config()["sha256"] != corpus.sha256:
            mend = "give the same text with --data"
            raise cli.UserError(f"{config.data} is not what {run.path} was begun with; {mend}")
        session.put_in(run)
        session.load_last()
        print(f"resumed at step {session.state.step:,}")
    else:
        if process.first:
            run = runs.Run.create(config.runs, LESSON, config.name)
            settings = asdict(config) | {"preset": config.preset_for(process.device.type == "cuda")}
            run.write_config(settings, data=corpus.about, sha256=corpus.sha256)
        path = process.agree(str(run.path) if process.first else "")
        session.put_in(runs.Run(Path(path), LESSON))
    processes = f", {process.world} processes" if process.world > 1 else ""
    where = f"{process.device.type}, {str(dtype).removeprefix('torch.')}{processes}"
    print(f"model: {session.name}, {session.n_parameters():,} parameters; on {where}")
    return session


def pretrained_model(config: Config, recipe: "Recipe") -> "tuple[Model, Vocabulary, int]":
    """The GPT-2 of `--init`, what its tokens mean, and the context to train it with.

    For a run that goes on, its shape is enough, since `last.safetensors` has the weights.
    """
    from gpt import pretrained
    from gpt.corpus import restore
    from gpt.models import build

    if config.resume:
        about = checkpoints.load(config.resume / "last.safetensors").about
        model = build("lecture", about["vocab_size"], **about["sizes"])
        return model, restore(about["vocabulary"], config.resume), about["context"]
    folder = pretrained.find(str(config.init))
    gpt2 = pretrained.load(folder, recipe.dropout)
    context = config.block_size or min(recipe.block_size, gpt2.block_size)
    allowed = f"at most {gpt2.block_size}, the context of {config.init}"
    cli.require(context <= gpt2.block_size, "--block-size", context, allowed)
    return gpt2, pretrained.vocabulary(folder), context


def fit(session: "Session", compile: bool) -> bool:
    """Train until the end, or until Ctrl-C; whether it was the end."""
    import torch

    from gpt.flops import flops_per_token, peak_flops
    from processes import on_terminate

    recipe, state, process = session.recipe, session.state, session.process
    model = process.wrap(session.model, compile)
    flops = flops_per_token(session.model, recipe.block_size)
    peak = peak_flops(process.device, session.dtype) * process.world
    total = 100 if recipe.minutes else recipe.steps
    with (
        cli.interruptible() as interrupt,
        progress.bar(total, session.name, done=int(session.done() * total)) as advance,
    ):
        if process.world > 1:
            on_terminate(interrupt)
        if state.step == 0:
            session.save_last()
        saved, stop = time.perf_counter(), 0.0
        try:
            while True:
                if int(session.done() * EVALUATIONS) > state.evaluations:
                    evaluate(session)
                    saved = time.perf_counter()
                elif stop or time.perf_counter() - saved > SAVE_EVERY:
                    session.save_last()
                    saved = time.perf_counter()
                if stop or session.done() == 1:
                    return not stop
                before, began = session.done(), time.perf_counter()
                losses, rates = take_steps(session, model)
                figures = losses.tolist()  # waits for the device
                *figures, seconds, stop = process.mean(
                    *figures, time.perf_counter() - began, float(interrupt.requested)
                )
                note(session, figures, rates, seconds)
                speed = len(figures) * recipe.batch_size * recipe.block_size / seconds  # tokens/s
                shown = {"ktok/s": speed / 1000, "MFU %": 100 * speed * flops / peak}
                further = int(session.done() * total) - int(before * total)
                advance(further, loss=figures[-1], dev=state.best_dev, **shown)
        except torch.OutOfMemoryError:
            mend = "a larger --accumulate, or a smaller --batch-size, needs less"
            raise cli.UserError(f"the memory of {process.device} is full; {mend}") from None
        except RuntimeError as error:
            if not process.are_lost(error):
                raise
            session.save_last()
            raise ConnectionError(
                f"another process was lost after step {state.step:,}; to go on, with as many "
                f"processes as divide the batch: torchrun … train.py --resume {session.run.path}"
            ) from None


def take_steps(session: "Session", model: "nn.Module") -> "tuple[Tensor, list[float]]":
    """A few training steps: their losses (step,), and what part of the highest rates they had.

    Does not wait for the device.
    """
    import torch

    recipe, state, process = session.recipe, session.state, session.process
    losses, rates = [], []
    for _ in range(1 if process.device.type == "cpu" else STRETCH):
        if state.step == recipe.steps and not recipe.minutes:
            break
        losses.append(gradients(session, model))
        rates.append(session.lr_factor())
        if recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(session.model.parameters(), recipe.clip)
        for optimizer in session.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * rates[-1]
            optimizer.step()
        state.step += 1
    return torch.stack(losses), rates


def gradients(session: "Session", model: "nn.Module") -> "Tensor":
    """Compute this process's part of a batch, in portions; returns its mean loss.

    The gradients are then averages over all portions and all processes.
    """
    import torch

    from gpt.data import batch_at, seed_of
    from gpt.evaluation import nats
    from gpt.precision import autocast

    recipe, step, process = session.recipe, session.state.step, session.process
    portions = session.portions()
    for optimizer in session.optimizers:
        optimizer.zero_grad()
    total = torch.zeros((), device=process.device)
    for portion in range(portions):
        part, parts = process.rank * portions + portion, process.world * portions
        torch.manual_seed(seed_of(session.seed, step, part))  # for dropout
        size = recipe.block_size, recipe.batch_size
        x, y = batch_at(step, session.train, *size, session.seed, part, parts)
        x, y = process.to_device(x), process.to_device(y)
        with process.averaging(model, portion == portions - 1):
            with autocast(process.device, session.dtype):
                logits = model(x)
            loss = nats(logits, y) / portions
            loss.backward()
        total += loss.detach()
    return total


def note(session: "Session", losses: list[float], rates: list[float], seconds: float) -> None:
    """Add the losses of the newest steps to the state, and the seconds they took.

    `rates` are what part of the highest learning rates they had. Raises `UserError` when a loss is
    no number.
    """
    state = session.state
    first = state.step - len(losses)
    for step, (loss, rate) in enumerate(zip(losses, rates), start=first):
        if not math.isfinite(loss):
            raise diverged(session, f"at step {step} the loss is {loss}", rate)
    state.losses += sum(losses)
    state.batches += len(losses)
    state.seconds += seconds


def diverged(session: "Session", what: str, rate: float) -> cli.UserError:
    """What to say when the numbers have left the range of a float, at `rate` times the rates."""
    saved = session.best_path if session.best_path.exists() else session.last_path
    names = ("lr", "muon_lr", "embedding_lr")
    highest = {_flag(name): getattr(session.recipe, name) for name in names}
    lrs = (f"{flag} at {lr * rate:.3g}" for flag, lr in highest.items() if lr is not None)
    mend = f"begin again with a smaller one (the last good weights: {saved})"
    return cli.UserError(f"{what}, with {', '.join(lrs)}; {mend}")


def evaluate(session: "Session") -> None:
    """Measure the dev loss, log it, keep the weights if they are the best, and the state."""
    from gpt.evaluation import total_nats
    from gpt.precision import autocast

    state, process = session.state, session.process
    with autocast(process.device, session.dtype):
        block_size = session.recipe.block_size
        nats, count = total_nats(
            session.model, session.dev, block_size, process.rank, process.world
        )
    mean_nats, mean_count = process.mean(nats, count)
    dev, train = mean_nats / mean_count, state.losses / max(1, state.batches)
    if not math.isfinite(dev):
        raise diverged(
            session, f"after step {state.step} the dev loss is {dev}", session.lr_factor()
        )
    state.losses, state.batches = 0.0, 0
    state.evaluations = int(session.done() * EVALUATIONS)
    if process.first:
        session.run.log(step=state.step, seconds=round(state.seconds, 3), train=train, dev=dev)
    if dev < state.best_dev:
        state.best_step, state.best_dev = state.step, dev
        session.save_best()
    session.save_last()
    if process.first:
        text = session.write(SAMPLE, session.seed)
        session.run.write_text(f"samples/step-{state.step:05}.txt", text + "\n")
        print(f"step {state.step:,}: train {train:.4f}, dev {dev:.4f}: {text[:SHOWN]!r}")


if __name__ == "__main__":
    cli.run(main, Config)
