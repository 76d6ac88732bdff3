"""jit: a function of scalars, run as the array program that it was found to be.

The first call records the function, rolls it and compiles the array program; further calls replay that. What comes back
is what the function itself would return: one node, whose partials are the gradient that the program computed, so that
``backward``, drawing and composition go on from there.

A program stands for the function only as long as the comparisons that Python branched on come out the same. Where one
does not, the other path is recorded too. Where an operation leaves its domain, the call is repeated eagerly, which
raises, or returns what it has to. And what nothing can record - a function that reads ``.data``, random numbers or the
clock - is found out by running the function itself once more at the first run of a program, and again at the first run
after a captured number has changed.
"""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any, overload

from autograd import functions, graph, nodes
from autograd.modes import recorder
from autograd.rules import Rule
from autograd.structures import flatten, names, rebuild
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from .recording import Program

    Floats = np.ndarray[Any, np.dtype[np.float64]]

PATHS = 32
"""How many ways through a function are recorded before it runs eagerly."""


@overload
def jit(function: Callable[..., Any]) -> Jitted: ...
@overload
def jit(function: None = None) -> Callable[[Callable[..., Any]], Jitted]: ...
def jit(function: Callable[..., Any] | None = None) -> Any:
    """The function, run as an array program: same arguments, same results, at the speed of NumPy.

    Use it as ``fast = jit(f)`` or as a decorator. ``fast(*args)`` returns what ``f`` returns, each number of the result
    being one node with the whole gradient as its partials. ``fast.mean(X, Y)`` is the mean over examples,
    ``fast.map(X)`` the results for all of them. ``fast.source`` is the program as Python text.

    Parameters that the function uses without being given them are read anew in each call. Branches are followed
    (up to 32 ways through the function; ``where``, ``maximum`` and ``clip`` need none). An argument arranged in another
    way is recorded anew.

    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> square = jit(lambda x: (w * x + 1.0) ** 2)
    >>> y = square(2.0)
    >>> y.backward()
    >>> y.data, w.grad
    (49.0, 28.0)

    Raises TypeError for arguments that are not made of numbers and for a result that is not made of Values;
    RuntimeError where the function returns something else when it is run again, because it depends on more than its
    arguments and the Values it uses.
    """
    return Jitted if function is None else Jitted(function)


class Path:
    """One way through a function, recorded: its program, and the compiled forms of it that were asked for."""

    def __init__(self, program: Program) -> None:
        from .rolling import Rolled

        self.rolled = Rolled(program)
        self.program = program
        self.signature = program.signature() if program.guards else None
        self.captured = [program.captured[i] for i in self.rolled.captured_order]
        self.recorded = [value.data for value in self.captured]
        self.checks = 2
        """How many checks against the function itself are still to be made: at the first run, and after a change."""
        self._sources: dict[Any, tuple[str, Any, dict[str, Any]]] = {}
        self._free: dict[Any, list[Compiled]] = {}

    def source(self, batched: bool, wanted: tuple[bool, ...]) -> str:
        """The text of the program in one of its forms."""
        return self._source(batched, wanted)[0]

    def _source(self, batched: bool, wanted: tuple[bool, ...]) -> tuple[str, Any, dict[str, Any]]:
        from .emission import Emitter

        key = batched, wanted
        if key not in self._sources:
            emitter = Emitter(self.rolled, batched, wanted)
            source = emitter.source()
            namespace = emitter.namespace
            exec(compile(source, "<jit>", "exec"), namespace)  # noqa: S102 - text of our own making, see emission.py
            self._sources[key] = source, emitter.gathers, namespace
        return self._sources[key]

    def take(self, batched: bool, wanted: tuple[bool, ...]) -> Compiled:
        """A compiled form with buffers that nobody else is using, with the captured numbers of this moment."""
        free = self._free.setdefault((batched, wanted), [])
        try:
            compiled = free.pop()
        except IndexError:
            _, gathers, namespace = self._source(batched, wanted)
            compiled = Compiled(namespace["program"], self.rolled, gathers, free)
        compiled.P[:] = [value.data for value in self.captured]
        return compiled


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


class Family:
    """The recorded paths for arguments of one arrangement."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.eager = False


class Jitted:
    """What :func:`jit` returns: call it as the function itself, or over a batch with ``mean`` and ``map``."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise TypeError(f"jit: expected a function, got {type(function).__name__}")
        functools.update_wrapper(self, function)
        self.function = function
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self._families: dict[Any, Family] = {}
        self._last: tuple[Path, bool, tuple[bool, ...]] | None = None

    def __repr__(self) -> str:
        return f"jit({self.name})"

    def __str__(self) -> str:
        return repr(self) if self._last is None else self.source

    @property
    def source(self) -> str:
        """The program that ran last, as Python text: forward and backward, NumPy's names and its own.

        Raises RuntimeError if there was no call yet: there is nothing to record without arguments.
        """
        if self._last is None:
            raise RuntimeError(f"jit: call {self.name} first; its program is recorded from a call")
        path, batched, wanted = self._last
        return path.source(batched, wanted)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns for these arguments."""
        if recorder.get() is not None:  # inside another jitted function it is part of that
            return self.function(*args, **kwargs)
        call = Call(self, args, kwargs)
        path = None if call.family.eager else call.path()
        results = None if path is None else call.replay(path)
        if path is None or results is None:
            return self.function(*args, **kwargs)
        return call.arranged(path, results)

    def mean(self, *arguments: Any) -> Any:
        """The mean of the results over the examples: argument[i] is example i, of each argument.

        One node for all of them: C = 1/n sum C_x. Raises ValueError if the arguments differ in length or are empty,
        TypeError if the result of the function is not a single number.
        """
        batch = Batch(self, arguments)
        parts, weights = [], []
        for path, index in batch.partition():
            part = batch.mean(path, index) if path is not None else None
            if part is None:
                part = batch.eager_mean(index)
            parts.append(part)
            weights.append(batch.length(index) / batch.count)
        return parts[0] if len(parts) == 1 else functions.dot(weights, parts)

    def map(self, *arguments: Any) -> Any:
        """The results for all examples as NumPy arrays, example i along the first axis; numbers, without gradients."""
        batch = Batch(self, arguments)
        return batch.map()

    def _family(self, key: Any) -> Family:
        return self._families.setdefault(key, Family())

    def _record(
        self, function: Callable[..., Any], structures: Sequence[Any], numbers: Any, family: Family
    ) -> Path | None:
        """Record one more path; None where that cannot be, and the function has to run eagerly."""
        from .recording import Unsupported, program

        if len(family.paths) == PATHS:
            where = family.paths[-1].program.guards[-1][2]
            self._give_up(family, f"it takes more than {PATHS} ways{where}; where() and maximum() need no branch")
            return None
        try:
            path = Path(program(function, self.name, structures, numbers))
        except Unsupported as reason:
            self._give_up(family, str(reason))
            return None
        family.paths.append(path)
        return path

    def _give_up(self, family: Family, reason: str) -> None:
        family.eager = True
        warnings.warn(f"jit: {self.name} runs eagerly from now on: {reason}", RuntimeWarning, stacklevel=5)

    def check(self, path: Path, captured: Floats, outputs: Sequence[float], example: Callable[[], Any]) -> None:
        """Compare a replay with the function itself, the first times; RuntimeError where they differ."""
        if not path.checks:
            return
        changed = captured.tolist() != path.recorded
        if path.checks == 1 and not changed:
            return
        found, structure = flatten(example(), f"jit: the result of {self.name}")
        if repr(structure) == repr(path.program.structure):
            results = [nodes.number(x) for x in found]
            roots = [x for x in found if isinstance(x, Value)]
            size = max([abs(x.data) for x in graph.order(*roots) if abs(x.data) < float("inf")], default=0.0)
            if all([alike(x, y, size) for x, y in zip(results, outputs, strict=True)]):
                path.checks = 0 if changed or not path.captured else 1
                return
        raise RuntimeError(
            f"jit: {self.name} was expected to return {list(outputs)!r}, as its program does, but returned "
            f"{[nodes.number(x) for x in found]!r} when it was run again: it depends on more than its arguments and "
            "the Values that it uses, such as .data or item() of a Value, random numbers, or the time"
        )


def alike(x: float, y: float, size: float) -> bool:
    """Equal up to rounding, in a computation with numbers of this size."""
    return x == y or (x != x and y != y) or abs(x - y) <= 1e-9 * max(abs(x), abs(y)) + 1e-12 * size


class Call:
    """One call of a jitted function: its arguments as numbers, and how they are arranged."""

    def __init__(self, jitted: Jitted, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.jitted = jitted
        self.args, self.kwargs = args, kwargs
        keys = tuple(kwargs)
        flat = [flatten(x, f"jit: argument {i} of {jitted.name}") for i, x in enumerate(args)]
        flat += [flatten(x, f"jit: argument {key} of {jitted.name}") for key, x in kwargs.items()]
        self.leaves = [leaves for leaves, _ in flat]
        self.structures = [structure for _, structure in flat]
        self.numbers = [[x.data if isinstance(x, Value) else float(x) for x in leaves] for leaves in self.leaves]
        self.wanted = tuple([any([isinstance(x, Value) for x in leaves]) for leaves in self.leaves])
        self.family = jitted._family((keys, tuple(self.structures)))
        n = len(args)
        self.function = jitted.function if not kwargs else functools.partial(with_keywords, jitted.function, n, keys)

    def path(self) -> Path | None:
        """The path that these arguments take, recorded if it is new."""
        import numpy as np

        arrays = [np.array(x) for x in self.numbers]
        for path in self.family.paths:
            if not path.program.guards:
                return path
            compiled = path.take(False, self.wanted)
            with np.errstate(all="ignore"):
                holds = compiled.holds(*arrays)
            compiled.give_back()
            if holds:
                return path
        return self.jitted._record(self.function, self.structures, self.numbers, self.family)

    def replay(self, path: Path) -> list[tuple[float, list[float], list[float]]] | None:
        """For each number of the result its value, and its derivatives by what is captured and by the arguments."""
        import numpy as np

        arrays = [np.array(x) for x in self.numbers]
        compiled = path.take(False, self.wanted)
        count = len(path.program.outputs)
        results = []
        self.jitted._last = path, False, self.wanted
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                for k in range(count):
                    seed = 1.0 if count == 1 else np.eye(count)[k]
                    out, by_inputs = compiled.gradient(*arrays, seed)
                    value = float(out) if count == 1 else float(out[k])
                    by_given = [x for array in by_inputs for x in array.tolist()]
                    results.append((value, compiled.dP.tolist(), by_given))
        except FloatingPointError:
            return None
        finally:
            captured = compiled.P.copy() if path.checks else compiled.P
            compiled.give_back()
        if not all([value - value == 0.0 for value, _, _ in results]):
            return None
        if path.checks:
            self.jitted.check(
                path, captured, [x[0] for x in results], lambda: self.jitted.function(*self.args, **self.kwargs)
            )
        return results

    def arranged(self, path: Path, results: list[tuple[float, list[float], list[float]]]) -> Any:
        """The result as the function would return it: a node for each number; numbers where nothing is a variable."""
        places: list[Value | None] = [
            x if isinstance(x, Value) else None
            for leaves, wanted in zip(self.leaves, self.wanted, strict=True)
            if wanted
            for x in leaves
        ]
        given = [x for x in places if x is not None]
        parents = (*path.captured, *given)
        outputs: list[Any] = []
        for k, (value, by_captured, by_inputs) in enumerate(results):
            by_given = [d for x, d in zip(places, by_inputs, strict=True) if x is not None]
            if not parents:
                outputs.append(value)
                continue
            again = functools.partial(self.again, k)
            outputs.append(compiled_node(self.jitted.name, value, parents, (*by_captured, *by_given), again, given))
        return rebuild(path.program.structure, outputs)

    def again(self, k: int, given: Sequence[Value]) -> Value:
        """The k-th number of the result, computed eagerly with these Values in the place of those that were given."""
        fresh = iter(given)
        arguments = [
            rebuild(structure, [next(fresh) if isinstance(x, Value) else x for x in leaves])
            for structure, leaves in zip(self.structures, self.leaves, strict=True)
        ]
        return nodes.as_value(flatten(self.function(*arguments))[0][k])


def with_keywords(function: Callable[..., Any], count: int, keys: tuple[str, ...], *arguments: Any) -> Any:
    """Call the function with the arguments from ``count`` on as keywords."""
    return function(*arguments[:count], **dict(zip(keys, arguments[count:], strict=True)))


def compiled_node(
    name: str,
    data: float,
    parents: tuple[Value, ...],
    partials: tuple[float, ...],
    again: Callable[[Sequence[Value]], Value],
    given: Sequence[Value],
) -> Value:
    """A node for a whole program. For a derivative graph, ``again`` computes it from ``given`` eagerly."""

    def derivatives(out: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(out, Value):
            return partials
        found = expanded(again, given, parents[: len(parents) - len(given)])
        for derivative, stored in zip(found, out.partials, strict=True):
            if not alike(nodes.number(derivative), stored, max(map(abs, out.partials))):
                raise nodes.changed(out, nodes.number(derivative), stored)
        out.partials = tuple([nodes.number(x) for x in found])
        return tuple(found)

    def values(_: Any) -> float:
        return data

    node = object.__new__(Value)
    node.data, node.grad, node.label = data, 0.0, ""
    node.parents, node.partials = parents, partials
    node.rule = Rule(name, values, derivatives, layout="sequence")
    return node


def expanded(again: Callable[[Sequence[Value]], Value], given: Sequence[Value], captured: Sequence[Value]) -> list[Any]:
    """The derivatives of a program by what is captured and by what is given, as graphs of the recorded scalars.

    Each given Value is seen through a node of its own. While the derivatives are formed, these nodes and the captured
    ones have no edges: what one of them depends on must not be counted along that way too.
    """
    seen = [+x for x in given]
    output = again(seen)
    variables = [*captured, *seen]
    edges = [(x, x.parents, x.partials) for x in dict.fromkeys(variables)]
    for x, _, _ in edges:
        x.parents = x.partials = ()
    try:
        return nodes.gradients([output], [1.0], variables)
    finally:
        for x, parents, partials in edges:
            x.parents, x.partials = parents, partials


class Batch:
    """The arguments of ``mean`` and ``map``: for each an array of columns, one for each example."""

    def __init__(self, jitted: Jitted, arguments: Sequence[Any]) -> None:
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
        self.family = jitted._family(("batch", tuple(self.structures)))
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
                path = self.jitted._record(
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
        self.jitted._last = path, True, self.wanted
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
        self.jitted._last = path, True, self.wanted
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
