"""Weighted sums: sum_k left_k right_k + ..., of which many together may be a product of matrices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .arrays import LETTERS
from .positions import outer, regular
from .rolled import Linear, Segment
from .roller import Roller, cover

if TYPE_CHECKING:
    from collections.abc import Sequence

    Integers = np.ndarray[Any, np.dtype[np.int64]]
    Item = int | tuple[int, int]


class Arrangement(NamedTuple):
    """How weighted sums stand in their array: in this order, with these axes; as a product, its two sides."""

    order: Sequence[int]
    shape: tuple[int, ...]
    letters: str
    product: tuple[Integers, Integers] | None = None


def weighted_sums(
    roller: Roller, members: list[int], kinds: Sequence[tuple[int, int, int]], parts: list[list[list[Item]]]
) -> None:
    """Weighted sums of one kind as one statement: a product of matrices if it is one.

    ``kinds``: for each part the arrays of its left and right operands (-1: none), and how many terms it has.
    """
    widest = max(range(len(kinds)), key=lambda s: (kinds[s][1] >= 0, kinds[s][2]))
    found = None
    if kinds[widest][1] >= 0 and len(members) > 1:
        found = as_product(np.array([part[widest] for part in parts], np.int64))
    if found is None:
        found = as_they_lie(roller, kinds, parts)
    members, parts = [members[i] for i in found.order], [parts[i] for i in found.order]
    segments = []
    for s, (_, right, _) in enumerate(kinds):
        items = np.array([part[s] for part in parts], np.int64)
        if right < 0:
            segments.append(unpaired(roller, items, found.shape, found.letters))
        elif s == widest and found.product is not None:
            segments.append(matrix_product(roller, *found.product))
        else:
            segments.append(products(roller, items, found.shape, found.letters))
    segments = covering(segments, found.letters)
    roller.statements.append(Linear(roller.define(members, found.shape), found.letters, segments))


def as_product(pairs: Integers) -> Arrangement | None:
    """The arrangement of weighted sums of every row of one matrix with every row of another; None if they are not."""
    product = outer(pairs[:, :, 0], pairs[:, :, 1])
    if product is None:
        return None
    a, b, left, right = product
    rows_first = a[1] == a[0]  # whether the right rows change faster already
    order = np.lexsort((b, a) if rows_first else (a, b)).tolist()
    sizes = {"a": int(a.max()) + 1, "b": int(b.max()) + 1}
    letters = "".join([letter for letter in ("ab" if rows_first else "ba") if sizes[letter] > 1])
    return Arrangement(order, tuple([sizes[letter] for letter in letters]), letters, (left, right))


def as_they_lie(
    roller: Roller, kinds: Sequence[tuple[int, int, int]], parts: Sequence[Sequence[Sequence[Any]]]
) -> Arrangement:
    """The arrangement of weighted sums along the axes on which their first terms lie regularly."""
    slots: list[list[int]] = []
    for s, (_, right, length) in enumerate(kinds):
        if right >= 0:
            for side in (0, 1) if length > 1 else ():
                roller.place([pair[side] for part in parts for pair in part[s]])
            slots += [[part[s][0][side] for part in parts] for side in (0, 1)]
        else:
            if length > 1:
                roller.place([x for part in parts for x in part[s]])
            slots.append([part[s][0] for part in parts])
    shape, order = roller.shape(slots)
    return Arrangement(order.tolist(), shape, LETTERS[: len(shape)])


def covering(segments: Sequence[Segment], letters: str) -> list[Segment]:
    """The segments, where some operand has all the axes of the result."""
    sides = [(segment.left, segment.left_axes) for segment in segments]
    sides += [(segment.right, segment.right_axes) for segment in segments if segment.right is not None]
    accesses = [access for access, _ in sides]
    cover(accesses, [[letters.find(letter) for letter in axes] for _, axes in sides], len(letters))
    left = accesses[: len(segments)]
    right = iter(accesses[len(segments) :])
    return [
        replace(segment, left=access, right=None if segment.right is None else next(right))
        for segment, access in zip(segments, left, strict=True)
    ]


def sorted_terms(roller: Roller, *columns: Integers) -> list[Integers]:
    """The terms of a lone sum in the order of their operands, where that is not regular as it stands."""
    for column in columns:
        roller.place(column.tolist())
    positions = [roller.position[column] for column in columns]
    if all([regular(p) is not None for p in positions]):
        return list(columns)
    order = np.lexsort(positions[::-1])
    return [column[order] for column in columns]


def unpaired(roller: Roller, items: Integers, shape: tuple[int, ...], letters: str) -> Segment:
    """Terms without a factor."""
    if items.shape[1] == 1:
        return Segment(roller.operand(items[:, 0].tolist(), shape), letters)
    if len(items) == 1:
        items = sorted_terms(roller, items[0])[0][None]
    access = roller.operand(items.T.reshape(-1).tolist(), (items.shape[1], *shape))
    if 0 not in access.kept:
        access = access.gathered()
    return Segment(access, "k" + letters)


def products(roller: Roller, items: Integers, shape: tuple[int, ...], letters: str) -> Segment:
    """Products, as they lie."""
    left, right = items[:, :, 0], items[:, :, 1]
    if len(items) == 1 and items.shape[1] > 1:
        left, right = (column[None] for column in sorted_terms(roller, left[0], right[0]))
    summed = "k" if items.shape[1] > 1 else ""
    whole = (*shape, items.shape[1]) if summed else shape
    accesses = [roller.operand(side.reshape(-1).tolist(), whole) for side in (left, right)]
    if summed:
        accesses = [x if len(shape) in x.kept else x.gathered() for x in accesses]
    return Segment(accesses[0], letters + summed, accesses[1], letters + summed)


def matrix_product(roller: Roller, left: Integers, right: Integers) -> Segment:
    """left[a, k] and right[b, k], for the weighted sums of every a with every b."""
    accesses, names = [], []
    for letter, rows in (("a", left), ("b", right)):
        axes = [(letter, len(rows)), ("k", rows.shape[1])]
        shape = tuple([length for _, length in axes if length > 1])
        access = roller.operand(rows.reshape(-1).tolist(), shape)
        accesses.append(access if len(access.kept) == len(shape) else access.gathered())
        names.append("".join([name for name, length in axes if length > 1]))
    return Segment(accesses[0], names[0], accesses[1], names[1])
