"""Sharing: statements over single numbers, with nothing computed twice, and what is used once written where it is used.

    v1 = S / K                                    v2 = log(S / K)
    v2 = log(v1)                                  e1 = 1.0 / K
    dK = dv1 * -(v1 * (1.0 / K))                  ...
    dS = dv1 * (1.0 / K)

What stands in a branch of a choice is computed there or nowhere: it may raise where the other one is taken. The bodies
of loops are treated alike, each for itself.
"""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autograd.compiler.arrays import Array, Role, View
from autograd.compiler.blocks import Add, Back, Block, Let, Loop, Outcome, Tape, Total, Zeros
from autograd.compiler.expressions import Apply, Expr, Number, Read, reads_of, replaced, walk, with_parts

from .simplifying import SIGNS, carried, simple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

LONGEST = 12
"""How many operations a line may have."""


@dataclass(frozen=True)
class Ensure:
    """Where the condition does not hold, the program has no answer; ``way``: since its path is not taken."""

    condition: Expr
    holds: bool
    way: bool


@dataclass(frozen=True)
class Gathered(Expr):
    """What has gathered in a loop backwards, without the loop."""

    holder: Tape | Total
    row: int
    axes: str


Step = Let | Ensure | Loop | Back | Zeros | Add


@dataclass(frozen=True)
class Lines:
    """Statements over single numbers, and what is asked of them."""

    steps: tuple[Step, ...]
    results: tuple[Expr, ...]


def shared(lines: Lines, named: Collection[Array] = ()) -> Lines:
    """The same, simplified; arrays that are ``named`` keep a statement of their own."""
    found = known(simplified(light(lines)))
    for _ in range(3):
        once = live(known(met_again(found)))
        if once == found:
            break
        found = once
    return live(inlined(found, named))


def read_whole(array: Array) -> Read:
    """A number as it is."""
    return Read(View(array), "")


def expressions_in(step: Step) -> tuple[Expr, ...]:
    """What a statement reads outside of loops, in order."""
    if isinstance(step, (Let, Add)):
        return (step.value,)
    if isinstance(step, Ensure):
        return (step.condition,)
    if isinstance(step, Loop):
        first = [x for _, row in step.tapes for x in row if x is not None]
        return (*first, *[x.value for x in step.given])
    return ()


def with_expressions(step: Step, each: Sequence[Expr]) -> Step:
    """The statement of these expressions: itself, if they are its own."""
    if isinstance(step, (Back, Zeros)) or all(map(operator.is_, each, expressions_in(step))):
        return step
    if isinstance(step, (Let, Add)):
        return replace(step, value=each[0])
    if isinstance(step, Ensure):
        return replace(step, condition=each[0])
    left = iter(each)
    tapes = tuple([(tape, tuple([None if x is None else next(left) for x in row])) for tape, row in step.tapes])
    return replace(step, tapes=tapes, given=tuple([replace(x, value=next(left)) for x in step.given]))


def is_single(step: Step) -> bool:
    """Whether this defines a single number."""
    return isinstance(step, Let) and not step.array.shape


def light(lines: Lines) -> Lines:
    """The same, each loop's body shared for itself, and what comes of loops without them: it is compared often."""
    steps = []
    for step in lines.steps:
        inner = with_expressions(step, [without_loops(x) for x in expressions_in(step)])
        steps.append(forth(inner) if isinstance(inner, Loop) else back(inner) if isinstance(inner, Back) else inner)
    return Lines(tuple(steps), tuple([without_loops(x) for x in lines.results]))


def without_loops(x: Expr) -> Expr:
    """An expression in which what comes of loops does not name them."""
    if isinstance(x, Outcome):
        return Gathered(x.holder, x.row, x.axes)
    return with_parts(x, [without_loops(part) for part in x.parts])


def forth(loop: Loop) -> Loop:
    """A loop, its body shared; what it keeps may be any formula then."""
    found = shared(Lines(scalars(loop.body), tuple([x for _, x in loop.keeps])))
    keeps = tuple([(tape, x) for (tape, _), x in zip(loop.keeps, found.results, strict=True)])
    return replace(loop, body=Block(found.steps), keeps=keeps)  # type: ignore[arg-type]


def back(step: Back) -> Back:
    """A loop backwards, likewise."""
    found = shared(Lines(scalars(step.body), tuple([x for _, x in step.adds])))
    used = used_in(found)
    adds = tuple([(entry, x) for (entry, _), x in zip(step.adds, found.results, strict=True)])
    reads = tuple([(array, entry) for array, entry in step.reads if array in used])
    return replace(step, body=Block(found.steps), adds=adds, reads=reads)  # type: ignore[arg-type]


def scalars(block: Block) -> tuple[Step, ...]:
    """The statements of the body of a loop."""
    return tuple([s for s in block if isinstance(s, Let)])


def used_in(lines: Lines) -> set[Array]:
    """What is read."""
    return {array for x in every(lines) for array in reads_of(x)}


def every(lines: Lines) -> list[Expr]:
    """All expressions."""
    return [*[x for step in lines.steps for x in expressions_in(step)], *lines.results]


def simplified(lines: Lines) -> Lines:
    """Each expression simplified, and what is but another name for something left out."""
    same: dict[Expr, Expr] = {}
    steps: list[Step] = []
    for step in lines.steps:
        each = [carried(simple(replaced(x, same))) for x in expressions_in(step)]
        if is_single(step) and isinstance(each[0], (Read, Number)):
            same[read_whole(step.array)] = each[0]  # type: ignore[union-attr]
        else:
            steps.append(with_expressions(step, each))
    return Lines(tuple(steps), tuple([simple(replaced(x, same)) for x in lines.results]))


def known(lines: Lines) -> Lines:
    """What is computed already is not computed again."""
    names: dict[Expr, Expr] = {}
    steps: list[Step] = []
    for step in lines.steps:
        each = [replaced(x, names) for x in expressions_in(step)]
        if is_single(step):
            mine = read_whole(step.array)  # type: ignore[union-attr]
            if isinstance(each[0], (Read, Number)):
                names[mine] = each[0]
                continue
            names[each[0]] = mine
        steps.append(with_expressions(step, each))
    return Lines(tuple(steps), tuple([replaced(x, names) for x in lines.results]))


def is_certain(x: Expr) -> Iterator[Expr]:
    """What is computed of an expression in any case, parts before the whole."""
    choice = isinstance(x, Apply) and x.operation == "if"
    for part in x.parts[:1] if choice else x.parts:
        yield from is_certain(part)
    yield x


def is_work(x: Expr) -> bool:
    """Whether it is worth a name: an operation, and not a minus or a comparison."""
    return isinstance(x, Apply) and x.operation != "neg" and x.operation not in SIGNS


def met_again(lines: Lines) -> Lines:
    """What occurs several times gets a name where it is first computed in any case."""
    count = Counter([x for whole in every(lines) for x in walk(whole) if is_work(x)])
    names: dict[Expr, Expr] = {}
    steps: list[Step] = []

    def with_names(whole: Expr, but: Expr | None) -> Expr:
        for x in is_certain(whole):
            if x is not but and is_work(x) and count[x] > 1 and x not in names:
                own = Array(Role.SHARED, ())
                steps.append(Let(own, replaced(x, names), ""))
                names[x] = read_whole(own)
        return replaced(whole, names)

    for step in lines.steps:
        single = is_single(step)
        given = expressions_in(step)
        new = [with_names(x, x if single else None) for x in given]
        if single:
            names.setdefault(given[0], read_whole(step.array))  # type: ignore[union-attr]
        steps.append(with_expressions(step, new))
    results = [with_names(x, None) for x in lines.results]
    return Lines(tuple(steps), tuple(results))


def live(lines: Lines) -> Lines:
    """The statements on which what is asked depends, and the conditions."""
    wanted = {array for x in lines.results for array in reads_of(x)}
    steps: list[Step] = []
    for step in reversed(lines.steps):
        if isinstance(step, Back):  # what it adds up is nobody's array: it always counts
            wanted |= {step.loop.array, step.upstream.view.array}
        elif not isinstance(step, Ensure) and defined(step) not in wanted:
            continue
        wanted.update([array for x in expressions_in(step) for array in reads_of(x)])
        steps.append(step)
    return Lines(tuple(steps[::-1]), lines.results)


def defined(step: Let | Loop | Zeros | Add) -> Array:
    """The array that a statement defines, or adds to."""
    return step.view.array if isinstance(step, Add) else step.array


def size(x: Expr) -> int:
    """How many operations it has."""
    return sum([isinstance(part, Apply) for part in walk(x)])


def inlined(lines: Lines, named: Collection[Array]) -> Lines:
    """What is used once, and in any case, stands where it is used, as far as lines stay short."""
    each = every(lines)
    uses = Counter([array for x in each for array in reads_of(x)])
    surely = {x.view.array for whole in each for x in is_certain(whole) if isinstance(x, Read)}
    once = {array for array, n in uses.items() if n == 1 and array in surely and array not in named}
    values: dict[Expr, Expr] = {}

    def filled(x: Expr) -> Expr:
        taken = size(x)
        for array in dict.fromkeys(reads_of(x)):
            part = values.pop(read_whole(array), None)
            if part is not None:
                taken += size(part)
                if taken <= LONGEST or isinstance(x, Read):
                    x = replaced(x, {read_whole(array): part})
        return simple(x)

    steps: list[Step] = []
    for step in lines.steps:
        new = with_expressions(step, [filled(x) for x in expressions_in(step)])
        steps.append(new)
        if is_single(new) and new.array in once:  # type: ignore[union-attr]
            values[read_whole(new.array)] = new.value  # type: ignore[union-attr]
    return Lines(tuple(steps), tuple([filled(x) for x in lines.results]))


def in_order(steps: Sequence[Let | Loop], first: Iterable[Ensure]) -> list[Step]:
    """The statements in their order, but what conditions need comes before all others, and they right behind it."""
    place = {step.array: i for i, step in enumerate(steps)}
    found: list[Step] = []
    done: set[int] = set()
    for condition in first:
        needed: set[int] = set()
        stack = [place[x] for x in reads_of(condition.condition) if x in place]
        while stack:
            i = stack.pop()
            if i not in done and i not in needed:
                needed.add(i)
                stack += [place[x] for part in expressions_in(steps[i]) for x in reads_of(part) if x in place]
        done |= needed
        found += [steps[i] for i in sorted(needed)]
        found.append(condition)
    return [*found, *[step for i, step in enumerate(steps) if i not in done]]
