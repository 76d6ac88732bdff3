"""Reverse: the derivatives of a block, by the adjoints of the few forms that there are.

``dx`` is the derivative of the result by an array x. Going through the statements in reverse, each hands the derivative
by its own result on to what it read:

    out = rule(x)      dx = dout * partial          the partial is the row of the table
    Z = W @ A          dW = dZ @ A.T, dA = W.T @ dZ
    s = x.sum()        dx = ds for each element
    y = x[slice]       dx[slice] += dy              a gather scatters
    y broadcast of x   dx = the sum of dy along the axes that x does not have

What all examples of a batch share (captured parameters) has no axis for them, so its derivative is a sum over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from autograd.compiler.arrays import EXAMPLES, Array, At, Pick, Reshape, Role, Span, View
from autograd.compiler.blocks import Add, Back, Block, Element, Given, Let, Loop, Outcome, Statement, Tape, Total, Zeros
from autograd.compiler.expressions import (
    Apply,
    Contract,
    Expr,
    Filled,
    Join,
    Moved,
    Nothing,
    Number,
    Read,
    Row,
    Stretch,
    Sum,
    added,
    reads_of,
    terms,
)

from .linearise import Partials, Readings, axes_of, bare, dependent, linearised, ordered, reads, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Contribution(NamedTuple):
    """What one use adds to the derivative by its operand; ``lazy``: to be repeated along some of its axes."""

    view: View
    value: Expr
    lazy: bool

    def arranged(self) -> Expr | None:
        """The value in the shape of the whole array, if it covers it."""
        array, axes = self.view.array, axes_of(self.view.array)
        if not self.view.whole:
            return None
        if self.view.shape == array.shape:
            return self.value if self.value.axes == axes else Moved(self.value, (), axes)
        if self.lazy or not self.view.shape:
            return None
        return Moved(self.value, (Pick((At(0),)) if not array.shape else Reshape(array.shape),), axes)


class Reverse:
    """The derivatives of a block: ``statements`` so far, and what has been given to arrays that are not done yet.

    ``readings`` are how rows are read: over arrays, and in loops over single numbers.
    """

    def __init__(self, block: Block, needs: set[Array], gradient: Array, readings: Readings) -> None:
        self.block, self.gradient, self.readings = block, gradient, readings
        self.needs = dependent(block, needs)
        self.statements: list[Statement] = []
        self.given: dict[Array, list[Contribution]] = {}
        self.partials: Partials = {}

    def forward(self, statements: Sequence[Statement], differentiated: Iterable[Statement]) -> None:
        """The statements themselves, and the partials of those that are differentiated."""
        chosen = set(map(id, differentiated))
        for s in statements:
            found, partials = linearised([s], self.needs if id(s) in chosen else (), self.readings)
            self.statements += found
            self.partials |= partials

    def give(self, x: Expr, value: Expr) -> None:
        """Add to the derivative by an operand."""
        if not isinstance(x, Read) or x.view.array not in self.needs:
            return
        kept = "".join([letter for letter in value.axes if letter in x.axes])
        if kept != value.axes:
            value = Sum(value, kept)
        lazy = kept != x.axes
        if lazy:
            value = Stretch(value, x.axes)
        if x.view.array.role is Role.CAPTURED:
            self.statements.append(Add(x.view.of(self.gradient), value))
        else:
            self.given.setdefault(x.view.array, []).append(Contribution(x.view, value, lazy))

    def collect(self, array: Array, axes: str, may_be_lazy: bool) -> Read:
        """Define the derivative by an array from what its uses have given; its axes are called so."""
        given = self.given.pop(array)
        arranged = [g.arranged() for g in given]
        if len(given) == 1 and (may_be_lazy or not given[0].lazy):
            alias = self.alias(given[0], arranged[0], axes)
            if alias is not None:
                return alias
        own = Array(Role.COMPUTED, array.shape, array.examples, array)
        covering = [x for x in arranged if x is not None]
        if len(covering) == len(given):
            total = added(covering)
            if all([g.lazy for g in given]) and not may_be_lazy:
                total = Filled(total, array, axes_of(array))
            self.statements.append(Let(own, total, axes_of(array)))
        else:
            self.statements.append(Zeros(own, array))
            self.statements += [Add(g.view.of(own), g.value) for g in given]
        return whole(own, axes)

    def alias(self, given: Contribution, arranged: Expr | None, axes: str) -> Read | None:
        """The derivative by another array, where it is that of this one as well."""
        if arranged is None or given.view.shape != given.view.array.shape:
            return None
        value = given.value.x if isinstance(given.value, Stretch) else given.value
        wanted = given.value.axes
        if not bare(value) or not wanted.endswith(value.axes):
            return None
        assert isinstance(value, Read)  # noqa: S101 - it is bare
        return Read(value.view, "".join([axes[wanted.index(letter)] for letter in value.axes]))

    def backward(self, s: Statement) -> None:
        """Hand the derivative by a result on to what its statement read."""
        if isinstance(s, Loop):
            if s.array in self.given:
                LoopReverse(self, s).backward(self.collect(s.array, axes_of(s.array), False))
        elif isinstance(s, Let) and s.array in self.given:
            if isinstance(s.value, Row):
                self.through_row(s, s.value)
            elif isinstance(s.value, Join):
                self.through_join(s.value, self.collect(s.array, s.value.axes, False))
            else:
                g = self.collect(s.array, s.axes, False)
                for term in terms(s.value):
                    self.through_term(term, g)

    def through_row(self, s: Let, row: Row) -> None:
        """Each operand gets the derivative times its partial."""
        partials = self.partials[s.array]
        first = row.operands[0]
        alone = row.row.layout == "fixed" and len(row.operands) == 1 and isinstance(first, Read)
        full = alone and len(first.axes.replace(EXAMPLES, "")) == len(s.array.shape)
        g = self.collect(s.array, row.axes, full and isinstance(partials[0], Expr))
        for x, partial in zip(row.operands, partials, strict=True):
            if isinstance(partial, Expr):
                self.give(x, Apply("*", (g, partial)))
            elif partial:
                self.give(x, g if partial == 1.0 else -g if partial == -1.0 else Number(partial) * g)

    def through_join(self, join: Join, g: Read) -> None:
        """Each part gets its own."""
        start = 0
        for part in join.pieces:
            x = part.x if isinstance(part, Moved) else part
            length = x.view.shape[0] if x is part and isinstance(x, Read) else 1
            stop = start + length
            index = Span(start, length) if x is part else At(start)
            self.give(x, Moved(g, (Pick((index,)),), x.axes.replace(EXAMPLES, "") + EXAMPLES * (EXAMPLES in g.axes)))
            start = stop

    def through_term(self, term: Expr, g: Read) -> None:
        """A term of a weighted sum: a product, a sum, or an operand alone."""
        if not isinstance(term, Contract):
            x = term.x if isinstance(term, Sum) else term
            self.give(x, g)
            return
        left, right = term.left, term.right
        twice = left == right
        for x, other in ((left, right), (right, left)):
            if not isinstance(x, Read) or x.view.array not in self.needs:
                continue
            kept = "".join([letter for letter in x.axes if letter in g.axes or letter in other.axes])
            if twice:
                self.give(x, Contract(Number(2.0) * g, other, kept))
                return
            self.give(x, Contract(g, other, kept))

    def by(self, array: Array) -> Expr:
        """The derivative by an input."""
        return self.collect(array, axes_of(array), False) if array in self.given else Nothing(array, axes_of(array))


class LoopReverse:
    """A loop backwards, for the reverse of the block that it stands in."""

    def __init__(self, outer: Reverse, loop: Loop) -> None:
        self.outer, self.loop = outer, loop
        tapes = {tape for tape, first in loop.tapes}
        sources = {x.array: reads_of(x.value) for x in loop.given}
        sources |= {array: [loop.array] for array, entry in loop.reads if entry.holder in tapes}
        needs = {array for array, found in sources.items() if any([x in outer.needs for x in found])}
        self.inner = Reverse(loop.body, needs, outer.gradient, outer.readings.within(loop))

    def backward(self, upstream: Read) -> None:
        """The statement, and what it gives to the surroundings."""
        outer, inner, loop = self.outer, self.inner, self.loop
        tapes = {tape: Tape(tape.before, tape) for tape, _ in loop.tapes}
        statements = ordered(loop.body, [read.view.array for _, read in loop.keeps])
        inner.forward(statements, statements)
        before = list(loop.reads)
        for tape, kept in loop.keeps:
            seed = Array(Role.SEED, kept.view.shape, kept.view.array.examples or loop.array.examples)
            before.append((seed, Element(tapes[tape], tape.before)))
            inner.give(kept, whole(seed, kept.axes.replace(EXAMPLES, "") + EXAMPLES * seed.examples))
        for s in reversed(statements):
            inner.backward(s)
        adds: list[tuple[Element, Expr]] = []
        after: list[tuple[Expr, Outcome]] = []
        for array in loop.arguments:
            if array not in inner.given:
                continue
            d = inner.collect(array, axes_of(array), False)
            source = loop.source(array)
            if isinstance(source, Given):
                total = Total(source.holder is not None, array.shape, array.examples)
                adds.append((Element(total), d))
                after.append((source.value, Outcome(total, 0, loop, source.value.axes)))
            elif isinstance(source.holder, Tape):
                adds.append((Element(tapes[source.holder], source.offset), d))
        for tape, first in loop.tapes:
            for row, x in enumerate(first):
                if x is not None and any([reaches(entry, tapes[tape], row, loop.count) for entry, _ in adds]):
                    axes = x.axes.replace(EXAMPLES, "") + EXAMPLES * loop.array.examples
                    after.append((x, Outcome(tapes[tape], row, loop, axes)))
        if not adds:  # nothing of it varies
            return
        block, kept_reads = alive(inner.statements, before, [x for _, value in adds for x in reads_of(value)])
        totals = tuple([entry.holder for entry, _ in adds if isinstance(entry.holder, Total)])
        outer.statements.append(
            Back(loop, upstream, tuple(tapes.values()), totals, tuple(kept_reads), Block(tuple(block)), tuple(adds))
        )
        for x, outcome in after:
            outer.give(x, outcome)


def reaches(entry: Element, tape: Tape, row: int, count: int) -> bool:
    """Whether some iteration adds to this row of a tape."""
    return entry.holder is tape and 0 <= row - entry.offset < count


def alive(
    statements: Sequence[Statement], reads_before: Sequence[tuple[Array, Element]], roots: Iterable[Array]
) -> tuple[list[Statement], list[tuple[Array, Element]]]:
    """The statements, and what is read before them, that the roots depend on."""
    wanted, found = set(roots), []
    for s in reversed(statements):
        if isinstance(s, Back):  # what it adds up is nobody's array: it always counts
            wanted |= {s.loop.array, s.upstream.view.array}
        elif (s.view.array if isinstance(s, Add) else s.array) not in wanted:
            continue
        found.append(s)
        if isinstance(s, Zeros):
            wanted.add(s.like)
        else:
            wanted.update(reads_of(s.value) if isinstance(s, Add) else reads(s))
    return found[::-1], [(array, entry) for array, entry in reads_before if array in wanted]
