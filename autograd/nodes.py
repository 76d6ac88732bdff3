"""The reading of a row over Values: derivatives that are graphs again.

Where the partials of a row are computed with Values instead of floats, each partial is a node, and the gradient that
the chain rule makes of them can be drawn, explained and differentiated like any other formula. The rows are read as
they stand. Of the guards (:mod:`autograd.guards`) the versions over Values and on floats are read: a comparison goes by
``data``, so a guard takes the same branch as it did forward, and what is constant in pieces stays a number.

While a function is recorded the derivative has to be right in other calls too. Then guards are read branch-free, and
what is constant in pieces is made of comparisons: no guard takes a branch on a Value, which would be a path of the
user's function.
"""

from __future__ import annotations

from functools import lru_cache
from math import isclose, isfinite, isnan, pi
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import functions, graph, guards, rules
from .modes import ieee, ieee_arithmetic
from .readings.specials import Float
from .recorder import recorder
from .value import Value, number

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    Term = Value | float


CONSTANT = rules.CONSTANT

# The kinds of versions that are read, the first of them that a guard has: in as few nodes as will do; where the result
# of these is not what the node stored; and while a function is recorded.
READABLE = (guards.VALUES, guards.FLOATS)
GUARDED = (guards.FLOATS,)
RECORDED = (guards.RECORDED, guards.VALUES, guards.BRANCH_FREE)


def constant_in_pieces(guard: Callable[..., Any]) -> Callable[..., Any]:
    """A guard whose derivative is 0 wherever it has one: computed from the numbers, it is a number."""

    def function(*operands: Any) -> Any:
        numbers: list[Any] = [[*map(number, x)] if isinstance(x, tuple) else number(x) for x in operands]
        try:
            return guard(*numbers)
        except ArithmeticError:
            if not ieee_arithmetic.get():
                raise
            return float(guard(*map(Float, numbers)))

    return function


def as_nodes(rule: rules.Rule) -> Callable[..., Any]:
    """A row as a function of its operands, or of its sequence."""
    if rule.layout == "sequence":
        return lambda xs: functions.apply(rule, xs)
    return lambda *operands: functions.apply(rule, operands)


@lru_cache(maxsize=3)
def namespace(kinds: tuple[str, ...] = READABLE) -> dict[str, Any]:
    """What each name of the table means over Values, with versions of the guards of these kinds."""
    words: dict[str, Any] = {name: getattr(functions, name) for name in rules.NAMES if hasattr(functions, name)}
    words |= {"pi": pi, "fabs": functions.abs, "total": functions.sum, "nearest": functions.round}
    words |= {"where": functions.where, "number": number}
    if kinds == RECORDED:
        words |= {name: as_nodes(row) for row in rules.RECORDED for name in row.value.__code__.co_names}
    else:
        words |= {name: constant_in_pieces(guards.VERSIONS[guards.FLOATS][name]) for name in guards.IN_PIECES}
    names = {name: found for name, found in guards.reading(kinds, words).items() if name in rules.NAMES}
    return {**names, "math": SimpleNamespace(**vars(functions), pi=pi)}


@lru_cache(maxsize=256)
def reading(rule: rules.Rule, kinds: tuple[str, ...]) -> Callable[..., Any]:
    """The partials of a row, as a function of Values."""
    return rules.read(rule.partials, namespace(kinds))


def read(node: Value, operands: Sequence[Term], kinds: tuple[str, ...]) -> Sequence[Term]:
    """The row of a node, read with these operands."""
    rule = node.rule
    try:
        if rule.layout == "fixed":
            return reading(rule, kinds)(node, *operands)  # type: ignore[no-any-return]
        return rule.spread(reading(rule, kinds)(node, *rule.arguments(operands)), operands)
    except TypeError as error:
        raise TypeError(f"{rule.symbol}: its partials cannot be read over Values: {error}") from error


def computed(node: Value, kinds: tuple[str, ...]) -> Sequence[Term]:
    """The partials of a node, its constants being numbers."""
    parents = node.parents
    try:
        return read(node, [x._number if x.rule is CONSTANT else x for x in parents], kinds)
    except (ArithmeticError, ValueError):  # of numbers, where Values answer as IEEE 754 does
        return read(node, parents, kinds)


def partials_of(node: Value) -> Sequence[Term]:
    """The partials of a node by each operand as Values, or as numbers where they are constant.

    Raises RuntimeError if they are not those that the node stored when it was made, because the data of an operand has
    been changed since; TypeError if a primitive's partials cannot be computed with Values.
    """
    if recorder.get() is not None:
        return as_stored(node, computed(node, RECORDED))
    partials = computed(node, READABLE)
    wrong = different(node, partials)
    if wrong is None:
        return partials
    guarded = computed(node, GUARDED)
    if different(node, guarded) is None:
        return guarded
    raise changed(node, *wrong)


def different(node: Value, partials: Sequence[Term]) -> tuple[float, float] | None:
    """The first of the partials that is not the stored one, and the stored one; None if there is none."""
    for partial, stored in zip(partials, node.partials, strict=True):
        now = partial._number if type(partial) is Value else number(partial)
        if now != stored and not same(partial, stored, known_to(node)):
            return now, stored
    return None


def known_to(node: Value) -> tuple[Value, ...]:
    """The nodes that the reading of a row begins with: all others that it gives are its own."""
    return (node, *node.parents)


def as_stored(node: Value, partials: Sequence[Term]) -> Sequence[Term]:
    """The partials while a function is recorded, holding the stored numbers.

    At a special point the branch-free formula may hold another number, or nan; the program runs eagerly there.
    """
    for partial, stored in zip(partials, node.partials, strict=True):
        if isinstance(partial, Value) and partial._number != stored and not any([partial is x for x in known_to(node)]):
            partial._number = stored
    return partials


def same(partial: Term, stored: float, known: Collection[Value] = ()) -> bool:
    """Equal up to the rounding of another order of the same operations; nan equals nan.

    Where a sum cancels, as the slope of gelu does at its minimum, rounding is measured by the terms of the sum: the
    nodes of the partial but those that were ``known`` before.
    """
    now = number(partial)
    if isclose(now, stored, rel_tol=1e-9, abs_tol=1e-300) or (isnan(now) and isnan(stored)):
        return True
    if not isinstance(partial, Value) or not isfinite(now - stored):
        return False
    size = size_of_terms(partial, known)
    return isfinite(size) and abs(now - stored) <= 1e-9 * size


def size_of_terms(root: Value, known: Collection[Value]) -> float:
    """The sum of ``|d root / d node * node|`` over the nodes that root is computed from, down to the known ones.

    Times the unit roundoff, it bounds to first order what the roundings of these nodes do to root.
    """
    stop = {id(x) for x in known}
    listed = [x for x in graph.order(root, stop=stop) if id(x) not in stop]
    adjoint = {root: 1.0}
    for _, upstream, x, _, partial, carries in graph.steps(reversed(listed), adjoint):
        if carries:
            adjoint[x] = adjoint.get(x, 0.0) + partial * upstream
    return sum([abs(adjoint.get(node, 0.0) * node._number) for node in reversed(listed)])


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
    return 0.0 if x == 0.0 and vanishes_beside(y) else x * y


def vanishes_beside(y: Value) -> bool:
    """Whether 0 times y is 0: not where y is infinite or nan, nor while recording, for it may be in another call."""
    return isfinite(y._number) and recorder.get() is None


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
        elif x != 0.0 or not vanishes_beside(y):
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
