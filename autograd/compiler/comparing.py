"""Comparing: what Python decides between a float and any other real number, as comparisons with floats.

``x < Fraction(1, 3)`` is decided by Python for the very number that x is, which no float stands for; NumPy's scalars
decide by rules of their own. All that is assumed here is that of two floats the larger one is not "less": then there is
a float up to which (or from which on) the comparison holds, and it is found by bisection.
"""

from __future__ import annotations

import operator
import struct
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Compare = Callable[[Any, Any], Any]


def limits(compare: Compare, other: Any) -> list[tuple[Compare, float]]:
    """The comparisons with floats that hold together where ``compare(x, other)`` holds; of ``!=`` those of ``==``.

    >>> from fractions import Fraction
    >>> limits(operator.lt, Fraction(1, 3)) == [(operator.le, 1 / 3)]  # the float is a little less than a third
    True
    >>> limits(operator.eq, 2**53 + 1)  # no float is this number: none is both
    [(<built-in function ge>, 9007199254740994.0), (<built-in function le>, 9007199254740992.0)]
    """
    if sys.modules.get("numpy") is None:
        return _limits(compare, other)
    import numpy as np

    with np.errstate(all="ignore"):  # its narrow numbers remark on the large floats that are tried
        return _limits(compare, other)


def _limits(compare: Compare, other: Any) -> list[tuple[Compare, float]]:
    if compare in (operator.lt, operator.le):
        return [(operator.le, last(lambda x: compare(x, other)))]
    if compare in (operator.gt, operator.ge):
        return [(operator.ge, -last(lambda x: compare(-x, other)))]
    return _limits(operator.ge, other) + _limits(operator.le, other)


def last(holds: Callable[[float], Any]) -> float:
    """The largest float for which a condition holds that holds for all below it; nan, which nothing equals, if none."""
    low, high = rank(float("-inf")), rank(float("inf"))
    if holds(float("inf")):
        return float("inf")
    if not holds(float("-inf")):
        return float("nan")
    while high - low > 1:
        middle = (low + high) // 2
        if holds(ranked(middle)):
            low = middle
        else:
            high = middle
    return ranked(low)


def rank(x: float) -> int:
    """The place of a float among all floats, 0 for 0.0."""
    (bits,) = struct.unpack("<q", struct.pack("<d", x))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)  # type: ignore[no-any-return]


def ranked(place: int) -> float:
    """The float in this place."""
    x: float
    (x,) = struct.unpack("<d", struct.pack("<q", abs(place)))
    return x if place >= 0 else -x
