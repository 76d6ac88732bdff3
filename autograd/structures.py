"""Structures: numbers in nested lists, tuples, dicts and NumPy arrays, taken apart and put together again.

A function of a list of weights and a dict of settings is a function of so many numbers. :func:`flatten` lists them and
describes how they were arranged; :func:`rebuild` arranges other things (their gradients) in the same way. The
description is made of plain tuples, so two arguments are arranged alike exactly if their descriptions are equal.
"""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

from .operands import is_array
from .value import Value, is_numpy_bool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEAF = "number"


def flatten(tree: Any, name: str = "argument") -> tuple[list[Value | float], Any]:
    """The numbers in a structure, from left to right, and a description of the structure.

    Lists, tuples (named ones too), dicts (in their own order) and NumPy arrays may be nested; arrays hold numbers only.
    Anything else is a TypeError that names its type and where it stands, such as ``argument['w'][2]``.
    """
    leaves: list[Value | float] = []
    return leaves, _describe(tree, name, (), leaves)


def _describe(tree: Any, name: str, path: tuple[Any, ...], leaves: list[Value | float]) -> Any:
    if is_number(tree):
        leaves.append(tree)
        return LEAF
    if isinstance(tree, (list, tuple)):
        return type(tree), tuple([_describe(item, name, (*path, i), leaves) for i, item in enumerate(tree)])
    if isinstance(tree, dict):
        children = [_describe(item, name, (*path, key), leaves) for key, item in tree.items()]
        return dict, tuple(tree), tuple(children)
    where = name + "".join([f"[{key!r}]" for key in path])
    if not is_array(tree):
        raise TypeError(
            f"{where}: expected numbers, or lists, tuples, dicts or arrays of them, got {type(tree).__name__}"
        )
    for item in tree.flat:
        if not is_number(item):
            raise TypeError(f"{where}: expected an array of numbers, got one that holds {type(item).__name__}")
        leaves.append(item)
    return type(tree), tree.shape


def is_number(x: object) -> bool:
    """Whether this is a Value or a real number; of floats, which are frequent, the first test is ten times as quick."""
    return type(x) is float or isinstance(x, (Value, Real)) or is_numpy_bool(type(x))


def holds_value(tree: Any) -> bool:
    """Whether there is a Value in a structure, or in what cannot be taken apart a Value itself."""
    if isinstance(tree, dict):
        return any([holds_value(item) for item in tree.values()])
    if isinstance(tree, (list, tuple)):
        return any([holds_value(item) for item in tree])
    if is_array(tree):
        return tree.dtype == object and any([isinstance(item, Value) for item in tree.flat])
    return isinstance(tree, Value)


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
