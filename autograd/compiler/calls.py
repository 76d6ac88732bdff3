"""Calls: one call of a jitted function, and the node that stands for its result.

The node has the whole gradient as its partials. Where a derivative graph asks for more, the function itself is run
again in its place, so that the recorded scalars are there to be differentiated.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from autograd import nodes
from autograd.rules import Rule
from autograd.structures import flatten, rebuild
from autograd.value import Value, number

from .paths import Replay, alike

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .paths import Path, Paths


class Call:
    """One call of a jitted function: its arguments as numbers, and how they are arranged."""

    def __init__(self, jitted: Paths, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.jitted = jitted
        self.args, self.kwargs = args, kwargs
        keys = tuple(kwargs)
        flat = [flatten(x, f"jit: argument {i} of {jitted.name}") for i, x in enumerate(args)]
        flat += [flatten(x, f"jit: argument {key} of {jitted.name}") for key, x in kwargs.items()]
        self.leaves = [leaves for leaves, _ in flat]
        self.structures = [structure for _, structure in flat]
        self.numbers = [[x._number if isinstance(x, Value) else float(x) for x in leaves] for leaves in self.leaves]
        self.wanted = tuple([any([isinstance(x, Value) for x in leaves]) for leaves in self.leaves])
        self.family = jitted.family((keys, tuple(self.structures)))
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
        return self.jitted.record(self.function, self.structures, self.numbers, self.family, tuple(self.kwargs))

    def replay(self, path: Path) -> list[tuple[float, list[float], list[float]]] | None:
        """For each number of the result its value, and its derivatives by what is captured and by the arguments."""
        import numpy as np

        arrays = [np.array(x) for x in self.numbers]
        compiled = path.take(False, self.wanted)
        count = len(path.program.outputs)
        results = []
        self.jitted.last = path, False, self.wanted
        try:
            with path.watched():
                for k in range(count):
                    seed = 1.0 if count == 1 else np.eye(count)[k]
                    out, by_inputs = compiled.gradient(*arrays, seed)
                    value = float(out) if count == 1 else float(out[k])
                    by_given = [x for array in by_inputs for x in array.tolist()]
                    results.append((value, compiled.dP.tolist(), by_given))
        except FloatingPointError:
            return None
        finally:
            captured = compiled.P.copy() if path.unchecked else compiled.P
            compiled.give_back()
        if not path.library and not all([value - value == 0.0 for value, _, _ in results]):
            return None
        if not path.settled(captured):
            again = functools.partial(self.jitted.function, *self.args, **self.kwargs)
            self.jitted.check(path, captured, [Replay(self.numbers, [x[0] for x in results], again)])
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
            if not alike(number(derivative), stored, max(map(abs, out.partials))):
                raise nodes.changed(out, number(derivative), stored)
        out.partials = tuple([number(x) for x in found])
        return tuple(found)

    def values(_: Any) -> float:
        return data

    node = object.__new__(Value)
    node._number, node.grad, node.label = data, 0.0, ""
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
