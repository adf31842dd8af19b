"""The demo: every command of every lesson is run, and the page needs nothing but itself."""

import sys
from html.parser import HTMLParser

import pytest

from house.demo import main

SETTINGS = """
[project]
description = "A toy"

[[tool.lesson.demo]]
command = ["train.py", "two words"]
pictures = { "loss.svg" = "The loss" }

[[tool.lesson.demo]]
command = ["draw.py"]
pictures = { "heads.png" = "The heads" }
"""
TRAIN = """
import sys
from pathlib import Path

run = Path("../runs/demo/01-toy")
run.mkdir(parents=True)
(run / "loss.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
print(sys.executable, "<script>alert('ü')</script>")
"""
DRAW = """
from pathlib import Path

Path("../runs/demo/01-toy/heads.png").write_bytes(b"picture")
"""


class Page(HTMLParser):
    """What a browser would fetch, which tags there are, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster", "href"):
                self.fetched.append(value)

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def root(tmp_path):
    """A repository with one lesson."""
    lesson = tmp_path / "01-toy"
    lesson.mkdir()
    (lesson / "pyproject.toml").write_text(SETTINGS)
    (lesson / "train.py").write_text(TRAIN, encoding="utf-8")
    (lesson / "draw.py").write_text(DRAW)
    return tmp_path


def test_page_shows_what_the_commands_left_and_needs_nothing_else(root, capsys):
    for _ in range(2):  # the second demo takes the place of the first
        main(root)
    path = root / "runs" / "demo" / "index.html"
    page = Page(path.read_text(encoding="utf-8"))
    assert len(page.fetched) == 2
    assert page.fetched[0].startswith("data:image/svg+xml;base64,")
    assert page.fetched[1] == "data:image/png;base64,cGljdHVyZQ=="
    assert not {"script", "link", "iframe"} & set(page.tags)
    printed = f"{sys.executable} <script>alert('ü')</script>"
    for text in ("01-toy> python train.py 'two words'", printed, "The loss", "The heads"):
        assert text in page.text
    out = capsys.readouterr().out
    assert printed in out and f"look at it: {path}" in out


def test_demo_that_fails_ends_with_its_exit_code(root):
    (root / "01-toy" / "draw.py").write_text("import sys; sys.exit(3)")
    with pytest.raises(SystemExit) as exit:
        main(root)
    assert exit.value.code == 3
    assert not (root / "runs" / "demo" / "index.html").exists()
