"""Layouts: from arguments to flat numbers and back, and what is refused."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from alike import alike

from autograd import Value
from autograd.compiler.layouts import (
    Layout,
    Listed,
    Nested,
    One,
    WholeArray,
    arranged,
    holds_array,
    layout,
    with_arrays,
)
from autograd.structures import flatten

Point = namedtuple("Point", "x y")  # noqa: PYI024 - of any numbers

GIVEN: dict[str, Any] = {
    "a number": 2.0,
    "a list": [1.0, 2.0, 3.0],
    "a tuple": (1.0, 2.0),
    "a named tuple": Point(1.0, 2.0),
    "an array": np.arange(6.0).reshape(2, 3),
    "an array without axes": np.array(2.0),
    "an empty array": np.empty((0, 3)),
    "nothing": [],
    "a dict": {"a": 1.0, "b": [2.0, 3.0]},
    "an empty dict": {},
    "nested": [(1.0, [2.0, {"a": np.arange(3.0), "b": ()}]), Point(np.ones((2, 2)), 5.0), {}],
    "rows": [[1.0, 2.0], [3.0]],
}


def layout_of(x: Any) -> Layout:
    """The layout of what is arranged like x."""
    found = layout(flatten(x)[1])
    assert found is not None
    return found


def numbers_of(x: Any) -> list[float]:
    """The numbers of x as floats."""
    return [float(each) for each in flatten(x)[0] if not isinstance(each, Value)]


@pytest.mark.parametrize("name", GIVEN)
def test_there_and_back(name: str) -> None:
    """The numbers are those of flatten, in its order; they are arranged as they were."""
    x = GIVEN[name]
    made = layout_of(x)
    leaves = numbers_of(x)
    flat = made.flat(x)
    assert flat is not None
    assert flat.dtype == np.float64
    assert flat.flags.c_contiguous
    assert flat.tolist() == leaves
    assert np.ravel(made.numbers(x)).tolist() == leaves
    assert made.size == len(leaves)
    assert made.looks(x)
    alike(made.arranged(flat.copy()), x)
    alike(made.arranged(flat.tolist() if name != "a number" else flat.tolist()[0]), x)
    assert made.arrays == holds_array(made.structure)


@pytest.mark.parametrize(
    ("x", "kind"), [(1.0, One), ([1.0], Listed), (Point(1.0, 2.0), Listed), (np.ones(2), WholeArray), ([[1.0]], Nested)]
)
def test_kinds_of_layouts(x: Any, kind: type) -> None:
    """A number, numbers in a row, an array, and what is made of these."""
    assert type(layout_of(x)) is kind


class Own(list[Any]):
    """A list of the user's own."""


@pytest.mark.parametrize("x", [Own([1.0]), [Own([1.0])], {"a": OrderedDict(b=1.0)}, OrderedDict(a=1.0)])
def test_containers_of_ones_own(x: Any) -> None:
    """They have no layout: they are looked into each time."""
    assert layout(flatten(x)[1]) is None


PLAINLY: dict[str, tuple[Any, Any]] = {
    "an int": (2.0, 3),
    "a bool": (2.0, True),
    "a float32": (2.0, np.float32(1.5)),
    "NumPy's bool": (2.0, np.bool_(True)),
    "ints": ([1.0, 2.0], [3, 4]),
    "a huge int": ([1.0, 2.0], [2**70, True]),
    "a huge int within": ([[1.0, 2.0], 1.0], [[2**70, 3], 2**70]),
    "integers": (np.ones(2), np.array([3, 4])),
    "bools": (np.ones(2), np.array([True, False])),
    "float32s": (np.ones((2, 2)), np.array([[1, 2], [3, 4]], np.float32)),
    "in Fortran's order": (np.ones((2, 3)), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
    "strided": (np.ones(3), np.arange(12.0)[::4]),
    "the other end first": (np.ones(2), np.array([1, 2], ">f8")),
    "within": ({"a": [1.0], "b": np.ones(2)}, {"a": [7], "b": np.array([1, 2])}),
}


@pytest.mark.parametrize("name", PLAINLY)
def test_all_plain_numbers_are_floats(name: str) -> None:
    """Whatever the layout was made of."""
    known, x = PLAINLY[name]
    made = layout_of(known)
    expected = numbers_of(x)
    flat = made.flat(x)
    assert flat is not None
    assert flat.dtype == np.float64
    assert flat.tolist() == expected
    assert np.ravel(made.numbers(x)).tolist() == expected
    assert {type(each) for each in [made.numbers(x)] if isinstance(known, float)} <= {float}


REFUSED: dict[str, tuple[Any, Any]] = {
    "a Value": (2.0, Value(1.0)),
    "a complex number": (2.0, 1j),
    "text": (2.0, "a"),
    "another kind of number": (2.0, Fraction(1, 2)),
    "a Value in a list": ([1.0, 2.0], [1.0, Value(2.0)]),
    "another length": ([1.0, 2.0], [1.0]),
    "a tuple for a list": ([1.0, 2.0], (1.0, 2.0)),
    "another named tuple": (Point(1.0, 2.0), (1.0, 2.0)),
    "a list in a list": ([1.0, 2.0], [1.0, [2.0]]),
    "an array for a list": ([1.0, 2.0], np.array([1.0, 2.0])),
    "another shape": (np.ones((2, 3)), np.ones((3, 2))),
    "objects": (np.ones(2), np.array([1.0, Value(2.0)], object)),
    "complex numbers": (np.ones(2), np.array([1j, 2.0])),
    "a masked array": (np.ones(2), np.ma.array([1.0, 2.0])),
    "other keys": ({"a": 1.0}, {"b": 1.0}),
    "keys in another order": ({"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 2.0}),
    "an ordered dict": ({"a": 1.0}, OrderedDict(a=1.0)),
    "a list of one's own within": ([[1.0]], [Own([1.0])]),
    "a masked array within": ([np.ones(2)], [np.ma.array([1.0, 2.0])]),
    "an array for a number within": ({"a": [1.0, [2.0]]}, {"a": [np.array(1.0), [2.0]]}),
    "a number for a list within": ([[1.0]], [1.0]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_arranged_otherwise(name: str) -> None:
    """It has no numbers here: another layout, or nobody, knows them."""
    known, x = REFUSED[name]
    made = layout_of(known)
    assert made.flat(x) is None
    if type(x) is type(known):
        assert made.looks(x) in (True, False)
    if not isinstance(made, WholeArray):
        assert made.numbers(x) is None


@pytest.mark.parametrize(
    ("known", "x"),
    [
        ([1.0, 2.0], [1.0]),
        (np.ones(2), np.ones(3)),
        ({"a": 1.0}, {"b": 1.0}),
        ([[1.0], 2.0], [[1.0, 2.0], 2.0]),
        ([[1.0], 2.0], [2.0, [1.0]]),
        ([np.ones(2)], [np.ones((1, 2))]),
    ],
    ids=str,
)
def test_what_does_not_look_like_it(known: Any, x: Any) -> None:
    """Lengths, shapes, keys and kinds are told apart at a glance."""
    assert layout_of(known).looks(known)
    assert not layout_of(known).looks(x)


@pytest.mark.parametrize(
    ("tree", "kept", "expected"),
    [
        (1.0, (), 1.0),
        ([1.0, 2.0], (), np.array([1.0, 2.0])),
        ([[1.0, 2.0], [3.0, 4.0]], (), np.array([[1.0, 2.0], [3.0, 4.0]])),
        ([[1.0], [3.0, 4.0]], (), [np.array([1.0]), np.array([3.0, 4.0])]),
        ((1.0, [2.0]), (), (1.0, np.array([2.0]))),
        ([(1.0, 2.0)], (), [(1.0, 2.0)]),
        ([], (), []),
        ({"a": [1.0], "b": []}, (), {"a": np.array([1.0]), "b": []}),
        ([1.0, 2.0], (1,), [1.0, 2.0]),
        ([[1.0, 2.0], [3.0, 4.0]], (3,), [np.array([1.0, 2.0]), [3.0, 4.0]]),
        ((1.0, [2.0, 3.0], [4.0, 5.0]), (2,), (1.0, [2.0, 3.0], np.array([4.0, 5.0]))),
        ([np.ones(2), np.ones(2)], (), np.ones((2, 2))),
        ([np.ones(2), [1.0, 1.0]], (), np.ones((2, 2))),
        ([np.ones(2), np.ones(3)], (), [np.ones(2), np.ones(3)]),
    ],
    ids=str,
)
def test_results_in_arrays(tree: Any, kept: Any, expected: Any) -> None:
    """Rectangular lists become arrays; other containers, and lists of what is to be kept, stay."""
    structure, numbers = flatten(tree)[1], numbers_of(tree)
    alike(arranged(structure, numbers, arrays=True, kept=kept), expected)
    alike(arranged(structure, np.array(numbers), arrays=True, kept=kept), expected)
    alike(arranged(structure, numbers, arrays=False), tree)
    assert with_arrays(structure, kept) == flatten(expected)[1]
