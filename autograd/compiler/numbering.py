"""Numbering: the nodes of a recording are numbered, and become :class:`~autograd.compiler.scalars.Scalars`.

What the result depends on is kept, and what the conditions do under which the result is that of the function: the
branches that were taken, failures of operations that arrays would not report, and zeros whose sign matters.
"""

from __future__ import annotations

import operator
import sys
import weakref
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import graph, rules
from autograd.collector import undisturbed
from autograd.structures import flatten, names
from autograd.value import Value, lift

from .beside import plain_numbers
from .debugging import watched
from .failing import may_raise
from .recording import Recording, Unsupported, free, run
from .scalars import Scalars, as_lines, check
from .tracking import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from autograd.rules import Rule

HELD_BY_ONE = 3
"""What ``sys.getrefcount(x)`` is of a node that only the operands of one node hold: these, ``x``, and its argument."""


CONSTANT = rules.CONSTANT
rule_of = operator.attrgetter("rule")


def holders(node: Value) -> int:
    """How many hold a node, those that ask included; to be compared with ``ALONE``."""
    return sys.getrefcount(node)


def asked(node: Value) -> int:
    """The same, one call further down, as :meth:`Numbering.leaf` asks."""
    return holders(node)


ALONE = [asked(x) for x in (Value(0.0),)][0]  # noqa: RUF015 - of an element of a tuple, as below
"""How many if, but for those that ask, it is the operands of one node: a number that was lifted, most often."""


class Doubtful(NamedTuple):
    """A leaf that the function has made: a constant, or, if somebody else holds it, a variable."""

    node: int
    leaf: weakref.ref[Value]
    user: weakref.ref[Value] | None
    """What is computed of it."""


class Numbering:
    """Nodes as they are numbered. ``given`` are the ids of the arguments' numbers, ``made`` those of own leaves.

    ``seen``: whether somebody keeps all nodes alive, so that nothing can be told from what is.
    """

    def __init__(self, given: AbstractSet[int], made: AbstractSet[int], seen: bool) -> None:
        self.given, self.made, self.seen = given, made, seen
        self.rules: list[Rule] = []
        self.operands: list[tuple[int, ...]] = []
        self.data: list[float] = []
        self.captured: list[Value] = []
        self.captured_nodes: list[int] = []
        self.labels: dict[int, str] = {}
        self.number: dict[int, int] = {}
        self.doubtful: list[Doubtful] = []

    def add(self, node: Value, rule: Rule) -> int:
        """A node without operands."""
        self.number[id(node)] = i = len(self.rules)
        self.rules.append(rule)
        self.operands.append(())
        self.data.append(node._number)
        if node._label:
            self.labels[i] = node._label
        return i

    def leaf(self, node: Value, user: Value | None = None) -> int:
        """The number of a node that is not computed by the program; ``user`` is computed of it."""
        if node.rule is CONSTANT and holders(node) <= ALONE:  # as most are
            return self.add(node, CONSTANT)
        key = id(node)
        if key in self.given:
            return self.add(node, rules.LEAF)
        if key in self.made or node.rule is CONSTANT:
            if not self.seen:
                user_now = None if user is None else weakref.ref(user)
                self.doubtful.append(Doubtful(len(self.rules), weakref.ref(node), user_now))
            return self.add(node, CONSTANT)
        self.captured.append(node)
        self.captured_nodes.append(len(self.rules))
        return self.add(node, rules.LEAF)

    def computed(self, nodes: Iterable[Value], wanted: AbstractSet[int]) -> None:
        """Those of the nodes that are wanted, in order; as :meth:`add` does, spelled out: most time is spent here."""
        number, leaf, labels = self.number, self.leaf, self.labels
        rows, add_row, add_operands, add_number = self.rules, self.rules.append, self.operands.append, self.data.append
        for node in nodes:
            if id(node) in wanted:
                add_operands(tuple([number[key] if (key := id(x)) in number else leaf(x, node) for x in node.parents]))
                number[id(node)] = len(rows)
                add_row(node.rule)
                add_number(node._number)
                if node._label:
                    labels[len(rows) - 1] = node._label

    def of(self, node: Value) -> int:
        """The number of a node of the result."""
        return self.number[id(node)] if id(node) in self.number else self.leaf(node)


class Returned(NamedTuple):
    """What a function has returned: its nodes, how they are arranged, and how those are made that are plain numbers."""

    nodes: Sequence[Value]
    structure: Any
    plain: dict[int, Callable[[float], Any]]


def numbered(
    arguments: Sequence[Sequence[Value]], result: Returned, notes: Recording, input_names: Sequence[str]
) -> tuple[Scalars, Sequence[Doubtful]]:
    """What was recorded, and which of its constants may be variables: that is seen when the graph is gone."""
    kinds = set(map(rule_of, notes.nodes))
    dead: list[Value] = []
    live = dependencies(notes.nodes, result.nodes, dead)
    conditions = watch(notes, live, dead, kinds)
    others = [*[guard.condition for guard in notes.guards], *conditions]
    wanted = live | dependencies(notes.nodes, others, []) if others else live
    given = {id(node) for argument in arguments for node in argument}
    found = Numbering(given, set(map(id, notes.leaves)), notes.seen)
    found.computed(notes.nodes, wanted)
    outputs = [found.of(node) for node in result.nodes]
    if any([isinstance(x, Recorded) for x in graph.order(*[y for y in found.captured if y.parents])]):
        raise Unsupported("a part of it runs in a thread of its own, where it is not recorded")
    number = found.number
    made = Scalars(
        rules=found.rules,
        operands=found.operands,
        data=found.data,
        inputs=[[number.get(id(node), -1) for node in argument] for argument in arguments],
        outputs=outputs,
        structure=result.structure,
        captured=found.captured,
        captured_nodes=found.captured_nodes,
        guards=[(number[id(guard.condition)], guard.holds, guard.line) for guard in notes.guards],
        watched=list(dict.fromkeys([number[id(node)] for node in conditions])),
        labels=found.labels,
        lines={number[key]: line for key, line in notes.lines.items() if key in number},
        input_names=input_names or [""] * len(arguments),
        plain=result.plain,
        decided=not notes.compares,
        hides=hiding(notes, live, kinds),
    )
    return made, found.doubtful


def resolved(found: Scalars, doubtful: Iterable[Doubtful]) -> Scalars:
    """When the recorded graph is gone: constants that somebody else holds are variables, and captured.

    Not those that are held by a node of the graph alone, which the function has put aside.
    """
    captured: dict[int, Value] = {}
    for i, leaf, user in doubtful:
        node = leaf()
        if node is None:
            continue
        kept = user is not None and user() is not None
        if not kept or sys.getrefcount(node) > HELD_BY_ONE:
            captured[i] = node
    if not captured:
        return found
    return replace(
        found,
        rules=[rules.LEAF if i in captured else row for i, row in enumerate(found.rules)],
        captured=[*found.captured, *captured.values()],
        captured_nodes=[*found.captured_nodes, *captured],
    )


def hiding(notes: Recording, live: AbstractSet[int], kinds: AbstractSet[Rule]) -> bool:
    """Whether what is not finite can be lost on the way."""
    rows = {row for row in kinds if row.hides}
    return bool(rows) and any([x.rule in rows and (id(x) in live or x.rule in rules.TABLE) for x in notes.nodes])


def dependencies(nodes: Sequence[Value], roots: Sequence[Value], others: list[Value]) -> set[int]:
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
    function: Callable[..., Any],
    name: str,
    structures: Sequence[Any],
    numbers: Sequence[Sequence[float]],
    decided: bool = False,
    input_names: Sequence[str] = (),
    kind: type[Recording] = Recording,
) -> Scalars:
    """Record a function at these numbers; ``decided``: with bools as the outcomes of its comparisons.

    ``input_names`` are what its arguments are called, as far as that can stand in a text that is executed. ``kind`` is
    the class of the recording, of which there is one that notes lines as well.

    Raises TypeError if the result holds a number that is not a Value, although there is no branch on which it is a
    constant: its gradient would be lost; Unsupported if the function does what cannot be recorded.
    """
    with undisturbed():
        found, doubtful = recorded(function, name, structures, numbers, decided, input_names, kind)
        return watched(resolved(found, doubtful), check, as_lines)


def recorded(
    function: Callable[..., Any],
    name: str,
    structures: Sequence[Any],
    numbers: Sequence[Sequence[float]],
    decided: bool,
    input_names: Sequence[str],
    kind: type[Recording],
) -> tuple[Scalars, Sequence[Doubtful]]:
    """The scalars; when this returns, nobody but the function holds anything of the graph."""
    leaves, result, notes = run(function, structures, numbers, decided, kind)
    made = [(weakref.ref(node), line) for node, line in notes.restarted]
    try:
        found = numbered(leaves, returned(name, result, notes), notes, input_names)
    except TypeError:
        if not notes.compares:
            raise
        found = None  # it may have taken a way of its own since an outcome is no bool
    finally:
        free(notes, leaves)
    del leaves, result, notes
    if found is None:
        return recorded(function, name, structures, numbers, True, input_names, kind)
    kept = [line for reference, line in made if reference() is not None]
    if kept:
        raise Unsupported(
            f"it keeps a number that it took out of a Value{kept[0]}; return it beside the result, or make the Value "
            "outside"
        )
    return found


def returned(name: str, result: Any, notes: Recording) -> Returned:
    """The result of a function that has run.

    TypeError if no number of it is a Value or was taken out of one, although no branch was taken on which it is a
    constant.
    """
    outputs, structure = flatten(result, f"jit: the result of {name}")
    roots = [notes.lifted(x) for x in outputs]
    if not outputs:
        raise TypeError(f"jit: expected {name} to return Values, got {result!r}")
    if not notes.guards and not any([isinstance(x, Value) for x in roots]):
        raise TypeError(
            f"jit: expected {name} to return Values, got {type(outputs[0]).__name__} as its "
            f"{names(structure, 'result')[0]}: a plain number does not depend on the arguments"
        )
    roots = [x if isinstance(x, Value) else lift(x, rules.CONSTANT) for x in roots]
    return Returned(roots, structure, plain_numbers(outputs, roots, notes.nodes))
