"""Normalising: a recorded program as weighted sums and operations of their results, each computed once.

A chain of ``+`` is one sum, and a sum of products is one weighted sum, so that ``w[0]*x[0] + w[1]*x[1] + b`` reads like
``dot(w, x, b)``. A mean is a sum divided, a square a product; what is constant is folded, what is computed twice from
the same operands is one node, and what nothing depends on is left out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd import rules

from .debugging import IllFormedError, watched
from .scalars import as_lines, check_arity, equal_lengths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .scalars import Scalars

    Item = int | tuple[int, int]


@dataclass(frozen=True, eq=False)
class Formula:
    """Normalised scalars: ``rules`` and ``operands`` as there, and ``items`` of the weighted sums.

    An item is a node that is added, or a pair of nodes whose product is. ``order`` lists the live nodes, operands
    before results. ``roots`` are the results, the conditions of the guards, and what is watched. ``same`` says which
    node stands for one that is gone.
    """

    rules: Sequence[rules.Rule]
    operands: Sequence[tuple[int, ...]]
    data: Sequence[float]
    items: Mapping[int, Sequence[Item]]
    order: Sequence[int]
    roots: Sequence[int]
    same: Mapping[int, int]
    powers: frozenset[int] = frozenset()
    """The squares that are products here, and raise as powers where they are too large."""

    def kept(self, node: int) -> int:
        """The node that stands for this one."""
        while node in self.same:
            node = self.same[node]
        return node


def normalise(scalars: Scalars) -> Formula:
    """What is computed, each of it once."""
    made = Simplifying(scalars)
    made.rewrite(squares=not scalars.single)
    made.absorb()
    made.settle()
    made.merge()
    made.keep_live()
    found = Formula(
        rules=made.rules,
        operands=made.operands,
        data=made.data,
        items=made.items,
        order=made.order,
        roots=[made.kept(node) for node in made.roots],
        same=made.same,
        powers=frozenset(made.powers),
    )
    return watched(found, check, as_lines)


def check(formula: Formula) -> None:
    """IllFormedError where a formula is none: what is live is computed from what is live and before it, and once."""
    equal_lengths(formula, "operands", "data")
    live: set[int] = set()
    for node in formula.order:
        if not live.issuperset(formula.operands[node]):
            raise IllFormedError(f"node {node} is computed from {formula.operands[node]}, not all live before it", node)
        if node in live or node in formula.same:
            raise IllFormedError(f"node {node} is computed twice, or another stands for it", node)
        live.add(node)
        check_items(formula, node)
    for node in formula.roots:
        if node not in live:
            raise IllFormedError(f"node {node} is asked for, and not computed", node)


def check_items(formula: Formula, node: int) -> None:
    """IllFormedError where a node is a weighted sum, and its items are not its operands; or is none and has items."""
    row, operands = formula.rules[node], formula.operands[node]
    if row is not rules.DOT:
        check_arity(node, row, operands)
        if node in formula.items:
            raise IllFormedError(f"node {node} has items, and is no weighted sum", node)
        return
    flat = tuple([x for item in formula.items.get(node, ()) for x in (item if isinstance(item, tuple) else (item,))])
    if flat != operands or not flat:
        raise IllFormedError(f"node {node}: a weighted sum of {operands}, whose items are {flat}", node)


class Simplifying:
    """A formula while it is made: what each step does to the lists is in its name."""

    def __init__(self, scalars: Scalars) -> None:
        self.rules = list(scalars.rules)
        self.operands = list(scalars.operands)
        self.data = list(scalars.data)
        self.items: dict[int, list[Item] | deque[Item]] = {}
        self.order: list[int] = []
        self.same: dict[int, int] = {}
        self.powers: set[int] = set()
        self.roots = [*scalars.outputs, *[node for node, _, _ in scalars.guards], *scalars.watched]

    def _new(self, rule: rules.Rule, operands: tuple[int, ...], data: float) -> int:
        self.rules.append(rule)
        self.operands.append(operands)
        self.data.append(data)
        self.order.append(len(self.rules) - 1)
        return len(self.rules) - 1

    def rewrite(self, squares: bool) -> None:
        """Fold what is constant; a mean is a sum divided, and with ``squares`` a square a product."""
        constant, power, mean = rules.CONSTANT, rules.POW, rules.MEAN
        given, same = self.rules, self.same
        for node in range(len(given)):
            rule, operands = given[node], self.operands[node]
            if not operands:
                pass
            elif given[operands[0]] is constant and all([given[x] is constant for x in operands]):
                given[node], self.operands[node] = constant, ()
            elif rule is power:
                if given[operands[1]] is constant and self.data[operands[1]] == 2.0 and squares:
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

    def absorb(self) -> None:
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

    def settle(self) -> None:
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

    def merge(self) -> None:
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

    def keep_live(self) -> None:
        """Drop what nothing depends on any more."""
        live = set(map(self.kept, self.roots))
        for node in reversed(self.order):
            if node in live:
                live.update(self.operands[node])
        self.order = [node for node in self.order if node in live]
