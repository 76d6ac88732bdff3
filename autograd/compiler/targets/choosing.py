"""Choosing a target by the name of its library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .library import Library

LIBRARIES = ("jax", "torch")
"""The libraries beside NumPy."""


def library(xp: str) -> Library:
    """The library of this name; ValueError for another one, ImportError where it is not installed."""
    if xp not in LIBRARIES:  # an unhashable one too
        raise ValueError(f'jit: expected xp to be "numpy", "jax" or "torch", got {xp!r}')
    try:
        if xp == "jax":
            from .jax import Jax

            return Jax()
        from .torch import Torch

        return Torch()
    except ImportError as error:
        raise ImportError(f"jit: xp={xp!r} needs {xp}, which is not installed here: pip install {xp}") from error
