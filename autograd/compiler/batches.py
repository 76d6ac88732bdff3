"""Batches: a jitted function over examples in lockstep, one column for each.

The mean over a batch is one node, C = 1/n sum C_x. Where examples take different paths through the function, the
columns are divided among them. A training loop asks for such means again and again: an :class:`Objective` keeps the
examples and the variables in arrays, and answers in arrays.
"""

from __future__ import annotations

import functools
from operator import mul
from typing import TYPE_CHECKING, Any

from autograd import functions, graph, nodes
from autograd.modes import recorder
from autograd.structures import flatten, is_array, names, rebuild
from autograd.value import Value, number

from .calls import compiled_node
from .paths import Replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from .paths import Path, Paths

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Index = np.ndarray[Any, np.dtype[np.integer[Any]]] | None
    """The numbers of some examples; None for all of them."""


COMPARED = 4
"""How many examples of a batch are compared with the function itself, the first times."""


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
                    f"jit: expected a list or an array of examples as argument {i} of {jitted.name}, "
                    f"got {type(x).__name__}"
                )
        lengths = [len(x) for x in arguments]
        if not lengths or len(set(lengths)) > 1 or not lengths[0]:
            raise ValueError(f"jit: expected arguments of one length, and some examples, got lengths {lengths}")
        self.count = lengths[0]
        self.given: dict[tuple[int, int, int], Value] = {}
        """The Values among the numbers: by argument, example, and place in the example."""
        self._of_mean: dict[int, Floats] = {}
        self._steady: dict[Path, Any] = {}
        self.structures: list[Any] = []
        self.rows = [self._rows(i, argument) for i, argument in enumerate(arguments)]
        self.columns = [rows.T for rows in self.rows]
        self.family = jitted.family(("batch", tuple(self.structures)))
        variable = {i for i, _, _ in self.given}
        self.wanted = tuple([i in variable for i in range(len(arguments))])

    def _rows(self, i: int, argument: Any) -> Floats:
        """The numbers of an argument, a row for each example."""
        import numpy as np

        first, structure = flatten(argument[0], f"jit: an example of argument {i} of {self.jitted.name}")
        self.structures.append(structure)
        try:
            array = np.asarray(argument)
        except ValueError:  # rows of several lengths
            array = np.array(None)
        if array.dtype.kind in "fiub" and array.shape[0] == self.count and array.size == self.count * len(first):
            return np.ascontiguousarray(array, np.float64).reshape(self.count, -1)
        rows = np.empty((self.count, len(first)))
        for j, example in enumerate(argument):
            leaves, own = flatten(example, f"jit: example {j} of argument {i} of {self.jitted.name}")
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
        """The captured numbers of a path, as they are now."""
        return path.read()

    def objective(self, variables: Sequence[Value]) -> Objective:
        """The mean over these examples as a function of variables, for a loop that minimises it."""
        return Objective(self, variables)

    # Where the function itself runs: to be recorded, to be compared with, or because it has to.

    def example(self, j: int, instead: dict[tuple[int, int, int], Value] | None = None) -> Any:
        """The function itself at one example, with other Values in the place of those that were given."""
        examples = [argument[j] for argument in self.arguments]
        if instead:
            for i, example in enumerate(examples):
                leaves, structure = flatten(example)
                examples[i] = rebuild(structure, [instead.get((i, j, k), x) for k, x in enumerate(leaves)])
        return self.jitted.function(*examples)

    def record(self, example: int) -> Path | None:
        """Record the path that an example takes; None where that cannot be."""
        return self.jitted.record(self.jitted.function, self.structures, self.numbers(example), self.family)

    def eager_mean(self, index: Index, instead: dict[tuple[int, int, int], Value] | None = None) -> Any:
        """The mean of the function's own results."""
        examples = range(self.count) if index is None else index.tolist()
        return functions.mean([self.example(j, instead) for j in examples])

    # Where its programs do.

    def partition(self, index: Index = None) -> list[tuple[Path | None, Index]]:
        """Some examples by the path they take, each recorded if it is new; without a path, they have to run eagerly."""
        import numpy as np

        for (i, j, k), x in self.given.items():
            self.rows[i][j, k] = x._number
        family, paths = self.family, self.family.paths
        if self.family.eager or recorder.get() is not None:
            return [(None, index)]
        if paths and not paths[0].program.guards:
            return [(paths[0], index)]
        left = np.arange(self.count) if index is None else index
        found: dict[Path | None, list[Any]] = {}
        known = 0
        while len(left):
            new = known == len(paths)
            if new and self.record(int(left[0])) is None and family.eager:
                found.setdefault(None, []).append(left)
                break
            holds = np.zeros(len(left), bool)
            if known < len(paths):
                holds = self._holds(paths[known], left)
                if holds.any():
                    found.setdefault(paths[known].first, []).append(left[holds])
                known += 1
            rest = ~holds
            if new and rest[0]:  # at a tie: not even its own path holds for it
                tied = left == left[0]
                found.setdefault(None, []).append(left[tied & rest])
                rest &= ~tied
            left = left[rest]
        if len(found) == 1:
            return [(path, index) for path in found]
        return [(path, np.concatenate(parts)) for path, parts in found.items()]

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

    def replay(self, path: Path, index: Index) -> tuple[float, Floats, list[Floats]] | None:
        """The mean over some examples, and its derivatives by what is captured and by the arguments that are wanted.

        None where an operation leaves its domain: the function itself then raises, or returns what it has to.
        """
        import numpy as np

        if path.program.structure != "number":
            raise TypeError(
                f"jit: expected {self.jitted.name} to return a single number for mean, got a result arranged as "
                f"{names(path.program.structure, 'result')[:4]}"
            )
        n = self.length(index)
        captured = self.captured(path)
        compiled = path.take(True, self.wanted, captured)
        self.jitted.last = path, True, self.wanted
        try:
            with path.watched():
                out, by_inputs = compiled.gradient(*self.taken(index), self._shares(n))
                mean = float(np.add.reduce(out) / n if out.ndim else out)
                by_captured = compiled.dP.copy()
        except FloatingPointError:
            return None
        finally:
            compiled.give_back()
        if not path.library and mean - mean != 0.0:
            return None
        if not path.settled(captured):
            self._check(path, index, captured, np.broadcast_to(out, (1, n)))
        return mean, by_captured, by_inputs

    def _shares(self, n: int) -> Floats:
        """1/n for each of n examples: what the mean gives each of them of its gradient."""
        import numpy as np

        if n not in self._of_mean:
            self._of_mean[n] = np.full(n, 1.0 / n)
        return self._of_mean[n]

    def _check(self, path: Path, index: Index, captured: Floats, outputs: Floats) -> None:
        """Compare a replay with the function itself: the last of its examples, and some before it."""
        n = self.length(index)
        columns = range(n - 1, -1, -max(n // COMPARED, 1))[:COMPARED]
        examples = [(c, c if index is None else int(index[c])) for c in columns]
        replays = [
            Replay(self.numbers(j), outputs[:, c].tolist(), functools.partial(self.example, j)) for c, j in examples
        ]
        self.jitted.check(path, captured, replays)

    def mean(self, index: Index = None) -> Any:
        """The mean over some examples as one node, or one for each path that they take; a number without variables.

        ``index`` holds the numbers of the examples; None for all of them. Raises as :func:`as_index`.
        """
        index = as_index(index, self.count)
        parts = [(self._mean(path, part), self.length(part)) for path, part in self.partition(index)]
        if len(parts) == 1:
            return parts[0][0]
        n = self.length(index)
        return functions.dot([length / n for _, length in parts], [mean for mean, _ in parts])

    def _mean(self, path: Path | None, index: Index) -> Any:
        """The mean over examples that take one path."""
        found = None if path is None else self.replay(path, index)
        if path is None or found is None:
            return self.eager_mean(index)
        mean, by_captured, by_inputs = found
        parents, partials = path.captured, tuple(by_captured.tolist())
        given: dict[tuple[int, int, int], Value] = {}
        if self.given:
            column = {j: c for c, j in enumerate(range(self.count) if index is None else index.tolist())}
            derivatives = dict(zip([i for i, wanted in enumerate(self.wanted) if wanted], by_inputs, strict=True))
            given = {place: x for place, x in self.given.items() if place[1] in column}
            parents += tuple(given.values())
            partials += tuple([float(derivatives[i][k, column[j]]) for i, j, k in given])
        if not parents:
            return mean

        def again(seen: Sequence[Value]) -> Value:
            return nodes.as_value(self.eager_mean(index, dict(zip(given, seen, strict=True))))

        return compiled_node(self.jitted.name, mean, parents, partials, again, tuple(given.values()))

    def map(self) -> Any:
        """The results of all examples as arrays, example i along the first axis."""
        import numpy as np

        structures: list[Any] = []
        table = np.empty((0, self.count))
        for path, index in self.partition():
            found = None if path is None else self._values(path, index)
            structure, values = found or self._eager_values(index)
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

    def _values(self, path: Path, index: Index) -> tuple[Any, Floats] | None:
        """The results of some examples, a column for each; None where an operation leaves its domain."""
        import numpy as np

        count, n = len(path.program.outputs), self.length(index)
        captured = self.captured(path)
        compiled = path.take(True, self.wanted, captured)
        self.jitted.last = path, True, self.wanted
        try:
            with path.watched():
                out = np.asarray(compiled.value(*self.taken(index)))
        except FloatingPointError:
            return None
        finally:
            compiled.give_back()
        if out.ndim < (count > 1) + 1:  # the same for all examples
            out = np.repeat(out[..., None], n, -1)
        out = out.reshape(count, n)
        if not path.library and not np.isfinite(out).all():
            return None
        if not path.settled(captured):
            self._check(path, index, captured, out)
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
            path.unchecked.add("replay")

    def write(self, gradient: Floats | None = None) -> None:
        """Bring the variables up to date: their ``data``, and ``grad`` if it is given."""
        gradients = [x.grad for x in self.variables] if gradient is None else gradient.tolist()
        for x, datum, derivative in zip(self.variables, self.P.tolist(), gradients, strict=True):
            x._number, x.grad = datum, derivative

    def gradient(self, index: Index = None) -> tuple[float, Floats]:
        """The mean over some examples, and its derivatives by the variables (0 by those that are not used).

        ``index`` holds the numbers of the examples; None for all of them. Raises as :func:`as_index`.
        """
        return self.trusted_gradient(as_index(index, self.count))

    def trusted_gradient(self, index: Index) -> tuple[float, Floats]:
        """:meth:`gradient` for a loop that makes its arrays of example numbers itself: they are not looked at."""
        parts = self.partition(index)
        found = [x for path, part in parts if (x := self._gradient(path, part)) is not None]
        if len(found) < len(parts):
            return self._over_values(index)
        if len(found) == 1:
            return found[0]
        shares = [self.length(part) / self.length(index) for _, part in parts]
        means, derivatives = zip(*found, strict=True)
        return sum(map(mul, shares, means)), sum(map(mul, shares, derivatives))

    def _gradient(self, path: Path | None, index: Index) -> tuple[float, Floats] | None:
        """The same for examples that take one path; None where arrays do not do."""
        layout = None if path is None else self._layout(path)
        if path is None or layout is None:
            return None
        found = self.replay(path, index)
        return None if found is None else (found[0], layout.spread(found[1]))

    def _over_values(self, index: Index) -> tuple[float, Floats]:
        """The same by way of the Values, which always does."""
        import numpy as np

        self.write()
        mean = nodes.as_value(self.mean(index))
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

    def example(self, j: int, instead: dict[tuple[int, int, int], Value] | None = None) -> Any:
        """The function itself at one example."""
        self.write()
        return super().example(j, instead)

    def record(self, example: int) -> Path | None:
        """Record the path that an example takes; None where that cannot be."""
        self.write()
        return super().record(example)
