"""The texts that the lessons learn from: where they come from, and whether they are the right ones.

`load("names")` looks for the lecture's file in `$LM_DATA_DIR`, then in the cache of an earlier
download, then downloads it, and falls back on a stand-in that comes with this package. A download
is accepted only if its SHA-256 is the pinned one. Built on pooch.
"""

import hashlib
import os
import tempfile
import threading
import time
import warnings
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from shared import play
from shared.cli import UserError

PATIENCE = 3.0  # seconds without a byte from the network before we go on without it


@dataclass(frozen=True)
class Source:
    """A lecture's data file: its name, its address, and the SHA-256 of its content."""

    file: str
    url: str
    sha256: str


SOURCES = {
    "names": Source(
        "names.txt",
        "https://raw.githubusercontent.com/karpathy/makemore/988aa59e4d8fefa526d06f3b453ad116258398d4/names.txt",
        "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
    ),
    "shakespeare": Source(
        "tinyshakespeare.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    ),
}


@dataclass(frozen=True)
class Dataset:
    """A text and where it came from.

    `nats_per_character` is the lowest loss to expect of any model; known for the bundled play only.
    """

    text: str
    origin: str
    sha256: str
    nats_per_character: float | None = None

    def __str__(self) -> str:
        size = f"{len(self.text):,} characters, {len(self.text.splitlines()):,} lines"
        return f"{self.origin} ({size}, SHA-256 {self.sha256[:12]}…)"


def load(name: str, data: str | None = None, cache: Path | None = None) -> Dataset:
    """The text called `name`: "names", "shakespeare" or a file; or the one that `data` asks for.

    `data` is what the user gave, if anything: again one of these, or "bundled" for the stand-in of
    `name`. `cache` is where downloads are kept, by default the platform's cache folder.
    Raises `UserError` for a file that is missing, empty or not UTF-8, and for a download whose
    SHA-256 is wrong. Warns if `$LM_DATA_DIR` does not have the file, and if the stand-in is used.
    """
    wanted = name if data is None else data
    if wanted in SOURCES:  # a file of that name in this folder is ./names
        return _lecture_file(SOURCES[wanted], cache) or _stand_in(wanted)
    if wanted == "bundled" and name in SOURCES:
        return _stand_in(name)
    if Path(wanted).is_dir():
        raise UserError(f"{wanted!r} is a folder; give a file, or {name}, or bundled")
    if not Path(wanted).exists():
        raise UserError(f"there is no file {wanted!r}; give a file, or {name}, or bundled")
    return read_file(Path(wanted))


def read_file(path: Path) -> Dataset:
    """The text of a file in UTF-8, with or without a byte-order mark."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"byte {content[error.start]:#04x} at position {error.start:,}"
        raise UserError(f"{path} is not UTF-8 text ({byte}); convert it to UTF-8") from None
    if not text.strip():
        raise UserError(f"{path} is empty; give a file with text in it")
    return Dataset(text, str(path), hashlib.sha256(content).hexdigest())


def _lecture_file(source: Source, cache: Path | None) -> Dataset | None:
    """The file from `$LM_DATA_DIR`, the cache or the network; None if it is in none of them."""
    folder = os.environ.get("LM_DATA_DIR")
    if folder and (Path(folder) / source.file).is_file():
        dataset = read_file(Path(folder) / source.file)
        if dataset.sha256 != source.sha256:
            _warn(f"{dataset.origin} is not the lecture's file, so the results will differ")
        return dataset
    if folder:
        _warn(f"the folder in LM_DATA_DIR, {folder}, has no {source.file}")
    import pooch
    import requests

    offline = (requests.RequestException, TimeoutError)  # both are kinds of OSError
    cache = cache or Path(pooch.os_cache("lm-lessons"))
    try:
        try:
            return read_file(_retrieve(source, cache))
        except offline:
            raise
        except OSError as error:
            _warn(f"the cache cannot be used, so the download is not kept: {error}")
            with tempfile.TemporaryDirectory() as temporary:
                dataset = read_file(_retrieve(source, Path(temporary)))
                return Dataset(dataset.text, source.url, dataset.sha256)
    except offline as error:
        instead = "using the bundled stand-in, so the results will differ"
        _warn(f"{source.url} cannot be downloaded ({_reason(error)}); {instead}")
        return None


def _retrieve(source: Source, cache: Path) -> Path:
    """The path of the file in `cache`, downloaded if it is not there.

    pooch runs in a thread, so that no part of it, not even looking up the name, can make us wait.
    Raises `TimeoutError` after `PATIENCE` seconds without a byte, and what pooch raises.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")
    watch = _Watch()
    outcome: list[Path | BaseException] = []

    def download() -> None:
        downloader = pooch.HTTPDownloader(progressbar=watch, timeout=PATIENCE)
        known_hash = f"sha256:{source.sha256}"
        try:
            path = pooch.retrieve(source.url, known_hash, source.file, cache, downloader=downloader)
            outcome.append(Path(path))
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=download, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.05)
        if time.monotonic() - watch.heard > PATIENCE:
            raise TimeoutError(f"no answer within {PATIENCE:g} s")
    result = outcome[0]
    if isinstance(result, ValueError):  # pooch's word for a wrong hash; it names both
        raise UserError(f"{source.url} was refused: {result}")
    if isinstance(result, BaseException):
        raise result
    return result


class _Watch:
    """A progress bar for pooch that only remembers when the last byte came."""

    total = 0

    def __init__(self) -> None:
        self.heard = time.monotonic()

    def update(self, _: int) -> None:
        self.heard = time.monotonic()

    def reset(self) -> None: ...

    def close(self) -> None: ...


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=2)


def _reason(error: BaseException) -> str:
    """The first cause of an exception, and its message."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}"


def _stand_in(name: str) -> Dataset:
    """The bundled stand-in for a lecture's file."""
    if name == "names":
        text, nats = (resources.files("shared") / "data/names.txt").read_text("utf-8"), None
        origin = "bundled list of given names"
    else:
        drawn = play.write()
        text, nats, origin = drawn.text, drawn.nats_per_character, "bundled play"
    return Dataset(text, origin, hashlib.sha256(text.encode()).hexdigest(), nats)
