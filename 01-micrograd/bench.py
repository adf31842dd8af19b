"""How fast the engine is, beside the package it is modeled on, another form of it, and PyTorch.

    nox -s bench        # from the repository's root

Every contender is a process of its own, as a program is: what others have in memory would change
the cost of Python's cycle collector. They take turns, so that whatever else the machine does falls
on all of them; printed are medians, and the median of the ratios of each turn. All take the same
data and weights, and their losses have to agree to 1e-9.
"""

import gc
import json
import math
import subprocess
import sys
import time
import tracemalloc
from statistics import median

from contenders import BATCHED, GPTS, NETWORKS, PEER
from house import benchmarks
from micrograd.engine import Value

TURNS = 5
STEPS = 8  # in a turn; the first one, on cold caches, is not counted
COMMAND = "nox -s bench -- 01-micrograd"


def compare(table: benchmarks.Table, contenders: list[str], base: str) -> None:
    """A row for each contender: milliseconds a step, and how many times as fast as `base`."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    losses: dict[str, list[float]] = {}
    for _ in range(TURNS):
        for name in contenders:
            command = [sys.executable, __file__, "--take-a-turn", name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            times, losses[name] = json.loads(done.stdout)
            seconds[name].append(median(times[1:]))
    for name in contenders:
        both = zip(losses[name], losses[base])
        if BATCHED not in name and not all(math.isclose(*pair, rel_tol=1e-9) for pair in both):
            raise SystemExit(f"the losses of {name} are {losses[name]}, not {losses[base]}")
        ratio = median(b / a for a, b in zip(seconds[name], seconds[base]))
        shown = f"{ratio:,.0f}" if ratio > 100 else f"{ratio:.1f}"
        table.row(name, f"{1000 * median(seconds[name]):,.2f}", shown)


def take_a_turn(name: str) -> None:
    """What a contender's process does: print the seconds and the losses of some steps."""
    sys.setrecursionlimit(100_000)  # for the engines that recurse
    step = (NETWORKS | GPTS)[name]()
    turn = []
    for _ in range(STEPS):
        began = time.perf_counter()
        loss = step()
        turn.append((time.perf_counter() - began, loss))
    print(json.dumps([*zip(*turn)]))


def graph_seconds(n: int) -> float:
    """Seconds to build a graph of n nodes, go backward through it, and release it."""
    began = time.perf_counter()
    a, b, x = Value(0.999), Value(0.001), Value(1.0)
    for _ in range(n // 2):
        x = x * a + b
    x.backward()
    del x
    return time.perf_counter() - began


def compare_sizes(report: benchmarks.Report) -> None:
    """Time and memory per node for graphs of growing size."""
    title = "Graphs of growing size: `x = x * a + b`, built, gone backward through, released"
    columns = ["nodes", "ns a node", "ns with the cycle collector on", "bytes a node"]
    table = report.table("graphs", title, [], columns)
    for n in (10_000, 100_000, 1_000_000):
        gc.disable()
        off = median(graph_seconds(n) for _ in range(5))
        gc.enable()
        on = median(graph_seconds(n) for _ in range(5))
        tracemalloc.start()
        graph_seconds(n)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        table.row(f"{n:,}", f"{1e9 * off / n:.0f}", f"{1e9 * on / n:.0f}", f"{peak / n:.0f}")


def main(report: benchmarks.Report) -> None:
    """Fill the tables."""
    for name, title, contenders, base in (
        ("steps", "A network of 337 parameters, 100 points a step, float64", NETWORKS, PEER),
        ("gpt", "A GPT of 4,192 parameters, a name a step, float64", GPTS, list(GPTS)[2]),
    ):
        table = report.table(name, title, [""], ["ms a step", f"times as fast as {base}"])
        compare(table, list(contenders), base)
        theirs = next(ms for row, ms, _ in table.rows if row == base)
        for row, ms, ratio in table.rows[: 2 if name == "steps" else 1]:
            here = f"{ms} ms, {ratio} times as fast"
            report.result(f"training step, {row}", f"{base}: {theirs} ms", here, COMMAND)
    compare_sizes(report)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--take-a-turn"]:
        take_a_turn(sys.argv[2])
    else:
        benchmarks.run("01-micrograd", main, packages=["torch"])
