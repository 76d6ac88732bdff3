"""Divided: examples by the paths that they take, each part run by its program, and what none answers eagerly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from autograd.recorder import recorder

from . import selfcheck
from .columns import Columns, frozen
from .forms import Path

if TYPE_CHECKING:
    import numpy as np

    from .recording import Raised
    from .straight import Index

    Floats = np.ndarray[Any, np.dtype[np.float64]]

T = TypeVar("T")
Run = Callable[[Path, "Index", bool], "T | Unanswered"]
"""What runs a path for some examples; whether the branches that it took are to be looked at as well."""


class Unanswered(NamedTuple):
    """That a program has no answer for some examples: ``failing`` says which; None if that is not known."""

    failing: Any = None


class Divided(Columns):
    """Examples that are divided among the paths of their function."""

    def partition(self, index: Index = None, trusting: bool = True) -> list[tuple[Path | None, Index]]:
        """Some examples by the path they take, each recorded if it is new; without a path, they have to run eagerly.

        ``trusting``: where only one path is known they are all taken for it. That its guards hold is seen when it runs.
        """
        import numpy as np

        if self.given:
            for (i, j, k), x in self.given.items():
                self.rows[i][j, k] = x._number
        family = self.family
        if self.family.eager or recorder.get() is not None:
            return [(None, index)]
        paths = self.paths()
        if paths and ((trusting and len(paths) == 1) or not paths[0].program.guards):
            return [(paths[0], index)]
        left = np.arange(self.count) if index is None else index
        found: dict[Path | None, list[Any]] = {}
        known = 0
        made: Path | Raised | None = None
        while len(left):
            new = known == len(paths)
            if new:
                made = self.record(int(left[0]))
                if not isinstance(made, Path):
                    self.raised(int(left[0]), made)
                if family.eager:
                    found.setdefault(None, []).append(left)
                    break
                paths = self.paths()
            holds = np.zeros(len(left), bool)
            if known < len(paths):
                holds = self._holds(paths[known], left)
                if holds.any():
                    found.setdefault(paths[known].first, []).append(left[holds])
                known += 1
            rest = ~holds
            if new and rest[0]:  # at a tie, where not even its own path holds for it; or the function raises
                tied = left == left[0]
                found.setdefault(None, []).append(left[tied & rest])
                rest &= ~tied
            left = left[rest]
        if len(found) == 1:
            return [(path, index) for path in found]
        return [(path, np.concatenate(parts)) for path, parts in found.items()]

    def paths(self) -> list[Path]:
        """The paths with the plain numbers of now around the function."""
        outside = self.jitted.surroundings.now()
        return [path for path in self.family.paths if path.outside == outside]

    def raised(self, example: int, made: Path | Raised | None) -> None:
        """If the function raised while an example was recorded, see whether it does so otherwise: it raises here."""
        if made is not None and not isinstance(made, Path):
            self.jitted.eagerly(
                self.family, lambda plainly: self.example(example, plainly=plainly), made, self.leaves(example)
            )

    def solved(self, run: Run[T], index: Index = None) -> list[tuple[Path | None, Index, T | None]]:
        """Some examples in parts, each with its path and what ``run(path, part)`` gave; eager ones have neither.

        Where a program has no answer for some of the examples, only these take another path, or run eagerly.
        """
        return selfcheck.settled(self.family, lambda: self._frozen(run, index))

    def _frozen(self, run: Run[T], index: Index) -> list[tuple[Path | None, Index, T | None]]:
        """The same, with a place for captured numbers that stand still."""
        known = self.family.paths
        token = frozen.set(None if known and (len(known) == 1 or all([path.steady for path in known])) else {})
        try:
            return self._divided(run, index)
        finally:
            frozen.reset(token)

    def _divided(self, run: Run[T], index: Index) -> list[tuple[Path | None, Index, T | None]]:
        """The same, while captured numbers stand still where they decide which way an example takes."""
        parts = self.partition(index)
        path, part = parts[0]
        if path is not None and (len(self.family.paths) == 1 or len(self.paths()) == 1):
            answer = run(path, part, True)
            if not isinstance(answer, Unanswered):
                return [(path, part, answer)]
            if path.program.guards:  # it was only trusted that they all take this path
                if frozen.get() is None:
                    frozen.set({})
                parts = self.partition(index, trusting=False)
        found: list[tuple[Path | None, Index, T | None]] = []
        for path, part in parts:
            found += [(None, part, None)] if path is None else self._solved(run, path, part, ())
        return found

    def _solved(
        self, run: Run[T], path: Path, index: Index, tried: tuple[Path, ...]
    ) -> list[tuple[Path | None, Index, T | None]]:
        """:meth:`solved` for examples that take a path, where these others do not do."""
        import numpy as np

        answer = run(path, index, False)
        if not isinstance(answer, Unanswered):
            return [(path, index, answer)]
        each = np.arange(self.count) if index is None else index
        failing = answer.failing
        if failing is None and len(each) > 1:  # which they are is found by halving
            half = len(each) // 2
            return [x for part in (each[:half], each[half:]) for x in self._solved(run, path, part, tried)]
        if failing is None or failing.all():
            return self._otherwise(run, each, (*tried, path))
        return [
            *self._solved(run, path, each[~failing], tried),
            *self._otherwise(run, each[failing], (*tried, path)),
        ]

    def _otherwise(self, run: Run[T], index: Any, tried: tuple[Path, ...]) -> list[tuple[Path | None, Index, T | None]]:
        """Examples for which these paths do not do: by other paths, a new one perhaps, or eagerly."""
        found: list[tuple[Path | None, Index, T | None]] = []
        if frozen.get() is None:
            frozen.set({})
        last = tried[-1]
        while len(index) and not self.family.eager:
            for path in self.paths():
                if path not in tried and len(index):
                    holds = self._held(path, index)
                    if holds.any():
                        found += self._solved(run, path, index[holds], tried)
                        index = index[~holds]
            if not len(index) or not last.tries:
                break
            made = self.record(int(index[0]))
            if isinstance(made, Path):
                continue
            last.tries -= 1
            self.raised(int(index[0]), made)
            found.append((None, index[:1], None))
            index = index[1:]
        if len(index):
            found.append((None, index, None))
        return found

    def _holds(self, path: Path, index: Index) -> Any:
        """Which of the examples take this path; found out for all of them at once where that cannot change."""
        if self.given or not path.steady:
            return self._held(path, index)
        if path not in self._steady:
            self._steady[path] = self._held(path, None)
        return self._steady[path] if index is None else self._steady[path].take(index)

    def _held(self, path: Path, index: Index) -> Any:
        """Whether the guards of a path hold, for each of these examples."""
        import numpy as np

        compiled = path.take(self.batched, self.wanted, self.captured(path))
        with np.errstate(all="ignore"):
            holds = compiled.holds(*self.taken(index))
        compiled.give_back()
        return np.broadcast_to(holds, self.length(index))

    def _trouble(self, path: Path, index: Index, captured: Floats, taken: Any, sound: Any) -> Unanswered | None:
        """The examples that take another way, or for which the conditions of the program do not hold, if any."""
        import numpy as np

        n = self.length(index)
        if taken is not True and not np.all(taken):
            return Unanswered(~np.broadcast_to(taken, n))
        if sound is not True and not np.all(sound):
            return Unanswered(~np.broadcast_to(sound, n))
        if path.finite:
            if not np.isfinite(captured).all():
                return Unanswered(np.ones(n, bool))
            failing = self.endless() if index is None else self.endless()[index]
            if failing.any():
                return Unanswered(failing)
        return None
