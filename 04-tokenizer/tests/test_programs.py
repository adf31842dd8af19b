"""The commands: what they print, what they leave behind, and what they say of a mistake."""

import hashlib
import io
import json
import os
import random
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy
import pytest
import tiktoken

import train as train_py
from house.programs import Programs, interrupt, mistake
from house.readmes import untrue_in_docstrings, untrue_in_readme
from tokenizer import FastTokenizer
from tokenizer.__main__ import Decode, Encode, Show
from tokenizer.published import names_in_cache
from tokenizer.split import PATTERNS

LESSON = Path(__file__).parent.parent
TEXT = "the theory of the thing: to be or not to be, that is the question\n" * 20
TEXT += "Whether it is nobler in the mind to suffer the slings and arrows of fortune\n" * 10
TEXT += "-" * 500 + "\n"
main = SimpleNamespace(main=train_py.train, Config=train_py.Config)
programs = Programs(LESSON, main, {"encode": Encode, "decode": Decode, "show": Show})


def run(*args, stdin="", **env):
    """A finished command, its output as text; the user's own data and ranks are out of sight."""
    return subprocess.run(
        [sys.executable, *args],
        cwd=LESSON,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"} | env,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
    )


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A small tokenizer in a file."""
    tokenizer = FastTokenizer()
    tokenizer.train(TEXT, 300)
    tokenizer.register_special_tokens({"<|end|>": 300})
    path = tmp_path_factory.mktemp("model") / "small.model"
    tokenizer.save(path)
    return str(path)


def ours(model):
    tokenizer = FastTokenizer()
    tokenizer.load(model)
    return tokenizer


# python -m tokenizer


def test_encode_and_decode_are_each_others_reverse(model):
    text = "to be, naïve 日本\r\n"
    encoded = run("-m", "tokenizer", "encode", "--tokenizer", model, stdin=text)
    assert [*map(int, encoded.stdout.split())] == ours(model).encode(text)
    decoded = run("-m", "tokenizer", "decode", "--tokenizer", model, stdin=encoded.stdout)
    assert decoded.stdout == text.encode()


def test_text_and_ids_may_be_arguments_and_text_a_file(model, tmp_path):
    (tmp_path / "text").write_text("None to be", encoding="utf-8")
    ids = ours(model).encode("None to be")
    for given in (["None", "to", "be"], ["--file", str(tmp_path / "text")]):
        done = programs.run("encode", *given, "--tokenizer", model)
        assert [*map(int, done.stdout.split())] == ids
    done = run("-m", "tokenizer", "decode", *map(str, ids), "--tokenizer", model)
    assert done.stdout == b"None to be"


def test_special_token_is_an_error_unless_it_is_said_what_it_is(model):
    command = ["encode", "a<|end|>", "--tokenizer", model]
    assert "special token '<|end|>' at position 1" in mistake(programs.run(*command))
    assert programs.run(*command, "--special", "all").stdout == "97 300\n"
    assert programs.run(*command, "--special", "none").stdout.split()[-1] != "300"


def test_show_puts_bars_between_tokens_where_there_are_no_colors(model):
    lines = programs.run("show", "that is\n日", "--tokenizer", model).stdout.splitlines()
    assert "".join(lines[:-1]).replace("|", "") == r"that is\n\xe6\x97\xa5"
    tokens = ours(model).encode("that is\n日")
    assert lines[-1] == f"{len(tokens)} tokens, 9 characters, 11 bytes"
    assert "".join(lines).count("|") == len(tokens) - 1


COLORS = {"NO_COLOR": "", "FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm-256color"}


@pytest.mark.parametrize("more", [[], ["--steps"]])
def test_show_gives_neighbors_different_colors(model, more):
    done = run("-m", "tokenizer", "show", "that is it", "--tokenizer", model, *more, **COLORS)
    *lines, tokens, _ = done.stdout.decode().splitlines()
    for line in [*lines, tokens]:
        colors = [part.split("m")[0] for part in line.split("\x1b[")[1::2]]
        assert all(one != other for one, other in pairwise(colors))
    assert len(colors) == len(ours(model).encode("that is it"))


STEPS = """\
3 chunks, 16 bytes
l|o|w|| |l|o|w|e|r|| |l|o|w|e|s|t
108 111 -> 256   [l] [o] -> [lo], 3 times
lo|w|| |lo|w|e|r|| |lo|w|e|s|t
256 119 -> 257   [lo] [w] -> [low], 3 times
low|| |low|e|r|| |low|e|s|t
32 257 -> 258   [ ] [low] -> [ low], 2 times
low|| low|e|r|| low|e|s|t
258 101 -> 259   [ low] [e] -> [ lowe], 2 times
low|| lowe|r|| lowe|s|t
6 tokens, 16 characters, 16 bytes
"""


def test_show_plays_training_out():
    done = programs.run("show", "--steps", "--tokenizer", "new", "low lower lowest")
    assert done.stdout == STEPS


def test_pattern_can_be_said_for_a_file_that_has_none(model, tmp_path):
    ours(model).save(tmp_path / "x.tiktoken")
    command = ["encode", "to be\nis", "--tokenizer", str(tmp_path / "x.tiktoken")]
    for name, pattern in PATTERNS.items():
        ids = [*map(int, programs.run(*command, "--pattern", name).stdout.split())]
        expected = FastTokenizer(pattern)
        expected.load(tmp_path / "x.tiktoken")
        assert ids == expected.encode("to be\nis")


@pytest.mark.parametrize(
    ("args", "stdin", "problem"),
    [
        (["encode", "x", "--tokenizer", "no.model"], b"", "there is no file 'no.model'"),
        (["encode", "x", "--tokenizer", __file__], b"", "must end in .model"),
        (["encode", "x", "--file", __file__], b"", "two texts, one of them from --file"),
        (["encode", "--tokenizer", "M"], b"\xff", "standard input is not UTF-8 (position 0)"),
        (["decode", "--tokenizer", "M"], b"1 x", "an id is a whole number, not 'x'"),
        (["decode", "301", "--tokenizer", "M"], b"", "id 301 is not in the vocabulary of"),
        (["show", "x", "--out", "x.png"], b"", "give a name ending in .svg"),
    ],
)
def test_mistake_is_one_line(model, monkeypatch, args, stdin, problem):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    assert problem in mistake(programs.run(*(model if arg == "M" else arg for arg in args)))


# train.py


def train(folder, *args):
    options = ["--runs", str(folder), "--name", "run", "--vocab-size", "300"]
    return programs.run("train.py", *options, *args)


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory):
    """A folder with texts, the run that was trained on them, and what it printed."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "texts" / "more").mkdir(parents=True)
    (folder / "texts" / "one.txt").write_text(TEXT, encoding="utf-8")
    (folder / "texts" / "more" / "two.txt").write_text("日本 naïve\r\n", encoding="utf-8-sig")
    (folder / "texts" / "three.bin").write_bytes(b"\xff")  # no .txt, so not meant
    done = train(folder, "--data", str(folder / "texts"), "--workers", "2")
    assert (done.returncode, done.stderr) == (0, "")
    return folder, folder / "run", done.stdout


def test_run_folder_has_what_was_announced(trained_folder):
    _, run_folder, out = trained_folder
    found = {path.name for path in run_folder.iterdir()}
    assert found == {
        *("config.json", "metrics.jsonl", "tokenizer.model", "tokenizer.vocab"),
        *("tokenizer.tiktoken", "tokens.bin", "tokens.json", "results.json", "vocabulary.svg"),
    }
    assert ElementTree.parse(run_folder / "vocabulary.svg").getroot().tag.endswith("svg")
    assert "data: 2 files (" in out
    assert "vocabulary: 300 tokens; the first merges:" in out


def test_tokens_are_the_texts_and_the_file_beside_them_says_how_to_read_them(trained_folder):
    _, run_folder, out = trained_folder
    about = json.loads((run_folder / "tokens.json").read_text())
    content = (run_folder / "tokens.bin").read_bytes()
    assert (about["dtype"], about["byte_order"], about["vocab_size"]) == ("uint16", "little", 300)
    assert about["sha256"] == hashlib.sha256(content).hexdigest()
    ranks = (run_folder / "tokenizer.tiktoken").read_bytes()
    assert about["ranks_sha256"] == hashlib.sha256(ranks).hexdigest()
    ids = numpy.frombuffer(content, "<u2").tolist()
    assert about["count"] == len(ids)
    text = "日本 naïve\r\n" + TEXT
    assert ours(run_folder / "tokenizer.model").decode(ids) == text
    ranks = {token: i for i, token in ours(run_folder / "tokenizer.tiktoken").vocab.items()}
    theirs = tiktoken.Encoding(
        "trained", pat_str=about["pattern"], mergeable_ranks=ranks, special_tokens={}
    )
    assert theirs.encode(text) == ids
    assert f"{len(text.encode()) / len(ids):.3f} bytes per token" in out


def test_tokens_json_is_written_last(tmp_path):
    """For it says that `tokens.bin` is complete."""

    class Corpus:
        def blocks(self, split):
            yield "to be or not"
            raise OSError("No space left on device")

    tokenizer = FastTokenizer()
    tokenizer.save(tmp_path / "tokenizer.tiktoken")
    with pytest.raises(OSError, match="No space"):
        train_py.write_tokens(Corpus(), tokenizer, train_py.runs.Run(tmp_path, "tokenizer"))
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.tiktoken"]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--vocab-size", "255"], "--vocab-size is 255; give a number from 256"),
        (["--data", "no.txt"], "--data: there is no file or folder 'no.txt'; give"),
        (["--data", "FOLDER"], "has no .txt files"),
        (["--data", "BINARY"], "is not UTF-8 text (byte 0xff at position 1); convert it"),
    ],
)
def test_mistake_in_training_is_one_line(tmp_path, args, problem):
    (tmp_path / "FOLDER").mkdir()
    (tmp_path / "BINARY").write_bytes(b"a\xff")
    args = [str(tmp_path / arg) if arg.isupper() else arg for arg in args]
    assert problem in mistake(train(tmp_path, *args))


def test_damaged_ranks_of_gpt_are_a_warning_and_training_goes_on(tmp_path):
    for name in names_in_cache("gpt2"):
        (tmp_path / name).write_bytes(b"damaged")
    (tmp_path / "text.txt").write_text(TEXT)
    options = ["--data", str(tmp_path / "text.txt"), "--runs", str(tmp_path), "--name", "run"]
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "TIKTOKEN_CACHE_DIR": str(tmp_path)}
    done = run("train.py", *options, "--vocab-size", "300", **nowhere)
    assert done.returncode == 0
    assert done.stderr.startswith(b"warning: the ranks of gpt2 are not")
    assert (tmp_path / "run" / "vocabulary.svg").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child alone")
def test_ctrl_c_keeps_the_merges_so_far_and_exits_130(tmp_path):
    draw = random.Random(1337)  # random letters have merges for a while
    words = ["".join(draw.choices("abcdefghijklmnop", k=12)) for _ in range(50_000)]
    (tmp_path / "text.txt").write_text(" ".join(words))
    options = ["--runs", str(tmp_path), "--name", "run", "--vocab-size", "1000000"]
    process = programs.start("train.py", *options, "--data", str(tmp_path / "text.txt"))
    out = interrupt(process, (tmp_path / "run" / "metrics.jsonl").exists)
    assert "the first merges:" in out
    assert len(ours(tmp_path / "run" / "tokenizer.model").ranks) > 256
    assert not (tmp_path / "run" / "tokens.bin").exists()


MODULES = "basic split regex_tokenizer ranks training fast_split fast model_file"


def test_readme_and_examples_in_the_code_are_true():
    assert untrue_in_readme(LESSON) == untrue_in_docstrings(LESSON, MODULES) == []


README = (LESSON / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(\$ .*?)^```", README, re.M | re.S)
COMMANDS = [c for block in BLOCKS for c in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M)]


@pytest.mark.skipif(os.name == "nt", reason="the commands are those of a Unix shell")
@pytest.mark.parametrize(("command", "output"), COMMANDS)
def test_command_of_the_readme_prints_what_the_readme_says(command, output):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"NO_COLOR": "1", "COLUMNS": "100", "PATH": path}
    done = subprocess.run(command, shell=True, cwd=LESSON, env=env, capture_output=True)
    assert done.stderr == b""
    assert done.stdout.decode().rstrip("\n") == output.rstrip("\n")
