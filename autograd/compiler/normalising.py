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
    from .recording import Program

    Item = int | tuple[int, int]


class Formula:
    """A normalised program: ``rules`` and ``operands`` as there, and ``items`` of the weighted sums.

    An item is a node that is added, or a pair of nodes whose product is. ``order`` lists the live nodes.
    """

    def __init__(self, program: Program) -> None:
        self.rules = list(program.rules)
        self.operands = list(program.operands)
        self.data = list(program.data)
        self.items: dict[int, deque[Item]] = {}
        self.order: list[int] = []
        self.same: dict[int, int] = {}
        self.roots = [*program.outputs, *[node for node, _, _ in program.guards]]
        self._rewrite()
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

    def _rewrite(self) -> None:
        """Fold what is constant; a mean is a sum divided, a square a product."""
        for node in range(len(self.rules)):
            rule, operands = self.rules[node], self.operands[node]
            if operands and all([self.rules[x] is rules.CONSTANT for x in operands]):
                self.rules[node], self.operands[node] = rules.CONSTANT, ()
            elif rule is rules.MEAN:
                whole = self._new(rules.SUM, operands, self.data[node] * len(operands))
                count = self._new(rules.CONSTANT, (), float(len(operands)))
                self.rules[node], self.operands[node] = rules.DIV, (whole, count)
            elif rule is rules.POW and self.rules[operands[1]] is rules.CONSTANT and self.data[operands[1]] == 2.0:
                self.rules[node], self.operands[node] = rules.MUL, (operands[0], operands[0])
            elif rule in (rules.POS, rules.WHERE):
                self.same[node] = self.same.get(operands[0], operands[0])
                continue
            self.order.append(node)
        for node in self.order:
            self.operands[node] = tuple([self.same.get(x, x) for x in self.operands[node]])

    def _absorb(self) -> None:
        """Sums that are only added to something become part of that sum."""
        uses = [0] * len(self.rules)
        for node in self.order:
            for x in self.operands[node]:
                uses[x] += 1
        for node in self.roots:
            uses[self.same.get(node, node)] += 2
        self.uses = uses
        for node in self.order:
            rule, operands = self.rules[node], self.operands[node]
            if rule is rules.DOT:
                left, right, _ = rule.arguments(operands)
                items: deque[Item] = deque(zip(left, right, strict=True))
                operands = operands[-1:] if len(operands) % 2 else ()
            elif rule in (rules.ADD, rules.SUM):
                items = deque()
            else:
                continue
            for x in operands:
                part: deque[Item] = self.items.pop(x) if uses[x] == 1 and x in self.items else deque([x])
                if len(part) > len(items):
                    part.extendleft(list(items)[::-1])
                    items = part
                else:
                    items.extend(part)
            self.items[node] = items

    def _settle(self) -> None:
        """Products that are only added become pairs where there are two or more; small sums become ``+`` again."""
        for node in self.order:
            if node not in self.items:
                self.operands[node] = tuple([self.same.get(x, x) for x in self.operands[node]])
                continue
            items: deque[Item] = deque()
            for item in self.items[node]:
                if isinstance(item, tuple):
                    items.append((self.same.get(item[0], item[0]), self.same.get(item[1], item[1])))
                elif self.rules[item] is not rules.CONSTANT or self.data[item] != 0.0:
                    items.append(self.same.get(item, item))
            products = [x for x in items if isinstance(x, int) and self.rules[x] is rules.MUL and self.uses[x] == 1]
            if len(products) + sum(isinstance(x, tuple) for x in items) >= 2:
                absorbed = set(products)
                items = deque(
                    [self.operands[x] if isinstance(x, int) and x in absorbed else x for x in items]  # type: ignore[misc]
                )
            self.items[node] = items
            if len(items) == 1 and isinstance(items[0], tuple):
                self.rules[node], self.operands[node] = rules.MUL, items[0]
            elif len(items) == 1:
                self.same[node] = items[0]  # type: ignore[assignment]
            elif len(items) == 2 and all([isinstance(x, int) for x in items]):
                self.rules[node], self.operands[node] = rules.ADD, tuple(items)  # type: ignore[arg-type]
            elif not items:
                self.rules[node], self.operands[node] = rules.CONSTANT, ()
            else:
                self.rules[node] = rules.DOT
                self.operands[node] = tuple([y for x in items for y in (x if isinstance(x, tuple) else (x,))])
                continue
            del self.items[node]

    def kept(self, node: int) -> int:
        """The node that stands for this one."""
        while node in self.same:
            node = self.same[node]
        return node

    def _merge(self) -> None:
        """What is computed twice from the same operands is one node."""
        known: dict[Any, int] = {}
        same = self.same
        for node in self.order:
            operands = self.operands[node]
            if not operands:
                continue
            self.operands[node] = operands = tuple([same.get(x, x) for x in operands])
            items: Any = self.items.get(node)
            if items is not None:
                self.items[node] = items = deque(
                    [same.get(x, x) if isinstance(x, int) else (same.get(x[0], x[0]), same.get(x[1], x[1])) for x in items]
                )
                items = tuple(items)
            first = known.setdefault((self.rules[node], items or operands), node)
            if first != node:
                same[node] = first
        self.order = [node for node in self.order if node not in same]

    def _keep_live(self) -> None:
        """Drop what nothing depends on any more."""
        live = set(map(self.kept, self.roots))
        for node in reversed(self.order):
            if node in live:
                live.update(self.operands[node])
        self.order = [node for node in self.order if node in live]
