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

import functools
import inspect
import weakref
from types import FunctionType
from typing import TYPE_CHECKING, Any, overload

from autograd.recorder import recorder

from .batches import Batch, owned
from .calls import Call
from .paths import Paths
from .selfcheck import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .backends import Library
    from .listing import Stages


@overload
def jit(function: Callable[..., Any], *, xp: str = "numpy") -> Jitted: ...
@overload
def jit(function: None = None, *, xp: str = "numpy") -> Callable[[Callable[..., Any]], Jitted]: ...
def jit(function: Callable[..., Any] | None = None, *, xp: str = "numpy") -> Any:
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
    program for each object.

    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> square = jit(lambda x: (w * x + 1.0) ** 2)
    >>> y = square(2.0)
    >>> y.backward()
    >>> y.data, w.grad
    (49.0, 28.0)

    ``xp="jax"`` and ``xp="torch"`` run the program there instead of on NumPy, forward and backward, in 64-bit floats;
    either has to be installed. Under jax it is compiled by XLA: once for each path and each length of a batch, which
    takes a second or so and pays where one call is long. Where an operation leaves its domain, NumPy's program hands
    over to the function itself, which raises; on the others infinities and nan come back, except from a call that
    records.

    Raises TypeError for arguments that are not made of numbers and for a result that is not made of Values; what the
    function itself raises, in a batch with the number of the example; RuntimeError where the function returns something
    else when it is run again, because it depends on more than its arguments and the Values it uses; ImportError where
    NumPy, jax or torch is missing, ValueError for another ``xp``.
    """
    expect_numpy()
    if xp == "numpy":
        return Jitted if function is None else Jitted(function)
    from .backends import library

    jitted = functools.partial(Jitted, library=library(xp))
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

    def __init__(self, function: Callable[..., Any], library: Library | None = None) -> None:
        super().__init__(function, library)
        self._methods: dict[int, tuple[weakref.ref[Any], Jitted]] = {}
        """Where the function is one of a class: for each object, by its id, what its method is."""

    def __repr__(self) -> str:
        return f"jit({self.name})"

    def __str__(self) -> str:
        return repr(self) if self.last is None else self.source

    @property
    def source(self) -> str:
        """The program that ran last, as Python text: forward and backward, NumPy's names and its own.

        Raises RuntimeError if there was no call yet: there is nothing to record without arguments.
        """
        if self.last is None:
            raise RuntimeError(f"jit: call {self.name} first; its program is recorded from a call")
        path, batched, wanted = self.last
        return path.source(batched, wanted)

    @property
    def program(self) -> Stages:
        """The program that ran last, as tables: the scalars recorded, what they were normalised to, and the arrays.

        Raises RuntimeError if there was no call yet.
        """
        from .listing import Stages

        if self.last is None:
            raise RuntimeError(f"jit: call {self.name} first; its program is recorded from a call")
        path, batched, _ = self.last
        return Stages(path.program, path.rolled, batched)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns for these arguments."""
        if recorder.get() is not None:  # inside another jitted function it is part of that
            return self.function(*args, **kwargs)
        return Call(self, args, kwargs).answer()

    def __get__(self, instance: Any, owner: type | None = None) -> Jitted:
        """The jitted method of an object, the same each time as long as the object lives; it does not keep it alive."""
        if instance is None or not isinstance(self.function, FunctionType):
            return self
        key = id(instance)
        if key not in self._methods:
            alive = weakref.ref(instance, lambda _: self._methods.pop(key, None))
            self._methods[key] = alive, Jitted(method(self.function, alive), self.library)
        return self._methods[key][1]

    def mean(self, *arguments: Any) -> Any:
        """The mean of the results over the examples: argument[i] is example i, of each argument.

        One node for all of them: C = 1/n sum C_x. Values in the examples are variables, as those that are captured.

        Raises ValueError if the arguments differ in length or are empty, TypeError if they are no lists or arrays, or
        if the result of the function is not a single number.
        """
        return Batch(self, arguments).mean()

    def map(self, *arguments: Any, anew: bool = False) -> Any:
        """The results for all examples as NumPy arrays, example i along the first axis; numbers, without gradients.

        ``anew=True``: what the function finds around itself may have changed since it was recorded. One of the examples
        is run through the function itself, and if its result is another one than the program's, it is recorded anew.
        """
        batch = Batch(self, arguments)
        batch.anew = anew
        if anew:
            try:
                return batch.map()
            except RefusedError:
                batch = Batch(self, arguments)
        return batch.map()

    def batch(self, *arguments: Any) -> Batch:
        """These examples, prepared once for many calls: of ``mean()`` and ``map()``, or as an ``objective(variables)``.

        The examples are copied: what is done to lists and arrays afterwards has no effect. See :class:`Batch`, and
        :class:`Objective`, which is made for a loop that minimises. Raises as :meth:`mean`.
        """
        return Batch(self, [owned(x) for x in arguments])


def method(function: FunctionType, alive: weakref.ref[Any]) -> Callable[..., Any]:
    """The function with an object as its first argument. ReferenceError if the object is gone."""

    def bound(*args: Any, **kwargs: Any) -> Any:
        instance = alive()
        if instance is None:
            raise ReferenceError(f"jit: expected the object of the method {function.__name__} to be kept, it is gone")
        return function(instance, *args, **kwargs)

    functools.update_wrapper(bound, function)
    bound.__signature__ = inspect.signature(function.__get__(alive()))  # type: ignore[attr-defined]
    return bound
