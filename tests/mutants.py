"""Mutants: recorded scalars and rolled statements with one fault, made at random, for the self-check to find.

No text is changed: a fault stands in the program that was recorded, or in the array statements that were made of it.
How far a mutant is from the function is measured here, by a sweep of its own over the function's graph, with the
self-check put aside.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
from autograd import Value, graph, jit, nodes, rules
from autograd.compiler import forms, numbering, selfcheck
from autograd.compiler.rolled import CONSTANTS, Access, Concatenation, Elementwise, Linear, Recurrence, Reduction, lying
from autograd.structures import flatten
from autograd.value import number as number_of

UNIT = 2.0**-53

# --- The functions ----------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A function, the Values that it captures, and arguments: the first of them are those that it is recorded with.

    ``way``: "call" on Values, "floats" on numbers, "mean" or "map" over examples.
    """

    name: str
    function: Callable[..., Any]
    captured: list[Value]
    arguments: list[tuple[Any, ...]]
    way: str = "call"


def draw(rng: random.Random, *lengths: int) -> tuple[Any, ...]:
    """Arguments: a number for each 0, else a list of so many."""
    return tuple([number(rng) if not n else [number(rng) for _ in range(n)] for n in lengths])


def number(rng: random.Random) -> float:
    """A number of either sign, not near 0."""
    return rng.uniform(0.3, 1.7) * rng.choice([-1.0, 1.0])


def case(
    rng: random.Random,
    name: str,
    function: Callable[..., Any],
    lengths: Sequence[int],
    captured: list[Value] | None = None,
    way: str = "call",
) -> Case:
    """A case with three sets of arguments: of a batch four examples each."""
    if way in ("call", "floats"):
        return Case(name, function, captured or [], [draw(rng, *lengths) for _ in range(3)], way)
    columns = [[list(x) for x in zip(*[draw(rng, *lengths) for _ in range(4)], strict=True)] for _ in range(3)]
    return Case(name, function, captured or [], [tuple(x) for x in columns], way)


def variables(rng: random.Random, *shape: int) -> Any:
    """Values in nested lists."""
    if not shape:
        return Value(number(rng))
    return [variables(rng, *shape[1:]) for _ in range(shape[0])]


def network(rng: random.Random, sizes: Sequence[int], activations: Sequence[Any]) -> tuple[Any, list[Value]]:
    """Layers with these activations: the function, and its parameters."""
    layers = [(variables(rng, m, n), variables(rng, m)) for n, m in pairwise(sizes)]

    def run(x: Any) -> Any:
        for (W, b), activation in zip(layers, activations, strict=True):
            x = [activation(0.5 * z) for z in ag.matvec(W, x, b)]
        return x

    return run, [p for W, b in layers for p in (*[w for row in W for w in row], *b)]


def rosenbrock(x: Any) -> Any:
    """The valley."""
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def mixture(x: Any, means: Any, logs: Any) -> Any:
    """The logarithm of the likelihood of points under a mixture of normal distributions."""
    return sum(
        ag.logsumexp([-0.5 * (p - m) ** 2 * ag.exp(-2.0 * s) - s for m, s in zip(means, logs, strict=True)]) for p in x
    )


def convolution(kernel: Any) -> Callable[[Any], Any]:
    """A layer of a 3 x 3 kernel over an image of 6 x 6, and the mean of its squares."""

    def run(x: Any) -> Any:
        rows = [x[6 * i : 6 * i + 6] for i in range(6)]
        found = [
            ag.tanh(sum(kernel[a][b] * rows[i + a][j + b] for a in range(3) for b in range(3)))
            for i in range(4)
            for j in range(4)
        ]
        return ag.mean([y * y for y in found])

    return run


def waves(x: Any, a: Any, b: Any) -> Any:
    """A recurrence of one number."""
    for _ in range(70):
        x = x + 0.05 * ag.sin(x) * a + 0.02 * b
    return x


def pendulum(angle: Any, speed: Any, k: Any) -> Any:
    """A recurrence of two numbers."""
    for _ in range(60):
        speed = speed - 0.02 * k * ag.sin(angle)
        angle = angle + 0.02 * speed
    return 0.5 * speed * speed - k * ag.cos(angle)


def oscillators(xs: Any, a: Any) -> Any:
    """A recurrence of lists with a number for each step."""
    ys = [0.0 * x for x in xs]
    for i in range(24):
        ys = [ag.tanh(0.5 * y + 0.3 * a * z + 0.01 * i * x) for y, z, x in zip(ys, [*ys[1:], ys[0]], xs, strict=True)]
    return sum(y * y for y in ys)


def fibonacci(a: Any, b: Any, x: Any) -> Any:
    """A recurrence that looks back twice."""
    u, v = x
    for _ in range(100):
        u, v = v, (0.9 + 0.01 * a) * v + (0.1 + 0.01 * b) * u + 0.01
    return v


def reductions(x: Any) -> Any:
    """One of each."""
    return ag.max(x) * ag.min(x) + ag.mean(x) * ag.sum(x) + ag.hypot(x[0], x[1], x[2]) + ag.logsumexp(x) * x[3]


def chosen(x: Any, y: Any) -> Any:
    """Sides that are chosen for each element."""
    return sum(ag.where(a > b, ag.sin(a) * b, ag.exp(b) - a) for a, b in zip(x, y, strict=True))


def horner(x: Any) -> Any:
    """A polynomial and a quotient."""
    return ((0.7 * x - 1.3) * x + 0.25) * x - 3.0 / (x * x + 2.0)


def tied(x: Any, y: Any) -> Any:
    """A comparison that comes out one way or the other by rounding, and does not matter."""
    third = ag.where(x * 0.1 + x * 0.2 > x * 0.3, x, x * 1.0)
    return third * ag.sin(y) + y * y * third - ag.exp(0.3 * x)


def corpus(rng: random.Random) -> list[Case]:
    """The functions, with numbers of their own."""
    found = [
        case(rng, "products", lambda x, y, z: (x * y + z) * (x - 2.0 * y) / (z * z + 3.0), (0, 0, 0)),
        case(rng, "polynomial", horner, (0,)),
        case(rng, "polynomial, numbers", horner, (0,), way="floats"),
        case(rng, "Rosenbrock", rosenbrock, (8,)),
        case(rng, "Rosenbrock, gradient", ag.grad(rosenbrock), (6,)),
        case(rng, "mixture", mixture, (6, 3, 3)),
        case(rng, "angles", lambda x, y: sum(map(ag.atan2, x, y)) * ag.hypot(x[0], y[1]), (4, 4)),
        case(rng, "where", chosen, (5, 5)),
        case(rng, "tie", tied, (0, 0)),
        case(rng, "tie, map", tied, (0, 0), way="map"),
        case(rng, "reductions", reductions, (7,)),
        case(rng, "several", lambda x, y: [ag.sin(x) * y, x / (y * y + 1.0), x - 3.0 * y, ag.exp(x)], (0, 0)),
        case(rng, "several, one factor", lambda x, y, a: [ag.sin(a * 1.3) * x, ag.sin(a * 1.3) * y], (0, 0, 0)),
        case(rng, "several, map", lambda x, a: [ag.sin(a * 1.3) * x[0], ag.sin(a * 1.3) * x[1]], (2, 0), way="map"),
        case(rng, "several, one cancels", lambda x, y: [x * 3.0 - x - 2.0 * x, ag.sin(x) * y, ag.exp(0.5 * y)], (0, 0)),
        case(rng, "several, one is rounding", lambda x: [ag.tanh(x[0]) * x[1], sum(ag.softmax(x)) - 1.0], (5,)),
        case(
            rng, "several, one is 0", lambda x, y: [ag.sin(x) * y, x * y - y * x, x / (1.0 + y * y)], (0, 0), way="map"
        ),
        case(rng, "recurrence", waves, (0, 0, 0)),
        case(rng, "pendulum", pendulum, (0, 0, 0)),
        case(rng, "pendulum, gradient", ag.grad(pendulum), (0, 0, 0)),
        case(rng, "pendulum, map", pendulum, (0, 0, 0), way="map"),
        case(rng, "two lags", fibonacci, (0, 0, 2)),
        case(rng, "oscillators", oscillators, (5, 0)),
    ]
    A, B = variables(rng, 4, 4), variables(rng, 4, 4)

    def matrices(x: Any) -> Any:
        return sum(y * y for row in ag.matmul(ag.matmul(A, B), [x[:4], x[4:8], x[8:12], x[12:]]) for y in row)

    found.append(case(rng, "matrices", matrices, (16,), [p for M in (A, B) for row in M for p in row]))
    kernel = variables(rng, 3, 3)
    found.append(case(rng, "convolution", convolution(kernel), (36,), [p for row in kernel for p in row]))
    for activations in ((ag.tanh, ag.sigmoid), (ag.relu, ag.gelu), (ag.softplus, ag.elu), (ag.silu, ag.leaky_relu)):
        run, parameters = network(rng, (3, 5, 2), activations)
        name = " ".join([getattr(f, "__name__", "") for f in activations])

        def loss(x: Any, y: Any, run: Any = run) -> Any:
            return sum((a - b) ** 2 for a, b in zip(run(x), y, strict=True))

        found.append(case(rng, f"layers {name}", loss, (3, 2), parameters))
    scores, parameters = network(rng, (4, 6, 5), (ag.tanh, ag.tanh))

    def cross_entropy(x: Any, y: Any) -> Any:
        z = scores(x)
        return ag.logsumexp(z) - ag.dot(z, y)

    def probabilities(x: Any) -> Any:
        return ag.softmax(scores(x))

    found.append(case(rng, "cross entropy", cross_entropy, (4, 5), parameters))
    found.append(case(rng, "cross entropy, mean", cross_entropy, (4, 5), parameters, "mean"))
    found.append(case(rng, "softmax, map", probabilities, (4,), parameters, "map"))
    single, small = network(rng, (2, 3, 1), (ag.tanh, ag.sigmoid))
    found.append(case(rng, "network, gradient", ag.grad(lambda x: single(x)[0]), (2,), small))
    return found


def logistic(steps: int) -> Callable[[Any, Any], Any]:
    """The logistic map."""

    def run(x: Any, a: Any) -> Any:
        y = ag.sigmoid(x)
        for _ in range(steps):
            y = (3.9 + 0.05 * ag.tanh(a)) * y * (1.0 - y)
        return y

    return run


def henon(x: Any, y: Any) -> Any:
    """A map of the plane."""
    u, v = 0.1 * ag.tanh(x), 0.1 * ag.tanh(y)
    for _ in range(300):
        u, v = 1.0 - 1.4 * u * u + v, 0.3 * u
    return u + v


def coupled(xs: Any) -> Any:
    """Logistic maps that are coupled, each with a number for each step."""
    ys = [ag.sigmoid(x) for x in xs]
    for i in range(100):
        zs = [3.9 * y * (1.0 - y) for y in ys]
        ys = [0.9 * z + (0.1 - 0.0001 * i) * w for z, w in zip(zs, [*zs[1:], zs[0]], strict=True)]
    return sum(y * y for y in ys)


def chaotic(rng: random.Random) -> list[Case]:
    """Functions whose value is lost in rounding."""
    return [
        case(rng, "logistic 90", logistic(90), (0, 0)),
        case(rng, "logistic 400", logistic(400), (0, 0)),
        case(rng, "Henon", henon, (0, 0)),
        case(rng, "coupled", coupled, (6,)),
        case(rng, "coupled, map", coupled, (6,), way="map"),
    ]


# --- How far one is from the function ---------------------------------------------------------------------------


def leaves_of(given: Sequence[Any]) -> tuple[list[Any], list[Value]]:
    """Arguments with Values, and these Values."""
    made = [[Value(v) for v in x] if isinstance(x, list) else Value(x) for x in given]
    return made, [v for x in made for v in (x if isinstance(x, list) else [x])]


class Numbers(NamedTuple):
    """Results, and of each the derivatives."""

    outputs: list[float]
    slopes: list[list[float]]


def called(each: Case, function: Any, given: tuple[Any, ...], examples: Sequence[int] | None = None) -> Numbers:
    """What a jitted function has at these arguments."""
    if each.way == "map":
        columns = given if examples is None else [[x[i] for i in examples] for x in given]
        found = flatten(function.map(*columns))[0]
        return Numbers([number_of(x) for x in found], [])
    if each.way == "mean":
        columns = given if examples is None else [[x[i] for i in examples] for x in given]
        outputs, inputs = [function.mean(*columns)], each.captured
    elif each.way == "floats":
        return Numbers([number_of(x) for x in flatten(function(*given))[0]], [])
    else:
        arguments, own = leaves_of(given)
        outputs, inputs = flatten(function(*arguments))[0], [*own, *each.captured]
    return numbers(outputs, inputs)


def numbers(outputs: Sequence[Any], inputs: Sequence[Value]) -> Numbers:
    """Outputs and their derivatives as floats."""
    values = [x.data if isinstance(x, Value) else float(x) for x in outputs]
    return Numbers(
        values, [graph.gradients([x], [1.0], inputs) if isinstance(x, Value) else [0.0] * len(inputs) for x in outputs]
    )


class Reference:
    """The function's own numbers at some arguments, and by how much rounding may move those of a program.

    Of a batch it is about the first and the last example, which are always compared.
    """

    def __init__(self, each: Case, given: tuple[Any, ...]) -> None:
        if each.way in ("map", "mean"):
            made = [leaves_of([x[i] for x in given]) for i in (0, -1)]
            results = [each.function(*arguments) for arguments, _ in made]
            inputs = each.captured if each.way == "mean" else []
            if each.way == "mean":
                outputs = [ag.mean(results)]
            else:  # the first result of both, then the second, as the arrays of map have them
                rows = [flatten(x)[0] for x in results]
                outputs = [row[k] for k in range(len(rows[0])) for row in rows]
        else:
            arguments, own = leaves_of(given)
            outputs = flatten(each.function(*arguments))[0]
            inputs = [*own, *each.captured] if each.way == "call" else []
        self.numbers = numbers(outputs, inputs) if inputs else Numbers([x.data for x in outputs], [])
        off = [moved_by_rounding([x], [1.0]) for x in outputs]
        self.scales = [
            1.0 / abs(y) if d < 1e-6 * abs(y) else 8.0 * UNIT / d  # what is lost in rounding, by its terms
            for y, d in zip(self.numbers.outputs, off, strict=True)
        ]
        self.bound = sum([c * d for c, d in zip(self.scales, off, strict=True)])
        self.slope_bound = 0.0
        if inputs:
            signs = [random.Random(i).choice([-1.0, 1.0]) for i in range(len(inputs))]
            for x, c in zip(outputs, self.scales, strict=True):
                slopes = nodes.gradients([x], [c], inputs)
                both = [(s, sign) for s, sign in zip(slopes, signs, strict=True) if isinstance(s, Value)]
                self.slope_bound += moved_by_rounding([s for s, _ in both], [sign for _, sign in both])
                plain = [abs(s) for s in slopes if not isinstance(s, Value)]
                self.slope_bound += 8.0 * UNIT * sum(plain)
            self.slope_bound += self.bound

    def distance(self, got: Numbers) -> float:
        """The greatest difference, in terms of what rounding may do."""
        worst = 0.0
        for c, x, y in zip(self.scales, self.numbers.outputs, got.outputs, strict=True):
            worst = max(worst, c * abs(x - y) / self.bound if x != y else 0.0)
        for c, xs, ys in zip(self.scales if got.slopes else [], self.numbers.slopes, got.slopes, strict=True):
            for x, y in zip(xs, ys, strict=True):
                worst = max(worst, c * abs(x - y) / self.slope_bound if x != y else 0.0)
        return worst if worst == worst else math.inf


def moved_by_rounding(roots: Sequence[Value], seeds: Sequence[float]) -> float:
    """8 u sum |adjoint * number| over the graph of some results."""
    adjoints: dict[int, float] = {}
    for root, seed in zip(roots, seeds, strict=True):
        adjoints[id(root)] = adjoints.get(id(root), 0.0) + seed
    total = 0.0
    for node in reversed(graph.order(*roots)):
        adjoint = adjoints.get(id(node), 0.0)
        total += abs(adjoint * node.data)
        for parent, slope in zip(node.parents, node.partials, strict=True):
            if slope and adjoint and (slope == slope or parent.parents):  # x**2 by its 2: nan where x < 0
                adjoints[id(parent)] = adjoints.get(id(parent), 0.0) + slope * adjoint
    return 8.0 * UNIT * total


# --- Faults in recorded scalars ---------------------------------------------------------------------------------

UNARY = [
    rules.NEG, rules.ABS, rules.EXP, rules.EXPM1, rules.LOG, rules.LOG1P, rules.SQRT, rules.CBRT, rules.SIN, rules.COS,
    rules.TAN, rules.ATAN, rules.SINH, rules.COSH, rules.TANH, rules.ASINH, rules.SIGMOID, rules.SOFTPLUS, rules.RELU,
    rules.SILU, rules.SOFTSIGN, rules.GELU, rules.ERF,
]  # fmt: skip
BINARY = [rules.ADD, rules.SUB, rules.MUL, rules.DIV, rules.POW, rules.ATAN2, rules.MAXIMUM, rules.MINIMUM]
SEQUENCES = [rules.SUM, rules.MEAN, rules.MAX, rules.MIN, rules.HYPOT, rules.LOGSUMEXP]
SORTS = (UNARY, BINARY, SEQUENCES)
ASYMMETRIC = (rules.SUB, rules.DIV, rules.POW, rules.ATAN2, rules.SELECT)


def other_row(rng: random.Random, rule: rules.Rule) -> rules.Rule:
    """Another operation of the same arity."""
    sort = next(sort for sort in SORTS if rule in sort)
    return rng.choice([row for row in sort if row is not rule])


def known(rule: rules.Rule) -> bool:
    """Whether there is another operation of the same arity."""
    return any(rule in sort for sort in SORTS)


def live(program: Any) -> list[int]:
    """The nodes that the result depends on."""
    wanted = set(program.outputs)
    for node in range(len(program.rules) - 1, -1, -1):
        if node in wanted:
            wanted.update(program.operands[node])
    return sorted(wanted)


def varying(program: Any) -> list[int]:
    """Those of them that are computed from more than constants."""
    found: set[int] = set()
    for i in live(program):
        if program.operands[i]:
            if any(x in found for x in program.operands[i]):
                found.add(i)
        elif program.rules[i] is rules.LEAF:
            found.add(i)
    return sorted(i for i in found if program.operands[i])


def put(owner: Any, **new: Any) -> None:
    """Let something frozen hold something else: it is to be faulty in place."""
    for name, content in new.items():
        object.__setattr__(owner, name, content)


def insert(program: Any, at: int, rule: rules.Rule, operands: tuple[int, ...], data: float) -> None:
    """A node before node ``at``."""

    def later(i: int) -> int:
        return i + 1 if i >= at else i

    program.operands[:] = [tuple(map(later, each)) for each in program.operands]
    program.rules.insert(at, rule)
    program.operands.insert(at, tuple(map(later, operands)))
    program.data.insert(at, data)
    put(
        program,
        inputs=[[later(i) if i >= 0 else i for i in each] for each in program.inputs],
        captured_nodes=list(map(later, program.captured_nodes)),
        outputs=list(map(later, program.outputs)),
        guards=[(later(i), holds, line) for i, holds, line in program.guards],
        watched=list(map(later, program.watched)),
        labels={later(i): label for i, label in program.labels.items()},
    )


def scalar_operation(rng: random.Random, program: Any) -> bool:
    """A row becomes another one."""
    able = [i for i in varying(program) if known(program.rules[i])]
    rng.shuffle(able)
    for i in able[:5]:
        row = other_row(rng, program.rules[i])
        operands = [program.data[x] for x in program.operands[i]]
        try:
            usable = math.isfinite(row.value(*row.arguments(operands)))
        except (ArithmeticError, ValueError, TypeError):
            continue
        if usable:
            program.rules[i] = row
            return True
    return False


def scalar_dropped(rng: random.Random, program: Any) -> bool:
    """A term, or a factor, is missing."""
    able = [i for i in varying(program) if len(program.operands[i]) > 1 and program.rules[i] is not rules.SELECT]
    if not able:
        return False
    i = rng.choice(able)
    rule, operands = program.rules[i], program.operands[i]
    k = rng.randrange(len(operands))
    if rule is rules.DOT:
        half, bias = divmod(len(operands), 2)
        if bias and k == 2 * half:
            program.operands[i] = operands[:-1]
        elif half > 1:
            k %= half
            program.operands[i] = tuple([x for j, x in enumerate(operands) if j not in (k, k + half)])
        else:
            return False
    elif rule.layout == "sequence":
        program.operands[i] = operands[:k] + operands[k + 1 :]
    else:
        program.rules[i], program.operands[i] = rules.POS, (operands[k],)
    return True


def scalar_permuted(rng: random.Random, program: Any) -> bool:
    """Another operand is read, two are exchanged, or two numbers of an argument or of the result are."""
    lists = [each for each in (*program.inputs, program.outputs) if len(set(each)) > 1 and -1 not in each]
    if lists and rng.random() < 0.2:
        each = rng.choice(lists)
        j, k = rng.sample(range(len(each)), 2)
        each[j], each[k] = each[k], each[j]
        return True
    able = varying(program)
    i = rng.choice(able)
    operands = list(program.operands[i])
    if program.rules[i] in ASYMMETRIC and rng.random() < 0.5:
        operands[-1], operands[-2] = operands[-2], operands[-1]
    else:
        k = rng.randrange(len(operands))
        rule = program.rules[operands[k]]
        others = [x for x in live(program) if x < i and x != operands[k] and program.rules[x] is rule]
        if not others:
            return False
        operands[k] = rng.choice(others)
    program.operands[i] = tuple(operands)
    return True


def scalar_sign(rng: random.Random, program: Any) -> bool:
    """An operand, or a result, has the other sign."""
    able = varying(program)
    i = rng.choice(able)
    if i in program.outputs and rng.random() < 0.3:
        k = program.outputs.index(i)
        program.rules.append(rules.NEG)
        program.operands.append((i,))
        program.data.append(-program.data[i])
        program.outputs[k] = len(program.rules) - 1
        return True
    k = rng.randrange(len(program.operands[i]))
    x = program.operands[i][k]
    if program.rules[i] is rules.SELECT and k == 0:
        return False
    insert(program, i, rules.NEG, (x,), -program.data[x])
    operands = list(program.operands[i + 1])
    operands[k] = i
    program.operands[i + 1] = tuple(operands)
    return True


def scalar_constant(rng: random.Random, program: Any) -> bool:
    """A constant is another number."""
    used = {x for i in varying(program) for x in program.operands[i]}
    able = [i for i in sorted(used) if program.rules[i] is rules.CONSTANT]
    if not able:
        return False
    i = rng.choice(able)
    program.data[i] = program.data[i] * (1.0 + rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(-9.0, 0.0)) or 1e-3
    return True


def scalar_added(rng: random.Random, program: Any) -> bool:
    """A leaf becomes the constant that it was."""
    nodes_read = {x for i in varying(program) for x in program.operands[i]}
    able = [(j, k) for j, each in enumerate(program.inputs) for k, x in enumerate(each) if x in nodes_read]
    if not able:
        return False
    j, k = rng.choice(able)
    node = program.inputs[j][k]
    insert(program, node + 1, rules.CONSTANT, (), program.data[node])
    program.operands[:] = [tuple([node + 1 if x == node else x for x in each]) for each in program.operands]
    put(program, outputs=[node + 1 if x == node else x for x in program.outputs])
    return True


# --- Faults in rolled statements --------------------------------------------------------------------------------


def statements(rolled: Any) -> list[Any]:
    """All statements, those in the bodies of loops included."""
    return [each for part in parts(rolled) for each in part.statements]


def parts(rolled: Any) -> list[Any]:
    """A rolled program and the bodies of its loops."""
    return [rolled, *[x for each in rolled.statements if isinstance(each, Recurrence) for x in parts(each.body)]]


class Slot(NamedTuple):
    """A place where an operand stands: what it is, what puts another one there, and how large its array is."""

    access: Access
    exchange: Callable[[Access], None]
    size: int


def slots(rolled: Any) -> list[Slot]:
    """Every place where an operand stands."""
    found = [slot for part in parts(rolled) for slot in own_slots(part)]
    size = rolled.holders[rolled.outputs.array].size
    return [*found, Slot(rolled.outputs, lambda access: put(rolled, outputs=access), size)]


def own_slots(part: Any) -> list[Slot]:
    """Those in the statements of a program, or of the body of a loop."""
    found: list[Slot] = []

    def item(container: Any, k: int) -> None:
        size = part.holders[container[k].array].size
        found.append(Slot(container[k], lambda access: container.__setitem__(k, access), size))

    def attribute(owner: Any, name: str) -> None:
        access = getattr(owner, name)
        if access is not None:
            found.append(Slot(access, lambda other: put(owner, **{name: other}), part.holders[access.array].size))

    for each in part.statements:
        if isinstance(each, Elementwise):
            for k in range(len(each.operands)):
                item(each.operands, k)
        elif isinstance(each, Reduction):
            attribute(each, "operand")
        elif isinstance(each, Linear):
            for segment in each.segments:
                attribute(segment, "left")
                attribute(segment, "right")
        elif isinstance(each, Concatenation):
            for k in range(len(each.operands)):
                item(each.operands, k)
        elif isinstance(each, Recurrence):
            for tape in each.carried:
                for k, access in enumerate(tape.first):
                    if access is not None:
                        item(tape.first, k)
            for k, argument in enumerate(each.arguments):
                if argument.operand is not None:
                    other = lambda access, own=each.arguments, k=k: own.__setitem__(k, own[k]._replace(operand=access))  # noqa: E731
                    found.append(Slot(argument.operand, other, part.holders[argument.operand.array].size))
    return found


def rebuilt(access: Access, positions: Any) -> Access:
    """An operand at other positions."""
    other = lying(access.array, positions)
    return other.gathered() if len(other.kept) < len(access.kept) else other


def rolled_operation(rng: random.Random, rolled: Any) -> bool:
    """A statement is of another row."""
    able = [x for x in statements(rolled) if isinstance(x, (Elementwise, Reduction)) and known(x.rule)]
    if not able:
        return False
    each = rng.choice(able)
    put(each, rule=other_row(rng, each.rule))
    return True


def rolled_dropped(rng: random.Random, rolled: Any) -> bool:
    """A segment of a sum, or the last term of a sum or a sequence, is missing."""
    able: list[Callable[[], object]] = []

    def without(segment: Any) -> None:
        for side in ("left", "right"):
            access, axes = getattr(segment, side), getattr(segment, side + "_axes")
            if access is not None:
                keep = tuple([slice(0, -1) if axis == "k" else slice(None) for axis in axes])
                put(segment, **{side: rebuilt(access, access.positions[keep])})

    def shortened(each: Any) -> None:
        put(each, operand=rebuilt(each.operand, each.operand.positions[:-1]))

    for each in statements(rolled):
        if isinstance(each, Linear):
            for k, segment in enumerate(each.segments):
                if len(each.segments) > 1:
                    able.append(partial(put, each, segments=[*each.segments[:k], *each.segments[k + 1 :]]))
                if "k" in segment.left_axes and segment.left.positions.shape[segment.left_axes.index("k")] > 1:
                    able.append(partial(without, segment))
        elif isinstance(each, Reduction) and len(each.operand.positions) > 1:
            able.append(partial(shortened, each))
    if not able:
        return False
    rng.choice(able)()
    return True


def rolled_permuted(rng: random.Random, rolled: Any) -> bool:
    """An operand is read at other positions, or two iterations, or two tapes of a loop, are mistaken for each other."""
    loops = [x for x in statements(rolled) if isinstance(x, Recurrence) and len(x.carried) > 1]
    if loops and rng.random() < 0.2:
        (loop,) = loops[:1]
        able = [k for k, x in enumerate(loop.arguments) if x.operand is None]
        k = rng.choice(able)
        changed = loop.arguments[k]._replace(carried=(loop.arguments[k].carried + 1) % len(loop.carried))
        put(loop, arguments=[*loop.arguments[:k], changed, *loop.arguments[k + 1 :]])
        return True
    able_slots = [x for x in slots(rolled) if x.access.literal is None and x.size > 1]
    if not able_slots:
        return False
    access, exchange, size = rng.choice(able_slots)
    p = access.positions.copy()
    if p.size == 1:
        p = (p + rng.randrange(1, size)) % size
    else:
        flat = p.reshape(-1)
        sort = rng.randrange(4)
        if sort == 0:
            j, k = rng.sample(range(p.size), 2)
            flat[j], flat[k] = flat[k], flat[j]
        elif sort == 1:
            p = np.roll(flat, 1).reshape(p.shape)
        elif sort == 2:
            p = np.flip(p, rng.randrange(p.ndim))
        else:
            k = rng.randrange(p.size)
            flat[k] = (flat[k] + rng.randrange(1, size)) % size
    exchange(rebuilt(access, np.ascontiguousarray(p)))
    return True


def rolled_sign(rng: random.Random, rolled: Any) -> bool:
    """A statement adds where it subtracts, or a number has the other sign."""
    able: list[Callable[[], None]] = []
    other = {rules.ADD: rules.SUB, rules.SUB: rules.ADD, rules.NEG: rules.WHERE}
    able += [
        partial(put, each, rule=other[each.rule])
        for each in statements(rolled)
        if isinstance(each, Elementwise) and each.rule in other
    ]
    able += [partial(put, x.access, literal=-x.access.literal) for x in slots(rolled) if x.access.literal]
    if not able:
        return False
    rng.choice(able)()
    return True


def rolled_constant(rng: random.Random, rolled: Any) -> bool:
    """A number in a statement, or one of those beside it, is another one."""
    able: list[Callable[[float], None]] = []
    values = rolled.constant_values
    for access, _, _ in slots(rolled):
        if access.literal:
            able.append(lambda by, own=access: put(own, literal=own.literal * by))  # type: ignore[misc]
    for access, _, _ in own_slots(rolled):
        if access.array == CONSTANTS and not access.literal:
            k = int(rng.choice(access.positions.reshape(-1).tolist()))
            able.append(lambda by, k=k: values.__setitem__(k, values[k] * by if values[k] else by - 1.0))  # type: ignore[misc]
    if not able:
        return False
    rng.choice(able)(1.0 + rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(-9.0, 0.0))
    return True


def rolled_transposed(rng: random.Random, rolled: Any) -> bool:
    """One side of a product, or another operand with two axes, has them exchanged."""
    sides = [
        (segment, side)
        for each in statements(rolled)
        if isinstance(each, Linear)
        for segment in each.segments
        for side in ("left", "right")
        if getattr(segment, side) is not None and getattr(segment, side).positions.ndim > 1
    ]
    if sides and rng.random() < 0.7:
        segment, side = rng.choice(sides)
        access, axes = getattr(segment, side), getattr(segment, side + "_axes")
        if rng.random() < 0.5 and len(set(access.positions.shape)) == 1 and access.literal is None:
            put(segment, **{side + "_axes": axes[::-1]})
        else:
            p = access.positions
            put(segment, **{side: rebuilt(access, np.ascontiguousarray(p.T).reshape(p.shape))})
        return True
    able = [x for x in slots(rolled) if x.access.positions.ndim > 1 and x.access.literal is None]
    if not able:
        return False
    access, exchange, _ = rng.choice(able)
    exchange(rebuilt(access, np.ascontiguousarray(access.positions.T).reshape(access.positions.shape)))
    return True


KINDS: dict[str, tuple[str, Callable[[random.Random, Any], bool]]] = {
    "operation": ("scalars", scalar_operation),
    "dropped term": ("scalars", scalar_dropped),
    "permuted index": ("scalars", scalar_permuted),
    "sign": ("scalars", scalar_sign),
    "constant": ("scalars", scalar_constant),
    "leaf as constant": ("scalars", scalar_added),
    "rolled operation": ("rolled", rolled_operation),
    "rolled dropped term": ("rolled", rolled_dropped),
    "rolled permuted index": ("rolled", rolled_permuted),
    "rolled sign": ("rolled", rolled_sign),
    "rolled constant": ("rolled", rolled_constant),
    "rolled transposed": ("rolled", rolled_transposed),
}
"""The kinds of faults, and whether they are made in recorded scalars or in rolled statements."""


class Fault:
    """One fault, made once, in the first program that is recorded."""

    def __init__(self, kind: str, seed: int) -> None:
        self.kind, self.seed = kind, seed
        self.made = self.tried = self.answered = False
        self.where: Any = None

    def _make(self, where: Any) -> None:
        if not self.tried:
            self.tried = True
            self.made = KINDS[self.kind][1](random.Random(self.seed), where)
            self.where = where if self.made else None

    @contextmanager
    def at_work(self, checked: bool = True) -> Iterator[None]:
        """While jit records: with the self-check, or without."""
        made, begin, compare = numbering.program, forms.Path.__init__, selfcheck.compare
        self.tried = self.made = False

        def program(*given: Any) -> Any:
            found = made(*given)
            if KINDS[self.kind][0] == "scalars":
                self._make(found)
            return found

        def begun(path: Any, *given: Any) -> None:
            begin(path, *given)
            if KINDS[self.kind][0] == "rolled":
                self._make(path.rolled)

        def compared(jitted: Any, path: Any, *given: Any) -> bool:
            self.answered |= path.program is self.where or path.rolled is self.where
            return compare(jitted, path, *given) if checked else True

        numbering.program, forms.Path.__init__, selfcheck.compare = program, begun, compared  # type: ignore[method-assign, assignment]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            numbering.program, forms.Path.__init__, selfcheck.compare = made, begin, compare  # type: ignore[method-assign]


OUTCOMES = ("found", "raised", "later", "itself", "equivalent", "below", "missed")
"""What becomes of a mutant.

found: RuntimeError at the first replay. raised: any other exception there. later: found at the first other arguments,
and below ten times the bound at the first ones. itself: the program was not used, the function itself answered.
equivalent: within half of the bound at all arguments. below: within ten times the bound at the first ones, and not
found. missed: none of these.
"""

ACCUSATION = "depends on more than its"


class Impossible(Exception):  # noqa: N818 - no error where functions are few
    """No function can have a fault of this kind."""


class Laboratory:
    """The functions with one seed, and what is known of them."""

    def __init__(self, seed: int, functions: Callable[[random.Random], list[Case]] = corpus) -> None:
        self.seed = seed
        self.cases = functions(random.Random(seed))
        self._references: dict[tuple[str, int], Reference] = {}

    def reference(self, each: Case, k: int) -> Reference:
        """The function's own numbers at the k-th arguments."""
        if (each.name, k) not in self._references:
            self._references[each.name, k] = Reference(each, each.arguments[k])
        return self._references[each.name, k]

    def mutant(self, i: int) -> tuple[Case, Fault, str, float]:
        """The i-th mutant: its function, its fault, what becomes of it, and how far it is from the function.

        The kinds take turns; where a function can have no such fault, another one has.
        """
        rng = random.Random(f"{self.seed} {i}")
        kind = [*KINDS][i % len(KINDS)]
        for _ in range(100):
            each, fault = rng.choice(self.cases), Fault(kind, rng.randrange(2**32))
            outcome, distance = self.outcome(each, fault)
            if outcome:
                return each, fault, outcome, distance
        raise Impossible(f"no function can have a fault of this kind: {kind}")

    def outcome(self, each: Case, fault: Fault) -> tuple[str, float]:
        """What becomes of it, and how far it is from the function; "" where there is no such fault."""
        function = jit(each.function)
        with fault.at_work():
            try:
                called(each, function, each.arguments[0])
            except Exception as error:
                if not fault.made:
                    raise
                accused = isinstance(error, RuntimeError) and ACCUSATION in str(error)
                return ("found" if accused else "raised"), math.inf
        if not fault.made:
            return "", 0.0
        if not fault.answered:
            return "itself", 0.0
        distances = self.distances(each, fault)
        if max(distances) < 0.5:
            return "equivalent", max(distances)
        if distances[0] >= 10.0:
            return "missed", distances[0]
        return ("later" if self.found_later(each, fault) else "below"), distances[0]

    def distances(self, each: Case, fault: Fault) -> list[float]:
        """How far it is from the function at all of the arguments."""
        function = jit(each.function)
        found = []
        with fault.at_work(checked=False):
            for k, given in enumerate(each.arguments):
                if each.way in ("map", "mean"):
                    got = called(each, function, given, (0, -1))
                else:
                    got = called(each, function, given)
                found.append(self.reference(each, k).distance(got))
        return found

    def changes(self, each: Case, fault: Fault) -> bool:
        """Whether a program has other results with its fault than without, at any of the arguments."""
        found: list[Any] = []
        for function in (jit(each.function), jit(each.function)):
            with fault.at_work(checked=False):
                fault.tried = bool(found)  # as if it was made before
                found.append([called(each, function, given).outputs for given in each.arguments])
        return bool(found[0] != found[1])

    def found_later(self, each: Case, fault: Fault) -> bool:
        """Whether it is found at the first other arguments."""
        function = jit(each.function)
        with fault.at_work():
            try:
                for given in each.arguments:
                    called(each, function, given)
            except Exception:  # noqa: BLE001 - whatever a faulty program does
                return True
        return False


# --- Guards -----------------------------------------------------------------------------------------------------


class Guarded(NamedTuple):
    """A function that goes another way, or raises, at ``other`` than at ``first``.

    ``way``: "call", or "map" over examples the last of which is the other one; "captured": the captured Value is the
    other one, and the argument the same.
    """

    name: str
    function: Callable[..., Any]
    first: float
    other: float
    way: str = "call"


def caught(x: Any) -> Any:
    """An exception is a branch."""
    try:
        return ag.log(x)
    except ValueError:
        return 3.0 * x


def caught_dead(x: Any) -> Any:
    """The same where the number is not used."""
    try:
        ag.log(x)
    except ValueError:
        return 3.0 * x
    return 2.0 * x


def dead_sqrt(x: Any) -> Any:
    """An operation whose number nobody uses raises all the same."""
    ag.sqrt(x)
    return x * x


def dead_quotient(x: Any) -> Any:
    """The same."""
    1.0 / (ag.maximum(x, 0.0))
    return x * 3.0


def counted(x: Any) -> Any:
    """As many steps as it takes."""
    steps = 0
    while x * x < 100.0:
        x = x * 2.0
        steps += 1
    return x + steps


def nested(x: Any) -> Any:
    """A branch in a branch."""
    if x > -2.0:
        return ag.sin(x) if x > 0.0 else ag.cos(x) + x
    return x * x * x


def sorting(x: Any) -> Any:
    """Python's own sorting."""
    low, middle, high = sorted([x, x * x - 1.0, 0.3 - x])
    return low * 2.0 + middle * middle * 0.1 - ag.exp(-high * high)


def guarded(rng: random.Random) -> list[Guarded]:
    """The functions."""
    w = Value(1.0)

    def up() -> float:
        return rng.uniform(0.4, 1.6)

    def down() -> float:
        return rng.uniform(-1.6, -0.4)

    branches: list[tuple[str, Callable[..., Any]]] = [
        ("branch", lambda x: x * 2.0 if x > 0.0 else x * x),
        ("derivative only", lambda x: x * (2.0 if x > 0.0 else 3.0) + 0.0),
        ("nested", nested),
        ("data", lambda x: x * 2.0 if x.data > 0.0 else x * 5.0),
        ("absolute value", lambda x: x if x >= 0.0 else -x),
        ("built-in max", lambda x: max(x, 0.1 * x * x) + 1.0),
        ("sorted", sorting),
        ("and", lambda x: ag.exp(x) if 0.0 < x < 9.0 else ag.exp(-x) + 1.0),
        ("caught exception", caught),
        ("caught exception, dead", caught_dead),
    ]
    found = []
    for name, function in branches:
        found += [Guarded(name, function, up(), down()), Guarded(name, function, down(), up())]
        found += [Guarded(name, function, up(), down(), "map"), Guarded(name, function, down(), up(), "map")]
    found.append(Guarded("while", counted, rng.uniform(0.5, 1.0), rng.uniform(4.0, 9.0)))
    found.append(Guarded("while", counted, rng.uniform(4.0, 9.0), rng.uniform(0.5, 1.0)))
    for name, function in (
        ("dead logarithm", lambda x: (ag.log(x), x * 2.0)[1]),
        ("dead root", dead_sqrt),
        ("dead quotient", dead_quotient),
        ("clip", lambda x: ag.clip(0.5 * x, 0.0, x)),
        ("exponential too large", lambda x: (ag.exp(-800.0 * x), x * 2.0)[1]),
    ):
        found += [Guarded(name, function, up(), down()), Guarded(name, function, up(), down(), "map")]
    found.append(Guarded("captured", lambda x: x * w if w > 0.0 else x + w, up(), down(), "captured"))
    return found


class Without:
    """One guard, or one watched condition, is taken out of the first program that is recorded."""

    def __init__(self, what: str, k: int) -> None:
        self.what, self.k = what, k
        self.made = self.tried = False

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While jit records."""
        made = numbering.program
        self.tried = self.made = False

        def program(*given: Any) -> Any:
            found = made(*given)
            conditions = getattr(found, self.what)
            if not self.tried and len(conditions) > self.k:
                conditions.pop(self.k)
                self.made = True
            self.tried = True
            return found

        numbering.program = program  # type: ignore[assignment]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            numbering.program = made


def answers(each: Guarded, function: Any) -> list[float]:
    """What a function, or a jitted one, has at the first arguments and at the other ones, and the derivatives."""
    if each.way == "map":
        mapped = function.map if hasattr(function, "map") else lambda xs: [function(Value(x)).data for x in xs]
        return [float(x) for x in mapped([each.first, each.first, each.other])]
    if each.way == "captured":
        (cell,) = [c.cell_contents for c in each.function.__closure__ or ()]
        found = []
        for cell.data in (each.first, each.other):
            found.append(function(Value(0.7)).data)
        return found
    found = []
    for number_given in (each.first, each.other):
        x = Value(number_given)
        y = function(x)
        found += [y.data, *graph.gradients([y], [1.0], [x])]
    return found


def without(each: Guarded, missing: Without) -> str:
    """What becomes of a function without one of its guards.

    "found": RuntimeError; "raised": what the function itself raises; "equivalent": the guard was not needed;
    "missed": a wrong answer; "" where there is no such guard.
    """
    expected: Any
    try:
        expected = answers(each, each.function)
    except (ArithmeticError, ValueError) as error:
        expected = type(error)
    with missing.at_work():
        got: Any
        try:
            got = answers(each, jit(each.function))
        except RuntimeError as error:
            got = "found" if ACCUSATION in str(error) else "raised"
        except (ArithmeticError, ValueError) as error:
            got = type(error)
    if not missing.made:
        return ""
    if got in ("found", "raised"):
        return str(got)
    if isinstance(expected, type) or isinstance(got, type):
        return "raised" if got is expected else "missed"
    return "equivalent" if np.allclose(expected, got, rtol=1e-12, atol=0.0) else "missed"
