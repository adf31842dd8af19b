"""The pages in the root folder: their links lead to files, their figures are the measured ones."""

import doctest
import json
import re
from pathlib import Path

import pytest

from house.benchmarks import KEPT, load

ROOT = Path(__file__).parents[2]
FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")


def anchors(page: Path) -> set[str]:
    """The addresses that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    text = page.read_text(encoding="utf-8")
    for link, source in re.findall(r'\]\(([^)]+)\)|src="([^"]+)"', text):
        target, _, anchor = (link or source).partition("#")
        if not target.startswith("https://"):
            assert (ROOT / target).exists(), link or source
            assert not anchor or anchor in anchors(ROOT / target if target else page), link


@pytest.mark.needs_data("names.txt")
def test_names_of_the_video_are_drawn_as_the_page_says(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "02-makemore")
    text = (ROOT / "TROUBLESHOOTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    example = doctest.DocTestParser().get_doctest(block, {}, "names", None, 0)
    assert doctest.DocTestRunner().run(example).failed == 0


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
