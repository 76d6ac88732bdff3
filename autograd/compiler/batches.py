"""Batches: a jitted function over examples in lockstep, one column for each.

The mean over a batch is one node, C = 1/n sum C_x. Where examples take different paths through the function, the
columns are divided among them. A training loop asks for such means again and again: an :class:`Objective` keeps the
examples and the variables in arrays, and answers in arrays.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextvars import ContextVar
from math import isfinite
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from autograd import graph, nodes
from autograd.operands import is_array
from autograd.recorder import recorder
from autograd.structures import flatten, names, rebuild
from autograd.value import Value, number

from . import means, selfcheck, whole
from .calls import compiled_node, constants, unwrapped
from .means import Means
from .paths import Path
from .straight import Gradient, Straight, squares

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from .paths import Paths
    from .recording import Raised
    from .schedules import Schedule
    from .straight import Index

    Floats = np.ndarray[Any, np.dtype[np.float64]]

T = TypeVar("T")
Run = Callable[[Path, "Index", bool], "T | Unanswered"]
"""What runs a path for some examples; whether the branches that it took are to be looked at as well."""


frozen: ContextVar[dict[int, float] | None] = ContextVar("frozen", default=None)
"""The captured numbers of a call, by the ids of their Values; None as long as each program may read its own."""


def owned(tree: Any) -> Any:
    """The same numbers and Values in lists, tuples, dicts and arrays that nobody else can change."""
    if is_array(tree):
        return tree.copy()
    if isinstance(tree, dict):
        return {key: owned(x) for key, x in tree.items()}
    if not isinstance(tree, (list, tuple)):
        return tree
    kind: Any = type(tree)
    items = [x if type(x) is float else owned(x) for x in tree]
    return kind(*items) if hasattr(tree, "_fields") else kind(items)


def tabled(out: Any, count: int, n: int) -> Floats:
    """The numbers of the results of n examples, a row for each of the numbers, a column for each example."""
    import numpy as np

    if out.ndim < (count > 1) + 1:  # the same for all examples
        out = np.repeat(out[..., None], n, -1)
    table: Floats = out.reshape(count, n)
    return table


def as_index(index: Any, count: int) -> Index:
    """The numbers of some of ``count`` examples as an array; None, for all of them, as it is.

    Raises TypeError unless they are whole numbers, ValueError unless they are in one row, some, and from 0 to count-1.
    """
    import numpy as np

    if index is None:
        return None
    found = np.asarray(index)
    if found.ndim != 1 or not found.size:
        raise ValueError(f"jit: expected a list or an array of example numbers, and some, got {index!r}")
    if found.dtype.kind not in "iu":
        raise TypeError(f"jit: expected example numbers that are int, got an array of {found.dtype}")
    least, most = int(np.minimum.reduce(found)), int(np.maximum.reduce(found))
    if least < 0 or most >= count:
        raise ValueError(f"jit: expected example numbers from 0 to {count - 1}, got {least if least < 0 else most}")
    return found


class Unanswered(NamedTuple):
    """That a program has no answer for some examples: ``failing`` says which; None if that is not known."""

    failing: Any = None


def name_example(error: ArithmeticError | ValueError, j: int) -> None:
    """Say in an exception, which stays the same one, in which example of a batch it was raised."""
    if error.args and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]} (example {j})", *error.args[1:])


class Batch:
    """Examples for a jitted function: for each of its arguments an array, with a column for each example.

    The numbers are taken out of the arguments once, when the batch is made; those of Values each time. The arguments
    themselves are kept, for where the function itself has to run: they must not change (:func:`owned`).
    """

    def __init__(self, jitted: Paths, arguments: Sequence[Any]) -> None:
        self.jitted = jitted
        self.arguments = arguments
        for i, x in enumerate(arguments):
            sequence = hasattr(x, "__getitem__") and hasattr(x, "__len__") and not isinstance(x, (dict, str))
            if not sequence or (is_array(x) and not x.ndim):
                raise TypeError(
                    f"jit: expected a list or an array of examples as argument {jitted.place(i)} of {jitted.name}, "
                    f"got {type(x).__name__}"
                )
        lengths = [len(x) for x in arguments]
        if not lengths or len(set(lengths)) > 1 or not lengths[0]:
            raise ValueError(f"jit: expected arguments of one length, and some examples, got lengths {lengths}")
        self.count = lengths[0]
        self.given: dict[tuple[int, int, int], Value] = {}
        """The Values among the numbers: by argument, example, and place in the example."""
        self._of_mean: dict[int, Floats] = {}
        self.anew = False
        """Whether the programs may stand for something that has changed: one example of each is compared each time."""
        self._endless: Any = None
        """Which of the examples hold an inf or a nan."""
        self._steady: dict[Path, Any] = {}
        self._straight: Straight | None = None
        self.structures: list[Any] = []
        self.rows = [self._rows(i, argument) for i, argument in enumerate(arguments)]
        self.columns = [rows.T for rows in self.rows]
        self.family = jitted.family(("batch", tuple(self.structures)))
        variable = {i for i, _, _ in self.given}
        self.wanted = tuple([i in variable for i in range(len(arguments))])

    def _rows(self, i: int, argument: Any) -> Floats:
        """The numbers of an argument, a row for each example."""
        import numpy as np

        place, name = self.jitted.place(i), self.jitted.name
        first, structure = flatten(argument[0], f"jit: an example of argument {place} of {name}")
        self.structures.append(structure)
        try:
            array = np.asarray(argument)
        except (ValueError, Warning):  # rows of several lengths; NumPy 1.23 warns of them, which may be an error
            array = np.array(None)
        if array.dtype.kind in "fiub" and array.shape[0] == self.count and array.size == self.count * len(first):
            return np.ascontiguousarray(array, np.float64).reshape(self.count, -1)
        rows = np.empty((self.count, len(first)))
        for j, example in enumerate(argument):
            leaves, own = flatten(example, f"jit: example {j} of argument {place} of {name}")
            if own != structure:
                raise ValueError(f"jit: expected examples of one arrangement, but example {j} is unlike example 0")
            rows[j] = [number(x) for x in leaves]
            self.given |= {(i, j, k): x for k, x in enumerate(leaves) if isinstance(x, Value)}
        return rows

    def length(self, index: Index) -> int:
        """How many examples an index selects."""
        return self.count if index is None else len(index)

    def taken(self, index: Index) -> list[Floats]:
        """The columns of some examples."""
        return self.columns if index is None else [rows.take(index, 0).T for rows in self.rows]

    def numbers(self, example: int) -> list[list[float]]:
        """The numbers of one example."""
        return [rows[example].tolist() for rows in self.rows]

    def captured(self, path: Path) -> Floats:
        """The captured numbers of a path, as they are now; where examples are divided, as first read in this call."""
        import numpy as np

        numbers = frozen.get()
        if numbers is None:
            return path.read()
        return np.array([numbers.setdefault(id(x), x._number) for x in path.captured])

    def objective(self, variables: Sequence[Value]) -> Objective:
        """The mean over these examples as a function of variables, for a loop that minimises it."""
        return Objective(self, variables)

    # Where the function itself runs: to be recorded, to be compared with, or because it has to.

    def example(
        self,
        j: int,
        instead: dict[tuple[int, int, int], Value] | None = None,
        plainly: frozenset[int] | None = None,
    ) -> Any:
        """The function itself at one example, with other Values in the place of those that were given.

        The whole numbers of arguments that are used as such are given to it as they are: of ``plainly``, or of those
        that are known. What it raises names the example.
        """
        plainly = self.family.whole if plainly is None else plainly
        examples = [argument[j] for argument in self.arguments]
        if not self.family.raw and recorder.get() is None:
            for i, example in enumerate(examples):
                leaves, structure = flatten(example)
                places = [(i, j, k) for k in range(len(leaves))]
                given = [x if instead is None else instead.get(at, x) for at, x in zip(places, leaves, strict=True)]
                examples[i] = constants(structure, given, i in plainly)
        try:
            return self.jitted.function(*examples)
        except (ArithmeticError, ValueError) as error:
            name_example(error, j)
            raise

    def record(self, example: int) -> Path | Raised | None:
        """Record the path that an example takes; what it raised if it did, None where that cannot be."""
        function = whole.marking(self.jitted.function, self.leaves(example))
        return self.jitted.record(function, self.structures, self.numbers(example), self.family)

    def leaves(self, example: int) -> list[Sequence[Any]]:
        """The numbers of one example as they were given."""
        return [flatten(argument[example])[0] for argument in self.arguments]

    def eager_means(self, index: Index, instead: dict[tuple[int, int, int], Value] | None = None) -> Means:
        """The means of the function's own results."""
        examples = range(self.count) if index is None else index.tolist()
        found = means.of_results([self.example(j, instead) for j in examples], self.jitted.name)
        variable = bool(self.given) or self.family.captured
        return found._replace(numbers=[unwrapped(x, variable) for x in found.numbers])

    def eager_mean(self, index: Index, instead: dict[tuple[int, int, int], Value] | None = None) -> Any:
        """The mean of the loss alone."""
        return self.eager_means(index, instead).loss

    # Where its programs do.

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

    def straight(self, index: Index) -> tuple[Path, Gradient] | None:
        """The path of some examples, their mean and its derivatives, where all is as it was before; else None."""
        straight = self._straight
        gradient = None if straight is None else straight.gradient(self, index)
        return None if straight is None or gradient is None else (straight.path, gradient)

    def gradients(self, index: Index) -> list[tuple[Path | None, Index, Gradient | None]]:
        """The mean over some examples and its derivatives in parts, as :meth:`solved` has them."""
        found = self.solved(self.replay, index)
        path = found[0][0]
        if self._straight is None and len(found) == 1 and path is not None and self.is_straight(path):
            self._straight = Straight(self, self.family, path)
        return found

    def is_straight(self, path: Path) -> bool:
        """Whether this is the only path, and no number stands in the way of taking it again without much asking."""
        if len(self.family.paths) > 1 or self.given or path.library or len(path.program.outputs) > 1:
            return False
        return not path.finite or not self.endless().any()

    def endless(self) -> Any:
        """Which of the examples hold an inf or a nan."""
        import numpy as np

        if self._endless is None or self.given:
            self._endless = ~np.all([np.isfinite(rows).all(1) for rows in self.rows], axis=0)
        return self._endless

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

        compiled = path.take(True, self.wanted, self.captured(path))
        with np.errstate(all="ignore"):
            holds = compiled.holds(*self.taken(index))
        compiled.give_back()
        return np.broadcast_to(holds, self.length(index))

    def replay(self, path: Path, index: Index, alone: bool) -> Gradient | Unanswered:
        """The mean over some examples, and its derivatives by what is captured and by the arguments that are wanted."""
        import numpy as np

        place = self.place_of_loss(path)
        n, count = self.length(index), len(path.program.outputs)
        shares = self.shares(n) if count == 1 else self.shares_of(n, count, place)
        captured = self.captured(path)
        compiled = path.take(True, self.wanted, captured)
        self.jitted.families.ran(self.family, path, True, self.wanted)
        try:
            with path.watched():
                out, by_inputs, taken, sound = compiled.gradient(*self.taken(index), shares)
                beside = [] if count == 1 else (np.add.reduce(tabled(out, count, n), 1) / n).tolist()
                mean = beside[place] if beside else float(np.add.reduce(out) / n if out.ndim else out)
                by_captured = compiled.dP.copy()
                size = 0.0 if path.library else sum(map(squares, by_inputs), squares(by_captured))
        except FloatingPointError:
            return Unanswered()
        finally:
            compiled.give_back()
        if taken is not True or sound is not True or path.finite:
            trouble = self._trouble(path, index, captured, taken if alone else True, sound)
            if trouble is not None:
                return trouble
        if not path.library and (mean - mean != 0.0 or not all(map(isfinite, beside))):
            return Unanswered(~np.isfinite(tabled(out, count, n)).all(0))
        if size - size != 0.0 and not all([np.isfinite(x).all() for x in (by_captured, *by_inputs)]):
            return Unanswered()
        when = path.schedule(True, self.wanted)
        if when.due(captured, None):
            self._check(path, index, captured, tabled(out, count, n), when, differentiated=True)
        return Gradient(mean, by_captured, by_inputs, beside)

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

    def shares(self, n: int) -> Floats:
        """1/n for each of n examples: what the mean gives each of them of its gradient."""
        import numpy as np

        if n not in self._of_mean:
            self._of_mean[n] = np.full(n, 1.0 / n)
        return self._of_mean[n]

    def shares_of(self, n: int, count: int, place: int) -> Floats:
        """The same where there are plain numbers beside the loss: a row for each number, 0 but for the loss."""
        import numpy as np

        return np.outer(np.arange(count) == place, self.shares(n))

    def _check(
        self, path: Path, index: Index, captured: Floats, outputs: Floats, when: Schedule, differentiated: bool
    ) -> None:
        """Compare a replay with the function itself: its first, its last and a random example."""
        import numpy as np

        n = self.length(index)
        columns = sorted({0, n - 1, random.Random(when.runs).randrange(n)})
        places = [self.place(index, c) for c in columns]
        trials = [
            selfcheck.Trial(self.numbers(j), outputs[:, c].tolist()) for c, j in zip(columns, places, strict=True)
        ]

        def derivative(cotangents: list[list[float]]) -> float:
            compiled = path.take(True, self.wanted, captured)
            try:
                seeds = np.array(cotangents).T if outputs.shape[0] > 1 else np.array([c for (c,) in cotangents])
                with np.errstate(all="ignore"):
                    _, by_inputs, _, _ = compiled.gradient(*self.taken(np.array(places)), seeds)
                wanted = [d for d, is_wanted in zip(when.by_inputs, self.wanted, strict=True) if is_wanted]
                sums = [float(x.sum(-1) @ d) for x, d in zip(by_inputs, wanted, strict=True)]
                return float(compiled.dP @ when.direction) + sum(sums)
            finally:
                compiled.give_back()

        self.update()
        if selfcheck.compare(
            self.jitted, path, trials, when, captured, self.structures, self.jitted.function,
            derivative if differentiated else None,
        ):  # fmt: skip
            when.compared(captured, None, len(path.rolled.statements), n)

    def place(self, index: Index, column: int) -> int:
        """The number of the example in this column."""
        return column if index is None else int(index[column])

    def update(self) -> None:
        """Bring the Values up to date, before the function itself runs."""

    def mean(self, index: Index = None) -> Any:
        """The mean over some examples as one node, or one for each path that they take; a number without variables.

        ``index`` holds the numbers of the examples; None for all of them. Raises as :func:`as_index`.
        """
        index = as_index(index, self.count)
        return self.means(index).arranged()

    def means(self, index: Index = None) -> Means:
        """The same, apart: the mean of the loss, and those of the plain numbers that the function returns beside it."""
        straight = self.straight(index)
        if straight is not None:
            return self._means(straight[0], index, straight[1])
        found = self.gradients(index)
        n = self.length(index)
        parts = [self._means(path, part, gradient) for path, part, gradient in found]
        return means.together(parts, [self.length(part) / n for _, part, _ in found], self.jitted.name)

    def _means(self, path: Path | None, index: Index, found: Gradient | None) -> Means:
        """The means over examples that take one path."""
        if path is None or found is None:
            return self.eager_means(index)
        mean, by_captured, by_inputs, beside = found
        place = self.place_of_loss(path)
        parents, partials = path.captured, tuple(by_captured.tolist())
        given: dict[tuple[int, int, int], Value] = {}
        if self.given:
            column = {j: c for c, j in enumerate(range(self.count) if index is None else index.tolist())}
            derivatives = dict(zip([i for i, wanted in enumerate(self.wanted) if wanted], by_inputs, strict=True))
            given = {at: x for at, x in self.given.items() if at[1] in column}
            parents += tuple(given.values())
            partials += tuple([float(derivatives[i][k, column[j]]) for i, j, k in given])
        loss: Any = mean
        plain = place in path.program.plain
        if parents and not plain:

            def again(seen: Sequence[Value]) -> Value:
                return nodes.as_value(self.eager_mean(index, dict(zip(given, seen, strict=True))))

            loss = compiled_node(self.jitted.name, mean, parents, partials, again, tuple(given.values()))
        numbers = [loss if k == place else x for k, x in enumerate(beside or [mean])]
        return Means(numbers, None if plain and beside else place, path.program.structure)

    def place_of_loss(self, path: Path) -> int:
        """Which number of the result is the loss: the one that is not plain, on this path or on another."""
        found = means.place_of_loss(path.program, self.jitted.name)
        others = () if found is not None else [x.program for x in self.family.paths if x.program is not path.program]
        places = [place for place in [found, *[means.place_of_loss(x, self.jitted.name) for x in others]] if place]
        return places[0] if places else 0

    def map(self) -> Any:
        """The results of all examples as arrays, example i along the first axis."""
        import numpy as np

        structures: list[Any] = []
        table = np.empty((0, self.count))
        parts = [(index, found or self._eager_values(index)) for _, index, found in self.solved(self._values)]
        for index, (structure, values) in parts:
            if not structures:
                table = np.empty((len(values), self.count))
            structures.append(structure)
            if structure != structures[0]:
                raise TypeError(
                    f"jit: expected results of one arrangement for map, got {names(structures[0], 'result')[:4]} for "
                    f"some examples and {names(structure, 'result')[:4]} for others"
                )
            table[:, slice(None) if index is None else index] = values
        return rebuild(structures[0], [*table])

    def _values(self, path: Path, index: Index, alone: bool) -> tuple[Any, Floats] | Unanswered:
        """The results of some examples, a column for each."""
        import numpy as np

        count, n = len(path.program.outputs), self.length(index)
        captured = self.captured(path)
        compiled = path.take(True, self.wanted, captured)
        self.jitted.families.ran(self.family, path, True, self.wanted)
        try:
            with path.watched():
                out, taken, sound = compiled.value(*self.taken(index))
                out = np.asarray(out)
        except FloatingPointError:
            return Unanswered()
        finally:
            compiled.give_back()
        trouble = self._trouble(path, index, captured, taken if alone else True, sound)
        if trouble is not None:
            return trouble
        out = tabled(out, count, n)
        if not path.library and not np.isfinite(out).all():
            return Unanswered(~np.isfinite(out).all(0))
        when = path.schedule(True, self.wanted, False)
        if when.due(captured, None):
            self._check(path, index, captured, out, when, differentiated=False)
        if self.anew:
            column = random.randrange(n)
            j = self.place(index, column)
            trial = selfcheck.Trial(self.numbers(j), out[:, column].tolist())
            selfcheck.still(self.jitted, path, trial, captured, self.structures, self.jitted.function)
        return path.program.structure, out

    def _eager_values(self, index: Index) -> tuple[Any, Floats]:
        """The function's own results, a column for each example."""
        import numpy as np

        structure, rows = None, []
        for j in range(self.count) if index is None else index.tolist():
            found, structure = flatten(self.example(j), f"jit: the result of {self.jitted.name}")
            rows.append([number(x) for x in found])
        return structure, np.array(rows).T


class Layout:
    """Where the numbers that a path captures stand in a longer array: ``places``, all different."""

    def __init__(self, places: Sequence[int], length: int) -> None:
        import numpy as np

        self.places = np.array(places, int)
        self.length = length
        self.first = places == [*range(len(places))]
        """Whether they are the first of that array, in its order."""

    def gather(self, array: Floats) -> Floats:
        """The numbers in their places in the array, in the order of the path."""
        return array[: len(self.places)] if self.first else array.take(self.places)

    def spread(self, numbers: Floats) -> Floats:
        """Numbers in the order of the path in their places, and 0 in all others."""
        import numpy as np

        if self.first and len(numbers) == self.length:
            return numbers
        spread = np.zeros(self.length)
        spread[self.places] = numbers
        return spread


class Objective(Batch):
    """The mean over examples as a function of variables that stand in one array: what an optimizer's loop asks for.

        objective = jit(loss).batch(X, Y).objective(parameters)
        for index in batches:                                           # arrays of example numbers
            mean, dP = objective.gradient(index)
            objective.P = objective.P - 0.1 * dP
        objective.write()

    ``P[i]`` is the number of ``variables[i]``, read from it when the objective is made and at each :meth:`read`.
    Between that and :meth:`write` the Values are behind. Where the function itself has to run, they are brought up to
    date first.

    The variables stand in the order in which the program for the first example wants them, so that nothing has to be
    moved in each step; ``order[i]`` is the place of ``variables[i]`` in the list that was given.
    """

    def __init__(self, batch: Batch, variables: Sequence[Value]) -> None:
        import numpy as np

        if isinstance(variables, Value) or not all([isinstance(x, Value) for x in variables]):
            raise TypeError(f"jit: expected a list of Values as variables of an objective, got {variables!r}")
        vars(self).update(vars(batch))
        self.P: Floats
        self._arrange(variables)
        ((path, _),) = self.partition(np.zeros(1, int))
        ranks = {id(x): i for i, x in enumerate(() if path is None else path.captured)}
        self.order = np.array(sorted(range(len(variables)), key=lambda i: ranks.get(id(variables[i]), len(ranks))), int)
        self._arrange([variables[i] for i in self.order.tolist()])

    def _arrange(self, variables: Sequence[Value]) -> None:
        """Keep the variables in this order."""
        self.variables = variables
        self._position = {id(x): i for i, x in enumerate(variables)}
        self._layouts: dict[Path, Layout | None] = {}
        self._straight = None
        self.read()

    def read(self) -> None:
        """Take the numbers of the variables as they are now."""
        import numpy as np

        self.P = np.fromiter([x._number for x in self.variables], float, len(self.variables))

    def doubt(self) -> None:
        """Compare the next run of each program with the function itself, as if it was the first.

        For when somebody else had his hands on what a program takes for granted: plain numbers, and which Values it is
        that the function uses. RuntimeError then from that run.
        """
        for path in self.family.paths:
            for when in path.checks.values():
                when.doubt()

    def write(self, gradient: Floats | None = None) -> None:
        """Bring the variables up to date: their ``data``, and ``grad`` if it is given."""
        gradients = [x._grad for x in self.variables] if gradient is None else gradient.tolist()
        for x, datum, derivative in zip(self.variables, self.P.tolist(), gradients, strict=True):
            x._number, x._grad = datum, derivative

    def gradient(self, index: Index = None) -> tuple[float, Floats]:
        """The mean over some examples, and its derivatives by the variables (0 by those that are not used).

        ``index`` holds the numbers of the examples; None for all of them. Raises as :func:`as_index`.
        """
        return self.trusted_gradient(as_index(index, self.count))

    def trusted_gradient(self, index: Index) -> tuple[float, Floats]:
        """:meth:`gradient` for a loop that makes its arrays of example numbers itself: they are not looked at."""
        straight = self.straight(index)
        if straight is not None:
            return self._spread(straight[0], index, straight[1])
        if not self.simple():
            return self._over_values(index)
        found = self.gradients(index)
        if len(found) == 1:
            ((path, part, gradient),) = found
            return self._spread(path, part, gradient)
        shares = [self.length(part) / self.length(index) for _, part, _ in found]
        means, derivatives = zip(*[self._spread(*each) for each in found], strict=True)
        return sum(map(mul, shares, means)), sum(map(mul, shares, derivatives))

    def is_straight(self, path: Path) -> bool:
        """Whether this is the only path, and all that it uses are finite examples and the variables."""
        return super().is_straight(path) and self._layout(path) is not None

    def simple(self) -> bool:
        """Whether all that the known paths use are the variables."""
        if self.given:
            return False
        known = self._layouts
        return all([(known[path] if path in known else self._layout(path)) is not None for path in self.family.paths])

    def _spread(self, path: Path | None, index: Index, found: Gradient | None) -> tuple[float, Floats]:
        """The mean over examples that take one path, and its derivatives by the variables."""
        layout = None if path is None else self._layout(path)
        if layout is None or found is None:
            return self._over_values(index)
        return found.mean, layout.spread(found.by_captured)

    def _over_values(self, index: Index) -> tuple[float, Floats]:
        """The same by way of the Values, which always does."""
        import numpy as np

        self.write()
        eagerly = self.simple() and not self.family.eager
        mean = nodes.as_value(self.eager_mean(index) if eagerly else self.means(index).loss)
        return mean._number, np.array(graph.gradients([mean], [1.0], self.variables))

    def captured(self, path: Path) -> Floats:
        """The captured numbers of a path: those of variables out of the array."""
        layout = self._layout(path)
        return super().captured(path) if layout is None else layout.gather(self.P)

    def _layout(self, path: Path) -> Layout | None:
        """Where the captured numbers of a path stand among the variables; None if there are others, or Values given."""
        if path not in self._layouts:
            places = [self._position.get(id(x), -1) for x in path.captured]
            known = not self.given and -1 not in places
            self._layouts[path] = Layout(places, len(self.variables)) if known else None
        return self._layouts[path]

    # Here the Values have to be up to date.

    def example(
        self,
        j: int,
        instead: dict[tuple[int, int, int], Value] | None = None,
        plainly: frozenset[int] | None = None,
    ) -> Any:
        """The function itself at one example."""
        self.write()
        return super().example(j, instead, plainly)

    def record(self, example: int) -> Path | Raised | None:
        """Record the path that an example takes; what it raised if it did, None where that cannot be."""
        self.write()
        return super().record(example)

    def update(self) -> None:
        """Bring the Values up to date, before the function itself runs."""
        self.write()
