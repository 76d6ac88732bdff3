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
from autograd.structures import LEAF

from . import selfcheck
from .layouts import arranged
from .straight import squares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .layouts import Layout
    from .paths import Family, Path, Paths
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


FEW = 1000
"""How many numbers are sooner asked one by one whether they are finite than by the sum of their squares."""

ARITHMETIC = (ArithmeticError, ValueError)


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
        family = self.family()
        if family is None or family.eager or watcher.get() is not None or self.ieee != ieee_arithmetic.get():
            return None
        try:
            return self._replay(family, arguments, wanted, ask)
        except selfcheck.RefusedError as refused:
            if family.decided or not refused.once_more:
                raise
            family.decided = True  # and recorded anew
            return None

    def _replay(self, family: Family, arguments: Sequence[Any], wanted: tuple[bool, ...], ask: Ask) -> Replay | None:
        outside = self.surroundings.now()
        differentiated = wanted is not self.nothing
        flat: list[Any] | None = None
        listed: list[Any] | None = None
        paths = (*family.paths,)
        for path in paths:
            if path.outside != outside or (path.captured and not differentiated):
                continue
            formula = path.formula(wanted)
            if formula is not None:
                if listed is None:
                    listed = [x.numbers(argument) for x, argument in zip(self.layouts, arguments, strict=True)]
                if None in listed:
                    return None
                found = self.by_formula(path, formula, listed, wanted, ask)
            else:
                if flat is None:
                    flat = [x.flat(argument) for x, argument in zip(self.layouts, arguments, strict=True)]
                    if any([x is None for x in flat]):
                        return None
                found = self.by_arrays(family, path, flat, wanted, ask, path is paths[0])
            if found is not None:
                return found
        return None

    def by_formula(self, path: Path, formula: Any, xs: list[Any], wanted: tuple[bool, ...], ask: Ask) -> Replay | None:
        """By a formula over floats."""
        raise NotImplementedError

    def by_arrays(
        self, family: Family, path: Path, xs: list[Floats], wanted: tuple[bool, ...], ask: Ask, is_first: bool
    ) -> Replay | None:
        """By a program over arrays; where it is not the first path, its guards are asked before."""
        compiled = path.take(False, wanted)
        by_inputs: list[Floats] = []
        out: Any = None
        taken: Any = True
        sound: Any = True
        sized: list[Any] = []
        try:
            if path.program.guards and not is_first:
                with np.errstate(all="ignore"):
                    if not compiled.holds(*xs):
                        return None
            captured = compiled.P
            if path.captured:
                captured = captured.copy()
            with path.watched():
                asked = () if wanted is self.nothing else ask(path, wanted)
                for seeds in asked:
                    out, found, taken, sound = compiled.gradient(*xs, seeds)
                    by_inputs += owned(found)
                    if path.captured:
                        sized.append(compiled.dP.copy())
                    if not (taken and sound):
                        return None
                if not asked:
                    out, taken, sound = compiled.value(*xs)
                if not path.library:
                    sized += [out, *by_inputs]
                if path.finite:
                    sized += [captured, *xs]
                if not all(map(finite, sized)):
                    return None
        except FloatingPointError:
            return None
        finally:
            compiled.give_back()
        if not (taken is True or taken) or not (sound is True or sound):
            return None
        self.jitted.families.ran(family, path, False, wanted)
        when = path.schedule(False, wanted)
        if when.due(captured, xs):
            self.check(path, wanted, when, captured, xs, out)
        return Replay(path, out, by_inputs)

    def pulled(self, path: Path, xs: Sequence[Floats], captured: Floats, seeds: Any) -> list[Floats] | None:
        """The derivatives by all arguments along a path that was taken, at the same numbers; None if not finite."""
        compiled = path.take(False, (True,) * len(xs), captured)
        try:
            with path.watched():
                by_inputs = owned(compiled.gradient(*xs, seeds)[1])
        except FloatingPointError:
            return None
        finally:
            compiled.give_back()
        return by_inputs if path.library or all(map(finite, by_inputs)) else None

    def check(
        self,
        path: Path,
        wanted: tuple[bool, ...],
        when: Schedule,
        captured: Floats,
        xs: Sequence[Floats],
        out: Any,
    ) -> None:
        """Compare a result with the function itself. RuntimeError where it differs."""
        numbers = [x.tolist() for x in xs]
        values = [float(out)] if len(path.program.outputs) == 1 else [*map(float, out)]
        derivative = derivative_along(path, wanted, when, captured, xs) if wanted is not self.nothing else None
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
            values = [plain.get(k, float)(x) for k, x in enumerate(values)]
        return arranged(structure, values, arrays=self.arrays, kept=plain)


def owned(arrays: Sequence[Floats]) -> list[Floats]:
    """The arrays, each by itself: no part of another array, and not twice the same."""
    found: list[Floats] = []
    for x in arrays:
        shared = x.base is not None or not x.flags.writeable or any([x is y for y in found])
        found.append(x.copy() if shared else x)
    return found


def finite(x: Any) -> bool:
    """Whether no number is inf or nan."""
    if type(x) is float:
        return x - x == 0.0
    if x.size < FEW:
        return bool(np.isfinite(x).all())
    size = squares(x)
    return size - size == 0.0 or bool(np.isfinite(x).all())


def derivative_along(
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
