"""Activations: what a neuron does with its weighted sum, by the name of an operation or as a function.

``"linear"`` does nothing; ``"tanh"``, ``"relu"``, ``"sigmoid"`` and every other operation of one number in the table
(:data:`autograd.rules.TABLE`) is known by its name. Any function from a Value to a Value will do as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import autograd
from autograd import Value

if TYPE_CHECKING:
    from types import FunctionType

Activation = str | Callable[[Value], Value]


def activation_function(activation: Activation) -> Callable[[Value], Value] | None:
    """The function that an activation's name means; None for "linear".

    Raises ValueError for another name, with the one that was probably meant; for softmax it says where that belongs.
    """
    given: object = activation
    if callable(activation) and given not in (autograd.softmax, autograd.log_softmax):
        return activation
    if given == "linear":
        return None
    if isinstance(given, str) and given in known():
        return known()[given]
    expected = "'linear', an operation of one number such as 'relu' or 'tanh', or a function"
    raise ValueError(f"activation: expected {expected}, got {activation!r}{advice(activation)}")


def known() -> dict[str, Callable[[Value], Value]]:
    """The operations of one number, by their names."""
    if not KNOWN:
        for name in [rule.symbol for rule in autograd.rules.TABLE if hasattr(autograd, rule.symbol)]:
            function: FunctionType = getattr(autograd, name)
            if function.__code__.co_argcount - len(function.__defaults__ or ()) == 1:  # leaky_relu has a slope
                KNOWN[name] = function
    return KNOWN


KNOWN: dict[str, Callable[[Value], Value]] = {}


def name_of(activation: Callable[[Value], Value] | None) -> str | None:
    """The name by which an activation is known; None for a function of the user's own."""
    if activation is None:
        return "linear"
    return next((name for name, function in known().items() if function is activation), None)


SOFTMAX = (
    ": it needs all outputs of a layer at once, and cross_entropy contains it; leave the outputs linear, "
    "autograd.softmax(model(x)) gives the probabilities"
)


def advice(given: object) -> str:
    """What was probably meant by something that is no activation, to be put behind the message."""
    name = given if isinstance(given, str) else getattr(given, "__name__", "")
    if name.lower() in ("softmax", "log_softmax", "logsoftmax"):
        return SOFTMAX
    return autograd.rules.did_you_mean(name, ["linear", *known()])
