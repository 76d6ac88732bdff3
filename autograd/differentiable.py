"""What a transform asks of a function that may know its derivatives by itself, as a jitted one does.

The compiler stands above the transforms. So what it offers them is known here by what it can be asked, and nothing
else; and what it has to know of a derivative, to compile that instead, hangs on the derivative as a :class:`Recipe`.
"""

from __future__ import annotations

import functools
import weakref
from types import MethodType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    One = Callable[[tuple[Any, ...]], tuple[float, Sequence[Any]]]
    Pull = Callable[[Sequence[float]], list[Any] | None]
    """From the numbers of a cotangent to the derivatives by all arguments; None where there is no answer."""
    Kept = Callable[[], tuple[Any, ...]]
    """The arguments as they were."""


class Quickly(Protocol):
    """The quickest way to a gradient at single numbers, found after calls that took another.

    ``ask(arguments)`` is the gradient, or value and gradient, as it was asked for; None where there is no answer.
    """

    ask: Callable[[tuple[Any, ...]], Any] | None

    def look(self, args: tuple[Any, ...]) -> None:
        """See whether there is such a way for these arguments."""


class Differentiable(Protocol):
    """Derivatives at plain numbers and arrays, which come back plain. None where it has no answer."""

    def value_and_gradient(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool
    ) -> tuple[Any, list[Any]] | None:
        """The result, and the derivatives of its one number by the arguments at these places, one for each.

        With ``has_aux`` the result is a pair, the first part of which is differentiated.
        """

    def quickest(self, argnums: Sequence[int], *, alone: bool, both: bool) -> Quickly | None:
        """The quickest way to the gradient by these arguments, if there may be one.

        ``alone``: by one argument, not by a tuple of them. ``both``: with the value before it.
        """

    def arranged(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:  # noqa: ANN401 - whatever
        """A result that was computed another way, arranged as the function arranges it for these arguments."""

    def each(self, args: tuple[Any, ...], argnums: Sequence[int], one: One, straight: bool) -> tuple[Any, list[Any]]:
        """The result of each of several examples, and its derivatives, the examples first.

        ``one(arguments)`` is the value and the gradients of a single example; ``straight``: whether plain numbers will
        do, because no transform is being computed around this.
        """

    def jacobian(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool
    ) -> tuple[Any, list[Any]] | None:
        """The same for a result of several numbers: the derivatives of each, arranged in its place."""

    def pullback(self, args: tuple[Any, ...], has_aux: bool) -> tuple[Any, Pull, Any, Kept] | None:
        """The result, how a cotangent (its numbers) is pulled back, the result's arrangement, and the arguments."""

    def pushforward(
        self, args: tuple[Any, ...], directions: Sequence[float], has_aux: bool
    ) -> tuple[Any, list[float]] | None:
        """The result, and the derivative of each of its numbers along directions, one for each of the arguments'."""


class Derivative(Protocol):
    """A derivative as a function of the same arguments."""

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - arranged as the arguments are
        """The derivative for these arguments."""

    def map(self, /, *args: Any) -> Any:  # noqa: ANN401 - as above
        """Those of many examples, as arrays over these. Only of a jitted function."""


class Recipe(NamedTuple):
    """How a derivative was made: of which function, and how another function's is found that knows its derivatives.

    ``straight(own, args, kwargs)`` is the derivative in a tuple, None where ``own`` has no answer. ``of(function)`` is
    the same derivative of another function. ``derivative`` is what it is the recipe of: a wrapper that was given all
    attributes of the function that it wraps has none. It is known by a weak reference, since it has its recipe.
    """

    function: Callable[..., Any]
    straight: Callable[[Differentiable, tuple[Any, ...], dict[str, Any]], tuple[Any] | None]
    of: Callable[[Callable[..., Any]], Callable[..., Any]]
    derivative: weakref.ref[Callable[..., Any]]


class Way(NamedTuple):
    """How a method of an object that knows its derivatives is asked for them, by the object: ``method.__way__``.

    ``function`` is what it is the way of, as for a recipe.
    """

    of: Callable[[Any], Differentiable]
    function: Callable[..., Any]


def recipe_of(f: Any) -> Recipe | None:  # noqa: ANN401 - whatever is to be jitted
    """How f was made, if it is a derivative, or one of which some arguments are given; None if it is not."""
    if isinstance(f, functools.partial):
        inner = recipe_of(f.func)
        if inner is None:
            return None
        straight, of, args, keywords = inner.straight, inner.of, f.args, f.keywords
        return inner._replace(
            straight=lambda own, more, kwargs: straight(own, (*args, *more), {**keywords, **kwargs}),
            of=lambda g: functools.partial(of(g), *args, **keywords),
            derivative=weakref.ref(f),
        )
    found: Recipe | None = getattr(f, "__recipe__", None)
    return found if found is not None and found.derivative() is f else None


def differentiable(f: object) -> Differentiable | None:
    """What knows the derivatives of f; None if nothing does."""
    if isinstance(f, functools.partial):
        own = differentiable(f.func)
        return None if own is None else Bound(own, f.args, f.keywords)
    if isinstance(f, MethodType):  # of an object that knows; its function says how
        way: Way | None = getattr(f.__func__, "__way__", None)
        return way.of(f.__self__) if way is not None and way.function is f.__func__ else None
    found: Differentiable | None = getattr(f, "__differentiable__", None)
    return found


class Bound:
    """The same for a function of which some arguments are given, as :class:`functools.partial` does."""

    def __init__(self, own: Differentiable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.own, self.args, self.kwargs = own, args, kwargs

    def value_and_gradient(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool
    ) -> tuple[Any, list[Any]] | None:
        """By the arguments behind those that are given."""
        start = len(self.args)
        places = [i + start for i in argnums]
        return self.own.value_and_gradient((*self.args, *args), {**self.kwargs, **kwargs}, places, has_aux)

    def quickest(self, argnums: Sequence[int], *, alone: bool, both: bool) -> None:
        """None."""

    def arranged(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:  # noqa: ANN401 - whatever
        """As the function itself says."""
        return self.own.arranged((*self.args, *args), {**self.kwargs, **kwargs}, result)

    def each(self, *_: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 - whatever
        """TypeError: nobody says whether the arguments that are given are examples."""
        raise TypeError("map: expected a jitted function, and not one of which some arguments are given")

    def jacobian(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool
    ) -> tuple[Any, list[Any]] | None:
        """By the arguments behind those that are given."""
        start = len(self.args)
        places = [i + start for i in argnums]
        return self.own.jacobian((*self.args, *args), {**self.kwargs, **kwargs}, places, has_aux)

    def pullback(self, args: tuple[Any, ...], has_aux: bool) -> None:
        """None: the arguments that are given are no variables here."""

    def pushforward(self, args: tuple[Any, ...], directions: Sequence[float], has_aux: bool) -> None:
        """None, as for :meth:`pullback`."""
