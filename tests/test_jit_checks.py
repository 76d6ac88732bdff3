"""What a jitted function is accused of: depending on more than its arguments, and never mere rounding."""

import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value, atan2, jit, tanh


def logistic(steps: int) -> Callable[[list[Any]], Any]:
    """Logistic maps coupled by their mean, which double a difference in each step."""

    def run(xs: list[Any]) -> Any:
        for _ in range(steps):
            ys = [4.0 * x * (1.0 - x) for x in xs]
            mean = sum(ys) / len(ys)
            xs = [0.95 * y + 0.05 * mean for y in ys]
        return sum(xs)

    return run


STARTS = [[0.1 + 0.07 * i + 0.001 * j for i in range(10)] for j in range(6)]


@pytest.mark.parametrize("steps", [60, 100])
def test_a_chaotic_function_is_not_accused(steps: int) -> None:
    """Rounding that a function amplifies is no dependence on anything else, in calls and batches."""
    fast = jit(logistic(steps))
    assert all(0.0 <= fast([Value(x) for x in start]).data <= 10.0 for start in STARTS)
    assert np.all(np.isfinite(jit(logistic(steps)).map(STARTS)))
    assert 0.0 <= jit(logistic(steps)).mean(STARTS) <= 10.0


def test_the_sign_of_a_zero_is_no_accusation() -> None:
    """-0.0 + 0.0 is 0.0, and atan2 tells them apart: a difference of rounding all the same."""
    w = Value(1.0)
    y = jit(lambda x, y: atan2(x * 1.0 + 0.0, y * w))(-0.0, Value(-1.0))
    assert abs(y.data) == math.pi


def tie() -> float:
    """A number whose tanh NumPy rounds below that of math, so that ``>=`` fails there; any if there is none."""
    numbers = np.random.default_rng(0).uniform(-3.0, 3.0, 20000)
    ties = [x for x in numbers.tolist() if float(np.tanh(np.array([x]))[0]) < math.tanh(x)]
    return ties[0] if ties else 0.5


TIE = tie()


def stepped(x: Any) -> Any:
    """Two branches that part at the tie."""
    return x * 2.0 if tanh(x) >= math.tanh(TIE) else x * 3.0


BATCH = [TIE, -3.5, 3.5, TIE, -4.0]


def test_a_tie_keeps_the_batch_compiled() -> None:
    """An example for which its own path does not hold runs eagerly, and nothing else does."""
    fast = jit(stepped)
    for _ in range(40):
        first, *others, last = fast.map(BATCH).tolist()
        assert first in (2.0 * TIE, 3.0 * TIE)
        assert others[2] in (2.0 * TIE, 3.0 * TIE)
        assert [*others[:2], last] == [-10.5, 7.0, -12.0]
    (family,) = fast.families.values()
    assert not family.eager
    assert len(family.paths) == 2


def test_a_tie_keeps_the_mean_compiled() -> None:
    """The mean over a batch with a tie takes one of both branches for each of them."""
    fast = jit(stepped)
    others = -10.5 + 7.0 - 12.0
    for _ in range(40):
        mean = fast.mean(BATCH)
        mean = mean.data if isinstance(mean, Value) else mean
        assert min(abs(5.0 * mean - others - k * TIE) for k in (4.0, 5.0, 6.0)) < 1e-12
    (family,) = fast.families.values()
    assert not family.eager
    assert len(family.paths) == 2


def test_a_tie_keeps_calls_compiled() -> None:
    """A call at a tie is computed, however often, without a path for each time."""
    fast = jit(stepped)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(40):
            assert fast(Value(TIE)).data in (2.0 * TIE, 3.0 * TIE)
            assert fast(Value(3.5)).data == 7.0
            assert fast(Value(-3.5)).data == -10.5
    (family,) = fast.families.values()
    assert not family.eager
    assert len(family.paths) == 2


@pytest.mark.parametrize("first", [-3.5, 3.5])
def test_the_other_branch_at_a_tie_is_no_accusation(first: float) -> None:
    """With both paths known, the batch may take the other one at the tie."""
    fast = jit(stepped)
    fast.map([first, -first])
    assert fast.map([TIE, 3.5, -3.5])[0] in (2.0 * TIE, 3.0 * TIE)


def branching(x: Any) -> Any:
    """A coin is tossed, and no recorded comparison."""
    return x * 2.0 if random.random() < 0.5 else x * 3.0


ACCUSED: dict[str, Callable[[Any], Any]] = {
    "random": lambda x: x * random.random(),
    "text": lambda x: x * float(repr(getattr(x, "data", x))),
    "text, chaotic": lambda x: logistic(60)([x * 0.1, 0.3 + 0.001 * float(repr(getattr(x, "data", x)))]),
    "text, at a branch": lambda x: x * float(repr(getattr(x, "data", x))) if tanh(x) > 0.01 else x,
    "branch on text": lambda x: x * 2.0 if float(repr(getattr(x, "data", x))) < 0.5 else x * 3.0,
}

WAYS: dict[str, Callable[[Any, list[float]], Any]] = {
    "call": lambda fast, xs: [fast(Value(x)) for x in xs],
    "map": lambda fast, xs: fast.map(xs),
    "mean": lambda fast, xs: fast.mean(xs),
}


@pytest.mark.parametrize("name", ACCUSED)
@pytest.mark.parametrize("way", WAYS)
def test_what_depends_on_more_is_accused(name: str, way: str) -> None:
    """Numbers that were taken out of the graph or of nowhere raise, as they did."""
    with pytest.raises(RuntimeError, match="depends on more than its arguments"):
        WAYS[way](jit(ACCUSED[name]), [0.2, 0.6, 0.9])


def test_a_coin_is_accused() -> None:
    """A branch taken at random raises at the first run that differs, whatever is recorded then."""
    raised = 0
    for seed in range(20):
        random.seed(seed)
        outcomes = [random.random() < 0.5 for _ in range(2)]
        random.seed(seed)
        fast = jit(branching)
        if outcomes[0] != outcomes[1]:
            with pytest.raises(RuntimeError, match="depends on more"):
                fast(Value(1.0))
            raised += 1
        else:
            assert fast(Value(1.0)).data in (2.0, 3.0)
    assert raised
