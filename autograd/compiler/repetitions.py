"""Repetitions: loops as data, found in scalars (:mod:`.loops`), and one iteration of a loop as scalars of its own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import rules

from .debugging import IllFormedError, watched
from .scalars import Scalars, as_lines
from .scalars import check as check_scalars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from .normalising import Formula

    Integers = np.ndarray[Any, np.dtype[np.int64]]


class Leaf(NamedTuple):
    """What a body reads: the state ``lag`` iterations before (``kept`` says which), or a node for each iteration.

    ``role``: beside what it is read first; what is read in one role may be one argument.
    """

    lag: int
    kept: int
    nodes: Integers | None
    role: Any = None


@dataclass(frozen=True, eq=False)
class Repetition:
    """A loop: ``nodes[i, j]`` is node j of iteration i.

    ``kept``: which nodes of an iteration are read in a later one or after the loop. ``first``: for each iteration
    before the first that is looked back to, the nodes that stand for the kept ones (-1 where none is read).
    ``leaves``: what the body reads, by the node that it is in the last iteration.
    """

    nodes: Integers
    kept: Sequence[int]
    first: Integers
    leaves: Mapping[int, Leaf]


def check(formula: Formula, parts: Sequence[Sequence[int] | Repetition]) -> None:
    """IllFormedError where the parts are not all nodes that are computed, in order, or a loop reads what it has not."""
    nodes = [x for part in parts for x in (part.nodes.reshape(-1).tolist() if isinstance(part, Repetition) else part)]
    expected = [node for node in formula.order if formula.operands[node]]
    for node, wanted in zip_longest(nodes, expected):
        if node != wanted:
            raise IllFormedError(f"node {node} stands where node {wanted} is to be computed", node)
    for part in parts:
        if isinstance(part, Repetition):
            check_repetition(formula, part)


def check_repetition(formula: Formula, loop: Repetition) -> None:
    """IllFormedError where an iteration reads what is neither its own nor a leaf."""
    count, p = loop.nodes.shape
    if loop.first.shape[1] != len(loop.kept) or not all([0 <= j < p for j in loop.kept]):
        raise IllFormedError(f"a loop keeps {loop.kept} of {p} nodes, and {loop.first.shape[1]} stand before it")
    for leaf in loop.leaves.values():
        if leaf.nodes is None:
            fits = 0 < leaf.lag <= len(loop.first) and 0 <= leaf.kept < len(loop.kept)
        else:
            fits = len(leaf.nodes) in (1, count)
        if not fits:
            raise IllFormedError(f"a loop of {count} iterations reads {leaf}")
    last = loop.nodes[-1].tolist()
    for node in last:
        for x in formula.operands[node]:
            if x not in loop.leaves and x not in last:
                raise IllFormedError(
                    f"node {node} in the body of a loop reads node {x}, which is none of its leaves", node
                )


def one_iteration(formula: Formula, loop: Repetition, groups: Sequence[Sequence[int]], single: bool) -> Scalars:
    """One iteration as scalars of its own; each of ``groups`` is an argument, its results are the kept nodes.

    ``single``: whether its results are single numbers, each for itself. Squares are powers again then: of floats they
    raise where they are too large, as the function's own do, and nothing else would tell.
    """
    made = Iteration(formula, single)
    for node, leaf in loop.leaves.items():
        constant = leaf.nodes is not None and len(leaf.nodes) == 1
        made.number[node] = made.add(rules.CONSTANT if constant else rules.LEAF, (), formula.data[node])
    for node in loop.nodes[-1].tolist():
        made.number[node] = made.operation(node) if node not in formula.items else made.weighted_sum(node)
    found = Scalars(
        rules=made.rules,
        operands=made.operands,
        data=made.data,
        inputs=[[made.number.get(node, -1) for node in group] for group in groups],
        outputs=[made.number[loop.nodes[-1, j]] for j in loop.kept],
        input_names=[""] * len(groups),
        body=True,
        single=single,
    )
    return watched(found, check_scalars, as_lines)


class Iteration:
    """The scalars of one iteration while they are made; ``number`` is what a node of the formula is there."""

    def __init__(self, formula: Formula, single: bool) -> None:
        self.formula, self.single = formula, single
        self.rules: list[rules.Rule] = []
        self.operands: list[tuple[int, ...]] = []
        self.data: list[float] = []
        self.number: dict[int, int] = {}

    def add(self, rule: rules.Rule, operands: tuple[int, ...], data: float) -> int:
        """A node."""
        self.rules.append(rule)
        self.operands.append(operands)
        self.data.append(data)
        return len(self.rules) - 1

    def operation(self, node: int) -> int:
        """What is no weighted sum."""
        formula = self.formula
        rule, operands = formula.rules[node], tuple([self.number[x] for x in formula.operands[node]])
        if self.single and rule is rules.MUL and operands[0] == operands[1]:
            rule, operands = rules.POW, (operands[0], self.add(rules.CONSTANT, (), 2.0))
        return self.add(rule, operands, formula.data[node])

    def weighted_sum(self, node: int) -> int:
        """A sum of products, and of numbers alone."""
        items, number = self.formula.items[node], self.number
        pairs = [x for x in items if isinstance(x, tuple)]
        alone = [number[x] for x in items if isinstance(x, int)]
        if self.single:
            squares = [number[x] for x, y in pairs if x == y]
            alone += [self.add(rules.POW, (x, self.add(rules.CONSTANT, (), 2.0)), 0.0) for x in squares]
            pairs = [(x, y) for x, y in pairs if x != y]
        if pairs:
            factors = (*[number[x] for x, _ in pairs], *[number[y] for _, y in pairs])
            alone.insert(0, self.add(rules.DOT, factors, 0.0))
        return alone[0] if len(alone) == 1 else self.add(rules.SUM, tuple(alone), self.formula.data[node])
