"""The command line: a dataclass becomes the options, a user's mistake becomes one line.

Built on tyro, whose help is kept and whose framed errors are cut down to one line. A bug stays a
traceback. Exit codes: 0 done, 1 the machine refused (disk full), 2 the user's mistake, 130 Ctrl-C,
141 the reader of the output has gone.
"""

import contextlib
import io
import os
import re
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, TypeVar

import tyro

Config = TypeVar("Config")
COLOR = re.compile(r"\x1b\[[0-9;]*m")
SWITCHES = (tyro.conf.FlagCreatePairsOff,)  # --test, and no --no-test beside it


class UserError(Exception):
    """A mistake the user can fix. Its message says what, where, and what to do, in one line."""


def require(condition: bool, option: str, value: object, allowed: str) -> None:
    """Raise `UserError` unless `condition` is true of the `value` given for `option`."""
    if not condition:
        raise UserError(f"{option} must be {allowed}, not {value}")


@contextlib.contextmanager
def users_mistakes() -> Iterator[None]:
    """Turn a `ValueError` that the lesson's code raises for the user's input into a `UserError`."""
    try:
        yield
    except ValueError as error:
        raise UserError(str(error)) from None


def run(
    main: Callable[[Config], None],
    config: type[Config],
    args: Sequence[str] | None = None,
    default: Callable[[Sequence[str]], Config] | None = None,
    description: str | None = None,
) -> None:
    """Parse the command line into a `config`, call `main` with it, and print errors as one line.

    `args` replaces `sys.argv[1:]`. `default` returns the values of the options that are not given,
    which may depend on some that are; see `parse_known`. `description` replaces the docstring of
    `config` in --help. Raises `SystemExit` unless all goes well.
    """
    args = sys.argv[1:] if args is None else args
    with _one_line_errors():
        _refuse_empty(args)
        options: dict[str, Any] = {"prog": _program(), "args": args, "config": SWITCHES}
        if default is not None:
            options["default"] = default(args)
        main(_parse(lambda: tyro.cli(config, description=description, **options)))


def parse_known(config: type[Config], args: Sequence[str]) -> Config:
    """The options that `config` has, whatever else there is on the command line."""
    options: dict[str, Any] = {"return_unknown_args": True, "add_help": False, "args": args}
    known, _ = _parse(lambda: tyro.cli(config, prog=_program(), **options))
    return known


class Verb(Protocol):
    """One verb of `python -m PACKAGE VERB`: a dataclass of its options that knows what to do."""

    def run(self) -> None: ...


def run_verbs(
    verbs: Mapping[str, type[Verb]], description: str, args: Sequence[str] | None = None
) -> None:
    """The same for `python -m PACKAGE VERB …`."""
    with _one_line_errors():
        _refuse_empty(sys.argv[1:] if args is None else args)
        parse = tyro.extras.subcommand_cli_from_dict
        prog, text = _program(), description
        verb: Verb = _parse(
            lambda: parse(dict(verbs), prog=prog, description=text, args=args, config=SWITCHES)
        )
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


def _refuse_empty(args: Sequence[str]) -> None:
    """Raise `UserError` for `--data ""`, which a shell makes of a variable without a value.

    Only a `--prompt` may be empty.
    """
    joined = [arg.split("=", 1) for arg in args if "=" in arg]  # --data=
    for option, value in [*pairwise(args), *joined]:
        if value == "" and option.startswith("--") and option != "--prompt":
            raise UserError(f"{option} is empty; give it a value, or leave it out")


def _parse(call: Callable[[], Any]) -> Any:
    """What `call` returns; tyro's framed message becomes one line."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return call()
    except SystemExit as exit:
        if exit.code == 2 and complaint.getvalue():
            raise UserError(_in_one_line(complaint.getvalue())) from None
        raise


def _program() -> str:
    """The command that started this program, without its options."""
    spec = sys.modules["__main__"].__spec__
    if spec is None:
        return f"python {Path(sys.argv[0]).name}"
    return f"python -m {spec.name.removesuffix('.__main__')}"


def _in_one_line(frame: str) -> str:
    """A framed message, whose parts are separated by rules or empty lines, as one line.

    The frame is drawn with lines, or with hyphens where the terminal has no such characters; on a
    terminal it has colors.
    """
    parts: list[list[str]] = [[]]
    for line in COLOR.sub("", frame).splitlines()[1:]:
        text = line.strip(" │╰╯─")
        if text.strip("-"):
            parts[-1].append(text)
        else:
            parts.append([])
    message = "\n".join(" ".join(part) for part in parts if part)
    return f"{_in_plain_words(message)} (--help lists the options)"


def _in_plain_words(message: str) -> str:
    """The first part of a message, without the names of Python's types, and tyro's suggestion."""
    said = message.partition("\n")[0]
    if found := re.fullmatch(r"Error parsing (\S+): .*'(.*)'\]?\.?", said):
        return f"{found[1]} cannot be {found[2]!r}"
    if found := re.fullmatch(r"Missing from .*?: (\S+)\b.*", said):
        return f"{found[1]} is missing"
    if found := re.fullmatch(r"Missing value for argument '(.*)'\. .*", said):
        return f"{found[1]} has no value"
    if found := re.fullmatch(r"Expected one of \{(.*)\}\.", said):
        return f"a verb is missing, one of {found[1]}"
    choice = r"invalid choice '(.*)' for argument '(.*)'\. Expected one of \((.*)\)\.?"
    if found := re.fullmatch(choice, said):
        choices = sorted(set(re.findall(r"'([^']*)'", found[3])) - {"None"})
        return f"{found[2]} must be one of {', '.join(choices)}, not {found[1]!r}"
    unknown = re.match(r"Unrecognized (?:or misplaced )?options: (.*?)(?:, | \(applied|$)", said)
    if unknown:
        if verbs := re.search(r"^Available subcommands: (.*)$", message, re.MULTILINE):
            return f"the first word must be one of {verbs[1]}, not {unknown[1]!r}"
        meant = re.search(r"^Perhaps you meant: (\S+)", message, re.MULTILINE)
        hint = f"; did you mean {meant[1]}?" if meant else ""
        return f"there is no option {unknown[1]!r}{hint}"
    return said


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
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
