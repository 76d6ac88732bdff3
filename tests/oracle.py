"""The oracle: every operation of the table once more, in mpmath at 50 digits, with no thought of rounding.

The formulas are the textbook's own, not the ones of :mod:`autograd.rules`: nothing here is arranged for accuracy,
because 50 digits need no arrangement. :func:`error` measures a float against an exact number, in ulps.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import mpmath

mp: Any = mpmath.mp.clone()  # its own precision, so that no test changes another's
mp.dps = 50

HUGE = mp.mpf(2) ** 1024  # where floats end
SMALL = mp.mpf(2) ** -1022  # where they begin to lose digits: an ulp of gelu is x times an ulp of what x multiplies


class Row(NamedTuple):
    """One operation: its value and partials, as functions of exact operands.

    Where a result is a sum that crosses zero, ``terms`` (and ``slope_terms``, for each partial) gives its terms: the
    error is then counted in ulps of the largest of them.
    """

    value: Callable[..., Any]
    partials: Callable[..., Sequence[Any]]
    terms: Callable[..., Sequence[Any]] | None = None
    slope_terms: Callable[..., Sequence[Sequence[Any]]] | None = None


def over(x: Any, y: Any) -> Any:
    """x / y for a positive x, +inf at y = 0."""
    return mp.inf if y == 0 else x / y


def bracket(condition: bool) -> Any:
    """Iverson's bracket."""
    return mp.mpf(condition)


def wins(x: Any, y: Any) -> Any:
    """[x > y] + [x = y] / 2."""
    return bracket(x > y) + bracket(x == y) / 2


def rational(x: Any) -> Fraction:
    """The same number as a fraction, exactly: a quotient of floats may have 600 digits before its point."""
    mantissa, exponent = abs(mp.mpf(x)).man_exp
    return int(mp.sign(x)) * int(mantissa) * Fraction(2) ** int(exponent)


def modulo(x: Any, y: Any) -> Any:
    """What x leaves when whole multiples of y are taken off; it has the sign of y."""
    left = rational(x) % rational(y)
    return mp.mpf(left.numerator) / left.denominator


def floored(x: Any, y: Any) -> Any:
    """The whole number below x / y."""
    return mp.mpf(rational(x) // rational(y))


def xlogy(x: Any, y: Any) -> Any:
    """X log y, zero at x = 0."""
    return x * mp.log(y) if x else x


def pow_by_base(x: Any, y: Any) -> Any:
    """Y x**(y - 1); at y = 0 zero; at x = 0 infinite for 0 < y < 1."""
    if y == 0:
        return mp.zero
    if x == 0:
        return mp.inf if y < 1 else bracket(y == 1)
    return y * mp.power(x, y) / x


def pow_by_exponent(x: Any, y: Any) -> Any:
    """x**y log x; at x = 0 its limit 0; for negative x not a number."""
    return mp.zero if x == 0 else mp.power(x, y) * mp.log(x) if x > 0 else mp.nan


def sinc_slope(x: Any) -> Any:
    """(cos(pi x) - sinc(x)) / x, at more digits where the difference cancels."""
    with mp.workdps(mp.dps + 700 * (abs(x) < 1)):
        return (mp.cospi(x) - mp.sincpi(x)) / x if x else x


def cbrt(x: Any) -> Any:
    """The real cube root."""
    return mp.sign(x) * mp.cbrt(abs(x))


def inverted(x: Any, y: Any) -> Any:
    """x / (x**2 + y**2), zero at the origin."""
    return x / (x * x + y * y) if x or y else x


def sigmoid(x: Any) -> Any:
    """The logistic function."""
    return 1 / (1 + mp.exp(-x))


def bell(x: Any) -> Any:
    """Its derivative."""
    return sigmoid(x) * sigmoid(-x)


def erfc(x: Any) -> Any:
    """The complementary error function; beyond 1000 it is far below the smallest float, and mpmath gives up."""
    return mp.erfc(min(x, mp.mpf(1000)))


def cdf(x: Any) -> Any:
    """The normal distribution function."""
    return erfc(-x / mp.sqrt(2)) / 2


def pdf(x: Any) -> Any:
    """The normal density."""
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def clip(x: Any, lo: Any, hi: Any) -> Any:
    """X between lo and hi."""
    return min(max(x, lo), hi) if lo <= hi else mp.nan


def products(w: Any, x: Any, b: Any) -> list[Any]:
    """The terms of w . x + b."""
    return [*map(operator.mul, w, x), b]


def winners(xs: Any, best: Any) -> list[Any]:
    """One part of 1 for each of the best."""
    return [bracket(x == best) / xs.count(best) for x in xs]


def length(xs: Any) -> Any:
    """The Euclidean length."""
    return mp.sqrt(mp.fsum(x * x for x in xs))


def parts(xs: Any) -> list[Any]:
    """The unit vector; zero at the origin."""
    r = length(xs)
    return [x / r if r else r for x in xs]


def rest(xs: Any) -> Any:
    """What logsumexp adds to the largest element."""
    *others, m = sorted(xs)
    return mp.log1p(mp.fsum(mp.exp(x - m) for x in others))


def softmax(xs: Any) -> list[Any]:
    """The partials of logsumexp."""
    m, r = max(xs), rest(xs)
    return [mp.exp(x - m - r) for x in xs]


# fmt: off
ORACLE = {
    "+":        Row(lambda x, y: x + y,          lambda x, y: (1, 1)),
    "-":        Row(lambda x, y: x - y,          lambda x, y: (1, -1)),
    "*":        Row(lambda x, y: x * y,          lambda x, y: (y, x)),
    "/":        Row(lambda x, y: x / y,          lambda x, y: (1 / y, -x / y**2)),
    "%":        Row(modulo,                      lambda x, y: (1, -floored(x, y))),
    "//":       Row(floored,                     lambda x, y: (0, 0)),
    "pos":      Row(lambda x: x,                 lambda x: (1,)),
    "neg":      Row(lambda x: -x,                lambda x: (-1,)),
    "**":       Row(lambda x, y: mp.power(x, y), lambda x, y: (pow_by_base(x, y), pow_by_exponent(x, y))),
    "abs":      Row(abs,                         lambda x: (mp.sign(x),)),
    "exp":      Row(mp.exp,                      lambda x: (mp.exp(x),)),
    "expm1":    Row(mp.expm1,                    lambda x: (mp.exp(x),)),
    "log":      Row(mp.log,                      lambda x: (1 / x,)),
    "log1p":    Row(mp.log1p,                    lambda x: (1 / (1 + x),)),
    "log2":     Row(lambda x: mp.log(x, 2),      lambda x: (1 / (x * mp.log(2)),)),
    "log10":    Row(lambda x: mp.log(x, 10),     lambda x: (1 / (x * mp.log(10)),)),
    "xlogy":    Row(xlogy,                       lambda x, y: (mp.log(y) if y > 0 else 0, x / y if y else mp.nan)),
    "sqrt":     Row(mp.sqrt,                     lambda x: (over(1, 2 * mp.sqrt(x)),)),
    "cbrt":     Row(cbrt,                        lambda x: (over(1, 3 * cbrt(x) ** 2),)),
    "sin":      Row(mp.sin,                      lambda x: (mp.cos(x),)),
    "cos":      Row(mp.cos,                      lambda x: (-mp.sin(x),)),
    "tan":      Row(mp.tan,                      lambda x: (1 / mp.cos(x) ** 2,)),
    "sinc":     Row(mp.sincpi,                   lambda x: (sinc_slope(x),),
                    slope_terms=lambda x: ((mp.cospi(x) / x, mp.sincpi(x) / x) if abs(x) > 1 else (),)),
    "asin":     Row(mp.asin,                     lambda x: (over(1, mp.sqrt((1 - x) * (1 + x))),)),
    "acos":     Row(mp.acos,                     lambda x: (-over(1, mp.sqrt((1 - x) * (1 + x))),)),
    "atan":     Row(mp.atan,                     lambda x: (1 / (1 + x * x),)),
    "atan2":    Row(mp.atan2,                    lambda y, x: (inverted(x, y), -inverted(y, x))),
    "sinh":     Row(mp.sinh,                     lambda x: (mp.cosh(x),)),
    "cosh":     Row(mp.cosh,                     lambda x: (mp.sinh(x),)),
    "tanh":     Row(mp.tanh,                     lambda x: (mp.sech(x) ** 2,)),
    "asinh":    Row(mp.asinh,                    lambda x: (1 / mp.sqrt(1 + x * x),)),
    "acosh":    Row(mp.acosh,                    lambda x: (over(1, mp.sqrt((x - 1) * (x + 1))),)),
    "atanh":    Row(mp.atanh,                    lambda x: (1 / ((1 - x) * (1 + x)),)),
    "sigmoid":  Row(sigmoid,                     lambda x: (bell(x),)),
    "softplus": Row(lambda x: max(x, 0) + mp.log1p(mp.exp(-abs(x))), lambda x: (sigmoid(x),)),
    "log_sigmoid": Row(lambda x: min(x, 0) - mp.log1p(mp.exp(-abs(x))), lambda x: (sigmoid(-x),)),
    "relu":     Row(lambda x: max(x, 0),         lambda x: (bracket(x > 0),)),
    "relu6":    Row(lambda x: clip(x, 0, 6),     lambda x: (bracket(0 < x < 6),)),
    "hardtanh": Row(lambda x: clip(x, -1, 1),    lambda x: (bracket(-1 < x < 1),)),
    "leaky_relu": Row(lambda x, s: x if x > 0 else s * x, lambda x, s: (1 if x > 0 else s, min(x, 0))),
    "elu":      Row(lambda x, a: x if x > 0 else a * mp.expm1(x),
                    lambda x, a: (1 if x > 0 else a * mp.exp(x), mp.expm1(min(x, 0)))),
    "silu":     Row(lambda x: x * sigmoid(x),    lambda x: (sigmoid(x) + x * bell(x),),
                    slope_terms=lambda x: ((sigmoid(x), x * bell(x)),)),
    "softsign": Row(lambda x: x / (1 + abs(x)),  lambda x: (1 / (1 + abs(x)) ** 2,)),
    "gelu":     Row(lambda x: x * cdf(x),        lambda x: (cdf(x) + x * pdf(x),),
                    terms=lambda x: (x * max(cdf(x), SMALL),),
                    slope_terms=lambda x: ((cdf(x), x * max(pdf(x), SMALL)),)),
    "erf":      Row(mp.erf,                      lambda x: (2 / mp.sqrt(mp.pi) * mp.exp(-x * x),)),
    "erfc":     Row(erfc,                        lambda x: (-2 / mp.sqrt(mp.pi) * mp.exp(-x * x),)),
    "maximum":  Row(max,                         lambda x, y: (wins(x, y), wins(y, x))),
    "minimum":  Row(min,                         lambda x, y: (wins(y, x), wins(x, y))),
    "clip":     Row(clip,                        lambda x, lo, hi: (lo <= x <= hi, x < lo, x > hi)),
    "floor":    Row(mp.floor,                    lambda x: (0,)),
    "ceil":     Row(mp.ceil,                     lambda x: (0,)),
    "trunc":    Row(lambda x: mp.sign(x) * mp.floor(abs(x)), lambda x: (0,)),
    "sign":     Row(mp.sign,                     lambda x: (0,)),
    "round":    Row(mp.nint,                     lambda x: (0,)),
    "where":    Row(lambda x: x,                 lambda x: (1,)),
    "logaddexp": Row(lambda x, y: max(x, y) + rest([x, y]), lambda x, y: (sigmoid(x - y), sigmoid(y - x)),
                     terms=lambda x, y: (max(x, y), rest([x, y]))),
    "sum":      Row(mp.fsum,                     lambda xs: [1] * len(xs), terms=lambda xs: xs),
    "mean":     Row(lambda xs: mp.fsum(xs) / len(xs), lambda xs: [mp.one / len(xs)] * len(xs),
                    terms=lambda xs: [x / len(xs) for x in xs]),
    "dot":      Row(lambda w, x, b: mp.fsum(products(w, x, b)), lambda w, x, b: (*x, *w, 1), terms=products),
    "max":      Row(max,                         lambda xs: winners(xs, max(xs))),
    "min":      Row(min,                         lambda xs: winners(xs, min(xs))),
    "hypot":    Row(length,                      parts),
    "logsumexp": Row(lambda xs: max(xs) + rest(xs), softmax,
                     terms=lambda xs: (max(xs), rest(xs))),
}
# fmt: on


def ulp(x: Any) -> Any:
    """The distance between floats at the exact number x; 2**-1074 where they are subnormal."""
    return mp.ldexp(1, max(int(mp.mag(x)) - 53, -1074)) if x else mp.ldexp(1, -1074)


def error(got: float, exact: Any, terms: Sequence[Any] = ()) -> float:
    """How far a float is from the exact number, in ulps of the exact number or of the largest of the terms.

    Floats end at 2**1024: beyond it inf is right. Where the exact result is not a number, so must the float be.
    """
    if mp.isnan(exact) or math.isnan(got):
        return 0.0 if mp.isnan(exact) and math.isnan(got) else math.inf
    right, measured = (max(-HUGE, min(HUGE, mp.mpf(x))) for x in (exact, got))
    return float(abs(right - measured) / ulp(max(abs(right), *(min(abs(t), HUGE / 2) for t in terms), mp.zero)))
