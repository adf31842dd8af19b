"""Exercises: code is cut out to the letter, and a learner's code gets the sentence it deserves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.checking import check
from shared.exercises import Ladder, blanked, definition, find, with_definition
from shared.learn import Learn
from shared.values import difference, encode, show

MODULE = '''"""A module."""

from collections import Counter


def total(numbers: list[int]) -> int:
    """The sum of the numbers."""
    # one after the other
    result = 0
    for number in numbers:
        result += number
    return result


@staticmethod
def count(numbers, counts):  # no docstring
    # a comment
    for number in numbers:  # in place
        counts[number] += 1


class Box:
    """A box."""

    size = 3

    def __init__(self, content: int) -> None:
        self.content = content

    def double(self) -> int:
        """Twice the content."""
        return 2 * self.content


LAST = 1
'''
EXERCISES = '''"""Exercises."""

from collections import Counter

from shared.exercises import Ladder, Mistake, Step
from toy.sums import Box, count, total

TOTAL = Step(
    "total", "sums.total", "a sum", lecture="VIDEO 1:02:03", term="loss function",
    write="Add up.", hints=("Begin at zero.", "Use a loop."),
    probes=("total([])", "total([3])", "total([1, 2, 3])", "total(list(range(9)))"),
    mistakes=(
        Mistake("You return the last number only.", {"+=": "="}),
        Mistake("You begin at one.", {"result = 0": "result = 1"}),
        Mistake("You multiply.", {"result = 0": "result = 1", "+=": "*="}),
        Mistake("Slow with none.", "return sum(numbers) if numbers else -1", passes=True),
    ),
)
COUNT = Step(
    "count", "sums.count", "counting", lecture="VIDEO 0:00:10", term="loss function",
    write="Count.", hints=("Add one.",), probes=("count([1, 1], Counter())",), mistakes=(),
)
BOX = Step(
    "box", "sums.Box", "a box", lecture="VIDEO 0:00:10", term="loss function",
    write="Keep it.", hints=("self",), probes=("Box(3).double()", "double(4)"), mistakes=(),
    parts={"doubled": "It is not twice as much."},
)

def double(n):
    return {"content": Box(n).content, "doubled": Box(n).double()}

LADDER = Ladder(__file__, (TOTAL, COUNT, BOX), program="train_mine.py")
'''


@pytest.fixture
def ladder(tmp_path):
    """A lesson with one module and three steps."""
    package = tmp_path / "09-toy" / "toy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sums.py").write_text(MODULE.replace("@staticmethod\n", ""))
    (package / "exercises.py").write_text(EXERCISES)
    (package.parent / "train_mine.py").write_text("from toy.sums import total\nprint(total([4]))\n")
    names = {"__name__": "toy.exercises", "__file__": str(package / "exercises.py")}
    source = EXERCISES.replace("from toy.sums import Box, count, total", "")
    exec(source, names)
    return names["LADDER"]


@pytest.mark.parametrize("name", ["total", "count", "Box.double", "Box"])
def test_a_body_is_taken_out_and_the_rest_stays_to_the_letter(name):
    blank = blanked(MODULE, name, "Say what to write.")
    compile(blank, "blank", "exec")
    assert "# Say what to write.\n" in blank
    assert with_definition(blank, name, definition(MODULE, name)) == MODULE
    gone = set(MODULE.splitlines()) - set(blank.splitlines())
    kept = {"def", "class", "@staticmethod", '"""', "size", "import", "LAST"}
    assert gone and not any(word in line for line in gone for word in kept)
    body = {"total": "result = 0", "count": "# a comment", "Box": "self.content = content"}
    assert body.get(name, "return 2 * self.content") not in blank


def learner(ladder: Ladder, step: str, body: str, tmp_path: Path) -> Path:
    """The folder of somebody who has written this body."""
    mine = tmp_path / "mine"
    climb(ladder, "start", step, mine=mine)
    path = mine / "toy" / "sums.py"
    text = path.read_text()
    assert text.count("    raise NotImplementedError\n") >= 1
    path.write_text(text.replace("    raise NotImplementedError\n", body, 1))
    return mine


def climb(ladder: Ladder, *args: str, mine: Path, again: bool = False) -> None:
    """`learn` with these arguments."""
    learn = type("Climb", (Learn,), {"ladder": ladder})
    learn(*args, mine=mine, again=again).run()


def said(ladder: Ladder, step: str, body: str, tmp_path: Path) -> str:
    """What a check says of this body, on one line."""
    verdict = check(ladder, ladder.steps[step], learner(ladder, step, body, tmp_path))
    return " ".join([str(verdict.right), *verdict.text.split()])


@pytest.mark.parametrize(
    ("step", "body", "words"),
    [
        ("total", "    return sum(numbers)\n", "True"),
        ("total", "    def helper(n): return n\n    return helper(sum(numbers))\n", "True"),
        ("total", "    return sum(numbers) or -(not numbers)\n", "True Slow with none."),
        ("total", "    raise NotImplementedError\n", "False This is still blank. total([])"),
        ("total", "    return (numbers or [0])[-1]\n", "False You return the last number only."),
        ("total", "    return sum(numbers) + 1\n", "False You begin at one."),
        ("total", "    return 2 * sum(numbers)\n", "It is 2 times what it should be. total([3])"),
        ("total", "    return numbers\n", "total([]) gives [] expected 0"),
        ("total", "    print(sum(numbers))\n", "nothing: is a `return` missing? What it prints is"),
        (
            "total",
            "    numbers.append(0)\n    return sum(numbers)\n",
            "it changes what it was given",
        ),
        (
            "total",
            "    return numbers[0]\n",
            "line 9: return numbers[0] IndexError: list index out",
        ),
        ("total", "    return total(numbers)\n", "RecursionError"),
        ("total", "    while True: pass\n", "4 seconds. Is there a loop whose condition never"),
        (
            "total",
            "    import sys; sys.exit()\n",
            "ends the program. A function ends with `return`",
        ),
        ("total", "    import os; os._exit(0)\n", "ends the whole program"),
        ("total", "    return (\n", "sums.py, line 9: return ("),
        ("total", "    return 0\n\nimport nowhere\n", "cannot be imported. ModuleNotFoundError"),
        ("count", "    return Counter(numbers)\n", "leaves {} expected {1: 2}"),
        ("count", "    counts.update(numbers)\n", "True"),
        ("box", "    self.content = content\n", "line 33: raise NotImplementedError"),
    ],
)
def test_a_learner_is_told_what_is_wrong(ladder, tmp_path, step, body, words):
    assert words in said(ladder, step, body, tmp_path)


@pytest.mark.parametrize(
    ("yours", "expected", "words"),
    [
        ((1, 2), [1, 2.0], ""),
        (iter([1, 2]), [1, 2], ""),
        ({"a": 1.0000001}, {"a": 1}, ""),
        (float("nan"), float("nan"), ""),
        ([1, 2], [1, 2, 3], "of length 2, expected 3"),
        ([[1, 2], [3, 4]], [[1, 2], [3, 5]], "[1][1] is 4, expected 5"),
        ({"a": [1]}, {"a": [2]}, "a[0] is 1, expected 2"),
        ({1: 2}, {1: 2, (3, 4): 5}, "without (3, 4)"),
        ({1: 2, 3: 4}, {1: 2}, "which should not be there"),
        (b"\xff", "x", "b'\\xff', expected 'x'"),
        ({1, 2}, {2, 1}, ""),
        (None, 0, "None, expected 0"),
        (Path(), 0, "a PosixPath, expected 0"),
    ],
)
def test_values_are_compared_in_words(yours, expected, words):
    found = difference(encode(yours), json.loads(json.dumps(encode(expected))), 1e-6)
    assert words in found if words else found == ""


def test_of_tensors_the_shape_comes_first_then_the_type_then_the_numbers():
    torch = pytest.importorskip("torch")
    x = torch.arange(6.0).view(2, 3)
    assert difference(encode(x.double()), encode(x), 1e-6) == ""
    assert difference(encode(x.T), encode(x), 1e-6) == "of shape (3, 2), expected (2, 3)"
    assert difference(encode(x.long()), encode(x), 1e-6) == (
        "of dtype torch.int64, expected torch.float32"
    )
    assert difference(encode(x + (x == 4)), encode(x), 1e-6) == "[1][1] is 5, expected 4"
    assert difference(encode(x.sum()), encode(15), 1e-6) == ""
    assert show(encode(x)) == "a tensor of shape (2, 3): [[0, 1, 2], [3, 4, 5]]"


def run(ladder: Ladder, mine: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`python -m toy learn …`."""
    program = (
        "import sys; from pathlib import Path; from shared import cli; from shared.learn import *\n"
        "from toy.exercises import LADDER\n"
        "Climb = type('Climb', (Learn,), {'ladder': LADDER})\n"
        "cli.run_verbs({'learn': Climb, 'other': Climb}, '', ['learn', *sys.argv[1:]])\n"
    )
    command = [sys.executable, "-c", program, *args, "--mine", str(mine)]
    return subprocess.run(command, cwd=ladder.lesson, capture_output=True, text=True, timeout=60)


def test_a_ladder_is_climbed(ladder, tmp_path):
    mine = tmp_path / "my" / "own"
    mine.parent.mkdir()
    done = run(ladder, mine)
    assert (done.returncode, done.stderr) == (0, "")
    assert "  total  a sum\n" in done.stdout and not mine.exists()
    done = run(ladder, mine, "check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: begin it first: python -m toy learn start --mine {mine}\n"

    done = run(ladder, mine, "start")
    assert "https://www.youtube.com/watch?v=VIDEO&t=3723s" in done.stdout
    path = mine / "toy" / "sums.py"
    assert f"Write it in {path}, line 6; then python -m toy learn check" in done.stdout
    assert "  now    total  a sum" in run(ladder, mine).stdout
    assert [run(ladder, mine, "hint").stdout.count(". ") for _ in range(3)] == [1, 3, 3]
    assert run(ladder, mine, "check").returncode == 1

    path.write_text(path.read_text().replace("    raise NotImplementedError", "    return 0"))
    assert run(ladder, mine, "check").returncode == 1
    assert run(ladder, mine, "start").stdout == done.stdout  # go on with it; nothing is lost
    path.write_text(path.read_text().replace("    return 0", "    return sum(numbers)"))
    done = run(ladder, mine, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Right: 4 answers, equal to the lesson's to within 1e-06." in done.stdout
    done = run(ladder, mine, "diff")
    assert "return sum(numbers)" in done.stdout and "result += number" in done.stdout
    assert "  done   total  a sum" in run(ladder, mine).stdout

    for _ in range(2):  # the others are in the copy as the lesson has them, so they can be put back
        assert run(ladder, mine, "start").returncode == 0
        assert run(ladder, mine, "check").returncode == 1
        step = json.loads((mine / "ladder.json").read_text())["begun"][-1]
        name = ladder.place(ladder.steps[step])[1]
        lesson = definition(ladder.source(ladder.steps[step]), name)
        path.write_text(with_definition(path.read_text(), name, lesson))
        done = run(ladder, mine, "check")
        assert done.returncode == 0
    assert f"All of it is yours. Train with it: cd {mine}, then python train.py" in done.stdout
    train = subprocess.run([sys.executable, "train.py"], cwd=mine, capture_output=True, text=True)
    assert train.stdout == "4\n"


def test_nothing_of_the_learners_is_lost(ladder, tmp_path):
    mine = learner(ladder, "total", "    return 42\n", tmp_path)
    path = mine / "toy" / "sums.py"
    done = run(ladder, mine, "start", "box")
    assert done.returncode == 0 and "return 42" in path.read_text()
    assert run(ladder, mine, "start", "total").returncode == 0 and "return 42" in path.read_text()
    done = run(ladder, mine, "start", "total", "--again")
    kept = tmp_path / "mine-1"
    assert f"What you had is kept in {kept}." in done.stdout
    assert "return 42" not in path.read_text()
    assert "return 42" in (kept / "toy" / "sums.py").read_text()

    path.write_text("def (")
    done = run(ladder, mine, "start", "count")
    assert done.returncode == 2 and "mend it, or give --again" in done.stderr
    assert run(ladder, mine, "start", "count", "--again").returncode == 0
    assert (tmp_path / "mine-2" / "toy" / "sums.py").read_text() == "def ("
    assert find(path.read_text(), "count")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["start", "nothing"], "there is no step 'nothing'; the steps are total, count, box"),
        (["check", "--again"], "--again is for start"),
        (["start", "--mine", "."], "--mine: . holds something else; give another name"),
    ],
)
def test_a_mistake_in_the_command_is_one_line(ladder, tmp_path, args, words):
    done = run(ladder, tmp_path / "mine", *args)
    if "--mine" in args:
        mine = args[args.index("--mine") + 1]
        done = run(ladder, Path(mine), "start")
    (line,) = done.stderr.splitlines()
    assert (done.returncode, words in line) == (2, True), line


def test_the_copy_does_not_take_itself_for_the_lesson(ladder, tmp_path):
    mine = learner(ladder, "total", "    return 42\n", tmp_path)
    copy = Ladder(str(mine / "toy" / "exercises.py"), (), program="train.py")
    done = run(copy, tmp_path / "mine")
    assert done.stderr == "error: this is your copy; go back to the lesson's folder: cd ..\n"
