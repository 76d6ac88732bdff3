"""Lowering: the rolled statements as typed equations, forward.

    out = rule(x, y)                    Let(out, Row(rule, (x, y)))
    z[a] = sum_k W[a, k] x[k] + b[a]    Let(z, Contract(W, x, "a") + b)

A statement of the result is there once, in the order in which the statements were rolled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.compiler.arrays import EXAMPLES, Array, Reshape, Role, Table, View
from autograd.compiler.blocks import Block, Entry, Given, Let, Loop, Origin, Statement, Tape
from autograd.compiler.expressions import Contract, Expr, Join, Moved, Number, Read, Row, Sum, added

from . import rolled as rolling
from .failing import Failing
from .positions import moves
from .reading import READ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.rules import Rule

    from .rolled import Access, Rolled

LETTERS = "abcd"

ROLES = {"input": Role.INPUT, "captured": Role.CAPTURED, "constant": Role.CONSTANT, "group": Role.COMPUTED}


class Lowering:
    """One rolled program as typed equations: of the whole, or of the body of a loop.

    ``examples``: for each input, whether it has an axis for examples. ``on_floats``: whether loops over single numbers
    may run on Python's floats.
    """

    def __init__(self, rolled: Rolled, examples: Sequence[bool], on_floats: bool) -> None:
        self.rolled, self.on_floats = rolled, on_floats
        self.arrays: dict[int, Array] = {}
        self.labels: dict[Array, dict[int, str]] = {}
        self.tables: dict[Array, Table] = {}
        """The constants that the bodies of loops read."""
        self.known: dict[tuple[int, Table], View] = {}
        self._enter(rolled.captured, False)
        self._enter(rolled.constants, False)
        for array, has in zip(rolled.inputs, examples, strict=True):
            self._enter(array, has)
        self.block = Block(tuple([self.statement(s) for s in rolled.statements]))

    def _enter(self, array: rolling.Array, examples: bool) -> Array:
        self.arrays[array.index] = made = Array(ROLES[array.kind], array.shape, examples)
        labels = self.rolled.labelled(array)
        if labels:
            self.labels[made] = labels
        return made

    def view(self, access: Access) -> View:
        """The elements that an operand consists of."""
        key = access.array.index, Table(access.used)
        if key not in self.known:
            array = self.arrays[access.array.index]
            found = moves(access.used, array.shape, access.strides)
            self.known[key] = View(array, key[1] if found else None, found, access.injective, access.whole)
        return self.known[key]

    def read(self, access: Access, axes: str) -> Read | Number:
        """An operand, whose axes are called so."""
        if access.literal is not None:
            return Number(access.literal)
        view = self.view(access)
        return Read(view, "".join([axes[i] for i in access.kept]) + EXAMPLES * view.array.examples)

    def result(self, access: Access) -> Read:
        """What is read, even if it is a literal."""
        view = self.view(access)
        return Read(view, LETTERS[: len(view.shape)] + EXAMPLES * view.array.examples)

    def statement(self, s: rolling.Statement) -> Statement:
        """A rolled statement."""
        operands = operands_of(s)
        out = self._enter(s.out, any([self.arrays[x.array.index].examples for x in operands]))
        letters = s.letters if isinstance(s, rolling.Linear) else LETTERS[: len(s.out.shape)]
        axes = letters + EXAMPLES * out.examples
        if isinstance(s, rolling.Elementwise):
            xs = tuple([self.read(x, letters) for x in s.operands])
            return Let(out, Row(s.rule, xs, axes), axes, Origin(described(s.rule), out.shape))
        if isinstance(s, rolling.Reduction):
            x = self.read(s.operand, "k" + letters)
            return Let(out, Row(s.rule, (x,), axes), axes, Origin(s.rule.symbol, out.shape))
        if isinstance(s, rolling.Join):
            parts = tuple([self.read_piece(x) for x in s.parts])
            return Let(out, Join(parts, axes), axes, Origin("one array of several", out.shape))
        if isinstance(s, rolling.Loop):
            return self.loop(s, out)
        total = added([self.term(x, axes) for x in s.segments])
        product = any([x.right is not None for x in s.segments])
        return Let(out, total, axes, Origin("weighted sum" if product else "sum", out.shape, is_sum=True))

    def read_piece(self, part: Access) -> Expr:
        """A part of a join: a vector; a single number as a vector of one."""
        view = self.view(part)
        read = Read(view, LETTERS[: len(view.shape)] + EXAMPLES * view.array.examples)
        return read if view.shape else Moved(read, (Reshape((1,)),), "a" + EXAMPLES * view.array.examples)

    def term(self, segment: rolling.Segment, axes: str) -> Expr:
        """A part of a weighted sum."""
        left = self.read(segment.left, segment.left_axes)
        summed = "k" in segment.left_axes
        if segment.right is None:
            if not summed:
                return left
            if "k" not in left.axes:
                return Number(float(segment.left.positions.shape[0]), short=True) * left
            return Sum(left, left.axes.replace("k", ""))
        right = self.read(segment.right, segment.right_axes)
        if summed and "k" not in left.axes + right.axes:
            return Number(float(segment.left.positions.shape[-1]), short=True) * left * right
        return Contract(left, right, "".join([x for x in axes if x in left.axes or x in right.axes]))

    def loop(self, s: rolling.Loop, out: Array) -> Loop:
        """A loop, its body lowered."""
        sources = [s.out if x.operand is None else x.operand.array for x in s.arguments]
        examples = [self.arrays[x.index].examples for x in sources]
        body = Lowering(s.body, examples, self.on_floats)
        self.labels |= body.labels
        self.tables |= body.tables
        if s.body.constants.size:
            self.tables[body.arrays[rolling.CONSTANTS]] = Table(s.body.constant_values)
        before = len(s.tapes[0].first)
        tapes = [Tape(before) for _ in s.tapes]
        first = [tuple([None if x is None else self.read(x, LETTERS) for x in tape.first]) for tape in s.tapes]
        given: list[Given] = []
        reads: list[tuple[Array, Entry]] = []
        for argument in s.arguments:
            array = body.arrays[argument.array.index]
            if argument.operand is None:
                reads.append((array, Entry(tapes[argument.tape], before - argument.lag)))
                continue
            value = self.read(argument.operand, LETTERS)
            holder = Array(Role.SHARED, (s.count, *array.shape), array.examples) if argument.steps else None
            given.append(Given(array, value, holder))
            if holder is not None:
                reads.append((array, Entry(holder, 0)))
        keeps = tuple([(tape, body.result(x.result)) for tape, x in zip(tapes, s.tapes, strict=True)])
        floats = s.scalars and not out.examples and self.on_floats
        return Loop(
            out, s.count, body.block, floats, tuple(zip(tapes, first, strict=True)), tuple(given), tuple(reads), keeps,
            tuple(body.arrays[x.index] for x in s.body.inputs), Origin("loop", out.shape),
        )  # fmt: skip


def described(row: Rule) -> str:
    """What a row is called in a comment."""
    return row.symbol if row in READ or isinstance(row, Failing) else "a row of your own"


def operands_of(s: rolling.Statement) -> list[Access]:
    """The operands of a rolled statement."""
    if isinstance(s, (rolling.Elementwise, rolling.Loop)):
        return s.operands
    if isinstance(s, rolling.Reduction):
        return [s.operand]
    if isinstance(s, rolling.Join):
        return s.parts
    return [x for segment in s.segments for x in (segment.left, segment.right) if x is not None]
