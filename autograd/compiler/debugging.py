"""Debugging: what each stage makes is checked within ``debug()``, and shown where it is ill formed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from autograd.entries import in_force
from autograd.modes import debug, debug_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

AROUND = 10
"""How many lines are shown before and behind the one that a fault is in."""


class IllFormedError(ValueError):
    """What a stage has made is not what it has to be: a fault of the compiler.

    ``line``: the number of the node or the statement that the fault is in, if it is in one.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def watched(data: T, check: Callable[[T], object], lines: Callable[[T], Iterable[str]]) -> T:
    """The data itself, checked where that is asked for. Where the check fails, its lines are written to stderr."""
    if not in_force(debug_entries, debug):
        return data
    try:
        check(data)
    except IllFormedError as error:
        sys.stderr.write("\n".join(near([*lines(data)], error.line)) + "\n")
        raise
    return data


def near(lines: Sequence[str], line: int | None) -> Sequence[str]:
    """Lines around one of them; all of them where none is meant."""
    return lines if line is None else lines[max(0, line - AROUND) : line + AROUND + 1]
