"""Write it yourself: the steps of this lesson, and the mistakes that people make at each of them.

`python -m micrograd learn` takes you through them. `shared.exercises` explains how a step is
declared. Read this as a list of what goes wrong when one writes micrograd for the first time, but
write first.
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
        "slope(lambda x: 5 - 2 * x, 10.0, h=0.25)",
        "slope(math.sin, 1.0)",
    ),
    parts={
        "": "A slope is how far the output moves, f(x + h) - f(x), for each unit that the input "
        "moves, so divided by h."
    },
    tolerance=0.005,  # a nudge to one side only is right, too, and with a larger h
    mistakes=(
        Mistake(
            "You return how far the output moves. A slope is how far it moves for each unit that "
            "the input moves: divide by the length of the nudge.",
            "return f(x + h) - f(x)",
            "return f(x + h) - f(x - h)",
        ),
        Mistake(
            "You do not divide by the distance between the two inputs. From x to x + h it is h, "
            "from x - h to x + h it is 2h.",
            {"/ (2 * h)": "/ h"},
            "return (f(x + h) - f(x)) / (2 * h)",
        ),
        Mistake(
            "You multiply by h instead of dividing by it. Python reads `… / 2 * h` as (… / 2) * h; "
            "put the divisor into parentheses, `… / (2 * h)`.",
            {"/ (2 * h)": "/ 2 * h"},
        ),
        Mistake(
            "The sign is wrong: a function that rises has a positive slope. Subtract f(x) from "
            "f(x + h), not the other way round.",
            {"f(x + h) - f(x - h)": "f(x - h) - f(x + h)"},
        ),
        Mistake(
            "Only the second term is divided by h, since division comes before subtraction. Put "
            "the difference into parentheses: (f(x + h) - f(x)) / h.",
            "return f(x + h) - f(x) / h",
            "return f(x + h) - f(x - h) / (2 * h)",
        ),
    ),
)


# Operations, each with its derivatives.


def gradients(f: Callable[..., Value], *inputs: float) -> Any:
    """The value of f(inputs), and the gradients after its backward()."""
    values = [Value(x) for x in inputs]
    out = f(*values)
    return differentiated(out, result=[out], gradients=values)


def differentiated(out: Value, **values: list[Value]) -> Any:
    """The number in `out`, and the gradients of other values after its backward()."""
    if not isinstance(out, Value):
        return out if out is None else {"returned": type(out).__name__}
    out.backward()
    grads = {name: [value.grad for value in group] for name, group in values.items()}
    return {"returned": "Value", "data": out.data, **grads}


OVERWRITTEN = (
    "Your gradients overwrite each other instead of adding up: a value that is used twice gets "
    "only one of its two contributions. Where you wrote `=`, the chain rule needs `+=`."
)
NO_CHAIN_RULE = (
    "You pass on the local derivative alone. The chain rule multiplies it by the gradient that "
    "arrived at the result, `out.grad`, since what comes after this operation matters, too."
)
NO_CHILDREN = (
    "The value is right, but no gradient comes through. Either the result does not know how it was "
    "computed: give it its children, and the derivative with respect to each (or, as in the "
    "lecture, out._backward = _backward, without parentheses). Or you multiply by the gradient of "
    "a child, which is still 0: the one that has arrived is `out.grad`."
)
NOT_A_VALUE = (
    "You do not return a Value. A plain number does not know what it was computed from, so no "
    "gradient can go back through it."
)
WITH_NUMBERS = (
    "The number is right, but not the gradients: compute with the Values themselves, not with "
    "their `data`."
)
WRAP = "other = other if isinstance(other, Value) else Value(other)"
LECTURES_MUL = f"""
{WRAP}
out = Value(self.data * other.data, (self, other), "*")
def _backward():
    self.grad += other.data * out.grad
    other.grad += self.data * out.grad
out._backward = _backward
return out
"""

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
        "gradients": "The product is right, the gradients are not. Each factor's gradient grows by "
        "the other factor times the gradient of the product.",
    },
    mistakes=(
        Mistake(
            "Each factor gets its own value as its gradient. It should be the other one: if a is "
            "nudged by h, then a * b moves by h * b.",
            {"(other.data, self.data)": "(self.data, other.data)"},
        ),
        Mistake(
            "These are the derivatives of a sum, which moves as far as each of its children. In a "
            "product, a nudge of one factor is multiplied by the other.",
            {"(other.data, self.data)": "(1.0, 1.0)"},
        ),
        Mistake(
            OVERWRITTEN,
            LECTURES_MUL.replace("+=", "="),
            LECTURES_MUL.replace("self.grad +=", "self.grad ="),
            LECTURES_MUL.replace("other.grad +=", "other.grad ="),
        ),
        Mistake(NO_CHAIN_RULE, LECTURES_MUL.replace(" * out.grad", "")),
        Mistake(
            "You multiply by the number in the result, `out.data`. The chain rule multiplies the "
            "local derivative by the gradient that arrived at the result, `out.grad`.",
            LECTURES_MUL.replace("out.grad", "out.data"),
        ),
        Mistake(
            "Only one of the two factors gets a gradient. Both are children of the product, and "
            "each has a derivative of its own.",
            {"(other.data, self.data)": "(other.data,)"},
        ),
        Mistake(
            "`self * other` calls this very method again, without end. Multiply the numbers: "
            "self.data * other.data.",
            {"self.data * other.data": "(self * other).data"},
        ),
        Mistake(
            NO_CHILDREN,
            {', (self, other), "*", (other.data, self.data)': ""},
            LECTURES_MUL.replace(', (self, other), "*"', ""),
        ),
        Mistake(
            "`a * 4` fails: there, `other` is a plain number, which has no `.data`. Make a Value "
            "of it first, as the other operations do.",
            {WRAP: "pass"},
        ),
    ),
)

LECTURES_TANH = """
e = math.exp(2 * self.data)
t = (e - 1) / (e + 1)
out = Value(t, (self,), "tanh")
def _backward():
    self.grad += (1 - t**2) * out.grad
out._backward = _backward
return out
"""

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
    ),
    parts={
        "returned": NOT_A_VALUE,
        "data": "The number is not tanh(x), which is (e²ˣ - 1) / (e²ˣ + 1).",
        "gradients": "The output t is right, the gradient is not. The input's gradient grows by "
        "1 - t² times the gradient of the output.",
    },
    mistakes=(
        Mistake(
            "You squared the input. The derivative is 1 - t², where t is the output, tanh(x).",
            {"1 - t * t": "1 - self.data**2"},
        ),
        Mistake(
            "The square is missing: the derivative of tanh is 1 - t², not 1 - t.",
            {"1 - t * t": "1 - t"},
        ),
        Mistake(
            "t * (1 - t) is the derivative of the sigmoid function. That of tanh is 1 - t².",
            {"1 - t * t": "t * (1 - t)"},
        ),
        Mistake(
            "In `1 - t**2 * out.grad`, only t² is multiplied by the gradient, since multiplication "
            "comes before subtraction. Write (1 - t**2) * out.grad.",
            LECTURES_TANH.replace("(1 - t**2)", "1 - t**2"),
        ),
        Mistake(
            "The functions of `math` take plain numbers, not Values: `self.data`.",
            {"math.tanh(self.data)": "math.tanh(self)"},
        ),
        Mistake(OVERWRITTEN, LECTURES_TANH.replace("+=", "=")),
        Mistake(NO_CHAIN_RULE, LECTURES_TANH.replace(" * out.grad", "")),
        Mistake(
            NO_CHILDREN,
            {', (self,), "tanh", (1 - t * t,)': ""},
            LECTURES_TANH.replace(', (self,), "tanh"', ""),
        ),
        Mistake(
            "In Python, `(x)` is just x; a tuple of one has a comma, `(x,)`. The children and the "
            "derivatives have to be tuples.",
            {"(1 - t * t,)": "(1 - t * t)"},
            {"(self,)": "(self)"},
        ),
    ),
)


# Backpropagation.


def passed_on(
    local: tuple[float, ...], grad: float, before: tuple[float, ...] = (), same: bool = False
) -> Any:
    """The gradients around a node after its chain rule; those of its children were `before`, or 0.

    With `same`, all its children are one and the same.
    """
    children = tuple(Value(3.0 + i, (Value(1.0),), "op", (2.0,)) for i in range(len(local)))
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
        "grandchildren": [child._prev[0].grad for child in children],
    }


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
    ),
    parts={
        "children": "The gradients of the children are not right. To each, add its local "
        "derivative times the gradient of this node.",
        "node": "You change the gradient of the node itself. It only passes it on.",
        "grandchildren": "You go on to the children's children. A node passes its gradient on to "
        "its own children only; `backward` calls the others once all of theirs has arrived.",
    },
    mistakes=(
        Mistake(OVERWRITTEN, {"+=": "="}),
        Mistake(
            "You pass on the local derivative alone. The chain rule multiplies it by the gradient "
            "that arrived at this node, `self.grad`.",
            {"local * self.grad": "local"},
        ),
        Mistake(
            "The local derivative is missing. The gradient that arrived at this node is multiplied "
            "by the derivative of this node with respect to the child.",
            {"local * self.grad": "self.grad"},
        ),
        Mistake(
            "You add the two derivatives. The chain rule multiplies them: if the result moves 5 "
            "times as much as this node, and this node 3 times as much as a child, then the result "
            "moves 15 times as much as the child.",
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
            "Nothing has arrived at the children: change the number in each, `child.grad`.",
            {"child.grad += local * self.grad": "pass"},
        ),
        Mistake(
            "Each child has a derivative of its own: the first of `_local` belongs to the first of "
            "`_prev`, and so on. Go through both of them side by side, to the end, with zip.",
            {"child.grad += local": "for child in self._prev: child.grad += local"},
            {"zip(self._prev, self._local)": "[(self._prev[0], self._local[0])]"},
        ),
    ),
)


def order(*, again: bool = False, **children: str) -> Any:
    """What is wrong with the topological order of a graph; `c="ab"`: c was computed from a and b.

    The first is the root. With `again`, the same graph has been searched before.
    """
    values = {name: Value(1.0, label=name) for name in "".join(children.values())}
    for name in reversed(children):
        below = tuple(values[child] for child in children[name])
        values[name] = Value(1.0, below, "op", (1.0,) * len(below), name)
    root = values[next(iter(children))]
    if again:
        _topological_order(root)
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
            and set(children[name]) & set(children) - set(names[: names.index(name)])
        ],
    }


RECURSIVE = """
order, visited = [], set()
def visit(v):
    if v not in visited:
        visited.add(v)
        for child in v._prev:
            visit(child)
        order.append(v)
visit(root)
return order
"""
PARENTS_FIRST = """
order, todo = [], [root]
while todo:
    v = todo.pop()
    if v not in order:
        order.append(v)
        todo += reversed(v._prev)
return order
"""
REVERSED = PARENTS_FIRST.replace("return order", "return order[::-1]")
REMEMBERED = {"entered, done = object(), object()": 'entered, done = "entered", "done"'}

TOPOLOGICAL_ORDER = Step(
    "topological-order",
    "engine._topological_order",
    "the topological order of a graph",
    lecture=f"{VIDEO} 1:17:32",
    term="topological sort",
    write=(
        "Return a list of the nodes that `root` was computed from, and `root` itself as the last: "
        "each once, and after its children, `_prev`. Leaves may be included or left out. "
        "You may use recursion, as the lecture does. (`check` shows a graph as order(c='b', "
        "b='a'): c was computed from b, and b from a. The first one is the root.)"
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
        "order(d='bc', b='a', c='a', again=True)",
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
            "You append a node before its children. Visit all its children first, then append it.",
            PARENTS_FIRST,
        ),
        Mistake(
            "A node that is used twice is in the order twice, so it would pass on its gradient "
            "twice. Remember which nodes were visited, and skip them: neither visit their children "
            "nor append them again.",
            RECURSIVE.replace("if v not in visited:", "if True:"),
            RECURSIVE.replace("    order.append(v)", "order.append(v)"),
        ),
        Mistake(
            "You append inside the loop over the children. Append the node itself, once, after "
            "that loop.",
            RECURSIVE.replace("        order.append(v)", "            order.append(v)"),
            RECURSIVE.replace("        order.append(v)", "            order.append(child)"),
        ),
        Mistake(
            "The order is empty. A function inside this one does nothing until it is called: "
            "visit(root), after its definition.",
            RECURSIVE.replace("visit(root)\n", ""),
        ),
        Mistake(
            "You reverse the order in which nodes are first met. This is not enough: a node that "
            "is used early and late may come before one of its children. Append a node when all "
            "its children are done.",
            REVERSED,
            REVERSED.replace("reversed(v._prev)", "v._prev"),
            REVERSED.replace("todo.pop()", "todo.pop(0)").replace("reversed(v._prev)", "v._prev"),
        ),
        Mistake(
            "A second search remembers what the first one visited. A default argument such as "
            "`visited=set()` is made only once, not at every call: make the set, and the list, "
            "inside the function.",
            REMEMBERED,
            REMEMBERED | {"(root: Value)": "(root: Value, order=[])", "order = []": "order"},
        ),
    ),
)


def shared_twice(b: Value) -> Value:
    """An expression in which `b` is used on a short and on a long path."""
    return (b + 1) * (b * 2 + (b * b) * 3)


def of_two_results(a: float) -> Any:
    """The gradient of `a` after `backward()` of a * a, and then of 5 * a."""
    value = Value(a)
    (value * value).backward()
    (5 * value).backward()
    return value.grad


DOWNWARDS = """
self.grad = 1.0
todo, done = [self], []
while todo:
    node = todo.pop()
    if node not in done:
        node._backward()
        done.append(node)
        todo += node._prev
"""

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
        "gradients(lambda a, b: a * b, 2.0, -3.0)",
        "gradients(lambda a: a + a, 3.0)",
        "gradients(lambda a, b: (a * b + b) * b, 2.0, -3.0)",
        "gradients(lambda a: shared_twice(a * a), 1.5)",
        "of_two_results(3.0)",
    ),
    parts={
        "result": "The gradient of the result itself is not 1.",
        "gradients": "The gradients are not right. Every node has to pass on its gradient once, "
        "after all its parents have: in the topological order, reversed.",
        "": "The gradients of several calls should add up, until `zero_grad()` sets them to zero.",
    },
    mistakes=(
        Mistake(
            "All gradients are zero, since that of the result was never set. The derivative of the "
            "result with respect to itself is 1.",
            {"self.grad = 1.0": "pass"},
        ),
        Mistake(
            "`backward()` calls itself again and again. In the loop, every node passes its "
            "gradient on by `_backward()`, with the underscore.",
            {"node._backward()": "node.backward()"},
        ),
        Mistake(
            "Nothing is passed on. Set the gradient of the result before the loop, and begin the "
            "loop with the result itself. `node._backward` without parentheses is only the "
            "function; `node._backward()` calls it.",
            {"node._backward()": "node._backward"},
        ),
        Mistake(
            "Each turn of the loop calls `self._backward()`, so the result passes on its gradient "
            "again and again, and the other nodes never do. Call `node._backward()`.",
            {"node._backward()": "self._backward()"},
        ),
        Mistake(
            "Every node passes on a gradient of 1. Only the result's is 1; the others pass on what "
            "has arrived at them from their parents, `node.grad`.",
            {"node._backward()": "node.grad = 1.0; node._backward()"},
        ),
        Mistake(
            "Only the children of the result get their gradients: the other nodes pass theirs on "
            "before it has arrived, or not at all. Go through all nodes, from the result down to "
            "the inputs: the topological order, reversed.",
            {"reversed(order)": "order"},
        ),
        Mistake(
            "You call `backward()` of the children, which treats each of them as the result and "
            "sets its gradient to 1. Only the result gets 1; the others call `_backward()`.",
            "self.grad = 1.0\nself._backward()\nfor child in self._prev:\n    child.backward()",
        ),
        Mistake(
            "You go down from the result, from node to node, so one that is reached by two paths "
            "passes its gradient on before all of it has arrived, or twice. Call `_backward()` "
            "once for each node, in the topological order, reversed.",
            DOWNWARDS,
            DOWNWARDS.replace("pop()", "pop(0)"),
            DOWNWARDS.replace("node not in done", "True"),
            DOWNWARDS.replace("node not in done", "True").replace("pop()", "pop(0)"),
        ),
    ),
)


# A network, its loss, and a step of training.


def neuron(
    w: list[float], b: float, x: list[float], activation: str = "tanh", nonlin: bool = True
) -> Any:
    """The output of a neuron, and the gradients of its weights, its bias and its inputs."""
    made = Neuron(len(w), nonlin, activation)
    for weight, number in zip(made.parameters(), [*w, b]):
        weight.data = number
    inputs = [Value(number) for number in x]
    return differentiated(made(inputs), gradients=[*made.parameters(), *inputs])


SUM = "sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)"
NO_BIAS = "sum((wi * xi for wi, xi in zip(self.w, x)), Value(0))"
ACTIVATED = "getattr(act, self.activation)() if self.nonlin else act"
RETURN = f"return {ACTIVATED}"
LOOP = f"act = self.b\nfor wi, xi in zip(self.w, x):\n    act = wi * xi + act\n{RETURN}"
ACTIVATED_PRODUCT = "getattr(wi * xi, self.activation)() if self.nonlin else wi * xi"

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
        "neuron(w=[2.0, -3.0, 0.5], b=-0.5, x=[-1.5, 0.1, -1.0], activation='relu')",
        "neuron(w=[2.0, -3.0, 0.5], b=-0.5, x=[-1.5, 0.1, -1.0], nonlin=False)",
        "neuron(w=[0.6, -0.8], b=0.3, x=[0.5, -0.7], activation='sigmoid')",
    ),
    parts={
        "returned": NOT_A_VALUE,
        "data": "The number is not activation(w·x + b), or w·x + b without `nonlin`.",
        "gradients": WITH_NUMBERS,
    },
    mistakes=(
        Mistake("The bias is missing: a neuron is activation(w·x + b).", {SUM: NO_BIAS}),
        Mistake(
            "The bias is added once for every input. It belongs to the neuron: add it once.",
            {SUM: "sum((wi * xi + self.b for wi, xi in zip(self.w, x)), Value(0))"},
        ),
        Mistake(
            "The bias is added after the activation. It belongs inside: activation(w·x + b).",
            {SUM: NO_BIAS, ACTIVATED: f"({ACTIVATED}) + self.b"},
        ),
        Mistake(
            "You apply the activation to every product, or in each turn of the loop. Apply it "
            "once, to the sum: activation(w·x + b).",
            {SUM: SUM.replace("wi * xi", ACTIVATED_PRODUCT), ACTIVATED: "act"},
            LOOP.replace(RETURN, f"    act = {ACTIVATED}\nreturn act"),
        ),
        Mistake(
            "There is no activation. With `self.nonlin`, the sum goes through the function that "
            "`self.activation` names; without any, several layers can do no more than one.",
            {ACTIVATED: "act"},
        ),
        Mistake(
            "The activation is applied always, or in the wrong case. With `nonlin` there is one; "
            "without it, as in the last layer, a neuron returns the sum itself.",
            {ACTIVATED: "getattr(act, self.activation)()"},
            {"if self.nonlin": "if not self.nonlin"},
        ),
        Mistake(
            "`self.activation` is only the name of a method. getattr(act, self.activation) finds "
            "the method, and another pair of parentheses calls it: "
            "getattr(act, self.activation)().",
            {"getattr(act, self.activation)()": "getattr(act, self.activation)"},
            {"getattr(act, self.activation)()": "self.activation(act)"},
        ),
        Mistake(
            "You always use the same activation function. `self.activation` says which one: relu, "
            "tanh or sigmoid.",
            {ACTIVATED: "act.tanh() if self.nonlin else act"},
            {ACTIVATED: "act.relu() if self.nonlin else act"},
            {ACTIVATED: "act.tanh()"},
            {ACTIVATED: "act.relu()"},
        ),
        Mistake(
            "Only one input counts. Either each turn of the loop replaces what the one before it "
            "has computed, or a `return` inside the loop ends it. Add up: act = act + …",
            LOOP.replace("+ act", "+ self.b"),
            LOOP.replace("+ act", ""),
            LOOP.replace(RETURN, f"    {RETURN}"),
        ),
    ),
)


def margin_loss(scores: list[float], labels: list[int]) -> Any:
    """The loss, and the gradients of the scores."""
    values = [Value(score) for score in scores]
    return differentiated(max_margin(values, labels), gradients=values)


LOSSES = "[(1 - y * s).relu() for s, y in _pairs(scores, labels, allowed=(-1, 1))]"

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
        "margin_loss([0.25], [1])",
        "margin_loss([-1.5], [1])",
        "margin_loss([-0.25], [-1])",
        "margin_loss([2.0], [1])",
        "margin_loss([0.5, 3.0, -0.25, 0.75], [1, 1, -1, -1])",
    ),
    parts={
        "returned": NOT_A_VALUE,
        "data": "The loss is not the mean of max(0, 1 - label * score).",
        "gradients": WITH_NUMBERS,
    },
    mistakes=(
        Mistake(
            "A score that is right by more than the margin lowers your loss. It should cost "
            "nothing: max(0, …), which is relu.",
            {".relu()": ""},
        ),
        Mistake(
            "This is the sum of the losses. Divide it by the number of examples.",
            {f"_mean({LOSSES})": f"sum({LOSSES}, Value(0))"},
        ),
        Mistake(
            "The sign is wrong: label * score is positive when the score is right, so the loss is "
            "1 - label * score, smaller for better scores.",
            {"1 - y * s": "1 + y * s"},
            {"1 - y * s": "y * s - 1"},
        ),
        Mistake(
            "The labels make no difference. Multiply each score by its label: a score of -2 is "
            "right if the label is -1.",
            {"1 - y * s": "1 - s"},
        ),
        Mistake(
            "There is no margin: a score that is just on the right side costs nothing. It should "
            "be right by at least 1: max(0, 1 - label * score).",
            {"1 - y * s": "-y * s"},
        ),
        Mistake(
            "The maximum comes after the mean, so that a good score makes up for a bad one. Take "
            "max(0, …) of each example first.",
            {f"_mean({LOSSES})": f"_mean({LOSSES.replace('.relu()', '')}).relu()"},
        ),
        Mistake(
            "`relu` applies only to what stands directly before it. Put all of the difference into "
            "parentheses: (1 - label * score).relu().",
            {"(1 - y * s).relu()": "1 - y * s.relu()"},
            {"(1 - y * s).relu()": "1 - (y * s).relu()"},
        ),
        Mistake(
            "Only one example counts. Either a `return` inside the loop ends it at once, or each "
            "turn replaces the sum: where you wrote `=`, write `+=`.",
            {f"_mean({LOSSES})": f"{LOSSES}[-1] / len(scores)"},
            {f"_mean({LOSSES})": f"{LOSSES}[0] / len(scores)"},
            {f"_mean({LOSSES})": f"{LOSSES}[0]"},
        ),
        Mistake(
            "Python's max compares, and Values cannot be compared: use relu, which is max(0, x), "
            "and has a derivative.",
            {"(1 - y * s).relu()": "max(0, 1 - y * s)"},
            {"(1 - y * s).relu()": "max(0.0, 1 - y * s)"},
            {"(1 - y * s).relu()": "max(1 - y * s, 0)"},
        ),
    ),
)


def step(lr: float, data: list[float], gradients: list[float]) -> list[float]:
    """The parameters after a step of SGD."""
    parameters = [Value(number) for number in data]
    for p, gradient in zip(parameters, gradients):
        p.grad = gradient
    SGD(parameters, lr).step()
    return [p.data for p in parameters]


UPDATE = "p.data -= self.lr * p.grad"

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
        "": "The parameters are not where they should be: each moves by the learning rate times "
        "its gradient, against the gradient."
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
            "You take a learning rate of your own. It is in `self.lr`, and may change from step to "
            "step.",
            *({"self.lr": lr} for lr in ("0.1", "0.01", "0.001", "0.05")),
        ),
        Mistake(
            "The parameter is replaced by the step. It should move by it: `-=` instead of `=`.",
            {"-= self.lr": "= -self.lr"},
            {"-= self.lr": "= self.lr"},
        ),
        Mistake(
            "No parameter has moved. Change the number in it, `p.data`; `p = …` only gives the "
            "name `p` to something new, and leaves the network as it was.",
            {UPDATE: "p = p - self.lr * p.grad"},
        ),
        Mistake(
            "Every parameter moves by the same length, whatever its gradient. Multiply the "
            "learning rate by `p.grad`.",
            {" * p.grad": ""},
            {"p.grad": "((p.grad > 0) - (p.grad < 0))"},
        ),
    ),
)

STEPS = (SLOPE, MUL, TANH, CHAIN_RULE, TOPOLOGICAL_ORDER, BACKWARD, NEURON, MAX_MARGIN, SGD_STEP)
LADDER = Ladder(__file__, STEPS, program="train_mine.py")
