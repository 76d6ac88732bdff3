"""Options of the test suite: how many programs are made at random, and whether golden files are written anew."""

from __future__ import annotations

import os

import pytest

REPORT = pytest.StashKey[list[str]]()
"""Lines that tests want to be printed at the end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; ``make fuzz N=20000 SEED=7 WORKERS=2`` sets the first three."""
    group = parser.getgroup("chainrule")
    group.addoption("--fuzz", type=int, default=None, metavar="N", help="make N programs at random (100 if not given)")
    group.addoption(
        "--seed", type=int, default=None, help="of what is made at random (of --fuzz programs 0 if neither is given)"
    )
    group.addoption("--fuzz-workers", type=int, default=1, metavar="K", help="in K processes")
    group.addoption("--mutants", type=int, default=None, metavar="N", help="make N faulty programs (252 if not given)")
    group.addoption("--slow", action="store_true", help="also the sweeps that .ci/run makes")
    group.addoption("--golden-update", action="store_true", help="write tests/golden/*.txt anew")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow sweeps to continuous integration, which sets CI, unless they are asked for."""
    if config.getoption("--slow") or os.environ.get("CI"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


def pytest_configure(config: pytest.Config) -> None:
    """Somewhere for the lines."""
    config.stash[REPORT] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The lines."""
    for line in config.stash[REPORT]:
        terminalreporter.write_line(line)


@pytest.fixture
def report(pytestconfig: pytest.Config) -> list[str]:
    """Where a test puts what is to be printed at the end."""
    return pytestconfig.stash[REPORT]
