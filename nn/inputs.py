"""Inputs: whether what a module is given is the inputs of one example, and what to say where it is not."""

from __future__ import annotations

import operator
from numbers import Real

from autograd import Value


def whole(name: str, what: str, size: int) -> int:
    """A size, which is a whole number; else TypeError."""
    try:
        return operator.index(size)
    except TypeError:
        raise TypeError(f"{name}: expected a whole number as {what}, got {size!r}") from None


def no_inputs(x: object, nin: int) -> TypeError | None:
    """The error for what is not the inputs of one example; None if it is."""
    expected = f"expected the inputs of one example, a list of {nin} number{'s' * (nin > 1)}"
    if is_number(x) or not hasattr(x, "__iter__") or getattr(x, "ndim", 1) == 0:
        number: object = x if isinstance(x, Value) or not is_number(x) else float(x)  # type: ignore[arg-type]
        got = f"a single number, {number:g}" if is_number(x) else type(x).__name__
        brackets = "[[1.0], [2.0]]" if nin == 1 else "[[1.0, ...], [2.0, ...]]"
        return TypeError(f"model(x): {expected}, got {got}; a list of examples has brackets around each: {brackets}")
    if not hasattr(x, "__len__") or not hasattr(x, "__getitem__"):
        return None  # an iterator: what was wrong in it is gone
    for k, x_k in enumerate(x):
        if not is_number(x_k):
            several = hasattr(x_k, "__len__") and not isinstance(x_k, str)
            advice = "; model.predict(X) takes a list of examples" if several else ""
            kind = type(x_k).__name__
            return TypeError(f"model(x): {expected}; input {k}: expected a Value or a real number, got {kind}{advice}")
    return None


def is_number(x: object) -> bool:
    """Whether this is a Value or a real number, NumPy's truth values among them."""
    return isinstance(x, (Value, Real)) or getattr(getattr(x, "dtype", None), "kind", "") == "b"
