"""The broadcasting rules against numpy and PyTorch, and their explanation in words."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shared import cli
from shared.broadcasting import broadcast_shapes, explain, parse_shape

shapes = st.lists(st.integers(0, 4), max_size=5).map(tuple)


@given(shapes, shapes)
def test_result_equals_that_of_numpy_and_torch(a, b):
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ValueError, match="differ and neither is 1"):
            broadcast_shapes(a, b)
        with pytest.raises(RuntimeError):
            torch.zeros(a) + torch.zeros(b)
        assert explain(a, b).endswith("cannot be broadcast.")
    else:
        assert broadcast_shapes(a, b) == expected == tuple((torch.zeros(a) + torch.zeros(b)).shape)
        assert explain(a, b).endswith(f"The result has shape {str(expected).replace(', ', ',')}.")


def test_explanation_goes_through_the_rules_from_right_to_left():
    assert explain((4, 3, 2), (3, 2)).splitlines() == [
        "1. Align the shapes to the right; a missing dimension counts as 1.",
        "     (4,3,2)       ->     4    3    2",
        "     (3,2)         ->     1    3    2",
        "2. Compare the sizes from right to left: equal, or one of them 1.",
        "     dimension -1:  2 and 2  ->  2, they are equal",
        "     dimension -2:  3 and 3  ->  3, they are equal",
        "     dimension -3:  4 and 1  ->  4, the 1 is stretched",
        "3. The result has shape (4,3,2).",
    ]


@pytest.mark.parametrize(
    ("text", "shape"),
    [("4,3,2", (4, 3, 2)), ("(4, 3, 2)", (4, 3, 2)), ("5", (5,)), ("(5,)", (5,)), ("()", ())],
)
def test_shape_can_be_written_as_python_does_or_without_brackets(text, shape):
    assert parse_shape(text) == shape


@pytest.mark.parametrize("text", ["4,,2", "a", "-1,2", "4x3", "2.5", ",", "", "(4,3"])
def test_text_that_is_no_shape_is_one_clear_line(text):
    with pytest.raises(cli.UserError, match="is not a shape; write it like 4,3,2"):
        parse_shape(text)
