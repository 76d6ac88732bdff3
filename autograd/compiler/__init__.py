"""The compiler: scalars rolled up into the matrix equations of the textbooks.

In the order in which a function goes through them:

recording      what a function does to Values, noted down (tracking, conditions, comparing, failing)
numbering      that as a list of instructions (scalars: what comes out; likeness: when two are the same)
normalising    chains of sums as weighted sums, what is computed twice as one
loops          what repeats as a loop (repetitions: what comes out)
rolling        scalars as arrays (roller, sums; rolled: what comes out)
lowering       that as typed equations: blocks of expressions over arrays (positions: how operands lie in one)
linearise      rows as formulas, with their local partials (reading: the table over expressions)
reverse        the derivatives of a block
buffers        what is written in place
kernels        the functions of a program, by these passes (checks: what a block has to be; debugging: who asks)
naming         what its variables are called
printers       its text
targets        what it runs on: NumPy, jax, torch
listing        all of that as tables to read (again: on which lines of the function it stands)
paths          what was recorded and compiled, kept within a bound (keeping, surroundings)
selfcheck      a program beside the function itself (schedules, sweeps; stepwise and kernelwise: statement by statement)
calls          what runs it for one example
batches        what runs it for many (columns, divided, averages, objective; means: numbers beside the loss; straight)
roads          plain numbers and arrays straight through (road, layouts; averaging, holding, bare; derived: transforms)
compiled       what the user holds (static and whole arguments, pickling); jitting: jit itself
"""

from .jitting import jit

__all__ = ["jit"]
