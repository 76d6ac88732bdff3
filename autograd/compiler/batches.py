"""Batches: a jitted function over examples in lockstep, one column for each.

The mean over a batch is one node, C = 1/n sum C_x. Where examples take different paths through the function, the
columns are divided among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd import functions, nodes
from autograd.modes import recorder
from autograd.structures import flatten, names, rebuild
from autograd.value import Value

from .calls import compiled_node

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from .paths import Path, Paths

    Floats = np.ndarray[Any, np.dtype[np.float64]]


class Batch:
    """The arguments of ``mean`` and ``map``: for each an array of columns, one for each example."""

    def __init__(self, jitted: Paths, arguments: Sequence[Any]) -> None:
        import numpy as np

        self.jitted = jitted
        self.arguments = arguments
        lengths = [len(x) for x in arguments]
        if not lengths or len(set(lengths)) > 1 or not lengths[0]:
            raise ValueError(f"jit: expected arguments of one length, and some examples, got lengths {lengths}")
        self.count = lengths[0]
        self.plain = True
        self.columns: list[Floats] = []
        self.structures = []
        for i, argument in enumerate(arguments):
            first, structure = flatten(argument[0], f"jit: an example of argument {i} of {jitted.name}")
            self.structures.append(structure)
            try:
                array = np.asarray(argument)
            except ValueError:  # rows of several lengths
                array = np.array(None)
            if array.dtype.kind not in "fiub" or array.shape[0] != self.count or array.size != self.count * len(first):
                array = self._rows(i, argument, structure)
            self.columns.append(np.ascontiguousarray(array, np.float64).reshape(self.count, -1).T)
        self.family = jitted.family(("batch", tuple(self.structures)))
        self.wanted = (False,) * len(arguments)

    def _rows(self, i: int, argument: Any, structure: Any) -> Any:
        """The numbers of each example, taken apart one by one."""
        import numpy as np

        rows = []
        for j, example in enumerate(argument):
            leaves, own = flatten(example, f"jit: example {j} of argument {i} of {self.jitted.name}")
            if own != structure:
                raise ValueError(f"jit: expected examples of one arrangement, but example {j} is unlike example 0")
            if any([isinstance(x, Value) for x in leaves]):
                self.plain = False
            rows.append([nodes.number(x) for x in leaves])
        return np.array(rows, float)

    def length(self, index: Any) -> int:
        """How many examples an index selects."""
        return self.count if index is None else len(index)

    def numbers(self, example: int) -> list[list[float]]:
        """The numbers of one example."""
        return [column[:, example].tolist() for column in self.columns]

    def example(self, i: int) -> Any:
        """The function itself at one example."""
        return self.jitted.function(*[argument[i] for argument in self.arguments])

    def partition(self) -> list[tuple[Path | None, Any]]:
        """The examples by the path they take, each recorded if it is new: (path, indices), None being all of them."""
        import numpy as np

        if recorder.get() is not None or not self.plain or self.family.eager:
            return [(None, None)]
        if self.family.paths and not self.family.paths[0].program.guards:
            return [(self.family.paths[0], None)]
        left = np.arange(self.count)
        found: list[tuple[Path | None, Any]] = []
        known = 0
        while len(left):
            if known == len(self.family.paths):
                path = self.jitted.record(
                    self.jitted.function, self.structures, self.numbers(int(left[0])), self.family
                )
                if path is None:
                    found.append((None, left))
                    break
                if not path.program.guards:
                    return [(path, None)]
            path = self.family.paths[known]
            known += 1
            holds = self._holds(path, left)
            if holds.any():
                same = [
                    i for i, (other, _) in enumerate(found) if other is not None and other.signature == path.signature
                ]
                taken = left[holds]
                if same:
                    found[same[0]] = found[same[0]][0], np.concatenate([found[same[0]][1], taken])
                else:
                    found.append((path, taken))
                left = left[~holds]
        return [(path, None if len(index) == self.count else np.sort(index)) for path, index in found]

    def _holds(self, path: Path, index: Any) -> Any:
        """Which of the examples take this path."""
        import numpy as np

        compiled = path.take(True, self.wanted)
        with np.errstate(all="ignore"):
            holds = compiled.holds(*[column[:, index] for column in self.columns])
        compiled.give_back()
        return np.broadcast_to(holds, len(index))

    def mean(self, path: Path, index: Any) -> Value | None:
        """The mean over some examples as one node; None where it has to be computed eagerly."""
        import numpy as np

        if path.program.structure != "number":
            raise TypeError(
                f"jit: expected {self.jitted.name} to return a single number for mean, got a result arranged as "
                f"{names(path.program.structure, 'result')[:4]}"
            )
        columns = self.columns if index is None else [column[:, index] for column in self.columns]
        n = self.length(index)
        compiled = path.take(True, self.wanted)
        self.jitted.last = path, True, self.wanted
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                out, _ = compiled.gradient(*columns, np.full(n, 1.0 / n))
                data = float(out.sum() / n) if np.ndim(out) else float(out)
        except FloatingPointError:
            return None
        finally:
            captured = compiled.P.copy() if path.checks else compiled.P
            partials = compiled.dP.tolist()
            compiled.give_back()
        if data - data != 0.0:
            return None
        if path.checks:
            last = self.count - 1 if index is None else int(index[-1])
            self.jitted.check(path, captured, [float(np.broadcast_to(out, n)[-1])], lambda: self.example(last))
        if not path.captured:
            return data  # type: ignore[return-value]
        return compiled_node(
            self.jitted.name, data, tuple(path.captured), tuple(partials), lambda _: self.eager_mean(index), ()
        )

    def eager_mean(self, index: Any) -> Any:
        """The mean of the function's own results."""
        return functions.mean([self.example(i) for i in (range(self.count) if index is None else index.tolist())])

    def map(self) -> Any:
        """The results of all examples."""
        import numpy as np

        rows: dict[int, list[float]] = {}
        structure = None
        for path, index in self.partition():
            where = range(self.count) if index is None else index.tolist()
            out = None if path is None else self._values(path, index)
            if out is not None:
                structure = path.program.structure  # type: ignore[union-attr]
                rows.update(zip(where, out.T.tolist(), strict=True))
                continue
            for i in where:
                found, structure = flatten(self.example(i), f"jit: the result of {self.jitted.name}")
                rows[i] = [nodes.number(x) for x in found]
        table = np.array([rows[i] for i in range(self.count)])
        return rebuild(structure, [*np.ascontiguousarray(table.T)])

    def _values(self, path: Path, index: Any) -> Floats | None:
        """The results of some examples, a column for each; None where an operation leaves its domain."""
        import numpy as np

        columns = self.columns if index is None else [column[:, index] for column in self.columns]
        compiled = path.take(True, self.wanted)
        self.jitted.last = path, True, self.wanted
        count, n = len(path.program.outputs), self.length(index)
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                out = np.asarray(compiled.value(*columns))
        except FloatingPointError:
            return None
        finally:
            captured = compiled.P.copy()
            compiled.give_back()
        if out.ndim < (count > 1) + 1:  # the same for all examples
            out = np.repeat(out[..., None], n, -1)
        out = out.reshape(count, n)
        if not np.isfinite(out).all():
            return None
        last = self.count - 1 if index is None else int(index[-1])
        self.jitted.check(path, captured, out[:, -1].tolist(), lambda: self.example(last))
        return out
