"""Singles: a recorded program as typed equations over single numbers, each node an array without axes.

It is what rolling and lowering make of a program whose nodes are not gathered into arrays. What is given, the numbers
of arguments and what is captured, is an input, one array each.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from autograd import rules
from autograd.compiler.arrays import Array, Role, View
from autograd.compiler.blocks import Block, Let
from autograd.compiler.expressions import Contract, Expr, Number, Read, Row, added

from .normalising import Formula

if TYPE_CHECKING:
    from .scalars import Program


class Each(rules.Rule):
    """A row over a sequence, of so many operands one by one."""

    __slots__ = ("sequence",)

    def __init__(self, row: rules.Rule) -> None:
        super().__init__(row.symbol, row.value, row.partials, row.domain, selecting=row.selecting, flat=row.flat)
        self.sequence = row


class Condition:
    """What has to hold where a program is to answer: an operand is not 0, or is 0.

    ``way``: whether it is a branch of the path; else something has happened that only the function itself can answer.
    """

    def __init__(self, operand: Expr, holds: bool, way: bool) -> None:
        self.operand, self.holds, self.way = operand, holds, way


class Singles:
    """The equations of a program.

    ``captured`` and ``inputs`` are the arrays of what is given, an array each (of an argument, a list of them),
    ``conditions`` what has to hold, in the order of the function, ``labels`` what arrays are called.
    """

    def __init__(self, program: Program) -> None:
        by_numbers = copy.copy(program)
        by_numbers.scalars = True
        self.formula = formula = Formula(by_numbers)
        self.operands: dict[int, Expr] = {}
        self.captured = [self._given(node) for node in program.captured_nodes]
        self.inputs = [[self._given(node) for node in nodes] for nodes in program.inputs]
        lets = [let for node in formula.order if node not in self.operands and (let := self._let(node)) is not None]
        self.lets = lets
        self.block = Block(tuple(lets))
        first, last = len(program.outputs), len(formula.roots) - len(program.watched)
        roots = [self.operands[node] for node in formula.roots]
        self.outputs = roots[:first]
        taken = [holds for _, holds, _ in program.guards]
        ways = [Condition(x, holds, True) for x, holds in dict.fromkeys(zip(roots[first:last], taken, strict=True))]
        self.conditions = [*ways, *[Condition(x, False, False) for x in dict.fromkeys(roots[last:])]]
        self.labels = {
            x.view.array: label
            for node, label in program.labels.items()
            if isinstance(x := self.operands.get(formula.kept(node)), Read)
        }

    def _given(self, node: int) -> Array:
        array = Array(Role.INPUT, ())
        if node >= 0:
            self.operands[node] = Read(View(array), "")
        return array

    def _let(self, node: int) -> Let | None:
        """The equation of a node; None for a constant."""
        formula = self.formula
        row, operands = formula.rules[node], formula.operands[node]
        if not operands:
            self.operands[node] = Number(formula.data[node])
            return None
        array = Array(Role.COMPUTED, ())
        let = Let(array, self._value(node, row, operands), "")
        self.operands[node] = Read(View(array), "")
        return let

    def _value(self, node: int, row: rules.Rule, operands: tuple[int, ...]) -> Expr:
        items = self.formula.items.get(node)
        if items is not None:
            return added([self.operands[x] if isinstance(x, int) else self._product(*x) for x in items])
        return Row(row if row.layout == "fixed" else Each(row), tuple([self.operands[x] for x in operands]), "")

    def _product(self, x: int, y: int) -> Expr:
        return Contract(self.operands[x], self.operands[y], "")
