"""Scalars: a recorded function as a list of instructions, each a row of the table and the numbers of its operands.

It does not know the numbers it was recorded with, but for constants, and the outcomes of the branches that were taken.
Nodes are told apart by where they come from. The arguments' numbers are *inputs*. Leaves that were there before (a
model's parameters) are *captured*, and their data is read anew at each call; so are leaves that the function made and
that live on, and nodes that were computed before. Other leaves made inside are constants.

    node  row       operands
       0  leaf                    inputs = [[0]]
       1  constant                data[1] = 2.0
       2  **        (0, 1)        outputs = [2]

How a recording becomes such a list, :mod:`.numbering` says. The body of a loop is one as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd import rules

from .debugging import IllFormedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from autograd.rules import Rule
    from autograd.value import Value

LEAVES = (rules.LEAF, rules.CONSTANT)

OWN = frozenset((*rules.TABLE, *rules.RECORDED))
"""The rows of the table. What others take, which users have made, only they know."""


@dataclass(frozen=True, eq=False)
class Scalars:
    """A function as instructions: node i is ``rules[i]`` of the nodes ``operands[i]``, which have lower numbers.

    Attributes
    ----------
    rules, operands, data: for each node its row, the numbers of its operands, and its value when it was recorded.
    inputs: for each argument, the node numbers of its numbers (-1 where the result does not depend on one).
    outputs, structure: the node numbers of the result's numbers, and how the result is arranged.
    captured, captured_nodes: the leaves and earlier nodes whose data is read at each call, and their node numbers.
    guards: (node number, outcome, line) of each condition that a branch was taken on.
    watched: the nodes that must be 0.0 in a call: failures of operations, and zeros whose sign matters.
    labels: the labels that nodes had, by number; ``lines`` the lines of the user's code, where they were noted.
    input_names: what each argument is called, where its name can stand in a text that is executed; else "".
    plain: the numbers of the result that are plain ones, and how each is made of what the program computes.
    decided: whether the function was given bools as the outcomes of its comparisons, or has none.
    hides: whether what is not finite can be lost on the way, so that it has to be looked for among what is given.
    body, single: whether this is the body of a loop, and whether it is one of single numbers.
    """

    rules: Sequence[Rule]
    operands: Sequence[tuple[int, ...]]
    data: Sequence[float]
    inputs: Sequence[Sequence[int]]
    outputs: Sequence[int]
    structure: Any = None
    captured: Sequence[Value] = ()
    captured_nodes: Sequence[int] = ()
    guards: Sequence[tuple[int, bool, str]] = ()
    watched: Sequence[int] = ()
    labels: Mapping[int, str] = field(default_factory=dict)
    lines: Mapping[int, str] = field(default_factory=dict)
    input_names: Sequence[str] = ()
    plain: Mapping[int, Callable[[float], Any]] = field(default_factory=dict)
    decided: bool = True
    hides: bool = False
    body: bool = False
    single: bool = False


def check(scalars: Scalars) -> None:
    """IllFormedError where scalars are none: an operand behind its user, a list too short, a node that is not there."""
    rows, count = scalars.rules, len(scalars.rules)
    equal_lengths(scalars, "operands", "data")
    check_operands(rows, scalars.operands)
    given = [node for nodes in scalars.inputs for node in nodes if node >= 0]
    for node in (*given, *scalars.captured_nodes):
        if not node < count or rows[node] is not rules.LEAF:
            raise IllFormedError(f"node {node} is given, and no leaf", node)
    known = {*given, *scalars.captured_nodes}
    for node, row in enumerate(rows):
        if row is rules.LEAF and node not in known:
            raise IllFormedError(f"node {node} is a leaf that nobody gives", node)
    if len(scalars.captured) != len(scalars.captured_nodes):
        raise IllFormedError(f"{len(scalars.captured)} captured Values, {len(scalars.captured_nodes)} nodes for them")
    if len(scalars.input_names) != len(scalars.inputs):
        raise IllFormedError(f"{len(scalars.inputs)} arguments, {len(scalars.input_names)} names for them")
    for node in (*scalars.outputs, *[node for node, _, _ in scalars.guards], *scalars.watched, *scalars.labels):
        if not 0 <= node < count:
            raise IllFormedError(f"node {node} is asked for, and there are only {count}")
    for place in scalars.plain:
        if not 0 <= place < len(scalars.outputs):
            raise IllFormedError(f"number {place} of the result is said to be plain, and there is none")


def equal_lengths(lists: Any, *names: str) -> None:
    """IllFormedError where a list that is parallel to ``rules`` has another length."""
    for name in names:
        if len(getattr(lists, name)) != len(lists.rules):
            raise IllFormedError(f"rules has {len(lists.rules)} elements, {name} {len(getattr(lists, name))}")


def check_operands(rows: Sequence[Rule], operands: Sequence[tuple[int, ...]]) -> None:
    """IllFormedError where a node is computed from a later one, or from others than its row takes."""
    for node, (row, each) in enumerate(zip(rows, operands, strict=True)):
        if each and not (min(each) >= 0 and max(each) < node):
            raise IllFormedError(f"node {node}: {row.symbol} of the nodes {each}, which are not all before it", node)
        check_arity(node, row, each)


def check_arity(node: int, row: Rule, operands: Sequence[int]) -> None:
    """IllFormedError where a row has not as many operands as it takes: a leaf none, a sequence any number."""
    fits = bool(operands) is (row not in LEAVES)
    if row.layout == "fixed" and row in OWN:
        fits &= len(operands) == len(row.operand_names)
    if not fits:
        raise IllFormedError(f"node {node}: {row.symbol or 'a leaf'} of {len(operands)} nodes", node)


def as_lines(scalars: Any) -> Iterator[str]:
    """A line for each node, by its number, as it is shown where something is wrong."""
    for node, (row, each) in enumerate(zip(scalars.rules, scalars.operands, strict=False)):
        yield f"{node:8}  {row.symbol or 'leaf'}  {', '.join(map(str, each))}".rstrip()
