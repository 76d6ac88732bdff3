"""What fit reaches: epochs beside a loop written by hand in NumPy, predictions, and the command, in one run.

Run with ``make bench``. Nothing is asserted about time. Each ``extra_info`` holds times of one process, taken in turn,
and their ratio. The loop by hand does what fit does: it shuffles, takes mini-batches by index, and adds up the loss.
"""

from __future__ import annotations

import functools
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import nn

EPOCHS = 10
BATCH = 32

images, labels = nn.data.digits()


def network() -> nn.MLP:
    """The textbook's 64-30-10, the same each time."""
    rng = random.Random(0)
    return nn.MLP(64, [30, 10], activation="sigmoid", output="sigmoid", init="xavier", rng=rng)


Parameters = list[Any]
Rule = Callable[[Parameters, Parameters], None]


def sgd() -> Rule:
    """Gradient descent in place."""

    def step(P: Parameters, G: Parameters) -> None:
        for p, g in zip(P, G, strict=True):
            p -= 3.0 * g  # noqa: PLW2901 - in place

    return step


def adam() -> Rule:
    """Adam in place."""
    M: Parameters = []
    V: Parameters = []
    t = 0

    def step(P: Parameters, G: Parameters) -> None:
        nonlocal t
        if not M:
            M.extend(np.zeros_like(p) for p in P)
            V.extend(np.zeros_like(p) for p in P)
        t += 1
        for p, g, m, v in zip(P, G, M, V, strict=True):
            m *= 0.9  # noqa: PLW2901 - in place
            m += 0.1 * g  # noqa: PLW2901
            v *= 0.999  # noqa: PLW2901
            v += 0.001 * g * g  # noqa: PLW2901
            p -= 0.001 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)  # noqa: PLW2901

    return step


def by_hand(step: Rule, shuffled: Callable[[], Any]) -> tuple[list[float], float]:
    """Train as one writes it in NumPy; the losses, and the seconds of an epoch."""
    layers = network().layers
    (W1, W2) = [np.array([[w.data for w in n.w] for n in layer.neurons]) for layer in layers]
    (b1, b2) = [np.array([n.b.data for n in layer.neurons]) for layer in layers]
    X, Y = np.array(images), np.eye(10)[labels]
    losses = []
    start = time.perf_counter()
    for _ in range(EPOCHS):
        order = shuffled()
        total = 0.0
        for first in range(0, len(X), BATCH):
            index = order[first : first + BATCH]
            x, y = X[index], Y[index]
            a1 = 1 / (1 + np.exp(-(x @ W1.T + b1)))
            a2 = 1 / (1 + np.exp(-(a1 @ W2.T + b2)))
            difference = a2 - y
            total += 0.5 * (difference * difference).sum()
            d2 = difference * a2 * (1 - a2) / len(index)
            d1 = (d2 @ W2) * a1 * (1 - a1)
            step([W1, b1, W2, b2], [d1.T @ x, d1.sum(0), d2.T @ a1, d2.sum(0)])
        losses.append(float(total / len(X)))
    return losses, (time.perf_counter() - start) / EPOCHS


class Clock(random.Random):
    """A source of random numbers that knows when it was asked to shuffle: at the start of each epoch."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.times: list[float] = []

    def shuffle(self, x: Any) -> None:
        """Note the time, and shuffle."""
        self.times.append(time.perf_counter())
        super().shuffle(x)


def fitted(optimizer: nn.Optimizer, **options: Any) -> tuple[list[float], float, float]:
    """Train with fit; the losses, the seconds of the first epoch (with recording), and the median of later ones."""
    clock = Clock(1)
    history = nn.fit(
        network(), images, labels, loss=nn.quadratic, optimizer=optimizer, epochs=EPOCHS, batch_size=BATCH, rng=clock,
        progress=False, **options,
    )  # fmt: skip
    took = np.diff([*clock.times, time.perf_counter()])
    return history.loss, float(took[0]), float(np.median(took[1:]))


def orders(seed: int = 1) -> Iterator[Any]:
    """Python's shuffle, as fit has it."""
    rng, order = random.Random(seed), list(range(len(images)))
    while True:
        rng.shuffle(order)
        yield np.array(order)


@pytest.mark.parametrize(("rule", "optimizer"), [(sgd, lambda: nn.SGD(lr=3.0)), (adam, nn.Adam)], ids=["SGD", "Adam"])
def test_epoch(benchmark: BenchmarkFixture, rule: Callable[[], Rule], optimizer: Callable[[], nn.Optimizer]) -> None:
    """An epoch of fit over 1,797 digits, beside the loop by hand with Python's shuffle, and with NumPy's."""
    hands, numpys, fits, firsts = [], [], [], []
    for _ in range(8):
        python = orders()
        expected, seconds = by_hand(rule(), functools.partial(next, python))
        hands.append(seconds)
        numpys.append(by_hand(rule(), functools.partial(np.random.default_rng(0).permutation, len(images)))[1])
        losses, first, later = fitted(optimizer())
        firsts.append(first)
        fits.append(later)
        np.testing.assert_allclose(losses, expected, rtol=1e-9)
    benchmark.extra_info |= {
        "by hand, ms": round(1e3 * min(hands), 2),
        "fit, ms": round(1e3 * min(fits), 2),
        "first epoch, ms": round(1e3 * min(firsts), 1),
        "ratio": round(min(fits) / min(hands), 2),
        "ratio, median": round(float(np.median(np.array(fits) / np.array(hands))), 2),
        "ratio to NumPy's shuffle": round(min(fits) / min(numpys), 2),
    }
    benchmark.pedantic(lambda: fitted(optimizer()), rounds=3)


def test_validation(benchmark: BenchmarkFixture) -> None:
    """What a validation set of 297 digits adds to ten epochs."""
    optimizer = nn.SGD(lr=3.0)
    benchmark(lambda: fitted(optimizer, validation=(images[:297], labels[:297])))


def test_predict(benchmark: BenchmarkFixture) -> None:
    """All 1,797 digits at once, from an array."""
    model = network()
    X: Any = np.array(images)
    model.predict(X)
    benchmark(lambda: model.predict(X))


def test_command(benchmark: BenchmarkFixture) -> None:
    """``python -m nn digits``: start, read, record, train 15 epochs, and measure."""
    command = [sys.executable, "-m", "nn", "digits"]
    done = benchmark.pedantic(
        lambda: subprocess.run(command, capture_output=True, text=True, check=True), rounds=5, iterations=1
    )
    benchmark.extra_info["printed"] = done.stdout.splitlines()[-1]
