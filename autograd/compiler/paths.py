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

from autograd.modes import ieee_arithmetic

from .surroundings import Surroundings, varying

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import numpy as np

    from .backends import Library
    from .recording import Raised
    from .scalars import Program
    from .schedules import Schedule

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
        self, program: Program, numbers: Sequence[Sequence[float]], library: Library | None, outside: Any
    ) -> None:
        import numpy as np

        from .rolling import Rolled

        self.rolled = Rolled(program)
        self.program = program
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
        self._sources: dict[Form, tuple[str, Any, Callable[..., Any]]] = {}
        self._free: dict[Form, list[Compiled]] = {}

    def source(self, batched: bool, wanted: tuple[bool, ...]) -> str:
        """The text of the program in one of its forms."""
        return self._source(batched, wanted)[0]

    def _source(self, batched: bool, wanted: tuple[bool, ...]) -> tuple[str, Any, Callable[..., Any]]:
        from .emission import Emitter

        key = batched, wanted
        if key not in self._sources:
            emitter = (self.library.emitter if self.library else Emitter)(self.rolled, batched, wanted)
            source = emitter.source()
            namespace = emitter.namespace
            exec(compile(source, "<jit>", "exec"), namespace)  # noqa: S102 - text of our own making, see emission.py
            program = namespace["program"]
            if self.library:
                program = self.library.hosted(program, self.rolled.constant_values, emitter.gathers)
            self.factored |= emitter.factored or any([writer.body.factored for writer in emitter.writers.values()])
            self._sources[key] = source, emitter.gathers, program
        return self._sources[key]

    def take(self, batched: bool, wanted: tuple[bool, ...], captured: Floats | None = None) -> Compiled:
        """A compiled form with buffers that nobody else is using, with these captured numbers, or those of now."""
        free = self._free.setdefault((batched, wanted), [])
        try:
            compiled = free.pop()
        except IndexError:
            _, gathers, program = self._source(batched, wanted)
            compiled = Compiled(program, self.rolled, gathers, free)
        compiled.P[:] = self.read() if captured is None else captured
        return compiled

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


def steady(program: Program) -> bool:
    """Whether no guard of a program depends on what is captured."""
    reached = {node for node, _, _ in program.guards}
    for node in range(max(reached, default=-1), -1, -1):
        if node in reached:
            reached.update(program.operands[node])
    return reached.isdisjoint(program.captured_nodes)


def listed(program: Program, roots: Sequence[int]) -> Any:
    """What some nodes of a program compute, as it was recorded: equal for two programs if it is the same."""
    reached = set(roots)
    for node in range(max(reached, default=-1), -1, -1):
        if node in reached:
            reached.update(program.operands[node])
    names: dict[int, Any] = {node: (j, k) for j, nodes in enumerate(program.inputs) for k, node in enumerate(nodes)}
    names |= {node: (-1, id(value)) for node, value in zip(program.captured_nodes, program.captured, strict=True)}
    rows: list[Any] = []
    for node in sorted(reached):
        if program.operands[node]:
            names[node] = len(rows)
            rows.append((program.rules[node], tuple([names[x] for x in program.operands[node]])))
        elif node not in names:
            names[node] = repr(program.data[node])
    return rows, [names[node] for node in roots]


def outcomes(program: Program) -> list[bool]:
    """Which way each branch of a program went."""
    return [holds for _, holds, _ in program.guards]


def same(one: Program, other: Program) -> bool:
    """Whether two recordings are the same, guards and their outcomes included."""
    if outcomes(one) != outcomes(other) or repr(one.structure) != repr(other.structure):
        return False
    first, second = (listed(x, [*x.outputs, *x.watched, *[node for node, _, _ in x.guards]]) for x in (one, other))
    return bool(first == second)


class Compiled:
    """A compiled program with its buffers: P and dP, the captured numbers and the derivatives by them."""

    def __init__(self, program: Callable[..., Any], rolled: Any, gathers: list[Any], free: list[Compiled]) -> None:
        import numpy as np

        self.P = np.zeros(rolled.captured.size)
        self.dP = np.zeros(rolled.captured.size)
        self._free = free
        value, gradient, *guards = program(self.P, self.dP, rolled.constant_values, gathers)
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

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.eager = False
        self.raw = False
        """Whether the function changes what it is given, so that it has to be given the very things."""


class Paths:
    """A function and all that was recorded of it: for each arrangement of arguments, the ways through it."""

    def __init__(self, function: Callable[..., Any], library: Library | None = None) -> None:
        if not callable(function):
            raise TypeError(f"jit: expected a function, got {type(function).__name__}")
        functools.update_wrapper(self, function)  # type: ignore[arg-type]
        self.function = function
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self.library = library
        """What its programs run on; None for NumPy."""
        self.families: dict[Any, Family] = {}
        self.surroundings = Surroundings(function)
        self.last: tuple[Path, bool, tuple[bool, ...]] | None = None
        """The program that ran last, and in which form."""

    def family(self, key: Any) -> Family:
        """The paths for arguments of one arrangement, and for one answer to operations outside their domain."""
        return self.families.setdefault((key, ieee_arithmetic.get()), Family())

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
            recorded = program(function, self.name, structures, numbers)
            if any([known.outside == outside and same(known.program, recorded) for known in before]):
                return None
            recorded.input_names = self.argument_names(len(structures), keys)
            path = Path(recorded, numbers, self.library, outside)
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
        return path

    def eagerly(self, family: Family, run: Callable[[], Any], found: Path | Raised | None = None) -> Any:
        """What the function itself returns or raises; if it raised only while it was recorded, it is left alone."""
        result = run()
        if found is not None and not isinstance(found, Path) and not family.eager:
            error = found.error
            self.give_up(
                family,
                f"while it is recorded it raises {type(error).__name__} ({error}){found.line}, and otherwise it does "
                "not; write it with Values and autograd's functions throughout",
            )
        return result

    def drop(self, path: Path) -> None:
        """Forget a path, and those that were taken for the same."""
        for family in self.families.values():
            family.paths[:] = [known for known in family.paths if path not in (known, known.first)]

    def argument_names(self, count: int, keys: Sequence[str]) -> list[str]:
        """What the arguments are called, those at the end being keywords; "" where that is no name for a program."""
        from inspect import Parameter, signature

        from .naming import stem

        try:
            parameters = signature(self.function).parameters.values()
        except (TypeError, ValueError):  # a function that does not tell
            parameters = {}.values()
        positional = [
            x.name for x in parameters if x.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        ]
        wishes = [*positional[: count - len(keys)], *[""] * (count - len(keys) - len(positional)), *keys]
        return [stem([name]) for name in wishes]

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
        warnings.warn(f"jit: {self.name} runs eagerly from now on: {reason}", RuntimeWarning, stacklevel=user_level())


def user_level() -> int:
    """How many frames above the one that asks the user's code is, for a warning."""
    import sys

    from autograd.modes import HOUSE

    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HOUSE):
        level, frame = level + 1, frame.f_back
    return level


def alike(known: Path, path: Path) -> bool:
    """Whether two paths compute the same, up to their guards."""
    return known.signature == path.signature and known.outside == path.outside
