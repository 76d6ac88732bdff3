"""Beside the loss: plain numbers that a function returns, such as an accuracy, computed anew in every call.

They are what was taken out of Values (``loss.data``), outcomes of comparisons, what is counted from these, and numbers
that are the same in every call. A program computes floats; so it is noted how each is made of its float.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from autograd import rules

from .conditions import Condition
from .tracking import Tracked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.value import Value


def plain_numbers(
    outputs: Sequence[Any], roots: Sequence[Value], recorded: Sequence[Value]
) -> dict[int, Callable[[float], Any]]:
    """Which numbers of a result are plain, by their places, and how each is made of a float.

    ``roots`` are the nodes behind the outputs, ``recorded`` all that the function has made.
    """
    compares = any([type(x) is Condition for x in recorded])
    found: dict[int, Callable[[float], Any]] = {}
    for k, (x, root) in enumerate(zip(outputs, roots, strict=True)):
        if type(x) is Condition:
            found[k] = bool
        elif type(x) is Tracked or (x is root and compares and is_counted(root)):
            found[k] = float
        elif x is not root:
            found[k] = functools.partial(as_it_is, x)
    return found


def as_it_is(x: Any, _: float) -> Any:
    """A number that is the same in every call."""
    return x


def is_counted(root: Value) -> bool:
    """Whether a node is computed from outcomes of comparisons and constants alone: from bools, a plain number."""
    stack, seen, compares = [root], {id(root)}, False
    while stack:
        node = stack.pop()
        if type(node) is Condition:
            compares = True
        elif node.rule is not rules.CONSTANT:
            if not node.parents:
                return False
            for x in node.parents:
                if id(x) not in seen:
                    seen.add(id(x))
                    stack.append(x)
    return compares
