"""What a term of DICTIONARY.md means, in the terminal, with the code that shows it.

    python -m shared.dictionary softmax
    python -m shared.dictionary BatchNorm1d

An entry is a heading `### term`, perhaps a line `Also: …` with other names, and a text. A link to
code names a definition and its file, [`Neuron` in nn.py](01-micrograd/micrograd/nn.py); in which
line that is, `definitions` finds out.
"""

import ast
import os
import re
import textwrap
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.markdown import Markdown

from shared import cli

FILE = Path(__file__).parents[2] / "DICTIONARY.md"
CODE_LINK = re.compile(r"\[`([\w.]+)` in [\w.]+\]\(([^)]+\.py)\)")
OTHER_LINK = re.compile(r"\[([^\]`]+)\]\([^)]+\)")
LINES = 16  # of the code that are shown


def entries_of(text: str) -> dict[str, str]:
    """The text of every entry, by its title, in order."""
    _, *parts = re.split(r"^### (.+)$", text, flags=re.MULTILINE)
    bodies = [re.split(r"^## ", body, flags=re.MULTILINE)[0].strip() for body in parts[1::2]]
    return dict(zip(parts[::2], bodies))


def names(title: str, body: str) -> list[str]:
    """What an entry is called: `context (block size)` both, and what its line `Also:` has."""
    also = re.match(r"Also: (.+)", body)
    listed = f"{title}, {also[1]}" if also else title
    return [name for part in re.split(r", | and |[()]", listed) if (name := part.strip())]


def find(entries: dict[str, str], word: str) -> str:
    """The title of the entry that a word means, whichever way it is spelled.

    Names of code count, too: `BatchNorm1d`, `loss.backward`. Raises `UserError` with the nearest
    terms, or those whose entries use the word, when there is none.
    """
    titles: dict[str, str] = {}
    for title, body in entries.items():
        for name in (title, *names(title, body)):
            titles.setdefault(_key(name), title)
    for title, body in entries.items():
        for name, _ in CODE_LINK.findall(body):
            titles.setdefault(_key(name), title)
    for key in (_key(word), _key(word.rpartition(".")[2])):
        if key in titles:
            return titles[key]
    near = [name for name in titles if _key(word) and _key(word) in name]
    near += get_close_matches(_key(word), titles, cutoff=0.75)
    using = [title for title, body in entries.items() if re.search(rf"\b{re.escape(word)}\b", body)]
    see = list(dict.fromkeys([*(titles[name] for name in near), *using]))[:3]
    hint = f"see {', '.join(see)}" if see else "python -m shared.dictionary lists all terms"
    raise cli.UserError(f"there is no entry for {word!r}; {hint}")


def _key(word: str) -> str:
    """A word without what spellings differ in: case, hyphens, plural, British or American."""
    letters = re.sub(r"[\W_]", "", word.lower())
    return letters.replace("is", "iz").replace("ll", "l").rstrip("esyi")


def definitions(source: str) -> dict[str, ast.stmt]:
    """What a module defines, by name: functions, classes, methods, constants."""
    found: dict[str, ast.stmt] = {}

    def look(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[prefix + node.name] = node
                if isinstance(node, ast.ClassDef):
                    look(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    found[prefix + ast.unparse(target)] = node

    look(ast.parse(source).body, "")
    return found


def page(title: str, body: str) -> str:
    """An entry in Markdown: where the code is, as FILE:LINE, and the first lines of the first."""
    shown: list[str] = []

    def place(match: re.Match[str]) -> str:
        path = FILE.parent / match[2]
        source = path.read_text(encoding="utf-8")
        node = definitions(source)[match[1]]
        where = f"{os.path.relpath(path)}:{node.lineno}"
        lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
        rest = [f"# … {len(lines) - LINES} more lines"] if len(lines) > LINES else []
        code = "\n".join([textwrap.dedent("\n".join(lines[:LINES])), *rest])
        shown.append(f"{where}\n\n```python\n{code}\n```")
        return f"`{match[1]}` ({where})"

    text = OTHER_LINK.sub(r"\1", CODE_LINK.sub(place, body))
    return "\n\n".join([f"## {title}", text, *shown[:1]])


@dataclass
class Options:
    """Say what a term means, and show the code."""

    term: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """The term; without one, all are listed."""


def main(options: Options) -> None:
    """Print an entry, laid out on a terminal, or the list of all terms."""
    if not FILE.exists():
        raise cli.UserError(f"{FILE} is not there; install from the repository with `make setup`")
    entries = entries_of(FILE.read_text(encoding="utf-8"))
    if not options.term:
        print("\n".join(entries))
        return
    title = find(entries, " ".join(options.term))
    markdown = page(title, entries[title])
    console = Console()
    console.print(Markdown(markdown)) if console.is_terminal else print(markdown)


if __name__ == "__main__":
    cli.run(main, Options)
