"""Train a decoder-only Transformer on a text, and sample from it.

    python train.py                                  # the modern model on Shakespeare
    python train.py --model lecture --stage heads    # the lecture's, at one of its stages
    python train.py --model gpt2                     # GPT-2, as nanoGPT trains it on a laptop
    torchrun --nproc_per_node=2 train.py             # the same run, shared by two processes
    python train.py --preset gpt2-124m --data tokens/ --compile

The loop is that of "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY), with what "Let's reproduce
GPT-2" (youtube.com/watch?v=l8pRSuU81PU) adds: mixed precision, gradient accumulation, clipping, a
learning-rate schedule, several processes. `shared.training` does what stands around it: saving,
resuming, Ctrl-C.
"""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from tyro.conf import arg

from gpt import presets, pretrained
from gpt.bigram import Bigram
from gpt.chars import Chars
from gpt.data import get_batch, train_and_dev
from gpt.evaluation import estimate_loss
from gpt.flops import flops_per_token, peak_flops
from gpt.lecture import Stage
from gpt.load import (
    LESSON,
    RANKS,
    Corpus,
    Vocabulary,
    describe,
    find_gpt2,
    gpt2_vocabulary,
    load_gpt2,
    open_corpus,
    restore,
    start_ids,
)
from gpt.models import Model, build
from gpt.optimizers import make_optimizers
from gpt.tokens import BPE
from shared import cli, datasets, devices, plots
from shared.runs import Run
from shared.schedules import rise_and_fall
from shared.training import Training

LECTURE = 1.48  # the lecture's last dev loss, nats per character (youtube.com/watch?v=kCc8FmEb1nY)
FINE_TUNING_LR = 3e-5  # for weights that have been trained already
CHANGEABLE = {"steps", "minutes", "evaluations", "patience"}  # on --resume
CHANGEABLE |= {"resume", "data", "device", "micro_batches", "compile"}
ModelName = Literal["modern", "gpt2", "lecture", "bigram"]
Preset = Literal["cpu", "baby", "gpt2-124m"]


@dataclass(frozen=True)
class Config:
    """Train a decoder-only Transformer on a text, and sample from it."""

    model: ModelName = "modern"
    """GPT-2 with what has been learned since; GPT-2; the lecture's; only a table of pairs."""
    stage: Stage = "dropout"
    """Stage of the lecture's model: this piece, and all before it."""
    preset: Preset = "cpu"
    """Where the defaults below come from; without it, cpu, or baby if there is a CUDA GPU."""
    data: str = "shakespeare"
    """A text file; `shakespeare`; `bundled`; a file of token ids, NAME.bin; a folder of them."""
    init: Annotated[str | None, arg(metavar="GPT2")] = None
    """Start from a GPT-2's weights: a folder in Hugging Face's layout, or a name on its hub."""
    steps: int = 900
    """Training steps. With --resume, a larger number continues a finished run. The learning rate
    jumps to where the longer schedule has it, so the result differs from that of one long run."""
    minutes: Annotated[float | None, arg(metavar="FLOAT")] = None
    """Train for this long instead. Not reproducible bit for bit."""
    evaluations: int = 10
    """Evaluations on the whole dev split; the run is saved at each."""
    patience: Annotated[int | None, arg(metavar="INT")] = None
    """Stop after this many evaluations without a better dev loss."""
    batch_size: int = 16
    """Windows of text in a step, over all processes."""
    micro_batches: int = 1
    """Micro-batches per process (gradient accumulation), to save memory."""
    block_size: int = 128
    """Context length, in tokens."""
    n_layer: int = 4
    """Blocks."""
    n_head: int = 4
    """Attention heads in a block."""
    n_embd: int = 128
    """Embedding dimension."""
    dropout: float = 0.0
    """Probability that an activation is zeroed in training; in modern, the vector of an n-gram."""
    lr: float = 0.01
    """Learning rate of AdamW, at its peak."""
    muon_lr: float = 0.03
    """Learning rate of Muon, for the matrices of the blocks; 0 leaves them to AdamW."""
    embedding_lr: float = 0.04
    """Learning rate of AdamW for embeddings; 0 means --lr."""
    weight_decay: float = 0.3
    """Weight decay of matrices and embeddings."""
    beta2: float = 0.95
    """AdamW's decay rate for the average of squared gradients."""
    warm_up: int = 10
    """Steps over which the learning rates rise."""
    decay: Literal["linear", "cosine"] = "linear"
    """Shape of the decay after the warm-up."""
    final_lr: float = 0.0
    """Final learning rate, as a fraction of the peak."""
    clip: float = 0.0
    """Clip the norm of the gradient at this value; 0 for no clipping."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of matrix products; auto is bfloat16 where the device is fast at it."""
    compile: bool = False
    """Use torch.compile, which takes a minute to start."""
    seed: int = 1337
    """Seed of weights, batches, dropout and samples."""
    resume: Annotated[Path | None, arg(metavar="RUN")] = None
    """Continue the run in this folder, with the options it was started with."""
    name: str = ""
    """Name of the run's folder; by default the date and time."""
    runs: Path = Path("runs")
    """The folder of run folders."""


@dataclass(frozen=True)
class Choice:
    """The options on which the defaults of the others depend."""

    model: ModelName = "modern"
    stage: Stage = "dropout"
    preset: Preset | None = None
    init: str | None = None
    resume: Path | None = None
    steps: int | None = None
    minutes: float | None = None


def train(config: Config) -> None:
    """Train a model, or continue training it, and report the results."""
    rank, world, device = devices.start_processes(config.device)  # several with torchrun
    check(config, world)
    config = replace(config, dtype=devices.find_dtype(config.dtype, device))
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=config.dtype == "bfloat16")
    torch.manual_seed(config.seed)
    corpus = open_data(config)
    train_split, dev_split = train_and_dev(corpus.ids)
    raw_model = build_model(config, len(corpus.vocabulary)).to(device)
    lrs = config.lr, config.muon_lr, config.embedding_lr
    optimizers = make_optimizers(raw_model, *lrs, config.weight_decay, config.beta2)
    if rank == 0:
        processes = f", {world} processes" if world > 1 else ""
        print(f"data: {corpus.description}")
        print(f"model: {config.model}, {count_parameters(raw_model):,} parameters; ", end="")
        print(f"on {device.type}, {config.dtype}{processes}", flush=True)
    training = Training(
        open_run(config, corpus, rank),
        raw_model,
        optimizers,
        model_metadata(config, raw_model, corpus.vocabulary),
        steps=config.steps,
        minutes=config.minutes,
        evaluations=config.evaluations,
        patience=config.patience,
        seed=config.seed,
        sync_every=1 if device.type == "cpu" else 10,
    )
    if config.resume and rank == 0:
        training.run.write_settings(asdict(replace(config, resume=None)))
    model: Any = torch.compile(raw_model) if config.compile else raw_model
    if world > 1:
        model = DistributedDataParallel(model, forward_sync_buffers=False)

    size = config.block_size, config.batch_size, config.seed
    for step in training:
        mean_loss = torch.zeros((), device=device)
        raw_model.zero_grad()
        for i in range(config.micro_batches):
            part, parts = rank * config.micro_batches + i, world * config.micro_batches
            x, y = get_batch(train_split, step, *size, part, parts)  # (B, T) each
            x, y = x.to(device), y.to(device)
            last = i == config.micro_batches - 1  # which averages gradients over processes
            with model.no_sync() if world > 1 and not last else nullcontext():
                with autocast:
                    logits, loss = model(x, y)  # (B, T, V), a scalar
                loss = loss / config.micro_batches
                loss.backward()
            mean_loss += loss.detach()
        if config.clip > 0:
            nn.utils.clip_grad_norm_(raw_model.parameters(), config.clip)
        schedule = config.warm_up, config.decay, config.final_lr
        training.set_lr(rise_and_fall(step, training.progress, *schedule))
        for optimizer in optimizers:
            optimizer.step()
        training.log(mean_loss)
        if training.evaluation_is_due:
            with autocast:
                dev = estimate_loss(raw_model, dev_split, config.block_size)
            text = ""
            if math.isfinite(dev):  # otherwise training ends here
                text = sample(raw_model, corpus.vocabulary, 100, config.seed)
            training.log_evaluation(dev, text)

    if rank == 0:
        training.load_best()
        report(config, training, raw_model, corpus, device)


def sample(model: Model, vocabulary: Vocabulary, tokens: int, seed: int) -> str:
    """A text by the model, from the start of a line."""
    device = next(model.parameters()).device
    start = torch.tensor([start_ids(vocabulary)], device=device)  # (1, T)
    model.eval()
    ids = model.generate(start, tokens, generator=torch.Generator().manual_seed(seed))
    model.train()
    return vocabulary.decode(ids[0, start.shape[1] :].tolist())


def report(
    config: Config, training: Training, model: Model, corpus: Corpus, device: torch.device
) -> None:
    """Print the losses and the speed, and a text; write them and a picture to the run folder."""
    state, run = training.state, training.run
    tokens_per_second = state.step * config.batch_size * config.block_size / state.seconds
    flops_per_second = tokens_per_second * flops_per_token(model, config.block_size)
    processes = dist.get_world_size() if dist.is_initialized() else 1
    mfu = flops_per_second / (peak_flops(device, getattr(torch, config.dtype)) * processes)
    bigram_loss = counted_bigram_loss(corpus)
    results = {
        "model": config.model,
        "parameters": count_parameters(model),
        "steps": state.step,
        "best_step": state.best_step,
        "seconds": state.seconds,
        "tokens_per_second": tokens_per_second,
        "flops_per_second": flops_per_second,
        "mfu": mfu,
        "block_size": config.block_size,
        "dev": state.best_dev,
        "bigram": bigram_loss,
        "floor": corpus.floor,
    }
    text = sample(model, corpus.vocabulary, 1000, config.seed)
    work = f"{flops_per_second / 1e9:,.1f} GFLOP/s, MFU {mfu:.0%}"
    print(f"trained: {state.step:,} steps in {state.seconds:.0f} s, ", end="")
    print(f"{tokens_per_second:,.0f} tokens/s, {work}")
    where = f"dev, context {config.block_size}, after {state.best_step:,} steps"
    print(f"loss: {in_units(state.best_dev)} ({where})")
    if bigram_loss is not None:
        print(f"loss: {in_units(bigram_loss)} (dev, by counting pairs of tokens)")
    print("a text:")
    for line in text.strip().splitlines()[:12]:
        print(f"  {line}".rstrip())
    run.write_text("text.txt", text + "\n")
    run.write_json("results.json", results)
    metrics = training.metrics()
    curves: dict[str, plots.Curve] = {
        "train": [(line["step"], line["train"]) for line in metrics],
        "dev": [(line["step"], line["dev"]) for line in metrics],
    }
    lines = {"counted bigram": bigram_loss, "the text's own cost": corpus.floor}
    shakespeare = corpus.sha256 == datasets.SOURCES["shakespeare"].sha256
    if shakespeare and isinstance(corpus.vocabulary, Chars):
        lines["the lecture's GPT"] = LECTURE
    known = {name: loss for name, loss in lines.items() if loss is not None}
    with run.writing("loss.svg") as path:
        plots.save(plots.loss_curve(curves, known, ylabel="nats per token"), path)
    print(f"run: {run.path}/ (model.safetensors, results.json, text.txt, loss.svg, samples/)")


def in_units(nats: float) -> str:
    """A loss in its three units."""
    perplexity = math.exp(min(nats, 700))
    return f"{nats:.4f} nats a token, {nats / math.log(2):.4f} bits, perplexity {perplexity:.2f}"


def counted_bigram_loss(corpus: Corpus) -> float | None:
    """The dev loss of a table of counted pairs; None if its vocabulary makes it too large."""
    if len(corpus.vocabulary) > 4096:
        return None
    train_split, dev_split = train_and_dev(corpus.ids)
    bigram = Bigram(len(corpus.vocabulary), block_size=1)
    x, _ = train_split.windows([0], min(len(train_split) - 1, 10_000_000))
    bigram.count(x[0])
    return estimate_loss(bigram, dev_split, block_size=1024)


def count_parameters(model: nn.Module) -> int:
    """How many numbers the model learns; those it uses twice count once."""
    return sum(parameter.numel() for parameter in model.parameters())


def open_data(config: Config) -> Corpus:
    """What to learn from; raises `UserError` if a window does not fit into each split."""
    corpus = open_corpus(config.data, known_vocabulary(config))
    shortest = min(len(split) for split in train_and_dev(corpus.ids))
    if config.block_size >= shortest:
        raise cli.UserError(
            f"the text has {len(corpus.ids):,} tokens, and --block-size {config.block_size} "
            f"needs at least {10 * config.block_size + 1:,}"
        )
    return corpus


def known_vocabulary(config: Config) -> Vocabulary | None:
    """The vocabulary of --resume or --init; None if the data brings its own."""
    if config.resume:
        stored = Run.open(config.resume, LESSON).read_config()
        return restore(stored.get("vocabulary"), config.resume)
    if config.init:
        return gpt2_vocabulary(find_gpt2(config.init))
    return None


def build_model(config: Config, vocab_size: int) -> Model:
    """A model with random weights, which `Training` replaces on --resume, or those of --init."""
    if config.init and not (config.resume and (config.resume / "last.safetensors").exists()):
        return load_gpt2(find_gpt2(config.init), config.block_size, config.dropout)
    names = ["block_size"]
    if config.model != "bigram":
        names += ["n_layer", "n_head", "n_embd", "dropout"]
    if config.model == "lecture":
        names.append("stage")
    return build(config.model, vocab_size, **{name: getattr(config, name) for name in names})


def model_metadata(config: Config, model: Model, vocabulary: Vocabulary) -> dict[str, Any]:
    """What `gpt.load` needs to build the model again."""
    sizes = {"vocab_size": len(vocabulary), "sizes": model.sizes}
    return {"lesson": LESSON, "model": config.model, **sizes, "vocabulary": describe(vocabulary)}


def open_run(config: Config, corpus: Corpus, rank: int) -> Run:
    """The folder of --resume, or a new one, which the first process makes."""
    paths = [Path()]
    if rank == 0:
        vocabulary = corpus.vocabulary
        source = {"data": corpus.description, "sha256": corpus.sha256}
        run = Run.start(LESSON, asdict(config), **source, vocabulary=describe(vocabulary))
        if isinstance(vocabulary, BPE) and vocabulary.ranks is not None:
            with run.writing(RANKS) as path:
                path.write_bytes(vocabulary.ranks)
        paths = [run.path]
    if dist.is_initialized():
        dist.broadcast_object_list(paths)
    return Run(paths[0], LESSON)


def default_config(args: Sequence[str]) -> Config:
    """The values of the options that are not given: those of the run, or of model and preset."""
    choice = cli.parse_known(Choice, args)
    if choice.steps is not None and choice.minutes is not None:
        raise cli.UserError("give --steps or --minutes, not both")
    default = defaults(choice)
    if choice.steps is not None:  # a run that was in minutes continues in steps
        default = replace(default, minutes=None)
    return default


def defaults(choice: Choice) -> Config:
    """The options with which the run `resume` was started; or else those of model and preset."""
    if choice.resume:
        return replace(Run.open(choice.resume, LESSON).settings(Config), resume=choice.resume)
    model, init = choice.model, choice.init
    preset = choice.preset or ("baby" if torch.cuda.is_available() else "cpu")
    if model not in presets.PRESETS[preset]:
        raise cli.UserError(f"--preset {preset} has no {model}; leave --preset out")
    options = {"model": model, "preset": preset, "init": init, **presets.PRESETS[preset][model]}
    if model == "lecture" and preset == "cpu":
        options |= presets.STAGES.get(choice.stage, {})
    if init:
        if model != "gpt2":
            raise cli.UserError("--init has the weights of a GPT-2; add --model gpt2")
        sizes = pretrained.sizes(find_gpt2(init))
        sizes["block_size"] = min(sizes["block_size"], options["block_size"])
        options |= {"lr": FINE_TUNING_LR, **sizes}
    return Config(**options)


def main(config: Config) -> None:
    """Refuse options that contradict each other or the run of --resume, then train."""
    default = defaults(
        Choice(config.model, config.stage, config.preset, config.init, config.resume)
    )
    if config.resume:
        Run.open(config.resume, LESSON).refuse_changes(config, CHANGEABLE)
    for name in ("n_layer", "n_head", "n_embd"):
        if config.init and getattr(config, name) != getattr(default, name):
            raise cli.UserError(f"--init has sizes of its own; leave {cli.flag(name)} out")
    try:
        train(config)
    except torch.OutOfMemoryError:
        fix = "use more --micro-batches or a smaller --batch-size"
        raise cli.UserError(f"the GPU's memory is full; {fix}") from None


def check(config: Config, world: int) -> None:
    """Raise `UserError` for a value that cannot work, in `world` processes."""
    counts = ["steps", "patience", "evaluations", "batch_size", "micro_batches", "block_size"]
    if config.model != "bigram":
        counts += ["n_layer", "n_head", "n_embd"]
    rates = ["lr", "muon_lr", "embedding_lr", "weight_decay", "final_lr", "clip"]
    cli.check_numbers(config, at_least_1=counts, above_0=["minutes"], not_negative=rates)
    if config.stage != "dropout" and config.model != "lecture":
        raise cli.UserError(f"--stage {config.stage} needs --model lecture; others have no stages")
    if config.model == "lecture" and config.muon_lr:
        raise cli.UserError("AdamW trains all of the lecture's model; leave --muon-lr out")
    if config.batch_size % (world * config.micro_batches):
        parts = f"{world * config.micro_batches}, the processes times --micro-batches"
        raise cli.UserError(f"--batch-size must be a multiple of {parts}")
    if config.model == "bigram":
        for name in ("n_layer", "n_head", "n_embd", "dropout", "muon_lr"):
            if getattr(config, name):
                raise cli.UserError(f"a bigram model is only a table; leave {cli.flag(name)} out")
    elif config.n_embd % config.n_head:
        raise cli.UserError(f"{config.n_head} heads cannot share --n-embd {config.n_embd} evenly")
    elif config.model == "modern" and config.n_embd // config.n_head % 2:
        size = config.n_embd // config.n_head
        pairs = "rotary embeddings rotate pairs of channels"
        raise cli.UserError(f"{pairs}, so a head needs an even number, not {size}")


if __name__ == "__main__":
    description = f"{Config.__doc__}\n\nThe presets:\n{presets.table()}"
    cli.run(main, Config, default=default_config, description=description)
