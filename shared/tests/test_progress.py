"""The progress bar, on a terminal and off."""

import io
import re

from rich.console import Console

from shared import progress


def shown(terminal: bool, width: int = 60) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width)
    with progress.bar(3, "training", console) as advance:
        for loss in (0.9, 0.6, 0.31234567):
            advance(loss=loss)
    return re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())


def test_bar_shows_steps_and_the_last_figures():
    last = shown(terminal=True).strip().splitlines()[-1]
    assert "training" in last
    assert "3/3" in last
    assert "loss 0.3123" in last


def test_nothing_is_printed_when_nobody_watches():
    assert shown(terminal=False) == ""


def test_bar_fits_into_a_narrow_terminal():
    lines = shown(terminal=True, width=60).splitlines()
    assert max(map(len, lines)) == 60
