"""What no block may be is refused, with what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
from autograd import jit
from autograd.compiler import kernels
from autograd.compiler.arrays import Array, At, Pick, Role, Span, Table, View
from autograd.compiler.blocks import Add, Block, Function, Kernel, Let, Zeros
from autograd.compiler.checks import check, check_block
from autograd.compiler.debugging import IllFormedError
from autograd.compiler.expressions import Apply, Contract, Join, Moved, Number, Read, Stretch, Sum

X = Array(Role.INPUT, (3,))
M = Array(Role.INPUT, (2, 3))
Y = Array(Role.COMPUTED, (3,))
Z = Array(Role.COMPUTED, (2,))
OTHER = Array(Role.COMPUTED, (4,))
x, m, y = Read(View(X), "a"), Read(View(M), "ak"), Read(View(Y), "a")
WRONG = View(X, Table(np.array([0, 2])), (Pick((Span(0, 2),)),), injective=True, whole=False)


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ([Let(Y, y, "a")], "before it is defined"),
        ([Let(Y, x, "a"), Let(Y, x, "a")], "defined twice"),
        ([Add(View(Y), x)], "adds to what is not defined"),
        ([Let(Y, x, "ab")], "expected a value with axes among 'ab', got 'a'"),
        ([Let(Y, Read(View(M), "ab"), "a")], "expected a value with axes among 'a', got 'ab'"),
        ([Let(Y, Read(View(X), "ab"), "a")], "has not the axes 'ab'"),
        ([Let(Y, Read(View(M), "aa"), "a")], "has an axis twice"),
        ([Let(Z, Contract(m, Read(View(X), "k"), "ab"), "a")], "Contract has the axes 'ab'"),
        ([Let(Z, Sum(m, "b"), "b")], "Sum has the axes 'b'"),
        ([Let(Y, Apply("+", (x, Stretch(x, "b"))), "a")], "Stretch has the axes 'b'"),
        ([Let(OTHER, Join((x, Read(View(X), "k")), "a"), "a")], "Join has the axes 'a'"),
        ([Let(Z, Read(WRONG, "a"), "a")], "do not lead to its positions"),
        ([Zeros(OTHER, X)], "has another shape"),
    ],
)
def test_a_block_that_is_none_is_refused(statements: list[Any], message: str) -> None:
    """What is read is defined before, once; axes fit; moves lead where they should."""
    with pytest.raises(IllFormedError, match=message):
        check_block(Block(tuple(statements)), (X, M))


def test_a_block_that_is_one_defines_its_arrays() -> None:
    """A weighted sum, an operation on it, and something added to a part."""
    block = Block((
        Let(Z, Contract(m, Read(View(X), "k"), "a") + 1.0, "a"),
        Zeros(Y, X),
        Add(View(Y, Table(np.array(1)), (Pick((At(1),)),), whole=False), Number(2.0)),
        Let(OTHER, Moved(y, (), "a"), "a"),
    ))  # fmt: skip
    assert check_block(block, (X, M)) == {X, M, Y, Z, OTHER}


def test_an_assignment_after_an_addition_is_refused() -> None:
    """What was added to dP would be lost."""
    P, C = Array(Role.CAPTURED, (3,)), Array(Role.CONSTANT, (0,))
    dP = Array(Role.CAPTURED, (3,), False, P)
    block = Block((Add(View(dP), x), Add(View(dP), x, fresh=True)))
    function = Function("gradient", (X,), block)
    with pytest.raises(IllFormedError, match="assigns what was added to"):
        check(Kernel((function,), P, dP, C, Block(), {}, {}, {}))


def test_within_debug_every_program_is_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pass that makes a block that is none is found where it happens, and the kernel is shown."""
    monkeypatch.setattr(kernels, "assigning", lambda block, _: Block((*block, Let(Y, y, "a"))))
    jit(lambda v: v * v)(1.0)  # not looked at
    with autograd.debug(), pytest.raises(IllFormedError, match="before it is defined"):
        jit(lambda v: v * v)(1.0)
    assert "gradient" in capsys.readouterr().err
