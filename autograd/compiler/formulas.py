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

from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import rules
from autograd.modes import ieee_arithmetic

from .arrays import Array, Role
from .blocks import Let, Loop, Tape
from .expressions import Apply, Expr, Nothing, Number, Row
from .failing import Failing
from .inline import inline
from .linearise import Readings, written
from .naming import Names, stem
from .printers.singles import SinglesPrinter
from .reading import READ
from .reverse import Reverse
from .rolled import Recurrence
from .sharing import Ensure, Lines, in_order, read_whole, shared, used_in
from .singles import SingleEquations, parts
from .targets.target import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .blocks import Total
    from .expressions import Own
    from .rolled import Rolled
    from .scalars import Scalars

OPERATION = 30
"""How many nanoseconds an operation of two floats takes in Python, about: 20 in a value, 40 with its derivatives."""

STATEMENT = 700
"""How many an operation of two small arrays takes in NumPy; so does handing an array in or out."""

LIMIT = 3000
"""How many operations a formula may have at most: compiling it takes time as well."""

WORDS: dict[str, Any] = {name: getattr(rules, name) for name in rules.NAMES if hasattr(rules, name)}
"""The functions of the rows, and their guards, over floats."""


class OtherWay(Exception):  # noqa: N818 - no error: another path is
    """The path of a formula is not taken by these numbers."""


class OnFloats(NamedTuple):
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


class SingleNames:
    """The names of single numbers, tapes, totals and loops: labels and the names of arguments, else numbered."""

    def __init__(self, labels: dict[Array, str]) -> None:
        self.fresh = Names([*WORDS, "OtherWay", "inf", "nan", "seeds"])
        self.labels = labels
        self.named: dict[tuple[int, bool], str] = {}
        self.kept: list[Array | Tape | Total | Loop] = []
        """What has names, so that none of it goes, and another comes in its place."""

    def of(self, holder: Array | Tape | Total | Loop, start: str = "v") -> str:
        """The name of a variable."""
        key = id(holder.array if isinstance(holder, Loop) else holder), isinstance(holder, Loop)
        if key not in self.named:
            self.named[key] = self.choice(holder, start)
            self.kept.append(holder)
        return self.named[key]

    def choice(self, holder: Array | Tape | Total | Loop, start: str) -> str:
        """A name for something that has none."""
        if isinstance(holder, Loop):
            return self.fresh.numbered("i")
        if isinstance(holder, (Array, Tape)) and holder.derivative_of is not None:
            return f"d{self.of(holder.derivative_of)}"
        if isinstance(holder, Array):
            label = stem([self.labels[holder]]) if holder in self.labels else ""
            if label:
                return self.fresh.fresh(label)
            start = {Role.SHARED: "e", Role.SEED: "g"}.get(holder.role, start) if start == "v" else start
        return self.fresh.numbered(start)


class Maker:
    """Makes the formula of a program; ``single``: which arguments are single numbers."""

    def __init__(self, program: Scalars, rolled: Rolled, single: Sequence[bool]) -> None:
        self.singles = SingleEquations(program, rolled)
        self.captured = self.singles.captured
        self.single = single
        self.naming = SingleNames(self.singles.labels)
        self.parameters = [
            self.naming.fresh.fresh(x) if x else self.naming.fresh.numbered("x") for x in program.input_names
        ]
        for name, arrays, alone in zip(self.parameters, self.singles.inputs, single, strict=True):
            for i, array in enumerate(arrays):
                self.naming.named[id(array), False] = name if alone else self.naming.fresh.fresh(f"{name}{i}")
        for array in self.captured:
            self.naming.of(array, "p")
        self.printer = SinglesPrinter(self.naming)
        self.reading = inline()
        self.forward = [self.written(s) for s in self.singles.statements]
        self.printer.loops = {s.array: s for s in self.forward if isinstance(s, Loop)}
        self.named = {x for x in self.singles.labels if x.role is Role.COMPUTED}

    def written(self, s: Let | Loop) -> Let | Loop:
        """A statement, its rows as formulas."""
        found = written(s, Readings(self.reading, self.reading))
        assert isinstance(found, (Let, Loop))  # noqa: S101 - as it was
        return found

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
        return shared(Lines(tuple(in_order(self.forward, self.conditions)), tuple(self.singles.outputs)), self.named)

    def gradient(self, wanted: Sequence[bool], seeds: Sequence[Array]) -> Lines:
        """The results, and behind them the derivatives: by what is captured, and by the arguments that are wanted."""
        singles = self.singles
        asked = [*self.captured, *[x for arrays, w in zip(singles.inputs, wanted, strict=True) if w for x in arrays]]
        back = Reverse(singles.block, set(asked), Array(Role.CAPTURED, (0,)), Readings(self.reading, self.reading))
        back.partials = {
            s.array: self.reading.partials(s.value.row, read_whole(s.array), s.value.operands)
            for s in singles.statements
            if isinstance(s, Let) and isinstance(s.value, Row)
        }
        for k, x in enumerate(singles.outputs):
            back.give(x, read_whole(seeds[k]) if seeds else Number(1.0))
        for s in reversed(singles.statements):
            back.backward(s)
        by = [Number(0.0) if isinstance(x, Nothing) else x for x in map(back.by, asked)]
        steps = [*in_order(self.forward, self.conditions), *back.statements]
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
        used = used_in(lines)
        inside = self.printer.given("P", self.captured, used)
        for parameter, arrays, alone in zip(self.parameters, self.singles.inputs, self.single, strict=True):
            inside += [] if alone else self.printer.given(parameter, arrays, used)
        inside += self.printer.given("seeds", seeds, used)
        inside += [*self.printer.steps(lines.steps), f"return {returned}"]
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


def function_of_own(own: Own) -> Callable[..., Any]:
    """A row that a user has made, as a function that returns its value and its partials; whether another row fails."""
    row = own.row
    if isinstance(row, Failing):
        return row.value

    def of_numbers(*xs: float) -> tuple[float, ...]:
        out = float(row.value(*xs))
        return out, *map(float, row.partials(out, *xs))

    return of_numbers


def on_floats(
    program: Scalars, rolled: Rolled, single: Sequence[bool], wanted: Sequence[bool], name: str
) -> OnFloats | None:
    """The formula of a program; None where it has none. ``single``: which arguments are single numbers."""
    maker = Maker(program, rolled, single)
    if not maker.possible:
        return None
    source = maker.source(wanted)
    own = {printed: function_of_own(each) for each, printed in maker.printer.own.items()}
    words = {**WORDS, **own, "OtherWay": OtherWay, "inf": float("inf"), "nan": float("nan")}
    value, gradient = compiled(source, words, name)()
    return OnFloats(value, gradient, source)


def if_sooner(
    program: Scalars, rolled: Rolled, single: Sequence[bool], wanted: Sequence[bool], name: str
) -> OnFloats | None:
    """The formula of a program where it is sooner done than its arrays are; None else, and within ``ieee()``."""
    if ieee_arithmetic.get() or not sooner(rolled):
        return None
    return on_floats(program, rolled, single, wanted, name)


def sooner(rolled: Rolled) -> bool:
    """Whether a program is sooner done number by number than array by array, as counted, and not too long to write."""
    return length(rolled) <= LIMIT and operations(rolled) * OPERATION <= array_operations(rolled) * STATEMENT


def loops(rolled: Rolled) -> list[Recurrence]:
    """The loops of a program."""
    return [s for s in rolled.statements if isinstance(s, Recurrence)]


def length(rolled: Rolled) -> int:
    """How many numbers a formula computes in its text, those of each iteration of a loop once."""
    return sum([1 if isinstance(part, int) else part.nodes.shape[1] for part in parts(rolled)])


def operations(rolled: Rolled) -> int:
    """How many operations of two numbers a program has, about."""
    operands, found = rolled.formula.operands, 0
    for part in parts(rolled):
        nodes = [part] if isinstance(part, int) else part.nodes[-1].tolist()
        count = 1 if isinstance(part, int) else len(part.nodes)
        found += count * sum([max(len(operands[node]) - 1, 1) for node in nodes])
    return found


def array_operations(rolled: Rolled) -> int:
    """How many operations of arrays it has, each argument being handed in, and the result out."""
    once = len(rolled.statements) + len(rolled.inputs) + 1
    return once + sum([s.count * len(s.body.statements) for s in loops(rolled)])
