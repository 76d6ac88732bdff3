"""Measuring in turn: several ways to compute the same, one after the other and back again, and what they cost.

What else the machine does falls on all of them alike, so ratios are those of pairs: the median over the rounds of what
one way took in a round, divided by what the other took in it. The least time of each is kept too: of a busy machine it
says the most about the program.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Work = Callable[[], Any]

SAMPLE = 2e-3
"""How long, in seconds, one way runs before it is the next one's turn."""


class Turns(NamedTuple):
    """What the ways took: seconds of a call by name, one for each round."""

    taken: dict[str, list[float]]

    def least(self, name: str) -> float:
        """The least time of a call, in microseconds."""
        return 1e6 * min(self.taken[name])

    def median(self, name: str) -> float:
        """The median, in microseconds."""
        return 1e6 * statistics.median(self.taken[name])

    def ratio(self, name: str, base: str) -> float:
        """How many times as long as another way: the median over pairs."""
        return statistics.median([x / y for x, y in zip(self.taken[name], self.taken[base], strict=True)])

    def above(self, name: str, base: str, times: float = 1.0) -> float:
        """By how many microseconds a call exceeds so many of another way: the median over pairs."""
        return 1e6 * statistics.median([x - times * y for x, y in zip(self.taken[name], self.taken[base], strict=True)])


def moved(x: Any) -> Any:
    """Numbers nearby, arranged in the same way."""
    if isinstance(x, dict):
        return {key: moved(part) for key, part in x.items()}
    return [*map(moved, x)] if isinstance(x, list) else x * 1.001


def settled(way: Callable[..., Any], *arguments: Any, calls: int = 5) -> None:
    """Call it with these numbers, with others, and again: first calls are compared with the function itself."""
    for given in (arguments, tuple(map(moved, arguments)), arguments):
        for _ in range(calls):
            way(*given)


def calls_of(work: Work) -> int:
    """How many calls a sample holds; the work is warm afterwards."""
    work()
    start = time.process_time()
    work()
    once = time.process_time() - start
    return max(1, min(2000, int(SAMPLE / max(once, 1e-7))))


def in_turn(works: Mapping[str, Work], rounds: int) -> Turns:
    """Run the ways in turn, in so many rounds, every other round backwards: A B B A."""
    calls = {name: calls_of(work) for name, work in works.items()}
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds):
        for name in [*works][:: 1 if turn % 2 == 0 else -1]:
            work, repeated = works[name], range(calls[name])
            start = time.process_time()
            for _ in repeated:
                work()
            taken[name].append((time.process_time() - start) / len(repeated))
    return Turns(taken)
