"""Layouts: how an argument is arranged, and the way from it to flat numbers and back.

A program takes one flat array for each argument, of which structures (:mod:`autograd.structures`) say how it was
arranged. A layout is such a structure made ready for many calls: it sees at a glance whether an argument is arranged in
that way and made of plain numbers, takes it apart, and arranges derivatives as the argument was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.structures import LEAF, filled, rebuild, size

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    Floats = np.ndarray[Any, np.dtype[np.float64]]

LAYOUTS = 8
"""How many layouts of arguments that examples share are kept at hand."""

FLOAT = {float}
PLAIN = (float, int, bool, np.floating, np.integer, np.bool_)


def are_plain(kinds: Iterable[type]) -> bool:
    """Whether these are types of plain numbers, of which float() makes floats and nothing is lost."""
    return all([issubclass(kind, PLAIN) for kind in kinds])


class Layout:
    """How one argument is arranged: ``structure``, and ``size``, how many numbers it holds.

    ``arrays``: whether there is an array in it.
    """

    arrays = False

    def __init__(self, structure: Any) -> None:
        self.structure = structure
        self.size = size(structure)

    def looks(self, x: Any) -> bool:  # noqa: ARG002 - a number looks like any other
        """Whether x may be arranged so, by what is soon told: lengths, shapes and keys. Its type is known."""
        return True

    def flat(self, x: Any) -> Floats | None:
        """The numbers as one array of float64; None if they are arranged otherwise, or are no plain numbers."""
        parts: list[Any] = []
        if not self.taken(x, parts):
            return None
        return np.concatenate(parts, dtype=float, casting="unsafe") if parts else np.empty(0)

    def numbers(self, x: Any) -> Any:
        """The numbers as a list of floats, of a single number itself; None as above."""
        found = self.flat(x)
        return None if found is None else found.tolist()

    def taken(self, x: Any, parts: list[Any]) -> bool:
        """Add the numbers to the parts, as lists or arrays of one axis; False as above."""
        raise NotImplementedError

    def arranged(self, numbers: Any) -> Any:
        """Numbers, of a flat array or in a list, arranged in that way."""
        return rebuild(self.structure, numbers if isinstance(numbers, list) else numbers.tolist())


class One(Layout):
    """A single number."""

    def flat(self, x: Any) -> Floats | None:
        """The number, as an array of one."""
        return np.array([x], float) if type(x) is float or are_plain([type(x)]) else None

    def numbers(self, x: Any) -> Any:
        """The number itself."""
        return x if type(x) is float else float(x) if are_plain([type(x)]) else None

    def taken(self, x: Any, parts: list[Any]) -> bool:
        """Add the number to the parts."""
        if type(x) is not float and not are_plain([type(x)]):
            return False
        parts.append((x,))
        return True

    def arranged(self, numbers: Any) -> Any:
        """The number itself."""
        return numbers if type(numbers) is float else float(numbers[0])


class Listed(Layout):
    """A list or a tuple of numbers."""

    def __init__(self, structure: Any) -> None:
        super().__init__(structure)
        self.kind = structure[0]

    def looks(self, x: Any) -> bool:
        """Whether x has the length."""
        return len(x) == self.size

    def fits(self, x: Any) -> bool:
        """Whether x is arranged so, and made of plain numbers."""
        if type(x) is not self.kind or len(x) != self.size:
            return False
        kinds = set(map(type, x))
        return kinds == FLOAT or are_plain(kinds)

    def flat(self, x: Any) -> Floats | None:
        """The numbers as an array."""
        return np.array(x, float) if self.fits(x) else None

    def numbers(self, x: Any) -> Any:
        """The numbers as floats."""
        return None if not self.fits(x) else [*map(float, x)]

    def taken(self, x: Any, parts: list[Any]) -> bool:
        """Add the numbers to the parts."""
        if not self.fits(x):
            return False
        parts.append(x)
        return True

    def arranged(self, numbers: Any) -> Any:
        """The numbers as a list or a tuple."""
        items = numbers if isinstance(numbers, list) else numbers.tolist()
        return items if self.kind is list else filled(self.kind, tuple, items)


class WholeArray(Layout):
    """An array."""

    arrays = True

    def __init__(self, structure: Any) -> None:
        super().__init__(structure)
        self.shape = structure[1]

    def looks(self, x: Any) -> bool:
        """Whether x has the shape."""
        return bool(x.shape == self.shape)

    def flat(self, x: Any) -> Floats | None:
        """The numbers: the array's own where they need no conversion."""
        if type(x) is not np.ndarray or x.shape != self.shape or x.dtype.kind not in "fiub":
            return None
        return np.ascontiguousarray(x, float).reshape(-1)

    def taken(self, x: Any, parts: list[Any]) -> bool:
        """Add the numbers to the parts."""
        found = self.flat(x)
        if found is None:
            return False
        parts.append(found)
        return True

    def arranged(self, numbers: Any) -> Any:
        """The numbers in an array."""
        return (np.array(numbers, float) if isinstance(numbers, list) else numbers).reshape(self.shape)


class Nested(Layout):
    """A list, a tuple or a dict of what is arranged itself."""

    def __init__(self, structure: Any, parts: Sequence[Layout]) -> None:
        super().__init__(structure)
        self.kind, self.parts = structure[0], parts
        self.keys = structure[1] if issubclass(self.kind, dict) else None
        self.arrays = any([part.arrays for part in parts])
        self.types = [PLAIN if part.structure == LEAF else part.structure[0] for part in parts]

    def looks(self, x: Any) -> bool:
        """Whether the parts of x are of the types, and look like it."""
        if len(x) != len(self.parts) or (self.keys is not None and tuple(x) != self.keys):
            return False
        items = x if self.keys is None else x.values()
        return all(
            [
                isinstance(item, kind) and part.looks(item)
                for part, kind, item in zip(self.parts, self.types, items, strict=True)
            ]
        )

    def taken(self, x: Any, parts: list[Any]) -> bool:
        """Add the numbers of each part."""
        if type(x) is not self.kind or len(x) != len(self.parts):
            return False
        if self.keys is not None:
            if tuple(x) != self.keys:
                return False
            x = x.values()
        return all([part.taken(item, parts) for part, item in zip(self.parts, x, strict=True)])

    def arranged(self, numbers: Any) -> Any:
        """Each part of the numbers as it is arranged."""
        items, start = [], 0
        for part in self.parts:
            items.append(part.arranged(numbers[start : start + part.size]))
            start += part.size
        if self.keys is not None:
            return dict(zip(self.keys, items, strict=True))
        return items if self.kind is list else filled(self.kind, tuple, items)


def layout(structure: Any) -> Layout | None:
    """The layout of a structure; None for one made of containers of the user's own, which have to be looked into."""
    if structure == LEAF:
        return One(structure)
    kind = structure[0]
    if kind is np.ndarray:
        return WholeArray(structure)
    named = issubclass(kind, tuple) and hasattr(kind, "_fields") and not kind.__dictoffset__
    if kind not in (list, tuple, dict) and not named:
        return None
    if kind is not dict and all([child == LEAF for child in structure[1]]):
        return Listed(structure)
    parts = [layout(child) for child in structure[-1]]
    found = [part for part in parts if part is not None]
    return Nested(structure, found) if len(found) == len(parts) else None


def with_arrays(structure: Any, kept: Container[int] = (), start: int = 0) -> Any:
    """The structure with arrays in the place of nested lists that are rectangular: of a result, given arrays.

    ``kept``: the places of numbers that are to stay in lists. ``start``: how many numbers stand before.
    """
    if structure == LEAF or structure[0] is np.ndarray:
        return structure
    children = []
    for child in structure[-1]:
        children.append(with_arrays(child, kept, start))
        start += size(child)
    if structure[0] is list and children and len(set(children)) == 1:
        first = children[0]
        if first == LEAF and not any([start - 1 - i in kept for i in range(len(children))]):
            return np.ndarray, (len(children),)
        if first[0] is np.ndarray:
            return np.ndarray, (len(children), *first[1])
    return *structure[:-1], tuple(children)


def holds_array(structure: Any) -> bool:
    """Whether there is an array in a structure."""
    if structure == LEAF:
        return False
    if structure[0] is np.ndarray:
        return True
    return any([holds_array(child) for child in structure[-1]])


def arranged(structure: Any, numbers: Any, *, arrays: bool, kept: Container[int] = ()) -> Any:
    """The numbers of a result, arranged; ``arrays``: rectangular lists become arrays, but for those to be ``kept``."""
    if arrays:
        structure = with_arrays(structure, kept)
        if structure[0] is np.ndarray:
            return np.array(numbers, float).reshape(structure[1])
    return rebuild(structure, numbers if isinstance(numbers, list) else numbers.tolist())


def put_in(structure: Any, numbers: Any) -> Any:
    """Floats, of an array or in a list, arranged in that way: sooner where they are one array or one list."""
    if structure[0] is np.ndarray:
        return np.array(numbers, float).reshape(structure[1])
    items = numbers if isinstance(numbers, list) else numbers.tolist()
    if structure[0] is list and structure[1].count(LEAF) == len(structure[1]):
        return items
    return rebuild(structure, items)
