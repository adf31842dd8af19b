"""What several test files need: the lesson's programs, and a list of words."""

import sys
from pathlib import Path

import pytest
import torch

LESSON = Path(__file__).parent.parent
sys.path.insert(0, str(LESSON))  # for train and report

from makemore.words import Alphabet  # noqa: E402
from shared import datasets  # noqa: E402

TEXT = "ava mia emma olivia noah liam ana anna hannah otto bob eve maxim zoe lea theo"
WORDS = TEXT.split()


torch.set_num_threads(1)  # the models here are too small for more


@pytest.fixture
def alphabet():
    return Alphabet.of(WORDS)


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def names():
    """The lecture's names."""
    return datasets.load("names").text.split()
