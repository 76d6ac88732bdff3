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

    from .scalars import Program


class Means(NamedTuple):
    """The mean loss, the place of the loss in the result, the means beside it by their places, the arrangement."""

    loss: Any
    place: int
    beside: dict[int, float]
    structure: Any

    def arranged(self) -> Any:
        """The means arranged as the result of the function is."""
        if self.structure == LEAF:
            return self.loss
        return rebuild(self.structure, [self.beside.get(k, self.loss) for k in range(len(self.beside) + 1)])


def place_of_loss(program: Program, name: str) -> int:
    """The one number of a result that is not plain. TypeError if there is no such number, or several."""
    count, plain = len(program.outputs), program.plain
    losses = [k for k in range(count) if k not in plain]
    if program.structure == LEAF:
        return 0
    if len(losses) != 1 or count == 1:
        raise several(name, program.structure)
    return losses[0]


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
    if structure == LEAF and all([own == LEAF for _, own in flat]):
        return Means(functions.mean(results), 0, {}, LEAF)
    columns = [*zip(*[leaves for leaves, _ in flat], strict=False)]
    losses = [k for k, column in enumerate(columns) if any([isinstance(x, Value) for x in column])]
    if len(losses) > 1 or len(columns) < 2 or any([own != structure for _, own in flat]):
        raise several(name, structure)
    place = losses[0] if losses else 0
    beside = {k: fsum(map(float, x)) / len(x) for k, x in enumerate(columns) if k != place}
    return Means(functions.mean(columns[place]), place, beside, structure)


def together(parts: Sequence[Means], shares: Sequence[float], name: str) -> Means:
    """The means over all examples, of those over parts of them, which are such shares of all."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if any([x.structure != first.structure or x.place != first.place for x in parts]):
        raise several(name, next(x.structure for x in parts if x.structure != LEAF))
    beside = {k: fsum([share * x.beside[k] for share, x in zip(shares, parts, strict=True)]) for k in first.beside}
    return first._replace(loss=functions.dot(shares, [x.loss for x in parts]), beside=beside)
