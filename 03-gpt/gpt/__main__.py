"""What there is to do with a trained model, and around it.

python -m gpt sample --run runs/NAME --prompt "ROMEO:" --tokens 500
python -m gpt attention --run runs/NAME --prompt "ROMEO:"    # what every head looks at
python -m gpt eval --run runs/NAME
python -m gpt export --run runs/NAME --to FOLDER             # for transformers
python -m gpt ablate                # what each change of the modern model is worth
"""

import codecs
import math
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

try:
    from rich.console import Console
    from rich.table import Column, Table
    from tyro.conf import arg

    from shared import checkpoints, cli, datasets, plots, progress, schedules
    from shared.runs import Run, atomic

    for package in ("matplotlib", "safetensors", "tiktoken", "torch"):
        if find_spec(package) is None:  # only looked for: importing them would slow down --help
            raise ImportError(f"No module named {package!r}")
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor

    from gpt.corpus import Vocabulary
    from gpt.models import Model
    from gpt.recipes import Recipe

LESSON = "gpt"
MAP_LIMIT = 64  # tokens; more in a picture cannot be read
LINE = "ROMEO:\nBut soft, what light"


@dataclass
class Trained:
    """A model, what its tokens mean, the context and the text that it was trained with."""

    model: "Model"
    vocabulary: "Vocabulary"
    context: int
    data: str = "shakespeare"
    sha256: str | None = None  # of that text; None for a model that was not trained here

    @classmethod
    def load(cls, name: str) -> "Trained":
        """The best weights of a run; or a GPT-2 in Hugging Face's layout, or from its hub.

        Raises `UserError` for what is none of them.
        """
        from gpt import pretrained
        from gpt.corpus import restore
        from gpt.models import build

        folder = Path(name)
        path = folder / "model.safetensors"
        with cli.users_mistakes():
            if not folder.is_dir() or "model_type" in Run(folder, LESSON).read_config():
                folder = pretrained.find(name)
                gpt2 = pretrained.load(folder).eval()
                return cls(gpt2, pretrained.vocabulary(folder), gpt2.block_size)
            begun = Run.open(folder, LESSON).read_config()
            checkpoint = checkpoints.load(path)
            about = checkpoint.about
            if about.get("lesson") != LESSON:
                raise cli.UserError(f"{path} is no model of this lesson; name another run")
            model = build(about["model"], about["vocab_size"], **about["sizes"])
            model.load_state_dict(checkpoint.part("model"))
            vocabulary, data = restore(about["vocabulary"], folder), begun["config"]["data"]
            return cls(model.eval(), vocabulary, about["context"], data, begun["sha256"])

    def ids(self, prompt: str) -> list[int]:
        """The prompt's tokens; raises `UserError` for a character that has none."""
        with cli.users_mistakes():
            return self.vocabulary.encode(prompt)


@dataclass
class OfRun:
    """Something to do with one trained model."""

    run_folder: Annotated[str, arg(name="run", metavar="RUN")]
    """The folder of a training run, or of a GPT-2 in Hugging Face's layout, or its name there."""


@dataclass
class Sample(OfRun):
    """Let the model go on from a prompt."""

    prompt: str = ""
    """What to go on from; by default the beginning of a line."""
    tokens: int = 500
    """How many to write."""
    temperature: float = 1.0
    """Below 1 more of what is likely, above 1 less; 0 for the one likeliest token."""
    top_k: Annotated[int | None, arg(metavar="INT")] = None
    """Only the so many likeliest tokens come into the draw."""
    top_p: Annotated[float | None, arg(metavar="FLOAT")] = None
    """Only the likeliest tokens that together have this probability come into the draw."""
    seed: int = 1337
    """Seed of the draw."""

    def run(self) -> None:
        from gpt.corpus import beginning
        from gpt.generate import check_draw, generate

        with cli.users_mistakes():
            check_draw(self.temperature, self.top_k, self.top_p)
        cli.require(1 <= self.tokens <= 10**9, "--tokens", self.tokens, "from 1 to 1,000,000,000")
        cli.require(0 <= self.seed < 2**31, "--seed", self.seed, "from 0 to 2**31 - 1")
        trained = Trained.load(self.run_folder)
        ids = trained.ids(self.prompt) or beginning(trained.vocabulary)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a token may end within one
        print(self.prompt, end="", flush=True)
        with cli.users_mistakes():
            for token in generate(
                trained.model,
                ids,
                self.tokens,
                temperature=self.temperature,
                top_k=self.top_k,
                top_p=self.top_p,
                seed=self.seed,
            ):
                text = decoder.decode(trained.vocabulary.to_bytes([token]))
                print(text, end="", flush=True)
        print(decoder.decode(b"", final=True))


@dataclass
class Attention(OfRun):
    """Draw what every head looks at while the model reads a prompt."""

    prompt: Annotated[str | None, arg(metavar="TEXT")] = None
    """The text to read; by default, a famous line."""
    out: Path = Path("attention.svg")
    """The picture to write, as .svg or .png."""

    def run(self) -> None:
        import torch

        from gpt.attention_maps import attention_maps
        from gpt.bigram import Bigram

        cli.require(
            self.out.suffix in (".svg", ".png"), "--out", self.out, "a name in .svg or .png"
        )
        cli.require(self.out.parent.is_dir(), "--out", self.out, "in a folder that exists")
        cli.require(not self.out.exists(), "--out", self.out, "a file that does not exist yet")
        trained = Trained.load(self.run_folder)
        if isinstance(trained.model, Bigram):
            raise cli.UserError(f"{self.run_folder} is a bigram, which has no attention")
        limit = min(MAP_LIMIT, trained.model.block_size)
        ids = trained.ids(self.prompt) if self.prompt is not None else trained.ids(LINE)[-limit:]
        allowed = f"of 1 to {limit} tokens"
        cli.require(1 <= len(ids) <= limit, "--prompt", f"{len(ids)}", allowed)
        maps = attention_maps(trained.model, torch.tensor(ids))
        tokens = [trained.vocabulary.decode([i]) for i in ids]
        with atomic(self.out) as path:
            plots.save(draw_maps(maps, tokens), path)
        print(f"{self.out}: {maps.shape[0]} blocks, {maps.shape[1]} heads, {len(ids)} tokens")


def draw_maps(maps: "Tensor", tokens: list[str]) -> "Figure":
    """Maps (layer, head, time, time) in a grid: a row for each block, a column for each head."""
    from matplotlib.figure import Figure

    n_layer, n_head, time, _ = maps.shape
    labels = [token.replace("\n", "⏎").replace(" ", "␣").replace("$", r"\$") for token in tokens]
    side = max(2.0, 0.13 * time)
    figure = Figure(figsize=(side * n_head, side * n_layer), layout="constrained")
    for layer in range(n_layer):
        for head in range(n_head):
            place = layer * n_head + head + 1
            axes = figure.add_subplot(n_layer, n_head, place, title=f"block {layer}, head {head}")
            axes.imshow(maps[layer, head].tolist(), cmap="Blues", vmin=0, vmax=1)
            axes.set_xticks(range(time), labels, fontsize=6, family="monospace")
            axes.set_yticks(range(time), labels, fontsize=6, family="monospace")
            axes.tick_params(length=0)
    return figure


@dataclass
class Eval(OfRun):
    """Measure the loss on the whole dev split."""

    data: str = ""
    """A text to measure on instead; by default the run's, or Shakespeare."""
    block_size: Annotated[int | None, arg(metavar="INT")] = None
    """Tokens that the model may see; by default as many as it was trained with."""

    def run(self) -> None:
        from gpt.corpus import Corpus
        from gpt.data import train_and_dev
        from gpt.evaluation import total_nats

        trained = Trained.load(self.run_folder)
        longest = trained.model.block_size
        block_size = trained.context if self.block_size is None else self.block_size
        allowed = f"from 1 to {longest}, the model's context"
        cli.require(1 <= block_size <= longest, "--block-size", block_size, allowed)
        read = partial(datasets.load, "shakespeare")
        with cli.users_mistakes():
            corpus = Corpus.open(self.data or trained.data, read, trained.vocabulary)
            _, dev = train_and_dev(corpus.stream, block_size)
        if not self.data and trained.sha256 not in (None, corpus.sha256):
            mend = "say with --data on what to measure"
            raise cli.UserError(f"{corpus.about} is not the text of {self.run_folder}; {mend}")
        nats, count = total_nats(trained.model, dev, block_size)
        text = trained.vocabulary.to_bytes(dev.stream.read(dev.start + 1, dev.stop).tolist())
        characters = len(text.decode("utf-8", "replace"))
        bits = nats / math.log(2)
        print(f"dev: {count:,} tokens, {characters:,} characters, {len(text):,} bytes")
        print(f"loss: {nats / count:.4f} nats a token, context {block_size}")
        print(f"that is {bits / characters:.4f} bits a character, {bits / len(text):.4f} a byte")


@dataclass
class Export(OfRun):
    """Write a lecture model's weights in Hugging Face's layout, for transformers."""

    to: Annotated[Path, arg(metavar="FOLDER")]
    """The folder to make."""

    def run(self) -> None:
        from gpt import pretrained
        from gpt.corpus import RANKS, describe
        from gpt.model import GPT

        trained = Trained.load(self.run_folder)
        if not isinstance(trained.model, GPT):
            reason = "only --model lecture has GPT-2's shape"
            raise cli.UserError(f"{self.run_folder} cannot be exported: {reason}")
        if self.to.exists():
            raise cli.UserError(f"--to {self.to} exists; name another folder")
        pretrained.save(trained.model, self.to, vocabulary=describe(trained.vocabulary))
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
    """A text file; or `shakespeare`; or `bundled`."""
    steps: int = 200
    """Training steps of each."""
    seed: int = 1337
    """Seed of the weights and the batches."""
    name: str = ""
    """Name of the run's folder; by default the date and the time."""
    runs: Path = Path("runs")
    """Where run folders go."""

    def run(self) -> None:
        from gpt.ablate import CHANGES, train, variants
        from gpt.corpus import Corpus
        from gpt.data import train_and_dev
        from gpt.evaluation import total_nats
        from gpt.recipes import PRESETS

        cli.require(1 <= self.steps <= 1_000_000, "--steps", self.steps, "from 1 to 1,000,000")
        cli.require(0 <= self.seed < 2**31, "--seed", self.seed, "from 0 to 2**31 - 1")
        with cli.users_mistakes():
            corpus = Corpus.of_text(datasets.load("shakespeare", self.data))
            block_size = PRESETS["cpu"]["modern"].block_size
            train_split, dev = train_and_dev(corpus.stream, block_size)
        print(f"data: {corpus.about}")
        run = Run.create(self.runs, LESSON, self.name)
        run.write_config(asdict(self), data=corpus.about, sha256=corpus.sha256)
        columns = [Column(name, justify="right") for name in ("dev loss", "worth", "ms a step")]
        table = Table("model", *columns, box=None)
        results: dict[str, dict[str, float]] = {}
        with progress.bar((len(CHANGES) + 3) * self.steps, "ablate") as advance:
            for variant in variants(corpus.vocab_size, self.steps, self.seed):
                times = [time.perf_counter()]
                for loss in train(variant, train_split, self.seed, lr_factor):
                    times.append(time.perf_counter())
                    advance(loss=loss)
                milliseconds = 1000 * median(b - a for a, b in pairwise(times))
                nats, count = total_nats(variant.model, dev, block_size)
                results[variant.name] = {"dev": nats / count, "milliseconds": milliseconds}
                worth = nats / count - next(iter(results.values()))["dev"]
                row = f"{nats / count:.4f}", f"{worth:+.4f}", f"{milliseconds:.0f}"
                table.add_row(variant.name, *row)
                run.write_json("ablate.json", results)
        Console().print(table)
        print(f"run: {run.path}/ (ablate.json)")


def lr_factor(step: int, recipe: "Recipe") -> float:
    """What a step's learning rates are of the highest ones."""
    settings = recipe.warm_up, recipe.decay, recipe.final
    return schedules.rise_and_fall(step, step / recipe.steps, *settings)


VERBS = {
    "sample": Sample,
    "attention": Attention,
    "eval": Eval,
    "export": Export,
    "ablate": Ablate,
}

if __name__ == "__main__":
    cli.run_verbs(VERBS, "Use a trained Transformer, look into it, and take it apart.")
