"""Train a model to make more words like those of a list, or all models, on the same budget.

    python train.py                            # the default model on names; pictures in runs/
    python train.py --model transformer --data towns.txt
    python train.py --compare --minutes 1      # the whole ladder, one table, one chart

Follows the makemore lectures, 2 to 6 of Neural Networks: Zero to Hero. This file reads the options
and says what to do; `session` trains one model, `report` shows what came out.
"""

import math
import sys
import time
import warnings
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

try:
    from tyro.conf import arg

    from shared import cli, runs

    for package in ("matplotlib", "safetensors", "torch"):
        if find_spec(package) is None:  # only looked for: importing them would slow down --help
            raise ImportError(f"No module named {package!r}")
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

if TYPE_CHECKING:
    from makemore.training import Recipe
    from session import Data, Session

LESSON = "makemore"
TRAINING = "steps minutes batch_size lr weight_decay optimizer decay patience"
Count = Annotated[int | None, arg(metavar="INT")]
Amount = Annotated[float | None, arg(metavar="FLOAT")]


@dataclass
class Config:
    """Train a character-level language model on a list of words, and make more of them."""

    model: Annotated[str | None, arg(metavar="MODEL")] = None
    """One of bigram, bigram-net, bow, mlp, mlp-bn, rnn, gru, lstm, wavenet, transformer; by
    default lstm."""
    compare: bool = False
    """Train all models, a minute each or `--minutes`."""
    data: str = "names"
    """A file with a word a line; or `names`; or `bundled`."""
    max_length: int = 40
    """Longer words are left out."""
    lowercase: bool = False
    """Make all letters lower case."""
    steps: Count = None
    """Training steps; by default the model's own number."""
    minutes: Amount = None
    """Train for so long instead. Such a run is no other machine's twin."""
    batch_size: Count = None
    """Words in a batch; this and what follows are by default the model's own."""
    lr: Amount = None
    """Learning rate at its highest."""
    decay: Annotated[
        Literal["cosine", "linear", "step", "constant"] | None,
        arg(metavar="cosine|linear|step|constant"),
    ] = None
    """How the learning rate falls, after a warm-up of 100 steps."""
    optimizer: Annotated[Literal["adamw", "muon"] | None, arg(metavar="adamw|muon")] = None
    """Muon is for the matrices between hidden layers; AdamW does the rest."""
    weight_decay: Amount = None
    """How strongly AdamW and Muon pull matrices towards zero."""
    patience: Count = None
    """Stop early after so many of the 20 evaluations without a better dev loss."""
    block_size: Count = None
    """Characters that mlp, mlp-bn and wavenet look back; positions of the transformer."""
    n_embd: Count = None
    """Numbers in an embedding."""
    n_hidden: Count = None
    """Hidden units."""
    n_layer: Count = None
    """Blocks of the transformer."""
    n_head: Count = None
    """Attention heads of the transformer."""
    dropout: Amount = None
    """Share of hidden units that are left out in training."""
    smoothing: Amount = None
    """What the bigram adds to every count."""
    seed: int = 1337
    """Seed of the weights, the batches, dropout and the samples."""
    test: bool = False
    """Evaluate on the test split, too, in the end."""
    resume: Annotated[Path | None, arg(metavar="RUN")] = None
    """Go on with the run in this folder, with the settings that it was begun with."""
    name: str = ""
    """Name of the run's folder; by default the date and the time."""
    runs: Path = Path("runs")
    """Where run folders go."""

    def check(self) -> None:
        """Raise `UserError` for a value that cannot work; a model checks its own sizes."""
        counts = {
            "--max-length": self.max_length,
            "--steps": self.steps,
            "--batch-size": self.batch_size,
            "--patience": self.patience,
        }
        for option, count in counts.items():
            cli.require(count is None or count >= 1, option, count, "at least 1")
        for option, value in (("--minutes", self.minutes), ("--lr", self.lr)):
            cli.require(value is None or 0 < value < math.inf, option, value, "a number above 0")
        decay = self.weight_decay
        allowed = decay is None or 0 <= decay < math.inf
        cli.require(allowed, "--weight-decay", decay, "a number from 0 up")
        cli.require(0 <= self.seed < 2**31, "--seed", self.seed, "from 0 to 2**31 - 1")
        if self.steps and self.minutes:
            raise cli.UserError("give --steps or --minutes, not both")
        if self.compare and self.model:
            raise cli.UserError("--compare trains every model; leave --model out")
        if self.model == "bigram" and (given := self._given(TRAINING)):
            option = "--" + next(iter(given)).replace("_", "-")
            raise cli.UserError(f"bigram is counted, not trained; leave {option} out")
        if self.compare and self.resume:
            raise cli.UserError("--compare cannot be resumed; --resume takes a run of one model")

    def name_of_model(self) -> str:
        """The model that was asked for; when none was, the one that gets furthest in a minute."""
        return self.model or "lstm"

    def sizes(self) -> dict[str, Any]:
        """The model's sizes that were given."""
        return self._given("block_size n_embd n_hidden n_layer n_head dropout smoothing")

    def recipe(self) -> "Recipe":
        """How to train: what was given, and for the rest the model's own way."""
        from makemore.training import RECIPES

        if self.name_of_model() not in RECIPES:
            known = ", ".join(RECIPES)
            raise cli.UserError(f"there is no model {self.model!r}; the models are {known}")
        return replace(RECIPES[self.name_of_model()], **self._given(TRAINING))

    def _given(self, names: str) -> dict[str, Any]:
        options = {name: getattr(self, name) for name in names.split()}
        return {name: value for name, value in options.items() if value is not None}


def main(config: Config) -> None:
    """Train one model, go on with one, or compare them all."""
    config.check()
    if config.resume:
        config = resumed(config, config.resume)
    from session import Data  # here, since PyTorch takes a second to import, and --help needs none

    with cli.users_mistakes():
        recipe = config.recipe()
        data = Data.of(config.data, config.max_length, config.lowercase)
    print(f"data: {data.about}")
    print(f"words: {data.words}")
    if data.words.both_cases and not config.resume:
        letters = f"letters that occur in both cases count as two: {data.words.both_cases} of them"
        warnings.warn(f"{letters}; --lowercase makes them one", stacklevel=1)
    if config.compare:
        compare(config, data)
    else:
        train(config, recipe, data)


def train(config: Config, recipe: "Recipe", data: "Data") -> None:
    """Train one model, from the start or from where it was stopped, and report on it."""
    import report

    if config.resume:
        run = runs.Run.open(config.resume, LESSON)
        if run.read_config()["sha256"] != data.sha256:
            mend = "give the same words with --data"
            raise cli.UserError(f"{config.data} is not what {run.path} was begun with; {mend}")
        session = begin(config, recipe, data, run)
        session.load_last()
        print(f"resumed at step {session.state.step:,}")
    else:
        session = begin(config, recipe, data, None)
    print(f"model: {session.name}, {session.n_parameters():,} parameters")
    if not session.fit(time.perf_counter):
        best = session.state.best_dev
        dev = f"; best dev loss {best:.4f}" if math.isfinite(best) else ""
        print(f"stopped after step {session.state.step:,}{dev}")
        print(f"run: {session.run.path}/; to go on: python train.py --resume {session.run.path}")
        raise KeyboardInterrupt
    results = report.measure(session, config.test)
    report.print_results(results)
    report.print_samples(session, config.seed)
    files = report.write_files(session, results)
    print(f"run: {session.run.path}/ ({', '.join(files)})")


def begin(config: Config, recipe: "Recipe", data: "Data", run: runs.Run | None) -> "Session":
    """A session of its own, in a new run folder unless it is in `run`."""
    from session import Session

    session = Session(config.name_of_model(), config.sizes(), recipe, config.seed, data)
    if run is None:
        run = runs.Run.create(config.runs, LESSON, config.name)
        run.write_config(asdict(config), data=data.about, sha256=data.sha256)
        for split, words in (("train", data.splits.train), ("dev", data.splits.dev)):
            run.write_text(f"{split}.txt", "".join(f"{word}\n" for word in words))
    session.put_in(run)
    return session


def resumed(config: Config, folder: Path) -> Config:
    """The settings that the run in `folder` was begun with.

    Raises `UserError` when an option was given now that says something else. The data may lie
    elsewhere now; its SHA-256 tells whether it is the same.
    """
    run = runs.Run.open(folder, LESSON)
    about = run.read_config()
    if about.get("config", {}).get("compare"):
        raise cli.UserError(f"{folder} has a run of each model in it; name one, {folder}/lstm say")
    if "sha256" not in about:
        raise cli.UserError(f"{folder} has no training of one model in it, as --resume needs")
    return run.begun_with(config, free={"resume", "test", "data"})


def compare(config: Config, data: "Data") -> None:
    """Train every model for the same time; print one table, draw one chart."""
    import report
    from makemore.training import RECIPES

    sizes = config.sizes()
    if sizes:
        raise cli.UserError(f"--compare takes every model as it is, without {', '.join(sizes)}")
    parent = runs.Run.create(config.runs, LESSON, config.name)
    parent.write_config(asdict(config), data=data.about, sha256=data.sha256)
    minutes = config.minutes or (None if config.steps else 1.0)
    everything = []
    stopped = False
    for model in RECIPES:
        one = replace(config, model=model, minutes=minutes, compare=False, runs=parent.path)
        session = begin(replace(one, name=model), one.recipe(), data, None)
        stopped = not session.fit(time.perf_counter)
        if stopped:
            print(f"stopped in {model}; to go on: python train.py --resume {session.run.path}")
            break
        results = report.measure(session, config.test)
        report.write_files(session, results)
        print(f"{model}: dev {results['dev']:.4f}", flush=True)
        everything.append((session, results))
    report.print_comparison(everything, config.seed)
    with parent.writing("compare.svg") as path:
        report.save_comparison(everything, path)
    parent.write_json("compare.json", [results for _, results in everything])
    print(f"run: {parent.path}/ (a folder for each model, compare.json, compare.svg)")
    if stopped:
        raise KeyboardInterrupt


if __name__ == "__main__":
    cli.run(main, Config)
