"""How each model is trained: values for the options of train.py.

`default` takes one to two minutes on a core. `lecture` has the sizes, batch, steps and rates of
the lectures' notebooks: MLP (youtube.com/watch?v=TCH_1BHY58I), batch norm
(youtube.com/watch?v=P6sfmUTpUmc), WaveNet (youtube.com/watch?v=t3YJ5hKiMQ0).
"""

from typing import Any

COUNTED = ("bigram", "trigram")  # not trained
BY_LENGTH: dict[str, Any] = {"batches": "by-length", "lr": 4e-3}
WINDOWS: dict[str, Any] = {
    "batches": "random",
    "steps": 4000,
    "batch_size": 1024,
    "lr": 2e-3,
    "block_size": 8,
    "n_embd": 24,
    "n_hidden": 512,
    "dropout": 0.2,
}
RECURRENT = BY_LENGTH | {"n_embd": 32, "n_hidden": 256, "dropout": 0.2}
LECTURE: dict[str, Any] = {
    "batches": "random",
    "steps": 200_000,
    "batch_size": 32,
    "optimizer": "sgd",
    "lr": 0.1,
    "weight_decay": 0.0,
    "warm_up": 0,
    "decay": "step",
    "dropout": 0.0,
}
LECTURE_MLP = LECTURE | {"block_size": 3, "n_embd": 10, "n_hidden": 200}
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "default": {
        "bigram": {"smoothing": 1.0},
        "trigram": {"smoothing": 0.1},
        "bigram-net": {"batches": "random", "steps": 1000, "lr": 0.1, "weight_decay": 0.0},
        "bow": BY_LENGTH | {"steps": 4000, "batch_size": 128, "n_embd": 64, "n_hidden": 256},
        "mlp": WINDOWS | {"init": "kaiming"},
        "mlp-bn": WINDOWS,
        "rnn": RECURRENT | {"steps": 3000, "lr": 2e-3},
        "gru": RECURRENT,
        "lstm": RECURRENT | {"n_embd": 64, "dropout": 0.3},
        "wavenet": WINDOWS | {"steps": 3000, "n_hidden": 128, "dropout": 0.1},
        "wavenet-dilated": BY_LENGTH
        | {
            "steps": 3000,
            "batch_size": 128,
            "lr": 2e-3,
            "block_size": 8,
            "n_embd": 32,
            "n_hidden": 128,
            "dropout": 0.3,
        },
        "transformer": BY_LENGTH
        | {
            "steps": 3600,
            "batch_size": 128,
            "lr": 6e-3,
            "weight_decay": 0.05,
            "n_embd": 64,
            "n_layer": 3,
            "n_head": 4,
            "dropout": 0.1,
        },
    },
    "lecture": {
        "mlp": LECTURE_MLP | {"init": "normal"},
        "mlp-bn": LECTURE_MLP,
        "wavenet": LECTURE | {"decay_at": 0.75, "block_size": 8, "n_embd": 24, "n_hidden": 128},
    },
}
