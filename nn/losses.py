"""Losses: how far the output for one example is from its target, as one number to be made small.

Each is a function of (output, target) of one example; ``fit`` takes the mean over a batch, C = 1/n sum C_x.
An output is what a model returns: a list, or a single Value. Where there are several outputs, a whole number as target
is a class k and stands for the one-hot vector with a 1 at k.
"""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

from autograd import Value, dot, logsumexp, relu, softplus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Output = Value | Sequence[Value]
    Target = float | Sequence[float]
    Loss = Callable[[Output, Target], Value]


def quadratic(output: Output, target: Target) -> Value:
    """1/2 ||a - y||^2, the textbook's quadratic cost; its gradient by a is a - y.

    Raises ValueError where the lengths differ or a class is out of range.
    """
    _, differences = _differences("quadratic", output, target)
    return 0.5 * dot(differences, differences)


def mse(output: Output, target: Target) -> Value:
    """The mean squared error 1/k sum (a_i - y_i)^2 over the k outputs; its gradient by a is 2 (a - y) / k.

    Raises ValueError where the lengths differ or a class is out of range.
    """
    k, differences = _differences("mse", output, target)
    return dot(differences, differences) / k


def hinge(output: Output, target: Target) -> Value:
    """max(0, 1 - y a) for one output a and a target y = -1 or +1 (support vector machines).

    Raises ValueError for another target or more than one output.
    """
    a, y = _one("hinge", output, target)
    if y not in (-1, 1):
        raise ValueError(f"hinge: expected a target of -1 or +1, got {target!r}")
    return relu(1 - y * a)


def binary_cross_entropy(output: Output, target: Target) -> Value:
    """-y log p - (1 - y) log(1 - p) with p = sigmoid(z), for one logit z and a target 0 <= y <= 1.

    Computed as y softplus(-z) + (1 - y) softplus(z), which does not overflow, and whose terms do not cancel where the
    answer is confident and right; its gradient by z is p - y.
    Raises ValueError for another target or more than one output.
    """
    z, y = _one("binary_cross_entropy", output, target)
    if not 0 <= y <= 1:
        raise ValueError(f"binary_cross_entropy: expected a target between 0 and 1, got {target!r}")
    return y * softplus(-z) + (1 - y) * softplus(z)


def cross_entropy(output: Output, target: Target) -> Value:
    """-sum y_i log p_i with p = softmax(z), for logits z and a class, or a distribution y.

    Computed as logsumexp(z) sum y - y . z; its gradient by z is p - y where y adds up to 1.
    Raises ValueError for fewer than two logits, lengths that differ, or a class out of range.
    """
    if isinstance(output, Value) or len(output) < 2:
        raise ValueError("cross_entropy: expected at least two logits, got one (see binary_cross_entropy)")
    whole = logsumexp(output)
    if isinstance(target, Integral):
        return whole - output[_class("cross_entropy", target, len(output))]
    y = _vector("cross_entropy", target, len(output))
    return whole * sum(y) - dot(y, output)


def _differences(name: str, output: Output, target: Target) -> tuple[int, list[Value]]:
    """The number of outputs, and a_i - y_i for each; for a class, only the element at k has something to subtract."""
    if isinstance(output, Value) or len(output) == 1:
        a, y = _one(name, output, target)
        return 1, [a - y]
    if isinstance(target, Integral):
        k = _class(name, target, len(output))
        return len(output), [a - 1.0 if i == k else a for i, a in enumerate(output)]
    return len(output), [a - y for a, y in zip(output, _vector(name, target, len(output)), strict=True)]


def _one(name: str, output: Output, target: Target) -> tuple[Value, float]:
    """A single output and a single target."""
    outputs = [output] if isinstance(output, Value) else output
    targets: Sequence[float] = target if hasattr(target, "__len__") else [target]  # type: ignore[assignment]
    if len(outputs) != 1 or len(targets) != 1:
        raise ValueError(f"{name}: expected one output and one target, got {len(outputs)} and {len(targets)}")
    return outputs[0], targets[0]


def _class(name: str, target: Integral, classes: int) -> int:
    k = int(target)
    if not 0 <= k < classes:
        raise ValueError(f"{name}: expected a class from 0 to {classes - 1}, got {k}")
    return k


def _vector(name: str, target: Target, length: int) -> Sequence[float]:
    size = len(target) if hasattr(target, "__len__") else None
    if size != length:
        got = f"one of {size}" if size is not None else repr(target)
        raise ValueError(f"{name}: expected a target of {length} numbers, or a class, got {got}")
    return target  # type: ignore[return-value]
