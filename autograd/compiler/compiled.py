"""jit: a function of scalars, run as the array program that it was found to be.

The first call records the function, rolls it and compiles the array program; further calls replay that. What comes back
is what the function itself would return: one node, whose partials are the gradient that the program computed, so that
``backward``, drawing and composition go on from there.

A program stands for the function only as long as the comparisons that Python branched on come out the same, and the
operations that raised raise again. Where one does not, the other path is recorded too. Where an operation leaves its
domain, the call is repeated eagerly, which raises, or returns what it has to.

Plain numbers in closures, defaults and globals are part of the program too: where one has changed, it is another
path. A number that is taken out of a Value remembers it, and a function that loses it runs eagerly. What else a
function reads - attributes, arrays, random numbers, the clock - is found out by running the function itself once more,
if at all (:mod:`.selfcheck`).
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, overload

from autograd.programs import TracingCheckError
from autograd.recorder import recorder

from .batches import Batch, owned
from .calls import Call
from .keeping import Same
from .paths import Paths
from .pickling import copied, reduced
from .static import Fixed, Static
from .surroundings import Surroundings, functions_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .listing import Stages
    from .targets.library import Library

VIEWS = 1024
"""For how many values of static arguments what is known of them is kept at hand."""


@overload
def jit(
    function: Callable[..., Any],
    *,
    static_argnums: int | Iterable[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    xp: str = "numpy",
) -> Jitted: ...
@overload
def jit(
    function: None = None,
    *,
    static_argnums: int | Iterable[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    xp: str = "numpy",
) -> Callable[[Callable[..., Any]], Jitted]: ...
def jit(
    function: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Iterable[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    xp: str = "numpy",
) -> Any:
    """The function, run as an array program: same arguments, same results, at the speed of NumPy.

    Use it as ``fast = jit(f)`` or as a decorator. ``fast(*args)`` returns what ``f`` returns, each number of the result
    being one node with the whole gradient as its partials. ``fast.mean(X, Y)`` is the mean over examples,
    ``fast.map(X)`` the results for all of them. ``fast.source`` is the program as Python text.

    The numbers of Values that the function uses without being given them are read anew in each call. So are plain
    numbers in its closure, defaults and globals, each value of which is a path of its own. An attribute or an array
    that changes later, or a Value that is put in the place of another, has no effect unless the self-check finds out:
    pass them as arguments, or use a Value. Branches are followed, caught exceptions among them (up to 32 ways through
    the function; ``where``, ``maximum``, ``clip`` and ``sort`` need none). ``x.data`` and ``x.item()`` are recorded
    without gradient; returned beside the loss they are plain numbers again, as is a constant that one of several
    branches returns. An argument arranged in another way is recorded anew. As a decorator of a method it makes a
    program for each object. The programs of one function take 64 MiB at most, or are 8; the least recently used go.

    ``static_argnums`` and ``static_argnames`` name arguments, by position (from the end if negative) or by name, that
    are settings and no variables: how often, which element, which activation. They may be anything that can be hashed,
    reach the function as they are, and have a program for each value; 1, 1.0 and True are different. They may be given
    by position or by keyword whichever way they are named. Of a batch they hold for all examples. A whole number that
    is used as one without being static makes the function run eagerly, with a warning that says so.

    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> square = jit(lambda x: (w * x + 1.0) ** 2)
    >>> y = square(2.0)
    >>> y.backward()
    >>> y.data, w.grad
    (49.0, 28.0)
    >>> @jit(static_argnames="n")
    ... def power(x, n):
    ...     return x if n == 1 else x * power(x, n - 1)
    >>> power(2.0, 10), power(2.0, n=3)
    (1024.0, 8.0)

    ``xp="jax"`` and ``xp="torch"`` run the program there instead of on NumPy, forward and backward, in 64-bit floats;
    either has to be installed. Under jax it is compiled by XLA: once for each path and each length of a batch, which
    takes a second or so and pays where one call is long. Where an operation leaves its domain, NumPy's program hands
    over to the function itself, which raises; on the others infinities and nan come back, except from a call that
    records.

    Raises TypeError for arguments that are not made of numbers, for a Value as a static argument, and for a result
    without Values; ValueError for a static value that cannot be hashed, or if there is no argument of that name or
    position; what the function itself raises, in a batch with the number of the example; TracingCheckError where the
    function returns something else when it is run again, because it depends on more than its arguments and the Values
    it uses; ImportError where NumPy, jax or torch is missing, ValueError for another ``xp``.
    """
    expect_numpy()

    def jitted(function: Callable[..., Any]) -> Jitted:
        return Jitted(function, xp, static_argnums, static_argnames)

    if xp != "numpy":
        from .targets.choosing import library

        library(xp)  # an error at once
    return jitted if function is None else jitted(function)


def expect_numpy() -> None:
    """ImportError where NumPy is not installed; it is not loaded to find out."""
    from importlib.util import find_spec

    try:
        found = find_spec("numpy")
    except (ImportError, ValueError):  # something stands in its way
        found = None
    if found is None:
        raise ImportError("jit: it computes with NumPy, which is not installed: python -m pip install numpy")


class Jitted(Paths):
    """What :func:`jit` returns: call it as the function itself, or over a batch with ``mean`` and ``map``."""

    __name__: str
    __wrapped__: Callable[..., Any]

    def __init__(
        self,
        function: Callable[..., Any],
        xp: str | Library = "numpy",
        static_argnums: Any = None,
        static_argnames: Any = None,
    ) -> None:
        super().__init__(function, xp)
        self.static = Static(function, static_argnums, static_argnames).if_any()
        """Which arguments are static; None if none are."""
        self.bound = False
        """Whether this is the method of an object."""
        self.attribute = self.name
        """What it is called in its class."""
        inside = str(getattr(self, "__qualname__", "")).rpartition(".")[0]
        self.inside = "" if inside.endswith("<locals>") or not isinstance(function, FunctionType) else inside
        """The name of the class whose body the function stands in, if it does."""
        self._methods: weakref.WeakValueDictionary[int, Jitted] = weakref.WeakValueDictionary()
        """The methods that somebody holds, by the ids of their objects, which they hold."""
        self._fixed: OrderedDict[Any, Jitted] = OrderedDict()
        """The function with static arguments given, by their values."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name
        if isinstance(self.function, FunctionType):
            self.inside = owner.__qualname__

    def __repr__(self) -> str:
        return f"jit({self.name})"

    def __str__(self) -> str:
        return repr(self) if self.last is None else self.source

    @property
    def source(self) -> str:
        """The program that ran last, as Python text: forward and backward, NumPy's names and its own.

        Raises RuntimeError if there was no call yet: there is nothing to record without arguments.
        """
        path, batched, wanted = self._ran()
        return str(path.source(batched, wanted))

    @property
    def program(self) -> Stages:
        """The program that ran last, as tables: its scalars, what they were normalised to, arrays, and the way back.

        Raises RuntimeError if there was no call yet.
        """
        from .listing import Stages

        path, batched, wanted = self._ran()
        return Stages(path.program, path.rolled, batched, wanted)

    def _ran(self) -> tuple[Any, bool, tuple[bool, ...]]:
        """The program that ran last, and in which form; RuntimeError if there is none."""
        last = self.last
        if last is None:
            raise RuntimeError(f"jit: call {self.name} first; its program is recorded from a call")
        return last

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """What the function returns for these arguments."""
        if recorder.get() is not None:  # inside another jitted function it is part of that
            return self.function(*args, **kwargs)
        if self.inside and args and self._is_method_of(args[0]):  # as the class has it, or a decorator around it
            return self.__get__(args[0])(*args[1:], **kwargs)
        if self.static is None:
            return Call(self, args, kwargs).answer()
        fixed, args, kwargs = self._with_static(args, kwargs)
        return Call(fixed, args, kwargs).answer()

    def _is_method_of(self, x: Any) -> bool:
        """Whether this is no argument, but an object, or for a class method the class, whose method this is."""
        kind = x if isinstance(x, type) else type(x)
        return any([base.__qualname__ == self.inside for base in kind.__mro__])

    def __get__(self, instance: Any, owner: type | None = None) -> Jitted:
        """The jitted method of an object; it keeps the object alive, as Python's methods do, and not its programs."""
        if instance is None or not isinstance(self.function, FunctionType):
            return self
        found = self._methods.get(id(instance))
        if found is None:
            found = self._view(MethodType(self.function, instance), Same(instance, self.families))
            found.bound, found.inside = True, ""
            found.static = self.static and self.static.of_method()
            found = self._methods.setdefault(id(instance), found)
        return found

    def _view(self, function: Callable[..., Any], key: Any) -> Jitted:
        """The same for a function in the place of this one, whose programs stand under a key of their own."""
        view = object.__new__(type(self))
        vars(view).update(vars(self), function=function, prefix=(*self.prefix, key), _fixed=OrderedDict())
        vars(view)["__wrapped__"] = function
        return view

    def _with_static(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Jitted, tuple[Any, ...], dict[str, Any]]:
        """The function with the static arguments of a call given, and the other arguments."""
        if self.static is None:
            return self, args, kwargs
        key, by_place, by_name = self.static.apart(args, kwargs)
        names = {*by_name, *[self.static.order[i] for i in by_place if i >= len(args)]}
        others = tuple([x for i, x in enumerate(args) if i not in by_place])
        named = {name: x for name, x in kwargs.items() if name not in names}
        found = self._fixed.get(key)
        if found is None:
            found = self._view(Fixed(self.function, by_place, by_name), key)
            found.static, found.inside = None, ""
            helpers = [x for x in (*by_place.values(), *by_name.values()) if functions_in(x)]
            if helpers:
                found.surroundings = Surroundings(self.function, *helpers)
            self._fixed[key] = found
            if len(self._fixed) > VIEWS:
                self._fixed.popitem(last=False)
        return found, others, named

    def _batch(self, arguments: tuple[Any, ...], kwargs: dict[str, Any], own: bool = False) -> Batch:
        """Examples for the function, with the static arguments given; copies of them if they are to be kept."""
        fixed, examples, others = self._with_static(arguments, kwargs)
        if others:
            raise TypeError(
                f"jit: expected the examples of {self.name} by position, and only static arguments by keyword, "
                f"got {', '.join(others)}"
            )
        return Batch(fixed, [owned(x) for x in examples] if own else examples)

    def mean(self, /, *arguments: Any, **static: Any) -> Any:
        """The mean of the results over the examples: argument[i] is example i, of each argument.

        One node for all of them: C = 1/n sum C_x. Values in the examples are variables, as those that are captured.
        Where the function returns plain numbers beside its loss, such as an accuracy, the result is arranged as its
        results are, with the means of these numbers. Static arguments are given once for all examples.

        Raises ValueError if the arguments differ in length or are empty, TypeError if they are no lists or arrays, or
        if the result of the function is more than a single number and plain numbers beside it.
        """
        return self._batch(arguments, static).mean()

    def map(self, /, *arguments: Any, **options: Any) -> Any:
        """The results for all examples as NumPy arrays, example i along the first axis; numbers, without gradients.

        ``anew=True``: what the function finds around itself may have changed since it was recorded. One of the examples
        is run through the function itself, and if its result is another one than the program's, it is recorded anew.
        """
        static = dict(options)
        named = self.static is not None and "anew" in self.static.names  # an argument of that name
        anew = False if named else bool(static.pop("anew", False))
        batch = self._batch(arguments, static)
        batch.anew = anew
        if anew:
            try:
                return batch.map()
            except TracingCheckError:
                batch = self._batch(arguments, static)
        return batch.map()

    def batch(self, /, *arguments: Any, **static: Any) -> Batch:
        """These examples, prepared once for many calls: of ``mean()`` and ``map()``, or as an ``objective(variables)``.

        The examples are copied: what is done to lists and arrays afterwards has no effect. See :class:`Batch`, and
        :class:`Objective`, which is made for a loop that minimises. Raises as :meth:`mean`.
        """
        return self._batch(arguments, static, own=True)

    def again(self, function: Callable[..., Any]) -> tuple[Callable[..., Jitted], tuple[Any, ...]]:
        """What is to be called with what to jit another function in the same way."""
        return Jitted, (function, self.xp, *(self.static.given if self.static else (None, None)))

    def __reduce__(self) -> Any:
        return reduced(self)

    def __copy__(self) -> Jitted:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Jitted:
        found: Jitted = copied(self, memo)
        return found
