"""Expressions: the formulas of an array program, as trees with a type.

The type of an expression is its ``axes``: one letter for each axis, those of the statement that it stands in first, and
``n``, the axis of examples, last. So in ``z[a] = sum_k W[a, k] x[k]`` the axes of ``W`` are ``ak``, those of ``x`` are
``k``, or ``kn`` in a batch, and those of their :class:`Contract` are ``a``, or ``an``.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .arrays import EXAMPLES, Array, Move, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from autograd.rules import Rule


class Expr:
    """A formula over arrays. Arithmetic on expressions makes further ones."""

    __slots__ = ()
    axes: str

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The expressions that it is made of."""
        return ()

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:  # noqa: ARG002 - of one that has none
        """The same, made of others."""
        return self

    def __add__(self, other: Any) -> Expr:
        return Apply("+", (self, lifted(other)))

    def __radd__(self, other: Any) -> Expr:
        return Apply("+", (lifted(other), self))

    def __sub__(self, other: Any) -> Expr:
        return Apply("-", (self, lifted(other)))

    def __rsub__(self, other: Any) -> Expr:
        return Apply("-", (lifted(other), self))

    def __mul__(self, other: Any) -> Expr:
        return Apply("*", (self, lifted(other)))

    def __rmul__(self, other: Any) -> Expr:
        return Apply("*", (lifted(other), self))

    def __truediv__(self, other: Any) -> Expr:
        return Apply("/", (self, lifted(other)))

    def __rtruediv__(self, other: Any) -> Expr:
        return Apply("/", (lifted(other), self))

    def __mod__(self, other: Any) -> Expr:
        return Apply("%", (self, lifted(other)))

    def __rmod__(self, other: Any) -> Expr:
        return Apply("%", (lifted(other), self))

    def __floordiv__(self, other: Any) -> Expr:
        return Apply("//", (self, lifted(other)))

    def __rfloordiv__(self, other: Any) -> Expr:
        return Apply("//", (lifted(other), self))

    def __pow__(self, other: Any) -> Expr:
        return Apply("**", (self, lifted(other)))

    def __neg__(self) -> Expr:
        return Apply("neg", (self,))

    def __pos__(self) -> Expr:
        return self


@dataclass(frozen=True)
class Number(Expr):
    """A number; ``short``: one of a formula of the table, where 2.0 is written 2."""

    value: float
    short: bool = False
    axes = ""


@dataclass(frozen=True)
class Read(Expr):
    """Elements of an array."""

    view: View
    axes: str


@dataclass(frozen=True)
class Apply(Expr):
    """An operation, element by element: a sign, the name of a function, or a row that a user has made."""

    operation: str | Own
    operands: tuple[Expr, ...]

    @cached_property
    def axes(self) -> str:  # type: ignore[override]
        """All that the operands have, in their order, that of the examples last."""
        return united([x.axes for x in self.operands])

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The operands."""
        return self.operands

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """The same operation of others."""
        return Apply(self.operation, parts)


@dataclass(frozen=True)
class Own:
    """A row that a user has made, or that tells whether another fails: its value (index -1), or one of its partials.

    ``floats``: over single floats.
    """

    row: Rule
    index: int
    floats: bool = False


@dataclass(frozen=True)
class Row(Expr):
    """A row of the table of its operands, before its formula is written in its place."""

    row: Rule
    operands: tuple[Expr, ...]
    axes: str

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The operands."""
        return self.operands

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """The same row of others."""
        return Row(self.row, parts, self.axes)


@dataclass(frozen=True)
class Contract(Expr):
    """The product of two arrays, summed over the letters that ``axes`` does not have."""

    left: Expr
    right: Expr
    axes: str

    @property
    def parts(self) -> tuple[Expr, ...]:
        """Both sides."""
        return self.left, self.right

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """The contraction of others."""
        left, right = parts
        return Contract(left, right, self.axes)


@dataclass(frozen=True)
class Sum(Expr):
    """The sum over the axes that ``axes`` does not have."""

    x: Expr
    axes: str

    @property
    def parts(self) -> tuple[Expr, ...]:
        """What is summed."""
        return (self.x,)

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """The sum of another."""
        return Sum(parts[0], self.axes)


@dataclass(frozen=True)
class Reduce(Expr):
    """A formula of sequences, which run along their first axis: that is gone in the result."""

    x: Expr
    axes: str

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The formula."""
        return (self.x,)

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """Another formula."""
        return Reduce(parts[0], self.axes)


@dataclass(frozen=True)
class Stretch(Expr):
    """The same with more axes, along which it is repeated."""

    x: Expr
    axes: str

    @property
    def parts(self) -> tuple[Expr, ...]:
        """What is repeated."""
        return (self.x,)

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """The repetition of another."""
        return Stretch(parts[0], self.axes)


@dataclass(frozen=True)
class Moved(Expr):
    """The elements of an expression in another arrangement, or some of them."""

    x: Expr
    moves: tuple[Move, ...]
    axes: str

    @property
    def parts(self) -> tuple[Expr, ...]:
        """What is arranged."""
        return (self.x,)

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """The arrangement of another."""
        return Moved(parts[0], self.moves, self.axes)


@dataclass(frozen=True)
class Join(Expr):
    """The parts one after the other: vectors, and single numbers."""

    pieces: tuple[Expr, ...]
    axes: str

    @property
    def parts(self) -> tuple[Expr, ...]:
        """What is joined."""
        return self.pieces

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """Others joined."""
        return Join(parts, self.axes)


@dataclass(frozen=True)
class Filled(Expr):
    """A number, or numbers that are to be repeated, in the shape of an array."""

    x: Expr
    like: Array
    axes: str

    @property
    def parts(self) -> tuple[Expr, ...]:
        """What is repeated."""
        return (self.x,)

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """The same of another."""
        return Filled(parts[0], self.like, self.axes)


@dataclass(frozen=True)
class Nothing(Expr):
    """Zeros, in the shape of an array."""

    like: Array
    axes: str


@dataclass(frozen=True)
class Together(Expr):
    """Single numbers as a sequence, for a function that takes one."""

    items: tuple[Expr, ...]
    axes = ""

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The numbers."""
        return self.items

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """The sequence of others."""
        return Together(parts)


@dataclass(frozen=True)
class Item(Expr):
    """One of the numbers that a function returns in a tuple."""

    x: Expr
    index: int
    axes = ""

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The tuple."""
        return (self.x,)

    def with_parts(self, parts: tuple[Expr, ...]) -> Expr:
        """The same of another."""
        return Item(parts[0], self.index)


def lifted(x: Any) -> Expr:
    """A number of a formula as an expression."""
    return x if isinstance(x, Expr) else Number(float(x), short=True)


def united(each: Iterable[str]) -> str:
    """The letters of several, in the order of the longest, that of the examples last."""
    found = ""
    for axes in sorted(each, key=len, reverse=True):
        found += "".join([letter for letter in axes if letter not in found])
    return found.replace(EXAMPLES, "") + EXAMPLES * (EXAMPLES in found)


def walk(x: Expr) -> Iterator[Expr]:
    """An expression and all that it is made of, parts before the whole."""
    for part in x.parts:
        yield from walk(part)
    yield x


def replaced(x: Expr, table: dict[Expr, Expr]) -> Expr:
    """The same with others in the place of some of its expressions."""
    found = table.get(x)
    if found is not None:
        return found
    return with_parts(x, [replaced(part, table) for part in x.parts])


def with_parts(x: Expr, parts: Sequence[Expr]) -> Expr:
    """The expression of these parts: itself, if they are its own."""
    return x if all(map(operator.is_, parts, x.parts)) else x.with_parts(tuple(parts))


def terms(x: Expr) -> list[Expr]:
    """The terms of a sum, from left to right."""
    return [*x.operands] if isinstance(x, Apply) and x.operation == "+" else [x]


def added(each: Sequence[Expr]) -> Expr:
    """The sum of one or more terms: one expression, however many they are."""
    return each[0] if len(each) == 1 else Apply("+", tuple(each))


def reads_of(x: Expr) -> list[Array]:
    """The arrays that an expression reads."""
    return [part.view.array for part in walk(x) if isinstance(part, Read)]
