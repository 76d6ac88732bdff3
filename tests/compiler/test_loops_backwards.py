"""Loops backwards: where nothing of an iteration varies, and sums of very many terms."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, jit

P = Value(0.8)


def stopped(x: Any) -> Any:
    """No gradient goes through the iterations."""
    h = x
    for _ in range(80):
        h = ag.stop_gradient(ag.sin(h) + 0.1)
    return h * x


def flat(x: Any) -> Any:
    """Each iteration begins with a number that is constant in pieces."""
    h = x
    for _ in range(80):
        h = ag.floor(h) * 0.5 + 0.3
    return h + x


def half(x: Any) -> Any:
    """Of two states one hands no gradient on to its first number."""
    a, c = x, P
    for _ in range(70):
        a, c = ag.sin(a) * 0.9, ag.sign(c) * 0.5 + a
    return c


def inner(x: Any) -> Any:
    """A flat recurrence within another."""
    h = x
    for _ in range(12):
        k = h
        for _ in range(70):
            k = ag.floor(k) * 0.5 + 0.3
        h = ag.sin(h) + 0.1 * k
    return h


def many(x: Any) -> Any:
    """A sum of 1,500 terms that roll into nothing."""
    rng = random.Random(4)
    h, terms = x, []
    for _ in range(1500):
        h = rng.choice([ag.sin, ag.cos, ag.tanh, ag.sigmoid])(h)
        terms.append(h)
    return ag.sum(terms)


@pytest.mark.parametrize("function", [stopped, flat, half, inner, many], ids=lambda f: f.__name__)
def test_what_hands_no_gradient_on_compiles_all_the_same(function: Callable[..., Any]) -> None:
    """Value and derivative are those of the function itself, in a call and in a batch."""
    x, y = Value(0.5), Value(0.5)
    with ag.debug():
        fast = jit(function)
        found = fast(x)
        found.backward()
        mean = jit(function).mean([0.3, 0.4])
    expected = function(y)
    P.grad = 0.0
    expected.backward()
    assert found.data == pytest.approx(expected.data, rel=1e-12)
    assert x.grad == pytest.approx(y.grad, rel=1e-9, abs=1e-300)
    numbers = [float(v.data) for v in (function(Value(0.3)), function(Value(0.4)))]
    assert float(mean.data if isinstance(mean, Value) else mean) == pytest.approx(np.mean(numbers), rel=1e-12)
