"""What is measured: functions of single numbers, their data, and the same written by hand in NumPy or plain floats.

The functions take the module whose operations they use, so that the same text runs on this library and on ``math``.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd as ag

Function = Callable[..., Any]
Arrays = dict[str, dict[str, Any]]
"""The parameters of a network: for each layer W and b."""

# --- Sums over neighbours and over all --------------------------------------------------------------------


def rosenbrock(x: Sequence[Any]) -> Any:
    """The sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2."""
    return ag.sum([100 * (after - before**2) ** 2 + (1 - before) ** 2 for before, after in itertools.pairwise(x)])


def rosenbrock_by_hand(x: Any) -> tuple[float, Any]:
    """Its value and its gradient."""
    t, u = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    g = np.zeros(len(x))
    g[:-1] = -400 * t * x[:-1] - 2 * u
    g[1:] += 200 * t
    return float((100 * t * t + u * u).sum()), g


def rosenbrock_value_by_hand(x: Any) -> float:
    """Its value."""
    t, u = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    return float((100 * t * t + u * u).sum())


def logsumexp_by_hand(x: Any) -> tuple[float, Any]:
    """log of the sum of exp(x), and the softmax, which is its gradient."""
    largest = x.max()
    e = np.exp(x - largest)
    total = e.sum()
    return float(largest + np.log(total)), e / total


def residuals(x: Sequence[Any]) -> list[Any]:
    """x[i+1] - x[i]^2."""
    return [after - before**2 for before, after in itertools.pairwise(x)]


def residuals_by_hand(x: Any) -> Any:
    """The same of an array."""
    return x[1:] - x[:-1] ** 2


def jacobian_by_hand(x: Any) -> Any:
    """Their Jacobian, as a matrix."""
    n = len(x) - 1
    matrix, rows = np.zeros((n, n + 1)), np.arange(n)
    matrix[rows, rows] = -2 * x[:-1]
    matrix[rows, rows + 1] = 1.0
    return matrix


def numbers(n: int) -> Any:
    """n numbers between -1 and 1."""
    rng = random.Random(0)
    return np.array([rng.uniform(-1, 1) for _ in range(n)])


# --- Formulas of few numbers ------------------------------------------------------------------------------


def black_scholes(m: Any) -> Function:
    """The price of a call by six numbers, with the functions of a module; about 40 operations."""

    def normal(x: Any) -> Any:
        return 0.5 * m.erfc(-x / math.sqrt(2))

    def price(S: Any, K: Any, r: Any, q: Any, vol: Any, T: Any) -> Any:
        spread = vol * m.sqrt(T)
        d1 = (m.log(S / K) + (r - q + 0.5 * vol * vol) * T) / spread
        return S * m.exp(-q * T) * normal(d1) - K * m.exp(-r * T) * normal(d1 - spread)

    return price


OPTION = (100.0, 105.0, 0.03, 0.01, 0.25, 1.5)


def neuron(m: Any) -> Function:
    """The expression at the top of the README."""
    return lambda w, x, b: m.tanh(w * x + b)


NEURON = (-3.0, 2.0, 6.9)


def bump(m: Any) -> Function:
    """tanh(x) exp(-x^2)."""
    return lambda x: m.tanh(x) * m.exp(-x * x)


def pendulum_step(m: Any) -> Function:
    """A step of Runge and Kutta's fourth order, by the state of a double pendulum, its lengths and its masses."""
    g, h = 9.81, 0.005

    def slopes(state: Any, l1: Any, l2: Any, m1: Any, m2: Any) -> tuple[Any, Any, Any, Any]:
        a, b, u, v = state
        s, c = m.sin(a - b), m.cos(a - b)
        shared = 2 * m1 + m2 - m2 * m.cos(2 * (a - b))
        du = -g * (2 * m1 + m2) * m.sin(a) - m2 * g * m.sin(a - 2 * b) - 2 * s * m2 * (v * v * l2 + u * u * l1 * c)
        dv = 2 * s * (u * u * l1 * (m1 + m2) + g * (m1 + m2) * m.cos(a) + v * v * l2 * m2 * c)
        return u, v, du / (l1 * shared), dv / (l2 * shared)

    def moved(state: Any, h: float, k: Any) -> tuple[Any, Any, Any, Any]:
        return state[0] + h * k[0], state[1] + h * k[1], state[2] + h * k[2], state[3] + h * k[3]

    def step(state: Any, *constants: Any) -> tuple[Any, ...]:
        k1 = slopes(state, *constants)
        k2 = slopes(moved(state, h / 2, k1), *constants)
        k3 = slopes(moved(state, h / 2, k2), *constants)
        k4 = slopes(moved(state, h, k3), *constants)
        return tuple([x + h / 6 * (p + 2 * q + 2 * r + s) for x, p, q, r, s in zip(state, k1, k2, k3, k4, strict=True)])

    return step


def double_pendulum(m: Any, steps: int) -> Function:
    """The first angle after so many steps; two angles, two speeds, lengths, and masses."""
    step = pendulum_step(m)

    def angle(a: Any, b: Any, u: Any, v: Any, l1: Any, l2: Any, m1: Any, m2: Any) -> Any:
        state: tuple[Any, ...] = (a, b, u, v)
        for _ in range(steps):
            state = step(state, l1, l2, m1, m2)
        return state[0]

    return angle


PENDULUM = (1.2, 0.7, 0.1, -0.2, 1.0, 0.8, 1.0, 0.5)


def sines(m: Any, steps: int = 100_000) -> Function:
    """Steps of x = sin(x) * 1.0001 + 0.1."""

    def function(x: Any) -> Any:
        for _ in range(steps):
            x = m.sin(x) * 1.0001 + 0.1
        return x

    return function


# --- Networks ---------------------------------------------------------------------------------------------


def network(sizes: Sequence[int]) -> Arrays:
    """Parameters of layers of these sizes: W of shape (out, in), b of shape (out,)."""
    rng = np.random.default_rng(0)
    return {
        f"layer{k}": {"W": rng.normal(size=(after, before)) / np.sqrt(before), "b": 0.1 * rng.normal(size=after)}
        for k, (before, after) in enumerate(itertools.pairwise(sizes))
    }


def images(inputs: int) -> tuple[Any, Any]:
    """Ten examples of so many numbers, one of each of ten classes."""
    return np.random.default_rng(1).random((10, inputs)), np.eye(10)


def textbook(params: Any, x: Any, y: Any) -> Any:
    """Sigmoids and the quadratic cost of one example."""
    for layer in params.values():
        x = [ag.sigmoid(ag.dot(row, x) + b) for row, b in zip(layer["W"], layer["b"], strict=True)]
    return 0.5 * ag.sum([(a - t) ** 2 for a, t in zip(x, y, strict=True)])


def textbook_by_hand(params: Arrays, X: Any, Y: Any) -> tuple[float, Arrays]:
    """The mean cost and its gradient, as one writes them for arrays."""
    W1, b1, W2, b2 = (params[k][p] for k in ("layer0", "layer1") for p in "Wb")
    a1 = 1 / (1 + np.exp(-(X @ W1.T + b1)))
    a2 = 1 / (1 + np.exp(-(a1 @ W2.T + b2)))
    difference = a2 - Y
    d2 = difference * a2 * (1 - a2) / len(X)
    d1 = (d2 @ W2) * a1 * (1 - a1)
    return float(0.5 * (difference * difference).sum() / len(X)), {
        "layer0": {"W": d1.T @ X, "b": d1.sum(0)},
        "layer1": {"W": d2.T @ a1, "b": d2.sum(0)},
    }


def moons() -> tuple[Any, Any]:
    """100 points of two half circles, and their classes, -1 and 1."""
    rng = np.random.default_rng(2)
    t, above = np.pi * rng.random(100), np.arange(100) % 2
    points = np.stack([np.cos(t), np.sin(t)], 1)
    points[above == 1] = np.array([1.0, 0.5]) - points[above == 1]
    return points + 0.1 * rng.normal(size=(100, 2)), 2.0 * above - 1.0


def demo(params: Any, x: Any, y: Any) -> Any:
    """micrograd's demo: relus, the hinge of one example, and 1e-4 times the sum of all squares."""
    layers = [*params.values()]
    for layer in layers:
        x = [ag.dot(row, x) + b for row, b in zip(layer["W"], layer["b"], strict=True)]
        if layer is not layers[-1]:
            x = [ag.relu(z) for z in x]
    squares = [p * p for layer in layers for part in (*layer["W"], layer["b"]) for p in part]
    return ag.relu(1 - y * x[0]) + 1e-4 * ag.sum(squares)


def demo_by_hand(params: Arrays, X: Any, Y: Any) -> tuple[float, Arrays]:
    """The mean loss and its gradient."""
    (W1, b1), (W2, b2), (W3, b3) = ((layer["W"], layer["b"]) for layer in params.values())
    a1 = np.maximum(X @ W1.T + b1, 0)
    a2 = np.maximum(a1 @ W2.T + b2, 0)
    margin = 1 - Y * (a2 @ W3.T + b3)[:, 0]
    loss, found = np.maximum(margin, 0).sum() / len(X), {}
    d3 = (-(Y / len(X)) * (margin > 0))[:, None]
    d2 = (d3 @ W3) * (a2 > 0)
    d1 = (d2 @ W2) * (a1 > 0)
    for name, d, a in (("layer0", d1, X), ("layer1", d2, a1), ("layer2", d3, a2)):
        W, b = params[name]["W"], params[name]["b"]
        loss += 1e-4 * ((W * W).sum() + (b * b).sum())
        found[name] = {"W": d.T @ a + 2e-4 * W, "b": d.sum(0) + 2e-4 * b}
    return float(loss), found


NETWORKS: dict[str, tuple[Function, Function, Sequence[int], Callable[[], tuple[Any, Any]]]] = {
    "demo net": (demo, demo_by_hand, (2, 16, 16, 1), moons),
    "64-30-10": (textbook, textbook_by_hand, (64, 30, 10), lambda: images(64)),
    "784-30-10": (textbook, textbook_by_hand, (784, 30, 10), lambda: images(784)),
}
"""The mean loss of one example, the mean and its gradient by hand, the sizes of the layers, and the examples."""


# --- A mixture --------------------------------------------------------------------------------------------


def mixture_data(n: int, d: int = 10, k: int = 5) -> tuple[Any, Any, Any, Any]:
    """Weights, means and triangular matrices of k components, and n examples, for `test_jit_grids.mixture`."""
    rng = np.random.default_rng(0)
    icf = rng.normal(size=(k, d * (d + 1) // 2)) * 0.3
    return rng.normal(size=k), rng.normal(size=(k, d)), icf, rng.normal(size=(n, d))


def mixture_by_hand(alphas: Any, means: Any, icf: Any, X: Any) -> tuple[float, tuple[Any, Any, Any]]:
    """Value and gradient by the parameters, with one batched product for all components where the formula has one."""
    (n, d), k = X.shape, len(alphas)
    rows, columns = np.array([(j, i) for i in range(d) for j in range(i + 1, d)]).T
    diagonal = np.arange(d)
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
    return float(value), (total - n * ea / ea.sum(), -(dY @ L).sum(1), by_icf)
