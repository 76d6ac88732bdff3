"""jit against the function itself, on programs made at random and on those that were once found to differ."""

from __future__ import annotations

import collections
import math
import multiprocessing
import random
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import fuzzing
import pytest
from fuzz_kept import KEPT, OPEN
from fuzzing import Call, Case
from hypothesis import HealthCheck, Phase, given, seed, settings

from autograd import Value

CHUNK = 250
"""How many programs Hypothesis makes at a time."""


class Tally(NamedTuple):
    """What came of some programs: their number, that of their calls, the open kinds met, and a failure as text."""

    programs: int
    calls: int
    open: dict[str, int]
    failure: str


def run(number: int, count: int) -> Tally:
    """Hold ``count`` programs against the functions themselves; the first new fault, shrunk, is the failure."""
    programs = calls = 0
    met: collections.Counter[str] = collections.Counter()
    failing: list[tuple[str, Case]] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @seed(number)
    @given(fuzzing.cases())
    def hold(case: Case) -> None:
        nonlocal programs, calls
        programs, calls = programs + 1, calls + len(case.calls)
        found = fuzzing.faults(case)
        met.update({kind for kind in map(fuzzing.formless, fuzzing.kinds(found)) if kind in OPEN})
        new = [fault for fault in found if fuzzing.formless(fault.kind) not in OPEN]
        if new:
            failing[:] = [(new[0].kind, case)]
        assert not new, new[0].kind

    failure = ""
    try:
        hold()
    except AssertionError:
        case = fuzzing.reduced(failing[0][1], failing[0][0])
        text = "\n".join([f"{fault.kind}, call {fault.call}: {fault.text}" for fault in fuzzing.faults(case)])
        failure = f"seed {number}: {text}\n{case}"
    return Tally(programs, calls, dict(met), failure)


def test_random_programs(pytestconfig: pytest.Config, report: list[str]) -> None:
    """Programs made at random: the same numbers, gradients and exceptions as the functions themselves."""
    wanted: int | None = pytestconfig.getoption("--fuzz")
    chosen: int | None = pytestconfig.getoption("--seed")
    workers: int = pytestconfig.getoption("--fuzz-workers")
    start = time.perf_counter()
    first = chosen if chosen is not None else 0 if wanted is None else random.SystemRandom().randrange(10**6)
    count = 100 if wanted is None else wanted
    sizes = [min(CHUNK, count - k) for k in range(0, count, CHUNK)]
    seeds = [first * 10_000 + k for k in range(len(sizes))]  # of the chunks, so that runs of near seeds differ
    if workers > 1:
        with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
            tallies = list(pool.map(run, seeds, sizes))
    else:
        tallies = list(map(run, seeds, sizes))
    elapsed = time.perf_counter() - start
    programs, calls = sum([x.programs for x in tallies]), sum([x.calls for x in tallies])
    met: collections.Counter[str] = collections.Counter()
    for tally in tallies:
        met.update(tally.open)
    report.append(
        f"fuzz: seed {first}, {programs} programs, {calls} calls, {elapsed:.1f} s "
        f"({1000 * elapsed / max(programs, 1):.1f} ms a program)"
    )
    report += [f"fuzz: open, {n} times: {kind}" for kind, n in met.most_common()]
    failures = [tally.failure for tally in tallies if tally.failure]
    assert not failures, f"{len(failures)} failures; the first ones:\n" + "\n\n".join(failures[:5])


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=name,
            marks=[pytest.mark.xfail(reason=f"open: {kind}", strict=False)] * (fuzzing.formless(kind) in OPEN),
        )
        for name, kind, case in KEPT
    ],
)
def test_kept_programs(case: Case) -> None:
    """Programs that once were found to differ do not."""
    found = fuzzing.faults(case)
    assert not found, "\n".join([f"{fault.kind}, call {fault.call}: {fault.text}" for fault in found])


def test_programs_are_reproducible() -> None:
    """The same choices make the same program, whose text is a function and whose calls fit it."""
    for number in range(50):
        one, other = (fuzzing.Writer(random.Random(number).randrange).case() for _ in range(2))
        assert repr(one) == repr(other)
        program = fuzzing.Program(one)
        for call in one.calls:
            fuzzing.Expected(program, call)


def faults_of(wrong: str, right: str, *arguments: float, form: str = "values") -> set[str]:
    """What is found if a program other than the function itself is jitted."""
    case = Case(right, tuple([Call((x,), (), (1,)) for x in arguments]), (form,))
    program = fuzzing.Program(case)
    expected = [fuzzing.Expected(program, call) for call in case.calls]
    other = fuzzing.defined(compile(wrong, "<wrong>", "exec"), {})
    return fuzzing.kinds([
        fault
        for i, (call, want) in enumerate(zip(case.calls, expected, strict=True))
        for fault in fuzzing.on_values(other, program, want, call, i)
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "x", "kind"),
    [
        ("x * 3.0 * (1.0 + 1e-12)", 1.0, "values: a number"),
        ("x * 3.0 + ag.constant(x) * 0.0 + (x - x.data) * 1e-9", 1.0, "gradient of result 0: a number"),
        ("x * nan", 1.0, "values: nan instead of a number"),
        ("x * 3.0 + 1.0", math.nan, ""),
        ("x * inf", 1.0, "values: an infinity"),
        ("1.0 / (x - 1.0)", 1.0, "values: ZeroDivisionError instead of a value"),
        ("[x * 3.0]", 1.0, "values: another arrangement"),
        ("x + x + x", 1.1, ""),
    ],
)
def test_the_comparison_sees_what_differs(wrong: str, x: float, kind: str) -> None:
    """A value, a derivative, nan, an infinity, an exception or an arrangement that is not the function's is a fault."""
    found = faults_of(f"def f(x):\n    return {wrong}\n", "def f(x):\n    return x * 3.0\n", x)
    assert kind in found if kind else not found


@pytest.mark.parametrize("form", fuzzing.ROAD)
def test_the_comparison_sees_what_differs_on_the_road(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number of a result, or a derivative, that is off by more than rounding; and an argument that is changed."""
    calls = tuple([Call((x, [1.0, 3.0])) for x in (2.0, 3.0, 0.5)])
    case = Case("def f(x, v):\n    return [x * v[0], ag.sin(v[1])]\n", calls, (form,))
    assert not fuzzing.faults(case)
    right = fuzzing.straight

    def wrong(name: str, f: Callable[..., Any], count: int) -> Callable[..., Any]:
        return right(name, lambda *args: [y * (1.0 + 1e-9) for y in f(*args)], count)

    def changing(name: str, f: Callable[..., Any], count: int) -> Callable[..., Any]:
        found = right(name, f, count)

        def run(*args: Any) -> Any:
            result = found(*args)
            (args[0]["more"][0] if len(args) == 1 else args[1])[0] = 7.0
            return result

        return run

    monkeypatch.setattr(fuzzing, "straight", wrong)
    assert any(["a number" in kind for kind in fuzzing.kinds(fuzzing.faults(case))])
    monkeypatch.setattr(fuzzing, "straight", changing)
    assert f"{form}: an argument is changed" in fuzzing.kinds(fuzzing.faults(case))


@pytest.mark.parametrize(
    ("wrong", "right", "x"),
    [
        ("ag.sqrt(0.1 * x + 0.2 * x - 0.3 * x + 0.0)", "ag.sqrt(0.3 * x - 0.1 * x - 0.2 * x)", 1.0),
        ("ag.abs(0.1 * x + 0.2 * x - 0.3 * x)", "ag.abs(0.1 * x - 0.3 * x + 0.2 * x)", 1.0),
        ("x if 0.1 * x + 0.2 * x > 0.3 * x else -x", "x if 0.1 * x - 0.3 * x + 0.2 * x > 0.0 * x else -x", -1.0),
    ],
)
def test_the_comparison_leaves_out_what_rounding_decides(wrong: str, right: str, x: float) -> None:
    """On either side of an edge of a domain, of a kink and of a branch, within rounding, there is no fault."""
    assert not faults_of(f"def f(x):\n    return {wrong}\n", f"def f(x):\n    return {right}\n", x)


def test_bounds_are_of_the_size_of_rounding() -> None:
    """A cancelled sum may be off by the roundings of its large terms, and a plain product by its own."""
    x = Value(1.0)
    assert fuzzing.allowed(x * 3.0) < 1e-13
    assert 1e-6 < fuzzing.allowed((x * 1e9 + 1.0) - x * 1e9) < 1e-3


def test_a_failing_program_is_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines, calls and forms that a fault does not need are taken out."""
    source = (
        "def f(x, y):\n    t = ag.sin(y)\n    for i in range(3):\n        t = t * y\n    s = x * 2.0\n    return s\n"
    )
    case = Case(source, (Call((2.0, 1.0)), Call((1.0, 2.0)), Call((-1.0, 2.0))), ("call", "values"))

    def faults(each: Case) -> list[fuzzing.Fault]:
        f = fuzzing.defined(compile(each.source, "<program>", "exec"), {})
        wrong = "values" in each.forms and any([f(*call.arguments) == -2.0 for call in each.calls])
        return [fuzzing.Fault("values: a number", 0, "")] * wrong

    monkeypatch.setattr(fuzzing, "faults", faults)
    small = fuzzing.reduced(case, "values: a number")
    assert small == Case("def f(x, y):\n    s = x * 2.0\n    return s\n", (Call((-1.0, 2.0)),), ("values",))
