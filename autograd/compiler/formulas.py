"""Formulas: a small program as plain Python over floats, value and gradient in one function each.

An operation of NumPy takes as long for one number as for many. Where a program has few operations it is printed number
by number instead, from the same equations and by the same derivative; which of the two is sooner done is counted.

    def gradient(P, x):
        v1 = tanh(x)
        e1 = exp(-(x * x))
        ...
        return v1 * e1, [], (...,)

It has no buffers: many threads may call it at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import rules
from autograd.modes import ieee_arithmetic

from .arrays import Array, Role
from .blocks import Let
from .expressions import Apply, Expr, Nothing, Number, Row, reads_of
from .failing import Failing
from .inline import inline
from .linearise import Readings
from .naming import Names, stem
from .printers.singles import Singles as Printer
from .reading import READ
from .reverse import Reverse
from .rolled import Loop
from .sharing import Ensure, Lines, expression, ordered, read, shared
from .singles import Singles
from .targets.target import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .expressions import Own
    from .rolled import Rolled
    from .scalars import Program

OPERATION = 45
"""How many nanoseconds an operation of two floats takes in Python, about."""

STATEMENT = 700
"""How many an operation of two arrays takes in NumPy, however small they are; so does handing an array in or out."""

LIMIT = 3000
"""How many operations a formula may have at most: compiling it takes time as well."""

WORDS: dict[str, Any] = {name: getattr(rules, name) for name in rules.NAMES if hasattr(rules, name)}
"""The functions of the rows, and their guards, over floats."""


class OtherWay(Exception):  # noqa: N818 - no error: another path is
    """The path of a formula is not taken by these numbers."""


class Formula(NamedTuple):
    """A program over floats.

    ``value(captured, *arguments)`` is the result, ``gradient(captured, *arguments)`` the result, the derivatives by
    what is captured as a list, and those by the arguments that are wanted as a tuple. An argument that is a single
    number is a float, any other a list of floats, and so is its derivative; so are result and captured numbers. Where
    the function has several results, ``gradient`` takes as its last argument a list of seeds, one for each.

    Raises OtherWay where its path is not taken; ArithmeticError or ValueError where only the function itself can
    answer, or before it is known whether the path is. What is returned may be inf or nan.
    """

    value: Callable[..., Any]
    gradient: Callable[..., Any]
    source: str


class Naming:
    """The names of single numbers: labels and the names of arguments, else numbered."""

    def __init__(self, labels: dict[Array, str]) -> None:
        self.fresh = Names([*WORDS, "OtherWay", "inf", "nan", "seeds"])
        self.labels = labels
        self.named: dict[Array, str] = {}

    def of(self, array: Array) -> str:
        """The name of a number."""
        if array not in self.named:
            self.named[array] = self.choice(array)
        return self.named[array]

    def choice(self, array: Array) -> str:
        """A name for a number that has none."""
        if array.derivative_of is not None:
            return f"d{self.of(array.derivative_of)}"
        label = stem([self.labels[array]]) if array in self.labels else ""
        if label:
            return self.fresh.fresh(label)
        return self.fresh.numbered({Role.SHARED: "e", Role.SEED: "g", Role.INPUT: "p"}.get(array.role, "v"))


class Maker:
    """Makes the formula of a program; ``single``: which arguments are single numbers."""

    def __init__(self, program: Program, captured: Sequence[int], single: Sequence[bool]) -> None:
        self.singles = Singles(program)
        self.captured = [self.singles.captured[i] for i in captured]
        self.single = single
        self.naming = Naming(self.singles.labels)
        self.parameters = [
            self.naming.fresh.fresh(x) if x else self.naming.fresh.numbered("x") for x in program.input_names
        ]
        for name, arrays, alone in zip(self.parameters, self.singles.inputs, single, strict=True):
            for i, array in enumerate(arrays):
                self.naming.named[array] = name if alone else self.naming.fresh.fresh(f"{name}{i}")
        self.printer = Printer(self.naming, {})  # type: ignore[arg-type]
        self.reading = inline()
        self.forward = [
            replace(s, value=self.reading.value(s.value.row, s.value.operands)) if isinstance(s.value, Row) else s
            for s in self.singles.lets
        ]
        self.named = {x for x in self.singles.labels if x.role is Role.COMPUTED}

    @property
    def conditions(self) -> list[Ensure]:
        """What has to hold."""
        return [
            Ensure(Apply("!=", (x.operand, Number(0.0))), x.holds, x.way)
            for x in self.singles.conditions
            if not isinstance(x.operand, Number)
        ]

    @property
    def possible(self) -> bool:
        """Whether there is a formula: all rows are known, and no condition fails in any case."""
        formula = self.singles.formula
        rows = [formula.rules[node] for node in formula.order if formula.operands[node]]
        fixed = [(x.operand.value != 0.0) == x.holds for x in self.singles.conditions if isinstance(x.operand, Number)]
        return all(fixed) and all([row in READ or row.layout == "fixed" for row in rows])

    def value(self) -> Lines:
        """The results."""
        return shared(Lines(tuple(ordered(self.forward, self.conditions)), tuple(self.singles.outputs)), self.named)

    def gradient(self, wanted: Sequence[bool], seeds: Sequence[Array]) -> Lines:
        """The results, and behind them the derivatives: by what is captured, and by the arguments that are wanted."""
        singles = self.singles
        asked = [*self.captured, *[x for arrays, w in zip(singles.inputs, wanted, strict=True) if w for x in arrays]]
        back = Reverse(singles.block, set(asked), Array(Role.CAPTURED, (0,)), Readings(self.reading, self.reading))
        back.partials = {
            s.array: self.reading.partials(s.value.row, read(s.array), s.value.operands)
            for s in singles.lets
            if isinstance(s.value, Row)
        }
        for k, x in enumerate(singles.outputs):
            back.give(x, read(seeds[k]) if seeds else Number(1.0))
        for s in reversed(singles.lets):
            back.backward(s)
        by = [Number(0.0) if isinstance(x, Nothing) else x for x in map(back.by, asked)]
        backward = [s for s in back.statements if isinstance(s, Let)]
        steps = [*ordered(self.forward, self.conditions), *backward]
        return shared(Lines(tuple(steps), (*singles.outputs, *by)), self.named)

    def source(self, wanted: Sequence[bool]) -> str:
        """The text of both functions."""
        count = len(self.singles.outputs)
        seeds = [Array(Role.SEED, ()) for _ in range(count)] if count > 1 else []
        value, gradient = self.value(), self.gradient(wanted, seeds)
        for step in (*gradient.steps, *value.steps):  # in the order of the text
            if isinstance(step, Let):
                self.naming.of(step.array)
        returned = [self.results(gradient.results[:count]), *self.derivatives(gradient.results[count:], wanted)]
        text = [
            "def program():",
            *self.function("value", value, [], self.results(value.results[:count])),
            "",
            *self.function("gradient", gradient, seeds, ", ".join(returned)),
            "",
            "    return value, gradient",
        ]
        return "\n".join(text) + "\n"

    def function(self, name: str, lines: Lines, seeds: Sequence[Array], returned: str) -> list[str]:
        """A function: what it is given, its statements, and what it returns."""
        used = {array for x in (*map(expression, lines.steps), *lines.results) for array in reads_of(x)}
        inside = self.printer.given("P", self.captured, used)
        for parameter, arrays, alone in zip(self.parameters, self.singles.inputs, self.single, strict=True):
            inside += [] if alone else self.printer.given(parameter, arrays, used)
        inside += self.printer.given("seeds", seeds, used)
        inside += [*self.printer.steps(lines), f"return {returned}"]
        parameters = ["P", *self.parameters, *["seeds"] * bool(seeds)]
        return [f"    def {name}({', '.join(parameters)}):", *[f"        {line}" for line in inside]]

    def results(self, each: Sequence[Expr]) -> str:
        """The result: one number, or a list."""
        return self.printer.text(each[0]).text if len(each) == 1 else self.printer.row("[]", each)

    def derivatives(self, each: Sequence[Expr], wanted: Sequence[bool]) -> list[str]:
        """The derivatives by what is captured, and by the arguments."""
        start = len(self.captured)
        found = []
        for arrays, alone, is_wanted in zip(self.singles.inputs, self.single, wanted, strict=True):
            if is_wanted:
                mine = each[start : start + len(arrays)]
                start += len(arrays)
                found.append(self.printer.text(mine[0]).text if alone else self.printer.row("[]", mine))
        return [self.printer.row("[]", each[: len(self.captured)]), f"({', '.join(found)}{',' * (len(found) == 1)})"]


def own_function(own: Own) -> Callable[..., Any]:
    """A row that a user has made, as a function that returns its value and its partials; whether another row fails."""
    row = own.row
    if isinstance(row, Failing):
        return row.value

    def of_numbers(*xs: float) -> tuple[float, ...]:
        out = float(row.value(*xs))
        return out, *map(float, row.partials(out, *xs))

    return of_numbers


def formula(
    program: Program, captured: Sequence[int], single: Sequence[bool], wanted: Sequence[bool], name: str
) -> Formula | None:
    """The formula of a program; None where it has none.

    ``captured``: the order of what is captured. ``single``: which arguments are single numbers.
    """
    maker = Maker(program, captured, single)
    if not maker.possible:
        return None
    source = maker.source(wanted)
    own = {printed: own_function(each) for each, printed in maker.printer.own.items()}
    words = {**WORDS, **own, "OtherWay": OtherWay, "inf": float("inf"), "nan": float("nan")}
    value, gradient = compiled(source, words, name)()
    return Formula(value, gradient, source)


def chosen(
    program: Program, rolled: Rolled, single: Sequence[bool], wanted: Sequence[bool], name: str
) -> Formula | None:
    """The formula of a program where it is sooner done than its arrays are; None else, and within ``ieee()``."""
    if ieee_arithmetic.get() or not sooner(program, rolled):
        return None
    return formula(program, rolled.captured_order, single, wanted, name)


def operations(program: Program) -> int:
    """How many operations of two numbers a program has, about."""
    return sum([max(len(operands) - 1, 1) for operands in program.operands if operands])


def sooner(program: Program, rolled: Rolled) -> bool:
    """Whether a program is sooner done number by number than array by array, as counted."""
    count = operations(program)
    return count <= LIMIT and count * OPERATION <= STATEMENT * statements(rolled)


def statements(rolled: Rolled) -> int:
    """How many operations of arrays a program has, each argument being handed in, and the result out."""
    return 1 + len(rolled.inputs) + sum([
        s.count * (1 + len(s.body.statements)) if isinstance(s, Loop) else 1 for s in rolled.statements
    ])  # fmt: skip
