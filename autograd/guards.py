"""Guards: what the rows need beyond plain algebra, each once, with its versions one under the other.

A row of the table is a formula and knows no ``if``. Where floats need a decision or a more accurate formula than
algebra gives, the row names one of the small functions below. It is read in five ways, and has a version for each:

    on floats       with ``if``: what a node computes when it is made
    branch-free     with ``where``: over arrays, which take every branch and select; and while a function is recorded,
                    where an ``if`` on a Value would become a path of the user's function
    over Values     a formula in fewer nodes than the float version, where Values need no guard
    while recording a formula in fewer nodes than the branch-free version. At special points it may be infinite or
                    nan where the guard is not: the program reports that, and the function runs eagerly
    as algebra      the plain formula, as text

Versions of one guard may be one function. What a reading has itself needs no version: arrays have ``maximum``, Values
the rows that are functions. A test asks for every other, and a guard that lacks one says so when it is read.

A version is, like a row, bound to other global names: no closure and no default argument. A comparison with nan is
false, so each guard on floats is arranged to let nan through.
"""

from __future__ import annotations

from functools import partial
from math import copysign, cos, erfc, exp, expm1, fabs, fsum, hypot, inf, log, log1p, nan, pi, sin, sqrt
from operator import mul
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from .readings.symbols import as_vector, bracket, call, either, one_power_less, raised, symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Function = TypeVar("Function", bound="Callable[..., Any]")

SMALLEST_NORMAL = 2.0**-1022

FLOATS, BRANCH_FREE, VALUES, RECORDED, ALGEBRA = (
    "on floats", "branch-free", "over Values", "while recording", "as algebra"
)  # fmt: skip
VERSIONS: dict[str, dict[str, Callable[..., Any]]] = {
    kind: {} for kind in (FLOATS, BRANCH_FREE, VALUES, RECORDED, ALGEBRA)
}
"""The versions of each kind, by the name of the guard."""

IN_PIECES: set[str] = set()
"""The guards that are constant in pieces: their derivative is 0 wherever they have one."""


def register(kind: str, name: str, function: Function) -> Function:
    """Keep a version of a guard."""
    VERSIONS[kind][name] = function
    return function


def on_floats(function: Function) -> Function:
    """A guard, in its version on floats."""
    return register(FLOATS, function.__name__, function)


def in_pieces(function: Function) -> Function:
    """The same of a guard that is constant in pieces."""
    IN_PIECES.add(function.__name__)
    return on_floats(function)


def branch_free(guard: Callable[..., Any]) -> Callable[[Function], Function]:
    """The branch-free version of a guard."""
    return partial(register, BRANCH_FREE, guard.__name__)


def over_values(guard: Callable[..., Any]) -> Callable[[Function], Function]:
    """The version over Values of a guard."""
    return partial(register, VALUES, guard.__name__)


def recorded(guard: Callable[..., Any]) -> Callable[[Function], Function]:
    """The version of a guard while a function is recorded."""
    return partial(register, RECORDED, guard.__name__)


def algebra(guard: Callable[..., Any]) -> Callable[[Function], Function]:
    """The version of a guard as algebra."""
    return partial(register, ALGEBRA, guard.__name__)


def reading(kinds: Sequence[str], words: Mapping[str, Any]) -> dict[str, Any]:
    """Every guard in one namespace: in the first of the kinds that it has, bound to the words and to the other guards.

    A guard whose name is among the words is what they say.
    """
    scope: dict[str, Any] = {**globals(), **words}
    for name in VERSIONS[FLOATS].keys() - words.keys():
        found: Any = next((VERSIONS[kind][name] for kind in kinds if name in VERSIONS[kind]), None)
        scope[name] = FunctionType(found.__code__, scope, name) if found else partial(lacking, name, kinds)
    return scope


def lacking(name: str, kinds: Sequence[str], *_: Any) -> Any:
    """The guard in a reading for which it has no version."""
    raise TypeError(
        f"{name}: expected a version of this guard {' or '.join(kinds)}, in autograd/guards.py; it has none"
    )


# Words of the versions below, as floats have them; arrays and Values have their own. ----------------------------------


def where(condition: object, x: Any, y: Any) -> Any:
    """x where the condition holds, else y."""
    return x if condition else y


def number(x: float) -> float:
    """The number that a Value or a number is."""
    return x


@on_floats
def root(x: float) -> float:
    """The real cube root, as exact as the library's own is."""
    return copysign(fabs(x) ** (1.0 / 3.0), x)


def ordered(xs: Any) -> Any:
    """The places of the elements, smallest first; equals keep their order, and nan comes last."""
    return [i for _, _, i in sorted([(x != x, x if x == x else 0.0, i) for i, x in enumerate(xs)])]


def element(xs: Any, i: Any) -> Any:
    """The element at a place."""
    return xs[int(i)]


def places(xs: Any) -> Any:
    """0, 1, 2, ... for the elements."""
    return range(len(xs))


@on_floats
def chosen(otherwise: Any, *cases: Any) -> Any:
    """The first value whose condition holds: ``chosen(nan, x > y, 1.0, x <= y, 0.0)``."""
    for condition, value in reversed(list(zip(cases[::2], cases[1::2], strict=True))):
        otherwise = where(condition, value, otherwise)
    return otherwise


branch_free(chosen)(chosen)


@on_floats
def magnitude(x: float) -> float:
    """|x|, as a side times x: its slope is that of the side, 1 at 0, and its further derivatives are 0."""
    return side(x) * x


branch_free(magnitude)(lambda x: fabs(x))
recorded(magnitude)(magnitude)


# Comparisons: 1.0 or 0.0 ----------------------------------------------------------------------------------------------


@in_pieces
def less(x: float, y: float) -> float:
    """1.0 where x < y, else 0.0."""
    return 1.0 if x < y else 0.0


branch_free(less)(lambda x, y: where(x < y, 1.0, 0.0))
algebra(less)(lambda x, y: bracket(x, "<", y))


@in_pieces
def less_equal(x: float, y: float) -> float:
    """1.0 where x <= y, else 0.0."""
    return 1.0 if x <= y else 0.0


branch_free(less_equal)(lambda x, y: where(x <= y, 1.0, 0.0))
algebra(less_equal)(lambda x, y: bracket(x, "<=", y))


@in_pieces
def greater(x: float, y: float) -> float:
    """1.0 where x > y, else 0.0."""
    return 1.0 if x > y else 0.0


branch_free(greater)(lambda x, y: where(x > y, 1.0, 0.0))
algebra(greater)(lambda x, y: bracket(x, ">", y))


@in_pieces
def greater_equal(x: float, y: float) -> float:
    """1.0 where x >= y, else 0.0."""
    return 1.0 if x >= y else 0.0


branch_free(greater_equal)(lambda x, y: where(x >= y, 1.0, 0.0))
algebra(greater_equal)(lambda x, y: bracket(x, ">=", y))


@in_pieces
def equal(x: float, y: float) -> float:
    """1.0 where x = y, else 0.0."""
    return 1.0 if x == y else 0.0


branch_free(equal)(lambda x, y: where(x == y, 1.0, 0.0))
algebra(equal)(lambda x, y: bracket(x, "=", y))


@in_pieces
def unequal(x: float, y: float) -> float:
    """1.0 where x and y differ, and where one is nan; else 0.0."""
    return 1.0 if x != y else 0.0


branch_free(unequal)(lambda x, y: where(x != y, 1.0, 0.0))
algebra(unequal)(lambda x, y: bracket(x, "!=", y))


@on_floats
def select(c: float, x: float, y: float) -> float:
    """x where c is not 0, else y."""
    return x if c != 0.0 else y


branch_free(select)(lambda c, x, y: where(c != 0.0, x, y))
algebra(select)(lambda c, x, y: call("select")(c, x, y))


# What is constant in pieces -------------------------------------------------------------------------------------------


@in_pieces
def above(x: float, y: float) -> float:
    """Iverson's bracket [x > y]: 1.0 where true, 0.0 where false, nan where x and y cannot be compared."""
    return 1.0 if x > y else 0.0 if x <= y else nan


branch_free(above)(lambda x, y: chosen(nan, x > y, 1.0, x <= y, 0.0))
recorded(above)(lambda x, y: greater(x, y))
algebra(above)(lambda x, y: bracket(x, ">", y))


@in_pieces
def wins(x: float, y: float) -> float:
    """[x > y] + [x = y] / 2, so that wins(x, y) + wins(y, x) = 1; nan where they cannot be compared."""
    return 1.0 if x > y else 0.0 if x < y else 0.5 if x == y else nan


branch_free(wins)(lambda x, y: chosen(nan, x > y, 1.0, x < y, 0.0, x == y, 0.5))
recorded(wins)(lambda x, y: 0.5 * (greater(x, y) + greater_equal(x, y)))
algebra(wins)(lambda x, y: bracket(x, ">", y) + bracket(x, "=", y) / 2)


@in_pieces
def side(x: float) -> float:
    """1.0 where x >= 0, -1.0 where x < 0; nan for nan."""
    return 1.0 if x >= 0.0 else -1.0 if x < 0.0 else nan


branch_free(side)(lambda x: chosen(nan, x >= 0.0, 1.0, x < 0.0, -1.0))
algebra(side)(lambda x: bracket(x, ">=", 0) - bracket(x, "<", 0))


@in_pieces
def sign(x: float) -> float:
    """1.0, 0.0 or -1.0; nan for nan."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else nan


algebra(sign)(lambda x: call("sign")(x))


@in_pieces
def flat(x: float) -> float:
    """The slope of a function that is constant near x: 0.0; nan for nan."""
    return 0.0 if x == x else nan


branch_free(flat)(lambda x: where(x == x, 0.0, nan))
recorded(flat)(lambda x: 0.0)
algebra(flat)(lambda x: symbol(0))


@in_pieces
def floored(x: float, y: float) -> float:
    """x // y, the whole number below the quotient, as Python has it; d(x % y)/dy is its negative."""
    return x // y


branch_free(floored)(floored)
recorded(floored)(floored)
algebra(floored)(lambda x, y: x // y)


@on_floats
def floor(x: float) -> float:
    """The largest whole number that is not above x, as a float; inf and nan stay."""
    return x // 1.0 + 0.0 if fabs(x) < 2.0**52 else x


@on_floats
def ceil(x: float) -> float:
    """The smallest whole number that is not below x."""
    return -floor(-x) + 0.0


@on_floats
def trunc(x: float) -> float:
    """x without what stands behind its point."""
    return floor(x) if x >= 0.0 else ceil(x)


algebra(trunc)(lambda x: call("trunc")(x))


@on_floats
def nearest(x: float) -> float:
    """The whole number nearest to x, halves to even."""
    return float(round(x)) if fabs(x) < 2.0**52 else x


algebra(nearest)(lambda x: call("round")(x))


# What chooses an operand ----------------------------------------------------------------------------------------------


@on_floats
def larger(x: float, y: float) -> float:
    """max(x, y), and nan if either is nan."""
    return x if x >= y else y if x < y else nan


recorded(larger)(lambda x, y: where(x >= y, x, y))
algebra(larger)(lambda x, y: call("max")(x, y))


@on_floats
def smaller(x: float, y: float) -> float:
    """min(x, y), and nan if either is nan."""
    return x if x <= y else y if x > y else nan


recorded(smaller)(lambda x, y: where(x <= y, x, y))
algebra(smaller)(lambda x, y: call("min")(x, y))


@on_floats
def clamp(x: float, lo: float, hi: float) -> float:
    """min(max(x, lo), hi); raises ValueError where lo > hi."""
    if lo > hi:
        raise ValueError("expected lo <= hi")
    return smaller(larger(x, lo), hi)


branch_free(clamp)(lambda x, lo, hi: where(lo > hi, nan, smaller(larger(x, lo), hi)))
algebra(clamp)(lambda x, lo, hi: smaller(larger(x, lo), hi))


@on_floats
def leaky_relu(x: float, slope: float) -> float:
    """x where x > 0, else slope x."""
    return x if x > 0.0 else slope * x


branch_free(leaky_relu)(lambda x, slope: where(x > 0.0, x, slope * x))
algebra(leaky_relu)(lambda x, slope: either(x, x, slope * x))


@on_floats
def leaky_relu_by_x(x: float, slope: float) -> float:
    """1 where x > 0, else the slope."""
    return 1.0 if x > 0.0 else slope if x <= 0.0 else nan


branch_free(leaky_relu_by_x)(lambda x, slope: chosen(nan, x > 0.0, 1.0, x <= 0.0, slope))
recorded(leaky_relu_by_x)(lambda x, slope: where(x > 0.0, 1.0, slope))
algebra(leaky_relu_by_x)(lambda x, slope: either(x, 1, slope))


@on_floats
def elu(x: float, alpha: float) -> float:
    """x where x > 0, else alpha (exp(x) - 1)."""
    return x if x > 0.0 else alpha * expm1(x)


branch_free(elu)(lambda x, alpha: where(x > 0.0, x, alpha * expm1(smaller(x, 0.0))))
algebra(elu)(lambda x, alpha: either(x, x, alpha * call("expm1")(x)))


@on_floats
def elu_by_x(x: float, alpha: float) -> float:
    """1 where x > 0, else alpha exp(x); in two halves where exp(x) alone would lose digits."""
    if x > 0.0:
        return 1.0
    if x < -700.0:
        half = exp(0.5 * x)
        return alpha * half * half
    return alpha * exp(x)


@branch_free(elu_by_x)
def _(x: Any, alpha: Any) -> Any:
    half = exp(0.5 * smaller(x, 0.0))
    return where(x > 0.0, 1.0, alpha * half * half)


@over_values(elu_by_x)
def _(x: Any, alpha: Any) -> Any:
    if number(x) > 0.0:
        return 1.0
    return exp(x) if isinstance(alpha, float) and alpha == 1.0 else alpha * exp(x)


@recorded(elu_by_x)
def _(x: Any, alpha: Any) -> Any:
    e = exp(smaller(x, 0.0))
    return where(x > 0.0, 1.0, e if isinstance(alpha, float) and alpha == 1.0 else alpha * e)


algebra(elu_by_x)(lambda x, alpha: either(x, 1, alpha * exp(x)))


# Quotients, roots and powers ------------------------------------------------------------------------------------------


@on_floats
def over(x: float, y: float) -> float:
    """x / y for the partials at the end of a domain: a positive x over 0 is +inf (an infinite slope)."""
    return inf if y == 0.0 else x / y


branch_free(over)(lambda x, y: where(y == 0.0, inf, x / y))
over_values(over)(lambda x, y: x / (y if number(y) != 0.0 else y + 0.0))  # -0.0 + 0.0 is 0.0
algebra(over)(lambda x, y: x / symbol(y))


@on_floats
def turn(x: float, y: float) -> float:
    """x / (x**2 + y**2) by way of hypot, and 0 at the origin, which has no direction."""
    r = hypot(x, y)
    if r == 0.0:
        return 0.0
    if SMALLEST_NORMAL <= r < inf:
        part = x / r
        return x / (r * r) if 0.0 < fabs(part) < SMALLEST_NORMAL else part / r
    s = 2.0**-600 if r == inf else 2.0**600
    r = hypot(s * x, s * y)
    return s * (s * x / r / r)


@branch_free(turn)
def _(x: Any, y: Any) -> Any:
    r = hypot(x, y)
    s = chosen(1.0, r == inf, 2.0**-600, r < SMALLEST_NORMAL, 2.0**600)
    scaled = hypot(s * x, s * y)
    part = s * x / scaled
    tiny = (part != 0.0) & (fabs(part) < SMALLEST_NORMAL)
    return where(r == 0.0, 0.0, s * where(tiny, s * x / (scaled * scaled), part / scaled))


@recorded(turn)
def _(x: Any, y: Any) -> Any:
    r = hypot(x, y)
    return x / r / r


algebra(turn)(lambda x, y: x / (x**2 + y**2))


@on_floats
def cbrt(x: float) -> float:
    """The real cube root: libm's power, and one Newton step c - (c - x/c^2)/3 that squares its error."""
    if x == 0.0 or fabs(x) == inf:
        return x
    c = root(x)
    return c - (c - x / (c * c)) / 3.0


@branch_free(cbrt)
def _(x: Any) -> Any:
    c = root(x)
    return where((x == 0.0) | (fabs(x) == inf), x, c - (c - x / (c * c)) / 3.0)


@on_floats
def ratio(x: float, y: float) -> float:
    """x / y, and nan where that is 0 / 0."""
    return nan if x == 0.0 and y == 0.0 else x / y


branch_free(ratio)(lambda x, y: x / y)
recorded(ratio)(lambda x, y: x / y)
algebra(ratio)(lambda x, y: x / y)


@on_floats
def xlogy(x: float, y: float) -> float:
    """x log(y), and 0 where x = 0 and y is a number; raises ValueError where log does elsewhere."""
    return 0.0 if x == 0.0 and y == y else x * log(y)


@branch_free(xlogy)
def _(x: Any, y: Any) -> Any:
    return where((x == 0.0) & (y == y), 0.0, x * log(where((x == 0.0) & (y <= 0.0), 1.0, y)))


algebra(xlogy)(lambda x, y: x * log(y))


@on_floats
def xlogy_by_x(x: float, y: float) -> float:
    """log(y), and 0 where y <= 0 and x = 0."""
    return log(y) if not y <= 0.0 else 0.0 if x == 0.0 else nan


@branch_free(xlogy_by_x)
def _(x: Any, y: Any) -> Any:
    return where(y <= 0.0, where(x == 0.0, 0.0, nan), log(where(y <= 0.0, 1.0, y)))


recorded(xlogy_by_x)(lambda x, y: log(y))
algebra(xlogy_by_x)(lambda x, y: log(y))


@on_floats
def power(x: float, y: float) -> float:
    """x ** y over the real numbers: where Python would answer with a complex number, a ValueError."""
    if -inf < x < 0.0 and fabs(y) < inf and y % 1.0:
        raise ValueError("the power of a negative number to a fraction is not real")
    out: float = x**y
    return out


recorded(power)(lambda x, y: x**y)
algebra(power)(lambda x, y: x**y)


@on_floats
def power_fails(x: float, y: float) -> bool:
    """Whether x ** y raises: it is not real, infinite at 0, or too large for a float."""
    try:
        power(x, y)
    except (ArithmeticError, ValueError):
        return True
    return False


branch_free(power_fails)(lambda x, y: (fabs(x) < inf) & (fabs(y) < inf) & ~(fabs(power(x, y)) < inf))


@on_floats
def power_by_base(out: float, x: float, y: float) -> float:
    """d x**y / dx = y x**(y-1), as y out / x where that keeps full accuracy, and 0 at y = 0."""
    if y == 0.0:
        return 0.0
    if x == 0.0 and y < 1.0:
        return inf
    if x != 0.0 and fabs(x) < inf and fabs(out) < inf:
        if fabs(out) >= SMALLEST_NORMAL:
            q = out / x
            return y * q if SMALLEST_NORMAL <= fabs(q) < inf else y * out / x
        if not 0.0 < y < 4.0:  # out lacks digits, and y - 1 is rounded; half the power is accurate
            half: float = fabs(x) ** (0.5 * y)
            return y * half / x * copysign(half, out)
    below: float = x ** (y - 1.0)
    return y * below


@branch_free(power_by_base)
def _(out: Any, x: Any, y: Any) -> Any:
    finite = (x != 0.0) & (fabs(x) < inf) & (fabs(out) < inf)
    normal = finite & (fabs(out) >= SMALLEST_NORMAL)
    tiny = finite & ((y < 0.0) | (y >= 4.0))
    steep = (x == 0.0) & (y > 0.0) & (y < 1.0)
    q, half = out / x, power(fabs(x), 0.5 * y)
    by_ratio = where((fabs(q) >= SMALLEST_NORMAL) & (fabs(q) < inf), y * q, y * out / x)
    by_halves = y * half / x * copysign(half, out)
    plain = y * power(x, y - 1.0)
    return chosen(plain, y == 0.0, 0.0, steep, inf, normal, by_ratio, tiny, by_halves)


@over_values(power_by_base)
def _(out: Any, x: Any, y: Any) -> Any:
    if isinstance(x, float):  # a constant: nobody asks for its partial
        return out.partials[0]
    if isinstance(y, float) and y in {0.0, 1.0, 2.0}:
        return 2.0 * x if y == 2.0 else y
    return y * x ** (y - 1.0)


algebra(power_by_base)(lambda out, x, y: y * one_power_less(x, y))


@on_floats
def power_by_exponent(out: float, x: float, y: float) -> float:
    """d x**y / dy = x**y log x; nan for x < 0 (the power is real at whole y only); 0 at x = 0, where y >= 0."""
    if x > 0.0:
        if not out < SMALLEST_NORMAL:
            return out * log(x)
        half: float = x ** (0.5 * y)  # out lacks digits; half the power does not
        return half * log(x) * half
    return 0.0 if x == 0.0 and y >= 0.0 else nan


@branch_free(power_by_exponent)
def _(out: Any, x: Any, y: Any) -> Any:
    half = power(x, 0.5 * y)
    slope = where(out < SMALLEST_NORMAL, half * log(x) * half, out * log(x))
    return chosen(nan, x > 0.0, slope, (x == 0.0) & (y >= 0.0), 0.0)


@over_values(power_by_exponent)
def _(out: Any, x: Any, y: Any) -> Any:
    if isinstance(y, float):  # a constant
        return out.partials[1]
    if number(x) > 0.0:
        return out * log(x)
    # At x = 0 the 0 is constant, although for y <= 1 the slope of x**y log(x) by x is infinite there.
    return 0.0 if number(x) == 0.0 and number(y) >= 0.0 else out * nan


recorded(power_by_exponent)(lambda out, x, y: out.partials[1] if isinstance(y, float) else out * log(x))
algebra(power_by_exponent)(lambda out, x, y: out * log(x))


# Functions that saturate ----------------------------------------------------------------------------------------------


@on_floats
def tanh_slope(x: float) -> float:
    """1 - tanh(x)**2 = 4 e / (1 + e)**2 with e = exp(-2|x|), which keeps its digits where tanh saturates."""
    e = exp(-2.0 * x if x >= 0.0 else 2.0 * x)
    q = 1.0 + e
    return 4.0 * e / (q * q)


@branch_free(tanh_slope)
def _(x: Any) -> Any:
    e = exp(-2.0 * magnitude(x))
    q = 1.0 + e
    return 4.0 * e / (q * q)


algebra(tanh_slope)(lambda x: 1 - raised("tanh", x, 2))


@on_floats
def atan_slope(x: float) -> float:
    """1 / (1 + x**2), by way of hypot so that x**2 cannot overflow."""
    r = hypot(1.0, x)
    return 1.0 / r / r


branch_free(atan_slope)(atan_slope)
algebra(atan_slope)(lambda x: 1 / (1 + x**2))


@on_floats
def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), with the exponential taken on the side where it cannot overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)


@branch_free(sigmoid)
def _(x: Any) -> Any:
    e = exp(-magnitude(x))
    return where(x >= 0.0, 1.0, e) / (1.0 + e)


@on_floats
def sigmoid_slope(x: float) -> float:
    """sigmoid(x) (1 - sigmoid(x)) = e / (1 + e)**2 with e = exp(-|x|)."""
    e = exp(-x if x >= 0.0 else x)
    q = 1.0 + e
    return e / (q * q)


@branch_free(sigmoid_slope)
def _(x: Any) -> Any:
    e = exp(-magnitude(x))
    q = 1.0 + e
    return e / (q * q)


algebra(sigmoid_slope)(lambda x: sigmoid(x) * (1 - sigmoid(x)))


@on_floats
def softplus(x: float) -> float:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    return x + log1p(exp(-x)) if x >= 0.0 else log1p(exp(x))


branch_free(softplus)(lambda x: larger(x, 0.0) + log1p(exp(-magnitude(x))))
algebra(softplus)(lambda x: log(1 + exp(x)))


@on_floats
def silu(x: float) -> float:
    """x sigmoid(x); far below 0 as x exp(x), in two halves because exp(x) alone would lose digits."""
    if x < -700.0:
        half = exp(0.5 * x)
        return x * half * half
    return x * sigmoid(x)


@branch_free(silu)
def _(x: Any) -> Any:
    half = exp(0.5 * smaller(x, 0.0))
    return where(x < -700.0, x * half * half, x * sigmoid(x))


algebra(silu)(lambda x: x * sigmoid(x))


@on_floats
def silu_slope(x: float) -> float:
    """sigmoid(x) (1 + x sigmoid(-x)); far below 0 as (1 + x) exp(x), in two halves."""
    if x < -700.0:
        half = exp(0.5 * x)
        return (1.0 + x) * half * half
    return sigmoid(x) * (1.0 + x * sigmoid(-x))


@branch_free(silu_slope)
def _(x: Any) -> Any:
    half = exp(0.5 * smaller(x, 0.0))
    return where(x < -700.0, (1.0 + x) * half * half, sigmoid(x) * (1.0 + x * sigmoid(-x)))


recorded(silu_slope)(lambda x: sigmoid(x) * (1.0 + x * sigmoid(-x)))
algebra(silu_slope)(lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))))


@on_floats
def log_sigmoid(x: float) -> float:
    """log(1 / (1 + exp(-x))) = min(x, 0) - log1p(exp(-|x|))."""
    return -log1p(exp(-x)) if x >= 0.0 else x - log1p(exp(x))


branch_free(log_sigmoid)(lambda x: smaller(x, 0.0) - log1p(exp(-magnitude(x))))
algebra(log_sigmoid)(lambda x: log(sigmoid(x)))


@on_floats
def softsign(x: float) -> float:
    """x / (1 + |x|), and 1 or -1 where x is infinite."""
    return copysign(1.0, x) if fabs(x) == inf else x / (1.0 + fabs(x))


branch_free(softsign)(lambda x: where(fabs(x) == inf, copysign(1.0, x), x / (1.0 + fabs(x))))
algebra(softsign)(lambda x: x / (1 + fabs(x)))


@on_floats
def softsign_slope(x: float) -> float:
    """1 / (1 + |x|)**2."""
    q = 1.0 + fabs(x)
    return 1.0 / q / q


branch_free(softsign_slope)(softsign_slope)
algebra(softsign_slope)(lambda x: 1 / (1 + fabs(x)) ** 2)


# sin(pi x) / (pi x) ---------------------------------------------------------------------------------------------------


@on_floats
def sin_pi(x: float) -> float:
    """sin(pi x), as exact as sin is: a multiple of 2 is taken off, exactly, and what is left is less than an octant."""
    r = x - 2.0 * nearest(0.5 * x)
    a = fabs(r)
    s = sin(pi * a) if a <= 0.25 else cos(pi * (0.5 - a)) if a <= 0.75 else sin(pi * (1.0 - a))
    return copysign(s, r)


@branch_free(sin_pi)
def _(x: Any) -> Any:
    r = x - 2.0 * nearest(0.5 * x)
    a = fabs(r)
    s = chosen(sin(pi * (1.0 - a)), a <= 0.25, sin(pi * a), a <= 0.75, cos(pi * (0.5 - a)))
    return copysign(s, r)


@on_floats
def cos_pi(x: float) -> float:
    """cos(pi x), likewise."""
    a = fabs(x - 2.0 * nearest(0.5 * x))
    return cos(pi * a) if a <= 0.25 else sin(pi * (0.5 - a)) if a <= 0.75 else -cos(pi * (1.0 - a))


@branch_free(cos_pi)
def _(x: Any) -> Any:
    a = fabs(x - 2.0 * nearest(0.5 * x))
    return chosen(-cos(pi * (1.0 - a)), a <= 0.25, cos(pi * a), a <= 0.75, sin(pi * (0.5 - a)))


@on_floats
def sinc(x: float) -> float:
    """sin(pi x) / (pi x), and 1 at 0; raises ValueError where x is infinite."""
    if fabs(x) == inf:
        raise ValueError("sin of infinity")
    return 1.0 if x == 0.0 else sin_pi(x) / (pi * x)


branch_free(sinc)(lambda x: where(x == 0.0, 1.0, sin_pi(x) / (pi * where(x == 0.0, 1.0, x))))
algebra(sinc)(lambda x: call("sin")(pi * x) / (pi * x))


@on_floats
def sinc_slope(out: float, x: float) -> float:
    """(cos(pi x) - sinc(x)) / x; where the two cancel, their series."""
    return sinc_series(x) if fabs(x) < 0.5 else (cos_pi(x) - out) / x


@branch_free(sinc_slope)
def _(out: Any, x: Any) -> Any:
    return where(fabs(x) < 0.5, sinc_series(x), (cos_pi(x) - out) / where(fabs(x) < 0.5, 1.0, x))


over_values(sinc_slope)(lambda out, x: sinc_series(x) if fabs(number(x)) < 0.5 else (cos(pi * x) - out) / x)


@recorded(sinc_slope)
def _(out: Any, x: Any) -> Any:
    near = fabs(x) < 0.5
    return where(near, sinc_series(x), (cos(pi * x) - out) / where(near, 1.0, x))


algebra(sinc_slope)(lambda out, x: (call("cos")(pi * x) - out) / x)


@on_floats
def sinc_series(x: float) -> float:
    """The sum of (-1)**k 2k pi**(2k) / (2k + 1)! x**(2k - 1) for k = 1 to 11, to 1e-17 for |x| < 1/2."""
    t = x * x
    # fmt: off
    return x * ((((((((((-7.365893777096947e-11 * t + 3.4330769499642866e-09) * t - 1.3148481279991994e-07) * t
        + 4.049947846619244e-06) * t - 9.766223126318933e-05) * t + 0.001781145516372852) * t
        - 0.023460810354558236) * t + 0.2091827825412384) * t - 1.1445109447325053) * t + 3.2469697011334144) * t
        - 3.289868133696453)
    # fmt: on


branch_free(sinc_series)(sinc_series)


# The normal distribution ----------------------------------------------------------------------------------------------


@on_floats
def head(x: float) -> float:
    """The first 26 bits of x, so that the product of two heads is exact (Dekker). For |x| < 1e300."""
    c = 134217729.0 * x
    return c - (c - x)


branch_free(head)(head)


@on_floats
def square(x: float) -> tuple[float, float]:
    """x**2 as an exact square and a small rest: x is split into 26 + 27 bits. For |x| < 1e150."""
    high = head(x)
    return high * high, (x - high) * (x + high)


branch_free(square)(square)


@on_floats
def gauss(x: float, k: float) -> float:
    """exp(-k x**2) for k = 1 or 1/2, with an exponent that is not rounded."""
    if fabs(x) > 40.0:
        return 0.0
    large, small = square(x)
    e = exp(-k * large)
    return e + e * expm1(-k * small)


@branch_free(gauss)
def _(x: Any, k: Any) -> Any:
    large, small = square(x)
    e = exp(-k * large)
    return where(fabs(x) > 40.0, 0.0, e + e * expm1(-k * small))


over_values(gauss)(lambda x, k: exp(-(x * x) if k == 1.0 else -k * x * x))
algebra(gauss)(lambda x, k: exp(-(x**2) if k == 1.0 else -k * x**2))


@on_floats
def tail(x: float) -> float:
    """erfc(-x / sqrt(2)), which is twice the normal distribution function; far below 0 as density over hazard.

    The hazard is -x + excess(-x). All roundings are put back but those of exp, of the excess, and the last: erfc of the
    C library would be off by up to 5 ulp, and the rounding of -x / sqrt(2) by more.
    """
    if not -40.0 < x < -1.0:
        return erfc(-x / sqrt(2.0))
    (large, small), rest, c = square(x), excess(-x), 0.5 * log(2.0 / pi)
    exponent = c - 0.5 * large
    lost = c - (exponent + 0.5 * large)
    hazard = rest - x
    high = head(hazard)
    low = (rest - (hazard + x)) + (hazard - high)
    e = exp(exponent)
    q = head(e / hazard)
    remainder = ((e - q * high) - q * low) / hazard
    return q + (remainder + (q + remainder) * expm1(lost - 0.5 * small))


@branch_free(tail)
def _(x: Any) -> Any:
    t = -x / 2.0**0.5
    (t_large, t_small), (x_large, x_small) = square(t), square(x)
    lost = (t_large - 0.5 * x_large) + (t_small - 0.5 * x_small)
    whole = erfc(t)
    return where((x > -40.0) & (x < -1.0), whole + exp(-t * t) * lost / (t * pi**0.5), whole)


over_values(tail)(lambda x: erfc(-x / sqrt(2.0)))
algebra(tail)(lambda x: erfc(-x / sqrt(2)))


@on_floats
def excess(x: float) -> float:
    """How much the hazard of the normal distribution, its density over its upper tail, exceeds x; for x >= 0.98.

    A rational function that interpolates it at 18 Chebyshev points of (x - 2.6) / (x + 2.6), to 1.5e-17 of the hazard.
    """
    # fmt: off
    over = ((((((((1.0000000000484632 * x + 22.656096412789037) * x + 260.35229564613803) * x + 1921.27692847496) * x
        + 9845.018823495) * x + 35754.20486413546) * x + 90195.4057704826) * x + 146218.79865229593) * x
        + 120126.6217533803)
    under = (((((((((x + 22.656096422357084) * x + 262.3522947981105) * x + 1966.5891663155542) * x
        + 10359.721803491419) * x + 39460.86369840304) * x + 108364.52426362598) * x + 207163.16680250491) * x
        + 251825.92279193414) * x + 150556.39320506333)
    # fmt: on
    return over / under


# Sequences. Over arrays they run along the first axis; over Values they are tuples, as on floats. --------------------


@on_floats
def total(xs: Sequence[float]) -> float:
    """The sum, rounded once (Shewchuk); where a term or the sum is not finite, as floats add up from left to right."""
    try:
        return fsum(xs)
    except (OverflowError, ValueError):
        out = 0.0
        for x in xs:
            out += x
        return out


@on_floats
def inner(w: Sequence[float], x: Sequence[float], b: float) -> float:
    """w . x + b, each product rounded once and their sum rounded once."""
    return total([*map(mul, w, x), b])


branch_free(inner)(lambda w, x, b: total(w * x) + b)


@on_floats
def fill(xs: Sequence[float], x: float) -> tuple[float, ...]:
    """x for each element of xs."""
    return (x,) * len(xs)


recorded(fill)(fill)
algebra(fill)(lambda xs, x: symbol(x))


@on_floats
def count(xs: Sequence[float]) -> float:
    """The number of elements."""
    return float(len(xs))


branch_free(count)(count)
algebra(count)(lambda xs: symbol(as_vector(xs).length))


@in_pieces
def most(xs: Sequence[float]) -> float:
    """The largest element, and nan if any is nan."""
    return max(xs) if all(x == x for x in xs) else nan


algebra(most)(lambda xs: call("max")(xs))


@in_pieces
def least(xs: Sequence[float]) -> float:
    """The smallest element, and nan if any is nan."""
    return min(xs) if all(x == x for x in xs) else nan


recorded(least)(lambda xs: -most(tuple([-x for x in xs])))
algebra(least)(lambda xs: call("min")(xs))


@in_pieces
def winners(xs: Sequence[float], out: float) -> tuple[float, ...]:
    """1/k for each of the k elements equal to out, 0.0 for the others; nan for each if out is nan."""
    if out != out:
        return fill(xs, nan)
    share = 1.0 / sum(x == out for x in xs)
    return tuple([share if x == out else 0.0 for x in xs])


@branch_free(winners)
def _(xs: Any, out: Any) -> Any:
    won = where(xs == out, 1.0, 0.0)
    return where(out == out, won / total(won), nan)


@recorded(winners)
def _(xs: Any, out: Any) -> Any:
    won = [equal(x, out) for x in xs]
    whole = total(won)
    return tuple([each / whole for each in won])


algebra(winners)(lambda xs, out: bracket(as_vector(xs).element, "=", out) / as_vector(xs).ties)


@on_floats
def exp_difference(x: float, m: float) -> float:
    """exp(x - m) for x <= m, with what the rounding of the difference lost put back (Knuth's two-sum)."""
    d = x - m
    if d < -746.0:
        return 0.0
    b = d - x
    lost = (x - (d - b)) - (m + b)
    e = exp(d)
    return e + e * lost


@branch_free(exp_difference)
def _(x: Any, m: Any) -> Any:
    d = x - m
    b, e = d - x, exp(d)
    return where(d < -746.0, 0.0, e + e * ((x - (d - b)) - (m + b)))


over_values(exp_difference)(lambda x, m: exp(x - m))


@on_floats
def logsumexp(xs: Sequence[float]) -> float:
    """m + log(sum exp(x - m)) with m the largest element, so that no exponential overflows."""
    m = most(xs)
    if not fabs(m) < inf:
        return m
    rest = list(xs)
    rest.remove(m)
    return m + log1p(total([exp_difference(x, m) for x in rest]))


@branch_free(logsumexp)
def _(xs: Any) -> Any:
    m = most(xs)
    ties = total(where(xs == m, 1.0, 0.0))
    rest = total(where(xs == m, 0.0, exp_difference(xs, m))) + (ties - 1.0)
    return where(fabs(m) < inf, m + log1p(rest), m)


algebra(logsumexp)(lambda xs: call("logsumexp")(xs))


@on_floats
def logaddexp(x: float, y: float) -> float:
    """log(exp(x) + exp(y)) = m + log1p(exp(-|x - y|)) with m the larger of them."""
    m = larger(x, y)
    return m + log1p(exp_difference(smaller(x, y), m)) if fabs(m) < inf else m


@branch_free(logaddexp)
def _(x: Any, y: Any) -> Any:
    m = larger(x, y)
    return where(fabs(m) < inf, m + log1p(exp_difference(smaller(x, y), m)), m)


algebra(logaddexp)(lambda x, y: log(exp(x) + exp(y)))


@on_floats
def logaddexp_by_x(x: float, y: float) -> float:
    """exp(x) / (exp(x) + exp(y)), the sigmoid of x - y, with what the rounding of the difference lost put back."""
    if x >= y:
        return 1.0 / (1.0 + exp_difference(y, x))
    e = exp_difference(x, y)
    return e / (1.0 + e)


@branch_free(logaddexp_by_x)
def _(x: Any, y: Any) -> Any:
    e = exp_difference(smaller(x, y), larger(x, y))
    return where(x >= y, 1.0, e) / (1.0 + e)


over_values(logaddexp_by_x)(lambda x, y: sigmoid(x - y))
algebra(logaddexp_by_x)(lambda x, y: exp(x) / (exp(x) + exp(y)))


@on_floats
def softmax(xs: Sequence[float]) -> tuple[float, ...]:
    """exp(x - m) / sum exp(x - m), the partials of logsumexp."""
    m = most(xs)
    if not fabs(m) < inf:
        return fill(xs, nan)
    es = [exp_difference(x, m) for x in xs]
    whole = total(es)
    return tuple([e / whole for e in es])


@branch_free(softmax)
def _(xs: Any) -> Any:
    es: Any = exp_difference(xs, most(xs))
    return es / total(es)


@recorded(softmax)
def _(xs: Any) -> Any:
    m = most(xs)
    es = [exp(x - m) for x in xs]
    whole = total(es)
    return tuple([e / whole for e in es])


@algebra(softmax)
def _(xs: Any) -> Any:
    element: Any = as_vector(xs).element
    return exp(element - logsumexp(xs))


@on_floats
def norm(xs: Sequence[float]) -> float:
    """The Euclidean length, without overflow or underflow on the way."""
    return hypot(*xs)


@branch_free(norm)
def _(xs: Any) -> Any:
    sizes: Any = fabs(xs)
    largest = most(sizes)
    scale = where((largest > 0.0) & (largest < inf), largest, 1.0)
    infinite = total(where(sizes == inf, 1.0, 0.0)) > 0.0
    return where(infinite, inf, scale * sqrt(total((xs / scale) ** 2)))


algebra(norm)(lambda xs: hypot(xs))


@on_floats
def direction(xs: Sequence[float], r: float) -> tuple[float, ...]:
    """x / r for each element, r being their norm: a unit vector; zeros at the origin."""
    if r == 0.0:
        return fill(xs, 0.0)
    if r < 1e-290 or r == inf:
        largest = max(map(fabs, xs))
        if largest < inf:
            xs = [x / largest for x in xs]
            r = hypot(*xs)
    return tuple([x / r for x in xs])


@branch_free(direction)
def _(xs: Any, r: Any) -> Any:
    sizes: Any = fabs(xs)
    largest = most(sizes)
    rescaled = ((r < 1e-290) | (r == inf)) & (largest < inf)
    xs = where(rescaled, xs / largest, xs)
    return where(r == 0.0, 0.0, xs / where(rescaled, norm(xs), r))


recorded(direction)(lambda xs, r: tuple([x / r for x in xs]))
algebra(direction)(lambda xs, r: as_vector(xs).element / r)


# A place or a rank stands first in these sequences, and the elements follow.


@in_pieces
def ranked(xs: Sequence[float]) -> float:
    """The place of the k-th smallest element, from 0 on; equals keep their order, and nan comes last."""
    return float(1.0 * element(ordered(xs[1:]), xs[0]))


branch_free(ranked)(lambda xs: 1.0 * element(ordered(xs[1:]), xs[0]))


@on_floats
def misplaced(xs: Sequence[float]) -> bool:
    """Whether there is no element at the place: it is not whole, or outside."""
    i, n = xs[0], len(xs) - 1
    return (i < -n) | (i >= n) | (i != floor(i))


branch_free(misplaced)(misplaced)


@on_floats
def taken(xs: Sequence[float]) -> float:
    """The element at the place, which counts from the end where it is negative; ValueError where there is none."""
    if misplaced(xs):
        raise ValueError("no element is there")
    return xs[1 + int(from_start(xs))]


@branch_free(taken)
def _(xs: Any) -> Any:
    wrong = misplaced(xs)
    return where(wrong, nan, element(xs[1:], where(wrong, 0.0, from_start(xs))))


@in_pieces
def from_start(xs: Sequence[float]) -> float:
    """The place, counted from the start."""
    return xs[0] + (len(xs) - 1) if xs[0] < 0.0 else xs[0]


branch_free(from_start)(lambda xs: where(xs[0] < 0.0, xs[0] + (len(xs) - 1), xs[0]))


@in_pieces
def marks(xs: Sequence[float]) -> tuple[float, ...]:
    """1.0 for the element at the place, and 0.0 for the others and the place."""
    i = from_start(xs)
    return (0.0, *[1.0 if i == j else 0.0 for j in range(len(xs) - 1)])


branch_free(marks)(lambda xs: where(places(xs) == from_start(xs) + 1.0, 1.0, 0.0))


@recorded(marks)
def _(xs: Any) -> Any:
    i = from_start(xs)
    return (0.0, *[equal(i, j) for j in range(len(xs) - 1)])
