"""What is wrong with a learner's code: its answers beside the lesson's and those of known mistakes.

The probes of a step are asked of the lesson's package, of the package with each mistake in it, and
of the learner's copy, each imported anew. `check` does so in a process of its own, which has little
time, and gives back JSON: an endless loop or an exit in the learner's code ends only that process.
"""

import ast
import contextlib
import faulthandler
import importlib
import importlib.abc
import importlib.util
import io
import json
import random
import re
import signal
import sys
import tempfile
import textwrap
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

from shared.exercises import Ladder, Mistake, Step, changed, find, lines_of
from shared.values import difference, encode, pattern, show

Answer = dict[str, Any]  # what came of a probe, as JSON: its value or its error; see `ask`
PATIENCE = 4.0  # seconds for the learner's code to answer all probes
PRINTED = 20  # lines of what the learner's code printed
ERRORS = {
    "NotImplementedError": "This is still blank.",
    "SystemExit": "Your code ends the program. A function ends with `return`.",
}
CHANGED = (
    "What your code returns is right, but it changes what it was given, and whoever calls it may "
    "still need that. Make a new one, or begin with a copy."
)
NOT_CHANGED = "What your code was given, and was to change, is not as it should be."


class OtherSource(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from a text instead of its file."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_source(self, name: str) -> str:
        return self.text


@contextlib.contextmanager
def imported(exercises: Path, folder: Path, *finders: OtherSource) -> Iterator[dict[str, Any]]:
    """The names of a lesson's `exercises.py`, with its package imported anew from `folder`.

    Afterwards, the modules are those of before.
    """
    package = exercises.parent.name

    def take_out() -> dict[str, ModuleType]:
        names = [n for n in sys.modules if n == package or n.startswith(f"{package}.")]
        return {name: sys.modules.pop(name) for name in names}

    before = take_out(), sys.path.copy(), sys.meta_path.copy()
    sys.path.insert(0, str(folder))
    sys.meta_path[:0] = finders
    importlib.invalidate_caches()
    try:
        importlib.import_module(package)
        spec = importlib.util.spec_from_file_location(f"{package}.exercises", exercises)
        assert spec and spec.loader
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield vars(module)
    finally:
        take_out()
        modules, sys.path[:], sys.meta_path[:] = before
        sys.modules.update(modules)


def ask(probe: str, names: dict[str, Any]) -> Answer:
    """What comes of a probe: a value, and its arguments before and after; or an error."""

    def value(node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "<probe>", "eval"), names)

    random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
    printed = io.StringIO()
    answer: Answer = {}
    try:
        with contextlib.redirect_stdout(printed):
            call = ast.parse(probe, mode="eval").body
            if isinstance(call, ast.Call):
                args = [value(arg) for arg in call.args]
                named = {str(word.arg): value(word.value) for word in call.keywords}
                answer["before"] = encode([*args, *named.values()])
                answer["value"] = encode(value(call.func)(*args, **named))
                answer["after"] = encode([*args, *named.values()])
            else:
                answer["value"] = encode(value(call))
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        answer = {"error": [type(error).__name__, str(error)]}
        answer["frames"] = [[frame.filename, frame.lineno] for frame in frames]
    return answer | {"printed": printed.getvalue()}


def answers(ladder: Ladder, step: Step, source: str = "") -> list[Answer]:
    """What the lesson's code answers, or another source of the step's file, in this process."""
    module = ".".join(ladder.place(step)[0].with_suffix("").parts)
    finders = [OtherSource(module, source)] if source else []
    with imported(ladder.file, ladder.lesson, *finders) as names:
        return [ask(probe, names) for probe in step.probes]


def answers_of_mistakes(ladder: Ladder, step: Step) -> list[list[list[Answer]]]:
    """What every form of every mistake answers."""
    return [
        [answers(ladder, step, changed(ladder, step, form)) for form in mistake.forms]
        for mistake in step.mistakes
    ]


def answer_all(exercises: Path, name: str, folder: Path, out: Path, stuck: Path) -> None:
    """What runs in the process of a check: writes a line of JSON to `out` for all that is known.

    First the lesson's answers, then the learner's one by one, and those of the mistakes if the
    learner's are not right. When time is up, the process ends; the file `stuck` says where it was.
    """
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that waits for this one ends both
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)  # those of the process that was forked are not in this one
    with out.open("w", encoding="utf-8") as file, stuck.open("w") as place:

        def write(answer: object) -> None:
            print(json.dumps(answer), file=file, flush=True)

        with imported(exercises, exercises.parent.parent) as names:
            ladder: Ladder = names["LADDER"]
        step = ladder.steps[name]
        right = answers(ladder, step)
        write(right)
        faulthandler.dump_traceback_later(PATIENCE, exit=True, file=place)
        try:
            yours = []
            with imported(exercises, folder) as names:
                for probe in step.probes:
                    yours.append(ask(probe, names))
                    write(yours[-1])
        except (Exception, SystemExit) as error:
            write({"cannot be imported": "".join(traceback.format_exception_only(error)).strip()})
            return
        faulthandler.cancel_dump_traceback_later()
        if any(_differ(a, b, step.tolerance) for a, b in zip(yours, right)):
            write(answers_of_mistakes(ladder, step))


@dataclass(frozen=True)
class Verdict:
    """Whether a step is right; the mistake, if it is a known one; and all of it in words."""

    right: bool
    text: str
    mistake: Mistake | None = None


def check(ladder: Ladder, step: Step, folder: Path) -> Verdict:
    """What is to be said of the step as it is written in `folder`."""
    path, name = ladder.place(step)
    file = folder / path
    try:
        lines = lines_of(find(file.read_text(encoding="utf-8"), name))
    except SyntaxError as error:
        line = f"{file}, line {error.lineno}: {(error.text or '').strip()}"
        return Verdict(False, _with(f"Python cannot read your code: {error.msg}.", [line]))
    except (OSError, ValueError):
        again = f"`learn start {step.name} --again` puts its signature back"
        return Verdict(False, f"{file} has no `{name}` any more; {again}.")
    with tempfile.TemporaryDirectory() as temporary:
        out, stuck = Path(temporary, "answers"), Path(temporary, "stuck")
        # A forked process has PyTorch already. Elsewhere, and beside threads, forking is not safe.
        forks = sys.platform == "linux" and threading.active_count() == 1
        new_process = get_context("fork").Process if forks else get_context("spawn").Process
        process = new_process(
            target=answer_all,
            args=(ladder.file, step.name, folder.absolute(), out, stuck),
            daemon=True,  # Ctrl-C ends it, too
        )
        process.start()
        process.join()
        right, *yours = map(json.loads, out.read_text(encoding="utf-8").splitlines())
        innermost_first = re.findall(r'File "(.*)", line (\d+)', stuck.read_text())

    def place(frames: list[tuple[str, int]]) -> list[str]:
        """The innermost line of the step, or else of the learner's copy."""
        theirs = [(Path(f), n) for f, n in frames if folder.absolute() in Path(f).parents]
        inside = [
            (f, n) for f, n in theirs if f.name == file.name and lines.start < n <= lines.stop
        ]
        if not theirs:
            return []
        path, number = (inside or theirs)[-1]
        line = path.read_text(encoding="utf-8").splitlines()[number - 1].strip()
        return [f"{folder / path.relative_to(folder.absolute())}, line {number}: {line}"]

    wrong = yours.pop() if len(yours) > len(right) else []
    if yours and "cannot be imported" in yours[-1]:
        problem = yours[-1]["cannot be imported"].splitlines()
        return Verdict(False, _with("Your code cannot be imported.", problem))
    if len(yours) < len(right):
        says = "Your code ends the whole program. A function ends with `return`."
        if innermost_first:
            says = (
                f"Your code did not come to an end within {PATIENCE:.0f} seconds. Is there a loop "
                "whose condition never becomes false, or that reads a list which it makes longer?"
            )
        frames = [(file, int(number)) for file, number in reversed(innermost_first)]
        return Verdict(False, _with(says, [step.probes[len(yours)], *place(frames)]))
    for answer in yours:
        answer["place"] = place(answer.get("frames", []))
    return judge(step, right, wrong, yours)


def _with(says: str, lines: list[str]) -> str:
    """A sentence, and lines that are shown as they are."""
    return "\n\n".join(filter(None, [says, textwrap.indent("\n".join(lines), "    ")]))


def judge(
    step: Step, right: list[Answer], wrong: list[list[list[Answer]]], yours: list[Answer]
) -> Verdict:
    """What the learner's answers say, beside the lesson's and those of all forms of mistakes."""

    def same(a: Answer, b: Answer) -> bool:
        return not _differ(a, b, step.tolerance)

    def shows(form: list[Answer]) -> set[int]:
        return {i for i, answer in enumerate(form) if not same(answer, right[i])}

    failing = shows(yours)
    remarks: list[str] = []
    excused: set[int] = set()
    edges: set[int] = set()
    for mistake, forms in zip(step.mistakes, wrong):
        for form in forms if mistake.passes else []:
            edges |= shows(form)
            if all(same(yours[i], form[i]) for i in shows(form)):
                excused |= shows(form)
                remarks.append(mistake.says)
    failing -= excused
    if not failing:
        return Verdict(True, "\n\n".join(dict.fromkeys(remarks)))

    first = min(failing)
    part, says, lines = compare(step.probes[first], yours[first], right[first], step.tolerance)
    failing = failing - edges or failing
    most, probable = len(failing) // 2, None
    for mistake, forms in zip(step.mistakes, wrong):
        for form in forms if not mistake.passes else []:
            shown = shows(form) - edges or shows(form)
            explained = {i for i in failing if same(yours[i], form[i])}
            if explained == failing == shown:
                return Verdict(False, _with(mistake.says, lines), mistake)
            values = {i for i in explained if "error" not in yours[i]}
            if shown <= failing and len(values) > most:
                most, probable = len(values), mistake
    if part is not None and part in step.parts:
        return Verdict(False, _with(step.parts[part], lines))
    if part is not None and probable:
        return Verdict(False, _with(f"It looks like this: {probable.says}", lines), probable)
    return Verdict(False, _with(says, lines))


def _differ(yours: Answer, expected: Answer, tolerance: float) -> str:
    """What is different between two answers, in words; nothing if they are the same."""
    if "error" in yours and "error" in expected:
        too_deep = yours["error"][0] == "RecursionError" == expected["error"][0]
        return "" if too_deep or yours["error"] == expected["error"] else "another error"
    if "error" in yours or "error" in expected:
        return "an error"
    after = difference(yours.get("after"), expected.get("after"), tolerance)
    return _differ_in_value(yours, expected, tolerance) or after


def _differ_in_value(yours: Answer, expected: Answer, tolerance: float) -> str:
    """The same for what is returned; it does not matter where the arguments are to be changed."""
    if expected["value"] is None and expected.get("before") != expected.get("after"):
        return ""
    return difference(yours["value"], expected["value"], tolerance)


def compare(
    probe: str, yours: Answer, expected: Answer, tolerance: float
) -> tuple[str | None, str, list[str]]:
    """Which part of an answer is wrong, a sentence about it, and lines that show it.

    The part is the name of a part, "" for an answer without names, or None if there is no answer.
    """
    part, says, lines = None, "", [probe]
    if "error" in yours:
        kind, message = yours["error"]
        says = ERRORS.get(kind, "Your code raises an error.")
        if yours.get("place") == []:
            says = "What your code returns cannot be used."
        lines += [*yours.get("place", []), f"{kind}: {message}" if message else kind]
    elif "error" in expected:
        lines += [f"gives     {show(yours['value'])}", f"expected  {': '.join(expected['error'])}"]
    elif found := _differ_in_value(yours, expected, tolerance):
        part, mine, right = _first_part(yours["value"], expected["value"], tolerance)
        says = pattern(mine, right, tolerance)
        if yours["value"] is None:
            part, says = None, "Your code returns nothing: is a `return` missing?"
            if yours["printed"]:
                says += " What it prints is lost to the code that calls it."
        width = max(len(part or ""), 8)
        lines.append(f"{part or 'gives':{width}}  {show(mine)}")
        if mine is not None:
            lines.append(f"{'expected':{width}}  {show(right)}")
        if any(line.endswith("...") for line in lines):
            lines.append(f"first difference: {found}")
    else:
        triples = zip(expected["before"], yours["after"], expected["after"])
        before, after, right = next(t for t in triples if difference(*t[1:], tolerance))
        says = CHANGED if not difference(before, right, tolerance) else NOT_CHANGED
        lines += [f"leaves    {show(after)}", f"expected  {show(right)}"]
    if yours["printed"]:
        printed = yours["printed"].rstrip().splitlines()
        lines += ["", "Your code printed:", *printed[:PRINTED], *["..."][: len(printed) > PRINTED]]
    return part, says, lines


def _first_part(yours: Any, expected: Any, tolerance: float) -> tuple[str, Any, Any]:
    """The first part that is wrong, by name; all of it, and no name, if there are no names."""
    if isinstance(yours, dict) and isinstance(expected, dict) and "dict" in yours and expected:
        mine = {key: value for key, value in yours["dict"] if isinstance(key, str)}
        for key, value in expected.get("dict", []):
            if isinstance(key, str) and difference(mine.get(key), value, tolerance):
                return key, mine.get(key), value
    return "", yours, expected
