"""The table read over single numbers, each row written out where that is as exact as the function that it names.

Values are those of the table on floats: they raise where these do. A partial may raise, or be inf or nan, where that of
the table is not: then it is the function itself that answers. Where a partial needs its guard only because digits would
cancel, the plain formula stands wherever they do not.
"""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from autograd import rules
from autograd.compiler.expressions import Apply, Expr, Item, Number, Own, Together

from .failing import Failing
from .reading import COMPARISONS, READ, Reading, exact
from .singles import Each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EVERY = -2
"""The index of a function that returns a tuple: the value of a row that a user has made, and its partials."""

STEEP = 0.9
"""Up to here 1 - out is exact enough in the slopes of tanh and sigmoid; beyond, digits would cancel."""

SATURATED = -700.0
"""Below this exp(-x) may be too large for a float."""

TINY = 1e-290
"""Below this a length lacks digits."""


def counted_out(name: str) -> Callable[..., Expr]:
    """A function that stands for its own call; of numbers alone it is computed."""
    function = getattr(rules, name)

    def written(*operands: Any) -> Expr:
        each = [exact(x) for x in operands]
        numbers = [x.value for x in each if isinstance(x, Number)]
        if len(numbers) < len(each):
            return Apply(name, tuple(each))
        try:
            return Number(float(function(*numbers)))
        except (ArithmeticError, ValueError):
            return Apply(name, tuple(each))

    return written


def choice(sign: str, x: Any, y: Any, one: Any, other: Any) -> Expr:
    """``one`` where the comparison holds, else the other."""
    return Apply("if", (Apply(sign, (exact(x), exact(y))), exact(one), exact(other)))


def truth(sign: str, x: Any, y: Any) -> Expr:
    """1.0 where a comparison holds, else 0.0."""
    return choice(sign, x, y, 1.0, 0.0)


def preferred(sign: str, opposite: str, x: Any, y: Any) -> Expr:
    """The larger, or smaller, of two; nan if either is nan."""
    return choice(sign, x, y, x, choice(opposite, x, y, y, math.nan))


def winner(x: Any, y: Any) -> Expr:
    """1 where x > y, half of it at a tie."""
    return choice(">", x, y, 1.0, choice("==", x, y, 0.5, 0.0))


def clamp(x: Any, lo: Any, hi: Any) -> Expr:
    """min(max(x, lo), hi), with the guard where lo > hi might be."""
    if isinstance(lo, Number) and isinstance(hi, Number) and lo.value <= hi.value:
        return preferred("<=", ">", preferred(">=", "<", x, lo), hi)
    return counted_out("clamp")(x, lo, hi)


def sigmoid(x: Any) -> Expr:
    """1 / (1 + exp(-x)), with the guard where the exponential might be too large."""
    return choice(">", x, SATURATED, 1.0 / (1.0 + counted_out("exp")(-x)), counted_out("sigmoid")(x))


def power(x: Expr, y: Expr) -> Expr:
    """x ** y, with the guard where that might not be real."""
    if (isinstance(y, Number) and y.value % 1.0 == 0.0) or (isinstance(x, Number) and x.value > 0.0):
        return Apply("**", (x, y))
    return counted_out("power")(x, y)


VALUES: dict[str, Any] = {
    **{name: counted_out(name) for name in rules.NAMES if hasattr(rules, name) and name != "pi"},
    **{name: functools.partial(truth, sign) for name, sign in COMPARISONS.items()},
    "pi": Number(math.pi),
    "larger": functools.partial(preferred, ">=", "<"),
    "smaller": functools.partial(preferred, "<=", ">"),
    "clamp": clamp,
    "select": lambda c, x, y: choice("!=", c, 0.0, x, y),
    "floored": lambda x, y: x // y,
    "leaky_relu": lambda x, slope: choice(">", x, 0.0, x, slope * x),
    "sigmoid": sigmoid,
    "silu": lambda x: choice(">", x, SATURATED, x * (1.0 / (1.0 + counted_out("exp")(-x))), counted_out("silu")(x)),
}
"""What each name of the table is in a value."""

PARTIALS: dict[str, Any] = {
    **VALUES,
    "over": lambda x, y: x / y,
    "ratio": lambda x, y: x / y,
    "flat": lambda _: 0.0,
    "above": functools.partial(truth, ">"),
    "winner": winner,
    "sign": lambda x: choice(">", x, 0.0, 1.0, choice("<", x, 0.0, -1.0, 0.0 * x)),  # no choice of what is handed on
    "gauss": lambda x, k: counted_out("exp")(-(x * x) if k == 1.0 else -k * (x * x)),
    "atan_slope": lambda x: 1.0 / counted_out("hypot")(1.0, x) / counted_out("hypot")(1.0, x),
}
"""What it is in a partial."""


class Inline(Reading):
    """The rows over single numbers."""

    shares = False  # see sharing.py

    def __init__(self) -> None:
        super().__init__(bound(VALUES), floats=True)
        self.of_partials = bound(PARTIALS)

    def value(self, row: rules.Rule, operands: Sequence[Expr]) -> Expr:
        """The value of a row."""
        if isinstance(row, Each):
            return self.whole(row.sequence, tuple(operands))
        if isinstance(row, Failing):
            return fails(row, tuple(operands))
        if row not in READ:
            return Item(Apply(Own(row, EVERY, floats=True), tuple(operands)), 0)
        if row is rules.POW:
            return power(*operands)
        return exact(rules.read(row.value, self.names)(*operands))

    def whole(self, row: rules.Rule, operands: tuple[Expr, ...]) -> Expr:
        """The value of a row over a sequence."""
        if row is rules.HYPOT:
            return Apply("hypot", operands)
        if len(operands) == 2 and row in (rules.MAX, rules.MIN, rules.PEAK):
            return exact(self.names["smaller" if row is rules.MIN else "larger"](*operands))
        return exact(rules.read(row.value, self.names)(Together(operands)))

    def partials(self, row: rules.Rule, out: Expr, operands: Sequence[Expr]) -> tuple[Expr | float, ...]:
        """The partials of a row, whose value is ``out``; floats where they are the same for all operands."""
        given = tuple(operands)
        if row.flat:
            return (0.0,) * len(given)
        if isinstance(row, Each):
            return self.of_sequence(row.sequence, out, given)
        if row not in READ:
            return tuple([Item(Apply(Own(row, EVERY, floats=True), given), i + 1) for i in range(len(given))])
        own = OWN.get(row)
        found: Any = own(out, *given) if own else rules.read(row.partials, self.of_partials)(out, *given)
        return found if isinstance(found, tuple) else (found,)

    def of_sequence(self, row: rules.Rule, out: Expr, operands: tuple[Expr, ...]) -> tuple[Expr | float, ...]:
        """The partials of a row over a sequence."""
        sequence, count = Together(operands), range(len(operands))
        if row is rules.HYPOT:
            near: Expr = Apply("direction", (sequence, out))
            return tuple([choice(">=", out, TINY, x / out, Item(near, i)) for i, x in enumerate(operands)])
        if row in (rules.MAX, rules.MIN) and len(operands) == 2:
            x, y = operands
            return (winner(x, y), winner(y, x)) if row is rules.MAX else (winner(y, x), winner(x, y))
        found = rules.read(row.partials, self.of_partials)(out, sequence)
        return tuple([Item(found, i) for i in count])


class Asked:
    """An operand in the formula that says where a row raises: what it is compared with gives 1.0 or 0.0."""

    def __init__(self, x: Expr) -> None:
        self.x = x

    def __lt__(self, y: float) -> Answer:
        return Answer("<", self.x, y)

    def __le__(self, y: float) -> Answer:
        return Answer("<=", self.x, y)

    def __gt__(self, y: Asked | float) -> Answer:
        return Answer(">", self.x, y.x if isinstance(y, Asked) else y)

    def __ge__(self, y: float) -> Answer:
        return Answer(">=", self.x, y)

    def __eq__(self, y: object) -> Answer:  # type: ignore[override]
        return Answer("==", self.x, y)

    def __ne__(self, y: object) -> Answer:  # type: ignore[override]
        return Answer("!=", self.x, y)

    __hash__ = None  # type: ignore[assignment]


class Answer:
    """Whether a comparison holds."""

    def __init__(self, sign: str, x: Any, y: Any) -> None:
        self.sign, self.x, self.y = sign, x, y

    def chosen(self, one: Expr) -> Expr:
        """``one`` where it does, else 0.0."""
        return choice(self.sign, self.x, self.y, one, 0.0)

    def __and__(self, other: Answer) -> Both:
        return Both(self, other)


class Both:
    """Whether two comparisons hold."""

    def __init__(self, first: Answer, second: Answer) -> None:
        self.first, self.second = first, second

    def chosen(self, one: Expr) -> Expr:
        """``one`` where they do, else 0.0."""
        return self.first.chosen(self.second.chosen(one))


def fails(row: Failing, operands: tuple[Expr, ...]) -> Expr:
    """1.0 where a row raises, else 0.0: as the table says it, or by trying."""
    if row.kind is None and row.row.raises is not None and row.row is not rules.POW:
        asking = {"fabs": lambda x: Asked(counted_out("fabs")(x.x))}
        found: Answer | Both = rules.read(row.row.raises, asking)(*map(Asked, operands))
        return found.chosen(Number(1.0))
    return Apply(Own(row, -1, floats=True), operands)


def bound(names: dict[str, Any]) -> dict[str, Any]:
    """Names as a row finds them."""
    return {**names, "math": SimpleNamespace(**names)}


def of_quotient(out: Expr, x: Expr, y: Expr) -> tuple[Expr, ...]:
    """Both partials of x / y by one division."""
    inverse = 1.0 / y
    return inverse, -(out * inverse) if not isinstance(x, Number) else -(out / y)


def of_power(out: Expr, x: Expr, y: Expr) -> tuple[Expr | float, ...]:
    """The partials of x ** y, most often by x alone."""
    if isinstance(y, Number):
        return (2.0 * x if y.value == 2.0 else y * power(x, Number(y.value - 1.0))), 0.0
    if isinstance(x, Number) and x.value > 0.0:
        return 0.0, out * Number(math.log(x.value))
    return PARTIALS["power_by_base"](out, x, y), PARTIALS["power_by_exponent"](out, x, y)


def of_tanh(out: Expr, x: Expr) -> Expr:
    """1 - tanh(x)**2, with the guard where digits would cancel."""
    return choice("<", counted_out("fabs")(out), STEEP, 1.0 - out * out, counted_out("tanh_slope")(x))


def of_sigmoid(out: Expr, x: Expr) -> Expr:
    """s (1 - s), likewise."""
    return choice("<", out, STEEP, out * (1.0 - out), counted_out("sigmoid_slope")(x))


def of_select(_: Expr, c: Expr, *__: Expr) -> tuple[Expr | float, ...]:
    """All of the derivative to the side that is taken."""
    return 0.0, choice("!=", c, 0.0, 1.0, 0.0), choice("!=", c, 0.0, 0.0, 1.0)


OWN: dict[rules.Rule, Callable[..., Any]] = {
    rules.DIV: of_quotient,
    rules.POW: of_power,
    rules.TANH: of_tanh,
    rules.SIGMOID: of_sigmoid,
    rules.SELECT: of_select,
}
"""Partials that are written otherwise than in the table."""


@functools.lru_cache(maxsize=1)
def inline() -> Inline:
    """The rows over single numbers, written out."""
    return Inline()
