"""Checking: derivatives against differences, and a student's formulas against the engine.

:func:`gradcheck` asks whether the derivatives that the engine computes for a function are those that small changes
of its arguments show. :func:`verify` asks the same of formulas derived by hand, with the engine as the judge.
"""

from __future__ import annotations

from math import inf, isfinite, ulp
from typing import TYPE_CHECKING, Any, NamedTuple

from .graph import gradients, order
from .structures import flatten, names, rebuild
from .tracing import Call
from .transforms import jacobian
from .value import Value, number

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

EPSILON = 2.0**-52
STEPS = [EPSILON ** (1 / 3) * 10.0**-k for k in range(-1, 8)]


def gradcheck(f: Callable[..., Any], *args: Any, order: int = 1, rtol: float = 1e-6, atol: float = 1e-9) -> bool:
    """Compare the derivatives of f by each number in its arguments with central differences at two step sizes.

    D(h) = (f(x + h) - f(x - h)) / 2h has the error h^2 f'''/6. From D(h) and D(h/2), (4 D(h/2) - D(h)) / 3 removes it
    (Richardson), and how far the two are apart says how far they can be trusted; of several pairs the one with the
    smallest relative uncertainty is taken. With ``order=2`` the first derivatives are checked in the same way after f
    itself, and so on.

    Returns True. Raises AssertionError where a derivative is further than ``atol + rtol * |expected|`` and the
    uncertainty of the differences from the expected one; the message names the number of the argument, the point, got
    and expected, and says when a kink or cancellation is the likely reason. (Uncertainty that is not the rounding of f
    counts up to a thousandth of the derivative: where differences go astray nothing is proved.) Raises ValueError if f
    has no finite value at or near the point, TypeError if an argument holds something that is no number.

    Source: W. H. Press et al., *Numerical Recipes*, section 5.7.

    >>> gradcheck(lambda x, y: x * y + y**3, 2.0, 3.0)
    True
    """
    if order < 1:
        raise ValueError(f"gradcheck: expected order >= 1, got {order}")
    derivative, name = f, "f"
    for _ in range(order):
        _check(derivative, args, name, rtol, atol)
        derivative, name = jacobian(derivative, tuple(range(len(args)))), name + "'"
    return True


def _check(f: Callable[..., Any], args: tuple[Any, ...], name: str, rtol: float, atol: float) -> None:
    """Check the first derivatives of f, which the messages call ``name``."""
    leaves, structure = flatten(args, "args")
    labels = names(structure, "args")
    point = [*map(number, leaves)]

    def at(numbers: Sequence[float]) -> list[float]:
        """The numbers of f's result at a point."""
        outputs, _ = flatten(f(*rebuild(structure, [Value(x) for x in numbers])), "the result")
        return [*map(number, outputs)]

    call = Call("gradcheck", f, rebuild(structure, point), {}, range(len(args)))
    rows = call.rows()
    results = [name] if len(rows) == 1 else names(call.out_structure, name)
    noise = [_noise(output) for output in call.outputs]
    for j, x in enumerate(point):
        for k, slope in enumerate(_slopes(at, point, j, at(point), noise, atol)):
            got = rows[k][j]
            doubt = min(slope.uncertainty, max(slope.rounding, 1e-3 * abs(slope.best)))
            allowed = atol + rtol * abs(slope.best) + doubt
            if not abs(got - slope.best) <= allowed:
                raise AssertionError(
                    f"gradcheck: d {results[k]} / d {labels[j]} at {labels[j]} = {x!r}: got {got!r}, expected "
                    f"{slope.best!r} (differences, uncertain by {slope.uncertainty:.1g}){slope.reason(got)}"
                )


def _noise(output: Value) -> float:
    """How much rounding may have moved a result: the roundings of all nodes, carried to it by the derivatives.

    Larger than the rounding of the result alone where large numbers cancel on the way, as in (x + 1e6)**2 - 1e12.
    """
    nodes = order(output)
    moves = [node.data * slope for node, slope in zip(nodes, gradients([output], [1.0], nodes), strict=True)]
    return EPSILON * sum([abs(move) for move in moves if isfinite(move)])


class Estimate(NamedTuple):
    """A derivative as differences show it."""

    best: float
    uncertainty: float
    left: float
    right: float
    rounding: float

    def doubt(self, atol: float) -> float:
        """How uncertain the slope is, relative to its size or to ``atol``."""
        return self.uncertainty / (abs(self.best) + atol or 1.0)

    def reason(self, got: float) -> str:
        """The likely reason why it differs from the derivative, where there is a sign of one."""
        if self.rounding > 1e-3 * max(abs(got), abs(self.best)):
            return (
                ". The function hardly changes beside its own size: probably cancellation hides the derivative from "
                "differences; check a smaller function or another point"
            )
        apart = abs(self.right - self.left)
        if (
            apart > 1e-3 * (abs(self.left) + abs(self.right))
            and min(abs(got - self.left), abs(got - self.right)) < apart
        ):
            return (
                f". The slopes to the left ({self.left:.6g}) and to the right ({self.right:.6g}) differ: "
                "probably a kink, where the derivative is a convention; check beside it"
            )
        return ""


def _slopes(
    f: Callable[[Sequence[float]], list[float]],
    point: Sequence[float],
    j: int,
    middle: list[float],
    noise: list[float],
    atol: float,
) -> list[Estimate]:
    """The slope of each of f's results by number j, each from the pair of steps that agrees best.

    ``noise`` is how much rounding may have moved each result.
    Best relative to the slope, or to ``atol`` where that is more: a step beyond a pole would agree well on nothing.
    """
    x = point[j]
    best: list[Estimate | None] = [None] * len(middle)
    if not all(map(isfinite, middle)):
        raise ValueError(f"gradcheck: expected a function with finite values, got {middle!r} at {list(point)!r}")
    moved = [False] * len(middle)
    for h in [step * scale for scale in {max(abs(x), 1.0), abs(x) or 1.0} for step in STEPS]:
        try:
            above, below, above_half, below_half = [
                f([*point[:j], x + shift, *point[j + 1 :]]) for shift in (h, -h, h / 2, -h / 2)
            ]
        except (ArithmeticError, ValueError):
            continue  # too near the end of the domain for this step
        width, half = (x + h) - (x - h), (x + h / 2) - (x - h / 2)
        if not half:
            continue  # too small a step to be seen
        for k, y in enumerate(middle):
            whole = (above[k] - below[k]) / width
            finer = (above_half[k] - below_half[k]) / half
            rounding = (4.0 * EPSILON * max(abs(above[k]), abs(below[k])) + 2.0 * noise[k]) / half
            uncertainty = abs(finer - whole) + rounding
            left, right = (y - below_half[k]) * 2.0 / half, (above_half[k] - y) * 2.0 / half
            slope, known = Estimate((4.0 * finer - whole) / 3.0, uncertainty, left, right, rounding), best[k]
            if isfinite(uncertainty) and (known is None or slope.doubt(atol) < known.doubt(atol)):
                best[k] = slope
            moved[k] = moved[k] or above[k] != below[k]
    found = [slope for slope in best if slope is not None]
    if len(found) < len(best):
        raise ValueError(f"gradcheck: expected a function with finite values around {list(point)!r}, found none")
    return [s if m else s._replace(uncertainty=0.0) for s, m in zip(found, moved, strict=True)]


class Claim(NamedTuple):
    """What :func:`verify` found for one equation: where claimed and computed numbers are furthest apart."""

    equation: str
    holds: bool
    point: tuple[Any, ...]
    got: float
    expected: float
    relative: float
    """|got - expected| over the largest of the expected numbers."""
    ulps: float
    """|got - expected| in units in the last place of expected."""

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "FAILS"
        return (
            f"{self.equation}: {verdict}; worst: got {self.got!r}, expected {self.expected!r} "
            f"(relative {self.relative:.1e}, {self.ulps:.3g} ulp)" + ("" if self.holds else f" at {self.point!r}")
        )


class Report(list[Claim]):
    """The claims, one after the other; true if all of them hold. Prints as one line per equation."""

    def __bool__(self) -> bool:
        return all(claim.holds for claim in self)

    def __str__(self) -> str:
        return "\n".join(map(str, self))


def verify(
    claims: Mapping[str, tuple[Any, Callable[..., Any]]],
    *,
    at: tuple[Any, ...] | Callable[[random.Random], tuple[Any, ...]],
    rng: random.Random | None = None,
    points: int = 20,
    rtol: float = 1e-9,
) -> Report:
    """Check formulas that somebody derived by hand against the engine.

    Parameters
    ----------
    claims:
        For each equation by name, ``(claimed, f)``: ``f`` computes what is right (``grad(L)``, ``jacobian(y)``, or
        any function), and ``claimed`` is a function of the same arguments, or just numbers. Both give as many numbers.
    at:
        The arguments, as a tuple: the first point, around which further ones are drawn (each number x becomes
        x + N(0, 1)); or a function of ``rng`` that draws all of them. Claimed numbers are checked at the first point.
    rng, points, rtol:
        The source of random points (default ``random.Random(0)``), how many, and the relative error, measured by the
        largest of the expected numbers, up to which an equation holds.

    Returns a :class:`Report`, true if all equations hold; what is not finite holds only where both sides are the same.
    Points outside the domain of a function are drawn again; raises ValueError if there are no others, with what the
    functions said at the last one, or if claimed and computed results differ in length.

    >>> from autograd import grad
    >>> print(verify({"d x^2 / dx": (lambda x: 3 * x, grad(lambda x: x * x))}, at=(1.0,), points=1))
    d x^2 / dx: FAILS; worst: got 3.0, expected 2.0 (relative 5.0e-01, 2.25e+15 ulp) at (1.0,)
    """
    from random import Random

    source = rng or Random(0)
    return Report([_verify(name, claimed, f, at, source, points, rtol) for name, (claimed, f) in claims.items()])


def _verify(
    equation: str, claimed: Any, f: Callable[..., Any], at: Any, rng: random.Random, points: int, rtol: float
) -> Claim:
    worst: Claim | None = None
    tries = 0
    done = 0
    while done < (points if callable(claimed) else 1):
        tries += 1
        point = at(rng) if callable(at) else at if tries == 1 else _near(at, rng)
        try:
            expected, _ = flatten(f(*point), equation)
            got, _ = flatten(claimed(*point) if callable(claimed) else claimed, equation)
        except (ArithmeticError, ValueError) as error:
            if not callable(claimed):
                raise
            if tries >= 50 * points:
                raise ValueError(
                    f"verify: {equation}: expected points inside the domain, found {done} in {tries} tries; "
                    f"the last one raised {type(error).__name__}: {error}"
                ) from error
            continue
        done += 1
        if len(got) != len(expected):
            raise ValueError(f"verify: {equation}: expected {len(expected)} numbers, got {len(got)}")
        pairs = [(number(g), number(e)) for g, e in zip(got, expected, strict=True)]
        scale = max([abs(e) for _, e in pairs if isfinite(e)], default=0.0) or 1.0
        for g, e in pairs:
            relative = 0.0 if g == e else abs(g - e) / scale if isfinite(g) and isfinite(e) else inf
            if worst is None or relative > worst.relative:
                worst = Claim(equation, relative <= rtol, point, g, e, relative, abs(g - e) / ulp(e) if g != e else 0.0)
    if worst is None:
        raise ValueError(f"verify: {equation}: expected at least one number, got none")
    return worst


def _near(at: tuple[Any, ...], rng: random.Random) -> tuple[Any, ...]:
    leaves, structure = flatten(at, "at")
    around: tuple[Any, ...] = rebuild(structure, [number(x) + rng.gauss(0, 1) for x in leaves])
    return around
