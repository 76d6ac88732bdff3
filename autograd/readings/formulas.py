r"""Formulas: the operation of a node, and its local partials, over the names of its operands.

The formulas are those of the table (:mod:`autograd.rules`), read over symbols; nothing is written here that a row says.
What a drawing, a derivation or a table shows of a node comes from this file.

>>> from autograd.showing.labels import names as names_of
>>> w, x = Value(-3.0, label="w"), Value(2.0, label="x")
>>> y = (w * x).tanh()
>>> names = names_of(y)
>>> print(formula(y, names), "|", partial_of(y, 0, names), "|", derivative(y, w, names))
tanh(v1) | 1 - tanh(v1)**2 | dv2/dw
>>> print(formula(y, names, digits=4), "|", formula(y.parents[0], names).latex)
tanh(-6) | w\,x
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd import functions, rules
from autograd.value import Value

from .symbols import ABSENT, Symbol, Vector, name, number, short, symbol
from .trees import Call, Called, Derivative, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Naming = Callable[[Value], Symbol]

ROWS = frozenset(rules.TABLE)
LISTED = 5  # operands of a long list: the first three, dots, and the last


def symbol_of(node: Value, names: Mapping[Value, str]) -> Symbol:
    """A node as it stands in formulas: its name, or its number if it is a constant without a label."""
    return number(names[node]) if node.rule is rules.CONSTANT and not node.label else name(names[node])


def derivative(result: Value, operand: Value, names: Mapping[Value, str], ordinal: str = "") -> Symbol:
    r"""d result / d operand: ``dy/dx``, ``\frac{\partial y}{\partial x}``.

    ``ordinal`` says which, where the operand stands in several places: ``dy/d(2nd x)``.
    """
    return Symbol(Derivative(Name(names[result]), Name(names[operand]), ordinal))


def formula(node: Value, names: Mapping[Value, str], digits: int | None = None) -> Symbol:
    """The operation of a node over its operands: ``v1 + b``, ``tanh(v2)``; LaTeX writes out what the row computes.

    With ``digits`` the operands are their numbers: ``-6 + 6.9``, ``tanh(0.9)``.
    """
    rule, naming = node.rule, namer(names, digits)
    call = Call(rule.symbol, (vector(node.parents, naming).tree,), own=rule not in ROWS)
    if call.own:
        return Symbol(call)
    value: Symbol = rules.symbolic(rule, *arguments(node, naming))[0]
    if rule.layout != "pairs" and hasattr(functions, rule.symbol):  # what is written as a call is shown as a call
        return Symbol(Called(call, value.tree))
    return value


def partial_of(node: Value, position: int, names: Mapping[Value, str]) -> Symbol:
    """The row's formula of d node / d operand over the names of its operands.

    Where the partials are no formula, it is the derivative that they are, ``dy/dx``: those of a whole program that
    counts as one operation, and of a primitive whose code decides or loops.

    Raises TypeError of a node that was made by hand.
    """
    rule, naming = node.rule, namer(names)
    rule.expect_formula()
    if rule in ROWS:
        place, half = position, len(node.parents) // 2
        if rule.layout == "sequence":
            position = 0
        elif rule.layout == "pairs":
            position, place = divmod(position, half) if position < 2 * half else (2, 0)
        partial = rules.symbolic(rule, *arguments(node, naming, place))[1][position]
        return partial.element if isinstance(partial, Vector) else partial
    itself = derivative(node, node.parents[position], names)
    if rule.layout != "fixed":
        return itself
    try:
        read = rules.read(rule.partials, rules.algebra())
        return symbol(read(formula(node, names), *map(naming, node.parents))[position])
    except Exception:  # noqa: BLE001 - a primitive may do anything with what is not a number
        return itself


def namer(names: Mapping[Value, str], digits: int | None = None) -> Naming:
    """How operands are written: by name, or by number."""
    return lambda x: symbol_of(x, names) if digits is None else number(short(x.data, digits))


def arguments(node: Value, naming: Naming, place: int = 0) -> tuple[Symbol, ...]:
    """The operands in symbols, grouped as the row takes them; of a sequence, the one at ``place`` is x_i."""
    rule, parents = node.rule, node.parents
    if rule.layout == "fixed":
        return tuple(map(naming, parents))
    if rule.layout == "sequence":
        return (vector(parents, naming, place, node.partials),)
    w, x, b = rule.arguments(parents)
    return vector(w, naming, place), vector(x, naming, place), naming(b) if isinstance(b, Value) else ABSENT


def vector(operands: Sequence[Value], naming: Naming, place: int = 0, partials: Sequence[float] = ()) -> Vector:
    """Operands as the vector of which the row speaks: ``a, b, ..., z``, with the one at ``place`` as its element."""
    shown = operands if len(operands) <= LISTED else [*operands[:3], None, operands[-1]]
    terms = [None if x is None else naming(x) for x in shown]
    element = naming(operands[place]) if operands else symbol(0)
    return Vector(terms, element, len(operands), sum(partial != 0.0 for partial in partials))
