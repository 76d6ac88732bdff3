"""Loops in a program: a long recurrence is found again as the loop that it was, with the engine's numbers."""

from __future__ import annotations

import ast
import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from test_jit_agreement import close

import autograd as ag
import nn
from autograd import Value, grad, jit
from autograd.compiler import loops


def compare(function: Callable[..., Any], *arguments: Any, captured: tuple[Value, ...] | list[Value] = ()) -> str:
    """Values and gradients are those of the engine; the source of the program."""
    variables = [*captured, *[x for given in arguments for x in (given if isinstance(given, list) else [given])]]
    fast = jit(function)
    expected, got = function(*arguments), fast(*arguments)
    pairs = zip(expected, got, strict=True) if isinstance(expected, list) else [(expected, got)]
    for a, b in pairs:
        close(b.data, a.data)
        close(ag.gradients(b, variables), ag.gradients(a, variables))
    return fast.source


def compare_batch(function: Callable[..., Any], *columns: Any, captured: tuple[Value, ...] | list[Value] = ()) -> str:
    """The mean over examples, its gradient and all results are those of the engine; the source of the program."""
    fast = jit(function)
    rows = [function(*map(as_values, row)) for row in zip(*columns, strict=True)]
    got, expected = fast.mean(*columns), ag.mean(rows)
    close(got.data, expected.data)
    close(ag.gradients(got, captured), ag.gradients(expected, captured))
    close(fast.map(*columns), [x.data for x in rows])
    return fast.source


def as_values(x: Any) -> Any:
    """Numbers as leaves."""
    return [Value(v) for v in x] if isinstance(x, list) else Value(x)


def loops_in(source: str) -> list[ast.For]:
    """The loops of ``value``, the first function of a program."""
    value = next(n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef) and n.name == "value")
    return [n for n in ast.walk(value) if isinstance(n, ast.For)]


def sines(steps: int) -> Callable[[Any], Any]:
    """The recurrence x = sin(x) * 1.0001 + 0.1."""

    def function(x: Any) -> Any:
        for _ in range(steps):
            x = ag.sin(x) * 1.0001 + 0.1
        return x

    return function


# --- Recurrences ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_hundred_thousand_steps() -> None:
    """A recurrence of 100,000 steps is a loop of at most 20 lines, forward and backward, and rounds as the engine."""
    x = Value(0.5)
    fast, function = jit(sines(100_000)), sines(100_000)
    got, expected = fast(x), function(x)
    assert math.isclose(got.data, expected.data, rel_tol=1e-12)
    assert ag.gradients(got, [x]) == pytest.approx(ag.gradients(expected, [x]), rel=1e-12)
    functions = [n for n in ast.walk(ast.parse(fast.source)) if isinstance(n, ast.FunctionDef)]
    for each in functions:
        assert each.name == "program" or int(each.end_lineno or 0) - each.lineno <= 22
    (loop,) = loops_in(fast.source)
    assert ast.unparse(loop.iter) == "range(100000)"


def test_a_short_recurrence_has_no_loop() -> None:
    """Ten steps are written down one by one."""
    assert not loops_in(compare(sines(10), Value(0.5)))


def test_two_lags() -> None:
    """x[n+1] = a x[n] + b x[n-1] looks back two iterations, to two numbers before the first."""

    def fibonacci(a: Any, b: Any, x: list[Any]) -> Any:
        u, v = x
        for _ in range(300):
            u, v = v, a * v + b * u
        return v

    a, b, x = Value(0.5), Value(0.49), [Value(1.0), Value(2.0)]
    (loop,) = loops_in(compare(fibonacci, a, b, x))
    assert "x1 * x2 + x3 * x4" in ast.unparse(loop)
    compare_batch(lambda x: fibonacci(a, b, x), [[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]], captured=[a, b])


def leapfrog(x: Any, v: Any, k: Any) -> Any:
    """The energy of an oscillator after 400 steps, its states coupled."""
    for _ in range(400):
        v = v - k * x * 0.01
        x = x + v * 0.01
    return 0.5 * v * v + 0.5 * k * x * x


def test_two_states() -> None:
    """A leapfrog step carries a place and a velocity."""
    assert loops_in(compare(leapfrog, Value(0.3), Value(-0.2), Value(1.7)))
    k = Value(1.7)
    assert loops_in(compare_batch(lambda x, v: leapfrog(x, v, k), [0.3, 0.1, -1.0], [0.1, 2.0, 0.0], captured=[k]))


def test_damped_newton() -> None:
    """A fixed number of damped Newton steps for the square root."""

    def root(a: Any) -> Any:
        x = 0.5 * a + 0.5
        for _ in range(80):
            x = x - 0.5 * (x * x - a) / (2.0 * x)
        return x

    a = Value(3.0)
    assert loops_in(compare(root, a))
    assert grad(jit(root))(3.0) == pytest.approx(0.5 / math.sqrt(3.0), rel=1e-9)


def test_a_loop_over_data() -> None:
    """A sequence, as an argument or as constants, is read step by step; its gradient has a place for each."""

    def filtered(w: Any, u: list[Any]) -> Any:
        x = 0.1
        for v in u:
            x = ag.tanh(w * x + v)
        return x

    rng = random.Random(0)
    w, u = Value(0.8), [Value(rng.uniform(-1, 1)) for _ in range(200)]
    plain = [v.data for v in u]
    (loop,) = loops_in(compare(filtered, w, u))
    assert "u1[i1]" in ast.unparse(loop)  # on Python's floats
    assert loops_in(compare(lambda w: filtered(w, plain), w))
    examples = [[rng.uniform(-1, 1) for _ in range(200)] for _ in range(4)]
    assert loops_in(compare_batch(lambda u: filtered(w, u), examples, captured=[w]))


def test_a_recurrent_network() -> None:
    """x[t+1] = tanh(W x[t] + U u[t] + b): products of matrices in the loop, and backward through time."""
    rng = random.Random(1)

    def matrix(rows: int, columns: int) -> list[list[Value]]:
        return [[Value(rng.uniform(-0.5, 0.5)) for _ in range(columns)] for _ in range(rows)]

    W, U, b = matrix(6, 6), matrix(6, 2), matrix(1, 6)[0]

    def network(u: list[Any]) -> Any:
        x: list[Any] = [0.0] * 6
        for t in range(0, len(u), 2):
            x = [ag.tanh(ag.dot(w, x) + ag.dot(v, u[t : t + 2]) + c) for w, v, c in zip(W, U, b, strict=True)]
        return ag.dot(x, x)

    captured = [v for row in [*W, *U, b] for v in row]
    u = [Value(rng.uniform(-1, 1)) for _ in range(400)]
    source = compare(network, u, captured=captured)
    (loop,) = loops_in(source)
    assert ast.unparse(loop.iter) == "range(200)"
    assert ast.unparse(loop).count("@") == 2
    assert len(source.splitlines()) <= 70
    examples = [[rng.uniform(-1, 1) for _ in range(60)] for _ in range(3)]
    assert loops_in(compare_batch(network, examples, captured=captured))


def test_results_of_every_iteration() -> None:
    """What is read of the iterations after the loop is an array with a row for each."""

    def squares(x: Any, w: Any) -> Any:
        states = [x]
        for _ in range(100):
            states.append(ag.cos(states[-1]) * w)
        return [ag.dot(states, states), ag.logsumexp(states[::7]), states[40] * states[60]]

    assert loops_in(compare(squares, Value(0.4), Value(0.9)))


def test_iterations_that_differ() -> None:
    """First iterations of another kind stand before the loop, another loop behind it."""

    def function(x: Any, w: Any) -> Any:
        for i in range(120):
            x = ag.sin(x) * w if i > 5 else ag.exp(-x) + w
        for _ in range(100):
            x = ag.tanh(x + w) - 0.3 * x
        return x

    assert len(loops_in(compare(function, Value(0.4), Value(0.9)))) == 2


def test_what_depends_on_no_iteration_before() -> None:
    """A sum over many examples is no loop, however many there are: it rolls into arrays."""
    w = [Value(0.5), Value(-0.3)]

    def loss(x: list[Any]) -> Any:
        return ag.sum([ag.tanh(w[0] * a + w[1]) ** 2 for a in x])

    assert not loops_in(compare(loss, [Value(0.01 * i) for i in range(300)], captured=w))


def test_a_deep_network() -> None:
    """Forty equal layers are a loop over matrices, each iteration a layer; the first one is not like them."""
    model = nn.MLP(3, [5] * 41 + [1], activation="tanh", rng=random.Random(2))
    X = [[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]]
    (loop,) = loops_in(compare_batch(lambda x: model(x), X, captured=model.parameters()))
    assert ast.unparse(loop.iter) == "range(40)"
    assert [ast.unparse(line).split(" = ")[0][0] for line in loop.body[-3:]] == ["s", "v", "h"]


def test_a_loop_within_a_loop() -> None:
    """An inner recurrence of each step of an outer one is a loop within a loop."""
    w, k = Value(0.7), Value(1.3)

    def function(x: Any, u: list[Any]) -> Any:
        for v in u:
            y = x * 0.5
            for _ in range(70):
                y = ag.sin(y) * w
            x = ag.tanh(y + v * k)
        return x

    rng = random.Random(6)
    u = [Value(rng.uniform(-1, 1)) for _ in range(30)]
    assert len(loops_in(compare(function, Value(0.3), u, captured=[w, k]))) == 2
    X, U = [0.1, 0.2, 0.3], [[rng.uniform(-1, 1) for _ in range(30)] for _ in range(3)]
    assert len(loops_in(compare_batch(function, X, U, captured=[w, k]))) == 2


# --- Random ones ------------------------------------------------------------------------------------------------

BODIES: list[Callable[..., Any]] = [
    lambda x, y, u, w: ag.sin(x) * w + y * 0.3,
    lambda x, y, u, w: ag.tanh(x * w + u) - 0.2 * y,
    lambda x, y, u, w: ag.dot([w, u, 0.1], [ag.cos(x), y, x]),
    lambda x, y, u, w: ag.maximum(ag.sin(x), y * 0.5) * w + u,
    lambda x, y, u, w: ag.where(x > y, ag.sin(y), x * 0.5) + u * w,
    lambda x, y, u, w: ag.sigmoid(x - y) * u + ag.relu(x) * 0.1 + ag.exp(w) * 0.1,
    lambda x, y, u, w: ag.logsumexp([x * 0.3, y * 0.3, u]) * w,
    lambda x, y, u, w: ag.norm([ag.sin(x), ag.cos(y)]) * w + ag.sqrt(u * u + 1.0) * 0.3,
    lambda x, y, u, w: ag.clip(x * w, -0.7, 0.7) + ag.atan2(ag.sin(y), 2.0),
    lambda x, y, u, w: (x * x + 0.5) ** w * 0.3 - 0.3 * abs(y),
]


def recurrence(seed: int, captured: list[Value]) -> Callable[[list[Any], list[Any]], Any]:
    """A recurrence of random bodies, states, lags and results: captured weights, states x and a sequence u."""

    def function(x: list[Any], u: list[Any]) -> Any:
        rng = random.Random(seed)
        bodies = [rng.choice(BODIES) for _ in x]
        partner = [rng.randrange(len(x)) for _ in x]
        lag, weights = [rng.choice([1, 1, 2, 3]) for _ in x], [rng.choice(captured) for _ in x]
        together, late = rng.random() < 0.5, rng.choice([0, 0, 3])
        wide = rng.choice([1, 1, 4])
        history = [[v * (1.0 - 0.1 * k) for k in range(3)] for v in x]
        for t, v in enumerate(u):
            new = []
            for s, body in enumerate(bodies):
                y = history[partner[s]][-lag[s]]
                for k in range(wide):
                    y = body(history[s][-1] if t >= late else ag.exp(-y * y), y, v + 0.1 * k, weights[s])
                new.append(y)
                if not together:
                    history[s].append(y)
            if together:
                for states, y in zip(history, new, strict=True):
                    states.append(y)
        match rng.randrange(4):
            case 0:
                return ag.sum([states[-1] for states in history])
            case 1:
                return ag.dot(history[0], history[-1])
            case 2:
                return [states[-2] * 1.5 for states in history]
            case _:
                return ag.logsumexp(history[0][5::3])

    return function


@pytest.mark.parametrize("block", range(8))
def test_random_recurrences(block: int) -> None:
    """Values and gradients of 80 random recurrences, alone and over a batch, equal those of the engine."""
    found = 0
    for seed in range(10 * block, 10 * block + 10):
        rng = random.Random(-seed)
        captured = [Value(rng.uniform(-1, 1)) for _ in range(2)]
        function = recurrence(seed, captured)
        states, steps = rng.randrange(1, 4), rng.randrange(20, 60)

        def numbers(count: int, rng: random.Random = rng) -> list[float]:
            return [rng.uniform(-1, 1) for _ in range(count)]

        x, u = as_values(numbers(states)), as_values(numbers(steps))
        found += bool(loops_in(compare(function, x, u, captured=captured)))

        def single(x: list[Any], u: list[Any], function: Any = function) -> Any:
            out = function(x, u)
            return ag.dot(out, out) if isinstance(out, list) else out

        X, U = [numbers(states) for _ in range(3)], [numbers(steps) for _ in range(3)]
        compare_batch(single, X, U, captured=captured)
    assert found >= 5


# --- Corners ----------------------------------------------------------------------------------------------------


def test_outside_the_domain() -> None:
    """What raises in an iteration raises as it does in the engine, alone and over a batch."""

    def logarithms(x: Any) -> Any:
        for _ in range(100):
            x = ag.log(x) + 1.5
        return x

    fast = jit(logarithms)
    assert fast(2.0) == logarithms(2.0)
    call: Callable[[float], Any]
    for call in (fast, lambda x: fast.mean([2.0, x])):
        with pytest.raises(ValueError, match=r"log: x = -1\.0 is outside the domain x > 0"):
            call(-1.0)


def test_an_overflow() -> None:
    """An exponential that overflows in an iteration is an OverflowError that names its operand."""

    def exponentials(x: Any) -> Any:
        for _ in range(100):
            x = ag.exp(x) * 0.1
        return x

    fast = jit(exponentials)
    assert fast(1.0) == exponentials(1.0)
    with pytest.raises(OverflowError, match=r"exp: the result for x = 5\.18470552858707\d*e\+20 is too large"):
        fast(50.0)


def test_infinite_slopes() -> None:
    """Where a derivative is not finite, the engine says what it is."""

    def roots(x: Any) -> Any:
        for _ in range(70):
            x = ag.sqrt(x)
        return x

    fast, x = jit(roots), Value(0.0)
    fast(Value(2.0))
    assert repr(ag.gradients(fast(x), [x])) == repr(ag.gradients(roots(x), [x]))


def test_branches_in_iterations() -> None:
    """A branch in each iteration is a guard for each: other outcomes are another path."""

    def function(x: Any) -> Any:
        for _ in range(100):
            x = ag.sin(x) * 1.1 if x > 0 else x * 0.5 - 0.1
        return x

    fast = jit(function)
    for x in (0.5, -0.5, 0.7, -0.7):
        assert math.isclose(fast(x), function(x), rel_tol=1e-12)
        assert math.isclose(grad(fast)(x), grad(function)(x), rel_tol=1e-12)
    assert loops_in(fast.source)
    close(fast.map([0.5, -0.5, 0.7]), [function(x) for x in (0.5, -0.5, 0.7)])


def test_a_loop_that_stops_by_its_data() -> None:
    """A slow iteration that runs until it has converged: each length is a path with a loop of its own."""

    def root(a: Any) -> Any:
        x = 0.5 * a + 0.5
        while abs(x * x - a) > 1e-10 * a:
            x = 0.8 * x + 0.2 * (0.5 * (x + a / x))
        return x

    fast = jit(root)
    for a in (2.0, 9.0, 100.0, 3.0):
        assert math.isclose(fast(a), root(a), rel_tol=1e-12)
        assert math.isclose(grad(fast)(a), grad(root)(a), rel_tol=1e-9)
    assert loops_in(fast.source)


def test_derivatives_of_derivatives() -> None:
    """A derivative graph of a loop is the engine's; the gradient of a recurrence can be jitted too."""
    f = sines(80)
    assert grad(grad(jit(f)))(0.3) == pytest.approx(grad(grad(f))(0.3), rel=1e-12)
    assert jit(grad(f))(0.3) == pytest.approx(grad(f)(0.3), rel=1e-12)


def test_jit_inside_jit() -> None:
    """A jitted step inside of a jitted loop is part of it."""
    step = jit(lambda x: ag.sin(x) * 1.0001 + 0.1)

    def function(x: Any) -> Any:
        for _ in range(100):
            x = step(x)
        return x

    assert loops_in(compare(function, Value(0.3)))


def test_a_long_and_irregular_graph() -> None:
    """What neither repeats nor rolls runs as it was written, and says so once; what comes back is the same."""
    rng = random.Random(4)
    rows = [rng.choice([ag.sin, ag.cos, ag.tanh, ag.atan]) for _ in range(4000)]

    def function(x: Any) -> Any:
        for row in rows:
            x = row(x) + 0.5
        return x

    fast, x = jit(function), Value(0.3)
    with pytest.warns(RuntimeWarning, match="function runs eagerly from now on: it does not roll into"):
        got = fast(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fast(x).data == got.data == function(x).data
    assert ag.gradients(got, [x]) == ag.gradients(function(x), [x])


def test_a_sorting_network_repeats() -> None:
    """Odd-even transposition of many numbers: two layers of minima and maxima, again and again."""

    def sort(values: list[Any]) -> list[Any]:
        values = list(values)
        for i in range(len(values)):
            for j in range(i % 2, len(values) - 1, 2):
                low, high = ag.minimum(values[j], values[j + 1]), ag.maximum(values[j], values[j + 1])
                values[j], values[j + 1] = low, high
        return values

    rng = random.Random(5)
    xs = [Value(rng.random()) for _ in range(80)]
    fast = jit(lambda xs: ag.dot(sort(xs), [float(i) for i in range(len(xs))]))
    got = fast(xs)
    assert math.isclose(got.data, sum(i * x for i, x in enumerate(sorted(x.data for x in xs))), rel_tol=1e-12)
    assert sorted(ag.gradients(got, xs)) == [float(i) for i in range(80)]
    assert loops_in(fast.source)


def test_how_much_is_a_loop() -> None:
    """Below the depth at which loops are looked for, and below the number of iterations, nothing is rolled into one."""
    assert not loops_in(compare(sines(loops.DEPTH // 3 - 1), Value(0.5)))
    assert loops_in(compare(sines(loops.DEPTH // 3 + loops.ITERATIONS), Value(0.5)))
