"""Normalising: a recorded program as weighted sums and operations of their results, each computed once.

A chain of ``+`` is one sum, and a sum of products is one weighted sum, so that ``w[0]*x[0] + w[1]*x[1] + b`` reads like
``dot(w, x, b)``. A mean is a sum divided, a square a product; what is constant is folded, what is computed twice from
the same operands is one node, and what nothing depends on is left out.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from autograd import rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from .scalars import Program

    Item = int | tuple[int, int]


class Formula:
    """A normalised program: ``rules`` and ``operands`` as there, and ``items`` of the weighted sums.

    An item is a node that is added, or a pair of nodes whose product is. ``order`` lists the live nodes.
    """

    def __init__(self, program: Program) -> None:
        self.rules = list(program.rules)
        self.operands = list(program.operands)
        self.data = list(program.data)
        self.items: dict[int, list[Item] | deque[Item]] = {}
        self.order: list[int] = []
        self.same: dict[int, int] = {}
        self.powers: set[int] = set()
        """The squares that are products here, and raise as powers where they are too large."""
        self.roots = [*program.outputs, *[node for node, _, _ in program.guards], *program.watched]
        self._rewrite(program)
        self._absorb()
        self._settle()
        self._merge()
        self._keep_live()
        self.roots = [self.kept(node) for node in self.roots]

    def _new(self, rule: rules.Rule, operands: tuple[int, ...], data: float) -> int:
        self.rules.append(rule)
        self.operands.append(operands)
        self.data.append(data)
        self.order.append(len(self.rules) - 1)
        return len(self.rules) - 1

    def _rewrite(self, program: Program) -> None:
        """Fold what is constant; a mean is a sum divided, a square a product."""
        constant, power, mean = rules.CONSTANT, rules.POW, rules.MEAN
        given, same = self.rules, self.same
        for node in range(len(given)):
            rule, operands = given[node], self.operands[node]
            if not operands:
                pass
            elif given[operands[0]] is constant and all([given[x] is constant for x in operands]):
                given[node], self.operands[node] = constant, ()
            elif rule is power:
                if given[operands[1]] is constant and self.data[operands[1]] == 2.0 and not program.scalars:
                    given[node], self.operands[node] = rules.MUL, (operands[0], operands[0])
                    self.powers.add(node)
            elif rule is mean:
                whole = self._new(rules.SUM, operands, self.data[node] * len(operands))
                count = self._new(constant, (), float(len(operands)))
                given[node], self.operands[node] = rules.DIV, (whole, count)
            elif rule in (rules.POS, rules.WHERE):
                same[node] = same.get(operands[0], operands[0])
                continue
            self.order.append(node)
        if same:
            for node in self.order:
                self.operands[node] = tuple([same.get(x, x) for x in self.operands[node]])

    def _absorb(self) -> None:
        """Sums that are only added to something become part of that sum."""
        self.uses = uses = [0] * len(self.rules)
        for node in self.order:
            for x in self.operands[node]:
                uses[x] += 1
        for node in self.roots:
            uses[self.same.get(node, node)] += 2
        found = self.items
        gone: set[int] = set()
        for node in self.order:
            rule, operands = self.rules[node], self.operands[node]
            items: list[Item] | deque[Item] = []
            if rule is rules.DOT:
                left, right, _ = rule.arguments(operands)
                items = list(zip(left, right, strict=True))
                operands = operands[-1:] if len(operands) % 2 else ()
            elif rule is not rules.ADD and rule is not rules.SUM:
                continue
            for x in operands:
                if uses[x] != 1 or x not in found:
                    items.append(x)
                    continue
                part = found.pop(x)
                gone.add(x)
                if len(part) > len(items):  # the smaller one is added to the larger: linear in all
                    if items:
                        part = deque(part) if isinstance(part, list) else part
                        part.extendleft(list(items)[::-1])
                    items = part
                else:
                    items.extend(part)
            found[node] = items
        if gone:  # nothing else may be taken for what they were
            self.order = [node for node in self.order if node not in gone]

    def _settle(self) -> None:
        """Products that are only added become pairs where there are two or more; small sums become ``+`` again."""
        same, uses, kinds = self.same, self.uses, self.rules
        for node in self.order:
            if node not in self.items:
                self._follow(node)
                continue
            items: list[Item] = []
            products = 0
            for item in self.items[node]:
                if isinstance(item, tuple):
                    items.append((same.get(item[0], item[0]), same.get(item[1], item[1])))
                    products += 1
                elif kinds[item] is not rules.CONSTANT or self.data[item] != 0.0:
                    item = same.get(item, item)  # noqa: PLW2901
                    items.append(item)
                    products += kinds[item] is rules.MUL and uses[item] == 1
            if products >= 2:
                items = [
                    self.operands[x] if isinstance(x, int) and kinds[x] is rules.MUL and uses[x] == 1 else x  # type: ignore[misc]
                    for x in items
                ]
            if len(items) == 1 and isinstance(items[0], tuple):
                kinds[node], self.operands[node] = rules.MUL, items[0]
            elif len(items) == 1:
                same[node] = items[0]  # type: ignore[assignment]
            elif len(items) == 2 and products < 2 and all([isinstance(x, int) for x in items]):
                kinds[node], self.operands[node] = rules.ADD, tuple(items)  # type: ignore[arg-type]
            elif not items:
                kinds[node], self.operands[node] = rules.CONSTANT, ()
            else:
                kinds[node] = rules.DOT
                self.operands[node] = tuple([y for x in items for y in (x if isinstance(x, tuple) else (x,))])
                self.items[node] = items
                continue
            del self.items[node]

    def _follow(self, node: int) -> tuple[int, ...]:
        """The operands of a node, replaced by the nodes that stand for them."""
        operands, same = self.operands[node], self.same
        if not same.keys().isdisjoint(operands):
            self.operands[node] = operands = tuple([same.get(x, x) for x in operands])
        return operands

    def kept(self, node: int) -> int:
        """The node that stands for this one."""
        while node in self.same:
            node = self.same[node]
        return node

    def _merge(self) -> None:
        """What is computed twice from the same operands is one node."""
        known: dict[Any, int] = {}
        same = self.same
        called = self._called()
        for node in self.order:
            before = self.operands[node]
            if not before:
                continue
            operands: Any = self._follow(node)
            if node in self.items:
                if operands is not before:
                    self.items[node] = [
                        same.get(x, x) if isinstance(x, int) else (same.get(x[0], x[0]), same.get(x[1], x[1]))
                        for x in self.items[node]
                    ]
                operands = tuple(self.items[node])
            first = known.setdefault((self.rules[node], *[called(x) for x in operands]), node)
            if first != node:
                same[node] = first
        self.order = [node for node in self.order if node not in same]

    def _called(self) -> Callable[[Item], Any]:
        """What an operand is called when two nodes are compared: its number, which equal constants share."""
        numbers: dict[str, int] = {}
        equal = {
            node: numbers.setdefault(repr(self.data[node]), node)
            for node in self.order
            if self.rules[node] is rules.CONSTANT
        }

        def called(x: Item) -> Any:
            return equal.get(x, x) if isinstance(x, int) else (equal.get(x[0], x[0]), equal.get(x[1], x[1]))

        return called

    def _keep_live(self) -> None:
        """Drop what nothing depends on any more."""
        live = set(map(self.kept, self.roots))
        for node in reversed(self.order):
            if node in live:
                live.update(self.operands[node])
        self.order = [node for node in self.order if node in live]
