"""A GPT made of scalars: training and sampling a language model with nothing but this engine.

Karpathy's *microgpt* (karpathy.github.io/2026/02/12/microgpt) leads from lecture 1 to lecture 7;
this is the same model on our engine, with its sizes and settings. A token's vector is a list of
Values. A text goes through the model one token after the other, and each block keeps the keys and
values of the tokens so far. Lecture 7 computes all positions at once and hides the future with a
mask; here the future has not been computed yet.

    python -m micrograd.gpt         # 1,000 names, a step each; then twenty new ones

Every dot product is one node of the graph (`fused`), and so is every probability of a softmax; the
rest is scalar operations. Left out: batches, and everything that tensors are for. The lesson 03-gpt
has them.
"""

import math
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

from micrograd.engine import Value
from micrograd.fused import dot, linear
from micrograd.nn import Module
from micrograd.optim import Adam

Vector = list[Value]
Matrix = list[Vector]  # a list of rows
Cache = list[tuple[Matrix, Matrix]]  # of each block, the keys and the values of the tokens so far


def tokenize(names: Sequence[str]) -> tuple[list[str], list[list[int]]]:
    """The letters, sorted; and each name as their numbers, with one more token on either side."""
    letters = sorted({letter for name in names for letter in name})
    boundary = len(letters)
    return letters, [[boundary, *map(letters.index, name), boundary] for name in names]


def add(x: Vector, y: Vector) -> Vector:
    """x + y, channel by channel."""
    return [xi + yi for xi, yi in zip(x, y)]


def rms_norm(x: Vector) -> Vector:
    """`x`, scaled so that the mean of its squares is 1 (arxiv.org/abs/1910.07467)."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def softmax(x: Vector, temperature: float = 1.0) -> Vector:
    """Probabilities proportional to exp(x / temperature), each as one node.

    The derivative of the i-th with respect to x[j] is p[i] * ((i == j) - p[j]) / temperature.
    """
    largest = max(xi.data for xi in x)  # taken out so that nothing overflows; it cancels
    exps = [math.exp((xi.data - largest) / temperature) for xi in x]
    total = sum(exps)
    probs = [e / total for e in exps]
    out = []
    for i, p in enumerate(probs):
        local = [-p * q / temperature for q in probs]
        local[i] += p / temperature
        out.append(Value(p, tuple(x), "softmax", tuple(local)))
    return out


def cross_entropy(logits: Vector, target: int) -> Value:
    """-log softmax(logits)[target], in nats, as one node; derivatives: softmax minus one-hot."""
    largest = max(logit.data for logit in logits)
    exps = [math.exp(logit.data - largest) for logit in logits]
    total = sum(exps)
    local = [e / total for e in exps]
    local[target] -= 1.0
    loss = math.log(total) + largest - logits[target].data
    return Value(loss, tuple(logits), "cross_entropy", tuple(local))


class Block(Module):
    """Attention, in which tokens exchange what they hold, and an MLP, in which each thinks."""

    def __init__(self, n_embd: int, n_head: int, rng: random.Random) -> None:
        self.head_size = n_embd // n_head
        self.query, self.key, self.value, self.project = (
            matrix(n_embd, n_embd, rng) for _ in range(4)
        )
        self.expand = matrix(4 * n_embd, n_embd, rng)
        self.contract = matrix(n_embd, 4 * n_embd, rng)

    def __call__(self, x: Vector, keys: Matrix, values: Matrix) -> Vector:
        """The new vector of one token.

        `keys` and `values` are those of the tokens before it; its own are appended.
        """
        normed = rms_norm(x)
        query = linear(normed, self.query)
        keys.append(linear(normed, self.key))
        values.append(linear(normed, self.value))
        heads: Vector = []
        for start in range(0, len(x), self.head_size):
            head = slice(start, start + self.head_size)
            scores = [dot(query[head], key[head]) for key in keys]
            attention = softmax(scores, self.head_size**0.5)  # how much of each token so far
            channels = zip(*[value[head] for value in values])  # each over the tokens so far
            heads += [dot(attention, channel) for channel in channels]
        x = linear(heads, self.project, x)  # plus x: the residual connection
        hidden = [h.relu() for h in linear(rms_norm(x), self.expand)]
        return linear(hidden, self.contract, x)

    def parameters(self) -> Vector:
        matrices = (self.query, self.key, self.value, self.project, self.expand, self.contract)
        return [p for w in matrices for row in w for p in row]


class GPT(Module):
    """A decoder-only Transformer: token and position embeddings, blocks, a head for the logits."""

    def __init__(
        self,
        vocab_size: int,
        block_size: int = 16,
        n_layer: int = 1,
        n_head: int = 4,
        n_embd: int = 16,
        seed: int | None = None,
    ) -> None:
        if n_embd % n_head:
            raise ValueError(f"n_embd must be a multiple of n_head ({n_head}), not {n_embd}")
        rng = random.Random(seed)
        self.block_size = block_size
        self.token_embedding = matrix(vocab_size, n_embd, rng)
        self.position_embedding = matrix(block_size, n_embd, rng)
        self.blocks = [Block(n_embd, n_head, rng) for _ in range(n_layer)]
        self.lm_head = matrix(vocab_size, n_embd, rng)

    def empty_cache(self) -> Cache:
        return [([], []) for _ in self.blocks]

    def __call__(self, token: int, position: int, cache: Cache) -> Vector:
        """The logits of the next token.

        `cache` holds the keys and values of the tokens before this one; this one's are appended.
        """
        x = rms_norm(add(self.token_embedding[token], self.position_embedding[position]))
        for block, (keys, values) in zip(self.blocks, cache):
            x = block(x, keys, values)
        return linear(x, self.lm_head)

    def loss(self, tokens: Sequence[int]) -> Value:
        """The mean cross-entropy of each token after the first, in nats."""
        cache = self.empty_cache()
        pairs = list(pairwise(tokens))[: self.block_size]
        losses = [
            cross_entropy(self(token, position, cache), target)
            for position, (token, target) in enumerate(pairs)
        ]
        return sum(losses, Value(0.0)) / len(losses)

    def generate(self, start: int, rng: random.Random, temperature: float = 1.0) -> list[int]:
        """Tokens drawn one after the other, up to the next `start` or until the context is full."""
        cache, tokens = self.empty_cache(), [start]
        for position in range(self.block_size):
            logits = self(tokens[-1], position, cache)
            probs = [p.data for p in softmax(logits, temperature)]
            (token,) = rng.choices(range(len(probs)), probs)
            if token == start:
                break
            tokens.append(token)
        return tokens[1:]

    def parameters(self) -> Vector:
        matrices = (self.token_embedding, self.position_embedding, self.lm_head)
        own = [p for w in matrices for row in w for p in row]
        return own + [p for block in self.blocks for p in block.parameters()]


def matrix(nout: int, nin: int, rng: random.Random) -> Matrix:
    """Weights from a normal distribution with standard deviation 0.08."""
    return [[Value(rng.gauss(0, 0.08)) for _ in range(nin)] for _ in range(nout)]


def train(
    model: GPT, documents: Sequence[Sequence[int]], steps: int, lr: float = 0.01
) -> Iterator[float]:
    """Train on one document a step; yields each step's loss."""
    optimizer = Adam(model.parameters(), lr, betas=(0.85, 0.99))
    for step in range(steps):
        loss = model.loss(documents[step % len(documents)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = lr * (1 - step / steps)
        optimizer.step()
        yield loss.data


if __name__ == "__main__":
    from micrograd.__main__ import train_gpt

    train_gpt()
