"""Exceptions, zeros, inf and nan under jit: where the function on Values raises, the call raises the same.

The oracle is the function itself on Values: at every argument a jitted function has its outcome, the number or the
class and the text of the exception, whatever was called before and whether anybody uses the number that fails.
"""

# ruff: noqa: B023 - what is made in a loop is called in it

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, constant, grad, gradients, ieee, jit, primitive, rules, value_and_grad
from autograd.functions import apply

INF, NAN = math.inf, math.nan

Function = Callable[..., Any]
Point = tuple[float, ...]

FAILS: dict[str, tuple[Sequence[Point], Sequence[Point]]] = {
    "/": ([(1.0, 2.0), (3.0, -4.0), (0.5, 0.25)], [(1.0, 0.0), (-2.0, -0.0), (0.0, 0.0)]),
    "**": ([(2.0, 0.5), (3.0, 1.5), (1.5, -2.0)], [(0.0, -1.0), (-2.0, 0.5), (1e200, 2.0), (10.0, 400.0)]),
    "%": ([(5.5, 2.0), (-5.5, 2.0), (1.25, -3.0)], [(1.0, 0.0), (-2.5, -0.0), (0.0, 0.0)]),
    "//": ([(5.5, 2.0), (-5.5, 2.0), (1.25, -3.0)], [(1.0, 0.0), (-2.5, -0.0), (0.0, 0.0)]),
    "xlogy": ([(1.0, 2.0), (3.0, 0.25), (-0.5, 7.0)], [(1.0, 0.0), (2.0, -1.0)]),
    "exp": ([(0.5,), (-1.0,), (2.0,)], [(710.0,), (1e5,)]),
    "expm1": ([(0.5,), (-1.0,), (2.0,)], [(710.0,), (1e5,)]),
    "log": ([(0.5,), (2.0,), (7.0,)], [(0.0,), (-1.0,), (-0.0,)]),
    "log1p": ([(0.5,), (2.0,), (-0.25,)], [(-1.0,), (-3.0,)]),
    "log2": ([(0.5,), (2.0,), (7.0,)], [(0.0,), (-1.0,)]),
    "log10": ([(0.5,), (2.0,), (7.0,)], [(0.0,), (-1.0,)]),
    "sqrt": ([(0.5,), (2.0,), (7.0,)], [(-1.0,), (-1e-300,)]),
    "sin": ([(0.5,), (2.0,), (7.0,)], [(INF,), (-INF,)]),
    "cos": ([(0.5,), (2.0,), (7.0,)], [(INF,), (-INF,)]),
    "tan": ([(0.5,), (2.0,), (7.0,)], [(INF,), (-INF,)]),
    "sinc": ([(0.5,), (2.25,), (7.125,)], [(INF,), (-INF,)]),
    "asin": ([(0.5,), (-0.75,), (0.25,)], [(1.5,), (-2.0,)]),
    "acos": ([(0.5,), (-0.75,), (0.25,)], [(1.5,), (-2.0,)]),
    "sinh": ([(0.5,), (-1.0,), (2.0,)], [(711.0,), (-1e5,)]),
    "cosh": ([(0.5,), (-1.0,), (2.0,)], [(711.0,), (-1e5,)]),
    "acosh": ([(1.5,), (2.0,), (7.0,)], [(0.5,), (-1.0,)]),
    "atanh": ([(0.5,), (-0.75,), (0.25,)], [(1.0,), (-1.0,), (3.0,)]),
    "clip": ([(0.5, 0.0, 1.0), (3.0, -1.0, 2.0), (-1.0, 0.0, 0.5)], [(0.5, 2.0, 1.0)]),
}
"""For each operation that may raise: points in its domain, and points outside."""

RAISING = [rule for rule in rules.TABLE if rule.raises is not None]

each_row = pytest.mark.parametrize("rule", RAISING, ids=lambda rule: rule.symbol)


def test_every_row_that_may_raise_is_here() -> None:
    """The points above are those of all rows that may raise, and they raise or do not as it says."""
    assert {rule.symbol for rule in RAISING} <= FAILS.keys()
    for rule in RAISING:
        inside, outside = FAILS[rule.symbol]
        for point in inside:
            assert isinstance(outcome(lambda *xs, rule=rule: apply(rule, xs), point), float)
        for point in outside:
            assert isinstance(outcome(lambda *xs, rule=rule: apply(rule, xs), point), tuple)


# --- The oracle ---------------------------------------------------------------------------------------------


def number(x: Any) -> float:
    """The number of a Value, or a number."""
    return x.data if isinstance(x, Value) else float(x)


def outcome(f: Function, point: Point) -> Any:
    """What an eager function does at a point: a number, or the class and the text of an exception."""
    return answered(lambda: number(f(*map(Value, point))))


def answered(run: Callable[[], Any]) -> Any:
    """A result, or the class and the text of an exception; RuntimeError is an accusation and goes on."""
    try:
        return run()
    except (ArithmeticError, ValueError, LookupError) as error:
        return type(error), str(error)


def same(got: Any, right: Any) -> bool:
    """The same exception, or equal up to rounding; nan where it is nan."""
    if isinstance(right, tuple) or isinstance(got, tuple):
        return bool(got == right)
    if isinstance(right, list):
        return len(got) == len(right) and all(same(x, y) for x, y in zip(got, right, strict=True))
    if math.isnan(right) or math.isinf(right):
        return repr(float(got)) == repr(right)
    return math.isclose(got, right, rel_tol=1e-11, abs_tol=1e-11)


# --- Operations outside their domain ---------------------------------------------------------------------------


def twisted(xs: Sequence[Any], w: Value) -> list[Any]:
    """The same numbers as results of operations."""
    return [x * w for x in xs]


def in_a_loop(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A long scalar recurrence, in each step of which the operation is asked."""
    y = xs[0]
    for _ in range(60):
        y = y * 0.5 + op(*xs) * w
    return y


def dead_in_a_loop(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A long scalar recurrence, in each step of which the operation is asked in vain."""
    y = xs[0] * w
    for _ in range(60):
        op(*xs)
        y = y * 0.5 + w
    return y


def late_in_a_loop(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A recurrence that comes to the operand in its last step alone."""
    y = xs[0]
    for k in range(60):
        y = y * 0.5 + ag.tanh(y) * w
        if k == 59:
            y = y + op(*xs)
    return y


USES: dict[str, Callable[[Function, Sequence[Any], Value], Any]] = {
    "live": lambda op, xs, w: op(*xs) * w,
    "live, computed operands": lambda op, xs, w: op(*twisted(xs, w)) + xs[0] * w,
    "dead": lambda op, xs, w: [op(*xs), xs[0] * w + 1.0][1],
    "dead, computed operands": lambda op, xs, w: [op(*twisted(xs, w)), xs[0] * w + 1.0][1],
    "dead, result alone": lambda op, xs, w: [op(*xs), w * 3.0][1],
    "guard": lambda op, xs, w: xs[0] * w if op(*xs) > 0.3 else xs[0] - w,
    "guard on the number": lambda op, xs, w: xs[0] * w if op(*xs).data > 0.3 else xs[0] - w,
    "times zero": lambda op, xs, w: op(*xs) * 0.0 + xs[0] * w,
    "of a number": lambda op, xs, w: op(*[x.data for x in xs]) * w + xs[0],
    "side not taken": lambda op, xs, w: ag.where(xs[0] > 1e300, op(*xs), xs[0] * w),
    "not selected": lambda op, xs, w: ag.maximum(w * 0.0 - 1e308, op(*xs)) * 0.0 + w,
    "through another": lambda op, xs, w: ag.tanh(op(*xs)) * w + xs[-1],
    "twice": lambda op, xs, w: op(*xs) * w - op(*xs),
    "in a loop": in_a_loop,
    "dead in a loop": dead_in_a_loop,
    "late in a loop": late_in_a_loop,
    "stopped": lambda op, xs, w: ag.sum([constant(op(*xs)), w * xs[0]]),
}


def orders(rule: rules.Rule) -> Iterator[list[Point]]:
    """Points in the order of calls: those of the domain first, or one outside first."""
    inside, outside = FAILS[rule.symbol]
    first, second, third = inside
    yield [first, second, outside[0], third, outside[-1], first]
    yield [outside[-1], first, second, outside[0], third]


def quietly(run: Callable[[], Any]) -> Any:
    """Without any warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return run()


@pytest.mark.parametrize("use", USES)
@each_row
def test_a_call_raises_what_the_function_raises(rule: rules.Rule, use: str) -> None:
    """At every point the outcome is the eager one, in whichever order, with floats and with Values."""

    def op(*xs: Any) -> Any:
        return apply(rule, xs)

    for points in orders(rule):
        w = Value(1.0)
        by_floats, by_values = (jit(lambda *xs, w=w: USES[use](op, xs, w)) for _ in range(2))
        for point in points:
            right = outcome(lambda *xs, w=w: USES[use](op, xs, Value(w.data)), point)
            got = quietly(lambda: answered(lambda: number(by_floats(*point))))
            assert same(got, right), (points, point, got, right)
            got = quietly(lambda: answered(lambda: number(by_values(*map(Value, point)))))
            assert same(got, right), (points, point, got, right)


@pytest.mark.parametrize("use", USES)
@each_row
def test_a_derivative_raises_what_the_function_raises(rule: rules.Rule, use: str) -> None:
    """So do ``jit(grad(f))`` and ``value_and_grad(jit(f))``."""

    def op(*xs: Any) -> Any:
        return apply(rule, xs)

    for points in orders(rule):
        w = Value(1.0)

        def f(*xs: Any, w: Value = w) -> Any:
            return USES[use](op, xs, w)

        slope, both = jit(grad(f)), value_and_grad(jit(f))
        for point in points:
            right = answered(lambda: number(grad(f)(*map(Value, point))))
            got = quietly(lambda: answered(lambda: number(slope(*point))))
            assert same(got, right), (points, point, got, right)
            right = answered(lambda: [*map(number, value_and_grad(f)(*map(Value, point)))])
            got = quietly(lambda: answered(lambda: [*map(number, both(*point))]))
            assert same(got, right), (points, point, got, right)


@pytest.mark.parametrize("use", USES)
@each_row
def test_a_batch_raises_what_the_first_failing_example_raises(rule: rules.Rule, use: str) -> None:
    """The text of the exception ends with the number of the example; the other examples have their results."""

    def op(*xs: Any) -> Any:
        return apply(rule, xs)

    inside, outside = FAILS[rule.symbol]
    w = Value(1.0)

    def f(*xs: Any) -> Any:
        return USES[use](op, xs, w)

    for bad in {outside[0], outside[-1]}:
        batches = [[*inside, *inside], [*inside, bad, *inside, bad], [bad, *inside]]
        for fast, order in ((jit(f).mean, batches), (jit(f).map, batches[::-1])):
            for batch in order:
                results = [outcome(f, point) for point in batch]
                columns = [list(column) for column in zip(*batch, strict=True)]
                got = quietly(lambda: answered(lambda: np.asarray(fast(*columns), object).tolist()))
                failing = [j for j, found in enumerate(results) if isinstance(found, tuple)]
                if failing:
                    kind, text = results[failing[0]]
                    assert got == (kind, f"{text} (example {failing[0]})"), (batch, got)
                elif isinstance(got, list):
                    assert same([*map(number, got)], results), (batch, got)
                else:
                    assert same(number(got), sum(results) / len(results)), (batch, got)


@each_row
def test_only_failing_examples_run_eagerly(rule: rules.Rule) -> None:
    """However many examples there are, the function itself runs a few times for each that fails."""
    runs = []
    inside, outside = FAILS[rule.symbol]
    bad = outside[0]

    def f(*xs: Any) -> Any:
        runs.append(1)
        apply(rule, xs)
        return xs[0] * 2.0

    for way in ("mean", "map"):
        fast = jit(f)
        good = [list(column) for column in zip(*[inside[j % 3] for j in range(200)], strict=True)]
        getattr(fast, way)(*good)
        mixed = [[*column[:150], x, *column[150:]] for column, x in zip(good, bad, strict=True)]
        runs.clear()
        with pytest.raises(Exception, match=r"\(example 150\)$"):
            getattr(fast, way)(*mixed)
        assert len(runs) <= 8
        runs.clear()
        getattr(fast, way)(*good)
        assert len(runs) <= 3


def test_examples_whose_exception_is_caught() -> None:
    """They are another path: results and gradients are right in every order, and no example runs eagerly for long."""
    runs = []
    w = Value(2.0)

    def f(x: Any) -> Any:
        runs.append(1)
        try:
            return ag.log(x * w)
        except ValueError:
            return x * w * w - 100.0

    rng = np.random.default_rng(0)
    X: list[float] = []
    for first in (1.0, -1.0):
        fast = jit(f)
        fast.map([first, 2.0 * first])
        for _ in range(5):
            X = rng.uniform(-1.0, 1.0, 60).tolist()
            v = Value(w.data)
            right = [math.log(x * v.data) if x * v.data > 0.0 else x * v.data**2 - 100.0 for x in X]
            assert same(quietly(lambda: fast.map(X).tolist()), right)
            mean = quietly(lambda: fast.mean(X))
            assert same(mean.data, sum(right) / 60)
            slopes = [1.0 / v.data if x * v.data > 0.0 else 2.0 * x * v.data for x in X]
            assert same(gradients(mean, [w])[0], sum(slopes) / 60)
            w.data = -w.data
        runs.clear()
        fast.map(X)
        fast.mean(X)
        assert len(runs) <= 12


# --- Exceptions that the function catches ----------------------------------------------------------------------


def caught(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A fallback for any failure."""
    try:
        return op(*xs) * w
    except (ArithmeticError, ValueError):
        return xs[0] * w * 0.5 - 100.0


def told_apart(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A fallback for each kind of failure."""
    try:
        return op(*xs) * w
    except ZeroDivisionError:
        return w * 1.0 - 100.0
    except OverflowError:
        return w * 2.0 - 200.0
    except ValueError:
        return w * 3.0 - 300.0


def one_kind(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A fallback for one kind of failure alone."""
    try:
        return op(*xs) * w
    except OverflowError:
        return w * 2.0 - 200.0


def dead_caught(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A flag that a failure sets."""
    fails = 0.0
    try:
        op(*xs)
    except (ArithmeticError, ValueError):
        fails = 1.0
    return w * 2.0 + fails * 7.0


def caught_twice(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A fallback that may fail as well."""
    try:
        return op(*xs) * w
    except (ArithmeticError, ValueError):
        try:
            return op(*[-x for x in xs]) * w - 50.0
        except (ArithmeticError, ValueError):
            return w * 3.0


def in_turn(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A failure that is caught, and after it one that is not."""
    try:
        y = op(*xs) * w
    except (ArithmeticError, ValueError):
        y = w * 2.0
    return y + ag.log(w * 5.0 - abs(xs[0]))


def caught_in_a_loop(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A failure in each step of a loop."""
    y = w * 1.0
    for k in range(20):
        try:
            y = y * 0.5 + op(*xs) * (k + 1.0)
        except (ArithmeticError, ValueError):
            y = y * 0.5 - k * w
    return y


def swallowed(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """The text of the failure is used."""
    try:
        return op(*xs) * w
    except (ArithmeticError, ValueError) as error:
        return w * float(len(type(error).__name__))


def cleaned_up(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """A failure that goes on through a finally and a with."""
    y = w * 1.0
    try:
        with nullcontext():
            y = op(*xs) * w
    finally:
        y = y * 2.0
    return y


CAUGHT = {
    "caught": caught, "told apart": told_apart, "one kind": one_kind, "dead caught": dead_caught, "twice": caught_twice,
    "in turn": in_turn, "in a loop": caught_in_a_loop, "class is used": swallowed, "cleaned up": cleaned_up,
}  # fmt: skip


@pytest.mark.parametrize("use", CAUGHT)
@each_row
def test_an_exception_that_is_caught(rule: rules.Rule, use: str) -> None:
    """Success and failure are two ways through the function: each call takes its own, whichever came first."""
    inside, outside = FAILS[rule.symbol]

    def op(*xs: Any) -> Any:
        return apply(rule, xs)

    points = [*inside, *outside, *inside, *reversed(outside)]
    for order in (points, points[::-1]):
        w = Value(1.0)

        def f(*xs: Any, w: Value = w) -> Any:
            return CAUGHT[use](op, xs, w)

        fast, slope = jit(f), jit(grad(f))
        for i, point in enumerate(order):
            w.data = 1.0 + 0.25 * (i % 3)
            v = Value(w.data)
            xs = [*map(Value, point)]
            right = answered(lambda: f(*xs, w=v))
            got = quietly(lambda: answered(lambda: fast(*point)))
            if isinstance(right, tuple):
                assert got == right, (order, point, got, right)
                continue
            assert same(number(got), right.data), (order, point, got, right)
            assert same(gradients(constant(0.0) + got, [w]), gradients(right, [v])), (order, point)
            right = answered(lambda: number(grad(f)(*xs)))
            got = quietly(lambda: answered(lambda: number(slope(*point))))
            assert same(got, right), (order, point, got, right)


@pytest.mark.parametrize("use", CAUGHT)
@each_row
def test_a_caught_exception_in_a_batch(rule: rules.Rule, use: str) -> None:
    """Examples that fail and examples that do not stand beside each other."""
    inside, outside = FAILS[rule.symbol]
    w = Value(1.0)

    def f(*xs: Any) -> Any:
        return CAUGHT[use](lambda *xs: apply(rule, xs), xs, w)

    for batch in ([*inside, *outside, *inside], [*outside, *inside, *outside]):
        results = [outcome(f, point) for point in batch]
        failing = [j for j, found in enumerate(results) if isinstance(found, tuple)]
        columns = [list(column) for column in zip(*batch, strict=True)]
        got = quietly(lambda: answered(lambda: jit(f).map(*columns).tolist()))
        mean = quietly(lambda: answered(lambda: number(jit(f).mean(*columns))))
        if failing:
            kind, text = results[failing[0]]
            assert got == mean == (kind, f"{text} (example {failing[0]})")
        else:
            assert same(got, results)
            assert same(mean, sum(results) / len(results))


# --- Operations of the user's own ------------------------------------------------------------------------------


@primitive(lambda out, x: (out * 1.0,))
def picky(x: float) -> float:
    """Fails in four ways."""
    if x > 10.0:
        raise OverflowError("too much")
    if x < -10.0:
        raise ValueError("too little")
    if x == 0.0:
        raise ZeroDivisionError("nothing")
    if x == 5.0:
        raise ArithmeticError("five")
    return 2.0 * x


@primitive(lambda out, x: (1.0,), domain="x != 3")
def looked_up(x: float) -> float:
    """Fails in a way that no operation of the table does."""
    return {3.0: [][:1]}.get(x, [x + 1.0])[0]


@primitive(lambda out, x: (1.0 / (x - 2.0),))
def sharp(x: float) -> float:
    """Has a value where its partial fails."""
    return x


OWN: dict[str, tuple[Function, Sequence[float]]] = {
    "picky": (picky, (1.0, 2.0, 11.0, -11.0, 3.0, 0.0, 5.0, 11.0, 1.0)),
    "looked up": (looked_up, (1.0, 2.0, 3.0, 4.0, 3.0, 1.0)),
    "sharp": (sharp, (1.0, 3.0, 2.0, 4.0, 2.0, 1.0)),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", OWN)
def test_a_primitive_that_raises(name: str, use: str) -> None:
    """An operation of the user's own raises in every call in which it does so eagerly, used or not."""
    op, points = OWN[name]
    if name == "sharp" and use == "of a number":
        use = "live"  # a number alone has no partials
    for order in (points, points[2:], points[::-1]):
        w = Value(1.0)

        def f(x: Any, w: Value = w) -> Any:
            return USES[use](op, [x], w)

        fast, slope = jit(f), jit(grad(f))
        for x in order:
            right = outcome(f, (x,))
            got = quietly(lambda: answered(lambda: number(fast(x))))
            assert same(got, right), (order, x, got, right)
            right = answered(lambda: number(grad(f)(Value(x))))
            got = quietly(lambda: answered(lambda: number(slope(x))))
            assert same(got, right), (order, x, got, right)


@pytest.mark.parametrize("use", CAUGHT)
def test_a_primitive_whose_exception_is_caught(use: str) -> None:
    """So it is with one that the function catches."""
    points = OWN["picky"][1]
    for order in (points, points[2:], points[::-1]):
        w = Value(1.0)
        fast = jit(lambda x, w=w: CAUGHT[use](picky, [x], w))
        for x in order:
            right = outcome(lambda x: CAUGHT[use](picky, [x], Value(1.0)), (x,))
            got = quietly(lambda: answered(lambda: number(fast(x))))
            assert same(got, right), (order, x, got, right)


# --- ieee() ------------------------------------------------------------------------------------------------------


def within(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """The operation answers as IEEE 754 has it."""
    with ieee():
        y = op(*xs)
    return ag.where(y == y, ag.clip(y, -1e6, 1e6), -1.0) * w


def before_and_after(op: Function, xs: Sequence[Any], w: Value) -> Any:
    """Within it answers so, and afterwards it raises."""
    with ieee():
        op(*xs)
    return [op(*xs), w * 2.0][1]


@pytest.mark.parametrize("use", [within, before_and_after], ids=["within", "before and after"])
@each_row
def test_ieee_inside_the_function(rule: rules.Rule, use: Callable[[Function, Sequence[Any], Value], Any]) -> None:
    """Operations within ``ieee()`` have no exceptions, and those outside of it have."""
    for points in orders(rule):
        w = Value(1.0)
        fast = jit(lambda *xs, w=w: use(lambda *xs: apply(rule, xs), xs, w))
        for point in points:
            right = outcome(lambda *xs: use(lambda *xs: apply(rule, xs), xs, Value(1.0)), point)
            got = quietly(lambda: answered(lambda: number(fast(*point))))
            assert same(got, right), (points, point, got, right)


@pytest.mark.parametrize("use", ["live", "dead", "guard", "side not taken", "late in a loop", "caught", "dead caught"])
@each_row
def test_ieee_around_the_call(rule: rules.Rule, use: str) -> None:
    """Under ``ieee()`` numbers come back, without it exceptions: call by call, and in batches."""
    body = {**USES, **CAUGHT}[use]
    for points in orders(rule):
        w = Value(1.0)

        def f(*xs: Any, w: Value = w) -> Any:
            return body(lambda *xs: apply(rule, xs), xs, w)

        fast, slope = jit(f), jit(grad(f))
        for i, point in enumerate(points):
            with ieee() if i % 2 else nullcontext():
                right = outcome(f, point)
                got = quietly(lambda: answered(lambda: number(fast(*point))))
                assert same(got, right), (points, i, point, got, right)
                right = answered(lambda: number(grad(f)(*map(Value, point))))
                got = quietly(lambda: answered(lambda: number(slope(*point))))
                assert same(got, right), ("grad", points, i, point, got, right)
        with ieee():
            columns = [list(column) for column in zip(*points, strict=True)]
            assert same(quietly(lambda: fast.map(*columns).tolist()), [outcome(f, point) for point in points])


# --- Signs of zeros ----------------------------------------------------------------------------------------------


def summed(x: Any) -> Any:
    """A sum in a loop, which begins with a zero."""
    total = 0.0
    for _ in range(3):
        total = total + x
    return total


def halved(x: Any) -> Any:
    """A recurrence that keeps the sign of a zero."""
    for _ in range(40):
        x = x * 0.5
    return x


def alternating(x: Any) -> Any:
    """A loop over constants that are zeros of both signs."""
    for k in range(40):
        x = x * 0.5 + ag.atan2(x * 0.0, 0.0 if k % 2 else -0.0)
    return x


ZEROS: dict[str, Callable[[Any, Any], Any]] = {
    "x": lambda y, x: ag.atan2(y, x),
    "both computed": lambda y, x: ag.atan2(y * 1.0, x * 1.0),
    "x + 0.0": lambda y, x: ag.atan2(y, x + 0.0),
    "0.0 + x": lambda y, x: ag.atan2(y, 0.0 + x),
    "x - 0.0": lambda y, x: ag.atan2(y, x - 0.0),
    "x + -0.0": lambda y, x: ag.atan2(y, x + -0.0),
    "0.0 - x": lambda y, x: ag.atan2(y, 0.0 - x),
    "-x": lambda y, x: ag.atan2(y, -x),
    "-(-x)": lambda y, x: ag.atan2(y, -(-x)),  # noqa: B002
    "+x": lambda y, x: ag.atan2(y, +x),
    "x * 0.0": lambda y, x: ag.atan2(y, x * 0.0),
    "x * -0.0": lambda y, x: ag.atan2(x * -0.0, x),
    "0.0 / x": lambda y, x: ag.atan2(0.0 / (x * 1.0 + 3.0), x),
    "x - x": lambda y, x: ag.atan2(x - x, x),
    "x + y": lambda y, x: ag.atan2(y, x + y),
    "x * y": lambda y, x: ag.atan2(x * y, x),
    "x / 5": lambda y, x: ag.atan2(y, x / 5.0),
    "x**1": lambda y, x: ag.atan2(y, x**1),
    "x**3": lambda y, x: ag.atan2(y, x**3),
    "sum": lambda y, x: ag.atan2(y, ag.sum([x, x])),
    "sum of three": lambda y, x: ag.atan2(y, sum([x, x, y])),
    "mean": lambda y, x: ag.atan2(y, ag.mean([x])),
    "dot": lambda y, x: ag.atan2(y, ag.dot([x], [1.0])),
    "dot with a bias": lambda y, x: ag.atan2(y, ag.dot([x], [1.0], -0.0)),
    "relu": lambda y, x: ag.atan2(y, ag.relu(x)),
    "maximum": lambda y, x: ag.atan2(y, ag.maximum(x, 0.0)),
    "minimum": lambda y, x: ag.atan2(y, ag.minimum(-0.0, x)),
    "max of a sequence": lambda y, x: ag.atan2(y, ag.max([x, y, -0.0])),
    "clip": lambda y, x: ag.atan2(y, ag.clip(x, -0.0, 1.0)),
    "abs": lambda y, x: ag.atan2(y, abs(x)),
    "round": lambda y, x: ag.atan2(y, ag.functions.apply(rules.ROUND, (x * 0.25,))),
    "where": lambda y, x: ag.atan2(y, ag.where(y > 0.0, 0.0, x)),
    "number": lambda y, x: ag.atan2(y, (+x).data),
    "number of a node": lambda y, x: ag.atan2(y, (x + y).data),
    "Value of a number": lambda y, x: ag.atan2(y, Value((x * 1.0).data)),
    "constant": lambda y, x: ag.atan2(y, constant(x)),
    "tanh": lambda y, x: ag.atan2(ag.tanh(y), ag.sin(x)),
    "constants": lambda y, x: (
        ag.atan2(0.0, -0.0) * x + ag.atan2(-0.0, -0.0) * y + ag.atan2(-0.0, 0.0) + ag.atan2(0.0, 0.0)
    ),
    "constants in Values": lambda y, x: Value(0.0).atan2(-0.0) * x + Value(-0.0).atan2(-0.0) * y,
    "summed in a loop": lambda y, x: ag.atan2(y, summed(x)),
    "halved in a loop": lambda y, x: ag.atan2(y, halved(x)),
    "constants in a loop": lambda y, x: alternating(x) + y,
    "twice": lambda y, x: ag.atan2(y, ag.atan2(y, x + 0.0) * 0.0),
}

FOUR = (0.0, -0.0, 1.0, -2.0)


@pytest.mark.parametrize("name", ZEROS)
def test_the_sign_of_zero_under_atan2(name: str) -> None:
    """Of inputs, constants, captured and computed numbers ``atan2`` makes in a program what it makes eagerly."""
    f = ZEROS[name]
    w = Value(1.0)
    by_floats, by_values, captured, slope = jit(f), jit(f), jit(lambda y: f(y, w)), jit(grad(f, (0, 1)))
    for y, x in [(1.0, 2.0), (2.0, 1.5), *itertools.product(FOUR, FOUR)]:
        u, v = Value(y), Value(x)
        right = f(u, v)
        slopes = gradients(constant(0.0) + right, [u, v])
        assert same(quietly(lambda: number(by_floats(y, x))), number(right)), (y, x)
        given = Value(y), Value(x)
        got = quietly(lambda: by_values(*given))
        assert same([number(got), *gradients(constant(0.0) + got, given)], [number(right), *slopes]), (y, x)
        w.data = x
        got = quietly(lambda: captured(y))
        assert same([number(got), gradients(constant(0.0) + got, [w])[0]], [number(right), slopes[1]]), (y, x)
        assert same([*map(number, slope(y, x))], slopes), (y, x)
    points = [*itertools.product(FOUR, FOUR)]
    expected = [number(f(Value(y), Value(x))) for y, x in points]
    assert same(quietly(lambda: jit(f).map([y for y, _ in points], [x for _, x in points]).tolist()), expected)


def test_only_examples_with_a_zero_run_eagerly() -> None:
    """Of 200 examples the three in which a computed operand of ``atan2`` is zero run eagerly, and right."""
    runs = []

    def f(y: Any, x: Any) -> Any:
        runs.append(1)
        return ag.atan2(y, x + 0.0)

    Y, X = [0.0] * 200, [1.0 + j for j in range(200)]
    for j in (3, 70, 199):
        X[j] = -0.0
    fast = jit(f)
    for _ in range(3):
        runs.clear()
        assert fast.map(Y, X).tolist() == [0.0] * 200
        assert len(runs) <= 24
    assert len(runs) <= 8


IEEE: dict[str, Callable[[Any], Any]] = {
    "1 / x": lambda x: 1.0 / x,
    "1 / (x + 0.0)": lambda x: 1.0 / (x + 0.0),
    "1 / (x * 0.0)": lambda x: 1.0 / (x * 0.0),
    "1 / -x": lambda x: 1.0 / -x,
    "1 / (x * -1.0)": lambda x: 1.0 / (x * -1.0),
    "1 / (0.0 - x)": lambda x: 1.0 / (0.0 - x),
    "1 / relu": lambda x: 1.0 / ag.relu(x),
    "1 / sum": lambda x: 1.0 / ag.sum([x, x]),
    "x**-1": lambda x: x**-1,
    "(x + 0.0)**-1": lambda x: (x + 0.0) ** -1,
    "(x * -2.0)**-3": lambda x: (x * -2.0) ** -3,
    "(x * -2.0)**-2": lambda x: (x * -2.0) ** -2,
    "log": lambda x: ag.log(x * 2.0),
    "log of abs": lambda x: ag.log(abs(x)),
    "1 / sqrt": lambda x: 1.0 / ag.sqrt(x * 2.0),
    "1 / cbrt": lambda x: 1.0 / ag.cbrt(x * 2.0),
    "sqrt": lambda x: ag.sqrt(-x),
    "cbrt": lambda x: ag.cbrt(x * 3.0),
    "1 / 1 / x": lambda x: 1.0 / (1.0 / x),
    "x / x": lambda x: (x * 2.0) / (x * 3.0),
    "exp": lambda x: ag.exp(x * 800.0),
    "1 / -0.0": lambda x: Value(1.0) / -0.0 + x,
    "dead": lambda x: [1.0 / (x * 1.0), x * 2.0][1],
}


@pytest.mark.parametrize("name", IEEE)
def test_the_sign_of_zero_under_ieee(name: str) -> None:
    """Infinities have the sign that they have eagerly, in value, gradient and derivative; nan is nan."""
    f = IEEE[name]
    numbers = (1.0, 2.0, 0.0, -0.0, -1.0, INF, -INF, NAN, 0.0, 1.5)
    with ieee():
        fast, slope = jit(f), jit(grad(f))
        for x in numbers:
            u, given = Value(x), Value(x)
            right, got = f(u), fast(given)
            assert same([got.data, *gradients(got, [given])], [right.data, *gradients(right, [u])]), x
            assert same(number(slope(x)), number(grad(f)(Value(x)))), x
        assert same(jit(f).map(numbers).tolist(), [f(Value(x)).data for x in numbers])


# --- inf and nan ---------------------------------------------------------------------------------------------------

SPECIAL: dict[str, Callable[[Any, Any], Any]] = {
    "relu": lambda x, w: ag.relu(x) + w,
    "relu of a node": lambda x, w: ag.relu(x * w) + 1.0,
    "abs": lambda x, w: abs(x) + w,
    "maximum(x, 0)": lambda x, w: ag.maximum(x, 0.0) + w,
    "maximum(0, x)": lambda x, w: ag.maximum(0.0, x) + w,
    "maximum(x, w)": lambda x, w: ag.maximum(x, w) + 1.0,
    "minimum(x, w)": lambda x, w: ag.minimum(w, x) + 1.0,
    "minimum(x, 0)": lambda x, w: ag.minimum(x, 0.0) + w,
    "clip": lambda x, w: ag.clip(x, -0.5, 1.5) + w,
    "clip of w": lambda x, w: ag.clip(w, -0.5, 1.5) * 2.0 + x,
    "round": lambda x, w: ag.functions.apply(rules.ROUND, (x * 1.25,)) + w,
    "leaky_relu": lambda x, w: ag.leaky_relu(x) + w,
    "elu": lambda x, w: ag.elu(x) + w,
    "max": lambda x, w: ag.max([x, w, 1.0]) + 2.0,
    "min": lambda x, w: ag.min([x, w, 1.0]) + 2.0,
    "logsumexp": lambda x, w: ag.logsumexp([x, w, 1.0]),
    "softmax": lambda x, w: ag.softmax([x, w, 1.0])[0],
    "hypot": lambda x, w: ag.hypot(x, w),
    "tanh": lambda x, w: ag.tanh(x) * 0.5 + w,
    "sigmoid": lambda x, w: ag.sigmoid(x * 1.0) + w,
    "softplus": lambda x, w: ag.softplus(x) + w,
    "where >": lambda x, w: ag.where(x > 0.5, x, w),
    "where <=": lambda x, w: ag.where(x <= 0.5, x * 2.0, w),
    "where ==": lambda x, w: ag.where(x == x, x * 2.0, w),
    "where !=": lambda x, w: ag.where(x != w, x * 2.0, w),
    "where, neither": lambda x, w: ag.where((x > 0.5) | (w > 0.5), x * 2.0, w),
    "where, both": lambda x, w: ag.where((x > 0.5) & (w > 0.5), x * 2.0, w),
    "if >": lambda x, w: x if x > 0.5 else w * 3.0,
    "if not >": lambda x, w: w * 3.0 if not x > 0.5 else x,
    "if <": lambda x, w: x if x < w else w * 3.0,
    "if nan": lambda x, w: w * 3.0 if x != x else x,
    "if bool": lambda x, w: w * 3.0 if x else x + w,
    "if number": lambda x, w: w * 3.0 if (x * 1.0).data > 0.5 else x + w,
    "built-in max": lambda x, w: max(x, w, constant(0.25)) * 2.0,
    "built-in min": lambda x, w: min(x, w, constant(0.25)) * 2.0,
    "x**0": lambda x, w: x**0 + w,
    "x**0.0": lambda x, w: (x * 1.0) ** 0.0 + w,
    "x**1": lambda x, w: x**1 + w,
    "x**2": lambda x, w: x**2 + w,
    "x * 0": lambda x, w: x * 0.0 + w,
    "0 * relu": lambda x, w: 0.0 * ag.relu(x) + w,
    "x - x": lambda x, w: x - x + w,
    "sum": lambda x, w: ag.sum([x, w, x]),
    "dot": lambda x, w: ag.dot([x, w], [w, x]),
    "product of sums": lambda x, w: (x + 1.0) * (w + 1.0) + (x + 1.0) * (w - 1.0),
    "stopped": lambda x, w: x * w - (x * w).data,
    "in a loop": lambda x, w: summed(ag.relu(x) * w),
    "relu relu": lambda x, w: ag.relu(w - ag.relu(x)),
    "dead side": lambda x, w: ag.where(x > 0.5, ag.relu(x), ag.relu(-x)) * 0.5 + w,
}

NUMBERS = (1.0, -1.0, NAN, INF, -INF, 0.0, 2.0)


@pytest.mark.parametrize("name", SPECIAL)
def test_inf_and_nan(name: str) -> None:
    """As arguments and as captured numbers: value, gradients and ``jit(grad(f))`` are inf or nan where eager is."""
    f = SPECIAL[name]
    w = Value(1.0)
    fast, slope, batch = jit(lambda x: f(x, w)), jit(grad(lambda x: f(x, w))), jit(lambda x: f(x, w))
    for weight, x in itertools.product(NUMBERS, NUMBERS):
        w.data = weight
        u, v, given = Value(x), Value(weight), Value(x)
        right = answered(lambda: f(u, v))
        got = quietly(lambda: answered(lambda: fast(given)))
        if isinstance(right, tuple):
            assert got == right, (x, weight)
            continue
        expected = [right.data, *gradients(right, [u, v])]
        assert same([got.data, *gradients(got, [given, w])], expected), (x, weight, got, expected)
        got = quietly(lambda: answered(lambda: number(slope(x))))
        right = answered(lambda: number(grad(lambda x: f(x, v))(u)))
        assert same(got, right), (x, weight, got, right)
    for weight in NUMBERS:
        w.data = weight
        right = [answered(lambda: number(f(Value(x), Value(weight)))) for x in NUMBERS]
        got = quietly(lambda: answered(lambda: batch.map(NUMBERS).tolist()))
        if isinstance(got, list):
            assert same(got, right), weight
        else:
            assert any(isinstance(each, tuple) for each in right)
