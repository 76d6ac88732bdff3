"""The contract of jit: what the function returns, it returns - through branches, corners, misuse and composition."""

from __future__ import annotations

import gc
import inspect
import math
import pickle
import random
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value, grad, hessian, jacobian, jit, value_and_grad


def test_the_result_is_one_node() -> None:
    """Its parents are what is captured and what was given, its partials the gradient."""
    w, x = Value(3.0), Value(2.0)
    y = jit(lambda x: (w * x + 1.0) ** 2)(x)
    assert y.data == 49.0
    assert {id(p): d for p, d in zip(y.parents, y.partials, strict=True)} == {id(w): 28.0, id(x): 42.0}


def test_numbers_in_numbers_out() -> None:
    """Without a Value among arguments and captured leaves the result is a number, as it is eagerly."""
    assert jit(lambda x: x * x)(3.0) == 9.0
    assert isinstance(jit(lambda x: x * x)(3.0), float)


def test_as_decorator_and_with_keywords() -> None:
    """``@jit`` and ``@jit()`` keep name and docstring; keywords are arguments like others."""

    @jit
    def scaled(x: Any, by: Any = 2.0) -> Any:
        """Scale."""
        return x * by

    @jit()
    def other(x: Any) -> Any:
        return -x

    assert vars(scaled)["__name__"] == "scaled"
    assert scaled.__doc__ == "Scale."
    assert [scaled(3.0), scaled(3.0, by=5.0), scaled(3.0, 4.0), other(1.0)] == [6.0, 15.0, 12.0, -1.0]


def test_structures() -> None:
    """Arguments and results may be nested; an argument arranged in another way is recorded anew."""
    fast = jit(lambda p: {"s": ag.sum(p["w"]), "t": (p["w"][0] * p["b"],)})
    assert fast({"w": [1.0, 2.0], "b": 3.0}) == {"s": 3.0, "t": (3.0,)}
    assert fast({"w": [1.0, 2.0, 4.0], "b": 3.0}) == {"s": 7.0, "t": (3.0,)}


def test_captured_leaves_are_read_at_each_call() -> None:
    """Training changes the parameters' data, and the next call sees it."""
    w = Value(2.0)
    fast = jit(lambda x: w * x)
    assert fast(3.0).data == 6.0
    w.data = 5.0
    assert fast(3.0).data == 15.0


def test_leaves_made_inside_are_constants() -> None:
    """A Value made in the function is part of the formula, and no parent of the result."""
    x = Value(2.0)
    y = jit(lambda x: x * Value(4.0) + ag.constant(1.0))(x)
    assert y.data == 9.0
    assert y.parents == (x,)


def test_nodes_computed_before_are_captured() -> None:
    """A node made outside is a number of that moment, as it is eagerly, and gets a gradient of its own."""
    w = Value(2.0)
    doubled = w * 2.0
    fast = jit(lambda x: doubled * doubled * x * w)
    first = [ag.gradients(f(3.0), [w], create_graph=True)[0] for f in (fast, fast.function)]
    assert ag.gradients(first[0], [w]) == pytest.approx(ag.gradients(first[1], [w]), rel=1e-14)
    for _ in range(3):
        got, expected = fast(3.0), fast.function(3.0)
        assert got.data == expected.data
        assert ag.gradients(got, [doubled]) == ag.gradients(expected, [doubled])
        assert ag.gradients(got, [w]) == ag.gradients(expected, [w])
        w.data += 1.0


# --- Branches ---------------------------------------------------------------------------------------------


def absolute(x: Any) -> Any:
    """A branch on an argument."""
    return -x if x < 0 else x * 1.0


def test_a_branch_is_followed() -> None:
    """A comparison that comes out otherwise leads to the other path; over a batch each example takes its own."""
    fast = jit(absolute)
    assert [fast(x) for x in (2.0, -3.0, 4.0, -5.0, 0.0)] == [2.0, 3.0, 4.0, 5.0, 0.0]
    assert fast.map([1.0, -2.0, 3.0, -4.0]).tolist() == [1.0, 2.0, 3.0, 4.0]
    assert fast.mean([1.0, -2.0, 3.0, -6.0]) == pytest.approx(3.0, rel=1e-15)
    assert grad(fast)(-2.0) == -1.0
    assert grad(fast)(2.0) == 1.0


def test_truth_of_a_value_is_a_branch() -> None:
    """``if x`` and ``x in (...)`` ask for a truth as a comparison does."""
    fast = jit(lambda x: x * 2.0 if x else x + 7.0)
    assert [fast(1.0), fast(0.0), fast(3.0)] == [2.0, 7.0, 6.0]
    member = jit(lambda x: x * (10.0 if x in (1.0, 2.0) else 1.0))
    assert [member(1.0), member(2.0), member(3.0), member(2.0)] == [10.0, 20.0, 3.0, 20.0]


def newton(a: Any) -> Any:
    """The square root of a, by as many steps as it takes."""
    x = a * 0.5 + 0.5
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


def test_a_loop_that_stops_by_its_data() -> None:
    """Newton's iteration has another length for another number: each length is a path."""
    fast = jit(newton)
    for a in (2.0, 9.0, 1e4, 0.01, 3.0, 7.0):
        assert math.isclose(fast(a), math.sqrt(a), rel_tol=1e-12)
        assert math.isclose(grad(fast)(a), grad(newton)(a), rel_tol=1e-9)


def test_too_many_paths() -> None:
    """After 32 paths the function runs eagerly, with one warning that names the line and what to write instead."""

    def countdown(x: Any) -> Any:
        steps = 0.0
        while x > 0:
            x = x - 1.0
            steps += 1.0
        return x + steps

    fast = jit(countdown)
    for i in range(32):
        assert fast(float(i)) == float(i)
    with pytest.warns(RuntimeWarning, match=r"more than 32 ways.*while x > 0:.*where\(\)"):
        assert fast(50.0) == 50.0
    assert fast(60.0) == 60.0


def test_where_needs_no_branch() -> None:
    """``where`` on a comparison is an array select: one path for all examples."""
    fast = jit(lambda x: ag.where(x > 0, x * 3.0, x * x))
    assert [fast(2.0), fast(-2.0)] == [6.0, 4.0]
    assert fast.map([1.0, -1.0, -3.0]).tolist() == [3.0, 1.0, 9.0]
    assert "where(" in fast.source
    assert [grad(fast)(2.0), grad(fast)(-2.0)] == [3.0, -4.0]


def test_hinge_checks_its_targets() -> None:
    """A loss that looks at its target takes a branch; targets of both kinds still are one program."""
    model = nn.MLP(2, [4, 1], rng=random.Random(0))
    X, Y = nn.data.moons(20, noise=0.1, rng=random.Random(0))
    signs = [2 * y - 1 for y in Y]
    fast = jit(lambda x, y: nn.hinge(model(x), y))
    expected = ag.mean([nn.hinge(model(x), y) for x, y in zip(X, signs, strict=True)])
    got = fast.mean(X, signs)
    assert got.data == pytest.approx(expected.data, rel=1e-12)
    assert len(got.parents) == len(model.parameters())
    with pytest.raises(ValueError, match="expected a target of -1 or"):
        fast.mean(X, [0.5] * 20)


# --- Corners ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "good", "bad", "error"),
    [
        (ag.log, 2.0, -1.0, ValueError),
        (lambda x: 1.0 / x, 2.0, 0.0, ZeroDivisionError),
        (ag.exp, 1.0, 800.0, OverflowError),
        (ag.sqrt, 4.0, -1.0, ValueError),
    ],
)
def test_outside_the_domain(function: Any, good: float, bad: float, error: type[Exception]) -> None:
    """What raises eagerly raises here, with the same message, alone and over a batch."""
    fast = jit(lambda x: function(x))
    assert fast(good) == function(good)
    with pytest.raises(error):
        fast(bad)
    with pytest.raises(error):
        fast.mean([good, bad])


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan, 1e308])
def test_what_is_not_finite(x: float) -> None:
    """Infinities and nan give what they give eagerly, value and gradient."""
    function: Callable[[Any], Any]
    for function in (ag.relu, ag.sigmoid, ag.tanh, lambda x: x * x, lambda x: ag.maximum(x, 0.0), ag.softplus):
        a, b = Value(x), Value(x)
        got: Any = jit(lambda x, f=function: f(x))(a)
        expected: Any = function(b)
        assert repr(got.data) == repr(expected.data)
        assert repr(ag.gradients(got, [a])) == repr(ag.gradients(expected, [b]))


def test_an_infinite_slope() -> None:
    """Sqrt at 0 has the slope inf: backward never raises."""
    x = Value(0.0)
    fast = jit(ag.sqrt)
    fast(Value(1.0))
    assert ag.gradients(fast(x), [x]) == [math.inf]


@pytest.mark.parametrize("x", [-900.0, 900.0])
def test_saturation(x: float) -> None:
    """Sigmoid and tanh do not raise where they saturate."""
    fast = jit(lambda x: ag.sigmoid(x) + ag.tanh(x))
    assert fast(x) == ag.sigmoid(x) + ag.tanh(x)


# --- Misuse -----------------------------------------------------------------------------------------------


def test_random_numbers_are_found_out() -> None:
    """A function that draws random numbers is not what was recorded: an error at once, and at every call."""
    fast = jit(lambda x: x * random.random())
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"it depends on more than its arguments.*random numbers"):
            fast(1.0)


def test_what_is_found_out_has_a_class() -> None:
    """It is a RuntimeError with the name of the function, also after it has come from another process."""

    def drawn(x: Any) -> Any:
        return x * random.random()

    with pytest.raises(ag.TracingCheckError) as caught:
        jit(drawn)(1.0)
    error: Any = pickle.loads(pickle.dumps(caught.value))
    assert issubclass(type(error), RuntimeError)
    assert (type(error), str(error), error.name) == (ag.TracingCheckError, str(caught.value), "drawn")
    assert str(error).startswith("jit: drawn was expected to return ")


def test_reading_data_is_found_out() -> None:
    """``.data`` of a parameter is frozen by recording: an error at the first run after it has changed."""
    w = Value(2.0)
    fast = jit(lambda x: w * x + w.data)
    assert [fast(1.0).data, fast(2.0).data] == [4.0, 6.0]
    w.data = 3.0
    with pytest.raises(RuntimeError, match="it depends on more than its arguments"):
        fast(1.0)


def test_text_of_an_argument_is_found_out() -> None:
    """Text of a number is free, and what is made of it frozen: an error at the first run with another number."""
    function: Callable[[Any], Any] = lambda x: x * float(format(x, ".1f"))  # noqa: E731 - as the others
    fast = jit(lambda x: function(x))
    assert [fast(Value(2.0)).data for _ in range(2)] == [4.0, 4.0]
    fresh = jit(lambda x: function(x))
    again: Callable[[Any], Any]
    for again in (fast, lambda x: fresh.mean([Value(2.0), x]), lambda x: fresh.map([Value(2.0), x])):
        with pytest.raises(RuntimeError, match="it depends on more than its arguments"):
            again(Value(-2.0))


def test_the_checks_come_to_an_end() -> None:
    """Once it was compared with other arguments and other captured numbers, the function itself does not run again."""
    w, runs = Value(2.0), []

    def counted(x: Any) -> Any:
        runs.append(x)
        return w * x

    fast = jit(counted)
    for step in range(20):
        fast(float(step // 5))
        w.data += step > 8
    assert len(runs) == 4  # recorded, compared, compared at another argument, compared after w has changed
    one = jit(counted)
    one(1.0)
    w.data += 1.0
    for step in range(5):
        one(2.0 + step)
    assert len(runs) == 7  # the last two in one


@pytest.mark.parametrize("argument", ["3", None, 1j, [1.0, "x"]])
def test_arguments_are_numbers(argument: object) -> None:
    """Anything else is a TypeError that names the type."""
    with pytest.raises(TypeError, match="argument 0 of <lambda>.*expected numbers"):
        jit(lambda x: x)(argument)


@pytest.mark.parametrize("result", [None, 3.0, "text", [1.0]])
def test_results_are_values(result: object) -> None:
    """A result without Values has lost its gradient: a TypeError."""
    with pytest.raises(TypeError, match="the result of <lambda>|to return Values"):
        jit(lambda x: result)(1.0)


def test_batches_have_one_length() -> None:
    """``mean`` wants as many examples in each argument, some, and a single number as the result."""
    fast = jit(lambda x, y: x * y)
    with pytest.raises(ValueError, match=r"got lengths \[2, 1\]"):
        fast.mean([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=r"got lengths \[0, 0\]"):
        fast.mean([], [])
    with pytest.raises(TypeError, match="to return a single number for mean"):
        jit(lambda x: [x, x]).mean([1.0])


def test_only_functions() -> None:
    """``jit(3)`` is a TypeError."""
    with pytest.raises(TypeError, match="expected a function, got int"):
        jit(3)  # type: ignore[call-overload]


# --- Composition ------------------------------------------------------------------------------------------


def formula(x: Any) -> Any:
    """Something with derivatives of every order."""
    return ag.exp(x[0] * x[1]) * ag.tanh(x[0]) + x[1] ** 3


def test_transforms_of_a_jitted_function() -> None:
    """Gradients, Jacobians and Hessians of a jitted function are those of the function."""
    fast, x = jit(formula), [0.3, -0.7]
    assert value_and_grad(fast)(x)[0] == pytest.approx(formula(x), rel=1e-14)
    assert grad(fast)(x) == pytest.approx(grad(formula)(x), rel=1e-12)
    for row, expected in zip(hessian(fast)(x), hessian(formula)(x), strict=True):
        assert row == pytest.approx(expected, rel=1e-12)
    pair = jit(lambda x: [x[0] * x[1], ag.sin(x[0])])
    assert jacobian(pair)(x)[0] == pytest.approx([-0.7, 0.3])
    assert grad(grad(grad(jit(lambda x: x**5))))(2.0) == pytest.approx(240.0)


def test_second_derivatives_by_what_is_captured() -> None:
    """The derivative graph of a program reaches captured leaves, also where an argument depends on them."""
    w = Value(1.5)
    fast = jit(lambda x: w * w * x)
    for function in (fast, fast.function):
        y = function(w * 2.0)  # 2 w^3
        (first,) = ag.gradients(y, [w], create_graph=True)
        assert first.data == pytest.approx(6 * 1.5**2)
        assert ag.gradients(first, [w]) == pytest.approx([12 * 1.5])


def test_jit_of_a_transform() -> None:
    """A gradient is a function of scalars like any other."""
    fast = jit(grad(lambda x: ag.sin(x) * x**3))
    for x in (1.0, 2.0):
        assert fast(x) == pytest.approx(grad(lambda x: ag.sin(x) * x**3)(x), rel=1e-12)


KINKED: dict[str, Callable[[list[Any]], Any]] = {
    "relu": lambda x: ag.relu(x[0] * x[1]) * x[0],
    "leaky_relu": lambda x: ag.leaky_relu(x[0] * x[1]) * x[1],
    "elu": lambda x: ag.elu(x[0]) * x[1],
    "abs": lambda x: abs(x[0]) * x[1] + abs(x[1] ** 2 - x[0]),
    "maximum": lambda x: ag.maximum(x[0], x[1]) * x[0],
    "clip": lambda x: ag.clip(x[0] * x[1], -0.5, 0.5) ** 2,
    "max": lambda x: ag.max([x[0] * x[1], x[0], x[1]]) * x[0],
    "round": lambda x: ag.round(x[0]) * x[1] * x[0],
}


@pytest.mark.parametrize("transform", [grad, ag.hessian], ids=["grad", "hessian"])
@pytest.mark.parametrize("name", KINKED)
def test_jit_of_slopes_that_are_constant_in_pieces(name: str, transform: Any) -> None:
    """Slopes of functions with kinks are made of comparisons in the program, so they follow the numbers."""
    rng = random.Random(1)
    eager = transform(KINKED[name])
    fast = jit(eager)
    for _ in range(6):
        x = [rng.uniform(-2, 2), rng.uniform(-2, 2)]
        np.testing.assert_allclose(np.array(fast(x), float), np.array(eager(x), float), rtol=1e-12, atol=1e-12)


def test_jit_inside_jit() -> None:
    """A jitted function inside another is part of its program."""
    inner = jit(lambda x: ag.tanh(x))
    outer = jit(lambda x: inner(x) * 2.0)
    x = Value(0.3)
    assert outer(x).data == pytest.approx(2.0 * math.tanh(0.3), rel=1e-15)
    assert "tanh" in outer.source


def test_a_row_of_the_users() -> None:
    """An operation made with ``primitive``, branches and all, runs in a program by its float functions."""

    @ag.primitive(lambda out, x, y: (3.0 * x * x if x > 0 else 0.0, 1.0))
    def cube(x: float, y: float) -> float:
        return (x**3 if x > 0 else 0.0) + y

    fast = jit(lambda x: cube(x[0], x[1]) + 2.0 * cube(x[1], x[0]))
    for x in ([1.0, 2.0], [-1.0, 3.0]):
        assert grad(fast)(x) == grad(fast.function)(x)
        assert fast(x) == fast.function(x)


def test_a_step_of_training() -> None:
    """``loss.mean(X, Y).backward()`` adds to the parameters' gradients, as eager code does."""
    model = nn.MLP(2, [3, 1], activation="tanh", rng=random.Random(5))
    X, Y = [[0.1, 0.2], [0.3, -0.4]], [1.0, -1.0]
    loss = jit(lambda x, y: nn.quadratic(model(x), y))
    loss.mean(X, Y).backward()
    first = [p.grad for p in model.parameters()]
    loss.mean(X, Y).backward()
    assert [p.grad for p in model.parameters()] == [2.0 * g for g in first]


def test_threads() -> None:
    """Calls in several threads do not share buffers."""
    w = Value(2.0)
    fast = jit(lambda x: ag.sum([w * v * v for v in x]))
    fast([1.0] * 50)
    wrong: list[float] = []

    def work(k: int) -> None:
        for _ in range(200):
            out = fast([float(k)] * 50)
            if out.data != 100.0 * k * k or out.partials != (50.0 * k * k,):
                wrong.append(out.data)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


class Scale:
    """An object with jitted methods; equal to others with equal factors."""

    def __init__(self, factor: float) -> None:
        self.w = Value(factor)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scale) and self.w.data == other.w.data

    __hash__ = None  # type: ignore[assignment]

    @jit
    def times(self, x: Any, power: int = 1) -> Any:
        """The scaled number."""
        return (self.w * x) ** power

    static = jit(math.sqrt)


def test_a_method() -> None:
    """``@jit`` on a method makes a program for each object, which is kept as long as the object."""
    a, b = Scale(3.0), Scale(3.0)
    assert a.times(2.0).data == b.times(2.0).data == 6.0
    assert a.times(2.0).parents == (a.w,)
    assert b.times(2.0).parents == (b.w,)
    assert a.times is a.times
    assert a.times is not b.times
    a.w.data = 5.0
    assert (a.times(2.0).data, b.times(2.0).data) == (10.0, 6.0)
    assert a.times.mean([1.0, 2.0]).data == 7.5
    assert "def " in a.times.source
    assert inspect.signature(a.times).parameters.keys() == {"x", "power"}
    assert a.times.__doc__ == "The scaled number."
    assert Scale.times is vars(Scale)["times"]


def test_a_jitted_method_keeps_its_object_as_long_as_itself() -> None:
    """As Python's own methods do; when neither it nor the object is held, both go, and what was recorded for them."""
    a = Scale(2.0)
    a.times(1.0)
    gone, times = weakref.ref(a), a.times
    del a
    gc.collect()
    assert times(3.0, power=2).data == 36.0
    before = len(Scale.times.families.values())
    del times
    gc.collect()
    assert gone() is None
    assert len(Scale.times.families.values()) == before - 2


def test_what_is_no_method() -> None:
    """A jitted builtin, or a jitted function in an instance, is no method."""
    a = Scale(2.0)
    a.own = jit(lambda x: x * x)  # type: ignore[attr-defined]
    assert a.own(3.0) == 9.0  # type: ignore[attr-defined]
    assert a.static is Scale.static
