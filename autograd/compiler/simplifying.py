"""Simplifying: expressions over single numbers, with what the chain rule leaves behind taken out.

    1.0 * x, x * -1.0, -(-x), x + 0.0             x, -x, x, x
    -x * y, x + (-y)                              -(x * y), x - y when it is printed
    (1.0 if x > y else 0.0) != 0.0                x > y

A number of a derivative may have the other sign where it is zero. Nothing else changes by more than its rounding. Of a
derivative moreover

    g * (1.0 if x > y else 0.0)                   g if x > y else 0.0

since a row that chooses hands nothing on to what is not taken, were it 0 * inf.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from autograd.compiler.expressions import Apply, Contract, Expr, Number, Read, Together, with_parts

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNS = frozenset(("<", "<=", ">", ">=", "==", "!="))
"""The comparisons."""

TERMS = 40
"""How many terms of a sum are written one after the other; Python reads no text that is nested too deeply."""


def simple(x: Expr) -> Expr:
    """The same, simplified throughout."""
    parts = x.parts
    if not parts:
        return x
    if isinstance(x, Contract):
        return product(simple(x.left), simple(x.right))
    x = with_parts(x, [simple(part) for part in parts])
    rule = RULES.get(x.operation) if isinstance(x, Apply) and isinstance(x.operation, str) else None
    found = rule(*x.operands) if rule else x  # type: ignore[attr-defined]
    return x if found == x else found


def negated(x: Expr) -> Expr:
    """-x."""
    if isinstance(x, Number):
        return Number(-x.value)
    return x.operands[0] if isinstance(x, Apply) and x.operation == "neg" else Apply("neg", (x,))


def is_negative(x: Expr) -> bool:
    """Whether a minus stands before it."""
    return x.value < 0.0 if isinstance(x, Number) else isinstance(x, Apply) and x.operation == "neg"


def product(x: Expr, y: Expr) -> Expr:
    """x * y, a number first, a minus before all of it."""
    if is_negative(x):
        return negated(product(negated(x), y))
    if is_negative(y):
        return negated(product(x, negated(y)))
    if isinstance(y, Number):
        x, y = y, x
    return multiple(x.value, y) if isinstance(x, Number) else Apply("*", (x, y))


def multiple(factor: float, x: Expr) -> Expr:
    """A number times x."""
    if isinstance(x, Number):
        return Number(factor * x.value)
    if factor == 1.0:
        return x
    if isinstance(x, Apply) and x.operation == "*" and isinstance(x.operands[0], Number):
        both = factor * x.operands[0].value
        if both and isfinite(both):
            return multiple(both, x.operands[1])
    return Apply("*", (Number(factor), x))


def carried(x: Expr) -> Expr:
    """The same, where a derivative times a choice between numbers is a choice between what is carried on."""
    parts = x.parts
    if not parts:
        return x
    x = with_parts(x, [carried(part) for part in parts])
    if isinstance(x, Apply) and x.operation == "*":
        for factor, choice in (x.operands, x.operands[::-1]):
            if isinstance(factor, Read) and is_choice(choice):
                return distributed(factor, choice)
    return x


def is_choice(x: Expr) -> bool:
    """Whether this is a choice between numbers."""
    if not isinstance(x, Apply) or x.operation != "if":
        return False
    return all([isinstance(part, Number) or is_choice(part) for part in x.operands[1:]])


def distributed(factor: Expr, x: Expr) -> Expr:
    """A factor times a choice between numbers: what is not taken is not multiplied, and 0 carries nothing."""
    if isinstance(x, Number):
        return product(x, factor) if x.value else x
    condition, one, other = x.operands  # type: ignore[attr-defined]
    return Apply("if", (condition, distributed(factor, one), distributed(factor, other)))


def total(*given: Expr) -> Expr:
    """A sum, without zeros."""
    each = [x for x in given if not (isinstance(x, Number) and x.value == 0.0)]
    if len(each) < 2:
        return each[0] if each else Number(0.0)
    return Apply("total", (Together(tuple(each)),)) if len(each) > TERMS else Apply("+", tuple(each))


def difference(x: Expr, y: Expr) -> Expr:
    """x - y."""
    return total(x, negated(y)) if is_negative(y) else Apply("-", (x, y))


def quotient(x: Expr, y: Expr) -> Expr:
    """x / y."""
    if is_negative(x):
        return negated(quotient(negated(x), y))
    if isinstance(x, Number) and isinstance(y, Number) and y.value:
        return Number(x.value / y.value)
    return x if isinstance(y, Number) and y.value == 1.0 else Apply("/", (x, y))


def unequal(x: Expr, y: Expr) -> Expr:
    """x != y; whether a condition holds is the condition itself."""
    return condition_of(x) or Apply("!=", (x, y)) if y == Number(0.0) else Apply("!=", (x, y))


def equal(x: Expr, y: Expr) -> Expr:
    """x == y; whether a condition does not hold, as its opposite where it has one."""
    condition = condition_of(x) if y == Number(0.0) else None
    if condition is None or condition.operation not in ("==", "!="):
        return Apply("==", (x, y))
    return Apply("!=" if condition.operation == "==" else "==", condition.operands)


def condition_of(x: Expr) -> Apply | None:
    """The condition of which this is 1.0 where it holds, else 0.0."""
    if not isinstance(x, Apply) or x.operation != "if" or x.operands[1:] != (Number(1.0), Number(0.0)):
        return None
    condition = x.operands[0]
    return condition if isinstance(condition, Apply) and condition.operation in SIGNS else None


RULES: dict[str, Callable[..., Expr]] = {
    "*": product, "/": quotient, "+": total, "-": difference, "neg": negated, "!=": unequal, "==": equal,
}  # fmt: skip
"""How the operations are simplified."""
