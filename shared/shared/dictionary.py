"""The terms of DICTIONARY.md in the terminal, and the check that all its links and examples hold.

    python -m shared.dictionary softmax
    python -m shared.dictionary --check     # nox -s dictionary
    python -m shared.dictionary --mend      # set line numbers and the index, after code has moved

An entry is a heading `### term` and what follows. It links to code as
[`NAME`](FILE#LINE), where NAME is a function, class, method or constant that FILE defines there.
"""

import ast
import doctest
import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Annotated

import tyro

from shared import cli
from shared.runs import write_text

ROOT = Path(__file__).parents[2]
FILE = "DICTIONARY.md"
CODE_LINK = re.compile(r"\[`([\w.]+)`\]\(([^)#]+\.py)#L(\d+)\)")
OTHER_LINK = re.compile(r"\[([^\]`]+)\]\(([^)]+)\)")
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDEX = re.compile(r"(?<=^## A to Z\n\n).*?(?=\n\n## )", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """A term, and what is said of it in Markdown."""

    title: str
    body: str
    line: int

    @property
    def names(self) -> list[str]:
        """What the entry can be found by: `context (block size)` by both."""
        return [name.strip() for name in re.split(r", | and |[()]", self.title) if name.strip()]

    @property
    def anchor(self) -> str:
        """What GitHub makes of the heading."""
        return re.sub(r"[^\w -]", "", self.title.lower()).replace(" ", "-")

    def uses(self, word: str) -> int:
        """How often the entry uses this word, with or without hyphens, in whatever case."""
        wanted = re.escape(word.lower().replace("-", " "))
        return len(re.findall(rf"(?<!\w){wanted}(?!\w)", self.body.lower().replace("-", " ")))

    def text(self, root: Path) -> str:
        """The entry as a page of its own, with places in code as FILE:LINE, from where we are."""

        def place(match: re.Match[str]) -> str:
            return f"`{match[1]}` ({os.path.relpath(root / match[2])}:{match[3]})"

        body = OTHER_LINK.sub(r"\1", CODE_LINK.sub(place, self.body))
        return f"## {self.title}\n\n{body}"


def entries_of(text: str) -> list[Entry]:
    """All entries, in order."""
    headings = list(re.finditer(r"^### (.+)$", text, re.MULTILINE))
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    return [
        Entry(
            title=heading[1],
            body=re.split(r"^## ", text[heading.end() : end], flags=re.MULTILINE)[0].strip(),
            line=text.count("\n", 0, heading.start()) + 1,
        )
        for heading, end in zip(headings, ends)
    ]


def find(entries: list[Entry], word: str) -> Entry:
    """The entry of this name, in whatever case.

    Raises `ValueError` with the names that have the word in them, or else the entries that use it,
    or else the nearest names.
    """
    by_name = {name.lower(): entry for entry in reversed(entries) for name in entry.names}
    by_name |= {entry.title.lower(): entry for entry in entries}
    wanted = word.lower()
    if wanted in by_name:
        return by_name[wanted]
    hint = f"{FILE} lists all terms"
    near = [name for name in by_name if wanted in (name if len(wanted) > 2 else name.split())]
    using = sorted(entries, key=lambda entry: -entry.uses(wanted))[:3]
    if not near and using[0].uses(wanted):
        hint = f"it comes up in: {', '.join(entry.title for entry in using if entry.uses(wanted))}"
    elif near := near or get_close_matches(wanted, by_name):
        titles = list(dict.fromkeys(by_name[name].title for name in near))[:3]
        hint = f"did you mean {' or '.join(titles)}?"
    raise ValueError(f"there is no entry {word!r}; {hint}")


def definitions(source: str) -> dict[str, int]:
    """The lines of what a module defines: functions, classes, methods, constants."""
    found: dict[str, int] = {}

    def look(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[prefix + node.name] = node.lineno
                if isinstance(node, ast.ClassDef):
                    look(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        found[prefix + target.id] = node.lineno

    look(ast.parse(source).body, "")
    return found


def index_of(entries: list[Entry]) -> str:
    """All names from A to Z, a paragraph a letter, each a link to its entry."""
    names = sorted(
        ((name, entry.anchor) for entry in entries for name in entry.names),
        key=lambda pair: pair[0].lower(),
    )
    letters = groupby(names, key=lambda pair: pair[0][0].upper())
    return "\n\n".join(
        f"**{letter}** " + " · ".join(f"[{name}](#{anchor})" for name, anchor in group)
        for letter, group in letters
    )


def mended(text: str, root: Path) -> str:
    """The text with the index and the line numbers as they should be.

    A link whose file or name is gone stays as it is, for `problems` to name.
    """

    def link(match: re.Match[str]) -> str:
        path = root / match[2]
        line = definitions(path.read_text(encoding="utf-8")).get(match[1]) if path.exists() else 0
        return f"[`{match[1]}`]({match[2]}#L{line or match[3]})"

    text = CODE_LINK.sub(link, text)
    return INDEX.sub(lambda _: index_of(entries_of(text)), text)


def problems(text: str, root: Path) -> list[str]:
    """The links that lead nowhere or to the wrong line, each with the term that it is in."""
    entries = entries_of(text)
    anchors = {entry.anchor for entry in entries}
    found = []
    for entry in entries:
        says = f"{FILE}:{entry.line}: {entry.title}:"
        links = CODE_LINK.findall(entry.body)
        if not links:
            found.append(f"{says} has no link to code")
        for name, file, line in links:
            if not (root / file).exists():
                found.append(f"{says} there is no file {file}")
                continue
            right = definitions((root / file).read_text(encoding="utf-8")).get(name)
            if right is None:
                found.append(f"{says} {file} defines no {name}")
            elif right != int(line):
                found.append(f"{says} {name} is in line {right} of {file}, not {line}")
        for _, target in OTHER_LINK.findall(CODE_LINK.sub("", entry.body)):
            if target.startswith("#") and target[1:] not in anchors:
                found.append(f"{says} there is no entry {target}")
            if not target.startswith(("#", "https:")) and not (root / target).exists():
                found.append(f"{says} there is no file {target}")
    index = INDEX.search(text)
    if index is None or index[0] != index_of(entries):
        found.append(f"{FILE}: A to Z: is not what the headings give")
    return found


def failures(entries: list[Entry]) -> list[str]:
    """What went wrong when the examples were run, those of each entry by themselves."""
    found = []
    for entry in entries:
        source = "\n".join(EXAMPLE.findall(entry.body))
        examples = doctest.DocTestParser().get_doctest(source, {}, entry.title, FILE, entry.line)
        output: list[str] = []
        doctest.DocTestRunner(verbose=False).run(examples, out=output.append)
        if output:
            found.append(f"{FILE}:{entry.line}: {entry.title}:\n{''.join(output).strip()}")
    return found


@dataclass
class Options:
    """Say what a term means, and where the code shows it."""

    term: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """The term; without one, all are listed."""
    check: bool = False
    """Resolve every link and run every example."""
    mend: bool = False
    """Set line numbers and the index to what they should be."""


def main(options: Options, root: Path = ROOT) -> None:
    """Print an entry, or a list of all; or check, or mend."""
    path = root / FILE
    if not path.exists():
        raise cli.UserError(f"{path} is not there; install from the repository with `make setup`")
    if options.check + options.mend + bool(options.term) > 1:
        raise cli.UserError("give a term, or --check, or --mend, not two of them")
    text = path.read_text(encoding="utf-8")
    if options.mend:
        new = mended(text, root)
        if new == text:
            print("nothing to mend")
            return
        write_text(path, new)
        print(f"written: {path}")
    elif options.check:
        found = problems(text, root) + failures(entries_of(text))
        if found:
            mend = "after code has moved, `python -m shared.dictionary --mend` sets line numbers"
            raise cli.UserError("\n".join([*found, mend]))
        print(f"{FILE}: all links and examples of {len(entries_of(text))} entries hold")
    elif options.term:
        with cli.users_mistakes():
            show(find(entries_of(text), " ".join(options.term)).text(root))
    else:
        print("\n".join(entry.title for entry in entries_of(text)))


def show(markdown: str) -> None:
    """Print Markdown, laid out on a terminal and as it is elsewhere."""
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    if console.is_terminal:
        console.print(Markdown(markdown))
    else:
        print(markdown)


if __name__ == "__main__":
    cli.run(main, Options)
