"""What a recording is told, while ``jit`` records a function: the protocol, and who listens.

Nodes are made here below; what becomes of them is the compiler's, which stands above. So the listener is known here by
what it can be told, and nothing else. It is a context variable: local to the thread or task that records.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .rules import Rule


class Recorder(Protocol):
    """A recording that is going on. Nodes are any objects to it here: :class:`autograd.Value` stands above."""

    def leaf(self, node: Any, data: object) -> None:
        """A leaf was made of this number."""

    def note(self, node: Any) -> None:
        """A node was made."""

    def stop(self, node: Any) -> None:
        """The node that was made last is to hand no gradient on."""

    def failed(self, rule: Rule, operands: Sequence[Any], error: Exception) -> None:
        """An operation of these nodes is about to raise this."""

    def arithmetic(self, ieee: bool) -> None:
        """From here on operations answer as IEEE 754 does, or no longer."""

    def lifted(self, x: Any) -> Any:
        """The node that a number was taken out of; anything else as it is."""

    def evaluate(self, rule: Rule, operands: Sequence[object]) -> Any:
        """An operation of numbers, one of which was taken out of a node; None if none was."""

    def compare(self, compare: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        """The outcome of a comparison, as a node."""

    def truth(self, x: Any) -> bool:
        """The truth of a node, which a branch is taken on."""

    def where(self, condition: object, x: Any, y: Any) -> Any:
        """``where``, as a node; None if the condition is none of the recording's."""

    def branched(self, condition: Any, holds: bool) -> None:
        """A branch is taken on a condition that came out so."""

    def number(self, node: Any) -> Any:
        """The number of a node, which remembers the node."""

    def is_given(self, node: Any) -> bool:
        """Whether a node is a number of an argument."""

    def acting(self, what: str, way_out: str) -> None:
        """The function is about to do what outlives it: it is stopped, so that the eager run alone does it."""

    def lost(self, what: str, way_out: str) -> None:
        """The function does what cannot be recorded."""


recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
"""The recording that takes notes while ``jit`` records a function."""
