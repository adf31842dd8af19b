"""Character-level language models of words: one task, twelve models.

The files in reading order, and what each is for: see README.md.
"""

from makemore.load import load

__all__ = ["load"]
__version__ = "0.1.0"
