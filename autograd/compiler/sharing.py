"""Sharing: statements over single numbers, with nothing computed twice, and what is used once written where it is used.

    v1 = S / K                                    v2 = log(S / K)
    v2 = log(v1)                                  e1 = 1.0 / K
    dK = dv1 * -(v1 * (1.0 / K))                  ...
    dS = dv1 * (1.0 / K)

What stands in a branch of a choice is computed there or nowhere: it may raise where the other one is taken.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autograd.compiler.arrays import Array, Role, View
from autograd.compiler.blocks import Let
from autograd.compiler.expressions import Apply, Expr, Number, Read, reads_of, replaced, walk

from .simplifying import SIGNS, carried, simple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

LONGEST = 12
"""How many operations a line may have."""


@dataclass(frozen=True)
class Ensure:
    """Where the condition does not hold, the program has no answer; ``way``: since its path is not taken."""

    condition: Expr
    holds: bool
    way: bool


Step = Let | Ensure


@dataclass(frozen=True)
class Lines:
    """Statements over single numbers, and what is asked of them."""

    steps: tuple[Step, ...]
    results: tuple[Expr, ...]


def shared(lines: Lines, named: Collection[Array] = ()) -> Lines:
    """The same, simplified; arrays that are ``named`` keep a statement of their own."""
    found = known(simplified(lines))
    for _ in range(3):
        once = live(known(repeated(found)))
        if once == found:
            break
        found = once
    return live(inlined(found, named))


def expression(step: Step) -> Expr:
    """What a statement computes, or asks."""
    return step.value if isinstance(step, Let) else step.condition


def with_expression(step: Step, x: Expr) -> Step:
    """The statement of another expression."""
    return replace(step, value=x) if isinstance(step, Let) else replace(step, condition=x)


def read(array: Array) -> Read:
    """A number as it is."""
    return Read(View(array), "")


def simplified(lines: Lines) -> Lines:
    """Each expression simplified, and what is but another name for something left out."""
    same: dict[Expr, Expr] = {}
    steps: list[Step] = []
    for step in lines.steps:
        x = carried(simple(replaced(expression(step), same)))
        if isinstance(step, Let) and isinstance(x, (Read, Number)):
            same[read(step.array)] = x
        else:
            steps.append(with_expression(step, x))
    return Lines(tuple(steps), tuple([simple(replaced(x, same)) for x in lines.results]))


def known(lines: Lines) -> Lines:
    """What is computed already is not computed again."""
    names: dict[Expr, Expr] = {}
    steps: list[Step] = []
    for step in lines.steps:
        x = replaced(expression(step), names)
        if isinstance(step, Let):
            mine = read(step.array)
            if isinstance(x, (Read, Number)):
                names[mine] = x
                continue
            names[x] = mine
        steps.append(with_expression(step, x))
    return Lines(tuple(steps), tuple([replaced(x, names) for x in lines.results]))


def certain(x: Expr) -> Iterator[Expr]:
    """What is computed of an expression in any case, parts before the whole."""
    choice = isinstance(x, Apply) and x.operation == "if"
    for part in x.parts[:1] if choice else x.parts:
        yield from certain(part)
    yield x


def is_work(x: Expr) -> bool:
    """Whether it is worth a name: an operation, and not a minus or a comparison."""
    return isinstance(x, Apply) and x.operation != "neg" and x.operation not in SIGNS


def repeated(lines: Lines) -> Lines:
    """What occurs several times gets a name where it is first computed in any case."""
    each = [*map(expression, lines.steps), *lines.results]
    count = Counter([x for whole in each for x in walk(whole) if is_work(x)])
    names: dict[Expr, Expr] = {}
    steps: list[Step] = []

    def with_names(whole: Expr, but: Expr | None) -> Expr:
        for x in certain(whole):
            if x is not but and is_work(x) and count[x] > 1 and x not in names:
                own = Array(Role.SHARED, ())
                steps.append(Let(own, replaced(x, names), ""))
                names[x] = read(own)
        return replaced(whole, names)

    for step in lines.steps:
        x = expression(step)
        new = with_names(x, x if isinstance(step, Let) else None)
        if isinstance(step, Let):
            names.setdefault(x, read(step.array))
        steps.append(with_expression(step, new))
    results = [with_names(x, None) for x in lines.results]
    return Lines(tuple(steps), tuple(results))


def live(lines: Lines) -> Lines:
    """The statements on which what is asked depends, and the conditions."""
    wanted = {array for x in lines.results for array in reads_of(x)}
    steps: list[Step] = []
    for step in reversed(lines.steps):
        if isinstance(step, Ensure) or step.array in wanted:
            wanted.update(reads_of(expression(step)))
            steps.append(step)
    return Lines(tuple(steps[::-1]), lines.results)


def size(x: Expr) -> int:
    """How many operations it has."""
    return sum([isinstance(part, Apply) for part in walk(x)])


def inlined(lines: Lines, named: Collection[Array]) -> Lines:
    """What is used once, and in any case, stands where it is used, as far as lines stay short."""
    each = [*map(expression, lines.steps), *lines.results]
    uses = Counter([array for x in each for array in reads_of(x)])
    surely = {x.view.array for whole in each for x in certain(whole) if isinstance(x, Read)}
    single = {array for array, n in uses.items() if n == 1 and array in surely and array not in named}
    values: dict[Expr, Expr] = {}

    def filled(x: Expr) -> Expr:
        taken = size(x)
        for array in dict.fromkeys(reads_of(x)):
            mine = read(array)
            if mine in values:
                part = values.pop(mine)
                taken += size(part)
                if taken <= LONGEST or isinstance(x, Read):
                    x = replaced(x, {mine: part})
                else:
                    kept.add(array)
        return simple(x)

    kept: set[Array] = set()
    steps: list[Step] = []
    for step in lines.steps:
        new = with_expression(step, filled(expression(step)))
        steps.append(new)
        if isinstance(new, Let) and new.array in single:
            values[read(new.array)] = new.value
    results = tuple([filled(x) for x in lines.results])
    return Lines(tuple(steps), results)


def ordered(steps: Sequence[Let], first: Sequence[Ensure]) -> list[Step]:
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
                stack += [place[x] for x in reads_of(steps[i].value) if x in place]
        done |= needed
        found += [steps[i] for i in sorted(needed)]
        found.append(condition)
    return [*found, *[step for i, step in enumerate(steps) if i not in done]]
