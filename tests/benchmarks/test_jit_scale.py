"""What jit does with large graphs: a mixture beside hand-written NumPy, a long recurrence beside the engine.

And the price of recording, rolling and emitting a program, for ten thousand to a million nodes.
Run with ``make bench``. Nothing is asserted about time; ``extra_info`` holds the ratios.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from test_jit_grids import mixture

import autograd as ag
import nn
from autograd import Value, jit
from autograd.compiler.calls import Call
from autograd.compiler.numbering import program
from autograd.compiler.paths import Paths
from autograd.compiler.rolling import roll
from autograd.compiler.targets.numpy import NUMPY

Function = Callable[..., Any]


def alternating(works: list[Callable[[], Any]], rounds: int, calls: int = 1) -> list[float]:
    """The least time of each, in seconds, measured in turns."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for i, work in enumerate(works):
            start = time.perf_counter()
            for _ in range(calls):
                work()
            best[i] = min(best[i], (time.perf_counter() - start) / calls)
    return best


# --- The mixture ------------------------------------------------------------------------------------------------


def mixture_data(n: int, d: int = 10, k: int = 5) -> tuple[Any, ...]:
    """Parameters of k components as Values, and n examples as numbers."""
    rng = random.Random(0)
    alphas = [Value(rng.gauss(0, 1)) for _ in range(k)]
    means = [[Value(rng.gauss(0, 1)) for _ in range(d)] for _ in range(k)]
    icf = [[Value(rng.gauss(0, 1) * 0.3) for _ in range(d * (d + 1) // 2)] for _ in range(k)]
    return alphas, means, icf, [[rng.gauss(0, 1) for _ in range(d)] for _ in range(n)]


def mixture_by_hand(alphas: Any, means: Any, icf: Any, X: Any) -> Callable[[], Any]:
    """Value and gradient in NumPy, with one batched product for all components where the formula has one."""
    (n, d), k = X.shape, len(alphas)
    rows, columns = np.array([(j, i) for i in range(d) for j in range(i + 1, d)]).T
    diagonal = np.arange(d)

    def run() -> Any:
        e = np.exp(icf[:, :d])
        L = np.zeros((k, d, d))
        L[:, diagonal, diagonal], L[:, rows, columns] = e, icf[:, d:]
        D = X - means[:, None]
        Y = D @ L.transpose(0, 2, 1)
        t = (alphas + icf[:, :d].sum(1))[:, None] - 0.5 * (Y * Y).sum(2)
        m = t.max(0)
        w = np.exp(t - m)
        s = w.sum(0)
        r = w / s
        ea = np.exp(alphas - alphas.max())
        value = (m + np.log(s)).sum() - n * (alphas.max() + np.log(ea.sum()))
        dY = Y * -r[:, :, None]
        dL, total = dY.transpose(0, 2, 1) @ D, r.sum(1)
        by_icf = np.empty_like(icf)
        by_icf[:, :d] = total[:, None] + dL[:, diagonal, diagonal] * e
        by_icf[:, d:] = dL[:, rows, columns]
        return value, (total - n * ea / ea.sum(), -(dY @ L).sum(1), by_icf)

    return run


def test_mixture(benchmark: BenchmarkFixture) -> None:
    """The gradient of a mixture by its parameters, n = 1000, d = 10, k = 5, beside hand-written NumPy."""
    arguments = mixture_data(1000)
    fast = jit(mixture)
    fast(*arguments)
    (family,) = fast.families.values()
    compiled = family.paths[0].take(False, (True, True, True, False))
    numbers = Call(fast, arguments, {}).numbers
    flat = [np.array(x) for x in numbers]
    alphas, means, icf, X = flat
    by_hand = mixture_by_hand(alphas, means.reshape(5, 10), icf.reshape(5, 55), X.reshape(1000, 10))

    def run() -> Any:
        return compiled.gradient(*flat, 1.0)

    for got, expected in zip(run()[1], by_hand()[1], strict=True):
        np.testing.assert_allclose(got, expected.ravel(), rtol=1e-9, atol=1e-9)
    hand, own = alternating([by_hand, run], 40, 5)
    benchmark.extra_info |= {"by hand, us": round(1e6 * hand), "jit, us": round(1e6 * own), "ratio": own / hand}
    benchmark(run)


# --- Recurrences ------------------------------------------------------------------------------------------------


def sines(x: Any) -> Any:
    """100,000 steps of x = sin(x) * 1.0001 + 0.1."""
    for _ in range(100_000):
        x = ag.sin(x) * 1.0001 + 0.1
    return x


def leapfrog(x: Any) -> Any:
    """10,000 steps of an oscillator."""
    v = 0.1 * x
    for _ in range(10_000):
        v = v - x * 0.01
        x = x + v * 0.01
    return x


@pytest.mark.parametrize("function", [sines, leapfrog])
def test_recurrence(benchmark: BenchmarkFixture, function: Function) -> None:
    """A call and its backward pass, beside the same without jit."""
    x, fast = Value(0.5), jit(function)
    fast(x)

    def run() -> Any:
        fast(x).backward()

    eager, own = alternating([lambda: function(x).backward(), run], 3)
    benchmark.extra_info |= {"engine, ms": round(1e3 * eager), "jit, ms": round(1e3 * own), "ratio": eager / own}
    benchmark(run)


# --- Recording, rolling, emitting -------------------------------------------------------------------------------


def rosenbrock(n: int) -> tuple[Function, tuple[Any, ...]]:
    """Rosenbrock's function of n numbers."""
    rng = random.Random(0)

    def function(x: list[Any]) -> Any:
        return ag.sum([100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(n - 1)])

    return function, ([rng.uniform(-1, 1) for _ in range(n)],)


def sparse(n: int) -> tuple[Function, tuple[Any, ...]]:
    """Four layers of n neurons that each see five of the layer below, chosen at random."""
    rng = random.Random(0)
    layers = [[(rng.sample(range(n), 5), [Value(rng.gauss(0, 1)) for _ in range(5)]) for _ in range(n)] for _ in "abcd"]

    def function(x: list[Any]) -> Any:
        for layer in layers:
            x = [ag.tanh(ag.dot(w, [x[i] for i in wires])) for wires, w in layer]
        return ag.sum(x)

    return function, ([rng.uniform(-1, 1) for _ in range(n)],)


def network(n: int) -> tuple[Function, tuple[Any, ...]]:
    """micrograd's demo loss, a loop over n examples, its neurons written as sums of products."""
    model = nn.MLP(2, [16, 16, 1], rng=random.Random(0))
    X, Y = nn.data.moons(n, noise=0.1, rng=random.Random(0))

    def neuron(each: Any, x: list[Any]) -> Any:
        act = sum((w * v for w, v in zip(each.w, x, strict=True)), each.b)
        return act.relu() if each.nonlin else act

    def function() -> Any:
        losses = []
        for x, y in zip(X, Y, strict=True):
            values = list(map(Value, x))
            for layer in model.layers:
                values = [neuron(each, values) for each in layer.neurons]
            losses.append((1 + (1 - 2 * y) * values[0]).relu())
        return sum(losses) * (1.0 / n) + 1e-4 * sum(p * p for p in model.parameters())

    return function, ()


def textbook(inputs: int) -> tuple[Function, tuple[Any, ...]]:
    """inputs-30-10 with the quadratic cost."""
    rng = random.Random(0)
    model = nn.MLP(inputs, [30, 10], activation="sigmoid", output="sigmoid", rng=rng)
    return lambda x, y: nn.quadratic(model(x), y), ([rng.random() for _ in range(inputs)], [0.0] * 10)


def steps(n: int) -> tuple[Function, tuple[Any, ...]]:
    """A recurrence of n steps."""

    def function(x: Any) -> Any:
        for _ in range(n):
            x = ag.sin(x) * 1.0001 + 0.1
        return x

    return function, (0.5,)


@pytest.mark.parametrize(
    ("make", "size"),
    [
        pytest.param(make, size, id=f"{make.__name__}-{size}")
        for make, sizes in {
            textbook: [784],
            rosenbrock: [770, 7_700, 77_000],
            sparse: [350, 3_500, 35_000],
            network: [15, 150, 1_500],
            steps: [2_000, 20_000, 200_000],
        }.items()
        for size in sizes
    ]
    + [pytest.param(lambda n: (mixture, mixture_data(n)), n, id=f"mixture-{n}") for n in (15, 280, 1_400)],
)
def test_compiling(benchmark: BenchmarkFixture, make: Callable[[int], Any], size: int) -> None:
    """The time of each stage, in seconds, for graphs of ten thousand nodes to a million."""
    function, arguments = make(size)
    call = Call(Paths(function), arguments, {})
    times = [time.perf_counter()]
    recorded = program(call.function, "function", call.structures, call.numbers)
    times.append(time.perf_counter())
    rolled = roll(recorded)
    times.append(time.perf_counter())
    source = NUMPY.make(rolled, False, call.wanted, "f").source
    compile(source, "<jit>", "exec")
    times.append(time.perf_counter())
    for stage, start, stop in zip(("record", "roll", "emit"), times, times[1:], strict=False):
        benchmark.extra_info[stage] = round(stop - start, 3)
    benchmark.extra_info |= {"nodes": len(recorded.rules), "total": round(times[-1] - times[0], 3)}
    benchmark.extra_info["lines"] = len(source.splitlines())
    benchmark.pedantic(lambda: NUMPY.make(rolled, False, call.wanted, "f"), rounds=1)
