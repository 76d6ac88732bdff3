"""Jitted functions pickle by name, as functions do, and arrive without their programs."""

from __future__ import annotations

import functools
import multiprocessing
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value, grad, jit


@jit
def decorated(x: Any) -> Any:
    """A square."""
    return x * x


def plain(x: Any, n: int = 2) -> Any:
    """A multiple."""
    return x * n


fast = jit(plain)
static = jit(plain, static_argnames="n")
of_partial = jit(functools.partial(plain, n=5))


class Model:
    """An object with jitted methods."""

    def __init__(self, w: float) -> None:
        self.w = Value(w)

    @jit
    def loss(self, x: Any) -> Any:
        """A line."""
        return self.w * x

    @jit(static_argnums=2)
    def power(self, x: Any, n: int) -> Any:
        """A power."""
        return self.w * x**n

    by_another_name = jit(lambda self, x: self.w + x)

    def unjitted(self, x: Any) -> Any:
        """A difference."""
        return self.w - x


class Settings:
    """An object whose method computes with plain numbers."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def times(self, x: Any) -> Any:
        """A multiple."""
        return x * self.factor


def again(x: Any, protocol: int) -> Any:
    """There and back."""
    return pickle.loads(pickle.dumps(x, protocol))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_there_and_back(protocol: int) -> None:
    """What a decorator made is found in its module; all else is made anew, in the same way."""
    decorated(1.0)
    assert again(decorated, protocol) is decorated
    assert again(Model.loss, protocol) is Model.loss
    assert again(fast, protocol)(2.0) == 4.0
    assert again(fast, protocol) is not fast
    assert (again(static, protocol)(2.0, n=3), again(static, protocol)(2.0, 4)) == (6.0, 8.0)
    assert again(of_partial, protocol)(2.0) == 10.0
    model = Model(3.0)
    model.loss(1.0)
    assert again(model, protocol).loss(2.0).data == 6.0
    assert again(model.loss, protocol)(2.0).data == 6.0
    assert again(model.power, protocol)(2.0, 3).data == 24.0
    assert again(model.by_another_name, protocol)(2.0).data == 5.0
    assert again(jit(model.unjitted), protocol)(2.0).data == 1.0


def test_a_jitted_network() -> None:
    """An object that is called is pickled with what it holds."""
    model = nn.MLP(2, [3, 1], rng=random.Random(0))
    x = [1.0, -2.0]
    expected: Any = model(x)
    assert again(jit(model), 4)(x).data == pytest.approx(expected.data)


def inner() -> Any:
    """A function that is defined inside another."""

    @jit
    def local(x: Any) -> Any:
        return x

    return local


unnamed = jit(lambda x: x)

NAMELESS: dict[str, Callable[[], Any]] = {
    "a lambda": lambda: unnamed,
    "a lambda with a setting": lambda: jit(lambda x, n: x * n, static_argnames="n"),
    "a local function": inner,
    "a derivative": lambda: jit(grad(plain)),
    "a method by a wrong name": lambda: mislaid(),
}


def mislaid() -> Any:
    """A method whose object does not know it any more."""

    class Local(Model):
        pass

    model = Local(1.0)
    method = model.loss
    model.loss = None  # type: ignore[assignment]
    return method


@pytest.mark.parametrize("name", NAMELESS)
@pytest.mark.parametrize("protocol", [0, pickle.HIGHEST_PROTOCOL])
def test_what_has_no_name(name: str, protocol: int) -> None:
    """A PicklingError that says what is expected, and what to do."""
    with pytest.raises(pickle.PicklingError, match="jitted functions are pickled by name.*define it with def"):
        pickle.dumps(NAMELESS[name](), protocol)


def test_in_another_process() -> None:
    """Started anew: the work of a pool."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(decorated, [2.0, 3.0]) == [4.0, 9.0]
        assert pool.map(fast, [2.0, 3.0]) == [4.0, 6.0]
        assert pool.map(jit(Settings(3.0).times), [2.0, 3.0]) == [6.0, 9.0]
