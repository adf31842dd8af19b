"""The programs of a lesson, for its tests: run them, stop them, read what they say and leave.

    programs = Programs(LESSON, train, VERBS)
    done = programs.run("train.py", "--steps", "3")

What a test has started and left running, the `conftest.py` at the root ends.
"""

import io
import os
import re
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from shared import checkpoints, cli
from shared.runs import Run

if TYPE_CHECKING:  # two of the lessons do without
    from torch import Tensor

ENVIRONMENT = os.environ | {
    "NO_COLOR": "1",
    "COLUMNS": "100",
    "PYTHONIOENCODING": "utf-8",
    "OMP_NUM_THREADS": "1",  # the models of the tests are too small for more
}


class Programs:
    """The `train.py` of a lesson, imported, and the verbs of `python -m PACKAGE`."""

    def __init__(self, lesson: Path, train: ModuleType, verbs: Mapping[str, type]) -> None:
        self.lesson, self.train, self.verbs = lesson, train, verbs

    def run(self, program: str, *args: str) -> subprocess.CompletedProcess[str]:
        """`train.py`, or a verb, in this process, which saves the time of the imports."""
        out, errors, code = io.StringIO(), io.StringIO(), 0
        with redirect_stdout(out), redirect_stderr(errors), warnings.catch_warnings():
            warnings.simplefilter("always")
            try:
                if program == "train.py":
                    default = getattr(self.train, "default_config", None)
                    cli.run(self.train.main, self.train.Config, args, default)
                else:
                    cli.run_verbs(self.verbs, "", [program, *args])
            except SystemExit as exit:
                code = int(exit.code or 0)
        return subprocess.CompletedProcess(args, code, out.getvalue(), errors.getvalue())

    def succeed(self, program: str, *args: str) -> str:
        """The same for a command without a mistake: what it prints."""
        done = self.run(program, *args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def process(self, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """A command, `python` in front, that has come to its end."""
        command = self.start(*args, **options)
        out, errors = command.communicate()
        return subprocess.CompletedProcess(args, command.returncode, out, errors)

    def start(self, *args: str, **options: Any) -> subprocess.Popen[str]:
        """A command that has just been started."""
        return subprocess.Popen(
            [sys.executable, *args],
            cwd=self.lesson,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **options,
        )

    def is_same_after_a_kill(self, runs: Path, *options: str) -> bool:
        """Whether a run that was killed and resumed is that of one that was not; see `same_run`."""
        whole, killed = runs / "whole", runs / "killed"
        self.succeed("train.py", "--runs", str(runs), "--name", "whole", *options)
        process = self.start("train.py", "--runs", str(runs), "--name", "killed", *options)
        wait_until(process, lambda: len(losses(killed)) >= 3)
        process.kill()
        process.communicate()
        assert not (killed / "results.json").exists()
        assert "resumed at step" in self.succeed("train.py", "--resume", str(killed))
        return same_run(whole, killed)


def wait_until(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    """Wait for something that a command is about to do; raises `AssertionError` if it does not."""
    for _ in range(6000):
        if condition():
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
            break
    raise AssertionError(f"the command has ended, or waits: {process.poll()}")


def interrupt(process: subprocess.Popen[str], condition: Callable[[], bool]) -> str:
    """Press Ctrl-C when the condition holds. Returns what the command, which then ends, printed."""
    wait_until(process, condition)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.splitlines()[-1]) == (130, "interrupted"), errors
    return out


def is_saved(run: Path, out: str) -> bool:
    """Whether a run that was interrupted kept the step that it says, and says how to continue."""
    found = re.search(r"stopped after step ([\d,]+)", out)
    assert found and f"to continue: python train.py --resume {run}\n" in out, out
    state = checkpoints.load(run / "last.safetensors").metadata["state"]
    return bool(state["step"] == int(found[1].replace(",", "")))


def mistake(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a program says of a user's mistake."""
    (line,) = done.stderr.splitlines()
    assert (done.returncode, line[:7]) == (2, "error: "), done.stderr
    return line


def tensors(path: Path) -> "Mapping[str, Tensor]":
    """What a checkpoint holds."""
    return checkpoints.load(path).tensors


def same_run(a: Path, b: Path) -> bool:
    """Whether two run folders have the same weights and the same losses, to the last bit."""
    for file in ("model.safetensors", "last.safetensors"):
        first, second = tensors(a / file), tensors(b / file)
        if first.keys() != second.keys():
            return False
        if not all(first[name].equal(second[name]) for name in first):
            return False
    return losses(a) == losses(b)


def losses(folder: Path) -> list[tuple[float, float, float]]:
    """Step, train loss and dev loss of each evaluation of a run."""
    metrics = Run(folder, "").read_metrics() if (folder / "metrics.jsonl").exists() else []
    return [(line["step"], line["train"], line["dev"]) for line in metrics]
