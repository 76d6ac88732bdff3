"""Colours: which numbers of a result can share one backward sweep, because none depends on what another depends on.

Of residuals r_i = x[i+1] - x[i]^2 every second one has no variable in common with the next: two sweeps, of the sums of
every second residual, find all n gradients. What depends on what is read off the recorded scalars. The rows
of a Jacobian are coloured so that the rows of one colour have no column in common (Curtis, Powell and Reid 1974).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .scalars import Scalars

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Places = np.ndarray[Any, np.dtype[np.intp]]

ROOM = 64 * 2**20
"""How many bytes it may take to tell what depends on what; beyond, everything is taken to depend on everything."""


class Dependent(NamedTuple):
    """A number of the result, and the places of the variables that it depends on."""

    output: int
    places: Places


class Colour(NamedTuple):
    """What asks a program for the derivatives of several numbers of its result at once, and which these are."""

    seeds: Any
    rows: list[Dependent]
    outputs: Places
    """The numbers of the result, each as often as it has variables, and these: all rows in one."""
    places: Places


def variables_of(program: Scalars, variables: Sequence[int]) -> list[int]:
    """For each number of the result a set of variables, given by their nodes: bit i of an int says that i is one.

    Nothing is said to depend on what only a row without slope reads.
    """
    if len(program.rules) * len(variables) // 8 > ROOM:
        return [(1 << len(variables)) - 1] * len(program.outputs)
    masks = [0] * len(program.rules)
    for i, node in enumerate(variables):
        if node >= 0:
            masks[node] |= 1 << i
    for node, (row, operands) in enumerate(zip(program.rules, program.operands, strict=True)):
        if operands and not row.flat:
            mask = masks[node]
            for x in operands:
                mask |= masks[x]
            masks[node] = mask
    return [masks[node] for node in program.outputs]


def bits_of(mask: int, length: int) -> Places:
    """The bits that are set."""
    data = np.frombuffer(mask.to_bytes((length + 7) // 8, "little"), np.uint8)
    return np.flatnonzero(np.unpackbits(data, bitorder="little"))


def colours(program: Scalars, captured: Sequence[int], wanted: Sequence[bool]) -> list[Colour]:
    """The sweeps that find the derivatives of all numbers of a result that are not plain.

    The variables are those that are captured, given by their nodes, and then the numbers of the arguments wanted.
    """
    inputs = [node for each, is_wanted in zip(program.inputs, wanted, strict=True) if is_wanted for node in each]
    variables = [*captured, *inputs]
    count = len(program.outputs)
    groups: list[tuple[int, list[int]]] = []
    masks = variables_of(program, variables)
    for k, mask in enumerate(masks):
        if k in program.plain:
            continue
        for i, (taken, members) in enumerate(groups):
            if not taken & mask:
                groups[i] = taken | mask, [*members, k]
                break
        else:
            groups.append((mask, [k]))
    found = []
    for _, members in groups:
        seeds = np.zeros(count)
        seeds[members] = 1.0
        rows = [Dependent(k, bits_of(masks[k], len(variables))) for k in members]
        outputs = np.repeat([row.output for row in rows], [len(row.places) for row in rows])
        places = np.concatenate([row.places for row in rows])
        found.append(Colour(1.0 if count == 1 else seeds, rows, outputs.astype(np.intp), places))
    return found
