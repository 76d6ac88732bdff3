"""Threads: jitted calls, transforms and gradients are right from many threads at once, and nobody is accused.

The oracle is the same function in one thread. The interpreter switches between threads as often as it can.
"""

from __future__ import annotations

import itertools
import math
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, constant, grad, gradients, hessian, ieee, jit, value_and_grad


@pytest.fixture(autouse=True)
def _switching() -> Iterator[None]:
    """Threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def number(x: Any) -> float:
    """The number of a Value, or a number."""
    return x.data if isinstance(x, Value) else float(x)


def in_threads(*tasks: Callable[[], None], count: int = 1) -> None:
    """Run each of the tasks in threads of their own, all at once; the first exception of any is raised here."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(tasks) * count)

    def guarded(task: Callable[[], None]) -> None:
        try:
            start.wait()
            task()
        except BaseException as error:  # noqa: BLE001 - it is raised again
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@contextmanager
def meanwhile(task: Callable[[], None]) -> Iterator[None]:
    """Do something again and again in another thread."""
    stop: list[int] = []

    def again() -> None:
        while not stop:
            task()

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield
    finally:
        stop.append(1)
        thread.join()


# --- The same function from many threads --------------------------------------------------------------------


def wave(w: Value, x: Any) -> Any:
    """A function with a few operations, and a branch."""
    y = ag.tanh(w * x) + ag.sin(x * x) * w
    return y * 2.0 if x > 0.5 else y - w


@pytest.mark.parametrize("warm", [False, True], ids=["first calls at once", "recorded before"])
def test_calls_from_many_threads(warm: bool) -> None:
    """Each thread gets the values and gradients of its own arguments, recorded by whichever was first."""
    for _ in range(6):
        w = Value(0.7)
        fast = jit(lambda x, w=w: wave(w, x))
        if warm:
            fast(1.0), fast(0.2)

        def task(w: Value = w, fast: Any = fast) -> None:
            for k in range(12):
                x, u = Value(0.1 * k), Value(0.1 * k)
                got, right = fast(x), wave(w, u)
                assert got.data == pytest.approx(right.data, rel=1e-13)
                assert gradients(got, [x, w]) == pytest.approx(gradients(right, [u, w]), rel=1e-12)
                assert number(fast(0.1 * k)) == pytest.approx(right.data, rel=1e-13)

        in_threads(task, count=6)


def test_batches_from_many_threads() -> None:
    """Means and maps of one function over batches of different lengths do not share their buffers."""
    w = Value(0.7)
    fast = jit(lambda x: wave(w, x))

    def task_of(n: int) -> Callable[[], None]:
        X = [0.05 * k - 0.3 for k in range(n)]
        rows = [wave(w, Value(x)) for x in X]
        values, slope = [row.data for row in rows], gradients(ag.mean(rows), [w])[0]

        def task() -> None:
            for _ in range(10):
                assert fast.map(X).tolist() == pytest.approx(values, rel=1e-13)
                mean = fast.mean(X)
                assert mean.data == pytest.approx(sum(values) / n, rel=1e-13)
                assert gradients(mean, [w])[0] == pytest.approx(slope, rel=1e-12)

        return task

    in_threads(*map(task_of, (2, 3, 5, 8, 13, 21)))


def test_one_prepared_batch_from_many_threads() -> None:
    """So do selections of one batch that was prepared once."""
    w = Value(0.7)
    batch = jit(lambda x: wave(w, x)).batch([0.05 * k - 0.3 for k in range(20)])

    def task_of(start: int) -> Callable[[], None]:
        index = np.arange(start, start + 5)
        rows = [wave(w, Value(0.05 * k - 0.3)) for k in index.tolist()]
        right, slope = ag.mean(rows).data, gradients(ag.mean(rows), [w])[0]

        def task() -> None:
            for _ in range(20):
                mean = batch.mean(index)
                assert mean.data == pytest.approx(right, rel=1e-13)
                assert gradients(mean, [w])[0] == pytest.approx(slope, rel=1e-12)

        return task

    in_threads(*map(task_of, (0, 4, 8, 12, 15)))


def test_recordings_at_once() -> None:
    """Functions that are recorded at the same time in several threads do not see each other's nodes and numbers."""

    def task_of(k: int) -> Callable[[], None]:
        w = Value(1.0 + k)

        def f(x: Any) -> Any:
            y = x * w
            for j in range(30):
                y = ag.sin(y) + (y * 0.5).data + Value(1.0 * j) * constant(y) * 0.01
            return y if y.data > 100.0 else y * k

        def task() -> None:
            for _ in range(5):
                fast = jit(f)
                for x in (0.5, 1.5):
                    u, v = Value(x), Value(x)
                    got, right = fast(u), f(v)
                    assert got.data == pytest.approx(right.data, rel=1e-12)
                    assert gradients(got, [u, w]) == pytest.approx(gradients(right, [v, w]), rel=1e-10, abs=1e-12)

        return task

    in_threads(*map(task_of, range(6)))


def test_eager_code_beside_a_recording() -> None:
    """While one thread records, ``.data`` of another's Values is a plain float, and its backward runs."""

    def eager() -> None:
        for k in range(300):
            x = Value(1.0 + k)
            y = x * x
            assert type(y.data) is float
            y.backward()
            x.data = 2.0
            assert x.grad == 2.0 + 2.0 * k
            assert math.exp(-y.data) <= 1.0

    def recording() -> None:
        for k in range(25):
            assert jit(lambda x, k=k: x * x.data * k)(2.0) == 4.0 * k

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        in_threads(eager, recording, count=2)


def test_more_ways_than_are_recorded() -> None:
    """More than 32 ways, found by several threads at once: every number is right, and the warning comes in the end."""
    fast = jit(lambda x: x * [k for k in range(40) if x >= k][-1])

    def task() -> None:
        for k in [*range(40), *range(40)]:
            assert number(fast(k + 0.5)) == (k + 0.5) * k

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        in_threads(task, count=3)
    (family,) = fast.families.values()
    assert family.eager
    assert len(family.paths) <= 35
    assert 1 <= len(caught) <= 3


def test_numbers_around_a_function_that_change() -> None:
    """When a global has changed, no thread that calls the function afterwards gets the number of before."""
    c = 0.0

    def f(x: Any) -> Any:
        return x * c

    fast = jit(f)

    def task() -> None:
        for _ in range(3):
            assert fast(2.0) == 2.0 * c

    for k in range(150):
        c = float(k % 7)
        in_threads(task, count=3)


def test_ieee_of_one_thread() -> None:
    """``ieee()`` in one thread leaves the others their exceptions, in calls of the same jitted function."""
    fast = jit(lambda x: ag.log(x) * 2.0)

    def quiet() -> None:
        for _ in range(40):
            with ieee():
                assert fast(0.0) == -math.inf
                assert fast(1.0) == 0.0

    def loud() -> None:
        for _ in range(40):
            with pytest.raises(ValueError, match=r"^log: x = 0.0 is outside"):
                fast(0.0)
            assert fast(1.0) == 0.0

    in_threads(quiet, loud, count=2)


# --- Gradients of shared leaves -----------------------------------------------------------------------------


def test_gradients_of_shared_leaves() -> None:
    """``gradients`` and the transforms write nothing to a shared node, so that every thread has the right ones."""
    a, b = Value(1.5), Value(-0.5)
    shared = ag.tanh(a * b) + a
    a.grad, shared.grad = 7.0, 8.0

    def f(x: Any) -> Any:
        return ag.sin(shared * x) * a + b * x * x

    right = gradients(f(Value(0.3)), [a, b])
    slope, curve = grad(lambda x: number(grad(f)(x)))(0.3), None
    curve = hessian(f)(0.3)
    fast = jit(f)
    fast(0.3), fast(0.4)

    def task() -> None:
        for _ in range(15):
            assert gradients(f(Value(0.3)), [a, b]) == right
            assert gradients(fast(Value(0.3)), [a]) == pytest.approx([a_of_fast], rel=1e-12)
            assert number(hessian(f)(0.3)) == number(curve)
            assert number(hessian(fast)(0.3)) == pytest.approx(number(curve), rel=1e-12)

    a_of_fast = gradients(fast(Value(0.3)), [a])[0]
    assert slope == 0.0
    in_threads(task, count=4)
    assert (a.grad, b.grad, shared.grad) == (7.0, 0.0, 8.0)
    assert shared.parents


@pytest.mark.parametrize("transform", [grad, hessian], ids=["grad", "hessian"])
def test_derivative_graphs_of_jitted_calls(transform: Any) -> None:
    """While they are formed, gradients that other threads read through the captured nodes are right."""
    a = Value(1.0)
    c = a * 2.0
    fast = jit(lambda x: x * c * c * x)
    fast(1.0), fast(2.0)
    with meanwhile(lambda: transform(grad(lambda x: fast(x)))(2.0)):
        for _ in range(4000):
            assert gradients(c * 3.0, [a]) == [6.0]


def test_derivative_graphs_in_many_threads() -> None:
    """Second and third derivatives of jitted calls with a captured node are right in every thread."""
    a = Value(1.0)
    c = ag.exp(a * 0.5)
    fast = jit(lambda x: ag.sin(x * c) * c)
    k = c.data

    def task() -> None:
        for _ in range(5):
            x = Value(0.4)
            first = gradients(fast(x), [x, c], create_graph=True)
            assert first[0].data == pytest.approx(math.cos(0.4 * k) * k * k, rel=1e-12)
            second = gradients(first[0], [x, c])
            assert second[0] == pytest.approx(-math.sin(0.4 * k) * k**3, rel=1e-12)
            assert second[1] == pytest.approx(2.0 * k * math.cos(0.4 * k) - 0.4 * k * k * math.sin(0.4 * k), rel=1e-12)

    in_threads(task, count=5)
    assert c.parents


# --- A trainer in another thread ----------------------------------------------------------------------------


def long(w: Value, x: Any) -> Any:
    """A function that uses the captured number all the way through, so that a change in the middle shows."""
    y = x
    for k in range(25):
        y = ag.tanh(y * w) + w * 0.1 * k
    return y * w


def branching(w: Value, x: Any) -> Any:
    """A function that goes different ways for different captured numbers."""
    y = x * 3.0
    for k in range(15):
        y = y * 0.5 + k if w > 0.0 else y * 0.25 - k
    return y


def selecting(w: Value, x: Any) -> Any:
    """A function in which a captured number selects."""
    y = x
    for k in range(15):
        y = ag.where(w > 0.0, y * 0.5 + k, ag.relu(y) - w)
    return y


def fixed(w: Value, x: Any) -> Any:
    """A function in which a captured number is used once, at the end."""
    y = x
    for _ in range(25):
        y = ag.sin(y) + 1.0
    return y * w


WALKS: dict[str, Callable[[], Iterator[float]]] = {
    "there and back": lambda: itertools.cycle([1.5, -0.5]),
    "there and back in three steps": lambda: itertools.cycle([1.5, -0.5, 0.75]),
    "on and on": lambda: (1.0 + 1e-3 * math.sin(k) for k in itertools.count()),
    "now and then": lambda: itertools.cycle([1.5] * 50 + [-0.5] * 50),
}


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("function", [long, branching, selecting, fixed], ids=lambda f: f.__name__)
@pytest.mark.parametrize("way", ["call", "value_and_grad", "map", "mean"])
def test_a_trainer_in_another_thread(way: str, function: Callable[..., Any], walk: str) -> None:
    """However captured numbers are written meanwhile, nobody is accused, and nothing falls back to eager."""
    w, numbers = Value(1.5), WALKS[walk]()
    rounds = 12 if way == "call" else 6

    def step() -> None:
        w.data = next(numbers)

    with warnings.catch_warnings(), meanwhile(step):
        warnings.simplefilter("error")
        for _ in range(rounds):
            fast = jit(lambda x: function(w, x))
            for k in range(6):
                match way:
                    case "call":
                        fast(0.25 * k)
                    case "value_and_grad":
                        value_and_grad(fast)(0.25 * k)
                    case "map":
                        fast.map([0.25 * k, 0.5, 0.75])
                    case _:
                        fast.mean([0.25 * k, 0.5, 0.75])


def test_a_thousand_calls_beside_a_trainer() -> None:
    """Each of a thousand results is that of one of the numbers which the trainer writes, and no mixture of both."""
    w, numbers = Value(1.5), itertools.cycle([1.5, -0.5])
    allowed = [long(Value(v), Value(0.3)).data for v in (1.5, -0.5)]

    def step() -> None:
        w.data = next(numbers)

    fast = jit(lambda x: long(w, x))
    with warnings.catch_warnings(), meanwhile(step):
        warnings.simplefilter("error")
        for _ in range(1000):
            got = fast(0.3).data
            assert min(abs(got - right) for right in allowed) < 1e-12


def test_a_trainer_with_an_objective() -> None:
    """A loop that minimises in another thread, and writes its variables back, is no accusation either."""
    w = Value(1.5)
    trainer = jit(lambda x: (long(w, x) - 1.0) ** 2).batch([0.1, 0.2]).objective([w])

    def step() -> None:
        _, slope = trainer.gradient()
        trainer.P = trainer.P - 0.05 * np.sign(slope)
        trainer.write()

    with warnings.catch_warnings(), meanwhile(step):
        warnings.simplefilter("error")
        for _ in range(30):
            fast = jit(lambda x: long(w, x))
            for k in range(4):
                fast(0.25 * k)


def test_a_function_that_depends_on_more_is_accused_beside_a_trainer() -> None:
    """A trainer of other Values does not keep a wrong program from being found out."""
    w, other, numbers = Value(1.5), Value(0.0), itertools.count()
    settings = {"scale": 1.0}

    def step() -> None:
        other.data = next(numbers) * 1.0

    fast = jit(lambda x: x * w * settings["scale"])
    with meanwhile(step):
        fast(1.0)
        settings["scale"] = 2.0
        with pytest.raises(RuntimeError, match="depends on more than its arguments"):
            fast(2.0)
