"""Averages: the mean over a batch as one node, C = 1/n sum C_x, its derivatives, and the results of all examples."""

from __future__ import annotations

import random
from math import isfinite
from typing import TYPE_CHECKING, Any

from autograd import nodes
from autograd.recorder import recorder
from autograd.structures import LEAF, container, flatten, names, rebuild, size
from autograd.tracing import active
from autograd.value import Value, number

from . import means, selfcheck
from .calls import Rerun, compiled_node
from .columns import as_index
from .divided import Divided, Unanswered
from .forms import Path
from .means import Means
from .straight import Gradient, Straight, squares

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy as np

    from .schedules import Schedule
    from .straight import Index

    Floats = np.ndarray[Any, np.dtype[np.float64]]


def tabled(out: Any, count: int, n: int) -> Floats:
    """The numbers of the results of n examples, a row for each of the numbers, a column for each example."""
    import numpy as np

    if out.ndim < (count > 1) + 1:  # the same for all examples
        out = np.repeat(out[..., None], n, -1)
    table: Floats = out.reshape(count, n)
    return table


def merged(structure: Any, numbers: Iterator[Floats], columns: list[Any], n: int) -> Any:
    """An arrangement of arrays over examples, in the place of one of numbers; an array of these becomes one array.

    ``numbers`` are the rows of a table, of each number those of n examples; ``columns`` the arrays that are arranged.
    """
    import numpy as np

    if structure == LEAF:
        columns.append(next(numbers))
        return LEAF
    kind, *rest = structure
    base = container(kind)
    if base is not None:
        children = tuple([merged(child, numbers, columns, n) for child in rest[-1]])
        return kind, *rest[:-1], children
    each = [next(numbers) for _ in range(size(structure))]
    columns.append((np.stack(each, 1) if each else np.empty((n, 0))).reshape(n, *rest[0]))
    return LEAF


class Averages(Divided):
    """The mean over examples, and their results."""

    def spread(self, places: Collection[int]) -> None:
        """Give arguments that all examples share, at some places, to each of them as if it was its own."""
        import numpy as np

        for i in sorted(self.shared):
            if i in places:
                self.rows[i] = np.repeat(self.rows[i], self.count, 0)
                self.columns[i] = self.rows[i].T
                self.arguments = [[x] * self.count if i == j else x for j, x in enumerate(self.arguments)]
        self.shared = frozenset(self.shared) - frozenset(places)
        self.batched = tuple([i not in self.shared for i in range(len(self.arguments))]) if self.shared else True

    def values_of(self, path: Path, index: Index) -> Any:
        """The results of examples that take a path, whose result is a single number."""
        found = self._values(path, index, False)
        return found[1][0] if not isinstance(found, Unanswered) else [number(self.example(j)) for j in self.each(index)]

    def each(self, index: Index) -> list[int]:
        """The numbers of some examples."""
        return [*range(self.count)] if index is None else index.tolist()

    def adopt(self) -> None:
        """Take the way that other examples of the same arrangement have taken, where it is known."""
        found = self.family.straights.get((self.batched, self.wanted))
        same = isinstance(found, Straight) and self.family.paths[:1] == [found.path]
        self._straight = found if isinstance(found, Straight) and same else None

    def hand_on(self, straight: Straight) -> None:
        """Let examples of the same arrangement know of a way."""
        self.family.straights[self.batched, self.wanted] = straight

    def straight(self, index: Index) -> tuple[Path, Gradient] | None:
        """The path of some examples, their mean and its derivatives, where all is as it was before; else None."""
        straight = self._straight
        gradient = None if straight is None else straight.gradient(self, index, looked_at=self._endless is not None)
        return None if straight is None or gradient is None else (straight.path, gradient)

    def gradients(self, index: Index) -> list[tuple[Path | None, Index, Gradient | None]]:
        """The mean over some examples and its derivatives in parts, as :meth:`solved` has them."""
        found = self.solved(self.replay, index)
        path = found[0][0]
        if self._straight is None and len(found) == 1 and path is not None and self.is_straight(path):
            self._straight = Straight(self, self.family, path)
            self.hand_on(self._straight)
        return found

    def is_straight(self, path: Path) -> bool:
        """Whether this is the only path, and no number stands in the way of taking it again without much asking."""
        if len(self.family.paths) > 1 or self.given or path.library or len(path.program.outputs) > 1:
            return False
        return not path.finite or not self.endless().any()

    def replay(self, path: Path, index: Index, alone: bool) -> Gradient | Unanswered:
        """The mean over some examples, and its derivatives by what is captured and by the arguments that are wanted."""
        import numpy as np

        place = self.place_of_loss(path)
        n, count = self.length(index), len(path.program.outputs)
        shares = self.shares(n) if count == 1 else self.shares_of(n, count, place)
        captured = self.captured(path)
        compiled = path.take(self.batched, self.wanted, captured)
        self.jitted.families.ran(self.family, path, self.batched, self.wanted)
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
        when = path.schedule(self.batched, self.wanted)
        if when.due(captured, None):
            self._check(path, index, captured, tabled(out, count, n), when, differentiated=True)
        return Gradient(mean, by_captured, by_inputs, beside)

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
            compiled = path.take(self.batched, self.wanted, captured)
            try:
                seeds = np.array(cotangents).T if outputs.shape[0] > 1 else np.array([c for (c,) in cotangents])
                with np.errstate(all="ignore"):
                    _, by_inputs, _, _ = compiled.gradient(*self.taken(np.array(places)), seeds)
                wanted = [d for d, is_wanted in zip(when.by_inputs, self.wanted, strict=True) if is_wanted]
                sums = [float((x if x.ndim == 1 else x.sum(-1)) @ d) for x, d in zip(by_inputs, wanted, strict=True)]
                return float(compiled.dP @ when.direction) + sum(sums)
            finally:
                compiled.give_back()

        self.update()
        if selfcheck.compare(
            self.jitted, path, trials, when, captured, self.structures, self.jitted.function,
            derivative if differentiated else None,
        ):  # fmt: skip
            when.compared(captured, None, len(path.rolled.statements), n)

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
        partials = tuple(by_captured.tolist())
        given: dict[tuple[int, int, int], Value] = {}
        if self.given:
            column = {j: c for c, j in enumerate(range(self.count) if index is None else index.tolist())}
            derivatives = dict(zip([i for i, wanted in enumerate(self.wanted) if wanted], by_inputs, strict=True))
            given = {at: x for at, x in self.given.items() if at[0] in self.shared or at[1] in column}
            partials += tuple(
                [float(derivatives[i][k] if i in self.shared else derivatives[i][k, column[j]]) for i, j, k in given]
            )
        loss: Any = mean
        plain = place in path.program.plain
        if partials and not plain:

            def again(seen: Sequence[Value]) -> Value:
                return nodes.as_value(self.eager_mean(index, dict(zip(given, seen, strict=True))))

            loss = compiled_node(self.jitted.name, mean, partials, Rerun(again, path.captured, [*given.values()]))
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

        if self.given and (active.get() or recorder.get() is not None):
            raise TypeError(
                f"jit: expected numbers as examples of {self.jitted.name}.map, which gives numbers without gradients, "
                f"got Values of a transform or recording around it: call {self.jitted.name} for each, or take its mean"
            )
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
        columns: list[Any] = []
        whole = merged(structures[0], iter(table), columns, self.count)
        return rebuild(whole, columns)

    def _values(self, path: Path, index: Index, alone: bool) -> tuple[Any, Floats] | Unanswered:
        """The results of some examples, a column for each."""
        import numpy as np

        count, n = len(path.program.outputs), self.length(index)
        captured = self.captured(path)
        compiled = path.take(self.batched, self.wanted, captured)
        self.jitted.families.ran(self.family, path, self.batched, self.wanted)
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
        when = path.schedule(self.batched, self.wanted, False)
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
