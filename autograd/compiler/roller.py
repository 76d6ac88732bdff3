"""Roller: where each node of a formula lies, as it is rolled: its array, and its position there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import rules

from .positions import irregular, regular, shapes
from .rolled import CAPTURED, CONSTANTS, Access, Concatenation, Holder, RolledStatement, lying

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .normalising import Formula
    from .scalars import Scalars

    Integers = np.ndarray[Any, np.dtype[np.int64]]


class Roller:
    """The statements so far, and where each node of a formula lies: ``owner`` is the number of its array."""

    def __init__(self, formula: Formula, holders: list[Holder]) -> None:
        self.formula, self.holders = formula, holders
        self.statements: list[RolledStatement] = []
        self.owner = [-1] * len(formula.rules)
        self.position = np.full(len(formula.rules), -1, np.int64)
        self.captured_nodes: list[int] = []
        self.constant_nodes: list[int] = []

    def give(self, scalars: Scalars) -> None:
        """Where the leaves lie: of captured ones and constants it is seen later at which position."""
        for j, nodes in enumerate(scalars.inputs):
            for position, node in enumerate(nodes):
                if node >= 0:
                    self.owner[node], self.position[node] = j + 2, position
        for node in scalars.captured_nodes:
            self.owner[node] = CAPTURED
        for node in self.formula.order:
            if self.formula.rules[node] is rules.CONSTANT:
                self.owner[node] = CONSTANTS

    def close(self) -> None:
        """No more captured leaves and constants come: so many elements their arrays have."""
        self.holders[CAPTURED] = Holder("captured", (len(self.captured_nodes),), CAPTURED)
        self.holders[CONSTANTS] = Holder("constant", (len(self.constant_nodes),), CONSTANTS)

    def labels(self, scalars: Scalars) -> dict[int, dict[int, str]]:
        """For each array, by its number, the labels of its elements by their positions."""
        found: dict[int, dict[int, str]] = {}
        for node, label in scalars.labels.items():
            kept = self.formula.kept(node)
            found.setdefault(self.owner[kept], {}).setdefault(int(self.position[kept]), label)
        return found

    def place(self, nodes: Iterable[int]) -> None:
        """Give captured leaves and constants their places, in the order in which they are first used."""
        for node in nodes:
            if self.position[node] < 0:
                listed = self.captured_nodes if self.owner[node] == CAPTURED else self.constant_nodes
                self.position[node] = len(listed)
                listed.append(node)

    def operand(self, nodes: Sequence[int], shape: tuple[int, ...] | None = None) -> Access:
        """Where these nodes lie, arranged in this shape: in one array, joined from several if need be."""
        if shape is None:
            shape = () if len(nodes) == 1 else (len(nodes),)
        self.place(nodes)
        used = list(dict.fromkeys([self.owner[x] for x in nodes]))
        positions = self.position[np.array(nodes, np.int64)]
        if len(used) == 1:
            one = used[0] == CONSTANTS and len({repr(self.formula.data[x]) for x in nodes}) == 1
            return lying(used[0], positions.reshape(shape), self.formula.data[nodes[0]] if one else None)
        owners = np.array([self.owner[x] for x in nodes])
        parts, joined, start = [], np.empty(len(nodes), np.int64), 0
        for index in used:
            mine = owners == index
            elements, which = np.unique(positions[mine], return_inverse=True)
            parts.append(lying(index, elements))
            joined[mine] = start + which
            start += len(elements)
        out = self.add((start,))
        self.statements.append(Concatenation(out, parts))
        return lying(out.index, joined.reshape(shape))

    def add(self, shape: tuple[int, ...]) -> Holder:
        """A new array."""
        holder = Holder("group", shape, len(self.holders))
        self.holders.append(holder)
        return holder

    def define(self, members: Sequence[int], shape: tuple[int, ...]) -> Holder:
        """The array of a group: its members in order, in this shape."""
        out = self.add(shape)
        for position, node in enumerate(members):
            self.owner[node] = out.index
            self.position[node] = position
        return out

    def shape(self, slots: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], Integers]:
        """The axes of a group: those along which most operands lie regularly; and the order of its members then."""
        n = len(slots[0])
        members = np.arange(n)
        if n == 1:
            return (), members
        candidates: list[tuple[tuple[int, ...], Integers]] = []
        columns = []
        for slot in slots:
            self.place(slot)
            columns.append(self.position[np.array(slot, np.int64)])
            array = self.holders[self.owner[slot[0]]]
            if len(array.shape) > 1 and array.size == n:
                order = np.argsort(columns[-1], kind="stable")
                if (columns[-1][order] == members).all():  # all of the array: as it is arranged
                    candidates.append((array.shape, order))

        def cost(candidate: tuple[tuple[int, ...], Integers]) -> int:
            shape, order = candidate
            return sum([irregular(column[order].reshape(shape)) for column in columns])

        candidates += [(shape, members) for shape in [(n,), *shapes(n, columns)]]
        shape, order = min(candidates, key=cost)  # of equals the first
        if order is not members:
            return shape, order
        axes = list(range(len(shape)))
        if len(shape) > 2:  # the longest last: then what is done along it is done in one go
            axes.sort(key=lambda axis: axis == int(np.argmax(shape)))
        elif len(shape) == 2:  # as the largest operand lies
            large = max(slots, key=lambda slot: self.holders[self.owner[slot[0]]].size)
            if len(self.holders[self.owner[large[0]]].shape) > 1:
                strides = regular(columns[slots.index(large)].reshape(shape))
                if strides is not None and 0 < abs(strides[0]) < abs(strides[1]):
                    axes.reverse()
        members = members.reshape(shape).transpose(axes).reshape(-1)
        return tuple([shape[axis] for axis in axes]), members


def cover(operands: list[Access], axes: Sequence[Sequence[int]], count: int) -> None:
    """Where no operand depends on an axis of the result, let one of them have all its axes.

    ``axes``: for each operand, which axis of the result each of its own is (or -1).
    """
    regarded = [(access, own) for access, own in zip(operands, axes, strict=True) if access.literal is None]
    kept = {own[axis] for access, own in regarded for axis in access.kept}
    if kept >= set(range(count)):
        return
    able = [i for i, own in enumerate(axes) if set(own) >= set(range(count))]
    i = min(able, key=lambda i: operands[i].array == CONSTANTS)  # of constants only if there is nothing else
    operands[i] = operands[i].gathered()
