"""The command line as a user meets it: exit status, and what is said of a mistake."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest

from shared import cli

PROGRAM = """
import sys, time, warnings
from dataclasses import dataclass
from typing import Literal
from shared import cli

@dataclass
class Config:
    \"\"\"Do a thing.\"\"\"
    steps: int = 3
    \"\"\"How often.\"\"\"
    kind: Literal["a", "b"] = "a"
    \"\"\"Which.\"\"\"
    do: str = ""
    \"\"\"What.\"\"\"

def main(config):
    if config.steps < 1:
        raise cli.UserError(f"--steps must be at least 1, not {config.steps}")
    if config.do == "bug":
        raise KeyError("bug")
    if config.do == "warn":
        warnings.warn("mind the step")
    if config.do == "lost":
        open("no/such/folder/file")
    if config.do == "much":
        for i in range(100_000):
            print(i)
    if config.do == "loop":
        end = time.monotonic() + 60  # whoever should interrupt it may be gone
        with cli.interruptible() as interrupt:
            print("looping", flush=True)
            while not interrupt.requested and time.monotonic() < end:
                pass
            print("saved", flush=True)
            if config.kind == "b":
                print("waiting", flush=True)
                while time.monotonic() < end:
                    pass
        raise KeyboardInterrupt
    print("done", config.steps)

cli.run(main, Config)
"""


@pytest.fixture
def command(tmp_path) -> list[str]:
    """What runs the program: a file, since the help text is taken from the source."""
    (tmp_path / "program.py").write_text(PROGRAM)
    return [sys.executable, str(tmp_path / "program.py")]


@pytest.fixture
def program(command):
    """Run the program with these options, to its end."""

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *args], capture_output=True, text=True, timeout=60)

    return run


@pytest.mark.parametrize(
    ("args", "code", "line"),
    [
        (["--steps", "0"], 2, "error: --steps must be at least 1, not 0\n"),
        (["--do", "lost"], 1, "error: no/such/folder/file: No such file or directory\n"),
    ],
)
def test_mistake_is_one_line_on_stderr(program, args, code, line):
    done = program(*args)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", line)


def test_mistake_in_an_option_is_told_by_tyro(program):
    done = program("--stepps", "3")
    assert (done.returncode, done.stdout) == (2, "")
    for word in ("--stepps", "Perhaps you meant", "--steps INT", "python program.py --help"):
        assert word in done.stderr


def test_help_names_every_option_and_how_the_program_was_started(program):
    done = program("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: python program.py [-h]")
    for word in ("Do a thing.", "--steps", "How often.", "(default: 3)", "--kind", "{a,b}"):
        assert word in done.stdout


def test_bug_stays_a_traceback(program):
    done = program("--do", "bug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_warning_is_one_line(program):
    done = program("--do", "warn")
    assert (done.returncode, done.stderr) == (0, "warning: mind the step\n")


def test_reader_that_stops_early_ends_the_program_without_a_word(command):
    args = [*command, "--do", "much"]
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child alone")
@pytest.mark.parametrize("second", [False, True])
def test_first_ctrl_c_lets_the_program_save_and_a_second_one_leaves_at_once(command, second):
    args = [*command, "--do", "loop", "--kind", "b" if second else "a"]
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "looping\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "saved\n"
    if second:
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)  # it would go on for a minute by itself
    assert (process.returncode, errors) == (130, "interrupted\n")


def test_ctrl_c_that_torchrun_repeats_counts_once(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    seconds = 0.0
    monkeypatch.setattr("time.monotonic", lambda: seconds)
    with cli.interruptible(echo=2.0) as interrupt:
        signal.raise_signal(signal.SIGINT)
        seconds = 1.9
        signal.raise_signal(signal.SIGINT)
        assert interrupt.requested
        seconds = 2.1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@dataclass
class Greet:
    """Greet somebody."""

    name: str = "you"

    def run(self) -> None:
        print(f"hello {self.name}")


@dataclass
class Part:
    """Say goodbye."""

    def run(self) -> None:
        raise cli.UserError("not yet")


def test_verb_runs_with_its_options(capsys):
    cli.run_verbs({"greet": Greet, "part": Part}, "Speak.", ["greet", "--name", "world"])
    assert capsys.readouterr().out == "hello world\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [(["part"], "error: not yet\n"), (["shout"], "greet, part"), ([], "{greet, part}")],
)
def test_mistake_with_a_verb_has_exit_status_2(capsys, args, words):
    with pytest.raises(SystemExit) as left:
        cli.run_verbs({"greet": Greet, "part": Part}, "Speak.", args)
    assert left.value.code == 2
    assert words in capsys.readouterr().err
