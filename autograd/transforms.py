"""Transforms: functions that turn a function of numbers into its derivatives.

``grad(f)`` is the function that computes the gradient of ``f``. The names and signatures are JAX's; arguments are
numbers, Values, and nested lists, tuples, dicts and NumPy arrays of them, and derivatives are arranged as the arguments
are: by an m x n matrix they are m x n, and those of a k-vector are k x m x n.

Floats in, floats out; Values in, Values out - so transforms nest to any order. Each call differentiates with respect to
nodes that it makes itself (the arguments' numbers as fresh leaves, or ``+x`` of the arguments' Values), which no other
call can know; that is what keeps perturbations apart in ``grad(lambda x: x * grad(lambda y: x + y)(x))``.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from . import graph, nodes
from .operands import whole
from .recorder import recorder
from .structures import LEAF, flatten, holds_value, rebuild
from .value import Value, real

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

active: ContextVar[tuple[Value, ...]] = ContextVar("active", default=())
"""The variables of the transforms that are being computed around this one."""


def gradients(output: Value, inputs: Sequence[Value], create_graph: bool = False) -> list[Any]:
    """d output / d input for each of the inputs, leaves or not; every ``grad`` is left alone.

    With ``create_graph=True`` the derivatives are Values, part of a graph that can be drawn and differentiated again;
    it holds the operations of the chain rule and nothing else (no times 1, no plus 0). An input that the output does
    not depend on has the gradient 0.0.

    Raises TypeError if output or inputs are not Values (a single input is ``[x]``). With ``create_graph=True``,
    RuntimeError if the data of a leaf has been changed since the output was computed: its partials are not those of the
    forward pass any more.
    """
    if isinstance(inputs, Value) or not hasattr(inputs, "__iter__"):
        raise TypeError(f"gradients: expected a sequence of Values as inputs, got {type(inputs).__name__}")
    inputs = list(inputs)
    for x in (output, *inputs):
        if not isinstance(x, Value):
            raise TypeError(f"gradients: expected Values, got {type(x).__name__}")
    if not create_graph:
        return graph.gradients([output], [1.0], inputs)
    return [nodes.as_value(g) for g in nodes.gradients([output], [1.0], inputs)]


class Call:
    """One call of a function under a transform: its inputs as fresh nodes, its outputs, and how both are arranged.

    ``inputs`` are the nodes of the arguments named by ``argnums``, one list for all, ``structures`` their arrangements.
    ``graph`` says whether derivatives must be Values: because an argument holds one (any argument), or because the
    outputs depend on a variable of a transform around this one.
    """

    def __init__(
        self, name: str, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int]
    ):
        self.inputs: list[Value] = []
        self.structures: dict[int, Any] = {}
        arguments = list(args)
        around = active.get()
        self.recorded = recorder.get() is not None
        """Whether the derivatives have to be Values in any case, since what is done here is recorded."""
        self.graph = any([holds_value(argument) for argument in (*args, *kwargs.values())])
        for i in argnums:
            leaves, structure = flatten(args[i], f"{name}: argument {i}")
            fresh = [+x if isinstance(x, Value) else Value(x) for x in leaves]
            self.inputs += fresh
            self.structures[i] = structure
            arguments[i] = rebuild(structure, fresh)
        token = active.set((*around, *self.inputs))
        try:
            self.result = whole(f(*arguments, **kwargs))
        finally:
            active.reset(token)
        leaves, self.out_structure = flatten(self.result, f"{name}: the result")
        self.outputs = [nodes.as_value(x) for x in leaves]
        if around and not self.graph:
            outer = set(map(id, around))
            self.graph = any([id(node) in outer for node in graph.order(*self.outputs)])

    def gradients(self, seeds: Sequence[Any]) -> list[Any]:
        """sum_i seeds[i] * d outputs[i] / d input for each input: Values, or floats where no graph is needed."""
        return self._swept(self.outputs, seeds)

    def rows(self) -> list[list[Any]]:
        """For each output its gradient, one derivative for each input: one sweep over what this output depends on."""
        return [self._swept([output], [1.0]) for output in self.outputs]

    def _swept(self, outputs: Sequence[Value], seeds: Sequence[Any]) -> list[Any]:
        graphic = self.graph or any([isinstance(seed, Value) for seed in seeds])
        if graphic or self.recorded:
            return self._given([nodes.as_value(g) for g in nodes.gradients(outputs, seeds, self.inputs)], graphic)
        return graph.gradients(outputs, [real(seed, "seed") for seed in seeds], self.inputs)

    def tangents(self, directions: Sequence[Any]) -> list[Any]:
        """d outputs[i] along the directions, for each output: Values, or floats where no graph is needed."""
        graphic = self.graph or any([isinstance(direction, Value) for direction in directions])
        if graphic or self.recorded:
            found = nodes.tangents(self.outputs, self.inputs, directions)
            return self._given([nodes.as_value(t) for t in found], graphic)
        return graph.tangents(self.outputs, self.inputs, [real(d, "direction") for d in directions])

    def _given(self, values: list[Value], graphic: bool) -> list[Any]:
        """Values, or their numbers where no graph is needed; while a function is recorded these remember them."""
        return values if graphic else [x.data for x in values]

    def value(self) -> Any:
        """The result of the function: Values, or floats where no graph is needed."""
        return rebuild(self.out_structure, self._given(self.outputs, self.graph))

    def arranged(self, derivatives: Sequence[Any]) -> list[Any]:
        """One derivative for each input, arranged as the arguments are: one structure for each argument."""
        whole = tuple, tuple(self.structures.values())
        return list(rebuild(whole, derivatives))


def numbered(name: str, f: Callable[..., Any], argnums: int | Sequence[int]) -> list[int]:
    """The argnums as a list. TypeError if they are no ints, or f no function; ValueError if one is named twice."""
    if not callable(f):
        raise TypeError(f"{name}: expected a function, got {type(f).__name__}")
    given = [*argnums] if hasattr(argnums, "__iter__") else [argnums]
    if not all([isinstance(i, int) for i in given]):
        raise TypeError(f"{name}: expected an int or a tuple of ints as argnums, got {argnums!r}")
    if len(set(given)) < len(given):
        raise ValueError(f"{name}: expected different argnums, got {argnums!r}")
    return given


def positions(name: str, argnums: Sequence[int], count: int) -> list[int]:
    """The positions of the arguments to differentiate by, counted from 0; ValueError for none there, or one twice."""
    for i in argnums:
        if not -count <= i < count:
            raise ValueError(f"{name}: expected argnums below the number of positional arguments, {count}, got {i}")
    found = [i % count for i in argnums]
    if len(set(found)) < len(found):
        raise ValueError(f"{name}: expected different argnums, got {(*argnums,)!r}")
    return found


def described(derivative: Callable[..., Any], name: str, what: str, f: Callable[..., Any]) -> Callable[..., Any]:
    """The derivative named after its function, ``grad(loss)``, with its signature, and its docstring below one line."""
    called = getattr(f, "__name__", type(f).__name__)
    derivative.__name__ = derivative.__qualname__ = f"{name}({called})"
    doc = f"The {what} of {called}, as a function of the same arguments."
    derivative.__doc__ = f"{doc}\n\n{called}: {f.__doc__}" if f.__doc__ else doc
    derivative.__wrapped__ = f  # type: ignore[attr-defined]
    return derivative


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., tuple[Any, Any]]:
    """The function that returns f's value and its gradient, for a scalar-valued f.

    The gradient is by the positional argument ``argnums``, arranged as that argument is; for a tuple of ``argnums`` it
    is a tuple. Keyword arguments are passed on.

    Raises TypeError at once if f is no function or argnums no ints, and in a call if the result of f is not a single
    number; ValueError for an argument that is not there, or named twice.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    given = numbered("grad", f, argnums)

    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = Call("grad", f, args, kwargs, positions("grad", given, len(args)))
        if call.out_structure != LEAF:
            raise TypeError(
                f"grad: expected a function with a single number as its result, got {type(call.result).__name__}; "
                "the derivative of several numbers is jacobian(f)"
            )
        derivatives = call.arranged(call.rows()[0])
        return call.value(), derivatives[0] if isinstance(argnums, int) else tuple(derivatives)

    return described(value_and_gradient, "value_and_grad", "value and the gradient", f)


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of a scalar-valued function, as a function: one backward sweep.

    As :func:`value_and_grad`, without the value.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["w"] * p["x"] + p["b"])({"w": -3.0, "x": 2.0, "b": 1.0})
    {'w': 2.0, 'x': -3.0, 'b': 1.0}
    """
    both = value_and_grad(f, argnums)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return described(gradient, "grad", "gradient", f)


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """f's value and its pull-back, the vector-Jacobian product: one backward sweep for each call of it.

    ``out, pull = vjp(f, x, y)``; ``pull(u)`` takes an arrangement u like ``out`` and returns the tuple of
    u^T (d out / d x) and u^T (d out / d y). Raises ValueError if u is arranged otherwise.
    """
    call = Call("vjp", f, primals, {}, range(len(primals)))

    def pull(cotangent: Any) -> tuple[Any, ...]:
        seeds, structure = flatten(cotangent, "vjp: the cotangent")
        if structure != call.out_structure:
            raise ValueError(f"vjp: expected a cotangent arranged like the result, {call.value()!r}, got {cotangent!r}")
        return tuple(call.arranged(call.gradients(seeds)))

    return call.value(), pull


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """f's value and its derivative along the tangents, the Jacobian-vector product: one forward sweep.

    ``out, out_tangent = jvp(f, (x, y), (dx, dy))``. Raises ValueError if the tangents are not arranged as the primals.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (list, tuple)):
            raise TypeError(f"jvp: expected a tuple of {what}, one for each argument, got {type(given).__name__}")
    return along("jvp", f, tuple(primals), tuple(tangents))


def along(name: str, f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """f's value and its derivative along the tangents, for the transform of that name."""
    call = Call(name, f, primals, {}, range(len(primals)))
    directions, structure = flatten(tangents, f"{name}: the tangents")
    if structure != (tuple, tuple(call.structures.values())):
        raise ValueError(f"{name}: expected tangents arranged like the primals, {primals!r}, got {tangents!r}")
    derivatives = call.tangents(directions)
    return call.value(), rebuild(call.out_structure, derivatives)


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The Jacobian of a function, as a function: for each number of the result, its gradient.

    Arranged as the result, with the arrangement of the argument in the place of each number: d out_i / d x_j is
    ``J[i][j]``, and for a k-vector function of an m x n matrix J is k x m x n. Where result and argument are arrays it
    is one array. One backward sweep for each number of the result.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """
    given = numbered("jacobian", f, argnums)

    def derivative(*args: Any, **kwargs: Any) -> Any:
        call = Call("jacobian", f, args, kwargs, positions("jacobian", given, len(args)))
        rows = [call.arranged(row) for row in call.rows()]
        whole = [rebuild(call.out_structure, [row[i] for row in rows]) for i in range(len(call.structures))]
        return whole[0] if isinstance(argnums, int) else tuple(whole)

    return described(derivative, "jacobian", "Jacobian", f)


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The matrix of second derivatives of a scalar-valued function, as a function: the Jacobian of its gradient.

    For a tuple of ``argnums`` it is a tuple of tuples: ``H[i][j]`` is d2 f / d x_i d x_j.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """
    rows = [jacobian(grad(f, i), argnums) for i in numbered("hessian", f, argnums)]

    def blocks(*args: Any, **kwargs: Any) -> Any:
        matrix = tuple([row(*args, **kwargs) for row in rows])
        return matrix[0] if isinstance(argnums, int) else matrix

    return described(blocks, "hessian", "Hessian", f)


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """The Hessian of a scalar-valued f at x times v, without the matrix: the gradient's derivative along v.

    One backward sweep that makes a graph, and one forward sweep over it. Arranged as x is; ValueError if v is not.
    """
    return along("hvp", grad(f), (x,), (v,))[1]
