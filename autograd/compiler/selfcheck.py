r"""Selfcheck: a program is compared with the function that it stands for, and refused if it differs.

What is compared is the value, and the derivative along one fixed random direction: at the first run of each compiled
form, at the first with other arguments, at the first with other captured numbers, and then ever more seldom. The
program sums in another order than the function and uses other implementations of the elementary functions, so the two
differ by rounding. How much that may be follows from the function's own scalars x_i and the adjoints of the result by
them (N. Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1: each is off by a small relative error):

    \|difference\|  <=  8 u sum_i \|dy/dx_i x_i\|,     u = 2**-53

and, for the derivative D along a direction, with its adjoints by values and by tangents, 8 u sum_i (\|dD/dx_i x_i\| +
\|dD/dt_i t_i\|). All of it comes from sweeps over floats; no graph is made. Where the bound is so wide that the value
says little, as in chaotic recurrences, each statement is compared by itself as well (:mod:`.stepwise`). Where a kink,
or a jump, lies within the rounding of an operand, both sides are right, and nothing is compared.
"""

from __future__ import annotations

from contextlib import nullcontext
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from autograd import rules
from autograd.collector import undisturbed
from autograd.modes import kept, untracked
from autograd.nodes import as_value
from autograd.programs import TracingCheckError
from autograd.structures import flatten, rebuild
from autograd.value import Value, number

from .recording import Raised, Unsupported, free, run
from .sweeps import SENSITIVE, UNIT, Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import numpy as np

    from .forms import Path
    from .paths import Family, Paths
    from .schedules import Schedule

    Floats = np.ndarray[Any, np.dtype[np.float64]]

T = TypeVar("T")


class Trial(NamedTuple):
    """The numbers of one example, and the result that the program had for them."""

    numbers: Sequence[Sequence[float]]
    outputs: Sequence[float]


def compare(
    jitted: Paths,
    path: Path,
    trials: Sequence[Trial],
    when: Schedule,
    captured: Floats,
    structures: Sequence[Any],
    function: Callable[..., Any],
    derivative: Callable[[list[list[float]]], float] | None = None,
) -> bool:
    """Compare what a program returned for some examples with the function itself; whether that counts.

    ``derivative(cotangents)``, with a list for each example, is the program's derivative along the direction of the
    schedule. It does not count where captured numbers have changed meanwhile: another thread trains.

    Raises TracingCheckError where they differ, and the path is dropped; what the function raises, if it raises.
    """
    try:
        try:
            _compare(jitted, path, trials, when, captured, structures, function, derivative)
        except Turned:
            _compare(jitted, path, trials, when, captured, structures, function, derivative, again=True)
    except Disturbed:
        return False
    return True


class Disturbed(Exception):  # noqa: N818 - no error: another time will do
    """Captured numbers were written while the function ran."""


class Turned(Exception):  # noqa: N818 - no error: at once again
    """A comparison of captured numbers may have come out differently: one of them was another one for a moment."""


def _compare(
    jitted: Paths,
    path: Path,
    trials: Sequence[Trial],
    when: Schedule,
    captured: Floats,
    structures: Sequence[Any],
    function: Callable[..., Any],
    derivative: Callable[[list[list[float]]], float] | None,
    again: bool = False,
) -> None:
    """The same; Disturbed where it does not count, Turned where one has to look ``again``."""
    undisputed(path, captured)
    expected, bound, skipped, sensitive = 0.0, 0.0, False, False
    cotangents: list[list[float]] = []
    results: list[float] = []
    seen: list[Examined] = []
    for trial, weights in zip(trials, when.weights, strict=False):
        found = _examined(jitted, path, trial, when, weights, structures, function)
        undisputed(path, captured)
        if found.differs:
            undisputed(path, captured, found.nodes, found.outputs)
            if not excused(path, trial, when, captured, structures, function, again):
                refuse(jitted, path, trial, found.results, first=when.runs == 1)
        results = found.results
        sensitive |= found.sensitive
        expected, bound = expected + found.derivative, bound + found.bound
        skipped |= found.kink or found.differs
        cotangents.append(found.cotangent)
        seen.append(found)
    if sensitive and not all([recorded_alike(path, trial, when, captured, structures, function) for trial in trials]):
        refuse(jitted, path, trials[-1], results)
    if derivative is None or skipped:
        return
    got = derivative(cotangents)
    if isfinite(bound) and isfinite(expected) and not abs(got - expected) <= bound:
        for each in seen:
            undisputed(path, captured, each.nodes, each.outputs)
        if not all([excused(path, trial, when, captured, structures, function, again) for trial in trials]):
            refuse(jitted, path, trials[0], None, (got, expected))


def _examined(
    jitted: Paths,
    path: Path,
    trial: Trial,
    when: Schedule,
    weights: list[float],
    structures: Sequence[Any],
    function: Callable[..., Any],
) -> Examined:
    """The function itself at one example. Where it raises, its path is dropped."""
    try:
        return examined(path, trial, when, weights, structures, function)
    except (ArithmeticError, ValueError):
        if path.library:  # which answers with inf or nan, and goes on
            raise Disturbed from None
        jitted.drop(path)
        raise


def settled(family: Family, answer: Callable[[], T]) -> T:
    """An answer by programs; where one is refused because outcomes of comparisons were no bools, by another."""
    try:
        return answer()
    except TracingCheckError as refused:
        if family.decided or not refused.once_more:
            raise
    family.decided = True
    return answer()


def still(
    jitted: Paths,
    path: Path,
    trial: Trial,
    captured: Floats,
    structures: Sequence[Any],
    function: Callable[..., Any],
) -> None:
    """Compare the value alone, for one example: most often it is the same up to the last digits, which is soon told.

    Raises TracingCheckError if it is not, and no rounding explains it.
    """
    with undisturbed(), keeping(path):
        leaves = [[Value(x) for x in each] for each in trial.numbers]
        result = function(*[rebuild(s, each) for s, each in zip(structures, leaves, strict=True)])
        outputs, structure = flatten(result, "jit: the result")
    if repr(structure) == repr(path.program.structure) and all(
        [abs(number(x) - y) <= 2.0 * UNIT * abs(y) for x, y in zip(outputs, trial.outputs, strict=True)]
    ):
        return
    compare(jitted, path, [trial], path.schedule(True, (False,) * len(structures)), captured, structures, function)


def keeping(path: Path) -> AbstractContextManager[None]:
    """Where something computes without gradients: the function is run so that all that it computes can be looked at."""
    return kept() if untracked() or rules.STOP in path.program.rules else nullcontext()


def refuse(
    jitted: Paths,
    path: Path,
    trial: Trial,
    results: Sequence[float] | None,
    slopes: tuple[float, float] = (0.0, 0.0),
    first: bool = False,
) -> None:
    """Drop a path and say so."""
    jitted.drop(path)
    if results is None:
        what = f"a derivative of {slopes[0]!r} along a test direction, as its program does, but has {slopes[1]!r}"
    else:
        what = f"{list(trial.outputs)!r}, as its program does, but returned {list(results)!r}"
    verb = "have" if results is None else "return"
    error = TracingCheckError(
        f"jit: {jitted.name} was expected to {verb} {what} when it was run again: it depends on more than its "
        "arguments and the Values that it uses, such as attributes, arrays, random numbers, or the time",
        jitted.name,
    )
    error.once_more = first and not path.program.decided and misled(path, trial, results)
    raise error


def misled(path: Path, trial: Trial, results: Sequence[float] | None) -> bool:
    """Whether it was the function that went another way while it was recorded, and not the program that is wrong."""
    if results is None or [[*x] for x in trial.numbers] != path.arguments:
        return False
    recorded = [path.program.data[node] for node in path.program.outputs]
    return len(recorded) != len(results) or not all(
        [x == y or abs(x - y) <= 1e-6 * abs(y) for x, y in zip(recorded, results, strict=True)]
    )


class Examined(NamedTuple):
    """The function itself at one example, beside what its program returned."""

    results: list[float]
    differs: bool
    sensitive: bool
    derivative: float
    bound: float
    kink: bool
    """Whether the derivatives say nothing."""
    cotangent: list[float]
    nodes: Sequence[Value] = ()
    """What the results were computed from."""
    outputs: Sequence[Value | float] = ()


def examined(
    path: Path,
    trial: Trial,
    when: Schedule,
    weights: list[float],
    structures: Sequence[Any],
    function: Callable[..., Any],
) -> Examined:
    """Run the function at the numbers of an example, and compare."""
    with undisturbed(), keeping(path):
        leaves = [[Value(x) for x in each] for each in trial.numbers]
        result = function(*[rebuild(s, each) for s, each in zip(structures, leaves, strict=True)])
        outputs, structure = flatten(result, "jit: the result")
        results = [number(x) for x in outputs]
        if repr(structure) != repr(path.program.structure):
            return Examined(results, True, False, 0.0, 0.0, True, weights, (), outputs)
        given = {id(x): float(d) for x, d in zip(path.captured, when.direction.tolist(), strict=True)}
        for each, direction in zip(leaves, when.by_inputs, strict=True):
            given |= {id(x): d for x, d in zip(each, direction.tolist(), strict=True)}
        cotangent = [
            (weight / max(abs(y), 1e-290) if y else weight) if isinstance(x, Value) and isfinite(y) else 0.0
            for weight, x, y in zip(weights, outputs, results, strict=True)
        ]
        measured = [k for k, c in enumerate(cotangent) if c]
        sweep = Sweep([as_value(outputs[k]) for k in measured], [cotangent[k] for k in measured], given)
        sensitive = not sweep.value_bound <= SENSITIVE * max(sum(map(abs, weights)), 1.0)
        plain = [k for k, c in enumerate(cotangent) if not c]  # of which there is no graph; and what is not finite
        if sensitive and measured:
            for k, c in zip(measured, sweep.balance([weights[k] for k in measured]), strict=True):
                cotangent[k] = c
        difference = sum([cotangent[k] * (trial.outputs[k] - results[k]) for k in measured])
        differs = not abs(difference) <= sweep.value_bound and isfinite(sweep.value_bound)
        for k in plain:
            x, y = results[k], trial.outputs[k]
            loose = 1e-9 * max(abs(x), abs(y)) + 1e-12 * sweep.largest
            differs |= not (x == y or (x != x and y != y) or abs(x - y) <= loose)
        kink = sweep.kink or not all([cotangent[k] for k in measured])
        nodes = sweep.nodes
        return Examined(results, differs, sensitive, sweep.derivative, sweep.bound, kink, cotangent, nodes, outputs)


def recorded_alike(
    path: Path,
    trial: Trial,
    when: Schedule,
    captured: Floats,
    structures: Sequence[Any],
    function: Callable[..., Any],
) -> bool:
    """Whether a function whose value is lost in rounding is still, scalar for scalar, what was recorded of it.

    And whether the program's statements are, each by itself. Or whether one of its comparisons came out differently, as
    it may at a tie.
    """
    from dataclasses import replace

    from . import kernelwise
    from .likeness import outcomes, signature
    from .numbering import program
    from .stepwise import faulty

    try:
        found = program(function, "", structures, trial.numbers, path.program.decided)
    except (Unsupported, Raised, TypeError):
        return False
    now = {id(x): p for x, p in zip(path.captured, captured.tolist(), strict=True)}
    numbers = {i: now.get(id(x), x._number) for i, x in zip(found.captured_nodes, found.captured, strict=True)}
    for row, operands, number_ in zip(found.rules, found.operands, found.data, strict=True):
        if not numbers.keys().isdisjoint(operands) and other(
            row, [numbers.get(i, found.data[i]) for i in operands], number_
        ):
            raise Disturbed
    found = replace(found, data=[numbers.get(i, x) for i, x in enumerate(found.data)])
    if outcomes(found) != outcomes(path.program):
        return True
    if signature(found) != signature(path.program) or faulty(path.rolled, found):
        return False
    return path.library is not None or not kernelwise.ill_computed(path.rolled, when.batched, when.wanted, found)


def excused(
    path: Path,
    trial: Trial,
    when: Schedule,
    captured: Floats,
    structures: Sequence[Any],
    function: Callable[..., Any],
    again: bool,
) -> bool:
    """Whether a difference has another reason than the program: a tie within rounding.

    The function is recorded once more, so that its comparisons are seen, and the numbers that its operations used. A
    tie is no reason if the statements of the program are not what was recorded. Turned, but not ``again``, where a
    captured number that is compared may have been another one when the function ran before.
    """
    with undisturbed():
        try:
            leaves, result, notes = run(function, structures, trial.numbers, path.program.decided)
        except (Unsupported, Raised):
            return False
        try:
            outputs = [notes.lifted(x) for x in flatten(result, "jit: the result")[0]]
            undisputed(path, captured, notes.nodes, outputs)
            roots = [x for x in outputs if isinstance(x, Value)]
            roots += [guard.condition for guard in notes.guards]
            tie = Sweep(roots, [0.0] * len(roots), {}).jump
            if not tie and not again and path.captured and any([x.rule.flat for x in notes.nodes]):
                raise Turned
        finally:
            free(notes, leaves)
    return tie and recorded_alike(path, trial, when, captured, structures, function)


def undisputed(
    path: Path, captured: Floats, nodes: Sequence[Value] = (), outputs: Sequence[Value | float] = ()
) -> None:
    """Disturbed if captured numbers are other ones than these, or if some of what a function computed was of others.

    Another thread has written them meanwhile, there and back perhaps.
    """
    if path.read().tobytes() != captured.tobytes():
        raise Disturbed
    if not nodes and not outputs:
        return
    now = {id(x): p for x, p in zip(path.captured, captured.tolist(), strict=True)}
    for x in outputs:
        if isinstance(x, Value) and repr(now.get(id(x), x._number)) != repr(x._number):
            raise Disturbed
    for node in nodes:
        if id(node) not in now and any([id(x) in now for x in node.parents]):
            operands = [now.get(id(x), x._number) for x in node.parents]
            if other(node.rule, operands, node._number):
                raise Disturbed


def other(rule: rules.Rule, operands: Sequence[float], before: float) -> bool:
    """Whether an operation gives another number than before."""
    try:
        now = float(rule.value(*rule.arguments(operands)))
    except (ArithmeticError, ValueError):
        return True
    return not (now == before or (now != now and before != before))
