"""Targets: what a program runs on. A target prints a kernel, compiles the text, and binds it to its words."""

from __future__ import annotations

import itertools
import linecache
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.compiler.checks import as_lines, check
from autograd.compiler.debugging import watched
from autograd.compiler.kernels import factored, kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.compiler.blocks import Kernel
    from autograd.compiler.expressions import Own
    from autograd.compiler.linearise import Readings
    from autograd.compiler.printers.python import Python
    from autograd.compiler.rolled import Rolled

NUMBERS = itertools.count(1)
"""The numbers of the files that a traceback finds programs under."""


class Made(NamedTuple):
    """A program in one of its forms: its text, the index arrays that it names, and the function that is to be called.

    ``factored``: whether it moves a factor past a sum, as it may where that is finite.
    """

    source: str
    tables: list[Any]
    program: Callable[..., Any]
    factored: bool


class Target:
    """What prints a kernel and runs it."""

    readings: Readings
    in_place = True
    """Whether it may write to parts of an array."""

    def words(self) -> dict[str, Any]:
        """What its text may name."""
        raise NotImplementedError

    def printer(self, program: Kernel, words: dict[str, Any]) -> Python:
        """What prints a kernel for it."""
        raise NotImplementedError

    def own_function(self, own: Own) -> Callable[..., Any]:
        """A row that a user has made, as a function."""
        raise NotImplementedError

    def hosted(self, program: Callable[..., Any], constants: Any, tables: Sequence[Any]) -> Callable[..., Any]:  # noqa: ARG002
        """The program as those who run NumPy's know it: arrays of NumPy in and out, and dP is written to."""
        return program

    def kernel(self, rolled: Rolled, batched: bool | Sequence[bool], wanted: Sequence[bool]) -> Kernel:
        """A rolled program as equations, with the derivatives by the arguments wanted."""
        return watched(kernel(rolled, batched, wanted, self.readings, fresh=self.in_place), check, as_lines)

    def make(self, rolled: Rolled, batched: bool | Sequence[bool], wanted: Sequence[bool], name: str) -> Made:
        """A rolled program, for one example or many, with the derivatives by the arguments wanted."""
        program = self.kernel(rolled, batched, wanted)
        words = self.words()
        printer = self.printer(program, words)
        source = printer.source()
        words |= {printed: self.own_function(own) for own, printed in printer.own.items()}
        tables = [table.numbers for table in printer.tables]
        function = compiled(source, words, name)
        hosted = self.hosted(function, rolled.constant_values, tables)
        return Made(source, tables, hosted, factored(program))


def compiled(source: str, words: dict[str, Any], name: str) -> Callable[..., Any]:
    """The function ``program`` of a text of our own making.

    Its lines are kept where tracebacks, pdb and profilers look for them, as a file of its own that goes with it.
    """
    shown = name if name.isidentifier() else "function"
    file = f"<jit {shown} {next(NUMBERS)}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    exec(compile(source, file, "exec"), words)  # noqa: S102 - text of our own making, see printers
    program: Callable[..., Any] = words["program"]
    weakref.finalize(program, linecache.cache.pop, file, None)
    return program
