"""The collector of cyclic garbage, out of the way while a graph grows.

Whenever enough objects have been made it looks through them for cycles; a graph has none, and looking through a growing
one again and again takes three times as long as making it. Jit's recordings and the transforms, whose graph is their
own and gone when they return, pause it. It is one for the whole process: what is kept is how many are within, and
whether it was on when the first of them came; the last to leave puts that back.
"""

from __future__ import annotations

import gc
from contextlib import ContextDecorator
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

lock = Lock()
within = 0
"""How many are within ``undisturbed()``, in all threads."""
enabled = False
"""Whether the collector was on when the first of them entered."""


class undisturbed(ContextDecorator):  # noqa: N801 - named as it is used
    """Within ``with undisturbed():`` there is no collector; afterwards it is as it was, whatever has happened."""

    def __enter__(self) -> None:
        global within, enabled  # noqa: PLW0603 - there is one collector
        with lock:
            if not within:
                enabled = gc.isenabled()
                gc.disable()
            within += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global within  # noqa: PLW0603 - as above
        with lock:
            within -= 1
            if enabled and not within:
                gc.enable()
