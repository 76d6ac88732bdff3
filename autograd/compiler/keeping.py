"""Keeping: the programs of a function, within a bound; what was not used for the longest time goes.

A function of lists has a program for each length, a method one for each object, a static argument one for each of its
values. All of them are kept in one place, by a key that says of which object, with which static values and for which
arrangement of arguments they were recorded. What goes is recorded again when it is needed again.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, ValuesView

    from .scalars import Scalars

ROOM = 64 * 2**20
"""How many bytes the programs of one function may take together, methods of all objects included."""

LEAST = 8
"""How many arrangements of arguments are kept in any case, the most recently used ones, however large they are."""

FAMILY, PATH = 2_000, 32_000
"""The bytes that an arrangement takes, and a path, as measured."""

NODE, EDGE, STATEMENT, CAPTURED = 130, 75, 2_000, 200
"""Those of each scalar of a path, each operand of one, each statement of its program, and each captured Value."""

counter = itertools.count()


def weight(program: Scalars, statements: int) -> int:
    """How many bytes a recorded program takes, compiled to so many statements: about."""
    scalars = NODE * len(program.rules) + EDGE * sum(map(len, program.operands))
    return PATH + scalars + STATEMENT * statements + CAPTURED * len(program.captured)


class Kept(Protocol):
    """What is kept: the paths for arguments of one arrangement."""

    key: Any
    used: int
    """When it was used last: a number that grows."""
    size: int
    """How many bytes it takes."""
    gone: bool
    """Whether it had to make room."""
    last: Any
    """The program that ran last, and in which form."""

    def measure(self) -> None:
        """See how large it is now."""


F = TypeVar("F", bound=Kept)


class Families(Generic[F]):
    """Families by their keys, the most recently used of them: as many as there is room for, from many threads."""

    def __init__(self, make: Callable[[Any], F]) -> None:
        self._make = make
        """What makes an empty family for a key."""
        self._kept: dict[Any, F] = {}
        self._lock = threading.Lock()
        self._gone: deque[object] = deque()

    def values(self) -> ValuesView[F]:
        """All that are kept."""
        return self._kept.values()

    def of(self, key: Any) -> F:
        """The family with this key, a new one if there is none."""
        family = self._kept.get(key)
        if family is None:
            with self._lock:
                family = self._kept.setdefault(key, self._make(key))
                self._let_go()
        family.used = next(counter)
        return family

    def ran(self, family: F, *program: Any) -> None:
        """A program of this family has run: which, and in which form."""
        family.last = program
        family.used = next(counter)
        if family.gone:  # and somebody goes on with it
            self.grew(family)

    def grew(self, family: F) -> None:
        """A path of this family was recorded, or all were given up; a family that had gone is kept again."""
        with self._lock:
            family.measure()
            family.gone = False
            self._kept.setdefault(family.key, family)
            self._let_go()

    def last(self, prefix: tuple[Any, ...]) -> Any:
        """The program that ran last among those whose keys begin so; None if there is none."""
        with self._lock:
            found = [x for x in self._kept.values() if x.last is not None and x.key[0][: len(prefix)] == prefix]
        return max(found, key=lambda x: x.used).last if found else None

    def forget(self, owner: object) -> None:
        """Let go of what was recorded for an object: it is gone itself. Called at any moment, by the collector too."""
        self._gone.append(owner)
        if self._lock.acquire(blocking=False):  # else whoever holds it is about to do it, or the next one will
            try:
                self._bury()
            finally:
                self._lock.release()

    def _bury(self) -> None:
        while self._gone:
            owner = self._gone.popleft()
            for key in [key for key in self._kept if key[0] and key[0][0] is owner]:
                del self._kept[key]

    def _let_go(self) -> None:
        """Make room."""
        self._bury()
        total = sum([family.size for family in self._kept.values()])
        if total <= ROOM:
            return
        for family in sorted(self._kept.values(), key=lambda x: x.used)[:-LEAST]:
            if total <= ROOM:
                return
            del self._kept[family.key]
            family.gone = True
            total -= family.size


class Same:
    """An object as part of a key: nothing but itself is equal to it.

    The object is not kept alive, and what stands under the key goes with it. One that no weak reference can point to
    (of a class with ``__slots__``) is kept as long as the key.
    """

    __slots__ = ("__weakref__", "_alive", "_id", "_kept")

    def __init__(self, instance: object, families: Families[Any]) -> None:
        self._id = id(instance)
        self._kept = self._alive = None
        try:
            key = weakref.ref(self)
            self._alive = weakref.ref(instance, lambda _: families.forget(key()))
        except TypeError:
            self._kept = instance

    def now(self) -> object:
        """The object, if it lives."""
        return self._kept if self._alive is None else self._alive()

    def __hash__(self) -> int:
        return hash(self._id)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Same) and self._id == other._id and self.now() is other.now() is not None
