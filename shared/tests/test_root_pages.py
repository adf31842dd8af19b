"""The pages in the root folder: their links lead to files, their figures are the measured ones."""

import json
import re
from pathlib import Path

import pytest

from house.benchmarks import KEPT, load

ROOT = Path(__file__).parents[2]
FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r'(?:\]\(|src=")([^)"#\s]+)', text):
        assert target.startswith("https://") or (ROOT / target).is_file(), target


def test_figures_of_the_readme_are_those_of_the_benchmarks():
    measured = {
        lesson[:2]: set(FIGURE.findall(json.dumps(results)))
        for lesson, results in load(KEPT).items()
    }
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Results\n")[2]
    rows = re.findall(r"^\| \[(\d\d)\].*? \| .* \| (.*) \| (.*) \|$", section, re.MULTILINE)
    assert rows
    for lesson, theirs, ours in rows:
        assert set(FIGURE.findall(f"{theirs} {ours}")) <= measured[lesson], (theirs, ours)


def test_texts_of_the_readme_are_those_of_the_lesson():
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    lesson = (ROOT / "03-gpt" / "README.md").read_text(encoding="utf-8")
    texts = re.findall(r"^(\d\.\d\d)   (.+)$", first_screen, re.MULTILINE)
    assert texts
    for loss, text in texts:
        assert re.search(rf"\| {loss} \| .*? \| `{re.escape(text)}", lesson), text
