"""The live notebooks as their readers use them: opened in Chromium, sliders moved, texts typed.

Run by `nox -s browser`. A page may ask for nothing outside this machine, and report no error.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {path.stem: path for path in sorted(ROOT.glob("[0-9][0-9]-*/lectures/*.py"))}
RUN = "of-the-browser-test"
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "Chromium is not installed; on Debian, `apt install chromium`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page of the notebook that the test names, once it has run to its end."""
    notebook = NOTEBOOKS[request.param]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "marimo", "run", str(notebook), "--headless"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    problems = []
    try:
        wait_for(f"{address}/health", server)
        page = chromium.new_page()
        page.on("request", lambda r: problems.append(r.url) if not r.url.startswith(ours) else None)
        ours = (address, f"ws://127.0.0.1:{port}", "data:", "blob:")
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        headings = notebook.read_text(encoding="utf-8").count(" ## {at(")
        expect(page.locator("h2")).to_have_count(headings)
        yield page
        assert page.locator(".marimo-error").count() == 0
        page.close()
    finally:
        server.terminate()
        server.wait()
    assert not problems


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers."""
    while server.poll() is None:
        try:
            urlopen(address).close()
            return
        except OSError:
            continue
    raise AssertionError(f"marimo ended with {server.returncode}")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_runs_to_its_end_without_the_lectures_data(name):
    notebook = NOTEBOOKS[name]
    env = {key: value for key, value in os.environ.items() if key != "LM_DATA_DIR"}
    command = [sys.executable, f"lectures/{notebook.name}"]
    folder = notebook.parent.parent
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextmanager
def run_picked(page: Page, lesson: str, *options: str) -> Iterator[dict[str, Any]]:
    """Train with these options, pick the run on the page, and yield its results."""
    run = ROOT / lesson / "runs" / RUN
    command = [sys.executable, "train.py", *options, "--name", RUN]
    try:
        subprocess.run(command, cwd=ROOT / lesson, check=True, capture_output=True)
        page.get_by_role("button", name="Look for runs again").click()
        choice = page.locator("marimo-dropdown", has_text="Your own run").get_by_role("combobox")
        choice.select_option(RUN)
        yield json.loads((run / "results.json").read_text())
    finally:
        shutil.rmtree(run, ignore_errors=True)


def notebook(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", [name], indirect=True)


@pytest.mark.parametrize("page", NOTEBOOKS, indirect=True)
def test_headings_lead_to_the_minutes_of_the_video_in_their_order(page):
    links = page.locator("h2 a")
    expect(links.last).to_contain_text(":")
    expect(page.locator("h2")).to_have_count(links.count())
    seconds = []
    for link in links.all():
        h, m, s = map(int, link.inner_text().split(":"))
        seconds.append(h * 3600 + m * 60 + s)
        assert link.get_attribute("href").endswith(f"&t={seconds[-1]}s")
    assert len(seconds) > 5
    assert seconds == sorted(seconds)


@notebook("micrograd")
def test_gradients_follow_a_typed_expression_and_its_sliders(page):
    page.get_by_label("An expression").fill("w = u * v\nz = w + 4")
    graph = page.locator("svg", has_text="data 5.0000").first
    expect(graph).to_contain_text("vdata 1.0000grad 1.0000")
    page.locator("marimo-slider", has_text="u").first.get_by_role("slider").press("ArrowRight")
    expect(page.locator("svg", has_text="data 5.1000").first).to_contain_text(
        "vdata 1.0000grad 1.1000"
    )


@notebook("micrograd")
def test_wrong_answer_is_named_and_a_right_one_accepted(page):
    form = page.locator("marimo-form", has_text="the slope of a function")
    editor = form.locator(".cm-content")
    for body, answer in (
        ("return f(x + h) - f(x)", "divide by the length of the nudge"),
        ("return (f(x + h) - f(x)) / h", r"Right: \d+ answers, equal to the lesson"),
    ):
        editor.press("ControlOrMeta+a")
        page.keyboard.insert_text(f"def slope(f, x, h=1e-6):\n    {body}\n")
        form.get_by_role("button", name="Check").click()
        expect(page.get_by_text(re.compile(answer))).to_be_visible()


@notebook("micrograd")
def test_finished_run_can_be_picked(page):
    with run_picked(page, "01-micrograd", "--steps", "3") as results:
        answer = f"337 parameters, 3 steps: loss {results['loss']:.4g}"
        expect(page.get_by_text(answer)).to_be_visible()


@notebook("bigrams")
def test_typed_name_is_read_letter_by_letter_and_fake_counts_make_a_rare_one_possible(page):
    page.get_by_label("Your name").fill("Zoé")
    expect(page.get_by_text("Left out: é.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^The loss of zo is \d+\.\d{4} / 3 = "))).to_be_visible()
    expect(page.get_by_text("Loss of andrejq: inf. Never seen: jq.")).to_be_visible()
    slider = page.locator("marimo-slider", has_text="Fake counts").get_by_role("slider")
    slider.press("ArrowRight")
    expect(page.get_by_text(re.compile(r"Loss of andrejq: \d+\.\d{4}\."))).to_be_visible()


@notebook("bigrams")
def test_counted_run_can_be_picked(page):
    options = ["--model", "bigram", "--data", "bundled"]
    with run_picked(page, "02-makemore", *options) as results:
        answer = f"bigram: its dev loss, on names that it has not seen, is {results['dev']:.4f}."
        expect(page.get_by_text(answer)).to_be_visible()


@notebook("tokenizer")
def test_merge_is_played(page):
    page.get_by_label("A text to merge").fill("hug pug hugs")
    expect(page.get_by_text("12 bytes. Move the slider to merge.")).to_be_visible()
    page.locator("marimo-slider", has_text="Merges").first.get_by_role("slider").press("ArrowRight")
    expect(page.get_by_text("117 103 -> 256   [u] [g] -> [ug], 3 times")).to_be_visible()
    expect(page.locator("span[title='256']")).to_have_count(3)


@notebook("gpt")
def test_stage_is_trained_and_its_heads_are_seen_in_a_typed_text(page):
    expect(page.get_by_text("The model has no heads.")).to_be_visible()
    page.get_by_label("stage").select_option("heads")
    steps = page.locator("marimo-slider", has_text="steps").get_by_role("slider")
    steps.press("Home")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile(r"Trained: 100 steps, dev loss 2\.\d+"))).to_be_visible()
    page.get_by_label("A text to read").fill("the king")
    expect(page.get_by_text("Token 7, g, looks at:")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^head \d$"))).to_have_count(4)
    token = page.locator("marimo-slider", has_text="token").last.get_by_role("slider")
    token.press("ArrowLeft")
    expect(page.get_by_text("Token 6, n, looks at:")).to_be_visible()


@notebook("gpt")
def test_run_can_be_looked_into(page):
    expect(page.get_by_text("Read by the bigram, counted.")).to_be_visible()
    options = ["--model", "gpt2", "--data", "bundled", "--n-embd", "16", "--steps", "1"]
    with run_picked(page, "03-gpt", *options, "--evaluations", "1"):
        expect(page.get_by_text(f"Read by the run {RUN}.")).to_be_visible()
        expect(page.get_by_text(re.compile(r"^head \d$"))).to_have_count(4)


@notebook("backprop")
def test_gradient_of_the_reader_is_compared_with_autograds(page):
    page.get_by_label("Tensor, from the loss backward").select_option("counts_sum_inv")
    expect(page.get_by_text("It was copied to all columns of its row")).to_be_visible()
    expect(page.get_by_text("its shape is (32, 27), but that of")).to_be_visible()
    editor = page.locator("marimo-code-editor", has_text="Your gradients").locator(".cm-content")
    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text("dcounts_sum_inv = (dprobs * counts).sum(1, keepdim=True)")
    expect(page.get_by_text("dcounts_sum_inv: exact.")).to_be_visible()


@notebook("activations")
def test_large_weights_saturate_tanh_unless_batch_norm_is_on(page):
    saturated = page.locator("table", has_text="dead units").locator("tbody td").nth(2)
    expect(saturated).to_have_text(re.compile(r"^[12]\d\.\d%$"))
    page.locator("marimo-slider", has_text="gain").nth(1).get_by_role("slider").press("End")
    expect(saturated).to_have_text(re.compile(r"^[456]\d\.\d%$"))
    page.locator("marimo-switch", has_text="batch norm").first.get_by_role("switch").click()
    expect(saturated).to_have_text(re.compile(r"^\d\.\d%$"))


@notebook("mlp")
def test_windows_follow_a_typed_name_and_their_length(page):
    page.get_by_label("A name").fill("zoe")
    expect(page.get_by_text("..z  →  o")).to_be_visible()
    page.get_by_role("slider", name="block_size").first.press("End")
    expect(page.get_by_text(".......z  →  o")).to_be_visible()


@notebook("mlp")
def test_training_is_seen_and_stopped_and_its_network_samples(page):
    page.get_by_role("slider", name="steps", exact=True).press("End")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("Press Train.")).to_be_hidden()
    page.get_by_role("button", name="Stop").first.click()
    expect(page.get_by_text("The model is the last one that you trained above.")).to_be_visible()


@notebook("wavenet")
def test_letters_that_reach_a_unit_follow_the_slider(page):
    page.get_by_label("A name").fill("marianne")
    expect(page.get_by_text("mari reaches this unit.")).to_be_visible()
    page.get_by_role("slider", name="Unit").press("ArrowRight")
    expect(page.get_by_text("anne reaches this unit.")).to_be_visible()
