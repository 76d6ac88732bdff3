"""What the self-check of jit must never accuse: pure functions in which rounding is amplified, or cancels."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, jit

Numbers = list[float]


def mean(x: Any) -> Any:
    """The mean, as people write it."""
    return sum(x) / len(x)


def variance(x: Any) -> Any:
    """In two passes."""
    m = mean(x)
    return sum((v - m) ** 2 for v in x) / len(x)


def naive_variance(x: Any) -> Any:
    """The mean of the squares less the square of the mean, which cancels."""
    return mean([v * v for v in x]) - mean(x) ** 2


def normalised(x: Any) -> list[Any]:
    """Mean 0, variance 1."""
    m, s = mean(x), ag.sqrt(variance(x) + 1e-12)
    return [(v - m) / s for v in x]


def newton(x: Any) -> Any:
    """A square root by an iteration that has long converged, less the root: rounding and nothing else."""
    y = x[0]
    for _ in range(60):
        y = 0.5 * (y + x[0] / y)
    return y - ag.sqrt(x[0])


def newton_cube(x: Any) -> Any:
    """The residual of a root of y**3 + x y - 2 that was found."""
    y = 1.0 + 0.0 * x[0]
    for _ in range(30):
        y = y - (y**3 + x[0] * y - 2.0) / (3.0 * y * y + x[0])
    return y**3 + x[0] * y - 2.0


def logistic(steps: int) -> Callable[[Any], Any]:
    """The logistic map, which doubles a difference in each step."""

    def run(x: Any) -> Any:
        y = 0.1 + 0.8 * ag.sigmoid(x[0])
        for _ in range(steps):
            y = 4.0 * y * (1.0 - y)
        return y

    return run


def henon(x: Any) -> Any:
    """A chaotic map of the plane, a thousand times."""
    u, v = 0.1 * ag.tanh(x[0]), 0.1 * ag.tanh(x[-1])
    for _ in range(1000):
        u, v = 1.0 - 1.4 * u * u + v, 0.3 * u
    return u + v


def tent(x: Any) -> Any:
    """A chaotic map with a kink, a hundred times."""
    y = ag.sigmoid(x[0])
    for _ in range(100):
        y = 1.9 * ag.minimum(y, 1.0 - y)
    return y


def sine_map(x: Any) -> Any:
    """A chaotic map of the circle, a thousand times."""
    y = x[0]
    for _ in range(1000):
        y = y + 3.0 * ag.sin(y) + 0.5
    return ag.cos(y)


def lorenz(x: Any) -> Any:
    """The butterfly, a thousand steps."""
    a, b, c = 1.0 + 0.1 * ag.tanh(x[0]), 1.0, 1.05
    for _ in range(1000):
        a, b, c = a + 0.1 * (b - a), b + 0.01 * (a * (28.0 - c) - b), c + 0.01 * (a * b - 2.667 * c)
    return a + b + c


def long_sum(x: Any) -> Any:
    """Ten thousand terms."""
    return sum(x[0] / (k + 1.0) ** 2 for k in range(10_000))


def alternating(x: Any) -> Any:
    """Ten thousand terms of either sign."""
    return sum(x[0] * (-1.0) ** k / (k + 1.0) for k in range(10_000))


def cancelling(x: Any) -> Any:
    """Ten thousand terms and what they come to."""
    terms = [ag.sin(float(k)) * x[0] for k in range(5_000)]
    return sum(terms) - sum(reversed(terms))


def seventh(x: Any) -> Any:
    """(x - 1)**7, multiplied out."""
    y = x[0]
    return ((((((y - 7.0) * y + 21.0) * y - 35.0) * y + 35.0) * y - 21.0) * y + 7.0) * y - 1.0


def determinant(x: Any) -> Any:
    """Of a Hilbert matrix, nearly singular, by elimination."""
    A = [[1.0 / (i + j + 1.0) + 1e-9 * x[0] * (i == j) for j in range(6)] for i in range(6)]
    product: Any = 1.0
    for k in range(6):
        product = product * A[k][k]
        for i in range(k + 1, 6):
            factor = A[i][k] / A[k][k]
            A[i] = [a - factor * b for a, b in zip(A[i], A[k], strict=True)]
    return product


def orthogonal(x: Any) -> Any:
    """The products of vectors that have been made orthogonal."""
    vectors: list[list[Any]] = []
    for i in range(3):
        v = [ag.sin(v * (i + 1.0)) + 1.0 for v in x]
        for u in vectors:
            c = ag.dot(u, v) / ag.dot(u, u)
            v = [a - c * b for a, b in zip(v, u, strict=True)]
        vectors.append([a + 1e-3 * (i + 1) * k for k, a in enumerate(v)])
    return sum(ag.dot(u, v) for u, v in pairwise(vectors))


def compensated(x: Any) -> Any:
    """What a compensated sum has lost: only rounding is left of it."""
    total, lost = x[0] * 1e8, 0.0 * x[0]
    for v in x:
        y = v - lost
        new = total + y
        lost = (new - total) - y
        total = new
    return lost


def difference_quotient(x: Any) -> Any:
    """A derivative by differences."""
    return (ag.exp(x[0] + 1e-7) - ag.exp(x[0] - 1e-7)) / 2e-7


def power_iteration(x: Any) -> Any:
    """The largest eigenvalue, by an iteration that has converged, and its residual."""
    v = [1.0 + 0.0 * x[0], 0.5, 0.25]
    A = [[2.0, x[0], 0.0], [x[0], 3.0, 0.5], [0.0, 0.5, 1.0]]
    for _ in range(60):
        v = ag.matvec(A, v)
        size = ag.hypot(*v)
        v = [a / size for a in v]
    rest = [a - ag.dot(v, ag.matvec(A, v)) * b for a, b in zip(ag.matvec(A, v), v, strict=True)]
    return sum(r * r for r in rest)


def factorials(x: Any) -> Any:
    """Up to 1e300 and back."""
    up: Any = x[0]
    for k in range(1, 160):
        up = up * k
    for k in range(1, 160):
        up = up / k
    return up - x[0]


def descent(x: Any) -> Any:
    """The gradient of a valley where a descent has ended."""
    a, b = 0.1 * x[0], 0.0
    for _ in range(300):
        a, b = a - 0.1 * 2.0 * (a - 1.0), b - 0.1 * 2.0 * (b - a)
    return (a - 1.0) ** 2 + (b - a) ** 2


def stopped(x: Any) -> Any:
    """A shift that does not count: one thing less itself."""
    m = max(v.data if isinstance(v, Value) else v for v in x)
    return ag.log(sum(ag.exp(v - m) for v in x)) + m - ag.logsumexp(x)


def rounded(x: Any) -> Any:
    """To the nearest whole number."""
    return x.round() if isinstance(x, Value) else round(x)


MILD: list[Numbers] = [[0.5, -1.25, 2.0, 0.1], [1.0, 1.0, 1.0, 1.0], [-0.3, 0.7, 0.2, -0.6], [3.0, 1e-3, -2.0, 5.0]]
POSITIVE: list[Numbers] = [[0.5, 1.25, 2.0, 0.1], [1.0, 1.0, 1.0, 1.0], [7.3, 0.7, 0.2, 0.6]]
FAR: list[Numbers] = [[1e8 + v for v in x] for x in MILD]
HUGE: list[Numbers] = [[1e300 * v for v in x] for x in ([0.5, -1.25, 2.0, 0.1], [1.0, 1.0, 1.0, 1.0])]
TINY: list[Numbers] = [[1e-300 * v for v in x] for x in ([0.5, -1.25, 2.0, 0.1], [1.0, 1.0, 1.0, 1.0])]

PURE: dict[str, tuple[Callable[[Any], Any], list[Numbers]]] = {
    "variance": (variance, [*MILD, *FAR]),
    "variance, naive": (naive_variance, [*MILD, *FAR]),
    "normalised, sum": (lambda x: sum(normalised(x)), [*MILD, *FAR]),
    "normalised, squares": (lambda x: sum(v * v for v in normalised(x)) - len(x), MILD),
    "sum that cancels": (lambda x: (x[0] + 1e16) - 1e16 + (x[1] - 1e16) + 1e16, MILD),
    "product less product": (lambda x: x[0] * x[1] * x[2] - x[2] * x[1] * x[0], [*MILD, *FAR]),
    "square less square": (lambda x: (x[0] + x[1]) ** 2 - x[0] ** 2 - 2.0 * x[0] * x[1] - x[1] ** 2, [*MILD, *FAR]),
    "Newton, root": (newton, POSITIVE),
    "Newton, cubic": (newton_cube, POSITIVE),
    "softmax, sum": (lambda x: sum(ag.softmax(x)) - 1.0, [*MILD, *FAR]),
    "softmax, logarithm": (lambda x: ag.log(sum(ag.softmax(x))), [*MILD, *FAR]),
    "logsumexp, saturated": (lambda x: ag.logsumexp([v * 300.0 for v in x]) - ag.max([v * 300.0 for v in x]), MILD),
    "cross entropy, saturated": (lambda x: ag.logsumexp([*x, x[0] + 50.0]) - x[0] - 50.0, MILD),
    "stopped": (stopped, MILD),
    "sigmoid, saturated": (lambda x: (1.0 - ag.sigmoid(40.0 + x[0])) * ag.sigmoid(-40.0 - x[0]), MILD),
    "tanh, saturated": (lambda x: 1.0 - ag.tanh(20.0 + x[0]) ** 2, MILD),
    "gelu, tail": (lambda x: ag.gelu(x[0] - 20.0) + ag.silu(x[1] - 700.0), MILD),
    "erf, tail": (lambda x: ag.erf(6.0 + 0.1 * x[0]) - 1.0 + ag.erfc(6.0 + 0.1 * x[1]), MILD),
    "long sum": (long_sum, MILD[:2]),
    "long sum, alternating": (alternating, MILD[:2]),
    "long sum, cancelling": (cancelling, MILD[:2]),
    "logistic 20": (logistic(20), MILD),
    "logistic 50": (logistic(50), MILD),
    "logistic 200": (logistic(200), MILD),
    "logistic 1000": (logistic(1000), MILD),
    "Henon": (henon, MILD[:2]),
    "tent": (tent, MILD),
    "circle": (sine_map, MILD),
    "Lorenz": (lorenz, MILD[:2]),
    "sin of 1e200": (lambda x: ag.sin(x[0] * 1e200) + ag.cos(x[1] * 1e17), MILD),
    "tan near a pole": (lambda x: ag.tan(math.pi / 2.0 - 1e-9 * (2.0 + ag.tanh(x[0]))), MILD),
    "kink at a computed zero": (
        lambda x: ag.relu(x[0] * 3.0 - x[0] - 2.0 * x[0]) + abs(0.3 * x[1] - 0.1 * 3 * x[1]),
        MILD,
    ),
    "ties": (lambda x: ag.max(x) + ag.min([x[0], x[0], x[1]]) + ag.maximum(x[0], x[0] * 1.0), MILD),
    "near ties": (
        lambda x: ag.maximum(x[0] * 0.1 + x[0] * 0.2, x[0] * 0.3) + ag.minimum(x[1] / 3.0, x[1] * (1 / 3)),
        MILD,
    ),
    "where at a tie": (lambda x: ag.where(x[0] * 0.1 + x[0] * 0.2 > x[0] * 0.3, x[1], x[2]), MILD),
    "clip at its ends": (lambda x: ag.clip(x[0] * 0.1 + x[0] * 0.2, x[0] * 0.3, 50.0), POSITIVE),
    "rounding at a half": (lambda x: rounded(ag.tanh(x[0]) * 0.0 + (0.1 + x[1] * 0.0) * 5.0) + x[2], MILD),
    "huge": (lambda x: x[0] / 1e300 * x[1] / 1e300 + ag.hypot(*x) / 1e300, HUGE),
    "huge, mean": (lambda x: mean([v / 4.0 for v in x]), HUGE),
    "tiny": (lambda x: sum(v * 1e-5 for v in x) + x[0] * x[1], TINY),
    "subnormal": (lambda x: (x[0] * 3.0 + x[1]) * 1e-20 + x[2] * 1e-23, TINY),
    "subnormal, exponential": (lambda x: ag.exp(-740.0 + ag.tanh(x[0])) + ag.exp(-744.0 - 0.1 * ag.tanh(x[1])), MILD),
    "up and down": (lambda x: ag.exp(600.0 + x[0]) * ag.exp(-600.0 - x[0]) - 1.0, MILD),
    "factorials": (factorials, MILD),
    "expm1": (lambda x: ag.exp(1e-9 * x[0]) - 1.0 - ag.expm1(1e-9 * x[0]), MILD),
    "cosine": (lambda x: (1.0 - ag.cos(1e-6 * x[0])) / 1e-12, MILD),
    "root and square": (lambda x: ag.sqrt(x[0] * x[0]) - abs(x[0]) + (x[1] ** 2) ** 0.5, MILD),
    "powers": (lambda x: x[0] ** 3 * x[1] ** -3 + x[2] ** 2 - x[2] * x[2], MILD),
    "sinc": (lambda x: ag.sinc(x[0] - x[0]) + ag.sinc(1e-9 * x[1]), MILD),
    "angles": (lambda x: ag.atan2(x[0] * 1e-200, x[1] * 1e-200) - ag.atan2(x[0], x[1]), MILD),
    "inverse": (lambda x: ag.asin(ag.sin(0.1 * x[0])) - 0.1 * x[0] + ag.log(ag.exp(x[1])) - x[1], MILD),
    "seventh power": (seventh, [[1.0 + 1e-4 * v for v in x] for x in MILD]),
    "determinant": (determinant, MILD),
    "orthogonal": (orthogonal, MILD),
    "compensated": (compensated, MILD),
    "difference quotient": (difference_quotient, MILD),
    "power iteration": (power_iteration, MILD),
    "descent": (descent, MILD),
}


def values(x: Any) -> list[Value]:
    """Leaves."""
    return [Value(v) for v in x]


@pytest.mark.parametrize("name", PURE)
def test_calls(name: str) -> None:
    """Calls on Values and on numbers."""
    function, arguments = PURE[name]
    fast = jit(function)
    for _ in range(2):
        for x in arguments:
            fast(values(x))
            fast(x)


@pytest.mark.parametrize(
    "name", [name for name in PURE if "long sum" not in name and name not in ("logistic 1000", "Lorenz")]
)
def test_gradients(name: str) -> None:
    """Gradients as functions of their own."""
    function, arguments = PURE[name]
    fast = jit(ag.grad(lambda x: function(x) + 0.0 * sum(x)))
    for x in arguments:
        fast(values(x))
        fast(x)


@pytest.mark.slow
@pytest.mark.parametrize("name", PURE)
def test_batches(name: str) -> None:
    """A hundred examples near the arguments, with and without Values that are captured."""
    function, arguments = PURE[name]
    rng = random.Random(0)
    examples = [[v * (1.0 + rng.choice([0.0, 1e-3, 1e-12]) * rng.random()) for v in x] for x in arguments]
    examples = [examples[i % len(examples)] for i in range(100)]
    w = Value(1.0)
    fast = jit(lambda x: function([w * v for v in x]))
    for _ in range(2):
        if "long sum" not in name:
            fast.map(examples)
        fast.mean(examples)
        w.data *= 1.0 + 1e-9


def test_second_derivatives() -> None:
    """Hessians where they cancel: of a sum that is always 1, of a variance, at an optimum."""
    functions: list[Callable[[Any], Any]] = [
        lambda x: sum(ag.softmax(x)),
        lambda x: sum(v * v for v in normalised(x)),
        variance,
        lambda x: ag.logsumexp(x) - mean(x),
        lambda x: sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)),
        lambda x: ag.hypot(*x),
    ]
    for function in functions:
        hessian = jit(ag.hessian(function))
        product = jit(lambda x, function=function: ag.hvp(function, x, [1.0, -1.0, 0.5, 2.0]))
        for x in MILD:
            hessian(values(x))
            product(values(x))
            product(x)


def residuals(x: Any) -> list[Any]:
    """Numbers that are 0 but for rounding, which differs with the order of the terms."""
    first = sum(v * (k + 0.1) for k, v in enumerate(x)) - sum(v * (k + 0.1) for k, v in reversed([*enumerate(x)]))
    second = sum(v * v for v in x) / len(x) - ag.mean([v * v for v in reversed(x)])
    return [first, second, sum(ag.softmax(x)) - 1.0]


ROWS: dict[str, Callable[..., Any]] = {
    "squares": lambda r, s, t: r * r + s**2 + t * r,
    "cubes": lambda r, s, t: r**3 + s * s * s + t**4,
    "absolute": lambda r, s, t: abs(r) + ag.relu(s) + ag.maximum(t, r),
    "norm": lambda r, s, t: ag.hypot(r, s, t),
    "roots": lambda r, s, t: ag.sqrt(r * r + 1e-30) + ag.sqrt(abs(s)) + ag.cbrt(t + 2.0),
    "quotient": lambda r, s, t: r / (s + 1.0) + ag.sin(t) / (t + 0.5),
    "angle": lambda r, s, t: ag.atan2(r, 1.0 + s) * t,
    "sides": lambda r, s, t: ag.where(r > 0.0, s, 2.0 * t) + ag.clip(s, 0.0, 1.0) + ag.max([r, s, t]),
    "functions": lambda r, s, t: ag.tanh(r) * ag.exp(s) + ag.cosh(t) - 1.0 + ag.softplus(r) + ag.log1p(s),
    "several": lambda r, s, t: [r * r, s, t + 3.0, r * s, abs(t)],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_operations_of_cancelled_numbers(name: str) -> None:
    """What operations make of numbers that are nothing but rounding, or 0 by chance, in calls, batches, derivatives."""
    rng = random.Random(name)
    examples = [[rng.uniform(-2.0, 2.0) for _ in range(rng.choice([3, 7]))] for _ in range(40)]
    w = Value(1.0)

    def function(x: Any) -> Any:
        return ROWS[name](*residuals([w * v for v in x]))

    for length in (3, 7):
        some = [x for x in examples if len(x) == length]
        for start in range(0, len(some), 2):  # each is compared that is the first or the second
            fast = jit(function)
            for x in some[start : start + 2]:
                fast(values(x))
        for start in range(0, len(some), 4):
            jit(function).map(some[start : start + 4])
            if name != "several":
                jit(function).mean(some[start : start + 4])
                jit(ag.grad(function))(values(some[start]))


def test_arrays_of_float32() -> None:
    """Numbers that were rounded before."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 4)).astype(np.float32)
    for name in ("variance, naive", "softmax, sum", "logistic 50", "ties", "kink at a computed zero"):
        function = PURE[name][0]
        fast = jit(function)
        fast(X[0])
        fast(X[1])
        fast.map(X)
        w = Value(1.0)
        jit(lambda x, w=w, function=function: function([w * v for v in x])).mean(X)


def test_several_results() -> None:
    """Results of very different size, some of them 0."""
    fast = jit(lambda x: [x[0] - x[0], x[0] * 1e200, x[1] * 1e-200, *normalised(x), x[2] * 0.0, ag.relu(-abs(x[3]))])
    for x in [*MILD, *FAR]:
        fast(values(x))
        fast(x)
