"""The models: equal to each other where they are the same thing, and to what others wrote."""

import math
import re

import pytest
import torch
from conftest import SIZES, small
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from gpt.ablate import CHANGES, variants
from gpt.attention import Head, attend_by_hand, attend_fused, attention_weights
from gpt.attention_maps import attention_maps
from gpt.bigram import Bigram
from gpt.cache import KVCache
from gpt.data import Split, Stream
from gpt.evaluation import nats, total_nats
from gpt.flops import flops_per_token
from gpt.model import GPT
from gpt.modern import CAP, LONGEST_NGRAM, Modern, NGramEmbedding, RMSNorm, Rotary
from gpt.optimizers import optimizers_for
from gpt.recipes import PRESETS


def queries_keys_values(n_queries, n_keys):
    return (torch.randn(2, 3, n, 8, requires_grad=True) for n in (n_queries, n_keys, n_keys))


@pytest.mark.parametrize(("n_queries", "n_keys"), [(7, 7), (1, 7), (3, 7), (1, 1)])
def test_attention_by_hand_equals_the_fused_kernel_forward_and_backward(n_queries, n_keys):
    inputs = list(queries_keys_values(n_queries, n_keys))
    torch.testing.assert_close(attend_by_hand(*inputs), attend_fused(*inputs))
    gradients = [
        torch.autograd.grad(attend(*inputs).square().sum(), inputs)
        for attend in (attend_by_hand, attend_fused)
    ]
    torch.testing.assert_close(*gradients)


def test_weights_are_shares_of_the_past():
    query, key, _ = queries_keys_values(5, 5)
    weights = attention_weights(query, key)
    assert torch.equal(weights, weights.tril())
    torch.testing.assert_close(weights.sum(3), torch.ones(2, 3, 5))


def test_the_lectures_single_heads_equal_all_heads_at_once():
    attention = small(GPT).blocks[0].attention
    x = torch.randn(2, 9, 16)
    heads = [Head(16, 8, 16) for _ in range(2)]
    weights = attention.query_key_value.weight.view(3, 2, 8, 16)  # (q k v, head, hs, C)
    nn.init.zeros_(attention.query_key_value.bias)
    for i, head in enumerate(heads):
        for j, linear in enumerate((head.query, head.key, head.value)):
            linear.weight.data.copy_(weights[j, i])
    read = torch.cat([head(x) for head in heads], dim=-1)
    torch.testing.assert_close(attention.project(read), attention(x))


def test_models_give_the_same_with_either_attention(model):
    ids = torch.randint(20, (3, 16))
    fused = model(ids)
    for block in model.blocks:
        block.attention.attend = attend_by_hand
    torch.testing.assert_close(model(ids), fused)


def test_no_token_sees_the_future(model):
    ids = torch.randint(20, (1, 16))
    changed = ids.clone()
    changed[0, 9:] = (ids[0, 9:] + 1) % 20
    before, after = model(ids), model(changed)
    assert torch.equal(before[0, :9], after[0, :9])
    assert not torch.isclose(before[0, 9:], after[0, 9:]).all(1).any()


def test_cached_logits_equal_those_without_a_cache(model):
    ids = torch.randint(20, (2, 16))
    for cuts in ([1] * 16, [16], [5, 1, 7, 3]):
        cache, found = KVCache(2, 16), []
        for piece in ids.split(cuts, dim=1):
            found.append(model(piece, cache))
        torch.testing.assert_close(torch.cat(found, 1), model(ids))
        assert len(cache) == 16


def test_more_tokens_than_the_context_are_refused(model):
    with pytest.raises(ValueError, match="17 tokens are more than the context, 16"):
        model(torch.zeros(1, 17, dtype=torch.long))
    cache = KVCache(2, 16)
    model(torch.zeros(1, 16, dtype=torch.long), cache)
    with pytest.raises(ValueError, match="17 tokens are more"):
        model(torch.zeros(1, 1, dtype=torch.long), cache)


@pytest.mark.parametrize("kind", [GPT, Modern])
@pytest.mark.parametrize(
    ("sizes", "problem"),
    [
        ({"n_embd": 15}, "n_embd must be a multiple of n_head (2), not 15"),
        ({"n_layer": 0}, "n_layer must be at least 1, not 0"),
        ({"dropout": 1.0}, "dropout must be from 0 to below 1, not 1"),
        ({"dropout": math.nan}, "dropout must be from 0 to below 1, not nan"),
    ],
)
def test_impossible_sizes_are_refused(kind, sizes, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        kind(20, **{**SIZES, **sizes})


def test_modern_heads_must_have_an_even_size():
    with pytest.raises(ValueError, match="must be even to be turned in pairs, not 3"):
        Modern(20, **{**SIZES, "n_embd": 6})


def test_gpt2_124m_has_as_many_parameters_as_openai_say():
    with torch.device("meta"):
        model = GPT(50257, **PRESETS["gpt2-124m"]["lecture"].sizes())
    assert sum(p.numel() for p in model.parameters()) == 124_439_808


def test_fresh_models_know_nothing():
    ids, targets = torch.randint(20, (2, 8, 16))
    torch.manual_seed(0)
    assert nats(GPT(20, **SIZES)(ids), targets).item() == pytest.approx(math.log(20), abs=0.02)
    assert nats(Modern(20, **SIZES)(ids), targets).item() == pytest.approx(math.log(20))


def test_counted_bigram_is_where_training_would_end():
    ids = torch.randint(5, (2000,))
    bigram = Bigram(5, 8)
    bigram.count(ids)
    torch.testing.assert_close(bigram(torch.arange(5)).exp().sum(1), torch.ones(5))
    loss = nats(bigram(ids[None, :-1]), ids[None, 1:])
    (gradient,) = torch.autograd.grad(loss, bigram.table.weight)
    assert gradient.abs().max() < 1e-3  # not zero: every pair counts once more


def test_rms_norm_equals_pytorchs():
    x = torch.randn(3, 8) * 5
    theirs = nn.RMSNorm(8, elementwise_affine=False)
    torch.testing.assert_close(RMSNorm()(x), theirs(x))


def test_rotary_products_depend_on_the_distance_alone_and_lengths_stay():
    rotary = Rotary(8, 32)
    query, key = torch.randn(2, 1, 1, 1, 8)
    near = [(rotary(query, t) * rotary(key, t - 3)).sum() for t in (3, 9, 31)]
    torch.testing.assert_close(torch.stack(near), near[0].expand(3))
    far = (rotary(query, 9) * rotary(key, 5)).sum()
    assert abs(far - near[0]) > 1e-3
    torch.testing.assert_close(rotary(query, 17).norm(), query.norm())


def test_runs_of_tokens_have_a_vector_each_that_depends_on_them_alone():
    embedding = NGramEmbedding(3, 100_003, 4)
    nn.init.normal_(embedding.table.weight)
    ids = torch.tensor([[-1, -1, 1, 2, 3, 1, 2, 3, 2]])
    found = embedding(ids)[0]
    assert found.shape == (9 - LONGEST_NGRAM + 1, 4)
    assert torch.equal(found[2], found[5])  # 1 2 3, twice
    assert len({tuple(vector.tolist()) for vector in found}) == 6


def test_no_two_pairs_of_shakespeares_characters_share_a_vector():
    pairs = torch.cartesian_prod(torch.arange(65), torch.arange(65))
    ids = torch.cat([torch.full((65 * 65, 1), -1), pairs], 1)
    rows = []
    embedding = NGramEmbedding(2, 16384, 1)
    embedding.table.register_forward_hook(lambda module, args, out: rows.append(args[0]))
    embedding(ids)
    hit = rows[0][:, -1].unique().numel()
    assert hit == 65 * 65  # none of them


def test_logits_stay_below_the_cap():
    model = small(Modern)
    for parameter in model.parameters():
        parameter.data.mul_(10)
    logits = model(torch.randint(20, (4, 16)))
    assert 0.9 * CAP < logits.abs().max() <= CAP


def test_maps_are_the_weights_that_the_model_used(model):
    ids = torch.randint(20, (11,))
    before = model(ids[None])
    maps = attention_maps(model, ids)
    assert maps.shape == (2, 2, 11, 11)
    torch.testing.assert_close(maps.sum(3), torch.ones(2, 2, 11))
    assert torch.equal(maps, maps.tril())
    torch.testing.assert_close(model(ids[None]), before)


def test_dev_loss_is_over_every_token_once_and_the_same_in_parts(model):
    split = Split(Stream.of(torch.randint(20, (200,)).tolist()), 10, 199)
    total, count = total_nats(model, split, 16)
    assert count == 188
    ids = torch.from_numpy(split.stream.read(10, 199))
    expected = sum(
        nats(model(ids[None, i : i + 16][:, : 188 - i]), ids[None, i + 1 : i + 17]).item()
        * len(ids[i + 1 : i + 17])
        for i in range(0, 188, 16)
    )
    assert total == pytest.approx(expected, rel=1e-5)
    parts = [total_nats(model, split, 16, part, 3) for part in range(3)]
    assert sum(count for _, count in parts) == 188
    assert sum(nats for nats, _ in parts) == pytest.approx(total, rel=1e-5)


def test_evaluation_leaves_dropout_as_it_was():
    model = small(GPT, dropout=0.5).train()
    split = Split(Stream.of(torch.randint(20, (100,)).tolist()), 0, 100)
    assert total_nats(model, split, 16) == total_nats(model, split, 16)
    assert model.training


@pytest.mark.parametrize("kind", [GPT, Modern])
def test_counted_operations_are_those_that_pytorch_counts(kind):
    model = small(kind, block_size=32, n_embd=64)
    for block in model.blocks:
        block.attention.attend = attend_by_hand
    ids = torch.randint(20, (2, 32))
    with FlopCounterMode(display=False) as counter:
        nats(model(ids), ids).backward()
    assert flops_per_token(model, 32) * ids.numel() == counter.get_total_flops()


def test_muon_gets_the_matrices_of_the_blocks_and_adamw_all_else_once():
    model = small(Modern)
    adamw, muon = optimizers_for(model, PRESETS["cpu"]["modern"])
    of_muon = [p for group in muon.param_groups for p in group["params"]]
    assert {id(p) for p in of_muon} == {id(p) for p in model.blocks.parameters()}
    others = [p for group in adamw.param_groups for p in group["params"]]
    assert len(others) + len(of_muon) == len(list(model.parameters()))
    assert not {id(p) for p in others} & {id(p) for p in of_muon}


def test_lecture_decays_matrices_and_spares_vectors():
    (adamw,) = optimizers_for(small(GPT), PRESETS["cpu"]["lecture"])
    for group in adamw.param_groups:
        assert {p.ndim > 1 for p in group["params"]} == {group["weight_decay"] > 0}


def test_every_ablation_changes_what_the_model_computes():
    ids = torch.randint(20, (2, 16))
    usual = small(Modern)
    expected = usual(ids)
    for name, undo in CHANGES.items():
        model = Modern(20, **SIZES)
        model.load_state_dict(usual.state_dict())
        undo(model)
        for parameter in model.parameters():
            if parameter.ndim == 1:
                nn.init.normal_(parameter)
        assert not torch.allclose(model(ids), expected), name


def test_ablation_trains_every_variant_on_the_same_terms():
    found = list(variants(20, steps=7, seed=0))
    assert [variant.name for variant in found][1:-2] == list(CHANGES)
    assert {variant.recipe.steps for variant in found} == {7}
    assert len({(v.recipe.batch_size, v.recipe.block_size) for v in found}) == 1
