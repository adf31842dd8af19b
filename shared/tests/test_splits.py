"""What a split of the data promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.splits import split


@given(st.integers(10, 1000), st.integers())
def test_every_document_lands_in_exactly_one_split(n, seed):
    train, dev, test = split(range(n), seed)
    assert sorted(train + dev + test) == list(range(n))
    assert train and dev and test


def test_sizes_are_those_of_the_lecture_on_its_32033_names():
    assert [len(part) for part in split(range(32_033))] == [25_626, 3_203, 3_204]


def test_same_seed_gives_the_same_split_on_every_machine():
    assert split("abcdefghijkl", seed=7) == (list("hldkiejba"), ["g"], list("cf"))
    assert split(range(100), seed=7) != split(range(100), seed=8)


def test_too_few_documents_are_refused():
    with pytest.raises(ValueError, match="9 documents"):
        split(range(9))
