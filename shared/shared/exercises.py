"""Exercises cut from a lesson's own code, and a check that names the mistake.

A step names a function or method of the lesson. `blanked` takes its body out of a copy of the
package, and the learner writes it anew. To check it, the learner's code, the lesson's own and that
of every known mistake are run on the same probes: whose answers are the learner's says what is
wrong. A mistake is a small change to the lesson's code, so there is nothing that could drift apart.

A ladder stands in a lesson's `exercises.py`, which imports what its probes use:

    MERGE = Step(
        "merge",                             # python -m tokenizer learn start merge
        "basic.merge",                       # MODULE.FUNCTION or MODULE.CLASS.METHOD
        "merge a pair into a new token",
        lecture="zduSFxRajkE 0:30:36",       # video and minute
        term="merge",                        # of DICTIONARY.md
        write="`ids` with every `pair` replaced by `new_id`, from left to right.",
        hints=("Walk through `ids` with an index of your own.", "After a merge, move on by two."),
        probes=("merge([1, 2], (1, 2), 3)", "merge([1, 1, 1], (1, 1), 3)"),
        mistakes=(Mistake("After a merge you move on by one: …", {"i += 2": "i += 1"}),),
    )
    LADDER = Ladder(__file__, (MERGE, …), program="train_mine.py")

A probe is a call, made in `exercises.py` after `random` and torch have been seeded, the smallest
first: the learner is shown the first that differs. Its arguments must stay as they are. What it
returns may hold numbers, texts, bytes, lists, dicts, and tensors; for anything else, let a function
of `exercises.py` return these. Each form of a mistake is replacements in the step's source, each of
which must occur exactly once there, or the text of another body. With `passes=True` it is not a
mistake but a form that is accepted, with a remark.

No ladder knows all mistakes. If a probe returns a dict of named parts, {"loss": …, "gradients": …},
`parts` has a sentence for each, which is said if that part is the first to be wrong and no mistake
fits; the sentence for "" is said of an answer without names.
"""

import ast
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

Form = Mapping[str, str] | str  # of a mistake: replacements, or another body


class Mistake:
    """What is wrong, in words for the learner, and the code that is wrong in this way."""

    def __init__(self, says: str, *forms: Form, passes: bool = False) -> None:
        self.says = says
        self.forms = forms
        self.passes = passes


@dataclass(frozen=True)
class Step:
    """One function or method to write; see the top of this module."""

    name: str
    target: str
    title: str
    lecture: str
    term: str
    write: str
    hints: tuple[str, ...]
    probes: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    parts: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = 1e-6  # relative above 1, absolute below


class Ladder:
    """The steps of a lesson, in order; `program` is the file that trains with all of them."""

    def __init__(self, file: str, steps: tuple[Step, ...], program: str) -> None:
        self.file = Path(file)
        self.package = self.file.parent.name
        self.lesson = self.file.parent.parent
        self.steps = {step.name: step for step in steps}
        self.program = program

    def place(self, step: Step) -> tuple[Path, str]:
        """The file of a step, from the lesson's folder, and the name of what to write in it."""
        parts = step.target.split(".")
        for n in range(1, len(parts)):
            path = Path(self.package, *parts[:n]).with_suffix(".py")
            if (self.lesson / path).is_file():
                return path, ".".join(parts[n:])
        raise ValueError(f"there is no module for {step.target}")

    def source(self, step: Step) -> str:
        """The lesson's file that a step is cut from."""
        return (self.lesson / self.place(step)[0]).read_text(encoding="utf-8")


# Cutting code out, and putting other code in its place.


def find(source: str, name: str) -> ast.FunctionDef:
    """The function `name`, which may be CLASS.METHOD. Raises `ValueError` without one."""
    body = ast.parse(source).body
    node: ast.stmt | None = None
    for part in name.split("."):
        kinds = ast.FunctionDef | ast.ClassDef
        node = next((n for n in body[::-1] if isinstance(n, kinds) and n.name == part), None)
        body = node.body if node else []
    if not isinstance(node, ast.FunctionDef):
        raise ValueError(f"there is no function {name}")
    return node


def cut(source: str, name: str) -> list[str]:
    """What stands before a function, its head with the docstring, its body, and the rest."""
    node, lines = find(source, name), source.splitlines(keepends=True)
    first = node.body[0]
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
    if ast.get_docstring(node) is not None:
        body = first.end_lineno
    else:
        body = first.lineno - 1
        while lines[body - 1].strip().startswith("#"):
            body -= 1
    return ["".join(lines[a:b]) for a, b in pairwise([0, start, body, node.end_lineno, None])]


def definition(source: str, name: str) -> str:
    """The text of a function, to the letter, decorators included."""
    _, head, body, _ = cut(source, name)
    return head + body


def with_definition(source: str, name: str, text: str) -> str:
    """The source with another text in the place of a function."""
    before, _, _, after = cut(source, name)
    return before + text + after


def with_body(source: str, name: str, text: str) -> str:
    """The source with another body below the signature and the docstring of a function."""
    before, head, _, after = cut(source, name)
    indent = " " * (find(source, name).col_offset + 4)
    return before + head + textwrap.indent(textwrap.dedent(text).strip("\n"), indent) + "\n" + after


def blanked(source: str, name: str, write: str) -> str:
    """The source without the body of a function; a comment says what to write."""
    comment = textwrap.fill(write, 88, initial_indent="# ", subsequent_indent="# ")
    return with_body(source, name, f"{comment}\nraise NotImplementedError")


def changed(ladder: Ladder, step: Step, form: Form) -> str:
    """The lesson's file with a mistake in it. Raises `ValueError` for one that does not fit."""
    source, (_, name) = ladder.source(step), ladder.place(step)
    if isinstance(form, str):
        return with_body(source, name, form)
    text = definition(source, name)
    for old, new in form.items():
        if text.count(old) != 1:
            raise ValueError(f"{step.name}: {old!r} occurs {text.count(old)} times in {name}")
        text = text.replace(old, new)
    return with_definition(source, name, text)
