"""Libraries: other libraries of arrays than NumPy as targets. None of them differentiates anything.

Their text is functional, and it stands on its own. NumPy's program hands over to the function itself where an operation
leaves its domain, so its formulas may be the plain ones; here each row comes with its guards (:mod:`.readings.arrays`),
and what is still infinite or not a number is the result.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.linearise import Readings
from autograd.compiler.printers.functional import Functional
from autograd.compiler.reading import guarded

from .target import Target
from .words import own_function, vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autograd.compiler.blocks import Kernel
    from autograd.compiler.expressions import Own

    Program = Callable[..., tuple[Callable[..., Any], ...]]


class Spot:
    """A view of an array as a place in it: ``at(x)[1:5].reshape(2, 2).add(v)`` is x with v added there.

    ``x`` itself stays as it is. An element that the view shows more than once receives each of its summands.
    """

    def __init__(
        self,
        library: Library,
        part: Any,
        add: Callable[[Any], Any] | None = None,
        put: Callable[[Any], Any] | None = None,
    ) -> None:
        self._library, self._part = library, part
        self._put = put or (lambda values: values)
        self.add = add or (lambda values: part + values)

    def __getitem__(self, index: Any) -> Spot:
        library, part, put = self._library, self._part, self._put
        return Spot(
            library,
            part[index],
            lambda values: put(library.added(part, index, values)),
            lambda values: put(library.replaced(part, index, values)),
        )

    def _arranged(self, part: Any, undo: Callable[[Any], Any]) -> Spot:
        """The same elements in another arrangement."""
        shape, add, put = part.shape, self.add, self._put
        spread = self._library.np.broadcast_to
        return Spot(
            self._library, part, lambda values: add(undo(spread(values, shape))), lambda values: put(undo(values))
        )

    def reshape(self, *shape: int) -> Spot:
        """The elements in another shape."""
        before = self._part.shape
        return self._arranged(self._part.reshape(*shape), lambda values: values.reshape(before))

    def swapaxes(self, i: int, j: int) -> Spot:
        """The elements with two axes exchanged."""
        return self._arranged(self._part.swapaxes(i, j), lambda values: values.swapaxes(i, j))

    @property
    def T(self) -> Spot:  # noqa: N802 - as arrays call it
        """The transposed matrix."""
        return self.swapaxes(0, 1)


class Library(Target):
    """A library of arrays: what the text may name, and how a program is run there from NumPy's arrays.

    ``np`` has NumPy's functions over the library's arrays, of 64-bit floats.
    """

    def __init__(self, np: Any, **special: Any) -> None:
        self.np = np
        self.readings = Readings(guarded(), guarded())
        self.in_place = False

        def tape(shape: Sequence[int], *first: Any) -> Any:
            """An array for what iterations keep, its first rows being what was there before."""
            h = np.zeros(shape)
            for i, values in enumerate(first):
                h = self.put(h, i, values)
            return h

        def after(count: int, part: Any) -> Any:
            """So many rows of zeros, and the part after them."""
            return np.concatenate([np.zeros((count, *part.shape[1:])), part])

        def rows(*tapes: Any) -> Any:
            """What iterations have kept; several tapes beside each other."""
            return tapes[0] if len(tapes) == 1 else np.stack(tapes, 1)

        loops = {"tape": tape, "after": after, "rows": rows, "put": self.put, "plus": self.plus, "repeat": self.repeat}
        self.vocabulary = vocabulary(np, at=lambda x: Spot(self, x), **loops, **special)

    def words(self) -> dict[str, Any]:
        """What its text may name."""
        return {**self.vocabulary}

    def printer(self, program: Kernel, words: dict[str, Any]) -> Functional:
        """What prints a kernel for it."""
        return Functional(program, words)

    def own_function(self, own: Own) -> Callable[..., Any]:
        """A row that a user has made, as a function: nan outside its domain."""
        function = own_function(own, lambda _: float("nan"))

        def quiet(*xs: Any) -> Any:
            with np.errstate(all="ignore"):
                return function(*xs)

        return self.called_back(quiet)

    def hosted(self, program: Program, constants: Any, tables: Sequence[Any]) -> Program:
        """The program as those who run NumPy's know it: arrays of NumPy in and out, and dP is written to."""
        functions = self.prepared(program, constants, tables)

        def of_buffers(P: Any, dP: Any, *_: Any) -> tuple[Callable[..., Any], ...]:
            value, gradient, *holds = [functools.partial(f, P) for f in functions]

            def both(*inputs: Any) -> Any:
                out, dP[:], *rest = gradient(*inputs)
                return out, *rest

            return value, both, *holds

        return of_buffers

    def prepared(self, program: Program, constants: Any, tables: Sequence[Any]) -> list[Callable[..., Any]]:
        """The functions of the program, from NumPy's arrays to NumPy's arrays."""
        raise NotImplementedError

    def added(self, x: Any, index: Any, values: Any) -> Any:
        """x with values added to x[index], every occurrence of an index counted."""
        raise NotImplementedError

    def replaced(self, x: Any, index: Any, values: Any) -> Any:
        """x with values in the place of x[index]."""
        raise NotImplementedError

    def called_back(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of NumPy's arrays, element by element, as one of the library's."""
        raise NotImplementedError

    # In loops the array that is changed is handed on, and nobody looks at it as it was.

    def put(self, x: Any, i: int, values: Any) -> Any:
        """x with values as its row i; x may be changed."""
        return self.replaced(x, i, values)

    def plus(self, x: Any, i: int, values: Any) -> Any:
        """x with values added to its row i; x may be changed."""
        return self.added(x, i, values)

    def repeat(self, numbers: Iterable[int], step: Callable[..., Any], *state: Any) -> Any:
        """``state = step(i, *state)`` for each of the numbers."""
        for i in numbers:
            state = step(i, *state)
        return state
