"""Files: what is read is what was written, others read it too, and damage is noticed."""

import json
import subprocess
import sys

import pytest
import tiktoken
from awkward import texts
from conftest import both_of
from hypothesis import given
from tiktoken.load import load_tiktoken_bpe
from tokenizers import Tokenizer as HuggingFace

from tokenizer import BasicTokenizer, FastTokenizer, RegexTokenizer, files
from tokenizer.split import PATTERNS

FORMATS = [".model", ".tiktoken", ".json"]


def small() -> FastTokenizer:
    tokenizer = FastTokenizer()
    tokenizer.train("low lower lowest", 256 + 3)
    tokenizer.register_special_tokens({"<|end|>": 300, 'a "quoted"\n line': 301})
    return tokenizer


def state(tokenizer):
    return tokenizer.pattern, tokenizer.vocab, tokenizer.special_tokens


@pytest.mark.parametrize("both", ["gpt2", "trained"], indirect=True)
@pytest.mark.parametrize("suffix", FORMATS)
def test_tokenizer_survives_a_file(both, tmp_path, suffix):
    ours, _ = both
    path = tmp_path / f"tokenizer{suffix}"
    ours.save(path)
    loaded = FastTokenizer(ours.pattern)
    loaded.load(path)
    assert loaded.ranks == ours.ranks
    assert loaded.pattern == ours.pattern
    assert loaded.special_tokens == ({} if suffix == ".tiktoken" else ours.special_tokens)
    text = "It's 2026, naïve 日本語 🙂\n\n  x"
    assert loaded.encode(text) == ours.encode(text)


@pytest.mark.parametrize("suffix", [".model", ".json"])
def test_pattern_and_special_tokens_of_any_letters_survive_a_file(tmp_path, suffix):
    tokenizer = FastTokenizer(r'(?s)"|\\\n|.' if suffix == ".model" else PATTERNS["gpt2"])
    tokenizer.register_special_tokens({'a "quoted"\n line': 300, "日本 🙂": 301, "x 1": 302})
    tokenizer.save(tmp_path / f"x{suffix}")
    loaded = FastTokenizer()
    loaded.load(tmp_path / f"x{suffix}")
    assert state(loaded) == state(tokenizer)


def test_prefix_makes_a_model_and_a_vocabulary_for_people(tmp_path):
    small().save(tmp_path / "v1.5")
    assert {path.name for path in tmp_path.iterdir()} == {"v1.5.model", "v1.5.vocab"}
    lines = (tmp_path / "v1.5.vocab").read_text(encoding="utf-8").splitlines()
    assert lines[97] == "97 [a]"
    assert lines[0xE4] == r"228 [\xe4]"
    assert lines[256:] == [
        "256 [l][o] -> [lo]",
        "257 [lo][w] -> [low]",
        "258 [ ][low] -> [ low]",
        "300 [<|end|>]",
        r'301 [a "quoted"\n line]',
    ]


def test_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "x.tiktoken"
    path.write_text("precious")

    def fail(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        small().save(path)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_special_token_spelled_like_an_ordinary_one_cannot_be_in_a_tokenizer_json(tmp_path):
    tokenizer = small()
    tokenizer.register_special_tokens({"low": 300})
    with pytest.raises(ValueError, match="'low' is spelled like an ordinary token"):
        tokenizer.save(tmp_path / "x.json")
    tokenizer.save(tmp_path / "x")
    assert {path.name for path in tmp_path.iterdir()} == {"x.model", "x.vocab"}


def test_pattern_that_hugging_face_may_read_otherwise_cannot_be_in_a_tokenizer_json(tmp_path):
    """Oniguruma takes $ for the end of a line, for one."""
    with pytest.raises(ValueError, match=r"cut otherwise at '\(\?s\)\.\+\$'; save a .model"):
        FastTokenizer("(?s).+$").save(tmp_path / "x.json")
    assert not [*tmp_path.iterdir()]


def test_what_a_kill_has_left_is_gone_after_the_next_save(tmp_path):
    program = """
import os, sys
from tokenizer import BasicTokenizer, FastTokenizer, RegexTokenizer, files
files.os.fsync = lambda _: os._exit(9)
FastTokenizer().save(sys.argv[1])
"""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "x")])
        assert done.returncode == 9
    assert len([*tmp_path.iterdir()]) == 1
    small().save(tmp_path / "x")
    assert {path.name for path in tmp_path.iterdir()} == {"x.model", "x.vocab"}


# What others make of our files


@pytest.mark.parametrize("both", ["gpt2", "trained"], indirect=True)
def test_tiktoken_reads_our_ranks(both, tmp_path, monkeypatch):
    ours, _ = both
    ours.save(tmp_path / "x.tiktoken")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")  # no cache for this one
    ranks = load_tiktoken_bpe(str(tmp_path / "x.tiktoken"))
    theirs = tiktoken.Encoding("x", pat_str=ours.pattern, mergeable_ranks=ranks, special_tokens={})
    text = "It's 2026, naïve 日本語 🙂\n\n  x"
    assert theirs.encode(text) == ours.encode(text)


@pytest.fixture(scope="session")
def hugging_face(both, tmp_path_factory):
    """Ours, and what the `tokenizers` package makes of the file."""
    ours, _ = both
    path = tmp_path_factory.mktemp("hugging-face") / "tokenizer.json"
    ours.save(path)
    return ours, HuggingFace.from_file(str(path))


@given(text=texts)
def test_hugging_face_gives_the_same_ids_and_decodes_them_to_the_same_text(hugging_face, text):
    ours, theirs = hugging_face
    ids = ours.encode(text, "all")
    assert theirs.encode(text).ids == ids
    assert theirs.decode(ids, skip_special_tokens=False) == ours.decode(ids)


def test_hugging_face_gives_the_same_ids_on_a_whole_play(hugging_face, play):
    ours, theirs = hugging_face
    assert theirs.encode(play).ids == ours.encode(play)


@pytest.mark.parametrize("both", ["gpt2", "trained"], indirect=True)
def test_file_that_hugging_face_wrote_again_is_read(hugging_face, tmp_path):
    ours, theirs = hugging_face
    theirs.save(str(tmp_path / "again.json"))
    loaded = FastTokenizer()
    loaded.load(tmp_path / "again.json")
    assert state(loaded) == state(ours)


# Damage

GOOD = """\
tokenizer 1
pattern "(?s)."
bytes {bytes}
special 1
"<|end|>" 300
merges 2
97 98 256
256 99 257
""".replace("{bytes}", " ".join(map(str, range(256))))


def load(tmp_path, name, text):
    """A tokenizer that had something in it before, and what loading this text raises."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="\n")
    tokenizer = small()
    before = state(tokenizer)
    with pytest.raises(ValueError) as caught:
        tokenizer.load(path)
    assert state(tokenizer) == before
    return str(caught.value).removeprefix(str(path))


def test_the_undamaged_file_is_read(tmp_path):
    (tmp_path / "x.model").write_text(GOOD, newline="\n")
    tokenizer = FastTokenizer()
    tokenizer.load(tmp_path / "x.model")
    assert tokenizer.encode("abcab<|end|>", "all") == [97, 98, 99, 97, 98, 300]
    assert tokenizer.merges == {(97, 98): 256, (256, 99): 257}


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("tokenizer 1", "minbpe v1", "damaged in line 1"),
        ('"(?s)."', '"(?s"', "damaged in line 2"),
        ("bytes 0 1", "bytes 0 0", "damaged in line 3"),
        ("special 1", "special 2", "damaged in line 6"),
        ('" 300', '" -1', "damaged in line 5"),
        ("merges 2", "merges 3", "damaged in line 9"),
        ("97 98 256", "97 258 256", "damaged in line 7"),
        ("256 99 257", "97 98 257", "damaged in line 8"),
        ("97 98 256\n256 99 257", "97 97 256\n97 256 257", "no training learns these merges"),
        ('" 300', '" 256', "the special token '<|end|>' cannot have the id 256, which is taken"),
    ],
)
def test_damaged_model_is_refused_with_the_line(tmp_path, good, bad, problem):
    assert good in GOOD
    assert problem in load(tmp_path, "x.model", GOOD.replace(good, bad))


@pytest.mark.parametrize("kind", [BasicTokenizer, RegexTokenizer, FastTokenizer])
def test_every_tokenizer_survives_a_file(tmp_path, kind):
    tokenizer = kind()
    tokenizer.train("low lower lowest", 256 + 3)
    if kind is not BasicTokenizer:
        tokenizer.register_special_tokens({"<|end|>": 300})
    tokenizer.save(tmp_path / "x")
    loaded = kind()
    loaded.load(tmp_path / "x.model")
    assert (loaded.merges, loaded.vocab) == (tokenizer.merges, tokenizer.vocab)
    assert loaded.encode("lowest") == tokenizer.encode("lowest") == [257, *b"est"]


def test_plain_tokenizers_refuse_what_they_cannot_be(tmp_path):
    small().save(tmp_path / "small")
    with pytest.raises(ValueError, match="has a pattern or special tokens; RegexTokenizer can"):
        BasicTokenizer().load(tmp_path / "small.model")
    gpt2, _ = both_of("gpt2")
    gpt2.save(tmp_path / "gpt2")
    with pytest.raises(ValueError, match="are not 0 to 255; use FastTokenizer"):
        RegexTokenizer().load(tmp_path / "gpt2.model")


def test_model_cut_short_anywhere_is_refused(tmp_path):
    for length in [*range(0, 40), *range(len(GOOD) - 60, len(GOOD))]:
        assert "the file is damaged in line" in load(tmp_path, "x.model", GOOD[:length])


def ranks(tmp_path) -> str:
    """A .tiktoken file with nothing wrong."""
    small().save(tmp_path / "good.tiktoken")
    return (tmp_path / "good.tiktoken").read_text()


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("bG8= 256", "bG8 256", "the file is damaged in line 257"),
        ("bG8= 256", "YQ== 256", "the file is damaged in line 257"),
        ("258\n", "258", "the file is damaged in line 259"),
        ("bG8= 256", "bG8= 97", "two tokens have the same id"),
        ("YQ== 97\n", "", "a vocabulary needs all 256 bytes, but 0x61 is missing"),
    ],
)
def test_damaged_ranks_are_refused_with_the_line(tmp_path, good, bad, problem):
    assert good in ranks(tmp_path)
    assert problem in load(tmp_path, "x.tiktoken", ranks(tmp_path).replace(good, bad))


def edited(tmp_path, *keys, value):
    """A tokenizer.json with one thing in it changed."""
    small().save(tmp_path / "good.json")
    whole = part = json.loads((tmp_path / "good.json").read_text(encoding="utf-8"))
    for key in keys[:-1]:
        part = part[key]
    if value is None:
        del part[keys[-1]]
    else:
        part[keys[-1]] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("keys", "value", "problem"),
    [
        (["model"], None, "not a tokenizer.json, or a damaged one (KeyError('model'))"),
        (["model", "vocab", "a"], None, "0x61 is missing"),
        (["model", "merges", 0], ["l", "q"], "not a tokenizer.json, or a damaged one"),
        (["model", "merges"], [["lo", "w"], ["l", "o"]], "not in the order of their ids"),
        (["model", "dropout"], 0.1, "it uses dropout, which this package does not support"),
        (["normalizer"], {"type": "NFC"}, "it uses normalizer"),
        (["post_processor"], {"type": "TemplateProcessing"}, "it uses a post_processor"),
        (["model", "type"], "WordPiece", "this is a WordPiece tokenizer"),
        (["added_tokens", 0, "lstrip"], True, "it uses lstrip"),
        (["pre_tokenizer"], {"type": "Whitespace"}, "does not support: ['Whitespace']"),
        (["pre_tokenizer", "pretokenizers", 1, "add_prefix_space"], True, "a pre_tokenizer"),
    ],
)
def test_tokenizer_json_that_would_give_other_ids_is_refused(tmp_path, keys, value, problem):
    assert problem in load(tmp_path, "x.json", edited(tmp_path, *keys, value=value))


def test_older_spelling_of_merges_is_read(tmp_path):
    merges = ["l o", "lo w", "Ġ low"]
    (tmp_path / "x.json").write_text(edited(tmp_path, "model", "merges", value=merges))
    loaded = FastTokenizer()
    loaded.load(tmp_path / "x.json")
    assert state(loaded) == state(small())


def test_tokenizer_json_of_gpt2_has_its_pattern_by_name(tmp_path):
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    (tmp_path / "x.json").write_text(edited(tmp_path, "pre_tokenizer", value=byte_level))
    loaded = FastTokenizer()
    loaded.load(tmp_path / "x.json")
    assert loaded.pattern == PATTERNS["gpt2"]
