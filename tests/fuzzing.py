"""Programs made at random, and what a jitted function has to agree on with them: tests without a library of their own.

A *case* is the source text of a Python function and some calls of it. :class:`Writer` writes one from a sequence of
choices, which Hypothesis makes, and shrinks where a case fails; :func:`faults` holds the forms of :data:`FORMS` against
the function itself. The text is all there is to a case, so what fails is printed whole and can be kept as it is.

The function itself, on Values, is what is right ("eager"). Exceptions must be of the same class, nan and infinities in
the same places. Finite numbers may differ by rounding, measured by the graph of the eager run: 64 units of
2**-53 times the sum of abs(adjoint * value) over all its nodes. Only where a number first differs by more than a
few units is that sum computed, and also looked for what rounding may turn: an operand of a comparison, a
kink or the edge of a domain that is nearer to it than the bound of its own error. Such a call is not compared.
"""

from __future__ import annotations

import ast
import functools
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import autograd as ag
from autograd import Value, graph, jit, rules
from autograd.structures import flatten, rebuild
from autograd.value import number

Pick = Callable[[int], int]
"""Chooses a number from 0 to k - 1; 0 is the simplest choice."""

BATCHES = ("mean", "map", "mean of all", "map of all")
ROAD = ("road", "jitted road", "arrays", "jacobian", "jitted jacobian", "vjp")
FORMS = ("call", "values", "grad", "jitgrad", *BATCHES, *ROAD)
"""What is compared: the call on floats, on some Values with the gradient, the two orders of grad and jit; batches of
the examples that do not raise, or of all; and what goes straight to the program, given lists, arrays and a structure of
both by turns: value and gradient, results, Jacobians and pull-backs."""

RAISED = (ArithmeticError, ValueError)
"""What a program may raise, and catch."""

ROUNDING, UNDERFLOW = 64 * 2.0**-53, 64 * 2.0**-1074
"""How much each node may be off: of its value, and absolutely."""


class Call(NamedTuple):
    """One call: the arguments, the numbers of the captured Values, and which arguments are given as Values.

    ``given[i]`` is 0 for floats, 1 for Values, 2 for every other number as a Value.
    """

    arguments: tuple[Any, ...]
    captured: tuple[float, ...] = ()
    given: tuple[int, ...] = ()


class Case(NamedTuple):
    """A program: the text of a function ``f``, its calls, and the forms in which they are compared."""

    source: str
    calls: tuple[Call, ...]
    forms: tuple[str, ...] = FORMS

    def __str__(self) -> str:
        calls = "\n".join([f"    {call!r}," for call in self.calls])
        return f"{self.source}\ncalls = (\n{calls}\n)\nforms = {self.forms!r}"


class Fault(NamedTuple):
    """A disagreement: the form and what kind it is, the number of the call, and what was expected and found."""

    kind: str
    call: int
    text: str


# Programs. -------------------------------------------------------------------------------------------------------

SMOOTH = ["tanh", "sin", "sigmoid", "exp", "cos", "atan", "asinh", "erf", "softplus", "silu", "gelu", "erfc", "cbrt"]
KINKED = ["relu", "abs", "round"]
BOUNDED = ["log", "sqrt", "log1p", "exp", "asin", "acosh", "atanh", "acos", "expm1", "sinh", "cosh", "tan", "log2"]
WHOLES = ["ag.sum", "ag.mean", "ag.max", "ag.min", "ag.logsumexp", "ag.norm", "sum", "max", "min", "ag.hypot"]
PLAIN = ["1.0", "2.0", "0.5", "-1.0", "3.0", "1.5", "-2.0", "0.1", "-0.5", "0.25"]
STRANGE = ["0.0", "-0.0", "inf", "nan", "-inf", "1e200", "1e-200"]
EXPONENTS = ["2", "2.0", "3", "-1", "1", "0", "-2.0", "4", "2", "3", "-1", "0.5", "-1.5"]
COMPARISONS = [">", "<", ">=", "<=", "==", "!="]
CAUGHT = ["(ValueError, ZeroDivisionError, OverflowError)", "ValueError", "ZeroDivisionError", "ArithmeticError"]
ORDINARY = [
    1.0,
    0.5,
    2.0,
    -0.5,
    -1.0,
    0.3,
    -0.7,
    1.3,
    -2.2,
    0.9,
    3.1,
    -3.3,
    0.05,
    *[0.1234567 * k for k in range(-20, 21)],
]
EXTREME = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e200, -1e200, 1e-200, 5e-324, 710.0, -750.0, 1.0, -1.0]


class Writer:
    """Writes a program by choices. Every name that it uses again holds Values in the eager run, never plain numbers."""

    def __init__(self, pick: Pick) -> None:
        self.pick = pick
        self.lines: list[str] = []
        self.depth = 1
        self.count = 0
        self.captured = pick(4)
        """How many captured Values there are."""
        self.shapes: list[tuple[str, Any]] = [("x", None)]
        if pick(3):
            self.shapes.append(("y", None))
        if pick(2):
            self.shapes.append(("v", (2 + pick(4),)))
        if not pick(4):
            self.shapes.append(("M", (2 + pick(2), 2 + pick(2))))
        if not pick(6):
            self.shapes.append(("rows", tuple([(1 + pick(4),) for _ in range(2 + pick(2))])))
        self.numbers = [name for name, shape in self.shapes if shape is None]
        self.vectors = [(name, shape[0]) for name, shape in self.shapes if name == "v"]
        self.matrices = [(name, *shape) for name, shape in self.shapes if name == "M"]
        self.ragged = [(name, shape) for name, shape in self.shapes if name == "rows"]
        self.captives = [*"abc"[: self.captured]]

    def of(self, choices: Sequence[Any]) -> Any:
        """One of some things."""
        return choices[self.pick(len(choices))]

    def fresh(self, prefix: str = "t") -> str:
        """A new name."""
        self.count += 1
        return f"{prefix}{self.count}"

    def line(self, text: str) -> None:
        """A line of the body."""
        self.lines.append("    " * self.depth + text)

    def variable(self) -> str:
        """Something that is a Value; recent numbers more often than others."""
        choice = self.pick(8)
        if choice == 7 and self.captives:
            return str(self.of(self.captives))
        if choice == 6 and self.vectors:
            name, n = self.of(self.vectors)
            return f"{name}[{self.pick(n)}]"
        if choice == 5 and self.matrices:
            name, m, n = self.of(self.matrices)
            return f"{name}[{self.pick(m)}][{self.pick(n)}]"
        return str(self.of(self.numbers[::-1][:3] if choice < 4 else self.numbers))

    def constant(self) -> str:
        """A plain number; seldom a strange one."""
        return str(self.of(PLAIN) if self.pick(12) else self.of(STRANGE))

    def operand(self) -> str:
        """A Value or a plain number."""
        return self.constant() if self.pick(3) == 2 else self.variable()

    def function(self) -> str:
        """The name of a function that has a value everywhere (but for overflow)."""
        return "ag." + str(self.of(KINKED) if self.pick(6) == 5 else self.of(SMOOTH))

    def bounded(self, x: str | None = None) -> str:
        """An operation that raises somewhere."""
        x = x or self.variable()
        match self.pick(5):
            case 0:
                return f"ag.{self.of(BOUNDED)}({x})"
            case 1:
                return f"{self.operand()} / {x}"
            case 2:
                return f"{x} ** {self.of(EXPONENTS)}" if self.pick(4) else f"ag.pow({x}, {self.of(EXPONENTS)})"
            case 3:
                return f"ag.pow({x}, {self.variable()})" if self.pick(8) else f"{x} ** {self.variable()}"
            case _:
                return f"{self.of(['2.0', '0.5', '0.0', '1.0'])} ** {x}"

    def binary(self, x: str, y: str) -> str:
        """An operation of two numbers, the first of which is a Value."""
        match self.pick(14):
            case 0 | 1:
                return f"{x} * {y}"
            case 2 | 3:
                return f"{x} + {y}"
            case 4:
                return f"{x} - {y}"
            case 5:
                return f"{y} - {x} * {x}"
            case 6:
                return f"ag.{self.of(['maximum', 'minimum'])}({x}, {y})"
            case 7:
                return f"ag.{self.of(['atan2', 'hypot'])}({x}, {y})"
            case 8:
                return f"ag.{self.of(['leaky_relu', 'elu'])}({x}, {y})"
            case 9:
                return f"ag.where({x} {self.of(COMPARISONS)} {y}, {x}, {self.variable()})"
            case 10:
                return f"{y} / ({x} * {x} + 1.0)"
            case 11:
                return f"ag.clip({x}, -1.0, {self.of(['1.0', '0.5', 'inf'])})"
            case 12:
                return f"{self.of(['max', 'min'])}({x}, {self.variable()})"
            case _:
                return f"({x} * {x} + 0.5) ** {y}"

    def expression(self) -> str:
        """A number that is a Value."""
        match self.pick(8):
            case 0 | 1 | 2:
                return self.binary(self.variable(), self.operand())
            case 3 | 4:
                return f"{self.function()}({self.variable()})"
            case 5:
                return self.bounded()
            case 6:
                return self.bounded(f"({self.variable()} * {self.variable()} + {self.of(PLAIN)})")
            case _:
                return self.whole()

    def vector(self) -> tuple[str, int]:
        """The name of a vector, which is made if there is none."""
        if not self.vectors or not self.pick(4):
            self.vectors.append(self.make_vector())
        return self.vectors[-1 - self.pick(min(2, len(self.vectors)))]

    def make_vector(self) -> tuple[str, int]:
        """A new vector: its name and length."""
        name = self.fresh("v")
        if self.vectors and self.pick(5):
            old, n = self.of(self.vectors)
            match self.pick(8):
                case 0:
                    text = f"[{self.function()}(e) for e in {old}]"
                case 1:
                    text = f"[{self.binary('e', self.operand())} for e in {old}]"
                case 2:
                    text = f"ag.softmax({old})"
                case 3:
                    other = self.of([each for each, m in self.vectors if m == n])
                    text = (
                        f"[{self.of(['p * q', 'p - q', 'p + q', 'ag.maximum(p, q)'])} for p, q in zip({old}, {other})]"
                    )
                case 4 if n > 2:
                    text, n = f"[ag.dot({old}[i : i + 2], [1.0, {self.operand()}]) for i in range({n - 1})]", n - 1
                case 5:
                    text = f"{old}[::-1]"
                case 6:
                    weights = [[self.operand() for _ in range(n)] for _ in range(2)]
                    rows = ", ".join(["[" + ", ".join(row) + "]" for row in weights])
                    text, n = f"ag.matvec([{rows}], {old})", 2
                case _:
                    text = f"[{self.bounded('e')} for e in {old}]"
        elif self.matrices and self.pick(2):
            matrix, m, n = self.of(self.matrices)
            match self.pick(3):
                case 0:
                    items = ", ".join([self.variable() for _ in range(n)])
                    text, n = f"ag.matvec({matrix}, [{items}])", m
                case 1:
                    text, n = f"[ag.dot(p, q) for p in {matrix} for q in {matrix}]", m * m
                case _:
                    text, n = f"[e for p in ag.matmul({matrix}, ag.transpose({matrix})) for e in p]", m * m
        elif self.ragged and self.pick(2):
            rows, lengths = self.of(self.ragged)
            n = len(lengths)
            whole = self.of(["ag.logsumexp(row)", "ag.sum(row)", "ag.dot(row, row)", "ag.max(row)", "sum(row)"])
            text = f"[{whole} for row in {rows}]"
        else:
            n = 2 + self.pick(3)
            text = f"[{', '.join([self.variable() for _ in range(n)])}]"
        self.line(f"{name} = {text}")
        return name, n

    def whole(self) -> str:
        """A number made of a vector."""
        name, n = self.vector()
        if self.pick(4) == 3:
            other = self.of([each for each, m in self.vectors if m == n])
            return f"ag.dot({name}, {other})"
        return f"{self.of(WHOLES)}({name})"

    def loop(self) -> None:
        """A recurrence, short or long, with one number or two."""
        s, n = self.fresh("s"), self.of([2, 3, 5, 8, 2, 3, 2, 4, 6, 100, 130])
        start, other = self.variable(), self.variable()
        body = self.of([
            "{s} = ag.sin({s}) * {c} + {x}",
            "{s} = {s} * 0.5 + {x}",
            "{s} = 3.5 * {s} * (1.0 - {s})",
            "{s} = {s} ** 2 * 0.5 + {x}",
            "{s} = {s} * {s} - {x}",
            "{s} = ag.tanh({s} + {c} * {x})",
            "{s} = {s} - ({s} * {s} - {x}) / (2.0 * {s})",
            "{s} = ag.maximum({s} * {c}, {x})",
            "{s} = ag.log({s} * {s} + 1.5)",
            "{s} = ag.sqrt({s}) * {c}",
            "{s} = {s} + ag.atan2({s}, {x})",
            "{s} = ag.clip({s} * {c} + {x}, -2.0, 2.0)",
        ])  # fmt: skip
        self.line(f"{s} = {start}")
        if self.pick(4) == 3:
            r = self.fresh("r")
            self.line(f"{r} = {other}")
            self.line(f"for i in range({n}):")
            step = self.of(["{s} + {r}", "ag.sin({s} * {r}) + 0.1", "{s} * 0.5 - {r}", "{s} * {r} * 0.9"])
            self.line(f"    {s}, {r} = {r}, {step.format(s=s, r=r)}")
            self.numbers.append(r)
        else:
            self.line(f"for i in range({n}):")
            self.line("    " + body.format(s=s, x=self.variable(), c=self.constant()))
        self.numbers.append(s)

    def walk(self) -> None:
        """A loop over a vector, with a branch or a tried operation in it."""
        name, n = self.vector()
        s = self.fresh("s")
        self.line(f"{s} = {self.variable()}")
        self.line(f"for e in {name}:")
        if n < 5 and self.pick(2):
            self.line(f"    if e {self.of(COMPARISONS)} {self.constant()}:")
            self.line(f"        {s} = {s} + e * {self.constant()}")
            self.line("    else:")
            self.line(f"        {s} = {s} - {self.bounded('e')}")
        else:
            self.line("    try:")
            self.line(f"        {s} = {s} + {self.bounded('e')}")
            self.line(f"    except {self.of(CAUGHT)}:")
            self.line(f"        {s} = {s} * {self.of(PLAIN)}")
        self.numbers.append(s)

    def branch(self) -> None:
        """An ``if`` with one to three ways."""
        t = self.fresh()
        left = self.of(self.captives) if self.captives and not self.pick(4) else self.variable()
        self.line(f"if {left} {self.of(COMPARISONS)} {self.operand()}:" if self.pick(8) < 7 else f"if {left}:")
        self.inside(t)
        if self.pick(4) == 3:
            self.line(f"elif {self.variable()} {self.of(COMPARISONS)} {self.constant()}:")
            self.inside(t)
        self.line("else:")
        self.inside(t)
        self.numbers.append(t)

    def inside(self, t: str) -> None:
        """A block that gives a number its value; what else it names is unknown behind it."""
        kept = len(self.numbers), len(self.vectors)
        self.depth += 1
        if self.pick(5) == 4:
            self.line(f"{self.bounded()}")
        self.line(f"{t} = {self.expression()}")
        self.depth -= 1
        del self.numbers[kept[0] :], self.vectors[kept[1] :]

    def attempt(self) -> None:
        """An operation that may fail, and what is done then."""
        t = self.fresh()
        kept = len(self.vectors)
        self.line("try:")
        self.line(f"    {t} = {self.bounded()}")
        self.line(f"except {self.of(CAUGHT)}:")
        fallback = self.variable()
        self.line(f"    {t} = {fallback if self.pick(2) else f'ag.constant({self.constant()})'}")
        del self.vectors[kept:]
        self.numbers.append(t)

    def statement(self) -> None:
        """One more step of the program."""
        match self.pick(16):
            case 0 | 1 | 2 | 3 | 4:
                t = self.fresh()
                self.line(f"{t} = {self.expression()}")
                self.numbers.append(t)
            case 5 | 6:
                t = self.fresh()
                self.line(f"{t} = {self.whole()}")
                self.numbers.append(t)
            case 7 | 8:
                self.vectors.append(self.make_vector())
            case 9 | 10:
                self.loop()
            case 11:
                self.walk()
            case 12 | 13:
                self.branch()
            case 14:
                self.attempt()
            case _:
                self.line(self.bounded())  # computed, and not used

    def result(self) -> str:
        """What the program returns."""
        last = self.numbers[-1]
        match self.pick(10):
            case 7:
                return f"[{last}, {self.expression()}]"
            case 8:
                return f"({last}, [{self.expression()}, {self.variable()}])"
            case 9:
                return f"{{'p': {last}, 'q': ({self.variable()},)}}"
            case 5 | 6:
                return f"{last} + {self.expression()}"
            case 4 if self.vectors:
                return f"ag.sum({self.vectors[-1][0]}) * {last}"
            case _:
                return str(last)

    def number(self, wild: bool) -> float:
        """An ordinary number, or sometimes one that is not."""
        return float(self.of(EXTREME) if wild and not self.pick(3) else self.of(ORDINARY))

    def call(self) -> Call:
        """Arguments of the program's arrangement, and captured numbers."""
        mood = self.pick(7)  # 4: strange numbers, 5: the same number everywhere, 6: zeros and ones of both signs
        repeated = self.number(False) if mood == 5 else None

        def tree(shape: Any) -> Any:
            if shape is None and mood == 6:
                return self.of([1.0, 0.0, -0.0, -1.0])
            if shape is None:
                return self.number(mood == 4) if repeated is None else repeated
            if isinstance(shape[0], tuple):
                return [tree(row) for row in shape]
            return [tree(shape[1:] or None) for _ in range(shape[0])]

        arguments = tuple([tree(shape) for _, shape in self.shapes])
        captured = tuple([self.number(mood == 4) for _ in range(self.captured)])
        return Call(arguments, captured, tuple([(1, 0, 2)[self.pick(3)] for _ in self.shapes]))

    def case(self) -> Case:
        """The program whole."""
        for _ in range(8):  # a choice before each, so that single steps can be taken out
            if not self.pick(8):
                break
            self.statement()
        body = [*self.lines]
        self.lines = []
        result = self.result()
        body += [*self.lines, f"    return {result}"]
        source = "\n".join([f"def f({', '.join([name for name, _ in self.shapes])}):", *body, ""])
        calls = [self.call()]
        while len(calls) < 5 and self.pick(4):
            calls.append(self.call())
        forms = self.of((("values",), ("call",), ("values",), ("call", "values")))
        return Case(source, tuple(calls), (*forms, self.of(("grad", "jitgrad", *BATCHES)), self.of(ROAD)))


@functools.cache
def below(k: int) -> st.SearchStrategy[int]:
    """The numbers from 0 to k - 1."""
    return st.integers(0, k - 1)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Programs with their calls."""
    return Writer(lambda k: draw(below(k)) if k > 1 else 0).case()


# The function itself, with an eye on what rounding may turn. ----------------------------------------------------------


class Watch(ast.NodeTransformer):
    """Lets a program show its comparisons, its errors and all that it computes."""

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """``x < y`` as ``_pair(x) < _pair(y)``."""
        self.generic_visit(node)
        node.left = shown("_compared", node.left)
        node.comparators = [shown("_compared", x) for x in node.comparators]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """What is assigned."""
        self.generic_visit(node)
        node.value = shown("_seen", node.value)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """What is computed and not used."""
        self.generic_visit(node)
        node.value = shown("_seen", node.value)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        """What is caught."""
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(shown("_caught")))
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """``max(v)`` and ``min(v)`` of Python compare all of them."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("max", "min"):
            node.args = [shown("_compared", x) for x in node.args]
        return node


def shown(name: str, *arguments: ast.expr) -> ast.expr:
    """A call of a function that looks on."""
    return ast.Call(ast.Name(name, ast.Load()), [*arguments], [])


class Program:
    """A case's function: as it is written, and watched; with captured Values of its own."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.captured = [Value(x) for x in case.calls[0].captured]
        names = dict(zip("abc", self.captured, strict=False))
        self.compared: list[Any] = []
        self.seen: list[Any] = []
        self.delicate = False
        """Whether an error was raised where rounding may have decided."""
        watched = ast.fix_missing_locations(Watch().visit(ast.parse(case.source)))
        looking = {"_compared": self._compared, "_seen": self._seen, "_caught": self._caught}
        self.f = defined(compile(case.source, "<program>", "exec"), names)
        self.watched = defined(compile(watched, "<program, watched>", "exec"), names | looking)

    def _compared(self, x: Any) -> Any:
        self.compared += x if isinstance(x, list) else [x]
        return x

    def _seen(self, x: Any) -> Any:
        self.seen.append(x)
        return x

    def _caught(self) -> None:
        self.look(sys.exc_info()[1])

    def look(self, error: BaseException | None) -> None:
        """Remember what the operation was given that raised: it stands in the innermost frames of the engine."""
        trace = error.__traceback__ if error else None
        while trace:
            local = trace.tb_frame.f_locals
            if trace.tb_frame.f_globals.get("__name__", "").startswith("autograd."):
                operands = local.get("operands") or (local.get("self"), local.get("other"))
                self.compared += [x for x in operands if isinstance(x, Value)]
            trace = trace.tb_next
        self.delicate = True

    def at(self, call: Call) -> None:
        """Give the captured Values the numbers of a call."""
        for value, x in zip(self.captured, call.captured, strict=True):
            value.data = x


def defined(code: Any, names: dict[str, Any]) -> Callable[..., Any]:
    """The function ``f`` of a text."""
    namespace = {"ag": ag, "inf": math.inf, "nan": math.nan, **names}
    exec(code, namespace)  # noqa: S102 - text of our own making
    function: Callable[..., Any] = namespace["f"]
    return function


class Expected:
    """What the function itself does at one call: an exception, or numbers in an arrangement, and their gradients."""

    def __init__(self, program: Program, call: Call) -> None:
        self.program = program
        program.at(call)
        program.compared, program.seen, program.delicate = [], [], False
        self.trees = [
            rebuild(shape, [Value(number(x)) for x in leaves]) for leaves, shape in map(flatten, call.arguments)
        ]
        self.leaves: list[list[Any]] = [flatten(tree)[0] for tree in self.trees]
        self.inputs: list[Any] = [x for leaves in self.leaves for x in leaves]
        self.error: type[BaseException] | None = None
        self.outputs: list[Any] = []
        self.structure: Any = None
        try:
            self.outputs, self.structure = flatten(program.watched(*self.trees))
        except RAISED as error:
            self.error = kind_of(error)
            program.look(error)
        self.compared = [x for x in program.compared if isinstance(x, Value)]
        self.seen = [x for tree in program.seen for x in values_in(tree)]
        self.raised = program.delicate
        self._turns: tuple[bool, bool] | None = None

    @property
    def numbers(self) -> list[float]:
        """The numbers of the result."""
        return [x.data for x in self.outputs]

    def turns(self) -> tuple[bool, bool]:
        """Whether rounding may turn the result, and whether it may turn its derivative."""
        if self._turns is None:
            self._turns = turned([*self.outputs, *self.compared, *self.seen], self.compared)
        return self._turns


def kind_of(error: BaseException) -> type[BaseException]:
    """The class of an exception that is compared."""
    return next(
        (kind for kind in (ZeroDivisionError, OverflowError, ArithmeticError, ValueError) if isinstance(error, kind)),
        type(error),
    )


def values_in(tree: Any) -> list[Value]:
    """The Values in lists and tuples."""
    if isinstance(tree, Value):
        return [tree]
    return [x for each in tree for x in values_in(each)] if isinstance(tree, (list, tuple)) else []


EDGES: dict[Any, tuple[float, ...]] = {
    rules.LOG: (0.0,), rules.LOG2: (0.0,), rules.LOG10: (0.0,), rules.LOG1P: (-1.0,), rules.SQRT: (0.0,),
    rules.ASIN: (-1.0, 1.0), rules.ACOS: (-1.0, 1.0), rules.ATANH: (-1.0, 1.0), rules.ACOSH: (1.0,),
    rules.EXP: (709.782712893384,), rules.EXPM1: (709.782712893384,), rules.CBRT: (0.0,),
    rules.SINH: (-710.475860073944, 710.475860073944), rules.COSH: (-710.475860073944, 710.475860073944),
}  # fmt: skip
"""Where the domain of a row of one operand ends, or its value leaps."""

KINKS = (rules.RELU, rules.ABS, rules.MAXIMUM, rules.MINIMUM, rules.MAX, rules.MIN, rules.CLIP, rules.LEAKY_RELU)


def turned(roots: Sequence[Value], compared: Sequence[Value]) -> tuple[bool, bool]:
    """Whether rounding may turn what is below the roots: its value, and its derivative.

    Each node has a bound of its error, by the running error analysis: what its operands' errors make of it, and its
    own rounding. What is nearer to an edge than the bound may lie on the other side of it in another order of
    rounding. Leaves are exact, and so is what selecting made of them.
    """
    bound: dict[int, float] = {}
    value = derivative = False
    for node in graph.order(*roots):
        if not node.parents:
            bound[id(node)] = 0.0
            continue
        data, rule = [x.data for x in node.parents], node.rule
        errors = [bound[id(x)] for x in node.parents]
        passed = [abs(d) * e for d, e in zip(node.partials, errors, strict=True) if d and e]
        terms = [abs(d * x) for d, x in zip(node.partials, data, strict=True) if d and x]
        own = 0.0 if rule in KINKS or rule is rules.WHERE else ROUNDING * (abs(node.data) + sum(terms)) + UNDERFLOW
        own = 0.0 if node.data == 0.0 and not any(terms) else own
        total = sum(passed) + own
        bound[id(node)] = total if total == total else (math.inf if math.isfinite(node.data) else 0.0)
        value |= math.isfinite(node.data) and abs(node.data) > 1e305

        def near(x: float, error: float, edge: float) -> bool:
            return error > 0.0 and abs(x - edge) <= error

        if rule in EDGES:
            value |= any([near(data[0], errors[0], edge) for edge in EDGES[rule]])
        elif rule is rules.DIV:
            value |= near(data[1], errors[1], 0.0)
        elif rule is rules.POW:
            value |= near(data[0], errors[0], 0.0) or near(
                data[1], errors[1], round(data[1]) if abs(data[1]) < 1e9 else 0
            )
        elif rule is rules.ROUND:
            value |= near(data[0], errors[0], math.floor(data[0]) + 0.5) if math.isfinite(data[0]) else False
        elif rule is rules.ATAN2:
            value |= near(data[0], errors[0], 0.0) or near(data[1], errors[1], 0.0)
        elif rule is rules.CLIP:
            derivative |= any([near(data[0], errors[0] + errors[k], data[k]) for k in (1, 2)])
            value |= near(data[1], errors[1] + errors[2], data[2])
        elif rule in (rules.MAX, rules.MIN):
            ties = [near(x, e + bound[id(node)], node.data) for x, e in zip(data, errors, strict=True)]
            derivative |= sum(ties) > 1
        elif rule in (rules.MAXIMUM, rules.MINIMUM):
            derivative |= near(data[0], sum(errors), data[1])
        elif rule in (rules.RELU, rules.ABS, rules.LEAKY_RELU, rules.ELU, rules.HYPOT):
            derivative |= near(data[0], errors[0], 0.0)
    for i, x in enumerate(compared):
        others = [*compared[max(i - 6, 0) : i], *compared[i + 1 : i + 7]]
        error = bound.get(id(x), 0.0)
        value |= error > 0.0 and (
            any([abs(x.data - y.data) <= error + bound.get(id(y), 0.0) for y in others if y is not x])
            or any([abs(x.data - edge) <= error for edge in (0.0, *map(float, PLAIN), *map(float, STRANGE))])
        )
    return value, value or derivative


def allowed(node: Any) -> float:
    """How much rounding may change the number of a node: the sum of abs(adjoint * value) below it, in roundings."""
    if not isinstance(node, Value):
        return 0.0
    adjoint = {id(node): 1.0}
    total = 0.0
    for each in reversed(graph.order(node)):
        upstream = adjoint.get(id(each), 0.0)
        if upstream == 0.0:
            continue
        total += abs(upstream) * (ROUNDING * abs(each.data) + UNDERFLOW)
        for parent, partial in zip(each.parents, each.partials, strict=True):
            exact = not parent.parents and partial != partial  # x**2 by its 2, where x < 0: the 2 is not rounded
            if partial and not exact:
                adjoint[id(parent)] = adjoint.get(id(parent), 0.0) + partial * upstream
    return total


# The comparison. ------------------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """What a form gave: an exception, or numbers in an arrangement; and what was warned of."""

    error: type[BaseException] | None
    numbers: list[float]
    structure: Any
    text: str


def outcome(form: Callable[[], Any]) -> Found:
    """Run a form. An exception of any class is an outcome."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            leaves, structure = flatten(form())
            numbers = [x.data if isinstance(x, Value) else float(x) for x in leaves]
            found = Found(None, numbers, structure, "")
        except Exception as error:  # noqa: BLE001 - whatever it raises is compared
            found = Found(kind_of(error), [], None, f"{type(error).__name__}: {error}")
    for warning in warned:
        message = str(warning.message)
        if "takes more than" not in message and "does not roll into" not in message:
            return Found(warning.category, [], None, f"warned: {message}")
    return found


def differs(expected: Sequence[float], found: Sequence[float], bounds: Callable[[int], float]) -> str:
    """How two lists of numbers differ beyond rounding; "" if they do not."""
    for i, (x, y) in enumerate(zip(expected, found, strict=True)):
        if x == y or (x != x and y != y):
            continue
        if x != x:
            return f"a number instead of nan: {y!r} at {i}"
        if y != y:
            return f"nan instead of a number: {x!r} at {i}"
        if math.isinf(x) or math.isinf(y):
            return f"an infinity: expected {x!r}, got {y!r} at {i}"
        if abs(x - y) > 4e-16 * abs(x) + 5e-324:
            bound = bounds(i)
            if bound == math.inf:  # every digit may be lost
                continue
            if bound != bound:
                bound = 1e-9 * abs(x) + 1e-300
            if abs(x - y) > bound:
                return f"a number: expected {x!r}, got {y!r} at {i}, which may be off by {bound:.2g}"
    return ""


def faults(case: Case) -> list[Fault]:
    """Where the jitted forms of a program do other than the function itself."""
    program = Program(case)
    found: list[Fault] = []
    if "call" in case.forms or "values" in case.forms:
        fast = jit(program.f)
        for i, call in enumerate(case.calls):
            expected = Expected(program, call)
            if "call" in case.forms:
                found += on_floats(fast, program, expected, call, i)
            if "values" in case.forms:
                found += on_values(fast, program, expected, call, i)
    for name in ("grad", "jitgrad"):
        if name in case.forms:
            found += derived(name, program)
    for name in BATCHES:
        if name in case.forms:
            found += batched(name, program)
    for name in ROAD:
        if name in case.forms:
            found += on_the_road(name, program)
    return [fault._replace(kind=fault.kind + circumstances(case, fault)) for fault in found]


def circumstances(case: Case, fault: Fault) -> str:
    """What a disagreement may have to do with, to tell kinds of them apart."""
    words = {
        "complex": "complex" in fault.text,
        "refused": "it depends on more than its arguments" in fault.text,
        "another slope": "as it was in the forward pass" in fault.text,
        "a try": "try:" in case.source,
        "atan2": "atan2" in case.source and "a number" in fault.kind,
    }
    return "".join([f", {word}" for word, holds in words.items() if holds])


def judged(form: str, i: int, expected: Expected, got: Found) -> tuple[list[Fault], bool]:
    """The faults of an exception or an arrangement, and whether the numbers are left to be compared."""
    want = "a value" if expected.error is None else expected.error.__name__
    have = "a value" if got.error is None else got.error.__name__
    if expected.error is not got.error:
        if got.error not in (RuntimeError, RuntimeWarning, TypeError) and expected.turns()[0]:
            return [], False
        return [Fault(f"{form}: {have} instead of {want}", i, f"{got.text or got.numbers}")], False
    if expected.error is None and expected.structure is not None and repr(expected.structure) != repr(got.structure):
        return [Fault(f"{form}: another arrangement", i, f"{got.structure}")], False
    return [], expected.error is None


def kinded(form: str, i: int, expected: Expected, what: str, derivative: bool) -> list[Fault]:
    """The fault of a difference between numbers, unless rounding may have made it."""
    if not what or expected.turns()[derivative]:
        return []
    return [Fault(f"{form}: {what.partition(':')[0]}", i, what)]


def on_floats(fast: Any, program: Program, expected: Expected, call: Call, i: int) -> list[Fault]:
    """jit(f) of plain numbers."""
    program.at(call)
    got = outcome(lambda: fast(*call.arguments))
    found, same = judged("call", i, expected, got)
    if same:
        what = differs(expected.numbers, got.numbers, functools.partial(slack_of_value, expected))
        found += kinded("call", i, expected, what, False)
    return found


def on_values(fast: Any, program: Program, expected: Expected, call: Call, i: int) -> list[Fault]:
    """jit(f) of Values among plain numbers, and the gradient by them and by what is captured."""
    program.at(call)
    trees, variables, places = [], [*program.captured], [*program.captured]
    for tree, leaves, how in zip(
        call.arguments, expected.leaves, call.given or (1,) * len(call.arguments), strict=True
    ):
        numbers, structure = flatten(tree)
        mixed = [Value(number(x)) if how == 1 or (how == 2 and k % 2) else x for k, x in enumerate(numbers)]
        trees.append(rebuild(structure, mixed))
        pairs = [(x, y) for x, y in zip(mixed, leaves, strict=True) if isinstance(x, Value)]
        variables += [x for x, _ in pairs]
        places += [y for _, y in pairs]
    outputs: list[Any] = []

    def form() -> Any:
        outputs[:] = flatten(result := fast(*trees))[0]
        return result

    got = outcome(form)
    found, same = judged("values", i, expected, got)
    if not same:
        return found
    what = differs(expected.numbers, got.numbers, functools.partial(slack_of_value, expected))
    found += kinded("values", i, expected, what, False)
    for k, (node, right) in enumerate(zip(outputs, expected.outputs, strict=True)):
        if isinstance(node, Value) and variables:
            want, have = graph.gradients([right], [1.0], places), graph.gradients([node], [1.0], variables)
            what = differs(want, have, functools.partial(slack, right, places))
            found += kinded(f"gradient of result {min(k, 1)}", i, expected, what, True)
    return found


def slack(output: Value, variables: Sequence[Value], k: int) -> float:
    """How much rounding may change a derivative: the sum over its own graph."""
    try:
        return allowed(ag.gradients(output, [variables[k]], create_graph=True)[0])
    except RAISED:
        return math.inf


def slack_of_value(expected: Expected, k: int) -> float:
    """How much rounding may change a number of the result."""
    return allowed(expected.outputs[k])


def combined(f: Callable[..., Any]) -> Callable[..., Any]:
    """The sum of all numbers that a function returns."""
    return lambda *args: functools.reduce(lambda x, y: x + y, flatten(f(*args))[0])


def derived(name: str, program: Program) -> list[Fault]:
    """grad(jit(f)) or jit(grad(f)), by all arguments."""
    case = program.case
    numbers = tuple(range(len(case.calls[0].arguments)))
    outside = name == "grad"
    fast = ag.grad(combined(jit(program.f)), numbers) if outside else jit(ag.grad(combined(program.f), numbers))
    found: list[Fault] = []
    for i, call in enumerate(case.calls):
        expected = Expected(program, call)
        right = ag.grad(combined(program.f), numbers)(*call.arguments) if expected.error is None else None
        got = outcome(lambda call=call: fast(*call.arguments))  # type: ignore[misc]
        leaves, expected.structure = flatten(right) if right is not None else ([], None)
        more, same = judged(name, i, expected, got)
        found += more
        if same:
            total = functools.reduce(lambda x, y: x + y, expected.outputs)
            want = [float(x) for x in leaves]  # type: ignore[arg-type]
            what = differs(want, got.numbers, functools.partial(slack, total, expected.inputs))
            found += kinded(name, i, expected, what, True)
    return found


def arranged(arguments: Sequence[Any], way: int) -> tuple[Any, ...]:
    """The arguments in lists, with arrays in the place of lists, or all in one structure."""
    match way:
        case 0:
            return (*arguments,)
        case 1:
            return tuple([in_arrays(x) for x in arguments])
        case _:
            return ({"numbers": [*arguments[:1]], "more": tuple([in_arrays(x) for x in arguments[1:]])},)


def in_arrays(tree: Any) -> Any:
    """Lists as arrays, where their rows are of one length."""
    if not isinstance(tree, list):
        return tree
    if isinstance(tree[0], list) and len({len(row) for row in tree}) > 1:
        return [in_arrays(row) for row in tree]
    return np.array(tree)


def of_one(f: Callable[..., Any]) -> Callable[[Any], Any]:
    """The function of its arguments in one structure."""
    return lambda p: f(*p["numbers"], *p["more"])


def straight(name: str, f: Callable[..., Any], count: int) -> Callable[..., Any]:
    """A derivative, or the function itself, jitted; of so many arguments."""
    argnums = tuple(range(count))
    match name:
        case "road":
            return ag.value_and_grad(jit(combined(f)), argnums)
        case "jitted road":
            return jit(ag.value_and_grad(combined(f), argnums))
        case "jacobian":
            return ag.jacobian(jit(f), argnums)
        case "jitted jacobian":
            return jit(ag.jacobian(f, argnums))
        case "vjp":
            fast = jit(f)
            return lambda *arguments: pulled(fast, arguments)
        case _:
            return jit(f)


def pulled(fast: Any, arguments: Sequence[Any]) -> Any:
    """The pull-back of the cotangent 1, -2, 3, ..."""
    out, pull = ag.vjp(fast, *arguments)
    leaves, structure = flatten(out)
    return pull(rebuild(structure, weights(len(leaves))))


def weights(count: int) -> list[float]:
    """1, -2, 3, ..."""
    return [(k + 1.0) * (-1.0) ** k for k in range(count)]


def on_the_road(name: str, program: Program) -> list[Fault]:
    """What goes straight to the program, for lists, arrays, and a structure of both, by turns."""
    case, found = program.case, []
    count = len(case.calls[0].arguments)
    several, whole = straight(name, program.f, count), straight(name, of_one(program.f), 1)
    for i, call in enumerate([*case.calls, *case.calls[:2]]):
        expected = Expected(program, call)
        way = (i + len(case.source)) % 3
        given = arranged(call.arguments, way)
        kept = repr(given)
        got = outcome(lambda given=given, way=way: (whole if way == 2 else several)(*given))  # type: ignore[misc]
        if repr(given) != kept:
            found.append(Fault(f"{name}: an argument is changed", i, kept))
        want, bound = wanted(name, expected, given)
        more, same = judged(name, i, expected, got)
        found += more
        if same and len(want) != len(got.numbers):
            found.append(Fault(f"{name}: another arrangement", i, f"{got.structure}"))
        elif same:
            derivative = name != "arrays"
            found += kinded(name, i, expected, differs(want, got.numbers, bound), derivative)
    return found


def wanted(name: str, expected: Expected, given: Sequence[Any]) -> tuple[list[float], Callable[[int], float]]:
    """The numbers that are to come back, and how much rounding may change each; the arrangement of them is noted."""
    if expected.error is not None:
        return [], lambda _: 0.0
    outputs, inputs = expected.outputs, expected.inputs
    if name == "arrays":
        expected.structure = None
        return expected.numbers, functools.partial(slack_of_value, expected)
    if "jacobian" in name:
        expected.structure = None
        rows = [graph.gradients([x], [1.0], inputs) for x in outputs]
        order, start = [], 0
        for leaves in [flatten(x)[0] for x in given]:
            order += [(k, start + j) for k in range(len(outputs)) for j in range(len(leaves))]
            start += len(leaves)
        return [rows[k][j] for k, j in order], lambda at: slack(outputs[order[at][0]], inputs, order[at][1])
    terms = [x * u for x, u in zip(outputs, weights(len(outputs)), strict=True)] if name == "vjp" else outputs
    total = functools.reduce(lambda x, y: x + y, terms)
    slopes = graph.gradients([total], [1.0], inputs)
    if name == "vjp":
        expected.structure = flatten((*given,))[1]
        return slopes, functools.partial(slack, total, inputs)
    expected.structure = flatten((1.0, (*given,)))[1]
    return [total.data, *slopes], lambda at: slack(total, inputs, at - 1) if at else allowed(total)


def batched(name: str, program: Program) -> list[Fault]:
    """jit(f).mean or jit(f).map over the arguments of all calls, at the first captured numbers and at the last.

    Before a batch with examples that raise there is one without them, so that the program is known and checked.
    """
    case, found = program.case, []
    fast = jit(program.f)
    judge = mean_of if name.startswith("mean") else map_of
    for which in dict.fromkeys([0, len(case.calls) - 1] if program.captured else [0]):
        captured = case.calls[which].captured
        every = [call._replace(captured=captured) for call in case.calls]
        rows = [(call, Expected(program, call)) for call in every]
        quiet = [(call, row) for call, row in rows if row.error is None]
        for batch in [quiet, rows] if name.endswith("all") and len(quiet) < len(rows) else [quiet]:
            if batch:
                program.at(every[0])
                columns = [[call.arguments[k] for call, _ in batch] for k in range(len(every[0].arguments))]
                found += judge(name, fast, program, [row for _, row in batch], columns, which)
    return found


def raised(name: str, rows: Sequence[Expected], got: Found, i: int) -> list[Fault] | None:
    """The faults of a batch's exception; None if there is none expected, and none found.

    Which example is met first is a matter of order, so the class may be that of any example that raises.
    """
    errors = {row.error for row in rows if row.error is not None}
    if got.error in errors or any([row.turns()[0] for row in rows if row.error or got.error in RAISED]):
        return []
    if errors or got.error:
        want = min([error.__name__ for error in errors], default="a value")
        have = "a value" if got.error is None else got.error.__name__
        return [Fault(f"{name.partition(' ')[0]}: {have} instead of {want}", i, f"{got.text or got.numbers}")]
    return None


def mean_of(name: str, fast: Any, program: Program, rows: list[Expected], columns: list[Any], i: int) -> list[Fault]:
    """The mean over a batch and its gradient by what is captured."""
    if any([len(row.outputs) > 1 or row.structure != "number" for row in rows if not row.error]):
        return []  # mean is for a single number
    found: list[Any] = []

    def form() -> Any:
        found[:] = [fast.mean(*columns)]
        return found[0]

    got = outcome(form)
    if (faulty := raised(name, rows, got, i)) is not None:
        return faulty
    try:
        right: Value = ag.mean([row.outputs[0] for row in rows])
    except RAISED:  # the sum of infinities of both signs
        return []
    whole = rows[0]
    whole._turns = tuple(any(x) for x in zip(*[row.turns() for row in rows], strict=True))  # type: ignore[assignment]
    what = differs([right.data], got.numbers, lambda _: allowed(right))
    faulty = kinded("mean", i, whole, what, False)
    if isinstance(found[0], Value) and program.captured:
        want = graph.gradients([right], [1.0], program.captured)
        have = graph.gradients([found[0]], [1.0], program.captured)
        what = differs(want, have, functools.partial(slack, right, program.captured))
        faulty += kinded("gradient of the mean", i, whole, what, True)
    return faulty


def map_of(name: str, fast: Any, program: Program, rows: list[Expected], columns: list[Any], i: int) -> list[Fault]:
    """The results of a batch."""
    del program
    results: list[list[float]] = []

    def form() -> Any:
        arrays = flatten_arrays(fast.map(*columns))
        results[:] = [[float(x) for x in array] for array in arrays]
        return 0.0

    got = outcome(form)
    if (faulty := raised(name, rows, got, i)) is not None:
        return faulty
    faulty = []
    for k, row in enumerate(rows):
        what = differs(row.numbers, [array[k] for array in results], functools.partial(slack_of_value, row))
        faulty += kinded("map", i, row, what, False)
    return faulty


def flatten_arrays(tree: Any) -> list[Any]:
    """The arrays in lists, tuples and dicts."""
    if isinstance(tree, dict):
        return [x for each in tree.values() for x in flatten_arrays(each)]
    return [x for each in tree for x in flatten_arrays(each)] if isinstance(tree, (list, tuple)) else [tree]


def kinds(found: Iterable[Fault]) -> set[str]:
    """The kinds of some faults, with their forms."""
    return {fault.kind for fault in found}


def reduced(case: Case, kind: str) -> Case:
    """The case without the forms, calls and lines that a fault of this kind does not need."""

    def fails(smaller: Case) -> bool:
        try:
            return kind in kinds(faults(smaller))
        except (SyntaxError, NameError, TypeError, IndexError):  # what is left is no program
            return False

    def smaller(case: Case) -> Iterable[Case]:
        if len(case.forms) > 1:
            yield from [case._replace(forms=(form,)) for form in case.forms]
        if len(case.calls) > 1:
            yield from [case._replace(calls=case.calls[:i] + case.calls[i + 1 :]) for i in range(len(case.calls))]
        lines = case.source.splitlines(keepends=True)
        for size in (5, 4, 3, 2, 1):
            for i in range(1, len(lines) - size):
                yield case._replace(source="".join(lines[:i] + lines[i + size :]))

    found: Case | None = case
    while found is not None:
        case = found
        found = next((each for each in smaller(case) if fails(each)), None)
    return case


def formless(kind: str) -> str:
    """A kind without the form in which it was met."""
    return kind.partition(": ")[2]
