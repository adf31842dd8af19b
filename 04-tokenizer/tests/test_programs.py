"""The commands: what they print, what they leave behind, and what they say of a mistake."""

import doctest
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy
import pytest
import tiktoken

import train as train_py
from house.readmes import untrue_in_readme
from tokenizer import FastTokenizer, display
from tokenizer.published import names_in_cache
from tokenizer.split import PATTERNS

LESSON = Path(__file__).parent.parent
TEXT = "the theory of the thing: to be or not to be, that is the question\n" * 20
TEXT += "Whether it is nobler in the mind to suffer the slings and arrows of fortune\n" * 10
TEXT += "-" * 500 + "\n"


def run(*args, stdin="", **env):
    """A finished command, its output as text; the user's own data and ranks are out of sight."""
    return subprocess.run(
        [sys.executable, *args],
        cwd=LESSON,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"} | env,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        check=False,
    )


def mistake(done):
    """The one line of a mistake by the user."""
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, line[:7]) == (2, "error: ")
    return line


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
    (tmp_path / "text").write_text("to be", encoding="utf-8")
    ids = ours(model).encode("to be")
    for given in (["to be"], ["--file", str(tmp_path / "text")]):
        done = run("-m", "tokenizer", "encode", *given, "--tokenizer", model)
        assert [*map(int, done.stdout.split())] == ids
    done = run("-m", "tokenizer", "decode", *map(str, ids), "--tokenizer", model)
    assert done.stdout == b"to be"


def test_special_token_is_an_error_unless_it_is_said_what_it_is(model):
    command = ["-m", "tokenizer", "encode", "a<|end|>", "--tokenizer", model]
    assert "special token '<|end|>' at position 1" in mistake(run(*command))
    assert run(*command, "--special", "all").stdout == b"97 300\n"
    assert run(*command, "--special", "none").stdout.split()[-1] != b"300"


def test_show_puts_bars_between_tokens_where_there_are_no_colors(model):
    done = run("-m", "tokenizer", "show", "that is\n日", "--tokenizer", model)
    lines = done.stdout.decode().splitlines()
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


def test_neighbors_differ_in_color_even_if_the_colors_have_come_round():
    long = [b"-" * len(display.COLORS)] * 3
    styles = [span.style for span in display._show_chunks([long, long], None, True).spans]
    assert len(styles) == 6
    assert all(one != other for one, other in pairwise(styles))


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
    text = "low lower lowest"
    done = run("-m", "tokenizer", "show", "--steps", "--tokenizer", "new", text)
    assert done.stdout.decode() == STEPS


def test_show_plays_encoding_out(model):
    done = run("-m", "tokenizer", "show", "--steps", "--tokenizer", model, "to be")
    *_, tokens, sizes = done.stdout.decode().splitlines()
    ids = ours(model).encode("to be")
    assert tokens.replace("||", "|").split("|") == [ours(model).decode([i]) for i in ids]
    assert sizes == f"{len(ids)} tokens, 5 characters, 5 bytes"


def test_several_words_are_one_text_and_none_is_a_word_like_any_other(model):
    done = run("-m", "tokenizer", "encode", "None", "to", "be", "--tokenizer", model)
    assert [*map(int, done.stdout.split())] == ours(model).encode("None to be")


def test_pattern_can_be_said_for_a_file_that_has_none(model, tmp_path):
    ours(model).save(tmp_path / "x.tiktoken")
    file = str(tmp_path / "x.tiktoken")
    command = ["-m", "tokenizer", "encode", "to be\nis", "--tokenizer", file]
    for name, pattern in PATTERNS.items():
        ids = [*map(int, run(*command, "--pattern", name).stdout.split())]
        expected = FastTokenizer(pattern)
        expected.load(tmp_path / "x.tiktoken")
        assert ids == expected.encode("to be\nis")


def test_letters_that_the_output_lacks_are_escaped(model):
    command = ["-m", "tokenizer", "show", "é", "--tokenizer", model]
    done = run(*command, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("args", "stdin", "problem"),
    [
        (["encode", "x", "--tokenizer", "no.model"], "", "there is no file 'no.model'"),
        (["encode", "x", "--tokenizer", "tests"], "", "there is no file 'tests/tokenizer.model'"),
        (["encode", "x", "--tokenizer", "README.md"], "", "must end in .model"),
        (["encode", "x", "--tokenizer", "DAMAGED"], "", "x.model: the file is damaged in line 1"),
        (["encode", "x", "--file", "README.md"], "", "two texts, one of them from --file"),
        (["encode", "--file", "no.txt"], "", "--file: there is no file 'no.txt'"),
        (["encode", "--tokenizer", "M"], b"\xff", "standard input is not UTF-8 (position 0)"),
        (["decode", "--tokenizer", "M"], "1 x", "an id is a whole number, not 'x'"),
        (["decode", "301", "--tokenizer", "M"], "", "id 301 is not in the vocabulary of"),
        (["show", "x", "--out", "x.png"], "", "give a name ending in .svg"),
        (["show", "x", "--out", "pictures/show.svg"], "", "pictures/show.svg exists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistake_is_one_line(model, tmp_path, args, stdin, problem):
    (tmp_path / "x.model").write_text("minbpe v1\n")
    files = {"M": model, "DAMAGED": str(tmp_path / "x.model")}
    args = [files.get(arg, arg) for arg in args]
    assert problem in mistake(run("-m", "tokenizer", *args, stdin=stdin))


# train.py


def train(folder, *args, **env):
    options = ["--runs", str(folder), "--name", "run", "--vocab-size", "300"]
    return run("train.py", *options, *args, **env)


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory):
    """A folder with texts, the run that was trained on them, and what it printed."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "texts" / "more").mkdir(parents=True)
    (folder / "texts" / "one.txt").write_text(TEXT, encoding="utf-8")
    (folder / "texts" / "more" / "two.txt").write_text("日本 naïve\r\n", encoding="utf-8-sig")
    (folder / "texts" / "three.bin").write_bytes(b"\xff")  # no .txt, so not meant
    done = train(folder, "--data", str(folder / "texts"), "--workers", "2")
    assert (done.returncode, done.stderr) == (0, b"")
    return folder, folder / "run", done.stdout.decode()


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


def test_wide_vocabulary_makes_wide_tokens(trained_folder, tmp_path):
    tokenizer = FastTokenizer()
    tokenizer.register_special_tokens({"<|end|>": 70_000})
    corpus = train_py.Corpus((str(trained_folder[0] / "texts" / "one.txt"),))
    tokenizer.save(tmp_path / "tokenizer.tiktoken")
    train_py.write_tokens(corpus, tokenizer, train_py.runs.Run(tmp_path, "tokenizer"))
    assert json.loads((tmp_path / "tokens.json").read_text())["dtype"] == "uint32"
    ids = numpy.frombuffer((tmp_path / "tokens.bin").read_bytes(), "<u4")
    assert bytes(ids.tolist()) == TEXT.encode()


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


def test_folder_of_a_run_can_be_named_and_ids_come_as_they_were_printed(trained_folder):
    of_run = ["--tokenizer", str(trained_folder[1])]
    printed = run("-m", "tokenizer", "encode", "to be", *of_run).stdout.decode()
    assert run("-m", "tokenizer", "decode", printed, *of_run).stdout == b"to be"


def test_config_repeats_the_settings_and_names_the_data(trained_folder):
    config = json.loads((trained_folder[1] / "config.json").read_text())
    assert config["config"]["vocab_size"] == 300
    two, one = "日本 naïve\r\n".encode("utf-8-sig"), TEXT.encode()
    assert config["sha256"] == hashlib.sha256(two + one).hexdigest()


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--vocab-size", "255"], "--vocab-size is 255; give a number from 256"),
        (["--workers", "0"], "--workers is 0; give at least 1"),
        (["--data", "no.txt"], "--data: there is no file or folder 'no.txt'; give"),
        (["--data", "FOLDER"], "has no .txt files"),
        (["--data", "EMPTY"], "there is no text in"),
        (["--data", "BINARY"], "is not UTF-8 text (byte 0xff at position 1); convert it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistake_in_training_is_one_line(tmp_path, args, problem):
    (tmp_path / "EMPTY").touch()
    (tmp_path / "FOLDER").mkdir()
    (tmp_path / "BINARY").write_bytes(b"a\xff")
    args = [str(tmp_path / arg) if arg.isupper() else arg for arg in args]
    assert problem in mistake(train(tmp_path, *args))


def test_run_of_the_same_name_is_not_overwritten(trained_folder):
    folder, run_folder, _ = trained_folder
    before = (run_folder / "tokens.bin").read_bytes()
    done = train(folder, "--data", str(folder / "texts"))
    assert "exists; choose another --name" in mistake(done)
    assert (run_folder / "tokens.bin").read_bytes() == before


def test_text_with_too_few_pairs_is_said(tmp_path):
    (tmp_path / "short.txt").write_text("abc")
    done = train(tmp_path, "--data", str(tmp_path / "short.txt"))
    assert done.returncode == 0
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("warning: the text has no pair left to merge: the vocabulary has 258")


def test_damaged_ranks_of_gpt_are_a_warning_and_training_goes_on(tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in names_in_cache("gpt2"):
        (cache / name).write_bytes(b"damaged")
    (tmp_path / "text.txt").write_text(TEXT)
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "TIKTOKEN_CACHE_DIR": str(cache)}
    done = train(tmp_path, "--data", str(tmp_path / "text.txt"), **nowhere)
    assert done.returncode == 0
    assert done.stderr.startswith(b"warning: the ranks of gpt2 are not")
    assert (tmp_path / "run" / "vocabulary.svg").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child alone")
def test_ctrl_c_keeps_the_merges_so_far_and_exits_130(tmp_path):
    draw = random.Random(1337)  # random letters have merges for a while
    words = ["".join(draw.choices("abcdefghijklmnop", k=12)) for _ in range(50_000)]
    (tmp_path / "text.txt").write_text(" ".join(words))
    command = ["train.py", "--runs", str(tmp_path), "--name", "run", "--vocab-size", "1000000"]
    process = subprocess.Popen(
        [sys.executable, *command, "--data", str(tmp_path / "text.txt")],
        cwd=LESSON,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "metrics.jsonl").exists():
        assert process.poll() is None and time.monotonic() < deadline
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "interrupted\n")
    assert "the first merges:" in out
    assert len(ours(tmp_path / "run" / "tokenizer.model").ranks) > 256
    assert not (tmp_path / "run" / "tokens.bin").exists()


def test_code_of_the_readme_prints_what_the_readme_says():
    results = doctest.testfile(str(LESSON / "README.md"), module_relative=False, encoding="utf-8")
    assert results.attempted > 20
    assert results.failed == 0


README = (LESSON / "README.md").read_text(encoding="utf-8")


def test_files_of_the_readme_are_there_and_as_long_as_it_says():
    assert untrue_in_readme(LESSON) == []


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


@pytest.mark.parametrize(
    "module",
    ["basic", "split", "regex_tokenizer", "ranks", "training", "fast_split", "fast", "model_file"],
)
def test_examples_in_the_code_are_true(module):
    from importlib import import_module

    results = doctest.testmod(import_module(f"tokenizer.{module}"))
    assert results.attempted and not results.failed
