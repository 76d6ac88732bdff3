"""The specification of autograd.checking: what gradcheck and verify accept, what they refuse, and what they say."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from test_derivatives import ordinary

import autograd as ag
from autograd import Value, grad, gradcheck, hessian, jacobian, rules, verify
from autograd.functions import apply
from autograd.rules import TABLE, Rule

Function = Callable[..., Any]

each_row = pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.symbol)


# --- Helpers --------------------------------------------------------------------------------------------


def row(rule: Rule) -> Function:
    """A row as a function of its operands."""
    return lambda *operands: apply(rule, operands)


def primitive(rule: Rule, change: Callable[[tuple[Any, ...]], Sequence[Any]]) -> Function:
    """A row with other partials, made as users make their own operations."""
    partials: dict[int, Function] = {
        1: lambda out, x: tuple(change(rule.partials(out, x))),
        2: lambda out, x, y: tuple(change(rule.partials(out, x, y))),
        3: lambda out, x, y, z: tuple(change(rule.partials(out, x, y, z))),
    }
    return ag.primitive(partials[len(rule.operand_names)])(rule.value)


def complaint(f: Function, *args: Any, **options: Any) -> str:
    """What gradcheck says of a function that it must refuse."""
    with pytest.raises(AssertionError) as caught:
        gradcheck(f, *args, **options)
    return str(caught.value)


# --- gradcheck: what passes -----------------------------------------------------------------------------


@each_row
def test_every_row_passes_to_order_2(rule: Rule) -> None:
    """At ordinary points, by every operand, first and second derivatives."""
    for point in ordinary(rule):
        assert gradcheck(row(rule), *point, order=2) is True


@pytest.mark.parametrize(
    ("f", "x"),
    [
        pytest.param(ag.log, 1e-8, id="log at 1e-8"),
        pytest.param(ag.log, 1e-300, id="log at 1e-300"),
        pytest.param(ag.sqrt, 1e-12, id="sqrt at 1e-12"),
        pytest.param(ag.asin, 1.0 - 1e-10, id="asin next to 1"),
        pytest.param(ag.acosh, 1.0 + 1e-9, id="acosh next to 1"),
        pytest.param(ag.log1p, -1.0 + 1e-9, id="log1p next to -1"),
        pytest.param(lambda x: 1.0 / x, 1e-150, id="1/x at 1e-150"),
        pytest.param(lambda x: x**-3, -1e-8, id="x**-3 at -1e-8"),
        pytest.param(lambda x: x * x, 1e150, id="x*x at 1e150"),
        pytest.param(ag.exp, 709.7, id="exp next to overflow"),
        pytest.param(ag.exp, -700.0, id="exp next to underflow"),
        pytest.param(ag.tanh, 25.0, id="tanh saturated"),
        pytest.param(ag.relu, 1e-9, id="relu next to its kink"),
        pytest.param(lambda x: 1e-20 * x * x, 3.0, id="a tiny function"),
        pytest.param(lambda x: 1e20 * ag.sin(x), 3.0, id="a huge function"),
        pytest.param(lambda x: x * x * x, 0.0, id="a slope of 0"),
        pytest.param(lambda x: 5.0, 2.0, id="a constant"),
        pytest.param(lambda x: ag.where(x > 1.0, x * x, ag.exp(x)), 2.0, id="where"),
    ],
)
def test_ends_of_a_domain_and_other_places(f: Function, x: float) -> None:
    """Steps are taken in proportion to the argument, and those that leave the domain are not counted."""
    assert gradcheck(f, x)


def test_structures_and_several_results() -> None:
    """Arguments and results may be nested, and hold arrays."""

    def f(p: Any, x: Any) -> Any:
        return {"z": [ag.dot(p["w"], x), p["b"] * x[0]], "y": (ag.tanh(x[1]),)}

    assert gradcheck(f, {"w": [1.0, -2.0], "b": 0.5}, (3.0, 0.25), order=3)
    assert gradcheck(lambda A, a: A @ a, np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -1.5]))
    assert gradcheck(lambda: 1.0)
    assert gradcheck(lambda x: [], 1.0)


def test_values_are_read_and_left_alone() -> None:
    """A Value as an argument stands for its number; no grad is written."""
    x = Value(3.0)
    x.grad = 7.0
    assert gradcheck(lambda x: x * x, x)
    assert (x.data, x.grad) == (3.0, 7.0)


def test_transforms_can_be_checked() -> None:
    """A derivative is a function as well."""
    assert gradcheck(grad(lambda x: ag.sin(x) * x), 0.7)
    assert gradcheck(hessian(lambda x: x[0] ** 3 * x[1]), [2.0, 3.0])


# --- gradcheck: what fails ------------------------------------------------------------------------------

KINDS: dict[str, Callable[[tuple[Any, ...], int], Sequence[Any]]] = {
    "sign": lambda partials, i: [-d if k == i else d for k, d in enumerate(partials)],
    "factor 1 + 1e-4": lambda partials, i: [(1.0 + 1e-4) * d if k == i else d for k, d in enumerate(partials)],
    "dropped term": lambda partials, i: [0.0 if k == i else d for k, d in enumerate(partials)],
    "swapped operands": lambda partials, i: [*partials[i:], *partials[:i]],
}


def wrong_rules() -> list[Any]:
    """Thirty of them, the same in every run: a row, what is wrong with it, and in which operand."""
    rng = random.Random(6)
    rows = [rule for rule in TABLE if rule.layout == "fixed" and not rule.flat and rule is not rules.WHERE]
    found: dict[str, Any] = {}
    while len(found) < 30:
        rule, kind = rng.choice(rows), rng.choice(list(KINDS))
        count = len(rule.operand_names)
        i = rng.randrange(count)
        if kind == "swapped operands":
            if count == 1 or rule is rules.ADD:
                continue  # nothing to swap, or no difference
            i = 1
        name = f"{rule.symbol}, {kind}, operand {i}"
        found[name] = pytest.param(rule, kind, i, id=name)
    return list(found.values())


@pytest.mark.parametrize(("rule", "kind", "i"), wrong_rules())
def test_a_wrong_rule_is_refused(rule: Rule, kind: str, i: int) -> None:
    """Wherever the wrong partial differs by more than the tolerance; where it does not differ, it passes."""
    wrong = primitive(rule, lambda partials: KINDS[kind](partials, i))
    refused = 0
    for point in ordinary(rule):
        right = rule.partials(rule.value(*point), *point)
        pairs = list(zip(right, KINDS[kind](right, i), strict=True))
        if any(abs(a - b) > 2e-6 * abs(a) + 2e-9 for a, b in pairs):
            assert "gradcheck: d f / d args[" in complaint(wrong, *point)
            refused += 1
        else:
            assert gradcheck(wrong, *point)
    assert refused


def test_all_kinds_of_wrong_rules_are_among_them() -> None:
    """Sign, factor, dropped term and swapped operands."""
    assert {parameters.values[1] for parameters in wrong_rules()} == set(KINDS)


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        pytest.param(lambda out, x: (ag.sigmoid(x),), ag.silu, id="silu without x sigmoid'"),
        pytest.param(lambda out, x: (1.0 - out,), ag.tanh, id="1 - tanh"),
        pytest.param(lambda out, x: (out * out,), ag.tan, id="tan**2 without 1"),
        pytest.param(lambda out, x: (1.0 / (1.0 + x),), ag.atan, id="1/(1 + x)"),
        pytest.param(lambda out, x: (0.5 * out,), ag.sqrt, id="sqrt/2 for 1/(2 sqrt)"),
        pytest.param(lambda out, x: (ag.exp(-x * x),), ag.erf, id="erf without 2/sqrt(pi)"),
    ],
)
def test_the_slips_that_people_make(wrong: Function, value: Function) -> None:
    """A term or a factor that was forgotten."""

    def operation(x: float) -> float:
        return value(x)  # type: ignore[no-any-return]

    assert "got" in complaint(ag.primitive(wrong)(operation), 0.7)


def test_the_message() -> None:
    """It names the result, the number of the argument, where, got and expected."""
    wrong = primitive(rules.MUL, lambda partials: (partials[0], 1.5 * partials[1]))
    said = complaint(lambda p, x: {"y": [x[0], wrong(x[0], p["b"])]}, {"b": 3.0}, [2.0])
    assert said.startswith("gradcheck: d f['y'][1] / d args[0]['b'] at args[0]['b'] = 3.0: got 3.0, expected ")
    expected = float(said.split("expected ")[1].split(" ")[0])
    assert expected == pytest.approx(2.0, rel=1e-9)
    assert "(differences, uncertain by " in said
    assert "kink" not in said
    assert "cancellation" not in said
    assert complaint(lambda a: wrong(1.0, a[1, 0]), np.array([[1.0], [2.0]])).startswith(
        "gradcheck: d f / d args[0].flat[1] at args[0].flat[1] = 2.0: got 1.5, expected "
    )


def test_a_wrong_second_derivative() -> None:
    """With order=2 the derivative is checked as well; the message calls it f'."""

    def detached(_: Any, x: Any) -> tuple[Any]:
        return (2.0 * (x.item() if isinstance(x, Value) else x),)

    @ag.primitive(detached)
    def square(x: float) -> float:
        return x * x

    assert gradcheck(square, 3.0)
    said = complaint(square, 3.0, order=2)
    assert said.startswith("gradcheck: d f' / d args[0] at args[0] = 3.0: got 0.0, expected ")
    assert gradcheck(lambda x: x**5, 1.5, order=4)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (ag.relu, 0.0),
        (lambda x: ag.leaky_relu(x, 0.1), 0.0),
        (lambda x: ag.relu(x - 1.0) * 3.0, 1.0),
        (lambda x: ag.clip(x, 0.0, 1.0), 1.0),
        (lambda x: ag.where(x > 0.0, x, -2.0 * x), 0.0),
    ],
)
def test_a_kink_is_called_a_kink(f: Function, x: float) -> None:
    """There the derivative is a convention, which differences cannot know: the message says so, with both slopes."""
    said = complaint(f, x)
    assert "The slopes to the left (" in said
    assert "probably a kink, where the derivative is a convention; check beside it" in said
    assert gradcheck(f, x + 0.125)
    assert gradcheck(f, x - 0.125)


def test_a_convention_in_the_middle_passes() -> None:
    """abs'(0) = 0 and the 1/2 of a tie are what symmetric differences see too."""
    assert gradcheck(abs, 0.0)
    assert gradcheck(lambda x: ag.maximum(x, 0.0), 0.0)


def test_cancellation_is_called_cancellation() -> None:
    """Where a function hardly changes beside its own size, differences say little, and the message says why."""
    wrong = ag.primitive(lambda out, x: (1.5,))(lambda x: 1e10 + x)
    said = complaint(wrong, 1.0)
    assert "hardly changes beside its own size: probably cancellation" in said
    assert gradcheck(lambda x: 1e10 + x, 1.0)  # the right derivative is within what they can say


def test_a_function_that_never_changes() -> None:
    """However large it is, and so its rounding: its derivative is 0."""
    assert gradcheck(lambda x: 1e10, 1.0)
    assert "got 0.01, expected 0.0" in complaint(ag.primitive(lambda out, x: (0.01,))(lambda x: 1e10), 1.0)


def test_differences_that_go_astray_prove_nothing() -> None:
    """Where all steps are too wide, a derivative is refused even if it is within the differences' own uncertainty."""

    def swift(slope: float) -> Function:
        """A sine that goes round many times in each step, with a slope claimed for it."""
        return ag.primitive(lambda out, x: (slope,))(lambda x: math.sin(1e14 * x))

    astray = 0
    for x in (k / 10 for k in range(1, 30)):
        said = complaint(swift(0.0), x)
        best, uncertainty = (float(text) for text in re.findall(r"expected (\S+) .*uncertain by ([^)]+)\)", said)[0])
        if uncertainty > 0.05 * abs(best):
            complaint(swift(best + 0.5 * uncertainty), x)
            astray += 1
    assert astray


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: gradcheck(ag.log, -1.0), ValueError, "log: x = -1.0 is outside the domain x > 0"),
        (lambda: gradcheck(ag.sqrt, 0.0), ValueError, r"a function with finite values around \[0.0\], found none"),
        (lambda: gradcheck(lambda x: x, math.nan), ValueError, r"finite values, got \[nan\] at \[nan\]"),
        (lambda: gradcheck(lambda x: x * x, 1e200), ValueError, r"finite values, got \[inf\] at \[1e\+200\]"),
        (lambda: gradcheck(lambda x: x, 1.0, order=0), ValueError, "gradcheck: expected order >= 1, got 0"),
        (lambda: gradcheck(lambda x: x, "1"), TypeError, r"args\[0\]: expected numbers, .* got str"),
        (lambda: gradcheck(lambda x: None, 1.0), TypeError, "the result: expected numbers, .* got NoneType"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked(attempt: Function, error: type[Exception], message: str) -> None:
    """An error of another class than AssertionError: there is no verdict."""
    with pytest.raises(error, match=message):
        attempt()


def test_tolerances() -> None:
    """rtol and atol say how far a derivative may be off."""
    wrong = primitive(rules.SIN, lambda partials: (1.01 * partials[0],))
    assert gradcheck(wrong, 0.7, rtol=0.02)
    assert gradcheck(wrong, 0.7, rtol=0.0, atol=0.02)
    complaint(wrong, 0.7, rtol=0.005)
    assert gradcheck(ag.sin, 0.7, rtol=0.0, atol=0.0)


# --- verify ---------------------------------------------------------------------------------------------


def sigmoid_slope(x: float) -> float:
    """What a student derives: s (1 - s)."""
    s = ag.sigmoid(x)
    return s * (1.0 - s)


def test_a_report() -> None:
    """One claim for each equation, in order; true where all hold; printed as one line each."""
    report = verify(
        {
            "s' = s (1 - s)": (sigmoid_slope, grad(ag.sigmoid)),
            "s' = s": (ag.sigmoid, grad(ag.sigmoid)),
        },
        at=(0.5,),
    )
    right, wrong = report
    assert not report
    assert [claim.equation for claim in report] == ["s' = s (1 - s)", "s' = s"]
    assert right.holds
    assert right.relative <= 1e-15
    assert right.ulps <= 4.0
    assert not wrong.holds
    (x,) = wrong.point
    assert wrong.got == ag.sigmoid(x)
    assert wrong.expected == pytest.approx(sigmoid_slope(x), rel=1e-14)
    assert wrong.relative == abs(wrong.got - wrong.expected) / wrong.expected
    assert wrong.ulps == abs(wrong.got - wrong.expected) / math.ulp(wrong.expected)
    first, second = str(report).splitlines()
    assert first.startswith("s' = s (1 - s): holds; worst: got ")
    assert second.startswith(f"s' = s: FAILS; worst: got {wrong.got!r}, expected {wrong.expected!r} (relative ")
    assert second.endswith(f"at ({x!r},)")
    assert verify({"s'": (sigmoid_slope, grad(ag.sigmoid))}, at=(0.5,))


def test_the_worst_point_is_reported() -> None:
    """A formula that is right at the first point and wrong elsewhere is found out, at its worst."""
    (claim,) = verify({"d x^3": (lambda x: 3.0 * x, grad(lambda x: x**3))}, at=(1.0,), points=50)
    assert not claim.holds
    assert claim.point != (1.0,)
    (claim,) = verify({"d x^3": (lambda x: 3.0 * x, grad(lambda x: x**3))}, at=(1.0,), points=1)
    assert claim.holds
    seen: list[float] = []

    def claimed(x: float) -> float:
        seen.append(x)
        return 2.0 * x + x**4

    (claim,) = verify({"d x^2": (claimed, grad(lambda x: x * x))}, at=(1.0,), points=10)
    assert len(seen) == 10
    assert seen[0] == 1.0
    assert claim.point == (max(seen, key=lambda x: abs(x**4 / (2.0 * x))),)


def test_claims_may_be_numbers() -> None:
    """They are checked at the first point only."""
    f = grad(lambda w: w["a"] ** 2 * w["b"])
    report = verify(
        {"right": ({"a": 12.0, "b": 4.0}, f), "listed": ([12.0, 4.0], f), "wrong": ([12.0, 5.0], f)},
        at=({"a": 2.0, "b": 3.0},),
    )
    assert [claim.holds for claim in report] == [True, True, False]
    assert (report[2].got, report[2].expected, report[2].point) == (5.0, 4.0, ({"a": 2.0, "b": 3.0},))


def test_what_is_right_may_be_any_function() -> None:
    """Numbers, lists, arrays and Values on either side; not only derivatives."""
    A = np.array([[1.0, 2.0], [3.0, 4.0]])
    report = verify(
        {
            "J = A": (lambda x: A, jacobian(lambda x: A @ x)),
            "J = A, in lists": (lambda x: A.tolist(), jacobian(lambda x: A @ x)),
            "x + x = 2 x": (lambda x: [Value(t) * 2.0 for t in x], lambda x: x + x),
        },
        at=(np.array([0.5, -0.5]),),
    )
    assert report


def test_the_error_is_measured_by_the_largest_number() -> None:
    """An entry that is 0 but for rounding does not fail an equation of large ones."""
    (claim,) = verify({"": (lambda x: [1.0, 1e-12], lambda x: [1.0, 0.0])}, at=(1.0,))
    assert claim.holds
    assert claim.relative == 1e-12
    (claim,) = verify({"": (lambda x: [1.0, 1e-12], lambda x: [1.0, 0.0])}, at=(1.0,), rtol=1e-13)
    assert not claim.holds


@pytest.mark.parametrize(
    ("claimed", "expected", "holds"),
    [
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (1.0, math.inf, False),
        (math.inf, 1.0, False),
        (math.nan, 1.0, False),
        (1.0, math.nan, False),
        (math.nan, math.nan, False),
    ],
)
def test_what_is_not_finite(claimed: float, expected: float, holds: bool) -> None:
    """Equal infinities agree; nan agrees with nothing, and no other point makes up for it."""
    (claim,) = verify({"": (claimed, lambda x: expected)}, at=(1.0,))
    assert claim.holds is holds
    for place in range(3):
        pairs = [(1.0, 1.0)] * 3
        pairs[place] = (claimed, expected)
        drawn = iter(pairs)
        (claim,) = verify({"": (lambda p: p[0], lambda p: p[1])}, at=partial(draw_next, drawn), points=3)
        assert claim.holds is holds
    (claim,) = verify({"": ([claimed, 2.0], lambda x: [expected, 3.0])}, at=(1.0,))
    assert not claim.holds


def draw_next(drawn: Iterator[Any], _: random.Random) -> tuple[Any, ...]:
    """The next of what is drawn."""
    return (next(drawn),)


def test_points_outside_the_domain_are_drawn_again() -> None:
    """Until there are as many inside as asked for."""
    seen: list[float] = []

    def claimed(x: float) -> float:
        seen.append(x)
        return 1.0 / x

    assert verify({"log'": (claimed, grad(ag.log))}, at=(0.1,), points=30)
    assert len(seen) == 30
    assert min(seen) > 0.0


def test_points_may_be_drawn_by_a_function() -> None:
    """Of the source of randomness; structures included."""
    points: list[tuple[Any, ...]] = []

    def draw(rng: random.Random) -> tuple[Any, ...]:
        points.append(([rng.uniform(1.0, 2.0) for _ in range(3)], rng.randrange(5)))
        return points[-1]

    assert verify({"d sum x^k": (lambda x, k: [k * t ** (k - 1) for t in x], grad(powers))}, at=draw, points=7)
    assert len(points) == 7


def powers(x: Sequence[Any], k: int) -> Any:
    """The sum of the k-th powers."""
    return ag.sum([t**k for t in x])


def test_points_are_reproducible() -> None:
    """The same points in every run, and others from another source."""
    claims = {"d sin": (lambda x: ag.cos(x) + 0.1 * x, grad(ag.sin)), "d cos": (ag.sin, grad(ag.cos))}
    first = verify(claims, at=(1.0,))
    assert verify(claims, at=(1.0,)) == first
    assert verify(claims, at=(1.0,), rng=random.Random(0)) == first
    assert verify(claims, at=(1.0,), rng=random.Random(1)) != first


@pytest.mark.parametrize(
    ("claimed", "f", "message"),
    [
        (lambda x: [x, x], lambda x: x, "verify: E: expected 1 numbers, got 2"),
        ([1.0, 2.0], lambda x: [x, x, x], "verify: E: expected 3 numbers, got 2"),
        (lambda x: [], lambda x: [], "verify: E: expected at least one number, got none"),
        (
            lambda x: ag.log(-1.0),
            lambda x: x,
            "found 0 in 1000 tries; the last one raised ValueError: log: x = -1.0 is",
        ),
        (lambda x: ag.matvec([[x, x]], [x]), lambda x: [x], "ValueError: matvec: expected a vector of 2 for a matrix"),
    ],
)
def test_claims_that_cannot_be_checked(claimed: Any, f: Function, message: str) -> None:
    """Results of different lengths, none at all, or no point where both exist: a ValueError that says which."""
    with pytest.raises(ValueError, match=message):
        verify({"E": (claimed, f)}, at=(1.0,))


def test_claimed_numbers_outside_the_domain() -> None:
    """There is only the one point, so what its functions raise is raised."""
    with pytest.raises(ValueError, match="log: x = -1.0 is outside the domain x > 0"):
        verify({"E": (1.0, grad(ag.log))}, at=(-1.0,))


def test_results_that_are_no_numbers() -> None:
    """A TypeError that names the equation."""
    with pytest.raises(TypeError, match=r"dL/dw\[0\]: expected numbers, .* got str"):
        verify({"dL/dw": (["2"], lambda x: [x])}, at=(1.0,))


def test_an_empty_report_is_true() -> None:
    """Nothing was claimed, and nothing is wrong."""
    assert verify({}, at=(1.0,))
    assert str(verify({}, at=(1.0,))) == ""


def test_large_numbers_that_cancel_do_not_condemn_a_right_derivative() -> None:
    """(x + 1e6)^2 - 1e12 loses its digits on the way, not in its result; its derivative is right all the same."""
    assert gradcheck(lambda x: (x + 1e6) ** 2 - 1e12, 1e-3)
