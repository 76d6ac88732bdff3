"""Measuring: the mean loss of a model over examples, and the share that it puts into the right class."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, TypeVar, cast

from autograd import Value

from .examples import at, count
from .losses import after_sigmoid, class_of
from .preparing import has_items

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .losses import Loss, Output, Target

    Floats = NDArray[np.float64]


Example = TypeVar("Example")
"""What a model takes."""


def mean_loss(model: Callable[[Example], Output], X: Sequence[Example], Y: Sequence[Target], *, loss: Loss) -> float:
    """The mean of ``loss(model(x), y)`` over all examples. ValueError if X and Y differ in length or are empty."""
    n = count("mean_loss", X, Y)

    def measured(i: int) -> float:
        cost: Value | float = loss(model(X[i]), Y[i])
        return cost.data if isinstance(cost, Value) else cost

    return sum([at(i, measured) for i in range(n)]) / n


def accuracy(
    model: Callable[[Example], Output], X: Sequence[Example], Y: Sequence[Target], *, threshold: float | None = None
) -> float:
    """The share of examples that the model puts into the right class.

    With several outputs the predicted class is argmax_k a_k, and the target a class or a one-hot vector. With one
    output it is yes where the output exceeds ``threshold``, and the target is yes where it is positive. Unless told
    otherwise the threshold is 0.5 where the output is that of a sigmoid, a probability, and else 0, as suits a logit
    or a hinge.

    Raises ValueError if X and Y differ in length or are empty, for a class that there is no output for, and for an
    output that is a plain number, of which nobody knows what it is, without a ``threshold``; TypeError for a target
    that is neither a number nor numbers, such as the name of a class.
    """
    n = count("accuracy", X, Y)
    return sum([at(i, lambda i: is_right(model(X[i]), Y[i], threshold)) for i in range(n)]) / n


def is_right(output: Output | float, target: Target, threshold: float | None) -> bool:
    """Whether the class that an output predicts is that of the target, as :func:`accuracy` counts."""
    outputs: Sequence[Value | float] = [output] if isinstance(output, (Value, Real)) else output  # type: ignore[assignment]
    if len(outputs) == 1:
        return is_yes(outputs[0], threshold) == bool(the_number(target) > 0)
    return argmax(outputs) == the_class(target, len(outputs))


def is_yes(output: Value | float, threshold: float | None) -> bool:
    """Whether a single output says yes."""
    if threshold is None:
        threshold = usual_threshold(output)
    return bool(output > threshold)


def usual_threshold(output: Value | float) -> float:
    """Above which number a single output says yes: 0.5 after a sigmoid, else 0. ValueError for a plain number."""
    if not isinstance(output, Value):
        raise ValueError(
            f"accuracy: expected a Value as output, which tells whether it is a probability, got {output!r}: say "
            "threshold=0.5 for probabilities, threshold=0 for logits"
        )
    return 0.5 if after_sigmoid(output) else 0.0


def the_number(target: object) -> float:
    """The target for a single output."""
    number = target[0] if has_items(target) and len(target) == 1 else target
    if not isinstance(number, Real) and class_of(number) is None:
        raise TypeError(f"accuracy: expected a number as target for one output, got {target!r:.80}{naming(number)}")
    return cast("float", number)


def the_class(target: object, classes: int) -> int:
    """The class that a target is, or the place of the 1 in a one-hot vector."""
    expected = f"accuracy: expected a class from 0 to {classes - 1}, or {classes} numbers, as target"
    k = class_of(target)
    if k is None:
        if not has_items(target):
            raise TypeError(f"{expected}, got {target!r:.80}{naming(target)}")
        if len(target) != classes:
            raise ValueError(f"{expected}, got {len(target)}")
        return argmax(cast("Sequence[float]", target))
    if not 0 <= k < classes:
        raise ValueError(f"{expected}, got {k}")
    return k


def naming(target: object) -> str:
    """The way out for the name of a class, to be put behind a message."""
    return ": names.index(name) is the number of a class, where names is a list of them" * isinstance(target, str)


def share_right(
    outputs: Sequence[Floats], Y: Sequence[Target], threshold: float | None, ask: Callable[[int], Output]
) -> float:
    """:func:`accuracy` for classes, where the outputs stand in arrays: one array of n numbers, or k of them.

    Numbers that are equal up to rounding leave the class open: there ``ask(i)`` gives the output of the model itself.
    What kind of output a single one is, if no threshold is given, that of the first example tells.
    """
    import numpy as np

    a, classes = np.atleast_2d(outputs), np.array([class_of(y) for y in Y])
    if len(a) == 1 and threshold is None:
        first_output = ask(0)
        threshold = usual_threshold(first_output if isinstance(first_output, Value) else first_output[0])
    with np.errstate(invalid="ignore"):  # inf - inf
        if len(a) == 1:
            right, first, second = (a[0] > threshold) == (classes > 0), a[0], threshold
        else:
            right, (second, first) = a.argmax(0) == classes, np.partition(a, -2, axis=0)[-2:]
        clear = abs(first - second) > 1e-9 * (1.0 + abs(first))
    for i in np.flatnonzero(~clear).tolist():
        right[i] = is_right(ask(i), Y[i], threshold)
    return int(right.sum()) / len(Y)


def argmax(numbers: Sequence[Value | float]) -> int:
    """The index of the largest number; of the first of them where several are equal."""
    return max(range(len(numbers)), key=lambda k: numbers[k])
