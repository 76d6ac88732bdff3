"""Rolling and lowering: what scalars become array statements, and these typed equations."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

import autograd as ag
from autograd import rules
from autograd.compiler.arrays import All, At, Permute, Pick, Reshape, Role, Span
from autograd.compiler.blocks import Let, Loop
from autograd.compiler.checks import check_block
from autograd.compiler.expressions import Contract, Join, Number, Read, Row, Sum, terms
from autograd.compiler.lowering import lower
from autograd.compiler.numbering import program
from autograd.compiler.rolled import Elementwise, Linear, Recurrence, Rolled
from autograd.compiler.rolling import roll
from autograd.structures import flatten

RNG = random.Random(0)


def numbers(*lengths: int) -> list[list[float]]:
    """Arguments, a list each."""
    return [[RNG.uniform(0.5, 1.5) for _ in range(n)] for n in lengths]


def rolled(function: Callable[..., Any], *lengths: int) -> Rolled:
    """What a function of lists rolls into."""
    given = numbers(*lengths)
    return roll(program(function, "f", [flatten(x)[1] for x in given], given))


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
