"""Write it yourself: the steps of this lesson, and the mistakes that people make at each of them.

`python -m gpt learn` takes you through them; how a step is declared stands in `shared.exercises`.
Read it as a list of what goes wrong when one writes a Transformer for the first time, but write
first. What a probe needs beside the code to be written, it makes itself, so that the steps can be
taken in any order.
"""

from collections.abc import Callable
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


def described(out: Any, /, *shape: int, **parts: Callable[[Tensor], Any]) -> Any:
    """What is to be said of a tensor that should have this shape; None if there is none."""
    if out is None:
        return None
    answer: dict[str, Any] = {"returned": f"a {type(out).__name__}"}
    if isinstance(out, Tensor):
        answer["shape"] = list(out.shape)
        if out.shape == shape:
            answer |= {name.replace("_", " "): part(out) for name, part in parts.items()}
    return answer


ONE_TENSOR = "Return one tensor."


# A batch.


def batch(length: int, batch_size: int, block_size: int) -> Any:
    """What two batches are like. Token number i of the data is 10 i, so a token says its place."""
    data = 10 * torch.arange(length)
    pair, other = (get_batch(data, batch_size, block_size) for _ in range(2))
    if pair is None:
        return None
    if not isinstance(pair, tuple | list) or [type(part) for part in pair] != [Tensor, Tensor]:
        return {"returned": "something else"}
    x, y = pair
    answer: dict[str, Any] = {"returned": "two tensors"}
    answer |= {"shape of x": list(x.shape), "shape of y": list(y.shape)}
    if x.shape == y.shape == (batch_size, block_size):
        starts = x[:, 0]
        answer |= {
            "x, minus its first column": (x - x[:, :1]).unique(dim=0).tolist(),
            "y - x": (y - x).unique().tolist(),
            "all rows are the same": len(starts.unique()) == 1,
            "the rows are equally far apart": len(starts.diff().unique()) == 1,
            "the next batch is the same": x.equal(other[0]),
        }
    return answer


def starts(length: int, block_size: int) -> Any:
    """Where the windows of many batches begin."""
    try:
        rows = [get_batch(torch.arange(length), 8, block_size)[0] for _ in range(50)]
        return {"starts": torch.stack(rows)[:, :, 0].unique().tolist()}
    except (IndexError, RuntimeError, ValueError) as error:
        if any(text in str(error) for text in ("out of", "equal size", "of length")):
            return {"starts": "some windows run over the end"}
        raise


IX = "ix = torch.randint(len(data) - block_size, (batch_size,))\n"
X = "x = torch.stack([data[i : i + block_size] for i in ix])\n"
Y = "y = torch.stack([data[i + 1 : i + block_size + 1] for i in ix])\n"
XY = "return x, y"

BATCH = Step(
    "batch",
    "stages.get_batch",
    "a batch of windows from the text",
    lecture=f"{VIDEO} 0:14:27",
    term="block size",
    write=(
        "Choose `batch_size` random places in `data`. Return two tensors, (batch_size, block_size) "
        "each: x, the windows of `block_size` tokens from there on; and y, for each of these "
        "tokens the one that comes next."
    ),
    hints=(
        "torch.randint(high, (batch_size,)) draws the places, from 0 to high - 1. Which is the "
        "last place from which all tokens of x and of y are still in the data?",
        "A window from place i is data[i : i + block_size]; its targets are as many, from i + 1.",
        "torch.stack makes a tensor (batch_size, block_size) of a list of windows. A window with "
        "its targets has block_size + 1 tokens, so high is len(data) - block_size.",
    ),
    probes=(
        "batch(length=10_000, batch_size=4, block_size=3)",
        "batch(length=10_000, batch_size=5, block_size=8)",
        "starts(length=12, block_size=4)",
    ),
    parts={
        "returned": "Return two tensors, x and y.",
        "shape of x": "x is not of the shape (batch_size, block_size): a row is a window.",
        "shape of y": "y is not of the same shape as x: each token of x has a target.",
        "x, minus its first column": "The rows of x are not windows of the data: from its start, "
        "each should have the tokens in the order of the text, one after the other.",
        "y - x": "The targets are not the next tokens: y should be x, one token further.",
        "all rows are the same": "All rows of the batch are the same.",
        "the rows are equally far apart": "The windows of a batch should be at random places, "
        "each independent of the others.",
        "the next batch is the same": "Each batch is the same.",
        "starts": "Not every window of the text is drawn, or some that are not in it. The first "
        "begins at 0, the last at len(data) - block_size - 1.",
    },
    mistakes=(
        Mistake(
            "The targets are the inputs themselves: the model would learn to copy the token that "
            "it sees. A target is the next token, so y begins one place after x.",
            {"chunks[:, 1:]": "chunks[:, :-1]"},
        ),
        Mistake(
            "The targets are two tokens further, so the model would learn to skip one. A target is "
            "the next token: y begins one place after x.",
            IX + X + Y.replace("+ 1", "+ 2") + XY,
            "chunks = data[torch.randint(len(data) - block_size - 1, (batch_size, 1)) + "
            "torch.arange(block_size + 2)]\nreturn chunks[:, :-2], chunks[:, 2:]",
        ),
        Mistake(
            "The targets come before the inputs: x and y are the wrong way round. From a token, "
            "the model predicts the one after it.",
            {"chunks[:, :-1], chunks[:, 1:]": "chunks[:, 1:], chunks[:, :-1]"},
        ),
        Mistake(
            "The last target of each window is its own first token: torch.roll turns it round. "
            "What comes next is in the data, so cut a window that is one token longer, or another "
            "one that begins one place further.",
            {"chunks[:, 1:]": "chunks[:, :-1].roll(-1, dims=1)"},
        ),
        Mistake(
            "There is one target for a whole window. A window is block_size examples at once: "
            "each of its tokens has a target, the next one, so y is as long as x.",
            IX + X + "y = torch.stack([data[i + block_size] for i in ix])\n" + XY,
            {"chunks[:, 1:]": "chunks[:, -1:]"},
        ),
        Mistake(
            "The targets are computed from the inputs, token + 1. The next token is not the next "
            "number: it is what stands at the next place in the data.",
            {"chunks[:, 1:]": "chunks[:, :-1] + 1"},
        ),
        Mistake(
            "All windows of a batch are the same: one place was drawn for all of them. Draw "
            "`batch_size` places.",
            "i = torch.randint(len(data) - block_size, (1,)).item()\n"
            + X.replace("in ix", "in [i] * batch_size")
            + Y.replace("in ix", "in [i] * batch_size")
            + XY,
        ),
        Mistake(
            "Each batch is the same, so the model would see no other. Do not set the seed inside, "
            "and do not choose fixed places: draw new ones at each call.",
            "torch.manual_seed(1337)\n" + IX + X + Y + XY,
            IX.replace("torch.randint(len(data) - block_size, (batch_size,))", "range(batch_size)")
            + X
            + Y
            + XY,
            "return data[: batch_size * block_size].view(batch_size, block_size), "
            "data[1 : batch_size * block_size + 1].view(batch_size, block_size)",
        ),
        Mistake(
            "The windows of a batch follow one another in the text. Draw a random place for each, "
            "so that the examples of a batch have little to do with each other.",
            "i = torch.randint(len(data) - batch_size * block_size, (1,)).item()\n"
            "ix = range(i, i + batch_size * block_size, block_size)\n" + X + Y + XY,
            "i = torch.randint(len(data) - batch_size - block_size, (1,)).item()\n"
            "ix = range(i, i + batch_size)\n" + X + Y + XY,
        ),
        Mistake(
            "Some windows run over the end of the data: from the last place, there must still be "
            "block_size + 1 tokens, the window and one more for its last target. So the last place "
            "is len(data) - block_size - 1; `randint` never draws its upper limit.",
            {"randint(len(data) - block_size,": "randint(len(data),"},
        ),
        Mistake(
            "x and y have block_size + 1 tokens in a row. That many are to be cut from the text; "
            "x is all but the last of them, y all but the first.",
            "chunks = data[torch.randint(len(data) - block_size - 1, (batch_size, 1)) + "
            "torch.arange(block_size + 2)]\nreturn chunks[:, :-1], chunks[:, 1:]",
            {"chunks[:, :-1], chunks[:, 1:]": "chunks, chunks"},
        ),
        Mistake(
            "x and y have block_size - 1 tokens in a row: a window and its last target are "
            "block_size + 1 tokens together.",
            {"torch.arange(block_size + 1)": "torch.arange(block_size)"},
        ),
        Mistake(
            "The windows stand in one long row. `torch.stack` puts them below one another, in a "
            "new dimension, where `torch.cat` appends one to the other.",
            (IX + X + Y + XY).replace("stack", "cat"),
            {"chunks[:, :-1], chunks[:, 1:]": "chunks[:, :-1].flatten(), chunks[:, 1:].flatten()"},
        ),
        Mistake(
            "A window should be a row, (batch_size, block_size). Yours are columns.",
            {"chunks[:, :-1], chunks[:, 1:]": "chunks[:, :-1].T, chunks[:, 1:].T"},
        ),
        Mistake(
            "Each token is from a place of its own, so there are no windows, and nothing to learn "
            "from the order of the text. Draw where a window begins, and take what follows.",
            "ix = torch.randint(len(data) - 1, (batch_size, block_size))\n"
            "return data[ix], data[ix + 1]",
        ),
        Mistake(
            "Windows begin at multiples of block_size only. A window may begin at any place, which "
            "makes block_size times as many different ones.",
            "ix = torch.randint(len(data) // block_size - 1, (batch_size,)) * block_size\n"
            + X
            + Y
            + XY,
            "ix = torch.randint((len(data) - 1) // block_size, (batch_size,)) * block_size\n"
            + X
            + Y
            + XY,
        ),
        Mistake(
            "Right, but for the edge: the first or the last possible window is never drawn. The "
            "places are 0 to len(data) - block_size - 1, and `randint` does not draw its upper "
            "limit, which is therefore len(data) - block_size.",
            {"randint(len(data) - block_size,": "randint(len(data) - block_size - 1,"},
            {"randint(len(data) - block_size,": "randint(1, len(data) - block_size,"},
            {"randint(len(data) - block_size,": "randint(1, len(data) - block_size - 1,"},
            {"randint(len(data) - block_size,": "randint(len(data) - block_size - 2,"},
            passes=True,
        ),
    ),
)


# One head.


def weights(queries: list[float], keys: list[float]) -> Any:
    """How much each token takes from each, given their queries and keys.

    Queries and keys have four channels, the others of which are 0. Each token's value is 1 in a
    channel of its own, so what a token gathers are its weights.
    """
    head, x = _head_that_shows_weights(queries, keys)
    return described(head(x), 1, len(queries), 4, **_WEIGHTS)


def _head_that_shows_weights(
    queries: list[float], keys: list[float], dropout: float = 0.0
) -> tuple[Head, Tensor]:
    n = len(queries)
    head = Head(n_embd=9, head_size=4, block_size=4, dropout=dropout).eval()
    for layer in (head.query, head.key, head.value):
        nn.init.zeros_(layer.weight)
    head.query.weight.data[0, :n] = torch.tensor(queries)
    head.key.weight.data[0, :n] = torch.tensor(keys)
    head.value.weight.data[:n, :n] = torch.eye(n)
    return head, torch.eye(n, 9)[None]  # (1, T, C)


_WEIGHTS: dict[str, Callable[[Tensor], Any]] = {
    "NaNs": lambda out: int(out.isnan().sum()),
    "weights_on_the_future": lambda out: out[0, :, : out.shape[1]].triu(1).tolist(),
    "sum_of_each_row": lambda out: out[0].sum(1).tolist(),
    "weights": lambda out: out[0, :, : out.shape[1]].tolist(),
}


def dropped() -> Any:
    """What becomes of a head's weights while it is trained with dropout."""
    head, x = _head_that_shows_weights([2.0] * 4, [1.0, -1.0, 2.0, 1.5], dropout=0.5)
    plain = head(x)
    head.train()
    often = torch.stack([head(x) for _ in range(20)])
    if often.equal(plain.expand_as(often)):
        return {"in training": "no weight is dropped"}
    either = (often == 0) | (often - 2 * plain).abs().lt(1e-5)
    return {"in training": "some weights are dropped" if either.all() else "something else"}


def gathered(batch_size: int, time: int) -> Any:
    """What the tokens gather in a head with random weights."""
    head = Head(n_embd=6, head_size=3, block_size=5).eval()
    for parameter in head.parameters():
        nn.init.normal_(parameter)
    return described(head(torch.randn(batch_size, time, 6)), batch_size, time, 3, out=Tensor.tolist)


MASK = 'wei.masked_fill(~self.tril[:T, :T], float("-inf"))'
SOFTMAX = "F.softmax(wei, dim=-1)"
SCALE = "k.shape[-1] ** -0.5"
SCORES = f"""
T = x.shape[1]
q, k, v = self.query(x), self.key(x), self.value(x)
wei = q @ k.transpose(-2, -1) * {SCALE}
"""
NO_DROPOUT = (
    "Right. In training, though, no weight is dropped: `self.dropout(wei)` after the softmax does "
    "it. The lecture adds that at 1:37:49."
)

HEAD = Step(
    "head",
    "lecture.Head.forward",
    "one head of self-attention, with its mask",
    lecture=f"{VIDEO} 1:19:11",
    term="self-attention",
    write=(
        "Return softmax(q kᵀ / √head_size) v, where no token looks at those after it. "
        "`self.query`, `self.key` and `self.value` make q, k and v of x; `self.tril` is a lower "
        "triangle of Trues, block_size wide; `self.dropout` is for the weights."
    ),
    hints=(
        "The score of token t for token s is the dot product of t's query and s's key. For all of "
        "them at once: q @ k.transpose(-2, -1), which is (B, T, T). Divide it by √head_size.",
        "The future's scores become -inf before the softmax, which makes 0 of them: "
        'wei.masked_fill(…, float("-inf")). x may be shorter than block_size: self.tril[:T, :T].',
        "The softmax goes along the last dimension, so that the weights of each token sum to 1. "
        "What a token gathers is wei @ v.",
    ),
    probes=(
        "weights(queries=[0.0, 0.0], keys=[0.0, 0.0])",
        "weights(queries=[2.0, 2.0, 2.0], keys=[3.0, 1.0, 2.0])",
        "weights(queries=[1.0, -2.0, 3.0], keys=[1.0, 2.0, -1.0])",
        "gathered(batch_size=1, time=1)",
        "gathered(batch_size=2, time=5)",
        "dropped()",
    ),
    parts={
        "returned": ONE_TENSOR,
        "shape": "The output is not of the shape (B, T, head_size).",
        "NaNs": "There are NaNs among the weights. They come of a row in which everything is "
        "masked, or of -inf where there is no softmax after it.",
        "weights on the future": "A token looks into the future: it has a weight for one that "
        "comes after it. Mask these before the softmax.",
        "sum of each row": "The weights of a token do not sum to 1. Mask with -inf, then take the "
        "softmax along the last dimension, over the keys.",
        "weights": "No token looks ahead, and the weights of each sum to 1, but they are not those "
        "of softmax(q kᵀ / √head_size).",
        "out": "The output is not softmax(q kᵀ / √head_size) v.",
        "in training": "In training, dropout should set some of the weights to 0, and double the "
        "others: self.dropout(wei), after the softmax.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "The scale is missing. Without 1/√head_size the scores grow with the size of the head, "
            "and the softmax becomes so sharp that each token listens to a single other one.",
            {f" * {SCALE}": ""},
        ),
        Mistake(
            "You scale by √n_embd, the width of x. It should be √head_size, the length of a query "
            "and a key, for so many products are added up in a score. (The video does the same; "
            "its repository has been corrected since.)",
            {SCALE: "x.shape[-1] ** -0.5"},
        ),
        Mistake(
            "You scale by √T, the number of tokens. It should be √head_size, the length of a query "
            "and a key.",
            {SCALE: "T ** -0.5"},
        ),
        Mistake(
            "You multiply by √head_size. The scores should become smaller: divide by it, or "
            "multiply by head_size ** -0.5.",
            {SCALE: "k.shape[-1] ** 0.5"},
        ),
        Mistake(
            "The square root is missing: the scores are divided by √head_size, not by head_size.",
            {SCALE: "k.shape[-1] ** -1"},
        ),
        Mistake(
            "The scale comes after the softmax, so the weights of a token sum to less than 1. "
            "Scale the scores, before the softmax.",
            {f" * {SCALE}": "", SOFTMAX: f"{SOFTMAX} * {SCALE}"},
            {SOFTMAX: f"{SOFTMAX} * {SCALE}"},
        ),
        Mistake(
            "The softmax goes over the queries. Each token divides its attention among the keys: "
            "its row should sum to 1, so dim=-1.",
            {"dim=-1)  # (B, T, T) row": "dim=-2)  # (B, T, T) row"},
            {"dim=-1)  # (B, T, T) row": "dim=0)  # (B, T, T) row"},
        ),
        Mistake(
            "There is no mask: each token sees those after it, among them the one that it is to "
            "predict. The loss would be low, and the texts nonsense.",
            {MASK: "wei"},
        ),
        Mistake(
            "The mask is one off: a token does not see itself. Only what comes after it is hidden; "
            "the diagonal stays. (In the first row, nothing is left, which makes NaN.)",
            {"~self.tril[:T, :T]": "~self.tril[:T, :T].tril(-1)"},
            {"~self.tril[:T, :T]": "~torch.tril(torch.ones(T, T), -1).bool()"},
            {"~self.tril[:T, :T]": "torch.triu(torch.ones(T, T)).bool()"},
        ),
        Mistake(
            "The mask is one off: each token sees the one after it, which it is to predict. The "
            "diagonal is the last that it may see.",
            {"~self.tril[:T, :T]": "torch.triu(torch.ones(T, T), 2).bool()"},
        ),
        Mistake(
            "The mask is the wrong way round: it hides the past and shows the future. "
            "`masked_fill` fills where its condition is True, and `self.tril` is True for the "
            "past, so take `self.tril[:T, :T] == 0`.",
            {"~self.tril[:T, :T]": "self.tril[:T, :T]"},
            {"~self.tril[:T, :T]": "~self.tril[:T, :T].T"},
            {"~self.tril[:T, :T]": "torch.tril(torch.ones(T, T), -1).bool()"},
        ),
        Mistake(
            "The mask comes after the softmax: the future got its share of each row, and is then "
            "taken out, so the weights do not sum to 1. Set its scores to -inf before the softmax.",
            f"{SCORES}wei = {SOFTMAX}\nwei = wei * self.tril[:T, :T]\nreturn wei @ v",
            f"{SCORES}wei = {SOFTMAX}\nwei = {MASK}\nreturn wei @ v",
        ),
        Mistake(
            "The masked scores are 0, which is a score like any other: the softmax makes e⁰ = 1 of "
            "it, and the future keeps a weight. Only -inf becomes 0.",
            {'float("-inf")': "0.0"},
            {'float("-inf")': "1e-9"},
            {MASK: "wei * self.tril[:T, :T]"},
            {MASK: "torch.tril(wei)"},
        ),
        Mistake(
            "The future's scores are only somewhat lower, which leaves it a weight. They have to "
            "become -inf.",
            {'float("-inf")': "-1.0"},
            {'float("-inf")': "-10.0"},
            {MASK: "wei - (~self.tril[:T, :T]).float()"},
            {MASK: "wei + self.tril[:T, :T]"},
        ),
        Mistake(
            "The masked scores are +inf: all the attention goes into the future, and inf / inf is "
            "NaN. It should be -inf.",
            {'float("-inf")': 'float("inf")'},
        ),
        Mistake(
            "The mask is as large as block_size, and x has only T tokens here. Cut it to size: "
            "self.tril[:T, :T].",
            {"self.tril[:T, :T]": "self.tril"},
            {MASK: 'wei.masked_fill(self.tril == 0, float("-inf"))'},
        ),
        Mistake(
            "The mask is added to the scores as it is, where it is no more than 1 or 0. The scores "
            "of the future have to become -inf: masked_fill.",
            {MASK: "wei + (~self.tril[:T, :T])"},
            {MASK: "wei - self.tril[:T, :T].float()"},
        ),
        Mistake(
            "The softmax is missing: scores are no weights yet, they may be negative and do not "
            "sum to 1.",
            {f"wei = {SOFTMAX}": "wei = wei"},
            {f"wei = {SOFTMAX}": "wei = wei", MASK: "wei * self.tril[:T, :T]"},
            {MASK: "wei", f"wei = {SOFTMAX}": "wei = wei"},
        ),
        Mistake(
            "The values are not used. Query and key decide how much a token takes from another; "
            "what it takes is that one's value, v.",
            {"return wei @ v": "return wei @ x"},
            {"return wei @ v": "return wei @ k"},
            {"return wei @ v": "return self.value(x)"},
            {"return wei @ v": "return wei @ q"},
        ),
        Mistake(
            "These are the weights. The output is what they gather: wei @ v.",
            {"return wei @ v": "return wei"},
        ),
        Mistake(
            "The weights are transposed: what token t takes stands in row t of wei, so the output "
            "is wei @ v.",
            {"return wei @ v": "return wei.transpose(-2, -1) @ v"},
        ),
        Mistake(
            "Queries and keys have changed places: row t should be the query of token t with all "
            "keys, q @ k.transpose(-2, -1).",
            {"q @ k.transpose(-2, -1)": "k @ q.transpose(-2, -1)"},
            {"self.query(x)": "self.key(x)", "k = self.key(x)": "k = self.query(x)"},
        ),
        Mistake(
            "Two of the three are made by the same layer. q, k and v come from self.query, "
            "self.key and self.value.",
            {"self.query(x)": "self.key(x)"},
            {"k = self.key(x)": "k = self.query(x)"},
        ),
        Mistake(
            "The scores of x with itself are not what the head is looking for: use its queries and "
            "keys.",
            {"q @ k.transpose(-2, -1)": "x @ x.transpose(-2, -1)"},
        ),
        Mistake(
            "The matrices of a product do not fit. q and k are both (B, T, head_size), so "
            "transpose the last two dimensions of the keys: q @ k.transpose(-2, -1), which is (B, "
            "T, T). The weights come before the values: wei @ v.",
            {"k.transpose(-2, -1)": "k"},
            {"return wei @ v": "return v @ wei"},
            {"return wei @ v": "return v.transpose(-2, -1) @ wei"},
        ),
        Mistake(
            "`*` multiplies number by number. Scores, and what a token gathers, are sums of such "
            "products, matrix products: `@`.",
            {"q @ k.transpose(-2, -1)": "q * k"},
            {"q @ k.transpose(-2, -1)": "q * k.transpose(-2, -1)"},
            {"return wei @ v": "return wei * v"},
        ),
        Mistake(
            "`k.T` turns round all dimensions, the batch too. Only the last two should change "
            "places: k.transpose(-2, -1).",
            {"k.transpose(-2, -1)": "k.permute(2, 1, 0)"},
            {"k.transpose(-2, -1)": "k.transpose(0, 1)"},
            {"k.transpose(-2, -1)": "k.transpose(0, -1)"},
        ),
        Mistake(
            "Dropout comes before the softmax, where a score of 0 is a score like any other, and "
            "-inf becomes NaN. It belongs after it, on the weights.",
            f"{SCORES}wei = self.dropout({MASK})\nwei = {SOFTMAX}\nreturn wei @ v",
            f"{SCORES}wei = self.dropout(wei)\nwei = {MASK}\nwei = {SOFTMAX}\nreturn wei @ v",
        ),
        Mistake(NO_DROPOUT, {"wei = self.dropout(wei)": "pass"}, passes=True),
    ),
)


# Several heads.


class WholeHead(Head):
    """A head that does not depend on what has been written in the step before.

    It takes any number of channels, so that a mistake gives numbers rather than an error.
    """

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[2]
        q, k, v = (F.linear(x, m.weight[:, :n]) for m in (self.query, self.key, self.value))
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def heads(x: list[list[float]]) -> Any:
    """The output of two heads for the tokens of `x`, which have four channels each.

    The value of the first is the sum of the channels, and ten times it; of the second, a hundred
    times and a thousand times. Queries and keys are 0.
    """
    attention, two = MultiHeadAttention(4, n_head=2, block_size=3), []
    for factor in (1.0, 100.0):
        head = WholeHead(n_embd=4, head_size=2, block_size=3)
        for layer in (head.query, head.key):
            nn.init.zeros_(layer.weight)
        head.value.weight.data.copy_(torch.tensor([[factor], [10 * factor]]).expand(2, 4))
        two.append(head)
    attention.heads = nn.ModuleList(two)
    out = attention(torch.tensor([x]))
    answer = described(out, 1, len(x), 4, out=Tensor.tolist)
    if isinstance(out, Tensor):
        answer["numbers"] = out.tolist()  # of whatever shape
    return answer


def many_heads(batch_size: int, time: int) -> Any:
    """The output of three heads with random weights."""
    attention = MultiHeadAttention(n_embd=6, n_head=3, block_size=4)
    attention.heads = nn.ModuleList(WholeHead(6, 2, 4) for _ in range(3))
    for parameter in attention.parameters():
        nn.init.normal_(parameter)
    out = attention(torch.randn(batch_size, time, 6))
    return described(out, batch_size, time, 6, out=Tensor.tolist)


EACH = "[head(x) for head in self.heads]"
CAT = f"torch.cat({EACH}, dim=-1)"

HEADS = Step(
    "heads",
    "lecture.MultiHeadAttention.forward",
    "several heads side by side",
    lecture=f"{VIDEO} 1:21:59",
    term="head",
    write=(
        "`self.heads` are the heads, each of which makes (B, T, head_size) of x. Return what they "
        "find, side by side in the channels of each token: (B, T, n_head * head_size), the first "
        "head's first."
    ),
    hints=(
        "Every head reads the same x, all of it.",
        "torch.cat(list, dim=…) puts tensors one after the other along a dimension. Along which?",
        "The channels are the last dimension, dim=-1.",
    ),
    probes=(
        "heads([[1.0, 2.0, 3.0, 4.0]])",
        "heads([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 1.0, 0.0]])",
        "many_heads(batch_size=2, time=3)",
    ),
    parts={
        "returned": ONE_TENSOR,
        "shape": "The output is not of the shape (B, T, n_head * head_size), which is that of x.",
        "out": "The channels of a token should be what the first head finds for it, then what the "
        "second head finds, and so on.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "The heads are added up, so what each of them found cannot be told apart any more. Put "
            "them side by side: torch.cat along the channels.",
            {CAT: f"sum({EACH})"},
            {CAT: f"sum({EACH}).repeat(1, 1, len(self.heads))"},
        ),
        Mistake(
            "The heads are averaged, so what each of them found cannot be told apart any more. Put "
            "them side by side: torch.cat along the channels.",
            {CAT: f"torch.stack({EACH}).mean(0)"},
        ),
        Mistake(
            "The heads stand one after the other in time, as if there were more tokens. They "
            "belong into the channels of each token: dim=-1.",
            {"dim=-1": "dim=1"},
        ),
        Mistake(
            "The heads stand one after the other in the batch, as if there were more texts; dim=0 "
            "is also what torch.cat takes by default. They belong into the channels of each "
            "token: dim=-1.",
            {"dim=-1": "dim=0"},
        ),
        Mistake(
            "`torch.stack` makes a new dimension for the heads. `torch.cat` puts them one after "
            "the other in one that there is: the channels, dim=-1.",
            {CAT: f"torch.stack({EACH}, dim=-1)"},
            {CAT: f"torch.stack({EACH}, dim=-2)"},
            {CAT: f"torch.stack({EACH}, dim=0)"},
            {CAT: f"torch.stack({EACH}, dim=1)"},
        ),
        Mistake(
            "Here is only one head. All of `self.heads` read x, and each adds its channels: is "
            "there a `return` inside the loop?",
            {CAT: "self.heads[0](x)"},
            {CAT: "self.heads[-1](x)"},
            {CAT: f"torch.cat({EACH.replace('head(x)', 'self.heads[0](x)')}, dim=-1)"},
        ),
        Mistake(
            "Each head gets the output of the head before it, which has only head_size channels. "
            "Heads work in parallel: all of them read x itself.",
            "for head in self.heads:\n    x = head(x)\nreturn x",
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
            "The heads are in the wrong order: the channels of the first head come first.",
            {"in self.heads]": "in reversed(self.heads)]"},
        ),
        Mistake(
            "The channels of the heads are interleaved: first the first channel of each head. All "
            "channels of the first head come first, then those of the second.",
            {CAT: f"torch.stack({EACH}, dim=-1).flatten(2)"},
        ),
        Mistake(
            "`view` only counts through the numbers as they lie in memory, so the heads of "
            "different tokens are mixed up. With the heads in a dimension of their own before the "
            "time, transpose first, so that they stand beside their channels.",
            {CAT: f"torch.stack({EACH}, dim=1).reshape(x.shape)"},
            {CAT: f"torch.stack({EACH}).reshape(x.shape)"},
            {CAT: f"torch.cat({EACH}, dim=1).reshape(x.shape)"},
        ),
        Mistake(
            "x itself is added. That is the residual connection, which the block adds; the heads "
            "return only what they find.",
            {CAT: f"x + {CAT}"},
        ),
        Mistake(
            "`self.heads` is a list of heads, and a list cannot be called. Call each of them.",
            {CAT: "torch.cat(self.heads(x), dim=-1)"},
            {CAT: "self.heads(x)"},
        ),
        Mistake(
            "This is a list of tensors. `torch.cat` makes one of them, along the channels.",
            {CAT: EACH},
        ),
    ),
)


# A block.


class Part(nn.Module):
    """A stand-in for attention or feed-forward: a layer, and for attention a mean over the past."""

    def __init__(self, n_embd: int, looks_back: bool, off: bool) -> None:
        super().__init__()
        self.linear, self.looks_back, self.off = nn.Linear(n_embd, n_embd), looks_back, off

    def forward(self, x: Tensor) -> Tensor:
        if self.looks_back:
            x = x.cumsum(1) / torch.arange(1, x.shape[1] + 1)[:, None]
        return 0.0 * x if self.off else self.linear(x)


def block(attention: bool, feed_forward: bool) -> Any:
    """What a block makes of x. A part that is switched off finds nothing: it returns zeros."""
    made = Block(n_embd=3, n_head=1, block_size=4)
    made.sa = nn.Sequential(Part(3, looks_back=True, off=not attention))
    made.ffwd = nn.Sequential(Part(3, looks_back=False, off=not feed_forward))
    for parameter in made.parameters():
        nn.init.normal_(parameter)
    x = torch.tensor([[[1.0, 2.0, 4.0], [0.5, -1.0, 3.0]]])
    before = x.clone()
    out = made(x)
    name = f"x{', attention' if attention else ''}{', feed-forward' if feed_forward else ''}"
    answer = described(out, 1, 2, 3, **{name: lambda out: out[0].tolist()})
    return {"x is left as it was": x.equal(before), **answer} if answer else None


SA = "x = x + self.sa(self.ln1(x))"
FFWD = "x = x + self.ffwd(self.ln2(x))"

BLOCK = Step(
    "block",
    "lecture.Block.forward",
    "the block: communication, then computation",
    lecture=f"{VIDEO} 1:26:48",
    term="residual connection",
    write=(
        "First `self.sa`, attention, then `self.ffwd`, feed-forward. Each reads a normalized x, "
        "from `self.ln1` and from `self.ln2`, and what it finds is added to the x that is not "
        "normalized. Return x after both."
    ),
    hints=(
        "A residual connection: x + f(x), so that a part only has to find what to add.",
        "The lecture puts the layer norm before each part, at 1:35:33, not after the addition as "
        "in "
        'the figure of "Attention Is All You Need": x + f(norm(x)).',
        "x = x + self.sa(self.ln1(x)), and the same with self.ffwd and self.ln2.",
    ),
    probes=(
        "block(attention=False, feed_forward=False)",
        "block(attention=True, feed_forward=False)",
        "block(attention=False, feed_forward=True)",
        "block(attention=True, feed_forward=True)",
    ),
    parts={
        "x is left as it was": "Your code changes x itself, with += for example. The backward pass "
        "still needs the numbers that were in it, so PyTorch would stop there with an error. Make "
        "a new tensor: x = x + …",
        "returned": ONE_TENSOR,
        "shape": "The output should be as large as x, (B, T, C).",
        "x": "Both parts are made to find nothing here, zeros. So the block should return x as it "
        "is: no norm stands between x and x, and x is there once.",
        "x, attention": "With feed-forward made to find nothing, the block should return "
        "x + sa(ln1(x)).",
        "x, feed-forward": "With attention made to find nothing, the block should return "
        "x + ffwd(ln2(x)).",
        "x, attention, feed-forward": "The output is not x, plus what attention finds in ln1 of "
        "it, plus what feed-forward then finds in ln2 of this sum.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "There are no residual connections: each part replaces x instead of adding to it. With "
            "them, x = x + …, the gradient reaches every block unchanged.",
            {SA: "x = self.sa(self.ln1(x))", FFWD: "x = self.ffwd(self.ln2(x))"},
            {SA: "x = self.sa(x)", FFWD: "x = self.ffwd(x)"},
            {SA: "x = self.ln1(self.sa(x))", FFWD: "x = self.ln2(self.ffwd(x))"},
        ),
        Mistake(
            "Attention replaces x instead of adding to it: the first residual connection is "
            "missing.",
            {SA: "x = self.sa(self.ln1(x))"},
        ),
        Mistake(
            "Feed-forward replaces x instead of adding to it: the second residual connection is "
            "missing.",
            {FFWD: "x = self.ffwd(self.ln2(x))"},
        ),
        Mistake(
            "This is post-norm, as in the figure of the paper: the layer norms come after the "
            "additions, so everything passes through them. The lecture's block is pre-norm: "
            "x + f(norm(x)), and nothing stands between x and x.",
            {SA: "x = self.ln1(x + self.sa(x))", FFWD: "x = self.ln2(x + self.ffwd(x))"},
            {SA: "x = self.ln1(x + self.sa(x))"},
            {FFWD: "x = self.ln2(x + self.ffwd(x))"},
            {SA: "x = self.ln1(x + self.sa(x))", FFWD: "x = x + self.ffwd(x)"},
            "return self.ln2(x + self.ffwd(self.ln1(x + self.sa(x))))",
        ),
        Mistake(
            "The normalized x is what you add to. Norms are for what the parts read; the x that is "
            "added to, the residual stream, stays as it is: x + f(norm(x)), not norm(x) + "
            "f(norm(x)).",
            "x = self.ln1(x)\nx = x + self.sa(x)\nx = self.ln2(x)\nreturn x + self.ffwd(x)",
            "x = self.ln1(x)\nx = x + self.sa(x)\nreturn x + self.ffwd(self.ln2(x))",
            "x = x + self.sa(self.ln1(x))\nx = self.ln2(x)\nreturn x + self.ffwd(x)",
        ),
        Mistake(
            "The layer norms come after the parts, x + norm(f(x)). They belong before: "
            "x + f(norm(x)), so that each part reads a normalized x.",
            {SA: "x = x + self.ln1(self.sa(x))", FFWD: "x = x + self.ln2(self.ffwd(x))"},
        ),
        Mistake(
            "Both parts use the same layer norm. Each has its own, with scales and shifts of its "
            "own: ln1 before attention, ln2 before feed-forward.",
            {"self.ln2": "self.ln1"},
            {"self.ln1": "self.ln2"},
        ),
        Mistake(
            "The layer norms have changed places: ln1 is for attention, ln2 for feed-forward.",
            {"self.ln1": "self.ln2", "self.ffwd(self.ln2": "self.ffwd(self.ln1"},
        ),
        Mistake(
            "The layer norms are missing: each part reads the normalized x, x + f(norm(x)).",
            {"self.ln1(x)": "x", "self.ln2(x)": "x"},
        ),
        Mistake(
            "Attention reads x as it is. It should read self.ln1(x).",
            {"self.ln1(x)": "x"},
        ),
        Mistake(
            "Feed-forward reads x as it is. It should read self.ln2(x).",
            {"self.ln2(x)": "x"},
        ),
        Mistake(
            "Feed-forward comes before attention. First the tokens communicate, then each computes "
            "with what it has heard.",
            f"{FFWD}\n{SA}\nreturn x",
            "x = x + self.ffwd(self.ln1(x))\nreturn x + self.sa(self.ln2(x))",
        ),
        Mistake(
            "Both parts read the same x, so feed-forward does not see what attention has found. It "
            "should read x after attention has added to it. (Some models do this, for speed: "
            "parallel blocks.)",
            "return x + self.sa(self.ln1(x)) + self.ffwd(self.ln2(x))",
        ),
        Mistake(
            "The second residual connection begins at the x of the very beginning, so what "
            "attention found is lost, except for feed-forward. Add to the x after attention.",
            "y = x + self.sa(self.ln1(x))\nreturn x + self.ffwd(self.ln2(y))",
            "return x + self.ffwd(self.ln2(x + self.sa(self.ln1(x))))",
        ),
        Mistake(
            "The second half reads what attention found without x. Add it to x first; feed-forward "
            "reads the sum.",
            "y = self.sa(self.ln1(x))\nreturn x + self.ffwd(self.ln2(y))",
            "y = self.sa(self.ln1(x))\nreturn x + y + self.ffwd(self.ln2(y))",
            "return x + self.ffwd(self.ln2(self.sa(self.ln1(x))))",
        ),
        Mistake(
            "The block ends with a layer norm. The next block has its own, and the model has one "
            "after the last block.",
            {"return x": "return self.ln2(x)"},
            {"return x": "return self.ln1(x)"},
        ),
        Mistake(
            "What the parts find is subtracted. Add it.",
            {SA: SA.replace("+", "-"), FFWD: FFWD.replace("+", "-")},
        ),
        Mistake(
            "Feed-forward is missing: after communication comes computation.",
            {FFWD: "pass"},
        ),
        Mistake(
            "Attention is missing: before each token thinks, it looks at the others.",
            {SA: "pass"},
        ),
        Mistake(
            "x is added more often than once. At each of the two places, it is x + f(norm(x)).",
            {SA: "x = x + x + self.sa(self.ln1(x))"},
            {SA: f"{SA}\n        x = x + x"},
            {FFWD: "x = x + x + self.ffwd(self.ln2(x))"},
            {"return x": "return x + x"},
            "y = x + self.sa(self.ln1(x))\ny = y + self.ffwd(self.ln2(y))\nreturn x + y",
        ),
        Mistake(
            "A part multiplies x instead of adding to it. Where it finds nothing, 0, x should stay "
            "as it is: x + f(norm(x)).",
            {SA: "x = x * self.sa(self.ln1(x))", FFWD: "x = x * self.ffwd(self.ln2(x))"},
            {SA: "x = x * self.sa(self.ln1(x))"},
            {FFWD: "x = x * self.ffwd(self.ln2(x))"},
        ),
        Mistake(
            "Only what is to be added is returned. Add it to x.",
            "y = self.sa(self.ln1(x))\nreturn y + self.ffwd(self.ln2(x + y))",
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
    shape = len(ids), len(ids[0]) + max_new_tokens
    answer = described(out, *shape, text=Tensor.tolist)
    return answer and answer | {"the model has read": model.contexts}


def shares(*probabilities: float) -> Any:
    """How often each token is drawn by a model that gives them these probabilities."""
    n = 4000
    drawn = Dice(*probabilities).generate(torch.zeros(n, 1, dtype=torch.long), 1)
    if drawn is None or drawn.shape != (n, 2):
        return None
    counts = torch.bincount(drawn[:, 1], minlength=len(probabilities))
    return {"shares": [round(share, 1) for share in (counts / n).tolist()]}


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
        "Append `max_new_tokens` tokens to `ids` (B, T), one after the other: give the model the "
        "last `self.block_size` tokens, make probabilities of its logits for the next one, draw a "
        "token, append it. Return all, (B, T + max_new_tokens). The model is `self`: "
        "self(context) returns logits (B, T, V), and a loss, which is None here. `generator` is "
        "for torch.multinomial."
    ),
    hints=(
        "The model predicts a token after each of the context; the one to draw comes after the "
        "last: logits[:, -1], (B, V).",
        "softmax along the vocabulary makes probabilities, and torch.multinomial(probs, "
        "num_samples=1, generator=generator) draws: (B, 1).",
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
        "returned": ONE_TENSOR,
        "shape": "The result is not of the shape (B, T + max_new_tokens): all of the ids, and the "
        "new ones after them.",
        "text": "The model here is certain: the next token is the sum of its context, the last "
        "block_size tokens, modulo 10. The new tokens are not those.",
        "the model has read": "The model should read the text as it is so far, new tokens "
        "included, but no more than the last block_size tokens of it.",
        "shares": "The tokens are not drawn with the model's probabilities, softmax(logits).",
        "the same seed gives the same text": "The same `generator` should give the same text.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "This takes the most likely token each time, so the text is always the same, and soon "
            "goes in circles. Draw the token, with torch.multinomial.",
            {NEXT: "next_id = probs.argmax(dim=-1, keepdim=True)"},
        ),
        Mistake(
            "The model reads the whole text. It has positions for no more than block_size tokens: "
            "give it the last ones, ids[:, -self.block_size :].",
            {CONTEXT: "context = ids"},
        ),
        Mistake(
            "`ids[-self.block_size :]` takes the last rows, which are the last texts of the batch. "
            "Time is the second dimension: ids[:, -self.block_size :].",
            {CONTEXT: "context = ids[-self.block_size :]"},
        ),
        Mistake(
            "The model reads the beginning of the text, again and again. The context is its end, "
            "ids[:, -self.block_size :].",
            {CONTEXT: "context = ids[:, : self.block_size]"},
        ),
        Mistake(
            "The text is cropped, too, so its beginning is lost. Crop only what the model reads, "
            "and append to all of the ids.",
            {CONTEXT: "context = ids = ids[:, -self.block_size :]"},
            {APPEND: "ids = torch.cat([context, next_id], dim=1)"},
        ),
        Mistake(
            "The model reads the last token only. It can do more than a bigram: give it the last "
            "block_size tokens.",
            {CONTEXT: "context = ids[:, -1:]"},
            {CONTEXT: "context = next_id if _ else ids"},
        ),
        Mistake(
            "The model reads the prompt only, not what has been written since. Crop the context "
            "inside the loop, from all of the ids.",
            "context = ids[:, -self.block_size :]\n"
            "for _ in range(max_new_tokens):\n"
            "    logits, _ = self(context)\n"
            "    probs = F.softmax(logits[:, -1], dim=-1)\n"
            "    next_id = torch.multinomial(probs, 1, generator=generator)\n"
            "    ids = torch.cat([ids, next_id], dim=1)\n"
            "return ids",
            "logits, _ = self(ids[:, -self.block_size :])\n"
            "probs = F.softmax(logits[:, -1], dim=-1)\n"
            "for _ in range(max_new_tokens):\n"
            "    next_id = torch.multinomial(probs, 1, generator=generator)\n"
            "    ids = torch.cat([ids, next_id], dim=1)\n"
            "return ids",
        ),
        Mistake(
            "The context is one token off: the last block_size tokens are "
            "ids[:, -self.block_size :].",
            {CONTEXT: "context = ids[:, -self.block_size + 1 :]"},
            {CONTEXT: "context = ids[:, -self.block_size - 1 :]"},
            {CONTEXT: "context = ids[:, -self.block_size : -1]"},
        ),
        Mistake(
            "The logits are those of all positions, (B, T, V). The next token comes after the "
            "last: logits[:, -1].",
            {LAST: "pass"},
            {LAST: "logits = logits.view(-1, logits.shape[-1])"},
        ),
        Mistake(
            "These are the logits after the first token. The one to draw comes after the last: "
            "logits[:, -1].",
            {LAST: "logits = logits[:, 0]"},
        ),
        Mistake(
            "`logits[-1]` is the last text of the batch. The last position of each is "
            "logits[:, -1].",
            {LAST: "logits = logits[-1]"},
            {LAST: "logits = logits[-1, -1:].expand(len(ids), -1)"},
        ),
        Mistake(
            "`logits[:, :, -1]` is the logit of the last token of the vocabulary, at all "
            "positions. The last position is logits[:, -1], (B, V).",
            {LAST: "logits = logits[:, :, -1]"},
        ),
        Mistake(
            "The model returns two things, logits and loss: logits, _ = self(context).",
            {"logits, _ = self(context)": "logits = self(context)"},
        ),
        Mistake(
            "torch.multinomial takes probabilities, and logits may be negative. F.softmax makes "
            "probabilities of them.",
            {"probs = F.softmax(logits, dim=-1)": "probs = logits"},
            {"F.softmax": "F.log_softmax"},
        ),
        Mistake(
            "The probabilities are not softmax(logits): another function makes numbers between 0 "
            "and 1 of the logits, but not with the right ratios.",
            {"F.softmax(logits, dim=-1)": "torch.sigmoid(logits)"},
        ),
        Mistake(
            "The softmax goes over the batch. It should go over the vocabulary, the last "
            "dimension: dim=-1.",
            {"F.softmax(logits, dim=-1)": "F.softmax(logits, dim=0)"},
        ),
        Mistake(
            "Every token is drawn as often as any other: the model's probabilities are not used.",
            {NEXT: "next_id = torch.randint(probs.shape[1], (len(probs), 1))"},
        ),
        Mistake(
            "Only one token has been generated: is there a `return` inside the loop?",
            {APPEND: "return torch.cat([ids, next_id], dim=1)"},
        ),
        Mistake(
            "Only the new tokens are returned. Return the ids with the new ones after them.",
            {"return ids": "return ids[:, -max_new_tokens:]"},
        ),
        Mistake(
            "Only the last token is returned. Append it to the ids, and return all of them.",
            {APPEND: "pass", "return ids": "return next_id"},
            {APPEND: "ids = next_id"},
        ),
        Mistake(
            "Nothing is appended to the ids. torch.cat returns a new tensor: ids = torch.cat([ids, "
            "next_id], dim=1).",
            {APPEND: "torch.cat([ids, next_id], dim=1)"},
        ),
        Mistake(
            "The new tokens become texts of their own, below the others. They come after each "
            "text, in time: dim=1.",
            {APPEND: "ids = torch.cat([ids, next_id], dim=0)"},
        ),
        Mistake(
            "The new token has lost its dimensions. Keep it as torch.multinomial returns it, "
            "(B, 1), a tensor with as many dimensions as the ids.",
            {APPEND: "ids = torch.cat([ids, next_id.squeeze(1)], dim=1)"},
            {APPEND: "ids = torch.cat([ids, next_id.squeeze()], dim=1)"},
            {APPEND: "ids = torch.cat([ids, next_id.item()], dim=1)"},
        ),
        Mistake(
            "Only the first text of the batch is looked at. A token is to be drawn for each: "
            "logits and probs are (B, V), the new tokens (B, 1).",
            {NEXT: NEXT.replace("probs,", "probs[0],") + "[None]"},
            {NEXT: NEXT.replace("probs,", "probs[0],") + ".expand(len(ids), 1)"},
            {NEXT: NEXT.replace("probs,", "probs[:1],") + ".expand(len(ids), 1)"},
        ),
        Mistake(
            "Each turn of the loop draws several tokens from the same probabilities. Draw one, "
            "num_samples=1; the next depends on it.",
            {NEXT: NEXT.replace("num_samples=1", "num_samples=max_new_tokens")},
        ),
        Mistake(
            "The number of new tokens is one off: range(max_new_tokens) has as many turns as there "
            "are tokens to append.",
            {"range(max_new_tokens)": "range(max_new_tokens - 1)"},
            {"range(max_new_tokens)": "range(1, max_new_tokens)"},
            {"range(max_new_tokens)": "range(max_new_tokens + 1)"},
        ),
        Mistake(
            "The new tokens come before the text. They come after it: torch.cat([ids, next_id], "
            "dim=1).",
            {APPEND: "ids = torch.cat([next_id, ids], dim=1)"},
        ),
        Mistake(
            "Right. But `generator` is not used, so a text cannot be repeated with a seed of its "
            "own: torch.multinomial(…, generator=generator).",
            {", generator=generator": ""},
            passes=True,
        ),
    ),
)


# Which token: temperature and top-k.


def chances(
    *logits: list[float], temperature: float = 1.0, top_k: int | None = None
) -> dict[str, Any] | None:
    """The probabilities that the rows of logits become."""
    out = distribution(torch.tensor(logits), temperature, top_k)
    return described(out, len(logits), len(logits[0]), **_CHANCES)


_CHANCES: dict[str, Callable[[Tensor], Any]] = {
    "tokens_left": lambda out: [row.nonzero().flatten().tolist() for row in out],
    "sum_of_each_row": lambda out: out.sum(1).tolist(),
    "probabilities": Tensor.tolist,
}

TEMPERED = "logits = logits / temperature"
LEAST = "least = logits.topk(top_k).values[:, -1:]"
KEEP = "logits = logits.masked_fill(logits < least, -torch.inf)"
PROBABILITIES = "return F.softmax(logits, dim=1)"
AFTER = """
probs = logits.softmax(1)
if top_k is not None and top_k < logits.shape[1]:
    least = probs.topk(top_k).values[:, -1:]
    probs = probs.masked_fill(probs < least, 0.0)
"""

TOP_K = Step(
    "top-k",
    "generate.distribution",
    "temperature and top-k",
    lecture=f"{GPT2_VIDEO} 0:37:02",
    term="temperature",
    write=(
        "Return the probabilities to draw from, (batch, vocab). Divide the logits by the "
        "temperature. If there is a `top_k`, keep only the k largest logits of each row; the "
        "probability of the others becomes 0. Each row sums to 1."
    ),
    hints=(
        "The temperature comes first, the softmax last: below 1, what is likely becomes likelier.",
        "logits.topk(k).values are the k largest of each row, in order, so the last of them is the "
        "smallest logit that is kept.",
        "A logit of -inf has the probability 0: logits.masked_fill(logits < least, -torch.inf), "
        "where least is (B, 1), logits.topk(top_k).values[:, -1:].",
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
        "returned": ONE_TENSOR,
        "shape": "There should be a probability for each logit, (batch, vocab), also for tokens "
        "that are left out: theirs is 0.",
        "tokens left": "These are not the top_k most likely tokens of each row; without a top_k, "
        "all tokens have a probability above 0.",
        "sum of each row": "The probabilities of a row do not sum to 1.",
        "probabilities": "These are not the probabilities: softmax(logits / temperature), over "
        "those tokens that are kept.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "The logits are multiplied by the temperature, which is the other way round. Divide: "
            "a low temperature makes the differences larger, and likely tokens likelier.",
            {TEMPERED: "logits = logits * temperature"},
        ),
        Mistake(
            "The temperature has no effect. Divide the logits by it, before the softmax.",
            {TEMPERED: "pass"},
            {TEMPERED: "logits / temperature"},
            {
                TEMPERED: "pass",
                PROBABILITIES: "probs = logits.softmax(1) / temperature\n"
                "    return probs / probs.sum(1, keepdim=True)",
            },
        ),
        Mistake(
            "The temperature comes after the softmax, so the probabilities do not sum to 1, and "
            "their ratios do not change. Divide the logits, before the softmax.",
            {TEMPERED: "pass", PROBABILITIES: "return logits.softmax(1) / temperature"},
            AFTER.replace("softmax(1)", "softmax(1) / temperature") + "return probs",
        ),
        Mistake(
            "The temperature is applied twice.",
            {PROBABILITIES: "return (logits / temperature).softmax(1)"},
        ),
        Mistake(
            "top_k has no effect: all tokens keep a probability. The others' logits become -inf.",
            "return (logits / temperature).softmax(1)",
            {KEEP: "logits.masked_fill(logits < least, -torch.inf)"},
        ),
        Mistake(
            "One token too many is kept: those beyond the k-th largest are to go.",
            {LEAST: "least = logits.topk(top_k + 1).values[:, -1:]"},
            "logits = logits / temperature\n"
            "if top_k is not None and top_k < logits.shape[1]:\n"
            "    least = logits.sort(descending=True).values[:, top_k : top_k + 1]\n"
            "    logits = logits.masked_fill(logits < least, -torch.inf)\n"
            "return logits.softmax(1)",
        ),
        Mistake(
            "One token too few is kept: the k-th largest logit is itself among the k largest. "
            "Leave out those below it, <, not <=.",
            {"logits < least": "logits <= least"},
            {LEAST: "least = logits.topk(top_k).values[:, -2:-1]"},
        ),
        Mistake(
            "The logits that are to go become 0, which is a logit like any other: the softmax "
            "makes e⁰ = 1 of it. Only -inf becomes 0.",
            {"-torch.inf": "0.0"},
            {"-torch.inf": "1e-10"},
            {KEEP: "logits = logits * (logits >= least)"},
        ),
        Mistake(
            "A number that is only somewhat negative leaves the others a probability. Fill with "
            "-inf.",
            {"-torch.inf": "-1.0"},
            {"-torch.inf": "-10.0"},
        ),
        Mistake(
            "The logits are +inf, and inf / inf is NaN. Those that are to go become -inf.",
            {"-torch.inf": "torch.inf"},
        ),
        Mistake(
            "The least likely tokens are kept. Top-k keeps those with the largest logits.",
            {"logits < least": "logits > least", "topk(top_k)": "topk(top_k, largest=False)"},
            {"logits < least": "logits >= least"},
            {"logits < least": "logits > least"},
            {KEEP: "logits = logits.scatter(1, logits.topk(top_k).indices, -torch.inf)"},
        ),
        Mistake(
            "Only the most likely token is left: you compare with the largest logit. Compare with "
            "the smallest of those that are kept, topk(top_k).values[:, -1:].",
            {"values[:, -1:]": "values[:, :1]"},
        ),
        Mistake(
            "The first row decides what is kept in all rows. Each has a k-th largest logit of its "
            "own: values[:, -1:], (B, 1).",
            {"values[:, -1:]": "values[0, -1]"},
            {LEAST: "least = logits[0].topk(top_k).values[-1]"},
        ),
        Mistake(
            "The k largest logits of all rows together are kept. Each row keeps its own: "
            "logits.topk(top_k) goes along the last dimension.",
            {LEAST: "least = logits.flatten().topk(top_k).values[-1]"},
        ),
        Mistake(
            "`values[:, -1]` has lost a dimension: (B,) does not fit beside (B, V). Keep it: "
            "values[:, -1:], (B, 1).",
            {"values[:, -1:]": "values[:, -1]"},
        ),
        Mistake(
            "Right as far as one may draw from it, but the rows do not sum to 1 any more: what was "
            "left out is missing. Take it out before the softmax, with -inf, or divide each row by "
            "its sum.",
            f"{TEMPERED}{AFTER}return probs",
        ),
        Mistake(
            "The logits are sorted, so nobody knows which tokens they belong to. Each keeps its "
            "place; compare it with the k-th largest.",
            "logits = logits / temperature\n"
            "if top_k is not None:\n"
            "    logits = logits.sort(descending=True).values\n"
            "    logits[:, top_k:] = -torch.inf\n"
            "return logits.softmax(1)",
            "logits = (logits / temperature).sort(descending=True).values\n"
            "if top_k is not None:\n"
            "    logits[:, top_k:] = -torch.inf\n"
            "return logits.softmax(1)",
        ),
        Mistake(
            "The logits are compared with k itself, or the first k tokens of the vocabulary are "
            "kept. Keep those with the k largest logits: topk finds them.",
            {"logits < least": "logits < top_k"},
            {KEEP: "logits[:, top_k:] = -torch.inf"},
        ),
        Mistake(
            "There are only k probabilities left, and nobody knows which tokens they belong to. "
            "Keep (batch, vocab), with 0 for the others.",
            {KEEP: "logits = logits.topk(top_k).values"},
            {KEEP: "logits = logits[:, :top_k]"},
        ),
        Mistake(
            "These are the logits. The softmax makes probabilities of them.",
            {PROBABILITIES: "return logits"},
            {"F.softmax": "F.log_softmax"},
        ),
        Mistake(
            "The softmax goes over the batch. It should go over the vocabulary: dim=1, or -1.",
            {"dim=1)": "dim=0)"},
        ),
        Mistake(
            "These are tokens that have been drawn. Return the probabilities; the caller draws.",
            {PROBABILITIES: "return torch.multinomial(logits.softmax(1), 1)"},
        ),
        Mistake(
            "`top_k` may be None, and then all tokens are kept. Ask for it first: if top_k is not "
            "None.",
            {"if top_k is not None and top_k < logits.shape[1]:": "if top_k < logits.shape[1]:"},
            {"if top_k is not None and top_k < logits.shape[1]:": "if True:"},
            {
                "if top_k is not None and top_k < logits.shape[1]:": "if True:",
                "logits.topk(top_k)": "torch.topk(logits, top_k)",
            },
        ),
        Mistake(
            "Right, as long as top_k is not larger than the vocabulary: then topk fails. nanoGPT "
            "takes min(top_k, logits.shape[-1]).",
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


def attention_layer(n_embd: int, n_head: int, dropout: float = 0.0) -> CausalSelfAttention:
    """One with random weights."""
    layer = CausalSelfAttention(n_embd, n_head, dropout).eval()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    return layer


def one_token(n_head: int) -> Any:
    """The output for a single token: its own value, whatever query and key are.

    Query, key and value are x, 10 x, and 100 x; the projection leaves all as it is.
    """
    layer = CausalSelfAttention(n_embd=4, n_head=n_head, dropout=0.0).eval()
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    eye = torch.eye(4)
    layer.query_key_value.weight.data.copy_(torch.cat([eye, 10 * eye, 100 * eye]))
    layer.project.weight.data.copy_(eye)
    out = layer(torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]))
    return described(out, 1, 1, 4, out=lambda out: out[0, 0].tolist())


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
    return described(out, 1, time, 4, averages=lambda out: out[0].tolist())


def all_heads(batch_size: int, time: int, n_head: int) -> Any:
    """The output of a layer with random weights."""
    layer = attention_layer(n_embd=6, n_head=n_head)
    out = layer(torch.randn(batch_size, time, 6))
    return described(out, batch_size, time, 6, output=Tensor.tolist)


def with_cache(*times: int) -> Any:
    """The same, when the tokens come in several pieces, and the cache keeps the earlier ones."""
    layer, cache = attention_layer(n_embd=6, n_head=3), Memory(block_size=8)
    pieces = torch.randn(2, sum(times), 6).split(times, dim=1)
    outs = [layer(piece, cache) for piece in pieces]
    if any(not isinstance(out, Tensor) for out in outs):
        return None
    answer = described(torch.cat(outs, dim=1), 2, sum(times), 6, with_a_cache=Tensor.tolist)
    return {"tokens in the cache": cache.length, **answer}


def attention_dropout(training: bool) -> Any:
    """Whether a layer with dropout gives the same output each time."""
    layer, x = attention_layer(n_embd=6, n_head=3, dropout=0.5), torch.randn(2, 5, 6)
    layer.train(training)
    outs = [layer(x) for _ in range(5)]
    same = all(torch.equal(outs[0], out) for out in outs)
    return {f"in {'training' if training else 'use'}": "always the same" if same else "varies"}


SPLIT = "heads = self.query_key_value(x).view(B, T, 3, self.n_head, C // self.n_head)"
PERMUTE = "query, key, value = heads.permute(2, 0, 3, 1, 4)"
EXTEND = "key, value = cache.extend(key, value)"
ATTEND = "y = self.attend(query, key, value, dropout)"
MERGE = "y = y.transpose(1, 2).reshape(B, T, C)"
OUT = "return self.dropout(self.project(y))"
DROPOUT = "dropout = self.dropout.p if self.training else 0.0"


# The same in nanoGPT's style.
ATTENDED = "y = self.attend(query, key, value, self.dropout.p if self.training else 0.0)"
BY_VIEW = ".view(B, T, self.n_head, C // self.n_head).transpose(1, 2)"
NANOGPT = f"""
B, T, C = x.size()
query, key, value = self.query_key_value(x).split(C, dim=2)
query = query{BY_VIEW}
key = key{BY_VIEW}
value = value{BY_VIEW}
if cache is not None:
    {EXTEND}
{ATTENDED}
y = y.transpose(1, 2).contiguous().view(B, T, C)
{OUT}
"""
FUSED = "y = F.scaled_dot_product_attention(query, key, value{})"
BY_HAND = """att = query @ key.transpose(-2, -1) / key.shape[-1] ** 0.5
past = torch.ones(T, key.shape[2]).tril({})
att = att.masked_fill(past == 0, -torch.inf).softmax(-1)
y = att @ value"""
MASKED = BY_HAND.format("key.shape[2] - T")

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
        "so far. self.attend(query, key, value, dropout), masked and scaled, gives what each head "
        "finds, (B, n_head, T, head_size); merge it into (B, T, C), and send it through "
        "`self.project`, then `self.dropout`. The `dropout` of attend is self.dropout.p in "
        "training, and 0.0 otherwise."
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
        "one_token(n_head=1)",
        "one_token(n_head=2)",
        "averaged(time=2)",
        "all_heads(batch_size=1, time=3, n_head=1)",
        "all_heads(batch_size=2, time=3, n_head=3)",
        "with_cache(2, 1)",
        "with_cache(1, 1, 1)",
        "with_cache(2, 3)",
        "attention_dropout(training=False)",
        "attention_dropout(training=True)",
    ),
    parts={
        "returned": ONE_TENSOR,
        "tokens in the cache": "The cache does not have the tokens that were read: call "
        "cache.extend(key, value) once, with the new keys and values.",
        "shape": "The output should be as large as x, (B, T, C).",
        "out": "With a single token, all heads can only take its own value: the last third of "
        "query_key_value(x), here 100 times x, and then the projection.",
        "averages": "With equal scores, each token takes the mean of its own value and those "
        "before it. Here numbers of other tokens, of other heads, or of the future got in.",
        "output": "The output is not what the heads find, side by side, after the projection.",
        "with a cache": "Without a cache the output is right. With one, it should be the same as "
        "if all tokens came at once.",
        "in use": "When the model is not in training, the output varies: dropout has to be 0.0 "
        "there.",
        "in training": "In training, dropout should act.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "The heads are split by `view` alone. It only counts through the numbers as they lie "
            "in memory, so a head gets numbers of several tokens, and of other heads. Divide C "
            "first, (B, T, n_head, head_size), then move the heads before the time with "
            "transpose(1, 2).",
            NANOGPT.replace(BY_VIEW, ".view(B, self.n_head, T, C // self.n_head)"),
            NANOGPT.replace(BY_VIEW, ".reshape(B, self.n_head, T, C // self.n_head)"),
            NANOGPT.replace(BY_VIEW, ".transpose(1, 2).view(B, self.n_head, T, C // self.n_head)"),
            NANOGPT.replace(
                BY_VIEW, ".transpose(1, 2).reshape(B, self.n_head, T, C // self.n_head)"
            ),
            {
                SPLIT: "heads = self.query_key_value(x).view(B, 3, self.n_head, T, -1)",
                PERMUTE: "query, key, value = heads.unbind(1)",
            },
            {
                SPLIT: "heads = self.query_key_value(x).view(3, B, self.n_head, T, -1)",
                PERMUTE: "query, key, value = heads",
            },
        ),
        Mistake(
            "The heads are merged by `view` alone. y is (B, n_head, T, head_size), so the numbers "
            "of one head come first, for all tokens. Move the heads back beside their channels, "
            "y.transpose(1, 2), then make (B, T, C) of it.",
            {MERGE: "y = y.reshape(B, T, C)"},
        ),
        Mistake(
            "The heads are neither moved before the time nor back, so the tokens of a head do not "
            "meet: attention goes over the last two dimensions but one, which are n_head and "
            "head_size here. Split with .view(B, T, n_head, head_size).transpose(1, 2).",
            NANOGPT.replace(".transpose(1, 2)", ""),
            {
                PERMUTE: "query, key, value = heads.unbind(2)",
                MERGE: "y = y.reshape(B, T, C)",
            },
            {PERMUTE: "query, key, value = heads.unbind(2)"},
        ),
        Mistake(
            "Query, key and value are in another order. The first third of query_key_value(x) are "
            "the queries, then come the keys, then the values.",
            {PERMUTE: PERMUTE.replace("query, key, value", "key, query, value")},
            {PERMUTE: PERMUTE.replace("query, key, value", "query, value, key")},
            {PERMUTE: PERMUTE.replace("query, key, value", "value, key, query")},
            {PERMUTE: PERMUTE.replace("query, key, value", "key, value, query")},
            {PERMUTE: PERMUTE.replace("query, key, value", "value, query, key")},
            {ATTEND: "y = self.attend(key, query, value, dropout)"},
            {ATTEND: "y = self.attend(query, value, key, dropout)"},
        ),
        Mistake(
            "The 3 C numbers are divided in another order than they have. First come the queries "
            "of all heads, C numbers, then all keys, then all values.",
            {
                SPLIT: "heads = self.query_key_value(x).view(B, T, self.n_head, -1, 3)",
                PERMUTE: "query, key, value = heads.permute(4, 0, 2, 1, 3)",
            },
            {
                SPLIT: SPLIT.replace("3, self.n_head", "self.n_head, 3"),
                PERMUTE: "query, key, value = heads.permute(3, 0, 2, 1, 4)",
            },
            {
                SPLIT: "heads = self.query_key_value(x).view(B, T, self.n_head, -1)",
                PERMUTE: "query, key, value = heads.transpose(1, 2).chunk(3, dim=-1)",
            },
        ),
        Mistake(
            "The channels of a head lie apart: you divide C into (head_size, n_head). The first "
            "head has the first head_size channels: (n_head, head_size).",
            {
                SPLIT: SPLIT.replace(
                    "self.n_head, C // self.n_head", "C // self.n_head, self.n_head"
                ),
                PERMUTE: "query, key, value = heads.permute(2, 0, 4, 1, 3)",
            },
        ),
        Mistake(
            "The projection is missing. It mixes what the heads have found: self.project(y).",
            {OUT: "return self.dropout(y)"},
        ),
        Mistake(
            "Query, key and value are x itself. `self.query_key_value` makes them of it.",
            {SPLIT: SPLIT.replace("self.query_key_value(x)", "x.repeat(1, 1, 3)")},
        ),
        Mistake(
            "x itself is added. That is the residual connection, which the block adds; attention "
            "returns only what it finds.",
            {OUT: "return x + self.dropout(self.project(y))"},
        ),
        Mistake(
            "The heads are merged with their channels interleaved. Beside one another, each with "
            "its channels together: y.transpose(1, 2).reshape(B, T, C).",
            {MERGE: "y = y.permute(0, 2, 3, 1).reshape(B, T, C)"},
        ),
        Mistake(
            "The heads are added up or averaged. Put what they find side by side: "
            "y.transpose(1, 2).reshape(B, T, C).",
            {MERGE: "y = y.sum(1).repeat(1, 1, self.n_head)"},
            {MERGE: "y = y.mean(1).repeat(1, 1, self.n_head)"},
            {MERGE: "y = y.sum(1)"},
        ),
        Mistake(
            "There is no mask: each token sees those after it. self.attend masks by itself; "
            "F.scaled_dot_product_attention does it with is_causal=True, as long as there is no "
            "cache.",
            NANOGPT.replace(ATTENDED, FUSED.format("")),
        ),
        Mistake(
            "The mask is wrong with a cache. There are fewer queries than keys then, those of the "
            "newest tokens, but your mask (which `is_causal` makes, too) takes them for the first "
            "ones: a single new token would see the first key alone. The queries belong to the "
            "end: tril(n_keys - n_queries). self.attend does so.",
            NANOGPT.replace(ATTENDED, FUSED.format(", is_causal=True")),
            NANOGPT.replace(ATTENDED, FUSED.format(", is_causal=T > 1")),
            NANOGPT.replace(ATTENDED, BY_HAND.format("")),
        ),
        Mistake(
            "With a cache there is no mask. For a single new token, none is needed, but several "
            "new ones must not see each other's future.",
            NANOGPT.replace(ATTENDED, FUSED.format(", is_causal=cache is None")),
            NANOGPT.replace(ATTENDED, FUSED.format(", is_causal=T == key.shape[2]")),
        ),
        Mistake(
            "The mask is made for T x T scores, and with a cache there are more keys than queries, "
            "T x n_keys. self.attend makes the mask that fits.",
            NANOGPT.replace(ATTENDED, BY_HAND.format("").replace("key.shape[2]", "T")),
        ),
        Mistake(
            "The cache is not used, so a new token sees none of those before it.",
            {EXTEND: "pass"},
        ),
        Mistake(
            "The cache is extended, but attention does not see what it returns, the keys and "
            "values of all tokens: key, value = cache.extend(key, value), before attention.",
            {EXTEND: "cache.extend(key, value)"},
        ),
        Mistake(
            "The keys are those of all tokens, and the values only those of the new ones. "
            "cache.extend returns both: key, value = cache.extend(key, value).",
            {EXTEND: "key, _ = cache.extend(key, value)"},
            {EXTEND: "key = cache.extend(key, value)[0]"},
        ),
        Mistake(
            "Keys and values have changed places in the cache: key, value = cache.extend(key, "
            "value).",
            {EXTEND: "value, key = cache.extend(key, value)"},
            {EXTEND: "key, value = cache.extend(value, key)"},
        ),
        Mistake(
            "The cache is extended with x or with other tensors than the new keys and values of "
            "the heads, (B, n_head, T, head_size).",
            {EXTEND: "key, value = cache.extend(query, value)"},
            {EXTEND: "key, value = cache.extend(key, key)"},
        ),
        Mistake(
            "cache.extend returns two things, the keys and the values of all tokens: key, value = "
            "cache.extend(key, value).",
            {EXTEND: "key = cache.extend(key, value)"},
        ),
        Mistake(
            "The cache is extended without asking whether there is one. In training, `cache` is "
            "None.",
            {"if cache is not None:": "if True:"},
        ),
        Mistake(
            "Dropout stays on when the model is not in training. The probability for attend is "
            "self.dropout.p if self.training, and 0.0 otherwise.",
            {DROPOUT: "dropout = self.dropout.p"},
        ),
        Mistake(
            "There is no scale: divide the scores by √head_size, as self.attend does.",
            NANOGPT.replace(ATTENDED, MASKED.replace(" / key.shape[-1] ** 0.5", "")),
        ),
        Mistake(
            "You scale by √C, the width of x. It is √head_size, the length of a query, in each "
            "head.",
            NANOGPT.replace(ATTENDED, MASKED.replace("key.shape[-1] ** 0.5", "C ** 0.5")),
        ),
        Mistake(
            "You scale by the number of heads. It is √head_size, the length of a query.",
            NANOGPT.replace(ATTENDED, MASKED.replace("key.shape[-1]", "self.n_head")),
        ),
        Mistake(
            "The scores are multiplied by √head_size, or divided by head_size itself. Divide them "
            "by √head_size, as self.attend does.",
            NANOGPT.replace(
                ATTENDED, MASKED.replace("/ key.shape[-1] ** 0.5", "* key.shape[-1] ** 0.5")
            ),
            NANOGPT.replace(ATTENDED, MASKED.replace("/ key.shape[-1] ** 0.5", "/ key.shape[-1]")),
        ),
        Mistake(
            "The softmax goes over the queries. Each token divides its attention among the keys, "
            "the last dimension.",
            NANOGPT.replace(ATTENDED, MASKED.replace("softmax(-1)", "softmax(-2)")),
        ),
        Mistake(
            "The mask is not what hides the future: the scores to be hidden become -inf, before "
            "the softmax, and those are the ones of later tokens.",
            NANOGPT.replace(ATTENDED, MASKED.replace("past == 0", "past == 1")),
            NANOGPT.replace(ATTENDED, MASKED.replace("-torch.inf", "0.0")),
            NANOGPT.replace(
                ATTENDED,
                MASKED.replace(
                    ".masked_fill(past == 0, -torch.inf).softmax(-1)", ".softmax(-1) * past"
                ),
            ),
            NANOGPT.replace(ATTENDED, MASKED.replace("key.shape[2] - T)", "key.shape[2] - T - 1)")),
            NANOGPT.replace(ATTENDED, MASKED.replace("key.shape[2] - T)", "key.shape[2] - T + 1)")),
        ),
        Mistake(
            "The values are not used: the weights are multiplied by them, att @ value.",
            NANOGPT.replace(ATTENDED, MASKED.replace("att @ value", "att @ key")),
            NANOGPT.replace(ATTENDED, MASKED.replace("att @ value", "att @ query")),
        ),
        Mistake(
            "After transpose, the numbers do not lie in the order of the dimensions, and `view` "
            "refuses. Use .reshape(B, T, C), or .contiguous() before .view.",
            {MERGE: "y = y.transpose(1, 2).view(B, T, C)"},
        ),
        Mistake(
            "Right. In training, though, nothing is dropped: neither attention weights, which is "
            "the last argument of self.attend, nor what comes out, self.dropout(…).",
            {DROPOUT: "dropout = 0.0", OUT: "return self.project(y)"},
            passes=True,
        ),
    ),
)


# The KV cache.


def cached(*times: int) -> Any:
    """What a cache returns for the last of several pieces, and how many tokens it has then.

    Token number t, counted from 1, has the key t and the value 10 t.
    """
    cache, t = LayerCache(block_size=6), torch.arange(1.0, sum(times) + 1)
    for piece in t.split(times):
        returned = cache.extend(piece[None, None, :, None], 10 * piece[None, None, :, None])
    return _of_cache(cache, returned, 1, 1, sum(times), 1)


def cached_heads(*times: int) -> Any:
    """The same with two texts, three heads, and four channels, at random."""
    cache, n = LayerCache(block_size=6), sum(times)
    keys, values = torch.randn(2, 3, n, 4), torch.randn(2, 3, n, 4)
    for key, value in zip(keys.split(times, dim=2), values.split(times, dim=2)):
        returned = cache.extend(key, value)
    answer = _of_cache(cache, returned, 2, 3, n, 4)
    if answer and "keys" in answer:
        equal = {"keys": torch.equal(returned[0], keys), "values": torch.equal(returned[1], values)}
        answer |= {name: "as they were given" if ok else "others" for name, ok in equal.items()}
    return answer


def two_caches() -> Any:
    """What the cache of one block returns, when that of another block has been used before."""
    one, other = LayerCache(block_size=6), LayerCache(block_size=6)
    other.extend(torch.full((1, 1, 2, 1), 8.0), torch.full((1, 1, 2, 1), 9.0))
    returned = one.extend(torch.ones(1, 1, 1, 1), 10 * torch.ones(1, 1, 1, 1))
    return _of_cache(one, returned, 1, 1, 1, 1)


def _of_cache(cache: LayerCache, returned: Any, *shape: int) -> Any:
    if returned is None:
        return None
    if not isinstance(returned, tuple | list) or [type(r) for r in returned] != [Tensor, Tensor]:
        return {"returned": "something else"}
    answer: dict[str, Any] = {"returned": "two tensors"}
    answer |= {f"shape of {n}": list(r.shape) for n, r in zip(("keys", "values"), returned)}
    if returned[0].shape == returned[1].shape == shape:
        answer |= {n: r.flatten().tolist() for n, r in zip(("keys", "values"), returned)}
    return answer | {"length": int(cache.length)}


KEYS = "self.keys[:, :, start : self.length] = key"
VALUES = "self.values[:, :, start : self.length] = value"
RETURN = "return self.keys[:, :, : self.length], self.values[:, :, : self.length]"
LENGTH = "start, self.length = self.length, self.length + key.shape[2]"


ZEROS = {"self.keys = torch.empty": "self.keys = torch.zeros"}
ZEROS |= {"self.values = torch.empty": "self.values = torch.zeros"}
WRITTEN = "self.keys[:, :, start : start + key.shape[2]] = key"
APPENDED = """
import torch
if self.keys is None:
    self.keys, self.values = key, value
else:
    self.keys = torch.cat([self.keys, key], dim=2)
    self.values = torch.cat([self.values, value], dim=2)
self.length = self.keys.shape[2]
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
        "There are never more than `self.block_size`, so you may make room for all at the "
        "first call, or make longer tensors each time. (The loop of the lecture, at this minute, "
        "reads the whole text again for every token. A cache spares it that.)"
    ),
    hints=(
        "Time is the third dimension, dim=2. The number of new tokens is key.shape[2], which is "
        "more than one for a prompt.",
        "With torch.cat (`import torch` first): self.keys = torch.cat([self.keys, key], dim=2), "
        "except at the first call, when there is nothing before.",
        "With room for all: key.new_empty(batch, heads, self.block_size, head_size), once; the new "
        "keys go to [:, :, start : start + key.shape[2]], and what is returned ends at the length.",
    ),
    probes=(
        "cached(1)",
        "cached(3)",
        "cached(1, 1)",
        "cached(2, 1, 1)",
        "cached(2, 3, 1)",
        "cached_heads(2, 1, 2)",
        "two_caches()",
    ),
    parts={
        "returned": "Return two tensors, the keys and the values.",
        "shape of keys": "The keys should be those of all tokens so far, and no more: "
        "(batch, head, time, head_size), where only the time grows.",
        "shape of values": "The values should be those of all tokens so far, and no more: "
        "(batch, head, time, head_size), where only the time grows.",
        "keys": "The keys are not those of all tokens, in their order.",
        "values": "The values are not those of all tokens, in their order.",
        "length": "`self.length` is not the number of tokens in the cache. The model takes it for "
        "the position of the next token.",
    },
    mistakes=(
        Mistake(
            "`self.length` does not grow. The model takes it for the position of the next token, "
            "so every token would get position 0.",
            APPENDED.replace("self.length = self.keys.shape[2]", "pass"),
            {
                LENGTH: "start = self.length",
                KEYS: WRITTEN,
                VALUES: WRITTEN.replace("key", "value"),
                RETURN: "end = key.shape[2]\n"
                "        return self.keys[:, :, :end], self.values[:, :, :end]",
            },
        ),
        Mistake(
            "`self.length` is the number of new tokens. It should be that of all tokens: the model "
            "takes it for the position of the next one.",
            APPENDED.replace("self.keys.shape[2]", "key.shape[2]"),
        ),
        Mistake(
            "`self.length` grows by one, but there may be several new tokens, as in a prompt: "
            "key.shape[2] of them.",
            APPENDED.replace("self.length = self.keys.shape[2]", "self.length += 1"),
            {LENGTH: "start, self.length = self.length, self.length + 1"},
            {
                LENGTH: "start, self.length = self.length, self.length + 1",
                KEYS: WRITTEN,
                VALUES: WRITTEN.replace("key", "value"),
            },
        ),
        Mistake(
            "Only the newest tokens' keys and values are returned, and attention needs those of "
            "all. Append the new ones to what is kept, keep the result, and return it.",
            {RETURN: "return key, value"},
            "self.keys, self.values = key, value\n"
            "self.length += key.shape[2]\n"
            "return self.keys, self.values",
            "self.keys, self.values = key, value\n"
            "self.length = key.shape[2]\n"
            "return self.keys, self.values",
        ),
        Mistake(
            "The new tokens are written at the beginning of the room, over the earlier ones. They "
            "belong after these, from the old length on.",
            {
                KEYS: "self.keys[:, :, : key.shape[2]] = key",
                VALUES: "self.values[:, :, : key.shape[2]] = value",
                **ZEROS,
            },
        ),
        Mistake(
            "Room is made at each call, so what was in it is lost. Make it once, at the first "
            "call.",
            {"if self.keys is None or self.values is None:": "if True:", **ZEROS},
        ),
        Mistake(
            "All the room is returned, also what has not been written yet. End at the length: "
            "self.keys[:, :, : self.length].",
            {RETURN: "return self.keys, self.values"},
        ),
        Mistake(
            "The tokens are appended in another dimension, as if there were more heads. Time is "
            "the third, dim=2.",
            APPENDED.replace("dim=2", "dim=1"),
            APPENDED.replace("dim=2", "dim=1").replace("shape[2]", "shape[1]"),
        ),
        Mistake(
            "The tokens are appended in another dimension, as if there were more texts; dim=0 is "
            "also what torch.cat takes by default. Time is the third, dim=2.",
            APPENDED.replace("dim=2", "dim=0"),
            APPENDED.replace("dim=2", "dim=0").replace("shape[2]", "shape[0]"),
        ),
        Mistake(
            "The tokens are appended in another dimension, as if the heads were larger. Time is "
            "the third, dim=2, the last but one.",
            APPENDED.replace("dim=2", "dim=-1"),
            APPENDED.replace("dim=2", "dim=-1").replace("shape[2]", "shape[3]"),
        ),
        Mistake(
            "Only the keys are kept. The values of the earlier tokens are needed, too: they are "
            "what is gathered.",
            APPENDED.replace(
                "self.values = torch.cat([self.values, value], dim=2)", "self.values = value"
            ),
            {RETURN: "return self.keys[:, :, : self.length], value"},
        ),
        Mistake(
            "Only the values are kept. The keys of the earlier tokens are needed, too: they decide "
            "how much is taken from each.",
            APPENDED.replace(
                "self.keys = torch.cat([self.keys, key], dim=2)", "self.keys = key"
            ).replace("self.keys.shape[2]", "self.values.shape[2]"),
            {RETURN: "return key, self.values[:, :, : self.length]"},
        ),
        Mistake(
            "Keys and values are stored in each other's place, or returned so.",
            {RETURN: "return self.values[:, :, : self.length], self.keys[:, :, : self.length]"},
            APPENDED.replace("torch.cat([self.keys, key]", "torch.cat([self.keys, value]").replace(
                "torch.cat([self.values, value]", "torch.cat([self.values, key]"
            ),
        ),
        Mistake(
            "Keys and values are the same.",
            APPENDED.replace(
                "torch.cat([self.values, value]", "torch.cat([self.keys, key]"
            ).replace("self.values = key, value", "self.values = key, key"),
            APPENDED.replace("= key, value", "= key, key").replace(
                "values, value]", "values, key]"
            ),
            {VALUES: VALUES.replace("= value", "= key")},
        ),
        Mistake(
            "The new tokens come before the earlier ones. They come after them: "
            "torch.cat([self.keys, key], dim=2).",
            APPENDED.replace("[self.keys, key]", "[key, self.keys]").replace(
                "[self.values, value]", "[value, self.values]"
            ),
        ),
        Mistake(
            "At the first call, `self.keys` is None: there is nothing to append to yet.",
            APPENDED.replace("if self.keys is None", "if False"),
            APPENDED.replace("if self.keys is None", "if False").replace(
                "torch.cat([self.keys, key], dim=2)", "torch.cat((self.keys, key), dim=2)"
            ),
            {"if self.keys is None or self.values is None:": "if False:"},
        ),
        Mistake(
            "The first tokens are in the cache twice: after the first call there is nothing to "
            "append.",
            "import torch\n"
            "if self.keys is None:\n"
            "    self.keys, self.values = key, value\n"
            "self.keys = torch.cat([self.keys, key], dim=2)\n"
            "self.values = torch.cat([self.values, value], dim=2)\n"
            "self.length += key.shape[2]\n"
            "return self.keys, self.values",
            "import torch\n"
            "if self.keys is None:\n"
            "    self.keys, self.values = key, value\n"
            "self.keys = torch.cat([self.keys, key], dim=2)\n"
            "self.values = torch.cat([self.values, value], dim=2)\n"
            "self.length = self.keys.shape[2]\n"
            "return self.keys, self.values",
        ),
        Mistake(
            "What torch.cat returns is not kept. It makes a new tensor, and leaves the old ones as "
            "they are: self.keys = torch.cat([self.keys, key], dim=2).",
            APPENDED.replace("    self.keys = torch.cat", "    torch.cat").replace(
                "    self.values = torch.cat", "    torch.cat"
            ),
            APPENDED.replace("    self.keys = torch.cat", "    torch.cat")
            .replace("    self.values = torch.cat", "    torch.cat")
            .replace("self.length = self.keys.shape[2]", "self.length += key.shape[2]"),
        ),
        Mistake(
            "`torch.stack` makes a new dimension. `torch.cat` makes one longer that there is: the "
            "time, dim=2.",
            APPENDED.replace("cat", "stack").replace(", dim=2", ""),
            APPENDED.replace("cat", "stack"),
        ),
        Mistake(
            "The new keys and values are added to the earlier ones, number by number. Append them, "
            "so that each token keeps its own.",
            APPENDED.replace("torch.cat([self.keys, key], dim=2)", "self.keys + key").replace(
                "torch.cat([self.values, value], dim=2)", "self.values + value"
            ),
            APPENDED.replace("torch.cat([self.keys, key], dim=2)", "self.keys + key")
            .replace("torch.cat([self.values, value], dim=2)", "self.values + value")
            .replace("self.length = self.keys.shape[2]", "self.length += key.shape[2]"),
        ),
        Mistake(
            "The cache keeps the newest token alone; a prompt has several.",
            APPENDED.replace("[self.keys, key]", "[self.keys, key[:, :, -1:]]").replace(
                "[self.values, value]", "[self.values, value[:, :, -1:]]"
            ),
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
    model = GPT2(vocab_size=5, block_size=12, n_layer=0, n_head=1, n_embd=4).eval()
    model.blocks = nn.ModuleList(Sums(0.5 + i) for i in range(n_layer))  # type: ignore[assignment]
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


def logits_of(*ids: list[int], n_layer: int) -> Any:
    """The logits of a model of so many blocks."""
    returned = model_of(n_layer)(torch.tensor(ids))
    return _of_model(returned, len(ids), len(ids[0]), "logits")


def loss_of(*ids: list[int], targets: list[list[int]]) -> Any:
    """The logits and the loss of a model without blocks."""
    returned = model_of(0)(torch.tensor(ids), torch.tensor(targets))
    return _of_model(returned, len(ids), len(ids[0]), "logits", targets)


def piece_by_piece(*pieces: list[int], n_layer: int) -> Any:
    """The logits of a model that reads a text in pieces, and has a cache of those before."""
    model, cache = model_of(n_layer), KVCache(n_layer, block_size=12)
    cache.layers = [Memory(block_size=12) for _ in range(n_layer)]
    for piece in pieces:
        returned = model(torch.tensor([piece]), cache=cache)
    answer = _of_model(returned, 1, len(pieces[-1]), "logits with a cache")
    lengths = [layer.length for layer in cache.layers]
    return answer and {**answer, "tokens in each cache": lengths}


def _of_model(
    returned: Any, batch: int, time: int, name: str, targets: list[list[int]] | None = None
) -> Any:
    if returned is None:
        return None
    if not isinstance(returned, tuple) or len(returned) != 2:
        return {"returned": "something else"}
    logits, loss = returned
    answer = described(logits, batch, time, 5, **{name: Tensor.tolist}) or {"returned": "None"}
    if answer["returned"] == "a Tensor":
        answer["returned"] = "logits and loss"
    if targets is None:
        return {**answer, "loss without targets": loss}
    return {**answer, "loss": loss}


POSITIONS = "torch.arange(start, start + time, device=ids.device)"
START = "start, time = len(cache) if cache is not None else 0, ids.shape[1]"
EMBEDDED = "x = self.token_embedding(ids) + self.position_embedding(positions)"
BLOCKS = "x = block(x, cache.layers[i] if cache is not None else None)"
LOGITS = "logits = self.norm(x) @ self.token_embedding.weight.T"
LOSS = "F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())"

MODEL = Step(
    "gpt2",
    "gpt2.GPT2.forward",
    "GPT-2: from ids to logits and loss, with a cache",
    lecture=f"{GPT2_VIDEO} 0:31:00",
    term="position embedding",
    write=(
        "Add `self.token_embedding` of the ids and `self.position_embedding`; then `self.dropout`, "
        "`self.blocks`, `self.norm`. The logits are products with the rows of "
        "`self.token_embedding.weight`, (V, C). Return logits and None, or, given targets, logits "
        "and the mean cross-entropy. With a cache, block i gets cache.layers[i] as its second "
        "argument, and the positions begin at len(cache), for these ids come after its tokens."
    ),
    hints=(
        "Without a cache the positions are 0 to T - 1, with one they are len(cache) to "
        "len(cache) + T - 1. (B, T, C) + (T, C): the same positions for all texts of a batch.",
        "The output shares the weights of the token embedding: x @ self.token_embedding.weight.T.",
        "F.cross_entropy wants (N, V) and (N,): logits.flatten(0, 1), targets.flatten(). The "
        "targets are the next tokens already, and the softmax is inside.",
    ),
    probes=(
        "logits_of([3], n_layer=0)",
        "logits_of([3, 1, 3], n_layer=0)",
        "logits_of([3, 1, 3], [0, 4, 2], n_layer=2)",
        "loss_of([3, 1, 3], targets=[[1, 3, 0]])",
        "loss_of([3, 1, 3], [0, 4, 2], targets=[[1, 3, 0], [4, 2, 2]])",
        "piece_by_piece([3, 1, 3], n_layer=1)",
        "piece_by_piece([3, 1], [3], n_layer=1)",
        "piece_by_piece([3, 1], [3], [0, 4], n_layer=2)",
    ),
    parts={
        "returned": "Return two things: the logits, and the loss, which is None without targets.",
        "shape": "The logits are not of the shape (B, T, V).",
        "logits": "The logits are not norm(blocks(token embedding + position embedding)) times the "
        "token embeddings.",
        "loss without targets": "Without targets, the loss is None.",
        "loss": "The loss is not the mean cross-entropy of the logits with the targets.",
        "logits with a cache": "With a cache, the logits of these ids should be the same as if the "
        "model read all of the text at once.",
        "tokens in each cache": "Each block should extend its own cache, once.",
    },
    tolerance=TOLERANCE,
    mistakes=(
        Mistake(
            "With a cache the positions begin at 0 again, so each new token is taken for the first "
            "of the text. They go on from len(cache).",
            {START: "start, time = 0, ids.shape[1]"},
        ),
        Mistake(
            "The positions with a cache are one off: the first new token has position len(cache).",
            {START: "time = ids.shape[1]\n        start = max(0, len(cache) - 1) if cache else 0"},
            {START: "time = ids.shape[1]\n        start = len(cache) + 1 if cache else 0"},
        ),
        Mistake(
            "All positions begin at 1. The first token has position 0.",
            {POSITIONS: "torch.arange(start + 1, start + time + 1)"},
        ),
        Mistake(
            "All tokens get the same position. There is one for each: the rows from len(cache) on, "
            "T of them.",
            {POSITIONS: "torch.tensor(start)"},
            {POSITIONS: "torch.tensor(start + time - 1)"},
            {POSITIONS: "torch.tensor(time)"},
        ),
        Mistake(
            "The positions are missing. Attention by itself does not know where a token stands: "
            "add self.position_embedding.",
            {EMBEDDED: "x = self.token_embedding(ids)"},
        ),
        Mistake(
            "The position embedding is looked up by the token. It belongs to the place where the "
            "token stands: 0, 1, 2, …",
            {POSITIONS: "ids"},
        ),
        Mistake(
            "The last layer norm is missing: logits are made of self.norm(x).",
            {"self.norm(x)": "x"},
        ),
        Mistake(
            "The layer norm comes before the blocks. They have their own; this one comes after the "
            "last of them.",
            {"x = self.dropout(x)": "x = self.norm(x)", "= self.norm(x) @": "= x @"},
        ),
        Mistake(
            "The blocks are missing, or their results are not used: x = block(x, …), one after the "
            "other.",
            {BLOCKS: "pass"},
            {BLOCKS: BLOCKS.removeprefix("x = ")},
        ),
        Mistake(
            "Every block reads the embeddings, and only the last one counts. Each reads what the "
            "one before it returned.",
            {
                EMBEDDED: EMBEDDED.replace("x =", "x = embedded ="),
                BLOCKS: BLOCKS.replace("block(x", "block(embedded"),
            },
        ),
        Mistake(
            "The blocks do not get the cache, so a new token sees none of those before it.",
            {BLOCKS: "x = block(x)"},
        ),
        Mistake(
            "All blocks share one cache. Each has keys and values of its own: cache.layers[i].",
            {"cache.layers[i]": "cache.layers[0]"},
            {"cache.layers[i]": "cache.layers[-1]"},
        ),
        Mistake(
            "A block gets all of the cache. Its own part is cache.layers[i].",
            {"cache.layers[i]": "cache"},
        ),
        Mistake(
            "The logits are x itself, (B, T, C). Multiply by the token embeddings: "
            "self.norm(x) @ self.token_embedding.weight.T.",
            {LOGITS: "logits = self.norm(x)"},
        ),
        Mistake(
            "The weights of the token embedding are (V, C), and x is (B, T, C): transpose them, "
            "weight.T.",
            {"weight.T": "weight"},
        ),
        Mistake(
            "The targets are shifted here a second time, so the model learns to skip a token. "
            "get_batch has shifted them already.",
            {LOSS: "F.cross_entropy(logits[:, :-1].flatten(0, 1), targets[:, 1:].flatten())"},
        ),
        Mistake(
            "The loss is computed with the ids, which the model has seen. It should predict the "
            "targets, the next tokens.",
            {"targets.flatten()": "ids.flatten()"},
        ),
        Mistake(
            "The softmax is taken twice: F.cross_entropy expects logits, and has one inside.",
            {"logits.flatten(0, 1).float()": "logits.softmax(-1).flatten(0, 1)"},
            {"logits.flatten(0, 1).float()": "logits.softmax(-1).log().softmax(-1).flatten(0, 1)"},
        ),
        Mistake(
            "F.cross_entropy takes the second dimension for the classes, and that is T here. Make "
            "(B * T, V) of the logits and (B * T,) of the targets.",
            {LOSS: "F.cross_entropy(logits, targets)"},
        ),
        Mistake(
            "The logits are cut into rows of V numbers in the wrong way: `view` only counts "
            "through the numbers. logits.flatten(0, 1), (B * T, V), or logits.transpose(1, 2).",
            {LOSS: "F.cross_entropy(logits.view(len(ids), -1, ids.shape[1]), targets)"},
        ),
        Mistake(
            "The loss is the sum over all tokens. Take the mean, which is what F.cross_entropy "
            "does by default.",
            {"targets.flatten())": 'targets.flatten(), reduction="sum")'},
            {LOSS: f"{LOSS} * targets.numel()"},
        ),
        Mistake(
            "There is one loss for each token. Take the mean, which is what F.cross_entropy does "
            "by default.",
            {"targets.flatten())": 'targets.flatten(), reduction="none")'},
        ),
        Mistake(
            "The loss counts the last token only. A window is T examples: take the mean over all "
            "of them.",
            {LOSS: "F.cross_entropy(logits[:, -1], targets[:, -1])"},
        ),
        Mistake(
            "With the wrong sign, training would make the model worse. The loss is -log of the "
            "probability of the right token.",
            {LOSS: f"-{LOSS}"},
        ),
        Mistake(
            "Only the logits are returned. Return logits and loss, and None as the loss without "
            "targets.",
            {"return logits, None": "return logits"},
            {"return logits, None": "return logits", "return logits, F": "return logits; F"},
        ),
        Mistake(
            "Only the loss is returned. Return logits and loss.",
            {"return logits, F": "return F"},
            {"return logits, F": "return F", "return logits, None": "return None"},
        ),
        Mistake(
            "Logits and loss have changed places.",
            {"return logits, None": "return None, logits", "return logits, F": "return F"}
            | {"targets.flatten())": "targets.flatten()), logits"},
        ),
        Mistake(
            "These are probabilities, or their logarithms. The model returns logits; the softmax "
            "is the business of the loss, and of sampling.",
            {LOGITS: f"{LOGITS}\n        logits = logits.softmax(-1)"},
            {LOGITS: f"{LOGITS}\n        logits = logits.log_softmax(-1)"},
        ),
        Mistake(
            "Without targets there is nothing to compute a loss from: return logits, None.",
            {"if targets is None:": "if False:"},
        ),
    ),
)


LADDER = Ladder(
    __file__,
    (BATCH, HEAD, HEADS, BLOCK, GENERATE, TOP_K, ATTENTION, KV_CACHE, MODEL),
    program="train_mine.py",
)
