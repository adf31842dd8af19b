"""Lecture 7: every stage adds its piece, and each piece equals PyTorch's own."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gpt import stages
from gpt.lecture import STAGES, Block, Head, LectureGPT
from gpt.stages import RECIPES, Recipe, estimate_loss, get_batch, make_model, train_stage

V, T, C = 65, 8, 32
SIZES = {"vocab_size": V, "block_size": T, "n_layer": 3, "n_head": 4, "n_embd": C}

every_stage = pytest.mark.parametrize("stage", STAGES)


def make(stage, **sizes):
    return LectureGPT(**{**SIZES, **sizes}, stage=stage).eval()


def n_parameters(model):
    return sum(p.numel() for p in model.parameters())


def test_parameters_are_as_many_as_the_lecture_prints():
    assert n_parameters(LectureGPT(65, 32, n_layer=4, n_head=4, n_embd=64)) == 209_729
    with torch.device("meta"):
        assert n_parameters(LectureGPT(65, 256, n_layer=6, n_head=6, n_embd=384)) == 10_788_929


def test_a_head_equals_pytorchs_attention():
    head, x = Head(C, 16, T), torch.randn(2, T, C)
    q, k, v = head.query(x), head.key(x), head.value(x)
    torch.testing.assert_close(head(x), F.scaled_dot_product_attention(q, k, v, is_causal=True))


def copy_attention(theirs, sa):
    heads, proj, _ = sa
    weights = [
        getattr(head, part).weight for part in ("query", "key", "value") for head in heads.heads
    ]
    theirs.in_proj_weight.data.copy_(torch.cat(weights))
    theirs.in_proj_bias.data.zero_()
    theirs.out_proj.load_state_dict(proj.state_dict())


def test_heads_and_their_projection_equal_pytorchs_multi_head_attention():
    block, x = Block(C, 4, T), torch.randn(2, T, C)
    theirs = nn.MultiheadAttention(C, 4, batch_first=True)
    copy_attention(theirs, block.sa)
    future = torch.ones(T, T, dtype=torch.bool).triu(1)
    expected, _ = theirs(x, x, x, attn_mask=future)
    torch.testing.assert_close(block.sa(x), expected)


def test_blocks_and_the_last_norm_equal_pytorchs_transformer():
    _, *blocks, norm, _ = make("layernorm").layers
    for p in [p for module in (*blocks, norm) for p in module.parameters()]:
        nn.init.normal_(p, std=0.3)  # norms and biases, too, which begin at one and zero
    layer = nn.TransformerEncoderLayer(
        C, 4, 4 * C, dropout=0.0, activation="relu", batch_first=True, norm_first=True
    )
    theirs = nn.TransformerEncoder(layer, 3, norm, enable_nested_tensor=False)
    for ours, their in zip(blocks, theirs.layers):
        copy_attention(their.self_attn, ours.sa)
        their.norm1, their.norm2 = ours.ln1, ours.ln2
        their.linear1, their.linear2 = ours.ffwd[0].net[0], ours.ffwd[1]
    x, future = torch.randn(2, T, C), torch.ones(T, T, dtype=torch.bool).triu(1)
    torch.testing.assert_close(nn.Sequential(*blocks, norm)(x), theirs(x, future))


@every_stage
def test_no_token_sees_the_future(stage):
    model = make(stage)
    ids = torch.randint(V, (1, T))
    changed = ids.clone()
    changed[0, 5:] = (ids[0, 5:] + 1) % V
    before, after = model(ids)[0], model(changed)[0]
    assert torch.equal(before[0, :5], after[0, :5])
    assert not torch.isclose(before[0, 5:], after[0, 5:]).all(1).any()


@every_stage
def test_a_fresh_model_knows_nothing(stage):
    model = make(stage)
    ids, targets = torch.randint(V, (2, 100, T))
    logits, loss = model(ids, targets)
    assert math.log(V) < loss.item() < math.log(V) + 0.6  # 0.5 for logits of variance 1
    nats = [-logits[b, t].softmax(0)[targets[b, t]].log() for b in range(100) for t in range(T)]
    torch.testing.assert_close(loss, torch.stack(nats).mean())
    assert model(ids)[1] is None


@every_stage
def test_dropout_belongs_to_the_last_stage_and_to_training(stage):
    model = make(stage, dropout=0.5)
    ids = torch.randint(V, (4, T))
    expected = model(ids)[0]
    assert torch.equal(model(ids)[0], expected)
    assert torch.equal(model.train()(ids)[0], expected) == (stage != "dropout")


@every_stage
def test_generation_goes_on_beyond_the_context_and_depends_on_the_last_ids_alone(stage):
    model, prompt = make(stage), torch.randint(V, (2, 3 * T))

    def generated(ids):
        return model.generate(ids, 20, torch.Generator().manual_seed(0))

    ids = generated(prompt)
    assert ids.shape == (2, 3 * T + 20)
    assert ids.max() < V
    assert torch.equal(ids[:, : 3 * T], prompt)
    assert torch.equal(generated(prompt[:, -T:])[:, T:], ids[:, 3 * T :])


def test_tokens_are_drawn_as_often_as_the_last_logits_say():
    model, prompt = make("layernorm", vocab_size=8), torch.randint(8, (1, 5))
    model.layers[-1].weight.data.mul_(3)  # some are much more likely than others
    drawn = model.generate(prompt.expand(5000, 5), 1)[:, -1]
    shares = torch.bincount(drawn, minlength=8) / 5000
    torch.testing.assert_close(shares, model(prompt)[0][0, -1].softmax(0), atol=0.03, rtol=0)


def test_targets_are_the_next_tokens_and_every_chunk_is_drawn():
    data = torch.arange(40)
    x, y = get_batch(data, 2000, 8)
    assert torch.equal(y, x + 1)
    assert torch.equal(x[:, :1] + torch.arange(8), x)
    assert sorted(set(x[:, 0].tolist())) == list(range(32))


def test_training_a_bigram_ends_where_counting_does():
    chances = torch.randn(5, 5).softmax(1)
    data = [0]
    for _ in range(4000):
        data.append(int(torch.multinomial(chances[data[-1]], 1)))
    ids = torch.tensor(data)
    recipe = Recipe("bigram", None, lr=0.02, steps=1000)
    model = make_model(recipe, 5)
    train_stage(model, recipe, ids)
    pairs = torch.bincount(ids[:-1] * 5 + ids[1:], minlength=25).view(5, 5)
    counted = -(pairs * (pairs / pairs.sum(1, keepdim=True)).log()).sum() / 4000
    assert estimate_loss(model, ids) == pytest.approx(counted.item(), abs=0.005)


def test_stages_are_compared_over_seeds_and_reproducible(monkeypatch):
    monkeypatch.setattr(stages, "RECIPES", [replace(recipe, steps=2) for recipe in RECIPES])
    ids = torch.randint(5, (500,))
    first, second = (list(stages.run_stages(ids, 5, seeds=2)) for _ in range(2))
    assert [result.recipe.stage for result in first] == list(STAGES)
    assert [result.losses for result in first] == [result.losses for result in second]
    assert all(a != b for a, b in (result.losses for result in first))
