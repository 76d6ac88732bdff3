"""The road: plain numbers, lists and arrays in, the same kinds out, and no Value in between.

The oracles are the transforms of the function itself, steps into the complex plane, and formulas by hand in NumPy.
"""

from __future__ import annotations

import functools
import gc
import itertools
import math
import random
import sys
import threading
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from alike import alike, arrays_in

import autograd as ag
from autograd import (
    Value,
    debug,
    detect_anomaly,
    dot,
    grad,
    hessian,
    ieee,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    no_grad,
    tanh,
    value_and_grad,
    vjp,
)
from autograd.programs import TracingCheckError

RNG = np.random.default_rng(0)
GRADIENTS: dict[str, Callable[..., Callable[..., Any]]] = {
    "of a jitted function": lambda t, f, *a: t(jit(f), *a),
    "jitted": lambda t, f, *a: jit(t(f, *a)),
    "jitted of a jitted function": lambda t, f, *a: jit(t(jit(f), *a)),
    "jitted twice": lambda t, f, *a: jit(jit(t(f, *a))),
}
"""The ways to ask for a derivative that go straight."""
EACH_WAY = pytest.mark.parametrize("way", GRADIENTS)


class Pair(NamedTuple):
    """A matrix and what is added."""

    w: Any
    b: Any


class Numbers(list[Any]):
    """A list of the user's own."""


def loss(p: Any, x: Any, y: Any) -> Any:
    """A layer and its error, of a dict of a matrix and a vector."""
    h = [tanh(dot(row, x) + b) for row, b in zip(p["w"], p["b"], strict=True)]
    return sum([(a - t) ** 2 for a, t in zip(h, y, strict=True)])


def vector(p: Any, x: Any) -> Any:
    """Several numbers, of a named tuple."""
    return [dot(row, x) * b for row, b in zip(p.w, p.b, strict=True)]


def residuals(x: Any) -> Any:
    """Numbers of which each depends on two neighbours."""
    return [x[i + 1] - x[i] ** 2 for i in range(len(x) - 1)]


LAYER = ({"w": RNG.normal(size=(3, 4)), "b": RNG.normal(size=3)}, RNG.normal(size=4), RNG.normal(size=3))
LISTS = ({"w": LAYER[0]["w"].tolist(), "b": LAYER[0]["b"].tolist()}, LAYER[1].tolist(), tuple(LAYER[2].tolist()))


# --- Gradients --------------------------------------------------------------------------------------------


@EACH_WAY
@pytest.mark.parametrize("argnums", [0, 1, 2, -1, -3, (0,), (0, 1), (2, 0), (1, -1), (2, 0, 1), ()], ids=str)
@pytest.mark.parametrize("args", [LAYER, LISTS, (LAYER[0], LISTS[1], LISTS[2])], ids=["arrays", "lists", "both"])
def test_gradients_by_any_arguments(way: str, argnums: Any, args: Any) -> None:
    """Arranged as the arguments, in the order asked for; at the first call, at others, and at other numbers."""
    both, alone = GRADIENTS[way](value_and_grad, loss, argnums), GRADIENTS[way](grad, loss, argnums)
    for scale in (1.0, 1.0, 0.5):
        given = (args[0], args[1] * scale if isinstance(args[1], np.ndarray) else [scale * x for x in args[1]], args[2])
        expected = value_and_grad(loss, argnums)(*given)
        alike(both(*given), expected)
        alike(alone(*given), expected[1])


@EACH_WAY
def test_gradients_by_a_complex_step(way: str) -> None:
    """A gradient that is found without the rules: d f = Im f(x + ih) / h."""

    def f(x: Any) -> Any:
        return x[0] * x[1] ** 3 - x[2] / x[0] + x[3] ** 2 * x[1]

    x = RNG.uniform(0.5, 2.0, 4)
    found = GRADIENTS[way](grad, f)
    for _ in range(3):
        steps = [np.imag(f(x + 1e-30j * e)) / 1e-30 for e in np.eye(4)]
        alike(found(x), np.array(steps), rel=1e-13)
        x = x * 1.1


def test_a_network_by_hand() -> None:
    """The value and the gradient of a layer are those of three lines of NumPy."""
    p, x, y = LAYER
    step = value_and_grad(jit(loss), (0, 1))
    for _ in range(3):
        h = np.tanh(p["w"] @ x + p["b"])
        delta = 2 * (h - y) * (1 - h * h)
        value, (by_p, by_x) = step(p, x, y)
        alike(value, float(((h - y) ** 2).sum()))
        alike(by_p, {"w": np.outer(delta, x), "b": delta})
        alike(by_x, p["w"].T @ delta)
        p = {key: array - 0.1 * by_p[key] for key, array in p.items()}


def test_a_loop_without_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Descent over a dict of arrays by hand: once the function is known and checked no node is made."""
    p = {key: array.copy() for key, array in LAYER[0].items()}
    step = value_and_grad(jit(loss))
    costs = [step(p, *LAYER[1:])[0] for _ in range(3)]
    made: list[Any] = []
    monkeypatch.setattr("autograd.compiler.calls.compiled_node", lambda *args: made.append(args))
    for _ in range(100):
        cost, gradient = step(p, *LAYER[1:])
        costs.append(cost)
        for key in p:
            p[key] -= 0.1 * gradient[key]
    assert costs == sorted(costs, reverse=True)
    assert not made


# --- What may be given ------------------------------------------------------------------------------------


def product(x: Any) -> Any:
    """A number of a sequence of two."""
    return x[0] * x[1] + x[1]


ODD: dict[str, Any] = {
    "float32": np.array([2, 3], np.float32),
    "float16": np.array([2, 3], np.float16),
    "longdouble": np.array([2, 3], np.longdouble),
    "big-endian": np.array([2, 3], ">f8"),
    "int": np.array([2, 3]),
    "uint8": np.array([2, 3], np.uint8),
    "bool": np.array([True, False]),
    "Fortran order": np.asfortranarray(RNG.normal(size=(3, 4)))[0, :2],
    "strided": np.arange(10.0)[2:6:2],
    "reversed": np.arange(2.0)[::-1],
    "read-only": np.broadcast_to(np.float64(3.0), (2,)),
    "objects": np.array([2.0, 3.0], object),
    "a list of ints": [2, 3],
    "a list of bools": [True, False],
    "a list of NumPy's scalars": [np.float32(2.0), np.int64(3)],
    "a tuple": (2.0, 3),
    "a list of one's own": Numbers([2.0, 3.0]),
    "a huge int": [2**70, 3],
    "other numbers": {0: 2.0, 1: np.bool_(True)},
    "ordered": OrderedDict([(0, 2.0), (1, 3.0)]),
    "nested": {0: 2.0, 1: 3.0, "more": [(), {}, [[2**70, 1]], np.zeros((0, 3))]},
}


@EACH_WAY
@pytest.mark.parametrize("name", ODD)
def test_kinds_of_arguments(name: str, way: str) -> None:
    """Computed in float64; gradients are arranged alike, of float64 in C order; three times the same."""
    x = ODD[name]
    expected = value_and_grad(product)(x)
    found = GRADIENTS[way](value_and_grad, product)
    fast = jit(product)
    for _ in range(3):
        alike(found(x), (float(expected[0]), expected[1]))
        alike(fast(x), float(expected[0]))


@pytest.mark.parametrize("x", [2, 2.5, True, np.float32(2.5), np.int64(2), np.bool_(True), np.array(2.5)], ids=repr)
def test_single_numbers(x: Any) -> None:
    """All plain numbers take one way, which gives floats; arrays without axes give such."""
    fast, both = jit(lambda x: x * x), value_and_grad(jit(lambda x: x * x))
    for given in (x, 1.5, x):
        alike(fast(given), float(given) ** 2)
        slope = 2 * float(given)
        alike(both(given), (float(given) ** 2, np.array(slope) if isinstance(given, np.ndarray) else slope))
    assert len(fast.families.values()) <= 2


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)], ids=str)
def test_empty_arrays(shape: tuple[int, ...]) -> None:
    """They have no derivatives, of their shape."""
    both = value_and_grad(jit(lambda x, y: y * y + sum([e for row in x for e in np.ravel(row)])), (0, 1))
    for _ in range(3):
        alike(both(np.empty(shape), 3.0), (9.0, (np.empty(shape), 6.0)))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ma.array([1.0, 2.0]), "expected a plain array, got MaskedArray"),
        (np.array([1j, 2.0]), "expected an array of numbers, got one that holds complex128"),
        (np.array(["a", "b"]), "expected an array of numbers, got one that holds str_"),
        ([1.0, "a"], "expected numbers"),
        ([1j, 2.0], "expected numbers"),
    ],
    ids=["masked", "complex", "text", "a list with text", "a list with a complex number"],
)
@EACH_WAY
def test_what_is_no_number(way: str, x: Any, message: str) -> None:
    """It is a TypeError, also where the way of its type is known."""
    found, fast = GRADIENTS[way](grad, product), jit(product)
    for given in (x, [1.0, 2.0], np.array([1.0, 2.0]), x):
        if given is x:
            for call in (found, fast):
                with pytest.raises(TypeError, match=message):
                    call(x)
        else:
            found(given), fast(given)


@EACH_WAY
def test_values_take_their_own_way(way: str) -> None:
    """Values in, Values out, between calls with plain numbers; arrays of Values too."""
    found = GRADIENTS[way](grad, product)
    for _ in range(2):
        x, y = Value(2.0), Value(3.0)
        alike(found(np.array([2.0, 3.0])), np.array([3.0, 3.0]))
        by_array = found(np.array([x, y], object))
        assert [type(d) for d in by_array] == [Value, Value]
        by_list = found([x, 3.0])
        assert [d.data for d in by_list] == [3.0, 3.0]
        assert ag.gradients(by_array[0], [x, y]) == [0.0, 1.0]


@EACH_WAY
def test_keywords(way: str) -> None:
    """They are passed on, in any order, and no positions."""
    found = GRADIENTS[way](value_and_grad, lambda x, *, a, b=2.0: x**2 * a + b)
    for _ in range(2):
        alike(found(3.0, a=2.0), (20.0, 12.0))
        alike(found(3.0, a=2.0, b=np.float32(1.0)), (19.0, 12.0))
        alike(found(3.0, b=1, a=2.0), (19.0, 12.0))
        alike(found(np.array(3.0), a=[2.0][0]), (20.0, np.array(12.0)))


@EACH_WAY
def test_arguments_that_are_not_there(way: str) -> None:
    """They are the same ValueError and TypeError as of the function itself."""
    with pytest.raises(ValueError, match="expected argnums below the number of positional arguments, 1, got 3"):
        GRADIENTS[way](grad, lambda x: x, 3)(1.0)
    found = GRADIENTS[way](grad, lambda x, y: x * y, (0, -2))
    for _ in range(2):
        with pytest.raises(ValueError, match="expected different argnums"):
            found(1.0, 2.0)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        GRADIENTS[way](grad, lambda x, y: x * y)(1.0)


@EACH_WAY
def test_many_arrangements(way: str) -> None:
    """Each has its own way; more of a type than are kept at hand are right too."""
    found = GRADIENTS[way](grad, lambda x: sum([e * e for e in x]))
    for n in [*range(1, 25), *range(24, 0, -1)]:
        alike(found(np.arange(float(n))), 2 * np.arange(float(n)))
        alike(found([float(n)] * n), [2.0 * n] * n)


def test_the_same_kinds_whatever_came_before() -> None:
    """A function of structure after structure, there and back."""
    fast = jit(lambda x: [x["a"] * 2, x["b"][0]])
    cases: list[tuple[Any, Any]] = [
        ({"a": 1.0, "b": [2.0]}, [2.0, 2.0]),
        ({"a": 1.0, "b": np.array([2.0])}, np.array([2.0, 2.0])),
        ({"a": 1.0, "b": (2.0, 3.0)}, [2.0, 2.0]),
        ({"b": [2.0], "a": 1.0}, [2.0, 2.0]),
    ]
    for first, second in itertools.product(cases, cases):
        for x, expected in (first, second, first):
            alike(fast(x), expected)


# --- Results ----------------------------------------------------------------------------------------------

RESULTS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "a list": (lambda x: [x[0] * 2, x[1]], np.array([2.0, 2.0])),
    "a matrix": (lambda x: [[x[0], x[1]], [x[1], x[0]]], np.array([[1.0, 2.0], [2.0, 1.0]])),
    "rows of two lengths": (lambda x: [[x[0]], [x[1], x[0]]], [np.array([1.0]), np.array([2.0, 1.0])]),
    "a number and a list": (lambda x: (x[0], [x[1], x[0]]), (1.0, np.array([2.0, 1.0]))),
    "a dict": (lambda x: {"a": [x[0]], "b": x[1]}, {"a": np.array([1.0]), "b": 2.0}),
    "a tuple": (lambda x: (x[0], x[1]), (1.0, 2.0)),
    "a list of tuples": (lambda x: [(x[0], x[1])], [(1.0, 2.0)]),
    "an outcome in a list": (lambda x: [x[0], x[1] > 0], [1.0, True]),
    "one number in a list": (lambda x: [x[0]], np.array([1.0])),
    "an array": (lambda x: np.array([x[0] * 2, x[1]]), np.array([2.0, 2.0])),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_of_arrays(name: str) -> None:
    """Lists of floats become arrays of that nesting, where they are rectangular; what is no float stays."""
    function, expected = RESULTS[name]
    fast = jit(function)
    for _ in range(3):
        alike(fast(np.array([1.0, 2.0])), expected)
        alike(fast(np.array([1, 2])), expected)


@pytest.mark.parametrize("name", RESULTS)
def test_results_of_lists(name: str) -> None:
    """They are arranged as the function arranges them."""
    fast = jit(RESULTS[name][0])
    expected = ag.value_and_grad(lambda x: (x[0], RESULTS[name][0](x)), has_aux=True)([1.0, 2.0])[0][1]
    if name == "an array":
        expected = expected.astype(float)
    for _ in range(3):
        alike(fast([1.0, 2.0]), expected)


@pytest.mark.parametrize("odd", [math.inf, math.nan, 1e200])
def test_results_that_no_program_gives(odd: float) -> None:
    """Where the function itself has to run, results are of the same kinds as where not."""
    fast = jit(lambda x: [x[0] * x[0] * 1e-300, x[1] / x[0] * 2.0])
    for transform in (jacobian, jacrev, jacfwd):
        found = transform(fast)
        for first in (2.0, odd):
            x = np.array([first, 2.0])
            with ieee():
                got = found(x)
                assert type(got) is np.ndarray
                assert got == pytest.approx(np.array(transform(fast.function)(x)), nan_ok=True)
    for first in (2.0, odd):
        x = np.array([first, 2.0])
        with ieee():
            assert type(fast(x)) is np.ndarray
            out, pull = vjp(fast, x)
            assert type(out) is np.ndarray
            assert type(pull(out)[0]) is np.ndarray
            assert [type(each) for each in jvp(fast, (x,), (x,))] == [np.ndarray] * 2


# --- Several numbers --------------------------------------------------------------------------------------


@EACH_WAY
@pytest.mark.parametrize("transform", [jacobian, jacrev, jacfwd])
@pytest.mark.parametrize("argnums", [0, 1, -1, (0, 1), (1, 0), ()], ids=str)
def test_jacobians_of_lists(way: str, transform: Any, argnums: Any) -> None:
    """For each number of the result the gradient, arranged as the argument is."""
    args = Pair(LISTS[0]["w"], LISTS[0]["b"]), LISTS[1]
    found = GRADIENTS[way](transform, vector, argnums)
    for _ in range(3):
        alike(found(*args), transform(vector, argnums)(*args))


@EACH_WAY
def test_jacobians_of_arrays(way: str) -> None:
    """By an array it is one array, by a structure a list of such."""
    args = Pair(LAYER[0]["w"], LAYER[0]["b"]), LAYER[1]
    by_pair, by_vector = GRADIENTS[way](jacobian, vector), GRADIENTS[way](jacobian, vector, 1)
    for _ in range(3):
        alike(by_vector(*args), args[0].b[:, None] * args[0].w)
        alike(by_pair(*args), jacobian(vector)(*args))


@EACH_WAY
@pytest.mark.parametrize("n", [2, 3, 10, 70])
def test_jacobians_by_colours(way: str, n: int) -> None:
    """Residuals of neighbours: two sweeps find what n would."""
    x = RNG.normal(size=n)
    expected = np.eye(n - 1, n, 1) - 2 * np.diag(x)[: n - 1]
    found = GRADIENTS[way](jacobian, residuals)
    for _ in range(3):
        alike(found(x), expected)
        alike(found(x.tolist()), [row.tolist() for row in expected])
    assert len(jacobian(residuals)([1.0])) == 0


@pytest.mark.parametrize("kind", [np.array, list, tuple])
def test_products_with_a_jacobian(kind: Any) -> None:
    """vjp and jvp of a jitted function: J'u and Jv, by hand."""
    x, u, v = (RNG.normal(size=n) for n in (5, 4, 5))
    matrix = np.eye(4, 5, 1) - 2 * np.diag(x)[:4]
    fast, given = jit(residuals), kind(x.tolist())
    outer = np.array if kind is np.array else list
    for _ in range(3):
        out, pull = vjp(fast, given)
        alike(out, outer((x[1:] - x[:-1] ** 2).tolist()))
        alike(pull(outer(u.tolist())), (kind((matrix.T @ u).tolist()),))
        alike(pull(outer(u.tolist())), (kind((matrix.T @ u).tolist()),))
        alike(jvp(fast, (given,), (kind(v.tolist()),))[1], outer((matrix @ v).tolist()))


def test_what_beside_a_product() -> None:
    """has_aux of vjp and jvp; static arguments are none of their variables."""
    fast = jit(lambda x: (x[0] * x[1], {"sum": x[0] + x[1]}))
    for _ in range(2):
        out, pull, aux = vjp(fast, [2.0, 3.0], has_aux=True)
        alike((out, aux, pull(2.0)), (6.0, {"sum": 5.0}, ([6.0, 4.0],)))
        alike(jvp(fast, ([2.0, 3.0],), ([1.0, 0.0],), has_aux=True), (6.0, 3.0, {"sum": 5.0}))
        with pytest.raises(TypeError, match="is static"):
            vjp(jit(lambda n, x: x[0] * n, static_argnums=0), 3, np.array([1.0, 2.0]))


def test_cotangents_arranged_otherwise() -> None:
    """They are a ValueError that shows the result."""
    _, pull = vjp(jit(residuals), np.arange(3.0))
    for cotangent in (1.0, [1.0], np.ones(3), {"a": 1.0}):
        with pytest.raises(ValueError, match="expected a cotangent arranged like the result"):
            pull(cotangent)
    with pytest.raises(ValueError, match="expected tangents arranged like the primals"):
        jvp(jit(residuals), (np.arange(3.0),), ([1.0],))


def test_odd_cotangents() -> None:
    """Values, nan and inf are what they are for the function itself."""
    for f in (residuals, jit(residuals)):
        _, pull = vjp(f, [1.0, 2.0, 3.0])
        u = Value(2.0)
        (by_x,) = pull([u, 1.0])
        assert [d.data for d in by_x] == [-4.0, -2.0, 1.0]
        assert ag.gradients(by_x[0], [u]) == [-2.0]
        assert pull([1.0, math.inf]) == ([-2.0, -math.inf, math.inf],)
        assert pull([1.0, math.nan])[0][0] == -2.0


@pytest.mark.parametrize("changed", ["an argument", "a captured Value", "a plain number around"])
def test_what_is_pulled_back_is_what_was_computed(changed: str) -> None:
    """Whatever changes between vjp and its pull-back."""
    w, n, x = Value(2.0), 3.0, np.array([1.0, 2.0])
    fast = jit(lambda x: w * x[0] * x[1] * n) if changed != "an argument" else jit(lambda x: x[0] * x[1] * 6.0)
    for _ in range(3):
        w.data, n = 2.0, 3.0
        x[:] = 1.0, 2.0
        out, pull = vjp(fast, x)
        if changed == "an argument":
            x[:] = 7.0
        elif changed == "a captured Value":
            w.data = 5.0
        else:
            n = 4.0
            assert fast(x) == 16.0
        alike((out, pull(1.0)), (12.0, (np.array([12.0, 6.0]),)))


@EACH_WAY
def test_second_derivatives(way: str) -> None:
    """A gradient of a gradient, and its Jacobian, by numbers."""
    found = GRADIENTS[way](grad, GRADIENTS[way](grad, lambda x: x**3))
    curved = hessian(jit(lambda x: x[0] ** 2 * x[1]))
    across = GRADIENTS[way](jacobian, GRADIENTS[way](grad, lambda x: x[0] ** 2 * x[1]))
    for x in (2.0, 3.0, 2.0):
        alike(found(x), 6 * x)
        alike(curved([x, 5.0]), [[10.0, 2 * x], [2 * x, 0.0]])
        alike(across([x, 5.0]), [[10.0, 2 * x], [2 * x, 0.0]])


# --- What stands beside, and settings -----------------------------------------------------------------------


@EACH_WAY
def test_what_beside_a_gradient(way: str) -> None:
    """has_aux: of any kind that a program has, numbers of this call, and of their own types."""

    def function(x: Any) -> Any:
        return x[0] * x[1], {"sum": [x[0] + x[1], x[0]], "is": x[0] > 1, "n": 3}

    both, alone, jac = (GRADIENTS[way](t, function, 0, True) for t in (value_and_grad, grad, jacobian))
    for x, y in ((2.0, 3.0), (0.5, 4.0), (2.0, 1.0)):
        aux: Any = {"sum": [x + y, x], "is": x > 1, "n": 3}
        for _ in range(2):
            alike(both([x, y]), ((x * y, aux), [y, x]))
            alike(alone([x, y]), ([y, x], aux))
            alike(jac([x, y]), ([y, x], aux))
            alike(alone(np.array([x, y])), (np.array([y, x]), aux | {"sum": np.array([x + y, x])}))


@EACH_WAY
def test_no_pair_and_no_number(way: str) -> None:
    """What is to be a pair and is none, or one number and is several, is the TypeError of the transform."""
    for _ in range(2):
        with pytest.raises(TypeError, match="expected a function that returns a pair"):
            GRADIENTS[way](grad, lambda x: x * x, 0, True)(1.0)
        with pytest.raises(TypeError, match="expected a function with a single number as its result, got list"):
            GRADIENTS[way](grad, lambda x: [x, x])(1.0)


def power(x: Any, n: int, *, scale: Any = 1.0) -> Any:
    """A function with a setting."""
    return scale * x * power(x, n - 1) if n else scale * 1.0


def test_settings() -> None:
    """Static arguments by position or by name, in front or behind; the argnums count all arguments."""
    inside, outside = grad(jit(power, static_argnums=1)), jit(grad(power), static_argnames="n")
    twice = jit(grad(jit(power, static_argnums=1)), static_argnums=1)
    swapped = value_and_grad(jit(lambda n, x, y: x**n * y, static_argnums=0), (2, 1))
    for n, x in itertools.product((2, 3, 2), (2.0, 0.5)):
        for found in (inside, outside, twice):
            alike(found(x, n), n * x ** (n - 1))
            alike(found(x, n=n), n * x ** (n - 1))
        alike(swapped(n, x, 3.0), (x**n * 3.0, (x**n, 3.0 * n * x ** (n - 1))))
    for _ in range(2):
        with pytest.raises(TypeError, match="is static"):
            grad(jit(power, static_argnums=1), 1)(2.0, 3)


def test_some_arguments_given() -> None:
    """functools.partial of a jitted function, of a derivative, and of a jitted derivative; with settings too."""

    def area(a: Any, x: Any, b: Any = 1.0) -> Any:
        return a * x * x * b

    given = functools.partial
    forms: list[Callable[[Any], Any]] = [
        grad(given(jit(area), 2.0)),
        given(grad(jit(area), 1), 2.0),
        jit(given(grad(area, 1), 2.0)),
        jit(given(jit(grad(area, 1)), 2.0)),
        given(jit(grad(area, 1)), 2.0),
        grad(given(given(jit(area), 2.0), b=1.0)),
    ]
    for form, x in itertools.product(forms, (3.0, 4.0, np.float32(3.0))):
        alike(form(x), 4.0 * float(x))
    setting = jit(given(grad(lambda a, x, n: a * sum([x * x for _ in range(n)]), 1), 2.0), static_argnums=1)
    assert [setting(3.0, 2), setting(3.0, 1), setting(3.0, 2)] == [24.0, 12.0, 24.0]
    both = value_and_grad(given(jit(area), np.array([1.0, 2.0])[1]), -1)
    assert [both(3.0), both(3.0)] == [(18.0, 12.0)] * 2


class Spring:
    """An object with jitted methods."""

    def __init__(self, stiffness: float) -> None:
        self.stiffness = Value(stiffness)

    @jit
    def energy(self, x: Any) -> Any:
        """Of a spring that is drawn."""
        return self.stiffness * x[0] ** 2 / 2

    @staticmethod
    @jit
    def square(x: Any) -> Any:
        """Of a number."""
        return x * x


def test_methods() -> None:
    """Each object has its own programs, which know their derivatives."""
    soft, hard = Spring(1.0), Spring(10.0)
    for x, _ in itertools.product((2.0, 3.0), range(2)):
        alike(grad(soft.energy)([x]), [x])
        alike(value_and_grad(hard.energy)(np.array([x])), (5 * x * x, np.array([10 * x])))
        alike(jit(grad(soft.energy))([x]), [x])
        alike(grad(Spring.square)(x), 2 * x)
    soft.stiffness.data = 3.0
    alike(grad(soft.energy)([2.0]), [6.0])
    assert soft.stiffness.grad == 0.0


# --- Ways through a function ------------------------------------------------------------------------------


def bent(x: Any) -> Any:
    """Three ways, of one number or of two, one of them with a domain."""
    y = x[0] * x[1]
    if y > 4:
        return ag.log(y)
    return -y * y if y < 0 else y * 3.0


@EACH_WAY
def test_branches(way: str) -> None:
    """Any way may come first; lists and arrays share nothing."""
    found, fast = GRADIENTS[way](value_and_grad, bent), jit(bent)
    points = [[1.0, 2.0], [-1.0, 2.0], [3.0, 5.0], [1.0, 3.0], [5.0, 3.0], [-2.0, 2.0]]
    for x in [*points, *points[::-1]]:
        expected = value_and_grad(bent)(x)
        alike(found(x), expected)
        alike(found(np.array(x)), (expected[0], np.array(expected[1])))
        alike(fast(x), expected[0])


@EACH_WAY
def test_settings_around_a_function(way: str) -> None:
    """A plain number that it finds around itself is another way through it."""
    n = 1.0
    found = GRADIENTS[way](grad, lambda x: x * x * n)
    fast = jit(lambda x: x * n)
    for n in (1.0, 2.0, 1.0, 3.0):
        for _ in range(2):
            assert found(3.0) == 6.0 * n
            assert fast(3.0) == 3.0 * n


FAILING: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "log": (ag.log, 2.0, -1.0),
    "a quotient": (lambda x: 1.0 / x, 2.0, 0.0),
    "sqrt": (lambda x: ag.sqrt(x) * 2.0, 4.0, -1.0),
    "overflow": (lambda x: ag.exp(x * x), 2.0, 100.0),
    "unused": (lambda x: (ag.log(x), x * x)[1], 2.0, -1.0),
    "a power": (lambda x: x**0.5, 4.0, -1.0),
    "of a list": (lambda x: ag.acos(x[0]) * x[1], [0.5, 2.0], [1.5, 2.0]),
    "of an array": (lambda x: ag.asin(x[0]) * x[1], np.array([0.5, 2.0]), np.array([-1.5, 2.0])),
    "the function's own": (lambda x: int("a") if x < 0 else x * 2.0, 2.0, -1.0),
    "a key": (lambda x: {"a": 1.0}["b"] if x < 0 else x * 2.0, 2.0, -1.0),
}


@EACH_WAY
@pytest.mark.parametrize("name", FAILING)
def test_exceptions(name: str, way: str) -> None:
    """What raises on Values raises the same, before and after calls that do not."""
    function, good, bad = FAILING[name]
    with pytest.raises((ArithmeticError, ValueError, KeyError)) as expected:
        grad(function)(bad)
    found, fast = GRADIENTS[way](grad, function), jit(function)
    for x in (bad, good, bad, good, bad):
        for call, right in ((found, grad(function)), (fast, function)):
            if x is good:
                alike(call(x), right(x) if call is found else float(right(x)))
            else:
                with pytest.raises(expected.type) as caught:
                    call(x)
                assert caught.value.args == expected.value.args


@EACH_WAY
def test_exceptions_that_the_function_catches(way: str) -> None:
    """They are a way through it like any other."""

    def careful(x: Any) -> Any:
        try:
            return ag.log(x)
        except ValueError:
            return x * x

    found = GRADIENTS[way](value_and_grad, careful)
    for x in (2.0, -3.0, 4.0, -1.0, 2.0):
        alike(found(x), value_and_grad(careful)(x))


@EACH_WAY
@pytest.mark.parametrize("x", [math.nan, math.inf, -0.0, 0.0, 5e-324, -1e308])
def test_strange_numbers(way: str, x: float) -> None:
    """nan, infinities and zeros of both signs are what they are for the function itself."""

    def function(x: Any) -> Any:
        return ag.maximum(x[0], 0.0) + ag.atan2(x[0] * 1.0, x[1]) - x[1]

    found = GRADIENTS[way](value_and_grad, function)
    for other in (1.0, -1.0, x):
        for given in ([x, other], [0.5, 1.0], [other, x]):
            assert repr(found(given)) == repr(value_and_grad(function)(given))
            assert found(np.array(given))[1].tolist() == pytest.approx(grad(function)(given), nan_ok=True)


@EACH_WAY
def test_a_function_that_depends_on_more(way: str) -> None:
    """An attribute that changes is found out, as a RuntimeError, and what is recorded then is right."""

    class Settings:
        scale = 2.0

    found = GRADIENTS[way](grad, lambda x: x[0] * x[1] * Settings.scale)
    assert found([1.0, 2.0]) == [4.0, 2.0]
    Settings.scale = 3.0

    def a_hundred_times() -> None:
        for k in range(100):
            found([1.0 + k, 2.0])

    with pytest.raises(RuntimeError, match="it depends on more than its arguments"):
        a_hundred_times()
    alike(found([1.0, 2.0]), [6.0, 3.0])


@EACH_WAY
def test_one_warning(way: str) -> None:
    """A function that cannot be compiled says so once, and is right."""

    def function(x: Any) -> Any:
        return x * math.floor(x.data if isinstance(x, Value) else x) * x

    found = GRADIENTS[way](grad, function)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for x in (2.5, 3.5, 2.5):
            alike(found(x), 2.0 * x * math.floor(x))
    assert len([w for w in caught if "runs eagerly from now on" in str(w.message)]) == 1


def test_a_warning_that_is_an_error() -> None:
    """It is not lost on the way."""
    found = grad(jit(lambda x: x * math.floor(x.data)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="runs eagerly from now on"):
            found(2.5)


# --- What is around ---------------------------------------------------------------------------------------


@EACH_WAY
def test_captured_values(way: str) -> None:
    """Read anew, floats out, and no gradient goes to them."""
    w = Value(2.0)
    both, jac = (
        GRADIENTS[way](value_and_grad, lambda x: w * x[0] * x[1]),
        GRADIENTS[way](jacobian, lambda x: [w * x[0]]),
    )
    for w.data in (2.0, 2.0, 3.0, -1.0):
        alike(both([2.0, 3.0]), (6.0 * w.data, [3.0 * w.data, 2.0 * w.data]))
        alike(jac(np.array([2.0, 3.0])), np.array([[w.data, 0.0]]))
        assert w.grad == 0.0
    result = jit(lambda x: w * x)(2.0)
    result.backward()
    assert w.grad == 2.0


INNER: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "the value": lambda f: f([1.0, 2.0]),
    "grad": lambda f: grad(f)([1.0, 2.0])[0],
    "grad of arrays": lambda f: grad(f)(np.array([1.0, 2.0]))[0],
    "value_and_grad": lambda f: value_and_grad(f)([1.0, 2.0])[1][1],
    "vjp": lambda f: vjp(f, [1.0, 2.0])[1](1.0)[0][0],
    "jvp": lambda f: jvp(f, ([1.0, 2.0],), ([1.0, 0.0],))[1],
    "jacobian": lambda f: jacobian(lambda x: [f(x)])([1.0, 2.0])[0][1],
}


@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize("jitted", ["inside", "outside", "both"])
@pytest.mark.filterwarnings("ignore:jit. .* runs eagerly:RuntimeWarning")
def test_transforms_around(name: str, jitted: str) -> None:
    """A jitted function that closes over the variable of a transform around it: no derivative is lost."""
    inner = (lambda f: f) if jitted == "outside" else jit
    outer = (lambda f: f) if jitted == "inside" else jit

    def function(w: Any, inner: Any) -> Any:
        return w * INNER[name](inner(lambda x: w * w * x[0] * x[1] ** 2))

    expected = [grad(lambda w: function(w, lambda f: f))(w) for w in (2.0, 3.0)]
    found = grad(outer(lambda w: function(w, inner)))
    again = outer(grad(lambda w: function(w, inner)))
    for _ in range(2):
        assert [found(2.0), found(3.0)] == pytest.approx(expected)
        assert [again(2.0), again(3.0)] == pytest.approx(expected)


def test_perturbations_are_kept_apart() -> None:
    """The classic: d/dx x (d/dy (x + y)), with jit in every place."""
    kinds: list[Callable[[Any], Any]] = [lambda f: f, jit]
    for a, b in itertools.product(kinds, kinds):
        assert grad(a(lambda x, b=b: x * grad(b(lambda y: x + y))(x)))(1.0) == 1.0


@pytest.mark.filterwarnings("ignore:jit. .* runs eagerly:RuntimeWarning")
def test_a_derivative_in_a_jitted_function() -> None:
    """It is part of that: the road begins outside."""
    inner = grad(jit(lambda x, w: w * x**3))
    outer = jit(lambda w: inner(2.0, w) * w)
    for w in (1.0, 3.0, 1.0):
        assert outer(w) == 12.0 * w * w
        assert grad(outer)(w) == 24.0 * w


@EACH_WAY
def test_within_ieee(way: str) -> None:
    """log(0) is -inf within, and an error without, whichever was first."""
    found, fast = GRADIENTS[way](value_and_grad, lambda x: ag.log(x[0])), jit(lambda x: ag.log(x[0]))
    for _ in range(2):
        with ieee():
            alike(fast([0.0]), -math.inf)
            alike(found([0.0]), (-math.inf, [math.inf]))
            alike(found([2.0]), (math.log(2.0), [0.5]))
        with pytest.raises(ValueError, match="log"):
            found([0.0])
        with pytest.raises(ValueError, match="log"):
            fast([0.0])
        alike(found([2.0]), (math.log(2.0), [0.5]))


@EACH_WAY
def test_within_no_grad(way: str) -> None:
    """Derivatives are what they are without; results of captured Values are constants."""
    w = Value(2.0)
    found, fast = GRADIENTS[way](value_and_grad, lambda x: w * x[0] ** 2), jit(lambda x: w * x[0] ** 2)
    for _ in range(2):
        alike(found([3.0]), (18.0, [12.0]))
        with no_grad():
            alike(found([3.0]), (18.0, [12.0]))
            assert not fast([3.0]).parents
        assert fast([3.0]).parents


@EACH_WAY
def test_within_debug_and_detect_anomaly(way: str) -> None:
    """The same numbers; and whoever listens hears."""
    found = GRADIENTS[way](value_and_grad, lambda x: ag.sin(x[0]) * x[0])
    expected = found([3.0])
    for mode in (debug, detect_anomaly):
        for _ in range(2):
            with mode():
                alike(found([3.0]), expected)
            alike(found([3.0]), expected)
    failing = GRADIENTS[way](grad, lambda x: ag.exp(x[0]) * 1e300)
    alike(failing([1.0]), [math.e * 1e300])
    with ieee(), detect_anomaly(), pytest.raises((RuntimeError, ArithmeticError)):
        failing([700.0])


# --- Nothing is shared ------------------------------------------------------------------------------------

SHARING: dict[str, Callable[[Any], Any]] = {
    "the value": lambda f: f,
    "grad": grad,
    "both": value_and_grad,
    "jitted": lambda f: jit(grad(f.function)),
    "vjp": lambda f: lambda *x: vjp(f, *x)[1](1.0),
    "by both": lambda f: value_and_grad(f, (0, 1)),
}
FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "constant slopes": lambda p, x: sum(p["w"]) + sum(x),
    "the argument": lambda p, x: p["w"][0] * x[0] + p["w"][1] * x[1],
    "slopes zero": lambda p, x: x[0] * 2.0,
    "the same slope": lambda p, x: sum([a + b for a, b in zip(p["w"], x, strict=True)]) ** 2,
}


@pytest.mark.parametrize("name", SHARING)
@pytest.mark.parametrize("form", FORMS)
def test_gradients_alias_nothing(name: str, form: str) -> None:
    """What is done to a gradient changes no argument, no other result, and no later call."""
    found = SHARING[name](jit(FORMS[form]))
    p, x = {"w": np.array([1.0, 2.0]), "b": np.array([0.5])}, np.array([3.0, 4.0])
    before = [p["w"].copy(), p["b"].copy(), x.copy()]
    first = found(p, x)
    kept = [a.copy() for a in arrays_in(first)]
    for _ in range(3):
        result = found(p, x)
        for a, b in zip(arrays_in(result), kept, strict=True):
            assert a == pytest.approx(b)
            assert a.flags.writeable
            np.add(a, 1000.0, out=a)
            assert [y.tolist() for y in (p["w"], p["b"], x)] == [y.tolist() for y in before]
        for a, b in zip(arrays_in(result), kept, strict=True):
            assert a - 1000.0 == pytest.approx(b)
    for a, b in zip(arrays_in(first), kept, strict=True):
        assert a == pytest.approx(b)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: [x[0], x[1]],
        lambda x: [x[0] * 2.0, x[1]],
        lambda x: {"a": [x[0], x[1]], "b": [x[0], x[1]]},
        lambda x: [[x[0], x[1]], [x[0], x[1]]],
        lambda x: [x[0] * 0.0 + 1.0, 2.0 * x[0]],
    ],
)
@pytest.mark.parametrize("transform", [lambda f: f, jacobian, lambda f: lambda x: jvp(f, (x,), (x,)), jacfwd])
def test_results_alias_nothing(function: Any, transform: Any) -> None:
    """Neither do results, and Jacobians."""
    found = transform(jit(function))
    x = np.array([1.0, 2.0])
    kept = [a.copy() for a in arrays_in(found(x))]
    assert kept
    for _ in range(3):
        result = arrays_in(found(x))
        for a, b in zip(result, kept, strict=True):
            assert a == pytest.approx(b)
            np.add(a, 1000.0, out=a)
            assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("name", SHARING)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n", [2, 40], ids=["by a formula", "by arrays"])
def test_lists_alias_nothing(name: str, form: str, n: int) -> None:
    """Neither do gradients in lists, of few numbers or of many."""
    found = SHARING[name](jit(FORMS[form]))
    p, x = {"w": [1.0, 2.0] * (n // 2), "b": [0.5]}, [3.0, 4.0] * (n // 2)
    before, kept = repr((p, x)), repr(found(p, x))
    for _ in range(4):
        result = found(p, x)
        assert repr(result) == kept
        for each in lists_in(result):
            each[:] = [1000.0] * len(each)
        assert repr((p, x)) == before


def lists_in(result: Any) -> list[Any]:
    """The lists in a result."""
    if isinstance(result, dict):
        return [x for each in result.values() for x in lists_in(each)]
    inner = [x for each in result for x in lists_in(each)] if isinstance(result, (list, tuple)) else []
    return [*inner, result] if isinstance(result, list) else inner


@EACH_WAY
@pytest.mark.parametrize("kind", [list, np.array])
@pytest.mark.filterwarnings("ignore:jit. .* runs eagerly:RuntimeWarning")
def test_a_function_that_changes_its_argument(way: str, kind: Any) -> None:
    """Derivatives are asked of it with arguments of its own."""

    def doubling(x: Any) -> Any:
        x[0] = x[0] * 2.0
        return x[0] * x[1]

    x, found = kind([1.0, 2.0]), GRADIENTS[way](value_and_grad, doubling)
    for _ in range(3):
        alike(found(x), (4.0, kind([4.0, 2.0])))
        assert [*x] == [1.0, 2.0]


def test_arguments_may_change_afterwards() -> None:
    """What a function was recorded with, and compared with, is its own."""
    x = np.array([1.0, 2.0])
    step = value_and_grad(jit(lambda x: x[0] * x[1]))
    for k in range(20):
        x[:] = k + 1.0, 2.0
        alike(step(x), (2.0 * k + 2.0, np.array([2.0, k + 1.0])))


# --- Wrappers ---------------------------------------------------------------------------------------------


def test_wrappers_are_not_mistaken() -> None:
    """functools.wraps gives a function the attributes of another, and not its derivatives."""

    def square(x: Any) -> Any:
        return x * x

    def tripled(f: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(f)
        def wrapper(*args: Any) -> Any:
            return 3.0 * f(*args)

        return wrapper

    for _ in range(2):
        assert grad(tripled(jit(square)))(2.0) == 12.0
        assert jit(tripled(grad(square)))(2.0) == 12.0
        assert grad(tripled(grad(square)))(2.0) == 6.0
        assert jit(tripled(jit(grad(square))))(2.0) == 12.0
        assert grad(jit(tripled(jit(square))))(2.0) == 12.0
        assert jit(jit(tripled(grad(square))))(2.0) == 12.0


def test_a_method_around_a_mean_is_not_mistaken() -> None:
    """Also where an object has it."""
    fast = jit(lambda x: x * x)

    class Object:
        @functools.wraps(fast.mean)
        def mean(self, *args: Any) -> Any:
            return fast.mean(*args) * 3.0

    assert grad(Object().mean)([1.0, 2.0]) == [3.0, 6.0]
    assert grad(fast.mean)([1.0, 2.0]) == [1.0, 2.0]


def test_what_it_is_called() -> None:
    """Named and described after the function, on the way and off it."""
    assert grad(jit(loss)).__name__ == "grad(loss)"  # type: ignore[attr-defined]
    assert repr(jit(grad(loss))) == "jit(grad(loss))"
    fast = jit(grad(lambda x: x * x))
    with pytest.raises(RuntimeError, match="call .* first"):
        fast.source  # noqa: B018 - it raises
    fast(2.0)
    assert "def gradient" in fast.source
    assert fast.last or (fast.derived is not None and fast.derived.inner.last)


# --- The bare program -------------------------------------------------------------------------------------


def test_kernels() -> None:
    """One array for each leaf of the arguments, in their order; the same numbers as the road."""
    args = {"w": LAYER[0]["w"], "b": LISTS[0]["b"], "more": (LAYER[1], 2.0)}, [1.0, 2.0, 3.0]

    def function(p: Any, y: Any) -> Any:
        return loss(p, p["more"][0], y) * p["more"][1]

    fast = jit(function)
    kernel = fast.kernel(*args)
    leaves = [args[0]["w"], np.array(args[0]["b"]), args[0]["more"][0], np.array(2.0), np.array([1.0, 2.0, 3.0])]
    value, (p, y) = value_and_grad(fast, (0, 1))(*args)
    flat = p["w"], np.array(p["b"]), p["more"][0], np.array(p["more"][1]), np.array(y)
    for _ in range(2):
        alike(kernel.value(*leaves), value)
        found = kernel.value_and_grad(*leaves)
        alike(found, (value, flat))
        for a in found[1]:
            np.add(a, 1.0, out=a)
    with pytest.raises(TypeError, match=r"expected 5 arrays, of the shapes \[\(3, 4\), \(3,\), \(4,\), \(\), \(3,\)\]"):
        kernel.value(leaves[0])
    assert "(3, 4), (3,), (4,), (), (3,)" in repr(kernel)


def test_kernels_of_what_has_none() -> None:
    """Values, containers of one's own, and functions that run eagerly are a ValueError; the function raises its own."""
    for x in ([Value(1.0), 2.0], Numbers([1.0, 2.0])):
        with pytest.raises(ValueError, match="expected plain numbers and arrays for which product has a program"):
            jit(product).kernel(x)
    with pytest.raises(ValueError, match="log"):
        jit(lambda x: ag.log(x)).kernel(-1.0)
    kernel = jit(power, static_argnums=1).kernel(2.0, 3)
    alike(kernel.value_and_grad(np.array(2.0)), (8.0, (np.array(12.0),)))


def test_kernels_of_several_numbers() -> None:
    """The value in arrays, and the gradient of the first."""
    kernel = jit(residuals).kernel(np.arange(3.0))
    alike(kernel.value(np.arange(3.0)), np.array([1.0, 1.0]))
    alike(kernel.value_and_grad(np.arange(3.0))[1], (np.array([0.0, 1.0, 0.0]),))


# --- Threads ----------------------------------------------------------------------------------------------


@pytest.fixture
def _switching() -> Iterator[None]:
    """Threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_switching")
def test_from_many_threads() -> None:
    """One function from eight threads, 10,000 calls altogether: of lists and arrays, several lengths and ways."""

    def function(x: Any) -> Any:
        total = sum([a * b for a, b in itertools.pairwise(x)])
        return total * 2.0 if total > 0 else ag.exp(total)

    fast = jit(function)
    both, several, pulled = value_and_grad(fast), jit(residuals), jit(grad(function))
    jac = jacobian(several)
    points = [RNG.normal(size=n) for n in (2, 3, 5, 3, 2)]
    expected = [value_and_grad(function)(x) for x in points]
    rows = [np.array(jacobian(residuals)(x)) for x in points]
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def run(number: int) -> None:
        try:
            start.wait()
            for k in range(250):
                i = (k * 7 + number) % 5
                x = points[i]
                alike(both(x), expected[i])
                alike(fast(x.tolist()), expected[i][0])
                alike(pulled(x.tolist()), expected[i][1].tolist())
                alike(jac(x), rows[i])
                alike(several(x), x[1:] - x[:-1] ** 2)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


# --- Structures made at random ----------------------------------------------------------------------------


def tree(rng: random.Random, depth: int) -> Any:
    """Numbers and arrays of many kinds in lists, tuples, dicts and named tuples."""
    kind = rng.choice("nltdpaaa" if depth else "nla")
    parts = [rng.gauss(0, 1) if kind == "l" or not depth else tree(rng, depth - 1) for _ in range(rng.randrange(1, 4))]
    match kind:
        case "n":
            return rng.choice([float, int, np.float32, np.float64])(rng.choice([1, 2, -1]))
        case "l":
            return parts
        case "t":
            return tuple(parts)
        case "d":
            return dict(zip("xyz", parts, strict=False))
        case "p":
            return Pair(parts[0], parts[-1])
    array = np.arange(1.0, 13.0)[: rng.randrange(1, 13)]
    array = array.reshape(2, -1) if len(array) % 2 == 0 else array
    odd = [array, array.astype(np.float32), np.asfortranarray(array), array[..., ::-1], array.astype(int)]
    return rng.choice([*odd, array.astype(object), np.array(rng.gauss(0, 1))])


def leaves_of(x: Any) -> list[Any]:
    """The numbers of a structure."""
    if isinstance(x, dict):
        return [leaf for each in x.values() for leaf in leaves_of(each)]
    if isinstance(x, (list, tuple)):
        return [leaf for each in x for leaf in leaves_of(each)]
    return [*x.ravel()] if isinstance(x, np.ndarray) else [x]


def as_floats(x: Any) -> Any:
    """The same structure, of floats and arrays of float64."""
    if isinstance(x, dict):
        return {key: as_floats(each) for key, each in x.items()}
    if isinstance(x, Pair):
        return Pair(*map(as_floats, x))
    if isinstance(x, (list, tuple)):
        return type(x)(map(as_floats, x))
    return x.astype(float) if isinstance(x, np.ndarray) else float(x)


def chained(*args: Any) -> Any:
    """As many numbers as are given, each of two neighbours."""
    leaves = [leaf for each in args for leaf in leaves_of(each)]
    return [ag.sin(0.3 * x) * y for x, y in zip(leaves, leaves[1:] + leaves[:1], strict=True)]


@pytest.mark.parametrize("number", range(25))
def test_structures_at_random(number: int) -> None:
    """Gradients and pull-backs are arranged as the arguments; the same at each call."""
    rng = random.Random(number)
    args = tuple([tree(rng, 2) for _ in range(rng.randrange(1, 4))])
    argnums = tuple(rng.sample(range(len(args)), rng.randrange(1, len(args) + 1)))
    plain = as_floats(args)

    def total(*args: Any) -> Any:
        return ag.sum(chained(*args))

    expected = value_and_grad(total, argnums)(*plain)
    both, jitted, several = value_and_grad(jit(total), argnums), jit(value_and_grad(total, argnums)), jit(chained)
    u = [(-1.0) ** k for k in range(len(leaves_of(args)))]
    pulled = vjp(chained, *plain)[1](u)
    for _ in range(3):
        alike(both(*args), (float(expected[0]), as_floats(expected[1])))
        alike(jitted(*args), (float(expected[0]), as_floats(expected[1])))
        out, pull = vjp(several, *args)
        alike(several(*args), out)
        alike(pull(np.array(u) if isinstance(out, np.ndarray) else u), as_floats(pulled))
        rows = jacobian(several, argnums)(*args)
        assert np.ravel(leaves_of(rows)) == pytest.approx(np.ravel(leaves_of(jacobian(chained, argnums)(*plain))))


# --- Nothing is kept --------------------------------------------------------------------------------------

KEEPING: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "grad": lambda f: grad(f)(2.0),
    "jacobian": lambda f: jacobian(f)(2.0),
    "jit": lambda f: [fast(2.0) for fast in [jit(f)] for _ in range(3)],
    "grad of jit": lambda f: [found(2.0) for found in [grad(jit(f))] for _ in range(3)],
    "jit of grad": lambda f: [found(2.0) for found in [jit(grad(f))] for _ in range(3)],
    "jacobian of jit": lambda f: [found(2.0) for found in [jacobian(jit(f))] for _ in range(3)],
    "arrays": lambda f: [found(np.array(2.0)) for found in [value_and_grad(jit(f))] for _ in range(3)],
    "vjp": lambda f: vjp(jit(f), 2.0)[1](1.0),
    "a mean": lambda f: [found([1.0, 2.0]) for found in [value_and_grad(jit(f).mean)] for _ in range(3)],
    "each example": lambda f: [found.map([1.0, 2.0]) for found in [grad(jit(f))] for _ in range(3)],
    "a kernel": lambda f: jit(f).kernel(2.0).value(np.array(2.0)),
}


@pytest.mark.parametrize("name", KEEPING)
def test_what_is_done_with_goes(name: str) -> None:
    """At once, with all that the function holds: there are no circles for the collector to find."""

    class Held:
        """Something that a function uses."""

        scale = 2.0

    def use() -> weakref.ref[Held]:
        held = Held()

        def function(x: Any) -> Any:
            return x * x * held.scale

        KEEPING[name](function)
        return weakref.ref(held)

    gc.collect()
    gc.disable()
    try:
        gone = use()
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("make", [jit, lambda f: value_and_grad(jit(f)), lambda f: jit(value_and_grad(f))])
def test_the_first_call_says_that_a_function_is_none(make: Any) -> None:
    """A count of its calls is in the result: the comparison of the first call is not lost on any way."""
    calls = itertools.count()

    def f(x: Any) -> Any:
        return x * (2.0 + next(calls))

    with pytest.raises(TracingCheckError, match="depends on more than its arguments"):
        make(f)(2.0)


def test_what_is_pulled_back_after_a_change() -> None:
    """At the numbers of the call; a cotangent that asks for the function once more is refused."""
    w = Value(3.0)
    fast = jit(lambda x: [w * x[0], x[1] * 1.0])
    fast([1.0, 2.0])
    _, pull = vjp(fast, [2.0, 1.0])
    w.data = 5.0
    assert pull([1.0, 1.0]) == ([3.0, 1.0],)
    with pytest.raises(RuntimeError, match="have been changed since"):
        pull([Value(1.0), 1.0])


@pytest.mark.parametrize("count", [3, 40])
def test_a_derivative_along_many_results(count: int) -> None:
    """Whether each depends on one number or all on all, as without jit."""
    x, v = RNG.normal(size=count).tolist(), RNG.normal(size=count).tolist()
    for f in (lambda x: [y * y for y in x], lambda x: [sum(x) * y for y in x]):
        out, along = jvp(jit(f), (x,), (v,))
        expected, slopes = jvp(f, (x,), (v,))
        assert out == pytest.approx(expected)
        assert along == pytest.approx(slopes)
