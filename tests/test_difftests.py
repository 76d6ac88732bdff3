"""The functions of JuliaDiff's DiffTests, in scalar Python: values and derivatives, eagerly and jitted.

DiffTests is what the differentiators of another language are tried on: numbers, vectors and matrices in and out,
results that ignore their argument, numbers computed for nothing, lists that are overwritten. Here is its mathematics,
not its code; a matrix is a nested list. The first words of a docstring say which class a function belongs to. What
DiffTests has twice stands once: for real matrices the adjoint is the transpose.

The oracle is NumPy over whole arrays of complex numbers: by the complex step, the derivative by x is the imaginary part
of f(x + ih) / h, without cancellation. Where a formula is not analytic, it is differentiated by hand.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from operator import mul
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.polynomial.chebyshev import chebvander

import autograd as ag
from autograd import Value, grad, jacobian, jit, value_and_grad

STEP = 1e-30
BOUND = 1e-12  # relative to the largest number of a result, or to 1

Function = Callable[..., Any]
Vector = Sequence[Any]
Matrix = Sequence[Sequence[Any]]


# --- Numbers in ---------------------------------------------------------------------------------------------


def squared_tangent(x: Any) -> Any:
    """Number to number: a quotient of two squares."""
    return ag.sin(x) ** 2 / ag.cos(x) ** 2


def line_and_root(x: Any) -> Any:
    """Number to number: a root of a product in which the number stands three times."""
    return 2 * x + ag.sqrt(x * x * x)


def number_to_a_power(x: Any) -> Any:
    """Number to number: a constant to a power that varies."""
    return 10.31 ** (x + x) - x


def one(x: Any) -> Any:  # noqa: ARG001 - that is what it is about
    """Number to number: a result that does not depend on the argument, and is a constant."""
    return ag.constant(1)


def logistic(x: Any) -> Any:
    """Number to number: the logistic function by its definition."""
    return 1.0 / (1.0 + ag.exp(-x))


def same_number(x: Any) -> Any:
    """Number to number: the identity."""
    return x


def cube_of_numbers(x: Any) -> Any:
    """Number to array: a 2 x 2 x 2 array with the same functions in several places."""
    a, b, c = squared_tangent(x), line_and_root(x), number_to_a_power(x)
    return [[[a, b], [c, a - b]], [[b, c], [b, c]]]


def squares_in_place(y: Vector, x: Any) -> Any:
    """Number to array, in place: each element is the square of the one before it plus the sine."""
    y = list(y)
    for i in range(len(y)):
        y[i] = 0.0 * x
    for i in range(1, len(y)):
        y[i] = (ag.sin(x) + y[i - 1]) ** 2
    return y


# --- Vectors to numbers -------------------------------------------------------------------------------------


def quotient_of_elements(x: Vector) -> Any:
    """Vector to number: single elements in one formula, and one element unused."""
    return (ag.exp(x[0]) + ag.log(x[2]) * x[3]) / x[4]


def product_and_sine(x: Vector) -> Any:
    """Vector to number: two elements of five."""
    return x[0] * x[1] + ag.sin(x[0])


def norm_of_an_outer_product(x: Vector) -> Any:
    """Vector to number: the Frobenius norm of the matrix of all products."""
    return ag.norm(a * b for a in x for b in x)


def one_of_a_vector(x: Vector) -> Any:
    """Vector to number: what was computed is thrown away, and the result is a constant."""
    sum(x) + reduce(mul, x)
    return ag.constant(1)


def cubes_of_negatives(x: Vector) -> Any:
    """Vector to number: a sum of whole powers, of numbers of both signs."""
    return sum((-v) ** 3 for v in x)


def positive_part(x: Vector) -> Any:
    """Vector to number: a choice for each element."""
    return sum(ag.where(v > 0, v, 0.0) for v in x)


def first_times_each(x: Vector) -> Any:
    """Vector to number: one element in every term, and squared in one of them."""
    return sum(x[0] * v for v in x)


def rosenbrock_in_a_loop(x: Vector) -> Any:
    """Vector to number: Rosenbrock's function, added up in a loop."""
    out = 0.0
    for i in range(len(x) - 1):
        out += (1.0 - x[i]) ** 2 + 100.0 * (x[i + 1] - x[i] ** 2) ** 2
    return out


def rosenbrock_of_its_first(x: Vector) -> Any:
    """Vector to number: Rosenbrock's function with both of its constants made of the first element."""
    a = x[0]
    b = 100 * a
    return ag.sum([(a - before) ** 2 + b * (after - before**2) ** 2 for before, after in pairwise(x)])


def rosenbrock_of_slices(x: Vector) -> Any:
    """Vector to number: Rosenbrock's function of two overlapping slices."""
    return sum((1 - u) ** 2 + 100 * (v - u**2) ** 2 for u, v in zip(x[:-1], x[1:], strict=True))  # noqa: RUF007 - slices


def rosenbrock_of_absolute_values(x: Vector) -> Any:
    """Vector to number: another sign in Rosenbrock's function, and the square of an absolute value."""
    ahead = [(1 + v) ** 2 for v in x[:-1]]
    across = [v + u**2 for u, v in pairwise(x)]
    return sum(s + 100 * abs(t) ** 2 for s, t in zip(ahead, across, strict=True))


def ackley(x: Vector) -> Any:
    """Vector to number: Ackley's function, exponentials of a root of a mean and of a mean of cosines."""
    squares = cosines = 0.0
    for v in x:
        squares += v**2
        cosines += ag.cos(2.0 * math.pi * v)
    return -20.0 * ag.exp(-0.2 * ag.sqrt(squares / len(x))) - ag.exp(cosines / len(x)) + 20.0 + math.e


def self_weighted_logit(x: Vector) -> Any:
    """Vector to number: the logistic function of the vector times itself."""
    return 1.0 / (1.0 + ag.exp(-ag.dot(x, x)))


def first(x: Vector) -> Any:
    """Vector to number: one element as it is."""
    return x[0]


# --- Matrices to numbers ------------------------------------------------------------------------------------


def pivoted(rows: list[list[Any]], k: int) -> bool:
    """Bring the row with the largest element of column k to row k, from those below; whether a row moved."""
    largest = max(range(k, len(rows)), key=lambda i: abs(rows[i][k]))
    rows[k], rows[largest] = rows[largest], rows[k]
    return largest != k


def solved(a: Matrix, b: Matrix) -> list[list[Any]]:
    """The matrix x for which a x = b, by Gauss and Jordan's elimination."""
    n = len(a)
    rows = [[*left, *right] for left, right in zip(a, b, strict=True)]
    for k in range(n):
        pivoted(rows, k)
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [v - rows[i][k] * w for v, w in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def determinant(x: Matrix) -> Any:
    """Matrix to number: the determinant, by elimination with the largest pivot."""
    rows, out = [list(row) for row in x], 1.0
    for k in range(len(rows)):
        if pivoted(rows, k):
            out = -out
        out = out * rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [v - factor * w for v, w in zip(rows[i], rows[k], strict=True)]
    return out


def determinant_of_an_inverse(x: Matrix) -> Any:
    """Matrix to number: a determinant of a sum in which the inverse of a product stands."""
    return determinant(ag.elementwise(lambda v, w: x[0][0] * v + w, inverse(ag.matmul(x, x)), x))


def trace_of_a_logarithm(x: Matrix) -> Any:
    """Matrix to number: a 9 x 9 matrix of logarithms, of which only the diagonal is used."""
    elements = [v for row in x for v in row]
    table = [[ag.log(1 + v * w + v - w) for w in elements] for v in elements]
    return sum(table[i][i] for i in range(len(table)))


def roots_of_absolute_values(x: Matrix) -> Any:
    """Matrix to number: a sum of roots in which an absolute value stands."""
    return sum(ag.sqrt(abs(v) + v**2) * 0.5 for row in x for v in row)


def mean_of_row_sums(x: Matrix) -> Any:
    """Matrix to number: the mean of the row sums of a product of the matrix and its sines."""
    return ag.mean([sum(row) for row in ag.matmul(ag.elementwise(ag.sin, x), x)])


def sum_of_softmax(x: Matrix) -> Any:
    """Matrix to number: the sum of each row's shares, whose derivative is zero by cancellation only."""
    return sum(ag.exp(v) / sum(ag.exp(w) for w in row) for row in x for v in row)


# --- Two and three matrices ---------------------------------------------------------------------------------


def matrix_sum(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: their sum, row by row."""
    return [[v + w for v, w in zip(left, right, strict=True)] for left, right in zip(a, b, strict=True)]


def matrix_difference(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: their difference, row by row."""
    return [[v - w for v, w in zip(left, right, strict=True)] for left, right in zip(a, b, strict=True)]


def matrix_product(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: their product, added up in three loops."""
    n = len(b)
    return [[sum(row[k] * b[k][j] for k in range(n)) for j in range(len(b[0]))] for row in a]


def right_division(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: the solution of x b = a."""
    return ag.transpose(solved(ag.transpose(b), ag.transpose(a)))


def left_division(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: the solution of a x = b."""
    return solved(a, b)


def elementwise_sum(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: sums of elements in the same place."""
    return ag.elementwise(lambda v, w: v + w, a, b)


def elementwise_difference(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: differences of elements in the same place."""
    return ag.elementwise(lambda v, w: v - w, a, b)


def elementwise_product(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: products of elements in the same place."""
    return ag.elementwise(lambda v, w: v * w, a, b)


def elementwise_quotient(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: quotients of elements in the same place."""
    return ag.elementwise(lambda v, w: v / w, a, b)


def elementwise_quotient_from_the_left(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: quotients of elements in the same place, the second matrix being divided."""
    return ag.elementwise(lambda v, w: w / v, a, b)


def elementwise_power(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: powers of elements in the same place, base and exponent varying."""
    return ag.elementwise(lambda v, w: v**w, a, b)


def product_with_a_transpose(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: a b^T."""
    return ag.matmul(a, ag.transpose(b))


def product_of_a_transpose(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: a^T b."""
    return ag.matmul(ag.transpose(a), b)


def product_of_transposes(a: Matrix, b: Matrix) -> Any:
    """Two matrices to matrix: a^T b^T."""
    return ag.matmul(ag.transpose(a), ag.transpose(b))


def neural_step(x: Matrix, w: Matrix, v: Matrix) -> Any:
    """Three matrices to number: smooth rectifiers and a logistic unit, of two matrices only the first columns."""
    hidden = [ag.log(1.0 + ag.exp(z)) for z in ag.matvec(w, [row[0] for row in x])]
    return logistic(ag.dot([row[0] for row in v], hidden))


# --- Arrays to arrays ---------------------------------------------------------------------------------------


def chebyquad_in_place(y: Vector, x: Vector) -> Any:
    """Array to array, in place: means of shifted Chebyshev polynomials, by their recurrence, less their integrals."""
    y = list(y)
    for v in x:
        before, now = 1.0, 2 * v - 1
        twice = 2 * now
        for i in range(len(y)):
            y[i] += now
            before, now = now, twice * now - before
    for i in range(len(y)):
        y[i] *= 1 / len(x)
        if i % 2:
            y[i] += 1 / ((i + 1) ** 2 - 1)
    return y


def brown_almost_linear_in_place(y: Vector, x: Vector) -> Any:
    """Array to array, in place: sums that are added to what stands there, and a product that replaces it."""
    y, c = list(y), sum(x) - (len(x) + 1)
    for v in x[:-1]:
        for j in range(len(y) - 1):
            y[j] += v + c
    y[-1] = reduce(mul, x) - 1
    return y


def trigonometric_in_place(y: Vector, x: Vector) -> Any:
    """Array to array, in place: cosines of which the last remains, then a recurrence over the sines."""
    y, n = list(y), len(x)
    for v in x:
        for j in range(len(y)):
            y[j] = ag.cos(v)
    c = sum(y)
    for v in x:
        for j in range(len(y)):
            y[j] = ag.sin(v) * y[j] + n - c
    return y


def written_twice_in_place(y: Vector, x: Vector) -> Any:
    """Array to array, in place: an element is read after it was written, and one becomes the sum of all with itself."""
    y = list(y)
    y[0] = x[0]
    y[0] = y[0] * x[1]
    y[1] = y[1] * x[2]
    y[2] = sum(y)
    return y


def multiplied_in_place(y: Vector, x: Vector) -> Any:
    """Array to array, in place: two elements are multiplied by two others, and the rest stays as it was."""
    y = list(y)
    for k in range(2):
        y[0] *= x[k]
        y[1] *= x[k]
    return y


def negative(x: Vector) -> Any:
    """Array to array: each element with the other sign."""
    return [-v for v in x]


def chebyquad(x: Vector) -> Any:
    """Array to array: as many means of Chebyshev polynomials as there are elements."""
    return chebyquad_in_place([0.0] * len(x), x)


def brown_almost_linear(x: Vector) -> Any:
    """Array to array: sums that differ in nothing, and a product."""
    return brown_almost_linear_in_place([0.0] * len(x), x)


def trigonometric(x: Vector) -> Any:
    """Array to array: the recurrence over the sines, from numbers that are overwritten."""
    return trigonometric_in_place([1.0] * len(x), x)


def zeros(x: Vector) -> Any:
    """Array to array: what was computed is thrown away, and the result is constant."""
    sum(v * v for v in x)
    return [ag.constant(0.0)] * len(x)


def row_and_first(x: Matrix) -> Any:
    """Array to array: the first row twice, and the first element in every place."""
    return [v + v + x[0][0] for v in x[0]]


def written_twice(x: Vector) -> Any:
    """Array to array: products that are written over zeros, and elements that stay constant."""
    return written_twice_in_place([ag.constant(0.0)] * len(x), x)


def multiplied(x: Vector) -> Any:
    """Array to array: two products that are the same, and elements that stay constant."""
    return multiplied_in_place([ag.constant(1.0)] * len(x), x)


def same_array(x: Vector) -> Any:
    """Array to array: the identity."""
    return x


def inverse(x: Matrix) -> Any:
    """Matrix to matrix: the inverse, by elimination with the largest pivot."""
    n = len(x)
    return solved(x, [[float(i == j) for j in range(n)] for i in range(n)])


# --- The table ----------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A function, the shapes of its arguments, the range of their elements, and its formula over arrays.

    Where the formula is not analytic, ``slope`` is its derivative by hand, with the axes of the result first.
    """

    function: Function
    shapes: tuple[tuple[int, ...], ...]
    range: tuple[float, float]
    formula: Function
    slope: Function | None = None

    @property
    def kind(self) -> str:
        """The class of the function, as its docstring says it."""
        return str(self.function.__doc__).split(":")[0]

    def points(self, count: int = 4) -> list[list[Any]]:
        """Arguments as numbers and nested lists, the same in every run."""
        rng = random.Random(self.function.__name__)

        def drawn(shape: tuple[int, ...]) -> Any:
            """Numbers in the range, arranged in this shape."""
            return [drawn(shape[1:]) for _ in range(shape[0])] if shape else rng.uniform(*self.range)

        return [[drawn(shape) for shape in self.shapes] for _ in range(count)]

    def value(self, point: Sequence[Any]) -> Any:
        """The result by the formula."""
        return self.formula(*[np.asarray(x, float) for x in point])

    def jacobians(self, point: Sequence[Any]) -> list[Any]:
        """The derivative by each argument: the axes of the result, then those of the argument."""
        given = [np.asarray(x, complex) for x in point]
        if self.slope is not None:
            return [self.slope(*[x.real for x in given])]
        found = []
        for k, argument in enumerate(given):
            columns = []
            for index in np.ndindex(argument.shape):
                moved = argument.copy()
                moved[index] += STEP * 1j
                columns.append(np.imag(self.formula(*given[:k], moved, *given[k + 1 :])) / STEP)
            out = np.shape(columns[0])
            found.append(np.moveaxis(np.asarray(columns), 0, -1).reshape(out + argument.shape))
        return found


def chebyshev_means(y: Any, x: Any) -> Any:
    """(y_k + sum_j T_k(2 x_j - 1)) / n, and for even k the integral's 1 / (k**2 - 1)."""
    k = np.arange(1, len(y) + 1)
    integrals = np.where(k % 2 == 0, 1.0 / np.maximum(k * k - 1, 1), 0.0)
    return (y + chebvander(2 * x - 1, len(y))[:, 1:].sum(0)) / len(x) + integrals


def brown(y: Any, x: Any) -> Any:
    """The almost linear system: y + sum of all but the last + (n - 1) c; and prod(x) - 1."""
    n = len(x)
    return np.append(y[:-1] + x[:-1].sum() + (n - 1) * (x.sum() - n - 1), x.prod() - 1)


def sines(y: Any, x: Any) -> Any:
    """The recurrence y <- sin(x_i) y + d, unrolled: prod(sin x) y + d sum_k prod_{i > k} sin x_i."""
    tails = np.append(np.cumprod(np.sin(x)[::-1])[::-1], 1.0)
    return 0 * y + tails[0] * np.cos(x[-1]) + (len(x) - len(y) * np.cos(x[-1])) * tails[1:].sum()


def over_zeros(f: Function, start: float) -> Function:
    """A formula that changes an array, begun with an array of one number."""
    return lambda x: f(np.full(len(x), start, x.dtype), x)


def twice_written(y: Any, x: Any) -> Any:
    """x_1 x_2, y_2 x_3, the sum of these and the other elements, and these others but the third."""
    a, b = x[0] * x[1], y[1] * x[2]
    return np.array([a, b, a + b + y[2:].sum(), *y[3:]])


def rosenbrock(x: Any, a: Any = 1.0, b: Any = 100.0) -> Any:
    """sum (a - x_i)**2 + b (x_(i+1) - x_i**2)**2."""
    return ((a - x[:-1]) ** 2 + b * (x[1:] - x[:-1] ** 2) ** 2).sum()


def neuron(x: Any, w: Any, v: Any) -> Any:
    """The logistic function of v . log(1 + exp(w x)), of the first columns."""
    return 1 / (1 + np.exp(-v[:, 0] @ np.log(1 + np.exp(w @ x[:, 0]))))


def cubed(x: Any) -> Any:
    """Eight places for three functions of a number."""
    a, b, c = np.tan(x) ** 2, 2 * x + x**1.5, np.exp(2 * x * np.log(10.31)) - x
    return np.array([[[a, b], [c, a - b]], [[b, c], [b, c]]])


def iterated(y: Any, x: Any) -> Any:
    """0, s**2, (s + s**2)**2, ... with s = sin x."""
    out = [0 * x + 0 * y[0]]
    while len(out) < len(y):
        out.append((np.sin(x) + out[-1]) ** 2)
    return np.array(out)


def logarithms(x: Any) -> Any:
    """Sum of log(1 + x**2): on the diagonal the other two terms cancel."""
    return np.log(1 + x * x).sum()


inv, det = np.linalg.inv, np.linalg.det
ANY, POSITIVE, UNIT = (-1.5, 1.5), (0.2, 1.4), (0.05, 0.95)
N, V, M, MM = ((),), ((5,),), ((3, 3),), ((3, 3), (3, 3))
LONG, SHORT = ((7,), (5,)), ((4,), (6,))  # what is overwritten, and what it is overwritten with

# fmt: off
CASES = [
    Case(squared_tangent, N, ANY,               lambda x: np.tan(x) ** 2),
    Case(line_and_root, N, POSITIVE,            lambda x: 2 * x + x ** 1.5),
    Case(number_to_a_power, N, ANY,             lambda x: np.exp(2 * x * np.log(10.31)) - x),
    Case(one, N, ANY,                           lambda x: 0 * x + 1),
    Case(logistic, N, ANY,                      lambda x: (1 + np.tanh(x / 2)) / 2),
    Case(same_number, N, ANY,                   lambda x: x),

    Case(cube_of_numbers, N, POSITIVE,          cubed),

    Case(squares_in_place, ((5,), ()), ANY,     iterated),

    Case(quotient_of_elements, V, POSITIVE,     lambda x: (np.exp(x[0]) + np.log(x[2]) * x[3]) / x[4]),
    Case(product_and_sine, V, ANY,              lambda x: x[0] * x[1] + np.sin(x[0])),
    Case(norm_of_an_outer_product, V, ANY,      lambda x: x @ x),
    Case(one_of_a_vector, V, ANY,               lambda x: 0 * x[0] + 1),
    Case(cubes_of_negatives, V, ANY,            lambda x: -(x ** 3).sum()),
    Case(positive_part, V, ANY,                 lambda x: np.maximum(x, 0).sum(), lambda x: 1.0 * (x > 0)),
    Case(first_times_each, V, ANY,              lambda x: x[0] * x.sum()),
    Case(rosenbrock_in_a_loop, V, ANY,          rosenbrock),
    Case(rosenbrock_of_its_first, V, ANY,       lambda x: rosenbrock(x, x[0], 100 * x[0])),
    Case(rosenbrock_of_slices, V, ANY,          rosenbrock),
    Case(rosenbrock_of_absolute_values, V, ANY, lambda x: ((1 + x[:-1]) ** 2 + 100 * (x[1:] + x[:-1] ** 2) ** 2).sum()),
    Case(ackley, V, ANY,                        lambda x: 20 - 20 * np.exp(-0.2 * np.sqrt((x * x).mean()))
                                                          + np.e - np.exp(np.cos(2 * np.pi * x).mean())),
    Case(self_weighted_logit, V, ANY,           lambda x: (1 + np.tanh(x @ x / 2)) / 2),
    Case(first, V, ANY,                         lambda x: x[0]),

    Case(determinant, M, ANY,                   det),
    Case(determinant_of_an_inverse, M, ANY,     lambda x: det(x[0, 0] * inv(x @ x) + x)),
    Case(trace_of_a_logarithm, M, UNIT,         logarithms),
    Case(roots_of_absolute_values, M, ANY,      lambda x: np.sqrt(abs(x) + x * x).sum() / 2,
                                                lambda x: (np.sign(x) + 2 * x) / np.sqrt(abs(x) + x * x) / 4),
    Case(mean_of_row_sums, M, ANY,              lambda x: (np.sin(x) @ x).sum(1).mean()),
    Case(sum_of_softmax, M, ANY,                lambda x: 0 * x[0, 0] + len(x)),

    Case(matrix_sum, MM, ANY,                   lambda a, b: a + b),
    Case(matrix_difference, MM, ANY,            lambda a, b: a - b),
    Case(matrix_product, MM, ANY,               lambda a, b: a @ b),
    Case(right_division, MM, ANY,               lambda a, b: a @ inv(b)),
    Case(left_division, MM, ANY,                np.linalg.solve),
    Case(elementwise_sum, MM, ANY,              lambda a, b: a + b),
    Case(elementwise_difference, MM, ANY,       lambda a, b: a - b),
    Case(elementwise_product, MM, ANY,          lambda a, b: a * b),
    Case(elementwise_quotient, MM, POSITIVE,    lambda a, b: a / b),
    Case(elementwise_quotient_from_the_left, MM, POSITIVE, lambda a, b: b / a),
    Case(elementwise_power, MM, POSITIVE,       lambda a, b: np.exp(b * np.log(a))),
    Case(product_with_a_transpose, MM, ANY,     lambda a, b: a @ b.T),
    Case(product_of_a_transpose, MM, ANY,       lambda a, b: a.T @ b),
    Case(product_of_transposes, MM, ANY,        lambda a, b: (b @ a).T),

    Case(neural_step, (*MM, (3, 3)), ANY,       neuron),

    Case(chebyquad_in_place, LONG, UNIT,        chebyshev_means),
    Case(brown_almost_linear_in_place, SHORT, ANY, brown),
    Case(trigonometric_in_place, LONG, ANY,     sines),
    Case(written_twice_in_place, SHORT, ANY,    twice_written),
    Case(multiplied_in_place, SHORT, ANY,       lambda y, x: np.append(y[:2] * x[0] * x[1], y[2:])),

    Case(negative, V, ANY,                      lambda x: -x),
    Case(chebyquad, V, UNIT,                    over_zeros(chebyshev_means, 0.0)),
    Case(brown_almost_linear, V, ANY,           over_zeros(brown, 0.0)),
    Case(trigonometric, V, ANY,                 over_zeros(sines, 1.0)),
    Case(zeros, V, ANY,                         lambda x: 0 * x),
    Case(row_and_first, M, ANY,                 lambda x: 2 * x[0] + x[0, 0]),
    Case(written_twice, V, ANY,                 over_zeros(twice_written, 0.0)),
    Case(multiplied, V, ANY,                    lambda x: np.append(np.full(2, x[0] * x[1]), np.ones(len(x) - 2))),
    Case(same_array, V, ANY,                    lambda x: x),

    Case(inverse, M, ANY,                       inv),
]
# fmt: on

SCALAR = [case for case in CASES if case.kind.endswith("to number")]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.function.__name__)
each_scalar_case = pytest.mark.parametrize("case", SCALAR, ids=lambda case: case.function.__name__)


def close(got: Any, expected: Any) -> None:
    """Of the same shape, and equal to the bound, relative to the largest of the numbers expected, or to 1."""
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    assert got.shape == expected.shape
    off = np.abs(got - expected).max(initial=0.0)
    assert off <= BOUND * max(1.0, np.abs(expected).max(initial=0.0)), f"{off:.3g} off: {got} instead of {expected}"


def by_all(case: Case) -> tuple[int, ...]:
    """The numbers of all arguments."""
    return tuple(range(len(case.shapes)))


def as_values(x: Any) -> Any:
    """The numbers of a nested list as leaves."""
    return [as_values(v) for v in x] if isinstance(x, list) else Value(x)


def as_numbers(x: Any) -> Any:
    """The numbers of a nested list of Values and numbers."""
    return [as_numbers(v) for v in x] if isinstance(x, (list, tuple)) else x.data if isinstance(x, Value) else x


def agree(derivative: Callable[..., Sequence[Any]], case: Case) -> None:
    """The derivatives by all arguments are those of the oracle, at every point."""
    for point in case.points():
        for got, expected in zip(derivative(*point), case.jacobians(point), strict=True):
            close(got, expected)


@each_case
def test_value(case: Case) -> None:
    """The value of plain numbers and of Values is that of the formula."""
    for point in case.points():
        close(as_numbers(case.function(*point)), case.value(point))
        close(as_numbers(case.function(*map(as_values, point))), case.value(point))


@each_case
def test_value_jitted(case: Case) -> None:
    """One program answers for several points, for plain numbers and for Values."""
    fast = jit(case.function)
    for point in case.points():
        close(as_numbers(fast(*point)), case.value(point))
        close(as_numbers(fast(*map(as_values, point))), case.value(point))


@each_case
def test_jacobian(case: Case) -> None:
    """The Jacobian by all arguments is that of the complex step."""
    agree(jacobian(case.function, by_all(case)), case)


@each_case
def test_jacobian_of_jitted(case: Case) -> None:
    """So is that of the jitted function, by one program for several points."""
    agree(jacobian(jit(case.function), by_all(case)), case)


@each_case
def test_jacobian_jitted(case: Case) -> None:
    """And so is the Jacobian that is itself jitted."""
    agree(jit(jacobian(case.function, by_all(case))), case)


@each_scalar_case
def test_gradient(case: Case) -> None:
    """The gradient of a function whose result is a number."""
    agree(grad(case.function, by_all(case)), case)


@each_scalar_case
def test_gradient_of_jitted(case: Case) -> None:
    """The gradient of the jitted function, and its value with it."""
    agree(grad(jit(case.function), by_all(case)), case)
    both = value_and_grad(jit(case.function), by_all(case))
    for point in case.points():
        close(both(*point)[0], case.value(point))
    agree(lambda *point: both(*point)[1], case)


@each_scalar_case
def test_gradient_jitted(case: Case) -> None:
    """The gradient that is itself jitted, by one program for several points."""
    agree(jit(grad(case.function, by_all(case))), case)


def test_every_class_is_there() -> None:
    """As many functions of each class as DiffTests has, but for adjoints, which are transposes of real matrices."""
    assert Counter(case.kind for case in CASES) == {
        "Number to number": 6,
        "Number to array": 1,
        "Number to array, in place": 1,
        "Vector to number": 14,
        "Matrix to number": 6,
        "Two matrices to matrix": 14,
        "Three matrices to number": 1,
        "Array to array, in place": 5,
        "Array to array": 9,
        "Matrix to matrix": 1,
    }


def test_the_comparison_would_see_a_wrong_digit() -> None:
    """The bound is strict: a gradient that is off by one part in 10**11 is none."""
    case = next(case for case in CASES if case.function is ackley)
    gradient = grad(ackley, (0,))
    agree(gradient, case)
    with pytest.raises(AssertionError, match=" off: "):
        agree(lambda x: [(1 + 1e-11) * np.array(g) for g in gradient(x)], case)
