"""Rows as formulas: what a value and its partials share has a name, and statements stand as late as they can."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import rules
from autograd.compiler import reading
from autograd.compiler.arrays import Array, Pick, Role, Span, Table, View
from autograd.compiler.blocks import Block, Let
from autograd.compiler.expressions import Apply, Number, Read, Reduce, Row, Sum
from autograd.compiler.linearise import Readings, dependent, linearised, ordered, target, whole

READINGS = Readings(reading.plain(), reading.of_floats())
X, Y, Z = Array(Role.INPUT, (3,)), Array(Role.COMPUTED, (3,)), Array(Role.COMPUTED, (3,))
S = Array(Role.COMPUTED, ())
x, y = Read(View(X), "a"), Read(View(Y), "a")


def row(rule: rules.Rule, *operands: Read | Number) -> Row:
    """A row of vectors."""
    return Row(rule, operands, "a")


def test_what_value_and_partials_share_is_computed_once() -> None:
    """exp(-x) of a sigmoid: e = exp(-x), value 1 / (1 + e), partial e out out."""
    found, partials = linearised([Let(Y, row(rules.SIGMOID, x), "a")], {X, Y}, READINGS)
    shared, let = found
    assert isinstance(shared, Let)
    assert shared.value == Apply("exp", (-x,))
    e, out = whole(shared.array, "a"), whole(Y, "a")
    assert isinstance(let, Let)
    assert let.value == 1.0 / (1.0 + e)
    assert partials[Y] == (e * out * out,)


def test_a_value_is_its_own_partial_s_part() -> None:
    """The partial of exp is the result."""
    found, partials = linearised([Let(Y, row(rules.EXP, x), "a")], {X, Y}, READINGS)
    assert len(found) == 1
    assert partials[Y] == (whole(Y, "a"),)


def test_without_a_derivative_nothing_is_shared() -> None:
    """A statement that nobody differentiates is its formula alone."""
    found, partials = linearised([Let(Y, row(rules.SIGMOID, x), "a")], set(), READINGS)
    assert found == [Let(Y, 1.0 / (1.0 + Apply("exp", (-x,))), "a")]
    assert partials == {}


def test_only_the_partials_that_are_needed_count() -> None:
    """Of x / c the partial by c would need x / c**2: with c a number, it is not there to be shared with."""
    found, partials = linearised([Let(Y, row(rules.POW, x, Number(3.0)), "a")], {X, Y}, READINGS)
    assert found == [Let(Y, Apply("power", (x, Number(3.0))), "a")]
    assert partials[Y] == (Number(3.0) * Apply("power", (x, Number(2.0))), 0.0)


def test_the_operand_of_a_row_over_a_sequence_gets_a_name() -> None:
    """Where it is a part of an array; the result has lost the axis of the sequence."""
    part = Read(View(X, Table(np.arange(2)), (Pick((Span(0, 2),)),), whole=False), "k")
    found, _ = linearised([Let(S, Row(rules.MAX, (part,), ""), "")], {X, S}, READINGS)
    terms, let = found
    assert isinstance(terms, Let)
    assert (terms.value, terms.array.terms_of) == (part, S)
    assert isinstance(let, Let)
    assert let.value == Reduce(Apply("most", (whole(terms.array, "k"),)), "")


def test_statements_stand_as_late_as_they_can() -> None:
    """What is needed only at the end comes there, and what is needed for nothing is left out."""
    late, early, unused = Let(Y, row(rules.SIN, x), "a"), Let(Z, row(rules.COS, x), "a"), Array(Role.COMPUTED, (3,))
    middle = Array(Role.COMPUTED, (3,))
    block = Block((
        late, early, Let(unused, x, "a"), Let(middle, row(rules.EXP, Read(View(Z), "a")), "a"),
        Let(S, Sum(y * Read(View(middle), "a"), ""), ""),
    ))  # fmt: skip
    assert [target(s) for s in ordered(block, [S])] == [Z, Y, middle, S]


def test_what_depends_on_an_array() -> None:
    """That array, and what is computed from it."""
    block = Block((Let(Y, row(rules.SIN, x), "a"), Let(Z, Number(1.0) + Number(2.0), "a")))
    assert dependent(block, {X}) == {X, Y}


@pytest.mark.parametrize("rule", [r for r in rules.TABLE if r.layout == "fixed"], ids=lambda r: r.symbol)
@pytest.mark.parametrize(
    "read", [reading.plain, reading.guarded, reading.of_floats], ids=["plain", "guarded", "floats"]
)
def test_every_row_can_be_read(rule: rules.Rule, read: object) -> None:
    """Its value and partials are formulas of its operands."""
    table = read()  # type: ignore[operator]
    operands = tuple([Read(View(Array(Role.INPUT, ())), "") for _ in rule.operand_names])
    value = table.value(rule, operands)
    assert value.axes == ""
    assert len(table.partials(rule, value, operands)) == len(operands)
