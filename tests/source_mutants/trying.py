"""A copy of the project in a temporary directory, and tests run in it, each time in a new process.

The process is a fork of this one, which has loaded pytest and NumPy but nothing of the project: what it imports is
what stands in the copy at that moment. It may use so many seconds of the processor and so much memory, no more.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

COPIED = ("autograd", "nn", "tests", "notebooks", "pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")
COPIED_TOO = ("Makefile", "LICENSE", ".ci", ".gitignore", ".pre-commit-config.yaml")
LOADED = ("numpy", "mpmath", "hypothesis", "graphviz", "xml.etree.ElementTree", "html.parser", "unittest.mock")
ABSENT = ("cacheprovider", "xdist", "benchmark", "nbmake")
MEMORY = 6 * 2**30
PER_SECOND = 20
"""Seconds of waiting for one of computing that are still no time-out: other programs may run on the machine."""


class Outcome(NamedTuple):
    """What came of a run: ``passed``, ``failed`` (by which test), ``time-out``, or ``died`` (with which code)."""

    word: str
    detail: str = ""


class Chosen:
    """A plugin: of what is collected, the tests that are asked for in the order in which they are named."""

    def __init__(self, names: Sequence[str]) -> None:
        self.place = {name: i for i, name in enumerate(names)}
        self.failed = ""
        self.ran = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep and order."""
        kept = [item for item in items if item.nodeid in self.place]
        items[:] = sorted(kept, key=lambda item: self.place[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what failed first."""
        self.ran += report.when == "call"
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported has failed."""
        if report.failed:
            self.failed = self.failed or report.nodeid


class Workshop:
    """The copy of the project below ``root``, made anew in ``place``."""

    def __init__(self, root: Path, place: Path) -> None:
        self.root, self.place = root, place
        cold = shutil.ignore_patterns("__pycache__", ".hypothesis")
        for name in (*COPIED, *COPIED_TOO):
            if (root / name).is_dir():
                shutil.copytree(root / name, place / name, ignore=cold)
            elif (root / name).exists():
                shutil.copy(root / name, place / name)
        (place / "tmp").mkdir()
        os.environ["TMPDIR"] = str(place / "tmp")
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        os.environ["PYTHONPATH"] = str(place)  # for what the tests start
        for name in LOADED:
            importlib.import_module(name)

    @contextlib.contextmanager
    def changed(self, file: str, text: str) -> Iterator[None]:
        """Another text in a file of the copy, which Python does not take for the one that it compiled before."""
        path = self.place / file
        own = path.read_text(encoding="utf-8")
        for written in (text, own):
            path.write_text(written, encoding="utf-8")
            for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
                compiled.unlink()
            if written is text:
                yield

    def apart(self, work: Callable[[], object], seconds: float) -> Outcome:
        """Do the work in a process of its own, below the copy; what it returns is the outcome, as JSON if it passed."""
        answer = self.place / "answer.json"
        answer.unlink(missing_ok=True)
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if not child:
            self.become_child(work, seconds, answer)
        return self.wait(child, seconds, answer)

    def become_child(self, work: Callable[[], object], seconds: float, answer: Path) -> None:
        """What the child does; it ends here."""
        code = 1
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            nowhere = os.open(os.environ.get("MUTANTS_OUTPUT", os.devnull), os.O_RDWR | os.O_CREAT | os.O_APPEND)
            for stream in range(3):
                os.dup2(nowhere, stream)
            os.chdir(self.place)
            tempfile.tempdir = None
            own = {self.root.resolve(), (self.root / "tests").resolve()}
            sys.path[:] = [str(self.place), *[path for path in sys.path if path and Path(path).resolve() not in own]]
            answer.write_text(json.dumps(work()), encoding="utf-8")
            code = 0
        except BaseException:  # noqa: BLE001 - a fork must not go on as its parent would
            traceback.print_exc()
        finally:
            os._exit(code)

    def wait(self, child: int, seconds: float, answer: Path) -> Outcome:
        """The child's answer, or how it ended without one; whatever it started is ended."""
        until = time.monotonic() + PER_SECOND * (seconds + 1)
        status = None
        try:
            while status is None and time.monotonic() < until:
                done, code = os.waitpid(child, os.WNOHANG)
                status = code if done else None
                time.sleep(0.0 if done else 0.01)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        if status is None:
            os.waitpid(child, 0)
            return Outcome("time-out")
        if os.WIFSIGNALED(status):
            stopped = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
            return Outcome("time-out" if stopped else "died", f"signal {os.WTERMSIG(status)}")
        if os.WEXITSTATUS(status) or not answer.exists():
            return Outcome("died", f"exit {os.WEXITSTATUS(status)}")
        return Outcome("passed", answer.read_text(encoding="utf-8"))

    def run(self, names: Sequence[str], seconds: float) -> Outcome:
        """Run these tests, in this order, up to the first that fails."""

        def work() -> list[str]:
            sys.dont_write_bytecode = True
            chosen = Chosen(names)
            files = dict.fromkeys([name.split("::")[0] for name in names])
            code = session([*files, "--exitfirst"], chosen)
            return ["failed" if code or not chosen.ran else "passed", chosen.failed or f"pytest's exit code {code}"]

        outcome = self.apart(work, seconds)
        return Outcome(*json.loads(outcome.detail)) if outcome.word == "passed" else outcome


def session(arguments: Sequence[str], plugin: object) -> int:
    """pytest in this process, as ``make test`` runs it but for what only costs time here."""
    left_out = [part for name in ABSENT for part in ("-p", f"no:{name}")]
    options = ["-q", "--tb=no", "--no-header", "--no-summary", "-o", "addopts=", "--doctest-modules"]
    options += ["-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, *left_out, *arguments], plugins=[plugin]))
