"""The straight way through a batch is taken exactly where nothing but the variables can have changed."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, jit
from autograd.compiler.straight import squares
from autograd.recorder import recorder

SCALE = 1.0


def line(x: Any) -> Any:
    """A function with a plain number around it."""
    return SCALE * WEIGHT * x


WEIGHT = Value(2.0)


def objective(function: Any, variables: list[Value], *examples: Any) -> Any:
    """An objective after two steps, so that the straight way is open if it can be."""
    found = jit(function).batch(*examples).objective(variables)
    for _ in range(3):
        found.gradient()
    return found


def test_a_settled_loop_goes_straight_and_gives_what_the_long_way_gives() -> None:
    """Value and derivative are those of the long way, bit for bit, at every step."""
    w, X = Value(0.3), np.linspace(-1.0, 1.0, 7)
    straight = objective(lambda x: ag.tanh(w * x) ** 2, [w], X)
    assert straight.straight(None) is not None
    for step in range(5):
        straight.P = straight.P + 0.1 * step
        long = straight.solved(straight.replay, None)[0][2]
        mean, by_w = straight.gradient()
        assert mean == long.mean
        assert by_w.tolist() == long.by_captured.tolist()


def test_a_mean_of_values_goes_straight_too() -> None:
    """So does `mean` of a batch, whose captured numbers are read from the Values."""
    w = Value(0.3)
    batch = jit(lambda x: w * x).batch([1.0, 2.0, 3.0])
    for w.data in (0.3, 1.0, 2.0):
        batch.mean()
    w.data = 5.0
    assert batch.straight(None) is not None
    mean = batch.mean()
    mean.backward()
    assert mean.data == 10.0
    assert w.grad == 2.0


def test_a_plain_number_that_changes_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A global number of another value is another program."""
    found = objective(line, [WEIGHT], [1.0, 3.0])
    assert found.straight(None) is not None
    monkeypatch.setitem(globals(), "SCALE", 10.0)
    assert found.straight(None) is None
    assert found.gradient()[0] == 40.0


def test_an_example_on_another_branch_closes_it() -> None:
    """Once variables move an example across a branch, it takes its own path, and both are known from then on."""
    w = Value(1.0)
    found = objective(lambda x: w * x if w * x < 10.0 else w * w * x, [w], [1.0, 2.0])
    assert found.straight(None) is not None
    found.P = np.array([6.0])
    assert found.straight(None) is None
    mean, (slope,) = found.gradient()
    assert (mean, slope) == ((6.0 + 72.0) / 2, (1.0 + 24.0) / 2)
    assert found.straight(None) is None


def test_what_only_the_function_can_answer_closes_it() -> None:
    """Outside a domain the function itself raises, and the error names the example."""
    w = Value(1.0)
    found = objective(lambda x: ag.log(w + x), [w], [1.0, 2.0])
    found.P = np.array([-1.5])
    with pytest.raises(ValueError, match=r"log: x = -0\.5 is outside .*example 0"):
        found.gradient()


@pytest.mark.parametrize("endless", [math.inf, -math.inf, math.nan])
def test_endless_variables_and_examples_are_left_to_the_function(endless: float) -> None:
    """A program that hides what is not finite is asked about finite numbers only."""
    w = Value(1.0)
    found = objective(lambda x: ag.relu(w * x), [w], [-1.0, 2.0])
    assert found.straight(None) is not None
    found.P = np.array([endless])
    assert found.straight(None) is None
    among = objective(lambda x: ag.relu(w * x), [w], [-1.0, endless])
    assert among.straight(None) is None


def test_while_somebody_records_it_is_closed() -> None:
    """A recording has to see the scalars of the function."""
    w = Value(1.0)
    found = objective(lambda x: w * x, [w], [1.0, 2.0])
    while_recording: list[Any] = []

    def outer(v: Any) -> Any:
        while_recording.append(found.straight(None) if recorder.get() is not None else None)
        return v * 2.0

    assert jit(outer)(1.0) == 2.0
    assert set(while_recording) == {None}
    assert found.straight(None) is not None


def test_two_threads_do_not_share_a_form() -> None:
    """While one thread has the only compiled form, another takes the long way, with a form of its own."""
    w = Value(0.5)
    found = objective(lambda x: w * x, [w], [1.0, 3.0])
    (form,) = found._straight.free
    found._straight.free.clear()
    try:
        assert found.straight(None) is None
        assert found.gradient()[0] == 1.0
    finally:
        found._straight.free.append(form)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(found.gradient()[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1.0] * 8


def test_a_variable_that_was_not_given_keeps_to_the_long_way() -> None:
    """What is captured beside the variables is read from its Value, which may change."""
    w, b = Value(1.0), Value(2.0)
    found = objective(lambda x: w * x + b, [w], [1.0, 3.0])
    assert found.straight(None) is None
    b.data = 5.0
    assert found.gradient()[0] == 7.0


def test_squares_are_finite_exactly_where_the_numbers_are() -> None:
    """The sum of squares tells inf and nan, and never passes too large a number for a finite one."""
    assert squares(np.array([3.0, 4.0])) == 25.0
    assert squares(np.array([[3.0], [4.0]])) == 25.0
    for x in (math.inf, -math.inf, math.nan):
        assert not math.isfinite(squares(np.array([1.0, x])))
    with np.errstate(over="raise"):
        assert not math.isfinite(squares(np.array([[1e200, 1.0]])))
