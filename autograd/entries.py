"""What ``with`` turns on: entries in a context variable, each of which takes itself out again, in whatever order.

A variable that is set on the way in and put back on the way out is right as long as the last to come is the first to
go. Two generators may enter in turn and leave in turn; then what the first puts back takes away what the second set,
and what the second puts back is the first's, for good. So the variable holds all the entries that have not been left,
and leaving takes out one's own, wherever it stands.

A context variable is local to the thread or task. A generator is none of these: while it is suspended within a
``with``, that is in force where the generator was asked for its next item. And it may be closed in another thread than
it was entered in, which cannot reach that one's variable: the entry is marked as over then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextvars import ContextVar
    from types import TracebackType

    from .recorder import Made, Node

    Variable = ContextVar["Entries | Alone | None"]


class Watcher(Protocol):
    """A mode, or whatever else is told of the nodes that are made."""

    @property
    def ends(self) -> tuple[type, ...]:
        """The classes of modes that are out of force while this one is."""

    @property
    def changes(self) -> bool:
        """Whether it changes the nodes that it sees."""

    def see_value(self, node: Made) -> None:
        """A node was made."""

    def see_gradients(self, nodes: Iterable[Node]) -> None:
        """A backward pass went through these nodes."""


class Alone(Watcher, Protocol):
    """A watcher that stands in the variable itself, to be quick, as long as it is the only one."""

    @property
    def entry(self) -> Entry:
        """The one time that it was entered."""


class Entry:
    """One time that a mode, or whatever else watches nodes being made, was entered."""

    __slots__ = ("alone", "mode", "over")

    def __init__(self, mode: Watcher, alone: Alone | None = None) -> None:
        self.mode = mode
        self.alone = alone
        """The same, if it may stand in the variable itself."""
        self.over = False
        """Whether it was left elsewhere."""

    def close(self) -> None:
        """Be over, and keep nothing."""
        self.mode, self.alone, self.over = NOBODY, None, True


class Entries:
    """What has been entered and not left, oldest first; as a watcher it lets each of them see what is to be seen."""

    __slots__ = ("active", "entries")

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self.active: list[Entry] = []
        """Those of them that no later one has put out of force; what changes a node comes last."""
        for entry in self.entries:
            ends = entry.mode.ends
            self.active = [x for x in self.active if not isinstance(x.mode, ends)] + [entry]
        self.active.sort(key=lambda entry: entry.mode.changes)

    def see_value(self, node: Made) -> None:
        """A node was made."""
        for entry in self.active:
            if not entry.over:
                entry.mode.see_value(node)

    def see_gradients(self, nodes: Iterable[Node]) -> None:
        """A backward pass went through these nodes."""
        for entry in self.active:
            if not entry.over:
                entry.mode.see_gradients(nodes)


def entries(variable: Variable) -> tuple[Entry, ...]:
    """What a context variable holds, as entries: None, several, or one alone that is there itself, to be quick."""
    now = variable.get()
    if now is None:
        return ()
    return now.entries if isinstance(now, Entries) else (now.entry,)


def in_force(variable: Variable, kind: type) -> bool:
    """Whether a mode of this class is."""
    now = variable.get()
    return isinstance(now, Entries) and any([isinstance(x.mode, kind) and not x.over for x in now.active])


def enter(variable: Variable, entry: Entry) -> None:
    """Put an entry behind those that are there."""
    variable.set(Entries((*entries(variable), entry)))


def leave(variable: Variable, entry: Entry) -> None:
    """Take an entry out, wherever it stands; where it does not, it was entered elsewhere, and is marked as over."""
    now = entries(variable)
    left = [x for x in now if x is not entry and not x.over]
    entry.over = entry not in now
    alone = left[0].alone if len(left) == 1 else None
    variable.set(alone if alone is not None else Entries(left) if left else None)


class Mode:
    """What is in force between ``with`` and its end: an entry in the context variable of its class."""

    variable: ClassVar[Variable]
    ends: ClassVar[tuple[type, ...]] = ()
    """The classes of modes that are out of force while this one is."""
    changes: ClassVar[bool] = False
    """Whether it changes the nodes that it sees."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        """As often as it is entered, in whatever thread."""

    def __enter__(self) -> None:
        entry = Entry(self)
        self._entries.append(entry)
        enter(self.variable, entry)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        here = [entry for entry in entries(self.variable) if entry in self._entries]
        entry = (here or self._entries)[-1]
        self._entries.remove(entry)
        leave(self.variable, entry)

    def see_value(self, node: Made) -> None:
        """Leave it as it is."""

    def see_gradients(self, nodes: Iterable[Node]) -> None:
        """Gradients are none of its business."""


NOBODY = Mode()
"""Who is told what would have been told to one that is gone."""
