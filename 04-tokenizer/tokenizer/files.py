"""A tokenizer as a file, in three formats.

- `.model`, this project's own, with a `.vocab` beside it for people to read (`model_file`).
- `.tiktoken`: the ranks alone, as OpenAI publishes them (`model_file`).
- `.json`: Hugging Face's tokenizer.json, which the `tokenizers` package loads (`huggingface`).

A file is written under another name and renamed when it is complete. What is read is checked first.
"""

import os
from pathlib import Path

from tokenizer.huggingface import read_huggingface, write_huggingface
from tokenizer.model_file import (
    Model,
    read_model,
    read_tiktoken,
    write_model,
    write_tiktoken,
    write_vocab,
)


def save(path: Path, model: Model) -> None:
    """Write `model` in the format that the file's name asks for.

    Raises `ValueError` for what the format cannot hold.
    """
    if path.suffix == ".tiktoken":
        _write(path, write_tiktoken(model.ranks))
    elif path.suffix == ".json":
        _write(path, write_huggingface(model))
    else:
        prefix = path.with_suffix("") if path.suffix == ".model" else path
        _write(prefix.with_name(f"{prefix.name}.vocab"), write_vocab(model))
        _write(prefix.with_name(f"{prefix.name}.model"), write_model(model))


def load(path: Path, pattern: str) -> Model:
    """The tokenizer in a file; `pattern` is for the format that has none.

    Raises `ValueError` with the file's name if it is damaged, or not one of these formats.
    """
    if path.suffix not in (".model", ".tiktoken", ".json"):
        raise ValueError(f"{path}: the name must end in .model, .tiktoken or .json")
    try:
        text = path.read_bytes().decode()
        if path.suffix == ".model":
            return read_model(text)
        if path.suffix == ".json":
            return read_huggingface(text)
        return read_tiktoken(text, pattern)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _write(path: Path, text: str) -> None:
    """Write a file so that a kill never leaves it half done.

    The temporary file has a fixed name, so the next save overwrites what a killed one has left. Two
    processes must not save to the same path at once.
    """
    temporary = path.with_name(f".unfinished-{path.name}")
    try:
        with temporary.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
