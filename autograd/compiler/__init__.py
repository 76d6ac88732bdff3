"""The compiler: scalars rolled up into the matrix equations of the textbooks.

In the order in which a function goes through them:

recording      what a function does to Values, noted down (tracking, conditions, comparing, failing)
scalars        that as a list of instructions
normalising    chains of sums as weighted sums, what is computed twice as one
loops          what repeats as a loop
rolling        scalars as arrays (views: how they lie in one)
emission       arrays, and their reverse, as source (naming, iterations; backends for other libraries)
listing        all of that as tables to read
paths          what was recorded and compiled, kept within a bound (keeping, surroundings)
selfcheck      a program beside the function itself
calls, batches what runs it: for one example, for many (means, with plain numbers beside the loss; straight)
compiled       what the user holds (static and whole arguments, pickling)
"""

from .compiled import jit

__all__ = ["jit"]
