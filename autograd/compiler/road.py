"""The road: from plain numbers and arrays to a program and back, without a Value in between.

A :class:`Road` belongs to one arrangement of arguments. It takes them apart (:mod:`.layouts`), runs a known path of the
function, and arranges the result, or the derivatives, as the function and its transforms would. Where anything is in
doubt - a Value among the arguments, somebody who listens, a path that is not taken, an operation outside its domain -
it has no answer, and the call goes the long way (:mod:`.calls`).
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.modes import ieee_arithmetic, watcher
from autograd.programs import TracingCheckError
from autograd.structures import LEAF, rebuild

from . import selfcheck
from .behind import up_to_date
from .forms import ON_FLOATS
from .formulas import OtherWay
from .keeping import counter
from .layouts import FLOAT, put_in
from .straight import squares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .forms import Loaded, Path
    from .formulas import OnFloats
    from .layouts import Layout
    from .paths import Family, Paths
    from .schedules import Schedule

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Ask = Callable[[Path, tuple[bool, ...]], list[Any]]
    """From a path, and the arguments wanted, to the seeds of one sweep after the other."""

ROADS = 16
"""How many arrangements of arguments of the same types are kept at hand, the most recently used first."""


def first(path: Path, wanted: tuple[bool, ...]) -> list[Any]:  # noqa: ARG001 - whatever is wanted
    """What asks for the derivatives of the first number of a result."""
    return [path.seed(0)]


def each(path: Path, wanted: tuple[bool, ...]) -> list[Any]:
    """What asks for those of all numbers, as few sweeps as that takes."""
    return [colour.seeds for colour in path.colours(wanted)]


def nothing(path: Path, wanted: tuple[bool, ...]) -> list[Any]:  # noqa: ARG001 - whatever is wanted
    """What asks for no derivatives, but for the values where they may be differentiated later."""
    return []


class Replay(NamedTuple):
    """What a program has found: the numbers of the result, and the derivatives by the arguments wanted."""

    path: Path
    out: Any
    by_inputs: Sequence[Any]
    """The derivatives of what was asked for; of several, one after the other."""


class Road:
    """The way for arguments of one arrangement."""

    def __init__(
        self,
        jitted: Paths,
        family: Family,
        layouts: Sequence[Layout],
        function: Callable[..., Any],
    ) -> None:
        self._jitted = weakref.ref(jitted)
        self.layouts = layouts
        self.function = function
        """The function, of arguments by position."""
        self.structures = [x.structure for x in layouts]
        self.single = all([x.structure == LEAF for x in layouts])
        """Whether all arguments are single numbers."""
        self.arrays = any([x.arrays for x in layouts])
        """Whether there is an array among the arguments."""
        self.ieee = ieee_arithmetic.get()
        self.surroundings = jitted.surroundings
        self.nothing = (False,) * len(layouts)
        self.counted = counter.__next__
        """What tells when a program ran."""
        self._family = weakref.ref(family)

    @property
    def jitted(self) -> Paths:
        """The function, which has this way and so lives as long as it is taken."""
        found = self._jitted()
        assert found is not None  # noqa: S101 - see above
        return found

    def family(self) -> Family | None:
        """The paths; None where they are gone."""
        found = self._family()
        return None if found is None or found.gone else found

    def wanted(self, argnums: Sequence[int]) -> tuple[bool, ...]:
        """Which arguments are to be differentiated by, as a program is asked."""
        return tuple([i in argnums for i in range(len(self.layouts))])

    def by_arguments(self, argnums: Sequence[int], by_inputs: Sequence[Any]) -> list[Any]:
        """Derivatives by arguments, given in the order of these, as the arguments are arranged."""
        if len(argnums) == 1:
            return [self.layouts[argnums[0]].arranged(by_inputs[0])]
        ranks = {i: k for k, i in enumerate(sorted(argnums))}
        return [self.layouts[i].arranged(by_inputs[ranks[i]]) for i in argnums]

    def looks(self, arguments: Sequence[Any]) -> bool:
        """Whether the arguments may be arranged in this way, by what is soon told; they are of its types."""
        return self.ieee == ieee_arithmetic.get() and all(
            [x.looks(argument) for x, argument in zip(self.layouts, arguments, strict=True)]
        )

    def replay(self, arguments: Sequence[Any], wanted: tuple[bool, ...], ask: Ask = first) -> Replay | None:
        """The result for these arguments, with the derivatives that are asked for; None where it has no answer."""
        family = self._family()
        if family is None or family.gone or family.eager or watcher.get() is not None:
            return None
        if self.ieee != ieee_arithmetic.get():
            return None
        outside = self.surroundings.now()
        flat: Sequence[Any] | None = None
        listed: Sequence[Any] | None = None
        try:
            for path in (*family.paths,):
                if path.outside != outside or (path.captured and wanted is self.nothing):
                    continue
                formula = path.formula(wanted)
                if formula is not None:
                    listed = self.listed(arguments) if listed is None else listed
                    found = None if listed is None else self.by_formula(family, path, formula, listed, wanted, ask)
                else:
                    flat = self.flat(arguments) if flat is None else flat
                    found = None if flat is None else self.by_arrays(family, path, flat, wanted, ask)
                if found is not None:
                    return found
                if listed is None and flat is None:
                    return None
        except TracingCheckError as refused:
            if family.decided or not refused.once_more:
                raise
            family.decided = True  # and recorded anew
        return None

    def listed(self, arguments: Sequence[Any]) -> Sequence[Any] | None:
        """The arguments as lists of floats, single numbers as floats; None if they are arranged otherwise."""
        if self.single and {*map(type, arguments)} == FLOAT:
            return arguments
        found = [x.numbers(argument) for x, argument in zip(self.layouts, arguments, strict=True)]
        return None if None in found else found

    def flat(self, arguments: Sequence[Any]) -> Sequence[Any] | None:
        """The arguments as flat arrays; None if they are arranged otherwise."""
        found = [x.flat(argument) for x, argument in zip(self.layouts, arguments, strict=True)]
        return None if any([x is None for x in found]) else found

    def by_formula(
        self, family: Family, path: Path, formula: OnFloats, xs: Sequence[Any], wanted: tuple[bool, ...], ask: Ask
    ) -> Replay | None:
        """By a formula over floats."""
        if path.captured:
            up_to_date()
        captured = [x._number for x in path.captured]
        by_inputs: list[Any] = []
        try:
            asked = () if wanted is self.nothing else ask(path, wanted)
            out = None if asked else formula.value(captured, *xs)
            for seeds in asked:
                seed = () if type(seeds) is float else (seeds.tolist(),)
                out, by_captured, found = formula.gradient(captured, *xs, *seed)
                by_inputs += found
                if captured and not sound(by_captured):
                    return None
        except (ArithmeticError, ValueError, OtherWay):
            return None
        if not sound(out) or not all(map(sound, by_inputs)):
            return None
        self.jitted.families.ran(family, path, ON_FLOATS, wanted)
        when = path.schedule_on_floats(wanted)
        if when.due_on_floats(captured, xs):
            self.check(path, wanted, when, np.array(captured), xs, out, formula)
        return Replay(path, out, by_inputs)

    def by_arrays(
        self, family: Family, path: Path, xs: Sequence[Floats], wanted: tuple[bool, ...], ask: Ask
    ) -> Replay | None:
        """By a program over arrays; where it is not the first path, its guards are asked before."""
        compiled = path.take(False, wanted)
        try:
            if path.program.guards and family.paths[:1] != [path]:
                with np.errstate(all="ignore"):
                    if not compiled.holds(*xs):
                        return None
            captured = compiled.P.copy() if path.captured else compiled.P
            with path.watched():
                found = self.run(path, compiled, xs, wanted, ask)
                if path.finite and not all(map(all_finite, (captured, *xs))):
                    return None
        except FloatingPointError:
            return None
        finally:
            compiled.give_back()
        if found is None:
            return None
        self.jitted.families.ran(family, path, False, wanted)
        when = path.schedule(False, wanted)
        if when.due(captured, xs):
            self.check(path, wanted, when, captured, xs, found.out)
        return found

    def run(
        self, path: Path, compiled: Loaded, xs: Sequence[Floats], wanted: tuple[bool, ...], ask: Ask
    ) -> Replay | None:
        """What a program over arrays finds; None where it is not the answer."""
        by_inputs: list[Floats] = []
        asked = () if wanted is self.nothing else ask(path, wanted)
        out, taken, held = (None, True, True) if asked else compiled.value(*xs)
        if not taken or not held:
            return None
        for seeds in asked:
            out, found, taken, held = compiled.gradient(*xs, seeds)
            if not taken or not held or not (path.library or not path.captured or all_finite(compiled.dP)):
                return None
            by_inputs += by_itself(found)
        if not path.library and not all(map(all_finite, (out, *by_inputs))):
            return None
        return Replay(path, out, by_inputs)

    def pulled(self, path: Path, xs: Sequence[Floats], captured: Floats, seeds: Any) -> Sequence[Any] | None:
        """The derivatives by all arguments along a path that was taken, at the same numbers; None if not finite."""
        wanted = (True,) * len(xs)
        formula = path.formula(wanted)
        if formula is not None:
            return self.pulled_by_formula(formula, xs, captured.tolist(), seeds)
        compiled = path.take(False, wanted, captured)
        try:
            with path.watched():
                by_inputs = by_itself(compiled.gradient(*xs, seeds)[1])
        except FloatingPointError:
            return None
        finally:
            compiled.give_back()
        return by_inputs if path.library or all(map(all_finite, by_inputs)) else None

    def pulled_by_formula(
        self, formula: OnFloats, xs: Sequence[Floats], captured: list[float], seeds: Any
    ) -> Sequence[Any] | None:
        """The same by a formula, which has been compared with the function."""
        listed = [
            x.tolist()[0] if part.structure == LEAF else x.tolist() for part, x in zip(self.layouts, xs, strict=True)
        ]
        try:
            if type(seeds) is not float:
                found = formula.gradient(captured, *listed, seeds.tolist())[2]
            else:
                slopes = formula.gradient(captured, *listed)[2]
                found = [x * seeds if type(x) is float else [d * seeds for d in x] for x in slopes]
        except (ArithmeticError, ValueError, OtherWay):
            return None
        return found if all(map(sound, found)) else None

    def check(
        self,
        path: Path,
        wanted: tuple[bool, ...],
        when: Schedule,
        captured: Floats,
        xs: Sequence[Any],
        out: Any,
        formula: OnFloats | None = None,
    ) -> None:
        """Compare a result, of a formula if there is one, with the function itself. RuntimeError where it differs."""
        numbers = [[x] if type(x) is float else x if type(x) is list else x.tolist() for x in xs]
        values = [float(out)] if len(path.program.outputs) == 1 else [*map(float, out)]
        derivative: Callable[[list[list[float]]], float] | None = None
        if wanted is not self.nothing and formula is not None:
            derivative = along_formula(path, wanted, when, formula, captured.tolist(), xs)
        elif wanted is not self.nothing:
            derivative = along_direction(path, wanted, when, captured, xs)
        trial = selfcheck.Trial(numbers, values)
        if selfcheck.compare(self.jitted, path, [trial], when, captured, self.structures, self.function, derivative):
            when.compared(captured, numbers, len(path.rolled.statements), 1)

    # What comes back.

    def value(self, arguments: Sequence[Any]) -> tuple[Any] | None:
        """The result alone, in a tuple; None where there is no answer."""
        found = self.replay(arguments, self.nothing)
        return None if found is None else (self.result(found.path, found.out),)

    def result(self, path: Path, out: Any) -> Any:
        """The numbers of a result, arranged as the function would arrange them; in arrays, if arrays were given."""
        plain, structure = path.program.plain, path.program.structure
        if structure == LEAF:
            return plain[0](float(out)) if plain else float(out)
        values = [float(out)] if len(path.program.outputs) == 1 else out
        if plain:
            numbers = [plain.get(k, float)(x) for k, x in enumerate(values)]
            return rebuild(path.in_arrays if self.arrays else structure, numbers)
        return put_in(path.in_arrays if self.arrays else structure, values)


def by_itself(arrays: Sequence[Floats]) -> list[Floats]:
    """The arrays, each by itself: no part of another array, and not twice the same."""
    found: list[Floats] = []
    for x in arrays:
        shared = x.base is not None or not x.flags.writeable or any([x is y for y in found])
        found.append(x.copy() if shared else x)
    return found


def all_finite(x: Any) -> bool:
    """Whether no number is inf or nan: most often told by a sum of squares."""
    if isinstance(x, float):
        return x - x == 0.0
    size = squares(x)
    return size - size == 0.0 or bool(np.isfinite(x).all())


def along_direction(
    path: Path, wanted: tuple[bool, ...], when: Schedule, captured: Floats, xs: Sequence[Floats]
) -> Callable[[list[list[float]]], float]:
    """The program's derivative along the direction of a schedule, for cotangents of the result."""

    def derivative(cotangents: list[list[float]]) -> float:
        compiled = path.take(False, wanted, captured)
        try:
            seeds = cotangents[0][0] if len(path.program.outputs) == 1 else np.array(cotangents[0])
            with np.errstate(all="ignore"):
                _, by_inputs, _, _ = compiled.gradient(*xs, seeds)
            directions = [d for d, is_wanted in zip(when.by_inputs, wanted, strict=True) if is_wanted]
            total = float(compiled.dP @ when.direction)
            return total + sum([float(x @ d) for x, d in zip(by_inputs, directions, strict=True)])
        finally:
            compiled.give_back()

    return derivative


def along_formula(
    path: Path, wanted: tuple[bool, ...], when: Schedule, formula: OnFloats, captured: list[float], xs: Sequence[Any]
) -> Callable[[list[list[float]]], float]:
    """The same of a formula."""

    def derivative(cotangents: list[list[float]]) -> float:
        several = len(path.program.outputs) > 1
        seeds = (cotangents[0],) if several else ()
        _, by_captured, by_inputs = formula.gradient(captured, *xs, *seeds)
        directions = [d for d, is_wanted in zip(when.by_inputs, wanted, strict=True) if is_wanted]
        total = float(np.dot(by_captured, when.direction))
        for x, d in zip(by_inputs, directions, strict=True):
            total += float(np.dot(np.reshape(x, -1), d))
        return total if several else cotangents[0][0] * total

    return derivative


def sound(x: Any) -> bool:
    """Whether a float, or all of a list, is neither inf nor nan."""
    if type(x) is float:
        return x - x == 0.0
    total = sum(x)
    return total - total == 0.0 or all([y - y == 0.0 for y in x])
