"""The commands: what they print, what they leave behind, and what they say of a mistake."""

import json
import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
import torch.nn.functional as F
from conftest import LESSON

import train as train_py
from house.programs import Programs, interrupt, is_saved, mistake, tensors
from house.readmes import untrue_in_readme
from makemore import load
from makemore.__main__ import VERBS
from makemore.fast import by_length
from makemore.load import open_data
from makemore.loss import estimate_loss
from makemore.models import MODELS, build, examples
from makemore.presets import PRESETS

programs = Programs(LESSON, train_py, VERBS)
run, succeed, process = programs.run, programs.succeed, programs.process
QUICK = ["--model", "rnn", "--n-hidden", "16", "--batch-size", "8", "--steps", "40"]


def train(folder, *args):
    """`train.py` on the words in `folder`, with a run folder called `run` there."""
    words = [] if "--data" in args else ["--data", str(folder / "words.txt")]
    return run("train.py", "--runs", str(folder), "--name", "run", *words, *args)


TOWNS = """Aachen\nBad Doberan\nCelle\nDüren\nEssen\nFürth\nGießen\nHof\nIlmenau\nJena\nKiel\nLübeck
Mainz\nNeuss\nOelde\nPlön\nQuerfurt\nRheine\nStade\nTrier\nUelzen\nVerden\nWesel\nXanten\nZeitz\n"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "words.txt").write_text(TOWNS, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a finished run in it, and what was printed."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "words.txt").write_text(TOWNS, encoding="utf-8")
    done = train(folder, *QUICK, "--test")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    return folder, done


# train.py


def test_character_counts_the_same_in_words_of_any_length(folder):
    options = "--model rnn --optimizer sgd --lr 1 --weight-decay 0 --warm-up 0 --decay step"
    options += " --n-embd 8 --n-hidden 16 --dropout 0 --steps 1 --batch-size 4 --batches by-length"
    assert train(folder, *options.split()).returncode == 0
    data = open_data(str(folder / "words.txt"))
    torch.manual_seed(train_py.Config.seed)
    model = build("rnn", len(data.alphabet), n_embd=8, n_hidden=16, dropout=0.0)
    x, y = examples(model, data.train, data.alphabet)
    ix = by_length(0, (y >= 0).sum(1), 4, train_py.Config.seed)
    logits, _ = model(x[ix])
    nats = F.cross_entropy(logits.flatten(0, 1), y[ix].flatten(), ignore_index=-1, reduction="sum")
    usual = (y >= 0).sum() / len(y) * 4  # characters in a batch
    assert (y[ix] >= 0).sum() != usual
    (nats / usual).backward()
    trained, _ = load(folder / "run")
    for after, before in zip(trained.parameters(), model.parameters(), strict=True):
        assert torch.allclose(after, before - before.grad, atol=1e-6)


def test_training_says_what_it_did(trained):
    folder, done = trained
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"data: {folder / 'words.txt'} (")
    assert lines[1] == "words: 25, of which 25 are different; the longest has 11 characters"
    assert re.fullmatch(r"model: rnn, [\d,]+ parameters", lines[2])
    assert [line.split(":")[0] for line in lines[3:13]] == [f"step {i}" for i in range(4, 44, 4)]
    assert re.fullmatch(r"trained: 40 steps in \d+ s, [\d,]+ characters/s", lines[13])
    results = json.loads((folder / "run" / "results.json").read_text())
    splits = ["train)", f"dev, after {results['best_step']} steps)", "test)"]
    assert [line.rpartition("(")[2] for line in lines[14:17]] == splits
    assert f"loss: {results['dev']:.4f} nats a character" in done.stdout
    samples = lines[lines.index("samples:") + 1 : -2]
    assert len(samples) == 10
    assert all(re.fullmatch(r"  .{0,11} \((train|dev|new)\)", line) for line in samples)
    assert re.fullmatch(r"of 1,000 samples: [\d.]+% train, [\d.]+% dev, [\d.]+% new", lines[-2])
    assert "letters occur in both cases" in done.stderr
    named = re.fullmatch(r"run: .*/ \((.*)\)", lines[-1])[1].split(", ")
    more = {"config.json", "metrics.jsonl", "train.txt", "dev.txt", "last.safetensors", "samples"}
    assert set(named) | more == {path.name for path in (folder / "run").iterdir()}
    for name in ("loss.svg", "embedding.svg"):
        assert ElementTree.parse(folder / "run" / name).getroot().tag.endswith("svg")


@pytest.mark.parametrize("model", ["mlp-bn", "wavenet"])
def test_batches_by_length_never_meet_batch_norm_by_default(model):
    assert {train_py.defaults(model, preset).batches for preset in PRESETS} == {"random"}


def test_dev_loss_without_words_of_train_is_printed_where_there_are_such(folder):
    (folder / "words.txt").write_text(TOWNS + "Celle\n" * 25, encoding="utf-8")
    lines = train(folder, "--model", "bigram").stdout.splitlines()
    dev, new = (line for line in lines if "(dev" in line)
    assert dev.endswith("(dev)") and new.endswith("(dev words that are not also in train)")
    assert dev.split()[1] < new.split()[1]  # what is known is easier


def test_bigram_is_counted_and_drawn_and_without_smoothing_its_loss_may_be_infinite(folder):
    done = train(folder, "--model", "bigram", "--smoothing", "0")
    assert done.returncode == 0
    assert "loss: infinite: a word has characters in a sequence that never" in done.stdout
    assert (folder / "run" / "bigram.svg").exists() and not (folder / "run" / "loss.svg").exists()
    problem = mistake(run("train.py", "--resume", str(folder / "run")))
    assert "was counted; there is nothing to continue" in problem


def test_comparison_has_a_row_and_a_folder_for_every_model(folder):
    done = train(folder, "--compare", "--minutes", "0.0005")
    assert done.returncode == 0, done.stderr
    table = done.stdout.partition(" model ")[2].splitlines()[1 : 1 + len(MODELS)]
    assert [line.split()[0] for line in table] == list(MODELS)
    assert all((folder / "run" / model / "model.safetensors").exists() for model in MODELS)
    files = {path.name for path in (folder / "run").iterdir() if path.is_file()}
    assert files == {"config.json", "compare.json", "compare.svg"}
    compared = json.loads((folder / "run" / "compare.json").read_text())
    assert [results["model"] for results in compared] == list(MODELS)
    whole = ["--run", str(folder / "run")]
    where = f"has a run of each model in it; choose one of them, for example {folder / 'run'}/lstm"
    assert where in mistake(run("sample", *whole))
    assert where in mistake(run("train.py", "--resume", whole[1]))
    succeed("score", "--run", str(folder / "run" / "lstm"), "ab")


# resuming


@pytest.mark.parametrize(
    "model",
    ["gru --n-hidden 32 --dropout 0.3 --optimizer muon", "mlp --preset lecture --lr 0.05"],
)
def test_run_that_was_killed_and_resumed_is_the_same_to_the_last_bit(folder, model):
    options = ["--model", *model.split(), "--batch-size", "16", "--steps", "200"]
    options += ["--data", str(folder / "words.txt")]
    assert programs.is_same_after_a_kill(folder, *options)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child alone")
def test_ctrl_c_saves_says_how_to_continue_and_exits_130(folder):
    options = ["--runs", str(folder), "--name", "run", "--data", str(folder / "words.txt")]
    more = ["--steps", "100000", "--evaluations", "1000"]
    process = programs.start("train.py", *options, *QUICK, *more)
    out = interrupt(process, (folder / "run" / "metrics.jsonl").exists)
    assert is_saved(folder / "run", out)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child alone")
def test_ctrl_c_in_a_comparison_says_how_to_continue_the_model(folder):
    options = ["--runs", str(folder), "--name", "run", "--data", str(folder / "words.txt")]
    process = programs.start("train.py", *options, "--compare", "--minutes", "5")
    stopped = folder / "run" / "bigram-net"
    assert is_saved(stopped, interrupt(process, (stopped / "last.safetensors").exists))


def test_finished_run_can_be_resumed_and_reports_again(trained, tmp_path):
    copy = shutil.copytree(trained[0] / "run", tmp_path / "copy")
    (copy / "results.json").unlink()
    assert "resumed at step 40" in succeed("train.py", "--resume", str(copy))
    assert (copy / "results.json").exists()
    assert "trained: 60 steps" in succeed("train.py", "--resume", str(copy), "--steps", "60")


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--model", "gru"], "was started with --model rnn, not gru; leave --model out"),
        (["--lr", "0.5"], "was started with --lr 0.002, not 0.5; leave --lr out"),
        (["--compare"], "--compare cannot be resumed"),
    ],
)
def test_resuming_with_other_settings_is_refused(trained, args, problem):
    assert problem in mistake(run("train.py", "--resume", str(trained[0] / "run"), *args))


def test_resuming_takes_the_same_words_from_elsewhere_and_no_others(trained, tmp_path):
    shutil.copytree(trained[0] / "run", tmp_path / "run")
    resumed = ["--resume", str(tmp_path / "run"), "--data", str(tmp_path / "moved.txt")]
    (tmp_path / "moved.txt").write_text(TOWNS, encoding="utf-8")
    succeed("train.py", *resumed)
    (tmp_path / "moved.txt").write_text(TOWNS + "Zwickau\n", encoding="utf-8")
    assert "is not what" in mistake(run("train.py", *resumed))


# mistakes


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--preset", "lecture"], "--preset lecture is for mlp, mlp-bn, wavenet; choose one"),
        (["--model", "wavenet", "--block-size", "6"], "so --block-size must be 2, 4, 8"),
        (["--model", "transformer", "--n-head", "3"], "3 heads cannot share --n-embd"),
        (["--model", "gru", "--n-head", "2"], "gru has no --n-head; leave it out"),
        (["--model", "bigram", "--lr", "1"], "bigram is counted; leave --lr out"),
        (["--steps", "5", "--minutes", "1"], "give --steps or --minutes, not both"),
        (["--compare", "--n-embd", "5"], "--compare takes every model as it is; leave --n-embd"),
        (["--data", "ONE"], "at least 10 different words are needed; here: 50, of which 1"),
        (["--resume", "EMPTY"], "there is no run folder"),
    ],
)
def test_mistake_in_training_is_one_line_and_leaves_nothing(folder, args, problem):
    (folder / "EMPTY").touch()
    (folder / "ONE").write_text("emma\n" * 50)
    before = sorted(folder.iterdir())
    args = [str(folder / arg) if arg.isupper() else arg for arg in args]
    done = train(folder, *args)
    done.stderr = "".join(x for x in done.stderr.splitlines(True) if "both cases" not in x)
    assert problem in mistake(done)
    assert sorted(folder.iterdir()) == before


def test_diverging_run_names_step_rate_and_the_last_good_weights(folder):
    done = train(folder, "--model", "mlp", "--lr", "1e38", "--steps", "400", "--lowercase")
    line = mistake(done)
    assert re.search(r"in step \d+, at a learning rate of \S+; start again with a smaller", line)
    saved = Path(re.search(r"weights are in (.*)\)", line)[1])
    assert all(tensor.isfinite().all() for tensor in tensors(saved).values())


# python -m makemore


def test_samples_are_told_from_the_training_words(trained):
    folder, _ = trained
    options = ["--run", str(folder / "run"), "--count", "50", "--top-k", "5"]
    out = succeed("sample", *options)
    *words, shares = out.splitlines()
    train_words = (folder / "run" / "train.txt").read_text(encoding="utf-8").splitlines()
    for line in words:
        word, origin = re.fullmatch(r"(.*) \((\w+)\)", line).groups()
        assert (origin == "train") == (word in train_words)
    assert len(words) == 50
    assert re.fullmatch(r"of 1,000 samples: .*% train, .*% dev, .*% new", shares)
    assert succeed("sample", *options) == out


def test_loaded_model_gives_the_losses_of_its_run(trained):
    model, alphabet = load(trained[0] / "run")
    words = (trained[0] / "run" / "dev.txt").read_text(encoding="utf-8").splitlines()
    results = json.loads((trained[0] / "run" / "results.json").read_text())
    loss = estimate_loss(model, *examples(model, words, alphabet))
    assert loss == pytest.approx(results["dev"], abs=1e-6)


def test_scores_are_the_models(trained):
    folder, _ = trained
    out = succeed("score", "--run", str(folder / "run"), "Jena", "Bad Jena")
    rows = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    assert [row[0] for row in rows] == ["word", "Jena", "Bad Jena"]
    nats, per_character, bits = map(float, rows[1][1:])
    assert per_character == pytest.approx(nats / 5, abs=1e-3)
    assert bits == pytest.approx(per_character * 1.442695, abs=1e-3)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["score", "Ωmega"], "'Ωmega' has the character 'Ω'; the model knows only ' ABC"),
        (["sample", "--top-k", "0"], "--top-k must be at least 1"),
    ],
)
def test_mistake_with_a_trained_model_is_one_line(trained, args, problem):
    done = run(args[0], "--run", str(trained[0] / "run"), *args[1:])
    assert problem in mistake(done)


@pytest.mark.parametrize(
    ("name", "pictures"),
    [
        ("diagnose", ["activations", "gradients", "updates"]),
        ("backprop", ["loss"]),
        ("find-lr", ["find-lr"]),
    ],
)
def test_experiment_leaves_its_pictures(tmp_path, name, pictures):
    options = ["--data", "bundled", "--steps", "30", "--runs", str(tmp_path), "--name", "run"]
    done = run(name, *options)
    assert (done.returncode, done.stderr) == (0, "")
    for picture in pictures:
        tree = ElementTree.parse(tmp_path / "run" / f"{picture}.svg")
        assert tree.getroot().tag.endswith("svg")


def test_mistake_in_an_experiment_is_one_line_and_leaves_nothing(tmp_path):
    options = ["--low", "1", "--high", "0.1", "--data", "bundled", "--runs", str(tmp_path / "runs")]
    assert "--low must be above 0 and below --high" in mistake(run("find-lr", *options))
    assert not (tmp_path / "runs").exists()


# the README


def test_readme_is_true(folder, monkeypatch):
    options = ["--data", str(folder / "words.txt"), "--runs", str(folder / "runs")]
    succeed("train.py", *options, "--name", "default", *QUICK)
    monkeypatch.chdir(folder)
    assert untrue_in_readme(LESSON) == []
