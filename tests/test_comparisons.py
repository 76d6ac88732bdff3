"""Comparisons of a Value with every kind of number: decided as Python decides them for the float that it holds.

The oracle is Python's own operator on the float and the other number, on either side of the operator; eagerly, under
jit, and in batches. The float is also each of the nearest neighbours of the other number, of which none may be taken
for another.
"""

from __future__ import annotations

import itertools
import math
import operator
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pytest
from spelling import spelled

import autograd as ag
from autograd import Value, constant, gradients, jit, value_and_grad

INF, NAN = math.inf, math.nan

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip

OTHERS: dict[str, Any] = {
    "1/10": Fraction(1, 10),
    "1/3": Fraction(1, 3),
    "-2/3": Fraction(-2, 3),
    "1/2": Fraction(1, 2),
    "a tiny fraction": Fraction(1, 10**400),
    "minus a tiny fraction": Fraction(-1, 10**400),
    "a large fraction": Fraction(10**400, 3),
    "the fraction of a float": Fraction(0.1),
    "0": 0,
    "3": 3,
    "2**53": 2**53,
    "2**53 + 1": 2**53 + 1,
    "-2**53 - 1": -(2**53) - 1,
    "2**63 + 1025": 2**63 + 1025,
    "10**308": 10**308,
    "2**1024": 2**1024,
    "10**400": 10**400,
    "-10**400": -(10**400),
    "0.1": 0.1,
    "-0.0": -0.0,
    "inf": INF,
    "-inf": -INF,
    "nan": NAN,
    "float32 0.1": np.float32(0.1),
    "float32 0": np.float32(0.0),
    "float32 -1": np.float32(-1.0),
    "float32 largest": np.finfo(np.float32).max,
    "float32 nan": np.float32(NAN),
    "float32 inf": np.float32(INF),
    "float16 0.1": np.float16(0.1),
    "float16 largest": np.finfo(np.float16).max,
    "float16 -inf": np.float16(-INF),
    "float64 0.1": np.float64(0.1),
    "float64 nan": np.float64(NAN),
    "longdouble 0.1": np.longdouble("0.1"),
    "longdouble of 0.1": np.longdouble(0.1),
    "longdouble largest": np.finfo(np.longdouble).max,
    "int64 2**53 + 1": np.int64(2**53 + 1),
    "int64 least": np.iinfo(np.int64).min,
    "int8 -1": np.int8(-1),
    "uint8 200": np.uint8(200),
    "uint64 largest": np.iinfo(np.uint64).max,
    "uint64 2**63 + 1": np.uint64(2**63 + 1),
    "True": True,
    "False": False,
    "numpy True": np.True_,
    "numpy False": np.False_,
}


def near(other: Any) -> list[float]:
    """Floats about a number and far from it."""
    with np.errstate(all="ignore"):
        try:
            x = float(other)
        except OverflowError:
            x = 1.7976931348623157e308 if other > 0 else -1.7976931348623157e308
        small = float(np.float32(min(max(x, -3e38), 3e38))) if x == x else 0.0
    about = [x, small, *[math.nextafter(y, to) for y in (x, small) for to in (-INF, INF)]]
    return [
        *about,
        -x,
        x * (1.0 + 1e-8),
        x + 1e-4,
        x * 1.001,
        0.0,
        -0.0,
        1.0,
        1e-320,
        -1e-50,
        2.0**53,
        1e308,
        INF,
        -INF,
        NAN,
    ]


each_operator = pytest.mark.parametrize("sign", OPERATORS)
each_other = pytest.mark.parametrize("name", OTHERS)


def decided(compare: Callable[[Any, Any], Any], x: Any, other: Any, left: bool) -> bool:
    """What Python decides, without NumPy's remarks on its own casts."""
    with np.errstate(all="ignore"):
        return bool(compare(x, other) if left else compare(other, x))


@pytest.mark.parametrize("left", [True, False], ids=["x ? q", "q ? x"])
@each_operator
@each_other
def test_an_eager_comparison(name: str, sign: str, left: bool) -> None:
    """It is a bool, the one that Python gives for the float."""
    compare, other = OPERATORS[sign], OTHERS[name]
    for x in near(other):
        v = Value(x)
        with np.errstate(all="ignore"):  # NumPy's remarks on its own casts
            got = compare(v, other) if left else compare(other, v)
        assert type(got) is bool
        assert got is decided(compare, x, other, left), x


@pytest.mark.parametrize("left", [True, False], ids=["x ? q", "q ? x"])
@each_operator
@each_other
def test_a_jitted_comparison(name: str, sign: str, left: bool) -> None:
    """A branch, ``where``, and a number out of a Value decide the same, of inputs and of what is computed.

    A fraction to the left of a number out of a Value asks for the ratio that the float is, and is answered eagerly.
    """
    compare, other = OPERATORS[sign], OTHERS[name]

    def holds(x: Any) -> Any:
        return compare(x, other) if left else compare(other, x)

    uses: list[Callable[[Any], Any]] = [
        lambda x: constant(1.0) * (2.0 if holds(x) else 3.0),
        lambda x: ag.where(holds(x * 1.0), 2.0, 3.0) * constant(1.0),
        lambda x: constant(1.0) * (2.0 if holds((x * 1.0).data) else 3.0),
    ]
    if not left and isinstance(other, Fraction):
        uses.pop()
    xs = near(other)
    right = [2.0 if decided(compare, x, other, left) else 3.0 for x in xs]
    for use in uses:
        fast = jit(use)
        with np.errstate(all="ignore"):
            assert [number(fast(Value(x) if x < 1.0 else x)) for x in xs] == right
            assert jit(use).map(xs).tolist() == right


def number(x: Any) -> float:
    """The number of a Value, or a number."""
    return x.data if isinstance(x, Value) else float(x)


@each_other
def test_both_sides_and_chains(name: str) -> None:
    """Both ends of a chain, and ``and``, ``or``, ``not``, are decided as Python does."""
    other = OTHERS[name]

    def between(x: Any) -> Any:
        return x * 2.0 if -1 <= x <= other else x * 3.0

    def mixed(x: Any) -> Any:
        return x * 2.0 if (x < other and not x == 0) or x != x else x * 3.0  # noqa: SIM201

    for f in (between, mixed):
        fast = jit(f)
        for x in near(other):
            with np.errstate(all="ignore"):
                right, eager, got = f(x), f(Value(x)), fast(x)
            assert repr(eager.data) == repr(right)
            assert repr(number(got)) == repr(right)


# --- What is no number --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["1.0", None, 1j, [1.0], object()], ids=spelled)
def test_no_number_is_equal_to_a_value(other: Any) -> None:
    """``==`` is False and ``!=`` True, eagerly and under jit; an order is a TypeError in Python's words."""
    assert (Value(1.0) == other) is False
    assert (Value(1.0) != other) is True
    fast = jit(lambda x: x * 2.0 if x == other else x * 3.0)
    assert [fast(1.0), fast(2.0)] == [3.0, 6.0]
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError, match="not supported between instances of"):
            compare(Value(1.0), other)
        with pytest.raises(TypeError, match="not supported between instances of"):
            jit(lambda x, compare=compare: x if compare(x, other) else -x)(1.0)


# --- NumPy's truth values and narrow numbers beside Values ------------------------------------------------------------

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "x + b": lambda x, b: x + b,
    "b + x": lambda x, b: b + x,
    "x - b": lambda x, b: x - b,
    "b - x": lambda x, b: b - x,
    "x * b": lambda x, b: x * b,
    "b * x": lambda x, b: b * x,
    "x / (b + 1)": lambda x, b: x / (b * 1.0 + 1.0),
    "b / x": lambda x, b: b / x,
    "x**b": lambda x, b: x**b,
    "b**x": lambda x, b: b**x,
    "maximum": lambda x, b: ag.maximum(x, b),
    "maximum, reflected": lambda x, b: ag.maximum(b, x),
    "clip": lambda x, b: ag.clip(x, b, 4.0),
    "sum": lambda x, b: ag.sum([x, b, x]),
    "dot": lambda x, b: ag.dot([x, x], [b, 2.0], b),
    "max": lambda x, b: ag.max([x, b]),
    "where on it": lambda x, b: ag.where(b, x * 2.0, x * 3.0),
    "where of it": lambda x, b: ag.where(x > 0.0, b, x),
    "if": lambda x, b: x * 2.0 if b else x * 3.0,
    "hypot": lambda x, b: ag.hypot(x, b),
    "constant": lambda x, b: x * constant(b),
    "Value": lambda x, b: x * Value(b),
    "in a loop": lambda x, b: sum([x * k * b for k in range(5)]),
}

SCALARS: dict[str, Any] = {
    "numpy True": np.True_, "numpy False": np.False_, "True": True, "float32": np.float32(0.5), "int8": np.int8(3),
    "float16": np.float16(0.25), "uint8": np.uint8(2), "0-d": np.array(True)[()], "Fraction": Fraction(3, 4),
}  # fmt: skip


@pytest.mark.parametrize("kind", SCALARS)
@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_with_other_scalars(name: str, kind: str) -> None:
    """NumPy's bools count as Python's do, and narrow numbers as the float that they are: eagerly and under jit."""
    f, b = ARITHMETIC[name], SCALARS[kind]
    fast = jit(lambda x: f(x, b))
    for x in (1.5, 0.75, 3.0) if "**" in name else (1.5, 0.75, -0.5, 3.0):
        u, v, w = Value(x), Value(x), Value(x)
        expected = f(u, bool(b) if isinstance(b, np.bool_) else float(b))
        for got, leaf in ((f(v, b), v), (fast(w), w)):
            assert type(got) is Value
            assert got.data == pytest.approx(expected.data, rel=1e-14)
            assert gradients(got, [leaf]) == pytest.approx(gradients(expected, [u]), rel=1e-14)


@pytest.mark.parametrize(
    "f", [lambda x, b: (x * 1.0).data * b + x, lambda x, b: b / (x * 1.0).data + x], ids=["*", "/"]
)
@pytest.mark.parametrize("kind", SCALARS)
def test_arithmetic_with_a_number_out_of_a_value(kind: str, f: Callable[[Any, Any], Any]) -> None:
    """It is that of the float; NumPy rounds to narrow numbers then, which is answered eagerly, with one warning."""
    b = SCALARS[kind]
    fast = jit(lambda x: f(x, b))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for x in (1.5, 0.7, 3.1, -1.0):
            assert number(fast(x)) == pytest.approx(f(Value(x), b).data, rel=1e-15)
    assert len(caught) == (kind in {"float32", "float16"})


@pytest.mark.parametrize("kind", SCALARS)
@pytest.mark.parametrize("name", ARITHMETIC)
def test_other_scalars_as_arguments(name: str, kind: str) -> None:
    """They are arguments as the float is: alone, in lists and tuples, and with derivatives."""
    if name == "Value":
        return  # of a Value
    f, b = ARITHMETIC[name], SCALARS[kind]
    alone, listed = jit(f), jit(lambda both: f(*both))
    for x in (1.5, 0.75, 3.0):
        expected = f(Value(x), constant(float(b)))
        for got in (alone(Value(x), b), alone(x, b), listed([x, b]), listed((Value(x), b))):
            assert number(got) == pytest.approx(expected.data, rel=1e-14)
        u = Value(x)
        slope = gradients(f(u, constant(float(b))), [u])[0]
        assert number(value_and_grad(alone)(x, b)[1]) == pytest.approx(slope, rel=1e-14)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("way", ["call", "map", "mean", "value_and_grad", "list of arrays"])
def test_arrays_of_every_kind(dtype: Any, way: str) -> None:
    """An array of bools, ints or narrow floats is computed with in 64-bit floats, its self-check included."""
    w = [Value(0.5), Value(0.3), Value(0.1)]
    rng = np.random.default_rng(0)
    X = (rng.uniform(0.0, 100.0, (4, 3)) > 50.0) if dtype is bool else rng.uniform(0.0, 100.0, (4, 3)).astype(dtype)

    def f(x: Any) -> Any:
        return ag.dot(w, [v / 255.0 for v in x]) if isinstance(x, (list, tuple)) else ag.dot(w, x / 255.0)

    rows = [sum(p.data * float(v) / 255.0 for p, v in zip(w, row, strict=True)) for row in X.tolist()]
    fast = jit(f)
    for _ in range(2):
        match way:
            case "call":
                assert [fast(row).data for row in X] == pytest.approx(rows, rel=1e-13)
            case "map":
                assert fast.map(X).tolist() == pytest.approx(rows, rel=1e-13)
            case "mean":
                assert fast.mean(X).data == pytest.approx(sum(rows) / 4, rel=1e-13)
            case "value_and_grad":
                for row, right in zip(X, rows, strict=True):
                    value, slope = value_and_grad(fast)(row)
                    assert number(value) == pytest.approx(right, rel=1e-13)
                    assert np.array(slope, float) == pytest.approx([p.data / 255.0 for p in w], rel=1e-13)
            case _:
                assert fast.map([list(row) for row in X]).tolist() == pytest.approx(rows, rel=1e-13)


def test_early_stop_by_a_numpy_bool() -> None:
    """A comparison of NumPy's numbers decides a branch beside Values as a bool does."""
    limit = np.array([0.5, 2.0])

    def f(x: Any) -> Any:
        stop = limit[0] > 1.0
        return x * 2.0 if stop == True else x * 3.0  # noqa: E712

    fast = jit(f)
    assert [fast(1.0), fast(2.0)] == [3.0, 6.0]
    assert (Value(1.0) == np.True_) is True
    assert cast(object, np.True_ == Value(1.0)) is True
    assert cast(object, np.False_ < Value(1.0)) is True
    assert (Value(1.0) != np.False_) is True


@pytest.mark.parametrize("pair", [*itertools.combinations([0.1, np.float32(0.1), Fraction(1, 10), np.float16(0.1)], 2)])
def test_a_node_compared_with_several(pair: tuple[Any, Any]) -> None:
    """Comparisons of one node with numbers that are nearly equal stay apart."""
    p, q = pair
    fast = jit(lambda x: x * (1.0 * (x <= p) + 2.0 * (x <= q) + 4.0 * (x >= p) + 8.0 * (x >= q)))
    for x in near(Fraction(1, 10)):
        code = [decided(compare, x, other, True) for compare in (operator.le, operator.ge) for other in (p, q)]
        right = x * sum(2.0**k for k, holds in enumerate(code) if holds)
        with np.errstate(all="ignore"):
            got = number(fast(x))
        assert got == right or (got != got and right != right), x
