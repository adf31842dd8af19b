"""What a lesson says of itself, for the lesson's tests: in its README and its docstrings."""

import doctest
import re
from importlib import import_module
from pathlib import Path


def untrue_in_readme(lesson: Path) -> list[str]:
    """What the README of a lesson says of its files, and what its examples print, if it is wrong.

    The files must be there, and be as long as it says, to a tenth.
    """
    readme = (lesson / "README.md").read_text(encoding="utf-8")
    paths = re.findall(r"\]\(([^):]+)\)", readme)
    found = [path for path in paths if not (lesson / path.partition("#")[0]).exists()]
    for path, lines in re.findall(r"^\| \[`\S+`\]\((\S+)\) \| (\d+) \|", readme, re.MULTILINE):
        n = len((lesson / path).read_text(encoding="utf-8").splitlines())
        if abs(n - int(lines)) > 0.1 * int(lines):
            found.append(f"{path} has {n} lines")
    results = doctest.testfile(
        str(lesson / "README.md"), False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    if results.failed or results.attempted <= 5:
        found.append(f"{results.failed} of {results.attempted} examples fail")
    return found


def untrue_in_docstrings(lesson: Path, modules: str) -> list[str]:
    """Those of the modules whose examples print something else."""
    package = lesson.name[3:]
    tests = {name: doctest.testmod(import_module(f"{package}.{name}")) for name in modules.split()}
    return [name for name, results in tests.items() if results.failed or not results.attempted]
