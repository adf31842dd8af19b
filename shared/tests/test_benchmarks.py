"""The benchmarks' tables: kept, pasted, and the same in every README as in benchmarks.json."""

import json
import re
from pathlib import Path

import pytest

from shared import benchmarks, cli
from shared.benchmarks import BLOCK, Paste, Report, load, paste, pasted, readmes

ROOT = Path(__file__).parent.parent.parent
README = """# A lesson

<!-- benchmark: machine -->
<!-- end of machine -->

before
<!-- benchmark: speed -->

| by hand |

<!-- end of speed -->
after
"""
RESULTS_PAGE = "# All\n\n<!-- benchmark: results -->\n<!-- end of results -->\n"


def report(lesson: str, speed: str) -> Report:
    """What a lesson's benchmark leaves."""
    made = Report(lesson, ["torch"])
    table = made.table("speed", "How fast", ["model"], ["words/s", "ratio"])
    table.row("ours", speed, "2.0")
    made.result("training", "torch: 1", speed, "nox -s bench")
    return made


@pytest.fixture
def root(tmp_path):
    """A repository with two lessons, of which the benchmarks have run."""
    (tmp_path / "RESULTS.md").write_text(RESULTS_PAGE)
    for lesson in ("01-a", "02-b"):
        (tmp_path / lesson).mkdir()
        (tmp_path / lesson / "README.md").write_text(README)
        report(lesson, "1,000").save(tmp_path / "measured.json")
    return tmp_path


@pytest.mark.parametrize("path", readmes(ROOT), ids=lambda path: path.parent.name)
def test_tables_of_the_readme_are_those_of_the_json(path):
    text, lesson = path.read_text(encoding="utf-8"), readmes(ROOT)[path]
    assert pasted(text, load(ROOT / "benchmarks.json"), lesson) == text  # nox -s bench -- --write


def test_every_table_that_was_measured_stands_in_a_readme():
    results = load(ROOT / "benchmarks.json")
    for path, lesson in readmes(ROOT).items():
        names = {match[2] for match in BLOCK.finditer(path.read_text(encoding="utf-8"))}
        tables = (
            set(results[lesson]["tables"]) - {"results"} | {"machine"} if lesson else {"results"}
        )
        assert names == tables, path


def test_tables_are_pasted_between_their_markers_and_nothing_else_changes(root):
    options = Paste(root / "measured.json", root)
    paste(options)
    text = (root / "01-a" / "README.md").read_text()
    assert "| model | words/s | ratio |\n| --- | --: | --: |\n| ours | 1,000 | 2.0 |" in text
    assert "by hand" not in text and "\nbefore\n" in text and text.endswith("\nafter\n")
    assert "Measured by `nox -s bench` on 20" in text and "torch 2." in text
    assert BLOCK.sub("", text) == BLOCK.sub("", README)
    summary = (root / "RESULTS.md").read_text()
    assert summary.count("| training | torch: 1 | 1,000 | `nox -s bench` |") == 2
    before = {path: path.read_text() for path in root.rglob("*.*")}
    paste(options)
    assert {path: path.read_text() for path in root.rglob("*.*")} == before


def test_lesson_that_was_not_measured_again_keeps_its_figures(root):
    paste(Paste(root / "measured.json", root))
    report("02-b", "7").save(root / "second.json")
    paste(Paste(root / "second.json", root))
    assert "| ours | 1,000 |" in (root / "01-a" / "README.md").read_text()
    assert "| ours | 7 |" in (root / "02-b" / "README.md").read_text()
    assert list(load(root / "benchmarks.json")) == ["01-a", "02-b"]


def test_results_are_one_json_and_one_page(root):
    results = json.loads((root / "measured.json").read_text())
    assert results["01-a"]["machine"] and results["01-a"]["date"]
    assert results["01-a"]["tables"]["speed"]["rows"] == [["ours", "1,000", "2.0"]]
    page = (root / "measured.md").read_text()
    assert page.count("| ours | 1,000 | 2.0 |") == 2 and "## 02-b" in page


def test_readme_that_asks_for_more_than_was_measured_is_an_error(root):
    (root / "01-a" / "README.md").write_text(README.replace("speed", "memory"))
    with pytest.raises(cli.UserError, match="no results 'memory' of 01-a"):
        paste(Paste(root / "measured.json", root))
    assert not (root / "benchmarks.json").exists()
    assert (root / "RESULTS.md").read_text() == RESULTS_PAGE


def test_nothing_measured_and_damaged_results_are_one_line(root):
    with pytest.raises(cli.UserError, match="first measure"):
        paste(Paste(root / "none.json", root))
    (root / "measured.json").write_text("{")
    with pytest.raises(cli.UserError, match="holds no measurements"):
        paste(Paste(root / "measured.json", root))


def test_rows_are_printed_as_they_are_measured(capsys):
    report("01-a", "1,000")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "",
        "How fast",
        "",
        "| model | words/s | ratio |",
        "| --- | --: | --: |",
        "| ours | 1,000 | 2.0 |",
    ]


def test_machine_is_described_in_words():
    assert re.fullmatch(r".+, \d+ cores, \w+", benchmarks.machine())
