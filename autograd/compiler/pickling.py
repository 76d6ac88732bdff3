"""Pickling: a jitted function by its name, as functions are; its programs are made anew where it arrives.

``@jit`` leaves in a module what it made, which is found there by name. Of ``fast = jit(f)`` it is f that is found, and
jitted again. A jitted method is found by the name that it has in its object. A function without a name in a module, a
lambda or one that is defined inside another, is refused.
"""

from __future__ import annotations

import sys
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pickle
    from collections.abc import Callable


class Picklable(Protocol):
    """What is pickled: what ``jit`` returns."""

    function: Callable[..., Any]
    name: str
    bound: bool
    """Whether it is the method of an object."""
    attribute: str
    """What the object calls it."""

    def again(self, function: Callable[..., Any]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """What is to be called with what to jit another function in the same way."""


def reduced(jitted: Picklable) -> str | tuple[Callable[..., Any], tuple[Any, ...]]:
    """What pickle wants: a name in a module, or what is to be called there with what. PicklingError without a name."""
    if jitted.bound:
        method: Any = jitted.function
        found = getattr(method.__self__, jitted.attribute, None)
        if not isinstance(found, type(jitted)) or found.function != method:
            raise nameless(jitted, f"and .{jitted.attribute} of its {type(method.__self__).__name__} is something else")
        return getattr, (method.__self__, jitted.attribute)
    module, qualified = getattr(jitted, "__module__", None), getattr(jitted, "__qualname__", None)
    found = standing(module, qualified)
    if found is jitted:
        return str(qualified)
    if isinstance(jitted.function, FunctionType) and found is not jitted.function:
        raise nameless(jitted, f"and {module}.{qualified} is nothing or something else")
    return jitted.again(jitted.function)


def copied(jitted: Picklable, memo: dict[int, Any]) -> Any:
    """A deep copy: the very same for a function, which copies as itself; of a method that of the object's copy."""
    import copy

    function: Any = jitted.function
    if jitted.bound:
        return getattr(copy.deepcopy(function.__self__, memo), jitted.attribute)
    if isinstance(function, MethodType):
        function = MethodType(function.__func__, copy.deepcopy(function.__self__, memo))
    else:
        function = copy.deepcopy(function, memo)
    if function is jitted.function:
        return jitted
    call, arguments = jitted.again(function)
    return call(*arguments)


def standing(module: str | None, name: str | None) -> Any:
    """What has this name in this module; None if nothing has."""
    found: Any = sys.modules.get(str(module))
    for part in str(name).split("."):
        found = getattr(found, part, None)
    return found


def nameless(jitted: Picklable, why: str) -> pickle.PicklingError:
    """The error for a function that cannot be found by name."""
    import pickle

    return pickle.PicklingError(
        f"jit: expected a function that has a name in its module, or a method, since jitted functions are pickled by "
        f"name; got {jitted.name}, {why}: define it with def at the top of a module"
    )
