"""Derivatives of derivatives: every row to order 4 against mpmath, corners, and what a derivative graph consists of.

A gradient with ``create_graph=True`` is a graph like any other. It must hold the right numbers, to any order; it must
answer at the corners as the float sweep does; and it must have no node that the chain rule does not ask for.
"""

from __future__ import annotations

import itertools
import math
import operator
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from oracle import ORACLE, mp
from test_conventions import PROMISES
from test_rules import exact_arguments, exact_value, points

import autograd as ag
from autograd import Value, grad, gradients, graph, hessian, jacobian, jvp, rules
from autograd.functions import apply
from autograd.rules import TABLE, Rule

INF, NAN = math.inf, math.nan
DIGITS = 60
BOUND = {1: 1e-14, 2: 5e-14, 3: 2e-13, 4: 5e-13}  # by order, relative to the scale

Function = Callable[..., Any]
Point = tuple[float, ...]

each_row = pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.symbol)


# --- Helpers --------------------------------------------------------------------------------------------

ORDINARY: dict[int, list[Point]] = {
    1: [(x,) for x in (-2.75, -1.25, -0.6, -0.3, 0.2, 0.45, 0.8, 1.4, 2.75, 5.75)],
    2: [(0.3, 1.7), (1.7, 0.3), (2.25, -0.6), (-1.4, 0.8), (-0.6, -2.5), (0.7, 0.45)],
    3: [(0.3, -0.7, 1.9), (-1.5, -0.4, 0.9), (2.5, -0.4, 0.9), (0.3, 0.5, 0.1), (1.2, 0.4, 2.3)],
    5: [(0.3, -0.7, 1.9, 0.4, -1.2), (0.3, -0.7, 1.9, 0.4)],  # dot of two pairs, with and without a bias
}


def ordinary(rule: Rule) -> list[Point]:
    """Points of ordinary size in the domain of the row, with no kink and no end of the domain at any of them."""
    count = {"sequence": 3, "pairs": 5}.get(rule.layout) or len(rule.operand_names)
    row: Any = ORACLE[rule.symbol]
    found: list[Point] = []
    for point in ORDINARY[count]:
        arguments = exact_arguments(rule, point)
        if exact_value(row, arguments) is not None and all(map(mp.isfinite, row.partials(*arguments))):
            found.append(point)
    return found


def exact_derivative(rule: Rule, point: Point, counts: Sequence[int]) -> Any:
    """The derivative of the oracle's value, so many times by each operand, to 60 digits."""
    row = ORACLE[rule.symbol]

    def value(*operands: Any) -> Any:
        """The oracle's value of flat operands."""
        return row.value(*[list(x) if isinstance(x, tuple) else x for x in rule.arguments(operands)])

    with mp.workdps(DIGITS):
        return mp.diff(value, tuple(map(mp.mpf, point)), tuple(counts))


def tensors(function: Function, point: Point, order: int) -> Iterator[tuple[int, dict[tuple[int, ...], Value]]]:
    """All derivatives of order 1, 2, ...: by operand i, then by operand j, ... under the key (i, j, ...)."""
    leaves = [Value(x) for x in point]
    level: dict[tuple[int, ...], Value] = {(): function(*leaves)}
    for n in range(1, order + 1):
        level = {
            (*key, i): derivative
            for key, node in level.items()
            for i, derivative in enumerate(gradients(node, leaves, create_graph=True))
        }
        yield n, level


def alike(x: float, y: float) -> bool:
    """Equal up to a few roundings; nan is like nan, and an infinity like itself."""
    return (math.isnan(x) and math.isnan(y)) or x == y or math.isclose(x, y, rel_tol=1e-12)


def backward(function: Function, operands: Sequence[float]) -> list[float]:
    """The gradient that ``backward`` fills in."""
    leaves = [Value(x) for x in operands]
    function(*leaves).backward()
    return [leaf.grad for leaf in leaves]


def by_gradients(function: Function, operands: Sequence[float], create_graph: bool = False) -> list[float]:
    """The gradient by the function ``gradients``."""
    leaves = [Value(x) for x in operands]
    found = gradients(function(*leaves), leaves, create_graph=create_graph)
    return [x.data if create_graph else x for x in found]


def by_graph(function: Function, operands: Sequence[float]) -> list[float]:
    """The gradient as a derivative graph."""
    return by_gradients(function, operands, create_graph=True)


def by_jvp(function: Function, operands: Sequence[float]) -> list[float]:
    """The gradient from forward sweeps, one for each operand, the others being constants."""
    return [
        jvp(lambda x, i=i: function(*operands[:i], x, *operands[i + 1 :]), (x,), (1.0,))[1]
        for i, x in enumerate(operands)
    ]


def by_jvp_graph(function: Function, operands: Sequence[float]) -> list[float]:
    """The same on Values, so that the tangents are graphs."""
    return [
        jvp(lambda x, i=i: function(*operands[:i], x, *operands[i + 1 :]), (Value(x),), (1.0,))[1].item()
        for i, x in enumerate(operands)
    ]


SWEEPS = [backward, by_gradients, by_graph, by_jvp, by_jvp_graph]
each_sweep = pytest.mark.parametrize("sweep", SWEEPS, ids=lambda sweep: sweep.__name__)


# --- Orders one to four ---------------------------------------------------------------------------------


@each_row
def test_orders_one_to_four(rule: Rule) -> None:
    """Every derivative up to order 4, mixed ones in every order of the operands, is the one that mpmath finds.

    The error is relative to the scale: the largest of the derivatives of order 1 to n at the point, by whichever
    operands. A derivative of order n is a sum of products in which those of lower order stand; where it is small
    because they cancel (sin'' near 0), their size is the size of the rounding. At ordinary points, where x is of the
    size of 1, powers of x need not be counted with them.
    """
    assert ordinary(rule)
    for point in ordinary(rule):
        exact: dict[tuple[int, ...], Any] = {}
        scale = mp.zero
        for order, level in tensors(lambda *operands: apply(rule, operands), point, 4):
            counted = {key: tuple(Counter(key)[i] for i in range(len(point))) for key in level}
            for counts in counted.values():
                if counts not in exact:
                    exact[counts] = exact_derivative(rule, point, counts)
                    scale = max(scale, abs(exact[counts]))
            for key, derivative in level.items():
                right = exact[counted[key]]
                assert abs(derivative.data - right) <= BOUND[order] * scale, (
                    f"{rule.symbol} at {point}, by operands {key}: expected {mp.nstr(right, 20)}, got {derivative.data}"
                )


def test_the_bounds_would_see_a_wrong_digit() -> None:
    """The comparison is strict: a rule that is off by 1e-12 fails at every order."""
    wrong = Rule("exp", lambda x: math.exp(x), lambda out, x: ((1.0 + 1e-12) * out,))
    for order, level in tensors(lambda x: apply(wrong, (x,)), (0.8,), 4):
        exact = exact_derivative(rules.EXP, (0.8,), (order,))
        assert all(abs(x.data - exact) > BOUND[order] * exact for x in level.values())


@each_row
def test_derivative_graphs_exist_wherever_there_is_a_value(rule: Rule) -> None:
    """At every point of the accuracy tests, huge, tiny and saturated, a graph says what the stored partials say.

    And it can be differentiated again: after a forward that succeeded no derivative raises, of whatever order.
    """
    for point in itertools.islice(points(rule), 0, None, 3):
        if len(point) > 12:
            continue
        leaves = [Value(x) for x in point]
        try:
            out = apply(rule, leaves)
        except (ArithmeticError, ValueError):
            continue
        for gradient, stored in zip(gradients(out, leaves, create_graph=True), out.partials, strict=True):
            assert math.isclose(gradient.data, stored, rel_tol=1e-12, abs_tol=1e-15) or alike(gradient.data, stored)
        for gradient in gradients(out, leaves, create_graph=True)[:2]:
            for second in gradients(gradient, leaves, create_graph=True)[:2]:
                gradients(second, leaves, create_graph=True)


def test_gelu_at_its_minimum() -> None:
    """Where a slope is zero because its two terms cancel, their rounding is not taken for changed data."""
    x = -0.7517915246935650
    for _ in range(20):
        x = math.nextafter(x, 0.0)
        assert abs(grad(ag.gelu)(x)) < 1e-15
        density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        assert grad(grad(ag.gelu))(x) == pytest.approx(density * (2 - x * x), rel=1e-14)


# --- The corners ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "x", "orders"),
    [
        pytest.param(abs, 0.0, (0.0, 0.0, 0.0), id="abs at 0"),
        pytest.param(ag.relu, 0.0, (0.0, 0.0, 0.0), id="relu at 0"),
        pytest.param(ag.relu, 1.5, (1.0, 0.0, 0.0), id="relu at 1.5"),
        pytest.param(ag.leaky_relu, 0.0, (0.01, 0.0, 0.0), id="leaky_relu at 0"),
        pytest.param(ag.elu, 0.0, (1.0, 1.0, 1.0), id="elu at 0"),
        pytest.param(ag.elu, 1.5, (1.0, 0.0, 0.0), id="elu at 1.5"),
        pytest.param(lambda x: ag.elu(x, 2.0), 0.0, (2.0, 2.0, 2.0), id="elu with alpha = 2 at 0"),
        pytest.param(lambda x: ag.maximum(x, 0.0), 0.0, (0.5, 0.0, 0.0), id="maximum(x, 0) at 0"),
        pytest.param(lambda x: ag.maximum(x, -x), 0.0, (0.0, 0.0, 0.0), id="maximum(x, -x) at 0"),
        pytest.param(lambda x: ag.clip(x, 0.0, 1.0), 1.0, (1.0, 0.0, 0.0), id="clip at a bound"),
        pytest.param(ag.round, 0.3, (0.0, 0.0, 0.0), id="round"),
        pytest.param(lambda x: x**0, 0.0, (0.0, 0.0, 0.0), id="x**0 at 0"),
        pytest.param(lambda x: x**1, 0.0, (1.0, 0.0, 0.0), id="x**1 at 0"),
        pytest.param(lambda x: x**2, 0.0, (0.0, 2.0, 0.0), id="x**2 at 0"),
        pytest.param(lambda x: x**3, 0.0, (0.0, 0.0, 6.0), id="x**3 at 0"),
        pytest.param(lambda x: x**3.0, -2.0, (12.0, -12.0, 6.0), id="x**3.0 at -2"),
        pytest.param(lambda x: x**-1, -2.0, (-0.25, -0.25, -0.375), id="x**-1 at -2"),
        pytest.param(lambda x: x * x, 0.0, (0.0, 2.0, 0.0), id="x*x at 0"),
        pytest.param(lambda x: 0.0**x, 2.0, (0.0, 0.0, 0.0), id="0**x at 2"),
        pytest.param(lambda x: ag.where(x > 0, ag.sqrt(x), 0.0), 0.0, (0.0, 0.0, 0.0), id="where, on the flat side"),
        pytest.param(lambda x: ag.where(x > 0, x**3, -x), 2.0, (12.0, 12.0, 6.0), id="where, on the cubic side"),
        pytest.param(lambda x: ag.hypot(x, 0.0), 0.0, (0.0, 0.0, 0.0), id="hypot at the origin"),
        pytest.param(lambda x: ag.max(x, 2.0, -x), 3.0, (1.0, 0.0, 0.0), id="max of a sequence"),
    ],
)
def test_conventions_at_kinks_hold_in_every_order(function: Function, x: float, orders: Sequence[float]) -> None:
    """A convention chooses one side, and the derivatives of all orders are those of the chosen side."""
    derivative = function
    for expected in orders:
        derivative = grad(derivative)
        assert derivative(x) == expected


@pytest.mark.parametrize(
    ("function", "x", "first", "second"),
    [
        pytest.param(ag.sqrt, 0.0, INF, -INF, id="sqrt at 0"),
        pytest.param(ag.sqrt, -0.0, INF, -INF, id="sqrt at -0"),
        pytest.param(lambda x: x**0.5, 0.0, INF, -INF, id="x**0.5 at 0"),
        pytest.param(lambda x: x**1.5, 0.0, 0.0, INF, id="x**1.5 at 0"),
        pytest.param(ag.asin, 1.0, INF, NAN, id="asin at 1"),
        pytest.param(ag.acos, 1.0, -INF, NAN, id="acos at 1"),
        pytest.param(ag.acosh, 1.0, INF, -INF, id="acosh at 1"),
        pytest.param(ag.cbrt, 0.0, INF, NAN, id="cbrt at 0"),
        pytest.param(lambda x: ag.sqrt(x * x), 0.0, NAN, NAN, id="sqrt(x*x) at 0"),
    ],
)
def test_ends_of_a_domain(function: Function, x: float, first: float, second: float) -> None:
    """Where a slope is infinite the next derivative is infinite or nan: never a number, and never an exception."""
    assert alike(grad(function)(x), first)
    assert alike(grad(grad(function))(x), second)
    third = grad(grad(grad(function)))(x)
    assert not math.isfinite(third)


def test_power_hessian_at_2_0() -> None:
    """The Hessian of x**y at (2, 0) has the logarithm in one place, and is symmetric."""
    square = math.log(2.0) ** 2
    assert square == pytest.approx(0.48045301391820142, rel=1e-15)
    assert hessian(lambda x, y: x**y, argnums=(0, 1))(2.0, 0.0) == ((0.0, 0.5), (0.5, square))
    assert hessian(lambda p: p[0] ** p[1])([2.0, 0.0]) == [[0.0, 0.5], [0.5, square]]


def test_power_of_a_negative_number() -> None:
    """(-2)**y exists at whole y only: what is differentiated by y is nan, the rest as usual."""
    found = hessian(lambda p: p[0] ** p[1])([-2.0, 3.0])
    assert found[0][0] == -12.0
    assert all(map(math.isnan, (found[0][1], found[1][0], found[1][1])))


@pytest.mark.parametrize(
    ("function", "point", "expected"),
    [
        pytest.param(ag.leaky_relu, (-1.0, 0.0), [[0.0, 1.0], [1.0, 0.0]], id="leaky_relu, slope 0"),
        pytest.param(ag.leaky_relu, (0.0, 0.1), [[0.0, 1.0], [1.0, 0.0]], id="leaky_relu at 0"),
        pytest.param(ag.leaky_relu, (1.0, 0.1), [[0.0, 0.0], [0.0, 0.0]], id="leaky_relu at 1"),
        pytest.param(ag.elu, (-1.0, 0.0), [[0.0, math.exp(-1)], [math.exp(-1), 0.0]], id="elu, alpha 0"),
        pytest.param(ag.elu, (0.0, 1.0), [[1.0, 1.0], [1.0, 0.0]], id="elu at 0"),
        pytest.param(ag.elu, (1.0, 1.0), [[0.0, 0.0], [0.0, 0.0]], id="elu at 1"),
    ],
)
def test_a_slope_that_is_zero_may_still_be_learned(function: Function, point: Point, expected: Any) -> None:
    """A partial that is 0.0 here but varies (the slope of a learned leaky_relu) is not taken for a dropped operand."""
    assert hessian(lambda p: function(*p))(list(point)) == expected
    x, parameter = point

    def along(parameter: Any) -> Any:
        """The derivative by x, from a forward sweep."""
        return jvp(lambda x: function(x, parameter), (x,), (1.0,))[1]

    assert grad(along)(parameter) == expected[0][1]


# What selects drops the operand; what lies behind is infinite or nan at v = 0.
BEHIND = {
    "relu(sqrt(v) - 1)": lambda v: ag.relu(ag.sqrt(v) - 1),
    "relu(-sqrt(v))": lambda v: ag.relu(-ag.sqrt(v)),
    "maximum(sqrt(v), 2)": lambda v: ag.maximum(ag.sqrt(v), 2.0),
    "minimum(sqrt(v), -2)": lambda v: ag.minimum(ag.sqrt(v), -2.0),
    "clip(sqrt(v) + 3, 0, 1)": lambda v: ag.clip(ag.sqrt(v) + 3, 0.0, 1.0),
    "max(sqrt(v), 1, 2)": lambda v: ag.max(ag.sqrt(v), 1.0, 2.0),
    "min(sqrt(v), -1)": lambda v: ag.min(ag.sqrt(v), -1.0),
    "round(sqrt(v))": lambda v: ag.round(ag.sqrt(v)),
    "where(v > 0, sqrt(v), 1)": lambda v: ag.where(v > 0, ag.sqrt(v), 1.0),
    "elu(1, sqrt(v))": lambda v: ag.elu(1.0, ag.sqrt(v)),
    "leaky_relu(1, sqrt(v))": lambda v: ag.leaky_relu(1.0, ag.sqrt(v)),
    "leaky_relu(sqrt(v) - 1, 0)": lambda v: ag.leaky_relu(ag.sqrt(v) - 1, 0.0),
    "sqrt(relu(v - 1))": lambda v: ag.sqrt(ag.relu(v - 1)),
    "relu(v - 1)**0.5": lambda v: ag.relu(v - 1) ** 0.5,
    "cbrt(clip(v, 1, 2) - 1)": lambda v: ag.cbrt(ag.clip(v, 1.0, 2.0) - 1),
    "asin(minimum(v, -1))": lambda v: ag.asin(ag.minimum(v, -1.0)),
    "relu(sqrt(v) - 1) * v": lambda v: ag.relu(ag.sqrt(v) - 1) * v,
}


@each_sweep
@pytest.mark.parametrize("function", BEHIND.values(), ids=BEHIND)
def test_an_edge_that_selects_carries_nothing(function: Function, sweep: Function) -> None:
    """An infinite slope behind an operand that was dropped does not poison the gradient, in any sweep."""
    assert sweep(function, [0.0]) == [0.0]


@pytest.mark.parametrize("function", BEHIND.values(), ids=BEHIND)
def test_nor_does_it_in_the_second_order(function: Function) -> None:
    """Nor the derivatives of the gradient, by either sweep."""
    assert grad(grad(function))(0.0) == 0.0
    assert jvp(grad(function), (0.0,), (1.0,)) == (0.0, 0.0)
    assert grad(lambda v: jvp(function, (v,), (1.0,))[1])(0.0) == 0.0


@each_sweep
def test_other_edges_do_carry_zero_times_infinity(sweep: Function) -> None:
    """Only selecting rules drop operands: a product with 0 multiplies, and is nan."""
    assert math.isnan(sweep(lambda v: 0.0 * ag.sqrt(v), [0.0])[0])
    assert math.isnan(sweep(lambda v: ag.sqrt(v * v), [0.0])[0])


@pytest.mark.parametrize("sweep", SWEEPS[:3], ids=lambda sweep: sweep.__name__)
def test_one_of_several_edges_may_carry_zero_times_infinity(sweep: Function) -> None:
    """Beside others, too, in the backward sweeps; forward, 0 v + v is added up before sqrt makes it infinite."""
    assert math.isnan(sweep(lambda v: ag.sqrt(0.0 * v + v), [0.0])[0])


@each_sweep
def test_nor_does_an_edge_whose_slope_is_learned(sweep: Function) -> None:
    """A slope of leaky_relu that is 0 stops what is infinite, though it may vary; its own derivative is infinite."""
    assert sweep(lambda v, slope: ag.sqrt(ag.leaky_relu(v - 1.0, slope)), [0.0, 0.0]) == [0.0, -INF]


def test_what_was_made_as_ieee_has_it_is_differentiated_so() -> None:
    """A division by the constant 0, which `ieee` allows, has an infinite slope as a graph too."""
    x = Value(2.0)
    with ag.ieee():
        out = x / 0.0
    assert gradients(out, [x]) == [INF]
    assert [g.data for g in gradients(out, [x], create_graph=True)] == [INF]


@each_sweep
@pytest.mark.parametrize(("function", "operands", "out", "gradient"), PROMISES)
def test_every_promise_about_a_gradient_holds_in_every_sweep(
    function: Function, operands: Sequence[float], out: float, gradient: Sequence[float], sweep: Function
) -> None:
    """What CONVENTIONS says of a gradient is true of backward, of derivative graphs and of forward sweeps alike."""
    del out
    got = sweep(function, operands)
    assert all(itertools.starmap(alike, zip(got, gradient, strict=True))), f"expected {gradient}, got {got}"


# --- Second and third order -----------------------------------------------------------------------------

SMOOTH = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda x, y: x / (2.0 + y * y),
    "**": lambda x, y: (1.5 + x * x) ** y,
    "atan2": lambda x, y: ag.atan2(x, 2.0 + y * y),
    "hypot": lambda x, y: ag.hypot(x, y, 1.0),
    "logsumexp": lambda x, y: ag.logsumexp(x, y, 0.5),
    "dot": lambda x, y: ag.dot([x, y], [y, 0.5], x),
    "tanh": lambda x, y: ag.tanh(x - y),
    "sin": lambda x, y: ag.sin(x * y),
    "gelu": lambda x, y: ag.gelu(x) * y,
    "softplus": lambda x, y: ag.softplus(x + 2.0 * y),
    "exp": lambda x, y: ag.exp(-x * x) * y,
}


def random_function(rng: random.Random, count: int, size: int) -> Function:
    """A composition of ``size`` smooth operations on ``count`` numbers, each on a late result and on any."""
    plan: list[tuple[Function, int, int]] = [
        (rng.choice(list(SMOOTH.values())), rng.randrange(max(0, k - 3), k), rng.randrange(k))
        for k in range(count, count + size)
    ]

    def function(x: Sequence[Any]) -> Any:
        """The composition; the result stays of the size of 1."""
        results = list(x)
        for operation, i, j in plan:
            results.append(0.5 * operation(results[i], results[j]))
        return results[-1] + ag.tanh(results[-2])

    return function


def test_hessians_are_symmetric() -> None:
    """H[i][j] and H[j][i] come from different sweeps, and agree to 4 units in the last place of the largest entry."""
    rng = random.Random(1)
    for _ in range(150):
        n = rng.randint(2, 5)
        found = hessian(random_function(rng, n, rng.randint(3, 12)))([rng.uniform(-1.5, 1.5) for _ in range(n)])
        largest = max(abs(x) for row in found for x in row)
        for i, j in itertools.combinations(range(n), 2):
            assert abs(found[i][j] - found[j][i]) <= 4.0 * math.ulp(largest)


@pytest.mark.parametrize("x", [-3.0, -0.5, 0.0, 0.25, 1.0, 4.0, 12.0])
def test_third_derivative_of_tanh(x: float) -> None:
    """grad(grad(grad(tanh))) is (6 tanh(x)**2 - 2) sech(x)**2: at 0 it is -2, and it is right in saturation."""
    with mp.workdps(DIGITS):
        t = mp.tanh(x)
        exact = (6 * t * t - 2) * mp.sech(x) ** 2
    assert abs(grad(grad(grad(ag.tanh)))(x) - exact) <= 1e-13 * abs(exact)


@pytest.mark.parametrize(
    "x", [0.0, 1e-300, 1e-9, -1e-3, 0.1, -0.3, 0.4999, 0.5, -0.51, 0.75, 1.0, 1.4302966531242, 2.5, -7.25]
)
def test_derivatives_of_sinc(x: float) -> None:
    """Orders 1 to 3 on both sides of where its series ends, at 0, where its formula is 0 / 0, and at a minimum."""
    derivative: Function = ag.sinc
    scale = mp.one
    for order in (1, 2, 3):
        derivative = grad(derivative)
        exact = derivative_of_sinc(x, order)
        scale = max(scale, abs(exact))
        assert abs(derivative(x) - exact) <= 1e-13 * (abs(exact) if abs(x) < 0.4 else scale) + 1e-50, order


def derivative_of_sinc(x: float, order: int) -> Any:
    """Under the integral sign: sinc(x) is that of cos(pi x t) over t from 0 to 1."""
    with mp.workdps(DIGITS):
        return mp.quad(lambda t: (mp.pi * t) ** order * mp.cos(mp.pi * x * t + order * mp.pi / 2), [0, 1])


@pytest.mark.parametrize("name", ["log_sigmoid", "softsign", "logaddexp", "xlogy"])
def test_third_derivatives_far_out(name: str) -> None:
    """Where they are small their digits are right: relative to the derivative itself, not to the largest."""
    points = {"logaddexp": [(30.0, -3.0), (-3.0, 30.0), (0.5, 0.25)], "xlogy": [(0.0, 2.0), (3.0, 1e-5), (2.0, 1e5)]}
    rule = next(rule for rule in TABLE if rule.symbol == name)
    for point in points.get(name, [(-30.0,), (-0.3,), (0.3,), (25.0,)]):
        for order, level in tensors(lambda *operands: apply(rule, operands), point, 3):
            for key, derivative in level.items():
                exact = exact_derivative(rule, point, [Counter(key)[i] for i in range(len(point))])
                if abs(exact) > 1e-30:
                    assert abs(derivative.data - exact) <= 1e-12 * abs(exact), (point, order, key)


def rosenbrock(x: Sequence[Any]) -> Any:
    """The sum of 100 (x[i+1] - x[i]**2)**2 + (1 - x[i])**2."""
    return ag.sum([100.0 * (after - before**2) ** 2 + (1.0 - before) ** 2 for before, after in itertools.pairwise(x)])


def test_hessian_of_rosenbrock() -> None:
    """Its tridiagonal matrix, and at the minimum in the plane the textbook's [[802, -400], [-400, 200]]."""
    assert hessian(rosenbrock)([1.0, 1.0]) == [[802.0, -400.0], [-400.0, 200.0]]
    x = [-1.2, 1.0, 0.7, 2.25]
    exact = [[mp.zero] * 4 for _ in x]
    for i, (before, after) in enumerate(itertools.pairwise(map(mp.mpf, x))):
        exact[i][i] += 1200 * before**2 - 400 * after + 2
        exact[i + 1][i + 1] += 200
        exact[i][i + 1] = exact[i + 1][i] = -400 * before
    found = hessian(rosenbrock)(x)
    for i, j in itertools.product(range(4), repeat=2):
        assert abs(found[i][j] - exact[i][j]) <= 1e-13 * abs(exact[i][j])


def network(w: Sequence[Any], x: Any, tanh: Function = ag.tanh) -> Any:
    """Two layers, three neurons: tanh(w4 tanh(w0 x + w1) + w5 tanh(w2 x + w3) + w6)."""
    return tanh(w[4] * tanh(w[0] * x + w[1]) + w[5] * tanh(w[2] * x + w[3]) + w[6])


def test_mixed_third_derivatives_of_a_network() -> None:
    """By a weight, a weight and the input: every one of them as mpmath has it."""
    w, x = [0.7, -0.3, -1.1, 0.4, 0.9, -0.6, 0.2], 0.8
    third = jacobian(hessian(network), argnums=1)(w, x)
    largest = max(abs(z) for row in third for z in row)
    for i, j in itertools.product(range(7), repeat=2):
        counts = [(k == i) + (k == j) for k in range(7)] + [1]
        with mp.workdps(DIGITS):
            exact = mp.diff(lambda *p: network(p[:7], p[7], mp.tanh), tuple(map(mp.mpf, [*w, x])), tuple(counts))
        assert abs(third[i][j] - exact) <= 1e-13 * largest


def test_the_order_of_differentiation_does_not_matter() -> None:
    """Weight, weight, input in any order: the same third derivatives."""
    w, x = [0.7, -0.3, -1.1, 0.4, 0.9, -0.6, 0.2], 0.8
    last = jacobian(hessian(network), argnums=1)(w, x)
    first = hessian(lambda w, x: grad(network, argnums=1)(w, x))(w, x)
    middle = jacobian(lambda w, x: grad(lambda x: grad(network)(w, x)[4])(x))(w, x)
    for i, j in itertools.product(range(7), repeat=2):
        assert last[i][j] == pytest.approx(first[i][j], rel=1e-12, abs=1e-15)
    assert middle == pytest.approx(last[4], rel=1e-12, abs=1e-15)


# --- Random graphs --------------------------------------------------------------------------------------

# Rows of the table that are smooth where the operands are as prepared: two results of earlier nodes become operands
# inside the domain, of the size of 1. Each preparation is arithmetic that floats and mpmath's numbers share.
PREPARED: dict[str, Function] = {
    "log": lambda x, y: (x * x + 0.5,),
    "log1p": lambda x, y: (x * x,),
    "log2": lambda x, y: (x * x + 0.5,),
    "log10": lambda x, y: (x * x + 0.5,),
    "sqrt": lambda x, y: (x * x + 0.5,),
    "cbrt": lambda x, y: (x * x + 0.5,),
    "asin": lambda x, y: (x / (x * x + 2.0),),
    "acos": lambda x, y: (x / (x * x + 2.0),),
    "acosh": lambda x, y: (x * x + 1.5,),
    "atanh": lambda x, y: (x / (x * x + 2.0),),
    "tan": lambda x, y: (x / (x * x + 1.0),),
    "/": lambda x, y: (x, y * y + 0.5),
    "**": lambda x, y: (x * x + 0.5, y),
    "xlogy": lambda x, y: (x, y * y + 0.5),
    "atan2": lambda x, y: (x, y * y + 0.5),
}
MIXED = [rule for rule in TABLE if rule not in {rules.ABS, rules.MOD} and not rule.selecting]


def operands_for(rule: Rule, x: Any, y: Any) -> tuple[Any, ...]:
    """Operands for a row, made of two numbers."""
    if rule.symbol in PREPARED:
        return PREPARED[rule.symbol](x, y)  # type: ignore[no-any-return]
    count = {"sequence": 3, "pairs": 5}.get(rule.layout) or len(rule.operand_names)
    return (x, y, x * y, y, x)[:count]


class Dual:
    """A number at 50 digits with its derivatives by the leaves: forward accumulation, in mpmath alone.

    ``paths`` and ``lengths`` are, for each leaf, the sums over all paths from it of |the product of the partials| and
    of that product times the number of its edges.
    """

    def __init__(self, value: Any, tangents: list[Any], paths: list[Any], lengths: list[Any]) -> None:
        self.value, self.tangents, self.paths, self.lengths = value, tangents, paths, lengths

    @staticmethod
    def of(value: Any, partials: Sequence[Any], operands: Sequence[Any]) -> Dual:
        """The result of an operation."""
        edges = [(mp.mpf(d), x) for d, x in zip(partials, operands, strict=True) if isinstance(x, Dual)]
        n = range(len(edges[0][1].tangents))
        return Dual(
            value,
            [mp.fsum(d * x.tangents[i] for d, x in edges) for i in n],
            [mp.fsum(abs(d) * x.paths[i] for d, x in edges) for i in n],
            [mp.fsum(abs(d) * (x.lengths[i] + x.paths[i]) for d, x in edges) for i in n],
        )

    @staticmethod
    def apply(rule: Rule, operands: Sequence[Any]) -> Dual:
        """A row at 50 digits, by the oracle."""
        row, numbers = ORACLE[rule.symbol], [x.value if isinstance(x, Dual) else mp.mpf(x) for x in operands]
        arguments = exact_arguments(rule, numbers)
        return Dual.of(row.value(*arguments), list(row.partials(*arguments))[: len(operands)], operands)

    def __add__(self, other: Any) -> Dual:
        return Dual.apply(rules.ADD, (self, other))

    def __mul__(self, other: Any) -> Dual:
        return Dual.apply(rules.MUL, (self, other))

    def __truediv__(self, other: Any) -> Dual:
        return Dual.apply(rules.DIV, (self, other))


def random_graph(
    rng: random.Random, leaves: Sequence[Any], apply: Function, plan: Sequence[tuple[Rule, int, int]]
) -> Any:
    """A graph of the planned operations, halved now and then so that it stays of the size of 1."""
    results = list(leaves)
    for rule, i, j in plan:
        out = apply(rule, operands_for(rule, results[i], results[j]))
        results.append(out / (out * out + 1.0) if rng.random() < 0.5 else out * 0.5)
    return results[-1] + results[-2] * results[-3]


def test_gradients_of_random_graphs_at_50_digits() -> None:
    """Gradients are within 32 times the rounding envelope of the exact ones, in every graph.

    The envelope of a leaf is eps times the sum, over all edges of the graph, of |what the edge contributes to the
    gradient of the leaf|: an edge that lies on a path contributes the product along it, so a path counts once for
    each of its edges. That is what one rounding of each partial and product can do; the rest of the 32 is for values
    that were rounded before, and for partials that are right to 4 ulp.
    """
    seen: set[str] = set()
    for seed in range(400):
        rng = random.Random(seed)
        n = rng.randint(2, 4)
        numbers = [rng.uniform(-2.0, 2.0) for _ in range(n)]
        plan = [(rng.choice(MIXED), rng.randrange(max(0, k - 3), k), rng.randrange(k)) for k in range(n, n + 12)]
        seen.update(rule.symbol for rule, _, _ in plan)
        leaves = [Value(x) for x in numbers]
        root = random_graph(random.Random(seed), leaves, apply, plan)
        one, none = mp.one, mp.zero
        duals = []
        for i, x in enumerate(numbers):
            unit = [one if i == k else none for k in range(n)]
            duals.append(Dual(mp.mpf(x), unit, unit, [none] * n))
        exact = random_graph(random.Random(seed), duals, Dual.apply, plan)
        for i, gradient in enumerate(gradients(root, leaves)):
            envelope = 2.0**-52 * exact.lengths[i]
            assert abs(gradient - exact.tangents[i]) <= 32 * envelope, f"seed {seed}, leaf {i}"
    assert seen == {rule.symbol for rule in MIXED}


# --- What a derivative graph consists of ----------------------------------------------------------------


def made(derivatives: Sequence[Value], root: Value) -> Counter[str]:
    """How many nodes of each kind the derivatives have beside those of the formula itself."""
    known = set(graph.order(root))
    return Counter(node.rule.symbol for node in graph.order(*derivatives) if node not in known and node.parents)


def test_the_gradient_of_a_product_has_no_node_of_its_own() -> None:
    """d(x y)/dx is y itself, the node, and not a copy of it."""
    x, y = Value(2.0), Value(3.0)
    by_x, by_y = gradients(x * y, [x, y], create_graph=True)
    assert by_x is y
    assert by_y is x


def test_the_gradient_of_a_sum_is_a_constant() -> None:
    """d(x + y - z)/d. is 1, 1 and -1: constants without operands."""
    x, y, z = Value(2.0), Value(3.0), Value(4.0)
    found = gradients(x + y - z, [x, y, z], create_graph=True)
    assert [g.data for g in found] == [1.0, 1.0, -1.0]
    assert all(g.rule is rules.CONSTANT for g in found)


@pytest.mark.parametrize(
    ("formula", "nodes"),
    [
        pytest.param(lambda x, y, z: x**3, {"*": 1, "**": 1}, id="3 x**2"),
        pytest.param(lambda x, y, z: x**2, {"*": 1}, id="2 x"),
        pytest.param(lambda x, y, z: x**1, {}, id="x**1"),
        pytest.param(lambda x, y, z: x * x, {"sum": 1}, id="x + x"),
        pytest.param(lambda x, y, z: x * 3.0, {}, id="3"),
        pytest.param(lambda x, y, z: x / 3.0, {}, id="1/3"),
        pytest.param(lambda x, y, z: -x, {}, id="-1"),
        pytest.param(lambda x, y, z: ag.exp(x), {}, id="exp(x), the node itself"),
        pytest.param(lambda x, y, z: ag.log(x), {"/": 1}, id="1 / x"),
        pytest.param(lambda x, y, z: ag.sin(x), {"cos": 1}, id="cos(x)"),
        pytest.param(lambda x, y, z: ag.cos(x), {"sin": 1, "neg": 1}, id="-sin(x)"),
        pytest.param(lambda x, y, z: ag.sqrt(x), {"/": 1}, id="0.5 / sqrt(x)"),
        pytest.param(lambda x, y, z: ag.elu(x - 5.0), {"exp": 1}, id="exp(x - 5), without alpha = 1"),
        pytest.param(lambda x, y, z: x * y * z, {"*": 2}, id="z y, z x, and x y as it is"),
        pytest.param(lambda x, y, z: x * y + x * z, {"sum": 1}, id="y + z"),
        pytest.param(lambda x, y, z: x + x + x, {}, id="3"),
        pytest.param(lambda x, y, z: x * y + 5.0 * x, {"sum": 1}, id="y + 5"),
        pytest.param(lambda x, y, z: ag.sin(x) * y + ag.exp(x) * z, {"cos": 1, "dot": 1}, id="cos(x) y + exp(x) z"),
        pytest.param(lambda x, y, z: ag.sin(x) * y + x * z, {"cos": 1, "dot": 1}, id="cos(x) y + z"),
        pytest.param(lambda x, y, z: ag.dot([x, y], [y, z], x), {"sum": 2}, id="y + 1, x + z, y"),
        pytest.param(lambda x, y, z: ag.relu(x) * y + ag.relu(-z), {}, id="the selected sides alone"),
        pytest.param(lambda x, y, z: ag.maximum(x, y) * z, {}, id="z, and the maximum"),
    ],
)
def test_a_derivative_graph_has_no_useless_nodes(formula: Function, nodes: dict[str, int]) -> None:
    """The nodes of a gradient are those that one would write down, and several contributions are one node."""
    leaves = [Value(x) for x in (2.0, 3.0, 5.0)]
    root = formula(*leaves)
    assert made(gradients(root, leaves, create_graph=True), root) == nodes


def test_the_derivative_of_a_cube_reads_3_x_squared() -> None:
    """As a drawing shows it: a product of the constant 3 and x**2."""
    x = Value(2.0, label="x")
    (slope,) = gradients(x**3, [x], create_graph=True)
    three, square = slope.parents
    assert (slope.rule, three.data, three.rule) == (rules.MUL, 3.0, rules.CONSTANT)
    assert square.rule is rules.POW
    assert square.parents[0] is x
    assert (square.parents[1].data, square.parents[1].rule) == (2.0, rules.CONSTANT)


def useless(node: Value) -> bool:
    """Times 1 or -1, plus 0, to the power of 1, or a sum of one."""
    constants = [x.data for x in node.parents if x.rule is rules.CONSTANT]
    if node.rule is rules.MUL:
        return not {0.0, 1.0, -1.0}.isdisjoint(constants)
    if node.rule in {rules.ADD, rules.SUM}:
        return 0.0 in constants or len(node.parents) == 1
    if node.rule is rules.DOT:
        return 0.0 in constants or len(node.parents) == 2
    return node.rule is rules.POW and node.parents[1].rule is rules.CONSTANT and node.parents[1].data in {0.0, 1.0}


@each_row
def test_no_row_gives_rise_to_useless_nodes(rule: Rule) -> None:
    """Not to order 2, for whatever row, alone and inside a formula in which its operand occurs twice."""
    for point in ordinary(rule)[:3]:
        leaves = [Value(x) for x in point]
        out = apply(rule, leaves)
        for root in (out, ag.sin(out) + out * leaves[0]):
            first = gradients(root, leaves, create_graph=True)
            second = [g for f in first for g in gradients(f, leaves, create_graph=True)]
            known = set(graph.order(root))
            assert not [node for node in graph.order(*first, *second) if node not in known and useless(node)]


def test_what_is_constant_is_not_differentiated() -> None:
    """x**2 at 0 has no partial by its exponent: log(0) is never computed, nor is 1/0 for a numerator."""
    x = Value(0.0)
    (slope,) = gradients(x**2 + 0.0 / (x + 1.0), [x], create_graph=True)
    assert slope.data == 0.0
    assert "log" not in made([slope], x)


def test_gradients_keep_a_derivative_graph_small() -> None:
    """A chain of n products has a gradient graph of some 2 n nodes, not of n**2: shared parts stay shared."""
    sizes = []
    for n in (50, 100):
        x = Value(1.01)
        out = x
        for _ in range(n):
            out = ag.sin(out) * x
        sizes.append(len(graph.order(*gradients(out, [x], create_graph=True))))
    assert sizes[1] < 2.1 * sizes[0]


# --- Data that was changed ------------------------------------------------------------------------------


def test_changed_data_is_an_error_that_names_the_leaf() -> None:
    """A derivative graph re-reads the rows, so it refuses operands that are not those of the forward pass."""
    w, x = Value(3.0, label="w"), Value(2.0, label="x")
    out = ag.tanh(w**2 * x)
    w.data = 5.0
    with pytest.raises(RuntimeError, match=r"\*\*: expected the partial 6.0 .* got 10.0: .*label='w'\) has been chang"):
        gradients(out, [w, x], create_graph=True)


def test_changed_data_deep_in_a_graph() -> None:
    """However far from the output the leaf is, the message shows it, and not the node that was computed from it."""
    leaf = Value(0.5, label="deep")
    out = leaf * leaf
    for _ in range(20):
        out = ag.sin(out) + out
    leaf.data = 0.25
    with pytest.raises(RuntimeError, match=r"\*: .* the data of Value\(data=0.25, grad=0.0, label='deep'\) has been"):
        gradients(out, [leaf], create_graph=True)


@each_row
def test_changed_data_is_seen_in_every_row(rule: Rule) -> None:
    """Wherever the partials depend on the operand: no row builds a derivative on data that moved."""
    for point in ordinary(rule):
        leaves = [Value(x) for x in point]
        out = apply(rule, leaves)
        for leaf in leaves:
            leaf.data *= 1.0 + 2.0**-20
        now = apply(rule, leaves)
        if rule in {rules.EXP, rules.SQRT, rules.CBRT, rules.TAN}:  # their partials are formulas of the result alone
            assert all(map(alike, by_values(out, leaves), out.partials))
        elif not all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(now.partials, out.partials, strict=True)):
            with pytest.raises(RuntimeError, match="has been changed since"):
                gradients(out, leaves, create_graph=True)


def by_values(out: Value, leaves: Sequence[Value]) -> list[float]:
    """The numbers of a gradient graph."""
    return [g.data for g in gradients(out, leaves, create_graph=True)]


def test_stored_partials_do_not_mind() -> None:
    """Without a graph, gradients are those of what was computed, whatever became of the data since."""
    w, x = Value(3.0), Value(2.0)
    out = w**2 * x
    w.data = 5.0
    assert gradients(out, [w, x]) == [12.0, 9.0]


def test_a_change_that_changes_no_partial_is_none() -> None:
    """A sum has the same derivative wherever it is; so has a node beside the path to the input."""
    x, other = Value(3.0), Value(2.0)
    out = x + ag.exp(other) * 1.0
    x.data = other.data = 7.0
    assert [g.data for g in gradients(out, [x], create_graph=True)] == [1.0]


def test_partials_that_cannot_be_read_over_values() -> None:
    """A primitive whose partials want floats differentiates once; a graph of its derivative is refused."""

    @ag.primitive(lambda out, x: (math.cos(x),))
    def my_sin(x: float) -> float:
        return math.sin(x)

    x = Value(0.5)
    out = my_sin(x)
    assert gradients(out, [x]) == [math.cos(0.5)]
    # `math` itself is read as the functions of the library; under another name it cannot be.
    assert [g.data for g in gradients(out, [x], create_graph=True)] == [math.cos(0.5)]
    cosine = math.cos

    @ag.primitive(lambda out, x: (cosine(x),))
    def other_sin(x: float) -> float:
        return math.sin(x)

    with pytest.raises(TypeError, match="other_sin: its partials cannot be read over Values"):
        gradients(other_sin(x), [x], create_graph=True)


def test_a_primitive_has_derivatives_of_any_order() -> None:
    """Its partials are read like those of the table."""

    @ag.primitive(lambda out, x: (3.0 * x * x,))
    def cube(x: float) -> float:
        return x * x * x

    assert [grad(cube)(2.0), grad(grad(cube))(2.0), grad(grad(grad(cube)))(2.0)] == [12.0, 12.0, 6.0]
