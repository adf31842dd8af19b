"""The benchmarks' tables: printed, kept, pasted, and in every README as they were measured."""

import re

import pytest

from house.benchmarks import BLOCK, KEPT, ROOT, SUMMARY, Report, load, paste, save

README = """before
<!-- benchmark: machine -->
<!-- end of machine -->
between
<!-- benchmark: speed -->

| by hand |

<!-- end of speed -->
after
"""


def report(lesson: str, speed: str) -> Report:
    """What a lesson's benchmark measured."""
    made = Report(lesson, ["torch"])
    table = made.table("speed", "How fast", ["model"], ["words/s", "ratio"])
    table.row("ours", speed, "2.0")
    made.result("training", "torch: 1", speed, "nox -s bench")
    return made


@pytest.fixture
def root(tmp_path):
    """A repository with two lessons."""
    (tmp_path / "README.md").write_text("<!-- benchmark: results -->\n<!-- end of results -->\n")
    for lesson in ("01-a", "02-b"):
        (tmp_path / lesson).mkdir()
        (tmp_path / lesson / "README.md").write_text(README)
    return tmp_path


def test_tables_of_the_readmes_are_those_that_were_measured_and_all_of_them():
    results = load(KEPT)
    for path, text in paste(results, ROOT).items():
        assert path.read_text(encoding="utf-8") == text, path  # nox -s bench -- --write
        if path.parent != ROOT:
            names = {match[2] for match in BLOCK.finditer(text)}
            assert names == set(results[path.parent.name]) - {"results"}, path


def test_tables_are_pasted_between_their_markers_and_nothing_else_changes(root):
    lessons = {name: report(name, "1,000").lines() for name in ("02-b", "01-a")}
    save(root / "kept.json", lessons)
    texts = paste(load(root / "kept.json"), root)
    text = texts[root / "01-a" / "README.md"]
    assert "| model | words/s | ratio |\n| --- | --: | --: |\n| ours | 1,000 | 2.0 |\n" in text
    assert re.search(r"Measured by `nox -s bench` on 20\S+: .+, \d+ cores, .+, torch 2\.", text)
    assert "by hand" not in text
    assert BLOCK.sub("", text) == BLOCK.sub("", README)
    row = "| training | torch: 1 | 1,000 | `nox -s bench` |"
    rows = [f"| [{lesson}]({lesson}/README.md) {row}" for lesson in ("01-a", "02-b")]
    assert "\n".join([*SUMMARY, *rows]) in texts[root / "README.md"]
