"""The specification of autograd.structures: numbers taken out of nested containers, and put into them again."""

from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd.structures import LEAF, flatten, holds_value, is_array, is_number, names, rebuild, size

ROOT = Path(__file__).resolve().parents[1]


class Line(NamedTuple):
    """A named tuple."""

    slope: Any
    offset: Any


class Numbers(list[Any]):
    """A list of another class."""


V = Value(7.0)

CASES: dict[str, tuple[Any, list[Any], list[str]]] = {
    "a float": (1.0, [1.0], ["p"]),
    "an int": (1, [1], ["p"]),
    "a bool": (True, [True], ["p"]),
    "a fraction": (Fraction(1, 2), [Fraction(1, 2)], ["p"]),
    "a number of NumPy": (np.float32(0.5), [0.5], ["p"]),
    "a Value": (V, [V], ["p"]),
    "a list": ([1.0, V, 3], [1.0, V, 3], ["p[0]", "p[1]", "p[2]"]),
    "a tuple": ((1.0, 2.0), [1.0, 2.0], ["p[0]", "p[1]"]),
    "a named tuple": (Line(1.0, [2.0]), [1.0, 2.0], ["p[0]", "p[1][0]"]),
    "a list of another class": (Numbers([1.0]), [1.0], ["p[0]"]),
    "a dict, in its own order": ({"w": 1.0, "b": 2.0}, [1.0, 2.0], ["p['w']", "p['b']"]),
    "keys of other types": ({0: 1.0, (1, "a"): 2.0}, [1.0, 2.0], ["p[0]", "p[(1, 'a')]"]),
    "nested": ({"w": [(1.0, {"a": V})], "b": 3.0}, [1.0, V, 3.0], ["p['w'][0][0]", "p['w'][0][1]['a']", "p['b']"]),
    "nothing": ([], [], []),
    "empty ones within": ({"a": [], "b": ((), {})}, [], []),
}


@pytest.mark.parametrize(("tree", "leaves", "called"), CASES.values(), ids=CASES)
def test_flatten_and_rebuild(tree: Any, leaves: list[Any], called: list[str]) -> None:
    """The numbers stand from left to right, each has a name, and they can be arranged as before."""
    found, structure = flatten(tree, "p")
    assert found == leaves
    assert names(structure, "p") == called
    assert size(structure) == len(leaves)
    again = rebuild(structure, found)
    assert again == tree
    assert type(again) is type(tree)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 2), (0,), (2, 0)])
def test_arrays(shape: tuple[int, ...]) -> None:
    """An array is read in the order of its indices; floats come back as an array of floats."""
    array = np.arange(0.5, np.prod(shape) + 0.5).reshape(shape)
    leaves, structure = flatten(array, "A")
    assert leaves == array.ravel().tolist()
    assert names(structure, "A") == [f"A.flat[{i}]" for i in range(array.size)]
    assert size(structure) == array.size
    again = rebuild(structure, leaves)
    assert again.dtype == np.float64
    assert again.shape == shape
    assert np.array_equal(again, array)


def test_arrays_of_values() -> None:
    """Values come back as an object array, and so do numbers among them."""
    values = [Value(1.0), 2.0, Value(3.0), 4.0]
    leaves, structure = flatten(np.array(values, object).reshape(2, 2))
    assert all(x is y for x, y in zip(leaves, values, strict=True))
    again = rebuild(structure, leaves)
    assert again.dtype == object
    assert again.shape == (2, 2)
    assert all(x is y for x, y in zip(again.flat, values, strict=True))


def test_arrays_of_arrays_are_one_array() -> None:
    """What is arranged may itself be arrays, which become further axes: the Jacobian of an array by an array."""
    _, structure = flatten(np.zeros((2, 2)))
    rows = [np.full((3,), float(i)) for i in range(4)]
    assert rebuild(structure, rows).shape == (2, 2, 3)
    assert rebuild(structure, rows)[1, 0].tolist() == [2.0, 2.0, 2.0]


def test_other_things_may_be_arranged() -> None:
    """Strings, lists, None: a structure does not care what it holds."""
    _, structure = flatten({"w": [1.0, 2.0], "b": 3.0})
    assert rebuild(structure, ["x", None, [1]]) == {"w": ["x", None], "b": [1]}


TREES = st.recursive(
    st.floats(allow_nan=False) | st.integers(-(2**53), 2**53),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
        | st.tuples(inner, inner).map(lambda pair: Line(*pair))
    ),
    max_leaves=20,
)


@given(TREES)
def test_any_tree_survives(tree: Any) -> None:
    """Taken apart and put together again it is the same."""
    leaves, structure = flatten(tree)
    assert len(leaves) == size(structure) == len(names(structure, "p")) == len(set(names(structure, "p")))
    assert repr(rebuild(structure, leaves)) == repr(tree)


@given(TREES)
def test_names_are_expressions_of_python(tree: Any) -> None:
    """Each is where Python finds the number."""
    leaves, structure = flatten(tree)
    for name, leaf in zip(names(structure, "tree"), leaves, strict=True):
        assert eval(name, {"tree": tree}) == leaf  # noqa: S307 - the names are made from this very tree


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ([1.0, [2.0]], [3.0, [4]], True),
        ([1.0, 2.0], (1.0, 2.0), False),
        ([1.0, 2.0], [1.0, 2.0, 3.0], False),
        ([1.0, [2.0]], [[1.0], 2.0], False),
        ({"a": 1.0}, {"a": 2.0}, True),
        ({"a": 1.0}, {"b": 1.0}, False),
        (Line(1.0, 2.0), (1.0, 2.0), False),
        (np.zeros((2, 3)), np.ones((2, 3), int), True),
        (np.zeros((2, 3)), np.zeros((3, 2)), False),
        (np.zeros(2), [0.0, 0.0], False),
        (1.0, V, True),
        (1.0, [1.0], False),
        ([], (), False),
    ],
)
def test_descriptions_are_equal_where_the_arrangement_is(left: Any, right: Any, equal: bool) -> None:
    """So a cotangent can be compared with a result, whatever the numbers are."""
    assert (flatten(left)[1] == flatten(right)[1]) is equal


def test_an_ordered_dict_is_a_dict() -> None:
    """It is rebuilt as one, in its order."""
    leaves, structure = flatten(OrderedDict([("b", 1.0), ("a", 2.0)]))
    assert leaves == [1.0, 2.0]
    assert list(rebuild(structure, leaves).items()) == [("b", 1.0), ("a", 2.0)]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("1.0", "w: expected numbers, or lists, tuples, dicts or arrays of them, got str"),
        (None, "w: expected numbers, .* got NoneType"),
        (1j, "got complex"),
        (Decimal(1), "got Decimal"),
        ({1.0, 2.0}, "got set"),
        (range(3), "got range"),
        ([1.0, [2.0, "3"]], r"w\[1\]\[1\]: expected numbers, .* got str"),
        ({"a": {"b": None}}, r"w\['a'\]\['b'\]: expected numbers, .* got NoneType"),
        (Line(1.0, "2"), r"w\[1\]: .* got str"),
        (np.array(["a", "b"]), "w: expected an array of numbers, got one that holds str"),
        ([np.array([1.0, None], object)], r"w\[0\]: expected an array of numbers, got one that holds NoneType"),
        (np.array([1j]), "w: expected an array of numbers, got one that holds complex"),
    ],
)
def test_anything_else_is_refused(tree: Any, message: str) -> None:
    """With its type, and the place where it stands."""
    with pytest.raises(TypeError, match=message):
        flatten(tree, "w")


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        *[(x, True) for x in (1.0, 1, V, np.float64(1.0), np.int8(1), np.bool_(True), Fraction(1))],
        *[(x, False) for x in ("1", 1j, None, [1.0], np.array(1.0), Decimal(1))],
    ],
)
def test_what_a_number_is(x: object, expected: bool) -> None:
    """A Value or a real number: it is a leaf, and no structure."""
    assert is_number(x) is expected
    if expected:
        assert flatten(x) == ([x], LEAF)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (V, True),
        (1.0, False),
        ([1.0, (2.0, V)], True),
        ([1.0, (2.0, 3.0)], False),
        ({"a": [V]}, True),
        ({"a": [None, "text", object()]}, False),
        (np.array([1.0, V], object), True),
        (np.array([1.0, None], object), False),
        (np.zeros(3), False),
        (lambda: V, False),
    ],
)
def test_whether_a_value_is_in_it(tree: Any, expected: bool) -> None:
    """Of anything that may be an argument of a function: what is no structure holds no Value."""
    assert holds_value(tree) is expected


def test_numpy_is_not_imported_to_find_out() -> None:
    """Without NumPy there are no arrays, and nothing asks for it."""
    code = (
        "import sys; from autograd import grad, jacobian\n"
        "assert jacobian(lambda x: [x[0] * x[1]['a']])([2.0, {'a': 3.0}]) == [[3.0, {'a': 2.0}]]\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True)
    assert is_array(np.zeros(2))
    assert not is_array([0.0])
    assert not is_array(np.float64(0.0))
