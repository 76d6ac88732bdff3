"""Paths and their forms: a program that was recorded, compiled as it was asked for.

A path is one way through a function. It is compiled for one example or for a batch, and by which arguments the
derivative is wanted; a small one also as a formula over floats. A compiled form owns its buffers; a path keeps those
that nobody is using.
"""

from __future__ import annotations

import functools
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from .behind import up_to_date
from .keeping import weight
from .likeness import signature, steady
from .schedules import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import numpy as np

    from .again import Again
    from .colours import Colour
    from .formulas import OnFloats
    from .scalars import Scalars
    from .targets.library import Library
    from .targets.target import Compilation

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Batched = bool | tuple[bool, ...]
    """Whether a program is for a batch; where some arguments are shared, which of them have examples."""
    Form = tuple[Batched, tuple[bool, ...]]
    """That, and by which arguments the derivative is wanted."""

ON_FLOATS = "on floats"
"""The form of a program that is its formula over floats."""

TRIES = 4
"""How often a path that does not do is recorded again, in case that the function goes another way."""


class Path:
    """One way through a function, recorded: its program, and the compiled forms of it that were asked for.

    Attributes
    ----------
    program, rolled: the recorded scalars, and what they were rolled to.
    name: what the function is called.
    size: how many bytes it takes, about.
    library: what it runs on; None for NumPy, where a result that is not finite is left to the function itself.
    outside: the plain numbers around the function with which it was recorded.
    first: the first path that computes the same: this one, or an earlier one with other guards.
    steady: whether its guards depend on nothing but the arguments, so that an example takes it always or never.
    tries: how often it may still be recorded again where it does not do.
    captured, recorded: the Values that it captures, in the order of the program, and their numbers at the recording.
    arguments, single: the numbers of the arguments that it was recorded with, and which of these are single numbers.
    again: what it takes to record it once more.
    checks: when each of its forms is compared with the function itself.
    factored: whether its program moves a factor past a sum, as it may where that is finite.
    """

    def __init__(
        self, program: Scalars, numbers: Sequence[Sequence[float]], library: Library | None, outside: Any, name: str
    ) -> None:
        import numpy as np

        from .rolling import roll

        self.program, self.rolled, self.name = program, roll(program), name
        self.size = weight(program, len(self.rolled.statements))
        self.library, self.outside = library, outside
        self.signature = signature(program) if program.guards else None
        self._earlier: Path | None = None
        self.steady = steady(program)
        self.tries = TRIES
        self.captured = tuple([program.captured[i] for i in self.rolled.captured_order])
        self.recorded = np.array([value._number for value in self.captured])
        self.arguments = [list(x) for x in numbers]
        self.single: tuple[bool, ...] = ()
        self.again: Again | None = None
        self.checks: dict[Any, Schedule] = {}
        self.factored = False
        self._seeds: dict[int, Any] = {}
        self._colours: dict[tuple[bool, ...], list[Colour]] = {}
        self._formulas: dict[tuple[bool, ...], OnFloats | None] = {}
        self._forms: dict[Form, Compilation] = {}
        self._free: dict[Form, list[Loaded]] = {}

    @property
    def first(self) -> Path:
        """The first path that computes the same."""
        return self._earlier or self

    @first.setter
    def first(self, path: Path) -> None:
        self._earlier = None if path is self else path  # a circle would keep the function until it is collected

    @functools.cached_property
    def in_arrays(self) -> Any:
        """How its result is arranged where arrays are given: with arrays in the place of rectangular lists."""
        from .layouts import with_arrays

        return with_arrays(self.program.structure, self.program.plain)

    def source(self, batched: Batched | str, wanted: tuple[bool, ...]) -> str:
        """The text of the program in one of its forms; ``batched`` is ON_FLOATS for the formula."""
        if not isinstance(batched, str):
            return self._made(batched, wanted).source
        formula = self.formula(wanted)
        return "" if formula is None else formula.source

    def _made(self, batched: Batched, wanted: tuple[bool, ...]) -> Compilation:
        """The program in one of its forms."""
        from .targets.numpy import NUMPY

        key = batched, wanted
        if key not in self._forms:
            self._forms[key] = made = (self.library or NUMPY).make(self.rolled, batched, wanted, self.name)
            self.factored |= made.factored
        return self._forms[key]

    def formula(self, wanted: tuple[bool, ...]) -> OnFloats | None:
        """The program over floats, with the derivatives by the arguments wanted; None where arrays are sooner done."""
        if wanted not in self._formulas:
            from .formulas import if_sooner

            made = None if self.library else if_sooner(self.program, self.rolled, self.single, wanted, self.name)
            self._formulas.setdefault(wanted, made)
        return self._formulas[wanted]

    def take(self, batched: Batched, wanted: tuple[bool, ...], captured: Floats | None = None) -> Loaded:
        """A compiled form with buffers that nobody else is using, with these captured numbers, or those of now."""
        free = self.free(batched, wanted)
        try:
            compiled = free.pop()
        except IndexError:
            made = self._made(batched, wanted)
            compiled = Loaded(made.program, self.rolled, made.tables, free)
        compiled.P[:] = self.read() if captured is None else captured
        return compiled

    def free(self, batched: Batched, wanted: tuple[bool, ...]) -> list[Loaded]:
        """The compiled forms that nobody is using."""
        return self._free.setdefault((batched, wanted), [])

    def seed(self, place: int) -> Any:
        """What asks a program for the derivatives of one number of its result."""
        import numpy as np

        count = len(self.program.outputs)
        if count == 1:
            return 1.0
        if place not in self._seeds:
            self._seeds[place] = np.eye(1, count, place)[0]
        return self._seeds[place]

    def colours(self, wanted: tuple[bool, ...]) -> list[Colour]:
        """The sweeps that find the derivatives of all numbers of the result."""
        from .colours import colours

        if wanted not in self._colours:
            nodes = [self.program.captured_nodes[i] for i in self.rolled.captured_order]
            self._colours[wanted] = colours(self.program, nodes, wanted)
        return self._colours[wanted]

    def schedule(self, batched: Batched, wanted: tuple[bool, ...], differentiated: bool = True) -> Schedule:
        """When a form is compared with the function itself."""
        key = batched, wanted, differentiated
        try:
            return self.checks[key]
        except KeyError:
            made = Schedule(self.program, self.arguments, self.recorded, bool(batched), wanted)
            return self.checks.setdefault(key, made)

    def schedule_on_floats(self, wanted: tuple[bool, ...]) -> Schedule:
        """When its formula is compared with the function itself."""
        key = "floats", wanted
        try:
            return self.checks[key]
        except KeyError:
            return self.checks.setdefault(key, Schedule(self.program, self.arguments, self.recorded, False, wanted))

    def watched(self) -> AbstractContextManager[object]:
        """While its program runs, NumPy raises FloatingPointError where an operation leaves its domain."""
        import numpy as np

        if self.library:
            return nullcontext()
        return np.errstate(over="raise", divide="raise", invalid="raise")

    @property
    def finite(self) -> bool:
        """Whether its program tells the truth about finite numbers only."""
        return self.factored or self.program.hides

    def read(self) -> Floats:
        """The captured numbers of this moment."""
        import numpy as np

        if self.captured:
            up_to_date()
        return np.fromiter([x._number for x in self.captured], float, len(self.captured))


class Loaded:
    """A compiled program with its buffers: P and dP, the captured numbers and the derivatives by them."""

    def __init__(self, program: Callable[..., Any], rolled: Any, tables: list[Any], free: list[Loaded]) -> None:
        import numpy as np

        self.P = np.zeros(rolled.captured.size)
        self.dP = np.zeros(rolled.captured.size)
        self._free = free
        value, gradient, *guards = program(self.P, self.dP, rolled.constant_values, tables)
        self.holds: Callable[..., Any] = guards[0] if guards else always
        self.value: Callable[..., Any] = value
        """The result, whether the branches that were taken are those of the path, and whether nothing else happened
        that only the function itself can answer."""
        self.gradient: Callable[..., Any] = gradient
        """The result, the derivatives by the arguments, and the same two conditions. Those by captured are in dP."""
        if not rolled.guards and not rolled.watched:
            self.value = lambda *inputs: (value(*inputs), True, True)
            self.gradient = lambda *inputs: (*gradient(*inputs), True, True)

    def give_back(self) -> None:
        """Let somebody else use the buffers."""
        self._free.append(self)


def always(*_: Any) -> bool:
    """The guards of a program that has none."""
    return True
