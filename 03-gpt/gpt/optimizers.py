"""Who updates what: AdamW everything, or Muon the matrices and AdamW the rest.

Muon (Jordan 2024, kellerjordan.github.io/posts/muon) makes the update of a matrix orthogonal: all
its directions are then equally long, also those that few tokens ask for. It is for the matrices
between hidden layers; what is indexed by tokens, embeddings and output, stays with AdamW
(Loshchilov and Hutter 2017, arxiv.org/abs/1711.05101). Both are PyTorch's own.
"""

import torch
from torch import nn

from gpt.recipes import Recipe

NS_STEPS = 3  # of Newton and Schulz's iteration; with Jordan's 5, no better here, and slower


def optimizers_for(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """The optimisers of all parameters; a group's own `initial_lr` is its highest rate."""
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    embeddings, hidden, matrices, vectors = [], [], [], []
    for name, parameter in model.named_parameters():
        if id(parameter) in tables:
            embeddings.append(parameter)
        elif parameter.ndim < 2:
            vectors.append(parameter)
        elif name.startswith("blocks.") and recipe.muon_lr is not None:
            hidden.append(parameter)
        else:
            matrices.append(parameter)
    embedding_lr = recipe.lr if recipe.embedding_lr is None else recipe.embedding_lr
    groups = [
        {"params": embeddings, "lr": embedding_lr, "weight_decay": recipe.weight_decay},
        {"params": matrices, "lr": recipe.lr, "weight_decay": recipe.weight_decay},
        {"params": vectors, "lr": recipe.lr, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    betas = (0.9, recipe.beta2)
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, betas=betas, fused=True)]
    if hidden:
        lr, decay = recipe.muon_lr or 0.0, recipe.weight_decay
        found.append(torch.optim.Muon(hidden, lr, decay, ns_steps=NS_STEPS))
    for optimizer in found:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return found
