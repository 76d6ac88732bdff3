"""The specification of autograd.graph: the order, and the backward sweep, against exact integers."""

from __future__ import annotations

import operator
import os
import random
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf, isnan
from pathlib import Path
from types import SimpleNamespace

import pytest

import autograd as ag
from autograd import Value, graph, rules
from autograd.value import record

ROOT = Path(__file__).resolve().parents[1]


# --- Helpers --------------------------------------------------------------------------------------------


def fresh_interpreter(script: str, **environment: str) -> str:
    """What a new interpreter prints for the script; it must end well, which a crash does not."""
    command = [sys.executable, "-W", "error", "-c", script]
    result = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"exit status {result.returncode}: {result.stderr}"
    return result.stdout


@contextmanager
def collector_off() -> Iterator[None]:
    """Only reference counts free memory here."""
    import gc

    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Toy:
    """The least that a sweep asks of a node."""

    def __init__(
        self, parents: Sequence[Toy] = (), partials: Sequence[float] = (), *, selecting: bool = False
    ) -> None:
        self.parents = parents
        self.partials = partials
        self.grad = 0.0
        self.rule = SimpleNamespace(selecting=selecting)


@dataclass(frozen=True)
class Exact:
    """A node of an integer program, by forward accumulation in Python's unbounded integers.

    ``tangents[j]`` is d node / d node j, for each j up to the node itself: the program is differentiated once by
    every one of its nodes, in the order in which it was written, without a graph and without an order of its own.
    ``paths`` sums, over all paths from a leaf, the product of the partials' absolute values (0 counted as 1). No
    number that a backward sweep meets can be larger.
    """

    value: int
    tangents: Sequence[int]
    paths: int

    @staticmethod
    def combine(index: int, value: int, *operands: tuple[int, Exact]) -> Exact:
        """Node number ``index``, from each operand with its partial."""
        tangents = [0] * index
        for partial, operand in operands:
            for j, tangent in enumerate(operand.tangents):
                tangents[j] += partial * tangent
        paths = sum(max(1, abs(partial)) * operand.paths for partial, operand in operands)
        return Exact(value, [*tangents, 1], paths)


def integer_program(rng: random.Random) -> tuple[list[Value], list[Exact], int]:
    """A random program of + - * neg on integers, the same by :class:`Exact`, and its number of leaves.

    Operands are drawn from all earlier nodes, the same node twice included, and from integer literals on either
    side. A product or a sum that would leave the 52 bits in which floats are exact becomes a negation.
    """
    leaves = rng.randint(1, 4)
    numbers = [rng.randint(-9, 9) for _ in range(leaves)]
    nodes = [Value(number) for number in numbers]
    exact = [Exact(number, [0] * index + [1], 1) for index, number in enumerate(numbers)]

    def operand() -> tuple[Value | int, Exact]:
        """An earlier node, or sometimes a literal."""
        if rng.random() < 0.15:
            literal = rng.randint(-9, 9)
            return literal, Exact(literal, [], 0)
        index = rng.randrange(len(nodes))
        return nodes[index], exact[index]

    for index in range(leaves, leaves + rng.randint(1, 16)):
        (x, by_x), (y, by_y) = operand(), operand()
        symbol = rng.choice("+-*~")
        candidate = {
            "+": lambda: Exact.combine(index, by_x.value + by_y.value, (1, by_x), (1, by_y)),
            "-": lambda: Exact.combine(index, by_x.value - by_y.value, (1, by_x), (-1, by_y)),
            "*": lambda: Exact.combine(index, by_x.value * by_y.value, (by_y.value, by_x), (by_x.value, by_y)),
            "~": lambda: None,
        }[symbol]()
        literals = isinstance(x, int) and isinstance(y, int)
        if candidate is None or literals or max(abs(candidate.value), candidate.paths) > 2**52:
            i = rng.randrange(len(nodes))
            nodes.append(-nodes[i])
            exact.append(Exact.combine(index, -exact[i].value, (-1, exact[i])))
        else:
            apply = {"+": operator.add, "-": operator.sub, "*": operator.mul}[symbol]
            nodes.append(apply(x, y))
            exact.append(candidate)
    return nodes, exact, leaves


def reachable(root: Value) -> dict[int, Value]:
    """Every node that root depends on, by id; recursive, for small graphs."""
    found = {id(root): root}
    for parent in root.parents:
        found.update(reachable(parent))
    return found
