"""Rolled statements: what rolling makes of scalars. Operands are accesses: positions in arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .positions import regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd import rules

    from .loops import Repetition
    from .normalising import Formula

    Integers = np.ndarray[Any, np.dtype[np.int64]]

CAPTURED, CONSTANTS = 0, 1
"""The numbers of the arrays that hold what the leaves hold; those of the inputs follow."""


class Array:
    """A variable of the array program.

    ``kind``: "input" (one argument's numbers), "captured", "constant", or "group" (computed by a statement).
    ``shape``: the axes of the group; () for a group of one.
    """

    def __init__(self, kind: str, shape: tuple[int, ...], index: int) -> None:
        self.kind = kind
        self.shape = shape
        self.index = index

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))


class Access:
    """Where the operands of a statement lie: ``positions`` in the flat ``array``, arranged by the statement's axes.

    ``kept`` are the axes that the operand depends on, ``used`` the positions along those. ``strides`` are the distances
    along each axis (0 where the operand does not depend on it) if the pattern is regular, else None: then it is a
    gather. ``injective``: no element is used twice, but for axes that are not kept.
    """

    def __init__(self, array: Array, positions: Integers) -> None:
        self.array = array
        self.positions = positions
        self.offset = int(positions.flat[0])
        self.strides = regular(positions)
        self.literal: float | None = None
        """The number that all of the operands are, if they are one constant."""
        if self.strides is not None:
            self._keep([axis for axis, stride in enumerate(self.strides) if stride])
        else:
            self._keep([a for a in range(positions.ndim) if (positions != positions.take([0], a)).any()])

    def _keep(self, axes: Sequence[int]) -> None:
        self.kept = tuple(axes)
        self.used = self.positions[tuple([slice(None) if a in axes else 0 for a in range(self.positions.ndim)])]
        seen = np.zeros(int(self.used.max()) + 1, bool)
        seen[self.used] = True
        self.injective = int(np.count_nonzero(seen)) == self.used.size

    @property
    def whole(self) -> bool:
        """Whether this is every element of the array, in order."""
        return self.used.size == self.array.size and bool((self.used.reshape(-1) == np.arange(self.used.size)).all())

    def full(self) -> Access:
        """The same, with every axis kept, and read from the array in any case."""
        return self if len(self.kept) == self.positions.ndim and self.literal is None else self.gathered()

    def gathered(self) -> Access:
        """The same with every axis kept."""
        other = Access(self.array, self.positions)
        if len(self.kept) < self.positions.ndim:
            other.strides = None
            other._keep(range(self.positions.ndim))
        return other


class Elementwise:
    """out = rule(*operands), element by element; each operand's axes are those of ``out``."""

    def __init__(self, out: Array, rule: rules.Rule, operands: list[Access]) -> None:
        self.out, self.rule, self.operands = out, rule, operands


class Reduction:
    """out = rule of a sequence: the operand's first axis is the sequence, the others are those of ``out``."""

    def __init__(self, out: Array, rule: rules.Rule, operand: Access) -> None:
        self.out, self.rule, self.operand = out, rule, operand


class Segment:
    """A part of a weighted sum: sum_k left * right, or (without ``right``) sum_k left.

    ``left_axes`` and ``right_axes`` name the axes of each operand: a and b are the statement's, k is summed over.
    """

    def __init__(self, left: Access, left_axes: str, right: Access | None = None, right_axes: str = "") -> None:
        self.left, self.left_axes, self.right, self.right_axes = left, left_axes, right, right_axes


class Linear:
    """out = the sum of its segments; ``letters`` name the axes of ``out``."""

    def __init__(self, out: Array, letters: str, segments: list[Segment]) -> None:
        self.out, self.letters, self.segments = out, letters, segments


class Join:
    """out = the parts, one after the other; each is a vector."""

    def __init__(self, out: Array, parts: list[Access]) -> None:
        self.out, self.parts = out, parts


class Tape(NamedTuple):
    """What a loop keeps of each iteration: where it lies in the arrays of the body, and what is there before the first.

    ``first``: for each iteration that is looked back to before the first one, an operand; None where none is read.
    """

    result: Access
    first: list[Access | None]


class Argument(NamedTuple):
    """What the body of a loop reads: ``tape`` number so and so, ``lag`` iterations before, or else an operand.

    With ``steps`` the first axis of the operand is that of the iterations.
    """

    array: Array
    lag: int
    tape: int
    operand: Access | None = None
    steps: bool = False


class Loop:
    """out[i] = what iteration i of the body keeps, for ``count`` iterations, the tapes beside each other.

    ``scalars``: whether each tape holds single numbers.
    """

    def __init__(
        self,
        out: Array,
        count: int,
        body: Rolled,
        scalars: bool,
        tapes: list[Tape],
        arguments: list[Argument],
        found: Repetition | None = None,
    ) -> None:
        self.found = found
        """The loop as it stands among the nodes."""
        self.out, self.count, self.body, self.scalars = out, count, body, scalars
        self.tapes, self.arguments = tapes, arguments

    @property
    def operands(self) -> list[Access]:
        """All that is read from outside."""
        first = [x for tape in self.tapes for x in tape.first if x is not None]
        return first + [x.operand for x in self.arguments if x.operand is not None]


Statement = Elementwise | Reduction | Linear | Join | Loop


@dataclass(frozen=True)
class Rolled:
    """A program of array statements, in the order of computation.

    Attributes
    ----------
    inputs, captured, constants: the arrays of what is given; ``captured_order[position]`` is a number of
        ``program.captured``, ``constant_values[position]`` a number. ``arrays`` are all, by their numbers.
    outputs: where the result's numbers lie; ``results`` each by itself, in the body of a loop over single numbers.
    guards, watched: for each condition where it lies, and its outcome.
    places: for each node of the formula the number of its array, and its position there.
    labels: for each array, by its number, the labels of its elements by their positions.
    """

    formula: Formula
    arrays: Sequence[Array]
    inputs: Sequence[Array]
    captured: Array
    constants: Array
    statements: Sequence[Statement]
    outputs: Access
    results: Sequence[Access]
    guards: Sequence[tuple[Access, bool]]
    watched: Sequence[tuple[Access, bool]]
    captured_order: Sequence[int]
    constant_values: np.ndarray[Any, np.dtype[np.float64]]
    input_names: Sequence[str]
    places: tuple[Sequence[int], Integers]
    labels: dict[int, dict[int, str]] = field(default_factory=dict)

    def labelled(self, array: Array) -> dict[int, str]:
        """The labels of an array's elements, by their positions."""
        return self.labels.get(array.index, {})

    @property
    def of_scalars(self) -> bool:
        """Whether each statement is about single numbers."""
        accesses = [*self.results]
        for statement in self.statements:
            if isinstance(statement, Elementwise):
                accesses += statement.operands
            elif isinstance(statement, Linear):
                for segment in statement.segments:
                    accesses += [x for x in (segment.left, segment.right) if x is not None]
            else:
                return False
        return all([x.literal is not None or (x.array.shape == () and x.positions.shape == ()) for x in accesses])
