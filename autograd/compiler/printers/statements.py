"""Statements as Python over NumPy, but for loops."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from autograd.compiler.arrays import Array, Gather, Pick, View
from autograd.compiler.blocks import Add, Back, Let, Loop, Zeros
from autograd.compiler.expressions import Contract
from autograd.compiler.naming import quoted, stem

from .expressions import Expressions

if TYPE_CHECKING:
    from autograd.compiler.blocks import Block, Origin


class Statements(Expressions):
    """Prints statements."""

    gradient: Array
    """The derivatives by what is captured."""

    def lines(self, block: Block) -> list[str]:
        """The statements of a block."""
        return [line for s in block for line in self.line(s)]

    @functools.singledispatchmethod
    def line(self, s: Any) -> list[str]:
        """A statement."""
        raise TypeError(f"expected a statement to print, got {type(s).__name__}")

    @line.register
    def _let(self, s: Let) -> list[str]:
        name = self.naming.of(s.array)
        remark = "" if s.origin is None else f"  # {self.remark(s.array, s.origin)}"
        return [f"{name} = {self.write(s.value, s.axes).text}{remark}"]

    @line.register
    def _zeros(self, s: Zeros) -> list[str]:
        return [f"{self.naming.of(s.array)} = zeros({self.name(s.like)}.shape)"]

    @line.register
    def _add(self, s: Add) -> list[str]:
        return self.addition(s)

    def addition(self, s: Add) -> list[str]:
        """Elements that something is added to, or that are assigned."""
        view, value = s.view, self.text(s.value)
        if not view.injective:
            return [f"scatter({self.flat(view.array)}, {self.table_of(view)}, {value.text})"]
        place = self.place(view)
        if not s.fresh:
            return [f"{place if self.is_part(view) or place[-1] == ']' else f'{place}[...]'} += {value.text}"]
        matrices = self.matrices(s.value) if isinstance(s.value, Contract) and self.is_part(view) else None
        if matrices is not None:
            return [f"matmul({matrices[0].text}, {matrices[1].text}, out={place})"]
        return [f"{place if view.gathers else f'{place}[...]'} = {value.text}"]

    @line.register
    def _loop(self, s: Loop) -> list[str]:
        return self.loop(s)

    @line.register
    def _back(self, s: Back) -> list[str]:
        return self.back(s)

    def loop(self, s: Loop) -> list[str]:
        """A loop; see loops.py."""
        raise NotImplementedError

    def back(self, s: Back) -> list[str]:
        """A loop backwards; see loops.py."""
        raise NotImplementedError

    def table_of(self, view: View) -> str:
        """The positions of a view as an index array."""
        assert view.flat is not None  # noqa: S101 - of an array as it is no element occurs twice
        return self.table(view.flat)

    def flat(self, array: Array) -> str:
        """All elements of an array in one row."""
        name = self.naming.of(array)
        if len(array.shape) == 1:
            return name
        return f"{name}.reshape({array.size}, -1)" if array.examples else f"{name}.reshape(-1)"

    def place(self, view: View) -> str:
        """Where elements are added to."""
        if self.is_part(view):
            return self.naming.part(view)
        if view.gathers and not ends_in_gather(view):  # a view of a copy
            return f"{self.flat(view.array)}[{self.table_of(view)}]"
        return self.viewed(view)

    def is_part(self, view: View) -> bool:
        """Whether this is a part of the derivatives by what is captured that has a name."""
        return view.array is self.gradient and bool(view.moves) and not view.gathers and view.injective

    def remark(self, array: Array, origin: Origin) -> str:
        """The comment behind a statement: what it does, for how many numbers, and what labels they have."""
        lengths = " x ".join(map(str, origin.shape))
        labels = self.naming.labels_of(array, all_of_them=False)
        known = stem(labels) == self.naming.of(array)
        return f"{origin.what}{f', {lengths}' if lengths else ''}" + (
            f": {quoted(labels)}" if labels and not known else ""
        )


def ends_in_gather(view: View) -> bool:
    """Whether the elements are those of an index array in their place."""
    last = view.moves[-1]
    return isinstance(last, Pick) and isinstance(last.index[-1], Gather)
