"""The backward pass as data: one record for each application of the chain rule.

:func:`steps` yields what :func:`autograd.graph.backward` does, edge by edge and in the same order, without touching a
``grad``. Whatever shows backward to somebody - a derivation, an animation, a table - is a view of these records.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from autograd import graph
from autograd.handmade import Handmade
from autograd.readings.formulas import derivative, partial_of
from autograd.readings.symbols import Symbol, number, product, short
from autograd.value import Value

from .labels import names as names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Taken = tuple[Value, float, Value, int | None, float, bool]


class Step(NamedTuple):
    """One application of the chain rule: d root / d operand += d root / d node * d node / d operand.

    ``str(step)`` is that line, with its numbers.
    """

    index: int  # type: ignore[assignment] # tuple has a method of this name, which no step needs
    """0 for the first step."""
    root: Value
    node: Value
    """The result, whose gradient is complete."""
    upstream: float
    """d root / d node."""
    operand: Value
    position: int | None
    """The place of the operand among the node's: x * x is two steps, at 0 and at 1. None in a step that is folded."""
    partial: float
    """d node / d operand at this place."""
    carries: bool
    """False where nothing is handed on: nothing arrived at the node, or its operation did not select this operand."""
    contribution: float
    """partial * upstream; 0.0 where nothing is handed on."""
    before: float
    """d root / d operand as far as earlier steps made it, from 0.0."""
    after: float
    """before + contribution."""
    names: Mapping[Value, str]
    """The name of each node of the graph (:func:`autograd.showing.labels.names`)."""

    @property
    def symbolic(self) -> Symbol:
        """The local partial as the row has it, over the operands' names: ``str()`` is its text, ``.latex`` its LaTeX.

        Where nodes are folded away, it is the derivative itself. TypeError if the node was made by hand: there is no
        formula.
        """
        if self.position is None:
            return derivative(self.node, self.operand, self.names)
        return partial_of(self.node, self.position, self.names)

    def equation(self, digits: int = 4) -> list[Symbol]:
        """The sides of the equation: the derivative, the chain rule in symbols and in numbers, the contribution."""
        return self._equation(self.symbolic, digits)

    def _equation(self, local: Symbol, digits: int = 4) -> list[Symbol]:
        upstream, partial, contribution = (
            number(short(x, digits)) for x in (self.upstream, self.partial, self.contribution)
        )
        return [
            derivative(self.root, self.operand, self.names),
            product([derivative(self.root, self.node, self.names), local]),
            product([upstream, partial], crossed=True),
            contribution,
        ]

    def _line(self, local: Symbol) -> str:
        left, *sides = map(str, self._equation(local))
        nothing = "" if self.carries else " (carries nothing)"
        return f"{self.index}: {left} += {' = '.join(sides)}{nothing}"

    def __str__(self) -> str:
        return self._line(self.symbolic)

    def __repr__(self) -> str:
        known = not isinstance(self.node.rule, Handmade)  # and if there is no formula, the derivative stands for itself
        return self._line(self.symbolic if known else derivative(self.node, self.operand, self.names))


def steps(root: Value) -> Iterator[Step]:
    """The backward pass from ``root``, one record for each edge of the graph, in the order of ``root.backward()``.

    Lazy, and no ``grad`` is read or written: gradients start from 0.0. The last ``after`` of a node is bit for bit
    what ``root.backward()`` leaves in an interior node, and in a leaf whose ``grad`` was 0.0. Edges that carry nothing
    are among the steps, and say so.

    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> y = (w * x).relu()
    >>> y.label = "y"
    >>> for step in steps(y + x):
    ...     print(step)
    0: dv2/dy += dv2/dv2 * 1 = 1 * 1 = 1
    1: dv2/dx += dv2/dv2 * 1 = 1 * 1 = 1
    2: dv2/dv1 += dv2/dy * [v1 > 0] = 1 * 0 = 0 (carries nothing)
    3: dv2/dw += dv2/dv1 * x = 0 * 2 = 0 (carries nothing)
    4: dv2/dx += dv2/dv1 * w = 0 * (-3) = 0 (carries nothing)

    Raises TypeError if ``root`` is not a Value.
    """
    if not isinstance(root, Value):
        raise TypeError(f"expected a Value to step backward from, got {type(root).__name__}")
    return sweep(graph.order(root), names_of(root))


def sweep(nodes: Sequence[Value], names: Mapping[Value, str]) -> Iterator[Step]:
    """The steps, given the graph in order."""
    gradient = {nodes[-1]: graph.UNTOUCHED + 1.0}
    return recorded(nodes[-1], graph.steps(reversed(nodes), gradient), gradient, names)


def recorded(
    root: Value, taken: Iterable[Taken], gradient: dict[Value, float], names: Mapping[Value, str]
) -> Iterator[Step]:
    """The steps of :func:`autograd.graph.steps` as records; ``gradient`` is their table, in which they are added up."""
    for index, (node, upstream, operand, position, partial, carries) in enumerate(taken):
        before = gradient.get(operand, graph.UNTOUCHED)
        contribution = partial * upstream if carries else 0.0
        if carries:
            gradient[operand] = before + contribution
        after = gradient.get(operand, before)
        yield Step(index, root, node, upstream, operand, position, partial, carries, contribution, before, after, names)


def folded(
    nodes: Sequence[Value], kept: set[Value], gradient: Mapping[Value, float], names: Mapping[Value, str]
) -> Iterator[Step]:
    """The steps of a graph of which only some nodes are shown: from each of them to the next that are kept below it.

    Where others lie between, the partial is the derivative through them, found by a sweep of its own, and there is one
    step however many ways lead through. ``gradient`` has d root / d node for each node. What is not among the ``nodes``
    is left out.

    >>> x = Value(3.0, label="x")
    >>> z = (x * x + 2.0 * x).exp().log()
    >>> z.label = "z"
    >>> nodes = graph.order(z * z)
    >>> gradient = dict(zip(nodes, graph.gradients(nodes[-1:], [1.0], nodes)))
    >>> for step in folded(nodes, {nodes[-1], z, x}, gradient, names_of(nodes[-1])):
    ...     print(step)
    0: dv5/dz += dv5/dv5 * z = 1 * 15 = 15
    1: dv5/dz += dv5/dv5 * z = 1 * 15 = 15
    2: dv5/dx += dv5/dz * dz/dx = 30 * 8 = 240
    """
    place = {node: i for i, node in enumerate(nodes)}
    so_far = {nodes[-1]: 1.0}  # of the nodes at which something has arrived
    taken = (
        (node, gradient[node], operand, position, partial, selected and node in so_far)
        for node in reversed(nodes)
        if node in kept
        for _, _, operand, position, partial, selected in ways_down(node, place, kept)
    )
    return recorded(nodes[-1], taken, so_far, names)


def ways_down(top: Value, place: Mapping[Value, int], kept: set[Value]) -> Iterator[Taken]:
    """The steps from a node to the kept ones below it, as if 1 had arrived there; in no position over others."""
    arrived = {top: 1.0}
    ends: list[Value] = []
    waiting = [(-place[top], top)]

    def below() -> Iterator[Value]:
        while waiting:
            yield heappop(waiting)[1]

    for node, upstream, operand, position, partial, carries in graph.steps(below(), arrived):
        if operand not in place:
            continue
        if node is top and operand in kept:
            yield top, 1.0, operand, position, partial, carries
            continue
        if operand not in arrived:
            arrived[operand] = graph.UNTOUCHED
            if operand in kept:
                ends.append(operand)
            else:
                heappush(waiting, (-place[operand], operand))
        if carries:
            arrived[operand] += partial * upstream
    for end in ends:
        yield top, 1.0, end, None, arrived[end], arrived[end] is not graph.UNTOUCHED
