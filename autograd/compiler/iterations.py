"""Iterations: a loop of a program as the text of a loop, forward and backward.

What an iteration hands on is kept in a list, its *tape*: forward each iteration reads the end of it and adds to it,
backward they are gone through in reverse. A body is written as any program is, by the same emitter, under the names of
its own. Loops over single numbers run on Python's floats, which are quicker one by one than arrays of one element, and
read the rows of the table as the scalars do; what these raise outside a domain is a FloatingPointError here.

    h1 = [x]
    for i in range(100):                    for i in reversed(range(100)):
        x1 = h1[i]                              x1, g1 = h1[i], dh1[i + 1]
        h1.append(float_sin(x1))                dh1[i] = dh1[i] + g1 * float_cos(x1)
"""

from __future__ import annotations

import copy
import math
import re
from typing import TYPE_CHECKING, Any

from autograd import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .rolling import Access, Argument, Loop, Tape

FLOATS: dict[str, Any] = {f"float_{name}": getattr(rules, name) for name in rules.NAMES if hasattr(rules, name)}
"""The functions of the rows, and their guards, over floats, by the names that they have in the text."""


def floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with a FloatingPointError where Python's floats raise something else: outside a domain."""

    def guarded(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (ArithmeticError, ValueError) as error:
            raise FloatingPointError(str(error)) from error

    return guarded


def holding(function: Callable[..., Any]) -> Callable[..., Any]:
    """The guards of a program; none holds where an operation on the way there leaves its domain."""

    def guarded(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (ArithmeticError, ValueError):
            return False

    return guarded


def finite(x: Any) -> Any:
    """The derivative x, a number or a list of them; FloatingPointError if it is not finite, as with arrays."""
    if not all(map(math.isfinite, x if isinstance(x, list) else [x])):
        raise FloatingPointError("a derivative is not finite")
    return x


def used(lines: Sequence[str], names: Iterable[str]) -> list[str]:
    """The lines that the names depend on."""
    wanted, kept = set(names), []
    for line in reversed(lines):
        text = line.partition("  # ")[0]
        assigned = re.match(r"(\w+)([\[.].*?)? \+?= ", text)
        if assigned is None or assigned[1] in wanted:
            wanted.update(re.findall(r"[A-Za-z_]\w*", text))
            kept.append(line)
    return kept[::-1]


class Writer:
    """The text of one loop, for the emitter of the program that it stands in (an ``emission.Emitter``)."""

    def __init__(self, outer: Any, loop: Loop) -> None:
        self.outer, self.loop = outer, loop
        self.body = body = copy.copy(outer)
        self.is_batched = outer.is_batched(loop.out)
        self.floats = loop.scalars and not self.is_batched and outer.reading.plain
        self.before = len(loop.tapes[0].first)
        body.rolled = loop.body
        body.batched, body.needs, body.layers = {}, set(), {}
        body.writers = {}
        body.names = {1: outer.gather(loop.body.constant_values)} if loop.body.constants.size else {}
        if self.floats:
            body.reading = outer.reading.of_floats()
        self.i = outer.fresh.numbered("i")
        self.tapes = [outer.fresh.numbered("h") for _ in loop.tapes]
        self.given: dict[int, str] = {}
        for argument in loop.arguments:
            source = loop.out if argument.operand is None else argument.operand.array
            index = argument.array.index
            body.names[index] = outer.fresh.numbered("x")
            body.batched[index] = outer.is_batched(source)
            if source.index in outer.needs:
                body.needs.add(index)
            if argument.operand is not None and argument.steps:
                text = self.operand(argument.operand, steps=True)
                self.given[index] = text if text.isidentifier() else outer.fresh.numbered("u")
        body.factored = False
        body.define(loop.body.results or [loop.body.outputs])

    def name(self, argument: Argument) -> str:
        """What an argument is called in the body."""
        return str(self.body.names[argument.array.index])

    def index(self, offset: int) -> str:
        """The place in a tape of iteration i, counted from the first one that is looked back to."""
        return f"{self.i} + {offset}" if offset else self.i

    def operand(self, access: Access, steps: bool = False) -> str:
        """An operand from outside, as it goes into the loop."""
        source: str = self.outer.operand(access, "abcd")[0]
        if not self.floats:
            return source
        return f"asarray({source}).tolist()" if steps else f"float({source})"

    def first(self, access: Access | None) -> str:
        """What stands on a tape before the first iteration."""
        if access is None:
            return "0.0"
        source = self.operand(access)
        if self.is_batched and not self.outer.is_batched(access.array):  # the same for all examples
            source += "[:, None]" * len(access.kept)
            return f"{source} + zeros({self.outer.examples}.shape[-1])"
        return source

    # How tapes and loops are written.

    def opened(self, tape: Tape) -> str:
        """A tape before the first iteration."""
        return f"[{', '.join([self.first(x) for x in tape.first])}]"

    def kept(self, name: str, source: str) -> str:
        """The line that adds to a tape."""
        return f"{name}.append({source})"

    def returned(self, part: str) -> str:
        """The tape of the derivatives, ``part`` being those by what comes after the loop."""
        return f"[0.0] * {self.before} + " + (f"{part}.tolist()" if self.floats else f"list({part})")

    def added(self, name: str, index: str, source: str) -> str:
        """The line that adds to an element of a list."""
        return f"{name}[{index}] = {name}[{index}] + {source}"

    def nothing(self, argument: Argument) -> str:
        """The derivative by an argument before anything was added to it."""
        return f"[0.0] * {self.loop.count}" if argument.steps else "0.0"

    def repeated(self, numbers: str, inside: Sequence[str], changed: Sequence[str]) -> list[str]:  # noqa: ARG002
        """The loop itself, over these numbers; ``changed`` are the names that go from one iteration to the next."""
        return [f"for {self.i} in {numbers}:", *[f"    {line}" for line in inside]]

    # The whole.

    def reads(self) -> list[str]:
        """The lines that read what an iteration reads."""
        lines = []
        for argument in self.loop.arguments:
            if argument.operand is None:
                place = self.index(self.before - argument.lag)
                lines.append(f"{self.name(argument)} = {self.tapes[argument.tape]}[{place}]")
            elif argument.steps:
                lines.append(f"{self.name(argument)} = {self.given[argument.array.index]}[{self.i}]")
        return lines

    def forward(self) -> list[str]:
        """The loop, and its results as an array."""
        lines = []
        for argument in self.loop.arguments:
            if argument.operand is not None:
                name = self.given.get(argument.array.index, self.name(argument))
                text = self.operand(argument.operand, argument.steps)
                lines += [f"{name} = {text}"] * (name != text)
        for tape, name in zip(self.loop.tapes, self.tapes, strict=True):
            lines.append(f"{name} = {self.opened(tape)}")
        results = [tape.result for tape in self.loop.tapes]
        inside = [*self.reads(), *self.body.forward_lines(results)]
        for tape, name in zip(self.loop.tapes, self.tapes, strict=True):
            source = self.body.view(self.body.names[tape.result.array.index], tape.result)
            inside.append(self.kept(name, source))
        out = self.outer.names[self.loop.out.index]
        rows = ", ".join([f"{name}[{self.before}:]" for name in self.tapes])
        written = self.repeated(f"range({self.loop.count})", inside, self.tapes)
        return [*lines, *written, f"{out} = rows({rows}){self.outer.remark(self.loop)}"]

    def backward(self, upstream: str) -> None:
        """Hand the derivative by the results on to what the loop reads."""
        outer, body, loop = self.outer, self.body, self.loop
        lines = outer.lines
        tapes = [f"d{name}" for name in self.tapes]
        for k, tape in enumerate(tapes):
            part = upstream if len(tapes) == 1 else f"{upstream}[:, {k}]"
            lines.append(f"{tape} = {self.returned(part)}")
        body.lines, body.contributions, body.partials = [], {}, {}
        results = [tape.result for tape in loop.tapes]
        statements = body.needed(results)
        for statement in statements:
            body.forward_shared(statement)
        reads = self.reads()
        for tape, result in zip(tapes, results, strict=True):
            g = outer.fresh.numbered("g")
            reads.append(f"{g} = {tape}[{self.index(self.before)}]")
            axes = "a"[: result.positions.ndim]
            body.give(result, axes, g, axes + "n" * self.is_batched)
        for statement in reversed(statements):
            body.backward(statement)
        after: list[tuple[Access, str, str]] = []
        ends, totals = [], []
        for argument in loop.arguments:
            index = argument.array.index
            if index not in body.contributions:
                continue
            d = body.collect(argument.array, False)
            if argument.operand is None:
                ends.append(self.added(tapes[argument.tape], self.index(self.before - argument.lag), d))
                continue
            total = outer.fresh.numbered("t")
            totals.append(total)
            lines.append(f"{total} = {self.nothing(argument)}")
            ends.append(self.added(total, self.i, d) if argument.steps else f"{total} = {total} + {d}")
            letters = outer.letters(argument.operand, "abcd")
            after.append((argument.operand, total, letters))
        inside = [line for line in body.lines if isinstance(line, str)]
        wanted = [name for line in ends for name in re.findall(r"[A-Za-z_]\w*", line)]
        inside = [*used([*reads, *inside], wanted), *ends]
        lines += self.repeated(f"reversed(range({loop.count}))", inside, [*tapes, *totals])
        for tape, given in zip(tapes, loop.tapes, strict=True):
            for row, access in enumerate(given.first):
                if access is not None:
                    letters = "a"[: access.positions.ndim] + "n" * self.is_batched
                    after.append((access, f"{tape}[{row}]", letters))
        for access, total, have in after:
            source = f"finite({total})" if self.floats else total
            steps = any([x.operand is access and x.steps for x in loop.arguments])
            outer.give(access, "abcd"[: access.positions.ndim], f"asarray({source})" if steps else source, have)
