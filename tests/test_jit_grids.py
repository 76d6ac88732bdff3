"""Grids in a program: nested loops over examples, components and coordinates become arrays of as many axes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from test_jit_agreement import close

import autograd as ag
from autograd import Value, jit

Matrix = list[list[Any]]


def compare(function: Callable[..., Any], *arguments: Any, variables: list[Value]) -> str:
    """Value and gradient are those of the engine; the source of the program."""
    fast = jit(function)
    got, expected = fast(*arguments), function(*arguments)
    close(got.data, expected.data)
    close(ag.gradients(got, variables), ag.gradients(expected, variables))
    return fast.source


def matrix(rng: random.Random, rows: int, columns: int) -> list[list[Value]]:
    """A matrix of Values."""
    return [[Value(rng.uniform(-1, 1)) for _ in range(columns)] for _ in range(rows)]


def leaves(*matrices: list[list[Value]]) -> list[Value]:
    """All of their elements."""
    return [x for each in matrices for row in each for x in row]


def mixture(alphas: list[Any], means: Matrix, icf: Matrix, X: Matrix) -> Any:
    """The log-likelihood of a Gaussian mixture.

    sum_x logsumexp_k (alpha_k + sum q_k - |L_k (x - mean_k)|^2 / 2) - n logsumexp alpha, with icf_k = (q_k, l_k): the
    logarithms of the diagonal of L_k, and what is below it, by columns.
    """
    d, total = len(means[0]), []
    for x in X:
        terms = []
        for alpha, mean, q in zip(alphas, means, icf, strict=True):
            difference = [a - m for a, m in zip(x, mean, strict=True)]
            y, place = [ag.exp(q[i]) * difference[i] for i in range(d)], d
            for i in range(d):
                for j in range(i + 1, d):
                    y[j] = y[j] + q[place] * difference[i]
                    place += 1
            terms.append(alpha + ag.sum(q[:d]) - 0.5 * ag.sum([v * v for v in y]))
        total.append(ag.logsumexp(terms))
    return ag.sum(total) - len(X) * ag.logsumexp(alphas)


def test_a_mixture() -> None:
    """What does not depend on the example is computed once, and nothing with an axis for examples is gathered."""
    rng = random.Random(0)
    alphas, means, icf, X = matrix(rng, 1, 3)[0], matrix(rng, 3, 4), matrix(rng, 3, 10), matrix(rng, 25, 4)
    variables = [*alphas, *leaves(means, icf, X)]
    source = compare(mixture, alphas, means, icf, X, variables=variables)
    assert re.findall(r"# exp, (.*)", source) == ["3 x 4"] * 2
    assert len(re.findall(r"# -, 3 x 4 x 25", source)) == 2
    assert "scatter" not in source
    gathered = re.findall(r"(\w+)(?:\.reshape\(3, 10\))?\[:, I\[", source)
    assert set(gathered) <= {"icf", "dicf"}


def test_three_axes() -> None:
    """exp(-(x[n,j] - m[k,j])**2) summed over any of its axes is an array of three axes and one sum."""
    rng = random.Random(1)
    X, M = matrix(rng, 6, 4), matrix(rng, 3, 4)

    def bumps(X: Matrix, M: Matrix) -> Any:
        return ag.logsumexp(
            [ag.sum([ag.exp(-((a - b) ** 2)) for a, b in zip(x, m, strict=True)]) for x in X for m in M]
        )

    source = compare(bumps, X, M, variables=leaves(X, M))
    assert "I[" not in source
    assert "# exp, 3 x 4 x 6" in source


def test_parts_of_rows() -> None:
    """Some columns, in any order, are an index along one axis; the rows stay a slice."""
    rng = random.Random(2)
    X = matrix(rng, 5, 6)
    columns = [0, 3, 4]
    source = compare(
        lambda X: ag.sum([ag.sin(row[j]) * row[k] for row in X for j, k in zip(columns, [5, 1, 1], strict=True)]),
        X,
        variables=leaves(X),
    )
    assert "[:, I[" in source


def test_transposed() -> None:
    """A matrix that is read by columns is a transposed view."""
    rng = random.Random(3)
    X, Y = matrix(rng, 4, 7), matrix(rng, 7, 4)
    source = compare(
        lambda X, Y: ag.sum([ag.tanh(X[i][j] * Y[j][i]) for i in range(4) for j in range(7)]),
        X,
        Y,
        variables=leaves(X, Y),
    )
    assert "I[" not in source


def test_the_same_formula_twice() -> None:
    """Two operations of the same operands are one, however they were written."""
    x = matrix(random.Random(4), 1, 5)[0]
    source = compare(lambda x: ag.sum([ag.tanh(v * v) + ag.sin(v * v) * ag.tanh(v**2) for v in x]), x, variables=x)
    assert len(re.findall(r"# tanh", source)) == 2  # in value and in gradient


INDICES: list[Callable[[int, int], int]] = [
    lambda i, n: i % n,
    lambda i, n: (n - 1 - i) % n,
    lambda i, n: (i * 2) % n,
    lambda i, n: (i + 1) % n,
    lambda i, n: (i // 2) % n,
    lambda i, n: 0,
    lambda i, n: n - 1,
    lambda i, n: (i * i + 1) % n,
]
WHOLES: list[Callable[[list[Any]], Any]] = [ag.sum, ag.logsumexp, ag.mean, ag.max, ag.norm, lambda xs: ag.dot(xs, xs)]


def nested(seed: int) -> Callable[[Matrix, Matrix, list[Any]], Any]:
    """A formula over three nested loops, with random indices, parts and reductions."""

    def function(A: Matrix, B: Matrix, c: list[Any]) -> Any:
        rng = random.Random(seed)
        n, m, d = len(A), len(B), len(c)
        at = [rng.choice(INDICES) for _ in range(8)]
        operation = rng.choice([lambda x, y: x * y, lambda x, y: x - y, ag.maximum, lambda x, y: ag.sin(x + y)])
        shape, triangular = rng.choice(["ijk", "jik", "kij", "ikj"]), rng.random() < 0.4
        by, first, second = rng.random(), rng.choice(WHOLES), rng.choice(WHOLES)
        lengths = {"i": n, "j": m, "k": d}
        outer, middle, inner = list(shape)
        rows = []
        for p in range(lengths[outer]):
            row = []
            for q in range(lengths[middle]):
                terms, products = [], []
                for r in range(min(q + 1, lengths[inner]) if triangular else lengths[inner]):
                    place = {outer: p, middle: q, inner: r}
                    i, j, k = place["i"], place["j"], place["k"]
                    a = A[at[0](i, n)][at[1](k, d)]
                    b = B[at[2](j, m)][at[3](k, d)]
                    terms.append(operation(a, b) if by < 0.5 else operation(ag.tanh(a), c[at[4](k, d)]) * b)
                    products.append(a * B[at[5](j, m)][at[6](i, d)])
                row.append(first(terms) + sum(products))
            rows.append(second(row) * c[at[7](p, d)])
        return ag.sum(rows) * 0.1

    return function


@pytest.mark.parametrize("block", range(6))
def test_random_grids(block: int) -> None:
    """Values and gradients of 150 random formulas over nested loops, alone and over a batch, equal the engine's."""
    for seed in range(25 * block, 25 * block + 25):
        rng = random.Random(-seed)
        n, m, d = rng.randrange(2, 6), rng.randrange(2, 5), rng.randrange(2, 6)
        A, B, c = matrix(rng, n, d), matrix(rng, m, d), matrix(rng, 1, d)[0]
        function = nested(seed)
        compare(function, A, B, c, variables=[*leaves(A, B), *c])
        fast = jit(lambda A, function=function, B=B, c=c: function(A, B, c))
        examples = [[[x.data for x in row] for row in matrix(rng, n, d)] for _ in range(3)]
        got, expected = fast.mean(examples), ag.mean([function(each, B, c) for each in examples])
        close(got.data, expected.data)
        close(ag.gradients(got, [*leaves(B), *c]), ag.gradients(expected, [*leaves(B), *c]))
