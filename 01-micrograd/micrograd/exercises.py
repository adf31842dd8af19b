"""Write it yourself: the steps of this lesson, and the mistakes that people make at each of them.

`python -m micrograd learn` takes you through them; how a step is declared stands in
`shared.exercises`. Read it as a list of what goes wrong when one writes micrograd for the first
time, but write first.
"""

import math
from collections.abc import Callable
from typing import Any

from micrograd.engine import Value, _topological_order
from micrograd.gradcheck import slope
from micrograd.losses import max_margin
from micrograd.nn import Neuron
from micrograd.optim import SGD
from shared.exercises import Ladder, Mistake, Step

VIDEO = "VMj-3S1tku0"

# A derivative, by its definition.

SLOPE = Step(
    "slope",
    "gradcheck.slope",
    "the slope of a function, by nudging its input",
    lecture=f"{VIDEO} 0:08:08",
    term="derivative",
    write="Nudge x by h, and return how far f moves for each unit of the nudge.",
    hints=(
        "`f` is an ordinary function: f(x) is where you are, f(x + h) is where a nudge takes you.",
        "Rise over run: the change of the output, divided by the change of the input.",
        "(f(x + h) - f(x)) / h; or both ways, from x - h to x + h, which is more exact.",
    ),
    probes=(
        "slope(lambda x: x**2, 3.0)",
        "slope(lambda x: 3 * x**2 - 4 * x + 5, 3.0)",
        "slope(lambda x: 3 * x**2 - 4 * x + 5, 2 / 3)",
        "slope(lambda x: 5 - 2 * x, 10.0)",
        "slope(lambda x: 5 - 2 * x, 10.0, h=0.25)",
        "slope(lambda x: x**3 + x, -1.0)",
        "slope(math.sin, 1.0)",
        "slope(lambda x: 7.0, 1.0)",
    ),
    parts={
        "": "A slope is how far the output moves, f(x + h) - f(x), for each unit that the input "
        "moves, so divided by h."
    },
    tolerance=0.005,  # a nudge to one side only is right, too, and with a larger h
    mistakes=(
        Mistake(
            "That is how far the output moves. A slope is how far it moves for each unit that the "
            "input moves: divide by the length of the nudge.",
            "return f(x + h) - f(x)",
            "return f(x + h) - f(x - h)",
        ),
        Mistake(
            "This is twice the slope. From x - h to x + h the input moves by 2h, so divide by 2h.",
            {"/ (2 * h)": "/ h"},
        ),
        Mistake(
            "You multiply by h, and should divide by it. `… / 2 * h` divides by 2 only: put the "
            "divisor into parentheses, `… / (2 * h)`.",
            {"/ (2 * h)": "/ 2 * h"},
        ),
        Mistake(
            "This is half the slope. From x to x + h the input moves by h only, so divide by h.",
            "return (f(x + h) - f(x)) / (2 * h)",
        ),
        Mistake(
            "The sign is the opposite: a function that rises has a positive slope. Subtract where "
            "you were from where the nudge took you, not the other way round.",
            {"f(x + h) - f(x - h)": "f(x - h) - f(x + h)"},
            "return (f(x) - f(x + h)) / h",
        ),
        Mistake(
            "The division comes before the subtraction, as in school: only the second term is "
            "divided by h. Put the difference into parentheses.",
            "return f(x + h) - f(x) / h",
            "return f(x + h) - f(x - h) / (2 * h)",
        ),
        Mistake(
            "You divide where the function is, not how far it has moved. Subtract f(x) first.",
            "return f(x + h) / h",
            "return f(h) / h",
            "return f(x) / x",
        ),
        Mistake(
            "You get 0, since `f` is called twice with the same number. A nudge may be too small, "
            "too: a float has about 16 digits, so 3.0 + 1e-20 is 3.0. Take the h that is given.",
            "h = 1e-20\nreturn (f(x + h) - f(x)) / h",
        ),
        Mistake(
            "That is the derivative of one function, x². `f` may be any: call it at two places.",
            "return 2 * x",
        ),
        Mistake(
            "A slope may be negative: a function that falls has one. Leave its sign as it is.",
            "return abs((f(x + h) - f(x)) / h)",
        ),
        Mistake(
            "You nudge the output. Nudge the input, x + h, and let f say what becomes of it.",
            "return (f(x) + h - f(x)) / h",
        ),
    ),
)


# Operations, each with its derivatives.


def gradients(f: Callable[..., Value], *inputs: float) -> Any:
    """The value of f(inputs), and the gradient of each input."""
    values = [Value(x) for x in inputs]
    out = f(*values)
    if not isinstance(out, Value):
        return returned(out)
    out.backward()
    return {
        "returned": "a Value",
        "data": out.data,
        "inputs": [value.data for value in values],
        "gradients": [value.grad for value in values],
    }


def returned(out: object) -> Any:
    """What is to be said of an answer that is not a Value."""
    return out if out is None else {"returned": type(out).__name__}


WRAP = "other = other if isinstance(other, Value) else Value(other)"
NO_CHAIN_RULE = (
    "You pass on the local derivative alone. The chain rule multiplies it by the gradient that "
    "arrived at the result, `out.grad`; what comes after this operation matters, too."
)
OVERWRITTEN = (
    "Your gradients overwrite each other instead of adding up: a value that is used twice gets "
    "only one of its two contributions. Where you wrote `=`, the chain rule needs `+=`."
)
NOT_A_VALUE = "Your code does not return a Value."
PLAIN_NUMBER = (
    "You return a plain number, which remembers nothing, so no gradient can go back through it. "
    "Return a Value that knows its children and its derivatives."
)

MUL = Step(
    "mul",
    "engine.Value.__mul__",
    "a product, and its derivatives",
    lecture=f"{VIDEO} 1:09:02",
    term="derivative",
    write=(
        "Return a new Value: the product of the two numbers, its children (self, other), the "
        'operation "*", and the derivative of the product with respect to each child. '
        "`other` may be a plain number. (The lecture's way, with out._backward = _backward, works, "
        "too.)"
    ),
    hints=(
        "`__add__`, a few lines above, does the same for a sum. Only the value and the two "
        "derivatives are different.",
        "If a is nudged by h, then a * b moves by h * b. So how steep is a * b in a?",
        "The derivative with respect to one factor is the other factor: (other.data, self.data).",
    ),
    probes=(
        "gradients(lambda a, b: a * b, 2.0, -3.0)",
        "gradients(lambda a: a * 4, 2.0)",
        "gradients(lambda a: a * a, 3.0)",
        "gradients(lambda a, b: (a * b) * 5, 2.0, -3.0)",
        "gradients(lambda a, b, c: (a * b + c) * (b * c), 0.7, -1.3, 2.1)",
    ),
    parts={
        "returned": NOT_A_VALUE,
        "data": "The number is not the product of the two numbers.",
        "inputs": "Your code changes the factors. Make a new Value for the product.",
        "gradients": "The product is right, its derivatives are not. With respect to one factor, "
        "the derivative is the other factor.",
    },
    mistakes=(
        Mistake(
            "Each factor gets its own value as its gradient. It should be the other one: if a is "
            "nudged by h, then a * b moves by h * b.",
            {"(other.data, self.data)": "(self.data, other.data)"},
        ),
        Mistake(
            "These are the derivatives of a sum, where each child's nudge arrives unchanged. In a "
            "product, a nudge of one factor is multiplied by the other factor.",
            {"(other.data, self.data)": "(1.0, 1.0)"},
        ),
        Mistake(
            "`a * 4` fails: there, `other` is a plain number, which has no `.data`. Make a Value "
            "of it first, as the other operations do.",
            {WRAP: "pass"},
        ),
        Mistake(
            "The value is right, but no gradient comes through: the result does not know its "
            "children and the derivatives with respect to them.",
            {', (self, other), "*", (other.data, self.data)': ""},
        ),
        Mistake(PLAIN_NUMBER, WRAP + "\nreturn self.data * other.data"),
        Mistake(
            "Only one of the two factors gets a gradient. Both are children of the product, and "
            "each has its own derivative.",
            {"(self, other)": "(self,)", "(other.data, self.data)": "(other.data,)"},
            {"(self, other)": "(other,)", "(other.data, self.data)": "(self.data,)"},
        ),
        Mistake(
            "You multiply by the data of the result. The chain rule multiplies the local "
            "derivative by the gradient that arrived at the result, `out.grad`.",
            f"""
            {WRAP}
            out = Value(self.data * other.data, (self, other), "*")
            def _backward():
                self.grad += other.data * out.data
                other.grad += self.data * out.data
            out._backward = _backward
            return out
            """,
        ),
        Mistake(
            "The derivatives are Values. They have to be plain numbers: other.data and self.data.",
            {"(other.data, self.data)": "(other, self)"},
        ),
        Mistake(
            "The factors change each other's gradient right away, while the product is computed. "
            "Only when backward() comes to the product is it known what to pass on.",
            f"""
            {WRAP}
            out = Value(self.data * other.data, (self, other), "*")
            self.grad += other.data
            other.grad += self.data
            return out
            """,
        ),
        Mistake(
            NO_CHAIN_RULE,
            f"""
            {WRAP}
            out = Value(self.data * other.data, (self, other), "*")
            def _backward():
                self.grad += other.data
                other.grad += self.data
            out._backward = _backward
            return out
            """,
        ),
        Mistake(
            OVERWRITTEN,
            f"""
            {WRAP}
            out = Value(self.data * other.data, (self, other), "*")
            def _backward():
                self.grad = other.data * out.grad
                other.grad = self.data * out.grad
            out._backward = _backward
            return out
            """,
            f"""
            {WRAP}
            out = Value(self.data * other.data, (self, other), "*")
            def _backward():
                self.grad += other.data * out.grad
                other.grad = self.data * out.grad
            out._backward = _backward
            return out
            """,
            f"""
            {WRAP}
            out = Value(self.data * other.data, (self, other), "*")
            def _backward():
                self.grad = other.data * out.grad
                other.grad += self.data * out.grad
            out._backward = _backward
            return out
            """,
        ),
    ),
)

TANH = Step(
    "tanh",
    "engine.Value.tanh",
    "tanh, and its derivative",
    lecture=f"{VIDEO} 1:09:02",
    term="activation function",
    write=(
        'Return a new Value: tanh of the number, its only child (self,), the operation "tanh", and '
        "the derivative, (…,)."
    ),
    hints=(
        "`math.tanh(self.data)` is the value; the lecture writes it out with `math.exp`.",
        "The derivative of tanh(x) is 1 - tanh(x)². You have tanh(x) already: it is the value.",
        "One child, one derivative: a tuple of one, (1 - t * t,), comma included.",
    ),
    probes=(
        "gradients(lambda x: x.tanh(), 0.5)",
        "gradients(lambda x: x.tanh(), -2.0)",
        "gradients(lambda x: 3 * (2 * x).tanh(), 0.3)",
        "gradients(lambda x: x.tanh() * x.tanh() + x.tanh(), 0.8)",
        "gradients(lambda x: x.tanh(), 1000.0)",
    ),
    parts={
        "returned": NOT_A_VALUE,
        "data": "The number is not tanh(x), which is (e²ˣ - 1) / (e²ˣ + 1).",
        "inputs": "Your code changes the input. Make a new Value for the output.",
        "gradients": "The output is right, its derivative is not: that is 1 - t², where t is the "
        "output.",
    },
    mistakes=(
        Mistake(
            "The derivative is 1 - tanh(x)², the square of the output. You squared the input.",
            {"1 - t * t": "1 - self.data**2"},
        ),
        Mistake(
            "The square is missing: the derivative of tanh is 1 - t², not 1 - t.",
            {"1 - t * t": "1 - t"},
        ),
        Mistake(
            "That is the derivative of the sigmoid function. The one of tanh is 1 - t².",
            {"1 - t * t": "t * (1 - t)"},
        ),
        Mistake(
            "tanh is applied twice. The derivative is 1 - t², where t is the output itself.",
            {"1 - t * t": "1 - math.tanh(t) ** 2"},
        ),
        Mistake(
            "The sign of the derivative is wrong. tanh never falls, so its slope, 1 - t², is never "
            "negative.",
            {"1 - t * t": "t * t - 1"},
        ),
        Mistake(
            "`math.tanh` takes a plain number: self.data, not self.",
            "t = math.tanh(self)\nreturn Value(t, (self,), 'tanh', (1 - t * t,))",
        ),
        Mistake(
            "The slope of tanh is never above 1: it is 1 - t², with a minus.",
            {"1 - t * t": "1 + t * t"},
        ),
        Mistake(
            "The value is right, but no gradient comes through: the result does not know its "
            "child and the derivative with respect to it.",
            {', (self,), "tanh", (1 - t * t,)': ""},
        ),
        Mistake(
            "In Python, `(x)` is just x; a tuple of one has a comma, `(x,)`. The children and the "
            "derivatives have to be tuples.",
            {"(1 - t * t,)": "(1 - t * t)"},
            {"(self,)": "(self)"},
        ),
        Mistake(
            "A 2 is missing: tanh(x) is (e²ˣ - 1) / (e²ˣ + 1), with the exponent 2x.",
            "t = (math.exp(self.data) - 1) / (math.exp(self.data) + 1)\n"
            'return Value(t, (self,), "tanh", (1 - t * t,))',
        ),
        Mistake(PLAIN_NUMBER, "return math.tanh(self.data)"),
        Mistake(
            NO_CHAIN_RULE,
            """
            t = math.tanh(self.data)
            out = Value(t, (self,), "tanh")
            def _backward():
                self.grad += 1 - t**2
            out._backward = _backward
            return out
            """,
        ),
        Mistake(
            OVERWRITTEN,
            """
            t = math.tanh(self.data)
            out = Value(t, (self,), "tanh")
            def _backward():
                self.grad = (1 - t**2) * out.grad
            out._backward = _backward
            return out
            """,
        ),
        Mistake(
            "For large numbers it overflows: e²ˣ does not fit into a float beyond x = 355. A "
            "network hardly gets there; `math.tanh` works for all numbers.",
            "t = (math.exp(2 * self.data) - 1) / (math.exp(2 * self.data) + 1)\n"
            'return Value(t, (self,), "tanh", (1 - t * t,))',
            "e = (2 * self).exp()\nreturn (e - 1) / (e + 1)",
            passes=True,
        ),
    ),
)


# Backpropagation.


def passed_on(
    local: tuple[float, ...], grad: float, before: tuple[float, ...] = (), same: bool = False
) -> Any:
    """The gradients of a node's children after its chain rule; they were `before`, or 0.

    With `same`, all its children are one and the same.
    """
    children = tuple(Value(3.0 + i) for i in range(len(local)))
    if same:
        children = children[:1] * len(local)
    for child, earlier in zip(children, before):
        child.grad = earlier
    node = Value(7.0, children, "op", local)
    node.grad = grad
    node._chain_rule()
    return {
        "children": [child.grad for child in children],
        "node": node.grad,
        "data": [value.data for value in (node, *children)],
    }


def grandchild(local: float, grad: float) -> float:
    """The gradient of a child's child after a node's chain rule."""
    leaf = Value(1.0)
    node = Value(3.0, (Value(2.0, (leaf,), "op", (2.0,)),), "op", (local,))
    node.grad = grad
    node._chain_rule()
    return leaf.grad


CHAIN_RULE = Step(
    "chain-rule",
    "engine.Value._chain_rule",
    "the chain rule at one node",
    lecture=f"{VIDEO} 1:09:02",
    term="backpropagation",
    write=(
        "`_prev` holds the children of this node, `_local` the derivative of this node with "
        "respect to each of them, `grad` the derivative of the final result with respect to this "
        "node. Add to the gradient of each child what the chain rule says."
    ),
    hints=(
        "Go through `self._prev` and `self._local` together: zip.",
        "If the result moves 5 times as much as this node, and this node 3 times as much as a "
        "child, then the result moves 15 times as much as the child.",
        "A child may have other parents, which add to its gradient, too: `+=`.",
    ),
    probes=(
        "passed_on(local=(3.0,), grad=1.0)",
        "passed_on(local=(3.0, -2.0), grad=5.0)",
        "passed_on(local=(3.0, -2.0), grad=5.0, before=(10.0, 0.5))",
        "passed_on(local=(3.0, 4.0), grad=0.5, same=True)",
        "passed_on(local=(0.3, 0.0, -1.7), grad=-2.5, before=(0.1, 0.2, 0.3))",
        "grandchild(local=3.0, grad=5.0)",
    ),
    parts={
        "children": "The gradients of the children are not right. To each, add its local "
        "derivative times the gradient of this node.",
        "node": "Your code changes the gradient of the node itself. It only passes it on.",
        "data": "Your code changes `data`, the numbers of the forward pass. The chain rule changes "
        "gradients.",
    },
    mistakes=(
        Mistake(OVERWRITTEN, {"+=": "="}),
        Mistake(
            NO_CHAIN_RULE.replace("out.grad", "self.grad"),
            {"local * self.grad": "local"},
        ),
        Mistake(
            "The local derivative is missing. The gradient that arrived at this node is multiplied "
            "by the derivative of this node with respect to the child.",
            {"local * self.grad": "self.grad"},
        ),
        Mistake(
            "You add the two derivatives. The chain rule multiplies them: what moves 5 times as "
            "much as something that moves 3 times as much moves 15 times as much.",
            {"local * self.grad": "local + self.grad"},
        ),
        Mistake(
            "You multiply by the gradient that the child has so far. It is this node's gradient, "
            "`self.grad`, that flows back to the children.",
            {"local * self.grad": "local * child.grad"},
        ),
        Mistake(
            "You multiply by a number of the forward pass, `data`. The chain rule multiplies "
            "derivatives: the local one, and this node's `grad`.",
            {"local * self.grad": "child.data * self.grad"},
            {"local * self.grad": "local * self.data"},
        ),
        Mistake(
            "The gradient flows the wrong way. It comes from the result: this node has its "
            "gradient already and passes it on to its children.",
            {"child.grad += local * self.grad": "self.grad += local * child.grad"},
        ),
        Mistake(
            "Only the first child gets its gradient: your loop ends too early.",
            {"local * self.grad": "local * self.grad\n            break"},
        ),
        Mistake(
            "Nothing has arrived at the children: change the number in each, `child.grad`.",
            {"child.grad += local * self.grad": "pass"},
        ),
        Mistake(
            "It goes on to the children's children. A node passes its gradient on to its own "
            "children only; `backward` calls the others when all of theirs has arrived.",
            {"local * self.grad": "local * self.grad\n            child._chain_rule()"},
        ),
        Mistake(
            "Each child gets the local derivatives of all children. Take them in pairs, with zip.",
            "for child in self._prev:\n    for local in self._local:\n"
            "        child.grad += local * self.grad",
        ),
        Mistake(
            "The contributions of several parents add up: `+=`, neither `-=` nor `*=`.",
            {"+=": "-="},
            {"+=": "*="},
        ),
    ),
)


def order(**children: str) -> Any:
    """What is wrong with the topological order of a graph; `c="ab"`: c was computed from a and b.

    The first is the root.
    """
    return _what_is_wrong(children, _graph(children))


def order_again(**children: str) -> Any:
    """The same, when the graph is searched a second time."""
    root = _graph(children)
    _topological_order(root)
    return _what_is_wrong(children, root)


def order_of_chain(length: int) -> Any:
    """How many nodes are in the order of a chain of so many operations."""
    node = Value(1.0)
    for _ in range(length):
        node = -node
    found = _topological_order(node)
    return found if found is None else sum(1 for value in found if value._prev)


def _graph(children: dict[str, str]) -> Value:
    values: dict[str, Value] = {}
    for name in "".join(children.values()):
        values[name] = Value(float(len(values)), label=name)
    for name in reversed(children):
        below = tuple(values[child] for child in children[name])
        values[name] = Value(1.0, below, "op", (1.0,) * len(below), name)
    return values[next(iter(children))]


def _what_is_wrong(children: dict[str, str], root: Value) -> Any:
    found = _topological_order(root)
    if found is None:
        return None
    names = [value.label for value in reversed(found) if value._prev][::-1]
    return {
        "missing": [name for name in children if name not in names],
        "more than once": [name for name in children if names.count(name) > 1],
        "before its child": [
            name
            for name in children
            if name in names
            and any(c in children and c not in names[: names.index(name)] for c in children[name])
        ],
    }


TOPOLOGICAL_ORDER = Step(
    "topological-order",
    "engine._topological_order",
    "the topological order of a graph",
    lecture=f"{VIDEO} 1:17:32",
    term="topological sort",
    write=(
        "Return a list of the nodes that `root` was computed from, and `root` itself as the last: "
        "each once, and after its children, `_prev`. Leaves may be included or left out. "
        "You may use recursion, as the lecture does."
    ),
    hints=(
        "Depth first: to visit a node, visit its children, and then append the node.",
        "A node may be reached by several paths. Remember in a set which ones were visited.",
        "def visit(v): if v is not visited yet, add it to the set, visit each of v._prev, and "
        "append v to the order. Then visit(root).",
    ),
    probes=(
        "order(c='b', b='a')",
        "order(d='bc', b='a', c='a')",
        "order(c='bb', b='aa')",
        "order(e='dc', d='b', c='b', b='a')",
        "order(f='ce', e='d', d='c', c='b', b='a')",
        "order(g='fb', f='ed', e='cb', d='bc', c='b', b='a')",
        "order_again(d='bc', b='a', c='a')",
        "order_of_chain(5_000)",
    ),
    parts={
        "missing": "There are nodes missing. Everything that `root` was computed from belongs in "
        "the order, and `root` itself.",
        "more than once": "A node is in the order more than once, so it would pass on its gradient "
        "more than once. Remember which nodes were visited.",
        "before its child": "A node stands before one of its children. Append a node when all its "
        "children are in the order.",
    },
    mistakes=(
        Mistake(
            "The order is the other way round: children come first, the root last. `backward` "
            "reverses it.",
            {"return order": "return order[::-1]"},
        ),
        Mistake(
            "A node is appended before its children. Visit all its children first, and append it "
            "when they are done.",
            """
            order, visited = [], set()
            def visit(v):
                if v not in visited:
                    visited.add(v)
                    order.append(v)
                    for child in v._prev:
                        visit(child)
            visit(root)
            return order
            """,
        ),
        Mistake(
            "A node that is used twice is in the order twice, so it would pass on its gradient "
            "twice. Remember which nodes were visited, and pass over them.",
            """
            order = []
            def visit(v):
                for child in v._prev:
                    visit(child)
                order.append(v)
            visit(root)
            return order
            """,
        ),
        Mistake(
            "Reversing the order in which nodes are first met is not enough: a node that is used "
            "early and late may come before one of its children. Append a node when all its "
            "children are done.",
            """
            order, visited, stack = [], set(), [root]
            while stack:
                v = stack.pop()
                if v not in visited:
                    visited.add(v)
                    order.append(v)
                    stack.extend(v._prev)
            return order[::-1]
            """,
            """
            order, visited, queue = [], {root}, [root]
            for v in queue:
                order.append(v)
                for child in v._prev:
                    if child not in visited:
                        visited.add(child)
                        queue.append(child)
            return order[::-1]
            """,
            """
            order, visited = [], set()
            def visit(v):
                if v not in visited:
                    visited.add(v)
                    order.append(v)
                    for child in v._prev:
                        visit(child)
            visit(root)
            return order[::-1]
            """,
        ),
        Mistake(
            "The root itself is missing. It is the last in the order, and the first to pass on its "
            "gradient.",
            {"return order": "return order[:-1]"},
        ),
        Mistake(
            "You look at the children of the root only, not at what these were computed from.",
            "return [*root._prev, root]",
            "return list(dict.fromkeys([*root._prev, root]))",
        ),
        Mistake(
            "A second search finds nothing: what is visited is remembered from the first. A "
            "default argument such as `visited=set()` is made once, not at every call; make the "
            "set inside.",
            {"entered, done = object(), object()": 'entered, done = "entered", "done"'},
        ),
        Mistake(
            "Right, as long as the graph is not deep: Python nests at most about 1,000 calls "
            "in each other. The lesson's code keeps a stack of its own instead.",
            """
            order, visited = [], set()
            def visit(v):
                if v not in visited:
                    visited.add(v)
                    for child in v._prev:
                        visit(child)
                    order.append(v)
            visit(root)
            return order
            """,
            passes=True,
        ),
    ),
)


def backpropagated(f: Callable[..., Value], *inputs: float) -> Any:
    """The gradients of f(inputs) itself and of each input, after backward()."""
    values = [Value(x) for x in inputs]
    out = f(*values)
    out.backward()
    return {"result": out.grad, "gradients": [value.grad for value in values]}


def twice(f: Callable[..., Value], *inputs: float) -> Any:
    """The gradients after `backward()` was called twice on the same result."""
    values = [Value(x) for x in inputs]
    out = f(*values)
    out.backward()
    out.backward()
    return [value.grad for value in values]


def of_two_results(a: float) -> Any:
    """The gradient of `a` after `backward()` of a * a, and then of 5 * a."""
    value = Value(a)
    (value * value).backward()
    (5 * value).backward()
    return value.grad


BACKWARD = Step(
    "backward",
    "engine.Value.backward",
    "backward, through the whole graph",
    lecture=f"{VIDEO} 1:17:32",
    term="backpropagation",
    write=(
        "Set the gradient of the result, `self`, then call `_backward()` of every node, in an "
        "order in which no node passes its gradient on before all of it has arrived. "
        "`_topological_order(self)` gives the nodes, each after its children."
    ),
    hints=(
        "What is the derivative of the result with respect to itself?",
        "A node may pass its gradient on when all its parents have done so: parents first, so the "
        "topological order in reverse.",
        "self.grad = 1.0; then node._backward() for each node in "
        "reversed(_topological_order(self)).",
    ),
    probes=(
        "backpropagated(lambda a, b: a * b, 2.0, -3.0)",
        "backpropagated(lambda a: a + a, 3.0)",
        "backpropagated(lambda a, b: (a * b + b) * b, 2.0, -3.0)",
        "backpropagated(lambda a: shared_twice(a * a), 1.5)",
        "of_two_results(3.0)",
        "twice(lambda a, b: (a * b).tanh() * a, 0.7, -1.3)",
    ),
    parts={
        "result": "The gradient of the result itself is not 1.",
        "gradients": "The gradients are not right. Every node has to pass on its gradient once, "
        "after all its parents have: in the topological order, reversed.",
    },
    mistakes=(
        Mistake(
            "All gradients are zero: the result's own was never set. The derivative of the result "
            "with respect to itself is 1.",
            {"self.grad = 1.0": "pass"},
        ),
        Mistake(
            "Nothing is passed on: no node's `_backward()` is called. Without the parentheses, "
            "`node._backward` is only the function.",
            {"node._backward()": "node._backward"},
        ),
        Mistake(
            "The result's gradient is set to its own number. The derivative of the result with "
            "respect to itself is 1, whatever the number is.",
            {"self.grad = 1.0": "self.grad = self.data"},
        ),
        Mistake(
            "`backward()` calls itself again and again. In the loop, every node passes its "
            "gradient on by `_backward()`, with the underscore.",
            {"node._backward()": "node.backward()"},
        ),
        Mistake(
            "`list.reverse()` turns the list around and returns nothing. Use reversed(…) in the "
            "loop.",
            {"reversed(order)": "order.reverse()"},
        ),
        Mistake(
            "Every node passes on a gradient of 1. Only the result's is 1; what the others pass on "
            "is the gradient that came to them from their parents, `node.grad`.",
            {"node._backward()": "node.grad = 1.0\n            node._backward()"},
            """
            self.grad = 1.0
            for node in reversed(_topological_order(self)):
                for child, local in zip(node._prev, node._local):
                    child.grad += local * self.grad
            """,
            """
            self.grad = 1.0
            for node in reversed(_topological_order(self)):
                for child, local in zip(node._prev, node._local):
                    child.grad += local
            """,
        ),
        Mistake(
            "Only what stands next to the result gets its gradient. Either the order is not "
            "reversed, so that the other nodes pass on their gradients before these have arrived; "
            "or only the result passes its gradient on. Begin with the result, and go through all "
            "nodes down to the inputs.",
            {"reversed(order)": "order"},
            "self.grad = 1.0\nself._backward()",
        ),
        Mistake(
            "You call backward() on the children, and each call says that this child is the "
            "result: it sets its gradient to 1. Only the result gets 1; the others call "
            "`_backward()`.",
            """
            self.grad = 1.0
            self._backward()
            for child in self._prev:
                child.backward()
            """,
        ),
        Mistake(
            "A node that is reached by two paths passes its gradient on twice, the first time "
            "before all of it has arrived. Call `_backward()` once for each node, in topological "
            "order.",
            """
            self.grad = 1.0
            def visit(node):
                node._backward()
                for child in node._prev:
                    visit(child)
            visit(self)
            """,
            """
            self.grad = 1.0
            stack = [self]
            while stack:
                node = stack.pop()
                node._backward()
                stack.extend(node._prev)
            """,
            """
            self.grad = 1.0
            queue = [self]
            for node in queue:
                node._backward()
                queue.extend(node._prev)
            """,
        ),
        Mistake(
            "Every node passes its gradient on once, but some before all of it has arrived: a node "
            "that is met early on one path may get more on another. Take the topological order in "
            "reverse.",
            """
            self.grad = 1.0
            visited, stack = set(), [self]
            while stack:
                node = stack.pop()
                if node not in visited:
                    visited.add(node)
                    node._backward()
                    stack.extend(node._prev)
            """,
            """
            self.grad = 1.0
            visited = set()
            def visit(node):
                if node not in visited:
                    visited.add(node)
                    node._backward()
                    for child in node._prev:
                        visit(child)
            visit(self)
            """,
            """
            self.grad = 1.0
            queue = [self]
            for node in queue:
                node._backward()
                queue.extend(child for child in node._prev if child not in queue)
            """,
        ),
        Mistake(
            "Each turn of the loop calls `self._backward()`, so the result passes its gradient on "
            "again and again. Call `node._backward()`.",
            {"node._backward()": "self._backward()"},
        ),
        Mistake(
            OVERWRITTEN,
            """
            self.grad = 1.0
            for node in reversed(_topological_order(self)):
                for child, local in zip(node._prev, node._local):
                    child.grad = local * node.grad
            """,
        ),
        Mistake(
            "Gradients of an earlier call are lost: those of several calls should add up until "
            "`zero_grad()` sets them to zero.",
            """
            order = _topological_order(self)
            for node in order:
                for child in node._prev:
                    child.grad = 0.0
            self.grad = 1.0
            for node in reversed(order):
                node._backward()
            """,
        ),
        Mistake(
            "Right, as in the lecture. If backward() is called twice on the same result, though, "
            "the first call's gradients inside the graph flow down a second time; the lesson's "
            "code sets them aside.",
            """
            self.grad = 1.0
            for node in reversed(_topological_order(self)):
                node._backward()
            """,
            """
            self.grad += 1.0
            for node in reversed(_topological_order(self)):
                node._backward()
            """,
            passes=True,
        ),
    ),
)


def shared_twice(b: Value) -> Value:
    """An expression in which `b` is used on a short and on a long path."""
    return (b + 1) * (b * 2 + (b * b) * 3)


# A network, its loss, and a step of training.


def neuron(
    w: list[float], b: float, x: list[float], activation: str = "tanh", nonlin: bool = True
) -> Any:
    """The output of a neuron, and the gradients of its weights, its bias and its inputs."""
    made = Neuron(len(w), nonlin, activation)
    for weight, number in zip(made.parameters(), [*w, b]):
        weight.data = number
    inputs = [Value(number) for number in x]
    out = made(inputs)
    if not isinstance(out, Value):
        return returned(out)
    out.backward()
    return {
        "returned": "a Value",
        "data": out.data,
        "w": [weight.grad for weight in made.w],
        "b": made.b.grad,
        "x": [value.grad for value in inputs],
    }


ACTIVATED = "return getattr(act, self.activation)() if self.nonlin else act"
SUM = "sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)"

NEURON = Step(
    "neuron",
    "nn.Neuron.__call__",
    "a neuron: weighted sum, bias, activation",
    lecture=f"{VIDEO} 1:43:55",
    term="neuron",
    write=(
        "Return activation(w·x + b), made of Values. `self.activation` is the name of the method "
        "to call on the sum, as in getattr(act, self.activation)(); without `self.nonlin` the sum "
        "itself is returned."
    ),
    hints=(
        "Multiply each weight by its input, with zip(self.w, x), and add up, beginning with the "
        "bias: sum(…, self.b).",
        "`getattr(act, 'tanh')()` is `act.tanh()`.",
        "The bias is added once, and before the activation.",
    ),
    probes=(
        "neuron(w=[2.0], b=0.5, x=[0.25])",
        "neuron(w=[2.0], b=0.5, x=[0.25], nonlin=False)",
        "neuron(w=[2.0, -3.0], b=0.5, x=[0.25, 0.1])",
        "neuron(w=[2.0, -3.0, 0.5], b=0.5, x=[0.25, 0.1, -1.0], activation='relu')",
        "neuron(w=[2.0, -3.0, 0.5], b=-0.5, x=[-1.5, 0.1, -1.0], activation='relu')",
        "neuron(w=[2.0, -3.0, 0.5], b=-0.5, x=[-1.5, 0.1, -1.0], nonlin=False)",
        "neuron(w=[0.6, -0.8], b=0.3, x=[0.5, -0.7], activation='sigmoid')",
    ),
    parts={
        "returned": NOT_A_VALUE,
        "data": "The number is not activation(w·x + b).",
        "w": "The output is right, but not the gradients: compute with Values only.",
        "b": "The output is right, but not the gradient of the bias: compute with Values only.",
        "x": "The output is right, but not the gradients of the inputs: compute with Values only.",
    },
    mistakes=(
        Mistake(
            "The bias is missing: a neuron is w·x + b.",
            {SUM: "sum((wi * xi for wi, xi in zip(self.w, x)), Value(0))"},
        ),
        Mistake(
            "The bias is added once for every input. It belongs to the neuron: add it once.",
            {SUM: "sum((wi * xi + self.b for wi, xi in zip(self.w, x)), Value(0))"},
        ),
        Mistake(
            "There is no activation. With `self.nonlin`, the sum goes through the function that "
            "`self.activation` names; without any, layers of neurons are no more than one.",
            {ACTIVATED: "return act"},
        ),
        Mistake(
            "You always apply the activation. A neuron without `nonlin`, as in the last layer, "
            "returns the sum itself.",
            {ACTIVATED: "return getattr(act, self.activation)()"},
        ),
        Mistake(
            "You always use the same activation function. `self.activation` says which one: relu, "
            "tanh or sigmoid.",
            {ACTIVATED: "return act.tanh() if self.nonlin else act"},
            {ACTIVATED: "return act.relu() if self.nonlin else act"},
            {ACTIVATED: "return act.tanh()"},
            {ACTIVATED: "return act.relu()"},
        ),
        Mistake(
            "The bias comes after the activation. It belongs inside: activation(w·x + b).",
            """
            act = sum((wi * xi for wi, xi in zip(self.w, x)), Value(0))
            return (getattr(act, self.activation)() if self.nonlin else act) + self.b
            """,
        ),
        Mistake(
            "The activation is applied to every product. Add up first: activation(w·x + b).",
            """
            if not self.nonlin:
                return sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
            return sum((getattr(wi * xi, self.activation)() for wi, xi in zip(self.w, x)), self.b)
            """,
        ),
        Mistake(
            "The number is right, but no gradient comes through: `.data` is a plain number, which "
            "remembers nothing. Compute with the Values themselves.",
            """
            act = Value(sum((wi.data * xi.data for wi, xi in zip(self.w, x)), self.b.data))
            return getattr(act, self.activation)() if self.nonlin else act
            """,
        ),
        Mistake(
            "Only the last input counts: each turn of the loop replaces what the one before it "
            "has computed. Add up: act = act + …",
            """
            for wi, xi in zip(self.w, x):
                act = wi * xi + self.b
            return getattr(act, self.activation)() if self.nonlin else act
            """,
        ),
        Mistake(
            "You return the function itself, not what it returns: call it, with parentheses.",
            {"self.activation)()": "self.activation)"},
        ),
        Mistake(
            "`self.activation` is the name of a method, a text. getattr(act, self.activation) is "
            "the method of that name, to be called: getattr(act, self.activation)().",
            {ACTIVATED: "return self.activation(act) if self.nonlin else act"},
            {ACTIVATED: "return act.activation() if self.nonlin else act"},
        ),
        Mistake(
            "`self.w` and `x` are lists, which Python cannot multiply. Multiply each weight by its "
            "input, and add up.",
            {SUM: "self.w * x + self.b"},
        ),
        Mistake(
            "You return an output for every input. A neuron has one: the sum over all inputs.",
            "return [wi * xi + self.b for wi, xi in zip(self.w, x)]",
        ),
        Mistake(
            "It is the other way round: with `nonlin` there is an activation, without there is "
            "none.",
            {"if self.nonlin": "if not self.nonlin"},
        ),
        Mistake(
            "The weights are added to the inputs. Each input is multiplied by its weight.",
            {SUM: "sum((wi + xi for wi, xi in zip(self.w, x)), self.b)"},
        ),
    ),
)


def margin_loss(scores: list[float], labels: list[int]) -> Any:
    """The loss, and the gradients of the scores."""
    values = [Value(score) for score in scores]
    loss = max_margin(values, labels)
    if not isinstance(loss, Value):
        return returned(loss)
    loss.backward()
    return {"returned": "a Value", "loss": loss.data, "gradients": [value.grad for value in values]}


LOSS = "[(1 - y * s).relu() for s, y in _pairs(scores, labels, allowed=(-1, 1))]"

MAX_MARGIN = Step(
    "max-margin",
    "losses.max_margin",
    "the max-margin loss",
    lecture=f"{VIDEO} 2:16:46",
    term="max-margin loss",
    write=(
        "Return the mean of max(0, 1 - label * score) over all examples, as a Value: a score costs "
        "nothing if it is on the right side by a margin of at least 1. Labels are -1 and +1."
    ),
    hints=(
        "A Value has no max, but it has relu: max(0, x) is x.relu().",
        "One loss for each pair of a score and a label: zip(scores, labels).",
        "Add up the losses, beginning with Value(0), and divide by how many there are.",
    ),
    probes=(
        "margin_loss([0.5], [1])",
        "margin_loss([-1.5], [1])",
        "margin_loss([-0.25], [-1])",
        "margin_loss([2.0], [1])",
        "margin_loss([0.5, 3.0, -0.25, 0.75], [1, 1, -1, -1])",
    ),
    parts={
        "returned": NOT_A_VALUE,
        "loss": "The loss is not the mean of max(0, 1 - label * score).",
        "gradients": "The loss is right, but the gradients of the scores are not: compute with "
        "Values only.",
    },
    mistakes=(
        Mistake(
            "A score that is right by more than the margin lowers your loss. It should cost "
            "nothing: max(0, …), which is relu.",
            {".relu()": ""},
        ),
        Mistake(
            "This is the sum of the losses. Divide it by the number of examples.",
            {f"_mean({LOSS})": f"sum({LOSS}, Value(0))"},
        ),
        Mistake(
            "The sign is wrong: label * score is positive when the score is right, so the loss is "
            "1 - label * score, smaller for better scores.",
            {"1 - y * s": "1 + y * s"},
            {"1 - y * s": "y * s - 1"},
        ),
        Mistake(
            "There is no margin: a score that is just on the right side costs nothing. It should "
            "be right by at least 1: max(0, 1 - label * score).",
            {"1 - y * s": "-y * s"},
        ),
        Mistake(
            "The maximum comes after the mean, so that a good score makes up for a bad one. Take "
            "max(0, …) of each example first.",
            {
                f"_mean({LOSS})": f"_mean({LOSS}).relu()".replace(".relu() for", " for"),
            },
        ),
        Mistake(
            "You subtract the score from the label. The loss multiplies them: label * score is "
            "positive when both have the same sign.",
            {"1 - y * s": "1 - (y - s)"},
            {"(1 - y * s)": "(y - s)"},
        ),
        Mistake(
            "The losses are squared. The max-margin loss is max(0, 1 - label * score) itself.",
            {".relu()": ".relu() ** 2"},
            {"(1 - y * s).relu()": "(s - y) ** 2"},
        ),
        Mistake(
            "The labels make no difference. Multiply each score by its label.",
            {"y * s": "s"},
        ),
        Mistake(
            "Python's max compares, and Values cannot be compared: use relu, which is max(0, x), "
            "and has a derivative.",
            {"(1 - y * s).relu()": "max(0, 1 - y * s)"},
            {"(1 - y * s).relu()": "max(0.0, 1 - y * s)"},
            {"(1 - y * s).relu()": "max(1 - y * s, 0)"},
        ),
        Mistake(
            "You return a loss for each example. The loss is one number, their mean.",
            "return [(1 - y * s).relu() for s, y in zip(scores, labels)]",
        ),
        Mistake(
            "Only the last example counts: each turn of the loop replaces the loss of the one "
            "before it. Add them up.",
            """
            for s, y in zip(scores, labels):
                loss = (1 - y * s).relu()
            return loss / len(scores)
            """,
            "for s, y in zip(scores, labels):\n    loss = (1 - y * s).relu()\nreturn loss",
        ),
        Mistake(
            "Only the first example counts: the `return` stands inside the loop.",
            """
            total = Value(0)
            for s, y in zip(scores, labels):
                total = total + (1 - y * s).relu()
                return total / len(scores)
            """,
        ),
        Mistake(
            "The number is right, but no gradient comes through: `.data` is a plain number, which "
            "remembers nothing. Compute with the Values themselves.",
            "losses = [max(0.0, 1 - y * s.data) for s, y in zip(scores, labels)]\n"
            "return Value(sum(losses) / len(losses))",
        ),
        Mistake(
            PLAIN_NUMBER,
            "return sum(max(0, 1 - y * s.data) for s, y in zip(scores, labels)) / len(scores)",
        ),
    ),
)


def step(lr: float, data: list[float], gradients: list[float]) -> Any:
    """Parameters and their gradients after a step of SGD."""
    parameters = [Value(number) for number in data]
    for p, gradient in zip(parameters, gradients):
        p.grad = gradient
    SGD(parameters, lr).step()
    return {"data": [p.data for p in parameters], "gradients": [p.grad for p in parameters]}


SGD_STEP = Step(
    "sgd",
    "optim.SGD.step",
    "a step of gradient descent",
    lecture=f"{VIDEO} 2:01:12",
    term="SGD",
    write=(
        "Move the data of every parameter in `self.parameters` against its gradient, by "
        "`self.lr` times the gradient."
    ),
    hints=(
        "The gradient points to where the loss grows. You want it to shrink.",
        "Change `p.data`, the number in the parameter, not the variable `p`.",
        "For each parameter p: p.data -= self.lr * p.grad",
    ),
    probes=(
        "step(lr=0.25, data=[2.0], gradients=[3.0])",
        "step(lr=0.25, data=[2.0, -1.0, 0.5], gradients=[3.0, -4.0, 0.0])",
        "step(lr=2.0, data=[2.0, -1.0], gradients=[0.3, -0.7])",
    ),
    parts={
        "data": "The parameters are not where they should be: each moves by the learning rate "
        "times its gradient, against the gradient.",
        "gradients": "Your code changes the gradients. A step only reads them.",
    },
    mistakes=(
        Mistake(
            "The step goes with the gradient, so the loss would grow. Subtract: p.data -= …",
            {"-=": "+="},
        ),
        Mistake(
            "The learning rate is missing: the step is `self.lr` times the gradient.",
            {"self.lr * p.grad": "p.grad"},
        ),
        Mistake(
            "The parameter is replaced by the step. It should move by it: `-=` instead of `=`.",
            {"-= self.lr": "= -self.lr"},
            {"-= self.lr": "= self.lr"},
        ),
        Mistake(
            "No parameter has moved. `p = …` only gives the name `p` to something new, and the "
            "network keeps its parameter. Change the number in it, `p.data`.",
            {"p.data -= self.lr * p.grad": "p = p - self.lr * p.grad"},
            "self.parameters = [Value(p.data - self.lr * p.grad) for p in self.parameters]",
        ),
        Mistake(
            "The gradient is changed, and the parameter is not. `p.data` is what moves.",
            {"p.data -= self.lr * p.grad": "p.grad -= self.lr * p.data"},
            {"p.data -= self.lr * p.grad": "p.grad -= self.lr * p.grad"},
        ),
        Mistake(
            "Every parameter moves by the same length, whatever its gradient: multiply the "
            "learning rate by `p.grad`.",
            {"self.lr * p.grad": "self.lr"},
            {"self.lr * p.grad": "self.lr * ((p.grad > 0) - (p.grad < 0))"},
        ),
        Mistake(
            "Only one parameter moves: something in the loop ends it too early, or the line that "
            "moves them stands after the loop.",
            {"p.data -= self.lr * p.grad": "p.data -= self.lr * p.grad\n            break"},
            "for p in self.parameters:\n    pass\np.data -= self.lr * p.grad",
        ),
        Mistake(
            "The gradients are set to zero before they are used, so nothing moves.",
            {"p.data -= self.lr * p.grad": "p.grad = 0.0\n            p.data -= self.lr * p.grad"},
        ),
        Mistake(
            "You take a learning rate of your own. It is in `self.lr`, and may change from step to "
            "step.",
            *({"self.lr": lr} for lr in ("0.1", "0.01", "0.001", "0.05")),
        ),
        Mistake(
            "You divide by the number of parameters. The step of each depends on its own gradient "
            "only.",
            {"self.lr * p.grad": "self.lr * p.grad / len(self.parameters)"},
        ),
        Mistake(
            "You subtract a share of the parameter itself, which only shrinks it. Subtract a share "
            "of its gradient.",
            {"p.grad": "p.data"},
        ),
        Mistake(
            "Right. It also sets the gradients to zero, which is the business of `zero_grad`; "
            "whoever looks at them after the step finds none.",
            {"p.data -= self.lr * p.grad": "p.data -= self.lr * p.grad\n            p.grad = 0.0"},
            passes=True,
        ),
    ),
)

LADDER = Ladder(
    __file__,
    (
        SLOPE,
        MUL,
        TANH,
        CHAIN_RULE,
        TOPOLOGICAL_ORDER,
        BACKWARD,
        NEURON,
        MAX_MARGIN,
        SGD_STEP,
    ),
    program="train_mine.py",
)
