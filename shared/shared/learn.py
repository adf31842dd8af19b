"""`python -m PACKAGE learn`: write the code of a lesson yourself, and be told what is wrong.

The learner writes in a folder of their own, `mine/`: a copy of the package, in which the body of
one step after the other is blank, and a program that trains with it. `ladder.json` there keeps the
steps begun, the latest last, the steps done, and how many hints of each were asked for.
"""

import contextlib
import json
import shutil
import sys
import textwrap
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from tyro.conf import Positional

from shared import cli
from shared.checking import check
from shared.exercises import Ladder, Step, blanked, definition, find, with_definition
from shared.runs import write_text

STATE = "ladder.json"
WIDTH = 88


@dataclass
class State:
    """What `ladder.json` holds."""

    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    hints: dict[str, int] = field(default_factory=dict)

    def begin(self, name: str) -> None:
        """Make this step the latest, and not done."""
        self.begun = [*(other for other in self.begun if other != name), name]
        self.done = [other for other in self.done if other != name]


@dataclass
class Learn:
    """Write the code of this lesson yourself, step by step.

    Without a verb: the ladder, and what to do now. start: the next step, or STEP, with its body
    blank. check: whether it is right, or what is wrong. hint: a little help, each time a little
    more. diff: your lines and the lesson's.
    """

    ladder: ClassVar[Ladder]

    verb: Positional[Literal["show", "start", "check", "hint", "diff"]] = "show"
    """What to do."""
    step: Positional[str] = ""
    """The step; by default the one begun last, and for start the next one."""
    again: bool = False
    """With start: begin a step anew; your folder as it is now is kept beside it."""
    mine: Path = Path("mine")
    """The folder that you write in."""

    def run(self) -> None:
        if (self.ladder.lesson / STATE).exists():
            raise cli.UserError("this is your copy; go back to the lesson's folder: cd ..")
        if self.mine.exists() and not (self.mine / STATE).is_file():
            raise cli.UserError(f"--mine: {self.mine} holds something else; give another name")
        if self.step and self.step not in self.ladder.steps:
            known = ", ".join(self.ladder.steps)
            raise cli.UserError(f"there is no step {self.step!r}; the steps are {known}")
        if self.again and self.verb != "start":
            raise cli.UserError("--again is for start")
        state = State()
        if self.mine.exists():
            state = State(**json.loads((self.mine / STATE).read_text(encoding="utf-8")))
        if self.verb == "show":
            self.show(state)
            return
        right = True
        if self.verb == "start":
            self.start(state)
        else:
            name = self.step or (state.begun[-1] if state.begun else "")
            if name not in state.begun:
                raise cli.UserError(f"begin it first: {self.command('start', self.step)}")
            step = self.ladder.steps[name]
            if self.verb == "check":
                right = self.check(step, state)
            elif self.verb == "hint":
                self.hint(step, state)
            else:
                self.diff(step)
        write_text(self.mine / STATE, json.dumps(asdict(state), indent=2) + "\n")
        if not right:
            sys.exit(1)

    def show(self, state: State) -> None:
        """Print the ladder, and what to do now."""
        steps = self.ladder.steps
        now = state.begun[-1] if state.begun and state.begun[-1] not in state.done else ""
        print(f"{self.ladder.lesson.name}: {len(steps)} steps to write yourself\n")
        for name, step in steps.items():
            mark = "now" if name == now else "begun" if name in state.begun else ""
            mark = "done" if name in state.done else mark
            print(f"  {mark:5}  {name:{max(map(len, steps))}}  {step.title}")
        print()
        if now:
            self.show_task(steps[now])
        else:
            self.show_next(state)

    def start(self, state: State) -> None:
        """Go to a step; take its body out, unless that was done before."""
        left = [name for name in self.ladder.steps if name not in state.done]
        latest = [name for name in state.begun[-1:] if self.again or name in left]
        name = self.step or next(iter(latest or left), "")
        if not name:
            raise cli.UserError("every step is done; name one, and give --again to begin it anew")
        step = self.ladder.steps[name]
        if not self.mine.exists():
            self.copy_lesson()
        path, target = self.ladder.place(step)
        lesson, source = self.ladder.source(step), (self.mine / path).read_text(encoding="utf-8")
        original = definition(lesson, target)
        try:
            untouched = definition(source, target) == original
        except (SyntaxError, ValueError) as error:
            if not self.again:
                hint = "mend it, or give --again to begin the whole file anew"
                raise cli.UserError(f"{self.mine / path}: {error}; {hint}") from None
            source = lesson
        if self.again:
            print(f"What you had is kept in {self.keep()}.\n")
        elif name in state.done or (name not in state.begun and not untouched):
            raise cli.UserError(f"{name} is written already; give --again to begin it anew")
        if self.again or name not in state.begun:
            source = with_definition(source, target, original)
            write_text(self.mine / path, blanked(source, target, step.write))
        state.begin(name)
        self.show_task(step)

    def copy_lesson(self) -> None:
        """Make the learner's folder."""
        ladder = self.ladder
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ladder.lesson / ladder.package, self.mine / ladder.package, ignore=ignored)
        shutil.copy(ladder.lesson / ladder.program, self.mine / "train.py")
        write_text(self.mine / ".gitignore", "*\n")
        write_text(self.mine / STATE, json.dumps(asdict(State())))

    def keep(self) -> Path:
        """Copy the learner's folder to the next free name beside it."""
        number = 1
        while (kept := self.mine.with_name(f"{self.mine.name}-{number}")).exists():
            number += 1
        shutil.copytree(self.mine, kept, ignore=shutil.ignore_patterns("__pycache__"))
        return kept

    def check(self, step: Step, state: State) -> bool:
        """Say whether a step is right, or what is wrong."""
        verdict = check(self.ladder, step, self.mine)
        if not verdict.right:
            state.begin(step.name)
            say(f"Not yet. {verdict.text}")
            if others := [n for n in state.begun if n not in state.done and n != step.name]:
                say(f"\nNot done yet either, and perhaps the cause: {', '.join(others)}")
            print(f"\nA hint:    {self.command('hint')}")
            print(f"The term:  python -m shared.dictionary {step.term}")
            return False
        if step.name not in state.done:
            state.done.append(step.name)
        within = f" to within {step.tolerance:g}" if step.tolerance else ""
        say(f"Right: {len(step.probes)} answers, equal to the lesson's{within}.")
        if verdict.text:
            say(f"\n{verdict.text}")
        print(f"\nThe lesson's lines beside yours: {self.command('diff')}")
        self.show_next(state)
        return True

    def hint(self, step: Step, state: State) -> None:
        """Print the hints asked for so far, and one more."""
        n = state.hints[step.name] = min(state.hints.get(step.name, 0) + 1, len(step.hints))
        for number, hint in enumerate(step.hints[:n], start=1):
            say(f"{number}. {hint}")
        if n == len(step.hints):
            print(f"\nThere are no more. The lesson's own lines: {self.command('diff')}")

    def diff(self, step: Step) -> None:
        """Print the learner's definition and the lesson's, side by side where there is room."""
        path, name = self.ladder.place(step)
        try:
            mine = definition((self.mine / path).read_text(encoding="utf-8"), name)
        except (SyntaxError, ValueError) as error:
            raise cli.UserError(f"{self.mine / path}: {error}") from None
        both = [
            textwrap.dedent(text) for text in (mine, definition(self.ladder.source(step), name))
        ]
        console = Console()
        longest = max(len(line) for text in both for line in text.splitlines())
        if console.is_terminal and console.width >= 2 * longest + 4:
            table = Table("yours", "the lesson's", box=None, padding=(0, 2, 0, 0))
            table.add_row(*(Syntax(text, "python", background_color="default") for text in both))
            console.print(table)
        else:
            print(f"# yours\n{both[0]}\n# the lesson's\n{both[1]}", end="")

    def show_task(self, step: Step) -> None:
        """Print what to write, and where."""
        path, name = self.ladder.place(step)
        video, minute = step.lecture.split()
        h, m, s = map(int, minute.split(":"))
        say(f"{step.name}: {step.title}")
        print(f"Lecture: https://www.youtube.com/watch?v={video}&t={h * 3600 + m * 60 + s}s")
        say(f"\n{step.write}\n")
        place = str(self.mine / path)
        with contextlib.suppress(SyntaxError, ValueError):  # `check` says it
            place += f", line {find((self.mine / path).read_text(encoding='utf-8'), name).lineno}"
        print(f"Write it in {place}; then {self.command('check')}")

    def show_next(self, state: State) -> None:
        """Print what comes after a step that is done."""
        if len(state.done) < len(self.ladder.steps):
            print(f"The next step: {self.command('start')}")
        else:
            print(f"All of it is yours. Train with it: cd {self.mine}, then python train.py")

    def command(self, *words: str) -> str:
        """A command of `learn`, as it is to be typed."""
        option = [] if self.mine == Path("mine") else ["--mine", str(self.mine)]
        return " ".join(["python -m", self.ladder.package, "learn", *filter(None, words), *option])


def say(text: str) -> None:
    """Print paragraphs, wrapped; lines that are indented stay as they are."""
    width = min(WIDTH, shutil.get_terminal_size().columns)
    for line in text.split("\n"):
        print(line if line.startswith(" ") else textwrap.fill(line, width))
