"""What several test files need: the lesson's programs, a text, small models."""

import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test asks the network

import pytest
import torch

LESSON = Path(__file__).parent.parent
sys.path.insert(0, str(LESSON))  # for train

from gpt.gpt2 import GPT2  # noqa: E402
from gpt.modern import Modern  # noqa: E402

TEXT = """First Citizen:
Before we proceed any further, hear me speak.

All:
Speak, speak.

First Citizen:
You are all resolved rather to die than to famish?

All:
Resolved. resolved.
"""

torch.set_num_threads(1)  # the models here are too small for more

SIZES = {"block_size": 16, "n_layer": 2, "n_head": 2, "n_embd": 16}


def small(kind, vocab_size=20, **sizes):
    """A model whose weights are all random, also those that start at zero."""
    torch.manual_seed(0)
    model = kind(vocab_size, **{**SIZES, **sizes})
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


@pytest.fixture(params=[GPT2, Modern], ids=["gpt2", "modern"])
def model(request):
    return small(request.param)


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(0)
