"""Likeness: whether two recordings are the same, node by node, whatever their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .scalars import Program


def steady(program: Program) -> bool:
    """Whether no guard of a program depends on what is captured."""
    reached = {node for node, _, _ in program.guards}
    for node in range(max(reached, default=-1), -1, -1):
        if node in reached:
            reached.update(program.operands[node])
    return reached.isdisjoint(program.captured_nodes)


def listed(program: Program, roots: Sequence[int]) -> Any:
    """What some nodes of a program compute, as it was recorded: equal for two programs if it is the same."""
    reached = set(roots)
    for node in range(max(reached, default=-1), -1, -1):
        if node in reached:
            reached.update(program.operands[node])
    names: dict[int, Any] = {node: (j, k) for j, nodes in enumerate(program.inputs) for k, node in enumerate(nodes)}
    names |= {node: (-1, id(value)) for node, value in zip(program.captured_nodes, program.captured, strict=True)}
    rows: list[Any] = []
    for node in sorted(reached):
        if program.operands[node]:
            names[node] = len(rows)
            rows.append((program.rules[node], tuple([names[x] for x in program.operands[node]])))
        elif node not in names:
            names[node] = repr(program.data[node])
    return rows, [names[node] for node in roots]


def outcomes(program: Program) -> list[bool]:
    """Which way each branch of a program went."""
    return [holds for _, holds, _ in program.guards]


def same(one: Program, other: Program) -> bool:
    """Whether two recordings are the same, guards and their outcomes included."""
    if outcomes(one) != outcomes(other) or repr(one.structure) != repr(other.structure):
        return False
    first, second = (listed(x, [*x.outputs, *x.watched, *[node for node, _, _ in x.guards]]) for x in (one, other))
    return bool(first == second)
