"""Which mutants are tried, and which tests of those that run a changed line are asked first."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from .kinds import Mutant
from .reaching import Reached

SHARES = ((1, 4.0), (4, 8.0))
"""Of how many test files, and for how many seconds, tests are run in the first sessions; the next has all others."""


def sample(mutants: Sequence[Mutant], count: int, rng: random.Random) -> list[Mutant]:
    """So many of them, drawn from each file and each kind in turn, in the order of the files."""
    by_file: dict[str, dict[str, list[Mutant]]] = {}
    for mutant in rng.sample(mutants, len(mutants)):
        by_file.setdefault(mutant.file, {}).setdefault(mutant.kind, []).append(mutant)
    chosen: list[Mutant] = []
    while by_file and len(chosen) < count:
        for file in sorted(by_file):
            kinds = by_file[file]
            kind = next(iter(kinds))
            chosen.append(kinds[kind].pop())
            left = kinds.pop(kind)
            if left:
                kinds[kind] = left  # the last in the turn
            if not kinds:
                del by_file[file]
    places = {mutant: i for i, mutant in enumerate(mutants)}
    return sorted(chosen[:count], key=places.__getitem__)


class Chooser:
    """The tests of a mutant in sessions: a small one that often suffices, a larger one, and the rest."""

    def __init__(self, tests: Sequence[Reached], seconds: float) -> None:
        self.tests, self.seconds = tests, seconds
        self.kills: Counter[str] = Counter()
        """How many mutants the tests of a file have found so far."""

    def killed(self, test: str) -> None:
        """Remember who found one: that file is asked earlier from now on."""
        self.kills[test.split("::", maxsplit=1)[0]] += 1

    def sessions(self, mutant: Mutant) -> Iterator[list[Reached]]:
        """Quick tests first, no test twice; what would take longer than the seconds that there are is left out.

        At the end come all others of the test files that run the file: the line may be run at its import only, or its
        result be kept for later.
        """
        lines = frozenset(range(mutant.first, mutant.last + 1))
        near = [test for test in self.tests if not lines.isdisjoint(test.lines.get(mutant.file, ()))]
        by_file: dict[str, list[Reached]] = defaultdict(list)
        for test in near:
            by_file[file_of(test)].append(test)
        own = f"tests/test_{PurePosixPath(mutant.file).stem}.py"
        files = sorted(by_file, key=lambda file: (file != own, -self.kills[file], -len(by_file[file]), file))
        left, done = self.seconds, set[str]()
        stages = [([test for file in files[:count] for test in by_file[file]], share) for count, share in SHARES]
        running = {file_of(test) for test in self.tests if mutant.file in test.lines}
        stages += [(near, left), ([test for test in self.tests if file_of(test) in running], left)]
        for waiting, share in stages:
            batch: list[Reached] = []
            budget = min(share, left)
            for test in sorted(waiting, key=lambda test: test.seconds):
                if test.name in done:
                    continue
                if test.seconds > budget:
                    break
                budget -= test.seconds
                left -= test.seconds
                batch.append(test)
            done.update([test.name for test in batch])
            if batch:
                yield batch


def file_of(test: Reached) -> str:
    """The file that a test stands in."""
    return test.name.split("::", maxsplit=1)[0]
