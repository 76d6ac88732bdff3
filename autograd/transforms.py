"""Transforms: functions that turn a function of numbers into its derivatives.

``grad(f)`` is the function that computes the gradient of ``f``. The names and signatures are JAX's; arguments are
numbers, Values, and nested lists, tuples, dicts and NumPy arrays of them, and derivatives are arranged as the arguments
are: by an m x n matrix they are m x n, and those of a k-vector are k x m x n.

Floats in, floats out; Values in, Values out - so transforms nest to any order. Each call differentiates with respect to
nodes that it makes itself (the arguments' numbers as fresh leaves, or ``+x`` of the arguments' Values), which no other
call can know; that is what keeps perturbations apart in ``grad(lambda x: x * grad(lambda y: x + y)(x))``.

With ``has_aux=True`` the function returns a pair, ``(value, aux)``: the value is differentiated, and what goes beside
it comes back beside the derivative, whatever it is; Values in it as numbers, where numbers went in.

At floats a derivative is floats, also where the function uses Values from around it, such as the parameters of a model:
no gradient goes through it to them, but those of a transform around it. ``grad(model)(Value(0.5))`` is a Value that
depends on both.

While a transform computes, the collector of cyclic garbage is paused (:mod:`.collector`).
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Literal, overload

from . import graph, nodes
from .collector import undisturbed
from .differentiable import Recipe, differentiable
from .recorder import recorder
from .straightway import alone, going_quickly, going_straight, in_place, straight_along, straight_pull
from .structures import LEAF, container, flatten, rebuild
from .tracing import Call, remembered, tracking
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .differentiable import Derivative, Differentiable

    Straight = Callable[[Differentiable, tuple[Any, ...], dict[str, Any]], tuple[Any] | None]
    Pull = Callable[[Any], tuple[Any, ...]]


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
    if not create_graph and recorder.get() is None:
        return graph.gradients([output], [1.0], inputs)
    with tracking():
        found = [nodes.as_value(g) for g in nodes.gradients([output], [1.0], inputs)]
        return found if create_graph else remembered(found)


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


def described(derivative: Callable[..., Any], name: str, what: str, f: Callable[..., Any]) -> Derivative:
    """The derivative named after its function, ``grad(loss)``, with its signature, and its docstring below one line."""
    called = getattr(f, "__name__", type(f).__name__)
    derivative.__name__ = derivative.__qualname__ = f"{name}({called})"
    doc = f"The {what} of {called}, as a function of the same arguments."
    derivative.__doc__ = f"{doc}\n\n{called}: {f.__doc__}" if f.__doc__ else doc
    derivative.__wrapped__ = f  # type: ignore[attr-defined]
    found: Any = derivative
    return found  # type: ignore[no-any-return]


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Derivative:
    """The function that returns f's value and its gradient, for a scalar-valued f.

    The gradient is by the positional argument ``argnums``, arranged as that argument is; for a tuple of ``argnums`` it
    is a tuple. Keyword arguments are passed on. Of a jitted f and of its ``f.mean`` it comes from the program, at plain
    numbers and arrays without a Value in between; and it has a ``map`` over examples, as f has. With ``has_aux`` f
    returns ``(value, aux)``, and this ``((value, aux), gradient)``.

    Raises TypeError at once if f is no function or argnums no ints, and in a call if the result of f is not a single
    number, or no pair where there is to be one; ValueError for an argument that is not there, or named twice.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    >>> value_and_grad(lambda x: (x * x, {"twice": 2 * x}), has_aux=True)(3.0)
    ((9.0, {'twice': 6.0}), 6.0)
    """
    given = numbered("grad", f, argnums)

    def straight(own: Differentiable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any] | None:
        found = own.value_and_gradient(args, kwargs, positions("grad", given, len(args)), has_aux) if alone() else None
        if found is None:
            return None
        result, derivatives = found
        return ((result, derivatives[0] if isinstance(argnums, int) else tuple(derivatives)),)

    @undisturbed()
    def computed(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = Call("grad", f, args, kwargs, positions("grad", given, len(args)), has_aux)
        if call.out_structure != LEAF:
            raise TypeError(
                f"grad: expected a function with a single number as its result, got {type(call.result).__name__}; "
                "the derivative of several numbers is jacobian(f), and what goes beside a number is has_aux=True"
            )
        derivatives = call.arranged(call.rows()[0])
        gradient = derivatives[0] if isinstance(argnums, int) else tuple(derivatives)
        return (call.value(), in_place(own, args, kwargs, call.beside())) if has_aux else call.value(), gradient

    own = differentiable(f)
    both = going_straight(f, straight, computed, lambda g: value_and_grad(g, argnums, has_aux))
    quick = None if own is None or has_aux else own.quickest(given, alone=isinstance(argnums, int), both=True)
    if quick is not None:
        both = going_quickly(both, quick)
    if own is not None and not has_aux:
        asked: Differentiable = own

        def one(args: tuple[Any, ...]) -> tuple[float, Sequence[Any]]:
            value, gradient = computed(*args)
            return value, [gradient] if isinstance(argnums, int) else gradient

        def mapped(*args: Any) -> tuple[Any, Any]:
            """The values and the gradients of many examples: arrays over these, example i along the first axis."""
            values, found = asked.each(args, positions("grad", given, len(args)), one, alone())
            return values, found[0] if isinstance(argnums, int) else tuple(found)

        both.map = mapped  # type: ignore[attr-defined]
    return described(both, "value_and_grad", "value and the gradient", f)


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Derivative:
    """The gradient of a scalar-valued function, as a function: one backward sweep.

    As :func:`value_and_grad`, without the value: with ``has_aux`` it returns ``(gradient, aux)``.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["w"] * p["x"] + p["b"])({"w": -3.0, "x": 2.0, "b": 1.0})
    {'w': 2.0, 'x': -3.0, 'b': 1.0}
    """
    both: Any = value_and_grad(f, argnums, has_aux)
    recipe: Recipe = both.__recipe__

    def straight(own: Differentiable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any] | None:
        found = recipe.straight(own, args, kwargs)
        if found is None:
            return None
        value, gradient = found[0]
        return ((gradient, value[1]),) if has_aux else (gradient,)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    own = differentiable(f)
    quick = (
        None
        if own is None or has_aux
        else own.quickest(numbered("grad", f, argnums), alone=isinstance(argnums, int), both=False)
    )
    if hasattr(both, "map"):

        def mapped(*args: Any) -> Any:
            """The gradients of many examples: arrays over these, example i along the first axis."""
            return both.map(*args)[1]

        gradient.map = mapped  # type: ignore[attr-defined]
    gradient.__recipe__ = Recipe(f, straight, lambda g: grad(g, argnums, has_aux), weakref.ref(gradient))  # type: ignore[attr-defined]
    made = gradient if quick is None else going_quickly(gradient, quick)
    return described(made, "grad", "gradient", f)


@overload
def vjp(f: Callable[..., Any], *primals: Any, has_aux: Literal[False] = False) -> tuple[Any, Pull]: ...
@overload
def vjp(f: Callable[..., Any], *primals: Any, has_aux: Literal[True]) -> tuple[Any, Pull, Any]: ...
def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """f's value and its pull-back, the vector-Jacobian product: one backward sweep for each call of it.

    ``out, pull = vjp(f, x, y)``; ``pull(u)`` takes an arrangement u like ``out`` and returns the tuple of
    u^T (d out / d x) and u^T (d out / d y). With ``has_aux`` f returns ``(out, aux)``, and this ``out, pull, aux``.

    Raises ValueError if u is arranged otherwise; TypeError if f returns no pair where it is to return one.

    >>> out, pull = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> out, pull([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    own = differentiable(f)
    found = own.pullback(primals, has_aux) if own is not None and alone() else None
    if found is not None:
        return straight_pull(f, has_aux, *found)
    with undisturbed():
        call = Call("vjp", f, primals, {}, range(len(primals)), has_aux)
    value = in_place(own, primals, {}, call.value())
    arrangement = flatten(value)[1]

    @undisturbed()
    def pull(cotangent: Any) -> tuple[Any, ...]:
        seeds, structure = flatten(cotangent, "vjp: the cotangent")
        if structure != arrangement:
            raise ValueError(f"vjp: expected a cotangent arranged like the result, {value!r}, got {cotangent!r}")
        return tuple(call.arranged(call.gradients(seeds)))

    return (value, pull, in_place(own, primals, {}, call.beside())) if has_aux else (value, pull)


@overload
def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[False] = False
) -> tuple[Any, Any]: ...
@overload
def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[True]
) -> tuple[Any, Any, Any]: ...
def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """f's value and its derivative along the tangents, the Jacobian-vector product: one forward sweep.

    ``out, out_tangent = jvp(f, (x, y), (dx, dy))``. With ``has_aux`` f returns ``(out, aux)``, and this ``out,
    out_tangent, aux``. Raises ValueError if the tangents are not arranged as the primals; TypeError if f returns no
    pair where it is to return one, or if it has derivatives backward only (:class:`~autograd.custom_vjp`).

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (list, tuple)):
            raise TypeError(f"jvp: expected a tuple of {what}, one for each argument, got {type(given).__name__}")
    own = differentiable(f)
    if own is not None and alone():
        found = straight_along(own, tuple(primals), tuple(tangents), has_aux)
        if found is not None:
            return found
    return along("jvp", f, tuple(primals), tuple(tangents), has_aux)


@undisturbed()
def along(
    name: str, f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], has_aux: bool = False
) -> tuple[Any, ...]:
    """f's value and its derivative along the tangents, and what goes beside, for the transform of that name."""
    call = Call(name, f, primals, {}, range(len(primals)), has_aux)
    directions, structure = flatten(tangents, f"{name}: the tangents")
    if structure != (tuple, tuple(call.structures.values())):
        raise ValueError(f"{name}: expected tangents arranged like the primals, {primals!r}, got {tangents!r}")
    own = differentiable(f)
    value = in_place(own, primals, {}, call.value())
    derivatives = in_place(own, primals, {}, rebuild(call.out_structure, call.tangents(directions)))
    return (value, derivatives, in_place(own, primals, {}, call.beside())) if has_aux else (value, derivatives)


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Jacobian of a function, as a function: for each number of the result, its gradient.

    Arranged as the result, with the arrangement of the argument in the place of each number: d out_i / d x_j is
    ``J[i][j]``, and for a k-vector function of an m x n matrix J is k x m x n. Where result and argument are arrays it
    is one array. With ``has_aux`` f returns ``(out, aux)``, and this ``(J, aux)``.

    By one backward sweep for each number of the result (:func:`jacrev`), or by one forward sweep for each number of the
    argument (:func:`jacfwd`), whichever is cheaper. Raises as :func:`value_and_grad`.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """
    return by_sweeps("jacobian", f, argnums, has_aux, Call.cheaper)


def jacrev(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """As :func:`jacobian`, by adjoints: one backward sweep for each number of the result.

    >>> jacrev(lambda x: [x[0] * x[1]])([2.0, 3.0])
    [[3.0, 2.0]]
    """
    return by_sweeps("jacrev", f, argnums, has_aux, Call.rows)


def jacfwd(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """As :func:`jacobian`, by tangents: one forward sweep for each number of the argument.

    TypeError where the function has derivatives backward only (:class:`~autograd.custom_vjp`).

    >>> jacfwd(lambda x: [x, x * x, x**3])(2.0)
    [1.0, 4.0, 12.0]
    """
    return by_sweeps("jacfwd", f, argnums, has_aux, Call.columns)


def by_sweeps(
    name: str,
    f: Callable[..., Any],
    argnums: int | Sequence[int],
    has_aux: bool,
    sweeps: Callable[[Call], list[list[Any]]],
) -> Callable[..., Any]:
    """The Jacobian of a function, as a function, for the transform of that name; ``sweeps`` finds its rows."""
    given = numbered(name, f, argnums)

    def straight(own: Differentiable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any] | None:
        found = own.jacobian(args, kwargs, positions(name, given, len(args)), has_aux) if alone() else None
        if found is None:
            return None
        result, derivatives = found
        whole = derivatives[0] if isinstance(argnums, int) else tuple(derivatives)
        return ((whole, result[1]),) if has_aux else (whole,)

    @undisturbed()
    def computed(*args: Any, **kwargs: Any) -> Any:
        call = Call(name, f, args, kwargs, positions(name, given, len(args)), has_aux)
        rows = [call.arranged(row) for row in sweeps(call)]
        around = flatten(in_place(own, args, kwargs, call.value()))[1]
        whole = [
            rebuild(around if x == LEAF or container(x[0]) is None else call.out_structure, [row[i] for row in rows])
            for i, x in enumerate(call.structures.values())
        ]
        found = whole[0] if isinstance(argnums, int) else tuple(whole)
        return (found, in_place(own, args, kwargs, call.beside())) if has_aux else found

    own = differentiable(f)
    derivative = going_straight(f, straight, computed, lambda g: by_sweeps(name, g, argnums, has_aux, sweeps))
    return described(derivative, name, "Jacobian", f)


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The matrix of second derivatives of a scalar-valued function, as a function: the Jacobian of its gradient.

    For a tuple of ``argnums`` it is a tuple of tuples: ``H[i][j]`` is d2 f / d x_i d x_j. With ``has_aux`` f returns
    ``(value, aux)``, and this ``(H, aux)``. Raises as :func:`value_and_grad`.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """
    numbered("hessian", f, argnums)
    columns = jacobian(grad(f, argnums, has_aux), argnums, has_aux)

    def blocks(*args: Any, **kwargs: Any) -> Any:
        found, aux = columns(*args, **kwargs) if has_aux else (columns(*args, **kwargs), None)
        matrix = found if isinstance(argnums, int) else tuple(zip(*found, strict=True))
        return (matrix, aux) if has_aux else matrix

    return described(blocks, "hessian", "Hessian", f)


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """The Hessian of a scalar-valued f at x times v, without the matrix: the gradient's derivative along v.

    One backward sweep that makes a graph, and one forward sweep over it. Arranged as x is; ValueError if v is not.
    """
    return along("hvp", grad(f), (x,), (v,))[1]
