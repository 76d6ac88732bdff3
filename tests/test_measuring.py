"""The specification of nn.measuring and nn.examples: accuracy, its threshold, classes; which example is at fault."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, clip, sigmoid, stop_gradient, where
from nn import MLP, SGD, Adam, History, Module, accuracy, fit, hinge, mean_loss, mse

POINTS = [[0.1 * k, math.sin(k)] for k in range(10)]
SIGNS = [2 * (k % 2) - 1 for k in range(10)]


class Line(Module):
    """w x + b, the smallest model."""

    def __init__(self, w: float = 0.0, b: float = 0.0) -> None:
        self.w, self.b = Value(w), Value(b)

    def __call__(self, x: Any) -> Value:
        """The line at x."""
        line: Value = self.w * x + self.b
        return line


def data(model: Module) -> list[float]:
    """The numbers of the parameters."""
    return [p.data for p in model.parameters()]


def network(*nouts: int) -> MLP:
    """A small network, always the same."""
    return MLP(2, nouts or (4, 1), "tanh", rng=random.Random(0))


def quick(model: Module, X: Any = POINTS, Y: Any = SIGNS, **options: Any) -> History:
    """`fit` with a loss, an optimizer, a seed and no progress bar, where a test does not say otherwise."""
    defaults = {"loss": hinge, "optimizer": SGD(lr=0.1), "rng": random.Random(0), "progress": False}
    return fit(model, X, Y, **{**defaults, **options})


# --- The threshold of a single output -------------------------------------------------------------------


@pytest.mark.parametrize(
    "output",
    [
        sigmoid,
        lambda z: z.sigmoid(),
        lambda z: [sigmoid(z)],
        lambda z: clip(sigmoid(z), 1e-7, 1 - 1e-7),
        lambda z: stop_gradient(sigmoid(z)),
        lambda z: where(z > 100.0, 1.0, sigmoid(z)),
        lambda z: +sigmoid(z),
    ],
)
def test_a_probability_says_yes_above_one_half(output: Callable[[Value], Any]) -> None:
    """What a sigmoid gave is known as such, clipped or not, unless the caller says another threshold."""
    logits, labels = [-3.0, -0.1, 0.1, 3.0], [0, 0, 1, 1]
    assert accuracy(lambda z: output(Value(z)), logits, labels) == 1.0
    assert accuracy(lambda z: output(Value(z)), logits, labels, threshold=0.0) == 0.5
    assert accuracy(lambda z: output(Value(z)), logits, labels, threshold=0.9) == 0.75


@pytest.mark.parametrize("output", [lambda z: z, lambda z: z.tanh(), lambda z: sigmoid(z) - 0.5, lambda z: z.relu()])
def test_any_other_number_says_yes_above_zero(output: Callable[[Value], Any]) -> None:
    """What is no probability, or is computed from one further, is a number like any other."""
    assert accuracy(lambda z: output(Value(z)), [-3.0, -0.1, 0.1, 3.0], [0, -1, 1, 1]) == 1.0


def test_a_network_that_is_right_is_seen_to_be() -> None:
    """The newcomer's two-class network: with logits or a sigmoid at its end, its accuracy is what it is."""
    X, Y = nn.data.moons(60, noise=0.1, rng=random.Random(0))
    for output, loss in (("sigmoid", nn.quadratic), ("linear", nn.binary_cross_entropy)):
        model = MLP(2, [8, 1], "tanh", output, rng=random.Random(1))
        history = quick(model, X, Y, loss=loss, optimizer=Adam(lr=0.1), epochs=40, validation=(X, Y))
        middle = 0.5 if output == "sigmoid" else 0.0
        share = sum((a > middle) == bool(y) for a, y in zip(model.predict(X), Y, strict=True)) / 60
        assert share > 0.9
        assert accuracy(model, X, Y) == share == history.validation_accuracy[-1]


def test_a_jitted_network_is_known_as_well() -> None:
    """What a program of jit ends with tells whether its result is a probability."""
    X, Y = [[-1.0], [1.0], [0.1], [-0.1]], [0, 1, 1, 0]
    for output in ("sigmoid", "linear"):
        model = MLP(1, [1], output=output)
        model.layers[0].neurons[0].w[0].data = 1.0
        assert accuracy(model, X, Y) == accuracy(autograd.jit(model), X, Y) == 1.0


def test_validation_accuracy_takes_the_threshold() -> None:
    """A sigmoid says yes above 0.5 unless fit is told otherwise, with jit and without."""
    X, Y = [[-1.0], [1.0]] * 4, [0, 1] * 4
    model = MLP(1, [1], output="sigmoid", rng=random.Random(0))
    model.layers[0].neurons[0].w[0].data = 1.0
    options: Any = {"loss": nn.quadratic, "optimizer": SGD(lr=0.0), "validation": (X, Y)}
    for jit in (True, False):
        assert quick(model, X, Y, jit=jit, **options).validation_accuracy == [1.0]
        assert quick(model, X, Y, jit=jit, threshold=0.0, **options).validation_accuracy == [0.5]
        assert quick(model, X, Y, jit=jit, threshold=0.9, **options).validation_accuracy == [0.5]


def test_an_output_that_is_a_plain_number() -> None:
    """Nobody knows whether it is a probability: the threshold has to be said."""
    model: Any = lambda _: 0.7  # noqa: E731
    with pytest.raises(ValueError, match=r"got 0\.7: say threshold=0\.5 for probabilities, threshold=0 for logits"):
        accuracy(model, [1.0], [1])
    assert accuracy(model, [1.0], [1], threshold=0.5) == 1.0


# --- Targets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "target", "error", "complaint"),
    [
        (3, "setosa", TypeError, "a class from 0 to 2, or 3 numbers, as target, got 'setosa': names.index(name) is"),
        (3, "abc", TypeError, "a class from 0 to 2, or 3 numbers, as target, got 'abc': names.index(name) is"),
        (3, np.str_("a"), TypeError, "a class from 0 to 2, or 3 numbers, as target, got "),
        (3, 1.0, TypeError, "a class from 0 to 2, or 3 numbers, as target, got 1.0"),
        (3, None, TypeError, "a class from 0 to 2, or 3 numbers, as target, got None"),
        (3, 3, ValueError, "a class from 0 to 2, or 3 numbers, as target, got 3"),
        (3, -1, ValueError, "a class from 0 to 2, or 3 numbers, as target, got -1"),
        (3, [0.0, 1.0], ValueError, "a class from 0 to 2, or 3 numbers, as target, got 2"),
        (1, "yes", TypeError, "a number as target for one output, got 'yes': names.index(name) is"),
        (1, ["yes"], TypeError, "a number as target for one output, got ['yes']: names.index(name) is"),
        (1, None, TypeError, "a number as target for one output, got None"),
        (1, [1.0, 0.0], TypeError, "a number as target for one output, got [1.0, 0.0]"),
    ],
)
def test_a_target_that_accuracy_cannot_take(outputs: int, target: Any, error: type[Exception], complaint: str) -> None:
    """It is never wrong in silence: what is no class is an error that says what is, and in which example it stands."""
    with pytest.raises(error, match=rf"^accuracy: expected {re.escape(complaint)}.* \(example 1\)$"):
        accuracy(MLP(1, [outputs]), [[0.5], [0.5]], [0, target])


NUMPY = [np.bool_(True), np.bool_(False)]
TRUTHS: list[tuple[Any, int]] = [
    ([True, False, True, False], 2),
    ([False, False, False, False], 2),
    ([True, False, True, True], 3),
    (np.array([True, False, True, False]), 2),
    ([*NUMPY, *NUMPY], 3),
    ([True, 0, np.bool_(True), np.int64(0)], 2),
    ([2, True, np.bool_(False), 1], 3),
]


@pytest.mark.parametrize("loss", [nn.quadratic, mse, nn.cross_entropy])
@pytest.mark.parametrize(("Y", "outputs"), TRUTHS)
@pytest.mark.parametrize("jit", [True, False])
def test_classes_that_are_truth_values(loss: Any, Y: Any, outputs: int, jit: bool) -> None:
    """False and True, Python's and NumPy's, are the classes 0 and 1: for losses, training, validation and accuracy."""
    numbers, X = [int(y) for y in Y], POINTS[: len(Y)]
    runs: list[Any] = []
    for targets in (Y, numbers):
        model = network(outputs)
        history = quick(model, X, targets, loss=loss, epochs=2, batch_size=2, validation=(X, targets), jit=jit)
        shares = accuracy(model, X, targets), mean_loss(model, X, targets, loss=loss)
        runs.append((vars(history), data(model), shares))
    assert runs[0] == runs[1]
    assert len(runs[0][0]["validation_accuracy"]) == 2


@pytest.mark.parametrize("Y", [[True, False, False, True], np.array([True, False, False, True]), [*NUMPY, *NUMPY]])
@pytest.mark.parametrize("jit", [True, False])
def test_truth_values_for_a_single_output(Y: Any, jit: bool) -> None:
    """One output takes them as 0 and 1."""
    numbers, X = [int(y) for y in Y], POINTS[:4]
    for loss in (nn.binary_cross_entropy, mse):
        runs: list[Any] = []
        for targets in (Y, numbers):
            model = network(1)
            history = quick(model, X, targets, loss=loss, epochs=2, validation=(X, targets), jit=jit)
            runs.append((vars(history), data(model), accuracy(model, X, targets)))
        assert runs[0] == runs[1]
        assert len(runs[0][0]["validation_accuracy"]) == 2


# --- A loss that takes logits, in training --------------------------------------------------------------


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("Y", [[0, 1] * 5, [0.0, 1.0] * 5, [0.25, 0.75] * 5, [True, False] * 5])
def test_a_sigmoid_under_a_loss_that_contains_it(Y: list[Any], jit: bool) -> None:
    """`fit` refuses it before a parameter moves, whatever the targets, with jit and without; so does a measure."""
    model = MLP(2, [4, 1], "tanh", "sigmoid", rng=random.Random(0))
    before = data(model)
    complaint = "^binary_cross_entropy: expected a logit, got the output of a sigmoid"
    with pytest.raises(ValueError, match=complaint):
        quick(model, POINTS, Y, loss=nn.binary_cross_entropy, jit=jit)
    with pytest.raises(ValueError, match=complaint):
        mean_loss(model, POINTS, Y, loss=nn.binary_cross_entropy)
    assert data(model) == before


# --- Examples that a network cannot take ----------------------------------------------------------------


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("at", [0, 3, 9])
def test_a_row_that_is_too_short_is_named(at: int, jit: bool) -> None:
    """In ragged examples the first that has not as many numbers as the network has inputs, before a parameter moves."""
    X = [[*row] for row in POINTS]
    X[at].pop()
    model = network()
    before = data(model)
    for name, examples, validation in (("fit", X, None), ("validation", POINTS, (X, SIGNS))):
        with pytest.raises(ValueError, match=rf"^{name}: expected 2 inputs in each example, got 1 in example {at}, \["):
            quick(model, examples, SIGNS, jit=jit, validation=validation)
    assert data(model) == before
    with pytest.raises(ValueError, match=rf"^Neuron: expected 2 inputs, got 1 \(example {at}\)$"):
        accuracy(model, X, SIGNS)
    with pytest.raises(ValueError, match=rf"^Neuron: expected 2 inputs, got 1 \(example {at}\)$"):
        mean_loss(model, X, SIGNS, loss=hinge)
    with pytest.raises(ValueError, match=f"expected examples of one arrangement, but example {max(at, 1)} is unlike"):
        model.predict(X)


def test_sequences_may_differ_in_length() -> None:
    """A model of one's own may take examples of several lengths, also where it contains a network."""

    class Mean(Module):
        def __init__(self) -> None:
            self.neuron = nn.Neuron(1, rng=random.Random(0))

        def __call__(self, x: Any) -> Value:
            return self.neuron([sum(x) / len(x)])

    assert len(quick(Mean(), [[1.0], [1.0, 2.0], [0.5] * 3], [0.0, 1.0, 0.5], loss=mse).loss) == 1


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("kind", [list, np.array], ids=["list", "array"])
def test_examples_without_brackets(kind: Callable[[Any], Any], jit: bool) -> None:
    """One number an example, unbracketed, is refused in words that show the brackets."""
    X, Y = kind([1.0, 2.0, 3.0]), [0.5, 1.0, 1.5]
    model = MLP(1, [2, 1])
    for use in (
        lambda: quick(model, X, Y, loss=mse, jit=jit),
        lambda: accuracy(model, X, Y),
        lambda: mean_loss(model, X, Y, loss=mse),
    ):
        with pytest.raises(
            TypeError, match=r"got a single number, [\d.]+; a list of examples has brackets .*\[\[1\.0\]"
        ):
            use()


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize(
    ("X", "Y", "complaint"),
    [
        (
            [["1", "2"], ["3", "4"]],
            [0, 1],
            "X, got the text '1' in X[0]: float(text) is its number, and nn.data.csv reads",
        ),
        ([[1.0, "2"], [3.0, 4.0]], [0, 1], "X, got the text '2' in X[0]: float(text) is its number"),
        (np.array([["1", "2"]]), [0], "X, got the text "),
        (
            [[1.0, 2.0]],
            ["setosa"],
            "Y, got the text 'setosa' in Y[0]: names.index(name) is the number of a class, and nn",
        ),
        ([[1.0, 2.0]], np.array(["setosa"]), "Y, got the text "),
        ([[1.0, 2.0]], [["1", "0"]], "Y, got the text '1' in Y[0]: names.index(name)"),
    ],
)
def test_text_is_refused_with_the_way_out(X: Any, Y: Any, complaint: str, jit: bool) -> None:
    """A table that was read as text, and names of classes, are what a newcomer has: fit says how to go on."""
    model = network(2)
    for name, options in (("fit", {}), ("validation", {"validation": (X, Y)})):
        given = (X, Y) if name == "fit" else ([[1.0, 2.0]], [1])
        with pytest.raises(TypeError, match=f"^{name}: expected numbers in {re.escape(complaint)}"):
            quick(model, *given, loss=nn.cross_entropy, jit=jit, **options)


class Frame(list[Any]):
    """Like a table of pandas: item 0 is what is called 0, wherever that stands."""

    iloc = None

    def __getitem__(self, label: Any) -> Any:
        """The item that is called so."""
        raise KeyError(label)


@pytest.mark.parametrize("bad", [Frame(POINTS), {"a": 1.0}, {1.0}, "ab"], ids=lambda x: type(x).__name__)
def test_what_has_no_first_item(bad: Any) -> None:
    """A table that is counted by labels would pair examples with wrong targets: it is refused, with the way out."""
    for what, X, Y in (("X", bad, [1] * len(bad)), ("Y", POINTS[: len(bad)], bad)):
        way_out = rf"; {what}\.to_numpy\(\) is one" if isinstance(bad, Frame) else ""
        complaint = f"expected a list or an array as {what}, got {type(bad).__name__}{way_out}$"
        uses: dict[str, Callable[[Any, Any], object]] = {
            "fit": lambda X, Y: quick(network(), X, Y),
            "validation": lambda X, Y: quick(network(), validation=(X, Y)),
            "accuracy": lambda X, Y: accuracy(network(), X, Y),
            "mean_loss": lambda X, Y: mean_loss(network(), X, Y, loss=mse),
            "decision_boundary": lambda X, Y: nn.decision_boundary(network(), X, Y),
            "split": lambda X, Y: nn.data.split(X, Y),
        }
        for name, use in uses.items():
            with pytest.raises(TypeError, match=f"^{name}: {complaint}"):
                use(X, Y)


def test_a_model_of_ones_own_may_read_text() -> None:
    """Only networks of numbers need numbers; a loss of one's own may take names."""

    class Letters(Module):
        def __init__(self) -> None:
            self.weights = {letter: Value(0.1) for letter in "abc"}

        def __call__(self, x: str) -> Value:
            return autograd.sum([self.weights[letter] for letter in x])

    wanted = {"low": 0.0, "high": 1.0}
    history = quick(Letters(), ["ab", "c"], ["low", "high"], loss=lambda a, y: mse(a, wanted[y]), epochs=3, jit=False)
    assert history.loss[0] > history.loss[-1]


def test_an_error_names_its_example() -> None:
    """What a model or a loss raises says for which example; an error that knows, or has no text, stays as it is."""

    class Root(Line):
        def __call__(self, x: Any) -> Value:
            return super().__call__(x).sqrt()

    for jit in (True, False):
        with pytest.raises(ValueError, match=r"^sqrt: x = -2\.0 is outside the domain x >= 0 \(example 2\)$"):
            quick(Root(1.0), [1.0, 2.0, -2.0], [0.0] * 3, loss=mse, jit=jit, batch_size=3)

    def fail(*_: Any) -> Any:
        raise ValueError(3, "apples")

    with pytest.raises(ValueError) as error:  # noqa: PT011 - its arguments are compared below
        accuracy(fail, [1.0], [1])
    assert error.value.args == (3, "apples")


# --- A loss that becomes nan ----------------------------------------------------------------------------


@pytest.mark.parametrize("jit", [True, False])
def test_a_loss_that_becomes_nan_warns_once(jit: bool) -> None:
    """The warning names the epoch, and what to try; it points to the caller's line, and comes once a run."""
    model = Line(1.0, 1.0)

    def cost(output: Any, target: Any) -> Any:
        return (output - target) * (output - target)

    with pytest.warns(
        RuntimeWarning, match="^fit: the loss became nan in epoch .: try a smaller learning rate"
    ) as seen:
        history = fit(
            model, [1.0, 2.0], [0.0, 1.0], loss=cost, optimizer=SGD(lr=1e150), epochs=6, batch_size=2, progress=False,
            jit=jit,
        )  # fmt: skip
    first = next(i for i, loss in enumerate(history.loss, start=1) if math.isnan(loss))
    assert [f"in epoch {first}:" in str(warning.message) for warning in seen] == [True]
    assert 1 < first < 6
    assert seen[0].filename == __file__
    assert len(history.loss) == 6


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize(
    ("X", "Y", "place"),
    [
        ([[1.0, 2.0], [math.nan, 0.0]], [0.0, 1.0], "X[1]"),
        ([[math.inf, 2.0], [1.0, 0.0]], [0.0, 1.0], "X[0]"),
        (np.array([[1.0, 2.0], [1.0, math.nan]]), [0.0, 1.0], "X[1]"),
        ([[1.0, 2.0], [1.0, 0.0]], [0.0, math.nan], "Y[1]"),
    ],
)
def test_data_that_hold_nan_are_named(X: Any, Y: Any, place: str, jit: bool) -> None:
    """Where an example is to blame, it is named instead."""
    complaint = f"fit: the loss became nan in epoch 1, and {place} holds a number that is not finite"
    model = MLP(2, [1], rng=random.Random(0))
    with pytest.warns(RuntimeWarning, match=f"^{re.escape(complaint)}"):
        quick(model, X, Y, loss=lambda a, y: (a - y) * 0.0, epochs=3, jit=jit)


def test_a_loss_that_is_infinite_does_not_warn() -> None:
    """Overflow is no nan: the next steps may come back from it."""
    history = quick(Line(1e200), [1e200], [0.0], loss=lambda a, _: a, optimizer=SGD(lr=0.0))
    assert history.loss == [math.inf]


# --- A model without parameters -------------------------------------------------------------------------


@pytest.mark.parametrize("jit", [True, False])
def test_a_model_without_parameters_cannot_be_trained(jit: bool) -> None:
    """Values in a set are not found, and constants are none: the error says where they are looked for."""

    class Hidden(Module):
        def __init__(self, kept: Any) -> None:
            self.kept = kept

        def __call__(self, x: Any) -> Value:
            one: Value = Value(1.0) * x[0]
            return one

    for kept in (None, {Value(1.0)}, np.array([1.0]), [1.0, 2.0]):
        with pytest.raises(
            ValueError, match="^fit: expected a model with parameters, got Hidden with none: keep Values"
        ):
            quick(Hidden(kept), jit=jit)


@pytest.mark.parametrize("model", [lambda x: x, None, MLP, 3])
def test_what_is_no_model(model: Any) -> None:
    """A function, or a class, has no parameters of its own."""
    with pytest.raises(TypeError, match=r"^fit: expected a model, such as MLP\(2, \[3, 1\]\), got "):
        quick(model)
