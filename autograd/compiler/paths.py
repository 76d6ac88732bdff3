"""Paths: the ways through a function that were recorded, with their compiled programs.

A program stands for the function only as long as the comparisons that Python branched on come out the same. Each way
through the function is a path: one recorded program, rolled, and compiled in the forms that were asked for (for one
example or for a batch, by which arguments the derivative is wanted). A compiled form owns its buffers; a path keeps
those that nobody is using.

NumPy's functions and those of ``math`` differ in the last digit. Where a comparison is that near to a tie, an example
may be computed on the other branch than the function itself would take, if that one is recorded: its value is then
that of the other branch, as it is within rounding of the tie.
"""

from __future__ import annotations

import functools
import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import graph
from autograd.structures import flatten
from autograd.value import Value, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import numpy as np

    from .backends import Library
    from .recording import Program

    Floats = np.ndarray[Any, np.dtype[np.float64]]

PATHS = 32
"""How many ways through a function are recorded before it runs eagerly."""


class Path:
    """One way through a function, recorded: its program, and the compiled forms of it that were asked for."""

    def __init__(
        self,
        program: Program,
        numbers: Sequence[Sequence[float]],
        library: Library | None,
        record: Callable[[Sequence[Sequence[float]]], Program],
    ) -> None:
        import numpy as np

        from .rolling import Rolled

        self.rolled = Rolled(program)
        self.program = program
        self.library = library
        """What it runs on; None for NumPy, where a result that is not finite is left to the function itself."""
        self.record = record
        """Records the function again, at other numbers."""
        self.signature = program.signature() if program.guards else None
        self.first = self
        """The first path that computes the same: this one, or an earlier one with other guards."""
        self.steady = steady(program)
        """Whether its guards depend on nothing but the arguments, so that an example takes it always or never."""
        self.captured = tuple([program.captured[i] for i in self.rolled.captured_order])
        self.recorded = np.array([value._number for value in self.captured])
        self.arguments = [list(x) for x in numbers]
        """The numbers of the arguments that it was recorded with."""
        self.unchecked = {"replay", *["captured"] * bool(self.captured), *["arguments"] * any(map(len, numbers))}
        """What was not compared with the function itself yet: a run, one with other captured numbers, one with other
        arguments."""
        self._sources: dict[Any, tuple[str, Any, Callable[..., Any]]] = {}
        self._free: dict[Any, list[Compiled]] = {}

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

    def watched(self) -> AbstractContextManager[object]:
        """While its program runs, NumPy raises FloatingPointError where an operation leaves its domain."""
        import numpy as np

        if self.library:
            return nullcontext()
        return np.errstate(over="raise", divide="raise", invalid="raise")

    def settled(self, captured: Floats) -> bool:
        """Whether no check is left that a replay with these captured numbers could be."""
        import numpy as np

        left = self.unchecked
        return not left or (left == {"captured"} and np.array_equal(captured, self.recorded))

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
    first, second = (listed(x, [*x.outputs, *[node for node, _, _ in x.guards]]) for x in (one, other))
    return bool(first == second)


def parted(one: Program, other: Program) -> bool:
    """Whether two recordings are the same up to a comparison that came out differently."""
    for k, (x, y) in enumerate(zip(outcomes(one), outcomes(other), strict=False), 1):
        if x != y:
            first, second = (listed(each, [node for node, _, _ in each.guards[:k]]) for each in (one, other))
            return bool(first == second)
    return False


class Compiled:
    """A compiled program with its buffers: P and dP, the captured numbers and the derivatives by them."""

    def __init__(self, program: Callable[..., Any], rolled: Any, gathers: list[Any], free: list[Compiled]) -> None:
        import numpy as np

        self.P = np.zeros(rolled.captured.size)
        self.dP = np.zeros(rolled.captured.size)
        self._free = free
        self.value, self.gradient, *guards = program(self.P, self.dP, rolled.constant_values, gathers)
        self.holds: Callable[..., Any] = guards[0] if guards else always

    def give_back(self) -> None:
        """Let somebody else use the buffers."""
        self._free.append(self)


def always(*_: Any) -> bool:
    """The guards of a program that has none."""
    return True


class Replay(NamedTuple):
    """What a program returned for some arguments, and the function itself at the same."""

    arguments: list[list[float]]
    outputs: list[float]
    again: Callable[[], Any]


class Family:
    """The recorded paths for arguments of one arrangement."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.eager = False


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
        self.last: tuple[Path, bool, tuple[bool, ...]] | None = None
        """The program that ran last, and in which form."""

    def family(self, key: Any) -> Family:
        """The paths for arguments of one arrangement."""
        return self.families.setdefault(key, Family())

    def record(
        self,
        function: Callable[..., Any],
        structures: Sequence[Any],
        numbers: Any,
        family: Family,
        keys: Sequence[str] = (),
    ) -> Path | None:
        """Record one more path; None where that cannot be, and the function has to run eagerly.

        That is from now on, or only this time: where a path that is known comes out again, although its program finds
        that its guards do not hold, since the example is at a tie.
        """
        from .recording import Unsupported, program

        if len(family.paths) == PATHS:
            where = family.paths[-1].program.guards[-1][2]
            self.give_up(family, f"it takes more than {PATHS} ways{where}; where() and maximum() need no branch")
            return None
        try:
            record = functools.partial(program, function, self.name, structures)
            recorded = record(numbers)
            if any([same(known.program, recorded) for known in family.paths]):
                return None
            recorded.input_names = self.argument_names(len(structures), keys)
            path = Path(recorded, numbers, self.library, record)
        except Unsupported as reason:
            self.give_up(family, str(reason))
            return None
        if path.signature is not None:
            path.first = next((known for known in family.paths if known.signature == path.signature), path)
        family.paths.append(path)
        return path

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

    def give_up(self, family: Family, reason: str) -> None:
        """Run eagerly from now on, and say why."""
        family.eager = True
        warnings.warn(f"jit: {self.name} runs eagerly from now on: {reason}", RuntimeWarning, stacklevel=5)

    def check(self, path: Path, captured: Floats, replays: Sequence[Replay]) -> None:
        """Compare replays with the function itself, if they have something new; RuntimeError where they differ.

        New is the first run of a path, the first with other captured numbers than those it was recorded with, and the
        first with other arguments: what was taken out of the graph when it was recorded, and is frozen, shows then.
        """
        import numpy as np

        new = {"replay"}
        if "captured" in path.unchecked and not np.array_equal(captured, path.recorded):
            new.add("captured")
        if "arguments" in path.unchecked and any([replay.arguments != path.arguments for replay in replays]):
            new.add("arguments")
        if new.isdisjoint(path.unchecked) or not np.isfinite([replay.outputs for replay in replays]).all():
            return
        from .recording import undisturbed

        try:
            with undisturbed():
                for replay in replays:
                    self._compare(path, replay)
        except (ArithmeticError, ValueError):  # on the way to a result that is finite elsewhere, as 1/(1 + inf)
            if path.library is None:
                raise
        else:
            path.unchecked -= new

    def _compare(self, path: Path, replay: Replay) -> None:
        """RuntimeError unless the function itself returns what its program did, or only rounding is between them."""
        outputs = replay.outputs
        found, structure = flatten(replay.again(), f"jit: the result of {self.name}")
        if repr(structure) == repr(path.program.structure):
            results = [number(x) for x in found]
            roots = [x for x in found if isinstance(x, Value)]
            size = max([abs(x._number) for x in graph.order(*roots) if abs(x._number) < float("inf")], default=0.0)
            if all([alike(x, y, size) for x, y in zip(results, outputs, strict=True)]):
                return
        if self._rounding(path, replay):
            return
        raise RuntimeError(
            f"jit: {self.name} was expected to return {outputs!r}, as its program does, but returned "
            f"{[number(x) for x in found]!r} when it was run again: it depends on more than its arguments and "
            "the Values that it uses, such as .data or item() of a Value, random numbers, or the time"
        )

    def _rounding(self, path: Path, replay: Replay) -> bool:
        """Whether a difference is one of rounding, which the function amplifies: it is the program that it was.

        Recorded again at these arguments it has to be the same, up to a comparison that came out differently if there
        is one, and to differ from the array program as well.
        """
        from .recording import Unsupported

        try:
            recorded = path.record(replay.arguments)
        except (TypeError, Unsupported):
            return False
        if parted(path.program, recorded):
            return True
        size = max([abs(x) for x in recorded.data if abs(x) < float("inf")], default=0.0)
        results = [recorded.data[node] for node in recorded.outputs]
        return same(path.program, recorded) and not all(
            [alike(x, y, size) for x, y in zip(results, replay.outputs, strict=True)]
        )


def alike(x: float, y: float, size: float) -> bool:
    """Equal up to rounding, in a computation with numbers of this size."""
    return x == y or (x != x and y != y) or abs(x - y) <= 1e-9 * max(abs(x), abs(y)) + 1e-12 * size
