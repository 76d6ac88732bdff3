"""Which tests run which lines: measured once by coverage, a context for each test, and kept until a file changes.

A test file is run again if it, or what the tests share, or one of the files asked about is another than before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import pytest

from .trying import Workshop, session

UNSUITED = (
    *("test_browser", "test_fuzz", "test_notebooks", "test_readme", "test_repository"),
    *("test_selfcheck_innocent", "test_selfcheck_mutants", "test_source_mutants"),
)
"""Tests that need minutes, or read the source instead of running it."""
SECONDS = 900.0
"""What a test file may take."""


class Reached(NamedTuple):
    """A test, how long it takes, and the lines that it runs, by file."""

    name: str
    seconds: float
    lines: dict[str, frozenset[int]]


class Watcher:
    """A plugin: tells coverage which test runs, and notes how long each takes that passes."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.left: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """The context is the name of the test, its fixtures included."""
        self.measured.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.measured.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The sum of set-up, call and tear-down."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if not report.passed:
            self.left.add(report.nodeid)


class Map:
    """The measured tests, kept in a file."""

    def __init__(self, workshop: Workshop, kept: Path, say: Callable[[str], None]) -> None:
        self.workshop, self.kept, self.say = workshop, kept, say
        self.entries: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}

    def measure(self, sources: Sequence[str]) -> None:
        """Bring the entries of all test files up to date for these sources."""
        shared = digest(sorted(set((self.workshop.place / "tests").glob("*.py")) - set(self.test_files())))
        now = {source: digest([self.workshop.place / source]) for source in sources}
        for path in self.test_files():
            name = path.relative_to(self.workshop.place).as_posix()
            own = digest([path])
            entry = self.entries.get(name, {})
            same = entry.get("own") == own and entry.get("shared") == shared
            known = entry.get("sources", {}) if same else {}
            if all(known.get(source) == now[source] for source in sources):
                continue
            wanted = sorted({*sources, *known})
            self.say(f"  measuring {name}")
            tests = self.measured(name, wanted)
            hashes = {source: digest([self.workshop.place / source]) for source in wanted}
            self.entries[name] = {"own": own, "shared": shared, "sources": hashes, "tests": tests}
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            self.kept.write_text(json.dumps(self.entries), encoding="utf-8")

    def test_files(self) -> list[Path]:
        """The files whose tests are suited; examples in docstrings are tests of their file."""
        found = [path for path in (self.workshop.place / "tests").glob("test_*.py") if path.stem not in UNSUITED]
        for package in ("autograd", "nn"):
            found += [
                path
                for path in (self.workshop.place / package).rglob("*.py")
                if ">>> " in path.read_text(encoding="utf-8")
            ]
        return sorted(found)

    def measured(self, name: str, sources: Sequence[str]) -> dict[str, Any]:
        """The tests of a file: seconds and lines by source."""

        def work() -> object:
            paths = [str(self.workshop.place / source) for source in sources]
            measured = coverage.Coverage(data_file=None, config_file=False, include=paths)
            watcher = Watcher(measured)
            measured.start()
            session([name], watcher)
            measured.stop()
            return lines_by_test(measured, watcher, dict(zip(paths, sources, strict=True)))

        outcome = self.workshop.apart(work, SECONDS)
        if outcome.word != "passed":
            self.say(f"  {name}: not used ({outcome.word} {outcome.detail})")
            return {}
        found: dict[str, Any] = json.loads(outcome.detail)
        return found

    def tests(self) -> Iterator[Reached]:
        """All tests."""
        for entry in self.entries.values():
            for name, (seconds, lines) in entry["tests"].items():
                yield Reached(name, seconds, {file: frozenset(each) for file, each in lines.items()})


def lines_by_test(
    measured: coverage.Coverage, watcher: Watcher, sources: dict[str, str]
) -> dict[str, tuple[float, dict[str, list[int]]]]:
    """What coverage saw, turned about: for each test that passed its seconds and its lines by file, if any."""
    lines: dict[str, dict[str, list[int]]] = {}
    data = measured.get_data()
    for path, source in sources.items():
        for line, contexts in data.contexts_by_lineno(path).items():
            for context in contexts:
                if context:
                    lines.setdefault(context, {}).setdefault(source, []).append(line)
    passed = sorted(watcher.seconds.keys() - watcher.left)
    return {name: (round(watcher.seconds[name], 4), lines.get(name, {})) for name in passed}


def digest(paths: Iterable[Path]) -> str:
    """A name for what stands in these files."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes() + b"\0")
    return total.hexdigest()[:16]
