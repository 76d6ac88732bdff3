"""Arrays: the variables of an array program, and views of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Integers = np.ndarray[Any, np.dtype[np.int64]]

EXAMPLES = "n"
"""The letter of the last axis, where there are examples."""

LETTERS = "abcd"
"""The letters of the axes of an array, as far as nothing calls them otherwise."""


class Role(Enum):
    """What an array is to the program."""

    INPUT = "input"
    CAPTURED = "captured"
    CONSTANT = "constant"
    COMPUTED = "computed"
    SHARED = "shared"
    """Computed by a statement, because several others need it."""
    SEED = "seed"
    """The derivative of what is asked for by the result."""


@dataclass(frozen=True, eq=False, repr=False)
class Array:
    """A variable of the program. Two are the same if they are one object.

    ``shape`` leaves the axis of examples out, which comes last where ``examples`` says so; ``derivative_of`` is the
    array by whose elements the result is differentiated here.
    """

    role: Role
    shape: tuple[int, ...]
    examples: bool = False
    derivative_of: Array | None = None
    terms_of: Array | None = None
    """The result of the row over a sequence that this is the operand of."""

    @property
    def size(self) -> int:
        """The number of elements, of one example."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    def __repr__(self) -> str:
        axes = " x ".join([*map(str, self.shape), *["n"] * self.examples]) or "1"
        return f"<{'d ' if self.derivative_of else ''}{self.role.value} {axes}>"


class Table:
    """An array of indices, or of numbers, that a program reads. Two of the same contents are equal."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = numbers
        self._key = numbers.shape, numbers.dtype.kind, numbers.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Table({self.numbers.tolist()!r})"


# Views: which elements of an array, and how they are arranged. -------------------------------------------------------


@dataclass(frozen=True)
class All:
    """Along an axis: every index."""


@dataclass(frozen=True)
class Span:
    """Along an axis: ``length`` indices from ``start`` on, ``step`` apart."""

    start: int
    length: int
    step: int = 1


@dataclass(frozen=True)
class At:
    """Along an axis: one index."""

    index: int


@dataclass(frozen=True)
class Gather:
    """Along an axis: the indices of a table."""

    table: Table


Along = All | Span | At | Gather


@dataclass(frozen=True)
class Pick:
    """``x[index]``: the first axes, as said; those not mentioned as they are."""

    index: tuple[Along, ...]


@dataclass(frozen=True)
class Reshape:
    """The same elements in another shape, (-1,) for all in one row; the axis of examples stays behind it."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Permute:
    """The axes in another order; the axis of examples stays behind them."""

    order: tuple[int, ...]


Move = Pick | Reshape | Permute


@dataclass(frozen=True)
class View:
    """Elements of an array: ``flat`` are their positions in it, in the shape that they have as an operand.

    ``flat`` is None for the array as it is. ``moves`` say how to get at the elements; ``injective``: none of them
    occurs twice; ``whole``: they are all that there are, in order.
    """

    array: Array
    flat: Table | None = None
    moves: tuple[Move, ...] = ()
    injective: bool = True
    whole: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of the view, without that of the examples."""
        return self.array.shape if self.flat is None else tuple(self.flat.numbers.shape)

    @property
    def gathers(self) -> bool:
        """Whether it is a copy, made by an index array."""
        return any([isinstance(x, Gather) for move in self.moves if isinstance(move, Pick) for x in move.index])

    def of(self, array: Array) -> View:
        """The same elements of another array of this shape."""
        return View(array, self.flat, self.moves, self.injective, self.whole)
