"""The exercises: every mistake is named as itself, and no right solution is refused."""

import os
import subprocess
import sys

import pytest

from house.exercises import dialogue, problems, verdict
from micrograd.exercises import LADDER
from shared.exercises import with_body


def test_every_step_can_be_cut_out_is_called_in_training_and_knows_its_mistakes():
    assert problems(LADDER) == []


RIGHT = {
    "slope": [
        "return (f(x + h) - f(x)) / h",
        "h = 0.001\nrise = f(x + h) - f(x)\nreturn rise / h",
        "return (f(x) - f(x - h)) / h",
    ],
    "mul": [
        """
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out
        """,
        """
        if not isinstance(other, Value):
            return Value(self.data * other, [self], "*", [other])
        return Value(self.data * other.data, [other, self], "*", [self.data, other.data])
        """,
    ],
    "tanh": [
        """
        x = self.data
        t = (math.exp(2 * x) - 1) / (math.exp(2 * x) + 1)
        out = Value(t, (self,), "tanh")
        def _backward():
            self.grad += (1 - t**2) * out.grad
        out._backward = _backward
        return out
        """,
        "e = (self * 2).exp()\nreturn (e - 1) / (e + 1)",
        "return 2 * (2 * self).sigmoid() - 1",
    ],
    "chain-rule": [
        "for i in range(len(self._prev)):\n    self._prev[i].grad += self.grad * self._local[i]",
    ],
    "topological-order": [
        """
        topo, visited = [], set()
        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build_topo(child)
                topo.append(v)
        build_topo(root)
        return topo
        """,
        """
        parents, nodes = {root: 0}, [root]
        for v in nodes:
            for child in v._prev:
                if child not in parents:
                    parents[child] = 0
                    nodes.append(child)
                parents[child] += 1
        ready, order = [root], []
        while ready:
            v = ready.pop()
            order.append(v)
            for child in v._prev:
                parents[child] -= 1
                if parents[child] == 0:
                    ready.append(child)
        return order[::-1]
        """,
    ],
    "backward": [
        """
        topo, visited = [], set()
        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build_topo(child)
                topo.append(v)
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
    "sgd": [
        "for p in self.parameters:\n    p.data += -self.lr * p.grad",
        "for p in self.parameters:\n    p.data -= self.lr * p.grad\nself.zero_grad()",
    ],
}


@pytest.mark.parametrize("name", RIGHT)
def test_other_styles_are_right(name):
    for body in RIGHT[name]:
        said = verdict(LADDER, LADDER.steps[name], body)
        assert said.right, said.text


def test_a_learner_writes_a_step_and_trains_with_it(tmp_path):
    def learn(*args):
        command = [sys.executable, "-m", "micrograd", "learn", *args, "--mine", "mine"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(LADDER.lesson), *sys.path])}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)

    assert learn("start", "max-margin").returncode == 0
    path = tmp_path / "mine" / "micrograd" / "losses.py"
    blank = path.read_text(encoding="utf-8")
    train = [sys.executable, "train.py"]
    done = subprocess.run(train, cwd=tmp_path / "mine", capture_output=True, text=True)
    assert "NotImplementedError" in done.stderr

    wrong = "return sum([1 - y * s for s, y in zip(scores, labels)]) / len(scores)"
    path.write_text(with_body(blank, "max_margin", wrong), encoding="utf-8")
    done = learn("check")
    assert done.returncode == 1
    assert done.stdout.startswith("Not yet. A score that is right by more than the margin lowers")

    right = "return sum([(1 - y * s).relu() for s, y in zip(scores, labels)]) / len(scores)"
    path.write_text(with_body(blank, "max_margin", right), encoding="utf-8")
    done = learn("check")
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "Right")
    done = subprocess.run(train, cwd=tmp_path / "mine", capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "step 100: loss 0.0000, accuracy 100.0%"


def test_the_dialogue_of_the_readme_is_what_a_learner_sees(tmp_path):
    commands = list(dialogue(LADDER, tmp_path))
    assert len(commands) >= 3
    for command, printed, expected in commands:
        assert printed == expected, command
