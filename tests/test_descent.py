"""The specification of nn.descent: training in arrays is training on Values, in every number that it leaves behind."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import TracingCheckError, Value
from nn import MLP, SGD, Adam, AdamW, Module, Optimizer, RMSProp, fit
from nn.descent import Eager, Rolled, descent

RNG = random.Random(0)
POINTS = [[RNG.gauss(0, 1), RNG.gauss(0, 1)] for _ in range(23)]
CLASSES = [RNG.randrange(3) for _ in range(23)]
SIGNS = [RNG.choice([-1, 1]) for _ in range(23)]
NUMBERS = [RNG.gauss(0, 1) for _ in range(23)]

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "SGD": lambda: SGD(lr=0.1),
    "nesterov": lambda: SGD(lr=0.1, momentum=0.9, nesterov=True),
    "RMSProp": lambda: RMSProp(lr=0.01),
    "Adam": lambda: Adam(lr=0.01),
    "AdamW": lambda: AdamW(lr=0.01),
    "scheduled": lambda: SGD(lr=lambda step: 0.1 / (step + 1), momentum=0.5),
}


class Model(Module):
    """A module around a function of its parameters and an input."""

    def __init__(self, formula: Callable[..., Any], *numbers: float) -> None:
        self.p = [Value(x) for x in numbers]
        self.formula = formula

    def __call__(self, x: Any) -> Any:
        """The formula at x."""
        return self.formula(self.p, x)


def network(*nouts: int, **options: Any) -> MLP:
    """A small network, the same each time."""
    return MLP(2, list(nouts) or [4, 3], rng=random.Random(1), **{"activation": "tanh", **options})


def train(model: Module, jit: bool, X: Any = POINTS, Y: Any = CLASSES, **options: Any) -> dict[str, Any]:
    """What a training leaves behind: history, parameters, gradients, and the state of the optimizer."""
    defaults = {"loss": nn.quadratic, "optimizer": Adam(lr=0.01), "epochs": 3, "batch_size": 5}
    chosen: dict[str, Any] = {**defaults, "rng": random.Random(2), "progress": False, **options}
    history = fit(model, X, Y, jit=jit, **chosen)
    optimizer = chosen["optimizer"]
    return {
        **vars(history),
        "data": [p.data for p in model.parameters()],
        "grad": [p.grad for p in model.parameters()],
        "state": [x for each in getattr(optimizer, "state", []) for x in each],
        "steps": [getattr(optimizer, "steps", 0)],
    }


def same(make: Callable[[], Module], X: Any = POINTS, Y: Any = CLASSES, **options: Any) -> dict[str, Any]:
    """Train with and without jit, compare everything, and return it. Callable options are made anew for each."""
    runs = []
    for jit in (True, False):
        fresh = {name: x() if name in ("optimizer", "callbacks") else x for name, x in options.items()}
        runs.append(train(make(), jit, X, Y, **fresh))
    for name, numbers in runs[1].items():
        assert runs[0][name] == pytest.approx(numbers, rel=1e-9, abs=1e-12), name
    return runs[0]


# --- The same numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer: str) -> None:
    """History, parameters, the last gradient and the optimizer's state agree to 1e-9, a smaller last batch included."""
    found = same(network, optimizer=OPTIMIZERS[optimizer])
    assert found["steps"] == [15]
    assert len(set(found["loss"])) == 3


@pytest.mark.parametrize("batch_size", [1, 23, 100])
def test_every_batch_size(batch_size: int) -> None:
    """One example a step, or all of them."""
    same(network, batch_size=batch_size)


@pytest.mark.parametrize(
    ("loss", "nouts", "Y"),
    [
        (nn.quadratic, (4, 3), CLASSES),
        (nn.mse, (3,), CLASSES),
        (nn.cross_entropy, (4, 3), CLASSES),
        (nn.cross_entropy, (4, 3), [[0.2, 0.3, 0.5]] * 23),
        (nn.cross_entropy, (3,), np.array(CLASSES)),
        (nn.hinge, (4, 1), SIGNS),
        (nn.binary_cross_entropy, (4, 1), [k % 2 for k in CLASSES]),
        (nn.quadratic, (4, 1), NUMBERS),
        (nn.quadratic, (1,), [[y] for y in NUMBERS]),
        (lambda a, k: nn.quadratic(a, k) * 2.0, (4, 3), CLASSES),
    ],
)
def test_every_kind_of_target(loss: Any, nouts: tuple[int, ...], Y: Any) -> None:
    """Classes, distributions, signs, numbers and vectors, measured on a validation set as well."""
    found = same(lambda: network(*nouts), Y=Y, loss=loss, validation=(POINTS[:7], Y[:7]))
    assert len(found["validation_loss"]) == 3


@pytest.mark.parametrize("kind", [np.array, tuple, lambda rows: [np.array(row) for row in rows]])
def test_every_kind_of_examples(kind: Callable[[Any], Any]) -> None:
    """Arrays, tuples, and lists of arrays."""
    same(network, X=kind(POINTS))


def test_a_list_of_one_output() -> None:
    """Its whole numbers as targets are numbers, and no classes."""
    same(lambda: Model(lambda p, x: [p[0] * x[0] + p[1]], 1.0, 0.5), Y=[1, 0] * 11 + [1], validation=(POINTS[:1], [1]))


class Lazy(nn.Module):
    """Its parameters are made by the first call, as many as there are inputs."""

    def __call__(self, x: Any) -> Value:
        """w . x."""
        if not hasattr(self, "w"):
            self.w = [Value(0.5) for _ in x]
        return ag.dot(self.w, x)


def test_parameters_that_the_first_call_makes() -> None:
    """A model that has none before it sees an example is trained like any other."""
    assert len(same(Lazy, Y=NUMBERS)["data"]) == 2


@pytest.mark.parametrize("jit", [True, False])
def test_parameters_that_come_too_late(jit: bool) -> None:
    """Those that a model makes beside others would not be trained: an error says what to do, and that does."""

    class Late(Lazy):
        def __init__(self) -> None:
            self.b = Value(0.0)

        def __call__(self, x: Any) -> Value:
            return super().__call__(x) + self.b

    with pytest.raises(
        RuntimeError, match=r"expected 1 parameters as at the start, got 3 after an epoch.*model\(X\[0\]\)"
    ):
        train(Late(), jit, POINTS, NUMBERS)
    model = Late()
    model(POINTS[0])
    before = [p.data for p in model.parameters()]
    train(model, jit, POINTS, NUMBERS)
    assert all(p.data != was for p, was in zip(model.parameters(), before, strict=True))


def test_a_model_that_branches() -> None:
    """Examples that take different ways through the model, which change as the parameters do."""

    def bent(p: list[Value], x: Any) -> Any:
        z = p[0] * x[0] + p[1] * x[1] + p[2]
        return z if z > 0.0 else 0.1 * z if z > -1.0 else p[3] * z

    found = same(lambda: Model(bent, 1.0, -1.0, 0.1, 0.2), Y=NUMBERS, optimizer=lambda: SGD(lr=0.3))
    assert all(found["grad"][:3])


def test_parameters_that_are_not_used() -> None:
    """They have the gradient 0.0, and stay; also one that only some of the examples use."""

    def some(p: list[Value], x: Any) -> Any:
        return p[1] * x[0] if x[0] > 0 else p[3] * x[1]

    found = same(lambda: Model(some, 1.0, 2.0, 3.0, 4.0), Y=NUMBERS)
    assert [found["data"][0], found["data"][2]] == [1.0, 3.0]
    assert [found["grad"][0], found["grad"][2]] == [0.0, 0.0]


def test_shared_parameters() -> None:
    """One Value in two places counts once."""

    def make() -> Module:
        model = network(4, 4, 3)
        model.layers[1].neurons[0].w[0] = model.layers[0].neurons[0].w[0]
        model.layers.append(model.layers[1])
        model.layers[2], model.layers[3] = model.layers[3], model.layers[2]
        return model

    same(make)


def test_values_that_are_no_parameters() -> None:
    """A loss may use Values of its own, and nodes computed from the parameters before: gradients flow through them."""
    scale = Value(2.0)

    def make() -> Module:
        model = network(4, 1)
        w = model.layers[0].neurons[0].w[0]
        model.formula = w * w + 1.0  # type: ignore[attr-defined]
        return model

    def run(jit: bool) -> dict[str, Any]:
        model = make()
        extra = model.formula  # type: ignore[attr-defined]
        return train(model, jit, Y=NUMBERS, loss=lambda a, y: scale * nn.quadratic(a, y) * extra, optimizer=SGD(lr=0.1))

    found, expected = run(True), run(False)
    for name, numbers in expected.items():
        assert found[name] == pytest.approx(numbers, rel=1e-9, abs=1e-12), name


def test_a_penalty_on_the_parameters() -> None:
    """L2 regularisation, as micrograd's demo has it, is part of the loss."""
    runs = []
    for jit in (True, False):
        model = network(4, 1)
        parameters = model.parameters()
        runs.append(
            train(
                model,
                jit,
                Y=SIGNS,
                loss=lambda a, y, ps=parameters: nn.hinge(a, y) + 1e-2 * sum(p * p for p in ps),
            )
        )
    assert runs[0]["loss"] == pytest.approx(runs[1]["loss"], rel=1e-9)
    assert runs[0]["data"] == pytest.approx(runs[1]["data"], rel=1e-9)


def test_examples_that_are_not_alike() -> None:
    """Sequences of several lengths: a recurrence over each. They run eagerly, as the docstring says."""

    def last(p: list[Value], xs: Any) -> Any:
        state: Any = 0.0
        for x in xs:
            state = ag.tanh(p[0] * state + p[1] * x)
        return state

    X = [[0.1 * k for k in range(1 + i % 4)] for i in range(23)]
    found = same(lambda: Model(last, 0.5, 0.5), X=X, Y=NUMBERS, validation=(X, NUMBERS))
    assert len(set(found["loss"])) == 3


def test_examples_of_values() -> None:
    """An example may hold Values, parameters of the model among them."""

    def make() -> Model:
        return Model(lambda p, x: p[0] * x[0] + p[1] * x[1], 0.5, 0.5)

    runs = []
    for jit in (True, False):
        model = make()
        runs.append(train(model, jit, [[1.0, model.p[0]], [2.0, Value(1.0)]] * 6, NUMBERS[:12], optimizer=SGD(lr=0.1)))
    assert runs[0]["loss"] == pytest.approx(runs[1]["loss"], rel=1e-9)
    assert runs[0]["data"] == pytest.approx(runs[1]["data"], rel=1e-9)


@pytest.mark.parametrize("Y", [[1, [0.0, 1.0, 0.0], 2], [[0.0, 1.0, 0.0], 1, 2]], ids=["class first", "vector first"])
def test_classes_and_vectors_mix(Y: Any) -> None:
    """Targets of several kinds are trained and validated on as without jit."""
    same(network, X=POINTS[:3], Y=Y, validation=(POINTS[:3], Y))


# --- Corners ----------------------------------------------------------------------------------------------


def test_outside_the_domain() -> None:
    """What raises eagerly raises here, after the last complete step, and the parameters are those of that step."""

    def root(p: list[Value], x: Any) -> Any:
        return ag.sqrt(p[0] - x)

    X, Y = [0.0] * 9 + [2.0], [0.0] * 10
    for jit in (True, False):
        model = Model(root, 1.0)
        optimizer = SGD(lr=0.1)
        with pytest.raises(ValueError, match="sqrt: x = .* is outside the domain"):
            train(model, jit, X, Y, loss=nn.mse, optimizer=optimizer, batch_size=1)
        assert optimizer.steps > 0
        assert model.p[0].data == pytest.approx(1.0 - 0.1 * optimizer.steps)


def test_batches_that_have_to_run_eagerly() -> None:
    """A slope that is infinite, or a number that overflows, comes as it comes eagerly, and training goes on."""
    edge = same(
        lambda: Model(lambda p, x: ag.sqrt(x * x) * p[0] + ag.relu(p[1]) ** 0.5 * x, 1.0, -1.0),
        X=[0.0, 1.0, 2.0, 3.0],
        Y=[0.0, 1.0, 2.0, 1.0],
        batch_size=2,
        optimizer=lambda: SGD(lr=0.01),
    )
    assert len(edge["loss"]) == 3
    with pytest.warns(RuntimeWarning, match="the loss became nan in epoch 2"):  # 0 * inf is the step
        huge = [train(Model(lambda p, x: p[0] * x * x, 1.0), jit, [1e160], [0.0], loss=nn.mse, optimizer=SGD(lr=0.0))
                for jit in (True, False)]  # fmt: skip
    assert huge[0]["loss"] == pytest.approx(huge[1]["loss"], nan_ok=True)
    assert huge[0]["loss"][0] == math.inf


def test_what_cannot_be_recorded() -> None:
    """A function that takes too many ways runs eagerly, with one warning, and learns the same."""

    def countdown(p: list[Value], x: Any) -> Any:
        z, steps = p[0] * x, 0
        while z > 0.0:
            z, steps = z - 0.05, steps + 1
        return z + p[1] * steps

    X = [0.1 * k for k in range(50)]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        same(lambda: Model(countdown, 1.0, 0.01), X=X, Y=[0.0] * 50, optimizer=lambda: SGD(lr=1e-3), epochs=1)
    assert len([w for w in seen if "more than 32 ways" in str(w.message)]) == 1


def test_random_numbers_are_found_out() -> None:
    """A model that draws random numbers is an error, and jit=False trains it."""
    with pytest.raises(TracingCheckError, match="random numbers"):
        train(Model(lambda p, x: p[0] * x * random.random(), 1.0), True, NUMBERS, NUMBERS)
    train(Model(lambda p, x: p[0] * x * random.random(), 1.0), False, NUMBERS, NUMBERS)


def test_data_that_is_read_is_found_out() -> None:
    """A parameter's ``.data`` is frozen by recording: an error at the first step after it has moved."""
    model, optimizer = Model(lambda p, x: p[0] * x + p[0].data, 1.0), SGD(lr=0.1)
    with pytest.raises(TracingCheckError, match="it depends on more than its arguments"):
        train(model, True, NUMBERS, NUMBERS, optimizer=optimizer)
    assert optimizer.steps == 1


def test_a_callback_that_changes_what_is_frozen_is_found_out() -> None:
    """An attribute in the loss, or another Value in the place of a parameter: an error that tells what to do."""
    strength = SimpleNamespace(now=1.0)

    def annealed(a: Any, y: Any) -> Any:
        return strength.now * nn.quadratic(a, y)

    def anneal(_: object) -> None:
        strength.now /= 2

    model = network(4, 1)
    complaint = r"jit: annealed\(MLP\(x\), y\) was expected .*; pass jit=False to fit, or use a Value"
    with pytest.raises(TracingCheckError, match=complaint):
        train(model, True, Y=NUMBERS, loss=annealed, callbacks=[anneal])
    train(model, False, Y=NUMBERS, loss=annealed, callbacks=[anneal])

    def replace(_: object) -> None:
        model.layers[0].neurons[0].w[0] = Value(2.0)

    with pytest.raises(TracingCheckError, match=r"jit: quadratic\(MLP\(x\), y\) was expected .*pass jit=False"):
        train(model, True, Y=NUMBERS, callbacks=[replace])


def test_another_program_that_is_found_out_is_not_that_of_the_training() -> None:
    """What a callback's own jitted function raises comes as it is: to pass jit=False to fit would be no help."""
    fast = ag.jit(lambda x: x * random.random())

    def measure(_: object) -> None:
        fast(Value(1.0))

    with pytest.raises(TracingCheckError) as caught:
        train(network(4, 1), True, Y=NUMBERS, callbacks=[measure])
    assert caught.value.name == "<lambda>"
    assert "jit=False" not in str(caught.value)


def test_a_value_may_be_annealed_by_a_callback() -> None:
    """A number that is to change during the training is a Value."""
    runs = []
    for jit in (True, False):
        strength = Value(1.0)

        def anneal(_: object, strength: Value = strength) -> None:
            strength.data /= 2

        def loss(a: Any, y: Any, strength: Value = strength) -> Any:
            return strength * nn.quadratic(a, y)

        runs.append(train(network(4, 1), jit, Y=NUMBERS, loss=loss, callbacks=[anneal], optimizer=SGD(lr=0.1)))
    assert runs[0]["loss"] == pytest.approx(runs[1]["loss"], rel=1e-9)


def test_other_errors_are_left_alone() -> None:
    """Only what jit has found out comes with advice."""

    def loss(_a: Any, _y: Any) -> Any:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="^stopped$"):
        train(network(), True, Y=NUMBERS, loss=loss)


# --- Where the parameters are ------------------------------------------------------------------------------


def test_they_are_written_back_after_each_epoch() -> None:
    """A callback sees parameters, gradients and state of the epoch that is over; what it changes is trained on from."""
    seen: list[list[float]] = []

    def halving(model: Module, optimizer: Optimizer, record: list[list[float]]) -> Callable[[Any], None]:
        def callback(_: object) -> None:
            record.append([*[p.data for p in model.parameters()], *[p.grad for p in model.parameters()]])
            record.append([x for each in optimizer.state for x in each])
            for p in model.parameters():
                p.data /= 2

        return callback

    runs = []
    for jit in (True, False):
        model, optimizer, seen = network(), SGD(lr=0.1, momentum=0.9), []
        end = train(model, jit, optimizer=optimizer, callbacks=[halving(model, optimizer, seen)])
        runs.append([x for each in [*seen, end["data"], end["loss"]] for x in each])
    assert runs[0] == pytest.approx(runs[1], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("stopped")])
@pytest.mark.parametrize("at", [0, 1, 2, 7, 14])
def test_they_are_written_back_when_interrupted(error: BaseException, at: int) -> None:
    """Stopped in the middle of an epoch, they are as after the last complete step, and training can go on."""

    def schedule(step: int) -> float:
        if step == at and not resumed:
            raise error
        return 0.1

    runs = []
    for jit in (True, False):
        model, optimizer, resumed = network(), SGD(lr=schedule, momentum=0.9), []
        with pytest.raises(type(error)):
            train(model, jit, optimizer=optimizer)
        stopped = [p.data for p in model.parameters()]
        assert optimizer.steps == at
        resumed.append(True)
        runs.append([*stopped, *train(model, jit, optimizer=optimizer)["data"]])
    assert runs[0] == pytest.approx(runs[1], rel=1e-9, abs=1e-12)


def test_training_in_arrays_and_steps_by_hand_mix() -> None:
    """fit, steps over the Values, and fit again, with one optimizer, are one descent."""
    runs = []
    for jit in (True, False):
        model, optimizer = network(), Adam(lr=0.01)
        train(model, jit, optimizer=optimizer, epochs=1)
        for _ in range(3):
            model.zero_grad()
            nn.quadratic(model(POINTS[0]), CLASSES[0]).backward()
            optimizer.step(model.parameters())
        train(model, jit, optimizer=optimizer, epochs=1)
        end = train(model, jit, optimizer=optimizer, epochs=1)
        runs.append([*end["data"], *end["state"], *end["steps"]])
    assert runs[0] == pytest.approx(runs[1], rel=1e-9, abs=1e-12)


class Clipping(SGD):
    """An optimizer with a step of its own around the formula."""

    def step(self, parameters: Any) -> None:
        """As usual, and then keep the parameters small."""
        given = list(parameters)
        super().step(given)
        for p in given:
            p.data = min(max(p.data, -0.5), 0.5)


class Duck:
    """Something that can step."""

    def step(self, parameters: Any) -> None:
        """Move by the sign of the gradient."""
        for p in parameters:
            p.data -= math.copysign(1e-3, p.grad)


@pytest.mark.parametrize("optimizer", [lambda: Clipping(lr=0.1), Duck])
def test_an_optimizer_with_a_step_of_its_own(optimizer: Callable[[], Any]) -> None:
    """It is given the Values, as without jit."""
    same(network, optimizer=optimizer)


def test_which_way_is_taken() -> None:
    """In arrays where that can be; a loss of one's own for classes, and unlike examples, run on the Values."""
    model = network()

    def way(loss: Any, X: Any, Y: Any, jit: bool = True) -> type:
        cost = ag.jit(lambda x, y: loss(model(x), y)) if jit else None
        return type(descent(model, loss, SGD(), X, Y, cost))

    assert way(nn.quadratic, POINTS, CLASSES) is Rolled
    assert way(nn.quadratic, POINTS, CLASSES, jit=False) is Eager
    assert way(lambda a, y: nn.quadratic(a, y), POINTS, CLASSES) is Eager
    assert way(lambda a, y: nn.quadratic(a, y), POINTS, [[0.0, 1.0, 2.0]] * 23) is Rolled
    assert way(nn.quadratic, [*POINTS[:22], [1.0]], CLASSES) is Eager


# --- Measuring --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", [(1,), (3,)])
def test_classes_are_decided_alike_where_outputs_are_equal(outputs: tuple[int, ...]) -> None:
    """Ties and outputs on the threshold count in validation as they do for :func:`nn.accuracy`."""

    def make() -> MLP:
        model = network(*outputs, output="relu")
        for p in model.parameters():
            p.data = round(2 * p.data) / 2  # many outputs are 0
        return model

    Y = CLASSES if outputs == (3,) else SIGNS
    model = make()
    found = train(make(), True, Y=Y, optimizer=SGD(lr=0.0), epochs=1, validation=(POINTS, Y))
    assert found["validation_accuracy"] == [nn.accuracy(model, POINTS, Y)]
    zeros = [[0.0, 0.0]] * 5
    tied = train(make(), True, Y=Y, optimizer=SGD(lr=0.0), epochs=1, validation=(zeros, Y[:5]))
    assert tied["validation_accuracy"] == [nn.accuracy(model, zeros, Y[:5])]


def test_validation_refuses_what_the_loss_refuses() -> None:
    """A class that there is no output for is refused before training, in the loss's words."""
    model = network()
    before = [p.data for p in model.parameters()]
    with pytest.raises(ValueError, match="quadratic: expected a class from 0 to 2, got 7"):
        train(model, True, validation=(POINTS[:1], [7]))
    assert [p.data for p in model.parameters()] == before
