"""micrograd: a scalar autograd engine, and a neural-network library on top of it."""

from micrograd.engine import Value

__all__ = ["Value"]
