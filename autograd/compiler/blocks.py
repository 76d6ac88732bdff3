"""Blocks: array programs as data.

A :class:`Block` holds statements over arrays, in the order in which they run; a :class:`Kernel` the functions of a
program. All of it is frozen: a pass takes a block and makes another. :func:`autograd.compiler.checks.check` says what a
block has to be, and tests run it after every pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .arrays import Array, Table, View
from .expressions import Expr, Read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Origin:
    """Where a statement comes from: what it does, for a comment, the shape of its result, and whether it is a sum.

    ``holder`` is the number of the rolled array that it computes, from where it is known which scalars these are.
    """

    what: str
    shape: tuple[int, ...]
    is_sum: bool = False
    holder: int = -1


@dataclass(frozen=True)
class Let:
    """array = value; ``axes`` are what the axes of the array are called in it."""

    array: Array
    value: Expr
    axes: str
    origin: Origin | None = None


@dataclass(frozen=True)
class Zeros:
    """An array of zeros, in the shape of another."""

    array: Array
    like: Array


@dataclass(frozen=True)
class Add:
    """Elements of an array += value. ``fresh``: nothing was added to them before, so = will do."""

    view: View
    value: Expr
    fresh: bool = False


@dataclass(frozen=True, eq=False)
class Tape:
    """What a loop keeps of each iteration. ``before``: how many it looks back to before the first."""

    before: int
    derivative_of: Tape | None = None


@dataclass(frozen=True, eq=False)
class Total:
    """What the iterations of a loop add up: the derivative by what they read from outside.

    ``steps``: whether each iteration has an element of its own. ``shape`` and ``examples`` are those of an element.
    """

    steps: bool
    shape: tuple[int, ...]
    examples: bool


@dataclass(frozen=True)
class Element:
    """An element of a tape, of a total, or of what is given: ``offset`` from the number of the iteration."""

    holder: Tape | Array | Total
    offset: int = 0


@dataclass(frozen=True)
class Given:
    """What a loop reads from outside as ``array``: once, or as ``holder`` with a row for each iteration."""

    array: Array
    value: Expr
    holder: Array | None


@dataclass(frozen=True)
class Loop:
    """``count`` iterations of a body, and what they keep as an array, the tapes beside each other.

    ``floats``: whether the body computes with single numbers, on Python's floats.
    """

    array: Array
    count: int
    body: Block
    floats: bool
    tapes: tuple[tuple[Tape, tuple[Expr | None, ...]], ...]
    """Each tape, with what stands on it before the first iteration."""
    given: tuple[Given, ...]
    reads: tuple[tuple[Array, Element], ...]
    keeps: tuple[tuple[Tape, Read], ...]
    arguments: tuple[Array, ...]
    """What the body reads, given or kept, in its order."""
    origin: Origin

    def source(self, argument: Array) -> Given | Element:
        """Where the body has an argument from."""
        given = next((x for x in self.given if x.array is argument), None)
        return given or next(entry for array, entry in self.reads if array is argument)


@dataclass(frozen=True)
class Back:
    """A loop backwards: ``tapes`` receive the derivatives by what it kept, out of ``upstream``."""

    loop: Loop
    upstream: Read
    tapes: tuple[Tape, ...]
    totals: tuple[Total, ...]
    reads: tuple[tuple[Array, Element], ...]
    body: Block
    adds: tuple[tuple[Element, Expr], ...]


@dataclass(frozen=True)
class Outcome(Expr):
    """What has gathered in a loop backwards: in a total, or in a row of a tape before the first iteration."""

    holder: Tape | Total
    row: int
    loop: Loop
    axes: str


Statement = Let | Zeros | Add | Loop | Back


@dataclass(frozen=True)
class Block:
    """Statements in the order in which they run."""

    statements: tuple[Statement, ...] = ()

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.statements)


@dataclass(frozen=True)
class Test:
    """A condition beside the result: whether all of these are (or are not) 0."""

    read: Read
    holds: bool


@dataclass(frozen=True)
class Function:
    """A function of a program: its name, what it takes, its statements, and what it returns.

    ``result`` is there but in one that returns conditions alone; ``by_inputs`` in one that returns derivatives.
    """

    name: str
    arguments: tuple[Array, ...]
    block: Block
    result: Read | None = None
    by_inputs: tuple[Expr, ...] | None = None
    tests: tuple[tuple[Test, ...], ...] = ()


@dataclass(frozen=True)
class Kernel:
    """A program: its functions, and what they share: what is captured, the derivatives by it, and constants."""

    functions: tuple[Function, ...]
    captured: Array
    gradient: Array
    constants: Array
    forward: Block
    """Every statement of the value, before rows are formulas."""
    tables: Mapping[Array, Table] = field(hash=False, compare=False)
    """The constants that the bodies of loops read."""
    wishes: dict[Array, str] = field(hash=False, compare=False)
    """What the inputs would be called."""
    labels: Mapping[Array, Mapping[int, str]] = field(hash=False, compare=False)
    """What the elements of arrays are labelled, by their positions."""
