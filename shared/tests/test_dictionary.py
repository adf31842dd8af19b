"""DICTIONARY.md: its links name code, its examples run, and what beginners type is found."""

import ast
import doctest
import re
from itertools import groupby
from pathlib import Path

import pytest

from shared import cli
from shared.dictionary import (
    CODE_LINK,
    FILE,
    Options,
    definitions,
    entries_of,
    find,
    main,
    names,
)

ROOT = FILE.parent
TEXT = FILE.read_text(encoding="utf-8")
ENTRIES = entries_of(TEXT)


def test_every_link_to_code_names_a_definition_of_its_file():
    for text, target in re.findall(r"\[(`[^\]]+)\]\(([^)]+)\)", TEXT):
        link = re.fullmatch(r"`([\w.]+)` in ([\w.]+)", text)
        assert link and link[2] == Path(target).name, (text, target)
        assert link[1] in definitions((ROOT / target).read_text(encoding="utf-8")), (text, target)


def steps() -> list[tuple[str, str, str]]:
    """Package, name and term of every step of every lesson's exercises."""
    found = []
    for path in ROOT.glob("[0-9][0-9]-*/*/exercises.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Step":
                (term,) = (word.value for word in node.keywords if word.arg == "term")
                found.append((path.parent.name, *map(ast.literal_eval, (node.args[0], term))))
    return found


def test_a_term_says_where_it_is_practiced():
    commands = {f"python -m {package} learn start {name}" for package, name, _ in steps()}
    assert set(re.findall(r"python -m \w+ learn start [\w-]+", TEXT)) == commands
    for package, name, term in steps():
        assert f"`python -m {package} learn start {name}`" in ENTRIES[find(ENTRIES, term)]


def test_every_entry_links_to_code_and_is_found_by_each_of_its_names():
    for title, body in ENTRIES.items():
        assert CODE_LINK.search(body), title
        for name in (title, *names(title, body)):
            assert find(ENTRIES, name) == title


def test_a_to_z_has_every_title():
    links = {
        name: f"[{name}](#{re.sub(r'[^a-z0-9 -]', '', title.lower()).replace(' ', '-')})"
        for title in ENTRIES
        for name in names(title, "")
    }
    letters = groupby(sorted(links, key=str.lower), key=lambda name: name[0].upper())
    right = "\n\n".join(
        f"**{letter}** " + " · ".join(links[name] for name in group) for letter, group in letters
    )
    assert right in TEXT, f"paste this below A to Z:\n\n{right}"


@pytest.mark.parametrize("title", [title for title, body in ENTRIES.items() if ">>> " in body])
def test_examples_run_without_those_of_other_entries(title, monkeypatch):
    for lesson in ROOT.glob("[0-9][0-9]-*"):
        monkeypatch.syspath_prepend(lesson)
    blocks = re.findall(r"^```python\n(.*?)^```$", ENTRIES[title], re.MULTILINE | re.DOTALL)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, title, FILE.name, 0)
    output: list[str] = []
    doctest.DocTestRunner(verbose=False).run(examples, out=output.append)
    assert not output, "".join(output)


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("batchnorm", "batch normalization"),
        ("nn.BatchNorm1d", "batch normalization"),
        ("batch normalisation", "batch normalization"),
        ("lr", "learning rate"),
        ("nll", "negative log likelihood (NLL)"),
        ("self attention", "self-attention"),
        ("vocabularies", "vocabulary"),
        ("top k", "temperature, top-k, top-p"),
        ("<|endoftext|>", "special token"),
        ("loss.backward()", "backpropagation"),
        ("ReLU", "activation function"),
    ],
)
def test_entry_is_found_by_what_a_beginner_types(word, title):
    assert find(ENTRIES, word) == title


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("sofmax", "see softmax"),
        ("normalization", "see batch normalization, layer norm"),
        ("zzzz", "python -m shared.dictionary lists all terms"),
    ],
)
def test_unknown_word_suggests_the_nearest_terms(word, hint):
    with pytest.raises(cli.UserError, match=f"there is no entry for '{word}'; {hint}"):
        find(ENTRIES, word)


def test_command_prints_an_entry_where_its_code_is_and_the_first_lines(capsys):
    main(Options(term=("KV", "cache")))
    printed = capsys.readouterr().out
    assert printed.startswith("## KV cache\n") and "](" not in printed
    for name in ("LayerCache", "KVCache"):
        place = re.search(rf"`{name}` \((\S+cache\.py):(\d+)\)", printed)
        assert Path(place[1]).read_text().splitlines()[int(place[2]) - 1] == f"class {name}:"
    assert "```python\nclass LayerCache:\n" in printed


def test_command_lists_all_terms(capsys):
    main(Options())
    assert capsys.readouterr().out.splitlines() == list(ENTRIES)
