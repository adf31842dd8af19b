"""The progress bar, on a terminal and off."""

import io
import re

from rich.console import Console

from shared import progress


def shown(terminal: bool, width: int = 60) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width)
    with progress.bar(1000, "training", console) as advance:
        for loss in (0.9, 0.6, 0.31234567):
            advance(loss=loss, accuracy=0.98768)
    return re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())


def test_bar_shows_steps_and_the_last_figures():
    last = shown(terminal=True).strip().splitlines()[-1]
    assert "training" in last
    assert "3/1000" in last
    assert "loss 0.3123 accuracy 0.9877" in last


def test_bar_of_a_resumed_run_begins_where_it_was_and_moves_by_more_than_one():
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    with progress.bar(100, "training", console, done=40) as advance:
        advance(5, loss=1.0)
    assert "45/100" in console.file.getvalue()


def test_nothing_is_printed_when_nobody_watches():
    assert shown(terminal=False) == ""
