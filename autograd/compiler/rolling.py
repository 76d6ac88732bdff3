"""Rolling: a program of scalars becomes a program of arrays, as a textbook goes from sums to matrices.

Nodes of one level that apply one row to operands from the same arrays are *rolled* into one array statement. How
their operands lie in those arrays decides its form: in order, they are the array itself; at regular distances, a view
of it; anything else is a gather. Weighted sums whose left operands depend on one index only and whose right operands
on another are a matrix product:

    z[i, j] = sum_k W[i, k] A[j, k] + b[i]

A long recurrence (:mod:`.loops`) is one statement, with the rolled program of an iteration as its body.

Nothing is assumed that was not found in the recorded graph, so nothing can be wrong where no form is found: a gather
and a group of one always remain. The time is linear in the number of operands, the result the same in every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import rules
from autograd.collector import undisturbed

from .debugging import watched
from .loops import find
from .normalising import normalise
from .recording import Unsupported
from .repetitions import Repetition, one_iteration
from .rolled import (
    CAPTURED,
    CONSTANTS,
    Access,
    Argument,
    Carried,
    Elementwise,
    Holder,
    Recurrence,
    Reduction,
    Rolled,
    as_lines,
    check,
)  # fmt: skip
from .roller import Roller, cover
from .sums import sorted_terms, weighted_sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .scalars import Scalars

    Integers = np.ndarray[Any, np.dtype[np.int64]]
    Item = int | tuple[int, int]


STATEMENTS = 3000
"""How many statements an array program may have: beyond that it would be slower than the function itself."""

SCALARS, ARGUMENTS = 100, 24
"""How many nodes the body of a loop over single numbers may have, and how many arguments."""

GUARDS = 16
"""How many guards are tested one by one; more are put together."""

SMALL, FRAGMENTS = 8, 4
"""How many elements a small group has, and how many such groups of one row may stand side by side."""


@undisturbed()
def roll(scalars: Scalars) -> Rolled:
    """The array statements of a program."""
    formula = normalise(scalars)
    inputs = [
        Holder("input", () if scalars.body and len(nodes) == 1 else (len(nodes),), j + 2)
        for j, nodes in enumerate(scalars.inputs)
    ]
    roller = Roller(formula, [Holder("captured", (0,), CAPTURED), Holder("constant", (0,), CONSTANTS), *inputs])
    roller.give(scalars)
    for part in find(formula, STATEMENTS):
        if isinstance(part, Repetition):
            repeat(roller, part)
        else:
            roll_nodes(roller, part)
    return watched(finished(roller, scalars, inputs), check, as_lines)


def finished(roller: Roller, scalars: Scalars, inputs: Sequence[Holder]) -> Rolled:
    """The program of the statements so far: where its results lie, and its conditions."""
    formula, first = roller.formula, len(scalars.outputs)
    last = first + len(scalars.guards)
    results = [roller.operand([node]) for node in formula.roots] if scalars.single else []
    outputs = results[0] if results else roller.operand(formula.roots[:first])
    if first > 1 and not outputs.kept:  # one number several times
        outputs = outputs.gathered()
    taken = zip(formula.roots[first:last], scalars.guards, strict=True)
    guards = conditions(roller, [(node, holds) for node, (_, holds, _) in taken])
    failures = [(roller.operand(nodes), False) for nodes in side_by_side(roller, formula.roots[last:])]
    roller.close()
    index = {node: i for i, node in enumerate(scalars.captured_nodes)}
    return Rolled(
        formula=formula,
        holders=roller.holders,
        inputs=inputs,
        statements=roller.statements,
        outputs=outputs,
        results=results,
        guards=guards,
        watched=failures,
        captured_order=[index[node] for node in roller.captured_nodes],
        constant_values=np.array([formula.data[node] for node in roller.constant_nodes]),
        input_names=scalars.input_names,
        places=(roller.owner, roller.position),
        labels=roller.labels(scalars),
    )


def conditions(roller: Roller, taken: Sequence[tuple[int, bool]]) -> list[tuple[Access, bool]]:
    """Where conditions lie, and their outcomes; many of them side by side.

    A condition may have both, if a captured number changed between two looks at it: then it is nobody's path.
    """
    outcomes = dict.fromkeys(taken)
    if len(outcomes) <= GUARDS:
        return [(roller.operand([node]), holds) for node, holds in outcomes]
    sorts = [[node for node, each in outcomes if each is holds] for holds in (True, False)]
    return [(roller.operand(nodes), nodes is sorts[0]) for nodes in sorts if nodes]


def side_by_side(roller: Roller, nodes: Iterable[int]) -> list[list[int]]:
    """Nodes by the arrays that they are in; side by side if these are many."""
    groups: dict[int, list[int]] = {}
    for node in dict.fromkeys(nodes):
        groups.setdefault(roller.owner[node], []).append(node)
    return [*groups.values()] if len(groups) <= GUARDS else [[x for group in groups.values() for x in group]]


def roll_nodes(roller: Roller, nodes: Sequence[int]) -> None:
    """Nodes that come after each other as array statements."""
    formula = roller.formula
    level: dict[int, int] = {}
    levels: list[list[int]] = []
    for node in nodes:
        level[node] = height = 1 + max([level.get(x, 0) for x in formula.operands[node]])
        if height > len(levels):
            levels.append([])
        levels[height - 1].append(node)
    for together in levels:
        groups: dict[Any, list[int]] = {}
        parts: dict[int, Any] = {}
        for node in together:
            groups.setdefault(likeness(roller, node, parts), []).append(node)
        if len(roller.statements) > STATEMENTS:
            raise Unsupported(f"it does not roll into {STATEMENTS} array statements")
        gather_up(groups)
        for key, members in sorted(
            groups.items(), key=lambda group: -len(group[1])
        ):  # parameters in large groups first
            if key[0] == "linear":
                weighted_sums(roller, members, key[1], [parts[node] for node in members])
            elif key[0].layout == "fixed":
                elementwise(roller, key[0], members)
            else:
                reduction(roller, key[0], members)


def likeness(roller: Roller, node: int, parts: dict[int, Any]) -> Any:
    """What nodes must have in common to be rolled into one statement."""
    formula, array = roller.formula, roller.owner
    if node not in formula.items:
        rule, operands = formula.rules[node], formula.operands[node]
        if rule.layout == "fixed":
            return rule, *[array[x] for x in operands]
        return rule, len(operands), tuple(sorted({array[x] for x in operands}))
    sorts: dict[tuple[int, int], list[Item]] = {}
    for item in formula.items[node]:
        if isinstance(item, tuple):
            left, right = item
            if array[right] < array[left]:  # captured, constant, input, computed: in this order
                left, right = right, left
            sorts.setdefault((array[left], array[right]), []).append((left, right))
        else:
            sorts.setdefault((array[item], -1), []).append(item)
    ordered = sorted(sorts.items(), key=lambda sort: (sort[0][1] < 0, *sort[0]))
    parts[node] = [items for _, items in ordered]
    return "linear", tuple([(*kind, len(items)) for kind, items in ordered])


def elementwise(roller: Roller, rule: rules.Rule, members: list[int]) -> None:
    """Nodes of one row, of a fixed number of operands, as one statement."""
    shape, order = roller.shape(list(zip(*[roller.formula.operands[node] for node in members], strict=True)))
    members = [members[i] for i in order.tolist()]
    slots = zip(*[roller.formula.operands[node] for node in members], strict=True)
    operands = [roller.operand(slot, shape) for slot in slots]
    cover(operands, [range(len(shape))] * len(operands), len(shape))
    roller.statements.append(Elementwise(roller.define(members, shape), rule, operands))


def reduction(roller: Roller, rule: rules.Rule, members: list[int]) -> None:
    """Nodes of one row over sequences as one statement."""
    shape, order = roller.shape(list(zip(*[roller.formula.operands[node][:2] for node in members], strict=True)))
    members = [members[i] for i in order.tolist()]
    slots = list(zip(*[roller.formula.operands[node] for node in members], strict=True))
    if len(members) == 1 and rule in rules.TABLE:  # in any order the same
        slots = [(x,) for x in sorted_terms(roller, np.array(slots)[:, 0])[0].tolist()]
    operand = roller.operand([x for slot in slots for x in slot], (len(slots), *shape))
    if len(operand.kept) <= len(shape):
        operand = operand.gathered()
    roller.statements.append(Reduction(roller.define(members, shape), rule, operand))


def repeat(roller: Roller, loop: Repetition) -> None:
    """A loop, its body rolled: of single numbers if it is short and each statement is of these, else of arrays."""
    leaves = [node for node, leaf in loop.leaves.items() if leaf.nodes is None or len(leaf.nodes) > 1]
    groups = [[node] for node in leaves]
    body = None
    if loop.nodes.shape[1] <= SCALARS and len(leaves) <= ARGUMENTS:
        body = roll(one_iteration(roller.formula, loop, groups, single=True))
    single = body is not None and body.of_scalars
    if body is None or not single:
        groups = together_given(roller, loop, leaves)
        body = roll(one_iteration(roller.formula, loop, groups, single=False))
    carried = handed_on(roller, loop, body.results if single else [body.outputs])
    given = [argument(roller, loop, array, group, single) for array, group in zip(body.inputs, groups, strict=True)]
    count, kept = len(loop.nodes), len(loop.kept)
    out = roller.add((count,) if kept == 1 else (count, kept))
    roller.statements.append(Recurrence(out, count, body, single, carried, given, loop))
    for k, j in enumerate(loop.kept):
        for i, node in enumerate(loop.nodes[:, j].tolist()):
            roller.owner[node], roller.position[node] = out.index, i * kept + k


def handed_on(roller: Roller, loop: Repetition, results: Sequence[Access]) -> list[Carried]:
    """What a loop keeps, and what stands before it: of each result by itself, or of all of them together."""
    carried = []
    for t, result in enumerate(results):
        rows = loop.first[:, t : t + 1] if len(results) > 1 or len(loop.kept) == 1 else loop.first
        some = [int(row.max()) for row in rows]
        first = [
            roller.operand([node if node >= 0 else most for node in row.tolist()]) if most >= 0 else None
            for row, most in zip(rows, some, strict=True)
        ]
        carried.append(Carried(result, [x if x is None else x.full() for x in first]))
    return carried


def argument(roller: Roller, loop: Repetition, array: Holder, group: Sequence[int], single: bool) -> Argument:
    """What the body of a loop reads: something that it has kept itself, or an operand from outside."""
    node = next(node for node in group if node >= 0)
    leaf = loop.leaves[node]
    if leaf.nodes is None:
        return Argument(array, leaf.lag, leaf.kept if single else 0)
    columns = np.array([loop.leaves[x].nodes for x in group], np.int64).T
    steps = bool((columns != columns[0]).any())
    shape = (len(loop.nodes), *array.shape) if steps else array.shape
    access = roller.operand((columns if steps else columns[0]).reshape(-1).tolist(), shape)
    return Argument(array, 0, -1, access.full(), steps)


def together_given(roller: Roller, loop: Repetition, leaves: Sequence[int]) -> list[list[int]]:
    """The arguments of a body: what it reads of one earlier iteration, or from one array."""
    groups: dict[Any, list[int]] = {}
    for node in leaves:
        leaf = loop.leaves[node]
        if leaf.nodes is None:
            groups.setdefault(leaf.lag, [-1] * len(loop.kept))[leaf.kept] = node
        else:
            steps = bool((leaf.nodes != leaf.nodes[0]).any())
            groups.setdefault((roller.owner[node], steps, leaf.role), []).append(node)
    return list(groups.values())


def gather_up(groups: dict[Any, list[int]]) -> None:
    """Of one row with many small groups make one, whose operands are then joined from all of their arrays.

    Otherwise an irregular graph falls into ever more and smaller pieces from level to level.
    """
    small: dict[rules.Rule, list[Any]] = {}
    for key, members in groups.items():
        if key[0] != "linear" and key[0].layout == "fixed" and len(members) <= SMALL:
            small.setdefault(key[0], []).append(key)
    for rule, keys in small.items():
        if len(keys) > FRAGMENTS:
            groups[(rule,)] = sorted([node for key in keys for node in groups.pop(key)])
