"""Third derivatives of every row of the table, far from 0 and near the ends of a domain too, and through programs.

``test_derivatives.py`` holds every row to order 4 at points of ordinary size, by graphs of gradients. Here the
transforms are nested, as a user nests them, and the points lie where a function saturates, at numbers of any size, and
next to where a slope becomes infinite; an error is counted relative to the derivative itself, however small that is.
Then the same derivatives come from programs, for the rows in whose formulas guards stand.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from oracle import ORACLE, mp
from test_derivatives import ordinary
from test_rules import exact_arguments

from autograd import grad, jit, rules
from autograd.functions import apply
from autograd.rules import TABLE, Rule

Function = Callable[..., Any]
Point = tuple[float, ...]

each_row = pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.symbol)

DIGITS = {"ordinary": 60, "far": 400}  # 1 - exp(-600) differs from 1 in the 261st digit
BOUND = {0: 1e-15, 1: 1e-14, 2: 5e-14, 3: 1e-13}  # by order

# Where a slope is of the size of 1 while the next is tiny, by a difference: its error is that of numbers of this size.
DIFFERENCES = {"asin", "acos", "atanh", "logsumexp", "logaddexp"}


def guards(rule: Rule) -> set[str]:
    """The names in a row's formulas that are functions of the library, not of ``math``."""
    names = {*rule.value.__code__.co_names, *rule.partials.__code__.co_names}
    return {name for name in names if getattr(vars(rules)[name], "__module__", "").startswith("autograd")}


GUARDED = [rule for rule in TABLE if guards(rule)]


# --- Where to look ------------------------------------------------------------------------------------------

SATURATED = [(x,) for x in (-600.0, -300.0, -45.0, -36.5, -18.5, -5.0, 5.0, 18.5, 36.5, 45.0, 300.0, 600.0)]
NORMAL = [(x,) for x in (-25.0, -12.5, -6.5, -1e-8, 1e-8, 6.5, 12.5, 25.0)]
SIZES = [(x,) for x in (1e-90, 1e-30, 1e-8, 1e-3, 40.0, 1e8, 1e30, 1e90)]
BOTH = [*SIZES, *((-x,) for (x,) in SIZES)]
ANGLES = [(x,) for x in (-1e6, -355.0, -22.0, -1e-8, 1e-30, 1.5707, 22.0, 355.0, 1e6)]
INSIDE = [(sign * x,) for sign in (-1, 1) for x in (1e-30, 1e-8, 0.999, 1 - 2.0**-20, 1 - 2.0**-40)]
TWO = [(1e-30, 1e30), (1e30, -1e-30), (-1e8, 1e-8), (1e-60, 2e-60), (1e60, -3e60), (-40.0, 0.025)]
POWERS = [(1e-30, 2.5), (1e30, -1.5), (1e30, 0.5), (40.0, 40.0), (1e-3, 30.5), (1 + 1e-8, -1e3), (1e90, 1e-8)]
RECTIFIED = [(x, slope) for x in (-1e60, -600.0, -300.0, -36.5, -1e-8, 1e-8, 36.5, 600.0) for slope in (0.01, -1.5)]
THREE = [(1e-30, 1e-8, 0.5), (-1e30, 1e8, 2e8), (1e30, -1e-8, 1e-8), (600.0, 1e-3, 601.0)]
MANY = [(600.0, -600.0, 0.5), (-30.0, 30.0, 29.0), (1e8, 1.0, -1e8), (1e-30, 2e-30, -3e-30), (1e60, 2e60, -4e60)]
PAIRS = [(1e30, -1e-30, 1e-8, 2.0), (600.0, 0.5, -1e60, 1e60, 1e-60)]

FAR: dict[str, Sequence[Point]] = {
    **dict.fromkeys(("+", "-", "*", "/", "atan2", "maximum", "minimum", "logaddexp"), TWO),
    **dict.fromkeys(
        (
            "pos",
            "neg",
            "abs",
            "relu",
            "relu6",
            "hardtanh",
            "round",
            "floor",
            "ceil",
            "trunc",
            "sign",
            "where",
            "softsign",
            "atan",
            "asinh",
            "cbrt",
        ),
        BOTH,
    ),
    **dict.fromkeys(("exp", "expm1", "sinh", "cosh", "tanh", "sigmoid", "softplus", "log_sigmoid", "silu"), SATURATED),
    **dict.fromkeys(("gelu", "erf", "erfc"), NORMAL),
    **dict.fromkeys(("log", "log2", "log10", "sqrt"), SIZES),
    **dict.fromkeys(("sin", "cos", "tan"), ANGLES),
    **dict.fromkeys(("asin", "acos", "atanh"), INSIDE),
    **dict.fromkeys(("leaky_relu", "elu"), RECTIFIED),
    **dict.fromkeys(("sum", "mean", "max", "min", "hypot", "logsumexp"), MANY),
    "**": POWERS,
    "%": [(5.5, 2.0), (-5.5, 2.0), (1e8 + 0.25, -3.0)],
    "//": [(5.5, 2.0), (-5.5, 2.0), (1e8 + 0.25, -3.0)],
    "xlogy": [(1e-30, 1e30), (-1e8, 1e-8), (40.0, 0.025)],
    "sinc": [(x,) for x in (-30.4, -1e-8, 1e-30, 1e-3, 0.3, 2.6, 30.4)],
    "log1p": [*SIZES, (-1e-8,), (-0.999,), (-1 + 2.0**-40,)],
    "acosh": [(1 + 2.0**-40,), (1.001,), (40.0,), (1e8,), (1e90,)],
    "clip": THREE,
    "dot": PAIRS,
}


# --- What to compare ----------------------------------------------------------------------------------------


def operation(rule: Rule) -> Function:
    """The row as a function of flat operands."""
    return lambda *operands: apply(rule, operands)


def derivative(function: Function, by: Sequence[int]) -> Function:
    """The derivative by these operands, one after the other."""
    for i in by:
        function = grad(function, i)
    return function


def exact(rule: Rule, point: Point, by: Sequence[int], digits: int) -> Any:
    """The oracle's value, its partial, or the derivative of a partial by difference quotients of many digits."""
    row = ORACLE[rule.symbol]
    with mp.workdps(digits):
        if not by:
            return +row.value(*exact_arguments(rule, point))

        def partial(*operands: Any) -> Any:
            """The partial by the first of the operands, of flat operands."""
            return mp.mpf(row.partials(*exact_arguments(rule, operands))[by[0]])

        if len(by) == 1:
            return partial(*map(mp.mpf, point))
        counts = tuple(by[1:].count(i) for i in range(len(point)))
        return mp.diff(partial, tuple(map(mp.mpf, point)), counts, relative=True)


def orders(point: Point) -> Iterator[tuple[int, ...]]:
    """The operands to differentiate by, up to three times, each set of them once."""
    for order in range(4):
        yield from itertools.combinations_with_replacement(range(len(point)), order)


def wrong(rule: Rule, point: Point, by: Sequence[int], got: float, digits: int) -> str:
    """What is wrong with a derivative; nothing if it is within its bound of the exact one.

    What has underflowed is small enough, and so is what the many digits of a difference quotient leave of zero.
    """
    right = exact(rule, point, by, digits)
    scale = max(abs(right), mp.one) if rule.symbol in DIFFERENCES and len(by) > 1 else abs(right)
    if abs(got - right) <= BOUND[len(by)] * scale + max(mp.ldexp(1, -1060), mp.mpf(10) ** -(digits - 20)):
        return ""
    return f"{rule.symbol} at {point}, by operands {by}: expected {mp.nstr(right, 20)}, got {got!r}"


def disagreements(rule: Rule, reading: Callable[[Function, Sequence[int]], Function]) -> list[str]:
    """What is wrong with the third derivatives, each read once and called at all ordinary points."""
    found = []
    for count, points in itertools.groupby(ordinary(rule), len):
        at = list(points)
        for by in itertools.combinations_with_replacement(range(count), 3):
            function = reading(operation(rule), by)
            found += [wrong(rule, point, by, function(*point), DIGITS["ordinary"]) for point in at]
    assert found
    return [text for text in found if text]


# --- The tests ----------------------------------------------------------------------------------------------


def hold(rule: Rule, points: Sequence[Point], digits: int) -> None:
    """The value and all derivatives to order 3 are within their bounds at these points."""
    assert points
    found = [
        wrong(rule, point, by, derivative(operation(rule), by)(*point), digits)
        for point in points
        for by in orders(point)
    ]
    assert not [text for text in found if text]


@each_row
def test_ordinary_points(rule: Rule) -> None:
    """grad, grad(grad), grad(grad(grad)), by every choice of operands: each within its bound, relative to itself."""
    hold(rule, ordinary(rule), DIGITS["ordinary"])


@pytest.mark.parametrize("rule", [rule for rule in TABLE if rule.symbol in FAR], ids=lambda rule: rule.symbol)
def test_far_points(rule: Rule) -> None:
    """The same where the row saturates, at large and small numbers, and near the ends of its domain."""
    hold(rule, FAR[rule.symbol], DIGITS["far"])


def test_every_row_has_far_points() -> None:
    """Adding a row to the table demands points at which it saturates or is large, and no other row has any."""
    assert FAR.keys() == {rule.symbol for rule in TABLE}


@pytest.mark.parametrize("rule", GUARDED, ids=lambda rule: rule.symbol)
def test_third_derivatives_jitted(rule: Rule) -> None:
    """One program for each third derivative answers at all ordinary points, on either side of a guard."""
    assert not disagreements(rule, lambda function, by: jit(derivative(function, by)))


@pytest.mark.parametrize("rule", GUARDED, ids=lambda rule: rule.symbol)
def test_third_derivatives_of_jitted(rule: Rule) -> None:
    """So does the third derivative of the program of the row itself."""
    assert not disagreements(rule, lambda function, by: derivative(jit(function), by))


def test_the_rows_with_guards_are_found() -> None:
    """Those of the activations, of lengths and angles, powers, and of sequences are among them; exp is not."""
    symbols = {rule.symbol for rule in GUARDED}
    assert symbols >= {"tanh", "sigmoid", "softplus", "silu", "gelu", "elu", "leaky_relu", "relu"}
    assert symbols >= {"hypot", "atan2", "**", "logsumexp", "max", "min", "maximum", "minimum", "clip", "abs", "sqrt"}
    assert not symbols & {"*", "exp", "log", "sin"}


def test_the_bounds_would_see_a_wrong_digit() -> None:
    """A third derivative that is off by one part in 10**12 is wrong, in saturation too."""
    got = derivative(operation(rules.TANH), (0, 0, 0))(300.0)
    assert 0.0 < got < 1e-200
    assert not wrong(rules.TANH, (300.0,), (0, 0, 0), got, DIGITS["far"])
    assert wrong(rules.TANH, (300.0,), (0, 0, 0), got * (1.0 + 1e-12), DIGITS["far"]).startswith("tanh at (300.0,)")
