"""Stepwise: each statement of a rolled program by itself, on the numbers that the function's own scalars have.

Where a function amplifies rounding, as chaotic recurrences do, its result says nothing about a program. Its statements
do: each is computed from operands that the function itself has computed, and its results are compared with the
function's own, so that nothing is amplified. Of a loop all iterations are computed at once, each from what the function
had before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import rules
from autograd.collector import undisturbed
from autograd.readings import arrays

from .normalising import normalise
from .rolled import CAPTURED, CONSTANTS, Concatenation, Elementwise, Linear, Recurrence, Reduction

if TYPE_CHECKING:
    from .normalising import Formula
    from .rolled import Access, Rolled, RolledStatement
    from .scalars import Scalars

    Floats = np.ndarray[Any, np.dtype[np.float64]]

UNIT = 8.0 * 2.0**-53
SMALLEST = 8.0 * 2.0**-1074


class Numbers(NamedTuple):
    """Numbers, the last axis that of iterations, and by how many units each may be off."""

    values: Floats
    off: Floats


class Uncomputed(Exception):  # noqa: N818 - no error: there is no verdict
    """A statement that is not computed here."""


class Known(NamedTuple):
    """What the function had: for each array of a rolled program its numbers, by the number of the array.

    ``nodes``: which node of the formula lies where.
    """

    formula: Formula
    tables: dict[int, Numbers]
    nodes: dict[tuple[int, int], int]


def known(rolled: Rolled, recorded: Scalars) -> Known | None:
    """The numbers of another recording of the same program; None if it is another program."""
    formula = normalise(recorded)
    if len(formula.data) != len(rolled.formula.data) or formula.order != rolled.formula.order:
        return None
    owner, places = rolled.places
    found: dict[int, Any] = {}
    for node in [*range(len(formula.data))]:
        index, position = owner[node], int(places[node])
        if index >= 0 and position >= 0:
            found.setdefault(index, {})[position] = formula.data[node]
    tables: dict[int, Numbers] = {CONSTANTS: certain(rolled.constant_values[:, None])}
    for holder in rolled.holders:
        if holder.index != CONSTANTS and (holder.index in found or holder.index == CAPTURED):
            table = np.full((holder.size, 1), np.nan)
            each = found.get(holder.index, {})
            table[[*each], 0] = [*each.values()]
            tables[holder.index] = certain(table)
    return Known(formula, tables, {(owner[node], int(places[node])): node for node in formula.order})


@undisturbed()
def faulty(rolled: Rolled, recorded: Scalars) -> bool:
    """Whether some statement differs from what was recorded: another recording of the same program."""
    there = known(rolled, recorded)
    if there is None:
        return False
    formula, tables, nodes = there
    with np.errstate(all="ignore"):
        for statement in rolled.statements:
            if differs(statement, tables) or misread(statement, tables, formula, nodes):
                return True
        results = read(rolled.outputs, tables).values.reshape(-1)
    expected = np.array([formula.data[node] for node in formula.roots[: len(recorded.outputs)]])
    return bool(((results != expected) & (expected == expected)).any())


def misread(
    statement: RolledStatement, tables: dict[int, Numbers], formula: Formula, nodes: dict[tuple[int, int], int]
) -> bool:
    """Whether a statement that selects among its operands has others than the function had, which no result tells."""
    if not isinstance(statement, Elementwise) or not statement.rule.selecting:
        return False
    members = [nodes.get((statement.out.index, position)) for position in range(statement.out.size)]
    for k, access in enumerate(statement.operands):
        try:
            got = read(access, tables).values.reshape(-1)
        except Uncomputed:
            continue
        for node, x in zip(members, got.tolist(), strict=True):
            if node is not None and x == x and abs(x - formula.data[formula.operands[node][k]]) > UNIT * abs(x):
                return True
    return False


def differs(statement: RolledStatement, tables: dict[int, Numbers]) -> bool:
    """Whether a statement has other results than the function had; no, if it is not computed here."""
    try:
        if isinstance(statement, Recurrence):
            return loop_differs(statement, tables)
        found = computed(statement, tables)
    except Uncomputed:
        return False
    index = statement.out.index
    if isinstance(statement, Concatenation):  # of numbers that the function has elsewhere
        tables[index] = found
        return False
    return bool(differ(found, tables[index].values).any())


def certain(values: Floats) -> Numbers:
    """Numbers that are not off."""
    return Numbers(values, np.zeros_like(values))


def differ(got: Numbers, expected: Floats) -> Any:
    """Where numbers are further off than rounding allows; not where they, or what is known of them, are not finite."""
    difference = np.abs(got.values - expected)
    return (difference > UNIT * got.off + SMALLEST) & np.isfinite(expected) & np.isfinite(got.off)


def read(access: Access, tables: dict[int, Numbers]) -> Numbers:
    """The operands, by the axes of the statement, and by iterations."""
    if access.literal is not None:
        return certain(np.full((*access.positions.shape, 1), access.literal))
    if access.array not in tables:
        raise Uncomputed
    values, off = tables[access.array]
    return Numbers(values[access.positions], off[access.positions])


def computed(statement: RolledStatement, tables: dict[int, Numbers]) -> Numbers:
    """The results of a statement, a row for each element, and how far they may be off."""
    if isinstance(statement, Elementwise):
        values, off = applied(statement.rule, [read(x, tables) for x in statement.operands])
    elif isinstance(statement, Reduction):
        whole = read(statement.operand, tables)
        values, off = over_sequence(statement.rule, whole)
    elif isinstance(statement, Linear):
        values, off = summed(statement, tables)
    elif isinstance(statement, Concatenation):
        parts = [read(x, tables) for x in statement.operands]
        length = max([x.values.shape[-1] for x in parts])
        values, off = (
            np.concatenate(
                [np.broadcast_to(x[k].reshape(-1, x[k].shape[-1]), (x[k][..., 0].size, length)) for x in parts]
            )
            for k in (0, 1)
        )
    else:
        raise Uncomputed
    size = statement.out.size
    return Numbers(values.reshape(size, -1), off.reshape(size, -1))


def applied(rule: rules.Rule, operands: list[Numbers]) -> Numbers:
    """A row, element by element."""
    if rule not in rules.TABLE and rule not in rules.RECORDED:
        raise Uncomputed
    xs = np.broadcast_arrays(*[x.values for x in operands])
    values = np.asarray(reading(rule.value)(*xs), float)
    partials = reading(rule.partials)(values, *xs)
    off = np.abs(values)
    for x, own, partial in zip(xs, operands, partials, strict=True):
        slope = np.abs(np.where(np.isnan(partial), 0.0, partial))
        off = off + np.where(slope > 0.0, slope * (np.abs(x) + own.off), 0.0)
    return Numbers(values, off)


def over_sequence(rule: rules.Rule, whole: Numbers) -> Numbers:
    """A row of a sequence, along the first axis."""
    columns = whole.values.reshape(len(whole.values), -1)
    off = whole.off.reshape(columns.shape)
    values, errors = [], []
    for column, own in zip(columns.T.tolist(), off.T, strict=True):
        out = rule.value(tuple(column))
        slopes = np.abs(rule.partials(out, tuple(column)))
        values.append(out)
        errors.append(abs(out) + len(column) * float((slopes * (np.abs(column) + own)).sum()))
    return Numbers(np.array(values), np.array(errors))


def summed(statement: Linear, tables: dict[int, Numbers]) -> Numbers:
    """A sum of its segments."""
    values: Any = 0.0
    off: Any = 0.0
    count = 0
    for segment in statement.segments:
        left, axes = read(segment.left, tables), segment.left_axes + "..."
        terms = segment.left.positions.size
        if segment.right is None:
            form = f"{axes}->{statement.letters}..."
            values = values + np.einsum(form, left.values)
            off = off + np.einsum(form, np.abs(left.values) + left.off)
        else:
            right = read(segment.right, tables)
            form = f"{axes},{segment.right_axes}...->{statement.letters}..."
            values = values + np.einsum(form, left.values, right.values)
            off = off + np.einsum(form, np.abs(left.values) + left.off, np.abs(right.values) + right.off)
            terms = max(terms, segment.right.positions.size)
        count += max(1, terms // statement.out.size)
    return Numbers(values, off * (1.0 + count))


def reading(function: Any) -> Any:
    """A formula of the table over arrays."""
    return rules.read(function, arrays.namespace(np))


def loop_differs(loop: Recurrence, tables: dict[int, Numbers]) -> bool:
    """Whether some iteration has other results than the function had; where it compares numbers, some two."""
    own = within(loop, tables)
    expected = tables[loop.out.index].values.reshape(loop.count, -1)
    compares = any([isinstance(x, Elementwise) and x.rule.flat for x in loop.body.statements])
    wrong: Any = False
    for t, each in enumerate(loop.carried):
        values, off = read(each.result, own)
        got = Numbers(values.reshape(-1, values.shape[-1]), off.reshape(-1, off.shape[-1]))
        wrong |= differ(got, expected[:, t : t + 1].T if loop.single else expected.T).any(0)
    return int(np.count_nonzero(wrong)) > int(compares)


def within(loop: Recurrence, tables: dict[int, Numbers]) -> dict[int, Numbers]:
    """The arrays of the body of a loop, a column for each iteration: of what the function had before it."""
    expected = tables[loop.out.index].values.reshape(loop.count, -1)
    own: dict[int, Numbers] = {CONSTANTS: certain(loop.body.constant_values[:, None])}
    for argument in loop.arguments:
        size = argument.array.size
        if argument.operand is not None:
            given = read(argument.operand, tables).values[..., 0]
            table = given.reshape(loop.count, size).T if argument.steps else given.reshape(size, 1)
        else:
            columns = slice(argument.carried, argument.carried + 1) if loop.single else slice(None)
            carried = loop.carried[argument.carried]
            table = np.full((size, loop.count), np.nan)
            table[:, argument.lag :] = expected[: loop.count - argument.lag, columns].T
            for i in range(argument.lag):
                first = carried.first[len(carried.first) + i - argument.lag]
                if first is not None:
                    table[:, i] = read(first, tables).values.reshape(-1)
        own[argument.array.index] = certain(table)
    for statement in loop.body.statements:
        own[statement.out.index] = computed(statement, own)
    return own
