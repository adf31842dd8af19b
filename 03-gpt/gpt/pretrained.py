"""GPT-2's weights, from and to the layout of Hugging Face's `transformers`.

After "Let's reproduce GPT-2" (youtube.com/watch?v=l8pRSuU81PU). A folder in that layout
has `config.json` and `model.safetensors`. The matrices of its attention and MLP lie transposed, for
OpenAI wrote them as convolutions; the output is not stored, since it is the token embedding.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gpt.bpe import BPE, GPT2_TOKENS
from gpt.corpus import Vocabulary, restore
from gpt.model import GPT

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
FIXED = {  # what our model does, and a config.json that says otherwise is of another model
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
    "n_inner": None,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
}


def find(name: str) -> Path:
    """The folder of this name; if there is none, a copy of what the hub has under it.

    Raises `ValueError` when there is neither.
    """
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        wanted = ["config.json", "model.safetensors"]
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (HFValidationError, RepositoryNotFoundError):
        raise ValueError(f"{name} is neither a folder nor a model on Hugging Face's hub") from None
    except Exception as error:  # of the network, of which there are many kinds
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"{name} is no folder, and the hub cannot be reached: {reason}") from None


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a GPT-2; raises `ValueError` for another model's, or when there is none."""
    path = folder / "config.json"
    try:
        config = dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ValueError(f"{folder} has no config.json; give a folder with a GPT-2") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    for key, ours in FIXED.items():
        if config.get(key, ours) != ours:
            wrong = f"{key} is {config[key]!r}, not {ours!r}"
            raise ValueError(f"{path} is not a GPT-2's that fits: {wrong}")
    for key in (*SIZES, "vocab_size", "model_type"):
        if not isinstance(config.get(key), str if key == "model_type" else int):
            raise ValueError(f"{path} is not a GPT-2's: {key} is {config.get(key)!r}")
    return config


def vocabulary(folder: Path) -> Vocabulary:
    """What the tokens of the GPT-2 in this folder mean; raises `ValueError` if it is not known."""
    config = read_config(folder)
    if "vocabulary" in config:  # that we have written
        return restore(config["vocabulary"], folder)
    if config["vocab_size"] == GPT2_TOKENS:
        return BPE.gpt2()
    unknown = f"what the {config['vocab_size']:,} tokens of {folder} mean is unknown"
    raise ValueError(f"{unknown}; GPT-2 has {GPT2_TOKENS:,}")


def load(folder: Path, dropout: float = 0.0) -> GPT:
    """The GPT-2 in this folder; raises `ValueError` when it is damaged or another model."""
    config = read_config(folder)
    sizes = {ours: config[theirs] for theirs, ours in SIZES.items()}
    model = GPT(config["vocab_size"], **sizes, dropout=dropout)
    path = folder / "model.safetensors"
    try:
        tensors = from_theirs(load_file(path))
    except FileNotFoundError:
        raise ValueError(f"{folder} has no model.safetensors") from None
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}); fetch it anew") from None
    wanted = model.state_dict()
    for name in sorted(set(wanted) | set(tensors)):
        ours, theirs = (named[name].shape if name in named else None for named in (wanted, tensors))
        if ours != theirs:
            raise ValueError(f"{path} has not the shape of its config.json: {name} is {theirs}")
    model.load_state_dict(tensors)
    return model


def save(model: GPT, folder: Path, **more: Any) -> None:
    """Write `config.json` and `model.safetensors`, for `transformers` or for `load`.

    `more` is added to the config. Raises `OSError` when the folder exists or cannot be written;
    it is then as before.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    sizes = {theirs: model.sizes[ours] for theirs, ours in SIZES.items()}
    sizes["vocab_size"] = model.vocab_size
    config = {"architectures": ["GPT2LMHeadModel"], **FIXED, **sizes, **more}
    text = json.dumps({**config, "bos_token_id": None, "eos_token_id": None}, indent=2)
    try:
        save_file(to_theirs(model.state_dict()), folder / "model.safetensors", {"format": "pt"})
        (folder / "config.json").write_text(text + "\n", encoding="utf-8")
    except Exception as error:  # safetensors' own kind, which has the system's words in it
        shutil.rmtree(folder)
        raise OSError(f"{folder} could not be written: {error}") from None


def from_theirs(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Their tensors under our names, matrices turned; masks that old files carry are left out."""
    found = {}
    for theirs, tensor in tensors.items():
        name = theirs.removeprefix("transformer.")
        if name.endswith((".attn.bias", ".attn.masked_bias")) or name == "lm_head.weight":
            continue
        for their, our in OURS.items():
            if name.startswith(their) or (their[0] == "." and their in name):
                name = name.replace(their, our, 1)
        found[name] = tensor.T if name.endswith(TRANSPOSED) else tensor
    return found


def to_theirs(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same, the other way round."""
    found = {}
    for name, tensor in tensors.items():
        turned = tensor.T if name.endswith(TRANSPOSED) else tensor
        theirs = name
        for their, our in OURS.items():
            theirs = theirs.replace(our, their, 1)
        found[f"transformer.{theirs}"] = turned.contiguous().cpu()
    return found
