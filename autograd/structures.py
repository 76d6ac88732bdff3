"""Structures: numbers in nested lists, tuples, dicts and NumPy arrays, taken apart and put together again.

A function of a list of weights and a dict of settings is a function of so many numbers. :func:`flatten` lists them and
describes how they were arranged; :func:`rebuild` arranges other things (their gradients) in the same way. The
description is made of plain tuples, so two arguments are arranged alike exactly if their descriptions are equal.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from numbers import Real
from typing import TYPE_CHECKING, Any

from .operands import is_array
from .value import Value, is_numpy_bool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LEAF = "number"

CONTAINERS: tuple[Any, ...] = (list, tuple, OrderedDict, dict)
"""What a structure is made of, besides arrays; and classes made of these, as far as they add methods only."""


def flatten(tree: Any, name: str = "argument") -> tuple[list[Value | float], Any]:
    """The numbers in a structure, from left to right, and a description of the structure.

    Lists, tuples (named ones too), dicts (ordered ones too, in their own order) and NumPy arrays may be nested; arrays
    hold numbers only. A class made from one of these containers is kept, if its objects have nothing but their items.

    Anything else is a TypeError that names its type and where it stands, such as ``argument['w'][2]``: so is what
    would come back as something else, such as a list with an attribute, a defaultdict, or a matrix or masked array.
    """
    leaves: list[Value | float] = []
    return leaves, _describe(tree, name, (), leaves)


def _describe(tree: Any, name: str, path: tuple[Any, ...], leaves: list[Value | float]) -> Any:
    if is_number(tree):
        leaves.append(tree)
        return LEAF
    kind = type(tree)
    base = container(kind)
    if base is not None and not faithful(tree, base):
        raise unfaithful(tree, base, place(name, path))
    if base is list or base is tuple:
        children: list[Any] = []
        for i, item in enumerate(base.__iter__(tree)):
            if type(item) is float:  # as most are: spelled out, which halves the time
                leaves.append(item)
                children.append(LEAF)
            else:
                children.append(_describe(item, name, (*path, i), leaves))
        return kind, tuple(children)
    if base is not None:
        children = [_describe(item, name, (*path, key), leaves) for key, item in base.items(tree)]
        return kind, tuple(base.keys(tree)), tuple(children)
    if not is_array(tree):
        raise TypeError(
            f"{place(name, path)}: expected numbers, or lists, tuples, dicts or arrays of them, got {kind.__name__}"
            f"{setting(name)}"
        )
    if kind is not sys.modules["numpy"].ndarray:
        raise TypeError(
            f"{place(name, path)}: expected a plain array, got {kind.__name__}, which means other things by the same "
            "operators and would come back plain: hand over numpy.asarray(...) of it"
        )
    if tree.dtype.kind not in "biufO":
        held = tree.dtype.type.__name__
        raise TypeError(f"{place(name, path)}: expected an array of numbers, got one that holds {held}")
    if tree.dtype == object:
        for item in tree.flat:
            if not is_number(item):
                held = type(item).__name__
                raise TypeError(f"{place(name, path)}: expected an array of numbers, got one that holds {held}")
    leaves += tree.flat
    return kind, tree.shape


def place(name: str, path: Sequence[Any]) -> str:
    """Where something stands in a structure of that name: ``argument['w'][2]``."""
    return name + "".join([f"[{key!r}]" for key in path])


def container(kind: type) -> Any:
    """Which of the containers a class is, or is made from; None if it is none."""
    if kind in CONTAINERS:
        return kind
    return next((base for base in CONTAINERS if issubclass(kind, base)), None)


def faithful(tree: Any, base: Any) -> bool:
    """Whether a container has nothing but its items, so that others can be arranged just as they are.

    It has not where it keeps attributes, or where its class says itself how it is copied, as a defaultdict does.
    """
    kind = type(tree)
    if kind is list or kind is dict or kind is tuple:
        return True
    methods = ("__reduce__", "__reduce_ex__", "__getstate__", "__copy__", "__deepcopy__")
    said = any([getattr(kind, method, None) is not getattr(base, method, None) for method in methods])
    return not said and object.__getstate__(tree) is None


def unfaithful(tree: Any, base: Any, where: str) -> TypeError:
    """The error for a container that cannot be made anew."""
    return TypeError(
        f"{where}: expected numbers, or plain containers of them, got {type(tree).__name__}, a {base.__name__} with "
        f"more to it than its items, which would be lost: hand over {base.__name__}(...) of it"
    )


def setting(name: str) -> str:
    """The way out for what is no number, where that may be a setting of a jitted function."""
    return "; a setting is named in static_argnames" if name.startswith("jit: argument") else ""


def is_number(x: object) -> bool:
    """Whether this is a Value or a real number; of floats, which are frequent, the first test is ten times as quick."""
    return type(x) is float or isinstance(x, (Value, Real)) or is_numpy_bool(type(x))


def holds_value(tree: Any) -> bool:
    """Whether there is a Value in a structure, or in what cannot be taken apart a Value itself."""
    if isinstance(tree, dict):
        return any([holds_value(item) for item in tree.values()])
    if isinstance(tree, (list, tuple)):
        return any([type(item) is not float and holds_value(item) for item in tree])  # most are
    if is_array(tree):
        return tree.dtype == object and any([isinstance(item, Value) for item in tree.flat])
    return isinstance(tree, Value)


def replaced(tree: Any, change: Callable[[Value], Any], name: str = "argument") -> Any:
    """Whatever it is, with each Value in it replaced by what it is changed to.

    What holds none, or is no structure at all, comes back itself. TypeError for a container that holds one and cannot
    be made anew, as in :func:`flatten`.
    """
    if isinstance(tree, Value):
        return change(tree)
    base = container(type(tree))
    if base is not None:
        sequence = base is list or base is tuple
        items = dict(enumerate(base.__iter__(tree)) if sequence else base.items(tree))
        found = {key: replaced(item, change, f"{name}[{key!r}]") for key, item in items.items()}
        if all([found[key] is item for key, item in items.items()]):
            return tree
        if not faithful(tree, base):
            raise unfaithful(tree, base, name)
        return filled(type(tree), base, [*found.values()] if sequence else found)
    if is_array(tree) and tree.dtype == object and holds_value(tree):
        return as_array([replaced(item, change, name) for item in tree.flat], tree.shape)
    return tree


def names(structure: Any, name: str) -> list[str]:
    """What to call each number of a structure in a message: ``w[0][2]``, ``p['b']``."""
    if structure == LEAF:
        return [name]
    kind = structure[0]
    if issubclass(kind, dict):
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
    base = container(kind)
    if base is list or base is tuple:
        items = [next(leaves) if child is LEAF else _arrange(child, leaves) for child in structure[1]]
        return items if kind is list else filled(kind, base, items)
    if base is not None:
        pairs = {key: _arrange(child, leaves) for key, child in zip(structure[1], structure[2], strict=True)}
        return pairs if kind is dict else filled(kind, base, pairs)
    return as_array([next(leaves) for _ in range(size(structure))], structure[1])


def filled(kind: type, base: Any, items: Any) -> Any:
    """A container of a class with these items: made past the class's own ``__init__``, which may ask for more."""
    if base is tuple:
        return tuple.__new__(kind, items)
    made = base.__new__(kind)
    if base is list:
        list.extend(made, items)
    else:
        for key, item in items.items():
            base.__setitem__(made, key, item)
    return made


def size(structure: Any) -> int:
    """How many numbers the structure holds."""
    if structure == LEAF:
        return 1
    if container(structure[0]) is not None:
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
