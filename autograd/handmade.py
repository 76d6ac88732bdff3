"""Nodes made by hand: a number and its operands, with the derivative by each of them, or with a ``_backward``.

Courses make the nodes of a new operation so:

    out = Value(t, (x,), (1 - t * t,))    # its number, its operands, and the derivative by each of them;

    out = Value(t, (x,), "tanh")          # or the operation's name, and then what backward() is to do
    out._backward = ...

No row of the table stands behind such a node, so it has no formula. ``backward()`` needs none; nor does a gradient, if
the derivatives are given. What does need one - a derivative of a derivative, a derivation, a program - refuses with a
TypeError that names the way out: :func:`autograd.primitive` makes an operation with every facility.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar
from weakref import ref

from .rules import CONSTANT, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

WAY_OUT = "@primitive (autograd.primitive) makes an operation that has one, with every facility"


class Node(Protocol):
    """What is asked of a node here."""

    @property
    def parents(self) -> tuple[object, ...]:
        """The operands."""

    @property
    def rule(self) -> Rule:
        """The operation that made the node."""


N = TypeVar("N", bound=Node)

unusual: dict[int, ref[Node]] = {}
"""What backward() looks for before it writes anything, by id: nodes without derivatives that have got no ``_backward``
yet, and leaves that have one."""


class Unknown(tuple[float, ...]):  # noqa: SLOT001 - a tuple can have none that hold something
    """The partials of a node that has only a ``_backward``: there are none, and to look at them is a TypeError."""

    symbol = ""

    def refuse(self, *_: object) -> NoReturn:
        """Say that nothing is known, and what to do about it."""
        raise TypeError(f"{self.symbol}: a node made by hand, without derivatives by its operands; {WAY_OUT}")

    __iter__ = __getitem__ = refuse


class Handmade(Rule):
    """What stands in the place of a row: the name that somebody gave to the operation, and refusals."""

    __slots__ = ("named", "unknown")

    def __init__(self, named: str) -> None:
        def formula(*_: object) -> NoReturn:
            self.expect_formula()

        super().__init__(named or "given", formula, formula, layout="sequence")
        self.named = named
        """The name, or "" where there was none."""
        self.unknown = Unknown()
        self.unknown.symbol = self.symbol

    def expect_formula(self) -> NoReturn:
        """There is none: TypeError."""
        raise TypeError(f"{self.symbol}: a node made by hand has no formula; {WAY_OUT}")


@lru_cache(maxsize=256)
def rule_of(named: str) -> Handmade:
    """The rule of nodes that are made by hand under one name."""
    return Handmade(named)


def mark(node: Node) -> None:
    """Have backward() look for this node."""
    key = id(node)
    unusual[key] = ref(node, lambda _: unusual.pop(key, None))


def unmark(node: Node) -> None:
    """Have it look for it no longer."""
    unusual.pop(id(node), None)


def found(nodes: Iterable[N]) -> list[N]:
    """The leaves among these nodes that have a ``_backward``. TypeError if there is a node that lacks one."""
    met = [node for node in nodes if id(node) in unusual]
    for node in met:
        if node.parents:
            raise lacking(node)
    return [node for node in met if node.rule is not CONSTANT]  # which hands nothing on


def lacking(node: Node) -> TypeError:
    """The error of a step backward from a node of which nobody has said how."""
    return TypeError(
        f"backward: {node.rule.symbol}: a node made by hand, with neither local derivatives nor a _backward: give the "
        f"derivatives in place of the name, or assign the _backward; {WAY_OUT}"
    )


def told_apart(
    label_or_children: object = "",
    op_or_local_grads: object = ...,
    label: object = ...,
    *,
    children: object = ...,
    _children: object = ...,
    local_grads: object = ...,
    op: object = ...,
    _op: object = ...,
) -> tuple[str, tuple[Any, ...], tuple[Any, ...] | None, str]:
    """Label, children, local derivatives (None if not given) and operation, from what a Value is made of.

    These are the arguments of ``Value`` after the number; ``...`` stands for what is not given. Raises TypeError for
    what is neither text nor a tuple where it should be, and where something is given twice.
    """
    if children is _children is local_grads is op is _op is ... and (label is ... or type(label) is str):  # most often
        name = "" if label is ... else label
        if op_or_local_grads is ... and type(label_or_children) is str and not label_or_children:
            return name, (), None, ""
        if type(label_or_children) is tuple:
            if type(op_or_local_grads) is str:
                return name, label_or_children, None, op_or_local_grads
            if type(op_or_local_grads) is tuple:
                return name, label_or_children, op_or_local_grads, ""
    given: dict[str, dict[str, Any]] = {"label": {}, "children": {}, "local_grads": {}, "op": {}}
    by_position = {("label", "children"): label_or_children, ("op", "local_grads"): op_or_local_grads}
    for (text, several), x in by_position.items():
        if isinstance(x, (str, tuple)):
            kind = text if isinstance(x, str) else several
            if x or kind != "label":
                given[kind][f"{kind} by position"] = x
        elif x is not ...:
            raise TypeError(f"Value: expected {text} (text) or {several} (a tuple), got {type(x).__name__}")
    texts = {"label": label, "op": op, "_op": _op}
    by_name = {**texts, "children": children, "_children": _children, "local_grads": local_grads}
    for name, x in by_name.items():
        if x is not ...:
            if not isinstance(x, str if name in texts else tuple):
                noun = "text" if name in texts else "a tuple"
                raise TypeError(f"Value: expected {noun} as {name}, got {type(x).__name__}")
            given[name.removeprefix("_")][f"{name}="] = x
    for ways in (*given.values(), given["local_grads"] | given["op"]):
        if len(ways) > 1:
            raise TypeError(f"Value: expected {' or '.join(ways)}, got both")
    if op_or_local_grads is not ... and not given["children"]:
        raise TypeError(f"Value: expected children (a tuple) before op or local_grads, got {label_or_children!r}")
    named, made_of, derivatives, operation = (next(iter(ways.values()), None) for ways in given.values())
    return named or "", made_of or (), derivatives, operation or ""


told_apart.__qualname__ = "Value"  # as Python calls it where there are other arguments
