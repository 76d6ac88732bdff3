"""Kernelwise: each statement of a printed program by itself, on the numbers that the function's own scalars have.

The program is printed once more so that every result is seen (:mod:`.printers.watching`): it is compared with what the
function had, and the function's own number goes on in its place. So nothing is amplified, and each statement is tried,
those in loops in every iteration. A statement's origin says which scalars it computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.collector import undisturbed

from .printers.watching import Watching
from .rolled import Concatenation, Elementwise, Recurrence
from .stepwise import SMALLEST, UNIT, Numbers, Uncomputed, computed, differ, known, read, within
from .targets.numpy import NUMPY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .rolled import Rolled
    from .scalars import Scalars


class Seer:
    """Sees the results of statements: ``expected`` by loop (-1 outside) and array, a column for each iteration.

    ``floats`` has those that are single numbers, and by how much they may be off, as lists: there are many of them.
    ``compares`` are the loops that compare numbers, where one iteration may come out differently: at a tie.
    """

    def __init__(
        self,
        expected: dict[tuple[int, int], Numbers],
        floats: dict[tuple[int, int], tuple[list[float], list[float]]],
        compares: set[int],
    ) -> None:
        self.expected, self.floats, self.compares = expected, floats, compares
        self.wrong: set[tuple[int, int]] = set()
        """In which loop, and in which iteration of it, a result was another one."""

    def __call__(self, where: int, holder: int, found: Any, when: int) -> Any:
        """What goes on in the place of a result: the function's own number, where it is known."""
        key = where, holder
        if type(found) is float and key in self.floats:
            each, bounds = self.floats[key]
            x = each[when if len(each) > 1 else 0]
            if abs(found - x) > bounds[when if len(each) > 1 else 0]:
                self.wrong.add((where, when))
            return x if x == x else found
        if key not in self.expected:
            return found
        values, off = (x[:, min(when, x.shape[1] - 1)] for x in self.expected[key])
        got = np.broadcast_to(np.asarray(found, float).reshape(-1), values.shape)
        if differ(Numbers(got, off), values).any():
            self.wrong.add((where, when))
        return np.where(np.isnan(values), got, values).reshape(np.shape(found))

    @property
    def disagrees(self) -> bool:
        """Whether that is more than a tie."""
        loops = [where for where, _ in self.wrong]
        return any([loops.count(where) > (where in self.compares) for where in loops])


@undisturbed()
def ill_computed(rolled: Rolled, batched: bool, wanted: Sequence[bool], recorded: Scalars) -> bool:
    """Whether a statement of the program in this form differs from what was recorded; no, if it does not run here."""
    numbers = expectations(rolled, recorded)
    if numbers is None:
        return False
    expected, compares = numbers
    kernel = NUMPY.kernel(rolled, batched, wanted)
    seer = Seer(expected, {key: as_lists(x) for key, x in expected.items() if len(x.values) == 1}, compares)
    words = {**NUMPY.words(), "seen": seer}
    printer = Watching(kernel, words)
    source = printer.source()
    words |= {printed: NUMPY.own_function(own) for own, printed in printer.own.items()}
    exec(compile(source, "<jit, seen>", "exec"), words)  # noqa: S102 - text of our own making, see printers
    captured = np.array([recorded.data[recorded.captured_nodes[i]] for i in rolled.captured_order])
    tables = [table.numbers for table in printer.tables]
    value, gradient, *_ = words["program"](captured, np.zeros_like(captured), rolled.constant_values, tables)
    given = [np.array([recorded.data[i] if i >= 0 else 0.0 for i in nodes]) for nodes in recorded.inputs]
    arguments = [x[:, None] if batched else x for x in given]
    seed = np.ones((*rolled.outputs.used.shape, *[1] * batched))
    functions = [lambda: value(*arguments), lambda: gradient(*arguments, seed)]
    return any([runs_otherwise(function, seer, recorded) for function in functions])


def as_lists(numbers: Numbers) -> tuple[list[float], list[float]]:
    """The numbers of one element, and by how much they may be off: by anything where that is not known."""
    values, off = np.broadcast_arrays(numbers.values[0], numbers.off[0])
    bounds = np.where(np.isfinite(values) & np.isfinite(off), UNIT * off + SMALLEST, np.inf)
    return values.tolist(), bounds.tolist()


def runs_otherwise(function: Callable[[], Any], seer: Seer, recorded: Scalars) -> bool:
    """Whether a statement, or the result, is another one; no, if it cannot be computed."""
    with np.errstate(all="ignore"):
        try:
            found = function()
        except (ArithmeticError, ValueError):
            return False
    result = np.asarray(found[0] if isinstance(found, tuple) else found, float).reshape(-1)
    expected = np.array([recorded.data[i] for i in recorded.outputs])
    return seer.disagrees or bool(((result != expected) & (expected == expected)).any())


def expectations(rolled: Rolled, recorded: Scalars) -> tuple[dict[tuple[int, int], Numbers], set[int]] | None:
    """What each statement should compute, and the loops that compare numbers; None if it is another program."""
    there = known(rolled, recorded)
    if there is None:
        return None
    expected: dict[tuple[int, int], Numbers] = {}
    compares: set[int] = set()
    with np.errstate(all="ignore"):
        for statement in rolled.statements:
            index = statement.out.index
            try:
                found = computed(statement, there.tables) if not isinstance(statement, Recurrence) else None
                own = within(statement, there.tables) if isinstance(statement, Recurrence) else {}
            except Uncomputed:
                continue
            if isinstance(statement, Concatenation) and found is not None:
                there.tables[index] = found
            if found is not None:
                expected[-1, index] = Numbers(there.tables[index].values, found.off)
            if isinstance(statement, Recurrence):
                if any([isinstance(x, Elementwise) and x.rule.flat for x in statement.body.statements]):
                    compares.add(index)
                with_own_numbers(statement, there.tables, own)
                expected |= {(index, x.out.index): own[x.out.index] for x in statement.body.statements}
                rows = there.tables[index].values
                expected[-1, index] = Numbers(rows, errors(statement, own) if index not in compares else rows + np.inf)
    return expected, compares


def with_own_numbers(loop: Recurrence, tables: dict[int, Numbers], own: dict[int, Numbers]) -> None:
    """Of what iterations hand on the function's own numbers are known: these go on, and not what is computed here."""
    rows = tables[loop.out.index].values.reshape(loop.count, -1)
    for t, each in enumerate(loop.carried):
        holder, positions = each.result.array, each.result.positions.reshape(-1)
        if holder in [x.out.index for x in loop.body.statements]:
            values = np.array(np.broadcast_to(own[holder].values, (len(own[holder].values), loop.count)))
            values[positions] = rows[:, t : t + 1].T if loop.single else rows.T
            own[holder] = Numbers(values, np.broadcast_to(own[holder].off, values.shape))


def errors(loop: Recurrence, own: dict[int, Numbers]) -> Any:
    """By how many units the results of a loop may be off, as they lie in its array."""
    each = [read(x.result, own).off for x in loop.carried]
    rows = [np.broadcast_to(off.reshape(-1, off.shape[-1]), (off[..., 0].size, loop.count)) for off in each]
    return np.concatenate(rows).T.reshape(-1, 1)
