"""The run folder: everything that one training run leaves behind, in `runs/NAME/`.

`config.json` holds the settings, the command and where the data came from; `metrics.jsonl` has a
line for every logged step; samples and pictures lie beside them. A file is either whole or not
there: it is written under another name and renamed when it is on disk.
"""

import errno
import json
import os
import platform
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from shared.cli import UserError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")


class Run:
    """The folder of one run of a lesson's program, at `path`."""

    def __init__(self, path: Path, lesson: str) -> None:
        self.path = path
        self.lesson = lesson

    @staticmethod
    def require_free(runs: Path, name: str) -> None:
        """Raise `UserError` unless `create` can make this folder; to be asked before long work."""
        if name in (".", "..") or Path(name).name != name:
            raise UserError(f"--name must be a plain folder name, not {name!r}")
        if name and (runs / name).exists():
            raise UserError(f"{runs / name} exists; choose another --name, or remove it")
        if runs.exists() and not runs.is_dir():
            raise UserError(f"--runs {runs} cannot be made a folder: it is a file")

    @classmethod
    def create(cls, runs: Path, lesson: str, name: str = "") -> "Run":
        """A new folder `runs/name`, by default named after the lesson, the date and the time.

        Raises `UserError` when the name is taken or is not a plain folder name.
        """
        cls.require_free(runs, name)
        try:
            runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--runs {runs} cannot be made a folder: {error.strerror}") from None
        stamp = f"{lesson}-{datetime.now():%Y%m%d-%H%M%S}"
        for path in [runs / name] if name else _numbered(runs / stamp):
            try:
                path.mkdir()
                return cls(path, lesson)
            except FileExistsError:
                continue
        raise UserError(f"{runs / name} exists; choose another --name, or remove it")

    @classmethod
    def open(cls, path: Path, lesson: str) -> "Run":
        """The folder of an earlier run of this lesson.

        Raises `UserError` when there is none at `path`, or when it is another lesson's.
        """
        if not path.is_dir():
            raise UserError(f"there is no run folder {path}")
        run = cls(path, lesson)
        found = run.read_config().get("lesson")
        if found != lesson:
            what = (
                f"a run of {found}, not of {lesson}" if found else "no run folder of these lessons"
            )
            raise UserError(f"{path} is {what}; name another folder")
        return run

    def write_config(self, config: dict[str, Any], **more: Any) -> None:
        """Write `config.json`: the settings, and what else it takes to repeat the run."""
        about = {"command": sys.argv, "python": platform.python_version(), **more}
        self.write_json("config.json", {"lesson": self.lesson, "config": config, **about})

    def read_config(self) -> dict[str, Any]:
        """What `write_config` wrote; raises `UserError` when it is not there, or damaged."""
        path = self.path / "config.json"
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise UserError(f"{self.path} is no run folder: it has no config.json") from None
        except ValueError as error:
            raise UserError(f"{path} is damaged ({error}); name another run") from None

    def begun_with(self, given: Settings, free: Collection[str]) -> Settings:
        """The settings that this run was begun with, except for `free` ones that are given now.

        Raises `UserError` when an option that is not free was given now and says something else.
        """
        stored = self.read_config().get("config", {})
        kept = {}
        for field in fields(given):
            now, default = getattr(given, field.name), field.default
            then = stored.get(field.name, default)
            then = Path(then) if isinstance(default, Path) else then
            if now == default:
                kept[field.name] = then
            elif field.name not in free and now != then:
                option = "--" + field.name.replace("_", "-")
                begun = f"without {option}" if then in (None, "") else f"with {option} {then}"
                raise UserError(f"{self.path} was begun {begun}, not {now}; leave {option} out")
        return replace(given, **kept)

    def write_json(self, name: str, value: Any) -> None:
        text = json.dumps(value, indent=2, default=str, allow_nan=False)
        self.write_text(name, text + "\n")

    def write_text(self, name: str, text: str) -> None:
        write_text(self.path / name, text)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A path to write to; when the block ends well, the file there becomes `name`."""
        with atomic(self.path / name) as temporary:
            yield temporary

    def log(self, **figures: float) -> None:
        """Append one line to `metrics.jsonl`, in one write."""
        line = json.dumps(figures, allow_nan=False) + "\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(self.path / "metrics.jsonl", flags, 0o666)
        try:
            if os.write(descriptor, line.encode()) < len(line):
                raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {self.path}")
        finally:
            os.close(descriptor)

    def read_metrics(self) -> list[dict[str, float]]:
        """The lines of `metrics.jsonl`, in the order in which they were logged.

        A last line that a full disk or a power cut has left unfinished is skipped.
        """
        try:
            text = (self.path / "metrics.jsonl").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        lines = text.splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("}\n")]

    def rewind(self, step: int) -> None:
        """Forget what was logged of later steps, for a run that goes on from `step`."""
        kept = [figures for figures in self.read_metrics() if figures["step"] <= step]
        self.write_text("metrics.jsonl", "".join(json.dumps(line) + "\n" for line in kept))


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed over it when the block ends well, else removed.

    Whoever reads `path`, even after a crash, finds the old file or the new one, never a part. What
    a kill leaves behind is overwritten the next time.
    """
    temporary = path.with_name(f".{path.stem}.tmp{path.suffix}")
    try:
        temporary.write_bytes(b"")
    except OSError as error:  # it names the temporary file, which says nothing to anybody
        raise type(error)(error.errno, error.strerror, str(path)) from None
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8, with the same line ends on every machine, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _numbered(path: Path) -> Iterator[Path]:
    """`path`, then `path-2`, `path-3`, and so on."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.name}-{number}")
