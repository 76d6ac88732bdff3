"""Colours: few sweeps for many numbers of a result, and every derivative in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, jacobian, jit
from autograd.compiler import colours

W = Value(0.7)


def stencil(x: Any) -> Any:
    """Each number of three neighbours."""
    return [x[i - 1] - 2 * x[i] + x[i + 1] ** 2 for i in range(1, len(x) - 1)]


PATTERNS: dict[str, tuple[Callable[[Any], Any], int, Callable[[int], int]]] = {
    "diagonal": (lambda x: [ag.sin(e) for e in x], 8, lambda n: 1),
    "two neighbours": (lambda x: [x[i + 1] - x[i] ** 2 for i in range(len(x) - 1)], 9, lambda n: 2),
    "three neighbours": (stencil, 12, lambda n: 3),
    "dense": (lambda x: [ag.sum(x) * e for e in x], 6, lambda n: n),
    "triangular": (lambda x: [ag.sum([e * e for e in x[: k + 1]]) for k in range(len(x))], 6, lambda n: n),
    "an arrow": (lambda x: [*[e * e for e in x[1:]], ag.sum(x)], 8, lambda n: 2),
    "blocks": (lambda x: [x[i - i % 2] * x[i - i % 2 + 1] * (i + 1.0) for i in range(len(x))], 8, lambda n: 2),
    "shared": (lambda x: [W * e for e in x], 5, lambda n: n),
    "the same twice": (lambda x: [x[0], x[0], x[1]], 2, lambda n: 2),
    "flat rows": (lambda x: [ag.sign(x[0]) + x[1], x[0]], 2, lambda n: 1),
    "with outcomes": (lambda x: [x[0], x[0] > x[1], x[1], 3.0], 2, lambda n: 1),
    "constants": (lambda x: [x[0] * 0.0 + 1.0, x[1], x[0]], 2, lambda n: 2),
}


def numbers(result: Any) -> Any:
    """A list of Values and numbers, as an array."""
    return np.array([x.data if isinstance(x, Value) else x for x in result], float)


@pytest.mark.parametrize("name", PATTERNS)
def test_how_many_sweeps(name: str) -> None:
    """As many as numbers of the result have a variable in common."""
    function, n, count = PATTERNS[name]
    fast = jit(function)
    fast(np.linspace(0.5, 2.0, n))
    (family,) = fast.families.values()
    found = family.paths[0].colours((True,))
    assert len(found) == count(n)
    outputs = [row.output for colour in found for row in colour.rows]
    assert sorted(outputs) == [
        k for k in range(len(family.paths[0].program.outputs)) if k not in family.paths[0].program.plain
    ]
    for colour in found:
        places = [place for row in colour.rows for place in row.places.tolist()]
        assert len(places) == len({*places})


@pytest.mark.parametrize("name", [x for x in PATTERNS if x != "with outcomes"])
def test_every_derivative_in_its_place(name: str) -> None:
    """The Jacobian is that of the function itself, and by steps into the differences."""
    function, n, _ = PATTERNS[name]
    found = jacobian(jit(function))
    for x in (np.linspace(0.5, 2.0, n), np.linspace(-2.0, 1.0, n)):
        matrix = found(x)
        assert matrix == pytest.approx(np.array(jacobian(function)(x)), rel=1e-12, abs=1e-12)
        step = 1e-6
        columns = [(numbers(function(x + step * e)) - numbers(function(x - step * e))) / (2 * step) for e in np.eye(n)]
        assert matrix == pytest.approx(np.array(columns).T, rel=1e-6, abs=1e-6)


def test_several_arguments() -> None:
    """Only those asked for count: what is shared otherwise makes no further sweep."""
    fast = jit(lambda x, y: [e * y for e in x])
    x, y = np.arange(4.0), 3.0
    fast(x, y)
    (family,) = fast.families.values()
    path = family.paths[0]
    assert [len(path.colours(wanted)) for wanted in ((True, False), (False, True), (True, True))] == [1, 4, 4]
    assert jacobian(fast)(x, y).tolist() == (3.0 * np.eye(4)).tolist()
    by_x, by_y = jacobian(fast, (0, 1))(x, y)
    assert (by_x.tolist(), by_y.tolist()) == ((3.0 * np.eye(4)).tolist(), x.tolist())


def test_without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it takes too much to tell, everything depends on everything: slower, and as right."""
    monkeypatch.setattr(colours, "ROOM", 0)
    x = np.linspace(0.5, 2.0, 5)
    fast = jit(stencil)
    assert jacobian(fast)(x) == pytest.approx(np.array(jacobian(stencil)(x)))
    (family,) = fast.families.values()
    assert len(family.paths[0].colours((True,))) == 3


def test_partials_of_values() -> None:
    """A call with Values keeps for each number only what it depends on, zeros dropped."""
    x = [Value(k + 1.0) for k in range(5)]
    fast = jit(stencil)
    for _ in range(2):
        found = fast(x)
        assert [y.parents for y in found] == [(x[i - 1], x[i], x[i + 1]) for i in range(1, 4)]
        assert [y.partials for y in found] == [(1.0, -2.0, 2 * x[i + 1].data) for i in range(1, 4)]


@pytest.mark.parametrize("mask", [0, 1, 0b1011, 1 << 70 | 1, (1 << 100) - 1])
def test_places_in_a_set(mask: int) -> None:
    """The bits that are set."""
    assert colours.bits_of(mask, 101).tolist() == [i for i in range(101) if mask >> i & 1]
