"""What the benchmarks measured: printed, kept as JSON, and pasted into READMEs.

    nox -s bench               # measure; the tables go to runs/bench/benchmarks.json
    nox -s bench -- --write    # from there to benchmarks.json beside this file, and to the READMEs

A lesson's `bench.py` fills a `Report`. In a README, a table stands between the lines
`<!-- benchmark: NAME -->` and `<!-- end of NAME -->`; what is between them is not written by hand.
"""

import json
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from shared import cli
from shared.runs import write_text

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "runs" / "bench" / "benchmarks.json"
KEPT = Path(__file__).with_name("benchmarks.json")
BLOCK = re.compile(r"(<!-- benchmark: ([\w-]+) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
SUMMARY = ["| lesson | what | there | here | command |", "| --- | --- | --- | --- | --- |"]

Tables = dict[str, list[str]]  # name -> lines of Markdown


class Table:
    """A table of figures, printed line by line: columns of `text`, then columns of `figures`."""

    def __init__(self, text: Sequence[str], figures: Sequence[str]) -> None:
        self.rows: list[tuple[str, ...]] = []
        self.lines: list[str] = []
        self._print(*text, *figures)
        self._print(*["---"] * len(text), *["--:"] * len(figures))

    def row(self, *cells: str) -> None:
        """Add a row."""
        self.rows.append(cells)
        self._print(*cells)

    def _print(self, *cells: str) -> None:
        self.lines.append(f"| {' | '.join(cells)} |")
        print(self.lines[-1], flush=True)


class Report:
    """What the benchmark of one lesson measured; `packages` are those whose versions matter."""

    def __init__(self, lesson: str, packages: Sequence[str]) -> None:
        self.lesson = lesson
        self.packages = packages
        self.tables: dict[str, Table] = {}
        self.results: list[str] = []

    def table(self, name: str, title: str, text: Sequence[str], figures: Sequence[str]) -> Table:
        """A new table, called `name` in the README."""
        print(f"\n{title}\n")
        self.tables[name] = Table(text, figures)
        return self.tables[name]

    def result(self, what: str, there: str, here: str, command: str) -> None:
        """A row of the summary: what was measured, the other's figure, ours, how to see it."""
        link = f"[{self.lesson}]({self.lesson}/README.md)"
        self.results.append(f"| {link} | {what} | {there} | {here} | `{command}` |")

    def lines(self) -> Tables:
        """All tables, the rows of the summary, and a line that says on what this was measured."""
        python = f"{platform.python_implementation()} {platform.python_version()}"
        versions = ", ".join([python, *(f"{name} {version(name)}" for name in self.packages)])
        measured = f"Measured by `nox -s bench` on {date.today()}: {machine()}; {versions}."
        tables = {name: table.lines for name, table in self.tables.items()}
        return {"machine": [measured], **tables, "results": self.results}


@dataclass
class Options:
    """Measure this lesson beside others; print tables, and keep them in runs/bench/."""


def run(lesson: str, measure: Callable[[Report], None], packages: Sequence[str]) -> None:
    """The program `bench.py` of a lesson."""

    def main(_: Options) -> None:
        report = Report(lesson, packages)
        measure(report)
        print("\n".join(["", *SUMMARY, *report.results]))
        others = load(MEASURED) if MEASURED.exists() else {}
        save(MEASURED, others | {lesson: report.lines()})

    cli.run(main, Options)


def machine() -> str:
    """The processor, the number of its cores that this program may use, and the system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    processor = found[1] if found else platform.processor() or platform.machine()
    return f"{processor}, {cores} cores, {platform.system()}"


def load(path: Path) -> dict[str, Tables]:
    """The tables of every lesson in a file."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def save(path: Path, results: Mapping[str, Tables]) -> None:
    """Write them to a file, lessons in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dict(sorted(results.items())), indent=1, ensure_ascii=False)
    write_text(path, text + "\n")


def paste(results: Mapping[str, Tables], root: Path) -> dict[Path, str]:
    """The Markdown files at the root and every lesson's README, with these tables in them.

    Those at the root have one table, `results`, the summary of all lessons. Raises `KeyError` if a
    table that was not measured is asked for.
    """
    rows = [row for _, tables in sorted(results.items()) for row in tables["results"]]
    own = {path: {"results": SUMMARY + rows} for path in root.glob("*.md")}
    own |= {root / lesson / "README.md": tables for lesson, tables in results.items()}

    def pasted(path: Path) -> str:
        def block(match: re.Match[str]) -> str:
            return "\n".join([match[1], *own[path][match[2]], "", match[3]])

        return BLOCK.sub(block, path.read_text(encoding="utf-8"))

    return {path: pasted(path) for path in own}


def main() -> None:
    """Keep and paste what was measured; lessons that were not measured keep what they have."""
    results = load(KEPT) | load(MEASURED)
    for path, text in paste(results, ROOT).items():
        write_text(path, text)
    save(KEPT, results)


if __name__ == "__main__":
    main()
