"""Whole numbers that are used as such, without being static: eagerly, with a warning that says what to do."""

from __future__ import annotations

import enum
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value, grad, jit, value_and_grad

ROWS = [[1.0, 2.0], [3.0, 4.0]]


class Which(enum.IntEnum):
    """A whole number with a name."""

    SECOND = 1


def quiet(run: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What is returned, and the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = run()
    return result, [str(x.message) for x in caught]


def plain(x: Any) -> Any:
    """The numbers of a result."""
    if isinstance(x, (list, tuple, np.ndarray)):
        return [plain(item) for item in x]
    return x.data if isinstance(x, Value) else x


USES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
    "an index": (lambda x, k: x * ROWS[k][1], (2.0, 1), "k"),
    "an index into an array": (lambda x, k: x * np.array(ROWS)[k, 0], (2.0, 1), "k"),
    "an index into an argument": (lambda W, k: W[k][0] * 2.0, (ROWS, 1), "k"),
    "a row of an argument": (lambda W, k: [w * 2.0 for w in W[k]], (np.array(ROWS), 1), "k"),
    "a count": (lambda x, n: ag.sum([x * x for _ in range(n)]), (2.0, 3), "n"),
    "how often in a list": (lambda x, n: ag.sum([x] * n), (2.0, 3), "n"),
    "a slice": (lambda xs, n: ag.sum(xs[:n]), ([1.0, 2.0, 4.0], 2), "n"),
    "a key": (lambda x, k: {1: x, 2: -x}[k], (2.0, 2), "k"),
    "a key that need not be there": (lambda x, k: x * {1: 3.0}.get(k, 100.0), (2.0, 1), "k"),
    "in a set": (lambda x, k: x if k in {1, 2} else -x, (2.0, 2), "k"),
    "bits": (lambda x, n: x * (n & 2) * (n << 1), (2.0, 3), "n"),
    "a method of int": (lambda x, n: x * n.bit_length(), (2.0, 5), "n"),
    "NumPy's": (lambda x, n: ag.sum([x] * n), (2.0, np.int64(3)), "n"),
    "a truth value": (lambda x, b: [x, -x][b], (2.0, True), "b"),
    "a member of an enum": (lambda x, k: x * ROWS[k][0], (2.0, Which.SECOND), "k"),
    "several in a list": (lambda xs, places: ag.sum([xs[i] for i in places]), ([1.0, 2.0, 4.0], [0, 2]), "places"),
    "one among others": (lambda p: ag.sum([p["x"]] * p["n"]), ({"x": 2.0, "n": 3},), "p"),
    "beside a whole number that is none": (lambda x, n: ag.sum([x] * n), (2, 3), "n"),
    "by the transform inside": (lambda x, n: grad(lambda y: y**2 * ROWS[n][0])(x), (2.0, 1), "n"),
    "by an inner jit": (lambda x, n: jit(lambda y, m: ag.sum([y] * m), static_argnums=1)(x, n), (2.0, 3), "n"),
    "refused by the function": (lambda x, n: x * one_of("abc", n), (2.0, 1), "n"),
}


def one_of(text: str, k: Any) -> float:
    """Asks for an int in its own words."""
    if not isinstance(k, int):
        raise ValueError(f"expected an int, got {type(k).__name__}")
    return float(ord(text[k]))


@pytest.mark.parametrize("name", USES)
def test_the_answer_is_that_of_the_function(name: str) -> None:
    """And one warning names the argument, the line, and static_argnames, with which it is not needed."""
    function, args, argument = USES[name]
    fast = jit(function)
    results, said = quiet(lambda: [fast(*args), fast(*args)])
    expected = plain(function(*args))
    assert plain(results) == [pytest.approx(expected)] * 2
    assert len(said) == 1
    assert f"the argument {argument} as a whole number" in said[0]
    assert "test_jit_whole.py, line" in said[0]
    assert f"static_argnames='{argument}'" in said[0]


@pytest.mark.parametrize("name", ["an index", "a count", "a key that need not be there", "a method of int"])
def test_the_advice_is_good(name: str) -> None:
    """With it there is no warning, and a program."""
    function, args, argument = USES[name]
    fast = jit(function, static_argnames=argument)
    result, said = quiet(lambda: fast(*args))
    assert (plain(result), said) == (plain(function(*args)), [])
    assert [len(family.paths) for family in fast.families.values()] == [1]


@pytest.mark.parametrize("given", [Value(3.0), 3.0])
def test_what_is_no_whole_number_raises_as_eagerly(given: Any) -> None:
    """A Value as a count, and a float, are the function's own TypeError, without a warning."""
    with pytest.raises(TypeError):
        jit(lambda x, n: ag.sum([x] * n))(2.0, given)


def test_what_the_function_raises_of_its_own() -> None:
    """An index out of range is an IndexError, a TypeError of its own what it is: as it is without jit, no warning."""
    with pytest.raises(IndexError, match="out of range"):
        jit(lambda x, k: x * ROWS[k][0])(2.0, 5)

    def refuses(x: Any, n: Any) -> Any:
        raise TypeError(f"not today: {x} {n}"[:9])

    with pytest.raises(TypeError, match="not today"):
        jit(refuses)(2.0, 1)


@pytest.mark.parametrize("function", [lambda x, n: x * n ** (1 / 3), lambda x, n: x * ag.log(n)])
def test_a_domain_is_left_as_ever(function: Callable[..., Any]) -> None:
    """An operation outside its domain is no sign that a whole number is wanted: the error is autograd's own."""
    with pytest.raises(ValueError, match="domain|cbrt"):
        jit(function)(2.0, -8)


def test_derivatives_by_the_others() -> None:
    """grad(jit(f)), jit(grad(f)) and value_and_grad give them, with one warning each."""

    def f(x: Any, n: Any) -> Any:
        return ag.sum([x * x for _ in range(n)])

    for run, expected in (
        (lambda: grad(jit(f))(2.0, 3), 12.0),
        (lambda: jit(grad(f))(2.0, 3), 12.0),
        (lambda: value_and_grad(jit(f))(2, 3), (12.0, 12.0)),
        (lambda: jit(f)(2.0, n=3), 12.0),
    ):
        result, said = quiet(run)
        assert result == expected
        assert len(said) == 1
        assert "static_argnames='n'" in said[0]


@pytest.mark.parametrize("lookup", [lambda k: ROWS[k][0], lambda k: {0: 1.0, 1: 3.0}.get(k, 100.0)])
def test_over_a_batch(lookup: Callable[[Any], float]) -> None:
    """Each example has its own; the loss, its gradient, and what map gives are the function's."""
    w = Value(3.0)
    X, K = [1.0, 2.0, 3.0], [0, 1, 0]
    expected = [3.0 * x * ROWS[k][0] for x, k in zip(X, K, strict=True)]
    for run, result in (
        (lambda: jit(lambda x, k: w * x * lookup(k)).mean(X, K).data, sum(expected) / 3),
        (lambda: jit(lambda x, k: w * x * lookup(k)).map(X, K).tolist(), expected),
        (lambda: jit(lambda x, k: w * x * lookup(k)).map(np.array(X), np.array(K)).tolist(), expected),
        (lambda: jit(lambda x, k: w * x * lookup(k)).batch(X, K).objective([w]).gradient()[0], sum(expected) / 3),
    ):
        got, said = quiet(run)
        assert got == pytest.approx(result)
        assert len(said) == 1
        assert "static_argnames='k'" in said[0]


def test_a_class_as_target() -> None:
    """cross_entropy takes a class: eagerly where it is an argument, as a program where it is static."""
    model = nn.MLP(2, [3, 3], rng=random.Random(0))
    x = [1.0, -2.0]
    expected = nn.cross_entropy(model(x), 2).data

    def loss(x: Any, y: Any) -> Any:
        return nn.cross_entropy(model(x), y)

    got, said = quiet(lambda: jit(loss)(x, 2))
    assert got.data == pytest.approx(expected)
    assert len(said) == 1
    got, said = quiet(lambda: jit(loss, static_argnames="y")(x, 2))
    assert got.data == pytest.approx(expected)
    assert said == []


def test_the_library_may_hash_what_it_likes() -> None:
    """A gradient inside, which sweeps over the nodes, is recorded where a whole number is among them."""
    fast = jit(lambda x, n: grad(lambda y: y * y * n)(x))
    assert fast(2.0, 3) == 12.0
    assert [len(family.paths) for family in fast.families.values()] == [1]


def test_arguments_with_long_names() -> None:
    """The advice has the name that the function gives them, in whatever script."""

    def repeated(x: Any, how_often_it_is_to_be_added_up: Any, größe: Any) -> Any:  # noqa: PLC2401
        return ag.sum([x] * how_often_it_is_to_be_added_up * größe)

    for run in (
        lambda: jit(repeated)(2.0, 3, 1),
        lambda: jit(repeated)(2.0, größe=1, how_often_it_is_to_be_added_up=3),
    ):
        result, said = quiet(run)
        assert result == 6.0
        assert "'how_often_it_is_to_be_added_up'" in said[0]
        assert "'größe'" in said[0]


def test_arguments_without_names() -> None:
    """Where the function does not tell its parameters, the advice is a position."""

    class Untold:
        """A function that does not tell its parameters."""

        __signature__ = "none"

        def __call__(self, *args: Any) -> Any:
            return args[0] * ROWS[args[1]][0]

    result, said = quiet(lambda: jit(Untold())(2.0, 1))
    assert result == 6.0
    assert "static_argnums=1" in said[0]
