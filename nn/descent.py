"""Descent: what training does with one batch - its mean loss, the gradient of that, a move of the parameters.

There are two ways, with the same numbers up to rounding: scalar by scalar on the Values (:class:`Eager`), or by the
array program that ``jit`` makes of model and loss (:class:`Rolled`), with parameters, gradients and the optimizer's
state in arrays from one step to the next.
"""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

from autograd import Value

from .examples import at
from .losses import class_of, cross_entropy, mse, quadratic
from .optimizers import Optimizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from autograd import Compiled, Objective

    from .losses import Loss, Target
    from .modules import Module

    Floats = NDArray[np.float64]
    Index = NDArray[np.intp]


class Eager:
    """Steps on the Values themselves; one backward for each example keeps graphs small."""

    def __init__(
        self, model: Module, loss: Loss, optimizer: Optimizer, X: Sequence[object], Y: Sequence[Target]
    ) -> None:
        self.model, self.loss, self.optimizer, self.X, self.Y = model, loss, optimizer, X, Y
        self.parameters = model.parameters()

    def epoch(self, order: Sequence[int], size: int) -> Iterator[tuple[float, int]]:
        """A step for each batch of the examples, by their numbers: what it returns, and how many there are."""
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            yield self.step(batch), len(batch)

    def step(self, batch: Sequence[int]) -> float:
        """Move the parameters against the gradient of the mean loss over a batch; returns the loss before that."""
        for p in self.parameters:
            p.grad = 0.0
        total = 0.0
        for i in batch:
            cost = at(i, self.cost) / len(batch)
            cost.backward()
            total += cost.data
        self.optimizer.step(self.parameters)
        return total

    def cost(self, i: int) -> Value:
        """The loss of example i."""
        return self.loss(self.model(self.X[i]), self.Y[i])

    def write(self) -> None:
        """Bring the parameters up to date: these always are."""

    def read(self) -> None:
        """Go on from what the parameters are now: these steps always do."""


class Rolled:
    """Steps in arrays, over the objective that a batch of all examples is of the parameters.

    The Values are behind until :meth:`write`; what somebody else changes in them counts from :meth:`read` on.
    """

    def __init__(self, objective: Objective, parameters: list[Value], optimizer: Optimizer) -> None:
        self.objective = objective
        self.parameters = parameters
        self.optimizer = optimizer
        self.gradient: Floats | None = None
        self.in_arrays = getattr(optimizer.step, "__func__", None) is Optimizer.step
        """Whether the optimizer moves parameters by its formula; one with a step of its own gets the Values."""

    def epoch(self, order: Sequence[int], size: int) -> Iterator[tuple[float, int]]:
        """As for :class:`Eager`, the numbers in arrays."""
        import numpy as np

        numbers = np.fromiter(order, np.intp, len(order))
        for start in range(0, len(numbers), size):
            batch = numbers[start : start + size]
            yield self.step(batch), len(batch)

    def step(self, batch: Index) -> float:
        """As for :class:`Eager`."""
        objective = self.objective
        cost, self.gradient = objective.trusted_gradient(batch)
        if self.in_arrays:
            objective.P = self.optimizer.step_array(objective.P, self.gradient, objective.order)
        else:
            self.write()
            self.optimizer.step(self.parameters)
            self.objective.read()
        return float(cost)

    def write(self) -> None:
        """Bring the parameters up to date, and their gradients: as the last step left them."""
        self.objective.write(self.gradient)

    def read(self) -> None:
        """Go on from what the parameters are now; whether the program still fits model and loss is found out anew."""
        self.objective.read()
        self.objective.doubt()


def descent(
    model: Module,
    loss: Loss,
    optimizer: Optimizer,
    X: Sequence[object],
    Y: Sequence[Target],
    cost: Compiled | None,
) -> Eager | Rolled:
    """The way down: in arrays where ``cost`` is the jitted loss(model(x), y) of an example, and that can be.

    It cannot where examples are arranged unlike each other, or where :func:`in_numbers` says so.
    """
    targets = None if cost is None else in_numbers(model, loss, X, Y)
    if cost is not None and targets is not None:
        try:
            examples = cost.batch(X, targets)
        except ValueError:  # of several arrangements
            pass
        else:
            parameters = model.parameters()
            return Rolled(examples.objective(parameters), parameters, optimizer)
    return Eager(model, loss, optimizer, X, Y)


def in_numbers(model: Module, loss: Loss, X: Sequence[object], Y: Sequence[Target]) -> Sequence[Target] | Floats | None:
    """The targets as numbers that a program can take in; None if there are none that mean the same to the loss.

    A class among several outputs becomes its one-hot vector, which is known to mean the same only to the losses of this
    package. A class that the loss refuses is refused here, in its own words.
    """
    import numpy as np

    if class_of(Y[0]) is None or not all([isinstance(y, Real) or class_of(y) is not None for y in Y]):
        return Y
    outputs = model(X[0])
    for y in set(Y):
        loss(outputs, y)
    if isinstance(outputs, Value) or len(outputs) == 1:
        return Y
    if loss not in (quadratic, mse, cross_entropy):
        return None
    one_hot = np.zeros((len(Y), len(outputs)))
    one_hot[np.arange(len(Y)), np.array([class_of(y) for y in Y])] = 1.0
    return one_hot
