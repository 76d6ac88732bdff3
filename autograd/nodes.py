"""The reading of a row over Values: derivatives that are graphs again.

Where the partials of a row are computed with Values instead of floats, each partial is a node, and the gradient that
the chain rule makes of them can be drawn, explained and differentiated like any other formula. The rows and the guards
of :mod:`autograd.rules` are read as they stand (a comparison goes by ``data``, so a guard takes the same branch as it
did forward); only what is constant in pieces stays a number.
"""

from __future__ import annotations

from functools import lru_cache
from math import isclose, isfinite, isnan, pi
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import functions, graph, rules
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Term = Value | float


CONSTANT = rules.CONSTANT


def number(x: Term) -> float:
    """The number that a Value or a number is."""
    return x.data if isinstance(x, Value) else x


def constant_in_pieces(guard: Callable[..., Any]) -> Callable[..., Any]:
    """A guard whose derivative is 0 wherever it has one: computed from the numbers, it is a number."""
    return lambda *operands: guard(*[[*map(number, x)] if isinstance(x, tuple) else number(x) for x in operands])


def power_by_base(out: Value, x: Value, y: Value) -> Term:
    """y x**(y-1), in as few nodes as the exponent allows, and a number where the float guard is on a corner."""
    if y.rule is rules.CONSTANT:
        n = y.data
        return 0.0 if n == 0.0 else 1.0 if n == 1.0 else 2.0 * x if n == 2.0 else n * x ** (n - 1.0)
    if x == 0.0 and y < 1.0:
        return rules.power_by_base(out.data, x.data, y.data)
    return y * x ** (y - 1.0)


def power_by_exponent(out: Value, x: Value, y: Value) -> Term:
    """x**y log(x); a number where the exponent is constant or the float guard is on a corner."""
    if y.rule is rules.CONSTANT or not x > 0.0:
        return rules.power_by_exponent(out.data, x.data, y.data)
    return out * functions.log(x)


def namespace() -> dict[str, Any]:
    """What each name of the table means over Values."""
    names: dict[str, Any] = {
        name: getattr(functions, name) for name in rules.NAMES if hasattr(functions, name) and name != "softmax"
    }
    names |= {
        "pi": pi,
        "fabs": functions.abs,
        "larger": functions.maximum,
        "smaller": functions.minimum,
        "clamp": functions.clip,
        "nearest": functions.round,
        "total": functions.sum,
        "inner": functions.dot,
        "power": functions.pow,
        "power_by_base": power_by_base,
        "power_by_exponent": power_by_exponent,
        "gauss": lambda x, k: functions.exp(-(k * x * x)),
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


def partials_of(node: Value) -> Sequence[Term]:
    """The partials of a node by each operand as Values, or as numbers where they are constant.

    Raises RuntimeError if they are not those that the node stored when it was made, because the data of an operand has
    been changed since; TypeError if a primitive's partials cannot be computed with Values.
    """
    rule, operands = node.rule, node.parents
    try:
        if rule.layout == "fixed":
            partials = reading(rule)(node, *operands)
        else:
            partials = rule.spread(reading(rule)(node, *rule.arguments(operands)), operands)
    except TypeError as error:
        raise TypeError(f"{rule.symbol}: its partials cannot be read over Values: {error}") from error
    spread: list[Term] = []
    for partial, stored in zip(partials, node.partials, strict=True):
        x = partial
        if type(partial) is Value:
            x = partial.data
            if partial.rule is CONSTANT:
                partial = x  # noqa: PLW2901 - as the number that it is
        if x != stored and not same(x, stored):
            raise changed(node, x, stored)
        spread.append(partial)
    return spread


def same(x: float, y: float) -> bool:
    """Equal up to the rounding of another order of the same operations; nan equals nan."""
    return isclose(x, y, rel_tol=1e-9, abs_tol=1e-300) or (isnan(x) and isnan(y))


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


def add_up(terms: list[tuple[Term, Term]]) -> Term:
    """sum partial * upstream as one node at most per kind: no times 1, no plus 0.

    A single product is ``*``; several are one ``dot``, and terms whose factor is 1 one ``sum`` (or the dot's bias).
    """
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
        elif x != 0.0 or not isfinite(y.data):
            products.append((x, y))
    if constant or not (alone or products):
        alone.append(constant)
    rest = None if not alone else alone[0] if len(alone) == 1 else functions.sum(alone)
    if not products:
        return rest  # type: ignore[return-value]
    if len(products) > 1:
        return functions.dot([x for x, _ in products], [y for _, y in products], rest)
    ((x, y),) = products
    product = -y if not isinstance(x, Value) and x == -1.0 else x * y
    return product if rest is None else product + rest


def gradients(outputs: Sequence[Value], seeds: Sequence[Term], inputs: Sequence[Value]) -> list[Term]:
    """:func:`autograd.graph.gradients` as a graph: Values, or numbers where the gradient is constant."""
    return graph.gradient_terms(outputs, seeds, inputs, partials_of, add_up)


def tangents(outputs: Sequence[Value], inputs: Sequence[Value], directions: Sequence[Term]) -> list[Term]:
    """:func:`autograd.graph.tangents` as a graph: Values, or numbers where the tangent is constant."""
    return graph.tangent_terms(outputs, inputs, directions, partials_of, add_up)
