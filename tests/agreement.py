"""What a library that programs run on has to agree on with the engine: tests without a library.

A class of tests derives from :class:`Agreement` and says in ``compiled`` how a function is jitted for its library.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_jit_agreement import close, composed, points_of, sorted_by_network
from test_jit_loops import recurrence

import autograd as ag
import nn
from autograd import Value, grad, hessian, jacobian, rules, value_and_grad

Compiled = Callable[[Callable[..., Any]], Any]


def numbers(rng: random.Random, count: int) -> list[float]:
    """Some numbers around 0."""
    return [rng.uniform(-1.5, 1.5) for _ in range(count)]


def agree(compiled: Compiled, function: Callable[..., Any], *arguments: Any, captured: Any = ()) -> None:
    """One call of a function: its value, and its gradient by arguments (lists of Values) and by what is captured.

    No gradient where a slope is infinite: behind an operand that was dropped it is 0 in the engine, and nan in arrays
    that nobody computes again.
    """
    variables = [*[x for argument in arguments for x in argument], *captured]
    expected, got = function(*arguments), compiled(function)(*arguments)
    outputs = got if isinstance(got, list) else [got]
    for a, b in zip(outputs, expected if isinstance(expected, list) else [expected], strict=True):
        close(a.data, b.data)
        if all(math.isfinite(slope) for node in ag.graph.order(b) for slope in node.partials):
            close(ag.gradients(a, variables), ag.gradients(b, variables))


def agree_on_mean(compiled: Compiled, function: Callable[..., Any], X: Any, Y: Any, captured: list[Value]) -> None:
    """The mean over examples, its gradient by what is captured, and each example's own value."""
    rows = [function(x, y) for x, y in zip(X, Y, strict=True)]
    expected, fast = ag.mean(rows), compiled(function)
    got = fast.mean(X, Y)
    close(got.data, expected.data)
    close(ag.gradients(got, captured), ag.gradients(expected, captured))
    out = fast.map(X, Y)
    assert isinstance(out, np.ndarray)
    assert out.dtype == np.float64
    close(out, [row.data for row in rows])


class Agreement:
    """The tests."""

    @pytest.fixture
    def compiled(self) -> Compiled:
        """How a function is jitted."""
        raise NotImplementedError

    @pytest.mark.parametrize("block", range(10))
    def test_random_functions(self, compiled: Compiled, block: int) -> None:
        """Values and gradients of 200 functions composed at random."""
        for seed in range(20 * block, 20 * block + 20):
            rng = random.Random(-seed)
            captured = [Value(v) for v in numbers(rng, rng.randrange(6))]
            x = [Value(v) for v in numbers(rng, rng.randrange(1, 7))]
            y = [Value(v) for v in numbers(rng, rng.randrange(1, 3))]
            agree(compiled, composed(seed, captured), x, y, captured=captured)

    @pytest.mark.parametrize("block", range(4))
    def test_random_functions_over_batches(self, compiled: Compiled, block: int) -> None:
        """Means, their gradients, and maps of 40 functions composed at random."""
        for seed in range(1000 + 10 * block, 1000 + 10 * block + 10):
            rng = random.Random(-seed)
            captured = [Value(v) for v in numbers(rng, rng.randrange(1, 6))]
            inner = composed(seed, captured)

            def function(x: list[Any], y: list[Any], inner: Any = inner, captured: Any = captured) -> Any:
                out = inner(x, y)
                return (ag.dot(out, out) if isinstance(out, list) else out) + captured[0]

            n, m, count = rng.randrange(1, 6), rng.randrange(1, 3), rng.randrange(1, 5)
            X, Y = [numbers(rng, n) for _ in range(count)], [numbers(rng, m) for _ in range(count)]
            agree_on_mean(compiled, function, X, Y, captured)

    @pytest.mark.parametrize("block", range(4))
    def test_random_recurrences(self, compiled: Compiled, block: int) -> None:
        """Values and gradients of 12 loops with random bodies, alone and over a batch."""
        for seed in range(3 * block, 3 * block + 3):
            rng = random.Random(-seed)
            captured = [Value(v) for v in numbers(rng, 2)]
            function = recurrence(seed, captured)
            states, steps = rng.randrange(1, 4), rng.randrange(20, 60)
            x, u = [Value(v) for v in numbers(rng, states)], [Value(v) for v in numbers(rng, steps)]
            agree(compiled, function, x, u, captured=captured)

            def single(x: list[Any], u: list[Any], function: Any = function, w: Value = captured[0]) -> Any:
                out = function(x, u)
                return (ag.dot(out, out) if isinstance(out, list) else out) + w

            X, U = [numbers(rng, states) for _ in range(3)], [numbers(rng, steps) for _ in range(3)]
            agree_on_mean(compiled, single, X, U, captured)

    def test_a_recurrent_network(self, compiled: Compiled) -> None:
        """Products of matrices in a loop over a sequence, and backward through time."""
        rng = random.Random(1)
        W = [[Value(0.5 * v) for v in numbers(rng, 8)] for _ in range(6)]

        def network(u: list[Any], scale: Any) -> Any:
            x: list[Any] = [0.0] * 6
            for t in range(0, len(u), 2):
                x = [ag.tanh(ag.dot(w, [*x, *u[t : t + 2]])) for w in W]
            return ag.dot(x, x) * scale

        captured = [v for row in W for v in row]
        agree(compiled, lambda u: network(u, 1.0), [Value(v) for v in numbers(rng, 200)], captured=captured)
        agree_on_mean(compiled, network, [numbers(rng, 60) for _ in range(3)], [1.0, 2.0, 3.0], captured)

    @pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
    def test_every_row(self, compiled: Compiled, rule: rules.Rule) -> None:
        """Each row of the table, kinks and ties among the points: value, partials, and all points at once."""
        fast = compiled(lambda xs: ag.functions.apply(rule, xs))
        points = points_of(rule)
        for point in points:
            xs = [Value(x) for x in point]
            expected, got = ag.functions.apply(rule, xs), fast(xs)
            np.testing.assert_allclose(got.data, expected.data, rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(ag.gradients(got, xs), ag.gradients(expected, xs), rtol=1e-12, atol=1e-15)
        values = [rule.value(*rule.arguments(p)) for p in points]
        np.testing.assert_allclose(fast.map(points), values, rtol=1e-12, atol=1e-15)

    @pytest.mark.parametrize(
        "rule", [row for row in rules.TABLE if row.layout == "fixed"], ids=lambda rule: rule.symbol
    )
    def test_far_points(self, compiled: Compiled, rule: rules.Rule) -> None:
        """Where an exponential over- or underflows on the way: saturated values, no nan."""
        fast = compiled(lambda xs: ag.functions.apply(rule, xs))
        n = len(rule.operand_names)
        for x in (1.0, 745.0, -745.0, 30.0, -30.0, 1e10, -1e10):
            point = [x, 2.0, 3.0][:n]
            try:
                out = rule.value(*point)
            except (ValueError, ArithmeticError):
                continue
            xs = [Value(v) for v in point]
            got = fast(xs)
            np.testing.assert_allclose(got.data, out, rtol=1e-12, atol=1e-300)
            expected = ag.functions.apply(rule, xs).partials
            np.testing.assert_allclose(ag.gradients(got, xs), expected, rtol=1e-12, atol=1e-300)

    @pytest.mark.parametrize("activation", ["sigmoid", "relu"])
    def test_digits_network(self, compiled: Compiled, activation: str) -> None:
        """The textbook's network on handwritten digits: mean loss and gradient by all 2,260 parameters."""
        images, labels = nn.data.digits()
        X, Y = [list(x) for x in images[:5]], [[float(k == label) for k in range(10)] for label in labels[:5]]
        output, loss = ("sigmoid", nn.quadratic) if activation == "sigmoid" else (None, nn.cross_entropy)
        options: dict[str, Any] = {} if output is None else {"output": output}
        model = nn.MLP(64, [30, 10], activation=activation, rng=random.Random(1), **options)
        agree_on_mean(compiled, lambda x, y: loss(model(x), y), X, Y, model.parameters())

    def test_demo(self, compiled: Compiled) -> None:
        """micrograd's demo with its L2 term; hinge looks at its target, which is a guard."""
        model = nn.MLP(2, [16, 16, 1], rng=random.Random(0))
        parameters = model.parameters()
        X, Y = nn.data.moons(20, noise=0.1, rng=random.Random(0))

        def loss(x: Any, y: Any) -> Any:
            return nn.hinge(model(x), y) + 1e-4 * sum(p * p for p in parameters)

        agree_on_mean(compiled, loss, X, [2 * y - 1 for y in Y], parameters)

    def test_rosenbrock(self, compiled: Compiled) -> None:
        """Overlapping slices: each element is in two terms."""
        rng = random.Random(0)
        xs = [Value(v) for v in numbers(rng, 100)]
        agree(
            compiled,
            lambda x: ag.sum([100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1)]),
            xs,
        )

    def test_mixture(self, compiled: Compiled) -> None:
        """The log-likelihood of a mixture of Gaussians, a sum over points of a logsumexp over its components."""
        rng = random.Random(3)
        points = [numbers(rng, 3) for _ in range(20)]
        means = [[Value(v) for v in numbers(rng, 3)] for _ in range(4)]
        weights = [Value(v) for v in numbers(rng, 4)]

        def likelihood(scale: list[Any]) -> Any:
            total = ag.logsumexp(weights)
            return ag.sum(
                [
                    ag.logsumexp(
                        [
                            w
                            - total
                            - 0.5 * ag.sum([((x - m) / s) ** 2 for x, m, s in zip(p, mean, scale, strict=True)])
                            for w, mean in zip(weights, means, strict=True)
                        ]
                    )
                    for p in points
                ]
            ) - 20.0 * ag.sum([ag.log(s) for s in scale])

        captured = [*weights, *[m for mean in means for m in mean]]
        agree(compiled, likelihood, [Value(0.7), Value(1.1), Value(1.9)], captured=captured)

    def test_irregular_reads(self, compiled: Compiled) -> None:
        """Gathers with repeated elements, elements read backwards, columns read as rows, a sorting network."""
        rng = random.Random(2)
        wires = [rng.sample(range(40), 5) for _ in range(30)]
        weights = [[Value(v) for v in numbers(rng, 5)] for _ in wires]
        xs = [Value(v) for v in numbers(rng, 40)]
        captured = [w for row in weights for w in row]

        def sparse(x: list[Any]) -> Any:
            return ag.sum([ag.tanh(ag.dot(w, [x[i] for i in wire])) for w, wire in zip(weights, wires, strict=True)])

        def backwards(x: list[Any]) -> Any:
            return ag.sum([a * ag.sin(b) for a, b in zip(x, x[::-1], strict=True)])

        def turned(x: list[Any]) -> Any:
            rows = [ag.logsumexp([ag.exp(x[8 * i + j]) for j in range(8)]) for i in range(5)]
            return ag.dot(rows, [ag.logsumexp([ag.exp(x[8 * i + j]) for i in range(5)]) for j in range(5)])

        agree(compiled, sparse, xs, captured=captured)
        agree(compiled, backwards, xs)
        agree(compiled, turned, xs)
        agree(compiled, sorted_by_network, xs[:9])
        X = [numbers(rng, 40) for _ in range(3)]
        for function in (sparse, backwards, turned):
            agree_on_mean(compiled, lambda x, y, f=function: f(x) * captured[0] + y, X, [0.0] * 3, captured)

    def test_where_and_branches(self, compiled: Compiled) -> None:
        """``where`` on a comparison selects; a branch of Python's is a guard, and a batch is divided by it."""
        chosen = compiled(lambda x: ag.where(x > 0, x * 3.0, x * x) + ag.where(x <= -2, 1.0, x))
        assert [chosen(2.0), chosen(-2.0)] == [8.0, 5.0]
        assert [grad(chosen)(2.0), grad(chosen)(-3.0)] == [4.0, -6.0]
        assert chosen.map([1.0, -1.0, -3.0]).tolist() == [4.0, 0.0, 10.0]
        branched = compiled(lambda x: -x if x < 0 else x * 1.0)
        assert [branched(x) for x in (2.0, -3.0, 4.0, 0.0)] == [2.0, 3.0, 4.0, 0.0]
        assert [grad(branched)(-2.0), grad(branched)(2.0)] == [-1.0, 1.0]
        assert branched.map([1.0, -2.0, 3.0, -4.0]).tolist() == [1.0, 2.0, 3.0, 4.0]
        assert branched.mean([1.0, -2.0, 3.0, -6.0]) == 3.0

    def test_a_row_of_the_users(self, compiled: Compiled) -> None:
        """Its float functions are called for each element, branches and all; where they raise, it is nan."""

        @ag.primitive(lambda out, x, y: (3.0 * x * x if x > 0 else 0.0, 1.0 / 3.0))
        def cube(x: float, y: float) -> float:
            return (x**3 if x > 0 else 0.0) + y / 3.0

        fast = compiled(lambda x: cube(x[0], x[1]) + 2.0 * cube(x[1], 0.1))
        points = [[1.1, 2.3], [-1.7, 3.1]]
        for x in points:
            close(grad(fast)(x), grad(fast.function)(x))
            close(fast(x), fast.function(x))
        close(fast.map(points), [fast.function(x) for x in points])
        root = compiled(ag.primitive(lambda out, x: (0.5 / out,))(math_sqrt))
        assert root(4.0) == 2.0
        assert math.isnan(root(-4.0))

    def test_structures(self, compiled: Compiled) -> None:
        """Results are arranged as the function's: Values from Values, floats from floats, arrays from ``map``."""
        fast = compiled(lambda p, by=2.0: {"s": ag.sum(p["w"]) * by, "t": (p["w"][0] * p["b"],)})
        assert fast({"w": [1.0, 2.0], "b": 3.0}) == {"s": 6.0, "t": (3.0,)}
        assert isinstance(fast({"w": [1.0, 2.0], "b": 3.0})["s"], float)
        assert fast({"w": [1.0, 2.0, 4.0], "b": 3.0}, by=1.0) == {"s": 7.0, "t": (3.0,)}
        pairs = compiled(lambda x: [x * x, ag.constant(2.0)]).map([1.0, 2.0, 3.0])
        assert [column.tolist() for column in pairs] == [[1.0, 4.0, 9.0], [2.0, 2.0, 2.0]]
        w = Value(3.0)
        y = compiled(lambda x: (w * x + 1.0) ** 2)(2.0)
        y.backward()
        assert (y.data, w.grad, y.parents) == (49.0, 28.0, (w,))

    def test_captured_numbers_are_read_at_each_call(self, compiled: Compiled) -> None:
        """A parameter that changes is seen by the next call; results of earlier calls stay as they are."""
        w = Value(2.0)
        fast = compiled(lambda x: w * x)
        first = fast.map([3.0, 4.0])
        w.data = 5.0
        assert first.tolist() == [6.0, 8.0]
        assert fast.map([3.0, 4.0]).tolist() == [15.0, 20.0]

    def test_transforms(self, compiled: Compiled) -> None:
        """Derivatives of every order of a jitted function, and a jitted derivative, are those of the function."""

        def formula(x: Any) -> Any:
            return ag.exp(x[0] * x[1]) * ag.tanh(x[0]) + x[1] ** 3

        fast, x = compiled(formula), [0.3, -0.7]
        close(value_and_grad(fast)(x)[0], formula(x))
        close(grad(fast)(x), grad(formula)(x))
        close(hessian(fast)(x), hessian(formula)(x))
        pair = compiled(lambda x: [x[0] * x[1], ag.sin(x[0])])
        close(jacobian(pair)(x), jacobian(pair.function)(x))
        close(grad(grad(grad(compiled(lambda x: x**5))))(2.0), 240.0)
        close(compiled(grad(formula))(x), grad(formula)(x))
        inner = compiled(ag.tanh)
        close(compiled(lambda x: inner(x) * 2.0)(0.3), 2.0 * math.tanh(0.3))

    def test_what_is_not_finite_comes_back(self, compiled: Compiled) -> None:
        """Outside a domain there is no error once the program is recorded, but inf or nan."""
        logarithm = compiled(lambda x: ag.log(x))
        assert logarithm(1.0) == 0.0
        assert math.isnan(logarithm(-1.0))
        assert compiled(lambda x: 1.0 / x).map([2.0, 0.0]).tolist() == [0.5, math.inf]
        assert compiled(ag.exp).map([0.0, 800.0]).tolist() == [1.0, math.inf]
        root, x = compiled(ag.sqrt), Value(0.0)
        root(Value(1.0))
        assert ag.gradients(root(x), [x]) == [math.inf]
        logistic = compiled(lambda x: 1.0 / (1.0 + ag.exp(-x)))
        assert [logistic(x) for x in (0.0, -800.0, 800.0)] == [0.5, 0.0, 1.0]
        with pytest.raises(ValueError, match="outside the domain x > 0"):
            compiled(lambda x: ag.log(x))(-1.0)  # the function itself runs when it is recorded

    def test_frozen_numbers_are_found_out(self, compiled: Compiled) -> None:
        """A function that draws random numbers is compared with itself here too."""
        fast = compiled(lambda x: x * random.random())
        with pytest.raises(RuntimeError, match="it depends on more than its arguments"):
            fast(1.0)

    def test_objective(self, compiled: Compiled) -> None:
        """A training loop's gradient over whole arrays is that of the Values."""
        model = nn.MLP(3, [4, 1], activation="tanh", rng=random.Random(5))
        rng = random.Random(1)
        X, Y = [numbers(rng, 3) for _ in range(6)], numbers(rng, 6)
        fast = compiled(lambda x, y: nn.quadratic(model(x), y))
        objective = fast.batch(X, Y).objective(model.parameters())
        mean, gradient = objective.gradient()
        expected = ag.mean([fast.function(x, y) for x, y in zip(X, Y, strict=True)])
        close(mean, expected.data)
        close(gradient, ag.gradients(expected, list(objective.variables)))

    def test_threads(self, compiled: Compiled) -> None:
        """Calls in several threads do not disturb each other."""
        w = Value(2.0)
        fast = compiled(lambda x: ag.sum([w * v * v for v in x]))
        fast([1.0] * 20)
        wrong: list[float] = []

        def work(k: int) -> None:
            for _ in range(50):
                out = fast([float(k)] * 20)
                if out.data != 40.0 * k * k or out.partials != (20.0 * k * k,):
                    wrong.append(out.data)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


def math_sqrt(x: float) -> float:
    """A square root of plain floats."""
    return math.sqrt(x)
