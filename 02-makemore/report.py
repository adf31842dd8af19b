"""What a finished run has to show: losses, new words, pictures, and all models side by side."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console
from rich.table import Column, Table
from torch import Tensor, nn

from makemore.loss import mean_nats, perplexity
from makemore.models.bigram import BigramCounts
from makemore.sampling import Origins, sample
from session import Session
from shared import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from makemore.words import Alphabet

SHOWN = 10  # new words that are printed
MANY = 1000  # new words whose origin is counted
MAP_LIMIT = 100  # characters; more in a picture cannot be read

Results = dict[str, Any]


def measure(session: Session, test: bool) -> Results:
    """The losses of the best weights, in nats per character, and how fast training was.

    `dev_new` is the loss on those dev words that are not in train as well, if there are any. The
    test split is looked at only when `test` says so.
    """
    session.load_best()
    state, data = session.state, session.data
    known = set(data.splits.train)
    losses = {
        "train": mean_nats(session.model, session.train_rows),
        "dev": mean_nats(session.model, session.dev_rows),
    }
    unseen = [word for word in data.splits.dev if word not in known]
    if unseen:
        losses["dev_new"] = mean_nats(session.model, data.rows(unseen))
    if test:
        losses["test"] = mean_nats(session.model, data.rows(data.splits.test))
    words = state.step * session.recipe.batch_size
    return {
        "model": session.name,
        "parameters": session.n_parameters(),
        "steps": state.step,
        "best_step": state.best_step,
        "seconds": state.seconds,
        "words_per_second": words / state.seconds if state.seconds else None,
        **{name: loss if math.isfinite(loss) else None for name, loss in losses.items()},
    }


def print_results(results: Results) -> None:
    """The figures, a line each."""
    if results["words_per_second"]:
        speed = f"{results['words_per_second']:,.0f} words/s"
        print(f"trained: {results['steps']:,} steps in {results['seconds']:.0f} s, {speed}")
    counted = results["model"] == "bigram"
    for split, what in (
        ("train", "train"),
        ("dev", "dev" if counted else f"dev, after {results['best_step']:,} steps"),
        ("dev_new", "dev words that are not also in train"),
        ("test", "test"),
    ):
        if split == "dev_new" and in_words(results.get(split)) == in_words(results["dev"]):
            continue  # no dev word is in train
        if split in results:
            print(f"loss: {in_words(results[split])} ({what})")


def in_words(nats: float | None) -> str:
    """A loss in its three units."""
    if nats is None:
        return "infinite: a word has a pair of characters that train has not"
    bits = nats / math.log(2)
    return f"{nats:.4f} nats a character, {bits:.4f} bits, perplexity {perplexity(nats):.2f}"


def print_samples(session: Session, seed: int) -> None:
    """New words, each with where it is from, and the shares among many, which go to samples.txt."""
    origins = Origins.of(session.data.splits.train, session.data.splits.dev)
    words = new_words(session, MANY, seed)
    lines = [f"{word} ({origins.of_word(word)})" for word in words]
    session.run.write_text("samples.txt", "\n".join(lines) + "\n")
    print("samples:")
    for line in lines[:SHOWN]:
        print(f"  {line}")
    print(f"of {MANY:,} samples: {origins.shares(words)}")


def new_words(session: Session, count: int, seed: int) -> list[str]:
    """`count` words from the model."""
    found = sample(session.model, count, session.data.words.longest, seed)
    return [session.data.alphabet.decode(ids) for ids in found]


def write_files(session: Session, results: Results) -> list[str]:
    """Put figures and pictures into the run folder; returns the names of the files."""
    run = session.run
    run.write_json("results.json", results)
    figures = {}
    metrics = run.read_metrics()
    if len(metrics) > 1:
        figures["loss.svg"] = loss_curve(metrics)
    alphabet = session.data.alphabet
    if isinstance(session.model, BigramCounts) and len(alphabet) <= MAP_LIMIT:
        labels = [".", *alphabet.characters]
        cells = session.model.probabilities().tolist()
        title = "P(column | row)"
        figures["bigram.svg"] = plots.heat_map(cells, labels, labels, title)
    for module in session.model.children():
        if isinstance(module, nn.Embedding):  # the first is that of the characters
            if module.embedding_dim >= 2 and 3 <= len(alphabet) <= MAP_LIMIT:
                figures["embedding.svg"] = scatter(module.weight.detach(), alphabet)
            break
    for name, figure in figures.items():
        with run.writing(name) as path:
            plots.save(figure, path)
    texts = ["config.json", "results.json", "metrics.jsonl", "samples.txt", "model.safetensors"]
    return [*texts, *figures]


def loss_curve(metrics: list[dict[str, float]]) -> "Figure":
    """Train and dev loss against the step."""
    curves = {
        split: [(line["step"], line[split]) for line in metrics if split in line]
        for split in ("train", "dev")
    }
    return plots.loss_curve(curves, ylabel="nats per character")


def scatter(embedding: Tensor, alphabet: "Alphabet") -> "Figure":
    """The characters where their embeddings lie in the two directions of largest variance."""
    from matplotlib.figure import Figure

    centered = embedding - embedding.mean(0)
    _, lengths, directions = torch.linalg.svd(centered, full_matrices=False)
    xs, ys = (centered @ directions[:2].T).T.tolist()
    shares = (lengths**2 / (lengths**2).sum()).tolist()
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.add_subplot(
        xlabel=f"{shares[0]:.0%} of the variance", ylabel=f"{shares[1]:.0%} of the variance"
    )
    axes.scatter(xs, ys, s=200, color="C0", alpha=0.25)
    for character, x, y in zip([".", *alphabet.characters], xs, ys):
        axes.annotate(character.replace("$", r"\$"), (x, y), ha="center", va="center")
    axes.grid(alpha=0.3)
    return figure


def print_comparison(everything: list[tuple[Session, Results]], seed: int) -> None:
    """All models in one table, and below it a few words of each."""
    numbers = ("parameters", "train", "dev", "bits", "words/s", "steps")
    table = Table("model", *(Column(name, justify="right") for name in numbers), box=None)
    for _, results in everything:
        speed, dev = results["words_per_second"], results["dev"]
        table.add_row(
            results["model"],
            f"{results['parameters']:,}",
            *(f"{nats:.4f}" if nats is not None else "inf" for nats in (results["train"], dev)),
            f"{dev / math.log(2):.4f}" if dev is not None else "inf",
            f"{speed:,.0f}" if speed else "-",
            f"{results['steps']:,}",
        )
    Console().print(table)
    print("nats per character in train and dev; bits per character in dev. Samples:")
    for session, results in everything:
        print(f"  {results['model']}: {', '.join(new_words(session, 6, seed))}")


def save_comparison(everything: list[tuple[Session, Results]], path: Path) -> None:
    """Dev loss against seconds of training, a curve for each model, in `path`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="seconds of training", ylabel="dev loss, nats per character")
    for session, results in everything:
        metrics = session.run.read_metrics()
        curve = [(line["seconds"], line["dev"]) for line in metrics if "dev" in line]
        if len(curve) > 1:
            axes.plot(*zip(*curve), label=results["model"])
        elif results["dev"] is not None:  # counted at once
            axes.axhline(results["dev"], color="gray", linestyle="--", label=results["model"])
    axes.grid(alpha=0.3)
    axes.legend()
    plots.save(figure, path)
