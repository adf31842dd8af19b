"""Expressions as a reader types them, made of Values: what the notebook of the lecture draws.

    e = a * b
    d = e + c
    tanh(d)

Names that are used before they are given a value are inputs. Only arithmetic and the engine's
functions are allowed. What is wrong with a text raises `ValueError`, in words for its writer.
"""

import ast
import operator
from collections.abc import Callable, Mapping

from micrograd.engine import Value

FUNCTIONS = ("exp", "log", "relu", "sigmoid", "tanh")
OPERATORS: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
ALLOWED = f"names, numbers, + - * / **, parentheses, and {', '.join(FUNCTIONS)}"


def inputs(text: str) -> list[str]:
    """The names that the expression needs, in the order in which they occur."""
    known: set[str] = set()
    needed: dict[str, None] = {}  # a set that keeps its order
    for name, formula in _statements(text):
        names = [node for node in ast.walk(formula) if isinstance(node, ast.Name)]
        for node in sorted(names, key=lambda node: (node.lineno, node.col_offset)):
            if node.id not in known and node.id not in FUNCTIONS:
                needed[node.id] = None
        known.add(name)
    return [*needed]


def evaluate(text: str, numbers: Mapping[str, float]) -> Value:
    """The value of the last line, with the graph behind it; every name is the label of its node."""
    names = {name: Value(x, label=name) for name, x in numbers.items()}
    for name, formula in _statements(text):
        try:
            result = _value(formula, names)
        except ArithmeticError as error:
            raise ValueError(str(error)) from None
        if name:
            result.label = result.label or name
            names[name] = result
    return result


def _statements(text: str) -> list[tuple[str, ast.expr]]:
    """The lines, each as the name it defines, or none, and its formula."""
    try:
        lines = ast.parse(text.strip()).body
    except SyntaxError as error:
        raise ValueError(f"Python cannot read line {error.lineno}: {error.msg}.") from None
    found = []
    for line in lines:
        if isinstance(line, ast.Expr):
            found.append(("", line.value))
        elif isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            found.append((line.targets[0].id, line.value))
        else:
            raise ValueError(f"Line {line.lineno} is neither `name = …` nor a formula.")
    if not found:
        raise ValueError("There is no formula yet.")
    return found


def _value(node: ast.expr, names: Mapping[str, Value]) -> Value:
    """The value of a part of a formula."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return Value(number)
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, names)
        case ast.BinOp(left=x, op=ast.Pow(), right=ast.Constant(value=int() | float() as exponent)):
            return _value(x, names) ** exponent
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.Call(func=ast.Name(id=function), args=[x]) if function in FUNCTIONS:
            return getattr(_value(x, names), function)()
        case ast.Call(func=ast.Attribute(value=x, attr=function), args=[]) if function in FUNCTIONS:
            return getattr(_value(x, names), function)()
    raise ValueError(f"`{ast.unparse(node)}` is not allowed here: only {ALLOWED}.")
