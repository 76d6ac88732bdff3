"""NumPy beside Values: arrays on either side, NumPy's functions, what it looks up, compares, and has no loop for."""

from __future__ import annotations

import math
import operator
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
import pytest
from spelling import spelled

import autograd as ag
from autograd import Value, grad, gradients, hessian, jacobian, jit, jvp, primitive, value_and_grad, vjp
from autograd.ufuncs import meaning_of
from autograd.value import number

Function = Callable[..., Any]

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SECTION = README[README.index("## NumPy beside Values") :].split("\n## ")[0]

X, Y = X0, Y0 = np.array([0.1, 0.5, 1.0, 2.0]), np.array([1.0, 2.0, 3.0, 4.0])

ARITHMETIC: dict[str, Function] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    "%": operator.mod, "//": operator.floordiv,
}  # fmt: skip
COMPARISONS: dict[str, Function] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip

each_operator = pytest.mark.parametrize("symbol", ARITHMETIC)
each_comparison = pytest.mark.parametrize("symbol", COMPARISONS)


class Tagged(np.ndarray[Any, Any]):
    """An array of a class of its own, which claims to go first."""

    __array_priority__ = 1000.0


class Duck(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of another library, which answers to NumPy's functions itself."""

    def __init__(self, held: Any) -> None:
        self.held = held
        self.ndim = 1

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return Duck(getattr(ufunc, method)(*[x.held if isinstance(x, Duck) else x for x in inputs], **options))


def other(held: Any) -> Any:
    """Such an array, and to type checkers anything."""
    return Duck(held)


def lone(x: float) -> Any:
    """A Value, and to type checkers anything: NumPy's stubs do not know what its functions make of one."""
    return Value(x)


ARRAYS: dict[str, Any] = {
    "float64": np.array([0.5, 1.0, 2.0, 3.0]),
    "float32": np.array([0.5, 1.25, 2.0], np.float32),
    "float16": np.array([0.5, 1.25], np.float16),
    "longdouble": np.array([0.5, 1.25], np.longdouble),
    "int64": np.array([1, 2, 3]),
    "uint8": np.array([1, 2, 3], np.uint8),
    "bool": np.array([True, True]),
    "object": np.array([0.5, np.float64(1.5), 2, np.float32(0.25), np.longdouble(0.5)], object),
    "Values": np.array([Value(0.5), 1.5, Value(2.5)], object),
    "two axes": np.array([[0.5, 1.0, 1.5], [2.0, 2.5, 3.0]]),
    "Fortran's order": np.asfortranarray([[0.5, 1.0, 1.5], [2.0, 2.5, 3.0]]),
    "strided": np.arange(1.0, 9.0)[::-2],
    "read-only": np.broadcast_to(np.array([1.5]), (3,)),
    "one element": np.array([2.0]),
    "empty": np.zeros((0, 3)),
    "empty objects": np.zeros(0, object),
    "subclass": np.array([0.5, 1.5]).view(Tagged),
}

each_array = pytest.mark.parametrize("kind", ARRAYS)


def numbers(array: Any) -> Any:
    """The numbers of an array of Values."""
    return np.array([number(x) for x in np.ravel(array)], float).reshape(np.shape(array))


# --- Arithmetic -------------------------------------------------------------------------------------------------------


@each_operator
@each_array
def test_an_operator_takes_an_array_element_by_element(kind: str, symbol: str) -> None:
    """An array of objects of its shape, each the node that the operator makes of the Value and the element alone."""
    compute, array = ARITHMETIC[symbol], ARRAYS[kind]
    for x in (Value(1.5), Value(2.0)):
        for is_left in (True, False):
            got = compute(x, array) if is_left else compute(array, x)
            assert isinstance(got, np.ndarray)
            assert got.dtype == object
            assert got.shape == array.shape
            for node, a in zip(got.flat, array.flat, strict=True):
                alone = a if isinstance(a, Value) else float(a)
                expected = compute(x, alone) if is_left else compute(alone, x)
                assert type(node) is Value
                assert node.data == expected.data
                assert gradients(node, [x]) == gradients(expected, [x])


@each_operator
def test_a_subclass_stays_one(symbol: str) -> None:
    """The class of the array is kept, whatever priority it claims, as NumPy's own operations do."""
    compute, array = ARITHMETIC[symbol], np.array([0.5, 1.5]).view(Tagged)
    assert type(compute(Value(2.0), array)) is type(compute(array, Value(2.0))) is Tagged


@each_operator
def test_an_array_without_axes_counts_as_its_number(symbol: str) -> None:
    """Of floats, ints, bools, or with a Value in it: the result is a Value, not an array."""
    compute, x = ARITHMETIC[symbol], Value(2.0)
    box = np.empty((), object)
    box[()] = Value(3.0)
    for array in (np.array(3.0), np.array(3), np.array(3.0, np.float32), np.array(3.0).view(Tagged), box):
        left, right = compute(array, x), compute(x, array)
        assert type(left) is type(right) is Value
        assert (left.data, right.data) == (compute(3.0, 2.0), compute(2.0, 3.0))
        assert left.parents[1] is right.parents[0] is x


@each_operator
def test_what_an_element_raises_is_raised(symbol: str) -> None:
    """The exception of the element, with no other behind it."""
    if symbol in {"/", "%", "//"}:
        for operands in ((Value(1.0), np.array([1.0, 0.0])), (np.array([1.0, 2.0]), Value(0.0))):
            with pytest.raises(ZeroDivisionError, match="outside the domain y != 0") as caught:
                ARITHMETIC[symbol](*operands)
            assert caught.value.__context__ is None or caught.value.__suppress_context__
    for bad, kind in (("a", "str"), (None, "NoneType"), (1j, "complex"), ([1.0], "list")):
        array = np.empty(2, object)
        array[:] = [1.0, 0.0]
        array[1] = bad
        with pytest.raises(TypeError, match=f"expected a Value or a real number, got {kind}"):
            ARITHMETIC[symbol](Value(1.0), array)
        if symbol != "%" or kind != "str":  # where text % v formats
            with pytest.raises(TypeError, match=f"expected a Value or a real number, got {kind}"):
                ARITHMETIC[symbol](array, Value(1.0))


def test_broadcasting() -> None:
    """A Value beside an array is a number; arrays of Values are broadcast as any are, or refused as any are."""
    x = Value(2.0)
    table = (x * X)[:, None] - Y[None, :]
    assert table.shape == (4, 4)
    assert numbers(table) == pytest.approx((2.0 * X)[:, None] - Y[None, :])
    with pytest.raises(ValueError, match="could not be broadcast"):
        (x * X) + np.ones(3)
    with pytest.raises(ValueError, match="could not be broadcast|shape mismatch"):
        ag.maximum(x * X, np.ones(3))


def test_the_constructor_refuses_arrays() -> None:
    """Of any size: a Value is a number; and so do the functions of sequences, whose elements are numbers."""
    arrays: list[Any] = [np.array([1.0, 2.0]), np.array([1.0]), np.array(1.0)]
    for array in arrays:
        with pytest.raises(TypeError, match=r"^Value: expected a real number, got ndarray$"):
            Value(array)
        with pytest.raises(TypeError, match=r"^sum: expected a Value or a real number, got ndarray$"):
            ag.sum([Value(1.0), array])


@each_operator
@pytest.mark.parametrize("dtype", [float, np.float32, int])
def test_in_place_beside_numbers_is_refused(symbol: str, dtype: Any) -> None:
    """``A += v`` on an array of numbers, which cannot hold Values, names ``A = A + v``; A is as it was."""
    compute: Function = getattr(operator, f"i{ARITHMETIC[symbol].__name__}")
    for array in (np.ones(3, dtype), np.ones((), dtype)):
        with pytest.raises(TypeError, match=re.escape(f"say A = A {symbol} v")):
            compute(array, Value(2.0))
        assert (array == 1).all()


@each_operator
def test_in_place_beside_objects(symbol: str) -> None:
    """An array of objects holds Values: the same array afterwards, with the results in it."""
    compute: Function = getattr(operator, f"i{ARITHMETIC[symbol].__name__}")
    for array in (np.array([1.0, 2.0], object), np.array([Value(1.0), Value(2.0)])):
        x, expected = Value(2.0), ARITHMETIC[symbol](array, 2.0)
        assert compute(array, x) is array
        assert numbers(array).tolist() == numbers(expected).tolist()
        assert all(node.parents[1] is x for node in array)


def test_in_place_on_a_value_makes_an_array() -> None:
    """``v += A`` is ``v = v + A``; and a number of NumPy's adds up Values as a float does."""
    x: Any = Value(2.0)
    held = x
    x += Y
    assert numbers(x).tolist() == [3.0, 4.0, 5.0, 6.0]
    assert held.data == 2.0
    total: Any = np.float64(0.0)
    for y in Y:
        total += y * held
    assert gradients(total, [held]) == [10.0]


# --- Comparisons ------------------------------------------------------------------------------------------------------


@each_comparison
@each_array
def test_comparisons_give_bools(kind: str, symbol: str) -> None:
    """On either side: an array of bools, as the numbers alone give it; of an array without axes a bool."""
    compare, array = COMPARISONS[symbol], ARRAYS[kind]
    plain = numbers(array)
    for x in (0.5, 1.5, math.nan):
        left, right = (compare(Value(x), array), compare(x, plain)), (compare(array, Value(x)), compare(plain, x))
        for got, expected in (left, right):
            assert got.dtype == bool
            assert got.tolist() == expected.tolist()
    for x in (1.5, 2.0):
        assert compare(Value(x), np.array(2.0)) is compare(x, 2.0)
        assert compare(np.array(2.0), Value(x)) is compare(2.0, x)


def test_a_mask_is_a_mask() -> None:
    """``X[X < v]``, ``(X < v) * v``, ``~(X < v)``."""
    x = lone(0.7)
    assert X[X < x].tolist() == [0.1, 0.5]
    assert X[~(X < x)].tolist() == [1.0, 2.0]
    assert gradients(((X < x) * x).sum(), [x]) == [2.0]


@each_comparison
def test_integers_are_compared_exactly(symbol: str) -> None:
    """As Python compares them with the float, which is no 2**53 + 1."""
    x, array = float(2**53), np.array([2**53 - 1, 2**53, 2**53 + 1])
    assert COMPARISONS[symbol](Value(x), array).tolist() == [COMPARISONS[symbol](x, n) for n in array.tolist()]
    assert COMPARISONS[symbol](array, Value(x)).tolist() == [COMPARISONS[symbol](n, x) for n in array.tolist()]


# --- What is refused --------------------------------------------------------------------------------------------------


def unfit() -> dict[str, Any]:
    """Arrays that no Value may stand beside, by the words that name the way out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a matrix is not for new code
        matrix = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    return {
        "a matrix, whose": matrix,
        "a masked array, which would lose gradients": np.ma.masked_array(X, [False, True, False, True]),
        "complex128: take its .real and .imag": X * 1j,
        "datetime64[D]: make numbers of it": np.array(["2020-01-01"], "M8[D]"),
        "timedelta64[s]: make numbers of it": np.array([1, 2], "m8[s]"),
        "<U1: make numbers of it with .astype(float)": np.array(["1", "2"]),
        "|S1: make numbers of it with .astype(float)": np.array([b"1"]),
        "take its fields one by one": np.array([(1, 2.0)], [("a", int), ("b", float)]),
    }


UNFIT = unfit()
each_unfit = pytest.mark.parametrize("way_out", UNFIT)
OLD = tuple(int(part) for part in np.__version__.split(".")[:2]) < (1, 25)
"""Whether NumPy answers ``==`` itself where it fails: with a warning, and False."""


@each_unfit
@each_operator
def test_other_arrays_are_refused(symbol: str, way_out: str) -> None:
    """Matrix, masked, complex, dates, text, records: a TypeError on either side, and in place, that names a way out."""
    array, x = UNFIT[way_out], Value(2.0)
    in_place: Function = getattr(operator, f"i{ARITHMETIC[symbol].__name__}")
    with pytest.raises(TypeError, match=re.escape(way_out)):
        ARITHMETIC[symbol](x, array)
    if isinstance(array, np.matrix) and symbol == "**":
        return  # a product of matrices
    with pytest.raises(TypeError, match=re.escape(way_out)):
        ARITHMETIC[symbol](array, x)
    with pytest.raises(TypeError, match=re.escape(way_out)):
        in_place(array.copy(), x)


@each_unfit
@each_comparison
def test_other_arrays_are_not_compared(symbol: str, way_out: str) -> None:
    """Nor is anything equal to them in silence."""
    array, x = UNFIT[way_out], Value(2.0)
    with pytest.raises(TypeError, match=re.escape(way_out)):
        COMPARISONS[symbol](x, array)
    if symbol in {"==", "!="} and (OLD or array.dtype.names):
        return  # NumPy has the word
    with pytest.raises(TypeError, match=re.escape(way_out)):
        COMPARISONS[symbol](array, x)


@each_unfit
def test_functions_refuse_other_arrays(way_out: str) -> None:
    """NumPy's and ours alike."""
    array, x = UNFIT[way_out], lone(2.0)
    attempts: list[Callable[[], object]] = [
        lambda: ag.exp(array), lambda: ag.maximum(array, x), lambda: ag.maximum(x, array),
        lambda: ag.where(array, x, x), lambda: ag.clip(x, array, 1.0), lambda: np.maximum(array, x),
        lambda: np.arctan2(x, array),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(TypeError, match=re.escape(way_out)):
            attempt()


@pytest.mark.parametrize("function", [np.ma.exp, np.ma.add, np.ma.maximum, np.ma.less], ids=spelled)
def test_masked_functions_are_refused(function: Function) -> None:
    """Those of numpy.ma do not ask a Value; they read its data, which is refused."""
    with pytest.raises(TypeError, match="masked array, which would lose gradients"):
        function(Value(1.0), *([X] if function is not np.ma.exp else []))


def test_a_value_has_no_masked_data_to_anybody_else() -> None:
    """What masked arrays read is no attribute otherwise."""
    assert not hasattr(Value(1.0), "_data")
    with pytest.raises(AttributeError, match="'Value' object has no attribute '_data'"):
        _ = Value(1.0)._data  # type: ignore[attr-defined]


@each_operator
def test_numpy_s_other_scalars_are_refused(symbol: str) -> None:
    """A date, a span of time, a complex number, text: no real numbers, and none is made of them."""
    for scalar in (np.timedelta64(1, "s"), np.timedelta64(1, "ns"), np.datetime64("2020-01-01"), np.complex128(1j)):
        for left, right in ((Value(2.0), scalar), (scalar, Value(2.0))):
            with pytest.raises(TypeError, match=f"expected a Value or a real number, got {type(scalar).__name__}$"):
                ARITHMETIC[symbol](left, right)
        assert (Value(1.0) == scalar) is False
        assert (scalar != Value(1.0)) is True
        with pytest.raises(TypeError):
            _ = scalar < Value(1.0)


PLAIN_CALLS_ONLY: dict[str, Function] = {
    "out=": lambda v: np.multiply(X, v, out=np.zeros(4)),
    "out= of objects": lambda v: np.multiply(X, v, out=np.zeros(4, object)),
    "out= of a Value": lambda v: np.multiply(X, 2.0, out=v),
    "where=": lambda v: np.multiply(X, v, where=X > 1.0),
    "dtype=": lambda v: np.multiply(X, v, dtype=object),
    "casting=": lambda v: np.exp(v, casting="unsafe"),
    ".at": lambda v: np.add.at(np.zeros(3), [0], v),
    ".at of objects": lambda v: np.add.at(np.zeros(3, object), [0], v),
    ".outer": lambda v: np.multiply.outer(X, v),
    ".outer, reflected": lambda v: np.multiply.outer(v, X),
    ".reduce": lambda v: np.add.reduce(v),
    ".accumulate": lambda v: np.add.accumulate(v),
    ".reduceat": lambda v: np.add.reduceat(v, [0]),
    "np.sum": lambda v: np.sum(v),
    "@": lambda v: v @ X,
    "@, reflected": lambda v: X @ v,
    "divmod": lambda v: divmod(v, X),
    "&": lambda v: (X > 1.0) & v,
}


@pytest.mark.parametrize("way", PLAIN_CALLS_ONLY)
def test_numpy_is_refused_otherwise_than_by_plain_calls(way: str) -> None:
    """A TypeError that says what was expected, and what to say instead."""
    with pytest.raises(TypeError, match=r"^np\.\w+(\.\w+)?: expected .*say "):
        PLAIN_CALLS_ONLY[way](Value(2.0))


# --- NumPy's functions of a Value -------------------------------------------------------------------------------------

UFUNCS: dict[str, Any] = {
    name: found
    for name, found in vars(np).items()
    if isinstance(found, np.ufunc) and name == found.__name__ and not found.signature
}
TRUTHS = {"isnan", "isfinite", "isinf", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
FLAT = {"floor", "ceil", "trunc", "rint", "sign", "floor_divide"}
REFUSED = {
    *("bitwise_and", "bitwise_count", "bitwise_or", "bitwise_xor", "copysign", "divmod", "fmax", "fmin", "frexp"),
    *("gcd", "heaviside", "invert", "isnat", "lcm", "ldexp", "left_shift", "logaddexp2", "logical_and", "logical_not"),
    *("logical_or", "logical_xor", "modf", "nextafter", "right_shift", "signbit", "spacing"),
}


def point(name: str) -> float:
    """A number in the domain of a function."""
    return 1.75 if name == "arccosh" else 0.375


@pytest.mark.parametrize("name", sorted(UFUNCS.keys() - REFUSED))
def test_a_function_of_numpy_s_is_our_row(name: str) -> None:
    """Alone, with a number or an array on either side: NumPy's number, and a derivative that fits it."""
    ufunc, x = UFUNCS[name], point(name)
    cases: list[Function] = [ufunc]
    if ufunc.nin == 2:
        cases = [
            lambda v: ufunc(v, 2.3), lambda v: ufunc(2.3, v), lambda v: ufunc(v, np.array([0.5, 2.3]))[1],
            lambda v: ufunc(np.array([2.3, 0.5]), v)[0], lambda v: ufunc(np.float64(2.3), v), lambda v: ufunc(v, v),
            lambda v: ufunc(v, np.array(2.3)),
        ]  # fmt: skip
    for f in cases:
        v = Value(x)
        out = f(v)
        if name in TRUTHS:
            assert out is bool(f(x)) or (isinstance(out, np.bool_) and out == f(x))
            continue
        assert isinstance(out, Value)
        assert out.data == pytest.approx(float(f(x)), rel=1e-15, abs=1e-16)
        h = 0.0 if name in FLAT else 1e-6
        slope = (float(f(x + h)) - float(f(x - h))) / 2e-6
        assert gradients(out, [v])[0] == pytest.approx(slope, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", sorted(REFUSED & UFUNCS.keys()))
def test_a_function_that_is_none_of_ours_names_one(name: str) -> None:
    """A TypeError, with a Value in any place, that says what there is instead."""
    ufunc = UFUNCS[name]
    for place in range(ufunc.nin):
        operands: list[Any] = [2] * ufunc.nin
        operands[place] = Value(0.5)
        with pytest.raises(TypeError, match=rf"^np\.{name}: expected numbers, got a Value; say .*v\.item\(\)"):
            ufunc(*operands)


def test_every_function_of_numpy_s_has_its_answer() -> None:
    """A new one in NumPy is named here before it is ours or refused."""
    refused = {name for name, ufunc in UFUNCS.items() if meaning_of(ufunc) is None}
    assert refused == REFUSED & UFUNCS.keys()


def test_a_function_of_scipy_s() -> None:
    """Functions of other libraries are known by their names; one that is not is refused."""

    def named(name: str) -> Any:
        kind = type("ufunc", (), {"__name__": name, "types": ["d->d"]})
        return kind()

    ours: dict[str, Function] = {"expit": ag.sigmoid, "erf": ag.erf, "erfc": ag.erfc, "xlogy": ag.xlogy}
    for name, function in ours.items():
        operands = (lone(0.5), 2.0)[: 2 if name == "xlogy" else 1]
        out = Value.__array_ufunc__(operands[0], named(name), "__call__", *operands)
        assert out.data == function(*operands).data
    with pytest.raises(TypeError, match=r"^np\.gamma: expected numbers, got a Value; say autograd\.exp, "):
        Value.__array_ufunc__(Value(0.5), named("gamma"), "__call__", Value(0.5))


def test_python_functions_made_into_numpy_s() -> None:
    """np.frompyfunc and np.vectorize call a Python function with Values: they do not lose them."""
    square = np.frompyfunc(lambda x: x * x, 1, 1)
    product = np.frompyfunc(lambda x, y: x * y, 2, 1)
    x = Value(3.0)
    assert gradients(square(x), [x]) == [6.0]
    assert [gradients(out, [x]) for out in product(x, Y)] == [[y] for y in Y]
    assert gradients(np.vectorize(lambda x: x * x)(x)[()], [x]) == [6.0]
    with pytest.raises(TypeError, match="lose its gradient in silence"):
        np.frompyfunc(math.exp, 1, 1)(x)


def test_numpy_asks_with_its_own_arguments() -> None:
    """np.clip, np.round and the like of a Value are our rows, though no ufunc."""
    for x, out, slope in ((0.5, 0.5, 1.0), (2.0, 1.0, 0.0), (1.0, 1.0, 1.0)):
        v = lone(x)
        node = np.clip(v, 0.0, 1.0)
        assert isinstance(node, Value)
        assert (node.data, gradients(node, [v])) == (out, [slope])
    assert np.round(lone(2.5)).data == 2.0
    assert np.abs(lone(-2.5)).data == 2.5
    assert np.dot(lone(2.0), lone(3.0)).data == 6.0
    norm: Any = np.linalg.norm(lone(-3.0))
    assert norm.data == 3.0
    assert numbers(np.dot(lone(2.0), X)).tolist() == (2.0 * X).tolist()
    with pytest.raises(TypeError, match=r"^clip: expected no out=, got ndarray$"):
        Value(2.0).clip(0.0, 1.0, out=np.zeros(()))  # type: ignore[arg-type]


def test_arrays_of_another_library_have_their_turn() -> None:
    """What answers to NumPy's functions itself does so, on either side."""
    x, duck = lone(2.0), other(np.array([1.0, 3.0]))
    for out in (x * duck, duck * x, np.multiply(x, duck), np.multiply(duck, x)):
        assert isinstance(out, Duck)
        assert numbers(out.held).tolist() == [2.0, 6.0]
        assert gradients(out.held[1], [x]) == [3.0]
    assert isinstance(ag.maximum(x, duck), Duck)


# --- Our functions of arrays ------------------------------------------------------------------------------------------

OF_ONE: dict[str, Function] = {
    name: getattr(ag, name)
    for name in (
        *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos", "tan", "sinc", "asin", "acos"),
        *("atan", "sinh", "cosh", "tanh", "asinh", "atanh", "sigmoid", "softplus", "softsign", "log_sigmoid", "relu"),
        *("relu6", "hardtanh", "silu", "gelu", "erf", "erfc", "floor", "ceil", "trunc", "sign", "leaky_relu", "elu"),
        *("abs", "round", "stop_gradient"),
    )
}
OF_TWO: dict[str, Function] = {
    **{name: getattr(ag, name) for name in ("maximum", "minimum", "atan2", "logaddexp", "xlogy", "pow", "hypot")},
    "leaky_relu": ag.leaky_relu, "elu": ag.elu,
}  # fmt: skip


@primitive(lambda out, x, y: (3.0 * x * x * y, x * x * x))
def cubic(x: Any, y: Any) -> Any:
    """An operation of one's own."""
    return x * x * x * y


@pytest.mark.parametrize("name", OF_ONE)
def test_our_functions_of_one_number_map_over_arrays(name: str) -> None:
    """Of floats an array of floats, of Values an array of their nodes, in the array's shape; mixed ones too."""
    f = OF_ONE[name]
    plain = np.array([[0.25, 0.5, 0.75], [0.125, 0.375, 0.625]])
    out = f(plain)
    assert out.dtype == float
    assert out.tolist() == [[f(x) for x in row] for row in plain.tolist()]
    mixed = plain.astype(object)
    v = mixed[1, 1] = Value(0.375)
    found = f(mixed)
    assert found.shape == (2, 3)
    assert numbers(found).tolist() == out.tolist()
    assert type(found[0, 0]) is float
    assert gradients(found[1, 1], [v]) == gradients(f(v), [v])
    assert f(np.array(0.25)) == f(0.25)
    assert type(f(np.array(0.25))) is float
    assert f(np.zeros((0, 2))).shape == (0, 2)
    if name in ("stop_gradient", "detach"):  # which take structures
        return
    with pytest.raises(TypeError, match="got list"):
        f([0.25, 0.5])


@pytest.mark.parametrize("name", OF_TWO)
def test_our_functions_of_two_numbers_are_broadcast(name: str) -> None:
    """Array and number, array and Value, array and array, on either side."""
    f, v = OF_TWO[name], Value(0.75)
    a, b = np.array([0.25, 0.5, 0.625]), np.array([[0.375], [0.875]])
    assert f(a, 0.75).tolist() == [f(x, 0.75) for x in a.tolist()]
    assert f(0.75, a).tolist() == [f(0.75, x) for x in a.tolist()]
    assert f(a, b).tolist() == [[f(x, y) for x in a.tolist()] for y in b.ravel().tolist()]
    for got, expected in ((f(a, v), [f(x, v) for x in a.tolist()]), (f(v, a), [f(v, x) for x in a.tolist()])):
        assert got.dtype == object
        assert [x.data for x in got] == [x.data for x in expected]
        assert [gradients(x, [v]) for x in got] == [gradients(x, [v]) for x in expected]


def test_other_functions_map_too() -> None:
    """clip, where, primitives; and Value's methods of a further operand."""
    v = lone(0.5)
    assert [x.data for x in ag.clip(v, np.array([0.0, 1.0]), 2.0)] == [0.5, 1.0]
    assert ag.clip(X, 0.25, 1.5).tolist() == [0.25, 0.5, 1.0, 1.5]
    chosen = ag.where(X < v, v, Y)
    assert [number(x) for x in chosen] == [0.5, 2.0, 3.0, 4.0]
    assert ag.where(X < 0.7, X, -X).tolist() == [0.1, 0.5, -1.0, -2.0]
    assert ag.where(np.array([True, False]), 1.0, 2.0).tolist() == [1.0, 2.0]  # type: ignore[attr-defined]
    out = cubic(X, v)
    assert [gradients(x, [v])[0] for x in out] == [x**3 for x in X.tolist()]
    methods: list[Function] = [
        v.maximum, v.minimum, v.atan2, v.logaddexp, v.hypot, v.fmod, v.elu, v.leaky_relu, v.arctan2, v.xlogy,
        lambda lo: v.clip(lo, 3.0),
    ]  # fmt: skip
    for method in methods:
        assert [x.data for x in method(X)] == [method(x).data for x in X.tolist()]


def test_norm_and_products_of_arrays_are_values() -> None:
    """norm, dot and @ over arrays of Values, by NumPy and by our functions, with gradients."""
    a: Any = np.array([Value(x) for x in (1.0, 2.0, 4.0)])
    for out in (np.linalg.norm(a), ag.norm(a), np.sqrt(a @ a), np.sqrt(np.dot(a, a)), np.sqrt((a**2).sum())):
        assert isinstance(out, Value)
        assert gradients(out, a) == pytest.approx([x / math.sqrt(21.0) for x in (1.0, 2.0, 4.0)])
    weights = np.array([3.0, 5.0, 7.0])
    products = (
        a @ weights,
        weights @ a,
        np.dot(weights, a),
        ag.dot(weights, a),
        ag.dot(a, weights),
        np.inner(a, weights),
    )
    for out in products:
        assert isinstance(out, Value)
        assert gradients(out, a) == [3.0, 5.0, 7.0]
    assert gradients(a.std(), a) == pytest.approx(grad(lambda x: (((x - x.mean()) ** 2).mean()) ** 0.5)(numbers(a)))


# --- Over arrays of objects alone -------------------------------------------------------------------------------------

LOOKED_UP = {
    *("arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "conjugate", "cos", "cosh"),
    *("deg2rad", "degrees", "exp", "exp2", "expm1", "fabs", "fmod", "hypot", "log", "log10", "log1p", "log2"),
    *("rad2deg", "radians", "rint", "sin", "sinh", "sqrt", "tan", "tanh"),
}
"""The functions for which NumPy looks up a method of that name: Value has it."""
NOT_OURS = {"bitwise_count", "logical_xor", "vecdot"}
"""Those whose method Value has not, since it is no operation of real numbers; vecdot looks up ``conjugate``."""
COMPARING = {"fmax", "fmin", "maximum", "minimum", "sign"}
"""The functions for which NumPy compares, and no more: at a tie all goes to one side, nan is lost, jit has paths."""
NO_LOOP = {
    *("copysign", "divmod", "float_power", "frexp", "heaviside", "isfinite", "isinf", "isnan", "isnat", "ldexp"),
    *("logaddexp", "logaddexp2", "modf", "nextafter", "signbit", "spacing"),
}
"""The functions that NumPy has not for objects at all."""
COMPARES_TOO: dict[str, Function] = {
    "sort": np.sort, "argsort": np.argsort, "max": np.max, "min": np.min, "argmax": np.argmax, "argmin": np.argmin,
    "where": lambda a: np.where(a, a, a), "clip": lambda a: np.clip(a, a, a), "median": np.median, "ptp": np.ptp,
}  # fmt: skip
NO_LINEAR_ALGEBRA = {"solve", "inv", "det", "slogdet", "eigh", "svd", "qr", "cholesky"}


class Probe:
    """An object that notes what it is asked for."""

    def __init__(self, log: list[str]) -> None:
        self.asked = log

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        raise AttributeError(name)


def noting(name: str) -> Function:
    """A special method that is noted."""

    def method(self: Probe, *_: object) -> Any:
        self.asked.append(name)
        return True if name == "__bool__" else self

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift"):
    setattr(Probe, f"__{_name}__", noting("operator"))
    setattr(Probe, f"__r{_name}__", noting("operator"))
for _name in ("neg", "pos", "abs", "invert", "floor", "ceil", "trunc"):
    setattr(Probe, f"__{_name}__", noting("operator"))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Probe, f"__{_name}__", noting("comparison"))
Probe.__bool__ = noting("__bool__")  # type: ignore[attr-defined]
Probe.__hash__ = object.__hash__  # type: ignore[method-assign]


def asked(function: Function, count: int) -> tuple[set[str], str]:
    """What NumPy asks two objects in an array for, and in what words it says that it has no loop, if it has none."""
    log: list[str] = []
    arrays = []
    for _ in range(count):
        array = np.empty(2, object)
        array[:] = [Probe(log), Probe(log)]
        arrays.append(array)
    log.clear()
    said = ""
    try:
        function(*arrays)
    except TypeError as error:
        said = str(error)
    except AttributeError:
        pass
    return {x for x in log if not x.startswith("__array") and x != "dtype"}, said


def test_what_numpy_looks_up_over_objects() -> None:
    """The list of methods, held against this NumPy; and Value has all of them."""
    special = {"operator", "comparison", "__bool__"}
    found = {
        name for name, ufunc in UFUNCS.items() if name not in {"gcd", "lcm"} and asked(ufunc, ufunc.nin)[0] - special
    }
    assert found - NOT_OURS == LOOKED_UP
    assert all(callable(getattr(Value, name)) for name in LOOKED_UP)


@pytest.mark.parametrize("name", sorted(LOOKED_UP))
def test_what_is_looked_up_is_our_row(name: str) -> None:
    """Over an array of Values: NumPy's numbers, and the derivatives of the function of a Value alone."""
    ufunc, rest = UFUNCS[name], (2.3,) * (UFUNCS[name].nin - 1)
    values = np.array([Value(point(name)), Value(point(name) + 0.125)])
    out = ufunc(values, *rest)
    assert out.dtype == object
    assert numbers(out) == pytest.approx(ufunc(numbers(values), *rest), rel=1e-15)
    for v, y in zip(values, out, strict=True):
        assert gradients(y, [v]) == gradients(ufunc(v, *rest), [v])


def test_what_numpy_only_compares_or_has_no_loop_for() -> None:
    """Both lists, held against this NumPy."""
    compares, none = set(), set()
    for name, ufunc in UFUNCS.items():
        if name in {"gcd", "lcm"} or name in TRUTHS - {"isnan", "isfinite", "isinf"}:
            continue
        seen, said = asked(ufunc, ufunc.nin)
        if "comparison" in seen:
            compares.add(name)
        if not seen and said:
            none.add(name)
    assert compares == COMPARING
    assert none == NO_LOOP
    for name, function in COMPARES_TOO.items():
        seen, _ = asked(function, 1)
        assert seen & {"comparison", "__bool__"}, name
    values = np.array([[Value(2.0), Value(1.0)], [Value(1.0), Value(3.0)]])
    for name in NO_LINEAR_ALGEBRA:
        with pytest.raises(TypeError):
            getattr(np.linalg, name)(*[values] * (2 if name == "solve" else 1))


def test_the_lists_are_documented() -> None:
    """README names each function that only compares or has no loop, and functions of ours for them."""
    table = SECTION[SECTION.index("| NumPy, over arrays of Values |") :]
    for name in (COMPARING | COMPARES_TOO.keys() | {"solve", "inv", "det"} | NO_LOOP) - {"isnat", "frexp", "spacing"}:
        assert re.search(rf"\b{name}\b", table), name
    named = re.findall(r"ag\.(\w+)", table)
    assert len(named) > 8
    assert all(callable(getattr(ag, name)) for name in named)


def test_a_tie_where_numpy_only_compares() -> None:
    """Why: all of the gradient goes to one side, where ours shares it."""
    a, b = np.array([Value(1.0)]), np.array([Value(1.0)])
    assert sorted(gradients(+np.maximum(a, b)[0], [a[0], b[0]])) == [0.0, 1.0]
    assert gradients(ag.maximum(a, b)[0], [a[0], b[0]]) == [0.5, 0.5]
    assert gradients(np.maximum(a[0], b)[0], [a[0], b[0]]) == [0.5, 0.5]  # a lone Value is asked


# --- Inside transforms, and jitted ------------------------------------------------------------------------------------

WEIGHTS = WEIGHTS0 = np.array([[0.5, -1.0, 0.25, 0.75], [1.5, 0.75, -0.5, -0.25]])


def accumulated(s: Any) -> Any:
    """In place, on an array of objects."""
    total = np.zeros(len(X), object)
    total += s
    total *= X
    total -= s * s
    return total.sum()


FUNCTIONS: dict[str, Function] = {
    "residuals": lambda s: ((Y - s * X) ** 2).sum(),
    "residuals, reflected": lambda s: ((Y - X * s) ** 2).mean(),
    "float32": lambda s: ((Y.astype(np.float32) - s * X.astype(np.float32)) ** 2).sum(),
    "integers": lambda s: (s * np.array([1, 2, 3]) ** 2 / np.array([2, 3, 4])).sum(),
    "powers": lambda s: (X**s).sum() + (s**X).sum() + (np.array([1, 2]) ** s).sum(),
    "quotients": lambda s: (X / s).sum() + (s / X).sum(),
    "remainders": lambda s: ((Y + 0.137) % s).sum() + (s % (X + 0.03)).sum() * s + (s // (X + 0.03)).sum() * s,
    "no axes": lambda s: s * np.array(2.0) + np.array(3) / s,
    "two axes": lambda s: ((s * X)[:, None] * Y[None, :] - s).sum(),
    "np.exp": lambda s: np.exp(-s * X).sum() * np.exp(-s),
    "np.arctan2": lambda s: np.arctan2(s * X, Y).sum() + np.arctan2(s, Y).sum() + np.arctan2(Y, s).sum(),
    "np.hypot": lambda s: np.hypot(s, Y).sum() + np.hypot(Y, s).sum(),
    "np.fmod": lambda s: np.fmod(-Y - 0.137, s).sum() + np.fmod(s, -Y).sum(),
    "np.maximum": lambda s: np.maximum(s, X).sum() * s,
    "ag.maximum": lambda s: ag.maximum(s * X, 0.5 * Y).sum() * s,
    "ag.clip": lambda s: ag.clip(s * X, 0.25, 1.0).sum() * s,
    "relu of a layer": lambda s: (ag.relu(WEIGHTS @ (s * X) + np.array([0.5, -0.5])) * s).sum(),
    "norm": lambda s: np.linalg.norm(s * X - Y),
    "standard deviation": lambda s: (s * s * X - Y).std() + (X / s).var(),
    "mask": lambda s: ((X < s) * (s - X)).sum() * s,
    "mask as index": lambda s: (s * X)[X < s].sum() * s,
    "not a mask": lambda s: (s * X)[~(X < s)].sum() * s,
    "masks": lambda s: (((X < s) & (Y > 1.5)) | (s == X)).sum() * s * s,
    "ag.where": lambda s: ag.where(X < s, s * X, s * s).sum(),
    "np.where": lambda s: np.where(X < s, s * X, s * s).sum(),
    "any": lambda s: s * s if (X > s).any() else s,
    "a number of NumPy's": lambda s: np.float64(2.0) * s / np.float32(4.0) * (s if np.float64(0.6) > s else s * s),
    "in place": accumulated,
    "sum of a list": lambda s: np.sum([s * x * s for x in X]),
    "cumulated": lambda s: (np.cumsum(s * X) * s).sum(),
    "cubic": lambda s: cubic(X, s * s).sum(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arrays_inside_transforms(name: str) -> None:
    """Value, gradient by every way, second derivative; eagerly, and jitted to the same numbers, without a warning."""
    f = FUNCTIONS[name]
    fast = jit(f)
    for s in (0.7, 0.3, 1.5, 0.7, 0.45):
        x = Value(s)
        out = f(x)
        out.backward()
        value, slope = value_and_grad(f)(s)
        assert value == out.data
        assert slope == pytest.approx(x.grad, rel=1e-13)
        assert jvp(f, (s,), (1.0,))[1] == pytest.approx(slope, rel=1e-12)
        assert vjp(f, s)[1](1.0)[0] == pytest.approx(slope, rel=1e-12)
        curvature = grad(grad(f))(s)
        assert hessian(f)(s) == pytest.approx(curvature, rel=1e-11, abs=1e-11)
        step = 1e-6
        differences = (f(Value(s + step)).data - f(Value(s - step)).data) / (2.0 * step)
        assert slope == pytest.approx(differences, rel=1e-6, abs=1e-6)
        assert value_and_grad(fast)(s) == (pytest.approx(value, rel=1e-13), pytest.approx(slope, rel=1e-12))
        assert number(fast(s)) == pytest.approx(value, rel=1e-13)
        assert grad(grad(fast))(s) == pytest.approx(curvature, rel=1e-11, abs=1e-11)


UNROLLED = {
    *("mask as index", "not a mask"),  # a path for each choice
    "cumulated",  # a scan over what was computed before
}


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - UNROLLED))
def test_arrays_roll(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program has lines for arrays, not for each of their elements: as many for 12 of them as for 36."""
    lines = []
    for times in (3, 9):
        for data, array in (("X", X0), ("Y", Y0), ("WEIGHTS", WEIGHTS0)):
            monkeypatch.setitem(globals(), data, np.tile(array, times))
        fast = jit(FUNCTIONS[name])
        fast(0.75)
        lines.append(len(fast.source.splitlines()))
    assert lines[1] <= lines[0]


def test_masks_beside_a_recorded_comparison_need_no_path() -> None:
    """``mask & (s > t)`` and its relatives, beside a truth value of NumPy's too: one program for all."""
    mask, true = Y > 1.5, np.True_
    f: Function = lambda s: (  # noqa: E731
        ag.where((mask & (s > 0.5)) | ((s > 1.0) ^ mask), s * X, s * s).sum() + ag.where(true & (s > 0.7), s, 2.0 * s)
    )
    fast = jit(f)
    for s in (0.3, 0.6, 0.8, 1.2):
        assert value_and_grad(fast)(s) == pytest.approx(value_and_grad(f)(s), rel=1e-14)
    [family] = fast.families.values()
    assert len(family.paths) == 1


def test_an_array_over_its_sum() -> None:
    """v / v.sum() inside grad, jacobian and hessian, and jitted."""
    x = np.array([1.0, 2.0, 3.0])
    expected = np.eye(3) / 6.0 - x[:, None] / 36.0

    def share(v: Any) -> Any:
        return v / v.sum()

    functions: list[Function] = [share, jit(share)]
    for f in functions:
        assert jacobian(f)(x) == pytest.approx(expected, rel=1e-12)
        assert grad(lambda v: f(v)[0])(x) == pytest.approx(expected[0], rel=1e-12)  # noqa: B023
        assert hessian(lambda v: f(v)[0])(x)[1, 2] == pytest.approx(2.0 / 216.0, rel=1e-10)  # noqa: B023


def test_several_arrays_as_arguments() -> None:
    """A number, the data and the targets: gradients by each, arranged as they are."""

    def loss(s: Any, x: Any, y: Any) -> Any:
        return ((y - s * x) ** 2).sum()

    for f in (loss, jit(loss)):
        by_s, by_x, by_y = grad(f, (0, 1, 2))(1.5, X, Y)
        rest = Y - 1.5 * X
        assert by_s == pytest.approx(-2.0 * (rest * X).sum())
        assert by_x == pytest.approx(-3.0 * rest)
        assert by_y == pytest.approx(2.0 * rest)


def test_captured_values_in_arrays() -> None:
    """Weights as arrays of Values around a jitted function are its variables, in arithmetic with lone Values too."""
    W = np.array([[Value(0.1), Value(-0.2)], [Value(0.3), Value(0.4)]])
    scale = Value(1.25)

    def layer(x: Any) -> Any:
        return ag.tanh(scale * (W @ (x * np.array([1.0, 2.0])))).sum()

    fast = jit(layer)
    for s in (0.5, 0.25):
        scale.data, W[0, 0].data = s + 1.0, s
        variables = [*W.ravel(), scale]
        expected = gradients(layer(Value(s)), variables)
        assert gradients(fast(Value(s)), variables) == pytest.approx(expected, rel=1e-13)


def test_numbers_out_of_values_beside_arrays() -> None:
    """``s.data`` is recorded without gradient, in our functions of arrays too."""
    f: Function = lambda s: (ag.maximum(X, s.data) * s + s.item() * X).sum()  # noqa: E731
    fast = jit(f)
    for s in (0.7, 0.3, 1.2):
        assert value_and_grad(fast)(s) == pytest.approx(value_and_grad(f)(s), rel=1e-14)


def test_results_without_axes_count_as_their_number() -> None:
    """What NumPy leaves in an array without axes is a single number to grad."""
    f: Function = lambda v: np.tensordot(v, Y, 1)  # noqa: E731
    assert isinstance(f(X.astype(object)), np.ndarray)
    assert grad(f)(X).tolist() == Y.tolist()
    assert value_and_grad(jit(f))(X)[0] == pytest.approx(float(X @ Y))


def test_what_is_refused_is_refused_when_jitted() -> None:
    """The same TypeErrors, in the same words."""

    def in_place(s: Any) -> Any:
        total = np.zeros(4)
        total += s * X[0]
        return total.sum()

    attempts: list[tuple[Function, str]] = [
        (in_place, r"say A = A \+ v"),
        (lambda s: (s * (X * 1j)).sum(), "take its .real and .imag"),
        (lambda s: np.add.reduce(s), "expected arrays, got a Value"),
        (lambda s: np.copysign(s, X).sum(), r"say autograd\.where"),
        (lambda s: math.exp(s), r"say autograd\.exp\(v\) instead of math\.exp\(v\)"),
        (lambda s: X[0] * [1.0, 2.0][s], r"say autograd\.take"),
    ]
    for f, words in attempts:
        for function in (f, jit(f)):
            with pytest.raises(TypeError, match=words):
                grad(function)(0.5)


# --- Without NumPy, and to type checkers ------------------------------------------------------------------------------


def test_nothing_here_imports_numpy() -> None:
    """Neither `import autograd` nor arithmetic, comparisons and refusals without arrays."""
    code = """
import sys, math
from autograd import Value, maximum, relu, where
v = Value(2.0)
(v * 2.0 + relu(v) - maximum(v, 1.0)).backward()
assert v > 1.0 and v != "a" and where(v > 1.0, v, 0.0).data == 2.0
for attempt in (lambda: v * "a", lambda: relu(None), lambda: math.exp(v), lambda: [1.0][v], lambda: maximum([1.0], v)):
    try:
        attempt()
    except TypeError:
        continue
    raise SystemExit("not refused")
assert "numpy" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_type_checkers_see_no_conversion() -> None:
    """Python finds float(v) and the like to exist, so that they can raise; whoever checks types finds them wrong."""
    v: Any = Value(1.0)
    assert isinstance(v, SupportsFloat)
    for attempt in (
        lambda: float(Value(1.0)),  # type: ignore[arg-type]
        lambda: math.exp(Value(1.0)),  # type: ignore[arg-type]
        lambda: int(Value(1.0)),  # type: ignore[call-overload]
        lambda: [1.0][Value(0.0)],  # type: ignore[call-overload]
    ):
        with pytest.raises(TypeError, match=r"\.item\(\)"):
            attempt()
