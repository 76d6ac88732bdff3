"""Scalars: what was recorded as parallel lists, and what no such lists may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from by_hand import X, scalars

import autograd as ag
from autograd import Value, rules
from autograd.compiler import numbering
from autograd.compiler.debugging import IllFormedError, watched
from autograd.compiler.likeness import needed, same, signature, steady
from autograd.compiler.numbering import program
from autograd.compiler.scalars import Scalars, as_lines, check
from autograd.structures import flatten
from autograd.value import number


def recorded(function: Callable[..., Any], *given: Any) -> Scalars:
    """What a function of these arguments becomes."""
    return program(function, "f", [flatten(x)[1] for x in given], [[number(v) for v in flatten(x)[0]] for x in given])


def listed(found: Scalars) -> list[tuple[str, tuple[int, ...], float]]:
    """Nodes as symbols, operands and numbers."""
    return [(row.symbol, operands, x) for row, operands, x in zip(found.rules, found.operands, found.data, strict=True)]


def test_nodes_are_numbered_as_they_were_made() -> None:
    """Operands first, each leaf where it is used first; what the result does not need has no number."""

    def f(x: Any) -> Any:
        ag.tanh(x[1])
        return x[0] * x[0] + 3.0

    found = recorded(f, [2.0, 5.0])
    assert listed(found) == [("", (), 2.0), ("*", (0, 0), 4.0), ("", (), 3.0), ("+", (1, 2), 7.0)]
    assert (found.inputs, found.outputs, found.watched) == ([[0, -1]], [3], [])
    assert [row is rules.CONSTANT for row in found.rules] == [False, False, True, False]
    check(found)


def test_leaves_are_told_apart_by_where_they_come_from() -> None:
    """Those of before are captured; so are those that live on; others that are made inside are constants."""
    w, kept = Value(2.0), []

    def f(x: Any) -> Any:
        kept.append(Value(5.0))
        return x * w + kept[-1] + Value(7.0)

    found = recorded(f, 1.0)
    assert found.captured == [w, kept[0]]
    assert [found.data[i] for i in found.captured_nodes] == [2.0, 5.0]
    assert [x for row, x in zip(found.rules, found.data, strict=True) if row is rules.CONSTANT] == [7.0]
    check(found)


def test_branches_are_guards_and_silent_failures_are_watched() -> None:
    """With what they are computed from; the line is that of the branch."""

    def f(x: Any) -> Any:
        ag.log(x)
        return x if x > 0.0 else -x

    found = recorded(f, 1.0)
    (guard,) = found.guards
    assert (found.rules[guard[0]], guard[1]) == (rules.GREATER, True)
    assert "test_scalars.py" in guard[2]
    assert [found.rules[i].symbol for i in found.watched] == ["log fails"]


def test_they_are_frozen() -> None:
    """A stage makes others."""
    found = scalars(X)
    with pytest.raises(FrozenInstanceError):
        found.outputs = [3]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (scalars(X, (rules.ADD, 0, 2), 1.0), "not all before it"),
        (scalars(X, (rules.ADD, 0, 1)), "not all before it"),
        (scalars(X, (rules.ADD, 0)), "node 1: \\+ of 1 nodes"),
        (scalars(X, (rules.SUM,)), "node 1: sum of 0 nodes"),
        (scalars(X, (rules.CONSTANT, 0)), "a leaf of 1 nodes"),
        (scalars(X, 1.0, data=[1.0]), "rules has 2 elements, data 1"),
        (scalars(X, 1.0, operands=[()]), "rules has 2 elements, operands 1"),
        (scalars(X, inputs=[[-1]]), "node 0 is a leaf that nobody gives"),
        (scalars(1.0, inputs=[[0]]), "node 0 is given, and no leaf"),
        (scalars(X, inputs=[[7]]), "node 7 is given, and no leaf"),
        (scalars(X, captured_nodes=[0]), "0 captured Values, 1 nodes"),
        (scalars(X, input_names=[]), "1 arguments, 0 names"),
        (replace(scalars(X), outputs=[4]), "node 4 is asked for"),
        (scalars(X, guards=[(1, True, "")]), "node 1 is asked for"),
        (scalars(X, watched=[-1]), "node -1 is asked for"),
        (scalars(X, labels={3: "x"}), "node 3 is asked for"),
        (scalars(X, plain={1: float}), "number 1 of the result"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_lists_that_are_none_are_refused(wrong: Scalars, message: str) -> None:
    """With the node that is wrong."""
    with pytest.raises(IllFormedError, match=message):
        check(wrong)


def test_within_debug_each_recording_is_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault is found where it was made, and the nodes around it are shown."""
    right = numbering.resolved
    monkeypatch.setattr(numbering, "resolved", lambda *given: replace(right(*given), outputs=[99]))
    assert recorded(lambda x: x * x, 1.0).outputs == [99]  # not looked at
    with ag.debug(), pytest.raises(IllFormedError, match="node 99 is asked for"):
        recorded(lambda x: x * x, 1.0)
    assert "1  *  0, 0" in capsys.readouterr().err


def test_only_lines_near_a_fault_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A million nodes are not."""
    nodes: Sequence[Any] = [X, *[(rules.SIN, i) for i in range(100)], (rules.ADD, 0, 500)]
    with ag.debug(), pytest.raises(IllFormedError, match="node 101"):
        watched(scalars(*nodes), check, as_lines)
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[-1].split()) == (11, ["101", "+", "0,", "500"])


# --- Likeness -----------------------------------------------------------------------------------------------------


def test_what_is_needed_is_followed_back() -> None:
    """All that a node depends on."""
    assert needed(scalars(X, 2.0, (rules.SIN, 0), (rules.MUL, 0, 1)), [3]) == {0, 1, 3}
    assert needed(scalars(X), []) == set()


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (scalars(X, 2.0, (rules.MUL, 0, 1)), True),
        (scalars(2.0, X, (rules.MUL, 1, 0)), True),
        (scalars(X, 5.0, 2.0, (rules.MUL, 0, 2)), True),
        (scalars(X, 3.0, (rules.MUL, 0, 1)), False),
        (scalars(X, 2.0, (rules.MUL, 1, 0)), False),
        (scalars(X, 2.0, (rules.ADD, 0, 1)), False),
        (scalars(X, 2.0, (rules.MUL, 0, 1), outputs=[0]), False),
        (scalars(X, 2.0, (rules.MUL, 0, 1), (rules.LESS, 0, 1), outputs=[2], guards=[(3, True, "")]), True),
        (scalars(X, 2.0, (rules.MUL, 0, 1), (rules.LESS, 0, 1), outputs=[2], watched=[3]), False),
    ],
    ids=["same", "in another order", "more", "constant", "exchanged", "row", "output", "guard", "watched"],
)
def test_signatures_are_equal_where_the_same_is_computed(other: Scalars, alike: bool) -> None:
    """Whatever the numbers of the nodes are, and whatever branches were taken."""
    assert (signature(scalars(X, 2.0, (rules.MUL, 0, 1))) == signature(other)) is alike


def test_the_same_recording_has_the_same_outcomes() -> None:
    """Two that differ in an outcome are two paths."""
    one, other = (scalars(X, 2.0, (rules.LESS, 0, 1), outputs=[0], guards=[(2, holds, "")]) for holds in (True, False))
    assert same(one, one)
    assert not same(one, other)
    assert steady(one)
    assert not steady(replace(one, inputs=[[]], captured=[Value(1.0)], captured_nodes=[0]))
