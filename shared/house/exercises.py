"""The proof of a ladder, for a lesson's tests: three functions that say what is wrong with it.

`problems`: a step cannot be cut out, is never called, or takes one mistake for another. `refused`:
a right solution in another style is not called right. `outdated`: the README's dialogue is not what
a learner sees.
"""

import contextlib
import io
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FrameType

from shared.checking import (
    ERROR,
    Verdict,
    answers,
    answers_of_forms,
    answers_of_mistakes,
    judge,
)
from shared.exercises import (
    Form,
    Ladder,
    Step,
    blanked,
    definition,
    with_body,
    with_definition,
)


def _verdict(ladder: Ladder, step: Step, form: Form) -> Verdict:
    """What `check` says of a step that is written in this way."""
    right = list(answers(ladder, step, ladder.lesson))
    (yours,) = answers_of_forms(ladder, step, [form])
    return judge(step, right, answers_of_mistakes(ladder, step), yours)


def problems(ladder: Ladder) -> list[str]:
    """What is wrong with a ladder, a line each."""
    found = []
    for step in ladder.steps.values():
        found += [f"{step.name}: {problem}" for problem in _problems_of(ladder, step)]
    called = calls(ladder)
    for step in ladder.steps.values():
        path, name = ladder.place(step)
        if not any(p == path and re.match(rf"{name}(\.|$)", c) for p, c in called):
            found.append(f"{step.name}: {ladder.program} does not call it")
    return found


def _problems_of(ladder: Ladder, step: Step) -> list[str]:
    found = []
    source, (_, name) = ladder.source(step), ladder.place(step)
    blank = blanked(source, name, step.write)
    if with_definition(blank, name, definition(source, name)) != source:
        found.append("blanked and written again, the file is not the same")
    right = list(answers(ladder, step, ladder.lesson))
    found += [f"the lesson's code fails: {a.parts[ERROR].text}" for a in right if ERROR in a.parts]
    wrong = list(answers_of_mistakes(ladder, step))
    (nothing,) = answers_of_forms(ladder, step, ["raise NotImplementedError"])
    if judge(step, right, wrong, nothing).right:
        found.append("the blank is not noticed")
    for mistake, form in wrong:
        said = judge(step, right, wrong, form)
        if said.right != mistake.passes or mistake.says not in said.text:
            found.append(f"a form of {mistake.says[:40]!r} is said to be: {said.text}")
    return found


def calls(ladder: Ladder) -> set[tuple[Path, str]]:
    """The files and the functions of the package that the ladder's program calls."""
    called: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        called.add(frame.f_code)

    sys.setprofile(note)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(str(ladder.lesson / ladder.program))
    finally:
        sys.setprofile(None)
    places = [(Path(code.co_filename), code.co_qualname) for code in called]
    return {(p.relative_to(ladder.lesson), n) for p, n in places if ladder.lesson in p.parents}


def refused(ladder: Ladder, right: Mapping[str, Iterable[Form]]) -> list[str]:
    """Which right solutions, listed by step, `check` calls wrong, and what it says of them."""
    found = []
    for name, forms in right.items():
        for number, form in enumerate(forms):
            said = _verdict(ladder, ladder.steps[name], form)
            if not said.right:
                found.append(f"{name}: form {number} is said to be wrong: {said.text}")
    return found


def outdated(ladder: Ladder, folder: Path) -> list[str]:
    """Which commands of "Write it yourself" print something else than it shows, and what."""
    commands = list(_dialogue(ladder, folder))
    assert len(commands) >= 3, "the README shows a step begun, a wrong answer and a right one"
    return [
        f"{command} prints\n{printed}\nand the README shows\n{expected}"
        for command, printed, expected in commands
        if printed != expected
    ]


def _dialogue(ladder: Ladder, folder: Path) -> Iterator[tuple[str, str, str]]:
    """The commands of the README's "Write it yourself", what they print, and what it says they do.

    They run one after the other in `folder`. A block of Python is written into the step that was
    begun last.
    """
    text = (ladder.lesson / "README.md").read_text(encoding="utf-8")
    section = text.split("\n## Write it yourself\n")[1].split("\n## ")[0]
    path = os.pathsep.join([str(ladder.lesson), *sys.path])
    env = os.environ | {"PYTHONPATH": path, "COLUMNS": "80", "PYTHONUTF8": "1"}
    for language, block in re.findall(r"^```(python|console)\n(.*?)^```", section, re.M | re.S):
        if language == "python":
            *_, latest = json.loads((folder / "mine" / "ladder.json").read_text())
            file, name = ladder.place(ladder.steps[latest])
            source = (folder / "mine" / file).read_text(encoding="utf-8")
            written = with_body(source, name, block)
            (folder / "mine" / file).write_text(written, encoding="utf-8")
            continue
        for command, expected in re.findall(r"^\$ python (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
            args = [sys.executable, *command.split()]
            done = subprocess.run(args, cwd=folder, env=env, capture_output=True, encoding="utf-8")
            yield command, (done.stdout + done.stderr).replace("\\", "/").strip(), expected.strip()
