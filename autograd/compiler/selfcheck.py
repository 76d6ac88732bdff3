r"""Selfcheck: a program is compared with the function that it stands for, and refused if it differs.

What is compared is the value, and the derivative along one fixed random direction: at the first run of each compiled
form, at the first with other arguments, at the first with other captured numbers, and then ever more seldom. The
program sums in another order than the function and uses other implementations of the elementary functions, so the two
differ by rounding. How much that may be follows from the function's own scalars x_i and the adjoints of the result by
them (N. Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1: each is off by a small relative error):

    \|difference\|  <=  8 u sum_i \|dy/dx_i x_i\|,     u = 2**-53

and, for the derivative D along a direction, with its adjoints by values and by tangents, 8 u sum_i (\|dD/dx_i x_i\| +
\|dD/dt_i t_i\|). All of it comes from sweeps over floats; no graph is made. Where a kink, or a jump, lies within the
rounding of an operand, both sides are right, and nothing is compared.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import graph, rules
from autograd.structures import flatten, rebuild
from autograd.value import Onlooker, Value, number

from .recording import Raised, Unsupported, free, run, undisturbed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from .paths import Path, Paths

    Floats = np.ndarray[Any, np.dtype[np.float64]]

UNIT = 8.0 * 2.0**-53
"""By how much of itself each scalar may be off: four units in the last place."""

SMALLEST = 8.0 * 2.0**-1074
"""By how much in any case."""

SENSITIVE = 1e-6
"""The bound of the value, relative to it, from which on a comparison of the value says little."""

SHARE = 0.05
"""How much of the time that is spent in a program later checks may take."""


class Trial(NamedTuple):
    """The numbers of one example, and the result that the program had for them."""

    numbers: Sequence[Sequence[float]]
    outputs: Sequence[float]


class Schedule:
    """When a compiled form is compared: what was not compared yet, and after how many runs it is to be again."""

    def __init__(self, path: Path, batched: bool, wanted: Sequence[bool]) -> None:
        self.path = path
        self.left = {"run", *["captured"] * bool(path.captured), *["arguments"] * any(map(len, path.arguments))}
        self.runs = 0
        self.next = 0
        rng = _random(len(path.captured) + sum(map(len, path.arguments)))
        self.direction = rng[: len(path.captured)]
        """The direction along which derivatives are compared, by what is captured, and by the arguments."""
        self.by_inputs: list[Any] = []
        start = len(path.captured)
        for numbers, is_wanted in zip(path.arguments, wanted, strict=True):
            part = rng[start : start + len(numbers)]
            self.by_inputs.append(part if is_wanted else part * 0.0)
            start += len(numbers)
        self.batched = batched

    def due(self, captured: Floats, arguments: Sequence[Sequence[float]] | None) -> bool:
        """Count a run with these numbers; whether it is to be compared. Of a batch the arguments are other ones."""
        self.runs += 1
        if "run" in self.left or (self.next and self.runs >= self.next):
            return True
        if not self.left:
            return False
        return "captured" in self._new(captured, arguments) or "arguments" in self._new(captured, arguments)

    def _new(self, captured: Floats, arguments: Sequence[Sequence[float]] | None) -> set[str]:
        """What of that which was not compared yet a run with these numbers is."""
        import numpy as np

        new = {"run"}
        if "captured" in self.left and not np.array_equal(captured, self.path.recorded):
            new.add("captured")
        if "arguments" in self.left and (arguments is None or [list(x) for x in arguments] != self.path.arguments):
            new.add("arguments")
        return new & self.left

    def compared(self, captured: Floats, arguments: Sequence[Sequence[float]] | None, examples: int) -> None:
        """A run with these numbers was found right. The next time depends on what was counted in the program."""
        self.left -= self._new(captured, arguments)
        scalars, statements = len(self.path.program.rules), len(self.path.rolled.statements)
        check = 5e-6 * scalars * (3 if self.batched else 1)  # seconds, roughly
        replay = 2e-5 + 4e-6 * statements + 2e-9 * scalars * examples
        interval = max(100, int(check / (SHARE * replay)))
        self.next = self.runs + interval if not self.next else max(2 * self.next, self.runs + interval)


def _random(count: int) -> Floats:
    """Numbers of either sign between 0.5 and 1.5, the same in every run."""
    import numpy as np

    rng = np.random.default_rng(0)
    numbers: Floats = rng.uniform(0.5, 1.5, count) * rng.choice([-1.0, 1.0], count)
    return numbers


def schedule(path: Path, form: Any) -> Schedule:
    """The schedule of a path's form: (batched, wanted, ...)."""
    if form not in path.checks:
        path.checks[form] = Schedule(path, form[0], form[1])
    return path.checks[form]


def doubt(path: Path) -> None:
    """Compare the next run of each form of a path, as if it was the first."""
    for each in path.checks.values():
        each.left.add("run")


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
    with Onlooker(path.captured) as writes:
        return _compare(jitted, path, trials, when, captured, structures, function, derivative, writes)


def _compare(
    jitted: Paths,
    path: Path,
    trials: Sequence[Trial],
    when: Schedule,
    captured: Floats,
    structures: Sequence[Any],
    function: Callable[..., Any],
    derivative: Callable[[list[list[float]]], float] | None,
    writes: Onlooker,
) -> bool:
    """The same, while somebody looks whether captured numbers are written, there and back perhaps."""
    import numpy as np

    if not np.array_equal(path.read(), captured):
        return False
    expected, bound, skipped, sensitive = 0.0, 0.0, False, False
    cotangents: list[list[float]] = []
    results: list[float] = []
    for trial in trials:
        try:
            found = examined(path, trial, when, structures, function)
        except (ArithmeticError, ValueError):
            if path.library:  # which answers with inf or nan, and goes on
                return False
            raise
        if not np.array_equal(path.read(), captured):
            return False
        if found.differs and not excused(path, trial, captured, structures, function):
            if writes.has_seen:
                return False
            refuse(jitted, path, trial, found.results)
        results = found.results
        sensitive |= found.sensitive
        expected, bound = expected + found.derivative, bound + found.bound
        skipped |= found.kink or found.differs
        cotangents.append(found.cotangent)
    if sensitive and not all([recorded_alike(path, trial, structures, function) for trial in trials]):
        refuse(jitted, path, trials[-1], results)
    if derivative is None or skipped:
        return True
    got = derivative(cotangents)
    if isfinite(bound) and isfinite(expected) and not abs(got - expected) <= bound:
        if all([excused(path, trial, captured, structures, function) for trial in trials]):
            return True
        if writes.has_seen:
            return False
        refuse(jitted, path, trials[0], None, (got, expected))
    return True


def refuse(
    jitted: Paths, path: Path, trial: Trial, results: Sequence[float] | None, slopes: tuple[float, float] = (0.0, 0.0)
) -> None:
    """Drop a path and say so."""
    jitted.drop(path)
    if results is None:
        what = f"a derivative of {slopes[0]!r} along a test direction, as its program does, but has {slopes[1]!r}"
    else:
        what = f"{list(trial.outputs)!r}, as its program does, but returned {list(results)!r}"
    verb = "have" if results is None else "return"
    raise RuntimeError(
        f"jit: {jitted.name} was expected to {verb} {what} when it was run again: it depends on more than its "
        "arguments and the Values that it uses, such as attributes, arrays, random numbers, or the time"
    )


class Examined(NamedTuple):
    """The function itself at one example, beside what its program returned."""

    results: list[float]
    differs: bool
    sensitive: bool
    derivative: float
    bound: float
    kink: bool
    cotangent: list[float]


def examined(
    path: Path, trial: Trial, when: Schedule, structures: Sequence[Any], function: Callable[..., Any]
) -> Examined:
    """Run the function at the numbers of an example, and compare."""
    with undisturbed():
        leaves = [[Value(x) for x in each] for each in trial.numbers]
        result = function(*[rebuild(s, each) for s, each in zip(structures, leaves, strict=True)])
        outputs, structure = flatten(result, "jit: the result")
        results = [number(x) for x in outputs]
        unit = [1.0 if k % 2 else -1.0 for k in range(len(outputs))]
        if repr(structure) != repr(path.program.structure):
            return Examined(results, True, False, 0.0, 0.0, True, unit)
        given = {id(x): float(d) for x, d in zip(path.captured, when.direction.tolist(), strict=True)}
        for each, direction in zip(leaves, when.by_inputs, strict=True):
            given |= {id(x): d for x, d in zip(each, direction.tolist(), strict=True)}
        cotangent = [
            sign / max(abs(y), 2.0**-1022) if isinstance(x, Value) and isfinite(y) else 0.0
            for sign, x, y in zip(unit, outputs, results, strict=True)
        ]
        values = [x for x, c in zip(outputs, cotangent, strict=True) if c and isinstance(x, Value)]
        sweep = Sweep(values, [c for c in cotangent if c], given)
        difference = sum([c * (y - x) for c, x, y in zip(cotangent, results, trial.outputs, strict=True)])
        differs = not abs(difference) <= sweep.value_bound and isfinite(sweep.value_bound)
        for c, x, y in zip(cotangent, results, trial.outputs, strict=True):
            if not c:  # plain numbers, of which there is no graph, and what is not finite
                loose = 1e-9 * max(abs(x), abs(y)) + 1e-12 * sweep.largest
                differs |= not (x == y or (x != x and y != y) or abs(x - y) <= loose)
        sensitive = not sweep.value_bound <= SENSITIVE * max(sum(map(abs, unit)), 1.0)
        return Examined(results, differs, sensitive, sweep.derivative, sweep.bound, sweep.kink, cotangent)


def recorded_alike(path: Path, trial: Trial, structures: Sequence[Any], function: Callable[..., Any]) -> bool:
    """Whether a function whose value is lost in rounding is still, scalar for scalar, what was recorded of it.

    Or whether one of its comparisons came out differently, as it may.
    """
    from .paths import outcomes
    from .scalars import program

    try:
        found = program(function, "", structures, trial.numbers)
    except (Unsupported, Raised, TypeError):
        return False
    return outcomes(found) != outcomes(path.program) or found.signature() == path.program.signature()


def excused(
    path: Path, trial: Trial, captured: Floats, structures: Sequence[Any], function: Callable[..., Any]
) -> bool:
    """Whether a difference has another reason than the program: a tie within rounding, or a captured number changed.

    The function is recorded once more, so that its comparisons are seen, and the numbers that its operations used.
    """
    with undisturbed():
        try:
            leaves, result, notes = run(function, structures, trial.numbers)
        except (Unsupported, Raised):
            return False
        try:
            now = {id(x): p for x, p in zip(path.captured, captured.tolist(), strict=True)}
            for node in notes.nodes:
                if any([id(x) in now for x in node.parents]) and moved(node, now):
                    return True
            outputs = [notes.lifted(x) for x in flatten(result, "jit: the result")[0]]
            roots = [x for x in outputs if isinstance(x, Value)]
            roots += [guard.condition for guard in notes.guards]
            return Sweep(roots, [0.0] * len(roots), {}).jump
        finally:
            free(notes, leaves)


def moved(node: Value, now: dict[int, float]) -> bool:
    """Whether a node was computed with other captured numbers than these."""
    operands = [now.get(id(x), x._number) for x in node.parents]
    try:
        again = float(node.rule.value(*node.rule.arguments(operands)))
    except (ArithmeticError, ValueError):
        return True
    return not (again == node._number or (again != again and node._number != node._number))


class Sweep:
    """Sweeps over the scalars of a result: tangents forward, adjoints back, and by how much rounding may move both.

    ``tangents`` has the direction, by the ids of leaves. ``derivative`` is that of sum seeds * outputs along it, and
    ``bound`` what rounding may add to it; ``value_bound`` is the same for sum seeds * outputs itself. ``kink`` and
    ``jump`` say whether somewhere a slope, or even a value, jumps within rounding. ``largest`` is the largest number.
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
        self._forward()
        at = [place[id(x)] for x in outputs]
        self.derivative = sum([c * self.tangents[i] for c, i in zip(seeds, at, strict=True) if c])
        self.value_bound, self.bound = self._back(at, seeds)

    def _forward(self) -> None:
        """Tangents, and how many units each number may be off, for the kinks."""
        numbers, tangents = self.numbers, self.tangents
        errors = [0.0] * len(numbers)
        for i, (node, parents) in enumerate(zip(self.nodes, self.parents, strict=True)):
            if not parents:
                continue
            tangent, error, rule = 0.0, abs(numbers[i]), node.rule
            for j, partial in zip(parents, node.partials, strict=True):
                if partial:
                    if tangents[j]:
                        tangent += partial * tangents[j]
                    error += abs(partial) * errors[j]
            tangents[i] = tangent
            if rule is rules.STOP:
                error = errors[parents[0]]
            errors[i] = error
            if rule.selecting and rule is not rules.STOP:
                self._look(rule, [numbers[j] for j in parents], [UNIT * errors[j] for j in parents], node.partials)

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

    def _back(self, at: Sequence[int], seeds: Sequence[float]) -> tuple[float, float]:
        """The adjoints of the value, and those of the derivative by tangents and by values; their sums."""
        numbers, tangents = self.numbers, self.tangents
        count = len(numbers)
        by_value, by_tangent, second = [0.0] * count, [0.0] * count, [0.0] * count
        for i, seed in zip(at, seeds, strict=True):
            by_value[i] += seed
            by_tangent[i] += seed
        value_sum = value_count = slope_sum = slope_count = 0.0
        for i in range(count - 1, -1, -1):
            a, b, s = by_value[i], by_tangent[i], second[i]
            if not (a or b or s):
                continue
            value_sum += abs(a * numbers[i])
            value_count += abs(a)
            slope_sum += abs(s * numbers[i]) + (abs(b * tangents[i]) if tangents[i] else 0.0)
            slope_count += abs(s) + abs(b)
            parents = self.parents[i]
            if not parents:
                continue
            node = self.nodes[i]
            rule = node.rule
            partials: Sequence[float] = (1.0,) if rule is rules.STOP else node.partials
            bent = curvature(rule, [numbers[j] for j in parents], [tangents[j] for j in parents]) if b else None
            for k, (j, partial) in enumerate(zip(parents, partials, strict=True)):
                if partial:
                    by_value[j] += partial * a
                    second[j] += partial * s
                    if rule is not rules.STOP:
                        by_tangent[j] += partial * b
                if bent is not None and bent[k]:
                    second[j] += bent[k] * b
        return UNIT * value_sum + SMALLEST * value_count, UNIT * slope_sum + SMALLEST * slope_count


@lru_cache(maxsize=1024)
def straight(rule: rules.Rule) -> bool:
    """Whether the partials of a row are the same everywhere, or where it selects the same."""
    if rule.layout != "fixed":
        return rule in (rules.SUM, rules.MEAN, rules.MAX, rules.MIN, rules.PEAK)
    if rule.flat or rule in (rules.SELECT, rules.RELU, rules.MAXIMUM, rules.MINIMUM, rules.CLIP, rules.ABS):
        return True
    try:
        return rules.constant_partials(rule) is not None
    except Exception:  # noqa: BLE001 - the partials of a user's row may do anything with nan
        return False


def curvature(rule: rules.Rule, xs: Sequence[float], ts: Sequence[float]) -> Sequence[float] | None:
    """How the partials of a row change along a direction of its operands, per unit; None where they do not.

    A difference quotient for all rows but products: the size is what matters.
    """
    if straight(rule) or not any(ts):
        return None
    if rule is rules.MUL:
        return ts[1], ts[0]
    if rule is rules.DOT:
        half = len(xs) // 2
        return (*ts[half : 2 * half], *ts[:half], *[0.0] * (len(xs) % 2))
    largest = max([abs(t) / (abs(x) + 1e-300) for x, t in zip(xs, ts, strict=True) if t])
    if not 0.0 < largest < float("inf"):
        return [float("inf")] * len(xs)
    found: list[float] = []
    for step in (1e-6 / largest, -1e-6 / largest):
        moved = [x + step * t for x, t in zip(xs, ts, strict=True)]
        try:
            before = rule.spread(rule.partials(rule.value(*rule.arguments(xs)), *rule.arguments(xs)), xs)
            after = rule.spread(rule.partials(rule.value(*rule.arguments(moved)), *rule.arguments(moved)), xs)
        except (ArithmeticError, ValueError):
            continue
        found = [(q - p) / step for p, q in zip(before, after, strict=True)]
        if all(map(isfinite, found)):
            return found
    return [float("inf")] * len(xs)
