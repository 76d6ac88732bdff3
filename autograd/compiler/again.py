"""Again: a function is recorded once more, to see on which line of the user's code each scalar is computed.

That is done when a program is looked at, since to note lines while it is recorded for use would slow down every
operation. An object is not kept alive by the programs of its method.
"""

from __future__ import annotations

import weakref
from types import MethodType
from typing import TYPE_CHECKING, Any

from .numbering import program
from .recording import Lined, Raised, Unsupported
from .static import Fixed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .scalars import Scalars


class Again:
    """What it takes to record a function once more with the numbers that it was recorded with."""

    def __init__(
        self, function: Callable[..., Any], structures: Sequence[Any], numbers: Sequence[Sequence[float]]
    ) -> None:
        self.function, self.structures, self.numbers = reference(function), structures, numbers

    def lines(self, found: Scalars) -> Mapping[int, str]:
        """The line of each node that is computed, as ``file.py:3``. None where the function does something else now."""
        function = self.function()
        if function is None:
            return {}
        try:
            made = program(function, "", self.structures, self.numbers, found.decided, kind=Lined)
        except (Unsupported, Raised, TypeError):
            return {}
        if [*made.rules] != [*found.rules] or [*made.operands] != [*found.operands]:
            return {}
        return made.lines


def reference(function: Callable[..., Any]) -> Callable[[], Callable[..., Any] | None]:
    """What gives the function back as long as it lives; of a method, as long as somebody else has its object."""
    if isinstance(function, Fixed) and isinstance(function.__wrapped__, MethodType):
        method = reference(function.__wrapped__)
        given = function.by_place, function.by_name

        def fixed() -> Fixed | None:
            found = method()
            return None if found is None else Fixed(found, *given)

        return fixed
    if not isinstance(function, MethodType):
        return lambda: function
    try:
        return weakref.WeakMethod(function)
    except TypeError:  # of a class with slots
        return lambda: None
