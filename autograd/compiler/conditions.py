"""Conditions: the outcomes of comparisons while a function is recorded, nodes like any other.

What Python does with a bool is done with a condition as well. Where that decides what comes next - a branch, an index,
a key - it is a guard: a program holds for as long as it comes out the same. Where it is counted or chosen with, it goes
on as 1.0 or 0.0.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from autograd import rules
from autograd.operands import is_array
from autograd.recorder import recorder
from autograd.rules import Rule
from autograd.value import Value, lift

from .tracking import asked_here

if TYPE_CHECKING:
    from collections.abc import Callable

COMPARISONS: dict[Callable[[Any, Any], Any], Rule] = {
    operator.lt: rules.LESS, operator.le: rules.LESS_EQUAL, operator.gt: rules.GREATER,
    operator.ge: rules.GREATER_EQUAL, operator.eq: rules.EQUAL, operator.ne: rules.NOT_EQUAL,
}  # fmt: skip

DECIDING = frozenset(COMPARISONS.values())


class Condition(Value):
    """The outcome of a comparison while a function is recorded: 1.0 or 0.0, a node like any other.

    Python asks for its truth to take a branch, and so makes it a guard, as it is where it is an index or a key;
    ``where`` chooses with it and makes none.
    """

    __slots__ = ()

    outcome = True

    def __bool__(self) -> bool:
        holds = self._number != 0.0
        recording = recorder.get()
        if recording is not None:
            recording.branched(self, holds)
        return holds

    def __int__(self) -> int:
        return int(bool(self))

    __index__ = __int__

    def __float__(self) -> float:
        return float(bool(self))

    def __and__(self, other: object) -> Any:
        return NotImplemented if is_array(other) else both(self, other)

    def __or__(self, other: object) -> Any:
        return NotImplemented if is_array(other) else opposite(both(opposite(self), opposite(other)))

    def __xor__(self, other: object) -> Any:
        return NotImplemented if is_array(other) else compared(operator.ne, self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __repr__(self) -> str:
        return repr(self._number != 0.0)

    def __format__(self, spec: str) -> str:
        return format(self._number != 0.0, spec)

    def __invert__(self) -> int:
        return -1 - int(self)  # as of any bool

    def __hash__(self) -> int:  # to the user it is a bool, looked for among True and False
        return object.__hash__(self) if recorder.get() is None or asked_here() else hash(bool(self))


def compared(compare: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """The comparison of two conditions, as a condition while a function is recorded."""
    left, right = (c if isinstance(c, Value) else float(bool(c)) for c in (x, y))
    recording = recorder.get()
    if recording is None or not (isinstance(left, Value) or isinstance(right, Value)):
        return compare(bool(left), bool(right))
    return recording.compare(compare, lift(left, COMPARISONS[compare]), right)


def opposite(x: Any) -> Any:
    """``not x``, without asking for its truth."""
    return compared(operator.eq, x, False)


def both(x: Any, y: Any) -> Any:
    """``x and y``, without asking for their truth."""
    left, right = (c if isinstance(c, Value) else float(bool(c)) for c in (x, y))
    return compared(operator.ne, left * right, False)
