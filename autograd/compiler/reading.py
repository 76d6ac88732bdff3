"""The table read over expressions: a row's value and partials as formulas of an array program.

There are three readings. *Plain* ones leave what a row guards against on floats to the caller, who sees to it where an
operation overflows. *Guarded* ones name the guards, for text that has to stand on its own. Those *of floats* name the
functions of single floats, for loops over numbers.
"""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from autograd import rules
from autograd.compiler.expressions import Apply, Expr, Number, Own, lifted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

READ = frozenset((*rules.TABLE, *rules.RECORDED))
"""The rows that are read; of others, which users have made, the functions are called."""

COMPARISONS = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "unequal": "!="
}  # fmt: skip
"""The names that comparisons have in the rows, and their signs."""


def call(name: str) -> Callable[..., Expr]:
    """A function that stands for its own call. Numbers in it are floats."""

    def function(*operands: Any) -> Expr:
        return Apply(name, tuple([x if isinstance(x, Expr) else Number(float(x)) for x in operands]))

    return function


def comparing(sign: str, x: Any, y: Any) -> Expr:
    """1.0 where the comparison holds, else 0.0."""
    return Apply("*", (Apply(sign, (lifted(x), lifted(y))), Number(1.0)))


def chosen(sign: str, x: Any, y: Any) -> Expr:
    """The same by a choice between two numbers, as every library has it."""
    return Apply("where", (Apply(sign, (lifted(x), lifted(y))), Number(1.0), Number(0.0)))


def selected(name: str, condition: Any, x: Any, y: Any) -> Expr:
    """x where the condition is not 0, else y."""
    return Apply(name, (Apply("!=", (lifted(condition), Number(0.0))), exact(x), exact(y)))


def exact(x: Any) -> Expr:
    """A number with its point."""
    return x if isinstance(x, Expr) else Number(float(x))


def above(x: Any, y: Any) -> Expr:
    """Whether x > y, as a number in a product."""
    return Apply(">", (exact(x), exact(y)))


def wins(x: Any, y: Any) -> Expr:
    """1 where x > y, half of it at a tie."""
    half = Number(0.5)
    return half * Apply(">", (exact(x), exact(y))) + half * Apply(">=", (exact(x), exact(y)))


class Reading:
    """The rows over expressions; ``names`` says what each name of the table is.

    ``shares``: whether what a value and its partials both compute gets a name at once.
    """

    shares = True

    def __init__(self, names: dict[str, Any], *, plain: bool = False, floats: bool = False) -> None:
        self.plain, self.floats = plain, floats
        self.names = {**names, "math": SimpleNamespace(**names)}

    def value(self, row: rules.Rule, operands: Sequence[Expr]) -> Expr:
        """The value of a row."""
        if row not in READ:
            return Apply(Own(row, -1, self.floats), tuple(operands))
        if self.floats and row is rules.POW and operands[1] == Number(2.0):
            return Apply("**", (operands[0], Number(2.0)))
        return exact(rules.read(row.value, self.names)(*operands))

    def partials(self, row: rules.Rule, out: Expr, operands: Sequence[Expr]) -> tuple[Expr | float, ...]:
        """The partials of a row, whose value is ``out``; floats where they are the same for all operands."""
        if row.flat:
            return (0.0,) * len(operands)
        if row not in READ:
            return tuple([Apply(Own(row, i, self.floats), tuple(operands)) for i in range(len(operands))])
        if self.plain and row is rules.SIGMOID:
            return (self.names["exp"](-operands[0]) * out * out,)
        if row is rules.POW and isinstance(operands[1], Number):
            if self.floats and operands[1] == Number(2.0):
                return Number(2.0, short=True) * operands[0], 0.0
            return operands[1] * self.names["power"](operands[0], operands[1].value - 1.0), 0.0
        found = rules.read(row.partials, self.names)(out, *operands)
        return found if isinstance(found, tuple) else (found,)


@functools.lru_cache(maxsize=1)
def plain() -> Reading:
    """The rows over arrays, each as the formula of a textbook."""
    exp = call("exp")
    names = {
        **guarded().names,
        **{name: functools.partial(comparing, sign) for name, sign in COMPARISONS.items()},
        "above": above,
        "wins": wins,
        "sigmoid": lambda x: 1.0 / (1.0 + exp(-x)),
        "sigmoid_slope": lambda x: exp(-x) / ((1.0 + exp(-x)) * (1.0 + exp(-x))),
        "tanh_slope": lambda x: 4.0 / (exp(x) + 1.0 / exp(x)) ** 2,
    }
    return Reading(names, plain=True)


@functools.lru_cache(maxsize=1)
def guarded() -> Reading:
    """The rows over arrays, with their guards."""
    names: dict[str, Any] = {name: call(name) for name in rules.NAMES}
    names |= {"pi": Number(math.pi), "larger": call("maximum"), "smaller": call("minimum")}
    names |= {name: functools.partial(chosen, sign) for name, sign in COMPARISONS.items()}
    names["select"] = functools.partial(selected, "where")
    return Reading(names)


@functools.lru_cache(maxsize=1)
def of_floats() -> Reading:
    """The rows over single floats, as the table has them."""
    names: dict[str, Any] = {name: call(f"float_{name}") for name in rules.NAMES}
    names |= {"pi": Number(math.pi)}
    names |= {name: functools.partial(comparing, sign) for name, sign in COMPARISONS.items()}
    names["select"] = functools.partial(selected, "if")
    return Reading(names, floats=True)
