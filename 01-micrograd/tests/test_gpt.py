"""The GPT made of scalars: its loss and gradients are those of the same model in PyTorch."""

import random

import pytest
import torch
import torch.nn.functional as F
from conftest import programs

from house.programs import mistake
from micrograd import gpt
from micrograd.gpt import GPT


def torch_loss(model: GPT, tokens: list[int]) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The loss of the same model on whole matrices, and the matrices in the order of ours."""

    def tensor(matrix):
        rows = [[p.data for p in row] for row in matrix]
        parameters.append(torch.tensor(rows, dtype=torch.float64, requires_grad=True))
        return parameters[-1]

    def norm(x):
        return F.rms_norm(x, x.shape[-1:], eps=1e-5)

    parameters: list[torch.Tensor] = []
    wte, wpe, head = map(tensor, (model.token_embedding, model.position_embedding, model.lm_head))
    x, y = torch.tensor(tokens[:-1])[: model.block_size], torch.tensor(tokens[1:])
    x = norm(wte[x] + wpe[: len(x)])  # (T, C)
    for block in model.blocks:
        names = ("query", "key", "value", "project", "expand", "contract")
        q, k, v, o, up, down = (tensor(getattr(block, name)) for name in names)
        heads = [
            (norm(x) @ w.T).view(len(x), -1, block.head_size).transpose(0, 1) for w in (q, k, v)
        ]  # (H, T, hs)
        mixed = F.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + mixed.transpose(0, 1).flatten(1) @ o.T
        x = x + (norm(x) @ up.T).relu() @ down.T
    return F.cross_entropy(x @ head.T, y[: len(x)]), parameters


@pytest.mark.parametrize(
    ("tokens", "sizes"),
    [
        ([26, 4, 12, 12, 0, 26], {}),
        ([26, 1, 26], {"n_layer": 2}),
        ([3, 1, 4, 1, 5, 9, 2, 6, 5, 3], {"n_layer": 2, "n_head": 2, "n_embd": 6, "block_size": 5}),
    ],
    ids=["microgpt's sizes", "two blocks", "longer than the context"],
)
def test_loss_and_every_gradient_equal_torch(tokens, sizes):
    model = GPT(27, seed=1, **sizes)
    loss = model.loss(tokens)
    loss.backward()
    expected, parameters = torch_loss(model, tokens)
    expected.backward()
    assert loss.data == pytest.approx(expected.item(), rel=1e-9)
    theirs = torch.cat([p.grad.flatten() for p in parameters]).tolist()
    assert [p.grad for p in model.parameters()] == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def test_sizes_are_microgpts():
    assert len(GPT(27).parameters()) == 4192


def test_cross_entropy_of_huge_logits_neither_overflows_nor_loses_its_gradient():
    logits = [gpt.Value(x) for x in (1000.0, -1000.0, 999.0)]
    loss = gpt.cross_entropy(logits, 2)
    loss.backward()
    tensor = torch.tensor([1000.0, -1000.0, 999.0], dtype=torch.float64, requires_grad=True)
    expected = F.cross_entropy(tensor[None], torch.tensor([2]))
    expected.backward()
    assert loss.data == pytest.approx(expected.item())
    assert [logit.grad for logit in logits] == pytest.approx(tensor.grad.tolist())


def test_training_takes_the_steps_that_torch_takes():
    documents, steps = [[3, 0, 1, 3], [3, 2, 3], [3, 1, 1, 0, 3]], 5
    model, twin = (GPT(4, block_size=8, n_embd=8, seed=1) for _ in range(2))
    flat = torch.tensor([p.data for p in twin.parameters()], dtype=torch.float64)
    adam = torch.optim.Adam([flat], betas=(0.85, 0.99))
    for step, loss in enumerate(gpt.train(model, documents, steps, lr=0.01)):
        expected, matrices = torch_loss(twin, documents[step % 3])
        assert loss == pytest.approx(expected.item(), rel=1e-9)
        expected.backward()
        flat.grad = torch.cat([matrix.grad.flatten() for matrix in matrices])
        adam.param_groups[0]["lr"] = 0.01 * (1 - step / steps)
        adam.step()
        for p, number in zip(twin.parameters(), flat.tolist(), strict=True):
            p.data = number


class First(random.Random):
    """Draws the first choice, and remembers the weights."""

    def choices(self, population, weights):
        self.weights = list(weights)
        return [population[0]]


def test_text_without_an_end_fills_the_context():
    assert GPT(3, block_size=5, seed=1).generate(1, First()) == [0] * 5


def test_sampling_draws_from_the_softmax_of_logits_over_temperature():
    model, rng = GPT(4, block_size=1, seed=1), First()
    model.generate(3, rng, temperature=0.5)
    logits = torch.tensor([x.data for x in model(3, 0, model.empty_cache())], dtype=torch.float64)
    assert rng.weights == pytest.approx(torch.softmax(logits / 0.5, 0).tolist(), rel=1e-9)


def test_heads_that_do_not_divide_the_embedding_are_refused():
    with pytest.raises(ValueError, match=r"multiple of n_head \(3\), not 16"):
        GPT(27, n_head=3)


def test_names_become_numbers_between_two_boundaries():
    assert gpt.tokenize(["bob", "ab"]) == (["a", "b", "o"], [[3, 1, 2, 1, 3], [3, 0, 1, 3]])


def test_program_trains_on_the_bundled_names_and_samples_new_ones():
    options = ["--data", "bundled", "--steps", "100", "--n-embd", "8"]
    done = programs.process("-m", "micrograd.gpt", *options)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("data: bundled list of given names")
    assert lines[2].startswith("step 100: loss ")
    assert len(lines) == 3 + 20


def test_program_learns_the_names_of_a_file_by_heart(tmp_path):
    (tmp_path / "names.txt").write_text("\n anna \n\n")
    options = ["--steps", "60", "--n-embd", "8", "--lr", "0.02", "--samples", "3"]
    options += ["--data", str(tmp_path / "names.txt"), "--temperature", "0.1"]
    assert programs.run("gpt", *options).stdout.splitlines()[-3:] == ["  anna"] * 3


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--n-embd", "10"], "--n-embd must be a multiple of --n-head (4), not 10"),
        (["--block-size", "0"], "--block-size must be at least 1"),
        (["--lr", "1e300", "--data", "bundled"], "training diverged: the loss is nan in step"),
    ],
)
def test_mistake_is_one_line(args, words):
    assert words in mistake(programs.run("gpt", *args))
