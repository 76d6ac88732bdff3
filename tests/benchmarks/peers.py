"""The same functions here, in JAX, CasADi, PyTorch and micrograd: value and gradient, side by side in one run.

Run with ``make bench-peers``, which installs them into an environment of their own. Every gradient is compared with
ours, to 1e-9, before it is measured. Each library is given what it likes best: numbers in its own kind of array, its
own operations on whole arrays (JAX: ``jax.jit(jax.value_and_grad(f))``, in 64-bit floats; CasADi: one function of value
and gradient in its virtual machine, of single numbers in SX, of matrices in MX; PyTorch: tensors and ``backward``), and
loops as it has them. Ours are functions of single numbers, with NumPy's arrays or plain floats in and out. All run on
one thread; times are of the processor, the least and the median of a call, in microseconds.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import casadi
import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax.scipy.special import erfc
from micrograd.engine import Value as Micro
from micrograd.nn import MLP

import autograd as ag
from autograd import jit, value_and_grad

from . import subjects
from .turns import in_turn, settled

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

Way = Callable[[], Any]
"""Value and gradient: an array, or what :func:`flat` makes one of."""

LIBRARIES = ("by hand", "chainrule", "jax.jit", "CasADi", "PyTorch", "micrograd")


def flat(gradient: Any) -> Any:
    """A gradient as one row of numbers: of dicts, tuples, arrays, tensors and matrices."""
    if isinstance(gradient, dict):
        return np.concatenate([flat(part) for part in gradient.values()])
    if isinstance(gradient, (tuple, list)):
        return np.concatenate([flat(part) for part in gradient])
    if isinstance(gradient, casadi.DM):
        gradient = gradient.full()
    return np.asarray(gradient, float).ravel()


def by_us(gradient: Callable[..., Any], *arguments: Any) -> Way:
    """Ours, once it has been compared with the function itself at these numbers and at others."""
    settled(gradient, *arguments)
    return lambda: gradient(*arguments)


def by_jax(f: Callable[..., Any], argnums: Any, *arguments: Any) -> Way:
    """``jax.jit(jax.value_and_grad(f))``, waited for."""
    fast = jax.jit(jax.value_and_grad(f, argnums))
    given = jax.tree.map(jnp.asarray, arguments)
    return lambda: jax.block_until_ready(fast(*given))


def by_torch(f: Callable[..., Any], leaves: Sequence[Any]) -> Way:
    """PyTorch: forward and backward, with fresh gradients."""

    def run() -> tuple[Any, Any]:
        for leaf in leaves:
            leaf.grad = None
        out = f()
        out.backward()
        return out.detach(), [leaf.grad for leaf in leaves]

    return run


def tensors(*arrays: Any) -> list[Any]:
    """Leaves of PyTorch."""
    return [torch.tensor(x, requires_grad=True) for x in arrays]


def by_casadi(inputs: Sequence[Any], out: Any, arguments: Sequence[Any]) -> Way:
    """A function of CasADi that computes value and gradient by all inputs."""
    gradients = [casadi.gradient(out, x) for x in inputs]
    function = casadi.Function("f", [*inputs], [out, *gradients])
    given = [casadi.DM(x) for x in arguments]

    def run() -> tuple[Any, Any]:
        value, *found = function.call(given)
        return value, found

    return run


# --- The functions ----------------------------------------------------------------------------------------


def rosenbrock(n: int) -> dict[str, Way]:
    """Rosenbrock's function, by whole arrays where there are any."""
    x = subjects.numbers(n)
    ours = value_and_grad(jit(subjects.rosenbrock))

    def whole(x: Any) -> Any:
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    s, (t,) = casadi.SX.sym("x", n), tensors(x)
    out = casadi.sum1(100 * (s[1:] - s[:-1] ** 2) ** 2 + (1 - s[:-1]) ** 2)
    listed = x.tolist()

    def micro() -> tuple[Any, Any]:
        xs = [Micro(v) for v in listed]
        total = sum([100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(xs)], Micro(0.0))
        total.backward()
        return total.data, [v.grad for v in xs]

    ways: dict[str, Way] = {
        "by hand": lambda: subjects.rosenbrock_by_hand(x),
        "chainrule": by_us(ours, x),
        "jax.jit": by_jax(whole, 0, x),
        "CasADi": by_casadi([s], out, [x]),
        "PyTorch": by_torch(lambda: whole(t), [t]),
    }
    return ways | {"micrograd": micro}


def logsumexp(n: int) -> dict[str, Way]:
    """One operation where there is one."""
    x = subjects.numbers(n)
    ours = value_and_grad(jit(ag.logsumexp))
    s, (t,) = casadi.SX.sym("x", n), tensors(x)
    return {
        "by hand": lambda: subjects.logsumexp_by_hand(x),
        "chainrule": by_us(ours, x),
        "jax.jit": by_jax(jax.scipy.special.logsumexp, 0, x),
        "CasADi": by_casadi([s], casadi.log(casadi.sum1(casadi.exp(s))), [x]),
        "PyTorch": by_torch(lambda: torch.logsumexp(t, 0), [t]),
    }


class Words:
    """The functions of a library, under the names that `math` has."""

    def __init__(self, module: Any, **others: Any) -> None:
        self.module, self.others = module, others

    def __getattr__(self, name: str) -> Any:
        return self.others.get(name) or getattr(self.module, name)


IN_CASADI = Words(casadi, erfc=lambda x: 1 - casadi.erf(x))
IN_JAX = Words(jnp, erfc=erfc)


def formula(make: Callable[[Any], Callable[..., Any]], at: tuple[float, ...]) -> dict[str, Way]:
    """A formula of few numbers; by hand are central differences in plain floats."""
    argnums = tuple(range(len(at)))
    plain, ours = make(math), value_and_grad(jit(make(ag)), argnums)
    symbols, leaves, in_torch = [casadi.SX.sym(f"x{i}") for i in argnums], tensors(*at), make(torch)

    def differences() -> tuple[float, Any]:
        slopes = []
        for i, x in enumerate(at):
            h = 1e-6 * max(1.0, abs(x))
            slopes.append((plain(*at[:i], x + h, *at[i + 1 :]) - plain(*at[:i], x - h, *at[i + 1 :])) / (2 * h))
        return plain(*at), slopes

    return {
        "differences": differences,
        "chainrule": by_us(ours, *at),
        "jax.jit": by_jax(make(IN_JAX), argnums, *at),
        "CasADi": by_casadi(symbols, make(IN_CASADI)(*symbols), at),
        "PyTorch": by_torch(lambda: in_torch(*leaves), leaves),
    }


def network(name: str) -> dict[str, Way]:
    """The mean loss over a batch by all parameters, by products of matrices where there are any."""
    loss, by_hand, sizes, examples = subjects.NETWORKS[name]
    params, (X, Y) = subjects.network(sizes), examples()
    ours = value_and_grad(jit(loss, shared=("params",)).mean)
    is_demo = name == "demo net"

    def whole(params: Any, X: Any, Y: Any, words: Any) -> Any:
        layers = [*params.values()]
        for k, layer in enumerate(layers):
            X = X @ layer["W"].T + layer["b"]
            if not is_demo:
                X = words.sigmoid(X)
            elif k < len(layers) - 1:
                X = words.relu(X)
        if not is_demo:
            return 0.5 * ((X - Y) ** 2).sum() / len(Y)
        squares = sum([(part * part).sum() for layer in layers for part in layer.values()])
        return words.relu(1 - Y * X[:, 0]).sum() / len(Y) + 1e-4 * squares

    leaves = {key: {k: torch.tensor(v, requires_grad=True) for k, v in layer.items()} for key, layer in params.items()}
    x, y = torch.tensor(X), torch.tensor(Y)
    ways: dict[str, Way] = {
        "by hand": lambda: by_hand(params, X, Y),
        "chainrule": by_us(ours, params, X, Y),
        "jax.jit": by_jax(lambda p, x, y: whole(p, x, y, jax.nn), 0, params, X, Y),
        "CasADi": by_matrices(params, X, Y, is_demo=is_demo),
        "PyTorch": by_torch(
            lambda: whole(leaves, x, y, torch), [part for layer in leaves.values() for part in layer.values()]
        ),
    }
    return ways | {"micrograd": by_micrograd(params, X, Y)} if is_demo else ways


def by_matrices(params: Any, X: Any, Y: Any, *, is_demo: bool) -> Way:
    """A network in CasADi's MX, an example in each column; the other way round than ours."""
    symbols = {
        key: {name: casadi.MX.sym(f"{key}{name}", *part.shape) for name, part in layer.items()}
        for key, layer in params.items()
    }
    layers, a = [*symbols.values()], casadi.MX(casadi.DM(X.T))
    for k, layer in enumerate(layers):
        a = layer["W"] @ a + casadi.repmat(layer["b"], 1, len(X))
        if not is_demo:
            a = 1 / (1 + casadi.exp(-a))
        elif k < len(layers) - 1:
            a = casadi.fmax(a, 0)
    inputs = [part for layer in layers for part in layer.values()]
    if is_demo:
        squares = sum([casadi.sumsqr(part) for part in inputs])
        out = casadi.sum2(casadi.fmax(1 - casadi.DM(Y).T * a, 0)) / len(X) + 1e-4 * squares
    else:
        out = 0.5 * casadi.sumsqr(a - casadi.DM(Y.T)) / len(X)
    return by_casadi(inputs, out, [part for layer in params.values() for part in layer.values()])


def by_micrograd(params: Any, X: Any, Y: Any) -> Way:
    """micrograd's demo as its notebook has it."""
    model = MLP(2, [16, 16, 1])
    for layer, arrays in zip(model.layers, params.values(), strict=True):
        for neuron, row, b in zip(layer.neurons, arrays["W"].tolist(), arrays["b"].tolist(), strict=True):
            neuron.b.data = b
            for w, number in zip(neuron.w, row, strict=True):
                w.data = number
    points, signs = X.tolist(), Y.tolist()

    def run() -> tuple[Any, Any]:
        losses = [(1 + -y * model([*map(Micro, x)])).relu() for x, y in zip(points, signs, strict=True)]
        total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        found = []
        for layer in model.layers:
            found += [[w.grad for w in neuron.w] for neuron in layer.neurons]
            found.append([neuron.b.grad for neuron in layer.neurons])
        return total.data, found

    return run


def pendulum(steps: int) -> dict[str, Way]:
    """Runge and Kutta's steps; a loop of JAX's, one that CasADi maps, PyTorch's as written."""
    ways = formula(lambda m: subjects.double_pendulum(m, steps), subjects.PENDULUM)
    step = subjects.pendulum_step(IN_JAX)

    def scanned(*at: Any) -> Any:
        constants = at[4:]
        end, _ = jax.lax.scan(lambda state, _: (step(state, *constants), None), at[:4], None, length=steps)
        return end[0]

    return ways | {"jax.jit": by_jax(scanned, tuple(range(8)), *subjects.PENDULUM)}


def recurrence(steps: int) -> dict[str, Way]:
    """x = sin(x) * 1.0001 + 0.1 again and again."""
    plain, ours = subjects.sines(math, steps), value_and_grad(jit(subjects.sines(ag, steps)))
    (leaf,), in_torch = tensors(0.5), subjects.sines(torch, steps)

    def by_hand() -> tuple[float, float]:
        x, slope, factor = 0.5, 1.0, 1.0001
        for _ in range(steps):
            slope *= factor * math.cos(x)
            x = math.sin(x) * factor + 0.1
        return x, slope

    def looped(x: Any) -> Any:
        return jax.lax.scan(lambda x, _: (jnp.sin(x) * 1.0001 + 0.1, None), x, None, length=steps)[0]

    symbol = casadi.SX.sym("x")
    once = casadi.Function("step", [symbol], [casadi.sin(symbol) * 1.0001 + 0.1])
    start = casadi.MX.sym("x")
    out = once.fold(steps)(start)
    assert math.isclose(plain(0.5), by_hand()[0])
    return {
        "by hand": by_hand,
        "chainrule": by_us(ours, 0.5),
        "jax.jit": by_jax(looped, 0, 0.5),
        "CasADi": by_casadi([start], out, [0.5]),
        "PyTorch": by_torch(lambda: in_torch(leaf), [leaf]),
    }


FUNCTIONS: dict[str, Callable[[], dict[str, Way]]] = {
    "Rosenbrock, n = 10": lambda: rosenbrock(10),
    "Rosenbrock, n = 1,000": lambda: rosenbrock(1_000),
    "Rosenbrock, n = 100,000": lambda: rosenbrock(100_000),
    "logsumexp, n = 1,000": lambda: logsumexp(1_000),
    "demo net": lambda: network("demo net"),
    "64-30-10, batch 10": lambda: network("64-30-10"),
    "784-30-10, batch 10": lambda: network("784-30-10"),
    "tanh(w*x + b)": lambda: formula(subjects.neuron, subjects.NEURON),
    "Black-Scholes": lambda: formula(subjects.black_scholes, subjects.OPTION),
    "double pendulum, 300 steps": lambda: pendulum(300),
    "recurrence, 10,000 steps": lambda: recurrence(10_000),
}


def measured(name: str, ways: dict[str, Way], rounds: int) -> dict[str, str]:
    """A cell for each library: the least time and the median; why there is none."""
    cells = {}
    works: dict[str, Callable[[], Any]] = {}
    value, gradient = ways["chainrule"]()
    for library, way in ways.items():
        try:
            found = way()
        except RecursionError:
            cells[library] = "RecursionError"
            continue
        if library != "differences":
            np.testing.assert_allclose(float(found[0]), float(value), rtol=1e-9, err_msg=f"{name}: {library}")
            got, expected = flat(found[1]), flat(gradient)
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12, err_msg=f"{name}: {library}")
        works[library] = way
    turns = in_turn(works, rounds)
    for library in works:
        cells[library] = f"{turns.least(library):,.1f} ({turns.median(library):,.1f})"
    if "differences" in cells:
        cells["by hand"] = f"{cells.pop('differences')} *"
    return cells


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description="value and gradient by several libraries, microseconds")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="rows whose names hold this")
    options = parser.parse_args()
    write = sys.stdout.write
    write("Value and gradient, microseconds of the processor on one thread: the least of a call (the median).\n")
    write("*: central differences in plain floats, which have about 6 digits; all others agree to 1e-9.\n\n")
    write(" | ".join([f"{'':26}", *[f"{library:>22}" for library in LIBRARIES]]) + "\n")
    for name, make in FUNCTIONS.items():
        if options.only in name:
            cells = measured(name, make(), options.rounds)
            write(" | ".join([f"{name:26}", *[f"{cells.get(library, '-'):>22}" for library in LIBRARIES]]) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
