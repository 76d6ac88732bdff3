"""Plain numbers beside the loss, such as an accuracy: computed anew in every call, and of the type that they have.

The oracle is the function itself on Values. What decides is a guard: a comparison as an index or a key.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, grad, gradients, jit, value_and_grad

W, B = Value(3.0), Value(0.5)


@pytest.fixture(autouse=True)
def _numbers() -> None:
    W.data, B.data, W.grad, B.grad = 3.0, 0.5, 0.0, 0.0


def counted(xs: list[Any]) -> Any:
    """The loss and the accuracy of micrograd's demo."""
    scores = [W * x + B for x in xs]
    right = [(x > 0) == (score.data > 1.0) for x, score in zip(xs, scores, strict=True)]
    return sum([ag.relu(1 + -score) for score in scores]) * (1.0 / len(xs)), sum(right) / len(right)


def argmax(xs: list[Any]) -> Any:
    """The loss and which element is largest."""
    scores = [W * x for x in xs]
    return ag.sum(scores), max(range(len(xs)), key=lambda i: scores[i].data)


BESIDE: dict[str, Callable[[list[Any]], Any]] = {
    "a share": counted,
    "an outcome": lambda xs: (W * xs[0], W.data * 0.0 + (W * xs[0]).data > 1.0),
    "an outcome in a dict": lambda xs: {"loss": W * xs[0], "right": (W * xs[0]).data > 1.0},
    "an outcome of Values": lambda xs: (W * xs[0], xs[0] * W > B),
    "both outcomes": lambda xs: (W * xs[0], (xs[0] > 0) & (xs[0] < 1)),
    "a number": lambda xs: (W * xs[0], (W * xs[0]).data),
    "computed from numbers": lambda xs: (W * xs[0], ((W * xs[0]).data - 1.0) ** 2 / 2),
    "a number times an outcome": lambda xs: (W * xs[0], (W * xs[0]).data * (xs[0] > 0)),
    "a choice": lambda xs: (W * xs[0], ag.where(xs[0] > 0, 1.0, 0.0)),
    "the place of the largest": argmax,
    "by a branch": lambda xs: (W * xs[0], 1 if xs[0] > 0 else -1),
    "a constant": lambda xs: (W * xs[0], len(xs), 2.5, True),
    "an outcome alone": lambda xs: xs[0] * W > B,
    "a count alone": lambda xs: sum([x > 0.1 for x in xs]),
    "several": lambda xs: ([W * x for x in xs], [x.data > 0 for x in [W * x for x in xs]], 7),
}

POINTS = [[0.5, -1.0, 2.0], [-0.5, 1.0, 0.05], [0.1, 0.2, -3.0], [0.5, -1.0, 2.0]]


def kinds(x: Any) -> Any:
    """A result with the kind of each of its numbers in its place: a Value, a bool, or another number."""
    if isinstance(x, dict):
        return {key: kinds(item) for key, item in x.items()}
    if isinstance(x, (list, tuple)):
        return type(x), [kinds(item) for item in x]
    return "Value" if isinstance(x, Value) else "bool" if isinstance(x, bool) else "number"


def numbers(x: Any) -> list[float]:
    """The numbers of a result."""
    if isinstance(x, (dict, list, tuple)):
        return [n for item in (x.values() if isinstance(x, dict) else x) for n in numbers(item)]
    return [x.data if isinstance(x, Value) else float(x)]


@pytest.mark.parametrize("name", BESIDE)
def test_beside_the_loss(name: str) -> None:
    """The kind of each number is what it is eagerly, its value that of this call's arguments and captured numbers."""
    function = BESIDE[name]
    fast = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for weight in (3.0, -2.0, 3.0):
            W.data = weight
            for xs in POINTS:
                got, expected = fast(xs), function([ag.constant(x) for x in xs])
                assert kinds(got) == kinds(expected)
                assert numbers(got) == pytest.approx(numbers(expected))


def test_the_loss_has_its_gradient() -> None:
    """That of the loss alone, and the numbers beside it have none."""
    loss, _ = jit(counted)(POINTS[0])
    loss.backward()
    got, W.grad = W.grad, 0.0
    counted(POINTS[0])[0].backward()
    assert got == pytest.approx(W.grad)


TRANSFORMED: dict[str, Callable[[Any], Any]] = {
    "grad of jit": lambda f: grad(lambda x: jit(f)([x, 2.0])[0])(0.25),
    "jit of grad": lambda f: jit(grad(lambda x: f([x, 2.0])[0]))(0.25),
    "value and grad of jit": lambda f: value_and_grad(lambda x: jit(f)([x, 2.0])[0])(0.25)[1],
    "jit of value and grad": lambda f: jit(value_and_grad(lambda x: f([x, 2.0])[0]))(0.25)[1],
    "a graph": lambda f: graph(f),
}


def graph(f: Callable[..., Any]) -> float:
    """The derivative as a Value."""
    x = Value(0.25)
    (slope,) = gradients(jit(f)([x, 2.0])[0], [x], create_graph=True)
    return float(slope.data)


@pytest.mark.parametrize("name", TRANSFORMED)
def test_derivatives(name: str) -> None:
    """Of the loss of a function that returns an accuracy too."""

    def f(xs: Any) -> Any:
        score = W * xs[0] ** 2 + xs[1]
        return score, score.data > 0, (score.data > 0) * 0.5

    assert TRANSFORMED[name](f) == pytest.approx(1.5)


# --- Means ---------------------------------------------------------------------------------------------------


def example(x: Any, y: Any) -> Any:
    """The hinge loss of an example, with what people like to know."""
    score = W * x + B
    return ag.relu(1.0 - score * y), {"right": (score.data > 0) == (y > 0), "score": score.data, "n": 1}


def branching(x: Any, y: Any) -> Any:
    """The same in two ways."""
    score = W * x + B
    if score > 0:
        return score * y, 1.0
    return -score, 0


X, Y = [0.5, -1.0, 2.0, 0.1, -0.3], [1.0, 1.0, -1.0, -1.0, 1.0]


def eager_means() -> tuple[Value, dict[str, float]]:
    """By the function itself."""
    results = [example(ag.constant(x), ag.constant(y)) for x, y in zip(X, Y, strict=True)]
    beside = {key: float(np.mean([float(each[1][key]) for each in results])) for key in results[0][1]}
    return ag.mean([loss for loss, _ in results]), beside


def test_the_mean_of_each() -> None:
    """The mean loss as a node, and the means of the numbers beside it, arranged as the result is."""
    for weight in (3.0, -1.0):
        W.data = weight
        loss, beside = jit(example).mean(X, Y)
        expected, numbers = eager_means()
        assert beside == pytest.approx(numbers)
        assert loss.data == pytest.approx(expected.data)
        assert gradients(loss, [W, B]) == pytest.approx(gradients(expected, [W, B]))


def test_means_over_several_ways() -> None:
    """Examples that take different branches, one of which returns constants."""
    fast = jit(branching)
    loss, share = fast.mean(X, Y)
    results = [branching(ag.constant(x), ag.constant(y)) for x, y in zip(X, Y, strict=True)]
    assert share == pytest.approx(np.mean([float(r[1]) for r in results]))
    assert loss.data == pytest.approx(np.mean([r[0].data for r in results]))
    assert gradients(loss, [W]) == pytest.approx(gradients(ag.mean([r[0] for r in results]), [W]))


def test_means_where_a_way_returns_constants_alone() -> None:
    """Which of the numbers is the loss is known from the other way, whichever comes first."""

    def early(x: Any) -> Any:
        if x > 0:
            return 7, 0.0
        return 1.0, W * x

    for X in ([1.0, -1.0, -2.0], [-1.0, -2.0, 1.0], [-1.0], [1.0, 2.0]):
        for objective in (False, True):
            fast = jit(early)
            results = [early(x) for x in X]
            expected = float(np.mean([r[1].data if isinstance(r[1], Value) else r[1] for r in results]))
            slope = float(np.mean([min(x, 0.0) for x in X]))
            if objective:
                mean, slopes = fast.batch(X).objective([W]).gradient()
                assert [mean, *slopes.tolist()] == pytest.approx([expected if min(X) < 0 else 7.0, slope])
            else:
                number, loss = fast.mean(X)
                assert number == pytest.approx(np.mean([r[0] for r in results]))
                assert getattr(loss, "data", loss) == pytest.approx(expected)
                assert min(X) > 0 or gradients(loss, [W]) == pytest.approx([slope])


def test_means_where_the_function_runs_eagerly() -> None:
    """After a warning the numbers are the same."""

    def lossy(x: Any) -> Any:
        score = W * x
        return score * score, round(score.data)

    with pytest.warns(RuntimeWarning, match="rounds a number out of a Value"):
        loss, rounded = jit(lossy).mean([0.5, 1.0])
    assert (loss.data, rounded) == (pytest.approx((2.25 + 9.0) / 2), (round(1.5) + round(3.0)) / 2)
    assert gradients(loss, [W]) == pytest.approx([(2 * 1.5 * 0.5 + 2 * 3.0) / 2])


def test_an_objective_is_the_mean_loss() -> None:
    """Its gradient does not see what is beside it; later programs and steps neither."""
    for function, weights in ((example, (3.0, 1.0, -1.0)), (branching, (3.0, 0.5, -3.0))):
        objective = jit(function).batch(X, Y).objective([W, B])
        for weight in weights:
            W.data = weight
            objective.read()
            mean, slope = objective.gradient()
            results = [function(ag.constant(x), ag.constant(y)) for x, y in zip(X, Y, strict=True)]
            expected = ag.mean([each[0] for each in results])
            assert mean == pytest.approx(expected.data)
            assert slope.tolist() == pytest.approx(gradients(expected, [W, B]))


def test_values_among_the_examples() -> None:
    """Their gradient, and that of their gradient, is by the loss."""
    x = Value(0.5)
    loss, beside = jit(lambda x: (W * x**3, x.data > 0)).mean([x, 1.0])
    (slope,) = gradients(loss, [x], create_graph=True)
    assert slope.data == pytest.approx(3 * 3 * 0.25 / 2)
    assert gradients(slope, [x]) == pytest.approx([3 * 6 * 0.5 / 2])
    assert beside == 1.0


def test_numbers_alone_have_a_mean() -> None:
    """A number, as eagerly."""
    assert jit(lambda x: (W * x).data).mean([1.0, 2.0]) == 4.5
    assert jit(lambda x: x > 1.5).mean([1.0, 2.0]) == 0.5


def test_map_gives_all_of_them() -> None:
    """As arrays."""
    loss, beside = jit(example).map(X, Y)
    results = [example(ag.constant(x), ag.constant(y)) for x, y in zip(X, Y, strict=True)]
    np.testing.assert_allclose(loss, [r[0].data for r in results])
    for key in ("right", "score", "n"):
        np.testing.assert_allclose(beside[key], [float(r[1][key]) for r in results])


@pytest.mark.parametrize("result", [lambda x: [x, x], lambda x: (W * x, W), lambda x: [W * x], lambda x: (W * x, W, 1)])
def test_several_losses_have_no_mean(result: Callable[[Any], Any]) -> None:
    """It cannot be told which of them is the loss."""
    with pytest.raises(TypeError, match="single number for mean, and at most plain numbers beside it"):
        jit(result).mean([1.0, 2.0])


def test_a_program_that_computes_something_else_is_found_out() -> None:
    """A number beside the loss is compared with the function's own, as the loss is."""
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        return W * x, float(len(calls))

    with pytest.raises(RuntimeError, match="depends on more than its arguments"):
        jit(f)(1.0)


# --- Comparisons that decide ---------------------------------------------------------------------------------

A, OTHER = "a", "b"

DECIDES: dict[str, Callable[[Any], Any]] = {
    "a key": lambda x: {True: x, False: -x}[x > 0],
    "a key, of a comparison that is used elsewhere": lambda x: both_uses(x),
    "a key that need not be there": lambda x: {True: x}.get(x > 0, x * 7.0),
    "two keys": lambda x: {(True, False): x, (False, True): -x, (True, True): x * x}[x > 0, x < 1],
    "keys 1 and 0": lambda x: {1: x, 0: -x}[x > 0],
    "in a set": lambda x: x if (x > 0) in {True, None} else -x * x,
    "a set of outcomes": lambda x: x * len({x > 0, x > 1, x > -1}),
    "its hash": lambda x: x * (2.0 + hash(x > 0)),
    "an index": lambda x: [x * 3.0, x][x > 0],
    "inverted": lambda x: x * ~(x > 0),
    "inverted, of a comparison that is used elsewhere": lambda x: inverted(x),
    "cached": lambda x: x * chosen(x > 0),
    "of a number out of a Value": lambda x: {True: x, False: -x}[(x * 2.0).data > 1.0],
    "equal": lambda x: {True: x, False: x * 5.0}[x == 2.0],
    "of two arguments": lambda x: {True: x, False: -x}[x > W],
    "as truth, by identity": lambda x: by_identity(x),
    "by its type": lambda x: by_type(x),
    "matched": lambda x: matched(x),
    "in a list of bits": lambda x: bits(x),
    "negated": lambda x: {True: x, False: -x}[not x > 0],
}


def both_uses(x: Any) -> Any:
    """A comparison that chooses, decides, and is counted."""
    positive = x > 0
    return ag.where(positive, x, 3.0) * {True: x, False: -x}[positive] + positive


def inverted(x: Any) -> Any:
    """A comparison that chooses and is inverted: -2 or -1, as of any bool."""
    positive = x > 0
    return ag.where(positive, x, 3.0) * ~positive


def by_identity(x: Any) -> Any:
    """A comparison that chooses, and is looked at in a way that is not seen."""
    positive = x > 0
    return ag.where(positive, x, 3.0) * (5.0 if positive is True else 1.0)


def by_type(x: Any) -> Any:
    """One that is asked whether it is a bool."""
    positive = x > 0
    return ag.where(positive, x, 3.0 * x) * (5.0 if isinstance(positive, bool) else 1.0)


def matched(x: Any) -> Any:
    """One that chooses, and is one of two cases: match asks whether it is True itself."""
    positive = x > 0
    y = ag.where(positive, x, 3.0)
    match positive:
        case True:
            return y * 2.0
        case False:
            return -y * x


def bits(x: Any) -> Any:
    """One that chooses, and is shifted."""
    positive = x > 0
    return ag.where(positive, x, x * 3.0) * (1 + (positive << 2))


def chosen(key: Any) -> float:
    """Looked for in a dict by another function."""
    return {True: 2.0, False: 3.0}[key]


@pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")
@pytest.mark.parametrize("name", DECIDES)
def test_a_comparison_that_decides(name: str) -> None:
    """Is a guard: each way is recorded once, values and gradients are the function's own; nothing is warned of."""
    function = DECIDES[name]
    fast = jit(function)
    for x in (2.0, -2.0, 0.25, 4.0, 2.0, -1.0):
        given, own = Value(x), Value(x)
        got, expected = fast(given), function(own)
        assert got.data == pytest.approx(expected.data)
        assert gradients(got, [given]) == pytest.approx(gradients(expected, [own]))
    assert 2 <= sum([len(family.paths) for family in fast.families.values()]) <= 3
    np.testing.assert_allclose(fast.map([2.0, -2.0]), [function(Value(x)).data for x in (2.0, -2.0)])


def test_text_of_an_outcome_is_that_of_a_bool(capsys: pytest.CaptureFixture[str]) -> None:
    """For people."""
    fast = jit(lambda x: (print(x > 0, f"{x > 1!s:>6}"), ag.where(x > 0, x, 1.0))[1])  # noqa: T201
    fast(0.5)
    assert {*capsys.readouterr().out.splitlines()} == {"True  False"}


def test_choosing_is_no_decision() -> None:
    """where() and its gradient have one way, also within a transform, which sweeps over the comparison."""
    inner = jit(lambda x: ag.where(x > 0, x * x, -x) * (1 + (x > 1)))
    fast = jit(grad(inner))
    assert [fast(x) for x in (0.5, -2.0, 3.0)] == [1.0, -1.0, 12.0]  # by the program of the function
    assert [fast(Value(x)).data for x in (0.5, -2.0, 3.0)] == [1.0, -1.0, 12.0]  # by one of the gradient
    assert [len(family.paths) for each in (inner, fast) for family in each.families.values()] == [1, 1]
