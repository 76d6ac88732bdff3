"""The bare program of the path that some arguments take: arrays in, arrays out, and nothing looked at.

It is what the way in and out is measured against, and for loops that know what they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.structures import LEAF

from .layouts import Listed, Nested, One, WholeArray, arranged
from .road import by_itself

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .forms import Path
    from .layouts import Layout

    Floats = np.ndarray[Any, np.dtype[np.float64]]


class Bare:
    """A program: ``value(*leaves)`` and ``value_and_grad(*leaves)``, one float64 array for each leaf of the arguments.

    A leaf is an array, a list or tuple of numbers (as an array of one axis), or a single number (as an array without
    axes), in the order in which they stand in the arguments. Results are fresh arrays; a result that is one number is a
    float. Nothing is checked: not the branches, not the domains, not whether the function is still the one that was
    recorded.
    """

    def __init__(self, path: Path, layouts: Sequence[Layout]) -> None:
        self.path = path
        self.leaves = [leaves(x) for x in layouts]
        self.shapes = [shape_of_leaf(leaf) for each in self.leaves for leaf in each]
        self.counts = [len(each) for each in self.leaves]
        self.wanted = (True,) * len(self.leaves)
        self.nothing = (False,) * len(self.leaves)

    def __repr__(self) -> str:
        return f"<program of {self.path.name}, for arrays of {', '.join(map(str, self.shapes)) or 'nothing'}>"

    def value(self, *leaves: Floats) -> Any:
        """The result."""
        compiled = self.path.take(False, self.nothing)
        try:
            out, _, _ = compiled.value(*self.flat(leaves))
            return self.result(out)
        finally:
            compiled.give_back()

    def value_and_grad(self, *leaves: Floats) -> tuple[Any, tuple[Floats, ...]]:
        """The result, and the derivatives of its first number by each leaf, in the shape of that."""
        compiled = self.path.take(False, self.wanted)
        try:
            out, by_inputs, _, _ = compiled.gradient(*self.flat(leaves), self.path.seed(0))
            found = by_itself(by_inputs)
            result = self.result(out)
        finally:
            compiled.give_back()
        gradients, start = [], 0
        for x, each in zip(found, self.leaves, strict=True):
            at = 0
            for leaf in each:
                gradients.append(x[at : at + leaf.size].reshape(self.shapes[start]))
                at, start = at + leaf.size, start + 1
        return result, tuple(gradients)

    def flat(self, leaves: Sequence[Floats]) -> list[Floats]:
        """The leaves of each argument in one flat array."""
        if len(leaves) != len(self.shapes):
            raise TypeError(f"expected {len(self.shapes)} arrays, of the shapes {self.shapes}, got {len(leaves)}")
        found, start = [], 0
        for count in self.counts:
            parts = [np.asarray(x, float).reshape(-1) for x in leaves[start : start + count]]
            found.append(parts[0] if count == 1 else np.concatenate(parts) if parts else np.empty(0))
            start += count
        return found

    def result(self, out: Any) -> Any:
        """The result, arranged; in arrays where it is lists."""
        program = self.path.program
        if len(program.outputs) == 1 and program.structure == LEAF:
            return float(out)
        values = np.array(out, float).reshape(-1)
        return arranged(program.structure, values, arrays=True)


def leaves(x: Layout) -> list[Layout]:
    """The parts of an argument that are arrays for its program."""
    if isinstance(x, Nested):
        return [leaf for part in x.parts for leaf in leaves(part)]
    return [x]


def shape_of_leaf(leaf: Layout) -> tuple[int, ...]:
    """The shape of a leaf."""
    if isinstance(leaf, WholeArray):
        return tuple(leaf.shape)
    if isinstance(leaf, Listed):
        return (leaf.size,)
    assert isinstance(leaf, One)  # noqa: S101 - all that is left
    return ()
