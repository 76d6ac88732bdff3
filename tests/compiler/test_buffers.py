"""Derivatives by what is captured: assigned where nothing was added before, else added."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd.compiler.arrays import Array, Gather, Pick, Role, Span, Table, View
from autograd.compiler.blocks import Add, Block, Let
from autograd.compiler.buffers import assigning
from autograd.compiler.expressions import Number, Read

P = Array(Role.CAPTURED, (6,))
D = Array(Role.CAPTURED, (6,), False, P)
X = Array(Role.INPUT, (2,))


def at(*positions: int, injective: bool = True) -> View:
    """Elements of the derivatives."""
    used = np.array(positions)
    move = Pick((Span(positions[0], len(positions)),)) if injective else Pick((Gather(Table(used)),))
    return View(D, Table(used), (move,), injective, whole=False)


def fresh(*views: View) -> list[Any]:
    """Which of the additions to these became assignments; and whether all is set to 0 first."""
    block = assigning(Block(tuple([Add(view, Number(1.0)) for view in views])), D)
    return [s.fresh if s.value == Number(1.0) else "zeros" for s in block if isinstance(s, Add)]


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        ([at(0, 1), at(2, 3)], [True, True]),
        ([at(0, 1), at(0, 1)], [True, False]),
        ([at(0, 1, 2), at(1)], [True, False]),
        ([at(0, 1), at(1, 2)], ["zeros", False, False]),
        ([at(0, 0, injective=False)], ["zeros", False]),
        ([], []),
    ],
    ids=["apart", "twice", "a part again", "overlapping", "one element twice", "nothing"],
)
def test_what_was_not_added_to_is_assigned(views: list[View], expected: list[Any]) -> None:
    """Partly new elements, and elements that occur twice, need zeros to be added to."""
    assert fresh(*views) == expected


def test_other_statements_stay_as_they_are() -> None:
    """Additions to the derivative of an input too."""
    d = Array(Role.COMPUTED, (2,), False, X)
    block = Block((Let(d, Read(View(X), "a"), "a"), Add(View(d), Number(1.0))))
    assert assigning(block, D) == block
