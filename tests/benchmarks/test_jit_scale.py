"""What the first call of jit costs with large graphs: recorded, rolled, printed, compiled, and checked.

Run with ``make bench``. Nothing is asserted about time; a line of the table for each function and size.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from test_jit_grids import mixture

import autograd as ag
import nn
from autograd import Value, jit

from . import subjects
from .conftest import Table

Function = Callable[..., Any]


def rosenbrock(n: int) -> tuple[Function, tuple[Any, ...]]:
    """Rosenbrock's function of n numbers."""
    return subjects.rosenbrock, (subjects.numbers(n),)


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
    return subjects.sines(ag, n), (0.5,)


def components(n: int) -> tuple[Function, tuple[Any, ...]]:
    """A mixture of n examples."""
    return mixture, subjects.mixture_data(n)


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
            components: [15, 280, 1_400],
        }.items()
        for size in sizes
    ],
)
def test_first_call(make: Callable[[int], Any], size: int, table: Table) -> None:
    """The time of the first call, and of the second, which is checked; from ten thousand nodes to a million."""
    function, arguments = make(size)
    fast = jit(function)
    times = [time.process_time()]
    for _ in range(2):
        fast(*arguments)
        times.append(time.process_time())
    first, second = times[1] - times[0], times[2] - times[1]
    nodes, lines = len(fast.program.recorded), len(fast.source.splitlines())
    table.note(
        "the first call of large functions",
        f"{make.__name__}({size:,}): {first:.2f} s for {nodes:,} nodes, {1e6 * first / nodes:.1f} us each; "
        f"the second, checked: {second:.4f} s; {lines} lines",
    )
