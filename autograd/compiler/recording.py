"""Recording: a function is called once on Values, and the graph that it leaves behind becomes a program.

A program is a list of instructions in topological order, each a row of the table and the numbers of its operands. It
does not know the numbers it was recorded with, with two exceptions: constants, and the outcome of every comparison
that Python took a branch on. The first are part of the formula, the second are its *guards*: the program stands for
the function only where all of them come out the same again.

Leaves are told apart by where they come from. The arguments' numbers are *inputs*. Leaves that were there before
(a model's parameters) are *captured*, and their data is read anew at each call; so are nodes that were computed before.
Leaves made inside are constants.
"""

from __future__ import annotations

import operator
from contextvars import Token
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import graph, rules
from autograd.modes import recorder, user_line
from autograd.rules import Rule
from autograd.structures import flatten, names, rebuild
from autograd.value import Value, lift, record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

# Rows of what only a program computes. A comparison is 1 or 0, and flat; SELECT is ``where`` with both of its sides.

COMPARISONS: dict[Callable[[Any, Any], Any], Rule] = {
    compare: Rule(symbol, compare, lambda out, x, y: (0.0, 0.0), selecting=True)
    for symbol, compare in {
        "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne
    }.items()
}  # fmt: skip
SELECT = Rule(
    "select",
    lambda c, x, y: x if c else y,
    lambda out, c, x, y: (0.0, 1.0 if c else 0.0, 0.0 if c else 1.0),
    selecting=True,
)


class Condition(Value):
    """The outcome of a comparison while a function is recorded: 1.0 or 0.0, a node like any other.

    Python asks for its truth to take a branch, and so makes it a guard; ``where`` chooses with it and makes none.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        holds = self.data != 0.0
        recording = recorder.get()
        if recording is not None:
            recording.guards.append(Guard(self, holds, user_line()))
        return holds

    __hash__ = object.__hash__


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
        self.made: dict[int, Value] = {}
        self.guards: list[Guard] = []

    def __enter__(self) -> Recording:  # noqa: PYI034 - Self is not in Python 3.10
        self._token: Token[Any] = recorder.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recorder.reset(self._token)

    def leaf(self, node: Value) -> None:
        """A leaf that the function makes itself: a constant of the program."""
        self.made[id(node)] = node

    def compare(self, compare: Callable[[Any, Any], Any], left: Value, right: Value | float) -> Condition:
        """A comparison, as a node."""
        rule = COMPARISONS[compare]
        return self._condition(rule, (left, lift(right, rule)), compare(left.data, lift(right, rule).data))

    def truth(self, x: Value) -> bool:
        """``bool(x)``, as a guard."""
        return bool(self.compare(operator.ne, x, 0.0))

    def where(self, condition: object, x: Value | float, y: Value | float) -> Value | None:
        """``where`` on a recorded condition; None if the condition is an ordinary one."""
        if not isinstance(condition, Condition):
            return None
        return record(SELECT, (condition, lift(x, SELECT), lift(y, SELECT)))

    def frozen(self, what: str) -> None:
        """Called where a number is taken out of the graph that another call would have to compute again."""
        raise Unsupported(
            f"{what} is constant in pieces, which a program cannot follow in a derivative of a derivative"
        )

    @staticmethod
    def _condition(rule: Rule, operands: tuple[Value, ...], holds: object) -> Condition:
        node = object.__new__(Condition)
        node.data, node.grad, node.label = float(bool(holds)), 0.0, ""
        node.parents, node.partials, node.rule = operands, (0.0,) * len(operands), rule
        return node


class Program:
    """A function as instructions: node i is ``rules[i]`` of the nodes ``operands[i]``, which have lower numbers.

    Attributes
    ----------
    rules, operands, data: for each node its row, the numbers of its operands, and its value when it was recorded.
    inputs: for each argument, the node numbers of its numbers (-1 where the result does not depend on one).
    input_names: what each argument's numbers are called, for comments.
    captured, captured_nodes: the leaves and earlier nodes whose data is read at each call, and their node numbers.
    outputs, structure: the node numbers of the result's numbers, and how the result is arranged.
    guards: (node number, outcome, line) of each condition that a branch was taken on.
    labels: the labels that nodes had, by number.
    """

    def __init__(
        self,
        arguments: Sequence[Sequence[Value]],
        outputs: Sequence[Value],
        structure: Any,
        notes: Recording,
        existing: set[Value],
    ) -> None:
        listed = graph.order(*outputs, *[guard.condition for guard in notes.guards])
        number = {id(node): i for i, node in enumerate(listed)}
        given = {id(node) for argument in arguments for node in argument}
        self.rules: list[Rule] = []
        self.captured: list[Value] = []
        self.captured_nodes: list[int] = []
        for i, node in enumerate(listed):
            rule = node.rule
            if node in existing:
                rule = rules.LEAF
                self.captured.append(node)
                self.captured_nodes.append(i)
            elif not node.parents and id(node) not in given:
                if rule is rules.LEAF and id(node) not in notes.made:
                    self.captured.append(node)
                    self.captured_nodes.append(i)
                else:
                    rule = rules.CONSTANT
            self.rules.append(rule)
        self.operands = [() if node in existing else tuple([number[id(p)] for p in node.parents]) for node in listed]
        self.data = [node.data for node in listed]
        self.inputs = [[number.get(id(node), -1) for node in argument] for argument in arguments]
        self.outputs = [number[id(node)] for node in outputs]
        self.structure = structure
        self.guards = [(number[id(guard.condition)], guard.holds, guard.line) for guard in notes.guards]
        self.labels = {i: node.label for i, node in enumerate(listed) if node.label}

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
    leaves, result, notes = run(function, structures, numbers)
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
    again, _ = flatten(run(function, structures, numbers)[1], f"jit: the result of {name}")
    first, second = (set(graph.order(*[x for x in given if isinstance(x, Value)])) for given in (outputs, again))
    existing = {node for node in first & second if node.parents}  # what both runs found was there before
    return Program(leaves, roots, structure, notes, existing)
