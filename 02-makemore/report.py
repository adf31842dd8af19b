"""What a finished run has to show: losses, new words, pictures, and all models side by side."""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager, get_font
from rich.console import Console
from rich.table import Column, Table
from torch import Tensor, nn

from makemore.load import LESSON, Data, load
from makemore.loss import estimate_loss, perplexity
from makemore.models import examples
from makemore.models.bigram import BigramCounts
from makemore.sampling import Origins, sample
from makemore.words import Alphabet
from shared import plots
from shared.runs import Run

SHOWN = 10  # new words that are printed
MANY = 1000  # new words whose origin is counted
MAP_LIMIT = 100  # characters; more in a picture cannot be read

Results = dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """How much training a model had."""

    steps: int
    best_step: int
    seconds: float
    characters: float  # that it had to predict


def report(
    run: Run,
    model: nn.Module,
    data: Data,
    trained: Trained | None,
    *,
    name: str,
    test: bool,
    seed: int,
) -> Results:
    """Print losses and new words, and write them and pictures to the run folder.

    `trained` is None for a model that was counted.
    """
    results = {"model": name, **measure(model, data, trained, test)}
    print_results(results)
    print_samples(run, model, data, seed)
    files = write_files(run, model, data, results)
    print(f"run: {run.path}/ ({', '.join(files)})", flush=True)
    return results


def measure(model: nn.Module, data: Data, trained: Trained | None, test: bool) -> Results:
    """The losses of the model, in nats per character, and how fast training was.

    `dev_new` is the loss on those dev words that are not in train as well, if there are any. The
    test split is used only if `test` says so.
    """
    known = set(data.train)
    splits = {"train": data.train, "dev": data.dev}
    if unseen := [word for word in data.dev if word not in known]:
        splits["dev_new"] = unseen
    if test:
        splits["test"] = data.test
    losses = {split: loss_on(model, words, data.alphabet) for split, words in splits.items()}
    speed = trained.characters / trained.seconds if trained and trained.seconds else None
    return {
        "parameters": count_parameters(model),
        "steps": trained.steps if trained else 0,
        "best_step": trained.best_step if trained else 0,
        "seconds": trained.seconds if trained else 0.0,
        "characters_per_second": speed,
        **{split: loss if math.isfinite(loss) else None for split, loss in losses.items()},
    }


def loss_on(model: nn.Module, words: list[str], alphabet: Alphabet) -> float:
    """The loss on these words, in nats per character."""
    device = next(iter(model.state_dict().values())).device
    x, y = examples(model, sorted(words, key=len), alphabet)
    return estimate_loss(model, x.to(device), y.to(device))


def count_parameters(model: nn.Module) -> int:
    """How many numbers the model has learned; for a table, its counts."""
    return sum(p.numel() for p in model.parameters()) or sum(b.numel() for b in model.buffers())


def print_results(results: Results) -> None:
    """Print the figures, a line each."""
    if results["characters_per_second"]:
        speed = f"{results['characters_per_second']:,.0f} characters/s"
        print(f"trained: {results['steps']:,} steps in {results['seconds']:.0f} s, {speed}")
    steps = f", after {results['best_step']:,} steps" if results["steps"] else ""
    for split, what in (
        ("train", "train"),
        ("dev", f"dev{steps}"),
        ("dev_new", "dev words that are not also in train"),
        ("test", "test"),
    ):
        if split == "dev_new" and in_units(results.get(split)) == in_units(results["dev"]):
            continue  # no dev word is in train
        if split in results:
            print(f"loss: {in_units(results[split])} ({what})")


def in_units(loss: float | None) -> str:
    """A loss in its three units."""
    if loss is None:
        return "infinite: a word has characters in a sequence that never occurs in train"
    bits = loss / math.log(2)
    return f"{loss:.4f} nats a character, {bits:.4f} bits, perplexity {perplexity(loss):.2f}"


def print_samples(run: Run, model: nn.Module, data: Data, seed: int) -> None:
    """Print new words and where each is from, and the shares among many, kept in samples.txt."""
    origins = Origins.of(data.train, data.dev)
    words = new_words(model, data, MANY, seed)
    lines = [f"{word} ({origins.of_word(word)})" for word in words]
    run.write_text("samples.txt", "\n".join(lines) + "\n")
    print("samples:")
    for line in lines[:SHOWN]:
        print(f"  {line}")
    print(f"of {MANY:,} samples: {origins.shares(words)}")


def new_words(model: nn.Module, data: Data, count: int, seed: int) -> list[str]:
    """`count` words by the model."""
    generator = torch.Generator().manual_seed(seed)
    ids = sample(model, count, data.words.longest, generator)
    return [data.alphabet.decode(word) for word in ids]


def write_files(run: Run, model: nn.Module, data: Data, results: Results) -> list[str]:
    """Write figures and pictures to the run folder; returns the names of the files."""
    run.write_json("results.json", results)
    figures = {}
    if metrics := run.read_metrics():
        curves = {
            split: [(line["step"], line[split]) for line in metrics] for split in ("train", "dev")
        }
        figures["loss.svg"] = plots.loss_curve(curves, ylabel="nats per character")
    labels = [".", *data.alphabet.characters]
    if isinstance(model, BigramCounts) and len(labels) <= MAP_LIMIT:
        cells = model.probabilities().tolist()
        figures["bigram.svg"] = plots.heat_map(cells, labels, labels, "P(column | row)")
    embedding = embedding_of(model)
    if embedding is not None and embedding.shape[1] >= 2 and 3 < len(labels) <= MAP_LIMIT:
        figures["embedding.svg"] = scatter(embedding, labels)
    shown = data.alphabet.characters if figures.keys() - {"loss.svg"} else ""
    with rc_context({"font.family": fonts_for(shown)}):
        for name, figure in figures.items():
            with run.writing(name) as path, warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Glyph .* missing from font")
                plots.save(figure, path)
    return ["model.safetensors", "results.json", "samples.txt", *figures]


def fonts_for(characters: str) -> list[str]:
    """Fonts of this machine that together have these characters, matplotlib's own first.

    Warns, in one line, of characters that none has; they are drawn as empty boxes.
    """
    families, missing = ["DejaVu Sans"], {ord(character) for character in characters}
    for font in sorted(fontManager.ttflist, key=lambda font: font.name not in families):
        if missing and font.name != "Last Resort High-Efficiency":  # which has boxes for all
            found = missing & get_font(font.fname).get_charmap().keys()
            missing -= found
            if found and font.name not in families:
                families.append(font.name)
    if missing:
        some = ", ".join(chr(code) for code in sorted(missing)[:5])
        message = f"no font on this machine has {len(missing)} of the characters, such as {some}"
        warnings.warn(f"{message}; pictures show boxes instead", stacklevel=1)
    return families


def embedding_of(model: nn.Module) -> Tensor | None:
    """The embeddings of the characters (vocab, n_embd), if the model has any."""
    names = ("C", "layers.layers.0.weight", "embedding.weight", "token_embedding.weight")
    weights = model.state_dict()
    return next((weights[name].cpu() for name in names if name in weights), None)


def scatter(embedding: Tensor, labels: list[str]) -> Figure:
    """The characters where their embeddings lie in the two directions of largest variance."""
    centered = embedding - embedding.mean(0)
    _, lengths, directions = torch.linalg.svd(centered, full_matrices=False)
    xs, ys = (centered @ directions[:2].T).T.tolist()
    shares = (lengths**2 / (lengths**2).sum()).tolist()
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.add_subplot(
        xlabel=f"{shares[0]:.0%} of the variance", ylabel=f"{shares[1]:.0%} of the variance"
    )
    axes.scatter(xs, ys, s=200, color="C0", alpha=0.25)
    for character, x, y in zip(labels, xs, ys):
        axes.annotate(character.replace("$", r"\$"), (x, y), ha="center", va="center")
    axes.grid(alpha=0.3)
    return figure


def print_comparison(folder: Path, everything: list[Results], data: Data, seed: int) -> None:
    """Print all models in one table, and below it a few words by each."""
    numbers = ("parameters", "train", "dev", "bits", "characters/s", "steps")
    table = Table("model", *(Column(name, justify="right") for name in numbers), box=None)
    for results in everything:
        speed, dev = results["characters_per_second"], results["dev"]
        table.add_row(
            results["model"],
            f"{results['parameters']:,}",
            *(f"{loss:.4f}" if loss is not None else "inf" for loss in (results["train"], dev)),
            f"{dev / math.log(2):.4f}" if dev is not None else "inf",
            f"{speed:,.0f}" if speed else "-",
            f"{results['steps']:,}" if results["steps"] else "-",
        )
    Console().print(table)
    print("nats per character in train and dev; bits per character in dev. Samples:")
    for results in everything:
        model, _ = load(folder / results["model"])
        print(f"  {results['model']}: {', '.join(new_words(model, data, 6, seed))}")


def save_comparison(folder: Path, everything: list[Results], path: Path) -> None:
    """Dev loss against seconds of training, a curve for each model, in `path`."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="seconds of training", ylabel="dev loss, nats per character")
    for results in everything:
        metrics = Run(folder / results["model"], LESSON).read_metrics()
        if metrics:
            curve = [(line["seconds"], line["dev"]) for line in metrics]
            axes.plot(*zip(*curve), label=results["model"])
        elif results["dev"] is not None:  # counted at once
            axes.axhline(results["dev"], color="gray", linestyle="--", label=results["model"])
    axes.grid(alpha=0.3)
    axes.legend()
    plots.save(figure, path)
