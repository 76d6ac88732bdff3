"""The specification of nn.training: what a step is, what fit reports, how it ends, and the measures of a model."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from spelling import spelled

import nn
from autograd import Value
from nn import MLP, SGD, Adam, History, Module, Optimizer, accuracy, argmax, fit, hinge, mean_loss, mse, quadratic

# Ten points of the plane, two classes, and the same as the hinge wants them.
POINTS = [[0.1 * k, math.sin(k)] for k in range(10)]
CLASSES = [k % 2 for k in range(10)]
SIGNS = [2 * k - 1 for k in CLASSES]


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


def network(seed: int = 0, nouts: Sequence[int] = (4, 1)) -> MLP:
    """A small network, the same for the same seed."""
    return MLP(2, nouts, "tanh", rng=random.Random(seed))


def quick(model: Module, X: Any = POINTS, Y: Any = SIGNS, **options: Any) -> History:
    """`fit` with a loss, an optimizer, a seed and no progress bar, where a test does not say otherwise."""
    defaults = {"loss": hinge, "optimizer": SGD(lr=0.1), "rng": random.Random(0), "progress": False}
    return fit(model, X, Y, **{**defaults, **options})


def by_hand(
    model: MLP, optimizer_step: Callable[[list[Value]], None], epochs: int, batch_size: int, seed: int
) -> list[float]:
    """Training as micrograd's users write it: one graph for the whole batch; returns the losses of the steps."""
    rng, order, losses = random.Random(seed), list(range(len(POINTS))), []
    for _ in range(epochs):
        rng.shuffle(order)
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            costs = [(1 + -SIGNS[i] * model(POINTS[i])).relu() for i in batch]
            total = sum(costs, Value(0.0)) * (1.0 / len(costs))
            model.zero_grad()
            total.backward()
            optimizer_step(model.parameters())
            losses.append(total.data)
    return losses


def descend(parameters: list[Value]) -> None:
    """One step of gradient descent."""
    for p in parameters:
        p.data -= 0.1 * p.grad


# --- What training does ---------------------------------------------------------------------------------


def test_the_documented_call_learns_the_moons() -> None:
    """The README's call: the loss of micrograd's network on two moons falls, and most points end up right."""
    random.seed(1337)
    X, Y = nn.data.moons(100, noise=0.1, rng=random.Random(0))
    Y = [2 * y - 1 for y in Y]
    model = nn.MLP(2, [16, 16, 1])
    before = mean_loss(model, X, Y, loss=hinge)
    history = nn.fit(
        model, X, Y, loss=nn.hinge, optimizer=nn.SGD(lr=0.1), epochs=10, batch_size=32, rng=random.Random(0)
    )
    assert len(history.loss) == 10
    assert history.loss[-1] < 0.5 * history.loss[0]
    assert mean_loss(model, X, Y, loss=hinge) < 0.3 * before
    assert accuracy(model, X, Y) > 0.85


def test_digits_are_learned_as_classes() -> None:
    """With a class as target and argmax as answer, 200 digits are learned well beyond chance in a few epochs."""
    images, labels = nn.data.digits()
    X, Y = images[:200], labels[:200]
    model = MLP(64, [10], output="sigmoid", init="xavier", rng=random.Random(0))
    history = quick(
        model, X, Y, loss=quadratic, optimizer=SGD(lr=3.0), epochs=4, batch_size=10, validation=(X[:50], Y[:50])
    )
    assert history.validation_accuracy[-1] > 0.8
    assert accuracy(model, X, Y) > 0.8


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 64], ids=["stochastic", "3", "4", "batch", "larger"])
def test_training_equals_the_loop_written_by_hand(batch_size: int) -> None:
    """Stochastic, mini-batch (with a shorter last batch) and batch descent give the numbers of a plain loop."""
    model, twin = network(), network()
    history = quick(model, epochs=3, batch_size=batch_size, rng=random.Random(42))
    losses = by_hand(twin, descend, epochs=3, batch_size=batch_size, seed=42)
    assert data(model) == pytest.approx(data(twin), rel=1e-12, abs=1e-14)
    per_epoch = len(losses) // 3
    sizes = [min(batch_size, 10 - start) for start in range(0, 10, batch_size)]
    for epoch, loss in enumerate(history.loss):
        steps = losses[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert loss == pytest.approx(sum(s * n for s, n in zip(steps, sizes, strict=True)) / 10, rel=1e-12)


def test_an_optimizer_with_memory_is_used_as_by_hand() -> None:
    """The optimizer's state lives through batches and epochs."""
    model, twin = network(), network()
    quick(model, epochs=3, batch_size=4, optimizer=SGD(lr=0.05, momentum=0.9), rng=random.Random(1))
    by_hand(twin, SGD(lr=0.05, momentum=0.9).step, epochs=3, batch_size=4, seed=1)
    assert data(model) == pytest.approx(data(twin), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 30), (3, 12), (4, 9), (5, 6), (10, 3), (99, 3)])
def test_one_step_a_batch(batch_size: int, steps: int) -> None:
    """Each epoch takes ceil(n / batch_size) steps."""
    optimizer = SGD(lr=0.01)
    quick(network(), epochs=3, batch_size=batch_size, optimizer=optimizer)
    assert optimizer.steps == steps


def test_every_example_is_seen_once_an_epoch() -> None:
    """An epoch is a new random order of all examples, each once."""
    seen: list[int] = []

    class Watching(Line):
        def __call__(self, x: Any) -> Value:
            seen.append(x)
            return super().__call__(x)

    still = SGD(lr=0.0)
    quick(Watching(), list(range(20)), [0.0] * 20, loss=mse, epochs=3, batch_size=6, optimizer=still, jit=False)
    epochs = [seen[:20], seen[20:40], seen[40:]]
    assert [sorted(epoch) for epoch in epochs] == [list(range(20))] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert list(range(20)) not in epochs


def test_a_line_is_found() -> None:
    """Batch descent on y = 2 x - 1 converges to the weight 2 and the bias -1."""
    X = [-1.0, -0.5, 0.0, 0.5, 1.0]
    model = Line()
    history = quick(model, X, [2 * x - 1 for x in X], loss=quadratic, optimizer=SGD(lr=0.5), epochs=200, batch_size=5)
    assert data(model) == pytest.approx([2.0, -1.0], abs=1e-9)
    assert history.loss == sorted(history.loss, reverse=True)


def test_gradients_from_before_do_not_count() -> None:
    """What a parameter remembers from earlier work is cleared before the first step."""
    model, twin = network(), network()
    for p in model.parameters():
        p.grad = 1e6
    quick(model)
    quick(twin)
    assert data(model) == data(twin)


def test_training_can_go_on() -> None:
    """Two runs of one epoch with one optimizer make the steps of one run of two epochs."""
    model, twin = network(), network()
    optimizer = SGD(lr=0.05, momentum=0.9)
    first = quick(model, batch_size=10, optimizer=optimizer)
    second = quick(model, batch_size=10, optimizer=optimizer)
    whole = quick(twin, batch_size=10, optimizer=SGD(lr=0.05, momentum=0.9), epochs=2)
    assert first.loss + second.loss == pytest.approx(whole.loss, rel=1e-12)
    assert data(model) == pytest.approx(data(twin), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("kind", [tuple, np.array], ids=["tuples", "arrays"])
def test_examples_may_be_tuples_or_arrays(kind: Callable[[Any], Any]) -> None:
    """Any sequences of examples and targets train as lists do."""
    model, twin = network(), network()
    assert quick(model, kind(POINTS), kind(SIGNS)).loss == quick(twin).loss
    assert data(model) == data(twin)


# --- Randomness -----------------------------------------------------------------------------------------


def test_equal_seeds_give_equal_runs() -> None:
    """With equal sources of random numbers two runs agree in every digit; with other ones the order differs."""
    runs = []
    for seed in (5, 5, 6):
        model = network()
        history = quick(model, epochs=2, batch_size=3, rng=random.Random(seed))
        runs.append((history.loss, data(model)))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@pytest.mark.parametrize("rng", [None, random.Random(0)], ids=["own", "given"])
def test_the_global_source_is_left_alone(rng: random.Random | None) -> None:
    """Python's global random numbers do not move, with a source given or without."""
    random.seed(3)
    state = random.getstate()
    quick(network(), rng=rng)
    assert random.getstate() == state


# --- History and validation -----------------------------------------------------------------------------


def test_the_loss_of_an_epoch_is_the_mean_before_each_step() -> None:
    """Where nothing moves, it is the mean loss of all examples, also if the last batch is smaller."""
    model = network()
    history = quick(model, optimizer=SGD(lr=0.0), epochs=2, batch_size=4)
    assert history.loss == pytest.approx([mean_loss(model, POINTS, SIGNS, loss=hinge)] * 2, rel=1e-13)


def test_validation_is_measured_after_each_epoch() -> None:
    """Loss and accuracy on the validation set are those of the model as it is after the epoch."""
    model = network()
    X, Y = POINTS[:4], SIGNS[:4]
    after: list[tuple[float, float]] = []

    def measure(_: History) -> None:
        after.append((mean_loss(model, X, Y, loss=hinge), accuracy(model, X, Y)))

    history = quick(model, epochs=3, batch_size=3, validation=(X, Y), callbacks=[measure])
    assert history.validation_loss == pytest.approx([loss for loss, _ in after], rel=1e-12)
    assert history.validation_accuracy == [share for _, share in after]
    assert len(history.loss) == 3
    assert len(set(history.validation_loss)) == 3


def test_validation_does_not_change_the_training() -> None:
    """With and without a validation set the parameters end the same."""
    model, twin = network(), network()
    quick(model, epochs=2, batch_size=3, validation=(POINTS, SIGNS))
    quick(twin, epochs=2, batch_size=3)
    assert data(model) == data(twin)


def test_accuracy_is_for_classes() -> None:
    """Where the validation targets are no whole numbers, only the loss is recorded."""
    history = quick(Line(), [0.0, 1.0], [0.5, 1.5], loss=mse, validation=([2.0], [2.5]), epochs=2)
    assert len(history.validation_loss) == 2
    assert history.validation_accuracy == []


def test_without_validation_there_is_only_the_loss() -> None:
    """The other lists stay empty."""
    history = quick(network(), epochs=2)
    assert vars(history) == {"loss": history.loss, "validation_loss": [], "validation_accuracy": []}
    assert [type(x) for x in history.loss] == [float, float]


def test_no_epochs_do_nothing() -> None:
    """epochs=0 is allowed: an empty history, and the model as it was."""
    model = network()
    before = data(model)
    assert quick(model, epochs=0).loss == []
    assert data(model) == before


def test_repr_of_a_history() -> None:
    """It prints the number of epochs and the last numbers."""
    history = History()
    assert repr(history) == "History(0 epochs)"
    history.loss += [0.5, 0.25]
    assert repr(history) == "History(2 epochs, loss=0.25)"
    history.validation_loss.append(0.123456)
    history.validation_accuracy.append(0.9)
    assert repr(history) == "History(2 epochs, loss=0.25, validation_loss=0.1235, validation_accuracy=0.9)"


@pytest.mark.parametrize("validated", [False, True])
def test_a_history_can_be_plotted(validated: bool) -> None:
    """The losses are drawn over the epochs 1, 2, 3, ..., in new axes or in given ones."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    history = History()
    history.loss = [3.0, 2.0, 1.0]
    history.validation_loss = [4.0, 2.0, 3.0] if validated else []
    figure, given = plt.subplots()
    try:
        for axes in (history.plot(), history.plot(axes=given)):
            lines = {line.get_label(): line for line in axes.get_lines()}
            assert list(lines) == ["training", "validation"][: 1 + validated]
            assert [*lines["training"].get_xdata()] == [1, 2, 3]
            assert [*lines["training"].get_ydata()] == [3.0, 2.0, 1.0]
            if validated:
                assert [*lines["validation"].get_ydata()] == [4.0, 2.0, 3.0]
            assert (axes.get_legend() is not None) == validated
            assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "mean loss")
            axes.figure.canvas.draw()
        assert axes is given
    finally:
        plt.close("all")
    assert figure.axes == [given]


# --- Callbacks, and how training ends -------------------------------------------------------------------


def test_callbacks_see_the_history_after_each_epoch() -> None:
    """Each is called once an epoch with the history so far, the one that fit returns."""
    lengths: list[int] = []
    seen: list[nn.History] = []
    history = quick(network(), epochs=3, callbacks=[lambda h: lengths.append(len(h.loss)), seen.append])
    assert lengths == [1, 2, 3]
    assert [h is history for h in seen] == [True] * 3


def test_a_callback_ends_training_by_returning_true() -> None:
    """The epoch that is over counts; the callbacks after the one that says stop are still called."""
    called = []
    history = quick(network(), epochs=10, callbacks=[lambda h: len(h.loss) == 3, lambda h: called.append(len(h.loss))])
    assert len(history.loss) == 3
    assert called == [1, 2, 3]


@pytest.mark.parametrize(
    "answer",
    [
        *[None, False, 1, 1.0, "stop", "True", [1], [True], object(), Value(1.0)],
        *[np.float64(1.0), np.int64(1), np.False_],
        *[np.array([True]), np.array([True, True]), np.array(False), np.array(1.0)],
    ],
    ids=spelled,
)
def test_only_true_ends_training(answer: object) -> None:
    """A callback may return anything else, such as the axes that it drew on."""
    assert len(quick(network(), epochs=3, callbacks=[lambda _: answer]).loss) == 3


@pytest.mark.parametrize(
    "stop",
    [
        lambda history: np.mean(history.loss) < 1e9,
        lambda history: np.isfinite(history.loss).all(),
        lambda _: np.True_,
        lambda _: np.array(True),
        lambda history: history.loss[-1] < 1e9,
        lambda history: Value(history.loss[-1]) < 1e9,
    ],
)
def test_true_has_several_spellings(stop: Callable[[History], object]) -> None:
    """A comparison with a number of NumPy's gives a truth value of NumPy's, which counts."""
    assert len(quick(network(), epochs=3, callbacks=[stop]).loss) == 1


class Failing:
    """A hinge that raises at its call number ``at``, counted from 1."""

    def __init__(self, at: int, error: BaseException) -> None:
        self.calls, self.at, self.error = 0, at, error

    def __call__(self, output: Any, target: Any) -> Value:
        """The hinge, or the error."""
        self.calls += 1
        if self.calls == self.at:
            raise self.error
        return hinge(output, target)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a bad example")], ids=["interrupt", "error"])
@pytest.mark.parametrize(("at", "complete"), [(1, 0), (4, 0), (5, 1), (8, 1), (9, 2), (10, 2), (11, 3), (16, 4)])
def test_an_interruption_keeps_the_last_complete_step(error: BaseException, at: int, complete: int) -> None:
    """Stopped in the middle of a batch, training leaves the parameters as the last whole batch made them."""
    model, twin = network(), network()
    with pytest.raises(type(error)):
        quick(model, epochs=3, batch_size=4, loss=Failing(at, error), rng=random.Random(9), jit=False)
    steps = 0

    def descend_so_far(parameters: list[Value]) -> None:
        nonlocal steps
        steps += 1
        if steps <= complete:
            descend(parameters)

    by_hand(twin, descend_so_far, epochs=3, batch_size=4, seed=9)
    assert data(model) == pytest.approx(data(twin), rel=1e-12, abs=1e-14)


def test_an_interruption_within_a_step_undoes_it() -> None:
    """Stopped between two parameters of one step, training leaves them as they were before it."""

    class Interrupted(SGD):
        def update(self, p: Any, g: Any, lr: float, *state: Any) -> tuple[Any, ...]:
            if self.steps == 2 and p == last:
                raise KeyboardInterrupt
            return super().update(p, g, lr, *state)

    model, twin = network(), network()
    quick(twin, batch_size=5)  # two steps
    last = data(twin)[-1]
    with pytest.raises(KeyboardInterrupt):
        quick(model, epochs=5, batch_size=5, optimizer=Interrupted(lr=0.1))
    assert data(model) == data(twin)


def test_a_callback_may_interrupt() -> None:
    """An error in a callback passes through, after the steps of its epoch."""

    def stop(_: History) -> None:
        raise KeyboardInterrupt

    model, twin = network(), network()
    with pytest.raises(KeyboardInterrupt):
        quick(model, epochs=5, callbacks=[stop])
    quick(twin, epochs=1)
    assert data(model) == data(twin)


# --- The progress bar -----------------------------------------------------------------------------------


def test_the_progress_bar_goes_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    """It shows epoch, examples and losses there, and nothing reaches stdout."""
    quick(network(), epochs=2, validation=(POINTS, SIGNS), progress=True)
    captured = capfd.readouterr()
    assert captured.out == ""
    for text in ("epoch 1/2", "epoch 2/2", "20/20", "loss=", "validation_loss=", "validation_accuracy="):
        assert text in captured.err


def test_the_progress_bar_is_shown_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    """Training takes long enough to deserve one."""
    fit(network(), POINTS, SIGNS, loss=hinge, optimizer=SGD(lr=0.1))
    assert "epoch 1/1" in capfd.readouterr().err


def test_without_progress_training_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """progress=False prints nothing at all."""
    quick(network(), epochs=2, validation=(POINTS, SIGNS), progress=False)
    assert capfd.readouterr() == ("", "")


def test_progress_does_not_change_the_training(capfd: pytest.CaptureFixture[str]) -> None:
    """The numbers are the same with a bar as without."""
    model, twin = network(), network()
    assert quick(model, progress=True).loss == quick(twin).loss
    assert data(model) == data(twin)
    assert capfd.readouterr().out == ""


# --- What is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "Y", "options", "complaint"),
    [
        ([], [], {}, "fit: expected as many targets as examples, and some, got 0 and 0"),
        (POINTS, SIGNS[:9], {}, "fit: expected as many targets as examples, and some, got 10 and 9"),
        (POINTS[:9], SIGNS, {}, "fit: expected as many targets as examples, and some, got 9 and 10"),
        (POINTS, SIGNS, {"batch_size": 0}, "fit: expected batch_size >= 1 and epochs >= 0, got 0 and 1"),
        (POINTS, SIGNS, {"batch_size": -3}, "fit: expected batch_size >= 1 and epochs >= 0, got -3 and 1"),
        (POINTS, SIGNS, {"epochs": -1}, "fit: expected batch_size >= 1 and epochs >= 0, got 32 and -1"),
        (POINTS, SIGNS, {"validation": ([], [])}, "validation: expected as many .* and some, got 0 and 0"),
        (POINTS, SIGNS, {"validation": (POINTS, SIGNS[1:])}, "validation: expected as many .* and some, got 10 and 9"),
        ([[1.0]], [1], {}, "Neuron: expected 2 inputs, got 1"),
        (POINTS, CLASSES, {"batch_size": 10}, r"hinge: expected a target of -1 or \+1, got 0"),
    ],
)
def test_what_cannot_be_trained(X: Any, Y: Any, options: dict[str, Any], complaint: str) -> None:
    """Data and settings that do not fit are refused before a parameter moves."""
    model = network()
    before = data(model)
    with pytest.raises(ValueError, match=f"^{complaint}$"):
        quick(model, X, Y, **options)
    assert data(model) == before


@pytest.mark.parametrize("option", ["epochs", "batch_size"])
def test_counts_are_whole_numbers(option: str) -> None:
    """A float is a TypeError."""
    with pytest.raises(TypeError, match="float"):
        quick(network(), **{option: 1.5})


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"X": zip(POINTS, strict=True)}, "a list or an array of examples, got zip"),
        ({"Y": 3}, "a list or an array of targets, got int 3"),
        ({"loss": "hinge"}, "a loss, a function of outputs and target, got str 'hinge'"),
        ({"optimizer": SGD}, r"an optimizer, such as SGD\(lr=0.1\), got the class SGD"),
        ({"optimizer": "sgd"}, r"an optimizer, such as SGD\(lr=0.1\), got str 'sgd'"),
        ({"rng": 3}, r"rng=random.Random\(seed\) or None, got int 3"),
        ({"batch_size": 2.5}, "an int as batch_size, got float 2.5"),
        ({"batch_size": None}, "an int as batch_size, got NoneType"),
        ({"epochs": 1.5}, "an int as epochs, got float 1.5"),
        ({"callbacks": print}, "callbacks in a list or tuple, got builtin_function_or_method"),
        ({"callbacks": [1]}, "callbacks in a list or tuple, got list"),
        ({"validation": POINTS}, r"validation=\(X, Y\), got list"),
        ({"validation": 0.2}, r"validation=\(X, Y\), got float 0.2"),
        ({"validation": (1, 2)}, r"validation=\(X, Y\), got tuple"),
    ],
    ids=spelled,
)
def test_what_fit_expects(options: dict[str, Any], complaint: str) -> None:
    """What is not of the kind described is a TypeError that says what was expected, before a parameter moves."""
    model = network()
    before = data(model)
    with pytest.raises(TypeError, match=f"^fit: expected {complaint}$"):
        quick(model, **options)
    assert data(model) == before


def test_an_optimizer_belongs_to_one_model() -> None:
    """State that was gathered for another number of parameters is refused."""
    optimizer: Optimizer = Adam()
    quick(network(), optimizer=optimizer)
    with pytest.raises(ValueError, match="^step: expected 17 parameters as before, got 13$"):
        quick(network(nouts=(3, 1)), optimizer=optimizer)


# --- Measures -------------------------------------------------------------------------------------------


def test_mean_loss() -> None:
    """The mean of the losses of the examples."""
    assert mean_loss(Line(2.0), [1.0, 2.0, 3.0], [1.0, 4.0, 3.0], loss=mse) == (1 + 0 + 9) / 3


def test_mean_loss_leaves_gradients_alone() -> None:
    """Measuring is not training."""
    model = network()
    for p in model.parameters():
        p.grad = 0.5
    mean_loss(model, POINTS, SIGNS, loss=hinge)
    accuracy(model, POINTS, SIGNS)
    assert {p.grad for p in model.parameters()} == {0.5}


@pytest.mark.parametrize(
    ("outputs", "targets", "share"),
    [
        ([[0.1, 0.9], [0.9, 0.1], [0.2, 0.3]], [1, 0, 0], 2 / 3),
        ([[0.1, 0.9], [0.9, 0.1], [0.2, 0.3]], [[0, 1], [1, 0], [1.0, 0.0]], 2 / 3),
        ([[1.0, 1.0], [1.0, 1.0]], [0, 1], 1 / 2),
        ([[-3.0, -1.0, -2.0]], [np.int64(1)], 1.0),
        ([0.5, -0.5, 0.0], [1, -1, -1], 1.0),
        ([0.5, -0.5, 0.0], [1, 0, 1], 2 / 3),
        ([0.5, -0.5], [True, np.int8(-1)], 1.0),
        ([[0.5], [-0.5]], [1, 1], 1 / 2),
        ([[0.5], [-0.5]], [[1.0], [-1.0]], 1.0),
    ],
)
def test_accuracy(outputs: list[Any], targets: list[Any], share: float) -> None:
    """With several outputs the largest says the class; with one, whether it is positive."""

    def model(k: int) -> Any:
        output = outputs[k]
        return [Value(a) for a in output] if isinstance(output, list) else Value(output)

    measured = accuracy(model, range(len(outputs)), targets)
    assert measured == pytest.approx(share)
    assert type(measured) is float


def test_accuracy_has_a_threshold() -> None:
    """A number of no known kind says yes above 0, or above what the caller says."""
    assert accuracy(Line(1.0), [0.4, 0.5, 0.6], [0, 0, 1], threshold=0.5) == 1.0
    assert accuracy(Line(1.0), [0.4, 0.5, 0.6], [0, 0, 1]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("measure", [accuracy, lambda *given: mean_loss(*given, loss=mse)], ids=["accuracy", "loss"])
@pytest.mark.parametrize(("X", "Y"), [([], []), ([1.0], []), ([1.0], [1.0, 2.0])])
def test_measures_need_examples(measure: Callable[..., float], X: list[float], Y: list[float]) -> None:
    """No examples, or another number of targets, is an error that says how many came."""
    complaint = f"expected as many targets as examples, and some, got {len(X)} and {len(Y)}"
    with pytest.raises(ValueError, match=re.escape(complaint)):
        measure(Line(), X, Y)


@pytest.mark.parametrize(
    ("numbers", "index"),
    [([1.0, 3.0, 2.0], 1), ([2.0, 2.0], 0), ([-1.0], 0), ((0, 5, 5), 1), (np.array([1.0, 4.0]), 1)],
)
def test_argmax(numbers: Any, index: int) -> None:
    """The index of the largest number, of the first where several are equal; of Values by their data."""
    assert argmax(numbers) == index
    assert argmax([Value(x) for x in numbers]) == index


def test_argmax_of_nothing() -> None:
    """An empty sequence has no largest element."""
    with pytest.raises(ValueError, match="empty"):
        argmax([])


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("loss", [nn.quadratic, nn.mse, nn.cross_entropy, nn.hinge, nn.binary_cross_entropy])
def test_jit_gives_the_same_history(loss: Any, activation: str) -> None:
    """With and without jit, history and parameters agree to 1e-9; the last batch of an epoch is a smaller one."""
    single = loss in (nn.hinge, nn.binary_cross_entropy)
    classes = {nn.hinge: [-1, 1], nn.binary_cross_entropy: [0, 1]}.get(loss, [0, 1, 2])
    X = [[rng.gauss(0, 1), rng.gauss(0, 1)] for rng in map(random.Random, range(23))]
    Y = [classes[i % len(classes)] for i in range(23)]
    runs = []
    for jit in (True, False):
        model = nn.MLP(2, [5, 1 if single else 3], activation=activation, rng=random.Random(1))
        optimizer = nn.Adam(lr=0.01)
        history = nn.fit(
            model, X, Y, loss=loss, optimizer=optimizer, epochs=3, batch_size=5, rng=random.Random(2),
            validation=(X, Y), progress=False, jit=jit,
        )  # fmt: skip
        runs.append([*history.loss, *history.validation_loss, *history.validation_accuracy, *data(model)])
    assert runs[0] == pytest.approx(runs[1], rel=1e-9, abs=1e-12)
    assert runs[0][0] != runs[0][1]


def test_a_loss_of_ones_own_gets_the_class_itself() -> None:
    """A class is one-hot only where the loss is known to mean the same by it."""
    model = nn.MLP(2, [3], rng=random.Random(0))
    seen: list[object] = []

    def own(output: Any, target: Any) -> Value:
        seen.append(target)
        return nn.cross_entropy(output, target)

    nn.fit(model, [[0.0, 1.0]] * 4, [0, 1, 2, 1], loss=own, optimizer=nn.SGD(lr=0.1), progress=False)
    assert set(map(type, seen)) == {int}
