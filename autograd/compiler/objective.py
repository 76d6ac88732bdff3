"""Objective: the mean over a batch as a function of variables in one array, for a loop that minimises it."""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING, Any

from autograd import graph, nodes
from autograd.value import Value

from .averages import Averages
from .columns import as_index
from .forms import Path
from .straight import Gradient, Straight

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from .recording import Raised
    from .straight import Index

    Floats = np.ndarray[Any, np.dtype[np.float64]]


class Standing:
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

    def write(self, numbers: Floats, into: Floats) -> None:
        """Write numbers in the order of the path to their places, and 0 to all others."""
        if len(numbers) < self.length:
            into[:] = 0.0
        into[self.places] = numbers

    def spread(self, numbers: Floats) -> Floats:
        """Numbers in the order of the path in their places, and 0 in all others."""
        import numpy as np

        if self.first and len(numbers) == self.length:
            return numbers
        spread = np.zeros(self.length)
        spread[self.places] = numbers
        return spread


class Objective(Averages):
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

    def __init__(self, batch: Averages, variables: Sequence[Value]) -> None:
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
        self._layouts: dict[Path, Standing | None] = {}
        self._straight = None
        self.read()

    def hold(
        self,
        P: Floats,
        variables: Sequence[Value],
        position: dict[int, int],
        layouts: dict[Path, Standing | None],
    ) -> None:
        """Have the numbers of variables stand in this array, in their own order."""
        self.P, self.variables, self._position, self._layouts = P, variables, position, layouts

    def read(self) -> None:
        """Take the numbers of the variables as they are now."""
        import numpy as np

        self.P = np.fromiter([x._number for x in self.variables], float, len(self.variables))

    def doubt(self) -> None:
        """Compare the next run of each program with the function itself, as if it was the first.

        For when somebody else had his hands on what a program takes for granted: plain numbers, and which Values it is
        that the function uses. TracingCheckError then from that run.
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

    def hand_on(self, straight: Straight) -> None:
        """It reads its captured numbers from an array: a way of its own."""

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

    def _layout(self, path: Path) -> Standing | None:
        """Where the captured numbers of a path stand among the variables; None if there are others, or Values given."""
        if path not in self._layouts:
            places = [self._position.get(id(x), -1) for x in path.captured]
            known = not self.given and -1 not in places
            self._layouts[path] = Standing(places, len(self.variables)) if known else None
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
