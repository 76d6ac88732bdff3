"""Straightway: a derivative by the function itself, where it knows (:mod:`.differentiable`), else as it is computed.

A jitted function gives its derivatives at plain numbers and arrays without a Value in between. It is not asked where
somebody records, or a transform is being computed around this one; then the transform does what it does for any other.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .collector import undisturbed
from .differentiable import Recipe, differentiable
from .recorder import recorder
from .structures import flatten
from .tracing import Call, active
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .differentiable import Differentiable, Quickly

    Straight = Callable[[Differentiable, tuple[Any, ...], dict[str, Any]], tuple[Any] | None]


def alone() -> bool:
    """Whether nobody records, and no transform is being computed around this one: a program's numbers will do."""
    return recorder.get() is None and not active.get()


def in_place(own: Differentiable | None, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
    """A result of f, arranged as f would arrange it itself, if it knows its derivatives."""
    return result if own is None else own.arranged(args, kwargs, result)


def going_straight(
    f: Callable[..., Any],
    straight: Straight,
    computed: Callable[..., Any],
    of: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> Callable[..., Any]:
    """A derivative of f, by f itself where it knows, else as it is computed here; ``of`` makes it of any function."""
    own = differentiable(f)

    def derivative(*args: Any, **kwargs: Any) -> Any:
        if own is not None:
            found = straight(own, args, kwargs)
            if found is not None:
                return found[0]
        return computed(*args, **kwargs)

    derivative.__recipe__ = Recipe(f, straight, of, weakref.ref(derivative))  # type: ignore[attr-defined]
    return derivative


def going_quickly(derivative: Callable[..., Any], quick: Quickly) -> Callable[..., Any]:
    """The same, by the quickest way where it can be."""

    def quickly(*args: Any, **kwargs: Any) -> Any:
        if quick.ask is not None and not kwargs:
            found = quick.ask(args)
            if found is not None:
                return found
        result = derivative(*args, **kwargs)
        if not kwargs:
            quick.look(args)
        return result

    quickly.__quick__ = quick  # type: ignore[attr-defined]
    recipe: Recipe = derivative.__recipe__  # type: ignore[attr-defined]
    vars(quickly).update(vars(derivative), __recipe__=recipe._replace(derivative=weakref.ref(quickly)))
    return quickly


def straight_pull(
    f: Callable[..., Any],
    has_aux: bool,
    result: Any,
    pulled: Callable[[Sequence[float]], list[Any] | None],
    structure: Any,
    kept: Callable[[], tuple[Any, ...]],
) -> tuple[Any, ...]:
    """What :func:`vjp` returns, by what f knows itself; where it has no answer, as it is computed here."""

    def pull(cotangent: Any) -> tuple[Any, ...]:
        seeds, arrangement = flatten(cotangent, "vjp: the cotangent")
        if arrangement != structure:
            value = result[0] if has_aux else result
            raise ValueError(f"vjp: expected a cotangent arranged like the result, {value!r}, got {cotangent!r}")
        plain = [float(seed) for seed in seeds if not isinstance(seed, Value)]
        found = pulled(plain) if alone() and len(plain) == len(seeds) else None
        if found is None:
            primals = kept()
            with undisturbed():
                call = Call("vjp", f, primals, {}, range(len(primals)), has_aux)
                found = call.arranged(call.gradients(seeds))
        return tuple(found)

    return (result[0], pull, result[1]) if has_aux else (result, pull)


def straight_along(
    own: Differentiable, primals: tuple[Any, ...], tangents: tuple[Any, ...], has_aux: bool
) -> tuple[Any, ...] | None:
    """What :func:`jvp` returns, by what a function knows itself; None where it has no answer."""
    directions, structure = flatten(tangents, "jvp: the tangents")
    plain = [float(d) for d in directions if not isinstance(d, Value)]
    if structure != flatten(primals, "jvp: the primals")[1] or len(plain) < len(directions):
        return None
    if not all([d - d == 0.0 for d in plain]):  # times a slope of 0 that would be nan
        return None
    found = own.pushforward(primals, plain, has_aux)
    if found is None:
        return None
    result, derivatives = found
    return (result[0], derivatives, result[1]) if has_aux else (result, derivatives)
