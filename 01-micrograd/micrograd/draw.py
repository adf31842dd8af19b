"""Pictures of the graph that an expression left behind: what was computed, and every gradient.

The lecture's `draw_dot` (youtube.com/watch?v=VMj-3S1tku0), on the `graphviz` package. A value is a
box with its label, data and gradient; an operation is an oval in front of its result.
"""

import graphviz

from micrograd.engine import Value


def graph(root: Value) -> graphviz.Digraph:
    """The graph of `root`. Its `source` is the DOT text; in a notebook it shows itself.

    Nodes are numbered as they are found from `root`, so the same expression gives the same text.
    """
    dot = graphviz.Digraph(graph_attr={"rankdir": "LR"}, node_attr={"shape": "record"})
    numbers = {root: 0}
    for node in (todo := [root]):  # grows as children are found
        name = str(numbers[node])
        dot.node(name, _record(node))
        if node._op:
            dot.node(name + "op", graphviz.escape(node._op), shape="ellipse")
            dot.edge(name + "op", name)
        for child in node._prev:
            if child not in numbers:
                numbers[child] = len(numbers)
                todo.append(child)
            dot.edge(str(numbers[child]), name + "op")
    return dot


def svg(root: Value) -> str:
    """The graph of `root` as an SVG picture.

    Raises `graphviz.ExecutableNotFound` when Graphviz's program `dot` is not installed.
    """
    return str(graph(root).pipe(format="svg", encoding="utf-8"))


def _record(node: Value) -> str:
    """Fields one above the other: label (where there is one), data, gradient."""
    fields = [f"data {number(node.data)}", f"grad {number(node.grad)}"]
    if node.label:
        escaped = (f"\\{c}" if c in "\\{}|<> " else c for c in node.label)
        fields.insert(0, "".join(escaped).replace("&", "&amp;"))
    return "|".join(fields)


def number(x: float) -> str:
    """Four decimals, or four digits where these would be none or very many."""
    return f"{x:.4f}" if x == 0 or 1e-3 <= abs(x) < 1e6 else f"{x:.4g}"
