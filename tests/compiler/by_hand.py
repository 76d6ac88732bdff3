"""Scalars written by hand: a row in the place of each node, with the numbers of its operands, or a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import rules
from autograd.compiler.scalars import Scalars

X = "x"
"""A number of the argument."""


def scalars(*nodes: Any, outputs: Sequence[int] = (-1,), **more: Any) -> Scalars:
    """Of one argument. A node is ``X``, a constant number, or a row with its operands; of all it is seen as 1.0.

    ``outputs`` are counted from the end, as the elements of a list are, if they are negative.
    """
    found, count = [node_of(x) for x in nodes], len(nodes)
    given = [i for i, x in enumerate(nodes) if x == X]
    made: dict[str, Any] = {
        "rules": [row for row, _, _ in found],
        "operands": [operands for _, operands, _ in found],
        "data": [number for _, _, number in found],
        "inputs": [given],
        "outputs": [i % count for i in outputs],
        "input_names": [""],
    }
    return Scalars(**{**made, **more})


def node_of(x: Any) -> tuple[rules.Rule, tuple[int, ...], float]:
    """A node's row, its operands and its number."""
    if isinstance(x, tuple):
        return x[0], x[1:], 1.0
    return (rules.LEAF, (), 1.0) if x == X else (rules.CONSTANT, (), float(x))
