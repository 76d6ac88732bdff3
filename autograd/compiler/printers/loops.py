"""Loops as Python: forward and backward.

What an iteration hands on is kept in a list, its *tape*: forward each iteration reads the end of it and adds to it,
backward they are gone through in reverse. Loops over single numbers run on Python's floats, which are quicker one by
one than arrays of one element.

    h1 = [x]
    for i in range(100):                    for i in reversed(range(100)):
        x1 = h1[i]                              x1, g1 = h1[i], dh1[i + 1]
        h1.append(float_sin(x1))                dh1[i] = dh1[i] + g1 * float_cos(x1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.compiler.arrays import Array
from autograd.compiler.blocks import Back, Element, Given, Loop, Outcome, Tape, Total
from autograd.compiler.expressions import Expr

from .expressions import Text, call_of
from .statements import Statements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd.compiler.arrays import Table
    from autograd.compiler.naming import Naming


class Loops(Statements):
    """Prints loops."""

    on_floats = False
    """Whether one of them was over single numbers."""
    examples = ""
    """An argument, whose last axis is that of the examples."""

    def __init__(self, naming: Naming, tables: Mapping[Array, Table]) -> None:
        super().__init__(naming, tables)
        self.numbers: dict[Array, str] = {}
        self.holders: dict[Array, str] = {}
        """What is given to each iteration, by the text that it is."""

    def known(self, loop: Loop) -> None:
        """Choose the names of a loop and of its body, where that was not done yet."""
        if loop.array in self.numbers:
            return
        self.on_floats |= loop.floats
        fresh = self.naming.fresh
        self.numbers[loop.array] = fresh.numbered("i")
        for tape, _ in loop.tapes:
            self.naming.of(tape, "h")
        for array in loop.arguments:
            self.naming.of(array, "x")
            given = loop.source(array)
            if isinstance(given, Given) and given.holder is not None:
                text = self.outside(given.value, loop, steps=True)
                self.holders[given.holder] = text if text.isidentifier() else fresh.numbered("u")
        self.naming.define(loop.body, [read for _, read in loop.keeps])

    def outside(self, x: Expr, loop: Loop, steps: bool = False) -> str:
        """Something from outside, as it goes into the loop."""
        source = self.text(x).text
        if not loop.floats:
            return source
        return f"asarray({source}).tolist()" if steps else f"float({source})"

    def first(self, x: Expr | None, loop: Loop) -> str:
        """What stands on a tape before the first iteration."""
        if x is None:
            return "0.0"
        source = self.outside(x, loop)
        if loop.array.examples and "n" not in x.axes:  # the same for all examples
            source += "[:, None]" * len(x.axes)
            return f"{source} + zeros({self.examples}.shape[-1])"
        return source

    def entry(self, entry: Element, loop: Loop) -> str:
        """An element of a tape, of a total, or of what is given."""
        if isinstance(entry.holder, Array):
            return f"{self.holders[entry.holder]}[{self.numbers[loop.array]}]"
        name = self.naming.of(entry.holder)
        if isinstance(entry.holder, Total):
            return f"{name}[{self.numbers[loop.array]}]" if entry.holder.steps else name
        return f"{name}[{self.index(loop, entry.offset)}]"

    def index(self, loop: Loop, offset: int) -> str:
        """The place in a tape of this iteration, counted from the first one that is looked back to."""
        number = self.numbers[loop.array]
        return f"{number} + {offset}" if offset else number

    # How tapes and loops are written.

    def opened(self, tape: Tape, first: Sequence[Expr | None], loop: Loop) -> str:  # noqa: ARG002 - for its length
        """A tape before the first iteration."""
        return f"[{', '.join([self.first(x, loop) for x in first])}]"

    def kept(self, tape: Tape, source: str, loop: Loop) -> str:  # noqa: ARG002 - for the place in an array
        """The line that adds to a tape."""
        return f"{self.naming.of(tape)}.append({source})"

    def returned(self, tape: Tape, part: str, loop: Loop) -> str:
        """The tape of the derivatives, ``part`` being those by what comes after the loop."""
        return f"[0.0] * {tape.before} + " + (f"{part}.tolist()" if loop.floats else f"list({part})")

    def added(self, entry: Element, source: str, loop: Loop) -> str:
        """The line that adds to an element of a list, or to a total."""
        place = self.entry(entry, loop)
        return f"{place} = {place} + {source}"

    def nothing(self, total: Total, loop: Loop) -> str:
        """A total before anything was added to it."""
        return f"[0.0] * {loop.count}" if total.steps else "0.0"

    def repeated(self, numbers: str, inside: Sequence[str], changed: Sequence[str], loop: Loop) -> list[str]:  # noqa: ARG002
        """The loop itself, over these numbers; ``changed`` are the names that go from one iteration to the next."""
        return [f"for {self.numbers[loop.array]} in {numbers}:", *[f"    {line}" for line in inside]]

    # The whole.

    def loop(self, s: Loop) -> list[str]:
        """The loop, and its results as an array."""
        self.known(s)
        lines = []
        for given in s.given:
            name = self.naming.of(given.array) if given.holder is None else self.holders[given.holder]
            text = self.outside(given.value, s, given.holder is not None)
            lines += [f"{name} = {text}"] * (name != text)
        for tape, first in s.tapes:
            lines.append(f"{self.naming.of(tape)} = {self.opened(tape, first, s)}")
        inside = [f"{self.naming.of(array)} = {self.entry(entry, s)}" for array, entry in s.reads]
        inside += self.lines(s.body)
        inside += [self.kept(tape, self.text(read).text, s) for tape, read in s.keeps]
        names = [self.naming.of(tape) for tape, _ in s.tapes]
        rows = ", ".join([f"{self.naming.of(tape)}[{tape.before}:]" for tape, _ in s.tapes])
        written = self.repeated(f"range({s.count})", inside, names, s)
        remark = self.remark(s.array, s.origin)
        return [*lines, *written, f"{self.naming.of(s.array)} = rows({rows})  # {remark}"]

    def back(self, s: Back) -> list[str]:
        """The loop backwards."""
        loop, upstream = s.loop, self.text(s.upstream).text
        lines = []
        for k, tape in enumerate(s.tapes):
            part = upstream if len(s.tapes) == 1 else f"{upstream}[:, {k}]"
            lines.append(f"{self.naming.of(tape)} = {self.returned(tape, part, loop)}")
        inside = [f"{self.naming.of(array, 'g')} = {self.entry(entry, loop)}" for array, entry in s.reads]
        inside += self.lines(s.body)
        lines += [f"{self.naming.of(total, 't')} = {self.nothing(total, loop)}" for total in s.totals]
        inside += [self.added(entry, self.text(x).text, loop) for entry, x in s.adds]
        changed = [*map(self.naming.of, s.tapes), *map(self.naming.of, s.totals)]
        return [*lines, *self.repeated(f"reversed(range({loop.count}))", inside, changed, loop)]

    def outcome(self, x: Outcome) -> Text:
        """What has gathered in a loop backwards."""
        name = self.naming.of(x.holder)
        source = Text(name if isinstance(x.holder, Total) else f"{name}[{x.row}]")
        if x.loop.floats:
            source = call_of("finite", source.text)
        if isinstance(x.holder, Total) and x.holder.steps:
            source = call_of("asarray", source.text)
        return source
