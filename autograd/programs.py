"""Programs: what ``jit`` returns, to whoever uses it, and the error for a program that is not the function.

The compiler stands above and is loaded where it is used first. So these are protocols: what may be asked of it, which
annotations can name (``fast: Compiled = jit(f)``), and which the type checker holds against what the compiler makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .value import Value

    Floats = NDArray[np.float64]
    Index = NDArray[np.integer[Any]]


class TracingCheckError(RuntimeError):
    """A program that ``jit`` made is not what the function computes: run again, the function returned something else.

    The function depends on more than its arguments and the Values that it uses: an attribute or an array that has
    changed since, random numbers, the time, ``.data`` of a Value that is none of its arguments. The ways out: give it
    what changes as an argument, or keep it in a Value; name settings in ``static_argnums`` or ``static_argnames``; do
    without ``jit`` (``nn.fit(..., jit=False)``). The program is dropped: the next call records the function anew.

    ``name`` is that of the function. Source of the name: PyTorch's ``torch.jit.TracingCheckError``.
    """

    def __init__(self, message: str = "", name: str = "") -> None:
        super().__init__(message)
        self.name = name
        self.once_more = False
        """Whether it may do once it is recorded with bools for outcomes of comparisons."""


class Objective(Protocol):
    """The mean over examples as a function of variables that stand in one array: what an optimizer's loop asks for.

        objective = jit(loss).batch(X, Y).objective(parameters)
        for index in batches:                                           # arrays of example numbers
            mean, dP = objective.gradient(index)
            objective.P = objective.P - 0.1 * dP
        objective.write()

    ``P[i]`` is the number of the variable ``order[i]`` of the list that was given, read from it when the objective is
    made and at each :meth:`read`. Between that and :meth:`write` the Values are behind.
    """

    P: Floats

    @property
    def order(self) -> NDArray[np.intp]:
        """The place of each number of P in the list of variables: they stand as the program wants them."""

    def gradient(self, index: Index | None = None) -> tuple[float, Floats]:
        """The mean over some examples, by their numbers, or over all; and its derivatives by the numbers in P.

        Raises TypeError unless ``index`` holds whole numbers, ValueError unless they are in one row, some, and from 0.
        """

    def trusted_gradient(self, index: Index | None) -> tuple[float, Floats]:
        """:meth:`gradient` for a loop that makes its arrays of example numbers itself: they are not looked at."""

    def read(self) -> None:
        """Take the numbers of the variables as they are now."""

    def write(self, gradient: Floats | None = None) -> None:
        """Bring the variables up to date: their ``data``, and ``grad`` if it is given."""

    def doubt(self) -> None:
        """Compare the next run of each program with the function itself, as if it was the first."""


class Batch(Protocol):
    """Examples for a jitted function, prepared once for many calls: ``jit(f).batch(X, Y)``."""

    def mean(self, index: Index | None = None) -> Any:
        """The mean of the results over some examples, by their numbers, or over all: one node for all of them."""

    def map(self) -> Any:
        """The results for all examples as NumPy arrays, example i along the first axis."""

    def objective(self, variables: Sequence[Value]) -> Objective:
        """The mean over these examples as a function of variables, for a loop that minimises it."""


class Compiled(Protocol):
    """What ``jit(f)`` returns: called as f itself, or over a batch with ``mean`` and ``map``."""

    @property
    def name(self) -> str:
        """What the function is called."""

    @property
    def source(self) -> str:
        """The program that ran last, as Python text. RuntimeError if there was no call yet."""

    @property
    def program(self) -> object:
        """The program that ran last, stage by stage, as tables to print. RuntimeError if there was no call yet."""

    def __call__(self, /, *args: object, **kwargs: object) -> Any:
        """What the function returns for these arguments. TracingCheckError where its program would not."""

    def mean(self, /, *arguments: object, **static: object) -> Any:
        """The mean of the results over the examples: argument[i] is example i, of each argument."""

    def map(self, /, *arguments: object, **options: object) -> Any:
        """The results for all examples as NumPy arrays, example i along the first axis; without gradients."""

    def batch(self, /, *arguments: object, **static: object) -> Batch:
        """These examples, prepared once for many calls."""
