"""The array reading of a row: the same formulas over whole arrays.

Where the float guards of :mod:`autograd.rules` test, these select: every branch is computed, without warnings, and
``where`` picks elementwise. Two things follow from it: a row over arrays, and what IEEE 754 says of an operation
outside its domain (:func:`ieee`), because arrays answer with inf and nan where floats raise.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .rules import Rule


def namespace(np: Any, erf: Any = None, erfc: Any = None) -> dict[str, Any]:
    """What each name of the table means over the arrays of ``np``, a module with NumPy's functions.

    Sequences (the operands of sum, max, logsumexp, ...) run along the first axis. NumPy has no ``erf`` and ``erfc``:
    without them, those of ``math`` are applied to each element.
    """
    where, exp, log1p, inf, nan = np.where, np.exp, np.log1p, math.inf, math.nan

    def chosen(otherwise: Any, *cases: Any) -> Any:
        """The first value whose condition holds: ``chosen(nan, x > y, 1.0, x <= y, 0.0)``."""
        for condition, value in reversed(list(zip(cases[::2], cases[1::2], strict=True))):
            otherwise = where(condition, value, otherwise)
        return otherwise

    def elementwise(f: Any) -> Callable[[Any], Any]:
        each = np.frompyfunc(f, 1, 1)
        return lambda x: np.asarray(each(x), float)

    erf, erfc = erf or elementwise(math.erf), erfc or elementwise(math.erfc)

    def above(x: Any, y: Any) -> Any:
        return chosen(nan, x > y, 1.0, x <= y, 0.0)

    def power_fails(x: Any, y: Any) -> Any:
        out = np.power(x, y)
        return (abs(x) < inf) & (abs(y) < inf) & ~(abs(out) < inf)

    def power_by_base(out: Any, x: Any, y: Any) -> Any:
        finite = (x != 0.0) & (abs(x) < inf) & (abs(out) < inf)
        normal = finite & (abs(out) >= rules.SMALLEST_NORMAL)
        tiny = finite & ((y < 0.0) | (y >= 4.0))
        steep = (x == 0.0) & (y > 0.0) & (y < 1.0)
        q, half = out / x, np.power(abs(x), 0.5 * y)
        by_ratio = where((abs(q) >= rules.SMALLEST_NORMAL) & (abs(q) < inf), y * q, y * out / x)
        by_halves = y * half / x * np.copysign(half, out)
        plain = y * np.power(x, y - 1.0)
        return chosen(plain, y == 0.0, 0.0, steep, inf, normal, by_ratio, tiny, by_halves)

    def power_by_exponent(out: Any, x: Any, y: Any) -> Any:
        half = np.power(x, 0.5 * y)
        slope = where(out < rules.SMALLEST_NORMAL, half * np.log(x) * half, out * np.log(x))
        return chosen(nan, x > 0.0, slope, (x == 0.0) & (y >= 0.0), 0.0)

    def bell(x: Any) -> Any:
        e = exp(-abs(x))
        return e / ((1.0 + e) * (1.0 + e))

    def sigmoid(x: Any) -> Any:
        e = exp(-abs(x))
        return where(x >= 0.0, 1.0, e) / (1.0 + e)

    def elu_by_x(x: Any, alpha: Any) -> Any:
        half = exp(0.5 * np.minimum(x, 0.0))
        return where(x > 0.0, 1.0, alpha * half * half)

    def half_exp(x: Any) -> Any:
        return exp(0.5 * np.minimum(x, 0.0))

    def silu_slope(x: Any) -> Any:
        far, near = (1.0 + x) * half_exp(x) * half_exp(x), sigmoid(x) * (1.0 + x * sigmoid(-x))
        return where(x < -700.0, far, near)

    def square(x: Any) -> Any:
        c = 134217729.0 * x
        high = c - (c - x)
        return high * high, (x - high) * (x + high)

    def gauss(x: Any, k: float) -> Any:
        large, small = square(x)
        e = exp(-k * large)
        return where(abs(x) > 40.0, 0.0, e + e * np.expm1(-k * small))

    def tail(x: Any) -> Any:
        t = -x / math.sqrt(2.0)
        (t_large, t_small), (x_large, x_small) = square(t), square(x)
        excess = (t_large - 0.5 * x_large) + (t_small - 0.5 * x_small)
        whole = erfc(t)
        return where((x > -40.0) & (x < -1.0), whole + exp(-t * t) * excess / (t * math.sqrt(math.pi)), whole)

    def turn(x: Any, y: Any) -> Any:
        r = np.hypot(x, y)
        s = chosen(1.0, r == inf, 2.0**-600, r < rules.SMALLEST_NORMAL, 2.0**600)
        scaled = np.hypot(s * x, s * y)
        part = s * x / scaled
        tiny = (part != 0.0) & (abs(part) < rules.SMALLEST_NORMAL)
        return where(r == 0.0, 0.0, s * where(tiny, s * x / (scaled * scaled), part / scaled))

    def norm(xs: Any) -> Any:
        largest = np.max(abs(xs), axis=0)
        scale = where((largest > 0.0) & (largest < inf), largest, 1.0)
        return where(np.any(abs(xs) == inf, axis=0), inf, scale * np.sqrt(np.sum((xs / scale) ** 2, axis=0)))

    def direction(xs: Any, r: Any) -> Any:
        largest = np.max(abs(xs), axis=0)
        rescaled = ((r < 1e-290) | (r == inf)) & (largest < inf)
        xs = where(rescaled, xs / largest, xs)
        return where(r == 0.0, 0.0, xs / where(rescaled, norm(xs), r))

    def cbrt(x: Any) -> Any:
        c = np.cbrt(x)
        return where((x == 0.0) | (abs(x) == inf), x, c - (c - x / (c * c)) / 3.0)

    def exp_difference(x: Any, m: Any) -> Any:
        d = x - m
        b, e = d - x, exp(d)
        return where(d < -746.0, 0.0, e + e * ((x - (d - b)) - (m + b)))

    def softmax(xs: Any) -> Any:
        es = exp_difference(xs, np.max(xs, axis=0))
        return es / np.sum(es, axis=0)

    def logsumexp(xs: Any) -> Any:
        m = np.max(xs, axis=0)
        first = np.arange(len(xs)).reshape(-1, *[1] * np.ndim(m)) == np.argmax(xs, axis=0)
        rest = np.sum(where(first, 0.0, exp_difference(xs, m)), axis=0)
        return where(abs(m) < inf, m + log1p(rest), m)

    def winners(xs: Any, out: Any) -> Any:
        won = xs == out
        return where(out == out, won / np.sum(won, axis=0), nan)

    return {
        "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh, "atan": np.arctan,
        "atan2": np.arctan2, "atanh": np.arctanh, "cos": np.cos, "cosh": np.cosh, "exp": exp, "expm1": np.expm1,
        "fabs": np.abs, "hypot": np.hypot, "log": np.log, "log10": np.log10, "log1p": log1p, "log2": np.log2,
        "pi": math.pi, "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt, "tan": np.tan, "tanh": np.tanh,
        "erf": erf,
        "erfc": erfc,
        "above": above,
        "wins": lambda x, y: chosen(nan, x > y, 1.0, x < y, 0.0, x == y, 0.5),
        "sign": np.sign,
        "flat": lambda x: where(x == x, 0.0, nan),
        "less": lambda x, y: (x < y) * 1.0,
        "less_equal": lambda x, y: (x <= y) * 1.0,
        "greater": lambda x, y: (x > y) * 1.0,
        "greater_equal": lambda x, y: (x >= y) * 1.0,
        "unequal": lambda x, y: (x != y) * 1.0,
        "equal": lambda x, y: (x == y) * 1.0,
        "select": lambda c, x, y: where(c != 0.0, x, y),
        "side": lambda x: chosen(nan, x >= 0.0, 1.0, x < 0.0, -1.0),
        "larger": np.maximum,
        "smaller": np.minimum,
        "clamp": lambda x, lo, hi: where(lo > hi, nan, np.minimum(np.maximum(x, lo), hi)),
        "nearest": np.round,
        "over": lambda x, y: where(y == 0.0, inf, x / y),
        "turn": turn,
        "cbrt": cbrt,
        "power": np.power,
        "power_fails": power_fails,
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
        "silu": lambda x: where(x < -700.0, x * half_exp(x) * half_exp(x), x * sigmoid(x)),
        "silu_slope": silu_slope,
        "gauss": gauss,
        "tail": tail,
        "total": lambda xs: np.sum(xs, axis=0),
        "inner": lambda w, x, b: np.sum(np.multiply(w, x), axis=0) + b,
        "fill": lambda xs, x: np.full(np.shape(xs), x),
        "count": lambda xs: float(len(xs)),
        "most": lambda xs: np.max(xs, axis=0),
        "least": lambda xs: np.min(xs, axis=0),
        "winners": winners,
        "logsumexp": logsumexp,
        "softmax": softmax,
        "norm": norm,
        "direction": direction,
    }  # fmt: skip


def ieee(rule: Rule, operands: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """Value and partials of a row as IEEE 754 arithmetic has them: inf and nan instead of exceptions."""
    import numpy as np

    names = namespace(np)
    names["math"] = SimpleNamespace(**{**vars(math), **names})  # a primitive may say math.log
    with np.errstate(all="ignore"):
        given = rule.arguments([np.float64(x) for x in operands])
        out = rules.read(rule.value, names)(*given)
        partials = rules.read(rule.partials, names)(out, *given)
    return float(out), tuple(map(float, rule.spread(tuple(partials), operands)))
