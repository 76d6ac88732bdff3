"""The graph and its sweeps: an order of the nodes, and the chain rule, written once.

A node is anything with ``parents`` (the operands it was computed from), ``partials`` (its derivative by each of
them, as numbers, computed forward and stored) and ``grad``. This file needs no rule; it asks only whether a rule is
*selecting*, for edges whose partial is 0.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Selecting(Protocol):
    """What the sweeps ask of a rule."""

    @property
    def selecting(self) -> bool:
        """True where an edge whose partial is 0.0 carries nothing, not even 0 * inf."""


class Node(Protocol):
    """What the sweeps ask of a node."""

    grad: float

    @property
    def parents(self: N) -> Sequence[N]:  # noqa: PYI019 - Self is not in Python 3.10
        """The operands, each as often as it was used: x * x has two."""

    @property
    def partials(self) -> Sequence[float]:
        """d node / d parent, one for each parent."""

    @property
    def rule(self) -> Selecting:
        """The operation that made the node."""


N = TypeVar("N", bound=Node)


def order(root: N) -> list[N]:
    """List every node that ``root`` depends on, operands before results; ``root`` comes last.

    Why an order at all? Because a node may hand its gradient on only when the gradient is complete. In

        b = a + a
        c = b + b

    c adds to the gradient of b twice. A walk that follows each edge as soon as it sees it passes b's first half on
    to a, and then b's whole, and arrives at dc/da = 2 + 4 = 6. With results before operands (this list, backwards)
    b is complete, db = 2, before it is passed on, and dc/da = 4.

    Depth-first with an explicit stack, so depth is limited by memory only. The same graph gives the same list in
    every run; read backwards, it visits left operands before right ones. Linear in the number of edges.
    """
    if not root.parents:
        return [root]
    listed: list[N] = []
    seen: set[N] = set()  # nodes hash by identity
    stack: list[N | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:  # the operands of the node below are all listed
            listed.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            stack.append(node)
            stack.append(None)
            for parent in node.parents:
                if parent not in seen:
                    if parent.parents:
                        stack.append(parent)
                    else:
                        seen.add(parent)
                        listed.append(parent)
    return listed


def backward(root: N) -> list[N]:
    """Fill in ``grad`` = d root / d node for every node below ``root``, by one backward sweep.

    The contract: grads of interior nodes belong to this pass; grads of leaves accumulate until zeroed. So calling it
    twice doubles the leaves and nothing else, and two losses that share nodes add up at the leaves.

    Returns the order it swept: results before operands.
    """
    nodes = order(root)
    nodes.reverse()
    for node in nodes:
        if node.parents:
            node.grad = 0.0
    root.grad += 1.0
    sweep(nodes)
    return nodes


def sweep(nodes: Iterable[Node]) -> None:
    """The chain rule, for each node in turn: every operand receives its partial times the gradient of the result.

        operand.grad += d node / d operand * node.grad

    Complete if results come before operands.
    """
    for node in nodes:
        upstream = node.grad
        partials = node.partials
        if len(partials) == 2:  # the same as below, spelled out: most nodes have two operands, and this halves the time
            (left, right), (by_left, by_right) = node.parents, partials
            if by_left or not node.rule.selecting:
                left.grad += by_left * upstream
            if by_right or not node.rule.selecting:
                right.grad += by_right * upstream
        else:
            for parent, partial in zip(node.parents, partials):  # noqa: B905 - lengths agree by construction
                if partial or not node.rule.selecting:
                    parent.grad += partial * upstream
