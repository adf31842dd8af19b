"""Train a model to make more words like those of a list, and sample from it.

    python train.py                                   # an LSTM on names
    python train.py --model transformer --data towns.txt
    python train.py --model mlp --preset lecture      # as in the lecture: 200,000 small steps
    python train.py --compare                         # every model for a minute, in one table

The loop is that of makemore (lecture 3: youtube.com/watch?v=TCH_1BHY58I, from 41:25).
`shared.training` does what stands around it: saving, resuming, Ctrl-C.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from torch import nn
from tyro.conf import arg

import report
from makemore.fast import SharedPrefixes, by_length
from makemore.load import LESSON, Data, open_data
from makemore.loss import estimate_loss
from makemore.models import MODELS, build, examples, sizes_of
from makemore.models.bigram import BigramCounts
from makemore.models.mlp import WindowModel
from makemore.models.rnn import Recurrent
from makemore.models.trigram import TrigramCounts
from makemore.optimizers import Optimizer, make_optimizers
from makemore.presets import COUNTED, PRESETS
from makemore.words import PADDING, trim
from shared import checkpoints, cli, devices
from shared.runs import Run
from shared.schedules import Decay, rise_and_fall, warm_up
from shared.training import Training

ModelName = (
    Literal[
        "bigram", "trigram", "bigram-net", "bow", "mlp", "mlp-bn", "rnn", "gru", "lstm", "wavenet"
    ]
    | Literal["wavenet-dilated", "transformer"]
)
Preset = Literal["default", "lecture"]
SIZES: dict[str, Any] = {"block_size": 0, "n_embd": 0, "n_hidden": 0, "n_layer": 0, "n_head": 0}
SIZES |= {"dropout": 0.0, "smoothing": 0.0, "l2": 0.0, "init": "kaiming"}
CHANGEABLE = {"steps", "minutes", "evaluations", "patience"}  # on --resume
CHANGEABLE |= {"resume", "data", "device", "test"}
COMMON = {
    "data",
    "max_length",
    "lowercase",
    "evaluations",
    "device",
    "seed",
    "test",
    "name",
    "runs",
}


@dataclass(frozen=True)
class Config:
    """Train a character-level language model on a list of words, and sample new words from it."""

    model: ModelName = "lstm"
    """The first two are counted, the others trained."""
    preset: Preset = "default"
    """Where the defaults below come from; `lecture` has those of the notebooks, for mlp, mlp-bn and
    wavenet."""
    compare: bool = False
    """Train every model with its defaults, for a minute each or --minutes."""
    data: str = "names"
    """A file with a word on each line; `names`; `bundled`."""
    max_length: int = 40
    """Longer words are left out."""
    lowercase: bool = False
    """Make all letters lower case."""
    steps: int = 2500
    """Training steps. With --resume, a larger number continues a finished run. The learning rate
    jumps to where the longer schedule has it, so the result differs from that of one long run."""
    minutes: Annotated[float | None, arg(metavar="FLOAT")] = None
    """Train for this long instead. Not reproducible bit for bit."""
    evaluations: int = 10
    """Evaluations on the whole dev split; the run is saved at each."""
    patience: Annotated[int | None, arg(metavar="INT")] = None
    """Stop after this many evaluations without a better dev loss."""
    batch_size: int = 256
    """Examples in a step: windows for mlp, mlp-bn and wavenet, words for the others."""
    batches: Literal["random", "by-length"] = "by-length"
    """Draw examples as the lectures do, or such as come from words of the same length, which saves
    time but misleads batch norm."""
    optimizer: Optimizer = "adamw"
    """Gradient descent as in the lectures; AdamW; Muon for the matrices between hidden layers."""
    lr: float = 4e-3
    """Learning rate, at its peak."""
    weight_decay: float = 0.01
    """Weight decay of matrices."""
    warm_up: int = 100
    """Steps over which the learning rate rises."""
    decay: Decay = "cosine"
    """How it falls afterwards; step is to a tenth, as in the lectures."""
    decay_at: float = 0.5
    """With --decay step, the fraction of the run after which it falls."""
    block_size: int = 0
    """Characters that mlp, mlp-bn and both wavenets look back."""
    n_embd: int = 64
    """Embedding dimension."""
    n_hidden: int = 256
    """Hidden units."""
    n_layer: int = 0
    """Blocks of the transformer."""
    n_head: int = 0
    """Attention heads in a block."""
    dropout: float = 0.3
    """Probability that a hidden unit is zeroed in training."""
    smoothing: float = 0.0
    """Added to every count of bigram and trigram."""
    l2: float = 0.0
    """Penalty on the mean square of the weights of bigram-net, as in lecture 2."""
    init: Literal["kaiming", "normal"] = "kaiming"
    """Initial weights of mlp: scaled by the number of inputs; standard normal, as in lecture 3."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""
    seed: int = 1337
    """Seed of weights, batches, dropout and samples."""
    test: bool = False
    """At the end, evaluate on the test split, too."""
    resume: Annotated[Path | None, arg(metavar="RUN")] = None
    """Continue the run in this folder, with the options it was started with."""
    name: str = ""
    """Name of the run's folder; by default the date and time."""
    runs: Path = Path("runs")
    """The folder of run folders."""


@dataclass(frozen=True)
class Choice:
    """The options on which the defaults of the others depend."""

    model: ModelName = "lstm"
    preset: Preset = "default"
    compare: bool = False
    resume: Path | None = None
    steps: int | None = None
    minutes: float | None = None


def train(config: Config, data: Data) -> report.Results:
    """Train a model, or continue training it, and report the results."""
    device = devices.find_device(config.device)
    torch.manual_seed(config.seed)
    raw_model = build_model(config, data).to(device)
    print(f"model: {config.model}, {report.count_parameters(raw_model):,} parameters", flush=True)
    model = SharedPrefixes(raw_model) if isinstance(raw_model, Recurrent) else raw_model
    x_train, y_train = (t.to(device) for t in examples(raw_model, data.train, data.alphabet))
    dev = sorted(data.dev, key=len)  # so that little of a chunk is padding
    x_dev, y_dev = (t.to(device) for t in examples(raw_model, dev, data.alphabet))
    lengths = example_lengths(raw_model, data.train)
    usual = (y_train != PADDING).sum() / len(y_train) * config.batch_size  # characters in a batch
    optimizers = make_optimizers(raw_model, config.optimizer, config.lr, config.weight_decay)
    training = Training(
        open_run(config, data),
        raw_model,
        optimizers,
        model_metadata(config, data),
        steps=config.steps,
        minutes=config.minutes,
        evaluations=config.evaluations,
        patience=config.patience,
        seed=config.seed,
        sync_every=1 if device.type == "cpu" else 10,
    )
    training.run.write_settings(asdict(replace(config, resume=None)))

    for step in training:
        ix = torch.randint(len(x_train), (config.batch_size,))
        if config.batches == "by-length":
            ix = by_length(step, lengths, config.batch_size, config.seed)
        x, y = trim(x_train[ix], y_train[ix])  # (B, T) each; or windows, (B, block_size) and (B,)
        logits, loss = model(x, y)  # (B, T, V) or (B, V), a scalar
        raw_model.zero_grad()
        weight = (y != PADDING).sum() / usual  # a character counts the same in words of any length
        (weight * loss).backward()
        training.set_lr(lr_factor(config, step, training.progress))
        for optimizer in optimizers:
            optimizer.step()
        training.log(loss)
        if training.evaluation_is_due:
            dev_loss = estimate_loss(model, x_dev, y_dev)
            good = math.isfinite(dev_loss)  # otherwise training ends here
            words = report.new_words(raw_model, data, 8, config.seed) if good else []
            training.log_evaluation(dev_loss, ", ".join(words))

    training.load_best()
    state = training.state
    characters = state.step * usual.item()
    trained = report.Trained(state.step, state.best_step, state.seconds, characters)
    return show(training.run, config, raw_model, data, trained)


def count(config: Config, data: Data) -> report.Results:
    """Count the pairs or triples of characters, which takes no training, and show the table."""
    model = build_model(config, data)
    assert isinstance(model, BigramCounts | TrigramCounts)
    model.count(*examples(model, data.train, data.alphabet))
    run = open_run(config, data)
    weights = {"model": model.state_dict()}
    checkpoints.save(run.path / "model.safetensors", weights, model_metadata(config, data))
    print(f"model: {config.model}, {model.counts.numel():,} counts")
    return show(run, config, model, data, None)


def show(
    run: Run, config: Config, model: nn.Module, data: Data, trained: report.Trained | None
) -> report.Results:
    """Print the results and write them to the run folder."""
    return report.report(
        run, model, data, trained, name=config.model, test=config.test, seed=config.seed
    )


def compare(config: Config, data: Data) -> None:
    """Train every model for the same time; print one table, draw one chart."""
    parent = Run.create(config.runs, LESSON, config.name)
    parent.write_config(asdict(config), data=data.words.description, sha256=data.words.sha256)
    common = {name: getattr(config, name) for name in COMMON | {"minutes"}}
    results = []
    for model in MODELS:
        one = replace(defaults(model), **common | {"runs": parent.path, "name": model})
        results.append(run_one(one, data))
    report.print_comparison(parent.path, results, data, config.seed)
    with parent.writing("compare.svg") as path:
        report.save_comparison(parent.path, results, path)
    parent.write_json("compare.json", results)
    print(f"run: {parent.path}/ (a folder for each model, compare.json, compare.svg)")


def run_one(config: Config, data: Data) -> report.Results:
    """Train the model, or count."""
    return count(config, data) if config.model in COUNTED else train(config, data)


def lr_factor(config: Config, step: int, done: float) -> float:
    """The learning-rate multiplier at this step: a warm-up, then a decay."""
    if config.decay == "step":
        return warm_up(step, config.warm_up) * (1.0 if done < config.decay_at else 0.1)
    return rise_and_fall(step, done, config.warm_up, config.decay)


def example_lengths(model: nn.Module, words: Sequence[str]) -> torch.Tensor:
    """For each example, the length of the word it is from (example,); the end counts as one."""
    lengths = torch.tensor([len(word) + 1 for word in words])
    return lengths.repeat_interleave(lengths) if isinstance(model, WindowModel) else lengths


def build_model(config: Config, data: Data) -> nn.Module:
    """A model with random weights, which `Training` replaces on --resume."""
    return build(config.model, len(data.alphabet), **sizes(config, data))


def sizes(config: Config, data: Data) -> dict[str, Any]:
    """The sizes of the model; a transformer has as many positions as the longest word needs."""
    chosen = {name: getattr(config, name) for name in sizes_of(config.model)}
    if config.model == "transformer":
        chosen["block_size"] = data.words.longest + 1
    return chosen


def model_metadata(config: Config, data: Data) -> dict[str, Any]:
    """What `makemore.load` needs to build the model again."""
    model = {"model": config.model, "sizes": sizes(config, data)}
    return {"lesson": LESSON, **model, "characters": data.alphabet.characters}


def open_run(config: Config, data: Data) -> Run:
    """The folder of --resume, or a new one."""
    words = data.words
    run = Run.start(LESSON, asdict(config), data=words.description, sha256=words.sha256)
    run.write_text("train.txt", "".join(f"{word}\n" for word in data.train))
    run.write_text("dev.txt", "".join(f"{word}\n" for word in data.dev))
    return run


def default_config(args: Sequence[str]) -> Config:
    """The values of the options that are not given: those of the run, or of model and preset."""
    choice = cli.parse_known(Choice, args)
    if choice.steps is not None and choice.minutes is not None:
        raise cli.UserError("give --steps or --minutes, not both")
    if choice.compare and choice.resume is None:
        return replace(defaults(choice.model, choice.preset), minutes=1.0)
    default = defaults(choice.model, choice.preset, choice.resume)
    if choice.steps is not None:  # a run that was in minutes continues in steps
        default = replace(default, minutes=None)
    return default


def defaults(model: str, preset: str = "default", resume: Path | None = None) -> Config:
    """The options with which the run `resume` was started; or else those of model and preset."""
    if resume:
        run = Run.open(resume, LESSON)
        if run.read_config().get("config", {}).get("compare"):
            each = f"choose one of them, for example {resume}/lstm"
            raise cli.UserError(f"{resume} has a run of each model in it; {each}")
        return replace(run.settings(Config), resume=resume, test=False)
    if model not in PRESETS[preset]:
        models = ", ".join(PRESETS[preset])
        raise cli.UserError(f"--preset {preset} is for {models}; choose one of them with --model")
    options: dict[str, Any] = {"model": model, "preset": preset}
    return Config(**options, **SIZES | PRESETS[preset][model])


def main(config: Config) -> None:
    """Refuse options that contradict each other or the run of --resume; then train."""
    default = defaults(config.model, config.preset, config.resume)
    if config.compare:
        refuse_comparison(config, default)
    if config.resume:
        Run.open(config.resume, LESSON).refuse_changes(config, CHANGEABLE)
    check(config, default)
    data = open_data(config.data, config.max_length, config.lowercase)
    print(f"data: {data.words.description}")
    print(f"words: {data.words}")
    if data.words.both_cases and not config.resume:
        letters = f"{data.words.both_cases} letters occur in both cases and count as two"
        warnings.warn(f"{letters}; --lowercase makes them one", stacklevel=1)
    if config.compare:
        compare(config, data)
    else:
        run_one(config, data)


def refuse_comparison(config: Config, default: Config) -> None:
    """Raise `UserError` if --compare comes with an option that does not hold for every model."""
    if config.resume:
        raise cli.UserError("--compare cannot be resumed; --resume takes the run of one model")
    for field in fields(config):
        if field.name not in COMMON | {"compare", "minutes"}:
            same = getattr(config, field.name) == getattr(Config(), field.name)
            if not same:
                name = cli.flag(field.name)
                raise cli.UserError(f"--compare takes every model as it is; leave {name} out")


def check(config: Config, default: Config) -> None:
    """Raise `UserError` for a value that cannot work, or that has no effect on this model."""
    used = set(sizes_of(config.model))
    if config.model == "transformer":
        used.discard("block_size")  # the words decide
    for name, unused in SIZES.items():
        if name not in used and getattr(config, name) != unused:
            raise cli.UserError(f"{config.model} has no {cli.flag(name)}; leave it out")
    if config.model in COUNTED:
        if config.resume:
            raise cli.UserError(f"{config.resume} was counted; there is nothing to continue")
        for field in fields(config):
            changed = getattr(config, field.name) != getattr(default, field.name)
            if changed and field.name not in COMMON | used:
                raise cli.UserError(f"{config.model} is counted; leave {cli.flag(field.name)} out")
    counts = used & {"block_size", "n_embd", "n_hidden", "n_layer", "n_head"}
    counts |= {"steps", "patience", "evaluations", "batch_size"}
    rates = ["lr", "weight_decay", "smoothing", "l2"]
    cli.check_numbers(config, at_least_1=sorted(counts), above_0=["minutes"], not_negative=rates)
    if "wavenet" in config.model and config.block_size not in (2, 4, 8, 16, 32, 64):
        raise cli.UserError("a wavenet fuses pairs, so --block-size must be 2, 4, 8, 16, 32 or 64")
    if config.model == "transformer" and config.n_embd % config.n_head:
        raise cli.UserError(f"{config.n_head} heads cannot share --n-embd {config.n_embd} evenly")


if __name__ == "__main__":
    cli.run(main, Config, default=default_config)
