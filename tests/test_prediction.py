"""The specification of Module.predict: whole arrays in, the numbers of the model out, and nothing left behind."""

from __future__ import annotations

import copy
import math
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value
from nn import MLP, Layer, Module, Neuron

RNG = random.Random(0)
POINTS = [[RNG.gauss(0, 1), RNG.gauss(0, 1)] for _ in range(9)]


def one_by_one(model: Module, X: Any = POINTS) -> Any:
    """What the model gives for each example."""
    outputs = [model(x) for x in X]
    return np.array([a.data if isinstance(a, Value) else [each.data for each in a] for a in outputs])


def network(*nouts: int, activation: str = "tanh") -> MLP:
    """A small network, the same each time."""
    return MLP(2, list(nouts), activation=activation, rng=random.Random(1))


@pytest.mark.parametrize("kind", [list, np.array, lambda rows: tuple(map(tuple, rows))])
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: network(4, 3), (9, 3)),
        (lambda: network(4, 1), (9,)),
        (lambda: network(3, activation="relu"), (9, 3)),
        (lambda: Layer(2, 5), (9, 5)),
        (lambda: Neuron(2), (9,)),
    ],
)
def test_it_is_the_model_for_each_example(
    make: Callable[[], Module], shape: tuple[int, ...], kind: Callable[[Any], Any]
) -> None:
    """Row i is the output for example i, to 1e-12: n x k numbers for k outputs, n for a single one."""
    model = make()
    for _ in range(2):
        found = model.predict(kind(POINTS))
        assert found.shape == shape
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, one_by_one(model), rtol=1e-12, atol=1e-15)


def test_parameters_are_read_anew() -> None:
    """Training, and loading, change what is predicted."""
    model = network(4, 1)
    model.predict(POINTS)
    signs = [1 if x > 0 else -1 for x, _ in POINTS]
    nn.fit(model, POINTS, signs, loss=nn.hinge, optimizer=nn.SGD(lr=0.1), progress=False)
    np.testing.assert_allclose(model.predict(POINTS), one_by_one(model), rtol=1e-12)


def test_gradients_are_left_alone() -> None:
    """Predicting is not training."""
    model = network(4, 1)
    for p in model.parameters():
        p.grad = 0.5
    model.predict(POINTS)
    assert {p.grad for p in model.parameters()} == {0.5}


class Scaled(Module):
    """A model with a flag, a list, and a number beside its parameters."""

    def __init__(self) -> None:
        self.w = Value(2.0)
        self.doubled = False
        self.factors = [3.0]
        self.shift = 1.0

    def __call__(self, x: Any) -> Any:
        """One of two lines."""
        z = self.w * x * self.factors[0] + self.shift
        return 2.0 * z if self.doubled else z


@pytest.mark.parametrize(
    "change",
    [
        lambda m: setattr(m, "w", Value(7.0)),
        lambda m: setattr(m, "doubled", True),
        lambda m: setattr(m, "shift", -1.0),
        lambda m: m.factors.insert(0, 5.0),
        lambda m: setattr(m, "factors", [4.0]),
    ],
    ids=["parameter", "flag", "number", "list", "new list"],
)
def test_a_model_that_was_changed_is_recorded_anew(change: Callable[[Scaled], None]) -> None:
    """What a model consists of may change between two predictions."""
    model, X = Scaled(), [0.5, -1.0, 2.0]
    assert model.predict(X).tolist() == [4.0, -5.0, 13.0]
    change(model)
    assert model.predict(X).tolist() == one_by_one(model, X).tolist() != [4.0, -5.0, 13.0]


def test_a_network_that_was_changed_is_recorded_anew() -> None:
    """A layer more, a weight that is another Value, and it in two places."""
    model = network(2, 2)
    first = model.predict(POINTS)
    model.layers.append(Layer(2, 2, activation="sigmoid", rng=random.Random(3)))
    second = model.predict(POINTS)
    model.layers[0].neurons[0].w[1] = model.layers[1].neurons[1].w[0] = Value(0.25)
    third = model.predict(POINTS)
    assert not np.allclose(first, second)
    assert not np.allclose(second, third)
    np.testing.assert_allclose(third, one_by_one(model), rtol=1e-12)


def test_the_program_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the model stays what it is, it is not recorded again, and called for one example each time."""
    model, plain = network(4, 3), MLP.__call__
    calls: list[Any] = []

    def called(self: MLP, x: Any) -> Any:
        calls.append(x)
        return plain(self, x)

    monkeypatch.setattr(MLP, "__call__", called)
    for _ in range(20):
        model.predict(POINTS)
    assert len(calls) <= 20 + 16


def test_it_leaves_no_trace(tmp_path: Path) -> None:
    """Names, parameters, files, copies and pickles of a model are those of one that never predicted."""
    model, twin = network(4, 3), network(4, 3)
    expected = model.predict(POINTS)
    assert [name for name, _ in model.named_parameters()] == [name for name, _ in twin.named_parameters()]
    assert repr(model) == repr(twin)
    nn.save(model, tmp_path / "model.json")
    nn.save(twin, tmp_path / "twin.json")
    assert (tmp_path / "model.json").read_bytes() == (tmp_path / "twin.json").read_bytes()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), copy.copy(model)):
        assert np.array_equal(other.predict(POINTS), expected)
        assert vars(other).keys() == vars(model).keys()
    copied = copy.deepcopy(model)
    copied.layers[0].neurons[0].w[0].data += 1.0
    assert not np.array_equal(copied.predict(POINTS), expected)
    assert np.array_equal(model.predict(POINTS), expected)


def test_a_model_that_refers_to_itself() -> None:
    """A module that knows where it belongs is no endless walk."""
    model = network(2, 1)
    model.layers[0].parent = model  # type: ignore[attr-defined]
    assert model.predict(POINTS).shape == (9,)


def test_branches_and_corners() -> None:
    """Examples may take several ways; outside a domain it raises what the model raises, and inf comes as inf."""

    class Root(Module):
        def __call__(self, x: Any) -> Any:
            return ag.sqrt(x) if x < 4.0 else x * x

    assert Root().predict([1.0, 5.0, 0.25, 1e200]).tolist() == [1.0, 25.0, 0.5, math.inf]
    with pytest.raises(ValueError, match=r"sqrt: x = -1.0 is outside the domain"):
        Root().predict([1.0, -1.0])


@pytest.mark.parametrize(
    ("X", "complaint"),
    [
        ([], "some examples"),
        ([[1.0, 2.0], [1.0]], "examples of one arrangement"),
        ([[1.0], [2.0]], "Neuron: expected 2 inputs, got 1"),
    ],
)
def test_what_cannot_be_predicted(X: Any, complaint: str) -> None:
    """No examples, unlike examples, and too few inputs."""
    with pytest.raises(ValueError, match=complaint):
        network(2, 1).predict(X)


@pytest.mark.parametrize(
    ("X", "complaint"),
    [
        ([0.1, 0.2], r"predict: expected a list of examples; for one, predict\(\[x\]\); got \[0.1, 0.2\]"),
        (np.array([0.1, 0.2]), r"predict: expected a list of examples; for one, predict\(\[x\]\); got array"),
        (None, "expected a list or an array of examples as argument 0 of .*, got NoneType"),
        (3.0, "expected a list or an array of examples as argument 0 of .*, got float"),
        (iter(POINTS), "expected a list or an array of examples as argument 0 of .*, got list_iterator"),
        ([["a", "b"]], "expected numbers"),
    ],
    ids=["list", "array", "None", "number", "iterator", "words"],
)
def test_what_is_no_list_of_examples(X: Any, complaint: str) -> None:
    """One example, or what holds none, is a TypeError in words."""
    with pytest.raises(TypeError, match=complaint):
        network(2, 1).predict(X)
