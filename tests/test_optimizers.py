"""The specification of nn.optimizers: each formula against 50 digits, schedules, state, and what is refused."""

from __future__ import annotations

import copy
import math
import random
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from oracle import mp

from autograd import Value
from nn import SGD, Adam, AdamW, Optimizer, RMSProp

STEPS = 50

# Every optimizer, with settings other than the defaults, so that a test notices which of them it uses.
MAKE: dict[str, Callable[[], Optimizer]] = {
    "SGD": lambda: SGD(lr=0.05),
    "momentum": lambda: SGD(lr=0.05, momentum=0.8),
    "nesterov": lambda: SGD(lr=0.05, momentum=0.8, nesterov=True),
    "RMSProp": lambda: RMSProp(lr=0.02, rho=0.9, eps=1e-3),
    "Adam": lambda: Adam(lr=0.02, betas=(0.8, 0.95), eps=1e-3),
    "AdamW": lambda: AdamW(lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "scheduled": lambda: SGD(lr=lambda step: 0.1 / (step + 1), momentum=0.8),
}

each_optimizer = pytest.mark.parametrize("name", MAKE)


# --- The oracle: the movement of one parameter, written as sums over all gradients so far ---------------


def faded(decay: float, gradients: Sequence[Any]) -> Any:
    """g_t + decay g_{t-1} + decay^2 g_{t-2} + ...: an exponentially fading memory, without a recursion."""
    return mp.fsum(mp.mpf(decay) ** age * g for age, g in enumerate(reversed(gradients)))


def adam(gradients: Sequence[Any]) -> Any:
    """The bias-corrected mean over the bias-corrected root mean square: weights that add up to 1 in each."""
    mean = faded(0.8, gradients) / faded(0.8, [1] * len(gradients))
    square = faded(0.95, [g * g for g in gradients]) / faded(0.95, [1] * len(gradients))
    return mean / (mp.sqrt(square) + mp.mpf(1e-3))


# How far a parameter u moves in step t, given its gradients g_1 .. g_t, as a function of (u, gradients).
MOVE: dict[str, Callable[[Any, Sequence[Any]], Any]] = {
    "SGD": lambda u, gs: mp.mpf(0.05) * gs[-1],
    "momentum": lambda u, gs: mp.mpf(0.05) * faded(0.8, gs),
    "nesterov": lambda u, gs: mp.mpf(0.05) * (gs[-1] + mp.mpf(0.8) * faded(0.8, gs)),
    "RMSProp": lambda u, gs: (
        mp.mpf(0.02) * gs[-1] / (mp.sqrt((1 - mp.mpf(0.9)) * faded(0.9, [g * g for g in gs])) + mp.mpf(1e-3))
    ),
    "Adam": lambda u, gs: mp.mpf(0.02) * adam(gs),
    "AdamW": lambda u, gs: mp.mpf(0.02) * (adam(gs) + mp.mpf(0.1) * u),
    "scheduled": lambda u, gs: mp.mpf(0.1) / len(gs) * faded(0.8, gs),
}


def run(optimizer: Optimizer, start: Sequence[float], gradients: Sequence[Sequence[float]]) -> list[list[float]]:
    """Where the parameters are after each step, for gradients that are given."""
    parameters = [Value(u) for u in start]
    track = []
    for step in gradients:
        for p, g in zip(parameters, step, strict=True):
            p.grad = g
        optimizer.step(parameters)
        track.append([p.data for p in parameters])
        assert [p.grad for p in parameters] == list(step)
    return track


def some_gradients(parameters: int) -> list[list[float]]:
    """Random gradients, of another size for each parameter, some of them 0."""
    rng = random.Random(0)
    return [[rng.gauss(0, 10.0**-k) * (rng.random() > 0.1) for k in range(parameters)] for _ in range(STEPS)]


# --- The formulas ---------------------------------------------------------------------------------------


@each_optimizer
def test_fifty_steps(name: str) -> None:
    """Three parameters with gradients of different sizes move as the formula says, for fifty steps."""
    start, gradients = [1.0, -2.0, 0.5], some_gradients(3)
    track = run(MAKE[name](), start, gradients)
    for k, u in enumerate(map(mp.mpf, start)):
        seen: list[Any] = []
        for t in range(STEPS):
            seen.append(mp.mpf(gradients[t][k]))
            u -= MOVE[name](u, seen)  # noqa: PLW2901 - the parameter moves
            assert track[t][k] == pytest.approx(float(u), rel=1e-12, abs=1e-14)


@each_optimizer
def test_the_valley_is_found(name: str) -> None:
    """From (3, -2) each optimizer descends the bowl (x - 1)^2 + 2 (y + 1)^2 most of the way to its bottom."""
    x, y = Value(3.0), Value(-2.0)
    optimizer = MAKE[name]()
    costs = []
    for _ in range(400):
        cost = (x - 1) ** 2 + 2 * (y + 1) ** 2
        x.grad = y.grad = 0.0
        cost.backward()
        optimizer.step([x, y])
        costs.append(cost.data)
    assert costs[-1] < 0.05 * costs[0]


def test_the_first_step_of_adam_has_the_size_of_the_rate() -> None:
    """As the bias is corrected, the first step is lr against the sign of the gradient, whatever its size."""
    for g in (1e-3, 1.0, -1e6):
        ((moved,),) = run(Adam(lr=0.25, eps=1e-300), [0.0], [[g]])
        assert moved == pytest.approx(-math.copysign(0.25, g), rel=1e-12)


def test_adamw_decays_a_weight_without_gradient() -> None:
    """With gradient 0 a weight shrinks by the factor 1 - lr decay in each step, and Adam leaves it alone."""
    zeros = [[0.0]] * 3
    assert [u for (u,) in run(AdamW(lr=0.5, weight_decay=0.5), [16.0], zeros)] == [12.0, 9.0, 6.75]
    assert [u for (u,) in run(Adam(lr=0.5), [16.0], zeros)] == [16.0] * 3


def test_momentum_zero_is_plain_descent() -> None:
    """Without momentum, nesterov changes nothing."""
    gradients = some_gradients(2)
    assert run(SGD(lr=0.1, nesterov=True), [1.0, 2.0], gradients) == run(SGD(lr=0.1), [1.0, 2.0], gradients)


def test_a_rate_of_zero_moves_nothing() -> None:
    """lr = 0 is allowed: a schedule may warm up from there."""
    for make in (SGD, RMSProp, Adam, AdamW):
        assert run(make(lr=0.0), [1.0], [[3.0], [4.0]]) == [[1.0], [1.0]]


# --- Schedules and state --------------------------------------------------------------------------------


def test_a_schedule_is_asked_for_each_step() -> None:
    """A function as lr is called once a step with the number of the step, from 0."""
    asked = []

    def schedule(step: int) -> float:
        asked.append(step)
        return 0.5**step

    assert run(SGD(lr=schedule), [0.0], [[1.0]] * 4) == [[-1.0], [-1.5], [-1.75], [-1.875]]
    assert asked == [0, 1, 2, 3]


def test_rate_is_that_of_the_next_step() -> None:
    """`rate()` tells the learning rate without taking a step."""
    optimizer = SGD(lr=lambda step: 10.0 + step)
    assert (optimizer.rate(), optimizer.rate()) == (10.0, 10.0)
    optimizer.step([Value(0.0)])
    assert (optimizer.rate(), optimizer.steps) == (11.0, 1)
    assert SGD(lr=0.5).rate() == 0.5


def test_state_is_kept_by_position() -> None:
    """What a parameter remembers belongs to its place in the list, not to the object that stands there."""
    gradients = some_gradients(2)
    expected = run(Adam(), [1.0, -1.0], gradients)[-1]
    optimizer = Adam()
    numbers = [1.0, -1.0]
    for step in gradients:
        fresh = [Value(u) for u in numbers]
        for p, g in zip(fresh, step, strict=True):
            p.grad = g
        optimizer.step(iter(fresh))
        numbers = [p.data for p in fresh]
    assert numbers == expected


@each_optimizer
def test_an_optimizer_can_be_copied_between_steps(name: str) -> None:
    """A copy taken half-way goes on as the original does."""
    gradients = some_gradients(2)
    optimizer = MAKE[name]()
    half = run(optimizer, [1.0, 2.0], gradients[:25])[-1]
    twin = copy.deepcopy(optimizer)
    assert run(twin, half, gradients[25:]) == run(optimizer, half, gradients[25:])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_parameters_is_refused(count: int) -> None:
    """An optimizer serves one list of parameters: a longer or shorter one is an error and moves nothing."""
    optimizer = SGD(lr=0.1)
    optimizer.step([Value(1.0), Value(2.0)])
    others = [Value(5.0) for _ in range(count)]
    for p in others:
        p.grad = 1.0
    with pytest.raises(ValueError, match=f"^step: expected 2 parameters as before, got {count}$"):
        optimizer.step(others)
    assert [p.data for p in others] == [5.0] * count
    assert optimizer.steps == 1


def test_a_step_is_all_or_nothing() -> None:
    """Where the update of one parameter fails or is interrupted, no parameter has moved and no state has changed."""

    class Interrupted(SGD):
        calls = 0

        def update(self, p: Any, g: Any, lr: float, *state: Any) -> tuple[Any, ...]:
            self.calls += 1
            if self.calls == 5:  # in the second step, between its parameters
                raise KeyboardInterrupt
            return super().update(p, g, lr, *state)

    parameters = [Value(1.0), Value(2.0), Value(3.0)]
    for p in parameters:
        p.grad = 1.0
    optimizer = Interrupted(lr=0.5, momentum=0.5)
    optimizer.step(parameters)
    before = [p.data for p in parameters], copy.deepcopy(optimizer.state)
    with pytest.raises(KeyboardInterrupt):
        optimizer.step(parameters)
    assert ([p.data for p in parameters], optimizer.state) == before
    assert optimizer.steps == 1


# --- Arrays ---------------------------------------------------------------------------------------------


@each_optimizer
def test_the_same_formula_serves_arrays(name: str) -> None:
    """`update` on whole arrays, with its state handed back and forth, moves each element as a number moves."""
    gradients = some_gradients(4)
    start = [1.0, -2.0, 0.5, 3.0]
    expected = run(MAKE[name](), start, gradients)
    optimizer = MAKE[name]()
    p, state = np.array(start), [0.0] * optimizer.memory
    for t, g in enumerate(gradients):
        rate = optimizer.lr(t) if callable(optimizer.lr) else optimizer.lr
        p, *state = optimizer.update(p, np.array(g), rate, *state)
        assert p.tolist() == pytest.approx(expected[t], rel=1e-13)
    assert len(state) == optimizer.memory


def flat(state: Sequence[Sequence[float]]) -> list[float]:
    """All numbers of a state, one after the other."""
    return [x for each in state for x in each]


START = [1.0, -2.0, 0.5, 3.0]


@each_optimizer
@pytest.mark.parametrize("in_array", [lambda t: True, lambda t: t % 2, lambda t: t < 9, lambda t: t > 9])
def test_steps_over_values_and_over_arrays_mix(name: str, in_array: Callable[[int], Any]) -> None:
    """Whichever steps are taken over an array, parameters, state and step numbers go on as over Values."""
    gradients = some_gradients(4)
    optimizer, twin = MAKE[name](), MAKE[name]()
    parameters, others = ([Value(u) for u in START] for _ in range(2))
    for t, step in enumerate(gradients):
        for p, other, g in zip(parameters, others, step, strict=True):
            p.grad = other.grad = g
        twin.step(others)
        if in_array(t):
            moved = optimizer.step_array(np.array([p.data for p in parameters]), np.array(step))
            for p, u in zip(parameters, moved.tolist(), strict=True):
                p.data = u
        else:
            optimizer.step(parameters)
        assert [p.data for p in parameters] == pytest.approx([p.data for p in others], rel=1e-13, abs=1e-15)
        assert optimizer.steps == twin.steps
        if t % 5 == 0:  # the state may be looked at, or not
            assert flat(optimizer.state) == pytest.approx(flat(twin.state), rel=1e-12)
    assert [type(each) for each in optimizer.state] == [tuple] * 4
    assert {type(x) for x in flat(optimizer.state)} <= {float}


def test_state_may_be_set() -> None:
    """The state by position can be taken from one optimizer and given to another, after steps of either kind."""
    gradients = np.array(some_gradients(4))
    optimizer, twin = Adam(), Adam()
    p = optimizer.step_array(np.array(START), gradients[0])
    optimizer.state[2] = optimizer.state[1]
    twin.state, twin.steps = [*optimizer.state], 1
    assert twin.step_array(p, gradients[1]).tolist() == optimizer.step_array(p, gradients[1]).tolist()


@pytest.mark.parametrize("change", [lambda state: state.append((0.0,)), lambda state: state.pop()])
def test_a_state_of_another_length(change: Callable[[list[tuple[float, ...]]], object]) -> None:
    """A state that somebody has made longer or shorter in place is a ValueError, and nothing moves."""
    optimizer, parameters = SGD(), [Value(1.0), Value(2.0)]
    optimizer.step(parameters)
    change(optimizer.state)
    for p in parameters:
        p.grad = 1.0
    with pytest.raises(ValueError, match="zip"):
        optimizer.step(parameters)
    assert [p.data for p in parameters] == [1.0, 2.0]
    assert optimizer.steps == 1


@pytest.mark.parametrize("state", [[(0.5,), ()], [(0.5,), (0.5, 9.0)]])
def test_a_state_with_another_number_of_numbers(state: list[tuple[float, ...]]) -> None:
    """Where one parameter remembers fewer or more than the others it is a ValueError, over arrays too."""
    optimizer = SGD(momentum=0.9)
    optimizer.step_array(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    optimizer.state = state
    with pytest.raises(ValueError, match="unpack"):
        optimizer.step_array(np.array([1.0, 2.0]), np.array([1.0, 1.0]))


def test_a_step_over_an_array_leaves_what_it_is_given() -> None:
    """Parameters, gradients and earlier results stay as they are, also if a formula works in place."""

    class InPlace(SGD):
        def update(self, p: Any, g: Any, lr: float, *state: Any) -> tuple[Any, ...]:
            (v,) = state
            v *= 0.5
            v += g
            g *= lr
            p -= lr * v
            return p, v

    optimizer, p, g = InPlace(lr=0.5), np.array([1.0, 2.0]), np.array([1.0, -1.0])
    first = optimizer.step_array(p, g)
    kept = first.copy()
    second = optimizer.step_array(first, g)
    assert (p.tolist(), g.tolist()) == ([1.0, 2.0], [1.0, -1.0])
    assert first.tolist() == kept.tolist() == [0.5, 2.5]
    assert second.tolist() == [-0.25, 3.25]


@pytest.mark.parametrize(
    "formula",
    [
        lambda p, g: p - 0.5 * math.copysign(1.0, g),
        lambda p, g: p - 0.5 if g > 0 else p + 0.5,
        lambda p, g: p - 0.5 * min(max(g, -1.0), 1.0),
        lambda p, g: [p - 0.5, p + 0.5][g < 0],
    ],
    ids=["math", "branch", "clip", "index"],
)
def test_a_formula_that_wants_numbers(formula: Callable[[float, float], float]) -> None:
    """What cannot be applied to a whole array is applied to one parameter after the other."""

    class Signs(Optimizer):
        def update(self, p: Any, g: Any, lr: float, *state: Any) -> tuple[Any, ...]:
            assert (lr, state) == (0.5, ())
            return (formula(p, g),)

    optimizer = Signs(lr=0.5)
    assert optimizer.step_array(np.array([1.0, 1.0]), np.array([9.0, -1.0])).tolist() == [0.5, 1.5]
    assert (optimizer.steps, optimizer.state) == (1, [(), ()])


def test_a_state_that_is_no_number() -> None:
    """A formula may remember whatever it likes, such as all gradients so far."""

    class Mean(Optimizer):
        memory = 1

        def update(self, p: Any, g: Any, lr: float, *state: Any) -> tuple[Any, ...]:
            seen = [*(state[0] or []), g]
            return p - lr * sum(seen) / len(seen), seen

    gradients = some_gradients(3)[:4]
    expected = run(Mean(lr=0.5), START[:3], gradients)
    optimizer, p = Mean(lr=0.5), np.array(START[:3])
    for g, row in zip(gradients, expected, strict=True):
        p = optimizer.step_array(p, np.array(g))
        assert p.tolist() == row
    assert [len(seen) for (seen,) in optimizer.state] == [4] * 3


def test_parameters_in_another_order() -> None:
    """An array may hold the parameters in another order than the list; state stays by position in the list."""
    order = np.array([2, 0, 3, 1])
    optimizer, twin = Adam(lr=0.1), Adam(lr=0.1)
    p, q = np.array(START), np.array(START)
    for t, g in enumerate(np.array(some_gradients(4))):
        q = twin.step_array(q, g)
        if t % 3:
            p = optimizer.step_array(p, g)
        else:
            p[order] = optimizer.step_array(p[order], g[order], order)
        assert p.tolist() == q.tolist()
    assert optimizer.state == twin.state


@each_optimizer
def test_an_array_is_updated_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The formula is asked once a step, for the whole array, in the order of the parameters and in another."""
    optimizer = MAKE[name]()
    plain, asked = type(optimizer).update, list[type]()

    def update(self: Any, p: Any, *others: Any) -> Any:
        asked.append(type(p))
        return plain(self, p, *others)

    monkeypatch.setattr(type(optimizer), "update", update)
    p, order = np.array([1.0, -2.0, 0.5]), np.array([2, 0, 1])
    for step in (None, None, order, order, None):
        p = optimizer.step_array(p, np.array([0.1, 0.2, -0.3]), step)
    assert asked == [np.ndarray] * 5


@pytest.mark.parametrize("size", [0, 1])
def test_a_formula_without_a_state_of_that_shape(size: int) -> None:
    """One that remembers nothing, or a single number for all, is applied to arrays at once too."""

    class Plain(Optimizer):
        """Descent, which may count its steps."""

        memory = size

        def update(self, p: Any, g: Any, lr: float, *state: Any) -> tuple[Any, ...]:
            asked.append(type(p))
            return p - lr * g, *[t + 1.0 for t in state]

    asked: list[type] = []
    optimizer, p = Plain(lr=0.5), np.array([1.0, 2.0])
    for _ in range(3):
        p = optimizer.step_array(p, np.array([2.0, -2.0]))
    assert p.tolist() == [-2.0, 5.0]
    assert asked == [np.ndarray] * 3
    assert optimizer.state == [(3.0,) * size] * 2


def test_a_division_by_zero_raises_over_arrays_too() -> None:
    """As it does over Values, and nothing has moved."""

    class Inverse(Optimizer):
        """Steps of the inverse gradient."""

        def update(self, p: Any, g: Any, lr: float, *state: Any) -> tuple[Any, ...]:
            return p - lr / g, *state

    optimizer, p = Inverse(lr=1.0), np.array([1.0, 2.0])
    with pytest.raises(ZeroDivisionError):
        optimizer.step_array(p, np.array([1.0, 0.0]))
    assert (p.tolist(), optimizer.steps) == ([1.0, 2.0], 0)


def test_numbers_that_leave_the_finite_ones() -> None:
    """Over arrays as over Values: inf and nan come without a warning where floats give them."""
    gradients = [[1e200, 1.0], [math.inf, -1.0], [math.nan, 1.0]]
    for make in (SGD, RMSProp, Adam, AdamW):
        expected = run(make(lr=0.1), [1.0, 2.0], gradients)
        optimizer, p = make(lr=0.1), np.array([1.0, 2.0])
        for g, row in zip(gradients, expected, strict=True):
            p = optimizer.step_array(p, np.array(g))
            assert p.tolist() == pytest.approx(row, rel=1e-13, nan_ok=True)


def test_a_step_over_an_array_refuses_what_a_step_refuses() -> None:
    """Another number of parameters, and a schedule that returns no rate; nothing has moved then."""
    optimizer = Adam(lr=lambda step: 0.1 if step < 1 else math.nan)
    p = optimizer.step_array(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    state = copy.deepcopy(optimizer.state)
    with pytest.raises(ValueError, match=r"^step: expected 2 parameters as before, got 3$"):
        optimizer.step_array(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match=r"^lr: expected a finite number >= 0, got nan$"):
        optimizer.step_array(p, p)
    assert (optimizer.steps, optimizer.state) == (1, state)


# --- Settings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        *[
            (lambda make=make, lr=lr: make(lr=lr), f"lr: expected a finite number >= 0, got {lr!r}")
            for make in (SGD, RMSProp, Adam, AdamW)
            for lr in (-0.1, math.inf, math.nan)
        ],
        (lambda: SGD(momentum=1.0), "momentum: expected 0 <= momentum < 1, got 1.0"),
        (lambda: SGD(momentum=-0.5), "momentum: expected 0 <= momentum < 1, got -0.5"),
        (lambda: SGD(momentum=math.nan), "momentum: expected 0 <= momentum < 1, got nan"),
        (lambda: RMSProp(rho=1.0), "rho: expected 0 <= rho < 1, got 1.0"),
        (lambda: RMSProp(eps=0.0), "eps: expected eps > 0, got 0.0"),
        *[
            (
                lambda make=make, betas=betas: make(betas=betas),
                f"betas: expected two numbers 0 <= beta < 1, got {betas}",
            )
            for make in (Adam, AdamW)
            for betas in ((0.9, 1.0), (-0.1, 0.9), (0.9,), (0.9, 0.9, 0.9), (math.nan, 0.9))
        ],
        (lambda: Adam(eps=0.0), "eps: expected eps > 0, got 0.0"),
        (lambda: Adam(eps=-1e-8), "eps: expected eps > 0, got -1e-08"),
        (lambda: AdamW(weight_decay=-0.1), "weight_decay: expected weight_decay >= 0, got -0.1"),
    ],
)
def test_bad_settings(build: Callable[[], Optimizer], complaint: str) -> None:
    """A setting out of its bounds is refused at once, by its name."""
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        build()


ANY_SGD: Any = SGD  # which type checkers let take anything
ANY_RMSPROP: Any = RMSProp
ANY_ADAM: Any = Adam
ANY_ADAMW: Any = AdamW


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        *[
            (lambda make=make: make(lr=Value(0.1)), "lr: expected a finite number >= 0, got Value(data=0.1")
            for make in (SGD, RMSProp, Adam, AdamW)
        ],
        (lambda: ANY_SGD(lr=[Value(0.1)]), "lr: expected a finite number >= 0, got list [Value(data=0.1"),
        (lambda: ANY_SGD("0.1"), "lr: expected a finite number >= 0, got str '0.1'"),
        (lambda: ANY_SGD(None), "lr: expected a finite number >= 0, got NoneType None"),
        (lambda: ANY_SGD(np.array([0.1])), "lr: expected a finite number >= 0, got ndarray array([0.1])"),
        (lambda: ANY_SGD(0.1j), "lr: expected a finite number >= 0, got complex 0.1j"),
        (lambda: ANY_SGD(momentum=Value(0.9)), "momentum: expected 0 <= momentum < 1, got Value(data=0.9"),
        (lambda: ANY_SGD(momentum="0.9"), "momentum: expected 0 <= momentum < 1, got str '0.9'"),
        (lambda: ANY_RMSPROP(rho=Value(0.9)), "rho: expected 0 <= rho < 1, got Value"),
        (lambda: ANY_RMSPROP(eps=None), "eps: expected eps > 0, got NoneType None"),
        (lambda: ANY_ADAM(betas=0.9), "betas: expected two numbers 0 <= beta < 1, got 0.9"),
        (lambda: ANY_ADAM(betas=(0.9, Value(0.9))), "betas: expected two numbers 0 <= beta < 1, got Value"),
        (lambda: ANY_ADAM(eps=Value(1e-8)), "eps: expected eps > 0, got Value"),
        (lambda: ANY_ADAMW(weight_decay=Value(0.1)), "weight_decay: expected weight_decay >= 0, got Value"),
    ],
)
def test_settings_are_numbers(build: Any, complaint: str) -> None:
    """A Value, which would make parameters of Values, and whatever else is no number, is a TypeError by its name."""
    with pytest.raises(TypeError, match=f"^{re.escape(complaint)}") as error:
        build()
    assert ("value.item() is its number" in str(error.value)) == (" got Value" in complaint)
    assert ("step(model.parameters())" in str(error.value)) == (" got list " in complaint)


@pytest.mark.parametrize(
    "late", [lambda o: setattr(o, "lr", Value(0.1)), lambda o: setattr(o, "lr", lambda _: Value(0.1))]
)
def test_a_rate_that_is_set_later_is_a_number(late: Callable[[Optimizer], None]) -> None:
    """Also one that a schedule returns, or that somebody sets: before a parameter moves."""
    optimizer, p = SGD(lr=0.1), Value(1.0)
    p.grad = 1.0
    late(optimizer)
    for step in (lambda: optimizer.step([p]), lambda: optimizer.step_array(np.ones(1), np.ones(1))):
        with pytest.raises(TypeError, match="^lr: expected a finite number >= 0, got Value"):
            step()
    assert p.data == 1.0


@pytest.mark.parametrize("lr", [1, True, np.float32(0.5), np.int64(2), Fraction(1, 2)])
def test_a_rate_may_be_any_real_number(lr: Any) -> None:
    """As everywhere, numbers of other types are real numbers."""
    p = Value(1.0)
    p.grad = 1.0
    SGD(lr=lr).step([p])
    assert p.data == 1.0 - float(lr)


def test_settings_may_be_zero() -> None:
    """Without memory and decay RMSProp and Adam move each parameter by lr against the sign of its gradient."""
    gradients = [[3.0, -0.5], [-2.0, -4.0]]
    expected = [[0.5, 1.5], [1.0, 2.0]]
    for optimizer in (
        RMSProp(lr=0.5, rho=0.0),
        Adam(lr=0.5, betas=(0.0, 0.0)),
        AdamW(lr=0.5, betas=(0.0, 0.0), weight_decay=0.0),
    ):
        for got, wanted in zip(run(optimizer, [1.0, 1.0], gradients), expected, strict=True):
            assert got == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_schedule_must_return_a_rate(bad: float) -> None:
    """A schedule that returns no finite rate >= 0 stops the step before a parameter moves."""
    optimizer = SGD(lr=lambda step: 0.5 if step < 2 else bad)
    p = Value(0.0)
    p.grad = 1.0
    optimizer.step([p])
    optimizer.step([p])
    with pytest.raises(ValueError, match=f"^lr: expected a finite number >= 0, got {bad!r}$"):
        optimizer.step([p])
    assert p.data == -1.0


def test_an_optimizer_without_a_formula() -> None:
    """The base class has no update of its own."""
    with pytest.raises(NotImplementedError):
        Optimizer(lr=0.1).step([Value(1.0)])


def test_an_optimizer_of_ones_own() -> None:
    """A formula is all that a new optimizer must bring; without `memory` it has no state."""

    class Signs(Optimizer):
        def update(self, p: Any, g: Any, lr: float, *state: Any) -> tuple[Any, ...]:
            assert not state
            return (p - lr * math.copysign(1.0, g),)

    assert run(Signs(lr=0.5), [1.0, 1.0], [[9.0, -0.1], [0.1, -9.0]]) == [[0.5, 1.5], [0.0, 2.0]]


def test_repr_shows_the_settings() -> None:
    """An optimizer prints as the call that builds it, before and after its first step."""
    optimizer = Adam(lr=0.5)
    assert repr(optimizer) == "Adam(lr=0.5, betas=(0.9, 0.999), eps=1e-08)"
    optimizer.step([Value(1.0)])
    assert repr(optimizer) == "Adam(lr=0.5, betas=(0.9, 0.999), eps=1e-08)"
    assert repr(Adam()) == "Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08)"
    assert repr(SGD()) == "SGD(lr=0.01, momentum=0.0, nesterov=False)"
    assert repr(RMSProp()) == "RMSProp(lr=0.01, rho=0.99, eps=1e-08)"
    assert repr(AdamW()) == "AdamW(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)"
