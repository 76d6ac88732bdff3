"""The same array programs on NumPy, jax and torch, side by side in one run.

Run with ``make test-backends ARGS=tests/benchmarks/test_backends.py``, or with ``make bench`` where jax and torch are
installed. Nothing is asserted about time. A line of the table for each library: one gradient beside
NumPy's, and what the first call took: recording, rolling, and compiling.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value, jit

from .conftest import Table

LIBRARIES = ["numpy", "jax", "torch"]

Work = tuple[Callable[..., Any], list[Value], Any, Any]


def textbook() -> Work:
    """A textbook network, 64-30-10, quadratic cost, batch 10."""
    rng = random.Random(0)
    model = nn.MLP(64, [30, 10], activation="sigmoid", output="sigmoid", init="xavier", rng=rng)
    X = [[rng.random() for _ in range(64)] for _ in range(10)]
    Y = [[float(k == i) for k in range(10)] for i in range(10)]
    return lambda x, y: nn.quadratic(model(x), y), model.parameters(), X, Y


def demo() -> Work:
    """micrograd's demo: 100 moons, MLP(2, [16, 16, 1]), hinge and L2."""
    X, Y = nn.data.moons(100, noise=0.1, rng=random.Random(0))
    model = nn.MLP(2, [16, 16, 1], rng=random.Random(0))
    parameters = model.parameters()
    return (
        lambda x, y: (1 - y * model(x)).relu() + 1e-4 * sum(p * p for p in parameters),
        parameters,
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

    return likelihood, [m for mean in means for m in mean], X, np.ones(10_000)


@pytest.mark.parametrize("make", [textbook, demo, mixture], ids=lambda make: make.__name__)
def test_gradient(make: Callable[[], Work], table: Table) -> None:
    """One gradient of the mean over a batch, parameters and gradient in arrays, by each library in turn."""
    for name in LIBRARIES[1:]:
        pytest.importorskip(name)
    function, parameters, X, Y = make()
    runs: dict[str, Callable[[], Any]] = {}
    gradients = []
    for xp in LIBRARIES:
        start = time.perf_counter()
        objective = jit(function, xp=xp).batch(X, Y).objective(parameters)
        _, gradient = objective.gradient()
        table.note(make.__name__, f"{xp}, the first call: {1e3 * (time.perf_counter() - start):,.0f} ms")
        runs[xp] = objective.gradient
        gradients.append(gradient[np.argsort(objective.order)].copy())
    for gradient in gradients[1:]:
        np.testing.assert_allclose(gradient, gradients[0], rtol=1e-9, atol=1e-14)
    turns = table.turns(runs)
    for xp in LIBRARIES[1:]:
        table.add(make.__name__, turns, xp, "numpy")
