"""Failing: whether an operation raises, as an operation.

What a function computes may raise although nobody uses its number, and a function may go on after an exception that it
has caught. In both cases a program has to know whether the operation fails at the numbers of a call. That is a row like
any other: 1.0 where the row that it belongs to raises, else 0.0.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from autograd import rules
from autograd.readings import arrays

if TYPE_CHECKING:
    from collections.abc import Callable


KINDS = (ZeroDivisionError, OverflowError, ArithmeticError, ValueError)
"""What an operation raises, as a function can tell it apart."""


def kind_of(error: Exception) -> type[Exception]:
    """Which of them an error is."""
    return next(kind for kind in KINDS if isinstance(error, kind))


class Failing(rules.Rule):
    """1.0 where ``row`` raises, else 0.0; with a ``kind``, where it raises such an error.

    ``places`` are the positions of the operands that this depends on.
    """

    __slots__ = ("kind", "places", "row")

    def __init__(self, row: rules.Rule, kind: type[Exception] | None = None) -> None:
        self.row, self.kind = row, kind
        self.places = tuple(range(row.value.__code__.co_argcount))
        if row.raises is not None and kind is None:
            names = row.raises.__code__.co_varnames[: row.raises.__code__.co_argcount]
            self.places = tuple([row.operand_names.index(name) for name in names])
        super().__init__(f"{row.symbol} fails", self.found, flat, selecting=True, flat=True)

    def found(self, *operands: Any) -> float:
        """The value at floats."""
        if self.row.raises is not None and self.kind is None:
            return 1.0 if self.row.raises(*operands) else 0.0
        try:
            out = self.row.value(*operands)
            if self.row not in rules.TABLE:
                self.row.partials(out, *operands)
        except (ArithmeticError, ValueError) as error:
            return 1.0 if self.kind in (None, kind_of(error)) else 0.0
        return 0.0

    def over_arrays(self, np: Any) -> Callable[..., Any]:
        """The value at NumPy's arrays, without a warning."""
        formula = self.row.raises if self.kind is None else None
        each = np.frompyfunc(self.found, len(self.places), 1)
        read = None if formula is None else rules.read(formula, arrays.namespace(np))

        def function(*operands: Any) -> Any:
            with np.errstate(all="ignore"):
                return np.asarray(each(*operands) if read is None else read(*operands), float)

        return function


def flat(_: Any, *operands: Any) -> tuple[float, ...]:
    """Partials that are 0."""
    return (0.0,) * len(operands)


@lru_cache(maxsize=1024)
def failing(row: rules.Rule, kind: type[Exception] | None = None) -> Failing:
    """The row that says whether this one raises, or raises such an error."""
    return Failing(row, kind)


def may_raise(row: rules.Rule) -> bool:
    """Whether a row can raise: where the table says so, and any that a user has made."""
    return row.raises is not None or (
        row not in rules.TABLE and row not in rules.RECORDED and row.layout == "fixed" and not isinstance(row, Failing)
    )
