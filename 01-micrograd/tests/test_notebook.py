"""What the notebook of the lecture is made of: typed expressions, and pictures of their graphs."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

from micrograd import Value
from micrograd.example import example
from micrograd.expressions import evaluate, inputs
from micrograd.picture import HEIGHT, WIDTH, svg


def test_typed_lines_give_the_value_and_the_gradients_of_the_lecture():
    text = "e = a * b\nd = e + c\nL = d * f"
    assert inputs(text) == ["a", "b", "c", "f"]
    result = evaluate(text, {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0})
    result.backward()
    assert (result.data, result.label) == (-8.0, "L")
    d, f = result._prev
    assert (d.label, d.grad, f.label, f.grad) == ("d", -2.0, "f", 4.0)


def test_formula_is_read_as_python_reads_it():
    text = "-a**2 - b / (c - 3.5) * 2 + (a - b) ** -1"
    numbers = {"a": 2.0, "b": -3.0, "c": 10.0}
    assert evaluate(text, numbers).data == eval(text, {}, numbers)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a +", "Python cannot read line 1: invalid syntax."),
        ("a = 1\nimport os", "Line 2 is neither `name = …` nor a formula."),
        ("__import__('os')", "`__import__('os')` is not allowed here: only names"),
        ("x / 0", "1.0 / 0.0: division by zero"),
    ],
)
def test_text_that_is_no_expression_is_refused_in_words(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        evaluate(text, dict.fromkeys(inputs(text), 1.0))


def test_picture_has_every_value_once_and_no_boxes_overlap():
    _, _, g = example()
    g.backward()
    nodes = {g}
    for node in (todo := [g]):
        todo += [child for child in node._prev if child not in nodes]
        nodes |= {*node._prev}
    picture = ET.fromstring(svg(g))
    boxes = [
        (float(box.get("x")), float(box.get("y"))) for box in picture.iter() if "rect" in box.tag
    ]
    assert len(boxes) == len(nodes)
    for (x1, y1), (x2, y2) in combinations(boxes, 2):
        assert abs(x1 - x2) >= WIDTH or abs(y1 - y2) >= HEIGHT


def test_picture_shows_label_data_and_gradient_of_a_node():
    a = Value(0.5, label="a<b")
    (a * 3).backward()
    texts = [text.text for text in ET.fromstring(svg(a)).iter() if "text" in text.tag]
    assert texts == ["a<b", "data 0.5000", "grad 3.0000"]
