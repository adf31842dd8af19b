"""Model names with the plain forms of this lesson, those of the lectures, and nothing else.

`python -m makemore learn start` copies this program to mine/train.py. There it runs what you have
written, from the counting of pairs to the cell of a recurrent network.
"""

import torch
from torch import Tensor, nn

from makemore import manual_backprop as by_hand
from makemore.load import open_data
from makemore.loss import plain_cross_entropy
from makemore.models.bigram import BigramCounts
from makemore.models.mlp_bn import MLPBatchNorm
from makemore.models.rnn import RNN
from makemore.sampling import sample
from makemore.words import PADDING, build_dataset, word_rows


def train(model: nn.Module, x: Tensor, y: Tensor, lr: float, steps: int = 1000) -> None:
    """Gradient descent, as in the lectures; prints the mean loss of every 250 steps."""
    optimizer = torch.optim.SGD(model.parameters(), lr)
    losses = []
    for step in range(1, steps + 1):
        ix = torch.randint(len(x), (32,))
        logits, _ = model(x[ix])
        real = y[ix] != PADDING
        loss = plain_cross_entropy(logits[real], y[ix][real])

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step % 250 == 0:
            print(f"  step {step}: loss {sum(losses[-250:]) / 250:.4f}")


torch.manual_seed(42)
data = open_data("names")
vocab_size = len(data.alphabet)

rows = word_rows(data.train, data.alphabet)  # (word, time), twice
bigram = BigramCounts(vocab_size)
bigram.count(*rows)
_, loss = bigram(*rows)
print(f"bigram, counted: loss {loss:.4f}")

windows = build_dataset(data.train, data.alphabet, block_size=3)  # (example, 3), (example,)
print("MLP with batch norm:")
train(MLPBatchNorm(vocab_size, block_size=3, n_embd=10, n_hidden=64, dropout=0.0), *windows, lr=0.3)

print("the same by hand, without autograd:")
losses = list(by_hand.train_by_hand(by_hand.parameters(vocab_size), *windows, steps=1000, lr=0.3))
for step in range(250, 1001, 250):
    print(f"  step {step}: loss {sum(losses[step - 250 : step]) / 250:.4f}")

print("recurrent network:")
rnn = RNN(vocab_size, n_embd=10, n_hidden=64, dropout=0.0)
train(rnn, *rows, lr=0.5)
for ids in sample(rnn, count=5):
    print(f"  {data.alphabet.decode(ids)}")
