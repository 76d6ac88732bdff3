"""The reading of a row over Values: derivatives that are graphs again.

Where the partials of a row are computed with Values instead of floats, each partial is a node, and the gradient that
the chain rule makes of them can be drawn, explained and differentiated like any other formula. The rows and the guards
of :mod:`autograd.rules` are read as they stand (a comparison goes by ``data``, so a guard takes the same branch as it
did forward); only what is constant in pieces stays a number.
"""

from __future__ import annotations

from functools import lru_cache
from math import isclose, isfinite, isnan, pi, sqrt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import functions, graph, rules
from .modes import ieee, recorder
from .value import Value, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Term = Value | float


CONSTANT = rules.CONSTANT

guarded_power_by_base = rules.read(rules.power_by_base, {"fabs": functions.abs})
guarded_elu_by_x = rules.read(rules.elu_by_x, {"exp": functions.exp})


def constant_in_pieces(guard: Callable[..., Any]) -> Callable[..., Any]:
    """A guard whose derivative is 0 wherever it has one: computed from the numbers, it is a number.

    While a program is recorded it is made of comparisons: another call may lie in another piece.
    """

    def function(*operands: Any) -> Any:
        if recorder.get() is not None:
            return recorder.get().pieces(guard.__name__, *operands)
        return guard(*[[*map(number, x)] if isinstance(x, tuple) else number(x) for x in operands])

    return function


def over(x: Term, y: Value) -> Value:
    """x / y, at the end of a domain too, where it is +inf: y is made +0.0 there."""
    return x / (y if y != 0.0 else y + 0.0)


def power_by_base(out: Value, x: Term, y: Term) -> Term:
    """y x**(y-1), in as few nodes as a constant exponent allows; the float guard where that is not what it stored."""
    if not isinstance(x, Value):
        return out.partials[0]
    if not isinstance(y, Value) and y in {0.0, 1.0, 2.0}:
        return 2.0 * x if y == 2.0 else y
    plain = y * x ** (y - 1.0)
    return plain if same(plain, out.partials[0]) else guarded_power_by_base(out, x, y)


def power_by_exponent(out: Value, x: Term, y: Term) -> Term:
    """x**y log(x); 0 where x = 0, and nan, with derivatives that are nan, where x < 0.

    At x = 0 the 0 is constant, although for y <= 1 the slope of x**y log(x) by x is infinite there.
    """
    if not isinstance(y, Value):
        return out.partials[1]
    if x > 0.0:
        return out * functions.log(x)
    slope = rules.power_by_exponent(out._number, number(x), y._number)
    return out * slope if isnan(slope) else slope


def elu_by_x(x: Term, alpha: Term) -> Term:
    """1 where x > 0, else alpha exp(x), without a node for the usual alpha of 1."""
    usual = not isinstance(alpha, Value) and alpha == 1.0
    return functions.exp(x) if usual and x <= 0.0 else guarded_elu_by_x(x, alpha)


def gauss(x: Value, k: float) -> Value:
    """exp(-k x**2); the rounding of the square does not matter where the result does."""
    return functions.exp(-(x * x) if k == 1.0 else -k * x * x)


def namespace() -> dict[str, Any]:
    """What each name of the table means over Values."""
    names: dict[str, Any] = {
        name: getattr(functions, name) for name in rules.NAMES if hasattr(functions, name) and name != "softmax"
    }
    names |= {
        "pi": pi,
        "fabs": functions.abs,
        "total": functions.sum,
        "over": over,
        "power_by_base": power_by_base,
        "power_by_exponent": power_by_exponent,
        "elu_by_x": elu_by_x,
        "gauss": gauss,
        "tail": lambda x: functions.erfc(-x / sqrt(2.0)),
        "exp_difference": lambda x, m: functions.exp(x - m),
        "math": SimpleNamespace(**vars(functions), pi=pi),
    }
    names |= {
        name: constant_in_pieces(getattr(rules, name))
        for name in ("above", "wins", "sign", "flat", "most", "least", "winners")
    }
    for name in rules.NAMES - names.keys():
        names[name] = rules.read(getattr(rules, name), names)
    return names


@lru_cache(maxsize=256)
def reading(rule: rules.Rule) -> Callable[..., Any]:
    """The partials of a row, as a function of Values."""
    return rules.read(rule.partials, namespace())


def read(node: Value, operands: Sequence[Term]) -> Sequence[Term]:
    """The row of a node, read with these operands."""
    rule = node.rule
    try:
        if rule.layout == "fixed":
            return reading(rule)(node, *operands)  # type: ignore[no-any-return]
        return rule.spread(reading(rule)(node, *rule.arguments(operands)), operands)
    except TypeError as error:
        raise TypeError(f"{rule.symbol}: its partials cannot be read over Values: {error}") from error


def partials_of(node: Value) -> Sequence[Term]:
    """The partials of a node by each operand as Values, or as numbers where they are constant.

    Raises RuntimeError if they are not those that the node stored when it was made, because the data of an operand has
    been changed since; TypeError if a primitive's partials cannot be computed with Values.
    """
    parents = node.parents
    try:
        partials = read(node, [x._number if x.rule is CONSTANT else x for x in parents])
    except (ArithmeticError, ValueError):  # of numbers, where Values answer as IEEE 754 does
        partials = read(node, parents)
    for partial, stored in zip(partials, node.partials, strict=True):
        now = partial._number if type(partial) is Value else partial
        if now != stored and not same(partial, stored):
            raise changed(node, number(partial), stored)
    return partials


def same(partial: Term, stored: float) -> bool:
    """Equal up to the rounding of another order of the same operations; nan equals nan.

    Where a sum cancels, as the slope of gelu does at its minimum, rounding is measured by its terms.
    """
    now, largest = number(partial), 0.0
    if isinstance(partial, Value) and partial.rule is rules.ADD:
        largest = max(abs(x._number) for x in partial.parents)
    return isclose(now, stored, rel_tol=1e-9, abs_tol=max(1e-9 * largest, 1e-300)) or (isnan(now) and isnan(stored))


def changed(node: Value, now: float, stored: float) -> RuntimeError:
    """The error for a node whose operands are not what they were."""
    leaves = {id(p): p for p in node.parents if not p.parents and p.rule is not rules.CONSTANT}
    suspects = list(leaves.values()) or list(node.parents)
    return RuntimeError(
        f"{node.rule.symbol}: expected the partial {stored!r} as it was in the forward pass, got {now!r}: the data of "
        f"{' or '.join(map(repr, suspects[:3]))} has been changed since"
    )


def as_value(x: Term) -> Value:
    """A number as the constant that it is in a graph."""
    return x if isinstance(x, Value) else functions.constant(x)


def product(x: Term, y: Term) -> Term:
    """x y, without a node where a factor is 1, or 0 beside a finite number."""
    if not isinstance(y, Value):
        x, y = y, x
    if isinstance(x, Value) or not isinstance(y, Value):
        return x * y
    if x == 1.0:
        return y
    if x == -1.0:
        return -y
    return 0.0 if x == 0.0 and isfinite(y._number) else x * y


def add_up(terms: list[tuple[Term, Term]]) -> Term:
    """sum partial * upstream, without times 1 or plus 0.

    A single product is ``*``; several terms are one ``sum`` where all factors are 1, else one ``dot``, whose bias is
    then the sum of those with the factor 1.
    """
    if len(terms) == 1:
        return product(*terms[0])
    constant = 0.0
    alone: list[Term] = []
    products: list[tuple[Term, Value]] = []
    for x, y in terms:
        if not isinstance(y, Value):
            x, y = y, x  # noqa: PLW2901 - the number, if there is one, first
        if not isinstance(y, Value):
            constant += x * y  # type: ignore[assignment]
        elif isinstance(x, Value):
            products.append((x, y))
        elif x == 1.0:
            alone.append(y)
        elif x != 0.0 or not isfinite(y._number):
            products.append((x, y))
    if constant or not (alone or products):
        alone.append(constant)
    rest = None if not alone else alone[0] if len(alone) == 1 else functions.sum(alone)
    if not products:
        return rest  # type: ignore[return-value]
    return functions.dot([x for x, _ in products], [y for _, y in products], rest)


def gradients(
    outputs: Sequence[Value], seeds: Sequence[Term], inputs: Sequence[Value], stop: Sequence[Value] = ()
) -> list[Term]:
    """:func:`autograd.graph.gradients` as a graph: Values, or numbers where the gradient is constant.

    The nodes in ``stop`` count as leaves, whatever they were computed from.

    At the end of a domain it answers as IEEE 754 does, like the partials of the forward pass: backward never raises.
    """
    with ieee():
        return graph.gradient_terms(outputs, seeds, inputs, partials_of, add_up, stop, recorder.get() is not None)


def tangents(outputs: Sequence[Value], inputs: Sequence[Value], directions: Sequence[Term]) -> list[Term]:
    """:func:`autograd.graph.tangents` as a graph: Values, or numbers where the tangent is constant."""
    with ieee():
        return graph.tangent_terms(outputs, inputs, directions, partials_of, add_up, recorder.get() is not None)
