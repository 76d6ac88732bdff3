"""The specification of autograd.structures: numbers taken out of nested containers, and put into them again."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, grad, jacobian, jit, jvp, value_and_grad, vjp
from autograd.operands import is_array
from autograd.structures import LEAF, flatten, holds_value, is_number, names, rebuild, replaced, size

ROOT = Path(__file__).resolve().parents[1]


class Line(NamedTuple):
    """A named tuple."""

    slope: Any
    offset: Any


class Numbers(list[Any]):
    """A list of another class."""


class Attributes(dict[str, Any]):
    """A dict whose items are read as attributes, as many write it."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Doubled(list[Any]):
    """A list that shows other items than it has, and is made of something else."""

    def __init__(self, n: int) -> None:
        super().__init__([1.0] * n)

    def __getitem__(self, i: Any) -> Any:
        return 2.0 * list.__getitem__(self, i)

    def __iter__(self) -> Any:
        return iter([self[i] for i in range(len(self))])


class Checked(namedtuple("Checked", "low high")):  # noqa: PYI024 - one of the old kind, too
    """A named tuple with a constructor of its own."""

    __slots__ = ()

    def __new__(cls, high: Any) -> Checked:  # noqa: PYI034 - Self is what the base has
        """From 0 to this."""
        return super().__new__(cls, 0.0, high)


class Sorted(OrderedDict[str, Any]):
    """An ordered dict that refuses what it does not know."""

    def __setitem__(self, key: str, value: Any) -> None:
        raise KeyError(key)


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
    "a dict of another class": (Attributes(w=1.0), [1.0], ["p['w']"]),
    "a list that shows other items": (Doubled(2), [1.0, 1.0], ["p[0]", "p[1]"]),
    "a named tuple with a constructor": (Checked(2.0), [0.0, 2.0], ["p[0]", "p[1]"]),
    "an ordered dict of another class": (Sorted(), [], []),
    "an ordered dict": (OrderedDict(b=1.0, a=2.0), [1.0, 2.0], ["p['b']", "p['a']"]),
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


def test_an_ordered_dict_stays_one() -> None:
    """It is rebuilt in its order, whatever its methods do, and is arranged otherwise than a dict is."""
    leaves, structure = flatten(OrderedDict([("b", 1.0), ("a", 2.0)]))
    assert leaves == [1.0, 2.0]
    again = rebuild(structure, leaves)
    assert type(again) is OrderedDict
    assert list(again.items()) == [("b", 1.0), ("a", 2.0)]
    again.move_to_end("b")
    assert list(again) == ["a", "b"]
    assert flatten({"b": 1.0, "a": 2.0})[1] != structure
    other: Sorted = Sorted()
    OrderedDict.__setitem__(other, "b", 1.0)
    same = rebuild(flatten(other)[1], [3.0])
    assert type(same) is Sorted
    assert list(same.items()) == [("b", 3.0)]


# --- What cannot be made anew -----------------------------------------------------------------------------------


class Weights(list[Any]):
    """A list that may have attributes."""

    scale = 1.0


class Slotted(list[Any]):
    """A list with a place of its own."""

    __slots__ = ("scale",)


class Pickled(dict[str, Any]):
    """A dict that says how it is copied."""

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def with_scale(tree: Any) -> Any:
    """It, with an attribute."""
    tree.scale = 10.0
    return tree


@dataclass
class Point:
    """What is no structure."""

    x: Any
    y: Any


class Numbered(NamedTuple("Numbered", [("x", float)])):  # noqa: SLOT002 - so that it has them
    """A named tuple that may have attributes."""


UNFAITHFUL: dict[str, tuple[Any, str]] = {
    "a list with an attribute": (with_scale(Weights([1.0])), "got Weights, a list with more to it than its items"),
    "a list with a slot": (with_scale(Slotted([1.0])), "got Slotted, a list with more to it"),
    "a named tuple with an attribute": (with_scale(Numbered(1.0)), "got Numbered, a tuple with more to it"),
    "a dict with an attribute": (
        with_scale(Attributes(a=1.0)),
        r"got Attributes, a dict .* hand over dict\(...\) of it",
    ),
    "an ordered dict with an attribute": (with_scale(OrderedDict(a=1.0)), "got OrderedDict, a OrderedDict with more"),
    "defaultdict": (defaultdict(float, a=1.0), "got defaultdict, a dict with more to it"),
    "Counter": (Counter(a=1), "got Counter, a dict with more to it"),
    "a dict with a way of copying": (Pickled(a=1.0), "got Pickled, a dict with more to it"),
    "a tuple made in C": (sys.float_info, "got float_info, a tuple with more to it"),
    "a dataclass": (Point(1.0, 2.0), "expected numbers, or lists, tuples, dicts or arrays of them, got Point"),
    "a namespace": (SimpleNamespace(a=1.0), "or arrays of them, got SimpleNamespace"),
    "a view of a dict": (MappingProxyType({"a": 1.0}), "or arrays of them, got mappingproxy"),
    "a matrix": (np.zeros((2, 2)).view(np.matrix), "expected a plain array, got matrix"),
    "a masked array": (np.ma.masked_array([1.0, 2.0], [True, False]), "expected a plain array, got MaskedArray"),
    "a record array": (np.rec.array([(1.0,)], dtype=[("a", float)]), "expected a plain array, got recarray"),
    "an array of records": (np.zeros(2, [("a", float)]), "expected an array of numbers, got one that holds void"),
    "an array of dates": (np.array(["2026-01-01"], "M8[D]"), "an array of numbers, got one that holds datetime64"),
    "an array of times": (np.array([1], "m8[D]"), "an array of numbers, got one that holds timedelta64"),
}


@pytest.mark.parametrize(("tree", "message"), UNFAITHFUL.values(), ids=UNFAITHFUL)
@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda f, x: grad(f)(x), "grad: argument 0"),
        (lambda f, x: value_and_grad(f, argnums=1)(1.0, {"a": [x]}), r"grad: argument 1\['a'\]\[0\]"),
        (lambda f, x: jacobian(f)(x), "jacobian: argument 0"),
        (lambda f, x: jacobian(lambda y: x)(1.0), "jacobian: the result"),
        (lambda f, x: vjp(f, x), "vjp: argument 0"),
        (lambda f, x: vjp(lambda y: y, 1.0)[1](x), "vjp: the cotangent"),
        (lambda f, x: jvp(f, (1.0,), (x,)), r"jvp: the tangents\[0\]"),
        (lambda f, x: jit(f)(x), "jit: argument 0 of "),
        (lambda f, x: jit(f)(k=x), "jit: argument k of "),
    ],
)
def test_what_cannot_be_made_anew_is_refused(call: Callable[..., Any], where: str, tree: Any, message: str) -> None:
    """Neither handed to the function as something else, nor returned as something else: a TypeError that says where."""

    def f(*_: Any, **__: Any) -> Any:
        return 1.0 * Value(1.0)

    with pytest.raises(TypeError, match=f"^{where}.*: .*{message}"):
        call(f, tree)


@pytest.mark.parametrize(
    ("tree", "f", "expected"),
    [
        (Attributes(w=2.0, b=3.0), lambda p: p.w * p.b, Attributes(w=3.0, b=2.0)),
        (OrderedDict(b=2.0, a=3.0), lambda p: next(iter(p.values())) ** 2, OrderedDict(b=4.0, a=0.0)),
        (Doubled(2), lambda p: p[0] * p[1], None),
        (Line(2.0, 3.0), lambda p: p.slope * p.offset, Line(3.0, 2.0)),
        (Checked(3.0), lambda p: (p.high - p.low) ** 2, None),
        ([Attributes(w=(2.0, [3.0]))], lambda p: p[0].w[0] * p[0].w[1][0], [Attributes(w=(3.0, [2.0]))]),
    ],
)
def test_the_function_gets_the_kind_that_was_given(tree: Any, f: Callable[[Any], Any], expected: Any) -> None:
    """With its methods, and so does whoever asked for the gradient; under jit too."""
    found = grad(f)(tree)
    assert type(found) is type(tree)
    assert repr(grad(jit(f))(tree)) == repr(jit(grad(f))(tree)) == repr(found)
    if expected is not None:
        assert found == expected
    if isinstance(tree, Doubled):
        assert [list.__getitem__(found, i) for i in range(2)] == [4.0, 4.0]  # (2 x) (2 y)
    if isinstance(tree, Checked):
        assert found == (-6.0, 6.0)


def test_replaced() -> None:
    """Values become what they are changed to, wherever they stand; all else is the same object as before."""
    marker = object()
    tree: dict[str, Any] = {"a": [V, 1, "text"], "b": (marker,), "c": np.array([V, 2.0], object), "d": Line(V, None)}
    found = replaced(tree, lambda x: x.data)
    assert found["a"] == [7.0, 1, "text"]
    assert found["b"] is tree["b"]
    assert found["c"].tolist() == [7.0, 2.0]
    assert found["d"] == Line(7.0, None)
    assert type(found["d"]) is Line
    assert tree["a"][0] is V
    kept = [defaultdict(list), with_scale(Weights([1.0])), np.zeros(2), None, marker]
    assert replaced(kept, lambda x: x.data) is kept
    with pytest.raises(TypeError, match=r"^p\[1\]: expected numbers, or plain containers of them, got Weights"):
        replaced([1.0, with_scale(Weights([V]))], lambda x: x.data, "p")


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
