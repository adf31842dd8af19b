"""What a run folder promises: nothing is overwritten, no file is ever half there."""

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from shared.cli import UserError
from shared.runs import Run, atomic


def test_config_and_metrics_can_be_read_back(tmp_path):
    run = Run.create(tmp_path / "runs", "lesson", "first")
    run.write_config({"lr": 0.1, "runs": Path("runs")}, data="two moons")
    run.log(step=0, loss=1.5)
    run.log(step=1, loss=0.5)
    config = json.loads((run.path / "config.json").read_text())
    assert config["config"] == {"lr": 0.1, "runs": "runs"}
    assert config["data"] == "two moons"
    assert config["command"] == sys.argv
    assert config["python"] == platform.python_version()
    lines = (run.path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"step": 0, "loss": 1.5},
        {"step": 1, "loss": 0.5},
    ]


def test_name_that_is_taken_is_refused_and_the_folder_left_alone(tmp_path):
    Run.create(tmp_path, "lesson", "mine").write_text("sample.txt", "precious")
    with pytest.raises(UserError, match="exists; choose another --name"):
        Run.create(tmp_path, "lesson", "mine")
    assert (tmp_path / "mine" / "sample.txt").read_text() == "precious"


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path):
    paths = {Run.create(tmp_path, "lesson").path for _ in range(5)}
    assert len(paths) == 5
    assert all(path.name.startswith("lesson-") for path in paths)


@pytest.mark.parametrize("name", ["..", "a/b"])
def test_name_that_leads_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="plain folder name"):
        Run.create(tmp_path, "lesson", name)
    assert list(tmp_path.iterdir()) == []


def test_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half of the ne")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_file_has_the_permissions_of_an_ordinary_one(tmp_path):
    with atomic(tmp_path / "a") as temporary:
        temporary.write_text("a")
    (tmp_path / "b").write_text("b")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_earlier_run_is_opened_by_its_lesson_alone(tmp_path):
    Run.create(tmp_path, "lesson", "first").write_config({"lr": 0.1})
    opened = Run.open(tmp_path / "first", "lesson")
    assert opened.read_config()["config"] == {"lr": 0.1}
    with pytest.raises(UserError, match="is a run of lesson, not of another"):
        Run.open(tmp_path / "first", "another")


def test_what_is_no_run_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no run folder"):
        Run.open(tmp_path / "absent", "lesson")
    with pytest.raises(UserError, match=r"has no config\.json"):
        Run.open(tmp_path, "lesson")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match=r"config\.json is damaged"):
        Run.open(tmp_path, "lesson")


def test_rewound_run_has_forgotten_later_steps(tmp_path):
    run = Run.create(tmp_path, "lesson", "first")
    assert run.read_metrics() == []
    for step in range(5):
        run.log(step=step, loss=1 / 3**step)
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 5, "lo')  # as a power cut may leave it
    run.rewind(2)
    run.log(step=3, loss=0.5)
    assert [line["step"] for line in run.read_metrics()] == [0, 1, 2, 3]
    assert run.read_metrics()[2]["loss"] == 1 / 9


@dataclass
class Options:
    steps: int | None = None
    data: str = "names"
    runs: Path = Path("runs")
    compile: bool = False
    lr: float = 0.1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"steps": "5"}, "steps cannot be '5'"),
        ({"runs": 3}, "runs cannot be 3"),
        ({"other": 1}, "does not have the options of this program"),
    ],
)
def test_options_of_a_wrong_type_are_refused(tmp_path, changes, problem):
    run = Run.create(tmp_path, "demo", "one")
    run.write_config({**asdict(Options()), **changes})
    with pytest.raises(UserError, match=problem):
        run.settings(Options)


def test_option_that_differs_from_the_runs_is_refused_also_if_it_is_the_default(tmp_path):
    run = Run.create(tmp_path, "demo", "one")
    run.write_config(asdict(Options(steps=5, data="")))
    run.refuse_changes(Options(steps=5, data=""), set())
    run.refuse_changes(Options(steps=6, data=""), {"steps"})
    with pytest.raises(UserError, match="started with --steps 5, not None; leave --steps out"):
        run.refuse_changes(Options(data=""), set())
    with pytest.raises(UserError, match="started without --data; leave --data out"):
        run.refuse_changes(Options(steps=5), set())


@pytest.mark.parametrize("line", ["{", '{"step": "1"}', '{"step": NaN}'])
def test_damaged_metrics_are_one_sentence(tmp_path, line):
    run = Run.create(tmp_path, "lesson", "first")
    run.log(step=0, loss=1.5)
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write(f"{line}\n")
    run.log(step=1, loss=1.5)
    with pytest.raises(UserError, match=r"metrics.jsonl, line 2, is damaged"):
        run.read_metrics()


def test_what_a_kill_has_left_is_gone_after_the_next_write(tmp_path):
    program = """
import os, sys
from pathlib import Path
from shared.runs import Run
with Run(Path(sys.argv[1]), "lesson").writing("x.bin") as path:
    path.write_text("half")
    os._exit(9)
"""
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", program, str(tmp_path)]).returncode == 9
    assert not (tmp_path / "x.bin").exists()
    Run(tmp_path, "lesson").write_text("x.bin", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["x.bin"]
