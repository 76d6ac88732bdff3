"""IEEE 754 on floats, in NumPy's words: what :mod:`.arrays` computes with where NumPy is not installed.

Python's floats raise where IEEE 754 has an answer: 1/0, log(0), (-8)**(1/3), exp(710). Here they answer. The names are
those of NumPy's functions, so that the rows of the table are read in either by the same names; one number at a time.
"""

from __future__ import annotations

import math
from math import copysign, inf, isfinite, isinf, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Float(float):
    """A float that never raises; what is computed of it is one too."""

    __slots__ = ()

    def __add__(self, other: float) -> Float:
        return Float(float.__add__(self, other))

    def __sub__(self, other: float) -> Float:
        return Float(float.__sub__(self, other))

    def __rsub__(self, other: float) -> Float:
        return Float(float.__rsub__(self, other))

    def __mul__(self, other: float) -> Float:
        return Float(float.__mul__(self, other))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Float:
        return Float(float.__neg__(self))

    def __abs__(self) -> Float:
        return Float(math.fabs(self))

    def __truediv__(self, other: float) -> Float:
        """A number over zero is infinite, with the product of the signs; 0/0 is nan."""
        if other:
            return Float(float.__truediv__(self, other))
        return Float(float.__mul__(self, copysign(inf, other)))

    def __rtruediv__(self, other: float) -> Float:
        return Float(other) / self

    def __floordiv__(self, other: float) -> Float:
        return Float(float.__floordiv__(self, other)) if other else self / other

    def __rfloordiv__(self, other: float) -> Float:
        return Float(other) // self

    def __mod__(self, other: float) -> Float:
        return Float(float.__mod__(self, other) if other else nan)

    def __rmod__(self, other: float) -> Float:
        return Float(other) % self

    def __pow__(self, other: float, modulus: None = None) -> Float:
        """What overflows, and zero to a negative power, is infinite; a power that would be complex is nan."""
        odd = isfinite(other) and other % 2.0 == 1.0
        try:
            return Float(math.pow(self, other))
        except OverflowError:
            return Float(-inf if self < 0.0 and odd else inf)
        except ValueError:
            if self:
                return Float(nan)
            return Float(copysign(inf, self) if odd else inf)

    def __rpow__(self, other: float, modulus: None = None) -> Float:
        return Float(other) ** self


def answering(name: str, poles: dict[float, float] | None = None) -> Callable[..., Float]:
    """A function of ``math`` with IEEE's answers: infinite at its ``poles`` and where it overflows, else nan."""
    function = getattr(math, name)

    def answered(*xs: float) -> Float:
        try:
            return Float(function(*xs))
        except OverflowError:
            return Float(copysign(inf, xs[0]) if name == "sinh" else inf)
        except ValueError:
            return Float((poles or {}).get(xs[0], nan))

    return answered


def whole(rounded: Callable[[float], int]) -> Callable[[float], Float]:
    """A rounding function, with the sign of zero; inf and nan are as they are."""
    return lambda x: Float(copysign(rounded(x), x) if isfinite(x) else x)


def where(condition: object, x: float, y: float) -> Float:
    """The one or the other."""
    return Float(x if condition else y)


def maximum(x: float, y: float) -> Float:
    """The larger; nan if one is."""
    return Float(x if x != x or x > y else y)


def minimum(x: float, y: float) -> Float:
    """The smaller; nan if one is."""
    return Float(x if x != x or x < y else y)


def sign(x: float) -> Float:
    """-1, 0 or 1; nan for nan."""
    return Float((x > 0.0) - (x < 0.0) if x == x else x)


def power(x: float, y: float) -> Float:
    """x to the y."""
    return Float(x) ** y


def hypot(x: float, y: float) -> Float:
    """sqrt(x*x + y*y) without overflow between; infinite if one is, even beside nan."""
    return Float(inf) if isinf(x) or isinf(y) else answering("hypot")(x, y)


arccos, arcsin, arctan, arctan2 = answering("acos"), answering("asin"), answering("atan"), answering("atan2")
arccosh, arcsinh, arctanh = answering("acosh"), answering("asinh"), answering("atanh", {1.0: inf, -1.0: -inf})
sin, cos, tan, sinh, cosh, tanh = (answering(name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"))
exp, expm1, sqrt, cbrt = (answering(name) for name in ("exp", "expm1", "sqrt", "cbrt"))
log, log2, log10 = (answering(name, {0.0: -inf}) for name in ("log", "log2", "log10"))
log1p = answering("log1p", {-1.0: -inf})
abs = answering("fabs")
floor, ceil, trunc, round = whole(math.floor), whole(math.ceil), whole(math.trunc), whole(round)
