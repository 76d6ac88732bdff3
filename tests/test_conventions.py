"""CONVENTIONS, line by line: what every operation promises at its corners, and why it may be relied on.

Policy P1 to P9, each row of its table, and every operation at every combination of special values.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import operator
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, functions, rules
from autograd.value import number

INF, NAN = math.inf, math.nan
LARGEST = math.nextafter(INF, 0.0)

Function = Callable[..., Any]

# The operations that formulas write with a sign; the others are functions under the name of their row.
SIGNS: dict[str, Function] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "%": operator.mod,
    "//": operator.floordiv,
    "pos": operator.pos,
    "neg": operator.neg,
}


# --- Helpers --------------------------------------------------------------------------------------------


def same(x: float, y: float) -> bool:
    """The same float, down to the sign of zero; nan is nan."""
    return repr(float(x)) == repr(float(y))


def differentiate(function: Function, operands: Sequence[float]) -> tuple[float, list[float]]:
    """Value and gradient of a function of Values."""
    leaves = [Value(x) for x in operands]
    out = function(*leaves)
    out.backward()
    return out.data, [leaf.grad for leaf in leaves]


def public(rule: rules.Rule) -> Function:
    """The row as users call it, with the row's operands one by one."""
    if rule.symbol in SIGNS:
        return SIGNS[rule.symbol]
    function: Function = getattr(ag, rule.symbol)
    if rule is rules.WHERE:
        return lambda x: function(True, x, 0.0)
    if rule is rules.DOT:
        return lambda *operands: function(*rule.arguments(operands)[: 2 + len(operands) % 2])
    if rule.layout == "sequence":
        return lambda *operands: function(operands)
    return function


def case(name: str, function: Function, operands: Sequence[float], out: float, *gradient: float) -> Any:
    """One promise: the function, where, its value, and its gradient."""
    return pytest.param(function, operands, out, gradient, id=name)


# --- The table: values and gradients -----------------------------------------------------------------------

PROMISES = [
    case("relu(0)", ag.relu, [0.0], 0.0, 0.0),
    case("relu(nan)", ag.relu, [NAN], NAN, NAN),
    case("maximum(x, 0) at 0", lambda x: ag.maximum(x, 0.0), [0.0], 0.0, 0.5),
    case("maximum(2, 2)", ag.maximum, [2.0, 2.0], 2.0, 0.5, 0.5),
    case("maximum(nan, 1)", ag.maximum, [NAN, 1.0], NAN, NAN, NAN),
    case("maximum(1, nan)", ag.maximum, [1.0, NAN], NAN, NAN, NAN),
    case("minimum(2, 2)", ag.minimum, [2.0, 2.0], 2.0, 0.5, 0.5),
    case("minimum(nan, 1)", ag.minimum, [NAN, 1.0], NAN, NAN, NAN),
    case("abs(0)", abs, [0.0], 0.0, 0.0),
    case("leaky_relu(0)", ag.leaky_relu, [0.0], 0.0, 0.01),
    case("x**0 at 0", lambda x: x**0, [0.0], 1.0, 0.0),
    case("x**0 at inf", lambda x: x**0, [INF], 1.0, 0.0),
    case("x**0 at nan", lambda x: x**0, [NAN], 1.0, 0.0),
    case("x**0 at 5e-324", lambda x: x**0, [5e-324], 1.0, 0.0),
    case("x**0.0 at 0", lambda x: x**0.0, [0.0], 1.0, 0.0),
    case("x**1 at 0", lambda x: x**1, [0.0], 0.0, 1.0),
    case("x**2 at 0", lambda x: x**2, [0.0], 0.0, 0.0),
    case("x**0.5 at 0", lambda x: x**0.5, [0.0], 0.0, INF),
    case("sqrt(0)", ag.sqrt, [0.0], 0.0, INF),
    case("sqrt(-0.0)", ag.sqrt, [-0.0], -0.0, INF),
    case("x**3 at -2", lambda x: x**3, [-2.0], -8.0, 12.0),
    case("x**3.0 at -2", lambda x: x**3.0, [-2.0], -8.0, 12.0),
    case("x*x at 1e200", lambda x: x * x, [1e200], INF, 2e200),
    case("0**y at 0", lambda y: 0**y, [0.0], 1.0, 0.0),
    case("0**y at 2", lambda y: 0**y, [2.0], 0.0, 0.0),
    case("(-2)**y at 3", lambda y: (-2) ** y, [3.0], -8.0, NAN),
    case("x**y at (0, 0)", operator.pow, [0.0, 0.0], 1.0, 0.0, 0.0),
    case("x**y at (0, 1)", operator.pow, [0.0, 1.0], 0.0, 1.0, 0.0),
    case("x**y at (0, 2)", operator.pow, [0.0, 2.0], 0.0, 0.0, 0.0),
    case("x**y at (0, 0.5)", operator.pow, [0.0, 0.5], 0.0, INF, 0.0),
    case("asin(1)", ag.asin, [1.0], math.pi / 2, INF),
    case("asin(-1)", ag.asin, [-1.0], -math.pi / 2, INF),
    case("acos(1)", ag.acos, [1.0], 0.0, -INF),
    case("acosh(1)", ag.acosh, [1.0], 0.0, INF),
    case("cbrt(0)", ag.cbrt, [0.0], 0.0, INF),
    case("cbrt(-8)", ag.cbrt, [-8.0], -2.0, 1 / 12),
    case("x/y at (1e-300, 1e-200)", operator.truediv, [1e-300, 1e-200], 1e-100, 1e200, -1e100),
    case("x/y at (1, 1e300)", operator.truediv, [1.0, 1e300], 1e-300, 1e-300, 0.0),
    case("exp(-746)", ag.exp, [-746.0], 0.0, 0.0),
    case("sigmoid(1000)", ag.sigmoid, [1000.0], 1.0, 0.0),
    case("sigmoid(-1000)", ag.sigmoid, [-1000.0], 0.0, 0.0),
    case("tanh(1000)", ag.tanh, [1000.0], 1.0, 0.0),
    case("tanh(-1000)", ag.tanh, [-1000.0], -1.0, 0.0),
    case("softplus(1000)", ag.softplus, [1000.0], 1000.0, 1.0),
    case("softplus(-1000)", ag.softplus, [-1000.0], 0.0, 0.0),
    case("sigmoid(40)", ag.sigmoid, [40.0], 1.0, 4.248354255291589e-18),
    case("softplus(21)", ag.softplus, [21.0], 21.000000000758256, 0.9999999992417439),
    case("logsumexp(1000, -1000, 0)", ag.logsumexp, [1000.0, -1000.0, 0.0], 1000.0, 1.0, 0.0, 0.0),
    case("logsumexp(-inf, -inf)", ag.logsumexp, [-INF, -INF], -INF, NAN, NAN),
    case("logsumexp(inf, 0)", ag.logsumexp, [INF, 0.0], INF, NAN, NAN),
    case("max(3, 1, 3, 3)", functions.max, [3.0, 1.0, 3.0, 3.0], 3.0, 1 / 3, 0.0, 1 / 3, 1 / 3),
    case("min(1, 1, 2, 1)", functions.min, [1.0, 1.0, 2.0, 1.0], 1.0, 1 / 3, 1 / 3, 0.0, 1 / 3),
    case("max(1, nan)", functions.max, [1.0, NAN], NAN, NAN, NAN),
    case("Python's max(2, 2)", max, [2.0, 2.0], 2.0, 1.0, 0.0),
    case("Python's min(2, 2)", min, [2.0, 2.0], 2.0, 1.0, 0.0),
    case("atan2(0, 0)", ag.atan2, [0.0, 0.0], 0.0, 0.0, 0.0),
    case("atan2(1e-200, 1e-200)", ag.atan2, [1e-200, 1e-200], math.pi / 4, 5e199, -5e199),
    case("hypot(0, 0)", ag.hypot, [0.0, 0.0], 0.0, 0.0, 0.0),
    case("hypot(1e200, 1e200)", ag.hypot, [1e200, 1e200], math.hypot(1e200, 1e200), 0.5**0.5, 0.5**0.5),
    case("sqrt(x*x) at 0", lambda x: ag.sqrt(x * x), [0.0], 0.0, NAN),
    case("clip(x, 0, 1) at 0", lambda x: ag.clip(x, 0, 1), [0.0], 0.0, 1.0),
    case("clip(x, 0, 1) at 1", lambda x: ag.clip(x, 0, 1), [1.0], 1.0, 1.0),
    case("clip(x, 0, 1) at 2", lambda x: ag.clip(x, 0, 1), [2.0], 1.0, 0.0),
    case("where(x > 0, sqrt x, 0) at 0", lambda x: ag.where(x > 0, ag.sqrt(x), 0.0), [0.0], 0.0, 0.0),
    case("5.5 % 2", operator.mod, [5.5, 2.0], 1.5, 1.0, -2.0),
    case("-5.5 % 2", operator.mod, [-5.5, 2.0], 0.5, 1.0, 3.0),
    case("6 % 2", operator.mod, [6.0, 2.0], 0.0, 1.0, -3.0),
    case("5.5 % -2", operator.mod, [5.5, -2.0], -0.5, 1.0, 3.0),
    case("7 % y at 2", lambda y: 7 % y, [2.0], 1.0, -3.0),
    case("5.5 // 2", operator.floordiv, [5.5, 2.0], 2.0, 0.0, 0.0),
    case("-5.5 // 2", operator.floordiv, [-5.5, 2.0], -3.0, 0.0, 0.0),
    case("1 // 0.1", operator.floordiv, [1.0, 0.1], 9.0, 0.0, 0.0),
    case("7 // y at 2", lambda y: 7 // y, [2.0], 3.0, 0.0),
    *[
        case(f"{getattr(function, '__name__', function)}({x})", function, [x], out, NAN if math.isnan(x) else 0.0)
        for function, pairs in {
            ag.floor: [(-1.5, -2.0), (2.0, 2.0), (INF, INF), (-INF, -INF), (NAN, NAN), (1e300, 1e300)],
            ag.ceil: [(-1.5, -1.0), (2.1, 3.0), (INF, INF), (NAN, NAN)],
            ag.trunc: [(-1.5, -1.0), (1.5, 1.0), (-INF, -INF), (NAN, NAN)],
            ag.round: [(0.5, 0.0), (1.5, 2.0), (-2.5, -2.0), (INF, INF), (NAN, NAN)],
            ag.sign: [(-0.3, -1.0), (0.0, 0.0), (5e-324, 1.0), (-INF, -1.0), (NAN, NAN)],
        }.items()
        for x, out in pairs
    ],
    case("math.floor(v)", math.floor, [-1.5], -2.0, 0.0),
    case("math.ceil(v)", math.ceil, [-1.5], -1.0, 0.0),
    case("math.trunc(v)", math.trunc, [-1.5], -1.0, 0.0),
    case("round(v)", round, [2.5], 2.0, 0.0),
    case("round(v) at inf", round, [INF], INF, 0.0),
    case("relu6(0)", ag.relu6, [0.0], 0.0, 0.0),
    case("relu6(3)", ag.relu6, [3.0], 3.0, 1.0),
    case("relu6(6)", ag.relu6, [6.0], 6.0, 0.0),
    case("hardtanh(-1)", ag.hardtanh, [-1.0], -1.0, 0.0),
    case("hardtanh(0.5)", ag.hardtanh, [0.5], 0.5, 1.0),
    case("hardtanh(1)", ag.hardtanh, [1.0], 1.0, 0.0),
    case("log_sigmoid(1000)", ag.log_sigmoid, [1000.0], -0.0, 0.0),
    case("log_sigmoid(-1000)", ag.log_sigmoid, [-1000.0], -1000.0, 1.0),
    case("log_sigmoid(40)", ag.log_sigmoid, [40.0], -4.248354255291589e-18, 4.248354255291589e-18),
    case("logaddexp(-inf, -inf)", ag.logaddexp, [-INF, -INF], -INF, NAN, NAN),
    case("logaddexp(inf, 0)", ag.logaddexp, [INF, 0.0], INF, 1.0, 0.0),
    case("logaddexp(1000, 0)", ag.logaddexp, [1000.0, 0.0], 1000.0, 1.0, 0.0),
    case("log_softmax(1000, 0), first", lambda x, y: ag.log_softmax([x, y])[0], [1000.0, 0.0], 0.0, 0.0, 0.0),
    case("log_softmax(1000, 0), second", lambda x, y: ag.log_softmax([x, y])[1], [1000.0, 0.0], -1000.0, -1.0, 1.0),
    case("xlogy(0, 0)", ag.xlogy, [0.0, 0.0], 0.0, 0.0, NAN),
    case("xlogy(0, 2)", ag.xlogy, [0.0, 2.0], 0.0, math.log(2.0), 0.0),
    case("xlogy(0, -1)", ag.xlogy, [0.0, -1.0], 0.0, 0.0, 0.0),
    case("xlogy(0, nan)", ag.xlogy, [0.0, NAN], NAN, NAN, NAN),
    case("sinc(0)", ag.sinc, [0.0], 1.0, 0.0),
    case("sinc(1)", ag.sinc, [1.0], 0.0, -1.0),
    case("softsign(inf)", ag.softsign, [INF], 1.0, 0.0),
    case("softsign(-inf)", ag.softsign, [-INF], -1.0, 0.0),
    case("relu(x)**0.5 at -1", lambda x: ag.relu(x) ** 0.5, [-1.0], 0.0, 0.0),
]


@pytest.mark.parametrize(("function", "operands", "out", "gradient"), PROMISES)
def test_value_and_gradient(
    function: Function, operands: Sequence[float], out: float, gradient: Sequence[float]
) -> None:
    """Value and gradient are the promised ones: exactly where they are round, to 4 ulp where they are not."""
    got_out, got = differentiate(function, operands)
    for x, expected in zip([got_out, *got], [out, *gradient], strict=True):
        assert same(x, expected) or (expected and math.isclose(x, expected, rel_tol=4 * 2.0**-52))


def test_the_partial_of_a_tiny_quotient_is_a_negative_zero() -> None:
    """-1/y**2 at y = 1e300 is too small for a float, and keeps its sign: -(q/y), never a/(b*b) of 1e600."""
    assert same((Value(1.0) / Value(1e300)).partials[1], -0.0)


def test_saturated_slopes_keep_their_digits() -> None:
    """tanh'(20), erfc'(9) and expm1'(-50) are small, but they are not 0: a unit that saturates is not dead."""
    assert differentiate(ag.tanh, [20.0])[1] == [pytest.approx(1.6993417021166355e-17, rel=1e-15)]
    assert differentiate(ag.erfc, [9.0])[1] == [pytest.approx(-7.491735480892e-36, rel=1e-12)]
    assert differentiate(ag.expm1, [-50.0])[1] == [pytest.approx(1.9287498479639178e-22, rel=1e-15)]


# --- The table: errors ------------------------------------------------------------------------------------


def refusal(name: str, function: Function, x: float, error: type[Exception], message: str) -> Any:
    """One refusal: the function, where, the exception, and its whole message."""
    return pytest.param(function, x, error, message, id=name)


OVERFLOW = "is too large for a float (about 1.8e308)"
POW_DOMAIN = rules.POW.domain

REFUSALS = [
    refusal("x**-1 at 0", lambda x: x**-1, 0.0, ZeroDivisionError,
            f"x**y: x = 0.0, y = -1.0 is outside the domain {POW_DOMAIN}"),
    refusal("x**0.5 at -2", lambda x: x**0.5, -2.0, ValueError,
            f"x**y: x = -2.0, y = 0.5 is outside the domain {POW_DOMAIN}"),
    refusal("x**(1/3) at -8", lambda x: x ** (1 / 3), -8.0, ValueError,
            f"x**y: x = -8.0, y = 0.3333333333333333 is outside the domain {POW_DOMAIN}"),
    refusal("x**300.5 at -1e300", lambda x: x**300.5, -1e300, ValueError,
            f"x**y: x = -1e+300, y = 300.5 is outside the domain {POW_DOMAIN}"),
    refusal("x**2 at 1e200", lambda x: x**2, 1e200, OverflowError,
            f"x**y: the result for x = 1e+200, y = 2.0 {OVERFLOW}"),
    refusal("x**400 at 10", lambda x: x**400, 10.0, OverflowError,
            f"x**y: the result for x = 10.0, y = 400.0 {OVERFLOW}"),
    refusal("0**y at -1", lambda y: 0**y, -1.0, ZeroDivisionError,
            f"x**y: x = 0.0, y = -1.0 is outside the domain {POW_DOMAIN}"),
    refusal("log(0)", ag.log, 0.0, ValueError, "log: x = 0.0 is outside the domain x > 0"),
    refusal("log(-1)", ag.log, -1.0, ValueError, "log: x = -1.0 is outside the domain x > 0"),
    refusal("log2(0)", ag.log2, 0.0, ValueError, "log2: x = 0.0 is outside the domain x > 0"),
    refusal("log10(-1)", ag.log10, -1.0, ValueError, "log10: x = -1.0 is outside the domain x > 0"),
    refusal("log1p(-1)", ag.log1p, -1.0, ValueError, "log1p: x = -1.0 is outside the domain x > -1"),
    refusal("sqrt(-1)", ag.sqrt, -1.0, ValueError, "sqrt: x = -1.0 is outside the domain x >= 0"),
    refusal("atanh(1)", ag.atanh, 1.0, ValueError, "atanh: x = 1.0 is outside the domain -1 < x < 1"),
    refusal("acosh(0.5)", ag.acosh, 0.5, ValueError, "acosh: x = 0.5 is outside the domain x >= 1"),
    refusal("asin(1.5)", ag.asin, 1.5, ValueError, "asin: x = 1.5 is outside the domain -1 <= x <= 1"),
    refusal("acos(-1.5)", ag.acos, -1.5, ValueError, "acos: x = -1.5 is outside the domain -1 <= x <= 1"),
    refusal("sin(inf)", ag.sin, INF, ValueError, "sin: x = inf is outside the domain of finite x"),
    refusal("cos(-inf)", ag.cos, -INF, ValueError, "cos: x = -inf is outside the domain of finite x"),
    refusal("tan(inf)", ag.tan, INF, ValueError, "tan: x = inf is outside the domain of finite x"),
    refusal("1/0", lambda x: 1 / x, 0.0, ZeroDivisionError, "x / y: x = 1.0, y = 0.0 is outside the domain y != 0"),
    refusal("x/0", lambda x: x / 0, 3.0, ZeroDivisionError, "x / y: x = 3.0, y = 0.0 is outside the domain y != 0"),
    refusal("x/x at 0", lambda x: x / x, 0.0, ZeroDivisionError,
            "x / y: x = 0.0, y = 0.0 is outside the domain y != 0"),
    refusal("1/(1/x) at 0", lambda x: 1 / (1 / x), 0.0, ZeroDivisionError,
            "x / y: x = 1.0, y = 0.0 is outside the domain y != 0"),
    refusal("sin(x)/x at 0", lambda x: ag.sin(x) / x, 0.0, ZeroDivisionError,
            "x / y: x = 0.0, y = 0.0 is outside the domain y != 0"),
    refusal("x % 0", lambda x: x % 0, 1.0, ZeroDivisionError,
            "x % y: x = 1.0, y = 0.0 is outside the domain y != 0"),
    refusal("1 % x at 0", lambda x: 1 % x, 0.0, ZeroDivisionError,
            "x % y: x = 1.0, y = 0.0 is outside the domain y != 0"),
    refusal("x // 0", lambda x: x // 0, 1.0, ZeroDivisionError,
            "x // y: x = 1.0, y = 0.0 is outside the domain y != 0"),
    refusal("sinc(inf)", ag.sinc, INF, ValueError, "sinc: x = inf is outside the domain of finite x"),
    refusal("xlogy(1, 0)", lambda x: ag.xlogy(1.0, x), 0.0, ValueError,
            "xlogy: x = 1.0, y = 0.0 is outside the domain y > 0, or x = 0"),
    refusal("exp(710)", ag.exp, 710.0, OverflowError, f"exp: the result for x = 710.0 {OVERFLOW}"),
    refusal("sinh(711)", ag.sinh, 711.0, OverflowError, f"sinh: the result for x = 711.0 {OVERFLOW}"),
    refusal("cosh(-711)", ag.cosh, -711.0, OverflowError, f"cosh: the result for x = -711.0 {OVERFLOW}"),
    refusal("expm1(710)", ag.expm1, 710.0, OverflowError, f"expm1: the result for x = 710.0 {OVERFLOW}"),
    refusal("clip(x, 1, 0)", lambda x: ag.clip(x, 1, 0), 0.5, ValueError,
            "clip: x = 0.5, lo = 1.0, hi = 0.0 is outside the domain lo <= hi"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "x", "error", "message"), REFUSALS)
def test_refusal(function: Function, x: float, error: type[Exception], message: str) -> None:
    """Outside its domain an operation raises what Python raises, and names operation, operands and domain."""
    with pytest.raises(error, match=f"^{re.escape(message)}$") as caught:
        function(Value(x))
    assert caught.type is error


NAMED = [entry for entry in REFUSALS if entry.values[0] in vars(ag).values()]


@pytest.mark.parametrize(("function", "x", "error", "message"), NAMED)
def test_functions_refuse_plain_numbers_alike(
    function: Function, x: float, error: type[Exception], message: str
) -> None:
    """A function of a plain number raises the same exception with the same message as one of a Value."""
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        function(x)


def test_a_complex_power_points_to_cbrt() -> None:
    """Whoever writes (-8)**(1/3) means cbrt, and is told so (P2)."""
    with pytest.raises(ValueError, match=re.escape("(the real cube root is cbrt)")):
        Value(-8.0) ** (1 / 3)
    assert ag.cbrt(Value(-8.0)).data == -2.0


def test_sums_and_products_overflow_silently() -> None:
    """``+ - *`` give inf, as Python's floats do (P3); so does a sum or a product inside sum, mean and dot."""
    big = Value(LARGEST)
    for out in (big + big, big - -big, big * 2.0, functions.sum([big, big]), ag.mean([big, big]), ag.dot([big], [big])):
        assert out.data == INF
    assert math.isnan(ag.dot([big, big], [big, -big]).data)


# --- The table: comparisons and conversions ----------------------------------------------------------------


def test_comparison_is_by_data_and_hash_by_identity() -> None:
    """Two Values of one number are equal, and still two variables."""
    x, y = Value(2.0), Value(2.0)
    assert x == y
    assert x == 2.0
    assert len({x, y}) == 2


def test_truth_is_that_of_the_number() -> None:
    """A Value of 0.0 is false; nan is true, as for floats."""
    assert [bool(Value(x)) for x in (0.0, -0.0, 1.0, NAN)] == [False, False, True, True]


@pytest.mark.parametrize("convert", [math.exp, float, int, complex, operator.index, range])
def test_a_gradient_is_not_lost_in_silence(convert: Function) -> None:
    """``math.exp(v)`` and ``float(v)`` would drop the graph, so they are TypeErrors."""
    with pytest.raises(TypeError, match=r"Value"):
        convert(Value(2.0))


@pytest.mark.parametrize(
    ("given", "data"),
    [(3, 3.0), (True, 1.0), (np.float32(0.1), 0.10000000149011612), (np.int8(100), 100.0), (Fraction(1, 3), 1 / 3)],
)
def test_real_numbers_are_converted_once(given: Any, data: float) -> None:
    """Leaf or constant, on either side: a real number becomes a float (P7)."""
    x = Value(2.0)
    for node in (Value(given), (x * given).parents[1], (given * x).parents[0], functions.sum([x, given]).parents[1]):
        assert type(node.data) is float
        assert node.data == data


def test_integers_beyond_floats() -> None:
    """10**400 is no float: OverflowError. 2**53 + 1 is rounded."""
    for attempt in (lambda: Value(10**400), lambda: Value(1.0) * 10**400, lambda: ag.exp(10**400)):
        with pytest.raises(OverflowError, match=r"expected a number within the range of a float"):
            attempt()
    assert Value(2**53 + 1).data == 2.0**53


REFUSED: list[tuple[Any, str]] = [
    (Decimal("1.5"), "Decimal"),
    (1j, "complex"),
    ("3", "str"),
    (None, "NoneType"),
    ([1.0], "list"),
    (np.array([1.0, 2.0]), "ndarray"),
    (np.array(1.0), "ndarray"),
]
SIDES: dict[str, Function] = {
    "Value(a)": Value,
    "x + a": lambda a: Value(2.0) + a,
    "a + x": lambda a: a + Value(2.0),
    "x ** a": lambda a: Value(2.0) ** a,
    "a / x": lambda a: a / Value(2.0),
    "exp(a)": ag.exp,
    "maximum(a, x)": lambda a: ag.maximum(a, Value(2.0)),
    "sum(x, a)": lambda a: functions.sum([Value(2.0), a]),
    "where(True, a, x)": lambda a: ag.where(True, a, Value(2.0)),
}
NO_ARRAYS = {"Value(a)", "sum(x, a)"}


@pytest.mark.parametrize(("given", "kind"), REFUSED, ids=[f"{kind}{np.shape(x)}" for x, kind in REFUSED])
@pytest.mark.parametrize("side", SIDES)
def test_anything_else_is_refused(side: str, given: Any, kind: str) -> None:
    """Text, None, complex, Decimal and list are TypeErrors that name the type, on either side (P7).

    Arrays are refused by the constructor and among several numbers; elsewhere they are taken element by element.
    """
    if kind == "ndarray" and side not in NO_ARRAYS:
        expected = [SIDES[side](x) for x in given.flat]
        assert np.array_equal([number(x) for x in np.ravel(SIDES[side](given))], [number(x) for x in expected])
        return
    with pytest.raises(TypeError, match=rf"expected a Value or a real number, got {kind}$|^Value: .*got {kind}$"):
        SIDES[side](given)


# --- P1, P2, P4: every row at every combination of special values ---------------------------------------------

MAGNITUDES = (
    *(0.0, 5e-324, 2.0**-1022, 1e-300, 1e-8, 0.5, math.nextafter(1.0, 0.0), 1.0, math.nextafter(1.0, 2.0)),
    *(2.0, 3.0, 40.0, 709.0, 710.5, 745.5, 2.0**52 + 1.0, 1e16, 1e155, 1e300, LARGEST, INF),
)
SPECIAL = (*MAGNITUDES, *(-x for x in MAGNITUDES), NAN)
FEWER = (-INF, -1e300, -2.0, -0.5, -0.0, 0.0, 5e-324, 1.0, 2.0, 1e300, INF, NAN)

each_row = pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)


def combinations(rule: rules.Rule) -> Iterator[tuple[float, ...]]:
    """All combinations of special values as operands: of one, two and three."""
    sizes = [len(rule.operand_names)] if rule.layout == "fixed" else [2, 3] if rule.layout == "pairs" else [1, 2, 3]
    for n in sizes:
        yield from itertools.product(SPECIAL if n < 3 else FEWER, repeat=n)
    if rule.layout == "pairs":
        yield from itertools.product((-INF, -1e300, -1.0, 0.0, 2.0, INF, NAN), repeat=4)


def plain(rule: rules.Rule) -> Function | None:
    """The same expression in Python's own words, where Python has one."""
    if rule is rules.POW:
        return real_power
    if rule is rules.CLIP:
        return plain_clip
    if rule.symbol in SIGNS:
        return SIGNS[rule.symbol]
    own: dict[str, Function | None] = {"abs": abs, "where": operator.pos, "cbrt": None}  # Python 3.11 has math.cbrt
    if rule.symbol in {"floor", "ceil", "trunc"}:
        return lambda x: float(getattr(math, rule.symbol)(x)) if math.isfinite(x) else x
    return own[rule.symbol] if rule.symbol in own else getattr(math, rule.symbol, None)


def real_power(x: float, y: float) -> float:
    """``x ** y``, with P2's departure: ValueError where Python's result is complex, or on its way there overflows."""
    try:
        out = x**y
    except OverflowError as error:
        if "complex" in str(error):
            raise ValueError from None
        raise
    if isinstance(out, complex):
        raise ValueError
    return float(out)


def plain_clip(x: float, lo: float, hi: float) -> float:
    """Python has no clip: max, then min, nan prevailing."""
    if lo > hi:
        raise ValueError
    return NAN if any(map(math.isnan, (x, lo, hi))) else min(max(x, lo), hi)


def attempt(function: Function, operands: Sequence[Any]) -> Any:
    """The result, or the class of the exception."""
    try:
        return function(*operands)
    except (ValueError, ArithmeticError) as error:
        return type(error)


def raises(rule: rules.Rule, operands: Sequence[float]) -> bool:
    """Whether the row says that it raises: asked for the operands that this depends on."""
    if rule.raises is None:
        return False
    given = dict(zip(rule.operand_names, rule.arguments(operands), strict=True))
    return bool(rule.raises(*[given[name] for name in rule.raises.__code__.co_varnames]))


@each_row
def test_values_are_those_of_plain_python(rule: rules.Rule) -> None:
    """A value is what Python's floats give, to the sign of a zero; where they raise, we raise the same class (P1).

    And it raises where the row says so, and nowhere else.
    """
    function, expression = public(rule), plain(rule)
    for operands in combinations(rule):
        got = attempt(function, [Value(x) for x in operands])
        if expression is not None:
            expected = attempt(expression, operands)
            alike = got is expected if isinstance(expected, type) else same(got.data, expected)
            assert alike, f"{rule.symbol}{operands}: expected {expected}, got {got}"
        assert isinstance(got, type) is raises(rule, operands), f"{rule.symbol}{operands}: {got}"


@pytest.mark.parametrize("rule", [rules.EXP, rules.EXPM1, rules.SINH, rules.COSH], ids=lambda rule: rule.symbol)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_largest_operand_that_does_not_overflow(rule: rules.Rule, sign: float) -> None:
    """At the bound that a row names the result is a float, beyond it too large for one: as the row says of both."""
    bound = rules.LARGEST_EXPONENT if rule in (rules.EXP, rules.EXPM1) else rules.LARGEST_HYPERBOLIC
    operands = [sign * x for x in (math.nextafter(bound, 0.0), bound, math.nextafter(bound, INF), INF)]
    ends = [isinstance(attempt(public(rule), [x]), type) for x in operands]
    assert ends == [raises(rule, [x]) for x in operands]
    assert ends == [False, False, sign > 0.0 or rule in (rules.SINH, rules.COSH), False]


@each_row
def test_functions_of_plain_numbers_answer_like_those_of_values(rule: rules.Rule) -> None:
    """The same float or the same exception, whether an operand remembers or not."""
    function = functions.pow if rule is rules.POW else public(rule)
    for operands in combinations(rule) if rule.symbol not in SIGNS or rule is rules.POW else []:
        got, alone = attempt(function, [Value(x) for x in operands]), attempt(function, operands)
        assert alone is got if isinstance(got, type) else same(alone, got.data), operands


@each_row
def test_errors_name_the_operation(rule: rules.Rule) -> None:
    """Every exception begins with the symbol of the row, or its formula, and says which operands it was given."""
    function, name = (
        public(rule),
        {"/": "x / y", "**": "x**y", "%": "x % y", "//": "x // y"}.get(rule.symbol, rule.symbol),
    )
    for operands in combinations(rule):
        got = attempt(function, [Value(x) for x in operands])
        if isinstance(got, type):
            names = ", ".join(f"{name} = {x!r}" for name, x in zip(rule.operand_names, operands, strict=True))
            with pytest.raises(got, match=rf"^{re.escape(f'{name}: ')}(the result for )?{re.escape(names)} is "):
                function(*map(Value, operands))


@each_row
def test_backward_never_raises_after_a_forward_that_succeeded(rule: rules.Rule) -> None:
    """Partials are floats, one for each operand, and backward() only multiplies and adds them (P4)."""
    function = public(rule)
    for operands in combinations(rule):
        leaves = [Value(x) for x in operands]
        out = attempt(function, leaves)
        if isinstance(out, Value):
            out.backward()
            assert [type(x) for x in (out.data, *out.partials)] == [float] * (1 + len(operands))
            for leaf, partial in zip(leaves, out.partials, strict=True):
                assert same(leaf.grad, partial + 0.0)


def always(_x: Sequence[float], i: int | None, _j: int) -> bool:
    """The partials are constant."""
    return i is not None


def never(_x: Sequence[float], _i: int | None, _j: int) -> bool:
    """Everything depends on every operand."""
    return False


def partner(x: Sequence[float], i: int | None, j: int) -> bool:
    """The partial of a product by one factor is the other factor; by the bias of a dot it is 1."""
    half = len(x) // 2
    return i is not None and (i == 2 * half or j != (i + half) % (2 * half))


# Which results do not depend on operand j, and so do not become nan with it: the value (i is None) or partial i.
INDEPENDENT: dict[str, Callable[[Sequence[float], int | None, int], bool]] = {
    **dict.fromkeys(("+", "-", "pos", "neg", "sum", "mean", "where"), always),
    **dict.fromkeys(("*", "dot"), partner),
    "/": lambda x, i, j: i == 0 == j,  # 1/y
    "%": lambda x, i, j: i == 0,
    "xlogy": lambda x, i, j: i == 0 == j,  # log y
    "**": lambda x, i, j: (
        (x[1] == 0.0 and i != 1)  # x**0 is 1 and flat, whatever x
        or (x[1] == 1.0 and i == 0)  # x**1 has the slope 1
        or (x[0] == 1.0 and i != 0)  # 1**y is 1 and flat, whatever y
    ),
    "leaky_relu": lambda x, i, j: j == 1 and (x[0] > 0.0 or i == 1),  # the slope counts for x <= 0, and linearly
    "elu": lambda x, i, j: j == 1 and (x[0] > 0.0 or i == 1),
    "clip": lambda x, i, j: (i, j) in {(1, 2), (2, 1)},  # [lo > x] does not ask for hi
    "hypot": lambda x, i, j: (  # C's standard: a side that is infinite decides
        math.inf in map(abs, x) and (i is None or math.isfinite(x[i]))
    ),
}


@each_row
def test_nan_in_nan_out(rule: rules.Rule) -> None:
    """A nan operand makes the value nan, and every partial that depends on it (P4)."""
    function, free = public(rule), INDEPENDENT.get(rule.symbol, never)
    seen = 0
    for operands in combinations(rule):
        nans = [j for j, x in enumerate(operands) if math.isnan(x)]
        if not nans:
            continue
        out = attempt(function, [Value(x) for x in operands])
        if isinstance(out, type):  # as plain Python: nan / 0 raises
            continue
        for i, x in [(None, out.data), *enumerate(out.partials)]:
            if not all(free(operands, i, j) for j in nans):
                what = "the value" if i is None else f"partial {i}"
                assert math.isnan(x), f"{rule.symbol}{operands}: expected nan as {what}, got {x}"
                seen += 1
    assert seen


# --- P5: selection -----------------------------------------------------------------------------------------

SELECTIONS: dict[str, Function] = {
    "relu": ag.relu,
    "leaky_relu of slope 0": lambda x: ag.leaky_relu(x, 0.0),
    "maximum, left": lambda x: ag.maximum(x, 1.0),
    "maximum, right": lambda x: ag.maximum(1.0, x),
    "minimum, left": lambda x: ag.minimum(x, -3.0),
    "minimum, right": lambda x: ag.minimum(-3.0, x),
    "clip": lambda x: ag.clip(x, 0.0, 1.0),
    "a bound of clip": lambda x: ag.clip(0.5, x, 1.0),
    "max": lambda x: functions.max([x, 1.0, 2.0]),
    "min": lambda x: functions.min([-3.0, x, 1.0]),
    "where": lambda x: ag.where(x > 0.0, x, 0.0),
    "round": functions.round,
    "floor": math.floor,
    "sign": ag.sign,
    "relu6": ag.relu6,
    "hardtanh": ag.hardtanh,
    "x // 3": lambda x: x // 3,
    "3 // x": lambda x: 3 // (x - 1.0),
}


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("upstream", [INF, NAN, 1e300])
def test_an_infinite_gradient_does_not_pass_where_the_operation_is_flat(name: str, upstream: float) -> None:
    """Off, on the losing side, outside: the gradient is 0, whatever arrives from above (P5)."""
    x = Value(-2.0)
    (SELECTIONS[name](x) * upstream).backward()
    assert same(x.grad, 0.0)


@pytest.mark.parametrize("name", SELECTIONS)
def test_an_infinite_slope_does_not_pass_where_the_operation_is_flat(name: str) -> None:
    """Nor does an infinite slope below: sqrt at 0, behind an edge that carries nothing, receives 0."""
    x = Value(0.0)
    SELECTIONS[name](ag.sqrt(x) - 2.0).backward()
    assert same(x.grad, 0.0)


def test_products_are_not_selections() -> None:
    """x * 0 multiplies: an infinite gradient from above becomes inf * 0, which is nan."""
    x = Value(-2.0)
    (x * 0.0 * INF).backward()
    assert math.isnan(x.grad)


# --- P8: ieee() --------------------------------------------------------------------------------------------

IEEE = [
    case("log(0)", ag.log, [0.0], -INF, INF),
    case("log(-1)", ag.log, [-1.0], NAN, -1.0),
    case("log1p(-1)", ag.log1p, [-1.0], -INF, INF),
    case("1/0", operator.truediv, [1.0, 0.0], INF, INF, -INF),
    case("-1/0", operator.truediv, [-1.0, 0.0], -INF, INF, INF),
    case("0/0", operator.truediv, [0.0, 0.0], NAN, INF, NAN),
    case("exp(710)", ag.exp, [710.0], INF, INF),
    case("expm1(710)", ag.expm1, [710.0], INF, INF),
    case("sinh(-711)", ag.sinh, [-711.0], -INF, INF),
    case("cosh(-711)", ag.cosh, [-711.0], INF, -INF),
    case("sqrt(-1)", ag.sqrt, [-1.0], NAN, NAN),
    case("asin(1.5)", ag.asin, [1.5], NAN, NAN),
    case("acosh(0.5)", ag.acosh, [0.5], NAN, NAN),
    case("atanh(1)", ag.atanh, [1.0], INF, INF),
    case("sin(inf)", ag.sin, [INF], NAN, NAN),
    case("x**y at (0, -1)", operator.pow, [0.0, -1.0], INF, -INF, NAN),
    case("x**y at (-8, 1/3)", operator.pow, [-8.0, 1 / 3], NAN, NAN, NAN),
    case("x**y at (1e200, 2)", operator.pow, [1e200, 2.0], INF, 2e200, INF),
    case("clip(0.5, 1, 0)", ag.clip, [0.5, 1.0, 0.0], NAN, -1.0, 1.0, 1.0),
]


@pytest.mark.parametrize(("function", "operands", "out", "gradient"), IEEE)
def test_ieee(function: Function, operands: Sequence[float], out: float, gradient: Sequence[float]) -> None:
    """Within ieee() an operation outside its domain gives what IEEE 754 arithmetic gives (P8)."""
    with pytest.raises((ValueError, ArithmeticError)):
        differentiate(function, operands)
    with ag.ieee():
        got_out, got = differentiate(function, operands)
    assert [*map(repr, [got_out, *got])] == [*map(repr, [out, *gradient])]
    with pytest.raises((ValueError, ArithmeticError)):
        differentiate(function, operands)


@each_row
def test_nothing_raises_within_ieee(rule: rules.Rule) -> None:
    """Within ieee() every combination gives floats; where nothing would have been raised, the same floats."""
    function = public(rule)
    for operands in combinations(rule):
        outside = attempt(function, [Value(x) for x in operands])
        with ag.ieee():
            out = function(*map(Value, operands))
            out.backward()
        assert [type(x) for x in (out.data, *out.partials)] == [float] * (1 + len(operands))
        if isinstance(outside, Value):
            assert same(out.data, outside.data)
            assert all(map(same, out.partials, outside.partials))
        else:
            assert not math.isfinite(out.data)


def test_ieee_on_plain_numbers() -> None:
    """Functions of plain numbers answer alike."""
    with ag.ieee():
        assert ag.log(0.0) == -INF
        assert ag.exp(1000.0) == INF
        assert math.isnan(ag.sqrt(-1.0))


def test_ieee_nests() -> None:
    """Leaving an inner context does not leave the outer one, and an exception does not disturb either."""
    with ag.ieee():
        with ag.ieee():
            pass
        assert ag.log(Value(0.0)).data == -INF
        with pytest.raises(KeyError), ag.ieee():
            raise KeyError
        assert ag.log(Value(0.0)).data == -INF
    with pytest.raises(ValueError, match=r"^log: "):
        ag.log(Value(0.0))


def test_one_ieee_may_be_entered_again() -> None:
    """One object may be kept, and used in one ``with`` after the other."""
    mode = ag.ieee()
    for _ in range(2):
        with mode:
            assert ag.log(0.0) == -INF
        with pytest.raises(ValueError, match=r"^log: "):
            ag.log(0.0)


def test_a_thread_does_not_inherit_ieee() -> None:
    """The mode belongs to the thread that set it."""
    found: list[Any] = []
    with ag.ieee():
        thread = threading.Thread(target=lambda: found.append(attempt(ag.log, [0.0])))
        thread.start()
        thread.join()
        assert ag.log(0.0) == -INF
    assert found == [ValueError]


def test_tasks_do_not_share_ieee() -> None:
    """Two tasks that take turns each keep their own mode."""

    async def outside() -> list[Any]:
        found = []
        for _ in range(3):
            await asyncio.sleep(0)
            found.append(attempt(ag.log, [0.0]))
        return found

    async def inside() -> list[Any]:
        with ag.ieee():
            return await outside()

    async def both() -> tuple[list[Any], list[Any]]:
        return await asyncio.gather(inside(), outside())

    assert [*asyncio.run(both())] == [[-INF] * 3, [ValueError] * 3]


# --- P9: detect_anomaly() ----------------------------------------------------------------------------------


def test_the_first_value_that_is_not_finite_is_named() -> None:
    """The operation, its operands with their labels, and the line of the user's code."""
    x = Value(1e200, label="x")
    line = "_ = x * x  # the culprit"
    expected = re.escape(f"*(x = 1e+200, x = 1e+200) gave inf, at {__file__}, line ") + rf"\d+: {re.escape(line)}"
    with ag.detect_anomaly(), pytest.raises(FloatingPointError, match=f"^{expected}$"):
        _ = x * x  # the culprit


def test_the_line_is_the_right_one() -> None:
    """The line number is that of the call, although functions and operators of the library lie between."""
    frame = test_the_line_is_the_right_one.__code__.co_firstlineno
    with ag.detect_anomaly(), pytest.raises(FloatingPointError, match=rf"line {frame + 4}: ag.mean\(\[") as caught:
        ag.mean([Value(LARGEST), LARGEST])
    assert "mean(1.7976931348623157e+308, 1.7976931348623157e+308) gave inf" in str(caught.value)


def test_within_ieee_the_first_infinity_is_named() -> None:
    """log(0) is legal there, and named all the same."""
    with ag.ieee(), ag.detect_anomaly(), pytest.raises(FloatingPointError, match=r"^log\(0\.0\) gave -inf, at "):
        Value(0.0).log()


def test_the_first_gradient_that_is_not_finite_is_named() -> None:
    """The operation, its operand, the local partial, what arrived from above, and the line of the forward pass."""
    x = Value(0.0, label="x")
    expected = re.escape(
        "backward through sqrt(x = 0.0) made a gradient of inf: operand 0 has the local partial inf and the upstream "
        f"gradient is 3.0, at {__file__}, line "
    )
    with ag.detect_anomaly():
        y = ag.sqrt(x)
        loss = y * 3.0
        with pytest.raises(FloatingPointError, match=rf"^{expected}\d+: y = ag\.sqrt\(x\)$"):
            loss.backward()


def test_a_gradient_through_an_older_node() -> None:
    """A node recorded before the context is named without its line."""
    x = Value(0.0)
    y = ag.sqrt(x)
    message = r"^backward through sqrt\(0\.0\) .* \(recorded outside detect_anomaly\)$"
    with ag.detect_anomaly(), pytest.raises(FloatingPointError, match=message):
        y.backward()


def test_what_is_finite_passes() -> None:
    """Finite values and gradients are none of its business; nor is an infinite slope that nothing arrives at."""
    x = Value(0.0)
    with ag.detect_anomaly():
        (ag.relu(ag.sqrt(x) - 2.0) + x * 3.0).backward()
    assert x.grad == 3.0


def test_outside_nothing_is_watched() -> None:
    """After the context, infinities are silent again."""
    with ag.detect_anomaly():
        pass
    assert (Value(1e200) * 1e200).data == INF


def test_a_thread_does_not_inherit_detect_anomaly() -> None:
    """The watch belongs to the thread that set it."""
    found: list[Any] = []
    with ag.detect_anomaly():
        thread = threading.Thread(target=lambda: found.append((Value(1e200) * 1e200).data))
        thread.start()
        thread.join()
    assert found == [INF]


def test_detect_anomaly_does_not_accuse_the_slope_by_a_constant_exponent() -> None:
    """The slope of (-3)**2 by its exponent is nan, but the exponent is a constant, and nobody asks."""
    x = Value(-3.0)
    with ag.detect_anomaly():
        (x**2).backward()
    assert x.grad == -6.0
