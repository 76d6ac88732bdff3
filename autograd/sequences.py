"""Functions from a sequence to its elements: softmax and its logarithm, sorting, and taking one element.

None of them is a row: they are compositions of rows, or hand on the Values that they were given.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, overload

from . import guards, rules
from .functions import apply, exp, floor, logsumexp
from .recorder import recorder
from .value import Value, number, real

if TYPE_CHECKING:
    from collections.abc import Iterable


@overload
def softmax(xs: Iterable[float]) -> list[float]: ...  # type: ignore[overload-overlap]
@overload
def softmax(xs: Iterable[Value | float]) -> list[Value]: ...
def softmax(xs: Iterable[Any]) -> list[Any]:
    """exp(x_i - logsumexp(x)) for each i: positive numbers that add up to 1, largest where x is.

    A composition, not a row: one shared ``logsumexp`` node, then a ``-`` and an ``exp`` for each element.
    """
    given = list(xs)
    if not given:
        raise ValueError("softmax: expected at least one number, got none")
    whole = logsumexp(given)
    return [exp(x - whole) for x in given]


@overload
def log_softmax(xs: Iterable[float]) -> list[float]: ...  # type: ignore[overload-overlap]
@overload
def log_softmax(xs: Iterable[Value | float]) -> list[Value]: ...
def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """x_i - logsumexp(x) for each i, the logarithms of softmax without its underflow.

    A composition, as softmax is: one shared ``logsumexp`` node, and a ``-`` for each element.
    """
    given = list(xs)
    if not given:
        raise ValueError("log_softmax: expected at least one number, got none")
    whole = logsumexp(given)
    return [x - whole for x in given]


@overload
def sort(xs: Iterable[float]) -> list[float]: ...
@overload
def sort(xs: Iterable[Value | float]) -> list[Any]: ...
def sort(xs: Iterable[Any]) -> list[Any]:
    """The elements as a new list, smallest first; equals keep their order, and nan comes last.

    The Values in it are those that were given: the gradient by each goes to where it was. Under ``jit`` there is one
    program for all orders; it compares each with each, which is meant for up to a few hundred.
    """
    given = [x if isinstance(x, Value) else as_given(x, "sort") for x in xs]
    seer = recorder.get()
    if seer is not None and any([isinstance(seer.lifted(x), Value) for x in given]):
        return [apply(rules.TAKEN, (apply(rules.RANKED, (k, *given)), *given)) for k in range(len(given))]
    return [given[i] for i in guards.ordered([number(x) for x in given])]


@overload
def take(xs: Iterable[float], i: int) -> float: ...  # type: ignore[overload-overlap]
@overload
def take(xs: Iterable[Value | float], i: Value | int) -> Value: ...
def take(xs: Iterable[Any], i: Any) -> Any:
    """The element ``xs[i]``, from the end where i is negative. A Value may be the index, and gets no gradient.

    Under ``jit`` an index that is a Value may be another one in each call. Raises IndexError where there is no such
    element, TypeError where the index is not a whole number.
    """
    given = list(xs)
    try:
        index = int(i._number) if isinstance(i, Value) and i._number.is_integer() else operator.index(i)
    except TypeError:
        got = repr(i._number) if isinstance(i, Value) else type(i).__name__
        raise TypeError(f"take: expected a whole number as index, got {got}") from None
    if not -len(given) <= index < len(given):
        span = f"from {-len(given)} to {len(given) - 1}" if given else "into a sequence that is not empty"
        raise IndexError(f"take: expected an index {span}, got {index}")
    if recorder.get() is not None and isinstance(i, Value):
        within = [i >= -len(given), i < len(given), i == floor(i)]
        if all(within):  # in every call of the program
            return apply(rules.TAKEN, (i, *given))
    x = given[index]
    return x if isinstance(x, Value) else as_given(x, "take")


def as_given(x: object, name: str) -> Any:  # noqa: ANN401 - a float, or what stands for one
    """A real number as a float; one that was taken out of a Value, while a function is recorded, as it is."""
    seer = recorder.get()
    return real(x, name) if seer is None or seer.lifted(x) is x else x
