"""The array reading of a row: the same formulas over whole arrays.

Where the guards on floats test, their branch-free versions (:mod:`autograd.guards`) select: every branch is computed,
and ``where`` picks elementwise. Two things follow from it: a row over arrays, and what IEEE 754 says of an operation
outside its domain (:func:`ieee`), because arrays answer with inf and nan where floats raise.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from autograd import guards, rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.rules import Rule


def namespace(np: Any, erf: Any = None, erfc: Any = None) -> dict[str, Any]:
    """What each name of the table means over the arrays of ``np``, a module with NumPy's functions.

    Sequences (the operands of sum, max, logsumexp, ...) run along the first axis. NumPy has no ``erf`` and ``erfc``:
    without them, those of ``math`` are applied to each element.
    """

    def elementwise(f: Any) -> Callable[[Any], Any]:
        each = np.frompyfunc(f, 1, 1)
        return lambda x: np.asarray(each(x), float)

    words = {
        "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh, "atan": np.arctan,
        "atan2": np.arctan2, "atanh": np.arctanh, "copysign": np.copysign, "cos": np.cos, "cosh": np.cosh,
        "erf": erf or elementwise(math.erf), "erfc": erfc or elementwise(math.erfc), "exp": np.exp, "expm1": np.expm1,
        "fabs": np.abs, "hypot": np.hypot, "log": np.log, "log10": np.log10, "log1p": np.log1p, "log2": np.log2,
        "pi": math.pi, "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt, "tan": np.tan, "tanh": np.tanh,
        "where": np.where,
        "element": lambda xs, i: np.take_along_axis(xs, np.asarray(i, int)[None], axis=0)[0],
        "ordered": lambda xs: np.lexsort((xs,), axis=0),  # stable
        "places": lambda xs: np.arange(len(xs)).reshape(-1, *[1] * (np.ndim(xs) - 1)),
        # what floats need a guard for, and arrays have themselves
        "ceil": lambda x: np.ceil(x) + 0.0,  # no -0.0, as on floats
        "fill": lambda xs, x: np.full(np.shape(xs), x),
        "floor": lambda x: np.floor(x) + 0.0,
        "larger": np.maximum,
        "least": lambda xs: np.min(xs, axis=0),
        "most": lambda xs: np.max(xs, axis=0),
        "nearest": lambda x: np.round(x) + 0.0,
        "power": np.power,
        "root": np.cbrt,
        "sign": np.sign,
        "smaller": np.minimum,
        "total": lambda xs: np.sum(xs, axis=0),
        "trunc": lambda x: np.trunc(x) + 0.0,
    }  # fmt: skip
    return {name: found for name, found in guards.reading([guards.BRANCH_FREE], words).items() if name in rules.NAMES}


def ieee(rule: Rule, operands: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """Value and partials of a row as IEEE 754 arithmetic has them: inf and nan instead of exceptions."""
    try:
        import numpy as np
    except ImportError:
        from . import specials

        return answered(rule, operands, namespace(specials, math.erf, math.erfc), specials.Float, tuple)
    with np.errstate(all="ignore"):
        return answered(rule, operands, namespace(np), np.float64, np.array)


def answered(
    rule: Rule,
    operands: Sequence[float],
    names: dict[str, Any],
    number: Callable[[float], Any],
    several: Callable[[Any], Any],
) -> tuple[float, tuple[float, ...]]:
    """Value and partials of a row by these ``names``, over operands made by ``number``; ``several`` are one operand."""
    names["math"] = SimpleNamespace(**{**vars(math), **names})  # a primitive may say math.log
    arguments = rule.arguments([number(x) for x in operands])
    given = [several(x) if isinstance(x, tuple) else x for x in arguments]
    out = rules.read(rule.value, names)(*given)
    partials = rules.read(rule.partials, names)(out, *given)
    return float(out), tuple(map(float, rule.spread(tuple(partials), operands)))
