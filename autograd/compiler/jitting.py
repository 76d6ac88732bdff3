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

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .compiled import Jitted


@overload
def jit(
    function: Callable[..., Any],
    *,
    static_argnums: int | Iterable[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    shared: str | int | Iterable[str | int] = (),
    xp: str = "numpy",
) -> Jitted: ...
@overload
def jit(
    function: None = None,
    *,
    static_argnums: int | Iterable[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    shared: str | int | Iterable[str | int] = (),
    xp: str = "numpy",
) -> Callable[[Callable[..., Any]], Jitted]: ...
def jit(
    function: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Iterable[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    shared: str | int | Iterable[str | int] = (),
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

    ``shared`` names arguments (or gives their positions) that all examples of a batch have in common, such as the
    parameters of a model: ``f.mean(params, X, Y)`` takes them once, and its gradient by them is that of the mean.

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
    from .compiled import Jitted

    def jitted(function: Callable[..., Any]) -> Jitted:
        return Jitted(function, xp, static_argnums, static_argnames, shared)

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
