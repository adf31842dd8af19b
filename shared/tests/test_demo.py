"""The demo: every command of every lesson is run, and the page needs nothing but itself."""

import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from shared import cli
from shared.demo import Lesson, Options, lessons_in, main

ROOT = Path(__file__).parent.parent.parent

SETTINGS = """
[project]
name = "lm-lessons-toy"
description = "A toy"

[[tool.lesson.demo]]
command = ["train.py", "--steps", "3"]
figures = ["loss {loss:.2f} after {steps:,} steps"]
pictures = { "loss.svg" = "The loss" }
texts = { "text.txt" = "A text" }

[[tool.lesson.demo]]
command = ["draw.py", "{run}/heads.png", "two words"]
pictures = { "heads.png" = "The heads" }
"""
TRAIN = """
import sys
from pathlib import Path

assert sys.argv[1:4] == ["--steps", "3", "--runs"] and sys.argv[5] == "--name"
run = Path(sys.argv[4]) / sys.argv[6]
run.mkdir(parents=True)
(run / "results.json").write_text('{"loss": 0.125, "steps": 3000}')
(run / "loss.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
(run / "text.txt").write_text("<script>alert('&')</script>\\n" * 100)
"""
DRAW = """
import sys
from pathlib import Path

Path(sys.argv[1]).write_bytes(b"picture")
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
            if name in ("src", "srcset", "data", "poster") or (name == "href" and tag != "a"):
                self.fetched.append(value)

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def root(tmp_path):
    """A repository with one lesson."""
    lesson = tmp_path / "01-toy"
    lesson.mkdir()
    (lesson / "pyproject.toml").write_text(SETTINGS)
    (lesson / "train.py").write_text(TRAIN)
    (lesson / "draw.py").write_text(DRAW)
    return tmp_path


def test_page_shows_what_the_commands_left_and_needs_nothing_else(root, capfd):
    main(Options(), root)
    path = root / "runs" / "demo" / "index.html"
    page = Page(path.read_text(encoding="utf-8"))
    assert len(page.fetched) == 2
    assert page.fetched[0].startswith("data:image/svg+xml;base64,")
    assert page.fetched[1] == "data:image/png;base64,cGljdHVyZQ=="
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "url(" not in path.read_text(encoding="utf-8")
    assert "loss 0.12 after 3,000 steps" in page.text
    assert page.text.count("<script>alert('&')</script>") == 14
    (run,) = (root / "runs" / "demo").glob("01-toy-*")
    for command in (f"train.py --steps 3 --runs ../runs/demo --name {run.name}", "'two words'"):
        assert command in page.text
    assert f"look at it: {path}" in capfd.readouterr().out


def test_demo_that_fails_ends_with_its_exit_code(root):
    (root / "01-toy" / "draw.py").write_text("import sys; sys.exit(3)")
    with pytest.raises(SystemExit) as exit:
        main(Options(), root)
    assert exit.value.code == 3
    assert not (root / "runs" / "demo" / "index.html").exists()


def test_unknown_lesson_is_the_users_mistake(root):
    with pytest.raises(cli.UserError, match="one of 01-toy"):
        main(Options(lessons=("05-toy",)), root)
    assert not (root / "runs").exists()


def test_every_lesson_has_a_demo_that_begins_with_its_training():
    lessons = lessons_in(ROOT)
    assert len(lessons) == 4
    for lesson in lessons:
        assert lesson.steps[0].command[0] == "train.py"


def test_lesson_without_a_demo_is_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    with pytest.raises(ValueError, match=r"has no \[\[tool.lesson.demo\]\]"):
        Lesson.of(tmp_path)


def test_python_of_the_demo_is_this_one(root):
    (root / "01-toy" / "draw.py").write_text(
        f"import sys\nassert sys.executable == {sys.executable!r}\n" + DRAW
    )
    main(Options(lessons=("01-toy",)), root)
