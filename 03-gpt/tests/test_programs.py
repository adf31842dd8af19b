"""The commands: what they print, what they leave behind, and what they say of a mistake."""

import json
import os
import re
import shutil
import signal
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from xml.etree import ElementTree

import pytest
import torch
from conftest import LESSON
from test_data import write, write_ranks
from transformers import GPT2LMHeadModel

import train as train_py
from gpt import load
from gpt.__main__ import VERBS
from gpt.attention_maps import draw_maps
from gpt.data import train_and_dev
from gpt.evaluation import estimate_loss
from gpt.load import open_corpus
from gpt.presets import PRESETS
from gpt.stages import RECIPES
from house.programs import Programs, interrupt, is_saved, losses, mistake
from house.readmes import untrue_in_docstrings, untrue_in_readme
from shared import checkpoints, play, plots
from shared.runs import Run

programs = Programs(LESSON, train_py, VERBS)
run, succeed, process = programs.run, programs.succeed, programs.process
SIZES = ["--n-layer", "2", "--n-head", "2", "--n-embd", "16", "--block-size", "16"]
QUICK = [*SIZES, "--batch-size", "4", "--steps", "40", "--dtype", "float32"]
QUICK += ["--device", "cpu", "--preset", "cpu"]  # on every machine the same


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A file with a text in it."""
    path = tmp_path_factory.mktemp("text") / "play.txt"
    path.write_text(play.write().text[:20000], encoding="utf-8")
    return str(path)


def test_lecture_model_is_trained_as_far_as_its_stage_and_loaded_as_that(tmp_path, text):
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK]
    done = run("train.py", "--model", "lecture", "--stage", "heads", *options)
    assert (done.returncode, done.stderr) == (0, "")
    model, _ = load(tmp_path / "run")
    assert model.sizes["stage"] == "heads"
    assert not any("ffwd" in name for name, _ in model.named_parameters())
    sampled = run("sample", "--run", str(tmp_path / "run"), "--tokens", "50")
    assert len(sampled.stdout) == 51
    assert "--stage heads needs --model lecture" in mistake(run("train.py", "--stage", "heads"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, text):
    """Folders of a finished run of each model, and what was printed."""
    folder = tmp_path_factory.mktemp("trained")
    found = {}
    for model in ("modern", "gpt2", "bigram"):
        options = ["--data", text, "--model", model, "--runs", str(folder), "--name", model]
        quick = QUICK[len(SIZES) :] if model == "bigram" else QUICK
        done = run("train.py", *options, "--block-size", "16", *quick)
        assert (done.returncode, done.stderr) == (0, "")
        found[model] = folder / model, done.stdout
    return found


@pytest.fixture
def copy(trained, tmp_path):
    """A copy of GPT-2's run, to be broken."""
    return Path(shutil.copytree(trained["gpt2"][0], tmp_path / "copy"))


def test_run_prints_what_the_house_prints(trained, text):
    for model, (folder, out) in trained.items():
        lines = out.splitlines()
        assert re.fullmatch(rf"data: {re.escape(text)} \(20,000 characters, .*\)", lines[0])
        assert re.fullmatch(rf"model: {model}, [\d,]+ parameters; on cpu, float32", lines[1])
        assert lines[2].startswith("step 4: ") and lines[11].startswith("step 40: ")
        assert re.search(r"trained: 40 steps in \d+ s, [\d,]+ tokens/s", out)
        results = json.loads((folder / "results.json").read_text())
        assert f"loss: {results['dev']:.4f} nats a token, " in out
        named = re.fullmatch(rf"run: {folder}/ \((.*)\)", lines[-1])[1].split(", ")
        also = {"config.json", "metrics.jsonl", "last.safetensors"}
        assert {name.strip("/") for name in named} | also == {p.name for p in folder.iterdir()}
        assert len(list((folder / "samples").iterdir())) == 10
        assert ElementTree.parse(folder / "loss.svg").getroot().tag.endswith("svg")
        metrics = Run(folder, "").read_metrics()
        assert metrics[-1]["dev"] < metrics[0]["dev"]


def test_loss_curve_has_the_lines_to_compare_with(tmp_path):
    options = ["--data", "bundled", "--runs", str(tmp_path), "--name", "run", *QUICK]
    succeed("train.py", *options, "--steps", "1", "--evaluations", "1")
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert 1 < results["bigram"] < 3
    assert results["floor"] == play.write().nats_per_character


@pytest.mark.parametrize(
    "options", ["modern --dropout 0.2 --micro-batches 2", "gpt2 --dtype bfloat16"]
)
def test_run_that_was_killed_and_resumed_is_the_same_to_the_last_bit(tmp_path, text, options):
    options = [*QUICK, "--steps", "150", "--model", *options.split(), "--data", text]
    assert programs.is_same_after_a_kill(tmp_path, *options)


NOT_WINDOWS = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@NOT_WINDOWS
@pytest.mark.parametrize("with_optimizer", [True, False])
def test_killed_while_writing_the_previous_checkpoint_loads(tmp_path, text, with_optimizer):
    program = """
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
cli.run(train.main, train.Config, default=train.default_config)
""".replace("WITH_OPTIMIZER", str(with_optimizer))
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK]
    assert process("-c", program, *options).returncode == -signal.SIGKILL
    step = checkpoints.load(tmp_path / "run" / "last.safetensors").metadata["state"]["step"]
    assert 0 < step < 40
    assert checkpoints.load(tmp_path / "run" / "model.safetensors").tensors
    assert f"resumed at step {step}" in succeed("train.py", "--resume", str(tmp_path / "run"))


@NOT_WINDOWS
def test_full_disk_is_one_line_and_the_old_checkpoint_stays(copy):
    import resource  # which Windows has not

    before = (copy / "last.safetensors").read_bytes()

    def small_files():
        limit = len(before) // 2
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing fails as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    more = ["--resume", str(copy), "--steps", "60"]
    done = process("train.py", *more, preexec_fn=small_files)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr
    assert (copy / "last.safetensors").read_bytes() == before


@NOT_WINDOWS
def test_ctrl_c_saves_says_how_to_continue_and_exits_130(tmp_path, text):
    options = ["--data", text, "--runs", str(tmp_path), "--name", "run", *QUICK]
    process = programs.start("train.py", *options, "--steps", "100000")
    out = interrupt(process, (tmp_path / "run" / "last.safetensors").exists)
    assert is_saved(tmp_path / "run", out)


@NOT_WINDOWS
def test_two_processes_and_two_micro_batches_learn_what_one_does(tmp_path, text):
    options = ["--data", text, "--runs", str(tmp_path), *QUICK, "--steps", "20", "--model", "gpt2"]
    succeed("train.py", "--name", "whole", *options)
    succeed("train.py", "--name", "halves", *options, "--micro-batches", "2")
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = process(*torchrun, "train.py", "--name", "processes", *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("model: ") == 1 and "2 processes" in done.stdout
    whole = losses(tmp_path / "whole")
    assert len(whole) == 10
    for name in ("halves", "processes"):
        for a, b in zip(whole, losses(tmp_path / name), strict=True):
            assert b == pytest.approx(a, abs=1e-5)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--n-embd", "30", "--n-head", "4"], "4 heads cannot share --n-embd 30 evenly"),
        (["--n-embd", "6", "--n-head", "2"], "so a head needs an even number, not 3"),
        (["--block-size", "3000"], "--block-size 3000 needs at least 30,001"),
        (["--steps", "1", "--minutes", "1"], "give --steps or --minutes, not both"),
        (["--batch-size", "6", "--micro-batches", "4"], "--batch-size must be a multiple of 4"),
        (["--model", "bigram", "--n-layer", "2"], "only a table; leave --n-layer out"),
        (["--preset", "gpt2-124m", "--model", "bigram"], "--preset gpt2-124m has no bigram"),
        (["--device", "NONE"], "; --device can be "),
        (["--init", "no/where", "--model", "gpt2"], "no/where is"),
        (["--data", "SHORT"], "the text has 11 tokens, and --block-size"),
        (["--data", "FOLDER"], "has no files of ids, NAME.bin"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(tmp_path, text, args, problem):
    (tmp_path / "SHORT").write_text("hello world")
    (tmp_path / "FOLDER").mkdir()
    files = {name: str(tmp_path / name) for name in ("SHORT", "FOLDER")}
    files["NONE"] = "mps" if torch.cuda.is_available() else "cuda"
    data = [] if "--data" in args else ["--data", text]
    options = [files.get(arg, arg) for arg in args]
    done = run("train.py", "--runs", str(tmp_path / "runs"), *data, *options)
    assert problem in mistake(done)
    assert not list(tmp_path.glob("runs/*"))


def test_presets_set_the_same_options_and_the_defaults_are_one_of_them():
    default = train_py.Config()
    for preset, models in PRESETS.items():
        for model, options in models.items():
            assert list(options) == list(PRESETS["cpu"]["modern"])
            config = train_py.defaults(train_py.Choice(model, preset=preset))
            assert (config.model, config.preset) == (model, preset)
            train_py.check(config, world=1)
    assert train_py.defaults(train_py.Choice(preset="cpu")) == default


def test_help_shows_the_defaults_of_the_model_and_the_run(copy):
    out = succeed("train.py", "--help", "--preset", "cpu", "--model", "gpt2")
    words = " ".join(out.replace("│", " ").split())
    assert "Training steps. With --resume" in words and "(default: 2000)" in words
    assert "(default: 40)" in succeed("train.py", "--help", "--resume", str(copy))


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--lr", "0.5"], "was started with --lr 0.001, not 0.5; leave --lr out"),
        (["--model", "modern"], "was started with --model gpt2, not modern; leave --model out"),
        (["--steps", "50", "--minutes", "1"], "give --steps or --minutes, not both"),
    ],
)
def test_option_that_differs_from_the_runs_is_refused(copy, args, problem):
    assert problem in mistake(run("train.py", "--resume", str(copy), *args))


def test_finished_run_continues_with_more_steps_or_minutes(copy):
    out = succeed("train.py", "--resume", str(copy), "--steps", "60", "--evaluations", "6")
    assert "resumed at step 40" in out and "trained: 60 steps" in out
    assert [line["step"] for line in Run(copy, "").read_metrics()][-3:] == [40, 50, 60]
    assert Run(copy, "gpt").settings(train_py.Config).steps == 60  # also if it is stopped now
    succeed("train.py", "--resume", str(copy), "--minutes", "0.01")
    results = json.loads((copy / "results.json").read_text())
    problem = mistake(run("train.py", "--resume", str(copy), "--steps", "50"))
    assert f"has done {results['steps']:,} steps already; give at least as many --steps" in problem
    assert Run(copy, "gpt").settings(train_py.Config).minutes == 0.01


def test_stage_of_the_lecture_has_the_lectures_settings():
    for recipe in RECIPES:
        args = ["--model", "lecture", "--stage", recipe.stage, "--preset", "cpu"]
        default = train_py.default_config(args)
        wanted = {k: v for k, v in asdict(recipe).items() if k not in ("lecture", "stage")}
        assert {name: getattr(default, name) for name in wanted} == wanted


@pytest.mark.parametrize("resume", [True, False])
def test_run_that_was_killed_before_its_first_save_begins_again(copy, text, resume):
    for path in copy.iterdir():
        if path.name != "config.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (copy / ".unfinished-x.safetensors").write_bytes(b"half")
    again = ["--runs", str(copy.parent), "--name", copy.name, "--data", text, *QUICK]
    done = run("train.py", *["--resume", str(copy)] if resume else again)
    assert (done.returncode, "resumed" in done.stdout) == (0, False), done.stderr
    assert (copy / "results.json").exists() and not list(copy.glob(".*"))


def test_run_name_that_is_taken_is_refused(trained, text):
    folder, _ = trained["gpt2"]
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    options = ["--runs", str(folder.parent), "--name", folder.name, "--data", text, *QUICK]
    problem = mistake(run("train.py", *options))
    assert f"{folder} exists; continue it with --resume {folder}, or choose another" in problem
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_ids_of_the_tokenizers_lesson_can_be_learned(tmp_path):
    write_ranks(tmp_path)
    for name in ("a", "b"):
        write(tmp_path, [256, 32, 97, 98] * 200, name, vocab_size=257, pattern=r"\S+|\s+")
    options = ["--data", str(tmp_path), "--runs", str(tmp_path), "--name", "run", *QUICK]
    succeed("train.py", *options)
    of_run = ["--run", str(tmp_path / "run")]
    assert succeed("sample", *of_run, "--prompt", "ab ", "--tokens", "9")[:3] == "ab "
    assert "dev: 159 tokens, 198 characters, 198 bytes" in succeed("eval", *of_run)


def test_samples_are_repeated_by_their_seed_and_go_on_from_the_prompt(trained):
    folder, _ = trained["modern"]
    options = ["sample", "--run", str(folder), "--prompt", "The ", "--tokens", "60"]
    first = succeed(*options)
    assert first == succeed(*options) != succeed(*options, "--seed", "2")
    assert first.startswith("The ") and len(first) == 4 + 60 + 1
    texts = re.split(r"--- sample \d ---\n", succeed(*options, "--count", "3"))[1:]
    assert [len(text) for text in texts] == [4 + 60 + 1] * 3 and len(set(texts)) == 3


@NOT_WINDOWS
def test_text_is_written_as_it_is_made(trained):
    folder, _ = trained["modern"]
    process = programs.start("-m", "gpt", "sample", "--run", str(folder), "--tokens", "1000000000")
    assert len(process.stdout.read(50)) == 50
    interrupt(process, lambda: True)


def test_eval_says_what_training_said(trained):
    for folder, _ in trained.values():
        results = json.loads((folder / "results.json").read_text())
        out = succeed("eval", "--run", str(folder))
        assert f"loss: {results['dev']:.4f} nats a token, context 16" in out
        assert f"{results['dev'] / 0.6931472:.4f} bits a character" in out


def test_loaded_model_continues_text_and_has_the_loss_of_its_run(trained, text):
    for folder, _ in trained.values():
        model, vocabulary = load(folder)
        ids = torch.tensor([vocabulary.encode("The ")])
        assert vocabulary.decode(model.generate(ids, 10)[0].tolist()).startswith("The ")
        split = train_and_dev(open_corpus(text, vocabulary).ids)[1]
        dev = json.loads((folder / "results.json").read_text())["dev"]
        assert estimate_loss(model, split, 16) == pytest.approx(dev, abs=1e-6)


def test_eval_refuses_a_text_that_is_no_longer_the_runs(copy, tmp_path):
    config = json.loads((copy / "config.json").read_text())
    changed = str(tmp_path / "changed.txt")
    Path(changed).write_text(play.write().text[:21000], encoding="utf-8")
    assert "is not what" in mistake(run("train.py", "--resume", str(copy), "--data", changed))
    config["config"]["data"] = changed
    (copy / "config.json").write_text(json.dumps(config))
    assert f"is not the text of {copy}" in mistake(run("eval", "--run", str(copy)))
    succeed("eval", "--run", str(copy), "--data", changed)


def test_attention_is_drawn_for_every_head(trained, tmp_path):
    for model, out in (("modern", tmp_path / "maps.svg"), ("gpt2", tmp_path / "maps.png")):
        options = ["--run", str(trained[model][0]), "--prompt", "The king ", "--out", str(out)]
        assert succeed("attention", *options) == f"{out}: 2 blocks, 2 heads, 9 tokens\n"
        assert out.stat().st_size > 1000


def test_all_signs_can_be_labels(tmp_path):
    figure = draw_maps(torch.rand(1, 1, 4, 4), ["$", "a\n", " ", "_^{"])
    plots.save(figure, tmp_path / "maps.svg")
    assert ElementTree.parse(tmp_path / "maps.svg").getroot().tag.endswith("svg")


def test_exported_model_is_read_by_transformers_and_trained_on(trained, tmp_path, text):
    folder, _ = trained["gpt2"]
    out = tmp_path / "out"
    succeed("export", "--run", str(folder), "--to", str(out))
    assert GPT2LMHeadModel.from_pretrained(out).config.n_positions == 16
    texts = {succeed("sample", "--run", str(path), "--tokens", "40") for path in (folder, out)}
    assert len(texts) == 1
    options = ["--init", str(out), "--model", "gpt2", "--data", text, "--steps", "10"]
    options += ["--runs", str(tmp_path), "--name", "on", "--dtype", "float32", "--lr", "1e-5"]
    succeed("train.py", *options)
    before = json.loads((folder / "results.json").read_text())["dev"]
    after = json.loads((tmp_path / "on" / "results.json").read_text())["dev"]
    assert after == pytest.approx(before, abs=0.02)
    shutil.rmtree(out)  # whoever goes on needs it no more
    assert "resumed at step 10" in succeed("train.py", "--resume", str(tmp_path / "on"))


def test_exported_model_with_tokens_of_several_characters_is_trained_on_by_itself(tmp_path, text):
    write_ranks(tmp_path)
    write(tmp_path, [256, 32, 97, 98] * 200, vocab_size=257, pattern=r"\S+|\s+")
    first, out, on = (tmp_path / name for name in ("first", "out", "on"))
    options = ["--model", "gpt2", "--runs", str(tmp_path)]
    data = str(tmp_path / "tokens.bin")
    succeed("train.py", *options, "--name", "first", "--data", data, *QUICK)
    succeed("export", "--run", str(first), "--to", str(out))
    options += ["--steps", "3", "--dtype", "float32", "--init", str(out)]
    succeed("train.py", *options, "--name", "on", "--data", text)
    shutil.rmtree(out)
    sampled = succeed("sample", "--run", str(on), "--prompt", "ab ", "--tokens", "9")
    assert sampled.startswith("ab ")


def test_ablation_prints_what_each_change_is_worth(tmp_path, text):
    options = ["--data", text, "--steps", "1", "--seeds", "2"]
    out = succeed("ablate", *options, "--runs", str(tmp_path), "--name", "run")
    results = json.loads((tmp_path / "run" / "ablate.json").read_text())
    assert {"all of it", "without Muon", "without QK norm", "GPT-2"} <= set(results)
    for name, result in results.items():
        (row,) = (line for line in out.splitlines() if line.strip().startswith(name + "  "))
        assert f"{mean(result['dev']):.4f}" in row and len(result["dev"]) == 2


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["sample", "--run", "RUN", "--prompt", "∑"], "the text has the character '∑'"),
        (["sample", "--run", "RUN", "--top-p", "2"], "--top-p is a probability"),
        (["attention", "--run", "RUN", "--prompt", ""], "has 0 tokens; it must have 1 to 16"),
        (["attention", "--run", "BIGRAM", "--prompt", "a"], "whose heads cannot be drawn"),
        (["eval", "--run", "RUN", "--block-size", "17"], "at most the model's context, 16"),
        (["export", "--run", "MODERN", "--to", "x"], "is not a GPT-2; train one with --model gpt2"),
        (["export", "--run", "RUN", "--to", "TMP"], "exists; choose another folder"),
    ],
)
def test_mistakes_in_verbs_are_one_line(trained, tmp_path, args, problem):
    known = {"RUN": "gpt2", "MODERN": "modern", "BIGRAM": "bigram"}
    paths = {name: str(trained[model][0]) for name, model in known.items()}
    paths["TMP"] = str(tmp_path)
    assert problem in mistake(run(*(paths.get(arg, arg) for arg in args)))


def test_readme_and_examples_in_the_code_are_true(tmp_path, monkeypatch):
    (tmp_path / "play.txt").write_text(play.write().text[:20000].replace("\n\n", "\nROMEO:\n"))
    options = ["--data", str(tmp_path / "play.txt"), "--runs", str(tmp_path / "runs")]
    succeed("train.py", *options, "--name", "default", *QUICK)
    monkeypatch.chdir(tmp_path)
    assert untrue_in_readme(LESSON) == untrue_in_docstrings(LESSON, "attention chars") == []
