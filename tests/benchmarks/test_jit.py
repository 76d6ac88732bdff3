"""What jit reaches: array programs beside hand-written NumPy, in one run, and the price of recording and rolling.

Run with ``make bench``. Nothing is asserted about time. Each ``extra_info`` holds the hand-written program's time in
microseconds, measured in the same process just before, and the program's time as a multiple of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import autograd as ag
import nn
from autograd import Value, jit
from autograd.compiler.batches import Batch
from autograd.compiler.compiled import Jitted

Work = tuple[Callable[[], Any], Callable[[], Any]]


def best(work: Callable[[], Any], rounds: int = 20, calls: int = 100) -> float:
    """The least time of a call, in microseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        times.append((time.perf_counter() - start) / calls)
    return 1e6 * min(times)


def program(fast: Jitted, *arguments: Any) -> Callable[[], Any]:
    """The array program alone, arrays in and arrays out, for a batch."""
    batch = Batch(fast, arguments)
    ((path, _),) = batch.partition()
    assert path is not None
    compiled = path.take(True, batch.wanted)
    seeds = np.full(batch.count, 1.0 / batch.count)

    def run() -> Any:
        compiled.gradient(*batch.columns, seeds)
        return compiled.dP

    return run


def weights(model: nn.MLP) -> list[tuple[Any, Any]]:
    """(W, b) of each layer, b as a column."""
    return [
        (np.array([[w.data for w in n.w] for n in layer.neurons]), np.array([[n.b.data] for n in layer.neurons]))
        for layer in model.layers
    ]


def sigmoid_network(inputs: int) -> Work:
    """A textbook network, inputs-30-10, quadratic cost, batch 10."""
    rng = random.Random(0)
    model = nn.MLP(inputs, [30, 10], activation="sigmoid", output="sigmoid", init="xavier", rng=rng)
    X = [[rng.random() for _ in range(inputs)] for _ in range(10)]
    Y = [[float(k == i) for k in range(10)] for i in range(10)]
    (W1, b1), (W2, b2) = weights(model)
    x, y = np.array(X).T, np.array(Y).T

    def by_hand() -> Any:
        a1 = 1 / (1 + np.exp(-(W1 @ x + b1)))
        a2 = 1 / (1 + np.exp(-(W2 @ a1 + b2)))
        d2 = (a2 - y) * a2 * (1 - a2) / 10
        d1 = (W2.T @ d2) * a1 * (1 - a1)
        return d1 @ x.T, d1.sum(1), d2 @ a1.T, d2.sum(1)

    run = program(jit(lambda x, y: nn.quadratic(model(x), y)), X, Y)
    np.testing.assert_allclose(run(), np.concatenate([part.ravel() for part in by_hand()]), rtol=1e-9)
    return run, by_hand


def demo() -> tuple[nn.MLP, list[list[float]], list[int]]:
    """micrograd's demo: 100 moons, MLP(2, [16, 16, 1])."""
    X, Y = nn.data.moons(100, noise=0.1, rng=random.Random(0))
    return nn.MLP(2, [16, 16, 1], rng=random.Random(0)), X, [2 * y - 1 for y in Y]


def demo_network() -> Work:
    """The demo's hinge loss and its L2 term, over the full batch."""
    model, X, Y = demo()
    parameters = model.parameters()
    (W1, b1), (W2, b2), (W3, b3) = weights(model)
    x, y = np.array(X).T, np.array(Y)

    def by_hand() -> Any:
        a1 = np.maximum(W1 @ x + b1, 0)
        a2 = np.maximum(W2 @ a1 + b2, 0)
        margin = 1 - y * (W3 @ a2 + b3)
        d3 = -(y / 100) * (margin > 0)
        d2 = (W3.T @ d3) * (a2 > 0)
        d1 = (W2.T @ d2) * (a1 > 0)
        out = []
        for d, a, W, b in ((d1, x, W1, b1), (d2, a1, W2, b2), (d3, a2, W3, b3)):
            out += [d @ a.T + 2e-4 * W, d.sum(1) + 2e-4 * b[:, 0]]
        return out

    loss = jit(lambda x, y: (1 - y * model(x)).relu() + 1e-4 * sum(p * p for p in parameters))
    run = program(loss, X, Y)
    expected = sorted(np.concatenate([part.ravel() for part in by_hand()]))
    np.testing.assert_allclose(sorted(run()), expected, rtol=1e-9, atol=1e-15)
    return run, by_hand


def rosenbrock(x: list[Any]) -> Any:
    """Rosenbrock's function."""
    return ag.sum([100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1)])


def rosenbrock_1000() -> Work:
    """Its gradient at 1,000 numbers."""
    rng = random.Random(0)
    x = np.array([rng.uniform(-1, 1) for _ in range(1000)])
    fast = jit(rosenbrock)
    fast([Value(v) for v in x])
    (family,) = fast.families.values()
    compiled = family.paths[0].take(False, (True,))

    def by_hand() -> Any:
        t, u = x[1:] - x[:-1] ** 2, 1 - x[:-1]
        g = np.zeros(1000)
        g[:-1] = -400 * t * x[:-1] - 2 * u
        g[1:] += 200 * t
        return g, (100 * t * t + u * u).sum()

    def run() -> Any:
        return compiled.gradient(x, 1.0)

    np.testing.assert_allclose(run()[1][0], by_hand()[0], rtol=1e-9)
    return run, by_hand


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(demo_network, id="demo"),
        pytest.param(lambda: sigmoid_network(64), id="64-30-10"),
        pytest.param(lambda: sigmoid_network(784), id="784-30-10"),
        pytest.param(rosenbrock_1000, id="rosenbrock"),
    ],
)
def test_program(benchmark: BenchmarkFixture, make: Callable[[], Work]) -> None:
    """One gradient by the array program alone, beside hand-written NumPy."""
    run, by_hand = make()
    hand, own = best(by_hand), best(run)
    benchmark.extra_info |= {"by hand, us": round(hand, 1), "jit, us": round(own, 1), "ratio": round(own / hand, 2)}
    benchmark(run)


def test_step_over_values(benchmark: BenchmarkFixture) -> None:
    """A step of the demo as a user writes it: 337 parameters read from Values, their gradients written back.

    Beside it micrograd, where it is installed: the same loss over the same network, three times (a second or so each).
    """
    micrograd = pytest.importorskip("micrograd.nn")
    model, X, Y = demo()
    loss = jit(lambda x, y: (1 - y * model(x)).relu())

    def step() -> None:
        loss.mean(X, Y).backward()

    def whole_step() -> None:
        model.zero_grad()
        step()

    peer = micrograd.MLP(2, [16, 16, 1])
    for copied, p in zip(peer.parameters(), model.parameters(), strict=True):
        copied.data = p.data

    def peer_step() -> None:
        losses = [(1 + -y * peer(x)).relu() for x, y in zip(X, Y, strict=True)]
        (sum(losses) * (1.0 / len(losses))).backward()

    whole_step()
    peer.zero_grad()
    peer_step()
    np.testing.assert_allclose([p.grad for p in model.parameters()], [p.grad for p in peer.parameters()], rtol=1e-9)
    for p in model.parameters():
        p.data -= 0.01 * p.grad
    own, theirs = best(step), best(peer_step, rounds=3, calls=1)
    benchmark.extra_info |= {
        "jit, us": round(own, 1),
        "with zero_grad, us": round(best(whole_step), 1),
        "micrograd, us": round(theirs),
        "times quicker": round(theirs / own),
    }
    benchmark(step)


@pytest.mark.parametrize("inputs", [64, 784])
def test_recording(benchmark: BenchmarkFixture, inputs: int) -> None:
    """Record, roll, reverse, emit and compile a network, and check it once: the price of the first call."""
    rng = random.Random(0)
    model = nn.MLP(inputs, [30, 10], activation="sigmoid", output="sigmoid", rng=rng)
    X = [[rng.random() for _ in range(inputs)]]
    Y = [[0.0] * 10]
    benchmark(lambda: jit(lambda x, y: nn.quadratic(model(x), y)).mean(X, Y))
