"""``python -m source_mutants FILES -n 40 --seed 7`` (``make mutants FILES=... N=40 SEED=7``)."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .choosing import Chooser, sample
from .kinds import Mutant, mutants
from .reaching import Map
from .report import Result, entry, equivalents, reason, table
from .trying import Workshop

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    *("autograd/rules.py", "autograd/graph.py", "autograd/value.py", "autograd/functions.py", "autograd/nodes.py"),
    *("autograd/transforms.py", "nn/optimizers.py", "nn/losses.py", "nn/storage.py"),
]
SPARE = 20.0
"""Seconds of the processor that a session may take beside four times those of its tests."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Sample, try, report; 1 if any survived."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an interrupt: what was started is ended
    given = parsed(arguments)
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    root = given.root.resolve()
    sources = {file: (root / file).read_text(encoding="utf-8") for file in given.files or FILES}
    found = [mutant for file, source in sources.items() for mutant in mutants(file, source)]
    found = [mutant for mutant in found if given.kind in (None, mutant.kind)]
    chosen = sample(found, given.n, random.Random(seed))
    print(f"{len(chosen)} of {len(found)} mutants of {len(sources)} files, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        workshop = Workshop(root, Path(place))
        reached = Map(workshop, root / "build" / "mutants" / "reached.json", partial(print, flush=True))
        reached.measure(list(sources))
        results = tried(chosen, sources, workshop, Chooser(list(reached.tests()), given.seconds))
    print("\n" + table(results))
    return int(any(result.word == "survived" for result in results))


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="source_mutants", description="Faults in the source that tests should find.")
    parser.add_argument("files", nargs="*", help="files of the project (nine of them if not given)")
    parser.add_argument("-n", type=int, default=40, help="how many mutants (40 if not given)")
    parser.add_argument("--seed", type=int, help="of the sample (a new one if not given)")
    parser.add_argument("--kind", help="of this kind alone, such as comparison")
    parser.add_argument("--seconds", type=float, default=60.0, help="of tests for a mutant at most (60)")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def tried(chosen: Sequence[Mutant], sources: dict[str, str], workshop: Workshop, chooser: Chooser) -> list[Result]:
    """The outcome of each, printed as it comes; those known to be equivalent are not run."""
    known = equivalents()
    results = []
    for i, mutant in enumerate(chosen, 1):
        source = sources[mutant.file]
        began = time.monotonic()
        why = reason(mutant, source, known)
        if why is not None:
            result = Result(mutant, "equivalent", why)
        else:
            with workshop.changed(mutant.file, mutant.applied(source)):
                result = Result(mutant, *outcome(mutant, workshop, chooser))
        results.append(result)
        seconds = time.monotonic() - began
        print(f"{i:4} {result.word:10} {mutant.place}: {mutant.kind} ({result.detail}; {seconds:.1f} s)", flush=True)
        if result.word == "survived":
            print(mutant.diff(source), entry(mutant, source), "", sep="\n", flush=True)
    return results


def outcome(mutant: Mutant, workshop: Workshop, chooser: Chooser) -> tuple[str, str]:
    """What the tests say, session by session."""
    asked = 0
    for session in chooser.sessions(mutant):
        limit = SPARE + 4.0 * sum([test.seconds for test in session])
        done = workshop.run([test.name for test in session], limit)
        if done.word == "time-out":
            return "time-out", "no end"
        if done.word != "passed":
            chooser.killed(done.detail)
            return "killed", done.detail
        asked += len(session)
    return "survived", f"{asked} tests"


if __name__ == "__main__":
    sys.exit(main())
