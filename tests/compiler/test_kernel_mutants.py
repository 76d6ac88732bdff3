"""The self-check finds faulty kernels: the golden programs with one fault each in their equations, made at random.

``--mutants 2000`` makes so many; ``--seed 7`` makes those of a seed again.
"""

from __future__ import annotations

import itertools
import random
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from interpreter import Interpreter
from test_golden import CASES, leaves

import autograd as ag
from autograd import Value, graph, jit
from autograd.compiler import reading
from autograd.compiler.arrays import At, Pick, Role, Span, Table, View
from autograd.compiler.blocks import Add, Block, Function, Kernel, Let, Loop
from autograd.compiler.checks import check, index_of
from autograd.compiler.debugging import IllFormedError
from autograd.compiler.expressions import Apply, Contract, Expr, Nothing, Number, Read, Stretch, replaced, walk
from autograd.compiler.kernels import kernel
from autograd.compiler.linearise import Readings
from autograd.compiler.printers.loops import Loops
from autograd.compiler.targets import target
from autograd.structures import flatten
from autograd.value import number

PLAIN = Readings(reading.plain(), reading.of_floats())
COUNT = 120
NAMES = [name for name in CASES if name not in ("logistic_map", "three_lags")]
"""All but those whose bound of rounding is large: they are checked statement by statement."""

UNARY = ["exp", "sin", "cos", "tanh", "fabs"]
SIGNS = ["+", "-", "*"]

Fault = tuple[Expr, Expr]


def operations(x: Expr, rng: random.Random) -> Iterator[Fault]:
    """Another operation of the same arity."""
    if isinstance(x, Apply) and isinstance(x.operation, str):
        for each in (UNARY, SIGNS):
            if x.operation in each and len(x.operands) <= 2:
                yield x, Apply(rng.choice([y for y in each if y != x.operation]), x.operands)


def terms(x: Expr, rng: random.Random) -> Iterator[Fault]:
    """A term that is dropped."""
    if isinstance(x, Apply) and x.operation == "+":
        kept = rng.choice(x.operands)
        if set(kept.axes) == set(x.axes) and not any(isinstance(part, Stretch) for part in walk(kept)):
            yield x, kept


def signs(x: Expr, rng: random.Random) -> Iterator[Fault]:  # noqa: ARG001 - there is but one
    """Another sign."""
    if isinstance(x, (Read, Contract)):
        yield x, -x


def constants(x: Expr, rng: random.Random) -> Iterator[Fault]:
    """Another number."""
    if isinstance(x, Number):
        yield x, Number(x.value * rng.uniform(1.1, 2.0) + 0.1)


def indices(x: Expr, rng: random.Random) -> Iterator[Fault]:
    """Elements beside those that are meant."""
    if not isinstance(x, Read):
        return
    for i, move in enumerate(x.view.moves):
        if isinstance(move, Pick):
            for j, along in enumerate(move.index):
                step = rng.choice([-1, 1])
                moved: Any = None
                if isinstance(along, At):
                    moved = At(along.index + step)
                elif isinstance(along, Span):
                    moved = Span(along.start + step, along.length, along.step)
                if moved is not None:
                    index = (*move.index[:j], moved, *move.index[j + 1 :])
                    view = elsewhere(x.view, (*x.view.moves[:i], Pick(index), *x.view.moves[i + 1 :]))
                    if view is not None:
                        yield x, Read(view, x.axes)


def elsewhere(view: View, moves: tuple[Any, ...]) -> View | None:
    """The view that has these moves; None if they do not lead to as many elements."""
    elements = np.arange(view.array.size).reshape(view.array.shape)
    try:
        for move in moves:
            elements = (
                elements[tuple([index_of(x) for x in move.index])]
                if isinstance(move, Pick)
                else elements.transpose(move.order)
                if hasattr(move, "order")
                else elements.reshape(move.shape)
            )
    except (IndexError, ValueError):
        return None
    if elements.shape != view.shape:
        return None
    return View(view.array, Table(elements), moves, view.injective, whole=False)


def transposed(x: Expr, rng: random.Random) -> Iterator[Fault]:  # noqa: ARG001 - there is but one
    """A side of a product with its axes exchanged, where they are of one length."""
    if isinstance(x, Contract):
        for side in (x.left, x.right):
            if isinstance(side, Read) and len(side.view.shape) == 2 and side.view.shape[0] == side.view.shape[1]:
                yield x, replaced(x, {side: Read(side.view, side.axes[1] + side.axes[0] + side.axes[2:])})


KINDS: dict[str, Callable[[Expr, random.Random], Iterator[Fault]]] = {
    "another operation": operations,
    "a dropped term": terms,
    "a sign": signs,
    "a constant": constants,
    "an index": indices,
    "transposed": transposed,
}


def faulty(program: Kernel, kind: str, rng: random.Random) -> Kernel | None:
    """The kernel with one fault of this kind in its gradient; None if it has no place for one."""
    function = program.functions[1]
    places = [
        (i, fault)
        for i, s in enumerate(function.block)
        if isinstance(s, (Let, Add))
        for x in walk(s.value)
        for fault in KINDS[kind](x, rng)
    ]
    if not places:
        return None
    i, (before, after) = rng.choice(places)
    s = function.block.statements[i]
    assert isinstance(s, (Let, Add))
    changed = replace(s, value=replaced(s.value, {before: after}))
    block = Block((*function.block.statements[:i], changed, *function.block.statements[i + 1 :]))
    made = replace(program, functions=(program.functions[0], replace(function, block=block), *program.functions[2:]))
    try:
        return check(made)
    except IllFormedError:
        return None


def computed(program: Kernel, function: Function, path: Any) -> list[Any]:
    """Result and derivatives, as the interpreter has them."""
    values: dict[Any, Any] = {
        program.captured: path.read(),
        program.gradient: np.zeros(program.gradient.size),
        program.constants: path.rolled.constant_values,
    }
    rng = np.random.default_rng(0)
    numbers = iter(path.arguments)
    for array in function.arguments:
        given = rng.uniform(0.5, 1.5, array.shape) if array.role is Role.SEED else np.array(next(numbers))
        values[array] = given.reshape(array.shape)
    interpreter = Interpreter(values, 1, program.tables)
    with np.errstate(all="ignore"):
        interpreter.run(function.block)
        assert function.result is not None
        found = [interpreter.value(x) for x in (function.result, *(function.by_inputs or ()))]
        return [
            *map(spread, found, [function.result, *(function.by_inputs or ())]),
            interpreter.values[program.gradient],
        ]


def spread(value: Any, x: Expr) -> Any:
    """A derivative that is repeated, in full."""
    shape = x.view.shape if isinstance(x, Read) else x.like.shape if isinstance(x, Nothing) else np.shape(value)
    return np.broadcast_to(value, shape)


def distance(one: list[Any], other: list[Any]) -> float:
    """By how much they differ, against the largest of them."""
    size = max([1e-300, *[float(np.max(np.abs(x), initial=0.0)) for x in one]])
    gaps = [float(np.max(np.abs(np.asarray(x) - y), initial=0.0)) for x, y in zip(one, other, strict=True)]
    return max([np.inf if gap != gap else gap / size for gap in gaps])


def test_faulty_kernels_are_found(
    pytestconfig: pytest.Config, report: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each that computes something else is refused at its first call."""
    asked, given = pytestconfig.getoption("--mutants"), pytestconfig.getoption("--seed")
    seed = random.SystemRandom().randrange(10**6) if given is None else int(given)
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    missed = []
    while sum(counts.values()) < (COUNT if asked is None else asked):
        name, kind = rng.choice(NAMES), rng.choice([*KINDS])
        case = CASES[name]
        arguments = [leaves(x) for x in case.arguments]
        right = jit(case.function)
        right(*arguments)
        assert right.last is not None
        path, batched, wanted = right.last
        program = kernel(path.rolled, not isinstance(batched, str) and batched, wanted, PLAIN)
        wrong = faulty(program, kind, rng)
        if wrong is None:
            continue
        gap = distance(computed(program, program.functions[1], path), computed(wrong, wrong.functions[1], path))
        found = refused(monkeypatch, wrong, case.function, arguments)
        counts[found if gap >= 1e-12 else "equivalent"] += 1
        if gap >= 1e-12 and found == "missed":
            missed.append(f"  missed: {name}, {kind}, {gap:.3g}")
    report.append(f"kernels, seed {seed}: {dict(counts)}")
    report += missed
    assert not missed, f"seed {seed}"
    assert counts["found"] > 0.5 * sum(counts.values())


def refused(monkeypatch: pytest.MonkeyPatch, wrong: Kernel, function: Any, arguments: list[Any]) -> str:
    """Whether a call with this kernel is "found"; "itself" if the function itself answers, else "missed"."""
    fast = jit(function)
    with monkeypatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("error")
        patched.setattr(target, "kernel", lambda *_, **__: wrong)
        try:
            results = fast(*arguments)
        except (RuntimeError, UserWarning):
            return "found"
    got, expected = (slopes(x, arguments) for x in (results, function(*arguments)))
    return "itself" if np.allclose(got, expected, rtol=1e-12, atol=1e-14) else "missed"


def slopes(results: Any, arguments: list[Any]) -> list[float]:
    """The numbers of a result, and the derivatives of their sum by the arguments."""
    found = flatten(results)[0]
    given = [x for each in arguments for x in flatten(each)[0] if isinstance(x, Value)]
    outputs = [x for x in found if isinstance(x, Value)]
    return [*map(number, found), *graph.gradients(outputs, [1.0] * len(outputs), given)]


# --- Where the result says nothing: statement by statement --------------------------------------------------------


def chaotic(steps: int) -> Callable[[Any], Any]:
    """The logistic map, whose result is lost in rounding after some 50 steps."""

    def run(x: Any) -> Any:
        for _ in range(steps):
            x = 3.9 * x * (1.0 - x)
        return x

    return run


def coupled(xs: Any) -> Any:
    """Four logistic maps, each of which is pulled to its neighbour, a hundred times: statements of arrays in a loop."""
    for _ in range(100):
        ys = [3.9 * x * (1.0 - x) for x in xs]
        xs = [0.9 * y + 0.1 * z for y, z in zip(ys, [*ys[1:], ys[0]], strict=True)]
    return ag.sum([ag.sin(x) for x in xs])


@pytest.mark.parametrize("steps", [80, 100, 300])
def test_a_wrong_step_of_a_chaotic_function_is_found(
    steps: int, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is: one statement, in one iteration, is off by a millionth in the text that runs."""
    printed = Loops.loop
    some = range(steps) if pytestconfig.getoption("--mutants") else random.Random(steps).sample(range(steps), 12)
    for wrong in some:

        def loop(self: Loops, s: Loop, wrong: int = wrong) -> list[str]:
            found = printed(self, s)
            (k,) = [k for k, line in enumerate(found) if " * x1" in line]
            return [*found[:k], found[k].replace("3.9", f"(3.9 + 1e-6 * (i1 == {wrong}))"), *found[k + 1 :]]

        with monkeypatch.context() as patched:
            patched.setattr(Loops, "loop", loop)
            fast = jit(chaotic(steps))
            with pytest.raises(RuntimeError, match="was expected to return"):
                fast(0.3)


def misled(program: Kernel, kind: str, rng: random.Random) -> Kernel | None:
    """The kernel with one fault in a statement of the function itself, wherever it stands; None without a place."""
    places = [
        (s.array, fault)
        for s in itertools.chain.from_iterable(map(own_statements, program.functions))
        for x in walk(s.value)
        for fault in KINDS[kind](x, rng)
    ]
    if not places:
        return None
    array, (before, after) = rng.choice(places)

    def changed(block: Block) -> Block:
        found: list[Any] = []
        for s in block:
            if isinstance(s, Loop):
                found.append(replace(s, body=changed(s.body)))
            elif isinstance(s, Let) and s.array is array:
                found.append(replace(s, value=replaced(s.value, {before: after})))
            else:
                found.append(s)
        return Block(tuple(found))

    functions = tuple([replace(function, block=changed(function.block)) for function in program.functions])
    return replace(program, functions=functions)


def own_statements(function: Function) -> list[Let]:
    """The statements of the function itself, those in loops included."""
    blocks = [function.block, *[s.body for s in function.block if isinstance(s, Loop)]]
    return [s for block in blocks for s in block if isinstance(s, Let) and s.origin is not None]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["80", "100", "300", "coupled"])
def test_faulty_statements_of_a_chaotic_function_are_found(
    name: str, kind: str, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of the loop and within; in a call and in a batch. Where numbers leave the finite the function answers."""
    function: Any = coupled if name == "coupled" else chaotic(int(name))
    x = [0.3, 0.4, 0.5, 0.6] if name == "coupled" else 0.3
    original = kernel
    asked, given = pytestconfig.getoption("--mutants"), pytestconfig.getoption("--seed")
    rng = random.Random(0 if given is None else int(given))
    for _ in range(4 if asked is None else asked // 20):
        seed = rng.random()
        made: list[Kernel] = []

        def wrong(*given: Any, seed: float = seed, made: list[Kernel] = made, **named: Any) -> Kernel:
            program = original(*given, **named)
            found = misled(program, kind, random.Random(seed))
            if found is None:
                return program
            made.append(found)
            return found

        with monkeypatch.context() as patched:
            patched.setattr(target, "kernel", wrong)
            for batched in (False, True):
                fast: Any = jit(function)
                try:
                    found = fast.map([x, x])[0] if batched else fast(x)
                except RuntimeError as error:
                    assert "was expected to return" in str(error)  # noqa: PT017 - or not raised
                else:
                    assert not made or found == pytest.approx(function(x), rel=1e-15)


def test_innocent_chaotic_functions_are_let_be() -> None:
    """In a call, in a batch, with derivatives."""
    for function, x in ((chaotic(100), 0.3), (chaotic(300), 0.7), (coupled, [0.3, 0.4, 0.5, 0.6])):
        fast = jit(function)
        fast(x)
        fast.map([x, x, x])
        ag.value_and_grad(fast)(x)
