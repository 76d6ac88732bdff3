"""Static arguments of jit: settings, with a program for each value, as JAX has them.

The oracle is the function itself, called with the same arguments, and its derivative worked out by hand.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, grad, hessian, jacobian, jit, jvp, value_and_grad, vjp


def power(x: Any, n: int) -> Any:
    """x**(n + 1), by n multiplications."""
    out = x
    for _ in range(n):
        out = out * x
    return out


jitted: Any = jit
"""The same, to be given what its types refuse."""


def programs(fast: Any) -> int:
    """How many programs a jitted function has."""
    return sum([len(family.paths) for family in fast.families.values()])


NAMED: dict[str, dict[str, Any]] = {
    "by position": {"static_argnums": 1},
    "by positions": {"static_argnums": (1,)},
    "from the end": {"static_argnums": -1},
    "by NumPy's number": {"static_argnums": np.int64(1)},
    "by name": {"static_argnames": "n"},
    "by names": {"static_argnames": ["n"]},
    "by both": {"static_argnums": 1, "static_argnames": "n"},
}


@pytest.mark.parametrize("name", NAMED)
def test_whichever_way_it_is_named(name: str) -> None:
    """By position or by name, and given by position or by keyword: the function gets it as it is."""
    fast = jit(power, **NAMED[name])
    assert fast(2.0, 3) == fast(2.0, n=3) == fast(x=2.0, n=3) == 16.0
    assert [fast(2.0, n) for n in (1, 2, 3, 2)] == [4.0, 8.0, 16.0, 8.0]
    assert fast(Value(2.0), 2).data == 8.0
    assert inspect.signature(fast) == inspect.signature(power)


def test_a_program_for_each_value() -> None:
    """Each value is recorded once; by position and by keyword it is the same."""
    fast = jit(power, static_argnames="n")
    for n in (1, 2, 1, 2):
        fast(2.0, n)
        fast(3.0, n=n)
    assert programs(fast) == 2


def test_as_a_decorator() -> None:
    """With arguments, and by functools.partial, as code for JAX has it."""

    @jit(static_argnames="n")
    def first(x: Any, *, n: int = 1) -> Any:
        """The docstring."""
        return power(x, n)

    @functools.partial(jit, static_argnums=(1,))
    def second(x: Any, n: int) -> Any:
        return power(x, n)

    assert (first(2.0), first(2.0, n=2), second(2.0, 3)) == (4.0, 8.0, 16.0)
    assert first.__doc__ == "The docstring."


CURVED: dict[str, tuple[Callable[..., Any], Any]] = {
    "grad of jit": (lambda f: grad(jit(f, static_argnums=1))(2.0, 3), 32.0),
    "grad of jit, by keyword": (lambda f: grad(jit(f, static_argnums=1))(2.0, n=3), 32.0),
    "jit of grad": (lambda f: jit(grad(f), static_argnums=1)(2.0, 3), 32.0),
    "jit of grad, by name": (lambda f: jit(grad(f), static_argnames="n")(2.0, n=3), 32.0),
    "argnums": (lambda f: grad(jit(lambda n, x: f(x, n), static_argnums=0), argnums=1)(3, 2.0), 32.0),
    "jit of argnums": (lambda f: jit(grad(lambda n, x: f(x, n), argnums=1), static_argnums=0)(3, 2.0), 32.0),
    "value and grad": (lambda f: value_and_grad(jit(f, static_argnames="n"))(2.0, 3), (16.0, 32.0)),
    "jit of value and grad": (lambda f: jit(value_and_grad(f), static_argnames="n")(2.0, 3), (16.0, 32.0)),
    "twice": (lambda f: grad(grad(jit(f, static_argnums=1)))(2.0, 3), 48.0),
    "jit of twice": (lambda f: jit(grad(grad(f)), static_argnums=1)(2.0, 3), 48.0),
    "hessian": (lambda f: hessian(jit(f, static_argnums=1))(2.0, 3), 48.0),
    "jacobian": (lambda f: jacobian(jit(lambda x, n: [f(x, n), x], static_argnums=1))(2.0, 3), [32.0, 1.0]),
    "vjp": (lambda f: vjp(lambda x: jit(f, static_argnums=1)(x, 3), 2.0)[1](1.0), (32.0,)),
    "jvp": (lambda f: jvp(lambda x: jit(f, static_argnums=1)(x, 3), (2.0,), (1.0,)), (16.0, 32.0)),
    "jit of jit": (lambda f: jit(jit(f, static_argnums=1), static_argnums=1)(2.0, 3), 16.0),
    "inside jit": (lambda f: jit(lambda x: jit(f, static_argnums=1)(x, 3))(2.0), 16.0),
}


@pytest.mark.parametrize("name", CURVED)
def test_under_transforms(name: str) -> None:
    """Derivatives are by the other arguments, whichever way round jit and the transform stand."""
    compute, expected = CURVED[name]
    assert compute(power) == expected


def test_over_a_batch() -> None:
    """One value for all examples, by position or by keyword: mean, map, and a prepared batch."""
    w = Value(3.0)
    fast = jit(lambda x, n: w * power(x, n), static_argnums=1)
    X = [1.0, 2.0, -1.0]
    for got in (fast.mean(X, 2), fast.mean(X, n=2), fast.batch(X, 2).mean(), fast.batch(X, n=2).mean()):
        assert got.data == pytest.approx(3.0 * (1.0 + 8.0 - 1.0) / 3.0)
    np.testing.assert_allclose(fast.map(X, 1), [3.0, 12.0, 3.0])
    np.testing.assert_allclose(fast.map(X, n=2), [3.0, 24.0, -3.0])
    mean, slope = fast.batch(X, n=1).objective([w]).gradient()
    assert [mean, *slope.tolist()] == pytest.approx([6.0, 2.0])


@dataclasses.dataclass(frozen=True)
class Setting:
    """A setting made of others."""

    n: Any


DIFFERENT: dict[str, list[Any]] = {
    "types of one number": [1, 1.0, True, np.int64(1), np.float64(1.0), np.float32(1.0)],
    "zeros": [0.0, -0.0, 0, False],
    "texts and None": ["1", "one", None, b"1"],
    "in tuples": [(1, 2), (1.0, 2), (True, 2), (1, (2,)), (1, (2.0,))],
    "in frozen sets": [frozenset({1}), frozenset({1.0}), frozenset({True})],
    "in dataclasses": [Setting(1), Setting(1.0), Setting(True), Setting((1,))],
    "functions": [math.sin, ag.tanh, ag.sin],
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_values_are_told_apart_by_type_and_value(name: str) -> None:
    """Each has a program of its own, to which it comes back; what is equal to another is not the same."""
    values = DIFFERENT[name]
    seen: list[Any] = []

    def remembers(x: Any, setting: Any) -> Any:
        if not any([setting is known for known in seen]):
            seen.append(setting)
        return x + float([setting is known for known in seen].index(True))

    fast = jit(remembers, static_argnums=1)
    for _ in range(2):
        assert [fast(10.0, value) for value in values] == [10.0 + i for i in range(len(values))]
    assert programs(fast) == len(values)


class Kind(enum.Enum):
    """Which formula."""

    LINE = 1
    SQUARE = 2


def test_what_may_be_static() -> None:
    """Anything that can be hashed: text, members of enums, functions, nan, which is a value like any other."""
    by_kind = jit(lambda x, kind: x * x if kind is Kind.SQUARE else x, static_argnames="kind")
    assert (by_kind(3.0, Kind.LINE), by_kind(3.0, Kind.SQUARE)) == (3.0, 9.0)
    by_function = jit(lambda x, activation: activation(x), static_argnums=1)
    assert by_function(0.5, ag.tanh) == pytest.approx(math.tanh(0.5))
    assert by_function(0.5, activation=ag.exp) == pytest.approx(math.exp(0.5))
    by_nan = jit(lambda x, fill: x * 2.0, static_argnums=1)
    for _ in range(3):
        by_nan(1.0, float("nan"))
    assert programs(by_nan) == 1


def test_signs_of_zero_reach_the_function() -> None:
    """atan2 sees which zero a setting is."""
    fast = jit(lambda x, zero: ag.atan2(x * 0.0, zero), static_argnums=1)
    assert (fast(1.0, 0.0), fast(1.0, -0.0)) == (0.0, math.pi)


@dataclasses.dataclass(frozen=True)
class Line:
    """A model that can be hashed."""

    w: Value
    n: Any = 1


def test_a_model_as_a_static_argument() -> None:
    """What holds Values may be static: they are captured, and read in each call; equal ones are not the same."""
    fast = jit(lambda model, x: model.w * power(x, model.n), static_argnums=0)
    one, other = Line(Value(2.0)), Line(Value(2.0))
    assert [fast(one, 3.0).data, fast(other, 3.0).data] == [18.0, 18.0]
    assert (fast(one, 3.0).parents, fast(other, 3.0).parents) == ((one.w,), (other.w,))
    one.w.data = 5.0
    assert [fast(one, 3.0).data, fast(other, 3.0).data] == [45.0, 18.0]
    assert fast(Line(one.w, 2), 3.0).data == 135.0


rate = 2.0


def helper(x: Any) -> Any:
    """Reads a plain number among globals."""
    return x * rate


def test_a_static_function_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain numbers that it reads are looked at in each call; so are those of a function given to a partial."""
    fast = jit(lambda x, f: f(x), static_argnums=1)
    bound = jit(functools.partial(lambda f, x: f(x), helper))
    assert (fast(1.0, helper), bound(1.0)) == (2.0, 2.0)
    monkeypatch.setattr("test_jit_static.rate", 5.0)
    assert (fast(1.0, helper), bound(1.0)) == (5.0, 5.0)


REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a list": (lambda: jit(power, static_argnums=1)(2.0, [3]), ValueError, "argument n of power is static.*got list"),
    "a list within": (lambda: jit(power, static_argnums=1)(2.0, (1, [3])), ValueError, "hashed.*got list"),
    "an array": (lambda: jit(power, static_argnames="n")(2.0, n=np.ones(2)), ValueError, "got ndarray"),
    "a dict": (lambda: jit(lambda x, n: x, static_argnums=1)(2.0, {}), ValueError, "got dict"),
    "a list for each example": (lambda: jit(power, static_argnums=1).mean([1.0], [3]), ValueError, "got list"),
    "a Value": (lambda: jit(power, static_argnums=1)(2.0, Value(3.0)), TypeError, "expected no Value, which is a var"),
    "a Value within": (lambda: jit(power, static_argnums=1)(2.0, (Value(3.0),)), TypeError, "expected no Value"),
    "a derivative by it": (lambda: grad(jit(power, static_argnums=1), argnums=1)(2.0, 3.0), TypeError, "no Value"),
    "no such position": (lambda: jit(power, static_argnums=2), ValueError, "arguments of power, 2, got 2"),
    "nor from the end": (lambda: jit(power, static_argnums=(-3,)), ValueError, "got -3"),
    "no such name": (lambda: jit(power, static_argnames="m"), ValueError, r"\['n', 'x'\], got 'm'"),
    "a name as position": (
        lambda: jitted(power, static_argnums="n"),
        TypeError,
        "int or a tuple of int as static_argnums",
    ),
    "a truth value": (lambda: jit(power, static_argnums=True), TypeError, "as static_argnums, got True"),
    "a position as name": (
        lambda: jitted(power, static_argnames=1),
        TypeError,
        "text or a tuple of text as static_argn",
    ),
    "examples by keyword": (lambda: jit(power, static_argnums=1).map(x=[1.0], n=1), TypeError, "by position.*got x"),
    "given twice": (lambda: jit(power, static_argnums=1)(2.0, 3, n=3), TypeError, "multiple values for argument 'n'"),
    "not given": (lambda: jit(power, static_argnums=1)(2.0), TypeError, "missing 1 required positional argument: 'n'"),
    "text that is not static": (
        lambda: jit(power, static_argnums=0)(2, "a"),
        TypeError,
        "argument 1 of power.*got str",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    """At once where that can be told, else in the call; the message names argument and type."""
    call, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        call()


def test_any_number_of_arguments() -> None:
    """Of *args positions count from either end; of **kwargs any name may be static."""
    last = jit(lambda x, *rest: x * sum(rest[:-1], rest[-1]), static_argnums=(1, -1))
    assert (last(1.0, 2, 3), last(1.0, 2, 4), last(1.0, 2)) == (5.0, 6.0, 2.0)
    named = jit(lambda x, **options: x * options["n"], static_argnames="n")
    assert (named(2.0, n=3), named(2.0, n=4, other=1.0)) == (6.0, 8.0)


def test_the_arguments_keep_their_order() -> None:
    """Static ones before, between and after the others, in all ways to give them."""
    fast = jit(lambda a, x, b, y, c: (x * 10**a - y * 10**b) * c, static_argnums=(0, 2, 4))
    assert fast(1, 2.0, 2, 3.0, 5) == (20.0 - 300.0) * 5
    assert fast(1, 2.0, 2, c=5, y=3.0) == (20.0 - 300.0) * 5
    assert fast(c=5, y=3.0, b=2, x=2.0, a=1) == (20.0 - 300.0) * 5
    assert value_and_grad(fast, (1, 3))(1, 2.0, 2, 3.0, 5) == (-1400.0, (50.0, -500.0))


class Model:
    """An object whose methods have settings."""

    def __init__(self, w: float) -> None:
        self.w = Value(w)

    @jit(static_argnums=(0, 2))
    def first(self, x: Any, n: int) -> Any:
        """As code for JAX has it, where the object is static too."""
        return self.w * power(x, n)

    @jit(static_argnames="n")
    def second(self, x: Any, n: int = 1) -> Any:
        """By name."""
        return self.w * power(x, n)


def test_methods_with_settings() -> None:
    """Positions count the object, as in the function that is decorated."""
    model = Model(3.0)
    for method in (model.first, model.second):
        assert [method(2.0, n).data for n in (1, 2, 1)] == [12.0, 24.0, 12.0]
        assert method(2.0, n=2).data == method.mean([2.0, 2.0], n=2).data == 24.0
    assert model.second(2.0).data == 12.0
    assert Model.first(model, 2.0, 3).data == 48.0
    assert [*inspect.signature(model.first).parameters] == ["x", "n"]


@pytest.mark.parametrize("name", ["self", "f", "function", "args", "kwargs", "name", "x", "anew", "instance", "static"])
def test_an_argument_of_any_name(name: str) -> None:
    """By keyword, static or not, whatever our own signatures call theirs."""
    plainly = jit(lambda **numbers: ag.sum([x * x for x in numbers.values()]))
    assert plainly(**{name: 3.0, "other": 1.0}) == 10.0
    assert plainly(**{name: Value(3.0)}).data == 9.0
    assert grad(jit(lambda y, **numbers: y * numbers[name]))(2.0, **{name: 3.0}) == 3.0
    static = jit(lambda y, **options: power(y, options[name]), static_argnames=name)
    assert static(2.0, **{name: 2}) == 8.0
    np.testing.assert_allclose(static.map([1.0, 2.0], **{name: 2}), [1.0, 8.0])
    assert static.mean([1.0, 2.0], **{name: 2}) == 4.5


def test_the_program_that_ran_last_is_shown() -> None:
    """Of whichever value."""
    fast = jit(power, static_argnums=1)
    with pytest.raises(RuntimeError, match="call power first"):
        assert fast.source
    fast(2.0, 1)
    fast(2.0, 4)
    longer = fast.source
    fast(2.0, 1)
    assert longer != fast.source
    assert "def program" in str(fast)


def test_the_names_of_the_others_are_in_the_text() -> None:
    """A static argument in front does not shift them."""
    fast = jit(lambda n, weight, height: power(weight, n) * height, static_argnums=0)
    fast(1, Value(2.0), Value(3.0))
    assert "def value(weight, height):" in fast.source
