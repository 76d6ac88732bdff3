"""The array reading of a row: the same formulas over whole arrays.

Where the float guards of :mod:`autograd.rules` test, these select: every branch is computed, without warnings, and
``where`` picks elementwise. Two things follow from it: a row over arrays, and what IEEE 754 says of an operation
outside its domain (:func:`ieee`), because arrays answer with inf and nan where floats raise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from . import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rules import Rule


def namespace(np: Any) -> dict[str, Any]:
    """What each name of the table means over the arrays of ``np``, a module with NumPy's functions.

    Sequences (the operands of sum, max, logsumexp, ...) run along the first axis.
    """
    where, exp, log1p, inf, nan = np.where, np.exp, np.log1p, math.inf, math.nan
    erf, erfc = (np.frompyfunc(f, 1, 1) for f in (math.erf, math.erfc))

    def chosen(otherwise: Any, *cases: Any) -> Any:
        """The first value whose condition holds: ``chosen(nan, x > y, 1.0, x <= y, 0.0)``."""
        for condition, value in reversed(list(zip(cases[::2], cases[1::2], strict=True))):
            otherwise = where(condition, value, otherwise)
        return otherwise

    def above(x: Any, y: Any) -> Any:
        return chosen(nan, x > y, 1.0, x <= y, 0.0)

    def power_by_base(out: Any, x: Any, y: Any) -> Any:
        product = y * out
        normal = (x != 0.0) & (abs(x) < inf) & (abs(out) >= rules.SMALLEST_NORMAL) & (abs(out) < inf)
        exact = normal & (abs(product) >= rules.SMALLEST_NORMAL) & (abs(product) < inf)
        steep = (x == 0.0) & (y > 0.0) & (y < 1.0)
        plain = y * np.power(x, y - 1.0)
        return chosen(
            plain, y == 0.0, 0.0, exact, product / x, normal & (abs(out / x) < inf), y * (out / x),
            normal, y / x * out, steep, inf,
        )  # fmt: skip

    def power_by_exponent(out: Any, x: Any, y: Any) -> Any:
        return chosen(nan, x > 0.0, out * np.log(x), (x == 0.0) & (y >= 0.0), 0.0)

    def bell(x: Any) -> Any:
        e = exp(-abs(x))
        return e / ((1.0 + e) * (1.0 + e))

    def sigmoid(x: Any) -> Any:
        e = exp(-abs(x))
        return where(x >= 0.0, 1.0, e) / (1.0 + e)

    def elu_by_x(x: Any, alpha: Any) -> Any:
        half = exp(0.5 * np.minimum(x, 0.0))
        return where(x > 0.0, 1.0, alpha * half * half)

    def gauss(x: Any, k: float) -> Any:
        c = 134217729.0 * x
        high = c - (c - x)
        return where(abs(x) > 40.0, 0.0, exp(-k * high * high) * exp(-k * (x - high) * (x + high)))

    def turn(x: Any, y: Any) -> Any:
        r = np.hypot(x, y)
        far = r == inf
        x, y = where(far, 0.25 * x, x), where(far, 0.25 * y, y)
        r = np.hypot(x, y)
        return where(r == 0.0, 0.0, x / r / r * where(far, 0.25, 1.0))

    def direction(xs: Any, r: Any) -> Any:
        largest = np.max(abs(xs), axis=0)
        rescaled = ((r < 1e-290) | (r == inf)) & (largest < inf)
        xs = where(rescaled, xs / largest, xs)
        return where(r == 0.0, 0.0, xs / where(rescaled, np.hypot.reduce(xs, axis=0), r))

    def cbrt(x: Any) -> Any:
        c = np.cbrt(x)
        return where((x == 0.0) | (abs(x) == inf), x, c - (c - x / (c * c)) / 3.0)

    def softmax(xs: Any) -> Any:
        es = exp(xs - np.max(xs, axis=0))
        return es / np.sum(es, axis=0)

    def logsumexp(xs: Any) -> Any:
        m = np.max(xs, axis=0)
        return where(abs(m) < inf, m + np.log(np.sum(exp(xs - m), axis=0)), m)

    def winners(xs: Any, out: Any) -> Any:
        won = xs == out
        return where(out == out, won / np.sum(won, axis=0), nan)

    return {
        "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh, "atan": np.arctan,
        "atan2": np.arctan2, "atanh": np.arctanh, "cos": np.cos, "cosh": np.cosh, "exp": exp, "expm1": np.expm1,
        "fabs": np.abs, "hypot": np.hypot, "log": np.log, "log10": np.log10, "log1p": log1p, "log2": np.log2,
        "pi": math.pi, "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt, "tan": np.tan, "tanh": np.tanh,
        "erf": lambda x: np.asarray(erf(x), float),
        "erfc": lambda x: np.asarray(erfc(x), float),
        "above": above,
        "wins": lambda x, y: chosen(nan, x > y, 1.0, x < y, 0.0, x == y, 0.5),
        "sign": np.sign,
        "flat": lambda x: where(x == x, 0.0, nan),
        "larger": np.maximum,
        "smaller": np.minimum,
        "clamp": lambda x, lo, hi: where(lo > hi, nan, np.minimum(np.maximum(x, lo), hi)),
        "nearest": np.round,
        "over": lambda x, y: where(y == 0.0, inf, x / y),
        "turn": turn,
        "cbrt": cbrt,
        "power": np.power,
        "power_by_base": power_by_base,
        "power_by_exponent": power_by_exponent,
        "tanh_slope": lambda x: 4.0 * bell(2.0 * x),
        "atan_slope": lambda x: 1.0 / np.hypot(1.0, x) / np.hypot(1.0, x),
        "sigmoid": sigmoid,
        "sigmoid_slope": bell,
        "softplus": lambda x: np.maximum(x, 0.0) + log1p(exp(-abs(x))),
        "leaky_relu": lambda x, slope: where(x > 0.0, x, slope * x),
        "leaky_relu_by_x": lambda x, slope: chosen(nan, x > 0.0, 1.0, x <= 0.0, slope),
        "elu": lambda x, alpha: where(x > 0.0, x, alpha * np.expm1(np.minimum(x, 0.0))),
        "elu_by_x": elu_by_x,
        "gauss": gauss,
        "total": lambda xs: np.sum(xs, axis=0),
        "inner": lambda w, x, b: np.sum(np.multiply(w, x), axis=0) + b,
        "fill": lambda xs, x: np.full(np.shape(xs), x),
        "count": lambda xs: float(len(xs)),
        "most": lambda xs: np.max(xs, axis=0),
        "least": lambda xs: np.min(xs, axis=0),
        "winners": winners,
        "logsumexp": logsumexp,
        "softmax": softmax,
        "norm": lambda xs: np.hypot.reduce(xs, axis=0),
        "direction": direction,
    }  # fmt: skip


def ieee(rule: Rule, operands: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """Value and partials of a row as IEEE 754 arithmetic has them: inf and nan, never an exception."""
    import numpy as np

    names = namespace(np)
    with np.errstate(all="ignore"):
        given = rule.arguments([np.float64(x) for x in operands])
        out = rules.read(rule.value, names)(*given)
        partials = rules.read(rule.partials, names)(out, *given)
    return float(out), tuple(map(float, rule.spread(tuple(partials), operands)))
