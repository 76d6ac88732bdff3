"""Recording: a function is called once on Values, and the graph that it leaves behind becomes a program.

A program is a list of instructions in topological order, each a row of the table and the numbers of its operands. It
does not know the numbers it was recorded with, with two exceptions: constants, and the outcome of every comparison
that Python took a branch on. The first are part of the formula, the second are its *guards*: the program stands for
the function only where all of them come out the same again.

Nodes are told apart by where they come from. The arguments' numbers are *inputs*. Leaves that were there before
(a model's parameters) are *captured*, and their data is read anew at each call; so are nodes that were computed before.
Leaves made inside are constants. What is made inside is noted as it is made, which gives the order of the instructions
as well.
"""

from __future__ import annotations

import gc
import operator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import functions, graph, rules
from autograd.modes import recorder, user_line, watcher
from autograd.rules import Rule
from autograd.structures import flatten, names, rebuild
from autograd.value import Value, lift, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextvars import Token
    from types import TracebackType

COMPARISONS: dict[Callable[[Any, Any], Any], Rule] = {
    operator.lt: rules.LESS, operator.le: rules.LESS_EQUAL, operator.gt: rules.GREATER,
    operator.ge: rules.GREATER_EQUAL, operator.eq: rules.EQUAL, operator.ne: rules.NOT_EQUAL,
}  # fmt: skip


class Condition(Value):
    """The outcome of a comparison while a function is recorded: 1.0 or 0.0, a node like any other.

    Python asks for its truth to take a branch, and so makes it a guard; ``where`` chooses with it and makes none.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        holds = self._number != 0.0
        recording = recorder.get()
        if recording is not None:
            recording.guards.append(Guard(self, holds, user_line()))
        return holds

    def __int__(self) -> int:
        return int(bool(self))

    __index__ = __int__

    def __float__(self) -> float:
        return float(bool(self))

    def __and__(self, other: object) -> Any:
        return both(self, other)

    def __or__(self, other: object) -> Any:
        return opposite(both(opposite(self), opposite(other)))

    def __xor__(self, other: object) -> Any:
        return compared(operator.ne, self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    __hash__ = object.__hash__


def compared(compare: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """The comparison of two conditions, as a condition while a function is recorded."""
    left, right = (c if isinstance(c, Value) else float(bool(c)) for c in (x, y))
    recording = recorder.get()
    if recording is None:
        return compare(bool(left), bool(right))
    return recording.compare(compare, lift(left, COMPARISONS[compare]), right)


def opposite(x: Any) -> Any:
    """``not x``, without asking for its truth."""
    return compared(operator.eq, x, False)


def both(x: Any, y: Any) -> Any:
    """``x and y``, without asking for their truth."""
    left, right = (c if isinstance(c, Value) else float(bool(c)) for c in (x, y))
    return compared(operator.ne, left * right, False)


class Unsupported(Exception):  # noqa: N818 - no error: the function runs eagerly instead
    """What is being recorded would not be the same in another call."""


class Guard(NamedTuple):
    """A condition that a branch was taken on, its outcome, and the line of the user's code."""

    condition: Condition
    holds: bool
    line: str


class Recording:
    """What is noted down while a function runs: within ``with Recording() as notes:`` in the thread that entered."""

    def __init__(self) -> None:
        self.leaves: list[Value] = []
        self.nodes: list[Value] = []
        """The nodes in the order in which they were made: operands before results."""
        self.guards: list[Guard] = []
        self.note = self.nodes.append

    def __enter__(self) -> Recording:  # noqa: PYI034 - Self is not in Python 3.10
        self._seer = watcher.get()
        self._tokens: tuple[Token[Any], Token[Any]] = recorder.set(self), watcher.set(self)  # type: ignore[arg-type]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recorder.reset(self._tokens[0])
        watcher.reset(self._tokens[1])

    def leaf(self, node: Value) -> None:
        """A leaf that the function makes itself: a constant of the program."""
        self.leaves.append(node)

    def see_value(self, node: Value) -> None:
        """A node that the function makes; shown to a ``detect_anomaly`` that is in force as well."""
        self.note(node)
        if self._seer is not None:
            self._seer.see_value(node)

    def see_gradients(self, nodes: Iterable[Value]) -> None:
        """A backward pass of the function's own, which is no part of the program."""
        if self._seer is not None:
            self._seer.see_gradients(nodes)

    def compare(self, compare: Callable[[Any, Any], Any], left: Value, right: Value | float) -> Condition:
        """A comparison, as a node."""
        rule = COMPARISONS[compare]
        return self._condition(rule, (left, lift(right, rule)), compare(left._number, lift(right, rule)._number))

    def truth(self, x: Value) -> bool:
        """``bool(x)``, as a guard."""
        return bool(self.compare(operator.ne, x, 0.0))

    def where(self, condition: object, x: Value | float, y: Value | float) -> Value | None:
        """``where`` on a recorded condition; None if the condition is an ordinary one."""
        if not isinstance(condition, Condition):
            return None
        return record(rules.SELECT, (condition, lift(x, rules.SELECT), lift(y, rules.SELECT)))

    def pieces(self, name: str, *operands: Any) -> Any:
        """A slope that is constant in pieces, which another call has to compute again: made of comparisons.

        ``name`` is that of the guard in :mod:`autograd.rules`. A slope that is the same everywhere is a number.
        """
        if name == "winners":
            xs, out = operands
            won = [self._holds(operator.eq, x, out) for x in xs]
            return tuple([each / functions.sum(won) for each in won])
        if name == "most":
            return record(rules.PEAK, tuple([lift(x, rules.PEAK) for x in operands[0]]))
        if name not in ("above", "wins", "sign", "flat"):
            raise Unsupported(f"{name} cannot be followed in a derivative of a derivative")
        x, y = (*operands, 0.0)[:2]
        if name == "flat":
            return 0.0
        if name == "above":
            return self._holds(operator.gt, x, y)
        if name == "wins":
            return 0.5 * (self._holds(operator.gt, x, y) + self._holds(operator.ge, x, y))
        return self._holds(operator.gt, x, y) - self._holds(operator.lt, x, y)

    def _holds(self, compare: Callable[[Any, Any], Any], x: Value | float, y: Value | float) -> Value | float:
        """1.0 or 0.0, as a node if it depends on one."""
        if isinstance(x, Value) or isinstance(y, Value):
            return self.compare(compare, lift(x, COMPARISONS[compare]), y)
        return float(compare(x, y))

    def _condition(self, rule: Rule, operands: tuple[Value, ...], holds: object) -> Condition:
        node = object.__new__(Condition)
        node._number, node.grad, node.label = float(bool(holds)), 0.0, ""
        node.parents, node.partials, node.rule = operands, (0.0,) * len(operands), rule
        self.note(node)
        return node


class Program:
    """A function as instructions: node i is ``rules[i]`` of the nodes ``operands[i]``, which have lower numbers.

    Attributes
    ----------
    rules, operands, data: for each node its row, the numbers of its operands, and its value when it was recorded.
    inputs: for each argument, the node numbers of its numbers (-1 where the result does not depend on one).
    input_names: what each argument is called, where its name can stand in a text that is executed; else "".
    captured, captured_nodes: the leaves and earlier nodes whose data is read at each call, and their node numbers.
    outputs, structure: the node numbers of the result's numbers, and how the result is arranged.
    guards: (node number, outcome, line) of each condition that a branch was taken on.
    labels: the labels that nodes had, by number.
    """

    body = scalars = False
    """Whether this is the body of a loop, and whether it is one of single numbers."""

    def __init__(
        self, arguments: Sequence[Sequence[Value]], outputs: Sequence[Value], structure: Any, notes: Recording
    ) -> None:
        roots = [*outputs, *[guard.condition for guard in notes.guards]]
        wanted = set(map(id, roots))
        live = []
        for node in reversed(notes.nodes):
            if id(node) in wanted:
                live.append(node)
                wanted.update(map(id, node.parents))
        number: dict[int, int] = {}
        given = {id(node) for argument in arguments for node in argument}
        constant = set(map(id, notes.leaves))
        self.rules: list[Rule] = []
        self.operands: list[tuple[int, ...]] = []
        self.data: list[float] = []
        self.captured: list[Value] = []
        self.captured_nodes: list[int] = []
        self.labels: dict[int, str] = {}

        def add(node: Value, rule: Rule, operands: tuple[int, ...]) -> int:
            number[id(node)] = i = len(self.rules)
            self.rules.append(rule)
            self.operands.append(operands)
            self.data.append(node._number)
            if node.label:
                self.labels[i] = node.label
            return i

        def add_leaf(node: Value) -> int:
            if id(node) in number:
                return number[id(node)]
            if id(node) in given:
                return add(node, rules.LEAF, ())
            if id(node) in constant or node.rule is rules.CONSTANT:
                return add(node, rules.CONSTANT, ())
            self.captured.append(node)
            self.captured_nodes.append(len(self.rules))
            return add(node, rules.LEAF, ())

        for node in reversed(live):
            operands = tuple([number[key] if (key := id(x)) in number else add_leaf(x) for x in node.parents])
            add(node, node.rule, operands)
        self.outputs = [add_leaf(node) for node in outputs]
        if any([id(x) in given or id(x) in constant for x in graph.order(*[y for y in self.captured if y.parents])]):
            raise Unsupported("a part of it runs in a thread of its own, where it is not recorded")
        self.inputs = [[number.get(id(node), -1) for node in argument] for argument in arguments]
        self.structure = structure
        self.guards = [(number[id(guard.condition)], guard.holds, guard.line) for guard in notes.guards]
        self.input_names = [""] * len(arguments)

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
        return tuple(listed), tuple([renumbered[x] for x in self.outputs]), repr(self.structure)

    def reached(self) -> list[int]:
        """The nodes that the outputs depend on, in order: all but those that only guards look at."""
        wanted = set(self.outputs)
        for node in range(len(self.rules) - 1, -1, -1):
            if node in wanted:
                wanted.update(self.operands[node])
        return sorted(wanted)


def run(function: Callable[..., Any], structures: Sequence[Any], numbers: Sequence[Sequence[float]]) -> Any:
    """Call a function on fresh leaves with these numbers: the leaves of each argument, the result, and the notes."""
    leaves = [[Value(x) for x in each] for each in numbers]
    with Recording() as notes:
        result = function(*[rebuild(s, each) for s, each in zip(structures, leaves, strict=True)])
    return leaves, result, notes


def program(
    function: Callable[..., Any], name: str, structures: Sequence[Any], numbers: Sequence[Sequence[float]]
) -> Program:
    """Record a function at these numbers.

    Raises TypeError if the result holds a number that is not a Value: its gradient would be lost.
    """
    with undisturbed():
        leaves, result, notes = run(function, structures, numbers)
        return described(name, leaves, result, notes)


def described(name: str, leaves: Sequence[Sequence[Value]], result: Any, notes: Recording) -> Program:
    """The program of a function that has run; TypeError if the result holds a number that is not a Value."""
    outputs, structure = flatten(result, f"jit: the result of {name}")
    if not outputs:
        raise TypeError(f"jit: expected {name} to return Values, got {result!r}")
    roots = [x for x in outputs if isinstance(x, Value)]
    for x, where in zip(outputs, names(structure, "result"), strict=True):
        if not isinstance(x, Value):
            raise TypeError(
                f"jit: expected {name} to return Values, got {type(x).__name__} as its {where}: a plain number does "
                "not depend on the arguments"
            )
    return Program(leaves, roots, structure, notes)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the collector of cyclic garbage.

    It would look through a growing graph, which has no cycles, again and again, and take more time for it than the
    recording of a million nodes takes itself.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
