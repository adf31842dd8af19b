"""The commands: what they print, what they leave behind, and what they say of a mistake."""

import doctest
import io
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from conftest import LESSON
from test_data import write, write_ranks
from transformers import GPT2LMHeadModel

import gpt.attention
import gpt.chars
import train as train_py
from gpt.__main__ import VERBS, draw_maps
from gpt.recipes import PRESETS
from session import Session
from shared import checkpoints, cli, play, plots
from shared.runs import Run

ENVIRONMENT = os.environ | {
    "NO_COLOR": "1",
    "COLUMNS": "100",
    "PYTHONIOENCODING": "utf-8",
    "OMP_NUM_THREADS": "1",  # the models here are too small for more
}
SIZES = ["--n-layer", "2", "--n-head", "2", "--n-embd", "16", "--block-size", "16"]
QUICK = [*SIZES, "--batch-size", "4", "--steps", "40", "--dtype", "float32"]
QUICK += ["--device", "cpu", "--preset", "cpu"]  # on every machine the same


def process(*args, **options):
    """A finished command, its output as text."""
    return subprocess.run(
        [sys.executable, *args],
        cwd=LESSON,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        **options,
    )


def run(program, *args):
    """The same for `train.py`, or a verb of `python -m gpt`, in this process: much faster."""
    out, errors, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(errors), warnings.catch_warnings():
        warnings.simplefilter("always")
        try:
            if program == "train.py":
                cli.run(train_py.main, train_py.Config, args)
            else:
                cli.run_verbs(VERBS, "", [program, *args])
        except SystemExit as exit:
            code = exit.code
    return subprocess.CompletedProcess(args, code, out.getvalue(), errors.getvalue())


def started(*args):
    """A command that is running, the leader of a process group of its own."""
    pipe = subprocess.PIPE
    command = [sys.executable, *args]
    return subprocess.Popen(
        command, cwd=LESSON, env=ENVIRONMENT, stdout=pipe, stderr=pipe, text=True
    )


def wait_until(process, condition):
    """Wait for something that a command is about to do."""
    for _ in range(6000):
        if condition():
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
            break
    raise AssertionError(f"the command has ended, or waits: {process.poll()}")


def evaluations(folder):
    """How many evaluations a run has behind it."""
    metrics = folder / "metrics.jsonl"
    return metrics.read_text().count("\n") if metrics.exists() else 0


def mistake(done):
    """The one line of a mistake by the user."""
    (line,) = done.stderr.splitlines()
    assert (done.returncode, line[:7]) == (2, "error: "), done.stderr
    return line


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A file with a text in it."""
    path = tmp_path_factory.mktemp("text") / "play.txt"
    path.write_text(play.write().text[:20000], encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, text):
    """Folders of a finished run of each model, and what was printed."""
    folder = tmp_path_factory.mktemp("trained")
    found = {}
    for model in ("modern", "lecture", "bigram"):
        options = ["--data", text, "--model", model, "--runs", str(folder), "--name", model]
        quick = QUICK[len(SIZES) :] if model == "bigram" else QUICK
        done = run("train.py", *options, "--block-size", "16", *quick)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        found[model] = folder / model, done.stdout
    return found


@pytest.fixture
def copy(trained, tmp_path):
    """A copy of the lecture's run, to be broken."""
    return Path(shutil.copytree(trained["lecture"][0], tmp_path / "copy"))


def test_run_prints_what_the_house_prints(trained, text):
    for model, (folder, out) in trained.items():
        lines = out.splitlines()
        assert re.fullmatch(rf"data: {re.escape(text)} \(20,000 characters, .*\)", lines[0])
        assert re.fullmatch(rf"model: {model}, [\d,]+ parameters; on cpu, float32", lines[1])
        assert [line.partition(":")[0] for line in lines[2:12]] == [
            f"step {step}" for step in range(4, 44, 4)
        ]
        assert re.search(r"trained: 40 steps in \d+ s, [\d,]+ tokens/s", out)
        assert re.search(
            r"loss: \d\.\d{4} nats a token, .* \(dev, context 16, after \d+ steps", out
        )
        assert lines[-1].startswith(f"run: {folder}/ (")


def test_files_of_the_run_are_those_it_names(trained):
    folder, out = trained["modern"]
    named = re.search(r"run: .*/ \((.*)\)", out)[1].split(", ")
    named = {name.strip("/") for name in named}
    also = {"config.json", "metrics.jsonl", "last.safetensors"}
    assert named | also == {path.name for path in folder.iterdir()}
    assert len(list((folder / "samples").iterdir())) == 10
    assert ElementTree.parse(folder / "loss.svg").getroot().tag.endswith("svg")
    results = json.loads((folder / "results.json").read_text())
    assert f"loss: {results['dev']:.4f} nats a token" in out
    picture = (folder / "loss.svg").read_text()
    assert "train" in picture


def test_models_learn(trained):
    for folder, _ in trained.values():
        metrics = Run(folder, "").read_metrics()
        assert len(metrics) == 10
        assert metrics[-1]["dev"] < metrics[0]["dev"]


def test_loss_curve_has_the_lines_to_compare_with(tmp_path):
    options = ["--data", "bundled", "--runs", str(tmp_path), "--name", "run", *QUICK]
    assert run("train.py", *options).returncode == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert 1 < results["bigram"] < 3
    assert results["floor"] == play.write().nats_per_character


def tensors(path):
    return checkpoints.load(path).tensors


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    "options",
    [
        ["--model", "modern", "--dropout", "0.2", "--accumulate", "2"],
        ["--model", "lecture", "--dtype", "bfloat16"],
    ],
    ids=["modern", "lecture"],
)
def test_run_that_was_killed_and_resumed_is_the_same_to_the_last_bit(tmp_path, text, options):
    options = [*QUICK, "--steps", "300", *options, "--data", text, "--runs", str(tmp_path)]
    assert run("train.py", "--name", "whole", *options).returncode == 0
    process = started("train.py", "--name", "killed", *options)
    wait_until(process, lambda: evaluations(tmp_path / "killed") >= 3)
    process.kill()
    process.communicate()
    assert not (tmp_path / "killed" / "results.json").exists()
    done = run("train.py", "--resume", str(tmp_path / "killed"))
    assert (done.returncode, "resumed at step" in done.stdout) == (0, True), done.stderr
    for file in ("model.safetensors", "last.safetensors"):
        whole, killed = (tensors(tmp_path / name / file) for name in ("whole", "killed"))
        assert same(whole, killed)
    losses = [
        [(line["step"], line["dev"], line["train"]) for line in Run(path, "").read_metrics()]
        for path in (tmp_path / "whole", tmp_path / "killed")
    ]
    assert losses[0] == losses[1]


NOT_WINDOWS = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@NOT_WINDOWS
@pytest.mark.parametrize("with_optimizer", [True, False])
def test_killed_while_writing_the_previous_checkpoint_loads(tmp_path, text, with_optimizer):
    program = (
        f"WITH_OPTIMIZER = {with_optimizer}"
        + """
import os, signal, sys
import safetensors.torch
import train
from shared import cli

write, count = safetensors.torch.save_file, 0

def save_file(tensors, path, header):
    global count
    count += 1
    if any(name.startswith("optimizer") for name in tensors) == WITH_OPTIMIZER and count > 5:
        open(path, "wb").write(b"half a checkpoint")
        os.kill(os.getpid(), signal.SIGKILL)
    write(tensors, path, header)

safetensors.torch.save_file = save_file
cli.run(train.main, train.Config)
"""
    )
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK]
    assert process("-c", program, *options).returncode == -signal.SIGKILL
    step = checkpoints.load(tmp_path / "run" / "last.safetensors").about["state"]["step"]
    assert 0 < step < 40
    assert checkpoints.load(tmp_path / "run" / "model.safetensors").tensors
    done = run("train.py", "--resume", str(tmp_path / "run"))
    assert f"resumed at step {step}" in done.stdout
    assert done.returncode == 0


@NOT_WINDOWS
def test_full_disk_is_one_line_and_the_old_checkpoint_stays(tmp_path, text):
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK]
    process_ = started("train.py", *options, "--steps", "2000")
    wait_until(process_, (tmp_path / "run" / "last.safetensors").exists)
    process_.send_signal(signal.SIGINT)
    process_.communicate()
    before = (tmp_path / "run" / "last.safetensors").read_bytes()

    import resource  # which Windows has not

    def small_files():
        limit = len(before) // 2
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing fails as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = process("train.py", "--resume", str(tmp_path / "run"), preexec_fn=small_files)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr
    assert (tmp_path / "run" / "last.safetensors").read_bytes() == before


@NOT_WINDOWS
def test_ctrl_c_saves_says_how_to_go_on_and_exits_130(tmp_path, text):
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK]
    process = started("train.py", *options, "--steps", "100000")
    wait_until(process, (tmp_path / "run" / "last.safetensors").exists)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.splitlines()[-1]) == (130, "interrupted")
    stopped = int(re.search(r"stopped after step ([\d,]+)", out)[1].replace(",", ""))
    assert f"to go on: python train.py --resume {tmp_path / 'run'}" in out
    assert checkpoints.load(tmp_path / "run/last.safetensors").about["state"]["step"] == stopped


def test_loss_that_is_no_number_stops_the_run(tmp_path, text):
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK]
    done = run("train.py", *options, "--model", "lecture", "--lr", "1e30", "--clip", "0")
    line = mistake(done)
    assert re.search(r"at step \d+ the loss is (nan|inf), with --lr at \S+; begin again", line)
    (path,) = re.findall(r"the last good weights: (.*)\)", line)
    assert all(t.isfinite().all() for t in tensors(Path(path)).values())


class Bomb:
    """What would make a file if it were unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_checkpoint_with_code_in_it_is_refused_and_nothing_is_executed(copy, tmp_path):
    proof = tmp_path / "executed"
    pickle.loads(pickle.dumps(Bomb(proof))).close()
    assert proof.exists()  # it would
    proof.unlink()
    for name in ("last.safetensors", "model.safetensors"):
        (copy / name).write_bytes(pickle.dumps(Bomb(proof)))
    assert "is not a whole checkpoint" in mistake(run("train.py", "--resume", str(copy)))
    torch.save({"model": Bomb(proof)}, copy / "model.safetensors")
    assert "is not a whole checkpoint" in mistake(run("sample", "--run", str(copy)))
    assert not proof.exists()


def test_checkpoint_that_is_cut_or_changed_or_anothers_is_refused(copy, trained):
    for name, args in (
        ("last.safetensors", ("train.py", "--resume", str(copy))),
        ("model.safetensors", ("eval", "--run", str(copy))),
    ):
        path = copy / name
        whole = path.read_bytes()
        path.write_bytes(whole[:-1000])
        assert "is not a whole checkpoint" in mistake(run(*args))
        path.write_bytes(whole[:-1000] + bytes(1000))
        assert "is damaged" in mistake(run(*args))
        path.write_bytes(whole)
    shutil.copy(trained["modern"][0] / "last.safetensors", copy)
    assert "is of another model" in mistake(run("train.py", "--resume", str(copy)))


def torchrun(*args):
    options = ["--standalone", "--nproc_per_node=2", "train.py"]
    return ["-m", "torch.distributed.run", *options, *args]


def losses(folder):
    return [(line["step"], line["train"], line["dev"]) for line in Run(folder, "").read_metrics()]


@NOT_WINDOWS
def test_two_processes_learn_what_one_does(tmp_path, text):
    options = ["--data", text, "--runs", str(tmp_path), *QUICK, "--steps", "50"]
    assert run("train.py", "--name", "one", *options, "--accumulate", "2").returncode == 0
    done = process(*torchrun("--name", "two", *options))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("model: ") == 1 and "2 processes" in done.stdout
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == 10
    for a, b in zip(one, two):
        assert b == pytest.approx(a, abs=1e-5)


def children(parent):
    """The processes that a process has started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True)
    return [int(pid) for pid in found.stdout.split()]


@LINUX
def test_losing_a_process_leaves_a_message_and_a_checkpoint_to_go_on_from(tmp_path, text):
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK, "--steps", "600"]
    launcher = started(*torchrun(*options))
    wait_until(launcher, lambda: evaluations(tmp_path / "run") >= 2)
    ranks = {}
    for pid in children(launcher.pid):
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        ranks |= {int(v[5:]): pid for v in environment if v.startswith(b"RANK=")}
    os.kill(ranks[1], signal.SIGKILL)
    _, errors = launcher.communicate(timeout=120)
    assert launcher.returncode != 0
    message = re.search(r"error: another process was lost after step (\S+); to go on", errors)
    assert message, errors
    state = checkpoints.load(tmp_path / "run" / "last.safetensors").about["state"]
    assert state["step"] == int(message[1]) >= 120
    done = run("train.py", "--resume", str(tmp_path / "run"))  # alone
    assert (done.returncode, f"resumed at step {state['step']}" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--n-embd", "30", "--n-head", "4"], "n_embd must be a multiple of n_head (4), not 30"),
        (["--n-layer", "0"], "n_layer must be at least 1, not 0"),
        (["--dropout", "1"], "dropout must be from 0 to below 1, not 1"),
        (["--block-size", "0"], "--block-size must be at least 1, not 0"),
        (["--block-size", "3000"], "a context of 3000 needs at least 30,001"),
        (["--steps", "0"], "--steps must be at least 1, not 0"),
        (["--steps", "1", "--minutes", "1"], "give --steps or --minutes, not both"),
        (["--lr", "nan"], "--lr must be a number above 0, not nan"),
        (["--weight-decay", "-1"], "--weight-decay must be a number from 0 up, not -1"),
        (["--batch-size", "6", "--accumulate", "4"], "--batch-size must be a multiple of 4"),
        (["--seed", "-1"], "--seed must be from 0 to"),
        (["--model", "gru"], "--model must be one of bigram, lecture, modern, not 'gru'"),
        (["--preset", "huge"], "--preset must be one of baby, cpu, gpt2-124m, not 'huge'"),
        (["--steps", "abc"], "--steps cannot be 'abc' (--help"),
        (["--data", ""], "--data is empty; give it a value, or leave it out"),
        (["--model", "bigram", "--n-layer", "2"], "a bigram is only a table; leave --n-layer out"),
        (["--model", "bigram", "--muon-lr", "0"], "leave --muon-lr out"),
        (["--preset", "gpt2-124m", "--model", "bigram"], "--preset gpt2-124m has no bigram"),
        (["--device", "NONE"], "--device must be one that is here: "),
        (["--init", "gpt2"], "--init takes a GPT-2, which is --model lecture"),
        (["--init", "gpt2", "--model", "lecture", "--n-head", "2"], "leave --n-layer and the like"),
        (["--init", "no/where", "--model", "lecture"], "no/where is"),
        (["--data", "nowhere.txt"], "there is no file 'nowhere.txt'"),
        (["--data", "EMPTY"], "is empty; give a file with text in it"),
        (["--data", "BINARY"], "is not UTF-8 text"),
        (["--data", "SHORT"], "the text has 11 tokens; a context of"),
        (["--data", "WRONG"], "its JSON says"),
        (["--data", "FOLDER"], "has no files of ids, NAME.bin, in it"),
        (["--resume", "FOLDER"], "is no run folder"),
        (["--resume", "nowhere"], "there is no run folder nowhere"),
        (["--name", "a/b"], "--name must be a plain folder name"),
        (["--frobnicate"], "there is no option '--frobnicate'"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(tmp_path, text, args, problem):
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "short").write_text("hello world")
    (tmp_path / "folder").mkdir()
    wrong = write(tmp_path, list(range(100)), count=99)
    files = {name.upper(): str(tmp_path / name) for name in ("empty", "binary", "short", "folder")}
    files["WRONG"] = str(wrong)
    files["NONE"] = "mps" if torch.cuda.is_available() else "cuda"
    before = {path.name for path in tmp_path.iterdir()}
    data = [] if "--data" in args else ["--data", text]
    options = [files.get(arg, arg) for arg in args]
    done = run("train.py", "--runs", str(tmp_path / "runs"), *data, *options)
    assert problem in mistake(done)
    left = {path.name for path in tmp_path.iterdir()} - before
    assert left <= {"runs"} and not list(tmp_path.glob("runs/*"))


def test_preset_is_the_machines():
    assert train_py.Config().recipe(gpu=False).n_embd == 128
    assert train_py.Config().recipe(gpu=True).n_embd == 384
    assert train_py.Config(preset="cpu").recipe(gpu=True).n_embd == 128
    for preset, models in PRESETS.items():
        for model in models:
            assert train_py.Config(model=model, preset=preset).recipe(gpu=False)


def test_option_that_says_something_else_than_the_run_is_refused(copy):
    problem = mistake(run("train.py", "--resume", str(copy), "--lr", "0.5"))
    assert "was begun without --lr, not 0.5; leave --lr out" in problem
    problem = mistake(run("train.py", "--resume", str(copy), "--name", "x"))
    assert "was begun with --name lecture, not x; leave --name out" in problem


def test_resuming_with_another_text_is_refused(copy, tmp_path):
    (tmp_path / "other.txt").write_text("another text\n" * 50)
    done = run("train.py", "--resume", str(copy), "--data", str(tmp_path / "other.txt"))
    assert "is not what" in mistake(done)


def test_run_name_that_is_taken_is_refused(trained, text):
    folder, _ = trained["lecture"]
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    options = ["--runs", str(folder.parent), "--name", folder.name, "--data", text, *QUICK]
    assert "exists; choose another --name" in mistake(run("train.py", *options))
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_ids_of_the_tokenizers_lesson_can_be_learned(tmp_path):
    write_ranks(tmp_path)
    for name in ("a", "b"):
        write(tmp_path, [256, 32, 97, 98] * 200, name, vocab_size=257, pattern=r"\S+|\s+")
    options = ["--data", str(tmp_path), "--runs", str(tmp_path), "--name", "run", *QUICK]
    done = run("train.py", *options)
    assert done.returncode == 0, done.stderr
    done = run("sample", "--run", str(tmp_path / "run"), "--prompt", "ab ", "--tokens", "9")
    assert (done.returncode, done.stdout[:3]) == (0, "ab "), done.stderr
    done = run("eval", "--run", str(tmp_path / "run"))
    assert re.search(r"dev: 159 tokens, 198 characters, 198 bytes", done.stdout), done.stdout


def test_samples_are_repeated_by_their_seed_and_go_on_from_the_prompt(trained):
    folder, _ = trained["modern"]
    options = ["sample", "--run", str(folder), "--prompt", "The ", "--tokens", "60"]
    first, second, other = run(*options), run(*options), run(*options, "--seed", "2")
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout != other.stdout
    assert first.stdout.startswith("The ") and len(first.stdout) == 4 + 60 + 1


@NOT_WINDOWS
def test_text_is_written_as_it_is_made(trained):
    folder, _ = trained["modern"]
    process = started("-m", "gpt", "sample", "--run", str(folder), "--tokens", "1000000000")
    assert len(process.stdout.read(50)) == 50
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.splitlines()[-1]) == (130, "interrupted")


def test_eval_says_what_training_said(trained):
    for folder, _ in trained.values():
        results = json.loads((folder / "results.json").read_text())
        done = run("eval", "--run", str(folder))
        assert done.returncode == 0, done.stderr
        assert f"loss: {results['dev']:.4f} nats a token, context 16" in done.stdout
        bits = results["dev"] / 0.6931472
        assert f"{bits:.4f} bits a character" in done.stdout


def test_eval_refuses_a_text_that_is_no_longer_the_runs(copy, tmp_path):
    config = json.loads((copy / "config.json").read_text())
    changed = tmp_path / "changed.txt"
    changed.write_text(play.write().text[:21000], encoding="utf-8")
    config["config"]["data"] = str(changed)
    (copy / "config.json").write_text(json.dumps(config))
    assert f"is not the text of {copy}" in mistake(run("eval", "--run", str(copy)))
    assert run("eval", "--run", str(copy), "--data", str(changed)).returncode == 0


def test_attention_is_drawn_for_every_head(trained, tmp_path):
    for name in ("maps.svg", "maps.png"):
        for model in ("modern", "lecture"):
            out = tmp_path / f"{model}-{name}"
            options = ["--prompt", "The king ", "--out", str(out)]
            done = run("attention", "--run", str(trained[model][0]), *options)
            assert done.returncode == 0, done.stderr
            assert done.stdout == f"{out}: 2 blocks, 2 heads, 9 tokens\n"
            assert out.stat().st_size > 1000


def test_all_signs_can_be_labels(tmp_path):
    figure = draw_maps(torch.rand(1, 1, 4, 4), ["$", "a\n", " ", "_^{"])
    plots.save(figure, tmp_path / "maps.svg")
    assert ElementTree.parse(tmp_path / "maps.svg").getroot().tag.endswith("svg")


def test_exported_model_is_read_by_transformers_and_trained_on(trained, tmp_path, text):
    folder, _ = trained["lecture"]
    out = tmp_path / "out"
    done = run("export", "--run", str(folder), "--to", str(out))
    assert done.returncode == 0, done.stderr
    theirs = GPT2LMHeadModel.from_pretrained(out)
    assert theirs.config.n_positions == 16
    sampled = [run("sample", "--run", str(path), "--tokens", "40") for path in (folder, out)]
    assert sampled[0].stdout == sampled[1].stdout
    options = ["--init", str(out), "--model", "lecture", "--data", text, "--steps", "10"]
    options += ["--runs", str(tmp_path), "--name", "on", "--dtype", "float32", "--lr", "1e-5"]
    done = run("train.py", *options)
    assert done.returncode == 0, done.stderr
    before = json.loads((folder / "results.json").read_text())["dev"]
    after = json.loads((tmp_path / "on" / "results.json").read_text())["dev"]
    assert after == pytest.approx(before, abs=0.02)
    shutil.rmtree(out)  # whoever goes on needs it no more
    (tmp_path / "on" / "results.json").unlink()
    done = run("train.py", "--resume", str(tmp_path / "on"))
    assert (done.returncode, "resumed at step 10" in done.stdout) == (0, True), done.stderr
    assert (tmp_path / "on" / "results.json").exists()


def test_exported_model_with_tokens_of_several_characters_is_trained_on_by_itself(tmp_path, text):
    write_ranks(tmp_path)
    write(tmp_path, [256, 32, 97, 98] * 200, vocab_size=257, pattern=r"\S+|\s+")
    first, out, on = (tmp_path / name for name in ("first", "out", "on"))
    options = ["--model", "lecture", "--runs", str(tmp_path)]
    data = str(tmp_path / "tokens.bin")
    done = run("train.py", *options, "--name", "first", "--data", data, *QUICK)
    assert done.returncode == 0, done.stderr
    assert run("export", "--run", str(first), "--to", str(out)).returncode == 0
    options += ["--steps", "3", "--dtype", "float32", "--init", str(out)]
    done = run("train.py", *options, "--name", "on", "--data", text)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(out)
    done = run("sample", "--run", str(on), "--prompt", "ab ", "--tokens", "9")
    assert (done.returncode, done.stdout[:3]) == (0, "ab "), done.stderr


def test_run_by_the_clock_takes_about_that_long(tmp_path, text):
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK[:-6]]
    options = [*SIZES, "--batch-size", "4", "--device", "cpu", "--preset", "cpu", *options[:6]]
    done = run("train.py", *options, "--minutes", "0.02")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert 1.2 <= results["seconds"] < 2.5
    assert len(Run(tmp_path / "run", "").read_metrics()) == 10


def test_finished_run_can_be_resumed_and_reports_again(copy):
    (copy / "results.json").unlink()
    done = run("train.py", "--resume", str(copy))
    assert (done.returncode, "resumed at step 40" in done.stdout) == (0, True), done.stderr
    assert (copy / "results.json").exists()


def test_weights_are_kept_between_evaluations_of_a_long_run(tmp_path, text, monkeypatch):
    monkeypatch.setattr(train_py, "SAVE_EVERY", 0.0)
    steps = []
    save = Session.save_last
    monkeypatch.setattr(Session, "save_last", lambda s: (steps.append(s.state.step), save(s)))
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK]
    assert run("train.py", *options).returncode == 0
    assert steps == [0, *range(41)][: len(steps)] and steps[-1] == 40


def test_ablation_prints_what_each_change_is_worth(tmp_path, text):
    options = ["--data", text, "--steps", "2", "--runs", str(tmp_path), "--name", "run"]
    done = run("ablate", *options)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "run" / "ablate.json").read_text())
    assert {"all of it", "without Muon", "without QK norm", "the lecture's model"} <= set(results)
    for name, result in results.items():
        (row,) = (line for line in done.stdout.splitlines() if line.strip().startswith(name + "  "))
        assert f"{result['dev']:.4f}" in row


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["sample", "--run", "RUN", "--prompt", "∑"], "the character '∑' is none that this model"),
        (["sample", "--run", "RUN", "--tokens", "0"], "--tokens must be from 1"),
        (["sample", "--run", "RUN", "--temperature", "-1"], "temperature must be a number from 0"),
        (["sample", "--run", "RUN", "--top-k", "0"], "top-k must be at least 1, not 0"),
        (["sample", "--run", "RUN", "--top-p", "2"], "top-p must be above 0"),
        (["sample", "--run", "no/where"], "no/where is"),
        (["sample", "--run", "TMP"], "is no run folder"),
        (["sample"], "--run is missing"),
        (["attention", "--run", "RUN", "--prompt", "The king is dead"], "of 1 to 16 tokens"),
        (["attention", "--run", "RUN", "--prompt", ""], "of 1 to 16 tokens, not 0"),
        (
            ["attention", "--run", "RUN", "--out", "maps.jpeg"],
            "must be a name in .svg or .png",
        ),
        (["attention", "--run", "RUN", "--out", "no/maps.png"], "--out must be in a folder that"),
        (["attention", "--run", "BIGRAM", "--prompt", "a"], "is a bigram, which has no attention"),
        (["eval", "--run", "RUN", "--block-size", "17"], "--block-size must be from 1 to 16"),
        (["eval", "--run", "RUN", "--data", "nowhere"], "there is no file 'nowhere'"),
        (["export", "--run", "MODERN", "--to", "x"], "only --model lecture has GPT-2's shape"),
        (["export", "--run", "RUN", "--to", "TMP"], "exists; name another folder"),
        (["ablate", "--steps", "0"], "--steps must be from 1"),
    ],
)
def test_mistakes_in_verbs_are_one_line(trained, tmp_path, args, problem):
    known = {"RUN": "lecture", "MODERN": "modern", "BIGRAM": "bigram"}
    paths = {name: str(trained[model][0]) for name, model in known.items()}
    paths["TMP"] = str(tmp_path)
    if "--prompt" in args and args[-1] == "The king is dead":
        args = [*args[:-1], "The king is dead, long live the king"]
    assert problem in mistake(run(*(paths.get(arg, arg) for arg in args)))


def test_help_is_there_without_importing_torch():
    done = process("-X", "importtime", "train.py", "--help")
    assert done.returncode == 0 and "--preset" in done.stdout, done.stderr
    assert not re.search(r"\| +(torch|tiktoken|matplotlib)$", done.stderr, re.M)
    for verb in VERBS:
        assert run(verb, "--help").returncode == 0


def test_examples_in_docstrings_are_true():
    for module in (gpt.attention, gpt.chars):
        results = doctest.testmod(module)
        assert results.attempted and results.failed == 0


def test_code_of_the_readme_prints_what_the_readme_says():
    results = doctest.testfile(str(LESSON / "README.md"), module_relative=False, encoding="utf-8")
    assert results.attempted > 5
    assert results.failed == 0


def test_pictures_and_files_of_the_readme_are_there():
    readme = (LESSON / "README.md").read_text(encoding="utf-8")
    assert "](pictures/" in readme
    for path in re.findall(r"\]\(([^):]+)\)", readme):
        assert (LESSON / path).exists(), path
