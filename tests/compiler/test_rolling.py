"""Rolling and lowering: what scalars become array statements, and these typed equations."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from by_hand import X, scalars
from test_golden import CASES, Golden
from test_golden import leaves as given_leaves

import autograd as ag
from autograd import rules
from autograd.compiler.arrays import All, At, Permute, Pick, Reshape, Role, Span
from autograd.compiler.blocks import Let, Loop
from autograd.compiler.checks import check_block
from autograd.compiler.debugging import IllFormedError
from autograd.compiler.expressions import Contract, Join, Number, Read, Row, Sum, terms
from autograd.compiler.lowering import lower
from autograd.compiler.numbering import program
from autograd.compiler.rolled import (
    Concatenation,
    Elementwise,
    Holder,
    Linear,
    Recurrence,
    Reduction,
    Rolled,
    Segment,
    check,
    lying,
)
from autograd.compiler.rolling import roll
from autograd.structures import flatten

RNG = random.Random(0)


def numbers(*lengths: int) -> list[list[float]]:
    """Arguments, a list each."""
    return [[RNG.uniform(0.5, 1.5) for _ in range(n)] for n in lengths]


def rolled(function: Callable[..., Any], *lengths: int) -> Rolled:
    """What a function of lists rolls into."""
    given = numbers(*lengths)
    found = roll(program(function, "f", [flatten(x)[1] for x in given], given))
    check(found)
    return found


def equations(function: Callable[..., Any], *lengths: int, examples: bool = False) -> list[Let | Loop]:
    """That as typed equations, which fit."""
    lowered = lower(rolled(function, *lengths), [examples] * len(lengths), on_floats=True)
    check_block(lowered.block, [lowered.arrays[i + 2] for i in range(len(lengths))])
    return [s for s in lowered.block if isinstance(s, (Let, Loop))]


def matrix(x: Any, n: int) -> list[Any]:
    """A list as rows of n."""
    return [x[i : i + n] for i in range(0, len(x), n)]


def test_products_of_rows_are_one_contraction() -> None:
    """z[a] = sum_k W[a, k] x[k]."""
    (s,) = equations(lambda w, x: ag.matvec(matrix(w, 3), x), 12, 3)
    assert isinstance(s, Let)
    assert isinstance(s.value, Contract)
    assert (s.value.left.axes, s.value.right.axes, s.value.axes) == ("ak", "k", "a")
    assert isinstance(s.value.left, Read)
    assert s.value.left.view.moves == (Reshape((4, 3)),)


def test_examples_are_the_last_axis() -> None:
    """Of all that depends on them."""
    (s,) = equations(lambda w, x: ag.matvec(matrix(w, 3), x), 12, 3, examples=True)
    assert isinstance(s, Let)
    assert (s.axes, s.array.examples) == ("an", True)


@pytest.mark.parametrize(
    ("function", "length", "moves"),
    [
        (lambda x: [ag.sin(v) for v in x], 4, ()),
        (lambda x: [ag.sin(v) for v in x[::-1]], 4, (Pick((Span(3, 4, -1),)),)),
        (lambda x: [ag.sin(v) for v in x[1::2]], 6, (Pick((Span(1, 3, 2),)),)),
        (lambda x: [ag.sin(x[2])], 4, (Pick((At(2),)),)),
        (lambda x: [ag.sin(v) for r in matrix(x, 3) for v in r[:2]], 12, (Reshape((4, 3)), Pick((All(), Span(0, 2))))),
        (lambda x: [ag.sin(x[3 * i + j]) for j in range(3) for i in range(4)], 12, (Reshape((4, 3)), Permute((1, 0)))),
    ],
    ids=["whole", "backwards", "every other", "one", "columns", "transposed"],
)  # fmt: skip
def test_operands_are_views(function: Callable[..., Any], length: int, moves: Any) -> None:
    """In order, at regular distances, a part of a matrix."""
    s = equations(function, length)[0]
    assert isinstance(s, Let)
    assert isinstance(s.value, Row)
    (x,) = s.value.operands
    assert isinstance(x, Read)
    assert x.view.moves == moves


def test_a_number_that_all_share_is_a_number() -> None:
    """No array of constants."""
    s = equations(lambda x: [2.5 * ag.sin(v) for v in x], 4)[-1]
    assert isinstance(s, Let)
    assert isinstance(s.value, Row)
    assert Number(2.5) in s.value.operands


def test_a_sum_of_a_sequence_and_products() -> None:
    """sum_k x y + sum_k x: two terms."""
    (s,) = equations(lambda x, y: ag.dot(x, y) + ag.sum(x), 3, 3)
    assert isinstance(s, Let)
    found = terms(s.value)
    assert [type(x) for x in found] == [Contract, Sum]
    assert s.origin is not None
    assert (s.origin.what, s.origin.is_sum) == ("weighted sum", True)


def test_rows_over_sequences_have_an_axis_more_in_front() -> None:
    """k runs along the sequence."""
    (s,) = equations(lambda x: [ag.logsumexp(row) for row in matrix(x, 3)], 12)
    assert isinstance(s, Let)
    assert isinstance(s.value, Row)
    assert (s.value.row, s.value.operands[0].axes, s.axes) == (rules.LOGSUMEXP, "ka", "a")


def test_operands_from_several_arrays_are_joined() -> None:
    """sin of numbers of two arguments."""
    joined = [s for s in equations(lambda x, y: ag.logsumexp([*x, y[0]]), 3, 2) if isinstance(s, Let)]
    assert isinstance(joined[0].value, Join)
    assert [part.axes for part in joined[0].value.pieces] == ["a", "a"]


def recurrence(x: Any) -> Any:
    """h = sin(h) + 0.1, a hundred times."""
    h = x[0]
    for _ in range(100):
        h = ag.sin(h) + 0.1
    return h


def test_a_recurrence_is_a_loop_over_floats_and_in_a_batch_over_arrays() -> None:
    """With a tape, what stands on it before, and what is kept."""
    (loop,) = [s for s in rolled(recurrence, 1).statements if isinstance(s, Recurrence)]
    assert (loop.count, loop.single, len(loop.carried)) == (100, True, 1)
    for examples in (False, True):
        (s,) = [s for s in equations(recurrence, 1, examples=examples) if isinstance(s, Loop)]
        assert (s.floats, s.count, len(s.tapes)) == (not examples, 100, 1)
        tape, first = s.tapes[0]
        assert tape.before == len(first) == 1
        assert [kept for kept, _ in s.keeps] == [tape]


def test_nothing_is_assumed_that_is_not_found() -> None:
    """Of an irregular graph a gather remains, and groups of one."""

    def irregular(x: Any) -> Any:
        rng = random.Random(3)
        nodes = list(x)
        for _ in range(40):
            nodes.append(ag.tanh(nodes[rng.randrange(len(nodes))]) * nodes[rng.randrange(len(nodes))])
        return nodes[-1] + nodes[-7]

    found = rolled(irregular, 5)
    assert all(isinstance(s, (Elementwise, Linear)) or s.out.size for s in found.statements)
    equations(irregular, 5)


def test_arrays_know_what_they_are() -> None:
    """Inputs, what is captured, constants, and what is computed."""
    w = ag.Value(2.0, label="w")
    lowered = lower(rolled(lambda x: w * x[0] + ag.atan2(x[1], 3.0), 2), [False], on_floats=True)
    roles = {array.role for array in lowered.arrays.values()}
    assert roles == {Role.INPUT, Role.CAPTURED, Role.CONSTANT, Role.COMPUTED}
    (captured,) = [array for array in lowered.arrays.values() if array.role is Role.CAPTURED]
    assert lowered.labels[captured] == {0: "w"}


# --- Rolled statements as data ------------------------------------------------------------------------------------


def test_scalars_written_by_hand_are_rolled() -> None:
    """Two rows alike are one statement, whose operands lie in order; a constant of both is a number."""
    found = roll(scalars(X, X, 2.0, (rules.ATAN2, 0, 2), (rules.ATAN2, 1, 2), outputs=[3, 4]))
    check(found)
    (s,) = found.statements
    assert isinstance(s, Elementwise)
    assert (s.rule, s.out) == (rules.ATAN2, Holder("group", (2,), 3))
    assert [(x.array, x.positions.tolist(), x.literal) for x in s.operands] == [(2, [0, 1], None), (1, [0, 0], 2.0)]
    assert (found.outputs.array, found.outputs.positions.tolist()) == (3, [0, 1])


@pytest.mark.parametrize(
    ("positions", "strides", "kept", "injective"),
    [
        ([0, 1, 2], (1,), (0,), True),
        ([4, 2, 0], (-2,), (0,), True),
        ([3, 3, 3], (0,), (), True),
        ([0, 1, 3], None, (0,), True),
        ([0, 1, 1], None, (0,), False),
        ([[0, 0], [1, 1]], (1, 0), (0,), True),
        ([[0, 3, 1], [0, 3, 1]], None, (1,), True),
    ],
    ids=["in order", "backwards", "one", "gathered", "one twice", "along one axis", "gathered along one"],
)
def test_how_operands_lie(positions: Any, strides: Any, kept: Any, injective: bool) -> None:
    """Along the axes that they depend on."""
    found = lying(2, np.array(positions))
    assert (found.strides, found.kept, found.injective) == (strides, kept, injective)
    gathered = found.gathered()
    assert gathered.kept == tuple(range(np.ndim(positions)))
    np.testing.assert_array_equal(gathered.used, positions)
    with pytest.raises(FrozenInstanceError):
        found.literal = 2.0  # type: ignore[misc]


def test_only_all_elements_in_order_cover_an_array() -> None:
    """Whatever their arrangement."""
    assert lying(2, np.array([[0, 1], [2, 3]])).covers(4)
    assert not lying(2, np.array([0, 1, 2])).covers(4)
    assert not lying(2, np.array([1, 0])).covers(2)


RIGHT = roll(scalars(X, X, (rules.SIN, 0), (rules.SIN, 1), (rules.DOT, 0, 1, 2, 3)))
SINES, TOTAL = RIGHT.statements
assert isinstance(SINES, Elementwise)
FAR, EARLY = lying(2, np.array([1, 2])), lying(4, np.array(0))
OUT = Holder("group", (), 4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (replace(RIGHT, statements=[TOTAL, SINES]), "statement 0 reads array 3 before it is computed"),
        (replace(RIGHT, statements=[SINES, SINES, TOTAL]), "statement 1 computes array 3, which is there"),
        (replace(RIGHT, statements=[SINES]), "the result reads array 4 before"),
        (replace(RIGHT, statements=[replace(SINES, operands=[FAR]), TOTAL]), "reads position 2 of 2 in array 2"),
        (replace(RIGHT, statements=[replace(SINES, operands=[lying(2, np.array(0))]), TOTAL]), "other shapes than"),
        (replace(RIGHT, statements=[SINES, Reduction(OUT, rules.MAX, lying(3, np.array([[0, 1]])))]), "other shapes"),
        (replace(RIGHT, statements=[SINES, Concatenation(OUT, [lying(3, np.array([0, 1]))])]), "other shapes than"),
        (
            replace(
                RIGHT,
                statements=[
                    SINES,
                    Linear(OUT, "", [Segment(lying(2, np.array([0, 1])), "k", lying(3, np.array([0])), "k")]),
                ],
            ),
            "other shapes than",
        ),
        (replace(RIGHT, holders=[*RIGHT.holders[:3], OUT, OUT]), "array 3 has the number 4"),
        (replace(RIGHT, captured_order=[0]), "captured or constant numbers"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_rolled_statements_that_are_none_are_refused(wrong: Rolled, message: str) -> None:
    """What is read is there, and has the axes that the result follows from."""
    check(RIGHT)
    with pytest.raises(IllFormedError, match=message):
        check(wrong)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_all_stages_of_the_golden_programs_are_well_formed(case: Golden) -> None:
    """Each is checked after it, as debug() does it."""
    with ag.debug():
        ag.jit(case.function)(*[given_leaves(x) for x in case.arguments])
