"""The accuracy of the table: value and partials of every row against mpmath at 50 digits.

Values within 2.5 units in the last place, partials within 4, at every float: where a function saturates, at both
ends of its domain, among subnormal numbers, next to overflow. A row without a line in the oracle fails.
"""

from __future__ import annotations

import itertools
import math
import operator
import random
from collections.abc import Iterator, Sequence
from typing import Any

import oracle
import pytest
from oracle import ORACLE, Row, error, mp

from autograd.guards import SMALLEST_NORMAL
from autograd.rules import DIV, DOT, GELU, RECORDED, TABLE, Rule, constant_partials, symbolic

LARGEST = math.nextafter(math.inf, 0.0)
VALUE_BOUND = {"gelu": 3.0}  # by the symbol of the row; 2.5 for the others
PARTIAL_BOUND = 4.0

Point = tuple[float, ...]

each_row = pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.symbol)


# Where to look. ------------------------------------------------------------------------------------------------

MAGNITUDES = (
    *(0.0, 5e-324, 1.5e-323, 1e-315, math.nextafter(2.0**-1022, 0.0), 2.0**-1022, 3e-308, 1e-300, 1e-200),
    *(1e-154, 1e-100, 1e-30, 1e-16, 2.0**-53, 1e-8, 1e-4, 0.01, 0.1, 0.5, 0.75, math.nextafter(1.0, 0.0)),
    *(1.0, math.nextafter(1.0, 2.0), 1.5, 2.0, math.e, 3.0, math.pi, 10.0, 18.7, 25.0, 27.2, 36.8, 38.4),
    *(100.0, 355.2, 372.6, 709.78, 710.4, 744.5, 745.2, 1e4, 2.0**52 + 1.0, 2.0**53, 1e16, 1e100, 1e154),
    *(1e200, 1e300, 8.98e307, 1.7e308, LARGEST),
)
ENDS = tuple(1.0 - 2.0**-k for k in range(2, 54)) + tuple(1.0 + 2.0**-k for k in range(2, 53))
SATURATION = tuple(k / 8.0 for k in range(1, 360)) + tuple(float(k) for k in range(45, 747, 5))


def anything(rng: random.Random) -> float:
    """A float of any size, small ones and ordinary ones being likelier."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.uniform(-3.0, 3.0)
    if kind == 1:
        return rng.uniform(-750.0, 750.0)
    if kind == 2:
        return math.copysign(10.0 ** rng.uniform(-9.0, 9.0), rng.uniform(-1.0, 1.0))
    return math.ldexp(rng.uniform(-1.0, 1.0), rng.randrange(-1074, 1024))


def of_one(rng: random.Random) -> Iterator[Point]:
    """Points for one operand."""
    for x in (*MAGNITUDES, *ENDS, *SATURATION):
        yield (x,)
        yield (-x,)
    for _ in range(400):
        yield (anything(rng),)


def of_two(rng: random.Random) -> Iterator[Point]:
    """Points for two operands: all pairs of magnitudes, with signs that take turns, and random ones."""
    for index, (x, y) in enumerate(itertools.product(MAGNITUDES, repeat=2)):
        yield ((x, y), (-x, y), (x, -y), (-x, -y))[(index * 7 + index // 11) % 4]
    for _ in range(300):
        yield anything(rng), anything(rng)
        x = rng.uniform(0.0, 2.0) ** rng.choice((1, 40))  # powers that are neither huge nor tiny
        yield x, rng.uniform(-20.0, 20.0)
        yield -x, float(rng.randrange(-20, 21))
        x = 10.0 ** rng.choice((rng.uniform(-300.0, 300.0), rng.uniform(0.0, 5.0), rng.uniform(0.0, 1e-3)))
        yield x, rng.uniform(-744.0, -700.0) / math.log(x)  # and those that are subnormal
        yield rng.randrange(1, 2**40) * 5e-324, 10.0 ** rng.uniform(-9.0, 3.0)  # and subnormal quotients
        yield rng.uniform(-745.0, -700.0), 10.0 ** rng.uniform(-10.0, 10.0)


def of_three(rng: random.Random) -> Iterator[Point]:
    """Points for three operands."""
    yield from itertools.product((-1e300, -1.0, -5e-324, 0.0, 0.5, math.nextafter(1.0, 0.0), 1.0, 1e300), repeat=3)
    for _ in range(300):
        yield anything(rng), anything(rng), anything(rng)


def of_many(rng: random.Random, lengths: Sequence[int] = (1, 2, 3, 10, 100)) -> Iterator[Point]:
    """Points for a sequence: its elements of one size and of all sizes, with ties, and such that they cancel."""
    for n in lengths:
        yield from ((x,) * n for x in (0.0, 5e-324, 2.0**-1022, 0.1, 700.0, LARGEST / 100.0))
        for _ in range(8):
            scale = 2.0 ** rng.randrange(-1074, 1000)
            xs = [rng.uniform(-1.0, 1.0) for _ in range(n)]
            yield tuple(xs)
            yield tuple(scale * x for x in xs)
            yield tuple(40.0 * x for x in xs)
            yield tuple(750.0 * x for x in xs)
            yield tuple(anything(rng) for _ in xs)
            yield tuple(float(rng.randrange(-2, 3)) for _ in xs)
            yield tuple(rng.randrange(-9, 10) * 5e-324 for _ in xs)
            yield (*xs[1:], math.nextafter(-math.fsum(xs[1:]), 2.0))  # the sum cancels
            yield (rng.uniform(0.0, 1e-12), *(10.0 * x - 30.0 for x in xs[1:]))  # so does log(sum(exp))


def of_pairs(rng: random.Random, lengths: Sequence[int] = (1, 2, 3)) -> Iterator[Point]:
    """Points for w . x + b, with and without b; no product overflows."""
    for w, x in zip(of_many(rng, lengths), of_many(rng, lengths), strict=True):
        if all(abs(u * v) < math.inf for u, v in zip(w, x, strict=True)):
            yield (*w, *x)
            yield (*w, *x, rng.choice((anything(rng), rng.uniform(-1.0, 1.0), 0.0)))


def points(rule: Rule) -> Iterator[Point]:
    """The same points in every run; without -0.0, whose results are a matter of convention."""
    kinds = {1: of_one, 2: of_two, 3: of_three, "sequence": of_many, "pairs": of_pairs}
    kind = len(rule.operand_names) if rule.layout == "fixed" else rule.layout
    for point in kinds[kind](random.Random(rule.symbol)):
        yield tuple(x + 0.0 for x in point)


# What to compare. ----------------------------------------------------------------------------------------------


def exact_arguments(rule: Rule, point: Sequence[Any]) -> tuple[Any, ...]:
    """The operands as mpmath's numbers, grouped as the row takes them."""
    given = rule.arguments([mp.mpf(x) for x in point])
    return tuple(list(x) if isinstance(x, tuple) else mp.mpf(x) for x in given)


def exact_value(row: Row, arguments: tuple[Any, ...]) -> Any:
    """The value of the oracle; None outside the domain, where it is infinite, complex or nothing at all."""
    try:
        out = row.value(*arguments)
    except ZeroDivisionError:
        return None
    return None if isinstance(out, mp.mpc) or not mp.isfinite(out) else out


def complain(rule: Rule, what: str, bound: float, found: list[tuple[float, Point, Any, Any]]) -> None:
    """Fail with the worst of the errors, if it is beyond the bound."""
    worst = max(found, key=lambda entry: entry[0])
    beyond = sum(entry[0] > bound for entry in found)
    assert worst[0] <= bound, (
        f"{rule.symbol}: {what} is {worst[0]:.4g} ulp off at {worst[1]}: expected {mp.nstr(worst[3], 20)}, "
        f"got {worst[2]!r}; {beyond} of {len(found)} points are more than {bound} ulp off"
    )


@each_row
def test_value(rule: Rule) -> None:
    """A value is within 2.5 ulp of the exact one, and there is none exactly where mathematics has none."""
    row, found = ORACLE[rule.symbol], []
    for point in points(rule):
        arguments = exact_arguments(rule, point)
        exact = exact_value(row, arguments)
        try:
            got = rule.value(*rule.arguments(point))
        except OverflowError:
            assert exact is not None, f"{rule.symbol} has no value at {point}, and raises OverflowError"
            got = math.copysign(math.inf, exact)
        except (ValueError, ZeroDivisionError):
            assert exact is None, f"{rule.symbol} has the value {exact} at {point}"
            continue
        assert type(got) is float
        assert exact is not None, f"{rule.symbol} has no value at {point}, got {got}"
        found.append((error(got, exact, row.terms(*arguments) if row.terms else ()), point, got, exact))
    complain(rule, "the value", VALUE_BOUND.get(rule.symbol, 2.5), found)


@each_row
def test_partials(rule: Rule) -> None:
    """Each partial is within 4 ulp of the exact one."""
    row, found = ORACLE[rule.symbol], []
    for point in points(rule):
        given = rule.arguments(point)
        try:
            out = rule.value(*given)
        except (ValueError, ArithmeticError):
            continue
        got = rule.spread(rule.partials(out, *given), point)
        arguments = exact_arguments(rule, point)
        exact = row.partials(*arguments)
        terms = row.slope_terms(*arguments) if row.slope_terms else [()] * len(got)
        if rule is DIV and 0.0 < abs(out) < SMALLEST_NORMAL and abs(point[1]) < 1.0:
            assert abs(mp.mpf(got[1]) - exact[1]) <= mp.mpf(5e-324) / abs(arguments[1])
            got, exact = got[:1], exact[:1]  # the quotient has lost digits, and its slope is made of it
        for index, partial in enumerate(got):
            found.append((error(partial, exact[index], terms[index]), (*point, index), partial, exact[index]))
    complain(rule, "a partial (its index stands last)", PARTIAL_BOUND, found)


def test_gelu_between_the_points() -> None:
    """Far below 0 the value and the slope of gelu are as accurate as elsewhere, where the C library's erfc is not."""
    row: Any = ORACLE[GELU.symbol]
    rng = random.Random(0)
    values: list[tuple[float, Point, Any, Any]] = []
    slopes: list[tuple[float, Point, Any, Any]] = []
    for low, high in [(-1.9, -0.9), (-4.0, 1.0), (-38.0, -4.0)]:
        for _ in range(4000):
            x = rng.uniform(low, high)
            out, exact = GELU.value(x), mp.mpf(x)
            (slope,), (steep,), (terms,) = GELU.partials(out, x), row.partials(exact), row.slope_terms(exact)
            right = row.value(exact)
            values.append((error(out, right, row.terms(exact)), (x,), out, right))
            slopes.append((error(slope, steep, terms), (x,), slope, steep))
    complain(GELU, "the value", VALUE_BOUND[GELU.symbol], values)
    complain(GELU, "the slope", PARTIAL_BOUND, slopes)


def test_dot_rounds_each_product_once() -> None:
    """w . x + b is the sum, rounded once, of products rounded once: half an ulp for each of n products, and no more."""
    rng, row = random.Random(0), ORACLE[DOT.symbol]
    for point in itertools.chain(of_pairs(rng, (10, 100)), cancelling(rng, (2, 10, 100))):
        w, x, b = DOT.arguments(point)
        got, arguments = DOT.value(w, x, b), exact_arguments(DOT, point)
        assert error(got, mp.fsum([*map(mp.mpf, map(operator.mul, w, x)), mp.mpf(b)])) <= 0.5
        assert error(got, row.value(*arguments), oracle.products(*arguments)) <= (len(w) + 1) / 2


def cancelling(rng: random.Random, lengths: Sequence[int]) -> Iterator[Point]:
    """Pairs of sequences whose products cancel in pairs, up to rounding."""
    for n in lengths:
        for _ in range(20):
            u, v, a = ([rng.uniform(1.0, 2.0) for _ in range(n // 2)] for _ in range(3))
            yield (*u, *v, *a, *(-p * q / r for p, q, r in zip(u, a, v, strict=True)))


@pytest.mark.parametrize("rule", [rule for rule in TABLE if rule.layout == "fixed"], ids=lambda rule: rule.symbol)
def test_constant_partials(rule: Rule) -> None:
    """They are the partials of the rows in whose formulas for them no operand stands, and None of all others."""
    _, slopes = symbolic(rule)
    numbers = [str(slope) for slope in slopes if str(slope) in {"1", "-1"}]
    constant = constant_partials(rule)
    assert constant == (tuple(map(float, numbers)) if len(numbers) == len(slopes) else None)
    if constant is not None:
        assert constant == rule.partials(0.0, *[0.5] * len(slopes)) == rule.partials(1.0, *[-math.inf] * len(slopes))


def ordinary_partials(rule: Rule) -> Iterator[tuple[float, ...]]:
    """The partials of a row at points of its domain that are special to no operation."""
    numbers = (-2.6, -0.45, 0.3, 0.7, 1.3, 2.2, 7.4)
    count = {"sequence": 3, "pairs": 5}.get(rule.layout) or len(rule.operand_names)
    for point in itertools.product(numbers, repeat=count):
        operands = rule.arguments((1.0, *point[1:]) if rule.symbol in ("take", "order", "select") else point)
        try:
            out = rule.value(*operands)
        except (ArithmeticError, ValueError):
            continue
        yield rule.spread(rule.partials(out, *operands), point)


@pytest.mark.parametrize("rule", [*TABLE, *RECORDED], ids=lambda rule: rule.symbol)
def test_what_a_row_says_of_its_partials(rule: Rule) -> None:
    """It is flat if they are 0 everywhere, and selects if some are; but for %, where 0 is one number of many."""
    found = list(ordinary_partials(rule))
    assert rule.flat is all(partial == 0.0 for partials in found for partial in partials)
    assert rule.selecting is (rule.symbol != "%" and any(0.0 in partials for partials in found))


def test_every_row_has_its_line_in_the_oracle() -> None:
    """Adding a row to the table demands its line in the oracle, and the oracle knows nothing else."""
    assert list(ORACLE) == [rule.symbol for rule in TABLE]


@each_row
def test_the_oracle_is_right(rule: Rule) -> None:
    """The oracle's partials are the derivatives of its values: the difference quotient at 50 digits agrees."""
    row, step = ORACLE[rule.symbol], mp.mpf(10) ** -20
    point: Point = (0.375, 0.5, 0.8125, 0.25, 0.6875)
    if rule.layout == "fixed":
        point = point[: len(rule.operand_names)]
    if exact_value(row, exact_arguments(rule, point)) is None:  # acosh
        point = tuple(1.0 + x for x in point)
    for index, partial in enumerate(row.partials(*exact_arguments(rule, point))):
        right, left = (
            row.value(*exact_arguments(rule, [*point[:index], point[index] + h, *point[index + 1 :]]))
            for h in (step, -step)
        )
        assert abs((right - left) / (2 * step) - partial) < 1e-30


@pytest.mark.parametrize("operands", [(), (1.0,), (1.0, 0.0, 2.0)])
def test_a_complaint_names_each_operand(operands: tuple[float, ...]) -> None:
    """Of another number of operands than the row has, none is left out in silence: a ValueError."""
    assert DIV.complaint(ZeroDivisionError(), (1.0, 0.0)) == "x / y: x = 1.0, y = 0.0 is outside the domain y != 0"
    with pytest.raises(ValueError, match="zip"):
        DIV.complaint(ZeroDivisionError(), operands)
