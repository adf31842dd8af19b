"""Where a text comes from, in good conditions and in bad ones.

The home of the data is a server on this machine, which can be told to misbehave.
"""

import gc
import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared import datasets
from shared.cli import UserError
from shared.datasets import SOURCES, Source, load

# pooch leaves the socket of a download that broke off to the garbage collector, which `home` calls,
# lest the warning come up in some later test.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

TEXT = "emma\nolivia\nava\n" * 1000
PINNED = {name: (source.file, source.sha256) for name, source in SOURCES.items()}


class Home(ThreadingHTTPServer):
    """Serves TEXT, or what `manner` makes of it, and counts the requests.

    `now` is the time on the clock of `datasets`, which only this server moves.
    """

    manner = "well"
    requests = 0
    now = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.released = threading.Event()
        self.heard = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/names.txt"


class Handler(BaseHTTPRequestHandler):
    server: Home

    def do_GET(self) -> None:
        self.server.requests += 1
        body = TEXT.encode()
        if self.server.manner == "hanging":
            self.server.now += 4
            self.server.released.wait(30)
            return
        if self.server.manner == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        if self.server.manner != "cut, of unknown length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.manner.startswith("cut"):
            body = body[: len(body) // 2]
        if self.server.manner == "slow":
            for start in range(0, len(body), 1024):  # as much as pooch reads at a time
                self.server.heard.clear()
                self.server.now += 2
                self.wfile.write(body[start : start + 1024])
                self.server.heard.wait(30)
            return
        if self.server.manner == "altered":
            body = body.replace(b"emma", b"anna")
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def home(monkeypatch) -> Iterator[Home]:
    server = Home()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    monkeypatch.setitem(SOURCES, "names", Source("names.txt", server.url, sha256))
    monkeypatch.delenv("LM_DATA_DIR", raising=False)
    monkeypatch.setattr(datasets, "time", SimpleNamespace(monotonic=lambda: server.now))
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()
    gc.collect()


def test_download_is_kept_and_the_next_call_needs_no_network(home, tmp_path):
    first = load("names", cache=tmp_path)
    second = load("names", cache=tmp_path)
    assert first.text == second.text == TEXT
    assert home.requests == 1
    assert str(tmp_path) in str(second)
    assert f"SHA-256 {second.sha256[:12]}" in str(second)


def test_damaged_cache_is_downloaded_anew(home, tmp_path):
    (tmp_path / "names.txt").write_text("emma\n")
    assert load("names", cache=tmp_path).text == TEXT
    assert home.requests == 1


@pytest.mark.parametrize(
    ("manner", "reason"),
    [("hanging", "no answer within 3 s"), ("missing", "404"), ("cut", "IncompleteRead")],
)
def test_bad_server_means_a_warning_and_the_stand_in(home, tmp_path, manner, reason):
    home.manner = manner
    warning = rf"names\.txt .*{reason}.*bundled stand-in.*will differ"
    with pytest.warns(UserWarning, match=warning):
        dataset = load("names", cache=tmp_path)
    assert dataset.origin == "bundled list of given names"
    assert not (tmp_path / "names.txt").exists()


def test_download_that_is_slow_but_moves_is_waited_for(home, tmp_path, monkeypatch):
    class Watch(datasets._Watch):
        def update(self, size: int) -> None:
            super().update(size)
            home.heard.set()

    monkeypatch.setattr(datasets, "_Watch", Watch)
    home.manner = "slow"
    assert load("names", cache=tmp_path).text == TEXT
    assert home.now > 30


def test_no_network_means_a_warning_and_the_stand_in(home, tmp_path):
    home.shutdown()
    home.server_close()
    with pytest.warns(UserWarning, match="refused|No connection"):
        dataset = load("names", cache=tmp_path)
    assert dataset.origin == "bundled list of given names"


@pytest.mark.parametrize("manner", ["altered", "cut, of unknown length"])
def test_wrong_hash_is_refused_with_both_hashes_and_nothing_is_cached(home, tmp_path, manner):
    home.manner = manner
    with pytest.raises(UserError) as refused:
        load("names", cache=tmp_path)
    body = TEXT.replace("emma", "anna") if manner == "altered" else TEXT[: len(TEXT) // 2]
    assert SOURCES["names"].sha256 in str(refused.value)
    assert hashlib.sha256(body.encode()).hexdigest() in str(refused.value)
    assert home.url in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_cache_that_cannot_be_written_means_a_warning_and_the_real_text(home, tmp_path):
    (tmp_path / "file").write_text("in the way of the folder")
    with pytest.warns(UserWarning, match="cache cannot be used, so the download is not kept"):
        dataset = load("names", cache=tmp_path / "file" / "cache")
    assert (dataset.text, dataset.origin) == (TEXT, home.url)


def test_folder_in_lm_data_dir_comes_before_the_network(home, tmp_path, monkeypatch):
    (tmp_path / "names.txt").write_text(TEXT, newline="\n")
    monkeypatch.setenv("LM_DATA_DIR", str(tmp_path))
    assert load("names").origin == str(tmp_path / "names.txt")
    assert home.requests == 0


def test_other_text_in_lm_data_dir_is_used_with_a_warning(home, tmp_path, monkeypatch):
    (tmp_path / "names.txt").write_text("mine\n")
    monkeypatch.setenv("LM_DATA_DIR", str(tmp_path))
    with pytest.warns(UserWarning, match="not the lecture's file"):
        assert load("names").text == "mine\n"


def test_lm_data_dir_without_the_file_is_passed_over_with_a_warning(home, tmp_path, monkeypatch):
    monkeypatch.setenv("LM_DATA_DIR", str(tmp_path / "none"))
    with pytest.warns(UserWarning, match="none, has no names.txt"):
        assert load("names", cache=tmp_path).text == TEXT


@pytest.mark.parametrize("name", list(PINNED))
@pytest.mark.needs_data("names.txt")
@pytest.mark.needs_data("tinyshakespeare.txt")
def test_real_data_has_the_pinned_hash(name):
    file, sha256 = PINNED[name]
    dataset = load(name)
    assert Path(dataset.origin).name == file
    assert dataset.sha256 == sha256 == hashlib.sha256(dataset.text.encode()).hexdigest()


def test_users_file_is_read_whether_or_not_it_has_a_byte_order_mark(tmp_path):
    path = tmp_path / "my.txt"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + "Zoë\r\nŽofie\n".encode())
        dataset = load("names", str(path))
        assert dataset.text == "Zoë\r\nŽofie\n"
        assert dataset.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert load(str(path)) == dataset


@pytest.mark.parametrize(
    ("content", "words"),
    [(b" \n\n", "is empty"), (b"caf\xe9\n", "is not UTF-8 text (byte 0xe9 at position 3)")],
)
def test_file_that_is_no_text_is_one_clear_line(tmp_path, content, words):
    path = tmp_path / "my.txt"
    path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        load("names", str(path))
    assert words in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("wanted", ["no-such-file.txt", "."])
def test_file_that_is_not_there_is_one_clear_line(wanted):
    with pytest.raises(UserError, match=r"; give a file, or names, or bundled") as refused:
        load("names", wanted)
    assert ("is a folder" if wanted == "." else "there is no file") in str(refused.value)


def test_nothing_heavy_is_imported_before_it_is_needed():
    heavy = {"torch", "matplotlib", "pooch", "numpy", "requests"}
    modules = "cli, datasets, plots, progress, runs, splits, broadcasting, play"
    program = f"import sys; from shared import {modules}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n"
