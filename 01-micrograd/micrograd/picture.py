"""The graph of an expression as an SVG picture, without Graphviz.

`draw.py` leaves the layout to Graphviz's program `dot`, which a reader may not have. Here it is a
simple one: a value stands to the right of all it was computed from, and halfway between them.
"""

from html import escape
from itertools import pairwise

from micrograd.draw import number
from micrograd.engine import Value

WIDTH, HEIGHT = 104, 58  # of a box
OVAL = 24  # half the width of an operation
GAP_X, GAP_Y = 40, 14
COLUMN = WIDTH + 2 * OVAL + 12 + GAP_X


def svg(root: Value, current: Value | None = None) -> str:
    """The graph of `root`; the box of the node `current` is drawn in color.

    Lines and letters have the color of the text around the picture, in a light or a dark theme.
    """
    places = _places(root)
    width = max(x for x, _ in places.values()) + WIDTH + 4
    height = max(y for _, y in places.values()) + HEIGHT + 4
    parts = []
    for node, (x, y) in places.items():
        if node._op:
            middle = y + HEIGHT / 2
            left = x - 12 - 2 * OVAL
            parts.append(
                f'<ellipse cx="{left + OVAL}" cy="{middle}" rx="{OVAL}" ry="13"/>'
                f'<path d="M{left + 2 * OVAL} {middle}h12"/>'
                f'<text stroke="none" fill="currentColor" x="{left + OVAL}" y="{middle + 4}" '
                f'text-anchor="middle">'
                f"{escape(node._op)}</text>"
            )
            for child in node._prev:
                a, b = places[child]
                start, height_of_child = a + WIDTH, b + HEIGHT / 2
                bend = (left - start) / 2
                parts.append(
                    f'<path d="M{start} {height_of_child}c{bend} 0 {bend} '
                    f'{middle - height_of_child} {2 * bend} {middle - height_of_child}"/>'
                )
        parts.append(_box(node, x, y, node is current))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="-2 -2 {width} {height}" font-family="monospace" font-size="12" fill="none" '
        f'stroke="currentColor">{"".join(parts)}</svg>'
    )


def _box(node: Value, x: float, y: float, colored: bool) -> str:
    """The box of a node: label, data, gradient."""
    style = ' stroke="#e07b00" stroke-width="3"' if colored else ""
    text = '<text stroke="none" fill="currentColor"'
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4"{style}/>'
        f'{text} x="{x + 8}" y="{y + 16}" font-weight="bold">{escape(node.label)}</text>'
        f'{text} x="{x + 8}" y="{y + 32}">data {number(node.data)}</text>'
        f'<text stroke="none" fill="#e07b00" x="{x + 8}" y="{y + 48}">grad {number(node.grad)}'
        "</text>"
    )


def _places(root: Value) -> dict[Value, tuple[float, float]]:
    """Where the box of every node stands: (x, y) of its upper left corner."""
    order = _children_first(root)
    column: dict[Value, int] = {}
    for node in order:
        column[node] = 1 + max((column[child] for child in node._prev), default=-1)
    last: dict[Value, int] = {}  # a leaf stands just before the first operation that uses it
    for node in order:
        for child in node._prev:
            if not child._prev:
                last[child] = min(last.get(child, column[node] - 1), column[node] - 1)
    column |= last
    height: dict[Value, float] = {}
    leaves = 0
    for node in order:
        if node._prev:
            height[node] = sum(height[child] for child in node._prev) / len(node._prev)
        else:
            height[node] = leaves * (HEIGHT + GAP_Y)
            leaves += 1
    for x in set(column.values()):  # boxes in a column must not overlap
        nodes = sorted((n for n in order if column[n] == x), key=lambda n: height[n])
        for above, below in pairwise(nodes):
            height[below] = max(height[below], height[above] + HEIGHT + GAP_Y)
    return {node: (column[node] * COLUMN, height[node]) for node in order}


def _children_first(root: Value) -> list[Value]:
    """All nodes, leaves included, each after its children."""
    order: dict[Value, None] = {}
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order[node] = None
        elif node not in order:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node._prev))
    return [*order]
