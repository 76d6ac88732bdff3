"""Whole numbers: arguments that say which, or how often, and so cannot be Values.

``rows[k]``, ``range(n)`` and a dict that k is looked up in need the number itself. Declared static
(:mod:`.static`) it reaches the function as it is. Where it is not, the function runs eagerly, gets the whole numbers
that it was given instead of Values, and one warning says what to declare.
"""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

from autograd.modes import HOUSE, raising_line
from autograd.recorder import recorder
from autograd.structures import flatten
from autograd.value import is_numpy_bool

from .tracking import Recorded, asked_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CONFUSED = (TypeError, AttributeError, LookupError, ValueError)
"""What a function may raise that got a Value where it needs a whole number."""


class KeyedError(TypeError):
    """A whole number among the arguments is used as a key while a function is recorded."""


class Whole(Recorded):
    """An argument that was given as a whole number, while a function is recorded: it does not hash as a Value does."""

    __slots__ = ()

    def __hash__(self) -> int:
        if asked_here() or recorder.get() is None:
            return object.__hash__(self)
        raise KeyedError("it is a key, or looked for among keys")


def is_whole(x: object) -> bool:
    """Whether this is a whole number by its type: an int or a bool, Python's or NumPy's."""
    return isinstance(x, Integral) or is_numpy_bool(type(x))


def whole_numbers(arguments: Iterable[Sequence[Any]]) -> frozenset[int]:
    """Which arguments, of which there are the numbers, hold whole numbers."""
    return frozenset([i for i, leaves in enumerate(arguments) if any([is_whole(x) for x in leaves])])


def marking(function: Callable[..., Any], leaves: Sequence[Sequence[Any]]) -> Callable[..., Any]:
    """The function, to be recorded with arguments that were given with these numbers."""
    marked = [(i, [is_whole(x) for x in each]) for i, each in enumerate(leaves)]
    marked = [(i, each) for i, each in marked if any(each)]
    if not marked:
        return function

    def with_whole_numbers(*arguments: Any) -> Any:
        for i, each in marked:
            for x, is_marked in zip(flatten(arguments[i])[0], each, strict=True):
                if is_marked and type(x) is Recorded:
                    object.__setattr__(x, "__class__", Whole)  # past what looks at attributes that users set
        return function(*arguments)

    return with_whole_numbers


def may_be_confused(error: Exception) -> bool:
    """Whether a function may have raised this because it got a Value: not where an operation leaves its domain."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    inside = trace is not None and trace.tb_frame.f_code.co_filename.startswith(HOUSE[0])
    return not (inside and isinstance(error, ValueError))


def answered(
    run: Callable[[frozenset[int]], Any], known: frozenset[int], whole: frozenset[int], error: Exception
) -> tuple[frozenset[int], Any]:
    """What a function returns that raises this where it gets Values for whole numbers; and which it needs as they are.

    ``known`` are arguments of which that is known; of ``whole`` each is tried by itself, then all. Raises what the
    function does with all of them.
    """
    for choice in [*[frozenset([i]) for i in sorted(whole)], whole]:
        try:
            return choice, run(known | choice)
        except Exception as own:  # noqa: BLE001 - of a function that is called; the last is raised
            error = own
    raise error


def advice(used: dict[int, str], error: Exception) -> str:
    """What to do about arguments that are used as whole numbers: their names, "" if they have none, by their places."""
    named = all(used.values())
    listed = [*(used.values() if named else used)]
    one = len(listed) == 1
    which = f"argument{'' if one else 's'} {' and '.join(map(str, listed))}"
    option = f"static_arg{'names' if named else 'nums'}={(listed[0] if one else (*listed,))!r}"
    return (
        f"it uses the {which} as a whole number, such as an index, a count or a key "
        f"({type(error).__name__}: {error}){raising_line(error)}; jit(..., {option}) makes a program "
        "for each value, a number or a tuple, and take(xs, i) an element by a Value"
    )
