"""Batches: a jitted function over examples in lockstep, one column for each.

Where examples take different paths through the function, the columns are divided among them. A training loop asks for
means again and again: an :class:`Objective` keeps the examples and the variables in arrays, and answers in arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .averages import Averages
from .columns import owned
from .objective import Objective

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.value import Value

__all__ = ["Batch", "Objective", "owned"]


class Batch(Averages):
    """Examples for a jitted function: for each of its arguments an array, with a column for each example.

    The numbers are taken out of the arguments once, when the batch is made; those of Values each time. The arguments
    themselves are kept, for where the function itself has to run: they must not change (:func:`owned`).
    """

    def objective(self, variables: Sequence[Value]) -> Objective:
        """The mean over these examples as a function of variables, for a loop that minimises it."""
        return Objective(self, variables)
