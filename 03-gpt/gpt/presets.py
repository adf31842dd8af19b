"""How each model is trained: values for the options of train.py.

`cpu` is for two cores and some minutes; `baby` is the size of the lecture ("Let's build GPT",
youtube.com/watch?v=kCc8FmEb1nY, from 1:37:49); `gpt2-124m` is the smallest GPT-2, trained as in
"Let's reproduce GPT-2" (youtube.com/watch?v=l8pRSuU81PU). On the CPU, GPT-2 has the settings of
nanoGPT's README for a laptop (github.com/karpathy/nanoGPT), which is the yardstick here. The
lecture's model has the lecture's own settings: the small ones, with which it grows stage by stage,
and `baby`, with which it ends.
"""

from typing import Any

GPT2_CPU: dict[str, Any] = {
    "steps": 2000,
    "batch_size": 12,
    "micro_batches": 1,
    "block_size": 64,
    "n_layer": 4,
    "n_head": 4,
    "n_embd": 128,
    "dropout": 0.0,
    "lr": 1e-3,
    "muon_lr": 0.0,
    "embedding_lr": 0.0,
    "weight_decay": 0.1,
    "beta2": 0.99,
    "warm_up": 100,
    "decay": "cosine",
    "final_lr": 0.1,
    "clip": 1.0,
}
BABY = {  # the size that the lecture ends with
    "steps": 5000,
    "batch_size": 64,
    "block_size": 256,
    "n_layer": 6,
    "n_head": 6,
    "n_embd": 384,
    "dropout": 0.2,
}
GPT2_BABY = GPT2_CPU | BABY
GPT2_124M = GPT2_CPU | {
    "steps": 19073,
    "batch_size": 512,
    "micro_batches": 32,
    "block_size": 1024,
    "n_layer": 12,
    "n_head": 12,
    "n_embd": 768,
    "lr": 6e-4,
    "beta2": 0.95,
    "warm_up": 715,
}
MODERN = {
    "lr": 0.01,
    "muon_lr": 0.03,
    "embedding_lr": 0.04,
    "weight_decay": 0.3,
    "beta2": 0.95,
    "warm_up": 10,
    "decay": "linear",
    "final_lr": 0.0,
    "clip": 0.0,
}
LARGE = MODERN | {"muon_lr": 0.02, "embedding_lr": 0.02, "lr": 0.005}  # not tuned
LECTURE = GPT2_CPU | {
    "steps": 5000,
    "batch_size": 32,
    "block_size": 8,
    "n_layer": 3,
    "n_embd": 32,
    "weight_decay": 0.01,
    "beta2": 0.999,
    "warm_up": 0,
    "final_lr": 1.0,  # the learning rate stays as it is
    "clip": 0.0,
}
STAGES = {"bigram": {"steps": 3000, "lr": 1e-2}, "dropout": {"dropout": 0.2}}  # over LECTURE
LECTURE_BABY = LECTURE | BABY | {"lr": 3e-4}
BIGRAM = GPT2_CPU | {
    "steps": 1000,
    "batch_size": 128,
    "n_layer": 0,
    "n_head": 0,
    "n_embd": 0,
    "lr": 0.1,
    "weight_decay": 0.0,
}
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "cpu": {
        "modern": GPT2_CPU | MODERN | {"steps": 900, "batch_size": 16, "block_size": 128},
        "gpt2": GPT2_CPU,
        "lecture": LECTURE,
        "bigram": BIGRAM,
    },
    "baby": {
        "modern": GPT2_BABY | LARGE | {"steps": 1500},
        "gpt2": GPT2_BABY,
        "lecture": LECTURE_BABY,
        "bigram": BIGRAM,
    },
    "gpt2-124m": {
        "modern": GPT2_124M | LARGE,
        "gpt2": GPT2_124M,
    },
}


def table() -> str:
    """All presets side by side, a row for each option."""
    columns = [
        [preset, model, *(f"{v:g}" if isinstance(v, float) else str(v) for v in options.values())]
        for preset, models in PRESETS.items()
        for model, options in models.items()
    ]
    rows = zip(["--preset", "--model", *(name.replace("_", "-") for name in GPT2_CPU)], *columns)
    widths = [max(map(len, column)) for column in columns]
    return "\n".join(
        f"  {name:<13}" + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths))
        for name, *cells in rows
    )
