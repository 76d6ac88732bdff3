"""Checks: what a block has to be. Each pass is followed by one in the tests, and in use within ``debug()``.

A block reads what is defined before, once. The axes of a view are those of its elements, and the axes of a formula
follow from those of its parts. What is written to a place was not added to before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import All, Along, Array, At, Gather, Permute, Pick, Role, View
from .blocks import Add, Back, Block, Let, Loop, Outcome
from .debugging import IllFormedError
from .expressions import Apply, Contract, Expr, Filled, Join, Moved, Nothing, Read, Reduce, Row, Stretch, Sum, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .blocks import Function, Kernel, Statement

GIVEN = (Role.CAPTURED, Role.CONSTANT)
"""What every block may read."""


def as_lines(kernel: Kernel) -> Iterator[str]:
    """The statements of its functions."""
    for function in kernel.functions:
        yield f"{function.name}:"
        yield from [f"    {s!r}" for s in function.block]


def check(kernel: Kernel) -> Kernel:
    """The kernel itself. IllFormedError if one of its functions is none."""
    check_block(kernel.forward, kernel.functions[0].arguments)
    for function in kernel.functions:
        check_function(function, kernel.gradient)
    return kernel


def check_function(function: Function, gradient: Array) -> None:
    """Raise IllFormedError if a function reads what it has not defined, or if something in it does not fit."""
    defined = check_block(function.block, function.arguments)
    results = [function.result] if function.result is not None else []
    for x in [*results, *(function.by_inputs or ()), *[t.read for tests in function.tests for t in tests]]:
        check_reads(x, defined, function.name)
        check_axes(x)
    touched = np.zeros(gradient.size, bool)
    for s in function.block:
        if isinstance(s, Add) and s.view.array is gradient:
            places = slice(None) if s.view.flat is None else s.view.flat.numbers
            if s.fresh and touched[places].any():
                raise IllFormedError(f"{function.name}: {s} assigns what was added to before")
            touched[places] = True


def check_block(block: Block, given: Iterable[Array]) -> set[Array]:
    """The arrays that are defined after a block in which these were defined before. IllFormedError if it is none."""
    defined = set(given)
    for s in block:
        check_statement(s, defined)
    return defined


def check_statement(s: Statement, defined: set[Array]) -> None:
    """A statement, and what is defined after it."""
    if isinstance(s, Add):
        check_reads(s.value, defined, "an addition")
        check_axes(s.value)
        check_view(s.view)
        if s.view.array not in defined and s.view.array.role is not Role.CAPTURED:
            raise IllFormedError(f"{s} adds to what is not defined")
        return
    if isinstance(s, Back):
        check_back(s, defined)
        return
    if s.array in defined:
        raise IllFormedError(f"{s.array} is defined twice")
    if isinstance(s, Let):
        check_reads(s.value, defined, "a statement")
        check_axes(s.value)
        expected = len(s.array.shape) + s.array.examples
        if len(s.axes) != expected or not set(s.value.axes) <= set(s.axes):
            raise IllFormedError(f"{s.array}: expected a value with axes among {s.axes!r}, got {s.value.axes!r}")
    elif isinstance(s, Loop):
        check_loop(s, defined)
    elif s.like.shape != s.array.shape:
        raise IllFormedError(f"{s.array} has another shape than {s.like}")
    defined.add(s.array)


def check_loop(s: Loop, defined: set[Array]) -> None:
    """A loop: what it reads from outside is defined there, and all its arguments come from somewhere."""
    for x in [*[x.value for x in s.given], *[x for _, first in s.tapes for x in first if x is not None]]:
        check_reads(x, defined, "a loop")
    inside = check_block(s.body, {*s.arguments})
    for tape, read in s.keeps:
        check_reads(read, inside, "a loop")
        if tape not in dict(s.tapes):
            raise IllFormedError(f"{s.array}: a tape is kept that the loop does not have")
    known = {x.array for x in s.given if x.holder is None} | {array for array, _ in s.reads}
    if known != set(s.arguments):
        raise IllFormedError(f"{s.array}: the arguments of the body and what is read for them differ")


def check_back(s: Back, defined: set[Array]) -> None:
    """A loop backwards: its body reads what is read for it, and adds to its own tapes and totals."""
    check_reads(s.upstream, defined, "a loop backwards")
    once = {x.array for x in s.loop.given if x.holder is None}
    inside = check_block(s.body, {*once, *[array for array, _ in s.reads]})
    if not s.adds:
        raise IllFormedError(f"{s.loop.array}: a loop backwards that adds nothing to anything")
    for entry, x in s.adds:
        check_reads(x, inside, "a loop backwards")
        check_axes(x)
        if entry.holder not in (*s.tapes, *s.totals):
            raise IllFormedError(f"{s.loop.array}: a loop backwards adds to what it does not have")


def check_reads(x: Expr, defined: set[Array], where: str) -> None:
    """Whether an expression reads what is defined."""
    for part in walk(x):
        if isinstance(part, Read):
            array = part.view.array
            if array not in defined and array.role not in GIVEN:
                raise IllFormedError(f"{where} reads {array} before it is defined")
            check_view(part.view)


def check_axes(x: Expr) -> None:
    """Whether the axes of an expression, and of its parts, are what they have to be."""
    for part in walk(x):
        have, want = set(part.axes), expected_axes(part)
        if len(part.axes) != len(have):
            raise IllFormedError(f"{part} has an axis twice: {part.axes!r}")
        if isinstance(part, Read):
            if len(part.axes) != len(part.view.shape) + part.view.array.examples:
                raise IllFormedError(f"{part.view} of {part.view.array} has not the axes {part.axes!r}")
        elif want is not None and not have <= want:
            raise IllFormedError(
                f"{type(part).__name__} has the axes {part.axes!r}, its parts {''.join(sorted(want))!r}"
            )


def expected_axes(x: Expr) -> set[str] | None:
    """The axes that the parts of an expression have together; None where they are others."""
    if isinstance(x, (Apply, Row, Contract, Sum, Reduce)):
        summed = {"k"} if isinstance(x, Row) else set()
        return {letter for part in x.parts for letter in part.axes} | summed
    if isinstance(x, (Stretch, Join)):
        return None if {letter for part in x.parts for letter in part.axes} <= set(x.axes) else set()
    if isinstance(x, (Moved, Filled, Nothing, Outcome)):
        return None
    return set(x.axes)


def check_view(view: View) -> None:
    """Whether the moves of a view lead to its elements."""
    if view.flat is None:
        if view.moves:
            raise IllFormedError(f"{view.array}: moves without positions")
        return
    elements = np.arange(view.array.size).reshape(view.array.shape)
    for move in view.moves:
        if isinstance(move, Pick):
            elements = elements[tuple([index_of(x) for x in move.index])]
        elif isinstance(move, Permute):
            elements = elements.transpose(move.order)
        else:
            elements = elements.reshape(move.shape)
    if elements.shape != view.shape or not (elements == view.flat.numbers).all():
        raise IllFormedError(f"{view.array}: the moves {view.moves} do not lead to its positions")


def index_of(x: Along) -> Any:
    """An index as NumPy has it."""
    if isinstance(x, All):
        return slice(None)
    if isinstance(x, At):
        return x.index
    if isinstance(x, Gather):
        return x.table.numbers
    stop = x.start + x.length * x.step
    return slice(x.start, stop if stop >= 0 else None, x.step)
