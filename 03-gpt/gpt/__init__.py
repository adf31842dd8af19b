"""Transformers that write Shakespeare: the lecture's, GPT-2, and a modern one beside them.

The files in reading order, and what each is for: see README.md.
"""

from gpt.load import load

__all__ = ["load"]
__version__ = "0.1.0"
