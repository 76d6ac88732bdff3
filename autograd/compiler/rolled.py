"""Rolled statements: what rolling makes of scalars. Operands are accesses: positions in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .debugging import IllFormedError
from .positions import regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from autograd import rules

    from .normalising import Formula
    from .repetitions import Repetition

    Integers = np.ndarray[Any, np.dtype[np.int64]]

CAPTURED, CONSTANTS = 0, 1
"""The numbers of the arrays that hold what is captured, and constants; those of the inputs follow."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What holds scalars: an array of the rolled program, by its number.

    ``kind``: "input" (one argument's numbers), "captured", "constant", or "group" (computed by a statement).
    ``shape``: the axes of the group; () for a group of one.
    """

    kind: str
    shape: tuple[int, ...]
    index: int

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """Where the operands of a statement lie: ``positions`` in the flat ``array``, arranged by the statement's axes.

    ``array`` is the number of a holder. ``kept`` are the axes that the operand depends on, ``used`` the positions along
    those. ``strides`` are the distances along each axis (0 where the operand does not depend on it) if the pattern is
    regular, else None: then it is a gather. ``injective``: no element is used twice, but for axes that are not kept.
    ``literal`` is the number that all of the operands are, if they are one constant.
    """

    array: int
    positions: Integers
    strides: tuple[int, ...] | None
    kept: tuple[int, ...]
    used: Integers
    injective: bool
    literal: float | None = None

    def covers(self, size: int) -> bool:
        """Whether this is every element of an array of this size, in order."""
        return self.used.size == size and bool((self.used.reshape(-1) == np.arange(self.used.size)).all())

    def full(self) -> Access:
        """The same, with every axis kept, and read from the array in any case."""
        return self if len(self.kept) == self.positions.ndim and self.literal is None else self.gathered()

    def gathered(self) -> Access:
        """The same with every axis kept."""
        strides = None if len(self.kept) < self.positions.ndim else self.strides
        return along(self.array, self.positions, strides, range(self.positions.ndim))


def lying(array: int, positions: Integers, literal: float | None = None) -> Access:
    """The operand at these positions of an array: how they lie is seen here."""
    strides = regular(positions)
    if strides is not None:
        kept = [axis for axis, stride in enumerate(strides) if stride]
    else:
        kept = [a for a in range(positions.ndim) if (positions != positions.take([0], a)).any()]
    return along(array, positions, strides, kept, literal)


def along(
    array: int, positions: Integers, strides: tuple[int, ...] | None, axes: Sequence[int], literal: float | None = None
) -> Access:
    """The operand at these positions, of which these axes are kept."""
    used = positions[tuple([slice(None) if a in axes else 0 for a in range(positions.ndim)])]
    seen = np.zeros(int(used.max()) + 1, bool)
    seen[used] = True
    injective = int(np.count_nonzero(seen)) == used.size
    return Access(array, positions, strides, tuple(axes), used, injective, literal)


@dataclass(frozen=True, eq=False)
class Elementwise:
    """out = rule(*operands), element by element; each operand's axes are those of ``out``."""

    out: Holder
    rule: rules.Rule
    operands: Sequence[Access]


@dataclass(frozen=True, eq=False)
class Reduction:
    """out = rule of a sequence: the operand's first axis is the sequence, the others are those of ``out``."""

    out: Holder
    rule: rules.Rule
    operand: Access

    @property
    def operands(self) -> Sequence[Access]:
        """All that is read."""
        return [self.operand]


@dataclass(frozen=True, eq=False)
class Segment:
    """A part of a weighted sum: sum_k left * right, or (without ``right``) sum_k left.

    ``left_axes`` and ``right_axes`` name the axes of each operand: a and b are the statement's, k is summed over.
    """

    left: Access
    left_axes: str
    right: Access | None = None
    right_axes: str = ""

    @property
    def sides(self) -> Sequence[tuple[Access, str]]:
        """The operands with their axes."""
        left = self.left, self.left_axes
        return [left] if self.right is None else [left, (self.right, self.right_axes)]


@dataclass(frozen=True, eq=False)
class Linear:
    """out = the sum of its segments; ``letters`` name the axes of ``out``."""

    out: Holder
    letters: str
    segments: Sequence[Segment]

    @property
    def operands(self) -> Sequence[Access]:
        """All that is read."""
        return [access for segment in self.segments for access, _ in segment.sides]


@dataclass(frozen=True, eq=False)
class Concatenation:
    """out = the operands, one after the other; each is a vector."""

    out: Holder
    operands: Sequence[Access]


class Carried(NamedTuple):
    """What an iteration hands on: where it lies in the arrays of the body, and what is there before the first.

    ``first``: for each iteration that is looked back to before the first one, an operand; None where none is read.
    """

    result: Access
    first: Sequence[Access | None]


class Argument(NamedTuple):
    """What the body of a loop reads: number ``carried``, ``lag`` iterations before, or else an operand.

    With ``steps`` the first axis of the operand is that of the iterations.
    """

    array: Holder
    lag: int
    carried: int
    operand: Access | None = None
    steps: bool = False


@dataclass(frozen=True, eq=False)
class Recurrence:
    """out[i] = what iteration i of the body hands on, for ``count`` iterations, side by side if it is several things.

    ``single``: whether each of these is a single number.
    """

    out: Holder
    count: int
    body: Rolled
    single: bool
    carried: Sequence[Carried]
    arguments: Sequence[Argument]
    found: Repetition | None = None
    """The loop as it stands among the nodes."""

    @property
    def operands(self) -> Sequence[Access]:
        """All that is read from outside."""
        first = [x for each in self.carried for x in each.first if x is not None]
        return first + [x.operand for x in self.arguments if x.operand is not None]


RolledStatement = Elementwise | Reduction | Linear | Concatenation | Recurrence


@dataclass(frozen=True, eq=False)
class Rolled:
    """A program of array statements, in the order of computation.

    Attributes
    ----------
    holders: all arrays, by their numbers; ``captured``, ``constants`` and ``inputs`` are those of what is given.
    captured_order, constant_values: at each position of these a number of the scalars' ``captured``, and a number.
    outputs: where the result's numbers lie; ``results`` each by itself, in the body of a loop over single numbers.
    guards, watched: for each condition where it lies, and its outcome.
    places: for each node of the formula the number of its array, and its position there.
    labels: for each array, by its number, the labels of its elements by their positions.
    """

    formula: Formula
    holders: Sequence[Holder]
    inputs: Sequence[Holder]
    statements: Sequence[RolledStatement]
    outputs: Access
    results: Sequence[Access]
    guards: Sequence[tuple[Access, bool]]
    watched: Sequence[tuple[Access, bool]]
    captured_order: Sequence[int]
    constant_values: np.ndarray[Any, np.dtype[np.float64]]
    input_names: Sequence[str]
    places: tuple[Sequence[int], Integers]
    labels: Mapping[int, Mapping[int, str]]

    @property
    def captured(self) -> Holder:
        """The array of what is captured."""
        return self.holders[CAPTURED]

    @property
    def constants(self) -> Holder:
        """The array of the constants."""
        return self.holders[CONSTANTS]

    @property
    def of_scalars(self) -> bool:
        """Whether each statement is about single numbers."""
        if not all([isinstance(x, (Elementwise, Linear)) for x in self.statements]):
            return False
        accesses = [*self.results, *[x for statement in self.statements for x in statement.operands]]
        return all([
            x.literal is not None or (self.holders[x.array].shape == () and x.positions.shape == ()) for x in accesses
        ])  # fmt: skip


def check(rolled: Rolled) -> None:
    """IllFormedError where a statement reads what is not there yet, or is of another shape than what it computes."""
    holders = rolled.holders
    for k, holder in enumerate(holders):
        if holder.index != k:
            raise IllFormedError(f"array {k} has the number {holder.index}")
    if (len(rolled.captured_order), len(rolled.constant_values)) != (holders[CAPTURED].size, holders[CONSTANTS].size):
        raise IllFormedError("there are more, or less, captured or constant numbers than their arrays hold")
    defined = {CAPTURED, CONSTANTS, *[x.index for x in rolled.inputs]}
    for k, statement in enumerate(rolled.statements):
        for access in statement.operands:
            check_access(access, holders, defined, k)
        if statement.out.index in defined or holders[statement.out.index] != statement.out:
            raise IllFormedError(f"statement {k} computes array {statement.out.index}, which is there, or another", k)
        check_shape(statement, k)
        defined.add(statement.out.index)
    for access in (rolled.outputs, *rolled.results, *[x for x, _ in (*rolled.guards, *rolled.watched)]):
        check_access(access, holders, defined, None)


def check_access(access: Access, holders: Sequence[Holder], defined: AbstractSet[int], k: int | None) -> None:
    """IllFormedError where an operand of statement k is not in an array that is defined."""
    where = "the result" if k is None else f"statement {k}"
    if access.array not in defined:
        raise IllFormedError(f"{where} reads array {access.array} before it is computed", k)
    size = holders[access.array].size
    if not (access.positions.min() >= 0 and access.positions.max() < size):
        raise IllFormedError(f"{where} reads position {access.positions.max()} of {size} in array {access.array}", k)
    if access.strides is not None and regular(access.positions) != access.strides:
        raise IllFormedError(f"{where} reads array {access.array} at other distances than {access.strides}", k)


def check_shape(statement: RolledStatement, k: int) -> None:
    """IllFormedError where the operands of statement k have not the axes that its result follows from."""
    shape = statement.out.shape
    if isinstance(statement, Elementwise):
        fits = all([x.positions.shape == shape for x in statement.operands])
    elif isinstance(statement, Reduction):
        fits = statement.operand.positions.shape[1:] == shape
    elif isinstance(statement, Linear):
        fits = all(
            [fitting(segment, dict(zip(statement.letters, shape, strict=True))) for segment in statement.segments]
        )
    elif isinstance(statement, Concatenation):
        fits = sum([x.positions.size for x in statement.operands]) == statement.out.size
    else:
        check(statement.body)
        fits = statement.out.size == statement.count * sum([x.result.positions.size for x in statement.carried])
        fits &= all([x.operand is not None or 0 <= x.carried < len(statement.carried) for x in statement.arguments])
    if not fits:
        raise IllFormedError(f"statement {k} has operands of other shapes than {shape}", k)


def fitting(segment: Segment, sizes: dict[str, int]) -> bool:
    """Whether the axes of a segment have these lengths, and the one that is summed over is the same on both sides."""
    return all([
        sizes.setdefault(letter, length) == length
        for access, axes in segment.sides
        for letter, length in zip(axes, access.positions.shape, strict=True)
    ])  # fmt: skip


def as_lines(rolled: Rolled) -> Iterator[str]:
    """A line for each statement, as it is shown where something is wrong."""
    for k, s in enumerate(rolled.statements):
        name = s.rule.symbol if isinstance(s, (Elementwise, Reduction)) else type(s).__name__.lower()
        operands = [f"{x.array}{list(x.positions.shape)}" for x in s.operands]
        yield f"{k:8}  {s.out.index}{list(s.out.shape)} = {name}({', '.join(operands)})"
