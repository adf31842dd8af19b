"""The live notebooks of the lectures, as programs: each runs to its end, and its figures hold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(ROOT.glob("[0-9][0-9]-*/lectures/*.py"))
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}  # other tests run beside these


def run(*command: str, cwd: Path = ROOT) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_to_its_end_and_its_figures_hold(notebook):
    run(f"lectures/{notebook.name}", cwd=notebook.parent.parent)


def test_marimo_finds_nothing_wrong_with_the_notebooks():
    run("-m", "marimo", "check", "--strict", *map(str, NOTEBOOKS))
