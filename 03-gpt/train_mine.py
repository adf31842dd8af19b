"""Train the lecture's model and then GPT-2 in their plain forms, and let each write a text.

`python -m gpt learn start` copies this program to mine/train.py. There it runs what you have
written, from the batch to the KV cache.
"""

import time

import torch

from gpt.chars import Chars
from gpt.generate import generate
from gpt.gpt2 import GPT2
from gpt.lecture import LectureGPT
from gpt.stages import get_batch
from shared import datasets

STEPS, BATCH_SIZE, BLOCK_SIZE = 500, 16, 32

torch.manual_seed(1337)
text = datasets.load("shakespeare").text
chars = Chars.of(text)
data = torch.tensor(chars.encode(text))
start = torch.tensor([chars.encode("\n")])  # (1, 1)


def train(model: LectureGPT | GPT2) -> None:
    """The lecture's training loop."""
    print(f"{type(model).__name__}: {sum(p.numel() for p in model.parameters()):,} parameters")
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(STEPS + 1):
        x, y = get_batch(data, BATCH_SIZE, BLOCK_SIZE)
        _, loss = model(x, y)
        if step % 100 == 0:
            print(f"step {step}: loss {loss.item():.4f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()


lecture = LectureGPT(len(chars), BLOCK_SIZE, n_layer=2, n_head=4, n_embd=64)
train(lecture)
print(chars.decode(lecture.generate(start, 200)[0].tolist()), "\n")

gpt2 = GPT2(len(chars), BLOCK_SIZE, n_layer=2, n_head=4, n_embd=64)
train(gpt2)
texts = []
for use_cache in (False, True):
    clock = time.perf_counter()
    generator = torch.Generator().manual_seed(1337)
    options = {"temperature": 0.8, "top_k": 20, "generator": generator, "use_cache": use_cache}
    texts.append(generate(gpt2, start, 200, **options))
    print(f"200 tokens {'with' if use_cache else 'without'} a cache: ", end="")
    print(f"{time.perf_counter() - clock:.2f} s")
print("the text is the same:", torch.equal(*texts))
print(chars.decode(texts[1][0].tolist()))
