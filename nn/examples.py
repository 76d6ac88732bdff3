"""Examples: how many there are, whether a model can take them, and which of them an error is about."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, TypeVar, cast

from autograd import Value

from . import losses
from .modules import MLP, Layer, Neuron
from .preparing import expect_list, has_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence, Sized

T = TypeVar("T")


def count(name: str, X: Sequence[object], Y: Sequence[object]) -> int:
    """The number of examples. ValueError unless there are as many targets, and some; TypeError for no lists."""
    expect_list(name, "X", X)
    expect_list(name, "Y", Y)
    if len(X) != len(Y) or not len(X):
        raise ValueError(f"{name}: expected as many targets as examples, and some, got {len(X)} and {len(Y)}")
    return len(X)


def expect_one_length(name: str, model: object, X: Sequence[object]) -> None:
    """ValueError, with its number, for an example of another length than the others, if the model needs one length.

    That is known of a neuron, a layer and an MLP; another model may take sequences.
    """
    while isinstance(model, (MLP, Layer)):
        inside: Sequence[object] = model.layers if isinstance(model, MLP) else model.neurons
        model = inside[0] if inside else None
    if not isinstance(model, Neuron) or hasattr(X, "shape") or not all([hasattr(x, "__len__") for x in X]):
        return
    lengths = [len(x) for x in cast("Sequence[Sized]", X)]
    if len(set(lengths)) > 1:
        nin = len(model.w)
        i = next(i for i, length in enumerate(lengths) if length != nin)
        raise ValueError(
            f"{name}: expected {nin} inputs in each example, got {lengths[i]} in example {i}, {X[i]!r:.60}"
        )


def expect_no_text(name: str, model: object, loss: object, X: Sequence[object], Y: Sequence[object]) -> None:
    """TypeError, with the way out, for text: as an input of a network, or as a target of a loss of this library."""
    if isinstance(model, (MLP, Layer, Neuron)) and (text := text_in(X[0])) is not None:
        advice = "float(text) is its number, and nn.data.csv reads a file of them"
        raise TypeError(f"{name}: expected numbers in X, got the text {text!r:.60} in X[0]: {advice}")
    if getattr(loss, "__module__", None) == losses.__name__ and (text := text_in(Y[0])) is not None:
        advice = "names.index(name) is the number of a class, and nn.data.csv numbers those of a file"
        raise TypeError(f"{name}: expected numbers in Y, got the text {text!r:.60} in Y[0]: {advice}")


def text_in(example: object) -> str | None:
    """The first text in an example or target, which is one or has one among its numbers."""
    if isinstance(example, str):
        return example
    items = example if has_items(example) and not isinstance(example, dict) else ()
    return next((x for x in items if isinstance(x, str)), None)


def at(i: int, measured: Callable[[int], T]) -> T:
    """What is measured of example i; an exception, which stays the same one, says that it was raised there."""
    try:
        return measured(i)
    except (ArithmeticError, TypeError, ValueError) as error:
        if len(error.args) == 1 and isinstance(error.args[0], str) and "example" not in vars(error):
            error.args = (f"{error.args[0]} (example {i})",)
            vars(error)["example"] = i  # so that it is said once
        raise


def not_finite(examples: Sequence[object]) -> int | None:
    """The first example that holds a nan or inf; None if none does."""
    return next((i for i, example in enumerate(examples) if not finite(example)), None)


def finite(example: object) -> bool:
    """Whether all numbers in an example are finite: a number, or lists, dicts and arrays of numbers."""
    if isinstance(example, (Value, Real)):
        return math.isfinite(example.data if isinstance(example, Value) else example)
    inside: object = example.values() if isinstance(example, dict) else example
    if isinstance(example, str) or not hasattr(inside, "__iter__"):
        return True
    return all([finite(x) for x in cast("Iterable[object]", inside)])
