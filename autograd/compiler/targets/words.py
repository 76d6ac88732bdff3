"""Words: what the text of a program may name, beside its own variables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import rules
from autograd.compiler.failing import Failing
from autograd.readings import arrays

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.compiler.expressions import Own

FLOATS: dict[str, Any] = {f"float_{name}": getattr(rules, name) for name in rules.NAMES if hasattr(rules, name)}
"""The functions of the rows, and their guards, over floats, by the names that they have in the text."""


def floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with a FloatingPointError where Python's floats raise something else: outside a domain."""

    def guarded(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (ArithmeticError, ValueError) as error:
            raise FloatingPointError(str(error)) from error

    return guarded


def holding(function: Callable[..., Any]) -> Callable[..., Any]:
    """The guards of a program; none holds where an operation on the way there leaves its domain."""

    def guarded(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (ArithmeticError, ValueError):
            return False

    return guarded


def finite(x: Any) -> Any:
    """The derivative x, a number or a list of them; FloatingPointError if it is not finite, as with arrays."""
    if not all(map(math.isfinite, x if isinstance(x, list) else [x])):
        raise FloatingPointError("a derivative is not finite")
    return x


def scatter(into: Any, index: Any, values: Any) -> None:
    """into[index] += values, every occurrence of an index counted, much sooner than by ``np.add.at``."""
    flat, values = index.reshape(-1), np.broadcast_to(values, index.shape + into.shape[1:])
    if into.ndim == 1:
        into += np.bincount(flat, values.reshape(-1), len(into))
        return
    order = np.argsort(flat, kind="stable")
    each, starts = np.unique(flat[order], return_index=True)
    into[each] += np.add.reduceat(values.reshape(len(flat), -1)[order], starts)


def vocabulary(np: Any, **special: Any) -> dict[str, Any]:
    """What the emitted text may name: the functions of the table over arrays, a few of ``np``'s, and those given."""

    def join(*parts: Any) -> Any:
        """The parts one after the other; those that all examples share are repeated for each of them."""
        columns = max([part.shape[1:] for part in parts])
        return np.concatenate(
            [x if x.shape[1:] == columns else np.broadcast_to(x[:, None], (len(x), *columns)) for x in parts]
        )

    def rows(*tapes: Any) -> Any:
        """What iterations have kept, an array of all: one row for each; several tapes beside each other."""
        columns = [np.asarray(tape) if isinstance(tape[0], float) else np.stack(tape) for tape in tapes]
        if len(columns) == 1:
            return columns[0]
        axes = max([x.ndim for x in columns])
        shape = max([x.shape for x in columns], key=len)
        return np.stack([np.broadcast_to(x.reshape(x.shape + (1,) * (axes - x.ndim)), shape) for x in columns], 1)

    names = arrays.namespace(np, special.pop("erf", None), special.pop("erfc", None))
    names |= {
        name: getattr(np, name)
        for name in ("einsum", "full_like", "matmul", "maximum", "minimum", "where", "zeros", "asarray")
    }
    return {**names, "join": join, "rows": rows, "inf": math.inf, "nan": math.nan, **special}


def own_function(own: Own, undefined: Callable[[Exception], float]) -> Callable[..., Any]:
    """The value of a row that a user has made, or one of its partials, over NumPy's arrays or over single floats.

    ``undefined``: what an element is where the row raises.
    """
    row, index = own.row, own.index

    def of_numbers(*xs: float) -> float:
        out = float(row.value(*xs))
        partials = row.partials(out, *xs)  # which may raise where the value does not, as when a node is made
        return out if index < 0 else float(partials[index])

    if own.floats:
        return row.value if isinstance(row, Failing) else of_numbers
    if isinstance(row, Failing):
        return row.over_arrays(np)

    def of_elements(*xs: float) -> float:
        try:
            return of_numbers(*xs)
        except (ArithmeticError, ValueError) as error:
            return undefined(error)

    def of_arrays(*xs: Any) -> Any:
        return np.asarray(np.frompyfunc(of_elements, len(xs), 1)(*xs), float)

    return of_arrays
