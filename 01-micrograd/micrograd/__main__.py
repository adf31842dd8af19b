"""`python -m micrograd draw`: the graph of the documented example, with its gradients."""

import sys
from dataclasses import dataclass
from pathlib import Path

try:
    import graphviz

    from shared import cli, runs
except ImportError as missing:
    setup = "in the repository's root folder run `make setup`, then `. .venv/bin/activate`"
    sys.exit(f"error: {missing}; {setup}")

from micrograd import draw
from micrograd.example import example


@dataclass
class Draw:
    """Draw the graph of the example expression: every value, its gradient, every operation."""

    out: Path | None = None
    """File for the SVG picture, which Graphviz draws. Without it, the DOT text is printed."""

    def run(self) -> None:
        if self.out:
            cli.require(self.out.suffix == ".svg", "--out", self.out, "a name ending in .svg")
            cli.require(self.out.parent.is_dir(), "--out", self.out, "in a folder that exists")
            cli.require(not self.out.exists(), "--out", self.out, "a file that does not exist yet")
        a, b, g = example()
        g.backward()
        if self.out is None:
            print(draw.graph(g).source, end="")
            return
        try:
            svg = draw.svg(g)
        except graphviz.ExecutableNotFound:
            print(draw.graph(g).source, end="")
            raise cli.UserError(
                "Graphviz's program `dot` is not installed, so no picture; above is the DOT text"
            ) from None
        runs.write_text(self.out, svg)
        print(f"g = {g.data:.4f}, dg/da = {a.grad:.4f}, dg/db = {b.grad:.4f}")
        print(f"picture: {self.out}")


if __name__ == "__main__":
    cli.run_verbs({"draw": Draw}, "Look at the micrograd engine at work.")
