"""Listing: a program as tables to read, at each stage from scalars to arrays.

scalars     one line for each scalar that the function computed, and for what it was computed from
normalised  the same after sums of products have become weighted sums, and a node that nothing uses is gone
rolled      one line for each array statement
gradient    one line for each statement of the way back: what is a derivative of what
kernel      the program, line by line
"""

from __future__ import annotations

from functools import cache
from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from autograd import rules
from autograd.readings.symbols import short

from .blocks import Add, Back, Let, Loop
from .kernels import kernel
from .linearise import ordered, target, written
from .naming import quoted
from .targets.numpy import NUMPY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .again import Again
    from .blocks import Kernel, Statement
    from .normalising import Formula
    from .printers.python import Python
    from .rolled import Rolled
    from .scalars import Scalars

    Row = tuple[str, ...]
    Lines = Callable[[], Mapping[int, str]]


class Listing:
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
    """What became of a function, a :class:`Listing` for each stage, with the lines of it where that can be told.

    ``scalars`` (``recorded`` is the same), ``normalised``, ``rolled``, ``gradient`` and ``kernel``. ``print`` shows how
    many lines the first stages have, and the array statements.
    """

    def __init__(
        self,
        program: Scalars,
        rolled: Rolled,
        batched: bool | Sequence[bool],
        wanted: Sequence[bool],
        again: Again | None = None,
    ) -> None:
        lines_of = cache(lambda: {} if again is None else again.lines(program))
        self.scalars = self.recorded = table_of_scalars(program, lines_of)
        self.normalised = normalised(program, rolled.formula, lines_of)
        self.rolled = statements(rolled, batched, lines_of)
        made, printer = printed(rolled, batched, wanted)
        self.gradient = derivatives(made, printer)
        self.kernel = lines(printer.source())

    def __str__(self) -> str:
        counts = f"{len(self.recorded):,} scalars recorded, {len(self.normalised):,} after normalising"
        return f"{counts}\n{self.rolled}"

    def __repr__(self) -> str:
        return f"<program: {len(self.recorded):,} scalars in {len(self.rolled):,} array statements>"

    def _repr_html_(self) -> str:
        counts = f"{len(self.recorded):,} scalars recorded, {len(self.normalised):,} after normalising"
        return f"<p>{counts}</p>{self.rolled._repr_html_()}"


def roles(program: Scalars) -> dict[int, str]:
    """What each leaf is: a number of an argument, as ``x[3]``, or a captured one, as ``P[17]``."""
    found = {
        node: f"{name or f'x{j + 1}'}[{k}]"
        for j, (name, nodes) in enumerate(zip(program.input_names, program.inputs, strict=True))
        for k, node in enumerate(nodes)
    }
    return found | dict.fromkeys(program.captured_nodes, "captured")


def table_of_scalars(program: Scalars, lines_of: Lines) -> Listing:
    """The scalar instructions, each with the numbers of the nodes it is computed from and its value then."""
    leaves = roles(program)

    def row(i: int) -> Row:
        rule = program.rules[i]
        what = leaves.get(i) or ("constant" if rule is rules.CONSTANT else rule.symbol)
        of = in_line([str(x) for x in program.operands[i]])
        line = lines_of().get(i, "")
        return str(i), what, of, short(program.data[i], 6), quoted([program.labels.get(i, "")]), line

    count = len(program.rules)
    head = ("node", "operation", "of nodes", "value", "label", "line")
    return Listing(f"recorded: {count:,} scalars", head, count, row)


def normalised(program: Scalars, formula: Formula, lines_of: Lines) -> Listing:
    """The same after normalising: a weighted sum shows its products."""
    leaves, order = roles(program), formula.order

    def row(i: int) -> Row:
        node = order[i]
        rule = formula.rules[node]
        what = leaves.get(node) or (short(formula.data[node], 6) if rule is rules.CONSTANT else rule.symbol)
        of = in_line([str(x) for x in formula.operands[node]])
        if node in formula.items:
            what = "weighted sum"
            terms = [f"{x[0]} * {x[1]}" if isinstance(x, tuple) else str(x) for x in formula.items[node]]
            of = in_line(terms, " + ")
        return str(node), what, of, quoted([program.labels.get(node, "")]), lines_of().get(node, "")

    title = f"normalised: {len(order):,} scalars"
    return Listing(title, ("node", "operation", "of nodes", "label", "line"), len(order), row)


def statements(rolled: Rolled, batched: bool | Sequence[bool], lines_of: Lines) -> Listing:
    """The array statements of the result, in the order in which they run."""
    program, printer = printed(rolled, batched, [False] * len(rolled.inputs))
    result = program.functions[0].result
    listing = ordered(program.forward, [] if result is None else [result.view.array])
    place = {target(s): k for k, s in enumerate(program.forward)}
    own_lines = cache(lambda: lines_of_statements(rolled, lines_of()))

    def row(i: int) -> Row:
        s = listing[i]
        array = target(s)
        origin = s.origin if isinstance(s, (Let, Loop)) else None
        remark = printer.remark(array, origin) if origin is not None else ""
        line = in_line(own_lines()[place[array]], most=3)
        return printer.naming.of(array), lengths(array.shape, array.examples), formula(s, printer), remark, line

    title = f"rolled: {len(listing):,} array statements"
    return Listing(title, ("name", "shape", "formula", "operation", "line"), len(listing), row)


def lines_of_statements(rolled: Rolled, lines: Mapping[int, str]) -> list[list[str]]:
    """For each statement the lines that its scalars were computed on, each once."""
    found: dict[int, dict[str, None]] = {}
    owner, _ = rolled.places
    for node, line in sorted(lines.items()):
        found.setdefault(owner[rolled.formula.kept(node)], {})[line] = None
    return [[*found.get(s.out.index, {})] for s in rolled.statements]


def derivatives(program: Kernel, printer: Python) -> Listing:
    """The statements of the way back: what each is added to or defines, and whose derivative that is."""
    known = {x.array for x in program.functions[0].block if isinstance(x, (Let, Loop))}
    back = [s for s in program.functions[1].block if not (isinstance(s, (Let, Loop)) and s.array in known)]

    def row(i: int) -> Row:
        s = back[i]
        first, *rest = printer.line(s)
        text = first.partition("  # ")[0] + (f" ... {len(rest)} more lines" if rest else "")
        if isinstance(s, Add) and s.view.array is program.gradient:
            part = s.view.of(program.captured)
            return f"d / d{printer.naming.base(part)}", lengths(part.shape, examples=False), text
        array = s.loop.array if isinstance(s, Back) else s.view.array if isinstance(s, Add) else s.array
        by = array if isinstance(s, Back) else array.derivative_of
        return "" if by is None else f"d / d{printer.naming.of(by)}", lengths(array.shape, array.examples), text

    return Listing(f"gradient: {len(back):,} statements", ("derivative", "shape", "statement"), len(back), row)


def lines(source: str) -> Listing:
    """A text, line by line."""
    each = source.splitlines()
    return Listing(f"kernel: {len(each):,} lines", ("line", "text"), len(each), lambda i: (str(i + 1), each[i]))


def printed(rolled: Rolled, batched: bool | Sequence[bool], wanted: Sequence[bool]) -> tuple[Kernel, Python]:
    """A program, and what prints it, all its names chosen."""
    program = kernel(rolled, batched, wanted, NUMPY.readings)
    printer = NUMPY.printer(program, NUMPY.words())
    printer.source()
    return program, printer


def lengths(shape: Sequence[int], examples: bool) -> str:
    """The shape of an array as text."""
    return " x ".join([*map(str, shape), *["examples"] * examples]) or "1"


def formula(statement: Statement, printer: Python) -> str:
    """What a statement computes, as text; of a loop how long it is."""
    if isinstance(statement, Loop):
        return f"for i in range({statement.count}): {len(statement.body.statements)} statements"
    found = written(statement, NUMPY.readings)
    return printer.write(found.value, found.axes).text if isinstance(found, Let) else ""


def in_line(items: Sequence[Any], separator: str = ", ", most: int = 6) -> str:
    """Items in a line; of many the first and the last."""
    shown = list(items) if len(items) <= most else [*items[: most - 2], "...", items[-1]]
    return separator.join(shown)
