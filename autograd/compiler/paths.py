"""Paths: the ways through a function that were recorded.

A program stands for the function only as long as the comparisons that Python branched on come out the same, and the
operations that raised raise again. Each way through the function is a path (:mod:`.forms`): one recorded program.

NumPy's functions and those of ``math`` differ in the last digit. Where a comparison is that near to a tie, an example
may be computed on the other branch than the function itself would take, if that one is recorded: its value is then
that of the other branch, as it is within rounding of the tie.
"""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

from autograd.modes import ieee_arithmetic, user_level
from autograd.structures import LEAF

from .forms import Path
from .keeping import FAMILY, Families, counter
from .likeness import same
from .static import Fixed
from .surroundings import Surroundings, varying

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .forms import Batched, Form
    from .layouts import Layout
    from .recording import Raised
    from .targets.library import Library

PATHS = 32
"""How many ways through a function are recorded before it runs eagerly."""


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
        self.last: tuple[Path, Batched | str, tuple[bool, ...]] | None = None
        """The program that ran last, and in which form."""
        self.used = next(counter)
        self.gone = False
        self.size = FAMILY
        self.straights: dict[Form, object] = {}
        """The ways through a batch for examples of this arrangement."""

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
        self.layouts: list[Layout] = []
        """How arguments that examples share have been arranged, the latest first."""

    @property
    def last(self) -> tuple[Path, Batched | str, tuple[bool, ...]] | None:
        """The program that ran last, and in which form."""
        found: tuple[Path, Batched | str, tuple[bool, ...]] | None = self.families.last(self.prefix)
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
        from .numbering import program
        from .recording import Raised, Unsupported

        before = list(family.paths)
        if len(before) >= PATHS:
            self.give_up(family, self.too_many(family))
            return None
        outside = self.surroundings.now()
        try:
            names = self.argument_names(len(structures), keys)
            recorded = program(function, self.name, structures, numbers, family.decided, names)
            if any([known.outside == outside and same(known.program, recorded) for known in before]):
                return None
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
        self.keep(path, family, structures)
        return path

    def keep(self, path: Path, family: Family, structures: Sequence[Any]) -> None:
        """One more path, for arguments that are arranged so."""
        from .again import Again

        path.again = Again(self.function, structures, path.arguments)
        if path.signature is not None:
            path.first = next((known for known in family.paths if interchangeable(known, path)), path)
        family.paths.append(path)
        family.captured |= bool(path.captured)
        self.families.grew(family)

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
        from .whole import CONFUSED, KeyedError, advice, answered, may_be_confused, whole_numbers

        refused = None if isinstance(found, Path) else found
        error = None if refused is None else refused.error
        confused: Exception | None = error if isinstance(error, KeyedError) else None
        result = None
        if confused is None:
            try:
                result = run(family.whole)
            except CONFUSED as raised:
                if not whole_numbers(leaves) - family.whole or not may_be_confused(raised):
                    raise
                confused = raised
        if confused is not None:
            used, result = answered(run, family.whole, whole_numbers(leaves) - family.whole, confused)
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
        family.paths[:] = []  # nobody runs them any more
        self.families.grew(family)
        warnings.warn(f"jit: {self.name} runs eagerly from now on: {reason}", RuntimeWarning, stacklevel=user_level())


def interchangeable(known: Path, path: Path) -> bool:
    """Whether two paths compute the same, up to their guards."""
    return known.signature == path.signature and known.outside == path.outside
