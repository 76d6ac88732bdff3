"""Positions: the arithmetic of indices: how elements lie in an array, and how to get at them.

What rolling asks of positions is whether they are *regular*, in *blocks*, or the pairs of an *outer* product. The rest
is how a view of them is written:

The positions of a regular operand are those of a slice, of a grid at regular distances, or of some rows or columns of
one. Only where they are not is the operand gathered by an index array, along one axis if that is possible:

    v[:, :, 3]         v[:, 0:4]         P[0:60].reshape(6, 10)[:, 2:5].T         v[:, I[0]]         v[I[0]]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.arrays import All, Along, At, Gather, Move, Permute, Pick, Reshape, Span, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    Integers = np.ndarray[Any, np.dtype[np.int64]]

AXES = 4
"""How many axes an array may have."""


def moves(used: Integers, shape: tuple[int, ...], strides: Sequence[int] | None) -> tuple[Move, ...]:
    """How the elements at the flat positions ``used`` of an array of this shape are read from it.

    ``strides``: the distances along each axis of the positions, if they are regular.

    >>> moves(np.array([2, 3, 4]), (6,), (1,))
    (Pick(index=(Span(start=2, length=3, step=1),)),)
    >>> moves(np.array([[0, 3], [1, 4], [2, 5]]), (6,), (1, 3))
    (Reshape(shape=(2, 3)), Permute(order=(1, 0)))
    """
    size = int(np.prod(shape, dtype=np.int64))
    whole = used.size == size and bool((used.reshape(-1) == np.arange(size)).all())
    if used.shape == shape and whole:
        return ()
    if whole and used.shape:
        return (Reshape(used.shape),)
    if not used.shape:
        return (Pick(tuple([At(int(i)) for i in np.unravel_index(int(used), shape)])),)
    if len(shape) > 1:
        found = indexed(used, shape)
        if found is not None:
            return found
    flat: tuple[Move, ...] = () if len(shape) == 1 else (Reshape((-1,)),)
    if strides is not None:
        found = block(used, size, [step for step in strides if step])
        if found is not None:
            return (*flat, *found)
    rows = folded(used, size)
    if rows:
        found = indexed(used, rows)
        if found is not None:
            return (*flat, Reshape(rows), *found)
    return (*flat, Pick((Gather(Table(used)),)))


def block(used: Integers, size: int, steps: Sequence[int]) -> tuple[Move, ...] | None:
    """Positions at regular distances along one axis or two, as a slice or a part of a matrix; None if they are not."""
    start = int(used.flat[0])
    if len(steps) == 1:
        return (Pick((Span(start, used.shape[0], steps[0]),)),)
    if len(steps) != 2:
        return None
    (rows, n), (columns, m) = sorted(zip(steps, used.shape, strict=True), reverse=True)
    if columns != 1 or rows < m or start + n * rows > size:
        return None
    found: list[Move] = [Pick((Span(start, n * rows),))] if n * rows < size else []
    found.append(Reshape((n, rows)))
    if m < rows:
        found.append(Pick((All(), Span(0, m))))
    if steps[0] < steps[1]:
        found.append(Permute((1, 0)))
    return tuple(found)


def folded(used: Integers, size: int) -> tuple[int, ...]:
    """Axes for a flat array of this size, its rows as far apart as the elements along one axis of the positions.

    >>> folded(np.array([[0, 1], [4, 5]]), 8)
    (2, 4)
    """
    steps = set()
    for axis in range(used.ndim):
        along = np.diff(np.moveaxis(used, axis, -1))
        if along.size and (along == along.flat[0]).all():
            steps.add(abs(int(along.flat[0])))
    shape: list[int] = []
    for step in sorted(steps, reverse=True):
        if step > 1 and size % step == 0 and size > step:
            shape.append(size // step)
            size = step
    return (*shape, size) if shape else ()


def indexed(used: Integers, shape: tuple[int, ...]) -> tuple[Move, ...] | None:
    """The positions as an index along each axis of the array; None where some index depends on more than one axis.

    >>> indexed(np.array([1, 4, 7]), (3, 3))
    (Pick(index=(All(), At(index=1))),)
    >>> indexed(np.array([0, 4]), (3, 3)) is None
    True
    """
    index: list[Along] = []
    owners: list[int] = []
    gather: Pick | None = None
    for along, length in zip(np.unravel_index(used, shape), shape, strict=True):
        axes = [axis for axis in range(used.ndim) if (along != along.take([0], axis)).any()]
        if len(axes) > 1:
            return None
        if not axes:
            index.append(At(int(along.flat[0])))
            continue
        (axis,) = axes
        found = along_axis(along[tuple([slice(None) if a == axis else 0 for a in range(used.ndim)])], length)
        if isinstance(found, Gather):
            if gather is not None:
                return None
            gather, found = Pick((*[All()] * len(owners), found)), All()
        index.append(found)
        owners.append(axis)
    if sorted(owners) != list(range(used.ndim)):
        return None
    while index and isinstance(index[-1], All):
        index.pop()
    order = tuple([owners.index(axis) for axis in range(used.ndim)])
    made: list[Move] = [Pick(tuple(index))] if index else []
    if gather is not None:
        made.append(gather)
    if order != tuple(range(used.ndim)):
        made.append(Permute(order))
    return tuple(made)


def along_axis(steps: Integers, length: int) -> Along:
    """Two or more indices along an axis of this length.

    >>> along_axis(np.array([0, 1, 2]), 3), along_axis(np.array([4, 2]), 5)
    (All(), Span(start=4, length=2, step=-2))
    """
    distances = np.diff(steps)
    if (distances != distances[0]).any():
        return Gather(Table(steps))
    whole = len(steps) == length and distances[0] == 1
    return All() if whole else Span(int(steps[0]), len(steps), int(distances[0]))


# How positions lie. --------------------------------------------------------------------------------------------------


def regular(positions: Integers) -> tuple[int, ...] | None:
    """The strides s with positions[i, j, ...] = positions[0, 0, ...] + s_0 i + s_1 j + ..., if there are such."""
    start = int(positions.flat[0])
    expected = np.full((1,) * positions.ndim, start)
    strides = []
    for axis, length in enumerate(positions.shape):
        step = (
            int(positions[tuple([1 if a == axis else 0 for a in range(positions.ndim)])]) - start if length > 1 else 0
        )
        strides.append(step)
        expected = expected + (step * np.arange(length)).reshape(
            [-1 if a == axis else 1 for a in range(positions.ndim)]
        )
    return tuple(strides) if bool((expected == positions).all()) else None


def irregular(positions: Integers) -> int:
    """How many indices it takes to gather these: along the axes on which they are not at one distance; 0 if on all."""
    size = 1
    for axis, length in enumerate(positions.shape):
        steps = np.diff(positions, axis=axis)
        if steps.size and (steps != steps.flat[0]).any():
            size *= length
    return size if size > 1 else 0


def blocks(column: Integers) -> list[int]:
    """The lengths of the blocks in which a column repeats, but for what is added to each: each divides the next.

    0 1 2 0 1 2 10 11 12 10 11 12 has blocks of 3 and of 6.
    """
    found, length = [], 1
    while len(column) > 1:
        steps = np.diff(column)
        breaks = np.flatnonzero(steps != steps[0])
        if not len(breaks):
            break
        n = len(column)
        for m in dict.fromkeys([int(breaks[0]) + 1, *[m for m in range(2, min(n // 2, 1000) + 1) if n % m == 0]]):
            if n % m == 0 and (steps[m : 2 * m - 1] == steps[: m - 1]).all():
                rows = column.reshape(-1, m)
                if (rows - rows[:, :1] == rows[0] - rows[0, 0]).all():
                    length *= m
                    found.append(length)
                    column = rows[:, 0]
                    break
        else:
            break
    return found


def shapes(n: int, columns: Sequence[Integers]) -> list[tuple[int, ...]]:
    """The ways to arrange n things in a grid of up to four axes along which the columns may be regular."""
    each = [blocks(column) for column in columns]
    found = []
    for lengths in [sorted({b for own in each for b in own}), *each]:
        chain: list[int] = [1]
        for b in lengths:
            if b % chain[-1] == 0 and n % b == 0 and chain[-1] < b < n:
                chain.append(b)
        shape = tuple([b // a for a, b in zip(chain, [*chain[1:], n], strict=True)])[::-1]
        if len(shape) <= AXES:
            found.append(shape)
    return list(dict.fromkeys(found))


def outer(left: Integers, right: Integers) -> tuple[Integers, Integers, Integers, Integers] | None:
    """a, b, L, R with left[i] = L[a[i]] and right[i] = R[b[i]] where each pair (a, b) occurs exactly once, if so."""
    a, rows = distinct(left)
    b, others = distinct(right)
    n = len(left)
    if len(rows) * len(others) != n or len(np.unique(a * len(others) + b)) != n:
        return None
    return a, b, rows, others


def distinct(rows: Integers) -> tuple[Integers, Integers]:
    """The distinct rows in the order in which they first occur, and for each row which of them it is."""
    weights = np.random.default_rng(0).integers(1, 2**62, rows.shape[1])
    _, first, which = np.unique(rows @ weights, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    found, unique = rank[which], rows[first[order]]
    if not np.array_equal(unique[found], rows):  # two rows of one hash: none is taken for another
        return np.arange(len(rows)), rows
    return found, unique
