"""The demo: every command of every lesson is run, and the page needs nothing but itself."""

import html
import re
import sys

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
    page = path.read_text(encoding="utf-8")
    svg, png = re.findall(r'(?:src|href|srcset|data)="(.+?)"', page)
    assert svg.startswith("data:image/svg+xml;base64,")
    assert png == "data:image/png;base64,cGljdHVyZQ=="
    assert not re.search("<(script|link|iframe)", page)
    printed = f"{sys.executable} <script>alert('ü')</script>"
    for text in ("01-toy> python train.py 'two words'", printed, "The loss", "The heads"):
        assert text in html.unescape(page)
    out = capsys.readouterr().out
    assert printed in out and f"look at it: {path}" in out


def test_demo_that_fails_ends_with_its_exit_code(root):
    (root / "01-toy" / "draw.py").write_text("import sys; sys.exit(3)")
    with pytest.raises(SystemExit) as exit:
        main(root)
    assert exit.value.code == 3
    assert not (root / "runs" / "demo" / "index.html").exists()
