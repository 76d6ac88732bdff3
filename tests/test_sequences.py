"""Sorting, taking an element, stopping a gradient: eagerly, recorded, over arrays, and under jit."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, grad, gradients, graph, guards, hessian, jit, rules, value_and_grad
from autograd.compiler.recording import Recording
from autograd.graph import order
from autograd.readings import arrays

NAN, INF = math.nan, math.inf


def same(nodes: Sequence[Any], others: Sequence[Any]) -> bool:
    """True if they are the very same nodes; == would compare their data."""
    return [id(node) for node in nodes] == [id(node) for node in others]


# --- Sort -------------------------------------------------------------------------------------------------


def test_sort_gives_the_same_values_in_order() -> None:
    """A new list of the very Values that were given: no node is made."""
    xs = [Value(x) for x in (3.0, 1.0, 2.0)]
    assert same(ag.sort(xs), [xs[1], xs[2], xs[0]])
    assert [x.data for x in xs] == [3.0, 1.0, 2.0]


def test_equals_keep_their_order() -> None:
    """Sorting is stable, -0.0 and 0.0 being equal."""
    xs = [Value(x) for x in (1.0, 0.0, 1.0, -0.0, 0.0, 1.0)]
    assert same(ag.sort(xs), [xs[i] for i in (1, 3, 4, 0, 2, 5)])


def test_nan_comes_last() -> None:
    """All others are in order, wherever the nans stood, which keep theirs."""
    xs = [Value(x) for x in (NAN, 2.0, INF, NAN, -INF, 1.0)]
    assert same(ag.sort(xs), [xs[i] for i in (4, 5, 1, 2, 0, 3)])


def test_sort_of_numbers() -> None:
    """Plain numbers give floats; among Values they stay numbers."""
    assert ag.sort([3, 1.5, True]) == [1.0, 1.5, 3.0]
    assert [type(x) for x in ag.sort([3, 1.5, True])] == [float] * 3
    x = Value(2.0)
    assert ag.sort([3, x, 1])[1] is x
    assert ag.sort([3, x, 1])[::2] == [1.0, 3.0]
    assert ag.sort([]) == []
    assert ag.sort(x for x in (2.0, 1.0)) == [1.0, 2.0]
    with pytest.raises(TypeError, match=r"^sort: expected a Value or a real number, got str$"):
        ag.sort([1.0, "2"])  # type: ignore[list-item]


def test_the_gradient_goes_to_where_the_element_was() -> None:
    """d sum(weight * sorted) / dx is the weight of the place that x came to."""
    assert grad(lambda xs: ag.dot([1.0, 10.0, 100.0], ag.sort(xs)))([3.0, 1.0, 2.0]) == [100.0, 1.0, 10.0]


# --- Take -------------------------------------------------------------------------------------------------


def test_take() -> None:
    """The element itself; a plain index or a Value that holds a whole number, from the end where it is negative."""
    xs = [Value(x) for x in (5.0, 6.0, 7.0)]
    for i in (*range(-3, 3), np.int64(1), True):
        assert ag.take(xs, i) is xs[i]
        assert ag.take(xs, Value(float(i))) is xs[i]
    assert ag.take([5, 6], 1) == 6.0
    assert type(ag.take([5, 6], 1)) is float
    assert ag.take((x for x in xs), 0) is xs[0]


def test_take_gives_the_index_no_gradient() -> None:
    """The element gets it all."""
    assert grad(lambda xs, i: 3.0 * ag.take(xs, i), argnums=(0, 1))([1.0, 2.0], 1.0) == ([0.0, 3.0], 0.0)


@pytest.mark.parametrize("record", [False, True])
@pytest.mark.parametrize("i", [3, -4, Value(3.0), Value(-4.0), 10**30])
def test_an_index_outside(i: Any, record: bool) -> None:
    """IndexError, with what would be inside."""
    with pytest.raises(IndexError, match=r"^take: expected an index from -3 to 2, got -?\d+$"):
        attempt(record, [1.0, 2.0, 3.0], i)
    with pytest.raises(IndexError, match=r"^take: expected an index into a sequence that is not empty, got "):
        attempt(record, [], i)


@pytest.mark.parametrize("record", [False, True])
@pytest.mark.parametrize(
    ("i", "got"), [(1.0, "float"), ("1", "str"), (Value(1.5), "1.5"), (Value(NAN), "nan"), (Value(INF), "inf")]
)
def test_an_index_that_is_no_whole_number(i: Any, got: str, record: bool) -> None:
    """TypeError, with what it is."""
    with pytest.raises(TypeError, match=rf"^take: expected a whole number as index, got {got}$"):
        attempt(record, [Value(1.0), Value(2.0)], i)


def attempt(record: bool, xs: Sequence[Any], i: Any) -> Any:
    """Take, eagerly or while a function is recorded."""
    if not record:
        return ag.take(xs, i)
    with Recording():
        return ag.take(xs, i)


# --- Stop ---------------------------------------------------------------------------------------------------


def test_stop_gradient() -> None:
    """A node with the number of x and its history, from which no gradient comes; of a number the number."""
    x = Value(3.0)
    held = ag.stop_gradient(x)
    assert (held.data, held.parents, held.partials) == (3.0, (x,), (0.0,))
    assert grad(lambda x: x * ag.stop_gradient(x))(3.0) == 3.0
    assert grad(grad(lambda x: x * ag.stop_gradient(x)))(3.0) == 0.0
    assert ag.jvp(lambda x: ag.stop_gradient(x) * x, (3.0,), (1.0,)) == (9.0, 3.0)
    assert ag.stop_gradient(2.5) == 2.5
    with pytest.raises(TypeError, match=r"^stop_gradient: argument: expected numbers, or lists, .* of them, got str$"):
        ag.stop_gradient("x")


def test_an_infinite_slope_does_not_pass_a_stop() -> None:
    """The edge carries nothing, not even 0 * inf."""
    assert grad(lambda x: ag.stop_gradient(ag.sqrt(x)) + x)(0.0) == 1.0


def test_a_stop_is_drawn_explained_and_animated() -> None:
    """As an operation of its own name."""
    x = Value(3.0, label="x")
    y = ag.stop_gradient(x) * x
    assert "stop_gradient(x)" in str(ag.explain(y))
    assert "stop_gradient" in ag.draw(y).source
    assert "stop_gradient" in ag.animate(y).html


# --- While a function is recorded ------------------------------------------------------------------------------


def again(outputs: Sequence[Value], leaves: Sequence[Value], point: Sequence[float]) -> list[float]:
    """The numbers of the outputs where the leaves have other numbers."""
    numbers = dict(zip(leaves, point, strict=True))
    for node in order(*outputs):
        if node.parents:
            numbers[node] = node.rule.value(*node.rule.arguments([numbers[x] for x in node.parents]))
        else:
            numbers.setdefault(node, node.data)
    return [numbers[x] for x in outputs]


def test_a_recorded_order_is_that_of_every_call() -> None:
    """Recorded once, without a branch, the nodes sort any other numbers, ties and nan included."""
    leaves = [Value(x) for x in (3.0, 1.0, 2.0, 2.0)]
    with Recording() as notes:
        out = ag.sort(leaves)
    assert not notes.guards
    assert {node.rule for node in out} == {rules.TAKEN}
    for point in itertools.product((1.0, 2.0, -INF, NAN), repeat=4):
        assert repr(again(out, leaves, point)) == repr(ag.sort(point))


def test_its_derivatives_are_those_of_every_call() -> None:
    """Of first and second order, recorded in one order of the numbers and computed in all others."""

    def weighted(xs: Sequence[Any]) -> Any:
        return ag.sum([(k + 1.0) * x * x * xs[0] for k, x in enumerate(ag.sort(xs))])

    leaves = [Value(x) for x in (3.0, 1.0, 2.0)]
    with Recording():
        first = gradients(weighted(leaves), leaves, create_graph=True)
        second = [x for g in first for x in gradients(g, leaves, create_graph=True)]
    for point in itertools.permutations((0.5, -1.5, 2.5)):
        assert again(first, leaves, point) == pytest.approx(grad(weighted)(list(point)), rel=1e-15)
        right = [x for row in hessian(weighted)(list(point)) for x in row]
        assert again(second, leaves, point) == pytest.approx(right, rel=1e-15)


def test_a_recorded_index_is_that_of_every_call() -> None:
    """So is the element at an index that is computed, and its derivative; guards say that there is one."""
    leaves = [Value(x) for x in (1.0, 5.0, 6.0, 7.0)]
    with Recording() as notes:
        out = ag.take(leaves[1:], leaves[0]) * leaves[2]
        assert [guard.condition.rule for guard in notes.guards] == [rules.GREATER_EQUAL, rules.LESS, rules.EQUAL]
        slopes = gradients(out, leaves, create_graph=True)
    for i in range(-3, 3):
        point = (float(i), 5.0, 6.0, 7.0)
        fresh = [Value(x) for x in point]
        right = ag.take(fresh[1:], fresh[0]) * fresh[2]
        assert again([out, *slopes], leaves, point) == [right.data, *gradients(right, fresh)]


def test_where_no_element_is() -> None:
    """The row raises on floats, and is nan over arrays."""
    for i in (-4.0, -3.0, 0.0, 0.5, 2.0, 3.0, NAN, INF):
        wrong = i not in {-3.0, 0.0, 2.0}
        xs = (i, 5.0, 6.0, 7.0)
        assert guards.misplaced(xs) is wrong
        with np.errstate(all="ignore"):
            assert bool(np.isnan(rules.read(rules.TAKEN.value, NAMES)(np.array(xs)))) is wrong
        if wrong:
            with pytest.raises(ValueError, match="no element"):
                rules.TAKEN.value(xs)


NAMES = arrays.namespace(np)


@pytest.mark.parametrize("shape", [(), (7,), (2, 5)])
def test_ranks_and_elements_over_arrays(shape: tuple[int, ...]) -> None:
    """Along the first axis, for each example: what floats give, ties and nan included."""
    rng = random.Random(0)
    count = math.prod(shape)
    for rule in (rules.RANKED, rules.TAKEN):
        points = [(float(rng.randrange(4)), *rng.choices((-1.0, 0.0, -0.0, 2.0, INF, NAN), k=4)) for _ in range(count)]
        xs = np.array(points).T.reshape(5, *shape)
        out = rules.read(rule.value, NAMES)(xs)
        partials = np.broadcast_to(rules.read(rule.partials, NAMES)(out, xs), xs.shape).reshape(5, -1)
        assert out.shape == shape
        for got, column, point in zip(out.reshape(-1), partials.T, points, strict=True):
            right = rule.value(point)
            assert repr(float(got)) == repr(right)
            assert tuple(column) == rule.partials(right, point)


# --- Under jit ---------------------------------------------------------------------------------------------------


def trimmed(xs: Sequence[Any]) -> Any:
    """The mean of the squares without the smallest and the largest number."""
    return ag.mean([x * x for x in ag.sort(xs)[1:-1]])


def median_loss(xs: Sequence[Any]) -> Any:
    """Of distances from the first number."""
    return ag.take(ag.sort([ag.abs(x - xs[0]) for x in xs]), len(xs) // 2) * xs[1]


@pytest.mark.parametrize("function", [trimmed, median_loss])
def test_sorting_under_jit(function: Callable[..., Any]) -> None:
    """Whatever the order of the numbers in a call: value and gradient are those of the scalar code."""
    compiled, rng = jit(function), random.Random(1)
    for _ in range(20):
        xs = [rng.uniform(-2.0, 2.0) for _ in range(5)]
        assert float(compiled([Value(x) for x in xs]).data) == pytest.approx(function(xs), rel=1e-14)
        assert value_and_grad(compiled)(xs)[1] == pytest.approx(grad(function)(xs), rel=1e-13, abs=1e-15)


def test_an_index_under_jit() -> None:
    """One program for all indices; where there is no element the call raises what the scalar code raises."""
    compiled = jit(lambda xs, i: ag.take(xs, i) * xs[0])
    for _ in range(3):
        for i in range(-3, 3):
            xs = [Value(x) for x in (2.0, 3.0, 5.0)]
            out = compiled(xs, Value(float(i)))
            assert out.data == 2.0 * (2.0, 3.0, 5.0)[i]
            slopes = [2.0 * (j == i % 3) + (j == 0) * (2.0, 3.0, 5.0)[i] for j in range(3)]
            assert gradients(out, xs) == slopes
        with pytest.raises(IndexError, match=r"^take: expected an index from -3 to 2, got 3$"):
            compiled([Value(1.0)] * 3, Value(3.0))
        with pytest.raises(TypeError, match=r"^take: expected a whole number as index, got 0.5$"):
            compiled([Value(1.0)] * 3, Value(0.5))


def test_stop_gradient_under_jit() -> None:
    """It is part of the program."""
    compiled = jit(lambda x: x * ag.stop_gradient(x * x))
    for x in (3.0, -2.0, 0.5):
        assert value_and_grad(compiled)(x) == (x**3, x**2)


def test_the_graph_of_a_recorded_sort() -> None:
    """A rank and an element for each place, and the constants k."""
    leaves = [Value(float(x)) for x in range(6)]
    with Recording():
        out = ag.sort(leaves)
    assert len([node for node in graph.order(*out) if node.parents]) == 12


@pytest.mark.parametrize("among", ["numbers", "Values"])
def test_numbers_out_of_values_in_a_program(among: str) -> None:
    """Those that are sorted or taken from are computed anew in each call, and have no gradient."""

    def middle(xs: Any) -> Any:
        given = [x.data for x in xs] if among == "numbers" else [xs[0].data, xs[1], 0.5]
        return ag.sort(given)[1] * xs[2] + ag.take(given, 0) * xs[1]

    fast = jit(middle)
    for xs in ([1.0, 2.0, 3.0], [3.0, 1.0, 2.0], [0.25, 0.75, -1.0], [-1.0, -2.0, -3.0]):
        given, eager = [Value(x) for x in xs], [Value(x) for x in xs]
        got, right = fast(given), middle(eager)
        assert got.data == right.data
        assert gradients(got, given) == gradients(right, eager)
    X = [[1.0, 2.0, 3.0], [3.0, 1.0, 2.0]]
    assert [*jit(middle).map(X)] == [middle([Value(x) for x in xs]).data for xs in X]
