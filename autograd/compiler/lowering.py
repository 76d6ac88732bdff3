"""Lowering: the rolled statements as typed equations, forward.

    out = rule(x, y)                    Let(out, Row(rule, (x, y)))
    z[a] = sum_k W[a, k] x[k] + b[a]    Let(z, Contract(W, x, "a") + b)

A statement of the result is there once, in the order in which the statements were rolled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from autograd.compiler.arrays import EXAMPLES, LETTERS, Array, Reshape, Role, Table, View
from autograd.compiler.blocks import Block, Element, Given, Let, Loop, Origin, Statement, Tape, Test
from autograd.compiler.expressions import Contract, Expr, Join, Moved, Number, Read, Row, Sum, added

from .failing import Failing
from .positions import moves
from .reading import READ
from .rolled import CONSTANTS, Concatenation, Elementwise, Linear, Recurrence, Reduction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd.rules import Rule

    from .rolled import Access, Holder, Rolled, RolledStatement, Segment

ROLES = {"input": Role.INPUT, "captured": Role.CAPTURED, "constant": Role.CONSTANT, "group": Role.COMPUTED}


class Lowered(NamedTuple):
    """A rolled program as typed equations: the statements, the arrays by their numbers, and what is asked for.

    ``results`` are the numbers of the result each by itself, in the body of a loop over single numbers. ``tables`` are
    the constants that the bodies of loops read.
    """

    block: Block
    arrays: Mapping[int, Array]
    output: Read
    results: tuple[Read, ...]
    guards: tuple[Test, ...]
    watched: tuple[Test, ...]
    labels: Mapping[Array, Mapping[int, str]]
    tables: Mapping[Array, Table]


def lower(rolled: Rolled, examples: Sequence[bool], on_floats: bool) -> Lowered:
    """The equations of a rolled program: of the whole, or of the body of a loop.

    ``examples``: for each input, whether it has an axis for examples. ``on_floats``: whether loops over single numbers
    may run on Python's floats.
    """
    made = Lowering(rolled, on_floats)
    made.enter(rolled.captured, False)
    made.enter(rolled.constants, False)
    for holder, has in zip(rolled.inputs, examples, strict=True):
        made.enter(holder, has)
    block = Block(tuple([made.statement(s) for s in rolled.statements]))
    guards, watched = (
        tuple([Test(made.result(access), holds) for access, holds in found])
        for found in (rolled.guards, rolled.watched)
    )
    results = tuple([made.result(x) for x in rolled.results])
    return Lowered(block, made.arrays, made.result(rolled.outputs), results, guards, watched, made.labels, made.tables)


class Lowering:
    """Arrays and views as far as they are made."""

    def __init__(self, rolled: Rolled, on_floats: bool) -> None:
        self.rolled, self.on_floats = rolled, on_floats
        self.arrays: dict[int, Array] = {}
        self.labels: dict[Array, Mapping[int, str]] = {}
        self.tables: dict[Array, Table] = {}
        self.known: dict[tuple[int, Table], View] = {}

    def enter(self, holder: Holder, examples: bool) -> Array:
        """The array of a holder."""
        self.arrays[holder.index] = made = Array(ROLES[holder.kind], holder.shape, examples)
        labels = self.rolled.labels.get(holder.index)
        if labels:
            self.labels[made] = labels
        return made

    def view(self, access: Access) -> View:
        """The elements that an operand consists of."""
        key = access.array, Table(access.used)
        if key not in self.known:
            array = self.arrays[access.array]
            found = moves(access.used, array.shape, access.strides)
            whole = access.covers(array.size)
            self.known[key] = View(array, key[1] if found else None, found, access.injective, whole)
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

    def statement(self, s: RolledStatement) -> Statement:
        """A rolled statement."""
        out = self.enter(s.out, any([self.arrays[x.array].examples for x in s.operands]))
        letters = s.letters if isinstance(s, Linear) else LETTERS[: len(s.out.shape)]
        axes = letters + EXAMPLES * out.examples
        if isinstance(s, Elementwise):
            xs = tuple([self.read(x, letters) for x in s.operands])
            return Let(out, Row(s.rule, xs, axes), axes, Origin(called(s.rule), out.shape, holder=s.out.index))
        if isinstance(s, Reduction):
            x = self.read(s.operand, "k" + letters)
            return Let(out, Row(s.rule, (x,), axes), axes, Origin(s.rule.symbol, out.shape, holder=s.out.index))
        if isinstance(s, Concatenation):
            parts = tuple([self.read_piece(x) for x in s.operands])
            return Let(out, Join(parts, axes), axes, Origin("one array of several", out.shape, holder=s.out.index))
        if isinstance(s, Recurrence):
            return self.loop(s, out)
        total = added([self.term(x, axes) for x in s.segments])
        product = any([x.right is not None for x in s.segments])
        what = "weighted sum" if product else "sum"
        return Let(out, total, axes, Origin(what, out.shape, is_sum=True, holder=s.out.index))

    def read_piece(self, part: Access) -> Expr:
        """A part of a join: a vector; a single number as a vector of one."""
        view = self.view(part)
        read = Read(view, LETTERS[: len(view.shape)] + EXAMPLES * view.array.examples)
        return read if view.shape else Moved(read, (Reshape((1,)),), "a" + EXAMPLES * view.array.examples)

    def term(self, segment: Segment, axes: str) -> Expr:
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

    def loop(self, s: Recurrence, out: Array) -> Loop:
        """A loop, its body lowered."""
        sources = [s.out.index if x.operand is None else x.operand.array for x in s.arguments]
        body = lower(s.body, [self.arrays[x].examples for x in sources], self.on_floats)
        self.labels |= body.labels
        self.tables |= body.tables
        if s.body.constants.size:
            self.tables[body.arrays[CONSTANTS]] = Table(s.body.constant_values)
        before = len(s.carried[0].first)
        tapes = [Tape(before) for _ in s.carried]
        first = [tuple([None if x is None else self.read(x, LETTERS) for x in each.first]) for each in s.carried]
        given: list[Given] = []
        reads: list[tuple[Array, Element]] = []
        for argument in s.arguments:
            array = body.arrays[argument.array.index]
            if argument.operand is None:
                reads.append((array, Element(tapes[argument.carried], before - argument.lag)))
                continue
            value = self.read(argument.operand, LETTERS)
            holder = Array(Role.SHARED, (s.count, *array.shape), array.examples) if argument.steps else None
            given.append(Given(array, value, holder))
            if holder is not None:
                reads.append((array, Element(holder, 0)))
        floats = s.single and not out.examples and self.on_floats
        return Loop(
            out, s.count, body.block, floats, tuple(zip(tapes, first, strict=True)), tuple(given), tuple(reads),
            tuple(zip(tapes, body.results or (body.output,), strict=True)),
            tuple(body.arrays[x.index] for x in s.body.inputs), Origin("loop", out.shape, holder=s.out.index),
        )  # fmt: skip


def called(row: Rule) -> str:
    """What a row is called in a comment."""
    return row.symbol if row in READ or isinstance(row, Failing) else "a row of your own"
