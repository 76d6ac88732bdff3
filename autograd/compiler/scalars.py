"""Scalars: a recorded function as a list of instructions, each a row of the table and the numbers of its operands.

It does not know the numbers it was recorded with, but for constants, and the outcomes of the branches that were taken.
Nodes are told apart by where they come from. The arguments' numbers are *inputs*. Leaves that were there before (a
model's parameters) are *captured*, and their data is read anew at each call; so are leaves that the function made and
that live on, and nodes that were computed before. Other leaves made inside are constants.
"""

from __future__ import annotations

import operator
import sys
import weakref
from math import isfinite
from typing import TYPE_CHECKING, Any

from autograd import graph, rules
from autograd.structures import flatten, names
from autograd.value import Value, lift

from .failing import may_raise
from .recording import Condition, Unsupported, free, run, undisturbed
from .tracking import Recorded, Tracked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.rules import Rule

    from .recording import Recording

HELD_BY_ONE = 3
"""What ``sys.getrefcount(x)`` is of a node that only the operands of one node hold: these, ``x``, and its argument."""


CONSTANT = rules.CONSTANT
rule_of = operator.attrgetter("rule")


def holders(node: Value) -> int:
    """How many hold a node, those that ask included; to be compared with ``ALONE``."""
    return sys.getrefcount(node)


def asked(node: Value) -> int:
    """The same, one call further down, as :class:`Program` asks."""
    return holders(node)


ALONE = [asked(x) for x in (Value(0.0),)][0]  # noqa: RUF015 - of an element of a tuple, as below
"""How many if, but for those that ask, it is the operands of one node: a number that was lifted, most often."""


class Program:
    """A function as instructions: node i is ``rules[i]`` of the nodes ``operands[i]``, which have lower numbers.

    Attributes
    ----------
    rules, operands, data: for each node its row, the numbers of its operands, and its value when it was recorded.
    inputs: for each argument, the node numbers of its numbers (-1 where the result does not depend on one).
    input_names: what each argument is called, where its name can stand in a text that is executed; else "".
    captured, captured_nodes: the leaves and earlier nodes whose data is read at each call, and their node numbers.
    outputs, structure: the node numbers of the result's numbers, and how the result is arranged.
    plain: which numbers of the result are plain numbers, taken out of a node.
    guards: (node number, outcome, line) of each condition that a branch was taken on.
    watched: the nodes that must be 0.0 in a call: failures of operations, and zeros whose sign matters.
    hides: whether what is not finite can be lost on the way, so that it has to be looked for among what is given.
    labels: the labels that nodes had, by number.
    """

    body = scalars = False
    """Whether this is the body of a loop, and whether it is one of single numbers."""

    def __init__(
        self, arguments: Sequence[Sequence[Value]], outputs: Sequence[Value], structure: Any, notes: Recording
    ) -> None:
        kinds = set(map(rule_of, notes.nodes))
        dead: list[Value] = []
        live = reached(notes.nodes, outputs, dead)
        watched = watch(notes, live, dead, kinds)
        conditions = [guard.condition for guard in notes.guards]
        self.rules: list[Rule] = []
        self.operands: list[tuple[int, ...]] = []
        self.data: list[float] = []
        self.captured: list[Value] = []
        self.captured_nodes: list[int] = []
        self.labels: dict[int, str] = {}
        self._number: dict[int, int] = {}
        self._given = {id(node) for argument in arguments for node in argument}
        self._made = set(map(id, notes.leaves))
        self._seen = notes.seen
        self._doubtful: list[tuple[int, weakref.ref[Value], weakref.ref[Value] | None]] = []
        others = [*conditions, *watched]
        wanted = live | reached(notes.nodes, others, []) if others else live
        number, leaf, labels = self._number, self._leaf, self.labels
        rows, add_row, add_operands, add_number = self.rules, self.rules.append, self.operands.append, self.data.append
        for node in notes.nodes:  # as _add does, spelled out: most of the time is spent here
            if id(node) in wanted:
                add_operands(tuple([number[key] if (key := id(x)) in number else leaf(x, node) for x in node.parents]))
                number[id(node)] = len(rows)
                add_row(node.rule)
                add_number(node._number)
                if node.label:
                    labels[len(rows) - 1] = node.label
        self.outputs = [number[id(node)] if id(node) in number else leaf(node) for node in outputs]
        if any([isinstance(x, Recorded) for x in graph.order(*[y for y in self.captured if y.parents])]):
            raise Unsupported("a part of it runs in a thread of its own, where it is not recorded")
        self.inputs = [[number.get(id(node), -1) for node in argument] for argument in arguments]
        self.structure = structure
        self.plain: frozenset[int] = frozenset()
        self.guards = [(number[id(guard.condition)], guard.holds, guard.line) for guard in notes.guards]
        self.watched = list(dict.fromkeys([number[id(node)] for node in watched]))
        hiding = {row for row in kinds if row.hides}
        self.hides = bool(hiding) and any(
            [x.rule in hiding and (id(x) in live or x.rule in rules.TABLE) for x in notes.nodes]
        )
        self.input_names = [""] * len(arguments)
        del self._number, self._given, self._made, self._seen

    def _add(self, node: Value, rule: Rule) -> int:
        """A node without operands."""
        self._number[id(node)] = i = len(self.rules)
        self.rules.append(rule)
        self.operands.append(())
        self.data.append(node._number)
        if node.label:
            self.labels[i] = node.label
        return i

    def _leaf(self, node: Value, user: Value | None = None) -> int:
        """The number of a node that is not computed by the program; ``user`` is computed of it."""
        if node.rule is CONSTANT and holders(node) <= ALONE:  # as most are
            return self._add(node, CONSTANT)
        key = id(node)
        if key in self._given:
            return self._add(node, rules.LEAF)
        if key in self._made or node.rule is CONSTANT:
            if not self._seen:
                self._doubtful.append((len(self.rules), weakref.ref(node), None if user is None else weakref.ref(user)))
            return self._add(node, CONSTANT)
        self.captured.append(node)
        self.captured_nodes.append(len(self.rules))
        return self._add(node, rules.LEAF)

    def settle(self) -> None:
        """When the recorded graph is gone: constants that somebody else holds are variables, and captured.

        Not those that are held by a node of the graph alone, which the function has put aside.
        """
        for i, reference, user in self._doubtful:
            node = reference()
            if node is None:
                continue
            kept = user is not None and user() is not None
            if not kept or sys.getrefcount(node) > HELD_BY_ONE:
                self.rules[i] = rules.LEAF
                self.captured.append(node)
                self.captured_nodes.append(i)
        self._doubtful = []

    def signature(self) -> Any:
        """Equal for programs that compute the same: what two recordings on different branches are compared by."""
        keep = self.reached()
        renumbered = {node: i for i, node in enumerate(keep)}
        leaves = {node: (j, k) for j, argument in enumerate(self.inputs) for k, node in enumerate(argument)}
        leaves |= {node: (-1, id(value)) for node, value in zip(self.captured_nodes, self.captured, strict=True)}
        listed = []
        for node in keep:
            operands = tuple([renumbered[x] for x in self.operands[node]])
            listed.append((self.rules[node], operands or leaves.get(node) or repr(self.data[node])))
        wanted = [renumbered[x] for x in (*self.outputs, *self.watched)]
        return tuple(listed), tuple(wanted), repr(self.structure)

    def reached(self) -> list[int]:
        """The nodes that a call needs, in order: all but those that only guards look at."""
        wanted = {*self.outputs, *self.watched}
        for node in range(len(self.rules) - 1, -1, -1):
            if node in wanted:
                wanted.update(self.operands[node])
        return sorted(wanted)


def reached(nodes: Sequence[Value], roots: Sequence[Value], others: list[Value]) -> set[int]:
    """The ids of what some roots depend on, among nodes in order and their operands; the others are listed."""
    wanted = set(map(id, roots))
    for node in reversed(nodes):
        if id(node) in wanted:
            wanted.update(map(id, node.parents))
        else:
            others.append(node)
    others.reverse()
    return wanted


def watch(notes: Recording, live: set[int], dead: Sequence[Value], kinds: set[Rule]) -> list[Value]:
    """Conditions that must not hold in a call, besides the branches: else it is the function itself that answers.

    An operation whose number the result depends on needs none for its domain: arrays report it. One whose number is not
    used does, and so do the few that arrays are silent about. An operation that sees the sign of zero needs one for
    each operand that is computed, because the sign of a computed zero is not promised.
    """
    able = {rule for rule in kinds if may_raise(rule)}
    signed = {rule for rule in kinds if rule.signed}
    raising = [x for x in dead if x.rule in able] if able else []
    deaf = {rule for rule in able if rule.silent or rule.hides}
    if deaf:
        raising += [x for x in notes.nodes if x.rule in deaf and id(x) in live and unreported(x)]
    if raising:
        quiet = notes.quiet()
        raising = [x for x in raising if id(x) not in quiet]
    seeing = [x for x in notes.nodes if x.rule in signed and id(x) in live] if signed else []
    if not raising and not seeing:
        return []
    varies = variables(notes)
    found: dict[Any, Value] = {}
    with notes:
        for node in raising:
            condition = notes.fails(node.rule, node.parents)
            if any([id(x) in varies for x in condition.parents]):
                found[node.rule, tuple(map(id, condition.parents))] = condition
            else:
                notes.nodes.pop()
        for node in seeing:
            for i in node.rule.signed:
                x = node.parents[i]
                if x.parents and id(x) in varies and (rules.EQUAL, id(x)) not in found:
                    found[rules.EQUAL, id(x)] = notes.compare(operator.eq, x, 0.0)
    return list(found.values())


def unreported(node: Value) -> bool:
    """Whether arrays would not report that an operation fails."""
    rule = node.rule
    return rule.silent or (
        rule.hides and any([x.rule is rules.CONSTANT and not isfinite(x._number) for x in node.parents])
    )


def variables(notes: Recording) -> set[int]:
    """The ids of the nodes that depend on more than constants."""
    made = set(map(id, notes.leaves))
    found: set[int] = set()
    for node in notes.nodes:
        for x in node.parents:
            if id(x) in found or (not x.parents and x.rule is not rules.CONSTANT and id(x) not in made):
                found.add(id(node))
                found.add(id(x))
    return found


def program(
    function: Callable[..., Any], name: str, structures: Sequence[Any], numbers: Sequence[Sequence[float]]
) -> Program:
    """Record a function at these numbers.

    Raises TypeError if the result holds a number that is not a Value, although there is no branch on which it is a
    constant: its gradient would be lost; Unsupported if the function does what cannot be recorded.
    """
    with undisturbed():
        found = recorded(function, name, structures, numbers)
        found.settle()
        return found


def recorded(
    function: Callable[..., Any], name: str, structures: Sequence[Any], numbers: Sequence[Sequence[float]]
) -> Program:
    """The program; when this returns, nobody but the function holds anything of the graph."""
    leaves, result, notes = run(function, structures, numbers)
    made = [(weakref.ref(node), line) for node, line in notes.restarted]
    try:
        found = described(name, leaves, result, notes)
    finally:
        free(notes, leaves)
    del leaves, result, notes
    kept = [line for reference, line in made if reference() is not None]
    if kept:
        raise Unsupported(
            f"it keeps a number that it took out of a Value{kept[0]}; return it beside the result, or make the Value "
            "outside"
        )
    return found


def described(name: str, leaves: Sequence[Sequence[Value]], result: Any, notes: Recording) -> Program:
    """The program of a function that has run.

    TypeError if the result holds a number that is not a Value, although no branch was taken on which it is a constant.
    """
    outputs, structure = flatten(result, f"jit: the result of {name}")
    if not outputs:
        raise TypeError(f"jit: expected {name} to return Values, got {result!r}")
    roots = [notes.lifted(x) for x in outputs]
    if notes.guards:
        roots = [x if isinstance(x, Value) else lift(x, rules.CONSTANT) for x in roots]
    for x, where in zip(roots, names(structure, "result"), strict=True):
        if not isinstance(x, Value):
            raise TypeError(
                f"jit: expected {name} to return Values, got {type(x).__name__} as its {where}: a plain number does "
                "not depend on the arguments"
            )
    found = Program(leaves, roots, structure, notes)
    found.plain = frozenset([k for k, x in enumerate(outputs) if type(x) in (Tracked, Condition) or x is not roots[k]])
    return found
