"""Likeness: whether two recordings are the same, node by node, whatever their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .scalars import Scalars


def needed(program: Scalars, roots: Iterable[int]) -> set[int]:
    """The nodes that some depend on, they included."""
    found = set(roots)
    for node in range(max(found, default=-1), -1, -1):
        if node in found:
            found.update(program.operands[node])
    return found


def steady(program: Scalars) -> bool:
    """Whether no guard of a program depends on what is captured."""
    return needed(program, [node for node, _, _ in program.guards]).isdisjoint(program.captured_nodes)


def canonical(program: Scalars, roots: Sequence[int]) -> Any:
    """What some nodes of a program compute, as it was recorded: equal for two programs if it is the same."""
    names: dict[int, Any] = {node: (j, k) for j, nodes in enumerate(program.inputs) for k, node in enumerate(nodes)}
    names |= {node: (-1, id(value)) for node, value in zip(program.captured_nodes, program.captured, strict=True)}
    rows: list[Any] = []
    for node in sorted(needed(program, roots)):
        if program.operands[node]:
            names[node] = len(rows)
            rows.append((program.rules[node], tuple([names[x] for x in program.operands[node]])))
        elif node not in names:
            names[node] = repr(program.data[node])
    return rows, [names[node] for node in roots]


def signature(program: Scalars) -> Any:
    """Equal for programs that compute the same, on whatever branches they were recorded."""
    return canonical(program, [*program.outputs, *program.watched]), repr(program.structure)


def outcomes(program: Scalars) -> list[bool]:
    """Which way each branch of a program went."""
    return [holds for _, holds, _ in program.guards]


def same(one: Scalars, other: Scalars) -> bool:
    """Whether two recordings are the same, guards and their outcomes included."""
    if outcomes(one) != outcomes(other) or repr(one.structure) != repr(other.structure):
        return False
    first, second = (canonical(x, [*x.outputs, *x.watched, *[node for node, _, _ in x.guards]]) for x in (one, other))
    return bool(first == second)
