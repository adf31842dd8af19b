"""The command line: a dataclass becomes the options, a user's mistake becomes one line.

tyro makes the options and their help, and says what is wrong with an option. A mistake that the
program finds itself is a `UserError`; a bug stays a traceback. Exit status: 0 done, 1 the machine
refused (disk full), 2 the user's mistake, 130 Ctrl-C, 141 the reader of the output has gone.
"""

import contextlib
import io
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, TypeVar

import tyro

Config = TypeVar("Config")
SWITCHES = (tyro.conf.FlagCreatePairsOff,)  # --test, and no --no-test beside it


class UserError(Exception):
    """A mistake the user can fix. Its message says what, where, and what to do, in one line."""


def run(
    main: Callable[[Config], None],
    config: type[Config],
    args: Sequence[str] | None = None,
    default: Callable[[Sequence[str]], Config] | None = None,
    description: str | None = None,
) -> None:
    """Parse the command line into a `config`, and call `main` with it.

    `args` replaces `sys.argv[1:]`. `default` returns the values of the options that are not given,
    which may depend on some that are; see `parse_known`. `description` replaces the docstring of
    `config` in --help. Raises `SystemExit` unless all goes well.
    """
    args = sys.argv[1:] if args is None else args
    with _exit_status():
        options: dict[str, Any] = {"prog": _program(), "args": args, "config": SWITCHES}
        if default is not None:
            options["default"] = default(args)
        main(tyro.cli(config, description=description, **options))


def parse_known(config: type[Config], args: Sequence[str]) -> Config:
    """The options that `config` has, whatever else there is on the command line."""
    options: dict[str, Any] = {"return_unknown_args": True, "add_help": False, "args": args}
    known, _ = tyro.cli(config, prog=_program(), **options)
    return known


def flag(name: str) -> str:
    """How an option is written on the command line."""
    return "--" + name.replace("_", "-")


def check_numbers(
    config: object,
    at_least_1: Iterable[str] = (),
    above_0: Iterable[str] = (),
    not_negative: Iterable[str] = (),
) -> None:
    """Raise `UserError` for an option of `config` that is too small; None stays as it is."""
    rules: list[tuple[Iterable[str], Callable[[float], bool], str]] = [
        (at_least_1, lambda value: value < 1, "must be at least 1"),
        (above_0, lambda value: value <= 0, "must be above 0"),
        (not_negative, lambda value: value < 0, "must not be negative"),
    ]
    for names, fails, rule in rules:
        for name in names:
            value = getattr(config, name)
            if value is not None and fails(value):
                raise UserError(f"{flag(name)} {rule}")


class Verb(Protocol):
    """One verb of `python -m PACKAGE VERB`: a dataclass of its options that knows what to do."""

    def run(self) -> None: ...


def run_verbs(
    verbs: Mapping[str, type[Verb]], description: str, args: Sequence[str] | None = None
) -> None:
    """The same for `python -m PACKAGE VERB …`."""
    with _exit_status():
        parse = tyro.extras.subcommand_cli_from_dict
        options: dict[str, Any] = {"prog": _program(), "args": args, "config": SWITCHES}
        verb: Verb = parse(dict(verbs), description=description, **options)
        verb.run()


class Interrupt:
    """Whether Ctrl-C was pressed; see `interruptible`."""

    requested = False


@contextlib.contextmanager
def interruptible(echo: float = 0.0) -> Iterator[Interrupt]:
    """In this block, the first Ctrl-C only sets `requested`; a second one interrupts at once.

    A training loop looks at `requested` after every step, so that it can save before it stops. For
    `echo` seconds after the first one, others are ignored: `torchrun` repeats each Ctrl-C.
    """
    interrupt = Interrupt()
    before = signal.getsignal(signal.SIGINT)
    deadline = 0.0

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal deadline
        if not interrupt.requested:
            interrupt.requested, deadline = True, time.monotonic() + echo
        elif time.monotonic() > deadline:
            signal.signal(signal.SIGINT, before)
            signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def _program() -> str:
    """The command that started this program, without its options."""
    spec = sys.modules["__main__"].__spec__
    if spec is None:
        return f"python {Path(sys.argv[0]).name}"
    return f"python -m {spec.name.removesuffix('.__main__')}"


@contextlib.contextmanager
def _exit_status() -> Iterator[None]:
    """Print what went wrong on one line, and exit with the status that says so."""
    warnings.showwarning = _show_warning
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # characters the terminal lacks are escaped
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()  # so that a closed pipe is noticed here
    except UserError as error:
        _leave(f"error: {error}", 2)
    except KeyboardInterrupt:
        _leave("interrupted", 130)
    except BrokenPipeError:  # the reader of our output has gone, `head` for example
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)  # as a shell reports a program that a closed pipe ended
    except OSError as error:
        named = error.filename and error.strerror
        _leave(f"error: {error.filename}: {error.strerror}" if named else f"error: {error}", 1)


def _leave(line: str, code: int) -> None:
    print(line, file=sys.stderr)
    sys.exit(code)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"warning: {message}", file=sys.stderr)
