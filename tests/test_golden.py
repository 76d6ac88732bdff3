"""Golden programs: the text that jit finds for small functions, and the numbers that it computes.

``pytest tests/test_golden.py --golden-update`` writes the files of tests/golden anew. A change in them is a change of
what is emitted, to be looked at; the numbers have to stay what they are.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import autograd as ag
import nn
from autograd import Value, jit
from autograd.structures import flatten, rebuild
from autograd.value import number

FOLDER = Path(__file__).parent / "golden"

Number = Any


def ramp(n: int, start: float = 0.0) -> list[float]:
    """n numbers between -1 and 1, without a pattern that a program could be folded by."""
    return [round(math.sin(1.7 * k + start), 3) for k in range(n)]


def grid(m: int, n: int, start: float = 0.0) -> list[list[float]]:
    """An m x n matrix of them."""
    return [ramp(n, start + 0.37 * i) for i in range(m)]


def leaves(tree: Any) -> Any:
    """The same numbers as Values."""
    numbers, structure = flatten(tree)
    return rebuild(structure, [Value(number(x)) for x in numbers])


class Golden(NamedTuple):
    """A function, the arguments of a call, those of a batch if there is one, and the Values that it captures."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    batch: tuple[Any, ...]
    captured: Sequence[Value]


CASES: dict[str, Golden] = {}


def golden(
    *arguments: Any, batch: tuple[Any, ...] = (), captured: Sequence[Value] = (), name: str = ""
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Take a function into the table, under its own name or another."""

    def taken(function: Callable[..., Any]) -> Callable[..., Any]:
        CASES[name or function.__name__] = Golden(function, arguments, batch, captured)
        return function

    return taken


# Matrix products and layers. ---------------------------------------------------------------------------------------

W, B = leaves(grid(3, 4)), leaves(ramp(3, 2.0))
W2, B2 = leaves(grid(2, 3, 1.0)), leaves(ramp(2, 4.0))
LAYER: list[Value] = [*flatten(W)[0], *B]  # type: ignore[list-item]
NET: list[Value] = [*LAYER, *flatten(W2)[0], *B2]  # type: ignore[list-item]
A, C = Value(0.7), Value(-0.4)
X4, Y1 = grid(5, 4, 0.5), ramp(5, 3.0)


@golden(grid(3, 4), ramp(4))
def matrix_times_vector(M: Any, v: Any) -> Any:
    """M v by dot."""
    return ag.matvec(M, v)


@golden(grid(3, 4), ramp(4))
def matrix_times_vector_by_comprehension(M: Any, v: Any) -> Any:
    """The same, written out."""
    return [sum(m * x for m, x in zip(row, v, strict=True)) for row in M]


@golden(grid(2, 3), grid(3, 4, 1.0))
def matrix_product(M: Any, N: Any) -> Any:
    """M N."""
    return ag.matmul(M, N)


@golden(grid(3, 4))
def gram_matrix(M: Any) -> Any:
    """The sum of M M^T."""
    return ag.sum([e for row in ag.matmul(M, ag.transpose(M)) for e in row])


@golden(ramp(3), grid(3, 3), ramp(3, 1.0))
def bilinear_form(u: Any, M: Any, v: Any) -> Any:
    """u^T M v."""
    return ag.dot(u, ag.matvec(M, v))


@golden(ramp(3), ramp(4, 1.0))
def outer_product(u: Any, v: Any) -> Any:
    """The largest element of u v^T, and their sum of squares."""
    elements = [e for row in ag.outer(u, v) for e in row]
    return ag.max(elements), ag.dot(elements, elements)


@golden(ramp(4), batch=(X4,), captured=LAYER)
def layer(x: Any) -> Any:
    """The sum of tanh(W x + b), W and b captured."""
    return ag.sum([ag.tanh(z) for z in ag.matvec(W, x, B)])


@golden(ramp(4), batch=(X4,), captured=NET)
def two_layers(x: Any) -> Any:
    """A sigmoid layer and a linear one."""
    hidden = [ag.sigmoid(z) for z in ag.matvec(W, x, B)]
    out = ag.matvec(W2, hidden, B2)
    return ag.dot(out, out)


@golden({"W": grid(3, 4), "b": ramp(3, 2.0)}, ramp(4))
def layer_of_given_parameters(p: Any, x: Any) -> Any:
    """A layer whose parameters are arguments."""
    return [ag.relu(ag.dot(row, x, bias)) for row, bias in zip(p["W"], p["b"], strict=True)]


@golden(ramp(4), 0.3, batch=(X4, Y1), captured=LAYER)
def residual(x: Any, y: Any) -> Any:
    """A captured layer beside a given target."""
    h = [ag.softplus(ag.dot(row, x, b)) for row, b in zip(W, B, strict=True)]
    return (ag.mean(h) + x[0] - y) ** 2


# Convolutions, gathers, segments. ----------------------------------------------------------------------------------


@golden(ramp(8), ramp(3, 1.0))
def convolution(x: Any, k: Any) -> Any:
    """One filter along a signal."""
    return [ag.dot(x[i : i + 3], k) for i in range(6)]


@golden(grid(4, 5), grid(2, 2, 1.0))
def convolution_in_two_dimensions(image: Any, k: Any) -> Any:
    """One filter over an image: im2col."""
    return [
        [ag.relu(ag.sum([image[i + a][j + b] * k[a][b] for a in range(2) for b in range(2)])) for j in range(4)]
        for i in range(3)
    ]


@golden(grid(4, 4))
def pooling(image: Any) -> Any:
    """The largest of each 2 x 2 block, and their mean."""
    return ag.mean([
        ag.max([image[i][j], image[i][j + 1], image[i + 1][j], image[i + 1][j + 1]])
        for i in (0, 2) for j in (0, 2)
    ])  # fmt: skip


@golden(ramp(6))
def gathered(x: Any) -> Any:
    """Elements chosen by a fixed table of numbers, some twice."""
    return ag.sum([ag.sin(x[i]) * x[j] for i, j in ((5, 0), (3, 3), (1, 4), (0, 2), (5, 5))])


@golden(grid(5, 3))
def selected_rows(table: Any) -> Any:
    """Rows of a matrix, one of them twice."""
    rows = [table[i] for i in (3, 0, 3)]
    return ag.sum([ag.tanh(ag.sum(row)) for row in rows])


@golden(ramp(9))
def segment_sums(x: Any) -> Any:
    """The sums of segments of one length."""
    return [ag.sum(x[3 * i : 3 * i + 3]) ** 2 for i in range(3)]


@golden([ramp(2), ramp(4, 1.0), ramp(3, 2.0)])
def ragged_rows(rows: Any) -> Any:
    """Rows of several lengths, reduced one by one."""
    return [ag.logsumexp(row) for row in rows]


@golden([ramp(1), ramp(2, 1.0), ramp(3, 2.0)], ramp(3, 3.0))
def ragged_products(rows: Any, v: Any) -> Any:
    """A triangle of products: row i sees the first i + 1 numbers."""
    return ag.sum([ag.dot(row, v[: len(row)]) for row in rows])


@golden(ramp(5))
def reversed_and_joined(x: Any) -> Any:
    """A signal beside its mirror image, and a constant between."""
    joined = [*x, 1.0, *x[::-1]]
    return ag.sum([ag.exp(-e * e) for e in joined])


@golden(ramp(5), 0.5)
def joined_kinds(x: Any, y: Any) -> Any:
    """A vector put together of results of several operations."""
    joined = [ag.sin(x[0]), ag.cos(x[1]), x[2] * y, y, x[3] - x[4]]
    return ag.dot(joined, [1.0, 2.0, 3.0, 4.0, 5.0])


@golden(ramp(6))
def finite_differences(x: Any) -> Any:
    """Neighbours' differences, squared: a smoothness."""
    return ag.sum([(b - a) ** 2 for a, b in itertools.pairwise(x)])


# Reductions and losses. --------------------------------------------------------------------------------------------


@golden(ramp(5), batch=(grid(4, 5),))
def sum_of_squares(x: Any) -> Any:
    """x . x."""
    return ag.dot(x, x)


@golden(ramp(5), batch=(grid(4, 5),))
def mean_and_variance(x: Any) -> Any:
    """The variance, about the mean."""
    mu = ag.mean(x)
    return ag.mean([(e - mu) ** 2 for e in x])


@golden(ramp(4), batch=(grid(3, 4),))
def extremes(x: Any) -> Any:
    """The range of a vector."""
    return ag.max(x) - ag.min(x)


@golden(ramp(4), batch=(grid(3, 4),))
def euclidean_length(x: Any) -> Any:
    """The norm."""
    return ag.norm(x)


@golden(ramp(4), [0.0, 1.0, 0.0, 0.0], batch=(grid(2, 4), [[0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]))
def softmax_loss(z: Any, target: Any) -> Any:
    """Cross-entropy of a softmax, by logsumexp."""
    return ag.logsumexp(z) - ag.dot(z, target)


@golden(ramp(4))
def softmax(z: Any) -> Any:
    """The vector itself."""
    return ag.softmax(z)


@golden(grid(3, 3), ramp(3))
def attention(keys: Any, query: Any) -> Any:
    """Rows weighted by the softmax of their products with a query."""
    weights = ag.softmax(ag.matvec(keys, query))
    return ag.matvec(ag.transpose(keys), weights)


@golden(ramp(3), 0.8, batch=(grid(4, 3), [0.0, 1.0, 1.0, 0.0]), captured=[A, C])
def logistic_regression(x: Any, y: Any) -> Any:
    """Binary cross-entropy of a captured weight and bias."""
    z = A * ag.sum(x) + C
    return ag.softplus(z) - y * z


@golden(0.4, batch=(ramp(6),), captured=[A, C])
def gaussian(x: Any) -> Any:
    """A negative log-likelihood, with a captured mean and log-deviation."""
    return ((x - A) / ag.exp(C)) ** 2 / 2.0 + C


@golden([0.3, -0.7], [[0.1, 0.2], [-0.5, 0.4], [1.0, -1.0]], [0.2, -0.1, 0.5])
def mixture(x: Any, means: Any, logits: Any) -> Any:
    """The log-density of a mixture of unit Gaussians."""
    whole = ag.logsumexp(logits)
    parts = [
        logit - whole - 0.5 * ag.sum([(a - b) ** 2 for a, b in zip(x, mean, strict=True)])
        for logit, mean in zip(logits, means, strict=True)
    ]
    return ag.logsumexp(parts)


@golden([1.2, -0.5, 0.8, 0.3, -1.1])
def rosenbrock(x: Any) -> Any:
    """The banana."""
    return ag.sum([(1.0 - a) ** 2 + 100.0 * (b - a * a) ** 2 for a, b in itertools.pairwise(x)])


# Loops. ------------------------------------------------------------------------------------------------------------


@golden(0.3, batch=(ramp(4),))
def recurrence(x: Any) -> Any:
    """x = sin(x) * 1.0001 + 0.1, 200 times."""
    for _ in range(200):
        x = ag.sin(x) * 1.0001 + 0.1
    return x


@golden(0.3, 3.2)
def logistic_map(x: Any, r: Any) -> Any:
    """x = r x (1 - x), 150 times, in its stable region."""
    for _ in range(150):
        x = r * x * (1.0 - x)
    return x


@golden(1.0, 1.0)
def fibonacci(a: Any, b: Any) -> Any:
    """Two lags, 120 times."""
    for _ in range(120):
        a, b = b, 0.5 * (a + b)
    return b


@golden(0.1, 0.2, 0.3)
def three_lags(a: Any, b: Any, c: Any) -> Any:
    """Three lags, with a function of one of them."""
    for _ in range(100):
        a, b, c = b, c, 0.3 * a - 0.2 * b + ag.tanh(c)
    return c


@golden(0.5, captured=[A, C])
def recurrence_of_captured_numbers(x: Any) -> Any:
    """A recurrence whose step is captured."""
    for _ in range(128):
        x = ag.tanh(A * x + C)
    return x


@golden(ramp(120))
def running_average(x: Any) -> Any:
    """A state that meets a new number in each step."""
    state = x[0]
    for e in x[1:]:
        state = 0.9 * state + 0.1 * e
    return state


@golden(2.0)
def square_root_by_newton(x: Any) -> Any:
    """A short loop, unrolled."""
    y = x
    for _ in range(5):
        y = 0.5 * (y + x / y)
    return y


@golden(ramp(3), captured=LAYER)
def state_of_a_vector(h: Any) -> Any:
    """A few steps of a recurrence of vectors."""
    for _ in range(3):
        h = [ag.tanh(ag.dot(row[:3], h, b)) for row, b in zip(W, B, strict=True)]
    return ag.sum(h)


# Several outputs, constants, captured and given. -------------------------------------------------------------------


@golden(0.5, 1.5)
def several_outputs(x: Any, y: Any) -> Any:
    """A dict of a number, a tuple and a list."""
    p = x * y
    return {"product": p, "pair": (ag.sin(p), x), "list": [y / x]}


@golden(ramp(3))
def constant_beside(x: Any) -> Any:
    """A result that is constant, and one that is an argument."""
    return [ag.constant(2.0), x[1], ag.sum(x)]


@golden(0.5, 0.5)
def equal_numbers(x: Any, y: Any) -> Any:
    """Arguments that are equal by accident, and a constant that is too."""
    return x * 0.5 + y * 0.5 + ag.exp(x) * ag.exp(y)


@golden(0.6, captured=[A, C])
def captured_and_given(x: Any) -> Any:
    """Captured numbers beside one that is given."""
    return A * x**2 + C * x + A / C


@golden(ramp(4))
def polynomial(x: Any) -> Any:
    """Horner's rule for each element."""
    return [((2.0 * e - 1.0) * e + 0.5) * e - 3.0 for e in x]


@golden(ramp(4))
def common_subexpressions(x: Any) -> Any:
    """What is written twice is computed once."""
    return ag.sum([ag.exp(e * e) + ag.sin(ag.exp(e * e)) for e in x])


# Branches and choices. ---------------------------------------------------------------------------------------------


@golden(0.7, batch=([0.7, -0.7, 1.4, -0.1],))
def branch(x: Any) -> Any:
    """An ``if`` on an argument."""
    if x > 0.0:
        return ag.log(x + 1.0)
    return x * x


@golden(0.7, -0.2, captured=[A])
def branches_on_what_is_captured(x: Any, y: Any) -> Any:
    """Two conditions, one of a captured number."""
    t = x * A if A > 0.5 else y
    return t + y if x >= y else t - y


@golden(ramp(5))
def where_of_comparisons(x: Any) -> Any:
    """``where``, which needs no branch."""
    return ag.sum([ag.where(e > 0.0, e * e, -e) for e in x])


@golden(ramp(5), batch=(grid(3, 5),))
def clipped(x: Any) -> Any:
    """clip, maximum and minimum."""
    return ag.sum([ag.clip(e, -0.5, 0.5) * ag.maximum(e, 0.1) - ag.minimum(e, 0.2) for e in x])


@golden(ramp(4))
def largest_by_python(x: Any) -> Any:
    """Python's max compares: guards."""
    return max(x) * 2.0


@golden(ramp(4))
def absolute_values(x: Any) -> Any:
    """abs, relu and leaky_relu."""
    return ag.sum([ag.abs(e) + ag.relu(e) * 2.0 + ag.leaky_relu(e, 0.1) for e in x])


# Rows with more than one operand, domains, rows of one's own. ------------------------------------------------------


@golden(ramp(4), ramp(4, 1.0))
def angles_and_distances(x: Any, y: Any) -> Any:
    """atan2 and hypot."""
    return ag.sum([ag.atan2(b, a) * ag.hypot(a, b) for a, b in zip(x, y, strict=True)])


@golden([0.5, 1.5, 2.5], [2.0, -1.0, 0.5])
def powers(x: Any, y: Any) -> Any:
    """Powers with variable and constant exponents."""
    return [a**b + a**3 + 2.0**b + a**-0.5 for a, b in zip(x, y, strict=True)]


@golden([0.2, 0.5, 0.9])
def inverse_functions(x: Any) -> Any:
    """asin, atanh, sqrt, log1p."""
    return ag.sum([ag.asin(e) + ag.atanh(e) + ag.sqrt(e) * ag.log1p(e) for e in x])


@golden([0.2, 0.5, -0.9])
def special_functions(x: Any) -> Any:
    """erf, gelu, silu, cbrt, expm1."""
    return ag.sum([ag.erf(e) + ag.gelu(e) * ag.silu(e) + ag.cbrt(e) * ag.expm1(e) for e in x])


@ag.primitive(lambda out, x, y: (2.0 * x * y, x * x))
def square_times(x: float, y: float) -> float:
    """A row of one's own."""
    return x * x * y


@golden(ramp(3), 0.7)
def primitive_of_ones_own(x: Any, y: Any) -> Any:
    """A row of one's own, over a vector."""
    return ag.sum([square_times(e, y) for e in x])


@golden([1.0, -2.0, 0.5], [0.5, 3.0, -1.5])
def quotients(x: Any, y: Any) -> Any:
    """Quotients of Values, by and of constants."""
    return [a / b + 1.0 / a - b / 3.0 for a, b in zip(x, y, strict=True)]


# Derivatives, jitted. ----------------------------------------------------------------------------------------------

golden([1.2, -0.5, 0.8], name="gradient_of_rosenbrock")(ag.grad(rosenbrock))
golden(ramp(3), name="gradient_of_a_softmax_loss")(ag.grad(lambda z: ag.logsumexp(z) - z[1]))
golden(0.4, name="second_derivative")(ag.grad(ag.grad(lambda x: ag.tanh(x) * ag.exp(x))))
golden(ramp(2), name="hessian_of_a_product")(ag.hessian(lambda x: ag.sin(x[0]) * x[1] ** 3))


# Networks. ---------------------------------------------------------------------------------------------------------


def network(name: str, loss: Any, activation: str, sizes: list[int], y: Any, Y: Any) -> None:
    """A network of nn with a loss, for a call and a batch."""
    model = nn.MLP(3, sizes, activation=activation, rng=random.Random(5))

    def cost(x: Any, y: Any) -> Any:
        return loss(model(x), y)

    golden(ramp(3), y, batch=(grid(4, 3), Y), captured=model.parameters(), name=name)(cost)


ONE_HOT = [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
network("network_tanh_quadratic", nn.quadratic, "tanh", [4, 2], [0.5, -0.5], grid(4, 2))
network("network_relu_cross_entropy", nn.cross_entropy, "relu", [4, 2], [0.0, 1.0], ONE_HOT)
network("network_sigmoid_mse", nn.mse, "sigmoid", [3, 2, 2], [0.1, 0.9], ONE_HOT)
network("network_gelu_hinge", nn.hinge, "gelu", [4, 1], 1.0, [1.0, -1.0, 1.0, -1.0])
network("network_silu_binary_cross_entropy", nn.binary_cross_entropy, "silu", [3, 1], 0.25, [0.0, 1.0, 0.5, 1.0])
network("network_softplus_quadratic", nn.quadratic, "softplus", [2, 2], [0.5, 0.5], ONE_HOT)


# The test. ---------------------------------------------------------------------------------------------------------


def block(title: str, source: str, numbers: dict[str, Sequence[float]]) -> str:
    """A program and what it computed, as text: numbers in lines that begin with =."""
    lines = [f"= {name}: {' '.join([f'{x:.12g}' for x in row])}" for name, row in numbers.items()]
    return "\n".join([f"# {title}", source.rstrip(), *lines, ""])


def computed(f: Callable[..., Any], case: Golden) -> dict[str, Sequence[float]]:
    """The results for Values as arguments, and the gradients of their sum."""
    trees = [leaves(tree) for tree in case.arguments]
    outputs = [ag.constant(x) if not isinstance(x, Value) else x for x in flatten(f(*trees))[0]]
    total = ag.sum(outputs)
    found: dict[str, Sequence[float]] = {"result": [x.data for x in outputs]}
    for k, tree in enumerate(trees):
        found[f"gradient by argument {k}"] = ag.gradients(total, flatten(tree)[0])  # type: ignore[arg-type]
    if case.captured:
        found["gradient by what is captured"] = ag.gradients(total, case.captured)
    return found


def averaged(mean: Value | float, case: Golden) -> dict[str, Sequence[float]]:
    """The mean over a batch, and its gradient by what is captured."""
    node = mean if isinstance(mean, Value) else ag.constant(mean)
    found: dict[str, Sequence[float]] = {"mean": [node.data]}
    if case.captured:
        found["gradient by what is captured"] = ag.gradients(node, case.captured)
    return found


def assert_close(found: dict[str, Sequence[float]], expected: dict[str, Sequence[float]]) -> None:
    """Equal to 1e-9 of the largest of each row."""
    assert found.keys() == expected.keys()
    for name, row in expected.items():
        size = max([1e-3, *map(abs, row)])
        assert found[name] == pytest.approx(row, rel=1e-9, abs=1e-9 * size), name


def parted(text: str) -> tuple[str, dict[str, Sequence[float]]]:
    """A file's text without its numbers, and the numbers; those of the batch under names of their own."""
    numbers: dict[str, Sequence[float]] = {}
    kept = []
    title = ""
    for line in text.splitlines():
        if line.startswith("# "):
            title = line[2:]
        found = re.fullmatch(r"= ([^:]*): ?(.*)", line)
        if found:
            numbers[f"{title}: {found[1]}"] = [float(x) for x in found[2].split()]
            kept.append(f"= {found[1]}")
        else:
            kept.append(line)
    return "\n".join(kept), numbers


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, pytestconfig: pytest.Config) -> None:
    """The program is the one of the file, to the character, and its numbers are those of the file and of eager code."""
    case = CASES[name]
    fast = jit(case.function)
    found = computed(fast, case)
    assert_close(found, computed(case.function, case))
    text = block("call", fast.source, found)
    if case.batch:
        over = averaged(fast.mean(*case.batch), case)
        assert_close(over, averaged(ag.mean([case.function(*row) for row in zip(*case.batch, strict=True)]), case))
        text += "\n" + block("mean", fast.source, over)
    file = FOLDER / f"{name}.txt"
    if pytestconfig.getoption("--golden-update"):
        file.write_text(text, encoding="utf-8")
    (now, numbers), (then, kept) = parted(text), parted(file.read_text(encoding="utf-8"))
    assert now == then
    assert_close(numbers, kept)


def test_every_file_has_a_function() -> None:
    """There is a file for each function, a function for each file, and they are at least sixty."""
    assert {file.stem for file in FOLDER.glob("*.txt")} == set(CASES)
    assert len(CASES) >= 60
