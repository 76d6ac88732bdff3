"""Pickling: a jitted function by its name, as functions are; its programs are made anew where it arrives.

``@jit`` leaves in a module what it made, which is found there by name. Of ``fast = jit(f)`` it is f that is found, and
jitted again. A jitted method is found by the name that it has in its object. A function without a name in a module, a
lambda or one that is defined inside another, is refused.
"""

from __future__ import annotations

import copy
import pickle
import sys
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .compiled import Jitted


def reduced(jitted: Jitted) -> str | tuple[Callable[..., Any], tuple[Any, ...]]:
    """What pickle wants: a name in a module, or what is to be called there with what. PicklingError without a name."""
    if jitted.bound:
        method: Any = jitted.function
        found = getattr(method.__self__, jitted.attribute, None)
        if not isinstance(found, type(jitted)) or found.function != method:
            raise nameless(jitted, f"which {type(method.__self__).__name__} does not call {jitted.attribute}")
        return getattr, (method.__self__, jitted.attribute)
    module, qualified = getattr(jitted, "__module__", None), getattr(jitted, "__qualname__", None)
    found = standing(module, qualified)
    if found is jitted:
        return str(qualified)
    if isinstance(jitted.function, FunctionType) and found is not jitted.function:
        raise nameless(jitted, f"which is not {module}.{qualified}")
    return again, (jitted.function, jitted.xp, *(jitted.static.given if jitted.static else (None, None)))


def again(function: Callable[..., Any], xp: str, argnums: Any, argnames: Any) -> Jitted:
    """What unpickling calls."""
    from .compiled import jit

    return jit(function, xp=xp, static_argnums=argnums, static_argnames=argnames)


def copied(jitted: Jitted, memo: dict[int, Any]) -> Jitted:
    """A deep copy: the very same for a function, which copies as itself; of a method that of the object's copy."""
    function: Any = jitted.function
    if jitted.bound:
        return jitted.root.__get__(copy.deepcopy(function.__self__, memo))
    if isinstance(function, MethodType):
        function = MethodType(function.__func__, copy.deepcopy(function.__self__, memo))
    else:
        function = copy.deepcopy(function, memo)
    if function is jitted.function:
        return jitted
    return again(function, jitted.xp, *(jitted.static.given if jitted.static else (None, None)))


def standing(module: str | None, name: str | None) -> Any:
    """What has this name in this module; None if nothing has."""
    found: Any = sys.modules.get(str(module))
    for part in str(name).split("."):
        found = getattr(found, part, None)
    return found


def nameless(jitted: Jitted, why: str) -> pickle.PicklingError:
    """The error for a function that cannot be found by name."""
    return pickle.PicklingError(
        f"jit: expected a function that has a name in its module, or a method, since jitted functions are pickled by "
        f"name; got {jitted.name}, {why}: define it with def at the top of a module"
    )
