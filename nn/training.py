"""Training: the loop that turns gradients into better parameters.

Forward, backward, step - for mini-batches of examples, epoch after epoch - with a progress bar and a history.
"""

from __future__ import annotations

import random
from numbers import Integral
from typing import TYPE_CHECKING, Any

import autograd
from autograd import Value

from .losses import cross_entropy, mse, quadratic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .losses import Loss, Output, Target
    from .modules import Module
    from .optimizers import Optimizer


class History:
    """What training did: one number per epoch in each of its lists.

    ``loss``: the mean loss over the epoch's batches, each taken before its step. ``validation_loss`` and
    ``validation_accuracy``: after the epoch, on the validation set; empty without one, the accuracy also where the
    targets are not classes.
    """

    def __init__(self) -> None:
        self.loss: list[float] = []
        self.validation_loss: list[float] = []
        self.validation_accuracy: list[float] = []

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={numbers[-1]:.4g}" for name, numbers in vars(self).items() if numbers)
        return f"History({len(self.loss)} epochs, {last})" if last else "History(0 epochs)"

    def plot(self, axes: Any = None) -> Any:  # noqa: ANN401 - matplotlib is optional and untyped here
        """Draw the losses over the epochs with matplotlib; returns the axes."""
        if axes is None:
            import matplotlib.pyplot as plt

            axes = plt.subplots()[1]
        epochs = range(1, len(self.loss) + 1)
        axes.plot(epochs, self.loss, "k-", label="training")
        if self.validation_loss:
            axes.plot(epochs, self.validation_loss, "k--", label="validation")
            axes.legend()
        axes.set_xlabel("epoch")
        axes.set_ylabel("mean loss")
        return axes


def fit(
    model: Module,
    X: Sequence[Any],
    Y: Sequence[Target],
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 1,
    batch_size: int = 32,
    rng: random.Random | None = None,
    validation: tuple[Sequence[Any], Sequence[Target]] | None = None,
    threshold: float = 0.0,
    callbacks: Sequence[Callable[[History], object]] = (),
    progress: bool = True,
    jit: bool = True,
) -> History:
    """Train ``model`` on examples X[i] with targets Y[i] by mini-batch gradient descent.

    Each step takes the mean of ``loss(model(x), y)`` over ``batch_size`` examples (the assumption C = 1/n sum C_x of
    the textbooks), its gradient by backward, and one ``optimizer.step``. ``batch_size=1`` is stochastic and
    ``batch_size=len(X)`` batch gradient descent.

    Parameters
    ----------
    rng:
        Shuffles the examples before each epoch; pass ``random.Random(seed)`` for a run that can be repeated. By default
        a new source: ``random.seed`` does not reach it.
    validation:
        (X, Y) to be measured after each epoch: the mean loss and, where the targets are whole numbers, the accuracy,
        with ``threshold`` as in :func:`accuracy`.
    callbacks:
        Called with the history after each epoch; training ends early when one of them returns True.
    progress:
        Show a progress bar on stderr.
    jit:
        Roll model and loss up into array equations (:func:`autograd.jit`), which gives the same numbers up to rounding,
        quicker. ``jit=False`` computes scalar by scalar: for a model that draws random numbers or reads ``.data``.

    Raises ValueError if X and Y, or those of the validation, differ in length or are empty, or for a batch size or
    number of epochs that makes no sense. An error or an interruption leaves the parameters as they are after the last
    complete step.
    """
    count("fit", X, Y)
    if validation is not None:
        count("validation", *validation)
    if batch_size < 1 or epochs < 0:
        raise ValueError(f"fit: expected batch_size >= 1 and epochs >= 0, got {batch_size} and {epochs}")
    from tqdm import tqdm

    parameters = model.parameters()
    gradient = jitted(model, loss, X, Y) if jit else eager(model, loss, X, Y)
    shuffle = (rng or random.Random()).shuffle
    order = list(range(len(X)))
    history = History()
    with tqdm(total=epochs * len(X), disable=not progress, unit=" examples") as bar:
        for epoch in range(1, epochs + 1):
            shuffle(order)
            bar.set_description(f"epoch {epoch}/{epochs}")
            total = 0.0
            for start in range(0, len(order), batch_size):
                batch = order[start : start + batch_size]
                for p in parameters:
                    p.grad = 0.0
                total += gradient(batch) * len(batch)
                optimizer.step(parameters)
                bar.update(len(batch))
            history.loss.append(total / len(order))
            if validation is not None:
                history.validation_loss.append(mean_loss(model, *validation, loss=loss))
                if isinstance(validation[1][0], Integral):
                    history.validation_accuracy.append(accuracy(model, *validation, threshold=threshold))
            bar.set_postfix_str(repr(history).partition(", ")[2].rstrip(")"))
            if any([callback(history) is True for callback in callbacks]):  # in a list: each is called
                break
    return history


def eager(model: Module, loss: Loss, X: Sequence[Any], Y: Sequence[Target]) -> Callable[[Sequence[int]], float]:
    """The function that adds the gradient of the mean loss over a batch to the parameters, scalar by scalar.

    It takes the numbers of the examples and returns the mean loss; one backward for each example keeps graphs small.
    """

    def gradient(batch: Sequence[int]) -> float:
        total = 0.0
        for i in batch:
            cost = loss(model(X[i]), Y[i]) / len(batch)
            cost.backward()
            total += cost.data
        return total

    return gradient


def jitted(model: Module, loss: Loss, X: Sequence[Any], Y: Sequence[Target]) -> Callable[[Sequence[int]], float]:
    """As :func:`eager`, for all examples of a batch at once in the array program that ``jit`` makes of one.

    A class as target becomes its one-hot vector, an array of numbers like any other; that is known to mean the same
    only to the losses of this package.
    """
    targets = Y
    outputs = model(X[0])
    if isinstance(Y[0], Integral):
        for y in set(Y):
            loss(outputs, y)  # a target that the loss refuses is refused here, in its own words
    if isinstance(Y[0], Integral) and not isinstance(outputs, Value):
        if loss not in (quadratic, mse, cross_entropy):
            return eager(model, loss, X, Y)
        targets = [[float(k == y) for k in range(len(outputs))] for y in Y]
    mean = autograd.jit(lambda x, y: loss(model(x), y)).mean

    def gradient(batch: Sequence[int]) -> float:
        cost: Value = mean([X[i] for i in batch], [targets[i] for i in batch])
        cost.backward()
        return cost.data

    return gradient


def mean_loss(model: Callable[[Any], Output], X: Sequence[Any], Y: Sequence[Target], *, loss: Loss) -> float:
    """The mean of ``loss(model(x), y)`` over all examples. ValueError if X and Y differ in length or are empty."""
    n = count("mean_loss", X, Y)
    return sum([loss(model(x), y).data for x, y in zip(X, Y, strict=True)]) / n


def accuracy(model: Callable[[Any], Output], X: Sequence[Any], Y: Sequence[Target], *, threshold: float = 0.0) -> float:
    """The share of examples that the model puts into the right class.

    With several outputs the predicted class is argmax_k a_k, and the target a class or a one-hot vector. With one
    output it is yes where the output exceeds ``threshold`` (0 suits a logit or a hinge, 0.5 a sigmoid), and the
    target is yes where it is positive. Raises ValueError if X and Y differ in length or are empty.
    """
    n = count("accuracy", X, Y)
    return sum(is_right(model(x), y, threshold) for x, y in zip(X, Y, strict=True)) / n


def is_right(output: Output, target: Target, threshold: float) -> bool:
    """Whether the class that an output predicts is that of the target, as :func:`accuracy` counts."""
    outputs = [output] if isinstance(output, Value) else output
    if len(outputs) == 1:
        (y,) = target if hasattr(target, "__len__") else [target]  # type: ignore[misc]
        return bool((outputs[0] > threshold) == (y > 0))
    return bool(argmax(outputs) == (target if isinstance(target, Integral) else argmax(target)))  # type: ignore[arg-type]


def count(name: str, X: Sequence[Any], Y: Sequence[Target]) -> int:
    """The number of examples. ValueError unless there are as many targets, and some."""
    if len(X) != len(Y) or not len(X):
        raise ValueError(f"{name}: expected as many targets as examples, and some, got {len(X)} and {len(Y)}")
    return len(X)


def argmax(numbers: Sequence[Value | float]) -> int:
    """The index of the largest number; of the first of them where several are equal."""
    return max(range(len(numbers)), key=lambda k: numbers[k])
