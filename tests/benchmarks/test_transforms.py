"""What derivatives cost beside the function: a gradient, a Hessian-vector product, and how both grow with n.

Run with ``make bench``. The function is Rosenbrock's, all recorded eagerly, operation by operation. Costs are medians
of processor time, measured in turns within one run, so that what else the machine does falls on all of them alike. The
bounds are those that the project promises; they are ratios, and so hold on any machine.
"""

from __future__ import annotations

import gc
import itertools
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

import autograd as ag
from autograd import Value, grad, hvp

GRADIENT_BOUND = 5.0  # times the function
HVP_BOUND = 4.0  # times the gradient
SIZES = (100, 1_000, 10_000, 100_000)

Work = Callable[[], object]


def rosenbrock(x: Sequence[Any]) -> Any:
    """The sum of 100 (x[i+1] - x[i]**2)**2 + (1 - x[i])**2: seven operations a term."""
    return ag.sum([100.0 * (after - before**2) ** 2 + (1.0 - before) ** 2 for before, after in itertools.pairwise(x)])


def work(n: int) -> dict[str, Work]:
    """The function, its gradient and its Hessian-vector product at a point of n numbers."""
    rng = random.Random(n)
    x, v = ([rng.uniform(-1.0, 1.0) for _ in range(n)] for _ in range(2))
    return {
        "function": lambda: rosenbrock([Value(t) for t in x]),
        "gradient": lambda: grad(rosenbrock)(x),
        "hvp": lambda: hvp(rosenbrock, x, v),
    }


@contextmanager
def collector(on: bool) -> Iterator[None]:
    """With Python's cyclic garbage collector on or off; either way nothing is left over from before."""
    was_on = gc.isenabled()
    gc.collect()
    (gc.enable if on else gc.disable)()
    try:
        yield
    finally:
        (gc.enable if was_on else gc.disable)()


def seconds(tasks: dict[str, Work], rounds: int, *, collecting: bool) -> dict[str, float]:
    """The median processor time of each task, the tasks taking turns."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            with collector(collecting):
                began = time.process_time()
                task()
                taken[name].append(time.process_time() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """A function that prints a line past pytest's capture."""

    def write(line: str) -> None:
        """Print one line."""
        with capsys.disabled():
            sys.stdout.write(f"\n{line}")

    return write


@pytest.mark.parametrize("collecting", [True, False], ids=["collector on", "collector off"])
def test_cost_of_derivatives(collecting: bool, say: Callable[[str], None]) -> None:
    """A gradient costs at most 5 times the function, a Hessian-vector product at most 4 times the gradient."""
    tasks = work(1_000)
    seconds(tasks, 2, collecting=collecting)  # to warm up
    took = seconds(tasks, 25, collecting=collecting)
    by_function, by_gradient = took["gradient"] / took["function"], took["hvp"] / took["gradient"]
    say(
        f"Rosenbrock, n = 1000, collector {'on' if collecting else 'off'}: function {took['function'] * 1e3:.2f} ms, "
        f"gradient {took['gradient'] * 1e3:.2f} ms ({by_function:.2f} times the function), "
        f"hvp {took['hvp'] * 1e3:.2f} ms ({by_gradient:.2f} times the gradient)"
    )
    assert by_function <= GRADIENT_BOUND
    assert by_gradient <= HVP_BOUND


def test_cost_grows_linearly(say: Callable[[str], None]) -> None:
    """From n = 100 to 100,000 the cost of one number stays the same, but for caches that grow cold.

    The collector is off: it goes over all that is alive again and again, whatever the library does. (Quadratic growth
    would be a factor of 1000.)
    """
    each: dict[str, list[float]] = {}
    for n in SIZES:
        took = seconds(work(n), 5 if n <= 10_000 else 1, collecting=False)
        for name, time_taken in took.items():
            each.setdefault(name, []).append(time_taken / n * 1e6)
        say(f"n = {n:7,}: " + ", ".join(f"{name} {times[-1]:6.2f} us a number" for name, times in each.items()))
    for name, times in each.items():
        assert times[-1] <= 4.0 * times[0], name
