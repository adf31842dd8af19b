"""The live notebooks of the lectures, as programs: each runs to its end, and its figures hold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(ROOT.glob("[0-9][0-9]-*/lectures/*.py"))
DATA = {"02-makemore": "names.txt", "03-gpt": "tinyshakespeare.txt"}
ANYWHERE = {key: value for key, value in os.environ.items() if key != "LM_DATA_DIR"}


def run(*command: str, cwd: Path = ROOT, env: dict[str, str] = ANYWHERE) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_to_its_end_and_its_figures_hold(notebook):
    run(f"lectures/{notebook.name}", cwd=notebook.parent.parent)


@pytest.mark.parametrize(
    "notebook",
    [
        pytest.param(path, marks=pytest.mark.needs_data(DATA[lesson]), id=path.stem)
        for path in NOTEBOOKS
        if (lesson := path.parts[-3]) in DATA
    ],
)
def test_figures_of_the_lectures_data_hold(notebook):
    run(f"lectures/{notebook.name}", cwd=notebook.parent.parent, env=dict(os.environ))


def test_marimo_finds_nothing_wrong_with_the_notebooks():
    run("-m", "marimo", "check", "--strict", *map(str, NOTEBOOKS))
