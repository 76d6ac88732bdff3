"""Structures: numbers in nested lists, tuples, dicts and NumPy arrays, taken apart and put together again.

A function of a list of weights and a dict of settings is a function of so many numbers. :func:`flatten` lists them and
describes how they were arranged; :func:`rebuild` arranges other things (their gradients) in the same way. The
description is made of plain tuples, so two arguments are arranged alike exactly if their descriptions are equal.
"""

from __future__ import annotations

import sys
from numbers import Real
from typing import TYPE_CHECKING, Any

from .value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEAF = "number"


def flatten(tree: Any, name: str = "argument") -> tuple[list[Value | float], Any]:
    """The numbers in a structure, from left to right, and a description of the structure.

    Lists, tuples (named ones too), dicts (in their own order) and NumPy arrays may be nested. Anything else is a
    TypeError that names its type and where it stands, such as ``argument['w'][2]``.
    """
    leaves: list[Value | float] = []
    return leaves, _describe(tree, name, leaves)


def _describe(tree: Any, name: str, leaves: list[Value | float]) -> Any:
    if isinstance(tree, (Value, Real)):
        leaves.append(tree)  # type: ignore[arg-type]
        return LEAF
    if isinstance(tree, (list, tuple)):
        return type(tree), tuple([_describe(item, f"{name}[{i}]", leaves) for i, item in enumerate(tree)])
    if isinstance(tree, dict):
        return dict, tuple(tree), tuple([_describe(item, f"{name}[{key!r}]", leaves) for key, item in tree.items()])
    if is_array(tree):
        for i, item in enumerate(tree.flat):
            _describe(item, f"{name}.flat[{i}]", leaves)
        return type(tree), tree.shape
    raise TypeError(f"{name}: expected numbers, or lists, tuples, dicts or arrays of them, got {type(tree).__name__}")


def names(structure: Any, name: str) -> list[str]:
    """What to call each number of a structure in a message: ``w[0][2]``, ``p['b']``."""
    if structure == LEAF:
        return [name]
    kind = structure[0]
    if kind is dict:
        inside = zip((f"{name}[{key!r}]" for key in structure[1]), structure[2], strict=True)
    elif issubclass(kind, (list, tuple)):
        inside = ((f"{name}[{i}]", child) for i, child in enumerate(structure[1]))  # type: ignore[assignment]
    else:
        return [f"{name}.flat[{i}]" for i in range(size(structure))]
    return [label for inner, child in inside for label in names(child, inner)]


def is_array(tree: object) -> bool:
    """Whether this is a NumPy array; NumPy is not imported to find out."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(tree, numpy.ndarray)


def rebuild(structure: Any, leaves: Sequence[Any]) -> Any:
    """Things arranged as the description says; an array's are in an array again."""
    return _arrange(structure, iter(leaves))


def _arrange(structure: Any, leaves: Iterator[Any]) -> Any:
    if structure == LEAF:
        return next(leaves)
    kind = structure[0]
    if kind is dict:
        return {key: _arrange(child, leaves) for key, child in zip(structure[1], structure[2], strict=True)}
    if issubclass(kind, (list, tuple)):
        items = [_arrange(child, leaves) for child in structure[1]]
        return kind(*items) if hasattr(kind, "_fields") else kind(items)
    return as_array([next(leaves) for _ in range(size(structure))], structure[1])


def size(structure: Any) -> int:
    """How many numbers the structure holds."""
    if structure == LEAF:
        return 1
    if structure[0] is dict or issubclass(structure[0], (list, tuple)):
        return sum(map(size, structure[-1]))
    product = 1
    for length in structure[1]:
        product *= length
    return product


def as_array(items: list[Any], shape: tuple[int, ...]) -> Any:
    """The items in an array of this shape: of floats if they all are, else of objects; arrays become further axes."""
    import numpy as np

    if items and all([isinstance(item, np.ndarray) for item in items]):
        return np.stack(items).reshape(shape + items[0].shape)
    plain = all([isinstance(item, float) for item in items])
    array = np.empty(len(items), dtype=float if plain else object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape)
