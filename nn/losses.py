"""Losses: how far the output for one example is from its target, as one number to be made small.

Each is a function of (output, target) of one example; ``fit`` takes the mean over a batch, C = 1/n sum C_x.
An output is what a model returns: a list, or a single Value. Where there are several outputs, a whole number as target
is a class k and stands for the one-hot vector with a 1 at k; so are False and True, the classes 0 and 1.

``binary_cross_entropy`` and ``cross_entropy`` contain the sigmoid and the softmax: they take logits, whatever real
numbers a linear layer gives. A probability in the place of a logit would train, and train badly; where an output can be
seen to be one, they refuse it.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, cast

from autograd import Value, dot, logsumexp, relu, rules, softplus

from .preparing import has_items

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
    Raises ValueError for another target or more than one output, and where z is what a sigmoid gave: p in its place. (A
    plain number does not tell where it comes from: it counts as a logit.)
    """
    z, y = _one("binary_cross_entropy", output, target)
    if after_sigmoid(z):
        raise ValueError(
            "binary_cross_entropy: expected a logit, got the output of a sigmoid, which this loss contains: leave the "
            "output linear, MLP(..., output='linear'); autograd.sigmoid(model(x)) is the probability"
        )
    if not 0 <= y <= 1:
        raise ValueError(f"binary_cross_entropy: expected a target between 0 and 1, got {target!r}")
    return y * softplus(-z) + (1 - y) * softplus(z)


def cross_entropy(output: Output, target: Target) -> Value:
    """-sum y_i log p_i with p = softmax(z), for logits z and a class, or a distribution y.

    Computed as logsumexp(z) sum y - y . z; its gradient by z is p - y where y adds up to 1.
    Raises ValueError for fewer than two logits, lengths that differ, a class out of range, and where z is what a
    softmax gave: p in its place.
    """
    if isinstance(output, (Value, Real)) or len(output) < 2:
        raise ValueError("cross_entropy: expected at least two logits, got one (see binary_cross_entropy)")
    if after_softmax(output):
        raise ValueError(
            "cross_entropy: expected logits, got the outputs of a softmax, which this loss contains: give it model(x) "
            "as it is; autograd.softmax(model(x)) gives the probabilities"
        )
    whole = logsumexp(output)
    k = class_of(target)
    if k is not None:
        return whole - output[_class("cross_entropy", k, len(output))]
    y = _vector("cross_entropy", target, len(output))
    return whole * sum(y) - dot(y, output)


def _differences(name: str, output: Output, target: Target) -> tuple[int, list[Value]]:
    """The number of outputs, and a_i - y_i for each; for a class, only the element at k has something to subtract."""
    if isinstance(output, (Value, Real)) or len(output) == 1:
        a, y = _one(name, output, target)
        return 1, [a - y]
    k = class_of(target)
    if k is not None:
        _class(name, k, len(output))
        return len(output), [a - 1.0 if i == k else a for i, a in enumerate(output)]
    return len(output), [a - y for a, y in zip(output, _vector(name, target, len(output)), strict=True)]


def class_of(target: object) -> int | None:
    """The class that a target is: a whole number, or a truth value, Python's or NumPy's; None if it is none."""
    if isinstance(target, Integral):
        return int(target)
    kind = type(target)
    return int(bool(target)) if kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_") else None


PASSING = (rules.POS, rules.CLIP, rules.STOP, rules.WHERE)
"""The rows that hand on a number as it is, or within bounds."""


def after_sigmoid(x: object) -> bool:
    """Whether a number is what a sigmoid gave, clipped or by a program of jit: a probability, and no logit."""
    while isinstance(x, Value) and x.rule in PASSING:
        x = x.parents[0]
    if not isinstance(x, Value):
        return False
    last = x.rule.last or x.rule  # of a program, the row that gave its result
    return bool(last.symbol == rules.SIGMOID.symbol)  # also of one's own


def after_softmax(outputs: Sequence[object]) -> bool:
    """Whether these are what :func:`autograd.softmax` gave: each exp(z_i - w), with one logsumexp as w."""
    wholes: set[Value] = set()
    for x in outputs:
        if not isinstance(x, Value) or x.rule is not rules.EXP or x.parents[0].rule is not rules.SUB:
            return False
        wholes.add(x.parents[0].parents[1])
    return len(wholes) == 1 and wholes.pop().rule is rules.LOGSUMEXP


def _one(name: str, output: Output, target: object) -> tuple[Value, float]:
    """A single output and a single target."""
    outputs: Sequence[Value] = [output] if isinstance(output, (Value, Real)) else output
    targets = target if has_items(target) else [target]
    if len(outputs) != 1 or len(targets) != 1:
        raise ValueError(f"{name}: expected one output and one target, got {len(outputs)} and {len(targets)}")
    y = targets[0]
    if isinstance(y, str):
        raise TypeError(f"{name}: expected a number as target, got {y!r:.60}")
    k = class_of(y)
    return outputs[0], cast("float", y) if k is None else k


def _class(name: str, k: int, classes: int) -> int:
    if not 0 <= k < classes:
        raise ValueError(f"{name}: expected a class from 0 to {classes - 1}, got {k}")
    return k


def _vector(name: str, target: object, length: int) -> Sequence[float]:
    if isinstance(target, str):
        raise TypeError(
            f"{name}: expected a target of {length} numbers, or a class from 0 to {length - 1}, got {target!r:.60}: "
            "names.index(name) is the number of a class, where names is a list of them"
        )
    size = len(target) if hasattr(target, "__len__") else None
    if size != length:
        got = f"one of {size}" if size is not None else repr(target)
        raise ValueError(f"{name}: expected a target of {length} numbers, or a class, got {got}")
    return cast("Sequence[float]", target)
