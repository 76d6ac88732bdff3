"""Descent: what training does with one batch - its mean loss, the gradient of that, a move of the parameters.

There are two ways, with the same numbers up to rounding: scalar by scalar on the Values (:class:`Eager`), or by the
array program that ``jit`` makes of model and loss (:class:`Rolled`), with parameters, gradients and the optimizer's
state in arrays from one step to the next.
"""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd import Value

from .examples import at
from .losses import class_of, cross_entropy, mse, quadratic
from .optimizers import Optimizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .losses import Loss, Target
    from .modules import Module


class Eager:
    """Steps on the Values themselves; one backward for each example keeps graphs small."""

    def __init__(self, model: Module, loss: Loss, optimizer: Optimizer, X: Sequence[Any], Y: Sequence[Target]) -> None:
        self.model, self.loss, self.optimizer, self.X, self.Y = model, loss, optimizer, X, Y
        self.parameters = model.parameters()

    def batches(self, order: Sequence[int], size: int) -> Iterator[Sequence[int]]:
        """The examples of an epoch, by their numbers, in batches of this size."""
        return (order[start : start + size] for start in range(0, len(order), size))

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
    """Steps in arrays, over the ``objective`` that a batch of all examples is of the parameters.

    The Values are behind until :meth:`write`; what somebody else changes in them counts from :meth:`read` on.
    """

    def __init__(self, batch: Any, parameters: list[Value], optimizer: Optimizer) -> None:  # noqa: ANN401 - jit's
        self.objective = batch.objective(parameters)
        self.parameters = parameters
        self.optimizer = optimizer
        self.gradient: Any = None
        self.in_arrays = getattr(optimizer.step, "__func__", None) is Optimizer.step
        """Whether the optimizer moves parameters by its formula; one with a step of its own gets the Values."""

    def batches(self, order: Sequence[int], size: int) -> Iterator[Any]:
        """As for :class:`Eager`, the numbers in arrays."""
        import numpy as np

        numbers = np.fromiter(order, np.intp, len(order))
        return (numbers[start : start + size] for start in range(0, len(numbers), size))

    def step(self, batch: Any) -> float:  # noqa: ANN401 - an array; NumPy is imported where it is used
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
    X: Sequence[Any],
    Y: Sequence[Target],
    cost: Any,  # noqa: ANN401 - jit's class is none of autograd's names
) -> Eager | Rolled:
    """The way down: in arrays where ``cost`` is the jitted loss(model(x), y) of an example, and that can be.

    It cannot where examples are arranged unlike each other, or where :func:`in_numbers` says so.
    """
    targets = None if cost is None else in_numbers(model, loss, X, Y)
    if targets is not None:
        try:
            examples = cost.batch(X, targets)
        except ValueError:  # of several arrangements
            pass
        else:
            return Rolled(examples, model.parameters(), optimizer)
    return Eager(model, loss, optimizer, X, Y)


def in_numbers(model: Module, loss: Loss, X: Sequence[Any], Y: Sequence[Target]) -> Any:  # noqa: ANN401 - an array
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
