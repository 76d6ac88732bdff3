"""Statements over single numbers: what the passes take out, what they share, and what they leave where it is."""

from __future__ import annotations

import math
from typing import Any

import pytest

from autograd.compiler.arrays import Array, Role
from autograd.compiler.blocks import Let
from autograd.compiler.expressions import Apply, Contract, Expr, Number, Read, walk
from autograd.compiler.printers.singles import SinglesPrinter
from autograd.compiler.sharing import Ensure, Lines, in_order, read_whole, shared
from autograd.compiler.simplifying import TERMS, carried, simple

NAMES = {Array(Role.INPUT, ()): name for name in "xyzg"}
x, y, z, g = map(read_whole, NAMES)


class Names:
    """Names for the arrays above, and for others as they come."""

    def __init__(self) -> None:
        self.named: dict[Any, str] = {**NAMES}

    def of(self, holder: Any, start: str = "v") -> str:
        """The name of an array."""
        return self.named.setdefault(holder, f"{start}{len(self.named) - len(NAMES) + 1}")


def text(x: Expr) -> str:
    """An expression as it is printed."""
    return SinglesPrinter(Names()).text(x).text


def lines(found: Lines) -> list[str]:
    """Statements, and behind them what is asked, as they are printed."""
    printer = SinglesPrinter(Names())
    return [*printer.steps(found.steps), *[printer.text(x).text for x in found.results]]


def call(name: str, *operands: Expr) -> Expr:
    """A call."""
    return Apply(name, operands)


def choice(condition: Expr, one: float | Expr, other: float | Expr) -> Expr:
    """A choice."""
    each = [part if isinstance(part, Expr) else Number(part) for part in (one, other)]
    return Apply("if", (condition, *each))


def let(value: Expr) -> Let:
    """A statement."""
    return Let(Array(Role.COMPUTED, ()), value, "")


LESS = Apply("<", (x, y))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Number(1.0) * x, "x"),
        (x * Number(-1.0), "-x"),
        (Apply("neg", (-x,)), "x"),
        (-x * y, "-x * y"),
        (x * -y + z, "-x * y + z"),
        (z + x * -y, "z - x * y"),
        (z + (-(x + y)), "z - (x + y)"),
        (z - (-x), "z + x"),
        (x + Number(-2.0), "x - 2.0"),
        (x + Number(0.0), "x"),
        (Number(0.0) + Number(0.0), "0.0"),
        (Number(2.0) * (Number(3.0) * x), "6.0 * x"),
        (Number(1e200) * (Number(1e200) * x), "1e+200 * (1e+200 * x)"),
        (Number(0.0) * x, "0.0 * x"),
        (-x / y, "-x / y"),
        (x / Number(1.0), "x"),
        (Number(1.0) / Number(0.0), "1.0 / 0.0"),
        (Contract(x, Number(2.0), ""), "2.0 * x"),
        (Apply("!=", (choice(LESS, 1.0, 0.0), Number(0.0))), "x < y"),
        (Apply("!=", (choice(LESS, 2.0, 0.0), Number(0.0))), "(2.0 if x < y else 0.0) != 0.0"),
        (Apply("==", (choice(Apply("!=", (x, y)), 1.0, 0.0), Number(0.0))), "x == y"),
        (Apply("==", (choice(LESS, 1.0, 0.0), Number(0.0))), "(1.0 if x < y else 0.0) == 0.0"),
    ],
)
def test_what_is_taken_out(given: Expr, expected: str) -> None:
    """Factors of one, minuses and zeros; a comparison with nan has no opposite."""
    assert text(simple(given)) == expected


def test_a_choice_carries_a_derivative() -> None:
    """What is not taken is not multiplied; of what is no choice between numbers nothing is changed."""
    assert text(carried(g * choice(LESS, 1.0, 0.0))) == "g if x < y else 0.0"
    assert text(carried(g * choice(LESS, -1.0, 0.5))) == "-g if x < y else 0.5 * g"
    assert text(carried(g * choice(LESS, 1.0, x))) == "g * (1.0 if x < y else x)"
    assert text(simple(g * choice(LESS, 1.0, 0.0))) == "g * (1.0 if x < y else 0.0)"


def test_long_sums_are_calls() -> None:
    """Python reads no text that is nested too deeply."""
    each = Apply("+", tuple([call("sin", x)] * (TERMS + 1)))
    assert text(simple(each)).startswith("total((sin(x), sin(x), ")


def test_what_occurs_twice_has_a_name() -> None:
    """Where it is first computed, largest first."""
    one, two = let(call("exp", x * y) + z), let(call("exp", x * y) * x)
    assert lines(shared(Lines((one, two), (read_whole(one.array), read_whole(two.array))))) == [
        "v1 = exp(x * y)",
        "v1 + z",
        "v1 * x",
    ]


def test_what_is_used_once_stands_where_it_is_used() -> None:
    """But not in a branch, where it would not be computed, and not where it is to keep its name."""
    one = let(call("log", x))
    assert lines(shared(Lines((one,), (read_whole(one.array) * y,)))) == ["log(x) * y"]
    assert lines(shared(Lines((one,), (read_whole(one.array) * y,)), {one.array})) == ["v1 = log(x)", "v1 * y"]
    taken = choice(LESS, read_whole(one.array), 0.0)
    assert lines(shared(Lines((one,), (taken,)))) == ["v1 = log(x)", "v1 if x < y else 0.0"]


def test_nothing_leaves_a_branch() -> None:
    """What two branches compute is computed in them: it may raise where neither is taken."""
    both = choice(LESS, call("log", x), 0.0), choice(LESS, 1.0, call("log", x))
    assert lines(shared(Lines((), both))) == ["log(x) if x < y else 0.0", "1.0 if x < y else log(x)"]
    before = let(call("log", x))
    found = lines(shared(Lines((before,), (*both, read_whole(before.array)))))
    assert found == ["v1 = log(x)", "v1 if x < y else 0.0", "1.0 if x < y else v1", "v1"]


def test_what_nobody_asks_for_goes() -> None:
    """And what is but another name for something."""
    one, two, three = let(call("exp", x)), let(x), let(Number(2.0))
    asked = (read_whole(two.array) + read_whole(three.array),)
    assert lines(shared(Lines((one, two, three), asked))) == ["x + 2.0"]


def test_conditions_come_first() -> None:
    """Each with what it needs, the others behind all of them, in their order."""
    one, two, three = let(call("exp", y)), let(call("sin", x)), let(choice(LESS, 1.0, 0.0))
    way = Ensure(Apply("!=", (read_whole(three.array), Number(0.0))), holds=True, way=True)
    sound = Ensure(Apply("!=", (read_whole(two.array), Number(0.0))), holds=False, way=False)
    steps = in_order([one, two, three], [way, sound])
    assert steps == [three, way, two, sound, one]
    asked = (read_whole(one.array) * read_whole(two.array),)
    assert lines(shared(Lines(tuple(steps), asked))) == [
        "if not x < y:",
        "    raise OtherWay",
        "v1 = sin(x)",
        "if v1 != 0.0:",
        "    raise FloatingPointError",
        "exp(y) * v1",
    ]


def test_numbers_stay_what_they_are() -> None:
    """The passes change nothing by more than its rounding: formulas made at random, before and after."""
    names = {"x": 0.7, "y": -1.3, "z": 2.1, "g": 0.4, "sin": math.sin, "exp": math.exp}
    made: list[Expr] = [x, y, z, g, Number(1.0), Number(-1.0), Number(0.5)]
    for k in range(400):
        a, b = made[(7 * k) % len(made)], made[(11 * k + 3) % len(made)]
        each: list[Expr] = [
            a + b,
            a * b,
            a - b,
            -a,
            call("sin", a),
            choice(Apply("<", (a, b)), a, b),
            Contract(a, b, ""),
        ]
        grown = each[k % 7]
        if len(list(walk(grown))) < 40:
            made.append(grown)
    statements = [let(value) for value in made if not isinstance(value, (Read, Number))]
    found = shared(Lines(tuple(statements), tuple([read_whole(s.array) for s in statements])))
    printer = SinglesPrinter(Names())
    scope: dict[str, Any] = dict(names)
    exec("\n".join(printer.steps(found.steps)), scope)  # noqa: S102 - text of our own making
    for value, result in zip([s.value for s in statements], found.results, strict=True):
        want = eval(text(value), dict(names))  # noqa: S307 - likewise
        assert eval(printer.text(result).text, scope) == pytest.approx(want, rel=1e-12, abs=1e-12)  # noqa: S307
