"""The self-check of jit finds faulty programs: some hundred of them, made at random, with one fault each.

``--mutants 5000`` makes so many; ``--seed 7`` makes those of a seed again.
"""

from __future__ import annotations

import random
from collections import Counter

import mutants
import pytest

COUNT = 252


@pytest.fixture(scope="module")
def seed(pytestconfig: pytest.Config) -> int:
    """The seed that was asked for, or a new one."""
    given = pytestconfig.getoption("--seed")
    return random.SystemRandom().randrange(10**6) if given is None else int(given)


@pytest.mark.slow
def test_faulty_programs_are_found(pytestconfig: pytest.Config, report: list[str], seed: int) -> None:
    """Each is found at the first replay, unless it computes the same, or differs by less than ten times the bound."""
    asked = pytestconfig.getoption("--mutants")
    count = COUNT if asked is None else asked
    laboratory = mutants.Laboratory(seed)
    counts = {kind: Counter[str]() for kind in mutants.KINDS}
    remarks = []
    for i in range(count):
        each, fault, outcome, distance = laboratory.mutant(i)
        counts[fault.kind][outcome] += 1
        if outcome in ("missed", "below", "later"):
            remarks.append(f"  {outcome}: mutant {i} of {each.name}, {fault.kind}, {distance:.3g} times the bound")
    total: Counter[str] = sum(counts.values(), Counter())
    report.append(f"{count} mutants, seed {seed}:")
    report.append(" " * 24 + "".join([f"{outcome:>12}" for outcome in mutants.OUTCOMES]))
    for kind, found in [*counts.items(), ("together", total)]:
        report.append(f"  {kind:22}" + "".join([f"{found[outcome]:12}" for outcome in mutants.OUTCOMES]))
    report += remarks
    assert not total["missed"], f"seed {seed}"
    assert total["below"] + total["later"] <= 0.05 * count, f"seed {seed}"
    if count >= 10 * len(counts):
        assert all(found["found"] for found in counts.values()), f"seed {seed}"


@pytest.mark.slow
def test_faults_in_chaotic_functions_are_found(pytestconfig: pytest.Config, report: list[str], seed: int) -> None:
    """Where the value is lost in rounding, statements are compared one by one; what is not found changes nothing."""
    count = 60 if pytestconfig.getoption("--mutants") is None else pytestconfig.getoption("--mutants") // 10
    laboratory = mutants.Laboratory(seed, mutants.chaotic)
    counts: Counter[str] = Counter()
    missed = []
    for i in range(count):
        try:
            each, fault, outcome, _ = laboratory.mutant(i)
        except mutants.Impossible:
            continue
        if outcome not in ("found", "raised", "itself"):
            outcome = "missed" if laboratory.changes(each, fault) else "equivalent"
        if outcome == "missed":
            missed.append(f"  missed: mutant {i} of {each.name}, {fault.kind}")
        counts[outcome] += 1
    report.append(f"chaotic functions, seed {seed}: " + ", ".join([f"{n} {outcome}" for outcome, n in counts.items()]))
    report += missed
    assert len(missed) <= 0.05 * count, f"seed {seed}"


def test_missing_guards_are_found(report: list[str], seed: int) -> None:
    """Without one of its guards a function gives no wrong answer on the other side: the first other arguments."""
    counts = {what: Counter[str]() for what in ("guards", "watched")}
    missed = []
    for each in mutants.guarded(random.Random(seed)):
        for what, found in counts.items():
            for k in range(20):
                outcome = mutants.without(each, mutants.Without(what, k))
                if not outcome:
                    break
                found[outcome] += 1
                if outcome == "missed":
                    missed.append((each, what, k))
    outcomes = ("found", "raised", "equivalent", "missed")
    report.append(f"missing guards, seed {seed}:")
    report.append(" " * 24 + "".join([f"{outcome:>12}" for outcome in outcomes]))
    for what, found in counts.items():
        report.append(f"  {what:22}" + "".join([f"{found[outcome]:12}" for outcome in outcomes]))
    assert not missed, f"seed {seed}"
    assert all(found["found"] for found in counts.values())
