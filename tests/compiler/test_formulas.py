"""Formulas: small programs as plain Python over floats agree with the function itself, or say that they cannot."""

from __future__ import annotations

import functools
import itertools
import math
import random
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import fuzzing
import numpy as np
import pytest
from fuzzing import differs, slack, slack_of_value
from mpmath import mp

import autograd as ag
from autograd import Value, graph, jit, rules
from autograd.compiler import formulas, inline, numbering
from autograd.compiler.expressions import Apply, Number
from autograd.compiler.forms import Path
from autograd.compiler.formulas import OnFloats, OtherWay
from autograd.compiler.recording import Raised, Unsupported
from autograd.compiler.rolling import roll
from autograd.compiler.scalars import Scalars
from autograd.structures import LEAF, flatten
from autograd.value import number, record

ANSWERED = (ArithmeticError, ValueError)
"""What a formula raises where the function itself has to answer."""

INF, NAN = math.inf, math.nan


def path_of(fast: Any) -> Path:
    """The path that the last call has taken."""
    assert fast.last is not None
    found: Path = fast.last[0]
    return found


def formula(f: Callable[..., Any], *args: Any, wanted: tuple[bool, ...] | None = None) -> OnFloats:
    """The formula of the path that a call takes."""
    fast = jit(f)
    fast(*args)
    found = path_of(fast).formula(wanted or (True,) * len(args))
    assert found is not None
    return found


def lines(text: str) -> list[str]:
    """The lines of a text, without those that are empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


# The text. --------------------------------------------------------------------------------------------------------


def test_the_text_of_a_small_formula() -> None:
    """Value and gradient each in one function, what is used once where it is used, what is shared named."""
    found = formula(lambda x: ag.tanh(x) * ag.exp(x), 0.5)
    assert lines(found.source) == [
        "def program():",
        "def value(P, x):",
        "return tanh(x) * exp(x)",
        "def gradient(P, x):",
        "v1 = tanh(x)",
        "v2 = exp(x)",
        "v3 = v1 * v2",
        "return v3, [], (v3 + v2 * (1.0 - v1 * v1 if fabs(v1) < 0.9 else tanh_slope(x)),)",
        "return value, gradient",
    ]


def test_a_branch_is_tested_first() -> None:
    """A guard stands before what is computed of no use to it, and its comparison is written as one."""

    def f(x: Any, y: Any) -> Any:
        z = ag.exp(y)
        return z * x if x < y else z

    found = formula(f, 1.0, 2.0)
    assert lines(found.source)[2:5] == ["if not x < y:", "raise OtherWay", "return exp(y) * x"]
    with pytest.raises(OtherWay):
        found.value([], 2.0, 1.0)
    with pytest.raises(OtherWay):
        found.gradient([], NAN, 1.0)


def test_captured_values_and_lists() -> None:
    """Captured numbers come in the order of the path, lists as lists; their derivatives too."""
    a, b = Value(2.0, label="a"), Value(3.0)
    fast = jit(lambda v, x: a * v[0] * v[2] + b * x * v[0])
    fast([1.0, 5.0, 4.0], 0.5)
    path = path_of(fast)
    found, other = path.formula((True, True)), path.formula((False, True))
    assert found is not None
    assert other is not None
    captured = [x.data for x in path.captured]
    value, by_captured, (dv, dx) = found.gradient(captured, [1.0, 5.0, 4.0], 0.5)
    assert value == found.value(captured, [1.0, 5.0, 4.0], 0.5) == 9.5
    assert dict(zip(map(id, path.captured), by_captured, strict=True)) == {id(a): 4.0, id(b): 0.5}
    assert dv == [9.5, 0.0, 2.0]
    assert dx == 3.0
    assert other.gradient(captured, [1.0, 5.0, 4.0], 0.5)[2] == (3.0,)
    assert path.formula((True, True)) is found


def test_a_list_of_one_number_stays_a_list() -> None:
    """It is no single number, and its derivative is a list as well."""
    found = formula(lambda x: x[0] * x[0], [3.0])
    assert found.value([], [3.0]) == 9.0
    assert found.gradient([], [3.0]) == (9.0, [], ([6.0],))


def test_several_results() -> None:
    """Values as a list, and one derivative for seeds that weigh them."""
    found = formula(lambda x, y: {"p": x * y, "q": [ag.sin(x), y]}, 2.0, 3.0)
    assert found.value([], 2.0, 3.0) == [6.0, math.sin(2.0), 3.0]
    values, _, slopes = found.gradient([], 2.0, 3.0, [1.0, 10.0, 100.0])
    assert values == [6.0, math.sin(2.0), 3.0]
    assert slopes == pytest.approx((3.0 + 10.0 * math.cos(2.0), 102.0), rel=1e-15)


# Where there is none, and where it does not answer. ------------------------------------------------------------------


def test_the_choice_is_counted() -> None:
    """Few operations are done one by one, many alike by arrays; other libraries and ieee() never by floats."""
    few, many = jit(lambda x: ag.dot(x, x)), jit(lambda x: ag.dot([ag.tanh(e) for e in x], x))
    few([1.0, 2.0, 3.0])
    many([0.1] * 200)
    few_path, many_path = path_of(few), path_of(many)
    assert formulas.operations(few_path.rolled) == 5
    assert formulas.array_operations(few_path.rolled) == 3
    assert few_path.formula((True,)) is not None
    assert formulas.operations(many_path.rolled) * formulas.OPERATION > 4 * formulas.STATEMENT
    assert many_path.formula((True,)) is None
    with ag.ieee():
        quiet = jit(lambda x: 1.0 / x)
        quiet(2.0)
        assert path_of(quiet).formula((True,)) is None


def test_a_formula_may_not_be_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling it takes time."""
    monkeypatch.setattr(formulas, "LIMIT", 1)
    fast = jit(lambda x: ag.sin(ag.cos(x)))
    fast(1.0)
    assert path_of(fast).formula((True,)) is None


@pytest.mark.parametrize(
    ("f", "good", "bad"),
    [
        (lambda x: 1.0 / x, 2.0, 0.0),
        (lambda x: ag.log(x) * 0.0, 2.0, -1.0),
        (lambda x: x**2, 2.0, 1e200),
        (lambda x: ag.tanh(1.0 / x**2), 2.0, 1e200),
        (lambda x: ag.exp(x), 2.0, 1e3),
        (lambda x: x**-1.5, 2.0, -1.0),
        (lambda x: (ag.sqrt(x), x * x)[1], 2.0, -1.0),
        (lambda x: (1.0 / (x - 1.0), x * x)[1], 2.0, 1.0),
        (lambda x: ag.clip(x, x * x, 4.0), 0.5, 3.0),
        (lambda x: ag.atan2(x - 1.0, x - 1.0), 2.0, 1.0),
    ],
)
def test_outside_a_domain(f: Callable[..., Any], good: float, bad: float) -> None:
    """It raises where an operation does, its number being used or not; and at a zero whose sign matters."""
    found = formula(f, good)
    assert found.value([], good) == pytest.approx(number(f(Value(good))))
    for function in (found.value, found.gradient):
        with pytest.raises(ANSWERED):
            function([], bad)


def test_a_domain_is_asked_as_the_table_says() -> None:
    """Of an operation whose number is not used only that is computed."""
    found = formula(lambda x, y: (ag.log(y), ag.exp(x), ag.clip(x, y, 3.0), x * y)[3], 2.0, 1.0)
    assert lines(found.source)[2:9] == [
        "if y <= 0.0:",
        "raise FloatingPointError",
        "if ((1.0 if x < inf else 0.0) if x > 709.782712893384 else 0.0) != 0.0:",
        "raise FloatingPointError",
        "if y > 3.0:",
        "raise FloatingPointError",
        "return x * y",
    ]


@pytest.mark.parametrize("row", [row for row in rules.TABLE if row.raises], ids=lambda row: row.symbol)
def test_where_a_row_raises(row: rules.Rule) -> None:
    """What is computed in the place of an operation whose number is not used says so at every point."""
    count = len(row.operand_names)
    numbers = next([[x] for x in at] for at in ((0.5,) * count, (1.5,) * count) if not fails(row, at))
    found = numbering.program(lambda *xs: (record(row, xs), xs[0] * 2.0)[1], "f", [LEAF] * count, numbers)
    made = formulas.on_floats(found, roll(found), [True] * count, [True] * count, "f")
    assert made is not None
    for point in points(row):
        if fails(row, point):
            with pytest.raises(FloatingPointError):
                made.value([], *point)
        else:
            made.value([], *point)


def fails(row: rules.Rule, point: Sequence[float]) -> bool:
    """Whether a row raises."""
    try:
        row.value(*point)
    except ANSWERED:
        return True
    return False


def test_a_caught_exception_is_a_branch() -> None:
    """The path is another where the operation that failed does not."""

    def f(x: Any) -> Any:
        try:
            return ag.log(x)
        except ValueError:
            return x * x

    caught, well = formula(f, -3.0), formula(f, 3.0)
    assert caught.gradient([], -3.0) == (9.0, [], (-6.0,))
    assert well.gradient([], 3.0)[2] == (1.0 / 3.0,)
    with pytest.raises(OtherWay):
        caught.value([], 3.0)
    with pytest.raises(ValueError, match="domain"):
        well.value([], -3.0)


def test_what_is_not_finite_is_returned() -> None:
    """The caller asks."""
    found = formula(lambda x, y: x * y + 1.0, 2.0, 3.0)
    assert found.value([], 1e200, 1e200) == INF
    assert found.gradient([], 1e200, 1e200)[0] == INF
    assert math.isnan(found.value([], INF, 0.0))


def test_what_is_not_taken_carries_nothing() -> None:
    """An infinite slope behind a side that is not taken is no nan; a branch is computed where it is taken."""
    found = formula(lambda x, y: ag.where(x > 0.0, x, y) * ag.relu(y), 2.0, 3.0)
    assert found.gradient([], 2.0, 3.0) == (6.0, [], (3.0, 2.0))
    assert found.gradient([], -2.0, 3.0) == (9.0, [], (0.0, 6.0))
    assert found.gradient([], 2.0, -3.0) == (0.0, [], (0.0, 0.0))
    saturated = formula(lambda x: ag.sigmoid(x) + ag.elu(x, 1.0), 0.5)
    for x in (-800.0, 800.0):
        value, _, (slope,) = saturated.gradient([], x)
        node = ag.sigmoid(leaf := Value(x)) + ag.elu(leaf, 1.0)
        assert value == node.data
        assert slope == ag.gradients(node, [leaf])[0]


# Every row. -----------------------------------------------------------------------------------------------------------

SPECIAL = (
    0.0,
    -0.0,
    0.3,
    -0.3,
    1.0,
    -1.0,
    2.5,
    -2.5,
    3.0,
    -3.0,
    20.0,
    -20.0,
    720.0,
    -720.0,
    1e-310,
    1e200,
    -1e200,
    INF,
    NAN,
)
ROWS = [row for row in (*rules.TABLE, *rules.RECORDED) if row is not rules.STOP]


def points(row: rules.Rule) -> list[tuple[float, ...]]:
    """Special points and ordinary ones; of a row that takes a place, the first operand is one."""
    rng = random.Random(row.symbol)
    count = {"sequence": 3, "pairs": 5}.get(row.layout) or len(row.operand_names)
    found = list(itertools.product(SPECIAL, repeat=count)) if count < 3 else []
    found += [tuple(rng.choice(SPECIAL) for _ in range(count)) for _ in range(300)]
    found += [tuple(rng.uniform(-2.0, 2.0) for _ in range(count)) for _ in range(200)]
    if row in (rules.TAKEN, rules.RANKED):
        found = [(float(rng.randrange(2)), *xs[1:]) for xs in found]
    return [(float(rng.randrange(2)), *xs[1:]) for xs in found] if row is rules.SELECT else found


def row_formula(row: rules.Rule, count: int) -> OnFloats:
    """The formula of one operation of so many arguments."""
    for at in ((0.5, 0.25, 0.75), (1.0, 0.25, 0.5, 2.0, 0.75), (2.5, 3.0, 4.0), (1.0, 2.0, 3.0)):
        numbers = [[x] for x in (*at, *at)[:count]]
        try:
            found = numbering.program(lambda *xs: record(row, xs), "row", [LEAF] * count, numbers)
        except Raised:
            continue
        if not found.guards:
            made = formulas.on_floats(found, roll(found), [True] * count, [True] * count, "row")
            assert made is not None
            return made
    raise AssertionError(row)


def near(x: float, y: float, tolerance: float, scale: float = 0.0) -> bool:
    """Whether two numbers are equal, or differ by so much of the larger one."""
    return x == y or (x != x and y != y) or abs(x - y) <= tolerance * max(abs(x), abs(y), scale) + 1e-305


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.symbol)
def test_every_row(row: rules.Rule) -> None:
    """Values to a few ulp, slopes to 1e-12; where the row raises the formula does, and it may where a slope is odd."""
    found, answered = None, 0
    for point in points(row):
        found = found or row_formula(row, len(point))
        try:
            node = record(row, tuple([Value(x) for x in point]))
        except ANSWERED:
            with pytest.raises(ANSWERED):
                found.value([], *point)
            continue
        value = found.value([], *point)
        size = (
            sum(map(abs, point))
            if row in (rules.SUM, rules.MEAN, rules.DOT) and all(map(math.isfinite, point))
            else 0.0
        )
        if row is rules.DOT:
            size = sum([abs(x * y) for x, y in zip(point[:2], point[2:4], strict=True)]) + abs(point[4])
        assert near(value, node.data, 2e-15, size) or not math.isfinite(value), point
        try:
            again, _, slopes = found.gradient([], *point)
        except ANSWERED:
            continue
        assert again == value or again != again
        if not all(map(math.isfinite, (value, *slopes))):
            continue
        answered += 1
        for slope, partial in zip(slopes, node.partials, strict=True):
            assert near(slope, partial, 1e-12), (point, slopes, node.partials)
    assert answered > 20


@pytest.mark.parametrize("x", [-3.0, -1.4, -0.2, 1e-9, 0.7, 1.4, 1.6, 5.0, 19.0])
def test_slopes_against_mpmath(x: float) -> None:
    """The slopes that are written otherwise than in the table, at 50 digits."""
    functions: dict[str, Callable[[Any], Any]] = {
        "tanh": mp.tanh,
        "sigmoid": lambda t: 1 / (1 + mp.exp(-t)),
        "erf": mp.erf,
        "erfc": mp.erfc,
        "gelu": lambda t: t * mp.erfc(-t / mp.sqrt(2)) / 2,
        "silu": lambda t: t / (1 + mp.exp(-t)),
        "softplus": lambda t: mp.log(1 + mp.exp(t)),
    }
    with mp.workdps(50):
        for name, exact in functions.items():
            operation = getattr(ag, name)
            value, _, (slope,) = formula(lambda t, operation=operation: operation(t), 0.5).gradient([], x)
            assert value == pytest.approx(float(exact(mp.mpf(x))), rel=2e-15)
            assert slope == pytest.approx(float(mp.diff(exact, mp.mpf(x))), rel=1e-13)


# Loops. ---------------------------------------------------------------------------------------------------------------


def agrees(f: Callable[..., Any], *args: Any, captured: Sequence[Value] = ()) -> OnFloats:
    """The formula of a program, compiled however it is counted; its value and gradient are those of the function."""
    flat = [flatten(x) for x in args]
    numbers = [[float(number(x)) for x in leaves] for leaves, _ in flat]
    program = numbering.program(f, "f", [structure for _, structure in flat], numbers)
    single, rolled = [structure == LEAF for _, structure in flat], roll(program)
    assert formulas.loops(rolled)
    found = formulas.on_floats(program, rolled, single, [True] * len(args), "f")
    assert found is not None
    given = [xs[0] if alone else xs for xs, alone in zip(numbers, single, strict=True)]
    mine = [program.captured[i] for i in rolled.captured_order]
    assert set(map(id, mine)) == set(map(id, captured))
    leaves = [[Value(x) for x in xs] for xs in numbers]
    right = f(*[xs[0] if alone else xs for xs, alone in zip(leaves, single, strict=True)])
    value, by_captured, by_arguments = found.gradient([x.data for x in mine], *given)
    assert value == found.value([x.data for x in mine], *given) == pytest.approx(right.data, rel=1e-12)
    have = [*by_captured, *[x for each in by_arguments for x in np.atleast_1d(each).tolist()]]
    want = ag.gradients(right, [*mine, *[x for xs in leaves for x in xs]])
    assert have == pytest.approx(want, rel=1e-9, abs=1e-12)
    return found


def test_the_text_of_a_loop() -> None:
    """Forward a list that grows, backward one for the derivatives."""

    def f(x: Any, c: Any) -> Any:
        for _ in range(100):
            x = ag.sin(x) * c
        return x

    found = agrees(f, 0.5, 0.9)
    text = lines(found.source)
    assert text[1:8] == [
        "def value(P, x1, x2):",
        "x3 = x2",
        "h1 = [x1]",
        "for i1 in range(100):",
        "x4 = h1[i1]",
        "h1.append(sin(x4) * x3)",
        "return h1[100]",
    ]
    assert "for i1 in reversed(range(100)):" in text


def test_several_states_and_lags() -> None:
    """Each state has a list; one that is looked back to twice has two numbers before the first."""

    def f(x: Any, y: Any) -> Any:
        a, b, c = x, y, x * y
        for _ in range(90):
            a, b, c = b, ag.tanh(a + 0.3 * c), 0.5 * b - a * 0.1
        return a * b + c

    agrees(f, 0.5, -0.2)


def test_a_loop_over_a_sequence() -> None:
    """Each iteration reads a number of its own: of an argument, of constants, and of another loop."""

    def f(x: Any, s: Any) -> Any:
        seen = []
        for k, each in enumerate(x):
            s = ag.tanh(s * 0.5 + each * float(k % 7))
            seen.append(s)
        for each in seen:
            s = s * 0.3 + each * each
        return s

    agrees(f, [0.01 * k - 0.3 for k in range(80)], 0.2)


def test_a_loop_with_captured_numbers_and_squares() -> None:
    """A square that overflows raises where it was a power, and is inf where it was a product."""
    w = Value(0.4)

    def f(x: Any) -> Any:
        for _ in range(80):
            x = x**2 * w + 0.2
        return x

    def g(x: Any) -> Any:
        for _ in range(80):
            x = x * x * w + 0.2
        return x

    power, product = agrees(f, 0.5, captured=[w]), agrees(g, 0.5, captured=[w])
    with pytest.raises(OverflowError):
        power.value([0.4], 1e3)
    assert product.value([0.4], 1e3) == INF


def test_conditions_in_a_loop() -> None:
    """Branches that each iteration takes, and what must not fail although it is not used."""

    def f(x: Any, y: Any) -> Any:
        for _ in range(70):
            ag.log(x)
            x = ag.sin(x) + 1.0 if x < 3.0 else x * 0.5 + y
        return x * y

    found = agrees(f, 0.5, 0.3)
    with pytest.raises(OtherWay):
        found.value([], 5.0, 0.3)
    with pytest.raises(FloatingPointError):
        found.value([], -1.0, 0.3)


def test_a_double_pendulum() -> None:
    """Under the method of Runge and Kutta, without an array: what is long is a loop, and what is left of it is not."""

    def slope(a: Any, b: Any, u: Any, v: Any) -> Any:
        s, c = ag.sin(a - b), ag.cos(a - b)
        below = 2.0 - c * c
        return u, v, (-s * (v * v + u * u * c) - 2.0 * ag.sin(a)) / below, (s * (2.0 * u * u + v * v * c)) / below

    def f(*y: Any) -> Any:
        for _ in range(40):
            k1 = slope(*y)
            k2 = slope(*[p + 0.005 * q for p, q in zip(y, k1, strict=True)])
            y = tuple([p + 0.01 * q for p, q in zip(y, k2, strict=True)])
        return y[0] + y[2]

    found = agrees(f, 1.2, -0.3, 0.1, 0.2)
    assert len(found.source) < 12_000
    fast = jit(f)
    fast(1.2, -0.3, 0.1, 0.2)
    assert path_of(fast).formula((True,) * 4) is not None


# Other rows, and programs. --------------------------------------------------------------------------------------------


def test_a_primitive_of_the_users() -> None:
    """It is called once for its value and its partials; where it raises the function itself answers."""
    calls: list[float] = []

    def partials(_: float, x: float) -> tuple[float, ...]:
        calls.append(x)
        if x > 9.0:
            raise ValueError("too steep")
        return (3.0 * x * x,)

    @ag.primitive(partials=partials)
    def cube(x: float) -> float:
        return x * x * x

    found = formula(lambda x: cube(x) * 2.0, 2.0)
    calls.clear()
    assert found.gradient([], 3.0) == (54.0, [], (54.0,))
    assert calls == [3.0]
    with pytest.raises(ValueError, match="too steep"):
        found.value([], 10.0)


def test_constants_outside_a_domain() -> None:
    """What cannot be computed beforehand is left to the call, which raises."""
    assert inline.counted_out("log")(Number(4.0)) == Number(math.log(4.0))
    assert inline.counted_out("log")(Number(-1.0)) == Apply("log", (Number(-1.0),))


def test_a_path_that_nobody_takes() -> None:
    """It has no formula: a condition on constants that never holds."""

    def f(x: Any) -> Any:
        return x * 2.0 if ag.constant(1.0) < 2.0 else x

    program = numbering.program(f, "f", [LEAF], [[0.5]])
    assert formulas.on_floats(program, roll(program), [True], [True], "f") is not None
    program = replace(program, guards=[(node, not holds, line) for node, holds, line in program.guards])
    assert formulas.on_floats(program, roll(program), [True], [True], "f") is None


def test_long_sums() -> None:
    """A sum of many terms is no text that Python cannot read, and its derivative is none either."""
    n = 2000

    def f(x: Any) -> Any:
        total = x * 0.5
        for k in range(n):
            total = total + ag.sin(x) * float(k)
        return total

    found = numbering.program(f, "f", [LEAF], [[0.5]])
    made = formulas.on_floats(found, roll(found), [True], [True], "f")
    assert made is not None
    value, _, (slope,) = made.gradient([], 0.5)
    assert value == pytest.approx(0.25 + n * (n - 1) / 2 * math.sin(0.5), rel=1e-12)
    assert slope == pytest.approx(0.5 + n * (n - 1) / 2 * math.cos(0.5), rel=1e-12)


def test_hostile_names() -> None:
    """Arguments and labels may be called like functions and words of the text."""
    exp = Value(2.0, label="exp")
    fast = jit(lambda tanh, seeds, P, OtherWay: ag.tanh(tanh) * seeds * P * OtherWay * exp)
    fast(0.5, 2.0, 3.0, 4.0)
    found = path_of(fast).formula((True,) * 4)
    assert found is not None
    assert found.value([2.0], 0.5, 2.0, 3.0, 4.0) == math.tanh(0.5) * 48.0


def test_many_threads_at_once() -> None:
    """It has no buffers."""
    found = formula(lambda x, y: ag.exp(ag.sin(x) * y) / (x * x + y), 1.0, 2.0)
    right = {k: found.gradient([], 1.0 + k, 2.0) for k in range(4)}
    wrong: list[int] = []

    def work(k: int) -> None:
        wrong.extend([k for _ in range(2000) if found.gradient([], 1.0 + k, 2.0) != right[k]])

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong


def given(call: fuzzing.Call) -> tuple[list[list[float]], list[Any], list[Any]]:
    """The numbers of a call, their structures, and the arguments as a formula takes them."""
    flat = [flatten(x) for x in call.arguments]
    numbers = [[float(number(x)) for x in leaves] for leaves, _ in flat]
    structures = [structure for _, structure in flat]
    return numbers, structures, [xs[0] if s == LEAF else xs for xs, s in zip(numbers, structures, strict=True)]


def made(program: fuzzing.Program, call: fuzzing.Call) -> tuple[OnFloats, Scalars] | None:
    """The program that a call takes, and its formula, however long; None if it is not recorded, or has none."""
    numbers, structures, _ = given(call)
    try:
        found = numbering.program(program.f, "f", structures, numbers)
        rolled = roll(found)
    except (Unsupported, Raised, TypeError):
        return None
    single = [structure == LEAF for structure in structures]
    if formulas.length(rolled) > 800:
        return None
    form = formulas.on_floats(found, rolled, single, [True] * len(single), "f")
    found = replace(found, captured=[found.captured[i] for i in rolled.captured_order])  # in the order of the path
    return None if form is None else (form, found)


def fault(expected: fuzzing.Expected, form: OnFloats, program: Scalars, call: fuzzing.Call, own: bool) -> str | None:
    """What a formula does wrong; "" if it answers rightly, None if it does not answer."""
    captured, (_, _, arguments) = [x.data for x in program.captured], given(call)
    try:
        value = form.value(captured, *arguments)
    except OtherWay:
        return "its own path" if own and not expected.turns()[0] else None
    except ANSWERED:
        return None
    values = value if len(program.outputs) > 1 else [value]
    if not all(map(math.isfinite, values)):
        return None
    if expected.error:
        return "" if expected.turns()[0] else f"{value} instead of {expected.error}"
    what: str = differs(expected.numbers, values, functools.partial(slack_of_value, expected))
    if what:
        return "" if expected.turns()[0] else what
    for k, right in enumerate(expected.outputs):
        if k not in program.plain and isinstance(right, Value):
            what = slopes(expected, form, program, [captured, *arguments], k)
            if what and not expected.turns()[1]:
                return f"gradient of result {k}: {what}"
    return ""


def slopes(expected: fuzzing.Expected, form: OnFloats, program: Scalars, given: Sequence[Any], k: int) -> str:
    """How the gradient of one number of the result differs; "" if it does not, or is left to the function itself."""
    count = len(program.outputs)
    seeds = [[float(j == k) for j in range(count)]] if count > 1 else []
    try:
        _, by_captured, by_arguments = form.gradient(*given, *seeds)
    except ANSWERED:
        return ""
    have = [*by_captured, *[x for each in by_arguments for x in np.atleast_1d(each).tolist()]]
    if not all(map(math.isfinite, have)):
        return ""
    places = [*program.captured, *expected.inputs]
    want = graph.gradients([expected.outputs[k]], [1.0], places)
    what: str = differs(want, have, functools.partial(slack, expected.outputs[k], places))
    return what


@pytest.mark.parametrize("block", range(6))
def test_random_programs(block: int) -> None:
    """50 programs of the fuzzer's in each block, every path at every call: right, or left to the function itself."""
    answered = 0
    for seed in range(50 * block, 50 * block + 50):
        rng = random.Random(seed)
        case = fuzzing.Writer(rng.randrange).case()
        program = fuzzing.Program(case)
        known = []
        for call in case.calls:
            program.at(call)
            known.append(made(program, call))
        for i, call in enumerate(case.calls):
            expected = fuzzing.Expected(program, call)
            for own, found in enumerate(known):
                if found is not None:
                    what = fault(expected, *found, call, own == i)
                    assert not what, f"seed {seed}, call {i}: {what}\n{case}\n{found[0].source}"
                    answered += what is not None
    assert answered > 100
