"""GPT-2 in Hugging Face's layout: transformers computes the same, and reads what we wrote."""

import json
import warnings

import pytest
import torch
from conftest import SIZES, small
from transformers import GPT2Config, GPT2LMHeadModel

from gpt import pretrained
from gpt.gpt2 import GPT2
from gpt.load import gpt2_vocabulary
from shared.cli import UserError


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A small random GPT-2 of transformers, and the folder that it was saved in."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 65, "n_positions": 32, "n_embd": 24, "n_layer": 3, "n_head": 4}
    config = GPT2Config(**sizes, bos_token_id=0, eos_token_id=0)
    model = GPT2LMHeadModel(config).eval()
    for parameter in model.parameters():  # norms and biases, too
        torch.nn.init.normal_(parameter, std=0.2)
    folder = tmp_path_factory.mktemp("gpt2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(folder)
    return model, folder


def test_logits_equal_those_of_transformers(theirs):
    model, folder = theirs
    ids = torch.randint(65, (3, 32))
    ours = pretrained.load(folder).eval()
    torch.testing.assert_close(ours(ids)[0], model(ids).logits, atol=1e-4, rtol=0)


def test_likeliest_text_equals_that_of_transformers(theirs):
    model, folder = theirs
    ids = torch.randint(65, (3, 5))
    text = model.generate(ids, max_new_tokens=20, do_sample=False, eos_token_id=None)
    ours = pretrained.load(folder).eval().generate(ids, 20, temperature=0)
    assert torch.equal(ours, text)


def test_gradients_equal_those_of_transformers(theirs):
    model, folder = theirs
    ids = torch.randint(65, (2, 16))
    ours = pretrained.load(folder)
    _, loss = ours(ids[:, :-1], ids[:, 1:])
    loss.backward()
    model.zero_grad()
    model(ids, labels=ids).loss.backward()
    named = {name: p.grad for name, p in model.named_parameters()}
    for name, gradient in pretrained.from_theirs(named).items():
        parameter = dict(ours.named_parameters())[name]
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-5, rtol=1e-3)


def test_transformers_reads_what_was_exported(tmp_path):
    ours = small(GPT2)
    pretrained.save(ours, tmp_path / "out", vocabulary={"characters": "abc"})
    model = GPT2LMHeadModel.from_pretrained(tmp_path / "out").eval()
    ids = torch.randint(20, (3, 16))
    torch.testing.assert_close(model(ids).logits, ours(ids)[0], atol=1e-5, rtol=1e-5)


def test_exported_weights_come_back_to_the_last_bit(tmp_path):
    ours = small(GPT2)
    pretrained.save(ours, tmp_path / "out", vocabulary={"characters": "abc"})
    again = pretrained.load(tmp_path / "out")
    assert again.sizes == {**SIZES, "dropout": 0.0}
    for name, tensor in ours.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
    assert gpt2_vocabulary(tmp_path / "out").decode([2, 0]) == "ca"


def test_names_of_old_files_are_understood(theirs):
    _, folder = theirs
    tensors = pretrained.to_theirs(pretrained.load(folder).state_dict())
    old = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    old["h.0.attn.bias"] = torch.ones(1, 1, 32, 32)
    assert pretrained.from_theirs(old).keys() == pretrained.load(folder).state_dict().keys()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"model_type": "llama"}, "is not a GPT-2's: model_type is 'llama', not 'gpt2'"),
        ({"n_layer": 2}, "does not have the shape of its config.json: blocks.2"),
        ({"n_head": 5}, "n_embd is not a multiple of n_head"),
    ],
)
def test_what_is_not_this_gpt2_is_refused(theirs, tmp_path, change, problem):
    folder = copied(theirs[1], tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ValueError, match=problem):
        pretrained.load(folder)


def copied(folder, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    return tmp_path


def test_damaged_files_are_refused(theirs, tmp_path):
    folder = copied(theirs[1], tmp_path)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"model.safetensors is damaged"):
        pretrained.load(folder)
    weights.unlink()
    with pytest.raises(ValueError, match=r"has no model.safetensors"):
        pretrained.load(folder)
    (folder / "config.json").write_text("[1")
    with pytest.raises(ValueError, match=r"config.json is damaged"):
        pretrained.load(folder)


def test_meaning_of_unknown_tokens_is_not_guessed(theirs):
    with pytest.raises(UserError, match=r"the meaning of the 65 tokens of .* is unknown"):
        gpt2_vocabulary(theirs[1])


def test_shorter_context_keeps_the_first_positions(theirs):
    model, folder = theirs
    ids = torch.randint(65, (2, 8))
    ours = pretrained.load(folder, block_size=8).eval()
    assert ours.block_size == 8
    torch.testing.assert_close(ours(ids)[0], model(ids).logits, atol=1e-4, rtol=0)
