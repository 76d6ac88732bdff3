"""Examples: how many there are, whether a model can take them, and which of them an error is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .modules import MLP, Layer, Neuron

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def count(name: str, X: Sequence[Any], Y: Sequence[Any]) -> int:
    """The number of examples. ValueError unless there are as many targets, and some."""
    if len(X) != len(Y) or not len(X):
        raise ValueError(f"{name}: expected as many targets as examples, and some, got {len(X)} and {len(Y)}")
    return len(X)


def expect_one_length(name: str, model: object, X: Sequence[Any]) -> None:
    """ValueError, with its number, for an example of another length than the others, if the model needs one length.

    That is known of a neuron, a layer and an MLP; another model may take sequences.
    """
    while isinstance(model, (MLP, Layer)):
        inside: Sequence[object] = model.layers if isinstance(model, MLP) else model.neurons
        model = inside[0] if inside else None
    if not isinstance(model, Neuron) or hasattr(X, "shape") or not all([hasattr(x, "__len__") for x in X]):
        return
    lengths = [len(x) for x in X]
    if len(set(lengths)) > 1:
        nin = len(model.w)
        i = next(i for i, length in enumerate(lengths) if length != nin)
        raise ValueError(
            f"{name}: expected {nin} inputs in each example, got {lengths[i]} in example {i}, {X[i]!r:.60}"
        )


def at(i: int, measured: Callable[[int], T]) -> T:
    """What is measured of example i; an exception, which stays the same one, says that it was raised there."""
    try:
        return measured(i)
    except (ArithmeticError, TypeError, ValueError) as error:
        if len(error.args) == 1 and isinstance(error.args[0], str) and "example" not in error.args[0]:
            error.args = (f"{error.args[0]} (example {i})",)
        raise


def not_finite(examples: Sequence[Any]) -> int | None:
    """The first example that holds a nan or inf; None if none does, or if they are not of plain numbers."""
    import numpy as np

    try:
        return next((i for i, x in enumerate(examples) if not np.isfinite(np.asarray(x, float)).all()), None)
    except (TypeError, ValueError):
        return None
