"""The exercises: every mistake is named as itself, and no right solution is refused."""

import os
import subprocess
import sys

from house.exercises import outdated, problems, refused
from micrograd.exercises import LADDER, LECTURES_MUL, LECTURES_TANH
from shared.exercises import with_body


def test_every_step_can_be_cut_out_is_called_in_training_and_knows_its_mistakes():
    assert problems(LADDER) == []


LECTURES_ORDER = """
topo, visited = [], set()
def build_topo(v):
    if v not in visited:
        visited.add(v)
        for child in v._prev:
            build_topo(child)
        topo.append(v)
"""
RIGHT = {
    "slope": [
        "h = 0.001\nrise = f(x + h) - f(x)\nreturn rise / h",
        "return (f(x) - f(x - h)) / h",
    ],
    "mul": [
        LECTURES_MUL,
        """
        if not isinstance(other, Value):
            return Value(self.data * other, [self], "*", [other])
        return Value(self.data * other.data, [other, self], "*", [self.data, other.data])
        """,
    ],
    "tanh": [
        LECTURES_TANH,
        "e = (self * 2).exp()\nreturn (e - 1) / (e + 1)",
    ],
    "chain-rule": [
        "for i in range(len(self._prev)):\n    self._prev[i].grad += self.grad * self._local[i]",
    ],
    "topological-order": [
        f"{LECTURES_ORDER}\nbuild_topo(root)\nreturn topo",
        """
        order, nodes = [], [root]
        for v in nodes:
            nodes += v._prev
        while root not in order:
            order += [v for v in {*nodes} - {*order} if all(c in order for c in v._prev)]
        return order
        """,
    ],
    "backward": [
        f"""{LECTURES_ORDER}
build_topo(self)
self.grad = 1.0
for node in reversed(topo):
    node._backward()
""",
        """
        order = _topological_order(self)[::-1]
        kept = [node.grad for node in order]
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in order:
            node._chain_rule()
        for node, grad in zip(order, kept):
            node.grad += grad
        """,
    ],
    "neuron": [
        """
        act = self.b
        for i in range(len(x)):
            act += self.w[i] * x[i]
        if not self.nonlin:
            return act
        return {"relu": act.relu, "tanh": act.tanh, "sigmoid": act.sigmoid}[self.activation]()
        """,
    ],
    "max-margin": [
        "losses = [(1 + -yi * si).relu() for yi, si in zip(labels, scores)]\n"
        "return sum(losses) * (1.0 / len(losses))",
        """
        total = Value(0)
        for s, y in zip(scores, labels):
            if y * s.data < 1:
                total = total + 1 - y * s
        return total / len(scores)
        """,
    ],
    "sgd": ["for p in self.parameters:\n    p.data += -self.lr * p.grad"],
}


def test_other_styles_are_right():
    assert refused(LADDER, RIGHT) == []


def test_a_learner_writes_a_step_and_trains_with_it(tmp_path):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(LADDER.lesson), *sys.path])}
    learn = [sys.executable, "-m", "micrograd", "learn"]
    subprocess.run([*learn, "start", "max-margin"], cwd=tmp_path, env=env, check=True)
    train = [sys.executable, "train.py"]
    done = subprocess.run(train, cwd=tmp_path / "mine", capture_output=True, text=True)
    assert "NotImplementedError" in done.stderr

    path = tmp_path / "mine" / "micrograd" / "losses.py"
    body = RIGHT["max-margin"][0]
    path.write_text(with_body(path.read_text("utf-8"), "max_margin", body), encoding="utf-8")
    subprocess.run([*learn, "check"], cwd=tmp_path, env=env, check=True)
    done = subprocess.run(train, cwd=tmp_path / "mine", capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "step 100: loss 0.0000, accuracy 100.0%"


def test_the_dialogue_of_the_readme_is_what_a_learner_sees(tmp_path):
    assert outdated(LADDER, tmp_path) == []
