"""Every lesson once, in little time and on bundled data, and one page to look at.

    python -m shared.demo            # nox -s demo; make demo
    python -m shared.demo 03-gpt

What a lesson shows stands in its pyproject.toml: a `[[tool.lesson.demo]]` for each command, with
the arguments for `python`, lines of `figures` to be filled in from the run's results.json, and the
`pictures` and `texts` of the run folder that are worth a look, each with a caption. The first
command is `train.py`, whose run folder is `{run}` in the others.
"""

import base64
import json
import mimetypes
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import tyro

from shared import benchmarks, cli
from shared.runs import write_text

ROOT = Path(__file__).parents[2]
LINES = 14  # of a text that are shown


@dataclass(frozen=True)
class Step:
    """One command of a lesson's demo, and what it leaves to be looked at."""

    command: list[str]
    figures: list[str] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """A lesson's folder and its demo."""

    path: Path
    description: str
    steps: list[Step]

    @classmethod
    def of(cls, path: Path) -> "Lesson":
        """What the folder's pyproject.toml says; raises `ValueError` for one without a demo."""
        settings = tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8"))
        demo = settings.get("tool", {}).get("lesson", {}).get("demo")
        if not demo:
            raise ValueError(f"{path}/pyproject.toml has no [[tool.lesson.demo]]")
        return cls(path, settings["project"]["description"], [Step(**step) for step in demo])

    def commands(self, run: Path) -> list[list[str]]:
        """The commands as they are run, in the lesson's folder, for this run folder."""
        first, *others = (step.command for step in self.steps)
        named = [*first, "--runs", str(run.parent), "--name", run.name]
        return [named, *([word.format(run=run) for word in words] for words in others)]


def lessons_in(root: Path) -> list[Lesson]:
    """All lessons of a repository, in order."""
    return [Lesson.of(path.parent) for path in sorted(root.glob("[0-9][0-9]-*/pyproject.toml"))]


def section(lesson: Lesson, run: Path) -> dict[str, Any]:
    """What the page shows of a lesson, whose commands have left `run`."""
    folder = lesson.path / run
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return {
        "lesson": lesson.path.name,
        "description": lesson.description,
        "steps": [
            {
                "command": f"python {shlex.join(command)}",
                "figures": [line.format(**results) for line in step.figures],
                "pictures": [
                    (data_of(folder / name), text) for name, text in step.pictures.items()
                ],
                "texts": [(beginning(folder / name), text) for name, text in step.texts.items()],
            }
            for command, step in zip(lesson.commands(run), lesson.steps)
        ],
    }


def data_of(picture: Path) -> str:
    """The picture as an address that has all of it inside."""
    kind, _ = mimetypes.guess_type(picture.name)
    return f"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"


def beginning(text: Path) -> str:
    """The first lines of a text."""
    return "\n".join(text.read_text(encoding="utf-8").splitlines()[:LINES])


def page(sections: list[dict[str, Any]]) -> str:
    """One page of HTML that needs nothing else: no network, no other file."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("shared", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    when = f"{datetime.now():%Y-%m-%d %H:%M}"
    template = environment.get_template("demo.html")
    return template.render(sections=sections, machine=benchmarks.machine(), when=when)


@dataclass
class Options:
    """Train every lesson for a moment, on bundled data, and make one page of what came out."""

    lessons: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Folders of lessons; by default all. A page of some is called after them."""


def main(options: Options, root: Path = ROOT) -> None:
    """Run the demos; leave their run folders and the page in runs/demo."""
    lessons = lessons_in(root)
    known = [lesson.path.name for lesson in lessons]
    for name in options.lessons:
        cli.require(name in known, "a lesson", repr(name), f"one of {', '.join(known)}")
    sections = []
    for lesson in lessons:
        if options.lessons and lesson.path.name not in options.lessons:
            continue
        run = Path("..", "runs", "demo", f"{lesson.path.name}-{datetime.now():%Y%m%d-%H%M%S}")
        for command in lesson.commands(run):
            print(f"\n{lesson.path.name}> python {shlex.join(command)}", flush=True)
            with cli.interruptible():  # Ctrl-C is for the command, which says what it left
                done = subprocess.run([sys.executable, *command], cwd=lesson.path)
            if done.returncode:
                sys.exit(done.returncode)
        sections.append(section(lesson, run))
    path = root / "runs" / "demo" / f"{'-'.join(options.lessons) or 'index'}.html"
    write_text(path, page(sections))
    print(f"\nlook at it: {path}")


if __name__ == "__main__":
    cli.run(main, Options)
