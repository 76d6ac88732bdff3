"""Means: over examples of a loss that may have plain numbers beside it, such as an accuracy.

The mean of the loss is a node; those of the numbers beside it are numbers. The result of ``f.mean`` is arranged as that
of ``f`` is.
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import functions
from autograd.structures import LEAF, flatten, names, rebuild
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .scalars import Scalars


class Means(NamedTuple):
    """The mean of each number of a result, which of them is the loss (None if all are plain), and the arrangement."""

    numbers: Sequence[Any]
    place: int | None
    structure: Any

    @property
    def loss(self) -> Any:
        """The mean loss."""
        return self.numbers[self.place or 0]

    def arranged(self) -> Any:
        """The means arranged as the result of the function is."""
        return rebuild(self.structure, self.numbers)


def place_of_loss(program: Scalars, name: str) -> int | None:
    """The one number of a result that is not plain; None if all are. TypeError if there are several."""
    count, plain = len(program.outputs), program.plain
    if program.structure == LEAF:
        return 0
    losses = [k for k in range(count) if k not in plain]
    if len(losses) > 1 or count == 1:
        raise several(name, program.structure)
    return losses[0] if losses else None


def several(name: str, structure: Any) -> TypeError:
    """The error for a result that has no mean."""
    return TypeError(
        f"jit: expected {name} to return a single number for mean, and at most plain numbers beside it, got a result "
        f"arranged as {names(structure, 'result')[:4]}"
    )


def of_results(results: Sequence[Any], name: str) -> Means:
    """The means of the function's own results. TypeError if they have none, or are arranged unlike each other."""
    flat = [flatten(x, f"jit: the result of {name}") for x in results]
    structure = flat[0][1]
    columns = [*zip(*[leaves for leaves, _ in flat], strict=False)]
    losses = [k for k, column in enumerate(columns) if any([isinstance(x, Value) for x in column])]
    alone = structure == LEAF
    if len(losses) > 1 or len(columns) < 2 - alone or any([own != structure for _, own in flat]):
        raise several(name, structure)
    numbers = [functions.mean(column) if alone or k in losses else average(column) for k, column in enumerate(columns)]
    return Means(numbers, 0 if alone else losses[0] if losses else None, structure)


def average(numbers: Sequence[Any]) -> float:
    """The mean of plain numbers."""
    return fsum(map(float, numbers)) / len(numbers)


def together(parts: Sequence[Means], shares: Sequence[float], name: str) -> Means:
    """The means over all examples, of those over parts of them, which are such shares of all."""
    first = parts[0]
    if len(parts) == 1:
        return first
    places = {x.place for x in parts} - {None}
    if len(places) > 1 or any([x.structure != first.structure for x in parts]):
        raise several(name, next((x.structure for x in parts if x.structure != LEAF), LEAF))
    place = next(iter(places), None)
    numbers = [
        functions.dot(shares, each) if k == place else fsum([share * x for share, x in zip(shares, each, strict=True)])
        for k, each in enumerate(zip(*[x.numbers for x in parts], strict=True))
    ]
    return Means(numbers, place, first.structure)
