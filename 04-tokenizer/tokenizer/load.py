"""The text that `train.py` learns from: one of the lecture's, or files of any size."""

import hashlib
from collections.abc import Iterator
from math import ceil
from pathlib import Path

from shared import cli, datasets
from tokenizer.counting import BLOCK, blocks_of_file, blocks_of_text
from tokenizer.fast_split import FastSplitter


class Corpus:
    """A text that need not fit into memory; `about` describes it, `sha256` is that of all files."""

    def __init__(self, data: tuple[str, ...]) -> None:
        self.text: str | None = None
        self.paths: list[Path] = []
        if data in (("shakespeare",), ("bundled",)):
            dataset = datasets.load("shakespeare", data[0])
            self.text, self.sha256, self.about = dataset.text, dataset.sha256, str(dataset)
            self.n_blocks = ceil(len(dataset.text) / BLOCK)
            return
        for name in data:
            self.paths += _find(Path(name))
        sizes = [path.stat().st_size for path in self.paths]
        self.n_blocks = sum(ceil(size / BLOCK) for size in sizes)
        self.sha256 = sha256(self.paths)
        files = str(self.paths[0]) if len(self.paths) == 1 else f"{len(self.paths)} files"
        self.about = f"{files} ({sum(sizes):,} bytes, SHA-256 {self.sha256[:12]}…)"

    def blocks(self, split: FastSplitter) -> Iterator[str]:
        """The text in blocks that end where the pattern cuts: `n_blocks`, perhaps one more."""
        if self.text is not None:
            yield from blocks_of_text(self.text, split)
        for path in self.paths:
            try:
                yield from blocks_of_file(path, split)
            except ValueError as error:
                raise cli.UserError(f"--data: {error}; convert it to UTF-8") from None


def _find(path: Path) -> list[Path]:
    """The file, or the .txt files in the folder."""
    if not path.exists():
        known = "give files or folders; or shakespeare or bundled, alone"
        raise cli.UserError(f"--data: there is no file or folder '{path}'; {known}")
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*.txt") if file.is_file())
    if not found:
        raise cli.UserError(f"--data: the folder '{path}' has no .txt files; name files instead")
    return found


def sha256(paths: list[Path]) -> str:
    """The hash of all files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while content := file.read(1 << 20):
                digest.update(content)
    return digest.hexdigest()
