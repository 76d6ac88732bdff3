"""A reference for array programs: NumPy evaluates blocks node by node, from what each means, not as it is printed."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd import rules
from autograd.compiler.arrays import EXAMPLES, Array, Permute, Pick, Table, View
from autograd.compiler.blocks import Add, Back, Block, Element, Let, Loop, Outcome, Tape, Total, Zeros
from autograd.compiler.checks import index_of
from autograd.compiler.expressions import (
    Apply,
    Contract,
    Expr,
    Filled,
    Join,
    Moved,
    Nothing,
    Number,
    Own,
    Read,
    Reduce,
    Row,
    Stretch,
    Sum,
)  # fmt: skip
from autograd.compiler.targets.words import own_function
from autograd.readings import arrays as table

SIGNS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": np.mod, "//": np.floor_divide,
    "**": np.power, "neg": operator.neg, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne, "if": np.where, "where": np.where, "maximum": np.maximum,
    "minimum": np.minimum,
}  # fmt: skip
WORDS = table.namespace(np)

Holder = Array | Tape | Total


class Interpreter:
    """The values of arrays; with ``examples`` of them along the last axis where an array has one."""

    def __init__(
        self, values: Mapping[Any, Any], examples: int = 1, tables: Mapping[Array, Table] | None = None
    ) -> None:
        self.values: dict[Any, Any] = dict(values)
        self.examples = examples
        self.tables = tables or {}

    def run(self, block: Block) -> None:
        """Every statement."""
        for s in block:
            self.step(s)

    def step(self, s: object) -> None:
        """A statement."""
        if isinstance(s, Let):
            self.values[s.array] = self.over(s.value, s.axes, s.array)
        elif isinstance(s, Zeros):
            self.values[s.array] = np.zeros(self.shape(s.array))
        elif isinstance(s, Add):
            self.add(s.view, self.value(s.value), s.fresh)
        elif isinstance(s, Loop):
            self.loop(s)
        elif isinstance(s, Back):
            self.back(s)

    def shape(self, array: Array) -> tuple[int, ...]:
        """The shape of an array, with that of the examples."""
        return (*array.shape, *[self.examples] * array.examples)

    def over(self, x: Expr, axes: str, array: Array) -> Any:
        """An expression in the shape of an array whose axes are called so."""
        return np.broadcast_to(aligned(self.value(x), x.axes, axes), self.shape(array)) + 0.0

    def add(self, view: View, values: Any, fresh: bool) -> None:
        """Elements += values, each occurrence counted; or =."""
        flat = self.values[view.array].reshape(view.array.size, -1)
        index = np.arange(view.array.size).reshape(view.shape) if view.flat is None else view.flat.numbers
        wide = np.broadcast_to(values, (*view.shape, *[self.examples] * view.array.examples))
        wide = np.asarray(wide, float).reshape(*view.shape, -1)
        if fresh:
            flat[index] = wide
        else:
            np.add.at(flat, index, wide)

    # Expressions.

    @functools.singledispatchmethod
    def value(self, x: Expr) -> Any:
        """The value of an expression, along its axes."""
        raise TypeError(f"expected an expression, got {x!r}")

    @value.register
    def _number(self, x: Number) -> Any:
        return np.array(x.value)

    @value.register
    def _read(self, x: Read) -> Any:
        return self.elements(x.view)

    def elements(self, view: View) -> Any:
        """The elements of a view, taken by their positions."""
        array = view.array
        whole = self.tables[array].numbers if array in self.tables else self.values[array]
        if view.flat is None:
            return whole
        rows = np.asarray(whole).reshape(array.size, *[self.examples] * array.examples)
        return rows[view.flat.numbers]

    @value.register
    def _apply(self, x: Apply) -> Any:
        operands = [aligned(self.value(y), y.axes, x.axes) for y in x.operands]
        if isinstance(x.operation, Own):
            return own_function(Own(x.operation.row, x.operation.index), lambda _: math.nan)(*operands)
        name = x.operation.removeprefix("float_")
        if name == "+":
            return functools.reduce(operator.add, operands)
        return SIGNS[name](*operands) if name in SIGNS else WORDS[name](*operands)

    @value.register
    def _row(self, x: Row) -> Any:
        if x.row.layout == "fixed":
            operands = [aligned(self.value(y), y.axes, x.axes) for y in x.operands]
        else:
            operands = [aligned(self.value(x.operands[0]), x.operands[0].axes, "k" + x.axes)]
        return rules.read(x.row.value, WORDS)(*operands)

    @value.register
    def _reduce(self, x: Reduce) -> Any:
        return self.over_sequences(x.x)

    def over_sequences(self, x: Expr) -> Any:
        """A formula of sequences: they lie alike, so nothing has to be aligned."""
        if not isinstance(x, Apply):
            return self.value(x)
        operands = [self.over_sequences(y) for y in x.operands]
        name = str(x.operation).removeprefix("float_")
        return SIGNS[name](*operands) if name in SIGNS else WORDS[name](*operands)

    @value.register
    def _contract(self, x: Contract) -> Any:
        left, right = self.value(x.left), self.value(x.right)
        return np.einsum(f"{x.left.axes},{x.right.axes}->{x.axes}", left, right)

    @value.register
    def _sum(self, x: Sum) -> Any:
        return np.einsum(f"{x.x.axes}->{x.axes}", self.value(x.x))

    @value.register
    def _stretch(self, x: Stretch) -> Any:
        return aligned(self.value(x.x), x.x.axes, x.axes)

    @value.register
    def _moved(self, x: Moved) -> Any:
        value = np.asarray(self.value(x.x))
        if isinstance(x.x, Stretch):
            value = np.broadcast_to(value, np.broadcast_shapes(value.shape, (1,) * len(x.x.axes)))
        examples = value.shape[-1:] if EXAMPLES in x.x.axes else ()
        for move in x.moves:
            if isinstance(move, Pick):
                value = value[tuple([index_of(i) for i in move.index])]
            elif isinstance(move, Permute):
                value = value.transpose(*move.order, *[len(move.order)] * len(examples))
            else:
                value = value.reshape(*move.shape, *examples)
        return value

    @value.register
    def _join(self, x: Join) -> Any:
        parts = [aligned(self.value(y), y.axes, x.axes) for y in x.pieces]
        columns = max([part.shape[1:] for part in parts])
        return np.concatenate([np.broadcast_to(part, (len(part), *columns)) for part in parts])

    @value.register
    def _filled(self, x: Filled) -> Any:
        return np.broadcast_to(self.value(x.x), self.shape(x.like))

    @value.register
    def _nothing(self, x: Nothing) -> Any:
        return np.zeros(self.shape(x.like))

    @value.register
    def _outcome(self, x: Outcome) -> Any:
        found = self.values[x.holder]
        return np.asarray(found if isinstance(x.holder, Total) else found[x.row])

    # Loops.

    def loop(self, s: Loop) -> None:
        """A loop: tapes are lists, which stay for the way back."""
        for tape, first in s.tapes:
            self.values[tape] = [0.0 if x is None else self.value(x) for x in first]
        for given in s.given:
            self.values[given.holder or given.array] = self.value(given.value)
        for i in range(s.count):
            self.enter(s.reads, i)
            self.run(s.body)
            for tape, read in s.keeps:
                self.values[tape].append(self.value(read))
        rows = [np.stack(np.broadcast_arrays(*self.values[tape][tape.before :])) for tape, _ in s.tapes]
        self.values[s.array] = rows[0] if len(rows) == 1 else np.stack(np.broadcast_arrays(*rows), 1)

    def enter(self, reads: Any, i: int) -> None:
        """What iteration i reads."""
        for array, entry in reads:
            self.values[array] = self.entry(entry, i)

    def entry(self, entry: Element, i: int) -> Any:
        """An element of a tape, or of what is given."""
        return np.asarray(self.values[entry.holder])[i] if isinstance(entry.holder, Array) else (
            self.values[entry.holder][i + entry.offset]
        )  # fmt: skip

    def back(self, s: Back) -> None:
        """A loop backwards."""
        upstream = self.value(s.upstream)
        for k, tape in enumerate(s.tapes):
            part = upstream if len(s.tapes) == 1 else upstream[:, k]
            self.values[tape] = [0.0] * tape.before + list(part)
        for total in s.totals:
            self.values[total] = [0.0] * s.loop.count if total.steps else 0.0
        for i in reversed(range(s.loop.count)):
            self.enter(s.reads, i)
            self.run(s.body)
            for entry, x in s.adds:
                value = self.value(x)
                if isinstance(entry.holder, Total) and not entry.holder.steps:
                    self.values[entry.holder] = self.values[entry.holder] + value
                else:
                    place = i + (0 if isinstance(entry.holder, Total) else entry.offset)
                    self.values[entry.holder][place] = self.values[entry.holder][place] + value


def aligned(value: Any, have: str, want: str) -> Any:
    """A value whose axes are the letters ``have``, with new ones so that it broadcasts against ``want``."""
    value = np.asarray(value)
    return value[tuple([slice(None) if letter in have else None for letter in want])] if value.ndim else value
