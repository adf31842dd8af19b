"""AdamW for everything, or Muon for the matrices and AdamW for the rest.

Muon (Jordan 2024, kellerjordan.github.io/posts/muon) makes the update of a matrix orthogonal, so
that it moves all directions equally far, also those that few tokens ask for. It is for the matrices
between hidden layers; what is indexed by tokens, embeddings and output, stays with AdamW
(Loshchilov and Hutter 2017, arxiv.org/abs/1711.05101). Both are PyTorch's own.
"""

import torch
from torch import nn

NS_STEPS = 3  # Newton-Schulz iterations; Jordan's 5 are slower and no better here


def make_optimizers(
    model: nn.Module,
    lr: float,
    muon_lr: float = 0.0,
    embedding_lr: float = 0.0,
    weight_decay: float = 0.0,
    beta2: float = 0.99,
) -> list[torch.optim.Optimizer]:
    """AdamW with `lr`, and `embedding_lr` for embeddings; Muon for the blocks, if `muon_lr` > 0.

    An `embedding_lr` of 0 means `lr`. Vectors, such as biases, are not decayed.
    """
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    embeddings, hidden, matrices, vectors = [], [], [], []
    for name, parameter in model.named_parameters():
        if id(parameter) in tables:
            embeddings.append(parameter)
        elif parameter.ndim < 2:
            vectors.append(parameter)
        elif name.startswith("blocks.") and muon_lr > 0:
            hidden.append(parameter)
        else:
            matrices.append(parameter)
    groups = [
        {"params": embeddings, "lr": embedding_lr or lr, "weight_decay": weight_decay},
        {"params": matrices, "lr": lr, "weight_decay": weight_decay},
        {"params": vectors, "lr": lr, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(groups, betas=(0.9, beta2), fused=True)
    ]
    if hidden:
        optimizers.append(torch.optim.Muon(hidden, muon_lr, weight_decay, ns_steps=NS_STEPS))
    return optimizers
