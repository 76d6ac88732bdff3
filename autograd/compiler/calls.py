"""Calls: one call of a jitted function, and the node that stands for its result.

The node has the whole gradient as its partials. Where a derivative graph asks for more, the function itself is run
again in its place, so that the recorded scalars are there to be differentiated.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Sequence
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import functions, graph, nodes, rules
from autograd.modes import untracked, watcher
from autograd.recorder import recorder
from autograd.rules import Rule
from autograd.structures import flatten, rebuild, replaced
from autograd.tracing import tracking
from autograd.value import Value, number

from . import selfcheck, whole
from .behind import up_to_date
from .forms import Path
from .layouts import arranged, holds_array
from .sweeps import Sweep

if TYPE_CHECKING:
    import numpy as np

    from .forms import Loaded
    from .paths import Paths
    from .recording import Raised

    Floats = np.ndarray[Any, np.dtype[np.float64]]


class Without(enum.Enum):
    """Why a program has no answer: its path is not taken, or something happened that it does not tell."""

    PATH = "another way through the function"
    PROGRAM = "an operation outside its domain, a zero whose sign matters, or a number that is not finite"


class Result(NamedTuple):
    """A number of the result, the places of the variables that it depends on, and its derivatives by these.

    The variables are those that are captured and then the numbers of the arguments wanted; ``places`` None: all.
    """

    value: float
    places: Sequence[int] | None
    slopes: list[float]


OURS = frozenset([name for name, x in vars(Value).items() if hasattr(x, "__get__")]) - {
    *("__annotate__", "__annotate_func__", "__dict__", "__format__", "__getstate__", "__init__", "__new__"),
    *("__reduce__", "__repr__", "__setstate__", "__weakref__"),
}
"""What a Value can do: its methods and properties, and not what any class holds, such as annotations."""


def changes_operations(x: object) -> bool:
    """Whether x is a Value of a subclass that computes in a way of its own: a program would not know."""
    kind: Any = type(x)
    return kind is not Value and isinstance(x, Value) and has_own_operations(kind)


@functools.lru_cache(maxsize=256)
def has_own_operations(kind: type) -> bool:
    """Whether a class, or one between it and Value, has other operations than Value."""
    if kind.__module__.startswith("autograd."):
        return False
    return any([not OURS.isdisjoint(vars(each)) for each in kind.__mro__[: kind.__mro__.index(Value)]])


class Call:
    """One call of a jitted function: its arguments as numbers, and how they are arranged."""

    def __init__(self, jitted: Paths, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        up_to_date()
        self.jitted = jitted
        self.args, self.kwargs = args, kwargs
        keys = tuple(kwargs)
        flat = [flatten(x, f"jit: argument {jitted.place(i)} of {jitted.name}") for i, x in enumerate(args)]
        flat += [flatten(x, f"jit: argument {key} of {jitted.name}") for key, x in kwargs.items()]
        self.leaves = [leaves for leaves, _ in flat]
        self.structures = [structure for _, structure in flat]
        self.numbers = [[x._number if isinstance(x, Value) else float(x) for x in leaves] for leaves in self.leaves]
        self.wanted = tuple([any([isinstance(x, Value) for x in leaves]) for leaves in self.leaves])
        self.family = jitted.family((keys, tuple(self.structures)))
        if any(self.wanted) and not self.family.eager:
            own = next((type(x) for each in self.leaves for x in each if changes_operations(x)), None)
            if own is not None:
                jitted.give_up(
                    self.family,
                    f"an argument is a {own.__name__}, a subclass of Value with operations of its own; write the "
                    "function with autograd's, or make a primitive of yours",
                )
        n = len(args)
        self.function = jitted.function if not kwargs else functools.partial(with_keywords, jitted.function, n, keys)

    def answer(self) -> Any:
        """What the function returns for these arguments."""
        return selfcheck.settled(self.family, self._answer)

    def _answer(self) -> Any:
        found: Path | Raised | None = None
        family = self.family
        if not family.eager:
            outside = self.jitted.surroundings.now()
            tried: list[Path] = []
            known = [*family.paths]
            for path in [x for x in known if x.outside == outside]:
                if path is known[0] or not path.program.guards or self.on(path):
                    results = self.replay(path)
                    if isinstance(results, list):
                        return self.arranged(path, results)
                    if results is Without.PROGRAM:
                        tried.append(path)
            # None does: another way through the function, or what only the function itself can answer.
            if not tried or tried[-1].tries:
                function = whole.marking(self.function, self.leaves)
                found = self.jitted.record(function, self.structures, self.numbers, family, tuple(self.kwargs))
                if isinstance(found, Path):
                    results = self.replay(found)
                    if isinstance(results, list):
                        return self.arranged(found, results)
                elif tried:
                    tried[-1].tries -= 1
        return self.jitted.eagerly(family, self.eager, found, self.leaves, [*self.kwargs])

    def eager(self, plainly: frozenset[int]) -> Any:
        """What the function itself returns: on Values, as it is recorded, and a number where nothing is a variable.

        The whole numbers of arguments that are used as such are given to it as they are.
        """
        if self.family.raw:
            return self.jitted.function(*self.args, **self.kwargs)
        variable = any(self.wanted) or self.family.captured
        with tracking():
            given = [constants(x, self.leaves[i], i in plainly) for i, x in enumerate(self.structures)]
            result = unwrapped(self.function(*given), variable)
        if self.gives_arrays():
            result = in_arrays(result)
        return replaced(result, functions.constant) if untracked() else result

    def on(self, path: Path) -> bool:
        """Whether the guards of a path hold for these arguments."""
        import numpy as np

        compiled = path.take(False, self.wanted)
        with np.errstate(all="ignore"):
            holds = bool(compiled.holds(*[np.array(x) for x in self.numbers]))
        compiled.give_back()
        return holds

    def replay(self, path: Path) -> list[Result] | Without:
        """For each number of the result its value, and its derivatives by what is captured and by the arguments."""
        import numpy as np

        arrays = [np.array(x) for x in self.numbers]
        compiled = path.take(False, self.wanted)
        captured = compiled.P.copy()
        count = len(path.program.outputs)
        self.jitted.families.ran(self.family, path, False, self.wanted)
        try:
            with path.watched():
                out, taken, sound, slopes = self._run(path, compiled, arrays)
                if not taken or not sound:
                    return Without.PROGRAM if taken else Without.PATH
                values = [float(out)] if count == 1 else out.tolist()
                results = [Result(value, *slopes.get(k, ((), []))) for k, value in enumerate(values)]
        except FloatingPointError:
            return Without.PROGRAM
        finally:
            compiled.give_back()
        if not path.library and not finite(results):
            return Without.PROGRAM
        if path.finite and not np.isfinite(np.concatenate([captured, *arrays])).all():
            return Without.PROGRAM
        self.check(path, captured, results)
        return results

    def _run(self, path: Path, compiled: Loaded, arrays: Sequence[Floats]) -> tuple[Any, Any, Any, dict[int, Any]]:
        """The result, the two conditions of the program, and of numbers of the result what a :class:`Result` has."""
        import numpy as np

        count, plain = len(path.program.outputs), path.program.plain
        if len(plain) == count or not (path.captured or any(self.wanted)):
            return *compiled.value(*arrays), {}
        if count == 1:
            out, by_inputs, taken, sound = compiled.gradient(*arrays, 1.0)
            return out, taken, sound, {0: (None, [*compiled.dP.tolist(), *[d for x in by_inputs for d in x.tolist()]])}
        out, taken, sound = None, True, True
        slopes: dict[int, Any] = {}
        for colour in path.colours(self.wanted):
            if taken and sound:
                out, by_inputs, taken, sound = compiled.gradient(*arrays, colour.seeds)
                found = np.concatenate([compiled.dP, *by_inputs])
                slopes |= {k: (places.tolist(), found[places].tolist()) for k, places in colour.rows}
        return out, taken, sound, slopes

    def check(self, path: Path, captured: Floats, results: list[Result]) -> None:
        """Compare the results with the function itself, if it is time to."""
        when = path.schedule(False, self.wanted)
        if not when.due(captured, self.numbers):
            return
        by_inputs = [
            d for part, wanted in zip(when.by_inputs, self.wanted, strict=True) if wanted for d in part.tolist()
        ]
        direction = [*when.direction.tolist(), *by_inputs]

        def derivative(cotangents: list[list[float]]) -> float:
            slopes = [
                sum(map(mul, direction if x.places is None else [direction[i] for i in x.places], x.slopes))
                for x in results
            ]
            return float(sum(map(mul, cotangents[0], slopes)))

        trial = selfcheck.Trial(self.numbers, [x.value for x in results])
        differentiated = derivative if direction else None
        if selfcheck.compare(
            self.jitted, path, [trial], when, captured, self.structures, self.function, differentiated
        ):
            when.compared(captured, self.numbers, len(path.rolled.statements), 1)

    def arranged(self, path: Path, results: list[Result]) -> Any:
        """The result as the function would return it: a node for each number; numbers where nothing is a variable."""
        plain = path.program.plain
        places: list[Value | None] = [
            x if isinstance(x, Value) else None
            for leaves, wanted in zip(self.leaves, self.wanted, strict=True)
            if wanted
            for x in leaves
        ]
        variables: list[Value | None] = [*path.captured, *places]
        given = [x for x in places if x is not None]
        ranks = {at: rank for rank, at in enumerate([at for at, x in enumerate(variables) if x is not None])}
        outputs: list[Any] = []
        for k, (value, found, slopes) in enumerate(results):
            if not ranks or k in plain:
                outputs.append(plain.get(k, float)(value))
                continue
            chosen, partials = None, slopes
            if found is not None or len(ranks) < len(variables):
                pairs = [*zip(range(len(variables)) if found is None else found, slopes, strict=True)]
                chosen = [ranks[at] for at, _ in pairs if at in ranks]
                partials = [d for at, d in pairs if at in ranks]
            again = Rerun(functools.partial(self.again, k), path.captured, given, chosen)
            node = compiled_node(self.jitted.name, value, tuple(partials), again)
            node.rule.last = path.program.rules[path.program.outputs[k]]
            outputs.append(node)
        arrays = not ranks and self.gives_arrays()
        return arranged(path.program.structure, outputs, arrays=arrays, kept=plain)

    def gives_arrays(self) -> bool:
        """Whether lists in the result are to be arrays: because arrays are given, and no Values."""
        return not any(self.wanted) and any([holds_array(x) for x in self.structures])

    def again(self, k: int, given: Sequence[Value]) -> Value:
        """The k-th number of the result, computed eagerly with these Values in the place of those that were given."""
        fresh = iter(given)
        arguments = [
            rebuild(structure, [next(fresh) if isinstance(x, Value) else x for x in leaves])
            for structure, leaves in zip(self.structures, self.leaves, strict=True)
        ]
        return nodes.as_value(flatten(self.function(*arguments))[0][k])


def in_arrays(result: Any) -> Any:
    """A result with its lists of floats in arrays, where they are rectangular."""
    try:
        leaves, structure = flatten(result)
    except TypeError:  # what no program returns either
        return result
    if any([isinstance(x, Value) for x in leaves]):
        return result
    return arranged(structure, leaves, arrays=True, kept=[k for k, x in enumerate(leaves) if type(x) is not float])


def constants(structure: Any, leaves: Sequence[Value | float], plainly: bool = False) -> Any:
    """An argument with its numbers as constants, and its Values as they are; ``plainly``: its whole numbers as well."""
    return rebuild(structure, [x if plainly and whole.is_whole(x) else nodes.as_value(x) for x in leaves])


def unwrapped(result: Any, variable: bool) -> Any:
    """What a function returned for constants: numbers, unless something it used was a variable."""
    try:
        leaves, structure = flatten(result)
    except TypeError:  # what no program returns either
        return result
    if variable or not any([isinstance(x, Value) for x in leaves]):
        return result
    roots = [x for x in leaves if isinstance(x, Value)]
    if any([not x.parents and x.rule is not rules.CONSTANT for x in graph.order(*roots)]):
        return result
    return rebuild(structure, [x._number if isinstance(x, Value) else x for x in leaves])


def finite(results: Sequence[Result]) -> bool:
    """Whether no number of the results is inf or nan."""
    return all([x - x == 0.0 for result in results for x in (result.value, *result.slopes)])


def with_keywords(function: Callable[..., Any], count: int, keys: tuple[str, ...], *arguments: Any) -> Any:
    """Call the function with the arguments from ``count`` on as keywords."""
    return function(*arguments[:count], **dict(zip(keys, arguments[count:], strict=True)))


class Rerun(NamedTuple):
    """How a program's result is computed eagerly: ``run`` takes Values in the place of those that were ``given``.

    Its variables are those that are ``captured``, and then these; ``chosen``: those by which there is a derivative, by
    their places, None if all are.
    """

    run: Callable[[Sequence[Value]], Value]
    captured: Sequence[Value]
    given: Sequence[Value]
    chosen: Sequence[int] | None = None

    def among(self, variables: Sequence[Any]) -> Sequence[Any]:
        """The chosen ones."""
        return variables if self.chosen is None else [variables[i] for i in self.chosen]

    def expanded(self) -> list[Any]:
        """The derivatives, as graphs of the recorded scalars.

        Each given Value is seen through a node of its own. These nodes and the captured ones count as leaves: what one
        of them depends on must not be counted along that way too.
        """
        seen = [+x for x in self.given]
        output = self.run(seen)
        variables = [*self.captured, *seen]
        return nodes.gradients([output], [1.0], self.among(variables), stop=variables)


def compiled_node(name: str, data: float, partials: tuple[float, ...], again: Rerun) -> Value:
    """A node for a whole program; for a derivative graph it is computed eagerly."""

    def derivatives(out: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(out, Value):
            return partials
        found = again.expanded()
        for derivative, stored in zip(found, out.partials, strict=True):
            if not alike(derivative, stored, max(map(abs, out.partials))):
                raise nodes.changed(out, number(derivative), stored)
        out.partials = tuple([number(x) for x in found])
        return tuple(found)

    def values(_: Any) -> float:
        return data

    node = object.__new__(Value)
    node._number, node._grad, node._label = data, 0.0, ""
    node.parents, node.partials = tuple(again.among((*again.captured, *again.given))), partials
    node.rule = Rule(name, values, derivatives, layout="sequence")
    seer = watcher.get()
    if seer is not None and recorder.get() is None:
        seer.see_value(node)
    return node


def alike(derivative: Any, stored: float, size: float) -> bool:
    """Whether a derivative is a stored one up to rounding, which is measured in its graph where it has cancelled."""
    now = number(derivative)
    if now == stored or (now != now and stored != stored) or abs(now - stored) <= 1e-9 * abs(stored) + 1e-12 * size:
        return True
    if not isinstance(derivative, Value):
        return False
    return abs(now - stored) <= 8.0 * Sweep([derivative], [1.0], {}).value_bound
