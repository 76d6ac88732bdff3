"""What the eager engine costs: to record an operation, to sweep a node, to take a step of training, to import.

Run with ``make bench``. Nothing here is asserted about time: a figure is printed as the benchmark ends, and stands in
the ``extra_info`` of ``--benchmark-json``. Each cost is measured beside a yardstick in the same run: a slotted class
written by hand, micrograd where it is installed, an interpreter that imports nothing.
"""

from __future__ import annotations

import importlib.util
import operator
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import classics
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import nn
from autograd import Value, matvec

ROOT = Path(__file__).resolve().parents[2]

OPERATIONS = 10_000
CHAIN = 2_000


class ByHand:
    """The yardstick: what somebody in a hurry writes, with Value's slots and without its checks and its table."""

    __slots__ = ("data", "grad", "label", "parents", "partials", "rule")

    def __init__(self, data: float) -> None:
        self.data = data
        self.grad = 0.0
        self.label = self.rule = ""
        self.parents: tuple[ByHand, ...] = ()
        self.partials: tuple[float, ...] = ()

    def __add__(self, other: ByHand | float) -> ByHand:
        if type(other) is not ByHand:
            other = ByHand(other)  # type: ignore[arg-type]
        node = object.__new__(ByHand)
        node.data = self.data + other.data
        node.partials = (1.0, 1.0)
        node.grad = 0.0
        node.label = ""
        node.parents = (self, other)
        node.rule = "+"
        return node

    def __sub__(self, other: ByHand | float) -> ByHand:
        if type(other) is not ByHand:
            other = ByHand(other)  # type: ignore[arg-type]
        node = object.__new__(ByHand)
        node.data = self.data - other.data
        node.partials = (1.0, -1.0)
        node.grad = 0.0
        node.label = ""
        node.parents = (self, other)
        node.rule = "-"
        return node

    def __mul__(self, other: ByHand | float) -> ByHand:
        if type(other) is not ByHand:
            other = ByHand(other)  # type: ignore[arg-type]
        node = object.__new__(ByHand)
        x = self.data
        y = other.data
        node.data = x * y
        node.partials = (y, x)
        node.grad = 0.0
        node.label = ""
        node.parents = (self, other)
        node.rule = "*"
        return node

    def __truediv__(self, other: ByHand | float) -> ByHand:
        if type(other) is not ByHand:
            other = ByHand(other)  # type: ignore[arg-type]
        node = object.__new__(ByHand)
        x = self.data
        y = other.data
        node.data = q = x / y
        node.partials = (1.0 / y, -(q / y))
        node.grad = 0.0
        node.label = ""
        node.parents = (self, other)
        node.rule = "/"
        return node

    def backward(self) -> None:
        """Depth first with a stack, then the chain rule."""
        nodes: list[ByHand] = []
        seen: set[ByHand] = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                nodes.append(node)
            elif node not in seen:
                seen.add(node)
                node.grad = 0.0
                stack.append((node, True))
                stack.extend([(parent, False) for parent in node.parents])
        self.grad = 1.0
        for node in reversed(nodes):
            for parent, partial in zip(node.parents, node.partials):  # noqa: B905 - of one length, and hot
                parent.grad += partial * node.grad


ENGINES: dict[str, Any] = {"Value": Value, "by hand": ByHand}
each_engine = pytest.mark.parametrize("engine", ENGINES)


def timed(benchmark: BenchmarkFixture, kind: str) -> float:
    """The mean, median or minimum of what was timed, in seconds."""
    assert benchmark.stats is not None
    return float(benchmark.stats[kind])


@pytest.fixture
def report(benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]) -> Callable[[str, float], None]:
    """A function that notes a figure with the benchmark and prints it."""

    def note(unit: str, figure: float) -> None:
        """Keep one figure."""
        benchmark.extra_info[unit] = round(figure, 3)
        with capsys.disabled():
            sys.stdout.write(f"\n{benchmark.name}: {figure:.4g} {unit}")

    return note


def mixed(engine: Any) -> Any:
    """A graph of 10,000 operations, + - * / in turn, all alive until its root is dropped."""
    y, a, b = engine(0.5), engine(1.25), engine(0.75)
    for _ in range(OPERATIONS // 4):
        y = (y + a) * b - a / b
    return y


@pytest.mark.benchmark(group="record an operation", disable_gc=True)
@each_engine
def test_record(engine: str, benchmark: BenchmarkFixture, report: Callable[[str, float], None]) -> None:
    """Time to record one of + - * /, the collector being off; 300 ns is what we aim for."""
    graphs: list[Any] = []  # alive until the clock has stopped
    benchmark.pedantic(lambda: graphs.append(mixed(ENGINES[engine])), setup=graphs.clear, rounds=100, warmup_rounds=3)
    for kind in ("mean", "median", "min"):  # a busy machine moves the mean
        report(f"ns an operation ({kind})", timed(benchmark, kind) / OPERATIONS * 1e9)


@pytest.mark.benchmark(group="record a function", disable_gc=True)
@pytest.mark.parametrize("name", ["relu", "tanh", "exp"])
def test_record_unary(name: str, benchmark: BenchmarkFixture, report: Callable[[str, float], None]) -> None:
    """Time to record a function of one operand, the collector being off."""
    x, method = Value(0.5), getattr(Value, name)
    nodes: list[Value] = []
    benchmark.pedantic(
        lambda: nodes.extend([method(x) for _ in range(OPERATIONS)]), setup=nodes.clear, rounds=50, warmup_rounds=3
    )
    for kind in ("mean", "median", "min"):  # a busy machine moves the mean
        report(f"ns an operation ({kind})", timed(benchmark, kind) / OPERATIONS * 1e9)


BESIDE: dict[str, tuple[Callable[[Any, Any], Any], Any, int]] = {
    "v * float": (operator.mul, 2.0, 1),
    "float64 * v": (lambda v, x: x * v, np.float64(2.0), 1),
    "v < float64": (operator.lt, np.float64(2.0), 1),
    "float64 > v": (lambda v, x: x > v, np.float64(2.0), 1),
    "v * 1,000": (operator.mul, np.linspace(0.1, 2.0, 1000), 1000),
    "1,000 * v": (lambda v, x: x * v, np.linspace(0.1, 2.0, 1000), 1000),
}


@pytest.mark.benchmark(group="beside NumPy", disable_gc=True)
@pytest.mark.parametrize("name", BESIDE)
def test_beside_numpy(name: str, benchmark: BenchmarkFixture, report: Callable[[str, float], None]) -> None:
    """An operation beside a float, a number of NumPy's, and each element of an array."""
    compute, other, count = BESIDE[name]
    v = Value(1.5)
    repeated = range(1000 // count)
    benchmark.pedantic(lambda: [compute(v, other) for _ in repeated], rounds=50, warmup_rounds=3)
    assert benchmark.stats is not None
    report("ns an operation", benchmark.stats["min"] / 1000 * 1e9)


def chain(engine: Any) -> tuple[Any, int]:
    """A chain of 2,000 operations with a constant each; its root, and how many nodes were computed."""
    y = engine(0.5)
    for _ in range(CHAIN // 2):
        y = y * 0.999 + 0.001
    return y, CHAIN


def web(engine: Any) -> tuple[Any, int]:
    """A graph of 2,000 operations on one another: each takes the last node and one of the forty before it."""
    rng = random.Random(1)
    nodes = [engine(rng.uniform(0.5, 1.0)) for _ in range(10)]
    for _ in range(CHAIN // 2):
        x, y = nodes[-1], rng.choice(nodes[-40:])
        nodes.append(x * 0.5 + y) if rng.random() < 0.5 else nodes.append((x - y) * y)
        nodes = nodes[-60:]
    return nodes[-1], CHAIN


@pytest.mark.benchmark(group="backward")
@pytest.mark.parametrize("graph", [chain, web], ids=lambda graph: graph.__name__)
@each_engine
def test_backward(
    engine: str, graph: Callable[..., Any], benchmark: BenchmarkFixture, report: Callable[[str, float], None]
) -> None:
    """Time of a backward pass for each computed node, order and sweep together; 350 ns is what we aim for."""
    root, nodes = graph(ENGINES[engine])
    benchmark.pedantic(root.backward, rounds=50, warmup_rounds=3)
    for kind in ("mean", "median", "min"):  # a busy machine moves the mean
        report(f"ns a node ({kind})", timed(benchmark, kind) / nodes * 1e9)


def step(model: Any, value: Any, X: list[list[float]], Y: Iterable[int]) -> float:
    """One gradient of micrograd's demo: hinge loss over all points plus L2, written as its notebook writes it."""
    inputs = [[value(x) for x in row] for row in X]
    scores = [model(row) for row in inputs]
    losses = [(1 + -y * score).relu() for y, score in zip(Y, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    regularisation = 1e-4 * sum(p * p for p in model.parameters())
    total = data_loss + regularisation
    model.zero_grad()
    total.backward()
    return float(total.data)


def demo(library: str) -> tuple[Any, Any, list[list[float]], list[int]]:
    """Network and Value of a library, with the same 100 points and the same initial weights for each."""
    if library == "micrograd":
        from micrograd.engine import Value as Number
        from micrograd.nn import MLP
    else:
        from autograd import Value as Number
        from nn import MLP
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    X, classes = nn.data.moons(100, noise=0.1, rng=random.Random(0))
    return model, Number, X, [2 * c - 1 for c in classes]


LIBRARIES = ["nn", "micrograd"] if importlib.util.find_spec("micrograd") else ["nn"]


@pytest.mark.benchmark(group="step of micrograd's demo")
@pytest.mark.parametrize("library", LIBRARIES)
def test_demo_step(library: str, benchmark: BenchmarkFixture, report: Callable[[str, float], None]) -> None:
    """Forward and backward of the demo network, full batch, eager, as a user runs it: with the collector on."""
    arguments = demo(library)
    loss = benchmark.pedantic(step, arguments, rounds=5, warmup_rounds=1)
    assert loss == pytest.approx(step(*demo("nn")), rel=1e-9)  # the libraries compute the same
    report("ms a step (minimum)", timed(benchmark, "min") * 1e3)
    report("ms a step (median)", timed(benchmark, "median") * 1e3)


def gradient_of_the_demo(engine: Any) -> Callable[[], object]:
    """Forward and backward of micrograd's demo, 40 points and MLP(2, [16, 16, 1]), product by product."""
    rng = random.Random(1337)
    model = classics.Network(engine, rng, (2, 16, 16, 1))
    X, y = classics.moons(40, rng)

    def step() -> float:
        scores = [model([engine(x) for x in row]) for row in X]
        loss = sum([(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]) * (1.0 / len(y))
        for p in model.parameters():
            p.grad = 0
        loss.backward()
        return float(loss.data)

    return step


def gradient_of_the_gpt(engine: Any, linear: Any = classics.linear) -> Callable[[], object]:
    """Forward and backward of the scalar GPT for one word: one layer, 16 numbers a token, 4 heads."""
    model = classics.GPT(engine, random.Random(42), d=16, heads=4, block=16, linear=linear)

    def step() -> float:
        loss = model.loss("hazel")
        for p in model.parameters():
            p.grad = 0
        loss.backward()
        return float(loss.data)

    return step


PROGRAMS: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "micrograd's demo": (gradient_of_the_demo(classics.Micro), gradient_of_the_demo(Value)),
    "the scalar GPT": (gradient_of_the_gpt(classics.Atom), gradient_of_the_gpt(Value)),
    "the scalar GPT, matvec": (gradient_of_the_gpt(classics.Atom), gradient_of_the_gpt(Value, matvec)),
}


@pytest.mark.benchmark(group="the classics' own programs")
@pytest.mark.parametrize("program", PROGRAMS)
def test_classics(program: str, benchmark: BenchmarkFixture, report: Callable[[str, float], None]) -> None:
    """The same program on the class that it was written for and on Value, in turn, as a user runs it."""
    theirs, ours = PROGRAMS[program]
    assert ours() == pytest.approx(theirs(), rel=1e-12)  # the engines compute the same
    times: dict[str, list[float]] = {"own": [], "Value": []}
    for turn in range(10):
        for name, step in [("own", theirs), ("Value", ours)][:: 1 if turn % 2 else -1]:
            began = time.process_time()
            step()
            times[name].append(time.process_time() - began)
    benchmark.pedantic(ours, rounds=1)
    for name, each in times.items():
        report(f"ms a step of {name} (median)", statistics.median(each) * 1e3)
    ratios = [x / y for x, y in zip(times["own"], times["Value"], strict=True)]
    report("times as quick as the own class (median of pairs)", statistics.median(ratios))


@pytest.mark.benchmark(group="checked attributes")
def test_checked_attributes(benchmark: BenchmarkFixture, report: Callable[[str, float], None]) -> None:
    """``p.data -= lr * p.grad`` on Values beside plain slots, 1,000 of each in turn; at most 6 times as long."""
    checked, plain = [Value(1.0) for _ in range(1000)], [ByHand(1.0) for _ in range(1000)]

    def step(parameters: list[Any]) -> float:
        began = time.perf_counter()
        for p in parameters:
            p.data -= 0.1 * p.grad
        return time.perf_counter() - began

    pairs = [(step(checked), step(plain)) for _ in range(200)]
    benchmark.pedantic(step, (checked,), rounds=10)
    report("times as long as on plain slots (median of pairs)", statistics.median([x / y for x, y in pairs]))


@pytest.mark.benchmark(group="import")
def test_import(tmp_path: Path, benchmark: BenchmarkFixture, report: Callable[[str, float], None]) -> None:
    """Time that `import autograd` adds to the start of an interpreter, compiled once; 30 ms is what we aim for."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)

    def start(script: str) -> None:
        """Run an interpreter from start to end."""
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True)

    start("import autograd")  # compiles it
    bare = []
    for _ in range(10):
        began = time.perf_counter()
        start("pass")
        bare.append(time.perf_counter() - began)
    benchmark.pedantic(start, ("import autograd",), rounds=10)
    report("ms over a bare start", (timed(benchmark, "median") - statistics.median(bare)) * 1e3)
