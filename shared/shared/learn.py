"""`python -m PACKAGE learn`: write the code of a lesson yourself, and be told what is wrong.

The learner writes in a folder of their own, `mine/`: a copy of the package, in which the body of
one step after the other is blank, and a program that trains with it. `ladder.json` there has the
steps begun, the latest last: which are done, and how many hints of each were asked for.
"""

import json
import shutil
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from tyro.conf import Positional

from shared import cli
from shared.checking import check
from shared.exercises import Ladder, Step, blanked, definition, find, with_definition
from shared.runs import write_text

STATE = "ladder.json"
WIDTH = 88


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
        self.begun: dict[str, dict[str, int]] = {}
        if self.mine.exists():
            self.begun = json.loads((self.mine / STATE).read_text(encoding="utf-8"))
        self.latest = next(reversed(self.begun), "")
        if self.verb in ("check", "hint", "diff"):
            self.step = self.step or self.latest
            if self.step not in self.begun:
                raise cli.UserError(f"begin it first: {self.command('start', self.step)}")
        getattr(self, self.verb)()

    def note(self, name: str, **what: int) -> None:
        """Keep something about a step in `ladder.json`, and make it the latest."""
        self.latest = name
        self.begun[name] = self.begun.pop(name, {"done": False, "hints": 0}) | what
        write_text(self.mine / STATE, json.dumps(self.begun, indent=2) + "\n")

    def is_done(self, name: str) -> bool:
        return bool(self.begun.get(name, {}).get("done"))

    def show(self) -> None:
        """Print the ladder, and what to do now."""
        steps = self.ladder.steps
        print(f"{self.ladder.lesson.name}: {len(steps)} steps to write yourself\n")
        for name, step in steps.items():
            mark = "now" if name == self.latest else "begun" if name in self.begun else ""
            mark = "done" if self.is_done(name) else mark
            print(f"  {mark:5}  {name:{max(map(len, steps))}}  {step.title}")
        print()
        self.show_next()

    def start(self) -> None:
        """Go to a step. Take its body out the first time, and again; what would be lost is kept."""
        ladder = self.ladder
        if not self.mine.exists():
            ignored = shutil.ignore_patterns("__pycache__")
            package = self.mine / ladder.package
            shutil.copytree(ladder.lesson / ladder.package, package, ignore=ignored)
            shutil.copy(ladder.lesson / ladder.program, self.mine / "train.py")
            write_text(self.mine / ".gitignore", "*\n")
            write_text(self.mine / STATE, "{}\n")
        if not self.step and (self.again or not self.is_done(self.latest)):
            self.step = self.latest
        name = self.step or next((n for n in ladder.steps if not self.is_done(n)), "")
        if name:
            self.blank(ladder.steps[name])
            self.note(name, done=False)
        self.show_next()

    def blank(self, step: Step) -> None:
        """Take the body of a step out the first time, and again. What would be lost is kept."""
        if step.name in self.begun and not self.again:
            return
        path, target = self.ladder.place(step)
        lesson, source = self.ladder.source(step), self.source(step)
        if definition(source, target) != definition(lesson, target):
            number = 1
            while (kept := self.mine.with_name(f"{self.mine.name}-{number}")).exists():
                number += 1
            shutil.copytree(self.mine, kept)
            print(f"What you had is kept in {kept}.\n")
        blank = definition(blanked(lesson, target, step.write), target)
        write_text(self.mine / path, with_definition(source, target, blank))

    def source(self, step: Step) -> str:
        """The learner's file of a step, if Python can read it and the step is in it."""
        path, target = self.ladder.place(step)
        source = (self.mine / path).read_text(encoding="utf-8")
        try:
            find(source, target)
        except (SyntaxError, ValueError) as error:
            again = self.command("start", step.name, "--again")
            says = f"{self.mine / path}: {error}; mend it, or copy {path} over it and type {again}"
            raise cli.UserError(says) from None
        return source

    def check(self) -> None:
        """Say whether a step is right, or what is wrong."""
        step = self.ladder.steps[self.step]
        verdict = check(self.ladder, step, self.mine)
        self.note(step.name, done=verdict.right)
        if not verdict.right:
            say(f"Not yet. {verdict.text}")
            if others := [n for n in self.begun if n != step.name and not self.is_done(n)]:
                say(f"\nNot done yet either, and perhaps the cause: {', '.join(others)}")
            print(f"\nA hint:    {self.command('hint')}")
            print(f"The term:  python -m shared.dictionary {step.term}")
            sys.exit(1)
        within = f" to within {step.tolerance:g}" if step.tolerance else ""
        say(f"Right: {len(step.probes)} answers, equal to the lesson's{within}.")
        if verdict.text:
            say(f"\n{verdict.text}")
        print(f"\nThe lesson's lines beside yours: {self.command('diff')}")
        self.show_next()

    def hint(self) -> None:
        """Print the hints asked for so far, and one more."""
        hints = self.ladder.steps[self.step].hints
        shown = min(self.begun[self.step]["hints"] + 1, len(hints))
        self.note(self.step, hints=shown)
        for number, hint in enumerate(hints[:shown], start=1):
            say(f"{number}. {hint}")
        if shown == len(hints):
            print(f"\nThere are no more. The lesson's own lines: {self.command('diff')}")

    def diff(self) -> None:
        """Print the learner's lines and the lesson's, side by side where there is room."""
        step = self.ladder.steps[self.step]
        panels = []
        for title, source in [("yours", self.source(step)), ("", self.ladder.source(step))]:
            code = textwrap.dedent(definition(source, self.ladder.place(step)[1])).rstrip()
            syntax = Syntax(code, "python", word_wrap=True, background_color="default")
            panels.append(Panel.fit(syntax, title=title or "the lesson's"))
        Console().print(Columns(panels))

    def show_next(self) -> None:
        """Print what to write, and where, or what comes after a step that is done."""
        if self.latest and not self.is_done(self.latest):
            step = self.ladder.steps[self.latest]
            path, name = self.ladder.place(step)
            video, minute = step.lecture.split()
            h, m, s = map(int, minute.split(":"))
            say(f"{step.name}: {step.title}")
            print(f"Lecture: https://www.youtube.com/watch?v={video}&t={h * 3600 + m * 60 + s}s")
            say(f"\n{step.write}\n")
            line = find(self.source(step), name).lineno
            print(f"Write it in {self.mine / path}, line {line}; then {self.command('check')}")
        elif all(map(self.is_done, self.ladder.steps)):
            print(f"All of it is yours. Train with it: cd {self.mine}, then python train.py")
        else:
            print(f"The next step: {self.command('start')}")

    def command(self, *words: str) -> str:
        """A command of `learn`, as it is to be typed."""
        option = [] if self.mine == Path("mine") else ["--mine", str(self.mine)]
        return " ".join(["python -m", self.ladder.package, "learn", *filter(None, words), *option])


def say(text: str) -> None:
    """Print paragraphs, wrapped; lines that are indented stay as they are."""
    width = min(WIDTH, shutil.get_terminal_size().columns)
    for line in text.split("\n"):
        print(line if line.startswith(" ") else textwrap.fill(line, width))
