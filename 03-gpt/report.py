"""What a finished run has to show: losses beside others', speed, a text, a picture."""

import math
from typing import TYPE_CHECKING, Any

import torch

from gpt.bigram import Bigram
from gpt.chars import Chars
from gpt.data import Split
from gpt.evaluation import total_nats
from gpt.flops import flops_per_token, peak_flops
from gpt.precision import autocast
from session import Session
from shared import datasets, plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LECTURE = 1.48  # nats per character on dev at the lecture's end, youtube.com/watch?v=kCc8FmEb1nY
COUNTABLE = 4096  # tokens; the table of a larger vocabulary's pairs fills the memory
COUNTED = 10_000_000  # tokens
WRITTEN = 1000  # tokens of text

Results = dict[str, Any]


def measure(session: Session) -> Results:
    """The best weights' loss on dev in nats per token, others', and how fast training was."""
    state, recipe, process = session.state, session.recipe, session.process
    flops = flops_per_token(session.model, recipe.block_size)
    peak = peak_flops(process.device, session.dtype) * process.world
    tokens = state.step * recipe.batch_size * recipe.block_size
    speed = tokens / state.seconds
    with autocast(process.device, session.dtype):  # as in training, so that the figures agree
        nats, count = total_nats(session.model, session.dev, recipe.block_size)
    return {
        "model": session.name,
        "parameters": session.n_parameters(),
        "steps": state.step,
        "best_step": state.best_step,
        "seconds": state.seconds,
        "tokens_per_second": speed,
        "flops_per_second": speed * flops,
        "mfu": speed * flops / peak,
        "block_size": recipe.block_size,
        "dev": nats / count,
        "floor": session.corpus.floor,
        "bigram": bigram_loss(session.train, session.dev, session.corpus.vocab_size),
        "text": session.write(WRITTEN, session.seed),
    }


def bigram_loss(train: Split, dev: Split, vocab_size: int) -> float | None:
    """The dev loss of a table of counted pairs; None for a vocabulary that is too large for one."""
    if vocab_size > COUNTABLE:
        return None
    bigram = Bigram(vocab_size, block_size=1)
    stop = min(train.stop, train.start + COUNTED)
    bigram.count(torch.from_numpy(train.stream.read(train.start, stop)))
    nats, count = total_nats(bigram, dev, block_size=1024)
    return nats / count


def print_results(results: Results) -> None:
    """The figures, a line each, and the beginning of the text."""
    if results["flops_per_second"]:
        share = f"{results['mfu']:.0%} of a large matrix product's"
        work = f", {results['flops_per_second'] / 1e9:,.1f} GFLOP/s ({share})"
    else:
        work = ""
    speed = f"{results['tokens_per_second']:,.0f} tokens/s{work}"
    print(f"trained: {results['steps']:,} steps in {results['seconds']:.0f} s, {speed}")
    where = f"dev, context {results['block_size']}, after {results['best_step']:,} steps"
    print(f"loss: {in_words(results['dev'])} ({where})")
    if results["bigram"] is not None:
        print(f"loss: {in_words(results['bigram'])} (dev, by counting pairs of tokens)")
    print("a text:")
    for line in results["text"].strip().splitlines()[:12]:
        print(f"  {line}".rstrip())


def in_words(nats: float) -> str:
    """A loss in its three units."""
    bits, perplexity = nats / math.log(2), math.exp(min(nats, 700))
    return f"{nats:.4f} nats a token, {bits:.4f} bits, perplexity {perplexity:.2f}"


def write_files(session: Session, results: Results) -> list[str]:
    """Put figures, text and picture into the run folder; returns the names of the files."""
    run = session.run
    run.write_text("text.txt", results["text"] + "\n")
    run.write_json("results.json", {k: v for k, v in results.items() if k != "text"})
    with run.writing("loss.svg") as path:
        plots.save(loss_curve(session, results), path)
    return ["model.safetensors", "results.json", "text.txt", "loss.svg", "samples/"]


def loss_curve(session: Session, results: Results) -> "Figure":
    """Train and dev loss, beside the bigram's, the lecture's, and the text's own cost."""
    metrics = session.run.read_metrics()
    curves = {name: [(m["step"], m[name]) for m in metrics] for name in ("train", "dev")}
    lines = {"counted bigram": results["bigram"]}
    by_character = isinstance(session.corpus.vocabulary, Chars)
    if by_character and session.corpus.sha256 == datasets.SOURCES["shakespeare"].sha256:
        lines["the lecture's GPT"] = LECTURE
    lines["the text's own cost"] = results["floor"]
    known = {name: loss for name, loss in lines.items() if loss is not None}
    return plots.loss_curve(curves, known, ylabel="nats per token")
