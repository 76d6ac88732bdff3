"""Training: the loop that turns gradients into better parameters.

Forward, backward, step - for mini-batches of examples, epoch after epoch - with a progress bar and a history.
"""

from __future__ import annotations

import random
import sys
from contextlib import contextmanager
from numbers import Integral
from typing import TYPE_CHECKING, Any

import autograd
from autograd import Value

from .descent import descent, in_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    import numpy as np

    from .losses import Loss, Output, Target
    from .modules import Module
    from .optimizers import Optimizer

    Floats = np.ndarray[Any, np.dtype[np.float64]]


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
    jit: bool | None = None,
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
        Show a progress bar on stderr, where tqdm is installed.
    jit:
        Roll model and loss up into array equations (:func:`autograd.jit`), which gives the same numbers up to rounding,
        quicker; the parameters are written back at the end of each epoch. By default where NumPy is installed.
        ``jit=False`` computes scalar by scalar: for a model that draws random numbers or reads ``.data``. Plain
        numbers in model and loss, and the identity of
        Values, are part of the program: what is to change during the training has to be a Value. Where callbacks are
        given this is looked at anew after each epoch: RuntimeError if they changed a plain number in the loss, or put
        another Value in the place of a parameter. Examples and targets are read once. Examples that are arranged unlike
        each other, and classes under a loss of your own, are computed scalar by scalar in any case.

    Raises TypeError for what is not of the kind described, ValueError if X and Y, or those of the validation, differ in
    length or are empty, or for a batch size or number of epochs that makes no sense. An error or an interruption leaves
    the parameters as they are after the last complete step.
    """
    expect(X, hasattr(X, "__len__"), "a list or an array of examples")
    expect(Y, hasattr(Y, "__len__"), "a list or an array of targets")
    count("fit", X, Y)
    expect(loss, callable(loss), "a loss, a function of outputs and target")
    step = getattr(optimizer, "step", None)
    expect(optimizer, callable(step) and not isinstance(optimizer, type), "an optimizer, such as SGD(lr=0.1)")
    expect(rng, rng is None or callable(getattr(rng, "shuffle", None)), "rng=random.Random(seed) or None")
    expect(batch_size, isinstance(batch_size, Integral), "an int as batch_size")
    expect(epochs, isinstance(epochs, Integral), "an int as epochs")
    if batch_size < 1 or epochs < 0:
        raise ValueError(f"fit: expected batch_size >= 1 and epochs >= 0, got {batch_size} and {epochs}")
    functions = isinstance(callbacks, (list, tuple)) and all(map(callable, callbacks))
    expect(callbacks, functions, "callbacks in a list or tuple")
    if validation is not None:
        expect(validation, is_pair(validation), "validation=(X, Y)")
        count("validation", *validation)
    rolled = has_arrays() if jit is None else jit
    cost = autograd.jit(composed(model, loss)) if rolled else None
    training = descent(model, loss, optimizer, X, Y, cost)
    measure = None if validation is None else measurement(model, loss, *validation, threshold, cost)
    shuffle = (rng or random.Random()).shuffle
    order = list(range(len(X)))
    history = History()
    with advising(cost), progress_bar(epochs * len(X), shown=progress) as bar:
        for epoch in range(1, epochs + 1):
            shuffle(order)
            bar.set_description(f"epoch {epoch}/{epochs}", refresh=False)
            total = 0.0
            try:
                for batch in training.batches(order, batch_size):
                    total += training.step(batch) * len(batch)
                    bar.update(len(batch))
            finally:
                training.write()
            history.loss.append(total / len(order))
            if measure is not None:
                loss_now, accuracy_now = measure()
                history.validation_loss.append(loss_now)
                history.validation_accuracy += [] if accuracy_now is None else [accuracy_now]
            bar.set_postfix_str(repr(history).partition(", ")[2].rstrip(")"))
            if any([callback(history) is True for callback in callbacks]):  # in a list: each is called
                break
            if callbacks:
                training.read()
    return history


def has_arrays() -> bool:
    """Whether NumPy is installed, with which jit computes."""
    try:
        import numpy as np  # noqa: F401 - to see
    except ImportError:
        return False
    return True


def progress_bar(total: int, *, shown: bool) -> Any:  # noqa: ANN401 - tqdm comes without types
    """The bar of tqdm; where that is not installed, one that shows nothing."""
    try:
        from tqdm import tqdm
    except ImportError:
        return NoBar()
    if sys.platform == "emscripten":  # a browser's Python starts no threads, and tqdm would warn

        class Bar(tqdm):  # type: ignore[misc]
            monitor_interval = 0

        return Bar(total=total, disable=not shown, unit=" examples")
    return tqdm(total=total, disable=not shown, unit=" examples")


class NoBar:
    """What :func:`fit` asks of a progress bar, without one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, _: int) -> None:
        """Nothing moves."""

    def set_description(self, _: str, *, refresh: bool) -> None:
        """Nothing is said."""

    def set_postfix_str(self, _: str) -> None:
        """Nothing is said."""


def expect(given: object, good: object, wish: str) -> None:
    """TypeError unless what was given to :func:`fit` is good."""
    if not good:
        got = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
        got += f" {given!r}" if isinstance(given, (str, int, float)) else ""
        raise TypeError(f"fit: expected {wish}, got {got}")


def is_pair(given: object) -> bool:
    """Whether these are two things that have a length."""
    return isinstance(given, (list, tuple)) and len(given) == 2 and all([hasattr(x, "__len__") for x in given])


def composed(model: Module, loss: Loss) -> Callable[[Any, Any], Value]:
    """The loss of one example, by a name that tells what it consists of."""

    def cost(x: Any, y: Any) -> Value:  # noqa: ANN401 - whatever the model and the loss take
        return loss(model(x), y)

    cost.__name__ = f"{getattr(loss, '__name__', type(loss).__name__)}({type(model).__name__}(x), y)"
    return cost


@contextmanager
def advising(cost: Any) -> Iterator[None]:  # noqa: ANN401 - jit's class is none of autograd's names
    """Say what to do where jit finds that the program of model and loss is not what they compute."""
    try:
        yield
    except RuntimeError as error:
        if cost is None or not str(error).startswith(f"jit: {cost.name} "):
            raise
        advice = "pass jit=False to fit, or use a Value for a number that changes during the training"
        raise RuntimeError(f"{error}; {advice}") from error


def measurement(
    model: Module,
    loss: Loss,
    X: Sequence[Any],
    Y: Sequence[Target],
    threshold: float,
    cost: Any,  # noqa: ANN401 - jit's class is none of autograd's names
) -> Callable[[], tuple[float, float | None]]:
    """What measures a model on a validation set: the mean loss and, where the targets are classes, the accuracy.

    In arrays where ``cost`` is the jitted loss(model(x), y) of an example, and that can be; else scalar by scalar.
    """
    classes = isinstance(Y[0], Integral)

    def on_values() -> tuple[float, float | None]:
        share = accuracy(model, X, Y, threshold=threshold) if classes else None
        return mean_loss(model, X, Y, loss=loss), share

    def in_arrays() -> tuple[float, float | None]:
        mean = sum(costs.map().tolist()) / len(X)
        return mean, share_right(outputs.map(), Y, threshold, lambda i: model(X[i])) if classes else None

    targets = None if cost is None else in_numbers(model, loss, X, Y)
    if targets is None:
        return on_values
    try:
        costs, outputs = cost.batch(X, targets), autograd.jit(model.__call__).batch(X)
    except ValueError:  # examples of several arrangements
        return on_values
    return in_arrays


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


def share_right(
    outputs: Sequence[Floats], Y: Sequence[Target], threshold: float, ask: Callable[[int], Output]
) -> float:
    """:func:`accuracy` for classes, where the outputs stand in arrays: one array of n numbers, or k of them.

    Numbers that are equal up to rounding leave the class open: there ``ask(i)`` gives the output of the model itself.
    """
    import numpy as np

    a, classes = np.atleast_2d(outputs), np.asarray(Y)
    with np.errstate(invalid="ignore"):  # inf - inf
        if len(a) == 1:
            right, first, second = (a[0] > threshold) == (classes > 0), a[0], threshold
        else:
            right, (second, first) = a.argmax(0) == classes, np.partition(a, -2, axis=0)[-2:]
        clear = abs(first - second) > 1e-9 * (1.0 + abs(first))
    for i in np.flatnonzero(~clear).tolist():
        right[i] = is_right(ask(i), Y[i], threshold)
    return int(right.sum()) / len(Y)


def count(name: str, X: Sequence[Any], Y: Sequence[Target]) -> int:
    """The number of examples. ValueError unless there are as many targets, and some."""
    if len(X) != len(Y) or not len(X):
        raise ValueError(f"{name}: expected as many targets as examples, and some, got {len(X)} and {len(Y)}")
    return len(X)


def argmax(numbers: Sequence[Value | float]) -> int:
    """The index of the largest number; of the first of them where several are equal."""
    return max(range(len(numbers)), key=lambda k: numbers[k])
