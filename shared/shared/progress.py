"""A progress bar that shows the latest loss, built on rich.

When the output is not a terminal (a file, a pipe, a test), nothing is printed.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column


@contextmanager
def bar(
    total: int, label: str, console: Console | None = None, done: int = 0
) -> Iterator[Callable[..., None]]:
    """A bar of `total` steps, of which some are `done` already.

    Yields `advance`: `advance(loss=0.5)` goes one step further and shows the loss, `advance(n, …)`
    goes n steps further. Figures that are not finite, as the best loss before there is one, are
    not shown.

    >>> with bar(2, "training") as advance:
    ...     for loss in (0.9, 0.7):
    ...         advance(loss=loss)
    """
    console = console or Console()
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),  # what the others leave
        MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=len(f"{total}/{total}"))),
        TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True, min_width=5)),
        TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True)),
        console=console,
        disable=not console.is_terminal,
        expand=True,
    )
    with progress:
        task = progress.add_task(label, total=total, completed=done, figures="")

        def advance(steps: int = 1, /, **figures: float) -> None:
            known = {name: value for name, value in figures.items() if math.isfinite(value)}
            text = " ".join(f"{name} {value:.4g}" for name, value in known.items())
            progress.update(task, advance=steps, figures=text)

        yield advance
