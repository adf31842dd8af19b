"""The pictures that several lessons draw: loss curves and heat maps.

Each function returns a matplotlib figure, and `save` writes it, as SVG or PNG by the file's name.
No window is opened, and matplotlib's global state is left alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curve = Sequence[tuple[float, float]]


def loss_curve(
    curves: Mapping[str, Curve],
    lines: Mapping[str, float] | None = None,
    ylabel: str = "loss",
    xlabel: str = "step",
) -> "Figure":
    """Loss against training step: one line for each name in `curves`, a list of (step, loss).

    `lines` are losses to compare them with, by name, drawn dashed.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel=xlabel, ylabel=ylabel)
    for name, curve in curves.items():
        axes.plot([step for step, _ in curve], [loss for _, loss in curve], label=name)
    for i, (name, loss) in enumerate((lines or {}).items()):
        axes.axhline(loss, color=f"{0.3 + 0.2 * (i % 3):.1f}", linestyle="--", label=name)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def heat_map(
    cells: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str], title: str = ""
) -> "Figure":
    """A matrix as colors; `cells[i][j]` is where row i meets column j."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.5 + 0.25 * len(columns), 1 + 0.25 * len(rows)), layout="constrained")
    axes = figure.add_subplot(title=title)
    image = axes.imshow(cells, cmap="Blues")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    figure.colorbar(image, shrink=0.8)
    return figure


def save(figure: "Figure", path: Path) -> None:
    """Write the figure to `path`; the same figure gives the same bytes."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "lm-lessons"}):
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)
