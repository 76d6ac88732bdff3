"""Loops: a long recurrence is found again in its scalars, as the loop that it was.

    x = sin(x) * 1.0001 + 0.1, a hundred thousand times

In the order in which they were made, the nodes repeat with a period p: node i is the row of node i - p, and each of
its operands is either d periods back (a *state*, from d iterations before, or from the same for d = 0), or was there
before the loop: the same in every iteration, or another one in each (a *step* of a sequence). Nothing is assumed: each
operand of each iteration is compared. First iterations that differ stay in front of the loop, what is left over behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import rules

from .debugging import watched
from .repetitions import Leaf, Repetition, check
from .scalars import as_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .normalising import Formula

    Integers = np.ndarray[Any, np.dtype[np.int64]]

DEPTH = 60
"""How many operations must follow one upon the other before a loop is looked for."""

ITERATIONS = 16
"""How many times something must repeat to be a loop."""

SEAMS = 200
"""How many nodes of an iteration are looked at for its beginning."""

LAGS = 8
"""How many iterations back an operand may lie."""

NEAR, TRIES = 1000, 4
"""How far back an operand counts when a period is looked for, and how many periods are tried at each place."""


def depth(formula: Formula) -> int:
    """The greatest number of operations that follow one upon the other."""
    level = [0] * len(formula.rules)
    for node in formula.order:
        operands = formula.operands[node]
        if operands:
            level[node] = 1 + max([level[x] for x in operands])
    return max(level, default=0)


def find(formula: Formula, few: int) -> Sequence[Sequence[int] | Repetition]:
    """The nodes in order, with the loops among them.

    A program that is not mostly one loop, and has less than ``few`` kinds of nodes at different depths, has none: it is
    rolled as a whole.
    """
    nodes = [node for node in formula.order if formula.operands[node]]
    if depth(formula) < DEPTH:
        return [nodes]
    found = repeated(formula, nodes)
    longest = max([loop.nodes.size for _, loop in found], default=0)
    if 2 * longest < len(nodes) and few_statements(formula, few):
        return [nodes]
    parts: list[Sequence[int] | Repetition] = []
    done = 0
    for begin, loop in sorted(found, key=lambda item: item[0]):
        parts += [nodes[done:begin], loop]
        done = begin + loop.nodes.size
    parts.append(nodes[done:])
    watched(parts, lambda parts: check(formula, parts), lambda _: as_lines(formula))
    return parts


def repeated(formula: Formula, nodes: Sequence[int]) -> list[tuple[int, Repetition]]:
    """The loops among these nodes, each with the place of its first one."""
    order = np.array(nodes, np.int64)
    kinds: dict[Any, int] = {}
    keys = np.array([kinds.setdefault(kind(formula, node), len(kinds)) for node in nodes])
    place = np.full(len(formula.rules), -1, np.int64)
    place[order] = np.arange(len(order))
    texts = [as_text(wired(formula, nodes, keys, place)), as_text(keys)]
    found: list[tuple[int, Repetition]] = []
    open_parts = [(0, len(order))]
    while open_parts:
        start, stop = open_parts.pop()
        loop = in_part(formula, order, keys, texts, place, start, stop)
        if loop is not None:
            begin = int(place[loop.nodes[0, 0]])
            found.append((begin, loop))
            open_parts += [(start, begin), (begin + loop.nodes.size, stop)]
    return found


def few_statements(formula: Formula, few: int) -> bool:
    """Whether the nodes are of less than so many kinds, at all depths together."""
    level = [0] * len(formula.rules)
    seen = set()
    for node in formula.order:
        operands = formula.operands[node]
        if operands:
            level[node] = 1 + max([level[x] for x in operands])
            seen.add((level[node], formula.rules[node]))
    return len(seen) < few


def kind(formula: Formula, node: int) -> Any:
    """What two nodes must have in common to be the same in two iterations."""
    items = formula.items.get(node)
    shape = None if items is None else tuple([isinstance(x, tuple) for x in items])
    return formula.rules[node], len(formula.operands[node]), shape


def wired(formula: Formula, nodes: Sequence[int], keys: Integers, place: Integers) -> Integers:
    """The kinds of the nodes together with how far back their operands are, where that is not far."""
    known: dict[Any, int] = {}
    places = place.tolist()
    found = []
    for i, (node, key) in enumerate(zip(nodes, keys.tolist(), strict=True)):
        back = tuple([i - places[x] if i - places[x] < NEAR and places[x] >= 0 else 0 for x in formula.operands[node]])
        found.append(known.setdefault((key, back), len(known)))
    return np.array(found)


def as_text(numbers: Integers) -> bytes:
    """Numbers as bytes, among which a run of them is found quickly."""
    return numbers.astype(np.int32).tobytes()


def in_part(
    formula: Formula, order: Integers, keys: Integers, texts: Sequence[bytes], place: Integers, start: int, stop: int
) -> Repetition | None:
    """A loop among the nodes from start to stop: around the middle, or around a quarter or so.

    Where what stands there stands again behind, the distance may be the period.
    """
    length = stop - start
    if length < 2 * ITERATIONS:
        return None
    window = min(length // 8, 4096) or 1
    for eighth in (4, 3, 5, 2, 6):
        middle = start + eighth * length // 8
        for text in texts:
            sample = text[4 * middle : 4 * (middle + window)]
            at = 4 * middle
            for _ in range(TRIES):
                at = text.find(sample, at + 1, 4 * stop)
                while at >= 0 and at % 4:
                    at = text.find(sample, at + 1, 4 * stop)
                if at < 0:
                    break
                loop = with_period(formula, order, keys, place, start, stop, middle, at // 4 - middle)
                if loop is not None:
                    return loop
    return None


def with_period(
    formula: Formula, order: Integers, keys: Integers, place: Integers, start: int, stop: int, middle: int, p: int
) -> Repetition | None:
    """The loop of period p around the middle, if there is one."""
    differ = start + np.flatnonzero(keys[start : stop - p] != keys[start + p : stop])
    i = int(np.searchsorted(differ, middle))
    begin = int(differ[i - 1]) + 1 if i else start
    end = (int(differ[i]) if i < len(differ) else stop - p) + p
    return of_period(formula, order, keys, place, begin, end, p)


class Operands(NamedTuple):
    """The operands of a loop's nodes: for each node of an iteration and each of its operands a row.

    ``ids`` and ``at`` have the operand in every iteration, and where it stands, from the first node on. ``own`` is the
    node that reads it, ``source`` which node of its iteration it is, ``lag`` how many iterations back, ``inside``
    whether it is a node of the loop: as it is in the middle of it. ``good``: the iterations that are like that one.
    """

    ids: Integers
    at: Integers
    own: Integers
    lag: Integers
    source: Integers
    relative: Integers
    inside: Any
    good: Any


def operands_of(formula: Formula, nodes: Integers, place: Integers, begin: int) -> Operands:
    """The operands of these nodes, an iteration in each row."""
    count, p = nodes.shape
    mid = count // 2
    columns = [np.array([formula.operands[node] for node in nodes[:, j].tolist()], np.int64).T for j in range(p)]
    ids = np.concatenate(columns)
    at = np.where(place[ids] < 0, -1, place[ids] - begin)
    at[at < 0] = -1
    relative = at - p * np.arange(count)
    inside = at[:, mid] >= 0
    own = np.repeat(np.arange(p), [len(column) for column in columns])
    good = np.asarray(np.where(inside[:, None], relative == relative[:, mid : mid + 1], at < 0).all(0))
    relative = relative[:, mid]
    lag = np.where(inside, -(relative // p), 0)
    return Operands(ids, at, own, lag, relative % p, relative, inside, good)


def of_period(
    formula: Formula, order: Integers, keys: Integers, place: Integers, begin: int, end: int, p: int, turn: bool = True
) -> Repetition | None:
    """The loop of period p from begin to end, where the kinds repeat, as far as the operands do too.

    ``turn``: an iteration may begin at another node than the first, where less is handed on.
    """
    count = (end - begin) // p
    if count < ITERATIONS:
        return None
    nodes = order[begin : begin + count * p].reshape(count, p)
    mid = count // 2
    if not two_alike(formula, nodes[mid : mid + 2], place, begin, p):  # before all are compared
        return None
    found = operands_of(formula, nodes, place, begin)
    lag, inside = found.lag, found.inside
    if not found.good[mid] or ((lag > LAGS) | (lag < 0) | (inside & (found.relative >= found.own))).any():
        return None
    beginning = seam(found.own[inside], found.relative[inside], keys[begin : begin + p]) if turn else 0
    if beginning:
        return of_period(formula, order, keys, place, begin + beginning, end, p, turn=False)
    bad = np.flatnonzero(~found.good)
    i = int(np.searchsorted(bad, mid))
    low, high = int(bad[i - 1]) + 1 if i else 0, int(bad[i]) if i < len(bad) else count
    deepest = int(lag.max())
    if high - low < ITERATIONS + deepest or deepest < 1:
        return None
    for i in range(max(0, low - deepest), low + 1):
        first = initial(formula, found, i, p)
        if first is not None:
            return repetition(formula, nodes[i:high], found, found.ids[:, i:high], first, place, begin + i * p)
    return None


def two_alike(formula: Formula, nodes: Integers, place: Integers, begin: int, p: int) -> bool:
    """Whether the operands of one iteration are those of the one before, as far as they stand behind ``begin``."""
    for node, later in nodes.T.tolist():
        for x, y in zip(formula.operands[node], formula.operands[later], strict=True):
            if (place[x] >= begin) != (place[y] >= begin) or (place[x] >= begin and place[y] - place[x] != p):
                return False
    return True


def seam(own: Integers, source: Integers, keys: Integers) -> int:
    """The node at which an iteration should begin: the one before which the fewest are handed on, and of few kinds.

    ``own`` reads ``source``, both counted from the first node.
    """
    p = len(keys)

    def handed_on(begin: int) -> tuple[int, int]:
        late = np.unique(source[(own - begin) // p > (source - begin) // p] % p)
        return len(late), len(np.unique(keys[late]))

    return min(range(min(p, SEAMS)), key=handed_on)


def one_number(formula: Formula, x: int, y: int) -> bool:
    """Whether two nodes are one, or the same constant."""
    constants = formula.rules[x] is formula.rules[y] is rules.CONSTANT
    return x == y or (constants and repr(formula.data[x]) == repr(formula.data[y]))


def initial(formula: Formula, found: Operands, low: int, p: int) -> dict[tuple[int, int], int] | None:
    """What the first iterations read where the states are, by (iteration before the first, node); None if it varies."""
    before: dict[tuple[int, int], int] = {}
    ids, at, lag, source = found.ids, found.at, found.lag, found.source
    deepest = int(lag.max())
    for i in range(low, low + deepest):
        early = lag > i - low
        as_later = at[:, i] == source + (i - lag) * p
        if not np.where(found.inside & ~early, as_later, at[:, i] < low * p).all():
            return None
        for c in np.flatnonzero(early).tolist():
            key, node = (i - low - int(lag[c]), int(source[c])), int(ids[c, i])
            if not one_number(formula, before.setdefault(key, node), node):
                return None
    return before


def repetition(
    formula: Formula, nodes: Integers, found: Operands, ids: Integers, first: dict[tuple[int, int], int],
    place: Integers, begin: int,
) -> Repetition | None:  # fmt: skip
    """The loop with what it keeps and what it reads; ``ids`` are the operands in its iterations."""
    count, p = nodes.shape
    used = {int(j) for j, d in zip(found.source, found.lag, strict=True) if d > 0}
    for node in [*formula.order, -1]:
        if node < 0 or not begin <= place[node] < begin + count * p:
            for x in formula.operands[node] if node >= 0 else formula.roots:
                where = int(place[x]) - begin
                if 0 <= where < count * p:
                    used.add(where % p)
    kept = sorted(used)
    index = {j: k for k, j in enumerate(kept)}
    deepest = int(found.lag.max())
    before = np.full((deepest, len(kept)), -1, np.int64)
    for (i, j), node in first.items():
        before[deepest + i, index[j]] = node
    leaves = leaves_of(formula, nodes[-1].tolist(), found, ids, index)
    return None if leaves is None else Repetition(nodes, kept, before, leaves)


def leaves_of(
    formula: Formula, nodes: Sequence[int], found: Operands, ids: Integers, index: Mapping[int, int]
) -> dict[int, Leaf] | None:
    """What the body reads, by the nodes of the last iteration; None if one node would be two leaves.

    ``index``: which of the kept nodes one of an iteration is.
    """
    leaves: dict[int, Leaf] = {}
    lag, source, inside = found.lag, found.source, found.inside
    sorts = np.where(inside, lag, np.where((ids == ids[:, :1]).all(1), -1, -2)).tolist()
    roles: list[Any] = []
    for node in nodes:
        roles += partners(formula, node, sorts[len(roles) : len(roles) + len(formula.operands[node])])
    for c in range(len(ids)):
        last = int(ids[c, -1])
        if inside[c] and lag[c] == 0:
            continue
        leaf = Leaf(int(lag[c]), index[int(source[c])], None) if inside[c] else Leaf(0, -1, ids[c], roles[c])
        if leaf.nodes is not None and formula.rules[last] is rules.CONSTANT:
            values = [formula.data[x] for x in ids[c].tolist()]
            if len(set(map(repr, values))) == 1:
                leaf = Leaf(0, -1, ids[c, -1:])
        known = leaves.setdefault(last, leaf)
        if known[:2] != leaf[:2] or not np.array_equal(known.nodes, leaf.nodes):  # type: ignore[arg-type]
            return None
    return leaves


def partners(formula: Formula, node: int, sorts: Sequence[int]) -> list[Any]:
    """For each operand of a node what it stands beside: of a product, the sort of the other factor."""
    rule, items = formula.rules[node], formula.items.get(node)
    if items is None:
        return [(rule, k) for k in range(len(sorts))]
    found: list[Any] = []
    for item in items:
        k = len(found)
        found += [sorts[k + 1], sorts[k]] if isinstance(item, tuple) else [None]
    return found
