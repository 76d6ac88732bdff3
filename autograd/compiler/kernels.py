"""Kernels: the functions of a program, each made of a rolled program by passes.

    value       the result                                      lowering
    gradient    the result, and its derivatives                 lowering, reverse, buffers
    holds       whether the branches that were taken are those that an example takes

Beside the result stand the conditions under which it is that of the function: that the branches hold, and that
nothing else happened which only the function itself can answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.compiler.arrays import EXAMPLES, Array, Role
from autograd.compiler.blocks import Add, Back, Block, Function, Kernel, Let, Loop
from autograd.compiler.expressions import Contract, Expr, Read, walk

from .buffers import assigning
from .linearise import Readings, linearised, ordered, whole
from .lowering import lower
from .reverse import Reverse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rolled import Rolled


def kernel(
    rolled: Rolled, batched: bool | Sequence[bool], wanted: Sequence[bool], readings: Readings, fresh: bool = True
) -> Kernel:
    """The program in one of its forms: for one example or many, with the derivatives by the arguments wanted.

    ``batched``: whether the arguments have an axis for examples, or for each of them whether it has.
    ``readings``: how rows are read over arrays, and over the single numbers of loops. ``fresh``: whether derivatives
    may be assigned where nothing was added to before.
    """
    examples = [batched] * len(rolled.inputs) if isinstance(batched, bool) else [*batched]
    many = any(examples) or batched is True
    lowered = lower(rolled, examples, readings.floats is not readings.arrays)
    block, captured = lowered.block, lowered.arrays[rolled.captured.index]
    inputs = tuple([lowered.arrays[x.index] for x in rolled.inputs])
    result, guards, watched = lowered.output, lowered.guards, lowered.watched
    gradient = Array(Role.CAPTURED, captured.shape, False, captured)
    beside = (guards, watched) if guards or watched else ()
    roots = [result.view.array, *[x.read.view.array for x in (*guards, *watched)]]
    value, _ = linearised(ordered(block, roots), (), readings)
    functions = [Function("value", inputs, Block(tuple(value)), result, None, beside)]

    seed = Array(Role.SEED, result.view.shape, many)
    asked = tuple([x for x, is_wanted in zip(inputs, wanted, strict=True) if is_wanted])
    back = Reverse(block, {*asked, captured} if captured.size else {*asked}, gradient, readings)
    by_inputs = differentiated(back, roots, result, seed, asked)
    made = Block(tuple(back.statements))
    functions.append(
        Function("gradient", (*inputs, seed), assigning(made, gradient) if fresh else made, result, by_inputs, beside)
    )
    if guards:
        held, _ = linearised(ordered(block, [x.read.view.array for x in guards]), (), readings)
        functions.append(Function("holds", inputs, Block(tuple(held)), None, None, (guards,)))
    wishes = dict(zip(inputs, rolled.input_names, strict=True))
    constants = lowered.arrays[rolled.constants.index]
    return Kernel(tuple(functions), captured, gradient, constants, block, lowered.tables, wishes, lowered.labels)


def differentiated(
    back: Reverse, roots: Sequence[Array], result: Read, seed: Array, asked: Sequence[Array]
) -> tuple[Expr, ...]:
    """The statements of a block and their reverse, in ``back``; the derivatives by the inputs that are asked for."""
    statements = ordered(back.block, roots)
    back.forward(statements, ordered(back.block, roots[:1]))
    back.give(result, whole(seed, result.axes.replace(EXAMPLES, "") + EXAMPLES * seed.examples))
    for s in reversed(statements):
        back.backward(s)
    return tuple([back.by(x) for x in asked])


def factored(program: Kernel) -> bool:
    """Whether somewhere a factor is moved past a sum, as it may be if it is finite."""
    return any([moves_factor(x) for function in program.functions for x in expressions(function.block)])


def moves_factor(x: Expr) -> bool:
    """Whether this product has a side without axes, and sums over some of the other's."""
    if not isinstance(x, Contract):
        return False
    a, b = x.left.axes, x.right.axes
    return (not a and set(b) > set(x.axes)) or (not b and set(a) > set(x.axes))


def expressions(block: Block) -> list[Expr]:
    """All expressions of a block, those in the bodies of its loops included."""
    found: list[Expr] = []
    for s in block:
        if isinstance(s, (Let, Add)):
            found += walk(s.value)
        elif isinstance(s, (Loop, Back)):
            found += expressions(s.body)
    return found
