"""Programs that are looked at while they run: behind each statement stands a call that sees its result.

z1 = W @ x + b                      what the call returns goes on in its place,
z1 = seen(-1, 3, z1, 0)             so that each statement runs on the numbers that the call gave for others
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.compiler.blocks import Let, Loop

from .python import Python

if TYPE_CHECKING:
    from collections.abc import Collection

    from autograd.compiler.blocks import Back, Block, Kernel, Origin


class Watching(Python):
    """Prints a kernel whose statements are seen: in which loop, by the number of its array, which, what, and when."""

    def __init__(self, kernel: Kernel, reserved: Collection[str]) -> None:
        super().__init__(kernel, reserved)
        self.within: Loop | None = None
        """The loop whose body is printed."""

    def lines(self, block: Block) -> list[str]:
        """The statements of a block, and what sees them."""
        return [line for s in block for line in (*self.line(s), *self.seeing(s))]

    def seeing(self, s: object) -> list[str]:
        """The line behind a statement of the function's own, and none behind others."""
        origin: Origin | None = s.origin if isinstance(s, (Let, Loop)) else None
        if origin is None or origin.holder < 0:
            return []
        assert isinstance(s, (Let, Loop))  # noqa: S101 - it has an origin
        name, loop = self.naming.of(s.array), self.within
        where, when = (-1, "0") if loop is None else (loop.origin.holder, self.numbers[loop.array])
        return [f"{name} = seen({where}, {origin.holder}, {name}, {when})"]

    def loop(self, s: Loop) -> list[str]:
        """A loop."""
        self.known(s)
        outside, self.within = self.within, s
        found = super().loop(s)
        self.within = outside
        return found

    def back(self, s: Back) -> list[str]:
        """A loop backwards."""
        outside, self.within = self.within, s.loop
        found = super().back(s)
        self.within = outside
        return found
