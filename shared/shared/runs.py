"""The run folder: everything that one training run leaves behind, in `runs/NAME/`.

`config.json` has the options, the command and where the data came from; `metrics.jsonl` has a line
for every logged step; samples and pictures are beside them. A file is either whole or not there: it
is written under another name and renamed once it is on disk.
"""

import errno
import json
import os
import platform
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, get_args, get_type_hints

from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

from shared.cli import UserError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")
T = TypeVar("T")
UNFINISHED = ".unfinished-"  # a file's name begins so while it is being written


class Run:
    """The folder of one run of a lesson's program, at `path`."""

    def __init__(self, path: Path, lesson: str) -> None:
        self.path = path
        self.lesson = lesson

    @staticmethod
    def require_free(runs: Path, name: str) -> None:
        """Raise `UserError` unless `create` can make this folder; for use before long work."""
        if name in (".", "..") or Path(name).name != name:
            raise UserError(f"--name must be a plain folder name, not {name!r}")
        if runs.exists() and not runs.is_dir():
            raise UserError(f"--runs {runs} is a file; give a folder")
        if name and (runs / name).exists():
            raise UserError(f"{runs / name} exists; choose another --name, or remove it")

    @classmethod
    def create(cls, runs: Path, lesson: str, name: str = "") -> "Run":
        """Make a folder `runs/name`, by default named after the lesson, the date and the time.

        Raises `UserError` if the name is taken or is not a plain folder name.
        """
        cls.require_free(runs, name)
        try:
            runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--runs {runs} cannot be created: {error.strerror}") from None
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

        Raises `UserError` if there is none at `path`, or if it is another lesson's.
        """
        if not path.is_dir():
            raise UserError(f"there is no run folder {path}")
        run = cls(path, lesson)
        stored = run.read_config().get("lesson")
        if stored != lesson:
            what = f"a run of {stored}, not of {lesson}" if stored else "not a run folder"
            raise UserError(f"{path} is {what}; choose another folder")
        return run

    @classmethod
    def start(
        cls,
        lesson: str,
        config: dict[str, Any],
        *,
        data: str,
        sha256: str,
        **more: Any,
    ) -> "Run":
        """The folder of the run that `config` resumes, or a new one, with all this written to it.

        `config` has the options `runs`, `name`, `resume` and `data`. A name is free again if the
        run that had it was stopped before it saved anything. Raises `UserError` if the name is
        taken, or the resumed run was trained on other data.
        """
        if config["resume"]:
            run = cls.open(config["resume"], lesson)
            if run.read_config().get("sha256") != sha256:
                raise UserError(
                    f"{config['data']} is not what {run.path} was trained on; "
                    "give the same data with --data"
                )
            return run
        path = config["runs"] / config["name"]
        if not config["name"] or not (path / "config.json").exists():
            run = cls.create(config["runs"], lesson, config["name"])
        elif any(path.rglob("[!.]*.safetensors")):
            raise UserError(
                f"{path} exists; continue it with --resume {path}, or choose another --name"
            )
        else:
            run = cls(path, lesson)
        run.write_config(config, data=data, sha256=sha256, **more)
        return run

    def write_config(self, config: dict[str, Any], **more: Any) -> None:
        """Write `config.json`: the options, and what else it takes to repeat the run."""
        about = {"command": sys.argv, "python": platform.python_version(), **more}
        self.write_json("config.json", {"lesson": self.lesson, "config": config, **about})

    def write_settings(self, config: dict[str, Any]) -> None:
        """Replace the options in `config.json`, for a run that continues with other ones."""
        self.write_json("config.json", {**self.read_config(), "config": config})

    def read_config(self) -> dict[str, Any]:
        """What `write_config` wrote; raises `UserError` if it is missing or damaged."""
        try:
            return read_json(self.path / "config.json", dict[str, Any])
        except FileNotFoundError:
            raise UserError(f"{self.path} is not a run folder: it has no config.json") from None

    def settings(self, kind: type[Settings]) -> Settings:
        """The options that this run was started with, as the dataclass `kind`.

        Raises `UserError` unless `config.json` has a value of the right type for each of them.
        """
        path, hints = self.path / "config.json", get_type_hints(kind)
        stored = self.read_config().get("config")
        if not isinstance(stored, dict) or stored.keys() != hints.keys():
            raise UserError(f"{path} does not have the options of this program; use another run")
        for name, hint in hints.items():
            value = stored[name]
            if isinstance(value, str) and Path in (hint, *get_args(hint)):
                stored[name] = value = Path(value)
            try:
                if isinstance(value, bool) != (hint is bool):
                    raise TypeCheckError(f"is {value}")
                check_type(value, hint)
            except TypeCheckError:
                raise UserError(f"{path} is damaged: {name} cannot be {value!r}") from None
        return kind(**stored)

    def refuse_changes(self, given: "DataclassInstance", free: Collection[str]) -> None:
        """Raise `UserError` if an option that is not `free` differs from what the run has."""
        stored = self.settings(type(given))
        for field in fields(given):
            then, now = getattr(stored, field.name), getattr(given, field.name)
            if then != now and field.name not in free:
                option = "--" + field.name.replace("_", "-")
                with_then = f"with {option} {then}, not {now}"
                started = f"without {option}" if then in (None, "") else with_then
                raise UserError(f"{self.path} was started {started}; leave {option} out")

    def write_json(self, name: str, value: Any) -> None:
        text = json.dumps(value, indent=2, default=str, allow_nan=False)
        self.write_text(name, text + "\n")

    def write_text(self, name: str, text: str) -> None:
        write_text(self.path / name, text)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A path to write to; if the block succeeds, the file there becomes `name`."""
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

        A last line that a full disk or a power cut left unfinished is skipped. Raises `UserError`
        if another line is damaged.
        """
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return []
        lines = path.read_bytes().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"}\n"):
            del lines[-1]
        named = (f"{path}, line {number}," for number in count(1))
        return [_parsed(line, dict[str, float], where) for line, where in zip(lines, named)]

    def rewind(self, step: int) -> None:
        """Forget what was logged after `step`, from where the run continues."""
        kept = [figures for figures in self.read_metrics() if figures.get("step", 0) <= step]
        self.write_text("metrics.jsonl", "".join(json.dumps(line) + "\n" for line in kept))

    def sweep(self) -> None:
        """Remove the files that a killed process left unfinished."""
        for path in self.path.rglob(f"{UNFINISHED}*"):
            path.unlink(missing_ok=True)


def read_json(path: Path, kind: type[T]) -> T:
    """The JSON in a file, checked to be of this type; raises `UserError` if it is damaged."""
    return _parsed(path.read_bytes(), kind, str(path))


def _parsed(content: bytes, kind: type[T], where: str) -> T:
    """The JSON in `content`, which stands in `where`."""
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is damaged ({error}); use another run") from None
    return checked(value, kind, where)


def checked(value: object, kind: type[T], where: str) -> T:
    """The value, if it is of this type; otherwise raises `UserError`: `where` is damaged."""
    every = CollectionCheckStrategy.ALL_ITEMS
    try:
        return check_type(value, kind, collection_check_strategy=every)
    except TypeCheckError as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"{where} is damaged ({reason}); use another run") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it if the block succeeds, otherwise removed.

    Whoever reads `path`, even after a crash, finds the old file or the new one, never a part. What
    a kill leaves behind is overwritten the next time.
    """
    temporary = path.with_name(UNFINISHED + path.name)
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
    """Write a file in UTF-8, whole or not at all, with the same line ends on every machine."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _numbered(path: Path) -> Iterator[Path]:
    """`path`, then `path-2`, `path-3`, and so on."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.name}-{number}")
