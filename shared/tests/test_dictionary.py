"""The dictionary: what is found, and that whatever has broken is named."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared import cli
from shared.dictionary import (
    FILE,
    Options,
    definitions,
    entries_of,
    failures,
    find,
    index_of,
    main,
    mended,
    problems,
)

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / FILE).read_text(encoding="utf-8")

CODE = '''"""A module."""

LIMIT: int = 3


class Model:
    """A model."""

    @property
    def size(self) -> int:
        return 1


def train() -> None:
    pass
'''
SMALL = """# Dictionary

## A to Z

old

## First part

### context (block size)

Text. See [training](#training).

```python
>>> n = 1
>>> n
1
```

Code: [`Model.size`](lesson/model.py#L1), [`LIMIT`](lesson/model.py#L1).

## Second part

### training

Code: [`train`](lesson/model.py#L1), [the lesson](lesson/model.py).
"""


@pytest.fixture
def root(tmp_path):
    """A repository with one module and a dictionary whose line numbers are right."""
    (tmp_path / "lesson").mkdir()
    (tmp_path / "lesson" / "model.py").write_text(CODE)
    (tmp_path / FILE).write_text(mended(SMALL, tmp_path))
    return tmp_path


def broken(root: Path, old: str, new: str) -> list[str]:
    """The problems after a change of the dictionary."""
    text = (root / FILE).read_text()
    assert old in text
    return problems(text.replace(old, new), root)


def test_all_links_of_the_dictionary_hold():
    assert problems(TEXT, ROOT) == []


def test_every_entry_can_be_found_by_each_of_its_names():
    entries = entries_of(TEXT)
    for entry in entries:
        for name in (entry.title, *entry.names, entry.title.upper()):
            assert find(entries, name) == entry
        assert TEXT.splitlines()[entry.line - 1] == f"### {entry.title}"
    assert len({entry.anchor for entry in entries}) == len(entries)


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
        assert f"`python -m {package} learn start {name}`" in find(entries_of(TEXT), term).body


def test_definitions_are_where_python_says(root):
    lines = CODE.splitlines()
    found = definitions(CODE)
    assert set(found) == {"LIMIT", "Model", "Model.size", "train"}
    for name, line in found.items():
        assert name.rpartition(".")[2] in lines[line - 1]


def test_line_numbers_and_index_are_mended(root):
    text = (root / FILE).read_text()
    assert "[`Model.size`](lesson/model.py#L10), [`LIMIT`](lesson/model.py#L3)" in text
    assert "[`train`](lesson/model.py#L14)" in text
    assert "**B** [block size](#context-block-size)\n\n**C** [context](#context-block-size)" in text
    assert problems(text, root) == []
    assert mended(text, root) == text


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("#L10", "#L11", "context (block size): Model.size is in line 10 of"),
        ("`train`", "`fit`", "training: lesson/model.py defines no fit"),
        ("(lesson/model.py#L14)", "(lesson/gone.py#L14)", "training: there is no file lesson/gone"),
        ("(lesson/model.py).", "(lesson/gone.py).", "training: there is no file lesson/gone.py"),
        ("(#training)", "(#train)", "context (block size): there is no entry #train"),
        ("[`train`](lesson/model.py#L14), ", "", "training: has no link to code"),
        ("### training", "### practice", "A to Z"),
    ],
)
def test_what_broke_is_named_with_its_term(root, old, new, problem):
    assert any(problem in line for line in broken(root, old, new))


def test_code_that_moved_is_noticed(root):
    (root / "lesson" / "model.py").write_text("\n" + CODE)
    found = problems((root / FILE).read_text(), root)
    assert len(found) == 3 and all("is in line" in line for line in found)


def test_examples_are_run_and_see_only_their_own_entry():
    text = SMALL.replace("Code: [`train`]", "```python\n>>> n\n1\n```\n\nCode: [`train`]")
    (failure,) = failures(entries_of(text))
    assert "training" in failure and "NameError" in failure
    assert failures(entries_of(SMALL)) == []
    (failure,) = failures(entries_of(SMALL.replace(">>> n\n1", ">>> n\n2")))
    assert "context (block size)" in failure


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("sofmax", "did you mean softmax?"),
        ("regularisation", "did you mean regularization"),
        ("L1", "did you mean L1 regularization?"),
        ("norm", "layer norm or batch normalization"),
        ("relu", "it comes up in: activation function"),
        ("soft-cap", "it comes up in: logits"),
        ("zzzz", f"{FILE} lists all terms"),
    ],
)
def test_unknown_word_suggests_the_nearest(word, hint):
    with pytest.raises(ValueError, match="there is no entry") as error:
        find(entries_of(TEXT), word)
    assert hint in str(error.value)


def test_command_prints_an_entry_with_places_in_the_code(capsys):
    main(Options(term=("KV", "cache")))
    printed = capsys.readouterr().out
    assert printed.startswith("## KV cache\n")
    place = re.search(r"\((\S+cache\.py):(\d+)\)", printed)
    assert "class LayerCache" in Path(place[1]).read_text().splitlines()[int(place[2]) - 1]
    assert "](" not in printed


def test_command_lists_all_terms(capsys):
    main(Options())
    assert capsys.readouterr().out.splitlines() == [entry.title for entry in entries_of(TEXT)]


def test_check_and_mend(root, capsys):
    main(Options(check=True), root)
    assert "links and examples of 2 entries hold" in capsys.readouterr().out
    (root / "lesson" / "model.py").write_text("\n" + CODE)
    with pytest.raises(cli.UserError, match="is in line 15"):
        main(Options(check=True), root)
    main(Options(mend=True), root)
    main(Options(check=True), root)
    main(Options(mend=True), root)
    assert capsys.readouterr().out.endswith("nothing to mend\n")
    with pytest.raises(cli.UserError, match="not two of them"):
        main(Options(check=True, mend=True), root)
    with pytest.raises(cli.UserError, match="make setup"):
        main(Options(), root / "lesson")


def test_wrong_word_is_one_line():
    command = [sys.executable, "-m", "shared.dictionary", "sofmax"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr == "error: there is no entry 'sofmax'; did you mean softmax?\n"


def test_index_has_every_name_once_in_order():
    entries = entries_of(TEXT)
    names = [part.partition("]")[0] for part in index_of(entries).split("[")[1:]]
    assert sorted(names) == sorted(name for entry in entries for name in entry.names)
    assert names == sorted(names, key=str.lower)
