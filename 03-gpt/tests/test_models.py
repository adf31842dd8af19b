"""The models: equal to each other where they are the same thing, and to what others wrote."""

import numpy
import pytest
import torch
from conftest import SIZES, small
from torch import nn

from gpt.ablate import CHANGES, variants
from gpt.attention import attend_by_hand, attend_fused
from gpt.attention_maps import attention_maps
from gpt.bigram import Bigram
from gpt.cache import KVCache
from gpt.data import Split
from gpt.evaluation import estimate_loss
from gpt.flops import flops_per_token
from gpt.gpt2 import GPT2
from gpt.modern import LONGEST_NGRAM, Modern, NGramEmbedding, Rotary, norm
from gpt.optimizers import make_optimizers
from gpt.presets import PRESETS


def queries_keys_values(n_queries, n_keys):
    return (torch.randn(2, 3, n, 8, requires_grad=True) for n in (n_queries, n_keys, n_keys))


@pytest.mark.parametrize(("n_queries", "n_keys"), [(7, 7), (1, 7), (3, 7)])
def test_attention_by_hand_equals_the_fused_kernel_forward_and_backward(n_queries, n_keys):
    inputs = list(queries_keys_values(n_queries, n_keys))
    torch.testing.assert_close(attend_by_hand(*inputs), attend_fused(*inputs))
    gradients = [
        torch.autograd.grad(attend(*inputs).square().sum(), inputs)
        for attend in (attend_by_hand, attend_fused)
    ]
    torch.testing.assert_close(*gradients)


def test_loss_is_the_mean_cross_entropy_of_the_logits_and_absent_without_targets(model):
    ids, targets = torch.randint(20, (2, 3, 16))
    logits, loss = model(ids, targets)
    picked = logits.softmax(2).gather(2, targets[..., None])
    torch.testing.assert_close(loss, -picked.log().mean())
    assert model(ids)[1] is None
    assert torch.equal(model(ids)[0], logits)


def test_no_token_sees_the_future(model):
    ids = torch.randint(20, (1, 16))
    changed = ids.clone()
    changed[0, 9:] = (ids[0, 9:] + 1) % 20
    before, after = model(ids)[0], model(changed)[0]
    assert torch.equal(before[0, :9], after[0, :9])
    assert not torch.isclose(before[0, 9:], after[0, 9:]).all(1).any()


def test_cached_logits_equal_those_without_a_cache(model):
    ids = torch.randint(20, (2, 16))
    for cuts in ([1] * 16, [16], [5, 1, 7, 3]):
        cache, found = KVCache(2, 16), []
        for piece in ids.split(cuts, dim=1):
            found.append(model(piece, cache=cache)[0])
        torch.testing.assert_close(torch.cat(found, 1), model(ids)[0])
        assert len(cache) == 16


def test_more_tokens_than_the_context_are_refused(model):
    with pytest.raises(ValueError, match="17 tokens are more than the context, 16"):
        model(torch.zeros(1, 17, dtype=torch.long))
    cache = KVCache(2, 16)
    model(torch.zeros(1, 16, dtype=torch.long), cache=cache)
    with pytest.raises(ValueError, match="17 tokens are more"):
        model(torch.zeros(1, 1, dtype=torch.long), cache=cache)


def test_gpt2_124m_has_as_many_parameters_as_openai_say():
    options = PRESETS["gpt2-124m"]["gpt2"]
    with torch.device("meta"):
        model = GPT2(50257, **{name: options[name] for name in SIZES})
    assert sum(p.numel() for p in model.parameters()) == 124_439_808


def test_counted_bigram_is_where_training_would_end():
    ids = torch.randint(5, (2000,))
    bigram = Bigram(5, 8)
    bigram.count(ids)
    torch.testing.assert_close(bigram(torch.arange(5)[None])[0].exp().sum(2), torch.ones(1, 5))
    _, loss = bigram(ids[None, :-1], ids[None, 1:])
    (gradient,) = torch.autograd.grad(loss, bigram.table.weight)
    assert gradient.abs().max() < 1e-3  # not zero: every pair counts once more


def test_rms_norm_equals_pytorchs():
    x = torch.randn(3, 8) * 5
    theirs = nn.RMSNorm(8, elementwise_affine=False)
    torch.testing.assert_close(norm(x), theirs(x))


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


def test_dropout_zeroes_whole_vectors_of_runs_and_only_in_training():
    embedding = NGramEmbedding(2, 101, 4, dropout=0.5)
    nn.init.ones_(embedding.table.weight)
    ids = torch.randint(20, (1, 500))
    sums = embedding(ids).sum(2)
    assert set(sums.unique().tolist()) == {0.0, 8.0}
    assert (embedding.eval()(ids) == 1).all()


def test_maps_are_the_weights_that_the_model_used(model):
    ids = torch.randint(20, (11,))
    before, _ = model(ids[None])
    maps = attention_maps(model, ids)
    assert maps.shape == (2, 2, 11, 11)
    torch.testing.assert_close(maps.sum(3), torch.ones(2, 2, 11))
    assert torch.equal(maps, maps.tril())
    torch.testing.assert_close(model(ids[None])[0], before)


def split_of(n, start, stop):
    return Split(torch.randint(20, (n,)).numpy().astype(numpy.uint16), start, stop)


def test_dev_loss_is_over_every_token_once(model):
    split = split_of(200, 10, 199)
    ids = torch.from_numpy(split.ids[10:199].astype(int))[None]
    total = 0.0
    for i in range(0, 188, 16):  # 188 tokens have one before them
        y = ids[:, i + 1 : i + 17]
        total += model(ids[:, i : i + y.shape[1]], y)[1].item() * y.numel()
    assert estimate_loss(model, split, 16) == pytest.approx(total / 188, rel=1e-5)


def test_evaluation_turns_dropout_off_and_on_again():
    model = small(GPT2, dropout=0.5).train()
    split = split_of(100, 0, 100)
    assert estimate_loss(model, split, 16) == estimate_loss(model, split, 16)
    assert model.training


@pytest.mark.parametrize("kind", [GPT2, Modern])
def test_counted_operations_are_those_of_the_palm_paper(kind):
    model, n_layer, n_embd, block_size = small(kind, block_size=32, n_embd=64), 2, 64, 32
    weights = 12 * n_layer * n_embd**2 + 20 * n_embd  # of the blocks, and of the output
    attention = 12 * n_layer * n_embd * block_size
    assert flops_per_token(model, block_size) == 6 * weights + attention
    assert all(parameter.grad is None for parameter in model.parameters())


LRS = {"lr": 0.1, "muon_lr": 0.2, "embedding_lr": 0.3, "weight_decay": 0.4}


def test_muon_gets_the_matrices_of_the_blocks_and_adamw_all_else_once():
    model = small(Modern)
    adamw, muon = make_optimizers(model, **LRS)
    of_muon = [p for group in muon.param_groups for p in group["params"]]
    matrices = [p for p in model.blocks.parameters() if p.ndim == 2]
    assert {id(p) for p in of_muon} == {id(p) for p in matrices}
    others = [p for group in adamw.param_groups for p in group["params"]]
    assert len(others) + len(of_muon) == len(list(model.parameters()))
    assert not {id(p) for p in others} & {id(p) for p in of_muon}


def test_matrices_decay_and_vectors_do_not_and_embeddings_may_have_a_rate_of_their_own():
    model = small(GPT2)
    for embedding_lr, expected in ((0.3, 0.3), (0.0, 0.1)):
        (adamw,) = make_optimizers(model, **{**LRS, "muon_lr": 0, "embedding_lr": embedding_lr})
        for group in adamw.param_groups:
            assert {p.ndim > 1 for p in group["params"]} == {group["weight_decay"] > 0}
        rates = {id(p): group["lr"] for group in adamw.param_groups for p in group["params"]}
        assert rates[id(model.token_embedding.weight)] == expected
        assert rates[id(model.norm.weight)] == 0.1


def test_every_ablation_changes_what_the_model_computes():
    ids = torch.randint(20, (2, 16))
    usual = small(Modern)
    expected, _ = usual(ids)
    for name, undo in CHANGES.items():
        model = small(Modern)
        undo(model)
        assert not torch.allclose(model(ids)[0], expected), name


def test_ablation_trains_every_variant_on_the_same_terms():
    found = list(variants(20, seed=0))
    assert [name for name, _, _ in found][1:-2] == list(CHANGES)
    assert len({model.block_size for _, model, _ in found}) == 1
