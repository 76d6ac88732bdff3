"""Recording: a function is called once on Values, and what it does to them is noted down.

What is made inside is noted as it is made, which gives an order in which operands come before results. Noted as well
are the outcome of every comparison that Python took a branch on, and every operation that raised (the function may have
caught it, which is a branch too): the recording stands for the function only where all of them come out the same again.

A function may do what cannot be recorded (:meth:`Recording.lost`). It runs eagerly then.
"""

from __future__ import annotations

import operator
import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from autograd import rules
from autograd.entries import Entry, enter, in_force, leave
from autograd.modes import detect_anomaly, ieee_arithmetic, no_grad, raising_line, stop, user_frame, user_line, watcher
from autograd.recorder import recorder
from autograd.rules import Rule
from autograd.structures import flatten, rebuild
from autograd.value import Value, lift, record

from .comparing import limits
from .conditions import COMPARISONS, DECIDING, Condition, both, opposite
from .failing import failing, kind_of
from .tracking import Recorded, Tracked, reclassify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextvars import Token
    from types import TracebackType
    from typing import Self

    from autograd.recorder import Made, Node, Recorder


class Unsupported(Exception):  # noqa: N818 - no error: the function runs eagerly instead
    """What is being recorded would not be the same in another call; ``raw``: since an argument is changed."""

    def __init__(self, reason: str, raw: bool = False) -> None:
        super().__init__(reason)
        self.raw = raw


class Raised(Exception):  # noqa: N818 - no error: what the function itself does then decides
    """What a function raised while it was recorded."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
        self.line = raising_line(error)
        """The line of the user's code."""


class Guard(NamedTuple):
    """A condition that a branch was taken on, its outcome, and the line of the user's code."""

    condition: Condition
    holds: bool
    line: str


def noting(nodes: list[Value]) -> Callable[[Node], None]:
    """The function that notes a node: as quick as it can be, since each operation waits for it."""
    append, kind = cast("Callable[[Node], None]", nodes.append), Recorded  # to look whether it is a Value takes time

    def note(node: Node) -> None:
        node.__class__ = kind
        append(node)

    return note


def known(node: Node) -> Value:
    """A node as what it is. TypeError for what somebody else takes for one."""
    if isinstance(node, Value):
        return node
    raise TypeError(f"jit: expected a Value, got {type(node).__name__}")


class Recording:
    """What is noted down while a function runs: within ``with Recording() as notes:`` in the thread that entered."""

    lines: Mapping[int, str] = MappingProxyType({})
    """The lines of the user's code that nodes were made on, by their ids, where they are noted (:class:`Lined`)."""

    ends = (no_grad,)  # what is computed around it is without gradients: the program may have them all the same
    changes = False

    def __init__(self, decided: bool = False) -> None:
        self.decided = decided
        """Whether each comparison is a branch at once, and its outcome a bool: for a function that looks at outcomes in
        a way that is not seen (``x > 0 is True``, ``match``, a key of a dict)."""
        self.asks = decided
        """Whether that was so for all that the function did."""
        self.leaves: list[Value] = []
        """The leaves that the function made itself."""
        self.given: frozenset[int] = frozenset()
        """The numbers of the arguments, by their ids."""
        self.nodes: list[Value] = []
        """The nodes in the order in which they were made: operands before results."""
        self.note: Callable[[Node], None] = noting(self.nodes)
        """Note a node that the function makes."""
        self.see_value: Callable[[Node], None] = self.note
        self.entry: Entry = Entry(self, self)
        self.seen = False
        """Whether a ``detect_anomaly`` is in force around it, which keeps all nodes alive."""
        self.guards: list[Guard] = []
        self.restarted: list[tuple[Value, str]] = []
        """What were leaves, if they had not been made of a number that was taken out of a node; and where."""
        self.reason = ""
        """Why the function cannot be recorded, if it cannot."""
        self.changed = False
        """Whether the reason is that it changes an argument."""
        self._numbers: list[Tracked] = []
        self._stops: dict[int, Value] = {}
        self._ieee: list[tuple[int, bool]] = [(0, ieee_arithmetic.get())]

    def __enter__(self) -> Self:
        self.seen = in_force(watcher, detect_anomaly)
        self._token: Token[Recorder | None] = recorder.set(self)
        if watcher.get() is None:  # the only one to be told: at once, since each operation waits for it
            watcher.set(self)
        else:
            enter(watcher, self.entry)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recorder.reset(self._token)
        leave(watcher, self.entry)
        self.entry.close()  # so that nothing keeps the nodes

    def close(self) -> None:
        """Let go of everything: nodes are ordinary Values again, and numbers taken out of them plain numbers."""
        for node in self.nodes:
            reclassify(node, Value)
        for node in self.leaves:
            if type(node) is Recorded:  # and not of a class of the user's
                reclassify(node, Value)
        for number in self._numbers:
            number.forget()
        self.nodes, self.leaves, self.guards, self.restarted, self._numbers, self._stops = [], [], [], [], [], {}

    # What is made.

    def see_gradients(self, nodes: Iterable[Node]) -> None:
        """There are none: ``backward()`` is no part of a program."""

    def leaf(self, node: Node, data: object) -> None:
        """A leaf that the function makes itself, of this number; of one that was taken out of a node it is no leaf."""
        node = known(node)
        if type(node) is Value:
            node.__class__ = Recorded
        if isinstance(data, Tracked) and data.recording() is self:
            kind = type(node)
            if kind is not Recorded:
                self.lost(f"makes a {kind.__name__} of a number that it takes out of a Value", "make a Value of it")
                return
            node.parents, node.partials, node.rule = (data.node.parents[0],), (0.0,), rules.STOP
            self.nodes.append(node)
            self.restarted.append((node, user_line()))
        else:
            self.leaves.append(node)

    def stop(self, node: Made) -> None:
        """Let the node that was made last hand no gradient on: it repeats another, which is computed as it was."""
        node.__class__ = Value  # whose attributes tell nobody
        self.nodes.pop()
        self.note(stop(node))
        self.note(node)

    def arithmetic(self, ieee: bool) -> None:
        """From here on operations answer as IEEE 754 does, or no longer."""
        self._ieee.append((len(self.nodes), ieee))

    def quiet(self) -> set[int]:
        """The ids of the nodes that were made within ``ieee()``, where operations do not raise outside their domain."""
        starts = [start for start, _ in self._ieee]
        parts = zip(starts, [*starts[1:], len(self.nodes)], self._ieee, strict=True)
        return {id(node) for start, stop, (_, quiet) in parts if quiet for node in self.nodes[start:stop]}

    def failed(self, rule: Rule, operands: Sequence[Node], error: Exception) -> None:
        """An operation raised. Where the function goes on all the same, that is a branch that it took."""
        self.guards.append(Guard(self.fails(rule, [*map(known, operands)], kind_of(error)), True, user_line()))

    def fails(self, rule: Rule, operands: Sequence[Value], kind: type[Exception] | None = None) -> Condition:
        """Whether an operation raises, or raises such an error, as a condition."""
        row = failing(rule, kind)  # type: ignore[arg-type]
        given = tuple([operands[i] for i in row.places])
        return self._condition(row, given, row.found(*[x._number for x in given]))

    # Numbers that are taken out of nodes.

    def number(self, node: Node) -> float:
        """The number of a node, which remembers it; of a constant, the number alone."""
        if not isinstance(node, Recorded):
            return node._number
        if node.rule is not rules.STOP:
            stop = self._stops.get(id(node))
            if stop is None:
                self._stops[id(node)] = stop = record(rules.STOP, (node,))
            node = stop
        found = Tracked(node, self)
        self._numbers.append(found)
        return found  # type: ignore[return-value]  # which a function takes for a float

    def lifted(self, x: object) -> Any:
        """The node that a tracked number comes from; anything else as it is."""
        return x.node if isinstance(x, Tracked) and x.owner is self else x

    def evaluate(self, rule: Rule, operands: Sequence[object]) -> float | None:
        """An operation of numbers, one of which is tracked, as a tracked number; None if none is."""
        if not any([isinstance(x, Tracked) and x.recording() is self for x in operands]):
            return None
        return self.number(record(rule, tuple([lift(x, rule) for x in operands])))  # type: ignore[arg-type]

    def lost(self, what: str, way_out: str) -> None:
        """The function does what cannot be recorded; the first such thing is said."""
        if not self.reason:
            self.reason = f"it {what}{user_line()}; {way_out}"

    def is_given(self, node: Node) -> bool:
        """Whether a node is a number of an argument."""
        return id(node) in self.given

    def acting(self, what: str, way_out: str) -> None:
        """The function is about to change something: it is stopped before, so that the eager run alone does it."""
        self.reason = ""  # what was lost on the way to this was lost for it
        self.lost(what, way_out)
        raise Unsupported(self.reason)

    # Comparisons.

    def compare(self, compare: Callable[[Any, Any], object], left: Node, right: object) -> Any:
        """A comparison, as a node. It is decided as Python decides it for the float and the other number."""
        left, right = known(left), self.lifted(right)
        rule = COMPARISONS[compare]
        if isinstance(right, Value):
            return self._outcome(rule, (left, right), compare(left._number, right._number))
        if isinstance(right, (float, int)) and is_float(right):
            return self._outcome(rule, (left, lift(right, rule)), compare(left._number, right))
        found = [self.compare(own, left, limit) for own, limit in limits(compare, right)]
        if compare is operator.ne:
            return opposite(both(*found))
        return found[0] if len(found) == 1 else both(*found)

    def branched(self, condition: Node, holds: bool) -> None:
        """A branch is taken on a condition: a guard."""
        if isinstance(condition, Condition):  # as all are
            self.guards.append(Guard(condition, holds, user_line()))

    def truth(self, x: Node) -> bool:
        """``bool(x)``, as a guard."""
        return bool(self.compare(operator.ne, x, 0.0))

    def where(self, condition: object, x: Node | float, y: Node | float) -> Value | None:
        """``where`` on a recorded condition; None if the condition is an ordinary one."""
        if not isinstance(condition, Condition):
            return None
        sides = [lift(x if isinstance(x, (float, int)) else known(x), rules.SELECT) for x in (x, y)]
        return record(rules.SELECT, (condition, *sides))

    def _outcome(self, rule: Rule, operands: tuple[Value, ...], holds: object) -> bool | Condition:
        condition = self._condition(rule, operands, holds)
        return bool(condition) if self.decided else condition

    def unasked(self, result: Any) -> bool:
        """Whether nothing was done with the outcome of some comparison that could be seen, nor was it returned."""
        branched = {id(guard.condition) for guard in self.guards}
        left = {id(x) for x in self.nodes if type(x) is Condition and x.rule in DECIDING} - branched
        if not left:
            return False
        try:
            returned, _ = flatten(result)
        except TypeError:
            returned = []
        return not left <= {*map(id, returned), *[id(x) for node in self.nodes for x in node.parents]}

    @property
    def compares(self) -> bool:
        """Whether the function has outcomes of comparisons in its hands that are no bools."""
        return not self.asks and any([type(x) is Condition and x.rule in DECIDING for x in self.nodes])

    def misread(self, error: Exception) -> bool:
        """Whether a function may have raised this because an outcome is no bool."""
        return self.unasked(None) or (isinstance(error, (TypeError, AttributeError, LookupError)) and self.compares)

    def _condition(self, rule: Rule, operands: tuple[Value, ...], holds: object) -> Condition:
        node = object.__new__(Condition)
        node._number, node._grad, node._label = float(bool(holds)), 0.0, ""
        node.parents, node.partials, node.rule = operands, (0.0,) * len(operands), rule
        self.nodes.append(node)
        return node


class Lined(Recording):
    """A recording that notes the line of each node, as ``file.py:3``: slow, for people to read."""

    def __init__(self, decided: bool = False) -> None:
        super().__init__(decided)
        self.lines: dict[int, str] = {}
        self.note = self.see_value = self._noted(self.note)

    def _noted(self, note: Callable[[Node], None]) -> Callable[[Node], None]:
        def noted(node: Node) -> None:
            note(node)
            self.lines[id(node)] = short_line()

        return noted

    def _condition(self, rule: Rule, operands: tuple[Value, ...], holds: object) -> Condition:
        node = super()._condition(rule, operands, holds)
        self.lines[id(node)] = short_line()
        return node


def short_line() -> str:
    """The line of the user's code that runs, as ``file.py:3``."""
    frame = user_frame()
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


def is_float(x: float) -> bool:
    """Whether a float is exactly this number."""
    try:
        return bool(float(x) == x) or x != x
    except OverflowError:
        return False


def run(
    function: Callable[..., Any],
    structures: Sequence[Any],
    numbers: Sequence[Sequence[float]],
    decided: bool = False,
    kind: type[Recording] = Recording,
) -> tuple[list[list[Value]], Any, Recording]:
    """Call a function on fresh leaves with these numbers: the leaves of each argument, the result, and the notes.

    If it does nothing that could be seen with the outcome of some comparison, or raises what it may raise because that
    is no bool, it is called again, and given bools.
    Raises Unsupported if the function does what cannot be recorded, or changes what it was given; Raised from what the
    function raises.
    """
    leaves = [[given(x) for x in each] for each in numbers]
    arguments = [rebuild(s, each) for s, each in zip(structures, leaves, strict=True)]
    notes = kind(decided)
    notes.given = frozenset([id(leaf) for each in leaves for leaf in each])
    try:
        with notes:
            result = function(*arguments)
            if not notes.reason:
                look_for_changes(arguments, structures, leaves, notes)
    except Exception as error:
        reason, again = notes.reason, not decided and notes.misread(error)
        free(notes, leaves)
        if reason:
            raise Unsupported(reason) from None
        if not again:
            raise Raised(error) from error
    else:
        reason, again = notes.reason, not decided and notes.unasked(result)
        if not reason and not again:
            notes.asks, notes.decided = decided, False
            return leaves, result, notes
        free(notes, leaves)
        if reason:
            raise Unsupported(reason, raw=notes.changed)
    return run(function, structures, numbers, True, kind)


def given(x: float) -> Value:
    """A leaf that a function is given while it is recorded."""
    leaf = Value(x)
    leaf.__class__ = Recorded
    return leaf


def free(notes: Recording, leaves: Sequence[Sequence[Value]]) -> None:
    """Make ordinary Values of all that a recording has noted, and of the leaves that it was given."""
    notes.close()
    for each in leaves:
        for leaf in each:
            reclassify(leaf, Value)


def look_for_changes(
    arguments: Sequence[Any], structures: Sequence[Any], leaves: Sequence[Sequence[Value]], notes: Recording
) -> None:
    """Tell the recording if a list, a dict or an array that the function was given is not what it was."""
    for argument, structure, before in zip(arguments, structures, leaves, strict=True):
        try:
            after, own = flatten(argument)
        except TypeError:
            after, own = [], None
        if own != structure or not all(map(operator.is_, after, before)):
            notes.changed = True
            notes.lost("changes an argument that it is given", "return what is to be kept")
