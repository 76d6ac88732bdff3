"""Statements over single numbers as plain Python over floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.compiler.blocks import Let
from autograd.compiler.expressions import Apply, Expr, Item, Number, Read, Together

from .expressions import ATOM, COMPARISON, SIGN, SUM, Expressions, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.compiler.arrays import Array
    from autograd.compiler.sharing import Ensure, Lines

OTHER, UNANSWERED = "OtherWay", "FloatingPointError"
"""What is raised where a path is not taken, and where only the function itself can answer."""


class Singles(Expressions):
    """Prints statements over single numbers."""

    def write(self, x: Any, want: str) -> Text:
        """An expression."""
        if isinstance(x, Read):
            return Text(self.name(x.view.array))
        if isinstance(x, Number):  # always with its point: Python is quicker with two floats than with an int and one
            return Text(repr(x.value), SIGN if repr(x.value)[0] == "-" else ATOM)
        if isinstance(x, Together):
            return Text(self.row("()", x.parts))
        if isinstance(x, Item):
            return Text(f"{self.text(x.x).text}[{x.index}]")
        if isinstance(x, Apply) and x.operation == "+":
            return self.total(x.operands)
        return super().write(x, want)

    def total(self, terms: Sequence[Expr]) -> Text:
        """A sum, in which a minus is one."""
        first, *rest = terms
        text = self.text(first).within(SUM)
        for x in rest:
            negative = isinstance(x, Apply) and x.operation == "neg"
            term = self.text(x.parts[0] if negative else x)
            inside = ATOM if term.text[0] == "-" else SUM + negative
            text += f" {'-' if negative else '+'} {term.within(inside)}"
        return Text(text, SUM)

    def row(self, brackets: str, each: Sequence[Expr]) -> str:
        """Numbers in a row, as a tuple or a list."""
        single = len(each) == 1 and brackets == "()"
        return f"{brackets[0]}{', '.join([self.text(x).text for x in each])}{',' * single}{brackets[1]}"

    def steps(self, lines: Lines) -> list[str]:
        """The statements."""
        return [line for step in lines.steps for line in self.step(step)]

    def step(self, step: Let | Ensure) -> list[str]:
        """A statement."""
        if isinstance(step, Let):
            return [f"{self.name(step.array)} = {self.text(step.value).text}"]
        condition = self.text(step.condition)
        test = f"not {condition.within(COMPARISON)}" if step.holds else condition.text
        return [f"if {test}:", f"    raise {OTHER if step.way else UNANSWERED}"]

    def given(self, name: str, arrays: Sequence[Array], used: set[Array]) -> list[str]:
        """The numbers of a list that are used, under their names."""
        each = [self.name(x) if x in used else "" for x in arrays]
        if not any(each):
            return []
        if all(each):
            return [f"{', '.join(each)} = {name}" if len(each) > 1 else f"[{each[0]}] = {name}"]
        return [f"{x} = {name}[{i}]" for i, x in enumerate(each) if x]
