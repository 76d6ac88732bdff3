"""The specification of batches: means and results over examples, their gradients, and the array form of both."""

from __future__ import annotations

import math
import random
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from spelling import spelled

import autograd as ag
import nn
from autograd import Value, gradients, jit

RNG = random.Random(0)
POINTS = [[RNG.gauss(0, 1), RNG.gauss(0, 1)] for _ in range(17)]
NUMBERS = [RNG.gauss(0, 1) for _ in range(17)]


class Bend:
    """A function with two parameters, two ways through it, and a number that not all examples use."""

    def __init__(self) -> None:
        self.a, self.b, self.unused = Value(0.5), Value(-0.3), Value(7.0)
        self.variables = [self.unused, self.b, self.a]

    def __call__(self, x: Any, y: Any) -> Any:
        """A line, or a curve."""
        z = self.a * x[0] + x[1]
        return (z - y) ** 2 if z > 0 else ag.tanh(self.b * z - y)


def eager(function: Any, index: Any = None) -> Any:
    """The mean of the function's own results."""
    return ag.mean([function(POINTS[i], NUMBERS[i]) for i in (range(17) if index is None else index)])


# --- Means by what the examples are made of ---------------------------------------------------------------


def test_a_mean_by_the_examples() -> None:
    """Values in the examples are variables like the parameters: one node, which knows the derivatives by all."""
    w = Value(3.0)
    xs = [Value(float(k)) for k in range(4)]
    got = jit(lambda x: w * x * x).mean(xs)
    assert got.data == pytest.approx(3.0 * 14.0 / 4)
    assert got.parents == (w, *xs)
    assert gradients(got, [w, *xs]) == pytest.approx([14.0 / 4, *[6.0 * k / 4 for k in range(4)]])


def test_a_mean_by_some_of_the_examples() -> None:
    """Structures that hold Values here and there, one Value twice; several arguments; several ways."""
    shared = Value(0.4)
    X: list[Any] = [[x, [y]] for x, y in POINTS]
    X[2][0] = X[5][1][0] = X[5][0] = shared
    Y: list[Any] = [{"t": y} for y in NUMBERS]
    Y[3]["t"] = own = Value(0.1)
    bend = Bend()

    def function(x: Any, y: Any) -> Any:
        return bend([x[0], x[1][0]], y["t"])

    expected = ag.mean([function(x, y) for x, y in zip(X, Y, strict=True)])
    fast = jit(function)
    for _ in range(2):
        got = fast.mean(X, Y)
        assert got.data == pytest.approx(expected.data, rel=1e-13)
        wanted = [shared, own, bend.a, bend.b]
        assert gradients(got, wanted) == pytest.approx(gradients(expected, wanted), rel=1e-12)
    shared.data = -2.0
    assert fast.mean(X, Y).data == pytest.approx(ag.mean([*map(function, X, Y)]).data, rel=1e-13)


def test_arrays_of_values() -> None:
    """An array of Values is as good as a list."""
    X = np.array([[Value(1.0), 2.0], [3.0, Value(4.0)]], dtype=object)
    got = jit(lambda x: x[0] * x[1]).mean(X)
    assert gradients(got, [X[0, 0], X[1, 1]]) == [1.0, 1.5]


def test_derivatives_of_a_mean() -> None:
    """The mean over a batch can be differentiated again, by parameters and by what the examples hold."""
    w, x = Value(0.7), Value(1.2)
    fast = jit(lambda u, v: ag.sin(w * u) * v)
    X, Y = [x, 2.0, x], [1.0, x, 3.0]
    found, expected = (
        [gradients(g, [w, x]) for g in gradients(mean, [w, x], create_graph=True)]
        for mean in (fast.mean(X, Y), ag.mean([*map(fast.function, X, Y)]))
    )
    for row, known in zip(found, expected, strict=True):
        assert row == pytest.approx(known, rel=1e-12)


def test_a_mean_inside_a_recording() -> None:
    """A mean over a batch inside a jitted function is part of its program."""
    inner = jit(lambda x: x * x)
    outer = jit(lambda x: inner.mean([x, 2.0 * x, 3.0]))
    assert outer(1.0) == pytest.approx(14.0 / 3)
    assert ag.grad(outer)(2.0) == pytest.approx(20.0 / 3)


# --- Prepared once ----------------------------------------------------------------------------------------


def test_a_batch_that_is_prepared_once() -> None:
    """It answers ``mean()`` for any of its examples and ``map()``, with the parameters as they are then."""
    bend = Bend()
    batch = jit(bend).batch(POINTS, NUMBERS)
    for index in (None, np.array([3]), np.array([5, 2, 16, 0]), np.arange(17)):
        got, expected = batch.mean(index), eager(bend, index)
        assert got.data == pytest.approx(expected.data, rel=1e-13)
        assert gradients(got, bend.variables) == pytest.approx(gradients(expected, bend.variables), rel=1e-12)
        bend.a.data -= 0.2
    assert batch.map().tolist() == pytest.approx([bend(x, y).data for x, y in zip(POINTS, NUMBERS, strict=True)])


@pytest.mark.parametrize("kind", [np.array, list, tuple], ids=["array", "list", "tuple"])
def test_a_batch_keeps_its_numbers(kind: Any) -> None:
    """What is done to the examples afterwards has no effect: on programs, on guards, or where the function runs."""
    rows: Any = np.array([[1.0], [-2.0], [3.0]]) if kind is np.array else kind([[1.0], [-2.0], [3.0]])
    w = Value(2.0)
    batch = jit(lambda x: w * x[0] if x[0] > 0 else ag.sqrt(x[0] + 2.0) - x[0]).batch(rows)
    expected = (2.0 + 2.0 + 6.0) / 3
    assert batch.mean().data == pytest.approx(expected)
    rows[0][0] = -5.0
    assert batch.mean().data == pytest.approx(expected)
    assert batch.eager_mean(None).data == pytest.approx(expected)
    assert batch.objective([w]).gradient()[0] == pytest.approx(expected)


def test_a_batch_keeps_what_is_nested() -> None:
    """Dicts, named tuples and arrays in lists are its own too; Values in them remain the ones given."""

    class Pair(NamedTuple):
        u: Any
        v: Any

    x, w = np.array([1.0, 2.0]), Value(3.0)
    batch = jit(lambda e: e["p"].u[0] * e["p"].v).batch([{"p": Pair(x, w)}, {"p": Pair(x, 1.0)}])
    x[0] = 7.0
    assert gradients(batch.mean(), [w]) == [0.5]
    assert batch.eager_mean(None).data == 2.0


@pytest.mark.parametrize(
    "arguments", [{"a": 1.0}, 3.0, None, iter([1.0]), "12", Value(1.0), np.array(2.0)], ids=spelled
)
@pytest.mark.parametrize("call", ["mean", "map", "batch"])
def test_what_is_no_batch(call: str, arguments: Any) -> None:
    """Something else than a list or an array of examples is a TypeError in words."""
    with pytest.raises(TypeError, match="jit: expected a list or an array of examples as argument 0 of <lambda>, got "):
        getattr(jit(lambda x: x), call)(arguments)


def test_results_of_one_arrangement() -> None:
    """``map`` wants all examples to give results that are arranged alike."""
    fast = jit(lambda x: [x, x + 1.0] if x > 0 else [x * 2.0])
    with pytest.raises(TypeError, match="expected results of one arrangement for map"):
        fast.map([1.0, -1.0])


# --- Objectives -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [None, np.array([4]), np.array([9, 1, 12]), np.arange(17)])
def test_the_gradient_of_an_objective(index: Any) -> None:
    """Mean and derivatives are those of the function, for any examples; unused variables have the derivative 0."""
    bend = Bend()
    objective = jit(bend).batch(POINTS, NUMBERS).objective(bend.variables)
    for _ in range(3):
        expected = eager(bend, index)
        mean, derivatives = objective.gradient(index)
        assert mean == pytest.approx(expected.data, rel=1e-13)
        known = gradients(expected, objective.variables)
        assert derivatives.tolist() == pytest.approx(known, rel=1e-12, abs=1e-15)
        objective.P = objective.P - 0.3 * derivatives
        objective.write()
    assert bend.unused.data == 7.0
    assert [id(bend.variables[i]) for i in objective.order] == [*map(id, objective.variables)]


def test_a_network_as_objective() -> None:
    """Descent over arrays is descent over Values."""
    descended = []
    for in_arrays in (True, False):
        model = nn.MLP(2, [3, 1], activation="tanh", rng=random.Random(0))
        parameters = model.parameters()
        loss = jit(lambda x, y, model=model: nn.quadratic(model(x), y))
        objective = loss.batch(POINTS, NUMBERS).objective(parameters)
        for step in range(10):
            index = np.arange(step, step + 5)
            if in_arrays:
                objective.P = objective.P - 0.1 * objective.gradient(index)[1]
            else:
                model.zero_grad()
                loss.mean(POINTS[step : step + 5], NUMBERS[step : step + 5]).backward()
                for p in parameters:
                    p.data -= 0.1 * p.grad
        if in_arrays:
            objective.write()
        descended.append([p.data for p in parameters])
    assert descended[0] == pytest.approx(descended[1], rel=1e-12)


def test_reading_and_writing() -> None:
    """Between ``read`` and ``write`` the Values are left alone; gradients are written where they are given."""
    w = Value(2.0)
    objective = jit(lambda x: w * x).batch([1.0, 2.0]).objective([w])
    objective.P = objective.P + 1.0
    assert (w.data, objective.gradient()[0]) == (2.0, 4.5)
    objective.write()
    assert (w.data, w.grad) == (3.0, 0.0)
    objective.write(np.array([1.5]))
    assert (w.data, w.grad) == (3.0, 1.5)
    w.data = 10.0
    assert objective.gradient()[0] == 4.5
    objective.read()
    assert objective.gradient()[0] == 15.0


def test_an_objective_of_other_values() -> None:
    """Values that are no variables are read as they are, and nodes computed from variables hand gradients on."""
    w, scale = Value(2.0), Value(3.0)
    doubled = w * 2.0
    objective = jit(lambda x: doubled * w * x * scale).batch([1.0]).objective([w])
    assert objective.gradient()[0] == 24.0
    assert objective.gradient()[1].tolist() == [3.0 * (4.0 + 2.0 * 2.0)]
    scale.data = 1.0
    assert objective.gradient()[0] == 8.0


def test_an_objective_by_its_examples() -> None:
    """A variable may stand in the examples, too."""
    w = Value(2.0)
    objective = jit(lambda x, y: w * x * y).batch([w, 1.0], [1.0, w]).objective([w])
    for _ in range(3):
        mean, (derivative,) = objective.gradient()
        assert mean == pytest.approx(objective.P[0] ** 2)
        assert derivative == pytest.approx(2.0 * objective.P[0])
        objective.P = objective.P + 1.0


def test_an_objective_outside_the_domain() -> None:
    """What the function raises is raised; an infinite slope, an overflow come as they come eagerly."""
    w = Value(1.0)
    objective = jit(lambda x: ag.sqrt(w - x)).batch([0.0, 1.0, 2.0]).objective([w])
    assert objective.gradient(np.array([0]))[1].tolist() == [0.5]
    assert objective.gradient(np.array([0, 1]))[1].tolist() == [math.inf]
    with pytest.raises(ValueError, match="sqrt: x = -1.0 is outside the domain"):
        objective.gradient()
    objective.P = np.array([5.0])
    assert objective.gradient(np.array([1]))[0] == 2.0
    large = jit(lambda x: w * x * x).batch([1e160]).objective([w])
    assert large.gradient()[0] == math.inf


def test_a_path_found_later_is_recorded_with_the_numbers_of_then() -> None:
    """Where a variable's move leads to another way, that is recorded as the variables are, and not as they were."""
    w = Value(1.0)
    objective = jit(lambda x: w * x if w > 0.0 else w * w * x).batch([3.0]).objective([w])
    assert objective.gradient()[0] == 3.0
    objective.P = np.array([-2.0])
    assert objective.gradient()[0] == 12.0
    assert objective.gradient()[1].tolist() == [-12.0]
    assert w.data == -2.0


def test_an_objective_is_checked() -> None:
    """A number that was read out of the graph is found once the variables have moved."""
    w = Value(2.0)
    objective = jit(lambda x: w * x * w.data).batch([1.0, 2.0]).objective([w])
    objective.gradient()
    objective.P = objective.P + 1.0
    with pytest.raises(RuntimeError, match="it depends on more than its arguments"):
        objective.gradient()


@pytest.mark.parametrize("guarded", [True, False])
def test_examples_are_chosen_by_number(guarded: bool) -> None:
    """A list of numbers is as good as an array; no mask, no single number, none outside the examples, not nothing."""
    w = Value(2.0)
    batch = jit(lambda x: w * x if not guarded or x > 0 else w - x).batch([1.0, 2.0, 3.0])
    objective = batch.objective([w])
    index: Any
    for index in ([2, 0], (2, 0), np.array([2, 0], np.uint8)):
        assert objective.gradient(index)[0] == batch.mean(index).data == 4.0
    wrong: list[tuple[Any, type[Exception], str]] = [
        (np.array([True, False, False]), TypeError, "example numbers that are int, got an array of bool"),
        ([1.0], TypeError, "example numbers that are int, got an array of float64"),
        (1, ValueError, "a list or an array of example numbers, and some, got 1"),
        ([], ValueError, r"a list or an array of example numbers, and some, got \[\]"),
        ([[1]], ValueError, r"a list or an array of example numbers, and some, got \[\[1\]\]"),
        ([0, 3], ValueError, "example numbers from 0 to 2, got 3"),
        ([-1, 0], ValueError, "example numbers from 0 to 2, got -1"),
    ]
    for index, error, complaint in wrong:
        for ask in (batch.mean, objective.gradient):
            with pytest.raises(error, match=f"^jit: expected {complaint}$"):
                ask(index)


@pytest.mark.parametrize("variables", [[1.0], Value(1.0), ["w"]], ids=["float", "one", "name"])
def test_an_objective_has_values_as_variables(variables: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError, match="jit: expected a list of Values as variables of an objective, got"):
        jit(lambda x: x * x).batch([1.0]).objective(variables)


def test_an_objective_in_doubt() -> None:
    """An attribute is frozen in a program; ``doubt`` finds out that it has changed."""
    w, settings = Value(2.0), SimpleNamespace(factor=3.0)
    objective = jit(lambda x: settings.factor * w * x).batch([1.0]).objective([w])
    objective.P = objective.P + 1.0
    assert [objective.gradient()[0] for _ in range(2)] == [9.0, 9.0]
    objective.doubt()
    assert objective.gradient()[0] == 9.0
    settings.factor = 4.0
    objective.doubt()
    with pytest.raises(RuntimeError, match="it depends on more than its arguments"):
        objective.gradient()


def test_guards_are_looked_at_where_a_batch_is_halved() -> None:
    """A path that is recorded for the first half leaves the guards of the second half to be looked at."""
    b = Value(0.5)

    def function(x: Any) -> Any:
        y = x.round() if b <= x else ag.tanh(x)
        try:
            z = 1.0 / y
        except ZeroDivisionError:
            z = y
        return (z - ag.log(z)) ** 2

    fast = jit(function)
    fast.mean([1.0, 1.0])
    b.data = 2.0
    xs = [1.0, 1.0, 0.5]
    assert math.isclose(fast.mean(xs).data, sum(function(Value(x)).data for x in xs) / 3, rel_tol=1e-12)


def test_results_that_are_arrays_have_the_examples_first() -> None:
    """Whatever the shapes, also beside other results: ``map(...)[i]`` is the result of example i."""
    double = jit(lambda x: x * np.array([1.0, 10.0]))
    assert double.map([np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0])]).tolist() == [
        [1.0, 20.0], [3.0, 40.0], [5.0, 60.0],
    ]  # fmt: skip
    square, row, each = jit(lambda x: (x * x, x * np.ones((1, 2)), [x, 2.0 * x])).map([1.0, 2.0, 3.0])
    assert (square.tolist(), row.shape, row[2].tolist()) == ([1.0, 4.0, 9.0], (3, 1, 2), [[3.0, 3.0]])
    assert [column.tolist() for column in each] == [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]
