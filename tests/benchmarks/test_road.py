"""What a user gets: functions called in public ways, beside the same written by hand, in turn within one run.

Run with ``make bench``, which prints a table at its end; ``make bench ARGS="--rounds 5"`` is a quick look. Nothing is
asserted about time: where a line is promised a bound, the table says whether it is kept. Values and gradients are
compared before anything is measured.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_jit_grids import mixture

import autograd as ag
from autograd import Value, jacobian, jit, value_and_grad

from . import subjects
from .conftest import Table
from .turns import settled

ROOT = Path(__file__).resolve().parents[2]
ARRAYS = 3.0
"""Microseconds promised for each array that goes in."""


def same(got: Any, expected: Any) -> None:
    """Equal to 1e-9, arrays in dicts and tuples."""
    if isinstance(expected, dict):
        for key in expected:
            same(got[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        for x, y in zip(got, expected, strict=True):
            same(x, y)
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


# --- Arrays -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [10, 1_000, 100_000])
def test_rosenbrock(n: int, table: Table) -> None:
    """Value and gradient in each way that a user may spell it, beside the program alone and NumPy."""
    x, f = subjects.numbers(n), jit(subjects.rosenbrock)
    gradient, of_gradient = value_and_grad(f), jit(value_and_grad(subjects.rosenbrock))
    same(f(x), subjects.rosenbrock_by_hand(x)[0])
    same(gradient(x), subjects.rosenbrock_by_hand(x))
    same(of_gradient(x), subjects.rosenbrock_by_hand(x))
    kernel = f.kernel(x)
    same(kernel.value_and_grad(x), (f(x), (gradient(x)[1],)))
    works = {
        "NumPy": lambda: subjects.rosenbrock_by_hand(x),
        "NumPy, the value": lambda: subjects.rosenbrock_value_by_hand(x),
        "f.kernel(x).value_and_grad(x)": lambda: kernel.value_and_grad(x),
        "f.kernel(x).value(x)": lambda: kernel.value(x),
        "value_and_grad(jit(f))(x)": lambda: gradient(x),
        "jit(value_and_grad(f))(x)": lambda: of_gradient(x),
        "jit(f)(x)": lambda: f(x),
    }
    for fast in (gradient, of_gradient, f):
        settled(fast, x)
    turns, what = table.turns(works), f"Rosenbrock, n = {n:,}"
    for way in ("value_and_grad(jit(f))(x)", "jit(value_and_grad(f))(x)"):
        table.add(what, turns, way, "NumPy", times=3.0, plus=15.0 if n == 1_000 else None)
        table.add(what, turns, way, "f.kernel(x).value_and_grad(x)", plus=15.0 + ARRAYS + 1e-3 * n)
    table.add(what, turns, "f.kernel(x).value_and_grad(x)", "NumPy")
    table.add(what, turns, "jit(f)(x)", "NumPy, the value")
    table.add(what, turns, "jit(f)(x)", "f.kernel(x).value(x)", plus=15.0 + ARRAYS + 1e-3 * n)


def test_logsumexp(table: Table) -> None:
    """One operation of 1,000 operands."""
    x, f = subjects.numbers(1_000), jit(ag.logsumexp)
    gradient, of_gradient = value_and_grad(f), jit(value_and_grad(ag.logsumexp))
    same(gradient(x), subjects.logsumexp_by_hand(x))
    same(of_gradient(x), subjects.logsumexp_by_hand(x))
    kernel = f.kernel(x)
    works = {
        "NumPy": lambda: subjects.logsumexp_by_hand(x),
        "f.kernel(x).value_and_grad(x)": lambda: kernel.value_and_grad(x),
        "value_and_grad(jit(f))(x)": lambda: gradient(x),
        "jit(value_and_grad(f))(x)": lambda: of_gradient(x),
    }
    settled(gradient, x)
    settled(of_gradient, x)
    turns, what = table.turns(works), "logsumexp, n = 1,000"
    for way in ("value_and_grad(jit(f))(x)", "jit(value_and_grad(f))(x)"):
        table.add(what, turns, way, "NumPy", times=3.0, plus=15.0)
        table.add(what, turns, way, "f.kernel(x).value_and_grad(x)", plus=15.0 + ARRAYS + 1.0)


def test_residuals(table: Table) -> None:
    """999 results of 1,000 numbers: arrays, lists, and the Jacobian."""
    x, f = subjects.numbers(1_000), jit(subjects.residuals)
    listed, slopes, of_slopes = x.tolist(), jacobian(f), jit(jacobian(subjects.residuals))
    same(f(x), subjects.residuals_by_hand(x))
    same(slopes(x), subjects.jacobian_by_hand(x))
    same(of_slopes(x), subjects.jacobian_by_hand(x))
    assert type(f(listed)) is list
    works = {
        "NumPy": lambda: subjects.residuals_by_hand(x),
        "NumPy, from list to list": lambda: subjects.residuals_by_hand(np.array(listed)).tolist(),
        "NumPy, the Jacobian": lambda: subjects.jacobian_by_hand(x),
        "jit(f)(x)": lambda: f(x),
        "jit(f)(x), x a list": lambda: f(listed),
        "jacobian(jit(f))(x)": lambda: slopes(x),
        "jit(jacobian(f))(x)": lambda: of_slopes(x),
    }
    for fast in (f, slopes, of_slopes):
        settled(fast, x)
    settled(f, listed)
    turns, what = table.turns(works), "999 residuals of 1,000 numbers"
    table.add(what, turns, "jit(f)(x)", "NumPy", times=2.0, plus=15.0)
    table.add(what, turns, "jit(f)(x), x a list", "NumPy, from list to list", times=2.0, plus=15.0)
    table.add(what, turns, "jacobian(jit(f))(x)", "NumPy, the Jacobian", times=2.0, plus=15.0)
    table.add(what, turns, "jit(jacobian(f))(x)", "NumPy, the Jacobian", times=2.0, plus=15.0)


def test_mixture(table: Table) -> None:
    """The log-likelihood of a mixture of Gaussians, 1,000 examples of 10 numbers, 5 components."""
    arguments = subjects.mixture_data(1_000)
    gradient = value_and_grad(jit(mixture), (0, 1, 2))
    expected = subjects.mixture_by_hand(*arguments)
    value, found = gradient(*arguments)
    same(value, expected[0])
    for x, y in zip(found, expected[1], strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-9)
    works = {
        "NumPy": lambda: subjects.mixture_by_hand(*arguments),
        "value_and_grad(jit(f))(...)": lambda: gradient(*arguments),
    }
    settled(gradient, *arguments)
    table.add("mixture, 1,000 x 10, 5 components", table.turns(works), "value_and_grad(jit(f))(...)", "NumPy")


# --- Formulas of few numbers ------------------------------------------------------------------------------


def differences(f: Callable[..., float], at: Sequence[float], h: float = 1e-6) -> list[float]:
    """Central differences, as one writes them."""
    slopes = []
    for i, x in enumerate(at):
        slopes.append((f(*at[:i], x + h, *at[i + 1 :]) - f(*at[:i], x - h, *at[i + 1 :])) / (2 * h))
    return slopes


@pytest.mark.parametrize(
    ("what", "make", "at", "times"),
    [
        ("Black-Scholes, 6 inputs", subjects.black_scholes, subjects.OPTION, 6.0),
        ("tanh(w*x + b)", subjects.neuron, subjects.NEURON, 12.0),
        ("tanh(x) * exp(-x*x)", subjects.bump, (0.5,), None),
        ("double pendulum, 300 steps", lambda m: subjects.double_pendulum(m, 300), subjects.PENDULUM, 4.0),
    ],
    ids=["option", "neuron", "bump", "pendulum"],
)
def test_formula(
    what: str, make: Callable[[Any], Any], at: tuple[float, ...], times: float | None, table: Table
) -> None:
    """Value and gradient of a formula, beside itself in plain floats."""
    plain, f, argnums = make(math), jit(make(ag)), tuple(range(len(at)))
    gradient, of_gradient = value_and_grad(f, argnums), jit(value_and_grad(make(ag), argnums))
    same(f(*at), plain(*at))
    for fast in (gradient, of_gradient):
        value, found = fast(*at)
        same(value, plain(*at))
        np.testing.assert_allclose(found, differences(plain, at), rtol=1e-4, atol=1e-4)
    same(of_gradient(*at), gradient(*at))
    works = {
        "f in plain floats": lambda: plain(*at),
        "central differences": lambda: differences(plain, at),
        "value_and_grad(jit(f))(...)": lambda: gradient(*at),
        "jit(value_and_grad(f))(...)": lambda: of_gradient(*at),
        "jit(f)(...)": lambda: f(*at),
    }
    for fast in (f, gradient, of_gradient):
        settled(fast, *at)
    turns = table.turns(works)
    for way in ("value_and_grad(jit(f))(...)", "jit(value_and_grad(f))(...)"):
        table.add(what, turns, way, "f in plain floats", times=times or 1.0, plus=None if times is None else 0.0)
        table.add(what, turns, way, "central differences")
    table.add(
        what, turns, "jit(f)(...)", "f in plain floats", times=12.0, plus=0.0 if what.startswith("tanh(x)") else None
    )


LONG = """
import resource, time
start = time.process_time()
import autograd as ag
from autograd import jit, value_and_grad
from benchmarks import subjects
fast = jit(subjects.double_pendulum(ag, 10_000))
gradient = value_and_grad(fast, tuple(range(8)))
gradient(*subjects.PENDULUM)
gradient(*subjects.PENDULUM)
took = time.process_time() - start
print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(fast.program.recorded))
"""


def test_long_pendulum(table: Table) -> None:
    """10,000 steps in a process of their own: recorded, run, checked, and run again; seconds, and memory."""
    pytest.importorskip("resource")
    command = [sys.executable, "-c", LONG]
    done = subprocess.run(
        command, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}, capture_output=True, text=True, check=True
    )
    seconds, megabytes, nodes = map(float, done.stdout.split())
    table.note(
        "double pendulum, 10,000 steps",
        f"record, run, check, run {nodes:,.0f} nodes: {seconds:.1f} s (<= 25), {megabytes:,.0f} MB (<= 1,000)",
    )


def test_recurrence(table: Table) -> None:
    """100,000 steps, beside the engine, step by step, and plain floats."""
    plain, function = subjects.sines(math), subjects.sines(ag)
    gradient, eager = value_and_grad(jit(function)), value_and_grad(function)
    same(gradient(0.5), eager(0.5))
    works = {
        "f in plain floats": lambda: plain(0.5),
        "value_and_grad(f)(x)": lambda: eager(0.5),
        "value_and_grad(jit(f))(x)": lambda: gradient(0.5),
    }
    settled(gradient, 0.5)
    turns, what = table.turns(works, 4), "x = sin(x) * 1.0001 + 0.1, 100,000 steps"
    table.add(what, turns, "value_and_grad(jit(f))(x)", "f in plain floats")
    table.add(what, turns, "value_and_grad(jit(f))(x)", "value_and_grad(f)(x)")


# --- Networks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", subjects.NETWORKS)
def test_network_in_arrays(name: str, table: Table) -> None:
    """The mean over a batch and its gradient, parameters in a dict of dicts of arrays; no Value anywhere."""
    loss, by_hand, sizes, examples = subjects.NETWORKS[name]
    params, (X, Y) = subjects.network(sizes), examples()
    gradient = value_and_grad(jit(loss, shared=("params",)).mean)
    same(gradient(params, X, Y), by_hand(params, X, Y))
    settled(gradient, params, X, Y)
    works = {
        "NumPy": lambda: by_hand(params, X, Y),
        "value_and_grad(f.mean)(params, X, Y)": lambda: gradient(params, X, Y),
    }
    what = f"{name}, parameters in arrays"
    table.add(what, table.turns(works), "value_and_grad(f.mean)(params, X, Y)", "NumPy", times=2.0, plus=15.0)


@pytest.mark.parametrize("name", subjects.NETWORKS)
def test_network_of_values(name: str, table: Table) -> None:
    """The same with parameters that are captured Values: read and written each time, or kept in arrays."""
    loss, by_hand, sizes, examples = subjects.NETWORKS[name]
    params, (X, Y) = subjects.network(sizes), examples()
    values: dict[str, dict[str, Any]] = {
        key: {"W": [[*map(Value, row)] for row in layer["W"].tolist()], "b": [*map(Value, layer["b"].tolist())]}
        for key, layer in params.items()
    }
    flat = [p for layer in values.values() for part in (*layer["W"], layer["b"]) for p in part]
    f = jit(lambda x, y: loss(values, x, y))
    expected = by_hand(params, X, Y)
    parts = [array.ravel() for layer in expected[1].values() for array in layer.values()]

    def whole() -> None:
        f.mean(X, Y).backward()

    whole()
    same([p.grad for p in flat], np.concatenate(parts))
    for factor in (1.001, 1 / 1.001):
        for p in flat:
            p.data *= factor
        settled(f.mean, X, Y)
    works: dict[str, Callable[[], Any]] = {
        "NumPy": lambda: by_hand(params, X, Y),
        "f.mean(X, Y)": lambda: f.mean(X, Y),
        "f.mean(X, Y).backward()": whole,
    }
    turns, what = table.turns(works), f"{name}, parameters as Values"
    table.add(what, turns, "f.mean(X, Y)", "NumPy")
    table.add(what, turns, "f.mean(X, Y).backward()", "NumPy")
    with f.arrays(flat) as held:
        P, dP = held
        P *= 1.001
        settled(f.mean, X, Y)
        P /= 1.001
        same(f.mean(X, Y), expected[0])
        same(dP, np.concatenate(parts))
        works = {
            "NumPy": lambda: by_hand(params, X, Y),
            "f.mean(X, Y) within f.arrays": lambda: f.mean(X, Y),
            ".sync()": held.sync,
        }
        turns = table.turns(works)
    table.add(what, turns, "f.mean(X, Y) within f.arrays", "NumPy", times=2.0, plus=15.0)
    each = turns.least(".sync()") / len(flat)
    table.note(
        what, f".sync(): {turns.least('.sync()'):,.1f} us, {each:.3f} us for each of {len(flat):,} parameters (<= 0.1)"
    )


def test_training_by_hand(table: Table) -> None:
    """200 steps of a loop over a dict of arrays, beside the same loop with the gradient by hand: the same losses."""
    loss, by_hand, sizes, examples = subjects.NETWORKS["64-30-10"]
    X, Y = examples()
    gradient = value_and_grad(jit(loss, shared=("params",)).mean)

    def train(step: Callable[..., Any]) -> list[float]:
        params, costs = subjects.network(sizes), []
        for _ in range(200):
            cost, slopes = step(params, X, Y)
            for key, layer in params.items():
                for name in layer:
                    layer[name] = layer[name] - 0.5 * slopes[key][name]
            costs.append(cost)
        return costs

    same(train(gradient), train(by_hand))
    works = {"NumPy": lambda: train(by_hand), "value_and_grad(f.mean)": lambda: train(gradient)}
    table.add("64-30-10, 200 steps of a loop by hand", table.turns(works, 10), "value_and_grad(f.mean)", "NumPy")


# --- The first call ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [64, 784])
def test_first_call(inputs: int, table: Table) -> None:
    """Record, roll, reverse, print, compile and check a network: what the first gradient costs, in milliseconds."""
    params, (X, Y) = subjects.network((inputs, 30, 10)), subjects.images(inputs)
    times = []
    for _ in range(5):
        gradient = value_and_grad(jit(subjects.textbook, shared=("params",)).mean)
        start = time.perf_counter()
        gradient(params, X, Y)
        times.append(1e3 * (time.perf_counter() - start))
    table.note("the first call", f"{inputs}-30-10: {min(times):,.0f} ms")
