"""jit against the eager engine: the same values and gradients, on graphs composed at random and on real losses."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value, graph, jit, rules

Function = Callable[[list[Any], list[Any]], Any]

UNARY = [row for row in rules.TABLE if row.layout == "fixed" and len(row.operand_names) == 1 and not row.domain]


def close(got: Any, expected: Any) -> None:
    """Equal to 1e-12 of the largest of the numbers."""
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    assert got.shape == expected.shape
    size = max(1.0, float(np.abs(expected).max(initial=0.0)))
    assert np.abs(got - expected).max(initial=0.0) <= 1e-12 * size, np.abs(got - expected).max()


def unary(row: rules.Rule) -> Callable[[Value], Value]:
    """The operation of a row, as a function of a Value."""
    return lambda x: ag.functions.apply(row, (x,))


BINARY: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x / (y * y + 1.0),
    lambda x, y: (x * x + 0.5) ** y,
    ag.maximum,
    ag.minimum,
    ag.atan2,
    lambda x, y: ag.leaky_relu(x, y),
    lambda x, y: ag.clip(x, -0.5, 0.5) * y,
    lambda x, y: ag.where(x > y, x, y * 2.0),
]
SEQUENCES = [ag.max, ag.min, ag.logsumexp, ag.norm, ag.mean, ag.sum]


def composed(seed: int, captured: list[Value]) -> Function:
    """A function of two lists of numbers and of the captured Values, composed layer by layer."""

    def function(x: list[Any], y: list[Any]) -> Any:
        rng = random.Random(seed)
        layers = [[*x, *y, *captured]]
        for _ in range(rng.randrange(1, 5)):
            below = layers[-1] if rng.random() < 0.7 else [v for layer in layers for v in layer]
            count = rng.randrange(1, 7)
            match rng.randrange(9):
                case 0:
                    act = unary(rng.choice(UNARY))
                    new = [act(ag.tanh(v)) for v in below]
                case 1:
                    operation = rng.choice(BINARY)
                    new = [operation(ag.sin(rng.choice(below)), rng.choice(below)) for _ in range(count)]
                case 2:
                    operation = rng.choice(BINARY)
                    new = [operation(ag.sin(a), ag.cos(b)) for a, b in zip(below, below[1:] + below[:1], strict=True)]
                case 3:
                    k = rng.randrange(1, 5)
                    new = [
                        ag.dot(rng.choices(below, k=k), rng.choices(below, k=k), rng.choice([*below, None, 1.5]))
                        for _ in range(count)
                    ]
                case 4:
                    weights = [[rng.choice([rng.uniform(-1, 1), *captured]) for _ in below] for _ in range(count)]
                    new = [sum(w * v for w, v in zip(row, below, strict=True)) + rng.choice(below) for row in weights]
                case 5:
                    whole, k = rng.choice(SEQUENCES), rng.randrange(1, 5)
                    new = [whole(rng.choices(below, k=k)) for _ in range(count)]
                case 6:
                    new = [a * b for a in below[:3] for b in below[-3:]]
                case 7:
                    new = [a * b + c for a, b, c in zip(below, below[::-1], below[1:] + below[:1], strict=True)]
                case _:
                    new = [unary(rng.choice(UNARY))(ag.sin(v)) for v in below]
            layers.append([ag.sin(v) if abs(ag.constant(v).data) > 100 else v for v in new])
        every = [v for layer in layers[1:] for v in layer]
        if rng.random() < 0.6:
            return ag.sum(every)
        return [rng.choice(every) * 1.5 for _ in range(rng.randrange(1, 4))]

    return function


@pytest.mark.parametrize("block", range(10))
def test_random_graphs(block: int) -> None:
    """Values, and gradients by arguments and captured leaves, of 1,000 random functions equal those of the engine."""
    compared = 0
    for seed in range(100 * block, 100 * block + 100):
        rng = random.Random(-seed)
        captured = [Value(rng.uniform(-1.5, 1.5)) for _ in range(rng.randrange(6))]
        x = [Value(rng.uniform(-1.5, 1.5)) for _ in range(rng.randrange(1, 7))]
        y = [Value(rng.uniform(-1.5, 1.5)) for _ in range(rng.randrange(1, 3))]
        function = composed(seed, captured)
        expected, got = function(x, y), jit(function)(x, y)
        assert isinstance(got, list) == isinstance(expected, list)
        variables = [*x, *y, *captured]
        outputs = [got] if isinstance(got, Value) else got
        for a, b in zip(outputs, [expected] if isinstance(expected, Value) else expected, strict=True):
            close(a.data, b.data)
            close(ag.gradients(a, variables), ag.gradients(b, variables))
            compared += len(a.parents) == len(variables) or bool(a.parents)
    assert compared > 100


@pytest.mark.slow
@pytest.mark.parametrize("block", range(5))
def test_random_graphs_over_batches(block: int) -> None:
    """The mean over examples, and its gradient by what is captured, of 500 random functions equal those of a loop."""
    for seed in range(100 * block, 100 * block + 100):
        rng = random.Random(-seed)
        captured = [Value(rng.uniform(-1.5, 1.5)) for _ in range(rng.randrange(1, 6))]
        inner = composed(seed, captured)

        def function(x: list[Any], y: list[Any], inner: Function = inner) -> Any:
            out = inner(x, y)
            return ag.dot(out, out) if isinstance(out, list) else out

        n, m, count = rng.randrange(1, 6), rng.randrange(1, 3), rng.randrange(1, 5)
        X = [[rng.uniform(-1.5, 1.5) for _ in range(n)] for _ in range(count)]
        Y = [[rng.uniform(-1.5, 1.5) for _ in range(m)] for _ in range(count)]
        rows = [function([Value(v) for v in x], [Value(v) for v in y]) for x, y in zip(X, Y, strict=True)]
        expected, fast = ag.mean(rows), jit(function)
        got = fast.mean(X, Y)
        if not isinstance(got, Value):  # nothing captured was reached
            got = ag.constant(got)
        close(got.data, expected.data)
        close(ag.gradients(got, captured), ag.gradients(expected, captured))
        close(fast.map(X, Y), [row.data for row in rows])


@pytest.mark.slow
@pytest.mark.parametrize("block", range(5))
def test_random_graphs_within_graphs(block: int) -> None:
    """Second derivatives of 500 random functions, and the functions inside another jitted one, equal the engine's."""
    for seed in range(100 * block, 100 * block + 100):
        rng = random.Random(-seed)
        captured = [Value(rng.uniform(-1.5, 1.5)) for _ in range(rng.randrange(3))]
        x = [Value(rng.uniform(-1.5, 1.5)) for _ in range(rng.randrange(1, 4))]
        y = [Value(rng.uniform(-1.5, 1.5))]
        variables = [*x, *y, *captured]
        function = composed(seed, captured)
        inner = jit(function)

        def outer(x: list[Any], y: list[Any], inner: Function) -> Any:
            out = inner(x, y)
            return ag.tanh(ag.sum(out) if isinstance(out, list) else out) * y[0]

        expected, got = outer(x, y, function), jit(lambda x, y, inner=inner: outer(x, y, inner))(x, y)
        close(got.data, expected.data)
        close(ag.gradients(got, variables), ag.gradients(expected, variables))
        close(*[second(outer(x, y, f), variables) for f in (inner, function)])


def second(output: Any, variables: list[Value]) -> list[float]:
    """The gradient of the sum of the gradient: the row sums of the Hessian."""
    first = ag.gradients(output, variables, create_graph=True)
    return ag.gradients(ag.sum([ag.constant(0.0), *first]), variables)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("activation", ["linear", "relu", "tanh", "sigmoid", "softplus", "gelu", "silu", "elu"])
@pytest.mark.parametrize("loss", [nn.quadratic, nn.mse, nn.cross_entropy, nn.binary_cross_entropy, nn.hinge])
def test_losses(loss: Any, activation: str, depth: int) -> None:
    """Every loss of every activation at every depth: the mean over a batch and its gradient by all parameters."""
    rng = random.Random(7)
    single = loss in (nn.hinge, nn.binary_cross_entropy)
    chosen = ag.elu if activation == "elu" else activation
    model = nn.MLP(4, [*[5, 3][: depth - 1], 1 if single else 3], activation=chosen, rng=rng)
    X = [[rng.uniform(-1, 1) for _ in range(4)] for _ in range(6)]
    if loss is nn.hinge:
        Y: list[Any] = [rng.choice([-1.0, 1.0]) for _ in X]
    else:
        Y = [rng.random() for _ in X] if single else [[float(k == i % 3) for k in range(3)] for i, _ in enumerate(X)]
    parameters = model.parameters()
    expected = ag.mean([loss(model(x), y) for x, y in zip(X, Y, strict=True)])
    got = jit(lambda x, y: loss(model(x), y)).mean(X, Y)
    close(got.data, expected.data)
    close(ag.gradients(got, parameters), ag.gradients(expected, parameters))


def points_of(rule: rules.Rule) -> list[list[float]]:
    """Forty points at which a row has a value, kinks and ties among them."""
    rng = random.Random(rule.symbol)
    n = {"fixed": len(rule.operand_names), "sequence": 3, "pairs": 5}[rule.layout]
    points: list[list[float]] = []
    while len(points) < 40:
        point = [rng.choice([rng.uniform(-3, 3), float(rng.randrange(-2, 3))]) for _ in range(n)]
        try:
            rule.value(*rule.arguments(point))
        except (ValueError, ArithmeticError):
            continue
        points.append(point)
    return points


@pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
def test_every_row(rule: rules.Rule) -> None:
    """Each row of the table, at arguments where it has a value: as the engine, for one call and for many."""
    fast = jit(lambda xs: ag.functions.apply(rule, xs))
    points = points_of(rule)
    for point in points:
        xs = [Value(x) for x in point]
        expected, got = ag.functions.apply(rule, xs), fast(xs)
        np.testing.assert_allclose(got.data, expected.data, rtol=1e-12)
        np.testing.assert_allclose(ag.gradients(got, xs), ag.gradients(expected, xs), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(
        fast.map(points), [rule.value(*rule.arguments(p)) for p in points], rtol=1e-12, atol=1e-15
    )


def sorted_by_network(values: list[Any]) -> list[Any]:
    """A sorting network of maximum and minimum: irregular, and without a branch."""
    values = list(values)
    for i in range(len(values)):
        for j in range(i % 2, len(values) - 1, 2):
            low, high = ag.minimum(values[j], values[j + 1]), ag.maximum(values[j], values[j + 1])
            values[j], values[j + 1] = low, high
    return values


def test_a_sorting_network() -> None:
    """Odd-even transposition sort: the result is sorted, and the gradient is a permutation of the weights."""
    rng = random.Random(1)
    xs = [Value(rng.random()) for _ in range(12)]
    out = jit(sorted_by_network)(xs)
    assert [x.data for x in out] == sorted(x.data for x in xs)
    weighted = ag.dot(out, [float(i) for i in range(12)])
    assert sorted(ag.gradients(weighted, xs)) == [float(i) for i in range(12)]


@pytest.mark.parametrize("n", [20, 45])
def test_a_bubble_sort(n: int) -> None:
    """Comparators one after the other, of a depth that grows with each: the smaller pieces are put together."""

    def sort(values: list[Any]) -> list[Any]:
        values = list(values)
        for i in range(len(values)):
            for j in range(len(values) - 1 - i):
                low, high = ag.minimum(values[j], values[j + 1]), ag.maximum(values[j], values[j + 1])
                values[j], values[j + 1] = low, high
        return values

    rng = random.Random(3)
    xs = [Value(rng.random()) for _ in range(n)]
    got = jit(lambda xs: ag.dot(sort(xs), [float(i) for i in range(n)]))(xs)
    assert math.isclose(got.data, sum(i * x for i, x in enumerate(sorted(x.data for x in xs))), rel_tol=1e-12)
    assert sorted(ag.gradients(got, xs)) == [float(i) for i in range(n)]


def test_sparse_connections() -> None:
    """Neurons that each see five inputs chosen at random: a gather, whose adjoint adds up what is used twice."""
    rng = random.Random(2)
    wires = [rng.sample(range(40), 5) for _ in range(30)]
    weights = [[Value(rng.uniform(-1, 1)) for _ in range(5)] for _ in wires]

    def function(x: list[Any]) -> Any:
        return ag.sum([ag.tanh(ag.dot(w, [x[i] for i in wire])) for w, wire in zip(weights, wires, strict=True)])

    xs = [Value(rng.uniform(-1, 1)) for _ in range(40)]
    variables = [*xs, *[w for row in weights for w in row]]
    close(ag.gradients(jit(function)(xs), variables), ag.gradients(function(xs), variables))


def test_a_recorded_graph_is_not_walked_by_backward() -> None:
    """The result is one node, whatever the function: backward visits it and its leaves."""
    model = nn.MLP(3, [8, 8, 1])
    out = jit(lambda x: model(x))([1.0, 2.0, 3.0])
    assert len(graph.order(out)) == 1 + len(model.parameters())
