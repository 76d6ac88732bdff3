"""Guards: each has a version for every reading, and a derivative that was recorded at one point holds at the others.

While a function is recorded no guard may take a branch on a Value. So a derivative is recorded at one point, the graph
computed again at others, across every kink, and compared with what the scalar code gives there.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, gradients, graph, guards, hessian, nodes, rules
from autograd.compiler.recording import Recording
from autograd.functions import apply
from autograd.readings import arrays
from autograd.rules import TABLE, Rule
from autograd.value import evaluate, number

NAN = math.nan

Function = Callable[..., Any]
Point = tuple[float, ...]

each_row = pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.symbol)


# --- Every guard in every reading -----------------------------------------------------------------------


def scope(make: Function) -> dict[str, Any]:
    """The names among which a reading binds its guards."""
    seen: list[dict[str, Any]] = []

    def reading(kinds: Any, words: Any) -> dict[str, Any]:
        seen.append(bind(kinds, words))
        return seen[-1]

    bind = guards.reading
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guards, "reading", reading)
        make()
    return seen[0]


READINGS = {
    "arrays": scope(lambda: arrays.namespace(np)),
    "Values": scope(lambda: nodes.namespace.__wrapped__(nodes.READABLE)),
    "Values, guarded": scope(lambda: nodes.namespace.__wrapped__(nodes.GUARDED)),
    "recordings": scope(lambda: nodes.namespace.__wrapped__(nodes.RECORDED)),
    "symbols": scope(rules.algebra.__wrapped__),
}
GUARDS = sorted(rules.NAMES & guards.VERSIONS[guards.FLOATS].keys())


def missing(name: str, names: dict[str, Any], seen: set[str]) -> Iterator[str]:
    """The guards that have no version, of this one and those that its version names."""
    found = names.get(name)
    if name in seen:
        return
    seen.add(name)
    if isinstance(found, partial) and found.func is guards.lacking:
        yield name
    if isinstance(found, FunctionType) and found.__globals__ is names:
        for other in found.__code__.co_names:
            yield from missing(other, names, seen)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_has_a_version_for_every_reading(guard: str, reading: str) -> None:
    """So have the guards that this version names, and those that they name."""
    assert guard in READINGS[reading]
    assert not [*missing(guard, READINGS[reading], set())]


@pytest.mark.parametrize("kind", [kind for kind in guards.VERSIONS if kind != guards.FLOATS])
def test_a_version_belongs_to_a_guard(kind: str) -> None:
    """It stands under the name of one on floats, is bound to nothing but global names, and is there once."""
    for name, version in guards.VERSIONS[kind].items():
        assert name in guards.VERSIONS[guards.FLOATS]
        assert version.__closure__ is version.__defaults__ is None


def test_a_guard_that_lacks_a_version_says_so() -> None:
    """A reading without a version can be made; what it says when the guard is called names both."""
    names = guards.reading([guards.RECORDED], {})
    sentence = r"^tanh_slope: expected a version of this guard while recording, in autograd/guards.py; it has none$"
    with pytest.raises(TypeError, match=sentence):
        names["tanh_slope"](1.0)


# --- A derivative recorded at one point, computed at another ---------------------------------------------------


def recorded(function: Function, point: Point, order: int) -> tuple[list[Value], list[list[Value]]]:
    """The leaves, and the derivatives of order 1, 2, ..., recorded at a point."""
    leaves = [Value(x) for x in point]
    with Recording():
        return leaves, derivatives(function(*leaves), leaves, order)


def derivatives(out: Value, leaves: list[Value], order: int) -> list[list[Value]]:
    """The derivatives of order 1, 2, ... by the leaves."""
    level, levels = [out], []
    for _ in range(order):
        level = [g for node in level for g in gradients(node, leaves, create_graph=True)]
        levels.append(level)
    return levels


def again(outputs: Sequence[Value], leaves: Sequence[Value], point: Point) -> list[float]:
    """The numbers of the outputs where the leaves have other numbers: what a program computes."""
    numbers = dict(zip(leaves, point, strict=True))
    with ag.ieee():
        for node in graph.order(*outputs):
            if node.parents:
                numbers[node] = functions_of(node.rule, [numbers[x] for x in node.parents])
            else:
                numbers.setdefault(node, node.data)
    return [numbers[x] for x in outputs]


def functions_of(rule: Rule, operands: Sequence[float]) -> float:
    """The value of a row, where floats raise as IEEE 754 has it."""
    return evaluate(rule, tuple(operands))


KINKS = (-2.75, -1.25, -1.0, -0.3, 0.0, 0.45, 1.0, 1.4, 6.0)
PAIRS = ((0.3, 1.7), (1.7, 0.3), (-0.6, 2.0), (0.8, -1.4), (1.0, 1.0), (0.0, 2.0), (-2.0, 3.0), (0.0, 0.0), (2.0, 0.0))
TRIPLES = ((0.3, -0.7, 1.9), (-1.5, -0.4, 0.9), (2.5, -0.4, 0.9), (1.0, 1.0, 1.0), (2.0, 1.0, 2.0), (0.0, 0.0, 0.0))
FIVES = ((0.3, -0.7, 1.9, 0.4, -1.2), (0.3, 0.7, -1.9, 0.4, 0.0))


def points(rule: Rule) -> list[Point]:
    """Points in the domain of a row, kinks and ends of the domain among them."""
    count = {"sequence": 3, "pairs": 5}.get(rule.layout) or len(rule.operand_names)
    found = []
    for point in {1: [(x,) for x in KINKS], 2: PAIRS, 3: TRIPLES, 5: FIVES}[count]:
        try:
            rule.value(*rule.arguments(point))
        except (ValueError, ArithmeticError):
            continue
        found.append(point)
    return found


def close(x: float, y: float, scale: float) -> bool:
    """Equal up to a few roundings."""
    return x == y or (math.isnan(x) and math.isnan(y)) or abs(x - y) <= 1e-13 * scale


@each_row
def test_what_is_recorded_at_one_point_holds_at_all(rule: Rule) -> None:
    """To order 3, at every kink: the number is that of the scalar code, or none, and then the function runs eagerly."""

    def function(*xs: Value) -> Value:
        result: Value = apply(rule, xs) * (1.0 + xs[0])
        return result

    there = points(rule)
    for here in there:
        leaves, levels = recorded(function, here, 3)
        for other in there:
            fresh = [Value(x) for x in other]
            special = rule in {rules.POW, rules.HYPOT, rules.ATAN2, rules.XLOGY} and other[0] == 0.0
            scale = 1.0
            for level, right in zip(levels, derivatives(function(*fresh), fresh, 3), strict=True):
                scale = max([scale, *(abs(x.data) for x in right if math.isfinite(x.data))])
                for got, x in zip(again(level, leaves, other), right, strict=True):
                    assert close(got, x.data, scale) or (special and not math.isfinite(got)), f"from {here} at {other}"


@each_row
def test_recorded_numbers_are_the_eager_ones(rule: Rule) -> None:
    """Where it was recorded, the gradient holds the numbers of the scalar code, at special points too."""
    for here in points(rule):
        leaves = [Value(x) for x in here]
        out = apply(rule, leaves)
        with Recording(), ag.ieee():
            got = nodes.partials_of(apply(rule, leaves))
        for slope, stored in zip(got, out.partials, strict=True):
            assert close(number(slope), stored, abs(stored)), f"{rule.symbol} at {here}"


@each_row
def test_no_guard_takes_a_branch_while_recording(rule: Rule) -> None:
    """A branch on a Value would be a path of the user's function."""
    for here in points(rule):
        leaves = [Value(x) for x in here]
        with Recording() as notes, ag.ieee():
            nodes.partials_of(apply(rule, leaves))
        assert not notes.guards


@each_row
def test_nor_do_derivatives_of_derivatives(rule: Rule) -> None:
    """To order 2, at every kink, a derivative leaves no guard behind but those of the function."""
    for here in points(rule):
        leaves = [Value(x) for x in here]
        with Recording() as notes:
            out = apply(rule, leaves)
            before = len(notes.guards)
            derivatives(out, leaves, 2)
        assert len(notes.guards) == before


@pytest.mark.parametrize("x", [NAN, 0.0, 710.0])
def test_numbers_of_operands_stay(x: float) -> None:
    """Only what the reading itself has made is given the stored number."""
    leaf = Value(x)
    with Recording(), ag.ieee():
        for rule in TABLE:
            if rule.operand_names == ("x",) and rule.raises is None:
                nodes.partials_of(apply(rule, (leaf,)))
                assert repr(leaf.data) == repr(x)


@pytest.mark.parametrize(
    ("function", "size"),
    [
        (ag.tanh, 9), (ag.sigmoid, 7), (ag.relu, 1), (ag.softplus, 1), (ag.elu, 6), (ag.leaky_relu, 2), (abs, 3),
        (lambda x: x**0.5, 2), (lambda x: ag.logsumexp(x, 0.5), 7), (lambda x: ag.hypot(x, 1.0), 1),
    ],
)  # fmt: skip
def test_recorded_derivatives_are_small(function: Function, size: int) -> None:
    """They are the programs of derivatives: a few nodes each."""
    leaf = Value(0.3)
    with Recording():
        out = function(leaf)
        made = graph.order(*gradients(out, [leaf], create_graph=True))
    known = set(graph.order(out))
    assert len([node for node in made if node not in known and node.parents]) <= size


# --- Rounding is told from data that were changed ----------------------------------------------------------------


def normalised(rng: random.Random, kind: int) -> Function:
    """A function of a sequence in which sums and their parts cancel."""
    k = rng.randrange(2)
    return [
        lambda v: ag.sum([(x / ag.sum(v)) ** 2 for x in v]),
        lambda v: ag.sum([(x / ag.sum(v)) ** 3 for x in v]) * v[k] / ag.sum(v),
        lambda v: ag.sum([p * p for p in ag.softmax([x / ag.norm(v) for x in v])]),
        lambda v: ag.log(ag.softmax([x / ag.norm(v) for x in v])[k]),
        lambda v: ag.log(v[k] * v[k] / ag.sum([x * x for x in v])),
        lambda v: ag.sum([(x - ag.mean(v)) ** 2 for x in v]) / ag.sum([x * x for x in v]),
    ][kind]


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("kind", range(6))
def test_normalised_sums_have_a_hessian(kind: int, scale: float) -> None:
    """However their partials cancel, rounding is not taken for changed data; the Hessian is symmetric."""
    rng = random.Random(kind)
    for _ in range(40):
        v = [scale * rng.uniform(-1.0, 1.0) for _ in range(rng.choice((2, 3, 5)))]
        found = hessian(normalised(rng, kind))(v)
        largest = max(abs(x) for row in found for x in row)
        for i, j in itertools.combinations(range(len(v)), 2):
            assert abs(found[i][j] - found[j][i]) <= 1e-12 * largest


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_a_partial_that_cancels_is_measured_by_its_terms(scale: float) -> None:
    """Logits and normalised sums as primitives, whose partials float and graph compute in different orders."""

    def share(*xs: Any) -> Any:
        return xs[0] / (xs[0] + xs[1] + xs[2])

    @ag.primitive(
        lambda out, x, y, z: (fine((y + z), (x + y + z)), -out / (x + y + z), -out / (x + y + z)),
        domain="x + y + z != 0",
    )
    def part(x: float, y: float, z: float) -> float:
        return x / (x + y + z)

    rng = random.Random(0)
    for _ in range(200):
        x, y = (scale * rng.uniform(0.5, 1.0) for _ in range(2))
        leaves = [Value(x), Value(y), Value(-y * (1.0 + 2.0**-50))]
        found = gradients(part(*leaves), leaves, create_graph=True)
        right = gradients(share(*leaves), leaves)
        assert [g.data for g in found] == pytest.approx(right, rel=1e-12, abs=1e-14 / scale)
        leaves[0].data *= 1.0 + 1e-6
        out = part(*leaves)
        leaves[1].data *= 1.0 + 1e-6
        with pytest.raises(RuntimeError, match="has been changed since"):
            gradients(out, leaves, create_graph=True)


def fine(rest: Any, whole: Any) -> Any:
    """rest / whole**2: on floats as it stands, on Values as 1/whole - (whole - rest)/whole**2, which cancels."""
    if isinstance(rest, Value):
        return 1.0 / whole - (whole - rest) / (whole * whole)
    return rest / whole / whole


def test_the_terms_of_a_partial() -> None:
    """Each node counts with what its own rounding would do; those that were known before do not."""
    x, y = Value(3.0), Value(2.0)
    product = x * y
    assert nodes.size_of_terms(product - 5.0, {x, y}) == 1.0 + 6.0 + 5.0
    assert nodes.size_of_terms(product - 5.0, {product}) == 1.0 + 5.0
    assert nodes.size_of_terms(product * product, {x, y}) == 36.0 + 72.0
    assert nodes.size_of_terms(x, {x}) == 0.0
