"""Derivatives of jitted functions, and derivatives that are jitted: both run the program of the function itself.

``grad(jit(f))`` asks the jitted f for its derivatives; ``jit(grad(f))`` is told by its recipe
(:mod:`autograd.differentiable`) that it is the gradient of f, jits f, and asks that. So they are one program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from autograd.structures import holds_value

from .averaging import Averaging, Exampled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.differentiable import Differentiable, Kept, One, Pull, Quickly, Recipe

    from .roads import Roads
    from .static import Fixed


class Program(Exampled, Protocol):
    """A jitted function, as its derivatives see it."""

    roads: Roads
    inside: str
    """The name of the class that the function stands in, if it does."""

    @property
    def last(self) -> Any:
        """The program that ran last, and in which form."""

    def ran(self) -> tuple[Any, Any, tuple[bool, ...]]:
        """The same; RuntimeError if there is none."""

    @property
    def __differentiable__(self) -> Differentiable:
        """Its derivatives."""

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """What the function returns for these arguments."""

    def is_method_of(self, args: tuple[Any, ...]) -> bool:
        """Whether the first argument is an object whose method this is."""

    def is_eager(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the function runs eagerly for arguments that are arranged so."""

    def with_static(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Program, tuple[Any, ...], dict[str, Any]]:
        """The function with the static arguments of a call given, and the other arguments."""

    function: Callable[..., Any]


class Differentiating:
    """What transforms ask of a function with static arguments, or of one that may be a method."""

    def __init__(self, jitted: Program) -> None:
        self.jitted = jitted

    def settled(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int]
    ) -> tuple[Roads, tuple[Any, ...], dict[str, Any], list[int]] | None:
        """The function with its static arguments given, and the others; None for a method of what it is given."""
        if self.jitted.is_method_of(args):
            return None
        if self.jitted.static is None:
            return self.jitted.roads, args, kwargs, [*argnums]
        fixed, others, named = self.jitted.with_static(args, kwargs)
        function: Fixed = fixed.function  # type: ignore[assignment]
        if not function.by_place.keys().isdisjoint(argnums):
            return None
        places = [i - sum([place < i for place in function.by_place]) for i in argnums]
        return fixed.roads, others, named, places

    def value_and_gradient(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool
    ) -> tuple[Any, list[Any]] | None:
        """The result, and the derivatives of its one number."""
        found = self.settled(args, kwargs, argnums)
        return None if found is None else found[0].value_and_gradient(*found[1:], has_aux)

    def quickest(self, argnums: Sequence[int], *, alone: bool, both: bool) -> Quickly | None:
        """The quickest way to the gradient, for single numbers; None with static arguments, and in a class."""
        if self.jitted.static is not None or self.jitted.inside:
            return None
        return self.jitted.roads.quickest(argnums, alone=alone, both=both)

    def each(self, args: tuple[Any, ...], argnums: Sequence[int], one: One, straight: bool) -> tuple[Any, list[Any]]:
        """The results of examples, and their derivatives."""
        found = self.settled(args, {}, argnums)
        if found is None or self.jitted.static is None:
            return Averaging(self.jitted).each(args, argnums, one, straight)
        roads, examples, _, places = found
        fixed: Program = roads.jitted  # type: ignore[assignment]
        given: Fixed = fixed.function  # type: ignore[assignment]
        return Averaging(fixed).each(examples, places, lambda x: one(given.among(x)), straight)

    def jacobian(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool
    ) -> tuple[Any, list[Any]] | None:
        """The result, and the derivatives of each of its numbers."""
        found = self.settled(args, kwargs, argnums)
        return None if found is None else found[0].jacobian(*found[1:], has_aux)

    def pullback(self, args: tuple[Any, ...], has_aux: bool) -> tuple[Any, Pull, Any, Kept] | None:
        """The result, and its pull-back; None where some of the arguments are static."""
        found = self.settled(args, {}, ())
        return found[0].pullback(args, has_aux) if found is not None and len(found[1]) == len(args) else None

    def pushforward(self, args: tuple[Any, ...], directions: Sequence[float], has_aux: bool) -> tuple[Any, Any] | None:
        """The result, and its derivative along directions; None where some of the arguments are static."""
        found = self.settled(args, {}, ())
        if found is None or len(found[1]) < len(args):
            return None
        return found[0].pushforward(args, directions, has_aux)

    def arranged(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        """A result that was computed without a program, as the function arranges it for these arguments."""
        found = self.settled(args, kwargs, ())
        return result if found is None else found[0].arranged(*found[1:3], result)


class Derived:
    """A derivative that is jitted: that of ``inner``, which is jitted as it would be."""

    def __init__(self, recipe: Recipe, inner: Program) -> None:
        self.recipe, self.inner = recipe, inner
        self.derivative = recipe.of(inner)
        """That of the jitted function, which is how it is computed where there is no program."""
        self.quick: Quickly | None = getattr(self.derivative, "__quick__", None)
        """The quickest way to it, at single numbers."""

    def answer(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any] | None:
        """The derivative in a tuple; None where it is to be recorded itself, since Values are among the arguments.

        By ``function`` where there are, and the function that it is of runs eagerly.
        """
        own: Differentiable = self.inner.__differentiable__
        if self.quick is not None and not kwargs:
            self.quick.look(args)
        found = self.recipe.straight(own, args, kwargs)
        if found is None and not any([holds_value(x) for x in (*args, *kwargs.values())]):
            return (self.derivative(*args, **kwargs),)
        if found is None and self.inner.is_eager(args, kwargs):
            return (function(*args, **kwargs),)
        return found
