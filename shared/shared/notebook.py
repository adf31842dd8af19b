"""What the lectures' notebooks share: links to the video, code, pictures, exercises, runs.

Only the notebooks import it, since it needs marimo.
"""

import contextlib
import inspect
import io
import json
import os
import re
import shutil
import tempfile
import textwrap
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import marimo as mo

from shared.checking import check
from shared.exercises import Ladder, blanked, definition, find, with_definition

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def minute(video: str, time: str) -> str:
    """A link that opens the video at h:mm:ss, in Markdown."""
    h, m, s = map(int, time.split(":"))
    return f"[{time}](https://www.youtube.com/watch?v={video}&t={h * 3600 + m * 60 + s}s)"


def code(*things: Callable[..., Any] | type) -> mo.Html:
    """The code of functions, methods or classes, and the file that they stand in."""
    file = Path(inspect.getsourcefile(things[0]) or "")
    texts = [textwrap.dedent(inspect.getsource(thing)) for thing in things]
    texts = [re.sub(r"\A@app\..*\n", "", text) for text in texts]
    return mo.md(f"`{file.parent.name}/{file.name}`\n\n```python\n{chr(10).join(texts)}```")


def row(*parts: object) -> mo.Html:
    """Side by side, or below each other where there is no room."""
    return mo.hstack(parts, wrap=True, justify="start", align="center")


def wide(svg: str) -> mo.Html:
    """A picture in its own size, which scrolls sideways where there is no room for it."""
    return mo.Html(f'<div style="overflow-x: auto">{svg}</div>')


def plot(height: float, **settings: Any) -> "Axes":
    """Axes to draw on, in a figure `height` inches high; `settings` are those of `add_subplot`.

    The margins are fixed, since a layout that is worked out takes as long as all the rest.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, height))
    figure.subplots_adjust(left=0.11, right=0.98, bottom=0.5 / height, top=1 - 0.35 / height)
    return figure.add_subplot(**settings)


def show(axes: "Axes") -> mo.Html:
    """The figure of these axes without a background, in a gray that both themes can show."""
    import matplotlib

    gray = "#888888"
    axes.set_facecolor("none")
    axes.tick_params(colors=gray)
    for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
        text.set_color(gray)
    for spine in axes.spines.values():
        spine.set_edgecolor(gray)
    if legend := axes.get_legend():
        legend.get_frame().set_alpha(0)
        for text in legend.get_texts():
            text.set_color(gray)
    figure = axes.get_figure(root=True)
    assert figure
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "lm-lessons"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(
        "<svg ", '<svg style="max-width: 100%; height: auto" ', 1
    )
    return mo.Html(svg)


def exercise(ladder: Ladder, name: str) -> Any:
    """An editor with the code of a step of `learn`, its body blank, and a button that checks it."""
    step = ladder.steps[name]
    _, target = ladder.place(step)
    text = definition(blanked(ladder.source(step), target, step.write), target)
    return mo.ui.code_editor(textwrap.dedent(text), label=f"Your turn: {step.title}").form(
        submit_button_label="Check", bordered=False
    )


def answer(ladder: Ladder, name: str, text: str | None) -> mo.Html:
    """What `learn check` says of a step as it was written in the editor of `exercise`."""
    step = ladder.steps[name]
    hints = mo.accordion(
        {f"Hint {number}": mo.md(hint) for number, hint in enumerate(step.hints, start=1)}
    )
    if text is None:
        return mo.vstack([mo.md("Write the body, then press *Check*."), hints])
    path, target = ladder.place(step)
    lesson = ladder.source(step)
    with contextlib.suppress(SyntaxError):  # `check` says what it is
        try:
            find(text, target.rpartition(".")[2])
        except ValueError:
            return mo.callout(
                mo.md(f"Keep the line that begins the definition of `{target}`."), "warn"
            )
    body = textwrap.indent(text.strip("\n") + "\n", " " * find(lesson, target).col_offset)
    with tempfile.TemporaryDirectory() as temporary, mo.status.spinner("Checking your code …"):
        mine = Path(temporary)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ladder.lesson / ladder.package, mine / ladder.package, ignore=ignored)
        (mine / path).write_text(with_definition(lesson, target, body), encoding="utf-8")
        verdict = check(ladder, step, mine)
    says = verdict.text.replace(f"{mine}{os.sep}", "")
    if not verdict.right:
        return mo.vstack([mo.callout(mo.md(f"**Not yet.** {says}"), "danger"), hints])
    lines = textwrap.dedent(definition(lesson, target))
    right = f"**Right:** {len(step.probes)} answers, equal to the lesson's.\n\n{says}"
    return mo.vstack(
        [
            mo.callout(mo.md(right), "success"),
            mo.accordion({"The lesson's lines": mo.md(f"```python\n{lines}```")}),
        ]
    )


def runs(folder: Path, **results: Any) -> dict[str, Path]:
    """The finished runs in a folder whose results have these values, the latest first, by name."""
    files = folder.glob("*/results.json")
    found = [file.parent for file in files if results.items() <= read_json(file).items()]
    found.sort(key=lambda run: run.stat().st_mtime, reverse=True)
    return {run.name: run for run in found}


def read_json(file: Path) -> Any:
    """What a file of a run holds."""
    return json.loads(file.read_text(encoding="utf-8"))


def in_script() -> bool:
    """Whether the notebook runs as a program, without a reader who presses buttons."""
    return mo.app_meta().mode == "script"


def wait_for(button: Any, says: str) -> None:
    """End the cell with this text until the run button is pressed; a program does not wait."""
    mo.stop(not (in_script() or button.value), mo.md(says))


def play(pictures: Iterable[mo.Html]) -> None:
    """Show these in a cell, one after the other, as they are made; their maker asks `stopped`."""

    def show_each() -> None:
        for picture in pictures:
            mo.output.replace(picture)

    if in_script():
        show_each()
    else:
        mo.Thread(target=show_each).start()


def stopped() -> bool:
    """Whether the cell in which `play` shows pictures has run again, and these should end."""
    return not in_script() and mo.current_thread().should_exit


def loss_curve(losses: list[float], steps: int) -> mo.Html:
    """The losses so far, of this many steps; each point is the mean of a fortieth of the steps."""
    size = max(1, steps // 40)
    ends = range(size, len(losses) + 1, size)
    means = [sum(losses[end - size : end]) / size for end in ends]
    axes = plot(2.4, xlabel="step", ylabel="loss", xlim=(0, 1.03 * steps))
    axes.plot(ends, means, marker=".")
    if means:
        axes.set_title(f"step {ends[-1]:,}: loss {means[-1]:.4f}")
    return show(axes)


def loss_curves(training: Iterable[float], steps: int) -> Generator[mo.Html, None, list[float]]:
    """Yield the curve of the losses again and again while they come; return them all."""
    losses: list[float] = []
    for loss in training:
        losses.append(loss)
        if len(losses) % max(1, steps // 40) == 0:
            yield loss_curve(losses, steps)
        if stopped():
            break
    return losses
