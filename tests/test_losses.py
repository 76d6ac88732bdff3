"""The specification of nn.losses: value and gradient of each against 50 digits, its corners, and what it refuses."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from oracle import mp

import autograd as ag
from autograd import Value
from nn import MLP, Layer, Neuron, binary_cross_entropy, cross_entropy, hinge, mse, quadratic

LOSSES: dict[str, Callable[[Any, Any], Value]] = {
    "quadratic": quadratic,
    "mse": mse,
    "hinge": hinge,
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
}


# --- The oracle: each loss by its definition, and its gradient by the outputs ---------------------------


def sigmoid(z: Any) -> Any:
    """1 / (1 + exp(-z))."""
    return 1 / (1 + mp.exp(-z))


def softmax(z: list[Any]) -> list[Any]:
    """exp(z_i) / sum exp(z_k)."""
    return [mp.exp(k) / mp.fsum(map(mp.exp, z)) for k in z]


# Functions of the outputs a and the targets y, two lists of mpmath's numbers of one length.
EXACT: dict[str, Callable[[list[Any], list[Any]], Any]] = {
    "quadratic": lambda a, y: mp.fsum((p - q) ** 2 for p, q in zip(a, y, strict=True)) / 2,
    "mse": lambda a, y: mp.fsum((p - q) ** 2 for p, q in zip(a, y, strict=True)) / len(a),
    "hinge": lambda a, y: max(0, 1 - y[0] * a[0]),
    "binary_cross_entropy": lambda a, y: (
        -y[0] * mp.log(sigmoid(a[0])) - (1 - y[0]) * mp.log(sigmoid(-a[0]))  # 1 - p = sigmoid(-z)
    ),
    "cross_entropy": lambda a, y: -mp.fsum(q * mp.log(p) for p, q in zip(softmax(a), y, strict=True)),
}
EXACT_GRADIENT: dict[str, Callable[[list[Any], list[Any]], list[Any]]] = {
    "quadratic": lambda a, y: [p - q for p, q in zip(a, y, strict=True)],
    "mse": lambda a, y: [2 * (p - q) / len(a) for p, q in zip(a, y, strict=True)],
    "hinge": lambda a, y: [-y[0] if y[0] * a[0] < 1 else 0],
    "binary_cross_entropy": lambda a, y: [sigmoid(a[0]) - y[0]],
    "cross_entropy": lambda a, y: [p * mp.fsum(y) - q for p, q in zip(softmax(a), y, strict=True)],
}


def check(name: str, output: list[float], target: Any, one_hot: list[float] | None = None) -> None:
    """Compare value and gradient with the oracle's; ``one_hot`` is what the target stands for, if it is a class."""
    values = [Value(a) for a in output]
    loss = LOSSES[name](values[0] if len(values) == 1 else values, target)
    loss.backward()
    y = one_hot or (target if isinstance(target, list) else [target])
    exact_output, exact_target = [mp.mpf(a) for a in output], [mp.mpf(b) for b in y]
    scale = 1 + max(map(abs, output))  # differences such as logsumexp(z) - z_k are rounded as their terms are
    assert loss.data == pytest.approx(float(EXACT[name](exact_output, exact_target)), rel=1e-14, abs=1e-15 * scale)
    expected = [float(g) for g in EXACT_GRADIENT[name](exact_output, exact_target)]
    assert [a.grad for a in values] == pytest.approx(expected, rel=1e-14, abs=1e-15)


def outputs(k: int) -> list[list[float]]:
    """Twenty random outputs of k numbers, small and large."""
    rng = random.Random(k)
    return [[rng.uniform(-1, 1) * rng.choice((0.1, 3.0, 20.0)) for _ in range(k)] for _ in range(20)]


# --- Values and gradients -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["quadratic", "mse"])
@pytest.mark.parametrize("k", [1, 2, 3, 10])
def test_squared_errors(name: str, k: int) -> None:
    """quadratic is 1/2 ||a - y||^2 with gradient a - y; mse is the mean square with gradient 2 (a - y) / k."""
    rng = random.Random(0)
    for output in outputs(k):
        check(name, output, [rng.uniform(-3, 3) for _ in range(k)])


@pytest.mark.parametrize("name", ["quadratic", "mse"])
def test_squared_errors_of_one_number(name: str) -> None:
    """A single output takes a single number as target, whole or not: it is no class."""
    for output in outputs(1):
        for target in (-2, 0, 1, 5, 0.25):
            check(name, output, target)


@pytest.mark.parametrize("target", [-1, 1, -1.0, 1.0])
def test_hinge(target: float) -> None:
    """max(0, 1 - y a): the gradient is -y while the margin y a is below 1, else 0."""
    for output in outputs(1):
        check("hinge", output, target)


def test_hinge_at_the_margin() -> None:
    """At y a = 1 the loss is 0 and so is its gradient, as for every relu at 0."""
    for target in (-1.0, 1.0):
        a = Value(target)
        loss = hinge(a, target)
        loss.backward()
        assert (loss.data, a.grad) == (0.0, 0.0)


@pytest.mark.parametrize("target", [0, 1, 0.0, 1.0, 0.25, True])
def test_binary_cross_entropy(target: float) -> None:
    """-y log p - (1 - y) log(1 - p), with gradient p - y by the logit."""
    for output in outputs(1):
        check("binary_cross_entropy", output, target)


@pytest.mark.parametrize("k", [2, 3, 10])
def test_cross_entropy_of_a_distribution(k: int) -> None:
    """-sum y_i log p_i, with gradient p - y by the logits."""
    rng = random.Random(0)
    for output in outputs(k):
        shares = [rng.random() for _ in range(k)]
        check("cross_entropy", output, [share / sum(shares) for share in shares])


def test_cross_entropy_is_drawn_as_its_formula_is_written() -> None:
    """logsumexp(z) sum y - y . z: the distribution is the first vector of the product, the logits are the second."""
    z = [Value(0.5, "z1"), Value(-1.0, "z2")]
    whole, product = cross_entropy(z, [0.25, 0.75]).parents
    assert [x.data for x in product.parents[:2]] == [0.25, 0.75]
    assert [x.label for x in product.parents[2:]] == ["z1", "z2"]
    assert [x.data for x in whole.parents] == [ag.logsumexp([0.5, -1.0]), 1.0]


def test_cross_entropy_of_counts() -> None:
    """The target need not add up to 1: n observations of the classes cost n times as much as their shares."""
    for output in outputs(3):
        check("cross_entropy", output, [3, 0, 2])


@pytest.mark.parametrize("name", ["quadratic", "mse", "cross_entropy"])
@pytest.mark.parametrize("kind", [int, np.int64, np.uint8])
def test_a_class_is_its_one_hot_vector(name: str, kind: Callable[[int], Any]) -> None:
    """With several outputs the target k, any whole number, stands for the vector with a 1 at k."""
    for output in outputs(4):
        for k in range(4):
            check(name, output, kind(k), one_hot=[float(i == k) for i in range(4)])


@pytest.mark.parametrize("name", ["quadratic", "mse"])
def test_a_class_makes_no_needless_nodes(name: str) -> None:
    """Only the output at k has something to subtract: the others stand in the sum of squares as they are."""
    zs = [Value(0.5) for _ in range(10)]
    loss = LOSSES[name](zs, 3)
    square = next(p for p in loss.parents if p.rule.symbol == "dot")
    assert sum(any(p is z for z in zs) for p in square.parents) == 2 * 9


@pytest.mark.parametrize("name", LOSSES)
def test_vectors_may_be_arrays(name: str) -> None:
    """A target may be a list, a tuple or an array, of one element where there is one output."""
    several = name in ("quadratic", "mse", "cross_entropy")
    output, target = ([0.5, -0.25], [0.0, 1.0]) if several else ([0.5], [1.0])
    expected = LOSSES[name]([Value(a) for a in output], target).data
    for same in (tuple(target), np.array(target)):
        assert LOSSES[name]([Value(a) for a in output], same).data == expected


@pytest.mark.parametrize("name", ["quadratic", "mse", "hinge", "binary_cross_entropy"])
def test_a_list_of_one_output_is_one_output(name: str) -> None:
    """[a] is treated as a, and its whole-numbered target as a number."""
    assert LOSSES[name]([Value(0.5)], 1).data == LOSSES[name](Value(0.5), 1).data


@pytest.mark.parametrize("name", LOSSES)
def test_a_perfect_answer_costs_nothing(name: str) -> None:
    """Where the output says the target without doubt, the loss is 0."""
    output, target = {
        "quadratic": ([0.0, 1.0], 1),
        "mse": ([0.25, 1.0], [0.25, 1.0]),
        "hinge": ([-1.5], -1),
        "binary_cross_entropy": ([1000.0], 1),
        "cross_entropy": ([1000.0, -1000.0], 0),
    }[name]
    assert LOSSES[name]([Value(a) for a in output], target).data == 0.0


# --- Extreme logits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [-1000.0, -745.0, -40.0, 40.0, 745.0, 1000.0])
@pytest.mark.parametrize("target", [0, 1, 0.5])
def test_binary_cross_entropy_of_extreme_logits(z: float, target: float) -> None:
    """Logits of any size give the exact loss and gradient, without overflow, log(0) or cancellation."""
    value = Value(z)
    loss = binary_cross_entropy(value, target)
    loss.backward()
    exact_z, exact_y = mp.mpf(z), mp.mpf(target)
    log_p, log_q = -mp.log1p(mp.exp(-exact_z)), -mp.log1p(mp.exp(exact_z))
    assert loss.data == pytest.approx(float(-exact_y * log_p - (1 - exact_y) * log_q), rel=1e-14, abs=0.0)
    slope = (1 - exact_y) * sigmoid(exact_z) - exact_y * sigmoid(-exact_z)
    assert value.grad == pytest.approx(float(slope), rel=1e-14, abs=0.0)


@pytest.mark.parametrize(
    ("logits", "target", "loss", "gradient"),
    [
        ([1000.0, -1000.0], 0, 0.0, [0.0, 0.0]),
        ([1000.0, -1000.0], 1, 2000.0, [1.0, -1.0]),
        ([-1000.0, 1000.0], 0, 2000.0, [-1.0, 1.0]),
        ([1000.0, 1000.0], 0, math.log(2), [-0.5, 0.5]),
        ([-1000.0, -1000.0, -1000.0, -1000.0], 2, math.log(4), [0.25, 0.25, -0.75, 0.25]),
        ([1000.0, -1000.0], [0.5, 0.5], 1000.0, [0.5, -0.5]),
    ],
)
def test_cross_entropy_of_extreme_logits(
    logits: list[float], target: int | list[float], loss: float, gradient: list[float]
) -> None:
    """Logits of +-1000 give a finite loss, the exact one, and a finite gradient."""
    values = [Value(z) for z in logits]
    got = cross_entropy(values, target)
    got.backward()
    assert got.data == pytest.approx(loss, rel=1e-12, abs=1e-12)
    assert [z.grad for z in values] == pytest.approx(gradient, rel=1e-12, abs=1e-12)


# --- What is refused ------------------------------------------------------------------------------------

one, two, three = Value(0.5), [Value(0.5), Value(1.5)], [Value(0.5), Value(1.5), Value(2.5)]


@pytest.mark.parametrize(
    ("name", "output", "target", "complaint"),
    [
        *[
            (name, output, target, complaint)
            for name in ("quadratic", "mse", "cross_entropy")
            for output, target, complaint in [
                (three, 3, "expected a class from 0 to 2, got 3"),
                (three, -1, "expected a class from 0 to 2, got -1"),
                (three, np.int64(7), "expected a class from 0 to 2, got 7"),
                (three, 1.0, "expected a target of 3 numbers, or a class, got 1.0"),
                (three, None, "expected a target of 3 numbers, or a class, got None"),
                (three, [1.0, 0.0], "expected a target of 3 numbers, or a class, got one of 2"),
                (three, [], "expected a target of 3 numbers, or a class, got one of 0"),
                (two, [1.0, 0.0, 0.0], "expected a target of 2 numbers, or a class, got one of 3"),
            ]
        ],
        *[
            (name, output, target, complaint)
            for name in ("quadratic", "mse", "hinge", "binary_cross_entropy")
            for output, target, complaint in [
                (one, [1.0, 1.0], "expected one output and one target, got 1 and 2"),
                (one, [], "expected one output and one target, got 1 and 0"),
            ]
        ],
        *[
            (name, two, 1, "expected one output and one target, got 2 and 1")
            for name in ("hinge", "binary_cross_entropy")
        ],
        *[
            ("hinge", one, target, f"expected a target of -1 or +1, got {target!r}")
            for target in (0, 2, 0.5, math.nan, math.inf, None)
        ],
        *[
            ("binary_cross_entropy", one, target, f"expected a target between 0 and 1, got {target!r}")
            for target in (-1, 2, 1.0000001, math.nan, math.inf)
        ],
        *[
            ("cross_entropy", output, 0, "expected at least two logits, got one (see binary_cross_entropy)")
            for output in (one, [one])
        ],
    ],
)
def test_what_does_not_fit(name: str, output: Any, target: Any, complaint: str) -> None:
    """A target that does not fit the output or the loss is refused by the name of the loss."""
    with pytest.raises(ValueError, match=f"^{re.escape(f'{name}: {complaint}')}$"):
        LOSSES[name](output, target)


@pytest.mark.parametrize("name", ["quadratic", "mse", "binary_cross_entropy"])
@pytest.mark.parametrize("target", [None, 1j])
def test_a_target_is_a_number(name: str, target: Any) -> None:
    """What is no real number at all is a TypeError, as everywhere."""
    with pytest.raises(TypeError, match=type(target).__name__):
        LOSSES[name](one, target)


# --- Probabilities in the place of logits -----------------------------------------------------------------


def own_sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), as somebody may write it for an operation of his own."""
    return 1.0 / (1.0 + math.exp(-x))


own_sigmoid.__name__ = "sigmoid"

sigmoid_of_ones_own = ag.primitive(lambda out, x: (out * (1.0 - out),))(own_sigmoid)


PROBABILITIES: dict[str, Callable[[Any], Any]] = {
    "function": ag.sigmoid,
    "method": lambda z: z.sigmoid(),
    "list": lambda z: [ag.sigmoid(z)],
    "clipped": lambda z: ag.clip(ag.sigmoid(z), 1e-7, 1 - 1e-7),
    "clipped by a method": lambda z: z.sigmoid().clip(0.0, 1.0),
    "stopped": lambda z: ag.stop_gradient(ag.sigmoid(z)),
    "chosen": lambda z: ag.where(z > -1e9, ag.sigmoid(z), 0.0),
    "neuron": lambda z: Neuron(1, activation="sigmoid")([z]),
    "layer": lambda z: Layer(1, 1, activation=ag.sigmoid)([z]),
    "network": lambda z: MLP(1, [3, 1], output="sigmoid")([z]),
    "of one's own": sigmoid_of_ones_own,
    "jitted": ag.jit(ag.sigmoid),
    "jitted network": ag.jit(MLP(1, [3, 1], output="sigmoid")),
}


@pytest.mark.parametrize("way", PROBABILITIES)
@pytest.mark.parametrize("target", [0, 1, 0.3, True, np.bool_(False), [1.0]])
def test_a_probability_is_no_logit(way: str, target: Any) -> None:
    """binary_cross_entropy contains the sigmoid, and refuses the output of one, by hand and recorded by jit."""
    output = PROBABILITIES[way]
    complaint = "^binary_cross_entropy: expected a logit, got the output of a sigmoid, which this loss contains: leave"
    with pytest.raises(ValueError, match=complaint):
        binary_cross_entropy(output([Value(0.5)] if way == "jitted network" else Value(0.5)), target)
    if way == "jitted network":
        return
    transforms: list[Any] = [ag.jit, ag.grad, lambda f: ag.jit(ag.grad(f)), lambda f: ag.grad(ag.jit(f))]
    for transform in transforms:
        with pytest.raises(ValueError, match=complaint):
            transform(lambda z: binary_cross_entropy(output(z), target))(0.5)


def test_what_is_a_logit() -> None:
    """What is computed from a probability further, the logarithm of one, and a plain number are taken as they are."""
    z = Value(0.5)
    p = ag.sigmoid(z)
    logit = binary_cross_entropy(ag.log(p / (1.0 - p)), 1)
    assert logit.data == pytest.approx(binary_cross_entropy(z, 1).data, rel=1e-14)
    for other in (p * 2.0, ag.log_sigmoid(z), ag.tanh(z), 1.0 - p, Value(p.data), p + p):
        assert binary_cross_entropy(other, 1).data == pytest.approx(math.log1p(math.exp(-other.data)))
    plain: list[Any] = [0.5, [0.5], np.float64(0.5)]
    for number in plain:
        assert binary_cross_entropy(number, 1) == pytest.approx(math.log1p(math.exp(-0.5)))


def test_the_probabilities_of_a_softmax_are_no_logits() -> None:
    """cross_entropy contains the softmax, and refuses the outputs of one; logarithms of them are logits."""
    z = [Value(1.0), Value(-0.5), Value(2.0)]
    targets: list[Any] = [1, [0.2, 0.3, 0.5]]

    def recorded(x: list[Value], target: Any) -> Value:
        return cross_entropy(ag.softmax(x), target)

    for target in targets:
        with pytest.raises(
            ValueError, match="^cross_entropy: expected logits, got the outputs of a softmax, which this"
        ):
            cross_entropy(ag.softmax(z), target)
        with pytest.raises(ValueError, match="^cross_entropy: expected logits, got the outputs of a softmax"):
            ag.jit(recorded)([1.0, 2.0, 3.0], target)
    assert cross_entropy(ag.log_softmax(z), 1).data == pytest.approx(cross_entropy(z, 1).data)
    others: list[list[Value]] = [[ag.exp(x) for x in z], [ag.exp(x - y) for x, y in zip(z, z[::-1], strict=True)]]
    for other in others:
        whole = math.log(sum(math.exp(x.data) for x in other))
        assert cross_entropy(other, 1).data == pytest.approx(whole - other[1].data)


@pytest.mark.parametrize(
    ("name", "output"),
    [(name, one) for name in ("quadratic", "mse", "hinge", "binary_cross_entropy")]
    + [(name, three) for name in ("quadratic", "mse", "cross_entropy")],
)
@pytest.mark.parametrize("target", ["setosa", "1", "yes", np.str_("a")])
def test_the_name_of_a_class_is_no_target(name: str, output: Any, target: str) -> None:
    """Text is a TypeError that says so, of whatever length."""
    with pytest.raises(TypeError, match=f"^{name}: expected a .*, got .*{target}"):
        LOSSES[name](output, target)


@pytest.mark.parametrize("truth", [True, False, np.True_, np.False_])
def test_truth_values_are_classes(truth: Any) -> None:
    """False and True are the classes 0 and 1, Python's and NumPy's."""
    for name in ("quadratic", "mse", "cross_entropy"):
        assert LOSSES[name](three, truth).data == LOSSES[name](three, int(truth)).data
    assert binary_cross_entropy(one, truth).data == binary_cross_entropy(one, int(truth)).data


class Once(list[float]):
    """A target that gives its numbers once, as an iterator does, and has a length all the same."""

    def __init__(self, *numbers: float) -> None:
        super().__init__(numbers)
        self.left = [*numbers]

    def __iter__(self) -> Iterator[float]:
        while self.left:
            yield self.left.pop(0)


@pytest.mark.parametrize("name", ["quadratic", "mse"])
def test_a_target_is_whole_in_every_epoch(name: str) -> None:
    """One that has given its numbers away in the first is a ValueError in the second, and no loss of 0."""
    target = Once(1.0, 2.0, 3.0)
    assert LOSSES[name](three, target).data == LOSSES[name](three, [1.0, 2.0, 3.0]).data
    with pytest.raises(ValueError, match="zip"):
        LOSSES[name](three, target)
