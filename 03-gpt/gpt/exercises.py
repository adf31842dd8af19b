"""Write it yourself: the steps of this lesson, and the mistakes that people make at each of them.

`python -m gpt learn` takes you through them; `shared.exercises` explains how a step is declared.
Read it as a list of what goes wrong when people write a Transformer for the first time, but write
your own first. The probes make whatever else they need themselves, so the steps can be taken in any
order.
"""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt.cache import KVCache, LayerCache
from gpt.generate import distribution
from gpt.gpt2 import GPT2, CausalSelfAttention
from gpt.lecture import Block, Head, LectureGPT, MultiHeadAttention
from gpt.stages import get_batch
from shared.exercises import Ladder, Mistake, Step

VIDEO = "kCc8FmEb1nY"  # Let's build GPT
GPT2_VIDEO = "l8pRSuU81PU"  # Let's reproduce GPT-2
TOLERANCE = 1e-5  # float32; the order of a sum is free
ONE_TENSOR = "Return one tensor."


def described(out: Any, /, **parts: Callable[[Tensor], Any]) -> Any:
    """The shape of a tensor and these parts of it; anything else as it is."""
    if not isinstance(out, Tensor):
        return out
    named = {name.replace("_", " "): part(out) for name, part in parts.items()}
    return {"shape": list(out.shape), **named}


def randomized(module: nn.Module) -> Any:
    """The module, with random weights and without dropout."""
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module.eval()


def with_dropout(layer: nn.Module) -> Any:
    """Whether a layer with dropout gives the same output each time, in use and in training."""
    x, answer = torch.randn(2, 5, 6), {}
    for name in ("in use", "in training"):
        layer.train(name == "in training")
        outs = torch.stack([layer(x) for _ in range(5)])
        varies = "varies" if (outs != outs[0]).any() else "always the same"
        answer[name] = "NaN" if outs.isnan().any() else varies
    return answer


# A batch.


SHIFT = "y - x, if the data are 0, 10, 20, …"
PLACES = "x - its first column, if the data are 0, 10, 20, …"


def batch(length: int, batch_size: int, block_size: int) -> Any:
    """What two batches are like. Token number i of the data is 10 i, so a token tells its place."""
    data = 10 * torch.arange(length)
    pair, other = (get_batch(data, batch_size, block_size) for _ in range(2))
    if pair is None:
        return None
    x, y = pair
    answer: dict[str, Any] = {"shape of x": list(x.shape), "shape of y": list(y.shape)}
    if x.shape == y.shape == (batch_size, block_size):
        starts = x[:, 0]
        answer |= {
            PLACES: (x - x[:, :1]).unique(dim=0).tolist(),
            SHIFT: (y - x).unique().tolist(),
            "all rows are the same": len(starts.unique()) == 1,
            "the rows are evenly spaced": len(starts.diff().unique()) == 1,
            "the next batch is the same": x.equal(other[0]),
        }
    return answer


def starts(length: int, block_size: int) -> Any:
    """Where the windows of many batches begin."""
    try:
        rows = [get_batch(torch.arange(length), 8, block_size)[0] for _ in range(50)]
        return {"starts": torch.stack(rows)[:, :, 0].unique().tolist()}
    except (IndexError, RuntimeError, ValueError):
        return {"starts": "some windows run over the end"}


Y = "chunks[:, :-1], chunks[:, 1:]"

BATCH = Step(
    "batch",
    "stages.get_batch",
    "a batch of windows from the text",
    lecture=f"{VIDEO} 0:14:27",
    term="block size",
    write=(
        "Choose `batch_size` random places in `data`. Return two tensors, (batch_size, block_size) "
        "each: x, the windows of `block_size` tokens that begin there, and y, for each token "
        "of x, the token that follows it."
    ),
    hints=(
        "torch.randint(high, (batch_size,)) draws the places, from 0 to high - 1. What is the last "
        "place from which all tokens of x and of y are still in the data?",
        "The window that begins at i is data[i : i + block_size]. Its targets begin at i + 1.",
        "torch.stack makes a tensor (batch_size, block_size) from a list of windows. A window and "
        "its last target are block_size + 1 tokens, so high is len(data) - block_size.",
    ),
    probes=(
        "batch(length=10_000, batch_size=4, block_size=3)",
        "batch(length=10_000, batch_size=5, block_size=8)",
        "starts(length=12, block_size=4)",
    ),
    parts={
        "shape of x": "x should have the shape (batch_size, block_size): in each row a window of "
        "block_size tokens. `torch.stack` puts windows below one another, where `torch.cat` makes "
        "one long row of them.",
        "shape of y": "y should have the same shape as x: each token of x has a target.",
        PLACES: "The rows of x are not windows of the data. Each should have block_size tokens "
        "that follow one another in the text.",
        SHIFT: "The targets are not the next tokens: where x is data[i : i + block_size], y is "
        "data[i + 1 : i + block_size + 1].",
        "all rows are the same": "All rows of the batch are the same window. Draw a place for each "
        "row, `batch_size` of them.",
        "the rows are evenly spaced": "The windows of the batch are evenly spaced. Draw a random "
        "place for each, independent of the others.",
        "the next batch is the same": "Every batch is the same, so the model would never see "
        "another. Draw new places in each call, and do not set a seed here.",
        "starts": "Windows should begin at every place from 0 to len(data) - block_size - 1, and "
        "nowhere else.",
    },
    mistakes=(
        Mistake(
            "The targets are the inputs themselves: the model would learn to copy the token that "
            "it sees. A target is the next token, so y begins one place after x.",
            {"chunks[:, 1:]": "chunks[:, :-1]"},
        ),
        Mistake(
            "x and y are the wrong way round: the targets come before the inputs. The model "
            "predicts the token that follows, so y begins one place after x.",
            {Y: "chunks[:, 1:], chunks[:, :-1]"},
        ),
        Mistake(
            "The targets are too far ahead, by two tokens or by a whole window. The target of each "
            "token is the one right after it, so y begins one place after x.",
            {"block_size + 1": "block_size + 2", Y: "chunks[:, :-2], chunks[:, 2:]"},
            {"block_size + 1": "2 * block_size", Y: "chunks.chunk(2, dim=1)"},
        ),
        Mistake(
            "There is one target for a whole window. A window is block_size examples at once: "
            "each of its tokens has a target, the next token, so y is as long as x.",
            {"chunks[:, 1:]": "chunks[:, -1]"},
            {"chunks[:, 1:]": "chunks[:, -1:]"},
        ),
        Mistake(
            "Some windows run over the end of the data. A window and its last target are "
            "block_size + 1 tokens, so the last place is len(data) - block_size - 1. `randint` "
            "never draws its upper limit, which is therefore len(data) - block_size.",
            {"randint(len(data) - block_size,": "randint(len(data),"},
        ),
        Mistake(
            "The last window of the data is never drawn, though: `randint` never draws its upper "
            "limit, so len(data) - block_size is high enough.",
            {"randint(len(data) - block_size,": "randint(len(data) - block_size - 1,"},
            passes=True,
        ),
    ),
)


# One head.


def weights(queries: list[float], keys: list[float]) -> Any:
    """The weights of each token, given the queries and keys of all.

    Queries and keys have four channels; all but the first are 0. Each token's value is 1 in a
    channel of its own, so the output of a token is its weights.
    """
    n = len(queries)
    head = Head(n_embd=9, head_size=4, block_size=4).eval()
    for layer, numbers in ((head.query, queries), (head.key, keys)):
        nn.init.zeros_(layer.weight)
        layer.weight.data[0, :n] = torch.tensor(numbers)
    head.value.weight.data = torch.eye(4, 9)
    return described(
        head(torch.eye(n, 9)[None]),  # (1, T, C)
        NaNs=lambda out: int(out.isnan().sum()),
        weights_on_the_future=lambda out: out[0, :, :n].triu(1).tolist(),
        sum_of_each_row=lambda out: out[0].sum(1).tolist(),
        weights=lambda out: out[0].tolist(),
    )


def gathered(batch_size: int, time: int) -> Any:
    """The output of a head with random weights."""
    head = randomized(Head(n_embd=6, head_size=3, block_size=5))
    return described(head(torch.randn(batch_size, time, 6)), out=Tensor.tolist)


def kept_weights() -> Any:
    """In training, the outputs for the last of four tokens that are all alike; half is dropped.

    Every value is 1 in all channels, so a channel of the output is the sum of the weights kept.
    """
    head = Head(n_embd=4, head_size=4, block_size=4, dropout=0.5).train()
    nn.init.zeros_(head.query.weight)
    nn.init.constant_(head.value.weight, 0.25)
    last = head(torch.ones(400, 4, 4))[:, -1]  # (400, 4)
    return {"sums of the weights kept": last.round(decimals=3).unique(dim=0).tolist()}


MASK = 'wei.masked_fill(~self.tril[:T, :T], float("-inf"))'
LATE_MASK = MASK.replace("wei.", "self.dropout(wei).")
SOFTMAX = "F.softmax(wei, dim=-1)"
SCALE = " * k.shape[-1] ** -0.5"
OVER_QUERIES = (
    "The softmax goes over the queries, or over the batch. Each token divides its attention among "
    "the keys, the last dimension, so its row should sum to 1: dim=-1."
)

HEAD = Step(
    "head",
    "lecture.Head.forward",
    "one head of self-attention, with its mask",
    lecture=f"{VIDEO} 1:19:11",
    term="self-attention",
    write=(
        "Return softmax(q kᵀ / √head_size) v, masked so that no token looks at later ones. "
        "`self.query`, `self.key` and `self.value` make q, k and v from x; `self.tril` is a lower "
        "triangle of True, block_size wide; `self.dropout` is for the weights."
    ),
    hints=(
        "The score of token t for token s is the dot product of t's query and s's key. For all of "
        "them at once: q @ k.transpose(-2, -1), which is (B, T, T). Divide it by √head_size.",
        "Set the scores of later tokens to -inf before the softmax, which turns them into 0: "
        'wei.masked_fill(…, float("-inf")). x may be shorter than block_size: self.tril[:T, :T].',
        "The softmax goes along the last dimension, so that the weights of each token sum to 1. "
        "The output is wei @ v.",
    ),
    probes=(
        "weights(queries=[0.0, 0.0], keys=[0.0, 0.0])",
        "weights(queries=[2.0, 2.0, 2.0], keys=[3.0, 1.0, 2.0])",
        "weights(queries=[1.0, -2.0, 3.0], keys=[1.0, 2.0, -1.0])",
        "gathered(batch_size=1, time=1)",
        "gathered(batch_size=2, time=5)",
        "with_dropout(Head(n_embd=6, head_size=3, block_size=5, dropout=0.5))",
        "kept_weights()",
    ),
    parts={
        "": ONE_TENSOR,
        "shape": "The output should have the shape (B, T, head_size): wei @ v, weights times "
        "values.",
        "NaNs": "Some weights are NaN. Is the softmax taken over nothing but -inf, because a whole "
        "row is masked? First the mask, then the softmax along the last dimension.",
        "weights on the future": "A token looks into the future: it has a weight for one that "
        "comes after it. Set the scores of later tokens to -inf before the softmax.",
        "sum of each row": "The weights of a token do not sum to 1. Scale and mask the scores "
        "first, then take the softmax along the last dimension, over the keys.",
        "weights": "The weights are not softmax(q kᵀ / √head_size). Row t should come from the "
        "query of token t and the keys of all tokens that it may see.",
        "out": "The output is not softmax(q kᵀ / √head_size) v. Each of q, k and v is made from x "
        "by the layer of its name.",
        "in use": "When the model is not training, nothing may be dropped. `self.dropout` knows "
        "whether it is; F.dropout has to be told, with training=self.training.",
        "in training": "In training, dropout should set some of the weights to 0. It comes after "
        "the softmax: self.dropout(wei).",
        "sums of the weights kept": "Dropout is in the wrong place. It sets some of the weights to "
        "0, after the softmax and before they are multiplied by the values: self.dropout(wei) @ v.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "The scale is missing. Without 1/√head_size the scores grow with the size of the head, "
            "and the softmax becomes so sharp that each token listens to only one other.",
            {SCALE: ""},
        ),
        Mistake(
            "The scale is wrong, or comes after the softmax. Divide the scores by √head_size, "
            "where head_size is the length of a query: not by head_size itself, and not by √T or "
            "√n_embd. (The video uses n_embd; its repository has been corrected since.)",
            {SCALE: " * x.shape[-1] ** -0.5"},
            {SCALE: " * T ** -0.5"},
            {SCALE: " / k.shape[-1]"},
            {SCALE: " * k.shape[-1] ** 0.5"},
            {SCALE: "", SOFTMAX: f"{SOFTMAX}{SCALE}"},
            {SOFTMAX: f"{SOFTMAX}{SCALE}"},
        ),
        Mistake(
            "The softmax is missing, or comes after dropout. The softmax turns the masked scores "
            "into weights that sum to 1, and dropout then sets some of these weights to 0. (-inf "
            "times 0 is NaN.)",
            {SOFTMAX: "wei"},
            {MASK: f"self.dropout({MASK})", "wei = self.dropout(wei)": "pass"},
            {"wei = self.dropout(wei)": "pass", MASK: LATE_MASK},
        ),
        Mistake(
            OVER_QUERIES,
            {SOFTMAX: "F.softmax(wei, dim=1)"},
            {SOFTMAX: "F.softmax(wei, dim=0)"},
        ),
        Mistake(
            "There is no mask: each token sees those after it, including the one that it should "
            "predict. The training loss would be low, and the generated text nonsense. (Is the "
            "result of masked_fill kept? It returns a new tensor.)",
            {MASK: "wei"},
        ),
        Mistake(
            "The mask is off by one. A token sees itself and all tokens before it, so the diagonal "
            "stays visible. Without it, the first token sees nothing, which gives NaN (or, with "
            "-1e9, equal weights); with the diagonal above it, too, each token sees the one that "
            "it should predict.",
            {"~self.tril[:T, :T]": "~self.tril[:T, :T].tril(-1)"},
            {"~self.tril[:T, :T]": "~self.tril[:T, :T].tril(-1)", 'float("-inf")': "-1e9"},
            {"~self.tril[:T, :T]": "torch.triu(torch.ones(T, T), 2).bool()"},
        ),
        Mistake(
            "The mask is the wrong way round: it hides the past and shows the future. "
            "`masked_fill` fills where its condition is True, and `self.tril` is True for the "
            "past, so the condition is self.tril[:T, :T] == 0.",
            {"~self.tril[:T, :T]": "self.tril[:T, :T]"},
            {"~self.tril[:T, :T]": "self.tril[:T, :T]", 'float("-inf")': "-1e9"},
            {"~self.tril[:T, :T]": "~self.tril[:T, :T].T"},
        ),
        Mistake(
            "The mask comes after the softmax. By then the future has had its share of each row, "
            "so what is left does not sum to 1. Set the scores to -inf before the softmax.",
            {MASK: "wei", SOFTMAX: f"{SOFTMAX} * self.tril[:T, :T]"},
            {MASK: "F.softmax(wei, -1)", SOFTMAX: MASK},
        ),
        Mistake(
            "The masked scores are 0, which is a score like any other: the softmax turns it into "
            "e⁰ = 1, and the future keeps a weight. Only -inf becomes a weight of 0.",
            {'float("-inf")': "0.0"},
        ),
        Mistake(
            "The sizes do not fit. q and k are both (B, T, head_size), so exchange the last two "
            "dimensions of k, and only those: q @ k.transpose(-2, -1) is (B, T, T). The mask is "
            "block_size wide: cut it to that size, self.tril[:T, :T].",
            {"self.tril[:T, :T]": "self.tril"},
            {"k.transpose(-2, -1)": "k"},
            {"k.transpose(-2, -1)": "k.permute(2, 1, 0)"},
        ),
        Mistake(
            "In training, though, no weight is dropped: that takes self.dropout(wei) after the "
            "softmax. The lecture adds it at 1:37:49.",
            {"wei = self.dropout(wei)": "pass"},
            passes=True,
        ),
    ),
)


# Several heads.


class WholeHead(Head):
    """A head that does not depend on the step before.

    It takes any number of channels, so that a mistake gives numbers rather than an error.
    """

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[2]
        q, k, v = (F.linear(x, m.weight[:, :n]) for m in (self.query, self.key, self.value))
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def heads(x: list[list[float]]) -> Any:
    """The output of two heads for the tokens of `x`, which have four channels each.

    The value of the first head is the sum of the channels, and ten times it; of the second, a
    hundred and a thousand times. Queries are 0.
    """
    attention = MultiHeadAttention(n_embd=4, n_head=2, block_size=3)
    two = [WholeHead(n_embd=4, head_size=2, block_size=3) for _ in range(2)]
    for head, factor in zip(two, (1.0, 100.0)):
        nn.init.zeros_(head.query.weight)
        head.value.weight.data = torch.tensor([[factor], [10 * factor]]).expand(2, 4)
    attention.heads = nn.ModuleList(two)
    return described(attention(torch.tensor([x])), out=Tensor.tolist)


def many_heads(batch_size: int, time: int) -> Any:
    """The output of three heads with random weights."""
    attention = MultiHeadAttention(n_embd=6, n_head=3, block_size=4)
    attention.heads = nn.ModuleList(WholeHead(6, 2, 4) for _ in range(3))
    x = torch.randn(batch_size, time, 6)
    return described(randomized(attention)(x), out=Tensor.tolist)


EACH = "[head(x) for head in self.heads]"
CAT = f"torch.cat({EACH}, dim=-1)"

HEADS = Step(
    "heads",
    "lecture.MultiHeadAttention.forward",
    "several heads side by side",
    lecture=f"{VIDEO} 1:21:59",
    term="head",
    write=(
        "`self.heads` are the heads, each of which makes (B, T, head_size) from x. Return their "
        "outputs side by side in the channels of each token, (B, T, n_head * head_size), the first "
        "head's first."
    ),
    hints=(
        "Every head reads the same x, all of it.",
        "torch.cat(list, dim=…) joins tensors along a dimension. Along which?",
        "The channels are the last dimension, dim=-1.",
    ),
    probes=(
        "heads([[1.0, 2.0, 3.0, 4.0]])",
        "heads([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 1.0, 0.0]])",
        "many_heads(batch_size=2, time=3)",
    ),
    parts={
        "": ONE_TENSOR,
        "shape": "The output should have the shape (B, T, n_head * head_size), the same as x: each "
        "head reads x itself, and adds head_size channels.",
        "out": "The channels of a token should be what the first head finds for it, then what the "
        "second head finds, and so on.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "The heads are added up or averaged, so what each of them found can no longer be told "
            "apart. Put their outputs side by side: torch.cat along the channels.",
            {CAT: f"sum({EACH})"},
            {CAT: f"torch.stack({EACH}).mean(0)"},
        ),
        Mistake(
            "The heads are joined along the wrong dimension. dim=0, the default of torch.cat, is "
            "the batch, and dim=1 is time. They belong side by side in the channels of each "
            "token: dim=-1.",
            {"dim=-1": "dim=0"},
            {"dim=-1": "dim=1"},
        ),
        Mistake(
            "`torch.stack` makes a new dimension for the heads. `torch.cat` joins them along one "
            "that is already there: the channels, dim=-1.",
            *({CAT: f"torch.stack({EACH}, dim={dim})"} for dim in (-1, 0, 1, 2)),
        ),
        Mistake(
            "`view` and `reshape` keep the numbers in the order in which they lie in memory, so "
            "different tokens get mixed up here. First move the heads next to their channels with "
            "`transpose`, or join them with torch.cat.",
            {CAT: f"torch.stack({EACH}, dim=1).reshape(x.shape)"},
            {CAT: f"torch.stack({EACH}).reshape(x.shape)"},
        ),
        Mistake(
            "This is the output of only one head. All of `self.heads` read x, and each adds its "
            "channels: is there a `return` inside the loop, or does each one replace the last?",
            {CAT: "self.heads[0](x)"},
            {CAT: "self.heads[-1](x)"},
        ),
        Mistake(
            "Each head gets only some of the channels of x. Every head reads all of x; it is its "
            "queries, keys and values that are shorter.",
            """
            parts = x.chunk(len(self.heads), dim=-1)
            return torch.cat([head(part) for head, part in zip(self.heads, parts)], dim=-1)
            """,
        ),
        Mistake(
            "There is no projection or dropout in this class. In this lesson both come after the "
            "heads, in the block's `sa`; here the outputs are only joined.",
            {CAT: f"self.proj({CAT})"},
            {CAT: f"self.dropout(self.proj({CAT}))"},
        ),
        Mistake(
            "`self.heads` is a list of heads, and a list cannot be called. Call each of them.",
            {CAT: "torch.cat(self.heads(x), dim=-1)"},
        ),
    ),
)


# A block.


def block(attention: bool, feed_forward: bool) -> Any:
    """What a block makes of x. A part that is switched off finds nothing: it returns zeros."""
    made = Block(n_embd=3, n_head=1, block_size=4)
    sa, ffwd = nn.Linear(3, 3), nn.Linear(3, 3)
    made.sa, made.ffwd = nn.Sequential(sa), nn.Sequential(ffwd)
    randomized(made)
    for layer, on in ((sa, attention), (ffwd, feed_forward)):
        for parameter in layer.parameters():
            parameter.data *= on
    x = torch.tensor([[[1.0, 2.0, 4.0], [0.5, -1.0, 3.0]]])
    before, out = x.clone(), made(x)
    name = f"x{', attention' if attention else ''}{', feed-forward' if feed_forward else ''}"
    parts = {"x is left as it was": lambda _: x.equal(before), name: Tensor.tolist}
    return described(out, **parts)


SA = "x = x + self.sa(self.ln1(x))"
FFWD = "x = x + self.ffwd(self.ln2(x))"

BLOCK = Step(
    "block",
    "lecture.Block.forward",
    "the block: communication, then computation",
    lecture=f"{VIDEO} 1:26:48",
    term="residual connection",
    write=(
        "First comes `self.sa`, attention, then `self.ffwd`, feed-forward. The first reads x "
        "normalized by `self.ln1`, the second by `self.ln2`; what they find is added to the x that "
        "is not normalized. Return x after both."
    ),
    hints=(
        "A residual connection is x + f(x): a part only has to find what to add.",
        "The lecture puts the layer norm before each part, at 1:35:33: x + f(norm(x)). In the "
        'figure of "Attention Is All You Need" it comes after the addition.',
        "x = x + self.sa(self.ln1(x)), and the same with self.ffwd and self.ln2.",
    ),
    probes=(
        "block(attention=False, feed_forward=False)",
        "block(attention=True, feed_forward=False)",
        "block(attention=False, feed_forward=True)",
        "block(attention=True, feed_forward=True)",
    ),
    parts={
        "": ONE_TENSOR,
        "shape": "The output should have the same shape as x, (B, T, C).",
        "x is left as it was": "Your code changes x itself, with += for example. The backward pass "
        "still needs the numbers that were in it, so PyTorch would stop there with an error. Make "
        "a new tensor: x = x + …",
        "x": "Here both parts are made to return zeros, so the block should return x as it is: "
        "there is no norm on the way from x to x, and x is added only once.",
        "x, attention": "Here feed-forward is made to return zeros, so the block should return "
        "x + sa(ln1(x)).",
        "x, feed-forward": "Here attention is made to return zeros, so the block should return "
        "x + ffwd(ln2(x)).",
        "x, attention, feed-forward": "The output should be x, plus what attention finds in ln1 of "
        "it, plus what feed-forward then finds in ln2 of that sum.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "A residual connection is missing: attention or feed-forward replaces x instead of "
            "adding to it. With x = x + … in both places, the gradient reaches every block "
            "unchanged.",
            {SA: "x = self.sa(self.ln1(x))", FFWD: "x = self.ffwd(self.ln2(x))"},
            {SA: "x = self.sa(self.ln1(x))"},
            {FFWD: "x = self.ffwd(self.ln2(x))"},
            {SA: "x = self.sa(x)", FFWD: "x = self.ffwd(x)"},
        ),
        Mistake(
            "The layer norms come after the parts. This is post-norm, as in the figure of the "
            "paper; the lecture's block is pre-norm, x + f(norm(x)), with nothing on the way from "
            "x to x.",
            {SA: "x = self.ln1(x + self.sa(x))", FFWD: "x = self.ln2(x + self.ffwd(x))"},
            {SA: "x = x + self.ln1(self.sa(x))", FFWD: "x = x + self.ln2(self.ffwd(x))"},
        ),
        Mistake(
            "You add to the normalized x. The norms are only for what the parts read; the x that "
            "is added to, the residual stream, is not normalized: x + f(norm(x)), not norm(x) + "
            "f(norm(x)).",
            "x = self.ln1(x)\nx = x + self.sa(x)\nx = self.ln2(x)\nreturn x + self.ffwd(x)",
            "x = self.ln1(x)\nx = x + self.sa(x)\nreturn x + self.ffwd(self.ln2(x))",
            "x = x + self.sa(self.ln1(x))\nx = self.ln2(x)\nreturn x + self.ffwd(x)",
        ),
        Mistake(
            "The layer norms are mixed up. Each part has its own, with its own scale and shift: "
            "ln1 is for attention, ln2 for feed-forward.",
            {"self.ln2": "self.ln1"},
            {"self.ln1": "self.ln2"},
            {"self.ln1": "self.ln2", "self.ffwd(self.ln2": "self.ffwd(self.ln1"},
        ),
        Mistake(
            "A layer norm is missing. Attention reads self.ln1(x), and feed-forward self.ln2(x).",
            {"self.ln1(x)": "x", "self.ln2(x)": "x"},
            {"self.ln1(x)": "x"},
            {"self.ln2(x)": "x"},
        ),
        Mistake(
            "Feed-forward comes before attention. First the tokens communicate, then each of them "
            "computes with what it has heard.",
            f"{FFWD}\n{SA}\nreturn x",
            "x = x + self.ffwd(self.ln1(x))\nreturn x + self.sa(self.ln2(x))",
        ),
        Mistake(
            "Both parts read the same x, so feed-forward does not see what attention has found. It "
            "should read x after attention has added to it.",
            "return x + self.sa(self.ln1(x)) + self.ffwd(self.ln2(x))",
        ),
        Mistake(
            "Feed-forward reads only what attention has found, without x. Add that to x first: "
            "feed-forward reads the sum, normalized by ln2.",
            "y = self.sa(self.ln1(x))\nreturn x + y + self.ffwd(self.ln2(y))",
            "y = self.sa(self.ln1(x))\nreturn x + self.ffwd(self.ln2(y))",
        ),
        Mistake(
            "The second residual connection begins at the original x, so what attention found "
            "reaches only feed-forward. Add to the x after attention.",
            "y = x + self.sa(self.ln1(x))\nreturn x + self.ffwd(self.ln2(y))",
        ),
    ),
)


# Generation.


class Adder(LectureGPT):
    """A model that is certain: the next token is the sum of its context, modulo 10."""

    def __init__(self, block_size: int) -> None:
        super().__init__(10, block_size, n_layer=1, n_head=1, n_embd=1, stage="bigram")
        self.contexts: list[Any] = []

    def forward(self, ids: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        self.contexts.append(ids.tolist())
        return F.one_hot(ids.cumsum(1) % 10, 10) * 100.0 - 50.0, None  # (B, T, V)


class Dice(LectureGPT):
    """A model with the same probabilities after every token."""

    def __init__(self, *probabilities: float) -> None:
        n = len(probabilities)
        super().__init__(n, block_size=4, n_layer=1, n_head=1, n_embd=1, stage="bigram")
        self.logits = torch.tensor(probabilities).log() + 3.0

    def forward(self, ids: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        return self.logits.expand(*ids.shape, -1), None


def generated(ids: list[list[int]], max_new_tokens: int, block_size: int = 4) -> Any:
    """The text of a model that continues it with the sum of its context, and what it has read."""
    model = Adder(block_size)
    out = model.generate(torch.tensor(ids), max_new_tokens)
    return described(out, the_model_has_read=lambda _: model.contexts, text=Tensor.tolist)


def shares(*probabilities: float) -> Any:
    """How often each token is drawn by a model that gives them these probabilities."""
    drawn = Dice(*probabilities).generate(torch.zeros(4000, 1, dtype=torch.long), 1)
    counts = torch.bincount(drawn[:, -1], minlength=len(probabilities))
    return {"shares": [round(share, 1) for share in (counts / 4000).tolist()]}


def two_texts(seed: int) -> Any:
    """Whether the same seed gives the same text twice."""
    model, ids = Dice(0.5, 0.5), torch.zeros(50, 1, dtype=torch.long)
    generators = (torch.Generator().manual_seed(seed) for _ in range(2))
    one, two = (model.generate(ids, 1, generator=generator) for generator in generators)
    return {"the same seed gives the same text": torch.equal(one, two)}


CONTEXT = "context = ids[:, -self.block_size :]"
LAST = "logits = logits[:, -1]"
NEXT = "next_id = torch.multinomial(probs, num_samples=1, generator=generator)"
APPEND = "ids = torch.cat([ids, next_id], dim=1)"

GENERATE = Step(
    "generate",
    "lecture.LectureGPT.generate",
    "generation, token by token",
    lecture=f"{VIDEO} 0:22:11",
    term="sampling",
    write=(
        "Append `max_new_tokens` tokens to `ids` (B, T), one at a time: give the model the last "
        "`self.block_size` tokens, turn its logits for the next token into probabilities, draw a "
        "token, append it. Return all ids, (B, T + max_new_tokens). The model is `self`: "
        "self(context) returns logits (B, T, V), and a loss, which is None here. `generator` is "
        "for torch.multinomial."
    ),
    hints=(
        "The logits predict a token after each token of the context. The one to draw comes after "
        "the last: logits[:, -1], (B, V).",
        "A softmax over the vocabulary gives probabilities, and torch.multinomial(probs, "
        "num_samples=1, generator=generator) draws from them: (B, 1).",
        "torch.cat([ids, next_id], dim=1) appends. The context is ids[:, -self.block_size :], but "
        "what is returned is all of ids.",
    ),
    probes=(
        "generated([[3, 4]], max_new_tokens=1)",
        "generated([[3, 4]], max_new_tokens=2)",
        "generated([[3, 4], [1, 1]], max_new_tokens=2)",
        "generated([[1, 2, 3, 4, 5, 6]], max_new_tokens=1)",
        "generated([[9, 2, 3, 4]], max_new_tokens=3, block_size=3)",
        "shares(0.7, 0.2, 0.1)",
        "two_texts(seed=1)",
    ),
    parts={
        "": ONE_TENSOR,
        "shape": "The result should have the shape (B, T + max_new_tokens): all of the ids, then "
        "one new token from each turn of the loop. Is the `return` outside the loop?",
        "the model has read": "The model should read the text so far, with the new tokens in it, "
        "but no more than its last block_size tokens.",
        "text": "The model here is certain: the next token is the sum of its context modulo 10. "
        "Draw from softmax(logits) at the last position, and append the token to the text.",
        "shares": "The tokens are not drawn with the model's probabilities, which are "
        "softmax(logits) over the vocabulary.",
        "the same seed gives the same text": "The same `generator` should give the same text.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "This takes the most likely token each time, so the text is always the same, and soon "
            "goes in circles. Draw the token with torch.multinomial.",
            {NEXT: "next_id = probs.argmax(dim=-1, keepdim=True)"},
        ),
        Mistake(
            "The model reads the whole text, or its beginning. It has positions for only "
            "block_size tokens: give it the last ones, ids[:, -self.block_size :].",
            {CONTEXT: "context = ids"},
            {CONTEXT: "context = ids[:, : self.block_size]"},
        ),
        Mistake(
            "The model reads the prompt in each turn of the loop, not what has been drawn since. "
            "Crop the context inside the loop, and keep what torch.cat returns: ids = "
            "torch.cat([ids, next_id], dim=1).",
            {
                "for _ in": f"{CONTEXT}\n        for _ in",
                f"            {CONTEXT}": "            pass",
            },
            {APPEND: "torch.cat([ids, next_id], dim=1)"},
        ),
        Mistake(
            "`ids[-self.block_size :]` takes the last rows, which are the last texts of the batch. "
            "Time is the second dimension: ids[:, -self.block_size :].",
            {CONTEXT: "context = ids[-self.block_size :]"},
        ),
        Mistake(
            "The beginning of the text is lost, or all of the prompt. Crop only what the model "
            "reads; append to all of the ids, and return them.",
            {CONTEXT: "context = ids = ids[:, -self.block_size :]"},
            {"return ids": "return ids[:, -max_new_tokens:]"},
        ),
        Mistake(
            "The logits are (B, T, V), for every text and every position. The next token comes "
            "after the last position: logits[:, -1], (B, V).",
            {LAST: "pass"},
            {LAST: "logits = logits[:, 0]"},
            {LAST: "logits = logits[-1]"},
        ),
        Mistake(
            "The model returns two things, logits and loss: logits, _ = self(context).",
            {"logits, _ = self(context)": "logits = self(context)"},
        ),
        Mistake(
            "torch.multinomial needs probabilities, and logits may be negative. F.softmax turns "
            "them into probabilities.",
            {"probs = F.softmax(logits, dim=-1)": "probs = logits"},
            {"F.softmax(": "F.log_softmax("},
        ),
        Mistake(
            "The softmax goes over the batch instead of the vocabulary, so the probabilities for a "
            "text do not sum to 1. The vocabulary is the last dimension: dim=-1.",
            {"F.softmax(logits, dim=-1)": "F.softmax(logits, dim=0)"},
        ),
        Mistake(
            "The new token does not fit the ids, which are (B, T). Keep it as torch.multinomial "
            "returns it, (B, 1), and append it along time: dim=1.",
            {APPEND: "ids = torch.cat([ids, next_id])"},
            {APPEND: "ids = torch.cat([ids, next_id.squeeze(1)], dim=1)"},
        ),
        Mistake(
            "`generator` is not used, though, so a text cannot be repeated with a seed of its own: "
            "torch.multinomial(…, generator=generator).",
            {", generator=generator": ""},
            passes=True,
        ),
    ),
)


# Which token: temperature and top-k.


def chances(*logits: list[float], temperature: float = 1.0, top_k: int | None = None) -> Any:
    """The probabilities that the rows of logits become."""
    return described(
        distribution(torch.tensor(logits), temperature, top_k),
        tokens_left=lambda out: [row.nonzero().flatten().tolist() for row in out],
        sum_of_each_row=lambda out: out.sum(-1).tolist(),
        probabilities=Tensor.tolist,
    )


TEMPERED = "logits = logits / temperature"
LEAST = "least = logits.topk(top_k).values[:, -1:]"
PROBABILITIES = "return F.softmax(logits, dim=1)"

TOP_K = Step(
    "top-k",
    "generate.distribution",
    "temperature and top-k",
    lecture=f"{GPT2_VIDEO} 0:37:02",
    term="temperature",
    write=(
        "Return the probabilities to draw from, (batch, vocab). Divide the logits by the "
        "temperature. If `top_k` is given, keep only the k largest logits of each row; the other "
        "tokens get the probability 0. Each row sums to 1."
    ),
    hints=(
        "The temperature comes first, the softmax last: below 1, likely tokens become likelier.",
        "logits.topk(k).values are the k largest of each row, in descending order, so the last of "
        "them is the smallest logit to keep.",
        "A logit of -inf has the probability 0: logits.masked_fill(logits < least, -torch.inf), "
        "where least is logits.topk(top_k).values[:, -1:], (B, 1).",
    ),
    probes=(
        "chances([2.0, 1.0, 0.0])",
        "chances([2.0, 1.0, 0.0], temperature=0.5)",
        "chances([2.0, 1.0, 0.0, 3.0], top_k=2)",
        "chances([-2.0, -1.0, -4.0, -3.0, -6.0], top_k=3)",
        "chances([-5.0, -3.0, -2.0, -4.0], [2.0, 1.0, 0.0, 3.0], temperature=4.0, top_k=2)",
        "chances([2.0, 1.0, 0.0, 3.0], top_k=1)",
        "chances([1.0, 2.0], top_k=5)",
    ),
    parts={
        "": ONE_TENSOR,
        "shape": "There should be a probability for each token, (batch, vocab); those that are "
        "left out get 0. With only k numbers, nobody could tell which tokens they belong to.",
        "tokens left": "The tokens that keep a probability should be the top_k most likely ones of "
        "each row, or all of them without a top_k.",
        "sum of each row": "The probabilities of a row do not sum to 1. The softmax goes over the "
        "vocabulary, and comes last.",
        "probabilities": "These are not the right probabilities: softmax(logits / temperature), "
        "over the tokens that are kept.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "The logits are multiplied by the temperature. Divide them: a low temperature makes "
            "the differences larger, and likely tokens likelier.",
            {TEMPERED: "logits = logits * temperature"},
        ),
        Mistake(
            "The temperature comes after the softmax, so the probabilities keep their ratios and "
            "do not sum to 1. Divide the logits, before the softmax.",
            {TEMPERED: "pass", PROBABILITIES: "return logits.softmax(1) / temperature"},
        ),
        Mistake(
            "The number of tokens kept is off by one. The k-th largest logit is the last one kept: "
            "leave out those below it, with < and not <=.",
            {"logits < least": "logits <= least"},
            {LEAST: "least = logits.topk(top_k + 1).values[:, -1:]"},
        ),
        Mistake(
            "No token is left out. `masked_fill` and `where` return a new tensor; keep it, and "
            "take the softmax of it: logits = logits.masked_fill(…).",
            {"logits = logits.masked_fill": "logits.masked_fill"},
        ),
        Mistake(
            "The logits to leave out become 0, which is a logit like any other: the softmax turns "
            "it into e⁰ = 1. Only -inf becomes a probability of 0.",
            {"-torch.inf": "0.0"},
        ),
        Mistake(
            "The least likely tokens are kept, and the others left out. It is the logits below the "
            "k-th largest that become -inf.",
            {"logits < least": "logits > least"},
            {"logits < least": "logits >= least"},
            {"logits < least": "logits > least", "topk(top_k)": "topk(top_k, largest=False)"},
        ),
        Mistake(
            "You compare with the wrong logit. Each row has a k-th largest of its own: the last of "
            "the values that topk finds, which are in descending order, values[:, -1:]. (`sort` "
            "sorts in ascending order.)",
            {"values[:, -1:]": "values[:, :1]"},
            {"values[:, -1:]": "values[0, -1]"},
            {LEAST: "least = logits.sort().values[:, top_k - 1 : top_k]"},
        ),
        Mistake(
            "The k-th largest logits have lost a dimension: `values[:, -1]` is (B,), which does "
            "not fit (B, V). Keep the dimension with values[:, -1:], (B, 1).",
            {"values[:, -1:]": "values[:, -1]"},
        ),
        Mistake(
            "The rows no longer sum to 1: the probabilities of the tokens left out are missing. "
            "Set their logits to -inf before the softmax, or divide each row by its sum.",
            {
                "least = logits.topk": "logits = F.softmax(logits, 1)\n        least = logits.topk",
                "-torch.inf)": "0.0)\n        return logits",
            },
        ),
        Mistake(
            "If top_k is larger than the vocabulary, though, topk fails; all tokens should be kept "
            "then. nanoGPT takes min(top_k, logits.shape[-1]).",
            {" and top_k < logits.shape[1]": ""},
            passes=True,
        ),
    ),
)


# All heads at once.


class Memory(LayerCache):
    """A cache that does not depend on what has been written in another step."""

    def extend(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        if self.keys is not None and self.values is not None:
            key, value = torch.cat([self.keys, key], 2), torch.cat([self.values, value], 2)
        self.keys, self.values, self.length = key, value, key.shape[2]
        return key, value


def averaged(time: int) -> Any:
    """The output of two heads in which all queries and keys are 0, so that the scores are equal.

    The value of token t, counted from 1, is t, 10 t, 100 t, 1000 t.
    """
    layer = CausalSelfAttention(n_embd=4, n_head=2, dropout=0.0).eval()
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    layer.query_key_value.weight.data[8:] = torch.diag(torch.tensor([1.0, 10.0, 100.0, 1000.0]))
    layer.project.weight.data.copy_(torch.eye(4))
    out = layer(torch.arange(1.0, time + 1)[None, :, None].expand(1, time, 4))
    powers = {"powers_of_ten": lambda out: (out / out[..., :1]).log10().round().tolist()}
    return described(out, **(powers if time > 1 else {}), averages=Tensor.tolist)


def all_heads(batch_size: int, time: int, n_head: int) -> Any:
    """The output of a layer with random weights."""
    layer = randomized(CausalSelfAttention(6, n_head, dropout=0.0))
    return described(layer(torch.randn(batch_size, time, 6)), output=Tensor.tolist)


def with_cache(*times: int) -> Any:
    """The same, when the tokens come in several pieces, and the cache keeps the earlier ones."""
    layer, cache = randomized(CausalSelfAttention(6, 3, dropout=0.0)), Memory(block_size=8)
    pieces = torch.randn(2, sum(times), 6).split(times, dim=1)
    out = torch.cat([layer(piece, cache) for piece in pieces], dim=1)
    counted = {"tokens_in_the_cache": lambda _: cache.length}
    return described(out, **counted, with_a_cache=Tensor.tolist)


SPLIT = "heads = self.query_key_value(x).view(B, T, 3, self.n_head, C // self.n_head)"
PERMUTE = "query, key, value = heads.permute(2, 0, 3, 1, 4)"
EXTEND = "key, value = cache.extend(key, value)"
ATTEND = "y = self.attend(query, key, value, dropout)"
FUSED = "y = F.scaled_dot_product_attention(query, key, value{})"
MERGE = "y = y.transpose(1, 2).reshape(B, T, C)"
OUT = "return self.dropout(self.project(y))"
DROPOUT = "dropout = self.dropout.p if self.training else 0.0"

ATTENTION = Step(
    "attention",
    "gpt2.CausalSelfAttention.forward",
    "all heads at once",
    lecture=f"{VIDEO} 1:46:22",
    term="head",
    write=(
        "`self.query_key_value(x)` holds the queries, then the keys, then the values of all heads, "
        "(B, T, 3 C). Split them into (B, n_head, T, head_size) each. With a `cache`, "
        "cache.extend(key, value) appends these keys and values, and returns those of all tokens "
        "so far. self.attend(query, key, value, dropout) masks, scales, and returns what each head "
        "finds, (B, n_head, T, head_size). Merge that into (B, T, C), and apply `self.project`, "
        "then `self.dropout`. The dropout of attend is self.dropout.p in training, 0.0 otherwise."
    ),
    hints=(
        "In the last dimension of 3 C, the queries of all heads come first. In the C numbers of a "
        "token's queries, those of the first head come first, then those of the second.",
        "`view` may only divide a dimension, C into (n_head, head_size). `transpose` then moves "
        "the heads before the time: .view(B, T, n_head, head_size).transpose(1, 2).",
        "Merging is the same backwards: y.transpose(1, 2) gives (B, T, n_head, head_size), and "
        ".reshape(B, T, C) puts the heads side by side.",
    ),
    probes=(
        "averaged(time=1)",
        "averaged(time=2)",
        "all_heads(batch_size=1, time=3, n_head=1)",
        "all_heads(batch_size=2, time=3, n_head=3)",
        "with_cache(2, 1)",
        "with_cache(1, 1, 1)",
        "with_cache(2, 3)",
        "with_dropout(CausalSelfAttention(n_embd=6, n_head=3, dropout=0.5))",
    ),
    parts={
        "": ONE_TENSOR,
        "shape": "The output should have the same shape as x, (B, T, C).",
        "powers of ten": "The channels of a token are not back in their places. Splitting "
        "is .view(B, T, n_head, head_size).transpose(1, 2), and merging the same backwards: "
        ".transpose(1, 2).reshape(B, T, C). `view` alone keeps the order in memory, and mixes "
        "tokens and heads.",
        "averages": "All queries and keys are 0 here, so each token should get the mean of its own "
        "value and those before it, channel by channel. The values are the last third of "
        "query_key_value(x).",
        "output": "The output is not what the heads find, side by side, after self.project.",
        "tokens in the cache": "The cache should have all tokens that were read: call "
        "cache.extend(key, value) once, with the new keys and values.",
        "with a cache": "Without a cache the output is right. With one, it should be the same as "
        "if all tokens came at once: a new token sees all keys and values that cache.extend "
        "returns, except those of later tokens.",
        "in use": "When the model is not training, nothing may be dropped: the dropout of attend "
        "has to be 0.0 then.",
        "in training": "In training, dropout should have an effect.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "The heads are split by `view` alone. It keeps the numbers in the order in which they "
            "lie in memory, so a head gets numbers of several tokens and of other heads. First "
            "divide C, (B, T, n_head, head_size), then move the heads before the time with "
            "transpose(1, 2).",
            *(
                {
                    SPLIT: "heads = self.query_key_value(x).split(C, dim=2)",
                    PERMUTE: f"query, key, value = (h.{to}(B, self.n_head, T, -1) for h in heads)",
                    **merge,
                }
                for to in ("view", "reshape", "transpose(1, 2).view", "transpose(1, 2).reshape")
                for merge in ({}, {MERGE: "y = y.reshape(B, T, C)"})
            ),
            {
                SPLIT: "heads = self.query_key_value(x).view(3, B, self.n_head, T, -1)",
                PERMUTE: "query, key, value = heads",
            },
            {
                SPLIT: "heads = self.query_key_value(x).view(B, 3, self.n_head, T, -1)",
                PERMUTE: "query, key, value = heads.unbind(1)",
            },
        ),
        Mistake(
            "The heads are merged by `view` alone. y is (B, n_head, T, head_size), so in memory "
            "all tokens of one head come first. Move the heads back next to their channels, "
            "y.transpose(1, 2), then make (B, T, C) of it.",
            {MERGE: "y = y.reshape(B, T, C)"},
            {MERGE: "y = y.view(B, T, C)"},
        ),
        Mistake(
            "The heads are not moved before the time, so attention takes heads for tokens: it "
            "works on the last two dimensions, which should be T and head_size. Split with "
            ".view(B, T, n_head, head_size).transpose(1, 2).",
            {PERMUTE: "query, key, value = heads.unbind(2)", MERGE: "y = y.reshape(B, T, C)"},
            {PERMUTE: "query, key, value = heads.unbind(2)"},
        ),
        Mistake(
            "Queries, keys and values are taken in the wrong order. Of the 3 C numbers of a token, "
            "the first C are the queries of all heads; then come all keys, then all values.",
            *(
                {PERMUTE: PERMUTE.replace("query, key, value", ", ".join(order))}
                for order in permutations(("query", "key", "value"))
                if order != ("query", "key", "value")
            ),
            {
                SPLIT: SPLIT.replace("3, self.n_head", "self.n_head, 3"),
                PERMUTE: "query, key, value = heads.permute(3, 0, 2, 1, 4)",
            },
        ),
        Mistake(
            "The scores should be divided by √head_size, once, where head_size is the length of a "
            "query in one head, C / n_head. self.attend does it.",
            {ATTEND: ATTEND.replace("query", "query * key.shape[-1] ** 0.5")},  # not at all
            {ATTEND: ATTEND.replace("query", "query / self.n_head**0.5")},  # by √C
            {ATTEND: ATTEND.replace("query", "query / key.shape[-1] ** 0.5")},  # by head_size
        ),
        Mistake(
            OVER_QUERIES,
            {
                ATTEND: "past = torch.ones(T, key.shape[2]).tril(key.shape[2] - T)\n"
                "        y = query @ key.transpose(-2, -1) / key.shape[-1] ** 0.5\n"
                "        y = y.masked_fill(past == 0, -torch.inf).softmax(-2) @ value",
            },
        ),
        Mistake(
            "self.project is missing. After the merge, what the heads have found only stands side "
            "by side; the projection mixes it.",
            {OUT: "return self.dropout(y)"},
        ),
        Mistake(
            "There is no mask: each token sees those after it. self.attend masks by itself; "
            "F.scaled_dot_product_attention does it with is_causal=True, as long as there is no "
            "cache.",
            {ATTEND: FUSED.format("")},
        ),
        Mistake(
            "The mask is wrong with a cache. There are fewer queries than keys then, and they "
            "belong to the newest tokens: `is_causal=True` takes them for the first ones, without "
            "it, new tokens see later ones, and a mask of (T, T) is too small. self.attend makes "
            "the mask that fits.",
            {
                ATTEND: "wei = query @ key.transpose(-2, -1) / key.shape[-1] ** 0.5\n"
                "        wei = wei.masked_fill(torch.ones(T, T).tril() == 0, -torch.inf)\n"
                "        y = wei.softmax(-1) @ value",
            },
            {ATTEND: FUSED.format(", is_causal=True")},
            {ATTEND: FUSED.format(", is_causal=cache is None")},
            {ATTEND: FUSED.format(", is_causal=T > 1")},
        ),
        Mistake(
            "A new token does not see those before it, because the keys and values in the cache "
            "are not used. cache.extend returns those of all tokens: key, value = "
            "cache.extend(key, value), before attention.",
            {EXTEND: "pass"},
            {EXTEND: "cache.extend(key, value)"},
        ),
        Mistake(
            "In training, though, nothing is dropped: the last argument of self.attend is for the "
            "attention weights, and self.dropout for the output.",
            {DROPOUT: "dropout = 0.0", OUT: "return self.project(y)"},
            passes=True,
        ),
    ),
)


# The KV cache.


def cached(*times: int, batch: int = 1, heads: int = 1, head_size: int = 1) -> Any:
    """What a cache returns for the last of several pieces, and how many tokens it has then.

    With one channel, the key of token number t, counted from 1, is t, and its value is 10 t.
    """
    cache, n = LayerCache(block_size=6), batch * heads * sum(times) * head_size
    keys = torch.arange(1.0, n + 1).view(batch, heads, -1, head_size)
    for key in keys.split(times, dim=2):
        returned = cache.extend(key, 10 * key)
    if returned is None:
        return None
    key, value = returned
    answer: Any = {"shape of keys": list(key.shape), "shape of values": list(value.shape)}
    if key.shape == value.shape == keys.shape:
        answer |= {"keys": key.flatten().tolist(), "values": value.flatten().tolist()}
        answer["length"] = int(cache.length)
    return answer


KEYS = "self.keys[:, :, start : self.length] = key"
VALUES = "self.values[:, :, start : self.length] = value"
RETURN = "return self.keys[:, :, : self.length], self.values[:, :, : self.length]"
ZEROS = {"self.keys = torch.empty": "self.keys = torch.zeros"}
ZEROS |= {"self.values = torch.empty": "self.values = torch.zeros"}
CAT_KEYS = "torch.cat([self.keys, key], dim=2)"
CAT_VALUES = "torch.cat([self.values, value], dim=2)"
APPENDED = f"""
if self.keys is None:
    self.keys, self.values = key, value
else:
    self.keys = {CAT_KEYS}
    self.values = {CAT_VALUES}
self.length += key.shape[2]
return self.keys, self.values
"""

KV_CACHE = Step(
    "kv-cache",
    "cache.LayerCache.extend",
    "the KV cache: each key and value is computed once",
    lecture=f"{GPT2_VIDEO} 0:37:02",
    term="KV cache",
    write=(
        "Append the newest tokens' keys and values, (batch, head, time, head_size), to `self.keys` "
        "and `self.values`, which are None at first. Set `self.length` to the number of tokens: "
        "the model counts positions from there. Return the keys and the values of all tokens. "
        "There are never more than `self.block_size`, so you may allocate tensors for all in the "
        "first call, or make longer ones each time. (The loop of the lecture, at this minute, "
        "reads the whole text again for every token. A cache avoids that.)"
    ),
    hints=(
        "Time is the third dimension, dim=2. The number of new tokens is key.shape[2], which is "
        "more than one for a prompt.",
        "With torch.cat: self.keys = torch.cat([self.keys, key], dim=2), except in the first "
        "call, when there is nothing to append to.",
        "With room for all: key.new_empty(batch, heads, self.block_size, head_size), once. The new "
        "keys go to [:, :, start : start + key.shape[2]], and what is returned ends at the length.",
    ),
    probes=(
        "cached(1)",
        "cached(3)",
        "cached(1, 1)",
        "cached(2, 1, 1)",
        "cached(2, 3, 1)",
        "cached(2, 1, 2, batch=2, heads=3, head_size=4)",
    ),
    parts={
        "shape of keys": "The keys should be those of all tokens so far, and no more: (batch, "
        "head, time, head_size). Only the time grows, dim=2.",
        "shape of values": "The values should be those of all tokens so far, and no more: (batch, "
        "head, time, head_size). Only the time grows, dim=2.",
        "keys": "The keys should be those of all tokens, in their order: the new ones at the end.",
        "values": "The values should be those of all tokens, in their order: the new ones at the "
        "end.",
        "length": "`self.length` should be the number of all tokens in the cache.",
    },
    mistakes=(
        Mistake(
            "Only the newest tokens' keys and values are returned, but attention needs those of "
            "all. Append the new ones to what is kept, store the result, and return it.",
            {RETURN: "return key, value"},
            "self.keys, self.values, self.length = key, value, key.shape[2]\nreturn key, value",
        ),
        Mistake(
            "The earlier tokens are lost: the new ones are written over them, at the beginning, or "
            "the tensors are allocated anew in each call. Allocate them once, in the first call, "
            "and write from the old length on.",
            {
                KEYS: "self.keys[:, :, : key.shape[2]] = key",
                VALUES: "self.values[:, :, : key.shape[2]] = value",
                **ZEROS,
            },
            {"if self.keys is None or self.values is None:": "if True:", **ZEROS},
        ),
        Mistake(
            "The whole tensors are returned, with places that are still empty. End at the length: "
            "self.keys[:, :, : self.length].",
            {RETURN: "return self.keys, self.values"},
        ),
        Mistake(
            "The first tokens are in the cache twice: in the first call they are stored, and then "
            "appended as well.",
            APPENDED.replace("else:", "if True:"),
        ),
        Mistake(
            "In the first call there is nothing to append to: `self.keys` and `self.values` are "
            "None. Store the keys and values as they are then.",
            APPENDED.replace("if self.keys is None:", "if False:"),
        ),
        Mistake(
            "The tokens are appended along the wrong dimension, as if there were more texts, heads "
            "or channels. Time is the third dimension, dim=2; torch.cat takes dim=0 by default.",
            *(
                APPENDED.replace("dim=2", f"dim={dim}").replace("+= key.shape[2]", n)
                for dim in (0, 1, -1)
                for n in ("+= key.shape[2]", f"= self.keys.shape[{dim}]")
            ),
        ),
        Mistake(
            "Only the keys are kept, or only the values. Attention needs both, for all tokens: the "
            "keys for the weights, the values for what is gathered.",
            APPENDED.replace(CAT_VALUES, "value"),
            APPENDED.replace(CAT_KEYS, "key"),
        ),
        Mistake(
            "The new tokens come before the earlier ones. They belong at the end: "
            "torch.cat([self.keys, key], dim=2).",
            APPENDED.replace("self.keys, key]", "key, self.keys]").replace(
                "self.values, value]", "value, self.values]"
            ),
        ),
        Mistake(
            "`self.length` is not the number of all tokens. It grows by key.shape[2] in each call, "
            "which is more than one for a prompt; the model takes it for the position of the next "
            "token.",
            *(APPENDED.replace("+= key.shape[2]", n) for n in ("+= 0", "+= 1", "= key.shape[2]")),
        ),
    ),
)


# The model, with its cache.


class Sums(nn.Module):
    """A stand-in for a block, which adds to each token a share of all tokens so far."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        seen = x[:, None] if cache is None else cache.extend(x[:, None], x[:, None])[0]
        return x + self.share * seen[:, 0].cumsum(1)[:, -x.shape[1] :]


def model_of(n_layer: int) -> GPT2:
    """A GPT-2 with random weights and stand-ins for its blocks."""
    model = GPT2(vocab_size=5, block_size=12, n_layer=0, n_head=1, n_embd=4)
    model.blocks = nn.ModuleList(Sums(0.5 + i) for i in range(n_layer))  # type: ignore[assignment]
    return randomized(model)


def logits_of(*ids: list[int], n_layer: int = 0, targets: list[list[int]] | None = None) -> Any:
    """The logits of a model of so many blocks; its loss, given targets."""
    wanted = None if targets is None else torch.tensor(targets)
    return _of_model(model_of(n_layer)(torch.tensor(ids), wanted), "logits")


def piece_by_piece(*pieces: list[int], n_layer: int) -> Any:
    """The logits of a model that reads a text in pieces, and has a cache of those before."""
    model, cache = model_of(n_layer), KVCache(n_layer, block_size=12)
    cache.layers = [Memory(block_size=12) for _ in range(n_layer)]
    for piece in pieces:
        returned = model(torch.tensor([piece]), cache=cache)
    return _of_model(returned, "logits with a cache")


def _of_model(returned: Any, name: str) -> Any:
    match returned:
        case (Tensor() as logits, loss):
            return {**described(logits, **{name: Tensor.tolist}), "loss": loss}
    return returned


START = "start, time = len(cache) if cache is not None else 0, ids.shape[1]"
BLOCKS = "x = block(x, cache.layers[i] if cache is not None else None)"
LOSS = "F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())"

MODEL = Step(
    "gpt2",
    "gpt2.GPT2.forward",
    "GPT-2: from ids to logits and loss, with a cache",
    lecture=f"{GPT2_VIDEO} 0:31:00",
    term="position embedding",
    write=(
        "Add `self.token_embedding` of the ids and `self.position_embedding`; then come "
        "`self.dropout`, `self.blocks` and `self.norm`. The logits are the products with the rows "
        "of `self.token_embedding.weight`, (V, C). Return logits and None, or, given targets, "
        "logits and the mean cross-entropy. With a cache, block i gets cache.layers[i] as its "
        "second argument, and the positions begin at len(cache), since these ids follow its tokens."
    ),
    hints=(
        "Without a cache the positions are 0 to T - 1, with one they are len(cache) to "
        "len(cache) + T - 1. (B, T, C) + (T, C): the same positions for all texts of a batch.",
        "The output shares the weights of the token embedding: x @ self.token_embedding.weight.T.",
        "F.cross_entropy wants (N, V) and (N,): logits.flatten(0, 1), targets.flatten(). The "
        "targets are the next tokens already, and the softmax is inside.",
    ),
    probes=(
        "logits_of([3])",
        "logits_of([3, 1, 3])",
        "logits_of([3, 1, 3], [0, 4, 2], n_layer=2)",
        "logits_of([3, 1, 3], targets=[[1, 3, 0]])",
        "logits_of([3, 1, 3], [0, 4, 2], targets=[[1, 3, 0], [4, 2, 2]])",
        "piece_by_piece([3, 1, 3], n_layer=1)",
        "piece_by_piece([3, 1], [3], n_layer=1)",
        "piece_by_piece([3, 1], [3], [0, 4], n_layer=2)",
    ),
    parts={
        "": "Return two things: the logits, and the loss, which is None without targets.",
        "shape": "The logits should have the shape (B, T, V), one row for each token of ids.",
        "logits": "The logits should be norm(blocks(token embedding + position embedding)) times "
        "the token embeddings, without a softmax. Positions are 0, 1, 2, …, whatever the tokens.",
        "logits with a cache": "With a cache, the logits of these ids should be the same as if "
        "the model read all of the text at once. The positions go on from len(cache), and block i "
        "uses cache.layers[i].",
        "loss": "The loss should be the mean cross-entropy of the logits with the targets, or None "
        "without targets.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "With a cache the positions begin at 0 again, or end too early. They go on from "
            "len(cache), so the last one is len(cache) + T - 1.",
            {START: "start, time = 0, ids.shape[1]"},
            {"arange(start, start + time": "arange(start, time"},
        ),
        Mistake(
            "The last layer norm is missing, or comes too early: the blocks have norms of their "
            "own. The logits are made from self.norm(x), after the last block.",
            {"self.norm(x)": "x"},
            {BLOCKS: f"{BLOCKS}\n            x = self.norm(x)", "= self.norm(x) @": "= x @"},
            {"self.dropout(x)": "self.norm(x)", "= self.norm(x) @": "= x @"},
        ),
        Mistake(
            "The positions are missing, or looked up with the ids. Attention by itself does not "
            "know where a token stands: add self.position_embedding of 0, 1, 2, …",
            {" + self.position_embedding(positions)": ""},
            {"torch.arange(start, start + time, device=ids.device)": "ids"},
        ),
        Mistake(
            "The blocks do not get the cache, so a new token sees none of those before it. (An "
            "empty cache counts as false, so ask whether it `is not None`.)",
            {BLOCKS: "x = block(x)"},
        ),
        Mistake(
            "All blocks share one cache. Each has keys and values of its own: cache.layers[i].",
            {"cache.layers[i]": "cache.layers[0]"},
        ),
        Mistake(
            "These are the logits of the last position only, as nanoGPT returns them when it "
            "generates. Return those of all positions, (B, T, V), with targets or without.",
            {"self.norm(x) @": "self.norm(x if targets is not None else x[:, -1:]) @"},
        ),
        Mistake(
            "The targets are shifted a second time, so the model learns to skip a token. "
            "get_batch has shifted them already.",
            {LOSS: "F.cross_entropy(logits[:, :-1].flatten(0, 1), targets[:, 1:].flatten())"},
        ),
        Mistake(
            "The loss compares the logits with the ids, which the model has just read. It should "
            "predict the tokens that follow them, the targets.",
            {"targets.flatten()": "ids.flatten()"},
        ),
        Mistake(
            "The softmax is taken twice: F.cross_entropy expects logits, and has one inside.",
            {"logits.flatten(0, 1).float()": "logits.softmax(-1).flatten(0, 1)"},
        ),
        Mistake(
            "F.cross_entropy takes the second dimension for the classes, which is T here. Flatten "
            "the logits to (B * T, V) and the targets to (B * T,). `view` can merge dimensions, "
            "but not exchange them.",
            {LOSS: "F.cross_entropy(logits, targets)"},
            {LOSS: "F.cross_entropy(logits.view(len(ids), -1, ids.shape[1]), targets)"},
        ),
    ),
)


LADDER = Ladder(
    __file__,
    (BATCH, HEAD, HEADS, BLOCK, GENERATE, TOP_K, ATTENTION, KV_CACHE, MODEL),
    program="train_mine.py",
)
