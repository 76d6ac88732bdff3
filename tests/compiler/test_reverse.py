"""The reverse of a block, made by hand: its derivatives are those of the complex step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from interpreter import Interpreter

from autograd import rules
from autograd.compiler import reading
from autograd.compiler.arrays import All, Array, At, Gather, Permute, Pick, Reshape, Role, Span, Table, View
from autograd.compiler.blocks import Block, Let, Statement
from autograd.compiler.checks import check_block
from autograd.compiler.expressions import Contract, Expr, Join, Moved, Number, Read, Row, Sum, walk
from autograd.compiler.linearise import Readings, linearised, ordered, whole
from autograd.compiler.reverse import Reverse

READINGS = Readings(reading.plain(), reading.of_floats())
STEP = 1e-30


def part(array: Array, used: Any, *moves: Any) -> View:
    """Elements of an array at these positions."""
    used = np.asarray(used)
    whole_ = used.size == array.size and bool((used.reshape(-1) == np.arange(array.size)).all())
    return View(array, Table(used), moves, len(np.unique(used)) == used.size, whole_)


W, X, V = Array(Role.INPUT, (2, 3)), Array(Role.INPUT, (3,)), Array(Role.INPUT, (2,))
XN = Array(Role.INPUT, (3,), examples=True)
S = Array(Role.COMPUTED, ())
SN = Array(Role.COMPUTED, (), examples=True)
Z, U = Array(Role.COMPUTED, (2,)), Array(Role.COMPUTED, (2,))
ZN = Array(Role.COMPUTED, (2,), examples=True)
J = Array(Role.COMPUTED, (4,))
w, x, v, z, u = Read(View(W), "ak"), Read(View(X), "k"), Read(View(V), "a"), Read(View(Z), "a"), Read(View(U), "a")
GATHERED = Read(part(X, [2, 0, 2], Pick((Gather(Table(np.array([2, 0, 2]))),))), "k")
SLICED = Read(part(X, [2, 1], Pick((Span(2, 2, -1),))), "a")
TURNED = Read(part(W, [[0, 3], [1, 4], [2, 5]], Permute((1, 0))), "ka")
COLUMN = Read(part(W, [1, 4], Pick((All(), At(1)))), "a")


def total(value: Expr, axes: str) -> list[Statement]:
    """Statements that end in one number: the sum of the squares of a vector."""
    return [Let(Z, value, axes), Let(S, Contract(z, z, ""), "")]


CASES: dict[str, tuple[list[Statement], Array]] = {
    "matrix times vector": (total(Contract(w, x, "a") + v, "a"), S),
    "vector times matrix": (total(Contract(x, TURNED, "a"), "a"), S),
    "rows": (total(Row(rules.TANH, (v,), "a"), "a"), S),
    "two operands": (total(Row(rules.DIV, (COLUMN, v), "a"), "a"), S),
    "twice the same": (total(Row(rules.MUL, (v, v), "a"), "a"), S),
    "a scalar broadcast": (
        [Let(S, Sum(x, ""), ""), Let(Z, Row(rules.MUL, (Read(View(S), ""), v), "a"), "a"),
         Let(U, Row(rules.SIN, (z,), "a"), "a"), Let(SN_ := Array(Role.COMPUTED, ()), Sum(u, ""), "")], SN_,
    ),
    "a slice backwards": (total(SLICED + v, "a"), S),
    "gathered twice": ([Let(S, Contract(GATHERED, x, ""), "")], S),
    "a column": (total(COLUMN + 2.0, "a"), S),
    "joined": (
        [Let(S1 := Array(Role.COMPUTED, ()), Contract(x, x, ""), ""),
         Let(J, Join((Read(View(X), "a"), Moved(Read(View(S1), ""), (Reshape((1,)),), "a")), "a"), "a"),
         Let(S, Contract(Read(View(J), "a"), Read(View(J), "a"), ""), "")], S,
    ),
    "over a sequence": ([Let(S, Row(rules.LOGSUMEXP, (x,), ""), "")], S),
    "a factor": (total(Contract(Number(3.0), v, "a"), "a"), S),
    "a batch": (
        [Let(ZN, Contract(w, Read(View(XN), "kn"), "an") + v, "an"),
         Let(SN, Contract(Read(View(ZN), "an"), Read(View(ZN), "an"), "n"), "n")], SN,
    ),
    "a batch of operations": (
        [Let(ZN, Contract(w, Read(View(XN), "kn"), "an"), "an"),
         Let(UN := Array(Role.COMPUTED, (2,), examples=True), Row(rules.SIGMOID, (Read(View(ZN), "an"),), "an"), "an"),
         Let(SN, Sum(Read(View(UN), "an"), "n"), "n")], SN,
    ),
}  # fmt: skip
INPUTS = (W, X, V, XN)
EXAMPLES = 2


def numbers(kind: type = float) -> dict[Any, Any]:
    """Values for the inputs."""
    rng = np.random.default_rng(1)
    return {a: rng.uniform(0.5, 1.5, (*a.shape, *[EXAMPLES] * a.examples)).astype(kind) for a in INPUTS}


def written(block: list[Statement]) -> Block:
    """Rows as formulas."""
    return Block(tuple(linearised(block, (), READINGS)[0]))


@pytest.mark.parametrize("name", CASES)
def test_derivatives_are_those_of_the_complex_step(name: str) -> None:
    """Of every form of a statement, by every number that it reads."""
    statements, result = CASES[name]
    block = Block(tuple(statements))
    check_block(block, INPUTS)
    read = {x for s in statements if isinstance(s, Let) for x in [y.view.array for y in reads(s.value)]} & {*INPUTS}
    back = Reverse(block, read, Array(Role.CAPTURED, (0,)), READINGS)
    order = ordered(block, [result])
    back.forward(order, order)
    seed = Array(Role.SEED, (), result.examples)
    back.give(whole(result), whole(seed))
    for s in reversed(order):
        back.backward(s)
    by = {array: back.by(array) for array in INPUTS if array in read}
    check_block(Block(tuple(back.statements)), (*INPUTS, seed))
    interpreter = Interpreter({**numbers(), seed: np.ones((EXAMPLES,) * result.examples)}, EXAMPLES)
    interpreter.run(Block(tuple(back.statements)))
    assert by
    for array, derivative in by.items():
        got = np.broadcast_to(interpreter.value(derivative), (*array.shape, *[EXAMPLES] * array.examples))
        np.testing.assert_allclose(got, by_complex_step(block, result, array), rtol=1e-12, err_msg=repr(array))


def reads(x: Expr) -> list[Read]:
    """What an expression reads."""
    return [part for part in walk(x) if isinstance(part, Read)]


def by_complex_step(block: Block, result: Array, array: Array) -> Any:
    """d sum(result) / d array, one number at a time."""
    plain = written([*block.statements])
    found = np.zeros((*array.shape, *[EXAMPLES] * array.examples))
    for place in np.ndindex(found.shape):
        values = numbers(complex)
        values[array][place] += STEP * 1j
        interpreter = Interpreter(values, EXAMPLES)
        interpreter.run(plain)
        found[place] = np.sum(interpreter.values[result]).imag / STEP
    return found
