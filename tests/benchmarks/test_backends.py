"""The same array programs on NumPy, jax and torch, side by side in one run.

Run with ``make test-backends ARGS=tests/benchmarks/test_backends.py``, or with ``make bench`` where jax and torch are
installed. Nothing is asserted about time. ``extra_info`` holds the time of one gradient by each library in
microseconds, all measured in turns, the multiples of NumPy's, and what the first call took in milliseconds: recording,
rolling, and compiling.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import autograd as ag
import nn
from autograd import jit
from autograd.compiler.batches import Batch

LIBRARIES = ["numpy", "jax", "torch"]

Work = tuple[Callable[..., Any], Any, Any]


def textbook() -> Work:
    """A textbook network, 64-30-10, quadratic cost, batch 10."""
    rng = random.Random(0)
    model = nn.MLP(64, [30, 10], activation="sigmoid", output="sigmoid", init="xavier", rng=rng)
    X = [[rng.random() for _ in range(64)] for _ in range(10)]
    Y = [[float(k == i) for k in range(10)] for i in range(10)]
    return lambda x, y: nn.quadratic(model(x), y), X, Y


def demo() -> Work:
    """micrograd's demo: 100 moons, MLP(2, [16, 16, 1]), hinge and L2."""
    X, Y = nn.data.moons(100, noise=0.1, rng=random.Random(0))
    model = nn.MLP(2, [16, 16, 1], rng=random.Random(0))
    parameters = model.parameters()
    return (
        lambda x, y: (1 - y * model(x)).relu() + 1e-4 * sum(p * p for p in parameters),
        X,
        [2 * y - 1 for y in Y],
    )


def mixture() -> Work:
    """Many examples with a logsumexp each: where XLA's fusion pays. 10,000 points, 10 dimensions, 5 components."""
    rng = random.Random(0)
    means = [[ag.Value(rng.gauss(0, 1)) for _ in range(10)] for _ in range(5)]
    X = np.random.default_rng(0).normal(size=(10_000, 10))

    def likelihood(x: Any, weight: Any) -> Any:
        return weight * ag.logsumexp(
            [-0.5 * ag.sum([(a - m) ** 2 for a, m in zip(x, mean, strict=True)]) for mean in means]
        )

    return likelihood, X, np.ones(10_000)


@pytest.mark.parametrize("make", [textbook, demo, mixture], ids=lambda make: make.__name__)
def test_gradient(benchmark: BenchmarkFixture, make: Callable[[], Work]) -> None:
    """One gradient by the program alone, NumPy's arrays in and out; what is timed last is NumPy's."""
    for name in LIBRARIES[1:]:
        pytest.importorskip(name)
    function, X, Y = make()
    runs: dict[str, Callable[[], Any]] = {}
    gradients = []
    for xp in LIBRARIES:
        start = time.perf_counter()
        batch = Batch(jit(function, xp=xp), (X, Y))
        ((path, _),) = batch.partition()
        assert path is not None
        compiled = path.take(True, batch.wanted)
        shares = np.full(batch.count, 1.0 / batch.count)
        runs[xp] = partial(compiled.gradient, *batch.columns, shares)
        runs[xp]()
        benchmark.extra_info[f"{xp}, first call, ms"] = round(1e3 * (time.perf_counter() - start))
        gradients.append(compiled.dP.copy())
    for gradient in gradients[1:]:
        np.testing.assert_allclose(gradient, gradients[0], rtol=1e-9, atol=1e-14)
    times: dict[str, float] = dict.fromkeys(LIBRARIES, float("inf"))
    for _ in range(40):
        for xp, run in runs.items():
            start = time.perf_counter()
            for _ in range(10):
                run()
            times[xp] = min(times[xp], (time.perf_counter() - start) / 10)
    for xp, seconds in times.items():
        benchmark.extra_info[f"{xp}, us"] = round(1e6 * seconds, 1)
        benchmark.extra_info[f"{xp}, ratio"] = round(seconds / times["numpy"], 2)
    benchmark(runs["numpy"])
