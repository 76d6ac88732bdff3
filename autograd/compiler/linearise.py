"""Linearising: rows become formulas, and where a derivative is wanted, formulas with their local partials.

What a value and its partials both compute has a name of its own: exp(x) of tanh, whose partial is 4 / (e + 1/e)**2.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from autograd.compiler.arrays import EXAMPLES, LETTERS, Array, Role, View
from autograd.compiler.blocks import Block, Let, Loop, Statement
from autograd.compiler.expressions import Apply, Expr, Read, Reduce, Row, replaced, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .reading import Reading


class Readings(NamedTuple):
    """How rows are read: over arrays, and over the single numbers of loops."""

    arrays: Reading
    floats: Reading

    def within(self, loop: Loop) -> Readings:
        """Those of the body of a loop."""
        return Readings(self.floats, self.floats) if loop.floats else self


Partials = dict[Array, tuple[Expr | float, ...]]


def reads(s: Statement) -> list[Array]:
    """The arrays that a statement reads, each time that it does."""
    return [x.view.array for x in operands(s)]


def operands(s: Statement) -> list[Read]:
    """What a forward statement reads."""
    if isinstance(s, Loop):
        outside = [x for _, first in s.tapes for x in first if x is not None] + [x.value for x in s.given]
        return [x for part in outside for x in walk(part) if isinstance(x, Read)]
    if isinstance(s, Let):
        return [x for x in walk(s.value) if isinstance(x, Read)]
    return []


def target(s: Statement) -> Array:
    """The array that a forward statement defines."""
    if isinstance(s, (Let, Loop)):
        return s.array
    raise TypeError(f"expected a forward statement, got {type(s).__name__}")


def ordered(block: Block, roots: Iterable[Array]) -> list[Statement]:
    """What the roots depend on, each statement as late as it can be: so its derivative comes early."""
    distance = dict.fromkeys(roots, 0)
    found = []
    for s in reversed(block.statements):
        far = distance.get(target(s))
        if far is not None:
            found.append((far, s))
            for array in reads(s):
                distance[array] = max(distance.get(array, 0), far + 1)
    found.sort(key=lambda item: item[0])
    return [s for _, s in reversed(found)]


def dependent(block: Block, wanted: Collection[Array]) -> set[Array]:
    """The arrays that depend on these, which count among them."""
    found = set(wanted)
    for s in block:
        if any([array in found for array in reads(s)]):
            found.add(target(s))
    return found


def of_row(row: Row, formula: Expr) -> Expr:
    """The formula of a row as a value: of one over sequences, what is left of them."""
    return formula if row.row.layout == "fixed" else Reduce(formula, row.axes)


def written(s: Statement, readings: Readings) -> Statement:
    """A forward statement, its row as a formula; a loop with what it needs of its body."""
    if isinstance(s, Let) and isinstance(s.value, Row):
        return replace(s, value=of_row(s.value, readings.arrays.value(s.value.row, s.value.operands)))
    if isinstance(s, Loop):
        needed = ordered(s.body, [read.view.array for _, read in s.keeps])
        return replace(s, body=Block(tuple([written(x, readings.within(s)) for x in needed])))
    return s


def axes_of(array: Array) -> str:
    """Letters for the axes of an array."""
    return LETTERS[: len(array.shape)] + EXAMPLES * array.examples


def whole(array: Array, axes: str | None = None) -> Read:
    """An array as it is."""
    return Read(View(array), axes_of(array) if axes is None else axes)


def bare(x: Expr) -> bool:
    """Whether this is an array as it is."""
    return isinstance(x, Read) and not x.view.moves


def linearised(
    statements: Iterable[Statement], needs: Collection[Array], readings: Readings
) -> tuple[list[Statement], Partials]:
    """The statements as formulas, and for those that are needed the partials of their rows."""
    found: list[Statement] = []
    partials: Partials = {}
    for s in statements:
        if isinstance(s, Let) and isinstance(s.value, Row) and s.array in needs:
            before, let, partials[s.array] = split(s, s.value, needs, readings.arrays)
            found += [*before, let]
        else:
            found.append(written(s, readings))
    return found, partials


def split(
    s: Let, row: Row, needs: Collection[Array], reading: Reading
) -> tuple[list[Let], Let, tuple[Expr | float, ...]]:
    """One statement: what it shares with its partials, itself, and these."""
    before: list[Let] = []
    given = row.operands
    if row.row.layout != "fixed" and not has_name(given[0]):
        terms = Array(Role.SHARED, shape_of(given[0]), EXAMPLES in given[0].axes, terms_of=s.array)
        before.append(Let(terms, given[0], given[0].axes))
        given = (whole(terms, given[0].axes),)
    value = reading.value(row.row, given)
    partials = reading.partials(row.row, whole(s.array, row.axes), given)
    needed = [True] * len(partials)
    if row.row.layout == "fixed":
        needed = [isinstance(x, Read) and x.view.array in needs for x in row.operands]
    if not reading.shares:
        return [], Let(s.array, of_row(row, value), s.axes, s.origin), partials
    own, used = calls(value), Counter[Expr]()
    for partial, is_needed in zip(partials, needed, strict=True):
        if is_needed and isinstance(partial, Expr):
            used += calls(partial)
    read = [x for x in (*row.operands, *given, whole(s.array, s.axes)) if isinstance(x, Read)]
    lengths = {a: n for x in read for a, n in zip(x.axes, x.view.shape, strict=False)}
    table: dict[Expr, Expr] = {}
    for x in [*own, *[x for partial in partials if isinstance(partial, Expr) for x in calls(partial) if x not in own]]:
        if not used[x] or used[x] + own[x] < 2:
            continue
        if x == value:
            table[x] = whole(s.array, row.axes)
        else:
            shape = tuple([lengths[letter] for letter in x.axes if letter != EXAMPLES])
            shared = Array(Role.SHARED, shape, EXAMPLES in x.axes)
            before.append(Let(shared, replaced(x, table), x.axes))
            table[x] = whole(shared, x.axes)
    mine = {x: y for x, y in table.items() if x != value}
    let = Let(s.array, of_row(row, replaced(value, mine)), s.axes, s.origin)
    return before, let, tuple([replaced(x, table) if isinstance(x, Expr) else x for x in partials])


def calls(x: Expr) -> Counter[Expr]:
    """The calls of functions in a formula, innermost first, and how often each occurs."""
    return Counter([
        part for part in walk(x)
        if isinstance(part, Apply) and isinstance(part.operation, str) and part.operation.isidentifier()
        and part.operation not in ("neg", "if", "where")
    ])  # fmt: skip


def has_name(x: Expr) -> bool:
    """Whether an operand has a name already, or will have one: an array as it is, or a slice of what is captured."""
    if not isinstance(x, Read):
        return False
    named = x.view.array.role in (Role.CAPTURED, Role.CONSTANT) and not x.view.gathers
    return not x.view.moves or named


def shape_of(x: Expr) -> tuple[int, ...]:
    """The lengths of the axes of an operand, without that of the examples."""
    return x.view.shape if isinstance(x, Read) else ()
