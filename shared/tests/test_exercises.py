"""Exercises: code is cut out to the letter, and a learner's code gets the sentence it deserves."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shared import checking
from shared.checking import check
from shared.exercises import Ladder, blanked, definition, with_definition
from shared.learn import Learn
from shared.values import Value

MODULE = '''"""A module."""


def total(numbers: list[int]) -> int:
    """The sum of the numbers."""
    # one after the other
    result = 0
    for number in numbers:
        result += number
    return result


class Box:
    """A box."""

    @staticmethod
    def double(  # no docstring
        content: int,
    ) -> int:
        # a comment
        return 2 * content


LAST = 1
'''
EXERCISES = '''"""Exercises."""

from shared.exercises import Ladder, Mistake, Step
from toy.sums import Box, total

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
BOX = Step(
    "box", "sums.Box.double", "a box", lecture="VIDEO 0:00:10", term="loss function",
    write="Double it.", hints=("2",), probes=("double(4)",), mistakes=(),
    parts={"doubled": "It is not twice as much."},
)

def double(n):
    return {"content": n, "doubled": 0 + Box.double(n)}

LADDER = Ladder(__file__, (TOTAL, BOX), program="train_mine.py")
'''


@pytest.fixture
def ladder(tmp_path):
    """A lesson with one module and two steps."""
    package = tmp_path / "09-toy" / "toy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sums.py").write_text(MODULE)
    (package / "exercises.py").write_text(EXERCISES)
    (package.parent / "train_mine.py").write_text("from toy.sums import total\nprint(total([4]))\n")
    names = {"__name__": "toy.exercises", "__file__": str(package / "exercises.py")}
    exec(EXERCISES.replace("from toy.sums import Box, total", ""), names)
    return names["LADDER"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("total", MODULE[MODULE.index("    # one") : MODULE.index("\n\nclass")]),
        ("Box.double", "        # a comment\n        return 2 * content\n"),
    ],
)
def test_a_body_is_taken_out_and_the_rest_stays_to_the_letter(name, body):
    indent = body[: body.index("#")]
    blank = f"{indent}# Say what to write.\n{indent}raise NotImplementedError\n"
    assert blanked(MODULE, name, "Say what to write.") == MODULE.replace(body, blank)
    again = with_definition(MODULE.replace(body, blank), name, definition(MODULE, name))
    assert again == MODULE


def climb(ladder: Ladder, mine: Path, *args: str, again: bool = False) -> None:
    """`learn` with these arguments, in this process."""
    type("Climb", (Learn,), {"ladder": ladder})(*args, mine=mine, again=again).run()


def write(mine: Path, body: str) -> None:
    """Write the first body that is blank."""
    path = mine / "toy" / "sums.py"
    head, _, rest = path.read_text().partition("raise NotImplementedError")
    path.write_text(head + body + rest)


def said(ladder: Ladder, step: str, body: str, tmp_path: Path) -> str:
    """What a check says of this body, on one line."""
    climb(ladder, tmp_path / "mine", "start", step)
    write(tmp_path / "mine", body)
    verdict = check(ladder, ladder.steps[step], tmp_path / "mine")
    return " ".join([str(verdict.right), *verdict.text.split()])


@pytest.mark.parametrize(
    ("step", "body", "words"),
    [
        ("total", "return sum(numbers)", "True"),
        ("total", "return sum(numbers) or -(not numbers)", "True Slow with none."),
        ("total", "raise NotImplementedError", "False This is still blank. total([])"),
        ("total", "return (numbers or [0])[-1]", "False You return the last number only."),
        ("total", "return sum(numbers) + 1", "False You begin at one."),
        (
            "total",
            "return 2 * sum(numbers)",
            "your code differs. total([3]) gives 6 expected 3",
        ),
        ("total", "print(sum(numbers))", "nothing: is a `return` missing? What it prints is lost"),
        ("total", "print(7)\n    return 9", "Your code printed: 7"),
        ("total", "numbers.append(0)\n    return sum(numbers)", "it changes what it was given"),
        ("total", "return numbers[0]", "line 7, in total return numbers[0] ~~~~~~~^^^ IndexError:"),
        (
            "total",
            "while True: pass",
            "does not come to an end. Is there a loop whose condition never",
        ),
        ("total", "while True: pass", "line 7, in total while True: pass"),
        ("total", "import sys; sys.exit()", "ends the program. A function ends with `return`"),
        ("total", "import os; os._exit(0)", "or it ends the whole program"),
        ("total", "return (", "cannot be imported. File"),
        (
            "total",
            "return 0\n\nimport nowhere",
            "line 9, in <module> import nowhere ModuleNotFound",
        ),
        ("box", "return content", "False It is not twice as much. double(4) doubled 4 expected 8"),
        ("box", "return [content]", "What you return cannot be used. double(4) TypeError"),
    ],
)
def test_a_learner_is_told_what_is_wrong(ladder, tmp_path, monkeypatch, step, body, words):
    monkeypatch.setattr(checking, "PATIENCE", 1.0)
    monkeypatch.setattr(checking, "LONGEST", 10.0)
    assert words in said(ladder, step, body, tmp_path)


def test_a_check_works_in_a_process_that_is_not_forked(ladder, tmp_path):
    done = threading.Event()
    threading.Thread(target=done.wait).start()  # beside a thread, forking would not be safe
    try:
        assert said(ladder, "total", "return sum(numbers) + 1", tmp_path).startswith("False You")
    finally:
        done.set()


@pytest.mark.parametrize(
    ("yours", "expected", "words"),
    [
        ((1, 2), [1, 2.0], ""),
        (iter([1, 2]), [1, 2], ""),
        ({"a": 1.0000001}, {"a": 1}, ""),
        (float("nan"), float("nan"), ""),
        ([1, 2], [1, 2, 3], "length is 2, expected 3"),
        ([[1, 2], [3, 4]], [[1, 2], [3, 5]], "[1][1] is 4, expected 5"),
        ({1: 2}, {1: 2, (3, 4): 5}, "[(3, 4)] is missing"),
        ({1: 2, 3: 4}, {1: 2}, "[3] is too much"),
        (b"\xff", "x", "it is b'\\xff', expected 'x'"),
        (Path(), 0, "it is '<PosixPath object>', expected 0"),
    ],
)
def test_values_are_compared_in_words(yours, expected, words):
    assert Value(yours).difference(Value(expected), 1e-6) == words


def test_of_tensors_the_shape_comes_first_then_the_type_then_the_numbers():
    torch = pytest.importorskip("torch")
    x = torch.arange(6.0).view(2, 3)
    assert Value(x).text == "a tensor of shape (2, 3): [[0, 1, 2], [3, 4, 5]]"
    for yours, words in [
        (x.double(), ""),
        (x.long().T, "shape is (3, 2), expected (2, 3)"),
        (x.long() + 1, "dtype is 'int', expected 'float'"),
        (x + (x == 4), "[1][1] is 5, expected 4"),
    ]:
        assert Value(yours).difference(Value(x), 1e-6) == words


def run(ladder: Ladder, mine: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`python -m toy learn …`."""
    program = (
        "import sys; from shared import cli; from shared.learn import Learn\n"
        "from toy.exercises import LADDER\n"
        "Climb = type('Climb', (Learn,), {'ladder': LADDER})\n"
        "cli.run_verbs({'learn': Climb, 'other': Climb}, '', ['learn', *sys.argv[1:]])\n"
    )
    command = [sys.executable, "-c", program, *args, "--mine", str(mine)]
    return subprocess.run(command, cwd=ladder.lesson, capture_output=True, text=True, timeout=60)


def test_a_ladder_is_climbed(ladder, tmp_path):
    mine = tmp_path / "my" / "own"
    mine.parent.mkdir()
    assert "         total  a sum\n" in run(ladder, mine).stdout and not mine.exists()
    done = run(ladder, mine, "start")
    assert "https://www.youtube.com/watch?v=VIDEO&t=3723s" in done.stdout
    path = mine / "toy" / "sums.py"
    assert f"Write it in {path}, line 4; then python -m toy learn check" in done.stdout
    assert "  now    total  a sum" in run(ladder, mine).stdout
    assert [run(ladder, mine, "hint").stdout.count(". ") for _ in range(3)] == [1, 3, 3]
    assert run(ladder, mine, "check").returncode == 1

    write(mine, "return sum(numbers)")
    done = run(ladder, mine, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Right: 4 answers, equal to the lesson's to within 1e-06." in done.stdout
    assert "The next step: python -m toy learn start" in done.stdout
    done = run(ladder, mine, "diff")
    assert "return sum(numbers)" in done.stdout and "result += number" in done.stdout
    assert "  done   total  a sum" in run(ladder, mine).stdout

    assert "box: a box" in run(ladder, mine, "start").stdout
    write(mine, "return 2 * content")
    words = f"All of it is yours. Train with it: cd {mine}, then python train.py"
    assert words in run(ladder, mine, "check").stdout
    train = subprocess.run([sys.executable, "train.py"], cwd=mine, capture_output=True, text=True)
    assert train.stdout == "4\n"


def test_nothing_of_the_learners_is_lost(ladder, tmp_path, capsys):
    mine, path = tmp_path / "mine", tmp_path / "mine" / "toy" / "sums.py"
    climb(ladder, mine, "start", "total")
    write(mine, "return 42")
    climb(ladder, mine, "start", "box")
    climb(ladder, mine, "start", "total")
    assert "return 42" in path.read_text()
    climb(ladder, mine, "start", "total", again=True)
    assert "return 42" not in path.read_text()
    assert f"What you had is kept in {mine}-1.\n" in capsys.readouterr().out
    assert "return 42" in (tmp_path / "mine-1" / "toy" / "sums.py").read_text()


def test_a_step_that_was_written_before_it_was_begun_is_kept(ladder, tmp_path):
    climb(ladder, tmp_path / "mine", "start", "box")
    path = tmp_path / "mine" / "toy" / "sums.py"
    path.write_text(path.read_text().replace("result = 0", "result = 42"))
    climb(ladder, tmp_path / "mine", "start", "total")
    assert "result = 42" in (tmp_path / "mine-1" / "toy" / "sums.py").read_text()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["check"], "begin it first: python -m toy learn start"),
        (["start", "nothing"], "there is no step 'nothing'; the steps are total, box"),
        (["start", "--mine", "."], "--mine: . holds something else; give another name"),
    ],
)
def test_a_mistake_in_the_command_is_one_line(ladder, tmp_path, args, words):
    *args, mine = args if "--mine" in args else [*args, "mine"]
    done = run(ladder, Path(mine), *[arg for arg in args if arg != "--mine"])
    (line,) = done.stderr.splitlines()
    assert (done.returncode, words in line) == (2, True), line


def test_a_file_that_python_cannot_read_is_named(ladder, tmp_path):
    climb(ladder, tmp_path / "mine", "start", "total")
    (tmp_path / "mine" / "toy" / "sums.py").write_text("def (")
    done = run(ladder, tmp_path / "mine", "start", "box")
    assert done.returncode == 2 and "mend it, or copy toy/sums.py over it" in done.stderr


def test_the_copy_does_not_take_itself_for_the_lesson(ladder, tmp_path):
    climb(ladder, tmp_path / "mine", "start", "total")
    copy = Ladder(str(tmp_path / "mine" / "toy" / "exercises.py"), (), program="train.py")
    done = run(copy, tmp_path / "mine")
    assert done.stderr == "error: this is your copy; go back to the lesson's folder: cd ..\n"
