"""The exercises: every mistake is named as itself, and no right solution is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from micrograd.exercises import LADDER
from shared.exercises import definition, with_body, with_definition
from shared.proving import problems, verdict

LESSON = Path(__file__).parent.parent


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
