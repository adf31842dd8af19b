"""What the benchmarks measured: tables that are printed, kept as JSON, and pasted into READMEs.

    nox -s bench               # measure; the tables go to runs/bench/
    nox -s bench -- --write    # these tables become benchmarks.json, and stand in the READMEs

A lesson's `bench.py` fills a `Report`. A README says where a table stands by a line
`<!-- benchmark: NAME -->` before it and `<!-- end of NAME -->` after it; between them nothing is
written by hand.
"""

import json
import os
import platform
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shared import cli
from shared.runs import write_text

RESULTS = "results"  # the name of each lesson's summary, and of all of them in RESULTS.md
MACHINE = "machine"  # the name of the sentence that says what was measured where
BLOCK = re.compile(r"(<!-- benchmark: ([\w-]+) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)

Results = dict[str, Any]  # of each lesson: date, machine, versions, tables


@dataclass
class Table:
    """A table of figures: columns of `text`, on the left, and of `figures`, on the right."""

    title: str
    text: Sequence[str]
    figures: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)

    def row(self, *cells: str) -> None:
        """Add a row, and print it."""
        self.rows.append(list(cells))
        print(_line(cells), flush=True)

    def head(self) -> str:
        """The first two lines."""
        lines = (
            _line([*self.text, *self.figures]),
            _line(["---"] * len(self.text) + ["--:"] * len(self.figures)),
        )
        return "\n".join(lines)

    def markdown(self) -> str:
        """The whole table."""
        return "\n".join([self.head(), *map(_line, self.rows)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


class Report:
    """What one lesson's benchmark measured."""

    def __init__(self, lesson: str, packages: Sequence[str]) -> None:
        self.lesson = lesson
        self.packages = packages
        self.tables: dict[str, Table] = {}
        columns = ["lesson", "what", "there", "here", "command"]
        self.summary = Table("Beside the lectures and the peers", columns, [])

    def table(self, name: str, title: str, text: Sequence[str], figures: Sequence[str]) -> Table:
        """A new table, called `name` in the README; its title and head are printed."""
        table = self.tables[name] = Table(title, text, figures)
        print(f"\n{title}\n\n{table.head()}", flush=True)
        return table

    def result(self, what: str, there: str, here: str, command: str) -> None:
        """A row of the summary: `what` was measured, the other's figure, ours, how to see it."""
        link = f"[{self.lesson}]({self.lesson}/README.md)"
        self.summary.rows.append([link, what, there, here, f"`{command}`"])

    def save(self, path: Path) -> None:
        """Add this lesson's tables to the JSON at `path`, and write it as Markdown beside it."""
        results = load(path) if path.exists() else {}
        tables = {**self.tables, RESULTS: self.summary}
        results[self.lesson] = {
            "date": f"{date.today()}",
            "machine": machine(),
            "versions": {
                platform.python_implementation(): platform.python_version(),
                **{package: version(package) for package in self.packages},
            },
            "tables": {name: asdict(table) for name, table in tables.items()},
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, dump(results))
        write_text(path.with_suffix(".md"), markdown(results))


@dataclass
class Options:
    """Measure, and print tables: ours, the peer's, the ratio."""

    out: Path | None = None
    """Add the tables to this JSON file, too, and write it as Markdown beside it."""


def run(lesson: str, measure: Callable[[Report], None], packages: Sequence[str]) -> None:
    """The program `bench.py` of a lesson: `packages` are those whose versions matter."""

    def main(options: Options) -> None:
        report = Report(lesson, packages)
        measure(report)
        print(f"\n{report.summary.title}\n\n{report.summary.markdown()}")
        if options.out:
            report.save(options.out)

    cli.run(main, Options)


def machine() -> str:
    """The processor, the number of its cores that this program may use, and the system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        processor = found[1] if found else processor
    return f"{processor}, {cores} cores, {platform.system()}"


def load(path: Path) -> Results:
    """The results in a file; raises `UserError` when there are none."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise cli.UserError(f"there is no {path}; first measure with `nox -s bench`") from None
    except ValueError as error:
        mend = "name the file that `nox -s bench` wrote"
        raise cli.UserError(f"{path} holds no measurements ({error}); {mend}") from None


def dump(results: Results) -> str:
    """The results as JSON, lessons in order."""
    return json.dumps(dict(sorted(results.items())), indent=1, ensure_ascii=False) + "\n"


def markdown(results: Results) -> str:
    """All results as one page: the summary, then the tables of every lesson."""
    parts = ["# Benchmarks", summary(results)]
    for lesson, found in sorted(results.items()):
        parts += [f"## {lesson}", sentence(found)]
        for name, table in found["tables"].items():
            if name != RESULTS:
                parts += [table["title"], Table(**table).markdown()]
    return "\n\n".join(parts) + "\n"


def summary(results: Results) -> str:
    """The summaries of all lessons as one table."""
    tables = [found["tables"][RESULTS] for _, found in sorted(results.items())]
    return Table(**{**tables[0], "rows": [row for t in tables for row in t["rows"]]}).markdown()


def sentence(found: Results) -> str:
    """When and on what a lesson was measured."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return f"Measured by `nox -s bench` on {found['date']}: {found['machine']}; {versions}."


def pasted(readme: str, results: Results, lesson: str | None) -> str:
    """The text of a README with the tables of these results in it.

    `lesson` is None for RESULTS.md, whose only table is the summary of all lessons. Raises
    `ValueError` when it asks for a table that was not measured.
    """

    def block(match: re.Match[str]) -> str:
        name = match[2]
        if lesson is None and name == RESULTS:
            text = summary(results)
        elif lesson in results and name == MACHINE:
            text = sentence(results[lesson])
        elif lesson in results and name in results[lesson]["tables"]:
            text = Table(**results[lesson]["tables"][name]).markdown()
        else:
            raise ValueError(f"there are no results {name!r} of {lesson or 'the lessons'}")
        return f"{match[1]}\n{text}\n\n{match[3]}"

    return BLOCK.sub(block, readme)


def readmes(root: Path) -> dict[Path, str | None]:
    """The pages that may have tables, each with its lesson."""
    lessons = sorted(path.parent for path in root.glob("[0-9][0-9]-*/README.md"))
    return {root / "RESULTS.md": None} | {path / "README.md": path.name for path in lessons}


@dataclass
class Paste:
    """Make what was measured last the repository's figures: benchmarks.json, and the READMEs."""

    measured: Path = Path("runs/bench/benchmarks.json")
    """What `nox -s bench` wrote."""
    root: Path = Path()
    """The repository's root."""


def paste(options: Paste) -> None:
    """Paste the tables; lessons that were not measured keep what they have."""
    kept = options.root / "benchmarks.json"
    results = (load(kept) if kept.exists() else {}) | load(options.measured)
    try:
        texts = {
            path: pasted(path.read_text(encoding="utf-8"), results, lesson)
            for path, lesson in readmes(options.root).items()
        }
    except ValueError as error:
        raise cli.UserError(f"{error}; first measure with `nox -s bench`") from None
    for path, text in {kept: dump(results), **texts}.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)
            print(f"written: {path}")


if __name__ == "__main__":
    cli.run(paste, Paste)
