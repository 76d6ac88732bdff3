"""The specification of readings.specials: IEEE 754 as NumPy has it, one number at a time, where there is no NumPy."""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections.abc import Sequence

import numpy as np
import pytest

import autograd as ag
from autograd import rules
from autograd.readings import arrays, specials
from autograd.readings.specials import Float

POINTS = [
    0.0,
    -0.0,
    5e-324,
    1e-300,
    0.5,
    -0.5,
    1.0,
    -1.0,
    1.5,
    2.0,
    -2.0,
    -3.0,
    -8.0,
    1 / 3,
    26.0,
    -27.0,
    710.0,
    -746.0,
]
POINTS += [1e200, -1e200, 1.7e308, -1.7e308, math.inf, -math.inf, math.nan]
FIXED = [rule for rule in rules.TABLE if rule.layout == "fixed"]

NAMES = [name for name in vars(specials) if callable(getattr(np, name, None)) and name != "power"]
"""Of power the operator is tested: NumPy's function and its operator differ at (-inf) ** 0.5."""


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without NumPy."""
    monkeypatch.setitem(sys.modules, "numpy", None)


def same(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Whether these are the same numbers up to rounding, with the same nan, infinities and signs of infinities."""
    return list(ours) == pytest.approx(list(theirs), rel=1e-14, abs=5e-324, nan_ok=True)


@pytest.mark.parametrize("name", NAMES)
def test_functions_are_numpys(name: str) -> None:
    """Each function gives what NumPy's of that name gives, at special points and at others."""
    ours, theirs = getattr(specials, name), getattr(np, name)
    count = {"where": 3, "maximum": 2, "minimum": 2, "hypot": 2, "arctan2": 2, "copysign": 2}.get(name, 1)
    rng = random.Random(name)
    near = [tuple(rng.uniform(-3.0, 3.0) for _ in range(count)) for _ in range(200)]
    with np.errstate(all="ignore"):
        for point in [*itertools.product(POINTS if count < 3 else POINTS[:5], repeat=count), *near]:
            assert same([ours(*point)], [float(theirs(*map(np.float64, point)))]), f"{name}{point}"


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**"])
def test_operators_are_numpys(symbol: str) -> None:
    """Each operator, with the number on either side, gives what NumPy's scalars give."""
    operator = eval(f"lambda x, y: x {symbol} y")  # noqa: S307 - one of the symbols above
    with np.errstate(all="ignore"):
        for x, y in itertools.product(POINTS, repeat=2):
            right = float(operator(np.float64(x), np.float64(y)))
            for ours in (operator(Float(x), Float(y)), operator(Float(x), y), operator(x, Float(y))):
                assert isinstance(ours, Float)
                assert same([ours], [right]), f"{x} {symbol} {y}"
                assert math.copysign(1.0, ours) == math.copysign(1.0, right) or math.isnan(right), f"{x} {symbol} {y}"


@pytest.mark.parametrize("rule", FIXED, ids=lambda rule: rule.symbol)
def test_rows_outside_their_domain(rule: rules.Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a row raises, its value and its partials are the same with NumPy and without."""
    count = len(rule.operand_names)
    for point in itertools.product(POINTS if count < 3 else POINTS[1::3], repeat=count):
        try:
            rule.partials(rule.value(*point), *point)
        except (ArithmeticError, ValueError):
            out, partials = arrays.ieee(rule, point)
            with monkeypatch.context() as patched:
                patched.setitem(sys.modules, "numpy", None)
                found, slopes = arrays.ieee(rule, point)
            assert same([found, *slopes], [out, *partials]), f"{rule.symbol}{point}"


def test_only_rows_of_one_or_a_few_numbers_leave_their_domain() -> None:
    """Rows of sequences have a value everywhere, so that these functions need no arrays."""
    for rule in rules.TABLE:
        if rule.layout != "fixed":
            for count, x in itertools.product((2, 4), POINTS):
                given = rule.arguments([x] * count)
                rule.partials(rule.value(*given), *given)


@pytest.mark.usefixtures("alone")
def test_arithmetic_without_exceptions() -> None:
    """``ieee()``, second derivatives at an end of a domain, and a primitive that says math.log need no NumPy."""
    with ag.ieee():
        x = ag.Value(0.0)
        y = ag.log(x) + 1.0 / x
        assert math.isnan(y.data)
        assert (1.0 / x).data == math.inf
    assert ag.grad(ag.grad(ag.sqrt))(0.0) == -math.inf

    @ag.primitive(lambda out, x: (1.0 / x,))
    def logarithm(x: float) -> float:
        return math.log(x)

    with ag.ieee():
        assert logarithm(ag.Value(0.0)).data == -math.inf
