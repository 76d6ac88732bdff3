"""Every golden program is well formed after each pass, and computes what its blocks mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from interpreter import Interpreter
from test_golden import CASES, Golden, leaves

from autograd import jit
from autograd.compiler import reading
from autograd.compiler.blocks import Kernel
from autograd.compiler.checks import check
from autograd.compiler.kernels import kernel
from autograd.compiler.linearise import Readings
from autograd.compiler.targets.numpy import NUMPY

PLAIN = Readings(reading.plain(), reading.of_floats())
GUARDED = Readings(reading.guarded(), reading.guarded())


def run(case: Golden, batched: bool) -> Any:
    """A golden program after a call, and the arguments as arrays."""
    fast = jit(case.function)
    if batched:
        batch = fast.batch(*case.batch)
        batch.mean()
        return fast.last, [np.asarray(x) for x in batch.columns]
    arguments = [leaves(x) for x in case.arguments]
    fast(*arguments)
    assert fast.last is not None
    numbers = [np.array(x) for x in fast.last[0].arguments]
    return fast.last, numbers


FORMS = [(name, batched) for name, case in CASES.items() for batched in (False, True) if case.batch or not batched]


@pytest.mark.parametrize(("name", "batched"), FORMS)
def test_kernels_are_well_formed(name: str, batched: bool) -> None:
    """What a program reads is defined before, once, and all axes fit: with plain formulas and with guarded ones."""
    (path, is_batched, wanted), _ = run(CASES[name], batched)
    for readings in (PLAIN, GUARDED):
        program = check(kernel(path.rolled, is_batched, wanted, readings))
        assert isinstance(program, Kernel)
        assert [f.name for f in program.functions][:2] == ["value", "gradient"]


@pytest.mark.parametrize(("name", "batched"), FORMS)
def test_what_is_printed_is_what_the_blocks_mean(name: str, batched: bool) -> None:
    """Value and derivatives of the printed program are those of an interpreter that knows nothing of printing."""
    (path, is_batched, wanted), numbers = run(CASES[name], batched)
    made = NUMPY.make(path.rolled, is_batched, wanted, name)
    captured, count = path.read(), len(path.program.outputs)
    gradient_of = np.zeros(captured.size)
    functions = made.program(captured, gradient_of, path.rolled.constant_values, made.tables)
    examples = numbers[0].shape[-1] if is_batched else 1
    shape = [count] * (count > 1) + [examples] * is_batched
    seed = np.linspace(0.5, 1.5, int(np.prod(shape))).reshape(shape)
    with np.errstate(all="ignore"):
        got = functions[1](*numbers, seed)
        program = kernel(path.rolled, is_batched, wanted, PLAIN)
        gradient = program.functions[1]
        values = {
            program.captured: captured,
            program.gradient: np.zeros(captured.size),
            program.constants: path.rolled.constant_values,
            **dict(zip(gradient.arguments, [*numbers, seed], strict=True)),
        }
        interpreter = Interpreter(values, examples, program.tables)
        interpreter.run(gradient.block)
        assert gradient.result is not None
        expected = [interpreter.value(x) for x in (gradient.result, *(gradient.by_inputs or ()))]
    for mine, theirs in zip([got[0], *got[1]], expected, strict=True):
        np.testing.assert_allclose(
            np.asarray(mine, float), np.broadcast_to(theirs, np.shape(mine)), rtol=1e-12, atol=1e-14
        )
    np.testing.assert_allclose(gradient_of, interpreter.values[program.gradient], rtol=1e-12, atol=1e-14)
