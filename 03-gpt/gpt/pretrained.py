"""GPT-2's weights, from and to the layout of Hugging Face's `transformers`.

After "Let's reproduce GPT-2" (youtube.com/watch?v=l8pRSuU81PU). A folder in that layout has
`config.json` and `model.safetensors`. Its attention and MLP matrices are transposed, since OpenAI
wrote them as convolutions; the output is not stored, since it is the token embedding.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gpt.gpt2 import GPT2

OURS = {  # their names: ours
    "wte.": "token_embedding.",
    "wpe.": "position_embedding.",
    "ln_f.": "norm.",
    "h.": "blocks.",
    ".ln_1.": ".norm1.",
    ".ln_2.": ".norm2.",
    ".attn.c_attn.": ".attention.query_key_value.",
    ".attn.c_proj.": ".attention.project.",
    ".mlp.c_fc.": ".mlp.expand.",
    ".mlp.c_proj.": ".mlp.project.",
}
TRANSPOSED = ("query_key_value.weight", "project.weight", "expand.weight")
SIZES = {"n_positions": "block_size", "n_layer": "n_layer", "n_head": "n_head", "n_embd": "n_embd"}
FIXED = {  # what our model does; a config.json that says otherwise belongs to another one
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
    "n_inner": None,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
}


class LoadError(ValueError):
    """A GPT-2 cannot be loaded; the message says why."""


def find(name: str) -> Path:
    """The folder of this name, or a copy of what the hub has under it.

    Raises `LoadError` if there is neither.
    """
    if Path(name).is_dir():
        return Path(name)
    try:
        files = ["config.json", "model.safetensors"]
        return Path(snapshot_download(name, allow_patterns=files))
    except (HFValidationError, RepositoryNotFoundError):
        raise LoadError(f"{name} is neither a folder nor a model on Hugging Face's hub") from None
    except Exception as error:  # of the network, of which there are many kinds
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise LoadError(f"{name} is not a folder, and the hub did not answer: {reason}") from None


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a GPT-2; raises `LoadError` if it is missing or another model's."""
    path = folder / "config.json"
    try:
        config = dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise LoadError(f"{folder} has no config.json; give a folder with a GPT-2") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise LoadError(f"{path} is damaged: {error}") from None
    for key, ours in FIXED.items():
        if config.get(key, ours) != ours:
            raise LoadError(f"{path} is not a GPT-2's: {key} is {config[key]!r}, not {ours!r}")
    if "model_type" not in config:
        raise LoadError(f"{path} is not a GPT-2's: it has no model_type")
    for key in (*SIZES, "vocab_size"):
        if type(config.get(key)) is not int or config[key] < 1:
            raise LoadError(f"{path} is not a GPT-2's: {key} is {config.get(key)!r}")
    if config["n_embd"] % config["n_head"]:
        raise LoadError(f"{path} is damaged: n_embd is not a multiple of n_head")
    return config


def sizes(folder: Path) -> dict[str, int]:
    """The sizes of the GPT-2 in this folder, under our names."""
    config = read_config(folder)
    return {ours: config[theirs] for theirs, ours in SIZES.items()}


def load(folder: Path, block_size: int | None = None, dropout: float = 0.0) -> GPT2:
    """The GPT-2 in this folder, with its context cut down to `block_size`.

    Raises `LoadError` if it is damaged or another model.
    """
    config, path = read_config(folder), folder / "model.safetensors"
    try:
        tensors = from_theirs(load_file(path))
    except FileNotFoundError:
        raise LoadError(f"{folder} has no model.safetensors") from None
    except SafetensorError as error:
        raise LoadError(f"{path} is damaged ({error}); download it again") from None
    model = GPT2(config["vocab_size"], **sizes(folder), dropout=dropout)
    expected = model.state_dict()
    for name in sorted(set(expected) | set(tensors)):
        ours, theirs = (
            named[name].shape if name in named else None for named in (expected, tensors)
        )
        if ours != theirs:
            raise LoadError(
                f"{path} does not have the shape of its config.json: {name} is {theirs}"
            )
    if block_size is not None and block_size < model.block_size:
        model = GPT2(model.vocab_size, **{**model.sizes, "block_size": block_size})
        positions = tensors["position_embedding.weight"][:block_size]
        tensors["position_embedding.weight"] = positions
    model.load_state_dict(tensors)
    return model


def save(model: GPT2, folder: Path, **more: Any) -> None:
    """Write `config.json` and `model.safetensors`, for `transformers` or for `load`.

    `more` is added to the config. Raises `OSError` if the folder exists or cannot be written; it
    is then left as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    named = {theirs: model.sizes[ours] for theirs, ours in SIZES.items()}
    config = {"architectures": ["GPT2LMHeadModel"], **FIXED, **named, **more}
    config |= {"vocab_size": model.vocab_size, "bos_token_id": None, "eos_token_id": None}
    try:
        save_file(to_theirs(model.state_dict()), folder / "model.safetensors", {"format": "pt"})
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    except Exception as error:  # safetensors raises its own kind, with the system's message in it
        shutil.rmtree(folder)
        raise OSError(f"{folder} could not be written: {error}") from None


def from_theirs(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Their tensors under our names, matrices transposed, without the masks of old files."""
    renamed = {}
    for theirs, tensor in tensors.items():
        name = theirs.removeprefix("transformer.")
        if name.endswith((".attn.bias", ".attn.masked_bias")) or name == "lm_head.weight":
            continue
        for their, our in OURS.items():
            if name.startswith(their) or (their[0] == "." and their in name):
                name = name.replace(their, our, 1)
        renamed[name] = tensor.T if name.endswith(TRANSPOSED) else tensor
    return renamed


def to_theirs(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The other way round."""
    renamed = {}
    for name, tensor in tensors.items():
        turned = tensor.T if name.endswith(TRANSPOSED) else tensor
        theirs = name
        for their, our in OURS.items():
            theirs = theirs.replace(our, their, 1)
        renamed[f"transformer.{theirs}"] = turned.contiguous().cpu()
    return renamed
