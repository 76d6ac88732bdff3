"""Statements over single numbers as plain Python over floats.

What a loop keeps of each iteration is a list; backward the derivatives by it are one as well.

    h1 = [x]                                dh1 = [0.0] * 101
    for i1 in range(100):                   dh1[100] += g
        v1 = h1[i1]                         for i1 in reversed(range(100)):
        h1.append(sin(v1))                      v1 = h1[i1]
                                                g1 = dh1[i1 + 1]
                                                dh1[i1] += g1 * cos(v1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from autograd.compiler.arrays import Array, At, Pick
from autograd.compiler.blocks import Add, Back, Element, Let, Loop, Tape, Total, Zeros
from autograd.compiler.expressions import Apply, Expr, Item, Join, Moved, Number, Read, Together
from autograd.compiler.sharing import Gathered
from autograd.compiler.simplifying import is_negative, negated

from .expressions import ATOM, COMPARISON, SIGN, SUM, Expressions, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.compiler.arrays import View
    from autograd.compiler.sharing import Step

OTHER, UNANSWERED = "OtherWay", "FloatingPointError"
"""What is raised where a path is not taken, and where only the function itself can answer."""


class Named(Protocol):
    """What gives names."""

    def of(self, holder: Array | Tape | Total | Loop, start: str = "v") -> str:
        """The name of a variable."""


class SinglesPrinter(Expressions):
    """Prints statements over single numbers."""

    def __init__(self, naming: Named) -> None:
        super().__init__(naming, {})  # type: ignore[arg-type]
        self.loops: dict[Array, Loop] = {}
        """The loops, by the arrays of what they keep."""

    # Expressions.

    def write(self, x: Any, want: str) -> Text:
        """An expression."""
        if isinstance(x, Number):  # always with its point: Python is quicker with two floats than with an int and one
            return Text(repr(x.value), SIGN if repr(x.value)[0] == "-" else ATOM)
        if isinstance(x, Read):
            return Text(self.place(x.view))
        if isinstance(x, Together):
            return Text(self.row("()", x.parts))
        if isinstance(x, Item):
            return Text(f"{self.text(x.x).text}[{x.index}]")
        if isinstance(x, Gathered):
            return Text(self.naming.of(x.holder) + (f"[{x.row}]" if isinstance(x.holder, Tape) else ""))
        if isinstance(x, Moved):
            return self.moved_by(x)
        if isinstance(x, Join):
            pieces = [piece.parts[0] for piece in x.pieces]
            return Text(self.row("()" if all([isinstance(y, Number) for y in pieces]) else "[]", pieces))
        if isinstance(x, Apply) and x.operation == "+":
            return self.total(x.operands)
        return super().write(x, want)

    def moved_by(self, x: Moved) -> Text:
        """An element of a list; a number as it is."""
        inner = self.text(x.x)
        index = [each for move in x.moves if isinstance(move, Pick) for each in move.index if isinstance(each, At)]
        return Text(f"{inner.text}[{index[0].index}]") if index and "a" in x.x.axes else inner

    def total(self, terms: Sequence[Expr]) -> Text:
        """A sum, in which a minus is one."""
        first, *rest = terms
        text = self.text(first).within(SUM)
        for x in rest:
            negative = is_negative(x)
            term = self.text(negated(x) if negative else x)
            inside = ATOM if term.text[0] == "-" else SUM + negative
            text += f" {'-' if negative else '+'} {term.within(inside)}"
        return Text(text, SUM)

    def row(self, brackets: str, each: Sequence[Expr]) -> str:
        """Numbers in a row, as a tuple or a list."""
        single = len(each) == 1 and brackets == "()"
        return f"{brackets[0]}{', '.join([self.text(x).text for x in each])}{',' * single}{brackets[1]}"

    def place(self, view: View) -> str:
        """A number; one that a loop has kept, or the derivative by it, is an element of a list."""
        array = view.array
        loop = self.loops.get(array.derivative_of or array)
        if loop is None or view.flat is None:
            return self.name(array)
        i, k = divmod(int(view.flat.numbers), len(loop.tapes))
        tape = loop.tapes[k][0]
        return f"{'d' * (array.derivative_of is not None)}{self.naming.of(tape, 'h')}[{tape.before + i}]"

    # Statements.

    def steps(self, steps: Sequence[Step]) -> list[str]:
        """The lines of statements."""
        return [line for step in steps for line in self.step(step)]

    def step(self, step: Step) -> list[str]:
        """The lines of a statement."""
        if isinstance(step, Let):
            return [f"{self.name(step.array)} = {self.text(step.value).text}"]
        if isinstance(step, Loop):
            return self.loop(step)
        if isinstance(step, Back):
            return self.back(step)
        if isinstance(step, Zeros):
            return self.zeros(step)
        if isinstance(step, Add):
            return [f"{self.place(step.view)} += {self.text(step.value).text}"]
        condition = self.text(step.condition)
        test = f"not {condition.within(COMPARISON)}" if step.holds else condition.text
        return [f"if {test}:", f"    raise {OTHER if step.way else UNANSWERED}"]

    def zeros(self, step: Zeros) -> list[str]:
        """The derivatives by what a loop keeps, before anything was added to them."""
        loop = self.loops[step.like]
        return [f"d{self.naming.of(tape, 'h')} = [0.0] * {tape.before + loop.count}" for tape, _ in loop.tapes]

    def loop(self, loop: Loop) -> list[str]:
        """A loop."""
        lines = []
        for given in loop.given:
            name = self.naming.of(given.holder or given.array, "u" if given.holder else "x")
            lines.append(f"{name} = {self.text(given.value).text}")
        for tape, first in loop.tapes:
            rows = ["0.0" if x is None else self.text(x).text for x in first]
            lines.append(f"{self.naming.of(tape, 'h')} = [{', '.join(rows)}]")
        inside = [f"{self.naming.of(array, 'x')} = {self.entry(entry, loop)}" for array, entry in loop.reads]
        inside += self.steps([s for s in loop.body if isinstance(s, Let)])
        inside += [f"{self.naming.of(tape)}.append({self.text(x).text})" for tape, x in loop.keeps]
        return [*lines, f"for {self.naming.of(loop)} in range({loop.count}):", *[f"    {line}" for line in inside]]

    def back(self, step: Back) -> list[str]:
        """A loop backwards."""
        loop = step.loop
        lines = [
            f"{self.naming.of(total, 't')} = {f'[0.0] * {loop.count}' if total.steps else '0.0'}"
            for total in step.totals
        ]
        inside = [f"{self.naming.of(array, 'g')} = {self.entry(entry, loop)}" for array, entry in step.reads]
        inside += self.steps([s for s in step.body if isinstance(s, Let)])
        inside += [f"{self.entry(entry, loop)} += {self.text(x).text}" for entry, x in step.adds]
        name = self.naming.of(self.loops[loop.array])
        return [*lines, f"for {name} in reversed(range({loop.count})):", *[f"    {line}" for line in inside]]

    def entry(self, entry: Element, loop: Loop) -> str:
        """An element of a tape, of a total, or of what is given."""
        name, number = self.naming.of(entry.holder), self.naming.of(self.loops[loop.array])
        if isinstance(entry.holder, Total):
            return f"{name}[{number}]" if entry.holder.steps else name
        return f"{name}[{number} + {entry.offset}]" if entry.offset else f"{name}[{number}]"

    def given(self, name: str, arrays: Sequence[Array], used: set[Array]) -> list[str]:
        """The numbers of a list that are used, under their names."""
        each = [self.name(x) if x in used else "" for x in arrays]
        if not any(each):
            return []
        if all(each):
            return [f"{', '.join(each)} = {name}" if len(each) > 1 else f"[{each[0]}] = {name}"]
        return [f"{x} = {name}[{i}]" for i, x in enumerate(each) if x]
