"""Index arithmetic: how positions lie, and that the moves of a view lead to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.compiler.arrays import All, Array, At, Gather, Permute, Pick, Reshape, Role, Span, Table, View
from autograd.compiler.checks import check_view
from autograd.compiler.positions import blocks, distinct, irregular, moves, outer, regular, shapes


@st.composite
def lying(draw: st.DrawFn) -> tuple[tuple[int, ...], Any]:
    """The shape of an array, and positions in it: a sub-grid, perhaps turned, or any elements whatever."""
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    whole = np.arange(int(np.prod(shape))).reshape(shape)
    if draw(st.booleans()):
        count = draw(st.integers(1, 6))
        return shape, np.array(draw(st.lists(st.integers(0, whole.size - 1), min_size=count, max_size=count)))
    for axis, length in enumerate(shape):
        start, step = draw(st.integers(0, length - 1)), draw(st.sampled_from([1, 2, -1]))
        whole = np.moveaxis(np.moveaxis(whole, axis, 0)[start::step], 0, axis)
    whole = np.squeeze(whole.transpose(draw(st.permutations(range(whole.ndim)))))
    return shape, whole


@given(lying())
def test_moves_lead_to_the_positions(found: tuple[tuple[int, ...], Any]) -> None:
    """Whatever the positions, the moves of their view pick those elements, in that arrangement."""
    shape, used = found
    used = np.asarray(used, np.int64)
    made = moves(used, shape, regular(used) if used.ndim else ())
    view = View(Array(Role.INPUT, shape), Table(used), made, injective=False, whole=False)
    check_view(view)


@pytest.mark.parametrize(
    ("used", "shape", "expected"),
    [
        (np.arange(6).reshape(2, 3), (2, 3), ()),
        (np.arange(6), (2, 3), (Reshape((6,)),)),
        (np.int64(4), (2, 3), (Pick((At(1), At(1))),)),
        (np.array([4, 3, 2]), (5,), (Pick((Span(4, 3, -1),)),)),
        (np.array([1, 4]), (2, 3), (Pick((All(), At(1))),)),
        (np.array([0, 2, 3]), (5,), (Pick((Gather(Table(np.array([0, 2, 3]))),)),)),
        (np.array([[0, 3], [1, 4], [2, 5]]), (2, 3), (Permute((1, 0)),)),
    ],
    ids=["all", "flat", "one", "backwards", "a column", "gathered", "transposed"],
)
def test_moves_are_as_simple_as_they_can_be(used: Any, shape: tuple[int, ...], expected: Any) -> None:
    """All of an array needs no move, a column one index, a transposed matrix its axes in another order."""
    used = np.asarray(used, np.int64)
    assert moves(used, shape, regular(used) if used.ndim else ()) == expected


@given(st.integers(0, 9), st.lists(st.tuples(st.integers(1, 4), st.integers(-7, 7)), min_size=1, max_size=3))
def test_regular_positions_have_strides(start: int, axes: list[tuple[int, int]]) -> None:
    """Positions made of strides are found to have them (0 along an axis of one); another position ends that."""
    positions = np.full((1,) * len(axes), start)
    for axis, (length, stride) in enumerate(axes):
        lies = (np.arange(length) * stride).reshape([-1 if a == axis else 1 for a in range(len(axes))])
        positions = positions + lies
    assert regular(positions) == tuple([stride if length > 1 else 0 for length, stride in axes])
    assert irregular(positions) == 0
    if positions.size > 2:
        positions.reshape(-1)[-1] += 1
        one_axis = sum([length > 1 for length, _ in axes]) == 1
        assert regular(positions) is None or (one_axis and positions.size == 2)


def test_blocks_are_those_in_which_a_column_repeats() -> None:
    """0 1 2 0 1 2 10 11 12 10 11 12 has blocks of 3 and of 6; a column at one distance has none."""
    column = np.array([0, 1, 2, 0, 1, 2, 10, 11, 12, 10, 11, 12])
    assert blocks(column) == [3, 6]
    assert blocks(np.arange(5)) == []
    assert (2, 2, 3) in shapes(12, [column])


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_outer_products_are_found_in_any_order(m: int, n: int, k: int, rng: Any) -> None:
    """Every row of one matrix with every row of another, shuffled: found, with both matrices."""
    left, right = np.arange(m * k).reshape(m, k), 100 + np.arange(n * k).reshape(n, k)
    pairs = [(i, j) for i in range(m) for j in range(n)]
    rng.shuffle(pairs)
    found = outer(np.array([left[i] for i, _ in pairs]), np.array([right[j] for _, j in pairs]))
    assert found is not None
    a, b, rows, others = found
    assert [(rows[x].tolist(), others[y].tolist()) for x, y in zip(a, b, strict=True)] == [
        (left[i].tolist(), right[j].tolist()) for i, j in pairs
    ]


def test_what_is_no_outer_product_is_not_taken_for_one() -> None:
    """A pair that is missing, or there twice."""
    left, right = np.array([[0], [0], [1]]), np.array([[5], [6], [5]])
    assert outer(left, right) is None
    assert outer(np.array([[0], [0]]), np.array([[5], [5]])) is None


def test_distinct_rows_are_in_the_order_of_their_first_occurrence() -> None:
    """Which row each one is, and what the rows are."""
    which, rows = distinct(np.array([[3, 1], [0, 2], [3, 1]]))
    assert which.tolist() == [0, 1, 0]
    assert rows.tolist() == [[3, 1], [0, 2]]
