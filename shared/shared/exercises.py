"""Exercises cut from a lesson's own code, and a check that names the mistake.

A step names a function, method or class of the lesson. `blanked` takes its body out of a copy of
the package, and the learner writes it anew. To check it, the learner's code, the lesson's own and
that of every known mistake are run on the same probes: whose answers are the learner's says what is
wrong. A mistake is a small change to the lesson's code, so there is nothing that could drift apart.

A ladder stands in a lesson's `exercises.py`, which imports what its probes use:

    MERGE = Step(
        "merge",                             # python -m tokenizer learn start merge
        "basic.merge",                       # MODULE.FUNCTION, MODULE.CLASS.METHOD, MODULE.CLASS
        "merge a pair into a new token",
        lecture="zduSFxRajkE 0:30:36",       # video and minute
        term="merge",                        # of DICTIONARY.md
        write="`ids` with every `pair` replaced by `new_id`, from left to right.",
        hints=("Walk through `ids` with an index of your own.", "After a merge, move on by two."),
        probes=("merge([1, 2], (1, 2), 3)", "merge([1, 1, 1], (1, 1), 3)"),
        mistakes=(Mistake("After a merge you move on by one: …", {"i += 2": "i += 1"}),),
    )
    LADDER = Ladder(__file__, (MERGE, …), program="train_mine.py")

A probe is an expression, evaluated in `exercises.py` after `random` and torch have been seeded, the
smallest first: the learner is shown the first that differs. If it is a call, its arguments are
compared afterwards, too. What it returns may hold numbers, texts, bytes, lists, dicts, sets, and
tensors; for anything else, let a function of `exercises.py` return these. Each form of a mistake is
replacements in the step's source, each of which must occur exactly once there, or the text of
another body. With `passes=True` it is not a mistake but a form that is accepted, with a remark.

No ladder knows all mistakes. If a probe returns a dict of named parts, {"loss": …, "gradients": …},
`parts` has a sentence for each, which is said if that part is the first to be wrong and no mistake
fits; the sentence for "" is said of an answer without names.
"""

import ast
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Form = Mapping[str, str] | str  # of a mistake: replacements, or another body
Definition = ast.FunctionDef | ast.ClassDef


class Mistake:
    """What is wrong, in words for the learner, and the code that is wrong in this way."""

    def __init__(self, says: str, *forms: Form, passes: bool = False) -> None:
        self.says = says
        self.forms = forms
        self.passes = passes


@dataclass(frozen=True)
class Step:
    """One function, method or class to write; see the top of this module."""

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


def find(source: str, name: str) -> Definition:
    """The definition of `name`, which may be CLASS.METHOD. Raises `ValueError` without one."""
    body: list[ast.stmt] = ast.parse(source).body
    node = None
    for part in name.split("."):
        named = [n for n in body if isinstance(n, Definition) and n.name == part]
        if not named:
            raise ValueError(f"there is no {name}")
        node = named[-1]  # the one that counts, as in Python
        body = node.body
    assert node is not None
    return node


def lines_of(node: Definition) -> slice:
    """Where a definition stands among the lines of its file, decorators included."""
    return slice(min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1, node.end_lineno)


def body_of(node: Definition, lines: list[str]) -> slice:
    """Where its body stands, without the docstring."""
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return slice(first.end_lineno, node.end_lineno)
    start = first.lineno - 1
    while lines[start - 1].strip().startswith("#"):
        start -= 1
    return slice(start, node.end_lineno)


def definition(source: str, name: str) -> str:
    """The text of a definition, to the letter."""
    return "".join(source.splitlines(keepends=True)[lines_of(find(source, name))])


def with_definition(source: str, name: str, text: str) -> str:
    """The source with another text in the place of a definition."""
    lines = source.splitlines(keepends=True)
    lines[lines_of(find(source, name))] = [text]
    return "".join(lines)


def with_body(source: str, name: str, text: str) -> str:
    """The source with another body below the signature and the docstring of a function."""
    lines = source.splitlines(keepends=True)
    node = find(source, name)
    body = textwrap.dedent(text).strip("\n")
    lines[body_of(node, lines)] = [textwrap.indent(body, " " * (node.col_offset + 4)) + "\n"]
    return "".join(lines)


def blanked(source: str, name: str, write: str) -> str:
    """The source without the body of `name`; of a class, without those of its methods."""
    node = find(source, name)
    methods = [n.name for n in node.body if isinstance(n, ast.FunctionDef)]
    names = [f"{name}.{m}" for m in methods] if isinstance(node, ast.ClassDef) else [name]
    width = 96 - node.col_offset
    comment = "\n".join(textwrap.wrap(write, width, initial_indent="# ", subsequent_indent="# "))
    for one in names:
        source = with_body(source, one, f"{comment}\nraise NotImplementedError")
        comment = "# see above"
    return source


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
