"""Training: the loop that turns gradients into better parameters.

Forward, backward, step - for mini-batches of examples, epoch after epoch - with a progress bar and a history.
"""

from __future__ import annotations

import math
import random
import sys
from contextlib import contextmanager
from numbers import Integral
from typing import TYPE_CHECKING, Any, Protocol
from warnings import warn

import autograd

from .descent import descent, in_numbers
from .examples import count, expect_no_text, expect_one_length, not_finite
from .losses import class_of
from .measuring import accuracy, mean_loss, share_right
from .plots import losses_over_epochs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    from matplotlib.axes import Axes

    from autograd import Compiled, Value

    from .losses import Loss, Target
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

    def plot(self, axes: Axes | None = None) -> Any:  # noqa: ANN401 - as that of decision_boundary
        """Draw the losses over the epochs with matplotlib; returns the axes.

        ``history.plot().figure.savefig("loss.png")`` makes a file of it. ImportError where matplotlib is missing.
        """
        curves = {"training": self.loss, **({"validation": self.validation_loss} if self.validation_loss else {})}
        return losses_over_epochs(curves, axes)


def fit(
    model: Module,
    X: Sequence[object],
    Y: Sequence[Target],
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 1,
    batch_size: int = 32,
    rng: random.Random | None = None,
    validation: tuple[Sequence[object], Sequence[Target]] | None = None,
    threshold: float | None = None,
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
        Called with the history after each epoch; training ends early when one of them returns True (or NumPy's).
    progress:
        Show a progress bar on stderr, where tqdm is installed.
    jit:
        Roll model and loss up into array equations (:func:`autograd.jit`), which gives the same numbers up to rounding,
        quicker; the parameters are written back at the end of each epoch. By default where NumPy is installed.
        ``jit=False`` computes scalar by scalar: for a model that draws random numbers or reads ``.data``. Plain
        numbers in model and loss, and the identity of Values, are part of the program: what is to change during the
        training has to be a Value. Where callbacks are given this is looked at anew after each epoch: TracingCheckError
        if they changed a plain number in the loss, or put another Value in the place of a parameter. Examples and
        targets are read once. Examples that are arranged unlike each other, and classes under a loss of your own, are
        computed scalar by scalar in any case.

    Raises TypeError for what is not of the kind described, ValueError if X and Y, or those of the validation, differ in
    length or are empty, for an example of another length than a network has inputs, for a model without parameters, or
    for a batch size or number of epochs that makes no sense; RuntimeError for a model that has parameters, and makes
    others when it is called for the first time. An error or an interruption leaves the parameters as they are after the
    last complete step. Warns (RuntimeWarning) at the first epoch whose loss is nan.
    """
    is_model = callable(getattr(model, "parameters", None)) and not isinstance(model, type)
    expect(model, is_model, "a model, such as MLP(2, [3, 1])")
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
    expect_one_length("fit", model, X)
    expect_no_text("fit", model, loss, X, Y)
    parameters = expect_parameters(model, X)
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
                for cost_now, size in training.epoch(order, batch_size):
                    total += cost_now * size
                    bar.update(size)
            finally:
                training.write()
            history.loss.append(total / len(order))
            if epoch == 1:
                expect_no_more(model, parameters)
            if math.isnan(history.loss[-1]) and not any(map(math.isnan, history.loss[:-1])):  # the first
                warn(astray(history, X, Y), RuntimeWarning, stacklevel=2)
            if measure is not None:
                loss_now, accuracy_now = measure()
                history.validation_loss.append(loss_now)
                history.validation_accuracy += [] if accuracy_now is None else [accuracy_now]
            bar.set_postfix_str(repr(history).partition(", ")[2].rstrip(")"))
            if any([is_true(callback(history)) for callback in callbacks]):  # in a list: each is called
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


class Bar(Protocol):
    """What :func:`fit` asks of a progress bar."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> object: ...

    def update(self, n: int, /) -> object:
        """So many examples more."""

    def set_description(self, desc: str, /, *, refresh: bool) -> object:
        """What stands before the bar."""

    def set_postfix_str(self, s: str, /) -> object:
        """What stands behind it."""


def progress_bar(total: int, *, shown: bool) -> Bar:
    """The bar of tqdm; where that is not installed, one that shows nothing."""
    try:
        from tqdm import tqdm
    except ImportError:
        return NoBar()
    if sys.platform == "emscripten":  # a browser's Python starts no threads, and tqdm would warn

        class Still(tqdm):  # type: ignore[misc]
            monitor_interval = 0

        tqdm = Still
    bar: Bar = tqdm(total=total, disable=not shown, unit=" examples")
    return bar


class NoBar:
    """A bar that shows nothing."""

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


def expect_parameters(model: Module, X: Sequence[object]) -> int:
    """How many parameters there are to train. ValueError for none, also once a call of the model may have made some."""
    if not model.parameters():
        model(X[0])
    if not model.parameters():
        raise ValueError(
            f"fit: expected a model with parameters, got {type(model).__name__} with none: keep Values as its "
            "attributes, or in lists, tuples, dicts and modules that are its attributes"
        )
    return len(model.parameters())


def expect_no_more(model: Module, parameters: int) -> None:
    """RuntimeError if the model has made further parameters, which are not trained, while it was trained."""
    now = len(model.parameters())
    if now != parameters:
        raise RuntimeError(
            f"fit: expected {parameters} parameters as at the start, got {now} after an epoch: a model that makes some "
            "when it is called has to be called once, model(X[0]), before the training"
        )


def astray(history: History, X: Sequence[object], Y: Sequence[Target]) -> str:
    """What to say, and what to try, where the loss has become nan."""
    start = f"fit: the loss became nan in epoch {len(history.loss)}"
    for name, examples in (("X", X), ("Y", Y)):
        i = not_finite(examples)
        if i is not None:
            return f"{start}, and {name}[{i}] holds a number that is not finite: leave that example out, or fill it"
    return (
        f"{start}: try a smaller learning rate, such as a tenth, and inputs of size 1 (nn.data.standardise); "
        "within autograd.detect_anomaly(), with jit=False, the first operation that went wrong is named"
    )


def is_true(answer: object) -> bool:
    """Whether a callback said True, or what NumPy and other libraries have for it; anything else is no answer."""
    if answer is True or not hasattr(answer, "dtype"):
        return answer is True
    return getattr(answer, "shape", None) == () and str(answer.dtype).endswith("bool") and bool(answer)


def is_pair(given: object) -> bool:
    """Whether these are two things that have a length."""
    return isinstance(given, (list, tuple)) and len(given) == 2 and all([hasattr(x, "__len__") for x in given])


def composed(model: Module, loss: Loss) -> Callable[[object, Target], Value]:
    """The loss of one example, by a name that tells what it consists of."""

    def cost(x: object, y: Target) -> Value:
        return loss(model(x), y)

    cost.__name__ = f"{getattr(loss, '__name__', type(loss).__name__)}({type(model).__name__}(x), y)"
    return cost


@contextmanager
def advising(cost: Compiled | None) -> Iterator[None]:
    """Say what to do where jit finds that the program of model and loss is not what they compute."""
    try:
        yield
    except autograd.TracingCheckError as error:
        if cost is None or error.name != cost.name:  # that of a program of the user's
            raise
        advice = "pass jit=False to fit, or use a Value for a number that changes during the training"
        raise autograd.TracingCheckError(f"{error}; {advice}", error.name) from error


def measurement(
    model: Module,
    loss: Loss,
    X: Sequence[object],
    Y: Sequence[Target],
    threshold: float | None,
    cost: Compiled | None,
) -> Callable[[], tuple[float, float | None]]:
    """What measures a model on a validation set: the mean loss and, where the targets are classes, the accuracy.

    In arrays where ``cost`` is the jitted loss(model(x), y) of an example, and that can be; else scalar by scalar.
    """
    expect_one_length("validation", model, X)
    expect_no_text("validation", model, loss, X, Y)
    classes = class_of(Y[0]) is not None

    def on_values() -> tuple[float, float | None]:
        share = accuracy(model, X, Y, threshold=threshold) if classes else None
        return mean_loss(model, X, Y, loss=loss), share

    def in_arrays() -> tuple[float, float | None]:
        mean = sum(costs.map().tolist()) / len(X)
        return mean, share_right(outputs.map(), Y, threshold, lambda i: model(X[i])) if classes else None

    targets = None if cost is None else in_numbers(model, loss, X, Y)
    if cost is None or targets is None:
        return on_values
    try:
        costs, outputs = cost.batch(X, targets), autograd.jit(model.__call__).batch(X)
    except ValueError:  # examples of several arrangements
        return on_values
    return in_arrays
