"""Singles: a rolled program as typed equations over single numbers again, each node an array without axes.

It is what lowering makes of a program whose nodes are not gathered into arrays; its loops are those that were found.
What is given, the numbers of arguments and what is captured, is an input, one array each. What each iteration of a loop
reads of another number, as of a sequence, is an array of these numbers, as long as the loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograd import rules
from autograd.compiler.arrays import Array, At, Pick, Reshape, Role, Table, View
from autograd.compiler.blocks import Block, Element, Given, Let, Loop, Origin, Tape
from autograd.compiler.expressions import Contract, Expr, Join, Moved, Number, Read, Row, added

from .rolled import Recurrence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .repetitions import Repetition
    from .rolled import Rolled
    from .scalars import Scalars


class Each(rules.Rule):
    """A row over a sequence, of so many operands one by one."""

    __slots__ = ("sequence",)

    def __init__(self, row: rules.Rule) -> None:
        super().__init__(row.symbol, row.value, row.partials, row.domain, selecting=row.selecting, flat=row.flat)
        self.sequence = row


class Demand:
    """What has to hold where a program is to answer: an operand is not 0, or is 0.

    ``way``: whether it is a branch of the path; else something has happened that only the function itself can answer.
    """

    def __init__(self, operand: Expr, holds: bool, way: bool) -> None:
        self.operand, self.holds, self.way = operand, holds, way


def single(role: Role = Role.COMPUTED) -> Read:
    """A new single number."""
    return Read(View(Array(role, ())), "")


class Scope:
    """Equations of some nodes: those of a program outside of its loops, or of the body of one."""

    def __init__(self, rolled: Rolled) -> None:
        self.formula = rolled.formula
        self.known: dict[int, Expr] = {}
        self.statements: list[Let | Loop] = []

    def operand(self, node: int) -> Expr:
        """What a node is where it is read."""
        if node not in self.known and self.formula.rules[node] is rules.CONSTANT:
            return Number(self.formula.data[node])
        return self.known[node]

    def define(self, value: Expr) -> Read:
        """A number that is computed."""
        out = single()
        self.statements.append(Let(out.view.array, value, ""))
        return out

    def add(self, node: int, squared: bool) -> None:
        """The equation of a node that is computed; ``squared``: whether a product with itself is a power."""
        formula = self.formula
        row, operands, items = formula.rules[node], formula.operands[node], formula.items.get(node)
        if items is not None:
            value = added([self.operand(x) if isinstance(x, int) else self.product(*x) for x in items])
        elif squared and row is rules.MUL and operands[0] == operands[1]:
            value = self.square(operands[0])
        else:
            given = tuple([self.operand(x) for x in operands])
            value = Row(row if row.layout == "fixed" else Each(row), given, "")
        self.known[node] = self.define(value)

    def product(self, x: int, y: int) -> Expr:
        """A term of a weighted sum."""
        if x == y and self.formula.powers:
            return self.define(self.square(x))
        return Contract(self.operand(x), self.operand(y), "")

    def square(self, x: int) -> Expr:
        """A power, which raises where it is too large."""
        return Row(rules.POW, (self.operand(x), Number(2.0)), "")


class SingleEquations(Scope):
    """The equations of a program.

    ``captured`` and ``inputs`` are the arrays of what is given, an array each (of an argument, a list of them),
    ``conditions`` what has to hold, in the order of the function, ``labels`` what arrays are called.
    """

    def __init__(self, program: Scalars, rolled: Rolled) -> None:
        super().__init__(rolled)
        self.rolled = rolled
        self.results: dict[int, tuple[Array, int, int]] = {}
        """What a loop has kept: its array, in which iteration, and which of its tapes."""
        formula = self.formula
        self.captured = [self.given(program.captured_nodes[i]) for i in rolled.captured_order]
        self.inputs = [[self.given(node) for node in nodes] for nodes in program.inputs]
        for part in parts(rolled):
            if isinstance(part, int):
                self.add(part, part in formula.powers)
            else:
                self.loop(part)
        self.block = Block(tuple(self.statements))
        first, last = len(program.outputs), len(formula.roots) - len(program.watched)
        roots = [self.operand(node) for node in formula.roots]
        self.outputs = roots[:first]
        taken = [holds for _, holds, _ in program.guards]
        ways = [Demand(x, holds, True) for x, holds in dict.fromkeys(zip(roots[first:last], taken, strict=True))]
        self.conditions = [*ways, *[Demand(x, False, False) for x in dict.fromkeys(roots[last:])]]
        self.labels = {
            x.view.array: label
            for node, label in program.labels.items()
            if isinstance(x := self.known.get(formula.kept(node)), Read)
        }

    def given(self, node: int) -> Array:
        """A number that is given; that of no node is not used."""
        out = single(Role.INPUT)
        if node >= 0:
            self.known[node] = out
        return out.view.array

    def operand(self, node: int) -> Expr:
        """What a node is where it is read."""
        if node in self.results and node not in self.known:
            array, i, k = self.results[node]
            at = (i,) if len(array.shape) == 1 else (i, k)
            place = Table(np.array(np.ravel_multi_index(at, array.shape)))
            self.known[node] = Read(View(array, place, (Pick(tuple(map(At, at))),), whole=False), "")
        return super().operand(node)

    def loop(self, found: Repetition) -> None:
        """A loop: its body, what it reads, and what it keeps."""
        count, before = len(found.nodes), len(found.first)
        tapes = [Tape(before) for _ in found.kept]
        body = Scope(self.rolled)
        given: list[Given] = []
        reads: list[tuple[Array, Element]] = []
        for node, leaf in found.leaves.items():
            value = None if leaf.nodes is None else self.read_by(leaf.nodes.tolist())
            if isinstance(value, Number):
                body.known[node] = value
                continue
            body.known[node] = inside = single(Role.INPUT)
            array = inside.view.array
            if value is None:
                reads.append((array, Element(tapes[leaf.kept], before - leaf.lag)))
                continue
            holder = Array(Role.SHARED, (count,)) if value.axes else None
            given.append(Given(array, value, holder))
            if holder is not None:
                reads.append((array, Element(holder, 0)))
        powers = self.formula.powers
        for column in found.nodes.T.tolist():
            body.add(column[-1], not powers.isdisjoint(column))
        out = Array(Role.COMPUTED, (count,) if len(tapes) == 1 else (count, len(tapes)))
        self.statements.append(
            Loop(
                out, count, Block(tuple(body.statements)), True,
                tuple([(tape, self.before(found, k)) for k, tape in enumerate(tapes)]), tuple(given), tuple(reads),
                tuple([(tape, read_of(body, found, j)) for tape, j in zip(tapes, found.kept, strict=True)]),
                tuple([x.view.array for node in found.leaves if isinstance(x := body.known[node], Read)]),
                Origin("loop", out.shape),
            )
        )  # fmt: skip
        for k, j in enumerate(found.kept):
            for i, node in enumerate(found.nodes[:, j].tolist()):
                self.results[node] = out, i, k

    def before(self, found: Repetition, k: int) -> tuple[Expr | None, ...]:
        """What stands on a tape before the first iteration."""
        return tuple([None if node < 0 else self.operand(node) for node in found.first[:, k].tolist()])

    def read_by(self, nodes: Sequence[int]) -> Expr:
        """What the iterations of a loop read: a number, or another one in each."""
        first = self.operand(nodes[0])
        if len(set(nodes)) == 1:
            return first
        out = Array(Role.COMPUTED, (len(nodes),))
        pieces = tuple([Moved(self.operand(node), (Reshape((1,)),), "a") for node in nodes])
        self.statements.append(Let(out, Join(pieces, "a"), "a"))
        return Read(View(out), "a")


def read_of(body: Scope, found: Repetition, j: int) -> Read:
    """What a loop keeps of its body."""
    x = body.operand(int(found.nodes[-1, j]))
    assert isinstance(x, Read)  # noqa: S101 - it is computed
    return x


def parts(rolled: Rolled) -> Iterable[int | Repetition]:
    """The nodes that are computed, in order, and the loops among them."""
    formula = rolled.formula
    loops = [s.found for s in rolled.statements if isinstance(s, Recurrence) and s.found is not None]
    starts = {int(loop.nodes[0, 0]): loop for loop in loops}
    outside = np.ones(len(formula.rules), bool)
    for loop in loops:
        outside[loop.nodes] = False
    outside[[*starts]] = True
    order = np.array(formula.order, np.int64)
    for node in order[outside[order]].tolist():
        if node in starts:
            yield starts[node]
        elif formula.operands[node]:
            yield node
