"""train.py and `python -m micrograd` as a user runs them, and the pictures of graphs."""

import json
import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import LESSON, programs

import train
from house.programs import interrupt, mistake
from house.readmes import untrue_in_readme
from micrograd import Value, draw
from micrograd.nn import MLP

run, process = programs.run, programs.process


def test_training_separates_the_moons_and_leaves_figures_and_pictures(tmp_path):
    done = process("train.py", "--runs", str(tmp_path), "--name", "moons")
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("337 parameters", "after 100 steps", "accuracy 100.0%"):
        assert words in done.stdout
    folder = tmp_path / "moons"
    names = {"config.json", "results.json", "metrics.jsonl", "loss.svg", "boundary.svg"}
    assert {path.name for path in folder.iterdir()} == names
    logged = metrics(folder)
    assert [m["step"] for m in logged] == list(range(101))
    assert logged[-1]["loss"] < 0.1 < logged[0]["loss"]
    assert logged[0]["lr"] == 1.0
    assert json.loads((folder / "config.json").read_text())["config"]["seed"] == 1337
    results = json.loads((folder / "results.json").read_text())
    assert results == {"parameters": 337, "steps": 100} | {
        name: logged[-1][name] for name in ("loss", "accuracy")
    }
    for picture in ("loss.svg", "boundary.svg"):
        assert ElementTree.parse(folder / picture).getroot().tag.endswith("svg")


@pytest.fixture
def no_pictures(monkeypatch):
    """Pictures take longer than these trainings."""
    monkeypatch.setattr(train, "boundary", lambda *_: None)
    monkeypatch.setattr(train.plots, "save", lambda _, path: path.touch())


@pytest.mark.parametrize(("loss", "activation"), [("mse", "relu"), ("bce", "tanh")])
def test_every_loss_and_activation_learns(tmp_path, no_pictures, loss, activation):
    options = ["--loss", loss, "--activation", activation, "--steps", "50"]
    done = run("train.py", *options, "--runs", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert float(re.search(r"accuracy ([\d.]+)%", done.stdout)[1]) >= 85


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_every_option_changes_the_training(tmp_path, no_pictures):
    options = [
        [],
        ["--hidden", "4"],
        ["--activation", "tanh"],
        ["--loss", "bce"],
        ["--lr", "0.5"],
        ["--momentum", "0.5"],
        ["--optimizer", "rmsprop"],
        ["--optimizer", "adam"],
        ["--l2", "0.1"],
        ["--points", "8"],
        ["--noise", "0.3"],
        ["--seed", "5"],
    ]
    last = []
    for i, option in enumerate([*options, []]):
        args = ["--steps", "3", "--points", "10", *option, "--runs", str(tmp_path)]
        assert run("train.py", *args, "--name", str(i)).returncode == 0
        last.append(metrics(tmp_path / str(i))[-1]["loss"])
    assert len(set(last)) == len(options)
    assert last[0] == last[-1]  # the same options train the same network


def test_learning_rate_falls_and_the_last_line_is_of_the_trained_network(tmp_path):
    args = ["--steps", "4", "--points", "10", "--lr", "0.4", "--runs", str(tmp_path)]
    done = run("train.py", *args, "--name", "a")
    *steps, last = metrics(tmp_path / "a")
    assert [m["lr"] for m in steps] == pytest.approx([0.4, 0.31, 0.22, 0.13])
    assert last["step"] == 4
    assert last["loss"] != steps[-1]["loss"]
    assert f"after 4 steps: loss {last['loss']:.4g}, accuracy {last['accuracy']:.1%}" in done.stdout


def test_boundary_is_where_the_network_s_score_is_zero():
    model = MLP(2, [1])
    for p, x in zip(model.parameters(), (2.0, 0.0, -0.5), strict=True):
        p.data = x  # the score is 2x - 0.5, so the boundary is x = 0.25, whatever y is
    figure = train.boundary(model, [(-1.0, -1.0), (1.0, 1.0)], [-1, 1])
    _, line, _ = figure.axes[0].collections
    xs, ys = zip(*line.get_paths()[0].vertices, strict=True)
    assert xs == pytest.approx([0.25] * len(xs))
    assert (min(ys), max(ys)) == (-1.5, 1.5)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--steps", "0"], "--steps must be at least 1"),
        (["--lr", "1e300"], "choose a smaller --lr"),
        (["--loss", "mse", "--lr", "1e100"], "choose a smaller --lr"),
        (["--optimizer", "adam", "--momentum", "0.9"], "--momentum is for --optimizer sgd only"),
    ],
)
def test_value_out_of_range_is_one_line(tmp_path, args, words):
    assert words in mistake(run("train.py", "--runs", str(tmp_path), *args))


def test_without_set_up_train_py_says_what_to_do():
    for program in (["train.py"], ["-m", "micrograd", "draw"]):
        done = process("-E", "-S", *program)  # without site-packages, so nothing is installed
        (line,) = done.stderr.splitlines()
        assert (done.returncode, "make setup" in line) == (1, True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child alone")
def test_ctrl_c_saves_the_pictures_and_exits_130(tmp_path):
    process = programs.start("train.py", "--steps", "100000", "--runs", str(tmp_path))
    out = interrupt(process, lambda: bool([*tmp_path.glob("*/metrics.jsonl")]))
    assert re.search(r"after \d+ steps?:", out)
    assert len(list(tmp_path.glob("*/*.svg"))) == 2


def test_graph_shows_data_gradient_operation_and_label_of_every_node():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    c.label = "c"
    c.backward()
    dot = draw.graph(c).source
    for text in ('"c|data -6.0000|grad 1.0000"', '"a|data 2.0000|grad -3.0000"', 'label="*"'):
        assert text in dot
    assert re.findall(r"\t(\w+) -> (\w+)\n", dot.replace('"', "")) == [
        ("0op", "0"),
        ("1", "0op"),
        ("2", "0op"),
    ]


AWKWARD = 'a{b}|<c> \\n "d" &amp; é'


def test_draw_prints_dot_text():
    done = process("-m", "micrograd", "draw")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("digraph {")
    assert "g|data 24.7041|grad 1.0000" in done.stdout
    assert "a|data -4.0000|grad 138.8338" in done.stdout


def test_draw_without_graphviz_gives_the_text_and_says_why_there_is_no_picture(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("draw", "--out", str(tmp_path / "g.svg"))
    assert "`dot` is not installed" in mistake(done)
    assert done.stdout.startswith("digraph {")


def test_draw_does_not_overwrite_a_file(tmp_path):
    (tmp_path / "g.svg").touch()
    assert "exists already" in mistake(run("draw", "--out", str(tmp_path / "g.svg")))


needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")


@needs_dot
def test_picture_shows_a_label_as_it_was_written():
    picture = ElementTree.fromstring(draw.svg(Value(1.0, label=AWKWARD)))
    texts = [node.text for node in picture.iter() if node.tag.endswith("text")]
    assert AWKWARD in [text.replace("\xa0", " ") for text in texts]


@needs_dot
def test_draw_writes_the_picture_and_prints_the_gradients(tmp_path):
    done = run("draw", "--out", str(tmp_path / "g.svg"))
    assert "g = 24.7041, dg/da = 138.8338, dg/db = 645.5773" in done.stdout
    assert ElementTree.parse(tmp_path / "g.svg").getroot().tag.endswith("svg")


def test_readme_is_true():
    assert untrue_in_readme(LESSON) == []
