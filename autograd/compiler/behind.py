"""Behind: Values whose numbers stand in arrays for a while (:mod:`.holding`), and are brought up to date when read.

Whoever keeps the arrays is known here by that alone. It is a context variable: local to the thread or task.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Keeper(Protocol):
    """Who keeps numbers of Values in arrays."""

    def update(self) -> None:
        """Bring the numbers of the Values up to date."""


keepers: ContextVar[tuple[Keeper, ...]] = ContextVar("keepers", default=())
"""Those who do around here, the innermost last."""


def up_to_date() -> None:
    """Bring all Values up to date, before numbers of some of them are read."""
    for keeper in keepers.get():
        keeper.update()
