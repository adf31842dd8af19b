"""From files to what the lesson works with: a text or ids to learn from, and trained models.

    >>> model, vocabulary = load("runs/NAME")                        # doctest: +SKIP
    >>> ids = torch.tensor([vocabulary.encode("ROMEO:")])            # doctest: +SKIP
    >>> vocabulary.decode(model.generate(ids, 100)[0].tolist())      # doctest: +SKIP

A text becomes characters. A file `NAME.bin`, which the lesson 04-tokenizer writes, has ids, and
`NAME.json` beside it says what they are; it is mapped into memory, not read.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

import numpy
import tiktoken
from numpy.typing import NDArray

from gpt import pretrained
from gpt.chars import Chars
from gpt.data import Ids
from gpt.gpt2 import GPT2
from gpt.models import Model, build
from gpt.tokens import BPE, GPT2_TOKENS, Shards, parse_ranks
from shared import checkpoints, cli, datasets
from shared.runs import Run, checked, read_json

LESSON = "gpt"
RANKS = "tokenizer.tiktoken"  # the ranks of a vocabulary, beside its ids and in a run's folder
PIECE = 1 << 20  # characters that are encoded at once, so that few are Python integers

Vocabulary = Chars | BPE


class Description(TypedDict, total=False):
    """A vocabulary as JSON: characters, or what belongs to a file of ranks."""

    characters: str
    pattern: str | None
    sha256: str | None


class IdsMetadata(TypedDict):
    """The JSON that describes a file of ids."""

    dtype: Literal["uint16", "uint32"]
    byte_order: Literal["little"]
    vocab_size: int
    count: int
    sha256: str
    pattern: NotRequired[str]
    ranks_sha256: NotRequired[str]


@dataclass(frozen=True)
class Corpus:
    """What a model learns from: ids, and their meaning.

    `description` says where they are from, `sha256` identifies them. `floor`, where it is known, is
    the loss in nats per token below which no model can get.
    """

    ids: Ids
    vocabulary: Vocabulary
    description: str
    sha256: str
    floor: float | None = None


def open_corpus(data: str, vocabulary: Vocabulary | None = None) -> Corpus:
    """The ids in a file NAME.bin, or in all such files of a folder; or a text, as characters.

    A text is encoded in `vocabulary`, if it is given; ids must be in it. Raises `UserError` if
    there is nothing to learn from, or something is damaged.
    """
    path = Path(data)
    if path.suffix == ".bin" or path.is_dir():
        corpus = open_shards(path)
        if vocabulary is not None and describe(vocabulary) != describe(corpus.vocabulary):
            sizes = f"{len(corpus.vocabulary):,} tokens, and the model's {len(vocabulary):,}"
            raise cli.UserError(f"{data} has another vocabulary than the model: it has {sizes}")
        return corpus
    text = datasets.load("shakespeare", data)
    vocabulary = Chars.of(text.text) if vocabulary is None else vocabulary
    floor = text.nats_per_character if isinstance(vocabulary, Chars) else None
    return Corpus(encode(text.text, vocabulary), vocabulary, str(text), text.sha256, floor)


def encode(text: str, vocabulary: Vocabulary) -> NDArray[numpy.unsignedinteger]:
    """The ids of a long text, in 2 or 4 bytes each."""
    dtype = numpy.uint16 if len(vocabulary) <= 2**16 else numpy.uint32
    if isinstance(vocabulary, BPE):
        ids = vocabulary.encoding.encode_to_numpy(text, disallowed_special=())
        return ids.astype(dtype, copy=False)
    require_known(text, vocabulary)
    pieces = [
        numpy.array(vocabulary.encode(text[start : start + PIECE]), dtype)
        for start in range(0, len(text), PIECE)
    ]
    return numpy.concatenate(pieces)


def require_known(text: str, vocabulary: Vocabulary) -> None:
    """Raise `UserError` if a character of the text is not in the vocabulary."""
    if isinstance(vocabulary, Chars) and (unknown := sorted(set(text) - set(vocabulary.stoi))):
        known = f"the model was trained on {vocabulary.characters!r} only"
        raise cli.UserError(f"the text has the character {unknown[0]!r}, and {known}")


def open_shards(path: Path) -> Corpus:
    """The ids in a file, or in all files NAME.bin of a folder, one after the other.

    Their meaning is in `tokenizer.tiktoken` beside them; without it, they are GPT-2's tokens if
    the vocabulary is as large. Raises `UserError` if a file is not as long as its JSON says, or
    their meaning is unknown.
    """
    files = sorted(path.glob("[!.]*.bin")) if path.is_dir() else [path]  # .x.bin is unfinished
    if not files:
        raise cli.UserError(f"{path} has no files of ids, NAME.bin")
    first = read_metadata(files[0])
    arrays, digest = [], hashlib.sha256()
    for file in files:
        metadata = read_metadata(file)
        if any(metadata.get(key) != first.get(key) for key in ("vocab_size", "pattern")):
            raise cli.UserError(f"{file} has another vocabulary than {files[0]}; keep them apart")
        dtype = numpy.dtype(metadata["dtype"]).newbyteorder("<")
        size = file.stat().st_size
        if size == 0:
            raise cli.UserError(f"{file} is empty; give a file that has ids")
        if size != metadata["count"] * dtype.itemsize:
            says = f"its JSON says {metadata['count'] * dtype.itemsize:,}"
            raise cli.UserError(f"{file} has {size:,} bytes, and {says}; encode the text again")
        arrays.append(numpy.memmap(file, dtype, "r"))
        digest.update(metadata["sha256"].encode())
    vocabulary = vocabulary_of(files[0], first)
    ids = Shards(arrays)
    sha256 = first["sha256"] if len(files) == 1 else digest.hexdigest()
    name = str(files[0]) if len(files) == 1 else f"{len(files)} files like {files[0]}"
    return Corpus(ids, vocabulary, f"{name} ({len(ids):,} tokens, SHA-256 {sha256[:12]}…)", sha256)


def read_metadata(file: Path) -> IdsMetadata:
    """The JSON beside a file of ids; raises `UserError` if it is missing or damaged."""
    path = file.with_suffix(".json")
    try:
        return read_json(path, IdsMetadata)
    except FileNotFoundError:
        raise cli.UserError(f"{file} has no {path.name} beside it, which describes it") from None


def vocabulary_of(file: Path, metadata: IdsMetadata) -> Vocabulary:
    """The meaning of the ids in a file; raises `UserError` if it is unknown."""
    ranks, pattern, size = file.with_name(RANKS), metadata.get("pattern"), metadata["vocab_size"]
    if ranks.is_file() and pattern is not None:
        vocabulary = read_bpe(ranks, pattern, metadata.get("ranks_sha256"))
        if len(vocabulary) != size:
            sizes = f"{len(vocabulary):,} tokens, and {file} {size:,}"
            raise cli.UserError(f"{ranks} belongs to another vocabulary: it has {sizes}")
        return vocabulary
    if size == GPT2_TOKENS:
        return gpt2_bpe()
    missing = f"there is no {RANKS} beside it, with a pattern in its JSON"
    raise cli.UserError(f"the meaning of the ids in {file} is unknown: {missing}")


def read_bpe(path: Path, pattern: str, sha256: str | None = None) -> BPE:
    """The encoding with the ranks in this file; raises `UserError` unless they have this hash."""
    try:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if sha256 not in (None, digest):
            raise cli.UserError(f"{path} belongs to another run: its SHA-256 is {digest[:12]}…")
        ranks = parse_ranks(content)
        encoding = tiktoken.Encoding(
            path.stem, pat_str=pattern, mergeable_ranks=ranks, special_tokens={}
        )
    except FileNotFoundError:
        raise cli.UserError(f"the tokenizer's ranks, {path}, are missing") from None
    except ValueError as error:
        raise cli.UserError(f"{path} is not a file of a tokenizer's ranks ({error})") from None
    return BPE(encoding, pattern, content)


def gpt2_bpe() -> BPE:
    """GPT-2's own encoding; raises `OSError` if tiktoken cannot get it."""
    try:
        return BPE(tiktoken.get_encoding("gpt2"))
    except OSError as error:
        raise OSError(f"tiktoken cannot download GPT-2's encoding: {error}") from None


def describe(vocabulary: Vocabulary) -> Description:
    """A vocabulary as JSON, which `restore` reads."""
    if isinstance(vocabulary, Chars):
        return {"characters": vocabulary.characters}
    return {"pattern": vocabulary.pattern, "sha256": vocabulary.sha256}


def restore(description: object, folder: Path) -> Vocabulary:
    """The vocabulary that `describe` described; its ranks, if it has any, are in `folder`."""
    stored = checked(description, Description, f"the vocabulary of {folder}")
    if "characters" in stored:
        return Chars(stored["characters"])
    if (pattern := stored.get("pattern")) is None:
        return gpt2_bpe()
    return read_bpe(folder / RANKS, pattern, stored.get("sha256"))


def start_ids(vocabulary: Vocabulary) -> list[int]:
    """What a text without a prompt continues: the end of a line, or else the first token."""
    try:
        return vocabulary.encode("\n")
    except ValueError:
        return [0]


def load(name: str | Path) -> tuple[Model, Vocabulary]:
    """A trained model and its vocabulary: the best weights of a run, or a GPT-2.

    `name` is a run folder, a folder in Hugging Face's layout, or the name of a GPT-2 on its hub.
    Raises `UserError` if it is none of them.
    """
    folder = Path(name)
    if is_gpt2(name):
        folder = find_gpt2(str(name))
        return load_gpt2(folder).eval(), gpt2_vocabulary(folder)
    Run.open(folder, LESSON)
    checkpoint = checkpoints.load(folder / "model.safetensors")
    metadata = checkpoint.metadata
    if metadata.get("lesson") != LESSON:
        raise cli.UserError(f"{folder}/model.safetensors is not from this lesson; use another run")
    model = build(metadata["model"], metadata["vocab_size"], **metadata["sizes"])
    model.load_state_dict(checkpoint.part("model"))
    return model.eval(), restore(metadata["vocabulary"], folder)


def is_gpt2(name: str | Path) -> bool:
    """Whether this is a GPT-2 in Hugging Face's layout, or on its hub, rather than a run."""
    folder = Path(name)
    return not folder.is_dir() or "model_type" in Run(folder, LESSON).read_config()


def find_gpt2(name: str) -> Path:
    """The folder of a GPT-2, or a copy of one on the hub; raises `UserError` if it is not one."""
    try:
        folder = pretrained.find(name)
        pretrained.read_config(folder)
    except pretrained.LoadError as error:
        raise cli.UserError(str(error)) from None
    return folder


def load_gpt2(folder: Path, block_size: int | None = None, dropout: float = 0.0) -> GPT2:
    """`pretrained.load`; raises `UserError` if the weights are damaged."""
    try:
        return pretrained.load(folder, block_size, dropout)
    except pretrained.LoadError as error:
        raise cli.UserError(str(error)) from None


def gpt2_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of the GPT-2 in this folder; raises `UserError` if it is unknown."""
    config = pretrained.read_config(folder)
    if "vocabulary" in config:  # `export` wrote it
        return restore(config["vocabulary"], folder)
    if config["vocab_size"] == GPT2_TOKENS:
        return gpt2_bpe()
    unknown = f"the meaning of the {config['vocab_size']:,} tokens of {folder} is unknown"
    raise cli.UserError(f"{unknown}: GPT-2 has {GPT2_TOKENS:,}")
