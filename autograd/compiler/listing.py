"""Listing: a program as tables to read, at each stage from scalars to arrays.

recorded    one line for each scalar that the function computed, and for what it was computed from
normalised  the same after sums of products have become weighted sums, and a node that nothing uses is gone
rolled      one line for each array statement
"""

from __future__ import annotations

from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from autograd import rules
from autograd.symbols import short

from .emission import Emitter
from .naming import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .normalising import Formula
    from .rolling import Rolled
    from .scalars import Program

    Row = tuple[str, ...]


class Table:
    """Rows of text under a heading; they are made when they are shown, and of a long table only those shown.

    ``len(table)`` is the number of rows, ``table[i]`` one of them. ``print(table)`` shows at most 30: the first and the
    last; ``table.text(limit=None)`` all.
    """

    def __init__(self, title: str, head: Row, length: int, row: Callable[[int], Row]) -> None:
        self.title, self.head = title, head
        self._length, self._row = length, row

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, i: int) -> Row:
        if not -self._length <= i < self._length:
            raise IndexError(f"{self.title}: expected a row below {self._length}, got {i}")
        return self._row(i % self._length)

    def rows(self, limit: int | None = 30) -> list[Row]:
        """The heading and the rows; where they are more than the limit, a row of dots in the middle."""
        if limit is None or self._length <= limit:
            return [self.head, *[self._row(i) for i in range(self._length)]]
        first, last = limit - limit // 3, limit // 3
        left_out = f"... {self._length - first - last:,} more"
        shown = [self._row(i) for i in range(first)], [self._row(self._length - last + i) for i in range(last)]
        return [self.head, *shown[0], (left_out,), *shown[1]]

    def text(self, limit: int | None = 30) -> str:
        """The title and the rows in columns."""
        lines = self.rows(limit)
        widths = [
            max(map(len, column)) for column in zip_longest(*[x for x in lines if len(x) > 1], fillvalue="")
        ]  # fmt: skip
        columns = ["  ".join(map(str.ljust, line, widths)).rstrip() if len(line) > 1 else line[0] for line in lines]
        return "\n".join([self.title, *[f"  {line}" for line in columns]])

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<{self.title}>"

    def _repr_html_(self) -> str:
        lines = []
        for row in self.rows():
            span = f' colspan="{len(self.head)}"' if len(row) == 1 else ""
            cells = [f'<td{span} style="text-align: left"><code>{escape(x)}</code></td>' for x in row]
            lines.append(f"<tr>{''.join(cells)}</tr>")
        lines[0] = lines[0].replace("<td", "<th").replace("</td", "</th")
        return f"<table><caption>{escape(self.title)}</caption>{''.join(lines)}</table>"


class Stages:
    """What became of a function: ``recorded``, ``normalised`` and ``rolled``, a :class:`Table` each.

    ``print`` shows how many lines each stage has, and the last of them.
    """

    def __init__(self, program: Program, rolled: Rolled, batched: bool) -> None:
        self.recorded = recorded(program)
        self.normalised = normalised(program, rolled.formula)
        self.rolled = statements(rolled, batched)

    def __str__(self) -> str:
        counts = f"{len(self.recorded):,} scalars recorded, {len(self.normalised):,} after normalising"
        return f"{counts}\n{self.rolled}"

    def __repr__(self) -> str:
        return f"<program: {len(self.recorded):,} scalars in {len(self.rolled):,} array statements>"

    def _repr_html_(self) -> str:
        counts = f"{len(self.recorded):,} scalars recorded, {len(self.normalised):,} after normalising"
        return f"<p>{counts}</p>{self.rolled._repr_html_()}"


def roles(program: Program) -> dict[int, str]:
    """What each leaf is: a number of an argument, as ``x[3]``, or a captured one, as ``P[17]``."""
    found = {
        node: f"{name or f'x{j + 1}'}[{k}]"
        for j, (name, nodes) in enumerate(zip(program.input_names, program.inputs, strict=True))
        for k, node in enumerate(nodes)
    }
    return found | dict.fromkeys(program.captured_nodes, "captured")


def recorded(program: Program) -> Table:
    """The scalar instructions, each with the numbers of the nodes it is computed from and its value then."""
    leaves = roles(program)

    def row(i: int) -> Row:
        rule = program.rules[i]
        what = leaves.get(i) or ("constant" if rule is rules.CONSTANT else rule.symbol)
        of = listed([str(x) for x in program.operands[i]])
        return str(i), what, of, short(program.data[i], 6), quoted([program.labels.get(i, "")])

    count = len(program.rules)
    return Table(f"recorded: {count:,} scalars", ("node", "operation", "of nodes", "value", "label"), count, row)


def normalised(program: Program, formula: Formula) -> Table:
    """The same after normalising: a weighted sum shows its products."""
    leaves, order = roles(program), formula.order

    def row(i: int) -> Row:
        node = order[i]
        rule = formula.rules[node]
        what = leaves.get(node) or (short(formula.data[node], 6) if rule is rules.CONSTANT else rule.symbol)
        of = listed([str(x) for x in formula.operands[node]])
        if node in formula.items:
            what = "weighted sum"
            terms = [f"{x[0]} * {x[1]}" if isinstance(x, tuple) else str(x) for x in formula.items[node]]
            of = listed(terms, " + ")
        return str(node), what, of, quoted([program.labels.get(node, "")])

    title = f"normalised: {len(order):,} scalars"
    return Table(title, ("node", "operation", "of nodes", "label"), len(order), row)


def statements(rolled: Rolled, batched: bool) -> Table:
    """The array statements, in the order in which they run."""
    emitter = Emitter(rolled, batched, [False] * len(rolled.inputs))
    listing = emitter.needed([rolled.outputs])

    def row(i: int) -> Row:
        statement = listing[i]
        shape = [*map(str, statement.out.shape), *["examples"] * emitter.is_batched(statement.out)]
        remark = emitter.remark(statement).removeprefix("  # ")
        return emitter.names[statement.out.index], " x ".join(shape) or "1", emitter.forward(statement), remark

    title = f"rolled: {len(listing):,} array statements"
    return Table(title, ("name", "shape", "formula", "operation"), len(listing), row)


def listed(items: Sequence[Any], separator: str = ", ", most: int = 6) -> str:
    """Items in a line; of many the first and the last."""
    shown = list(items) if len(items) <= most else [*items[: most - 2], "...", items[-1]]
    return separator.join(shown)
