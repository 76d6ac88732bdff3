"""What a recording is told, while ``jit`` records a function: the protocol, and who listens.

Nodes are made here below; what becomes of them is the compiler's, which stands above. So the listener is known here by
what it can be told, and a node by what can be asked of it (:class:`autograd.Value` stands above as well). The listener
stands in a context variable: local to the thread or task that records.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from .rules import Rule

    Comparison = Callable[[float, float], object]

T = TypeVar("T")


class Node(Protocol):
    """What may be asked of a node."""

    @property
    def _number(self) -> float:
        """Its value."""

    @property
    def _grad(self) -> float:
        """Its gradient."""

    @property
    def _label(self) -> str:
        """Its name."""

    @property
    def parents(self) -> Sequence[Node]:
        """The operands."""

    @property
    def partials(self) -> Sequence[float]:
        """The derivative by each of them."""

    @property
    def rule(self) -> Rule:
        """The row that made it."""


class Made(Node, Protocol):
    """A node that was made just now, and may still be changed."""

    _number: float
    _grad: float
    _label: str
    parents: tuple[Self, ...]
    partials: tuple[float, ...]
    rule: Rule


class Recorder(Protocol):
    """A recording that is going on."""

    def leaf(self, node: Node, data: object) -> None:
        """A leaf was made of this number."""

    def stop(self, node: Made) -> None:
        """The node that was made last is to hand no gradient on."""

    def failed(self, rule: Rule, operands: Sequence[Node], error: Exception) -> None:
        """An operation of these nodes is about to raise this."""

    def arithmetic(self, ieee: bool) -> None:
        """From here on operations answer as IEEE 754 does, or no longer."""

    def lifted(self, x: T) -> T | Node:
        """The node that a number was taken out of; anything else as it is."""

    def evaluate(self, rule: Rule, operands: Sequence[object]) -> float | None:
        """An operation of numbers, one of which was taken out of a node; None if none was."""

    def compare(self, compare: Comparison, left: Node, right: object) -> bool | Node:
        """The outcome of a comparison: a node, or a bool where the function is given these."""

    def truth(self, x: Node) -> bool:
        """The truth of a node, which a branch is taken on."""

    def where(self, condition: object, x: Node | float, y: Node | float) -> Node | None:
        """``where``, as a node; None if the condition is none of the recording's."""

    def branched(self, condition: Node, holds: bool) -> None:
        """A branch is taken on a condition that came out so."""

    def number(self, node: Node) -> float:
        """The number of a node, which remembers the node."""

    def is_given(self, node: Node) -> bool:
        """Whether a node is a number of an argument."""

    def acting(self, what: str, way_out: str) -> None:
        """The function is about to do what outlives it: it is stopped, so that the eager run alone does it."""

    def lost(self, what: str, way_out: str) -> None:
        """The function does what cannot be recorded."""


recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
"""The recording that takes notes while ``jit`` records a function."""
