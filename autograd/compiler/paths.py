"""Paths: the ways through a function that were recorded, with their compiled programs.

A program stands for the function only as long as the comparisons that Python branched on come out the same, and the
operations that raised raise again. Each way through the function is a path: one recorded program, rolled, and compiled
in the forms that were asked for (for one example or for a batch, by which arguments the derivative is wanted). A
compiled form owns its buffers; a path keeps those that nobody is using.

NumPy's functions and those of ``math`` differ in the last digit. Where a comparison is that near to a tie, an example
may be computed on the other branch than the function itself would take, if that one is recorded: its value is then
that of the other branch, as it is within rounding of the tie.
"""

from __future__ import annotations

import functools
import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from autograd.modes import ieee_arithmetic, user_level
from autograd.structures import LEAF

from .keeping import FAMILY, Families, counter, weight
from .likeness import same, steady
from .static import Fixed
from .surroundings import Surroundings, varying

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import numpy as np

    from .formulas import Formula
    from .recording import Raised
    from .scalars import Program
    from .schedules import Schedule
    from .targets.library import Library
    from .targets.target import Made

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Form = tuple[bool, tuple[bool, ...]]
    """Whether a program is for a batch, and by which arguments the derivative is wanted."""

PATHS = 32
"""How many ways through a function are recorded before it runs eagerly."""

TRIES = 4
"""How often a path that does not do is recorded again, in case that the function goes another way."""


class Path:
    """One way through a function, recorded: its program, and the compiled forms of it that were asked for."""

    def __init__(
        self, program: Program, numbers: Sequence[Sequence[float]], library: Library | None, outside: Any, name: str
    ) -> None:
        import numpy as np

        from .rolling import roll

        self.rolled = roll(program)
        self.program = program
        self.name = name
        """What the function is called."""
        self.size = weight(program, len(self.rolled.statements))
        """How many bytes it takes, about."""
        self.library = library
        """What it runs on; None for NumPy, where a result that is not finite is left to the function itself."""
        self.outside = outside
        """The plain numbers around the function with which it was recorded."""
        self.signature = program.signature() if program.guards else None
        self.first = self
        """The first path that computes the same: this one, or an earlier one with other guards."""
        self.steady = steady(program)
        """Whether its guards depend on nothing but the arguments, so that an example takes it always or never."""
        self.tries = TRIES
        """How often it may still be recorded again where it does not do."""
        self.captured = tuple([program.captured[i] for i in self.rolled.captured_order])
        self.recorded = np.array([value._number for value in self.captured])
        self.arguments = [list(x) for x in numbers]
        """The numbers of the arguments that it was recorded with."""
        self.checks: dict[Any, Schedule] = {}
        """When each of its forms is compared with the function itself."""
        self.factored = False
        """Whether its program moves a factor past a sum, as it may where that is finite."""
        self.single: tuple[bool, ...] = ()
        """Which arguments are single numbers."""
        self._formulas: dict[tuple[bool, ...], Formula | None] = {}
        self._forms: dict[Form, Made] = {}
        self._free: dict[Form, list[Compiled]] = {}

    def source(self, batched: bool, wanted: tuple[bool, ...]) -> str:
        """The text of the program in one of its forms."""
        return self._made(batched, wanted).source

    def _made(self, batched: bool, wanted: tuple[bool, ...]) -> Made:
        """The program in one of its forms."""
        from .targets.numpy import NUMPY

        key = batched, wanted
        if key not in self._forms:
            self._forms[key] = made = (self.library or NUMPY).make(self.rolled, batched, wanted, self.name)
            self.factored |= made.factored
        return self._forms[key]

    def formula(self, wanted: tuple[bool, ...]) -> Formula | None:
        """The program over floats, with the derivatives by the arguments wanted; None where arrays are sooner done."""
        if wanted not in self._formulas:
            from .formulas import chosen

            made = None if self.library else chosen(self.program, self.rolled, self.single, wanted, self.name)
            self._formulas.setdefault(wanted, made)
        return self._formulas[wanted]

    def take(self, batched: bool, wanted: tuple[bool, ...], captured: Floats | None = None) -> Compiled:
        """A compiled form with buffers that nobody else is using, with these captured numbers, or those of now."""
        free = self.free(batched, wanted)
        try:
            compiled = free.pop()
        except IndexError:
            made = self._made(batched, wanted)
            compiled = Compiled(made.program, self.rolled, made.tables, free)
        compiled.P[:] = self.read() if captured is None else captured
        return compiled

    def free(self, batched: bool, wanted: tuple[bool, ...]) -> list[Compiled]:
        """The compiled forms that nobody is using."""
        return self._free.setdefault((batched, wanted), [])

    def schedule(self, batched: bool, wanted: tuple[bool, ...], differentiated: bool = True) -> Schedule:
        """When a form is compared with the function itself."""
        from .schedules import Schedule

        key = batched, wanted, differentiated
        try:
            return self.checks[key]
        except KeyError:
            made = Schedule(self.program, self.arguments, self.recorded, batched, wanted)
            return self.checks.setdefault(key, made)

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

        return np.fromiter([x._number for x in self.captured], float, len(self.captured))


class Compiled:
    """A compiled program with its buffers: P and dP, the captured numbers and the derivatives by them."""

    def __init__(self, program: Callable[..., Any], rolled: Any, tables: list[Any], free: list[Compiled]) -> None:
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


class Family:
    """The recorded paths for arguments of one arrangement."""

    def __init__(self, key: Any = None) -> None:
        self.key = key
        self.paths: list[Path] = []
        self.eager = False
        self.captured = False
        """Whether one of the paths uses Values that it is not given."""
        self.raw = False
        """Whether the function changes what it is given, so that it has to be given the very things."""
        self.decided = False
        """Whether the outcomes of comparisons are bools while the function is recorded."""
        self.whole: frozenset[int] = frozenset()
        """The arguments that are used as whole numbers: where the function runs eagerly it gets them as they are."""
        self.last: tuple[Path, bool, tuple[bool, ...]] | None = None
        """The program that ran last, and in which form."""
        self.used = next(counter)
        self.gone = False
        self.size = FAMILY

    def measure(self) -> None:
        """See how large it is now."""
        paths = {*self.paths}
        if self.last is not None:
            paths.add(self.last[0])
        self.size = FAMILY + sum([path.size for path in paths])


class Paths:
    """A function and all that was recorded of it: for each arrangement of arguments, the ways through it."""

    def __init__(self, function: Callable[..., Any], xp: str | Library = "numpy") -> None:
        if not callable(function):
            raise TypeError(f"jit: expected a function, got {type(function).__name__}")
        functools.update_wrapper(self, function)  # type: ignore[arg-type]
        self.function = function
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self.xp = xp
        self.library: Library | None = None
        """What its programs run on; None for NumPy."""
        if not isinstance(xp, str):
            self.library = xp
        elif xp != "numpy":
            from .targets.choosing import library

            self.library = library(xp)
        self.families = Families(Family)
        self.prefix: tuple[Any, ...] = ()
        """With what the keys of its families begin: the object of a method, the values of static arguments."""
        self.surroundings = Surroundings(function)

    @property
    def last(self) -> tuple[Path, bool, tuple[bool, ...]] | None:
        """The program that ran last, and in which form."""
        found: tuple[Path, bool, tuple[bool, ...]] | None = self.families.last(self.prefix)
        return found

    def place(self, i: int) -> int:
        """Where the i-th argument of a program stands in a call."""
        return self.function.place(i) if isinstance(self.function, Fixed) else i

    def family(self, key: Any) -> Family:
        """The paths for arguments of one arrangement, and for one answer to operations outside their domain."""
        return self.families.of((self.prefix, key, ieee_arithmetic.get()))

    def record(
        self,
        function: Callable[..., Any],
        structures: Sequence[Any],
        numbers: Any,
        family: Family,
        keys: Sequence[str] = (),
    ) -> Path | Raised | None:
        """Record one more path; None where that cannot be, and the function has to run eagerly.

        That is from now on, or only this time: where a path that is known comes out again, although its program finds
        that its guards do not hold, since the example is at a tie. If the function raises while it is recorded, what
        it raised: it has to run eagerly then as well, and to raise that (:meth:`eagerly`).
        """
        from .recording import Raised, Unsupported
        from .scalars import program

        before = list(family.paths)
        if len(before) >= PATHS:
            self.give_up(family, self.too_many(family))
            return None
        outside = self.surroundings.now()
        try:
            recorded = program(function, self.name, structures, numbers, family.decided)
            if any([known.outside == outside and same(known.program, recorded) for known in before]):
                return None
            recorded.input_names = self.argument_names(len(structures), keys)
            path = Path(recorded, numbers, self.library, outside, self.name)
            path.single = tuple([structure == LEAF for structure in structures])
        except Unsupported as reason:
            family.raw = reason.raw
            self.give_up(family, str(reason))
            return None
        except Raised as raised:
            return raised
        for known in family.paths:  # by another thread, meanwhile
            if known not in before and known.outside == outside and same(known.program, recorded):
                return known
        if path.signature is not None:
            path.first = next((known for known in family.paths if alike(known, path)), path)
        family.paths.append(path)
        family.captured |= bool(path.captured)
        self.families.grew(family)
        return path

    def eagerly(
        self,
        family: Family,
        run: Callable[[frozenset[int]], Any],
        found: Path | Raised | None = None,
        leaves: Sequence[Sequence[Any]] = (),
        keys: Sequence[str] = (),
    ) -> Any:
        """What the function itself returns or raises; if it raised only while it was recorded, it is left alone.

        ``run`` calls it, with the whole numbers of some arguments as they are: of those that need it. ``leaves`` are
        the numbers of the arguments, those at the end being keywords.
        """
        from .whole import CONFUSED, KeyedError, advice, answered, may_be_confused, places

        refused = None if isinstance(found, Path) else found
        error = None if refused is None else refused.error
        confused: Exception | None = error if isinstance(error, KeyedError) else None
        result = None
        if confused is None:
            try:
                result = run(family.whole)
            except CONFUSED as raised:
                if not places(leaves) - family.whole or not may_be_confused(raised):
                    raise
                confused = raised
        if confused is not None:
            used, result = answered(run, family.whole, places(leaves) - family.whole, confused)
            family.whole |= used
            names = self.arguments(len(leaves), keys)
            self.give_up(family, advice({self.place(i): names[i] for i in sorted(used)}, confused))
            return result
        if refused is not None and not family.eager:
            self.give_up(
                family,
                f"while it is recorded it raises {type(error).__name__} ({error}){refused.line}, and otherwise it does "
                "not; write it with Values and autograd's functions throughout",
            )
        return result

    def drop(self, path: Path) -> None:
        """Forget a path, and those that were taken for the same."""
        for family in list(self.families.values()):
            family.paths[:] = [known for known in family.paths if path not in (known, known.first)]

    def argument_names(self, count: int, keys: Sequence[str]) -> list[str]:
        """What the arguments are called in the text of a program; "" where they have no name that can stand there."""
        from .naming import stem

        return [stem([name]) for name in self.arguments(count, keys)]

    def arguments(self, count: int, keys: Sequence[str]) -> list[str]:
        """What the arguments are called, those at the end being keywords; "" where that cannot be told."""
        from inspect import Parameter, signature

        try:
            parameters = signature(self.function).parameters.values()
        except (TypeError, ValueError):  # a function that does not tell
            parameters = {}.values()
        positional = [
            x.name for x in parameters if x.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        ]
        return [*positional[: count - len(keys)], *[""] * (count - len(keys) - len(positional)), *keys]

    def too_many(self, family: Family) -> str:
        """Why a function has so many paths, and the way out."""
        name = varying([path.outside for path in family.paths])
        if name:
            return (
                f"it takes more than {PATHS} ways, one for each value of the plain number {name} around it; "
                "pass it as an argument, or make it a Value"
            )
        lines = [line for _, _, line in family.paths[-1].program.guards if line]
        return (
            f"it takes more than {PATHS} ways{lines[-1] if lines else ''}; where() and maximum() need no branch, "
            "nor do autograd.max, softmax, logsumexp and sort in the place of max() and sorted()"
        )

    def give_up(self, family: Family, reason: str) -> None:
        """Run eagerly from now on, and say why."""
        if family.eager:  # another thread was the first to say so
            return
        family.eager = True
        family.paths = []  # nobody runs them any more
        self.families.grew(family)
        warnings.warn(f"jit: {self.name} runs eagerly from now on: {reason}", RuntimeWarning, stacklevel=user_level())


def alike(known: Path, path: Path) -> bool:
    """Whether two paths compute the same, up to their guards."""
    return known.signature == path.signature and known.outside == path.outside
