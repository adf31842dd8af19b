"""What there is to do with a trained model, and around it.

python -m gpt sample --run runs/NAME --prompt "ROMEO:" --tokens 500
python -m gpt attention --run runs/NAME --prompt "ROMEO:"    # what every head looks at
python -m gpt eval --run runs/NAME
python -m gpt export --run runs/NAME --to FOLDER             # for transformers
python -m gpt stages                # the lecture's model, piece by piece, beside the lecture
python -m gpt ablate                # what each change of the modern model is worth
python -m gpt learn                 # the exercises
"""

import codecs
import math
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Annotated, Any, Literal, TypedDict

import torch
from rich.console import Console
from rich.table import Column, Table
from tyro.conf import arg

from gpt import pretrained
from gpt.ablate import CHANGES, MODERN, train, variants
from gpt.attention_maps import attention_maps, draw_maps
from gpt.chars import Chars
from gpt.data import train_and_dev
from gpt.evaluation import estimate_loss
from gpt.exercises import LADDER
from gpt.generate import stream
from gpt.gpt2 import GPT2
from gpt.load import (
    LESSON,
    RANKS,
    describe,
    is_gpt2,
    load,
    open_corpus,
    require_known,
    start_ids,
)
from gpt.modern import Modern
from gpt.stages import run_stages
from shared import cli, datasets, devices, learn, plots, progress
from shared.runs import Run, atomic, checked
from shared.schedules import rise_and_fall

MAP_LIMIT = 64  # tokens; the labels of more cannot be read
LINE = "ROMEO:\nBut soft, what light"


@dataclass
class OfRun:
    """Something to do with one trained model."""

    run_folder: Annotated[str, arg(name="run", metavar="RUN")]
    """A run folder; or a GPT-2: a folder in Hugging Face's layout, or a name on its hub."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""


@dataclass
class Sample(OfRun):
    """Continue a prompt."""

    prompt: str = ""
    """The text to continue; by default, the start of a line."""
    tokens: int = 500
    """Tokens to sample."""
    count: int = 1
    """Samples, which are drawn as one batch."""
    temperature: float = 1.0
    """Below 1 favors likely tokens, above 1 unlikely ones; 0 takes the most likely one."""
    top_k: Annotated[int | None, arg(metavar="INT")] = None
    """Sample from the k most likely tokens only."""
    top_p: Annotated[float | None, arg(metavar="FLOAT")] = None
    """Sample from the fewest tokens that together have this probability."""
    seed: int = 1337
    """Seed of the draws."""

    def run(self) -> None:
        if self.temperature < 0:
            raise cli.UserError("--temperature must not be negative")
        if self.top_k is not None and self.top_k < 1:
            raise cli.UserError("--top-k must be at least 1")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise cli.UserError("--top-p is a probability, above 0 and at most 1")
        model, vocabulary = load(self.run_folder)
        require_known(self.prompt, vocabulary)
        prompt = vocabulary.encode(self.prompt) or start_ids(vocabulary)
        device = devices.find_device(self.device)
        tokens = stream(
            model.to(device),
            torch.tensor([prompt] * self.count, device=device),  # (count, time)
            self.tokens,
            generator=torch.Generator().manual_seed(self.seed),
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
        )
        if self.count > 1:
            for i, row in enumerate(torch.cat(list(tokens), 1).tolist(), start=1):
                print(f"--- sample {i} ---\n{self.prompt}{vocabulary.decode(row)}")
            return
        decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a token may end in a character
        print(self.prompt, end="", flush=True)
        for token in tokens:
            print(decoder.decode(vocabulary.to_bytes([int(token)])), end="", flush=True)
        print(decoder.decode(b"", final=True))


@dataclass
class Attention(OfRun):
    """Draw what every head looks at while the model reads a prompt."""

    prompt: Annotated[str | None, arg(metavar="TEXT")] = None
    """The text to read; by default, a famous line."""
    out: Path = Path("attention.svg")
    """The picture to write, as .svg or .png."""

    def run(self) -> None:
        if self.out.suffix not in (".svg", ".png"):
            raise cli.UserError(f"the picture is SVG or PNG; let --out {self.out} end so")
        if self.out.exists():
            raise cli.UserError(f"{self.out} exists already; choose another name with --out")
        model, vocabulary = load(self.run_folder)
        if not isinstance(model, GPT2 | Modern):
            name = type(model).__name__
            raise cli.UserError(f"{self.run_folder} is a {name}, whose heads cannot be drawn")
        limit = min(MAP_LIMIT, model.block_size)
        text = LINE if self.prompt is None else self.prompt
        require_known(text, vocabulary)
        ids = vocabulary.encode(text)
        if self.prompt is None:
            ids = ids[-limit:]
        if not 1 <= len(ids) <= limit:
            raise cli.UserError(f"--prompt has {len(ids)} tokens; it must have 1 to {limit}")
        device = devices.find_device(self.device)
        maps = attention_maps(model.to(device), torch.tensor(ids, device=device)).cpu()
        with atomic(self.out) as path:
            plots.save(draw_maps(maps, [vocabulary.decode([i]) for i in ids]), path)
        print(f"{self.out}: {maps.shape[0]} blocks, {maps.shape[1]} heads, {len(ids)} tokens")


@dataclass
class Eval(OfRun):
    """Measure the loss on the whole dev split."""

    data: str = ""
    """A text to measure on instead; by default the run's, or Shakespeare."""
    block_size: Annotated[int | None, arg(metavar="INT")] = None
    """Context length, in tokens; by default the model's."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of matrix products; auto is that of the run's training."""

    def run(self) -> None:
        model, vocabulary = load(self.run_folder)
        trained: Trained = {"data": "shakespeare", "dtype": "float32", "sha256": None}
        if not is_gpt2(self.run_folder):
            trained = read_trained(Path(self.run_folder))
        block_size = model.block_size if self.block_size is None else self.block_size
        if not 1 <= block_size <= model.block_size:
            context = f"the model's context, {model.block_size}"
            raise cli.UserError(f"--block-size must be at least 1 and at most {context}")
        corpus = open_corpus(self.data or trained["data"], vocabulary)
        if not self.data and trained["sha256"] not in (None, corpus.sha256):
            fix = "pass --data to choose a text"
            raise cli.UserError(f"{corpus.description} is not the text of {self.run_folder}; {fix}")
        _, dev = train_and_dev(corpus.ids)
        if len(dev) <= block_size:
            few = f"the dev split has only {len(dev):,} tokens"
            raise cli.UserError(f"{few}; give a smaller --block-size or a longer text")
        device = devices.find_device(self.device)
        dtype = trained["dtype"] if self.dtype == "auto" else self.dtype
        with torch.autocast(device.type, torch.bfloat16, enabled=dtype == "bfloat16"):
            loss = estimate_loss(model.to(device), dev, block_size)
        n = len(dev) - 1
        text = vocabulary.to_bytes(dev.ids[dev.start + 1 : dev.stop].tolist())
        characters = len(text.decode("utf-8", "replace"))
        bits = loss * n / math.log(2)
        print(f"dev: {n:,} tokens, {characters:,} characters, {len(text):,} bytes")
        print(f"loss: {loss:.4f} nats a token, context {block_size}, {dtype}")
        print(f"that is {bits / characters:.4f} bits a character, {bits / len(text):.4f} a byte")


class Trained(TypedDict):
    """What `eval` needs to know of a model's training; `sha256` identifies the text."""

    data: str
    dtype: Literal["float32", "bfloat16"]
    sha256: str | None


def read_trained(folder: Path) -> Trained:
    """The same from a run's config.json; raises `UserError` if it is damaged."""
    path, stored = folder / "config.json", Run.open(folder, LESSON).read_config()
    config = checked(stored.get("config"), dict[str, Any], str(path))
    named = {name: config.get(name) for name in ("data", "dtype")}
    return checked({**named, "sha256": stored.get("sha256")}, Trained, str(path))


@dataclass
class Export:
    """Write the weights of a run of --model gpt2 in Hugging Face's layout, for transformers."""

    run_folder: Annotated[str, arg(name="run", metavar="RUN")]
    """The run folder."""
    to: Annotated[Path, arg(metavar="FOLDER")]
    """The folder to make."""

    def run(self) -> None:
        model, vocabulary = load(self.run_folder)
        if not isinstance(model, GPT2):
            raise cli.UserError(f"{self.run_folder} is not a GPT-2; train one with --model gpt2")
        if self.to.exists():
            raise cli.UserError(f"--to {self.to} exists; choose another folder")
        pretrained.save(model, self.to, vocabulary=describe(vocabulary))
        files = ["config.json", "model.safetensors"]
        ranks = Path(self.run_folder) / RANKS
        if ranks.is_file():
            (self.to / RANKS).write_bytes(ranks.read_bytes())
            files.append(RANKS)
        print(f"{self.to}/: {', '.join(files)}")


@dataclass
class Ablate:
    """Train the modern model without each of its changes, and print what they are worth."""

    data: str = "shakespeare"
    """A text file; `shakespeare`; `bundled`."""
    steps: int = 200
    """Training steps of each model."""
    seeds: int = 1
    """Average over this many seeds."""
    seed: int = 1337
    """The first seed, of weights and batches."""
    name: str = ""
    """Name of the run's folder; by default the date and time."""
    runs: Path = Path("runs")
    """The folder of run folders."""

    def run(self) -> None:
        if self.steps < 1 or self.seeds < 1:
            raise cli.UserError("--steps and --seeds must be at least 1")
        corpus = open_corpus(self.data)
        split, dev = train_and_dev(corpus.ids)
        size = MODERN["block_size"]
        if len(dev) <= size:
            raise cli.UserError(f"{self.data} is too short for contexts of {size} tokens")
        print(f"data: {corpus.description}")
        run = Run.create(self.runs, LESSON, self.name)
        run.write_config(asdict(self), data=corpus.description, sha256=corpus.sha256)
        cpu = torch.device("cpu")
        bfloat16 = devices.find_dtype("auto", cpu) == "bfloat16"
        autocast = torch.autocast("cpu", torch.bfloat16, enabled=bfloat16)
        losses: dict[str, list[float]] = {}
        times: dict[str, list[float]] = {}
        total = (len(CHANGES) + 3) * self.steps * self.seeds
        with progress.bar(total, "ablate") as advance:
            for seed in range(self.seed, self.seed + self.seeds):
                for name, model, options in variants(len(corpus.vocabulary), seed):
                    settings = options["warm_up"], options["decay"], options["final_lr"]
                    steps = range(self.steps)
                    factors = [rise_and_fall(k, k / self.steps, *settings) for k in steps]
                    clock = [time.perf_counter()]
                    for loss in train(model, options, split, seed, factors, autocast):
                        clock.append(time.perf_counter())
                        advance(loss=loss)
                    times.setdefault(name, []).extend(b - a for a, b in pairwise(clock))
                    with autocast:
                        losses.setdefault(name, []).append(estimate_loss(model, dev, size))
        first = losses["all of it"]
        columns = [Column(name, justify="right") for name in ("dev loss", "worth", "ms a step")]
        table = Table("model", *columns, box=None)
        results = {}
        for name, devs in losses.items():
            worth = [loss - other for loss, other in zip(devs, first)]
            milliseconds = 1000 * median(times[name])
            results[name] = {"dev": devs, "milliseconds": milliseconds}
            spread = f" ({min(worth):+.4f} to {max(worth):+.4f})" if self.seeds > 1 else ""
            row = f"{mean(devs):.4f}", f"{mean(worth):+.4f}{spread}", f"{milliseconds:.0f}"
            table.add_row(name, *row)
        run.write_json("ablate.json", results)
        Console().print(table)
        print(f"run: {run.path}/ (ablate.json)")


@dataclass
class Stages:
    """Train every stage of the lecture's model, and print its dev loss beside the lecture's."""

    data: str = "shakespeare"
    """A text file; or `shakespeare`; or `bundled`."""
    seeds: int = 3
    """Models to train at each stage; the dev loss is their mean."""

    def run(self) -> None:
        if self.seeds < 1:
            raise cli.UserError("--seeds must be at least 1")
        dataset = datasets.load("shakespeare", self.data)
        if len(dataset.text) < 1000:
            raise cli.UserError(f"{self.data} is too short; give at least 1,000 characters")
        chars = Chars.of(dataset.text)
        ids = torch.tensor(chars.encode(dataset.text))
        print(f"data: {dataset}")
        torch.set_num_threads(1)  # the models are too small for more
        print(f"{'stage':<12}{'parameters':>11}{'dev loss':>18}{'the lecture':>13}{'seconds':>9}")
        for result in run_stages(ids, len(chars), self.seeds):
            stage, figure = result.recipe.stage, result.recipe.lecture
            loss, lecture = f"{result.loss:.4f} ± {result.spread:.4f}", f"{figure or '-'}"
            row = f"{stage:<12}{result.n_parameters:>11,}{loss:>18}{lecture:>13}"
            print(f"{row}{result.seconds:>9.1f}", flush=True)


class Learn(learn.Learn):  # noqa: D101 (its help is that of all lessons)
    __doc__ = learn.Learn.__doc__
    ladder = LADDER


VERBS: dict[str, type[cli.Verb]] = {
    "sample": Sample,
    "attention": Attention,
    "eval": Eval,
    "export": Export,
    "stages": Stages,
    "ablate": Ablate,
    "learn": Learn,
}

if __name__ == "__main__":
    cli.run_verbs(
        VERBS, "Use a trained Transformer, look into it, take it apart, and write it yourself."
    )
