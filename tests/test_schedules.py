"""When a program is compared with the function itself: at the first run, at what is new, and then ever more seldom."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import autograd as ag
from autograd import Value, jit


class Counted:
    """A function that counts how often it is called."""

    def __init__(self, w: Value) -> None:
        self.w, self.calls = w, 0

    def __call__(self, x: Any) -> Any:
        """A few operations."""
        self.calls += 1
        return ag.sin(self.w * x) * x


def calls_at(function: Counted, run: Any, count: int) -> list[int]:
    """The numbers of the runs, from 1, in which the function was called again."""
    found = []
    for k in range(1, count + 1):
        before = function.calls
        run(k)
        if function.calls > before:
            found.append(k)
    return found


def test_the_first_runs() -> None:
    """The first run, the first with another argument, and the first after a captured number has changed."""
    function = Counted(Value(0.5))
    fast = jit(function)
    assert calls_at(function, lambda _: fast(1.0), 5) == [1]
    assert calls_at(function, lambda _: fast(2.0), 5) == [1]
    function.w.data = 0.25
    assert calls_at(function, lambda _: fast(2.0), 5) == [1]
    assert calls_at(function, lambda k: fast(float(k)), 50) == []


def test_every_form_is_compared() -> None:
    """A program for one example, one for a batch, one with derivatives by the argument: each at its own first run."""
    function = Counted(Value(0.5))
    fast = jit(function)
    runs = [
        lambda: fast(1.0),
        lambda: fast(Value(1.0)),
        lambda: fast.mean([1.0, 2.0]),
        lambda: fast.map([1.0, 2.0]),
        lambda: fast.mean([Value(1.0), Value(2.0)]),
    ]
    for run in runs:
        assert calls_at(function, lambda _, run=run: run(), 3)[0] == 1


@pytest.mark.parametrize("way", ["call", "map"])
def test_later_comparisons_are_ever_more_seldom(way: str) -> None:
    """After the first ones the numbers of runs between two comparisons at least double, and the first are 100."""
    function = Counted(Value(0.5))
    fast = jit(function)
    run = (lambda k: fast(1.0 + k)) if way == "call" else (lambda k: fast.map([1.0 + k, 2.0]))
    later = [k for k in calls_at(function, run, 2000) if k > 3]
    assert later
    assert later[0] >= 100
    assert all([after >= 2 * before for before, after in itertools.pairwise(later)])


def test_a_change_that_nothing_tells_is_found_in_the_end() -> None:
    """An attribute that has changed after the first comparisons is found by a later one."""
    function = Counted(Value(0.5))
    fast = jit(function)
    for k in range(20):
        fast(float(k))
    function.w = Value(3.0)

    def go_on() -> None:
        for k in range(5000):
            fast(float(k))

    with pytest.raises(RuntimeError, match="it depends on more than its arguments"):
        go_on()
