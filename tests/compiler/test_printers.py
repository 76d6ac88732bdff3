"""Printers: what is printed means what the tree means, with parentheses where the tree needs them and only there."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from interpreter import Interpreter

from autograd.compiler.arrays import Array, At, Pick, Reshape, Role, Span, Table, View
from autograd.compiler.blocks import Block, Function, Kernel, Let, Origin
from autograd.compiler.expressions import Apply, Contract, Expr, Number, Read, Stretch, Sum, walk
from autograd.compiler.printers.functional import Functional, exchanges
from autograd.compiler.printers.python import Python
from autograd.compiler.printers.watching import Watching
from autograd.compiler.targets.numpy import NUMPY

X, M, S = Array(Role.INPUT, (3,)), Array(Role.INPUT, (2, 3)), Array(Role.INPUT, ())
N = Array(Role.INPUT, (2,), examples=True)
P, D, C = Array(Role.CAPTURED, (6,)), Array(Role.CAPTURED, (6,)), Array(Role.CONSTANT, (0,))
VALUES = {
    X: np.array([0.5, 1.5, 2.0]),
    M: np.array([[1.0, 2.0, 3.0], [0.5, 0.25, 4.0]]),
    S: np.array(1.25),
    N: np.array([[1.0, 2.0], [3.0, 5.0]]),
}
NAMES = {"x": X, "m": M, "s": S, "n": N}


def printer(kind: type[Python] = Python) -> Python:
    """A printer whose arrays are called x, m, s and n."""
    function = Function("value", (X, M, S, N), Block())
    kernel = Kernel((function, function), P, D, C, Block(), {}, {array: name for name, array in NAMES.items()}, {})
    return kind(kernel, NUMPY.words())


def meaning(text: str) -> Any:
    """What a text computes."""
    names = {**NUMPY.words(), **{name: VALUES[array] for name, array in NAMES.items()}}
    return eval(text, names)  # noqa: S307 - text of our own printing


ATOMS = st.sampled_from([
    Read(View(X), "k"), Read(View(M), "ak"), Read(View(S), ""), Number(2.0), Number(-0.5), Number(3.0, short=True),
])  # fmt: skip
TREES = st.recursive(
    ATOMS,
    lambda parts: st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "/", "%", "//"]), parts, parts).map(lambda t: Apply(t[0], t[1:])),
        parts.map(lambda x: -x),
        parts.map(lambda x: Apply("fabs", (x,))),
        parts.map(lambda x: Apply("**", (Apply("fabs", (x,)), Number(2.0)))),
        st.tuples(parts, parts).map(lambda t: Apply("*", (Apply(">", t), Number(1.0)))),
        parts.map(lambda x: Sum(x, x.axes.replace("k", ""))),
    ),
    max_leaves=8,
)


@given(TREES)
@settings(max_examples=200)
def test_a_formula_is_read_back_as_what_it_is(tree: Expr) -> None:
    """Whatever stands in whatever: the text computes what an interpreter of the tree does."""
    assume(all(part.axes != "ka" for part in walk(tree)))  # as no statement with the axes ak has it
    with np.errstate(all="ignore"):
        text = printer().write(tree, "ak").text
        expected = Interpreter(VALUES).over(tree, "ak", M)
        try:
            meaning(text)
        except ZeroDivisionError:  # of two numbers, which Python divides
            return
        np.testing.assert_allclose(np.broadcast_to(meaning(text), (2, 3)), expected, rtol=1e-12, equal_nan=True)


@given(TREES)
@settings(max_examples=100)
def test_no_parentheses_are_needed_that_are_not_there_and_few_are_there(tree: Expr) -> None:
    """Python reads the text, and writing it again takes as many pairs at most."""
    text = printer().write(tree, "ak").text
    assert text.count("(") <= ast.unparse(ast.parse(text)).count("(") + text.count("-")


x, m, n = Read(View(X), "k"), Read(View(M), "ak"), Read(View(N), "an")


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (Contract(m, x, "a"), "m @ x"),
        (Contract(x, x, ""), "x @ x"),
        (Contract(m, Read(View(M), "bk"), "ab"), "m @ m.T"),
        (Contract(m, n, "kn"), "m.T @ n"),
        (Contract(n, n, "n"), "einsum('an,an->n', n, n)"),
        (Contract(Number(2.0), x, "k"), "2.0 * x"),
        (Contract(Number(2.0), x, ""), "2.0 * x.sum()"),
        (Contract(Number(float("inf")), x, ""), "(inf * x).sum()"),
        (Contract(Read(View(X), "a"), x, "ak"), "x[:, None] * x"),
        (Sum(n, "n"), "n.sum(0)"),
        (Sum(n, "a"), "n.sum(1)"),
        (Stretch(Read(View(S), ""), "k"), "s"),
        (-(x * x), "-x * x"),
        (-(x % x), "-(x % x)"),
        (-Sum(x % x, "k"), "-(x % x)"),
        (-Stretch(x % x, "ak"), "-(x % x)"),
        (-(x // x * x), "-(x // x * x)"),
        (Apply("==", (Apply("<", (x, x)), Number(1.0))), "(x < x) == 1.0"),
        (-(Apply(">", (x, x)) * Number(1.0)), "-((x > x) * 1.0)"),
        (x - (x - x), "x - (x - x)"),
        (x - x - x, "x - x - x"),
        (x / (x * x), "x / (x * x)"),
        (x * -x, "x * (-x)"),
        ((x + 1.0) ** 2, "(x + 1)**2"),
        (1.0 / x, "1 / x"),
        (Number(-2.0) * x, "-2.0 * x"),
        (Number(-0.0) + x, "-0.0 + x"),
        (Number(1e300) * x, "1e+300 * x"),
    ],
)
def test_formulas_look_as_one_writes_them(tree: Expr, expected: str) -> None:
    """Products as ``@`` where they are, sums along their axes, whole numbers of formulas without a point."""
    assert printer().text(tree).text == expected


@pytest.mark.parametrize(
    ("moves", "numpy", "functional"),
    [
        ((Pick((Span(3, 4, -1),)),), "m[3::-1]", "m.reshape(-1)[I[0]]"),
        ((Pick((At(1),)),), "m[1]", "m[1]"),
        ((Reshape((3, 2)),), "m.reshape(3, 2)", "m.reshape(3, 2)"),
    ],
    ids=["backwards", "one", "reshaped"],
)
def test_views_are_moves_of_a_name(moves: Any, numpy: str, functional: str) -> None:
    """No slice runs backwards where a library has none."""
    view = View(M, Table(np.arange(4)), moves, whole=False)
    assert printer().viewed(view) == numpy
    assert printer(Functional).viewed(view) == functional


def test_axes_change_in_pairs() -> None:
    """Which all libraries call alike."""
    assert exchanges([1, 2, 0]) == ".swapaxes(0, 1).swapaxes(1, 2)"
    assert exchanges([0, 1]) == ""


def test_a_statement_has_its_remark_behind_it() -> None:
    """What it does, and for how many numbers."""
    y = Array(Role.COMPUTED, (3,))
    assert printer().line(Let(y, x * x, "k", Origin("*", (3,)))) == ["v1 = x * x  # *, 3"]


def test_statements_of_the_function_s_own_are_seen() -> None:
    """Behind each stands a call with the number of its array; not behind what was put in between."""
    y, shared = Array(Role.COMPUTED, (3,)), Array(Role.SHARED, (3,))
    block = Block((Let(shared, x * x, "k"), Let(y, Read(View(shared), "k") + 1.0, "k", Origin("+", (3,), holder=7))))
    written = printer(Watching).lines(block)
    assert written == ["e1 = x * x", "v1 = e1 + 1  # +, 3", "v1 = seen(-1, 7, v1, 0)"]
