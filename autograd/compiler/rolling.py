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

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import rules
from autograd.collector import undisturbed

from .loops import Body, Repetition, find
from .normalising import Formula
from .recording import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .scalars import Program

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

AXES = 4
"""How many axes an array may have."""

CAPTURED, CONSTANTS = 0, 1
"""The numbers of the arrays that hold what the leaves hold; those of the inputs follow."""


class Array:
    """A variable of the array program.

    ``kind``: "input" (one argument's numbers), "captured", "constant", or "group" (computed by a statement).
    ``shape``: the axes of the group; () for a group of one.
    """

    def __init__(self, kind: str, shape: tuple[int, ...], index: int) -> None:
        self.kind = kind
        self.shape = shape
        self.index = index

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))


class Access:
    """Where the operands of a statement lie: ``positions`` in the flat ``array``, arranged by the statement's axes.

    ``kept`` are the axes that the operand depends on, ``used`` the positions along those. ``strides`` are the distances
    along each axis (0 where the operand does not depend on it) if the pattern is regular, else None: then it is a
    gather. ``injective``: no element is used twice, but for axes that are not kept.
    """

    def __init__(self, array: Array, positions: Integers) -> None:
        self.array = array
        self.positions = positions
        self.offset = int(positions.flat[0])
        self.strides = regular(positions)
        self.literal: float | None = None
        """The number that all of the operands are, if they are one constant."""
        if self.strides is not None:
            self._keep([axis for axis, stride in enumerate(self.strides) if stride])
        else:
            self._keep([a for a in range(positions.ndim) if (positions != positions.take([0], a)).any()])

    def _keep(self, axes: Sequence[int]) -> None:
        self.kept = tuple(axes)
        self.used = self.positions[tuple([slice(None) if a in axes else 0 for a in range(self.positions.ndim)])]
        seen = np.zeros(int(self.used.max()) + 1, bool)
        seen[self.used] = True
        self.injective = int(np.count_nonzero(seen)) == self.used.size

    @property
    def whole(self) -> bool:
        """Whether this is every element of the array, in order."""
        return self.used.size == self.array.size and bool((self.used.reshape(-1) == np.arange(self.used.size)).all())

    def full(self) -> Access:
        """The same, with every axis kept, and read from the array in any case."""
        return self if len(self.kept) == self.positions.ndim and self.literal is None else self.gathered()

    def gathered(self) -> Access:
        """The same with every axis kept."""
        other = Access(self.array, self.positions)
        if len(self.kept) < self.positions.ndim:
            other.strides = None
            other._keep(range(self.positions.ndim))
        return other


class Elementwise:
    """out = rule(*operands), element by element; each operand's axes are those of ``out``."""

    def __init__(self, out: Array, rule: rules.Rule, operands: list[Access]) -> None:
        self.out, self.rule, self.operands = out, rule, operands


class Reduction:
    """out = rule of a sequence: the operand's first axis is the sequence, the others are those of ``out``."""

    def __init__(self, out: Array, rule: rules.Rule, operand: Access) -> None:
        self.out, self.rule, self.operand = out, rule, operand


class Segment:
    """A part of a weighted sum: sum_k left * right, or (without ``right``) sum_k left.

    ``left_axes`` and ``right_axes`` name the axes of each operand: a and b are the statement's, k is summed over.
    """

    def __init__(self, left: Access, left_axes: str, right: Access | None = None, right_axes: str = "") -> None:
        self.left, self.left_axes, self.right, self.right_axes = left, left_axes, right, right_axes


class Linear:
    """out = the sum of its segments; ``letters`` name the axes of ``out``."""

    def __init__(self, out: Array, letters: str, segments: list[Segment]) -> None:
        self.out, self.letters, self.segments = out, letters, segments


class Join:
    """out = the parts, one after the other; each is a vector."""

    def __init__(self, out: Array, parts: list[Access]) -> None:
        self.out, self.parts = out, parts


class Tape(NamedTuple):
    """What a loop keeps of each iteration: where it lies in the arrays of the body, and what is there before the first.

    ``first``: for each iteration that is looked back to before the first one, an operand; None where none is read.
    """

    result: Access
    first: list[Access | None]


class Argument(NamedTuple):
    """What the body of a loop reads: ``tape`` number so and so, ``lag`` iterations before, or else an operand.

    With ``steps`` the first axis of the operand is that of the iterations.
    """

    array: Array
    lag: int
    tape: int
    operand: Access | None = None
    steps: bool = False


class Loop:
    """out[i] = what iteration i of the body keeps, for ``count`` iterations, the tapes beside each other.

    ``scalars``: whether each tape holds single numbers.
    """

    def __init__(
        self, out: Array, count: int, body: Rolled, scalars: bool, tapes: list[Tape], arguments: list[Argument]
    ) -> None:
        self.out, self.count, self.body, self.scalars = out, count, body, scalars
        self.tapes, self.arguments = tapes, arguments

    @property
    def operands(self) -> list[Access]:
        """All that is read from outside."""
        first = [x for tape in self.tapes for x in tape.first if x is not None]
        return first + [x.operand for x in self.arguments if x.operand is not None]


Statement = Elementwise | Reduction | Linear | Join | Loop


def cover(operands: list[Access], axes: Sequence[Sequence[int]], count: int) -> None:
    """Where no operand depends on an axis of the result, let one of them have all its axes.

    ``axes``: for each operand, which axis of the result each of its own is (or -1).
    """
    regarded = [(access, own) for access, own in zip(operands, axes, strict=True) if access.literal is None]
    kept = {own[axis] for access, own in regarded for axis in access.kept}
    if kept >= set(range(count)):
        return
    able = [i for i, own in enumerate(axes) if set(own) >= set(range(count))]
    i = min(able, key=lambda i: operands[i].array.kind == "constant")  # of constants only if there is nothing else
    operands[i] = operands[i].gathered()


def regular(positions: Integers) -> tuple[int, ...] | None:
    """The strides s with positions[i, j, ...] = positions[0, 0, ...] + s_0 i + s_1 j + ..., if there are such."""
    start = int(positions.flat[0])
    expected = np.full((1,) * positions.ndim, start)
    strides = []
    for axis, length in enumerate(positions.shape):
        step = (
            int(positions[tuple([1 if a == axis else 0 for a in range(positions.ndim)])]) - start if length > 1 else 0
        )
        strides.append(step)
        expected = expected + (step * np.arange(length)).reshape(
            [-1 if a == axis else 1 for a in range(positions.ndim)]
        )
    return tuple(strides) if bool((expected == positions).all()) else None


def irregular(positions: Integers) -> int:
    """How many indices it takes to gather these: along the axes on which they are not at one distance; 0 if on all."""
    size = 1
    for axis, length in enumerate(positions.shape):
        steps = np.diff(positions, axis=axis)
        if steps.size and (steps != steps.flat[0]).any():
            size *= length
    return size if size > 1 else 0


def blocks(column: Integers) -> list[int]:
    """The lengths of the blocks in which a column repeats, but for what is added to each: each divides the next.

    0 1 2 0 1 2 10 11 12 10 11 12 has blocks of 3 and of 6.
    """
    found, length = [], 1
    while len(column) > 1:
        steps = np.diff(column)
        breaks = np.flatnonzero(steps != steps[0])
        if not len(breaks):
            break
        n = len(column)
        for m in dict.fromkeys([int(breaks[0]) + 1, *[m for m in range(2, min(n // 2, 1000) + 1) if n % m == 0]]):
            if n % m == 0 and (steps[m : 2 * m - 1] == steps[: m - 1]).all():
                rows = column.reshape(-1, m)
                if (rows - rows[:, :1] == rows[0] - rows[0, 0]).all():
                    length *= m
                    found.append(length)
                    column = rows[:, 0]
                    break
        else:
            break
    return found


def shapes(n: int, columns: Sequence[Integers]) -> list[tuple[int, ...]]:
    """The ways to arrange n things in a grid of up to four axes along which the columns may be regular."""
    each = [blocks(column) for column in columns]
    found = []
    for lengths in [sorted({b for own in each for b in own}), *each]:
        chain: list[int] = [1]
        for b in lengths:
            if b % chain[-1] == 0 and n % b == 0 and chain[-1] < b < n:
                chain.append(b)
        shape = tuple([b // a for a, b in zip(chain, [*chain[1:], n], strict=True)])[::-1]
        if len(shape) <= AXES:
            found.append(shape)
    return list(dict.fromkeys(found))


# Rolling --------------------------------------------------------------------------------------------------------


class Rolled:
    """A program of array statements.

    Attributes
    ----------
    inputs, captured, constants: the arrays of what is given; ``captured_order[position]`` is a number of
        ``program.captured``, ``constant_values[position]`` a number.
    statements: in the order of computation.
    outputs: where the result's numbers lie. guards, watched: for each condition where it lies, and its outcome.
    """

    @undisturbed()
    def __init__(self, program: Program) -> None:
        self.formula = formula = Formula(program)
        count = len(formula.rules)
        self.captured = Array("captured", (0,), CAPTURED)
        self.constants = Array("constant", (0,), CONSTANTS)
        self.inputs = [
            Array("input", () if program.body and len(nodes) == 1 else (len(nodes),), j + 2)
            for j, nodes in enumerate(program.inputs)
        ]
        self.statements: list[Statement] = []
        self._arrays: list[Array] = [self.captured, self.constants, *self.inputs]
        self._array = [-1] * count
        self._position = np.full(count, -1, np.int64)
        self._captured: list[int] = []
        self._constants: list[int] = []
        for array, nodes in zip(self.inputs, program.inputs, strict=True):
            for position, node in enumerate(nodes):
                if node >= 0:
                    self._array[node], self._position[node] = array.index, position
        for node in program.captured_nodes:
            self._array[node] = CAPTURED
        for node in formula.order:
            if formula.rules[node] is rules.CONSTANT:
                self._array[node] = CONSTANTS
        for part in find(formula, STATEMENTS):
            if isinstance(part, Repetition):
                self._loop(part)
            else:
                self._roll(part)
        self.results = [self._operand([node]) for node in formula.roots] if program.scalars else []
        self.outputs = self.results[0] if self.results else self._operand(formula.roots[: len(program.outputs)])
        if len(program.outputs) > 1 and not self.outputs.kept:  # one number several times
            self.outputs = self.outputs.gathered()
        first = len(program.outputs)
        last = first + len(program.guards)
        taken = zip(formula.roots[first:last], program.guards, strict=True)
        self.guards = self._conditions([(node, holds) for node, (_, holds, _) in taken])
        self.watched = [(self._operand(nodes), False) for nodes in self._together(formula.roots[last:])]
        self.captured.shape = (len(self._captured),)
        self.constants.shape = (len(self._constants),)
        index = {node: i for i, node in enumerate(program.captured_nodes)}
        self.captured_order = [index[node] for node in self._captured]
        self.constant_values = np.array([formula.data[node] for node in self._constants])
        self.input_names = program.input_names
        self._labels: dict[int, dict[int, str]] = {}
        for node, label in program.labels.items():
            kept = formula.kept(node)
            self._labels.setdefault(self._array[kept], {}).setdefault(int(self._position[kept]), label)

    def _conditions(self, taken: Sequence[tuple[int, bool]]) -> list[tuple[Access, bool]]:
        """Where conditions lie, and their outcomes; many of them side by side.

        A condition may have both, if a captured number changed between two looks at it: then it is nobody's path.
        """
        outcomes = dict.fromkeys(taken)
        if len(outcomes) <= GUARDS:
            return [(self._operand([node]), holds) for node, holds in outcomes]
        sorts = [[node for node, each in outcomes if each is holds] for holds in (True, False)]
        return [(self._operand(nodes), nodes is sorts[0]) for nodes in sorts if nodes]

    def _together(self, nodes: Iterable[int]) -> list[list[int]]:
        """Nodes by the arrays that they are in; side by side if these are many."""
        groups: dict[int, list[int]] = {}
        for node in dict.fromkeys(nodes):
            groups.setdefault(self._array[node], []).append(node)
        return [*groups.values()] if len(groups) <= GUARDS else [[x for group in groups.values() for x in group]]

    def labels_of(self, array: Array, positions: Integers | None = None, all_of_them: bool = False) -> list[str]:
        """The labels of an array's elements (of those at the positions); none if ``all_of_them`` are not labelled."""
        known = self._labels.get(array.index, {})
        wanted = range(array.size) if positions is None else positions.reshape(-1).tolist()
        found = [known[i] for i in wanted if i in known] if known else []
        return found if not all_of_them or len(found) == len(wanted) else []

    def _roll(self, nodes: Sequence[int]) -> None:
        """Nodes that come after each other as array statements."""
        formula = self.formula
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
                groups.setdefault(self._key(node, parts), []).append(node)
            if len(self.statements) > STATEMENTS:
                raise Unsupported(f"it does not roll into {STATEMENTS} array statements")
            gather_up(groups)
            for key, members in sorted(
                groups.items(), key=lambda group: -len(group[1])
            ):  # parameters in large groups first
                if key[0] == "linear":
                    self._linear(members, key[1], [parts[node] for node in members])
                elif key[0].layout == "fixed":
                    self._elementwise(key[0], members)
                else:
                    self._reduction(key[0], members)

    def _key(self, node: int, parts: dict[int, Any]) -> Any:
        """What nodes must have in common to be rolled into one statement."""
        formula, array = self.formula, self._array
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

    # Positions.

    def _place(self, nodes: Iterable[int]) -> None:
        """Give captured leaves and constants their places, in the order in which they are first used."""
        for node in nodes:
            if self._position[node] < 0:
                listed = self._captured if self._array[node] == CAPTURED else self._constants
                self._position[node] = len(listed)
                listed.append(node)

    def _operand(self, nodes: Sequence[int], shape: tuple[int, ...] | None = None) -> Access:
        """Where these nodes lie, arranged in this shape: in one array, joined from several if need be."""
        if shape is None:
            shape = () if len(nodes) == 1 else (len(nodes),)
        self._place(nodes)
        used = list(dict.fromkeys([self._array[x] for x in nodes]))
        positions = self._position[np.array(nodes, np.int64)]
        if len(used) == 1:
            access = Access(self._arrays[used[0]], positions.reshape(shape))
            if used[0] == CONSTANTS and len({repr(self.formula.data[x]) for x in nodes}) == 1:
                access.literal = self.formula.data[nodes[0]]
            return access
        owners = np.array([self._array[x] for x in nodes])
        parts, joined, start = [], np.empty(len(nodes), np.int64), 0
        for index in used:
            mine = owners == index
            elements, which = np.unique(positions[mine], return_inverse=True)
            parts.append(Access(self._arrays[index], elements))
            joined[mine] = start + which
            start += len(elements)
        out = self._add((start,))
        self.statements.append(Join(out, parts))
        return Access(out, joined.reshape(shape))

    def _add(self, shape: tuple[int, ...]) -> Array:
        array = Array("group", shape, len(self._arrays))
        self._arrays.append(array)
        return array

    def _define(self, members: Sequence[int], shape: tuple[int, ...]) -> Array:
        """The array of a group: its members in order, in this shape."""
        out = self._add(shape)
        for position, node in enumerate(members):
            self._array[node] = out.index
            self._position[node] = position
        return out

    def _shape(self, slots: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], Integers]:
        """The axes of a group: those along which most operands lie regularly; and the order of its members then."""
        n = len(slots[0])
        members = np.arange(n)
        if n == 1:
            return (), members
        candidates: list[tuple[tuple[int, ...], Integers]] = []
        columns = []
        for slot in slots:
            self._place(slot)
            columns.append(self._position[np.array(slot, np.int64)])
            array = self._arrays[self._array[slot[0]]]
            if len(array.shape) > 1 and array.size == n:
                order = np.argsort(columns[-1], kind="stable")
                if (columns[-1][order] == members).all():  # all of the array: as it is arranged
                    candidates.append((array.shape, order))

        def cost(candidate: tuple[tuple[int, ...], Integers]) -> int:
            shape, order = candidate
            return sum([irregular(column[order].reshape(shape)) for column in columns])

        candidates += [(shape, members) for shape in [(n,), *shapes(n, columns)]]
        shape, order = min(candidates, key=cost)  # of equals the first
        if order is not members:
            return shape, order
        axes = list(range(len(shape)))
        if len(shape) > 2:  # the longest last: then what is done along it is done in one go
            axes.sort(key=lambda axis: axis == int(np.argmax(shape)))
        elif len(shape) == 2:  # as the largest operand lies
            large = max(slots, key=lambda slot: self._arrays[self._array[slot[0]]].size)
            if len(self._arrays[self._array[large[0]]].shape) > 1:
                strides = regular(columns[slots.index(large)].reshape(shape))
                if strides is not None and 0 < abs(strides[0]) < abs(strides[1]):
                    axes.reverse()
        members = members.reshape(shape).transpose(axes).reshape(-1)
        return tuple([shape[axis] for axis in axes]), members

    # Statements.

    def _elementwise(self, rule: rules.Rule, members: list[int]) -> None:
        shape, order = self._shape(list(zip(*[self.formula.operands[node] for node in members], strict=True)))
        members = [members[i] for i in order.tolist()]
        slots = zip(*[self.formula.operands[node] for node in members], strict=True)
        operands = [self._operand(slot, shape) for slot in slots]
        cover(operands, [range(len(shape))] * len(operands), len(shape))
        self.statements.append(Elementwise(self._define(members, shape), rule, operands))

    def _reduction(self, rule: rules.Rule, members: list[int]) -> None:
        shape, order = self._shape(list(zip(*[self.formula.operands[node][:2] for node in members], strict=True)))
        members = [members[i] for i in order.tolist()]
        slots = list(zip(*[self.formula.operands[node] for node in members], strict=True))
        if len(members) == 1 and rule in rules.TABLE:  # in any order the same
            slots = [(x,) for x in self._sorted(np.array(slots)[:, 0])[0].tolist()]
        operand = self._operand([x for slot in slots for x in slot], (len(slots), *shape))
        if len(operand.kept) <= len(shape):
            operand = operand.gathered()
        self.statements.append(Reduction(self._define(members, shape), rule, operand))

    def _linear(self, members: list[int], kinds: Sequence[tuple[int, int, int]], parts: list[list[list[Item]]]) -> None:
        n = len(members)
        product = None
        widest = max(range(len(kinds)), key=lambda s: (kinds[s][1] >= 0, kinds[s][2]))
        if kinds[widest][1] >= 0 and n > 1:
            pairs = np.array([part[widest] for part in parts], np.int64)
            product = outer(pairs[:, :, 0], pairs[:, :, 1])
        if product is not None:
            a, b, _, _ = product
            rows_first = a[1] == a[0]  # whether the right rows change faster already
            order = np.lexsort((b, a) if rows_first else (a, b))
            members, parts = [members[i] for i in order], [parts[i] for i in order]
            ua, ub = int(a.max()) + 1, int(b.max()) + 1
            letters = "ab" if rows_first else "ba"
            sizes = {"a": ua, "b": ub}
            letters = "".join([letter for letter in letters if sizes[letter] > 1])
            shape = tuple([sizes[letter] for letter in letters])
        else:
            slots: list[list[int]] = []
            for s, (_, right, length) in enumerate(kinds):
                if right >= 0 and length > 1:
                    for side in (0, 1):
                        self._place([pair[side] for part in parts for pair in part[s]])  # type: ignore[index]
                elif length > 1:
                    self._place([x for part in parts for x in part[s]])  # type: ignore[misc]
                if right >= 0:
                    slots += [[part[s][0][side] for part in parts] for side in (0, 1)]  # type: ignore[index]
                else:
                    slots.append([part[s][0] for part in parts])  # type: ignore[misc]
            shape, order = self._shape(slots)
            members, parts = [members[i] for i in order.tolist()], [parts[i] for i in order.tolist()]
            letters = "abcd"[: len(shape)]
        segments = []
        for s, (_, right, _) in enumerate(kinds):
            items = np.array([part[s] for part in parts], np.int64)
            if right < 0:
                segments.append(self._single(items, shape, letters))
            elif s == widest and product is not None:
                segments.append(self._product(product[2], product[3]))
            else:
                segments.append(self._pairs(items, shape, letters))
        sides = [(segment.left, segment.left_axes) for segment in segments]
        sides += [(segment.right, segment.right_axes) for segment in segments if segment.right is not None]
        accesses = [access for access, _ in sides]
        cover(accesses, [[letters.find(letter) for letter in axes] for _, axes in sides], len(shape))
        for segment, access in zip(segments, accesses, strict=False):
            segment.left = access
        for segment, access in zip(
            [x for x in segments if x.right is not None], accesses[len(segments) :], strict=True
        ):
            segment.right = access
        self.statements.append(Linear(self._define(members, shape), letters, segments))

    def _loop(self, loop: Repetition) -> None:
        """A loop, its body rolled: of single numbers if it is short and each statement is of these, else of arrays."""
        leaves = [node for node, leaf in loop.leaves.items() if leaf.nodes is None or len(leaf.nodes) > 1]
        groups = [[node] for node in leaves]
        body = None
        if loop.nodes.shape[1] <= SCALARS and len(leaves) <= ARGUMENTS:
            body = Rolled(Body(self.formula, loop, groups, scalars=True))
        scalars = body is not None and body.of_scalars
        if body is None or not scalars:
            groups = self._groups(loop, leaves)
            body = Rolled(Body(self.formula, loop, groups, scalars=False))
        count, kept = len(loop.nodes), len(loop.kept)
        tapes = []
        for t, result in enumerate(body.results if scalars else [body.outputs]):
            rows = loop.first[:, t : t + 1] if scalars else loop.first
            some = [int(row.max()) for row in rows]
            first = [
                self._operand([node if node >= 0 else most for node in row.tolist()]) if most >= 0 else None
                for row, most in zip(rows, some, strict=True)
            ]
            tapes.append(Tape(result, [x if x is None else x.full() for x in first]))
        arguments = []
        for array, group in zip(body.inputs, groups, strict=True):
            node = next(node for node in group if node >= 0)
            leaf = loop.leaves[node]
            if leaf.nodes is None:
                arguments.append(Argument(array, leaf.lag, leaf.kept if scalars else 0))
                continue
            columns = np.array([loop.leaves[x].nodes for x in group], np.int64).T
            steps = bool((columns != columns[0]).any())
            shape = (count, *array.shape) if steps else array.shape
            access = self._operand((columns if steps else columns[0]).reshape(-1).tolist(), shape)
            arguments.append(Argument(array, 0, -1, access.full(), steps))
        out = self._add((count,) if kept == 1 else (count, kept))
        self.statements.append(Loop(out, count, body, scalars, tapes, arguments))
        for k, j in enumerate(loop.kept):
            for i, node in enumerate(loop.nodes[:, j].tolist()):
                self._array[node], self._position[node] = out.index, i * kept + k

    def _groups(self, loop: Repetition, leaves: Sequence[int]) -> list[list[int]]:
        """The arguments of a body: what it reads of one earlier iteration, or from one array."""
        groups: dict[Any, list[int]] = {}
        for node in leaves:
            leaf = loop.leaves[node]
            if leaf.nodes is None:
                groups.setdefault(leaf.lag, [-1] * len(loop.kept))[leaf.kept] = node
            else:
                steps = bool((leaf.nodes != leaf.nodes[0]).any())
                groups.setdefault((self._array[node], steps, leaf.role), []).append(node)
        return list(groups.values())

    @property
    def of_scalars(self) -> bool:
        """Whether each statement is about single numbers."""
        accesses = [*self.results]
        for statement in self.statements:
            if isinstance(statement, Elementwise):
                accesses += statement.operands
            elif isinstance(statement, Linear):
                for segment in statement.segments:
                    accesses += [x for x in (segment.left, segment.right) if x is not None]
            else:
                return False
        return all([x.literal is not None or (x.array.shape == () and x.positions.shape == ()) for x in accesses])

    def _sorted(self, *columns: Integers) -> list[Integers]:
        """The terms of a lone sum in the order of their operands, where that is not regular as it stands."""
        for column in columns:
            self._place(column.tolist())
        positions = [self._position[column] for column in columns]
        if all([regular(p) is not None for p in positions]):
            return list(columns)
        order = np.lexsort(positions[::-1])
        return [column[order] for column in columns]

    def _single(self, items: Integers, shape: tuple[int, ...], letters: str) -> Segment:
        if items.shape[1] == 1:
            return Segment(self._operand(items[:, 0].tolist(), shape), letters)
        if len(items) == 1:
            items = self._sorted(items[0])[0][None]
        access = self._operand(items.T.reshape(-1).tolist(), (items.shape[1], *shape))
        if 0 not in access.kept:
            access = access.gathered()
        return Segment(access, "k" + letters)

    def _pairs(self, items: Integers, shape: tuple[int, ...], letters: str) -> Segment:
        left, right = items[:, :, 0], items[:, :, 1]
        if len(items) == 1 and items.shape[1] > 1:
            left, right = (column[None] for column in self._sorted(left[0], right[0]))
        summed = "k" if items.shape[1] > 1 else ""
        whole = (*shape, items.shape[1]) if summed else shape
        accesses = [self._operand(side.reshape(-1).tolist(), whole) for side in (left, right)]
        if summed:
            accesses = [x if len(shape) in x.kept else x.gathered() for x in accesses]
        return Segment(accesses[0], letters + summed, accesses[1], letters + summed)

    def _product(self, left: Integers, right: Integers) -> Segment:
        """left[a, k] and right[b, k], for the weighted sums of every a with every b."""
        accesses, names = [], []
        for letter, rows in (("a", left), ("b", right)):
            axes = [(letter, len(rows)), ("k", rows.shape[1])]
            shape = tuple([length for _, length in axes if length > 1])
            access = self._operand(rows.reshape(-1).tolist(), shape)
            accesses.append(access if len(access.kept) == len(shape) else access.gathered())
            names.append("".join([name for name, length in axes if length > 1]))
        return Segment(accesses[0], names[0], accesses[1], names[1])


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


def outer(left: Integers, right: Integers) -> tuple[Integers, Integers, Integers, Integers] | None:
    """a, b, L, R with left[i] = L[a[i]] and right[i] = R[b[i]] where each pair (a, b) occurs exactly once, if so."""
    a, rows = distinct(left)
    b, others = distinct(right)
    n = len(left)
    if len(rows) * len(others) != n or len(np.unique(a * len(others) + b)) != n:
        return None
    return a, b, rows, others


def distinct(rows: Integers) -> tuple[Integers, Integers]:
    """The distinct rows in the order in which they first occur, and for each row which of them it is."""
    weights = np.random.default_rng(0).integers(1, 2**62, rows.shape[1])
    _, first, which = np.unique(rows @ weights, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    found, unique = rank[which], rows[first[order]]
    if not np.array_equal(unique[found], rows):  # two rows of one hash: none is taken for another
        return np.arange(len(rows)), rows
    return found, unique
