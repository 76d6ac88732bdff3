"""Normalising: scalars as weighted sums and operations of their results, each computed once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from by_hand import X, scalars

from autograd import rules
from autograd.compiler.debugging import IllFormedError
from autograd.compiler.normalising import Formula, check, normalise


def computed(formula: Formula, node: int) -> Any:
    """A node as nested text, which says nothing of numbers of nodes: 'x', a number, or a row with its operands."""
    row, operands = formula.rules[node], formula.operands[node]
    if row is rules.LEAF:
        return f"x{node}"
    if row is rules.CONSTANT:
        return formula.data[node]
    if node not in formula.items:
        return row.symbol, *[computed(formula, x) for x in operands]
    return "sum", *[
        tuple(computed(formula, y) for y in x) if isinstance(x, tuple) else computed(formula, x)
        for x in formula.items[node]
    ]


def result(*nodes: Any, **more: Any) -> Any:
    """What the last node becomes."""
    formula = normalise(scalars(*nodes, **more))
    check(formula)
    return computed(formula, formula.roots[0])


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([X, X, X, (rules.ADD, 0, 1), (rules.ADD, 3, 2)], ("sum", "x0", "x1", "x2")),
        ([X, X, (rules.ADD, 0, 1)], ("+", "x0", "x1")),
        ([X, X, (rules.MUL, 0, 1), (rules.MUL, 0, 0), (rules.ADD, 2, 3)], ("sum", ("x0", "x1"), ("x0", "x0"))),
        ([X, X, (rules.MUL, 0, 1), (rules.ADD, 2, 0)], ("+", ("*", "x0", "x1"), "x0")),
        ([X, X, X, (rules.DOT, 0, 1, 1, 2), (rules.ADD, 3, 0)], ("sum", ("x0", "x1"), ("x1", "x2"), "x0")),
        ([X, X, X, (rules.DOT, 0, 1, 2)], ("sum", ("x0", "x1"), "x2")),
        ([X, X, (rules.DOT, 0, 1)], ("*", "x0", "x1")),
        ([X, 0.0, (rules.ADD, 0, 1), (rules.SIN, 2)], ("sin", "x0")),
        ([X, X, (rules.MEAN, 0, 1)], ("/", ("+", "x0", "x1"), 2.0)),
        ([X, 2.0, (rules.POW, 0, 1)], ("*", "x0", "x0")),
        ([X, 3.0, (rules.POW, 0, 1)], ("**", "x0", 3.0)),
        ([X, (rules.POS, 0), (rules.SIN, 1)], ("sin", "x0")),
        ([2.0, 3.0, X, (rules.MUL, 0, 1), (rules.MUL, 2, 3)], ("*", "x2", 1.0)),
        ([X, (rules.SIN, 0), (rules.SIN, 0), (rules.MUL, 1, 2)], ("*", ("sin", "x0"), ("sin", "x0"))),
    ],
    ids=[
        "chain of sums", "a sum of two", "a sum of products", "one product", "a dot is a sum", "bias", "of one pair",
        "nothing added", "mean", "square", "cube", "plus", "folded", "computed twice",
    ],
)  # fmt: skip
def test_what_a_node_becomes(nodes: list[Any], expected: Any) -> None:
    """A folded constant has the number that it was recorded with: by hand 1.0."""
    assert result(*nodes) == expected


def test_what_is_computed_twice_is_one_node() -> None:
    """From equal constants too."""
    nodes = [X, 2.0, 2.0, (rules.ATAN2, 0, 1), (rules.ATAN2, 0, 2), (rules.MUL, 3, 4)]
    formula = normalise(scalars(*nodes))
    check(formula)
    assert formula.operands[5] == (3, 3)
    assert formula.order == [0, 1, 3, 5]
    assert formula.kept(4) == 3


def test_a_sum_that_is_needed_otherwise_stays() -> None:
    """It is no part of another then."""
    nodes = [X, X, X, (rules.ADD, 0, 1), (rules.ADD, 3, 2)]
    assert result(*nodes, outputs=[4, 3]) == ("+", ("+", "x0", "x1"), "x2")


def test_squares_of_floats_stay_powers() -> None:
    """They raise where they are too large."""
    assert result(X, 2.0, (rules.POW, 0, 1), single=True) == ("**", "x0", 2.0)


def test_the_scalars_stay_as_they_are() -> None:
    """A stage makes something new of them."""
    given = scalars(X, 2.0, (rules.POW, 0, 1))
    before = [*given.rules], [*given.operands], [*given.data]
    normalise(given)
    assert ([*given.rules], [*given.operands], [*given.data]) == before


def test_roots_are_outputs_guards_and_what_is_watched() -> None:
    """In this order, each as the node that stands for it."""
    nodes = [X, 1.0, (rules.SIN, 0), (rules.LESS, 0, 1), (rules.EQUAL, 0, 1), (rules.SIN, 0)]
    formula = normalise(scalars(*nodes, outputs=[5], guards=[(3, True, "")], watched=[4]))
    check(formula)
    assert formula.roots == [2, 3, 4]


RIGHT = normalise(scalars(X, X, X, (rules.DOT, 0, 1, 1, 2), (rules.SIN, 3)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (replace(RIGHT, order=[0, 1, 2, 4, 3]), "node 4 is computed from \\(3,\\), not all live before it"),
        (replace(RIGHT, order=[0, 1, 2, 3, 3, 4]), "node 3 is computed twice"),
        (replace(RIGHT, same={4: 3}), "node 4 is computed twice, or another stands for it"),
        (replace(RIGHT, roots=[7]), "node 7 is asked for"),
        (replace(RIGHT, items={3: [(0, 1)]}), "a weighted sum of"),
        (replace(RIGHT, items={}), "a weighted sum of"),
        (replace(RIGHT, items={**RIGHT.items, 4: [3]}), "node 4 has items"),
        (replace(RIGHT, data=[1.0]), "rules has 5 elements, data 1"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_formula_that_is_none_is_refused(wrong: Formula, message: str) -> None:
    """What is live is computed once, from what is live before; a weighted sum is of its items."""
    check(RIGHT)
    with pytest.raises(IllFormedError, match=message):
        check(wrong)
