"""A table of what was measured, printed at the end; and how many rounds are measured."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from .turns import Turns, Work, in_turn

ROWS = pytest.StashKey[list["Row"]]()


class Row(NamedTuple):
    """A line of the table: what, by which way, beside which other; ``promised`` is the bound, in words."""

    what: str
    way: str
    base: str
    beside: float
    least: float
    ratio: float
    promised: str = ""
    over: float = 0.0
    """By how many microseconds it is more than what is promised; 0 or less if it is kept."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``make bench ARGS="--rounds 5"`` for a quick look."""
    parser.addoption("--rounds", type=int, default=40, metavar="N", help="measure what is compared N times in turn")


class Table:
    """What measures ways in turn, and keeps a line for each."""

    def __init__(self, rows: list[Row], rounds: int) -> None:
        self.rows, self.rounds = rows, rounds

    def turns(self, works: dict[str, Work], rounds: int | None = None) -> Turns:
        """Measure these ways; the first two are told apart by what they are called."""
        return in_turn(works, min(self.rounds, rounds or self.rounds))

    def add(
        self, what: str, turns: Turns, way: str, base: str, *, times: float = 1.0, plus: float | None = None
    ) -> None:
        """A line: ``way`` beside ``base``; promised: at most ``times`` as long, and ``plus`` microseconds more."""
        bound, over = "", 0.0
        if plus is not None:
            bound = f"<= {times:g} x" if times != 1.0 or not plus else "<="
            bound += f" + {plus:g} us" if plus else ""
            over = turns.above(way, base, times) - plus
        self.rows.append(Row(what, way, base, turns.least(base), turns.least(way), turns.ratio(way, base), bound, over))

    def note(self, what: str, text: str) -> None:
        """A line of words."""
        self.rows.append(Row(what, text, "", 0.0, 0.0, 0.0))


@pytest.fixture
def table(pytestconfig: pytest.Config) -> Table:
    """The table."""
    return Table(pytestconfig.stash[ROWS], pytestconfig.getoption("rounds"))


def pytest_configure(config: pytest.Config) -> None:
    """Somewhere for the lines."""
    config.stash[ROWS] = []


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table: a heading for each thing measured, a line for each way."""
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("through public functions, beside the same by hand")
    terminalreporter.write_line(
        "least times of a call, in microseconds; ratio: the median of pairs measured in turn; bound: what is promised"
    )
    what = ""
    for row in rows:
        if row.what != what:
            what = row.what
            terminalreporter.write_line(f"\n{what}")
        if not row.base:
            terminalreporter.write_line(f"  {row.way}")
            continue
        line = f"  {row.way:34} {row.least:11,.1f}  {row.base:22} {row.beside:11,.1f}  ratio {row.ratio:8.2f}"
        if row.promised:
            line += f"  {row.promised:16} {'kept' if row.over <= 0 else f'over by {row.over:,.1f} us'}"
        terminalreporter.write_line(line)
