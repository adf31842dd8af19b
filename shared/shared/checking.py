"""What is wrong with a learner's code: its answers beside the lesson's and those of known mistakes.

The probes of a step are asked of the lesson's package, of the learner's copy, and of copies with
each known mistake, all imported anew. `check` does so in a process of its own, so an endless loop
or an exit in the learner's code ends only that process.
"""

import ast
import contextlib
import importlib
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import textwrap
import threading
import traceback
from _thread import interrupt_main
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from multiprocessing import TimeoutError, get_context
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from shared.exercises import Form, Ladder, Mistake, Step, changed
from shared.values import Value

PATIENCE = 4.0  # seconds for the learner's code to answer all probes
LONGEST = 60.0  # seconds for everything
WIDTH = 84  # characters of a line that shows a value
PRINTED = 20  # lines of what the learner's code printed
ERROR, ARGUMENTS = "error", "arguments"  # parts of an answer besides what was returned
ENDLESS = (
    "Your code does not come to an end. Is there a loop whose condition never becomes false, or "
    "that reads a list which it makes longer?"
)
DIFFERS = "This is the smallest example in which your code differs."
SAYS = {
    "NotImplementedError": "This is still blank.",
    "SystemExit": "Your code ends the program. A function ends with `return`.",
    ARGUMENTS: "What your code returns is right, but it changes what it was given, and whoever "
    "calls it may still need that. Make a new one, or begin with a copy.",
}


@dataclass(frozen=True)
class Verdict:
    """Whether a step is right; all there is to say; and the mistake, if it is a known one."""

    right: bool
    text: str = ""
    mistake: Mistake | None = None


def wrong(says: str, lines: Iterable[str], mistake: Mistake | None = None) -> Verdict:
    """A sentence, and lines that are shown as they are."""
    shown = textwrap.indent("\n".join(filter(None, lines)), "    ")
    shown = shown.replace(f"{Path.cwd()}{os.sep}", "")
    return Verdict(False, f"{says}\n\n{shown}".strip("\n"), mistake)


def check(ladder: Ladder, step: Step, folder: Path) -> Verdict:
    """What is to be said of the step as it is written in `folder`."""
    # A forked process has PyTorch already. Elsewhere, and beside threads, forking is not safe.
    forks = sys.platform == "linux" and threading.active_count() == 1
    with get_context("fork" if forks else "spawn").Pool(1) as pool:
        verdict = pool.apply_async(_verdict, (ladder, step, folder.absolute()))
        try:
            return verdict.get(LONGEST)
        except TimeoutError:
            return wrong("Your code never comes to an end, or it ends the whole program.", [])


def _verdict(ladder: Ladder, step: Step, folder: Path) -> Verdict:
    """The same, in a process of its own."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # for the timer
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)  # those of the process that was forked are not in this one
    right = list(answers(ladder, step, ladder.lesson))
    yours: list[Answer] = []
    timer = threading.Timer(PATIENCE, interrupt_main)
    timer.start()
    try:
        for answer in answers(ladder, step, folder):
            yours.append(answer)
    except KeyboardInterrupt as error:
        return wrong(ENDLESS, [step.probes[len(yours)], trace(error, folder)])
    except (Exception, SystemExit) as error:
        return wrong("Your code cannot be imported.", [trace(error, folder), message(error)])
    finally:
        timer.cancel()
    return judge(step, right, answers_of_mistakes(ladder, step), yours)


# Answers.


@dataclass(frozen=True)
class Answer:
    """What came of a probe: the parts of what was returned, and the arguments; or an error."""

    parts: dict[str, Value]
    trace: str  # of the error, in the folder that was asked
    printed: str

    def wrong_part(self, expected: "Answer", tolerance: float) -> str | None:
        """The first part that is not as expected."""
        for name in self.parts | expected.parts:
            if name not in self.parts or name not in expected.parts:
                return name
            if self.parts[name].difference(expected.parts[name], tolerance):
                return name
        return None


def ask(probe: str, names: dict[str, Any], folder: Path) -> Answer:
    """What comes of a probe."""
    random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
    call = ast.parse(probe, mode="eval").body
    assert isinstance(call, ast.Call), probe
    printed, where = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(printed):
            args = [eval(ast.unparse(arg), names) for arg in call.args]
            named = {str(w.arg): eval(ast.unparse(w.value), names) for w in call.keywords}
            value = eval(ast.unparse(call.func), names)(*args, **named)
            if not (isinstance(value, dict) and all(isinstance(key, str) for key in value)):
                value = {"": value}
            parts = {name: Value(part) for name, part in value.items()}
            parts[ARGUMENTS] = Value([*args, *named.values()])
    except (Exception, SystemExit) as error:
        parts, where = {ERROR: Value(message(error))}, trace(error, folder)
    return Answer(parts, where, printed.getvalue())


def message(error: BaseException) -> str:
    """What Python prints below a traceback."""
    return "".join(traceback.format_exception_only(error)).strip("\n")


def trace(error: BaseException, folder: Path) -> str:
    """The innermost three places of a traceback that are in a folder, as Python prints them."""
    if isinstance(error, SyntaxError):
        return ""  # its message has the place
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if folder in Path(frame.filename).parents]
    return "".join(traceback.format_list(theirs[-3:])).rstrip()


@cache
def _compiled(file: Path) -> CodeType:
    """The code of a file, which is run once for every form of a mistake."""
    return compile(file.read_text(encoding="utf-8"), file, "exec")


def answers(ladder: Ladder, step: Step, folder: Path) -> Iterator[Answer]:
    """What the package in a folder answers. It is imported anew, and forgotten afterwards."""
    before = sys.modules.copy(), sys.path.copy(), sys.dont_write_bytecode
    exercises = f"{ladder.package}.exercises"

    def forget() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == ladder.package]:
            del sys.modules[name]

    forget()
    importlib.invalidate_caches()
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # it would be taken for that of the next form of the file
    try:
        module = sys.modules[exercises] = ModuleType(exercises)
        module.__file__ = str(ladder.file)
        exec(_compiled(ladder.file), vars(module))
        for probe in step.probes:
            yield ask(probe, vars(module), folder)
    finally:
        forget()
        modules, sys.path[:], sys.dont_write_bytecode = before
        sys.modules.update(modules)


def answers_of_forms(ladder: Ladder, step: Step, forms: Iterable[Form]) -> Iterator[list[Answer]]:
    """What the lesson's package answers with each of these forms of the step in it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copytree(ladder.lesson / ladder.package, folder / ladder.package)
        for form in forms:
            text = changed(ladder, step, form)
            (folder / ladder.place(step)[0]).write_text(text, encoding="utf-8")
            yield list(answers(ladder, step, folder))


def answers_of_mistakes(ladder: Ladder, step: Step) -> Iterator[tuple[Mistake, list[Answer]]]:
    """What every form of every mistake answers."""
    mistakes = [mistake for mistake in step.mistakes for _ in mistake.forms]
    forms = [form for mistake in step.mistakes for form in mistake.forms]
    return zip(mistakes, answers_of_forms(ladder, step, forms))


# What they say.


def judge(
    step: Step,
    right: list[Answer],
    mistakes: Iterable[tuple[Mistake, list[Answer]]],
    yours: list[Answer],
) -> Verdict:
    """What is to be said of these answers, beside the lesson's and those of all forms of mistakes.

    A mistake is named if the learner's answers are those of one of its forms wherever either is
    wrong. A form that passes is right as well, and its probes are not asked about mistakes.
    """

    def same(a: Answer, b: Answer) -> bool:
        return a.wrong_part(b, step.tolerance) is None

    def failing(some: list[Answer]) -> set[int]:
        return {i for i, answer in enumerate(some) if not same(answer, right[i])}

    wrong_at = failing(yours)
    if not wrong_at:
        return Verdict(True)
    edges, remarks, known = set[int](), [], []
    for mistake, form in mistakes:
        if not mistake.passes:
            known.append((mistake, form))
            continue
        edges |= failing(form)
        if all(same(yours[i], form[i]) for i in failing(form)):
            remarks.append(mistake.says)
            wrong_at -= failing(form)
    if not wrong_at:
        return Verdict(True, "\n\n".join(dict.fromkeys(remarks)))
    first = min(wrong_at)
    says, lines = explain(step, first, yours[first], right[first])
    for mistake, form in known:
        where = wrong_at | failing(form)
        if all(same(yours[i], form[i]) for i in where - edges or where):
            return wrong(mistake.says, lines, mistake)
    return wrong(says, lines)


def explain(step: Step, probe: int, yours: Answer, expected: Answer) -> tuple[str, list[str]]:
    """A sentence about a wrong answer if no mistake is known, and lines that show it."""
    part = yours.wrong_part(expected, step.tolerance) or ""
    mine, right = yours.parts.get(part, Value(None)), expected.parts.get(part)
    says, lines = step.parts.get(part, SAYS.get(part, DIFFERS)), [step.probes[probe]]
    if part == ERROR:
        error = mine.leaves[""]
        says = "Your code raises an error." if yours.trace else "What you return cannot be used."
        says = SAYS.get(error.split(":")[0], says)
        lines += [yours.trace, error]
    else:
        width = max(len(part), 8)
        shown = [f"{part or 'gives':{width}}  {mine.text}"]
        if part == "" and mine.text == "None":
            says = "Your code returns nothing: is a `return` missing?"
            says += " What it prints is lost to the code that calls it." if yours.printed else ""
        elif right:
            shown.append(f"{'expected':{width}}  {right.text}")
            if any(len(line) > WIDTH for line in shown):
                shown.append(f"first difference: {mine.difference(right, step.tolerance)}")
        lines += [line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..." for line in shown]
    if yours.printed:
        lines += ["Your code printed:", *yours.printed.splitlines()[:PRINTED]]
    return says, lines
