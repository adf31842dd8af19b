"""A decoder-only Transformer that writes Shakespeare: the lecture's, and a modern one beside it.

The files in reading order, and what each is for: see README.md.
"""

__version__ = "0.1.0"
