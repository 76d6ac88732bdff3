"""Functions whose derivative their author has written: ``custom_vjp``.

Such a function is no row of the table: its pull-back, which takes the gradients of the results to those of the
arguments, is a piece of code that runs in the backward sweep. So its node has a :class:`Slope` in the place of each
partial: times the gradient that has arrived, it is the gradient that goes on to one operand. Several results are nodes
above a common one, at which their gradients arrive together, as a :class:`Bundle`. The sweeps multiply and add up as
ever, and know nothing of it.

Where the derivative is to be a graph, both functions of the author run over Values once more.
"""

from __future__ import annotations

import functools
from math import nan
from typing import TYPE_CHECKING, Any

from .functions import constant
from .modes import cut, ieee, no_grad, untracked
from .recorder import recorder
from .rules import CONSTANT, Rule
from .structures import flatten, holds_value, rebuild
from .value import Value, number, watching

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from inspect import Signature

    from .recorder import Made


class custom_vjp:  # noqa: N801 - JAX's name
    """A function with a derivative of your own, going backward: ``f.defvjp(fwd, bwd)``.

    ``fwd(*args)`` returns ``(out, residuals)``: what f returns, and whatever the derivative will need of it.
    ``bwd(residuals, u)`` takes the gradients u by the results, arranged as ``out``, and returns a tuple with one
    gradient for each argument, arranged as that argument; None for one that is 0. With J = d out / d args it is u^T J,
    or whatever else is to go on instead: it need not be linear in u.

    >>> @custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda _, u: (u.clip(-1.0, 1.0),))
    >>> x = Value(3.0)
    >>> (10.0 * clipped(x)).backward()
    >>> x.grad
    1.0

    Where no argument holds a Value, f itself runs, else ``fwd``; each in constants, without history. For derivatives
    of derivatives ``fwd`` and ``bwd`` run over the Values again, and are differentiated as they are written. The
    arguments ``nondiff_argnums`` may be anything: they are handed to f and ``fwd`` in their places, and to ``bwd``
    first. Keywords are put in their places.

    Raises AttributeError when it is called before ``defvjp``. TypeError where ``fwd`` returns no pair, or ``bwd`` no
    tuple arranged as the arguments; where they compute with a Value that is none of the arguments, as its gradient
    would be lost; in forward derivatives (``jvp``, ``jacfwd``), as there is no rule for them. RuntimeError where the
    function has another value when it is run again for derivatives of derivatives. ``jit`` runs what calls it eagerly.

    Source: JAX's ``jax.custom_vjp``.
    """

    def __init__(self, function: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> None:
        if not callable(function):
            raise TypeError(f"custom_vjp: expected a function, got {type(function).__name__}")
        functools.update_wrapper(self, function)
        self.function = function
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self.nondiff_argnums = tuple(nondiff_argnums)
        self.fwd: Callable[..., Any] | None = None
        self.bwd: Callable[..., Any] | None = None
        from inspect import signature

        try:
            self._signature: Signature | None = signature(function)
        except (TypeError, ValueError):  # a function that does not tell
            self._signature = None

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Give the function its derivative. TypeError if one of the two is no function."""
        for what, given in (("fwd", fwd), ("bwd", bwd)):
            if not callable(given):
                raise TypeError(f"{self.name}.defvjp: expected a function as {what}, got {type(given).__name__}")
        self.fwd, self.bwd = fwd, bwd

    def __repr__(self) -> str:
        return f"custom_vjp({self.name})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns for these arguments."""
        if self.fwd is None:
            raise AttributeError(f"{self.name}: expected a derivative, given by {self.name}.defvjp(fwd, bwd), got none")
        args = self.placed(args, kwargs)
        call = Application(self, args)
        if not call.operands or untracked():
            return self.function(*args)
        seer = recorder.get()
        if seer is not None:
            seer.acting(f"calls {self.name}, a custom_vjp function", "leave that outside of what jit records")
        return call.results()

    def placed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in their places, those left out included."""
        if self._signature is None and not kwargs:
            return args
        if self._signature is None:
            raise TypeError(f"{self.name}: expected arguments without keywords, since its signature is not known")
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(f"{self.name}: expected arguments that have a place, got the keywords {[*bound.kwargs]}")
        return bound.args


class alone(no_grad):  # noqa: N801 - named as the modes are
    """Within it the code of a custom_vjp function runs: in constants, and in nothing else."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def see_value(self, node: Made) -> None:
        """Raise where a variable is used, or what was computed from one."""
        for x in node.parents:
            if x.rule is not CONSTANT:
                raise TypeError(
                    f"{self.name}: expected a custom_vjp function to compute with its arguments only, got {x!r} in "
                    f"{node.rule.symbol!r}, whose gradient would be lost: hand it over as an argument, or use its .data"
                )
        cut(node)


class Application:
    """One call of such a function: its arguments, its results as nodes, and what its derivative will need."""

    def __init__(self, custom: custom_vjp, args: tuple[Any, ...]) -> None:
        self.custom = custom
        self.name = custom.name
        self.args = args
        count = len(args)
        fixed = {i % count for i in custom.nondiff_argnums if -count <= i < count}
        self.fixed = [args[i] for i in sorted(fixed)]
        if any([holds_value(x) for x in self.fixed]):
            raise TypeError(f"{self.name}: expected arguments without Values as nondiff_argnums, got {self.fixed!r}")
        self.places = [i for i in range(count) if i not in fixed]
        what = f"{self.name}: what is none of nondiff_argnums, argument"
        flat = [flatten(args[i], f"{what} {i}") for i in self.places]
        self.leaves = [leaves for leaves, _ in flat]
        self.structures = [structure for _, structure in flat]
        self.operands = tuple([x for leaves in self.leaves for x in leaves if isinstance(x, Value)])
        self.residuals: Any = None
        self.structure: Any = None
        """How the results are arranged."""
        self.numbers: list[float] = []
        """The results."""
        self._known: tuple[Any, list[float]] = None, []

    def results(self) -> Any:
        """What the function returns: a node for each number; of several, with a common one below."""
        with alone(self.name):
            given = [[constant(x) if isinstance(x, Value) else x for x in leaves] for leaves in self.leaves]
            found, self.structure, self.residuals = self.forward(given)
        self.numbers = [*map(number, found)]
        slopes = tuple([Slope(self, k) for k in range(len(self.operands))])
        if len(self.numbers) == 1:
            return rebuild(self.structure, [node(self.name, self.numbers[0], self.operands, slopes, self.pull)])
        common = node(self.name, 0.0, self.operands, slopes, self.pull)
        parts = [Part(self, k) for k in range(len(self.numbers))]
        outs = [node(f"{self.name}[{k}]", x, (common,), (parts[k],), parts[k].pull) for k, x in enumerate(self.numbers)]
        return rebuild(self.structure, outs)

    def forward(self, leaves: Sequence[Sequence[Any]]) -> tuple[list[Any], Any, Any]:
        """The results of ``fwd``, their arrangement, and the residuals."""
        args = [*self.args]
        for i, structure, given in zip(self.places, self.structures, leaves, strict=True):
            args[i] = rebuild(structure, given)
        found = self.custom.fwd(*args)  # type: ignore[misc]
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise TypeError(f"{self.name}: expected fwd to return a pair (out, residuals), got {found!r}")
        return *flatten(found[0], f"{self.name}: the result of fwd"), found[1]

    def gradients(self, residuals: Any, upstream: Any) -> list[Any]:
        """What ``bwd`` makes of the gradients that have arrived: a gradient for each of the operands."""
        count = len(self.numbers)
        arrived = [upstream] if count == 1 else [upstream.by_place.get(k, 0.0) for k in range(count)]
        arranged = rebuild(self.structure, [x if isinstance(x, Value) else constant(x) for x in arrived])
        given = self.custom.bwd(*self.fixed, residuals, arranged)  # type: ignore[misc]
        if not isinstance(given, (tuple, list)) or len(given) != len(self.places):
            raise TypeError(
                f"{self.name}: expected bwd to return a tuple of {len(self.places)}, one gradient for each argument, "
                f"got {given!r}"
            )
        found: list[Any] = []
        for i, gradient, structure, leaves in zip(self.places, given, self.structures, self.leaves, strict=True):
            if gradient is None:
                gradient = rebuild(structure, [0.0] * len(leaves))  # noqa: PLW2901 - what it stands for
            own, arrangement = flatten(gradient, f"{self.name}: the gradient by argument {i}")
            if arrangement != structure:
                raise TypeError(
                    f"{self.name}: expected bwd to return a gradient by argument {i} that is arranged as that is, "
                    f"{self.args[i]!r}, got {gradient!r}"
                )
            found += [g for g, x in zip(own, leaves, strict=True) if isinstance(x, Value)]
        return found

    def pulled(self, upstream: Any) -> list[float]:
        """The gradients that go on to the operands, as numbers: computed once for all operands in a sweep."""
        seen, found = self._known
        if seen is not upstream:
            with ieee(), alone(self.name):
                found = [*map(number, self.gradients(self.residuals, upstream))]
            self._known = upstream, found  # at once, as several threads may sweep
        return found

    def pull(self, _: Value, upstream: Any) -> list[Any]:
        """The gradients that go on to the operands, as a graph."""
        found, structure, residuals = self.forward(self.leaves)
        now = [*map(number, found)]
        if structure != self.structure or any(
            [x != y and (x == x or y == y) for x, y in zip(now, self.numbers, strict=True)]
        ):
            raise RuntimeError(
                f"{self.name}: expected {self.numbers} from fwd once more, got {now}: the data of its arguments has "
                "been changed since, or it depends on more than its arguments"
            )
        return self.gradients(residuals, upstream)


def node(
    name: str, data: float, parents: tuple[Value, ...], partials: tuple[Any, ...], pull: Callable[..., list[Any]]
) -> Value:
    """A node whose gradient is handed on by a pull-back."""
    made = object.__new__(Value)
    made._number, made._grad, made._label = data, 0.0, ""
    made.parents, made.partials = parents, partials
    made.rule = Pulled(name, data, partials, pull)
    seer = watching()
    if seer is not None:
        seer.see_value(made)
    return made


class Pulled(Rule):
    """The rule of one such node: ``pull(node, upstream)`` lists what goes on to each operand, as a graph."""

    __slots__ = ("pull",)

    def __init__(self, symbol: str, data: float, slopes: tuple[Any, ...], pull: Callable[..., list[Any]]) -> None:
        super().__init__(symbol, lambda _: data, lambda out, _: slopes, layout="sequence")
        self.pull = pull


class Slope(float):
    """In the place of a partial: times the gradient that has arrived, the gradient that goes on to one operand.

    As a number, for people, it is what goes on of a gradient of 1; below several results there is none, and it is nan.
    """

    __slots__ = ("application", "position")

    application: Application
    position: int

    def __new__(cls, application: Application, position: int) -> Slope:  # noqa: PYI034 - Part is made otherwise
        """The slope by the operand in this position."""
        made = float.__new__(cls, nan)
        made.application, made.position = application, position
        return made

    def __mul__(self, upstream: Any) -> Any:
        return self.application.pulled(upstream)[self.position]

    __rmul__ = __mul__

    def __float__(self) -> float:
        return float(self * 1.0) if len(self.application.numbers) == 1 else nan

    def __repr__(self) -> str:
        return repr(float(self))

    def __format__(self, spec: str) -> str:
        return format(float(self), spec)

    def __eq__(self, other: object) -> bool:
        return float(self) == other

    def __ne__(self, other: object) -> bool:
        return float(self) != other

    __hash__ = object.__hash__


class Part(Slope):
    """From one of several results to their common node: the gradient that has arrived, in the result's place."""

    __slots__ = ()

    def __mul__(self, upstream: Any) -> Any:
        return Bundle({self.position: upstream})

    __rmul__ = __mul__

    def __float__(self) -> float:
        return 1.0

    def pull(self, _: Value, upstream: Any) -> list[Any]:
        """What goes on to the common node."""
        return [self * upstream]


class Bundle(float):
    """The gradients by several results of one call, by their places: they add up as numbers do in a sweep.

    As a number it is nan.
    """

    __slots__ = ("by_place",)

    by_place: dict[int, Any]

    def __new__(cls, by_place: dict[int, Any]) -> Bundle:  # noqa: PYI034 - there is no other
        """The gradients that have arrived so far."""
        made = float.__new__(cls, nan)
        made.by_place = by_place
        return made

    def __add__(self, other: Any) -> Bundle:
        return Bundle(self.by_place | other.by_place) if isinstance(other, Bundle) else self

    __radd__ = __add__

    def __mul__(self, _: float) -> Bundle:
        return self

    def __sub__(self, other: Any) -> float:
        """Of itself 0.0 if all are finite, as of a number."""
        return float(sum([x - x for x in self.by_place.values()]))
