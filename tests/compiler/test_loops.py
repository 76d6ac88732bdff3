"""Loops: a recurrence is found in its scalars, and one iteration of it is scalars of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from by_hand import X, scalars

from autograd import rules
from autograd.compiler.debugging import IllFormedError
from autograd.compiler.loops import find
from autograd.compiler.normalising import Formula, normalise
from autograd.compiler.repetitions import Leaf, Repetition, check, one_iteration
from autograd.compiler.scalars import Scalars
from autograd.compiler.scalars import check as check_scalars

MANY = 3000


def repeated(first: Sequence[Any], step: Callable[[int, int], Sequence[Any]], count: int, last: Any = ()) -> Formula:
    """Nodes, then so many times those of a step: what it is told is where it begins, and which iteration it is."""
    nodes = [*first]
    for i in range(count):
        nodes += step(len(nodes), i)
    nodes += last
    return normalise(scalars(*nodes))


def sines(at: int, _: int) -> list[Any]:
    """h = tanh(sin(h)), where h is the node before."""
    return [(rules.SIN, at - 1), (rules.TANH, at)]


def loop_in(formula: Formula) -> tuple[Sequence[int], Repetition, Sequence[int]]:
    """The only loop, with what stands before and behind it."""
    before, loop, behind = find(formula, MANY)
    assert isinstance(loop, Repetition)
    assert not isinstance(before, Repetition)
    assert not isinstance(behind, Repetition)
    check(formula, [before, loop, behind])
    return before, loop, behind


def test_a_recurrence_is_a_loop() -> None:
    """Each node of each iteration in its place; the last is handed on, the first comes from outside."""
    formula = repeated([X], sines, 40)
    before, loop, behind = loop_in(formula)
    assert [*before, *behind] == []
    np.testing.assert_array_equal(loop.nodes, np.arange(1, 81).reshape(40, 2))
    assert (loop.kept, loop.first.tolist(), loop.leaves) == ([1], [[0]], {78: Leaf(1, 0, None)})


def test_what_is_not_alike_stays_in_front_and_behind() -> None:
    """A first iteration with another row, and a result."""
    formula = repeated([X, (rules.COS, 0), (rules.EXP, 1)], sines, 40, [(rules.MUL, 82, 0)])
    before, loop, behind = loop_in(formula)
    assert [*before] == [1, 2]
    assert [*behind] == [83]
    assert len(loop.nodes) == 40


def test_a_number_of_each_iteration_is_a_step() -> None:
    """Of a sequence that is read from outside; what is the same in each is read once, a constant is in the body."""

    def step(at: int, i: int) -> list[Any]:
        return [2.0, (rules.MUL, at - 1, 1), (rules.ATAN2, at + 1, 2 + i), (rules.MAXIMUM, at + 2, at)]

    formula = repeated([X] * 42, step, 40)
    _, loop, _ = loop_in(formula)
    leaves = [leaf for leaf in loop.leaves.values() if leaf.nodes is not None]
    (same,) = [leaf for leaf in leaves if len(leaf.nodes) > 1 and len({*leaf.nodes.tolist()}) == 1]  # type: ignore[union-attr, arg-type]
    (steps,) = [leaf for leaf in leaves if len(leaf.nodes) > 1 and len({*leaf.nodes.tolist()}) == 40]  # type: ignore[union-attr, arg-type]
    (constant,) = [leaf for leaf in leaves if len(leaf.nodes) == 1]  # type: ignore[arg-type]
    assert same.nodes is not None
    assert steps.nodes is not None
    assert constant.nodes is not None
    assert {*same.nodes.tolist()} == {1}
    assert steps.nodes.tolist() == [2 + i for i in range(40)]
    assert formula.data[constant.nodes[0]] == 2.0


def test_states_may_lie_further_back() -> None:
    """Three iterations of them before the first: x[i] = atan2(x[i - 1], x[i - 3])."""
    formula = repeated([X, X, X], lambda at, _: [(rules.ATAN2, at - 1, at - 3)], 100)
    _, loop, _ = loop_in(formula)
    assert {leaf.lag for leaf in loop.leaves.values()} == {1, 3}
    assert loop.first.tolist() == [[0], [1], [2]]


def test_what_does_not_repeat_is_no_loop() -> None:
    """A chain of other rows each time, and one that is short."""
    rows = [rules.SIN, rules.TANH, rules.ATAN, rules.COS]
    digits = [int(x) for x in np.random.default_rng(0).integers(0, 4, 100)]
    for formula in (
        repeated([X], lambda at, i: [(rows[digits[i]], at - 1)], 100),
        repeated([X], sines, 20),
    ):
        parts = find(formula, MANY)
        assert not any(isinstance(part, Repetition) for part in parts)
        check(formula, parts)


RIGHT = repeated([X], sines, 40)
LOOP = Repetition(np.arange(1, 81).reshape(40, 2), [1], np.array([[0]]), {78: Leaf(1, 0, None)})


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([LOOP, [7]], "node 7 stands where node None"),
        ([[1, 2]], "node None stands where node 3"),
        ([[*range(80, 0, -1)]], "node 80 stands where node 1"),
        ([replace(LOOP, kept=[2])], "a loop keeps"),
        ([replace(LOOP, kept=[0, 1])], "a loop keeps"),
        ([replace(LOOP, leaves={78: Leaf(2, 0, None)})], "a loop of 40 iterations reads"),
        ([replace(LOOP, leaves={78: Leaf(1, 1, None)})], "a loop of 40 iterations reads"),
        ([replace(LOOP, leaves={78: Leaf(0, -1, np.arange(7))})], "a loop of 40 iterations reads"),
        ([replace(LOOP, leaves={})], "node 79 .* reads node 78, which is none of its leaves"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_parts_that_are_none_are_refused(parts: Any, message: str) -> None:
    """All nodes in order; an iteration reads its own nodes and its leaves."""
    check(RIGHT, [LOOP])
    with pytest.raises(IllFormedError, match=message):
        check(RIGHT, parts)


# --- One iteration ------------------------------------------------------------------------------------------------


def listed(found: Scalars) -> list[Any]:
    """Its nodes as they are written by hand, its arguments as 'x'."""
    return [
        (row, *operands) if operands else x if row is rules.CONSTANT else X
        for row, operands, x in zip(found.rules, found.operands, found.data, strict=True)
    ]


def test_an_iteration_is_a_program_of_its_own() -> None:
    """Of what it reads; its results are what it hands on."""
    found = one_iteration(RIGHT, LOOP, [[78]], single=True)
    check_scalars(found)
    assert listed(found) == [X, (rules.SIN, 0), (rules.TANH, 1)]
    assert (found.inputs, found.outputs, found.body, found.single) == ([[0]], [2], True, True)


@pytest.mark.parametrize("single", [True, False])
def test_squares_are_powers_where_numbers_are_single(single: bool) -> None:
    """In products and in weighted sums."""

    def step(at: int, _: int) -> list[Any]:
        return [
            (rules.TANH, at - 1), (rules.MUL, at, at), (rules.MUL, at, 1), (rules.ADD, at + 1, at + 2),
            (rules.MUL, at + 3, at + 3),
        ]  # fmt: skip

    formula = repeated([X, X], step, 40)
    _, loop, _ = loop_in(formula)
    found = one_iteration(formula, loop, [[node] for node in loop.leaves], single)
    check_scalars(found)
    symbols = [row.symbol for row in found.rules if row not in (rules.LEAF, rules.CONSTANT)]
    assert sorted(symbols) == sorted(["tanh", "dot", "**", "sum", "**"] if single else ["tanh", "dot", "*"])
