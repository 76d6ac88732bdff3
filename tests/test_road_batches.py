"""The road over batches: shared arguments, gradients of a mean and of each example, and parameters held in arrays.

The oracles are the transforms of the mean that is written out, and formulas by hand in NumPy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from alike import alike, arrays_in

import autograd as ag
from autograd import (
    Value,
    dot,
    grad,
    gradients,
    hessian,
    ieee,
    jacobian,
    jit,
    jvp,
    no_grad,
    sigmoid,
    tanh,
    value_and_grad,
    vjp,
)

RNG = np.random.default_rng(1)
P: dict[str, Any] = {"w": RNG.normal(size=(3, 4)), "b": RNG.normal(size=3)}
X, Y = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 3))


class Layer(NamedTuple):
    """Weights and biases."""

    w: Any
    b: Any


def loss(p: Any, x: Any, y: Any) -> Any:
    """A layer and its error."""
    h = [tanh(dot(row, x) + b) for row, b in zip(p["w"], p["b"], strict=True)]
    return sum([(a - t) ** 2 for a, t in zip(h, y, strict=True)])


def mean_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """The mean over examples of a function whose first argument they share, written out."""
    return lambda p, *examples: sum([f(p, *each) for each in zip(*examples, strict=True)]) / len(examples[0])


def bent(p: Any, x: Any) -> Any:
    """Two ways, which examples take by what is shared too."""
    return p[0] * x if p[1] * x > 0 else ag.exp(p[1] * x) * p[0]


# --- Gradients of a mean ----------------------------------------------------------------------------------


@pytest.mark.parametrize("argnums", [0, 1, 2, -1, (0, 1), (2, 0), (2, 0, 1), ()], ids=str)
@pytest.mark.parametrize("shared", ["p", ("p",), 0, -3])
def test_gradients_of_a_mean(argnums: Any, shared: Any) -> None:
    """By what examples share the mean of theirs; by examples arranged as these; at any call."""
    fast = jit(loss, shared=shared)
    for scale in (1.0, 1.0, 0.5):
        args = P, X * scale, Y
        expected = value_and_grad(mean_of(loss), argnums)(*args)
        alike(value_and_grad(fast.mean, argnums)(*args), expected)
        alike(grad(fast.mean, argnums)(*args), expected[1])


def test_a_training_loop_by_hand() -> None:
    """A dict of arrays and NumPy: the costs and gradients of a network in its own formulas, and no Value."""
    fast = jit(loss, shared="p")
    step = value_and_grad(fast.mean)
    p = {key: array.copy() for key, array in P.items()}
    for _ in range(30):
        h = np.tanh(X @ p["w"].T + p["b"])
        delta = 2 * (h - Y) * (1 - h * h) / len(X)
        cost, gradient = step(p, X, Y)
        alike(cost, float(((h - Y) ** 2).sum() / len(X)))
        alike(gradient, {"w": delta.T @ X, "b": delta.sum(0)}, rel=1e-11)
        for key in p:
            p[key] -= 0.1 * gradient[key]
    assert type(fast.mean(p, X, Y)) is float


SHARED: dict[str, Any] = {
    "lists": {"w": P["w"].tolist(), "b": P["b"].tolist()},
    "float32": {"w": P["w"].astype(np.float32), "b": P["b"].astype(np.float32)},
    "integers": {"w": np.arange(12).reshape(3, 4), "b": [1, 2, 3]},
    "in Fortran's order": {"w": np.asfortranarray(P["w"]), "b": P["b"][::-1]},
    "objects": {"w": P["w"].astype(object), "b": tuple(P["b"].tolist())},
    "read-only": {"w": np.broadcast_to(0.5, (3, 4)), "b": P["b"]},
}


@pytest.mark.parametrize("name", SHARED)
def test_kinds_of_shared_arguments(name: str) -> None:
    """They are arranged as they were, in float64, after any other kind."""
    fast = jit(loss, shared="p")
    for p in (SHARED[name], P, SHARED[name], SHARED["lists"], SHARED[name]):
        alike(value_and_grad(fast.mean)(p, X, Y), value_and_grad(mean_of(loss))(p, X, Y))
        alike(fast.mean(p, X, Y), float(mean_of(loss)(p, X, Y)), rel=1e-5 if name == "float32" else 1e-12)


def test_structures_of_shared_arguments() -> None:
    """Named tuples, numbers, empty ones, and several shared arguments anywhere."""

    def function(x: Any, p: Any, y: Any, s: Any) -> Any:
        return (dot(p[0].w, x) + p[0].b - y) ** 2 * s + sum(p[1])

    fast = jit(function, shared=("s", 1))
    p: Any = (Layer(np.array([1.0, 2.0, 3.0, 4.0]), 0.5), [])

    def written(x: Any, p: Any, y: Any, s: Any) -> Any:
        return sum([function(a, p, b, s) for a, b in zip(x, y, strict=True)]) / len(x)

    y = Y[:, 0].tolist()
    for s in (2.0, np.float32(3.0), 4, np.array(2.0)):
        for argnums in (1, 3, (3, 1), (0, 1, 2, 3)):
            alike(value_and_grad(fast.mean, argnums)(X, p, y, s), value_and_grad(written, argnums)(X, p, y, s))
    assert fast.map(X, p, y, 2.0) == pytest.approx([function(a, p, b, 2.0) for a, b in zip(X, y, strict=True)])


@pytest.mark.parametrize("kind", [np.array, list, tuple])
def test_ways_through_a_mean(kind: Any) -> None:
    """Examples are divided by the ways that they take, whatever is shared."""
    fast = jit(bent, shared="p")
    for q in ([2.0, 3.0], [2.0, -3.0], [2.0, 3.0]):
        x = kind([1.0, -1.0, 2.0, -3.0])
        alike(value_and_grad(fast.mean, (0, 1))(q, x), value_and_grad(mean_of(bent), (0, 1))(q, x))
        alike(value_and_grad(fast.mean, 0)(np.array(q), x)[1], np.array(grad(mean_of(bent))(q, x)))


def test_captured_values_of_a_mean() -> None:
    """Floats out at plain numbers, read anew; the mean itself is a node."""
    w = Value(2.0)
    fast = jit(lambda p, x: w * p * x, shared="p")
    for w.data in (2.0, 2.0, 5.0):
        alike(value_and_grad(fast.mean)(3.0, [1.0, 2.0]), (4.5 * w.data, 1.5 * w.data))
        assert gradients(fast.mean(3.0, [1.0, 2.0]), [w]) == [4.5]
    assert w.grad == 0.0


def test_shared_values() -> None:
    """Values in, Values out, between calls with plain numbers."""
    fast = jit(loss, shared="p")
    b = [Value(x) for x in P["b"]]
    for _ in range(2):
        expected = value_and_grad(fast.mean)(P, X, Y)
        mean = fast.mean({"w": P["w"], "b": b}, X, Y)
        assert mean.data == pytest.approx(expected[0])
        assert gradients(mean, b) == pytest.approx(expected[1]["b"].tolist())
        by_b = grad(fast.mean)({"w": P["w"], "b": b}, X, Y)["b"]
        assert [d.data for d in by_b] == pytest.approx(expected[1]["b"].tolist())


def test_derivatives_of_a_mean_of_other_kinds() -> None:
    """What the program does not know comes by way of the Values: second derivatives, products, within transforms."""
    fast = jit(lambda p, x: p * p * x, shared="p")
    xs = [1.0, 2.0]
    for _ in range(2):
        assert hessian(fast.mean)(3.0, xs) == 3.0
        assert jacobian(fast.mean)(3.0, xs) == 9.0
        assert vjp(fast.mean, 3.0, xs)[1](1.0) == (9.0, [4.5, 4.5])
        assert jvp(fast.mean, (3.0, xs), (1.0, [0.0, 0.0])) == (13.5, 9.0)
        assert grad(grad(fast.mean))(3.0, xs) == 3.0
        assert jit(value_and_grad(fast.mean))(3.0, xs) == (13.5, 9.0)
        assert grad(lambda v: v * grad(jit(lambda p, x: v * p * p * x, shared="p").mean)(3.0, xs))(2.0) == 36.0


def test_numbers_beside_a_mean() -> None:
    """has_aux: the loss and the share of what is right, each the mean over all examples."""

    def function(p: Any, x: Any) -> Any:
        return (p - x) ** 2, x > 1

    both = value_and_grad(jit(function, shared="p").mean, has_aux=True)
    for p in (3.0, 3.0, 1.0):
        xs = [0.5, 2.0, 3.0, 4.0]
        alike(both(p, xs), ((sum([(p - x) ** 2 for x in xs]) / 4, 0.75), sum([2 * (p - x) for x in xs]) / 4))
    with pytest.raises(TypeError, match="expected a function with a single number as its result, got tuple"):
        grad(jit(function, shared="p").mean)(3.0, [1.0, 2.0])
    with pytest.raises(TypeError, match="expected a function that returns a pair"):
        grad(jit(bent, shared="p").mean, has_aux=True)([1.0, 2.0], [1.0, 2.0])


@pytest.mark.parametrize("form", ["mean", "gradient of the mean", "gradients", "map"])
def test_errors_name_the_example(form: str) -> None:
    """And are those of the function; calls before and after are right."""
    fast = jit(lambda p, x: ag.log(p * x), shared=0)
    calls: dict[str, Callable[..., Any]] = {
        "mean": fast.mean,
        "gradient of the mean": grad(fast.mean),
        "gradients": grad(fast).map,
        "map": fast.map,
    }
    call = calls[form]
    for _ in range(3):
        with pytest.raises(ValueError, match=r"log: x = -2.0 is outside the domain x > 0 \(example 2\)"):
            call(2.0, [1.0, 2.0, -1.0])
        call(2.0, [1.0, 2.0])
    with ieee():
        assert np.isinf(fast.map(2.0, [1.0, 0.0])).tolist() == [False, True]
        assert np.isnan(grad(fast.mean)(2.0, [1.0, 0.0]))  # 0 * inf


def test_settings_and_shared_arguments() -> None:
    """Static arguments hold for all examples, and count as arguments."""
    fast = jit(lambda n, p, x: p**n * x, static_argnums=0, shared="p")
    for n in (2, 3, 2):
        alike(fast.mean(n, 3.0, [1.0, 2.0]), 1.5 * 3.0**n)
        alike(value_and_grad(fast.mean, 1)(n, 3.0, [1.0, 2.0]), (1.5 * 3.0**n, 1.5 * n * 3.0 ** (n - 1)))
        by_p, by_x = grad(fast, (1, 2)).map(n, 3.0, [1.0, 2.0])
        alike(by_p, n * 3.0 ** (n - 1) * np.array([1.0, 2.0]))
        alike(by_x, np.array([3.0**n] * 2))


class Spring:
    """An object whose method shares an argument."""

    def __init__(self) -> None:
        self.k = Value(2.0)

    @jit(shared="p")
    def cost(self, p: Any, x: Any) -> Any:
        """Of one example."""
        return self.k * p * x * x


def test_methods_with_shared_arguments() -> None:
    """The object is none of the arguments."""
    spring = Spring()
    for spring.k.data in (2.0, 2.0, 4.0):
        k = spring.k.data
        alike(value_and_grad(spring.cost.mean)(3.0, [1.0, 2.0]), (7.5 * k, 2.5 * k))
        alike(grad(spring.cost).map(3.0, [1.0, 2.0]), k * np.array([1.0, 4.0]))


@pytest.mark.parametrize(
    ("shared", "error", "message"),
    [
        ("q", ValueError, r"expected shared among the parameters of loss, \['p', 'x', 'y'\], got 'q'"),
        (3, ValueError, "expected shared below the number of positional arguments of loss, 3, got 3"),
        (-4, ValueError, "expected shared below the number of positional arguments of loss, 3, got -4"),
        (True, TypeError, "expected names or positions of arguments as shared, got True"),
        ((1.5,), TypeError, "expected names or positions of arguments as shared"),
    ],
)
def test_what_cannot_be_shared(shared: Any, error: type[Exception], message: str) -> None:
    """It is said at once."""
    with pytest.raises(error, match=message):
        jit(loss, shared=shared)


def test_what_is_no_batch() -> None:
    """Something has to be an example, and some; of one length."""
    fast = jit(loss, shared="p")
    calls: list[Callable[..., Any]] = [fast.mean, value_and_grad(fast.mean), grad(fast).map, fast.map]
    for call in calls:
        with pytest.raises(ValueError, match="expected arguments of one length, and some examples, got lengths"):
            call(P, X, Y[:2])
        with pytest.raises(ValueError, match="expected arguments of one length"):
            call(P, X[:0], Y[:0])
    with pytest.raises(ValueError, match="expected arguments of one length"):
        jit(loss, shared=(0, 1, 2)).mean(P, X[0], Y[0])
    with pytest.raises(TypeError, match="expected the examples of loss by position"):
        fast.mean(P, X, y=Y)
    with pytest.raises(ValueError, match="expected argnums below the number of positional arguments, 3, got 3"):
        grad(fast.mean, 3)(P, X, Y)


def test_a_batch_keeps_what_is_shared() -> None:
    """What is done to the arrays afterwards has no effect."""
    p = {key: array.copy() for key, array in P.items()}
    batch = jit(loss, shared="p").batch(p, X, Y)
    before = batch.mean(), batch.mean(np.array([0, 2])), batch.map()
    p["w"] += 1.0
    alike((batch.mean(), batch.mean(np.array([0, 2])), batch.map()), before)
    alike(before[0], float(mean_of(loss)(P, X, Y)))
    alike(before[1], float(mean_of(loss)(P, X[[0, 2]], Y[[0, 2]])))


# --- The gradient of each example -------------------------------------------------------------------------


@pytest.mark.parametrize("argnums", [0, 1, -1, (1, 0), (0, 2)], ids=str)
def test_gradients_of_each_example(argnums: Any) -> None:
    """As one by one, the examples along the first axis of arrays."""
    fast = jit(loss, shared="p")

    def stacked(each: list[Any]) -> Any:
        if isinstance(each[0], dict):
            return {key: stacked([x[key] for x in each]) for key in each[0]}
        return np.array(each)

    one = [value_and_grad(loss, argnums)(P, x, y) for x, y in zip(X, Y, strict=True)]
    values = np.array([float(value) for value, _ in one])
    several = [g for _, g in one]
    expected = (
        tuple([stacked([*each]) for each in zip(*several, strict=True)])
        if isinstance(argnums, tuple)
        else stacked(several)
    )
    for _ in range(3):
        alike(value_and_grad(fast, argnums).map(P, X, Y), (values, expected))
        alike(grad(fast, argnums).map(P, X, Y), expected)


def test_gradients_of_each_example_by_any_way() -> None:
    """Ways through the function, and examples for which there is no program."""
    fast = jit(bent, shared="p")
    q, xs = [2.0, 3.0], [1.0, -1.0, 2.0, -3.0]
    for _ in range(3):
        by_q = grad(fast).map(q, xs)
        each = [grad(bent)(q, x) for x in xs]
        alike(by_q, [np.array([g[k] for g in each]) for k in range(2)])
    alike(grad(jit(lambda x: x * x)).map([1.0, 2.0]), np.array([2.0, 4.0]))
    alike(grad(jit(lambda x: x * x)).map(np.array([1, 2])), np.array([2.0, 4.0]))
    with ieee():
        assert grad(jit(ag.log)).map([1.0, 0.0]).tolist() == [1.0, np.inf]


def test_gradients_of_each_example_keep_derivatives() -> None:
    """Of a function that closes over the variable of a transform around, and of Values."""
    around = grad(lambda w: grad(jit(lambda x: w * x * x)).map([1.0, 2.0])[1] * w)
    assert [around(3.0), around(5.0)] == [24.0, 40.0]
    p, fast = Value(3.0), jit(lambda p, x: p * p * x, shared="p")
    assert [d.data for d in grad(fast).map(p, [1.0, 2.0])] == [6.0, 12.0]
    assert gradients(grad(fast).map(p, [1.0, 2.0])[1], [p]) == [4.0]


def test_whose_examples_have_no_map() -> None:
    """It is that of a jitted function, and not of one of which some arguments are given."""
    import functools

    assert not hasattr(grad(bent), "map")
    with pytest.raises(TypeError, match="map: expected a jitted function, and not one of which some arguments"):
        grad(functools.partial(jit(bent), [1.0, 2.0])).map([1.0])


def test_batches_alias_nothing() -> None:
    """What is done to a gradient changes no argument and no later call."""
    fast = jit(lambda p, x: dot(p["w"], x) + p["b"], shared="p")
    p: dict[str, Any] = {"w": np.array([1.0, 2.0]), "b": 3.0}
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    for call in (value_and_grad(fast.mean, (0, 1)), grad(fast, (0, 1)).map):
        kept = [a.copy() for a in arrays_in(call(p, x))]
        for _ in range(3):
            for a, b in zip(arrays_in(call(p, x)), kept, strict=True):
                assert a == pytest.approx(b)
                np.add(a, 1000.0, out=a)
                assert (p["w"].tolist(), x.tolist()) == ([1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]])


# --- Parameters in arrays ---------------------------------------------------------------------------------


def captured() -> tuple[list[Value], Any]:
    """Three parameters, and a loss that uses them; y = 2 a + 1 b, the last of no use."""
    w = [Value(0.5), Value(-0.5), Value(7.0)]
    return w, jit(lambda x, y: (sigmoid(w[0]) * x[0] + w[1] * x[1] - y) ** 2)


DATA: tuple[Any, Any] = ([[1.0, 2.0], [3.0, -1.0], [0.5, 0.0]], [1.0, 2.0, -0.5])


def test_a_loop_over_arrays() -> None:
    """The same costs and numbers as by Values, which are written on leaving."""
    by_values, first = captured()
    costs = []
    for _ in range(25):
        cost = first.mean(*DATA)
        for v, d in zip(by_values, gradients(cost, by_values), strict=True):
            v.data -= 0.1 * d
        costs.append(cost.data)
    w, fast = captured()
    with fast.arrays(w) as (p, dp):
        for k in range(25):
            cost = fast.mean(*DATA)
            assert type(cost) is float
            assert cost == pytest.approx(costs[k])
            p[:] -= 0.1 * dp
    assert [x.data for x in w] == pytest.approx([x.data for x in by_values])
    assert [x.data for x in w] == p.tolist()
    assert [x.grad for x in w] == dp.tolist()
    assert dp[2] == 0.0
    assert type(fast.mean(*DATA)) is Value


def test_arrays_after_an_exception() -> None:
    """The Values are written all the same."""
    w, fast = captured()
    seen: list[Any] = []

    def loop() -> None:
        with fast.arrays(w) as (p, dp):
            fast.mean(*DATA)
            p[:] += 1.0
            seen[:] = [dp.tolist()]
            raise KeyError

    with pytest.raises(KeyError):
        loop()
    assert [x.data for x in w] == [1.5, 0.5, 8.0]
    assert [[x.grad for x in w]] == seen


def test_writing_in_between() -> None:
    """sync writes, read reads."""
    w, fast = captured()
    with (held := fast.arrays(w)) as (p, dp):
        fast.mean(*DATA)
        p[0] = 3.0
        held.sync()
        assert w[0].data == 3.0
        assert [x.grad for x in w] == dp.tolist()
        w[0].data = 4.0
        held.read()
        assert p[0] == 4.0


def test_arrays_of_ways_and_errors() -> None:
    """Ways through the function, numbers beside the loss, and operations outside their domain."""
    w = [Value(2.0), Value(1.0)]
    fast = jit(lambda x: (ag.log(w[0] * x) if x > 1 else w[1] * x * x, x > 1))
    with fast.arrays(w) as (p, dp):
        for p[0] in (2.0, 3.0, 2.0):
            cost, share = fast.mean([0.5, 2.0, 4.0])
            assert (cost, share) == pytest.approx((0.25 / 3 + np.log(p[0] * p[0] * 8.0) / 3, 2 / 3))
            assert dp == pytest.approx([2 / 3 / p[0], 0.25 / 3])
        p[0] = -1.0
        with pytest.raises(ValueError, match="log"):
            fast.mean([0.5, 2.0, 4.0])
        p[0] = 2.0
        fast.mean([0.5, 2.0])
        assert dp == pytest.approx([0.25, 0.125])


def test_arrays_of_one_function_only() -> None:
    """Other functions have their own, also within; another thread knows nothing of it."""
    v, (w, fast) = Value(1.0), captured()
    other = jit(lambda x: v * x)
    seen: list[Any] = []
    with fast.arrays(w) as (p, _):
        assert type(other.mean([1.0])) is Value
        thread = threading.Thread(target=lambda: seen.append(fast.mean(*DATA)))
        thread.start()
        thread.join()
        with other.arrays([v]) as (_, dv):
            assert other.mean([1.0, 3.0]) == 2.0
            assert dv.tolist() == [2.0]
            assert type(fast.mean(*DATA)) is float
        assert type(other.mean([1.0])) is Value
        p[1] = 3.0
    assert type(seen[0]) is Value
    assert w[1].data == 3.0


def test_arrays_of_some_parameters() -> None:
    """Those that are not held are read from their Values; gradients are by what is held."""
    w, fast = captured()
    expected = gradients(fast.mean(*DATA), w)
    with fast.arrays([w[1]]) as (_, dp):
        for _ in range(2):
            fast.mean(*DATA)
            assert dp == pytest.approx([expected[1]])
        w[0].data = -0.5
        fast.mean(*DATA)
    assert w[1].grad == pytest.approx(gradients(fast.mean(*DATA), w)[1])


def test_what_cannot_be_held() -> None:
    """Numbers, one Value, none, and the same twice."""
    w, fast = captured()
    for given in ([1.0], w[0], [], None, 3.0):
        with pytest.raises(TypeError, match="expected a list of Values"):
            fast.arrays(given)
    with pytest.raises(ValueError, match="expected different Values"):
        fast.arrays([w[0], w[0]])


def test_arrays_within_no_grad() -> None:
    """The mean, and its gradient, all the same."""
    w, fast = captured()
    expected = gradients(fast.mean(*DATA), w)
    with no_grad(), fast.arrays(w) as (_, dp):
        for _ in range(2):
            assert type(fast.mean(*DATA)) is float
            assert dp == pytest.approx(expected)


def test_what_is_held_is_up_to_date_wherever_it_is_read() -> None:
    """By the function itself, its derivatives, its map, and another function of the same Values."""
    w = Value(1.0)
    f, g = jit(lambda x: (w * x - 2.0) ** 2), jit(lambda x: w * x)
    for fast in (f, g):
        fast(1.0)
    prepared = f.batch([1.0])
    with f.arrays([w]) as (P, _):
        for number in (3.0, 5.0, 6.0, 7.0, 9.0):
            P[0] = number
            expected = (number - 2.0) ** 2
            assert f.mean([1.0]) == expected
            P[0] = number  # a mean may have brought w up to date
            assert f.map([1.0]).tolist() == prepared.map().tolist() == [expected]
            assert f(1.0).data == expected
            assert g.map([2.0]).tolist() == [2.0 * number]
            assert grad(f)(1.0) == jit(grad(f))(1.0) == 2.0 * (number - 2.0) * number
            assert f.kernel(1.0).value(np.array(1.0)) == expected
    assert w.data == 9.0


def test_parameters_are_held_once() -> None:
    """What one `with` holds no other takes, nor the same one again; afterwards it may."""
    w = Value(1.0)
    f = jit(lambda x: w * x)
    held = f.arrays([w])
    with held, pytest.raises(ValueError, match="held in arrays already"), f.arrays([w]):
        pass
    with held, pytest.raises(ValueError, match="held in arrays already"), held:
        pass
    with f.arrays([w]) as (P, _):
        P[0] = 4.0
    assert w.data == 4.0


def test_values_among_examples_while_parameters_are_held() -> None:
    """No gradient would go to them: a TypeError that says so."""
    w = Value(1.0)
    f = jit(lambda x: w * x)
    with f.arrays([w]), pytest.raises(TypeError, match="expected numbers as examples"):
        f.mean([Value(1.0)])


def test_a_map_within_a_transform() -> None:
    """It gives numbers without gradients: a TypeError, and no gradient of zero."""
    square = jit(lambda x: x * x)
    with pytest.raises(TypeError, match="numbers without gradients"):
        grad(lambda s: square.map([s, 2.0 * s]).sum())(1.0)


def test_a_shared_array_is_arranged_as_it_is() -> None:
    """Its gradient is an array of its shape, also where it is not in a dict."""
    W, X = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4))
    fast = jit(lambda W, x: sum([dot(row, x) ** 2 for row in W]), shared="W")
    for _ in range(2):
        _, found = value_and_grad(fast.mean)(W, X)
        np.testing.assert_allclose(found, 2.0 * (W @ X.T) @ X / 5.0)
        assert found.shape == W.shape
