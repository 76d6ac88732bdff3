"""The backward pass as data: one record for each application of the chain rule.

:func:`steps` yields what :func:`autograd.graph.backward` does, edge by edge and in the same order, without touching a
``grad``. Whatever shows backward to somebody - a derivation, an animation, a table - is a view of these records. The
text of a local partial is the row of the table (:mod:`autograd.rules`), read with the operands' names in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import functions, graph, rules
from .labels import names as names_of
from .symbols import ATOM, CASES, PRODUCT, SIGN, Symbol, Vector, name, namespace, number, parenthesised, short, symbol
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Naming = Callable[[Value], Symbol]

ROWS = frozenset(rules.TABLE)
LISTED = 5  # operands of a long list: the first three, dots, and the last


class Step(NamedTuple):
    """One application of the chain rule: d root / d operand += d node / d operand * d root / d node.

    ``str(step)`` is that line with its numbers.
    """

    index: int
    """0 for the first step."""
    root: Value
    node: Value
    """The result, whose gradient is complete."""
    upstream: float
    """d root / d node."""
    operand: Value
    position: int
    """The place of the operand among the node's: x * x is two steps, at 0 and at 1."""
    partial: float
    """d node / d operand at this place, as a number."""
    carries: bool
    """False where nothing is handed on: nothing arrived at the node, or its operation did not select this operand."""
    contribution: float
    """partial * upstream; 0.0 where nothing is handed on."""
    before: float
    """d root / d operand as far as earlier steps made it, from 0.0."""
    after: float
    """before + contribution."""
    names: Mapping[Value, str]
    """The name of each node of the graph (:func:`autograd.labels.names`)."""

    @property
    def symbolic(self) -> Symbol:
        """The local partial as the row has it, over the operands' names; ``str()`` is its text, ``.latex`` its LaTeX."""
        return partial_of(self.node, self.position, self.names)

    def equation(self, digits: int = 4) -> list[Symbol]:
        """The sides of the equation: the derivative, the chain rule in symbols and in numbers, the contribution."""
        by_node, by_operand = (derivative(self.root, x, self.names) for x in (self.node, self.operand))
        upstream, partial, contribution = (
            number(short(x, digits)) for x in (self.upstream, self.partial, self.contribution)
        )
        return [
            by_operand,
            product([by_node, self.symbolic]),
            product([upstream, partial], r" \times "),
            contribution,
        ]

    def __repr__(self) -> str:
        left, *sides = map(str, self.equation())
        line = f"{left} += {' = '.join(sides)}"
        return f"{self.index}: {line}" if self.carries else f"{self.index}: {line} (carries nothing)"

    __str__ = __repr__


def steps(root: Value) -> Iterator[Step]:
    """The backward pass from ``root``, one record for each edge of the graph, in the order of ``root.backward()``.

    Lazy, and no ``grad`` is read or written: gradients start from 0.0. The last ``after`` of a node is bit for bit
    what ``root.backward()`` leaves in an interior node, and in a leaf whose ``grad`` was 0.0. Edges that carry nothing
    are there too, and say so.

    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> y = (w * x).relu()
    >>> y.label = "y"
    >>> for step in steps(y + x):
    ...     print(step)
    0: dv2/dy += dv2/dv2 * 1 = 1 * 1 = 1
    1: dv2/dx += dv2/dv2 * 1 = 1 * 1 = 1
    2: dv2/dv1 += dv2/dy * [v1 > 0] = 1 * 0 = 0 (carries nothing)
    3: dv2/dw += dv2/dv1 * x = 0 * 2 = 0 (carries nothing)
    4: dv2/dx += dv2/dv1 * w = 0 * (-3) = 0 (carries nothing)

    Raises TypeError if ``root`` is not a Value.
    """
    if not isinstance(root, Value):
        raise TypeError(f"expected a Value to step backward from, got {type(root).__name__}")
    return sweep(root, graph.order(root))


def sweep(root: Value, nodes: Sequence[Value]) -> Iterator[Step]:
    """The steps, given the graph in order."""
    names = names_of(nodes)
    gradients = {root: graph.UNTOUCHED + 1.0}
    index = 0
    for node in reversed(nodes):
        upstream = gradients.pop(node, graph.UNTOUCHED)
        for position, (operand, partial) in enumerate(zip(node.parents, node.partials, strict=True)):
            before = gradients.get(operand, graph.UNTOUCHED)
            carries = upstream is not graph.UNTOUCHED and bool(partial or not node.rule.selecting)
            contribution = partial * upstream if carries else 0.0
            after = before + contribution if carries else before
            if carries:
                gradients[operand] = after
            yield Step(
                index, root, node, upstream, operand, position, partial, carries, contribution, before, after, names
            )
            index += 1


# Formulas over the names of nodes ---------------------------------------------------------------------------------


def symbol_of(node: Value, names: Mapping[Value, str]) -> Symbol:
    """A node as it stands in formulas: its name, or its number if it is a constant without a label."""
    return number(names[node]) if node.rule is rules.CONSTANT and not node.label else name(names[node])


def derivative(result: Value, operand: Value, names: Mapping[Value, str], ordinal: str = "") -> Symbol:
    r"""d result / d operand: ``dy/dx``, ``\frac{\partial y}{\partial x}``.

    ``ordinal`` says which, where the operand stands in several places: d(2nd x).
    """
    above, below = (name(names[node]) for node in (result, operand))
    texts = [x.text if x.text.isidentifier() or x.text.endswith("]") else f"({x.text})" for x in (above, below)]
    tops = [x.latex if x.binding != CASES else parenthesised(x.latex) for x in (above, below)]
    if ordinal:
        texts[1] = f"({ordinal} {below.text})"
        tops[1] = rf"(\text{{{ordinal} }}{below.latex})"
    return Symbol(f"d{texts[0]}/d{texts[1]}", rf"\frac{{\partial {tops[0]}}}{{\partial {tops[1]}}}")


def product(factors: Sequence[Symbol], times: str = r" \cdot ") -> Symbol:
    """Factors side by side; each stands for itself, so a factor that is a formula is in parentheses."""
    if len(factors) == 1:
        return factors[0]
    texts, latexes = [], []
    for place, x in enumerate(factors):
        behind_a_sign = place > 0 and x.text.startswith("-")
        texts.append(x.within(ATOM if behind_a_sign else SIGN)[0])
        latexes.append(x.within(ATOM if behind_a_sign else PRODUCT)[1])
    return Symbol(" * ".join(texts), times.join(latexes), PRODUCT)


def formula(node: Value, naming: Naming) -> Symbol:
    """The operation of a node over its operands: ``v1 + b``, ``tanh(v2)``; its LaTeX writes out what it computes."""
    rule = node.rule
    operands = vector(node.parents, naming)
    called = Symbol(f"{rule.symbol}({operands})", name(rule.symbol).latex + parenthesised(operands.latex))
    if rule not in ROWS:
        return called
    value: Symbol = rules.symbolic(rule, *arguments(node, naming))[0]
    if rule.layout != "pairs" and hasattr(functions, rule.symbol):  # what is written as a call is shown as a call
        value.text = called.text
    return value


def partial_of(node: Value, position: int, names: Mapping[Value, str]) -> Symbol:
    """The row's formula of d node / d operand over the names of its operands.

    Where a primitive's partials cannot be read as a formula, it is the derivative that they are: ``dy/dx``.
    """
    rule, place = node.rule, position
    half = len(node.parents) // 2
    if rule.layout == "sequence":
        position = 0
    elif rule.layout == "pairs":
        position, place = divmod(position, half) if position < 2 * half else (2, 0)
    written = arguments(node, lambda x: symbol_of(x, names), place)
    try:
        if rule in ROWS:
            partial = rules.symbolic(rule, *written)[1][position]
        else:
            out = formula(node, lambda x: symbol_of(x, names))
            partial = symbol(rules.read(rule.partials, namespace(rules.NAMES))(out, *written)[position])
    except Exception:  # noqa: BLE001 - a primitive may do anything with what is not a number
        return derivative(node, node.parents[position], names)
    return partial.element if isinstance(partial, Vector) else partial


def arguments(node: Value, naming: Naming, place: int = 0) -> tuple[Symbol, ...]:
    """The operands in symbols, grouped as the row takes them; of a sequence, the element at ``place`` is x_i."""
    rule, parents = node.rule, node.parents
    if rule.layout == "fixed":
        return tuple(map(naming, parents))
    if rule.layout == "sequence":
        return (vector(parents, naming, place, node.partials),)
    w, x, b = rule.arguments(parents)
    return vector(w, naming, place), vector(x, naming, place), naming(b) if isinstance(b, Value) else symbol(b)


def vector(operands: Sequence[Value], naming: Naming, place: int = 0, partials: Sequence[float] = ()) -> Vector:
    """Operands as the vector of which one row speaks: ``a, b, ..., z``, and the one at ``place`` as its element."""
    shown = operands if len(operands) <= LISTED else [*operands[:3], None, operands[-1]]
    terms = [None if x is None else naming(x) for x in shown]
    element = naming(operands[place]) if operands else symbol(0)
    return Vector(terms, element, len(operands), sum(partial != 0.0 for partial in partials))
