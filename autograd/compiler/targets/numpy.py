"""NumPy as a target: plain formulas; where an operation leaves its domain, the function itself takes over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.linearise import Readings
from autograd.compiler.printers.python import Python
from autograd.compiler.reading import of_floats, plain

from .target import Target
from .words import FLOATS, finite, floats, holding, own_function, scatter, vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.compiler.blocks import Kernel
    from autograd.compiler.expressions import Own


class NumPy(Target):
    """Runs programs on NumPy."""

    def __init__(self) -> None:
        self.readings = Readings(plain(), of_floats())

    def words(self) -> dict[str, Any]:
        """What its text may name."""
        loops = {**FLOATS, "finite": finite, "floats": floats, "holding": holding}
        return {**vocabulary(np, scatter=scatter), **loops}

    def printer(self, program: Kernel, words: dict[str, Any]) -> Python:
        """What prints a kernel for it."""
        return Python(program, words)

    def own_function(self, own: Own) -> Callable[..., Any]:
        """A row that a user has made, as a function; outside its domain an error that hands over to the function."""
        return own_function(own, outside)


def outside(error: Exception) -> float:
    """What an element is where a row that a user has made raises."""
    raise FloatingPointError(str(error)) from error


NUMPY = NumPy()
