"""Static arguments: settings of a function and no variables of it, a program for each value.

A number that says how often, which element, or which of several formulas cannot be a Value: it decides what is
computed. So it is taken out of the arguments before they become Values, and is part of the key under which a program is
kept. Values are told apart by type and value: 1, 1.0 and True are three, and so are 0.0 and -0.0.
"""

from __future__ import annotations

import inspect
from numbers import Integral
from typing import TYPE_CHECKING, Any

from autograd.value import Value

from .surroundings import bits, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Fixed:
    """A function with its static arguments given, by position and by keyword: a function of the others."""

    def __init__(self, function: Callable[..., Any], by_place: dict[int, Any], by_name: dict[str, Any]) -> None:
        self.__wrapped__ = function
        self.by_place, self.by_name = by_place, by_name

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """What the function returns, with these for the other arguments."""
        return self.__wrapped__(*self.among(args), **self.by_name, **kwargs)

    def among(self, args: Sequence[Any]) -> tuple[Any, ...]:
        """All arguments by position, with these for the others."""
        given = [*args]
        for place, x in self.by_place.items():
            given.insert(place, x)
        return tuple(given)

    @property
    def __signature__(self) -> inspect.Signature:
        """The signature without the arguments that are given. ValueError if the function does not tell."""
        signature = inspect.signature(self.__wrapped__)
        left = [
            x
            for i, (name, x) in enumerate(signature.parameters.items())
            if name not in self.by_name and not (x.kind in POSITIONAL and i in self.by_place)
        ]
        return signature.replace(parameters=left)

    def place(self, i: int) -> int:
        """Where the i-th of the other arguments stands among all."""
        for place in self.by_place:
            i += place <= i
        return i


class Static:
    """Which arguments of a function are static: ``numbers`` are positions, ``names`` keywords.

    Where the function tells its parameters, an argument named in one way is known in the other as well. ``last`` are
    positions counted from the end, where the function takes any number of arguments.

    Raises TypeError for what is no int or no text, ValueError for an argument that the function does not have.
    """

    def __init__(self, function: Callable[..., Any], argnums: Any = None, argnames: Any = None) -> None:
        self.given = argnums, argnames
        numbers, names = as_list(argnums, Integral, "static_argnums"), as_list(argnames, str, "static_argnames")
        self.called = getattr(function, "__name__", type(function).__name__)
        parameters = parameters_of(function)
        self.order = [x.name for x in parameters or () if x.kind in POSITIONAL]
        """The positional parameters by name."""
        self.keyword = {x.name for x in parameters or () if x.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD}
        kinds = {x.kind for x in parameters or ()}
        self.open = parameters is None or inspect.Parameter.VAR_POSITIONAL in kinds
        self.numbers = {i for i in (self._place(i) for i in numbers) if i >= 0}
        self.last = {i for i in (self._place(i) for i in numbers) if i < 0}
        known = {*self.order, *[x.name for x in parameters or () if x.kind is inspect.Parameter.KEYWORD_ONLY]}
        takes_any = parameters is None or inspect.Parameter.VAR_KEYWORD in kinds
        for name in names:
            if name not in known and not takes_any:
                raise ValueError(
                    f"jit: expected static_argnames among the parameters of {self.called}, {sorted(known)}, "
                    f"got {name!r}"
                )
        self.numbers |= {self.order.index(name) for name in names if name in self.order}
        self.names = {*names, *[self.order[i] for i in self.numbers if i < len(self.order)]}

    def _place(self, i: int) -> int:
        """A position counted from the front, where that can be told."""
        count = len(self.order)
        if not self.open and not -count <= i < count:
            raise ValueError(
                f"jit: expected static_argnums below the number of positional arguments of {self.called}, {count}, "
                f"got {i}"
            )
        return i + count if i < 0 and not self.open else i

    def if_any(self) -> Static | None:
        """Itself; None if nothing is static."""
        return self if self.numbers or self.names or self.last else None

    def of_method(self) -> Static | None:
        """The same for the function as a method, whose first argument is given; None if nothing else is static."""
        found = object.__new__(Static)
        vars(found).update(vars(self))
        found.order = self.order[1:]
        found.keyword = self.keyword - {*self.order[:1]}
        found.numbers = {i - 1 for i in self.numbers if i}
        found.names = self.names - {*self.order[:1]}
        return found.if_any()

    def apart(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, dict[int, Any], dict[str, Any]]:
        """The static values of a call: the key that they make, by position, and by keyword.

        A keyword is a position where that is the next one. ValueError for a value that cannot be hashed, TypeError for
        a Value, which is a variable.
        """
        count = len(args)
        numbers = {*self.numbers, *[i + count for i in self.last]}
        by_place = {i: args[i] for i in sorted(numbers) if 0 <= i < count}
        by_name = {name: x for name, x in kwargs.items() if name in self.names}
        while count < len(self.order) and self.order[count] in by_name and self.order[count] in self.keyword:
            by_place[count] = by_name.pop(self.order[count])
            count += 1
        both: list[tuple[int | str, Any]] = [*by_place.items(), *sorted(by_name.items())]
        return tuple([(at, self._key(at, x)) for at, x in both]), by_place, by_name

    def _key(self, at: int | str, x: Any) -> Any:
        name = self.order[at] if isinstance(at, int) and at < len(self.order) else at
        try:
            return key(x)
        except TypeError as error:
            wrong = getattr(error, "culprit", x)
            message = f"jit: the argument {name} of {self.called} is static, a setting with a program for each value"
            if isinstance(wrong, Value):
                raise TypeError(
                    f"{message}: expected no Value, which is a variable, got {wrong!r}; pass its .data, or do not "
                    "name the argument in static_argnums or static_argnames"
                ) from None
            raise ValueError(
                f"{message}: expected one that can be hashed, such as a number, text, a function or a tuple of these, "
                f"got {type(wrong).__name__}: {wrong!r}"
            ) from None


class UnfitError(TypeError):
    """What cannot be part of a key."""

    def __init__(self, culprit: object) -> None:
        super().__init__(type(culprit).__name__)
        self.culprit = culprit


def key(x: Any) -> Any:
    """Equal for static values that are the same: by type and value, also within tuples and dataclasses.

    >>> key((1, "a")) == key((1.0, "a")), key((1, "a")) == key((1, "a"))
    (False, True)
    """
    kind = type(x)
    if is_plain(x):
        return kind, bits(x)
    if isinstance(x, Value):
        raise UnfitError(x)
    if isinstance(x, (tuple, frozenset)):
        return kind, (tuple if isinstance(x, tuple) else frozenset)([key(item) for item in x])
    if not is_hashable(x):
        raise UnfitError(x)
    return (kind, x, *fields_of(x)) if hasattr(kind, "__dataclass_fields__") else (kind, x)


def fields_of(x: Any) -> list[Any]:
    """The keys of a dataclass's fields, which it is compared by; a Value is what it is, whatever its number."""
    import dataclasses

    found = []
    for field in dataclasses.fields(x):
        content = getattr(x, field.name)
        if field.compare and is_hashable(content):
            found.append(id(content) if isinstance(content, Value) else key(content))
    return found


def is_hashable(x: Any) -> bool:
    """Whether something can be a key of a dict."""
    try:
        hash(x)
    except TypeError:
        return False
    return True


def as_list(given: Any, kind: type, name: str) -> list[Any]:
    """One of a kind, or several, as a list. TypeError if they are of another."""
    if given is None:
        return []
    several = hasattr(given, "__iter__") and not isinstance(given, str)
    found = [*given] if several else [given]
    if any([not isinstance(x, kind) or isinstance(x, bool) for x in found]):
        word = "text" if kind is str else "int"
        raise TypeError(f"jit: expected {word} or a tuple of {word} as {name}, got {given!r}")
    return [str(x) if kind is str else int(x) for x in found]


class SharedArguments:
    """Which arguments of a function all examples of a batch share: positions, or names of positional parameters.

    Raises TypeError for what is neither, ValueError for an argument that the function does not have.
    """

    def __init__(self, given: Any, function: Callable[..., Any] | None = None) -> None:
        self.given = given
        self._known: dict[int, frozenset[int]] = {}
        several = [given] if isinstance(given, (str, Integral)) else [*given]
        if any([isinstance(x, bool) or not isinstance(x, (str, Integral)) for x in several]):
            raise TypeError(f"jit: expected names or positions of arguments as shared, got {given!r}")
        self.names = [x for x in several if isinstance(x, str)]
        self.numbers = [int(x) for x in several if not isinstance(x, str)]
        if function is not None:
            self._expect(function)

    def _expect(self, function: Callable[..., Any]) -> None:
        """ValueError for an argument that the function does not have."""
        known, called = self.order(function), getattr(function, "__name__", type(function).__name__)
        for name in self.names:
            if name not in known:
                raise ValueError(f"jit: expected shared among the parameters of {called}, {known}, got {name!r}")
        parameters = parameters_of(function)
        if parameters is None or any([x.kind is inspect.Parameter.VAR_POSITIONAL for x in parameters]):
            return
        for i in self.numbers:
            if not -len(known) <= i < len(known):
                raise ValueError(
                    f"jit: expected shared below the number of positional arguments of {called}, {len(known)}, got {i}"
                )

    @staticmethod
    def order(function: Callable[..., Any]) -> list[str]:
        """The positional parameters by name."""
        return [x.name for x in parameters_of(function) or () if x.kind in POSITIONAL]

    def of(self, function: Callable[..., Any], count: int) -> frozenset[int]:
        """The same as :meth:`places`, for one function many times."""
        found = self._known.get(count)
        if found is None:
            found = self._known[count] = self.places(function, count)
        return found

    def places(self, function: Callable[..., Any], count: int) -> frozenset[int]:
        """Their places among so many arguments of the function, which may have its static ones given already."""
        order = self.order(function)
        fixed = function if isinstance(function, Fixed) else None
        every = count if fixed is None else count + len(fixed.by_place)
        before = {(fixed.place(i) if fixed is not None else i): i for i in range(count)}
        numbers = [before[i % every] for i in self.numbers if -every <= i < every and i % every in before]
        return frozenset([*numbers, *[order.index(name) for name in self.names if name in order[:count]]])


def parameters_of(function: Callable[..., Any]) -> Iterable[inspect.Parameter] | None:
    """The parameters of a function; None if it does not tell."""
    try:
        return [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return None
