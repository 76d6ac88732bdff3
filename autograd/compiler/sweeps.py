"""Sweeps: a graph gone through in floats, for its derivative along a direction and for what rounding may do.

Each scalar may be off by some units in the last place. What a result may be off by is the sum of these, each times the
adjoint of its scalar; what a derivative may be off by, the same sum over the tangents.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING

from autograd import graph, rules
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

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
            if node.rule is stop:
                by_value[parents[0]] += s
            elif b:
                total += self._hand_on(i, b, s, by_tangent, by_value)
            else:
                for j, partial in zip(parents, node.partials):  # noqa: B905 - lengths agree by construction
                    if partial:
                        by_value[j] += partial * s
        return UNIT * total + SMALLEST * count

    def _hand_on(self, i: int, b: float, s: float, by_tangent: list[float], by_value: list[float]) -> float:
        """Hand the adjoints of a node on to its operands: ``b`` by its tangent, ``s`` by its value.

        What is returned is that of its operands' tangents in the sum.
        """
        parents, partials = self.parents[i], self.nodes[i].partials
        xs, ts = [self.numbers[j] for j in parents], [self.tangents[j] for j in parents]
        bent = curvature(self.nodes[i].rule, xs, ts)
        total = 0.0
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
        return total


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
