"""The quickest way: single numbers through a formula over floats, with as little asked as can be.

What has to be so is what was so before: one path, the same plain numbers around the function, nobody who listens, no
other arithmetic, and no comparison with the function itself that is due. Else there is no answer, and the call takes
the road (:mod:`.road`). A formula is done in a fraction of a microsecond: what is asked is spelled out in one function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.modes import ieee_entries, watcher
from autograd.recorder import recorder
from autograd.structures import LEAF
from autograd.tracing import active

from .behind import keepers
from .formulas import OtherWay
from .surroundings import EMPTY, unchanged_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .forms import Path
    from .paths import Family
    from .road import Road
    from .schedules import Schedule

    Ask = Callable[[tuple[Any, ...]], Any]
    """From the arguments to what is wanted of them; None where there is no answer."""

recording, transforming, watching, other_arithmetic = recorder.get, active.get, watcher.get, ieee_entries.get
behind = keepers.get
ERRORS = (ArithmeticError, ValueError, OtherWay)


def as_before(road: Road, family: Family, path: Path, when: Schedule) -> Callable[[tuple[Any, ...], list[float]], bool]:
    """What tells, of arguments and captured numbers, whether all is as it was and nothing is to be compared."""
    kinds, paths, surroundings = (float,) * len(road.layouts), family.paths, road.surroundings
    known, recorded = tuple([x[0] for x in path.arguments]), path.recorded.tolist()
    first, counted, left = surroundings.seen, road.counted, when.left

    def stands(args: tuple[Any, ...], captured: list[float]) -> bool:
        if (*map(type, args),) != kinds or recording() is not None or transforming() or watching() is not None:
            return False
        if other_arithmetic() is not None or len(paths) != 1 or paths[0] is not path or family.gone:
            return False
        seen = surroundings.seen
        if seen is None or (seen is not first and seen.key != path.outside):
            return False
        for names, key, content in seen.names:
            if names.get(key, EMPTY) is not content:
                return False
        if seen.elsewhere and not unchanged_elsewhere(seen):
            return False
        runs = when.runs + 1
        if runs >= when.next or (left and (args != known or captured != recorded or "run" in left)):
            return False  # the road counts it, and compares
        when.runs = runs
        if not runs & 63:
            family.used = counted()
        return True

    return stands


def eligible(road: Road | None) -> tuple[Family, Path] | None:
    """The only path of a function of single numbers whose result is one; None where it is otherwise."""
    family = None if road is None else road.family()
    if road is None or family is None or not road.single or family.eager or len(family.paths) != 1 or road.ieee:
        return None
    path = family.paths[0]
    return None if path.program.structure != LEAF or path.program.plain else (family, path)


def quick_value(road: Road | None) -> Ask | None:
    """What gives the value; None where there is no quickest way."""
    found = eligible(road)
    if road is None or found is None or found[1].captured or found[1].formula(road.nothing) is None:
        return None
    family, path = found
    formula = path.formula(road.nothing)
    assert formula is not None  # noqa: S101 - see above
    value, nothing = formula.value, path.recorded.tolist()
    stands = as_before(road, family, path, path.schedule_on_floats(road.nothing))

    def ask(args: tuple[Any, ...]) -> float | None:
        if not stands(args, nothing):
            return None
        try:
            out: float = value((), *args)
        except ERRORS:
            return None
        return out if out - out == 0.0 else None

    return ask


def quick_gradient(road: Road | None, argnums: Sequence[int], *, alone: bool, both: bool) -> Ask | None:
    """What gives the derivatives by these arguments, and the value before them if ``both``; None as above.

    ``alone``: by one argument, and not by a tuple of them.
    """
    found = eligible(road)
    if road is None or found is None:
        return None
    (family, path), wanted = found, road.wanted(argnums)
    formula = path.formula(wanted)
    if formula is None:
        return None
    gradient, variables, recorded = formula.gradient, path.captured, path.recorded.tolist()
    order = None if [*argnums] == sorted(argnums) else [sorted(argnums).index(i) for i in argnums]
    stands = as_before(road, family, path, path.schedule_on_floats(wanted))

    def ask(args: tuple[Any, ...]) -> Any:
        if variables and behind():
            return None
        captured = recorded if not variables else [x._number for x in variables]
        if not stands(args, captured):
            return None
        try:
            out, by_captured, by_inputs = gradient(captured, *args)
        except ERRORS:
            return None
        total = sum(by_inputs, out)
        if variables:
            total += sum(by_captured)
        if total - total != 0.0:
            return None
        if order is not None:
            by_inputs = tuple([by_inputs[k] for k in order])
        if alone:
            (by_inputs,) = by_inputs
        return (out, by_inputs) if both else by_inputs

    return ask


class Quickest:
    """The quickest way to the gradient of a function, found when there is one: ``ask(arguments)``."""

    def __init__(
        self, find: Callable[[tuple[Any, ...]], Road | None], argnums: Sequence[int], *, alone: bool, both: bool
    ) -> None:
        self.find, self.argnums, self.alone, self.both = find, argnums, alone, both
        self.ask: Ask | None = None

    def look(self, args: tuple[Any, ...]) -> None:
        """See whether there is one for these arguments, after a call that took the road."""
        count = len(args)
        if args and all([type(x) is float for x in args]) and all([-count <= i < count for i in self.argnums]):
            argnums = [i % count for i in self.argnums]
            self.ask = quick_gradient(self.find(args), argnums, alone=self.alone, both=self.both)
