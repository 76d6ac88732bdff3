"""Roller: where each node of a formula lies, as it is rolled: its array, and its position there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import rules

from .normalising import Formula
from .positions import irregular, regular, shapes
from .rolled import CAPTURED, CONSTANTS, Access, Array, Join, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .scalars import Program

    Integers = np.ndarray[Any, np.dtype[np.int64]]


class Roller:
    """The statements so far, and where each node of a formula lies: ``owner`` is the number of its array."""

    def __init__(self, program: Program) -> None:
        self.formula = formula = Formula(program)
        count = len(formula.rules)
        self.captured = Array("captured", (0,), CAPTURED)
        self.constants = Array("constant", (0,), CONSTANTS)
        self.inputs = [
            Array("input", () if program.body and len(nodes) == 1 else (len(nodes),), j + 2)
            for j, nodes in enumerate(program.inputs)
        ]
        self.statements: list[Statement] = []
        self.arrays: list[Array] = [self.captured, self.constants, *self.inputs]
        self.owner = [-1] * count
        self.position = np.full(count, -1, np.int64)
        self.captured_nodes: list[int] = []
        self.constant_nodes: list[int] = []
        for array, nodes in zip(self.inputs, program.inputs, strict=True):
            for position, node in enumerate(nodes):
                if node >= 0:
                    self.owner[node], self.position[node] = array.index, position
        for node in program.captured_nodes:
            self.owner[node] = CAPTURED
        for node in formula.order:
            if formula.rules[node] is rules.CONSTANT:
                self.owner[node] = CONSTANTS

    def labels(self, program: Program) -> dict[int, dict[int, str]]:
        """For each array, by its number, the labels of its elements by their positions."""
        found: dict[int, dict[int, str]] = {}
        for node, label in program.labels.items():
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
            access = Access(self.arrays[used[0]], positions.reshape(shape))
            if used[0] == CONSTANTS and len({repr(self.formula.data[x]) for x in nodes}) == 1:
                access.literal = self.formula.data[nodes[0]]
            return access
        owners = np.array([self.owner[x] for x in nodes])
        parts, joined, start = [], np.empty(len(nodes), np.int64), 0
        for index in used:
            mine = owners == index
            elements, which = np.unique(positions[mine], return_inverse=True)
            parts.append(Access(self.arrays[index], elements))
            joined[mine] = start + which
            start += len(elements)
        out = self.add((start,))
        self.statements.append(Join(out, parts))
        return Access(out, joined.reshape(shape))

    def add(self, shape: tuple[int, ...]) -> Array:
        """A new array."""
        array = Array("group", shape, len(self.arrays))
        self.arrays.append(array)
        return array

    def define(self, members: Sequence[int], shape: tuple[int, ...]) -> Array:
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
            array = self.arrays[self.owner[slot[0]]]
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
            large = max(slots, key=lambda slot: self.arrays[self.owner[slot[0]]].size)
            if len(self.arrays[self.owner[large[0]]].shape) > 1:
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
    i = min(able, key=lambda i: operands[i].array.kind == "constant")  # of constants only if there is nothing else
    operands[i] = operands[i].gathered()
