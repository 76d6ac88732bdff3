"""Programs of ordinary code, a little unlike a textbook's: repeated formulas, constants, conditions as numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value, grad, hessian, jit


def numbers(x: Any) -> list[float]:
    """The numbers of a result, in order."""
    parts: Any = x if isinstance(x, (list, tuple)) else [x]
    found: list[float] = []
    for part in parts:
        found += numbers(part) if isinstance(part, (list, tuple)) else [getattr(part, "data", part)]
    return found


REPEATED: dict[str, Callable[[list[Any]], Any]] = {
    "a formula twice": lambda x: ag.tanh(0.5 * x[0] + 0.5 * x[1]) * ag.sin(0.5 * x[0] + 0.5 * x[1]),
    "a dot twice": lambda x: [ag.dot(x, [0.1] * len(x)), ag.dot(x, [0.1] * len(x))],
    "a mean in a loop": lambda x: sum([(v - sum([0.25 * u for u in x])) ** 2 for v in x]),
    "constants only": lambda x: [ag.dot([1.0, 2.0], [3.0, 4.0]) * v for v in x],
    "equal sums of unlike things": lambda x: [0.5 * x[0] + 0.25 * x[1], 0.5 * x[0] + 0.25 * x[1], 0.5 * x[2]],
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_is_written_twice(name: str) -> None:
    """A formula that stands twice, with constants of its own each time, gives the numbers of the eager function."""
    function = REPEATED[name]
    x = [0.4, 0.5, -0.6, 0.7]
    fast = jit(function)
    given, eager = [Value(v) for v in x], [Value(v) for v in x]
    got, expected = fast(given), function(eager)
    np.testing.assert_allclose(numbers(got), numbers(expected), rtol=1e-14)
    total, whole = (ag.sum(list(y) if isinstance(y, list) else [y]) for y in (got, expected))
    np.testing.assert_allclose(ag.gradients(total, given), ag.gradients(whole, eager), rtol=1e-13)


def test_what_is_written_twice_over_a_batch() -> None:
    """The same for examples in lockstep."""
    function = REPEATED["a mean in a loop"]
    X = [[0.4, 0.5, -0.6, 0.7], [0.1, 0.2, 0.3, -0.4]]
    np.testing.assert_allclose(jit(function).map(X), [function(x) for x in X], rtol=1e-14)


def test_what_is_computed_twice_is_one_statement() -> None:
    """Two equal sums are one, though each has constants of its own."""
    fast = jit(REPEATED["a formula twice"])
    fast([Value(0.4), Value(0.5)])
    assert (
        len([row for row in map(fast.program.rolled.__getitem__, range(len(fast.program.rolled))) if "0.5" in row[2]])
        == 1
    )


CONDITIONS: dict[str, Callable[[Any, Value], Any]] = {
    "and": lambda x, w: ag.where((x > 0) & (x < 1), x * w, -x),
    "or": lambda x, w: ag.where((x < 0) | (x > 1), x * w, -x),
    "xor": lambda x, w: ag.where((x < 0) ^ (x < 1), x * w, -x),
    "and with a bool": lambda x, w: ag.where((x > 0) & True, x * w, -x),
    "index": lambda x, w: [x * 1.0, x * w][x > 0],
    "int": lambda x, w: int(x > 0) * x * w + w,
    "float": lambda x, w: float(x > 1) * w + x,
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_are_as_good_as_bools(name: str) -> None:
    """``&``, ``|``, ``^`` of comparisons, and comparisons as numbers and indices, mean in a program what they mean."""
    w = Value(3.0)
    fast = jit(lambda x: CONDITIONS[name](x, w))
    for number in (0.5, -1.0, 2.0, 0.75):
        x, y = Value(number), Value(number)
        got, expected = fast(x), CONDITIONS[name](y, w)
        assert got.data == pytest.approx(expected.data, rel=1e-15)
        assert ag.gradients(got, [x, w]) == pytest.approx(ag.gradients(expected, [y, w]), rel=1e-15)


def test_where_of_combined_conditions_needs_no_guard() -> None:
    """``&`` and ``|`` ask nobody for the truth, so one path serves all numbers."""
    fast = jit(lambda x: ag.where((x > 0) & (x < 1) | (x > 5), x * 2.0, -x))
    assert [fast(Value(x)).data for x in (0.5, -1.0, 2.0, 6.0)] == [1.0, 1.0, -2.0, 12.0]
    assert len(next(iter(fast.families.values())).paths) == 1


@pytest.mark.parametrize("transform", [grad, hessian], ids=["grad", "hessian"])
def test_derivatives_of_a_classifier(transform: Any) -> None:
    """Gradient and Hessian of a cross-entropy roll too: the shift of a softmax is flat in a program."""
    model = nn.MLP(3, [4, 3], activation="tanh", rng=random.Random(0))
    eager = transform(lambda x: nn.cross_entropy(model(x), 1))
    fast = jit(eager)
    for x in ([0.1, 0.2, 0.3], [2.0, -1.0, 0.5]):
        np.testing.assert_allclose(numbers(fast(x)), numbers(eager(x)), rtol=1e-11, atol=1e-13)


def test_a_derivative_of_a_jitted_derivative() -> None:
    """What a jitted gradient of a logsumexp returns can be differentiated once more."""
    inner = grad(lambda x: ag.logsumexp(x) * x[0])
    x = [Value(0.1), Value(0.2), Value(0.5)]
    weighted = ag.sum([d * (i + 1.0) for i, d in enumerate(jit(inner)(x))])
    expected = grad(lambda x: ag.sum([d * (i + 1.0) for i, d in enumerate(inner(x))]))([0.1, 0.2, 0.5])
    np.testing.assert_allclose(ag.gradients(weighted, x), expected, rtol=1e-12)


def matched(x: Any) -> str:
    """Which way a ``match`` goes, which compares with ``is``."""
    match x > 0:
        case True:
            return "positive"
        case _:
            return "other"


OUTCOMES: dict[str, Callable[[Any], Any]] = {
    "is": lambda x: x * 2.0 if (x > 0) is True else -x,
    "match": lambda x: x * 2.0 if matched(x) == "positive" else -x,
    "isinstance": lambda x: x * 2.0 if isinstance(x > 0, bool) else -x,
    "a key": lambda x: x * {True: 2.0, False: -1.0}[x > 0],
    "keys of a set": lambda x: x * len({(x > 0, x > 1), (x > 0, True)}),
    "text": lambda x: x * len(str(x > 0)),
    "a number's": lambda x: x * 2.0 if (x.data > 0) is True else -x,
    "and handing on": lambda x: x * 2.0 if (x > 0 and x > 1) is True else -x,
}


@pytest.mark.parametrize("name", OUTCOMES)
@pytest.mark.parametrize("start", [-1.0, 0.5, 3.0])
def test_an_outcome_that_is_looked_at_by_itself(name: str, start: float) -> None:
    """The outcome of a comparison is the bool itself where it is used in a way that no program can see."""
    function = OUTCOMES[name]
    fast = jit(function)
    for number in (start, start / 2.0, -1.0, 2.0, 0.75, -3.0, 0.25):
        assert fast(number) == function(Value(number)).data
    X = [start, 2.0, -1.0, 0.5, -2.0]
    assert [*jit(function).map(X)] == [function(Value(x)).data for x in X]
    assert not next(iter(fast.families.values())).eager


CONSTANT_BRANCHES: dict[str, Callable[[Any], Any]] = {
    "a payoff": lambda x: max(x - 1.0, 0),
    "beside another": lambda x: [max(x - 1.0, 0.0), x * 2.0],
    "either way": lambda x: 1.0 if x > 0 else 2,
    "an outcome": lambda x: [x > 0, x * 2.0],
}


@pytest.mark.parametrize("name", CONSTANT_BRANCHES)
def test_a_branch_that_returns_a_constant(name: str) -> None:
    """A number where a branch returns one, a Value where it does not: as the function itself does."""
    function = CONSTANT_BRANCHES[name]
    fast = jit(function)
    for x in (2.0, -1.0, 1.5, 0.5):
        got, expected = fast(Value(x)), function(Value(x))
        assert numbers(got) == numbers(expected)
        pairs = zip(*[part if isinstance(part, list) else [part] for part in (got, expected)], strict=True)
        assert all([isinstance(a, Value) == isinstance(b, Value) for a, b in pairs])


def test_derivatives_of_a_branch_that_returns_a_constant() -> None:
    """They are 0, in the mean over a batch too."""
    w = Value(2.0)
    fast = jit(lambda x: max(w * x, 0))
    mean = fast.mean([1.0, -2.0, 3.0, -4.0])
    assert (mean.data, ag.gradients(mean, [w])) == (2.0, [1.0])
    assert [grad(fast)(x) for x in (3.0, -3.0)] == [2.0, 0.0]
    assert [*fast.map([-1.0, 2.0])] == [0.0, 4.0]


def test_a_constant_without_a_branch_is_refused() -> None:
    """It can only be a gradient that was lost."""
    with pytest.raises(TypeError, match="a plain number does not depend on the arguments"):
        jit(lambda _: 3.0)(1.0)
