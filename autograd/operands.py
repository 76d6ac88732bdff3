"""Operands that are no numbers: which arrays may stand beside a Value, and what is said of anything else.

An array of numbers or Values is computed with element by element (:func:`mapped`). Arrays in which ``*`` means
something else, or whose elements are no real numbers, are refused in words that say what to do instead. NumPy is not
imported to find out what something is.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

REAL = "buifO"
"""The kinds of dtype that hold real numbers: bool, unsigned and signed int, float; and objects, Values among them."""

WAYS_OUT = {
    "c": "take its .real and .imag",
    "m": "make numbers of it, as in t / np.timedelta64(1, 's')",
    "M": "make numbers of it, as in (t - t[0]) / np.timedelta64(1, 's')",
    "V": "take its fields one by one",
}


def is_array(x: object) -> bool:
    """Whether this is a NumPy array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray)


def is_arraylike(x: object) -> bool:
    """Whether this is an array of NumPy's or of another library that answers to NumPy's functions; no Value is."""
    return getattr(type(x), "__array_ufunc__", None) is not None and hasattr(x, "ndim")


def whole(x: Any) -> Any:
    """A 0-d array as what it holds, anything else as it is."""
    return x[()] if is_array(x) and not x.ndim else x


def unfit(x: Any) -> str:
    """Why an array cannot be computed with element by element: what it is, and the way out; "" if it can be."""
    if not is_array(x):
        return ""
    if x.dtype.kind not in REAL:
        return f"an array of {x.dtype}: {WAYS_OUT.get(x.dtype.kind, 'make numbers of it with .astype(float)')}"
    if isinstance(x, sys.modules["numpy"].matrix):
        return "a matrix, whose * is another one: make an array of it with np.asarray"
    masked = sys.modules.get("numpy.ma")
    if masked is not None and isinstance(x, masked.MaskedArray):
        return "a masked array, which would lose gradients: make an array of it with .filled(0.0), or choose with where"
    return ""


def named(x: object) -> str:
    """What something is that is no real number, for a message: its type; of an unfit array, what it is."""
    return unfit(x) or type(x).__name__


def check(name: str, *operands: object) -> None:
    """TypeError for an array among the operands that is unfit."""
    for x in operands:
        reason = unfit(x)
        if reason:
            raise TypeError(f"{name}: expected numbers, Values or arrays of them, got {reason}")


def mapped(name: str, function: Callable[..., Any], *operands: Any) -> Any:
    """The function of the elements in the same place, broadcast as NumPy does; whatever is no array is one element.

    The result is an array of objects; of 0-d arrays it is the element alone. Raises TypeError for an array that is
    unfit, ValueError where shapes do not fit each other.
    """
    import numpy as np

    check(name, *operands)
    with np.errstate(all="ignore"):  # what floats do in silence, as in inf - inf or nan < 1
        return np.frompyfunc(function, len(operands), 1)(*[boxed(whole(x)) for x in operands])


def boxed(x: Any) -> Any:
    """An array as it is, anything else as the only element of one: so NumPy asks nobody but its own loops."""
    if is_arraylike(x):
        return x
    import numpy as np

    box = np.empty((), object)
    box[()] = x
    return box


def of_kind(found: Any, kind: type) -> Any:
    """An array of objects that are all floats, or all bools, as an array of these; anything else as it is."""
    return found.astype(kind) if is_array(found) and all(type(x) is kind for x in found.flat) else found
