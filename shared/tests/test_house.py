"""The rules of the house: how lessons are found, installed, kept apart, and what CI insists on."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import pytest_runtest_setup

ROOT = Path(__file__).parent.parent.parent
LESSONS = sorted(path.parent for path in ROOT.glob("[0-9][0-9]-*/pyproject.toml"))


def sessions(folder: Path) -> dict[str, bool]:
    """The sessions that nox finds in a folder, and whether a plain `nox` runs them."""
    command = [sys.executable, "-m", "nox", "--list"]
    env = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return {name: mark == "*" for mark, name in re.findall(r"^([*-]) (\S+)", done.stdout, re.M)}


def test_every_lesson_has_a_session_of_its_name():
    found = sessions(ROOT)
    for lesson in LESSONS:
        assert found[lesson.name[3:]]
    assert found["lint"] and found["types"] and found["shared"]
    assert not (found["demo"] or found["bench"] or found["lectures"] or found["browser"])


def test_new_lesson_needs_no_edit_of_the_noxfile(tmp_path):
    shutil.copy(ROOT / "noxfile.py", tmp_path)
    for lesson in ("01-micrograd", "05-attention"):
        (tmp_path / lesson).mkdir()
        (tmp_path / lesson / "pyproject.toml").write_text('[project]\nname = "x"\n')
    (tmp_path / "06-notes").mkdir()  # no pyproject.toml, no lesson
    by_default = {name for name, default in sessions(tmp_path).items() if default}
    assert by_default == {"lint", "types", "shared", "setup", "micrograd", "attention"}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_lesson_asks_the_index_for_no_package_called_shared_or_like_a_lesson(lesson):
    project = tomllib.loads((lesson / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {})
    wanted = project.get("dependencies", []) + [r for extra in extras.values() for r in extra]
    ours = {"shared", *(other.name[3:] for other in LESSONS)}
    assert not {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted} & ours
    assert project["name"] == f"lm-lessons-{lesson.name[3:]}"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_imports_run_one_way(lesson):
    package = lesson / lesson.name[3:]
    others = {other.name[3:] for other in LESSONS} - {package.name}
    programs = {"__main__.py", "load.py", "exercises.py"}
    for path in package.rglob("*.py"):
        forbidden = {*others, "house"} if path.name in programs else {*others, "house", "shared"}
        assert not imported(path) & forbidden, path
    for path in [*lesson.glob("*.py"), *lesson.glob("lectures/*.py")]:
        forbidden = others if path.name == "bench.py" else {*others, "house"}
        assert not imported(path) & forbidden, path


def test_shared_imports_no_lesson_and_nothing_of_the_house():
    for path in (ROOT / "shared" / "shared").rglob("*.py"):
        assert not imported(path) & {"house", *(lesson.name[3:] for lesson in LESSONS)}, path


def test_micrograd_needs_nothing_but_python():
    for path in (ROOT / "01-micrograd" / "micrograd").glob("*.py"):
        if path.stem not in ("__main__", "draw", "exercises"):
            assert imported(path) <= {"micrograd", *sys.stdlib_module_names}, path


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_every_requirement_is_pinned_exactly():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins["torch"] == "2.13.0"
    for path in [*ROOT.glob("[0-9][0-9]-*/pyproject.toml"), ROOT / "shared" / "pyproject.toml"]:
        settings = tomllib.loads(path.read_text())
        project = settings["project"]
        extras = project.get("optional-dependencies", {}).values()
        wanted = [*project.get("dependencies", []), *(r for extra in extras for r in extra)]
        assert set(wanted) <= set(pins), path
        (backend,) = settings["build-system"]["requires"]
        assert backend == f"flit_core=={pins['flit_core']}"


def test_missing_data_skips_a_test_but_not_where_data_is_promised(monkeypatch, tmp_path):
    item = SimpleNamespace(iter_markers=lambda name: [pytest.mark.needs_data("names.txt")])
    outcomes = pytest.skip.Exception, pytest.fail.Exception
    monkeypatch.delenv("LM_DATA_DIR", raising=False)
    with pytest.raises(outcomes, match=r"needs names\.txt: set LM_DATA_DIR") as left:
        pytest_runtest_setup(item)
    assert left.type is pytest.skip.Exception
    monkeypatch.setenv("LM_DATA_DIR", str(tmp_path))
    with pytest.raises(outcomes, match=r"names\.txt is not in LM_DATA_DIR") as left:
        pytest_runtest_setup(item)
    assert left.type is pytest.fail.Exception
    (tmp_path / "names.txt").touch()
    pytest_runtest_setup(item)


def test_ci_runs_the_test_command_of_the_readme():
    assert "make test" in (ROOT / ".ci" / "run").read_text().splitlines()
    assert "\nmake test" in (ROOT / "README.md").read_text(encoding="utf-8")
