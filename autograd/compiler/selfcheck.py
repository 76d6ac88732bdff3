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
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from autograd import graph, rules
from autograd.collector import undisturbed
from autograd.modes import kept, untracked
from autograd.nodes import as_value
from autograd.structures import flatten, rebuild
from autograd.value import Value, number

from .recording import Raised, Unsupported, free, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import numpy as np

    from .paths import Family, Path, Paths
    from .schedules import Schedule

    Floats = np.ndarray[Any, np.dtype[np.float64]]

T = TypeVar("T")

UNIT = 8.0 * 2.0**-53
"""By how much of itself each scalar may be off: four units in the last place."""

SMALLEST = 8.0 * 2.0**-1074
"""By how much in any case."""

CLOSE = 2.0**-46
"""By how much of itself an operand is moved for a difference quotient: hardly more than rounding moves it, since the
sine of a large number turns round and round within a millionth of it."""

SENSITIVE = 1e-6
"""The bound of the value, relative to it, from which on a comparison of the value says little."""

SWEEPS = 32
"""How many sweeps may look for the results that are lost in rounding, where there are several."""


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

    Raises RuntimeError where they differ, and the path is dropped; what the function raises, if it raises.
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
        try:
            found = examined(path, trial, when, weights, structures, function)
        except (ArithmeticError, ValueError):
            if path.library:  # which answers with inf or nan, and goes on
                raise Disturbed from None
            jitted.drop(path)
            raise
        undisputed(path, captured)
        if found.differs:
            undisputed(path, captured, found.nodes, found.outputs)
            if not excused(path, trial, captured, structures, function, again):
                refuse(jitted, path, trial, found.results, first=when.runs == 1)
        results = found.results
        sensitive |= found.sensitive
        expected, bound = expected + found.derivative, bound + found.bound
        skipped |= found.kink or found.differs
        cotangents.append(found.cotangent)
        seen.append(found)
    if sensitive and not all([recorded_alike(path, trial, captured, structures, function) for trial in trials]):
        refuse(jitted, path, trials[-1], results)
    if derivative is None or skipped:
        return
    got = derivative(cotangents)
    if isfinite(bound) and isfinite(expected) and not abs(got - expected) <= bound:
        for each in seen:
            undisputed(path, captured, each.nodes, each.outputs)
        if not all([excused(path, trial, captured, structures, function, again) for trial in trials]):
            refuse(jitted, path, trials[0], None, (got, expected))


class RefusedError(RuntimeError):
    """A program is not what the function does. It may do once it is recorded with bools: at a first run, if it is."""

    once_more = False


def settled(family: Family, answer: Callable[[], T]) -> T:
    """An answer by programs; where one is refused because outcomes of comparisons were no bools, by another."""
    try:
        return answer()
    except RefusedError as refused:
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

    Raises RefusedError if it is not, and no rounding explains it.
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
    error = RefusedError(
        f"jit: {jitted.name} was expected to {verb} {what} when it was run again: it depends on more than its "
        "arguments and the Values that it uses, such as attributes, arrays, random numbers, or the time"
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
        difference = sum([c * (y - x) for c, x, y in zip(cotangent, results, trial.outputs, strict=True)])
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
    captured: Floats,
    structures: Sequence[Any],
    function: Callable[..., Any],
) -> bool:
    """Whether a function whose value is lost in rounding is still, scalar for scalar, what was recorded of it.

    And whether the program's statements are, each by itself. Or whether one of its comparisons came out differently, as
    it may at a tie.
    """
    from .likeness import outcomes
    from .scalars import program
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
    for i, x in numbers.items():
        found.data[i] = x
    if outcomes(found) != outcomes(path.program):
        return True
    return found.signature() == path.program.signature() and not faulty(path.rolled, found)


def excused(
    path: Path, trial: Trial, captured: Floats, structures: Sequence[Any], function: Callable[..., Any], again: bool
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
    return tie and recorded_alike(path, trial, captured, structures, function)


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


class Sweep:
    """Sweeps over the scalars of a result: tangents forward, adjoints back, and by how much rounding may move both.

    ``tangents`` has the direction, by the ids of leaves. ``derivative`` is that of sum seeds * outputs along it, and
    ``bound`` what rounding may add to it; ``value_bound`` is the same for sum seeds * outputs itself. ``kink`` and
    ``jump`` say whether somewhere a slope, or even a value, jumps within rounding. ``largest`` is the largest number.

    A leaf is exact, so that a partial by it that is not finite (x**2 by its 2, where x < 0) says nothing of rounding.
    Where an operand is 0 because it has cancelled, partials may vanish, as that of x**2 does, and not tell by how much
    the result is off: there it is computed at other operands within rounding.
    """

    def __init__(self, outputs: Sequence[Value], seeds: Sequence[float], tangents: dict[int, float]) -> None:
        self.kink = self.jump = False
        self.nodes = graph.order(*outputs, stop=tangents)
        place = {id(node): i for i, node in enumerate(self.nodes)}
        self.parents = [
            () if id(node) in tangents else tuple([place[id(x)] for x in node.parents]) for node in self.nodes
        ]
        self.numbers = [node._number for node in self.nodes]
        self.largest = max([abs(x) for x in self.numbers if isfinite(x)], default=0.0)
        self.tangents = [tangents.get(id(node), 0.0) for node in self.nodes]
        self._off: dict[int, tuple[float, float]] = {}
        """By how many units nodes with such an operand are off themselves, and their partials times the tangents."""
        self._forward()
        self._moves = any(self.tangents)
        self._at = [place[id(x)] for x in outputs]
        self._seeds = seeds
        self._measure()

    def _measure(self) -> None:
        """What is known of sum seeds * outputs."""
        starts = [(i, seed) for i, seed in zip(self._at, self._seeds, strict=True) if seed]
        self.derivative = sum([seed * self.tangents[i] for i, seed in starts])
        self.value_bound = self._value_bound(starts)
        self.bound = self._slope_bound(starts) if self._moves else 0.0

    def balance(self, weights: Sequence[float]) -> Sequence[float]:
        """Let outputs that are lost in rounding count for so little that the others are compared all the same.

        Those of other examples as well, with which this sum is added up. These outputs are found by halving; what is
        not found after some sweeps is let off together. The seeds are returned.
        """
        seeds = [*self._seeds]
        open_parts = [range(len(seeds))]
        sweeps = 0
        while open_parts:
            part = open_parts.pop()
            bound = self._value_bound([(self._at[k], seeds[k]) for k in part])
            sweeps += 1
            if bound <= SENSITIVE * sum([abs(weights[k]) for k in part]):
                continue
            if len(part) > 1 and sweeps < SWEEPS:
                half = len(part) // 2
                open_parts += [part[:half], part[half:]]
                continue
            by = UNIT / bound if isfinite(bound) else 0.0
            for k in part:
                seeds[k] *= by
        self._seeds = seeds
        self._measure()
        return seeds

    def _forward(self) -> None:
        """Tangents, and how many units each number may be off, for the kinks."""
        numbers, tangents, stop = self.numbers, self.tangents, rules.STOP
        errors = [0.0] * len(numbers)
        cancelled: set[int] = set()
        for i, (node, parents) in enumerate(zip(self.nodes, self.parents, strict=True)):
            if not parents:
                continue
            number = numbers[i]
            tangent, error = 0.0, abs(number)
            for j, partial in zip(parents, node.partials):  # noqa: B905 - lengths agree by construction
                if partial:
                    t, e = tangents[j], errors[j]
                    if t:
                        tangent += partial * t
                    if e:
                        error += abs(partial) * e
            tangents[i], errors[i] = tangent, error
            rule = node.rule
            if cancelled and not cancelled.isdisjoint(parents):
                self._off[i] = off = self._around(i, [errors[j] if j in cancelled else 0.0 for j in parents])
                errors[i] += off[0]
            if not number and errors[i]:
                cancelled.add(i)
            if rule.selecting:
                if rule is stop:
                    errors[i] = errors[parents[0]]
                else:
                    self._look(rule, [numbers[j] for j in parents], [UNIT * errors[j] for j in parents], node.partials)

    def _around(self, i: int, errors: list[float]) -> tuple[float, float]:
        """By how many units a node, and its partials, change where its operands are off by so many."""
        node, parents = self.nodes[i], self.parents[i]
        rule = node.rule
        if straight(rule):
            return 0.0, 0.0
        xs, ts = [self.numbers[j] for j in parents], [self.tangents[j] for j in parents]
        by_value = by_slope = 0.0
        for sign in (-UNIT, UNIT):
            near, far = (
                self._at_others(rule, [x + sign * k * e for x, e in zip(xs, errors, strict=True)]) for k in (1, 2)
            )
            if near is None or far is None:
                self.kink = True
                return float("inf"), float("inf")
            by_value = max(by_value, abs(near[0] - node._number))
            self.jump |= jumps(node._number, near[0], far[0])
            for p, q, r, t in zip(node.partials, near[1], far[1], ts, strict=True):
                if t:
                    by_slope = max(by_slope, abs((q - p) * t) * len(ts))
                    self.kink |= jumps(p, q, r)
        self.kink |= self.jump
        return by_value / UNIT, by_slope / UNIT

    @staticmethod
    def _at_others(rule: rules.Rule, xs: list[float]) -> tuple[float, Sequence[float]] | None:
        """The value and the partials of a row at these operands; None where it raises."""
        try:
            arguments = rule.arguments(xs)
            out = rule.value(*arguments)
            return out, rule.spread(rule.partials(out, *arguments), xs)
        except (ArithmeticError, ValueError):
            return None

    def _look(self, rule: rules.Rule, xs: list[float], off: list[float], partials: Sequence[float]) -> None:
        """See whether the value or a slope of a row jumps where an operand is off."""
        if rule.layout == "sequence":
            out = rule.value(tuple(xs))
            near = [abs(x - out) <= d for x, d in zip(xs, off, strict=True)]
            self.kink |= sum(near) > 1 and any([d for d, is_near in zip(off, near, strict=True) if is_near])
            return
        try:
            out = rule.value(*xs)
            for k, d in enumerate(off):
                for moved_by in (-d, d) if d else ():
                    moved = [*xs[:k], xs[k] + moved_by, *xs[k + 1 :]]
                    other = rule.value(*moved)
                    self.jump |= rule.flat and other != out
                    slopes = rule.partials(other, *moved)
                    self.kink |= any(
                        [abs(p - q) > 1e-6 * (abs(p) + abs(q)) for p, q in zip(slopes, partials, strict=True)]
                    )
        except (ArithmeticError, ValueError):
            self.kink = True
        self.kink |= self.jump

    def _value_bound(self, starts: Sequence[tuple[int, float]]) -> float:
        """The adjoints of the value, each times its number, summed up."""
        numbers, nodes, parents_of, off, stop = self.numbers, self.nodes, self.parents, self._off, rules.STOP
        adjoints = [0.0] * len(numbers)
        for i, seed in starts:
            adjoints[i] += seed
        total = count = 0.0
        for i in range(len(numbers) - 1, -1, -1):
            a = adjoints[i]
            if not a:
                continue
            parents, size = parents_of[i], abs(a)
            if not parents and not isfinite(a):
                continue
            total += size * abs(numbers[i])
            count += size
            if i in off:
                total += size * off[i][0]
            if parents:
                node = nodes[i]
                partials = (1.0,) if node.rule is stop else node.partials
                for j, partial in zip(parents, partials):  # noqa: B905 - lengths agree by construction
                    if partial:
                        adjoints[j] += partial * a
        return UNIT * total + SMALLEST * count

    def _slope_bound(self, starts: Sequence[tuple[int, float]]) -> float:
        """The adjoints of the derivative, by tangents and by values, each times its number, summed up."""
        numbers, tangents, nodes, parents_of, stop = self.numbers, self.tangents, self.nodes, self.parents, rules.STOP
        by_tangent, by_value = [0.0] * len(numbers), [0.0] * len(numbers)
        for i, seed in starts:
            by_tangent[i] += seed
        total = count = 0.0
        for i in range(len(numbers) - 1, -1, -1):
            b, s = by_tangent[i], by_value[i]
            if not b and not s:
                continue
            parents, t, size = parents_of[i], tangents[i], abs(s)
            if not parents and not isfinite(b + s):
                continue
            total += size * abs(numbers[i])
            if t:
                total += abs(b * t)
            count += size + abs(b)
            if i in self._off:
                total += size * self._off[i][0] + abs(b) * self._off[i][1]
            if not parents:
                continue
            node = nodes[i]
            rule = node.rule
            if rule is stop:
                by_value[parents[0]] += s
                continue
            partials = node.partials
            if b:
                xs, ts = [numbers[j] for j in parents], [tangents[j] for j in parents]
                bent = curvature(rule, xs, ts)
                for k, j in enumerate(parents):
                    partial = partials[k]
                    if partial:
                        by_tangent[j] += partial * b
                        if ts[k]:
                            total += abs(partial * b * ts[k])
                        if s:
                            by_value[j] += partial * s
                    if bent is not None and bent[k]:
                        by_value[j] += bent[k] * b
            else:
                for j, partial in zip(parents, partials):  # noqa: B905 - lengths agree by construction
                    if partial:
                        by_value[j] += partial * s
        return UNIT * total + SMALLEST * count


def jumps(here: float, near: float, far: float) -> bool:
    """Whether a number is as different near by as it is twice as far away."""
    return abs(far - near) < 0.01 * abs(near - here)


@lru_cache(maxsize=1024)
def straight(rule: rules.Rule) -> bool:
    """Whether the partials of a row are the same everywhere."""
    if rule.layout != "fixed":
        return rule.flat
    try:
        return rule.flat or rules.constant_partials(rule) is not None
    except Exception:  # noqa: BLE001 - the partials of a user's row may do anything with nan
        return False


def curvature(rule: rules.Rule, xs: Sequence[float], ts: Sequence[float]) -> Sequence[float] | None:
    """How the partials of a row change along a direction of its operands, per unit; None where they do not.

    A difference quotient for all rows but products, of which most programs are made: the size is what matters. It is
    0.0 for a partial that is nan, which makes nan of whatever depends on it, or is by a leaf.
    """
    if rule is rules.MUL:
        return ts[1], ts[0]
    if straight(rule) or not any(ts):
        return None
    if rule is rules.DOT:
        half = len(xs) // 2
        return (*ts[half : 2 * half], *ts[:half], *[0.0] * (len(xs) % 2))
    largest = max([abs(t) / (abs(x) + 1e-300) for x, t in zip(xs, ts, strict=True) if t])
    if not 0.0 < largest < float("inf"):
        return [float("inf")] * len(xs)
    found: list[float] = []
    for step in (CLOSE / largest, -CLOSE / largest):
        moved = [x + step * t for x, t in zip(xs, ts, strict=True)]
        try:
            before = rule.spread(rule.partials(rule.value(*rule.arguments(xs)), *rule.arguments(xs)), xs)
            after = rule.spread(rule.partials(rule.value(*rule.arguments(moved)), *rule.arguments(moved)), xs)
        except (ArithmeticError, ValueError):
            continue
        found = [(q - p) / step if p == p else 0.0 for p, q in zip(before, after, strict=True)]
        if all(map(isfinite, found)):
            return found
    return [float("inf")] * len(xs)
