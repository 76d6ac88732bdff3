"""Programs as Python that writes to no array, as XLA wants it: P comes as the first argument, and dP is a result.

Where NumPy's text adds to a part of an array this one makes another array,

    dx[0:5] += dv        dx = at(dx)[0:5].add(dv)

and a loop is a function of the number of the iteration and of the tapes, which are arrays here:

    h1 = tape((101,), x[0])
    def loop1(i1, h1):
        x1 = h1[i1]
        return (put(h1, i1 + 1, sin(x1)),)
    (h1,) = repeat(range(100), loop1, h1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.compiler.arrays import Gather, Pick, Reshape, Span, View
from autograd.compiler.blocks import Add, Block, Function, Loop, Tape, Total
from autograd.compiler.expressions import Expr

from .python import Python

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from autograd.compiler.blocks import Element, Kernel


class Functional(Python):
    """Prints a kernel for a library whose arrays are not written to."""

    def __init__(self, kernel: Kernel, reserved: Collection[str]) -> None:
        super().__init__(kernel, reserved)
        self.used: set[str] = set()
        """The parts that are the same in every call which the function names that is being printed."""

    # The whole.

    def layout(self, functions: Sequence[tuple[Function, list[str]]]) -> list[str]:
        """The lines of the program: each function begins with the parts of P and C that it needs."""
        text = ["def program(C, I):"]
        for function, body in functions:
            arguments = f"P, {self.arguments(function)}" if function.arguments else "P"
            text += ["", f"    def {function.name}({arguments}):", *[f"        {line}" for line in body]]
        return text

    def body(self, function: Function) -> list[str]:
        """The lines of a function, the parts that it names first."""
        self.used.clear()
        lines = super().body(function)
        return [*[line for line in self.heads() if line.partition(" = ")[0] in self.used], *lines]

    def opening(self, block: Block) -> list[str]:  # noqa: ARG002 - nothing here is written to from within
        """What a function says first: nothing."""
        return []

    def derivatives(self, by_inputs: Sequence[Expr]) -> str:
        """The derivatives by what is captured, and those by the arguments."""
        return f"dP, {super().derivatives(by_inputs)}"

    def lines(self, block: Block) -> list[str]:
        """The statements of a block; those of a gradient begin with dP."""
        lines = super().lines(block)
        return ["dP = zeros(P.shape)", *lines] if block is self.kernel.functions[1].block else lines

    # Views.

    def part(self, view: View, missing: tuple[bool, ...] = ()) -> str:
        """The name of a part that is the same in every call."""
        name = super().part(view, missing)
        self.used.add(name)
        return name

    def viewed(self, view: View) -> str:
        """The elements of a view, by what all libraries have: no slice runs backwards."""
        return super().viewed(forward_only(view))

    def permuted(self, order: Sequence[int], examples: bool) -> str:
        """The axes in another order, changed in pairs, which all libraries call alike."""
        return ".T" if list(order) == [1, 0] and not examples else exchanges(order)

    # Statements.

    def addition(self, s: Add) -> list[str]:
        """Another array, with something added to elements of this one."""
        value, lines = self.text(s.value).text, []
        name = self.naming.of(s.view.array)
        if s.view.array is self.gradient and self.naming.has_part(s.view.of(self.kernel.captured)):
            part = f"d{self.naming.base(s.view.of(self.kernel.captured))}"
            lines, value = [f"{part} = {value}"], part
        moves = self.moved("", forward_only(s.view).moves, s.view.array)
        return [*lines, f"{name} = at({name}){moves}.add({value})" if moves else f"{name} = {name} + {value}"]

    # Loops.

    def shape(self, sizes: Sequence[int], examples: bool) -> str:
        """A shape as text, with the axis for examples if there is one."""
        axes = [*map(str, sizes), *[f"{self.examples}.shape[-1]"] * examples]
        return f"({', '.join(axes)}{',' * (len(axes) == 1)})"

    def opened(self, tape: Tape, first: Sequence[Expr | None], loop: Loop) -> str:
        """A tape before the first iteration, as long as it will be."""
        kept = next(read for known, read in loop.keeps if known is tape)
        shape = self.shape([tape.before + loop.count, *kept.view.shape], loop.array.examples)
        return f"tape({', '.join([shape, *[self.first(x, loop) for x in first]])})"

    def kept(self, tape: Tape, source: str, loop: Loop) -> str:
        """The line that adds to a tape."""
        name = self.naming.of(tape)
        return f"{name} = put({name}, {self.index(loop, tape.before)}, {source})"

    def returned(self, tape: Tape, part: str, loop: Loop) -> str:  # noqa: ARG002 - that is for lists
        """The tape of the derivatives, ``part`` being those by what comes after the loop."""
        return f"after({tape.before}, {part})"

    def added(self, entry: Element, source: str, loop: Loop) -> str:
        """The line that adds to a row of an array, or to a total."""
        if isinstance(entry.holder, Total) and not entry.holder.steps:
            return super().added(entry, source, loop)
        assert isinstance(entry.holder, (Tape, Total))  # noqa: S101 - nothing is added to what is given
        name = self.naming.of(entry.holder)
        return f"{name} = plus({name}, {self.index(loop, entry.offset)}, {source})"

    def nothing(self, total: Total, loop: Loop) -> str:
        """A total before anything was added to it."""
        return f"zeros({self.shape([loop.count] * total.steps + [*total.shape], total.examples)})"

    def repeated(self, numbers: str, inside: Sequence[str], changed: Sequence[str], loop: Loop) -> list[str]:
        """The loop itself: a function of what changes, and its repetition."""
        step = self.naming.fresh.numbered("loop")
        names, together = ", ".join(changed), f"({', '.join(changed)}{',' * (len(changed) == 1)})"
        head = f"def {step}({self.numbers[loop.array]}, {names}):"
        body = [f"    {line}" for line in [*inside, f"return {together}"]]
        return [head, *body, f"{together} = repeat({numbers}, {step}, {names})"]


def forward_only(view: View) -> View:
    """The view, gathered where a slice of it runs backwards."""
    back = any(
        [isinstance(x, Span) and x.step < 0 for move in view.moves if isinstance(move, Pick) for x in move.index]
    )
    if not back or view.flat is None:
        return view
    flat = () if len(view.array.shape) == 1 else (Reshape((-1,)),)
    return View(view.array, view.flat, (*flat, Pick((Gather(view.flat),))), view.injective, view.whole)


def exchanges(order: Sequence[int]) -> str:
    """``.transpose(*order)`` as exchanges of two axes each, which all libraries call alike.

    >>> exchanges([1, 0, 2]), exchanges([2, 0, 1])
    ('.swapaxes(0, 1)', '.swapaxes(0, 2).swapaxes(1, 2)')
    """
    text, now = "", sorted(order)
    for i, axis in enumerate(order):
        j = now.index(axis)
        if j != i:
            text += f".swapaxes({i}, {j})"
            now[i], now[j] = now[j], now[i]
    return text
